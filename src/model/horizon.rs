//! Completeness: until when a source's incidents are all but all known.

use hashbrown::HashMap;

use super::report::{Day, Report, Sign};
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
/// Time O(n). Source: `counting.md` 7 of the project's rules on counting.
#[must_use]
pub fn horizons(ledger: &Ledger) -> Vec<Option<Horizon>> {
    let mut known: Vec<Known> = vec![Known::default(); ledger.sources.len()];
    let recorded = if ledger.reports.recorded() { ledger.reports.len() } else { 0 };
    for report in ledger.reports.iter().take(recorded) {
        known[usize::from(report.source)].add(&report);
    }
    known.iter().map(Known::horizon).collect()
}

/// How many reports of a source were recorded on each day, and how many so many days after the incident.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    recorded: HashMap<i32, usize>,
    lags: HashMap<i32, usize>,
    reports: usize,
}

impl Known {
    /// Adds a report, if it adds an incident and tells when it was recorded.
    pub(crate) fn add(&mut self, report: &Report<'_>) {
        let Some(recorded) = report.recorded.filter(|_| report.sign == Sign::Adds) else { return };
        // To a day; no time zone moves a lag by more.
        let occurred = i32::try_from(report.when.from.div_euclid(86_400)).unwrap_or(recorded.0);
        self.count(recorded.0, recorded.0.saturating_sub(occurred).max(0));
    }

    fn count(&mut self, recorded: i32, lag: i32) {
        *self.recorded.entry(recorded).or_default() += 1;
        *self.lags.entry(lag).or_default() += 1;
        self.reports += 1;
    }

    /// Until when the source is complete.
    pub(crate) fn horizon(&self) -> Option<Horizon> {
        let reports = self.reports;
        let as_of = nth(&self.recorded, reports.saturating_sub(LATEST).min(reports.checked_sub(1)?))?;
        let at = ((reports as f64 * KNOWN).ceil() as usize).clamp(1, reports) - 1;
        Some(Horizon { as_of: Day(as_of), lag_days: nth(&self.lags, at)?, reports })
    }
}

/// The value at a position of those that were counted, in ascending order.
fn nth(counts: &HashMap<i32, usize>, at: usize) -> Option<i32> {
    let mut values: Vec<(i32, usize)> = counts.iter().map(|(&value, &n)| (value, n)).collect();
    values.sort_unstable();
    let mut upto = 0;
    values.into_iter().find_map(|(value, n)| {
        upto += n;
        (at < upto).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn horizon(known: Vec<(i32, i32)>) -> Option<Horizon> {
        let mut all = Known::default();
        known.into_iter().for_each(|(recorded, lag)| all.count(recorded, lag));
        all.horizon()
    }

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
