//! When a block's incidents peak: a window of the week that chance would hardly fill so full; else none.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::special::ln_gamma;
use crate::aggregate::aoristic::{HOURS, hour_of_week, week};
use crate::model::elementary::{exp, ln};

/// Fewer incidents whose hour is known name no peak, however they lie.
pub const LEAST: u32 = 10;

/// Weeks of uniform hours in which a peak may be named by mistake.
pub const LEVEL: f64 = 0.05;

/// A peak holds at least this part of the incidents: a window of fewer is no advice for a shift.
pub const SHARE: f64 = 0.25;

/// Its incidents are of at least so many weeks: those of one raid or one party are no habit.
pub const WEEKS: usize = 3;

/// Lengths of windows, in hours: from what a patrol stays to a shift.
const LENGTHS: [u8; 4] = [3, 4, 6, 8];

/// First days and numbers of days on which windows begin: up to three in a row, the working days, all.
const DAYS: [(u8, u8); 23] = {
    let mut days = [(0, 7); 23];
    let mut at = 0;
    while at < 21 {
        days[at] = ((at % 7) as u8, (at / 7 + 1) as u8);
        at += 1;
    }
    days[21] = (0, 5);
    days
};

/// Windows that are tried: each set of days with each first hour and length.
const WINDOWS: usize = DAYS.len() * 24 * LENGTHS.len();

/// A window of the week that is fuller than chance would have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The first day on which it begins; 0 is Monday.
    pub first_day: u8,
    /// How many days in a row; 7 is every day.
    pub days: u8,
    /// The hour at which it begins, 0 to 23.
    pub from: u8,
    /// How many hours; it may end on the next day.
    pub hours: u8,
    /// Incidents in it.
    pub incidents: u32,
    /// Incidents whose hour is known.
    pub of: u32,
    /// The chance that uniform hours fill any window so full, at most.
    pub p: f64,
}

const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The name of a day of the week; 0 is Monday.
#[must_use]
pub fn day_name(day: usize) -> &'static str {
    NAMES[day % 7]
}

impl std::fmt::Display for Peak {
    /// `Friday–Saturday 22–02`: windows that begin on Friday and on Saturday at 22:00 and end at 02:00.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, last) = (usize::from(self.first_day), usize::from(self.first_day + self.days - 1));
        match self.days {
            7 => write!(f, "daily")?,
            1 => write!(f, "{}", day_name(first))?,
            _ => write!(f, "{}–{}", day_name(first), day_name(last))?,
        }
        write!(f, " {:02}–{:02}", self.from, (self.from + self.hours) % 24)
    }
}

