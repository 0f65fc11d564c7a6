//! A comparison of two densities as a surface: its cells for a raster, its fields for pictures.

use super::Ask;
use super::density::DensityLayerError;
use super::density_change::{Against, DOWN, Sides, UP, words};
use super::raster::{Cells, Raster};
use crate::analysis::density::dual::Comparison;
use crate::analysis::density::kde::Density;
use crate::engine::density_ask::DensityAsk;
use crate::engine::density_dual::{ChangeAnswer, ChangeFields};
use crate::engine::query::Query;
use crate::engine::snapshot::Snapshot;

/// The comparison in every cell, as the layer of cells tells it; nothing where neither density has anything.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub(super) fn change_raster(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    against: &Against,
) -> Result<Raster, DensityLayerError> {
    let sides = Sides::of(snapshot, ask, against)?;
    let (result, _) = sides.fields(snapshot, against, with)?;
    let description = description(&ask.query, &sides, with, &result);
    Ok(Raster { cells: Cells::Some { grid: result.grid, values: result.values }, description })
}

/// A field with the lowest value of each of its classes, ascending, and their colors.
pub(super) type Classed = (Density, Vec<(f64, &'static str)>);

/// The two fields of a comparison with the classes of its outlines, as these lie upon each other, and what they are made of.
///
/// # Errors
///
/// As [`change_raster`].
pub(super) fn change_fields(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    against: &Against,
) -> Result<([Classed; 2], String), DensityLayerError> {
    let sides = Sides::of(snapshot, ask, against)?;
    let (result, ChangeFields { up, down, levels }) = sides.fields(snapshot, against, with)?;
    let classes = |colors: [&'static str; 3]| levels.iter().copied().zip(colors).collect();
    let description = description(&ask.query, &sides, with, &result);
    Ok(([(up, classes(UP)), (down, classes(DOWN))], description))
}

/// What a comparison is made of, in words.
fn description(now: &Query, sides: &Sides, with: &DensityAsk, result: &ChangeAnswer) -> String {
    let (compared, floor) = words(result.comparison);
    let unit = match result.comparison {
        Comparison::Difference => ", incidents per km2 and day",
        _ => "",
    };
    let side = |query: &Query, nth: usize| {
        let period = query.period.map_or_else(|| "all time".to_owned(), |period| period.to_string());
        let categories =
            if query.categories.is_empty() { "all".to_owned() } else { query.categories.join(", ") };
        format!("{} incidents of {period} ({categories}; {} days)", result.incidents[nth], sides.days[nth])
    };
    let weights =
        result.weighed.as_ref().map_or_else(String::new, |told| format!("; weighed by {}", told.by.word()));
    let (kernel, bandwidth) = (result.params.kernel, result.params.bandwidth);
    let mut letters = compared.chars();
    let begin = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!(
        "{}{}{unit}: {} beside {}; {} kernel, bandwidth {}, standard deviation {}, cells of {}; {}; edge correction: {}{weights}{}; no value where neither has anything",
        begin.map_or_else(String::new, String::from),
        letters.as_str(),
        side(now, 0),
        side(&sides.query, 1),
        kernel.name(),
        bandwidth.to_millimetres(),
        kernel.sigma(bandwidth).to_millimetres(),
        with.cell,
        with.method.name(),
        with.edge.word(),
        floor.map_or_else(String::new, |floor| format!("; {floor}")),
    )
}
