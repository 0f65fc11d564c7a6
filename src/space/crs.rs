//! Coordinate reference systems: from what a file says to degrees, and from degrees to local metres.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use geo::{Coord, MapCoords};
use proj::{Proj, ProjCreateError};

use super::bbox::LonLatBox;
use super::coord::{Local, LonLat, NotOnGlobe};
use super::utm::Utm;

/// Longitude, latitude in degrees on WGS 84: the CRS of GeoJSON.
pub const CRS84: &str = "OGC:CRS84";

/// A coordinate reference system by its code (`EPSG:26996`, `ESRI:102696`, `OGC:CRS84`) or its WKT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Crs {
    definition: String,
    name: String,
    /// How places come into it, if it is a zone of UTM.
    utm: Option<Utm>,
    /// Whether it is [`CRS84`], whose coordinates are degrees already.
    is_degrees: bool,
}

/// Why a coordinate could not be brought from one CRS to another.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// Nothing in the PROJ database answers to this.
    #[error(
        "`{crs}` is no coordinate reference system that PROJ knows; give an EPSG or ESRI code such as EPSG:26996 or ESRI:102696"
    )]
    Unknown {
        /// What was asked for.
        crs: String,
        /// What PROJ said.
        source: proj::ProjCreateError,
    },
    /// The CRS is fine, the coordinate cannot be in it.
    #[error("({x}, {y}) cannot be a place in {crs}")]
    Outside {
        /// First coordinate as given.
        x: f64,
        /// Second coordinate as given.
        y: f64,
        /// The CRS that it was said to be in.
        crs: String,
    },
    /// The result is no longitude and latitude.
    #[error("({x}, {y}) in {crs} is no place on the globe")]
    Globe {
        /// First coordinate as given.
        x: f64,
        /// Second coordinate as given.
        y: f64,
        /// The CRS that it was said to be in.
        crs: String,
        /// What came out.
        source: NotOnGlobe,
    },
    /// No local CRS fits the area.
    #[error("no metric CRS is chosen for latitude {lat:.1}: UTM ends at 84° north and 80° south")]
    Polar {
        /// The middle of the area.
        lat: f64,
    },
}

impl Crs {
    /// A CRS by its code or WKT.
    ///
    /// # Errors
    ///
    /// [`CrsError::Unknown`] if PROJ does not know it.
    ///
    /// # Examples
    ///
    /// St. Louis police files are in US feet, an ESRI code that EPSG does not have:
    ///
    /// ```
    /// use hotblocks::space::crs::Crs;
    /// assert!(Crs::new("ESRI:102696").is_ok());
    /// assert!(Crs::new("EPSG:102696").is_err());
    /// ```
    pub fn new(text: &str) -> Result<Self, CrsError> {
        let text = text.trim();
        let definition = match text.to_ascii_uppercase().as_str() {
            "CRS84"
            | "EPSG:4326"
            | "WGS84"
            | "URN:OGC:DEF:CRS:OGC:1.3:CRS84"
            | "URN:OGC:DEF:CRS:OGC::CRS84"
            | "URN:OGC:DEF:CRS:EPSG::4326"
            | "HTTP://WWW.OPENGIS.NET/DEF/CRS/OGC/1.3/CRS84" => CRS84.to_owned(),
            upper => code_of_urn(upper).unwrap_or_else(|| text.to_owned()),
        };
        let crs = Self::of(definition);
        PIPELINES.with_borrow_mut(|pipelines| pipelines.get(&crs.definition, CRS84))?;
        Ok(crs)
    }

    /// The CRS of GeoJSON.
    #[must_use]
    pub fn crs84() -> Self {
        Self::of(CRS84.to_owned())
    }

    fn of(definition: String) -> Self {
        let (name, utm) = (short_name(&definition), Utm::of(&definition));
        Self { is_degrees: definition == CRS84, definition, name, utm }
    }

