//! From when to when a source had data: by the local days and months in which its incidents happened.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::clock::Clock;
use super::period::{Interval, Precision, clock_seconds};
use super::report::Day;

/// The part of the fullest month's incidents that a month needs for the source's data to begin or end with it.
///
/// St. Louis codes 5.6 % of incidents in the month after they happened, so that the month before a file begins has up to 8 % of
/// its fullest one: a half more is well clear.
pub const FULL_MONTH: f64 = 0.12;

/// First and last local day of which an incident shows that its source had data.
pub(crate) type Days = (Day, Day);

/// The day on which an incident began; of one that tells no more than a month, its first and last day, since the source
/// says it of all of them. `None` beyond the years that can be told.
pub(crate) fn days_of(when: Interval, zone: &TimeZone) -> Option<Days> {
    days_by(when, |second| clock_seconds(second, zone))
}

/// The same by a clock that gives local seconds.
fn days_by(when: Interval, clock: impl Fn(i64) -> Option<i64>) -> Option<Days> {
    let day = |second| i32::try_from(clock(second)?.div_euclid(86_400)).ok().map(Day);
    let first = day(when.from)?;
    Some((first, if when.precision == Precision::Month { day(when.to() - 1)? } else { first }))
}

/// How many incidents of one source began on each of its local days.
#[derive(Debug)]
pub(crate) struct DayCounts {
    clock: Clock,
    first: i32,
    /// By day from `first` on, of those that tell a day.
    counts: Vec<usize>,
    /// Of all others.
    more: HashMap<Days, usize>,
}

/// No longer list of days is kept, some 500 years.
const MOST_DAYS: i64 = 200_000;

impl DayCounts {
    /// None yet; made for incidents that begin within these seconds of UTC, and slower for others.
    pub(crate) fn new(zone: &TimeZone, (from, to): (i64, i64)) -> Self {
        let (first, last) = (from.div_euclid(86_400) - 1, to.div_euclid(86_400) + 1);
        let days = usize::try_from((last - first + 1).clamp(0, MOST_DAYS)).unwrap_or(0);
        let (first, days) = i32::try_from(first).map_or((0, 0), |first| (first, days));
        Self { clock: Clock::new(zone, (from, to)), first, counts: vec![0; days], more: HashMap::new() }
    }

    /// Counts an incident.
    #[inline]
    pub(crate) fn add(&mut self, when: Interval) {
        let Some((first, last)) = days_by(when, |second| self.clock.local(second)) else { return };
        let slot = usize::try_from(i64::from(first.0) - i64::from(self.first)).ok();
        match slot.filter(|_| first == last).and_then(|slot| self.counts.get_mut(slot)) {
            Some(count) => *count += 1,
            None => *self.more.entry((first, last)).or_default() += 1,
        }
    }

    /// The days with how many have them, in no order.
    pub(crate) fn days(self) -> impl Iterator<Item = (Days, usize)> {
        let day = |day: i32| (Day(day), Day(day));
        (self.first..).map(day).zip(self.counts).filter(|(_, n)| *n > 0).chain(self.more)
    }
}

