//! Dense groups of incidents and their outlines.

mod bounds;
mod candidates;
mod circles;
mod condensed;
mod cores;
mod cylinders;
pub mod dbscan;
pub mod ellipse;
pub mod hdbscan;
pub mod hot_blocks;
pub mod hull;
mod kd_tree;
pub mod likelihood;
mod neighborhood;
pub mod nnh;
pub mod nnh_test;
pub mod outline;
mod places;
pub mod scan;
mod scan_circles;
pub mod space_time;
pub mod space_time_scan;
mod spanning;
pub mod stac;
mod stripes;
