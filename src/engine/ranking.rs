//! How blocks can be ranked, what a ranking holds, and why there is none.

use super::params::density::HALF_LIFE;
use super::params::ranking::{MOST_BLOCKS_DRAWN, SHARE};
use crate::aggregate::counts::Count;
use crate::analysis::hotspots::weights::NeighborsError;
use crate::model::block::{BlockId, Intersections, SEGMENTS};
use crate::model::category::Flags;
use crate::model::dataset::Dataset;
use crate::rank::draws::{Drawing, DrawsError, Position};
use crate::rank::gamma_poisson::{Fit, FitError};
use crate::rank::neighbors::AroundError;
use crate::rank::power_prior::BorrowError;
pub use crate::rank::score::Proactive;
use crate::rank::score::{By, Gun, Per, Sharing};

/// How blocks are ranked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scoring {
    /// What decides.
    pub by: By,
    /// What a rate is divided by.
    pub per: Per,
    /// What counts with [`By::Gun`].
    pub gun: Gun,
    /// Whether proactive classes count.
    pub proactive: Proactive,
    /// N of P(in the top N).
    pub top_n: u32,
    /// What the draws follow from.
    pub seed: u64,
    /// Draws behind places; `None` for no places.
    pub draws: Option<u32>,
    /// How they are drawn.
    pub how: Drawing,
    /// Days after which an incident counts half; `None` for all alike.
    pub half_life: Option<f64>,
    /// What blocks learn from, beside their own incidents.
    pub share: Sharing,
}

impl Default for Scoring {
    /// By incidents, the first ten, without draws.
    fn default() -> Self {
        Self {
            by: By::Count,
            per: Per::Time,
            gun: Gun::Crime,
            proactive: Proactive::NotInHarm,
            top_n: 10,
            seed: 1,
            draws: None,
            how: Drawing::Pruned,
            half_life: None,
            share: Sharing::None,
        }
    }
}

impl Scoring {
    /// Whether the score is a rate: what was observed, divided and shrunk.
    #[must_use]
    pub fn divided(&self) -> bool {
        matches!(self.by, By::Rate | By::Harm) || self.per != Per::Time || self.share != Sharing::None
    }

    /// The parameter, if there is one, by which incidents count in parts or blocks learn from others.
    #[must_use]
    pub fn lends(&self) -> Option<&'static str> {
        let shared = (self.share != Sharing::None).then_some(SHARE.wire);
        shared.or(self.half_life.map(|_| HALF_LIFE.wire))
    }

    /// Whether incidents of a class with these flags count.
    pub(super) fn counts(&self, flags: &Flags) -> bool {
        let left_out = match self.proactive {
            Proactive::Include => false,
            Proactive::Exclude => true,
            Proactive::NotInHarm => self.by == By::Harm,
        };
        !(left_out && flags.has(Flags::PROACTIVE))
    }
}

/// Why blocks cannot be ranked so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RankingError {
    /// There is no table of weights.
    #[error(
        "ranking by harm needs weights, and none ship, since no published index was checked value by value; give the agency's own with --harm FILE or `harm = \"file.csv\"` in the configuration: columns category,weight,source,note, e.g. `robbery,365,our policy 12,`; --harm equal weighs every class the same"
    )]
    NoHarm,
    /// No class is left that weighs.
    #[error(
        "no class of the selected incidents counts for harm: {why}; add rows to `{table}` or choose other incidents"
    )]
    NothingWeighs {
        /// The table.
        table: String,
        /// What became of the classes.
        why: String,
    },
    /// No source tells who was shot.
    #[error("no source of these data tells whether someone was shot; rank by gun crime instead")]
    NoShootings,
    /// Counts are not divided.
    #[error(
        "blocks are ranked by incidents, which are divided by nothing; give by=rate for incidents per {per}"
    )]
    CountPer {
        /// What was asked for.
        per: &'static str,
    },
    /// No block has what a rate is to be divided by.
    #[error(
        "no block has {of}, so there is no rate per {per}; rank per time, or give blocks that have it: streets have a length, polygons an area and a column of households"
    )]
    NoExposure {
        /// What was asked for.
        per: &'static str,
        /// What is missing.
        of: &'static str,
    },
    /// The period was not observed.
    #[error(
        "no source has data in the period, so nothing can be said of rates; choose a period within {coverage}"
    )]
    NotObserved {
        /// First and last date of the data.
        coverage: String,
    },
    /// A half-life that is none.
    #[error("a half-life of {half_life} days cannot be used; give a number of days above 0")]
    HalfLife {
        /// What was given.
        half_life: f64,
    },
    /// Parts of incidents have no posterior.
    #[error(
        "{what} of whole incidents, but those at intersections are shared out here; give intersections=node, or rank by count with draws=0"
    )]
    Parts {
        /// What was asked for.
        what: &'static str,
        /// By which parameter.
        of: &'static str,
    },
    /// Classes that are not told apart share nothing.
    #[error(
        "by {by} classes are not told apart, so they share nothing; give share=neighbors, or by=gun or by=harm"
    )]
    OneClass {
        /// What was asked for.
        by: &'static str,
    },
    /// Both at once.
    #[error("what is shared is of whole incidents; give share or half_life_days, not both")]
    ShareOfDiscounted,
    /// Nothing can be borrowed.
    #[error(transparent)]
    Borrow(#[from] BorrowError),
    /// It cannot be said what lies around blocks.
    #[error(transparent)]
    Around(#[from] AroundError),
    /// It cannot be said which blocks touch.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
    /// The counts cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Places cannot be drawn.
    #[error(transparent)]
    Draws(#[from] DrawsError),
}

/// A class that is left out of harm, since too few of its incidents have a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Barred {
    /// The source's own code.
    pub code: String,
    /// For people.
    pub label: String,
    /// The category that its weight stands under.
    pub category: String,
    /// Selected incidents of it.
    pub incidents: usize,
    /// Those with a place.
    pub located: usize,
}

impl Barred {
    /// The share that has a place; below [`LEAST_LOCATED`](crate::quality::share::LEAST_LOCATED).
    #[must_use]
    pub fn located_share(&self) -> f64 {
        if self.incidents == 0 { 1.0 } else { self.located as f64 / self.incidents as f64 }
    }
}

/// Classes that are scored together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they are.
    pub name: String,
    /// What one incident weighs.
    pub weight: f64,
    /// Where the weight comes from.
    pub source: Option<String>,
    /// How it was mapped.
    pub note: Option<String>,
    /// Incidents of it in all blocks.
    pub incidents: u64,
    /// How its rates differ between blocks; `None` where nothing was observed or parts of incidents are counted.
    pub fit: Option<Fit>,
    /// From whom its blocks learn, and what share of an incident each of theirs is worth; empty where nothing is shared.
    pub shares: Vec<(String, f64)>,
    /// How much ln L is above that without sharing; beyond 1.92 there is evidence at 5 % that one lender helps.
    pub gain: Option<f64>,
}

