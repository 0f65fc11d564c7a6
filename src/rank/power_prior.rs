//! Sharing strength: blocks learn from a related class, from other years or from their neighbors, as much as that helps.

use rayon::prelude::*;

use super::gamma_poisson::{FitError, How, Posterior, fit};
use super::special::ln_gamma;
use crate::model::elementary::{exp, ln, ln_1p};
use crate::progress::checkpoint;

/// Why nothing can be borrowed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BorrowError {
    /// The counts themselves cannot be fitted.
    #[error("the counts cannot be fitted")]
    Fit {
        /// Why.
        #[from]
        source: FitError,
    },
    /// A lender of other blocks.
    #[error(
        "lender {lender} (from 0) has {counts} counts and {exposures} exposures for {blocks} blocks; give each block both"
    )]
    Length {
        /// Which lender.
        lender: usize,
        /// Its counts.
        counts: usize,
        /// Its exposures.
        exposures: usize,
        /// Blocks.
        blocks: usize,
    },
    /// A count or exposure that is none.
    #[error(
        "lender {lender} (from 0) has {value} at block {block} (from 0); give 0 or a positive, finite number"
    )]
    Value {
        /// Which lender.
        lender: usize,
        /// Which block.
        block: usize,
        /// The count or exposure.
        value: f64,
    },
}

/// What a block may learn from: counts of a related class, of older years, or of those around it.
#[derive(Clone, Copy, Debug)]
pub struct Lender<'a> {
    /// Incidents per block, possibly discounted.
    pub counts: &'a [f64],
    /// What they are over.
    pub exposure: &'a [f64],
}

/// What is known of each block after it has borrowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Borrowed {
    /// Shape of what blocks have in common, beside what they borrow.
    pub alpha: f64,
    /// Its rate.
    pub beta: f64,
    /// How much of each lender's incidents counts, from 0 to 1: what makes the counts likeliest.
    pub shares: Vec<f64>,
    /// How much ln L is above that without lenders; 2 × it beyond 3.84 is evidence at 5 % that one lender helps.
    pub gain: f64,
    /// What is known of each block's rate. Where neither blocks nor lenders tell blocks apart, the mean for all.
    pub posteriors: Vec<Posterior>,
}

/// Fits the distribution of rates and how much each lender has to say.
///
/// ```text
/// yⱼ ~ Poisson(λⱼ Eⱼ),   λⱼ ~ Gamma(α + Σₖ aₖ zₖⱼ, β + Σₖ aₖ ρₖ Fₖⱼ),   0 ≤ aₖ ≤ 1
/// m = Σy/ΣE,   β = α/m,   ρₖ = (Σzₖ/ΣFₖ) / m
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts`, `exposure` | incidents of the class, and what they are over | `n` | incidents, years |
/// | `lenders` | zₖ and Fₖ: related counts and what they are over | lists of `n` | incidents, years |
/// | returns | posteriors, and the shares aₖ that were found | `n` | per year |
///
/// A power prior: each incident of a lender counts as the share aₖ of one of the class, over an exposure stretched by ρₖ, so that a lender's mean
/// is the class's mean and only its pattern is lent. α and the shares are those of greatest likelihood of the counts given the lenders, so a lender
/// that says nothing about the class gets a share near 0. Time O(n) for each of some hundred steps, one coordinate after the
/// other. Source: Ibrahim & Chen (2000), *Statistical Science* 15(1); Gravestock & Held (2017), *Pharmaceutical Statistics* 16(5), for the share by
/// empirical Bayes; with sums over neighbors as the lender it is a local empirical Bayes (Marshall 1991, *JRSS C* 40(2)) that chooses how local, by a
/// pseudo-likelihood (Besag 1975, *The Statistician* 24(3)).
///
/// # Limits
///
/// The shares are the same for all blocks. Posteriors of two classes that lend to each other lean on the same incidents, so draws that take
/// them as independent make intervals of their sum too short. What was estimated is taken as known.
///
/// # Errors
///
/// [`BorrowError`] for what [`fit`] refuses, and lenders of another length or with values that are negative or no numbers.
///
/// # Examples
///
/// Killings are few; gun assaults on the same blocks tell where they are likelier:
///
/// ```
/// use hotblocks::rank::power_prior::{Lender, borrow};
///
/// let killings = [2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0];
/// let assaults = [9.0, 6.0, 1.0, 5.0, 0.0, 0.0, 1.0, 0.0, 4.0, 0.0, 1.0, 0.0];
/// let found = borrow(&killings, &[3.0; 12], &[Lender { counts: &assaults, exposure: &[3.0; 12] }])?;
/// assert!(found.shares[0] > 0.1);
/// // No killing on either, but gun assaults on the second alone.
/// assert!(found.posteriors[1].mean() > 2.0 * found.posteriors[4].mean());
/// # Ok::<(), hotblocks::rank::power_prior::BorrowError>(())
/// ```
pub fn borrow(counts: &[u32], exposure: &[f64], lenders: &[Lender]) -> Result<Borrowed, BorrowError> {
    let alone = fit(counts, exposure)?;
    check(counts.len(), lenders)?;
    let incidents: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let same_for_all = || Borrowed {
        alpha: alone.alpha,
        beta: alone.beta,
        shares: vec![0.0; lenders.len()],
        gain: 0.0,
        posteriors: counts.iter().zip(exposure).map(|(&y, &e)| alone.for_ranks(y, e)).collect(),
    };
    if incidents == 0.0 {
        return Ok(same_for_all());
    }
    let likelihood = Likelihood::new(counts, exposure, lenders);
    let pinned = ln(MOST * (1.0 + incidents / counts.len() as f64));
    let start = if alone.how == How::NoEvidence { pinned } else { ln(alone.alpha).clamp(LEAST_LN, pinned) };
    let base = likelihood.value(start, &vec![0.0; lenders.len()]);
    let (ln_alpha, shares, value) = likelihood.climb(start, pinned, base);
    let gain = value - base;
    let idle = alone.how == How::NoEvidence || lenders.is_empty();
    if idle && gain < 1e-6 {
        return Ok(same_for_all());
    }
    let alpha = exp(ln_alpha);
    let beta = alpha / likelihood.mean;
    let posterior = |at: usize| {
        let lent = lenders.iter().zip(&shares).zip(&likelihood.stretch);
        let (shape, rate) = lent.fold((alpha, beta), |(shape, rate), ((lender, share), stretch)| {
            (shape + share * lender.counts[at], rate + share * stretch * lender.exposure[at])
        });
        Posterior { shape: shape + f64::from(counts[at]), rate: rate + exposure[at] }
    };
    let posteriors = (0..counts.len()).map(posterior).collect();
    Ok(Borrowed { alpha, beta, shares, gain: gain.max(0.0), posteriors })
}

