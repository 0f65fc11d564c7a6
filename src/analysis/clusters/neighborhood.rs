//! Who is near whom, without lists: distinct places sorted into square cells whose diagonal is the radius.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::bounds::Bounds;
use super::stripes::{Lattice, MARGIN, Stripe, sorted_stripes};
use crate::space::coord::Local;

/// The five rows around a cell, the nearest first; the third is its own.
pub(super) const ROWS: [usize; 5] = [2, 1, 3, 0, 4];

/// Distinct places in cells. Two places of one cell are always within the radius; places within the radius are at
/// most two cells apart in each direction.
pub(super) struct Cells {
    /// The places, cell by cell, from west to east within a cell.
    pub(super) places: Vec<Local>,
    /// What the points at each place weigh.
    pub(super) weight: Vec<u64>,
    /// The place of each point.
    pub(super) place_of: Vec<AtomicU32>,
    /// The weight of all cells before each one, and of all.
    upto: Vec<u64>,
    /// The first place of each cell, and the number of places.
    start: Vec<u32>,
    /// Row and column of each cell, ascending, and then one that is above all.
    key: Vec<u64>,
    lattice: Lattice,
    firsts: Firsts,
}

/// The first cell at or after a place of the lattice.
enum Firsts {
    /// For each place of the lattice; where the cells are not many more than the points.
    All(Vec<u32>),
    /// For each cell that holds a place, for the five rows around it from two columns west on.
    Around(Vec<[u32; 5]>),
}

/// For the five rows around a cell, the places from the second column west, from the first one, without the second one
/// east, and with it: four bounds of ranges.
type Reach = [[u32; 4]; 5];

/// Places looked after at once.
const BLOCK: usize = 1 << 12;

impl Cells {
    /// Sorts finite points; `None` if the radius is so small that the cells cannot be counted in 32 bits.
    ///
    /// First into stripes of rows, chunk by chunk, then each stripe by itself: both fit the cache and go in parallel.
    pub(super) fn sorted(points: &[Local], radius: f64, weigh: impl Fn(usize) -> u64 + Sync) -> Option<Self> {
        let lattice = Lattice::over(points, radius)?;
        let stripes = sorted_stripes(points, lattice);
        let n_cells = stripes.iter().map(|s| s.cells.len()).sum::<usize>();
        let n_places = stripes.iter().map(|s| s.n_places).sum::<usize>();
        let mut cells = Self {
            places: vec![Local::default(); n_places],
            weight: vec![0; n_places],
            place_of: (0..points.len()).map(|_| AtomicU32::new(0)).collect(),
            upto: vec![0; n_cells + 1],
            start: vec![0; n_cells + 1],
            key: vec![u64::MAX; n_cells + 1],
            lattice,
            firsts: Firsts::All(Vec::new()),
        };
        cells.start[n_cells] = n_places as u32;
        cells.fill(stripes, weigh);
        (1..=n_cells).for_each(|cell| cells.upto[cell] += cells.upto[cell - 1]);
        cells.firsts = cells.firsts();
        Some(cells)
    }

    /// Writes places, cells and weights, each stripe into a part of its own.
    fn fill(&mut self, stripes: Vec<Stripe>, weigh: impl Fn(usize) -> u64 + Sync) {
        let (n_places, n_cells) = (|s: &Stripe| s.n_places, |s: &Stripe| s.cells.len());
        let places = split(&mut self.places, stripes.iter().map(n_places));
        let weight = split(&mut self.weight, stripes.iter().map(n_places));
        let total = split(&mut self.upto[1..], stripes.iter().map(n_cells));
        let start = split(&mut self.start, stripes.iter().map(n_cells));
        let key = split(&mut self.key, stripes.iter().map(n_cells));
        let before = stripes.iter().scan(0, |sum, stripe| {
            let before = *sum;
            *sum += stripe.n_places as u32;
            Some(before)
        });
        let before: Vec<u32> = before.collect();
        let by_cell: Vec<_> = total.into_iter().zip(start).zip(key).collect();
        let by_place: Vec<_> = places.into_iter().zip(weight).zip(before).collect();
        let place_of = &self.place_of;
        let parts = stripes.into_par_iter().zip(by_cell).zip(by_place);
        parts.for_each(|((stripe, ((total, start), key)), ((places, weight), before))| {
            let (mut from, mut place) = (0, 0);
            for (cell, &(mine, end)) in stripe.cells.iter().enumerate() {
                key[cell] = mine;
                start[cell] = before + place as u32;
                let mut sum = 0;
                for (i, point) in stripe.points[from..end as usize].iter().enumerate() {
                    if i == 0 || places[place - 1] != point.at {
                        places[place] = point.at;
                        place += 1;
                    }
                    let w = weigh(point.index as usize);
                    weight[place - 1] += w;
                    sum += w;
                    place_of[point.index as usize].store(before + place as u32 - 1, Ordering::Relaxed);
                }
                total[cell] = sum;
                from = end as usize;
            }
        });
    }

