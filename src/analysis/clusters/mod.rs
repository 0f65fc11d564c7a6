//! Dense groups of incidents and their outlines.

pub mod dbscan;
pub mod hull;
mod neighborhood;
