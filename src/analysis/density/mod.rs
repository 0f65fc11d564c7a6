//! How many incidents per unit of area lie around a place, and the regions where they are many.

pub mod bandwidth;
pub mod contour;
pub mod cross_validation;
pub mod kde;
pub mod kernel;
mod marching;
mod sweep;