/// The peak of incidents by the hour of the week in which they began, if there is one.
///
/// ```text
/// p = min(1, W · P[Binomial(n, hours of the window / 168) ≥ incidents in it]),   W the number of windows tried
/// ```
///
/// | | what | unit |
/// |---|---|---|
/// | `began` | when each incident began by the local clock; only those whose hour is known | s since 1970-01-01 00:00 local |
///
/// Null hypothesis: every hour of the week is as likely as any other; one-sided. Tried are windows of 3, 4, 6 and 8 hours
/// from any full hour, on one, two or three days in a row, Monday to Friday, or daily; hours after midnight
/// belong to the day on which the window began. Of these the one of the least p, of equal ones the fuller, then the
/// shorter, then the one of fewer days, then the first of the week, is named if p is at most [`LEVEL`] and it holds at
/// least [`SHARE`] of at least [`LEAST`] incidents, from at least [`WEEKS`] weeks. The correction is Bonferroni's: windows overlap, so that
/// a block of uniform hours is given a peak far more rarely than [`LEVEL`]. Time O(W + n).
///
/// # Limits
///
/// Against uniform hours, so that a block that sleeps like the rest of the city has a peak by day: it says
/// when to be there, not that its hours are unlike other blocks'. Times that a source rounds or invents
/// must be kept out before.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::peak::peak;
///
/// // Monday 1970-01-05 is day 4; the hours of four weeks: Friday 22, Saturday 1 and 23, Wednesday 9.
/// let hour = |week: i64, day: i64, hour: i64| (4 + 7 * week + day) * 86_400 + hour * 3_600;
/// let mut began: Vec<i64> = (0..3).flat_map(|w| [hour(w, 4, 22), hour(w, 5, 1), hour(w, 5, 23)]).collect();
/// began.extend([hour(3, 5, 23), hour(0, 2, 9), hour(1, 2, 9)]);
/// let found = peak(&began).expect("10 of 12 in 8 hours of 168");
/// assert_eq!(found.to_string(), "Friday–Saturday 22–02");
/// // W = 2208, P[Binomial(12, 8/168) ≥ 10] = 3.6e-12, as scipy.stats.binom.sf(9, 12, 8/168) says.
/// assert!((found.p / 7.996_834e-9 - 1.0).abs() < 1e-4, "{}", found.p);
/// let even: Vec<i64> = (0..168).map(|at| hour(0, 0, at)).collect();
/// assert_eq!(peak(&even), None);
/// ```
#[must_use]
pub fn peak(began: &[i64]) -> Option<Peak> {
    let of = u32::try_from(began.len()).unwrap_or(u32::MAX);
    if of < LEAST {
        return None;
    }
    let mut by_hour = [0_u32; HOURS];
    began.iter().for_each(|&second| by_hour[hour_of_week(second)] += 1);
    // Twice around, so that windows over the end of the week need no second look.
    let mut sums = [0; 2 * HOURS + 1];
    for at in 0..2 * HOURS {
        sums[at + 1] = sums[at] + by_hour[at % HOURS];
    }
    let mut best: Option<(f64, Peak)> = None;
    for (first_day, days) in DAYS {
        for hours in LENGTHS {
            for from in 0..24 {
                let begin = |day: u8| (usize::from(first_day) + usize::from(day)) * 24 + usize::from(from);
                let of_day = |day: u8| sums[begin(day) + usize::from(hours)] - sums[begin(day)];
                let incidents = (0..days).map(of_day).sum::<u32>();
                let window = Peak { first_day, days, from, hours, incidents, of, p: 1.0 };
                let share = f64::from(days) * f64::from(hours) / HOURS as f64;
                if f64::from(incidents) <= share * f64::from(of) {
                    continue;
                }
                let key = |(ln_p, w): &(f64, Peak)| (*ln_p, Reverse(w.incidents), w.hours, w.days);
                let tried = (ln_tail(of, share, incidents), window);
                if best.as_ref().is_none_or(|best| key(&tried) < key(best)) {
                    best = Some(tried);
                }
            }
        }
    }
    let (ln_p, window) = best?;
    let p = exp(ln_p + ln(WINDOWS as f64)).min(1.0);
    let full = f64::from(window.incidents) >= SHARE * f64::from(of);
    let weeks: HashSet<i64> = began
        .iter()
        .filter(|&&second| window.has(hour_of_week(second)))
        .map(|&second| week(second))
        .collect();
    (full && p <= LEVEL && weeks.len() >= WEEKS).then_some(Peak { p, ..window })
}

impl Peak {
    /// Whether an hour of the week lies in one of its windows.
    fn has(&self, hour: usize) -> bool {
        let begin = |day: u8| (usize::from(self.first_day) + usize::from(day)) * 24 + usize::from(self.from);
        let after = |day: u8| (hour + 2 * HOURS - begin(day)) % HOURS;
        (0..self.days).any(|day| after(day) < usize::from(self.hours))
    }
}

