//! Here is a place: give me what lies near. A grid and an R-tree over incidents, grids over blocks.

pub mod blocks;
mod frame;
pub mod incidents;
mod packed;
mod polygons;
mod region;
mod ring;
