//! Who is near whom, without lists: distinct places sorted into square cells whose diagonal is the radius.

use rayon::prelude::*;

use crate::space::coord::Local;

/// A tight box around the places of a cell.
///
/// Its bounds on squared distances are taken with the same operations as [`squared`]; rounding keeps order, so a bound
/// never contradicts a distance it bounds, not even by the last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    min: Local,
    max: Local,
}

/// Squared distance. The one place where it is computed, so that all agree on who is exactly at the radius.
pub(super) fn squared(a: Local, b: Local) -> f64 {
    let (dx, dy) = (a.x - b.x, a.y - b.y);
    dx * dx + dy * dy
}

impl Bounds {
    pub(super) fn around(places: &[Local]) -> Self {
        let first = places.first().copied().unwrap_or_default();
        places.iter().fold(Self { min: first, max: first }, |b, at| Self {
            min: Local { x: b.min.x.min(at.x), y: b.min.y.min(at.y) },
            max: Local { x: b.max.x.max(at.x), y: b.max.y.max(at.y) },
        })
    }

    pub(super) fn at(place: Local) -> Self {
        Self { min: place, max: place }
    }

    /// No place of one box is nearer to a place of the other.
    pub(super) fn nearest(self, other: Self) -> f64 {
        let dx = (self.min.x - other.max.x).max(other.min.x - self.max.x).max(0.0);
        let dy = (self.min.y - other.max.y).max(other.min.y - self.max.y).max(0.0);
        dx * dx + dy * dy
    }

    /// No place of one box is farther from a place of the other.
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

/// Distinct places in cells. Two places of one cell are always within the radius; places within the radius are at
/// most two cells apart in each direction.
pub(super) struct Cells {
    /// The places, cell by cell, from west to east within a cell.
    pub(super) places: Vec<Local>,
    /// Points at each place.
    pub(super) weight: Vec<u32>,
    /// The lowest index of a point at each place.
    pub(super) first: Vec<u32>,
    /// The cell of each place.
    pub(super) cell_of: Vec<u32>,
    /// The place of each point.
    pub(super) place_of: Vec<u32>,
    /// Points in each cell.
    pub(super) total: Vec<u64>,
    pub(super) bounds: Vec<Bounds>,
    start: Vec<u32>,
    key: Vec<u64>,
    /// For each cell and each of the five rows around it, the first cell from two columns west on.
    rows: Vec<[u32; 5]>,
}

/// Two columns and rows stay free on either side, so that neighbors need no check for the rim.
const MARGIN: u64 = 2;
const MAX_COLUMNS: f64 = 4e9;

impl Cells {
    /// Sorts finite points; `None` if the radius is so small that the cells cannot be counted in 32 bits.
    pub(super) fn sorted(points: &[Local], radius: f64) -> Option<Self> {
        let Bounds { min, max } = Bounds::around(points);
        let extent = (max.x - min.x).max(max.y - min.y);
        // A little smaller than radius/√2: what rounding puts into a cell must still be within the radius.
        let slack = (16.0 * f64::EPSILON * extent / radius).max(1e-9);
        let side = radius * std::f64::consts::FRAC_1_SQRT_2 * (1.0 - slack);
        if !(side > 0.0 && extent / side < MAX_COLUMNS) {
            return None;
        }
        let column = |from: f64, to: f64| ((to - from) / side) as u64 + MARGIN;
        let mut sorted: Vec<(u64, Local, u32)> = (points.par_iter().enumerate())
            .map(|(i, p)| {
                // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
                let at = Local { x: p.x + 0.0, y: p.y + 0.0 };
                (column(min.y, at.y) << 32 | column(min.x, at.x), at, i as u32)
            })
            .collect();
        sorted.par_sort_unstable_by(|(a_key, a, a_index), (b_key, b, b_index)| {
            let by_place = || a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y));
            a_key.cmp(b_key).then_with(by_place).then(a_index.cmp(b_index))
        });
        let mut cells = Self {
            places: Vec::new(),
            weight: Vec::new(),
            first: Vec::new(),
            cell_of: Vec::new(),
            place_of: vec![0; points.len()],
            total: Vec::new(),
            bounds: Vec::new(),
            start: Vec::new(),
            key: Vec::new(),
            rows: Vec::new(),
        };
        for (key, at, index) in sorted {
            cells.push(key, at, index);
        }
        cells.start.push(cells.places.len() as u32);
        cells.bounds = (0..cells.len()).map(|c| Bounds::around(&cells.places[cells.range(c)])).collect();
        cells.rows = cells.rows();
        Some(cells)
    }

    fn push(&mut self, key: u64, at: Local, index: u32) {
        let opens = self.key.last() != Some(&key);
        if opens {
            self.key.push(key);
            self.start.push(self.places.len() as u32);
            self.total.push(0);
        }
        if opens || self.places.last() != Some(&at) {
            self.places.push(at);
            self.weight.push(0);
            self.first.push(index);
            self.cell_of.push(self.key.len() as u32 - 1);
        }
        let place = self.places.len() - 1;
        self.place_of[index as usize] = place as u32;
        self.weight[place] += 1;
        self.total[self.key.len() - 1] += 1;
    }

    fn rows(&self) -> Vec<[u32; 5]> {
        let mut rows = vec![[0; 5]; self.len()];
        for row in 0..5 {
            // The cells ask in ascending order, so the answer only moves forward.
            let mut at = 0;
            for (key, firsts) in self.key.iter().zip(&mut rows) {
                let from = key + ((row as u64) << 32) - (2 << 32) - 2;
                while self.key.get(at).is_some_and(|&k| k < from) {
                    at += 1;
                }
                firsts[row] = at as u32;
            }
        }
        rows
    }

    /// How many cells hold a place.
    pub(super) fn len(&self) -> usize {
        self.key.len()
    }

    /// The places of a cell.
    pub(super) fn range(&self, cell: usize) -> std::ops::Range<usize> {
        self.start[cell] as usize..self.start[cell + 1] as usize
    }

    /// The other cells up to two rows and columns away, nearer rows first.
    pub(super) fn near(&self, cell: usize) -> impl Iterator<Item = usize> + '_ {
        [2, 1, 3, 0, 4].into_iter().flat_map(move |row: usize| {
            let to = self.key[cell] + ((row as u64) << 32) - (2 << 32) + 2;
            let from = self.rows[cell][row] as usize;
            (from..self.len()).take_while(move |&k| self.key[k] <= to).filter(move |&k| k != cell)
        })
    }
}
