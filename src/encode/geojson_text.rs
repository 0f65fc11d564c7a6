//! Features as GeoJSON text without a tree in between, for all of a city goes out at once.
//!
//! The bytes are those that the `geojson` crate writes of the same feature; a test holds them to it.

use std::borrow::Borrow;

use geo::{Coord, Geometry, LineString, Polygon, Winding};
use serde_json::{Map, Value as Json};

use super::shape::{UNITS, rings, rounded};
use crate::layer::{Feature, Value};

/// Features as a FeatureCollection with members beside them, a feature a line.
pub(super) fn written(
    members: &Map<String, Json>,
    features: impl IntoIterator<Item = impl Borrow<Feature>>,
) -> String {
    collection(members, features, false)
}

/// The same with all digits, for files that are read again: seven decimals may part vertices that were one, or cross edges.
pub(super) fn written_whole(
    members: &Map<String, Json>,
    features: impl IntoIterator<Item = impl Borrow<Feature>>,
) -> String {
    collection(members, features, true)
}

fn collection(
    members: &Map<String, Json>,
    features: impl IntoIterator<Item = impl Borrow<Feature>>,
    whole: bool,
) -> String {
    let mut out = br#"{"type":"FeatureCollection""#.to_vec();
    for (name, member) in members {
        out.push(b',');
        plain(&mut out, name);
        out.push(b':');
        plain(&mut out, member);
    }
    out.extend(br#","features":["#);
    for (at, each) in features.into_iter().enumerate() {
        out.extend(if at == 0 { &b"\n"[..] } else { b",\n" });
        feature(&mut out, each.borrow(), None, whole);
    }
    out.extend(b"\n]}");
    as_text(out)
}

pub(super) fn as_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("it is written from texts and numbers")
}

/// Writes a feature; `links` as a member of its own where there are some.
pub(super) fn write(out: &mut Vec<u8>, one: &Feature, links: Option<&Json>) {
    feature(out, one, links, false);
}

