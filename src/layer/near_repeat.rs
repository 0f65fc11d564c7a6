//! Near repeats: the Knox table, chains with their outlines, zones where the last incidents make another likelier.

use geo::Area;

use super::made::{made, on_page};
use super::zones::{all_zones, zones_legend};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::clusters::hull::{HullError, hull};
use crate::analysis::density::contour::ContourError;
use crate::analysis::near_repeat::bands::{BandsError, DAY, Metric};
use crate::analysis::near_repeat::chains::{Chain, ChainsParams};
use crate::analysis::near_repeat::knox::{KnoxCell, KnoxError, KnoxParams};
use crate::engine::near_repeat::{SnapshotZonesError, Timed};
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::{Local, Metres, SquareKm};
use crate::space::crs::CrsError;

/// What of near repeats is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The Knox table.
    Pairs,
    /// Chains.
    Chains,
    /// Zones.
    Zones,
}

/// What near repeats are made with.
#[derive(Clone, Debug, PartialEq)]
pub struct NearRepeatParams {
    /// Upper edges of the bands of distance.
    pub distances: Vec<Metres>,
    /// Upper edges of the bands of time, in days.
    pub days: Vec<f64>,
    /// How distance is measured in pairs and chains.
    pub metric: Metric,
    /// Whether the same place is a band of its own.
    pub same_place: bool,
    /// What is shown.
    pub show: Show,
    /// Permutations behind p.
    pub permutations: u32,
    /// Their seed.
    pub seed: u64,
}

