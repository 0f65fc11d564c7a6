//! Sums over windows of a grid, from prefix sums and summed-area tables.

use rayon::prelude::*;

use super::gistar::Scores;
use super::values::{HotSpotError, Moments};
use super::window::{Lattice, Window};

/// Sums from the left of each row, of a square also from the top, with room on either side for the window.
pub(super) struct Tables<'a> {
    lattice: &'a Lattice<'a>,
    pub(super) moments: Moments,
    reach: Vec<usize>,
    /// Whether the rows of the window are summed already.
    stacked: bool,
    counts: Table,
    /// The same of how many cells are inside, where there is a mask.
    cells: Option<Table>,
}

/// Prefix sums; `pad` entries before and after each row repeat its first and last one.
struct Table {
    sums: Vec<i64>,
    width: usize,
}

impl Table {
    fn new(lattice: &Lattice<'_>, pad: usize, stacked: bool, value: impl Fn(usize) -> i64) -> Self {
        let (n_cols, n_rows) = (lattice.n_cols, lattice.n_rows);
        let width = n_cols + 1 + 2 * pad;
        // Where rows are stacked, the one before the first is empty.
        let first = usize::from(stacked);
        let mut sums = vec![0i64; (n_rows + first) * width];
        for row in 0..n_rows {
            let (above, here) = sums[..(row + first + 1) * width].split_at_mut((row + first) * width);
            let mut sum = 0;
            for (col, to) in here[pad + 1..pad + 1 + n_cols].iter_mut().enumerate() {
                sum += value(row * n_cols + col);
                *to = sum;
            }
            here[pad + 1 + n_cols..].fill(sum);
            if stacked {
                let above = &above[row * width..];
                here.iter_mut().zip(above).for_each(|(to, above)| *to += above);
            }
        }
        Self { sums, width }
    }

    fn row(&self, row: usize) -> &[i64] {
        &self.sums[row * self.width..(row + 1) * self.width]
    }

