//! Points sorted into stripes of rows of cells, in parallel and without more than a cache's worth at once.

use std::ops::Range;

use rayon::prelude::*;

use super::bounds::Bounds;
use crate::space::coord::Local;

/// Two columns and rows stay free on either side, so that neighbors need no check for the rim, and one column more in
/// the east, for the empty cell that ends a stripe.
pub(super) const MARGIN: u64 = 2;
const MAX_COLUMNS: f64 = 4e9;
/// Points told to their stripes at once: they and their order fit a processor's own cache.
const CHUNK: usize = 1 << 15;
/// A side of a cell is cut into so many steps, by which the points of a cell are sorted.
const STEPS: u32 = 16;

/// Where the cells lie.
#[derive(Clone, Copy)]
pub(super) struct Lattice {
    pub(super) min: Local,
    pub(super) side: f64,
    per_metre: f64,
    pub(super) columns: u64,
    pub(super) rows: u64,
}

impl Lattice {
    /// `None` if the radius is so small that rows or columns cannot be counted in 32 bits.
    pub(super) fn over(Bounds { min, max }: Bounds, radius: f64) -> Option<Self> {
        let extent = (max.x - min.x).max(max.y - min.y);
        // A little smaller than radius/√2: what rounding puts into a cell must still be within the radius.
        let slack = (16.0 * f64::EPSILON * extent / radius).max(1e-9);
        let side = radius * std::f64::consts::FRAC_1_SQRT_2 * (1.0 - slack);
        if !(side > 0.0 && extent / side < MAX_COLUMNS) {
            return None;
        }
        let per_metre = side.recip();
        let cells = |length: f64| (length * per_metre) as u64 + 1 + 2 * MARGIN;
        let (columns, rows) = (cells(max.x - min.x) + 1, cells(max.y - min.y));
        (per_metre.is_finite()).then_some(Self { min, side, per_metre, columns, rows })
    }

    #[inline]
    fn row(self, y: f64) -> u64 {
        u64::from(((y - self.min.y) * self.per_metre) as u32) + MARGIN
    }

    /// Row and column, and where in the cell: steps east and steps north, 16 bits each.
    #[inline]
    fn cell(self, at: Local) -> (u64, u64, u64) {
        let steps = |from: f64, at: f64| ((at - from) * self.per_metre * f64::from(1 << STEPS)) as i64 as u64;
        let (x, y) = (steps(self.min.x, at.x), steps(self.min.y, at.y));
        const WITHIN: u64 = (1 << STEPS) - 1;
        ((y >> STEPS) + MARGIN, (x >> STEPS) + MARGIN, (x & WITHIN) << STEPS | (y & WITHIN))
    }

    /// Position of a key in a list of all cells, row by row.
    #[inline]
    pub(super) fn position(self, key: u64) -> usize {
        ((key >> 32) * self.columns + (key & 0xFFFF_FFFF)) as usize
    }
}

/// A box around the points; or the first one without finite coordinates.
pub(super) fn extent(points: &[Local]) -> Result<Bounds, usize> {
    let part = |points: &[Local]| {
        // Times 0, what is no finite number makes the sum none.
        let sum = points.iter().fold(0.0, |sum, p| sum + (p.x * 0.0 + p.y * 0.0));
        (sum == 0.0).then(|| Bounds::around(points))
    };
    let parts: Option<Vec<Bounds>> = points.par_chunks(CHUNK).map(part).collect();
    let is_bad = |p: &Local| !(p.x.is_finite() && p.y.is_finite());
    let parts = parts.ok_or_else(|| points.iter().position(is_bad).unwrap_or(0))?;
    Ok(Bounds::of(parts.into_iter().flat_map(|part| [part.min, part.max])))
}

/// Some points, stripe by stripe.
struct Chunk {
    /// The numbers of the points.
    index: Vec<u32>,
    at: Vec<Local>,
    /// Where each stripe begins, and the number of points.
    begin: Vec<u32>,
}

impl Chunk {
    fn of(&self, stripe: usize) -> Range<usize> {
        self.begin[stripe] as usize..self.begin[stripe + 1] as usize
    }
}

