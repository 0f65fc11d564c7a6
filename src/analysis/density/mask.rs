//! The cells of a study area: what lies outside is not part of the question.

use std::f64::consts::FRAC_1_SQRT_2;

use geo::{Coord, LineString, MultiPolygon};

use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres, SquareKm};
use crate::space::grid::Grid;

/// A study area as the cells of a grid whose middles lie in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    grid: Grid,
    inside: Vec<bool>,
    n_inside: usize,
    /// Cells of which a part lies in the area, where that is known: what lies in one of them belongs to it.
    touched: Option<Vec<bool>>,
}

impl Mask {
    /// All cells of a grid.
    #[must_use]
    pub fn whole(grid: &Grid) -> Self {
        Self { grid: *grid, inside: vec![true; grid.len()], n_inside: grid.len(), touched: None }
    }

    /// The cells that are given as inside, in the grid's order; `None` unless there is one for each cell.
    #[must_use]
    pub fn of_cells(grid: &Grid, inside: Vec<bool>) -> Option<Self> {
        let n_inside = inside.iter().filter(|inside| **inside).count();
        (inside.len() == grid.len()).then_some(Self { grid: *grid, inside, n_inside, touched: None })
    }

    /// The cells whose middles lie in a box; every place of the box belongs to it.
    ///
    /// Time O(cells).
    #[must_use]
    pub fn of_box(grid: &Grid, area: LocalBox) -> Self {
        let along = |from: f64, (least, most): (f64, f64)| {
            // A cell that only touches an edge counts: a place may lie on it.
            from <= most && from + grid.cell.0 >= least
        };
        let at = |i: usize| (i % grid.n_cols, i / grid.n_cols);
        let inside = |i: usize| area.contains(grid.center(at(i).0, at(i).1));
        let touched = |i: usize| {
            let (col, row) = at(i);
            let (x, y) = (col as f64 * grid.cell.0, row as f64 * grid.cell.0);
            along(grid.origin.x + x, (area.min.x, area.max.x))
                && along(grid.origin.y + y, (area.min.y, area.max.y))
        };
        let inside: Vec<bool> = (0..grid.len()).map(inside).collect();
        let n_inside = inside.iter().filter(|inside| **inside).count();
        let touched = Some((0..grid.len()).map(touched).collect());
        Self { grid: *grid, inside, n_inside, touched }
    }

