//! Which block first, and how sure are we.

mod arranged;
pub mod change;
pub mod concentration;
pub mod draws;
pub mod estimate;
pub mod explain;
pub mod gamma_poisson;
pub mod groups;
mod histogram;
mod incomplete_beta;
mod negative_binomial;
pub mod neighbors;
pub mod order;
pub mod peak;
pub mod power_prior;
pub mod predict;
pub mod rate_ratio;
mod sampler;
pub mod score;
pub mod sentence;
pub mod shortcut;
mod special;
pub mod stability;
mod tables;
pub mod trend;
pub mod truncated;
pub mod words;
