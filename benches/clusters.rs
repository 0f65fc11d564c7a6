//! DBSCAN over cells, and by comparing every point with every other.

mod common;

use common::{city, naive, sizes, up_to};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::analysis::clusters::dbscan::{DbscanParams, dbscan};
use hotblocks::space::coord::Metres;

fn main() {
    divan::main();
}

fn ours(bencher: Bencher, n: usize, eps: Metres, min_points: usize) {
    let places = city::places(n);
    bencher
        .counter(ItemsCount::new(n))
        .bench(|| dbscan(&places, &DbscanParams { eps, min_points }).expect("good input"));
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 3)]
fn eps_25_m_of_20(bencher: Bencher, n: usize) {
    ours(bencher, n, Metres(25.0), 20);
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 3)]
fn eps_100_m_of_20(bencher: Bencher, n: usize) {
    ours(bencher, n, Metres(100.0), 20);
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 3)]
fn eps_100_m_of_200(bencher: Bencher, n: usize) {
    ours(bencher, n, Metres(100.0), 200);
}

#[divan::bench(args = up_to(10_000), sample_count = 3, sample_size = 1, max_time = 2)]
fn eps_100_m_of_20_naive(bencher: Bencher, n: usize) {
    let places = city::places(n);
    bencher.counter(ItemsCount::new(n)).bench(|| naive::dbscan(&places, Metres(100.0), 20));
}
