//! Layers to bytes, one file a format.

pub mod csv;
pub mod geojson;
pub mod shapes;
pub mod table;
