//! Numbers and times in words, for sentences: `3rd`, `1,234`, `in 3 years`, `about twice`.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::model::exposure::DAYS_A_YEAR;

/// A rank: `1st`, `2nd`, `11th`, `1,023rd`.
#[must_use]
pub fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{ending}", grouped(n.into()))
}

/// A whole number with commas: `1,234`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things that may be split among blocks: `14`, `3.3`; below a twentieth `less than 0.1`.
#[must_use]
pub fn number(n: f64) -> String {
    let tenths = (n * 10.0).round() as u64;
    match (tenths / 10, tenths % 10) {
        (0, 0) if n > 0.0 => "less than 0.1".to_owned(),
        (whole, 0) => grouped(whole),
        (whole, tenth) => format!("{}.{tenth}", grouped(whole)),
    }
}

/// Whether a number takes the singular: `1 incident`, but `1.0 hours`, `0.3 incidents`.
#[must_use]
pub fn is_one(n: f64) -> bool {
    (n * 10.0).round() as u64 == 10
}

fn of(n: u64, one: &str, more: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {more}", grouped(n)) }
}

/// Days that were observed between two dates, both included, in words: `1 month`, `3 years`, `45 days`.
///
/// Whole years and months by the calendar are exact where every day of them was observed; else fewer than 60 days are
/// days, and what is longer is `about` months or half years. `None` where nothing was observed.
#[must_use]
pub fn observed(first: Date, last: Date, days: i64) -> Option<String> {
    let days_u = u64::try_from(days).ok().filter(|&days| days > 0)?;
    let end = last.checked_add(1.day()).ok()?;
    let span = end.duration_since(first).as_hours() / 24;
    if span == days && end.day() == first.day() {
        let months = i32::from(end.year() - first.year()) * 12 + i32::from(end.month() - first.month());
        let months = u64::try_from(months).ok()?;
        if months > 0 && months.is_multiple_of(12) {
            return Some(of(months / 12, "year", "years"));
        }
        if (1..24).contains(&months) {
            return Some(of(months, "month", "months"));
        }
    }
    let years = days as f64 / DAYS_A_YEAR;
    Some(if days_u < 60 {
        of(days_u, "day", "days")
    } else if years < 1.75 {
        let months = (years * 12.0).round() as u64;
        format!("about {}", if months == 12 { "1 year".to_owned() } else { of(months, "month", "months") })
    } else {
        let halves = (years * 2.0).round() as u64;
        let half = if halves.is_multiple_of(2) { "" } else { ".5" };
        format!("about {}{half} years", halves / 2)
    })
}

/// How a rate stands to the city's, as words that take `the city's rate` after them; `None` for about as much.
///
/// Above 1.15: two figures below 2, halves up to 5, whole numbers up to 10, two figures beyond. Below 0.85:
/// the nearest of three quarters, two thirds, a half, a third, a quarter, a fifth, a tenth, and less than that.
#[must_use]
pub fn times(ratio: f64) -> Option<String> {
    let steps = |step: f64| (ratio / step).round() * step;
    let words = match ratio {
        r if r < 0.07 => "less than a tenth of".to_owned(),
        r if r < 0.15 => "about a tenth of".to_owned(),
        r if r < 0.225 => "about a fifth of".to_owned(),
        r if r < 0.29 => "about a quarter of".to_owned(),
        r if r < 0.41 => "about a third of".to_owned(),
        r if r < 0.58 => "about half".to_owned(),
        r if r < 0.71 => "about two thirds of".to_owned(),
        r if r < 0.85 => "about three quarters of".to_owned(),
        r if r <= 1.15 => return None,
        r if r < 1.75 => format!("about {:.1} times", steps(0.1)),
        r if r < 2.25 => "about twice".to_owned(),
        r if r < 4.75 => format!("about {} times", steps(0.5)),
        r if r < 9.5 => format!("about {} times", steps(1.0)),
        r => {
            let step = 10f64.powf(r.log10().floor() - 1.0).max(1.0);
            format!("about {} times", grouped(steps(step) as u64))
        }
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_their_endings() {
        for (n, expected) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (21, "21st"),
            (102, "102nd"),
            (111, "111th"),
            (1_023, "1,023rd"),
            (12_012, "12,012th"),
        ] {
            assert_eq!(ordinal(n), expected);
        }
    }

    #[test]
    fn numbers_are_whole_where_they_are() {
        for (n, expected) in
            [(14.0, "14"), (10.0 / 3.0, "3.3"), (1_234.0, "1,234"), (0.0, "0"), (0.02, "less than 0.1")]
        {
            assert_eq!(number(n), expected);
        }
        assert!(is_one(1.0) && is_one(1.04) && !is_one(0.9) && !is_one(2.0));
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_period_is_said_as_people_say_it() {
        let day = |text: &str| text.parse::<Date>().expect("a date");
        let check = |first: &str, last: &str, lost: i64, expected: &str| {
            let (first, last) = (day(first), day(last));
            let days = last.duration_since(first).as_hours() / 24 + 1 - lost;
            assert_eq!(observed(first, last, days).as_deref().unwrap_or("nothing"), expected);
        };
        check("2016-01-01", "2018-12-31", 0, "3 years");
        check("2018-01-01", "2018-12-31", 0, "1 year");
        check("2016-07-15", "2018-07-14", 0, "2 years");
        check("2014-09-01", "2014-09-30", 0, "1 month");
        check("2018-01-01", "2018-06-30", 0, "6 months");
        check("2014-09-01", "2014-09-01", 0, "1 day");
        check("2014-09-01", "2014-09-15", 0, "15 days");
        check("2014-09-03", "2014-12-20", 0, "about 4 months");
        check("2012-01-01", "2018-11-25", 0, "about 7 years");
        check("2012-01-01", "2014-08-25", 0, "about 2.5 years");
        // A year between two was not observed.
        check("2012-01-01", "2014-12-31", 365, "about 2 years");
        check("2018-01-01", "2018-12-31", 1, "about 1 year");
        check("2018-01-01", "2018-01-01", 1, "nothing");
    }

    #[test]
    fn a_ratio_is_said_without_false_exactness() {
        for (ratio, expected) in [
            (0.01, "less than a tenth of"),
            (0.1, "about a tenth of"),
            (0.2, "about a fifth of"),
            (0.25, "about a quarter of"),
            (1.0 / 3.0, "about a third of"),
            (0.5, "about half"),
            (0.66, "about two thirds of"),
            (0.75, "about three quarters of"),
            (1.0, "as often"),
            (1.34, "about 1.3 times"),
            (2.1, "about twice"),
            (2.6, "about 2.5 times"),
            (3.9, "about 4 times"),
            (7.2, "about 7 times"),
            (14.4, "about 14 times"),
            (144.0, "about 140 times"),
            (12_345.0, "about 12,000 times"),
        ] {
            assert_eq!(times(ratio).as_deref().unwrap_or("as often"), expected, "{ratio}");
        }
    }
}
