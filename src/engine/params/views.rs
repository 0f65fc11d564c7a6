//! The part of the table that says what is shown of a ranking.

use super::table::{Kind, Param};

/// What of a ranking is shown.
pub const VIEW: Param = Param {
    flag: "view",
    wire: "view",
    kind: Kind::Word(&["list", "bias", "concentration", "change"]),
    default: "list",
    help: "The list, the list with and without proactive classes, how concentrated incidents are, or what has changed since --compare-period",
    example: "concentration",
};

/// What a trend is told by.
pub const TREND_BY: Param = Param {
    flag: "trend-by",
    wire: "trend_by",
    kind: Kind::Word(&["year", "half-year", "quarter", "month"]),
    default: "year",
    help: "With `view` change: whole periods that a trend is told by, from 8 of them on; shorter than a year, each season is compared with itself",
    example: "quarter",
};
