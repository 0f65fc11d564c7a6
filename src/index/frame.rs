//! The cells of a lookup grid over edges.

use std::ops::Range;

use super::ring::Edge;
use crate::space::coord::Local;

/// Edges per cell that decide how many cells are laid.
const EDGES_PER_CELL: usize = 4;
/// Cells at least, so that few large polygons are found quickly too.
const FEWEST: usize = 4_096;
/// Cells at most.
const MOST: usize = 4_000_000;

/// Where the cells lie. The outermost reach to infinity, so that a stray polygon does not coarsen the others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame {
    origin: [f64; 2],
    pub(super) side: f64,
    per_side: f64,
    /// Cells along each axis.
    pub(super) n: [usize; 2],
    slack: f64,
}

impl Frame {
    /// Lays cells over edges, of which there is at least one.
    pub(super) fn over(edges: &[Edge]) -> Option<Self> {
        let [west, south] = [0, 1].map(|axis| middle_of(edges, axis));
        let (width, height) = (west.1 - west.0, south.1 - south.0);
        let wanted = (edges.len() / EDGES_PER_CELL).clamp(FEWEST, MOST) as f64;
        let side = (width * height / wanted).sqrt().max(width.max(height) / wanted);
        // Polygons without extent lie in one cell.
        let side = if side == 0.0 { 1.0 } else { side };
        if !side.is_finite() {
            return None;
        }
        let n = [width, height].map(|extent| (extent / side) as usize + 1);
        let size = [west.0, west.1, south.0, south.1].iter().fold(0.0_f64, |most, at| most.max(at.abs()));
        Some(Self {
            origin: [west.0, south.0],
            side,
            per_side: 1.0 / side,
            n,
            slack: side * 1e-6 + size * 1e-13,
        })
    }

    /// The cell of a place; none where no cell is.
    #[inline]
    pub(super) fn cell(&self, at: Local) -> Option<usize> {
        (self.n[0] > 0).then(|| self.step(at.y, 1) * self.n[0] + self.step(at.x, 0))
    }

    /// The cell along an axis; what lies beyond is in the outermost.
    #[inline]
    pub(super) fn step(&self, at: f64, axis: usize) -> usize {
        (((at - self.origin[axis]) * self.per_side) as usize).min(self.n[axis] - 1)
    }

    /// From where to where a cell reaches along an axis, with what rounding may add.
    pub(super) fn reach(&self, step: usize, axis: usize) -> (f64, f64) {
        let from = self.origin[axis] + step as f64 * self.side;
        (
            if step == 0 { f64::NEG_INFINITY } else { from - self.slack },
            if step + 1 == self.n[axis] { f64::INFINITY } else { from + self.side + self.slack },
        )
    }

    /// The cells along an axis that reach into a range.
    pub(super) fn steps(&self, (from, to): (f64, f64), axis: usize) -> Range<usize> {
        self.step(from - self.slack, axis)..self.step(to + self.slack, axis) + 1
    }
}

/// Edges looked at to see where most of them lie.
const SAMPLE: usize = 2_000;

/// The range of edges along an axis; without the outermost hundredth if that makes it four times longer.
fn middle_of(edges: &[Edge], axis: usize) -> (f64, f64) {
    let outermost = (f64::INFINITY, f64::NEG_INFINITY);
    let (least, most) = edges.iter().fold(outermost, |(least, most), edge| {
        let (low, high) = edge.extent(axis);
        (least.min(low), most.max(high))
    });
    let step = edges.len().div_ceil(SAMPLE);
    let mut sample: Vec<f64> = edges.iter().step_by(step).map(|edge| edge.a[axis]).collect();
    sample.sort_by(f64::total_cmp);
    let hundredth = sample.len() / 100;
    let (low, high) = (sample[hundredth], sample[sample.len() - 1 - hundredth]);
    let margin = (high - low) * 0.1;
    if most - least > 4.0 * (high - low) && high > low {
        (low - margin, high + margin)
    } else {
        (least, most)
    }
}
