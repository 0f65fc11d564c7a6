//! How many fell where.

pub mod addresses;
pub mod categories;
pub mod counts;
