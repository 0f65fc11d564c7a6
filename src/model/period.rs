//! When: intervals of time in UTC, and periods of local dates that cannot be empty.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How exactly a source states a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute: most police files.
    #[default]
    Minute,
    /// To the hour.
    Hour,
    /// Only the local date.
    Day,
    /// Only the month.
    Month,
    /// Somewhere between two times: a burglary during a holiday.
    Range,
}

impl Precision {
    /// All of them, the finest first.
    pub const ALL: [Self; 6] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Range];

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Range => "range",
        }
    }
}

/// When an incident happened: `[from, to)` in seconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// First second, since 1970 UTC.
    pub from: i64,
    /// How many seconds it lasts; at least 1.
    pub seconds: u32,
    /// How exactly the source states it.
    pub precision: Precision,
}

impl Interval {
    /// The first second after it.
    #[must_use]
    pub fn to(self) -> i64 {
        self.from + i64::from(self.seconds)
    }
}

/// Local dates from a first to a last one, both included; either end may be open. Never empty.
///
/// # Examples
///
/// ```
/// use hotblocks::model::period::Period;
/// let first_half: Period = "2014-09-01/2014-09-15".parse()?;
/// assert_eq!(first_half.to_string(), "2014-09-01/2014-09-15");
/// assert!("2014-09-15/2014-09-01".parse::<Period>().is_err()); // would be empty
/// # Ok::<(), hotblocks::model::period::PeriodError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    first: Option<Date>,
    last: Option<Date>,
}

/// Why a text is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// A date cannot be read.
    #[error("`{text}` is no date; give dates as 2018-01-31, a period as 2018-01-01/2018-12-31")]
    Date {
        /// What was given.
        text: String,
    },
    /// Not two ends.
    #[error("`{text}` is no period; give two dates as 2018-01-01/2018-12-31, or .. for an open end")]
    Form {
        /// What was given.
        text: String,
    },
    /// The last date comes before the first.
    #[error("the period {first}/{last} ends before it begins; swap its dates")]
    Reversed {
        /// The date given first.
        first: Date,
        /// The date given last.
        last: Date,
    },
    /// Open on both sides.
    #[error("a period needs a date on one side at least; leave it out to mean all time")]
    Unbounded,
}

impl Period {
    /// The dates from `first` to `last`, both included; `None` leaves an end open.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Reversed`] if it would be empty, [`PeriodError::Unbounded`] if it would be everything.
    pub fn new(first: Option<Date>, last: Option<Date>) -> Result<Self, PeriodError> {
        match (first, last) {
            (None, None) => Err(PeriodError::Unbounded),
            (Some(first), Some(last)) if last < first => Err(PeriodError::Reversed { first, last }),
            _ => Ok(Self { first, last }),
        }
    }

    /// The seconds of UTC that these dates cover in a time zone, as `[from, to)`.
    ///
    /// A date begins at its first instant there, which a change of clocks may put at 01:00.
    #[must_use]
    pub fn seconds_in(self, zone: &TimeZone) -> (i64, i64) {
        let begins = |day: Date| {
            day.to_zoned(zone.clone()).map_or_else(
                |_| if day.year() < 0 { i64::MIN } else { i64::MAX },
                |at| at.timestamp().as_second(),
            )
        };
        let from = self.first.map_or(i64::MIN, begins);
        let to = self.last.map_or(i64::MAX, |last| last.checked_add(1.day()).map_or(i64::MAX, begins));
        (from, to)
    }

    /// First date, if that end is closed.
    #[must_use]
    pub fn first(self) -> Option<Date> {
        self.first
    }

    /// Last date, if that end is closed.
    #[must_use]
    pub fn last(self) -> Option<Date> {
        self.last
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;

    /// `A/B`, `A/..`, `../B`, or one date.
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let text = text.trim();
        let end = |part: &str| match part.trim() {
            "" | ".." => Ok(None),
            date => parse_date(date).map(Some),
        };
        match text.split('/').collect::<Vec<_>>()[..] {
            [day] if !day.is_empty() && day != ".." => Self::new(end(day)?, end(day)?),
            [first, last] => Self::new(end(first)?, end(last)?),
            _ => Err(PeriodError::Form { text: text.to_owned() }),
        }
    }
}

