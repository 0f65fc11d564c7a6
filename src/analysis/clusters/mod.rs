//! Dense groups of incidents and their outlines.

mod circles;
mod cylinders;
pub mod dbscan;
pub mod hull;
pub mod likelihood;
mod neighborhood;
pub mod scan;
mod scan_circles;
pub mod space_time_scan;
