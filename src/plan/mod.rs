//! What to do about it: areas, lists, patrols.

pub mod patrol;
