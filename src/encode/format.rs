//! The forms in which the features of a layer are written: one table of words, endings and media types for both edges.

use super::{csv, flatgeobuf, geojson, geopackage, geoparquet};
use crate::layer::Layer;

/// A form of a layer's features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A collection, RFC 7946.
    GeoJson,
    /// A text sequence, RFC 8142.
    GeoJsonSeq,
    /// A feature a line.
    NdJson,
    /// Comma-separated values with their shapes.
    Csv,
    /// The same for Excel.
    CsvExcel,
    /// FlatGeobuf.
    FlatGeobuf,
    /// OGC GeoPackage.
    GeoPackage,
    /// GeoParquet.
    GeoParquet,
}

/// Why a layer cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// FlatGeobuf refused.
    #[error("the layer cannot be written as FlatGeobuf")]
    FlatGeobuf(#[from] ::flatgeobuf::Error),
    /// SQLite refused.
    #[error("the layer cannot be written as GeoPackage")]
    GeoPackage(#[from] rusqlite::Error),
    /// Parquet refused.
    #[error("the layer cannot be written as GeoParquet")]
    GeoParquet(#[from] parquet::errors::ParquetError),
}

impl Format {
    /// All of them, the plainest first.
    pub const ALL: [Self; 8] = [
        Self::GeoJson,
        Self::GeoJsonSeq,
        Self::NdJson,
        Self::Csv,
        Self::CsvExcel,
        Self::FlatGeobuf,
        Self::GeoPackage,
        Self::GeoParquet,
    ];

    /// Its word in `f=` and `--format`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::GeoJsonSeq => "geojsonseq",
            Self::NdJson => "ndjson",
            Self::Csv => "csv",
            Self::CsvExcel => "csv-excel",
            Self::FlatGeobuf => "fgb",
            Self::GeoPackage => "gpkg",
            Self::GeoParquet => "parquet",
        }
    }

    /// The endings of its files, the commonest first. A file for Excel ends as any CSV, so its ending alone means none.
    #[must_use]
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::GeoJson => &["geojson", "json"],
            Self::GeoJsonSeq => &["geojsonseq", "geojsons"],
            Self::NdJson => &["ndjson", "geojsonl", "jsonl"],
            Self::Csv => &["csv"],
            Self::CsvExcel => &[],
            Self::FlatGeobuf => &["fgb"],
            Self::GeoPackage => &["gpkg"],
            Self::GeoParquet => &["parquet", "geoparquet"],
        }
    }

    /// The format of a file, by its ending in lower case.
    #[must_use]
    pub fn by_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.endings().contains(&ending))
    }

    /// The ending of a file in it.
    #[must_use]
    pub fn ending(self) -> &'static str {
        if self == Self::CsvExcel { "csv" } else { self.endings()[0] }
    }

    /// Its media type.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::GeoJson => "application/geo+json",
            Self::GeoJsonSeq => "application/geo+json-seq",
            Self::NdJson => "application/x-ndjson",
            Self::Csv | Self::CsvExcel => "text/csv; charset=utf-8",
            Self::FlatGeobuf => "application/flatgeobuf",
            Self::GeoPackage => "application/geopackage+sqlite3",
            Self::GeoParquet => "application/vnd.apache.parquet",
        }
    }

    /// Its name, as a person would say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonSeq => "GeoJSON text sequence",
            Self::NdJson => "GeoJSON, a feature a line",
            Self::Csv => "CSV",
            Self::CsvExcel => "CSV for Excel",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoPackage => "GeoPackage",
            Self::GeoParquet => "GeoParquet",
        }
    }

    /// A layer as a file of this format.
    ///
    /// # Errors
    ///
    /// [`FormatError`] if a library refuses.
    pub fn write(self, layer: &Layer) -> Result<Vec<u8>, FormatError> {
        Ok(match self {
            Self::GeoJson => {
                let mut bytes = geojson::collection_bytes(layer, serde_json::Value::Null);
                bytes.push(b'\n');
                bytes
            }
            Self::GeoJsonSeq => geojson::sequence(layer).into_bytes(),
            Self::NdJson => geojson::by_line(layer).into_bytes(),
            Self::Csv => csv::features(layer).into_bytes(),
            Self::CsvExcel => csv::excel(layer).into_bytes(),
            Self::FlatGeobuf => flatgeobuf::bytes(layer)?,
            Self::GeoPackage => geopackage::bytes(layer)?,
            Self::GeoParquet => geoparquet::bytes(layer)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_every_ending_means_one_format() {
        for (at, format) in Format::ALL.into_iter().enumerate() {
            for other in &Format::ALL[at + 1..] {
                assert_ne!(format.word(), other.word());
            }
            for ending in format.endings() {
                assert_eq!(Format::by_ending(ending), Some(format), "{ending}");
            }
        }
        assert_eq!(Format::by_ending("csv"), Some(Format::Csv));
        assert_eq!(Format::by_ending("xlsx"), None);
    }
}
