//! Densities in which every incident has a bandwidth of its own.

use super::density_ask::DensityError;
use crate::analysis::density::adaptive::{abramson, kde_adaptive, minimum_sample};
use crate::analysis::density::kde::{Density, KdeParams};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// Where each incident's bandwidth comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adaptive {
    /// Narrow where a first density is high, wide where it is low: the bandwidth asked for is that of the first density, and
    /// the geometric mean of all.
    Abramson,
    /// The radius that holds so many incidents, at least the bandwidth asked for.
    MinimumSample(usize),
}

impl Adaptive {
    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Abramson => "abramson",
            Self::MinimumSample(_) => "minimum-sample",
        }
    }
}

/// No bandwidth of Abramson's is more than this times the one asked for: the custom, as in spatstat and sparr.
pub const TRIM: f64 = 5.0;

/// No kernel is narrower than so many cells: between their middles it would be lost.
pub const LEAST_CELLS: f64 = 2.0;

/// The bandwidths that were truly used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Widths {
    /// The narrowest.
    pub smallest: Metres,
    /// The middle one.
    pub median: Metres,
    /// The widest.
    pub largest: Metres,
    /// How many were narrower than [`LEAST_CELLS`] and were raised to it.
    pub raised: usize,
}

/// The density of incidents with bandwidths of their own, and which these are; none without incidents.
pub(super) fn adaptive(
    places: &[Local],
    weights: Option<&[f64]>,
    grid: &Grid,
    params: &KdeParams,
    how: Adaptive,
) -> Result<(Density, Option<Widths>), DensityError> {
    let (base, least) = (params.bandwidth, LEAST_CELLS * grid.cell.0);
    let mut widths = match how {
        Adaptive::Abramson => abramson(places, weights, params, base, TRIM)?,
        Adaptive::MinimumSample(n) => minimum_sample(places, n, base)?,
    };
    let mut raised = 0;
    for width in widths.iter_mut().filter(|width| width.0 < least) {
        *width = Metres(least);
        raised += 1;
    }
    let density = kde_adaptive(places, weights, &widths, grid, params.kernel)?;
    let mut sorted: Vec<f64> = widths.iter().map(|width| width.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let used = sorted.first().zip(sorted.last()).map(|(&smallest, &largest)| Widths {
        smallest: Metres(smallest),
        median: Metres(sorted[sorted.len() / 2]),
        largest: Metres(largest),
        raised,
    });
    Ok((density, used))
}
