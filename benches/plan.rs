//! Target areas of a city of 20,200 blocks beside the naive way, and of few blocks beside looking at every set.

#[path = "../tests/common/plan_city.rs"]
mod plan_city;

use divan::Bencher;
use hotblocks::plan::targets::{EXACT_BLOCKS, Ground, ROUNDS, TargetParams, targets};
use plan_city::PlanCity;

fn main() {
    for (budget, places, most) in
        [(18.13, 3, None), (18.13, 3, Some(3)), (18.13, 1, Some(1)), (2.0, 1, Some(1)), (5.0, 2, Some(4))]
    {
        if std::env::args().any(|arg| arg == "--bench") {
            let city = PlanCity::new(101, 1);
            let start = std::time::Instant::now();
            let found = targets(&city.ground(), &asked(budget, places, most)).expect("places");
            println!(
                "{budget} km2 in {places} to {most:?}: {} places, value {:.1}, greedy {:.1}, bound {:.1}, gap {:.4}, {:.2} s",
                found.places.len(),
                found.value,
                found.greedy.unwrap_or_default(),
                found.bound,
                found.gap(),
                start.elapsed().as_secs_f64()
            );
        }
    }
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
        least_size: budget / f64::from(places) * 0.25,
        diameter: None,
        seed: 1,
        rounds: ROUNDS,
        exact_blocks: EXACT_BLOCKS,
    }
}

/// One place grown from every block by the best neighbor, the way without look-ahead, joints or search.
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
