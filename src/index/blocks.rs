//! Blocks in R-trees: which segment or node is nearest, which polygon contains.

use geo::Geometry;
use rstar::primitives::{GeomWithData, Line};
use rstar::{PointDistance, RTree};

use super::polygons::PolygonIndex;
use crate::model::block::{Block, BlockId};
use crate::space::coord::{Local, Metres};

/// R-trees over the pieces of segments, over nodes, a lookup grid over polygons.
#[derive(Clone, Debug)]
pub struct BlockIndex {
    pieces: RTree<GeomWithData<Line<[f64; 2]>, u32>>,
    nodes: RTree<GeomWithData<[f64; 2], u32>>,
    polygons: PolygonIndex,
}

impl BlockIndex {
    /// Indexes blocks by their local shapes. Time O(n log n) in their vertices.
    #[must_use]
    pub fn build(blocks: &[Block]) -> Self {
        let (mut pieces, mut nodes) = (Vec::new(), Vec::new());
        for (at, block) in blocks.iter().enumerate() {
            let at = u32::try_from(at).expect("fewer than 2³² blocks");
            match &block.local {
                Geometry::LineString(line) => {
                    pieces.extend(line.lines().map(|l| {
                        GeomWithData::new(Line::new([l.start.x, l.start.y], [l.end.x, l.end.y]), at)
                    }))
                }
                Geometry::Point(point) => nodes.push(GeomWithData::new([point.x(), point.y()], at)),
                _ => {}
            }
        }
        Self {
            pieces: RTree::bulk_load(pieces),
            nodes: RTree::bulk_load(nodes),
            polygons: PolygonIndex::build(blocks),
        }
    }

    /// The nearest segment and how far it is; of equally near ones the first of the file.
    #[must_use]
    pub fn nearest_segment(&self, at: Local) -> Option<(BlockId, Metres)> {
        let point = [at.x, at.y];
        let nearest = self.pieces.nearest_neighbors(&point);
        let first = nearest.iter().min_by_key(|piece| piece.data)?;
        Some((BlockId(first.data), Metres(first.distance_2(&point).sqrt())))
    }

    /// The nearest segment that is not the given one, up to a distance.
    #[must_use]
    pub fn rival_segment(&self, at: Local, but: BlockId, up_to: Metres) -> Option<(BlockId, Metres)> {
        let point = [at.x, at.y];
        self.pieces
            .nearest_neighbor_iter_with_distance_2(&point)
            .take_while(|(_, d2)| *d2 <= up_to.0 * up_to.0)
            .find(|(piece, _)| piece.data != but.0)
            .map(|(piece, d2)| (BlockId(piece.data), Metres(d2.sqrt())))
    }

    /// The nearest segment up to a distance of which a piece passes a test by its ends.
    #[must_use]
    pub fn segment_along(
        &self,
        at: Local,
        up_to: Metres,
        test: impl Fn(Local, Local) -> bool,
    ) -> Option<BlockId> {
        let local = |[x, y]: [f64; 2]| Local { x, y };
        self.pieces
            .nearest_neighbor_iter_with_distance_2(&[at.x, at.y])
            .take_while(|(_, d2)| *d2 <= up_to.0 * up_to.0)
            .find(|(piece, _)| test(local(piece.geom().from), local(piece.geom().to)))
            .map(|(piece, _)| BlockId(piece.data))
    }

    /// Every segment within a radius of a place, once each, with how far it is: the nearest first, equally
    /// near ones in the order of the file.
    pub fn segments_within(
        &self,
        at: Local,
        radius: Metres,
    ) -> impl Iterator<Item = (BlockId, Metres)> + use<> {
        let point = [at.x, at.y];
        let mut found: Vec<(BlockId, Metres)> = self
            .pieces
            .locate_within_distance(point, radius.0 * radius.0)
            .map(|piece| (BlockId(piece.data), Metres(piece.distance_2(&point).sqrt())))
            .collect();
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.0.total_cmp(&b.1.0)));
        found.dedup_by_key(|(block, _)| *block);
        found.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
        found.into_iter()
    }

    /// The nearest node and how far it is; of equally near ones the first.
    #[must_use]
    pub fn nearest_node(&self, at: Local) -> Option<(BlockId, Metres)> {
        let point = [at.x, at.y];
        let nearest = self.nodes.nearest_neighbors(&point);
        let first = nearest.iter().min_by_key(|node| node.data)?;
        Some((BlockId(first.data), Metres(first.distance_2(&point).sqrt())))
    }

    /// The polygon that contains a place, its edges included; of several the first of the file.
    #[must_use]
    pub fn containing(&self, at: Local) -> Option<BlockId> {
        self.polygons.containing(at)
    }

    /// The polygon of each place, as [`BlockIndex::containing`] gives it: for many places in no order, in half the time.
    #[must_use]
    pub fn containing_all(&self, places: &[Local]) -> Vec<Option<BlockId>> {
        self.polygons.join(places)
    }

    /// Whether the edge of any polygon lies within a distance of a place. Quick up to [`BOUNDARY`], for which it is made.
    ///
    /// [`BOUNDARY`]: crate::model::dataset::BOUNDARY
    #[must_use]
    pub fn near_edge(&self, at: Local, within: Metres) -> bool {
        self.polygons.near_edge(at, within)
    }
}
