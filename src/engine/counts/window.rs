//! Stretches of local dates that are counted beside each other, and the calendar within one.

use jiff::ToSpan;
use jiff::civil::Date;

use super::axis::{Unit, day_number};
use crate::model::period::Period;

/// Local dates from a first to a last one, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// First date.
    pub first: Date,
    /// Last date, not before the first.
    pub last: Date,
}

impl Span {
    /// From two dates; `None` if the last comes before the first.
    #[must_use]
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// As a period.
    #[must_use]
    pub fn period(self) -> Period {
        Period::new(Some(self.first), Some(self.last)).expect("a span is never empty")
    }

    /// How many days.
    #[must_use]
    pub fn days(self) -> i64 {
        day_number(self.last) - day_number(self.first) + 1
    }

    /// What of it lies no later than a date.
    pub(super) fn until(self, last: Date) -> Option<Self> {
        Self::new(self.first, self.last.min(last))
    }

    /// As many days right before it.
    pub(super) fn previous(self) -> Self {
        let days = self.days().days();
        Self { first: self.first.saturating_sub(days), last: self.last.saturating_sub(days) }
    }

    /// The same dates a year before; of 29 February the 28th.
    pub(super) fn year_ago(self) -> Self {
        let year = 1.year();
        Self { first: self.first.saturating_sub(year), last: self.last.saturating_sub(year) }
    }

    /// So many days that end with a date.
    pub(super) fn ending(last: Date, days: i64) -> Self {
        Self { first: last.saturating_sub((days - 1).days()), last }
    }

    /// Whether two of them share a day.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.last)
    }
}

/// The units of the calendar that a span touches, whole ones, in order.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// First day of the first unit, since 1970.
    first_day: i64,
    /// The unit of each day from then on.
    of_day: Vec<u32>,
    /// The days of every unit.
    pub(super) units: Vec<Span>,
}

impl Calendar {
    /// The units that a span touches; `None` if there are more than `most`.
    pub(super) fn of(unit: Unit, span: Span, most: usize) -> Option<Self> {
        let mut start = unit.start(span.first);
        let mut calendar = Self { first_day: day_number(start), of_day: Vec::new(), units: Vec::new() };
        while start <= span.last {
            let next = unit.step(start, 1);
            if next <= start || calendar.units.len() == most {
                return None;
            }
            let at = u32::try_from(calendar.units.len()).ok()?;
            let days = Span { first: start, last: next.saturating_sub(1.day()) };
            calendar.of_day.extend(std::iter::repeat_n(at, usize::try_from(days.days()).unwrap_or(0)));
            calendar.units.push(days);
            start = next;
        }
        Some(calendar)
    }

    /// The same number of units so many steps earlier.
    pub(super) fn earlier(&self, unit: Unit, steps: i64) -> Option<Self> {
        let (first, last) = (self.units.first()?, self.units.last()?);
        let span = Span::new(unit.step(first.first, -steps), unit.step(last.first, -steps))?;
        Self::of(unit, span, self.units.len()).filter(|found| found.units.len() == self.units.len())
    }

    /// The unit that a local day since 1970 lies in.
    pub(super) fn unit(&self, day: i64) -> Option<u32> {
        usize::try_from(day - self.first_day).ok().and_then(|at| self.of_day.get(at).copied())
    }

    /// From the first day of its first unit to the last day of its last one.
    pub(super) fn whole(&self) -> Option<Span> {
        Span::new(self.units.first()?.first, self.units.last()?.last)
    }
}

/// Dates that are counted, unit by unit where a calendar cuts them.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) span: Span,
    pub(super) calendar: Option<Calendar>,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn units_cover_every_day_of_a_span_once() {
        let span = Span::new(date(2015, 11, 3), date(2018, 3, 11)).expect("in order");
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Year] {
            let calendar = Calendar::of(unit, span, 10_000).expect("few");
            let whole = calendar.whole().expect("units");
            assert!(whole.first <= span.first && whole.last >= span.last);
            let mut day = day_number(whole.first);
            for (at, days) in (0..).zip(&calendar.units) {
                assert_eq!(day_number(days.first), day, "{unit:?}: no gap");
                assert_eq!(unit.start(days.last), days.first);
                (0..days.days()).for_each(|n| assert_eq!(calendar.unit(day + n), Some(at)));
                day += days.days();
            }
            assert_eq!((calendar.unit(day), calendar.unit(calendar.first_day - 1)), (None, None));
            for steps in [1, unit.in_a_year()] {
                let back = calendar.earlier(unit, steps).expect("as many");
                assert_eq!(back.units.len(), calendar.units.len());
                assert_eq!(unit.step(back.units[0].first, steps), calendar.units[0].first);
            }
        }
        assert!(Calendar::of(Unit::Day, span, 100).is_none(), "too many");
    }

    #[test]
    fn a_year_ago_a_leap_day_is_the_last_of_february() {
        let span = Span::new(date(2016, 2, 1), date(2016, 2, 29)).expect("in order");
        assert_eq!(span.year_ago().to_string(), "2015-02-01/2015-02-28");
        assert_eq!(span.previous().to_string(), "2016-01-03/2016-01-31");
        assert_eq!(Span::ending(date(2016, 3, 1), 28).to_string(), "2016-02-03/2016-03-01");
    }
}
