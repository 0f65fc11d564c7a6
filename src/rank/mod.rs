//! Which block first, and how sure are we.

mod arranged;
pub mod draws;
mod elementary;
pub mod estimate;
pub mod gamma_poisson;
pub mod groups;
mod histogram;
mod negative_binomial;
pub mod order;
mod sampler;
pub mod score;
pub mod shortcut;
mod special;
mod tables;