/// Which rows are a stripe, and which points lie in each.
pub(super) struct Stripes {
    /// A stripe has 2 to the power of this many rows.
    shift: u32,
    chunks: Vec<Chunk>,
    n_stripes: usize,
}

/// A cell that holds a point: its row and column, where its places end in its stripe, the weight of all up to it.
pub(super) struct Cell {
    pub(super) key: u64,
    pub(super) end: u32,
    pub(super) upto: u64,
}

/// Where the points of a stripe go, in the order of cells and places.
pub(super) struct Sorted<'a> {
    pub(super) x: &'a mut [f64],
    pub(super) y: &'a mut [f64],
    pub(super) weight: &'a mut [u64],
    /// Where the points of each place end.
    pub(super) last: &'a mut [u32],
    /// The numbers of the points.
    pub(super) order: &'a mut [u32],
}

impl Stripes {
    pub(super) fn of(points: &[Local], lattice: Lattice) -> Self {
        let wanted = (points.len() / CHUNK * 4).clamp(1, 256) as u64;
        let shift = (0..64).find(|&s| lattice.rows >> s < wanted).unwrap_or(0);
        let n_stripes = (lattice.rows >> shift) as usize + 1;
        let chunk = |(chunk, points): (usize, &[Local])| {
            let stripe: Vec<u16> = points.iter().map(|at| (lattice.row(at.y) >> shift) as u16).collect();
            let mut begin = vec![0; n_stripes + 1];
            stripe.iter().for_each(|&s| begin[usize::from(s) + 1] += 1);
            (1..=n_stripes).for_each(|s| begin[s] += begin[s - 1]);
            let mut next = begin.clone();
            let mut index = vec![0; points.len()];
            let mut at = vec![Local::default(); points.len()];
            for ((&stripe, p), i) in stripe.iter().zip(points).zip((chunk * CHUNK) as u32..) {
                let next = &mut next[usize::from(stripe)];
                index[*next as usize] = i;
                // Adding 0 turns -0 into 0, which would be told apart.
                at[*next as usize] = Local { x: p.x + 0.0, y: p.y + 0.0 };
                *next += 1;
            }
            Chunk { index, at, begin }
        };
        let chunks = points.par_chunks(CHUNK).enumerate().map(chunk).collect();
        Self { shift, chunks, n_stripes }
    }

    /// How many points each stripe has.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let size = |stripe| self.chunks.iter().map(|chunk| chunk.of(stripe).len()).sum();
        (0..self.n_stripes).map(size).collect()
    }

    /// The rows of a stripe.
    pub(super) fn rows(&self, stripe: usize) -> Range<u64> {
        (stripe as u64) << self.shift..(stripe as u64 + 1) << self.shift
    }

    /// Sorts the points of a stripe by cell and place. Returns its cells, and then one that holds nothing.
    pub(super) fn sort(
        &self,
        stripe: usize,
        lattice: Lattice,
        weigh: impl Fn(usize) -> u64,
        to: Sorted<'_>,
    ) -> Vec<Cell> {
        let n = to.order.len();
        let (mut ids, mut at) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for chunk in &self.chunks {
            ids.extend_from_slice(&chunk.index[chunk.of(stripe)]);
            at.extend_from_slice(&chunk.at[chunk.of(stripe)]);
        }
        let rows = self.rows(stripe);
        let mut writer = Writer { ids, at, to, cells: Vec::new(), n_places: 0, n_points: 0, upto: 0 };
        if (rows.end - rows.start) as f64 * lattice.columns as f64 > 4.0 * n as f64 + 4096.0 {
            writer.compare(lattice, weigh);
        } else {
            writer.count(lattice, rows.clone(), weigh);
        }
        let (row, column) = (rows.end - 1, lattice.columns - 1);
        writer.cells.push(Cell { key: row << 32 | column, end: n as u32, upto: writer.upto });
        writer.cells
    }
}

