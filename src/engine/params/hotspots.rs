//! The parameters of hot spots.

use super::table::{CATEGORY, CELL, Kind, ORIGIN, Operation, PERIOD, PERMUTATIONS, Param, SEED, STATUS};

/// Hot spots.
pub const HOTSPOTS: Operation = Operation {
    command: "hotspots",
    collection: "hotspots",
    help: "Blocks or cells that stand out with their neighbors more than chance would make them",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        UNITS,
        STATISTIC,
        NEIGHBORS,
        BAND,
        NEAREST,
        CELL,
        STEPS,
        PERMUTATIONS,
        SEED,
        FDR,
    ],
};

/// What is tested for hot spots.
pub const UNITS: Param = Param {
    flag: "units",
    wire: "units",
    kind: Kind::Word(&["blocks", "cells"]),
    default: "blocks",
    help: "Whether blocks are tested for hot spots, or square cells",
    example: "cells",
};

/// By what.
pub const STATISTIC: Param = Param {
    flag: "statistic",
    wire: "statistic",
    kind: Kind::Word(&["gi-star", "local-moran", "emerging"]),
    default: "gi-star",
    help: "Gi*, where counts are high together; local Moran, also who differs from its neighbors; emerging, Gi* step by step",
    example: "local-moran",
};

/// Beside whom.
pub const NEIGHBORS: Param = Param {
    flag: "neighbors",
    wire: "neighbors",
    kind: Kind::Word(&["contiguity", "band", "nearest"]),
    default: "contiguity",
    help: "Neighbors are those that touch, those within a band, or the nearest ones",
    example: "band",
};

/// How far a neighbor may be.
pub const BAND: Param = Param {
    flag: "band",
    wire: "band_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: "none: Esri's steps give one, and the answer tells them",
    help: "With `neighbors` band: how far the middles of neighbors may be apart",
    example: "400m",
};

/// How many are near.
pub const NEAREST: Param = Param {
    flag: "nearest",
    wire: "nearest",
    kind: Kind::Count { least: 1, most: 1_000 },
    default: "8",
    help: "With `neighbors` nearest: how many",
    example: "8",
};

/// Where no `--nearest` is given: as many as touch a cell.
pub const DEFAULT_NEAREST: u64 = 8;

/// Steps of time.
pub const STEPS: Param = Param {
    flag: "steps",
    wire: "steps",
    kind: Kind::Count { least: 11, most: 1_000 },
    default: "11",
    help: "With `statistic` emerging: steps of equal length that the period is cut into",
    example: "12",
};

/// Where no `--steps` is given: the fewest that a trend can be told of, which takes ten with a step before them.
pub const DEFAULT_STEPS: u64 = 11;

/// Which false discovery rate.
pub const FDR: Param = Param {
    flag: "fdr",
    wire: "fdr",
    kind: Kind::Word(&["bh", "by"]),
    default: "bh",
    help: "False discovery rate after Benjamini and Hochberg, or Benjamini and Yekutieli, who are stricter",
    example: "by",
};
