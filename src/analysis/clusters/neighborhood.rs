//! Who is near whom, without lists: distinct places sorted into square cells whose diagonal is the radius.

use std::ops::Range;

use rayon::prelude::*;

use super::bounds::Bounds;
use super::lanes::LANES;
use super::stripes::{Cell, Lattice, MARGIN, Sorted, Stripes};
use crate::space::coord::Local;

/// The five rows around a cell, the nearest first; the third is its own.
pub(super) const ROWS: [usize; 5] = [2, 1, 3, 0, 4];

/// Places in cells. Two places of one cell are always within the radius; places within the radius are at most two
/// cells apart in each direction.
///
/// Where a stripe of rows ends, some places may follow that are none: they weigh nothing, hold no point, and belong to
/// an empty cell.
pub(super) struct Cells {
    /// Where the places are, cell by cell, in metres; and then as many more as are asked together.
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    /// What the points at each place weigh.
    pub(super) weight: Vec<u64>,
    /// Where the points of each place end in `order`, from the beginning of the stripe on.
    last: Vec<u32>,
    /// The numbers of the points, place by place.
    order: Vec<u32>,
    /// The first place of each stripe, and the number of places.
    stripes: Vec<usize>,
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
    /// For each cell, for the five rows around it from two columns west on.
    Around(Vec<[u32; 5]>),
}

/// Places looked after at once.
const BLOCK: usize = 1 << 12;

impl Cells {
    /// Sorts finite points; `None` if the radius is so small that the cells cannot be counted in 32 bits.
    ///
    /// First into stripes of rows, chunk by chunk, then each stripe by itself: both fit the cache and go in parallel.
    pub(super) fn sorted(
        points: &[Local],
        extent: Bounds,
        radius: f64,
        weigh: impl Fn(usize) -> u64 + Sync,
    ) -> Option<Self> {
        let lattice = Lattice::over(extent, radius)?;
        let n = points.len();
        let parts = Stripes::of(points, lattice);
        let sizes = parts.sizes();
        let mut x = vec![0.0; n + LANES];
        let mut y = vec![0.0; n + LANES];
        let mut weight = vec![0; n + LANES];
        let mut last = vec![0; n];
        let mut order = vec![0; n];
        let to = split(&mut x, sizes.iter().copied())
            .into_iter()
            .zip(split(&mut y, sizes.iter().copied()))
            .zip(split(&mut weight, sizes.iter().copied()))
            .zip(split(&mut last, sizes.iter().copied()))
            .zip(split(&mut order, sizes.iter().copied()));
        let to: Vec<Sorted<'_>> =
            to.map(|((((x, y), weight), last), order)| Sorted { x, y, weight, last, order }).collect();
        let sort = |(stripe, to)| parts.sort(stripe, lattice, &weigh, to);
        let found: Vec<Vec<Cell>> = to.into_par_iter().enumerate().map(sort).collect();
        let mut stripes = vec![0];
        stripes.extend(sizes.iter().scan(0, |sum, size| {
            *sum += size;
            Some(*sum)
        }));
        let n_cells = found.iter().map(Vec::len).sum::<usize>();
        let mut cells = Self {
            x,
            y,
            weight,
            last,
            order,
            stripes,
            upto: vec![0; n_cells + 1],
            start: vec![0; n_cells + 1],
            key: vec![u64::MAX; n_cells + 1],
            lattice,
            firsts: Firsts::All(Vec::new()),
        };
        cells.fill(&found);
        let all = lattice.columns as f64 * lattice.rows as f64;
        let is_dense = all <= 2.0 * n as f64 + 4096.0;
        cells.firsts = if is_dense { cells.firsts_all(&found, &parts) } else { cells.firsts_around() };
        Some(cells)
    }

    /// Writes the cells, each stripe into a part of its own.
    fn fill(&mut self, found: &[Vec<Cell>]) {
        let n_cells = || found.iter().map(Vec::len);
        let upto = split(&mut self.upto[1..], n_cells());
        let start = split(&mut self.start[1..], n_cells());
        let key = split(&mut self.key, n_cells());
        let mut weight = 0;
        let weight_before = found.iter().map(|found| {
            let before = weight;
            weight += found.last().map_or(0, |end| end.upto);
            before
        });
        let before: Vec<(u64, usize)> = weight_before.zip(self.stripes.iter().copied()).collect();
        let parts: Vec<_> = upto.into_iter().zip(start).zip(key).zip(before).collect();
        found.par_iter().zip(parts).for_each(|(found, (((upto, start), key), (weight, place)))| {
            for (i, cell) in found.iter().enumerate() {
                (upto[i], start[i], key[i]) = (weight + cell.upto, place as u32 + cell.end, cell.key);
            }
        });
    }

