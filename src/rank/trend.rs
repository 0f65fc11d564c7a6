//! Over many periods: whether a block rises or falls, with false discovery controlled, and how often it was at the top.

use super::change::Way;
use crate::aggregate::counts::Count;
use crate::analysis::hotspots::fdr::{Fdr, q_values};
use crate::analysis::hotspots::mann_kendall::mann_kendall;
use crate::analysis::hotspots::values::two_sided_p;
use crate::rank::order::rank;

/// Fewer periods say nothing of a trend.
pub const FEWEST_PERIODS: usize = 8;

/// The false discovery rate at which a trend is told.
pub const Q_AT_MOST: f64 = 0.05;

/// The share of blocks whose company makes a block persistent.
pub const TOP_SHARE: f64 = 0.05;

/// What is known of one block's trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockTrend {
    /// Up, down or cannot tell.
    pub way: Way,
    /// Sum of Mann–Kendall's S over the seasons.
    pub s: i64,
    /// Two-sided p.
    pub p: f64,
    /// False discovery rate at which it still counts, among all blocks that could have a trend.
    pub q: f64,
}

/// Why there are no trends.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrendError {
    /// Too few periods.
    #[error(
        "{periods} periods say nothing of a trend; give at least {FEWEST_PERIODS}, by a longer time or shorter periods"
    )]
    Periods {
        /// How many there are.
        periods: usize,
    },
    /// No season, or more seasons than would come twice.
    #[error("{periods} periods in {seasons} seasons have no season twice; give at most {most} seasons")]
    Seasons {
        /// Periods.
        periods: usize,
        /// Seasons.
        seasons: usize,
        /// The most that would do.
        most: usize,
    },
    /// Periods of different blocks.
    #[error("period {period} has {found} blocks and the first has {blocks}; give the same blocks in each")]
    Blocks {
        /// Which, from 0.
        period: usize,
        /// Its blocks.
        found: usize,
        /// Those of the first.
        blocks: usize,
    },
}

/// Tests every block for a trend over periods of equal length, each season compared with itself alone.
///
/// ```text
/// S = Σ S_g,   Var S = Σ Var S_g   over the seasons g;     Z = (S − sgn S) / √Var S
/// ```
///
/// S_g is Mann–Kendall's over the periods g, g + seasons, g + 2 seasons …: with quarters, winters are compared with
/// winters. With one season it is the plain test. q is Benjamini and Hochberg's over all blocks with more than one value;
/// a block with q ≤ [`Q_AT_MOST`] goes up or down, of every other one cannot tell.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `periods` | incidents of every block in each period, in order of time | `T` × `m` | incidents |
/// | `seasons` | periods until the season comes again: 1 for years, 4 for quarters | – | – |
/// | returns | way, S, p and q of each block | `m` | – |
///
/// Time O(m T²/seasons). Source: Mann (1945); Kendall (1975); Hirsch, Slack & Smith (1982), *Water Resources Research*
/// 18(1) (seasons); Benjamini & Hochberg (1995), *JRSS B* 57(1).
///
/// # Limits
///
/// Null hypothesis: within a season all orders are equally likely. Short periods that hang together, as a bad autumn does,
/// make p too small: years are the safest. p is by the normal law, a little rough below ten periods. Blocks with few
/// incidents can hardly show a trend.
///
/// # Errors
///
/// [`TrendError`] for fewer than [`FEWEST_PERIODS`] periods, seasons that do not come twice, or periods of different blocks.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::change::Way;
/// use hotblocks::rank::trend::trends;
///
/// // Ten years of two blocks: the golden series that rises, and one that does not.
/// let rises = [1, 2, 2, 3, 5, 4, 6, 7, 7, 9];
/// let periods: Vec<Vec<u32>> = rises.iter().map(|&n| vec![n, 3]).collect();
/// let found = trends(&periods, 1)?;
/// assert_eq!((found[0].s, found[0].way, found[1].way), (41, Way::Up, Way::CannotTell));
/// # Ok::<(), hotblocks::rank::trend::TrendError>(())
/// ```
pub fn trends(periods: &[Vec<u32>], seasons: usize) -> Result<Vec<BlockTrend>, TrendError> {
    let n = periods.len();
    if n < FEWEST_PERIODS {
        return Err(TrendError::Periods { periods: n });
    }
    if seasons == 0 || 2 * seasons > n {
        return Err(TrendError::Seasons { periods: n, seasons, most: n / 2 });
    }
    let blocks = periods[0].len();
    if let Some(period) = periods.iter().position(|counts| counts.len() != blocks) {
        return Err(TrendError::Blocks { period, found: periods[period].len(), blocks });
    }
    let mut found: Vec<BlockTrend> = Vec::with_capacity(blocks);
    let mut tested: Vec<usize> = Vec::new();
    for block in 0..blocks {
        let (mut s, mut variance) = (0, 0.0);
        for season in 0..seasons {
            let series: Vec<f64> =
                periods[season..].iter().step_by(seasons).map(|counts| f64::from(counts[block])).collect();
            let part = mann_kendall(&series).expect("two steps at least, each a whole number");
            s += part.s;
            variance += part.variance;
        }
        if variance > 0.0 {
            tested.push(block);
        }
        let z = if s == 0 { 0.0 } else { (s - s.signum()) as f64 / variance.sqrt() };
        found.push(BlockTrend { way: Way::CannotTell, s, p: two_sided_p(z), q: 1.0 });
    }
    let p: Vec<f64> = tested.iter().map(|&block| found[block].p).collect();
    let q = q_values(&p, Fdr::BenjaminiHochberg).expect("each p is that of a z");
    for (block, q) in tested.into_iter().zip(q) {
        let trend = &mut found[block];
        trend.q = q;
        if q <= Q_AT_MOST {
            trend.way = if trend.s > 0 { Way::Up } else { Way::Down };
        }
    }
    Ok(found)
}

