//! The units that are ranked: street segments with their intersections, or polygons.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::areas::AreaKind;
use super::column::Column;
use super::exposure::Residents;
use super::house_numbers::Sides;
use crate::space::coord::{Metres, SquareKm};
use crate::space::shape::Shape;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A street between two intersections, both sides.
    Segment,
    /// An intersection.
    Node,
    /// An area.
    Polygon,
    /// A hundred of house numbers on a street, known from addresses alone.
    HundredBlock,
}

impl BlockKind {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Node => "node",
            Self::Polygon => "polygon",
            Self::HundredBlock => "hundred-block",
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
    pub lonlat: Shape,
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
    /// The street of a segment; those that meet at a node; none for an area.
    pub streets: Vec<OnStreet>,
}

/// A street that a block belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnStreet {
    /// Its name in the file's own writing.
    pub name: String,
    /// House numbers of a segment, in the direction of its line.
    pub numbers: Sides,
}

/// An alley: no block, it takes its incidents to the street that it belongs to.
#[derive(Clone, Debug)]
pub struct Alley {
    /// Its name in the file's own writing, mostly empty.
    pub name: String,
    /// Its line in local metres.
    pub local: geo::LineString,
}

/// Name of the set of street segments and nodes.
pub const SEGMENTS: &str = "segments";

/// Name of the set of hundred-blocks that are made from addresses.
pub const HUNDRED_BLOCKS: &str = "hundred-blocks";

/// A named set of blocks; every result names the set that it ranks.
#[derive(Clone, Debug, Default)]
pub struct BlockSet {
    /// `segments`, `polygons`, `cells` or `hundred-blocks`.
    pub name: &'static str,
    /// The blocks; one is known by its position.
    pub blocks: Vec<Block>,
    /// Alleys between them.
    pub alleys: Vec<Alley>,
}

impl BlockSet {
    /// Of each block, whether it is among these.
    #[must_use]
    pub fn mask(&self, among: &[BlockId]) -> Vec<bool> {
        let mut mask = vec![false; self.blocks.len()];
        among.iter().for_each(|block| mask[block.0 as usize] = true);
        mask
    }
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

/// What becomes of an incident at an intersection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intersections {
    /// It belongs to the intersection, whole: counts stay whole (Braga, Papachristos & Hureau 2010).
    #[default]
    Node,
    /// Each of the k segments that meet there has 1/k of it: for display.
    Split,
    /// The nearest segment has it, of equally near ones the first: for comparison.
    First,
    /// Nobody has it: for comparison with older studies.
    Exclude,
}

impl Intersections {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Node, Self::Split, Self::First, Self::Exclude];

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Split => "split",
            Self::First => "first",
            Self::Exclude => "exclude",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|option| option.word() == word)
    }
}

/// Which blocks, and with what shares, every incident belongs to.
///
/// Four bytes an incident. Where incidents are split, those of one intersection have the same legs,
/// which stand once beside.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    block: Column<u32>,
    legs: Arc<Vec<Legs>>,
}

/// The blocks of what is shared out, with their parts.
type Legs = Vec<(BlockId, Share)>;

const UNASSIGNED: u32 = u32::MAX;
/// Set in an entry that is a position in `legs`.
const SPLIT: u32 = 1 << 31;
/// Set in an entry that a nudge would change.
const NEAR: u32 = 1 << 30;

impl Assignment {
    /// From one block or none an incident.
    #[must_use]
    pub fn whole(blocks: impl IntoIterator<Item = Option<BlockId>>) -> Self {
        let entry = |block: Option<BlockId>| block.map_or(UNASSIGNED, |BlockId(at)| at);
        let mut block = Column::default();
        block.extend(blocks.into_iter().map(entry));
        Self { block, legs: Arc::default() }
    }

    /// Marks the incidents of a block that lie within 10 m of its boundary, in their order.
    #[must_use]
    pub fn near(mut self, near: impl IntoIterator<Item = bool>) -> Self {
        let mut near = near.into_iter();
        self.block.for_each_mut(|entry| {
            if near.next() == Some(true) && *entry != UNASSIGNED {
                *entry |= NEAR;
            }
        });
        self
    }

    /// Whether an incident of a block lies within 10 m of its boundary.
    #[must_use]
    pub fn near_boundary(&self, incident: usize) -> bool {
        let entry = self.block.get(incident);
        entry != UNASSIGNED && entry & NEAR != 0
    }

