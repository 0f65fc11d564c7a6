//! Places that do not change, sorted into the cells of a grid; crowded cells have a grid of their own.

use std::ops::Range;

use super::region::{Overlap, Region};
use crate::model::room::{fits, resized, with_more};
use crate::space::bbox::LocalBox;
use crate::space::coord::Local;

/// Places per cell, on average.
const PER_CELL: usize = 4;
/// A cell with more places than this is divided again.
const CROWDED: usize = 256;
/// Grids within grids, at most.
const DEEPEST: u32 = 12;

/// Places with their ids, 21 to 25 bytes each, in the order of cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    places: Vec<[f64; 2]>,
    ids: Vec<u32>,
    /// For every grid in turn, the first place of each cell and the end of the last.
    starts: Vec<u32>,
    /// The first is that of all places.
    grids: Vec<Grid>,
}

/// Cells over the box of some places.
#[derive(Clone, Debug)]
struct Grid {
    bounds: LocalBox,
    side: f64,
    per_side: f64,
    cols: usize,
    rows: usize,
    /// Where its cells begin in `starts`.
    first: usize,
    /// Crowded cells, ascending, with their grids.
    crowded: Vec<(u32, u32)>,
}

impl Grid {
    fn over(bounds: LocalBox, n: usize, first: usize) -> Self {
        let (width, height) = (bounds.width().0, bounds.height().0);
        let cells = (n / PER_CELL).max(1) as f64;
        let side = (width * height / cells).sqrt().max(width.max(height) / cells);
        let per_side = if side > 0.0 { 1.0 / side } else { 0.0 };
        let along = |extent: f64| if per_side.is_finite() { (extent * per_side) as usize + 1 } else { 1 };
        Self {
            bounds,
            side,
            per_side: if per_side.is_finite() { per_side } else { 0.0 },
            cols: along(width),
            rows: along(height),
            first,
            crowded: Vec::new(),
        }
    }

    /// The cell along an axis; what lies beyond is in the outermost.
    #[inline]
    fn step(&self, offset: f64, n: usize) -> usize {
        // Casting takes what is negative to 0.
        ((offset * self.per_side) as usize).min(n - 1)
    }

    #[inline]
    fn col(&self, x: f64) -> usize {
        self.step(x - self.bounds.min.x, self.cols)
    }

    #[inline]
    fn row(&self, y: f64) -> usize {
        self.step(y - self.bounds.min.y, self.rows)
    }

    #[inline]
    fn cell(&self, at: [f64; 2]) -> usize {
        self.row(at[1]) * self.cols + self.col(at[0])
    }

    /// Far more than rounding can move a cell's edge, far less than a cell.
    fn slack(&self, asked: LocalBox) -> f64 {
        let size = |b: LocalBox| b.min.x.abs().max(b.max.x.abs()).max(b.min.y.abs()).max(b.max.y.abs());
        self.side * 1e-6 + 1e-13 * (size(self.bounds) + size(asked))
    }
}

impl Packed {
    /// Sorts places with their ids into cells, in the room of this one. Time O(n).
    pub(super) fn build(self, entries: impl Iterator<Item = ([f64; 2], u32)> + Clone) -> Self {
        let n = entries.clone().count();
        let mut packed =
            Self { places: resized(self.places, n, [0.0; 2]), ids: resized(self.ids, n, 0), ..self };
        packed.starts.clear();
        packed.grids.clear();
        if n > 0 {
            packed.lay(entries, n, 0, 0);
        }
        if !fits(packed.starts.capacity(), packed.starts.len()) {
            packed.starts.shrink_to(with_more(packed.starts.len()));
        }
        packed
    }

    /// Lays a grid over so many places and writes them in its order from a position on.
    ///
    /// They are gone through anew for each step, so that nothing is kept of each beside.
    fn lay(
        &mut self,
        entries: impl Iterator<Item = ([f64; 2], u32)> + Clone,
        n: usize,
        from: usize,
        depth: u32,
    ) {
        let grid = Grid::over(around(entries.clone().map(|(place, _)| place)), n, self.starts.len());
        let cells = grid.cols * grid.rows;
        self.starts.resize(grid.first + cells + 1, 0);
        let starts = &mut self.starts[grid.first..];
        for (place, _) in entries.clone() {
            starts[grid.cell(place)] += 1;
        }
        let mut next = u32::try_from(from).expect("ids are 32 bits");
        for start in starts.iter_mut() {
            (*start, next) = (next, next + *start);
        }
        for (place, id) in entries {
            let to = &mut starts[grid.cell(place)];
            self.places[*to as usize] = place;
            self.ids[*to as usize] = id;
            *to += 1;
        }
        // Each start is now the end of its cell: the start of the next.
        starts.copy_within(..cells, 1);
        starts[0] = u32::try_from(from).expect("ids are 32 bits");
        let first = grid.first;
        let here = self.grids.len();
        if depth < DEEPEST && cells > 1 {
            let crowded: Vec<u32> = (0..cells)
                .filter(|&cell| {
                    (self.starts[first + cell + 1] - self.starts[first + cell]) as usize > CROWDED
                })
                .map(|cell| u32::try_from(cell).expect("fewer cells than places"))
                .collect();
            self.grids.push(grid);
            for &cell in &crowded {
                let begun = self.grids.len();
                let range = self.range(&self.grids[here], cell as usize, cell as usize + 1);
                self.lay_again(range, depth + 1);
                let inner = u32::try_from(begun).expect("fewer grids than places");
                self.grids[here].crowded.push((cell, inner));
            }
        } else {
            self.grids.push(grid);
        }
    }

