//! The part of the table that only densities have: rule, edge, contours, decay, comparison, streets.

use super::table::{Kind, Param};

/// How influence fades.
pub const KERNEL: Param = Param {
    flag: "kernel",
    wire: "kernel",
    kind: Kind::Word(&["uniform", "triangular", "epanechnikov", "quartic", "triweight", "gaussian"]),
    default: "quartic",
    help: "How the influence of an incident fades with distance",
    example: "quartic",
};

/// Exact sums or counts in cells.
pub const MODE: Param = Param {
    flag: "mode",
    wire: "mode",
    kind: Kind::Word(&["exact", "binned", "live"]),
    default: "exact",
    help: "Sums over the incidents where they lie, over counts in cells with a bound of the error, or live: as exact, in whole numbers that a server keeps and mends as incidents come, go and fade",
    example: "binned",
};

/// Unit of area.
pub const UNIT: Param = Param {
    flag: "unit",
    wire: "unit",
    kind: Kind::Word(&["km2", "mi2"]),
    default: "km2",
    help: "Area that a density is told for: square kilometre or square mile",
    example: "mi2",
};

/// Contours or cells.
pub const OUT: Param = Param {
    flag: "out",
    wire: "out",
    kind: Kind::Word(&["contours", "cells"]),
    default: "contours",
    help: "Outlines, or the cells of the surface",
    example: "cells",
};

/// The density or how uncertain it is.
pub const SURFACE: Param = Param {
    flag: "surface",
    wire: "surface",
    kind: Kind::Word(&["density", "standard-error"]),
    default: "density",
    help: "Density, or its standard error, if incidents come by chance alone: as cells, beside the density, or as a .tif file",
    example: "standard-error",
};

/// A bandwidth for each incident.
pub const ADAPTIVE: Param = Param {
    flag: "adaptive",
    wire: "adaptive",
    kind: Kind::Word(&["abramson", "minimum-sample"]),
    default: "none: one bandwidth for all",
    help: "A bandwidth for each incident: abramson, narrower where a first density is higher, with --bandwidth as their geometric mean; minimum-sample, as wide as --sample incidents lie apart, at least --bandwidth",
    example: "abramson",
};

/// Incidents under a kernel.
pub const SAMPLE: Param = Param {
    flag: "sample",
    wire: "sample",
    kind: Kind::Count { least: 1, most: 10_000 },
    default: "none: minimum-sample needs it",
    help: "With --adaptive minimum-sample: incidents under each kernel, its own among them",
    example: "20",
};

/// A rule instead of a bandwidth.
pub const BANDWIDTH_RULE: Param = Param {
    flag: "bandwidth-rule",
    wire: "bandwidth_rule",
    kind: Kind::Word(&["scott", "silverman", "diggle", "likelihood", "cronie-van-lieshout"]),
    default: "none: the bandwidth is given or configured",
    help: "Rule that chooses the bandwidth from the incidents; it wins over one that is given, and rules differ by factors; none of them is a choice by back-test",
    example: "scott",
};

/// Edge correction.
pub const EDGE: Param = Param {
    flag: "edge",
    wire: "edge",
    kind: Kind::Word(&["none", "uniform", "jones-diggle"]),
    default: "none",
    help: "Edge correction: raise the density along the study area's border for what lies beyond; jones-diggle conserves the count",
    example: "jones-diggle",
};

/// What contours are drawn by.
pub const CONTOURS: Param = Param {
    flag: "contours",
    wire: "contours",
    kind: Kind::Word(&["share", "mean", "area-share", "area-km2"]),
    default: "share",
    help: "Outlines by share of the incidents, by multiples of the mean density, by share of the study area or by km² of it",
    example: "area-km2",
};

/// At which levels.
pub const LEVELS: Param = Param {
    flag: "levels",
    wire: "levels",
    kind: Kind::Numbers { least: 0.000_001, most: 1_000_000.0 },
    default: "0.5,0.75,0.9 of incidents; 2,3,5 times the mean; 0.01,0.05,0.1 of the area; for km² they are given",
    help: "Levels of the outlines, in what --contours says",
    example: "0.5,0.8",
};

/// Decay.
pub const HALF_LIFE: Param = Param {
    flag: "half-life",
    wire: "half_life_days",
    kind: Kind::Number { least: 0.01, most: 36_500.0 },
    default: "none: all incidents count alike",
    help: "Days after which an incident counts half, back from the period's end or, without one, from the latest incident",
    example: "30",
};

/// The other period of a comparison.
pub const COMPARE_PERIOD: Param = Param {
    flag: "compare-period",
    wire: "compare_datetime",
    kind: Kind::Period,
    default: "none: one period is looked at",
    help: "Dates to compare --period with, per observed day: outlines where density is 1.5, 2, 3 times as high or so much lower, or with `view` change the ratio of each block",
    example: "2017-01-01/2017-12-31",
};

/// The other incidents of a comparison.
pub const AGAINST: Param = Param {
    flag: "against",
    wire: "against",
    kind: Kind::Text,
    default: "none: with --compare-period the same categories, else no comparison",
    help: "Categories to compare the density of --category with; `all` for every one",
    example: "all",
};

/// How densities are compared.
pub const COMPARISON: Param = Param {
    flag: "comparison",
    wire: "comparison",
    kind: Kind::Word(&["ratio", "log-relative-risk", "difference"]),
    default: "ratio",
    help: "With --compare-period or --against: ratio, how many times as dense per observed day; log-relative-risk, the logarithm of the same for parts of all incidents, whatever their number; difference, incidents per km² and day, outlined at quarters of the largest",
    example: "log-relative-risk",
};

/// Density along streets.
pub const NETWORK: Param = Param {
    flag: "network",
    wire: "network",
    kind: Kind::Word(&["discontinuous", "continuous"]),
    default: "none: density in the plane",
    help: "Density along street segments instead, incidents split equally where streets meet; continuous conserves the count at dead ends",
    example: "continuous",
};

/// Length of a piece of street.
pub const LIXEL: Param = Param {
    flag: "lixel",
    wire: "lixel_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: "none: a tenth of the bandwidth",
    help: "Longest piece of street that has one density, with --network",
    example: "25m",
};
