//! Events: what the reports of one occurrence come to, in columns.

use std::collections::HashMap;

use super::class::ClassId;
use super::report::{Place, Report};
use super::reports::Reports;

/// Events in columns, in the order of their first reports; an event is known by its position.
#[derive(Clone, Debug, Default)]
pub struct Events {
    pub(super) told_by: Vec<u32>,
    class: Vec<ClassId>,
    reports: Vec<u32>,
    withheld: Vec<bool>,
    /// All classes of the events that have several, the most serious first.
    several: HashMap<u32, Vec<ClassId>>,
}

/// One event, as its reports tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Position of the report that tells time and place: the first located one of the leading class.
    pub told_by: usize,
    /// Its classes, the most serious first, each once.
    pub classes: &'a [ClassId],
    /// How many reports it has: offenses or victims, by the source's unit.
    pub reports: u32,
    /// Whether the source keeps back the place of any of its reports, and so of the event.
    pub withheld: bool,
}

impl Events {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.told_by.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told_by.is_empty()
    }

    /// The event at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Event<'_> {
        let several = u32::try_from(at).ok().and_then(|key| self.several.get(&key));
        Event {
            told_by: self.told_by[at] as usize,
            classes: several.map_or_else(|| std::slice::from_ref(&self.class[at]), |classes| classes),
            reports: self.reports[at],
            withheld: self.withheld[at],
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event<'_>> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Takes another event's reports over; the other one is to be dropped by [`Events::without`].
    pub(super) fn absorb(&mut self, lead: usize, other: usize) {
        self.reports[lead] += self.reports[other];
        self.withheld[lead] |= self.withheld[other];
    }

    /// The events without those that were absorbed.
    pub(super) fn without(self, gone: &[bool]) -> Self {
        let mut left = Self::default();
        for at in (0..self.len()).filter(|&at| !gone[at]) {
            let key = u32::try_from(left.len()).expect("fewer than before");
            if let Some(classes) = u32::try_from(at).ok().and_then(|at| self.several.get(&at)) {
                left.several.insert(key, classes.clone());
            }
            left.told_by.push(self.told_by[at]);
            left.class.push(self.class[at]);
            left.reports.push(self.reports[at]);
            left.withheld.push(self.withheld[at]);
        }
        left
    }

    /// Begins an event with its first report.
    pub(super) fn begin(&mut self, at: usize, report: &Report<'_>) {
        self.told_by.push(u32::try_from(at).expect("fewer than 2³² reports"));
        self.class.push(report.class);
        self.reports.push(1);
        self.withheld.push(report.place == Place::Withheld);
    }

    /// Adds a report to an event that has some already.
    pub(super) fn join(
        &mut self,
        slot: usize,
        at: usize,
        report: &Report<'_>,
        reports: &Reports,
        order: &[usize],
    ) {
        let seriousness = |class: ClassId| order[usize::from(class.0)];
        self.reports[slot] += 1;
        self.withheld[slot] |= report.place == Place::Withheld;
        if !self.get(slot).classes.contains(&report.class) {
            let key = u32::try_from(slot).expect("fewer events than reports");
            let first = self.class[slot];
            let all = self.several.entry(key).or_insert_with(|| vec![first]);
            all.push(report.class);
            all.sort_by_key(|&class| seriousness(class));
            self.class[slot] = all[0];
        }
        let rank = |place: Place, class: ClassId, at: usize| {
            (!matches!(place, Place::At(_)), seriousness(class), at)
        };
        let told_by = self.told_by[slot] as usize;
        let told = rank(reports.place(told_by), reports.class(told_by), told_by);
        if rank(report.place, report.class, at) < told {
            self.told_by[slot] = u32::try_from(at).expect("fewer than 2³² reports");
        }
    }
}
