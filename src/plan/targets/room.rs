//! Cuts of the least size: a place lies within a part and is large enough there, or leaves it over a block beside it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::closure::Closure;
use super::cuts::{Cut, MISSED, large};
use super::graph::{Graph, Limits};
use super::prize::Key;

/// Blocks chosen less than this are no part of a part.
const FAINT: f64 = 1e-3;

/// Beyond so many blocks around a unit nothing is said of its size.
const MOST_AROUND: usize = 400;

/// What a part lacks of the least size must be more than this part of it, or rounding would count.
const LEAST_LACK: f64 = 1e-4;

/// A unit that has room enough is not looked at for so many passes.
const REST: u32 = 2;

/// Searches for the part around a unit in which least room is chosen.
///
/// ```text
/// Σ size(b) · x(b), b in W and not firm  +  Σ (lack − way(c)) · x(c), c beside W   ≥   lack · x(t)
/// ```
///
/// W is a part with the unit t; firm blocks of W, those chosen as much as t, are as if they were given; lack is what they
/// are less than the least size; way(c) is the size of the shortest way through W from t to c, but for firm blocks. It holds
/// of every choice with t: its place lies in W, then the rest of it is no less than lack; or it leaves W, then what lies on
/// the way to the first block beside W and the share of that block make up for lack. For firm blocks that are given, the W
/// that is missed most is a closure of greatest weight: a block within needs those around it within or beside.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// For how many passes each unit rests.
    rest: Vec<u32>,
    around: Around,
    closure: Closure,
    inside: Vec<bool>,
    firm: Vec<bool>,
}

/// The blocks around a unit, nearest first.
#[derive(Debug, Default)]
struct Around {
    met: Vec<Met>,
    /// Where each block stands in the list; `NONE` if it does not.
    at: Vec<u32>,
    queue: BinaryHeap<Reverse<(Key, u32)>>,
}

/// How a block is met.
#[derive(Clone, Copy, Debug)]
struct Met {
    block: u32,
    /// The size of what lies before it on the shortest way.
    before: f64,
    /// Its own, 0 where it is free.
    size: f64,
    /// Whether ways go on through it.
    through: bool,
}

const NONE: u32 = u32::MAX;

impl Around {
    /// Goes ways from some blocks on as long as they lack something; firm blocks are free, only those that may be gone
    /// through are. Whether there are not too many.
    fn explore(
        &mut self,
        graph: &Graph,
        first: &[u32],
        lack: f64,
        (seen, inside, firm): (impl Fn(u32) -> bool, impl Fn(u32) -> bool, &[bool]),
    ) -> bool {
        self.clear();
        self.at.resize(graph.len(), NONE);
        self.queue.clear();
        self.queue.extend(first.iter().map(|&block| Reverse((Key(0.0), block))));
        while let Some(Reverse((Key(before), block))) = self.queue.pop() {
            if self.at[block as usize] != NONE {
                continue;
            }
            if self.met.len() >= MOST_AROUND {
                return false;
            }
            let size = if firm[block as usize] { 0.0 } else { graph.size[block as usize] };
            let through = inside(block) && before + size < lack;
            self.at[block as usize] = self.met.len() as u32;
            self.met.push(Met { block, before, size, through });
            if through {
                let onward = graph.near(block).iter().filter(|&&to| self.at[to as usize] == NONE && seen(to));
                self.queue.extend(onward.map(|&to| Reverse((Key(before + size), to))));
            }
        }
        true
    }

    fn clear(&mut self) {
        for met in self.met.drain(..) {
            self.at[met.block as usize] = NONE;
        }
    }

    fn find(&self, block: u32) -> Option<usize> {
        Some(self.at[block as usize] as usize).filter(|&at| at != NONE as usize)
    }
}

impl Room {
    /// Cuts that a point does not meet, at most one for units that are chosen alike and side by side.
    pub(super) fn missed(&mut self, graph: &Graph, limits: &Limits, point: &[f64]) -> Vec<Cut> {
        let (n, units) = (graph.len(), graph.len() + graph.legs.len());
        self.rest.resize(units, 0);
        self.inside.resize(n, false);
        self.firm.resize(n, false);
        let mut order: Vec<u32> = (0..units as u32).filter(|&u| point[u as usize] > MISSED).collect();
        order.sort_by(|&a, &b| point[b as usize].total_cmp(&point[a as usize]).then(a.cmp(&b)));
        let mut served = vec![false; n];
        let mut found = Vec::new();
        for unit in order {
            let at = unit as usize;
            if self.rest[at] > 0 {
                self.rest[at] -= 1;
                continue;
            }
            let own = [unit];
            let first = if at < n { &own[..] } else { &graph.legs[at - n] };
            // What holds of a leg chosen about as much says the same.
            let by_leg = at >= n && first.iter().any(|&leg| point[leg as usize] > point[at] - MISSED);
            if by_leg || at < n && served[at] {
                continue;
            }
            let search = Search { graph, least: large(limits), point, unit, first };
            let (by, cut, firm) = self.cut(&search);
            if by > MISSED {
                firm.into_iter().for_each(|b| served[b as usize] = true);
                found.push(cut);
            } else {
                self.rest[at] = if by.is_finite() { 0 } else { REST };
            }
        }
        found
    }

