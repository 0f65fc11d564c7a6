//! The part of the table that rankings over time have to themselves.

use super::table::{Kind, Param};

/// What a trend is told by.
pub const TREND_BY: Param = Param {
    flag: "trend-by",
    wire: "trend_by",
    kind: Kind::Word(&["year", "half-year", "quarter", "month"]),
    default: "year",
    help: "With `view` change and in explain: whole periods that a trend is told by, from 8 of them on; shorter than a year, each season is compared with itself",
    example: "quarter",
};
