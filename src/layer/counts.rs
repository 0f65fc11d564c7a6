//! Counts of incidents as rows: features without a shape.

use super::answer::AnswerError;
use super::made::made;
use super::{Ask, Feature, Layer, Legend, LegendClass, Page, Value};
use crate::engine::counts::axis::Axis;
use crate::engine::counts::keys::{Key, NoArea};
use crate::engine::counts::small::FEWEST;
use crate::engine::counts::window::Span;
use crate::engine::counts::{Before, Compare, CountRow, CountsError, CrossCounts, LEAST_BASE, Pair};
use crate::engine::over_time::LEVEL;
use crate::engine::params::counts::{COMPARE, COUNT_BY, COUNT_PERIOD};
use crate::engine::params::values::Values;
use crate::engine::query::Tally;
use crate::engine::snapshot::Snapshot;

/// Counts as the values ask for them, all cells of them: a part would not add up.
pub(super) fn counts_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let compare = values.text(&COMPARE).map(str::parse::<Compare>).transpose();
    let compare =
        compare.map_err(|why| AnswerError::Unusable { parameter: COMPARE.wire, why: Box::new(why) })?;
    let by = values.count_by();
    let found = snapshot.cross_counts(&ask.query, &ask.within, &by, compare).map_err(refusal)?;
    let features: Vec<Feature> = found.rows.iter().map(|row| feature(row, &by, &found)).collect();
    let mut ask = Ask { page: Page::ALL, ..ask.clone() };
    if found.before.is_some() {
        // What is told of the counted incidents is told of those alone.
        ask.query.period = Some(found.span.period());
    }
    let selection = snapshot.select(&ask.query)?;
    let legend = Legend {
        property: None,
        title: "Counts".to_owned(),
        unit: "incidents",
        classes: vec![LegendClass { from: None, to: None, color: "#5b6b82", label: "cell".to_owned() }],
        none: None,
    };
    let told = told(&found, values);
    let n = features.len();
    let mut layer = made("counts", snapshot, &ask, &selection, (n, features), legend, told);
    if let Some(before) = &found.before {
        layer.warn(left_out(before, found.span));
    }
    if !ask.within.is_empty() {
        in_no_area(&snapshot.tally(&selection)).into_iter().for_each(|warning| layer.warn(warning));
    }
    Ok(layer)
}

/// That no row is of what happened before the first observed day, with the period that counts it.
fn left_out(before: &Before, span: Span) -> String {
    let n = before.incidents.map_or_else(|| "A few".to_owned(), |n| n.to_string());
    format!(
        "{n} incidents are from before {}, when the data begin: no row is of them, for nobody observed those days; --period {}/{} counts them too",
        span.first, before.span.first, span.last
    )
}

/// That incidents without a place can be in no area, with how many there are.
fn in_no_area(tally: &Tally) -> Option<String> {
    let unlocated: usize = tally.unlocated.values().sum();
    let others = tally.unassigned + tally.held;
    (unlocated + others > 0).then(|| {
        format!(
            "{unlocated} of {} incidents have no usable place and {others} are in no block or held: whether they happened in these areas is not known, and they are not counted here",
            tally.incidents
        )
    })
}

