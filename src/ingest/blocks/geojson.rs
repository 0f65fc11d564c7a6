//! GeoJSON: RFC 7946 in longitude and latitude, or the older kind that names a `crs`.

use serde_json::{Map, Value as Json};

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let file = || input.name.clone();
    let bytes = input.bytes()?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let parsed: Json =
        serde_json::from_slice(bytes).map_err(|source| BlocksError::GeoJson { file: file(), source })?;
    let Some(features) = parsed["features"].as_array().filter(|_| parsed["type"] == "FeatureCollection")
    else {
        return Err(BlocksError::NoCollection { file: file() });
    };
    let crs = parsed["crs"]["properties"]["name"]
        .as_str()
        .map_or_else(|| Ok(Crs::crs84()), Crs::new)
        .map_err(|source| BlocksError::Crs { file: file(), source })?;
    let names = names(features);
    let rows = (1..).zip(features).map(|(number, feature)| read_feature(number, feature, &names)).collect();
    Ok(Features { header: Header::new(names.iter().map(String::as_str)), crs: Some(crs), rows })
}

/// One feature on its own, so that a bad one is a refused row and not a refused file.
fn read_feature(number: u64, feature: &Json, names: &[String]) -> Result<Feature, Broken> {
    let properties = feature["properties"].as_object();
    let text = |name: &String| match properties.and_then(|p| p.get(name)) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let unreadable = |why: &str| broken(number, &format!("geometry cannot be read: {why}"), "");
    let geometry = feature["geometry"].as_object().ok_or_else(|| broken(number, "no geometry", ""))?;
    if !positions_hold(geometry) {
        return Err(unreadable("a position needs two numbers"));
    }
    let geometry: geojson::Geometry =
        serde_json::from_value(Json::Object(geometry.clone())).map_err(|e| unreadable(&e.to_string()))?;
    let shape = geo::Geometry::try_from(geometry).map_err(|e| unreadable(&e.to_string()))?;
    Ok(Feature { number, shape, attributes: names.iter().map(text).collect() })
}

/// Whether every innermost list of the coordinates has two numbers or more.
fn positions_hold(geometry: &Map<String, Json>) -> bool {
    fn hold(json: &Json) -> bool {
        match json.as_array() {
            Some(list) if list.iter().any(|v| !v.is_array()) => {
                list.len() >= 2 && list.iter().all(|v| v.as_f64().is_some_and(f64::is_finite))
            }
            Some(list) => list.iter().all(hold),
            None => false,
        }
    }
    let members = geometry.get("geometries").and_then(Json::as_array);
    match members {
        Some(members) => members.iter().all(|m| m.as_object().is_some_and(positions_hold)),
        None => geometry.get("coordinates").is_some_and(hold),
    }
}

/// Names of all properties, in the order in which they first occur.
fn names(features: &[Json]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let keys = features.iter().filter_map(|f| f["properties"].as_object()).flat_map(|p| p.keys());
    keys.filter(|key| seen.insert(key.as_str())).cloned().collect()
}
