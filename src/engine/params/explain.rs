//! The part of the table of parameters that explaining a block has to itself.

use super::density::HALF_LIFE;
use super::ranking::{BY, DRAWS, GUN, PER, PROACTIVE, SHARE};
use super::table::{CATEGORY, Kind, NO_DEFAULT, ORIGIN, Operation, PERIOD, Param, SEED, STATUS, TOP, WITHIN};
use super::views::TREND_BY;

/// The block that is explained.
pub const BLOCK: Param = Param {
    flag: "block",
    wire: "block",
    kind: Kind::Text,
    default: NO_DEFAULT,
    help: "The block by its id or its name; on the command line it stands behind `explain`, without a flag",
    example: "segment-2018",
};

/// Why a block is where it is.
pub const EXPLAIN: Operation = Operation {
    command: "explain",
    collection: "explain",
    help: "Why a block stands where it stands: its incidents, the city's, its neighbors, and one sentence",
    params: &[
        BLOCK, PERIOD, CATEGORY, ORIGIN, STATUS, WITHIN, BY, PER, GUN, PROACTIVE, HALF_LIFE, SHARE, TOP,
        DRAWS, SEED, TREND_BY,
    ],
};

/// What is ranked: a flag of the command line alone, since addresses are for analysts.
pub const RANKED_UNIT: Param = Param {
    flag: "unit",
    wire: "unit",
    kind: Kind::Word(&["blocks", "addresses"]),
    default: "blocks",
    help: "What is ranked: blocks, or the addresses in them (never over HTTP; sexual, domestic, child and unmapped offenses are left out)",
    example: "addresses",
};
