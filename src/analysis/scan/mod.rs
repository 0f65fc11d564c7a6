//! Scans: where, or where and since when, there are more incidents than chance would put there.

mod circles;
mod cylinders;
pub mod likelihood;
mod scan_circles;
pub mod space_time;
pub mod spatial;
