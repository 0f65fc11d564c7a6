//! How many incidents per unit of area lie around a place, and the regions where they are many.

pub mod binned;
pub mod contour;
pub mod error_bound;
pub mod kde;
pub mod kernel;
pub mod live;
mod marching;
mod polynomial;
mod stamp;
mod strips;
mod sweep;
mod transform;
