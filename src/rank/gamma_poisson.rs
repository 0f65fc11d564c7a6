//! Empirical Bayes for counts: rates shrunk towards what blocks have in common, with their uncertainty.

use super::negative_binomial::{Likelihood, quantiles};
use super::special::{Tail, ln_gamma_quantile};
use crate::model::elementary::exp;

/// Why no distribution of rates can be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Not one exposure for each count.
    #[error("{counts} counts with {exposures} exposures; give each block both")]
    Length {
        /// Counts given.
        counts: usize,
        /// Exposures given.
        exposures: usize,
    },
    /// An exposure that is no length of time, street or the like.
    #[error("block {at} (from 0) has an exposure of {exposure}; give 0 or a positive, finite number")]
    Exposure {
        /// Which block, from 0.
        at: usize,
        /// Its exposure.
        exposure: f64,
    },
    /// Incidents where nothing could have happened.
    #[error(
        "block {at} (from 0) has {count} incidents and no exposure; give it its exposure or leave it out"
    )]
    NoRoom {
        /// Which block, from 0.
        at: usize,
        /// Its incidents.
        count: u32,
    },
    /// No block with exposure.
    #[error("no block has exposure; give at least one block with an exposure above 0")]
    NoExposure,
}

/// How a distribution of rates was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By maximum likelihood.
    Likelihood,
    /// By moments, since the likelihood had no summit that could be found.
    Moments,
    /// Not at all: the counts vary no more than chance alone would make them, so there is no evidence that blocks differ.
    NoEvidence,
}

/// The distribution of the blocks' rates: Gamma with shape `alpha` and rate `beta`, mean `alpha / beta`.
///
/// Without evidence that blocks differ it is what is known of the one rate that they share: `alpha` is the number of
/// incidents (½ where there are none) and `beta` the whole exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Shape.
    pub alpha: f64,
    /// Rate: exposure that the prior is worth.
    pub beta: f64,
    /// How they were found.
    pub how: How,
}

/// What is known of one block's rate: Gamma with this shape and rate, per unit of exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Shape, above 0.
    pub shape: f64,
    /// Rate, above 0.
    pub rate: f64,
}

/// A shape from which on the blocks' rates are as good as the same: for a mean of one incident, 1 part in a million more
/// variance than chance.
const ENDLESS: f64 = 1e6;

/// The shape that stands for a value known as well as exactly.
const CERTAIN: f64 = 1e15;

