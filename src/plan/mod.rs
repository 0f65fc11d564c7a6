//! What to do about it: areas, lists, patrols.

pub mod cover;
pub mod even;
pub mod max_covering;
pub mod outreach;
pub mod own_ground;
pub mod p_median;
pub mod patrol;
pub mod targets;
