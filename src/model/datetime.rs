//! `datetime` as clients of OGC APIs write it: an instant, a date, or an interval with open ends or a duration.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use super::period::{Period, PeriodError, local_date, parse_date};

/// An end of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There is none.
    Open,
    /// A local date, whole.
    Day(Date),
    /// An instant.
    At(Timestamp),
}

/// A time from a first to a last instant, both included; a date stands for all of that local day. Never empty.
///
/// # Examples
///
/// ```
/// use hotblocks::model::datetime::Datetime;
/// let two_days: Datetime = "2014-09-01/P2D".parse()?;
/// assert_eq!(two_days.to_string(), "2014-09-01/2014-09-02");
/// assert!("2014-09-01T12:00:00.000Z/..".parse::<Datetime>().is_ok());
/// assert!("2014-09-01T12:00:00".parse::<Datetime>().is_err()); // where?
/// # Ok::<(), hotblocks::model::datetime::DatetimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datetime {
    first: End,
    last: End,
}

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatetimeError {
    /// An end cannot be read.
    #[error(
        "`{text}` is no date or time; give a date as 2018-01-31, an instant as 2018-01-31T18:00:00Z or with an offset such as -05:00, an interval as 2018-01-01/2018-12-31"
    )]
    End {
        /// What was given.
        text: String,
    },
    /// A time of day without its offset.
    #[error("`{text}` does not say where it is that time; add Z or an offset such as -05:00")]
    NoOffset {
        /// What was given.
        text: String,
    },
    /// A duration that cannot be used.
    #[error(
        "`{text}` is no duration that can stand there; beside a date give whole days as P2D, beside an instant also hours as PT6H, above 0"
    )]
    Duration {
        /// What was given.
        text: String,
    },
    /// The end comes before the beginning.
    #[error("`{text}` ends before it begins; swap its ends")]
    Reversed {
        /// What was given.
        text: String,
    },
    /// Neither an instant nor an interval, or open on both sides.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl Datetime {
    /// The seconds of UTC that it covers in a time zone, as `[from, to)`: what overlaps them intersects it.
    #[must_use]
    pub fn seconds_in(self, zone: &TimeZone) -> (i64, i64) {
        let day = |date: Date| Period::new(Some(date), Some(date)).map(|day| day.seconds_in(zone));
        let from = match self.first {
            End::Open => i64::MIN,
            End::Day(date) => day(date).map_or(i64::MIN, |seconds| seconds.0),
            End::At(at) => second(at),
        };
        let to = match self.last {
            End::Open => i64::MAX,
            End::Day(date) => day(date).map_or(i64::MAX, |seconds| seconds.1),
            // The last instant belongs to it, and so does the second in which it lies.
            End::At(at) => second(at) + 1,
        };
        (from, to)
    }

    /// Whether it has a time of day, and not dates alone.
    #[must_use]
    pub fn has_clock(self) -> bool {
        [self.first, self.last].iter().any(|end| matches!(end, End::At(_)))
    }

    /// The local dates that it touches in a time zone: the period of analyses, which go by whole days.
    #[must_use]
    pub fn period_in(self, zone: &TimeZone) -> Option<Period> {
        let date = |end| match end {
            End::Open => None,
            End::Day(date) => Some(date),
            End::At(at) => local_date(second(at), zone),
        };
        Period::new(date(self.first), date(self.last)).ok()
    }
}

impl From<Period> for Datetime {
    fn from(period: Period) -> Self {
        let end = |day: Option<Date>| day.map_or(End::Open, End::Day);
        Self { first: end(period.first()), last: end(period.last()) }
    }
}

/// The second in which an instant lies, also before 1970.
fn second(at: Timestamp) -> i64 {
    at.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MAX)
}

impl FromStr for Datetime {
    type Err = DatetimeError;

