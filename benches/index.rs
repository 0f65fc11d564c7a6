//! Incidents in the index: build and four kinds of query, each beside a scan of the whole list.

mod common;

use common::{box_around, city, every, naive, polygon_around, sizes};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::index::incidents::IncidentIndex;
use hotblocks::space::coord::{Local, Metres};

const RADIUS: Metres = Metres(100.0);
const SIDE: Metres = Metres(200.0);
const NEAREST: usize = 10;
const ASKED: usize = 100;

fn main() {
    divan::main();
}

fn index(places: &[Local]) -> IncidentIndex {
    IncidentIndex::build(places.iter().copied().map(Some))
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 2)]
fn build(bencher: Bencher, n: usize) {
    let places = city::places(n);
    bencher.counter(ItemsCount::new(n)).bench(|| index(&places));
}

/// A hundred queries in the index.
fn ask<T>(bencher: Bencher, n: usize, query: impl Fn(&IncidentIndex, Local) -> T + Sync) {
    let places = city::places(n);
    let (index, asked) = (index(&places), every(&places, ASKED));
    bencher
        .counter(ItemsCount::new(ASKED))
        .bench(|| asked.iter().map(|&at| query(&index, at)).collect::<Vec<T>>());
}

/// The same by looking at every incident.
fn scan<T>(bencher: Bencher, n: usize, query: impl Fn(&[Local], Local) -> T + Sync) {
    let places = city::places(n);
    let asked = every(&places, ASKED);
    bencher
        .counter(ItemsCount::new(ASKED))
        .bench(|| asked.iter().map(|&at| query(&places, at)).collect::<Vec<T>>());
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn bbox_200_m(bencher: Bencher, n: usize) {
    ask(bencher, n, |index, at| index.within_box(box_around(at, SIDE), |_| true));
}

#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 1)]
fn bbox_200_m_naive(bencher: Bencher, n: usize) {
    scan(bencher, n, |places, at| naive::within_box(places, box_around(at, SIDE)));
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn radius_100_m(bencher: Bencher, n: usize) {
    ask(bencher, n, |index, at| index.within_radius(at, RADIUS, |_| true));
}

#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 1)]
fn radius_100_m_naive(bencher: Bencher, n: usize) {
    scan(bencher, n, |places, at| naive::within_radius(places, at, RADIUS));
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn nearest_10(bencher: Bencher, n: usize) {
    ask(bencher, n, |index, at| index.nearest(at, NEAREST, |_| true));
}

#[divan::bench(args = common::up_to(100_000), sample_count = 3, sample_size = 1, max_time = 1)]
fn nearest_10_naive(bencher: Bencher, n: usize) {
    scan(bencher, n, |places, at| naive::nearest(places, at, NEAREST));
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn polygon_100_m(bencher: Bencher, n: usize) {
    ask(bencher, n, |index, at| index.within_polygon(&polygon_around(at, RADIUS), |_| true));
}

#[divan::bench(args = common::up_to(100_000), sample_count = 3, sample_size = 1, max_time = 1)]
fn polygon_100_m_naive(bencher: Bencher, n: usize) {
    scan(bencher, n, |places, at| naive::within_polygon(places, &polygon_around(at, RADIUS)));
}
