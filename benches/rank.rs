//! Where blocks may rank: every draw plainly, the shortcut, and the naive way; and the fit of the rates.
//!
//! `cargo bench --bench rank -- --seconds` prints the seconds of each way on 20,000 blocks instead, and how far the shortcut's
//! chances are from the plain ones.

mod common;

use std::time::Instant;

use common::classes::{blocks, city, gamma};
use common::clock;
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::analysis::chance::Chance;
use hotblocks::rank::draws::{DrawParams, Drawing, Part, Position, positions};
use hotblocks::rank::gamma_poisson::fit;

fn main() {
    if std::env::args().any(|arg| arg == "--seconds") {
        seconds();
    } else {
        divan::main();
    }
}

/// So many in measuring; few where every bench is run once as a test.
fn sizes() -> Vec<usize> {
    let measuring = std::env::args().any(|arg| arg == "--bench");
    if measuring { vec![1_000, 20_000] } else { vec![200] }
}

fn params(how: Drawing, draws: u32) -> DrawParams {
    DrawParams { top_n: 20, draws, seed: 1, how }
}

fn drawn(blocks: &[Vec<Part>], how: Drawing, draws: u32) -> Vec<Position> {
    positions(blocks, &params(how, draws)).expect("good input")
}

/// P(top 20) as one would write it: all draws, all sorted, with the platform's functions.
fn naive(blocks: &[Vec<Part>], draws: u32) -> Vec<f64> {
    let mut chance = Chance::new(1, 0);
    let mut top = vec![0.0; blocks.len()];
    for _ in 0..draws {
        let mut all: Vec<(f64, usize)> = blocks
            .iter()
            .map(|parts| {
                let one = |part: &Part| {
                    part.weight * part.posterior.mean() * gamma(part.posterior.shape, &mut chance)
                };
                parts.iter().map(one).sum()
            })
            .zip(0..)
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        for &(_, block) in &all[..20] {
            top[block] += 1.0 / f64::from(draws);
        }
    }
    top
}

/// The whole task once each way.
fn seconds() {
    for unequal in [false, true] {
        let blocks = blocks(20_000, unequal);
        let way = |name: &str, run: &dyn Fn() -> Vec<f64>| {
            let (wall, processor) = (Instant::now(), clock::cpu_seconds());
            let found = run();
            let exposure = if unequal { "unequal" } else { "equal" };
            println!(
                "{name}, 20,000 blocks of {exposure} exposure, 5 classes, 10,000 draws: {:.2} s, {:.2} s of processors",
                wall.elapsed().as_secs_f64(),
                clock::cpu_seconds() - processor
            );
            found
        };
        let chances = |found: Vec<Position>| found.iter().map(|one| one.p_top_n).collect::<Vec<f64>>();
        let plain = way("plain", &|| chances(drawn(&blocks, Drawing::Plain, 10_000)));
        let pruned = way("shortcut", &|| chances(drawn(&blocks, Drawing::Pruned, 10_000)));
        let by_hundredth = way("naive, a hundredth of the draws", &|| naive(&blocks, 100));
        let far = |other: &[f64]| plain.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!(
            "largest difference of P(top 20): shortcut {}, naive {:.3}",
            far(&pruned),
            far(&by_hundredth)
        );
    }
}

#[divan::bench(args = sizes(), sample_count = 2, sample_size = 1)]
fn plain_1000_draws(bencher: Bencher, n: usize) {
    let blocks = blocks(n, true);
    bencher.counter(ItemsCount::new(n)).bench(|| drawn(&blocks, Drawing::Plain, 1_000));
}

#[divan::bench(args = sizes(), sample_count = 2, sample_size = 1)]
fn plain(bencher: Bencher, n: usize) {
    let blocks = blocks(n, true);
    bencher.counter(ItemsCount::new(n)).bench(|| drawn(&blocks, Drawing::Plain, 10_000));
}

#[divan::bench(args = sizes(), sample_count = 2, sample_size = 1)]
fn shortcut(bencher: Bencher, n: usize) {
    let blocks = blocks(n, true);
    bencher.counter(ItemsCount::new(n)).bench(|| drawn(&blocks, Drawing::Pruned, 10_000));
}

#[divan::bench(args = sizes(), sample_count = 2, sample_size = 1)]
fn naive_100_draws(bencher: Bencher, n: usize) {
    let blocks = blocks(n, true);
    bencher.counter(ItemsCount::new(n)).bench(|| naive(&blocks, 100));
}

#[divan::bench(args = [false, true], sample_count = 10, sample_size = 1)]
fn fit_of_20000_blocks(bencher: Bencher, unequal: bool) {
    let (counts, exposure) = city(20_000, unequal).swap_remove(3);
    bencher.bench(|| fit(&counts, &exposure).expect("a city has blocks"));
}
