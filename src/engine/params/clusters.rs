//! Parameters of clusters alone.

use super::table::{
    CATEGORY, EPS, Kind, MIN_POINTS, ORIGIN, Operation, PERIOD, PERMUTATIONS, Param, SEED, STATUS, WEIGHTS,
};

/// The method that scans blocks.
pub const SCAN: &str = "scan";

/// The method that scans the last days.
pub const SPACE_TIME_SCAN: &str = "space-time-scan";

/// The method that joins blocks that touch.
pub const HOT_BLOCKS: &str = "hot-blocks";

/// How clusters are found.
pub const METHOD: Param = Param {
    flag: "method",
    wire: "method",
    kind: Kind::Word(&["dbscan", "hdbscan", "space-time", "nnh", "stac", SCAN, SPACE_TIME_SCAN, HOT_BLOCKS]),
    default: "dbscan",
    help: "dbscan: dense by --eps and --min-points; hdbscan: of any density, with at least --min-points incidents; space-time: dense within --eps and --span; nnh: CrimeStat's nearest-neighbor hierarchy; stac: CrimeStat's circles of radius --eps; scan: circles of blocks with more than their share (Kulldorff); space-time-scan: the same within the last --span days (permutation); hot-blocks: blocks of --least incidents or more that touch, with --min-points incidents together",
    example: "hdbscan",
};

/// When a block is hot.
pub const LEAST: Param = Param {
    flag: "least",
    wire: "least",
    kind: Kind::Count { least: 1, most: 1_000_000_000 },
    default: "none: hot-blocks needs it",
    help: "For --method hot-blocks: a block with so many incidents is hot",
    example: "5",
};

/// How far a cluster of blocks grows.
pub const MAX_BLOCKS: Param = Param {
    flag: "max-blocks",
    wire: "max_blocks",
    kind: Kind::Count { least: 1, most: 1_000_000_000 },
    default: "none: as many as touch",
    help: "For --method hot-blocks: a cluster has no more blocks than that; the next one opens at the hottest block left",
    example: "8",
};

/// What is drawn around clusters.
pub const OUTLINE: Param = Param {
    flag: "outline",
    wire: "outline",
    kind: Kind::Word(&["hull", "eps", "ellipse"]),
    default: "hull",
    help: "The convex hull; all ground within --eps of a core incident (dbscan, space-time); or the standard deviational ellipse",
    example: "eps",
};

/// Days between neighbors.
pub const SPAN: Param = Param {
    flag: "span",
    wire: "span_days",
    kind: Kind::Number { least: 0.0, most: 36_525.0 },
    default: "none: space-time and space-time-scan need it",
    help: "Incidents no more days apart than this are neighbors; of a scan, the longest time that it looks back",
    example: "7",
};

/// Rank of the neighbor that tells density.
pub const MIN_SAMPLES: Param = Param {
    flag: "min-samples",
    wire: "min_samples",
    kind: Kind::Count { least: 1, most: 1_000_000_000 },
    default: "that of --min-points",
    help: "hdbscan takes the distance to this many other incidents for density",
    example: "5",
};

/// From chance to a threshold.
pub const PROBABILITY: Param = Param {
    flag: "probability",
    wire: "probability",
    kind: Kind::Number { least: 0.000_01, most: 0.999_99 },
    default: "--eps is the threshold",
    help: "nnh takes for threshold what two random incidents of the study area are nearer than with this probability; 0.5 for their mean distance",
    example: "0.5",
};

/// Where the circles stand.
pub const LATTICE: Param = Param {
    flag: "lattice",
    wire: "lattice",
    kind: Kind::Word(&["triangular", "rectangular"]),
    default: "triangular",
    help: "How stac lays out its 20 by 20 circles",
    example: "rectangular",
};

/// What explains incidents where risk is even.
pub const EXPOSURE: Param = Param {
    flag: "exposure",
    wire: "exposure",
    kind: Kind::Word(&["even", "length", "area"]),
    default: "length where blocks are streets, else area",
    help: "For --method scan: what a block's incidents are compared with; intersections have no length and take no part in it",
    example: "area",
};

/// Clusters.
pub const CLUSTERS: Operation = Operation {
    command: "clusters",
    collection: "clusters",
    help: "Dense groups of incidents with their outlines",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        METHOD,
        EPS,
        MIN_POINTS,
        SPAN,
        MIN_SAMPLES,
        WEIGHTS,
        PROBABILITY,
        LATTICE,
        OUTLINE,
        EXPOSURE,
        LEAST,
        MAX_BLOCKS,
        PERMUTATIONS,
        SEED,
    ],
};
