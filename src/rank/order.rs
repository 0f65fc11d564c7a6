//! Orders blocks by score; ties by a stated rule and shown as ties.

use std::cmp::Ordering;

use crate::aggregate::counts::Count;
use crate::model::block::BlockId;

/// The rule, as every answer states it.
pub const TIE_RULE: &str = "score, then what was observed (the higher first), then the latest incident first, then the order of the blocks in their file";

/// One block's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Which block.
    pub block: BlockId,
    /// 1 is first; `None` without incidents.
    pub rank: Option<u32>,
    /// How many other blocks have the same score.
    pub tied_with: u32,
    /// What it has.
    pub count: Count,
}

/// What a block is ordered by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Whether it has a rank at all; those without come last.
    pub ranked: bool,
    /// The higher, the earlier; finite.
    pub score: f64,
    /// What was observed: of equal scores the higher comes first. Finite.
    pub observed: f64,
    /// Then the later.
    pub latest: Option<i64>,
}

/// A place in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Position among the keys.
    pub at: usize,
    /// 1 is first; `None` where the key says so.
    pub rank: Option<u32>,
    /// How many others have the same score.
    pub tied_with: u32,
}

/// Orders keys: those with a rank first, by score, by what was observed, the latest first, then as they came.
///
/// Every key is in the answer once. Two are tied that have the same score to the last bit, whatever decides between
/// them. Time O(n log n).
///
/// # Examples
///
/// ```
/// use hotblocks::rank::order::{Key, order};
///
/// let key = |score, latest| Key { ranked: score > 0.0, score, observed: score, latest };
/// let placed = order(&[key(2.5, Some(7)), key(0.0, None), key(4.0, Some(1)), key(2.5, Some(9))]);
/// assert_eq!(placed.iter().map(|p| p.at).collect::<Vec<_>>(), [2, 3, 0, 1]);
/// assert_eq!(placed.iter().map(|p| p.tied_with).collect::<Vec<_>>(), [0, 1, 1, 0]);
/// assert_eq!(placed[3].rank, None);
/// ```
#[must_use]
pub fn order(keys: &[Key]) -> Vec<Placed> {
    let mut placed: Vec<Placed> = (0..keys.len()).map(|at| Placed { at, rank: None, tied_with: 0 }).collect();
    placed.sort_unstable_by(|a, b| before(&keys[a.at], &keys[b.at]).then(a.at.cmp(&b.at)));
    let n = placed.partition_point(|place| keys[place.at].ranked);
    for (rank, place) in (1u32..).zip(&mut placed[..n]) {
        place.rank = Some(rank);
    }
    let same = |a: &Placed, b: &Placed| keys[a.at].score.total_cmp(&keys[b.at].score).is_eq();
    for tied in placed[..n].chunk_by_mut(same) {
        let others = u32::try_from(tied.len() - 1).unwrap_or(u32::MAX);
        tied.iter_mut().for_each(|place| place.tied_with = others);
    }
    placed
}

fn before(a: &Key, b: &Key) -> Ordering {
    b.ranked
        .cmp(&a.ranked)
        .then(b.score.total_cmp(&a.score))
        .then(b.observed.total_cmp(&a.observed))
        .then(b.latest.cmp(&a.latest))
}

/// Ranks blocks by their incidents, with the parts of split ones. Blocks without any come last, without a rank.
///
/// Time O(b log b). Every block is in the answer once; see [`TIE_RULE`].
///
/// # Examples
///
/// ```
/// use hotblocks::aggregate::counts::count;
/// use hotblocks::model::block::{Assignment, BlockId};
/// use hotblocks::rank::order::rank;
///
/// // Three blocks; the second has two incidents, the first and third one each, the third's later.
/// let assignment = Assignment::whole([1, 1, 0, 2].map(|b| Some(BlockId(b))));
/// let counts = count([(0, 7, 1), (1, 8, 1), (2, 1, 1), (3, 9, 1)].into_iter(), &assignment, 3);
/// let order: Vec<u32> = rank(&counts).iter().map(|r| r.block.0).collect();
/// assert_eq!(order, [1, 2, 0]);
/// ```
#[must_use]
pub fn rank(counts: &[Count]) -> Vec<Ranked> {
    let keys: Vec<Key> = counts.iter().map(key).collect();
    let ranked = |place: &Placed| Ranked {
        block: BlockId(u32::try_from(place.at).unwrap_or(u32::MAX)),
        rank: place.rank,
        tied_with: place.tied_with,
        count: counts[place.at],
    };
    order(&keys).iter().map(ranked).collect()
}

/// The key of a block that is ordered by its incidents.
#[must_use]
pub fn key(count: &Count) -> Key {
    // Whole numbers of 5040 below 2⁵³, so that equal parts are equal and others are not.
    let score = count.shares() as f64;
    Key { ranked: count.shares() > 0, score, observed: score, latest: count.latest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_rank_comes_last_and_is_tied_with_no_one() {
        let key = |ranked, score| Key { ranked, score, observed: 0.0, latest: None };
        let placed = order(&[key(false, 9.0), key(true, 1.0), key(false, 9.0), key(true, 1.0)]);
        assert_eq!(placed.iter().map(|p| p.at).collect::<Vec<_>>(), [1, 3, 0, 2]);
        let told: Vec<_> = placed.iter().map(|p| (p.rank, p.tied_with)).collect();
        assert_eq!(told, [(Some(1), 1), (Some(2), 1), (None, 0), (None, 0)]);
    }

    #[test]
    fn of_equal_scores_the_one_with_more_observed_comes_first_and_they_are_tied() {
        let key = |observed| Key { ranked: true, score: 0.5, observed, latest: None };
        let placed = order(&[key(1.0), key(3.0), key(2.0)]);
        assert_eq!(placed.iter().map(|p| (p.at, p.tied_with)).collect::<Vec<_>>(), [(1, 2), (2, 2), (0, 2)]);
        assert!(order(&[]).is_empty());
    }
}
