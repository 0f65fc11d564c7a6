//! Dense groups of incidents and their outlines.

mod bounds;
mod candidates;
mod condensed;
mod cores;
pub mod dbscan;
pub mod ellipse;
pub mod hdbscan;
pub mod hot_blocks;
pub mod hull;
mod kd_tree;
mod lanes;
mod marks;
mod neighborhood;
pub mod nnh;
pub mod nnh_test;
pub mod outline;
mod places;
pub mod space_time;
mod spanning;
pub mod stac;
mod stripes;
