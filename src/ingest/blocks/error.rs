//! Why a block file cannot be used.

use crate::ingest::formats::FormatError;

/// Why a block file cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlocksError {
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Nothing says which CRS the coordinates are in.
    #[error("`{file}` does not say which coordinate reference system it is in; give it with --crs")]
    NoCrs {
        /// The file.
        file: String,
    },
    /// Neither lines nor polygons, or none that can be used.
    #[error("`{file}` has no usable street line or polygon among its {read} shapes{because}")]
    Nothing {
        /// The file.
        file: String,
        /// How many shapes it has.
        read: usize,
        /// The commonest reason.
        because: String,
    },
}
