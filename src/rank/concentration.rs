//! How concentrated incidents are: how few blocks hold how many, Lorenz and Gini, and what chance alone would give.

use rayon::prelude::*;

use crate::analysis::chance::Chance;
use crate::progress::checkpoint;

/// Shares of the incidents that are told of, where no others are asked for.
pub const LEVELS: [f64; 3] = [0.25, 0.5, 0.8];

/// The law of crime concentration: level, and the shares of street segments that held it in the cities studied, from the
/// least to the most. Source: Weisburd (2015), *Criminology* 53(2).
pub const LAW: [(f64, f64, f64); 2] = [(0.25, 0.004, 0.016), (0.5, 0.021, 0.060)];

/// Most points of a Lorenz curve.
pub const LORENZ_POINTS: usize = 101;

/// What chance is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reallocation {
    /// How often all incidents are thrown over the blocks; at least 1.
    pub draws: u32,
    /// What the throws follow from.
    pub seed: u64,
}

/// Random re-allocations where no other number is asked for: the mean share then has a standard error below 0.1 points.
pub const DRAWS: u32 = 200;

/// The fewest blocks that hold a share of the incidents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holding {
    /// Share of the incidents, above 0 and at most 1.
    pub level: f64,
    /// The fewest blocks that hold it.
    pub blocks: usize,
    /// Their share of all blocks.
    pub share: f64,
    /// The mean share of blocks under random re-allocation.
    pub by_chance: f64,
    /// `by_chance − share`: above 0, fewer blocks hold the level than by chance.
    pub marginal: f64,
}

/// How concentrated the incidents of a city are.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentration {
    /// All blocks, those without incidents too.
    pub blocks: usize,
    /// Blocks with an incident.
    pub with_incidents: usize,
    /// Incidents.
    pub incidents: u64,
    /// The fewest blocks for each level.
    pub holding: Vec<Holding>,
    /// Share of the blocks, the quietest first, and share of the incidents that they hold; from (0, 0) to (1, 1).
    pub lorenz: Vec<(f64, f64)>,
    /// Gini over all blocks: near 1 wherever there are fewer incidents than blocks, whatever their pattern.
    pub gini: f64,
    /// Generalized Gini: 0 where incidents are spread as evenly as their number allows.
    pub generalized_gini: f64,
    /// Mean generalized Gini under random re-allocation.
    pub generalized_gini_by_chance: f64,
}

/// Why nothing can be said of concentration.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConcentrationError {
    /// No blocks.
    #[error("there is no block to be concentrated in; choose an area that has blocks")]
    NoBlocks,
    /// No incidents.
    #[error("none of the {blocks} blocks has an incident; choose a longer period or more categories")]
    NoIncidents {
        /// Blocks without any.
        blocks: usize,
    },
    /// A level that is no share.
    #[error("{level} is no share of the incidents; give one above 0 and at most 1")]
    Level {
        /// What was given.
        level: f64,
    },
    /// No draws.
    #[error("without draws there is no chance to compare with; give at least 1")]
    Draws,
}

