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

    /// On which side of the edge's line a place lies, whatever rounding would say.
    fn side(self, at: [f64; 2]) -> Orientation {
        let coord = |[x, y]: [f64; 2]| Coord { x, y };
        RobustKernel::orient2d(coord(self.a), coord(self.b), coord(at))
    }

    /// How often a ray to the east winds around through this edge, `None` if the place lies on it.
    ///
    /// Of a vertex, the edge above it takes the ray and the one below does not, so that it counts once.
    fn winding(self, at: [f64; 2]) -> Option<i32> {
        let (low, high) = (self.a[1] <= at[1], self.b[1] <= at[1]);
        let side = self.side(at);
        if side == Orientation::Collinear {
            let ((west, east), (south, north)) = (self.extent(0), self.extent(1));
            let on = west <= at[0] && at[0] <= east && south <= at[1] && at[1] <= north;
            return if on { None } else { Some(0) };
        }
        let up = low && !high && side == Orientation::CounterClockwise;
        let down = !low && high && side == Orientation::Clockwise;
        Some(i32::from(up) - i32::from(down))
    }

    /// Whether a place lies within a distance of the edge, given squared.
    #[inline]
    pub(super) fn is_near(self, at: [f64; 2], squared: f64) -> bool {
        let (dx, dy) = (self.b[0] - self.a[0], self.b[1] - self.a[1]);
        let (px, py) = (at[0] - self.a[0], at[1] - self.a[1]);
        let (along, length_2) = (px * dx + py * dy, dx * dx + dy * dy);
        if along <= 0.0 {
            px * px + py * py <= squared
        } else if along >= length_2 {
            (px - dx).powi(2) + (py - dy).powi(2) <= squared
        } else {
            (px * dy - py * dx).powi(2) <= squared * length_2
        }
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
    // Without a branch for every edge; rounding can decide only where a place lies on an edge's line, or nearly.
    let (mut sum, mut certain) = (winding, true);
    for edge in edges {
        let (low, high) = (edge.a[1] <= at[1], edge.b[1] <= at[1]);
        let left = (edge.a[0] - at[0]) * (edge.b[1] - at[1]);
        let right = (edge.a[1] - at[1]) * (edge.b[0] - at[0]);
        let side = left - right;
        certain &= side.abs() > CERTAIN * (left.abs() + right.abs());
        // An upward edge turns once if the place is left of it, a downward one back if it is right of it.
        let turn = i32::from(low & !high & (side > 0.0)) - i32::from(!low & high & (side < 0.0));
        sum = sum.wrapping_add(turn);
    }
    if certain { of(sum) } else { exact_position(edges, winding, at) }
}

#[cold]
fn exact_position(edges: &[Edge], winding: i32, at: [f64; 2]) -> Position {
    let sum = edges.iter().try_fold(winding, |sum, edge| edge.winding(at).map(|turn| sum + turn));
    sum.map_or(Position::OnEdge, of)
}

fn of(winding: i32) -> Position {
    if winding == 0 { Position::Outside } else { Position::Inside }
}

/// The edges of a ring.
pub(super) fn edges(ring: &LineString) -> impl Iterator<Item = Edge> + '_ {
    ring.lines().map(|line| Edge { a: [line.start.x, line.start.y], b: [line.end.x, line.end.y] })
}
