//! What the benches share: a city made without chance, and the naive ways to compare with.
#![allow(dead_code, reason = "each bench uses a part of this")]

pub(crate) mod city;
pub(crate) mod classes;
pub(crate) mod clock;
pub(crate) mod naive;
pub(crate) mod senders;
pub(crate) mod service;

use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

/// Incidents to measure with, 10³ to 10⁶; only 10³ where cargo runs every bench once as a test.
/// `HOTBLOCKS_BENCH_MAX` sets the largest.
pub(crate) fn sizes() -> Vec<usize> {
    up_to(1_000_000)
}

/// The same, no larger than `most`: for what would not end.
pub(crate) fn up_to(most: usize) -> Vec<usize> {
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let given = std::env::var("HOTBLOCKS_BENCH_MAX").ok().and_then(|text| text.parse().ok());
    let limit = most.min(given.unwrap_or(if measuring { 1_000_000 } else { 1_000 }));
    [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|&n| n <= limit).collect()
}

/// Places to ask about: so many of the incidents, evenly spread over their list.
pub(crate) fn every(places: &[Local], wanted: usize) -> Vec<Local> {
    let step = (places.len() / wanted).max(1);
    places.iter().copied().step_by(step).take(wanted).collect()
}

/// A box with a place in its middle.
pub(crate) fn box_around(at: Local, side: Metres) -> LocalBox {
    LocalBox { min: at, max: at }.padded(Metres(side.0 / 2.0))
}

/// A regular polygon of 12 corners around a place.
pub(crate) fn polygon_around(at: Local, radius: Metres) -> geo::Polygon {
    let corner = |k: u32| {
        let (sin, cos) = (f64::from(k) * std::f64::consts::TAU / 12.0).sin_cos();
        geo::Coord { x: at.x + radius.0 * cos, y: at.y + radius.0 * sin }
    };
    geo::Polygon::new((0..12).map(corner).collect(), Vec::new())
}

/// The box around places, widened by a bandwidth.
pub(crate) fn area_of(places: &[Local], bandwidth: Metres) -> LocalBox {
    LocalBox::around(places.iter().copied()).expect("a city has incidents").padded(bandwidth)
}

/// A grid with a given side of its cells.
pub(crate) fn grid_of_cells(places: &[Local], bandwidth: Metres, cell: Metres) -> Grid {
    Grid::over(area_of(places, bandwidth), cell).expect("a city of 10 km has few cells")
}

/// A square grid with so many cells along each side.
pub(crate) fn grid_of_side(places: &[Local], bandwidth: Metres, side: usize) -> Grid {
    let area = area_of(places, bandwidth);
    let cell = Metres(area.width().0.max(area.height().0) / side as f64);
    Grid { origin: area.min, cell, n_cols: side, n_rows: side }
}
