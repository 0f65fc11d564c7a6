//! When the incidents of each source happened: days, and first and last, kept as they come and go.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::engine::hours::{TimePiles, TimesOfDay};
use crate::model::dataset::{covered, span};
use crate::model::period::Interval;
use crate::model::report::Source;

const DAY: i64 = 86_400;

/// Begins and ends of all incidents, each time once with how many have it.
#[derive(Debug, Default)]
pub(super) struct Times {
    begins: BTreeMap<(u16, i64), u32>,
    ends: BTreeMap<(u16, i64), u32>,
    /// By source and UTC day: incidents, first and last begin.
    days: BTreeMap<(u16, i64), (usize, i64, i64)>,
    clock: TimesOfDay,
}

impl Times {
    /// Those of all incidents at once.
    pub(super) fn of(all: impl Iterator<Item = (u16, Interval)> + Clone, sources: &[Source]) -> Self {
        let mut clock = TimesOfDay::default();
        for (source, when) in all.clone() {
            clock.count(source, when, &sources[usize::from(source)].zone, 1);
        }
        let mut times = Self {
            clock,
            begins: counted(all.clone().map(|(source, when)| (source, when.from))),
            ends: counted(all.map(|(source, when)| (source, when.to() - 1))),
            days: BTreeMap::new(),
        };
        for (&(source, from), &n) in &times.begins {
            let day = times.days.entry((source, from.div_euclid(DAY))).or_insert((0, from, from));
            *day = (day.0 + n as usize, day.1, from);
        }
        times
    }

    /// Adds an incident.
    pub(super) fn add(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, 1);
        *self.begins.entry((source, when.from)).or_default() += 1;
        *self.ends.entry((source, when.to() - 1)).or_default() += 1;
        self.tell_day(source, when.from, 1);
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, -1);
        take(&mut self.begins, (source, when.from));
        take(&mut self.ends, (source, when.to() - 1));
        self.tell_day(source, when.from, -1);
    }

    fn tell_day(&mut self, source: u16, from: i64, sign: isize) {
        let day = from.div_euclid(DAY);
        let known = self.days.get(&(source, day)).map_or(0, |day| day.0);
        let of_day = (source, day.saturating_mul(DAY))..(source, (day + 1).saturating_mul(DAY));
        let mut begins = self.begins.range(of_day).map(|(key, _)| key.1);
        match begins.next() {
            Some(first) => {
                let last = begins.next_back().unwrap_or(first);
                self.days.insert((source, day), (known.wrapping_add_signed(sign), first, last));
            }
            None => drop(self.days.remove(&(source, day))),
        }
    }

    /// Which times of day stand for 'unknown'.
    pub(super) fn piles(&self, sources: &[Source]) -> TimePiles {
        self.clock.piles(sources.len())
    }

    /// First and last local date of all incidents.
    pub(super) fn dates(&self, sources: &[Source]) -> Option<(Date, Date)> {
        let ends = (0..).zip(sources).map(|(at, source)| {
            let all = (at, i64::MIN)..=(at, i64::MAX);
            let first = self.begins.range(all.clone()).next();
            let last = self.ends.range(all).next_back();
            (first.zip(last).map(|((first, _), (last, _))| (first.1, last.1)), source)
        });
        span(ends)
    }

    /// First and last local date on which each source had data.
    pub(super) fn coverage(&self, sources: &[Source]) -> Vec<(Date, Date)> {
        let of = |(at, source)| {
            covered(self.days.range((at, i64::MIN)..=(at, i64::MAX)).map(|(_, day)| *day), source)
        };
        (0..).zip(sources).filter_map(of).collect()
    }
}

fn counted(times: impl Iterator<Item = (u16, i64)>) -> BTreeMap<(u16, i64), u32> {
    let mut all: Vec<(u16, i64)> = times.collect();
    all.sort_unstable();
    let n = |run: &[(u16, i64)]| (run[0], u32::try_from(run.len()).expect("fewer than 2³² incidents"));
    all.chunk_by(|a, b| a == b).map(n).collect()
}

fn take(counts: &mut BTreeMap<(u16, i64), u32>, key: (u16, i64)) {
    if let Some(n) = counts.get_mut(&key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(&key);
        }
    }
}
