//! Dense groups of incidents and their outlines.

mod bounds;
mod candidates;
mod condensed;
mod cores;
pub mod dbscan;
pub mod hdbscan;
pub mod hull;
mod kd_tree;
mod neighborhood;
mod spanning;
mod stripes;
