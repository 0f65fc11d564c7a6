//! GeoJSON: RFC 7946 in longitude and latitude, or the older kind that names a `crs`.

use geojson::{FeatureCollection, GeoJson};

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::Input;
use crate::ingest::table::Header;
use crate::space::crs::Crs;

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let file = || input.name.clone();
    let bytes = input.bytes()?;
    let parsed: GeoJson =
        serde_json::from_slice(&bytes).map_err(|source| BlocksError::GeoJson { file: file(), source })?;
    let GeoJson::FeatureCollection(collection) = parsed else {
        return Err(BlocksError::NoCollection { file: file() });
    };
    let crs = named_crs(&collection)
        .map(|name| Crs::new(&name))
        .transpose()
        .map_err(|source| BlocksError::Crs { file: file(), source })?;
    let names = names(&collection);
    let rows = (1..).zip(collection.features).map(|(number, feature)| {
        let attributes = names.iter().map(|name| {
            let value = feature.properties.as_ref().and_then(|p| p.get(name));
            value.map_or_else(String::new, |v| match v {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            })
        });
        let attributes = attributes.collect();
        let geometry = feature.geometry.ok_or_else(|| broken(number, "no geometry", ""))?;
        let shape = geo::Geometry::try_from(geometry)
            .map_err(|e| broken(number, &format!("geometry cannot be read: {e}"), ""))?;
        Ok(Feature { number, shape, attributes })
    });
    let rows = rows.collect();
    Ok(Features {
        header: Header::new(names.iter().map(String::as_str)),
        crs: crs.or_else(|| Some(Crs::crs84())),
        rows,
    })
}

/// Names of all properties, in the order in which they first occur.
fn names(collection: &FeatureCollection) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let keys = collection.features.iter().filter_map(|f| f.properties.as_ref()).flat_map(|p| p.keys());
    keys.filter(|key| seen.insert(key.as_str())).cloned().collect()
}

/// The name in a `crs` member, as GeoJSON had it before 2016.
fn named_crs(collection: &FeatureCollection) -> Option<String> {
    let crs = collection.foreign_members.as_ref()?.get("crs")?;
    Some(crs.get("properties")?.get("name")?.as_str()?.to_owned())
}
