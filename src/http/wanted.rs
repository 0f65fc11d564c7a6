//! What a request for features wants, beside what its operation makes: time, box, condition, order, fields, CRS, state.

use std::sync::Arc;

use geo::BoundingRect;

use super::crs::Crs;
use super::problem::Problem;
use super::query;
use super::state::AppState;
use crate::engine::params::choosing::{
    BBOX_CRS, CHOOSING, CRS, FILTER, FILTER_CRS, PROPERTIES, SNAPSHOT, SORTBY,
};
use crate::engine::params::outreach::{AS_OF, BRIEF, CAPACITY, DELAY, LIST, REVIEW};
use crate::engine::params::table::{BBOX, Operation, PERIOD, Param};
use crate::engine::params::values::{BadValue, Values};
use crate::engine::snapshot::Snapshot;
use crate::layer::Page;
use crate::layer::choose::Choice;
use crate::layer::cql2::{FilterError, rectangle};
use crate::layer::outreach_answer::asks_review;
use crate::model::datetime::{Datetime, DatetimeError};
use crate::model::period::Period;
use crate::model::report::Source;
use crate::space::bbox::LonLatBox;
use crate::space::printed::PRINTED;

/// All that a request asks for, checked.
pub(super) struct Wanted {
    /// Values of the operation's parameters and of the form, without the defaults.
    pub(super) given: Values,
    /// The same with the defaults, for the operation.
    pub(super) values: Values,
    pub(super) page: Page,
    pub(super) choice: Choice,
    pub(super) crs: Crs,
    pub(super) snapshot: Arc<Snapshot>,
}

/// Name and value of everything in the query.
type Pairs = Vec<(String, String)>;

/// Reads a query; `plainly` are all features and no page of them. `anew` is where to begin when its state is gone.
pub(super) fn wanted(
    state: &AppState,
    operation: &Operation,
    pairs: &Pairs,
    plainly: bool,
    anew: &str,
) -> Result<Wanted, Problem> {
    let snapshot = snapshot(state, pairs, anew)?;
    let mut choice = Choice::all(operation, snapshot.dataset());
    let mut pairs = pairs.clone();
    choice.during = datetime(&mut pairs, &snapshot)?;
    let shape = bbox(&mut pairs, &snapshot)?;
    let given =
        if plainly { query::check_for_files(operation, &pairs) } else { query::check(operation, &pairs) }?;
    query::bounded(&given, &state.defaults)?;
    let refused = |param: &Param| {
        let name = param.wire;
        move |why: FilterError| Problem::parameter(name, &why)
    };
    shape.into_iter().for_each(|(shape, slack)| choice.touches(shape, slack));
    for (name, text) in &pairs {
        if let Some(param) = query::queryables(operation).iter().find(|param| param.wire == name) {
            choice.equals(name, text, snapshot.dataset()).map_err(refused(param))?;
        }
    }
    let of_filter = Crs::read(&FILTER_CRS, given.text(&FILTER_CRS), &snapshot)?;
    if let Some(text) = given.text(&FILTER) {
        let slack = of_filter.slack();
        choice.filter(text, &|x, y| of_filter.to_degrees(x, y), slack).map_err(refused(&FILTER))?;
    }
    if let Some(text) = given.text(&SORTBY) {
        choice.sort_by(text).map_err(refused(&SORTBY))?;
    }
    if let Some(text) = given.text(&PROPERTIES) {
        choice.properties(text).map_err(refused(&PROPERTIES))?;
    }
    let crs = Crs::read(&CRS, given.text(&CRS), &snapshot)?;
    let page = if plainly { Page { bbox: given.bbox, ..Page::ALL } } else { query::page(&given) };
    let values = values(state, operation, &given, &snapshot)?;
    Ok(Wanted { given, values, page, choice, crs, snapshot })
}

/// Values for the operation: what was given for it, else what is configured.
pub(super) fn values(
    state: &AppState,
    operation: &Operation,
    given: &Values,
    snapshot: &Snapshot,
) -> Result<Values, Problem> {
    // What chooses among features is not the operation's.
    let mut own = given.without(&CHOOSING).without(query::queryables(operation));
    if !operation.params.contains(&PERIOD) {
        own.period = None;
    }
    with_configured(state, operation, own, snapshot)
}

/// What is given for an operation, and what is configured where nothing is.
pub(super) fn with_configured(
    state: &AppState,
    operation: &Operation,
    given: Values,
    snapshot: &Snapshot,
) -> Result<Values, Problem> {
    // A list that is kept is shown as it is, whatever capacity is configured for the first one.
    let kept =
        operation.collection == LIST.collection && !asks_review(&given) && snapshot.outreach().is_some();
    let mut values =
        if kept { given.or(&state.defaults.without(&[CAPACITY, REVIEW])) } else { given.or(&state.defaults) };
    if operation.collection == BRIEF.collection {
        keep_back(&mut values, snapshot)?;
    }
    Ok(values)
}

