//! Core places joined into clusters, cell by cell, and the border places that they reach.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::bounds::{Bounds, Radius};
use super::candidates::Candidates;
use super::neighborhood::{Cells, ROWS};
use crate::space::coord::Local;

/// The number of no cluster.
pub(super) const NONE: u32 = u32::MAX;

/// Cells with a core place, and the cluster of each: the core places of one cell are always together.
pub(super) struct Cores {
    /// How many of the cells before each one have a core place, and of all.
    before: Vec<u32>,
    /// The cluster of each cell with a core place.
    number: Vec<u32>,
    /// How many clusters there are.
    pub(super) n_clusters: usize,
}

impl Cores {
    /// Joins cells whose closest core places are within the radius: first with the nearest, which mostly leaves
    /// nothing to be joined with those farther off.
    pub(super) fn joined(cells: &Cells, core: &[bool], radius: Radius) -> Self {
        let mut before = vec![0; cells.len() + 1];
        let mut with_core = Vec::new();
        for cell in 0..cells.len() {
            if cells.range(cell).any(|place| core[place]) {
                with_core.push(cell as u32);
            }
            before[cell + 1] = with_core.len() as u32;
        }
        let inside = |&cell: &u32| {
            Bounds::of(cells.range(cell as usize).filter(|&p| core[p]).map(|place| cells.places[place]))
        };
        let bounds: Vec<Bounds> = with_core.par_iter().map(inside).collect();
        let groups = Groups::single(with_core.len());
        // Places of a cell that may be near the other one.
        let close = |cell: u32, to: Bounds, list: &mut Vec<Local>| {
            let places = cells.range(cell as usize).filter(|&p| core[p]).map(|place| cells.places[place]);
            list.clear();
            list.extend(places.filter(|&at| Bounds::at(at).nearest(to) <= radius.squared));
        };
        // Rows above by number (2 is the own), columns from and to: every pair of cells once.
        for near in [&[(2, 1, 1), (3, -1, 1)][..], &[(2, 2, 2), (3, -2, -2), (3, 2, 2), (4, -2, 2)]] {
            let join = |(mine, theirs): &mut (Vec<Local>, Vec<Local>), here: usize| {
                for &(row, west, east) in near {
                    let range = cells.beside(with_core[here] as usize, row, west, east);
                    for there in before[range.start] as usize..before[range.end] as usize {
                        if bounds[here].nearest(bounds[there]) > radius.squared
                            || groups.root(here as u32) == groups.root(there as u32)
                        {
                            continue;
                        }
                        if bounds[here].farthest(bounds[there]) <= radius.squared {
                            groups.join(here as u32, there as u32);
                            continue;
                        }
                        close(with_core[here], bounds[there], mine);
                        close(with_core[there], bounds[here], theirs);
                        if radius.joins(mine, theirs) {
                            groups.join(here as u32, there as u32);
                        }
                    }
                }
            };
            let cores = (0..with_core.len()).into_par_iter().with_min_len(256);
            cores.for_each_init(Default::default, join);
        }
        let mut cores = Self { before, number: Vec::new(), n_clusters: 0 };
        cores.count(cells, core, &with_core, &groups);
        cores
    }

    /// Numbers the clusters from west to east by their first core place.
    fn count(&mut self, cells: &Cells, core: &[bool], with_core: &[u32], groups: &Groups) {
        let order = |a: &Local, b: &Local| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y));
        let mut first: Vec<Option<Local>> = vec![None; with_core.len()];
        for (&cell, here) in with_core.iter().zip(0..) {
            let mine = cells.range(cell as usize).find(|&p| core[p]).map(|place| cells.places[place]);
            let first = &mut first[groups.root(here) as usize];
            *first = [*first, mine].into_iter().flatten().min_by(order);
        }
        let mut roots: Vec<(Local, usize)> =
            first.iter().zip(0..).filter_map(|(first, root)| Some(((*first)?, root))).collect();
        roots.sort_unstable_by(|a, b| order(&a.0, &b.0));
        let mut number = vec![NONE; with_core.len()];
        for ((_, root), n) in roots.iter().zip(0..) {
            number[*root] = n;
        }
        self.n_clusters = roots.len();
        self.number = (0..with_core.len() as u32).map(|here| number[groups.root(here) as usize]).collect();
    }

    /// Gives the core places of some cells their clusters.
    pub(super) fn label(&self, cells: &Cells, core: &[bool], block: Range<usize>, label: &mut [u32]) {
        let from = cells.range(block.start).start;
        for cell in block.filter(|&cell| self.before[cell] < self.before[cell + 1]) {
            let number = self.number[self.before[cell] as usize];
            for place in cells.range(cell).filter(|&place| core[place]) {
                label[place - from] = number;
            }
        }
    }

    /// Gives the other places of some cells the lowest cluster with a core place within the radius.
    pub(super) fn reach(
        &self,
        cells: &Cells,
        of_core: &[u32],
        radius: Radius,
        block: Range<usize>,
        label: &mut [u32],
    ) {
        let from = cells.range(block.start).start;
        let mut candidates = Candidates::default();
        for cell in block {
            let own = cells.range(cell);
            let mut rows = ROWS.into_iter().filter(|&row| {
                let range = cells.beside(cell, row, -2, 2);
                self.before[range.start] < self.before[range.end]
            });
            if own.clone().all(|place| of_core[place] != NONE) || rows.next().is_none() {
                continue;
            }
            let others = || own.clone().filter(|&place| of_core[place] == NONE);
            let inside = Bounds::of(others().map(|place| cells.places[place]));
            let number = |place: usize| match of_core[place] {
                NONE => u64::MAX,
                number => u64::from(number),
            };
            // All core places of the own cell are near, and so are those that are within the radius of all.
            let mine = own.clone().map(number).fold(u64::MAX, u64::min);
            let lowest =
                candidates.look((cells, cell, inside), radius, number, (u64::MAX, u64::min)).min(mine);
            for place in others() {
                let found = candidates.least(cells.places[place], radius, lowest);
                label[place - from] = u32::try_from(found).unwrap_or(NONE);
            }
        }
    }
}

/// Union–find that many threads share. The lowest member is the root, so who comes first changes nothing.
struct Groups(Vec<AtomicU32>);

impl Groups {
    fn single(n: usize) -> Self {
        Self((0..n as u32).map(AtomicU32::new).collect())
    }

    fn root(&self, mut v: u32) -> u32 {
        loop {
            let up = self.0[v as usize].load(Ordering::Relaxed);
            if up == v {
                return v;
            }
            let above = self.0[up as usize].load(Ordering::Relaxed);
            if above != up {
                // Halves the way for the next one; it only ever points farther up, so a lost race does no harm.
                let _ =
                    self.0[v as usize].compare_exchange_weak(up, above, Ordering::Relaxed, Ordering::Relaxed);
            }
            v = up;
        }
    }

    fn join(&self, a: u32, b: u32) {
        loop {
            let (a, b) = (self.root(a), self.root(b));
            let (low, high) = (a.min(b), a.max(b));
            let free = &self.0[high as usize];
            if low == high || free.compare_exchange(high, low, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }
}
