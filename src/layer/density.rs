//! Density as contours: by share of the incidents, by multiples of the mean, by area.

use super::made::{LEFT_OUT, made, on_page};
use super::raster::{Cells, Raster};
use super::weights::weights_told;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::bandwidth::Chosen;
use crate::analysis::density::kde::KdeParams;
use crate::analysis::density::method::Method;
use crate::engine::density_adaptive::{Adaptive, TRIM, Widths};
use crate::engine::density_ask::{DensityAsk, DensityError, Outline};
use crate::engine::density_statistics::{DensityAnswer, DensityContour};
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::Metres;
use crate::space::crs::CrsError;

/// Colors of the levels, the largest region first; pale, so that blocks stay readable above them.
const COLORS: [&str; 3] = ["#ede7f5", "#cdbade", "#b985bd"];

/// In what unit densities are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Per square mile instead of per km².
    pub per_mile: bool,
}

/// Square kilometres in a square mile.
const MILE: f64 = 2.589_988_110_336;

/// A density's property, by unit.
pub(super) const DENSITY: [&str; 2] = ["density_per_km2", "density_per_mi2"];

/// The property of its standard error.
pub(super) const STANDARD_ERROR: [&str; 2] = ["standard_error_per_km2", "standard_error_per_mi2"];

impl Drawing {
    /// A density per km² in the unit that is told.
    pub(super) fn scale(self, per_km2: f64) -> f64 {
        if self.per_mile { per_km2 * MILE } else { per_km2 }
    }

