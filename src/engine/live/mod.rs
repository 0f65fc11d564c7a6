//! The live engine: what a batch of reports changes, without building everything again.

mod begin;
mod change;
mod fixed;
mod groups;
mod history;
mod links;
mod merge;
mod part;
mod places;
mod rows;
mod step;
mod times;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jiff::civil::Date;

pub use change::{Change, Changed, Shown};
use fixed::Fixed;
use groups::Groups;
use links::Links;
pub use merge::Merges;
use merge::{Merging, Spare};
use places::Places;
use rows::{Columns, Rows};
use times::Times;

use super::build::{About, BuildError, Ground};
use super::memo::Kept;
use super::placed::{HandOut, Key};
use super::snapshot::{Known as Following, Snapshot, check_list};
use crate::aggregate::addresses::FormsRead;
use crate::index::incidents::IncidentIndex;
use crate::model::cutoff::Gone;
use crate::model::dataset::Dataset;
use crate::model::horizon::Known;
use crate::model::joined::TooManyClasses;
use crate::model::reports::{Ledger, Reports};
use crate::plan::outreach::check::RegisterError;
use crate::plan::outreach::register::Register;

/// All reports, and the state that follows from them: the same as [`build`] makes of them, whatever came when.
///
/// A batch marks the groups of its reports; with them come those that linking may join. What the reports of these
/// groups came to before is resolved again and taken out, what they come to now is put in: both by the same
/// functions that make a data set of all reports. So a batch costs what its groups cost, not what there is.
///
/// Rows that come stand behind the sorted ones, rows that go are marked; when there are many of either, all are
/// sorted again, on a thread beside, over the columns that this replaced the time before: from the first time on
/// there are two of each. What snapshots hold is shared between them but for these rows.
///
/// A report that a later revision replaced is let go once there are many: whoever wants the history asks the store.
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
    /// Reports of the ledger that a later revision replaced.
    history: BTreeSet<u32>,
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
    merges: Merges,
    merging: Option<Merging>,
    /// What the last one replaced.
    spare: Spare,
    forms: Arc<Mutex<FormsRead>>,
    kept: Arc<Kept>,
    outreach: Option<Arc<Register>>,
}

/// Makes the places of reports on one ground, as they are kept beside them.
#[derive(Clone, Debug)]
pub struct Placer {
    fixed: Arc<Fixed>,
    key: Key,
}

