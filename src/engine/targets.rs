//! Target areas of a snapshot: which blocks may be chosen, what they are worth, what they cost, and their outlines.

use geo::algorithm::bool_ops::unary_union;
use geo::{ConvexHull, CoordsIter, Geometry, LineString, MultiPoint, MultiPolygon, Point};

use super::params::amount::{Amount, Measure};
use super::query::{Query, Selection};
use super::ranking::{Ranking, RankingError, Scoring};
use super::snapshot::Snapshot;
use super::units::Units;
use crate::analysis::clusters::hull::hull;
use crate::analysis::hotspots::weights::{Neighbors, NeighborsError};
use crate::model::block::{Block, BlockId, BlockKind, HUNDRED_BLOCKS, SEGMENTS};
use crate::plan::own_ground::{OwnGround, own_ground};
use crate::plan::targets::error::TargetsError;
use crate::plan::targets::{EXACT_BLOCKS, Ground, Joint, ROUNDS, TargetParams, Targets, targets};
use crate::rank::score::Per;
use crate::space::coord::{Local, Metres};
use crate::space::grid::GridError;

/// What is asked of target areas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetsAsk {
    /// What may be spent.
    pub budget: Amount,
    /// The fewest places.
    pub places: u32,
    /// The most places; as many as the least size allows where absent.
    pub most_places: Option<u32>,
    /// The least size of a place; see [`least_size`] where absent.
    pub least_size: Option<Amount>,
    /// The greatest extent of a place.
    pub diameter: Option<Metres>,
    /// What the search follows from.
    pub seed: u64,
    /// What blocks are worth: their expected score a year. Neither draws nor what a rate is divided by are looked at.
    pub scoring: Scoring,
}

/// A place smaller than this part of an even share of the budget would be a scatter and no area to work in.
pub const PART_OF_SHARE: f64 = 0.1;

/// Households of a block where nobody lives: a team walks it all the same.
pub const LEAST_HOUSEHOLDS: f64 = 1.0;

/// The cost of a street that owns less than one cell, in km²: a square metre.
const LEAST_AREA: f64 = 1e-6;

/// Target areas with the blocks that they are made of.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// What was found; positions are those of the lists below.
    pub targets: Targets,
    /// The blocks that could be chosen.
    pub blocks: Vec<BlockId>,
    /// The intersections of their ends.
    pub joints: Vec<BlockId>,
    /// All blocks with what is expected of them.
    pub ranking: Ranking,
    /// What each block of the whole set is worth: its expected score a year.
    pub worth: Vec<f64>,
    /// The least size that was used.
    pub least_size: Amount,
    /// Blocks that could not be chosen, since nothing is known of what they cost.
    pub without_cost: usize,
    /// The ground of streets.
    ground: Option<OwnGround>,
}

