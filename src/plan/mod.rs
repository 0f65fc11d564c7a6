//! What to do about it: areas, lists, patrols.

pub mod outreach;
pub mod own_ground;
pub mod patrol;
pub mod targets;
