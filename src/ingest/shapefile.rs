//! Shapefiles: points with their attributes to rows, lines and polygons to shapes.

use std::io::Cursor;

use shapefile::dbase::{self, FieldValue, Record};

use super::input::{Input, InputError};
use super::table::{Broken, Header, Row};

/// Why a shapefile cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapefileError {
    /// The attributes are missing.
    #[error("`{file}` has no .dbf beside it, which holds its attributes")]
    NoDbf {
        /// The file.
        file: String,
    },
    /// It does not follow the format.
    #[error("`{file}` is no shapefile that can be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: shapefile::Error,
    },
    /// Its attributes do not follow the format.
    #[error("the .dbf of `{file}` cannot be read")]
    Dbf {
        /// The file.
        file: String,
        /// Why.
        source: dbase::Error,
    },
    /// The disk refused.
    #[error(transparent)]
    Input(#[from] InputError),
}

type Reader = shapefile::Reader<Cursor<Vec<u8>>, Cursor<Vec<u8>>>;

/// Opens a shapefile with its attributes.
pub(crate) fn open(input: &Input) -> Result<(Reader, Vec<String>), ShapefileError> {
    let file = || input.name.clone();
    let shp = input.bytes()?.into_owned();
    let dbf = input.beside("dbf")?.ok_or_else(|| ShapefileError::NoDbf { file: file() })?;
    let shapes = shapefile::ShapeReader::new(Cursor::new(shp))
        .map_err(|source| ShapefileError::Read { file: file(), source })?;
    let table = dbase::Reader::new(Cursor::new(dbf.into_owned()))
        .map_err(|source| ShapefileError::Dbf { file: file(), source })?;
    let names = table.fields().iter().map(|field| field.name().to_owned()).collect();
    Ok((shapefile::Reader::new(shapes, table), names))
}

/// Reads the points of a shapefile as rows. `begin` is given the header and returns what `each` works on.
///
/// # Errors
///
/// [`ShapefileError`] if it cannot be opened, `begin`'s own error if it cannot use the header. A
/// shape that is no point goes to `each` as [`Broken`].
pub fn read<S, E: From<ShapefileError>>(
    input: &Input,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<S, E> {
    let (mut reader, names) = open(input)?;
    let header = Header::new(names.iter().map(String::as_str));
    let mut state = begin(&header)?;
    for (line, row) in (1..).zip(reader.iter_shapes_and_records()) {
        let (shape, record) = match row {
            Ok(row) => row,
            Err(e) => {
                each(
                    &mut state,
                    Err(Broken { line, reason: format!("cannot be read: {e}"), value: String::new() }),
                );
                continue;
            }
        };
        let point = match shape {
            shapefile::Shape::Point(p) => Some((p.x, p.y)),
            shapefile::Shape::PointM(p) => Some((p.x, p.y)),
            shapefile::Shape::PointZ(p) => Some((p.x, p.y)),
            shapefile::Shape::NullShape => None,
            other => {
                let value = other.shapetype().to_string();
                each(&mut state, Err(Broken { line, reason: "no point".to_owned(), value }));
                continue;
            }
        };
        let texts = texts(record, &names);
        let fields: Vec<&str> = texts.iter().map(String::as_str).collect();
        each(&mut state, Ok(Row { line, fields: &fields, point }));
    }
    Ok(state)
}

/// A record's values as text, in the order of the names.
pub(crate) fn texts(record: Record, names: &[String]) -> Vec<String> {
    let mut values: std::collections::HashMap<String, FieldValue> = record.into_iter().collect();
    names.iter().map(|name| values.remove(name).map_or_else(String::new, text)).collect()
}

fn text(value: FieldValue) -> String {
    match value {
        FieldValue::Character(text) => text.unwrap_or_default(),
        FieldValue::Numeric(number) => number.map_or_else(String::new, |n| n.to_string()),
        FieldValue::Float(number) => number.map_or_else(String::new, |n| n.to_string()),
        FieldValue::Integer(number) => number.to_string(),
        FieldValue::Double(number) | FieldValue::Currency(number) => number.to_string(),
        FieldValue::Logical(flag) => flag.map_or_else(String::new, |f| f.to_string()),
        FieldValue::Date(date) => {
            date.map_or_else(String::new, |d| format!("{:04}-{:02}-{:02}", d.year(), d.month(), d.day()))
        }
        FieldValue::DateTime(_) | FieldValue::Memo(_) => String::new(),
    }
}
