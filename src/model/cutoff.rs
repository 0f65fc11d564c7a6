//! What is too old to be kept: a day for each source, and the incidents that went because they ended before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::period::{Interval, Period};
use super::report::{Report, Source};

/// Stands for every source that is not named.
pub const EVERY: &str = "*";

/// How many days incidents are kept, by source.
///
/// # Examples
///
/// ```
/// use hotblocks::model::cutoff::Retention;
/// let kept = Retention([("alerts".to_owned(), 90), ("*".to_owned(), 1_826)].into());
/// let cutoffs = kept.cutoffs("2026-11-23".parse()?);
/// assert_eq!(cutoffs.named("alerts"), Some("2026-08-25".parse()?));
/// assert_eq!(cutoffs.named("police"), Some("2021-11-23".parse()?));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention(
    /// Days by the name of a source; [`EVERY`] stands for those that are not named.
    pub BTreeMap<String, u32>,
);

impl Retention {
    /// The days before which nothing is kept, seen from a day.
    #[must_use]
    pub fn cutoffs(&self, today: Date) -> Cutoffs {
        let before = |days: u32| today.checked_sub(i64::from(days).days()).unwrap_or(Date::MIN);
        Cutoffs(self.0.iter().map(|(source, &days)| (source.clone(), before(days))).collect())
    }
}

/// Days before which no incident is kept, by source: what ended before the day began where the source is, is too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cutoffs(BTreeMap<String, Date>);

impl Cutoffs {
    /// One day for every source, or for one.
    #[must_use]
    pub fn before(day: Date, source: Option<&str>) -> Self {
        Self([(source.unwrap_or(EVERY).to_owned(), day)].into())
    }

    /// Sets the day of a source, or of [`EVERY`] one, as it was told before.
    pub fn put(&mut self, source: &str, day: Date) {
        self.0.insert(source.to_owned(), day);
    }

    /// Whether everything is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by source.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Date)> {
        self.0.iter().map(|(source, &day)| (source.as_str(), day))
    }

    /// The day that holds for a source: its own, or that of every other.
    #[must_use]
    pub fn named(&self, source: &str) -> Option<Date> {
        self.0.get(source).or_else(|| self.0.get(EVERY)).copied()
    }

    /// The first second that is kept of a source.
    #[must_use]
    pub fn of(&self, source: &Source) -> Option<i64> {
        Some(begins(self.named(&source.name)?, &source.zone))
    }

    /// Takes others in; whether any source's day became later. None becomes earlier: what went is not to come again, also when
    /// a source is named for the first time.
    ///
    /// `whole` says that what holds for every source holds for those that are named, too.
    pub fn raise(&mut self, others: &Self, whole: bool) -> bool {
        let before = self.clone();
        for (source, &day) in &others.0 {
            let known = before.named(source).map_or(day, |known| known.max(day));
            self.0.insert(source.clone(), known);
        }
        if let Some(&every) = others.0.get(EVERY).filter(|_| whole) {
            self.0.values_mut().for_each(|day| *day = (*day).max(every));
        }
        *self != before
    }
}

/// The first second of a day in a zone.
fn begins(day: Date, zone: &TimeZone) -> i64 {
    Period::new(Some(day), None).map_or(i64::MIN, |period| period.seconds_in(zone).0)
}

/// Whether something ended before a second.
#[must_use]
pub fn ended(when: Interval, before: Option<i64>) -> bool {
    before.is_some_and(|before| when.to() <= before)
}

/// Incidents that are kept no more: of reports with an id by that, of others by when they were.
#[derive(Clone, Debug, Default)]
pub struct Gone {
    cutoffs: Cutoffs,
    ids: Vec<(Source, SomeIds)>,
}

impl Gone {
    /// The incidents of these ids, by source, and whatever has no id and ended before its source's day.
    #[must_use]
    pub fn new(cutoffs: Cutoffs, ids: Vec<(Source, BTreeSet<Box<str>>)>) -> Self {
        Self { cutoffs, ids }
    }

