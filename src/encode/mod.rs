//! Layers to bytes, one file a format.

pub mod csv;
pub mod geojson;
pub mod geotiff;
pub mod incidents;
pub mod json;
pub mod plan;
pub mod quality;
pub mod shapes;
pub mod table;
