//! Times as sources write them, to intervals in UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::form::{Civil, Finest, Form};
use super::table::trimmed;
use crate::model::period::{Interval, Precision};
use crate::model::report::Day;

/// The forms that a column's texts may have; the first that fits counts.
#[derive(Clone, Debug, Default)]
pub struct Forms(Vec<Form>);

impl Forms {
    /// Makes forms ready, as in `strptime`.
    #[must_use]
    pub fn new(forms: &[String]) -> Self {
        Self(forms.iter().map(|form| Form::new(form)).collect())
    }

    #[inline]
    fn read(&self, text: &str) -> Option<(Civil, Finest)> {
        let text = trimmed(text);
        self.0.iter().find_map(|form| Some((form.read(text)?, form.finest)))
    }
}

/// The local clock of one source: local times to seconds of UTC.
///
/// A time that the clocks jump over is an hour later, as the clock would show; one that comes twice is
/// the first of the two.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    /// Seconds east of UTC by day from [`FIRST_DAY`]; days on which they change ask the zone each time.
    offsets: Vec<i32>,
    /// Times that stand for 'unknown', in seconds since midnight.
    placeholders: Vec<u32>,
}

const FIRST_DAY: i32 = -25_567; // 1900-01-01
const LAST_DAY: i32 = 47_847; // 2101-01-01
const NOT_ASKED: i32 = i32::MIN;
const CHANGES: i32 = i32::MAX;

