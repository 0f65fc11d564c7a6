//! How steady a list is: from one window to the next, and under chance alone.

use rayon::prelude::*;

use crate::analysis::chance::Chance;
use crate::progress::steps;

/// How much of its weight rank-biased overlap gives to the first places: with 0.9 the first ten have 86 %.
pub const PERSISTENCE: f64 = 0.9;

/// Resamples where no other number is asked for: a frequency then has a standard error of 3.5 points at most.
pub const RESAMPLES: u32 = 200;

/// Why nothing can be said of stability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StabilityError {
    /// A persistence that is none.
    #[error("a persistence of {p} cannot be used; give one above 0 and below 1, e.g. 0.9")]
    Persistence {
        /// What was given.
        p: f64,
    },
    /// A list that names one block twice.
    #[error("a list names block {block} twice; name it once")]
    Twice {
        /// Which.
        block: u32,
    },
    /// No places on the list or no resamples.
    #[error("a list of {top_n} in {resamples} resamples says nothing; give at least 1 of each")]
    Nothing {
        /// Places on the list.
        top_n: usize,
        /// Resamples.
        resamples: u32,
    },
}

/// The share of the blocks of two lists that are on both: |A ∩ B| / |A ∪ B|; `None` for two empty lists.
///
/// Source: Jaccard (1912), *New Phytologist* 11(2). Time O(n log n).
///
/// # Errors
///
/// [`StabilityError::Twice`] for a list that names a block twice.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::stability::jaccard;
///
/// assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4])?, Some(0.5));
/// # Ok::<(), hotblocks::rank::stability::StabilityError>(())
/// ```
pub fn jaccard(a: &[u32], b: &[u32]) -> Result<Option<f64>, StabilityError> {
    let (a, b) = (sorted(a)?, sorted(b)?);
    let both = a.iter().filter(|block| b.binary_search(block).is_ok()).count();
    let either = a.len() + b.len() - both;
    Ok((either > 0).then(|| both as f64 / either as f64))
}

/// Rank-biased overlap of two lists: how alike they are, their first places above all.
///
/// ```text
/// RBO = Xₖ/k · pᵏ + (1 − p)/p · Σ_{d = 1 … k} Xd/d · pᵈ          Xd: blocks on both lists among their first d
/// ```
///
/// the extrapolated form: beyond place `k`, the length of the shorter list, agreement goes on as it was there.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `a`, `b` | blocks, the first place first, each once | any | – |
/// | `p` | persistence: the larger, the deeper it looks; [`PERSISTENCE`] | – | – |
/// | returns | 0 for nothing in common to 1 for the same list; `None` where a list is empty | | |
///
/// Time O(k log k). Source: Webber, Moffat & Zobel (2010), *ACM Trans. Information Systems* 28(4), equation 23 at even
/// depth.
///
/// # Limits
///
/// Lists of unequal length are compared as far as the shorter one goes. Ties stand in the order of the list.
///
/// # Errors
///
/// [`StabilityError`] for a persistence outside (0, 1) or a list that names a block twice.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::stability::rbo;
///
/// let same = rbo(&[4, 2, 9], &[4, 2, 9], 0.9)?;
/// assert!((same.expect("two lists") - 1.0).abs() < 1e-12);
/// assert_eq!(rbo(&[1, 2], &[3, 4], 0.9)?, Some(0.0));
/// # Ok::<(), hotblocks::rank::stability::StabilityError>(())
/// ```
pub fn rbo(a: &[u32], b: &[u32], p: f64) -> Result<Option<f64>, StabilityError> {
    if !(p > 0.0 && p < 1.0) {
        return Err(StabilityError::Persistence { p });
    }
    sorted(a)?;
    sorted(b)?;
    let depth = a.len().min(b.len());
    if depth == 0 {
        return Ok(None);
    }
    let (mut seen_a, mut seen_b) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let (mut both, mut weight, mut sum) = (0usize, 1.0, 0.0);
    for (d, (x, y)) in (1..).zip(a.iter().zip(b)) {
        seen_a.insert(x);
        seen_b.insert(y);
        both += usize::from(seen_b.contains(x)) + usize::from(x != y && seen_a.contains(y));
        weight *= p;
        sum += both as f64 / f64::from(d) * weight;
    }
    Ok(Some((both as f64 / depth as f64 * weight + (1.0 - p) / p * sum).clamp(0.0, 1.0)))
}

