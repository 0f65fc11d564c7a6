//! Improves choices block by block, at first also by steps that are worth less: simulated annealing.

use rayon::prelude::*;

use super::choice::Choice;
use super::graph::{Graph, Limits};
use super::greedy;
use super::steps::{Rates, State};
use crate::analysis::chance::Chance;
use crate::progress::{checkpoint, steps};

/// The streams of the searches; other methods of a plan have their own.
const LANE: u64 = 0x7a_2700;

/// How a search cools, in what a block of mean cost is worth at the margin; of charges as a part of the price.
#[derive(Clone, Copy, Debug)]
struct Cooling {
    /// What a step may be worth less than nothing, about, at the beginning and at the end.
    heat: (f64, f64),
    /// What a place is charged for each mean block that it lacks of the least size.
    lack: (f64, f64),
    /// What the cost is charged at first, of the price that the relaxation found; it follows the cost from then on.
    price: f64,
}

/// A search that looks far around, for places anew, and one that stays near.
const COOLINGS: [Cooling; 2] = [
    Cooling { heat: (0.3, 0.05), lack: (0.2, 0.6), price: 0.5 },
    Cooling { heat: (0.15, 0.03), lack: (0.2, 0.8), price: 0.7 },
];

/// What is charged beyond the budget, of the price.
const OVER: f64 = 0.3;

/// How much the charge changes while the cost is beyond the budget or below, of the difference, each 1,024 steps.
const FOLLOWS: f64 = 0.1;

/// Until this part of the steps blocks lean, less and less, to where the relaxation chooses them: one that it takes whole
/// is worth half its price more, one that it leaves out half its price less.
const LEANS: f64 = 0.7;

/// Blocks chosen more than this by the relaxation are tried out of turn.
const GOOD: f64 = 0.05;

/// Steps of a search at most.
const MOST_STEPS: usize = 1_000_000;

/// Searches one after the other, each from the best so far.
const TURNS: usize = 6;

/// Choices no worse than a given one, one for each way to cool; equal for the same seed whatever the number of threads.
///
/// Time O(rounds · blocks · size of a place at worst), in practice 0.2 to 2 µs for each of rounds · blocks steps.
pub(super) fn anneal(
    graph: &Graph,
    limits: &Limits,
    start: &Choice,
    (price, point): (f64, &[f64]),
    seed: u64,
    rounds: u32,
) -> Vec<Choice> {
    let count = (graph.len() * rounds as usize * 2).min(MOST_STEPS);
    if price <= 0.0 || count == 0 {
        return Vec::new();
    }
    let done = steps(COOLINGS.len() * TURNS);
    let search = |(lane, cooling): (usize, &Cooling)| {
        let mut chance = Chance::new(seed, LANE + lane as u64);
        let mut best = (start.exact_value(graph), start.clone());
        for _ in 0..TURNS {
            if let Some(found) = cool(graph, limits, &best.1, (price, point), *cooling, count, &mut chance) {
                let value = found.exact_value(graph);
                if value > best.0 {
                    best = (value, found);
                }
            }
            done.done(1);
        }
        best.1
    };
    COOLINGS.par_iter().enumerate().map(search).collect()
}

/// A choice near a given one, made by many small steps.
///
/// A step adds a block or takes one out, with the sides of its place that hang on it alone. It counts what blocks are worth
/// less what is charged: for their cost, ever so much that the budget is kept in the mean, and for what a place lacks of the
/// least size, ever more. At first what the relaxation chooses counts more, so that places begin where the bound has them.
/// There are never fewer places than there must be, nor more than there may be. Afterwards what is too small or too much is
/// taken out, and the room is filled by the greedy way.
///
/// Source: Kirkpatrick, Gelatt & Vecchi (1983), *Science* 220.
fn cool(
    graph: &Graph,
    limits: &Limits,
    start: &Choice,
    (price, point): (f64, &[f64]),
    cooling: Cooling,
    count: usize,
    chance: &mut Chance,
) -> Option<Choice> {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let block = price * mean(&graph.cost);
    let by_size = block / mean(&graph.size).max(f64::MIN_POSITIVE);
    let good: Vec<u32> = (0..graph.len() as u32).filter(|&b| point[b as usize] > GOOD).collect();
    let lean: Vec<f64> = (0..graph.len()).map(|b| price * graph.cost[b] * (point[b] - 0.5)).collect();
    let mut state = State::of(graph, limits, start, lean);
    let mut charged = cooling.price;
    for at in 0..count {
        if at.is_multiple_of(1024) {
            checkpoint();
            let part = at as f64 / count as f64;
            let (from, to) = cooling.heat;
            let (first, last) = cooling.lack;
            charged *= 1.0 + FOLLOWS * (state.cost / limits.budget - 1.0).clamp(-0.1, 0.1);
            state.rates = Rates {
                price: price * charged,
                over: price * OVER,
                lack: by_size * (first + (last - first) * part),
                lean: (1.0 - part / LEANS).max(0.0),
                heat: block * (to + (from - to) * (1.0 - part) * (1.0 - part)),
            };
        }
        let next = state.pick(chance, &good);
        state.step(next, chance);
    }
    let mut choice = Choice::of(graph, &state.blocks());
    choice.settle(graph, limits);
    greedy::trim(graph, limits, &mut choice);
    choice.settle(graph, limits);
    if choice.n_places < limits.least_places {
        greedy::seed(graph, limits, &mut choice, limits.least_places);
    }
    greedy::grow(graph, limits, &mut choice);
    choice.meets(graph, limits).then_some(choice)
}