impl Clock {
    /// The clock of a zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, offsets: vec![NOT_ASKED; (LAST_DAY - FIRST_DAY + 1) as usize], placeholders: Vec::new() }
    }

    /// The same, taking these times (`00:00`) for 'unknown': such an incident has the whole day.
    #[must_use]
    pub fn with_placeholders(mut self, times: &[String]) -> Self {
        let form = Form::new("%H:%M");
        self.placeholders = times.iter().filter_map(|time| form.read(time)?.second).collect();
        self
    }

    /// Reads a date with its time; a form without a time gives the whole day, without a day the month.
    ///
    /// `None` if no form fits.
    #[inline]
    pub fn read(&mut self, text: &str, forms: &Forms) -> Option<Interval> {
        match forms.read(text) {
            Some((civil, finest)) => self.interval(civil, finest),
            None => self.read_24(text, forms),
        }
    }

    /// The same of what `value` makes of a text, in less time where the text has all the digits of the first form: then it is a
    /// value as it stands.
    #[inline(always)]
    pub(super) fn read_plain(
        &mut self,
        text: &str,
        forms: &Forms,
        value: impl Fn(&str) -> &str,
    ) -> Option<Interval> {
        if let Some(form) = forms.0.first()
            && let Some(Civil { year, month, day: Some(day), second: Some(second), offset }) =
                form.read_fixed(text)
            && !self.placeholders.contains(&second)
        {
            return self.point(days(year, month, day), second, offset, form.finest);
        }
        self.read(value(text), forms)
    }

    /// The day that ends at 24:00, and not a time on the next one.
    #[cold]
    fn read_24(&mut self, text: &str, forms: &Forms) -> Option<Interval> {
        let at = text.find([' ', 'T']).filter(|&at| is_24(&text[at + 1..]))?;
        let (civil, finest) = forms.read(&format!("{}00{}", &text[..=at], &text[at + 3..]))?;
        civil.second?;
        self.interval(Civil { second: None, offset: None, ..civil }, finest.min(Finest::Day))
    }

    /// Reads a date and a time from two columns; without a time the incident has the whole day.
    ///
    /// So it has where the time is 24:00. Of a date that bears an offset the local date counts. The error is 0 if the date is at fault, 1 if the time is.
    ///
    /// # Errors
    ///
    /// Which of the two no form fits.
    pub fn read_parts(
        &mut self,
        (date, time): (&str, &str),
        (date_forms, time_forms): (&Forms, &Forms),
    ) -> Result<Interval, usize> {
        let (date, _) = date_forms.read(date).ok_or(0usize)?;
        let date = self.local_date(date).ok_or(0usize)?;
        let time = time.trim();
        if time.is_empty() || is_24(time) {
            return self.interval(Civil { second: None, offset: None, ..date }, Finest::Day).ok_or(0);
        }
        // `30` for half past midnight: spreadsheets lose the zeros of 0030.
        let padded =
            (time.len() < 4 && time.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{time:0>4}"));
        let read = |text: &str| time_forms.read(text);
        let (time, finest) = read(time).or_else(|| read(padded.as_deref()?)).ok_or(1usize)?;
        self.interval(Civil { second: time.second, offset: None, ..date }, finest).ok_or(1)
    }

    /// Reads the day by which something was known; of a month it is the last.
    pub fn day(&mut self, text: &str, forms: &Forms) -> Option<Day> {
        let (civil, _) = forms.read(text)?;
        let local = self.local_date(civil)?;
        match local.day {
            Some(day) => Some(Day(days(local.year, local.month, day))),
            None => {
                let (year, month) = next_month(local.year, local.month);
                Some(Day(days(year, month, 1) - 1))
            }
        }
    }

    /// Reads a revision: a whole number, or a time, of which the later is the higher.
    pub fn revision(&mut self, text: &str, forms: &Forms) -> Option<i64> {
        text.trim().parse().ok().or_else(|| self.read(text, forms).map(|when| when.from))
    }

    /// The local date of a time that bears an offset; any other stays as it is.
    fn local_date(&mut self, civil: Civil) -> Option<Civil> {
        let (Some(second), Some(offset), Some(day)) = (civil.second, civil.offset, civil.day) else {
            return Some(civil);
        };
        let utc =
            i64::from(days(civil.year, civil.month, day)) * 86_400 + i64::from(second) - i64::from(offset);
        let local = self.zone.to_datetime(jiff::Timestamp::from_second(utc).ok()?).date();
        Some(Civil {
            year: i32::from(local.year()),
            month: u32::from(local.month().unsigned_abs()),
            day: Some(u32::from(local.day().unsigned_abs())),
            ..civil
        })
    }

    #[inline]
    fn interval(&mut self, civil: Civil, finest: Finest) -> Option<Interval> {
        let whole = |from: i64, to: i64, precision| {
            Some(Interval { from, seconds: u32::try_from(to - from).ok().filter(|s| *s > 0)?, precision })
        };
        let Some(day) = civil.day else {
            let (year, month) = next_month(civil.year, civil.month);
            let from = self.begin(days(civil.year, civil.month, 1))?;
            return whole(from, self.begin(days(year, month, 1))?, Precision::Month);
        };
        let date = days(civil.year, civil.month, day);
        let told = civil.second.filter(|second| !self.placeholders.contains(second));
        let Some(second) = told else {
            let from = self.begin(date)?;
            return whole(from, self.begin(date + 1)?, Precision::Day);
        };
        self.point(date, second, civil.offset, finest)
    }

    /// What happened on a day since 1970 at a second of it.
    #[inline(always)]
    fn point(&mut self, date: i32, second: u32, offset: Option<i32>, finest: Finest) -> Option<Interval> {
        let from = match offset {
            Some(offset) => i64::from(date) * 86_400 + i64::from(second) - i64::from(offset),
            None => self.instant(date, second)?,
        };
        let (seconds, precision) = match finest {
            Finest::Second => (1, Precision::Second),
            Finest::Minute => (60, Precision::Minute),
            Finest::Hour | Finest::Day | Finest::Month => (3600, Precision::Hour),
        };
        Some(Interval { from, seconds, precision })
    }

    /// The first second of a local day.
    fn begin(&mut self, day: i32) -> Option<i64> {
        self.instant(day, 0)
    }

    /// A local time of a day since 1970 as seconds of UTC.
    #[inline]
    fn instant(&mut self, day: i32, second: u32) -> Option<i64> {
        let local = i64::from(day) * 86_400 + i64::from(second);
        let slot = usize::try_from(day - FIRST_DAY).ok()?;
        match *self.offsets.get(slot)? {
            NOT_ASKED => {
                let (begins, ends) = (self.ask(day, 0)?, self.ask(day + 1, 0)?);
                let midnight = i64::from(day) * 86_400;
                let offset = midnight - begins;
                self.offsets[slot] = if ends - begins == 86_400 { offset as i32 } else { CHANGES };
                self.instant(day, second)
            }
            CHANGES => self.ask(day, second),
            offset => Some(local - i64::from(offset)),
        }
    }

    /// The same by the zone's own table.
    fn ask(&self, day: i32, second: u32) -> Option<i64> {
        let date = Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().days(day)).ok()?;
        let part = |n: u32| i8::try_from(n).ok();
        let time = Time::new(part(second / 3600)?, part(second / 60 % 60)?, part(second % 60)?, 0).ok()?;
        Some(self.zone.to_timestamp(DateTime::from_parts(date, time)).ok()?.as_second())
    }
}

