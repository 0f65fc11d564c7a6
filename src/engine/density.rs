//! Kernel density of a snapshot's incidents, with contours.

use geo::Area;

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::analysis::density::binned::{Binned, Method, surface};
use crate::analysis::density::contour::{ContourError, contour, threshold_for_share};
use crate::analysis::density::edge::{Edge, kde_within};
use crate::analysis::density::error_bound::ErrorBound;
use crate::analysis::density::kde::{Density, KdeError, KdeParams};
use crate::analysis::density::mask::Mask;
use crate::space::coord::{Local, Metres, SquareKm};
use crate::space::grid::{Grid, GridError};

/// What a density is asked with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityAsk {
    /// Kernel and bandwidth.
    pub kde: KdeParams,
    /// Side of a cell.
    pub cell: Metres,
    /// Exact sums, or counts in cells.
    pub method: Method,
    /// What is done along the border of the study area.
    pub edge: Edge,
}

impl DensityAsk {
    /// Exact sums without edge correction.
    #[must_use]
    pub fn exact(kde: KdeParams, cell: Metres) -> Self {
        Self { kde, cell, method: Method::Exact, edge: Edge::None }
    }
}

/// Where a share of the incidents lies densest.
#[derive(Clone, Debug)]
pub struct DensityContour {
    /// The share asked for.
    pub share: f64,
    /// Density at the edge, incidents per km².
    pub per_km2: f64,
    /// Incidents truly inside.
    pub inside: usize,
    /// Its area.
    pub area: SquareKm,
    /// Its shape in local metres.
    pub shape: geo::MultiPolygon,
}

/// A density with its contours.
#[derive(Clone, Debug)]
pub struct DensityResult {
    /// The surface.
    pub density: Density,
    /// What it was made with.
    pub made: DensityAsk,
    /// How far it may be from the true sums.
    pub error: ErrorBound,
    /// The incidents behind it, in local metres.
    pub places: Vec<Local>,
    /// Selected incidents with a place outside the study area, which are not.
    pub outside: usize,
    /// Contours, the largest share first.
    pub contours: Vec<DensityContour>,
}

/// Why a density cannot be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DensityError {
    /// The cells do not fit.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The cells are too coarse for the kernel.
    #[error(
        "cells of {cell} are too coarse for a bandwidth of {bandwidth}; give a side of at most half of it"
    )]
    Coarse {
        /// Side of a cell.
        cell: Metres,
        /// Radius of the kernel.
        bandwidth: Metres,
    },
    /// Counts in cells and an edge correction do not go together.
    #[error("an edge correction of counts in cells is not made; give the method `exact`, or the edge `none`")]
    Edge,
    /// The kernel does not.
    #[error(transparent)]
    Kde(#[from] KdeError),
    /// The contours do not.
    #[error(transparent)]
    Contour(#[from] ContourError),
}

/// Shares of the incidents that contours hold, the largest first, so that it is drawn below.
pub const SHARES: [f64; 3] = [0.9, 0.75, 0.5];

impl Snapshot {
    /// Kernel density over the study area padded by the kernel's reach, with contours by [`SHARES`].
    ///
    /// # Errors
    ///
    /// [`DensityError`] for parameters that cannot be used.
    pub fn density(&self, selection: &Selection, ask: &DensityAsk) -> Result<DensityResult, DensityError> {
        let (places, outside, surface) = self.surface(selection, ask)?;
        let Binned { density, error } = surface;
        let mut contours = Vec::new();
        for share in SHARES.into_iter().filter(|_| !places.is_empty()) {
            let found = threshold_for_share(&density, &places, share)?;
            let shape = contour(&density, found.threshold)?;
            contours.push(DensityContour {
                share,
                per_km2: found.threshold,
                inside: found.inside,
                area: SquareKm::from_square_metres(shape.unsigned_area()),
                shape,
            });
        }
        Ok(DensityResult { density, made: *ask, error, places, outside, contours })
    }

    /// The same surface without contours: the incidents behind it, how many lie outside the study area, and the surface.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::density`].
    pub fn surface(
        &self,
        selection: &Selection,
        ask: &DensityAsk,
    ) -> Result<(Vec<Local>, usize, Binned), DensityError> {
        let DensityAsk { kde, cell, method, edge } = *ask;
        let bandwidth = kde.bandwidth;
        if cell.0 > bandwidth.0 / 2.0 {
            return Err(DensityError::Coarse { cell, bandwidth });
        }
        if method != Method::Exact && edge != Edge::None {
            return Err(DensityError::Edge);
        }
        let study_area = self.dataset().study_area;
        let (inside, outside): (Vec<Local>, Vec<Local>) =
            self.drawn(selection).map(|(_, at)| at).partition(|&at| study_area.contains(at));
        // The bell is padded by what the eye sees of it; beyond is a hundred-millionth of it.
        let reach = Metres(bandwidth.0 * kde.kernel.reach().min(2.0));
        let grid = Grid::over(study_area.padded(reach), cell)?;
        let made = if edge == Edge::None {
            surface(&inside, None, &grid, &kde, method)?
        } else {
            let within = |i| study_area.contains(grid.center(i % grid.n_cols, i / grid.n_cols));
            let mask = Mask::of_cells(&grid, (0..grid.len()).map(within).collect())
                .expect("a value for every cell was just made");
            let density = kde_within(&inside, None, &mask, &kde, edge)?.density;
            let error = ErrorBound::exact(density.peak());
            Binned { density, error }
        };
        Ok((inside, outside.len(), made))
    }
}
