//! The part of the table of parameters that the outreach list and the brief have to themselves.

use super::ranking::{BY, DRAWS, GUN, PROACTIVE};
use super::table::{CATEGORY, Kind, Operation, PERIOD, Param, SEED, TOP, WITHIN};
use crate::plan::outreach::check::MONTHS;
use crate::plan::outreach::register::Rules;
use crate::plan::outreach::words::REVIEWS;

/// What the team takes.
pub const CAPACITY: Param = Param {
    flag: "capacity",
    wire: "capacity",
    kind: Kind::Capacity,
    default: "that of the last version; a first list needs it",
    help: "What the team takes, in blocks or households; the list is filled to it in the order of P(top N)",
    example: "25blocks",
};

/// The day that is spoken of.
pub const AS_OF: Param = Param {
    flag: "as-of",
    wire: "as_of",
    kind: Kind::Date,
    default: "the last day until which the data are complete; never the clock's",
    help: "Local date of the review, of a note or of the brief; what happened after it does not count",
    example: "2014-09-30",
};

/// What the review is called.
pub const REVIEW: Param = Param {
    flag: "review",
    wire: "review",
    kind: Kind::Word(REVIEWS.words),
    default: "first, then scheduled where one is due",
    help: "Name of a review, which changes the list; with it one is held before it is due",
    example: "spring",
};

/// Months between reviews.
pub const REVIEW_MONTHS: Param = Param {
    flag: "review-months",
    wire: "review_months",
    kind: Kind::Count { least: MONTHS.0 as u64, most: MONTHS.1 as u64 },
    default: "6",
    help: "Months after which the next review is due",
    example: "6",
};

/// Least stay.
pub const STAY_MONTHS: Param = Param {
    flag: "stay-months",
    wire: "stay_months",
    kind: Kind::Count { least: Rules::STAY_MONTHS as u64, most: MONTHS.1 as u64 },
    default: "12",
    help: "Months that an assigned block stays at least",
    example: "12",
};

/// Least aftercare.
pub const AFTERCARE_MONTHS: Param = Param {
    flag: "aftercare-months",
    wire: "aftercare_months",
    kind: Kind::Count { least: MONTHS.0 as u64, most: MONTHS.1 as u64 },
    default: "12",
    help: "Months that a block is in aftercare before it may leave",
    example: "12",
};

/// The period that a review counts.
const COUNTED: Param = Param {
    default: "the last 3 years until the data are complete",
    help: "Incidents that begin on these local dates, both included; .. leaves an end open",
    ..PERIOD
};

/// N of P(top N).
const N_OF_P: Param = Param {
    default: "as many blocks as the team takes",
    help: "N of P(in the top N), in whose order the list is filled",
    example: "25",
    ..TOP
};

/// Draws behind P(top N).
const DRAWS_OF_P: Param = Param {
    kind: Kind::Count { least: 100, most: 1_000_000 },
    default: "10000",
    help: "Draws from what is known of the blocks' rates, behind P(in the top N)",
    ..DRAWS
};

/// Bonus for staying.
pub const BONUS: Param = Param {
    flag: "bonus",
    wire: "bonus",
    kind: Kind::Number { least: 0.0, most: 1.0 },
    default: "0.25",
    help: "What an assigned block that may leave has on top of its P(top N); 0 lets noise decide",
    example: "0.25",
};

/// Whether protected incidents count.
pub const PROTECTED: Param = Param {
    flag: "include-protected",
    wire: "include_protected",
    kind: Kind::Word(&["yes", "no"]),
    default: "no",
    help: "Whether domestic, child and sexual incidents, and those of classes in no category, count in scores and sheets",
    example: "yes",
};

/// How long shootings are kept back.
pub const DELAY: Param = Param {
    flag: "delay",
    wire: "delay_hours",
    kind: Kind::Hours,
    default: "0: none",
    help: "How long the agency keeps shootings back: the brief counts back from so long before the end of its day",
    example: "24h",
};

/// What a brief counts.
pub const OF: Param = Param {
    flag: "of",
    wire: "of",
    kind: Kind::Word(&["shootings", "gun"]),
    default: "shootings",
    help: "Confirmed shootings, where the data know who was shot; or gun crime, which is another thing",
    example: "gun",
};

/// The outreach list.
pub const LIST: Operation = Operation {
    command: "list",
    collection: "list",
    help: "The outreach list: priority blocks for support, filled to a team's capacity, changed at named reviews, with a sheet for each",
    params: &[
        CAPACITY,
        AS_OF,
        REVIEW,
        COUNTED,
        CATEGORY,
        WITHIN,
        BY,
        GUN,
        PROACTIVE,
        N_OF_P,
        DRAWS_OF_P,
        SEED,
        BONUS,
        REVIEW_MONTHS,
        STAY_MONTHS,
        AFTERCARE_MONTHS,
        PROTECTED,
    ],
};

/// Today's brief.
pub const BRIEF: Operation = Operation {
    command: "brief",
    collection: "brief",
    help: "Today's brief: confirmed shootings of the last 3 and 14 days within 400 ft of the blocks of an outreach list, or of areas",
    params: &[AS_OF, DELAY, OF, WITHIN],
};
