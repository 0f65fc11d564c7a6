//! Cells that hold several places: their kernels are swept as one, except at the rims of their discs.

use rayon::prelude::*;

use super::crowd::{Item, Member, Reach, SLACK, Spot, Sum, merged};
use super::strips::Lanes;
use super::sweep::rim;
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// Rows of cells that are sorted together: what they hold stays in the cache.
pub(super) const BAND: usize = 32;

/// Incidents that are dealt out to the bands together.
const PIECE: usize = 32_768;

/// Fewer incidents are not worth the sorting.
const FEWEST: usize = 10_000;

/// From so many places on a cell is a crowd.
const CROWD: usize = 2;

/// Crowds of some rows of cells: strip by strip, in each from south to north and from west to east.
#[derive(Debug, Default)]
pub(super) struct Band {
    pub(super) spots: Vec<Spot>,
    sums: Vec<Sum>,
    pub(super) members: Vec<Member>,
    /// Where the crowds of each row of each strip begin, and the end.
    starts: Vec<u32>,
}

/// The crowds that reach a grid.
pub(super) struct Crowds {
    pub(super) bands: Vec<Band>,
    pub(super) reach: Reach,
    /// Rows and columns of cells around the grid.
    pub(super) margin: usize,
    n_strips: usize,
}

/// Places that are alone in their cells, with their weights.
pub(super) type Alone = (Vec<Local>, Vec<f64>);

/// Incidents of a piece in the order of bands, their weights if they have any, and where each band begins.
type Dealt = (Vec<Local>, Vec<f64>, Vec<u32>);

/// How incidents are looked up in the cells.
struct Cells<'a> {
    grid: &'a Grid,
    bandwidth: f64,
    lanes: Lanes,
    margin: usize,
    wide: usize,
    high: usize,
}

impl Crowds {
    /// Finds the crowds, and the places that are in none; nothing if there are few incidents for so many cells.
    ///
    /// The same for any order of the incidents. Time O(n log n + cells).
    pub(super) fn new(
        points: &[Local],
        weights: Option<&[f64]>,
        grid: &Grid,
        bandwidth: Metres,
        lanes: Lanes,
    ) -> Option<(Self, Alone)> {
        let radius = bandwidth.0 / grid.cell.0;
        let cells = (grid.n_cols as f64 + 2.0 * radius + 4.0) * (grid.n_rows as f64 + 2.0 * radius + 4.0);
        let many = points.len() >= FEWEST && cells <= (grid.len() + 4 * points.len()).min(1 << 28) as f64;
        if !many || rim(grid, bandwidth) > SLACK / 10.0 {
            return None;
        }
        let reach = Reach::new(radius);
        let margin = reach.rows + 1;
        let (wide, high) = (grid.n_cols + 2 * margin, grid.n_rows + 2 * margin);
        let cells = Cells { grid, bandwidth: bandwidth.0, lanes, margin, wide, high };
        let dealt: Vec<Dealt> = (0..points.len().div_ceil(PIECE))
            .into_par_iter()
            .map(|piece| {
                let some = piece * PIECE..((piece + 1) * PIECE).min(points.len());
                cells.deal(&points[some.clone()], weights.map(|weights| &weights[some]))
            })
            .collect();
        let (bands, alone): (Vec<Band>, Vec<Alone>) = (0..high.div_ceil(BAND))
            .into_par_iter()
            .map_init(Sorter::default, |sorter, band| cells.band(band, &dealt, sorter))
            .unzip();
        let alone = (
            alone.iter().flat_map(|(places, _)| places).copied().collect(),
            alone.iter().flat_map(|(_, weights)| weights).copied().collect(),
        );
        Some((Self { bands, reach, margin, n_strips: lanes.count }, alone))
    }

    /// The bands with rows of cells from one row of the grid to another, the last of them included.
    pub(super) fn bands_between(&self, rows: (i32, i32)) -> &[Band] {
        let (from, to) = self.in_bands(rows);
        &self.bands[(from / BAND).min(self.bands.len())..(to / BAND + 1).min(self.bands.len())]
    }

    /// Rows of the grid as rows of all cells.
    fn in_bands(&self, (from, to): (i32, i32)) -> (usize, usize) {
        let row = |row: i32| usize::try_from(row + self.margin as i32).unwrap_or(0);
        (row(from), row(to))
    }

    /// The crowds of a strip between two rows of cells, the last included: those of each row together.
    pub(super) fn between(&self, strip: usize, rows: (i32, i32)) -> Vec<(&[Spot], &[Sum])> {
        let (from, to) = self.in_bands(rows);
        let mut found = Vec::new();
        let bands = self.bands.iter().enumerate().skip(from / BAND).take(to / BAND + 1 - from / BAND);
        for (number, band) in bands.filter(|(_, band)| strip < self.n_strips && !band.spots.is_empty()) {
            let south = number * BAND;
            let rows = strip * BAND + from.saturating_sub(south)..strip * BAND + (to + 1 - south).min(BAND);
            for pair in band.starts[rows.start..=rows.end].windows(2).filter(|pair| pair[0] < pair[1]) {
                let some = pair[0] as usize..pair[1] as usize;
                found.push((&band.spots[some.clone()], &band.sums[some]));
            }
        }
        found
    }
}

