//! Why a file cannot be opened.

use super::zip::ZipError;
use crate::space::crs::CrsError;

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Neither the first bytes nor the ending tell anything.
    #[error("`{file}` is of a format or has an ending that is not known here; {expected}")]
    Format {
        /// The file.
        file: String,
        /// What would be.
        expected: &'static str,
    },
    /// The disk refused, or it is damaged.
    #[error("cannot read `{file}`")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A `.prj` that PROJ cannot make sense of.
    #[error(
        "`{file}` names a coordinate reference system that cannot be used; give the right one with --crs after removing the .prj"
    )]
    Prj {
        /// The file.
        file: String,
        /// Why.
        source: CrsError,
    },
    /// An archive that cannot be read.
    #[error("`{file}` is a zip archive that cannot be read")]
    Zip {
        /// The file.
        file: String,
        /// Why.
        source: ZipError,
    },
    /// An archive of several files, each of which could be meant.
    #[error("`{file}` holds {} files that could be meant: {}; unpack it and give one of them", found.len(), found.join(", "))]
    Several {
        /// The file.
        file: String,
        /// What could be meant.
        found: Vec<String>,
    },
    /// An archive of nothing that can be read.
    #[error("`{file}` holds nothing that can be read here, only: {}", found.join(", "))]
    NothingInside {
        /// The file.
        file: String,
        /// What it holds.
        found: Vec<String>,
    },
}
