//! Why a file of incidents cannot be used at all.

use crate::ingest::crosswalk::CrosswalkError;
use crate::ingest::csv::CsvError;
use crate::ingest::formats::FormatError;
use crate::ingest::input::InputError;
use crate::ingest::layout::LayoutError;

/// Why a file of incidents cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncidentsError {
    /// The file cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is no table.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// It is no file of features.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A layout is at fault.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A table of categories is at fault.
    #[error(transparent)]
    Crosswalk(#[from] CrosswalkError),
    /// No layout fits the header.
    #[error(
        "`{file}` has a header that no layout fits: {header}; describe its columns in a file and give that with --layout (see docs/layouts.md)"
    )]
    Unrecognised {
        /// The file.
        file: String,
        /// Its columns.
        header: String,
    },
    /// The layout given does not fit.
    #[error("`{file}` lacks the columns {lacking} that layout `{layout}` requires; its header is: {header}")]
    Misfit {
        /// The file.
        file: String,
        /// The layout's name.
        layout: String,
        /// What it requires and the file does not have.
        lacking: String,
        /// Its columns.
        header: String,
    },
    /// Nothing says which CRS the coordinates are in.
    #[error(
        "`{file}` does not say which coordinate reference system its coordinates are in; give it with --crs, e.g. --crs EPSG:4326 for longitude and latitude"
    )]
    NoCrs {
        /// The file.
        file: String,
    },
    /// The files have more classes than fit.
    #[error("`{file}` brings more than 65,534 different classes: is column `{column}` the offense?")]
    TooManyClasses {
        /// The file.
        file: String,
        /// The column taken as the class.
        column: String,
    },
}
