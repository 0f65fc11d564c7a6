//! The part of the table of parameters that near repeats have to themselves.

use super::table::{
    CATEGORY, Kind, NO_DEFAULT, ORIGIN, Operation, PERIOD, PERMUTATIONS, Param, SEED, STATUS,
};

/// Edges of bands of distance. Below a metre all is the same place.
pub const DISTANCES: Param = Param {
    flag: "distances",
    wire: "distances_m",
    kind: Kind::Lengths { least: 1.0, most: 100_000.0 },
    default: NO_DEFAULT,
    help: "Upper edges of the bands of distance; the last is also the longest step of a chain and the range of a zone",
    example: "100m,200m,400m",
};

/// Edges of bands of time.
pub const DAYS: Param = Param {
    flag: "days",
    wire: "days",
    kind: Kind::Numbers { least: 0.01, most: 36_500.0 },
    default: NO_DEFAULT,
    help: "Upper edges of the bands of time; the last is also the longest step of a chain and how long a zone lasts",
    example: "7,14,28",
};

/// Metric of near repeats.
pub const METRIC: Param = Param {
    flag: "metric",
    wire: "metric",
    kind: Kind::Word(&["euclidean", "manhattan"]),
    default: "euclidean",
    help: "How distance is measured in pairs and chains: as the crow flies, or along the axes of the plane; zones are as the crow flies",
    example: "manhattan",
};

/// Whether the same place is a band.
pub const SAME_PLACE: Param = Param {
    flag: "same-place",
    wire: "same_place",
    kind: Kind::Word(&["apart", "with-near"]),
    default: "apart",
    help: "Whether pairs at the very same place are a band of their own or in the first one",
    example: "with-near",
};

/// What of near repeats is shown.
pub const SHOW: Param = Param {
    flag: "show",
    wire: "show",
    kind: Kind::Word(&["pairs", "chains", "zones"]),
    default: "pairs",
    help: "The table of pairs with its test, chains of incidents, or zones where the last ones make another likelier",
    example: "zones",
};

/// What of near repeats is a layer: the table of pairs has no shapes.
pub const DRAWN: Param = Param {
    kind: Kind::Word(&["zones", "chains"]),
    default: "zones",
    help: "Zones where the last incidents make another likelier, or chains of incidents; the table of pairs has no shapes, so the command and the process alone give it",
    example: "chains",
    ..SHOW
};

/// Near repeats on a map: what has shapes, with what these are made of.
pub const ZONES: Operation = Operation {
    command: NEAR_REPEAT.command,
    collection: NEAR_REPEAT.collection,
    help: "Zones where the last incidents make another one nearby soon likelier, or chains of such incidents",
    params: &[PERIOD, CATEGORY, ORIGIN, STATUS, DISTANCES, DAYS, METRIC, DRAWN],
};

/// Near repeats.
pub const NEAR_REPEAT: Operation = Operation {
    command: "near-repeat",
    collection: "near-repeat",
    help: "Whether an incident makes another one nearby soon after likelier (Knox), chains of such incidents, and zones",
    params: &[
        PERIOD,
        CATEGORY,
        ORIGIN,
        STATUS,
        DISTANCES,
        DAYS,
        METRIC,
        SAME_PLACE,
        SHOW,
        PERMUTATIONS,
        SEED,
    ],
};
