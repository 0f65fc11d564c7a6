//! Shifts: how many officers are on duty on which days of the week, from when to when, and where.

/// Days of a week, Monday first, as they are read and written.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Minutes of a day by the clock.
pub const DAY: u32 = 1_440;

/// A shift that returns every week, by the local clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// Its name; shifts of one name and beat have the same officers.
    pub name: String,
    /// The beat or district that its officers stay in; anywhere where absent.
    pub beat: Option<String>,
    /// On which days it begins, Monday first.
    pub days: [bool; 7],
    /// First minute of the day, 0 to 1439.
    pub from: u32,
    /// Minute of the day by which it has ended; not later than `from` is on the next day.
    pub to: u32,
    /// Officers, or cars, that patrol apart from each other.
    pub officers: u32,
}

/// Why a text is no shift.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShiftError {
    /// Days cannot be read.
    #[error("`{text}` names no days of the week; give e.g. Mon-Fri, `Fri Sat` or daily")]
    Days {
        /// What was given.
        text: String,
    },
    /// A time cannot be read.
    #[error("`{text}` is no time of day; give hours and minutes as 18:00")]
    Time {
        /// What was given.
        text: String,
    },
    /// Two times cannot be read.
    #[error("`{text}` is no span of hours; give two times as 18:00-02:00")]
    Hours {
        /// What was given.
        text: String,
    },
    /// It ends when it begins.
    #[error(
        "a shift from {text} to {text} has no length; give the time at which it ends, or two shifts for a whole day"
    )]
    NoLength {
        /// The time.
        text: String,
    },
}

impl Shift {
    /// Its length by the clock, in minutes.
    #[must_use]
    pub fn minutes(&self) -> u32 {
        if self.to > self.from { self.to - self.from } else { self.to + DAY - self.from }
    }
}

/// Days of the week: `Mon-Fri`, `Fri Sat`, `Sat-Mon`, `daily`; capitals do not matter.
///
/// # Errors
///
/// [`ShiftError::Days`] for what names none.
pub fn parse_days(text: &str) -> Result<[bool; 7], ShiftError> {
    let bad = || ShiftError::Days { text: text.to_owned() };
    let day = |word: &str| {
        let plain = word.trim().to_lowercase();
        let whole = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        whole.iter().position(|name| plain.len() >= 3 && name.starts_with(&plain)).ok_or_else(bad)
    };
    let mut days = [false; 7];
    for part in text.split([',', ';', ' ', '+']).filter(|part| !part.trim().is_empty()) {
        if ["daily", "all"].contains(&part.to_lowercase().as_str()) {
            return Ok([true; 7]);
        }
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        (0..=(last + 7 - first) % 7).for_each(|step| days[(first + step) % 7] = true);
    }
    if days.contains(&true) { Ok(days) } else { Err(bad()) }
}

/// A time of day in minutes: `18:00`, and `24:00` for the end of the day.
///
/// # Errors
///
/// [`ShiftError::Time`] for what is none.
pub fn parse_time(text: &str) -> Result<u32, ShiftError> {
    let bad = || ShiftError::Time { text: text.to_owned() };
    let (hour, minute) = text.trim().split_once(':').ok_or_else(bad)?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || !(1..=2).contains(&hour.len()) || minute.len() != 2 {
        return Err(bad());
    }
    let (hour, minute): (u32, u32) = (hour.parse().map_err(|_| bad())?, minute.parse().map_err(|_| bad())?);
    let at = hour * 60 + minute;
    if minute < 60 && at <= DAY { Ok(at) } else { Err(bad()) }
}

/// Two times of day, as `18:00-02:00`; the second may lie on the next day.
///
/// # Errors
///
/// [`ShiftError`] for what is none, or has no length.
pub fn parse_hours(text: &str) -> Result<(u32, u32), ShiftError> {
    let hours = || ShiftError::Hours { text: text.to_owned() };
    let (from, to) = text.split_once('-').ok_or_else(hours)?;
    span(from, to)
}

/// A shift's first and last minute of the day from two texts.
///
/// # Errors
///
/// [`ShiftError`] for what is no time, or has no length.
pub fn span(from: &str, to: &str) -> Result<(u32, u32), ShiftError> {
    let (first, last) = (parse_time(from)? % DAY, parse_time(to)?);
    if first == last % DAY {
        return Err(ShiftError::NoLength { text: from.trim().to_owned() });
    }
    Ok((first, last))
}

/// A minute of the day as `18:05`; a whole day is `00:00` again.
#[must_use]
pub fn time_text(minute: u32) -> String {
    format!("{:02}:{:02}", minute % DAY / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let check = |text: &str, expected: &str| {
            let days = parse_days(text).expect(text);
            let read: String = days.iter().map(|day| if *day { 'x' } else { '.' }).collect();
            assert_eq!(read, expected, "{text}");
        };
        check("Mon-Fri", "xxxxx..");
        check("fri, sat", "....xx.");
        check("Fri Sat", "....xx.");
        check("Sat-Mon", "x....xx");
        check("thursday", "...x...");
        check("daily", "xxxxxxx");
        for bad in ["", "Mo", "weekdays", "Mon-", "Mon-Fri-Sat", "8"] {
            assert!(parse_days(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hours_cross_midnight_and_have_a_length() {
        let minutes = |text: &str| {
            let (from, to) = parse_hours(text).expect(text);
            Shift { name: String::new(), beat: None, days: [true; 7], from, to, officers: 1 }.minutes()
        };
        for (text, expected) in [
            ("18:00-02:00", 480),
            ("16:00-24:00", 480),
            ("16:00-0:00", 480),
            ("07:30-15:30", 480),
            ("00:00-23:59", 1439),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
        for bad in ["18:00", "18-02", "18:00-18:00", "00:00-24:00", "25:00-26:00", "18:60-19:00", "1:5-2:00"]
        {
            assert!(parse_hours(bad).is_err(), "{bad}");
        }
        let refused = parse_hours("18:00-18:00").expect_err("no length").to_string();
        assert!(refused.contains("no length") && refused.contains("18:00"), "{refused}");
    }
}
