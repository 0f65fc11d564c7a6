//! How many fell where.

pub mod categories;
pub mod counts;