/// Says how concentrated incidents are, beside what chance alone would give.
///
/// ```text
/// G  = (2 Σⱼ j s₍ⱼ₎ − m − 1) / m                                    s₍₁₎ ≤ … ≤ s₍ₘ₎ shares of the m blocks, c incidents
/// G' = max(1/c, 1/m) (2 Σⱼ j s₍ⱼ₎ − m − 1) − max(m/c, 1) + 1        = G where c ≥ m
/// marginal concentration at a level = E[share of blocks under random re-allocation] − share of blocks
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents of every block, zeros included | `m` | incidents |
/// | `levels` | shares of the incidents, above 0 and at most 1 | – | – |
/// | `chance` | how often the incidents are thrown anew, each block equally likely, and the seed | – | – |
/// | returns | blocks for each level, Lorenz curve, both Ginis | | |
///
/// Time O(m log m + draws (m + c)), one lane a draw. Source: Bernasco & Steenbeek (2017), *J. Quantitative Criminology*
/// 33:451–467 (G'); Chalfin, Kaplan & Cuellar (2021), *J. Research in Crime and Delinquency* 58(4) (random
/// re-allocation); Weisburd (2015), *Criminology* 53(2) ([`LAW`]).
///
/// # Limits
///
/// With fewer incidents than blocks most blocks have none whatever happens: read G' and the marginal concentration, not G.
/// The law of concentration was found on street segments and a year; other blocks have other shares. Blocks of
/// different length are equally likely by chance.
///
/// # Errors
///
/// [`ConcentrationError`] without blocks, without incidents, for a level that is no share, or without draws.
///
/// # Examples
///
/// Golden numbers of two patterns in which Gini alone misleads:
///
/// ```
/// use hotblocks::rank::concentration::{LEVELS, Reallocation, concentration};
///
/// let chance = Reallocation { draws: 50, seed: 1 };
/// let apart = concentration(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1], &LEVELS, chance)?;
/// let in_one = concentration(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 3], &LEVELS, chance)?;
/// assert_eq!((apart.gini, apart.generalized_gini), (0.7, 0.0));
/// assert_eq!((in_one.gini, in_one.generalized_gini), (0.9, 2.0 / 3.0));
/// assert_eq!(in_one.holding[2].blocks, 1);
/// # Ok::<(), hotblocks::rank::concentration::ConcentrationError>(())
/// ```
pub fn concentration(
    counts: &[u32],
    levels: &[f64],
    chance: Reallocation,
) -> Result<Concentration, ConcentrationError> {
    let incidents: u64 = counts.iter().map(|&n| u64::from(n)).sum();
    if counts.is_empty() {
        return Err(ConcentrationError::NoBlocks);
    }
    if incidents == 0 {
        return Err(ConcentrationError::NoIncidents { blocks: counts.len() });
    }
    if let Some(&level) = levels.iter().find(|level| !(**level > 0.0 && **level <= 1.0)) {
        return Err(ConcentrationError::Level { level });
    }
    if chance.draws == 0 {
        return Err(ConcentrationError::Draws);
    }
    let mut ascending = counts.to_vec();
    ascending.sort_unstable();
    let thrown: Vec<Thrown> = (0..chance.draws)
        .into_par_iter()
        .map(|draw| {
            checkpoint();
            let thrown = thrown(counts.len(), incidents, &mut Chance::new(chance.seed, u64::from(draw)));
            Thrown { blocks: holding(&thrown, levels), generalized_gini: ginis(&thrown).1 }
        })
        .collect();
    let mean = |sum: f64| sum / f64::from(chance.draws);
    let m = counts.len() as f64;
    let one = |(at, (&level, blocks)): (usize, (&f64, usize))| {
        let (share, by_chance) =
            (blocks as f64 / m, mean(thrown.iter().map(|draw| draw.blocks[at] as f64).sum()) / m);
        Holding { level, blocks, share, by_chance, marginal: by_chance - share }
    };
    let (gini, generalized_gini) = ginis(&ascending);
    Ok(Concentration {
        blocks: counts.len(),
        with_incidents: counts.iter().filter(|&&n| n > 0).count(),
        incidents,
        holding: levels.iter().zip(holding(&ascending, levels)).enumerate().map(one).collect(),
        lorenz: lorenz(&ascending, incidents),
        gini,
        generalized_gini,
        generalized_gini_by_chance: mean(thrown.iter().map(|draw| draw.generalized_gini).sum()),
    })
}

/// What one random re-allocation gave.
struct Thrown {
    blocks: Vec<usize>,
    generalized_gini: f64,
}

/// All incidents thrown over the blocks, each block equally likely; counts ascending.
fn thrown(blocks: usize, incidents: u64, chance: &mut Chance) -> Vec<u32> {
    let mut counts = vec![0u32; blocks];
    let n = u32::try_from(blocks).unwrap_or(u32::MAX);
    for _ in 0..incidents {
        counts[chance.below(n) as usize] += 1;
    }
    counts.sort_unstable();
    counts
}

/// The fewest blocks that hold each level.
fn holding(ascending: &[u32], levels: &[f64]) -> Vec<usize> {
    let total: u64 = ascending.iter().map(|&n| u64::from(n)).sum();
    let needed = |level: &f64| {
        // Whole incidents: 25 % of 10 are 3. The grain of rounding keeps 0.8 × 5 at 4.
        let wanted = (level * total as f64 * (1.0 - 1e-12)).ceil();
        let mut held = 0u64;
        ascending
            .iter()
            .rev()
            .take_while(|&&n| {
                let more = (held as f64) < wanted;
                held += u64::from(n);
                more
            })
            .count()
    };
    levels.iter().map(needed).collect()
}

/// Gini and generalized Gini of counts in ascending order, of which one at least is above 0.
///
/// In whole numbers up to the last division, so that evenly spread incidents have exactly 0.
fn ginis(ascending: &[u32]) -> (f64, f64) {
    let (m, c) = (ascending.len() as i128, ascending.iter().map(|&n| i128::from(n)).sum::<i128>());
    let ranked: i128 = (1..).zip(ascending).map(|(rank, &n): (i128, &u32)| rank * i128::from(n)).sum();
    // c (2 Σ j s₍ⱼ₎ − m − 1)
    let above = 2 * ranked - (m + 1) * c;
    let gini = above as f64 / (m * c) as f64;
    let generalized = if c >= m { gini } else { (above - m * c + c * c) as f64 / (c * c) as f64 };
    (gini, generalized)
}

