//! The units of place: degrees and metres are different types, so they cannot be mixed.

use std::fmt;

use super::mercators::nearest;

/// A place on the globe: longitude and latitude in degrees, OGC:CRS84 order.
///
/// Only [`LonLat::new`] makes one, so every value is finite and on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

/// A pair of numbers that is no place on the globe.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "({x}, {y}) is no longitude and latitude in degrees: longitude lies within ±180, latitude within ±90"
)]
pub struct NotOnGlobe {
    /// The number offered as longitude.
    pub x: f64,
    /// The number offered as latitude.
    pub y: f64,
}

impl LonLat {
    /// A place from longitude (±180) and latitude (±90) in degrees.
    ///
    /// # Errors
    ///
    /// [`NotOnGlobe`] outside these bounds and for anything that is not finite.
    ///
    /// # Examples
    ///
    /// Swapped coordinates of St. Louis cannot be made:
    ///
    /// ```
    /// use hotblocks::space::coord::LonLat;
    /// assert!(LonLat::new(-90.1994, 38.6270).is_ok());
    /// assert!(LonLat::new(38.6270, -90.1994).is_err());
    /// ```
    #[inline]
    pub fn new(lon: f64, lat: f64) -> Result<Self, NotOnGlobe> {
        if lon.abs() <= 180.0 && lat.abs() <= 90.0 {
            Ok(Self { lon, lat })
        } else {
            Err(NotOnGlobe { x: lon, y: lat })
        }
    }

    /// Longitude in degrees.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }
}

impl LonLat {
    /// The same with longitude and latitude exchanged, as columns that were mistaken for each other tell it; `None` where that is
    /// off the globe.
    #[must_use]
    pub fn swapped(self) -> Option<Self> {
        Self::new(self.lat, self.lon).ok()
    }
}

/// A place in the data set's local plane, in metres east and north of the CRS's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Local {
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

impl Local {
    /// Distance to another place of the same plane.
    #[must_use]
    pub fn distance(self, other: Self) -> Metres {
        Metres((self.x - other.x).hypot(self.y - other.y))
    }
}

impl From<Local> for geo::Coord {
    fn from(at: Local) -> Self {
        Self { x: at.x, y: at.y }
    }
}

impl From<geo::Coord> for Local {
    fn from(at: geo::Coord) -> Self {
        Self { x: at.x, y: at.y }
    }
}

/// A length in metres.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Metres(pub f64);

impl Metres {
    /// To the millimetre, as lengths are told: one that was worked out has many digits.
    #[must_use]
    pub fn to_millimetres(self) -> Self {
        Self((self.0 * 1e3).round() / 1e3)
    }
}

impl fmt::Display for Metres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} m", self.0)
    }
}

/// An area in square kilometres.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct SquareKm(pub f64);

impl SquareKm {
    /// The area of so many square metres.
    #[must_use]
    pub fn from_square_metres(m2: f64) -> Self {
        Self(m2 / 1e6)
    }
}

/// A place in Web Mercator as whole numbers: the world is 2³² units wide, so one unit is 9.3 mm at the equator.
///
/// Eight bytes keep a place for tiles and, to the centimetre, for longitude and latitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mercator {
    /// Units east of the 0 meridian.
    pub x: i32,
    /// Units north of the equator.
    pub y: i32,
}

const MERCATOR_MAX_LAT: f64 = 85.051_128_779_806_6;
/// How many units the world is wide.
pub(super) const UNITS: f64 = 4_294_967_296.0;

impl From<LonLat> for Mercator {
    /// Latitudes beyond ±85.0511 are drawn at that edge of the map.
    fn from(at: LonLat) -> Self {
        let lat = at.lat().clamp(-MERCATOR_MAX_LAT, MERCATOR_MAX_LAT).to_radians();
        let units = |north: f64| north / std::f64::consts::TAU * UNITS;
        // By the sine in three fifths of the time; its error is below 1e-4 units, and decides nothing but near a half.
        let sine = lat.sin();
        let quick = units(((1.0 + sine) / (1.0 - sine)).ln() / 2.0);
        let sure = (quick - quick.floor() - 0.5).abs() > 1e-3;
        let north = if sure { quick } else { units(lat.tan().asinh()) };
        Self { x: Self::east(at.lon()), y: north.round() as i32 }
    }
}

impl Mercator {
    /// Units east of a longitude.
    #[inline]
    pub(super) fn east(lon: f64) -> i32 {
        let east = lon / 360.0 * UNITS;
        let whole = east as i32;
        nearest(whole, east - f64::from(whole))
    }
}

impl From<Mercator> for LonLat {
    fn from(at: Mercator) -> Self {
        let lat = (f64::from(at.y) / UNITS * std::f64::consts::TAU).sinh().atan().to_degrees();
        Self { lon: f64::from(at.x) / UNITS * 360.0, lat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mercator_gives_a_place_back_to_a_centimetre() {
        for (lon, lat) in [(-90.1994, 38.6270), (0.0, 0.0), (179.999, -60.0), (-72.92, 41.3)] {
            let back = LonLat::from(Mercator::from(LonLat { lon, lat }));
            assert!((back.lon - lon).abs() < 1e-7 && (back.lat - lat).abs() < 1e-7, "{back:?}");
        }
    }

    #[test]
    fn the_quick_way_to_mercator_rounds_as_the_plain_one_does() {
        let plain = |lat: f64| {
            let lat = lat.clamp(-MERCATOR_MAX_LAT, MERCATOR_MAX_LAT).to_radians();
            (lat.tan().asinh() / std::f64::consts::TAU * UNITS).round() as i32
        };
        // All latitudes, those of a town, and those next to a border between two units.
        let all = (-90_000..=90_000).map(|n| f64::from(n) / 1_000.0);
        let town = (0..200_000).map(|n| 38.5 + f64::from(n) / 1e7);
        let borders = (0..100_000).map(|n| {
            let border = f64::from(n * 18_989 - 949_450_000) + 0.5;
            (border / UNITS * std::f64::consts::TAU).sinh().atan().to_degrees()
        });
        for lat in all.chain(town).chain(borders) {
            assert_eq!(Mercator::from(LonLat { lon: 0.0, lat }).y, plain(lat), "{lat}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_no_place() {
        assert!(LonLat::new(f64::NAN, 0.0).is_err());
        assert!(LonLat::new(0.0, f64::INFINITY).is_err());
    }
}
