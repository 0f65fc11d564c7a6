//! Bytes in, reports and blocks out, and every refused row accounted for.

pub mod alert;
pub mod blocks;
pub mod context;
pub mod crosswalk;
pub mod csv;
mod fixed;
mod form;
pub mod formats;
pub mod harm;
pub mod incidents;
pub mod input;
pub mod layout;
pub mod refused;
pub mod shifts;
pub mod shipped;
pub mod table;
pub mod time;
