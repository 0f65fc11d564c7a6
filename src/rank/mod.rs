//! Which block first.

pub mod order;