    /// The name of a property, by unit.
    pub(super) fn name(self, names: [&'static str; 2]) -> &'static str {
        names[usize::from(self.per_mile)]
    }
}

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DensityLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such category to compare with.
    #[error(transparent)]
    Against(UnknownCategory),
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
pub fn density(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    drawing: Drawing,
) -> Result<Layer, DensityLayerError> {
    if with.standard_error {
        return Err(DensityError::NoOutlines.into());
    }
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.density_with(&selection, ask.query.period, with)?;
    let (drawn, empty): (Vec<_>, Vec<_>) = result.contours.iter().partition(|one| !one.shape.0.is_empty());
    let features = drawn
        .into_iter()
        .map(|contour| feature(snapshot, contour, &result, with, drawing))
        .collect::<Result<Vec<_>, _>>()?;
    let page = on_page(ask, features);
    let mut parameters = surface(with, &result, drawing);
    parameters.push(("contours", Value::text(with.outline.word())));
    let mut layer = made("density", snapshot, ask, &selection, page, legend(with), parameters);
    for one in empty {
        layer.warn(format!(
            "nothing is outlined at the level {}: that is a density of {:.3} {per}, and the densest place has {:.3}",
            one.level,
            drawing.scale(one.per_km2),
            drawing.scale(result.density.peak()),
            per = drawing.name(["per km²", "per square mile"]),
        ));
    }
    warn_of_bound(&mut layer, with, &result);
    Ok(layer)
}

/// A bound of the error above this part of the peak is told of: outlines near it are the method's as much as the incidents'.
const LARGE_BOUND: f64 = 0.25;

/// Says where values may be far off, and with which cells they are not.
pub(super) fn warn_of_bound(layer: &mut Layer, with: &DensityAsk, result: &DensityAnswer) {
    let part = result.error.worst / result.density.peak().max(f64::MIN_POSITIVE);
    if with.method == Method::Exact || part <= LARGE_BOUND {
        return;
    }
    // The bound is about as wide as the cells.
    let cell = (with.cell.0 * LARGE_BOUND / part * 0.9 * 1e3).floor() / 1e3;
    layer.warn(format!(
        "counted in cells of {}, densities may be off by up to {:.0} % of the peak: cells of {} keep that near {:.0} %, and the mode `exact` has no such error",
        with.cell.to_millimetres(),
        100.0 * part,
        Metres(cell),
        100.0 * LARGE_BOUND,
    ));
}

/// The surface itself.
///
/// # Errors
///
/// As [`density`].
pub fn raster(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    drawing: Drawing,
) -> Result<Raster, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let alone = DensityAsk { levels: Vec::new(), ..with.clone() };
    let result = snapshot.density_with(&selection, ask.query.period, &alone)?;
    let description = description(&result, with, drawing);
    let density = result.standard_error.unwrap_or(result.density);
    Ok(Raster { cells: Cells::All { density, scale: drawing.scale(1.0) }, description })
}

/// What a surface is made of, in words.
pub(super) fn description(result: &DensityAnswer, with: &DensityAsk, drawing: Drawing) -> String {
    let (kernel, bandwidth) = (result.params.kernel, result.params.bandwidth);
    let (unit, scale) = (drawing.name(["km2", "mi2"]), drawing.scale(1.0));
    let decay = with.half_life.map_or_else(String::new, |days| format!("; half-life {days} days"));
    let what = if with.standard_error { "Standard error of the density" } else { "Density" };
    let weights =
        result.weighed.as_ref().map_or_else(String::new, |told| format!("; weighed by {}", told.by.word()));
    let kernels = result.widths.zip(with.adaptive).map_or_else(String::new, |(widths, how)| {
        format!(
            "; {}, {} to {}",
            how.word(),
            widths.smallest.to_millimetres(),
            widths.largest.to_millimetres()
        )
    });
    format!(
        "{what} of {} incidents per {unit}; {} kernel, bandwidth {}, standard deviation {}, cells of {}; {}, off by at most {:.1e}; edge correction: {}{kernels}{decay}{weights}",
        result.incidents,
        kernel.name(),
        bandwidth.to_millimetres(),
        kernel.sigma(bandwidth).to_millimetres(),
        with.cell,
        with.method.name(),
        result.error.worst * scale,
        with.edge.word(),
    )
}

/// What a surface tells of itself, and how far it may be off.
pub(super) fn surface(
    with: &DensityAsk,
    result: &DensityAnswer,
    drawing: Drawing,
) -> Vec<(&'static str, Value)> {
    let worst = drawing.scale(result.error.worst);
    let digits = if worst > 0.0 { (2 - worst.log10().floor() as i32).clamp(0, 300) } else { 0 };
    let mut all = about(with, &result.params, result.chosen.as_ref());
    all.extend([
        ("between_centers", Value::text("linear")),
        (drawing.name(["error_at_most_per_km2", "error_at_most_per_mi2"]), Value::rounded(worst, digits)),
        (
            drawing.name(["peak_per_km2", "peak_per_mi2"]),
            Value::rounded(drawing.scale(result.density.peak()), 3),
        ),
        ("incidents", Value::count(result.incidents)),
        ("half_life_days", with.half_life.map_or(Value::Null, |days| Value::rounded(days, 6))),
        ("weights", weights_told(result.weighed.as_ref())),
        ("weight", Value::rounded(result.weight, 6)),
        ("adaptive", with.adaptive.map_or(Value::Null, |how| Value::text(how.word()))),
        ("widths", result.widths.as_ref().map_or(Value::Null, |used| widths(with, used))),
        ("left_out", Value::text(LEFT_OUT)),
        ("study_area", Value::text(result.ground.words())),
        ("outside_study_area", Value::count(result.outside)),
    ]);
    all
}

/// The bandwidths of the incidents, where each has its own.
fn widths(with: &DensityAsk, used: &Widths) -> Value {
    let metres = |length: Metres| Value::rounded(length.0, 3);
    let rule = match with.adaptive {
        Some(Adaptive::MinimumSample(n)) => ("sample", Value::count(n)),
        _ => ("trim", Value::Float(TRIM)),
    };
    Value::Map(vec![
        rule,
        ("smallest_m", metres(used.smallest)),
        ("median_m", metres(used.median)),
        ("largest_m", metres(used.largest)),
        ("raised_to_two_cells", Value::count(used.raised)),
    ])
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
        ("method", Value::text(with.method.name())),
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
    drawing: Drawing,
) -> Result<Feature, CrsError> {
    let shape = snapshot.dataset().crs.shape_from_local(&contour.shape)?;
    let params = result.params;
    let weight_share = contour.weight / result.weight.max(f64::MIN_POSITIVE);
    let weight_share = result.weighed.as_ref().map_or(Value::Null, |_| Value::rounded(weight_share, 6));
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
            ("weight_share_inside", weight_share),
            (drawing.name(DENSITY), Value::rounded(drawing.scale(contour.per_km2), 6)),
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

pub(super) fn legend(with: &DensityAsk) -> Legend {
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
