//! Polygons in a lookup grid: which one contains a place, and whether an edge is near.
//!
//! A cell knows what lies in it. Most answer without geometry: wholly in a polygon, or in none. The others keep, for
//! each polygon in question, the edges that pass near the cell; what the rest of the ring does to a ray that leaves
//! the cell eastwards depends on the ray's height alone, and is kept as upright edges far in the east. So a place is
//! tested against a handful of edges, however many the polygon has, with the same result as against all.

use std::ops::Range;

use geo::{Geometry, LineString, Polygon};

use super::frame::Frame;
use super::ring::{Edge, Position, edges, position};
use crate::model::block::{Block, BlockId};
use crate::model::dataset::BOUNDARY;
use crate::space::coord::{Local, Metres};

/// Polygons in a lookup grid.
#[derive(Clone, Debug, Default)]
pub(super) struct PolygonIndex {
    frame: Frame,
    /// What each cell answers.
    cells: Vec<Cell>,
    /// Polygons that cells must test, in the order of the file.
    tests: Vec<Test>,
    /// Rings of the tests.
    rings: Vec<Ring>,
    /// Edges of the rings.
    edges: Vec<Edge>,
    /// For every cell, where its edges begin in `near`; and the end of the last.
    near_starts: Vec<u32>,
    /// Edges no further from a cell than [`BOUNDARY`].
    near: Vec<u32>,
    /// Every edge of every polygon, once.
    outlines: Vec<Edge>,
}

/// One cell: polygons to test, then the one that covers what is left of it.
#[derive(Clone, Copy, Debug)]
struct Cell {
    tests: (u32, u32),
    covered_by: u32,
}

const NONE: u32 = u32::MAX;

/// A part of a polygon that a cell's edge passes.
#[derive(Clone, Copy, Debug)]
struct Test {
    block: u32,
    /// Its rings, the outer one first; no outer one where the cell lies inside it wholly.
    rings: (u32, u32),
    has_outer: bool,
}

/// A ring as a cell sees it.
#[derive(Clone, Copy, Debug)]
struct Ring {
    winding: i32,
    edges: (u32, u32),
}

fn range(of: (u32, u32)) -> Range<usize> {
    of.0 as usize..of.1 as usize
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2³² edges")
}

impl PolygonIndex {
    /// Indexes the polygons among blocks; others are passed over. Time O(edges + cells that they cross).
    pub(super) fn build(blocks: &[Block]) -> Self {
        let parts: Vec<(u32, &Polygon)> = (0..)
            .zip(blocks)
            .flat_map(|(at, block)| parts(&block.local).map(move |part| (at, part)))
            .collect();
        let outlines: Vec<Edge> = parts.iter().flat_map(|(_, part)| rings(part).flat_map(edges)).collect();
        if outlines.is_empty() {
            return Self::default();
        }
        let Some(frame) = Frame::over(&outlines) else { return Self::default() };
        let mut index = Self { frame, outlines, ..Self::default() };
        index.lay(&parts);
        index.note_near();
        index
    }

    /// The polygon that contains a place; on a shared edge the first of the file.
    #[inline]
    pub(super) fn containing(&self, at: Local) -> Option<BlockId> {
        let cell = self.cells.get(self.frame.cell(at)?)?;
        let point = [at.x, at.y];
        let first = self.tests[range(cell.tests)].iter().find(|test| self.holds(test, point));
        let block = first.map_or(cell.covered_by, |test| test.block);
        (block != NONE).then_some(BlockId(block))
    }

    #[inline]
    fn holds(&self, test: &Test, at: [f64; 2]) -> bool {
        let mut outer = test.has_outer;
        for ring in &self.rings[range(test.rings)] {
            match position(&self.edges[range(ring.edges)], ring.winding, at) {
                Position::OnEdge => return true,
                Position::Outside if outer => return false,
                Position::Inside if !outer => return false,
                _ => outer = false,
            }
        }
        true
    }

