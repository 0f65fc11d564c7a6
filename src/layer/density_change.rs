//! Where one density is higher or lower than another: of another period, or of other incidents.

use geo::Polygon;

use super::density::{DensityLayerError, about};
use super::made::{BOTH_WAYS, LEFT_OUT, made, on_page};
use super::weights::weights_told;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::dual::Comparison;
use crate::engine::density_ask::DensityAsk;
use crate::engine::density_dual::{Change, ChangeAnswer, ChangeFields, FACTORS, PARTS};
use crate::engine::query::{Query, Selection};
use crate::engine::snapshot::Snapshot;
use crate::model::period::Period;
use crate::space::crs::CrsError;

/// Colors of the three levels upwards, and of those downwards; where neither is reached.
pub(super) const UP: [&str; 3] = [BOTH_WAYS[4], BOTH_WAYS[5], BOTH_WAYS[6]];
pub(super) const DOWN: [&str; 3] = [BOTH_WAYS[2], BOTH_WAYS[1], BOTH_WAYS[0]];
const NEITHER: &str = BOTH_WAYS[3];

/// What a density is compared with, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Against {
    /// Another period; `None`: the same.
    pub period: Option<Period>,
    /// Other categories, none for all; `None`: the same.
    pub categories: Option<Vec<String>>,
    /// How.
    pub comparison: Comparison,
    /// Whether the cells are wanted instead of outlines.
    pub cells: bool,
}

/// Outlines of the places where the density of the query is 1.5, 2 and 3 times that of another period or of other categories,
/// or so much lower; of a difference at quarters of the largest; or the comparison in every cell.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub fn density_change(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    against: &Against,
) -> Result<Layer, DensityLayerError> {
    let sides = Sides::of(snapshot, ask, against)?;
    let days = sides.days;
    let result = if against.cells {
        sides.fields(snapshot, against, with)?.0
    } else {
        let (now, before) = sides.both();
        snapshot.density_change(now, before, against.comparison, with)?
    };
    let page = if against.cells {
        let mut touched = Vec::new();
        for at in (0..result.values.len()).filter(|&at| result.values[at].is_some()) {
            if ask.page.bbox.is_none() || ask.page.touches(&cell(snapshot, &result, at)?.into()) {
                touched.push(at);
            }
        }
        let (matched, page) = ask.page.cut(touched);
        let one = |at| cell_feature(snapshot, &result, at);
        (matched, page.into_iter().map(one).collect::<Result<Vec<_>, _>>()?)
    } else {
        let one = |change| feature(snapshot, change, &result, days);
        on_page(ask, result.changes.iter().map(one).collect::<Result<Vec<_>, _>>()?)
    };
    let mut parameters = about(with, &result.params, result.chosen.as_ref());
    let per_day = against.comparison != Comparison::LogRelativeRisk;
    let (compared, floor) = words(against.comparison);
    parameters.extend([
        ("comparison", Value::text(against.comparison.word())),
        ("compared", Value::text(compared)),
        ("floor", floor.map_or(Value::Null, Value::text)),
        (if per_day { "floor_per_km2_day" } else { "floor_per_km2" }, Value::rounded(result.floor, 9)),
        ("compare_period", sides.query.period.map_or(Value::Null, |period| Value::text(period.to_string()))),
        ("against", against.categories.as_ref().map_or(Value::Null, |names| names_of(names))),
        ("weights", weights_told(result.weighed.as_ref())),
        ("observed_days", Value::count(days[0])),
        ("observed_days_before", Value::count(days[1])),
        ("incidents", Value::count(result.incidents[0])),
        ("incidents_before", Value::count(result.incidents[1])),
        ("left_out", Value::text(LEFT_OUT)),
        ("study_area", Value::text(result.ground.words())),
        ("outside_study_area", Value::count(result.outside[0])),
        ("outside_study_area_before", Value::count(result.outside[1])),
    ]);
    let legend = legend(against, &result);
    Ok(made("density", snapshot, ask, &sides.now, page, legend, parameters))
}

/// What is compared with what.
pub(super) struct Sides {
    now: Selection,
    before: Selection,
    /// What the other is asked for with.
    pub(super) query: Query,
    /// Days on which a source had data, of the one and of the other.
    pub(super) days: [i64; 2],
}

impl Sides {
    /// Those of a request.
    ///
    /// # Errors
    ///
    /// [`DensityLayerError`] for an unknown category.
    pub(super) fn of(snapshot: &Snapshot, ask: &Ask, against: &Against) -> Result<Self, DensityLayerError> {
        let query = Query {
            period: against.period.or(ask.query.period),
            categories: against.categories.clone().unwrap_or_else(|| ask.query.categories.clone()),
            ..ask.query.clone()
        };
        Ok(Self {
            now: snapshot.select(&ask.query)?,
            before: snapshot.select(&query).map_err(DensityLayerError::Against)?,
            days: [snapshot.observed_days(&ask.query), snapshot.observed_days(&query)],
            query,
        })
    }

    fn both(&self) -> ((&Selection, i64), (&Selection, i64)) {
        ((&self.now, self.days[0]), (&self.before, self.days[1]))
    }

    /// The comparison in every cell, and the fields that its outlines are drawn from.
    ///
    /// # Errors
    ///
    /// [`DensityLayerError`] for parameters that cannot be used.
    pub(super) fn fields(
        &self,
        snapshot: &Snapshot,
        against: &Against,
        with: &DensityAsk,
    ) -> Result<(ChangeAnswer, ChangeFields), DensityLayerError> {
        let (now, before) = self.both();
        Ok(snapshot.density_change_fields(now, before, against.comparison, with)?)
    }
}

