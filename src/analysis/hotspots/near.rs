//! Places sorted so that those near one are found without comparing all.

use std::f64::consts::FRAC_1_SQRT_2;

use rayon::prelude::*;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::weights::NeighborsError;
use crate::space::coord::{Local, Metres};

pub(super) fn check(at: &[Local]) -> Result<(), NeighborsError> {
    match at.iter().position(|at| !(at.x.is_finite() && at.y.is_finite())) {
        Some(index) => Err(NeighborsError::Coordinates { index }),
        None => Ok(()),
    }
}

pub(super) fn squared(a: Local, b: Local) -> f64 {
    let (dx, dy) = (a.x - b.x, a.y - b.y);
    dx * dx + dy * dy
}

/// The most western and the most southern coordinate.
fn corner(at: &[Local]) -> (f64, f64) {
    at.iter().fold((f64::INFINITY, f64::INFINITY), |(x, y), p| (x.min(p.x), y.min(p.y)))
}

/// Places in cells of the band's size, so that all within the band lie in the nine cells around.
pub(super) struct Sorted<'a> {
    at: &'a [Local],
    within: f64,
    /// The cell of each place: row above, column below; one row and column stay free on either side.
    cell_of: Vec<u64>,
    /// Cells and places, in the order of the cells.
    order: Vec<(u64, u32)>,
}

impl<'a> Sorted<'a> {
    /// More columns than this would not fit in 31 bits.
    const MOST: f64 = 2e9;

    pub(super) fn by(at: &'a [Local], band: Metres) -> Result<Self, NeighborsError> {
        if !(band.0 > 0.0 && (band.0 * band.0).is_normal()) {
            return Err(NeighborsError::Band { band });
        }
        check(at)?;
        let (west, south) = corner(at);
        let extent = at.iter().fold(0.0, |e: f64, p| e.max(p.x - west).max(p.y - south));
        if extent / band.0 > Self::MOST {
            return Err(NeighborsError::Extent { band, least: Metres(extent / Self::MOST * (1.0 + 1e-9)) });
        }
        // A little larger than the band, so that rounding never puts a neighbor two cells away.
        let side = band.0 * (1.0 + 1e-6);
        let cell = |from: f64, to: f64| ((to - from) / side) as u64 + 1;
        let cell_of: Vec<u64> = at.par_iter().map(|p| cell(south, p.y) << 32 | cell(west, p.x)).collect();
        let mut order: Vec<(u64, u32)> = cell_of.iter().copied().zip(0..).collect();
        order.par_sort_unstable();
        Ok(Self { at, within: band.0 * band.0, cell_of, order })
    }

    /// How many links there are at least: all places of a cell whose diagonal is no longer than the band are neighbors.
    pub(super) fn least(&self) -> u64 {
        let (west, south) = corner(self.at);
        let side = self.within.sqrt() * FRAC_1_SQRT_2 * (1.0 - 1e-6);
        let cell = |from: f64, to: f64| ((to - from) / side) as u64;
        let mut cells: Vec<u64> =
            self.at.par_iter().map(|p| cell(south, p.y) << 32 | cell(west, p.x)).collect();
        cells.par_sort_unstable();
        cells.chunk_by(|a, b| a == b).map(|pile| pile.len() as u64 * (pile.len() as u64 - 1)).sum()
    }

    pub(super) fn near(&self, unit: u32) -> impl Iterator<Item = u32> + '_ {
        let (here, cell) = (self.at[unit as usize], self.cell_of[unit as usize]);
        [cell - (1 << 32), cell, cell + (1 << 32)].into_iter().flat_map(move |middle| {
            let from = self.order.partition_point(|(cell, _)| *cell < middle - 1);
            let row = self.order[from..].iter().take_while(move |(cell, _)| *cell <= middle + 1);
            row.map(|(_, to)| *to)
                .filter(move |&to| to != unit && squared(here, self.at[to as usize]) <= self.within)
        })
    }
}

/// Distinct places in a tree, each with those that lie there.
pub(super) struct Piles {
    tree: RTree<GeomWithData<[f64; 2], u32>>,
    start: Vec<u32>,
    order: Vec<u32>,
}

impl Piles {
    pub(super) fn of(at: &[Local]) -> Self {
        let mut order: Vec<u32> = (0..at.len() as u32).collect();
        let place = |&unit: &u32| (at[unit as usize].x + 0.0, at[unit as usize].y + 0.0);
        order.par_sort_unstable_by(|a, b| {
            let ((ax, ay), (bx, by)) = (place(a), place(b));
            ax.total_cmp(&bx).then(ay.total_cmp(&by)).then(a.cmp(b))
        });
        let piles: Vec<&[u32]> = order.chunk_by(|a, b| place(a) == place(b)).collect();
        let mut start = vec![0];
        start.extend(piles.iter().scan(0, |end, pile| {
            *end += pile.len() as u32;
            Some(*end)
        }));
        let leaves = piles.iter().zip(0..).map(|(pile, number)| {
            let (x, y) = place(&pile[0]);
            GeomWithData::new([x, y], number)
        });
        Self { tree: RTree::bulk_load(leaves.collect()), start, order }
    }

    /// Piles are numbered from west to east and south to north, so of equally near ones the lower number is taken.
    pub(super) fn nearest(&self, here: Local, unit: u32, row: &mut [u32]) {
        let mut found: Vec<(f64, u32)> = Vec::new();
        let (mut places, mut last) = (0, 0.0);
        for (leaf, distance) in self.tree.nearest_neighbor_iter_with_distance_2(&[here.x, here.y]) {
            if places > row.len() && distance > last {
                break;
            }
            let pile = leaf.data as usize;
            places += (self.start[pile + 1] - self.start[pile]) as usize;
            last = distance;
            found.push((distance, leaf.data));
        }
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let units = found.iter().flat_map(|(_, pile)| {
            let pile = *pile as usize;
            &self.order[self.start[pile] as usize..self.start[pile + 1] as usize]
        });
        units.filter(|&&other| other != unit).zip(row).for_each(|(from, to)| *to = *from);
    }
}
