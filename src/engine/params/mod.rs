//! Parameters: their one table, the check of their values, the neighbors of misspelt names.

pub mod amount;
mod chance;
pub mod choosing;
pub mod clusters;
pub mod counts;
pub mod density;
pub mod explain;
pub mod form;
pub mod hotspots;
pub mod near_repeat;
pub mod nearest;
mod needs;
pub mod outreach;
mod parse;
pub mod patrol;
pub mod ranking;
pub mod table;
pub mod targets;
pub mod values;
pub mod views;
