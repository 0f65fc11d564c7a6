//! Core places joined into clusters, cell by cell, and the border places that they reach.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use multiversion::multiversion;
use rayon::prelude::*;

use super::bounds::{Bounds, Radius};
use super::lanes::{Limits, is_any_near, lowest_near};
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

/// A cell with core places, and a box around these.
struct CoreCell {
    cell: u32,
    bounds: Bounds,
}

/// Which neighbors of a cell are looked at. Together they are every pair of cells once.
#[derive(Clone, Copy)]
enum Pairs {
    /// Those that touch it in the east and north.
    Near,
    /// Those behind them.
    Far,
}

/// Cells joined with their neighbors at once.
const TOGETHER: usize = 512;

impl Cores {
    /// Joins cells whose closest core places are within the radius: first with the nearest, which mostly leaves
    /// nothing to be joined with those farther off.
    pub(super) fn joined(cells: &Cells, core: &[bool], radius: Radius) -> Self {
        let (before, with_core) = with_core(cells, core);
        let groups = Groups::single(with_core.len());
        for pairs in [Pairs::Near, Pairs::Far] {
            let starts = (0..with_core.len()).into_par_iter().step_by(TOGETHER);
            starts.for_each(|from| {
                let block = from..with_core.len().min(from + TOGETHER);
                join((cells, core, radius), (&before, &with_core), pairs, block, &groups);
            });
        }
        let (number, n_clusters) = numbers(cells, core, &with_core, &groups);
        Self { before, number, n_clusters }
    }

    /// Gives the core places of some cells their clusters.
    pub(super) fn label(&self, cells: &Cells, core: &[bool], block: Range<usize>, label: &mut [u32]) {
        let from = cells.range(block.start).start;
        for cell in block {
            let before = self.before[cell];
            if before < self.before[cell + 1] {
                let number = self.number[before as usize];
                for place in cells.range(cell) {
                    label[place - from] = if core[place] { number } else { NONE };
                }
            } else {
                for place in cells.range(cell) {
                    label[place - from] = NONE;
                }
            }
        }
    }
}

/// Gives the other places of some cells the lowest cluster with a core place within the radius.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn reach(
    cores: &Cores,
    cells: &Cells,
    of_core: &[u32],
    radius: Radius,
    block: Range<usize>,
    label: &mut [u32],
) {
    let limits = Limits::new(radius);
    let from = cells.range(block.start).start;
    label.copy_from_slice(&of_core[from..from + label.len()]);
    for cell in block {
        let own = cells.range(cell);
        if cells.is_end(cell) || of_core[own.clone()].iter().all(|&n| n != NONE) {
            continue;
        }
        let around = cells.reach(cell);
        let numbers = |row: usize| {
            &cores.number[cores.before[around[row][0] as usize] as usize
                ..cores.before[around[row][3] as usize] as usize]
        };
        let lowest = ROWS.iter().flat_map(|&row| numbers(row)).fold(NONE, |a, &b| a.min(b));
        if lowest == NONE {
            continue;
        }
        // All core places of the own cell are near.
        let mine = of_core[own.clone()].iter().fold(NONE, |a, &b| a.min(b));
        let inside = Bounds::around_lists(&cells.x[own.clone()], &cells.y[own.clone()]);
        let ranges = if mine > lowest { cells.around(cell, &around, inside) } else { Default::default() };
        for place in own {
            if of_core[place] != NONE {
                continue;
            }
            let at = cells.at(place);
            let mut found = mine;
            for row in ROWS {
                if found == lowest {
                    break;
                }
                found = found.min(lowest_near(cells, of_core, ranges[row].clone(), at, &limits));
            }
            label[place - from] = found;
        }
    }
}

/// How many cells with core places there are before each one, and of all, and these cells.
fn with_core(cells: &Cells, core: &[bool]) -> (Vec<u32>, Vec<CoreCell>) {
    let blocks = cells.blocks();
    let find = |block: &Range<usize>| {
        let mut found = Vec::with_capacity(block.len());
        for cell in block.clone() {
            let own = cells.range(cell);
            if let Some(first) = core[own.clone()].iter().position(|&core| core) {
                let bounds = if core[own.clone()].iter().all(|&core| core) {
                    Bounds::around_lists(&cells.x[own.clone()], &cells.y[own])
                } else {
                    Bounds::of((own.start + first..own.end).filter(|&p| core[p]).map(|p| cells.at(p)))
                };
                found.push(CoreCell { cell: cell as u32, bounds });
            }
        }
        found
    };
    let found: Vec<Vec<CoreCell>> = blocks.par_iter().map(find).collect();
    let mut before = vec![0; cells.len() + 1];
    let mut n = 0;
    let mut rest = &mut before[1..];
    let mut parts = Vec::new();
    for (block, found) in blocks.iter().zip(&found) {
        let (part, others) = rest.split_at_mut(block.len());
        parts.push((block.start, part, n, found));
        rest = others;
        n += found.len() as u32;
    }
    parts.into_par_iter().for_each(|(start, part, mut n, found)| {
        let mut cells = found.iter().map(|core| core.cell as usize).peekable();
        for (cell, before) in (start..).zip(part) {
            n += u32::from(cells.next_if_eq(&cell).is_some());
            *before = n;
        }
    });
    (before, found.into_par_iter().flatten_iter().collect())
}

