//! Points sorted into stripes of rows of cells, in parallel and without more than a cache's worth at once.

use rayon::prelude::*;

use super::bounds::Bounds;
use crate::space::coord::Local;

/// Two columns and rows stay free on either side, so that neighbors need no check for the rim.
pub(super) const MARGIN: u64 = 2;
const MAX_COLUMNS: f64 = 4e9;
/// Points sorted at once: they and their order fit a processor's own cache.
const CHUNK: usize = 1 << 15;

/// Where the cells lie.
#[derive(Clone, Copy)]
pub(super) struct Lattice {
    pub(super) min: Local,
    pub(super) side: f64,
    per_metre: f64,
    pub(super) columns: u64,
    pub(super) rows: u64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) at: Local,
    pub(super) index: u32,
}

impl Lattice {
    /// `None` if the radius is so small that rows or columns cannot be counted in 32 bits.
    pub(super) fn over(points: &[Local], radius: f64) -> Option<Self> {
        let Bounds { min, max } = Bounds::around(points);
        let extent = (max.x - min.x).max(max.y - min.y);
        // A little smaller than radius/√2: what rounding puts into a cell must still be within the radius.
        let slack = (16.0 * f64::EPSILON * extent / radius).max(1e-9);
        let side = radius * std::f64::consts::FRAC_1_SQRT_2 * (1.0 - slack);
        if !(side > 0.0 && extent / side < MAX_COLUMNS) {
            return None;
        }
        let per_metre = side.recip();
        let cells = |length: f64| (length * per_metre) as u64 + 1 + 2 * MARGIN;
        let (columns, rows) = (cells(max.x - min.x), cells(max.y - min.y));
        (per_metre.is_finite()).then_some(Self { min, side, per_metre, columns, rows })
    }

    #[inline]
    fn row(self, at: Local) -> u64 {
        u64::from(((at.y - self.min.y) * self.per_metre) as u32) + MARGIN
    }

    #[inline]
    fn column(self, at: Local) -> u64 {
        u64::from(((at.x - self.min.x) * self.per_metre) as u32) + MARGIN
    }

    fn key(self, at: Local) -> u64 {
        self.row(at) << 32 | self.column(at)
    }

    /// Position of a key in a list of all cells, row by row.
    pub(super) fn position(self, key: u64) -> usize {
        ((key >> 32) * self.columns + (key & 0xFFFF_FFFF)) as usize
    }
}

/// The points of some rows in the order of cells and then of places.
pub(super) struct Stripe {
    pub(super) points: Vec<Point>,
    /// Each cell that holds a point, and where its points end.
    pub(super) cells: Vec<(u64, u32)>,
    pub(super) n_places: usize,
}

/// The points in stripes of rows.
pub(super) fn sorted_stripes(points: &[Local], lattice: Lattice) -> Vec<Stripe> {
    let wanted = (points.len() / CHUNK * 4).clamp(1, 256) as u64;
    let shift = (0..64).find(|&s| lattice.rows >> s < wanted).unwrap_or(0);
    let n_stripes = (lattice.rows >> shift) as usize + 1;
    // The numbers of a chunk's points, stripe by stripe, and where each begins.
    let chunks: Vec<(Vec<u32>, Vec<u32>)> = (points.par_chunks(CHUNK).enumerate())
        .map(|(chunk, points)| {
            let stripe: Vec<u16> = points.iter().map(|&at| (lattice.row(at) >> shift) as u16).collect();
            let mut begin = vec![0; n_stripes + 1];
            stripe.iter().for_each(|&s| begin[usize::from(s) + 1] += 1);
            (1..=n_stripes).for_each(|s| begin[s] += begin[s - 1]);
            let mut next = begin.clone();
            let mut sorted = vec![0; points.len()];
            for (&stripe, index) in stripe.iter().zip((chunk * CHUNK) as u32..) {
                let next = &mut next[usize::from(stripe)];
                sorted[*next as usize] = index;
                *next += 1;
            }
            (sorted, begin)
        })
        .collect();
    let stripe = |stripe: usize| {
        let part = |(_, begin): &(Vec<u32>, Vec<u32>)| begin[stripe] as usize..begin[stripe + 1] as usize;
        let mut mine = Vec::with_capacity(chunks.iter().map(|c| part(c).len()).sum());
        for chunk in &chunks {
            mine.extend(chunk.0[part(chunk)].iter().map(|&index| {
                // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
                let Local { x, y } = points[index as usize];
                Point { at: Local { x: x + 0.0, y: y + 0.0 }, index }
            }));
        }
        Stripe::sorted(mine, lattice, (stripe as u64) << shift, 1 << shift)
    };
    (0..n_stripes).into_par_iter().map(stripe).collect()
}

impl Stripe {
    fn sorted(points: Vec<Point>, lattice: Lattice, first_row: u64, n_rows: u64) -> Self {
        let by_place = |a: &Point, b: &Point| a.at.x.total_cmp(&b.at.x).then(a.at.y.total_cmp(&b.at.y));
        let mut sorted = Self { points, cells: Vec::new(), n_places: 0 };
        if n_rows as f64 * lattice.columns as f64 > 4.0 * sorted.points.len() as f64 + 4096.0 {
            let order =
                |a: &Point, b: &Point| lattice.key(a.at).cmp(&lattice.key(b.at)).then_with(|| by_place(a, b));
            sorted.points.sort_unstable_by(order);
            let same = |a: &Point, b: &Point| lattice.key(a.at) == lattice.key(b.at);
            let mut end = 0;
            for cell in sorted.points.chunk_by(same) {
                end += cell.len() as u32;
                sorted.cells.push((lattice.key(cell[0].at), end));
                sorted.n_places += cell.chunk_by(|a, b| a.at == b.at).count();
            }
            return sorted;
        }
        // Few enough cells to count: each point goes to where its cell begins.
        let cell = |at| ((lattice.row(at) - first_row) * lattice.columns + lattice.column(at)) as u32;
        let cells: Vec<u32> = sorted.points.iter().map(|p| cell(p.at)).collect();
        let mut next = vec![0u32; (n_rows * lattice.columns) as usize + 1];
        cells.iter().for_each(|&c| next[c as usize + 1] += 1);
        (1..next.len()).for_each(|c| next[c] += next[c - 1]);
        let mut points = vec![Point::default(); cells.len()];
        for (point, &cell) in sorted.points.iter().zip(&cells) {
            let next = &mut next[cell as usize];
            points[*next as usize] = *point;
            *next += 1;
        }
        // Each `next` is now the end of its cell.
        let mut from = 0;
        for row in 0..n_rows {
            for column in 0..lattice.columns {
                let end = next[(row * lattice.columns + column) as usize];
                if end == from {
                    continue;
                }
                let cell = &mut points[from as usize..end as usize];
                cell.sort_unstable_by(by_place);
                sorted.n_places += 1 + cell.windows(2).filter(|two| two[0].at != two[1].at).count();
                sorted.cells.push(((first_row + row) << 32 | column, end));
                from = end;
            }
        }
        sorted.points = points;
        sorted
    }
}
