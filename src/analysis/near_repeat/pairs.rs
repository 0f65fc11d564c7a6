//! Who is near whom: places sorted into cells, so that each pair is met once and no pair is stored.

use std::ops::Range;

use rayon::prelude::*;

use crate::space::coord::Local;

/// How many cells the reach is long. More cells fit a disc more closely and cost more look-ups.
const STEPS: u64 = 3;

/// Columns and rows that 32 bits can number, with room for the reach on either side.
const MOST_CELLS: f64 = 4e9;

/// Places in the order of their cells, row by row, within a cell by their coordinates.
pub(super) struct Sorted {
    /// Metres east.
    pub(super) x: Vec<f64>,
    /// Metres north.
    pub(super) y: Vec<f64>,
    /// Where each was in the input.
    pub(super) order: Vec<u32>,
    key: Vec<u64>,
    start: Vec<u32>,
}

impl Sorted {
    /// Sorts finite places for pairs whose coordinates differ by at most `reach` in each direction.
    ///
    /// Places with the same coordinates follow each other in any order: they are the same to all others.
    pub(super) fn new(points: &[Local], reach: f64) -> Self {
        let least = |of: fn(&Local) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Local) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let (west, south) = (least(|p| p.x), least(|p| p.y));
        let extent = (most(|p| p.x) - west).max(most(|p| p.y) - south).max(0.0);
        // A little longer than a part of the reach: what rounding moves must still be in reach.
        let slack = 1e-9 + 16.0 * f64::EPSILON * extent / reach;
        let side = (reach / STEPS as f64 * (1.0 + slack)).max(extent / MOST_CELLS);
        let number = |from: f64, to: f64| ((to - from) / side) as u64 + STEPS;
        let mut sorted: Vec<(u64, Local, u32)> = (points.par_iter().enumerate())
            .map(|(i, p)| {
                // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
                let at = Local { x: p.x + 0.0, y: p.y + 0.0 };
                (number(south, at.y) << 32 | number(west, at.x), at, i as u32)
            })
            .collect();
        sorted.par_sort_unstable_by(|(a_key, a, a_index), (b_key, b, b_index)| {
            let by_place = || a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y));
            a_key.cmp(b_key).then_with(by_place).then(a_index.cmp(b_index))
        });
        let (mut key, mut start) = (Vec::new(), Vec::new());
        for (at, (cell, ..)) in sorted.iter().enumerate() {
            if key.last() != Some(cell) {
                key.push(*cell);
                start.push(at as u32);
            }
        }
        start.push(sorted.len() as u32);
        Self {
            x: sorted.iter().map(|(_, at, _)| at.x).collect(),
            y: sorted.iter().map(|(_, at, _)| at.y).collect(),
            order: sorted.iter().map(|&(.., index)| index).collect(),
            key,
            start,
        }
    }

    /// How many cells hold a place.
    pub(super) fn n_cells(&self) -> usize {
        self.key.len()
    }

    /// How many pairs are met when the places of each cell are compared with those [after](Self::after) them.
    pub(super) fn n_pairs(&self) -> u64 {
        let one = |cell: usize| {
            let own = self.places(cell).len() as u64;
            let met = self.after(cell).iter().map(|range| range.len() as u64).sum::<u64>();
            own * met - own * (own + 1) / 2
        };
        (0..self.n_cells()).into_par_iter().map(one).sum()
    }

    /// Places of a cell.
    pub(super) fn places(&self, cell: usize) -> Range<usize> {
        self.start[cell] as usize..self.start[cell + 1] as usize
    }

    /// Places that may be near those of a cell and come after them; every pair within reach is met from one side.
    ///
    /// The first range begins with the cell itself: there only places after the one asked for count.
    pub(super) fn after(&self, cell: usize) -> Vec<Range<usize>> {
        let key = self.key[cell];
        let first = |key: u64| self.start[self.key.partition_point(|&k| k < key)] as usize;
        let ahead = (1..=STEPS).map(|row| {
            let middle = key + (row << 32);
            first(middle - STEPS)..first(middle + STEPS + 1)
        });
        std::iter::once(self.places(cell).start..first(key + STEPS + 1))
            .chain(ahead)
            .filter(|range| !range.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_within_reach_is_met_once() {
        let points: Vec<Local> = (0..400_u32)
            .map(|i| Local { x: f64::from(i * 7919 % 101) - 50.0, y: f64::from(i * 104_729 % 97) })
            .collect();
        for reach in [0.5, 3.0, 10.0, 33.3, 500.0] {
            let sorted = Sorted::new(&points, reach);
            let mut met = std::collections::BTreeSet::new();
            for cell in 0..sorted.n_cells() {
                for at in sorted.places(cell) {
                    for range in sorted.after(cell) {
                        for other in range.filter(|&other| other > at) {
                            let pair = (sorted.order[at], sorted.order[other]);
                            let pair = (pair.0.min(pair.1), pair.0.max(pair.1));
                            assert!(met.insert(pair), "{pair:?} is met twice");
                        }
                    }
                }
            }
            assert_eq!(sorted.n_pairs(), met.len() as u64);
            let near = |a: &Local, b: &Local| (a.x - b.x).abs() <= reach && (a.y - b.y).abs() <= reach;
            for (i, a) in points.iter().enumerate() {
                for (j, b) in points.iter().enumerate().skip(i + 1) {
                    let there = met.contains(&(i as u32, j as u32));
                    assert!(there || !near(a, b), "{i} and {j} are within {reach} and were not met");
                }
            }
        }
    }

    #[test]
    fn places_half_a_world_apart_take_no_memory() {
        let points = [Local { x: -2e7, y: 0.0 }, Local { x: 2e7, y: 1e7 }, Local { x: 2e7, y: 1e7 }];
        let sorted = Sorted::new(&points, 1e-3);
        assert_eq!(sorted.n_cells(), 2);
        assert_eq!(Sorted::new(&[], 1.0).n_cells(), 0);
    }
}
