//! Features as GeoJSON text without a tree in between, for all of a city goes out at once.
//!
//! The bytes are those that the `geojson` crate writes of the same feature; a test holds them to it.

use std::borrow::Borrow;

use geo::{Coord, Geometry, LineString, Polygon, Winding};
use serde_json::{Map, Value as Json};

use super::json_text::{Names, fixed, float, plain, text, whole};
use super::shape::{UNITS, rings, rounded};
use crate::layer::{Feature, Value};

/// Features as a FeatureCollection with members beside them, a feature a line.
pub(super) fn written(members: &Map<String, Json>, features: &[Feature]) -> Vec<u8> {
    let mut out = begun(members);
    let mut writer = Writer::default();
    let begin = out.len();
    for (nth, few) in features.chunks(AHEAD).enumerate() {
        // By the first of them it is known about how long all are.
        if nth == SOME / AHEAD {
            out.reserve((out.len() - begin) / SOME * features.len() * 9 / 8);
        }
        let texts = writer.ahead(few);
        for (at, each) in few.iter().enumerate() {
            let before: &[u8] = if nth == 0 && at == 0 { FIRST } else { NEXT };
            out.extend_from_slice(before);
            writer.with_text(&mut out, each, texts[at], None);
        }
    }
    out.extend_from_slice(END);
    out
}

/// The same as text with all digits, for files that are read again: seven decimals may part vertices that were one, or cross
/// edges.
pub(super) fn written_whole(
    members: &Map<String, Json>,
    features: impl IntoIterator<Item = impl Borrow<Feature>>,
) -> String {
    let mut out = begun(members);
    let mut writer = Writer { digits: Digits::All, ..Writer::default() };
    for (at, each) in features.into_iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        writer.feature(&mut out, each.borrow(), None);
    }
    out.extend_from_slice(END);
    as_text(out)
}

/// All that comes before the features.
fn begun(members: &Map<String, Json>) -> Vec<u8> {
    let mut out = br#"{"type":"FeatureCollection""#.to_vec();
    for (name, member) in members {
        out.push(b',');
        plain(&mut out, name);
        out.push(b':');
        plain(&mut out, member);
    }
    out.extend(br#","features":["#);
    out
}

/// What a feature begins with, alone and as one of several.
const ALONE: &[u8] = br#"{"type":"Feature","geometry":"#;
const FIRST: &[u8] = b"\n{\"type\":\"Feature\",\"geometry\":";
const NEXT: &[u8] = b",\n{\"type\":\"Feature\",\"geometry\":";
const END: &[u8] = b"\n]}";

/// Features that are looked at ahead. Each lies elsewhere in memory, as do its shape and its text: what is asked of several
/// at once comes from there in the time of one.
const AHEAD: usize = 32;

/// Features after which room is made for the rest.
const SOME: usize = 2 * AHEAD;

pub(super) fn as_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("it is written from texts and numbers")
}

/// Which digits of coordinates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Digits {
    /// Seven decimals at most.
    #[default]
    Seven,
    /// All.
    All,
}

/// Writes features, one after the other.
#[derive(Default)]
pub(super) struct Writer {
    names: Names,
    digits: Digits,
}

impl Writer {
    /// Writes a feature; `links` as a member of its own where there are some.
    pub(super) fn feature(&mut self, out: &mut Vec<u8>, feature: &Feature, links: Option<&Json>) {
        let text = self.kept(feature);
        out.extend_from_slice(ALONE);
        self.with_text(out, feature, text, links);
    }

