//! Which block first.

pub mod explain;
pub mod order;
pub mod peak;
pub mod sentence;
pub mod truncated;
pub mod words;