    /// The local metric CRS for an area: the WGS 84 / UTM zone of its middle.
    ///
    /// Lengths are true to 0.04 % within the zone's 6°, to 0.1 % one degree beyond.
    ///
    /// # Errors
    ///
    /// [`CrsError::Polar`] beyond 84° north and 80° south.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::space::{bbox::LonLatBox, crs::Crs};
    /// let st_louis = LonLatBox { west: -90.32, south: 38.53, east: -90.17, north: 38.77 };
    /// assert_eq!(Crs::local_for(st_louis)?.to_string(), "EPSG:32615");
    /// # Ok::<(), hotblocks::space::crs::CrsError>(())
    /// ```
    pub fn local_for(area: LonLatBox) -> Result<Self, CrsError> {
        let (lon, lat) = area.center();
        if !(-80.0..=84.0).contains(&lat) {
            return Err(CrsError::Polar { lat });
        }
        let zone = (((lon + 180.0) / 6.0).floor() as u32 % 60) + 1;
        let code = if lat >= 0.0 { 32600 + zone } else { 32700 + zone };
        Self::new(&format!("EPSG:{code}"))
    }

    /// Brings a coordinate pair of this CRS (x east, y north; lon, lat) to degrees.
    ///
    /// # Errors
    ///
    /// [`CrsError::Outside`] or [`CrsError::Globe`] if the pair cannot be in this CRS.
    #[inline]
    pub fn to_lonlat(&self, x: f64, y: f64) -> Result<LonLat, CrsError> {
        let (lon, lat) = if self.is_degrees { (x, y) } else { self.to_degrees(x, y)? };
        LonLat::new(lon, lat).map_err(|source| CrsError::Globe { x, y, crs: self.name.clone(), source })
    }

    fn to_degrees(&self, x: f64, y: f64) -> Result<(f64, f64), CrsError> {
        let outside = || CrsError::Outside { x, y, crs: self.name.clone() };
        convert(&self.definition, CRS84, (x, y))?.ok_or_else(outside)
    }

    /// Brings a place to metres in this CRS, which is one of [`Crs::local_for`].
    ///
    /// # Errors
    ///
    /// [`CrsError::Outside`] if the place is too far from the zone to have coordinates in it.
    pub fn to_local(&self, at: LonLat) -> Result<Local, CrsError> {
        let outside = || CrsError::Outside { x: at.lon(), y: at.lat(), crs: self.name.clone() };
        let found = match self.utm {
            Some(zone) => zone.forward(at.lon(), at.lat()),
            None => convert(CRS84, &self.definition, (at.lon(), at.lat()))?,
        };
        let (x, y) = found.ok_or_else(outside)?;
        if x.is_finite() && y.is_finite() { Ok(Local { x, y }) } else { Err(outside()) }
    }

    /// Brings many places to metres, as [`Crs::to_local`] does; `None` for those that have no coordinates in this CRS.
    #[must_use]
    pub fn to_local_all(&self, places: &[LonLat]) -> Vec<Option<Local>> {
        let finite = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        match self.utm {
            Some(zone) => {
                let found = zone.forward_all(places);
                found.map(|at| at.filter(finite).map(|(x, y)| Local { x, y })).collect()
            }
            None => places.iter().map(|&at| self.to_local(at).ok()).collect(),
        }
    }

    /// Brings a local place back to degrees.
    ///
    /// # Errors
    ///
    /// As [`Crs::to_lonlat`].
    pub fn from_local(&self, at: Local) -> Result<LonLat, CrsError> {
        self.to_lonlat(at.x, at.y)
    }

