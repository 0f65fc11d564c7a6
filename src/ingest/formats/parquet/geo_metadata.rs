//! What GeoParquet says about its geometry: column, encoding, CRS.

use parquet::file::metadata::KeyValue;
use serde_json::Value as Json;

use crate::ingest::formats::FormatError;
use crate::ingest::input::Input;
use crate::space::crs::{Crs, CrsError};

/// What GeoParquet says about its primary column.
pub(super) struct Said {
    /// The primary column.
    pub(super) column: String,
    /// Other columns of geometry, and the boxes that only help to search.
    pub(super) passed_over: Vec<String>,
    /// Its encoding in lower case, without the name of the family.
    pub(super) encoding: String,
    /// Its CRS; `None` where it is said to be unknown.
    pub(super) crs: Option<Crs>,
}

/// The `geo` metadata; `None` in a plain table.
pub(super) fn read(input: &Input, pairs: Option<&Vec<KeyValue>>) -> Result<Option<Said>, FormatError> {
    let file = || input.name.clone();
    let pair = pairs.into_iter().flatten().find(|pair| pair.key == "geo");
    let Some(text) = pair.and_then(|pair| pair.value.as_deref()) else { return Ok(None) };
    let geo: Json =
        serde_json::from_str(text).map_err(|source| FormatError::Json { file: file(), source })?;
    let column = geo["primary_column"].as_str().unwrap_or("geometry").to_owned();
    let columns = geo["columns"].as_object();
    let about = &geo["columns"][&column];
    let crs = crs(about.get("crs")).map_err(|source| FormatError::Crs { file: file(), source })?;
    let others = columns.into_iter().flatten().map(|(name, _)| name.clone());
    let boxes = columns.into_iter().flatten().filter_map(|(_, about)| {
        Some(about["covering"]["bbox"]["xmin"].as_array()?.first()?.as_str()?.to_owned())
    });
    let passed_over = others.filter(|name| *name != column).chain(boxes).collect();
    let encoding = about["encoding"].as_str().unwrap_or("none").to_ascii_lowercase();
    let encoding = encoding.trim_start_matches("geoarrow.").to_owned();
    Ok(Some(Said { column, passed_over, encoding, crs }))
}

/// An absent `crs` means CRS84, a null one that it is unknown; else it is PROJJSON, with or without an id.
fn crs(crs: Option<&Json>) -> Result<Option<Crs>, CrsError> {
    let json = match crs {
        None => return Ok(Some(Crs::crs84())),
        Some(Json::Null) => return Ok(None),
        Some(Json::String(text)) => return Crs::new(text).map(Some),
        Some(json) => json,
    };
    let code = match &json["id"]["code"] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match json["id"]["authority"].as_str() {
        Some(authority) => {
            Crs::new(&format!("{authority}:{code}")).or_else(|_| Crs::new(&json.to_string())).map(Some)
        }
        None => Crs::new(&json.to_string()).map(Some),
    }
}
