//! The minutes of a week by the local clock, cut into windows in which an area gets one stop at most.

use crate::model::shift::{DAY, DAYS, time_text};

/// Minutes of a week; minute 0 is Monday 00:00.
pub const WEEK: u32 = 7 * DAY;

/// A minute of the week as `Fri 18:05`.
#[must_use]
pub fn clock(minute: u32) -> String {
    let minute = minute % WEEK;
    format!("{} {}", DAYS[(minute / DAY) as usize], time_text(minute))
}

/// Windows of equal length that cover the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Length of each, in minutes; a divisor of a day.
    pub every: u32,
    /// Minutes after midnight at which one begins, below `every`.
    pub phase: u32,
}

/// The part of a window in which a crew is on duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which window of the week.
    pub window: u32,
    /// Its first minute; beyond [`WEEK`] for what lies in the next one.
    pub begin: u32,
    /// Its length.
    pub minutes: u32,
}

impl Windows {
    /// The window that a minute lies in.
    #[must_use]
    pub fn of(self, minute: u32) -> u32 {
        ((minute % WEEK + WEEK - self.phase) % WEEK) / self.every
    }

    /// The first minute of a window.
    #[must_use]
    pub fn begin(self, window: u32) -> u32 {
        (window * self.every + self.phase) % WEEK
    }

    /// Cuts the time from a minute on into windows, without the minutes that no clock shows.
    ///
    /// `missing` holds spans of minutes of the week that a change of clocks leaves out; of a piece that one lies
    /// within, the longer part is kept. Time O(pieces × missing).
    #[must_use]
    pub fn cut(self, begin: u32, minutes: u32, missing: &[(u32, u32)]) -> Vec<Piece> {
        let end = begin + minutes;
        let mut pieces = Vec::new();
        let mut at = begin;
        while at < end {
            let into = (at % WEEK + WEEK - self.phase) % WEEK % self.every;
            let next = (at + self.every - into).min(end);
            let (from, to) = missing.iter().fold((at, next), |span, &gap| longer_part(span, gap));
            if from < to {
                pieces.push(Piece { window: self.of(at), begin: from, minutes: to - from });
            }
            at = next;
        }
        pieces
    }
}

/// What a gap leaves of a span: the longer part, of equal ones the first.
fn longer_part((from, to): (u32, u32), (gap_from, gap_to): (u32, u32)) -> (u32, u32) {
    let mut span = (from, to);
    // A span may lie in the next week.
    for shift in [0, WEEK] {
        let (gap_from, gap_to) = (gap_from + shift, gap_to + shift);
        if gap_from < span.1 && span.0 < gap_to {
            let (before, after) = (gap_from.saturating_sub(span.0), span.1.saturating_sub(gap_to));
            span = if before >= after { (span.0, span.0 + before) } else { (span.1 - after, span.1) };
        }
    }
    span
}

/// How many minutes of a span no clock shows.
#[must_use]
pub fn missing_minutes(begin: u32, minutes: u32, missing: &[(u32, u32)]) -> u32 {
    let end = begin + minutes;
    let within = |&(from, to): &(u32, u32)| {
        [0, WEEK]
            .map(|shift| (to + shift).min(end).saturating_sub((from + shift).max(begin)))
            .iter()
            .sum::<u32>()
    };
    missing.iter().map(within).sum()
}

/// What hourly values have on average over a span, a minute.
///
/// `hours` holds what is expected in each of the 168 hours; the answer is a mean of `hours / 60` over the minutes.
#[must_use]
pub fn mean_a_minute(hours: &[f64], begin: u32, minutes: u32) -> f64 {
    let end = begin + minutes;
    let mut at = begin;
    let mut sum = 0.0;
    while at < end {
        let next = ((at / 60 + 1) * 60).min(end);
        sum += hours[(at % WEEK / 60) as usize] / 60.0 * f64::from(next - at);
        at = next;
    }
    if minutes == 0 { 0.0 } else { sum / f64::from(minutes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Windows = Windows { every: 120, phase: 0 };

    #[test]
    fn a_shift_across_midnight_and_the_week_s_end_is_cut_at_its_windows() {
        let begin = 6 * DAY + 21 * 60;
        let cut = EVEN.cut(begin, 480, &[]);
        let read: Vec<(u32, String, u32)> =
            cut.iter().map(|p| (p.window, clock(p.begin), p.minutes)).collect();
        let expected = [
            (82, "Sun 21:00", 60),
            (83, "Sun 22:00", 120),
            (0, "Mon 00:00", 120),
            (1, "Mon 02:00", 120),
            (2, "Mon 04:00", 60),
        ];
        assert_eq!(read, expected.map(|(window, at, minutes)| (window, at.to_owned(), minutes)));
        let aligned = Windows { every: 120, phase: 60 }.cut(begin, 480, &[]);
        assert!(aligned.len() == 4 && aligned.iter().all(|piece| piece.minutes == 120), "{aligned:?}");
    }

    #[test]
    fn every_minute_lies_in_the_window_that_begins_before_it() {
        for windows in [EVEN, Windows { every: 180, phase: 45 }, Windows { every: 60, phase: 59 }] {
            for minute in (0..WEEK).step_by(7) {
                let begin = windows.begin(windows.of(minute));
                assert!((minute + WEEK - begin) % WEEK < windows.every, "{minute} {windows:?}");
            }
        }
    }

    #[test]
    fn a_missing_hour_is_nobody_s() {
        // The night to Sunday, clocks go from 02:00 to 03:00.
        let missing = [(6 * DAY + 120, 6 * DAY + 180)];
        let begin = 5 * DAY + 22 * 60;
        assert_eq!(missing_minutes(begin, 480, &missing), 60);
        let cut = EVEN.cut(begin, 480, &missing);
        assert_eq!(cut.iter().map(|piece| piece.minutes).collect::<Vec<_>>(), [120, 120, 60, 120]);
        assert_eq!(clock(cut[2].begin), "Sun 03:00");
        let within = Windows { every: 240, phase: 0 }.cut(6 * DAY, 240, &missing);
        assert_eq!((clock(within[0].begin), within[0].minutes), ("Sun 00:00".to_owned(), 120));
    }

    #[test]
    fn the_mean_of_a_span_weighs_hours_by_their_minutes() {
        let mut hours = vec![0.0; 168];
        (hours[0], hours[167]) = (60.0, 120.0);
        assert_eq!(mean_a_minute(&hours, WEEK - 30, 60), 1.5);
        assert_eq!(mean_a_minute(&hours, 30, 60), 0.5);
    }
}
