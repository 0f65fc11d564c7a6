//! Laws by property test: what must hold of any input.

#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/cities.rs"]
mod cities;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/plan_city.rs"]
mod plan_city;

mod analysis;
mod clusters;
mod density_grids;
mod density_statistics;
mod general;
mod hotspots;
mod index;
mod near_repeat;
mod outreach;
mod patrol;
mod plan;
mod queries;
mod rank;
mod ranking;
mod ranking_over_time;