    fn from_str(text: &str) -> Result<Self, DatetimeError> {
        let text = text.trim();
        let form = || PeriodError::Form { text: text.to_owned() };
        let parts: Vec<&str> = text.split('/').map(str::trim).collect();
        let reversed = || DatetimeError::Reversed { text: text.to_owned() };
        let given = match parts[..] {
            [one] if !one.is_empty() && one != ".." => {
                let end = end(one)?;
                Self { first: end, last: end }
            }
            [first, length] if is_duration(length) => {
                let first = end(first)?;
                Self { first, last: moved(first, length, 1)? }
            }
            [length, last] if is_duration(length) => {
                let last = end(last)?;
                Self { first: moved(last, length, -1)?, last }
            }
            [first, last] => Self { first: end(first)?, last: end(last)? },
            _ => return Err(form().into()),
        };
        match (given.first, given.last) {
            (End::Open, End::Open) => Err(PeriodError::Unbounded.into()),
            (End::Day(first), End::Day(last)) if last < first => {
                Err(PeriodError::Reversed { first, last }.into())
            }
            (End::At(first), End::At(last)) if last < first => Err(reversed()),
            // A day is somewhere within 14 hours of that of UTC: what is reversed everywhere is refused.
            (End::At(first), End::Day(last)) if beyond(last, 1).is_some_and(|end| end < first) => {
                Err(reversed())
            }
            (End::Day(first), End::At(last)) if beyond(first, -1).is_some_and(|begin| last < begin) => {
                Err(reversed())
            }
            _ => Ok(given),
        }
    }
}

impl fmt::Display for Datetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |end| match end {
            End::Open => "..".to_owned(),
            End::Day(date) => date.to_string(),
            End::At(at) => at.to_string(),
        };
        if self.first == self.last {
            return f.write_str(&text(self.first));
        }
        write!(f, "{}/{}", text(self.first), text(self.last))
    }
}

/// The latest instant at which it is still this date anywhere (`1`), or the earliest (`-1`).
fn beyond(date: Date, way: i64) -> Option<Timestamp> {
    let utc = if way > 0 { date.checked_add(1.day()).ok()? } else { date }.to_zoned(TimeZone::UTC).ok()?;
    utc.timestamp().checked_add((14 * way).hours()).ok()
}

fn end(text: &str) -> Result<End, DatetimeError> {
    if matches!(text, "" | "..") {
        return Ok(End::Open);
    }
    if let Ok(date) = parse_date(text) {
        return Ok(End::Day(date));
    }
    // A plus of an offset comes as a space where it was not encoded.
    let plus = text.replace(' ', "+");
    if let Some(at) = instant(&plus) {
        return Ok(End::At(at));
    }
    let clock = text.contains(['T', 't']) && text.parse::<jiff::civil::DateTime>().is_ok();
    Err(if clock {
        DatetimeError::NoOffset { text: text.to_owned() }
    } else {
        DatetimeError::End { text: text.to_owned() }
    })
}

/// An instant with Z or an offset; `None` of other words, and of an offset of a day or more, which RFC 3339 does not have.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    // The date has its own signs.
    let (_, clock) = text.split_once(['T', 't', ' '])?;
    let hours = clock.find(['+', '-']).map(|at| clock[at + 1..].get(..2).and_then(|n| n.parse::<u8>().ok()));
    let fits = hours.is_none_or(|hours| hours.is_some_and(|hours| hours < 24));
    text.parse().ok().filter(|_| fits)
}

fn is_duration(text: &str) -> bool {
    text.starts_with(['P', 'p'])
}

