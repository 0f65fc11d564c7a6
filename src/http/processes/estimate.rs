//! About how long an analysis takes, from what it is and how much there is: short ones are answered at once.

use crate::engine::params::clusters::{CLUSTERS, METHOD, SCAN, SPACE_TIME_SCAN};
use crate::engine::params::explain::EXPLAIN;
use crate::engine::params::hotspots::HOTSPOTS;
use crate::engine::params::near_repeat::NEAR_REPEAT;
use crate::engine::params::outreach::LIST;
use crate::engine::params::ranking::{DRAWS, RANK};
use crate::engine::params::table::{CELL, DENSITY, Operation};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// An analysis of fewer seconds is answered at once where nothing else is preferred.
pub(super) const SHORT: f64 = 2.0;

/// Seconds that an analysis takes, roughly and rather too many: from the benchmarks, on one slow core.
pub(super) fn seconds(operation: &Operation, values: &Values, snapshot: &Snapshot) -> f64 {
    let data = snapshot.dataset();
    let (incidents, blocks) = (data.incidents.len() as f64, data.block_set.blocks.len() as f64);
    let chance = f64::from(values.permutations());
    let draws = values.count(&DRAWS).map_or(0.0, |n| n as f64);
    // Every analysis passes over the incidents a few times.
    let passes = 5e-7 * incidents;
    passes
        + match operation.collection {
            id if id == RANK.collection || id == EXPLAIN.collection => 5e-8 * blocks * draws,
            id if id == LIST.collection => 5e-8 * blocks * if draws > 0.0 { draws } else { 1e4 },
            id if id == HOTSPOTS.collection => 1e-7 * blocks * chance,
            // Pairs within reach: some hundreds an incident.
            id if id == NEAR_REPEAT.collection => 1e-7 * incidents * chance,
            id if id == CLUSTERS.collection => match values.word(&METHOD) {
                Some(SCAN) => 2e-6 * blocks * chance,
                Some(SPACE_TIME_SCAN) => 2e-6 * blocks * chance + 1e-7 * incidents * chance,
                Some("hdbscan") => 2e-5 * incidents,
                Some("nnh") => 1e-8 * incidents * chance,
                _ => 2e-6 * incidents,
            },
            id if id == DENSITY.collection => {
                let (width, height) = (data.study_area.width().0, data.study_area.height().0);
                let cell = values.length(&CELL).map_or(50.0, |cell| cell.0).max(0.1);
                2e-6 * incidents + 1e-7 * width * height / (cell * cell)
            }
            "compare" => 2e-6 * incidents + 1e-4 * blocks,
            "targets" | "plan" => 2e-4 * blocks,
            _ => 0.0,
        }
}
