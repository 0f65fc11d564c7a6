//! Who is near whom, without lists: distinct places sorted into square cells whose diagonal is the radius.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use crate::space::coord::Local;

/// A tight box around the places of a cell.
///
/// Its bounds on squared distances are taken with the same operations as [`squared`]; rounding keeps order, so a bound
/// never contradicts a distance it bounds, not even by the last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) min: Local,
    pub(super) max: Local,
}

/// Squared distance. The one place where it is computed, so that all agree on who is exactly at the radius.
#[inline]
pub(super) fn squared(a: Local, b: Local) -> f64 {
    let (dx, dy) = (a.x - b.x, a.y - b.y);
    dx * dx + dy * dy
}

impl Bounds {
    pub(super) fn around(places: &[Local]) -> Self {
        Self::of(places.iter().copied())
    }

    pub(super) fn of(mut places: impl Iterator<Item = Local>) -> Self {
        let first = places.next().unwrap_or_default();
        places.fold(Self { min: first, max: first }, |b, at| Self {
            min: Local { x: b.min.x.min(at.x), y: b.min.y.min(at.y) },
            max: Local { x: b.max.x.max(at.x), y: b.max.y.max(at.y) },
        })
    }

    #[inline]
    pub(super) fn at(place: Local) -> Self {
        Self { min: place, max: place }
    }

    /// No place of one box is nearer to a place of the other.
    #[inline]
    pub(super) fn nearest(self, other: Self) -> f64 {
        let dx = (self.min.x - other.max.x).max(other.min.x - self.max.x).max(0.0);
        let dy = (self.min.y - other.max.y).max(other.min.y - self.max.y).max(0.0);
        dx * dx + dy * dy
    }

    /// No place of one box is farther from a place of the other.
    #[inline]
    pub(super) fn farthest(self, other: Self) -> f64 {
        let dx = (self.max.x - other.min.x).max(other.max.x - self.min.x);
        let dy = (self.max.y - other.min.y).max(other.max.y - self.min.y);
        dx * dx + dy * dy
    }

    /// Whether the box is wider than high.
    pub(super) fn is_wide(self) -> bool {
        self.max.x - self.min.x > self.max.y - self.min.y
    }
}

/// The five rows around a cell, the nearest first; the third is its own.
pub(super) const ROWS: [usize; 5] = [2, 1, 3, 0, 4];

/// Who counts as near.
#[derive(Clone, Copy)]
pub(super) struct Radius {
    pub(super) squared: f64,
}

impl Radius {
    #[inline]
    pub(super) fn holds(self, a: Local, b: Local) -> bool {
        squared(a, b) <= self.squared
    }

    /// Whether a place of one set is within the radius of one of the other: halves the larger until a bound decides.
    pub(super) fn joins(self, a: &mut [Local], b: &mut [Local]) -> bool {
        const FEW: usize = 256;
        let (around_a, around_b) = (Bounds::around(a), Bounds::around(b));
        if a.is_empty() || b.is_empty() || around_a.nearest(around_b) > self.squared {
            return false;
        }
        if around_a.farthest(around_b) <= self.squared {
            return true;
        }
        if a.len() * b.len() <= FEW {
            return a.iter().any(|&p| b.iter().any(|&q| self.holds(p, q)));
        }
        let (large, around, small) = if a.len() < b.len() { (b, around_b, a) } else { (a, around_a, b) };
        let middle = large.len() / 2;
        if around.is_wide() {
            large.select_nth_unstable_by(middle, |p, q| p.x.total_cmp(&q.x));
        } else {
            large.select_nth_unstable_by(middle, |p, q| p.y.total_cmp(&q.y));
        }
        let (left, right) = large.split_at_mut(middle);
        self.joins(left, small) || self.joins(right, small)
    }
}

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

/// Where the cells lie.
#[derive(Clone, Copy)]
struct Lattice {
    min: Local,
    side: f64,
    per_metre: f64,
    columns: u64,
    rows: u64,
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

/// Two columns and rows stay free on either side, so that neighbors need no check for the rim.
const MARGIN: u64 = 2;
const MAX_COLUMNS: f64 = 4e9;
/// Points sorted at once: they and their order fit a processor's own cache.
const CHUNK: usize = 1 << 15;
/// Places looked after at once.
const BLOCK: usize = 1 << 12;

#[derive(Clone, Copy, Default)]
struct Point {
    at: Local,
    index: u32,
}

impl Lattice {
    /// `None` if the radius is so small that rows or columns cannot be counted in 32 bits.
    fn over(points: &[Local], radius: f64) -> Option<Self> {
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
    fn position(self, key: u64) -> usize {
        ((key >> 32) * self.columns + (key & 0xFFFF_FFFF)) as usize
    }
}

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

/// The points of some rows in the order of cells and then of places.
struct Stripe {
    points: Vec<Point>,
    /// Each cell that holds a point, and where its points end.
    cells: Vec<(u64, u32)>,
    n_places: usize,
}

/// The points in stripes of rows.
fn sorted_stripes(points: &[Local], lattice: Lattice) -> Vec<Stripe> {
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
