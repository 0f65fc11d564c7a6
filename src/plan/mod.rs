//! What to do about it: areas, lists, patrols.
