//! What is known already: the keys of all reports, and the highest revision of every id.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use super::segment::Segment;
use crate::model::report::Status;

/// What a report is to what was there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    New,
    Known,
    Revised,
    Superseded,
    Withdrawn,
}

/// What stands of an id: its highest revision with the firmest status, and how many reports have both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Highest {
    pub(super) revision: i64,
    pub(super) firmness: u8,
    pub(super) reports: usize,
}

impl Highest {
    fn of(revision: i64, status: Status) -> Self {
        Self { revision, firmness: status.firmness(), reports: 1 }
    }

    /// Counts a report in, unless it is below what stands; how it lies to that.
    fn meet(&mut self, revision: i64, status: Status) -> Ordering {
        let met = Self::of(revision, status);
        let order = (met.revision, met.firmness).cmp(&(self.revision, self.firmness));
        match order {
            Ordering::Greater => *self = met,
            Ordering::Equal => self.reports += 1,
            Ordering::Less => {}
        }
        order
    }
}

/// Keys and revisions of all reports; 17 to 60 bytes a report.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: HashSet<u128>,
    /// By a hash of source and id: two ids of one hash would be told apart in the receipt's words alone.
    revisions: HashMap<u64, Highest>,
    hasher: DefaultHashBuilder,
    /// Ids whose revision rose within the batch at hand.
    risen: HashSet<u64>,
}

impl Index {
    /// Enters what was stored before.
    pub(super) fn load(&mut self, segment: &Segment) {
        self.keys.reserve(segment.len());
        for (key, report) in segment.keys.iter().zip(segment.reports.iter()) {
            self.keys.insert(*key);
            if let Some(id) = report.id {
                self.revisions
                    .entry(self.hasher.hash_one((report.source, id)))
                    .and_modify(|highest| {
                        highest.meet(report.revision, report.status);
                    })
                    .or_insert(Highest::of(report.revision, report.status));
            }
        }
    }

    /// Begins another batch.
    pub(super) fn begin(&mut self) {
        self.risen.clear();
    }

    /// Whether a report with this key is there.
    pub(super) fn has(&self, key: u128) -> bool {
        self.keys.contains(&key)
    }

    /// What stands of an id of a source.
    pub(super) fn highest(&self, source: u16, id: &str) -> Option<Highest> {
        self.revisions.get(&self.hasher.hash_one((source, id))).copied()
    }

    /// Takes a report out. Of an event all go, those that stand last: what stands is then no more.
    pub(super) fn leave(&mut self, key: u128, id: Option<(u16, &str)>, revision: i64, status: Status) {
        if !self.keys.remove(&key) {
            return;
        }
        let Some(id) = id.map(|id| self.hasher.hash_one(id)) else { return };
        let gone = Highest::of(revision, status);
        if let Some(highest) = self.revisions.get_mut(&id)
            && (highest.revision, highest.firmness) == (gone.revision, gone.firmness)
        {
            highest.reports -= 1;
            if highest.reports == 0 {
                self.revisions.remove(&id);
            }
        }
    }

    /// Enters a report, unless it is there, and tells what it is.
    pub(super) fn enter(
        &mut self,
        key: u128,
        id: Option<(u16, &str)>,
        revision: i64,
        status: Status,
    ) -> Standing {
        if !self.keys.insert(key) {
            return Standing::Known;
        }
        let stands = match id {
            None => Standing::New,
            Some(id) => {
                let id = self.hasher.hash_one(id);
                match self.revisions.get_mut(&id).map(|highest| highest.meet(revision, status)) {
                    None => {
                        self.revisions.insert(id, Highest::of(revision, status));
                        Standing::New
                    }
                    Some(Ordering::Greater) => {
                        self.risen.insert(id);
                        Standing::Revised
                    }
                    Some(Ordering::Less) => return Standing::Superseded,
                    Some(Ordering::Equal) if self.risen.contains(&id) => Standing::Revised,
                    Some(Ordering::Equal) => Standing::New,
                }
            }
        };
        if status == Status::Withdrawn { Standing::Withdrawn } else { stands }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_revision_what_was_taken_back_stays_so_and_what_was_confirmed_is_not_unreviewed() {
        let mut index = Index::default();
        let mut enter = |key, status| index.enter(key, Some((0, "a")), 0, status);
        assert_eq!(enter(1, Status::Unreviewed), Standing::New);
        assert_eq!(enter(2, Status::Confirmed), Standing::Revised);
        assert_eq!(enter(3, Status::Unreviewed), Standing::Superseded);
        assert_eq!(enter(4, Status::Withdrawn), Standing::Withdrawn);
        assert_eq!(enter(5, Status::Confirmed), Standing::Superseded);
    }

    #[test]
    fn a_report_is_new_known_revised_superseded_or_withdrawn() {
        let mut index = Index::default();
        let mut enter = |key, revision, status| index.enter(key, Some((0, "a")), revision, status);
        assert_eq!(enter(1, 0, Status::Confirmed), Standing::New);
        assert_eq!(enter(1, 0, Status::Confirmed), Standing::Known);
        // A second row of the same event, then two of its revision.
        assert_eq!(enter(2, 0, Status::Confirmed), Standing::New);
        assert_eq!(enter(3, 2, Status::Confirmed), Standing::Revised);
        assert_eq!(enter(4, 2, Status::Confirmed), Standing::Revised);
        assert_eq!(enter(5, 1, Status::Withdrawn), Standing::Superseded);
        assert_eq!(enter(6, 3, Status::Withdrawn), Standing::Withdrawn);
        assert_eq!(index.highest(0, "a"), Some(Highest { revision: 3, firmness: 2, reports: 1 }));
        assert_eq!(index.enter(7, Some((1, "a")), 0, Status::Confirmed), Standing::New);
    }
}
