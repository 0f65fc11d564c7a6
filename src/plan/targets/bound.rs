//! How much any choice can be worth: the Lagrangian of budget and places, and the choices that it suggests.

use super::ascent::{Ascent, ascent};
use super::choice::Choice;
use super::graph::{Graph, Limits};
use super::relax::relax;
use super::{greedy, prize};
use crate::model::elementary::exp;

/// So often the ascent is asked.
const MOST_ASCENTS: usize = 120;

/// A bound and what was found on the way to it.
pub(super) struct Searched {
    /// No choice within the limits is worth more.
    pub(super) bound: f64,
    /// Choices that meet the limits, the best first.
    pub(super) choices: Vec<Choice>,
    /// What a unit of the budget is worth at the margin.
    pub(super) price: f64,
    /// How far each block is chosen at the bound, from 0 to 1.
    pub(super) point: Vec<f64>,
}

/// Choices are made from the parts where the steps of the search have become so short.
const SUGGEST_FROM: f64 = 0.1;

/// So many of the choices are handed on.
const KEPT: usize = 4;

/// The lowest bound over prices, and choices from the parts that paid for themselves there.
///
/// ```text
/// bound(price, fee) = price · budget + fee · most places + max over choices of (Σ value − price Σ cost − fee · places)
/// ```
///
/// Every price ≥ 0 and fee ≥ 0 gives a valid bound, since within the limits Σ cost ≤ budget and places ≤ most places;
/// the last term is bounded by the ascent. They are searched for in steps that are halved where no neighbor is lower
/// (Hooke & Jeeves 1961). Without a limit to the number of places there is no fee.
pub(super) fn search(graph: &Graph, limits: &Limits) -> Searched {
    let total = graph.value.iter().chain(&graph.joint_value).sum::<f64>();
    let mut found = Searched { bound: total, choices: Vec::new(), price: 0.0, point: Vec::new() };
    let price = critical(graph, limits);
    if total <= 0.0 || price <= 0.0 {
        return found;
    }
    let places = limits.most_places.min(graph.len());
    let has_fee = limits.most_places < graph.len();
    let mut asked = 0;
    let mut ask = |price: f64, fee: f64| {
        asked += 1;
        let Ascent { most, parts } = ascent(graph, limits, price, fee, None);
        (asked, (price * limits.budget + fee * places as f64 + most) * (1.0 + 1e-12), parts)
    };
    let fee = if has_fee { 0.2 * price * limits.budget / places as f64 } else { 0.0 };
    let mut at = (price, fee);
    let (_, mut lowest, parts) = ask(price, fee);
    suggest(graph, limits, parts, price, &mut found);
    let (mut by_price, mut by_fee) = (0.4f64, 1.2f64);
    while by_price > 0.004 {
        let mut better = None;
        let sides = [(by_price, 0.0), (-by_price, 0.0), (0.0, by_fee), (0.0, -by_fee)];
        for (dp, df) in sides.into_iter().take(if has_fee { 4 } else { 2 }) {
            let (price, fee) = (at.0 * exp(dp), at.1 * exp(df));
            let (n, bound, parts) = ask(price, fee);
            if bound < lowest {
                (lowest, better) = (bound, Some((price, fee, parts)));
            }
            if n >= MOST_ASCENTS {
                by_price = 0.0;
            }
        }
        match better {
            Some((price, fee, parts)) => {
                at = (price, fee);
                if by_price <= SUGGEST_FROM {
                    suggest(graph, limits, parts, price, &mut found);
                }
            }
            None => (by_price, by_fee) = (by_price / 2.0, by_fee / 2.0),
        }
    }
    found.bound = found.bound.min(lowest);
    let mut cuts = Vec::new();
    ascent(graph, limits, at.0, at.1, Some(&mut cuts));
    let value = found.choices.first().map_or(0.0, |choice| choice.exact_value(graph));
    let told = relax(graph, limits, at.0, at.1, cuts, value);
    found.bound = found.bound.min(told.bound);
    found.price = told.price;
    found.point = told.point;
    found
}

/// What a unit of the budget buys at the margin of the fractional knapsack: where the search begins.
fn critical(graph: &Graph, limits: &Limits) -> f64 {
    let share = |b: u32| {
        let joints = graph.joints(b).iter();
        let parts = joints.map(|&j| graph.joint_value[j as usize] / graph.legs[j as usize].len() as f64);
        graph.value[b as usize] + parts.sum::<f64>()
    };
    let mut blocks: Vec<(f64, f64)> = (0..graph.len() as u32)
        .map(|b| (share(b) / graph.cost[b as usize], graph.cost[b as usize]))
        .collect();
    blocks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut left = limits.budget;
    for &(ratio, cost) in &blocks {
        if cost >= left || ratio <= 0.0 {
            return ratio;
        }
        left -= cost;
    }
    blocks.last().map_or(0.0, |last| last.0 * 0.5)
}

/// Makes a choice within the limits out of parts.
fn suggest(graph: &Graph, limits: &Limits, parts: Vec<Vec<u32>>, price: f64, found: &mut Searched) {
    let mut mark = vec![0u32; graph.len()];
    let mut places: Vec<(f64, Vec<u32>)> =
        parts.iter().map(|part| prize::pruned(graph, part, price, &mut mark)).collect();
    places.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    places.retain(|(worth, blocks)| {
        *worth > 0.0 && (limits.diameter.is_infinite() || graph.extent(blocks) <= limits.diameter)
    });
    places.truncate(limits.most_places);
    let blocks: Vec<u32> = places.into_iter().flat_map(|(_, blocks)| blocks).collect();
    complete(graph, limits, &blocks, found);
}

/// Makes a choice within the limits out of blocks.
fn complete(graph: &Graph, limits: &Limits, blocks: &[u32], found: &mut Searched) {
    let mut choice = Choice::of(graph, blocks);
    greedy::trim(graph, limits, &mut choice);
    choice.settle(graph, limits);
    if choice.n_places < limits.least_places {
        greedy::seed(graph, limits, &mut choice, limits.least_places);
    }
    greedy::grow(graph, limits, &mut choice);
    if choice.meets(graph, limits) {
        found.choices.push(choice);
        found.choices.sort_by(|a, b| b.exact_value(graph).total_cmp(&a.exact_value(graph)));
        found.choices.truncate(KEPT);
    }
}
