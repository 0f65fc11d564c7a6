//! GeoJSON: a collection, a single feature, a sequence of RFC 8142, or an object a line.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{About, Feature, FormatError, json, unreadable};
use crate::ingest::input::{Format, Input};
use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

/// How many columns a table of properties may have.
const COLUMNS: usize = 4096;

/// A collection with its features as they stand in the file, so that memory stays near the file's size.
#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    crs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    features: Option<Vec<&'a RawValue>>,
}

/// Null is kept apart from what is absent.
fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct OldCrs {
    properties: OldCrsName,
}

#[derive(Deserialize)]
struct OldCrsName {
    name: String,
}

/// The members of an object in their order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<json::Text<'de>, &'de RawValue>()? {
                    pairs.push((key.0, value));
                }
                Ok(Members(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// A feature, or a plain object without geometry, whose members are its properties.
struct Item<'a> {
    feature: bool,
    geometry: Option<&'a RawValue>,
    properties: Members<'a>,
}

impl<'a> Item<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let Members(members) =
            serde_json::from_str(text).map_err(|e| format!("no feature: {}", json::why(e)))?;
        let member = |name: &str| members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value);
        match member("type").map(RawValue::get) {
            Some("\"Feature\"") => {
                let properties = match member("properties").map(RawValue::get) {
                    None | Some("null") => Members(Vec::new()),
                    Some(text) => serde_json::from_str(text)
                        .map_err(|e| format!("properties cannot be read: {}", json::why(e)))?,
                };
                Ok(Self { feature: true, geometry: member("geometry"), properties })
            }
            _ => Ok(Self { feature: false, geometry: None, properties: Members(members) }),
        }
    }
}

/// The pieces of a file, one a feature.
struct Pieces<'a> {
    crs: Option<Crs>,
    pieces: Vec<&'a str>,
    /// Whether objects that are no features count as rows.
    plain: bool,
}

pub(super) fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    let bytes = input.whole().map_err(FormatError::from)?;
    let text = utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes), &input.name)?;
    let mut found = pieces(input, text)?;
    let (names, features) = header(input, &found)?;
    if found.plain && !features {
        found.crs = None;
    }
    let header = Header::new(names.iter().map(|name| &**name));
    let places: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (&**name, at)).collect();
    let mut state = begin(&About { header, crs: found.crs, layer: None })?;
    for (number, piece) in (1..).zip(&found.pieces) {
        let mut values: Vec<Cow<'_, str>> = vec![Cow::Borrowed(""); names.len()];
        let shape = feature(number, piece, found.plain, &places, &mut values);
        let fields: Vec<&str> = values.iter().map(|value| &**value).collect();
        each(&mut state, shape.map(|shape| Feature { number, shape, fields: &fields }));
    }
    Ok(state)
}

/// The shape of one feature and, in their places, its values; a bad feature is a refused row and not a refused file.
fn feature<'a>(
    number: u64,
    piece: &'a str,
    plain: bool,
    places: &HashMap<&str, usize>,
    values: &mut [Cow<'a, str>],
) -> Result<Option<geo::Geometry>, Broken> {
    let item = Item::parse(piece).map_err(|why| Broken::new(number, why))?;
    if !item.feature && !plain {
        return Err(Broken::new(number, "no feature: its type is not Feature"));
    }
    for (name, value) in item.properties.0 {
        if let Some(&at) = places.get(&*name) {
            values[at] = json::text(value);
        }
    }
    item.geometry.map_or(Ok(None), json::geometry).map_err(|why| unreadable(number, why))
}

/// Names of all properties in the order in which they first occur, and whether there is any feature.
fn header<'a>(input: &Input, found: &Pieces<'a>) -> Result<(Vec<Cow<'a, str>>, bool), FormatError> {
    let (mut names, mut seen) = (Vec::new(), std::collections::HashSet::new());
    let mut features = false;
    for piece in &found.pieces {
        let Ok(item) = Item::parse(piece) else { continue };
        if !item.feature && !found.plain {
            continue;
        }
        features |= item.feature;
        for (name, _) in item.properties.0 {
            if !seen.contains(&name) {
                seen.insert(name.clone());
                names.push(name);
            }
        }
        if names.len() > COLUMNS {
            return Err(FormatError::Columns { file: input.name.clone(), limit: COLUMNS });
        }
    }
    Ok((names, features))
}

/// Takes a file apart: by lines or record separators where it is a sequence, else as one document.
fn pieces<'a>(input: &Input, text: &'a str) -> Result<Pieces<'a>, FormatError> {
    let sequence = |pieces| Ok(Pieces { crs: Some(Crs::crs84()), pieces, plain: true });
    let start = text.trim_start();
    if start.starts_with('\u{1e}') {
        return sequence(filled(start.split('\u{1e}')));
    }
    if input.format == Format::GeoJsonLines {
        return sequence(filled(text.lines()));
    }
    if start.starts_with('[') {
        let list: Vec<&RawValue> = parse(input, text)?;
        return sequence(list.into_iter().map(RawValue::get).collect());
    }
    let file = || input.name.clone();
    let document: Collection<'a> = match parse(input, text) {
        Ok(document) => document,
        // Several documents, a line each, in a file that does not say so.
        Err(_) if start.trim_end().split_once('\n').is_some_and(|(first, _)| is_object(first)) => {
            return sequence(filled(text.lines()));
        }
        Err(error) => return Err(error),
    };
    let crs = match document.crs.map(RawValue::get) {
        None => Some(Crs::crs84()),
        Some("null") => None,
        Some(crs) => {
            let old: OldCrs = parse(input, crs)?;
            Some(Crs::new(&old.properties.name).map_err(|source| FormatError::Crs { file: file(), source })?)
        }
    };
    match (document.kind.map(RawValue::get), document.features) {
        (Some("\"FeatureCollection\""), Some(list)) => {
            Ok(Pieces { crs, pieces: list.into_iter().map(RawValue::get).collect(), plain: false })
        }
        (Some("\"Feature\""), _) => Ok(Pieces { crs, pieces: vec![text], plain: false }),
        (Some("\"FeatureCollection\""), None) => {
            Err(FormatError::NoCollection { file: file(), found: "a collection without features".to_owned() })
        }
        (kind, _) => {
            let found = kind.map_or_else(
                || "an object without a type".to_owned(),
                |kind| format!("of type {}", kind.chars().take(40).collect::<String>()),
            );
            Err(FormatError::NoCollection { file: file(), found })
        }
    }
}

fn filled<'a>(pieces: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

fn is_object(line: &str) -> bool {
    line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}

fn parse<'a, T: Deserialize<'a>>(input: &Input, text: &'a str) -> Result<T, FormatError> {
    serde_json::from_str(text).map_err(|source| FormatError::Json { file: input.name.clone(), source })
}

/// The text; bytes that are not UTF-8 are an error that names their place, as JSON allows no other encoding.
fn utf8<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, FormatError> {
    std::str::from_utf8(bytes).map_err(|e| FormatError::Json {
        file: file.to_owned(),
        source: serde::de::Error::custom(format!("byte {} is not UTF-8", e.valid_up_to())),
    })
}