/// Memory for the sorting of one band after the other.
#[derive(Default)]
struct Sorter {
    keys: Vec<u32>,
    ends: Vec<u32>,
    next: Vec<u32>,
    items: Vec<Item>,
}

impl Cells<'_> {
    /// Column and row of a place, counted from the corner of all cells.
    #[inline(always)]
    fn of(&self, p: Local) -> (f64, f64) {
        let (per_metre, margin) = (1.0 / self.grid.cell.0, self.margin as f64);
        ((p.x - self.grid.origin.x) * per_metre + margin, (p.y - self.grid.origin.y) * per_metre + margin)
    }

    /// Sorts incidents by bands, those that reach nothing last.
    fn deal(&self, points: &[Local], weights: Option<&[f64]>) -> Dealt {
        let (wide, high) = (self.wide as f64, self.high as f64);
        let n_bands = self.high.div_ceil(BAND);
        let key = |i: usize| {
            let (col, row) = self.of(points[i]);
            let counts = weights.is_none_or(|weights| weights[i] > 0.0);
            let inside = col >= 0.0 && row >= 0.0 && col < wide && row < high && counts;
            if inside { row as u32 / BAND as u32 } else { n_bands as u32 }
        };
        let keys: Vec<u32> = (0..points.len()).map(key).collect();
        let mut ends = vec![0_u32; n_bands + 2];
        count(&keys, &mut ends);
        let mut next = ends.clone();
        let mut dealt = vec![Local { x: 0.0, y: 0.0 }; points.len()];
        let mut heavy = vec![0.0; weights.map_or(0, <[f64]>::len)];
        for (i, &key) in keys.iter().enumerate() {
            let at = next[key as usize] as usize;
            next[key as usize] += 1;
            dealt[at] = points[i];
            if let Some(weights) = weights {
                heavy[at] = weights[i];
            }
        }
        (dealt, heavy, ends)
    }

    /// Sorts the incidents of a band by cells, and makes crowds of those that hold several places.
    fn band(&self, band: usize, dealt: &[Dealt], sorter: &mut Sorter) -> (Band, Alone) {
        let (mut made, mut alone) = (Band::default(), Alone::default());
        let some = |(.., ends): &Dealt| ends[band] as usize..ends[band + 1] as usize;
        let n = dealt.iter().map(|dealt| some(dealt).len()).sum();
        if n == 0 {
            return (made, alone);
        }
        // A row of a strip is a stretch of keys.
        let strips = self.strips();
        let mut bases = Vec::with_capacity(self.wide);
        for pair in strips.windows(2) {
            bases.extend((pair[0]..pair[1]).map(|col| (pair[0] * BAND + col - pair[0], pair[1] - pair[0])));
        }
        let Sorter { keys, ends, next, items } = sorter;
        keys.clear();
        for dealt in dealt {
            keys.extend(dealt.0[some(dealt)].iter().map(|&p| {
                let (col, row) = self.of(p);
                let (base, wide) = bases[col as usize];
                (base + row as usize % BAND * wide) as u32
            }));
        }
        ends.clear();
        ends.resize(self.wide * BAND + 1, 0);
        count(keys, ends);
        next.clone_from(ends);
        if items.len() < n {
            items.resize(n, Item::default());
        }
        let mut keys = keys.iter();
        for dealt in dealt {
            for (i, &key) in some(dealt).zip(&mut keys) {
                let at = next[key as usize] as usize;
                next[key as usize] += 1;
                // Adding 0 turns -0 into 0, which the order of bits would tell apart.
                let (x, y) = (dealt.0[i].x + 0.0, dealt.0[i].y + 0.0);
                items[at] = Item { x, y, weight: dealt.1.get(i).copied().unwrap_or(1.0) };
            }
        }
        made.members.reserve(n);
        let mut begin = 0;
        for (strip, pair) in strips.windows(2).enumerate() {
            for row in 0..BAND {
                made.starts.push(made.spots.len() as u32);
                for col in pair[0]..pair[1] {
                    let cell = ends[begin] as usize..ends[begin + 1] as usize;
                    begin += 1;
                    if !cell.is_empty() {
                        let at = (
                            col as i32 - self.margin as i32,
                            (band * BAND + row) as i32 - self.margin as i32,
                        );
                        self.settle(merged(&mut items[cell]), at, strip, &mut made, &mut alone);
                    }
                }
            }
        }
        made.starts.push(made.spots.len() as u32);
        (made, alone)
    }

    /// The first column of each strip, and the end.
    fn strips(&self) -> Vec<usize> {
        let Lanes { first, width, count } = self.lanes;
        let column = |strip: usize| {
            let x = (first + (strip as f64 - 0.5) * width) * self.bandwidth / self.grid.cell.0;
            ((x + self.margin as f64).max(0.0) as usize).min(self.wide)
        };
        let mut strips: Vec<usize> = (0..count).map(column).collect();
        strips[0] = 0;
        strips.push(self.wide);
        strips
    }

    /// Makes a crowd of the places of a cell, or puts the only one to those that are alone.
    fn settle(&self, items: &[Item], at: (i32, i32), strip: usize, made: &mut Band, alone: &mut Alone) {
        if items.len() < CROWD {
            alone.0.extend(items.iter().map(|item| Local { x: item.x, y: item.y }));
            alone.1.extend(items.iter().map(|item| item.weight));
            return;
        }
        let scale = 1.0 / self.bandwidth;
        let cell = self.grid.cell.0 * scale;
        let middle = [at.0, at.1].map(|at| (f64::from(at) + 0.5) * cell);
        let from = made.members.len() as u32;
        let mut moments = [0.0; 10];
        for &Item { x, y, weight } in items {
            let u = (x - self.grid.origin.x) * scale - middle[0];
            let v = (y - self.grid.origin.y) * scale - middle[1];
            let square = u * u + v * v;
            let (wu, wv, ws) = (weight * u, weight * v, weight * square);
            let more = [weight, wu, wv, ws, ws * square, ws * u, ws * v, wu * u, wu * v, wv * v];
            moments.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            made.members.push(Member { east: 2.0 * u, north: 2.0 * v, rest: -square, weight });
        }
        let strip_middle = self.lanes.first + strip as f64 * self.lanes.width;
        made.sums.push(Sum::new(&moments, middle[0] - strip_middle));
        made.spots.push(Spot { col: at.0, row: at.1, from, to: made.members.len() as u32 });
    }
}