impl Placer {
    /// What the places follow from.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The places of the reports of one segment of a store as bytes, by its reports alone. Time O(reports log blocks).
    #[must_use]
    pub fn places(&self, reports: &Reports) -> Vec<u8> {
        self.fixed.places(reports)
    }
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
        Self::placed(ledger, ground, about, None)
    }

    /// The same with what is kept of the places of the reports, if anything is; then they are all of a store in its order. The state
    /// is the same to the bit.
    ///
    /// # Errors
    ///
    /// As [`Live::new`].
    pub fn placed(
        ledger: Ledger,
        ground: Ground,
        about: About,
        places: Option<HandOut<'_>>,
    ) -> Result<Self, BuildError> {
        let fixed = Arc::new(Fixed::new(&ground, &about)?);
        let data = fixed.empty(about);
        Ok(Self::over(ledger, fixed, data, places))
    }

    /// What makes the places of reports that are to be kept, while this goes on; to be asked for after [`Live::dress`].
    #[must_use]
    pub fn placer(&self) -> Placer {
        Placer { key: self.fixed.key(), fixed: Arc::clone(&self.fixed) }
    }

    /// The same with rows put in order again at other times.
    #[must_use]
    pub fn merging(self, merges: Merges) -> Self {
        Self { merges, ..self }
    }

    /// Changes what the data set is beside its incidents: areas, context, weights of harm.
    ///
    /// # Errors
    ///
    /// Those of `dress`.
    pub fn dress<E>(&mut self, dress: impl FnOnce(&mut Dataset) -> Result<(), E>) -> Result<(), E> {
        let fixed = Arc::get_mut(&mut self.fixed).expect("nobody else keeps it");
        // Let go first, so that the blocks are changed where they are.
        fixed.block_set = Arc::default();
        let dressed = dress(&mut self.data);
        fixed.block_set = Arc::clone(&self.data.block_set);
        dressed
    }

    /// Gives all further snapshots an outreach list over their blocks, or none.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] if no reviews can have made it, or not over these blocks.
    pub fn keep_list(&mut self, list: Option<Register>) -> Result<(), RegisterError> {
        if let Some(list) = &list {
            check_list(list, &self.data)?;
        }
        self.outreach = list.map(Arc::new);
        Ok(())
    }

    /// The reports that count and some of those that do no more, in the order in which they came: of the others, which
    /// later revisions replaced, only the numbers are kept.
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
        self.apply_all([reports])
    }

    /// Takes the reports of several batches in at once, and tells what all of them changed together: of many small ones each
    /// costs a fraction of what it costs alone.
    ///
    /// # Errors
    ///
    /// [`LiveError`] of the first batch that cannot be taken in; those before it are.
    pub fn apply_all<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a Ledger>,
    ) -> Result<Change, LiveError> {
        let before = number(self.ledger.reports.len());
        let added = batches.into_iter().try_for_each(|reports| self.ledger.add(reports));
        let after = number(self.ledger.reports.len());
        self.take_in(before);
        let (old, new) = self.outcomes((before..after).collect(), |at| at < before, |_| true);
        let change = change::difference(&old, &new, &self.ledger, &self.fixed.block_set);
        self.replace(&old, &new);
        self.history.extend(new.superseded);
        self.merge();
        added?;
        Ok(change)
    }

    /// Takes all reports of an event out, as if they had never come; `rest` are all others, as the store has them once it
    /// has forgotten.
    ///
    /// Everything is built again of these, so that no copy is left here, nor room in which one may be. Snapshots made before still have it:
    /// drop them with [`Engine::publish_alone`].
    ///
    /// [`Engine::publish_alone`]: super::Engine::publish_alone
    pub fn forget(&mut self, source: &str, external_id: &str, rest: Ledger) -> Change {
        let named: Vec<bool> = self.ledger.sources.iter().map(|one| one.name == source).collect();
        let reports = &self.ledger.reports;
        let is = |at: usize| named[usize::from(reports.source(at))] && reports.id(at) == Some(external_id);
        let forgotten: BTreeSet<u32> = (0..reports.len()).filter(|&at| is(at)).map(number).collect();
        if forgotten.is_empty() {
            return Change::default();
        }
        let (old, new) =
            self.outcomes(forgotten.iter().copied().collect(), |_| true, |at| !forgotten.contains(&at));
        let change = change::difference(&old, &new, &self.ledger, &self.fixed.block_set);
        self.begin_anew(rest);
        change
    }

    /// Takes all reports of incidents out that are kept no more, as [`Live::forget`] does of one; `rest` are all others.
    ///
    /// Nothing that came after the store had let them go may have been applied yet.
    pub fn forget_gone(&mut self, gone: &Gone, rest: Ledger) -> Change {
        let among = gone.among(&self.ledger.sources);
        let goes: Vec<bool> = self.ledger.reports.iter().map(|report| among.has(&report)).collect();
        let dirty = (0..goes.len()).filter(|&at| goes[at]).map(number).collect();
        let (old, new) = self.outcomes(dirty, |_| true, |at| !goes[at as usize]);
        let change = change::difference(&old, &new, &self.ledger, &self.fixed.block_set);
        self.begin_anew(rest);
        change
    }

    /// Builds everything of other reports.
    fn begin_anew(&mut self, reports: Ledger) {
        // What goes is in what merges have, too.
        if let Some(merging) = self.merging.take() {
            merging.give_up();
        }
        self.spare = Spare::default();
        // Their sources and classes may be numbered otherwise than those that came batch by batch.
        let (sources, classes) = (reports.sources.clone(), reports.classes.clone());
        let data = Dataset { sources, classes, ..self.data.clone() };
        let next = Self::over(reports, Arc::clone(&self.fixed), data, None);
        *self = Self { merges: self.merges, outreach: self.outreach.take(), ..next };
    }

    /// The state as it is now, under a generation number.
    pub fn snapshot(&mut self, generation: u64) -> Arc<Snapshot> {
        self.refresh();
        let following = Following {
            index: self.index.clone(),
            categories: self.categories.clone(),
            dates: self.dates,
            coverage: self.coverage.clone(),
            piles: Some(self.times.piles(&self.data.sources)),
            forms: Arc::clone(&self.forms),
            kept: Arc::clone(&self.kept),
        };
        let snapshot = Snapshot::known(self.data.clone(), following, generation);
        Arc::new(snapshot.with_checked(self.outreach.clone()))
    }

    /// Begins or ends a merge, where one is due.
    fn merge(&mut self) {
        self.let_history_go();
        let Merges { rows, batches } = self.merges;
        if self.merging.is_none() && self.data.incidents.unsorted() > rows {
            let spare = std::mem::take(&mut self.spare);
            self.merging = Merging::begin(&self.columns(), spare);
        }
        let due = |merging: &mut Merging| match batches {
            Some(batches) => merging.batches >= batches,
            None => merging.made(),
        };
        if let Some(merging) = self.merging.take_if(due) {
            self.spare = merging.finish(&mut self.columns());
            self.stale = true;
        } else if let Some(merging) = &mut self.merging {
            merging.batches += 1;
        }
    }

    fn columns(&mut self) -> Columns<'_> {
        Columns { data: &mut self.data, index: &mut self.index, rows: &mut self.rows }
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
