//! GeoParquet with geometry as WKB.

use std::fs::File;

use geozero::ToGeo;
use geozero::wkb::Wkb;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::{Input, InputError};
use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let file = || input.name.clone();
    let failed = |source| BlocksError::Parquet { file: file(), source };
    let path = input.path().ok_or_else(|| BlocksError::Format { file: file() })?;
    let opened = File::open(path).map_err(|source| InputError::Read { file: file(), source })?;
    let reader = SerializedFileReader::new(opened).map_err(failed)?;
    let meta = reader.metadata().file_metadata();
    let geo = meta.key_value_metadata().into_iter().flatten().find(|kv| kv.key == "geo");
    let geo: serde_json::Value = geo
        .and_then(|kv| serde_json::from_str(kv.value.as_deref()?).ok())
        .ok_or_else(|| BlocksError::NoGeo { file: file() })?;
    let column = geo["primary_column"].as_str().unwrap_or("geometry").to_owned();
    let about = &geo["columns"][&column];
    if about["encoding"] != "WKB" {
        return Err(BlocksError::Encoding { file: file(), encoding: about["encoding"].to_string() });
    }
    let crs = crs_of(about.get("crs")).map_err(|source| BlocksError::Crs { file: file(), source })?;
    let names: Vec<String> =
        meta.schema_descr().root_schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    let shape_at = names.iter().position(|name| *name == column);
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(failed)? {
        let number = rows.len() as u64 + 1;
        rows.push(feature(&row.map_err(failed)?, number, shape_at));
    }
    Ok(Features { header: Header::new(names.iter().map(String::as_str)), crs, rows })
}

/// An absent `crs` means CRS84, a null one that it is unknown; else it is PROJJSON with an id.
fn crs_of(crs: Option<&serde_json::Value>) -> Result<Option<Crs>, crate::space::crs::CrsError> {
    match crs {
        None => Ok(Some(Crs::crs84())),
        Some(serde_json::Value::Null) => Ok(None),
        Some(json) => {
            let id = &json["id"];
            let code = match &id["code"] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match id["authority"].as_str() {
                Some(authority) => Crs::new(&format!("{authority}:{code}")).map(Some),
                None => Crs::new(&json.to_string()).map(Some),
            }
        }
    }
}

fn feature(row: &Row, number: u64, shape_at: Option<usize>) -> Result<Feature, Broken> {
    let mut shape = None;
    let mut attributes = Vec::with_capacity(row.len());
    for (at, (_, field)) in row.get_column_iter().enumerate() {
        match field {
            Field::Bytes(bytes) if Some(at) == shape_at => shape = Some(bytes.data().to_vec()),
            _ => {}
        }
        attributes.push(match field {
            Field::Null | Field::Bytes(_) => String::new(),
            Field::Str(text) => text.clone(),
            Field::Double(n) => n.to_string(),
            Field::Float(n) => n.to_string(),
            other => other.to_string(),
        });
    }
    let wkb = shape.ok_or_else(|| broken(number, "no geometry", ""))?;
    let shape =
        Wkb(wkb).to_geo().map_err(|e| broken(number, &format!("geometry cannot be read: {e}"), ""))?;
    Ok(Feature { number, shape, attributes })
}
