//! Dense groups of incidents and their outlines.

mod circles;
pub mod dbscan;
pub mod hull;
pub mod likelihood;
mod neighborhood;
pub mod scan;
pub mod space_time_scan;
