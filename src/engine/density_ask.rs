//! What a density is asked with, and why there is none.

use super::density_adaptive::Adaptive;
use crate::analysis::density::adaptive::AdaptiveError;
use crate::analysis::density::bandwidth::{BandwidthError, Rule};
use crate::analysis::density::contour::ContourError;
use crate::analysis::density::decay::DecayError;
use crate::analysis::density::dual::DualError;
use crate::analysis::density::edge::Edge;
use crate::analysis::density::kde::{KdeError, KdeParams};
use crate::analysis::density::kernel::Kernel;
use crate::analysis::density::levels::LevelError;
use crate::analysis::density::method::Method;
use crate::analysis::density::network::density::NetworkError;
use crate::analysis::density::network::streets::StreetsError;
use crate::engine::params::density::{ADAPTIVE, EDGE, MODE};
use crate::engine::weights::{Weights, WeightsError};
use crate::space::coord::Metres;
use crate::space::grid::GridError;

/// Where the bandwidth comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// It is given.
    Given(Metres),
    /// A rule chooses it from the incidents.
    Rule(Rule),
}

/// What the outlines of a density are drawn by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outline {
    /// Shares of the incidents inside.
    #[default]
    Share,
    /// Multiples of the mean density over the study area.
    Mean,
    /// Shares of the study area inside.
    AreaShare,
    /// Square kilometres inside.
    AreaKm2,
}

impl Outline {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Share, Self::Mean, Self::AreaShare, Self::AreaKm2];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Mean => "mean",
            Self::AreaShare => "area-share",
            Self::AreaKm2 => "area-km2",
        }
    }

    /// The levels where none are given, the largest region first; none for areas in km²: no town is like another.
    #[must_use]
    pub const fn levels(self) -> &'static [f64] {
        match self {
            Self::Share => &[0.9, 0.75, 0.5],
            Self::Mean => &[2.0, 3.0, 5.0],
            Self::AreaShare => &[0.1, 0.05, 0.01],
            Self::AreaKm2 => &[],
        }
    }
}

/// What a density is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityAsk {
    /// How the influence of an incident fades.
    pub kernel: Kernel,
    /// How far.
    pub width: Width,
    /// Side of a cell.
    pub cell: Metres,
    /// Exact sums, or counts in cells.
    pub method: Method,
    /// What is done along the border of the study area.
    pub edge: Edge,
    /// Days after which an incident counts half.
    pub half_life: Option<f64>,
    /// What incidents count; `None`: each as one.
    pub weights: Option<Weights>,
    /// A bandwidth for each incident, where one for all is not enough.
    pub adaptive: Option<Adaptive>,
    /// Whether the standard error is wanted beside the density.
    pub standard_error: bool,
    /// What outlines are drawn by.
    pub outline: Outline,
    /// At which levels; none for the surface alone.
    pub levels: Vec<f64>,
}

impl DensityAsk {
    /// A bandwidth that is given, nothing corrected, contours by share of the incidents.
    #[must_use]
    pub fn plain(params: KdeParams, cell: Metres) -> Self {
        Self {
            kernel: params.kernel,
            width: Width::Given(params.bandwidth),
            cell,
            method: Method::Exact,
            edge: Edge::None,
            half_life: None,
            weights: None,
            adaptive: None,
            standard_error: false,
            outline: Outline::Share,
            levels: Outline::Share.levels().to_vec(),
        }
    }

    /// Refuses what does not go together.
    pub(super) fn check(&self) -> Result<(), DensityError> {
        let apart = |param, what, without| Err(DensityError::Apart { param, what, without });
        let other = self.method != Method::Exact;
        if self.adaptive.is_some() {
            if other {
                return apart(MODE.wire, "an adaptive bandwidth", "give the mode `exact`");
            }
            if self.edge != Edge::None {
                return apart(EDGE.wire, "an adaptive bandwidth", "give the edge `none`");
            }
        }
        if self.standard_error {
            if other {
                return apart(MODE.wire, "a standard error", "give the mode `exact`");
            }
            if self.adaptive.is_some() {
                return apart(ADAPTIVE.wire, "a standard error", "leave `adaptive` out");
            }
        }
        if other && self.edge != Edge::None {
            return Err(DensityError::Edge);
        }
        Ok(())
    }
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
        "cells of {cell} are too coarse for a bandwidth of {}; give a side of at most half of it, {}", bandwidth.to_millimetres(), Metres(bandwidth.0 / 2.0).to_millimetres()
    )]
    Coarse {
        /// Side of a cell.
        cell: Metres,
        /// Radius of the kernel.
        bandwidth: Metres,
    },
    /// An edge correction is of exact sums.
    #[error("an edge correction is made of exact sums alone; give the mode `exact`, or the edge `none`")]
    Edge,
    /// Something else that does not go together.
    #[error("{what} is not made with this `{param}`; {without}")]
    Apart {
        /// The parameter that does not fit.
        param: &'static str,
        /// What it does not fit to.
        what: &'static str,
        /// The mend.
        without: &'static str,
    },
    /// A standard error has no outlines.
    #[error("no outlines are drawn of a standard error; give the out `cells`, or write a .tif file")]
    NoOutlines,
    /// Incidents have no bandwidths of their own.
    #[error(transparent)]
    Adaptive(#[from] AdaptiveError),
    /// The kernel does not.
    #[error(transparent)]
    Kde(#[from] KdeError),
    /// The contours do not.
    #[error(transparent)]
    Contour(#[from] ContourError),
    /// The levels of the contours cannot be used.
    #[error(transparent)]
    Level(LevelError),
    /// A rule finds no bandwidth.
    #[error(transparent)]
    Rule(#[from] BandwidthError),
    /// The half-life cannot be used.
    #[error(transparent)]
    Decay(#[from] DecayError),
    /// Nothing has no parts.
    #[error(
        "{} has no incident in the study area, and of nothing there are no parts; give a longer period or other categories, or the comparison `difference`",
        if *other { "the selection that is compared with" } else { "the selection" }
    )]
    Nobody {
        /// Whether it is the selection that is compared with.
        other: bool,
    },
    /// Incidents cannot be weighed.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Two densities cannot be compared.
    #[error(transparent)]
    Dual(#[from] DualError),
    /// Along streets there is none.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The streets are no network.
    #[error(transparent)]
    Streets(#[from] StreetsError),
    /// What is asked for is lines or outlines, not a surface of cells.
    #[error("with `{param}` there is no surface that a raster could hold; write GeoJSON, or leave it out")]
    NoSurface {
        /// The parameter that asks for it.
        param: &'static str,
    },
    /// The blocks are no streets.
    #[error("blocks are {blocks}, not streets: a density along streets wants street lines as blocks")]
    NoStreets {
        /// What they are.
        blocks: &'static str,
    },
}

impl From<LevelError> for DensityError {
    fn from(error: LevelError) -> Self {
        match error {
            LevelError::Contour(error) => Self::Contour(error),
            other => Self::Level(other),
        }
    }
}
