//! Improves choices: parts are taken out and the room is filled anew, as long as that is worth it.

use super::choice::Choice;
use super::graph::{Graph, Limits};
use super::greedy::{grow, loose, seed};
use crate::analysis::chance::Chance;
use crate::progress::steps;

/// The stream of the search; other methods of a plan have their own.
const LANE: u64 = 0x7a26;

/// The best of the starts, improved.
///
/// A round takes something out of the best choice (loose ends that are worth least for their cost, all around a block,
/// or a whole place), fills the room by the greedy way and keeps the result if it is worth more: so blocks are dropped,
/// added and swapped, places split, joined and moved. What is taken out is drawn from the seed. The search ends early
/// where the bound is met. Never worse than the best start.
pub(super) fn local_search(
    graph: &Graph,
    limits: &Limits,
    starts: impl Iterator<Item = Choice>,
    bound: f64,
    seeds: u64,
    rounds: u32,
) -> Option<Choice> {
    let mut best: Option<(f64, Choice)> = None;
    for start in starts {
        let value = start.exact_value(graph);
        if best.as_ref().is_none_or(|(most, _)| value > *most) {
            best = Some((value, start));
        }
    }
    let (mut value, mut best) = best?;
    let mut chance = Chance::new(seeds, LANE);
    let rounds = affordable(graph, limits, &best, rounds);
    let done = steps(rounds as usize);
    for _ in 0..rounds {
        done.done(1);
        if value >= bound * (1.0 - 1e-9) {
            break;
        }
        let mut other = best.clone();
        take_out(graph, &mut other, &mut chance);
        other.settle(graph, limits);
        if other.n_places < limits.least_places {
            seed(graph, limits, &mut other, limits.least_places);
        } else if other.n_places < limits.most_places && chance.below(4) == 0 {
            let more = other.n_places + 1;
            seed(graph, limits, &mut other, more);
        }
        grow(graph, limits, &mut other);
        let worth = other.exact_value(graph);
        if worth > value * (1.0 + 1e-12) && other.meets(graph, limits) {
            (value, best) = (worth, other);
        }
    }
    Some(best)
}

/// Steps of all rounds at most: some seconds.
const MOST_STEPS: u64 = 100_000_000;

/// The rounds that there is time for: each sows up to as many places as there must be among all blocks, and with a diameter
/// looks from every block of a place at every other.
fn affordable(graph: &Graph, limits: &Limits, best: &Choice, rounds: u32) -> u32 {
    let chosen = best.blocks().len() as u64;
    let sown = limits.least_places as u64 * graph.len() as u64;
    let looked = if limits.diameter.is_infinite() { 0 } else { 8 * chosen * chosen };
    let affordable = MOST_STEPS / (sown + looked).max(1);
    rounds.min(u32::try_from(affordable).unwrap_or(u32::MAX).max(LEAST_ROUNDS))
}

/// Rounds that are tried however long they take.
const LEAST_ROUNDS: u32 = 4;

fn take_out(graph: &Graph, choice: &mut Choice, chance: &mut Chance) {
    let blocks = choice.blocks();
    let Some(&block) = blocks.get(chance.below(blocks.len() as u32) as usize) else { return };
    match chance.below(8) {
        0 => {
            let place = choice.place(choice.label[block as usize]).to_vec();
            choice.remove(graph, &place);
        }
        1..=3 => {
            let around = around(graph, choice, block, 2 + chance.below(4));
            choice.remove(graph, &around);
        }
        _ => {
            // From a fiftieth to a fifth of the cost, a few times, since ends lie behind ends.
            let aim = choice.cost * (0.02 + 0.18 * chance.unit());
            let before = choice.cost;
            for _ in 0..4 {
                let mut ends: Vec<(f64, u32)> = loose(graph, choice)
                    .into_iter()
                    .map(|b| (choice.loss(graph, b) / graph.cost[b as usize] * (0.5 + chance.unit()), b))
                    .collect();
                ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let mut out: Vec<u32> = Vec::new();
                let mut cost = 0.0;
                for (_, end) in ends {
                    if cost < aim / 4.0 && !graph.near(end).iter().any(|to| out.contains(to)) {
                        cost += graph.cost[end as usize];
                        out.push(end);
                    }
                }
                choice.remove(graph, &out);
                if before - choice.cost >= aim {
                    break;
                }
            }
        }
    }
}

/// Chosen blocks no more than so many steps from one.
fn around(graph: &Graph, choice: &Choice, from: u32, steps: u32) -> Vec<u32> {
    let mut found = vec![from];
    let mut ends = 0..1;
    for _ in 0..steps {
        for at in ends.clone() {
            for &to in graph.near(found[at]) {
                if choice.has(to) && !found.contains(&to) {
                    found.push(to);
                }
            }
        }
        ends = ends.end..found.len();
    }
    found
}
