//! The live engine: what a batch of reports changes, without building everything again.

mod change;
mod fixed;
mod groups;
mod links;
mod part;
mod places;
mod rows;
mod times;

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::civil::Date;

pub use change::{Change, Changed, Shown};
use fixed::Fixed;
use groups::Groups;
use links::Links;
use part::{Part, Resolved};
use places::Places;
use rows::{Columns, Rows};
use times::Times;

use super::build::{About, BuildError, Ground};
use super::snapshot::{Known as Following, Snapshot};
use crate::index::incidents::IncidentIndex;
use crate::model::dataset::Dataset;
use crate::model::horizon::Known;
use crate::model::link::several_feeds;
use crate::model::reports::{Ledger, Reports, TooManyClasses};

/// Rows that may come or go before all are put in order again, by default.
pub const MERGE_AT: usize = 20_000;

/// All reports, and the state that follows from them: the same as [`build`] makes of them, whatever came when.
///
/// A batch marks the groups of its reports; with them come those that linking may join. What the reports of these
/// groups came to before is resolved again and taken out, what they come to now is put in: both by the same
/// functions that make a data set of all reports. So a batch costs what its groups cost, not what there is.
///
/// Rows that come stand behind the sorted ones, rows that go are marked; every `merge_at` of them all are sorted
/// again. What snapshots hold is shared between them but for these rows.
///
/// # Limits
///
/// Where no incident belongs to a block, [`build`] fails and this does not: the first reports of a feed may all lie
/// outside.
///
/// [`build`]: super::build::build
#[derive(Debug)]
pub struct Live {
    ledger: Ledger,
    fixed: Arc<Fixed>,
    groups: Groups,
    links: Option<Links>,
    data: Dataset,
    index: IncidentIndex,
    rows: Rows,
    places: Places,
    times: Times,
    known: Vec<Known>,
    categories: Vec<usize>,
    unmatched: BTreeSet<usize>,
    taken_back: BTreeSet<(usize, usize)>,
    dates: Option<(Date, Date)>,
    coverage: Vec<(Date, Date)>,
    /// Whether what follows from all incidents together is older than these.
    stale: bool,
    merge_at: usize,
}

/// Why a batch cannot be applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The table of classes is full.
    #[error(transparent)]
    Classes(#[from] TooManyClasses),
}

impl Live {
    /// Builds the state of all reports so far.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there are no blocks, or blocks would have to be made of the incidents' addresses.
    pub fn new(ledger: Ledger, ground: Ground, about: About) -> Result<Self, BuildError> {
        let fixed = Arc::new(Fixed::new(&ground, &about)?);
        let data = fixed.empty(about);
        Ok(Self::over(ledger, fixed, data))
    }

    /// The same with all rows put in order again after so many that came or went, not after [`MERGE_AT`].
    #[must_use]
    pub fn merging_at(self, rows: usize) -> Self {
        Self { merge_at: rows, ..self }
    }

    /// Changes what the data set is beside its incidents: areas, context, weights of harm.
    ///
    /// # Errors
    ///
    /// Those of `dress`.
    pub fn dress<E>(&mut self, dress: impl FnOnce(&mut Dataset) -> Result<(), E>) -> Result<(), E> {
        dress(&mut self.data)
    }

    /// All reports, in the order in which they came.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes new reports in, and tells what they changed.
    ///
    /// # Errors
    ///
    /// [`LiveError`] if they cannot be taken in; then none of them is.
    pub fn apply(&mut self, reports: &Ledger) -> Result<Change, LiveError> {
        let before = number(self.ledger.reports.len());
        self.ledger.add(reports)?;
        let after = number(self.ledger.reports.len());
        self.take_in(before);
        let (old, new) = self.outcomes((before..after).collect(), |at| at < before, |_| true);
        let change = change::difference(&old, &new, &self.ledger, &self.fixed.block_set);
        self.replace(&old, &new);
        if self.data.incidents.unsorted() > self.merge_at {
            self.columns().merge();
        }
        Ok(change)
    }

    /// Takes all reports of an event out, as if they had never come.
    ///
    /// Everything is built again without them, so that no copy is left here. Snapshots made before still have it:
    /// drop them with [`Engine::publish_alone`].
    ///
    /// [`Engine::publish_alone`]: super::Engine::publish_alone
    pub fn forget(&mut self, source: &str, external_id: &str) -> Change {
        let named: Vec<bool> = self.ledger.sources.iter().map(|one| one.name == source).collect();
        let reports = &self.ledger.reports;
        let is = |at: usize| named[usize::from(reports.source(at))] && reports.id(at) == Some(external_id);
        let forgotten: BTreeSet<u32> = (0..reports.len()).filter(|&at| is(at)).map(number).collect();
        if forgotten.is_empty() {
            return Change::default();
        }
        let kept = (0..reports.len()).filter(|&at| !is(at)).map(|at| reports.get(at)).collect();
        let (old, new) =
            self.outcomes(forgotten.iter().copied().collect(), |_| true, |at| !forgotten.contains(&at));
        let change = change::difference(&old, &new, &self.ledger, &self.fixed.block_set);
        let ledger = Ledger {
            sources: std::mem::take(&mut self.ledger.sources),
            files: std::mem::take(&mut self.ledger.files),
            classes: std::mem::take(&mut self.ledger.classes),
            reports: kept,
        };
        *self = Self::over(ledger, Arc::clone(&self.fixed), self.data.clone()).merging_at(self.merge_at);
        change
    }