    /// The same for reports that count sources as these are.
    #[must_use]
    pub fn among(&self, sources: &[Source]) -> GoneAmong<'_> {
        let ids = |source: &Source| self.ids.iter().find(|(one, _)| one == source).map(|(_, ids)| ids);
        GoneAmong(sources.iter().map(|source| (self.cutoffs.of(source), ids(source))).collect())
    }
}

/// Ids of one source.
type SomeIds = BTreeSet<Box<str>>;

/// [`Gone`] over the sources of one ledger: of each its first second and its ids.
#[derive(Debug)]
pub struct GoneAmong<'a>(Vec<(Option<i64>, Option<&'a SomeIds>)>);

impl GoneAmong<'_> {
    /// Whether a report is of an incident that is kept no more.
    #[must_use]
    pub fn has(&self, report: &Report<'_>) -> bool {
        let (before, ids) = self.0[usize::from(report.source)];
        match report.id {
            Some(id) => ids.is_some_and(|ids| ids.contains(id)),
            None => ended(report.when, before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::period::Precision;
    use crate::model::report::{Place, Unit};

    fn day(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn cutoffs(all: &[(&str, &str)]) -> Cutoffs {
        Cutoffs(all.iter().map(|(source, text)| ((*source).to_owned(), day(text))).collect())
    }

    #[test]
    fn what_ended_before_the_day_began_where_the_source_is_is_too_old() {
        let zone = TimeZone::get("America/Chicago").expect("a zone");
        let source = Source::new("police", Unit::Incident, zone);
        let before = cutoffs(&[("police", "2024-07-01")]).of(&source);
        // Midnight there is five in the morning in UTC.
        let midnight = 1_719_810_000;
        assert_eq!(before, Some(midnight));
        let when = |from, seconds| Interval { from, seconds, precision: Precision::Minute };
        assert!(ended(when(midnight - 60, 60), before));
        assert!(!ended(when(midnight - 60, 61), before), "it lasted into the day");
        assert!(!ended(when(midnight - 60, 60), None));
        let other = Source::new("calls", Unit::Incident, TimeZone::UTC);
        assert_eq!(cutoffs(&[("police", "2024-07-01")]).of(&other), None);
        assert_eq!(cutoffs(&[(EVERY, "1970-01-02")]).of(&other), Some(86_400));
    }

    #[test]
    fn no_day_becomes_earlier_whoever_is_named() {
        let mut kept = cutoffs(&[(EVERY, "2020-01-01"), ("calls", "2015-01-01")]);
        assert!(!kept.raise(&cutoffs(&[(EVERY, "2019-01-01"), ("calls", "2014-01-01")]), false));
        // Named for the first time: what went under the day of every source stays away.
        assert!(kept.raise(&cutoffs(&[("police", "2016-01-01")]), false));
        assert_eq!(kept.named("police"), Some(day("2020-01-01")));
        assert!(kept.raise(&cutoffs(&[(EVERY, "2021-01-01")]), false));
        assert_eq!(kept.named("calls"), Some(day("2015-01-01")), "what is configured for a source holds");
        assert!(kept.raise(&cutoffs(&[(EVERY, "2022-01-01")]), true));
        assert_eq!(kept.named("calls"), Some(day("2022-01-01")), "everything before a day goes");
    }

    #[test]
    fn a_report_goes_by_its_id_and_one_without_by_its_time() {
        let source = |name: &str| Source::new(name, Unit::Incident, TimeZone::UTC);
        let ids = [Box::from("a")].into();
        let gone = Gone::new(cutoffs(&[("s", "1970-01-02")]), vec![(source("s"), ids)]);
        let among = gone.among(&[source("t"), source("s")]);
        let report = |source, id, from| {
            let when = Interval { from, seconds: 1, precision: Precision::Second };
            Report { source, id, ..Report::plain(ClassId(0), when, Place::Missing) }
        };
        assert!(among.has(&report(1, Some("a"), 1_000_000)) && among.has(&report(1, None, 5)));
        assert!(!among.has(&report(1, Some("b"), 5)) && !among.has(&report(1, None, 86_400)));
        assert!(!among.has(&report(0, Some("a"), 5)) && !among.has(&report(0, None, 5)));
    }
}
