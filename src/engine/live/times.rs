//! When the incidents of each source happened: days, and first and last, kept as they come and go.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use jiff::civil::Date;

use crate::engine::hours::{TimePiles, TimesOfDay};
use crate::model::dataset::span;
use crate::model::observed::{covered, days_of};
use crate::model::period::Interval;
use crate::model::report::{Day, Source};

const FIRST: Day = Day(i32::MIN);
const LAST: Day = Day(i32::MAX);

/// Begins and ends of all incidents.
#[derive(Debug, Default)]
pub(super) struct Times {
    begins: Moments,
    ends: Moments,
    /// By source and local days: incidents.
    days: BTreeMap<(u16, Day, Day), usize>,
    clock: TimesOfDay,
}

impl Times {
    /// Those of all incidents at once.
    pub(super) fn of(all: impl Iterator<Item = (u16, Interval)>, sources: &[Source]) -> Self {
        let mut times = Self::default();
        all.for_each(|(source, when)| times.add(source, when, sources));
        times
    }

    /// Adds an incident.
    pub(super) fn add(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, 1);
        self.begins.add(source, when.from);
        self.ends.add(source, when.to() - 1);
        self.tell_day(source, when, sources, 1);
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, source: u16, when: Interval, sources: &[Source]) {
        self.clock.count(source, when, &sources[usize::from(source)].zone, -1);
        self.begins.remove(source, when.from);
        self.ends.remove(source, when.to() - 1);
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
        let ends =
            (0..).zip(sources).map(|(at, source)| (self.begins.first(at).zip(self.ends.last(at)), source));
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

/// Seconds of a stretch of [`Moments`], as a power of two: some 18 hours.
const STRETCH: u32 = 16;

/// Moments of sources, each once with how many have it: stretch by stretch, so that of each its own few are looked at.
#[derive(Debug, Default)]
struct Moments(BTreeMap<(u16, i64), HashMap<u16, u32>>);

/// The stretch of a moment, and where in it.
fn split(at: i64) -> (i64, u16) {
    (at >> STRETCH, u16::try_from(at & ((1 << STRETCH) - 1)).expect("16 bits"))
}

impl Moments {
    fn add(&mut self, source: u16, at: i64) {
        let (stretch, within) = split(at);
        *self.0.entry((source, stretch)).or_default().entry(within).or_default() += 1;
    }

    fn remove(&mut self, source: u16, at: i64) {
        let (stretch, within) = split(at);
        let Some(there) = self.0.get_mut(&(source, stretch)) else { return };
        if let Entry::Occupied(mut n) = there.entry(within) {
            *n.get_mut() -= 1;
            if *n.get() == 0 {
                n.remove();
            }
        }
        if there.is_empty() {
            self.0.remove(&(source, stretch));
        }
    }

    fn first(&self, source: u16) -> Option<i64> {
        let (&(_, stretch), there) = self.0.range((source, i64::MIN)..=(source, i64::MAX)).next()?;
        there.keys().min().map(|&within| (stretch << STRETCH) + i64::from(within))
    }

    fn last(&self, source: u16) -> Option<i64> {
        let (&(_, stretch), there) = self.0.range((source, i64::MIN)..=(source, i64::MAX)).next_back()?;
        there.keys().max().map(|&within| (stretch << STRETCH) + i64::from(within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_are_those_that_are_left_of_a_source() {
        let mut moments = Moments::default();
        let all = [-70_000, -1, 0, 3, 3, 65_535, 65_536, 1_600_000_000];
        all.iter().for_each(|&at| moments.add(1, at));
        moments.add(0, -5_000_000);
        moments.add(2, 5_000_000_000);
        let mut left = all.to_vec();
        // From both ends and the middle in turn.
        for turn in 0..all.len() {
            assert_eq!((moments.first(1), moments.last(1)), (left.first().copied(), left.last().copied()));
            let gone = left.remove(match turn % 3 {
                0 => 0,
                1 => left.len() / 2,
                _ => left.len() - 1,
            });
            moments.remove(1, gone);
            moments.remove(1, gone + 1_000_000_007);
        }
        assert_eq!((moments.first(1), moments.last(1)), (None, None));
        assert_eq!((moments.0.len(), moments.first(2)), (2, Some(5_000_000_000)));
    }
}
