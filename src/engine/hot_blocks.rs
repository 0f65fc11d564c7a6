//! Clusters of blocks: those with many of the selected incidents that touch each other.

use super::query::Selection;
use super::snapshot::Snapshot;
use super::units::Units;
use crate::analysis::clusters::hot_blocks::{HotBlocksError, HotBlocksParams, hot_blocks};
use crate::analysis::hotspots::weights::NeighborsError;
use crate::model::block::{BlockId, BlockKind};

/// A cluster of blocks that touch.
#[derive(Clone, Debug, PartialEq)]
pub struct HotCluster {
    /// Its blocks with their incidents, the hottest first, then as they were added.
    pub blocks: Vec<(BlockId, f64)>,
    /// Incidents of all of them.
    pub incidents: f64,
}

/// Clusters of blocks, and what was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct HotClusters {
    /// In the order in which they opened: the one with the hottest block first.
    pub clusters: Vec<HotCluster>,
    /// Blocks that were looked at: those with a shape.
    pub blocks: usize,
    /// Those of them that are hot.
    pub hot: usize,
    /// Selected incidents in these blocks.
    pub incidents: f64,
}

/// Why there are no clusters of blocks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HotClustersError {
    /// Blocks that are known from addresses alone touch nothing.
    #[error(
        "blocks that are made from addresses have no shape that could touch another; give a file of streets or polygons as blocks, or another method"
    )]
    NoShapes,
    /// It is not known which blocks touch.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
    /// The bounds cannot be used.
    #[error(transparent)]
    HotBlocks(#[from] HotBlocksError),
}

impl Snapshot {
    /// Clusters of blocks that touch, by the selected incidents of each; streets touch where they share an intersection.
    ///
    /// Protected offenses count, since a block is the only shape that they are drawn in.
    ///
    /// # Errors
    ///
    /// [`HotClustersError`] for bounds that cannot be used, or blocks without shapes.
    pub fn hot_blocks(
        &self,
        selection: &Selection,
        params: &HotBlocksParams,
    ) -> Result<HotClusters, HotClustersError> {
        let all = &self.dataset().block_set.blocks;
        if all.iter().any(|block| block.kind == BlockKind::HundredBlock) {
            return Err(HotClustersError::NoShapes);
        }
        let units = Units::blocks(self);
        let neighbors = units.contiguous(self)?;
        let (counts, _) = units.counts(self, selection, |_| true);
        let lists: Vec<Vec<u32>> = (0..counts.len()).map(|unit| neighbors.of(unit).to_vec()).collect();
        let found = hot_blocks(&counts, &lists, &units.middles(), params)?;
        let Units::Blocks(blocks) = &units else { return Err(HotClustersError::NoShapes) };
        let clusters = found.into_iter().map(|cluster| HotCluster {
            blocks: cluster.blocks.iter().map(|&unit| (blocks[unit].0, counts[unit])).collect(),
            incidents: cluster.total,
        });
        Ok(HotClusters {
            clusters: clusters.collect(),
            blocks: blocks.len(),
            hot: counts.iter().filter(|&&count| count >= params.least).count(),
            incidents: counts.iter().sum(),
        })
    }
}