/// The share of years in which each block was among the first [`TOP_SHARE`] of all blocks: how persistent it is.
///
/// The first 5 % of `m` blocks are the first ⌈0.05 m⌉ by the order of [`rank`], ties by its rule; a block without incidents
/// is never among them. `None` for fewer than two years.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `years` | what every block has in each year | `T` × `m` | incidents |
/// | returns | share of the years, from 0 to 1 | `m` | – |
///
/// Time O(T m log m).
#[must_use]
pub fn persistence(years: &[Vec<Count>]) -> Option<Vec<f64>> {
    let blocks = years.first()?.len();
    if years.len() < 2 || years.iter().any(|counts| counts.len() != blocks) {
        return None;
    }
    let first = (TOP_SHARE * blocks as f64).ceil() as usize;
    let mut often = vec![0u32; blocks];
    for counts in years {
        for row in rank(counts).iter().take(first).take_while(|row| row.rank.is_some()) {
            often[row.block.0 as usize] += 1;
        }
    }
    Some(often.into_iter().map(|n| f64::from(n) / years.len() as f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::counts::count;
    use crate::analysis::chance::Chance;
    use crate::model::block::{Assignment, BlockId};

    #[test]
    fn below_eight_periods_nothing_is_told_of_a_trend() {
        let seven: Vec<Vec<u32>> = (0..7).map(|n| vec![10 * n]).collect();
        assert_eq!(trends(&seven, 1), Err(TrendError::Periods { periods: 7 }));
        let eight: Vec<Vec<u32>> = (0..8).map(|n| vec![10 * n]).collect();
        assert_eq!(trends(&eight, 1).expect("enough")[0].way, Way::Up);
        assert_eq!(trends(&[], 1), Err(TrendError::Periods { periods: 0 }));
    }

    #[test]
    fn where_nothing_but_chance_is_at_work_hardly_a_block_has_a_trend() {
        let mut chance = Chance::new(5, 0);
        let periods: Vec<Vec<u32>> = (0..12).map(|_| (0..2_000).map(|_| chance.below(8)).collect()).collect();
        let found = trends(&periods, 1).expect("enough");
        assert!(found.iter().filter(|t| t.p <= 0.05).count() > 40, "one by one many would be told");
        assert!(found.iter().filter(|t| t.way != Way::CannotTell).count() <= 1);
    }

    #[test]
    fn a_season_is_no_trend_and_a_trend_shows_through_it() {
        // Quarters of three years: summers are high. The second block rises from year to year as well.
        let season = [2u32, 5, 20, 6];
        let periods: Vec<Vec<u32>> =
            (0..24u32).map(|q| vec![season[q as usize % 4], season[q as usize % 4] + 3 * (q / 4)]).collect();
        let found = trends(&periods, 4).expect("enough");
        assert_eq!((found[0].s, found[0].way), (0, Way::CannotTell));
        assert_eq!((found[1].s, found[1].way), (4 * 15, Way::Up));
        assert!(trends(&periods, 0).is_err() && trends(&periods, 13).is_err());
    }

    #[test]
    fn blocks_that_never_change_take_no_part_in_the_false_discovery_rate() {
        let rises: Vec<u32> = (0..10).collect();
        let alone: Vec<Vec<u32>> = rises.iter().map(|&n| vec![n]).collect();
        let among: Vec<Vec<u32>> = rises.iter().map(|&n| [vec![n], vec![0; 500]].concat()).collect();
        assert_eq!(trends(&alone, 1).expect("enough")[0], trends(&among, 1).expect("enough")[0]);
    }

    #[test]
    fn periods_of_other_blocks_are_refused() {
        let mut periods = vec![vec![1, 2]; 9];
        periods[4].pop();
        assert_eq!(trends(&periods, 1), Err(TrendError::Blocks { period: 4, found: 1, blocks: 2 }));
    }

    #[test]
    fn persistent_is_the_share_of_years_among_the_first_twentieth() {
        // Forty blocks: two places. Block 0 is there every year, block 1 in two of four.
        let year = |second: u32| {
            let has = [(0, 9), (second, 5), (3, 2)];
            let at: Vec<Option<BlockId>> =
                has.iter().flat_map(|&(b, n)| std::iter::repeat_n(Some(BlockId(b)), n)).collect();
            count((0..at.len()).map(|i| (i, 0, 1)), &Assignment::whole(at), 40)
        };
        let shares = persistence(&[1, 2, 1, 2].map(year)).expect("four years");
        assert_eq!(shares[..4], [1.0, 0.5, 0.5, 0.0]);
        assert_eq!((persistence(&[year(1)]), persistence(&[])), (None, None));
        let quiet = vec![vec![Count::default(); 40]; 3];
        assert_eq!(persistence(&quiet), Some(vec![0.0; 40]), "no incident, not at the top");
    }
}