    fn firsts(&self) -> Firsts {
        let Lattice { columns, rows, .. } = self.lattice;
        let all = columns as f64 * rows as f64;
        if all <= 2.0 * self.place_of.len() as f64 + 4096.0 {
            let mut firsts = vec![0; (columns * rows) as usize + 1];
            let mut from = 0;
            for cell in 0..=self.len() {
                let to =
                    if cell == self.len() { firsts.len() - 1 } else { self.lattice.position(self.key[cell]) };
                firsts[from..=to].fill(cell as u32);
                from = to + 1;
            }
            return Firsts::All(firsts);
        }
        let mut around = vec![[0; 5]; self.len()];
        for row in 0..5 {
            // The cells ask in ascending order, so the answer only moves forward.
            let mut at = 0;
            for (key, firsts) in self.key.iter().zip(&mut around) {
                let from = key + ((row as u64) << 32) - (2 << 32) - 2;
                while self.key[at] < from {
                    at += 1;
                }
                firsts[row] = at as u32;
            }
        }
        Firsts::Around(around)
    }

    /// How many cells hold a place.
    pub(super) fn len(&self) -> usize {
        self.upto.len() - 1
    }

    /// The places of a cell.
    #[inline]
    pub(super) fn range(&self, cell: usize) -> Range<usize> {
        self.start[cell] as usize..self.start[cell + 1] as usize
    }

    /// The weight of some cells in a row.
    #[inline]
    pub(super) fn total(&self, cells: Range<usize>) -> u64 {
        self.upto[cells.end] - self.upto[cells.start]
    }

    /// The cells in the row so many rows above a cell, that are `west` to `east` columns away.
    #[inline]
    pub(super) fn beside(&self, cell: usize, row: usize, west: i64, east: i64) -> Range<usize> {
        let here = self.key[cell] + ((row as u64) << 32) - (2 << 32);
        let (from, to) = (here.wrapping_add_signed(west), here.wrapping_add_signed(east));
        match &self.firsts {
            Firsts::All(firsts) => {
                firsts[self.lattice.position(from)] as usize..firsts[self.lattice.position(to) + 1] as usize
            }
            Firsts::Around(around) => {
                let mut first = around[cell][row] as usize;
                while self.key[first] < from {
                    first += 1;
                }
                let mut end = first;
                while self.key[end] <= to {
                    end += 1;
                }
                first..end
            }
        }
    }

    /// The places around a cell that may be within the radius of one of its own.
    #[inline]
    pub(super) fn reach(&self, cell: usize) -> Reach {
        std::array::from_fn(|row| match &self.firsts {
            Firsts::All(firsts) => {
                let key = self.key[cell] + ((row as u64) << 32) - (2 << 32) - 2;
                let at = self.lattice.position(key);
                [0, 1, 4, 5].map(|column| self.start[firsts[at + column] as usize])
            }
            Firsts::Around(_) => {
                let (wide, narrow) = (self.beside(cell, row, -2, 2), self.beside(cell, row, -1, 1));
                [wide.start, narrow.start, narrow.end, wide.end].map(|cell| self.start[cell])
            }
        })
    }

    /// For each row around a cell, the places that may be within the radius of some place in a box inside the cell.
    #[inline]
    pub(super) fn around(&self, cell: usize, inside: Bounds) -> [Range<usize>; 5] {
        let (reach, key) = (self.reach(cell), self.key[cell]);
        let Lattice { min, side, .. } = self.lattice;
        // How far it is to the borders of the own cell; rounding may put a place outside by the billionth part of a side.
        let into = |from: f64, at: f64, k: u64| ((at - from) - (k - MARGIN) as f64 * side).clamp(0.0, side);
        let (column, row) = (key & 0xFFFF_FFFF, key >> 32);
        let (west, east) = (into(min.x, inside.min.x, column), side - into(min.x, inside.max.x, column));
        let (south, north) = (into(min.y, inside.min.y, row), side - into(min.y, inside.max.y, row));
        let away = [side + south, south, 0.0, north, side + north];
        std::array::from_fn(|row| {
            let left = 2.0 * side * side * (1.0 + 1e-4) - away[row] * away[row];
            let [far_west, from, to, far_east] = reach[row];
            match left < 0.0 {
                true => 0..0,
                false => {
                    let from = if (side + west) * (side + west) <= left { far_west } else { from };
                    let to = if (side + east) * (side + east) <= left { far_east } else { to };
                    from as usize..to as usize
                }
            }
        })
    }

    /// Ranges of cells with a few thousand places each.
    pub(super) fn blocks(&self) -> Vec<Range<usize>> {
        let mut blocks = Vec::new();
        let mut from = 0;
        while from < self.len() {
            let enough = self.start[from] + BLOCK as u32;
            let to = (from + 1).max(self.start.partition_point(|&s| s <= enough) - 1).min(self.len());
            blocks.push(from..to);
            from = to;
        }
        blocks
    }

    /// A list with an item for each place, cut into the blocks.
    pub(super) fn split<'a, T>(&self, blocks: &[Range<usize>], list: &'a mut [T]) -> Vec<&'a mut [T]> {
        split(list, blocks.iter().map(|b| (self.start[b.end] - self.start[b.start]) as usize))
    }
}

fn split<T>(mut list: &mut [T], sizes: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let cut = |size| {
        let (part, rest) = std::mem::take(&mut list).split_at_mut(size);
        list = rest;
        part
    };
    sizes.map(cut).collect()
}
