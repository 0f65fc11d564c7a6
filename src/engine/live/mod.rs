//! The live engine: what a batch of reports changes, without building everything again.

mod change;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use change::{Change, Changed, Shown};

use super::build::{About, BuildError, Ground, build};
use super::snapshot::Snapshot;
use crate::model::dataset::Dataset;
use crate::model::report::Status;
use crate::model::reports::{Ledger, TooManyClasses};

/// All reports, and the state that follows from them.
#[derive(Debug)]
pub struct Live {
    ledger: Ledger,
    ground: Ground,
    about: About,
    dataset: Dataset,
}

/// Why a batch cannot be applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The table of classes is full.
    #[error(transparent)]
    Classes(#[from] TooManyClasses),
    /// What is left makes no data set.
    #[error("the reports make no data set any more")]
    Build(#[from] BuildError),
}

impl Live {
    /// Builds the state of all reports so far.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there are no blocks, or blocks would have to be made of the incidents' addresses.
    pub fn new(ledger: Ledger, ground: Ground, about: About) -> Result<Self, BuildError> {
        if matches!(ground, Ground::Addresses) {
            return Err(BuildError::LiveAddresses);
        }
        let dataset = build(ledger.clone(), &ground, about.clone())?;
        Ok(Self { ledger, ground, about, dataset })
    }

    /// What the data set is beside its incidents, to be changed: areas, context, weights of harm.
    pub fn dress<E>(&mut self, dress: impl FnOnce(&mut Dataset) -> Result<(), E>) -> Result<(), E> {
        dress(&mut self.dataset)
    }

    /// Takes new reports in, and tells what they changed.
    ///
    /// # Errors
    ///
    /// [`LiveError`] if they cannot be taken in; then none of them is.
    pub fn apply(&mut self, reports: &Ledger) -> Result<Change, LiveError> {
        let mut ledger = self.ledger.clone();
        ledger.add(reports)?;
        self.become_of(ledger)
    }

    /// Takes all reports of an event out, as if they had never come.
    ///
    /// # Errors
    ///
    /// [`LiveError`] if what is left makes no data set.
    pub fn forget(&mut self, source: &str, external_id: &str) -> Result<Change, LiveError> {
        let mut ledger = self.ledger.clone();
        let all = std::mem::take(&mut ledger.reports);
        let named = |at: u16| ledger.sources[usize::from(at)].name == source;
        let kept = all.iter().filter(|report| !(report.id == Some(external_id) && named(report.source)));
        ledger.reports = kept.collect();
        self.become_of(ledger)
    }

    fn become_of(&mut self, ledger: Ledger) -> Result<Change, LiveError> {
        let mut next = build(ledger.clone(), &self.ground, self.about.clone())?;
        // Blocks are the same; they keep the areas that they were told.
        std::mem::swap(&mut next.block_set, &mut self.dataset.block_set);
        std::mem::swap(&mut next.areas, &mut self.dataset.areas);
        std::mem::swap(&mut next.context, &mut self.dataset.context);
        std::mem::swap(&mut next.harm, &mut self.dataset.harm);
        let before = std::mem::replace(&mut self.dataset, next);
        self.ledger = ledger;
        Ok(difference(&before, &self.dataset))
    }

    /// The state as it is now, under a generation number.
    pub fn snapshot(&mut self, generation: u64) -> Arc<Snapshot> {
        Arc::new(Snapshot::new(self.dataset.clone(), generation))
    }
}

/// What stands otherwise in a later state.
fn difference(before: &Dataset, after: &Dataset) -> Change {
    let (old, new) = (by_id(before), by_id(after));
    let mut change = Change::default();
    for (key, &at) in &new {
        let changed = changed(after, at, after.incidents.status(at));
        match old.get(key) {
            None => change.added.push(changed),
            Some(&was) if !same(before, was, after, at) => change.revised.push(changed),
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    change.withdrawn = gone.map(|(_, &at)| changed(before, at, Status::Withdrawn)).collect();
    change
}

fn by_id(data: &Dataset) -> BTreeMap<(&str, &str), usize> {
    let key = |at: usize| {
        let source = &data.sources[usize::from(data.incidents.source(at))];
        ((source.name.as_str(), data.incidents.id(at)), at)
    };
    (0..data.incidents.len()).map(key).collect()
}

fn same(a: &Dataset, x: usize, b: &Dataset, y: usize) -> bool {
    let (p, q) = (&a.incidents, &b.incidents);
    p.when(x) == q.when(y)
        && p.classes(x).eq(q.classes(y))
        && (p.reports(x), p.located(x), p.lonlat(x)) == (q.reports(y), q.located(y), q.lonlat(y))
        && (p.address(x), p.at_intersection(x)) == (q.address(y), q.at_intersection(y))
        && (p.origin(x), p.status(x)) == (q.origin(y), q.status(y))
}

fn changed(data: &Dataset, at: usize, status: Status) -> Changed {
    let source = data.sources[usize::from(data.incidents.source(at))].name.clone();
    let id = data.incidents.id(at).to_owned();
    Changed { source, id, status, revision: 0, shown: change::shown(data, at) }
}
