//! Completeness: until when a source's incidents are all but all known.

use super::report::{Day, Sign};
use super::reports::Ledger;

/// The share of past incidents that must be known.
pub const KNOWN: f64 = 0.98;

/// Until when a source is complete, by the days that lie between an incident and its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The day of the latest records: what was known then is what there is.
    pub as_of: Day,
    /// Days within which [`KNOWN`] of the incidents came to be recorded.
    pub lag_days: i32,
    /// Reports that tell when they were recorded.
    pub reports: usize,
}

impl Horizon {
    /// The last day on which incidents are complete.
    #[must_use]
    pub fn complete_until(&self) -> Day {
        Day(self.as_of.0 - self.lag_days)
    }
}

/// A day is the day of the latest records if so many reports bear it or a later one: a slip of the pen is none.
const LATEST: usize = 10;

/// The horizon of every source of a ledger; `None` for one that does not tell when it recorded.
///
/// A source that records by month tells a month's last day, so that its lags are long by up to a month and
/// its horizon is early rather than late. Incidents recorded before they happened count as known at once.
///
/// Time O(n log n). Source: `counting.md` 7 of the project's rules on counting.
#[must_use]
pub fn horizons(ledger: &Ledger) -> Vec<Option<Horizon>> {
    let mut known: Vec<Vec<(i32, i32)>> = vec![Vec::new(); ledger.sources.len()];
    for report in ledger.reports.iter().filter(|report| report.sign == Sign::Adds) {
        if let Some(recorded) = report.recorded {
            // To a day; no time zone moves a lag by more.
            let occurred = i32::try_from(report.when.from.div_euclid(86_400)).unwrap_or(recorded.0);
            known[usize::from(report.source)].push((recorded.0, (recorded.0 - occurred).max(0)));
        }
    }
    known.into_iter().map(horizon).collect()
}

/// From (recorded, lag) of each report.
fn horizon(mut known: Vec<(i32, i32)>) -> Option<Horizon> {
    let reports = known.len();
    known.sort_unstable();
    let as_of = known.get(reports.saturating_sub(LATEST).min(reports.checked_sub(1)?))?.0;
    let mut lags: Vec<i32> = known.into_iter().map(|(_, lag)| lag).collect();
    lags.sort_unstable();
    let at = ((reports as f64 * KNOWN).ceil() as usize).clamp(1, reports) - 1;
    Some(Horizon { as_of: Day(as_of), lag_days: lags[at], reports })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_eight_of_a_hundred_lags_make_the_horizon() {
        // 97 known at once, two after 30 days, one after 400.
        let known: Vec<(i32, i32)> =
            (0..97).map(|n| (1_000 + n, 0)).chain([(1_100, 30), (1_100, 30), (1_100, 400)]).collect();
        let found = horizon(known).expect("reports");
        assert_eq!((found.lag_days, found.reports), (30, 100));
        assert_eq!(found.complete_until().0, found.as_of.0 - 30);
    }

    #[test]
    fn a_slip_of_the_pen_is_not_the_day_of_the_latest_records() {
        let mut known: Vec<(i32, i32)> = (0..100).map(|n| (1_000 + n / 10, 0)).collect();
        known.push((40_000, 0));
        assert_eq!(horizon(known).expect("reports").as_of, Day(1_009));
        assert_eq!(horizon(vec![(5, 1)]).expect("one").as_of, Day(5));
        assert_eq!(horizon(Vec::new()), None);
    }
}
