//! Incidents to blocks: 9,940 segments with their nodes, or 10,000 polygons; each beside a scan of all blocks.

mod common;

use common::{city, naive, sizes, up_to};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::assign::blocks::assign;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::model::areas::polygons;
use hotblocks::model::block::{BlockSet, Intersections};

fn main() {
    divan::main();
}

fn areas() -> BlockSet {
    polygons(&city::areas(), &city::crs()).expect("the city lies in its zone")
}

fn ours(bencher: Bencher, n: usize, set: &BlockSet) {
    let (incidents, index) = (city::incidents(n), BlockIndex::build(&set.blocks));
    let streets = city::addresses(set, &index);
    bencher
        .counter(ItemsCount::new(n))
        .bench(|| assign(&incidents, set, &index, &streets, Intersections::Node));
}

#[divan::bench(sample_count = 10, sample_size = 1, max_time = 2)]
fn index_of_segments(bencher: Bencher) {
    let set = city::blocks();
    bencher.counter(ItemsCount::new(set.blocks.len())).bench(|| BlockIndex::build(&set.blocks));
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 3)]
fn nearest_segment_or_node(bencher: Bencher, n: usize) {
    ours(bencher, n, &city::blocks());
}

#[divan::bench(args = up_to(10_000), sample_count = 3, sample_size = 1, max_time = 2)]
fn nearest_segment_or_node_naive(bencher: Bencher, n: usize) {
    let (incidents, lists) = (city::incidents(n), naive::Lists::of(&city::blocks().blocks));
    let one = |at: usize| {
        lists.block(incidents.local(at).expect("all have a place"), incidents.at_intersection(at))
    };
    bencher.counter(ItemsCount::new(n)).bench(|| (0..n).map(one).collect::<Vec<_>>());
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 3)]
fn point_in_polygon(bencher: Bencher, n: usize) {
    ours(bencher, n, &areas());
}

#[divan::bench(args = up_to(10_000), sample_count = 3, sample_size = 1, max_time = 2)]
fn point_in_polygon_naive(bencher: Bencher, n: usize) {
    let (places, set) = (city::places(n), areas());
    bencher
        .counter(ItemsCount::new(n))
        .bench(|| places.iter().map(|&at| naive::containing(&set.blocks, at)).collect::<Vec<_>>());
}
