//! What lies around each block, to learn from.

/// Why there is nothing around.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AroundError {
    /// Not the same number of everything.
    #[error(
        "{counts} counts, {exposures} exposures and {lists} lists of neighbors; give each block all three"
    )]
    Length {
        /// Counts given.
        counts: usize,
        /// Exposures given.
        exposures: usize,
        /// Lists given.
        lists: usize,
    },
    /// A neighbor that is none.
    #[error(
        "block {block} (from 0) has the neighbor {neighbor}; neighbors are other blocks, from 0 to {last}"
    )]
    Neighbor {
        /// Whose neighbor.
        block: usize,
        /// Which.
        neighbor: u32,
        /// The last block.
        last: usize,
    },
}

/// Counts and exposures of the blocks around each block, itself left out: a lender for
/// [`borrow`](super::power_prior::borrow).
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts`, `exposure` | incidents of each block, and what they are over | `n` | incidents, years |
/// | `neighbors` | who is near whom, without the block itself | `n` lists | – |
/// | returns | sums over the neighbors, 0 without any | `n` each | incidents, years |
///
/// Time O(n + links).
///
/// # Errors
///
/// [`AroundError`] where lengths differ, or a neighbor is the block itself or no block.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::neighbors::around;
///
/// let (counts, exposure) = around(&[5, 0, 2], &[1.0; 3], &[vec![1], vec![0, 2], vec![1]])?;
/// assert_eq!((counts, exposure), (vec![0.0, 7.0, 0.0], vec![1.0, 2.0, 1.0]));
/// # Ok::<(), hotblocks::rank::neighbors::AroundError>(())
/// ```
pub fn around(
    counts: &[u32],
    exposure: &[f64],
    neighbors: &[Vec<u32>],
) -> Result<(Vec<f64>, Vec<f64>), AroundError> {
    let (blocks, exposures, lists) = (counts.len(), exposure.len(), neighbors.len());
    if exposures != blocks || lists != blocks {
        return Err(AroundError::Length { counts: blocks, exposures, lists });
    }
    for (block, list) in neighbors.iter().enumerate() {
        let bad = list.iter().find(|&&neighbor| neighbor as usize >= blocks || neighbor as usize == block);
        if let Some(&neighbor) = bad {
            return Err(AroundError::Neighbor { block, neighbor, last: blocks - 1 });
        }
    }
    let sum = |of: &dyn Fn(usize) -> f64| {
        neighbors.iter().map(|list| list.iter().map(|&at| of(at as usize)).sum()).collect()
    };
    Ok((sum(&|at| f64::from(counts[at])), sum(&|at| exposure[at])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbor_that_is_none_is_refused() {
        let told =
            |list: Vec<u32>| around(&[1, 2], &[1.0; 2], &[vec![], list]).expect_err("bad input").to_string();
        assert!(told(vec![1]).contains("block 1 (from 0) has the neighbor 1; neighbors are other blocks"));
        assert!(told(vec![7]).contains("from 0 to 1"));
        assert!(around(&[1], &[], &[]).is_err());
        assert_eq!(around(&[], &[], &[]), Ok((vec![], vec![])));
    }
}
