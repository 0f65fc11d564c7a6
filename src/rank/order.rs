//! Orders blocks by score; ties by a stated rule and shown as ties.

use crate::aggregate::counts::Count;
use crate::model::block::BlockId;

/// The rule, as every answer states it.
pub const TIE_RULE: &str =
    "score, then the latest incident first, then the order of the blocks in their file";

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
    let mut order: Vec<Ranked> = (0u32..)
        .zip(counts)
        .map(|(at, &count)| Ranked { block: BlockId(at), rank: None, tied_with: 0, count })
        .collect();
    order.sort_by(|a, b| {
        let key = |r: &Ranked| (r.count.shares(), r.count.latest);
        key(b).cmp(&key(a)).then(a.block.cmp(&b.block))
    });
    for (rank, row) in (1u32..).zip(&mut order).take_while(|(_, row)| row.count.shares() > 0) {
        row.rank = Some(rank);
    }
    for tied in order.chunk_by_mut(|a, b| a.count.shares() == b.count.shares()) {
        let others = u32::try_from(tied.len() - 1).unwrap_or(u32::MAX);
        for row in tied.iter_mut().filter(|row| row.rank.is_some()) {
            row.tied_with = others;
        }
    }
    order
}