/// From this shape, for a mean of one, the blocks' own rates are as good as the same.
const MOST: f64 = 1e6;

/// ln of the least shape that is tried.
const LEAST_LN: f64 = -9.0;

fn check(blocks: usize, lenders: &[Lender]) -> Result<(), BorrowError> {
    for (lender, one) in lenders.iter().enumerate() {
        let (counts, exposures) = (one.counts.len(), one.exposure.len());
        if counts != blocks || exposures != blocks {
            return Err(BorrowError::Length { lender, counts, exposures, blocks });
        }
        for values in [one.counts, one.exposure] {
            let bad = values.iter().position(|value| !(*value >= 0.0 && value.is_finite()));
            if let Some(block) = bad {
                return Err(BorrowError::Value { lender, block, value: values[block] });
            }
        }
    }
    Ok(())
}

/// Blocks with the same numbers: count, exposure, then what each lender has; and how many they are.
struct Likelihood {
    /// `width` numbers a row.
    rows: Vec<f64>,
    times: Vec<f64>,
    width: usize,
    mean: f64,
    /// ρ of each lender; 0 for one without incidents.
    stretch: Vec<f64>,
}

impl Likelihood {
    fn new(counts: &[u32], exposure: &[f64], lenders: &[Lender]) -> Self {
        let mut rows: Vec<Vec<f64>> = (0..counts.len())
            .map(|at| {
                let lent = lenders.iter().flat_map(|lender| [lender.counts[at], lender.exposure[at]]);
                [f64::from(counts[at]), exposure[at]].into_iter().chain(lent).collect()
            })
            .collect();
        rows.sort_by(|a: &Vec<f64>, b| {
            a.iter()
                .zip(b)
                .map(|(a, b)| a.total_cmp(b))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        // Sums in the order of the values, so that the order of blocks changes no bit.
        let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>();
        let mean = sum(0) / sum(1);
        let stretch = (0..lenders.len())
            .map(|k| {
                let (lent, over) = (sum(2 + 2 * k), sum(3 + 2 * k));
                if lent > 0.0 && over > 0.0 { lent / over / mean } else { 0.0 }
            })
            .collect();
        let times = rows.chunk_by(|a, b| a == b).map(|same| same.len() as f64).collect();
        let width = 2 + 2 * lenders.len();
        let rows = rows.chunk_by(|a, b| a == b).flat_map(|same| same[0].clone()).collect();
        Self { rows, times, width, mean, stretch }
    }

    /// ln L, but for a constant.
    fn value(&self, ln_alpha: f64, shares: &[f64]) -> f64 {
        let alpha = exp(ln_alpha);
        let beta = alpha / self.mean;
        let one = |(row, times): (&[f64], &f64)| {
            let (y, e) = (row[0], row[1]);
            let (mut shape, mut rate) = (alpha, beta);
            for ((lent, share), stretch) in row[2..].chunks(2).zip(shares).zip(&self.stretch) {
                shape += share * lent[0];
                rate += share * stretch * lent[1];
            }
            // Γ(shape + y) / Γ(shape) · rate^shape / (rate + e)^(shape + y)
            times * (ln_rising(shape, y) - y * ln(rate + e) - shape * ln_1p(e / rate))
        };
        // Parts of a fixed size, added in their order: threads change nothing.
        let parts: Vec<f64> = self
            .rows
            .par_chunks(1024 * self.width)
            .zip(self.times.par_chunks(1024))
            .map(|(rows, times)| rows.chunks(self.width).zip(times).map(one).sum::<f64>())
            .collect();
        parts.iter().sum()
    }

    /// One coordinate after the other, over a grid and then by golden section around its best; then both together, on the
    /// same way. Source: Hooke & Jeeves (1961), *Journal of the ACM* 8(2).
    fn climb(&self, start: f64, most: f64, base: f64) -> (f64, Vec<f64>, f64) {
        let shares_tried = [0.0, 0.003, 0.01, 0.03, 0.08, 0.2, 0.45, 0.75, 1.0];
        let mut best = (start, vec![0.0; self.stretch.len()], base);
        for sweep in 0..40 {
            checkpoint();
            let old = best.clone();
            for lender in 0..best.1.len() {
                if self.stretch[lender] == 0.0 {
                    continue;
                }
                let (ln_alpha, mut shares) = (best.0, best.1.clone());
                let now = shares[lender];
                let (x, value) = highest(
                    |x| {
                        shares[lender] = x;
                        self.value(ln_alpha, &shares)
                    },
                    if sweep == 0 { &shares_tried } else { &[0.0, 0.5, 0.8, 1.0, 1.25, 2.0] },
                    |factor| if sweep == 0 { factor } else { (now * factor).min(1.0) },
                );
                if value > best.2 {
                    best.1[lender] = x;
                    best.2 = value;
                }
            }
            let (now, shares) = (best.0, best.1.clone());
            let far: Vec<f64> =
                (0..=12).map(|k| LEAST_LN + (most - LEAST_LN) * f64::from(k) / 12.0).collect();
            let near: Vec<f64> =
                [-1.0, -0.3, 0.0, 0.3, 1.0].map(|step| (now + step).clamp(LEAST_LN, most)).into();
            let tried = if sweep == 0 { &far } else { &near };
            let (x, value) = highest(|x| self.value(x, &shares), tried, |x| x);
            if value > best.2 {
                best.0 = x;
                best.2 = value;
            }
            // Further the same way: α and shares make up for each other, so each alone would creep.
            let here = best.clone();
            let along = |t: f64| {
                let ln_alpha = (here.0 + t * (here.0 - old.0)).clamp(LEAST_LN, most);
                let further =
                    here.1.iter().zip(&old.1).map(|(now, old)| (now + t * (now - old)).clamp(0.0, 1.0));
                (ln_alpha, further.collect::<Vec<f64>>())
            };
            let value = |t: f64| {
                let (ln_alpha, shares) = along(t);
                self.value(ln_alpha, &shares)
            };
            let (t, value) = highest(value, &[0.0, 1.0, 3.0, 9.0, 27.0], |t| t);
            if value > best.2 {
                let (ln_alpha, shares) = along(t);
                best = (ln_alpha, shares, value);
            }
            if best.2 - old.2 < 1e-9 {
                break;
            }
        }
        best
    }
}

/// Where a function is highest: first of points, then between the neighbors of the best.
fn highest(mut of: impl FnMut(f64) -> f64, tried: &[f64], at: impl Fn(f64) -> f64) -> (f64, f64) {
    const GOLD: f64 = 0.618_033_988_749_894_9;
    let points: Vec<(f64, f64)> = tried.iter().map(|&x| at(x)).map(|x| (x, of(x))).collect();
    let best = (0..points.len()).fold(0, |best, k| if points[k].1 > points[best].1 { k } else { best });
    let (mut low, mut high) = (points[best.saturating_sub(1)].0, points[(best + 1).min(points.len() - 1)].0);
    let mut found = points[best];
    for _ in 0..18 {
        let (left, right) = (high - GOLD * (high - low), low + GOLD * (high - low));
        let (at_left, at_right) = (of(left), of(right));
        if at_left >= at_right {
            high = right
        } else {
            low = left
        }
        for one in [(left, at_left), (right, at_right)] {
            if one.1 > found.1 {
                found = one;
            }
        }
    }
    found
}

/// ln Γ(x + y) − ln Γ(x) for a whole y.
fn ln_rising(x: f64, y: f64) -> f64 {
    if y > 64.0 {
        return ln_gamma(x + y) - ln_gamma(x);
    }
    let (mut sum, mut product, mut k) = (0.0, 1.0, 0.0);
    while k < y {
        product *= x + k;
        k += 1.0;
        if !(1e-200..1e200).contains(&product) {
            sum += ln(product);
            product = 1.0;
        }
    }
    sum + ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    fn poisson(mean: f64, chance: &mut Chance) -> u32 {
        let (mut product, mut n) = (chance.unit(), 0);
        while product > (-mean).exp() {
            product *= chance.unit();
            n += 1;
        }
        n
    }

    /// Killings at a tenth of each block's rate, gun assaults at that rate, and thefts at another.
    fn city(blocks: usize, seed: u64) -> (Vec<f64>, Vec<u32>, Vec<f64>, Vec<f64>) {
        let mut chance = Chance::new(seed, 0);
        let rate = |chance: &mut Chance| -chance.unit().max(1e-9).ln() * 2.0 * chance.unit();
        let rates: Vec<f64> = (0..blocks).map(|_| rate(&mut chance)).collect();
        let killings = rates.iter().map(|rate| poisson(0.1 * rate, &mut chance)).collect();
        let assaults = rates.iter().map(|rate| f64::from(poisson(2.0 * rate, &mut chance))).collect();
        let thefts = rates.iter().map(|_| f64::from(poisson(3.0 * rate(&mut chance), &mut chance))).collect();
        (rates, killings, assaults, thefts)
    }

    #[test]
    fn a_class_that_tells_lends_much_and_one_that_does_not_lends_next_to_nothing() {
        let (rates, killings, assaults, thefts) = city(4_000, 3);
        let over = vec![1.0; 4_000];
        let lenders =
            [Lender { counts: &assaults, exposure: &over }, Lender { counts: &thefts, exposure: &over }];
        let found = borrow(&killings, &over, &lenders).expect("good input");
        assert!(found.shares[0] > 0.2 && found.shares[1] < 0.05, "{:?}", found.shares);
        assert!(found.gain > 20.0, "{}", found.gain);
        // Nearer to the truth than without lenders.
        let alone = borrow(&killings, &over, &[]).expect("good input");
        let miss = |found: &Borrowed| -> f64 {
            found.posteriors.iter().zip(&rates).map(|(one, rate)| (one.mean() - 0.1 * rate).powi(2)).sum()
        };
        assert!(miss(&found) < 0.6 * miss(&alone), "{} {}", miss(&found), miss(&alone));
    }

    #[test]
    fn without_lenders_it_is_the_fit() {
        let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
        let alone = borrow(&counts, &[1.0; 25], &[]).expect("good input");
        let fit = fit(&counts, &[1.0; 25]).expect("good input");
        assert!((alone.alpha / fit.alpha - 1.0).abs() < 1e-3, "{} {}", alone.alpha, fit.alpha);
        let quiet = borrow(&counts, &[1.0; 25], &[Lender { counts: &[0.0; 25], exposure: &[1.0; 25] }])
            .expect("good input");
        assert_eq!(quiet.shares, [0.0]);
    }

    #[test]
    fn the_order_of_blocks_changes_no_bit_of_what_each_gets() {
        let (_, killings, assaults, _) = city(500, 9);
        let over = vec![1.0; 500];
        let one =
            borrow(&killings, &over, &[Lender { counts: &assaults, exposure: &over }]).expect("good input");
        let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<f64>>();
        let (assaults, killings) = (turned(&assaults), killings.into_iter().rev().collect::<Vec<u32>>());
        let other =
            borrow(&killings, &over, &[Lender { counts: &assaults, exposure: &over }]).expect("good input");
        assert!(one.posteriors.iter().eq(other.posteriors.iter().rev()));
    }

    #[test]
    fn degenerate_input_has_a_clear_answer() {
        let none = borrow(&[0, 0], &[1.0; 2], &[Lender { counts: &[3.0, 0.0], exposure: &[1.0; 2] }])
            .expect("good input");
        assert_eq!(none.posteriors[0], none.posteriors[1]);
        let one = borrow(&[4], &[1.0], &[Lender { counts: &[3.0], exposure: &[1.0] }]).expect("good input");
        assert!(one.posteriors[0].mean().is_finite());
        let bad = |counts: &[f64]| borrow(&[1, 2], &[1.0; 2], &[Lender { counts, exposure: &[1.0; 2] }]);
        assert!(bad(&[1.0]).expect_err("bad input").to_string().contains("lender 0"));
        assert!(bad(&[1.0, f64::NAN]).expect_err("bad input").to_string().contains("NaN at block 1"));
    }
}
