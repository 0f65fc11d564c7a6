//! Which block first, and how sure are we.

pub mod change;
pub mod concentration;
pub mod order;
pub mod predict;
pub mod stability;
pub mod trend;
