//! How blocks or cells can be tested for hot spots, what is found of each, and why there is nothing to find.

use jiff::civil::Date;

pub use super::units::{Near, Units};
use crate::analysis::hotspots::band::{BandChoice, BandError, CellChoice};
use crate::analysis::hotspots::fdr::Fdr;
use crate::analysis::hotspots::mann_kendall::Trend;
use crate::analysis::hotspots::moran::Moran;
use crate::analysis::hotspots::permute::Permutations;
use crate::analysis::hotspots::values::HotSpotError;
use crate::analysis::hotspots::weights::NeighborsError;
use crate::model::class::UnknownCategory;
use crate::space::coord::Metres;
use crate::space::grid::GridError;

/// A q or a trend's p of at most this makes a unit stand out.
pub const LEVEL: f64 = 0.05;

/// By what units are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Where counts are high together.
    GiStar,
    /// High among high, low among low, and who differs.
    LocalMoran,
    /// Gi* step by step.
    Emerging {
        /// Into how many steps the period is cut.
        steps: usize,
    },
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotSpotParams {
    /// Cells instead of blocks: of this side, or of one that Esri's steps give.
    pub cells: Option<Option<Metres>>,
    /// By what.
    pub statistic: Statistic,
    /// Beside whom; `None` is a band that Esri's steps give.
    pub near: Option<Near>,
    /// How many permutations, and their seed.
    pub permutations: Permutations,
    /// Which false discovery rate.
    pub fdr: Fdr,
}

/// What was found of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// Incidents.
    pub incidents: f64,
    /// How many neighbors it has.
    pub neighbors: usize,
    /// Above 0 is hot, or like its neighbors.
    pub z: f64,
    /// Two-sided p of `z` by the normal law.
    pub p: f64,
    /// Two-sided p by conditional permutation.
    pub permuted: Option<f64>,
    /// False discovery rate at which it still counts.
    pub q: f64,
    /// Esri's bin by z and q.
    pub bin: i8,
    /// Quadrant of local Moran, pattern of an emerging hot spot.
    pub class: Option<String>,
    /// Trend of z from step to step.
    pub trend: Option<Trend>,
    /// Two-sided p over all permutations, where q follows from it.
    pub exact: Option<f64>,
    /// z and q of each step, where there are steps.
    pub by_step: Vec<(f64, f64)>,
}

/// Which p the false discovery rate follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QFrom {
    /// That of the normal law.
    Normal,
    /// That of the permutations.
    Permuted,
    /// That over all permutations: counts are too sparse for the normal law.
    Exact,
}

/// All units with what was truly used.
#[derive(Clone, Debug)]
pub struct HotSpots {
    /// The units.
    pub units: Units,
    /// What was found of each, in their order.
    pub tested: Vec<Tested>,
    /// How the side of the cells was chosen, where it was.
    pub cell: Option<CellChoice>,
    /// How the band was chosen, where it was.
    pub band: Option<BandChoice>,
    /// Beside whom.
    pub near: Near,
    /// Whether there is any pattern at all; none of fewer than four units.
    pub moran: Option<Moran>,
    /// What q follows from.
    pub q_from: QFrom,
    /// Incidents that a unit and its neighbors have in the mean; with steps, in each of them.
    pub expected: f64,
    /// Selected incidents in no unit.
    pub outside: usize,
    /// First and last date of the steps.
    pub dates: Option<(Date, Date)>,
}

/// Why there are no hot spots to tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HotSpotsError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The cells do not fit.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The neighbors do not.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
    /// No band or cell can be chosen.
    #[error(transparent)]
    Band(#[from] BandError),
    /// The counts cannot be tested.
    #[error(transparent)]
    Values(#[from] HotSpotError),
    /// The period is shorter than its steps.
    #[error("{days} days cannot be cut into {steps} steps; give a longer period")]
    Days {
        /// Days of the period.
        days: i64,
        /// Steps asked for.
        steps: usize,
    },
}
