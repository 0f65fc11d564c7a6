//! Layers as OGC GeoPackage 1.3: one table of features in WGS 84, made in memory.

use geo::Geometry;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params, params_from_iter};

use super::columns::{Cell, Columns, Kind};
use super::geojson::provenance;
use super::shape::{around, bounds, kind, on_wire, wkb};
use crate::layer::{Layer, Value};

/// WGS 84.
const SRS: i32 = 4326;

/// The CRS as the standard spells it (GeoPackage 1.3.1, table 3 and its example).
const WGS84: &str = r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#;

/// The tables that every file has: application id `GPKG`, version 1.3.
const TABLES: &str = "
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_metadata', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec131/#extension_metadata', 'read-write'),
  ('gpkg_metadata_reference', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec131/#extension_metadata', 'read-write');
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id INTEGER NOT NULL,
  md_parent_id INTEGER, CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id));
";

/// A layer as a file. What must be said with it is its description, what made it its metadata. The same layer gives the
/// same bytes: the time of change is that of the data.
///
/// # Errors
///
/// What SQLite says.
pub fn bytes(layer: &Layer) -> rusqlite::Result<Vec<u8>> {
    let mut db = Connection::open_in_memory()?;
    db.execute_batch(TABLES)?;
    let change = db.transaction()?;
    let columns = Columns::of(layer);
    let shapes: Vec<Option<Geometry>> =
        layer.features.iter().map(|feature| feature.geometry.as_deref().map(on_wire)).collect();
    describe(&change, layer, &shapes)?;
    let defined: String = columns
        .columns
        .iter()
        .map(|column| format!(", {} {}", quoted(&column.name), sql_type(column.kind)))
        .collect();
    let table = quoted(layer.name);
    let kind = kind_of_all(&shapes);
    change.execute_batch(&format!(
        "CREATE TABLE {table} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {kind}, id TEXT NOT NULL{defined})"
    ))?;
    let marks = ", ?".repeat(columns.columns.len());
    let mut insert = change.prepare(&format!("INSERT INTO {table} VALUES (NULL, ?, ?{marks})"))?;
    for ((feature, shape), row) in layer.features.iter().zip(&shapes).zip(&columns.rows) {
        let first =
            [shape.as_ref().map_or(Sql::Null, |shape| Sql::Blob(blob(shape))), Sql::Text(feature.id.clone())];
        let rest = columns.columns.iter().zip(row).map(|(column, cell)| sql(column.kind, cell));
        insert.execute(params_from_iter(first.into_iter().chain(rest)))?;
    }
    drop(insert);
    change.commit()?;
    Ok(db.serialize("main")?.to_vec())
}

/// What the file says of its one table.
fn describe(db: &Connection, layer: &Layer, shapes: &[Option<Geometry>]) -> rusqlite::Result<()> {
    let changed = changed(layer);
    let extent = around(shapes.iter().flatten().filter_map(bounds));
    let [west, south, east, north] = extent.map_or([None; 4], |extent| extent.map(Some));
    db.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84 geodetic', ?1, 'EPSG', ?1, ?2, 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid')",
        params![SRS, WGS84],
    )?;
    db.execute(
        "INSERT INTO gpkg_contents VALUES (?1, 'features', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            layer.name,
            layer.notice.as_deref().unwrap_or_default(),
            changed,
            west,
            south,
            east,
            north,
            SRS
        ],
    )?;
    db.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
        params![layer.name, kind_of_all(shapes), SRS],
    )?;
    db.execute(
        "INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'https://datatracker.ietf.org/doc/html/rfc8259', 'application/json', ?1)",
        [provenance(layer).to_string()],
    )?;
    db.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('table', ?1, NULL, NULL, ?2, 1, NULL)",
        params![layer.name, changed],
    )?;
    Ok(())
}

/// When the data last changed: the last of their dates, since no clock is asked.
fn changed(layer: &Layer) -> String {
    let period = layer.provenance.iter().find(|(name, _)| *name == "data_period");
    let last = match period {
        Some((_, Value::Text(text))) => text.rsplit('/').next().filter(|day| day.len() == 10),
        _ => None,
    };
    format!("{}T00:00:00.000Z", last.unwrap_or("1970-01-01"))
}

/// The type of all shapes, where they have one.
fn kind_of_all(shapes: &[Option<Geometry>]) -> String {
    let mut kinds = shapes.iter().flatten().map(kind);
    let first = kinds.next().unwrap_or("Geometry");
    if kinds.all(|kind| kind == first) { first.to_uppercase() } else { "GEOMETRY".to_owned() }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "BOOLEAN",
        Kind::Int => "INTEGER",
        Kind::Float => "REAL",
        Kind::Date => "DATE",
        Kind::Time => "DATETIME",
        Kind::Text => "TEXT",
    }
}

fn sql(kind: Kind, cell: &Cell<'_>) -> Sql {
    let words = || cell.words().map_or(Sql::Null, |words| Sql::Text(words.into_owned()));
    match (kind, cell) {
        (_, Cell::Null) => Sql::Null,
        (Kind::Bool, Cell::Bool(flag)) => Sql::Integer(i64::from(*flag)),
        (Kind::Int, Cell::Int(n)) => Sql::Integer(*n),
        (Kind::Float, cell) => cell.number().map_or(Sql::Null, Sql::Real),
        // The standard has times in UTC with three decimals, and no others.
        (Kind::Time, cell) => cell
            .second()
            .map_or_else(words, |at| Sql::Text(at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())),
        _ => words(),
    }
}

/// A shape behind the header of the standard, with its box where it is no point.
fn blob(shape: &Geometry) -> Vec<u8> {
    let mut out = b"GP\0".to_vec();
    let (empty, extent) = match (bounds(shape), shape) {
        (None, _) => (1, None),
        (Some(_), Geometry::Point(_)) => (0, None),
        (Some(extent), _) => (0, Some(extent)),
    };
    // Little endian; the kind of box, 1 for x and y; whether the shape is empty.
    out.push(1 | (u8::from(extent.is_some()) << 1) | (empty << 4));
    out.extend(SRS.to_le_bytes());
    if let Some([west, south, east, north]) = extent {
        [west, east, south, north].iter().for_each(|side| out.extend(side.to_le_bytes()));
    }
    out.extend(wkb(shape));
    out
}
