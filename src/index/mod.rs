//! Here is a place: give me what lies near. A grid and an R-tree over incidents, grids over blocks.

pub mod blocks;
mod cells;
mod frame;
pub mod incidents;
mod join;
mod packed;
mod polygons;
mod region;
mod ring;
