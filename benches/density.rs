//! Quartic density by the sweep, and by stamping every incident on the cells around it.

mod common;

use common::{city, grid_of_cells, grid_of_side, naive, sizes, up_to};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::analysis::density::kde::{KdeParams, kde};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

/// Bandwidths in metres.
const BANDWIDTHS: [u32; 2] = [250, 500];

fn main() {
    divan::main();
}

fn cases(sizes: &[usize]) -> Vec<(usize, u32)> {
    sizes.iter().flat_map(|&n| BANDWIDTHS.map(|h| (n, h))).collect()
}

fn ours(bencher: Bencher, n: usize, h: u32, grid: impl Fn(&[Local], Metres) -> Grid) {
    let (places, bandwidth) = (city::places(n), Metres(f64::from(h)));
    let grid = grid(&places, bandwidth);
    bencher
        .counter(ItemsCount::new(n))
        .bench(|| kde(&places, None, &grid, &KdeParams::quartic(bandwidth)).expect("good input"));
}

fn stamped(bencher: Bencher, n: usize, h: u32, grid: impl Fn(&[Local], Metres) -> Grid) {
    let (places, bandwidth) = (city::places(n), Metres(f64::from(h)));
    let grid = grid(&places, bandwidth);
    bencher.counter(ItemsCount::new(n)).bench(|| naive::stamp(&places, &grid, bandwidth));
}

fn cells_of_50_m(places: &[Local], bandwidth: Metres) -> Grid {
    grid_of_cells(places, bandwidth, Metres(50.0))
}

fn side_of_512(places: &[Local], bandwidth: Metres) -> Grid {
    grid_of_side(places, bandwidth, 512)
}

#[divan::bench(args = cases(&sizes()), sample_count = 5, sample_size = 1, max_time = 2)]
fn kde_50_m(bencher: Bencher, (n, h): (usize, u32)) {
    ours(bencher, n, h, cells_of_50_m);
}

#[divan::bench(args = cases(&sizes()), sample_count = 5, sample_size = 1, max_time = 2)]
fn kde_512(bencher: Bencher, (n, h): (usize, u32)) {
    ours(bencher, n, h, side_of_512);
}

#[divan::bench(args = cases(&up_to(100_000)), sample_count = 3, sample_size = 1, max_time = 2)]
fn kde_50_m_naive(bencher: Bencher, (n, h): (usize, u32)) {
    stamped(bencher, n, h, cells_of_50_m);
}

#[divan::bench(args = cases(&up_to(100_000)), sample_count = 3, sample_size = 1, max_time = 2)]
fn kde_512_naive(bencher: Bencher, (n, h): (usize, u32)) {
    stamped(bencher, n, h, side_of_512);
}
