//! OGC GeoPackage: one layer of features, read only, from the disk or from memory.

use std::borrow::Cow;

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::{About, Feature, FormatError, unreadable, wkb};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};
use crate::space::crs::{Crs, CrsError};

/// No value is longer: 256 MiB.
const VALUE: i32 = 256 << 20;

/// A layer of features as the file lists it.
struct Layer {
    table: String,
    column: String,
    srs: i64,
    authority: String,
    code: i64,
    definition: String,
}

pub(super) fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    let file = || input.name.clone();
    let sql = |source| FormatError::GeoPackage { file: file(), source };
    let (db, size) = open(input)?;
    let layer = layer(input, &db)?;
    let crs = layer.crs().map_err(|source| FormatError::Crs { file: file(), source })?;
    let quoted = layer.table.replace('"', "\"\"");
    let mut query = db.prepare(&format!("SELECT * FROM \"{quoted}\"")).map_err(sql)?;
    let names = names(&db, &layer.table, query.column_count()).map_err(sql)?;
    let shape_at = names.iter().position(|name| name.eq_ignore_ascii_case(&layer.column));
    let columns: Vec<usize> = (0..names.len()).filter(|&at| Some(at) != shape_at).collect();
    let header = Header::new(columns.iter().map(|&at| names[at].as_str()));
    let mut state = begin(&About { header, crs, layer: Some(layer.table.clone()) })?;
    let mut rows = query.query([]).map_err(sql)?;
    let mut number = 0;
    while let Some(row) = rows.next().map_err(sql)? {
        number += 1;
        // A row takes some bytes of its file: a view that gives more gives them for ever.
        if number > size {
            return Err(FormatError::Endless { file: file(), layer: layer.table }.into());
        }
        let values: Vec<Cow<'_, str>> = columns.iter().map(|&at| text(row, at)).collect();
        let fields: Vec<&str> = values.iter().map(|value| &**value).collect();
        let shape = shape(row, number, shape_at);
        each(&mut state, shape.map(|shape| Feature { number, shape, fields: &fields }));
    }
    Ok(state)
}

/// The database and its size in bytes. Packed ones are read in memory; nothing is written to the disk.
fn open(input: &Input) -> Result<(Connection, u64), FormatError> {
    let sql = |source| FormatError::GeoPackage { file: input.name.clone(), source };
    let (db, size) = match input.path() {
        Some(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let size = std::fs::metadata(path).map_or(u64::MAX, |about| about.len());
            (Connection::open_with_flags(path, flags).map_err(sql)?, size)
        }
        None => {
            let mut bytes = input.whole()?;
            if i32::try_from(bytes.len()).is_err() {
                return Err(FormatError::Unpack { file: input.name.clone() });
            }
            // A write-ahead log is a file of its own, which memory has not: without one it reads as it stands.
            if matches!(bytes.get(18..20), Some([2, _] | [_, 2])) {
                bytes.to_mut()[18..20].fill(1);
            }
            let mut db = Connection::open_in_memory().map_err(sql)?;
            db.deserialize_read_exact("main", &bytes[..], bytes.len(), true).map_err(sql)?;
            (db, bytes.len() as u64)
        }
    };
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE).map_err(sql)?;
    db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0")
        .map_err(sql)?;
    Ok((db, size))
}

/// The layer that is asked for, or the only one.
fn layer(input: &Input, db: &Connection) -> Result<Layer, FormatError> {
    let file = || input.name.clone();
    let sql = |source| FormatError::GeoPackage { file: file(), source };
    let mut query = db
        .prepare(
            "SELECT g.table_name, g.column_name, g.srs_id, s.organization, s.organization_coordsys_id, s.definition \
             FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s USING (srs_id) ORDER BY 1",
        )
        .map_err(sql)?;
    let layer = |row: &Row<'_>| {
        Ok(Layer {
            table: row.get(0)?,
            column: row.get(1)?,
            srs: row.get(2)?,
            authority: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            code: row.get::<_, Option<i64>>(4)?.unwrap_or_default(),
            definition: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        })
    };
    let found = query.query_map([], layer).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(sql)?;
    let names = || found.iter().map(|layer| layer.table.clone()).collect();
    let chosen = match (input.layer(), &found[..]) {
        (Some(name), all) => all
            .iter()
            .position(|layer| layer.table == name)
            .ok_or_else(|| FormatError::NoLayer { file: file(), layer: name.to_owned(), layers: names() })?,
        (None, [_]) => 0,
        (None, _) => return Err(FormatError::Layers { file: file(), layers: names() }),
    };
    Ok(found.into_iter().nth(chosen).expect("a position in the list itself"))
}

/// Names of the columns. From the table's own list, since a name that is not UTF-8 stops the library elsewhere.
fn names(db: &Connection, table: &str, columns: usize) -> rusqlite::Result<Vec<String>> {
    let mut query = db.prepare("SELECT CAST(name AS BLOB) FROM pragma_table_info(?1) ORDER BY cid")?;
    let names = query.query_map([table], |row| {
        let name = row.get_ref(0)?.as_blob().unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    })?;
    let mut names = names.collect::<rusqlite::Result<Vec<_>>>()?;
    names.resize(columns, String::new());
    Ok(names)
}

impl Layer {
    /// Its CRS; -1 and 0 are the undefined ones of the standard, `Undefined SRS` is GDAL's.
    fn crs(&self) -> Result<Option<Crs>, CrsError> {
        let gdal =
            self.authority.eq_ignore_ascii_case("gdal") && self.definition.contains("\"Undefined SRS\"");
        if gdal || self.srs <= 0 || self.authority.is_empty() || self.authority.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let code = format!("{}:{}", self.authority.to_ascii_uppercase(), self.code);
        Crs::new(&code).or_else(|_| Crs::new(&self.definition)).map(Some)
    }
}

fn shape(row: &Row<'_>, number: u64, shape_at: Option<usize>) -> Result<Option<geo::Geometry>, Broken> {
    match shape_at.map(|at| row.get_ref(at)) {
        None | Some(Ok(ValueRef::Null)) => Ok(None),
        Some(Ok(ValueRef::Blob(blob))) => wkb::geopackage(blob).map_err(|e| unreadable(number, e)),
        Some(_) => Err(Broken::new(number, "geometry cannot be read: it is no blob")),
    }
}

fn text<'a>(row: &'a Row<'_>, at: usize) -> Cow<'a, str> {
    match row.get_ref(at) {
        Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text),
        Ok(ValueRef::Integer(n)) => Cow::Owned(n.to_string()),
        Ok(ValueRef::Real(n)) => Cow::Owned(n.to_string()),
        _ => Cow::Borrowed(""),
    }
}
