//! Files in: every format, layout and place, and what becomes of each row.

#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;

mod areas;
mod assignment;
mod counting;
mod files;
mod formats;
mod geocoding;
mod import;
mod layouts;
mod manifest;
mod persons;
mod places;
mod placing;
mod polygons;
mod twins;