/// Fits the distribution of rates over blocks to their counts.
///
/// ```text
/// yⱼ ~ Poisson(λⱼ Eⱼ),   λⱼ ~ Gamma(α, β),   so yⱼ ~ NegativeBinomial(α, β / (β + Eⱼ))
/// (α, β) maximises Σⱼ ln [ Γ(α+yⱼ) / (Γ(α) yⱼ!) · (β / (β+Eⱼ))^α · (Eⱼ / (β+Eⱼ))^yⱼ ]
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per block, zeros included | `n` | incidents |
/// | `exposure` | what the counts are over | `n` | years, km·years, … |
/// | returns | shape and rate of the rates' distribution | – | –, exposure |
///
/// Newton's method in ln α and ln(α/β), from the moments and from a shape of 1; the higher summit counts. Where the search
/// does not settle, the moments stand: r̄ = Σy/ΣE, A = ΣEⱼ(rⱼ−r̄)²/ΣE − r̄ n/ΣE, α = r̄²/A, β = r̄/A. [`How::NoEvidence`]
/// where the likelihood is nowhere above that of one rate for all (it runs to α → ∞), or the moments are needed and A ≤ 0.
/// Blocks with neither exposure nor incidents tell nothing and are left out. The order of blocks changes no bit.
///
/// Time O(n log n), then O(distinct pairs of count and exposure) for each of some ten steps. Source: Clayton & Kaldor
/// (1987), *Biometrics* 43(3); Marshall (1991), *JRSS C* 40(2) for the moments.
///
/// # Limits
///
/// One distribution for all blocks: rates that lie near each other on the map, or in two camps, are not told apart.
/// What was estimated is taken as known, so intervals are a little too short with few blocks.
///
/// # Errors
///
/// [`FitError`] where lengths differ, an exposure is negative or no number, incidents have no exposure, or no block has any.
///
/// # Examples
///
/// The 25 counts of `fixtures/reference/rank`, with the answer of SciPy:
///
/// ```
/// use hotblocks::rank::gamma_poisson::{How, fit};
///
/// let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
/// let fit = fit(&counts, &[1.0; 25])?;
/// assert_eq!(fit.how, How::Likelihood);
/// assert!((fit.alpha - 0.904_700).abs() < 1e-5 && (fit.beta - 0.611_284).abs() < 1e-5);
/// assert!((fit.posterior(9, 1.0).mean() - 6.147_09).abs() < 1e-5);
/// # Ok::<(), hotblocks::rank::gamma_poisson::FitError>(())
/// ```
pub fn fit(counts: &[u32], exposure: &[f64]) -> Result<Fit, FitError> {
    let likelihood = likelihood(counts, exposure)?;
    let (incidents, exposure) = (likelihood.incidents(), likelihood.exposure());
    let alike =
        Fit { alpha: if incidents > 0.0 { incidents } else { 0.5 }, beta: exposure, how: How::NoEvidence };
    if incidents == 0.0 {
        return Ok(alike);
    }
    let mean = incidents / exposure;
    let moments = likelihood.moments();
    let most = ENDLESS * mean.max(1.0).max(mean * exposure / counts.len() as f64);
    let starts = moments.map(|(alpha, beta)| (alpha.clamp(1e-4, 1e4), alpha / beta));
    let summits: Vec<(f64, f64, f64)> =
        starts.into_iter().chain([(1.0, mean)]).filter_map(|start| likelihood.climb(start, most)).collect();
    let summit = summits.iter().copied().max_by(|a, b| a.2.total_cmp(&b.2));
    match (summit, moments) {
        (Some((alpha, mean, gain)), _) if alpha < most && gain > 1e-10 * (1.0 + incidents) => {
            Ok(Fit { alpha, beta: alpha / mean, how: How::Likelihood })
        }
        (None, Some((alpha, beta))) => Ok(Fit { alpha, beta, how: How::Moments }),
        _ => Ok(alike),
    }
}

/// The same by moments alone, without a search; `None` where the counts vary no more than chance alone would make them.
///
/// Source: Marshall (1991), *JRSS C* 40(2).
///
/// # Errors
///
/// As [`fit`].
pub fn moments(counts: &[u32], exposure: &[f64]) -> Result<Option<Fit>, FitError> {
    let found = likelihood(counts, exposure)?.moments();
    Ok(found.map(|(alpha, beta)| Fit { alpha, beta, how: How::Moments }))
}

/// What is fitted, after its input was looked at.
fn likelihood(counts: &[u32], exposure: &[f64]) -> Result<Likelihood, FitError> {
    if counts.len() != exposure.len() {
        return Err(FitError::Length { counts: counts.len(), exposures: exposure.len() });
    }
    for (at, (&count, &exposure)) in counts.iter().zip(exposure).enumerate() {
        if !(exposure >= 0.0 && exposure.is_finite()) {
            return Err(FitError::Exposure { at, exposure });
        }
        if exposure == 0.0 && count > 0 {
            return Err(FitError::NoRoom { at, count });
        }
    }
    let pairs = counts.iter().copied().zip(exposure.iter().copied()).filter(|pair| pair.1 > 0.0);
    let likelihood = Likelihood::new(pairs);
    let whole = likelihood.exposure();
    if whole > 0.0 && whole.is_finite() { Ok(likelihood) } else { Err(FitError::NoExposure) }
}

impl Fit {
    /// What is known of a block's rate after its count: Gamma(α + y, β + E).
    ///
    /// Without evidence that blocks differ, what is known of the rate that all share, whatever the block's own count.
    #[must_use]
    pub fn posterior(&self, count: u32, exposure: f64) -> Posterior {
        self.posterior_of(f64::from(count), exposure)
    }

