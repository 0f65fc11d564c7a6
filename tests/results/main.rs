//! Analyses, rankings and plans end to end, from a snapshot or the command line to what is told.

#[path = "../common/mod.rs"]
mod common;

mod analysis_golden;
mod clusters_weighted;
mod density_adaptive;
mod density_change;
mod density_statistics;
mod explain;
mod held;
mod hot_blocks;
mod hotspots;
mod households;
mod measures;
mod near_repeat;
mod outreach;
mod pages;
mod plan;
mod problem_places;
mod ranking;
mod ranking_over_time;
mod scans_refused;
mod sensors;
mod targets;
mod told_as;
