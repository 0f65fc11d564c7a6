//! How many incidents per unit of area lie around a place, and the regions where they are many.

pub mod adaptive;
pub mod bandwidth;
pub mod binned;
pub mod contour;
pub mod cross_validation;
pub mod decay;
mod discs;
pub mod dual;
pub mod edge;
pub mod error_bound;
mod input;
pub mod kde;
pub mod kernel;
pub mod levels;
pub mod live;
mod marching;
pub mod mask;
pub mod method;
pub mod network;
mod polynomial;
mod separable;
mod stamp;
pub mod standard_error;
mod strips;
mod sweep;
mod transform;
