//! Shapes as every format has them: seven decimals, the right-hand rule; as WKT and as WKB.

use geo::orient::Direction;
use geo::{BoundingRect, Coord, Geometry, LineString, MapCoords, Orient, Polygon};

pub(super) use crate::space::printed::{UNITS, printed as rounded};

/// A shape with seven decimals, a centimetre, its outer rings counterclockwise and its holes clockwise (RFC 7946, 3.1.6).
pub(super) fn on_wire(shape: &Geometry) -> Geometry {
    match shape.map_coords(|at| Coord { x: rounded(at.x), y: rounded(at.y) }) {
        Geometry::Polygon(shape) => shape.orient(Direction::Default).into(),
        Geometry::MultiPolygon(shape) => shape.orient(Direction::Default).into(),
        other => other,
    }
}

/// The name that well-known text, GeoPackage and, in another case, the other formats give a shape.
pub(super) fn kind(shape: &Geometry) -> &'static str {
    match shape {
        Geometry::Point(_) => "Point",
        Geometry::Line(_) | Geometry::LineString(_) => "LineString",
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => "Polygon",
        Geometry::MultiPoint(_) => "MultiPoint",
        Geometry::MultiLineString(_) => "MultiLineString",
        Geometry::MultiPolygon(_) => "MultiPolygon",
        Geometry::GeometryCollection(_) => "GeometryCollection",
    }
}

/// West, south, east, north; `None` of a shape without a position.
pub(super) fn bounds(shape: &Geometry) -> Option<[f64; 4]> {
    let rect = shape.bounding_rect()?;
    Some([rect.min().x, rect.min().y, rect.max().x, rect.max().y])
}

/// The box around boxes.
pub(super) fn around(boxes: impl Iterator<Item = [f64; 4]>) -> Option<[f64; 4]> {
    boxes.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

/// Well-known text.
pub(super) fn wkt(shape: &Geometry) -> String {
    let mut out = kind(shape).to_uppercase();
    match text(shape) {
        Some(text) => {
            out.push(' ');
            out.push_str(&text);
        }
        None => out.push_str(" EMPTY"),
    }
    out
}

/// What stands behind the name of a shape; `None` of an empty one.
fn text(shape: &Geometry) -> Option<String> {
    let position = |at: &Coord| format!("{} {}", at.x, at.y);
    let line = |line: &LineString| parts(line.0.iter().map(position));
    let polygon = |shape: &Polygon| parts(rings(shape).map(line));
    Some(match shape {
        Geometry::Point(at) => format!("({})", position(&at.0)),
        Geometry::Line(one) => line(&LineString::from(one)),
        Geometry::LineString(one) if one.0.is_empty() => return None,
        Geometry::LineString(one) => line(one),
        Geometry::Polygon(one) if one.exterior().0.is_empty() => return None,
        Geometry::Polygon(one) => polygon(one),
        Geometry::Rect(one) => polygon(&one.to_polygon()),
        Geometry::Triangle(one) => polygon(&one.to_polygon()),
        Geometry::MultiPoint(many) if many.0.is_empty() => return None,
        Geometry::MultiPoint(many) => parts(many.iter().map(|at| format!("({})", position(&at.0)))),
        Geometry::MultiLineString(many) if many.0.is_empty() => return None,
        Geometry::MultiLineString(many) => parts(many.iter().map(line)),
        Geometry::MultiPolygon(many) if many.0.is_empty() => return None,
        Geometry::MultiPolygon(many) => parts(many.iter().map(polygon)),
        Geometry::GeometryCollection(many) if many.0.is_empty() => return None,
        Geometry::GeometryCollection(many) => parts(many.iter().map(wkt)),
    })
}

fn parts(of: impl Iterator<Item = String>) -> String {
    format!("({})", of.collect::<Vec<_>>().join(", "))
}

/// The outer ring, then the holes.
pub(super) fn rings(shape: &Polygon) -> impl Iterator<Item = &LineString> {
    std::iter::once(shape.exterior()).chain(shape.interiors())
}

/// Well-known binary, little endian.
pub(super) fn wkb(shape: &Geometry) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, shape);
    out
}

