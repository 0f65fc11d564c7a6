//! What is expected of every block: its score a unit of exposure, as the weighted sum of the rates of its groups of classes.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::draws::Part;
use super::gamma_poisson::{Fit, Posterior};

/// A group of classes with its counts by block and what was fitted to them.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<'a> {
    /// Incidents by block, whole.
    pub counts: &'a [u32],
    /// The same, each less the older it is; `None` where all count alike.
    pub discounted: Option<&'a [f64]>,
    /// What is known of each block after it has learned from others; `None` where nothing is shared.
    pub borrowed: Option<&'a [Option<Posterior>]>,
    /// What one incident weighs.
    pub weight: f64,
    /// How the group's rates differ between blocks.
    pub fit: &'a Fit,
}

impl Fitted<'_> {
    /// What is known of a block's rate. Where incidents are discounted, so is the exposure: what lies back is evidence, but less
    /// of it (a power prior, Ibrahim & Chen 2000, *Statistical Science* 15(1)).
    fn posterior(&self, block: usize, exposure: f64) -> Posterior {
        if let Some(borrowed) = self.borrowed(block) {
            return borrowed;
        }
        match self.discounted {
            Some(discounted) => self.fit.posterior_of(discounted[block], exposure),
            None => self.fit.posterior(self.counts[block], exposure),
        }
    }

    /// The same for places: a rate that all blocks share is no reason for one.
    fn for_ranks(&self, block: usize, exposure: f64) -> Posterior {
        if let Some(borrowed) = self.borrowed(block) {
            return borrowed;
        }
        match self.discounted {
            Some(discounted) => self.fit.for_ranks_of(discounted[block], exposure),
            None => self.fit.for_ranks(self.counts[block], exposure),
        }
    }

    fn borrowed(&self, block: usize) -> Option<Posterior> {
        self.borrowed.and_then(|borrowed| borrowed[block])
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let key = |block: usize| self.borrowed(block).map_or((0.0, 0.0), |of| (of.shape, of.rate));
        let ((a_shape, a_rate), (b_shape, b_rate)) = (key(a), key(b));
        let borrowed = a_shape.total_cmp(&b_shape).then(a_rate.total_cmp(&b_rate));
        borrowed.then(match self.discounted {
            Some(discounted) => discounted[a].total_cmp(&discounted[b]),
            None => self.counts[a].cmp(&self.counts[b]),
        })
    }
}

/// What is expected of a block, a unit of its exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean of the posterior.
    pub mean: f64,
    /// Lower end of its interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// The part of the posterior that intervals hold: 5 to 95 %, as rank intervals do.
pub const LEVEL: f64 = 0.9;

