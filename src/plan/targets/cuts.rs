//! Cuts of the relaxation: what holds of every choice, and which of it a point between choices does not meet.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::graph::{Graph, Limits};
use super::prize::Key;

/// What holds of every choice: where a unit is chosen, so is a block beside the part around it, or the root of its place
/// lies in the part; or, with shares, so are blocks around it that add up to the least size.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    /// Blocks beside the part.
    pub(super) beside: Vec<u32>,
    /// The weights of those blocks; all 1 where empty.
    pub(super) share: Vec<f64>,
    /// Blocks of the part that may be the root; empty for a part that is too small to be a place.
    pub(super) roots: Vec<u32>,
    /// The unit: a block, or a joint behind all blocks.
    pub(super) unit: u32,
    /// How far it was raised by the ascent.
    pub(super) raised: f64,
}

impl Cut {
    /// Leaves out what is too far from the unit to be in one place with it.
    pub(super) fn shorten(&mut self, graph: &Graph, limits: &Limits) {
        if limits.diameter.is_infinite() {
            return;
        }
        let own = [self.unit];
        let from = match (self.unit as usize).checked_sub(graph.len()) {
            None => &own[..],
            Some(joint) => &graph.legs[joint],
        };
        let close = |b: u32| from.iter().any(|&leg| graph.within(&[leg], &[b], limits.diameter));
        if !self.share.is_empty() {
            let shares = self.beside.iter().zip(&self.share).filter(|(b, _)| close(**b)).map(|(_, s)| *s);
            self.share = shares.collect();
        }
        self.beside.retain(|&b| close(b));
        self.roots.retain(|&b| close(b));
    }

    /// A number that tells cuts apart, whatever the order of their blocks.
    fn name(&self) -> u64 {
        let first = u64::from(self.unit) | (self.share.len() as u64) << 32;
        self.beside.iter().fold(first, |sum, &block| {
            let mut mixed =
                u64::from(block).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^= mixed >> 29;
            sum.wrapping_add(mixed.wrapping_mul(0x94d0_49bb_1331_11eb))
        })
    }
}

/// The last block that may be the root of the place of a unit: the root is the first block of its place.
pub(super) fn last_root(graph: &Graph, unit: u32) -> u32 {
    match (unit as usize).checked_sub(graph.len()) {
        None => unit,
        Some(joint) => graph.legs[joint].iter().copied().max().unwrap_or(0),
    }
}

/// Finds cuts, each once.
#[derive(Debug, Default)]
pub(super) struct Finder {
    known: BTreeSet<u64>,
    /// What must be around a unit; `None` where that is too many blocks.
    around: BTreeMap<u32, Option<Cut>>,
}

/// Only what a point misses by more than this is worth a cut.
const MISSED: f64 = 0.02;

/// Blocks below this are seen as not chosen.
const CHOSEN: f64 = 0.01;

/// Beyond so many blocks around a unit nothing is said of its size.
const MOST_AROUND: usize = 300;

impl Finder {
    /// Whether a cut is new; it is known from now on.
    pub(super) fn is_new(&mut self, cut: &Cut) -> bool {
        self.known.insert(cut.name())
    }

    pub(super) fn forget(&mut self, cut: &Cut) {
        self.known.remove(&cut.name());
    }

    /// New cuts that a point (of blocks, joints and, if places are limited, roots) does not meet.
    ///
    /// The parts are those of the blocks above a threshold, for every threshold; of each unit the cut that is missed
    /// most. Time O(k log k + blocks beside the parts) for k blocks that are chosen in part.
    pub(super) fn missed(&mut self, graph: &Graph, limits: &Limits, point: &[f64]) -> Vec<Cut> {
        let mut found = Levels::new(graph, limits, point).cuts();
        if limits.least_size > 0.0 {
            for unit in (0..(graph.len() + graph.legs.len()) as u32).filter(|&u| point[u as usize] > MISSED) {
                let cut = self.around.entry(unit).or_insert_with(|| around(graph, limits, unit));
                found.extend(
                    cut.iter()
                        .filter(|cut| {
                            let held: f64 =
                                cut.beside.iter().zip(&cut.share).map(|(&b, w)| w * point[b as usize]).sum();
                            point[unit as usize] - held > MISSED
                        })
                        .cloned(),
                );
            }
        }
        found.iter_mut().for_each(|cut| cut.shorten(graph, limits));
        found.retain(|cut| self.is_new(cut));
        found
    }
}

/// Around a chosen unit lies a place of the least size: so much is chosen of what a way reaches before it is that long.
fn around(graph: &Graph, limits: &Limits, unit: u32) -> Option<Cut> {
    let least = large(limits);
    let first = match (unit as usize).checked_sub(graph.len()) {
        None => vec![unit],
        Some(joint) => graph.legs[joint].clone(),
    };
    let mut queue: BinaryHeap<_> = first.into_iter().map(|block| Reverse((Key(0.0), block))).collect();
    let mut cut = Cut { unit, ..Cut::default() };
    let mut seen = BTreeSet::new();
    while let Some(Reverse((Key(before), block))) = queue.pop() {
        if !seen.insert(block) {
            continue;
        }
        if seen.len() > MOST_AROUND {
            return None;
        }
        let size = graph.size[block as usize];
        cut.beside.push(block);
        cut.share.push((size / least).min(1.0));
        if before + size < least {
            let onward = graph.near(block).iter().filter(|to| !seen.contains(to));
            queue.extend(onward.map(|&to| Reverse((Key(before + size), to))));
        }
    }
    Some(cut)
}

