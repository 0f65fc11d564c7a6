//! Every analysis against implementations that we did not write, with the table of it in `docs/validation.md`.
//!
//! The numbers lie in `fixtures/reference/<room>/`, with the scripts that made them. Each room gives its checks; here
//! they are judged, and compared with the table: where that is stale, `UPDATE_DOCS=1` writes it anew.

#[path = "../common/mod.rs"]
mod common;

mod clusters;
mod density_statistics;
mod density_sweep;
mod hotspots;
mod near_repeat;
mod plan;
mod rank;
mod rank_change;
mod rows;
mod table;

use table::Check;

/// All checks, in the order of the table.
fn checks() -> Vec<Check> {
    let rooms: [fn() -> Vec<Check>; 8] = [
        density_sweep::checks,
        density_statistics::checks,
        clusters::checks,
        hotspots::checks,
        near_repeat::checks,
        rank::checks,
        rank_change::checks,
        plan::checks,
    ];
    rooms.into_iter().flat_map(|room| room()).collect()
}

#[test]
fn every_method_agrees_with_its_reference_and_the_table_says_so() {
    let checks = checks();
    let wrong: Vec<String> = checks.iter().filter(|check| !check.holds()).map(Check::row).collect();
    assert!(wrong.is_empty(), "out of bound:\n{}", wrong.join("\n"));
    table::compare(&checks);
}