/// Why there are no target areas.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotTargetsError {
    /// Nothing can be expected of blocks so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// Blocks made from addresses do not touch.
    #[error(
        "hundred-blocks made from addresses have no shape and no neighbors; give blocks of streets or polygons"
    )]
    NoShapes,
    /// No block has what an amount is measured in.
    #[error("no block here has {what}, so {amount} cannot be measured; give {instead}")]
    NoMeasure {
        /// Of the budget, or else of the least size.
        of_budget: bool,
        /// What was asked for.
        amount: Amount,
        /// What is missing.
        what: &'static str,
        /// What can be given.
        instead: &'static str,
    },
    /// The budget is below every block.
    #[error("a budget of {budget} is smaller than the smallest block; give at least {least}")]
    Budget {
        /// What was asked for.
        budget: Amount,
        /// What the smallest block costs.
        least: Amount,
    },
    /// No place is so large within the budget.
    #[error(
        "no target area of {least_size} fits the blocks there are, the budget and the diameter; as `least_size` give at most {most}"
    )]
    LeastSize {
        /// What was asked for, or follows from the budget.
        least_size: Amount,
        /// What would be accepted.
        most: Amount,
    },
    /// Another limit.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// Neighbors cannot be found.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
    /// The ground cannot be given out.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl Snapshot {
    /// Contiguous sets of blocks worth the most within a budget, out of all blocks or of some.
    ///
    /// A block costs its length, its ground, 1, or its households ([`LEAST_HOUSEHOLDS`] at the least). The ground of a
    /// polygon is its area, that of a street what lies nearer to it than to any other within
    /// [`REACH`](crate::plan::own_ground::REACH): so the areas of streets add up to that of their outline. An intersection
    /// costs nothing in any unit and is in a place as soon as one of its legs is.
    ///
    /// # Errors
    ///
    /// [`SnapshotTargetsError`] with what would be accepted.
    pub fn targets(
        &self,
        query: &Query,
        selection: &Selection,
        ask: &TargetsAsk,
        among: Option<&[BlockId]>,
    ) -> Result<Chosen, SnapshotTargetsError> {
        let set = &self.dataset().block_set;
        if set.name == HUNDRED_BLOCKS {
            return Err(SnapshotTargetsError::NoShapes);
        }
        let ground = if set.name == SEGMENTS { Some(self.own_ground()?) } else { None };
        let candidates: Vec<BlockId> = match among {
            Some(blocks) => blocks.to_vec(),
            None => (0..set.blocks.len() as u32).map(BlockId).collect(),
        };
        let block = |id: &BlockId| &set.blocks[id.0 as usize];
        let measured = |id: &BlockId, by: Measure| measure(block(id), by, ground.as_ref(), id.0 as usize);
        let least_size = ask.least_size.unwrap_or_else(|| least_size(ask));
        let known = |id: &BlockId| {
            measured(id, ask.budget.measure()).is_some() && measured(id, least_size.measure()).is_some()
        };
        let (joints, paid): (Vec<BlockId>, Vec<BlockId>) =
            candidates.into_iter().partition(|id| block(id).kind == BlockKind::Node);
        for (of_budget, amount) in [(true, ask.budget), (false, least_size)] {
            if !paid.is_empty() && !paid.iter().any(|id| measured(id, amount.measure()).is_some()) {
                let (what, instead) = missing(amount.measure());
                return Err(SnapshotTargetsError::NoMeasure { of_budget, amount, what, instead });
            }
        }
        let (blocks, without): (Vec<BlockId>, Vec<BlockId>) = paid.into_iter().partition(known);
        // Of all blocks, also where some are chosen from: what is expected of one does not follow from the choice.
        let scoring = Scoring { draws: None, per: Per::Time, ..ask.scoring };
        let ranking = self.ranking(query, selection, &scoring, None)?;
        let mut worth = vec![0.0; set.blocks.len()];
        ranking.rows.iter().for_each(|row| worth[row.block.0 as usize] = row.expected);
        let of = |ids: &[BlockId], by: Measure| -> Vec<f64> {
            ids.iter().map(|id| measured(id, by).unwrap_or_default()).collect()
        };
        let (neighbors, legs) = self.touching(&blocks, &joints)?;
        let joint = |(id, legs): (&BlockId, Vec<u32>)| Joint { value: worth[id.0 as usize], legs };
        let found = targets(
            &Ground {
                value: &blocks.iter().map(|id| worth[id.0 as usize]).collect::<Vec<_>>(),
                cost: &of(&blocks, ask.budget.measure()),
                size: &of(&blocks, least_size.measure()),
                neighbors: &neighbors,
                joints: &joints.iter().zip(legs).map(joint).collect::<Vec<_>>(),
                corners: &blocks.iter().map(|id| corners(&block(id).local)).collect::<Vec<_>>(),
            },
            &TargetParams {
                budget: ask.budget.base,
                places: ask.places,
                most_places: ask.most_places,
                least_size: least_size.base,
                diameter: ask.diameter,
                seed: ask.seed,
                rounds: ROUNDS,
                exact_blocks: EXACT_BLOCKS,
            },
        )
        .map_err(|error| match error {
            TargetsError::Budget { least, .. } => {
                SnapshotTargetsError::Budget { budget: ask.budget, least: ask.budget.of(least).up() }
            }
            TargetsError::LeastSize { most, .. } => {
                SnapshotTargetsError::LeastSize { least_size, most: least_size.of(most).down() }
            }
            other => other.into(),
        })?;
        Ok(Chosen {
            targets: found,
            blocks,
            joints,
            ranking,
            worth,
            least_size,
            without_cost: without.len(),
            ground,
        })
    }

    /// Which street owns which ground, all streets of the set considered.
    fn own_ground(&self) -> Result<OwnGround, GridError> {
        let data = self.dataset();
        let lines = |block: &Block| match &block.local {
            Geometry::LineString(line) => vec![line.clone()],
            Geometry::MultiLineString(lines) => lines.0.clone(),
            _ => Vec::new(),
        };
        let streets: Vec<Vec<LineString>> = data.block_set.blocks.iter().map(lines).collect();
        own_ground(&streets, data.study_area)
    }

    /// Which blocks touch, and the legs of each intersection, by position.
    fn touching(
        &self,
        blocks: &[BlockId],
        joints: &[BlockId],
    ) -> Result<(Neighbors, Vec<Vec<u32>>), NeighborsError> {
        let all = blocks.iter().chain(joints).map(|&id| (id, Local::default())).collect();
        let links = Units::Blocks(all).contiguous(self)?;
        let n = blocks.len();
        let paid =
            |unit: usize| links.of(unit).iter().copied().filter(|&to| (to as usize) < n).collect::<Vec<_>>();
        let neighbors = Neighbors::from_lists((0..n).map(paid).collect())?;
        Ok((neighbors, (n..n + joints.len()).map(paid).collect()))
    }

    /// The outline of some blocks in local metres: their dissolved ground; of what owns none, the hull.
    #[must_use]
    pub fn outline(&self, chosen: &Chosen, blocks: &[BlockId]) -> MultiPolygon {
        let set = &self.dataset().block_set.blocks;
        let outline = match &chosen.ground {
            Some(ground) => ground.outline(&self.dataset().block_set.mask(blocks)),
            None => {
                let polygons = blocks.iter().flat_map(|id| match &set[id.0 as usize].local {
                    Geometry::Polygon(one) => vec![one.clone()],
                    Geometry::MultiPolygon(several) => several.0.clone(),
                    _ => Vec::new(),
                });
                unary_union(&polygons.collect::<Vec<_>>())
            }
        };
        if !outline.0.is_empty() {
            return outline;
        }
        let places: Vec<Local> = blocks.iter().flat_map(|id| corners(&set[id.0 as usize].local)).collect();
        hull(&places).map_or(outline, |hull| MultiPolygon(vec![hull.polygon]))
    }
}

