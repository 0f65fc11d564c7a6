//! Exposure: how long, how large and how many people a block's incidents are counted over.

use jiff::civil::Date;

use super::block::Block;
use super::elementary::exp2;
use super::period::Period;
use crate::space::coord::{Metres, SquareKm};

/// Who lives in a place, where a column of its file says so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Residents {
    /// Households or housing units; finite and not negative.
    pub households: Option<f64>,
    /// People; finite and not negative.
    pub population: Option<f64>,
}

/// What a rate may be divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Days that were observed: those of the period on which a source had data.
    pub days: f64,
    /// Length of a segment.
    pub length: Option<Metres>,
    /// Area of a polygon or cell.
    pub area: Option<SquareKm>,
    /// Who lives there.
    pub residents: Residents,
}

/// Mean length of a year, so that leap years do not change a rate.
pub const DAYS_A_YEAR: f64 = 365.25;

impl Exposure {
    /// Years that were observed.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.days / DAYS_A_YEAR
    }
}

/// A block's exposure over so many observed days.
///
/// | | what | unit | segment | node | polygon, cell |
/// |---|---|---|---|---|---|
/// | `days` | time observed | days | ✓ | ✓ | ✓ |
/// | `length` | of the street, both sides once | m | ✓ | – | – |
/// | `area` | in the local plane, true to 0.1 % | km² | – | – | ✓ |
/// | `residents` | households, people | – | – | – | where a column has it |
///
/// A node has neither length nor area: it is compared with other nodes by time alone. A block
/// without an incident has an exposure all the same; that is what makes its zero mean something.
#[must_use]
pub fn exposure(block: &Block, days: i64) -> Exposure {
    Exposure { days: days as f64, length: block.length, area: block.area, residents: block.residents }
}

/// Days of a period on which at least one source had data: time observed.
///
/// `coverage` holds the first and last local date of each source, both included. Days that two
/// sources cover count once; days before, between and after their data do not count, since nobody
/// would have known of an incident then. Without a period every covered day counts.
///
/// # Examples
///
/// ```
/// use hotblocks::model::exposure::observed_days;
/// let day = |text: &str| text.parse().expect("a date");
/// let september = (day("2014-09-01"), day("2014-09-30"));
/// let later = (day("2014-09-21"), day("2014-10-10"));
/// assert_eq!(observed_days(None, &[september]), 30);
/// assert_eq!(observed_days(None, &[later, september]), 40);
/// let period = "2014-09-16/2014-12-31".parse()?;
/// assert_eq!(observed_days(Some(period), &[september]), 15);
/// # Ok::<(), hotblocks::model::period::PeriodError>(())
/// ```
#[must_use]
pub fn observed_days(period: Option<Period>, coverage: &[(Date, Date)]) -> i64 {
    spans(period, coverage).iter().map(|(from, end)| end - from).sum()
}

/// Days of a period on which a source had data, each weighing half as much for every half-life that it lies back, and the
/// last of them; `None` without any.
///
/// ```text
/// Σ over covered spans [a, b) of ∫ 2^(−(T − t)/h) dt = h/ln 2 · (2^(−(T − b)/h) − 2^(−(T − a)/h)),   T the end of the last one
/// ```
///
/// # Examples
///
/// ```
/// use hotblocks::model::exposure::discounted_days;
/// let day = |text: &str| text.parse().expect("a date");
/// // Of two half-lives the older one weighs half of the younger: 10.82 and 21.64 of 30 days each.
/// let (days, last) = discounted_days(None, &[(day("2014-08-02"), day("2014-09-30"))], 30.0).expect("covered");
/// assert!((days - 32.460_6).abs() < 1e-4);
/// assert_eq!(last, day("2014-09-30"));
/// ```
#[must_use]
pub fn discounted_days(
    period: Option<Period>,
    coverage: &[(Date, Date)],
    half_life: f64,
) -> Option<(f64, Date)> {
    let spans = spans(period, coverage);
    let end = spans.iter().map(|(_, end)| *end).max()?;
    let weight = |day: i64| exp2(-((end - day) as f64) / half_life);
    let days: f64 = spans.iter().map(|&(a, b)| weight(b) - weight(a)).sum();
    let last = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(end - 1).ok()?).ok()?;
    Some((days * half_life / std::f64::consts::LN_2, last))
}

/// The days that were observed as spans that do not overlap, first day and the day after the last.
fn spans(period: Option<Period>, coverage: &[(Date, Date)]) -> Vec<(i64, i64)> {
    let first = period.and_then(Period::first).unwrap_or(Date::MIN);
    let last = period.and_then(Period::last).unwrap_or(Date::MAX);
    let mut covered: Vec<(i64, i64)> = coverage
        .iter()
        .map(|&(from, to)| (number(from.max(first)), number(to.min(last)) + 1))
        .filter(|(from, end)| from < end)
        .collect();
    covered.sort_unstable();
    let mut seen_to = i64::MIN;
    let apart = covered.into_iter().map(|(from, end)| {
        let from = from.max(seen_to);
        seen_to = seen_to.max(end);
        (from, end)
    });
    apart.filter(|(from, end)| from < end).collect()
}

/// Days since the first day of 1970.
fn number(day: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.duration_since(epoch).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_outside_the_data_was_not_observed() {
        let data = (jiff::civil::date(2014, 9, 1), jiff::civil::date(2014, 9, 30));
        let later = "2015-01-01/2015-12-31".parse().expect("a period");
        assert_eq!(observed_days(Some(later), &[data]), 0);
        assert_eq!(observed_days(None, &[]), 0);
    }

    #[test]
    fn a_gap_between_two_sources_was_not_observed() {
        let (a, b) = (jiff::civil::date(2012, 1, 1), jiff::civil::date(2012, 12, 31));
        let (c, d) = (jiff::civil::date(2014, 1, 1), jiff::civil::date(2014, 12, 31));
        assert_eq!(observed_days(None, &[(c, d), (a, b)]), 366 + 365);
        let open = "2012-12-31/..".parse().expect("a period");
        assert_eq!(observed_days(Some(open), &[(a, b), (c, d)]), 1 + 365);
    }

    #[test]
    fn with_a_half_life_that_no_one_outlives_days_count_whole() {
        let (a, b) = (jiff::civil::date(2012, 1, 1), jiff::civil::date(2012, 12, 31));
        let (c, d) = (jiff::civil::date(2014, 1, 1), jiff::civil::date(2014, 12, 31));
        let (days, last) = discounted_days(None, &[(c, d), (a, b)], 1e9).expect("covered");
        assert!((days - 731.0).abs() < 0.01 && last == d, "{days} until {last}");
        // A gap lies back as any days do.
        let (days, _) = discounted_days(None, &[(c, d), (a, b)], 365.0).expect("covered");
        let year = 365.0 / std::f64::consts::LN_2;
        let before = (0.25 - 0.25 * (-366.0f64 / 365.0).exp2()) * year;
        assert!((days - 0.5 * year - before).abs() < 1e-9);
        assert_eq!(discounted_days(None, &[], 30.0), None);
    }

    #[test]
    fn days_before_1970_count_as_days() {
        let data = (jiff::civil::date(1969, 12, 30), jiff::civil::date(1970, 1, 2));
        assert_eq!(observed_days(None, &[data]), 4);
    }
}
