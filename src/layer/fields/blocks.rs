//! Fields of ranked blocks, view by view.

use super::{AREAS, Field, FieldKind, field, integer, measure, number, of, text};

const NAME: Field = text("name", "Name of the block");
const RANK: Field = integer("rank", "Place in the order, 1 is first; blocks with the same score share it");
const RANK_LO: Field = integer("rank_lo", "First place that it may truly have, with draws");
const RANK_HI: Field = integer("rank_hi", "Last place that it may truly have, with draws");
const RANK_MEAN: Field = number("rank_mean", "Mean of its places over the draws");
const P_TOP_N: Field = number("p_top_n", "Probability that it is truly among the first N, with draws");
const TIED_WITH: Field = integer("tied_with", "Other blocks with the same score");
const KIND: Field =
    text("kind", "What the block is: a street segment, an intersection, a polygon, a hundred-block");
const INCIDENTS: Field = number("incidents", "Incidents of the period that count");
const SCORE: Field = number("score", "What decides the order");
const RATE_MEAN: Field = number(
    "rate_mean",
    "Expected score a year, or by what rates are divided by, from the block and the city",
);
const RATE_LO: Field = number("rate_lo", "Lower end of the 90 % interval of that rate");
const RATE_HI: Field = number("rate_hi", "Upper end of the 90 % interval of that rate");
const SENTENCE: Field = text("sentence", "What the evidence says, in a sentence");
const PEAK_HOURS: Field =
    text("peak_hours", "When in the week incidents peak, where that is more than chance");

pub(super) const LIST: &[Field] = &[
    RANK,
    RANK_LO,
    RANK_HI,
    RANK_MEAN,
    P_TOP_N,
    TIED_WITH,
    integer("group", "Group of blocks that the data cannot tell apart"),
    NAME,
    KIND,
    AREAS,
    INCIDENTS,
    integer("victims", "Victims, where the source counts them"),
    integer("offenses", "Offenses, where the source counts them"),
    SCORE,
    measure("rate_per_km_year", "/km/a", "Incidents a kilometre of street and year, as observed"),
    RATE_MEAN,
    RATE_LO,
    RATE_HI,
    integer("reports", "Reports behind the incidents"),
    of(
        FieldKind::Date,
        "latest",
        "Local date of the latest incident; null for fewer than five protected offenses alone",
    ),
    number("top_address_share", "Share of its incidents at the address with most of them"),
    integer("n_addresses", "Addresses with incidents"),
    integer("held", "Incidents that are held and do not count"),
    measure("observed_days", "d", "Days on which a source had data"),
    measure("length_m", "m", "Length of street"),
    measure("area_km2", "km2", "Area"),
    number("households", "Households, where a file tells them"),
    number("population", "Residents, where a file tells them"),
    PEAK_HOURS,
    SENTENCE,
];

pub(super) const BIAS: &[Field] = &[
    integer("rank_with", "With view=bias: place with proactive offenses"),
    integer("rank_without", "With view=bias: place without proactive offenses"),
    integer("moved", "With view=bias: places lost without proactive offenses"),
    integer("rank_without_officer", "With view=bias: place without what officers came upon"),
    integer("rank_citizen", "With view=bias: place by what citizens brought up"),
    integer("rank_officer", "With view=bias: place by what officers came upon"),
    integer("rank_sensor", "With view=bias: place by what sensors told"),
    integer("rank_unknown", "With view=bias: place by what came from nobody knows whom"),
    integer("incidents_without", "With view=bias: incidents that are not proactive"),
    number("citizen_share", "With view=bias: share brought up by citizens"),
    number("officer_share", "With view=bias: share that officers came upon"),
    number("sensor_share", "With view=bias: share told by sensors"),
    number("unknown_share", "With view=bias: share of unknown origin"),
];

pub(super) const CONCENTRATION: &[Field] = &[
    number("share_of_incidents", "With view=concentration: share of all incidents"),
    integer("blocks", "With view=concentration: fewest blocks that hold it"),
    number("share_of_blocks", "With view=concentration: those blocks among all"),
    number("share_of_blocks_by_chance", "With view=concentration: the same if incidents fell by chance"),
    number("marginal", "With view=concentration: share of blocks by chance less share of blocks"),
    number("law_lo", "With view=concentration: lower end found in other cities"),
    number("law_hi", "With view=concentration: upper end found in other cities"),
];

pub(super) const CHANGE: &[Field] = &[
    integer("incidents_before", "With view=change: incidents of the period compared with"),
    number(
        "change_ratio",
        "With view=change: incidents a day beside the other period, shrunk towards the city's",
    ),
    number("change_lo", "With view=change: lower end of its interval"),
    number("change_hi", "With view=change: upper end of its interval"),
    text("change", "With view=change: up, down, or cannot tell"),
    text("trend", "With view=change: up, down, or cannot tell"),
    number("trend_q", "With view=change: false discovery rate of the trend"),
    number("persistent", "With view=change: share of whole years among the first 5 % of blocks"),
    text("emerging", "With view=change: pattern of emerging hot spots"),
    number("inclusion", "With view=change: share of resamples in which it is among the top"),
];

pub(super) const EXPLAIN: &[Field] = &[
    SENTENCE,
    text("public_sentence", "The same for a public page"),
    NAME,
    KIND,
    AREAS,
    RANK,
    RANK_LO,
    RANK_HI,
    RANK_MEAN,
    P_TOP_N,
    integer("top", "N of the first N"),
    TIED_WITH,
    INCIDENTS,
    number("gun_crimes", "Homicide, robbery and assault by firearm"),
    integer("known_shootings", "Incidents in which someone is known to be shot"),
    SCORE,
    number("times_city", "Incidents beside the city's mean block"),
    number("times_city_expected", "The same of the expected rate"),
    of(FieldKind::List, "by_class", "Incidents by category and label"),
    of(FieldKind::Map, "by_origin", "Incidents by who brought them up"),
    of(FieldKind::List, "by_year", "Incidents by year, with observed days"),
    PEAK_HOURS,
    of(FieldKind::Map, "week", "Incidents by hour of the week"),
    of(FieldKind::Map, "addresses", "How incidents spread over addresses"),
    of(FieldKind::Map, "exposure", "Days, length, area and residents"),
    of(FieldKind::Map, "shrinkage", "How the rate was drawn towards the city's"),
    field("trend", FieldKind::Map, "", "How the block has moved over whole periods"),
    of(FieldKind::List, "neighbors", "The blocks that touch it"),
    of(FieldKind::Map, "cut_off", "The blocks around the end of the list"),
    of(FieldKind::Map, "data_quality", "What is missing, late or imprecise"),
];
