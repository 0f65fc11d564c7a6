//! How much a choice of contiguous places can be worth when blocks are bought at a price: a dual ascent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cuts::{Cut, large, last_root};
use super::graph::{Graph, Limits};
use super::prize::Key;
use crate::progress::checkpoint;

/// What the ascent says at one pair of prices.
#[derive(Debug)]
pub(super) struct Ascent {
    /// No choice has more value less price × cost less fee × places.
    pub(super) most: f64,
    /// The parts that paid for themselves on the way: where good places are.
    pub(super) parts: Vec<Vec<u32>>,
}

/// An upper bound of Σ value − price · Σ cost − fee · places over all choices of contiguous places.
///
/// Blocks worth more than their price, and all joints, have a prize; the others have a toll. The sum of all prizes less
/// what must be forgone or paid at least is the bound. The latter is the value of a dual solution: a part (blocks whose
/// toll is paid up, hanging together) is raised as long as it has prizes left to forgo, until a block beside it has its
/// toll paid up and joins, or the part has paid the fee of a place. Parts with the fewest blocks beside them go first.
///
/// ```text
/// raise y(W) ≥ 0 of parts W:   Σ y(W) over W beside block v ≤ toll(v),   Σ y(W) over W with v ≤ fee,
///                              Σ y(W) on behalf of prize t ≤ prize(t);   every Σ y is a lower bound of what is lost
/// ```
///
/// Time O(n log n + Σ blocks beside a part whenever it is its turn). Source: Wong (1984), *Mathematical Programming* 28, on
/// the node cuts of Álvarez-Miranda, Ljubić & Mutzel (2013).
pub(super) fn ascent(
    graph: &Graph,
    limits: &Limits,
    price: f64,
    fee: f64,
    record: Option<&mut Vec<Cut>>,
) -> Ascent {
    let mut parts = Parts::new(graph, limits, price, fee, record.is_some());
    let prizes: f64 = parts.left.iter().sum();
    let mut lost = 0.0;
    let mut queue: BinaryHeap<Reverse<(usize, u32)>> = BinaryHeap::new();
    for part in 0..parts.above.len() as u32 {
        if parts.find(part) == part && parts.active(part) {
            queue.push(Reverse((parts.beside[part as usize].len(), part)));
        }
    }
    while let Some(Reverse((_, part))) = queue.pop() {
        checkpoint();
        if parts.find(part) != part || !parts.active(part) {
            continue;
        }
        let until = queue.peek().map_or(usize::MAX, |Reverse((beside, _))| *beside);
        let (raised, now) = parts.raise(part, until);
        lost += raised;
        if parts.active(now) {
            queue.push(Reverse((parts.beside[now as usize].len(), now)));
        }
    }
    if let Some(record) = record {
        *record = std::mem::take(&mut parts.cuts);
    }
    Ascent { most: prizes - lost, parts: parts.paid() }
}

struct Parts<'g> {
    graph: &'g Graph,
    /// From this size on a part may be a place.
    large: f64,
    size: Vec<f64>,
    record: bool,
    cuts: Vec<Cut>,
    /// Prizes left of each unit, and by root the units with some, and all blocks; where cuts are recorded.
    own: Vec<f64>,
    units: Vec<BinaryHeap<Reverse<u32>>>,
    members: Vec<Vec<u32>>,
    fee: f64,
    /// What is left of each block's toll; 0 if it belongs to a part.
    toll: Vec<f64>,
    joined: Vec<bool>,
    /// Union and find over blocks, then joints.
    above: Vec<u32>,
    /// By root: prizes left to forgo, what is left of the fee, and the blocks beside.
    left: Vec<f64>,
    due: Vec<f64>,
    beside: Vec<Vec<u32>>,
    /// When a block was last seen beside a part that is raised.
    seen: Vec<u32>,
    clock: u32,
    /// Below this a number is what rounding left of 0.
    tiny: f64,
}

/// What a part meets while it is raised.
#[derive(Default)]
struct Run {
    /// The height at which each block beside has its toll paid.
    queue: BinaryHeap<Reverse<(Key, u32)>>,
    /// Those blocks, and since what height they wait.
    waiting: Vec<(u32, f64)>,
}