fn feature(out: &mut Vec<u8>, feature: &Feature, links: Option<&Json>, whole: bool) {
    out.extend(br#"{"type":"Feature","geometry":"#);
    match &feature.geometry {
        Some(shape) => Shapes { whole, ..Shapes::default() }.write(out, shape),
        None => out.extend(b"null"),
    }
    out.extend(br#","id":"#);
    plain(out, &feature.id);
    out.extend(br#","properties":"#);
    named(out, &feature.properties);
    if let Some(links) = links {
        out.extend(br#","links":"#);
        plain(out, links);
    }
    out.push(b'}');
}

fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Int(n) => plain(out, n),
        Value::Float(n) if n.is_finite() => plain(out, n),
        Value::Null | Value::Float(_) => out.extend(b"null"),
        Value::Text(words) => plain(out, words),
        Value::List(list) => {
            out.push(b'[');
            apart(out, list, self::value);
            out.push(b']');
        }
        Value::Map(members) => named(out, members),
    }
}

fn named(out: &mut Vec<u8>, members: &[(&'static str, Value)]) {
    out.push(b'{');
    apart(out, members, |out, (name, member)| {
        plain(out, name);
        out.push(b':');
        value(out, member);
    });
    out.push(b'}');
}

fn plain<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("what JSON holds can be written to memory");
}

/// Writes each of some things, with commas between.
fn apart<T>(out: &mut Vec<u8>, all: impl IntoIterator<Item = T>, mut one: impl FnMut(&mut Vec<u8>, T)) {
    for (at, each) in all.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        one(out, each);
    }
}

/// Writes shapes, with room for a ring to look at which way it runs.
#[derive(Default)]
struct Shapes {
    ring: Vec<Coord>,
    /// Within a collection rings stay as they are, as in `on_wire`.
    in_collection: bool,
    /// All digits of coordinates, and not seven decimals.
    whole: bool,
}

impl Shapes {
    fn write(&mut self, out: &mut Vec<u8>, shape: &Geometry) {
        let begin = |out: &mut Vec<u8>, kind: &str| {
            out.extend(format!(r#"{{"type":"{kind}","coordinates":"#).as_bytes());
        };
        match shape {
            Geometry::Point(at) => {
                begin(out, "Point");
                self.position(out, at.0);
            }
            Geometry::MultiPoint(many) => {
                begin(out, "MultiPoint");
                self.line(out, many.iter().map(|at| at.0));
            }
            Geometry::Line(one) => {
                begin(out, "LineString");
                self.line(out, [one.start, one.end]);
            }
            Geometry::LineString(one) => {
                begin(out, "LineString");
                self.line(out, one.0.iter().copied());
            }
            Geometry::MultiLineString(many) => {
                begin(out, "MultiLineString");
                out.push(b'[');
                apart(out, many, |out, one| self.line(out, one.0.iter().copied()));
                out.push(b']');
            }
            Geometry::Polygon(one) => {
                begin(out, "Polygon");
                self.polygon(out, one);
            }
            Geometry::Rect(one) => {
                begin(out, "Polygon");
                self.polygon(out, &one.to_polygon());
            }
            Geometry::Triangle(one) => {
                begin(out, "Polygon");
                self.polygon(out, &one.to_polygon());
            }
            Geometry::MultiPolygon(many) => {
                begin(out, "MultiPolygon");
                out.push(b'[');
                apart(out, many, |out, one| self.polygon(out, one));
                out.push(b']');
            }
            Geometry::GeometryCollection(many) => {
                out.extend(br#"{"type":"GeometryCollection","geometries":["#);
                self.in_collection = true;
                apart(out, many, |out, one| self.write(out, one));
                out.push(b']');
            }
        }
        out.push(b'}');
    }

    /// The outer ring counterclockwise, holes clockwise, as they are once they are rounded.
    fn polygon(&mut self, out: &mut Vec<u8>, shape: &Polygon) {
        out.push(b'[');
        let all = rings(shape).enumerate().filter(|_| !shape.exterior().0.is_empty());
        apart(out, all, |out, (at, ring)| {
            self.ring.clear();
            let digits = |v: f64| if self.whole { v } else { rounded(v) };
            self.ring.extend(ring.0.iter().map(|at| Coord { x: digits(at.x), y: digits(at.y) }));
            let ring = LineString(std::mem::take(&mut self.ring));
            let wrong = if at == 0 { ring.is_cw() } else { ring.is_ccw() };
            if wrong && !self.in_collection {
                self.line(out, ring.0.iter().rev().copied());
            } else {
                self.line(out, ring.0.iter().copied());
            }
            self.ring = ring.0;
        });
        out.push(b']');
    }

    fn line(&self, out: &mut Vec<u8>, places: impl IntoIterator<Item = Coord>) {
        out.push(b'[');
        apart(out, places, |out, at| self.position(out, at));
        out.push(b']');
    }

    fn position(&self, out: &mut Vec<u8>, at: Coord) {
        out.push(b'[');
        self.number(out, at.x);
        out.push(b',');
        self.number(out, at.y);
        out.push(b']');
    }

    fn number(&self, out: &mut Vec<u8>, v: f64) {
        if self.whole { plain(out, &v) } else { decimal(out, v) }
    }
}

/// A number with seven decimals at most, as short as it can be written.
///
/// Decimals of up to 15 digits are each the shortest text of their number, so a whole number of units is divided as one.
fn decimal(out: &mut Vec<u8>, v: f64) {
    let units = (v * UNITS).round();
    // Very small ones are written with an exponent, and 0 may have a sign.
    if !(1e3..1e15).contains(&units.abs()) {
        return plain(out, &(units / UNITS));
    }
    if units < 0.0 {
        out.push(b'-');
    }
    let units = units.abs() as u64;
    let mut digits = [b'0'; 24];
    let (mut at, mut whole, mut part) = (digits.len(), units / 10_000_000, units % 10_000_000);
    for _ in 0..7 {
        at -= 1;
        digits[at] = b'0' + (part % 10) as u8;
        part /= 10;
    }
    at -= 1;
    digits[at] = b'.';
    loop {
        at -= 1;
        digits[at] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    // One decimal stays.
    let zeros = digits[digits.len() - 6..].iter().rev().take_while(|digit| **digit == b'0').count();
    out.extend(&digits[at..digits.len() - zeros]);
}

#[cfg(test)]
mod tests {
    use geo::{GeometryCollection, MultiLineString, MultiPoint, MultiPolygon, Point};
    use proptest::prelude::*;

    use super::super::geojson::json;
    use super::super::shape::on_wire;
    use super::super::shape::tests::wrong_way;
    use super::*;

    /// The same by the crate.
    fn by_crate(feature: &Feature) -> String {
        let properties = feature.properties.iter().map(|(name, value)| ((*name).to_owned(), json(value)));
        let made = geojson::Feature {
            id: Some(geojson::feature::Id::String(feature.id.clone())),
            geometry: feature.geometry.as_ref().map(|shape| geojson::Geometry::from(&on_wire(shape))),
            properties: Some(properties.collect()),
            ..geojson::Feature::default()
        };
        made.to_string()
    }

    fn check(one: &Feature) {
        let mut out = Vec::new();
        write(&mut out, one, None);
        assert_eq!(as_text(out), by_crate(one));
    }

    fn shaped(shape: impl Into<Geometry>) -> Feature {
        Feature { id: "a\"b\\\u{1}é".to_owned(), geometry: Some(shape.into()), properties: Vec::new() }
    }

    #[test]
    fn every_shape_is_written_as_by_the_crate() {
        let line = LineString::from(vec![(-72.123_456_789, 41.0), (0.000_000_04, -0.000_000_4)]);
        check(&shaped(Point::new(-0.0, 180.0)));
        check(&shaped(line.clone()));
        check(&shaped(LineString(Vec::new())));
        check(&shaped(geo::Line::new((0.1, 0.2), (-0.3, 1e-4))));
        check(&shaped(MultiPoint::from(vec![(1.5, 2.5), (-1e-5, 3e-5)])));
        check(&shaped(MultiLineString(vec![line.clone(), line])));
        check(&shaped(wrong_way()));
        check(&shaped(Polygon::new(LineString(Vec::new()), Vec::new())));
        check(&shaped(MultiPolygon(vec![wrong_way(), wrong_way()])));
        check(&shaped(geo::Rect::new((0.0, 0.0), (1.25, 2.0))));
        check(&shaped(geo::Triangle::from([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])));
        let both = GeometryCollection(vec![Point::new(1.0, 2.0).into(), wrong_way().into()]);
        check(&shaped(Geometry::GeometryCollection(both)));
        // Metres of a local plane.
        check(&shaped(Point::new(743_123.123_456_78, 4_567_890.5)));
    }

    #[test]
    fn every_value_is_written_as_by_the_crate() {
        let properties = vec![
            ("text", Value::text("line\nbreak \"quoted\" \u{2028}")),
            ("int", Value::Int(-3)),
            ("float", Value::Float(0.1 + 0.2)),
            ("whole", Value::Float(2.0)),
            ("large", Value::Float(1e300)),
            ("infinite", Value::Float(f64::INFINITY)),
            ("none", Value::Null),
            ("flag", Value::Bool(true)),
            ("list", Value::List(vec![Value::Int(1), Value::List(Vec::new())])),
            ("map", Value::Map(vec![("a", Value::Null), ("b", Value::Map(Vec::new()))])),
        ];
        check(&Feature { id: String::new(), geometry: None, properties });
    }

    #[test]
    fn what_is_read_again_keeps_all_digits() {
        let line = LineString::from(vec![(-90.199_412_345_678_9, 38.626_000_012_345), (0.1 + 0.2, 1e-9)]);
        let feature = shaped(MultiLineString(vec![line.clone()]));
        let text = written_whole(&Map::new(), [&feature]);
        let read: Json = serde_json::from_str(&text).expect("JSON");
        let found = &read["features"][0]["geometry"]["coordinates"][0];
        for (at, place) in line.0.iter().enumerate() {
            for (axis, expected) in [(0, place.x), (1, place.y)] {
                let found = found[at][axis].as_f64().expect("a number");
                assert!((found - expected).abs() < 1e-13, "{found} {expected}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn every_number_is_written_as_by_the_crate(x in -180.0..180.0_f64, y in -1e8..1e8_f64, small in -1e-3..1e-3_f64) {
            check(&shaped(LineString::from(vec![(x, y), (small, x / 1e4), (x.round(), y.round())])));
        }

        #[test]
        fn every_ring_runs_as_the_crate_has_it(points in prop::collection::vec((-5..5_i8, -5..5_i8), 0..8)) {
            let ring: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            check(&shaped(Polygon::new(LineString::from(ring.clone()), vec![LineString::from(ring)])));
        }
    }
}
