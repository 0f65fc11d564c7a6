//! Layers as JSON: the properties, one object a feature, with what made them; for answers without shapes.

use serde_json::{Map, Value as Json};

use super::geojson::json;
use crate::layer::{Layer, Value};

/// A layer's features as rows, below its notice and provenance. Shapes are left out: those are for GeoJSON.
#[must_use]
pub fn rows(layer: &Layer) -> String {
    format!("{:#}\n", answer(layer))
}

/// The same as one JSON object.
#[must_use]
pub fn answer(layer: &Layer) -> Json {
    let object = |named: &[(&'static str, Value)]| -> Map<String, Json> {
        named.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect()
    };
    let row = |feature: &crate::layer::Feature| {
        let mut members = Map::new();
        members.insert("id".into(), feature.id.clone().into());
        members.extend(object(&feature.properties));
        Json::Object(members)
    };
    serde_json::json!({
        "layer": layer.name,
        "notice": layer.notice,
        "rows": layer.features.iter().map(row).collect::<Vec<_>>(),
        "provenance": object(&layer.provenance),
    })
}
