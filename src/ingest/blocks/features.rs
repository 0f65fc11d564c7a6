//! What all block files have in common: shapes with attributes, in some CRS.

use geo::Geometry;

use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

/// One shape with its attributes as text, in the order of the header.
#[derive(Debug)]
pub(super) struct Feature {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// Its shape, in the CRS of the file.
    pub(super) shape: Geometry,
    /// Its attributes.
    pub(super) attributes: Vec<String>,
}

/// All shapes of a file; those that cannot be read keep their place.
#[derive(Debug)]
pub(super) struct Features {
    /// Names of the attributes.
    pub(super) header: Header,
    /// The CRS that the file itself names.
    pub(super) crs: Option<Crs>,
    /// The shapes.
    pub(super) rows: Vec<Result<Feature, Broken>>,
}

/// A shape that cannot be used, with the reason.
pub(super) fn broken(line: u64, reason: &str, value: &str) -> Broken {
    Broken { line, reason: reason.to_owned(), value: value.to_owned() }
}