    /// Lays a grid over some of the places that have been written.
    fn lay_again(&mut self, which: Range<usize>, depth: u32) {
        let (places, ids) = (self.places[which.clone()].to_vec(), self.ids[which.clone()].to_vec());
        let entries = places.iter().copied().zip(ids.iter().copied());
        self.lay(entries, which.len(), which.start, depth);
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let crowded: usize = self.grids.iter().map(|grid| size_of_val(&grid.crowded[..])).sum();
        size_of_val(&self.places[..])
            + size_of_val(&self.ids[..])
            + size_of_val(&self.starts[..])
            + size_of_val(&self.grids[..])
            + crowded
    }

    /// Whether an id lies at a place.
    pub(super) fn holds(&self, id: u32, at: Local) -> bool {
        let mut found = false;
        self.visit(&LocalBox { min: at, max: at }, |range, _| found |= self.ids[range].contains(&id));
        found
    }

    /// How many places lie in a region.
    pub(super) fn count(&self, region: &impl Region) -> usize {
        let mut count = 0;
        self.visit(region, |range, whole| {
            count += if whole {
                range.len()
            } else {
                self.places[range].iter().filter(|&&at| region.has(at)).count()
            };
        });
        count
    }

    /// The ids of the places in a region, in no order that means anything.
    pub(super) fn find(&self, region: &impl Region) -> Vec<u32> {
        let mut found = Vec::new();
        self.visit(region, |range, whole| {
            let ids = &self.ids[range.clone()];
            if whole {
                found.extend_from_slice(ids);
                return;
            }
            // Every id is written, and kept by moving on: no branch to guess wrong.
            let mut end = found.len();
            found.resize(end + ids.len(), 0);
            for (&id, &at) in ids.iter().zip(&self.places[range]) {
                found[end] = id;
                end += usize::from(region.has(at));
            }
            found.truncate(end);
        });
        found
    }

    /// Every place in a region with its id.
    pub(super) fn each(&self, region: &impl Region, mut each: impl FnMut(u32, [f64; 2])) {
        self.visit(region, |range, whole| {
            for (&id, &at) in self.ids[range.clone()].iter().zip(&self.places[range]) {
                if whole || region.has(at) {
                    each(id, at);
                }
            }
        });
    }

    /// How far apart places lie around a place, judged by its cell; 0 where all lie at one.
    pub(super) fn spacing_at(&self, at: Local) -> f64 {
        let mut spacing = 0.0;
        let mut next = self.grids.first();
        while let Some(grid) = next {
            let cell = grid.cell([at.x, at.y]);
            spacing = grid.side / (self.range(grid, cell, cell + 1).len().max(1) as f64).sqrt();
            let inner = grid.crowded.binary_search_by_key(&cell, |&(crowded, _)| crowded as usize);
            next = inner.ok().map(|k| &self.grids[grid.crowded[k].1 as usize]);
        }
        spacing
    }

    /// The box around all places.
    pub(super) fn bounds(&self) -> Option<LocalBox> {
        self.grids.first().map(|grid| grid.bounds)
    }

    /// Calls `run` with runs of places that may lie in a region, and with true where all of a run do.
    #[inline]
    fn visit(&self, region: &impl Region, mut run: impl FnMut(Range<usize>, bool)) {
        let mut open = Vec::new();
        let mut next = self.grids.first();
        while let Some(grid) = next {
            match region.overlap(grid.bounds) {
                Overlap::None => {}
                Overlap::Whole => run(self.range(grid, 0, grid.cols * grid.rows), true),
                Overlap::Part => self.visit_grid(grid, region, &mut run, &mut open),
            }
            next = open.pop().map(|grid: u32| &self.grids[grid as usize]);
        }
    }

