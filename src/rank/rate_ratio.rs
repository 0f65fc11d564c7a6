//! Two counts beside each other: the ratio of their rates with its exact interval.

use super::incomplete_beta::logit_beta_quantile;
use crate::model::elementary::exp;

/// A ratio of rates with its equal-tailed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRatio {
    /// Later over earlier, each per day; `None` where there was none earlier.
    pub ratio: Option<f64>,
    /// Lower end; 0 where there is none later.
    pub lo: f64,
    /// Upper end; `None` where there was none earlier, since no ratio is too large then.
    pub hi: Option<f64>,
}

/// Compares two Poisson counts by their rates, conditionally on their sum.
///
/// ```text
/// y₁ | n = y₀ + y₁  ~  Binomial(n, π),    π = θ t₁ / (θ t₁ + t₀)
/// θ from (t₀/t₁) · b/(1 − b) with b = Beta⁻¹(α/2; y₁, y₀ + 1)  to  the same with b = Beta⁻¹(1 − α/2; y₁ + 1, y₀)
/// ```
///
/// | | what | unit |
/// |---|---|---|
/// | `before`, `now` | incidents of the earlier and the later period | incidents |
/// | `days` | observed days of the earlier and the later period | days |
/// | `level` | of the interval, e.g. 0.9 | – |
/// | returns | ratio and interval; `None` without an incident in either, an unobserved period or a level that is none | later over earlier, per day |
///
/// Source: Przyborowski & Wilenski (1940), *Biometrika* 31; Clopper & Pearson (1934), *Biometrika* 26. The interval covers
/// the truth at least as often as `level` says.
///
/// # Limits
///
/// Each pair stands for itself: nothing is shrunk, so of a hundred rows in which nothing changed up to ten intervals leave
/// out 1 at a level of 0.9. For a ranking of changes see [`super::change::changes`]. Counts are taken to be Poisson: weeks
/// and years that differ by more than chance make true intervals wider.
///
/// # Examples
///
/// Eleven after six, in equal times; R's `poisson.test(c(11, 6), conf.level = 0.9)` gives 0.7233 to 5.0110.
///
/// ```
/// use hotblocks::rank::rate_ratio::rate_ratio;
/// let found = rate_ratio(6, 11, (28.0, 28.0), 0.9).expect("incidents");
/// assert!((found.ratio.expect("some before") - 11.0 / 6.0).abs() < 1e-12);
/// assert!((found.lo - 0.723_262).abs() < 1e-6 && (found.hi.expect("some before") - 5.010_963).abs() < 1e-6);
/// ```
#[must_use]
pub fn rate_ratio(before: u64, now: u64, days: (f64, f64), level: f64) -> Option<RateRatio> {
    let observed = |days: f64| days > 0.0 && days.is_finite();
    let usable = level > 0.0 && level < 1.0 && observed(days.0) && observed(days.1);
    if !usable || before + now == 0 {
        return None;
    }
    let (y0, y1, per_day) = (before as f64, now as f64, days.0 / days.1);
    let end = |a: f64, b: f64, p: f64| exp(logit_beta_quantile(a, b, p)) * per_day;
    Some(RateRatio {
        ratio: (before > 0).then(|| y1 / y0 * per_day),
        lo: if now == 0 { 0.0 } else { end(y1, y0 + 1.0, (1.0 - level) / 2.0) },
        hi: (before > 0).then(|| end(y1 + 1.0, y0, (1.0 + level) / 2.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_r_s_poisson_test() {
        // (before, now, days before, days now, level), then R 4: poisson.test(c(now, before), c(days), conf.level).
        let cases = [
            ((6, 11, 28.0, 28.0, 0.9), (0.723_262_488_810, 5.010_963_093_470)),
            ((10, 10, 28.0, 28.0, 0.9), (0.432_570_164_304, 2.311_763_691_815)),
            ((100, 140, 365.0, 365.0, 0.9), (1.120_201_810_740, 1.753_071_739_358)),
            ((3, 40, 28.0, 56.0, 0.95), (2.123_195_327_130, 33.686_872_430_142)),
            ((2500, 2300, 365.0, 366.0, 0.9), (0.874_529_552_313, 0.962_533_326_947)),
        ];
        for ((before, now, t0, t1, level), (lo, hi)) in cases {
            let found = rate_ratio(before, now, (t0, t1), level).expect("incidents");
            assert!((found.lo / lo - 1.0).abs() < 1e-9, "{before} {now}: {found:?}");
            assert!((found.hi.expect("some before") / hi - 1.0).abs() < 1e-9, "{before} {now}: {found:?}");
        }
    }

    #[test]
    fn nothing_before_has_no_ratio_and_nothing_now_has_ratio_0() {
        let new = rate_ratio(0, 7, (28.0, 28.0), 0.9).expect("incidents");
        assert!(new.ratio.is_none() && new.hi.is_none() && new.lo > 1.0 && new.lo.is_finite());
        let gone = rate_ratio(7, 0, (28.0, 28.0), 0.9).expect("incidents");
        assert_eq!((gone.ratio, gone.lo), (Some(0.0), 0.0));
        assert!(gone.hi.is_some_and(|hi| hi < 1.0));
        for (before, now, days, level) in [
            (0, 0, (28.0, 28.0), 0.9),
            (1, 1, (0.0, 28.0), 0.9),
            (1, 1, (28.0, f64::NAN), 0.9),
            (1, 1, (28.0, 28.0), 1.0),
        ] {
            assert_eq!(rate_ratio(before, now, days, level), None, "{days:?} {level}");
        }
    }

    #[test]
    fn the_other_way_round_the_interval_is_turned_over() {
        for (before, now) in [(1, 1), (3, 9), (40, 12), (1_000, 1_100)] {
            let there = rate_ratio(before, now, (365.0, 300.0), 0.9).expect("incidents");
            let back = rate_ratio(now, before, (300.0, 365.0), 0.9).expect("incidents");
            assert!((there.lo * back.hi.expect("some") - 1.0).abs() < 1e-9, "{before} {now}");
            assert!(there.lo < there.ratio.expect("some") && there.ratio < there.hi, "{before} {now}");
        }
    }
}
