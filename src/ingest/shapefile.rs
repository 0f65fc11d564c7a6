//! Shapefiles: shapes with their attributes, by position.

use std::io::Cursor;

use shapefile::{Shape, ShapeReader};

use super::dbf::{DbfError, Table};
use super::input::{Input, InputError};
use super::table::{Broken, Fields, Header, Row};

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
    /// It does not follow the format, or ends early.
    #[error("`{file}` cannot be read beyond shape {shape}; export it again")]
    Read {
        /// The file.
        file: String,
        /// The last shape that could be read.
        shape: usize,
        /// Why.
        source: shapefile::Error,
    },
    /// Its attributes do not follow the format.
    #[error("the .dbf of `{file}` cannot be read; export it again")]
    Dbf {
        /// The file.
        file: String,
        /// Why.
        source: DbfError,
    },
    /// Shapes and attributes do not belong together.
    #[error("`{file}` has {shapes} shapes but {rows} rows of attributes; export it again")]
    Unequal {
        /// The file.
        file: String,
        /// Shapes in the .shp.
        shapes: usize,
        /// Rows in the .dbf.
        rows: usize,
    },
    /// The disk refused.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// Reads a shapefile. `begin` is given the header and returns what `each` works on: the number of a
/// shape, the shape, its attributes. Deleted rows go to `each` as [`Broken`].
///
/// # Errors
///
/// [`ShapefileError`] if shapes or attributes cannot be read to their end or differ in number,
/// `begin`'s own error if it cannot use the header.
pub(crate) fn shapes<S, E: From<ShapefileError>>(
    input: &Input,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<(u64, Shape, &[&str]), Broken>),
) -> Result<S, E> {
    let file = || input.name.clone();
    let shp = input.bytes().map_err(ShapefileError::from)?;
    let dbf = input.beside("dbf").map_err(ShapefileError::from)?;
    let dbf = dbf.ok_or_else(|| ShapefileError::NoDbf { file: file() })?;
    let table = Table::open(&dbf).map_err(|source| ShapefileError::Dbf { file: file(), source })?;
    let all = read_all(&input.name, &shp)?;
    if all.len() != table.len() {
        return Err(ShapefileError::Unequal { file: file(), shapes: all.len(), rows: table.len() }.into());
    }
    let mut state = begin(&Header::new(table.names()))?;
    for (at, shape) in all.into_iter().enumerate() {
        let number = at as u64 + 1;
        match table.row(at) {
            Some(row) => {
                let fields: Vec<&str> = row.iter().map(|value| &**value).collect();
                each(&mut state, Ok((number, shape, &fields)));
            }
            None => {
                let reason = "marked as deleted".to_owned();
                each(&mut state, Err(Broken { line: number, reason, value: String::new() }));
            }
        }
    }
    Ok(state)
}

/// All shapes; the reader would give the same error for ever, so the first one ends it.
fn read_all(file: &str, shp: &[u8]) -> Result<Vec<Shape>, ShapefileError> {
    let failed = |shape, source| ShapefileError::Read { file: file.to_owned(), shape, source };
    let mut reader = ShapeReader::new(Cursor::new(shp)).map_err(|source| failed(0, source))?;
    let mut all = Vec::new();
    for shape in reader.iter_shapes() {
        all.push(shape.map_err(|source| failed(all.len(), source))?);
    }
    Ok(all)
}

/// Reads the points of a shapefile as rows; a shape that is no point goes to `each` as [`Broken`].
///
/// # Errors
///
/// As [`ShapefileError`] says; `begin`'s own error if it cannot use the header.
pub fn read<S, E: From<ShapefileError>>(
    input: &Input,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<S, E> {
    shapes(input, begin, |state, row| {
        let row = row.and_then(|(line, shape, fields)| {
            let point = match shape {
                Shape::Point(p) => Some((p.x, p.y)),
                Shape::PointM(p) => Some((p.x, p.y)),
                Shape::PointZ(p) => Some((p.x, p.y)),
                Shape::NullShape => None,
                other => {
                    let value = other.shapetype().to_string();
                    return Err(Broken { line, reason: "no point".to_owned(), value });
                }
            };
            Ok(Row { line, fields: Fields::List(fields), point })
        });
        each(state, row);
    })
}
