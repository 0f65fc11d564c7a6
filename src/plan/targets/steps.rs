//! A choice that changes block by block: what a step is worth, and which places it joins or splits.

use super::choice::{Choice, OUT};
use super::graph::{Graph, Limits};
use super::sides::Sides;
use crate::analysis::chance::Chance;

/// What is charged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    /// For the cost, and what more for the cost beyond the budget.
    pub(super) price: f64,
    pub(super) over: f64,
    /// For what a place lacks of the least size.
    pub(super) lack: f64,
    /// What a step may be worth less than nothing, about.
    pub(super) heat: f64,
    /// How far blocks lean to where the relaxation chooses them.
    pub(super) lean: f64,
}

/// Chosen blocks, their places and what they cost.
pub(super) struct State<'g> {
    graph: &'g Graph,
    limits: &'g Limits,
    pub(super) rates: Rates,
    label: Vec<u32>,
    members: Vec<Vec<u32>>,
    /// Where each chosen block stands in its place, and in the list of all.
    at: Vec<u32>,
    all: Vec<u32>,
    all_at: Vec<u32>,
    size: Vec<f64>,
    free: Vec<u32>,
    covered: Vec<u32>,
    pub(super) cost: f64,
    n_places: usize,
    search: Sides,
    lean: Vec<f64>,
}

impl<'g> State<'g> {
    pub(super) fn of(graph: &'g Graph, limits: &'g Limits, start: &Choice, lean: Vec<f64>) -> Self {
        let n = graph.len();
        let mut state = Self {
            graph,
            limits,
            rates: Rates::default(),
            label: vec![OUT; n],
            members: Vec::new(),
            at: vec![0; n],
            all: Vec::new(),
            all_at: vec![0; n],
            size: Vec::new(),
            free: Vec::new(),
            covered: vec![0; graph.legs.len()],
            cost: 0.0,
            n_places: 0,
            search: Sides::of(n),
            lean,
        };
        for block in start.blocks() {
            let touched = state.touched(block);
            state.add(block, &touched);
        }
        state
    }

    pub(super) fn blocks(&self) -> Vec<u32> {
        let mut all = self.all.clone();
        all.sort_unstable();
        all
    }

    fn has(&self, block: u32) -> bool {
        self.label[block as usize] != OUT
    }

    /// A block beside or in a place, or one of the hot ones.
    pub(super) fn pick(&self, chance: &mut Chance, hot: &[u32]) -> u32 {
        if self.all.is_empty() || chance.below(12) == 0 {
            return hot.get(chance.below(hot.len() as u32) as usize).copied().unwrap_or(0);
        }
        let block = self.all[chance.below(self.all.len() as u32) as usize];
        let near = self.graph.near(block);
        if near.is_empty() || chance.below(4) == 0 {
            block
        } else {
            near[chance.below(near.len() as u32) as usize]
        }
    }

    /// The places that a block touches.
    fn touched(&self, block: u32) -> Vec<u32> {
        let mut touched: Vec<u32> = Vec::new();
        for &to in self.graph.near(block) {
            let label = self.label[to as usize];
            if label != OUT && !touched.contains(&label) {
                touched.push(label);
            }
        }
        touched
    }

    fn lacking(&self, size: f64) -> f64 {
        self.rates.lack * (self.limits.least_size - size).max(0.0)
    }

    fn charge(&self, cost: f64) -> f64 {
        self.rates.price * cost + self.rates.over * (cost - self.limits.budget).max(0.0)
    }

    /// Adds a block or takes it out, if that is worth it or chance will have it.
    pub(super) fn step(&mut self, block: u32, chance: &mut Chance) {
        if self.has(block) {
            self.try_out(block, chance);
        } else if let Some((gain, touched)) = self.try_in(block)
            && self.accepts(gain, chance)
        {
            self.add(block, &touched);
        }
    }

    /// Near exp(gain / heat), and the same on every machine.
    fn accepts(&self, gain: f64, chance: &mut Chance) -> bool {
        gain >= 0.0 || {
            let eighth = 1.0 / (1.0 - gain / self.rates.heat / 8.0);
            let fourth = eighth * eighth;
            chance.unit() < fourth * fourth * fourth * fourth
        }
    }

    /// What a block would add, less what is charged, and the places it touches; `None` where it must stay out.
    fn try_in(&self, block: u32) -> Option<(f64, Vec<u32>)> {
        let (graph, b) = (self.graph, block as usize);
        let touched = self.touched(block);
        let places = self.n_places + 1 - touched.len();
        if places > self.limits.most_places || (touched.len() > 1 && places < self.limits.least_places) {
            return None;
        }
        let open = graph.joints(block).iter().filter(|&&j| self.covered[j as usize] == 0);
        let mut gain = graph.value[b] + open.map(|&j| graph.joint_value[j as usize]).sum::<f64>();
        gain += self.rates.lean * self.lean[b];
        gain -= self.charge(self.cost + graph.cost[b]) - self.charge(self.cost);
        let mut size = graph.size[b];
        for &label in &touched {
            gain += self.lacking(self.size[label as usize]);
            size += self.size[label as usize];
        }
        gain -= self.lacking(size);
        if self.limits.diameter.is_finite() {
            let d = self.limits.diameter;
            if !graph.within(&[block], &[block], d) {
                return None;
            }
            for (i, &label) in touched.iter().enumerate() {
                let mine = &self.members[label as usize];
                if !graph.within(&[block], mine, d)
                    || touched[..i].iter().any(|&other| !graph.within(&self.members[other as usize], mine, d))
                {
                    return None;
                }
            }
        }
        Some((gain, touched))
    }