    /// Adds the blocks of an incident of another assignment at the end.
    pub(crate) fn push(&mut self, other: &Self, incident: usize) {
        let entry = other.block.get(incident);
        if entry == UNASSIGNED || entry & SPLIT == 0 {
            self.block.push(entry);
            return;
        }
        let legs = &other.legs[(entry & !(SPLIT | NEAR)) as usize];
        let known = self.legs.iter().position(|known| known == legs);
        let at = known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.legs).push(legs.clone());
            self.legs.len() - 1
        });
        let at = u32::try_from(at).expect("no more splits than blocks");
        self.block.push(SPLIT | at | entry & NEAR);
    }

    /// Those at some positions, in their order; in the room of a spare one.
    pub(crate) fn gather(&self, order: &[u32], spare: Self) -> Self {
        Self { block: self.block.gather(order, spare.block), legs: Arc::clone(&self.legs) }
    }

    /// Its room alone.
    pub(crate) fn room(self) -> Self {
        Self { block: self.block.room(), ..Self::default() }
    }

    /// What tells whether anybody has them, or their room, still.
    #[cfg(test)]
    pub(crate) fn trace(&self) -> std::sync::Weak<[u32]> {
        self.block.trace()
    }

    /// Where they lie.
    #[cfg(test)]
    pub(crate) fn room_at(&self) -> usize {
        self.block.room_at()
    }

    /// Makes what there is the base that copies share.
    pub(crate) fn share(&mut self) {
        self.block.share();
    }

    /// Shares out what belongs to a block among others, in equal parts; what has no others stays whole.
    #[must_use]
    pub fn split(mut self, among: &BTreeMap<BlockId, Vec<BlockId>>) -> Self {
        let mut known: BTreeMap<BlockId, u32> = BTreeMap::new();
        let mut all = Vec::new();
        self.block.for_each_mut(|entry| {
            let (node, near) = (BlockId(*entry & !NEAR), *entry & NEAR);
            let legs = among.get(&node).filter(|legs| *entry != UNASSIGNED && !legs.is_empty());
            let Some(legs) = legs else { return };
            *entry = near
                | *known.entry(node).or_insert_with(|| {
                    all.push(equal_parts(legs));
                    SPLIT | u32::try_from(all.len() - 1).expect("no more splits than blocks")
                });
        });
        self.legs = Arc::new(all);
        self
    }

    /// The blocks of an incident with their shares, which together are whole.
    pub fn shares(&self, incident: usize) -> impl Iterator<Item = (BlockId, Share)> + '_ {
        let entry = match self.block.get(incident) {
            UNASSIGNED => UNASSIGNED,
            entry => entry & !NEAR,
        };
        let split: &[(BlockId, Share)] = if entry != UNASSIGNED && entry & SPLIT != 0 {
            &self.legs[(entry ^ SPLIT) as usize]
        } else {
            &[]
        };
        let whole = (split.is_empty() && entry != UNASSIGNED).then_some((BlockId(entry), Share::WHOLE));
        whole.into_iter().chain(split.iter().copied())
    }

    /// The block with the greatest share of an incident, of equal ones the first.
    #[must_use]
    pub fn main(&self, incident: usize) -> Option<BlockId> {
        self.shares(incident).next().map(|(block, _)| block)
    }
}

/// Parts that add up to the whole: those that 5040 does not give evenly differ by one, the greater first.
fn equal_parts(blocks: &[BlockId]) -> Vec<(BlockId, Share)> {
    let n = u16::try_from(blocks.len()).unwrap_or(u16::MAX).clamp(1, Share::WHOLE.0);
    let (part, over) = (Share::WHOLE.0 / n, Share::WHOLE.0 % n);
    let share = |at: u16| Share(part + u16::from(at < over));
    blocks.iter().zip(0..n).map(|(&block, at)| (block, share(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_split_incident_are_together_whole() {
        for k in 1..=13 {
            let among = BTreeMap::from([(BlockId(99), (0..k).map(BlockId).collect())]);
            let assignment = Assignment::whole([Some(BlockId(99)), Some(BlockId(5)), None]).split(&among);
            let parts: Vec<u16> = assignment.shares(0).map(|(_, share)| share.0).collect();
            assert_eq!((parts.len(), parts.iter().sum::<u16>()), (k as usize, Share::WHOLE.0));
            assert!(parts[0] - parts[parts.len() - 1] <= 1);
            assert_eq!(assignment.shares(1).collect::<Vec<_>>(), [(BlockId(5), Share::WHOLE)]);
            assert_eq!((assignment.main(0), assignment.main(2)), (Some(BlockId(0)), None));
        }
    }

    #[test]
    fn being_near_a_boundary_changes_no_share() {
        let among = BTreeMap::from([(BlockId(2), vec![BlockId(0), BlockId(1)])]);
        let blocks = [Some(2), Some(7), None, Some(7), Some(2)].map(|block| block.map(BlockId));
        for among in [BTreeMap::new(), among] {
            let near = [true, true, true, false, false];
            let plain = Assignment::whole(blocks).split(&among);
            let marked = Assignment::whole(blocks).near(near).split(&among);
            for at in 0..5 {
                assert!(plain.shares(at).eq(marked.shares(at)) && !plain.near_boundary(at), "{at}");
                assert_eq!(marked.near_boundary(at), near[at] && blocks[at].is_some(), "{at}");
            }
        }
    }

    #[test]
    fn an_option_has_one_word() {
        for option in Intersections::ALL {
            assert_eq!(Intersections::from_word(option.word()), Some(option));
        }
        assert_eq!(Intersections::from_word("half"), None);
    }
}
