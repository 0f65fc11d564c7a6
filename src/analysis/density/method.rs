//! Density exact or binned, by name, with a bound of its error.

use super::binned::{Binned, binned};
use super::error_bound::ErrorBound;
use super::kde::{KdeError, KdeParams, kde};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// Which way a density is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Every incident where it lies.
    #[default]
    Exact,
    /// Every incident in the middle of its cell.
    Binned,
}

impl Method {
    /// Its name in lower case, as parameters and answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Binned => "binned",
        }
    }

    /// Length of incidents' possible displacement: none, or half a cell's diagonal.
    #[must_use]
    pub fn displacement(self, cell: Metres) -> Metres {
        match self {
            Self::Exact => Metres(0.0),
            Self::Binned => Metres(cell.0 * std::f64::consts::FRAC_1_SQRT_2),
        }
    }
}

/// A surface by either method, with a bound of its error.
///
/// # Errors
///
/// As [`kde`] and [`binned`].
pub fn surface(
    points: &[Local],
    weights: Option<&[f64]>,
    grid: &Grid,
    params: &KdeParams,
    method: Method,
) -> Result<Binned, KdeError> {
    match method {
        Method::Binned => binned(points, weights, grid, params),
        Method::Exact => {
            let density = kde(points, weights, grid, params)?;
            let error = ErrorBound::exact(density.peak());
            Ok(Binned { density, error })
        }
    }
}
