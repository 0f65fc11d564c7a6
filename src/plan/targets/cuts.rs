//! Cuts of the relaxation: what holds of every choice, and which of it a point between choices does not meet.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Limits};
use super::room::Room;

/// What holds of every choice: where a unit is chosen, so is a block beside the part around it, or the root of its place
/// lies in the part; or, with shares, so are blocks around it that add up to the least size, or one over which its place
/// goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    /// Blocks beside the part; with shares those within as well.
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
        let share = |at: usize| self.share.get(at).map_or(0, |share| share.to_bits().rotate_left(32));
        self.beside.iter().zip(0..).fold(first, |sum, (&block, at)| {
            let mixed = u64::from(block).wrapping_add(0x9e37_79b9_7f4a_7c15) ^ share(at);
            let mut mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
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
    room: Room,
}

/// Only what a point misses by more than this is worth a cut.
pub(super) const MISSED: f64 = 0.02;

/// Blocks below this are seen as not chosen.
const CHOSEN: f64 = 0.01;

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
    /// most. With a least size also those parts in which there is too little room. Time of the former O(k log k + blocks beside the parts) for k blocks that are chosen in part.
    pub(super) fn missed(&mut self, graph: &Graph, limits: &Limits, point: &[f64]) -> Vec<Cut> {
        let mut found = Levels::new(graph, limits, point).cuts();
        let n = graph.len();
        let alone = graph.legs.iter().zip(0..).filter(|(legs, joint)| {
            let held: f64 = legs.iter().map(|&leg| point[leg as usize]).sum();
            point[n + joint] - held > MISSED
        });
        found.extend(alone.map(|(legs, joint)| Cut {
            beside: legs.clone(),
            unit: (n + joint) as u32,
            ..Cut::default()
        }));
        if limits.least_size > 0.0 {
            found.extend(self.room.missed(graph, limits, point));
        }
        found.iter_mut().for_each(|cut| cut.shorten(graph, limits));
        found.retain(|cut| self.is_new(cut));
        found
    }
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

#[cfg(test)]
mod tests {
    use super::super::ascent::ascent;
    use super::super::{Ground, Joint, TargetParams};
    use super::*;
    use crate::analysis::chance::Chance;
    use crate::analysis::hotspots::weights::Neighbors;
    use crate::space::coord::{Local, Metres};

    /// Blocks on a line, a ring or a grid, some without size, some with joints, and limits that few sets meet.
    fn small(chance: &mut Chance) -> Option<(Graph, Limits)> {
        let n = 6 + chance.below(6) as usize;
        let side = 2 + chance.below(3) as usize;
        let mut links = vec![Vec::new(); n];
        for (b, links) in links.iter_mut().enumerate().skip(1) {
            links.push(b as u32 - 1);
            if b >= side && chance.below(3) > 0 {
                links.push((b - side) as u32);
            }
        }
        let joints: Vec<Joint> = (0..chance.below(4))
            .map(|_| {
                let leg = chance.below(n as u32 - 1);
                let legs = if chance.below(2) == 0 { vec![leg, leg + 1] } else { vec![leg] };
                Joint { value: 1.0, legs }
            })
            .collect();
        let even = chance.below(2) == 0;
        let size: Vec<f64> = (0..n).map(|_| if even { 1.0 } else { f64::from(chance.below(4)) }).collect();
        let at = |b: usize| Local { x: (b % side) as f64 * 10.0, y: (b / side) as f64 * 10.0 };
        let corners: Vec<Vec<Local>> = (0..n).map(|b| vec![at(b)]).collect();
        let ground = Ground {
            value: &(0..n).map(|_| f64::from(chance.below(9))).collect::<Vec<_>>(),
            cost: &(0..n).map(|_| f64::from(1 + chance.below(2))).collect::<Vec<_>>(),
            size: &size,
            neighbors: &Neighbors::from_lists(links).expect("links of blocks"),
            joints: &joints,
            corners: &corners,
        };
        let params = TargetParams {
            budget: 20.0,
            places: 1,
            most_places: (chance.below(2) > 0).then_some(1 + chance.below(2)),
            least_size: f64::from(chance.below(8)),
            diameter: (chance.below(4) == 0).then_some(Metres(25.0)),
            seed: 1,
            rounds: 1,
            exact_blocks: 0,
        };
        let graph = Graph::of(&ground).expect("good blocks");
        let limits = Limits::of(&graph, &params).ok()?;
        Some((graph, limits))
    }

    /// All choices that meet the limits, as points of blocks, joints and roots.
    fn choices(graph: &Graph, limits: &Limits) -> Vec<Vec<f64>> {
        let (n, m) = (graph.len(), graph.legs.len());
        let mut found = Vec::new();
        for set in 1u32..1 << n {
            let blocks: Vec<u32> = (0..n as u32).filter(|b| set >> b & 1 == 1).collect();
            let choice = super::super::choice::Choice::of(graph, &blocks);
            if !choice.meets(graph, limits) {
                continue;
            }
            let mut point = vec![0.0; 2 * n + m];
            blocks.iter().for_each(|&b| point[b as usize] = 1.0);
            (0..m).filter(|&j| !choice.open(j as u32)).for_each(|j| point[n + j] = 1.0);
            for place in choice.places() {
                let root = place.iter().min().expect("a place has blocks");
                point[n + m + *root as usize] = 1.0;
            }
            found.push(point);
        }
        found
    }

    fn held(cut: &Cut, point: &[f64], roots_at: usize) -> f64 {
        let share = |at: usize| cut.share.get(at).copied().unwrap_or(1.0);
        let beside: f64 = cut.beside.iter().zip(0..).map(|(&b, at)| share(at) * point[b as usize]).sum();
        beside + cut.roots.iter().map(|&b| point[roots_at + b as usize]).sum::<f64>()
            - point[cut.unit as usize]
    }

    /// A point between two choices, or any; some of it is 0 and some 1.
    fn between(chance: &mut Chance, all: &[Vec<f64>]) -> Vec<f64> {
        let any = |chance: &mut Chance| all[chance.below(all.len() as u32) as usize].clone();
        let (a, b) = (any(chance), any(chance));
        let part = chance.unit();
        let plain = chance.below(2) == 0;
        let mixed = |(x, y): (&f64, &f64)| match chance.below(6) {
            0 if plain => chance.unit(),
            1 if plain => 0.0,
            2 if plain => 1.0,
            _ => part * x + (1.0 - part) * y,
        };
        a.iter().zip(&b).map(mixed).collect()
    }

    #[test]
    fn every_cut_holds_for_every_choice_and_is_missed_by_its_point() {
        let (mut beside, mut rooted, mut sized, mut joints, mut raised) = (0, 0, 0, 0, 0);
        for seed in 0..600 {
            let mut chance = Chance::new(seed, 0);
            let Some((graph, limits)) = small(&mut chance) else { continue };
            let (n, all) = (graph.len(), choices(&graph, &limits));
            if all.is_empty() {
                continue;
            }
            let roots_at = n + graph.legs.len();
            let has_roots = limits.most_places < n;
            let holds = |cut: &Cut, from: &str| {
                for choice in &all {
                    let by = held(cut, choice, roots_at);
                    assert!(by >= -1e-12, "seed {seed}, {from}: {cut:?} of {choice:?} under {limits:?}");
                }
            };
            for _ in 0..12 {
                let mut point = between(&mut chance, &all);
                if !has_roots {
                    point.truncate(roots_at);
                }
                for cut in Finder::default().missed(&graph, &limits, &point) {
                    assert!(held(&cut, &point, roots_at) < -MISSED, "{cut:?} is met by {point:?}");
                    holds(&cut, "found");
                    joints += usize::from(cut.unit as usize >= n);
                    match (cut.share.is_empty(), cut.roots.is_empty()) {
                        (false, _) => sized += 1,
                        (true, false) => rooted += 1,
                        (true, true) => beside += 1,
                    }
                }
            }
            let mut cuts = Vec::new();
            let fee = if has_roots { 3.0 * chance.unit() } else { 0.0 };
            ascent(&graph, &limits, 0.5 + 4.0 * chance.unit(), fee, Some(&mut cuts));
            for mut cut in cuts.into_iter().filter(|cut| has_roots || cut.roots.is_empty()) {
                cut.shorten(&graph, &limits);
                holds(&cut, "raised");
                raised += 1;
            }
        }
        let few = [beside, rooted, sized, joints, raised].iter().min().copied();
        assert!(few > Some(200), "{beside} {rooted} {sized} {joints} {raised}");
    }

    /// Blocks of size 1 in the order of their numbers, the first worth most.
    fn plain(links: Vec<Vec<u32>>, joints: &[Joint], least_size: f64) -> (Graph, Limits) {
        let n = links.len();
        let ground = Ground {
            value: &(0..n).map(|b| (n - b) as f64).collect::<Vec<_>>(),
            cost: &vec![1.0; n],
            size: &vec![1.0; n],
            neighbors: &Neighbors::from_lists(links).expect("links of blocks"),
            joints,
            corners: &vec![vec![Local::default()]; n],
        };
        let params = TargetParams {
            budget: n as f64,
            places: 1,
            most_places: None,
            least_size,
            diameter: None,
            seed: 1,
            rounds: 1,
            exact_blocks: 0,
        };
        let graph = Graph::of(&ground).expect("good blocks");
        let limits = Limits::of(&graph, &params).expect("limits");
        (graph, limits)
    }

    /// The blocks of the only cut of a kind that a point misses on behalf of a unit, with their shares.
    fn only(graph: &Graph, limits: &Limits, point: &[f64], unit: u32, sized: bool) -> Vec<(u32, f64)> {
        let found = Finder::default().missed(graph, limits, point);
        let mut cuts = found.into_iter().filter(|cut| cut.unit == unit && sized != cut.share.is_empty());
        let (Some(cut), None) = (cuts.next(), cuts.next()) else { panic!("not one cut of {unit}") };
        let share = |at: usize| cut.share.get(at).map_or(1.0, |s| (s * 1e6).round() / 1e6);
        let mut blocks: Vec<(u32, f64)> = cut.beside.iter().zip(0..).map(|(&b, at)| (b, share(at))).collect();
        blocks.sort_by_key(|&(b, _)| b);
        blocks
    }

    #[test]
    fn a_block_between_arms_that_are_too_short_is_missed_for_want_of_room() {
        // A star: four arms of two blocks, of which the first is chosen by a quarter each. Some way is chosen wholly,
        // but of the three blocks of a place there are no more than two.
        let near = |b: u32| {
            if b == 0 {
                vec![1, 2, 3, 4]
            } else if b < 5 {
                vec![b + 4]
            } else {
                vec![]
            }
        };
        let (graph, limits) = plain((0..9).map(near).collect(), &[], 3.0);
        let mut point = vec![1.0, 0.25, 0.25, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0];
        let cut = only(&graph, &limits, &point, 0, true);
        let of = |blocks: std::ops::Range<u32>| blocks.map(|b| (b, 0.5)).collect::<Vec<_>>();
        assert_eq!(cut, of(1..9), "two blocks of the arms, or one and what lies behind it");
        // With the ends there is room.
        point[5..].fill(0.25);
        assert!(Finder::default().missed(&graph, &limits, &point).is_empty());
    }

    #[test]
    fn what_lies_behind_a_narrow_block_counts_no_more_than_the_block() {
        // 0 1 | 2 | 3 4 5: the place of 0 must go on over 2, of which there is little.
        let links = (0..6).map(|b| if b < 5 { vec![b + 1] } else { vec![] }).collect();
        let (graph, limits) = plain(links, &[], 4.0);
        let point = [1.0, 0.5, 0.2, 1.0, 1.0, 1.0];
        assert_eq!(only(&graph, &limits, &point, 0, true), [(1, 0.333_333), (2, 0.666_667)]);
    }

    #[test]
    fn an_intersection_without_its_legs_is_missed() {
        let joint = Joint { value: 5.0, legs: vec![1, 2] };
        let (graph, limits) = plain(vec![vec![1], vec![2], vec![]], &[joint], 0.0);
        assert_eq!(only(&graph, &limits, &[0.0, 0.3, 0.3, 0.9], 3, false), [(1, 1.0), (2, 1.0)]);
    }
}
