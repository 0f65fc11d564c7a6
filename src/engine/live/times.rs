//! When the incidents of each source happened: days, and first and last, kept as they come and go.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::engine::hours::{TimePiles, TimesOfDay};
use crate::model::dataset::span;
use crate::model::observed::{covered, days_of};
use crate::model::period::Interval;
use crate::model::report::{Day, Source};

const FIRST: Day = Day(i32::MIN);
const LAST: Day = Day(i32::MAX);

/// Begins and ends of all incidents, each time once with how many have it.
#[derive(Debug, Default)]
pub(super) struct Times {
    begins: BTreeMap<(u16, i64), u32>,
    ends: BTreeMap<(u16, i64), u32>,
    /// By source and local days: incidents.
    days: BTreeMap<(u16, Day, Day), usize>,
    clock: TimesOfDay,
}

impl Times {
    /// Those of all incidents at once.
    pub(super) fn of(all: impl Iterator<Item = (u16, Interval)> + Clone, sources: &[Source]) -> Self {
        let mut times = Self {
            begins: counted(all.clone().map(|(source, when)| (source, when.from))),
            ends: counted(all.clone().map(|(source, when)| (source, when.to() - 1))),
            ..Self::default()
        };
        for (source, when) in all {
            times.clock.count(source, when, &sources[usize::from(source)].zone, 1);
            times.tell_day(source, when, sources, 1);
        }
        times
    }

    /// Adds an incident.
    pub(super) fn add(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, 1);
        *self.begins.entry((source, when.from)).or_default() += 1;
        *self.ends.entry((source, when.to() - 1)).or_default() += 1;
        self.tell_day(source, when, sources, 1);
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, -1);
        take(&mut self.begins, (source, when.from));
        take(&mut self.ends, (source, when.to() - 1));
        self.tell_day(source, when, sources, -1);
    }

    fn tell_day(&mut self, source: u16, when: Interval, sources: &[Source], sign: isize) {
        let Some((first, last)) = days_of(when, &sources[usize::from(source)].zone) else { return };
        let n = self.days.entry((source, first, last)).or_default();
        *n = n.wrapping_add_signed(sign);
        if *n == 0 {
            self.days.remove(&(source, first, last));
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
        let number = |at| u16::try_from(at).expect("fewer than 65,536 sources");
        let days = |source| self.days.range((source, FIRST, FIRST)..=(source, LAST, LAST));
        let of = |at| covered(days(number(at)).map(|(&(_, first, last), &n)| ((first, last), n)));
        (0..sources.len()).filter_map(of).collect()
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
