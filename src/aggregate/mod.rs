//! How many fell where.

pub mod addresses;
pub mod aoristic;
pub mod categories;
pub mod counts;
pub mod places;
