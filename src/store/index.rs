//! What is known already: the keys of all reports, and the highest revision of every id.

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

/// What stands of an id: its highest revision, and how many reports have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Highest {
    pub(super) revision: i64,
    pub(super) reports: usize,
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
                let first = Highest { revision: report.revision, reports: 0 };
                let highest = self.revisions.entry(self.hasher.hash_one((report.source, id)));
                let highest = highest.or_insert(first);
                if report.revision > highest.revision {
                    *highest = first;
                }
                highest.reports += usize::from(report.revision == highest.revision);
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
                match self.revisions.get_mut(&id) {
                    None => {
                        self.revisions.insert(id, Highest { revision, reports: 1 });
                        Standing::New
                    }
                    Some(highest) if revision > highest.revision => {
                        *highest = Highest { revision, reports: 1 };
                        self.risen.insert(id);
                        Standing::Revised
                    }
                    Some(highest) if revision < highest.revision => return Standing::Superseded,
                    Some(highest) => {
                        highest.reports += 1;
                        if self.risen.contains(&id) { Standing::Revised } else { Standing::New }
                    }
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
        assert_eq!(index.highest(0, "a"), Some(Highest { revision: 3, reports: 1 }));
        assert_eq!(index.enter(7, Some((1, "a")), 0, Status::Confirmed), Standing::New);
    }
}
