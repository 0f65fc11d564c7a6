//! Target areas of a city of 20,200 blocks beside the naive way.

#[path = "../tests/common/plan_city.rs"]
mod plan_city;

use divan::Bencher;
use hotblocks::plan::targets::{EXACT_BLOCKS, Ground, ROUNDS, TargetParams, targets};
use plan_city::PlanCity;

fn main() {
    divan::main();
}

/// Streets each way: 20,200 blocks where it is measured, 220 where every bench is run once.
fn streets() -> usize {
    if std::env::args().any(|arg| arg == "--bench") { 101 } else { 11 }
}

fn asked(budget: f64, places: u32, most_places: Option<u32>) -> TargetParams {
    TargetParams {
        budget,
        places,
        most_places,
        least_size: budget / f64::from(places) * 0.1,
        diameter: None,
        seed: 1,
        rounds: ROUNDS,
        exact_blocks: EXACT_BLOCKS,
    }
}

/// One place grown from twenty blocks in turn by the best neighbor, the way without look-ahead, joints or search.
fn naive(ground: &Ground<'_>, budget: f64) -> f64 {
    let grown = |from: usize| {
        let mut inside = vec![false; ground.value.len()];
        let (mut value, mut cost, mut beside, mut next) = (0.0, 0.0, Vec::new(), Some(from));
        while let Some(block) = next.filter(|&b| cost + ground.cost[b] <= budget) {
            inside[block] = true;
            (value, cost) = (value + ground.value[block], cost + ground.cost[block]);
            beside.extend(ground.neighbors.of(block).iter().map(|&b| b as usize));
            beside.retain(|&b| !inside[b]);
            next = beside.iter().copied().max_by(|&a, &b| ground.value[a].total_cmp(&ground.value[b]));
        }
        value
    };
    (0..ground.value.len()).step_by(ground.value.len() / 20).map(grown).fold(0.0, f64::max)
}

#[divan::bench(sample_count = 2, sample_size = 1)]
fn one_place_in_ours(bencher: Bencher) {
    let city = PlanCity::new(streets(), 1);
    bencher.bench(|| targets(&city.ground(), &asked(2.0, 1, Some(1))).expect("a place"));
}

#[divan::bench(sample_count = 2, sample_size = 1)]
fn one_place_in_the_naive_way_from_twenty_blocks(bencher: Bencher) {
    let city = PlanCity::new(streets(), 1);
    bencher.bench(|| naive(&city.ground(), 2.0));
}
