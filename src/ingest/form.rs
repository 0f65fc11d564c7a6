//! Forms of dates and times (`%m/%d/%Y %H:%M`): the usual ones are read by digits, all others by `jiff`.

use jiff::fmt::strtime;

use super::fixed::Fixed;

/// A date and time as a source writes it, before any time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i32,
    pub(super) month: u32,
    pub(super) day: Option<u32>,
    /// Seconds since midnight.
    pub(super) second: Option<u32>,
    /// Seconds east of UTC, where the text says so.
    pub(super) offset: Option<i32>,
}

/// How fine a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Finest {
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// One form, made ready.
#[derive(Clone, Debug)]
pub(super) struct Form {
    text: String,
    pub(super) finest: Finest,
    has_date: bool,
    steps: Option<Vec<Step>>,
    /// Reads most texts of the form in a third of the time that the steps take.
    fixed: Option<Fixed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Year,
    ShortYear,
    Month,
    Day,
    Hour,
    Hour12,
    Minute,
    Second,
    /// `.123`, also nothing.
    Fraction,
    HalfDay,
    Offset,
    Blank,
    Byte(u8),
}

impl Form {
    /// Makes a form ready.
    pub(super) fn new(text: &str) -> Self {
        let whole = text.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%R", "%H:%M");
        let whole = whole.replace("%D", "%m/%d/%y");
        let has = |any: &[&str]| any.iter().any(|directive| whole.contains(directive));
        let finest = if has(&["%S"]) {
            Finest::Second
        } else if has(&["%M"]) {
            Finest::Minute
        } else if has(&["%H", "%I"]) {
            Finest::Hour
        } else if has(&["%d", "%e", "%j"]) || !has(&["%Y", "%y"]) {
            Finest::Day
        } else {
            Finest::Month
        };
        let steps = steps(&whole);
        let fixed = steps.as_deref().and_then(Fixed::of);
        Self { finest, has_date: has(&["%Y", "%y"]), steps, fixed, text: whole }
    }

    /// Reads a text that has been trimmed; `None` if the form does not fit or there is no such date or time.
    #[inline]
    pub(super) fn read(&self, text: &str) -> Option<Civil> {
        let fixed = self.fixed.as_ref().and_then(|fixed| fixed.read(text.as_bytes()));
        let civil = match fixed {
            Some(civil) => civil,
            None => self.read_by_steps(text)?,
        };
        self.is_right(&civil).then_some(civil)
    }

    /// The same of a text with all its digits at their places; `None` of any other.
    #[inline(always)]
    pub(super) fn read_fixed(&self, text: &str) -> Option<Civil> {
        self.fixed.as_ref()?.read(text.as_bytes()).filter(|civil| self.is_right(civil))
    }

    /// Whether there is such a date and time; `1/2/18` read as the year 18 is none.
    #[inline]
    fn is_right(&self, civil: &Civil) -> bool {
        let in_range = !self.has_date || (1900..=2100).contains(&civil.year);
        in_range && is_date(civil, self.has_date)
    }

    #[inline(never)]
    fn read_by_steps(&self, text: &str) -> Option<Civil> {
        match &self.steps {
            Some(steps) => run(steps, text.as_bytes(), self.has_date),
            None => self.read_slowly(text),
        }
    }

    fn read_slowly(&self, text: &str) -> Option<Civil> {
        let parsed = strtime::parse(&self.text, tidy(text)).ok()?;
        let date = parsed.to_date().ok();
        let time = parsed.to_time().ok().filter(|_| parsed.hour().is_some());
        let month = || Some((i32::from(parsed.year()?), parsed.month()?.unsigned_abs().into()));
        let (year, month) = match date {
            Some(date) => (i32::from(date.year()), u32::from(date.month().unsigned_abs())),
            None if self.finest == Finest::Month => month()?,
            None if self.has_date => return None,
            None => (0, 1),
        };
        Some(Civil {
            year,
            month,
            day: date.map(|date| u32::from(date.day().unsigned_abs())),
            second: time.map(|t| {
                u32::from(t.hour().unsigned_abs()) * 3600
                    + u32::from(t.minute().unsigned_abs()) * 60
                    + u32::from(t.second().unsigned_abs())
            }),
            offset: parsed.offset().map(jiff::tz::Offset::seconds),
        })
    }
}

