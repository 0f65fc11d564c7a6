//! The part of the table of parameters that counts have to themselves, and the ranking under the name of comparing.

use super::density::COMPARE_PERIOD;
use super::ranking::{BY, GUN, PROACTIVE};
use super::table::{CATEGORY, Kind, NO_DEFAULT, ORIGIN, Operation, PERIOD, Param, SEED, STATUS, TOP, WITHIN};
use super::values::Values;
use super::views::TREND_BY;
use crate::engine::counts::axis::Axis;

/// What incidents are counted by.
pub const COUNT_BY: Param = Param {
    flag: "by",
    wire: "by",
    kind: Kind::Words(&[
        "area",
        "neighborhood",
        "ward",
        "district",
        "beat",
        "zip",
        "jurisdiction",
        "study-area",
        "sensor-coverage",
        "category",
        "source",
        "origin",
        "day",
        "week",
        "month",
        "year",
        "weekday",
        "hour",
    ]),
    default: "none: one row",
    help: "What incidents are counted by: one kind of area (`area` where there is one kind), category, source, origin, one of day, week, month, year, and weekday or hour of the local clock; every value has its row",
    example: "neighborhood,category",
};

/// The dates that are counted: the period under the name that dashboards know.
pub const COUNT_PERIOD: Param = Param {
    wire: "period",
    default: "all time; by day, week, month or year from the first day on which a source had data",
    ..PERIOD
};

/// What counts are compared with.
pub const COMPARE: Param = Param {
    flag: "compare",
    wire: "compare",
    kind: Kind::Text,
    default: "none: counts alone",
    help: "What --period is compared with: previous, as many days before it; year-ago, the same dates a year before; or dates FROM/TO. By day, week, month or year each is compared with the one before, or with that of a year ago",
    example: "year-ago",
};

/// Counts of incidents.
pub const COUNTS: Operation = Operation {
    command: "counts",
    collection: "counts",
    help: "Incidents by area, category, source, origin, week, month, day, year, weekday and hour, zeros included, with the last 28 days and the year to date beside a year ago",
    params: &[COUNT_PERIOD, CATEGORY, ORIGIN, STATUS, WITHIN, COUNT_BY, COMPARE],
};

/// The other period, without which nothing is compared.
pub const OTHER_PERIOD: Param = Param { default: NO_DEFAULT, ..COMPARE_PERIOD };

/// The view of the ranking that tells what has changed, as a command of its own.
pub const CHANGE: Operation = Operation {
    command: "compare",
    collection: "compare",
    help: "What has changed on each block between two periods: the ratio of rates, shrunk towards the city's, with its interval; as `rank --view change`",
    params: &[
        PERIOD,
        OTHER_PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        WITHIN,
        BY,
        GUN,
        PROACTIVE,
        TOP,
        SEED,
        TREND_BY,
    ],
};

impl Values {
    /// What incidents are counted by, in the order in which it was given.
    #[must_use]
    pub fn count_by(&self) -> Vec<Axis> {
        self.words(&COUNT_BY).iter().copied().filter_map(Axis::from_word).collect()
    }
}