/// Points of the Lorenz curve, evenly spaced along the blocks; both ends are among them.
fn lorenz(ascending: &[u32], total: u64) -> Vec<(f64, f64)> {
    let m = ascending.len();
    let steps = m.min(LORENZ_POINTS - 1);
    let mut points = Vec::with_capacity(steps + 1);
    let (mut held, mut done) = (0u64, 0usize);
    for step in 0..=steps {
        let upto = step * m / steps;
        held += ascending[done..upto].iter().map(|&n| u64::from(n)).sum::<u64>();
        done = upto;
        points.push((upto as f64 / m as f64, held as f64 / total as f64));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANCE: Reallocation = Reallocation { draws: 40, seed: 3 };

    fn of(counts: &[u32]) -> Concentration {
        concentration(counts, &LEVELS, CHANCE).expect("usable")
    }

    #[test]
    fn the_golden_grid_has_its_gini() {
        let grid = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
        let found = of(&grid);
        assert!((found.gini - 0.642_162).abs() < 1e-6, "{}", found.gini);
        assert_eq!(found.gini, found.generalized_gini, "more incidents than blocks");
        assert_eq!((found.blocks, found.with_incidents, found.incidents), (25, 15, 37));
    }

    #[test]
    fn all_in_one_block_is_all_but_one_part_and_all_apart_is_nothing() {
        for c in [2u32, 5, 17] {
            let mut counts = vec![0; 40];
            counts[7] = c;
            let expected = f64::from(c - 1) / f64::from(c);
            assert!((of(&counts).generalized_gini - expected).abs() < 1e-15);
            let apart: Vec<u32> = (0..40).map(|at| u32::from(at < c)).collect();
            assert_eq!(of(&apart).generalized_gini, 0.0);
        }
    }

    #[test]
    fn the_fewest_blocks_are_counted_in_whole_incidents() {
        let found = of(&[4, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
        let blocks: Vec<usize> = found.holding.iter().map(|h| h.blocks).collect();
        // 25 % of 10 are 3 incidents, in one block; 5 take two; 8 take five.
        assert_eq!(blocks, [1, 2, 5]);
        let all = concentration(&[1, 1, 0], &[1.0], CHANCE).expect("usable").holding[0];
        assert_eq!((all.blocks, all.share), (2, 2.0 / 3.0));
    }

    #[test]
    fn what_chance_alone_made_has_no_marginal_concentration() {
        let counts = thrown(2_000, 1_500, &mut Chance::new(99, 0));
        let by_chance = of(&counts);
        assert!(by_chance.holding.iter().all(|h| h.marginal.abs() < 0.02), "{by_chance:?}");
        let spread = by_chance.generalized_gini - by_chance.generalized_gini_by_chance;
        assert!(spread.abs() < 0.05, "{spread}");
        let mut piled = vec![0; 2_000];
        piled[..100].fill(15);
        assert!(of(&piled).holding.iter().all(|h| h.marginal > 0.05));
    }

    #[test]
    fn the_lorenz_curve_rises_from_corner_to_corner_below_the_diagonal() {
        for counts in [vec![3], vec![0, 0, 5, 1], (0..1_000).map(|n| n % 7).collect()] {
            let curve = of(&counts).lorenz;
            assert_eq!((curve[0], curve[curve.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
            assert!(curve.len() <= LORENZ_POINTS && curve.windows(2).all(|w| w[0].1 <= w[1].1));
            assert!(curve.iter().all(|(x, y)| *y <= x + 1e-12));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_answer_in_any_order_of_the_blocks() {
        let counts: Vec<u32> = (0..300).map(|n| (n * n) % 11).collect();
        let turned: Vec<u32> = counts.iter().rev().copied().collect();
        assert_eq!(of(&counts), of(&turned));
        let other = concentration(&counts, &LEVELS, Reallocation { seed: 4, ..CHANCE }).expect("usable");
        assert_ne!(of(&counts).generalized_gini_by_chance, other.generalized_gini_by_chance);
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let refused = |counts: &[u32], levels: &[f64], draws| {
            concentration(counts, levels, Reallocation { draws, seed: 1 }).expect_err("refused")
        };
        assert_eq!(refused(&[], &LEVELS, 1), ConcentrationError::NoBlocks);
        assert_eq!(refused(&[0, 0], &LEVELS, 1), ConcentrationError::NoIncidents { blocks: 2 });
        assert_eq!(refused(&[1], &[0.0], 1), ConcentrationError::Level { level: 0.0 });
        assert!(matches!(refused(&[1], &[f64::NAN], 1), ConcentrationError::Level { .. }));
        assert_eq!(refused(&[1], &LEVELS, 0), ConcentrationError::Draws);
    }

    #[test]
    fn one_block_and_equal_blocks_are_not_concentrated() {
        for counts in [vec![5], vec![2; 30]] {
            let found = of(&counts);
            assert_eq!((found.gini, found.generalized_gini), (0.0, 0.0));
        }
    }
}
