//! The part of the table of parameters that target areas have to themselves.

use super::ranking::{BY, GUN, PROACTIVE};
use super::table::{CATEGORY, Kind, NO_DEFAULT, ORIGIN, Operation, PERIOD, Param, SEED, STATUS, WITHIN};

/// What may be spent.
pub const BUDGET: Param = Param {
    flag: "budget",
    wire: "budget",
    kind: Kind::Amount,
    default: NO_DEFAULT,
    help: "Choose target areas of no more street, ground, blocks or households than this; an intersection costs nothing and comes with its legs",
    example: "7mi2",
};

/// The fewest places.
pub const PLACES: Param = Param {
    flag: "places",
    wire: "places",
    kind: Kind::Count { least: 1, most: 10_000 },
    default: "1",
    help: "Fewest target areas; they do not touch each other",
    example: "3",
};

/// The most places.
pub const MOST_PLACES: Param = Param {
    flag: "most-places",
    wire: "most_places",
    kind: Kind::Count { least: 1, most: 1_000_000 },
    default: "as many as the least size allows",
    help: "Most target areas",
    example: "5",
};

/// The least size of a place.
pub const LEAST_SIZE: Param = Param {
    flag: "least-size",
    wire: "least_size",
    kind: Kind::Amount,
    default: "one block; for a budget of street or ground a tenth of an even share of it, or what fits the diameter",
    help: "Least size of each target area, in street, ground, blocks or households",
    example: "4blocks",
};

/// The greatest extent of a place.
pub const DIAMETER: Param = Param {
    flag: "diameter",
    wire: "diameter_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: "none: a target area may be as long as it likes",
    help: "Greatest distance between two ends or corners of a target area",
    example: "800m",
};

/// Where no `--places` is given.
pub const DEFAULT_PLACES: u64 = 1;

/// Target areas.
pub const TARGETS: Operation = Operation {
    command: "areas",
    collection: "targets",
    help: "Target areas: contiguous sets of blocks under a budget with the most expected harm",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        WITHIN,
        BY,
        GUN,
        PROACTIVE,
        BUDGET,
        PLACES,
        MOST_PLACES,
        LEAST_SIZE,
        DIAMETER,
        SEED,
    ],
};