    /// The cut that a unit misses most, about, by how much, and the blocks that are chosen as much as it.
    fn cut(&mut self, search: &Search<'_>) -> (f64, Cut, Vec<u32>) {
        let mut best = (f64::NEG_INFINITY, Cut::default(), Vec::new());
        let firm = |b: u32| search.x(b) >= search.wanted() * (1.0 - 1e-9);
        let Some(mut alike) = self.alike(search, firm) else { return best };
        for _ in 0..2 {
            let Some(part) = self.part(search, &alike) else { break };
            alike = part.iter().copied().filter(|&b| firm(b)).collect();
            let Some(cut) = self.written(search, &part, &alike) else { break };
            let held: f64 = cut.beside.iter().zip(&cut.share).map(|(&b, w)| w * search.x(b)).sum();
            let by = search.wanted() - held;
            if by <= best.0 {
                break;
            }
            best = (by, cut, alike.clone());
            if by < MISSED {
                break;
            }
        }
        best
    }

    /// The firm blocks that hang together with the unit over such blocks; `None` where they are large enough.
    fn alike(&mut self, search: &Search<'_>, firm: impl Fn(u32) -> bool) -> Option<Vec<u32>> {
        let mut alike: Vec<u32> = search.first.iter().copied().filter(|&b| firm(b)).collect();
        alike.iter().for_each(|&b| self.inside[b as usize] = true);
        let (mut at, mut left) = (0, search.least);
        while at < alike.len() && left > 0.0 {
            left -= search.graph.size[alike[at] as usize];
            for &to in search.graph.near(alike[at]) {
                if !self.inside[to as usize] && firm(to) {
                    self.inside[to as usize] = true;
                    alike.push(to);
                }
            }
            at += 1;
        }
        alike.iter().for_each(|&b| self.inside[b as usize] = false);
        (left > 0.0).then_some(alike)
    }

    /// The part in which and beside which least is chosen, where some blocks are firm; `None` where that is enough.
    fn part(&mut self, search: &Search<'_>, firm: &[u32]) -> Option<Vec<u32>> {
        let (graph, wanted) = (search.graph, search.wanted());
        let lack = search.lack(firm)?;
        firm.iter().for_each(|&b| self.firm[b as usize] = true);
        let clear = |b: u32| search.x(b) > FAINT;
        let few = self.around.explore(graph, search.first, lack, (clear, clear, &self.firm));
        firm.iter().for_each(|&b| self.firm[b as usize] = false);
        let around = &self.around;
        // What is beside the firm blocks counts, in the part or beside it.
        let mut sunk = vec![false; around.met.len()];
        for &b in firm.iter().filter(|_| few) {
            let near = graph.near(b).iter().chain([&b]);
            near.filter_map(|&to| around.find(to)).for_each(|at| sunk[at] = true);
        }
        search.first.iter().filter_map(|&b| around.find(b)).for_each(|at| sunk[at] = true);
        self.closure.begin(around.met.len());
        let mut spare = wanted - MISSED;
        for (at, met) in around.met.iter().enumerate().filter(|_| few) {
            let x = search.x(met.block);
            let beside = if firm.contains(&met.block) { 0.0 } else { (1.0 - met.before / lack) * x };
            let within = met.size / lack * x.min(wanted);
            if sunk[at] {
                spare -= beside;
            } else {
                self.closure.costs(at, beside);
            }
            if met.through && beside > within {
                spare += beside - within;
                self.closure.brings(at, beside - within);
                let near = graph.near(met.block).iter().filter_map(|&to| around.find(to)).chain([at]);
                near.filter(|&to| !sunk[to]).for_each(|to| self.closure.needs(at, to));
            }
        }
        if !few || spare <= 0.0 {
            return None;
        }
        let taken = self.closure.best(spare)?;
        let of = |at: &usize| around.met[*at].block;
        let part = (0..around.met.len()).filter(|at| taken(*at) || firm.contains(&of(at)));
        Some(part.map(|at| of(&at)).collect())
    }

    /// The cut of a part with firm blocks; `None` where these are large enough, or the part has too many blocks beside it.
    fn written(&mut self, search: &Search<'_>, part: &[u32], firm: &[u32]) -> Option<Cut> {
        let lack = search.lack(firm)?;
        part.iter().for_each(|&b| self.inside[b as usize] = true);
        firm.iter().for_each(|&b| self.firm[b as usize] = true);
        let inside = &self.inside;
        let few = self.around.explore(
            search.graph,
            search.first,
            lack,
            (|_| true, |b| inside[b as usize], &self.firm),
        );
        let mut cut = Cut { unit: search.unit, ..Cut::default() };
        for met in &self.around.met {
            let counts = if met.through { met.size } else { lack - met.before };
            if counts > 0.0 {
                cut.beside.push(met.block);
                cut.share.push((counts / lack * (1.0 + 1e-10)).min(1.0));
            }
        }
        part.iter().for_each(|&b| self.inside[b as usize] = false);
        firm.iter().for_each(|&b| self.firm[b as usize] = false);
        few.then_some(cut)
    }
}

/// Where a cut is searched for.
struct Search<'a> {
    graph: &'a Graph,
    least: f64,
    point: &'a [f64],
    unit: u32,
    /// Where a place with the unit can begin: the block, or the legs of the joint.
    first: &'a [u32],
}

impl Search<'_> {
    fn x(&self, block: u32) -> f64 {
        self.point[block as usize]
    }

    fn wanted(&self) -> f64 {
        self.point[self.unit as usize]
    }

    /// What blocks lack of the least size; `None` where that is nothing.
    fn lack(&self, firm: &[u32]) -> Option<f64> {
        let lack = self.least - firm.iter().map(|&b| self.graph.size[b as usize]).sum::<f64>();
        (lack > self.least * LEAST_LACK).then_some(lack)
    }
}
