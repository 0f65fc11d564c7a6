//! Block files to streets or areas, whatever their format.

mod area_layout;
mod error;
mod features;
mod read;
mod repair;
mod ring_area;
mod street_layout;

pub use error::BlocksError;
pub use read::{Purpose, Shapes, read, read_for};
