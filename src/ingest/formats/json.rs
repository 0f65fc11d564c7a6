//! JSON pieces: a GeoJSON geometry from its text, and the text of a property's value.

use std::borrow::Cow;
use std::fmt;

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep collections of geometries may lie in each other.
const DEPTH: usize = 16;

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow, default)]
    geometries: Option<Vec<&'a RawValue>>,
}

/// A geometry from its JSON; `None` for null and for a point without coordinates, else what is wrong with it.
pub(super) fn geometry(raw: &RawValue) -> Result<Option<Geometry>, String> {
    if raw.get() == "null" {
        return Ok(None);
    }
    nested(raw, 0)
}

fn nested(raw: &RawValue, depth: usize) -> Result<Option<Geometry>, String> {
    let parts: Parts<'_> = serde_json::from_str(raw.get()).map_err(why)?;
    if parts.kind == "GeometryCollection" {
        let members = parts.geometries.ok_or("a collection needs geometries")?;
        if depth == DEPTH {
            return Err(format!("collections lie more than {DEPTH} deep in each other"));
        }
        let members: Vec<Option<Geometry>> =
            members.into_iter().map(|member| nested(member, depth + 1)).collect::<Result<_, _>>()?;
        let members = GeometryCollection(members.into_iter().flatten().collect());
        return Ok(Some(Geometry::GeometryCollection(members)));
    }
    let text = parts.coordinates.ok_or("there are no coordinates")?.get();
    Ok(Some(match &*parts.kind {
        "Point" if compact(text) == "[]" => return Ok(None),
        "Point" => Point(parse::<Position>(text)?.0).into(),
        "MultiPoint" => {
            MultiPoint(parse::<Vec<Position>>(text)?.into_iter().map(|p| Point(p.0)).collect()).into()
        }
        "LineString" => line(parse(text)?).into(),
        "MultiLineString" => MultiLineString(parse::<Vec<_>>(text)?.into_iter().map(line).collect()).into(),
        "Polygon" => polygon(parse(text)?).into(),
        "MultiPolygon" => MultiPolygon(parse::<Vec<_>>(text)?.into_iter().map(polygon).collect()).into(),
        other => {
            return Err(format!("`{}` is no type of geometry", other.chars().take(40).collect::<String>()));
        }
    }))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(why)
}

/// What is wrong with a piece, without the value that stands there: it may name a person.
pub(super) fn why(error: serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, wanted)) if error.is_data() => {
            format!("not {wanted}").replace("f64", "a number").replace("struct Parts", "an object")
        }
        _ => text,
    }
}

fn line(positions: Vec<Position>) -> LineString {
    positions.into_iter().map(|p| p.0).collect()
}

fn polygon(rings: Vec<Vec<Position>>) -> Polygon {
    let mut rings = rings.into_iter().map(line);
    let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
    Polygon::new(outer, rings.collect())
}

/// The first two numbers of a position; heights and measures are passed over.
struct Position(Coord);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Position;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a position of two numbers or more")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
                let short = || serde::de::Error::custom("a position needs two numbers");
                let x = seq.next_element()?.ok_or_else(short)?;
                let y = seq.next_element()?.ok_or_else(short)?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position(Coord { x, y }))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

/// A property's value as text: a string without its quotes, null as nothing, a list or object as compact JSON.
pub(super) fn text(raw: &RawValue) -> Cow<'_, str> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Text<'_>>(json).map_or(Cow::Borrowed(json), |text| text.0),
        Some(b'n') => Cow::Borrowed(""),
        Some(b'[' | b'{') => Cow::Owned(compact(json)),
        _ => Cow::Borrowed(json),
    }
}

/// A string that is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// JSON without the blanks between its signs.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |sign: &char| {
        let blank = !quoted && sign.is_ascii_whitespace();
        quoted ^= *sign == '"' && !escaped;
        escaped = quoted && *sign == '\\' && !escaped;
        !blank
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    #[test]
    fn values_become_the_text_that_a_table_would_have() {
        for (json, expected) in [
            (r#""a \"b\"""#, r#"a "b""#),
            ("null", ""),
            ("-1.50", "-1.50"),
            ("true", "true"),
            (r#"{ "a b" : [ 1, "x \" y" ] }"#, r#"{"a b":[1,"x \" y"]}"#),
            (r#"[ "\\", 1 ]"#, r#"["\\",1]"#),
        ] {
            assert_eq!(text(&raw(json)), expected);
        }
    }

    #[test]
    fn a_geometry_that_is_none_says_why() {
        for (json, expected) in [
            (r#"{"type":"Point","coordinates":[1]}"#, "two numbers"),
            (r#"{"type":"Point","coordinates":["a","b"]}"#, "not a number"),
            (r#"{"type":"Point","coordinates":[1e999,0]}"#, "out of range"),
            (r#"{"type":"Blob","coordinates":[1,2]}"#, "no type"),
            (r#"{"type":"Point"}"#, "no coordinates"),
            ("{}", "missing field"),
            ("7", "not an object"),
        ] {
            let error = geometry(&raw(json)).expect_err(json);
            assert!(error.contains(expected), "{json}: {error}");
        }
        let deep = r#"{"type":"GeometryCollection","geometries":["#.repeat(40) + &"]}".repeat(40);
        assert!(geometry(&raw(&deep)).expect_err("deep").contains("deep"));
        assert_eq!(geometry(&raw(r#"{"type":"Point","coordinates":[ ]}"#)), Ok(None));
        assert_eq!(geometry(&raw("null")), Ok(None));
    }
}
