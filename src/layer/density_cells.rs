//! Density as the cells of its surface.

use geo::Polygon;

use super::density::{DENSITY, DensityLayerError, Drawing, STANDARD_ERROR, surface, warn_of_bound};
use super::made::made;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::density_ask::DensityAsk;
use crate::engine::density_statistics::DensityAnswer;
use crate::engine::snapshot::Snapshot;
use crate::space::crs::CrsError;

/// Colors of thirds of the peak.
const COLORS: [&str; 3] = ["#ede7f5", "#cdbade", "#b985bd"];

/// The cells in which the density is above 0, row by row from the south-west.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub(super) fn density_cells(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    drawing: Drawing,
) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let alone = DensityAsk { levels: Vec::new(), ..with.clone() };
    let result = snapshot.density_with(&selection, ask.query.period, &alone)?;
    let above = (0..result.density.per_km2.len()).filter(|&at| result.density.per_km2[at] > 0.0);
    // Shapes are made for the page alone: a surface may have millions of cells.
    let mut touched = Vec::new();
    for at in above {
        if ask.page.bbox.is_none() || ask.page.touches(&cell(snapshot, &result, at)?.into()) {
            touched.push(at);
        }
    }
    let (matched, page) = ask.page.cut(touched);
    let one = |at| feature(snapshot, &result, at, drawing);
    let features = page.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let parameters = surface(&alone, &result, drawing);
    let legend = legend(&result, drawing);
    let mut layer = made("density", snapshot, ask, &selection, (matched, features), legend, parameters);
    warn_of_bound(&mut layer, with, &result);
    Ok(layer)
}

/// A cell's outline in degrees.
fn cell(snapshot: &Snapshot, result: &DensityAnswer, at: usize) -> Result<Polygon, CrsError> {
    let grid = result.density.grid;
    snapshot.dataset().crs.shape_from_local(&grid.outline(at % grid.n_cols, at / grid.n_cols))
}

fn feature(
    snapshot: &Snapshot,
    result: &DensityAnswer,
    at: usize,
    drawing: Drawing,
) -> Result<Feature, CrsError> {
    let (col, row) = (at % result.density.grid.n_cols, at / result.density.grid.n_cols);
    let density = drawing.scale(result.density.per_km2[at]);
    let mut properties = vec![(drawing.name(DENSITY), Value::rounded(density, 6))];
    if let Some(error) = &result.standard_error {
        let error = drawing.scale(error.per_km2[at]);
        properties.push((drawing.name(STANDARD_ERROR), Value::rounded(error, 6)));
    }
    Ok(Feature {
        id: format!("density-cell-{col}-{row}"),
        geometry: Some(cell(snapshot, result, at)?.into()),
        properties,
    })
}

/// The lowest value of each class per km², ascending, and its color: what is above 0, and the thirds of the peak.
pub(super) fn classes(result: &DensityAnswer) -> Vec<(f64, &'static str)> {
    let peak = result.standard_error.as_ref().unwrap_or(&result.density).peak();
    let from = |third: usize| if third == 0 { f64::MIN_POSITIVE } else { peak * third as f64 / 3.0 };
    COLORS.into_iter().enumerate().map(|(third, color)| (from(third), color)).collect()
}

/// Thirds of the peak.
fn legend(result: &DensityAnswer, drawing: Drawing) -> Legend {
    let (told, title, shown) = match &result.standard_error {
        None => (DENSITY, "Density of incidents", &result.density),
        Some(error) => (STANDARD_ERROR, "Standard error of the density", error),
    };
    let peak = drawing.scale(shown.peak());
    let class = |(third, color): (usize, &'static str)| {
        let [from, to] = [third, third + 1].map(|n| peak * n as f64 / 3.0);
        LegendClass { from: Some(from), to: Some(to), color, label: format!("{from:.0} to {to:.0}") }
    };
    Legend {
        property: Some(drawing.name(told)),
        title: title.to_owned(),
        unit: drawing.name(["incidents per km²", "incidents per square mile"]),
        classes: COLORS.into_iter().enumerate().map(class).collect(),
        none: None,
    }
}
