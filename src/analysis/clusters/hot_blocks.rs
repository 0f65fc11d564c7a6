//! Contiguous hot blocks: blocks over a threshold that touch, grown into clusters without taking a block twice.

use crate::space::coord::Local;

/// The largest value: sums of a hundred million of it are numbers.
const MOST_VALUE: f64 = 1e300;

/// What clusters of blocks are made with. None has a default: they decide what a cluster is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotBlocksParams {
    /// A block with this much or more is hot.
    pub least: f64,
    /// A cluster has no more blocks than that; `None` for as many as touch.
    pub max_blocks: Option<usize>,
    /// A cluster's blocks have this much together, or it is none.
    pub min_total: f64,
}

/// A cluster of blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockCluster {
    /// Positions of the blocks, in the order in which they were taken: the hottest first.
    pub blocks: Vec<usize>,
    /// What its blocks have together.
    pub total: f64,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HotBlocksError {
    /// The lists differ in length.
    #[error(
        "{values} values, {neighbors} lists of neighbors and {at} places; give one of each for every block"
    )]
    Length {
        /// How many values.
        values: usize,
        /// How many lists of neighbors.
        neighbors: usize,
        /// How many places.
        at: usize,
    },
    /// A value or a place is no number, or a value so large that a sum of such is none.
    #[error("block {index} has a value or a place that is no finite number, or a value beyond 1e300")]
    NotFinite {
        /// Position of the block, from 0.
        index: usize,
    },
    /// A neighbor that is no block.
    #[error("block {index} is said to touch block {neighbor}, which there is not")]
    Neighbor {
        /// Position of the block, from 0.
        index: usize,
        /// Its neighbor.
        neighbor: u32,
    },
    /// A bound that cannot be used.
    #[error("least and min_total must be finite numbers, max_blocks at least 1")]
    Bounds,
}