    /// Tells each place of the lattice the first cell at or after it; no cell is looked for beyond those of its stripe.
    fn firsts_all(&self, found: &[Vec<Cell>], parts: &Stripes) -> Firsts {
        let Lattice { columns, rows, .. } = self.lattice;
        let mut firsts = vec![0; (columns * rows) as usize];
        let of_rows = |stripe| {
            let Range { start, end } = parts.rows(stripe);
            (start.min(rows) * columns) as usize..(end.min(rows) * columns) as usize
        };
        let ranges: Vec<Range<usize>> = (0..found.len()).map(of_rows).collect();
        let cell_before = found.iter().scan(0, |before, found| {
            *before += found.len();
            Some(*before - found.len())
        });
        let parts = split(&mut firsts, ranges.iter().map(Range::len));
        let parts: Vec<_> = parts.into_iter().zip(ranges).zip(cell_before).collect();
        found.par_iter().zip(parts).for_each(|(found, ((firsts, range), before))| {
            let mut from = 0;
            for (cell, number) in found.iter().zip(before as u32..) {
                // The cell that ends the last stripe may lie beyond the lattice.
                let to = firsts.len().min(self.lattice.position(cell.key) + 1 - range.start);
                firsts[from..to].fill(number);
                from = to;
            }
        });
        Firsts::All(firsts)
    }

    fn firsts_around(&self) -> Firsts {
        let mut around = vec![[0; 5]; self.len()];
        for row in 0..5 {
            // The cells ask in ascending order, so the answer only moves forward.
            let mut at = 0;
            for (key, firsts) in self.key.iter().zip(&mut around) {
                // Only the cell that ends a stripe has no rows below it, and it does not ask.
                let from = (key + ((row as u64) << 32)).saturating_sub((2 << 32) + 2);
                while self.key[at] < from {
                    at += 1;
                }
                firsts[row] = at as u32;
            }
        }
        Firsts::Around(around)
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.upto.len() - 1
    }

    /// How many places there are, with those that are none.
    pub(super) fn n_places(&self) -> usize {
        self.order.len()
    }

    /// The places of a cell.
    #[inline(always)]
    pub(super) fn range(&self, cell: usize) -> Range<usize> {
        self.start[cell] as usize..self.start[cell + 1] as usize
    }

    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> Local {
        Local { x: self.x[place], y: self.y[place] }
    }

    /// The weight of some cells in a row.
    #[inline]
    pub(super) fn total(&self, cells: Range<usize>) -> u64 {
        self.upto[cells.end] - self.upto[cells.start]
    }

    /// Whether a cell is one that ends a stripe.
    #[inline(always)]
    pub(super) fn is_end(&self, cell: usize) -> bool {
        self.key[cell] & 0xFFFF_FFFF == self.lattice.columns - 1
    }

    /// For the five rows around a cell, the first cells at or after its second column west, its first one, the second
    /// one east, and the third: four bounds of ranges.
    #[inline]
    pub(super) fn reach(&self, cell: usize) -> Reach {
        let key = self.key[cell];
        match &self.firsts {
            Firsts::All(firsts) => {
                let columns = self.lattice.columns as usize;
                let here = self.lattice.position(key) - 2 * columns - 2;
                std::array::from_fn(|row| {
                    let firsts = &firsts[here + row * columns..][..6];
                    [firsts[0], firsts[1], firsts[4], firsts[5]]
                })
            }
            Firsts::Around(around) => std::array::from_fn(|row| {
                let here = key + ((row as u64) << 32) - (2 << 32);
                let from = around[cell][row];
                let mut at = from as usize;
                let mut first = |from: u64| {
                    while self.key[at] < from {
                        at += 1;
                    }
                    at as u32
                };
                [from, first(here - 1), first(here + 2), first(here + 3)]
            }),
        }
    }

    /// For each row around a cell, the places that may be within the radius of some place in a box inside the cell.
    #[inline]
    pub(super) fn around(&self, cell: usize, reach: &Reach, inside: Bounds) -> [Range<usize>; 5] {
        let key = self.key[cell];
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
            if left < 0.0 {
                return 0..0;
            }
            let from = if (side + west) * (side + west) <= left { far_west } else { from };
            let to = if (side + east) * (side + east) <= left { far_east } else { to };
            self.start[from as usize] as usize..self.start[to as usize] as usize
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

    /// Tells each point what its place was given, stripe by stripe.
    pub(super) fn tell(&self, tell: impl Fn(usize, usize) + Sync) {
        self.stripes.par_windows(2).for_each(|stripe| {
            let mut point = stripe[0];
            for place in stripe[0]..stripe[1] {
                let end = stripe[0] + self.last[place] as usize;
                while point < end {
                    tell(place, self.order[point] as usize);
                    point += 1;
                }
            }
        });
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

/// Four bounds of ranges of cells for each of the five rows around a cell.
pub(super) type Reach = [[u32; 4]; 5];
