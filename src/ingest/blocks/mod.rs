//! Block files to streets or areas: four formats, one way.

mod features;
mod geojson;
mod geopackage;
mod geoparquet;
mod read;
mod shapefile;
mod street_layout;

pub use read::{BlocksError, Shapes, read};
