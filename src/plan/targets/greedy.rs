//! The greedy way: places begin where harm is dense, and grow by what brings most for its cost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::choice::{Choice, OUT};
use super::graph::{Graph, Limits};
use super::prize::Key;

/// How many blocks a step looks ahead: behind a quiet block may lie a bad one.
const AHEAD: usize = 4;

/// Places begin at one of so many blocks, those around which harm is densest.
const SEEDS: usize = 300;

/// The best of choices that begin with the fewest places, twice as many, and so on.
pub(super) fn greedy(graph: &Graph, limits: &Limits) -> Option<Choice> {
    let mut best: Option<(f64, Choice)> = None;
    let mut places = limits.least_places;
    loop {
        let mut choice = Choice::none(graph);
        seed(graph, limits, &mut choice, places);
        let begun = choice.n_places;
        grow(graph, limits, &mut choice);
        let value = choice.exact_value(graph);
        if best.as_ref().is_none_or(|(most, _)| value > *most) && choice.meets(graph, limits) {
            best = Some((value, choice));
        }
        // With places of any size the growth begins new ones itself.
        if begun < places || places >= limits.most_places || limits.least_size <= 0.0 {
            return best.map(|(_, choice)| choice);
        }
        places = (places * 2).min(limits.most_places);
    }
}

/// The largest contiguous set that was found within budget and diameter.
pub(super) fn largest(graph: &Graph, limits: &Limits) -> f64 {
    let limits = Limits { least_size: f64::INFINITY, ..*limits };
    let none = Choice::none(graph);
    let size = |blocks: Vec<u32>| blocks.iter().map(|&b| graph.size[b as usize]).sum::<f64>();
    let by_size = |b: u32| graph.size[b as usize] / graph.cost[b as usize];
    dense(graph, by_size)
        .into_iter()
        .map(|from| size(begin(graph, &limits, &none, from, by_size).1))
        .fold(0.0, f64::max)
}

