//! Boxes, typed by what they hold: a box of degrees is not a box of metres.

use geo::Rect;

use super::coord::{Local, LonLat, Metres};

/// A box in the local plane, in metres. Never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalBox {
    /// South-west corner.
    pub min: Local,
    /// North-east corner.
    pub max: Local,
}

impl LocalBox {
    /// The smallest box around the places; `None` around nothing.
    #[must_use]
    pub fn around(places: impl IntoIterator<Item = Local>) -> Option<Self> {
        places.into_iter().fold(None, |so_far: Option<Self>, at| {
            let mut b = so_far.unwrap_or(Self { min: at, max: at });
            b.min = Local { x: b.min.x.min(at.x), y: b.min.y.min(at.y) };
            b.max = Local { x: b.max.x.max(at.x), y: b.max.y.max(at.y) };
            Some(b)
        })
    }

    /// The box with a margin on every side.
    #[must_use]
    pub fn padded(self, by: Metres) -> Self {
        Self {
            min: Local { x: self.min.x - by.0, y: self.min.y - by.0 },
            max: Local { x: self.max.x + by.0, y: self.max.y + by.0 },
        }
    }

    /// Whether the place lies in the box, its edges included.
    #[must_use]
    pub fn contains(self, at: Local) -> bool {
        (self.min.x..=self.max.x).contains(&at.x) && (self.min.y..=self.max.y).contains(&at.y)
    }

    /// East–west extent.
    #[must_use]
    pub fn width(self) -> Metres {
        Metres(self.max.x - self.min.x)
    }

    /// North–south extent.
    #[must_use]
    pub fn height(self) -> Metres {
        Metres(self.max.y - self.min.y)
    }
}

/// A box in degrees, as in a `bbox` parameter. `west > east` crosses the 180th meridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LonLatBox {
    /// Western edge, degrees.
    pub west: f64,
    /// Southern edge, degrees.
    pub south: f64,
    /// Eastern edge, degrees.
    pub east: f64,
    /// Northern edge, degrees.
    pub north: f64,
}

impl LonLatBox {
    /// The smallest box around the places; `None` around nothing.
    #[must_use]
    pub fn around(places: impl IntoIterator<Item = LonLat>) -> Option<Self> {
        let alone = |at: LonLat| Self { west: at.lon(), south: at.lat(), east: at.lon(), north: at.lat() };
        places.into_iter().map(alone).reduce(Self::with)
    }

    /// The smallest box around both, neither of which crosses the 180th meridian.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// Whether the place lies in the box, its edges included.
    #[must_use]
    pub fn contains(self, at: LonLat) -> bool {
        let in_lon = if self.west <= self.east {
            (self.west..=self.east).contains(&at.lon())
        } else {
            at.lon() >= self.west || at.lon() <= self.east
        };
        in_lon && (self.south..=self.north).contains(&at.lat())
    }

    /// The box as one or, across the 180th meridian, two boxes with `west <= east`.
    #[must_use]
    pub fn parts(self) -> Vec<Self> {
        if self.west <= self.east {
            vec![self]
        } else {
            vec![Self { east: 180.0, ..self }, Self { west: -180.0, ..self }]
        }
    }

    /// The box with a margin on every side, in degrees.
    #[must_use]
    pub fn padded(self, by: f64) -> Self {
        let (west, east) = (self.west - by, self.east + by);
        // One that goes all around the globe but for less than its margin goes all around.
        let all = self.west > self.east && west <= east;
        let (west, east) = if all { (-180.0, 180.0) } else { (west, east) };
        Self { west, south: self.south - by, east, north: self.north + by }
    }

    /// The middle of the box.
    #[must_use]
    pub fn center(self) -> (f64, f64) {
        (f64::midpoint(self.west, self.east), f64::midpoint(self.south, self.north))
    }
}
/// How far two boxes of the local plane are from each other, in metres.
#[must_use]
pub fn apart(a: Rect, b: Rect) -> f64 {
    let gap = |a0: f64, a1: f64, b0: f64, b1: f64| (b0 - a1).max(a0 - b1).max(0.0);
    let dx = gap(a.min().x, a.max().x, b.min().x, b.max().x);
    dx.hypot(gap(a.min().y, a.max().y, b.min().y, b.max().y))
}
