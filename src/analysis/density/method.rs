//! Density exact or binned, by name, with a bound of its error.

use super::binned::{Binned, binned};
use super::error_bound::ErrorBound;
use super::following::{Came, Following, capacity};
use super::input::check;
use super::kde::{KdeError, KdeParams, kde};
use super::live::LiveParams;
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
    /// Every incident where it lies, in whole numbers that can be taken away again.
    Live,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Binned, Self::Live];

    /// Its name in lower case, as parameters and answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Binned => "binned",
            Self::Live => "live",
        }
    }

    /// Length of incidents' possible displacement: none, or half a cell's diagonal.
    #[must_use]
    pub fn displacement(self, cell: Metres) -> Metres {
        match self {
            Self::Exact | Self::Live => Metres(0.0),
            Self::Binned => Metres(cell.0 * std::f64::consts::FRAC_1_SQRT_2),
        }
    }
}

/// A surface by either method, with a bound of its error.
///
/// # Errors
///
/// As [`kde`], [`binned`] and [`Following::new`].
pub fn surface(
    points: &[Local],
    weights: Option<&[f64]>,
    grid: &Grid,
    params: &KdeParams,
    method: Method,
) -> Result<Binned, KdeError> {
    match method {
        Method::Binned => binned(points, weights, grid, params),
        Method::Live => {
            let one = |(number, at): (usize, &Local)| Came {
                number,
                at: *at,
                weight: weights.map_or(1.0, |weights| weights[number]),
                when: 0.0,
            };
            check(points, weights, *params)?;
            let came: Vec<Came> = points.iter().enumerate().map(one).collect();
            let params = LiveParams { kde: *params, capacity: capacity(&came), decay: None };
            Ok(Following::new(*grid, params, came)?.surface_at(0.0))
        }
        Method::Exact => {
            let density = kde(points, weights, grid, params)?;
            let error = ErrorBound::exact(density.peak());
            Ok(Binned { density, error })
        }
    }
}
