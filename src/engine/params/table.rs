//! The one table of parameters: command line, HTTP check and docs all come from it.

use super::clusters::CLUSTERS;
use super::counts::{CHANGE, COUNTS};
use super::density::{
    ADAPTIVE, AGAINST, BANDWIDTH_RULE, COMPARE_PERIOD, COMPARISON, CONTOURS, EDGE, HALF_LIFE, KERNEL, LEVELS,
    LIXEL, MODE, NETWORK, OUT, SAMPLE, SURFACE, UNIT,
};
use super::explain::EXPLAIN;
use super::hotspots::HOTSPOTS;
use super::near_repeat::{NEAR_REPEAT, ZONES};
use super::outreach::{BRIEF, LIST};
use super::patrol::PLAN;
use super::ranking::RANK;
use super::targets::TARGETS;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Two local dates.
    Period,
    /// Names of categories.
    Names,
    /// Names of areas.
    Areas,
    /// A length within bounds, in metres.
    Length {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// A whole number within bounds.
    Count {
        /// Smallest.
        least: u64,
        /// Largest; what lies above is an error, but for [`LIMIT`], which is cut to it.
        most: u64,
    },
    /// Some of these words.
    Words(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number within bounds.
    Number {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// Lengths within bounds, in metres, one after the other.
    Lengths {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// Numbers within bounds, one after the other.
    Numbers {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// So much street, ground, blocks or households, with its unit.
    Amount,
    /// West, south, east, north in degrees.
    BBox,
    /// A name as it is, commas included.
    Text,
    /// A local date.
    Date,
    /// Hours, a year at most; on the command line with their unit.
    Hours,
    /// What a team takes, with its unit.
    Capacity,
}

/// Lengths or numbers that one parameter takes at most.
pub const MOST_NUMBERS: usize = 20;

/// One parameter of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// On the command line, without the dashes.
    pub flag: &'static str,
    /// In a query, in results and in the configuration.
    pub wire: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds where it is not given, in words.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
    /// An example for the command line.
    pub example: &'static str,
}

/// The default of parameters that have none: no bandwidth is right everywhere.
pub const NO_DEFAULT: &str = "none: it is given or configured";

/// Local dates.
pub const PERIOD: Param = Param {
    flag: "period",
    wire: "datetime",
    kind: Kind::Period,
    default: "all time",
    help: "Incidents that begin on these local dates, both included; .. leaves an end open",
    example: "2018-01-01/2018-12-31",
};

/// Categories.
pub const CATEGORY: Param = Param {
    flag: "category",
    wire: "category",
    kind: Kind::Names,
    default: "the configuration's, else all",
    help: "Incidents of these categories or groups of them; `all` for every one",
    example: "robbery,burglary",
};

/// Areas.
pub const WITHIN: Param = Param {
    flag: "within",
    wire: "within",
    kind: Kind::Areas,
    default: "everywhere",
    help: "Only blocks in an area of this name; `kind:name` where areas of several kinds have it",
    example: "neighborhood:Penrose",
};

/// Who brought incidents up.
pub const ORIGIN: Param = Param {
    flag: "origin",
    wire: "origin",
    kind: Kind::Words(&["citizen", "officer", "sensor", "unknown"]),
    default: "whoever it was",
    help: "Incidents brought up by these; `unknown` where the source does not say",
    example: "citizen,unknown",
};

/// How far reports have been looked at.
pub const STATUS: Param = Param {
    flag: "status",
    wire: "status",
    kind: Kind::Words(&["confirmed", "unreviewed"]),
    default: "confirmed",
    help: "Incidents whose report stands, or that nobody has looked at yet; withdrawn ones never count",
    example: "confirmed,unreviewed",
};

/// Length of the list.
pub const TOP: Param = Param {
    flag: "top",
    wire: "top",
    kind: Kind::Count { least: 1, most: 1_000_000 },
    default: "10",
    help: "How many blocks to list on the command line, and N of P(in the top N)",
    example: "10",
};

/// Radius of the kernel.
pub const BANDWIDTH: Param = Param {
    flag: "bandwidth",
    wire: "bandwidth_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: NO_DEFAULT,
    help: "Radius of the kernel: incidents farther away do not count; for the Gaussian √8 standard deviations",
    example: "250m",
};

/// Side of a cell.
pub const CELL: Param = Param {
    flag: "cell",
    wire: "cell_m",
    kind: Kind::Length { least: 0.1, most: 100_000.0 },
    default: NO_DEFAULT,
    help: "Side of the cells on which density is computed, or hot spots; these follow Esri's steps where there is none",
    example: "50m",
};

/// Radius of a neighborhood. Below a metre an outline would be one address.
pub const EPS: Param = Param {
    flag: "eps",
    wire: "eps_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: NO_DEFAULT,
    help: "Incidents no farther apart than this are neighbors",
    example: "100m",
};

/// Size of a neighborhood; fewer than three would outline single incidents.
pub const MIN_POINTS: Param = Param {
    flag: "min-points",
    wire: "min_points",
    kind: Kind::Count { least: 3, most: 1_000_000_000 },
    default: NO_DEFAULT,
    help: "Neighbors, itself included, that make an incident the core of a cluster",
    example: "10",
};

/// What incidents weigh.
pub const WEIGHTS: Param = Param {
    flag: "weights",
    wire: "weights",
    kind: Kind::Word(&["reports", "harm"]),
    default: "none: every incident counts as one",
    help: "What an incident counts: the reports behind it (offenses or victims, by the source's unit), or its harm by the table of --harm. For densities, and for clusters by dbscan, where --min-points is the least weight of a neighborhood, and by hdbscan, in whole weights",
    example: "harm",
};

/// Begin of all chance.
pub const SEED: Param = Param {
    flag: "seed",
    wire: "seed",
    kind: Kind::Count { least: 0, most: u64::MAX },
    default: "1",
    help: "Number that all chance follows from: the same seed and data give the same answer",
    example: "1",
};

/// Where no `--seed` is given.
pub const DEFAULT_SEED: u64 = 1;

/// How often chance is asked.
pub const PERMUTATIONS: Param = Param {
    flag: "permutations",
    wire: "permutations",
    kind: Kind::Count { least: 99, most: 99_999 },
    default: "999",
    help: "Permutations or simulations behind a p-value: with 999 the smallest is 0.001",
    example: "999",
};

/// Where no `--permutations` is given.
pub const DEFAULT_PERMUTATIONS: u64 = 999;

/// Box.
pub const BBOX: Param = Param {
    flag: "bbox",
    wire: "bbox",
    kind: Kind::BBox,
    default: "everywhere",
    help: "Features that touch the box west,south,east,north in degrees; west above east crosses 180°",
    example: "-90.3,38.6,-90.2,38.7",
};

/// Page length.
pub const LIMIT: Param = Param {
    flag: "limit",
    wire: "limit",
    kind: Kind::Count { least: 1, most: 10_000 },
    default: "1000",
    help: "Features on one page; more than 10000 is cut to that",
    example: "100",
};

/// Page begin.
pub const OFFSET: Param = Param {
    flag: "offset",
    wire: "offset",
    kind: Kind::Count { least: 0, most: u64::MAX },
    default: "0",
    help: "Features to pass over",
    example: "0",
};

/// Blocks in a list where no `--top` is given.
pub const DEFAULT_TOP: usize = 10;

/// Features on a page where no `limit` is given.
pub const DEFAULT_LIMIT: u64 = 1_000;

/// An operation with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its command.
    pub command: &'static str,
    /// Its collection over HTTP.
    pub collection: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Its parameters; over HTTP [`PAGE`] comes on top.
    pub params: &'static [Param],
}

/// Parameters of every collection over HTTP.
pub const PAGE: [Param; 3] = [BBOX, LIMIT, OFFSET];

/// Density.
pub const DENSITY: Operation = Operation {
    command: "density",
    collection: "density",
    help: "Kernel density: its outlines, where it has changed, or density along streets",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        BANDWIDTH,
        CELL,
        KERNEL,
        MODE,
        UNIT,
        OUT,
        SURFACE,
        BANDWIDTH_RULE,
        ADAPTIVE,
        SAMPLE,
        EDGE,
        CONTOURS,
        LEVELS,
        HALF_LIFE,
        WEIGHTS,
        COMPARE_PERIOD,
        AGAINST,
        COMPARISON,
        NETWORK,
        LIXEL,
    ],
};

/// Single incidents.
pub const INCIDENTS: Operation = Operation {
    command: "export",
    collection: "incidents",
    help: "Single incidents; sexual, domestic, child and unmapped offenses are never among them",
    params: &[PERIOD, CATEGORY, ORIGIN, STATUS],
};

/// Named territories.
pub const AREAS: Operation = Operation {
    command: "areas",
    collection: "areas",
    help: "Areas (neighborhoods, wards, districts and their like) with their blocks and incidents",
    params: &[PERIOD, CATEGORY, ORIGIN, STATUS, WITHIN],
};

/// Operations that have a command and are no collection over HTTP; there they are processes, and counts a resource of their own.
/// Of near repeats what has shapes is a collection too.
pub const COMMANDS_ONLY: [Operation; 3] = [NEAR_REPEAT, CHANGE, COUNTS];

/// All operations with a collection over HTTP.
pub const OPERATIONS: [Operation; 12] =
    [INCIDENTS, RANK, DENSITY, CLUSTERS, HOTSPOTS, ZONES, AREAS, TARGETS, EXPLAIN, LIST, BRIEF, PLAN];
