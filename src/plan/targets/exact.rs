//! The best choice of few blocks, by branch and bound over all sets.

use super::choice::Choice;
use super::graph::{Graph, Limits};
use crate::progress::checkpoint;

/// So many branches are looked at before the search is given up: about a second.
const MOST_BRANCHES: u32 = 1_000_000;

/// The best choice, `Some(None)` where no set meets the limits, `None` where it takes too long.
///
/// Blocks are taken or left in the order of what they could be worth for their cost. A branch ends where the fractional
/// knapsack (Dantzig 1957) of the blocks that are still open, each with all its intersections, cannot beat the best;
/// where more parts than the most places can no longer grow together; where a part is too long for the diameter, or can
/// no longer reach the least size. Sets are words of 64 bits.
///
/// Time O(2ⁿ n) at worst.
pub(super) fn exact(graph: &Graph, limits: &Limits, start: Option<&Choice>) -> Option<Option<Vec<u32>>> {
    let mut search = Search::new(graph, limits)?;
    if let Some(choice) = start {
        let bit = |at: &u32| 1u64 << search.rank[*at as usize];
        search.best = Some((choice.exact_value(graph), choice.blocks().iter().map(bit).sum()));
    }
    search.branch(0, 0, 0.0, 0.0);
    if search.left == 0 {
        return None;
    }
    let order = &search.order;
    let blocks = |set: u64| (0..order.len()).filter(|at| set >> at & 1 == 1).map(|at| order[at]).collect();
    Some(search.best.map(|(_, set)| blocks(set)))
}

struct Search<'g> {
    graph: &'g Graph,
    limits: &'g Limits,
    /// The block at each position of a set, and where each block is.
    order: Vec<u32>,
    rank: Vec<usize>,
    near: Vec<u64>,
    /// Those that cannot be in one place with a block.
    far: Vec<u64>,
    /// Worth of a block with all its joints, and its cost.
    most: Vec<(f64, f64)>,
    /// The legs of the joints at each block, and their worth.
    joints: Vec<Vec<(u64, f64)>>,
    best: Option<(f64, u64)>,
    left: u32,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Graph, limits: &'g Limits) -> Option<Self> {
        let n = graph.len();
        if n > 64 {
            return None;
        }
        let none = Choice::none(graph);
        let ratio = |b: u32| none.gain(graph, b) / graph.cost[b as usize];
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_by(|&a, &b| ratio(b).total_cmp(&ratio(a)).then(a.cmp(&b)));
        let mut rank = vec![0usize; n];
        order.iter().enumerate().for_each(|(at, &b)| rank[b as usize] = at);
        let set = |blocks: &[u32]| blocks.iter().fold(0u64, |set, &b| set | 1 << rank[b as usize]);
        let far = |a: u32| {
            let apart = |b: &u32| !graph.within(&[a], &[*b], limits.diameter);
            set(&(0..n as u32).filter(apart).collect::<Vec<_>>())
        };
        let joints = |b: u32| {
            let one = |&j: &u32| (set(&graph.legs[j as usize]), graph.joint_value[j as usize]);
            graph.joints(b).iter().map(one).collect()
        };
        Some(Self {
            graph,
            limits,
            near: order.iter().map(|&b| set(graph.near(b))).collect(),
            far: order.iter().map(|&b| far(b)).collect(),
            most: order.iter().map(|&b| (none.gain(graph, b), graph.cost[b as usize])).collect(),
            joints: order.iter().map(|&b| joints(b)).collect(),
            order,
            rank,
            best: None,
            left: MOST_BRANCHES,
        })
    }

    /// Decides the block at a position, with `taken` out of those before it.
    fn branch(&mut self, at: usize, taken: u64, value: f64, cost: f64) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.left.is_multiple_of(4096) {
            checkpoint();
        }
        if at == self.order.len() {
            if self.best.is_none_or(|(best, _)| value > best) && self.meets(taken) {
                self.best = Some((value, taken));
            }
            return;
        }
        let open = (u64::MAX << at) & (u64::MAX >> (64 - self.order.len()));
        let Some(useful) = self.useful(taken, open) else { return };
        if self.best.is_some_and(|(best, _)| value + self.knapsack(useful, cost) <= best) {
            return;
        }
        let bit = 1u64 << at;
        let block = self.order[at] as usize;
        let with = cost + self.graph.cost[block];
        if useful & bit != 0 && self.limits.affords(with) && self.short(taken | bit, bit) {
            let fresh = self.joints[at].iter().filter(|(legs, _)| legs & taken == 0).map(|(_, worth)| worth);
            let gain = self.graph.value[block] + fresh.sum::<f64>();
            self.branch(at + 1, taken | bit, value + gain, with);
        }
        self.branch(at + 1, taken, value, cost);
    }

    /// The open blocks that could still be taken; `None` if what is taken can no longer meet the limits.
    fn useful(&self, taken: u64, open: u64) -> Option<u64> {
        let (mut rest, mut parts, mut reached) = (taken, 0, 0u64);
        while rest != 0 {
            let part = self.part(rest.trailing_zeros(), taken | open);
            if self.size(part) < self.limits.least_size {
                return None;
            }
            (rest, parts, reached) = (rest & !part, parts + 1, reached | part);
        }
        if parts > self.limits.most_places {
            return None;
        }
        Some(if parts == self.limits.most_places { reached & open } else { open })
    }

    /// The part of a set that hangs together with one of its blocks.
    fn part(&self, from: u32, of: u64) -> u64 {
        let (mut part, mut fresh) = (1u64 << from, 1u64 << from);
        while fresh != 0 {
            let at = fresh.trailing_zeros() as usize;
            fresh &= fresh - 1;
            let more = self.near[at] & of & !part;
            part |= more;
            fresh |= more;
        }
        part
    }

    /// Whether the part around a block that was just taken is short enough.
    fn short(&self, taken: u64, bit: u64) -> bool {
        self.limits.diameter.is_infinite() || {
            let part = self.part(bit.trailing_zeros(), taken);
            self.bits(part).all(|at| self.far[at] & part == 0)
        }
    }

    fn bits(&self, set: u64) -> impl Iterator<Item = usize> + use<> {
        (0..64).filter(move |at| set >> at & 1 == 1)
    }

    fn size(&self, set: u64) -> f64 {
        self.bits(set).map(|at| self.graph.size[self.order[at] as usize]).sum()
    }

    /// The fractional knapsack of open blocks with what is left of the budget.
    fn knapsack(&self, open: u64, cost: f64) -> f64 {
        let mut left = (self.limits.budget - cost).max(0.0);
        let mut worth = 0.0;
        for at in self.bits(open) {
            let (most, price) = self.most[at];
            if price >= left {
                return worth + most * (left / price);
            }
            (worth, left) = (worth + most, left - price);
        }
        worth
    }

    fn meets(&self, taken: u64) -> bool {
        let (mut rest, mut parts) = (taken, 0);
        while rest != 0 {
            let part = self.part(rest.trailing_zeros(), taken);
            if self.size(part) < self.limits.least_size {
                return false;
            }
            (rest, parts) = (rest & !part, parts + 1);
        }
        (self.limits.least_places..=self.limits.most_places).contains(&parts)
    }
}
