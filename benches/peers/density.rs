//! Density: exact and binned surfaces of 1024 × 1024 cells over the extent of the peers' data.

use std::path::Path;

use hotblocks::analysis::density::binned::{Counts, binned, smooth};
use hotblocks::analysis::density::kde::{KdeParams, kde};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::live::{Live, LiveParams};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

use super::{places, time, two_threads};

/// The cells of all peers: 16 km in both directions, the city in the middle.
const GRID: Grid =
    Grid { origin: Local { x: 265_000.0, y: 302_000.0 }, cell: Metres(15.625), n_cols: 1024, n_rows: 1024 };
const QUARTIC: KdeParams = KdeParams::quartic(Metres(500.0));

/// A job of this room; `None` for the names of others.
pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let kernel = |kernel: Kernel| KdeParams { kernel, ..QUARTIC };
    // The Gaussian with σ = 500/3 m.
    let gaussian =
        KdeParams { kernel: Kernel::Gaussian, bandwidth: Kernel::Gaussian.bandwidth(Metres(500.0 / 3.0)) };
    Some(match job {
        "density-exact" => exact(folder, QUARTIC),
        "density-exact-epanechnikov" => exact(folder, kernel(Kernel::Epanechnikov)),
        "density-exact-triweight" => exact(folder, kernel(Kernel::Triweight)),
        "density-exact-uniform" => exact(folder, kernel(Kernel::Uniform)),
        "density-exact-triangular" => exact(folder, kernel(Kernel::Triangular)),
        "density-exact-gaussian" => exact(folder, gaussian),
        "density-per-event" => per_event(folder, places(folder)),
        "density-per-place" => {
            let mut distinct = places(folder);
            distinct.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
            distinct.dedup();
            per_event(folder, distinct)
        }
        "density-binned" => whole(folder, QUARTIC),
        "density-binned-gaussian" => whole(folder, gaussian),
        "density-from-counts" => {
            let counts = Counts::of(&places(folder), &GRID);
            let job = || smooth(&counts, &GRID, &QUARTIC).expect("good input");
            time(job, |found| found.density.integral())
        }
        "density-error" => {
            let places = places(folder);
            let exact = kde(&places, None, &GRID, &QUARTIC).expect("good input");
            let binned = binned(&places, None, &GRID, &QUARTIC).expect("good input");
            let pairs = exact.per_km2.iter().zip(&binned.density.per_km2);
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            (error / exact.peak(), binned.error.worst / exact.peak())
        }
        "density-live" => live(folder),
        "density-two-threads" => on_two(folder),
        _ => return None,
    })
}

fn exact(folder: &Path, params: KdeParams) -> (f64, f64) {
    let places = places(folder);
    time(|| kde(&places, None, &GRID, &params).expect("good input"), |density| density.integral())
}

fn whole(folder: &Path, params: KdeParams) -> (f64, f64) {
    let places = places(folder);
    time(|| binned(&places, None, &GRID, &params).expect("good input"), |found| found.density.integral())
}

/// Seconds for an incident that comes or goes, with what fades meanwhile.
fn live(folder: &Path) -> (f64, f64) {
    let places = places(folder);
    let params = LiveParams { kde: QUARTIC, capacity: 1e7, decay: Some(1e6) };
    let mut live = Live::new(GRID, params).expect("good input");
    let some = &places[..20_000];
    let updates = 2.0 * some.len() as f64;
    let job = || {
        for &at in some {
            live.insert(at, 1.0, 1.0).expect("room");
        }
        for &at in some {
            live.remove(at, 1.0, 1.0).expect("was there");
        }
    };
    let (seconds, _) = time(job, |()| 0.0);
    (seconds / updates, live.density().integral())
}

/// Seconds of the exact density of all incidents for each of some places and each row of the grid that it reaches, and how
/// many such pairs there are.
fn per_event(folder: &Path, of: Vec<Local>) -> (f64, f64) {
    let events = events(&of);
    let (seconds, _) = exact(folder, QUARTIC);
    (seconds / events, events)
}

/// Places, times the rows of the grid that each reaches.
fn events(places: &[Local]) -> f64 {
    let h = QUARTIC.bandwidth.0;
    let row = |y: f64| ((y - GRID.origin.y) / GRID.cell.0 - 0.5).ceil().clamp(0.0, GRID.n_rows as f64);
    places.iter().map(|p| row(p.y + h) - row(p.y - h)).sum()
}

/// How many times as fast two threads are as one, by the clock; the second figure is the seconds of one.
fn on_two(folder: &Path) -> (f64, f64) {
    let places = places(folder);
    two_threads(|| kde(&places, None, &GRID, &QUARTIC).expect("good input"))
}