/// A date in its full form, as `2014-09-30`.
///
/// # Errors
///
/// [`PeriodError::Date`] for another form, or a day that is none.
pub fn parse_date(text: &str) -> Result<Date, PeriodError> {
    let bad = || PeriodError::Date { text: text.to_owned() };
    let is_date = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if is_date { text.parse().map_err(|_| bad()) } else { Err(bad()) }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |day: Option<Date>| day.map_or_else(|| "..".to_owned(), |d| d.to_string());
        write!(f, "{}/{}", end(self.first), end(self.last))
    }
}

/// A second of UTC as local date and time in a zone, RFC 3339 with its offset.
#[must_use]
pub fn local_time(second: i64, zone: &TimeZone) -> String {
    Timestamp::from_second(second).map_or_else(|_| String::new(), |at| zone_text(at, zone))
}

fn zone_text(at: Timestamp, zone: &TimeZone) -> String {
    at.display_with_offset(zone.to_offset(at)).to_string()
}

/// The local date of a second of UTC.
#[must_use]
pub fn local_date(second: i64, zone: &TimeZone) -> Option<Date> {
    Some(Timestamp::from_second(second).ok()?.to_zoned(zone.clone()).date())
}

/// What a clock of the zone shows at a second of UTC, in seconds since its 1970.
///
/// Local dates are whole days of 86,400 s apart in it, also across a change of clocks; then an hour is missing or comes
/// twice. `None` beyond the years that can be told.
#[must_use]
pub fn clock_seconds(second: i64, zone: &TimeZone) -> Option<i64> {
    let at = Timestamp::from_second(second).ok()?;
    Some(second + i64::from(zone.to_offset(at).seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone of the bundled database")
    }

    #[test]
    fn both_local_dates_are_included() {
        let day: Period = "2014-09-01/2014-09-01".parse().expect("one day");
        let (from, to) = day.seconds_in(&zone("America/New_York"));
        assert_eq!(to - from, 86_400);
        assert_eq!(local_time(from, &zone("America/New_York")), "2014-09-01T00:00:00-04:00");
    }

    #[test]
    fn the_day_the_clocks_change_is_23_or_25_hours_long() {
        for (day, hours) in [("2018-03-11", 23), ("2018-11-04", 25)] {
            let (from, to) = day.parse::<Period>().expect("a day").seconds_in(&zone("America/Chicago"));
            assert_eq!((to - from) / 3600, hours, "{day}");
        }
    }

    #[test]
    fn midnights_are_whole_days_apart_by_the_clock() {
        let zone = zone("America/Chicago");
        let midnights = ["2018-03-10", "2018-03-11", "2018-03-12", "2018-11-04", "2018-11-05"].map(|day| {
            let (from, _) = day.parse::<Period>().expect("a day").seconds_in(&zone);
            clock_seconds(from, &zone).expect("a year that can be told")
        });
        assert!(midnights.iter().all(|second| second % 86_400 == 0), "{midnights:?}");
        assert_eq!(midnights[2] - midnights[0], 2 * 86_400);
        assert_eq!(clock_seconds(i64::MAX, &zone), None);
    }

    #[test]
    fn what_is_no_period_is_refused_with_the_mend() {
        for bad in [
            "",
            "..",
            "../..",
            "2018-13-01/2018-12-31",
            "yesterday",
            "2018-01-01/2018-02-01/2018-03-01",
            "2018-02-30",
            "2018-1-1",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad} was read as a period");
        }
        let reversed = "2018-02-01/2018-01-01".parse::<Period>().expect_err("reversed");
        assert!(reversed.to_string().contains("swap"), "{reversed}");
    }

    #[test]
    fn an_open_end_has_no_bound() {
        let since: Period = "2018-01-01/..".parse().expect("open");
        assert_eq!(since.seconds_in(&TimeZone::UTC).1, i64::MAX);
        assert_eq!(since.to_string(), "2018-01-01/..");
    }
}
