//! The units that are ranked: street segments with their intersections, or polygons.

use std::collections::BTreeMap;

use super::areas::AreaKind;
use super::exposure::Residents;
use crate::space::coord::{Metres, SquareKm};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A street between two intersections, both sides.
    Segment,
    /// An intersection.
    Node,
    /// An area.
    Polygon,
}

impl BlockKind {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Node => "node",
            Self::Polygon => "polygon",
        }
    }
}

/// One block, in degrees and in local metres.
#[derive(Clone, Debug)]
pub struct Block {
    /// Unique in its set.
    pub id: String,
    /// In words: `5900 block of Minerva Ave`.
    pub name: String,
    /// What it is.
    pub kind: BlockKind,
    /// Shape in degrees.
    pub lonlat: geo::Geometry,
    /// Shape in local metres.
    pub local: geo::Geometry,
    /// Length of a segment.
    pub length: Option<Metres>,
    /// Area of a polygon.
    pub area: Option<SquareKm>,
    /// Who lives there, where a column says so.
    pub residents: Residents,
    /// Names of the areas that it lies in, of each kind the one with the largest share first.
    pub areas: BTreeMap<AreaKind, Vec<String>>,
}

/// A named set of blocks; every result names the set that it ranks.
#[derive(Clone, Debug)]
pub struct BlockSet {
    /// `segments`, `polygons` or `cells`.
    pub name: &'static str,
    /// The blocks; one is known by its position.
    pub blocks: Vec<Block>,
}

/// Position of a block in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// The part of an incident that a block is given: whole numbers of 5040, so that halves, thirds
/// up to tenths are exact and an insert and its withdrawal cancel without rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u16);

impl Share {
    /// The whole incident.
    pub const WHOLE: Self = Self(5040);
}

/// Which block, and with what share, every incident belongs to.
///
/// With nodes as units of their own, shares are whole and an incident has one block or none.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    block: Vec<u32>,
}

const UNASSIGNED: u32 = u32::MAX;

impl Assignment {
    /// From one block or none an incident.
    #[must_use]
    pub fn whole(blocks: impl IntoIterator<Item = Option<BlockId>>) -> Self {
        Self { block: blocks.into_iter().map(|b| b.map_or(UNASSIGNED, |BlockId(at)| at)).collect() }
    }

    /// The blocks of an incident with their shares.
    pub fn shares(&self, incident: usize) -> impl Iterator<Item = (BlockId, Share)> + use<> {
        self.main(incident).map(|block| (block, Share::WHOLE)).into_iter()
    }

    /// The block with the greatest share of an incident.
    #[must_use]
    pub fn main(&self, incident: usize) -> Option<BlockId> {
        Some(self.block[incident]).filter(|&at| at != UNASSIGNED).map(BlockId)
    }
}
