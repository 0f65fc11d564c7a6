//! Whether an incident makes another one nearby soon after likelier.

pub mod bands;
pub mod chains;
pub mod knox;
mod lanes;
mod pairs;
mod permuted;
pub mod zones;
