//! Block files to streets or areas: four formats, one way.

mod area_layout;
mod error;
mod features;
mod geojson;
mod geopackage;
mod geoparquet;
mod read;
mod shapefile;
mod street_layout;

pub use error::BlocksError;
pub use read::{Purpose, Shapes, read, read_for};
