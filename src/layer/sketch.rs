//! A piece of the map around a block, in metres from its middle: what is drawn beside a sheet.

use geo::{BoundingRect, Geometry, Intersects, LineString, Rect};

use crate::model::block::{Block, BlockId};
use crate::space::coord::Metres;

/// How far a sketch reaches from the middle of its block, east and north.
pub const REACH: [Metres; 2] = [Metres(260.0), Metres(160.0)];

/// Lines and points around a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// What is around: streets, or outlines of polygons, as places from the middle, east and north.
    pub around: Vec<Vec<(f64, f64)>>,
    /// The block itself; a single place is an intersection.
    pub own: Vec<Vec<(f64, f64)>>,
}

/// The surroundings of a block. Time O(blocks).
#[must_use]
pub fn sketch(blocks: &[Block], of: BlockId) -> Sketch {
    let shape = &blocks[of.0 as usize].local;
    let Some(middle) = shape.bounding_rect().map(|rect| rect.center()) else { return Sketch::default() };
    // A long block is shown whole.
    let size = shape.bounding_rect().map_or((0.0, 0.0), |rect| (rect.width(), rect.height()));
    let reach = [REACH[0].0.max(0.6 * size.0), REACH[1].0.max(0.6 * size.1)];
    let window =
        Rect::new((middle.x - reach[0], middle.y - reach[1]), (middle.x + reach[0], middle.y + reach[1]));
    let places = |line: &LineString| line.0.iter().map(|at| (at.x - middle.x, at.y - middle.y)).collect();
    let lines = |shape: &Geometry| -> Vec<Vec<(f64, f64)>> {
        match shape {
            Geometry::LineString(line) => vec![places(line)],
            Geometry::Polygon(polygon) => vec![places(polygon.exterior())],
            Geometry::MultiPolygon(many) => many.iter().map(|polygon| places(polygon.exterior())).collect(),
            Geometry::MultiLineString(many) => many.iter().map(places).collect(),
            Geometry::Point(at) => vec![vec![(at.x() - middle.x, at.y() - middle.y)]],
            _ => Vec::new(),
        }
    };
    let near = |block: &&Block| {
        !matches!(block.local, Geometry::Point(_))
            && block.local.bounding_rect().is_some_and(|rect| rect.intersects(&window))
    };
    Sketch {
        around: blocks.iter().filter(near).flat_map(|block| lines(&block.local)).collect(),
        own: lines(shape),
    }
}
