//! At what hour of the week an incident happened, and whether its source knows.

use jiff::tz::TimeZone;

use super::snapshot::Snapshot;
use crate::model::dataset::Dataset;
use crate::model::period::{Interval, clock_seconds};
use crate::quality::reports::{STANDING, piles};

const DAY: i64 = 86_400;

/// An interval no longer than this has an hour.
pub(super) const PRECISE: u32 = 3_600;

/// When an incident happened by the clock of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocked {
    /// First second since 1970 by the local clock.
    pub begin: i64,
    /// How long, in seconds.
    pub seconds: u32,
    /// Whether that is an hour at most.
    pub precise: bool,
}

/// Which times of day stand for 'unknown' in each source: 00:00, 00:01 and 12:00.
///
/// Each does where more than [`PILE_OF_TIMES`](crate::quality::reports::PILE_OF_TIMES) of the times to the minute are at that minute; by chance it is 0.0007.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimePiles(Vec<[bool; STANDING.len()]>);

/// By source, the incidents with a time to the minute: at each of [`STANDING`], and all.
#[derive(Clone, Debug, Default)]
pub(super) struct TimesOfDay(Vec<([usize; STANDING.len()], usize)>);

impl TimesOfDay {
    /// Adds (`sign` 1) an incident, or takes it out (-1).
    pub(super) fn count(&mut self, source: u16, when: Interval, zone: &TimeZone, sign: isize) {
        let Some(begin) = clock_seconds(when.from, zone).filter(|_| when.seconds <= 60) else { return };
        let at = usize::from(source);
        if self.0.len() <= at {
            self.0.resize(at + 1, Default::default());
        }
        let second = begin.rem_euclid(DAY);
        let (piles, all) = &mut self.0[at];
        *all = all.wrapping_add_signed(sign);
        if let Some(pile) = STANDING.iter().position(|&(standing, _)| standing == second) {
            piles[pile] = piles[pile].wrapping_add_signed(sign);
        }
    }

    /// Which of them stand for 'unknown', of so many sources.
    pub(super) fn piles(&self, sources: usize) -> TimePiles {
        let of = |at: usize| self.0.get(at).copied().unwrap_or_default();
        TimePiles((0..sources).map(of).map(|(standing, all)| piles(standing, all)).collect())
    }
}

impl TimePiles {
    /// Looks at all incidents. Time O(n).
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        let mut times = TimesOfDay::default();
        let incidents = &data.incidents;
        for at in (0..incidents.len()).filter(|&at| !incidents.gone(at)) {
            let source = incidents.source(at);
            times.count(source, incidents.when(at), &data.sources[usize::from(source)].zone, 1);
        }
        times.piles(data.sources.len())
    }

    /// Whether a source has one.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.iter().flatten().any(|pile| *pile)
    }

    /// Whether a source's time of so many seconds, at this second of the local day, stands for 'unknown'.
    pub(super) fn unknown(&self, source: u16, second: i64, seconds: u32) -> bool {
        let pile = STANDING.iter().position(|&(standing, _)| standing == second);
        seconds <= 60
            && pile.is_some_and(|pile| self.0.get(usize::from(source)).is_some_and(|piles| piles[pile]))
    }

    /// When an incident happened: the whole day where its time stands for 'unknown'. `None` beyond the years that can be told.
    #[must_use]
    pub fn clocked(&self, data: &Dataset, at: usize) -> Option<Clocked> {
        let seconds = data.incidents.when(at).seconds;
        let begin = begin(data, at)?;
        let second = begin.rem_euclid(DAY);
        Some(if self.unknown(data.incidents.source(at), second, seconds) {
            Clocked { begin: begin - second, seconds: DAY as u32, precise: false }
        } else {
            Clocked { begin, seconds, precise: seconds <= PRECISE }
        })
    }
}

/// First second of an incident by the clock of its source; `None` beyond the years that can be told.
pub(super) fn begin(data: &Dataset, at: usize) -> Option<i64> {
    let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
    clock_seconds(data.incidents.when(at).from, zone)
}

impl Snapshot {
    /// Which times of day stand for 'unknown' in each source.
    #[must_use]
    pub fn time_piles(&self) -> &TimePiles {
        self.piles.get_or_init(|| TimePiles::of(self.dataset()))
    }
}