/// Whether a text is the end of a day: `24:00`, `2400`, `24:00:00`.
fn is_24(text: &str) -> bool {
    let zeros = |text: &str| text.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    text.strip_prefix("24").is_some_and(|rest| rest.len() >= 2 && zeros(rest))
}

fn next_month(year: i32, month: u32) -> (i32, u32) {
    if month == 12 { (year + 1, 1) } else { (year, month + 1) }
}

/// Days since 1970-01-01 of a date that is one.
///
/// Source: Hinnant, *chrono-compatible low-level date algorithms*, `days_from_civil`.
#[inline]
fn days(year: i32, month: u32, day: u32) -> i32 {
    // From March, so that the day of a leap year is the last; 12 times 400 years later, so that none is below 0.
    let (year, from_march) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let year = (year + 4_800).cast_unsigned();
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day;
    days.cast_signed() - 12 * 146_097 - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::local_time;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("bundled")
    }

    fn forms(forms: &[&str]) -> Forms {
        Forms::new(&forms.iter().map(|&f| f.to_owned()).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(text: &str, form: &str, zone_name: &str, expected: &str) {
        let zone = zone(zone_name);
        let found = Clock::new(zone.clone()).read(text, &forms(&[form])).map(|i| local_time(i.from, &zone));
        assert_eq!(found.as_deref().unwrap_or("refused"), expected, "{text}");
    }

    #[test]
    fn times_are_read_as_sources_write_them() {
        check("01/01/2009 08:47", "%m/%d/%Y %H:%M", "America/Chicago", "2009-01-01T08:47:00-06:00");
        check("6/1/2013 0:10", "%m/%d/%Y %H:%M", "America/Chicago", "2013-06-01T00:10:00-05:00");
        check("2018-07-04T01:02:03Z", "%Y-%m-%dT%H:%M:%S%:z", "America/Chicago", "2018-07-03T20:02:03-05:00");
        check("2018-07-04", "%Y-%m-%d", "America/Chicago", "2018-07-04T00:00:00-05:00");
        let socrata = "%Y-%m-%dT%H:%M:%S%.f";
        check("2012-01-01T00:00:00.000", socrata, "America/Chicago", "2012-01-01T00:00:00-06:00");
        check("2012-01-01T06:00:00Z", "%Y-%m-%dT%H:%M:%SZ", "UTC", "2012-01-01T06:00:00+00:00");
        check("1/2/18", "%m/%d/%Y", "America/Chicago", "refused");
        check("yesterday", "%Y-%m-%d", "America/Chicago", "refused");
        check("02/30/2018 10:00", "%m/%d/%Y %H:%M", "America/Chicago", "refused");
        check("01/02/2018 25:00", "%m/%d/%Y %H:%M", "America/Chicago", "refused");
    }

    #[test]
    fn new_haven_dates_and_times_are_read() {
        let zone = zone("America/New_York");
        let mut clock = Clock::new(zone.clone());
        let (dates, times) = (forms(&["%a, %b %d %Y"]), forms(&["%I:%M %p"]));
        let mut read = |d: &str, t: &str| clock.read_parts((d, t), (&dates, &times));
        let afternoon = read(" Thu, Sept. 18th 2014", " 01:53 p.m.").expect("as the sample has it");
        assert_eq!(local_time(afternoon.from, &zone), "2014-09-18T13:53:00-04:00");
        let midnight = read("Mon, Sept. 1st 2014", "12:00 a.m.").map(|i| local_time(i.from, &zone));
        assert_eq!(midnight.as_deref(), Ok("2014-09-01T00:00:00-04:00"));
        assert_eq!(read("Mon, Sept. 31st 2014", "12:00 a.m."), Err(0));
        assert_eq!(read("Mon, Sept. 1st 2014", "noon"), Err(1));
        assert_eq!(read("Mon, Sept. 1st 2014", "").map(|i| i.seconds), Ok(86_400));
    }

    #[test]
    fn a_time_in_the_spring_gap_is_an_hour_later_and_one_in_the_fold_is_the_first() {
        check("03/11/2018 02:30", "%m/%d/%Y %H:%M", "America/Chicago", "2018-03-11T03:30:00-05:00");
        check("11/04/2018 01:30", "%m/%d/%Y %H:%M", "America/Chicago", "2018-11-04T01:30:00-05:00");
    }

    #[test]
    fn every_hour_of_a_year_is_what_the_zone_says() {
        for name in ["America/Chicago", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe"] {
            let mut clock = Clock::new(zone(name));
            for (day, hour) in (16_801..17_200).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
                assert_eq!(
                    clock.instant(day, hour * 3600),
                    clock.ask(day, hour * 3600),
                    "{name} {day} {hour}"
                );
            }
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let mut date = Date::new(1899, 12, 30).expect("a date");
        let first = Date::new(1970, 1, 1).expect("a date");
        for _ in 0..75_000 {
            let (y, m, d) = (date.year(), date.month().unsigned_abs(), date.day().unsigned_abs());
            let expected = date.since(first).expect("in range").get_days();
            assert_eq!(days(i32::from(y), u32::from(m), u32::from(d)), expected, "{date}");
            date = date.tomorrow().expect("in range");
        }
    }

    #[test]
    fn what_happened_at_24_00_has_the_day_that_ends_then() {
        let mut clock = Clock::new(zone("America/New_York"));
        let both = forms(&["%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%S"]);
        let day = clock.read("2018-07-04", &forms(&["%Y-%m-%d"])).expect("a day");
        assert_eq!(clock.read("07/04/2018 24:00", &both), Some(day));
        assert_eq!(clock.read("2018-07-04T24:00:00", &both), Some(day));
        for later in ["07/04/2018 24:01", "07/04/2018 25:00", "07/04/2018 24", "24:00"] {
            assert_eq!(clock.read(later, &both), None, "{later}");
        }
        let (dates, times) = (forms(&["%m/%d/%Y"]), forms(&["%H:%M:00", "%H%M"]));
        let mut at = |time: &str| clock.read_parts(("07/04/2018", time), (&dates, &times));
        assert_eq!((at("24:00:00"), at("2400"), at("24:30:00")), (Ok(day), Ok(day), Err(1)));
        assert_eq!(at("240").map(|when| when.from - day.from), Ok(2 * 3_600 + 40 * 60));
    }

    #[test]
    fn a_text_with_all_its_digits_is_read_as_any_other() {
        let all = [
            "2018-07-04 01:02:03",
            " 2018-07-04 01:02:03 ",
            "2018-07-04 00:00:00",
            "2018-7-4 1:02:03",
            "2018-07-04 24:00:00",
            "2018-02-30 01:02:03",
            "2018-03-11 02:30:00",
            "2018-07-04",
            "1018-07-04 01:02:03",
            "NA",
            "",
        ];
        let forms = forms(&["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]);
        let placeholders = ["00:00".to_owned()];
        let mut read = 0;
        for (text, placeholders) in all.iter().flat_map(|text| [(text, &[][..]), (text, &placeholders)]) {
            let mut clock = Clock::new(zone("America/Chicago")).with_placeholders(placeholders);
            let plainly = clock.read(text.trim(), &forms);
            assert_eq!(clock.read_plain(text, &forms, str::trim), plainly, "{text:?} {placeholders:?}");
            read += usize::from(plainly.is_some());
        }
        assert_eq!(read, 14);
    }

    #[test]
    fn a_month_an_hour_and_a_lost_zero_are_read_for_what_they_are() {
        let mut clock = Clock::new(zone("America/Chicago"));
        let month = clock.read("2018-03", &forms(&["%Y-%m"])).expect("a month");
        // March 2018 lost an hour.
        assert_eq!((month.seconds, month.precision), (31 * 86_400 - 3_600, Precision::Month));
        let dates = forms(&["%Y-%m-%d", "%Y/%m/%d %H:%M:%S%#z"]);
        let hour = clock.read_parts(("2018-07-04", "8"), (&dates, &forms(&["%H"]))).expect("an hour");
        assert_eq!((hour.seconds, hour.precision), (3_600, Precision::Hour));
        let half_past = clock.read_parts(("2018-07-04", "30"), (&dates, &forms(&["%H%M"]))).expect("a time");
        assert_eq!(half_past.from - clock.read("2018-07-04", &dates).expect("a day").from, 1_800);
        // Local midnight written as UTC: the local date counts.
        let toronto = clock.read_parts(("2014/03/02 06:00:00+00", "8"), (&dates, &forms(&["%H"])));
        assert_eq!(
            local_time(toronto.expect("a time").from, &zone("America/Chicago")),
            "2014-03-02T08:00:00-06:00"
        );
        assert_eq!(clock.day("2018-02", &forms(&["%Y-%m"])), Some(Day(17_590)));
        assert_eq!(clock.revision(" 7 ", &forms(&[])), Some(7));
    }
}
