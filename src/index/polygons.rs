//! Polygons in a lookup grid: which one contains a place, and whether an edge is near.
//!
//! A cell knows what lies in it. Most answer without geometry: wholly in a polygon, or in none. The others keep, for
//! each polygon in question, the edges that pass near the cell; what the rest of the ring does to a ray that leaves
//! the cell eastwards depends on the ray's height alone, and is kept as upright edges far in the east. So a place is
//! tested against a handful of edges, however many the polygon has, with the same result as against all.

use std::ops::Range;

use geo::{Geometry, LineString, Polygon};

use super::cells::{sorted, starts};
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
    /// Rings that cells must test, in the order of the file.
    rings: Vec<Ring>,
    /// Edges of the rings, those of a cell together.
    edges: Vec<Edge>,
    /// For every cell, where its edges begin in `near`; and the end of the last.
    near_starts: Vec<u32>,
    /// Edges no further from a cell than [`BOUNDARY`].
    near: Vec<u32>,
    /// Every edge of every polygon, once.
    outlines: Vec<Edge>,
}

/// One cell: rings to test, then the polygon that covers what is left of it.
#[derive(Clone, Copy, Debug)]
struct Cell {
    rings: (u32, u32),
    covered_by: u32,
}

const NONE: u32 = u32::MAX;

/// A ring as a cell sees it. Those of one polygon follow each other, the outer one first, unless the cell lies
/// inside it wholly.
#[derive(Clone, Copy, Debug)]
struct Ring {
    block: u32,
    winding: i32,
    edges: (u32, u32),
    is_hole: bool,
    /// Whether it is the last of its polygon.
    is_last: bool,
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
        self.containing_in(self.cell(at)?, at)
    }

    /// The cell of a place, none where no cell is.
    #[inline]
    pub(super) fn cell(&self, at: Local) -> Option<usize> {
        self.frame.cell(at)
    }

    /// How many cells there are.
    pub(super) fn n_cells(&self) -> usize {
        self.cells.len()
    }

    /// The same as [`PolygonIndex::containing`] where the cell is known.
    #[inline]
    pub(super) fn containing_in(&self, cell: usize, at: Local) -> Option<BlockId> {
        let (cell, point) = (self.cells[cell], [at.x, at.y]);
        let mut rings = self.rings[range(cell.rings)].iter();
        while let Some(ring) = rings.next() {
            match position(&self.edges[range(ring.edges)], ring.winding, point) {
                Position::OnEdge => return Some(BlockId(ring.block)),
                side => {
                    let apart = (side == Position::Inside) == ring.is_hole;
                    if !apart && ring.is_last {
                        return Some(BlockId(ring.block));
                    } else if apart && !ring.is_last {
                        // Not in this polygon: on to the next.
                        rings.by_ref().find(|ring| ring.is_last);
                    }
                }
            }
        }
        (cell.covered_by != NONE).then_some(BlockId(cell.covered_by))
    }

    /// Whether the edge of any polygon lies within a distance of a place.
    #[inline]
    pub(super) fn near_edge(&self, at: Local, within: Metres) -> bool {
        let Some(cell) = self.frame.cell(at) else { return false };
        let (point, squared) = ([at.x, at.y], within.0 * within.0);
        let near = |cell: usize| {
            let edges = self.near_starts[cell] as usize..self.near_starts[cell + 1] as usize;
            self.near[edges].iter().any(|&edge| self.outlines[edge as usize].is_near(point, squared))
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
        let mut found: Vec<(u32, Ring)> = Vec::new();
        let (mut edges, mut strips, mut rings) = (Vec::new(), Vec::new(), Vec::new());
        for &(block, part) in parts {
            let (rows, cols) = strips_of(&self.frame, part, &mut strips);
            for (row, strip) in rows.zip(&strips) {
                let band = self.frame.reach(row, 1);
                for col in cols.clone() {
                    let cell = row * self.frame.n[0] + col;
                    if covered_by[cell] != NONE {
                        continue;
                    }
                    rings.clear();
                    let span = self.frame.reach(col, 0);
                    match self.see(block, strip, (band, span), &mut edges, &mut rings) {
                        true if rings.is_empty() => covered_by[cell] = block,
                        true => found.extend(rings.iter().map(|&ring| (number(cell), ring))),
                        false => {}
                    }
                }
            }
        }
        let starts = starts(found.iter().map(|&(cell, _)| cell), n_cells);
        self.cells = (starts.windows(2).zip(covered_by))
            .map(|(rings, covered_by)| Cell { rings: (rings[0], rings[1]), covered_by })
            .collect();
        // The polygons of a cell stay in the order of the file.
        let order = sorted(found.iter().map(|&(cell, _)| cell).zip(0..), &starts);
        self.edges.reserve_exact(edges.len());
        self.rings.reserve_exact(order.len());
        for at in order {
            let ring = found[at as usize].1;
            let begin = number(self.edges.len());
            self.edges.extend_from_slice(&edges[range(ring.edges)]);
            self.rings.push(Ring { edges: (begin, number(self.edges.len())), ..ring });
        }
    }

    /// A polygon as a cell sees it that spans a band in y and a span in x: whether it has any of the cell, and the
    /// rings to test, of which there are none where it covers all of it.
    fn see(
        &self,
        block: u32,
        strip: &[Piece],
        (band, span): ((f64, f64), (f64, f64)),
        edges: &mut Vec<Edge>,
        rings: &mut Vec<Ring>,
    ) -> bool {
        // Without an edge of the outer ring in this row, the row lies outside.
        if strip.first().is_none_or(|piece| piece.ring != 0) {
            return false;
        }
        for pieces in strip.chunk_by(|a, b| a.ring == b.ring) {
            let begin = edges.len();
            let winding = self.clip(pieces, band, span, edges);
            let (constant, is_hole) = (edges.len() == begin, pieces[0].ring != 0);
            let outside = (winding == 0) != is_hole;
            if constant && outside && rings.is_empty() {
                return false;
            }
            if !constant || outside {
                let edges = (number(begin), number(edges.len()));
                rings.push(Ring { block, winding, edges, is_hole, is_last: false });
            }
        }
        if let Some(last) = rings.last_mut() {
            last.is_last = true;
        }
        true
    }

    /// Keeps the edges of a ring that a cell needs, and gives the winding that all of the cell shares.
    fn clip(&self, pieces: &[Piece], band: (f64, f64), span: (f64, f64), edges: &mut Vec<Edge>) -> i32 {
        let mut east: Vec<Chain> = Vec::new();
        for piece in pieces.iter().filter(|piece| piece.to >= span.0) {
            if piece.from <= span.1 {
                edges.push(piece.edge);
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
                    edges.push(Edge { a: [x, chain.begin], b: [x, chain.end] });
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
        let mut near = sorted(found.into_iter(), &starts);
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