    #[inline]
    fn visit_grid(
        &self,
        grid: &Grid,
        region: &impl Region,
        run: &mut impl FnMut(Range<usize>, bool),
        open: &mut Vec<u32>,
    ) {
        let asked = region.bounds();
        let slack = grid.slack(asked);
        let (x, y) = (grid.bounds.min.x, grid.bounds.min.y);
        for row in grid.row(asked.min.y - slack)..=grid.row(asked.max.y + slack) {
            let low = y + row as f64 * grid.side - slack;
            // Cells of the first row have nothing below them, those of the last nothing above.
            let high = y + (row + 1) as f64 * grid.side + slack;
            let line = row * grid.cols;
            let mut done = 0;
            region.spans(low, high, |from, to, whole| {
                let from_cell = grid.col(from - slack).max(done);
                let end = grid.col(to + slack) + 1;
                let (mut whole_from, mut whole_end) = (end, end);
                if whole {
                    let inside = ((from + slack - x) * grid.per_side).ceil().max(0.0) as usize;
                    let until = (((to - slack - x) * grid.per_side) as usize).min(grid.cols);
                    if inside.max(from_cell) < until {
                        (whole_from, whole_end) = (inside.max(from_cell), until);
                    }
                }
                self.test(grid, line + from_cell..line + whole_from.max(from_cell), run, open);
                if whole_from < whole_end {
                    run(self.range(grid, line + whole_from, line + whole_end), true);
                    self.test(grid, line + whole_end..line + end.max(whole_end), run, open);
                }
                done = done.max(end);
            });
        }
    }

    /// Cells whose places must be looked at; the grids of crowded ones come later.
    #[inline]
    fn test(
        &self,
        grid: &Grid,
        cells: Range<usize>,
        run: &mut impl FnMut(Range<usize>, bool),
        open: &mut Vec<u32>,
    ) {
        let mut from = cells.start;
        if !grid.crowded.is_empty() && !cells.is_empty() {
            let first = grid.crowded.partition_point(|&(cell, _)| (cell as usize) < cells.start);
            for &(cell, inner) in &grid.crowded[first..] {
                if cell as usize >= cells.end {
                    break;
                }
                run(self.range(grid, from, cell as usize), false);
                open.push(inner);
                from = cell as usize + 1;
            }
        }
        if from < cells.end {
            run(self.range(grid, from, cells.end), false);
        }
    }

    /// The places of the cells from one up to another.
    #[inline]
    fn range(&self, grid: &Grid, from: usize, end: usize) -> Range<usize> {
        self.starts[grid.first + from] as usize..self.starts[grid.first + end] as usize
    }
}

/// The box around places, of which there is at least one.
fn around(mut places: impl Iterator<Item = [f64; 2]>) -> LocalBox {
    let first = places.next().expect("a grid lies over some places");
    let (mut min, mut max) = (first, first);
    for at in places {
        for axis in 0..2 {
            min[axis] = min[axis].min(at[axis]);
            max[axis] = max[axis].max(at[axis]);
        }
    }
    LocalBox { min: Local { x: min[0], y: min[1] }, max: Local { x: max[0], y: max[1] } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places that lie close in one corner, so that cells of the grid have grids of their own.
    fn entries(n: u32, seed: u32) -> impl Iterator<Item = ([f64; 2], u32)> + Clone {
        let at = |k: u32| f64::from(k.wrapping_mul(2_654_435_761) >> 12) / f64::from(1 << 20);
        let place = move |k: u32| {
            let scale = if k.is_multiple_of(2) { 0.01 } else { 1.0 };
            [at(k + seed) * scale, at(k + seed + 7) * scale]
        };
        (0..n).map(move |id| (place(id), id))
    }

    fn room(of: &Packed) -> [usize; 3] {
        [of.places.capacity(), of.ids.capacity(), of.starts.capacity()]
    }

    #[test]
    fn places_packed_over_others_are_those_in_new_room() {
        let new = |n, seed| Packed::default().build(entries(n, seed));
        for (n, before) in
            [(8_000, 9_000), (9_000, 8_000), (9_000, 0), (0, 9_000), (1, 9_000), (8_999, 9_000)]
        {
            let (over, fresh) = (new(before, 70_000).build(entries(n, 3)), new(n, 3));
            assert!(n < 8_000 || fresh.grids.len() > 1, "crowded cells have their grids");
            assert_eq!(format!("{over:?}"), format!("{fresh:?}"));
        }
        let (few, many) = (room(&new(2_000, 3)), new(30_000, 9));
        assert_eq!(room(&many.build(entries(2_000, 3)))[..2], few[..2], "a few do not keep the room of many");
        let starts = room(&new(30_000, 9).build(entries(2_000, 3)))[2];
        assert!(starts <= with_more(new(2_000, 3).starts.len()), "{starts}");
    }
}