/// The rates of one block's groups, as draws take them: a rate that all blocks share is no reason for a place.
#[must_use]
pub fn parts(groups: &[Fitted<'_>], block: usize, exposure: f64) -> Vec<Part> {
    let part =
        |group: &Fitted<'_>| Part { weight: group.weight, posterior: group.for_ranks(block, exposure) };
    groups.iter().map(part).collect()
}

/// What is expected of every block that has an exposure.
///
/// ```text
/// Λ = Σ_c w_c λ_c,   λ_c ~ Gamma(α_c + y_c, β_c + E),   mean Σ w_c μ_c,   variance Σ w_c² σ_c²
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `groups` | counts, weight and fit of each group of classes | `c` × `n` | incidents |
/// | `exposures` | what each block is divided by; `None` for none | `n` | years, by size where asked |
/// | returns | mean and 5 to 95 % interval; `None` without exposure | `n` | weight per unit of exposure |
///
/// Time O(n c log n): blocks with the same counts and exposure are computed once, in parallel.
///
/// # Limits
///
/// With one group the interval is the gamma's own. A weighted sum of gammas has no quantiles in closed form: with several
/// groups it is the interval of the gamma with the same mean and variance (Welch and Satterthwaite), which for few,
/// heavy incidents is too short on the right. P(top N) and ranks come from draws of the sum itself.
#[must_use]
pub fn estimates(groups: &[Fitted<'_>], exposures: &[Option<f64>]) -> Vec<Option<Estimate>> {
    let mut found = vec![None; exposures.len()];
    let mut order: Vec<usize> = (0..exposures.len()).filter(|&at| exposures[at].is_some()).collect();
    let exposure = |at: usize| exposures[at].unwrap_or_default();
    let compare = |&a: &usize, &b: &usize| {
        let counts = groups.iter().map(|group| group.compare(a, b));
        counts.fold(exposure(a).total_cmp(&exposure(b)), Ordering::then)
    };
    order.sort_unstable_by(compare);
    let alike: Vec<&[usize]> = order.chunk_by(|a, b| compare(a, b).is_eq()).collect();
    let once: Vec<Estimate> =
        alike.par_iter().map(|blocks| estimate(groups, blocks[0], exposure(blocks[0]))).collect();
    for (blocks, estimate) in alike.iter().zip(once) {
        blocks.iter().for_each(|&at| found[at] = Some(estimate));
    }
    found
}

fn estimate(groups: &[Fitted<'_>], block: usize, exposure: f64) -> Estimate {
    let posteriors = groups.iter().map(|group| (group.weight, group.posterior(block, exposure)));
    let posteriors: Vec<(f64, Posterior)> = posteriors.collect();
    let mean: f64 = posteriors.iter().map(|(weight, posterior)| weight * posterior.mean()).sum();
    let (scale, posterior) = match posteriors[..] {
        [only] => only,
        ref several => {
            let variance: f64 = several.iter().map(|(weight, of)| weight * weight * of.variance()).sum();
            if !(mean > 0.0 && variance > 0.0) {
                return Estimate { mean, lo: mean, hi: mean };
            }
            (1.0, Posterior { shape: mean * mean / variance, rate: mean / variance })
        }
    };
    let (lo, hi) = posterior.interval(LEVEL);
    Estimate { mean, lo: scale * lo, hi: scale * hi }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::gamma_poisson::fit;

    const COUNTS: [u32; 25] = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];

    #[test]
    fn one_group_is_its_own_posterior_and_a_weight_scales_it() {
        let fit = fit(&COUNTS, &[1.0; 25]).expect("a fit");
        let once = estimates(
            &[Fitted { counts: &COUNTS, discounted: None, borrowed: None, weight: 1.0, fit: &fit }],
            &[Some(1.0); 25],
        );
        let nine = once[12].expect("an exposure");
        // scipy.stats.gamma(9.9047, scale=1/1.611284): mean and ppf of 0.05 and 0.95.
        assert!((nine.mean - 6.147_09).abs() < 1e-4, "{nine:?}");
        assert_eq!((nine.lo, nine.hi), fit.posterior(9, 1.0).interval(LEVEL));
        let heavy = estimates(
            &[Fitted { counts: &COUNTS, discounted: None, borrowed: None, weight: 365.0, fit: &fit }],
            &[Some(1.0); 25],
        );
        assert!((heavy[12].expect("an exposure").hi - 365.0 * nine.hi).abs() < 1e-9);
    }

    #[test]
    fn equal_exposure_keeps_the_order_of_counts_and_no_exposure_gives_nothing() {
        let fit = fit(&COUNTS, &[1.0; 25]).expect("a fit");
        let mut exposures = [Some(1.0); 25];
        exposures[12] = None;
        let found = estimates(
            &[Fitted { counts: &COUNTS, discounted: None, borrowed: None, weight: 1.0, fit: &fit }],
            &exposures,
        );
        assert_eq!(found[12], None);
        for a in (0..25).filter(|&at| at != 12) {
            for b in (0..25).filter(|&at| at != 12) {
                let of = |at: usize| found[at].map(|e| e.mean);
                assert_eq!(COUNTS[a].cmp(&COUNTS[b]), of(a).partial_cmp(&of(b)).expect("numbers"));
            }
        }
    }

    #[test]
    fn two_halves_of_one_weight_have_the_mean_and_variance_of_their_sum() {
        let fit = fit(&COUNTS, &[1.0; 25]).expect("a fit");
        let group = Fitted { counts: &COUNTS, discounted: None, borrowed: None, weight: 2.0, fit: &fit };
        let sum = estimates(&[group, group], &[Some(1.0); 25])[12].expect("an exposure");
        let one = fit.posterior(9, 1.0);
        // Two independent Gamma(a, b) add up to Gamma(2a, b).
        let both = Posterior { shape: 2.0 * one.shape, rate: one.rate };
        assert!((sum.mean - 2.0 * both.mean()).abs() < 1e-9);
        assert!((sum.hi - 2.0 * both.interval(LEVEL).1).abs() < 1e-6 * sum.hi);
    }

    #[test]
    fn what_lies_back_is_evidence_but_less_of_it() {
        let fit = fit(&COUNTS, &[1.0; 25]).expect("a fit");
        let halves = COUNTS.map(|n| f64::from(n) / 2.0);
        let group =
            |discounted| Fitted { counts: &COUNTS, discounted, borrowed: None, weight: 1.0, fit: &fit };
        let whole = estimates(&[group(None)], &[Some(1.0); 25]);
        // Half of the incidents in half of the time: the same rate, less sure, nearer to the mean.
        let back = estimates(&[group(Some(&halves))], &[Some(0.5); 25]);
        let mean = fit.alpha / fit.beta;
        for (whole, back) in whole.iter().zip(&back).map(|(a, b)| (a.expect("some"), b.expect("some"))) {
            assert!((back.mean - mean).abs() < (whole.mean - mean).abs() && back.hi - back.lo > 0.0);
        }
        let alike = estimates(&[group(Some(&COUNTS.map(f64::from)))], &[Some(1.0); 25]);
        assert_eq!(alike, whole);
    }
}
