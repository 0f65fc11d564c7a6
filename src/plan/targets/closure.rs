//! Which things to take where each brings something and needs others that cost something.

use std::collections::VecDeque;

/// Below this what is left of a number is rounding.
const TINY: f64 = 1e-4;

const NONE: u32 = u32::MAX;

/// Things that bring, and as many that cost, each of them numbered from 0; all 0 until told.
///
/// Source: Picard (1976), *Management Science* 22, solved as a flow after Dinic (1970).
#[derive(Debug, Default)]
pub(super) struct Closure {
    things: usize,
    /// Where an edge goes, what may still flow over it, and the next edge of the same node; an edge and its reverse are neighbors.
    to: Vec<u32>,
    left: Vec<f64>,
    after: Vec<u32>,
    first: Vec<u32>,
    level: Vec<u32>,
    next: Vec<u32>,
    queue: VecDeque<u32>,
}

impl Closure {
    /// Begins anew with so many things.
    pub(super) fn begin(&mut self, things: usize) {
        self.things = things;
        let nodes = 2 * things + 2;
        self.to.clear();
        self.left.clear();
        self.after.clear();
        self.first.clear();
        self.first.resize(nodes, NONE);
        self.level.clear();
        self.level.resize(nodes, NONE);
    }

    fn edge(&mut self, from: usize, to: usize, most: f64) {
        for (from, to, most) in [(from, to, most), (to, from, 0.0)] {
            let edge = self.to.len() as u32;
            self.to.push(to as u32);
            self.left.push(most);
            self.after.push(std::mem::replace(&mut self.first[from], edge));
        }
    }

    fn source(&self) -> usize {
        2 * self.things
    }

    fn sink(&self) -> usize {
        2 * self.things + 1
    }

    /// What taking the first kind brings.
    pub(super) fn brings(&mut self, thing: usize, most: f64) {
        self.edge(self.source(), thing, most);
    }

    /// What the second kind costs.
    pub(super) fn costs(&mut self, thing: usize, most: f64) {
        self.edge(self.things + thing, self.sink(), most);
    }

    /// That one of the first kind needs one of the second.
    pub(super) fn needs(&mut self, thing: usize, needed: usize) {
        self.edge(thing, self.things + needed, f64::INFINITY);
    }

    /// Whether each of the first kind is among the fewest that bring most, less the costs of all that they need; `None`
    /// if all that is brought is more than what is gained so by as much as `most` or more.
    ///
    /// Time O(things² · edges) at worst.
    pub(super) fn best(&mut self, most: f64) -> Option<impl Fn(usize) -> bool + '_> {
        let mut flowed = 0.0;
        while self.levels() {
            self.next.clone_from(&self.first);
            loop {
                let more = self.push(self.source(), f64::INFINITY);
                flowed += more;
                if flowed >= most {
                    return None;
                }
                if more <= TINY {
                    break;
                }
            }
        }
        Some(|thing| self.level[thing] != NONE)
    }

    /// Along how many edges with room each node is reached; whether the end is.
    fn levels(&mut self) -> bool {
        self.level.fill(NONE);
        let source = self.source();
        self.level[source] = 0;
        self.queue.push_back(source as u32);
        while let Some(node) = self.queue.pop_front() {
            let mut edge = self.first[node as usize];
            while edge != NONE {
                let to = self.to[edge as usize];
                if self.left[edge as usize] > TINY && self.level[to as usize] == NONE {
                    self.level[to as usize] = self.level[node as usize] + 1;
                    self.queue.push_back(to);
                }
                edge = self.after[edge as usize];
            }
        }
        self.level[self.sink()] != NONE
    }

    /// Lets some more flow from a node to the end; how much.
    fn push(&mut self, node: usize, most: f64) -> f64 {
        if node == self.sink() {
            return most;
        }
        while self.next[node] != NONE {
            let edge = self.next[node] as usize;
            let to = self.to[edge] as usize;
            if self.left[edge] > TINY && self.level[to] == self.level[node] + 1 {
                let flowed = self.push(to, most.min(self.left[edge]));
                if flowed > TINY {
                    self.left[edge] -= flowed;
                    self.left[edge ^ 1] += flowed;
                    return flowed;
                }
            }
            self.next[node] = self.after[edge];
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    #[test]
    fn what_is_taken_brings_as_much_as_the_best_of_all_sets() {
        let (mut given_up, mut taken_at_all) = (0, 0);
        let mut closure = Closure::default();
        for seed in 0..2_000 {
            let mut chance = Chance::new(seed, 0);
            let n = 1 + chance.below(9) as usize;
            let brings: Vec<f64> = (0..n).map(|_| f64::from(chance.below(8))).collect();
            let costs: Vec<f64> = (0..n).map(|_| f64::from(chance.below(6))).collect();
            let needs: Vec<Vec<usize>> =
                (0..n).map(|_| (0..n).filter(|_| chance.below(4) == 0).collect()).collect();
            let gain = |set: u32| {
                let taken: Vec<usize> = (0..n).filter(|t| set >> t & 1 == 1).collect();
                let needed = (0..n).filter(|c| taken.iter().any(|&t| needs[t].contains(c)));
                taken.iter().map(|&t| brings[t]).sum::<f64>() - needed.map(|c| costs[c]).sum::<f64>()
            };
            closure.begin(n);
            for thing in 0..n {
                closure.brings(thing, brings[thing]);
                closure.costs(thing, costs[thing]);
                needs[thing].iter().for_each(|&needed| closure.needs(thing, needed));
            }
            let best = (0..1u32 << n).map(gain).fold(0.0, f64::max);
            let lost = brings.iter().sum::<f64>() - best;
            let most = f64::from(chance.below(20)) + 0.5;
            match closure.best(most) {
                None => {
                    assert!(lost > most, "seed {seed}: given up at {most} of {lost}");
                    given_up += 1;
                }
                Some(taken) => {
                    assert!(lost < most, "seed {seed}");
                    let set = (0..n).filter(|&t| taken(t)).fold(0, |set, t| set | 1 << t);
                    assert_eq!(gain(set), best, "seed {seed}");
                    taken_at_all += u32::from(set != 0);
                }
            }
        }
        assert!(given_up > 300 && taken_at_all > 300, "{given_up} {taken_at_all}");
    }
}
