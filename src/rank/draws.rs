//! Where each block may rank: how often it is in the top, its expected rank and an interval, from seeded draws.

use rayon::prelude::*;

use super::arranged::Arranged;
use super::gamma_poisson::Posterior;
use super::histogram::Histograms;
use super::sampler::{ROWS, Sampler};
use super::shortcut;
use crate::progress::steps;

/// The rule for equal draws, as answers state it.
pub const DRAW_TIE_RULE: &str = "equal values in one draw are ordered by a coin of that draw; blocks with the same \
                                 posterior share their result";

/// One class of a block: its rate, and what an incident of it weighs.
///
/// A block's rate is the sum over its parts of weight × Gamma(shape, rate).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Weight of one incident, 0 or more.
    pub weight: f64,
    /// What is known of the rate.
    pub posterior: Posterior,
}

/// Where a block may rank, 1 first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Probability that its rank is `top_n` or better.
    pub p_top_n: f64,
    /// Expected rank.
    pub mean: f64,
    /// The rank that it has or betters with a probability of 5 %.
    pub lo: u32,
    /// The rank that it has or betters with a probability of 95 %.
    pub hi: u32,
}

/// Which way the draws are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Every block in every draw.
    Plain,
    /// Blocks that cannot reach the top are passed over, see [`shortcut`].
    Pruned,
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawParams {
    /// How many places the top has, 1 or more. With as many as there are blocks or more, all are in the top.
    pub top_n: u32,
    /// How many draws.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// Which way.
    pub how: Drawing,
}

impl DrawParams {
    /// Draws where none are asked for: P(top N) then has a standard error of at most 0.005.
    pub const DRAWS: u32 = 10_000;
    /// Fewest draws: the ends of a 5–95 % interval then rest on five.
    pub const LEAST: u32 = 100;
    /// Most draws.
    pub const MOST: u32 = 1_000_000;
}

/// Why no positions can be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawsError {
    /// A top without places.
    #[error("the top has 0 places; give 1 or more")]
    TopN,
    /// Too few or too many draws.
    #[error("{draws} draws; give {} to {}, the nearest is {}", DrawParams::LEAST, DrawParams::MOST,
        (*draws).clamp(DrawParams::LEAST, DrawParams::MOST))]
    Draws {
        /// How many were asked for.
        draws: u32,
    },
    /// A weight or a posterior that cannot be drawn from.
    #[error("part {part} (from 0) of block {block} has {what} {value}; {mend}")]
    Part {
        /// Which block, from 0.
        block: usize,
        /// Which of its parts, from 0.
        part: usize,
        /// `weight`, `shape` or `rate`.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        mend: &'static str,
    },
}

/// Draws every block's rate again and again, ranks each draw, and tells how often each block comes where.
///
/// ```text
/// Λᵢˢ = Σc wc λicˢ,   λicˢ ~ Gamma(shape, rate) independent,   s = 1 … S
/// p_top_n = #{s : rankˢ(i) ≤ N} / S,   mean = Σs rankˢ(i) / S,   lo, hi = least ranks r with #{s : rankˢ(i) ≤ r} ≥ 5 %, 95 % of S
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `blocks` | posteriors of each block's classes with their weights | `n` lists | incidents, harm per exposure |
/// | returns | positions in the order of `blocks`; rank 1 has the highest rate | `n` | – |
///
/// A draw is the quantile of a random word: from a table for each shape (to 0.05 % of a standard deviation; 0.3 % below a shape of 0.1), or with
/// more than 4,096 shapes for shapes rounded to 1/256 with the mean kept. The words are those of ChaCha8, one stream for each seed,
/// block and part, the number of the draw being the number of the word. No function of the platform is called, so that all
/// processors give the same bits, and threads change nothing.
///
/// Blocks with the same parts cannot be told apart and have the same position: that of all of them taken together, which
/// also takes out some of the chance. Streams follow the order of the parts' values, so the order of blocks changes nothing.
/// Other ties: [`DRAW_TIE_RULE`]. Ranks beyond 128 are held in bins of at most 1/32 of their size for `lo`, which is rounded down, and
/// `hi`, which is rounded up.
///
/// Time O(S n (parts + log n)) plainly; memory some kilobytes a block. The N blocks of the largest `p_top_n` are the best list
/// of N by expected overlap. Source: Lin, Louis, Paddock & Ridgeway (2006), *Bayesian Analysis* 1(4).
///
/// # Limits
///
/// Parts are independent of each other given their posteriors, and so are blocks. The distribution of rates that the
/// posteriors come from is taken as known.
///
/// # Errors
///
/// [`DrawsError`] for a top of 0, fewer than 100 or more than a million draws, a negative weight or one that is no number, a
/// shape or rate that is not above 0. No blocks give no positions.
///
/// # Examples
///
/// The 25 blocks of `fixtures/reference/rank`: 400,000 draws of SciPy give the one with nine incidents 0.737, 0.961 and 0.992 to be
/// among the first 1, 3 and 5, and an expected rank of 1.43.
///
/// ```
/// use hotblocks::rank::draws::{DrawParams, Drawing, Part, positions};
/// use hotblocks::rank::gamma_poisson::fit;
///
/// let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
/// let fit = fit(&counts, &[1.0; 25])?;
/// let blocks: Vec<Vec<Part>> =
///     counts.iter().map(|&y| vec![Part { weight: 1.0, posterior: fit.for_ranks(y, 1.0) }]).collect();
/// let params = DrawParams { top_n: 3, draws: 10_000, seed: 1, how: Drawing::Plain };
/// let nine = positions(&blocks, &params)?[12];
/// assert!((nine.p_top_n - 0.961).abs() < 0.01 && (nine.mean - 1.43).abs() < 0.05);
/// assert_eq!((nine.lo, nine.hi), (1, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn positions(blocks: &[Vec<Part>], params: &DrawParams) -> Result<Vec<Position>, DrawsError> {
    check(blocks, params)?;
    let arranged = Arranged::new(blocks);
    let sampler = Sampler::new(&arranged, params.seed);
    let found = match params.how {
        Drawing::Plain => plain(&sampler, params, params.draws, |_| ()).positions(),
        Drawing::Pruned => shortcut::positions(&sampler, params),
    };
    Ok(arranged.back(&found))
}