/// Joins some of the cells with those of their neighbors that hold a core place within the radius of theirs.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
fn join(
    (cells, core, radius): (&Cells, &[bool], Radius),
    (before, with_core): (&[u32], &[CoreCell]),
    pairs: Pairs,
    block: Range<usize>,
    groups: &Groups,
) {
    let limits = Limits::new(radius);
    for here in block {
        let a = &with_core[here];
        let [_, _, level, north, far_north] = cells.reach(a.cell as usize);
        let ranges = match pairs {
            Pairs::Near => [(a.cell + 1, level[2]), (north[1], north[2]), (0, 0), (0, 0)],
            Pairs::Far => [
                (level[2], level[3]),
                (north[0], north[1]),
                (north[2], north[3]),
                (far_north[0], far_north[3]),
            ],
        };
        for (from, to) in ranges {
            for there in before[from as usize]..before[to as usize] {
                if groups.root(here as u32) == groups.root(there) {
                    continue;
                }
                let b = &with_core[there as usize];
                if a.bounds.nearest(b.bounds) <= radius.squared
                    && (a.bounds.farthest(b.bounds) <= radius.squared
                        || is_joined(cells, core, (a, b), radius, &limits))
                {
                    groups.join(here as u32, there);
                }
            }
        }
    }
}

/// Whether a core place of one cell is within the radius of one of the other.
#[inline(always)]
fn is_joined(
    cells: &Cells,
    core: &[bool],
    (a, b): (&CoreCell, &CoreCell),
    radius: Radius,
    limits: &Limits,
) -> bool {
    const FEW: usize = 2048;
    let (mine, theirs) = (cells.range(a.cell as usize), cells.range(b.cell as usize));
    if mine.len() * theirs.len() > FEW {
        // Places of a cell that may be near the other one.
        let close = |range: Range<usize>, to: Bounds| -> Vec<Local> {
            let places = range.filter(|&p| core[p]).map(|place| cells.at(place));
            places.filter(|&at| Bounds::at(at).nearest(to) <= radius.squared).collect()
        };
        return radius.joins(&mut close(mine, b.bounds), &mut close(theirs, a.bounds));
    }
    let (few, many, around) =
        if mine.len() < theirs.len() { (mine, theirs, b.bounds) } else { (theirs, mine, a.bounds) };
    for place in few {
        let at = cells.at(place);
        if core[place]
            && Bounds::at(at).nearest(around) <= radius.squared
            && is_any_near(cells, core, many.clone(), at, limits)
        {
            return true;
        }
    }
    false
}

/// The cluster of each cell with core places, and how many clusters there are. They are numbered from west to east by
/// their first core place.
fn numbers(cells: &Cells, core: &[bool], with_core: &[CoreCell], groups: &Groups) -> (Vec<u32>, usize) {
    let roots: Vec<u32> = (0..with_core.len() as u32).into_par_iter().map(|here| groups.root(here)).collect();
    let mut west = vec![f64::INFINITY; with_core.len()];
    for (cell, &root) in with_core.iter().zip(&roots) {
        let west = &mut west[root as usize];
        *west = west.min(cell.bounds.min.x);
    }
    let mut south = vec![f64::INFINITY; with_core.len()];
    for (core_cell, &root) in with_core.iter().zip(&roots) {
        let west = west[root as usize];
        if core_cell.bounds.min.x == west {
            let level = cells.range(core_cell.cell as usize).filter(|&p| core[p] && cells.x[p] == west);
            let south = &mut south[root as usize];
            *south = level.fold(*south, |south, p| south.min(cells.y[p]));
        }
    }
    let mut firsts: Vec<(f64, f64, u32)> = (0..)
        .zip(west.into_iter().zip(south))
        .filter(|(_, (west, _))| *west < f64::INFINITY)
        .map(|(root, (west, south))| (west, south, root))
        .collect();
    firsts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut number = vec![NONE; with_core.len()];
    for ((.., root), n) in firsts.iter().zip(0..) {
        number[*root as usize] = n;
    }
    (roots.into_par_iter().map(|root| number[root as usize]).collect(), firsts.len())
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
