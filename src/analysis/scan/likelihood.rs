//! Kulldorff's likelihood ratio, and what permutations say of the largest one.

/// Logarithm of the likelihood ratio that incidents are commoner inside than outside (Kulldorff).
///
/// ```text
/// LLR = c ln(c / e) + (C − c) ln((C − c) / (C − e))   if c > e, else 0
/// ```
///
/// `observed` is c, `expected` e, both inside, `total` is C. 0 where nothing is expected inside or outside: there a ratio
/// says nothing. Source: Kulldorff (1997), *Communications in Statistics – Theory and Methods* 26(6).
///
/// ```
/// use hotblocks::analysis::scan::likelihood::log_likelihood_ratio;
///
/// assert!((log_likelihood_ratio(10.0, 4.0, 100.0) - 3.354_440_416).abs() < 1e-9);
/// assert_eq!(log_likelihood_ratio(3.0, 4.0, 100.0), 0.0);
/// ```
#[must_use]
pub fn log_likelihood_ratio(observed: f64, expected: f64, total: f64) -> f64 {
    if !(observed > expected && expected > 0.0 && total > expected && total >= observed) {
        return 0.0;
    }
    let outside = total - observed;
    let beyond = if outside > 0.0 { outside * (outside / (total - expected)).ln() } else { 0.0 };
    (observed * (observed / expected).ln() + beyond).max(0.0)
}

/// Whether a window could have a larger ratio than `best`; never wrongly no. Costs no logarithm.
///
/// With p = c/C and q = e/C the ratio is C times the divergence of p from q, which is at most (p − q)² / (q (1 − q)).
#[inline(always)]
pub(super) fn may_exceed(best: f64, observed: f64, expected: f64, total: f64) -> bool {
    // Rounding must not decide which windows are looked at: threads would differ by the last digit.
    const SLACK: f64 = 1.0 + 1e-9;
    let excess = observed - expected;
    excess > 0.0 && excess * excess * total * SLACK >= best * expected * (total - expected)
}

/// Ratios that differ by less than this part of them differ by rounding.
pub const SAME: f64 = 1e-9;

/// The largest ratio of each simulation, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Maxima(Vec<f64>);

impl Maxima {
    pub(super) fn new(mut largest: Vec<f64>) -> Self {
        largest.sort_unstable_by(f64::total_cmp);
        Self(largest)
    }

    /// The largest ratios, ascending.
    #[must_use]
    pub fn ascending(&self) -> &[f64] {
        &self.0
    }

    /// (simulations whose largest ratio is as large + 1) / (simulations + 1).
    ///
    /// Two windows with the same incidents and the same exposure have the same ratio, but not to the last digit where
    /// their exposures were added up in another order: what differs by less than [`SAME`] is as large.
    #[must_use]
    pub fn p(&self, llr: f64) -> f64 {
        let as_large = self.0.len() - self.0.partition_point(|&largest| largest < llr * (1.0 - SAME));
        (as_large + 1) as f64 / (self.0.len() + 1) as f64
    }

    /// p from a Gumbel distribution with the mean and variance of the largest ratios; for p below what the number of
    /// simulations can show. `None` with fewer than 99 simulations, or where all are equal.
    ///
    /// ```text
    /// p = 1 − exp(−exp(−(LLR − μ) / β)),   β = s √6 / π,   μ = mean − 0.5772 β
    /// ```
    ///
    /// Source: Abrams, Kleinman & Kulldorff (2010), *International Journal of Health Geographics* 9:61.
    #[must_use]
    pub fn gumbel_p(&self, llr: f64) -> Option<f64> {
        const EULER: f64 = 0.577_215_664_901_532_9;
        let n = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / n;
        let variance =
            self.0.iter().map(|largest| (largest - mean) * (largest - mean)).sum::<f64>() / (n - 1.0);
        let beta = variance.sqrt() * 6.0_f64.sqrt() / std::f64::consts::PI;
        // Where all are equal the variance is what rounding makes of 0.
        let differ = self.0.first() != self.0.last();
        let usable = self.0.len() >= 99 && differ && beta > 0.0 && beta.is_finite();
        usable.then(|| -(-(-(llr - mean + EULER * beta) / beta).exp()).exp_m1())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ratio_is_infinite_or_negative() {
        for (c, e, total) in
            [(5.0, 0.0, 9.0), (9.0, 1.0, 9.0), (9.0, 9.0, 9.0), (0.0, 0.0, 0.0), (1.0, 1.0 - 1e-16, 2.0)]
        {
            let llr = log_likelihood_ratio(c, e, total);
            assert!(llr.is_finite() && llr >= 0.0, "{c} {e} {total}: {llr}");
        }
        // c = C: C ln(C / e).
        assert!((log_likelihood_ratio(9.0, 3.0, 9.0) - 9.0 * 3.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_bound_never_hides_a_larger_ratio() {
        for total in [2_u32, 7, 40, 300] {
            for c in 1..=total {
                for tenth in 1..10 * total {
                    let (c, e, total) = (f64::from(c), f64::from(tenth) / 10.0, f64::from(total));
                    let llr = log_likelihood_ratio(c, e, total);
                    assert!(llr == 0.0 || may_exceed(llr, c, e, total), "{c} {e} {total}");
                }
            }
        }
    }

    #[test]
    fn p_counts_the_observed_ratio_as_one_of_the_simulated() {
        let maxima = Maxima::new((1..=99).rev().map(f64::from).collect());
        assert_eq!(maxima.p(100.0), 0.01);
        assert_eq!(maxima.p(99.0), 0.02);
        assert_eq!(maxima.p(0.0), 1.0);
        // One rounding more or less is no smaller ratio; a millionth is.
        assert_eq!((maxima.p(99.0_f64.next_up()), maxima.p(99.0 * 1.000_001)), (0.02, 0.01));
        let p: Vec<f64> = [10.0, 50.0, 200.0].iter().filter_map(|&llr| maxima.gumbel_p(llr)).collect();
        assert!(p[0] > 0.9 && p[1] > 0.3 && p[1] < 0.6 && p[2] < 0.01 && p[2] > 0.0, "{p:?}");
        assert_eq!(Maxima::new(vec![1.0; 99]).gumbel_p(2.0), None);
        assert_eq!(Maxima::new(vec![0.1; 99]).gumbel_p(2.0), None);
        assert_eq!(Maxima::new(vec![1.0, 2.0]).gumbel_p(2.0), None);
    }
}
