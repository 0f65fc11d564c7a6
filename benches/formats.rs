//! What each format of a layer costs: bytes and processor time for the blocks of a city, beside GeoJSON of the same.
//!
//! Compare only figures of one run. `cargo bench --bench formats`.

mod common;

use std::hint::black_box;

use common::city;
use common::clock::{cpu_seconds, median};
use hotblocks::encode::format::Format;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::answer;
use hotblocks::layer::{Layer, Page};

/// Features that are written.
const BLOCKS: usize = 10_000;

fn main() {
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let (n, rounds) = if measuring { (100_000, 7) } else { (1_000, 1) };
    let dataset = build(city::ledger(n), &Ground::Streets(city::streets()), About::default());
    let snapshot = Snapshot::new(dataset.expect("incidents lie on streets"), 1);
    let page = Page { limit: BLOCKS, ..Page::ALL };
    let layer = answer(&snapshot, &RANK, &Values::default(), page).expect("ranked blocks");
    println!("{} blocks, {n} incidents", layer.features.len());
    println!("{:<26} {:>9} {:>8} {:>9} {:>8}", "format", "kB", "of it", "ms", "of it");
    let mut first = None;
    for format in Format::ALL {
        let (bytes, seconds) = cost(format, &layer, rounds);
        let (of_bytes, of_seconds) = *first.get_or_insert((bytes, seconds));
        println!(
            "{:<26} {:>9.0} {:>7.2}x {:>9.1} {:>7.2}x",
            format.title(),
            bytes / 1e3,
            bytes / of_bytes,
            seconds * 1e3,
            seconds / of_seconds,
        );
    }
}

/// Bytes, and the middle of some rounds in seconds of the processors.
fn cost(format: Format, layer: &Layer, rounds: usize) -> (f64, f64) {
    let mut bytes = 0;
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let before = cpu_seconds();
            bytes = black_box(format.write(black_box(layer)).expect("written")).len();
            cpu_seconds() - before
        })
        .collect();
    (bytes as f64, median(&mut seconds))
}