    /// The state as it is now, under a generation number.
    pub fn snapshot(&mut self, generation: u64) -> Arc<Snapshot> {
        self.refresh();
        let following = Following {
            index: self.index.clone(),
            categories: self.categories.clone(),
            dates: self.dates,
            coverage: self.coverage.clone(),
        };
        Arc::new(Snapshot::known(self.data.clone(), following, generation))
    }

    /// Builds everything of a ledger; `data` has what does not come from it.
    fn over(ledger: Ledger, fixed: Arc<Fixed>, data: Dataset) -> Self {
        let resolved = Resolved::of(&ledger, number, &fixed);
        let mut part = Part::of(resolved, &ledger, number, &fixed);
        part.incidents.share();
        part.assignment.share();
        let mut live = Self {
            groups: Groups::default(),
            links: None,
            index: IncidentIndex::default(),
            rows: Rows::of(part.leads, ledger.reports.len()),
            places: Places::default(),
            times: Times::default(),
            known: Vec::new(),
            categories: part.categories,
            unmatched: part.resolution.unmatched.iter().copied().collect(),
            taken_back: part.resolution.taken_back.iter().copied().collect(),
            dates: None,
            coverage: Vec::new(),
            stale: true,
            merge_at: MERGE_AT,
            data: Dataset {
                held: vec![false; part.incidents.len()],
                incidents: part.incidents,
                assignment: part.assignment,
                assigned: part.assigned,
                resolution: part.resolution,
                linked: part.linked,
                ..data
            },
            fixed,
            ledger,
        };
        live.take_in(0);
        if let Some(links) = &mut live.links {
            links.add(&part.linkables);
        }
        let incidents = &live.data.incidents;
        live.index = IncidentIndex::build((0..incidents.len()).map(|at| incidents.local(at)));
        live.times = Times::of((0..incidents.len()).map(|at| (incidents.source(at), incidents.when(at))));
        for at in 0..incidents.len() {
            live.places.add(incidents, at, live.rows.lead(at), &live.ledger.classes);
        }
        live
    }

    /// Brings all that only grows up to the reports that came since `before`.
    fn take_in(&mut self, before: u32) {
        let ledger = &self.ledger;
        self.groups.extend(ledger);
        self.rows.reserve(ledger.reports.len());
        if self.data.sources.len() != ledger.sources.len() {
            self.data.sources = ledger.sources.clone();
        }
        if self.data.classes.rows().len() != ledger.classes.rows().len()
            || self.data.classes.tree() != ledger.classes.tree()
        {
            self.data.classes = ledger.classes.clone();
            self.categories.resize(ledger.classes.tree().rows().len(), 0);
        }
        let addresses = ledger.reports.addresses();
        for at in self.data.incidents.addresses().len()..addresses.len() {
            self.data.incidents.push_address(addresses.get(number(at)));
        }
        self.known.resize_with(ledger.sources.len(), Known::default);
        for at in before as usize..ledger.reports.len() {
            let report = ledger.reports.get(at);
            self.known[usize::from(report.source)].add(&report);
        }
        if self.links.is_none() && self.fixed.link.is_some() && several_feeds(&ledger.sources) {
            let mut links = Links::default();
            if before > 0 {
                let earlier: Vec<u32> = (0..before).collect();
                links.add(&self.resolved(&earlier).linkables);
            }
            self.links = Some(links);
        }
    }

    /// Has something made of some of the reports alone.
    fn of_reports<T>(&mut self, reports: &[u32], make: impl FnOnce(&Ledger) -> T) -> T {
        let some: Reports = reports.iter().map(|&at| self.ledger.reports.get(at as usize)).collect();
        let ledger = Ledger {
            sources: std::mem::take(&mut self.ledger.sources),
            classes: std::mem::take(&mut self.ledger.classes),
            files: Vec::new(),
            reports: some,
        };
        let made = make(&ledger);
        (self.ledger.sources, self.ledger.classes) = (ledger.sources, ledger.classes);
        made
    }

    fn resolved(&mut self, reports: &[u32]) -> Resolved {
        let fixed = Arc::clone(&self.fixed);
        self.of_reports(reports, |ledger| Resolved::of(ledger, |at| reports[at], &fixed))
    }

