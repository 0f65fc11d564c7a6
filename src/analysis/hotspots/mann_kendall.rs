//! Mann–Kendall: whether a series rises or falls.

use super::values::{HotSpotError, two_sided_p};

/// The trend of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Pairs that rise less pairs that fall.
    pub s: i64,
    /// Variance of `s` where nothing but chance orders the series.
    pub variance: f64,
    /// `s`, nearer to 0 by 1, in standard deviations; 0 for a series that never changes.
    pub z: f64,
    /// Two-sided p-value of `z`.
    pub p: f64,
}

/// Tests whether a series rises or falls, whatever the shape of the trend.
///
/// ```text
/// S = Σ sgn(xⱼ − xᵢ) over i < j;   Var S = [T(T−1)(2T+5) − Σ t(t−1)(2t+5)] / 18;   Z = (S − sgn S) / √Var S
/// ```
///
/// with a term t for each group of t equal values.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `series` | one value for each step of time, in order | `T` | any |
/// | returns | S, its variance, Z and p | | |
///
/// Null hypothesis: all orders of the values are equally likely. Two-sided. Time O(T²).
/// Source: Mann (1945), *Econometrica* 13; Kendall (1975), *Rank Correlation Methods*.
///
/// # Limits
///
/// p is that of the normal law, good from about ten steps on. Steps that depend on each other make it too small.
///
/// # Errors
///
/// [`HotSpotError::Steps`] for fewer than two steps, [`HotSpotError::Value`] for a value that is no number.
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::hotspots::mann_kendall::mann_kendall;
///
/// let trend = mann_kendall(&[1., 2., 2., 3., 5., 4., 6., 7., 7., 9.])?;
/// assert_eq!((trend.s, trend.variance), (41, 123.0));
/// assert!((trend.z - 3.606_679).abs() < 1e-6);
/// # Ok::<(), hotblocks::analysis::hotspots::values::HotSpotError>(())
/// ```
pub fn mann_kendall(series: &[f64]) -> Result<Trend, HotSpotError> {
    let steps = series.len();
    if steps < 2 {
        return Err(HotSpotError::Steps { steps, least: 2 });
    }
    if let Some(unit) = series.iter().position(|value| !value.is_finite()) {
        return Err(HotSpotError::Value { unit });
    }
    let after = |at: usize| {
        series[at + 1..]
            .iter()
            .map(move |later| i64::from(later > &series[at]) - i64::from(later < &series[at]))
    };
    let s: i64 = (0..steps).flat_map(after).sum();
    let mut sorted = series.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let term = |n: usize| {
        let n = n as f64;
        n * (n - 1.0) * (2.0 * n + 5.0)
    };
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|group| term(group.len())).sum();
    let variance = (term(steps) - ties) / 18.0;
    let z = if s == 0 { 0.0 } else { (s - s.signum()) as f64 / variance.sqrt() };
    Ok(Trend { s, variance, z, p: two_sided_p(z) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_series_have_their_trends() {
        let trend = mann_kendall(&[3., 1., 4., 1., 5., 9., 2., 6.]).expect("usable");
        assert_eq!(trend.s, 11);
        assert!((trend.variance - 64.333_333_333).abs() < 1e-8 && (trend.z - 1.246_757).abs() < 1e-6);
    }

    #[test]
    fn a_series_that_never_changes_has_no_trend() {
        assert_eq!(mann_kendall(&[2.0; 12]).expect("usable"), Trend { s: 0, variance: 0.0, z: 0.0, p: 1.0 });
        // -0 and 0 are equal values.
        assert_eq!(mann_kendall(&[0.0, -0.0, 0.0]).expect("usable").variance, 0.0);
    }

    #[test]
    fn a_series_turned_around_has_the_trend_turned_around() {
        let series = [1.0, 5.0, 3.0, 3.0, 8.0, 2.0, 9.0];
        let turned: Vec<f64> = series.iter().rev().copied().collect();
        let (there, back) = (mann_kendall(&series).expect("usable"), mann_kendall(&turned).expect("usable"));
        assert_eq!((there.s, there.z, there.p), (-back.s, -back.z, back.p));
    }

    #[test]
    fn what_is_no_series_is_refused() {
        assert_eq!(mann_kendall(&[1.0]), Err(HotSpotError::Steps { steps: 1, least: 2 }));
        assert_eq!(mann_kendall(&[1.0, f64::NAN]), Err(HotSpotError::Value { unit: 1 }));
    }
}
