//! Block files to streets or areas, whatever their format.

mod error;
mod features;
mod read;
mod repair;
mod ring_area;
mod street_layout;

pub use error::BlocksError;
pub use read::{Shapes, read};