fn check(blocks: &[Vec<Part>], params: &DrawParams) -> Result<(), DrawsError> {
    if params.top_n == 0 {
        return Err(DrawsError::TopN);
    }
    if !(DrawParams::LEAST..=DrawParams::MOST).contains(&params.draws) {
        return Err(DrawsError::Draws { draws: params.draws });
    }
    for (block, parts) in blocks.iter().enumerate() {
        for (part, one) in parts.iter().enumerate() {
            let Posterior { shape, rate } = one.posterior;
            let above = |value: f64| value > 0.0 && value.is_finite();
            let wrong = |what, value, mend| DrawsError::Part { block, part, what, value, mend };
            if !(one.weight >= 0.0 && one.weight.is_finite()) {
                return Err(wrong("weight", one.weight, "give 0 or a positive, finite number"));
            }
            if !above(shape) {
                return Err(wrong("shape", shape, "give a positive, finite number"));
            }
            if !above(rate) {
                return Err(wrong("rate", rate, "give a positive, finite number"));
            }
        }
    }
    Ok(())
}

/// The first `draws` draws of all blocks, ranked.
///
/// `last` is told the value of the last place of each draw's top.
pub(super) fn plain<'a>(
    sampler: &Sampler<'a>,
    params: &DrawParams,
    draws: u32,
    last: impl Fn(f64) + Sync,
) -> Histograms<'a> {
    let n = sampler.len();
    let mut found = Histograms::new(sampler.arranged(), params.top_n);
    if n == 0 {
        return found;
    }
    let rows = sampler.rows();
    let tasks: Vec<u32> = (0..draws).step_by(rows as usize).collect();
    let done = steps(tasks.len());
    for round in tasks.chunks(2 * rayon::current_num_threads()) {
        let ranked: Vec<Vec<u32>> = round
            .par_iter()
            .map(|&first| {
                let draws = first..draws.min(first + rows);
                let coins = sampler.coins(first / ROWS as u32);
                let coins = &coins[first as usize % ROWS..];
                let mut keys = sampler.keys(draws);
                let mut ranks = vec![0; keys.len()];
                for ((&coin, keys), ranks) in coins.iter().zip(keys.chunks_mut(n)).zip(ranks.chunks_mut(n)) {
                    keys.sort_unstable();
                    for (rank, &key) in (1..).zip(keys.iter()) {
                        ranks[sampler.block_of(key, coin)] = rank;
                    }
                    last(sampler.value_of(keys[(params.top_n as usize).min(n) - 1]));
                }
                ranks
            })
            .collect();
        found.add(&ranked);
        done.done(round.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::gamma_poisson::fit;

    const GOLD: [u32; 25] = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];

    fn blocks(counts: &[u32], exposure: &[f64]) -> Vec<Vec<Part>> {
        let fit = fit(counts, exposure).expect("good input");
        let one = |(&count, &exposure)| vec![Part { weight: 1.0, posterior: fit.for_ranks(count, exposure) }];
        counts.iter().zip(exposure).map(one).collect()
    }

    fn params(top_n: u32) -> DrawParams {
        DrawParams { top_n, draws: 2_000, seed: 5, how: Drawing::Plain }
    }

    #[test]
    fn the_golden_chances_and_ranks_come_out() {
        let blocks = blocks(&GOLD, &[1.0; 25]);
        for (top_n, expected) in [
            (1, [0.737, 0.116, 0.058, 0.024]),
            (3, [0.961, 0.595, 0.408, 0.229]),
            (5, [0.992, 0.814, 0.665, 0.461]),
        ] {
            let params = DrawParams { draws: 40_000, ..params(top_n) };
            let found = positions(&blocks, &params).expect("good input");
            for (at, expected) in [12, 17, 11, 6].into_iter().zip(expected) {
                // Four standard errors of 40,000 draws beside 400,000 are 0.0105.
                assert!((found[at].p_top_n - expected).abs() < 0.0105, "{top_n} {at}: {:?}", found[at]);
            }
            for (at, expected) in [(12, 1.43), (17, 3.71), (11, 4.95), (6, 6.72)] {
                assert!((found[at].mean - expected).abs() < 0.06, "{at}: {:?}", found[at]);
            }
        }
    }

    #[test]
    fn chances_add_up_to_the_top_and_ranks_to_all() {
        let exposure: Vec<f64> = (0..25).map(|k| 0.5 + f64::from(k % 7)).collect();
        let found = positions(&blocks(&GOLD, &exposure), &params(4)).expect("good input");
        assert!((found.iter().map(|one| one.p_top_n).sum::<f64>() - 4.0).abs() < 1e-9);
        assert!((found.iter().map(|one| one.mean).sum::<f64>() - 325.0).abs() < 1e-7);
        assert!(found.iter().all(|one| 1 <= one.lo && one.lo <= one.hi && one.hi <= 25));
        assert!(found.iter().all(|one| f64::from(one.lo) <= one.mean + 1e-9 && one.mean > 0.0));
    }

    #[test]
    fn blocks_that_are_the_same_have_the_same_chance_exactly() {
        let alike = positions(&blocks(&[2; 40], &[1.0; 40]), &params(10)).expect("good input");
        assert!(alike.iter().all(|one| *one == alike[0]));
        assert!((alike[0].p_top_n - 0.25).abs() < 1e-12 && (alike[0].mean - 20.5).abs() < 1e-9);
        assert_eq!((alike[0].lo, alike[0].hi), (2, 38));
    }

    #[test]
    fn a_block_that_weighs_nothing_ties_with_others_by_a_coin() {
        let nothing = |shape| vec![Part { weight: 0.0, posterior: Posterior { shape, rate: 1.0 } }];
        let found =
            positions(&[nothing(1.0), nothing(2.0), nothing(3.0), vec![]], &params(2)).expect("good input");
        for one in found {
            assert!((one.p_top_n - 0.5).abs() < 0.06 && (one.mean - 2.5).abs() < 0.15, "{one:?}");
        }
    }

    #[test]
    fn degenerate_input_has_a_clear_answer() {
        assert_eq!(positions(&[], &params(3)).expect("good input"), []);
        for how in [Drawing::Plain, Drawing::Pruned] {
            let one = positions(&blocks(&[7], &[1.0]), &DrawParams { how, ..params(3) }).expect("good input");
            assert_eq!(one, [Position { p_top_n: 1.0, mean: 1.0, lo: 1, hi: 1 }]);
            let all = positions(&blocks(&GOLD, &[1.0; 25]), &DrawParams { how, ..params(900) })
                .expect("good input");
            assert!(all.iter().all(|one| one.p_top_n == 1.0));
            let none =
                positions(&blocks(&[0; 9], &[1.0; 9]), &DrawParams { how, ..params(3) }).expect("good input");
            assert!((none[0].p_top_n - 1.0 / 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_with_the_bound() {
        let told = |blocks: &[Vec<Part>], params: DrawParams| {
            positions(blocks, &params).expect_err("bad input").to_string()
        };
        assert!(told(&[], params(0)).contains("1 or more"));
        let few = told(&[], DrawParams { draws: 99, ..params(1) });
        assert!(few.contains("100 to 1000000, the nearest is 100"), "{few}");
        for (part, what) in [
            (Part { weight: -1.0, posterior: Posterior { shape: 1.0, rate: 1.0 } }, "weight -1"),
            (Part { weight: 1.0, posterior: Posterior { shape: 0.0, rate: 1.0 } }, "shape 0"),
            (Part { weight: 1.0, posterior: Posterior { shape: 1.0, rate: f64::NAN } }, "rate NaN"),
        ] {
            let told = told(&[vec![], vec![part]], params(1));
            assert!(told.contains("part 0 (from 0) of block 1") && told.contains(what), "{told}");
        }
    }

    #[test]
    fn huge_and_tiny_values_give_numbers() {
        let block = |weight, shape, rate| vec![Part { weight, posterior: Posterior { shape, rate } }];
        let found = positions(
            &[block(1e300, 1e300, 1e-300), block(1e-300, 1e-9, 1e300), block(1.0, 1.0, 1.0)],
            &params(1),
        );
        let chances: Vec<f64> = found.expect("good input").iter().map(|one| one.p_top_n).collect();
        assert_eq!(chances, [1.0, 0.0, 0.0]);
    }
}