fn names_of(names: &[String]) -> Value {
    match names {
        [] => Value::text("all"),
        names => Value::List(names.iter().map(|name| Value::text(name.clone())).collect()),
    }
}

/// What is compared, and what is added to both.
pub(super) fn words(comparison: Comparison) -> (&'static str, Option<&'static str>) {
    const FLOOR: &str = "one incident of the other selection at its own place is added to both";
    match comparison {
        Comparison::LogRelativeRisk => {
            ("logarithm of the ratio of the densities, each of the part of its own incidents", Some(FLOOR))
        }
        Comparison::Difference => ("difference of the densities per observed day", None),
        _ => ("ratio of the densities per observed day", Some(FLOOR)),
    }
}

/// The property that has the comparison in a cell.
fn in_cell(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::LogRelativeRisk => "log_relative_risk",
        Comparison::Difference => "difference_per_km2_day",
        _ => "ratio",
    }
}

fn cell(snapshot: &Snapshot, result: &ChangeAnswer, at: usize) -> Result<Polygon, CrsError> {
    let grid = result.grid;
    snapshot.dataset().crs.shape_from_local(&grid.outline(at % grid.n_cols, at / grid.n_cols))
}

fn cell_feature(snapshot: &Snapshot, result: &ChangeAnswer, at: usize) -> Result<Feature, CrsError> {
    let (col, row) = (at % result.grid.n_cols, at / result.grid.n_cols);
    let value = result.values[at].map_or(Value::Null, |value| Value::rounded(value, 9));
    Ok(Feature {
        id: format!("density-cell-{col}-{row}"),
        geometry: Some(cell(snapshot, result, at)?.into()),
        properties: vec![(in_cell(result.comparison), value)],
    })
}

fn feature(
    snapshot: &Snapshot,
    change: &Change,
    result: &ChangeAnswer,
    days: [i64; 2],
) -> Result<Feature, CrsError> {
    let shape = snapshot.dataset().crs.shape_from_local(&change.shape)?;
    let way = if change.up { "up" } else { "down" };
    let sign = if change.up { 1.0 } else { -1.0 };
    let mut properties = vec![("change", Value::text(way))];
    let name = if result.comparison == Comparison::Difference {
        properties.push((in_cell(result.comparison), Value::rounded(sign * change.level, 9)));
        let part = PARTS.into_iter().rev().find(|part| part * largest(result) <= change.level * (1.0 + 1e-9));
        part.unwrap_or(change.level)
    } else {
        properties.push(("factor", Value::rounded(change.level.powf(sign), 6)));
        if result.comparison == Comparison::LogRelativeRisk {
            properties.push((in_cell(result.comparison), Value::rounded(sign * change.level.ln(), 9)));
        }
        change.level
    };
    properties.extend([
        ("incidents_inside", Value::count(change.now)),
        ("incidents_inside_before", Value::count(change.before)),
        ("observed_days", Value::count(days[0])),
        ("observed_days_before", Value::count(days[1])),
        ("area_km2", Value::rounded(change.area.0, 6)),
    ]);
    Ok(Feature { id: format!("change-{way}-{name}"), geometry: Some(shape.into()), properties })
}

/// The largest difference in either direction.
fn largest(result: &ChangeAnswer) -> f64 {
    result.values.iter().flatten().fold(0.0, |most, value| value.abs().max(most))
}

fn legend(against: &Against, result: &ChangeAnswer) -> Legend {
    let levels = match result.comparison {
        Comparison::Difference => PARTS.map(|part| part * largest(result)),
        Comparison::LogRelativeRisk if against.cells => FACTORS.map(f64::ln),
        _ => FACTORS,
    };
    let is_factor = result.comparison != Comparison::Difference;
    let (property, unit) = match result.comparison {
        _ if against.cells && is_factor => (in_cell(result.comparison), in_cell(result.comparison)),
        Comparison::Difference => (in_cell(result.comparison), "incidents per km² and day"),
        _ => ("factor", "times as dense"),
    };
    let classes = if against.cells {
        let below = levels.map(|k| if property == "ratio" { 1.0 / k } else { -k });
        let ends = result.values.iter().flatten();
        let (low, high) = ends.fold((below[2], levels[2]), |(low, high), v| (v.min(low), v.max(high)));
        let bounds = [low, below[2], below[1], below[0], levels[0], levels[1], levels[2], high];
        let colors = [DOWN[2], DOWN[1], DOWN[0], NEITHER, UP[0], UP[1], UP[2]];
        let class = |(pair, color): (&[f64], &'static str)| LegendClass {
            from: Some(pair[0]),
            to: Some(pair[1]),
            color,
            label: format!("{:.3} to {:.3}", pair[0], pair[1]),
        };
        bounds.windows(2).zip(colors).map(class).collect()
    } else {
        let class = |at: f64, color, label| LegendClass { from: Some(at), to: Some(at), color, label };
        let down = levels.iter().zip(DOWN).rev().map(|(k, color)| match is_factor {
            true => class((1e6 / k).round() / 1e6, color, format!("at most 1/{k} as dense")),
            false => class(-k, color, format!("at least {k:.3} lower")),
        });
        let up = levels.iter().zip(UP).map(|(k, color)| match is_factor {
            true => class(*k, color, format!("at least {k} times as dense")),
            false => class(*k, color, format!("at least {k:.3} higher")),
        });
        down.chain(up).collect()
    };
    let beside = match (against.period, &against.categories) {
        (Some(_), None) => "that of the other period",
        (None, _) => "that of the other categories",
        _ => "that of the other categories and period",
    };
    Legend { property: Some(property), title: format!("Density beside {beside}"), unit, classes, none: None }
}