fn write(out: &mut Vec<u8>, shape: &Geometry) {
    match shape {
        Geometry::Point(at) => {
            head(out, 1);
            position(out, at.0);
        }
        Geometry::Line(one) => write(out, &LineString::from(one).into()),
        Geometry::LineString(line) => {
            head(out, 2);
            positions(out, line);
        }
        Geometry::Polygon(one) => polygon(out, one),
        Geometry::Rect(one) => polygon(out, &one.to_polygon()),
        Geometry::Triangle(one) => polygon(out, &one.to_polygon()),
        Geometry::MultiPoint(many) => {
            head(out, 4);
            count(out, many.0.len());
            many.iter().for_each(|at| write(out, &(*at).into()));
        }
        Geometry::MultiLineString(many) => {
            head(out, 5);
            count(out, many.0.len());
            for line in many {
                head(out, 2);
                positions(out, line);
            }
        }
        Geometry::MultiPolygon(many) => {
            head(out, 6);
            count(out, many.0.len());
            many.iter().for_each(|one| polygon(out, one));
        }
        Geometry::GeometryCollection(many) => {
            head(out, 7);
            count(out, many.0.len());
            many.iter().for_each(|one| write(out, one));
        }
    }
}

fn polygon(out: &mut Vec<u8>, shape: &Polygon) {
    head(out, 3);
    let empty = shape.exterior().0.is_empty();
    count(out, if empty { 0 } else { 1 + shape.interiors().len() });
    rings(shape).filter(|_| !empty).for_each(|ring| positions(out, ring));
}

fn positions(out: &mut Vec<u8>, line: &LineString) {
    count(out, line.0.len());
    line.0.iter().for_each(|at| position(out, *at));
}

fn position(out: &mut Vec<u8>, at: Coord) {
    out.extend(at.x.to_le_bytes());
    out.extend(at.y.to_le_bytes());
}

fn head(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend(kind.to_le_bytes());
}

fn count(out: &mut Vec<u8>, n: usize) {
    out.extend(u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
pub(super) mod tests {
    use geo::{MultiLineString, MultiPolygon, Point, Winding};

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// A square with a hole, both wound the wrong way.
    pub(in crate::encode) fn wrong_way() -> Polygon {
        let ring = |points: &[(f64, f64)]| LineString::from(points.to_vec());
        Polygon::new(
            ring(&[(0., 0.), (0., 3.), (3., 3.), (3., 0.), (0., 0.)]),
            vec![ring(&[(1., 1.), (2., 1.), (2., 2.), (1., 2.), (1., 1.)])],
        )
    }

    /// Text and binary of `shapely.to_wkt` and `shapely.to_wkb(..., hex=True)`, version 2.
    #[test]
    fn text_and_binary_are_what_shapely_writes() {
        let check = |shape: Geometry, text: &str, binary: &str| {
            assert_eq!(wkt(&shape), text);
            assert_eq!(hex(&wkb(&shape)), binary, "{text}");
        };
        check(Point::new(1.0, 2.0).into(), "POINT (1 2)", "0101000000000000000000F03F0000000000000040");
        let line = LineString::from(vec![(0.0, 0.5), (1.0, 2.0)]);
        check(
            line.clone().into(),
            "LINESTRING (0 0.5, 1 2)",
            "0102000000020000000000000000000000000000000000E03F000000000000F03F0000000000000040",
        );
        check(
            MultiLineString(vec![line]).into(),
            "MULTILINESTRING ((0 0.5, 1 2))",
            "0105000000010000000102000000020000000000000000000000000000000000E03F000000000000F03F0000000000000040",
        );
        check(MultiPolygon(Vec::new()).into(), "MULTIPOLYGON EMPTY", "010600000000000000");
        check(LineString(Vec::new()).into(), "LINESTRING EMPTY", "010200000000000000");
        let both = Geometry::GeometryCollection(
            vec![Point::new(1.0, 2.0)].into_iter().map(Geometry::from).collect::<Vec<_>>().into(),
        );
        check(
            both,
            "GEOMETRYCOLLECTION (POINT (1 2))",
            "0107000000010000000101000000000000000000F03F0000000000000040",
        );
        assert_eq!(
            wkt(&wrong_way().into()),
            "POLYGON ((0 0, 0 3, 3 3, 3 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))"
        );
    }

    #[test]
    fn shapes_go_out_with_seven_decimals_and_by_the_right_hand_rule() {
        let Geometry::Polygon(shape) = on_wire(&wrong_way().into()) else { panic!("a polygon") };
        assert!(shape.exterior().is_ccw() && shape.interiors()[0].is_cw());
        let Geometry::MultiPolygon(many) = on_wire(&MultiPolygon(vec![wrong_way()]).into()) else {
            panic!("polygons")
        };
        assert!(many.0[0].exterior().is_ccw() && many.0[0].interiors()[0].is_cw());
        let at = on_wire(&Point::new(-72.123_456_789, 41.000_000_04).into());
        assert_eq!(at, Point::new(-72.123_456_8, 41.0).into());
        assert_eq!(bounds(&wrong_way().into()), Some([0.0, 0.0, 3.0, 3.0]));
    }
}