    /// Whether the edge of any polygon lies within a distance of a place.
    #[inline]
    pub(super) fn near_edge(&self, at: Local, within: Metres) -> bool {
        let Some(cell) = self.frame.cell(at) else { return false };
        let (point, squared) = ([at.x, at.y], within.0 * within.0);
        let near = |cell: usize| {
            let edges = self.near_starts[cell] as usize..self.near_starts[cell + 1] as usize;
            self.near[edges].iter().any(|&edge| self.outlines[edge as usize].distance_2(point) <= squared)
        };
        if within.0 <= BOUNDARY.0 {
            return near(cell);
        }
        let around = |at: f64, axis| self.frame.steps((at - within.0, at + within.0), axis);
        let (rows, cols) = (around(at.y, 1), around(at.x, 0));
        rows.flat_map(|row| cols.clone().map(move |col| (row, col)))
            .any(|(row, col)| near(row * self.frame.n[0] + col))
    }

    /// Fills the cells, polygon by polygon in the order of the file.
    fn lay(&mut self, parts: &[(u32, &Polygon)]) {
        let n_cells = self.frame.n[0] * self.frame.n[1];
        let mut covered_by = vec![NONE; n_cells];
        let mut found: Vec<(u32, Test)> = Vec::new();
        let mut strips = Vec::new();
        for &(block, part) in parts {
            let (rows, cols) = strips_of(&self.frame, part, &mut strips);
            for (row, strip) in rows.zip(&strips) {
                let band = self.frame.reach(row, 1);
                for col in cols.clone() {
                    let cell = row * self.frame.n[0] + col;
                    if covered_by[cell] != NONE {
                        continue;
                    }
                    match self.see(strip, band, self.frame.reach(col, 0)) {
                        Seen::Not => {}
                        Seen::Whole => covered_by[cell] = block,
                        Seen::Part { rings, has_outer } => {
                            found.push((number(cell), Test { block, rings, has_outer }));
                        }
                    }
                }
            }
        }
        let starts = starts(found.iter().map(|&(cell, _)| cell), n_cells);
        self.cells = (starts.windows(2).zip(covered_by))
            .map(|(tests, covered_by)| Cell { tests: (tests[0], tests[1]), covered_by })
            .collect();
        // A stable sort: the polygons of a cell stay in the order of the file.
        found.sort_by_key(|&(cell, _)| cell);
        self.tests = found.into_iter().map(|(_, test)| test).collect();
    }

    /// A polygon as a cell sees it that spans `band` in y and `span` in x.
    fn see(&mut self, strip: &[Piece], band: (f64, f64), span: (f64, f64)) -> Seen {
        let (rings_before, edges_before) = (self.rings.len(), self.edges.len());
        let mut has_outer = false;
        let mut seen = Seen::Whole;
        for pieces in strip.chunk_by(|a, b| a.ring == b.ring) {
            let begin = self.edges.len();
            let winding = self.clip(pieces, band, span);
            let (constant, outer) = (self.edges.len() == begin, pieces[0].ring == 0);
            let outside = (winding == 0) == outer;
            if constant && outside && self.rings.len() == rings_before {
                seen = Seen::Not;
                break;
            }
            if !constant || outside {
                has_outer |= outer;
                self.rings.push(Ring { winding, edges: (number(begin), number(self.edges.len())) });
            }
        }
        let rings = (number(rings_before), number(self.rings.len()));
        match seen {
            Seen::Whole if rings.0 < rings.1 => Seen::Part { rings, has_outer },
            _ => {
                self.rings.truncate(rings_before);
                self.edges.truncate(edges_before);
                seen
            }
        }
    }

    /// Keeps the edges of a ring that a cell needs, and gives the winding that all of the cell shares.
    fn clip(&mut self, pieces: &[Piece], band: (f64, f64), span: (f64, f64)) -> i32 {
        let mut east: Vec<Chain> = Vec::new();
        for piece in pieces.iter().filter(|piece| piece.to >= span.0) {
            if piece.from <= span.1 {
                self.edges.push(piece.edge);
                continue;
            }
            match east.last_mut() {
                Some(chain) if chain.last + 1 == piece.number => {
                    (chain.last, chain.end) = (piece.number, piece.edge.b[1]);
                }
                _ => east.push(Chain { last: piece.number, begin: piece.edge.a[1], end: piece.edge.b[1] }),
            }
        }
        let beyond = |y: f64| if y < band.0 { Some(0) } else { (y > band.1).then_some(1) };
        let mut winding = 0;
        for chain in east {
            match (beyond(chain.begin), beyond(chain.end)) {
                (Some(begin), Some(end)) => winding += end - begin,
                _ => {
                    let x = span.1 + self.frame.side;
                    self.edges.push(Edge { a: [x, chain.begin], b: [x, chain.end] });
                }
            }
        }
        winding
    }