    /// The texts of the shapes of a few features, where they are kept.
    fn ahead<'a>(&self, few: &'a [Feature]) -> [Option<&'a [u8]>; AHEAD] {
        let mut texts = [None; AHEAD];
        let mut touched = 0;
        for (text, feature) in texts.iter_mut().zip(few) {
            *text = self.kept(feature);
            let member = feature.properties.first();
            touched ^=
                member.map_or(0, |(name, value)| name.len() ^ usize::from(matches!(value, Value::Null)));
            touched ^= feature.id.bytes().next().map_or(0, usize::from);
        }
        for text in texts.iter().flatten() {
            touched ^= text.iter().step_by(LINE).take(LINES).fold(0, |all, byte| all ^ usize::from(*byte));
        }
        std::hint::black_box(touched);
        texts
    }

    /// The text of a feature's shape, made once where the data hold the shape.
    fn kept<'a>(&self, feature: &'a Feature) -> Option<&'a [u8]> {
        let shape = feature.geometry.as_ref().filter(|_| self.digits == Digits::Seven)?;
        shape.text(|geometry| {
            let mut text = Vec::new();
            Shapes::default().write(&mut text, geometry);
            text
        })
    }

    /// Writes a feature, all but what it begins with; the text of its shape may be known.
    fn with_text(
        &mut self,
        out: &mut Vec<u8>,
        feature: &Feature,
        shape: Option<&[u8]>,
        links: Option<&Json>,
    ) {
        match (shape, &feature.geometry) {
            (Some(text), _) => out.extend_from_slice(text),
            (None, Some(shape)) => Shapes { digits: self.digits, ..Shapes::default() }.write(out, shape),
            (None, None) => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","id":"#);
        text(out, &feature.id);
        out.extend_from_slice(br#","properties":{"#);
        for (at, (name, member)) in feature.properties.iter().enumerate() {
            self.names.write(out, at, name);
            value(out, member);
        }
        out.push(b'}');
        if let Some(links) = links {
            out.extend_from_slice(br#","links":"#);
            plain(out, links);
        }
        out.push(b'}');
    }
}

/// Bytes that come from memory together, and how many such lines of a text are asked for ahead: all of most.
const LINE: usize = 64;
const LINES: usize = 16;

fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(n) => whole(out, *n),
        Value::Float(n) if n.is_finite() => float(out, *n),
        Value::Null | Value::Float(_) => out.extend_from_slice(b"null"),
        Value::Text(words) => text(out, words),
        Value::List(list) => {
            out.push(b'[');
            apart(out, list, self::value);
            out.push(b']');
        }
        Value::Map(members) => {
            out.push(b'{');
            apart(out, members, |out, (name, member)| {
                text(out, name);
                out.push(b':');
                self::value(out, member);
            });
            out.push(b'}');
        }
    }
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
    digits: Digits,
}

impl Shapes {
    fn write(&mut self, out: &mut Vec<u8>, shape: &Geometry) {
        let begin = |out: &mut Vec<u8>, kind: &str| {
            out.extend_from_slice(br#"{"type":""#);
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(br#"","coordinates":"#);
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
            let digits = |v: f64| if self.digits == Digits::All { v } else { rounded(v) };
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
        if self.digits == Digits::All { plain(out, &v) } else { decimal(out, v) }
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
    fixed::<7>(out, units < 0.0, units.abs() as u64);
}

#[cfg(test)]
mod tests {
    use geo::{GeometryCollection, MultiLineString, MultiPoint, MultiPolygon, Point};
    use proptest::prelude::*;

    use super::super::geojson::json;
    use super::super::shape::on_wire;
    use super::super::shape::tests::wrong_way;
    use super::*;
    use crate::space::shape::Shape;

    /// The same by the crate.
    fn by_crate(feature: &Feature) -> String {
        let properties = feature.properties.iter().map(|(name, value)| ((*name).to_owned(), json(value)));
        let made = geojson::Feature {
            id: Some(geojson::feature::Id::String(feature.id.clone())),
            geometry: feature.geometry.as_deref().map(|shape| geojson::Geometry::from(&on_wire(shape))),
            properties: Some(properties.collect()),
            ..geojson::Feature::default()
        };
        made.to_string()
    }

    fn check(one: &Feature) {
        let mut out = Vec::new();
        Writer::default().feature(&mut out, one, None);
        assert_eq!(as_text(out), by_crate(one));
        // While others hold the shape its text is kept, and is the same the first time and the next.
        let other = one.clone();
        for _ in 0..2 {
            let mut out = Vec::new();
            Writer::default().feature(&mut out, one, None);
            assert_eq!(as_text(out), by_crate(&other));
        }
        // All digits are not those that were kept.
        let all = written_whole(&Map::new(), [one]);
        let alone = Feature {
            geometry: one.geometry.clone().map(|shape| shape.into_geometry().into()),
            ..one.clone()
        };
        assert_eq!(all, written_whole(&Map::new(), [&alone]));
    }

    fn shaped(shape: impl Into<Geometry>) -> Feature {
        Feature { id: "a\"b\\\u{1}é".to_owned(), geometry: Some(Shape::from(shape)), properties: Vec::new() }
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
    fn many_are_written_as_one_after_the_other() {
        let feature = |at: usize| Feature {
            id: format!("{at}"),
            geometry: (!at.is_multiple_of(7)).then(|| Shape::from(Point::new(at as f64, 0.5))),
            properties: (0..at % 3).map(|n| (["a", "b"][n], Value::count(n))).collect(),
        };
        for n in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, SOME + 1, 5 * AHEAD] {
            let features: Vec<Feature> = (0..n).map(feature).collect();
            // Of every other shape the text is kept.
            let _held: Vec<Feature> = features.iter().step_by(2).cloned().collect();
            let each: Vec<String> = features.iter().map(by_crate).collect();
            let expected = [
                r#"{"type":"FeatureCollection","features":["#,
                if n > 0 { "\n" } else { "" },
                &each.join(",\n"),
                "\n]}",
            ];
            assert_eq!(as_text(written(&Map::new(), &features)), expected.concat());
        }
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
