//! The naive ways: every one looks at everything, on one thread.

use std::collections::{HashMap, VecDeque};

use geo::{Geometry, Intersects};
use hotblocks::assign::blocks::{AT_NODE, REACH};
use hotblocks::model::block::Block;
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

fn positions(places: &[Local], keep: impl Fn(Local) -> bool) -> Vec<usize> {
    places.iter().enumerate().filter(|&(_, &at)| keep(at)).map(|(at, _)| at).collect()
}

fn squared(a: Local, b: Local) -> f64 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2)
}

/// Incidents in a box.
pub(crate) fn within_box(places: &[Local], area: LocalBox) -> Vec<usize> {
    positions(places, |at| area.contains(at))
}

/// Incidents in a circle.
pub(crate) fn within_radius(places: &[Local], center: Local, radius: Metres) -> Vec<usize> {
    positions(places, |at| squared(at, center) <= radius.0 * radius.0)
}

/// Incidents in a polygon.
pub(crate) fn within_polygon(places: &[Local], area: &geo::Polygon) -> Vec<usize> {
    positions(places, |at| area.intersects(&geo::Coord::from(at)))
}

/// The nearest incidents.
pub(crate) fn nearest(places: &[Local], to: Local, k: usize) -> Vec<usize> {
    let mut all: Vec<(f64, usize)> =
        places.iter().enumerate().map(|(at, &place)| (squared(place, to), at)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(k).map(|(_, at)| at).collect()
}

/// Blocks as plain lists: pieces of segments, and nodes.
pub(crate) struct Lists {
    pieces: Vec<(Local, Local, u32)>,
    nodes: Vec<(Local, u32)>,
}

impl Lists {
    /// The lists of a block set.
    pub(crate) fn of(blocks: &[Block]) -> Self {
        let mut lists = Self { pieces: Vec::new(), nodes: Vec::new() };
        for (block, number) in blocks.iter().zip(0..) {
            match &block.local {
                Geometry::LineString(line) => {
                    lists.pieces.extend(line.lines().map(|l| (l.start.into(), l.end.into(), number)));
                }
                Geometry::Point(point) => lists.nodes.push((point.0.into(), number)),
                _ => {}
            }
        }
        lists
    }

    /// The block of an incident by the rule of streets.
    pub(crate) fn block(&self, at: Local, names_intersection: bool) -> Option<u32> {
        let reach = if names_intersection { REACH } else { AT_NODE };
        let first = |found: Option<(f64, u32)>, reach: Metres| {
            found.filter(|(d2, _)| *d2 <= reach.0 * reach.0).map(|(_, block)| block)
        };
        let nearer = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let node = self.nodes.iter().map(|&(node, block)| (squared(node, at), block)).min_by(nearer);
        first(node, reach).or_else(|| {
            let piece = self.pieces.iter().map(|&(a, b, block)| (to_line(at, a, b), block)).min_by(nearer);
            first(piece, REACH)
        })
    }
}

fn to_line(at: Local, a: Local, b: Local) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let t = (((at.x - a.x) * dx + (at.y - a.y) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    squared(at, Local { x: a.x + t * dx, y: a.y + t * dy })
}

/// The first polygon that contains a place.
pub(crate) fn containing(blocks: &[Block], at: Local) -> Option<u32> {
    let point = geo::Point::new(at.x, at.y);
    (0..).zip(blocks).find(|(_, block)| block.local.intersects(&point)).map(|(number, _)| number)
}

/// Quartic density per km², each incident stamped on the cells around it.
pub(crate) fn stamp(points: &[Local], grid: &Grid, h: Metres) -> Vec<f64> {
    let mut cells = vec![0.0; grid.len()];
    let height = 3.0 / (std::f64::consts::PI * (h.0 / 1e3).powi(2));
    let range = |at: f64, origin: f64, n: usize| {
        let first = ((at - h.0 - origin) / grid.cell.0 - 0.5).ceil().max(0.0) as usize;
        let last = ((at + h.0 - origin) / grid.cell.0 + 0.5).floor().max(0.0) as usize;
        first..last.min(n)
    };
    for &point in points {
        for row in range(point.y, grid.origin.y, grid.n_rows) {
            for col in range(point.x, grid.origin.x, grid.n_cols) {
                let left = 1.0 - squared(grid.center(col, row), point) / (h.0 * h.0);
                if left > 0.0 {
                    cells[row * grid.n_cols + col] += height * left * left;
                }
            }
        }
    }
    cells
}

/// DBSCAN by comparing every point with every other; clusters in the order of their first core point.
pub(crate) fn dbscan(points: &[Local], eps: Metres, min_points: usize) -> Vec<Option<u32>> {
    let neighbors = |at: usize| within_radius(points, points[at], eps);
    let mut label: Vec<Option<u32>> = vec![None; points.len()];
    let mut clusters = 0..;
    for at in 0..points.len() {
        if label[at].is_some() || neighbors(at).len() < min_points {
            continue;
        }
        let cluster = clusters.next();
        label[at] = cluster;
        let mut open = VecDeque::from([at]);
        while let Some(from) = open.pop_front() {
            let near = neighbors(from);
            if near.len() < min_points {
                continue;
            }
            for next in near {
                if label[next].is_none() {
                    label[next] = cluster;
                    open.push_back(next);
                }
            }
        }
    }
    label
}

/// Counts per block and sorts.
pub(crate) fn rank(block_of: impl Iterator<Item = Option<u32>>) -> Vec<(u32, usize)> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for block in block_of.flatten() {
        *counts.entry(block).or_default() += 1;
    }
    let mut order: Vec<(u32, usize)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    order
}