fn sorted(list: &[u32]) -> Result<Vec<u32>, StabilityError> {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(StabilityError::Twice { block: pair[0] }),
        None => Ok(sorted),
    }
}

/// How often each block is among the top N when the incidents are drawn anew from themselves (event bootstrap).
///
/// Each resample draws as many incidents as there are, with replacement. Blocks that tie for the last places share them:
/// three blocks for one place count a third each. A block without incidents is never among them.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents of every block | `m` | incidents |
/// | `top_n` | places on the list, at least 1 | – | blocks |
/// | `resamples`, `seed` | how often, one lane each, and what it follows from | – | – |
/// | returns | frequency from 0 to 1 in the order of `counts`; they add up to the places that can be filled | `m` | – |
///
/// Time O(resamples (c + m)). Source: Efron (1979), *Annals of Statistics* 7(1).
///
/// # Limits
///
/// It shows how much of a list hangs on single incidents. It is no probability of being truly among the top N: the
/// bootstrap starts from the counts as if they were the rates, so a block that was lucky is lucky in every resample.
/// P(top N) of the Gamma–Poisson model is that probability.
///
/// # Errors
///
/// [`StabilityError::Nothing`] without places or resamples.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::stability::inclusion;
///
/// let often = inclusion(&[40, 3, 3, 0], 1, 200, 1)?;
/// assert_eq!((often[0], often[3]), (1.0, 0.0));
/// # Ok::<(), hotblocks::rank::stability::StabilityError>(())
/// ```
pub fn inclusion(
    counts: &[u32],
    top_n: usize,
    resamples: u32,
    seed: u64,
) -> Result<Vec<f64>, StabilityError> {
    if top_n == 0 || resamples == 0 {
        return Err(StabilityError::Nothing { top_n, resamples });
    }
    let owner: Vec<u32> =
        (0u32..).zip(counts).flat_map(|(block, &n)| std::iter::repeat_n(block, n as usize)).collect();
    let n = u32::try_from(owner.len()).unwrap_or(u32::MAX);
    let one = |resample: u32| {
        let mut chance = Chance::new(seed, u64::from(resample));
        let mut drawn = vec![0u32; counts.len()];
        for _ in 0..owner.len() {
            drawn[owner[chance.below(n) as usize] as usize] += 1;
        }
        places(&drawn, top_n)
    };
    // In runs, so that no more than a few lists of all blocks lie in memory; they are added up in order.
    const RUN: u32 = 16;
    let mut often = vec![0.0; counts.len()];
    let done = steps(resamples.div_ceil(RUN) as usize);
    for first in (0..resamples).step_by(RUN as usize) {
        done.done(1);
        let run: Vec<Vec<f64>> = (first..(first + RUN).min(resamples)).into_par_iter().map(one).collect();
        for listed in run {
            for (sum, part) in often.iter_mut().zip(listed) {
                *sum += part;
            }
        }
    }
    for sum in &mut often {
        *sum /= f64::from(resamples);
    }
    Ok(often)
}

