//! How good the data are: what is missing, late, piled up or odd, per source and over the blocks.

pub mod places;
pub mod reports;
pub mod share;
