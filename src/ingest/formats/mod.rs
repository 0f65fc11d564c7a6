//! Files of features, whatever their format: a header, then feature by feature its shape and its fields.

mod dbf;
mod error;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod json;
mod parquet;
pub mod points;
mod rings;
mod shapefile;
mod wkb;

pub use self::dbf::DbfError;
pub use self::error::FormatError;
use super::input::{Format, Input};
use super::table::{Broken, Header};
use crate::space::crs::Crs;

/// One feature of a file.
#[derive(Debug)]
pub struct Feature<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its shape in the CRS of the file; `None` where the file gives none.
    pub shape: Option<geo::Geometry>,
    /// Its fields as text in the order of the header; what is absent or null is empty.
    pub fields: &'a [&'a str],
}

/// What a file says about itself.
#[derive(Debug)]
pub struct About {
    /// Names of the columns, without the one that holds the geometry.
    pub header: Header,
    /// The CRS that the file itself names; `None` if it names none or says that it is unknown.
    pub crs: Option<Crs>,
    /// The layer, in files that have layers.
    pub layer: Option<String>,
}

/// Reads a file of features. `begin` is told what the file says about itself and returns what `each` works on.
///
/// A feature without geometry has no shape; one that cannot be read goes to `each` as [`Broken`], with its
/// number, and the next is read.
///
/// # Errors
///
/// [`FormatError`] if the file cannot be read; `begin`'s own error if it cannot use the file.
pub fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    match input.format {
        Format::GeoJson | Format::GeoJsonLines => geojson::read(input, begin, each),
        Format::Shapefile => shapefile::read(input, begin, each),
        Format::GeoPackage => geopackage::read(input, begin, each),
        Format::FlatGeobuf => flatgeobuf::read(input, begin, each),
        Format::GeoParquet => parquet::read(input, begin, each),
        Format::Csv => Err(FormatError::Text { file: input.name.clone() }.into()),
    }
}

/// A geometry that cannot be read, with the reason.
fn unreadable(line: u64, why: impl std::fmt::Display) -> Broken {
    Broken::new(line, format!("geometry cannot be read: {why}"))
}
