//! Layers to bytes, one file a format.

mod columns;
pub mod csv;
pub mod flatgeobuf;
pub mod format;
pub mod geojson;
mod geojson_text;
pub mod geopackage;
pub mod geoparquet;
pub mod geotiff;
pub mod incidents;
pub mod json;
mod json_text;
pub mod list_file;
pub mod mvt;
pub mod plan;
pub mod pmtiles;
pub mod png;
pub mod quality;
pub mod record;
mod shape;
pub mod shapes;
pub mod sheets;
pub mod style;
pub mod table;
pub mod tilejson;
