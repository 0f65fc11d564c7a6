//! What can be asked for: boxes, circles, polygons, taken apart into strips so that whole cells need no test.

use super::ring::{Edge, Position, edges, position};
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

/// How a box lies to a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlap {
    None,
    Whole,
    Part,
}

/// A part of the plane.
pub(super) trait Region {
    /// A box around it.
    fn bounds(&self) -> LocalBox;
    /// Whether a place lies in it, edges included.
    fn has(&self, at: [f64; 2]) -> bool;
    /// How a box lies to it; [`Overlap::Part`] where that is not certain.
    fn overlap(&self, area: LocalBox) -> Overlap;
    /// Its part between two heights, from west to east: `span(from, to, whole)`, with `whole` where the strip lies
    /// in the region from `from` to `to`. Outside the spans, nothing of the strip does.
    fn spans(&self, low: f64, high: f64, span: impl FnMut(f64, f64, bool));
}

impl Region for LocalBox {
    fn bounds(&self) -> LocalBox {
        *self
    }

    #[inline]
    fn has(&self, at: [f64; 2]) -> bool {
        (self.min.x <= at[0]) & (at[0] <= self.max.x) & (self.min.y <= at[1]) & (at[1] <= self.max.y)
    }

    fn overlap(&self, area: LocalBox) -> Overlap {
        let apart = area.max.x < self.min.x
            || area.min.x > self.max.x
            || area.max.y < self.min.y
            || area.min.y > self.max.y;
        match (apart, self.contains(area.min) && self.contains(area.max)) {
            (true, _) => Overlap::None,
            (_, true) => Overlap::Whole,
            _ => Overlap::Part,
        }
    }

    #[inline]
    fn spans(&self, low: f64, high: f64, mut span: impl FnMut(f64, f64, bool)) {
        if high >= self.min.y && low <= self.max.y {
            span(self.min.x, self.max.x, self.min.y <= low && high <= self.max.y);
        }
    }
}

/// Places no further than a radius from a center.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    center: Local,
    radius: f64,
    squared: f64,
}

impl Circle {
    /// `None` for a radius that is negative or not a number.
    pub(super) fn new(center: Local, radius: Metres) -> Option<Self> {
        (radius.0 >= 0.0).then_some(Self { center, radius: radius.0, squared: radius.0 * radius.0 })
    }
}

/// Squared distance of a place to a center.
#[inline]
pub(super) fn squared(at: [f64; 2], center: Local) -> f64 {
    let (dx, dy) = (at[0] - center.x, at[1] - center.y);
    dx * dx + dy * dy
}

/// The least and greatest distance of a coordinate to a range.
#[inline]
fn reach(at: f64, low: f64, high: f64) -> (f64, f64) {
    ((low - at).max(at - high).max(0.0), (at - low).abs().max((high - at).abs()))
}

impl Region for Circle {
    fn bounds(&self) -> LocalBox {
        LocalBox { min: self.center, max: self.center }.padded(Metres(self.radius))
    }

    #[inline]
    fn has(&self, at: [f64; 2]) -> bool {
        squared(at, self.center) <= self.squared
    }

    fn overlap(&self, area: LocalBox) -> Overlap {
        let (near_x, far_x) = reach(self.center.x, area.min.x, area.max.x);
        let (near_y, far_y) = reach(self.center.y, area.min.y, area.max.y);
        if near_x * near_x + near_y * near_y > self.squared {
            Overlap::None
        } else if far_x * far_x + far_y * far_y <= self.squared {
            Overlap::Whole
        } else {
            Overlap::Part
        }
    }

    #[inline]
    fn spans(&self, low: f64, high: f64, mut span: impl FnMut(f64, f64, bool)) {
        let (near, far) = reach(self.center.y, low, high);
        if near > self.radius {
            return;
        }
        let x = self.center.x;
        let outer = (self.squared - near * near).max(0.0).sqrt();
        if far < self.radius {
            let inner = (self.squared - far * far).max(0.0).sqrt();
            span(x - outer, x - inner, false);
            span(x - inner, x + inner, true);
            span(x + inner, x + outer, false);
        } else {
            span(x - outer, x + outer, false);
        }
    }
}

/// A polygon with its holes.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    rings: Vec<Vec<Edge>>,
    bounds: LocalBox,
}

impl Outline {
    /// `None` for a polygon without a corner.
    pub(super) fn new(polygon: &geo::Polygon) -> Option<Self> {
        let bounds = LocalBox::around(polygon.exterior().coords().map(|&at| at.into()))?;
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        Some(Self { rings: rings.map(|ring| edges(ring).collect()).collect(), bounds })
    }
}

impl Region for Outline {
    fn bounds(&self) -> LocalBox {
        self.bounds
    }

    fn has(&self, at: [f64; 2]) -> bool {
        for (number, ring) in self.rings.iter().enumerate() {
            match (position(ring, 0, at), number) {
                (Position::OnEdge, _) => return true,
                (Position::Outside, 0) | (Position::Inside, 1..) => return false,
                _ => {}
            }
        }
        true
    }

    fn overlap(&self, area: LocalBox) -> Overlap {
        match self.bounds.overlap(area) {
            Overlap::None => Overlap::None,
            _ => Overlap::Part,
        }
    }

    fn spans(&self, low: f64, high: f64, mut span: impl FnMut(f64, f64, bool)) {
        let mut cut: Vec<(f64, f64)> =
            self.rings.iter().flatten().filter_map(|edge| edge.between(low, high)).collect();
        cut.sort_by(|a, b| a.0.total_cmp(&b.0));
        // What lies between the edges of a strip lies inside or outside as a whole.
        let mut last: Option<(f64, f64)> = None;
        for (from, to) in cut {
            last = Some(match last {
                Some((begun, until)) if from <= until => (begun, until.max(to)),
                Some((begun, until)) => {
                    span(begun, until, false);
                    if self.has([f64::midpoint(until, from), f64::midpoint(low, high)]) {
                        span(until, from, true);
                    }
                    (from, to)
                }
                None => (from, to),
            });
        }
        if let Some((from, to)) = last {
            span(from, to, false);
        }
    }
}
