//! Why a file of features cannot be read at all.

use super::dbf::DbfError;
use crate::ingest::input::InputError;
use crate::space::crs::CrsError;

/// Why a file of features cannot be read at all; a single bad feature is [`Broken`](crate::ingest::table::Broken).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is a table of text.
    #[error(
        "`{file}` is a table of text; features are read from .geojson, .geojsonl, .shp, .gpkg, .fgb and .parquet"
    )]
    Text {
        /// The file.
        file: String,
    },
    /// It names a CRS that PROJ does not know.
    #[error("`{file}` names a coordinate reference system that cannot be used")]
    Crs {
        /// The file.
        file: String,
        /// Why.
        source: CrsError,
    },
    /// It is no JSON.
    #[error("`{file}` is no GeoJSON that can be read; export it again")]
    Json {
        /// The file.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It is JSON, but of other things.
    #[error("`{file}` is no FeatureCollection but {found}; put the features in one")]
    NoCollection {
        /// The file.
        file: String,
        /// What it is.
        found: String,
    },
    /// Its features have more different names of properties than a table can have columns.
    #[error("`{file}` has more than {limit} different properties; leave out those that are no columns")]
    Columns {
        /// The file.
        file: String,
        /// How many there may be.
        limit: usize,
    },
    /// The attributes are missing.
    #[error("`{file}` has no .dbf beside it, which holds its attributes")]
    NoDbf {
        /// The file.
        file: String,
    },
    /// It is no shapefile.
    #[error("`{file}` is no shapefile: {why}; export it again")]
    NoShapefile {
        /// The file.
        file: String,
        /// What is wrong.
        why: &'static str,
    },
    /// It ends early, or its lengths do not hold together.
    #[error("`{file}` cannot be read beyond shape {shape}: its length is wrong; export it again")]
    Shapes {
        /// The file.
        file: String,
        /// The last shape that could be read.
        shape: usize,
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
    /// It is no GeoPackage.
    #[error("`{file}` is no GeoPackage that can be read; export it again")]
    GeoPackage {
        /// The file.
        file: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// A packed GeoPackage that is too large for memory.
    #[error("`{file}` holds a GeoPackage of more than 2 GiB; unpack it and give the .gpkg itself")]
    Unpack {
        /// The file.
        file: String,
    },
    /// A layer gives more rows than its file can hold.
    #[error(
        "layer `{layer}` of `{file}` gives more rows than the file can hold; is it a view that never ends?"
    )]
    Endless {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
    },
    /// No layer, or several and none is named.
    #[error("`{file}` has {} layers where one is needed: {}; name one as {file}:layer", layers.len(), layers.join(", "))]
    Layers {
        /// The file.
        file: String,
        /// Their names.
        layers: Vec<String>,
    },
    /// The layer that is named is not there.
    #[error("`{file}` has no layer `{layer}`; it has: {}", layers.join(", "))]
    NoLayer {
        /// The file.
        file: String,
        /// What was asked for.
        layer: String,
        /// What is there.
        layers: Vec<String>,
    },
    /// It is no FlatGeobuf, or ends early.
    #[error("`{file}` is no FlatGeobuf that can be read: {why}; export it again")]
    FlatGeobuf {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// It is no Parquet.
    #[error("`{file}` is no Parquet that can be read; export it again")]
    Parquet {
        /// The file.
        file: String,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Its lengths do not hold together.
    #[error("`{file}` is no Parquet that can be read: {why}; export it again")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        why: &'static str,
    },
    /// GeoParquet in another encoding.
    #[error(
        "`{file}` has its geometry as {encoding}; write it as WKB or as point, linestring, polygon or their multis"
    )]
    Encoding {
        /// The file.
        file: String,
        /// What it has.
        encoding: String,
    },
}
