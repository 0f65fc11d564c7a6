//! Rings of polygons: on which side of their edges a place lies, exactly.

use geo::algorithm::kernels::RobustKernel;
use geo::{Coord, Kernel, LineString, Orientation};

/// One edge of a ring, in its direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) a: [f64; 2],
    pub(super) b: [f64; 2],
}

/// Where a place lies, seen from a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Outside,
    Inside,
    OnEdge,
}

/// Shewchuk's bound: a determinant beyond so many times its terms has the right sign.
const CERTAIN: f64 = 3.330_669_073_875_472e-16;

impl Edge {
    /// The edge's lowest and highest coordinate along an axis.
    pub(super) fn extent(self, axis: usize) -> (f64, f64) {
        (self.a[axis].min(self.b[axis]), self.a[axis].max(self.b[axis]))
    }

    /// Above 0 where the place lies left of the edge, below 0 right of it, 0 exactly on its line.
    #[inline]
    fn side(self, at: [f64; 2]) -> f64 {
        let left = (self.a[0] - at[0]) * (self.b[1] - at[1]);
        let right = (self.a[1] - at[1]) * (self.b[0] - at[0]);
        let det = left - right;
        if det.abs() > CERTAIN * (left.abs() + right.abs()) { det } else { self.exact_side(at) }
    }

    /// The same where rounding could have decided.
    #[cold]
    fn exact_side(self, at: [f64; 2]) -> f64 {
        let coord = |[x, y]: [f64; 2]| Coord { x, y };
        match RobustKernel::orient2d(coord(self.a), coord(self.b), coord(at)) {
            Orientation::CounterClockwise => 1.0,
            Orientation::Clockwise => -1.0,
            Orientation::Collinear => 0.0,
        }
    }

    /// How often a ray to the east winds around through this edge, `None` if the place lies on it.
    ///
    /// An upward edge has its lower end, a downward edge its lower end too, so that a vertex counts once.
    #[inline]
    pub(super) fn winding(self, at: [f64; 2]) -> Option<i32> {
        let (low, high) = (self.a[1] <= at[1], self.b[1] <= at[1]);
        if low == high && !(self.a[1] == at[1] || self.b[1] == at[1]) {
            return Some(0);
        }
        let side = self.side(at);
        if side == 0.0 {
            let ((west, east), (south, north)) = (self.extent(0), self.extent(1));
            let on = west <= at[0] && at[0] <= east && south <= at[1] && at[1] <= north;
            return if on { None } else { Some(0) };
        }
        Some(i32::from(low && !high && side > 0.0) - i32::from(!low && high && side < 0.0))
    }

    /// Squared distance of a place to the edge.
    #[inline]
    pub(super) fn distance_2(self, at: [f64; 2]) -> f64 {
        let (dx, dy) = (self.b[0] - self.a[0], self.b[1] - self.a[1]);
        let (px, py) = (at[0] - self.a[0], at[1] - self.a[1]);
        let length_2 = dx * dx + dy * dy;
        let along = if length_2 > 0.0 { ((px * dx + py * dy) / length_2).clamp(0.0, 1.0) } else { 0.0 };
        (px - along * dx).powi(2) + (py - along * dy).powi(2)
    }

    /// The least and greatest x of the edge's part between two heights; `None` where it has none.
    pub(super) fn between(self, low: f64, high: f64) -> Option<(f64, f64)> {
        let (south, north) = self.extent(1);
        if north < low || south > high {
            return None;
        }
        let (west, east) = self.extent(0);
        let x_at = |y: f64| {
            let along = (y - self.a[1]) / (self.b[1] - self.a[1]);
            (self.a[0] + along * (self.b[0] - self.a[0])).clamp(west, east)
        };
        let end = |[x, y]: [f64; 2]| {
            if y < low {
                x_at(low)
            } else if y > high {
                x_at(high)
            } else {
                x
            }
        };
        let (from, to) = (end(self.a), end(self.b));
        Some((from.min(to), from.max(to)))
    }
}

/// Where a place lies, seen from a ring of which `winding` is known without these edges.
#[inline]
pub(super) fn position(edges: &[Edge], winding: i32, at: [f64; 2]) -> Position {
    let mut sum = winding;
    for edge in edges {
        match edge.winding(at) {
            Some(turn) => sum += turn,
            None => return Position::OnEdge,
        }
    }
    if sum == 0 { Position::Outside } else { Position::Inside }
}

/// The edges of a ring.
pub(super) fn edges(ring: &LineString) -> impl Iterator<Item = Edge> + '_ {
    ring.lines().map(|line| Edge { a: [line.start.x, line.start.y], b: [line.end.x, line.end.y] })
}
