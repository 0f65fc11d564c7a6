//! Where blocks may rank: every draw plainly, the shortcut, and the naive way; and the fit of the rates.
//!
//! `cargo bench --bench rank -- --seconds` prints the seconds of each way on 20,000 blocks instead, and how far the shortcut's
//! chances are from the plain ones.

mod common;

use std::time::Instant;

use common::clock;
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::analysis::chance::Chance;
use hotblocks::rank::draws::{DrawParams, Drawing, Part, Position, positions};
use hotblocks::rank::gamma_poisson::fit;

/// Weight of an incident, mean incidents in a block, and shape of the blocks' rates: from killings to thefts.
const CLASSES: [(f64, f64, f64); 5] =
    [(5475.0, 0.01, 0.15), (1500.0, 0.08, 0.2), (365.0, 0.6, 0.5), (20.0, 2.0, 0.9), (3.0, 5.0, 1.2)];

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

/// A Gamma of mean 1 by Marsaglia and Tsang (2000), for the naive way and for making cities.
fn gamma(shape: f64, chance: &mut Chance) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, chance) * chance.unit().powf(1.0 / shape) * (shape + 1.0) / shape;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let (u, angle) = (1.0 - chance.unit(), chance.unit() * std::f64::consts::TAU);
        let x = (-2.0 * u.ln()).sqrt() * angle.cos();
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - chance.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v / shape;
        }
    }
}

fn poisson(mean: f64, chance: &mut Chance) -> u32 {
    let (mut product, mut n) = (chance.unit(), 0);
    while product > (-mean).exp() {
        product *= chance.unit();
        n += 1;
    }
    n
}

/// Counts and exposures of each class; exposures differ from block to block where asked.
fn city(n: usize, unequal: bool) -> Vec<(Vec<u32>, Vec<f64>)> {
    let mut chance = Chance::new(11, 0);
    let exposure: Vec<f64> = (0..n).map(|_| if unequal { 0.3 + 2.0 * chance.unit() } else { 1.0 }).collect();
    let class = |(_, mean, shape): (f64, f64, f64)| {
        let count =
            |exposure: &f64| poisson((mean * exposure * gamma(shape, &mut chance)).min(500.0), &mut chance);
        (exposure.iter().map(count).collect(), exposure.clone())
    };
    CLASSES.map(class).into()
}

fn blocks(n: usize, unequal: bool) -> Vec<Vec<Part>> {
    let mut blocks = vec![Vec::new(); n];
    for ((counts, exposure), (weight, ..)) in city(n, unequal).into_iter().zip(CLASSES) {
        let fit = fit(&counts, &exposure).expect("a city has blocks");
        for ((block, &count), &exposure) in blocks.iter_mut().zip(&counts).zip(&exposure) {
            block.push(Part { weight, posterior: fit.for_ranks(count, exposure) });
        }
    }
    blocks
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
