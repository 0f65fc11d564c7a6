//! Boxes, typed by what they hold: a box of degrees is not a box of metres.

use geo::Rect;

use super::coord::{Local, LonLat, Mercator, Metres};
use super::printed::PRINTED;

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

    /// A box of places as they are kept, of which each lies in this one, and so does its printed place; `None` of a box
    /// that is too narrow for that, or that crosses the 180th meridian.
    #[must_use]
    pub fn inner(self) -> Option<MercatorBox> {
        // More than a printed place may lie beside, and a unit for what was rounded on the way.
        let by = 2.0 * PRINTED;
        let corner = |lon: f64, lat: f64| LonLat::new(lon, lat).ok().map(Mercator::from);
        let low = corner(self.west + by, self.south + by)?;
        let high = corner(self.east - by, self.north - by)?;
        let (west, south) = (low.x.checked_add(1)?, low.y.checked_add(1)?);
        let (east, north) = (high.x.checked_sub(1)?, high.y.checked_sub(1)?);
        (self.west <= self.east && west <= east && south <= north).then_some(MercatorBox {
            west,
            south,
            east,
            north,
        })
    }

    /// The middle of the box.
    #[must_use]
    pub fn center(self) -> (f64, f64) {
        (f64::midpoint(self.west, self.east), f64::midpoint(self.south, self.north))
    }
}
/// A box of places as they are kept, its edges included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MercatorBox {
    west: i32,
    south: i32,
    east: i32,
    north: i32,
}

impl MercatorBox {
    /// Whether a place lies in it.
    #[must_use]
    #[inline]
    pub fn has(self, at: Mercator) -> bool {
        (self.west..=self.east).contains(&at.x) && (self.south..=self.north).contains(&at.y)
    }
}

/// How far two boxes of the local plane are from each other, in metres.
#[must_use]
pub fn apart(a: Rect, b: Rect) -> f64 {
    let gap = |a0: f64, a1: f64, b0: f64, b1: f64| (b0 - a1).max(a0 - b1).max(0.0);
    let dx = gap(a.min().x, a.max().x, b.min().x, b.max().x);
    dx.hypot(gap(a.min().y, a.max().y, b.min().y, b.max().y))
}

#[cfg(test)]
mod tests {
    use super::super::printed::printed;
    use super::*;

    #[test]
    fn an_inner_box_holds_no_place_that_is_not_in_the_box_and_nearly_all_that_are() {
        // Numbers by chance, from a multiplication (Lehmer).
        let mut state = 1_u64;
        let mut unit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut between = |low: f64, high: f64| low + (high - low) * unit();
        let (mut inside, mut told) = (0, 0);
        for round in 0..300 {
            let wide = [1e-7, 1e-6, 1e-3, 0.1][round % 4];
            let (lon, lat) = (between(-179.0, 179.0), between(-84.0, 84.0));
            let area = LonLatBox { west: lon, south: lat, east: lon + wide, north: lat + wide };
            let inner = area.inner();
            assert!(inner.is_some() || wide < 1e-6, "{area:?}");
            for _ in 0..200 {
                let margin = wide * 0.1;
                // Some lie at the very edge.
                let x =
                    if round % 3 == 0 { printed(lon) } else { between(lon - margin, lon + wide + margin) };
                let at = LonLat::new(x, between(lat - margin, lat + wide + margin)).expect("on the globe");
                let kept = Mercator::from(at);
                let place = LonLat::from(kept);
                let shown = LonLat::new(printed(place.lon()), printed(place.lat())).expect("on the globe");
                let is_in = area.contains(place) && area.contains(shown);
                let by_inner = inner.is_some_and(|inner| inner.has(kept));
                assert!(is_in || !by_inner, "{kept:?} is not in {area:?}");
                if wide > 1e-6 && round % 3 != 0 {
                    (inside, told) = (inside + usize::from(is_in), told + usize::from(by_inner));
                }
            }
        }
        assert!(inside > 3_000 && told * 100 > inside * 99, "{told} of {inside}");
        assert_eq!(LonLatBox { west: 179.0, south: 0.0, east: -179.0, north: 1.0 }.inner(), None);
        let globe = LonLatBox { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
        assert!(globe.inner().is_some_and(|inner| inner.has(Mercator { x: 0, y: 0 })));
    }
}