    fn part(&mut self, resolved: Resolved, reports: &[u32]) -> Part {
        let fixed = Arc::clone(&self.fixed);
        self.of_reports(reports, |ledger| Part::of(resolved, ledger, |at| reports[at], &fixed))
    }

    /// What the groups of some reports came to before and come to now, with all groups whose events linking may join
    /// to theirs: alone they come to the same as among all.
    fn outcomes(
        &mut self,
        dirty: Vec<u32>,
        was: impl Fn(u32) -> bool,
        is: impl Fn(u32) -> bool,
    ) -> (Part, Part) {
        let mut groups: BTreeSet<u32> =
            dirty.into_iter().map(|at| self.groups.group(&self.ledger, at)).collect();
        loop {
            let members = self.groups.members(groups.iter().copied());
            let before: Vec<u32> = members.iter().copied().filter(|&at| was(at)).collect();
            let now: Vec<u32> = members.into_iter().filter(|&at| is(at)).collect();
            let (old, new) = (self.resolved(&before), self.resolved(&now));
            let mut joined = groups.clone();
            if let (Some(links), Some(rule)) = (&self.links, &self.fixed.link) {
                let events = old.linkables.iter().chain(&new.linkables);
                let near = events.flat_map(|one| links.near(one, rule));
                joined.extend(near.map(|first| self.groups.group(&self.ledger, number(first))));
            }
            if joined.len() == groups.len() {
                return (self.part(old, &before), self.part(new, &now));
            }
            groups = joined;
        }
    }

    fn columns(&mut self) -> Columns<'_> {
        Columns { data: &mut self.data, index: &mut self.index, rows: &mut self.rows }
    }

    /// Takes out what some groups came to before, and puts in what they come to now.
    fn replace(&mut self, old: &Part, new: &Part) {
        self.stale = true;
        let before: HashMap<u32, usize> = old.leads.iter().copied().zip(0..).collect();
        let mut stays = vec![false; old.leads.len()];
        let mut comes = vec![true; new.leads.len()];
        for (at, lead) in new.leads.iter().enumerate() {
            if let Some(&was) = before.get(lead) {
                stays[was] = old.incidents.says(was, &new.incidents, at);
                comes[at] = !stays[was];
            }
        }
        for (&lead, _) in old.leads.iter().zip(stays).filter(|(_, stays)| !stays) {
            let row = self.rows.row(lead).expect("what an event came to has a row");
            let incidents = &self.data.incidents;
            self.places.remove(incidents, row, lead, &self.ledger.classes);
            self.times.remove(incidents.source(row), incidents.when(row));
            self.columns().remove(row);
        }
        for (at, &lead) in new.leads.iter().enumerate().filter(|(at, _)| comes[*at]) {
            let known = self.ledger.reports.addresses();
            let address = new.incidents.address(at).and_then(|text| known.find(text));
            let row = self.columns().add(new, at, address);
            let incidents = &self.data.incidents;
            self.places.add(incidents, row, lead, &self.ledger.classes);
            self.times.add(incidents.source(row), incidents.when(row));
        }
        for (all, (old, new)) in self.categories.iter_mut().zip(old.categories.iter().zip(&new.categories)) {
            *all = *all + new - old;
        }
        let data = &mut self.data;
        data.linked = data.linked + new.linked - old.linked;
        for (part, sign) in [(new, 1), (old, -1)] {
            data.assigned.count(&part.assigned, sign);
            data.resolution.count(&part.resolution, sign);
        }
        for at in &old.resolution.unmatched {
            self.unmatched.remove(at);
        }
        for pair in &old.resolution.taken_back {
            self.taken_back.remove(pair);
        }
        self.unmatched.extend(&new.resolution.unmatched);
        self.taken_back.extend(&new.resolution.taken_back);
        if let Some(links) = &mut self.links {
            links.remove(&old.linkables);
            links.add(&new.linkables);
        }
    }

    /// Brings up to date what follows from all incidents together.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.data.held.fill(false);
        let (rows, addresses) = (&self.rows, self.ledger.reports.addresses());
        let row = |lead| rows.row(lead).expect("an incident that was counted has a row");
        let (held, places) =
            self.places.held(&self.data, &self.index, &self.fixed.released, row, |text| addresses.find(text));
        held.into_iter().for_each(|row| self.data.held[row] = true);
        self.data.held_places = places;
        self.data.resolution.unmatched = self.unmatched.iter().copied().collect();
        self.data.resolution.taken_back = self.taken_back.iter().copied().collect();
        self.data.horizons = self.known.iter().map(Known::horizon).collect();
        self.dates = self.times.dates(&self.data.sources);
        self.coverage = self.times.coverage(&self.data.sources);
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2³² reports")
}
