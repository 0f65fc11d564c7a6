//! Even coverage of a snapshot: sites among its blocks from which what is expected everywhere is near.

use geo::{Centroid, CoordsIter};

use super::areas::blocks_within;
use super::patrol::WEEKS_A_YEAR;
use super::query::{Query, Selection};
use super::ranking::{Ranking, RankingError, Scoring};
use super::snapshot::Snapshot;
use crate::model::areas::AreaKind;
use crate::model::block::BlockId;
use crate::plan::cover::CoverError;
use crate::plan::even::{Coverage, Even, even};
use crate::space::coord::Local;

/// Sites, and what they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct SitesFound {
    /// The blocks that could be served; [`Coverage`] counts by their positions here.
    pub blocks: Vec<BlockId>,
    /// Sites among them.
    pub coverage: Coverage,
    /// Expected in a week in all of them.
    pub expected: f64,
    /// Blocks with something expected and without a place, which no site can be near to, and what is expected in them.
    pub without_place: (usize, f64),
    /// The ranking behind it.
    pub ranking: Ranking,
}

/// Why there are no sites.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SitesError {
    /// Blocks cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// Nothing is expected anywhere.
    #[error(
        "nothing is expected in any block, so there is nothing to be near to; choose a longer period, other categories or a larger area"
    )]
    Nothing,
    /// There are too few blocks, or numbers that cannot be used.
    #[error(transparent)]
    Cover(#[from] CoverError),
}

impl Snapshot {
    /// Sites that cover evenly what the ranking expects in a week.
    ///
    /// # Errors
    ///
    /// [`SitesError`] if nothing can be ranked or covered.
    pub fn sites(
        &self,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
        within: &[(AreaKind, String)],
        (sites, aim): (usize, Even),
    ) -> Result<SitesFound, SitesError> {
        let data = self.dataset();
        let among = (!within.is_empty()).then(|| blocks_within(data, within));
        let ranking = self.ranking(query, selection, scoring, among.as_deref())?;
        let (mut blocks, mut weights, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut without_place = (0, 0.0);
        // In the order of the blocks, so that ties do not hang on that of the ranking.
        let mut rows: Vec<(BlockId, f64)> =
            ranking.rows.iter().map(|row| (row.block, row.expected)).collect();
        rows.sort_unstable_by_key(|row| row.0);
        for (block, expected) in rows.into_iter().filter(|row| row.1 > 0.0) {
            let a_week = expected / WEEKS_A_YEAR;
            match middle(&data.block_set.blocks[block.0 as usize].local) {
                Some(place) => {
                    blocks.push(block);
                    weights.push(a_week);
                    places.push(place);
                }
                None => without_place = (without_place.0 + 1, without_place.1 + a_week),
            }
        }
        if blocks.is_empty() || ranking.incidents == 0 {
            return Err(SitesError::Nothing);
        }
        let coverage = even(&weights, &places, sites, aim)?;
        Ok(SitesFound { blocks, coverage, expected: weights.iter().sum(), without_place, ranking })
    }
}

/// The middle of a shape in meters; `None` where it has none.
pub(super) fn middle(shape: &geo::Geometry) -> Option<Local> {
    let at = (shape.coords_count() > 0).then(|| shape.centroid()).flatten()?;
    (at.x().is_finite() && at.y().is_finite()).then(|| Local { x: at.x(), y: at.y() })
}
