//! Blocks by the streets they lie on: which segment has a house number, which node two streets, which street an alley.

use geo::{Coord, Distance, Euclidean, Geometry, LineString};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Line};

use super::blocks::BlockIndex;
use super::names::{NameIndex, SHORTEST_BEGINNING};
use crate::model::address::{Address, StreetName};
use crate::model::block::{Alley, BlockId, BlockKind, BlockSet};
use crate::model::house_numbers::{Fit, Sides};
use crate::model::street_words::Words;
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

/// An alley belongs to the parallel street no farther from it: half a long block is some 70 m deep.
pub const PARENT_REACH: Metres = Metres(100.0);

/// Directions that differ by less are parallel.
const PARALLEL_DEGREES: f64 = 30.0;

/// Segments and nodes by street name, and alleys with the segments that they belong to.
#[derive(Clone, Debug, Default)]
pub struct AddressIndex {
    words: Words,
    names: NameIndex,
    /// By the position of the name.
    segments: Vec<Vec<Segment>>,
    nodes: Vec<Vec<Node>>,
    /// Straight pieces of alleys with their parent segments.
    alleys: RTree<GeomWithData<Line<[f64; 2]>, u32>>,
}

#[derive(Clone, Debug)]
struct Segment {
    block: BlockId,
    numbers: Sides,
    bounds: LocalBox,
    line: LineString,
}

#[derive(Clone, Debug)]
struct Node {
    block: BlockId,
    at: Local,
    /// Positions of the names that meet there.
    names: Vec<u32>,
}

impl AddressIndex {
    /// Indexes the streets of blocks; empty for areas. Time O(n log n).
    #[must_use]
    pub fn build(set: &BlockSet, index: &BlockIndex, words: &Words) -> Self {
        let mut all = Self { words: words.clone(), ..Self::default() };
        for (block, at) in set.blocks.iter().zip(0..) {
            let names = block.streets.iter().filter_map(|street| StreetName::parse(&street.name, words));
            let names: Vec<u32> = names.map(|name| all.names.add(name)).collect();
            all.segments.resize_with(all.names.len(), Vec::new);
            all.nodes.resize_with(all.names.len(), Vec::new);
            match (&block.local, block.kind) {
                (Geometry::LineString(line), BlockKind::Segment) => {
                    let Some(bounds) = LocalBox::around(line.coords().map(|&at| at.into())) else { continue };
                    for (&name, street) in names.iter().zip(&block.streets) {
                        let numbers = street.numbers;
                        let segment = Segment { block: BlockId(at), numbers, bounds, line: line.clone() };
                        all.segments[name as usize].push(segment);
                    }
                }
                (Geometry::Point(point), BlockKind::Node) => {
                    let node = Node { block: BlockId(at), at: point.0.into(), names: names.clone() };
                    for &name in &names {
                        all.nodes[name as usize].push(node.clone());
                    }
                }
                _ => {}
            }
        }
        all.names.finish();
        let pieces = set.alleys.iter().flat_map(|alley| all.with_parents(alley, index));
        all.alleys = RTree::bulk_load(pieces.collect());
        all
    }

    /// Reads an address with the words of this index.
    #[must_use]
    pub fn parse(&self, address: &str) -> Option<Address> {
        Address::parse(address, &self.words)
    }

    /// The nearest node where both streets meet, up to a distance.
    #[must_use]
    pub fn node(&self, a: &StreetName, b: &StreetName, near: Local, up_to: Metres) -> Option<BlockId> {
        self.names.find(a, 1, |first| {
            let around: Vec<(&Node, f64)> = first
                .iter()
                .flat_map(|&name| &self.nodes[name as usize])
                .map(|node| (node, node.at.distance(near).0))
                .filter(|(_, far)| *far <= up_to.0)
                .collect();
            // A street that has no node here needs no look at the other.
            (!around.is_empty()).then_some(())?;
            self.names.find(b, 1, |second| {
                let both = |node: &Node| {
                    second.iter().any(|name| node.names.contains(name) && !first.contains(name))
                };
                nearest(around.iter().filter(|(node, _)| both(node)).map(|&(node, far)| (node.block, far)))
            })
        })
    }

