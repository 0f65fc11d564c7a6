//! A choice of blocks as places: contiguous parts that do not touch.

use super::graph::{Graph, Limits};

/// Not chosen.
pub(super) const OUT: u32 = u32::MAX;

/// Chosen blocks with the place that each belongs to.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The place of each block.
    pub(super) label: Vec<u32>,
    /// The blocks of each place; an empty list is no place.
    members: Vec<Vec<u32>>,
    /// How many legs of each joint are chosen.
    covered: Vec<u32>,
    /// What the blocks cost together.
    pub(super) cost: f64,
    /// How many places there are.
    pub(super) n_places: usize,
}

impl Choice {
    pub(super) fn none(graph: &Graph) -> Self {
        Self {
            label: vec![OUT; graph.len()],
            members: Vec::new(),
            covered: vec![0; graph.legs.len()],
            cost: 0.0,
            n_places: 0,
        }
    }

    pub(super) fn of(graph: &Graph, blocks: &[u32]) -> Self {
        let mut choice = Self::none(graph);
        for &block in blocks {
            choice.add(graph, &[block]);
        }
        choice
    }

    pub(super) fn has(&self, block: u32) -> bool {
        self.label[block as usize] != OUT
    }

    /// The places, in no particular order.
    pub(super) fn places(&self) -> impl Iterator<Item = &[u32]> {
        self.members.iter().map(Vec::as_slice).filter(|blocks| !blocks.is_empty())
    }

    pub(super) fn place(&self, label: u32) -> &[u32] {
        &self.members[label as usize]
    }

    pub(super) fn blocks(&self) -> Vec<u32> {
        (0..self.label.len() as u32).filter(|&block| self.has(block)).collect()
    }

    /// What is chosen is worth, added up in the order of the graph so that the way there does not matter.
    pub(super) fn exact_value(&self, graph: &Graph) -> f64 {
        let blocks: f64 = (0..graph.len()).filter(|&b| self.label[b] != OUT).map(|b| graph.value[b]).sum();
        blocks
            + self
                .covered
                .iter()
                .zip(&graph.joint_value)
                .filter(|(n, _)| **n > 0)
                .map(|(_, v)| v)
                .sum::<f64>()
    }

    /// Whether a joint is not in a place yet.
    pub(super) fn open(&self, joint: u32) -> bool {
        self.covered[joint as usize] == 0
    }

    /// What one more block is worth.
    pub(super) fn gain(&self, graph: &Graph, block: u32) -> f64 {
        let joints = graph.joints(block).iter().filter(|&&j| self.open(j));
        graph.value[block as usize] + joints.map(|&j| graph.joint_value[j as usize]).sum::<f64>()
    }

    /// What would be lost without a chosen block.
    pub(super) fn loss(&self, graph: &Graph, block: u32) -> f64 {
        let joints = graph.joints(block).iter().filter(|&&j| self.covered[j as usize] == 1);
        graph.value[block as usize] + joints.map(|&j| graph.joint_value[j as usize]).sum::<f64>()
    }

    /// Adds blocks that hang together; places that they touch become one.
    pub(super) fn add(&mut self, graph: &Graph, blocks: &[u32]) {
        let mut touched: Vec<u32> =
            blocks.iter().flat_map(|&b| graph.near(b)).map(|&b| self.label[b as usize]).collect();
        touched.retain(|&label| label != OUT);
        touched.sort_unstable();
        touched.dedup();
        // The largest keeps its label.
        let home = touched
            .iter()
            .copied()
            .max_by_key(|&label| (self.members[label as usize].len(), std::cmp::Reverse(label)));
        let home = home.unwrap_or_else(|| self.new_label());
        for other in touched.into_iter().filter(|&label| label != home) {
            let moved = std::mem::take(&mut self.members[other as usize]);
            moved.iter().for_each(|&b| self.label[b as usize] = home);
            self.members[home as usize].extend(moved);
            self.n_places -= 1;
        }
        for &block in blocks {
            self.label[block as usize] = home;
            self.members[home as usize].push(block);
            self.cost += graph.cost[block as usize];
            graph.joints(block).iter().for_each(|&j| self.covered[j as usize] += 1);
        }
    }

    fn new_label(&mut self) -> u32 {
        self.n_places += 1;
        match self.members.iter().position(Vec::is_empty) {
            Some(free) => free as u32,
            None => {
                self.members.push(Vec::new());
                self.members.len() as u32 - 1
            }
        }
    }

    /// Takes chosen blocks out; a place that falls apart becomes several.
    pub(super) fn remove(&mut self, graph: &Graph, blocks: &[u32]) {
        let mut broken: Vec<u32> = Vec::new();
        for &block in blocks {
            let label = std::mem::replace(&mut self.label[block as usize], OUT);
            broken.push(label);
            self.cost -= graph.cost[block as usize];
            graph.joints(block).iter().for_each(|&j| self.covered[j as usize] -= 1);
        }
        broken.sort_unstable();
        broken.dedup();
        for label in broken {
            let mut left = std::mem::take(&mut self.members[label as usize]);
            left.retain(|&b| self.label[b as usize] == label);
            self.n_places -= 1;
            left.iter().for_each(|&b| self.label[b as usize] = OUT);
            let mine: std::collections::HashSet<u32> = left.iter().copied().collect();
            for from in left {
                if self.has(from) {
                    continue;
                }
                let fresh = self.new_label();
                self.label[from as usize] = fresh;
                let mut part = vec![from];
                let mut next = 0;
                while let Some(&at) = part.get(next) {
                    next += 1;
                    for &to in graph.near(at).iter().filter(|to| mine.contains(to)) {
                        if !self.has(to) {
                            self.label[to as usize] = fresh;
                            part.push(to);
                        }
                    }
                }
                self.members[fresh as usize] = part;
            }
        }
        if self.n_places == 0 {
            self.cost = 0.0;
        }
    }

    /// Takes out places that are too small, and the least of those that are too many.
    pub(super) fn settle(&mut self, graph: &Graph, limits: &Limits) {
        let size = |blocks: &[u32]| blocks.iter().map(|&b| graph.size[b as usize]).sum::<f64>();
        let small: Vec<u32> =
            self.places().filter(|blocks| size(blocks) < limits.least_size).flatten().copied().collect();
        self.remove(graph, &small);
        if self.n_places > limits.most_places {
            let mut worth: Vec<(f64, Vec<u32>)> = self
                .places()
                .map(|blocks| (blocks.iter().map(|&b| graph.value[b as usize]).sum(), blocks.to_vec()))
                .collect();
            worth.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let over: Vec<u32> = worth.drain(limits.most_places..).flat_map(|(_, blocks)| blocks).collect();
            self.remove(graph, &over);
        }
    }

    /// Whether all limits are met.
    pub(super) fn meets(&self, graph: &Graph, limits: &Limits) -> bool {
        let cost: f64 = self.blocks().iter().map(|&b| graph.cost[b as usize]).sum();
        (limits.least_places..=limits.most_places).contains(&self.n_places)
            && limits.affords(cost)
            && self.places().all(|blocks| {
                blocks.iter().map(|&b| graph.size[b as usize]).sum::<f64>() >= limits.least_size
                    && (limits.diameter.is_infinite() || graph.extent(blocks) <= limits.diameter)
            })
    }
}