/// The other end of a time of a length: after its first (`way` 1) or before its last (`way` −1).
fn moved(end: End, length: &str, way: i64) -> Result<End, DatetimeError> {
    let bad = || DatetimeError::Duration { text: length.to_owned() };
    let span: Span = length.parse().map_err(|_| bad())?;
    if !span.is_positive() {
        return Err(bad());
    }
    match end {
        End::Open => Err(bad()),
        End::Day(date) => {
            let whole_days = [span.get_hours().into(), span.get_minutes(), span.get_seconds()] == [0, 0, 0]
                && span.get_milliseconds() == 0
                && span.get_microseconds() == 0
                && span.get_nanoseconds() == 0;
            let there = date.checked_add(if way > 0 { span } else { -span }).map_err(|_| bad())?;
            // Both ends belong to it: two days from the first end with the second.
            let there = there.checked_sub(way.days()).map_err(|_| bad())?;
            if whole_days { Ok(End::Day(there)) } else { Err(bad()) }
        }
        End::At(at) => {
            // Days and months of an instant are those of UTC.
            let at = at.to_zoned(TimeZone::UTC);
            let there = at.checked_add(if way > 0 { span } else { -span }).map_err(|_| bad())?;
            Ok(End::At(there.timestamp()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/Chicago").expect("a zone")
    }

    #[test]
    fn every_form_that_clients_send_is_read() {
        for (text, told) in [
            ("2014-09-01", "2014-09-01"),
            ("2014-09-01/2014-09-30", "2014-09-01/2014-09-30"),
            ("2014-09-01/..", "2014-09-01/.."),
            ("/2014-09-30", "../2014-09-30"),
            ("2014-09-01/", "2014-09-01/.."),
            ("2014-09-01/P2D", "2014-09-01/2014-09-02"),
            ("P1M/2014-09-30", "2014-08-31/2014-09-30"),
            ("2014-09-01T12:00:00Z", "2014-09-01T12:00:00Z"),
            ("2014-09-01T12:00:00.500Z/..", "2014-09-01T12:00:00.5Z/.."),
            ("2014-09-01T07:00:00-05:00/PT6H", "2014-09-01T12:00:00Z/2014-09-01T18:00:00Z"),
            ("2014-09-01T14:00:00 02:00", "2014-09-01T12:00:00Z"),
            ("2014-09-01T23:00:00+23:00", "2014-09-01T00:00:00Z"),
            ("2014-09-01/2014-09-02T00:00:00Z", "2014-09-01/2014-09-02T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Datetime>().map(|d| d.to_string()).as_deref(), Ok(told), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_mend() {
        for (text, says) in [
            ("yesterday", "2018-01-31"),
            ("2014-13-01", "2018-01-31"),
            ("2014-02-30", "2018-01-31"),
            ("", "two dates"),
            ("..", "two dates"),
            ("1/2/3", "two dates"),
            ("../..", "one side"),
            ("/", "one side"),
            ("2014-09-30/2014-09-01", "swap"),
            ("2014-09-02T00:00:00Z/2014-09-01T00:00:00Z", "swap"),
            ("2014-09-30T00:00:00Z/2014-09-01", "swap"),
            ("2014-09-01T12:00:00", "offset"),
            ("2014-09-01T12:00:00+25:00", "offset"),
            ("2014-09-01T12:00:00-24:00/..", "offset"),
            ("2014-09-01/P0D", "P2D"),
            ("2014-09-01/-P1D", "2018-01-31"),
            ("2014-09-01/PT6H", "PT6H"),
            ("../P2D", "P2D"),
            ("P1D/P2D", "2018-01-31"),
            ("2014-09-01/P999999999Y", "P2D"),
        ] {
            let refused = text.parse::<Datetime>().expect_err(text).to_string();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }

    #[test]
    fn a_date_is_a_day_of_the_zone_and_an_instant_its_second() {
        let seconds = |text: &str| text.parse::<Datetime>().expect(text).seconds_in(&zone());
        let midnight = 1_409_547_600; // 2014-09-01T05:00:00Z
        assert_eq!(seconds("2014-09-01"), (midnight, midnight + 86_400));
        assert_eq!(seconds("2014-09-01/P2D"), (midnight, midnight + 2 * 86_400));
        assert_eq!(seconds("2014-09-01T05:00:00.250Z"), (midnight, midnight + 1));
        assert_eq!(seconds("../2014-09-01T05:00:00Z"), (i64::MIN, midnight + 1));
        assert_eq!(seconds("1969-12-31T23:59:59.5Z"), (-1, 0));
    }

    #[test]
    fn analyses_get_the_local_dates_that_it_touches() {
        let period =
            |text: &str| text.parse::<Datetime>().expect(text).period_in(&zone()).map(|p| p.to_string());
        assert_eq!(
            period("2014-09-01T00:00:00Z/2014-09-02T12:00:00Z").as_deref(),
            Some("2014-08-31/2014-09-02")
        );
        assert_eq!(period("2014-09-01T00:00:00Z/..").as_deref(), Some("2014-08-31/.."));
        assert_eq!(period("2014-09-01").as_deref(), Some("2014-09-01/2014-09-01"));
    }
}