    /// Takes a block out, and either leaves the sides of its place that hang on it as places or takes them out as well.
    fn try_out(&mut self, block: u32, chance: &mut Chance) {
        let graph = self.graph;
        let home = self.label[block as usize];
        let has = |b: u32| self.label[b as usize] != OUT;
        let Some(sides) = self.search.sides(block, |b| graph.near(b), has) else { return };
        let side_size = |side: &[u32]| side.iter().map(|&b| graph.size[b as usize]).sum::<f64>();
        let apart = !sides.is_empty() && chance.below(2) == 0;
        let mut out = vec![block];
        if !apart {
            sides.iter().for_each(|side| out.extend(side));
        }
        let whole = out.len() == self.members[home as usize].len();
        let places = if apart { self.n_places + sides.len() } else { self.n_places - usize::from(whole) };
        if places > self.limits.most_places || places < self.limits.least_places {
            return;
        }
        let cost: f64 = out.iter().map(|&b| graph.cost[b as usize]).sum();
        let mut gain = self.charge(self.cost) - self.charge(self.cost - cost);
        gain += self.lacking(self.size[home as usize]);
        let mut left = self.size[home as usize] - graph.size[block as usize];
        for side in &sides {
            left -= side_size(side);
            if apart {
                gain -= self.lacking(side_size(side));
            }
        }
        if !whole {
            gain -= self.lacking(left);
        }
        for &b in &out {
            gain -= graph.value[b as usize] + self.rates.lean * self.lean[b as usize];
            for &j in graph.joints(b) {
                self.covered[j as usize] -= 1;
                if self.covered[j as usize] == 0 {
                    gain -= graph.joint_value[j as usize];
                }
            }
        }
        if !self.accepts(gain, chance) {
            out.iter().flat_map(|&b| graph.joints(b)).for_each(|&j| self.covered[j as usize] += 1);
            return;
        }
        for &b in &out {
            self.drop(b);
        }
        if apart {
            for side in sides {
                let label = self.fresh();
                for b in side {
                    self.leave(b);
                    self.enter(b, label);
                }
            }
        }
        if whole {
            self.free.push(home);
            self.n_places -= 1;
        }
    }

    fn fresh(&mut self) -> u32 {
        self.n_places += 1;
        self.free.pop().unwrap_or_else(|| {
            self.members.push(Vec::new());
            self.size.push(0.0);
            self.members.len() as u32 - 1
        })
    }

    fn enter(&mut self, block: u32, label: u32) {
        let (b, l) = (block as usize, label as usize);
        self.label[b] = label;
        self.at[b] = self.members[l].len() as u32;
        self.members[l].push(block);
        self.size[l] += self.graph.size[b];
    }

    fn leave(&mut self, block: u32) {
        let (b, l) = (block as usize, self.label[block as usize] as usize);
        let at = self.at[b] as usize;
        self.members[l].swap_remove(at);
        if let Some(&moved) = self.members[l].get(at) {
            self.at[moved as usize] = at as u32;
        }
        self.size[l] = if self.members[l].is_empty() { 0.0 } else { self.size[l] - self.graph.size[b] };
        self.label[b] = OUT;
    }

    /// Takes a block out; its joints have been taken care of.
    fn drop(&mut self, block: u32) {
        self.leave(block);
        let at = self.all_at[block as usize] as usize;
        self.all.swap_remove(at);
        if let Some(&moved) = self.all.get(at) {
            self.all_at[moved as usize] = at as u32;
        }
        self.cost -= self.graph.cost[block as usize];
    }

    fn add(&mut self, block: u32, touched: &[u32]) {
        let graph = self.graph;
        let home =
            touched.iter().copied().max_by_key(|&l| (self.members[l as usize].len(), std::cmp::Reverse(l)));
        let home = home.unwrap_or_else(|| self.fresh());
        for &other in touched.iter().filter(|&&other| other != home) {
            for b in std::mem::take(&mut self.members[other as usize]) {
                self.enter(b, home);
            }
            self.size[other as usize] = 0.0;
            self.free.push(other);
            self.n_places -= 1;
        }
        self.enter(block, home);
        self.all_at[block as usize] = self.all.len() as u32;
        self.all.push(block);
        self.cost += graph.cost[block as usize];
        graph.joints(block).iter().for_each(|&j| self.covered[j as usize] += 1);
    }
}