/// Where the items with each key begin, and the end; `ends` is zeros before.
fn count(keys: &[u32], ends: &mut [u32]) {
    for &key in keys {
        ends[key as usize + 1] += 1;
    }
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid =
        Grid { origin: Local { x: -100.0, y: 50.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 41 };

    #[test]
    fn every_incident_that_may_reach_the_grid_is_in_a_crowd_or_alone() {
        let one = |i: u32| {
            let (a, b) = (f64::from(i * 7919 % 10_007), f64::from(i * 104_729 % 9973));
            Local { x: a / 10.0 - 300.0, y: b / 10.0 - 200.0 }
        };
        // Every place three times, the copies far apart in the input.
        let points: Vec<Local> = (0..60_000).map(|i| one(i % 20_000)).collect();
        let lanes = Lanes::new(&GRID, (57.0, 1.0), Some(4.0));
        let (crowds, alone) = Crowds::new(&points, None, &GRID, Metres(57.0), lanes).expect("many");
        let members: Vec<&Member> = crowds.bands.iter().flat_map(|band| &band.members).collect();
        let near = |by: f64| {
            let inside =
                |p: &&Local| p.x > -100.0 - by && p.x < 500.0 + by && p.y > 50.0 - by && p.y < 460.0 + by;
            points.iter().filter(inside).count() as f64
        };
        let held = members.iter().map(|m| m.weight).sum::<f64>() + alone.1.iter().sum::<f64>();
        assert!(held >= near(57.0) && held <= near(57.0 + 21.0), "{held}");
        assert!(members.len() > 2000 && alone.0.len() > 500, "{} and {}", members.len(), alone.0.len());
        assert!(members.iter().all(|m| m.weight == 3.0) && alone.1.iter().all(|weight| *weight == 3.0));
        // Each in its cell, and each crowd found by its strip and row.
        let half = 1.0 + 1e-9;
        assert!(members.iter().all(|m| m.east.abs().max(m.north.abs()) <= 10.0 / 57.0 * half));
        let found: usize = (0..lanes.count)
            .flat_map(|strip| crowds.between(strip, (-3, 44)))
            .map(|(spots, sums)| {
                assert!(spots.len() == sums.len() && spots.windows(2).all(|w| w[0].row == w[1].row));
                assert!(spots.windows(2).all(|w| w[0].col < w[1].col));
                spots.len()
            })
            .sum();
        let spots = crowds.bands.iter().flat_map(|band| &band.spots);
        assert_eq!(found, spots.filter(|spot| (-3..=44).contains(&spot.row)).count());
    }

    #[test]
    fn few_incidents_and_cells_beyond_all_measure_have_no_crowds() {
        let points = vec![Local { x: 0.0, y: 100.0 }; FEWEST];
        let of = |points: &[Local], grid: &Grid, h: f64| {
            let lanes = Lanes::new(grid, (h, 1.0), Some(4.0));
            Crowds::new(points, None, grid, Metres(h), lanes).is_some()
        };
        assert!(of(&points, &GRID, 57.0));
        assert!(!of(&points[1..], &GRID, 57.0));
        for h in [1e4, 1e9, 1e150] {
            assert!(!of(&points, &GRID, h), "{h}");
        }
        // So far from the origin that coordinates have no digits left for a cell.
        let far = Grid { origin: Local { x: 1e12, y: 50.0 }, ..GRID };
        assert!(!of(&points, &far, 57.0));
    }
}
