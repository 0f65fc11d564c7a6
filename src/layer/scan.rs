//! Clusters by scans: circles that hold more incidents than expected, with how likely chance does as well.

use geo::{Coord, LineString, Polygon};

use super::clusters::legend;
use super::made::{LEFT_OUT, made, on_page};
use super::{Ask, Feature, Layer, Value};
use crate::analysis::clusters::hull::WIDEN;
use crate::analysis::near_repeat::bands::DAY;
use crate::analysis::scan::space_time::{SpaceTimeCluster, SpaceTimeError, SpaceTimeParams};
use crate::analysis::scan::spatial::{ScanCluster, ScanError, ScanParams};
use crate::engine::scan::Exposure;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::{Local, Metres};
use crate::space::crs::CrsError;

/// Secondary clusters above this p are not shown; the most likely one always is.
pub const MOST_P: f64 = 0.05;

/// Corners of a circle.
const CORNERS: u32 = 64;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The scan of blocks cannot be made.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The scan of space and time cannot be made.
    #[error(transparent)]
    SpaceTime(#[from] SpaceTimeError),
    /// A circle could not be brought to degrees.
    #[error("a circle cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Circles of blocks with more incidents than their exposure explains, the likeliest first.
///
/// # Errors
///
/// [`ScanLayerError`] for an unknown category or parameters that cannot be used.
pub fn scan(
    snapshot: &Snapshot,
    ask: &Ask,
    exposure: Exposure,
    params: &ScanParams,
) -> Result<Layer, ScanLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.scan(&selection, exposure, params)?;
    let found = &result.scan.clusters;
    let shown = found.iter().enumerate().filter(|(rank, cluster)| *rank == 0 || cluster.p <= MOST_P);
    let features = shown
        .map(|(rank, cluster)| {
            feature(snapshot, rank, (cluster.center, cluster.radius), of_blocks(rank, cluster))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let parameters = vec![
        ("method", Value::text("spatial scan, Poisson, circles, one-sided p")),
        ("exposure", Value::text(exposure.word())),
        ("share", Value::rounded(params.share, 6)),
        ("radius_m", params.radius.map_or(Value::Null, |radius| Value::rounded(radius.0, 3))),
        ("min_points", Value::count(params.least)),
        ("permutations", Value::count(params.permutations)),
        ("seed", Value::count(params.seed)),
        ("blocks", Value::count(result.blocks.len())),
        ("incidents", Value::count(result.scan.incidents)),
        ("without_exposure", Value::count(result.without_exposure)),
        ("clusters", Value::count(found.len())),
        ("most_p", Value::Float(MOST_P)),
        ("left_out", Value::text(LEFT_OUT)),
    ];
    Ok(made("clusters", snapshot, ask, &selection, on_page(ask, features), legend(), parameters))
}

/// Circles where the last days hold more incidents than place and day explain, the likeliest first.
///
/// # Errors
///
/// [`ScanLayerError`] for an unknown category or parameters that cannot be used.
pub fn space_time_scan(
    snapshot: &Snapshot,
    ask: &Ask,
    params: &SpaceTimeParams,
) -> Result<Layer, ScanLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.space_time_scan(&selection, ask.query.period, params)?;
    let found = &result.scan.clusters;
    let shown = found.iter().enumerate().filter(|(rank, cluster)| *rank == 0 || cluster.p <= MOST_P);
    let last = result.days.1;
    let features = shown
        .map(|(rank, cluster)| {
            feature(snapshot, rank, (cluster.center, cluster.radius), of_days(rank, cluster, last))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let parameters = vec![
        ("method", Value::text("prospective space-time permutation scan, cylinders, one-sided p")),
        ("radius_m", Value::rounded(params.radius.0, 3)),
        ("share", Value::rounded(params.share, 6)),
        ("longest_days", Value::count(params.days)),
        ("min_points", Value::count(params.least)),
        ("every_days", Value::rounded(params.every, 6)),
        ("permutations", Value::count(params.permutations)),
        ("seed", Value::count(params.seed)),
        ("from", date(result.days.0)),
        ("to", date(last)),
        ("incidents", Value::count(result.scan.incidents)),
        ("clusters", Value::count(found.len())),
        ("most_p", Value::Float(MOST_P)),
        ("instant", Value::text("the first that the source states, by its clock")),
        ("left_out", Value::text("sexual, domestic, child and unmapped offenses")),
    ];
    Ok(made("clusters", snapshot, ask, &selection, on_page(ask, features), legend(), parameters))
}

fn date(day: i64) -> Value {
    let midnight = day.checked_mul(DAY).and_then(|second| jiff::Timestamp::from_second(second).ok());
    midnight.map_or(Value::Null, |at| Value::text(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()))
}

fn of_blocks(rank: usize, cluster: &ScanCluster) -> Vec<(&'static str, Value)> {
    vec![
        ("cluster", Value::count(rank + 1)),
        ("incidents", Value::count(cluster.observed)),
        ("expected", Value::rounded(cluster.expected, 6)),
        ("relative_risk", cluster.relative_risk.map_or(Value::Null, |risk| Value::rounded(risk, 6))),
        ("blocks", Value::count(cluster.members.len())),
        ("radius_m", Value::rounded(cluster.radius.0, 3)),
        ("llr", Value::rounded(cluster.llr, 6)),
        ("p", Value::probability(cluster.p)),
        ("gumbel_p", cluster.gumbel_p.map_or(Value::Null, Value::probability)),
    ]
}

fn of_days(rank: usize, cluster: &SpaceTimeCluster, last: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("cluster", Value::count(rank + 1)),
        ("incidents", Value::count(cluster.observed)),
        ("expected", Value::rounded(cluster.expected, 6)),
        ("first", date(cluster.from)),
        ("last", date(last)),
        ("radius_m", Value::rounded(cluster.radius.0, 3)),
        ("llr", Value::rounded(cluster.llr, 6)),
        ("p", Value::probability(cluster.p)),
        ("gumbel_p", cluster.gumbel_p.map_or(Value::Null, Value::probability)),
        ("recurrence_days", Value::rounded(cluster.recurrence_days, 3)),
    ]
}

fn feature(
    snapshot: &Snapshot,
    rank: usize,
    (center, radius): (Local, Metres),
    properties: Vec<(&'static str, Value)>,
) -> Result<Feature, CrsError> {
    // A circle of one place is drawn as wide as a hull of one.
    let radius = radius.0.max(WIDEN.0);
    let corner = |k: u32| {
        let angle = f64::from(k) * std::f64::consts::TAU / f64::from(CORNERS);
        Coord { x: center.x + radius * angle.cos(), y: center.y + radius * angle.sin() }
    };
    let circle = Polygon::new((0..CORNERS).map(corner).collect::<LineString>(), Vec::new());
    let shape = snapshot.dataset().crs.shape_from_local(&circle)?;
    Ok(Feature { id: format!("cluster-{}", rank + 1), geometry: Some(shape.into()), properties })
}
