//! Areas in trees: which areas a block lies in, by the share of it that each has.

use geo::{
    Area as _, BooleanOps, BoundingRect, Euclidean, Geometry, InteriorPoint, InterpolateLine, Intersects,
    Length, Line, LineString, MultiPolygon, Point,
};
use rstar::primitives::{GeomWithData, Line as TreeLine, Rectangle};
use rstar::{AABB, PointDistance, RTree};

use crate::model::areas::AreaLayer;
use crate::model::block::Block;
use crate::space::coord::Metres;

/// An area with less of a block than this is not named for it: drawn borders differ by as much.
pub const LEAST_SHARE: f64 = 0.05;

/// A stretch of street this near to a border lies on it and belongs to both sides: half a wide street.
pub const ON_BORDER: Metres = Metres(10.0);

/// An intersection this near to an area belongs to it: half a large crossing. The same length at
/// either end of a segment belongs to the intersection there and is not looked at.
pub const AT_NODE: Metres = Metres(15.0);

/// Distance between the places of a segment that are looked at.
const STEP: f64 = 2.0;

/// Areas of one layer, ready to be asked.
pub struct AreaIndex<'a> {
    layer: &'a AreaLayer,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    borders: RTree<GeomWithData<TreeLine<[f64; 2]>, usize>>,
}

impl<'a> AreaIndex<'a> {
    /// Indexes a layer. Time O(n log n) in its vertices.
    #[must_use]
    pub fn build(layer: &'a AreaLayer) -> Self {
        let (mut boxes, mut borders) = (Vec::new(), Vec::new());
        for (at, area) in layer.areas.iter().enumerate() {
            boxes.extend(area.local.bounding_rect().map(|r| {
                let corners = Rectangle::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]);
                GeomWithData::new(corners, at)
            }));
            let rings = area.local.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
            borders.extend(rings.flat_map(LineString::lines).map(|l: Line| {
                GeomWithData::new(TreeLine::new([l.start.x, l.start.y], [l.end.x, l.end.y]), at)
            }));
        }
        Self { layer, boxes: RTree::bulk_load(boxes), borders: RTree::bulk_load(borders) }
    }

    /// The areas that a block lies in with the share that each has, the largest first.
    ///
    /// | block | share of | named from |
    /// |---|---|---|
    /// | polygon, cell | its area | [`LEAST_SHARE`] |
    /// | segment | its length but for [`AT_NODE`] at either end; what lies within [`ON_BORDER`] of an area counts as in it | [`LEAST_SHARE`] |
    /// | node | – (1 for each) | no farther than [`AT_NODE`] |
    ///
    /// A street that is the border of two areas lies in both; one that only ends there in its own.
    /// Of a segment shorter than 30 m the middle decides, and is sought every 2 m on a longer one.
    #[must_use]
    pub fn areas_of(&self, block: &Block) -> Vec<(usize, f64)> {
        let mut shares = match &block.local {
            Geometry::Point(at) => self.near(*at, AT_NODE).into_iter().map(|area| (area, 1.0)).collect(),
            Geometry::LineString(line) => self.along(line),
            Geometry::Polygon(shape) => self.across(&MultiPolygon(vec![shape.clone()])),
            Geometry::MultiPolygon(shape) => self.across(shape),
            _ => Vec::new(),
        };
        shares.retain(|&(_, share)| share >= LEAST_SHARE);
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        shares
    }

    /// The names of the areas that a block lies in, the largest share first, each once.
    #[must_use]
    pub fn names_of(&self, block: &Block) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (area, _) in self.areas_of(block) {
            let name = &self.layer.areas[area].name;
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The areas that a place lies in or no farther from than a distance, in the order of their file.
    fn near(&self, at: Point, within: Metres) -> Vec<usize> {
        let point = [at.x(), at.y()];
        let boxes = self.boxes.locate_in_envelope_intersecting(&AABB::from_point(point));
        let mut found: Vec<usize> =
            boxes.map(|b| b.data).filter(|&area| self.layer.areas[area].local.intersects(&at)).collect();
        if within.0 > 0.0 {
            let around = AABB::from_corners(
                [point[0] - within.0, point[1] - within.0],
                [point[0] + within.0, point[1] + within.0],
            );
            let borders = self.borders.locate_in_envelope_intersecting(&around);
            let near = borders.filter(|border| border.distance_2(&point) <= within.0 * within.0);
            found.extend(near.map(|border| border.data));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Shares of a street's length.
    fn along(&self, line: &LineString) -> Vec<(usize, f64)> {
        let length = Euclidean.length(line);
        let inner = length - 2.0 * AT_NODE.0;
        let places = (inner / STEP).floor().max(0.0) as u32 + 1;
        let place = |at: u32| {
            let along = if inner <= 0.0 {
                length / 2.0
            } else {
                AT_NODE.0 + inner * (f64::from(at) + 0.5) / f64::from(places)
            };
            Euclidean.point_at_distance_from_start(line, along)
        };
        // Far from every border one place speaks for all.
        let all_alike = line.bounding_rect().is_some_and(|r| !self.has_border(r, ON_BORDER.0));
        let places = if all_alike { 1 } else { places };
        let mut counts = std::collections::BTreeMap::<usize, u32>::new();
        for at in (0..places).filter_map(place) {
            for area in self.near(at, ON_BORDER) {
                *counts.entry(area).or_default() += 1;
            }
        }
        counts.into_iter().map(|(area, n)| (area, f64::from(n) / f64::from(places))).collect()
    }

    /// Shares of a polygon's area.
    fn across(&self, shape: &MultiPolygon) -> Vec<(usize, f64)> {
        let (Some(r), Some(inside)) = (shape.bounding_rect(), shape.interior_point()) else {
            return Vec::new();
        };
        if !self.has_border(r, 0.0) {
            return self.near(inside, Metres(0.0)).into_iter().map(|area| (area, 1.0)).collect();
        }
        let around = AABB::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]);
        let whole = shape.unsigned_area();
        self.boxes
            .locate_in_envelope_intersecting(&around)
            .map(|entry| {
                let part = shape.intersection(&self.layer.areas[entry.data].local).unsigned_area();
                (entry.data, part / whole)
            })
            .filter(|(_, share)| share.is_finite())
            .collect()
    }

    fn has_border(&self, r: geo::Rect, margin: f64) -> bool {
        let around = AABB::from_corners(
            [r.min().x - margin, r.min().y - margin],
            [r.max().x + margin, r.max().y + margin],
        );
        self.borders.locate_in_envelope_intersecting(&around).next().is_some()
    }
}