    /// The cells whose middles lie in one of some valid polygons in local metres, which may overlap; a middle on an outline may
    /// fall on either side.
    ///
    /// Time O(cells + vertices · rows that their edges cross).
    #[must_use]
    pub fn of_area(grid: &Grid, area: &MultiPolygon) -> Self {
        let mut inside = vec![false; grid.len()];
        // By row, where an edge of the polygon crosses the line through the middles of the cells.
        let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); grid.n_rows];
        for polygon in area {
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            let mut rows = grid.n_rows..0;
            for edge in rings.flat_map(|ring| ring.lines()) {
                let (low, high) =
                    if edge.start.y <= edge.end.y { (edge.start, edge.end) } else { (edge.end, edge.start) };
                for row in rows_between(grid, low, high) {
                    let y = grid.center(0, row).y;
                    if low.y <= y && y < high.y {
                        crossings[row].push(low.x + (high.x - low.x) * ((y - low.y) / (high.y - low.y)));
                        rows = rows.start.min(row)..rows.end.max(row + 1);
                    }
                }
            }
            for row in rows {
                let xs = &mut crossings[row];
                xs.sort_unstable_by(f64::total_cmp);
                for pair in xs.chunks_exact(2) {
                    let column = |x: f64| {
                        ((x - grid.origin.x) / grid.cell.0 - 0.5).ceil().clamp(0.0, grid.n_cols as f64)
                    };
                    let (from, to) = (column(pair[0]) as usize, column(pair[1]) as usize);
                    inside[row * grid.n_cols..][from..to].fill(true);
                }
                xs.clear();
            }
        }
        let n_inside = inside.iter().filter(|inside| **inside).count();
        let mut touched = inside.clone();
        let edges = area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        edges.flat_map(|ring| ring.lines()).for_each(|edge| touch(grid, edge.start, edge.end, &mut touched));
        Self { grid: *grid, inside, n_inside, touched: Some(touched) }
    }

    /// The cells no farther than so much from one that a line runs through, middle to middle: the ground along streets.
    ///
    /// Time O(cells · (1 + beside/cell)).
    #[must_use]
    pub fn of_lines<'a>(
        grid: &Grid,
        lines: impl IntoIterator<Item = &'a LineString>,
        beside: Metres,
    ) -> Self {
        let mut touched = vec![false; grid.len()];
        for edge in lines.into_iter().flat_map(LineString::lines) {
            touch(grid, edge.start, edge.end, &mut touched);
        }
        let reach = (beside.0 / grid.cell.0).max(0.0);
        let most = reach.min(grid.n_cols.max(grid.n_rows) as f64) as usize;
        // How many columns away the nearest such cell of the row is.
        let mut away = vec![usize::MAX; grid.len()];
        for (away, touched) in away.chunks_mut(grid.n_cols).zip(touched.chunks(grid.n_cols)) {
            let mut sweep = |columns: &mut dyn Iterator<Item = usize>| {
                let mut last = usize::MAX;
                for col in columns {
                    last = if touched[col] { 0 } else { last.saturating_add(1) };
                    away[col] = away[col].min(last);
                }
            };
            sweep(&mut (0..touched.len()));
            sweep(&mut (0..touched.len()).rev());
        }
        // In a row so many rows away, a cell may be so many columns away.
        let wide: Vec<usize> =
            (0..=most).map(|rows| (reach * reach - (rows * rows) as f64).max(0.0).sqrt() as usize).collect();
        let is_near = |i: usize| {
            let (col, row) = (i % grid.n_cols, i / grid.n_cols);
            let rows = row.saturating_sub(most)..(row + most + 1).min(grid.n_rows);
            rows.into_iter().any(|other| away[other * grid.n_cols + col] <= wide[other.abs_diff(row)])
        };
        let inside: Vec<bool> = (0..grid.len()).map(is_near).collect();
        let n_inside = inside.iter().filter(|inside| **inside).count();
        Self { grid: *grid, inside, n_inside, touched: Some(touched) }
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Whether each cell lies inside, in the grid's order.
    #[must_use]
    pub fn inside(&self) -> &[bool] {
        &self.inside
    }

    /// How many cells lie inside.
    #[must_use]
    pub fn n_inside(&self) -> usize {
        self.n_inside
    }

    /// Area of the cells inside.
    #[must_use]
    pub fn area(&self) -> SquareKm {
        SquareKm::from_square_metres(self.n_inside as f64 * self.grid.cell.0 * self.grid.cell.0)
    }

    /// Whether a place belongs to the area: a part of its cell lies inside, or the middle of a cell that does is no farther
    /// than half a cell's diagonal.
    ///
    /// An incident on a street along the border is in the study area though the middle of its cell may not be. Of cells that were
    /// given one by one, [`Mask::of_cells`], nothing is known but whether they lie inside.
    #[must_use]
    pub fn holds(&self, at: Local) -> bool {
        let cell = |x: f64, origin: f64| ((x - origin) / self.grid.cell.0).floor();
        let (col, row) = (cell(at.x, self.grid.origin.x), cell(at.y, self.grid.origin.y));
        let (in_cols, in_rows) = (self.grid.n_cols as f64, self.grid.n_rows as f64);
        let in_grid = (0.0..in_cols).contains(&col) && (0.0..in_rows).contains(&row);
        let is_touched = |touched: &Vec<bool>| touched[row as usize * self.grid.n_cols + col as usize];
        if in_grid && self.touched.as_ref().is_some_and(is_touched) {
            return true;
        }
        let near = |at: f64, n: usize| {
            let from = (at - 1.0).clamp(0.0, n as f64) as usize;
            from..((at + 2.0).clamp(0.0, n as f64) as usize).max(from)
        };
        let is_near = |c: usize, r: usize| {
            let own = c as f64 == col && r as f64 == row;
            own || self.grid.center(c, r).distance(at).0 <= self.grid.cell.0 * FRAC_1_SQRT_2
        };
        near(row, self.grid.n_rows).any(|r| {
            let inside = &self.inside[r * self.grid.n_cols..][..self.grid.n_cols];
            near(col, self.grid.n_cols).any(|c| inside[c] && is_near(c, r))
        })
    }
}

