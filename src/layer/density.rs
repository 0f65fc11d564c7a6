//! Density as contours: by share of the incidents, by multiples of the mean, by area.

use geo::{Coord, MapCoords};

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::bandwidth::Chosen;
use crate::analysis::density::kde::KdeParams;
use crate::engine::density_ask::{DensityAsk, DensityError, Outline};
use crate::engine::density_statistics::{DensityAnswer, DensityContour};
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::Local;
use crate::space::crs::CrsError;

/// Colors of the levels, the largest region first; pale, so that blocks stay readable above them.
const COLORS: [&str; 3] = ["#e7e1f2", "#cfc1de", "#c294c1"];

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DensityLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The parameters cannot be used.
    #[error(transparent)]
    Density(#[from] DensityError),
    /// A contour could not be brought to degrees.
    #[error("a contour cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Contours, the largest first, so that it is drawn below.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub fn density(snapshot: &Snapshot, ask: &Ask, with: &DensityAsk) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.density_with(&selection, ask.query.period, with)?;
    let features = result
        .contours
        .iter()
        .map(|contour| feature(snapshot, contour, &result, with))
        .collect::<Result<Vec<_>, _>>()?;
    let matching = features.into_iter().filter(|f| f.geometry.as_ref().is_some_and(|g| ask.page.touches(g)));
    let (matched, features) = ask.page.cut(matching.collect());
    let mut parameters = about(with, &result.params, result.chosen.as_ref());
    parameters.extend([
        ("contours", Value::text(with.outline.word())),
        ("method", Value::text("exact at the middle of each cell, linear between")),
        ("peak_per_km2", Value::rounded(result.density.peak(), 3)),
        ("incidents", Value::count(result.incidents)),
        ("half_life_days", with.half_life.map_or(Value::Null, |days| Value::rounded(days, 6))),
        ("weight", Value::rounded(result.weight, 6)),
        (
            "left_out",
            Value::text("sexual, domestic and child offenses, which are drawn in no shape but their block"),
        ),
        ("outside_study_area", Value::count(result.outside)),
    ]);
    Ok(Layer {
        name: "density",
        matched,
        features,
        legend: legend(with),
        notice: snapshot.dataset().notice.clone(),
        held_places: Vec::new(),
        provenance: provenance("density", snapshot, ask, &snapshot.tally(&selection), parameters),
    })
}

/// What every density tells of itself: kernel, bandwidth and who chose it, cell, edge.
pub(super) fn about(
    with: &DensityAsk,
    params: &KdeParams,
    chosen: Option<&Chosen>,
) -> Vec<(&'static str, Value)> {
    vec![
        ("kernel", Value::text(params.kernel.name())),
        ("bandwidth_m", Value::rounded(params.bandwidth.0, 3)),
        ("bandwidth_rule", chosen.map_or(Value::Null, |chosen| Value::text(chosen.rule.word()))),
        ("bandwidth_at_end", chosen.map_or(Value::Null, |chosen| Value::Bool(chosen.at_end))),
        ("sigma_m", Value::rounded(params.kernel.sigma(params.bandwidth).0, 3)),
        ("cell_m", Value::rounded(with.cell.0, 3)),
        ("edge", Value::text(with.edge.word())),
    ]
}

/// The property that has the level.
fn level_name(outline: Outline) -> &'static str {
    match outline {
        Outline::Share => "share",
        Outline::Mean => "times_mean",
        Outline::AreaShare => "area_share_asked",
        Outline::AreaKm2 => "area_km2_asked",
    }
}

fn feature(
    snapshot: &Snapshot,
    contour: &DensityContour,
    result: &DensityAnswer,
    with: &DensityAsk,
) -> Result<Feature, CrsError> {
    let crs = &snapshot.dataset().crs;
    let shape = contour
        .shape
        .try_map_coords(|at| crs.from_local(Local::from(at)).map(|p| Coord { x: p.lon(), y: p.lat() }))?;
    let params = result.params;
    let id = match with.outline {
        Outline::Share => format!("density-{}", whole(contour.level * 100.0)),
        other => format!("density-{}-{}", other.word(), contour.level),
    };
    Ok(Feature {
        id,
        geometry: Some(shape.into()),
        properties: vec![
            (level_name(with.outline), Value::Float(contour.level)),
            ("incidents_inside", Value::count(contour.inside)),
            ("incidents", Value::count(result.incidents)),
            ("share_inside", Value::rounded(contour.inside as f64 / result.incidents as f64, 6)),
            ("density_per_km2", Value::rounded(contour.per_km2, 6)),
            ("area_km2", Value::rounded(contour.area.0, 6)),
            ("area_share", Value::rounded(contour.area_share, 6)),
            ("kernel", Value::text(params.kernel.name())),
            ("bandwidth_m", Value::rounded(params.bandwidth.0, 3)),
            ("sigma_m", Value::rounded(params.kernel.sigma(params.bandwidth).0, 3)),
            ("cell_m", Value::rounded(with.cell.0, 3)),
        ],
    })
}

/// A number without the rounding of its last digits: 55.000000000000007 is 55.
fn whole(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

fn legend(with: &DensityAsk) -> Legend {
    let (title, unit) = match with.outline {
        Outline::Share => ("Smallest area that holds", "share of incidents"),
        Outline::Mean => ("Denser than the mean", "times the mean"),
        Outline::AreaShare => ("Densest part of the study area", "share of the area"),
        Outline::AreaKm2 => ("Densest area", "km²"),
    };
    let n = with.levels.len();
    let class = |(at, &level): (usize, &f64)| LegendClass {
        from: Some(level),
        to: Some(level),
        // Fewer levels take the darker colors, more share them.
        color: COLORS[if n > COLORS.len() { at * COLORS.len() / n } else { at + COLORS.len() - n }],
        label: match with.outline {
            Outline::Share => format!("{} % of the incidents", whole(level * 100.0)),
            Outline::Mean => format!("{level} times the mean"),
            Outline::AreaShare => format!("{} % of the area", whole(level * 100.0)),
            Outline::AreaKm2 => format!("{level} km²"),
        },
    };
    Legend {
        property: Some(level_name(with.outline)),
        title: title.to_owned(),
        unit,
        classes: with.levels.iter().enumerate().map(class).collect(),
        none: None,
    }
}
