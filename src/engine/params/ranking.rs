//! The part of the table of parameters that the ranking of blocks has to itself.

use super::density::{COMPARE_PERIOD, HALF_LIFE};
use super::table::{
    CATEGORY, DEFAULT_TOP, Kind, ORIGIN, Operation, PERIOD, Param, SEED, STATUS, TOP, WITHIN,
};
use super::values::Values;
use super::views::TREND_BY;
use crate::engine::over_time::TrendBy;
use crate::engine::ranking::{Proactive, Scoring};
use crate::rank::score::{By, Gun, Per, Sharing};

/// What decides the order.
pub const BY: Param = Param {
    flag: "by",
    wire: "by",
    kind: Kind::Word(&["count", "rate", "gun", "harm"]),
    default: "count",
    help: "What decides the order: incidents, their rate, gun crime, or harm by a table of weights",
    example: "gun",
};

/// What rates are divided by.
pub const PER: Param = Param {
    flag: "per",
    wire: "per",
    kind: Kind::Word(&["time", "length", "area", "households"]),
    default: "time",
    help: "What rates are divided by: years alone, or also 100 m of street, km² or households; blocks without it have no rank",
    example: "length",
};

/// What counts as gun crime.
pub const GUN: Param = Param {
    flag: "gun",
    wire: "gun",
    kind: Kind::Word(&["crime", "shooting"]),
    default: "crime",
    help: "What counts with by=gun: homicide, robbery and assault by firearm; or shootings, where the source knows who was shot",
    example: "shooting",
};

/// Whether proactive classes count.
pub const PROACTIVE: Param = Param {
    flag: "proactive",
    wire: "proactive",
    kind: Kind::Word(&["include", "exclude"]),
    default: "included, but for harm",
    help: "Whether offenses that police find where they look (drugs, weapons, vice, traffic stops) count",
    example: "exclude",
};

/// What blocks learn from.
pub const SHARE: Param = Param {
    flag: "share",
    wire: "share",
    kind: Kind::Word(&["none", "classes", "neighbors"]),
    default: "none",
    help: "What blocks learn from beside their own incidents, as much as that tells: related classes on the same block (by=gun, by=harm), or the blocks that touch it",
    example: "neighbors",
};

/// Draws behind places.
pub const DRAWS: Param = Param {
    flag: "draws",
    wire: "draws",
    kind: Kind::Count { least: 0, most: 1_000_000 },
    default: "10000 for lists of the command line up to 50,000 blocks, else 0: no places",
    help: "Draws from what is known of the blocks' rates, behind rank_lo, rank_hi, rank_mean and p_top_n",
    example: "10000",
};

/// More blocks than these are listed without draws where nothing else is said: they would take seconds.
pub const MOST_BLOCKS_DRAWN: usize = 50_000;

/// What is shown.
pub const VIEW: Param = Param {
    flag: "view",
    wire: "view",
    kind: Kind::Word(&["list", "bias", "concentration", "change"]),
    default: "list",
    help: "The list; how it moves without proactive offenses, without what officers came upon, and by origin; how concentrated incidents are; or what has changed since --compare-period",
    example: "bias",
};

/// Ranked blocks.
pub const RANK: Operation = Operation {
    command: "rank",
    collection: "blocks",
    help: "Rank blocks by incidents, rate, gun crime or harm, and say how sure each place is",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        WITHIN,
        BY,
        PER,
        GUN,
        PROACTIVE,
        HALF_LIFE,
        SHARE,
        TOP,
        DRAWS,
        SEED,
        VIEW,
        COMPARE_PERIOD,
        TREND_BY,
    ],
};

impl Values {
    /// What a trend goes by.
    #[must_use]
    pub fn trend_by(&self) -> TrendBy {
        let asked = self.word(&TREND_BY);
        TrendBy::ALL.into_iter().find(|by| asked == Some(by.word())).unwrap_or_default()
    }

    /// How blocks are to be ranked; without draws where their number is not given or 0.
    #[must_use]
    pub fn scoring(&self) -> Scoring {
        let usual = Scoring::default();
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let top = u64::try_from(DEFAULT_TOP).unwrap_or(u64::MAX);
        Scoring {
            by: self.word(&BY).and_then(By::from_word).unwrap_or(usual.by),
            per: self.word(&PER).and_then(Per::from_word).unwrap_or(usual.per),
            gun: if self.word(&GUN) == Some(Gun::Shooting.word()) { Gun::Shooting } else { Gun::Crime },
            proactive: match self.word(&PROACTIVE) {
                Some("include") => Proactive::Include,
                Some("exclude") => Proactive::Exclude,
                _ => Proactive::NotInHarm,
            },
            top_n: number(self.count(&TOP).unwrap_or(top)),
            seed: self.seed(),
            half_life: self.number(&HALF_LIFE),
            share: self.word(&SHARE).and_then(Sharing::from_word).unwrap_or_default(),
            draws: self.count(&DRAWS).map(number).filter(|draws| *draws > 0),
            ..usual
        }
    }
}
