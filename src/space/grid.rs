//! A raster of square cells in the local plane.

use geo::{Coord, Polygon, polygon};

use super::bbox::LocalBox;
use super::coord::{Local, Metres};

/// The most cells that one grid may have: 4 million keep a density below a second and 32 MiB.
pub const MAX_CELLS: usize = 4_000_000;

/// Square cells, row by row from the south-west. Values belong to the middle of each cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// South-west corner of the first cell.
    pub origin: Local,
    /// Side of a cell.
    pub cell: Metres,
    /// Cells from west to east.
    pub n_cols: usize,
    /// Cells from south to north.
    pub n_rows: usize,
}

/// Why no grid can be laid.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The cell's side is zero, negative or not a number.
    #[error("a cell of {cell} cannot be laid out; give a side above 0 m")]
    Cell {
        /// What was asked for.
        cell: Metres,
    },
    /// The grid would be larger than [`MAX_CELLS`].
    #[error(
        "cells of {cell} make {cells:.0} of them, more than {MAX_CELLS}; the smallest side that fits here is {least}"
    )]
    TooMany {
        /// What was asked for.
        cell: Metres,
        /// How many cells that would be.
        cells: f64,
        /// The smallest side that would be accepted.
        least: Metres,
    },
}

impl Grid {
    /// Lays cells over a box, so that it is covered and the grid's south-west corner is the box's.
    ///
    /// # Errors
    ///
    /// [`GridError::Cell`] for a side that is not above 0, [`GridError::TooMany`] beyond [`MAX_CELLS`].
    pub fn over(area: LocalBox, cell: Metres) -> Result<Self, GridError> {
        if !(cell.0 > 0.0 && cell.0.is_finite()) {
            return Err(GridError::Cell { cell });
        }
        let cols = (area.width().0 / cell.0).ceil().max(1.0);
        let rows = (area.height().0 / cell.0).ceil().max(1.0);
        if cols * rows > MAX_CELLS as f64 {
            return Err(GridError::TooMany { cell, cells: cols * rows, least: least(area) });
        }
        Ok(Self { origin: area.min, cell, n_cols: cols as usize, n_rows: rows as usize })
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_cols * self.n_rows
    }

    /// Whether there is no cell; never so for a grid made by [`Grid::over`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The middle of a cell.
    #[must_use]
    pub fn center(&self, col: usize, row: usize) -> Local {
        Local {
            x: self.origin.x + (col as f64 + 0.5) * self.cell.0,
            y: self.origin.y + (row as f64 + 0.5) * self.cell.0,
        }
    }

    /// The outline of a cell, in local metres; cells beside each other have their corners in common.
    #[must_use]
    pub fn outline(&self, col: usize, row: usize) -> Polygon {
        let corner = |col: usize, row: usize| Coord {
            x: self.origin.x + col as f64 * self.cell.0,
            y: self.origin.y + row as f64 * self.cell.0,
        };
        polygon![corner(col, row), corner(col + 1, row), corner(col + 1, row + 1), corner(col, row + 1)]
    }
}

/// The smallest side in centimetres that does not make too many cells.
fn least(area: LocalBox) -> Metres {
    let (width, height) = (area.width().0, area.height().0);
    let fits =
        |side: f64| (width / side).ceil().max(1.0) * (height / side).ceil().max(1.0) <= MAX_CELLS as f64;
    // Squares of this side alone fill the box; those that reach over its edges make a little more.
    let square = (width * height / MAX_CELLS as f64).sqrt();
    let long = width.max(height) / MAX_CELLS as f64;
    let mut centimetres = (square.max(long) * 100.0).ceil().max(1.0);
    while !fits(centimetres / 100.0) {
        centimetres = (centimetres + 1.0).max(centimetres * 1.000_1).ceil();
    }
    Metres(centimetres / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(width: f64, height: f64) -> LocalBox {
        LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: width, y: height } }
    }

    #[test]
    fn a_grid_covers_its_box() {
        let g = Grid::over(area(101.0, 49.0), Metres(10.0)).expect("fits");
        assert_eq!((g.n_cols, g.n_rows), (11, 5));
        assert_eq!(g.center(0, 0), Local { x: 5.0, y: 5.0 });
        let corners: Vec<(f64, f64)> = g.outline(10, 4).exterior().coords().map(|at| at.x_y()).collect();
        assert_eq!(corners, [(100.0, 40.0), (110.0, 40.0), (110.0, 50.0), (100.0, 50.0), (100.0, 40.0)]);
    }

    #[test]
    fn too_fine_a_grid_is_refused_with_the_side_that_fits() {
        let huge = area(20_000.0, 30_000.0);
        let Err(GridError::TooMany { least, .. }) = Grid::over(huge, Metres(1.0)) else {
            panic!("600 million cells were accepted")
        };
        assert!(Grid::over(huge, least).is_ok());
        // Within a thousandth of the smallest.
        assert!(Grid::over(huge, Metres(least.0 * 0.999)).is_err(), "{least}");
        for (width, height) in [(3_000.0, 4_080.0), (9_321.5, 12_007.25), (900_000.0, 0.5)] {
            let Err(GridError::TooMany { least, .. }) = Grid::over(area(width, height), Metres(1e-3)) else {
                panic!("accepted")
            };
            assert!(Grid::over(area(width, height), least).is_ok(), "{least}");
            let smaller = Metres(least.0 - 0.01 - 1e-3 * least.0);
            assert!(Grid::over(area(width, height), smaller).is_err(), "{least}");
        }
        assert!(Grid::over(huge, Metres(0.0)).is_err());
        assert!(Grid::over(huge, Metres(f64::NAN)).is_err());
    }
}