/// Each block's part of a place among the top N.
fn places(drawn: &[u32], top_n: usize) -> Vec<f64> {
    let mut descending: Vec<u32> = drawn.iter().copied().filter(|&n| n > 0).collect();
    if descending.len() <= top_n {
        return drawn.iter().map(|&n| f64::from(u8::from(n > 0))).collect();
    }
    let (_, &mut cut, _) = descending.select_nth_unstable_by(top_n - 1, |a, b| b.cmp(a));
    let above = drawn.iter().filter(|&&n| n > cut).count();
    let tied = drawn.iter().filter(|&&n| n == cut).count();
    let part = (top_n - above) as f64 / tied as f64;
    drawn
        .iter()
        .map(|&n| match n.cmp(&cut) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => part,
            std::cmp::Ordering::Less => 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_share_more_or_share_it_higher_up_are_more_alike() {
        let of = |b: &[u32]| rbo(&[1, 2, 3, 4], b, 0.9).expect("lists").expect("not empty");
        assert!(of(&[1, 2, 3, 4]) > of(&[2, 1, 3, 4]));
        assert!(of(&[2, 1, 3, 4]) > of(&[3, 2, 1, 4]));
        assert!(of(&[1, 9, 8, 7]) > of(&[9, 8, 7, 1]));
        // By hand: X = 0, 2, 2 of depth 3.
        let by_hand = 2.0 / 3.0 * 0.729 + 0.1 / 0.9 * (0.81 + 2.0 / 3.0 * 0.729);
        let found = rbo(&[1, 2, 3], &[2, 1, 5], 0.9).expect("lists").expect("not empty");
        assert!((found - by_hand).abs() < 1e-12, "{found}");
    }

    #[test]
    fn overlap_is_the_same_both_ways_round() {
        let (a, b) = ([5, 1, 9, 2, 8, 4], [1, 5, 2, 7, 8, 3]);
        assert_eq!(rbo(&a, &b, 0.9), rbo(&b, &a, 0.9));
        assert_eq!(jaccard(&a, &b), jaccard(&b, &a));
        assert_eq!(jaccard(&a, &b), Ok(Some(0.5)));
    }

    #[test]
    fn empty_lists_say_nothing_and_wrong_ones_are_refused() {
        assert_eq!((jaccard(&[], &[]), rbo(&[], &[1], 0.9)), (Ok(None), Ok(None)));
        assert_eq!(jaccard(&[1, 1], &[2]), Err(StabilityError::Twice { block: 1 }));
        assert_eq!(rbo(&[3], &[2, 2], 0.9), Err(StabilityError::Twice { block: 2 }));
        assert!(rbo(&[1], &[1], 1.0).is_err() && rbo(&[1], &[1], f64::NAN).is_err());
        assert!(inclusion(&[1], 0, 9, 1).is_err() && inclusion(&[1], 1, 0, 1).is_err());
    }

    #[test]
    fn frequencies_add_up_to_the_places_of_the_list() {
        let counts: Vec<u32> = (0..60).map(|n| (n * 7) % 9).collect();
        let often = inclusion(&counts, 10, 60, 5).expect("usable");
        assert!((often.iter().sum::<f64>() - 10.0).abs() < 1e-9);
        assert!(counts.iter().zip(&often).all(|(&n, &f)| (0.0..=1.0).contains(&f) && (n > 0 || f == 0.0)));
        // The same seed, the same frequencies; another, others.
        assert_eq!(often, inclusion(&counts, 10, 60, 5).expect("usable"));
        assert_ne!(often, inclusion(&counts, 10, 60, 6).expect("usable"));
    }

    #[test]
    fn blocks_with_more_incidents_are_on_the_list_more_often() {
        let often = inclusion(&[12, 9, 6, 3, 1, 0], 2, 400, 2).expect("usable");
        assert!(often.windows(2).all(|w| w[0] >= w[1]), "{often:?}");
        // Two multinomial counts of mean 12 and 6 of 31: the first is among the top two nearly always.
        assert!(often[0] > 0.9 && often[2] < 0.5, "{often:?}");
    }

    #[test]
    fn without_incidents_nothing_is_listed() {
        assert_eq!(inclusion(&[0, 0], 1, 5, 1), Ok(vec![0.0, 0.0]));
        assert_eq!(inclusion(&[], 1, 5, 1), Ok(vec![]));
        // Fewer blocks with incidents than places: all of them are listed where they are drawn.
        assert_eq!(inclusion(&[0, 4], 3, 5, 1), Ok(vec![0.0, 1.0]));
    }
}
