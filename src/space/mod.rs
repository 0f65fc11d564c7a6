//! Where: degrees on the globe, metres in the local plane, boxes, grids and tiles.

pub mod bbox;
pub mod coord;
pub mod crs;
pub mod grid;
pub mod mercators;
pub(crate) mod middle;
pub mod printed;
pub mod shape;
pub mod tile;
mod utm;