    /// Notes for every cell the edges that are near.
    fn note_near(&mut self) {
        let (margin, frame) = (BOUNDARY.0, self.frame);
        let mut found: Vec<(u32, u32)> = Vec::new();
        for (edge, at) in self.outlines.iter().zip(0..) {
            let (south, north) = edge.extent(1);
            for row in frame.steps((south - margin, north + margin), 1) {
                let (low, high) = frame.reach(row, 1);
                if let Some((from, to)) = edge.between(low - margin, high + margin) {
                    let cols = frame.steps((from - margin, to + margin), 0);
                    found.extend(cols.map(|col| (number(row * frame.n[0] + col), at)));
                }
            }
        }
        let mut starts = starts(found.iter().map(|&(cell, _)| cell), frame.n[0] * frame.n[1]);
        let mut next = starts.clone();
        let mut near = vec![0; found.len()];
        for (cell, edge) in found {
            near[next[cell as usize] as usize] = edge;
            next[cell as usize] += 1;
        }
        // Neighbors share their edges: one of the two is enough.
        let (mut kept, mut begin) = (0, 0);
        for end in starts.iter_mut().skip(1) {
            let first = kept;
            for at in begin..*end as usize {
                let edge = self.outlines[near[at] as usize];
                let turned = Edge { a: edge.b, b: edge.a };
                let known = |&k: &u32| [edge, turned].contains(&self.outlines[k as usize]);
                if !near[first..kept].iter().any(known) {
                    near[kept] = near[at];
                    kept += 1;
                }
            }
            (begin, *end) = (*end as usize, number(kept));
        }
        near.truncate(kept);
        near.shrink_to_fit();
        (self.near_starts, self.near) = (starts, near);
    }
}

/// How a polygon lies to a cell.
enum Seen {
    Not,
    Whole,
    Part { rings: (u32, u32), has_outer: bool },
}

/// An edge in one row of cells, with the range of x that it has there.
struct Piece {
    ring: u32,
    number: u32,
    edge: Edge,
    from: f64,
    to: f64,
}

/// Edges in a row, all east of a cell: together they do what one upright edge does.
struct Chain {
    last: u32,
    begin: f64,
    end: f64,
}

/// The rows and columns of a polygon, and its edges row by row, each ring's in their order.
fn strips_of(frame: &Frame, part: &Polygon, strips: &mut Vec<Vec<Piece>>) -> (Range<usize>, Range<usize>) {
    let extent = |axis| {
        let ranges = edges(part.exterior()).map(|edge| edge.extent(axis));
        ranges.fold((f64::INFINITY, f64::NEG_INFINITY), |all, one| (all.0.min(one.0), all.1.max(one.1)))
    };
    let (rows, cols) = (frame.steps(extent(1), 1), frame.steps(extent(0), 0));
    strips.iter_mut().for_each(Vec::clear);
    strips.resize_with(rows.len().max(strips.len()), Vec::new);
    for (ring, number) in rings(part).zip(0..) {
        for (edge, at) in edges(ring).zip(0..) {
            for row in frame.steps(edge.extent(1), 1).filter(|row| rows.contains(row)) {
                let (low, high) = frame.reach(row, 1);
                if let Some((from, to)) = edge.between(low, high) {
                    strips[row - rows.start].push(Piece { ring: number, number: at, edge, from, to });
                }
            }
        }
    }
    (rows, cols)
}

/// Where each cell's entries begin once they are sorted by cell; and the end of the last.
fn starts(cells: impl Iterator<Item = u32>, n: usize) -> Vec<u32> {
    let mut starts = vec![0; n + 1];
    for cell in cells {
        starts[cell as usize + 1] += 1;
    }
    for at in 0..n {
        starts[at + 1] += starts[at];
    }
    starts
}

/// The polygons of a shape.
fn parts(shape: &Geometry) -> impl Iterator<Item = &Polygon> {
    let (one, many) = match shape {
        Geometry::Polygon(polygon) => (Some(polygon), None),
        Geometry::MultiPolygon(many) => (None, Some(many)),
        _ => (None, None),
    };
    one.into_iter().chain(many.into_iter().flatten())
}

/// The rings of a polygon, the outer one first.
fn rings(polygon: &Polygon) -> impl Iterator<Item = &LineString> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}
