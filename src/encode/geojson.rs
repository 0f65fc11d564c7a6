//! Layers as GeoJSON, RFC 7946: longitude and latitude with seven decimals, no `crs` member; whole or as a sequence.

use serde_json::{Map, Value as Json};

use super::geojson_text::{Writer, as_text, written};
use crate::layer::{Feature, Layer, Legend, LegendClass, Value};

/// A layer as a FeatureCollection. `links` is null outside HTTP.
///
/// Beside the standard's members: `numberMatched`, `numberReturned`, `legend`, `notice`,
/// `held_places`, `provenance`.
#[must_use]
pub fn collection(layer: &Layer, links: Json) -> String {
    as_text(collection_bytes(layer, links))
}

/// The same as bytes, for those who send it on.
#[must_use]
pub fn collection_bytes(layer: &Layer, links: Json) -> Vec<u8> {
    let mut members = Map::new();
    members.insert("numberMatched".into(), layer.matched.into());
    members.insert("numberReturned".into(), layer.features.len().into());
    members.insert("notice".into(), layer.notice.clone().map_or(Json::Null, Json::String));
    members.insert("legend".into(), legend(&layer.legend));
    if layer.name == "blocks" {
        members.insert("held_places".into(), Json::Array(layer.held_places.iter().map(json).collect()));
    }
    members.insert("provenance".into(), map(&layer.provenance));
    if !links.is_null() {
        members.insert("links".into(), links);
    }
    written(&members, &layer.features)
}

/// A layer as a text sequence, RFC 8142: a record separator before each feature, so that a reader finds the next one again.
#[must_use]
pub fn sequence(layer: &Layer) -> String {
    lines(layer, "\u{1e}")
}

/// A layer as a feature a line.
#[must_use]
pub fn by_line(layer: &Layer) -> String {
    lines(layer, "")
}

fn lines(layer: &Layer, before: &str) -> String {
    let (mut text, mut writer) = (Vec::new(), Writer::default());
    for each in &layer.features {
        text.extend(before.as_bytes());
        writer.feature(&mut text, each, None);
        text.push(b'\n');
    }
    as_text(text)
}

/// What made a layer.
pub(super) fn provenance(layer: &Layer) -> Json {
    map(&layer.provenance)
}

/// One feature by itself, with its links.
#[must_use]
pub fn one(feature: &Feature, links: Json) -> String {
    let mut text = Vec::new();
    Writer::default().feature(&mut text, feature, Some(&links));
    as_text(text)
}

/// A value as JSON. A number that is not finite cannot occur and would be null.
#[must_use]
pub fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(n) => (*n).into(),
        Value::Float(n) => serde_json::Number::from_f64(*n).map_or(Json::Null, Json::Number),
        Value::Text(text) => text.clone().into(),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Map(named) => map(named),
    }
}

fn map(named: &[(&'static str, Value)]) -> Json {
    Json::Object(named.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect())
}

fn legend(legend: &Legend) -> Json {
    serde_json::json!({
        "property": legend.property,
        "title": legend.title,
        "unit": legend.unit,
        "classes": legend.classes.iter().map(class).collect::<Vec<_>>(),
        "none": legend.none.as_ref().map(class),
    })
}

fn class(class: &LegendClass) -> Json {
    serde_json::json!({ "from": class.from, "to": class.to, "color": class.color, "label": class.label })
}