/// ln P[Binomial(n, q) ≥ k], for k above n·q.
fn ln_tail(n: u32, q: f64, k: u32) -> f64 {
    let factorial = |n: u32| ln_gamma(f64::from(n) + 1.0);
    let ln_choose = |n: u32, k: u32| factorial(n) - factorial(k) - factorial(n - k);
    let first = ln_choose(n, k) + f64::from(k) * ln(q) + f64::from(n - k) * ln(1.0 - q);
    // Above the mean each term is smaller than the one before.
    let (mut sum, mut term) = (1.0, 1.0);
    for k in k..n {
        term *= f64::from(n - k) / f64::from(k + 1) * q / (1.0 - q);
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    first + ln(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    fn week(full: &[(usize, usize, u32)]) -> [u32; HOURS] {
        let mut began = [0; HOURS];
        full.iter().for_each(|&(day, hour, n)| began[day * 24 + hour] += n);
        began
    }

    /// The n-th incident in the n-th of so many weeks, again and again.
    fn over(weeks: i64, began: &[u32; HOURS]) -> Vec<i64> {
        let hours = began.iter().enumerate().flat_map(|(hour, &n)| vec![hour as i64; n as usize]);
        (0..).zip(hours).map(|(n, hour)| 4 * 86_400 + n % weeks * 604_800 + hour * 3_600).collect()
    }

    fn named(began: &[u32; HOURS]) -> String {
        peak(&over(5, began)).map_or_else(|| "none".to_owned(), |peak| peak.to_string())
    }

    #[test]
    fn the_window_that_is_full_is_named() {
        // Sunday night runs into Monday.
        assert_eq!(named(&week(&[(6, 23, 5), (0, 0, 4), (0, 1, 3), (3, 12, 1)])), "Sunday 23–02");
        let mut rush = [0; HOURS];
        (0..5).for_each(|day| (15..18).for_each(|hour| rush[day * 24 + hour] = 3));
        assert_eq!(named(&rush), "Monday–Friday 15–18");
        let mut lunch = [0; HOURS];
        (0..7).for_each(|day| (11..14).for_each(|hour| lunch[day * 24 + hour] = 2));
        assert_eq!(named(&lunch), "daily 11–14");
        assert_eq!(named(&week(&[(1, 4, 20)])), "Tuesday 02–05");
    }

    #[test]
    fn one_raid_or_two_are_no_peak() {
        let full = week(&[(4, 22, 12), (5, 23, 8)]);
        assert!(peak(&over(3, &full)).is_some());
        assert_eq!((peak(&over(1, &full)), peak(&over(2, &full))), (None, None));
    }

    #[test]
    fn too_few_incidents_or_too_even_ones_name_none() {
        assert_eq!(named(&[0; HOURS]), "none");
        assert_eq!(named(&week(&[(4, 22, 9)])), "none");
        assert_eq!(named(&[7; HOURS]), "none");
        // A fifth of all in one window is far from chance, and no peak.
        let mut spread = [8; HOURS];
        (0..3).for_each(|hour| spread[hour] = 100);
        assert_eq!(named(&spread), "none");
    }

    #[test]
    fn uniform_hours_are_given_a_peak_at_most_as_often_as_the_level_says() {
        for n in [10_u32, 14, 30, 120] {
            let mut named = 0;
            for lane in 0..1_000 {
                let mut chance = Chance::new(n.into(), lane);
                let mut began = [0; HOURS];
                (0..n).for_each(|_| began[chance.below(168) as usize] += 1);
                named += u32::from(peak(&over(52, &began)).is_some());
            }
            assert!(f64::from(named) <= LEVEL * 1_000.0, "{named} of 1000 weeks of {n}");
        }
    }

    #[test]
    fn half_of_fourteen_on_two_nights_is_seen() {
        let mut chance = Chance::new(3, 0);
        let mut seen = 0;
        for _ in 0..200 {
            let mut began = [0; HOURS];
            (0..7).for_each(|_| began[chance.below(168) as usize] += 1);
            (0..9).for_each(|_| began[(94 + 24 * chance.below(2) + chance.below(4)) as usize] += 1);
            seen += u32::from(peak(&over(52, &began)).is_some());
        }
        assert!(seen > 180, "{seen} of 200");
    }

    #[test]
    fn tails_are_those_of_scipy() {
        // scipy.stats.binom.logsf(k - 1, n, q)
        for (n, q, k, expected) in [
            (14, 8.0 / 168.0, 7, -13.468_038_002_085_459),
            (1_000, 56.0 / 168.0, 400, -12.025_706_688_001_081),
            (100_000, 3.0 / 168.0, 40_000, -94_799.945_453_570_17),
            (10, 0.5, 10, -6.931_471_805_599_453),
        ] {
            let found = ln_tail(n, q, k);
            assert!((found / expected - 1.0).abs() < 1e-9, "{n} {k}: {found}");
        }
    }
}
