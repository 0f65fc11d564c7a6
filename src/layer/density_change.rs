//! Where a density has risen or fallen between two periods.

use super::density::{DensityLayerError, about};
use super::made::{LEFT_OUT, made, on_page};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::density_ask::DensityAsk;
use crate::engine::density_statistics::{Change, FACTORS};
use crate::engine::query::Query;
use crate::engine::snapshot::Snapshot;
use crate::model::period::Period;
use crate::space::crs::CrsError;

/// Colors of rising by a half, twice and three times, and of falling so.
const UP: [&str; 3] = ["#fdcc8a", "#fc8d59", "#d7301f"];
const DOWN: [&str; 3] = ["#bdc9e1", "#74a9cf", "#0570b0"];

/// Outlines of the places where the density of the query's period is 1.5, 2 and 3 times that of another, or so much lower.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub fn density_change(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    before: Period,
) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let query = Query { period: Some(before), ..ask.query.clone() };
    let other = snapshot.select(&query)?;
    let days = [snapshot.observed_days(&ask.query), snapshot.observed_days(&query)];
    let result = snapshot.density_change((&selection, days[0]), (&other, days[1]), with)?;
    let features =
        result.changes.iter().map(|change| feature(snapshot, change, days)).collect::<Result<Vec<_>, _>>()?;
    let page = on_page(ask, features);
    let mut parameters = about(with, &result.params, result.chosen.as_ref());
    parameters.extend([
        ("compared", Value::text("ratio of the densities per observed day")),
        ("floor", Value::text("one incident of the other period at its own place is added to both")),
        ("floor_per_km2_day", Value::rounded(result.floor, 9)),
        ("compare_period", Value::text(before.to_string())),
        ("observed_days", Value::count(days[0])),
        ("observed_days_before", Value::count(days[1])),
        ("incidents", Value::count(result.incidents[0])),
        ("incidents_before", Value::count(result.incidents[1])),
        ("left_out", Value::text(LEFT_OUT)),
        ("outside_study_area", Value::count(result.outside[0])),
        ("outside_study_area_before", Value::count(result.outside[1])),
    ]);
    Ok(made("density", snapshot, ask, &selection, page, legend(), parameters))
}

fn feature(snapshot: &Snapshot, change: &Change, days: [i64; 2]) -> Result<Feature, CrsError> {
    let shape = snapshot.dataset().crs.shape_from_local(&change.shape)?;
    let way = if change.up { "up" } else { "down" };
    let factor = if change.up { change.factor } else { 1.0 / change.factor };
    Ok(Feature {
        id: format!("change-{way}-{}", change.factor),
        geometry: Some(shape.into()),
        properties: vec![
            ("change", Value::text(way)),
            ("factor", Value::rounded(factor, 6)),
            ("incidents_inside", Value::count(change.now)),
            ("incidents_inside_before", Value::count(change.before)),
            ("observed_days", Value::count(days[0])),
            ("observed_days_before", Value::count(days[1])),
            ("area_km2", Value::rounded(change.area.0, 6)),
        ],
    })
}

fn legend() -> Legend {
    let class =
        |factor: f64, color, label| LegendClass { from: Some(factor), to: Some(factor), color, label };
    let down = FACTORS.iter().zip(DOWN).rev();
    let down =
        down.map(|(k, color)| class((1e6 / k).round() / 1e6, color, format!("at most 1/{k} as dense")));
    let up =
        FACTORS.iter().zip(UP).map(|(k, color)| class(*k, color, format!("at least {k} times as dense")));
    Legend {
        property: Some("factor"),
        title: "Density beside that of the other period".to_owned(),
        unit: "times as dense",
        classes: down.chain(up).collect(),
        none: None,
    }
}
