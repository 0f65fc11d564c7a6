//! Events: what the reports of one occurrence come to.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::class::ClassId;
use super::report::{Place, Report};
use super::reports::{Fetched, Reports};

/// Events in rows, in the order of their first reports; an event is known by its position.
#[derive(Clone, Debug, Default)]
pub struct Events {
    rows: Vec<Row>,
    /// All classes of the events that have several, the most serious first.
    several: HashMap<u32, Vec<ClassId>>,
    /// Whether every event is the one report at its own position.
    alone: bool,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    first: u32,
    told_by: u32,
    reports: u32,
    class: ClassId,
    withheld: bool,
    several: bool,
}

/// One event, as its reports tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Position of its first report, by which events are in order.
    pub first: usize,
    /// Position of the report that tells time and place: a located one of the leading class, of several the earliest by its time and
    /// then by its coordinates.
    pub told_by: usize,
    /// Its classes, the most serious first, each once.
    pub classes: &'a [ClassId],
    /// How many reports it has: offenses or victims, by the source's unit.
    pub reports: u32,
    /// Whether the source keeps back the place of any of its reports, and so of the event.
    pub withheld: bool,
}

/// Some events with the reports that tell them.
pub struct ToldBy<'a> {
    reports: &'a Reports,
    told_by: Vec<usize>,
    fetched: Fetched<'a>,
    /// None where each is a report by itself.
    events: Vec<Event<'a>>,
}

impl<'a> ToldBy<'a> {
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

    /// One of them with its report.
    #[must_use]
    #[inline]
    pub fn get(&self, which: usize) -> (Event<'a>, Report<'a>) {
        let at = self.told_by[which];
        let report = self.fetched.get(which, at);
        let alone = || {
            let withheld = report.place == Place::Withheld;
            Event { first: at, told_by: at, classes: self.reports.class_of(at), reports: 1, withheld }
        };
        (self.events.get(which).copied().unwrap_or_else(alone), report)
    }

    /// Where one happened, as its report says; withheld if that of any of its reports is.
    #[must_use]
    #[inline]
    pub fn place(&self, which: usize) -> Place {
        let withheld = self.events.get(which).is_some_and(|event| event.withheld);
        if withheld { Place::Withheld } else { self.fetched.place(which) }
    }
}

impl Events {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The event at a position.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> Event<'_> {
        self.event(at, self.rows[at])
    }

    /// The events at some positions that lie far apart, with the reports that tell them, fetched. Where each is a report by itself,
    /// that report says all of it.
    #[must_use]
    pub fn told_all<'a>(&'a self, at: &[u32], reports: &'a Reports) -> ToldBy<'a> {
        let events = if self.alone { Vec::new() } else { self.get_all(at) };
        let told_by: Vec<usize> = if self.alone {
            at.iter().map(|&at| at as usize).collect()
        } else {
            events.iter().map(|event| event.told_by).collect()
        };
        ToldBy { fetched: reports.fetch(&told_by), told_by, events, reports }
    }

    /// The events at some positions that lie far apart, fetched so that many wait for memory together.
    #[must_use]
    pub fn get_all(&self, at: &[u32]) -> Vec<Event<'_>> {
        let rows: Vec<Row> = at.iter().map(|&at| self.rows[at as usize]).collect();
        at.iter().zip(rows).map(|(&at, row)| self.event(at as usize, row)).collect()
    }

    #[inline]
    fn event(&self, at: usize, row: Row) -> Event<'_> {
        let key = u32::try_from(at).ok().filter(|_| row.several);
        let several = key.and_then(|key| self.several.get(&key));
        Event {
            first: row.first as usize,
            told_by: row.told_by as usize,
            classes: several.map_or(std::slice::from_ref(&self.rows[at].class), Vec::as_slice),
            reports: row.reports,
            withheld: row.withheld,
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event<'_>> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Takes another event's reports over; the other one is to be dropped by [`Events::without`].
    pub(super) fn absorb(&mut self, lead: usize, other: usize) {
        self.alone = false;
        let Row { reports, withheld, .. } = self.rows[other];
        self.rows[lead].reports += reports;
        self.rows[lead].withheld |= withheld;
    }

    /// The events without those that were absorbed.
    pub(super) fn without(mut self, gone: &[bool]) -> Self {
        let mut left = Self::default();
        for at in (0..self.len()).filter(|&at| !gone[at]) {
            let key = u32::try_from(left.len()).expect("fewer than before");
            if let Some(classes) = u32::try_from(at).ok().and_then(|at| self.several.remove(&at)) {
                left.several.insert(key, classes);
            }
            left.rows.push(self.rows[at]);
        }
        left
    }

    /// Told once all reports have been begun with or joined: whether each of them is an event by itself.
    pub(super) fn end(&mut self, reports: &Reports) {
        self.alone = self.len() == reports.len() && self.rows.iter().all(|row| row.reports == 1);
    }

    /// Begins an event with its first report.
    pub(super) fn begin(&mut self, at: usize, reports: &Reports) {
        let at_first = u32::try_from(at).expect("fewer than 2³² reports");
        self.rows.push(Row {
            first: at_first,
            told_by: at_first,
            reports: 1,
            class: reports.class(at),
            withheld: reports.place(at) == Place::Withheld,
            several: false,
        });
    }

    /// Adds a report to an event that has some already.
    pub(super) fn join(&mut self, slot: usize, at: usize, reports: &Reports, order: &[usize]) {
        let seriousness = |class: ClassId| order[usize::from(class.0)];
        let (class, place) = (reports.class(at), reports.place(at));
        let known = self.get(slot).classes.contains(&class);
        let row = &mut self.rows[slot];
        row.reports += 1;
        row.withheld |= place == Place::Withheld;
        if !known {
            let key = u32::try_from(slot).expect("fewer events than reports");
            let first = row.class;
            let all = self.several.entry(key).or_insert_with(|| vec![first]);
            all.push(class);
            all.sort_by_key(|&class| seriousness(class));
            (row.class, row.several) = (all[0], true);
        }
        // By what they say and not by when they came, so that the same reports are the same event in any order.
        let rank = |at: usize| {
            let (place, when) = (reports.place(at), reports.when(at));
            let corner =
                if let Place::At(at) = place { (at.lon().to_bits(), at.lat().to_bits()) } else { (0, 0) };
            let said =
                (when.from, when.seconds, corner, reports.address_text(at), reports.get(at).origin.word());
            (
                !matches!(place, Place::At(_)),
                seriousness(reports.class(at)),
                Reverse(reports.status(at).firmness()),
                said,
                at,
            )
        };
        if rank(at) < rank(row.told_by as usize) {
            row.told_by = u32::try_from(at).expect("fewer than 2³² reports");
        }
    }
}