/// The rows of whose middles at least those between two heights are part.
fn rows_between(grid: &Grid, low: Coord, high: Coord) -> std::ops::Range<usize> {
    let at = |y: f64| (y - grid.origin.y) / grid.cell.0 - 0.5;
    let from = (at(low.y) - 1.0).clamp(0.0, grid.n_rows as f64) as usize;
    let to = (at(high.y) + 2.0).clamp(0.0, grid.n_rows as f64) as usize;
    from..to.max(from)
}

/// How far beyond a line between cells an edge may run and count as on it, in cells.
const ON_LINE: f64 = 1e-9;

/// Marks the cells that an edge runs through.
fn touch(grid: &Grid, a: Coord, b: Coord, touched: &mut [bool]) {
    let (low, high) = if a.y <= b.y { (a, b) } else { (b, a) };
    let [x0, x1] = [low.x, high.x].map(|x| (x - grid.origin.x) / grid.cell.0);
    let [y0, y1] = [low.y, high.y].map(|y| (y - grid.origin.y) / grid.cell.0);
    let cells = |from: f64, to: f64, n: usize| {
        let from = (from - ON_LINE).floor().clamp(0.0, n as f64) as usize;
        from..(((to + ON_LINE).floor() + 1.0).clamp(0.0, n as f64) as usize).max(from)
    };
    for row in cells(y0, y1, grid.n_rows) {
        // Where the edge enters the row and leaves it.
        let at = |y: f64| x0 + (x1 - x0) * ((y - y0) / (y1 - y0)).clamp(0.0, 1.0);
        let (enters, leaves) =
            if y1 > y0 { (at(row as f64 - ON_LINE), at(row as f64 + 1.0 + ON_LINE)) } else { (x0, x1) };
        let columns = cells(enters.min(leaves), enters.max(leaves), grid.n_cols);
        touched[row * grid.n_cols..][columns].fill(true);
    }
}

#[cfg(test)]
mod tests {
    use geo::{Contains, Point, polygon};

    use super::*;

    #[test]
    fn cells_lie_inside_as_their_middles_do() {
        let grid = Grid { origin: Local { x: -3.0, y: 2.0 }, cell: Metres(1.0), n_cols: 30, n_rows: 20 };
        let area = MultiPolygon(vec![
            polygon![exterior: [(x: 0.3, y: 0.1), (x: 12.2, y: 5.4), (x: 9.1, y: 30.0), (x: -9.0, y: 12.2)], interiors: [[(x: 2.1, y: 8.2), (x: 4.3, y: 12.7), (x: 6.2, y: 9.9)]]],
            polygon![(x: 15.2, y: 4.1), (x: 60.0, y: 8.3), (x: 20.0, y: 15.2)],
            polygon![(x: 11.2, y: 3.1), (x: 21.0, y: 3.3), (x: 16.0, y: 11.2)],
        ]);
        let mask = Mask::of_area(&grid, &area);
        let found: Vec<bool> = (0..grid.len())
            .map(|i| grid.center(i % grid.n_cols, i / grid.n_cols))
            .map(|at| area.contains(&Point::new(at.x, at.y)))
            .collect();
        assert_eq!(mask.inside(), &found);
        assert!(mask.n_inside() > 100 && mask.n_inside() < grid.len());
        assert!((mask.area().0 - mask.n_inside() as f64 / 1e6).abs() < 1e-15);
    }