    /// The same after a count that need not be whole, as of discounted years.
    #[must_use]
    pub fn posterior_of(&self, count: f64, exposure: f64) -> Posterior {
        match self.how {
            How::NoEvidence => Posterior { shape: self.alpha, rate: self.beta },
            _ => Posterior { shape: self.alpha + count, rate: self.beta + exposure },
        }
    }

    /// The same for ranking, where only differences between blocks matter: without evidence of any, the mean for all.
    ///
    /// The doubt about a rate that all blocks share moves all of them together and changes no rank, so it must not be drawn
    /// for each block by itself.
    #[must_use]
    pub fn for_ranks(&self, count: u32, exposure: f64) -> Posterior {
        self.for_ranks_of(f64::from(count), exposure)
    }

    /// The same after a count that need not be whole.
    #[must_use]
    pub fn for_ranks_of(&self, count: f64, exposure: f64) -> Posterior {
        match self.how {
            How::NoEvidence => Posterior { shape: CERTAIN, rate: CERTAIN * self.beta / self.alpha },
            _ => self.posterior_of(count, exposure),
        }
    }
}

impl Posterior {
    /// Expected rate.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.shape / self.rate
    }

    /// Variance of the rate.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.shape / self.rate / self.rate
    }

    /// The interval that holds the rate with probability `level`, as much missed below as above; a relative error below
    /// 1e-9.
    ///
    /// A level outside 0 to 0.999999 is taken as the nearest in it, and one that is no number as 0. A bound below the smallest number is 0.
    #[must_use]
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let tail = tail(level);
        let at = |side| exp(ln_gamma_quantile(self.shape, tail, side)) / self.rate;
        (at(Tail::Lower), at(Tail::Upper))
    }
}

/// What is missed on each side.
fn tail(level: f64) -> f64 {
    if level > 0.0 { 0.5 - 0.5 * level.min(0.999_999) } else { 0.5 }
}

