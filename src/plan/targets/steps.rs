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

#[cfg(test)]
mod tests {
    use super::super::{Ground, Joint, TargetParams};
    use super::*;
    use crate::analysis::hotspots::weights::Neighbors;
    use crate::space::coord::{Local, Metres};

    /// A grid of blocks with a few holes and joints, and limits that matter.
    fn city(chance: &mut Chance) -> Option<(Graph, Limits)> {
        let (side, n) = (6_usize, 36);
        let links = |b: usize| {
            let to = [(!b.is_multiple_of(side)).then(|| b - 1), b.checked_sub(side)];
            to.into_iter().flatten().map(|b| b as u32).collect::<Vec<u32>>()
        };
        let lists = (0..n).map(|b| if chance.below(9) == 0 { Vec::new() } else { links(b) }).collect();
        let joints: Vec<Joint> = (0..6)
            .map(|_| Joint {
                value: f64::from(1 + chance.below(6)),
                legs: (0..2 + chance.below(2)).map(|_| chance.below(n as u32)).collect(),
            })
            .collect();
        let size: Vec<f64> = (0..n).map(|_| f64::from(1 + chance.below(3))).collect();
        let corners: Vec<Vec<Local>> = (0..n)
            .map(|b| vec![Local { x: (b % side) as f64 * 10.0, y: (b / side) as f64 * 10.0 }])
            .collect();
        let ground = Ground {
            value: &(0..n).map(|_| f64::from(chance.below(9))).collect::<Vec<_>>(),
            cost: &(0..n).map(|_| f64::from(2 + chance.below(5)) / 2.0).collect::<Vec<_>>(),
            size: &size,
            neighbors: &Neighbors::from_lists(lists).expect("links of blocks"),
            joints: &joints,
            corners: &corners,
        };
        let places = 1 + chance.below(2);
        let params = TargetParams {
            budget: 24.0,
            places,
            most_places: Some(places + chance.below(3)),
            least_size: f64::from(chance.below(5)),
            diameter: (chance.below(3) == 0).then_some(Metres(35.0)),
            seed: 1,
            rounds: 1,
            exact_blocks: 0,
        };
        let graph = Graph::of(&ground).expect("good blocks");
        let limits = Limits::of(&graph, &params).ok()?;
        Some((graph, limits))
    }

    impl State<'_> {
        /// What all that is chosen is worth less what is charged, from the blocks alone.
        fn worth(&self) -> f64 {
            let choice = Choice::of(self.graph, &self.blocks());
            let size = |place: &[u32]| place.iter().map(|&b| self.graph.size[b as usize]).sum::<f64>();
            let lacks: f64 = choice.places().map(|place| self.lacking(size(place))).sum();
            let leans: f64 = self.blocks().iter().map(|&b| self.rates.lean * self.lean[b as usize]).sum();
            choice.exact_value(self.graph) + leans - self.charge(choice.cost) - lacks
        }

        /// Everything that is kept beside the blocks follows from them.
        fn agrees(&self, told: &str) {
            let choice = Choice::of(self.graph, &self.blocks());
            assert!((self.cost - choice.cost).abs() < 1e-9, "{told}: {} is not {}", self.cost, choice.cost);
            assert_eq!(self.n_places, choice.n_places, "{told}: places");
            for (joint, legs) in self.graph.legs.iter().enumerate() {
                let n = legs.iter().filter(|&&leg| self.has(leg)).count();
                assert_eq!(self.covered[joint] as usize, n, "{told}: legs of joint {joint}");
            }
            for place in choice.places() {
                let label = self.label[place[0] as usize] as usize;
                let mut mine = self.members[label].clone();
                let mut blocks = place.to_vec();
                mine.sort_unstable();
                blocks.sort_unstable();
                assert_eq!(mine, blocks, "{told}: a place");
                let size: f64 = blocks.iter().map(|&b| self.graph.size[b as usize]).sum();
                assert!((self.size[label] - size).abs() < 1e-9, "{told}: size of a place");
                assert!(self.graph.extent(&blocks) <= self.limits.diameter, "{told}: diameter");
            }
            for (at, &block) in self.all.iter().enumerate() {
                let (home, nth) = (self.label[block as usize] as usize, self.at[block as usize] as usize);
                assert_eq!((self.all_at[block as usize] as usize, self.members[home][nth]), (at, block));
            }
            assert!(self.n_places <= self.limits.most_places, "{told}: too many places");
        }
    }

    #[test]
    fn after_any_steps_all_that_is_kept_follows_from_the_blocks_and_cold_steps_lose_nothing() {
        let (mut joined, mut split, mut least) = (0, 0, 0);
        for seed in 0..60 {
            let mut chance = Chance::new(seed, 0);
            let Some((graph, limits)) = city(&mut chance) else { continue };
            let lean = (0..graph.len()).map(|_| chance.unit() - 0.5).collect();
            let mut state = State::of(&graph, &limits, &Choice::none(&graph), lean);
            for round in 0..400 {
                let is_hot = round % 40 < 20;
                state.rates = Rates {
                    price: 1.5 * chance.unit(),
                    over: 1.0,
                    lack: 2.0 * chance.unit(),
                    heat: if is_hot { 4.0 } else { 1e-12 },
                    lean: chance.unit(),
                };
                let (before, places) = (state.worth(), state.n_places);
                let block = state.pick(&mut chance, &[0, 7, 20]);
                let was = state.has(block);
                state.step(block, &mut chance);
                let told = format!("seed {seed}, step {round} with block {block}");
                state.agrees(&told);
                assert!(
                    is_hot || state.worth() >= before - 1e-9,
                    "{told}: {before} became {}",
                    state.worth()
                );
                joined += usize::from(state.n_places < places && !was);
                split += usize::from(state.n_places > places && was);
                let reached = places >= limits.least_places;
                assert!(!reached || state.n_places >= limits.least_places, "{told}: too few places");
                least += usize::from(reached && places == limits.least_places);
            }
        }
        assert!(joined > 50 && split > 50 && least > 500, "{joined} {split} {least}");
    }
}