impl Chosen {
    /// Side of the cells in which the ground of streets was given out.
    #[must_use]
    pub fn cell(&self) -> Option<Metres> {
        self.ground.as_ref().map(OwnGround::cell)
    }

    /// The ground of a block in km².
    #[must_use]
    pub fn area(&self, snapshot: &Snapshot, id: BlockId) -> Option<f64> {
        let block = &snapshot.dataset().block_set.blocks[id.0 as usize];
        match &self.ground {
            Some(ground) => Some(ground.area(id.0 as usize).0),
            None => block.area.map(|area| area.0),
        }
    }
}

/// The least size where none is asked for: for street and ground [`PART_OF_SHARE`] of an even share of the budget, no
/// more than fits the diameter; else one block.
#[must_use]
pub fn least_size(ask: &TargetsAsk) -> Amount {
    let share = ask.budget.base / f64::from(ask.places.max(1)) * PART_OF_SHARE;
    let fits = ask.diameter.map_or(f64::INFINITY, |d| d.0);
    match ask.budget.measure() {
        Measure::Length => ask.budget.of(share.min(fits)),
        Measure::Area => ask.budget.of(share.min(fits * fits / 4e6)),
        Measure::Blocks | Measure::Households => Amount::in_base(Measure::Blocks, 1.0),
    }
}

/// What a block has of a measure; `None` where it is not known.
fn measure(block: &Block, by: Measure, ground: Option<&OwnGround>, at: usize) -> Option<f64> {
    match by {
        Measure::Length => block.length.map(|length| length.0).filter(|length| *length > 0.0),
        Measure::Area => {
            let own = ground.map(|ground| ground.area(at).0);
            own.or_else(|| block.area.map(|area| area.0)).map(|area| area.max(LEAST_AREA))
        }
        Measure::Blocks => Some(1.0),
        Measure::Households => block.residents.households.map(|n| n.max(LEAST_HOUSEHOLDS)),
    }
}

/// What no block has, and what can be given instead.
fn missing(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::Length => ("a street's length", "km2, mi2, blocks or households"),
        Measure::Area => ("an area", "blocks"),
        Measure::Blocks => ("a shape", "other blocks"),
        Measure::Households => (
            "a number of households",
            "km, mi, km2, mi2 or blocks, or polygons with a column of households (streets have none)",
        ),
    }
}

/// The corners of a shape's convex hull: its farthest pair is among them.
fn corners(shape: &Geometry) -> Vec<Local> {
    let points: MultiPoint = shape.coords_iter().map(Point::from).collect();
    let hull = points.convex_hull();
    let mut around: Vec<Local> = hull.exterior().0.iter().map(|&at| at.into()).collect();
    around.dedup_by(|a, b| a.x.to_bits() == b.x.to_bits() && a.y.to_bits() == b.y.to_bits());
    if around.len() > 1 {
        around.pop();
    }
    around
}