/// Holds a brief to days that are over: the agency's delay counts back from the end of its day, so that a later one
/// would undo it.
fn keep_back(values: &mut Values, snapshot: &Snapshot) -> Result<(), Problem> {
    let Some(hours) = values.number(&DELAY).filter(|&hours| hours > 0.0) else { return Ok(()) };
    let now = jiff::Timestamp::now();
    let today = |source: &Source| now.to_zoned(source.zone.clone()).date();
    let Some(over) = snapshot.dataset().sources.iter().map(today).min().and_then(|day| day.yesterday().ok())
    else {
        return Ok(());
    };
    match values.date(&AS_OF) {
        Some(day) if day > over => {
            let mend = format!(
                "shootings are kept back for {hours} hours, counted from the end of a day that is over: give {over} or an earlier one"
            );
            Err(Problem::agency(BadValue { name: AS_OF.wire.to_owned(), value: day.to_string(), mend }))
        }
        None if snapshot.complete_until().is_some_and(|day| day > over) => {
            Ok(values.set_wire(&AS_OF, &over.to_string())?)
        }
        _ => Ok(()),
    }
}

/// The state of the data that is asked for, else the newest.
pub(super) fn snapshot(state: &AppState, pairs: &Pairs, anew: &str) -> Result<Arc<Snapshot>, Problem> {
    match value(pairs, &SNAPSHOT) {
        None => Ok(state.open()),
        Some(name) => state.opened(name, Some(anew)),
    }
}

/// Takes the time as OGC clients write it and leaves the local dates that it touches, for analyses go by whole days.
pub(super) fn datetime(pairs: &mut Pairs, snapshot: &Snapshot) -> Result<Option<Datetime>, Problem> {
    let Some((_, text)) = pairs.iter_mut().find(|(name, _)| name == PERIOD.wire) else { return Ok(None) };
    let time: Datetime = text.parse().map_err(|why: DatetimeError| Problem::parameter(PERIOD.wire, &why))?;
    let zone =
        snapshot.dataset().sources.first().map_or(jiff::tz::TimeZone::UTC, |source| source.zone.clone());
    if let Some(period) = time.period_in(&zone) {
        // A zone may put the first instants of the year 0 on a day before it, which has no text.
        let least = jiff::civil::date(0, 1, 1);
        let [first, last] = [period.first(), period.last()].map(|day| day.map(|day| day.max(least)));
        *text = Period::new(first, last).map_or_else(|_| period.to_string(), |period| period.to_string());
    }
    Ok(Some(time))
}

/// Takes a box of another CRS and leaves the box of degrees around it; what is given back is its true shape with its slack.
fn bbox(pairs: &mut Pairs, snapshot: &Snapshot) -> Result<Option<(geo::Geometry, f64)>, Problem> {
    let crs = Crs::read(&BBOX_CRS, value(pairs, &BBOX_CRS), snapshot)?;
    let slack = crs.slack();
    let Some((_, text)) = pairs.iter_mut().find(|(name, _)| name == BBOX.wire) else { return Ok(None) };
    if crs == Crs::Crs84 {
        return Ok(None);
    }
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse::<f64>()).collect();
    let numbers = numbers.ok().filter(|numbers| numbers.iter().all(|number| number.is_finite()));
    let bad =
        |why: &str| Problem::parameter(BBOX.wire, &format!("`{text}` is no box of {}: {why}", crs.uri()));
    let numbers = numbers.ok_or_else(|| bad("give four numbers separated by commas"))?;
    let shape = rectangle(&numbers, &|x, y| crs.to_degrees(x, y)).map_err(bad)?;
    let around = shape.bounding_rect().ok_or_else(|| bad("it is empty"))?;
    let (west, east) = match &shape {
        // Two parts beside the 180th meridian.
        geo::Geometry::MultiPolygon(parts) => {
            let edge = |part: &geo::Polygon| part.bounding_rect();
            let edges: Vec<geo::Rect> = parts.iter().filter_map(edge).collect();
            (edges[0].min().x, edges[edges.len() - 1].max().x)
        }
        _ => (around.min().x, around.max().x),
    };
    let area = LonLatBox { west, south: around.min().y, east, north: around.max().y };
    // What only nearly touches the shape, and is printed beside, lies outside of the box that is tight around it.
    let area = area.padded(if slack > 0.0 { slack + PRINTED } else { 0.0 });
    let (lon, lat) = (|x: f64| x.clamp(-180.0, 180.0), |y: f64| y.clamp(-90.0, 90.0));
    *text = format!("{},{},{},{}", lon(area.west), lat(area.south), lon(area.east), lat(area.north));
    Ok(Some((shape, slack)))
}

/// The state of the data that a query names.
pub(super) fn pinned(pairs: &Pairs) -> Option<&str> {
    value(pairs, &SNAPSHOT)
}

fn value<'a>(pairs: &'a Pairs, param: &Param) -> Option<&'a str> {
    pairs.iter().find(|(name, _)| name == param.wire).map(|(_, text)| text.as_str())
}
