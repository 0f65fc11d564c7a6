//! Where: degrees on the globe, metres in the local plane, boxes and grids.

pub mod bbox;
pub mod coord;
pub mod crs;
pub mod grid;
