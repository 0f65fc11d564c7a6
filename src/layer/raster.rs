//! A surface of cells with their values, as a raster holds it.

use crate::analysis::density::kde::Density;
use crate::space::grid::Grid;

/// A surface as a raster has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Its cells.
    pub cells: Cells,
    /// What it is made of, in words.
    pub description: String,
}

/// The cells of a surface with their values.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Every cell has a value.
    All {
        /// The surface, per km².
        density: Density,
        /// What its values are multiplied by, for the unit that is told.
        scale: f64,
    },
    /// Some cells have none.
    Some {
        /// Where they are.
        grid: Grid,
        /// As they are told, in the grid's order.
        values: Vec<Option<f64>>,
    },
}

impl Cells {
    /// Where they are.
    #[must_use]
    pub fn grid(&self) -> Grid {
        match self {
            Self::All { density, .. } => density.grid,
            Self::Some { grid, .. } => *grid,
        }
    }

    /// What is told of a cell, by its place in the grid's order; `None` where there is nothing to tell.
    #[must_use]
    pub fn value(&self, at: usize) -> Option<f64> {
        match self {
            Self::All { density, scale } => density.per_km2.get(at).map(|value| value * scale),
            Self::Some { values, .. } => values.get(at).copied().flatten(),
        }
    }
}