#[inline]
fn is_date(civil: &Civil, has_date: bool) -> bool {
    let date = |day: u32| (1..=days_in_month(civil.year, civil.month)).contains(&day);
    civil.second.is_none_or(|s| s < 86_400) && (!has_date || date(civil.day.unwrap_or(1)))
}

/// Days of a month of the Gregorian calendar; 0 if there is no such month.
#[inline]
fn days_in_month(year: i32, month: u32) -> u32 {
    const DAYS: [u8; 16] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];
    let days = DAYS.get(month as usize).copied().unwrap_or(0);
    // Without branches: months and years come in no order. Of the centuries every fourth one is divisible by 16.
    let leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 16 == 0));
    u32::from(days) + u32::from(leap & (month == 2))
}

/// The steps of a form; `None` if it has a directive that is not read by digits.
fn steps(form: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut bytes = form.bytes().peekable();
    while let Some(byte) = bytes.next() {
        steps.push(match byte {
            b'%' => match bytes.next()? {
                b'Y' => Step::Year,
                b'y' => Step::ShortYear,
                b'm' => Step::Month,
                b'd' | b'e' => Step::Day,
                b'H' | b'k' => Step::Hour,
                b'I' | b'l' => Step::Hour12,
                b'M' => Step::Minute,
                b'S' => Step::Second,
                b'p' | b'P' => Step::HalfDay,
                b'z' => Step::Offset,
                b':' | b'#' if bytes.next_if_eq(&b'z').is_some() => Step::Offset,
                b'.' if bytes.next_if_eq(&b'f').is_some() => Step::Fraction,
                _ => return None,
            },
            byte if byte.is_ascii_whitespace() => Step::Blank,
            byte => Step::Byte(byte),
        });
    }
    Some(steps)
}

/// Reads a text by steps; all of it must be used.
fn run(steps: &[Step], text: &[u8], has_date: bool) -> Option<Civil> {
    let mut rest = text;
    let (mut year, mut month, mut day) = (0, 1, None);
    let (mut hour, mut hour12, mut minute, mut second, mut offset) = (None, None, 0, 0, None);
    let mut afternoon = None;
    for step in steps {
        match *step {
            Step::Year => year = number(&mut rest, 4, 4)? as i32,
            Step::ShortYear => {
                let short = number(&mut rest, 2, 2)? as i32;
                year = if short < 69 { 2000 + short } else { 1900 + short };
            }
            Step::Month => month = number(&mut rest, 1, 2)?,
            Step::Day => day = Some(number(&mut rest, 1, 2)?),
            Step::Hour => hour = Some(number(&mut rest, 1, 2).filter(|h| *h < 24)?),
            Step::Hour12 => hour12 = Some(number(&mut rest, 1, 2).filter(|h| (1..=12).contains(h))?),
            Step::Minute => minute = number(&mut rest, 1, 2).filter(|m| *m < 60)?,
            Step::Second => second = number(&mut rest, 1, 2).filter(|s| *s < 60)?,
            Step::Fraction => {
                if let Some(after) = rest.strip_prefix(b".") {
                    let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
                    rest = &after[(digits > 0).then_some(digits)?..];
                }
            }
            Step::HalfDay => {
                afternoon = Some(matches!(rest.first()?, b'p' | b'P'));
                let long = [&b"a.m."[..], b"p.m."].iter().any(|w| starts_with(rest, w));
                let short = [&b"am"[..], b"pm"].iter().any(|w| starts_with(rest, w));
                rest = &rest[if long { 4 } else { short.then_some(2)? }..];
            }
            Step::Offset => offset = Some(offset_of(&mut rest)?),
            Step::Blank => {
                let trimmed = rest.trim_ascii_start();
                rest = (trimmed.len() < rest.len()).then_some(trimmed)?;
            }
            Step::Byte(byte) => rest = rest.strip_prefix(&[byte])?,
        }
    }
    let hour = match (hour, hour12, afternoon) {
        (Some(hour), ..) => Some(hour),
        (None, Some(hour), Some(pm)) => Some(hour % 12 + if pm { 12 } else { 0 }),
        (None, Some(_), None) => return None,
        (None, None, _) => None,
    };
    let civil = Civil { year, month, day, second: hour.map(|h| h * 3600 + minute * 60 + second), offset };
    (rest.is_empty() && (has_date || hour.is_some())).then_some(civil)
}

fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word)
}

/// A number of so many digits; takes as many as it may.
fn number(rest: &mut &[u8], least: usize, most: usize) -> Option<u32> {
    let (mut number, mut digits) = (0, 0);
    for &byte in rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()) {
        number = number * 10 + u32::from(byte - b'0');
        digits += 1;
    }
    *rest = rest.get(digits..).filter(|_| digits >= least)?;
    Some(number)
}

/// `Z`, `+01`, `+0100`, `+01:00` in seconds.
pub(super) fn offset_of(rest: &mut &[u8]) -> Option<i32> {
    let (&sign, mut after) = rest.split_first()?;
    let sign = match sign {
        b'Z' | b'z' => {
            *rest = after;
            return Some(0);
        }
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = number(&mut after, 2, 2)?;
    let colon = after.strip_prefix(b":");
    let mut minutes_at = colon.unwrap_or(after);
    let minutes = number(&mut minutes_at, 2, 2);
    if minutes.is_some() {
        after = minutes_at;
    } else if colon.is_some() {
        return None;
    }
    *rest = after;
    Some(sign * (hours * 3600 + minutes.unwrap_or(0) * 60) as i32)
}

/// `Thu, Sept. 18th 2014` as `Thu, Sep 18 2014`, `01:53 p.m.` as `01:53 PM`, one space between words.
fn tidy(text: &str) -> String {
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
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

    #[test]
    fn reading_by_digits_gives_what_jiff_gives() {
        for (form, text) in [
            ("%Y-%m-%d", "2018-07-04"),
            ("%m/%d/%Y %H:%M", "6/1/2013 0:10"),
            ("%m/%d/%Y %I:%M:%S %p", "12/31/1999 12:00:01 AM"),
            ("%m/%d/%Y %I:%M %p", "01/02/2018 12:59 PM"),
            ("%m/%d/%y %H:%M", "1/1/06 0:00"),
            ("%Y-%m-%dT%H:%M:%S%.f", "2012-01-01T00:00:00.000"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2012-01-01T23:59:59-05:30"),
            ("%H%M", "2130"),
            ("%Y-%m", "2018-07"),
        ] {
            let quick = Form::new(form);
            let slow = Form { steps: None, fixed: None, ..quick.clone() };
            assert!(quick.steps.is_some(), "{form}");
            assert_eq!(quick.read(text), slow.read(text), "{form}: {text}");
            assert!(quick.read(text).is_some(), "{form}: {text}");
        }
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        for (form, text) in [
            ("%m/%d/%Y", "02/30/2018"),
            ("%m/%d/%Y", "1/2/18"),
            ("%m/%d/%Y", "01/02/2018 "),
            ("%Y-%m-%d", "2018-07-04x"),
            ("%Y-%m-%d", ""),
            ("%m/%d/%Y %H:%M", "01/02/2018 25:00"),
            ("%m/%d/%Y %I:%M %p", "01/02/2018 13:00 PM"),
            ("%Y", "18"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2012-01-01T00:00:00+5"),
            ("%b %d %Y", "Febtember 1 2018"),
        ] {
            assert_eq!(Form::new(form).read(text), None, "{form}: {text}");
        }
    }

    #[test]
    fn a_text_with_all_its_digits_is_what_the_steps_read() {
        let texts = [
            "2018-07-04T01:02:03Z",
            "2018-07-04T01:02:03+05:30",
            "2018-07-04T01:02:03",
            "2018-7-4T1:2:3Z",
            "2018-02-30T01:02:03Z",
            "2018-07-04T24:02:03Z",
            "2018-07-04T23:60:03Z",
            "2018-07-04 01:02:03",
            "2018-07-04  01:02:03",
            "2018-07-04\t01:02:03",
            "07/04/2018 01:02",
            "07/04/2018 01:02 ",
            "7/04/2018 01:02",
            "07/04/2018 0102",
            "0a/04/2018 01:02",
            "2018070401",
            "",
        ];
        let forms = ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%dT%H:%M:%S", "%F %T", "%m/%d/%Y %H:%M", "%Y%m%d%H"];
        let mut read = 0;
        for (form, text) in forms.iter().flat_map(|form| texts.map(|text| (form, text))) {
            let quick = Form::new(form);
            assert!(quick.fixed.is_some(), "{form}");
            let plain = Form { fixed: None, ..quick.clone() };
            assert_eq!(quick.read(text), plain.read(text), "{form}: {text}");
            read += usize::from(quick.read(text).is_some());
        }
        assert!(read >= 9, "{read}");
        for form in ["%Y-%m-%d", "%I:%M %p", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %z %H", "%m/%m/%Y %d %H"] {
            assert!(Form::new(form).fixed.is_none(), "{form}");
        }
    }

    #[test]
    fn a_text_with_any_other_letter_at_any_place_is_what_the_steps_read() {
        let forms = [
            ("%Y-%m-%dT%H:%M:%S%:z", "2018-07-04T01:02:03Z"),
            ("%m/%d/%Y %H:%M", "07/04/2018 01:02"),
            ("%Y%m%d%H", "2018070401"),
            ("%Y%m%d%H%M%S", "20180704010203"),
            ("%H h: %d.%m.%Y, %M:%Sx", "01 h: 04.07.2018, 02:03x"),
            ("%H:%M:%S %d.%m.%Y UT", "01:02:03 04.07.2018 UT"),
            ("%Y.%m.%d %H", "2018.07.04 01"),
            ("%d %m %Y %H:%M", "04 07 2018 01:02"),
        ];
        for (form, text) in forms {
            let quick = Form::new(form);
            let plain = Form { fixed: None, ..quick.clone() };
            // Of these two one has as many bytes as fit, one more.
            assert_eq!(quick.fixed.is_some(), !form.starts_with("%H h"), "{form}");
            assert!(quick.read(text).is_some(), "{form}");
            for (at, letter) in (0..text.len()).flat_map(|at| ('\0'..='ÿ').map(move |letter| (at, letter))) {
                let other = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
                assert_eq!(quick.read(&other), plain.read(&other), "{form}: {other:?}");
                let bytes: Vec<u8> = other.chars().map(|letter| letter as u8).collect();
                let fixed = quick.fixed.as_ref().and_then(|fixed| fixed.read(&bytes));
                let steps = plain.steps.as_deref().and_then(|steps| run(steps, &bytes, true));
                assert!(fixed.is_none() || fixed == steps, "{form}: {other:?}");
            }
            for end in 0..text.len() {
                assert_eq!(quick.read(&text[..end]), plain.read(&text[..end]), "{form}: {}", &text[..end]);
            }
        }
    }

    #[test]
    fn a_month_has_the_days_that_the_calendar_gives_it() {
        for (year, month) in (1899..2105).flat_map(|year| (0..14).map(move |month| (year, month))) {
            let first = jiff::civil::Date::new(year, month, 1);
            let days = first.map_or(0, |first| first.days_in_month().unsigned_abs().into());
            assert_eq!(days_in_month(year.into(), month.unsigned_abs().into()), days, "{year}-{month}");
        }
    }

    #[test]
    fn the_finest_directive_tells_the_precision() {
        for (form, finest) in [
            ("%Y-%m", Finest::Month),
            ("%a, %b %d %Y", Finest::Day),
            ("%H", Finest::Hour),
            ("%H:%M", Finest::Minute),
            ("%F %T", Finest::Second),
        ] {
            assert_eq!(Form::new(form).finest, finest, "{form}");
        }
    }
}
