//! What incidents can be counted by.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::model::areas::AreaKind;

/// A stretch of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A local date.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl Unit {
    /// The first day of the unit that a date lies in.
    #[must_use]
    pub fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(since.days())
            }
            Self::Month => date(day.year(), day.month(), 1),
            Self::Year => date(day.year(), 1, 1),
        }
    }

    /// The first day so many units later, or earlier.
    #[must_use]
    pub fn step(self, start: Date, n: i64) -> Date {
        match self {
            Self::Day => start.saturating_add(n.days()),
            Self::Week => start.saturating_add(n.weeks()),
            Self::Month => start.saturating_add(n.months()),
            Self::Year => start.saturating_add(n.years()),
        }
    }

    /// How many of them lie between a unit and that of a year ago: days and weeks go back 52 weeks, to the same weekday.
    #[must_use]
    pub const fn in_a_year(self) -> i64 {
        match self {
            Self::Day => 364,
            Self::Week => 52,
            Self::Month => 12,
            Self::Year => 1,
        }
    }

    /// As it stands in parameters and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// A unit by its first day: `2018-01-29`, of a month `2018-01`, of a year `2018`.
    #[must_use]
    pub fn label(self, start: Date) -> String {
        match self {
            Self::Day | Self::Week => start.to_string(),
            Self::Month => start.strftime("%Y-%m").to_string(),
            Self::Year => start.strftime("%Y").to_string(),
        }
    }
}

/// What incidents are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Areas of a kind; of the only kind where none is named.
    Area(Option<AreaKind>),
    /// Categories.
    Category,
    /// Sources.
    Source,
    /// Who brought them up.
    Origin,
    /// Stretches of the calendar.
    Calendar(Unit),
    /// Monday to Sunday.
    Weekday,
    /// Hours of the local clock.
    Hour,
}

impl Axis {
    /// From its word in the table of parameters.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "area" => Self::Area(None),
            "category" => Self::Category,
            "source" => Self::Source,
            "origin" => Self::Origin,
            "day" => Self::Calendar(Unit::Day),
            "week" => Self::Calendar(Unit::Week),
            "month" => Self::Calendar(Unit::Month),
            "year" => Self::Calendar(Unit::Year),
            "weekday" => Self::Weekday,
            "hour" => Self::Hour,
            kind => Self::Area(Some(kind.parse().ok()?)),
        })
    }

    /// As it stands in results: areas of any kind are under one name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Area(_) => "area",
            Self::Category => "category",
            Self::Source => "source",
            Self::Origin => "origin",
            Self::Calendar(unit) => unit.word(),
            Self::Weekday => "weekday",
            Self::Hour => "hour",
        }
    }
}

/// Days since 1970 of a local date.
pub(super) fn day_number(day: Date) -> i64 {
    i64::from(date(1970, 1, 1).until(day).map_or(0, |span| span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::params::counts::COUNT_BY;
    use crate::engine::params::table::Kind;

    #[test]
    fn every_word_of_the_table_is_an_axis() {
        let Kind::Words(words) = COUNT_BY.kind else { panic!("words") };
        for word in words {
            let axis = Axis::from_word(word).unwrap_or_else(|| panic!("{word}"));
            assert!(axis.word() == *word || matches!(axis, Axis::Area(Some(kind)) if kind.word() == *word));
        }
        assert!(AreaKind::ALL.iter().all(|kind| words.contains(&kind.word())));
        assert_eq!(Axis::from_word("count"), None);
    }

    #[test]
    fn a_unit_begins_on_its_first_day_and_a_year_of_weeks_ends_on_the_same_weekday() {
        let day = date(2018, 3, 11);
        assert_eq!(Unit::Week.start(day), date(2018, 3, 5), "a Sunday belongs to the week before");
        assert_eq!(Unit::Week.start(date(2018, 1, 1)), date(2018, 1, 1));
        assert_eq!((Unit::Month.label(day), Unit::Year.label(day)), ("2018-03".into(), "2018".into()));
        for unit in [Unit::Day, Unit::Week] {
            let back = unit.step(day, -unit.in_a_year());
            assert_eq!(back.weekday(), day.weekday());
        }
        assert_eq!(Unit::Month.step(date(2018, 1, 1), -12), date(2017, 1, 1));
        assert_eq!((day_number(date(1970, 1, 2)), day_number(date(1969, 12, 31))), (1, -1));
    }
}