    #[test]
    fn a_place_belongs_when_its_cell_does_or_a_middle_is_near() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 5, n_rows: 4 };
        let mut inside = vec![false; 20];
        inside[0] = true;
        let mask = Mask::of_cells(&grid, inside).expect("one for each cell");
        for (x, y, held) in [
            (5.0, 5.0, true),
            (9.99, 9.99, true),
            (11.9, 5.0, true),
            (12.2, 5.0, false),
            (11.0, 11.0, false),
            (19.0, 19.0, false),
            (-2.0, 5.0, true),
            (-2.2, 5.0, false),
            (10.5, 9.0, true),
        ] {
            assert_eq!(mask.holds(Local { x, y }), held, "{x} {y}");
        }
        assert!(!mask.holds(Local { x: 1e300, y: -1e300 }) && !mask.holds(Local { x: f64::NAN, y: 0.0 }));
        assert!(Mask::of_cells(&grid, vec![true; 3]).is_none());
    }
    #[test]
    fn along_lines_all_cells_within_reach_lie_inside_and_no_others() {
        let grid = Grid { origin: Local { x: -50.0, y: 10.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 45 };
        let lines: [LineString; 2] = [
            vec![(20.0, 100.0), (130.0, 122.0), (140.0, 300.0)].into(),
            vec![(400.0, 50.0), (400.0, 50.0)].into(),
        ];
        for beside in [0.0, 9.0, 10.0, 35.0, 75.0, 9000.0] {
            let mask = Mask::of_lines(&grid, &lines, Metres(beside));
            let through = Mask::of_lines(&grid, &lines, Metres(0.0));
            let cells: Vec<Local> = (0..grid.len())
                .filter(|&i| through.inside()[i])
                .map(|i| grid.center(i % grid.n_cols, i / grid.n_cols))
                .collect();
            assert!(cells.len() > 30 && cells.len() < 60, "{}", cells.len());
            for i in 0..grid.len() {
                let at = grid.center(i % grid.n_cols, i / grid.n_cols);
                let nearest = cells.iter().map(|cell| cell.distance(at).0).fold(f64::INFINITY, f64::min);
                assert_eq!(mask.inside()[i], nearest <= beside + 1e-9, "{beside} {at:?} {nearest}");
            }
        }
    }

    #[test]
    fn every_place_of_a_box_belongs_wherever_its_cells_end() {
        for (width, height) in [(100.0, 50.0), (104.0, 50.3), (96.0, 59.9), (101.0, 41.0), (4.0, 3.0)] {
            let area =
                LocalBox { min: Local { x: -7.0, y: 3.0 }, max: Local { x: width - 7.0, y: height + 3.0 } };
            let grid = Grid::over(area, Metres(10.0)).expect("fits");
            let mask = Mask::of_box(&grid, area);
            for (i, j) in (0..=100).flat_map(|i| (0..=100).map(move |j| (f64::from(i), f64::from(j)))) {
                let at = Local { x: area.min.x + width * i / 100.0, y: area.min.y + height * j / 100.0 };
                assert!(mask.holds(at), "{at:?} of {width} by {height}");
            }
            let beyond = [(-25.0, 5.0), (5.0, -10.0), (area.max.x + 15.0, 5.0), (5.0, area.max.y + 15.0)];
            assert!(beyond.into_iter().all(|(x, y)| !mask.holds(Local { x, y })));
            for i in 0..grid.len() {
                let center = grid.center(i % grid.n_cols, i / grid.n_cols);
                assert_eq!(mask.inside()[i], area.contains(center), "{center:?}");
            }
        }
    }

    #[test]
    fn every_place_of_an_area_belongs_even_in_slivers_between_the_middles_of_cells() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 12, n_rows: 9 };
        let area = MultiPolygon(vec![
            polygon![(x: 1.0, y: 6.0), (x: 118.0, y: 8.5), (x: 1.0, y: 9.0)],
            polygon![exterior: [(x: 11.0, y: 21.0), (x: 92.0, y: 31.0), (x: 71.0, y: 88.0), (x: 12.0, y: 61.0)], interiors: [[(x: 31.0, y: 41.0), (x: 58.0, y: 44.0), (x: 44.0, y: 61.0)]]],
        ]);
        let mask = Mask::of_area(&grid, &area);
        let (mut inside, mut hole) = (0, 0);
        for (i, j) in (0..480).flat_map(|i| (0..360).map(move |j| (i, j))) {
            let at = Local { x: 0.25 * f64::from(i), y: 0.25 * f64::from(j) };
            if area.contains(&Point::new(at.x, at.y)) {
                inside += 1;
                assert!(mask.holds(at), "{at:?}");
            } else {
                hole += usize::from(!mask.holds(at));
            }
        }
        assert!(inside > 20_000 && hole > 20_000, "{inside} {hole}");
    }
}
