//! Parameters: their one table, the check of their values, the neighbors of misspelt names.

pub mod clusters;
pub mod nearest;
pub mod table;
pub mod values;
