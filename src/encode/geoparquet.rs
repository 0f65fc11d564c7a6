//! Layers as GeoParquet 1.1: WKB in longitude and latitude, with the box of each shape beside it.

use std::collections::BTreeSet;
use std::sync::Arc;

use geo::Geometry;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use serde_json::{Value as Json, json};

use super::columns::{Cell, Columns, Kind, days};
use super::geojson::provenance;
use super::shape::{around, bounds, kind, on_wire, wkb};
use crate::layer::Layer;

/// Rows of a group, so that a reader can pass over those outside its box.
const GROUP: usize = 20_000;

/// The sides of a box, in the order of the columns.
const SIDES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// A layer as a file. The key `hotblocks` beside `geo` says what made it and what must be said with it.
///
/// # Errors
///
/// What the library says.
pub fn bytes(layer: &Layer) -> Result<Vec<u8>, ParquetError> {
    let columns = Columns::of(layer);
    let shapes: Vec<Option<Geometry>> =
        layer.features.iter().map(|feature| feature.geometry.as_deref().map(on_wire)).collect();
    let about = json!({ "layer": layer.name, "notice": layer.notice, "provenance": provenance(layer) });
    let told = [("geo", geo(&shapes)), ("hotblocks", about)];
    let told = told.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_string()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(told.into()))
        .set_created_by(concat!("hotblocks version ", env!("CARGO_PKG_VERSION")).to_owned())
        // Bytes of shapes have no order that would help anybody.
        .set_column_statistics_enabled(ColumnPath::from("geometry"), EnabledStatistics::None)
        .set_column_dictionary_enabled(ColumnPath::from("geometry"), false)
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema(layer, &columns)?, Arc::new(properties))?;
    for from in (0..shapes.len()).step_by(GROUP) {
        let to = shapes.len().min(from + GROUP);
        let mut group = file.next_row_group()?;
        let ids = layer.features[from..to].iter().map(|feature| Some(ByteArray::from(feature.id.as_str())));
        column::<ByteArrayType, _>(&mut group, ids, false)?;
        for (at, of) in columns.columns.iter().enumerate() {
            let cells = columns.rows[from..to].iter().map(|row| &row[at]);
            write(&mut group, of.kind, cells)?;
        }
        let shapes = &shapes[from..to];
        column::<ByteArrayType, _>(
            &mut group,
            shapes.iter().map(|s| s.as_ref().map(|s| wkb(s).into())),
            true,
        )?;
        let boxes: Vec<Option<[f64; 4]>> = shapes.iter().map(|s| s.as_ref().and_then(bounds)).collect();
        for side in 0..SIDES.len() {
            column::<DoubleType, _>(
                &mut group,
                boxes.iter().map(|sides| sides.map(|sides| sides[side])),
                true,
            )?;
        }
        group.close()?;
    }
    file.into_inner()
}

/// The metadata of the standard. Without a `crs` it is OGC:CRS84.
fn geo(shapes: &[Option<Geometry>]) -> Json {
    let kinds: BTreeSet<&str> = shapes.iter().flatten().map(kind).collect();
    let covering: serde_json::Map<String, Json> =
        SIDES.iter().map(|side| ((*side).to_owned(), json!(["bbox", side]))).collect();
    let mut column = json!({
        "encoding": "WKB",
        "geometry_types": kinds,
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": { "bbox": covering },
    });
    if let Some(extent) = around(shapes.iter().flatten().filter_map(bounds)) {
        column["bbox"] = json!(extent);
    }
    json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } })
}

fn schema(layer: &Layer, columns: &Columns<'_>) -> Result<TypePtr, ParquetError> {
    let leaf = |name: &str, physical, logical, repetition| {
        let built = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        built.with_repetition(repetition).build().map(Arc::new)
    };
    let mut fields = vec![leaf("id", Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED)?];
    for column in &columns.columns {
        let (physical, logical) = types(column.kind);
        fields.push(leaf(&column.name, physical, logical, Repetition::OPTIONAL)?);
    }
    fields.push(leaf("geometry", Physical::BYTE_ARRAY, None, Repetition::OPTIONAL)?);
    let sides = SIDES.map(|side| leaf(side, Physical::DOUBLE, None, Repetition::REQUIRED));
    let sides = sides.into_iter().collect::<Result<Vec<_>, _>>()?;
    let sides =
        Type::group_type_builder("bbox").with_repetition(Repetition::OPTIONAL).with_fields(sides).build()?;
    fields.push(Arc::new(sides));
    Type::group_type_builder(layer.name).with_fields(fields).build().map(Arc::new)
}

fn types(kind: Kind) -> (Physical, Option<LogicalType>) {
    match kind {
        Kind::Bool => (Physical::BOOLEAN, None),
        Kind::Int => (Physical::INT64, None),
        Kind::Float => (Physical::DOUBLE, None),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    }
}

fn write<'c>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    kind: Kind,
    cells: impl Iterator<Item = &'c Cell<'c>>,
) -> Result<(), ParquetError> {
    match kind {
        Kind::Bool => column::<BoolType, _>(
            group,
            cells.map(|cell| if let Cell::Bool(flag) = cell { Some(*flag) } else { None }),
            true,
        ),
        Kind::Int => column::<Int64Type, _>(
            group,
            cells.map(|cell| if let Cell::Int(n) = cell { Some(*n) } else { None }),
            true,
        ),
        Kind::Float => column::<DoubleType, _>(group, cells.map(Cell::number), true),
        Kind::Date => column::<Int32Type, _>(group, cells.map(|cell| cell.date().map(days)), true),
        Kind::Time => {
            column::<Int64Type, _>(group, cells.map(|cell| cell.second().map(|at| at.as_millisecond())), true)
        }
        Kind::Text => {
            let words = cells.map(|cell| cell.words().map(|words| ByteArray::from(&*words)));
            column::<ByteArrayType, _>(group, words, true)
        }
    }
}

/// The next column, null where there is no value; one that may not be null is told no levels.
fn column<T: DataType, I: Iterator<Item = Option<T::T>>>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    cells: I,
    nullable: bool,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let missing = || ParquetError::General("the schema has fewer columns than the rows".to_owned());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    writer.typed::<T>().write_batch(&values, nullable.then_some(&levels[..]), None)?;
    writer.close()
}
