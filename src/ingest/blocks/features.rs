//! All features of a block file at once: whether there is a line among them decides what the rest is.

use geo::Geometry;

use super::error::BlocksError;
use crate::ingest::formats;
use crate::ingest::input::Input;
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

/// Reads all features of a file; one without a shape is no block.
pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    formats::read(
        input,
        |about| Ok(Features { header: about.header.clone(), crs: about.crs.clone(), rows: Vec::new() }),
        |features, feature| {
            features.rows.push(feature.and_then(|feature| {
                let number = feature.number;
                let shape = feature.shape.ok_or_else(|| Broken {
                    line: number,
                    reason: "no geometry".to_owned(),
                    value: String::new(),
                })?;
                let attributes = feature.fields.iter().map(|&field| field.to_owned()).collect();
                Ok(Feature { number, shape, attributes })
            }));
        },
    )
}