impl<'g> Parts<'g> {
    fn new(graph: &'g Graph, limits: &Limits, price: f64, fee: f64, record: bool) -> Self {
        let (n, m) = (graph.len(), graph.legs.len());
        let net = |b: usize| graph.value[b] - price * graph.cost[b];
        let most = (0..n).map(|b| net(b).abs()).chain(graph.joint_value.iter().copied()).fold(0.0, f64::max);
        let own: Vec<f64> =
            (0..n).map(|b| net(b).max(0.0)).chain(graph.joint_value.iter().copied()).collect();
        let heap = |unit: u32| {
            if own[unit as usize] > 0.0 { BinaryHeap::from([Reverse(unit)]) } else { BinaryHeap::new() }
        };
        let mut parts = Self {
            graph,
            large: large(limits),
            size: graph.size.iter().copied().chain((0..m).map(|_| 0.0)).collect(),
            record,
            cuts: Vec::new(),
            units: if record { (0..(n + m) as u32).map(heap).collect() } else { Vec::new() },
            members: if record {
                (0..n as u32).map(|b| vec![b]).chain((0..m).map(|_| Vec::new())).collect()
            } else {
                Vec::new()
            },
            own: if record { own } else { Vec::new() },
            fee,
            toll: (0..n).map(|b| (-net(b)).max(0.0)).collect(),
            joined: (0..n).map(|b| net(b) >= 0.0).collect(),
            above: (0..(n + m) as u32).collect(),
            left: (0..n).map(|b| net(b).max(0.0)).chain(graph.joint_value.iter().copied()).collect(),
            // A joint alone is no place: it waits for a leg.
            due: (0..n + m).map(|at| if at < n { fee } else { f64::INFINITY }).collect(),
            beside: vec![Vec::new(); n + m],
            seen: vec![0; n],
            clock: 0,
            tiny: most * 1e-13,
        };
        for block in 0..n as u32 {
            if parts.joined[block as usize] {
                parts.join(block);
            }
        }
        for (joint, legs) in graph.legs.iter().enumerate() {
            let legs: Vec<u32> = legs.iter().copied().filter(|&leg| !parts.joined[leg as usize]).collect();
            let root = parts.find((n + joint) as u32);
            parts.beside[root as usize].extend(legs);
        }
        parts
    }

    fn find(&mut self, mut at: u32) -> u32 {
        while self.above[at as usize] != at {
            self.above[at as usize] = self.above[self.above[at as usize] as usize];
            at = self.above[at as usize];
        }
        at
    }

    fn active(&self, root: u32) -> bool {
        self.left[root as usize] > self.tiny && (self.small(root) || self.due[root as usize] > self.tiny)
    }

    /// Whether a part is too small to be a place: it must go on, and no fee makes up for that.
    fn small(&self, root: u32) -> bool {
        self.size[root as usize] < self.large
    }

    /// Links a block of no toll with the parts that it touches; what is not of a part is now beside its own.
    fn join(&mut self, block: u32) {
        let graph = self.graph;
        let mut root = self.find(block);
        for &to in graph.near(block) {
            if self.joined[to as usize] {
                root = self.union(root, to);
            } else {
                self.beside[root as usize].push(to);
            }
        }
        for &joint in graph.joints(block) {
            root = self.union(root, graph.len() as u32 + joint);
        }
    }

