//! From when to when a source had data: by the local days and months in which its incidents happened.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

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
    let day = |second| i32::try_from(clock_seconds(second, zone)?.div_euclid(86_400)).ok().map(Day);
    let first = day(when.from)?;
    Some((first, if when.precision == Precision::Month { day(when.to() - 1)? } else { first }))
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
        let days = all.iter().map(|(time, precision, seconds)| {
            let at: jiff::civil::DateTime = time.parse().expect("a time");
            let from = at.to_zoned(zone.clone()).expect("no gap").timestamp().as_second();
            (days_of(Interval { from, seconds: *seconds, precision: *precision }, &zone).expect("told"), 1)
        });
        covered(days)
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
