//! The cells of a study area: what lies outside is not part of the question.

use std::f64::consts::FRAC_1_SQRT_2;

use geo::{Coord, MultiPolygon};

use crate::space::coord::{Local, SquareKm};
use crate::space::grid::Grid;

/// A study area as the cells of a grid whose middles lie in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    grid: Grid,
    inside: Vec<bool>,
    n_inside: usize,
}

impl Mask {
    /// All cells of a grid.
    #[must_use]
    pub fn whole(grid: &Grid) -> Self {
        Self { grid: *grid, inside: vec![true; grid.len()], n_inside: grid.len() }
    }

    /// The cells that are given as inside, in the grid's order; `None` unless there is one for each cell.
    #[must_use]
    pub fn of_cells(grid: &Grid, inside: Vec<bool>) -> Option<Self> {
        let n_inside = inside.iter().filter(|inside| **inside).count();
        (inside.len() == grid.len()).then_some(Self { grid: *grid, inside, n_inside })
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
        Self { grid: *grid, inside, n_inside }
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

    /// Whether a place belongs to the area: its cell lies inside, or the middle of a cell that does is no farther than half a
    /// cell's diagonal.
    ///
    /// An incident on a street along the border is in the study area though the middle of its cell may not be.
    #[must_use]
    pub fn holds(&self, at: Local) -> bool {
        let cell = |x: f64, origin: f64| ((x - origin) / self.grid.cell.0).floor();
        let (col, row) = (cell(at.x, self.grid.origin.x), cell(at.y, self.grid.origin.y));
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

#[cfg(test)]
mod tests {
    use geo::{Contains, Point, polygon};

    use super::*;
    use crate::space::coord::Metres;

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
}