    fn union(&mut self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return a;
        }
        let longer = |x: u32, y: u32| self.beside[x as usize].len() > self.beside[y as usize].len();
        let (stays, goes) = if longer(b, a) { (b, a) } else { (a, b) };
        self.above[goes as usize] = stays;
        self.left[stays as usize] += std::mem::take(&mut self.left[goes as usize]);
        self.due[stays as usize] = self.due[stays as usize].min(self.due[goes as usize]);
        self.size[stays as usize] += self.size[goes as usize];
        if self.record {
            let mut units = std::mem::take(&mut self.units[goes as usize]);
            self.units[stays as usize].append(&mut units);
            let mut members = std::mem::take(&mut self.members[goes as usize]);
            if members.len() > self.members[stays as usize].len() {
                std::mem::swap(&mut members, &mut self.members[stays as usize]);
            }
            self.members[stays as usize].append(&mut members);
        }
        let moved = std::mem::take(&mut self.beside[goes as usize]);
        self.beside[stays as usize].extend(moved);
        stays
    }

    /// Raises a part until it has nothing left to forgo or to pay, has joined another or has more blocks beside it than
    /// it may; by how much, and what it is of now. Blocks beside it wait in a queue for the height at which their toll is paid.
    fn raise(&mut self, part: u32, until: usize) -> (f64, u32) {
        let graph = self.graph;
        self.clock += 1;
        let (mut root, mut height, mut met) = (part, 0.0, false);
        let mut run = Run::default();
        let first = std::mem::take(&mut self.beside[root as usize]);
        first.into_iter().for_each(|block| self.wait(&mut run, block, height));
        while !met {
            // With more blocks beside it than another, that one is first; as long as this one has moved at all.
            if height > 0.0 && run.queue.len() > until {
                break;
            }
            let next = run.queue.peek().map_or(f64::INFINITY, |Reverse((Key(at), _))| *at);
            let mut by = (next - height).max(0.0).min(self.left[root as usize]);
            if !self.small(root) {
                by = by.min(self.due[root as usize]);
                self.due[root as usize] -= by;
            }
            height += by;
            self.left[root as usize] -= by;
            if self.record && by > 0.0 {
                self.write(root, by, &run);
            }
            if !self.active(root) {
                break;
            }
            let Some(Reverse((_, block))) = run.queue.pop() else { break };
            self.toll[block as usize] = 0.0;
            self.joined[block as usize] = true;
            let joints = graph.joints(block).iter().map(|&joint| graph.len() as u32 + joint);
            root = self.union(root, block);
            for to in graph.near(block).iter().copied().chain(joints) {
                let unpaid = (to as usize) < graph.len() && !self.joined[to as usize];
                if unpaid {
                    self.wait(&mut run, to, height);
                } else if self.find(to) != root {
                    let other = self.find(to);
                    // A joint alone is met on every way; it brings its prize and its legs.
                    met |= (to as usize) < graph.len() && (self.active(other) || self.is_paid(other));
                    root = self.union(root, to);
                    let theirs = std::mem::take(&mut self.beside[root as usize]);
                    theirs.into_iter().for_each(|block| self.wait(&mut run, block, height));
                }
            }
        }
        for (block, since) in run.waiting {
            if !self.joined[block as usize] {
                let toll = &mut self.toll[block as usize];
                *toll = (*toll - (height - since)).max(0.0);
                self.beside[root as usize].push(block);
            }
        }
        (height, root)
    }

    /// Records how far a part is raised, on behalf of its first units that have prizes left.
    fn write(&mut self, root: u32, by: f64, run: &Run) {
        let mut beside: Vec<u32> =
            run.waiting.iter().map(|w| w.0).filter(|&b| !self.joined[b as usize]).collect();
        beside.sort_unstable();
        let mut rest = by;
        while rest > self.tiny {
            let Some(&Reverse(unit)) = self.units[root as usize].peek() else { break };
            let own = &mut self.own[unit as usize];
            let raised = own.min(rest);
            *own -= raised;
            rest -= raised;
            if *own <= self.tiny {
                self.units[root as usize].pop();
            }
            let last = last_root(self.graph, unit);
            let roots = if self.small(root) {
                Vec::new()
            } else {
                self.members[root as usize].iter().copied().filter(|&b| b <= last).collect()
            };
            self.cuts.push(Cut { beside: beside.clone(), roots, unit, raised, ..Cut::default() });
        }
    }

    fn is_paid(&self, root: u32) -> bool {
        !self.small(root) && self.due[root as usize] <= self.tiny.max(self.fee * 1e-12)
    }

    /// Lets a block beside the part that is raised wait for its toll to be paid, once.
    fn wait(&mut self, run: &mut Run, block: u32, height: f64) {
        let at = block as usize;
        if !self.joined[at] && std::mem::replace(&mut self.seen[at], self.clock) != self.clock {
            run.queue.push(Reverse((Key(height + self.toll[at]), block)));
            run.waiting.push((block, height));
        }
    }

    /// The blocks of each part that has paid the fee.
    fn paid(mut self) -> Vec<Vec<u32>> {
        let n = self.graph.len();
        let mut blocks: Vec<Vec<u32>> = vec![Vec::new(); self.above.len()];
        for block in 0..n as u32 {
            let root = self.find(block) as usize;
            if self.joined[block as usize] && self.is_paid(root as u32) {
                blocks[root].push(block);
            }
        }
        blocks.retain(|part| !part.is_empty());
        blocks
    }
}
