//! Boxes and radii that agree with each other on who is near, to the last digit.

use crate::space::coord::Local;

/// A tight box around the places of a cell.
///
/// Its bounds on squared distances are taken with the same operations as [`squared`]; rounding keeps order, so a bound
/// never contradicts a distance it bounds, not even by the last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) min: Local,
    pub(super) max: Local,
}

/// Squared distance. The one place where it is computed, so that all agree on who is exactly at the radius.
#[inline]
pub(super) fn squared(a: Local, b: Local) -> f64 {
    let (dx, dy) = (a.x - b.x, a.y - b.y);
    dx * dx + dy * dy
}

/// The least and the greatest number of a list that has one.
#[inline]
fn ends(list: &[f64]) -> (f64, f64) {
    list.iter().fold((list[0], list[0]), |(least, most), &at| {
        (if at < least { at } else { least }, if at > most { at } else { most })
    })
}

impl Bounds {
    /// A box around places given by their coordinates; at least one.
    #[inline]
    pub(super) fn around_lists(x: &[f64], y: &[f64]) -> Self {
        let (x, y) = (ends(x), ends(y));
        Self { min: Local { x: x.0, y: y.0 }, max: Local { x: x.1, y: y.1 } }
    }

    #[inline]
    pub(super) fn around(places: &[Local]) -> Self {
        Self::of(places.iter().copied())
    }

    pub(super) fn of(mut places: impl Iterator<Item = Local>) -> Self {
        let first = places.next().unwrap_or_default();
        places.fold(Self::at(first), Self::with)
    }

    /// Widened to hold a place too.
    #[inline]
    pub(super) fn with(self, at: Local) -> Self {
        let least = |a: f64, b: f64| if b < a { b } else { a };
        let most = |a: f64, b: f64| if b > a { b } else { a };
        Self {
            min: Local { x: least(self.min.x, at.x), y: least(self.min.y, at.y) },
            max: Local { x: most(self.max.x, at.x), y: most(self.max.y, at.y) },
        }
    }

    #[inline]
    pub(super) fn at(place: Local) -> Self {
        Self { min: place, max: place }
    }

    /// No place of one box is nearer to a place of the other.
    #[inline]
    pub(super) fn nearest(self, other: Self) -> f64 {
        let dx = (self.min.x - other.max.x).max(other.min.x - self.max.x).max(0.0);
        let dy = (self.min.y - other.max.y).max(other.min.y - self.max.y).max(0.0);
        dx * dx + dy * dy
    }

    /// No place of one box is farther from a place of the other.
    #[inline]
    pub(super) fn farthest(self, other: Self) -> f64 {
        let dx = (self.max.x - other.min.x).max(other.max.x - self.min.x);
        let dy = (self.max.y - other.min.y).max(other.max.y - self.min.y);
        dx * dx + dy * dy
    }

    /// Whether the box is wider than high.
    pub(super) fn is_wide(self) -> bool {
        self.max.x - self.min.x > self.max.y - self.min.y
    }
}

/// Who counts as near.
#[derive(Clone, Copy)]
pub(super) struct Radius {
    pub(super) squared: f64,
}

impl Radius {
    #[inline]
    pub(super) fn holds(self, a: Local, b: Local) -> bool {
        squared(a, b) <= self.squared
    }

    /// Whether a place of one set is within the radius of one of the other: halves the larger until a bound decides.
    pub(super) fn joins(self, a: &mut [Local], b: &mut [Local]) -> bool {
        const FEW: usize = 256;
        let (around_a, around_b) = (Bounds::around(a), Bounds::around(b));
        if a.is_empty() || b.is_empty() || around_a.nearest(around_b) > self.squared {
            return false;
        }
        if around_a.farthest(around_b) <= self.squared {
            return true;
        }
        if a.len() * b.len() <= FEW {
            return a.iter().any(|&p| b.iter().any(|&q| self.holds(p, q)));
        }
        let (large, around, small) = if a.len() < b.len() { (b, around_b, a) } else { (a, around_a, b) };
        let middle = large.len() / 2;
        if around.is_wide() {
            large.select_nth_unstable_by(middle, |p, q| p.x.total_cmp(&q.x));
        } else {
            large.select_nth_unstable_by(middle, |p, q| p.y.total_cmp(&q.y));
        }
        let (left, right) = large.split_at_mut(middle);
        self.joins(left, small) || self.joins(right, small)
    }
}