/// From this size on a part may be a place: sums of the same sizes in another order differ by rounding.
pub(super) fn large(limits: &Limits) -> f64 {
    limits.least_size * (1.0 - 1e-9)
}

/// Parts of the blocks above a threshold that falls.
struct Levels<'a> {
    graph: &'a Graph,
    limits: &'a Limits,
    point: &'a [f64],
    inside: Vec<bool>,
    above: Vec<u32>,
    /// By part: its blocks, blocks that were beside it when they were seen, its size, and the unit chosen most.
    members: Vec<Vec<u32>>,
    rim: Vec<Vec<u32>>,
    size: Vec<f64>,
    top: Vec<u32>,
    seen: Vec<u32>,
    clock: u32,
}

impl<'a> Levels<'a> {
    fn new(graph: &'a Graph, limits: &'a Limits, point: &'a [f64]) -> Self {
        let n = graph.len();
        Self {
            graph,
            limits,
            point,
            inside: vec![false; n],
            above: (0..n as u32).collect(),
            members: (0..n as u32).map(|b| vec![b]).collect(),
            rim: vec![Vec::new(); n],
            size: graph.size.clone(),
            top: (0..n as u32).collect(),
            seen: vec![0; n],
            clock: 0,
        }
    }

    fn cuts(mut self) -> Vec<Cut> {
        let level = |b: u32| self.point[b as usize];
        let mut order: Vec<u32> = (0..self.graph.len() as u32).filter(|&b| level(b) > CHOSEN).collect();
        order.sort_by(|&a, &b| level(b).total_cmp(&level(a)).then(a.cmp(&b)));
        let mut best: BTreeMap<u32, (f64, Cut)> = BTreeMap::new();
        for block in order {
            let part = self.enter(block);
            if let Some((by, cut)) = self.cut(part)
                && best.get(&cut.unit).is_none_or(|(most, _)| by > *most)
            {
                best.insert(cut.unit, (by, cut));
            }
        }
        best.into_values().map(|(_, cut)| cut).collect()
    }

    fn find(&mut self, mut at: u32) -> u32 {
        while self.above[at as usize] != at {
            self.above[at as usize] = self.above[self.above[at as usize] as usize];
            at = self.above[at as usize];
        }
        at
    }

    /// Adds the next block to the parts beside it; which part they are now.
    fn enter(&mut self, block: u32) -> u32 {
        let graph = self.graph;
        self.inside[block as usize] = true;
        let mut home = block;
        for &joint in graph.joints(block) {
            self.raise_top(home, joint + graph.len() as u32);
        }
        for &to in graph.near(block) {
            if !self.inside[to as usize] {
                self.rim[home as usize].push(to);
                continue;
            }
            let other = self.find(to);
            if other == home {
                continue;
            }
            let more = self.members[other as usize].len() > self.members[home as usize].len();
            let (stays, goes) = if more { (other, home) } else { (home, other) };
            self.above[goes as usize] = stays;
            let moved = std::mem::take(&mut self.members[goes as usize]);
            self.members[stays as usize].extend(moved);
            let moved = std::mem::take(&mut self.rim[goes as usize]);
            self.rim[stays as usize].extend(moved);
            self.size[stays as usize] += self.size[goes as usize];
            self.raise_top(stays, self.top[goes as usize]);
            home = stays;
        }
        home
    }

    fn raise_top(&mut self, part: u32, unit: u32) {
        let top = &mut self.top[part as usize];
        if self.point[unit as usize] > self.point[*top as usize] {
            *top = unit;
        }
    }

    /// The cut of a part for the unit chosen most, and by how much it is missed.
    fn cut(&mut self, part: u32) -> Option<(f64, Cut)> {
        let (graph, n) = (self.graph, self.graph.len());
        let roots_at = n + graph.legs.len();
        let small = self.size[part as usize] < large(self.limits);
        let unit = self.top[part as usize];
        let wanted = self.point[unit as usize];
        if !small && self.point.len() == roots_at {
            return None;
        }
        self.clock += 1;
        let mut held = 0.0;
        let mut beside = Vec::new();
        let rim = &mut self.rim[part as usize];
        for at in (0..rim.len()).rev() {
            let block = rim[at] as usize;
            if self.inside[block] || self.seen[block] == self.clock {
                rim.swap_remove(at);
                continue;
            }
            self.seen[block] = self.clock;
            beside.push(rim[at]);
            held += self.point[block];
            if wanted - held <= MISSED {
                return None;
            }
        }
        let last = last_root(graph, unit);
        let mut roots = Vec::new();
        if !small {
            roots.extend(self.members[part as usize].iter().copied().filter(|&b| b <= last));
            held += roots.iter().map(|&b| self.point[roots_at + b as usize]).sum::<f64>();
        }
        let by = wanted - held;
        (by > MISSED).then(|| (by, Cut { beside, roots, unit, ..Cut::default() }))
    }
}