/// Grows clusters of blocks that touch, from the hottest block on.
///
/// The hottest block not yet taken opens a cluster. Of the hot blocks that touch it and are in no cluster, the hottest
/// is added, until there is none or the cluster is as large as it may be. Clusters with less than `min_total` are
/// dropped when all are grown. So **no block is in two clusters**, and every cluster is connected.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `values` | incidents, a rate or a z-score of each block | `n` | any |
/// | `neighbors` | which blocks touch it, by position; said on one side is enough | `n` lists | – |
/// | `at` | the middle of each block: of equal ones the westernmost, then the southernmost is the hottest | `n` | m |
/// | returns | clusters in the order in which they opened | | |
///
/// Time O((n + links) log n). Source: after hexseg's clusters of segments, whose frontier may hold segments of another
/// cluster, so that they are counted twice; here it does not.
///
/// # Limits
///
/// With `max_blocks` the first cluster takes what the second would have liked: greedy, not the best of all ways to cut.
/// A threshold is not a test: with Gi* as values and 1.96 as `least` each block stands out by itself at 5 %.
///
/// # Errors
///
/// [`HotBlocksError`] for lists that do not fit, numbers that are none, neighbors that are no blocks.
///
/// # Examples
///
/// Four blocks in a row with 10, 9, 8 and 7 incidents, in clusters of at most two, by hand: the second opens the
/// next cluster only with the third, since the first has taken its better neighbor.
///
/// ```
/// use hotblocks::analysis::clusters::hot_blocks::{HotBlocksParams, hot_blocks};
/// use hotblocks::space::coord::Local;
///
/// let at = [0.0, 100.0, 200.0, 300.0].map(|x| Local { x, y: 0.0 });
/// let neighbors = [vec![1], vec![0, 2], vec![1, 3], vec![2]];
/// let params = HotBlocksParams { least: 5.0, max_blocks: Some(2), min_total: 0.0 };
/// let clusters = hot_blocks(&[10.0, 9.0, 8.0, 7.0], &neighbors, &at, &params)?;
/// let blocks: Vec<_> = clusters.iter().map(|c| c.blocks.clone()).collect();
/// assert_eq!(blocks, [[0, 1], [2, 3]]);
/// # Ok::<(), hotblocks::analysis::clusters::hot_blocks::HotBlocksError>(())
/// ```
pub fn hot_blocks(
    values: &[f64],
    neighbors: &[Vec<u32>],
    at: &[Local],
    params: &HotBlocksParams,
) -> Result<Vec<BlockCluster>, HotBlocksError> {
    let HotBlocksParams { least, max_blocks, min_total } = *params;
    let n = values.len();
    if neighbors.len() != n || at.len() != n {
        return Err(HotBlocksError::Length { values: n, neighbors: neighbors.len(), at: at.len() });
    }
    if !(least.is_finite() && min_total.is_finite() && max_blocks != Some(0)) {
        return Err(HotBlocksError::Bounds);
    }
    let is_number = |i: usize| values[i].abs() <= MOST_VALUE && at[i].x.is_finite() && at[i].y.is_finite();
    if let Some(index) = (0..n).find(|&i| !is_number(i)) {
        return Err(HotBlocksError::NotFinite { index });
    }
    let mut touching = vec![Vec::new(); n];
    for (index, list) in neighbors.iter().enumerate() {
        for &neighbor in list {
            if neighbor as usize >= n {
                return Err(HotBlocksError::Neighbor { index, neighbor });
            }
            touching[index].push(neighbor as usize);
            touching[neighbor as usize].push(index);
        }
    }
    // The rank of each block: 0 is the hottest.
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| {
        let place = |i: usize| (at[i].x, at[i].y);
        values[b]
            .total_cmp(&values[a])
            .then_with(|| place(a).0.total_cmp(&place(b).0).then(place(a).1.total_cmp(&place(b).1)))
    });
    let mut rank = vec![0; n];
    order.iter().enumerate().for_each(|(r, &block)| rank[block] = r);
    let most = max_blocks.unwrap_or(n);
    let mut taken = vec![false; n];
    let mut clusters = Vec::new();
    for &seed in order.iter().take_while(|&&block| values[block] >= least) {
        if taken[seed] {
            continue;
        }
        let mut frontier = std::collections::BTreeSet::from([rank[seed]]);
        let mut blocks = Vec::new();
        while blocks.len() < most
            && let Some(first) = frontier.pop_first()
        {
            let block = order[first];
            taken[block] = true;
            blocks.push(block);
            let open = touching[block].iter().filter(|&&b| !taken[b] && values[b] >= least);
            frontier.extend(open.map(|&b| rank[b]));
        }
        let total = blocks.iter().map(|&block| values[block]).sum();
        clusters.push(BlockCluster { blocks, total });
    }
    clusters.retain(|cluster| cluster.total >= min_total);
    Ok(clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f64], max_blocks: Option<usize>, min_total: f64) -> Vec<Vec<usize>> {
        let at: Vec<Local> = (0..values.len()).map(|i| Local { x: i as f64, y: 0.0 }).collect();
        let next = |i: usize| if i + 1 < values.len() { vec![i as u32 + 1] } else { Vec::new() };
        let neighbors: Vec<Vec<u32>> = (0..values.len()).map(next).collect();
        let params = HotBlocksParams { least: 2.0, max_blocks, min_total };
        let found = hot_blocks(values, &neighbors, &at, &params).expect("good input");
        found.into_iter().map(|cluster| cluster.blocks).collect()
    }

    #[test]
    fn a_cluster_ends_where_blocks_are_cold_or_do_not_touch() {
        assert_eq!(row(&[3.0, 1.0, 4.0, 9.0, 2.0, 0.0, 2.0], None, 0.0), [vec![3, 2, 4], vec![0], vec![6]]);
        assert_eq!(row(&[1.0, 0.0], None, 0.0), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn no_block_is_in_two_clusters_where_the_frontier_of_others_would_take_it_again() {
        // The path A10–B9–C8–D7 with clusters of two: others find {A, B} and {C, B}.
        assert_eq!(row(&[10.0, 9.0, 8.0, 7.0], Some(2), 0.0), [[0, 1], [2, 3]]);
    }

    #[test]
    fn a_cluster_below_the_total_is_dropped_and_keeps_its_blocks_from_others() {
        assert_eq!(row(&[10.0, 3.0, 9.0, 2.0], Some(1), 9.0), [[0], [2]]);
    }

    #[test]
    fn equal_blocks_are_taken_from_west_to_east() {
        assert_eq!(row(&[5.0, 5.0, 5.0], Some(2), 0.0), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let params = HotBlocksParams { least: 1.0, max_blocks: None, min_total: 0.0 };
        let one = |values: &[f64], neighbor: u32, params| {
            hot_blocks(values, &[vec![neighbor]], &[Local::default()], &params).expect_err("was accepted")
        };
        assert!(matches!(one(&[1.0, 2.0], 0, params), HotBlocksError::Length { .. }));
        assert_eq!(one(&[f64::NAN], 0, params), HotBlocksError::NotFinite { index: 0 });
        for value in [1.1e300, -1.1e300, f64::INFINITY] {
            assert_eq!(one(&[value], 0, params), HotBlocksError::NotFinite { index: 0 });
        }
        assert_eq!(one(&[1.0], 1, params), HotBlocksError::Neighbor { index: 0, neighbor: 1 });
        for bad in [
            HotBlocksParams { least: f64::NAN, ..params },
            HotBlocksParams { max_blocks: Some(0), ..params },
            HotBlocksParams { min_total: f64::INFINITY, ..params },
        ] {
            assert_eq!(one(&[1.0], 0, bad), HotBlocksError::Bounds);
        }
    }
}