/// The counts that a block will have over a further exposure with probability `level`, as much missed below as above.
///
/// ```text
/// y′ | y ~ NegativeBinomial(shape, rate / (rate + E′));   from the least k with P(y′ ≤ k) ≥ (1−level)/2 to that with ≥ (1+level)/2
/// ```
///
/// Whole numbers hold at least the level, usually more. Means above a million are taken as continuous. An exposure of 0
/// or less gives 0 to 0.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::gamma_poisson::{Posterior, predictive_interval};
///
/// // scipy.stats.nbinom(9.9047, 1.611284 / 2.611284).ppf([0.05, 0.95])
/// let posterior = Posterior { shape: 9.9047, rate: 1.611_284 };
/// assert_eq!(predictive_interval(&posterior, 1.0, 0.9), (2, 12));
/// ```
#[must_use]
pub fn predictive_interval(posterior: &Posterior, exposure: f64, level: f64) -> (u32, u32) {
    let tail = tail(level);
    let mean = posterior.mean() * exposure.max(0.0);
    let [low, high] = quantiles(posterior.shape, mean, [tail, 1.0 - tail]);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: [u32; 25] = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];

    #[test]
    fn the_golden_numbers_come_out() {
        let fit = fit(&GOLD, &[1.0; 25]).expect("good input");
        assert!((fit.alpha - 0.904_700).abs() < 5e-6 && (fit.beta - 0.611_284).abs() < 5e-6, "{fit:?}");
        assert!((fit.posterior(9, 1.0).mean() - 6.147_09).abs() < 1e-5);
        let likelihood = Likelihood::new(GOLD.into_iter().map(|count| (count, 1.0)));
        let (alpha, beta) = likelihood.moments().expect("good input");
        // Mean 1.48; variance (n − 1) 4.34333, so over n 4.1696.
        assert!((beta - 1.48 / (4.1696 - 1.48)).abs() < 1e-12 && (alpha / beta - 1.48).abs() < 1e-12);
    }

    #[test]
    fn no_evidence_is_an_answer() {
        for counts in [vec![2; 30], vec![7], vec![0; 9], vec![1, 2, 1, 2], vec![]] {
            let exposure = vec![2.0; counts.len()];
            match fit(&counts, &exposure) {
                Ok(fit) => {
                    assert_eq!(fit.how, How::NoEvidence);
                    let total: u32 = counts.iter().sum();
                    let (ours, mean) = (fit.posterior(2, 2.0).mean(), f64::from(total) / fit.beta);
                    assert!((ours - mean).abs() <= if total == 0 { 0.5 / fit.beta } else { 1e-15 });
                    assert!((fit.for_ranks(0, 1.0).mean() / ours - 1.0).abs() < 1e-14);
                    assert!(fit.posterior(0, 2.0).interval(0.9).1.is_finite());
                }
                Err(error) => assert!(counts.is_empty() && error == FitError::NoExposure),
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_says_where() {
        let told =
            |counts: &[u32], exposure: &[f64]| fit(counts, exposure).expect_err("bad input").to_string();
        assert!(told(&[1, 2], &[1.0]).contains("2 counts with 1 exposures"));
        assert!(told(&[1, 2], &[1.0, -1.0]).contains("block 1"));
        assert!(told(&[1, 2], &[1.0, f64::NAN]).contains("NaN"));
        assert!(told(&[1, 2], &[1.0, 0.0]).contains("2 incidents and no exposure"));
        assert!(told(&[0, 0], &[0.0, 0.0]).contains("no block has exposure"));
    }

    #[test]
    fn blocks_without_exposure_or_incidents_change_nothing() {
        let plain = fit(&GOLD, &[1.0; 25]).expect("good input");
        let (mut counts, mut exposure) = (GOLD.to_vec(), vec![1.0; 25]);
        counts.extend([0, 0]);
        exposure.extend([0.0, 0.0]);
        assert_eq!(fit(&counts, &exposure).expect("good input"), plain);
        assert_eq!(plain.posterior(0, 0.0), Posterior { shape: plain.alpha, rate: plain.beta });
    }

    #[test]
    fn the_order_of_blocks_changes_no_bit() {
        let exposure: Vec<f64> = (1..=25).map(|k| 0.1 * f64::from(k * k % 13) + 0.07).collect();
        let one = fit(&GOLD, &exposure).expect("good input");
        let turned: Vec<u32> = GOLD.into_iter().rev().collect();
        let over: Vec<f64> = exposure.iter().copied().rev().collect();
        assert_eq!(fit(&turned, &over).expect("good input"), one);
    }

    #[test]
    fn extreme_counts_have_a_finite_answer() {
        for counts in
            [vec![0, 0, 0, 4_000_000_000], vec![1; 9_999], vec![0, 4_294_967_295, 3, 3, 3, 1_000_000]]
        {
            let exposure: Vec<f64> = counts.iter().map(|_| 1e-3).collect();
            let fit = fit(&counts, &exposure).expect("good input");
            let posterior = fit.posterior(counts[1], 1e-3);
            let (low, high) = posterior.interval(0.9);
            assert!(low.is_finite() && low <= high && high.is_finite() && fit.alpha > 0.0, "{fit:?}");
        }
    }

    #[test]
    fn an_interval_of_an_exponential_is_its_formula() {
        let posterior = Posterior { shape: 1.0, rate: 4.0 };
        let (low, high) = posterior.interval(0.9);
        assert!((low * 4.0 / -(0.95_f64.ln()) - 1.0).abs() < 1e-12);
        assert!((high * 4.0 / -(0.05_f64.ln()) - 1.0).abs() < 1e-12);
        let (low, high) = posterior.interval(f64::NAN);
        assert!(low.is_finite() && high.is_finite());
        assert_eq!(Posterior { shape: 1e-5, rate: 1.0 }.interval(0.9).0, 0.0);
    }
}
