//! Shapes in a filter: well-known text and `BBOX`, brought to degrees.

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};

use super::FilterError;
use super::parse::Parser;
use crate::space::coord::LonLat;

/// Into how many pieces the side of a box is cut: a straight one in another CRS bulges on the globe.
const PIECES: u32 = 16;

impl Parser<'_> {
    /// A shape as text.
    pub(super) fn shape(&mut self) -> Result<Geometry, FilterError> {
        const WANTED: &str = "a shape such as BBOX(-90.3,38.6,-90.2,38.7), or `geometry`";
        const NAMES: [&str; 8] = [
            "POINT",
            "LINESTRING",
            "POLYGON",
            "MULTIPOINT",
            "MULTILINESTRING",
            "MULTIPOLYGON",
            "GEOMETRYCOLLECTION",
            "BBOX",
        ];
        let begin = self.here();
        let Some(name) = NAMES.into_iter().find(|name| self.keyword(name)) else {
            return Err(self.unexpected(WANTED));
        };
        self.keyword("Z");
        if self.keyword("EMPTY") {
            return Err(FilterError::Shape { at: begin, why: "it is an empty shape" });
        }
        Ok(match name {
            "POINT" => Point(self.in_parentheses(Self::corner)?).into(),
            "LINESTRING" => self.line()?.into(),
            "POLYGON" => self.polygon()?.into(),
            "MULTIPOINT" => MultiPoint(self.list(Self::loose_point)?).into(),
            "MULTILINESTRING" => MultiLineString(self.list(Self::line)?).into(),
            "MULTIPOLYGON" => MultiPolygon(self.list(Self::polygon)?).into(),
            "GEOMETRYCOLLECTION" => {
                Geometry::GeometryCollection(GeometryCollection(self.list(|this| this.deeper(Self::shape))?))
            }
            _ => self.bbox(begin)?,
        })
    }

    fn in_parentheses<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.must("(", "`(`")?;
        let inner = read(self)?;
        self.must(")", "`)` or `,`")?;
        Ok(inner)
    }

    fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        self.in_parentheses(|this| {
            let mut all = vec![read(this)?];
            while this.sign(",") {
                all.push(read(this)?);
            }
            Ok(all)
        })
    }

    /// Two numbers, or three of which the last is a height that is not looked at.
    fn corner(&mut self) -> Result<Coord, FilterError> {
        let at = self.here();
        let (x, y) = (self.number()?, self.number()?);
        if let super::tokens::Token::Number(_) = self.peek() {
            self.number()?;
        }
        self.place(x, y, at)
    }

    fn place(&self, x: f64, y: f64, at: usize) -> Result<Coord, FilterError> {
        let degrees = (self.scope.to_degrees)(x, y).and_then(|(lon, lat)| LonLat::new(lon, lat).ok());
        let place =
            degrees.ok_or(FilterError::Shape { at, why: "a corner is no place in the CRS of the filter" })?;
        Ok(Coord { x: place.lon(), y: place.lat() })
    }

    /// A point of several, in parentheses or not.
    fn loose_point(&mut self) -> Result<Point, FilterError> {
        if *self.peek() == super::tokens::Token::Sign("(") {
            return Ok(Point(self.in_parentheses(Self::corner)?));
        }
        Ok(Point(self.corner()?))
    }

    fn line(&mut self) -> Result<LineString, FilterError> {
        let at = self.here();
        let corners = self.list(Self::corner)?;
        if corners.len() < 2 {
            return Err(FilterError::Shape { at, why: "a line has two places at least" });
        }
        Ok(LineString(corners))
    }

    fn polygon(&mut self) -> Result<Polygon, FilterError> {
        let at = self.here();
        let mut rings = self.list(Self::line)?;
        if rings.iter().any(|ring| ring.0.len() < 4 || !ring.is_closed()) {
            return Err(FilterError::Shape {
                at,
                why: "a ring has four places at least, the last like the first; close it",
            });
        }
        let outer = rings.remove(0);
        Ok(Polygon::new(outer, rings))
    }

    /// West, south, east, north in the order of the axes of the CRS, or six numbers with heights.
    fn bbox(&mut self, at: usize) -> Result<Geometry, FilterError> {
        let numbers = self.list(Self::number)?;
        rectangle(&numbers, self.scope.to_degrees).map_err(|why| FilterError::Shape { at, why })
    }
}

/// A box as a shape in degrees: one polygon, or two where it crosses the 180th meridian.
///
/// # Errors
///
/// Why it is none.
pub fn rectangle(
    numbers: &[f64],
    to_degrees: &dyn Fn(f64, f64) -> Option<(f64, f64)>,
) -> Result<Geometry, &'static str> {
    let (x0, y0, x1, y1) = match *numbers {
        [x0, y0, x1, y1] | [x0, y0, _, x1, y1, _] => (x0, y0, x1, y1),
        _ => return Err("a box has four or six numbers"),
    };
    let place = |x: f64, y: f64| {
        let (lon, lat) = to_degrees(x, y).ok_or("a corner is no place in the CRS of the filter")?;
        LonLat::new(lon, lat).map_err(|_| "a corner is no place in the CRS of the filter")
    };
    let (low, high) = (place(x0, y0)?, place(x1, y1)?);
    if low.lat() > high.lat() {
        return Err("its south edge lies above its north edge; swap them");
    }
    if low.lon() > high.lon() {
        let part = |west: f64, east: f64| geo::Rect::new((west, low.lat()), (east, high.lat())).to_polygon();
        return Ok(MultiPolygon(vec![part(low.lon(), 180.0), part(-180.0, high.lon())]).into());
    }
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)];
    let mut ring = Vec::new();
    for pair in corners.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        for piece in 0..PIECES {
            let t = f64::from(piece) / f64::from(PIECES);
            let at = place(ax + t * (bx - ax), ay + t * (by - ay))?;
            ring.push(Coord { x: at.lon(), y: at.lat() });
        }
    }
    ring.push(ring[0]);
    Ok(Polygon::new(LineString(ring), Vec::new()).into())
}
