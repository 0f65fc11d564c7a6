//! Here is a place: give me what lies near. R-trees over incidents and over blocks.

pub mod addresses;
pub mod areas;
pub mod blocks;
pub mod incidents;
pub mod names;