    /// Adds to each cell of a row what lies up to `reach` cells beside it in a row of the table, or takes it away.
    fn add<const PLUS: bool>(&self, row: usize, reach: usize, pad: usize, to: &mut [i64]) {
        let (row, n) = (self.row(row), to.len());
        let right = &row[pad + reach + 1..][..n];
        let left = &row[pad - reach..][..n];
        for ((to, right), left) in to.iter_mut().zip(right).zip(left) {
            if PLUS { *to += right - left } else { *to -= right - left }
        }
    }
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        counts: &[u32],
        lattice: &'a Lattice<'a>,
        window: Window,
    ) -> Result<Self, HotSpotError> {
        lattice.check(counts)?;
        Self::with(moments(counts, lattice)?, counts, lattice, window)
    }

    pub(super) fn with(
        moments: Moments,
        counts: &[u32],
        lattice: &'a Lattice<'a>,
        window: Window,
    ) -> Result<Self, HotSpotError> {
        let reach = window.reach(lattice.n_cols, lattice.n_rows)?;
        let stacked = reach.iter().all(|&one| one == reach[0]);
        let pad = reach[0];
        let count = |cell: usize| if lattice.has(cell) { i64::from(counts[cell]) } else { 0 };
        let table = match lattice.mask {
            None => Table::new(lattice, pad, stacked, |cell| i64::from(counts[cell])),
            Some(_) => Table::new(lattice, pad, stacked, count),
        };
        let cells = lattice.mask.map(|mask| Table::new(lattice, pad, stacked, |cell| i64::from(mask[cell])));
        Ok(Self { lattice, moments, reach, stacked, counts: table, cells })
    }

    /// How many rows of the window lie above and below a row of the grid.
    fn rows(&self, row: usize) -> (usize, usize) {
        let high = self.reach.len() - 1;
        (high.min(row), high.min(self.lattice.n_rows - 1 - row))
    }

    /// The sums of a row of cells over the window.
    fn sum(&self, table: &Table, row: usize, to: &mut [i64]) {
        to.fill(0);
        let (above, below) = self.rows(row);
        let pad = self.reach[0];
        if self.stacked {
            table.add::<true>(row + below + 1, pad, pad, to);
            table.add::<false>(row - above, pad, pad, to);
        } else {
            for other in row - above..=row + below {
                table.add::<true>(other, self.reach[other.abs_diff(row)], pad, to);
            }
        }
    }

    /// How many cells lie in the window of each cell of a row, without a mask.
    fn sizes(&self, (above, below): (usize, usize), to: &mut [u32]) {
        to.fill(0);
        let n_cols = self.lattice.n_cols;
        for row in (1..=above).chain(0..=below) {
            let reach = self.reach[row];
            for (col, to) in to.iter_mut().enumerate() {
                *to += ((n_cols - 1).min(col + reach) - col.saturating_sub(reach) + 1) as u32;
            }
        }
    }

    /// Calls with each row: its sums, the numbers of cells in them, and its part of `to`.
    pub(super) fn each_row<T: Send>(
        &self,
        to: &mut [T],
        each: impl Fn(usize, &[i64], &[u32], &mut [T]) + Sync,
    ) {
        let n_cols = self.lattice.n_cols;
        let rows = 16;
        to.par_chunks_mut(rows * n_cols).enumerate().for_each(|(chunk, to)| {
            let (mut sums, mut wide, mut sizes) =
                (vec![0i64; n_cols], vec![0i64; n_cols], vec![0u32; n_cols]);
            let mut sized = None;
            for (row, to) in (chunk * rows..).zip(to.chunks_mut(n_cols)) {
                self.sum(&self.counts, row, &mut sums);
                if let Some(cells) = &self.cells {
                    self.sum(cells, row, &mut wide);
                    sizes.iter_mut().zip(&wide).for_each(|(to, &from)| *to = from as u32);
                } else if sized != Some(self.rows(row)) {
                    sized = Some(self.rows(row));
                    self.sizes(self.rows(row), &mut sizes);
                }
                each(row, &sums, &sizes, to);
            }
        });
    }

    /// What z follows from, once no cell has all others or none in its window.
    pub(super) fn scores(&self) -> Result<Scores, HotSpotError> {
        let units = self.moments.n;
        let most = match &self.cells {
            // Without a mask the middle cell has the fullest window.
            None => {
                let mut sizes = vec![0u32; self.lattice.n_cols];
                self.sizes(self.rows(self.lattice.n_rows / 2), &mut sizes);
                sizes.into_iter().max().unwrap_or(0) as usize
            }
            Some(_) => {
                let mut sizes = vec![0u32; self.lattice.n_cols * self.lattice.n_rows];
                self.each_row(&mut sizes, |_, _, from, to| to.copy_from_slice(from));
                self.lattice.inside(sizes).into_iter().max().unwrap_or(0) as usize
            }
        };
        if most <= 1 {
            return Err(HotSpotError::Islands { units });
        }
        if most >= units {
            return Err(HotSpotError::Everyone { unit: self.fullest(units), units });
        }
        Ok(Scores::new(self.moments, self.table_size(most)))
    }

    /// Cells outside the mask may have fuller windows than those inside; their z is not kept.
    fn table_size(&self, most: usize) -> usize {
        let area: usize =
            self.reach.iter().map(|reach| 2 * reach + 1).sum::<usize>() * 2 - (2 * self.reach[0] + 1);
        if self.cells.is_some() { area.min(self.moments.n).max(most) } else { most }
    }

    /// The first unit with all others in its window.
    fn fullest(&self, units: usize) -> usize {
        let mut sizes = vec![0u32; self.lattice.n_cols * self.lattice.n_rows];
        self.each_row(&mut sizes, |_, _, from, to| to.copy_from_slice(from));
        self.lattice.inside(sizes).iter().position(|&size| size as usize >= units).unwrap_or(0)
    }
}

/// The moments of the counts inside the mask.
fn moments(counts: &[u32], lattice: &Lattice<'_>) -> Result<Moments, HotSpotError> {
    let mut inside = (0..counts.len()).filter(|&cell| lattice.has(cell)).map(|cell| counts[cell]);
    let Some(first) = inside.next() else { return Err(HotSpotError::Few { units: 0, least: 2 }) };
    let (mut n, mut sum, mut squares) = (1usize, i64::from(first), u128::from(first) * u128::from(first));
    let (mut low, mut high) = (first, first);
    for count in inside {
        n += 1;
        sum += i64::from(count);
        squares += u128::from(u64::from(count) * u64::from(count));
        (low, high) = (low.min(count), high.max(count));
    }
    if n < 2 {
        return Err(HotSpotError::Few { units: n, least: 2 });
    }
    if u32::try_from(n).is_err() {
        return Err(HotSpotError::Many { units: n, most: u32::MAX as usize });
    }
    if low == high {
        return Err(HotSpotError::Constant { units: n, value: f64::from(low) });
    }
    Ok(Moments::whole(n, sum, squares as i128, f64::from(high)))
}
