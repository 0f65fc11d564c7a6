//! Density along streets: how many incidents per kilometre of street lie around a place, by the ways that streets leave.

pub mod density;
mod line_kernel;
mod rays;
pub mod streets;
mod walk;
