//! Here is a place: give me what lies near. A grid and an R-tree over incidents, grids over blocks.

pub mod addresses;
pub mod areas;
pub mod blocks;
mod cells;
mod frame;
pub mod incidents;
mod join;
pub mod names;
mod packed;
mod polygons;
mod region;
mod ring;
pub mod squares;