/// Which parameter is at fault.
fn refusal(error: CountsError) -> AnswerError {
    let parameter = match error {
        CountsError::Category(error) => return error.into(),
        CountsError::Within(error) => return error.into(),
        CountsError::NoIncidents | CountsError::Outside { .. } | CountsError::NoPeriod => COUNT_PERIOD.wire,
        CountsError::OtherDates { .. } | CountsError::Incomplete { .. } | CountsError::Overlap { .. } => {
            COMPARE.wire
        }
        _ => COUNT_BY.wire,
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}

fn feature(row: &CountRow, by: &[Axis], found: &CrossCounts) -> Feature {
    let mut properties = Vec::new();
    for (axis, key) in by.iter().zip(&row.keys) {
        properties.push((axis.word(), value(key)));
        if matches!(axis, Axis::Area(_)) {
            let place = if let Key::NoArea(why) = key { why.word() } else { "area" };
            properties.push(("place", Value::text(place)));
        }
    }
    properties.push(("incidents", row.incidents.map_or(Value::Null, Value::count)));
    if found.withheld.is_some() {
        properties.push(("withheld", Value::Bool(row.incidents.is_none())));
    }
    if by.iter().any(|axis| matches!(axis, Axis::Calendar(_))) {
        properties.push(("complete", row.complete.map_or(Value::Null, Value::Bool)));
    }
    if let Some(pair) = &row.compared {
        beside(&mut properties, CHANGE, pair);
    }
    if let Some([month, year]) = &row.lately {
        beside(&mut properties, LAST_28_DAYS, month);
        beside(&mut properties, YEAR_TO_DATE, year);
    }
    let id: Vec<String> = row.keys.iter().map(text).collect();
    let id = if id.is_empty() { "all".to_owned() } else { id.join("|") };
    Feature { id, geometry: None, properties }
}

/// Names of the columns of a pair: now, before, ratio, its ends, percent, note.
type Columns = [&'static str; 7];

const CHANGE: Columns = [
    "compared",
    "compared_before",
    "change_ratio",
    "change_lo",
    "change_hi",
    "change_percent",
    "change_note",
];

const LAST_28_DAYS: Columns = [
    "last_28_days",
    "last_28_days_year_ago",
    "last_28_days_ratio",
    "last_28_days_lo",
    "last_28_days_hi",
    "last_28_days_percent",
    "last_28_days_note",
];

const YEAR_TO_DATE: Columns = [
    "year_to_date",
    "year_to_date_year_ago",
    "year_to_date_ratio",
    "year_to_date_lo",
    "year_to_date_hi",
    "year_to_date_percent",
    "year_to_date_note",
];

fn beside(properties: &mut Vec<(&'static str, Value)>, columns: Columns, pair: &Pair) {
    let number = |n: Option<f64>, decimals| n.map_or(Value::Null, |n| Value::rounded(n, decimals));
    let count = |n: Option<u64>| n.map_or(Value::Null, Value::count);
    let ratio = pair.ratio;
    properties.extend(columns.into_iter().zip([
        count(pair.now),
        count(pair.before),
        number(ratio.and_then(|r| r.ratio), 4),
        number(ratio.map(|r| r.lo), 4),
        number(ratio.and_then(|r| r.hi), 4),
        number(pair.percent, 1),
        pair.note.map_or(Value::Null, Value::text),
    ]));
}

fn value(key: &Key) -> Value {
    match key {
        Key::Name(name) => Value::text(name.clone()),
        Key::Word(word) => Value::text(*word),
        Key::Hour(hour) => Value::Int(i64::from(*hour)),
        Key::Start(unit, day) => Value::text(unit.label(*day)),
        Key::NoArea(_) | Key::Unknown => Value::Null,
    }
}

/// A key within an id.
fn text(key: &Key) -> String {
    match key {
        Key::Name(name) => name.clone(),
        Key::Word(word) => (*word).to_owned(),
        Key::Hour(hour) => format!("{hour:02}"),
        Key::Start(unit, day) => unit.label(*day),
        Key::NoArea(why) => format!("({})", why.word()),
        Key::Unknown => "(unknown)".to_owned(),
    }
}

fn told(found: &CrossCounts, values: &Values) -> Vec<(&'static str, Value)> {
    let span = |span: Span| Value::text(span.to_string());
    let by = values.count_by().iter().map(|axis| Value::text(axis.word())).collect();
    let mut told = vec![
        ("by", Value::List(by)),
        ("area_kind", found.kind.map_or(Value::Null, |kind| Value::text(kind.word()))),
        ("counted", span(found.span)),
        ("compare", values.text(&COMPARE).map_or(Value::Null, Value::text)),
        ("not_complete", found.not_complete.map_or(Value::Null, span)),
    ];
    if let Some(before) = &found.before {
        told.extend([
            ("left_out_before", span(before.span)),
            ("incidents_left_out_before", before.incidents.map_or(Value::Null, Value::count)),
        ]);
    }
    if let Some([now, before]) = found.compared {
        told.extend([("compared", span(now)), ("compared_before", span(before))]);
    }
    if let Some([[month, month_ago], [year, year_ago]]) = found.lately {
        told.extend([
            ("last_28_days", span(month)),
            ("last_28_days_year_ago", span(month_ago)),
            ("year_to_date", span(year)),
            ("year_to_date_year_ago", span(year_ago)),
        ]);
    }
    told.extend([
        (
            "change",
            Value::text(
                "ratio of incidents per observed day with its exact conditional interval (Clopper–Pearson), each row by itself, nothing shrunk",
            ),
        ),
        ("interval", Value::rounded(LEVEL, 3)),
        (
            "percent",
            Value::text(format!("told on a base of {LEAST_BASE} or more; notes say why something is not told")),
        ),
        (
            "counting",
            Value::text(
                "distinct incidents that begin in the period, each once: in the area of its block, under its most serious selected category; held ones count, but in no area",
            ),
        ),
    ]);
    if let Some(cells) = found.withheld {
        told.push(("withheld_cells", Value::count(cells)));
        told.push((
            "withheld",
            Value::text(format!(
                "cells of an area with 1 to {} incidents that are all sexual, domestic or child offenses, and others where these would follow from the sum; they are counted under place `{}`; each answer is guarded by itself, and layers of areas are not",
                FEWEST - 1,
                NoArea::Withheld.word()
            )),
        ));
    }
    told
}