/// First and last local date on which a source had data, from the days of its incidents, each with how many have them.
///
/// Months at either end with less than [`FULL_MONTH`] of the fullest one's incidents do not count.
pub(crate) fn covered(days: impl IntoIterator<Item = (Days, usize)>) -> Option<(Date, Date)> {
    let mut months: BTreeMap<(i16, i8), (usize, Date, Date)> = BTreeMap::new();
    for ((first, last), n) in days {
        let Some((first, last)) = first.date().zip(last.date()) else { continue };
        let month = months.entry((first.year(), first.month())).or_insert((0, first, last));
        *month = (month.0 + n, month.1.min(first), month.2.max(last));
    }
    let fullest = months.values().map(|month| month.0).max()?;
    let full = |month: &&(usize, Date, Date)| month.0 as f64 >= FULL_MONTH * fullest as f64;
    Some((months.values().find(full)?.1, months.values().rev().find(full)?.2))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn of(all: &[(&str, Precision, u32)]) -> Option<(Date, Date)> {
        let zone = TimeZone::get("America/Chicago").expect("bundled");
        let whens = all.iter().map(|(time, precision, seconds)| {
            let at: jiff::civil::DateTime = time.parse().expect("a time");
            let from = at.to_zoned(zone.clone()).expect("no gap").timestamp().as_second();
            Interval { from, seconds: *seconds, precision: *precision }
        });
        let whens: Vec<Interval> = whens.collect();
        let plain = covered(whens.iter().map(|&when| (days_of(when, &zone).expect("told"), 1)));
        // Counted by days, also where the days that were foreseen are others.
        let (first, last) = (1_483_228_800, 1_577_836_800);
        for ends in [(first, last), (last, first), (first, first), (0, i64::MAX / 2), (i64::MIN / 2, last)] {
            let mut counts = DayCounts::new(&zone, ends);
            whens.iter().for_each(|&when| counts.add(when));
            assert_eq!(covered(counts.days()), plain, "{ends:?}");
        }
        plain
    }

    #[test]
    fn days_are_counted_as_the_zone_tells_each_of_them() {
        let zone = TimeZone::get("America/Chicago").expect("bundled");
        let (from, to) = (1_483_228_800, 1_577_836_800);
        let precisions = [Precision::Minute, Precision::Month, Precision::Day];
        // Every 1,801 s, also before and behind what is foreseen and where no year can be told.
        let steps = (0..60_000).map(|n| from - 90 * 86_400 + n * 1_801).chain([i64::MAX - 1, i64::MIN]);
        let whens: Vec<Interval> = steps
            .zip(precisions.into_iter().cycle())
            .map(|(from, precision)| Interval { from, seconds: 1, precision })
            .collect();
        let mut plain = BTreeMap::new();
        let of = |days: Days| (days.0.0, days.1.0);
        let days = whens.iter().filter_map(|&when| days_of(when, &zone));
        days.for_each(|days| *plain.entry(of(days)).or_insert(0) += 1);
        let mut counts = DayCounts::new(&zone, (from, to));
        whens.iter().for_each(|&when| counts.add(when));
        let found: Vec<_> = counts.days().map(|(days, n)| (of(days), n)).collect();
        assert_eq!(found.len(), plain.len());
        assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), plain);
    }

    #[test]
    fn a_source_that_tells_only_months_had_data_to_the_end_of_the_last_one() {
        let month = |time, days: u32| (time, Precision::Month, days * 86_400);
        let june = (date(2017, 6, 1), date(2017, 6, 30));
        assert_eq!(of(&[month("2017-06-01T00:00", 30)]), Some(june));
        let all = [month("2017-06-01T00:00", 30), month("2017-07-01T00:00", 31)];
        assert_eq!(of(&all), Some((june.0, date(2017, 7, 31))));
        // A day, or a range of weeks, shows the day on which it began.
        let first = Some((june.0, june.0));
        assert_eq!(of(&[("2017-06-01T00:00", Precision::Day, 86_400)]), first);
        assert_eq!(of(&[("2017-06-01T00:00", Precision::Range, 30 * 86_400)]), first);
    }

    #[test]
    fn the_first_evening_of_a_year_makes_no_december_of_the_new_year_s_night() {
        // 100 in January, of which the night's pile lies on 1 January in UTC as December's last evening does.
        let mut all = vec![("2018-01-20T12:00", Precision::Minute, 60); 70];
        all.extend([("2018-01-01T00:00", Precision::Minute, 60); 30]);
        all.extend([("2017-12-31T19:00", Precision::Minute, 60); 2]);
        assert_eq!(of(&all), Some((date(2018, 1, 1), date(2018, 1, 20))));
    }

    #[test]
    fn stragglers_begin_no_month_and_a_week_of_one_does() {
        let mut all = vec![("2018-01-20T12:00", Precision::Minute, 60); 100];
        all.extend([("2017-12-20T12:00", Precision::Minute, 60); 11]);
        assert_eq!(of(&all).map(|days| days.0), Some(date(2018, 1, 20)));
        all.extend([("2017-12-25T12:00", Precision::Minute, 60); 11]);
        assert_eq!(of(&all).map(|days| days.0), Some(date(2017, 12, 20)));
        assert_eq!(of(&[]), None);
    }
}