/// Incidents of the smallest chain that is drawn: an outline around two would tell the place of each.
pub const LEAST_CHAIN: usize = 3;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NearRepeatLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The bands cannot be used.
    #[error(transparent)]
    Knox(#[from] KnoxError),
    /// The zones do not fit.
    #[error(transparent)]
    Grid(#[from] SnapshotZonesError),
    /// A chain without an outline.
    #[error(transparent)]
    Hull(#[from] HullError),
    /// A zone without an outline.
    #[error(transparent)]
    Contour(#[from] ContourError),
    /// An outline could not be brought to degrees.
    #[error("an outline cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

impl From<BandsError> for NearRepeatLayerError {
    fn from(error: BandsError) -> Self {
        Self::Knox(KnoxError::Bands(error))
    }
}

/// Names and values of what is told.
pub(super) type Named = Vec<(&'static str, Value)>;

/// The table, the chains or the zones of the selected incidents.
///
/// # Errors
///
/// [`NearRepeatLayerError`] for an unknown category or parameters that cannot be used.
pub fn near_repeat(
    snapshot: &Snapshot,
    ask: &Ask,
    params: &NearRepeatParams,
) -> Result<Layer, NearRepeatLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let timed = snapshot.timed(&selection);
    let (features, more) = match params.show {
        Show::Pairs => pairs(snapshot, &timed, params)?,
        Show::Chains => all_chains(snapshot, &timed, params)?,
        Show::Zones => all_zones(snapshot, &timed, params, ask)?,
    };
    let distances = params.distances.iter().map(|edge| Value::rounded(edge.0, 3)).collect();
    let mut parameters = vec![
        ("distances_m", Value::List(distances)),
        ("days", Value::List(params.days.iter().map(|&days| Value::rounded(days, 6)).collect())),
    ];
    parameters.extend(more);
    parameters.extend([
        ("incidents", Value::count(timed.incidents.len())),
        ("longer_than_a_day", Value::count(timed.longer_than_a_day)),
        ("instant", Value::text("the first that the source states, by its clock")),
        (
            "left_out",
            Value::text(
                "sexual, domestic, child and unmapped offenses; incidents at held places or without a place",
            ),
        ),
    ]);
    let page = on_page(ask, features);
    Ok(made("near-repeat", snapshot, ask, &selection, page, legend(params.show), parameters))
}

pub(super) fn seconds(days: f64) -> i64 {
    (days * DAY as f64).round() as i64
}

fn pairs(
    snapshot: &Snapshot,
    timed: &Timed,
    params: &NearRepeatParams,
) -> Result<(Vec<Feature>, Named), NearRepeatLayerError> {
    let table = snapshot.knox(
        timed,
        &KnoxParams {
            distances: params.distances.clone(),
            times: params.days.iter().map(|&days| seconds(days)).collect(),
            metric: params.metric,
            same_place: params.same_place,
            permutations: params.permutations,
            seed: params.seed,
        },
    )?;
    let told = vec![
        ("method", Value::text("Knox: pairs in half-open bands, times permuted, one-sided p")),
        ("metric", Value::text(params.metric.word())),
        ("same_place", Value::text(if params.same_place { "apart" } else { "with-near" })),
        ("permutations", Value::count(table.permutations)),
        ("seed", Value::count(params.seed)),
    ];
    Ok(((1..).zip(&table.cells).map(|(number, cell)| row(number, cell)).collect(), told))
}

fn row(number: usize, cell: &KnoxCell) -> Feature {
    let band =
        if cell.to.0 > 0.0 { format!("{} to {}", cell.from, cell.to) } else { "same place".to_owned() };
    let days = |seconds: i64| Value::rounded(seconds as f64 / DAY as f64, 6);
    let number_or_none = |ratio: Option<f64>| ratio.map_or(Value::Null, |ratio| Value::rounded(ratio, 6));
    Feature {
        id: format!("pairs-{number}"),
        geometry: None,
        properties: vec![
            ("band", Value::text(band)),
            ("from_m", Value::rounded(cell.from.0, 3)),
            ("to_m", Value::rounded(cell.to.0, 3)),
            ("from_days", days(cell.after)),
            ("to_days", days(cell.before)),
            ("observed", Value::count(cell.observed)),
            ("expected", Value::rounded(cell.expected, 6)),
            ("mean", Value::rounded(cell.mean, 6)),
            ("median", Value::rounded(cell.median, 1)),
            ("ratio", number_or_none(cell.ratio)),
            ("ratio_median", number_or_none(cell.ratio_median)),
            ("p", Value::probability(cell.p)),
        ],
    }
}

fn all_chains(
    snapshot: &Snapshot,
    timed: &Timed,
    params: &NearRepeatParams,
) -> Result<(Vec<Feature>, Named), NearRepeatLayerError> {
    let (distance, days) = longest(params);
    let step = ChainsParams { distance, time: seconds(days), metric: params.metric };
    let found = snapshot.chains(timed, &step)?;
    let drawn = found.chains.iter().filter(|chain| chain.incidents.len() >= LEAST_CHAIN);
    let features: Vec<Feature> = (1..)
        .zip(drawn)
        .map(|(number, chain)| one_chain(snapshot, timed, number, chain))
        .collect::<Result<_, _>>()?;
    let told = vec![
        ("method", Value::text("chains of steps shorter than the last distance and the last number of days")),
        ("metric", Value::text(params.metric.word())),
        ("chains", Value::count(found.chains.len())),
        ("pairs_not_drawn", Value::count(found.chains.len() - features.len())),
        ("in_chains", Value::count(found.label.iter().flatten().count())),
    ];
    Ok((features, told))
}

pub(super) fn longest(params: &NearRepeatParams) -> (Metres, f64) {
    (params.distances.last().copied().unwrap_or_default(), params.days.last().copied().unwrap_or_default())
}

fn one_chain(
    snapshot: &Snapshot,
    timed: &Timed,
    number: usize,
    chain: &Chain,
) -> Result<Feature, NearRepeatLayerError> {
    let data = snapshot.dataset();
    let places: Vec<Local> = chain.incidents.iter().map(|&at| timed.places[at as usize]).collect();
    let outline = hull(&places)?;
    let distinct: std::collections::HashSet<_> =
        places.iter().map(|p| (p.x.to_bits(), p.y.to_bits())).collect();
    let date = |at: u32| {
        let day = data.local_date(timed.incidents[at as usize]);
        day.map_or(Value::Null, |day| Value::text(day.to_string()))
    };
    let shape = data.crs.shape_from_local(&outline.polygon)?;
    Ok(Feature {
        id: format!("chain-{number}"),
        geometry: Some(shape.into()),
        properties: vec![
            ("chain", Value::count(number)),
            ("incidents", Value::count(chain.incidents.len())),
            ("places", Value::count(distinct.len())),
            ("links", Value::count(chain.links)),
            ("days", Value::rounded(chain.duration() as f64 / DAY as f64, 6)),
            ("first", date(chain.incidents[0])),
            ("last", date(chain.incidents[chain.incidents.len() - 1])),
            ("area_km2", Value::rounded(SquareKm::from_square_metres(outline.polygon.unsigned_area()).0, 6)),
            ("widened", Value::Bool(outline.widened)),
        ],
    })
}

fn legend(show: Show) -> Legend {
    let alike = |title: &str, color| Legend {
        property: None,
        title: title.to_owned(),
        unit: "incidents",
        classes: vec![LegendClass { from: None, to: None, color, label: title.to_lowercase() }],
        none: None,
    };
    match show {
        Show::Pairs => Legend {
            property: None,
            title: "Pairs of incidents".to_owned(),
            unit: "pairs",
            classes: Vec::new(),
            none: None,
        },
        Show::Chains => alike("Chains", "#cc79a7"),
        Show::Zones => zones_legend(),
    }
}