    /// Brings a shape in local metres to degrees.
    ///
    /// # Errors
    ///
    /// As [`Crs::to_lonlat`], for its first corner that cannot be brought.
    pub fn shape_from_local<G: MapCoords<f64, f64>>(&self, shape: &G) -> Result<G::Output, CrsError> {
        shape.try_map_coords(|at| self.from_local(at.into()).map(|at| Coord { x: at.lon(), y: at.lat() }))
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// `urn:ogc:def:crs:EPSG::26996` and `http://www.opengis.net/def/crs/EPSG/0/26996` as `EPSG:26996`.
fn code_of_urn(upper: &str) -> Option<String> {
    let parts: Vec<&str> = if let Some(urn) = upper.strip_prefix("URN:OGC:DEF:CRS:") {
        urn.split(':').collect()
    } else {
        upper.split_once("/DEF/CRS/")?.1.split('/').collect()
    };
    Some(format!("{}:{}", parts.first()?, parts.last()?))
}

/// A code stays as it is; of a WKT the name in its first quotes, of PROJJSON its `name`.
fn short_name(definition: &str) -> String {
    let from =
        if definition.starts_with('{') { definition.find("\"name\"").map_or(0, |at| at + 6) } else { 0 };
    definition[from..].split('"').nth(1).unwrap_or(definition).to_owned()
}

/// The pipelines of one thread.
#[derive(Default)]
struct Pipelines {
    /// By source, then target: a `Proj` takes 15 ms to make and must stay on its thread; or what PROJ said, which
    /// looks an unknown text up in all its tables, for half a second.
    known: HashMap<String, HashMap<String, Result<Rc<Proj>, String>>>,
    last: Option<Last>,
}

/// How many are kept: files that name ever other CRS must not fill the memory.
const KEPT: usize = 64;

/// The pipeline that was used last, and what it made of what: files ask for one pipeline and often for one place again.
struct Last {
    from: String,
    to: String,
    pipeline: Rc<Proj>,
    point: (f64, f64),
    answer: Option<(f64, f64)>,
}

thread_local! {
    static PIPELINES: RefCell<Pipelines> = RefCell::default();
}

impl Pipelines {
    fn get(&mut self, from: &str, to: &str) -> Result<Rc<Proj>, CrsError> {
        let unknown = |source| {
            let unknown = if from == CRS84 { to } else { from };
            CrsError::Unknown { crs: short_name(unknown), source }
        };
        if let Some(known) = self.known.get(from).and_then(|to_these| to_these.get(to)) {
            return known.clone().map_err(|why| unknown(ProjCreateError::ProjError(why)));
        }
        let made = match Proj::new_known_crs(from, to, None) {
            Ok(made) => Ok(Rc::new(made)),
            Err(ProjCreateError::ProjError(why)) => Err(why),
            Err(other) => return Err(unknown(other)),
        };
        if self.known.values().map(HashMap::len).sum::<usize>() >= KEPT {
            self.known.clear();
        }
        self.known.entry(from.to_owned()).or_default().insert(to.to_owned(), made.clone());
        made.map_err(|why| unknown(ProjCreateError::ProjError(why)))
    }

    fn convert(&mut self, from: &str, to: &str, point: (f64, f64)) -> Result<Option<(f64, f64)>, CrsError> {
        match &mut self.last {
            Some(last) if last.from == from && last.to == to => {
                if last.point != point {
                    (last.point, last.answer) = (point, last.pipeline.convert(point).ok());
                }
                Ok(last.answer)
            }
            _ => {
                let pipeline = self.get(from, to)?;
                let answer = pipeline.convert(point).ok();
                let (from, to) = (from.to_owned(), to.to_owned());
                self.last = Some(Last { from, to, pipeline, point, answer });
                Ok(answer)
            }
        }
    }
}

/// Brings a point from one CRS to another; `None` if the point cannot be in the first.
fn convert(from: &str, to: &str, point: (f64, f64)) -> Result<Option<(f64, f64)>, CrsError> {
    PIPELINES.with_borrow_mut(|pipelines| pipelines.convert(from, to, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// St. Louis City Hall, as PROJ and PostGIS give it (both agree to 1e-4 m).
    const PLACE: (f64, f64) = (-90.1994, 38.6270);

    #[test]
    fn known_places_come_out_as_the_reference_has_them() {
        let at = LonLat::new(PLACE.0, PLACE.1).expect("on the globe");
        for (code, x, y, tolerance) in [
            ("EPSG:26996", 276174.3434, 310068.9676, 1e-3),
            ("ESRI:102696", 906081.9916, 1017284.6048, 3e-3),
            ("EPSG:32615", 743798.5962, 4279106.8744, 1e-3),
            ("EPSG:3857", -10040951.2779, 4668382.4876, 1e-3),
        ] {
            let crs = Crs::new(code).expect("PROJ knows it");
            let local = crs.to_local(at).expect("near its zone");
            assert!((local.x - x).abs() < tolerance && (local.y - y).abs() < tolerance, "{code}: {local:?}");
            let back = crs.to_lonlat(x, y).expect("a place");
            assert!(
                (back.lon() - PLACE.0).abs() < 1e-7 && (back.lat() - PLACE.1).abs() < 1e-7,
                "{code}: {back:?}"
            );
        }
    }

    #[test]
    fn a_place_in_a_zone_of_utm_is_where_proj_puts_it_to_the_last_bit() {
        let steps = |from: f64, to: f64, n: i32| {
            (0..=n).map(move |at| from + (to - from) * f64::from(at) / f64::from(n))
        };
        let (mut same, mut none) = (0, 0);
        for code in ["EPSG:32601", "EPSG:32615", "epsg:32631", "EPSG:32660", "EPSG:32701", "EPSG:32756"] {
            let crs = Crs::new(code).expect("known");
            let utm = crs.utm.expect("a zone of UTM");
            let zone: f64 = code[8..].parse().expect("two digits");
            let middle = zone * 6.0 - 183.0;
            let near = steps(middle - 4.0, middle + 4.0, 61).chain(steps(-180.0, 180.0, 97));
            let lats = || steps(-90.0, 90.0, 83).chain(steps(24.3, 49.7, 41)).chain([-0.0, 1e-9]);
            for (lon, lat) in near.flat_map(|lon| lats().map(move |lat| (lon, lat))) {
                let proj = convert(CRS84, &crs.definition, (lon, lat)).expect("known");
                let bits = |at: Option<(f64, f64)>| at.map(|(x, y)| (x.to_bits(), y.to_bits()));
                assert_eq!(bits(utm.forward(lon, lat)), bits(proj), "{code} {lon} {lat}");
                same += usize::from(proj.is_some());
                none += usize::from(proj.is_none());
            }
        }
        assert!(same > 50_000 && none > 0, "{same} {none}");
        for other in
            ["EPSG:26996", "EPSG:32600", "EPSG:32661", "EPSG:32761", "EPSG:326151", "EPSG:3857", CRS84]
        {
            assert_eq!(Utm::of(other), None, "{other}");
        }
    }

    #[test]
    fn many_places_come_out_as_each_by_itself() {
        let mut state = 7_u64;
        let mut draw = |from: f64, to: f64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            from + (to - from) * ((state >> 11) as f64 / (1_u64 << 53) as f64)
        };
        // Near the zone, at a line where days begin, and anywhere.
        let mut place = |at: usize| {
            let (lon, lat) = match at % 3 {
                0 => (draw(-94.0, -89.0), draw(37.0, 40.0)),
                1 => (draw(179.9, 180.0), draw(-80.0, 84.0)),
                _ => (draw(-180.0, 180.0), draw(-90.0, 90.0)),
            };
            LonLat::new(lon, lat).expect("on the globe")
        };
        let bits = |at: Option<Local>| at.map(|at| (at.x.to_bits(), at.y.to_bits()));
        let (mut some, mut none) = (0, 0);
        for code in ["EPSG:32615", "EPSG:32701", "EPSG:32760", "EPSG:26996"] {
            let crs = Crs::new(code).expect("known");
            for n in [0, 1, 63, 64, 65, 1_000] {
                let places: Vec<LonLat> = (0..n).map(&mut place).collect();
                let all = crs.to_local_all(&places);
                let each: Vec<_> = places.iter().map(|&at| bits(crs.to_local(at).ok())).collect();
                assert_eq!(all.iter().map(|&at| bits(at)).collect::<Vec<_>>(), each, "{code} {n}");
                some += all.iter().flatten().count();
                none += all.iter().filter(|at| at.is_none()).count();
            }
        }
        assert!(some > 3_000 && none > 50, "{some} {none}");
    }

    #[test]
    fn what_was_asked_last_changes_no_answer() {
        let names = ["EPSG:26996", "EPSG:32615", "EPSG:26996"];
        let points = [PLACE, PLACE, (-90.25, 38.6), (-0.0, 38.6), (0.0, 38.6), (-90.0, 91.0), PLACE];
        for (name, point) in names.iter().flat_map(|name| points.map(|point| (name, point))) {
            let fresh = Proj::new_known_crs(CRS84, name, None).expect("known").convert(point).ok();
            assert_eq!(convert(CRS84, name, point).expect("known"), fresh, "{name} {point:?}");
        }
    }

    #[test]
    fn files_of_ever_other_crs_do_not_fill_the_memory() {
        for meridian in 0..150 {
            let text = format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +datum=WGS84 +units=m +type=crs");
            let at = Crs::new(&text).expect("PROJ knows it").to_lonlat(0.0, 0.0).expect("its origin");
            assert!((at.lon() - f64::from(meridian)).abs() < 1e-9, "{meridian}: {at:?}");
        }
        assert!(PIPELINES.with_borrow(|cache| cache.known.values().map(HashMap::len).sum::<usize>()) <= KEPT);
    }

    #[test]
    fn an_unknown_crs_is_looked_up_once_and_says_the_same_again() {
        let say = || Crs::new("PROJKS[\"no CRS\"]").expect_err("unknown");
        let (first, again) = (say(), say());
        let CrsError::Unknown { source: first, .. } = first else { panic!("{first}") };
        let CrsError::Unknown { source: again, .. } = again else { panic!("{again}") };
        assert_eq!(first.to_string(), again.to_string());
        assert!(
            PIPELINES.with_borrow(|cache| cache.known.values().flat_map(HashMap::values).any(Result::is_err))
        );
    }

    #[test]
    fn us_feet_read_as_metres_land_far_from_st_louis() {
        let feet = (906081.9916, 1017284.6048);
        let right = Crs::new("ESRI:102696").expect("known").to_lonlat(feet.0, feet.1).expect("a place");
        assert!((right.lat() - 38.627).abs() < 1e-6);
        let wrong = Crs::new("EPSG:2815").expect("known").to_lonlat(feet.0, feet.1).expect("a place");
        assert!(wrong.lat() > 44.0, "Lake Huron lies in the north, got {wrong:?}");
    }

    #[test]
    fn a_code_may_be_written_as_an_urn_or_an_address() {
        for text in
            ["urn:ogc:def:crs:EPSG::26996", "http://www.opengis.net/def/crs/EPSG/0/26996", "epsg:26996"]
        {
            assert_eq!(Crs::new(text).expect("known").to_string().to_uppercase(), "EPSG:26996", "{text}");
        }
        assert_eq!(Crs::new("urn:ogc:def:crs:OGC:1.3:CRS84").expect("known"), Crs::crs84());
        assert!(matches!(Crs::new("EPSG:102696"), Err(CrsError::Unknown { .. })));
    }

    #[test]
    fn coordinates_that_cannot_be_degrees_are_refused() {
        assert!(matches!(Crs::crs84().to_lonlat(906081.0, 1017284.0), Err(CrsError::Globe { .. })));
    }
}
