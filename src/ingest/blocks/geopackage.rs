//! OGC GeoPackage: the one table of features in it.

use geozero::ToGeo;
use geozero::wkb::GpkgWkb;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let file = || input.name.clone();
    let sql = |source| BlocksError::GeoPackage { file: file(), source };
    let path = input.path().ok_or_else(|| BlocksError::Format { file: file() })?;
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
    let mut layers = db
        .prepare(
            "SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id, s.definition \
                  FROM gpkg_geometry_columns g JOIN gpkg_spatial_ref_sys s USING (srs_id) ORDER BY 1",
        )
        .map_err(sql)?;
    let found = layers
        .query_map([], |row| {
            Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?, row.get::<_, i64>(3)?, text(row, 4)?))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(sql)?;
    let [(table, column, authority, code, definition)] = &found[..] else {
        let tables = found.into_iter().map(|layer| layer.0).collect();
        return Err(BlocksError::Layers { file: file(), tables });
    };
    let crs = match authority.to_ascii_uppercase().as_str() {
        "NONE" => None,
        name => Some(
            Crs::new(&format!("{name}:{code}"))
                .or_else(|_| Crs::new(definition))
                .map_err(|source| BlocksError::Crs { file: file(), source })?,
        ),
    };
    let quoted = table.replace('"', "\"\"");
    let mut query = db.prepare(&format!("SELECT * FROM \"{quoted}\"")).map_err(sql)?;
    let names: Vec<String> = query.column_names().into_iter().map(str::to_owned).collect();
    let shape_at = names.iter().position(|name| name == column);
    let mut cursor = query.query([]).map_err(sql)?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next().map_err(sql)? {
        let number = rows.len() as u64 + 1;
        rows.push(feature(row, number, shape_at, names.len()));
    }
    Ok(Features { header: Header::new(names.iter().map(String::as_str)), crs, rows })
}

fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    row.get(at)
}

fn feature(row: &Row<'_>, number: u64, shape_at: Option<usize>, columns: usize) -> Result<Feature, Broken> {
    let blob = shape_at.and_then(|at| row.get_ref(at).ok()).and_then(|value| value.as_blob().ok());
    let blob = blob.ok_or_else(|| broken(number, "no geometry", ""))?;
    let shape = GpkgWkb(blob.to_vec())
        .to_geo()
        .map_err(|e| broken(number, &format!("geometry cannot be read: {e}"), ""))?;
    let value = |at| match row.get_ref(at) {
        Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        Ok(ValueRef::Integer(n)) => n.to_string(),
        Ok(ValueRef::Real(n)) => n.to_string(),
        _ => String::new(),
    };
    Ok(Feature { number, shape, attributes: (0..columns).map(value).collect() })
}
