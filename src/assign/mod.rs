//! Which block does an incident belong to, and which places are only where incidents are booked.

pub mod blocks;
pub(crate) mod found;
pub mod geocode;
pub mod piles;
