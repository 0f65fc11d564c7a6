//! Local clocks without asking the time zone for each incident.

use jiff::tz::TimeZone;

use super::period::clock_seconds;

const DAY: i64 = 86_400;

/// On this day of UTC the clock changes.
const CHANGES: i32 = i32::MAX;

/// What the clock of a zone shows, from a table of its offset by day of UTC.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    first_day: i64,
    offsets: Vec<i32>,
}

/// No table is longer, some 500 years; beyond it the zone is asked.
const MOST_DAYS: i64 = 200_000;

impl Clock {
    /// The clock of a zone for these seconds of UTC, and more slowly for others.
    pub(crate) fn new(zone: &TimeZone, (from, to): (i64, i64)) -> Self {
        let (first, last) = (from.div_euclid(DAY), to.div_euclid(DAY));
        let last = last.min(first.saturating_add(MOST_DAYS));
        let offset = |second: i64| i32::try_from(clock_seconds(second, zone)? - second).ok();
        let of_day = |day: i64| {
            let (begin, end) = (offset(day * DAY), offset(day * DAY + DAY - 1));
            begin.filter(|_| begin == end).unwrap_or(CHANGES)
        };
        Self { zone: zone.clone(), first_day: first, offsets: (first..=last).map(of_day).collect() }
    }

    /// Seconds since 1970 by the local clock; `None` beyond the years that can be told.
    #[inline]
    pub(crate) fn local(&self, second: i64) -> Option<i64> {
        let day = usize::try_from(second.div_euclid(DAY).wrapping_sub(self.first_day)).ok();
        match day.and_then(|day| self.offsets.get(day)) {
            Some(&offset) if offset != CHANGES => Some(second + i64::from(offset)),
            _ => clock_seconds(second, &self.zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_what_the_zone_does_also_on_days_on_which_clocks_change() {
        let zone = TimeZone::get("America/Chicago").expect("a zone of the bundled database");
        let from = 1_514_764_800; // 2018
        let clock = Clock::new(&zone, (from, from + 366 * DAY));
        assert_eq!(clock.offsets.iter().filter(|offset| **offset == CHANGES).count(), 2);
        for second in (from - 5 * DAY..from + 380 * DAY).step_by(1_799) {
            assert_eq!(clock.local(second), clock_seconds(second, &zone), "{second}");
        }
        assert_eq!(clock.local(i64::MAX), None);
    }
}