    /// The segment of a street that has a house number, up to a distance: on its side first, then the nearest.
    #[must_use]
    pub fn house(&self, number: u32, street: &StreetName, near: Local, up_to: Metres) -> Option<BlockId> {
        self.names.find(street, SHORTEST_BEGINNING, |names| {
            [Fit::Side, Fit::Span].into_iter().find_map(|fit| {
                let around = self.of(names).filter(|segment| segment.is_around(near, up_to));
                let fits = around.filter(|segment| segment.numbers.fit(number) == Some(fit));
                nearest(fits.filter_map(|segment| segment.within(near, up_to)))
            })
        })
    }

    /// The nearest segment of a street that has house numbers of a hundred, up to a distance.
    #[must_use]
    pub fn hundred(&self, hundred: u32, street: &StreetName, near: Local, up_to: Metres) -> Option<BlockId> {
        self.names.find(street, SHORTEST_BEGINNING, |names| {
            let has = |segment: &&Segment| segment.numbers.has_hundred(hundred);
            nearest(self.of(names).filter(has).filter_map(|segment| segment.within(near, up_to)))
        })
    }

    /// The nearest segment of a street, up to a distance.
    #[must_use]
    pub fn street(&self, street: &StreetName, near: Local, up_to: Metres) -> Option<BlockId> {
        self.names.find(street, SHORTEST_BEGINNING, |names| {
            nearest(self.of(names).filter_map(|segment| segment.within(near, up_to)))
        })
    }

    /// The segment to which the nearest alley belongs, and how far the alley is.
    #[must_use]
    pub fn alley(&self, at: Local) -> Option<(BlockId, Metres)> {
        use rstar::PointDistance;
        let point = [at.x, at.y];
        let piece = self.alleys.nearest_neighbor(&point)?;
        Some((BlockId(piece.data), Metres(piece.distance_2(&point).sqrt())))
    }

    fn of<'a>(&'a self, names: &'a [u32]) -> impl Iterator<Item = &'a Segment> + 'a {
        names.iter().flat_map(|&name| &self.segments[name as usize])
    }

    /// The straight pieces of an alley, each with the segment that it belongs to: of the street whose
    /// name it bears, else the nearest parallel one, else the nearest; from its middle, within [`PARENT_REACH`].
    fn with_parents<'a>(
        &'a self,
        alley: &'a Alley,
        index: &'a BlockIndex,
    ) -> impl Iterator<Item = GeomWithData<Line<[f64; 2]>, u32>> + 'a {
        let name = StreetName::parse(&alley.name, &self.words);
        alley.local.lines().filter_map(move |piece| {
            let (a, b) = (piece.start, piece.end);
            let middle = Local { x: a.x.midpoint(b.x), y: a.y.midpoint(b.y) };
            let named = name.as_ref().and_then(|name| self.street(name, middle, PARENT_REACH));
            let parallel = || {
                let runs_along = |from: Local, to: Local| {
                    let (dx, dy) = (to.x - from.x, to.y - from.y);
                    let (cross, dot) =
                        ((b.x - a.x) * dy - (b.y - a.y) * dx, (b.x - a.x) * dx + (b.y - a.y) * dy);
                    cross.abs().atan2(dot.abs()).to_degrees() < PARALLEL_DEGREES
                };
                index.segment_along(middle, PARENT_REACH, runs_along)
            };
            let any = || index.nearest_segment(middle).filter(|f| f.1 <= PARENT_REACH).map(|f| f.0);
            let BlockId(parent) = named.or_else(parallel).or_else(any)?;
            Some(GeomWithData::new(Line::new([a.x, a.y], [b.x, b.y]), parent))
        })
    }
}

impl Segment {
    /// Whether it may lie up to a distance: its box does.
    fn is_around(&self, near: Local, up_to: Metres) -> bool {
        near.x >= self.bounds.min.x - up_to.0
            && near.x <= self.bounds.max.x + up_to.0
            && near.y >= self.bounds.min.y - up_to.0
            && near.y <= self.bounds.max.y + up_to.0
    }

    /// Its block and how far it is, up to a distance.
    fn within(&self, near: Local, up_to: Metres) -> Option<(BlockId, f64)> {
        if !self.is_around(near, up_to) {
            return None;
        }
        let far = Euclidean.distance(&geo::Point::from(Coord::from(near)), &self.line);
        (far <= up_to.0).then_some((self.block, far))
    }
}

/// The nearest block, of equally near ones the first of the set.
fn nearest(found: impl Iterator<Item = (BlockId, f64)>) -> Option<BlockId> {
    found.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).map(|(block, _)| block)
}
