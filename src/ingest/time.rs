//! Times as sources write them, to intervals in UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::model::period::{Interval, Precision};

/// Reads a date with its time by the first form that fits; a form without a time gives the whole day.
///
/// A time that the clocks jump over is an hour later, as the clock would show; one that comes twice is the
/// first of the two. `None` if no form fits.
#[must_use]
pub fn read(text: &str, forms: &[String], zone: &TimeZone) -> Option<Interval> {
    let (tidy, zulu) = (tidy(text), tidy_zulu(text));
    forms.iter().find_map(|form| {
        let parsed = strtime::parse(form, &tidy).or_else(|_| strtime::parse(form, &zulu)).ok()?;
        if let Ok(exact) = parsed.to_timestamp() {
            in_range(exact.to_zoned(TimeZone::UTC).date())?;
            return Some(Interval { from: exact.as_second(), seconds: 1, precision: Precision::Second });
        }
        let date = in_range(parsed.to_date().ok()?)?;
        match parsed.to_time() {
            Ok(time) if parsed.hour().is_some() => Some(at(date, time, form, zone)?),
            _ => day(date, zone),
        }
    })
}

/// Reads a date and a time from two columns; without a time the incident has the whole day.
///
/// The error is 0 if the date is at fault, 1 if the time is.
///
/// # Errors
///
/// Which of the two no form fits.
pub fn read_parts(
    date: &str,
    time: &str,
    date_forms: &[String],
    time_forms: &[String],
    zone: &TimeZone,
) -> Result<Interval, usize> {
    let tidy_date = tidy(date);
    let date = date_forms
        .iter()
        .find_map(|form| in_range(strtime::parse(form, &tidy_date).ok()?.to_date().ok()?))
        .ok_or(0usize)?;
    let tidy_time = tidy(time);
    if tidy_time.is_empty() {
        return day(date, zone).ok_or(0);
    }
    time_forms
        .iter()
        .find_map(|form| {
            let time = strtime::parse(form, &tidy_time).ok()?.to_time().ok()?;
            at(date, time, form, zone)
        })
        .ok_or(1)
}

/// Years from 1900 to 2100: `1/2/18` read as the year 18 is no date.
fn in_range(date: Date) -> Option<Date> {
    (1900..=2100).contains(&date.year()).then_some(date)
}

fn at(date: Date, time: Time, form: &str, zone: &TimeZone) -> Option<Interval> {
    let from = DateTime::from_parts(date, time).to_zoned(zone.clone()).ok()?.timestamp().as_second();
    let to_the_second = form.contains("%S") || form.contains("%T");
    Some(if to_the_second {
        Interval { from, seconds: 1, precision: Precision::Second }
    } else {
        Interval { from, seconds: 60, precision: Precision::Minute }
    })
}

fn day(date: Date, zone: &TimeZone) -> Option<Interval> {
    let begin = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second());
    let from = begin(date)?;
    let seconds = u32::try_from(begin(date.tomorrow().ok()?)? - from).ok()?;
    Some(Interval { from, seconds, precision: Precision::Day })
}

/// `Thu, Sept. 18th 2014` as `Thu, Sep 18 2014`, `01:53 p.m.` as `01:53 PM`, one space between words.
fn tidy(text: &str) -> String {
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// The same with a final `Z` as `+00:00`.
fn tidy_zulu(text: &str) -> String {
    let tidy = tidy(text);
    tidy.strip_suffix('Z').map_or_else(|| tidy.clone(), |zulu| format!("{zulu}+00:00"))
}

fn word(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "a.m." | "am" | "a.m" => return "AM".to_owned(),
        "p.m." | "pm" | "p.m" => return "PM".to_owned(),
        "sept." | "sept" => return "Sep".to_owned(),
        _ => {}
    }
    let bare = lower.trim_end_matches(',');
    let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|end| bare.strip_suffix(end));
    match ordinal {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{number}{}", &word[bare.len()..])
        }
        _ if word.starts_with(|c: char| c.is_ascii_alphabetic()) => word.replace('.', ""),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::local_time;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("bundled")
    }

    #[track_caller]
    fn check(text: &str, form: &str, zone_name: &str, expected: &str) {
        let zone = zone(zone_name);
        let found = read(text, &[form.to_owned()], &zone).map(|i| local_time(i.from, &zone));
        assert_eq!(found.as_deref().unwrap_or("refused"), expected, "{text}");
    }

    #[test]
    fn times_are_read_as_sources_write_them() {
        check("01/01/2009 08:47", "%m/%d/%Y %H:%M", "America/Chicago", "2009-01-01T08:47:00-06:00");
        check("6/1/2013 0:10", "%m/%d/%Y %H:%M", "America/Chicago", "2013-06-01T00:10:00-05:00");
        check("2018-07-04T01:02:03Z", "%Y-%m-%dT%H:%M:%S%:z", "America/Chicago", "2018-07-03T20:02:03-05:00");
        check("2018-07-04", "%Y-%m-%d", "America/Chicago", "2018-07-04T00:00:00-05:00");
        check(
            "2012-01-01T00:00:00.000",
            "%Y-%m-%dT%H:%M:%S%.f",
            "America/Chicago",
            "2012-01-01T00:00:00-06:00",
        );
        check("2012-01-01T06:00:00Z", "%Y-%m-%dT%H:%M:%SZ", "UTC", "2012-01-01T06:00:00+00:00");
        check("1/2/18", "%m/%d/%Y", "America/Chicago", "refused");
        check("yesterday", "%Y-%m-%d", "America/Chicago", "refused");
        check("02/30/2018 10:00", "%m/%d/%Y %H:%M", "America/Chicago", "refused");
        check("01/02/2018 25:00", "%m/%d/%Y %H:%M", "America/Chicago", "refused");
    }

    #[test]
    fn new_haven_dates_and_times_are_read() {
        let zone = zone("America/New_York");
        let forms = (vec!["%a, %b %d %Y".to_owned()], vec!["%I:%M %p".to_owned()]);
        let read = |d, t| read_parts(d, t, &forms.0, &forms.1, &zone);
        let afternoon = read(" Thu, Sept. 18th 2014", " 01:53 p.m.").expect("as the sample has it");
        assert_eq!(local_time(afternoon.from, &zone), "2014-09-18T13:53:00-04:00");
        assert_eq!(
            read("Mon, Sept. 1st 2014", "12:00 a.m.").map(|i| local_time(i.from, &zone)).as_deref(),
            Ok("2014-09-01T00:00:00-04:00")
        );
        assert_eq!(read("Mon, Sept. 31st 2014", "12:00 a.m."), Err(0));
        assert_eq!(read("Mon, Sept. 1st 2014", "noon"), Err(1));
        assert_eq!(read("Mon, Sept. 1st 2014", "").map(|i| i.seconds), Ok(86_400));
    }

    #[test]
    fn a_time_in_the_spring_gap_is_an_hour_later_and_one_in_the_fold_is_the_first() {
        check("03/11/2018 02:30", "%m/%d/%Y %H:%M", "America/Chicago", "2018-03-11T03:30:00-05:00");
        check("11/04/2018 01:30", "%m/%d/%Y %H:%M", "America/Chicago", "2018-11-04T01:30:00-05:00");
    }
}
