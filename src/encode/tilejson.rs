//! What is in tiles, as TileJSON 3.0 and archives of tiles tell it: bounds, and every layer with its properties.

use serde_json::{Map, Value as Json, json};

use super::mvt::{TRUNCATED, TRUNCATED_FIELDS, Tiled};
use crate::engine::snapshot::Snapshot;
use crate::space::bbox::LonLatBox;

/// The box around the features of all layers; that of the data set where there is none.
#[must_use]
pub fn bounds(snapshot: &Snapshot, layers: &[&Tiled]) -> LonLatBox {
    let all = layers.iter().filter_map(|layer| layer.bounds());
    all.reduce(LonLatBox::with).unwrap_or(snapshot.dataset().extent)
}

/// Every layer that a tile may have, with its properties.
#[must_use]
pub fn vector_layers(layers: &[&Tiled], most_zoom: u8) -> Vec<Json> {
    let layer = |name: &str, about: String, fields: Map<String, Json>| json!({ "id": name, "description": about, "minzoom": 0, "maxzoom": most_zoom, "fields": fields });
    let all = layers.iter().map(|tiled| {
        let fields = tiled.fields.iter().map(|(name, holds)| ((*name).to_owned(), (*holds).into()));
        layer(tiled.name, tiled.legend.title.clone(), fields.collect())
    });
    let told = TRUNCATED_FIELDS.iter().map(|(name, holds)| ((*name).to_owned(), (*holds).into()));
    let about = "What was left out of a tile, so that it stays below its bound".to_owned();
    all.chain(std::iter::once(layer(TRUNCATED, about, told.collect()))).collect()
}

/// The title of tiles with what must be said with them.
#[must_use]
pub fn description(snapshot: &Snapshot, name: &str) -> String {
    let data = snapshot.dataset();
    let notice = data.notice.as_ref().map_or_else(String::new, |notice| format!(". {notice}"));
    format!("{}: {name}{notice}", data.title)
}