/// The blocks around which most is to be had for its cost, best first.
fn dense(graph: &Graph, ratio: impl Fn(u32) -> f64) -> Vec<u32> {
    let around = |b: u32| {
        let cost = |b: u32| graph.cost[b as usize];
        let near = graph.near(b).iter();
        let (worth, price) =
            near.fold((ratio(b) * cost(b), cost(b)), |(w, c), &to| (w + ratio(to) * cost(to), c + cost(to)));
        (worth / price).max(ratio(b) * 0.5)
    };
    let mut order: Vec<(f64, u32)> = (0..graph.len() as u32).map(|b| (around(b), b)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().take(SEEDS).map(|(_, b)| b).collect()
}

/// The smallest set around a block that is large enough, each step by the ratio; whether it became so.
fn begin(
    graph: &Graph,
    limits: &Limits,
    choice: &Choice,
    from: u32,
    ratio: impl Fn(u32) -> f64,
) -> (bool, Vec<u32>) {
    let free = |b: u32| !choice.has(b) && graph.near(b).iter().all(|&to| choice.label[to as usize] == OUT);
    let fits = |cost: f64, b: u32| limits.affords(choice.cost + cost + graph.cost[b as usize]);
    if !free(from) || !fits(0.0, from) || !graph.within(&[from], &[from], limits.diameter) {
        return (false, Vec::new());
    }
    let (mut blocks, mut cost, mut size) = (Vec::new(), 0.0, 0.0);
    let mut queue = BinaryHeap::from([(Key(0.0), Reverse(from))]);
    let mut seen = std::collections::HashSet::from([from]);
    while let Some((_, Reverse(block))) = queue.pop() {
        if !fits(cost, block) || !graph.within(&[block], &blocks, limits.diameter) {
            continue;
        }
        blocks.push(block);
        cost += graph.cost[block as usize];
        size += graph.size[block as usize];
        if size >= limits.least_size {
            return (true, blocks);
        }
        for &to in graph.near(block).iter().filter(|&&to| free(to)) {
            if seen.insert(to) {
                queue.push((Key(ratio(to)), Reverse(to)));
            }
        }
    }
    (false, blocks)
}

/// Begins places, apart from all others, until there are so many or no more can be had.
pub(super) fn seed(graph: &Graph, limits: &Limits, choice: &mut Choice, places: usize) {
    while choice.n_places < places {
        let ratio = |b: u32| choice.gain(graph, b) / graph.cost[b as usize];
        let worth = |blocks: &[u32]| {
            let cost: f64 = blocks.iter().map(|&b| graph.cost[b as usize]).sum();
            blocks.iter().map(|&b| choice.gain(graph, b)).sum::<f64>() / cost
        };
        let begun = |from: u32| {
            let (large, blocks) = begin(graph, limits, choice, from, ratio);
            large.then(|| (worth(&blocks), blocks))
        };
        let mut found: Vec<(f64, Vec<u32>)> = dense(graph, ratio).into_iter().filter_map(begun).collect();
        if found.is_empty() {
            // The dense ones are taken or lie where there is no room: any other.
            found.extend((0..graph.len() as u32).filter_map(begun).take(1));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let before = choice.n_places;
        // While places are still owed, the cheapest ways would leave most for the others; the best for its cost is near that.
        for (_, blocks) in found {
            let cost: f64 = blocks.iter().map(|&b| graph.cost[b as usize]).sum();
            let apart = |&b: &u32| !choice.has(b) && graph.near(b).iter().all(|&to| !choice.has(to));
            let owed = places - choice.n_places;
            let share = (limits.budget - choice.cost) / owed.max(1) as f64;
            let fair = cost <= share * (1.0 + 1e-12) || choice.n_places == before && owed == 1;
            if choice.n_places < places
                && fair
                && blocks.iter().all(apart)
                && limits.affords(choice.cost + cost)
            {
                choice.add(graph, &blocks);
            }
        }
        if choice.n_places == before {
            return;
        }
    }
}

/// A way on from the places: blocks that hang together, what they bring and cost.
struct Step {
    blocks: Vec<u32>,
    ratio: f64,
}

/// Grows places, joins them and begins new ones, always by what brings most for its cost, until nothing more fits.
pub(super) fn grow(graph: &Graph, limits: &Limits, choice: &mut Choice) {
    let mut queue: BinaryHeap<(Key, Reverse<u32>)> = BinaryHeap::new();
    let mut queued = vec![false; graph.len()];
    for block in 0..graph.len() as u32 {
        if !choice.has(block) {
            let beside = graph.near(block).iter().any(|&to| choice.has(to));
            if beside
                || (choice.n_places < limits.most_places && graph.size[block as usize] >= limits.least_size)
            {
                queued[block as usize] = true;
                queue.push((Key(f64::INFINITY), Reverse(block)));
            }
        }
    }
    while let Some((Key(promised), Reverse(block))) = queue.pop() {
        if choice.has(block) {
            continue;
        }
        let Some(step) = step(graph, limits, choice, block) else {
            queued[block as usize] = false;
            continue;
        };
        if step.ratio < promised {
            queue.push((Key(step.ratio), Reverse(block)));
            continue;
        }
        choice.add(graph, &step.blocks);
        for &new in &step.blocks {
            for &to in graph.near(new) {
                if !choice.has(to) && !queued[to as usize] {
                    queued[to as usize] = true;
                    queue.push((Key(f64::INFINITY), Reverse(to)));
                }
            }
        }
    }
}

/// The best way on that begins with a block.
fn step(graph: &Graph, limits: &Limits, choice: &Choice, from: u32) -> Option<Step> {
    let mut search = Ahead { graph, limits, choice, path: Vec::new(), joints: Vec::new(), best: None };
    search.extend(from, 0.0, 0.0);
    search.best
}

struct Ahead<'a> {
    graph: &'a Graph,
    limits: &'a Limits,
    choice: &'a Choice,
    path: Vec<u32>,
    joints: Vec<u32>,
    best: Option<Step>,
}

impl Ahead<'_> {
    fn extend(&mut self, block: u32, gain: f64, cost: f64) {
        let graph = self.graph;
        let cost = cost + graph.cost[block as usize];
        if !self.limits.affords(self.choice.cost + cost) {
            return;
        }
        let known = self.joints.len();
        let mut gain = gain + graph.value[block as usize];
        for &joint in graph.joints(block) {
            if self.choice.open(joint) && !self.joints.contains(&joint) {
                self.joints.push(joint);
                gain += graph.joint_value[joint as usize];
            }
        }
        self.path.push(block);
        let ratio = gain / cost;
        if gain > 0.0 && self.best.as_ref().is_none_or(|best| ratio > best.ratio) && self.allowed() {
            self.best = Some(Step { blocks: self.path.clone(), ratio });
        }
        if self.path.len() < AHEAD {
            for &to in graph.near(block) {
                if !self.choice.has(to) && !self.path.contains(&to) {
                    self.extend(to, gain, cost);
                }
            }
        }
        self.path.pop();
        self.joints.truncate(known);
    }

    /// Whether the path leaves as many places as there must be, no more than there may be, none too small or too long.
    fn allowed(&self) -> bool {
        let (graph, limits, choice) = (self.graph, self.limits, self.choice);
        let near = self.path.iter().flat_map(|&b| graph.near(b)).map(|&b| choice.label[b as usize]);
        let mut touched: Vec<u32> = near.filter(|&label| label != OUT).collect();
        touched.sort_unstable();
        touched.dedup();
        let places = choice.n_places + 1 - touched.len();
        if touched.is_empty() {
            let size: f64 = self.path.iter().map(|&b| graph.size[b as usize]).sum();
            if places > limits.most_places || size < limits.least_size {
                return false;
            }
        } else if touched.len() > 1 && places < limits.least_places {
            return false;
        }
        limits.diameter.is_infinite() || {
            let mut blocks: Vec<u32> =
                touched.iter().flat_map(|&label| choice.place(label)).copied().collect();
            let close = graph.within(&self.path, &self.path, limits.diameter)
                && graph.within(&self.path, &blocks, limits.diameter);
            blocks.extend(&self.path);
            close && (touched.len() < 2 || graph.extent(&blocks) <= limits.diameter)
        }
    }
}

