//! The local date of a second, looked up instead of asked of a calendar each time.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Local dates of a zone, one after the other.
#[derive(Debug, Default)]
pub(super) struct Days {
    /// When each begins, in seconds of UTC, and when the last ends.
    starts: Vec<i64>,
}

impl Days {
    /// The dates from one to another, both included.
    pub(super) fn of(zone: &TimeZone, first: Date, last: Date) -> Self {
        let dates = first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last);
        let start = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second());
        let mut starts: Vec<i64> = dates.map_while(start).collect();
        starts.extend(last.tomorrow().ok().and_then(start));
        Self { starts }
    }

    /// How many days after the first one a second lies; `None` if it lies on none of them.
    #[inline]
    pub(super) fn number(&self, second: i64) -> Option<usize> {
        let (&first, &end) = (self.starts.first()?, self.starts.last()?);
        if !(first..end).contains(&second) {
            return None;
        }
        let mut at = (((second - first) / 86_400) as usize).min(self.starts.len() - 2);
        // Clocks that change move a day by hours, so the guess is off by one at most.
        while self.starts[at] > second {
            at -= 1;
        }
        while self.starts[at + 1] <= second {
            at += 1;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::local_date;
    use jiff::civil::date;

    #[test]
    fn the_date_is_that_of_the_calendar_when_clocks_change_and_where_a_day_is_left_out() {
        // Samoa had no 30 December 2011.
        for (zone, first, last) in [
            ("America/Chicago", date(2017, 1, 1), date(2018, 12, 31)),
            ("Pacific/Apia", date(2011, 11, 1), date(2012, 2, 1)),
            ("UTC", date(1969, 12, 1), date(1970, 2, 1)),
        ] {
            let zone = TimeZone::get(zone).expect("known");
            let days = Days::of(&zone, first, last);
            let begin = first.to_zoned(zone.clone()).expect("a time").timestamp().as_second();
            for second in (begin..begin + 60 * 86_400).step_by(1_777) {
                let at = i32::try_from(days.number(second).expect("one of them")).expect("few");
                let told = first.checked_add(jiff::Span::new().days(at)).expect("a date");
                assert_eq!(Some(told), local_date(second, &zone), "{second}");
            }
            assert_eq!(days.number(begin - 1), None);
            let end =
                last.tomorrow().expect("a date").to_zoned(zone).expect("a time").timestamp().as_second();
            assert_eq!(days.number(end), None);
        }
        assert_eq!(Days::default().number(0), None);
    }
}
