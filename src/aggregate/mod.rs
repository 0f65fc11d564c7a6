//! How many fell where.

pub mod counts;