/// Takes blocks out of places until the budget is met: those at their ends that are worth least for their cost.
pub(super) fn trim(graph: &Graph, limits: &Limits, choice: &mut Choice) {
    while !limits.affords(choice.cost) {
        let over = choice.cost - limits.budget;
        let ends = loose(graph, choice);
        let ratio = |b: u32| choice.loss(graph, b) / graph.cost[b as usize];
        let mut ends: Vec<(f64, u32)> = ends.into_iter().map(|b| (ratio(b), b)).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // A few at once while far above; then one by one.
        let few = (ends.len() / 20).max(1);
        let mut out: Vec<u32> = Vec::new();
        let mut cost = 0.0;
        for (_, block) in ends.into_iter().take(few) {
            if cost < over && !graph.near(block).iter().any(|to| out.contains(to)) {
                cost += graph.cost[block as usize];
                out.push(block);
            }
        }
        if out.is_empty() {
            return;
        }
        choice.remove(graph, &out);
    }
}

/// Chosen blocks without which no place falls apart (Hopcroft & Tarjan 1973, without recursion).
pub(super) fn loose(graph: &Graph, choice: &Choice) -> Vec<u32> {
    const UNSEEN: u32 = 0;
    let n = graph.len();
    let (mut depth, mut low, mut cut) = (vec![UNSEEN; n], vec![0u32; n], vec![false; n]);
    let mut clock = 0;
    for root in choice.blocks() {
        if depth[root as usize] != UNSEEN {
            continue;
        }
        let mut children_of_root = 0;
        let mut stack: Vec<(u32, u32, usize)> = vec![(root, u32::MAX, 0)];
        while let Some(&mut (block, above, ref mut next)) = stack.last_mut() {
            let at = block as usize;
            if *next == 0 {
                clock += 1;
                (depth[at], low[at]) = (clock, clock);
            }
            if let Some(&to) = graph.near(block).get(*next) {
                *next += 1;
                if !choice.has(to) || to == above {
                    continue;
                }
                if depth[to as usize] == UNSEEN {
                    stack.push((to, block, 0));
                } else {
                    low[at] = low[at].min(depth[to as usize]);
                }
                continue;
            }
            stack.pop();
            if above == root {
                children_of_root += 1;
            } else if above != u32::MAX && low[at] >= depth[above as usize] {
                cut[above as usize] = true;
            }
            if above != u32::MAX {
                low[above as usize] = low[above as usize].min(low[at]);
            }
        }
        cut[root as usize] = children_of_root > 1;
    }
    choice.blocks().into_iter().filter(|&b| !cut[b as usize]).collect()
}