/// One block's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedBlock {
    /// Which block.
    pub block: BlockId,
    /// 1 is first; `None` without a scored incident, or without the exposure that a rate needs.
    pub rank: Option<u32>,
    /// How many others have the same score.
    pub tied_with: u32,
    /// Incidents that are scored.
    pub count: Count,
    /// What decides: incidents or gun crimes, less the older they are where there is a half-life; with rate and harm `expected`.
    pub score: f64,
    /// What was observed: incidents with their weights, less the older they are where there is a half-life.
    pub observed: f64,
    /// What it is divided by: years, times its size where asked; `None` where it has none.
    pub exposure: Option<f64>,
    /// Mean of the posterior: the score a unit of exposure. Where there is no fit, what was observed; 0 without exposure.
    pub expected: f64,
    /// Lower end of its 90 % interval; as `expected` where there is no fit.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Where it stands; `None` without draws.
    pub position: Option<Position>,
    /// Blocks of one group cannot be told apart; `None` without draws or without a rank.
    pub group: Option<u32>,
}

/// Blocks in their order, and all that must be known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// How they were ranked.
    pub scoring: Scoring,
    /// Every block once, the first first.
    pub rows: Vec<RankedBlock>,
    /// Classes with their weights and fits, the weightiest first.
    pub groups: Vec<Group>,
    /// Of each class, whether its incidents are scored.
    pub counted: Vec<bool>,
    /// What was observed in all blocks that have an exposure, and that exposure, also where some are ranked.
    pub city: (f64, f64),
    /// Years that were observed.
    pub years: f64,
    /// The same, less the longer ago; as `years` without a half-life.
    pub discounted_years: f64,
    /// Incidents that are scored.
    pub incidents: u64,
    /// By origin, in the order of `Origin::ALL`.
    pub origins: [u64; 4],
    /// Of a proactive class.
    pub proactive: u64,
    /// Classes left out of harm for want of places.
    pub barred: Vec<Barred>,
    /// Categories left out of harm for want of a weight.
    pub without_weight: Vec<String>,
    /// Blocks without the exposure that a rate needs.
    pub without_exposure: usize,
    /// Scored incidents in them.
    pub incidents_without_exposure: u64,
    /// Blocks with so little of it that one incident gives them a high rate.
    pub thin: usize,
    /// Whether nothing shows that blocks differ: places are then a matter of chance.
    pub no_evidence: bool,
    /// What else must be said.
    pub warnings: Vec<String>,
}

/// Whether incidents at intersections are shared out, so that blocks have parts of them.
#[must_use]
pub fn split(data: &Dataset) -> bool {
    data.block_set.name == SEGMENTS && data.placing.intersections == Intersections::Split
}

/// Whether draws are made for a list where nobody said how many.
#[must_use]
pub fn draws_unasked(data: &Dataset) -> bool {
    data.block_set.blocks.len() <= MOST_BLOCKS_DRAWN && !split(data)
}
