//! Reports that may be of one event, or take each other back: by id, or by time and class.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::history::Renumbered;
use crate::model::class::ClassId;
use crate::model::reports::Ledger;

const NONE: u32 = u32::MAX;

/// All reports in groups, each a chain from its newest report back. What one report means depends on its group alone,
/// but for the linking of feeds: `resolve` of a group gives what `resolve` of everything gives of it.
///
/// Events of one id are in one group, so are corrections with what they may take back, and so are events
/// without an id that may be given the same one. 9 to 14 bytes a report.
#[derive(Debug, Default)]
pub(super) struct Groups {
    newest: HashTable<u32>,
    before: Vec<u32>,
    hasher: DefaultHashBuilder,
    /// Of each source the first of its name, of each class the first of its code.
    sources: Vec<u16>,
    classes: Vec<u16>,
    codes: HashMap<String, u16>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Id(u16, &'a str),
    Content(u16, i64, u16),
}

/// What tells the group of a report.
struct Keys<'a> {
    ledger: &'a Ledger,
    sources: &'a [u16],
    classes: &'a [u16],
}

impl<'a> Keys<'a> {
    fn of(&self, at: usize) -> Key<'a> {
        let reports = &self.ledger.reports;
        let source = self.sources[usize::from(reports.source(at))];
        match reports.id(at) {
            Some(id) => Key::Id(source, id),
            None => {
                Key::Content(source, reports.when(at).from, self.classes[usize::from(reports.class(at).0)])
            }
        }
    }
}

impl Groups {
    /// Puts the reports of a ledger that came since into their groups.
    pub(super) fn extend(&mut self, ledger: &Ledger) {
        for source in &ledger.sources[self.sources.len()..] {
            let first = ledger.sources.iter().position(|other| other.name == source.name);
            self.sources.push(first.and_then(|at| u16::try_from(at).ok()).unwrap_or(u16::MAX));
        }
        for id in ledger.classes.ids().skip(self.classes.len()) {
            let ClassId(number) = id;
            let code = ledger.classes.get(id).code.clone();
            self.classes.push(*self.codes.entry(code).or_insert(number));
        }
        let keys = Keys { ledger, sources: &self.sources, classes: &self.classes };
        for at in self.before.len()..ledger.reports.len() {
            let number = u32::try_from(at).expect("fewer than 2³² reports");
            let key = keys.of(at);
            let hash = self.hasher.hash_one(&key);
            let before = match self.newest.find_mut(hash, |&there| keys.of(there as usize) == key) {
                Some(newest) => std::mem::replace(newest, number),
                None => {
                    let hash_of = |&there: &u32| self.hasher.hash_one(keys.of(there as usize));
                    self.newest.insert_unique(hash, number, hash_of);
                    NONE
                }
            };
            self.before.push(before);
        }
    }

    /// Follows reports to their new numbers: those that went leave their groups.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        let before = &self.before;
        let kept = |mut at: u32| {
            while at != NONE && !renumbered.stays(at as usize) {
                at = before[at as usize];
            }
            if at == NONE { NONE } else { renumbered.number(at) }
        };
        self.newest.iter_mut().for_each(|newest| *newest = kept(*newest));
        let stay = (0..before.len()).filter(|&at| renumbered.stays(at));
        self.before = stay.map(|at| kept(before[at])).collect();
    }

    /// The newest report of the group of a report, by which the group is known.
    pub(super) fn group(&self, ledger: &Ledger, at: u32) -> u32 {
        let keys = Keys { ledger, sources: &self.sources, classes: &self.classes };
        let key = keys.of(at as usize);
        let hash = self.hasher.hash_one(&key);
        let newest = self.newest.find(hash, |&there| keys.of(there as usize) == key);
        *newest.expect("every report is in its group")
    }

    /// The reports of some groups, ascending.
    pub(super) fn members(&self, groups: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut all = Vec::new();
        for mut at in groups {
            while at != NONE {
                all.push(at);
                at = self.before[at as usize];
            }
        }
        all.sort_unstable();
        all
    }
}
