//! The local date of a second, looked up instead of asked of a calendar each time.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Local dates of a zone, one after the other.
#[derive(Debug, Default)]
pub(super) struct Days {
    /// When the first begins and when the last ends, in seconds of UTC.
    reach: Option<(i64, i64)>,
    /// How much later than so many times 24 hours after the first each begins, and where the last ends.
    later: Vec<i32>,
}

/// Seconds of a day by the clock.
const DAY: i64 = 86_400;

impl Days {
    /// The dates from one to another, both included.
    pub(super) fn of(zone: &TimeZone, first: Date, last: Date) -> Self {
        let dates = first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last);
        let start = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second());
        let mut starts: Vec<i64> = dates.map_while(start).collect();
        starts.extend(last.tomorrow().ok().and_then(start));
        let (Some(&begin), Some(&end)) = (starts.first(), starts.last()) else { return Self::default() };
        let later = (0..).zip(&starts).map(|(nth, start)| i32::try_from(start - begin - nth * DAY));
        let later = later.collect::<Result<_, _>>().expect("clocks are off by days at most");
        Self { reach: (starts.len() > 1).then_some((begin, end)), later }
    }

    /// How many days after the first one a second lies; `None` if it lies on none of them.
    #[inline(always)]
    pub(super) fn number(&self, second: i64) -> Option<usize> {
        let (begin, _) = self.reach.filter(|(begin, end)| (*begin..*end).contains(&second))?;
        let since = (second - begin).cast_unsigned();
        let guess = (since / DAY.cast_unsigned()).min(self.later.len() as u64 - 2);
        // Clocks that change move a day by hours, so the guess is off by one at most, but where a zone left out a day.
        let into = (since - guess * DAY.cast_unsigned()).cast_signed();
        let at = guess as usize;
        let &[this, next] = self.later[at..].first_chunk()?;
        let (early, late) = (into < i64::from(this), into >= DAY + i64::from(next));
        let mut at = at + usize::from(late) - usize::from(early);
        let begins = |at: usize| i64::from(self.later[at]) + at as i64 * DAY;
        let since = second - begin;
        while begins(at) > since {
            at -= 1;
        }
        while begins(at + 1) <= since {
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
