//! Why a block file cannot be used.

use crate::ingest::input::InputError;
use crate::ingest::shapefile::ShapefileError;
use crate::space::crs::CrsError;

/// Why a block file cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlocksError {
    /// The file cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is no shapefile.
    #[error(transparent)]
    Shapefile(#[from] ShapefileError),
    /// It is no GeoJSON.
    #[error("`{file}` is no GeoJSON that can be read")]
    GeoJson {
        /// The file.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It holds one geometry or feature only.
    #[error("`{file}` is no FeatureCollection; put the blocks in one")]
    NoCollection {
        /// The file.
        file: String,
    },
    /// It is no GeoPackage.
    #[error("`{file}` is no GeoPackage that can be read")]
    GeoPackage {
        /// The file.
        file: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// Not one layer.
    #[error("`{file}` has {} layers where one is needed: {}", tables.len(), tables.join(", "))]
    Layers {
        /// The file.
        file: String,
        /// Their names.
        tables: Vec<String>,
    },
    /// It is no Parquet.
    #[error("`{file}` is no Parquet that can be read")]
    Parquet {
        /// The file.
        file: String,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Parquet without geometry.
    #[error("`{file}` has no `geo` metadata; write it as GeoParquet")]
    NoGeo {
        /// The file.
        file: String,
    },
    /// GeoParquet in another encoding.
    #[error("`{file}` has its geometry as {encoding}; only WKB is read")]
    Encoding {
        /// The file.
        file: String,
        /// What it has.
        encoding: String,
    },
    /// Its CRS is unknown.
    #[error("`{file}` names a coordinate reference system that cannot be used")]
    Crs {
        /// The file.
        file: String,
        /// Why.
        source: CrsError,
    },
    /// Blocks do not come in this format.
    #[error("`{file}`: blocks are read from .geojson, .shp, .gpkg and .parquet files")]
    Format {
        /// The file.
        file: String,
    },
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
