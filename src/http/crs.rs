//! Coordinate reference systems of a request by their URIs: OGC API Features, Part 2.

use axum::response::Response;
use geo::{Coord, MapCoords};

use super::problem::Problem;
use crate::engine::params::table::Param;
use crate::engine::snapshot::Snapshot;
use crate::layer::Layer;
use crate::space::coord::LonLat;
use crate::space::crs::Crs as SpaceCrs;
use crate::space::printed::OTHER_CRS;

/// What shapes are kept and answered in.
pub(super) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// Latitude first, as EPSG has it.
const EPSG_4326: &str = "http://www.opengis.net/def/crs/EPSG/0/4326";

/// Web Mercator.
const EPSG_3857: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";

/// Radius of the sphere of Web Mercator, metres.
const RADIUS: f64 = 6_378_137.0;

/// The latitude at which Web Mercator ends: its world is a square.
const MOST_LAT: f64 = 85.051_128_779_806_59;

/// A CRS that requests may name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Crs {
    /// Longitude, latitude.
    Crs84,
    /// Latitude, longitude.
    LatLon,
    /// Web Mercator.
    Mercator,
    /// The data set's own plane.
    Local(SpaceCrs),
}

/// The URIs of what a collection can be had in, the one in which it is kept first.
pub(super) fn uris(snapshot: &Snapshot) -> Vec<String> {
    all(snapshot).iter().map(Crs::uri).collect()
}

fn all(snapshot: &Snapshot) -> [Crs; 4] {
    [Crs::Crs84, Crs::LatLon, Crs::Mercator, Crs::Local(snapshot.dataset().crs.clone())]
}

impl Crs {
    /// The CRS of a parameter; [`CRS84`] where it is not given.
    pub(super) fn read(param: &Param, text: Option<&str>, snapshot: &Snapshot) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::Crs84) };
        // http and https, safe CURIEs and plain codes name the same.
        let bare = text.trim().trim_start_matches('[').trim_end_matches(']').replace("https://", "http://");
        let known = all(snapshot).into_iter();
        let mut found = known
            .filter(|crs| crs.uri().eq_ignore_ascii_case(&bare) || crs.code() == bare.to_ascii_uppercase());
        found.next().ok_or_else(|| {
            let mend =
                format!("`{text}` is no CRS of this collection; give one of {}", uris(snapshot).join(", "));
            Problem::parameter(param.wire, &mend)
        })
    }

    pub(super) fn uri(&self) -> String {
        match self {
            Self::Crs84 => CRS84.to_owned(),
            Self::LatLon => EPSG_4326.to_owned(),
            Self::Mercator => EPSG_3857.to_owned(),
            Self::Local(crs) => {
                format!("http://www.opengis.net/def/crs/{}", crs.to_string().replacen(':', "/0/", 1))
            }
        }
    }

    fn code(&self) -> String {
        match self {
            Self::Crs84 => "OGC:CRS84".to_owned(),
            Self::LatLon => "EPSG:4326".to_owned(),
            Self::Mercator => "EPSG:3857".to_owned(),
            Self::Local(crs) => crs.to_string(),
        }
    }

    /// How many degrees a place that was printed in it may lie from where it is printed in degrees.
    pub(super) fn slack(&self) -> f64 {
        match self {
            Self::Crs84 | Self::LatLon => 0.0,
            Self::Mercator | Self::Local(_) => OTHER_CRS,
        }
    }

    /// Two numbers of this CRS as longitude and latitude; `None` if they are no place.
    pub(super) fn to_degrees(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (lon, lat) = match self {
            Self::Crs84 => (x, y),
            Self::LatLon => (y, x),
            Self::Mercator => ((x / RADIUS).to_degrees(), (y / RADIUS).sinh().atan().to_degrees()),
            Self::Local(crs) => {
                let at = crs.to_lonlat(x, y).ok()?;
                (at.lon(), at.lat())
            }
        };
        // The edges of the square world are not lost to the last digit.
        let lon = if lon.abs() < 180.0 + 1e-9 { lon.clamp(-180.0, 180.0) } else { lon };
        LonLat::new(lon, lat).ok().map(|at| (at.lon(), at.lat()))
    }

    /// Longitude and latitude in this CRS; `None` where it has no numbers for them.
    fn of_degrees(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let metres = |x: f64, y: f64| ((x * 1_000.0).round() / 1_000.0, (y * 1_000.0).round() / 1_000.0);
        match self {
            Self::Crs84 => Some((lon, lat)),
            Self::LatLon => Some((lat, lon)),
            Self::Mercator => {
                let lat = lat.clamp(-MOST_LAT, MOST_LAT);
                Some(metres(RADIUS * lon.to_radians(), RADIUS * lat.to_radians().tan().asinh()))
            }
            Self::Local(crs) => {
                let at = crs.to_local(LonLat::new(lon, lat).ok()?).ok()?;
                Some(metres(at.x, at.y))
            }
        }
    }

    /// Brings the shapes of a layer from degrees to this CRS.
    pub(super) fn project(&self, layer: &mut Layer) -> Result<(), Problem> {
        if *self == Self::Crs84 {
            return Ok(());
        }
        for feature in &mut layer.features {
            if let Some(shape) = &mut feature.geometry {
                let moved = shape
                    .try_map_coords(|at| self.of_degrees(at.x, at.y).map(|(x, y)| Coord { x, y }).ok_or(()));
                let moved = moved.map_err(|()| {
                    let why = format!("feature `{}` has no coordinates in {}", feature.id, self.uri());
                    Problem::not_together("crs", &why)
                })?;
                *shape = moved.into();
            }
        }
        Ok(())
    }

    /// An answer that tells it in the header `Content-Crs`.
    pub(super) fn told(&self, mut answer: Response) -> Response {
        if let Ok(value) = format!("<{}>", self.uri()).parse() {
            answer.headers_mut().insert("content-crs", value);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_to_degrees_and_back() {
        let st_louis = (-90.1994, 38.627);
        let local = Crs::Local(SpaceCrs::new("EPSG:32615").expect("a zone"));
        for crs in [Crs::Crs84, Crs::LatLon, Crs::Mercator, local] {
            let (x, y) = crs.of_degrees(st_louis.0, st_louis.1).expect("a place");
            let (lon, lat) = crs.to_degrees(x, y).expect("a place");
            assert!(
                (lon - st_louis.0).abs() < 1e-7 && (lat - st_louis.1).abs() < 1e-7,
                "{crs:?}: {lon} {lat}"
            );
        }
        // From EPSG's own page of 3857.
        let (x, y) = Crs::Mercator.of_degrees(-100.333_333_3, 24.381_786_9).expect("a place");
        assert!((x - -11_169_055.58).abs() < 0.05 && (y - 2_800_000.0).abs() < 0.05, "{x} {y}");
        assert_eq!(Crs::Mercator.to_degrees(20_037_508.342_789_244, 0.0), Some((180.0, 0.0)));
        assert_eq!(Crs::Mercator.to_degrees(21_000_000.0, 0.0), None);
        assert_eq!(Crs::LatLon.to_degrees(91.0, 0.0), None);
    }
}