/// Writes the points of a stripe in the order of their cells.
struct Writer<'a> {
    /// The numbers of the points, and where they are.
    ids: Vec<u32>,
    at: Vec<Local>,
    to: Sorted<'a>,
    cells: Vec<Cell>,
    n_places: usize,
    n_points: usize,
    upto: u64,
}

impl Writer<'_> {
    /// Sorts by comparing the points' cells; where there are many more cells than points.
    fn compare(&mut self, lattice: Lattice, weigh: impl Fn(usize) -> u64) {
        let key = |(&at, i): (&Local, u32)| {
            let (row, column, within) = lattice.cell(at);
            (row << 32 | column, within << 32 | u64::from(i))
        };
        let mut keys: Vec<(u64, u64)> = self.at.iter().zip(0..).map(key).collect();
        keys.sort_unstable();
        let mut of_cell = Vec::new();
        for cell in keys.chunk_by(|a, b| a.0 == b.0) {
            of_cell.clear();
            of_cell.extend(cell.iter().map(|key| key.1));
            self.cell(cell[0].0, &of_cell, &weigh);
        }
    }

    /// Sorts by counting the points of each cell: each point goes to where its cell begins.
    fn count(&mut self, lattice: Lattice, rows: Range<u64>, weigh: impl Fn(usize) -> u64) {
        let columns = lattice.columns;
        let key = |(&at, i): (&Local, u32)| {
            let (row, column, within) = lattice.cell(at);
            (((row - rows.start) * columns + column) as u32, within << 32 | u64::from(i))
        };
        let keys: Vec<(u32, u64)> = self.at.iter().zip(0..).map(key).collect();
        let mut next = vec![0_u32; ((rows.end - rows.start) * columns) as usize + 1];
        keys.iter().for_each(|&(cell, _)| next[cell as usize + 1] += 1);
        (1..next.len()).for_each(|c| next[c] += next[c - 1]);
        let mut sorted = vec![0; keys.len()];
        for &(cell, key) in &keys {
            let next = &mut next[cell as usize];
            sorted[*next as usize] = key;
            *next += 1;
        }
        // Each `next` is now the end of its cell.
        let mut from = 0;
        for (row, ends) in rows.zip(next.chunks(columns as usize)) {
            for (column, &end) in (0..).zip(ends) {
                if end > from {
                    let cell = &mut sorted[from as usize..end as usize];
                    sort_few(cell);
                    self.cell(row << 32 | column, cell, &weigh);
                    from = end;
                }
            }
        }
    }

    /// Writes a cell. Points at one place follow each other, as they are sorted by where in the cell they are; only
    /// where several places share a step, one may be written twice, which changes no sum and no distance.
    #[inline]
    fn cell(&mut self, key: u64, sorted: &[u64], weigh: impl Fn(usize) -> u64) {
        let (mut before, mut sum) = (None, 0);
        for &point in sorted {
            // The lower half is the point's position in the stripe.
            let (at, index) = (self.at[point as u32 as usize], self.ids[point as u32 as usize]);
            let weight = weigh(index as usize);
            if before == Some(at) {
                self.to.weight[self.n_places - 1] += weight;
            } else {
                let place = self.n_places;
                (self.to.x[place], self.to.y[place], self.to.weight[place]) = (at.x, at.y, weight);
                self.n_places += 1;
                before = Some(at);
            }
            self.to.order[self.n_points] = index;
            self.n_points += 1;
            self.to.last[self.n_places - 1] = self.n_points as u32;
            sum += weight;
        }
        self.upto += sum;
        self.cells.push(Cell { key, end: self.n_places as u32, upto: self.upto });
    }
}

/// Sorts the points of a cell; most cells hold few, which are sorted by insertion.
#[inline]
fn sort_few(points: &mut [u64]) {
    const FEW: usize = 12;
    if points.len() > FEW {
        points.sort_unstable();
        return;
    }
    for end in 1..points.len() {
        let point = points[end];
        let mut at = end;
        while at > 0 && point < points[at - 1] {
            points[at] = points[at - 1];
            at -= 1;
        }
        points[at] = point;
    }
}
