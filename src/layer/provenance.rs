//! What made a layer: parameters, period, counts, CRS.

use super::incomplete::{incomplete, unobserved};
use super::{Ask, Value};
use crate::engine::query::Tally;
use crate::engine::snapshot::Snapshot;
use crate::model::block::SEGMENTS;
use crate::model::link::several_feeds;

/// The member with what must be said of any layer, a sentence each.
pub(super) const WARNINGS: &str = "warnings";

/// The same members for every layer, its own parameters among them.
pub(super) fn provenance(
    layer: &'static str,
    snapshot: &Snapshot,
    ask: &Ask,
    tally: &Tally,
    parameters: Vec<(&'static str, Value)>,
) -> Vec<(&'static str, Value)> {
    let data = snapshot.dataset();
    let period = ask.query.period.map_or(Value::Null, |p| Value::text(p.to_string()));
    let categories = ask.query.categories.iter().cloned().map(Value::Text).collect();
    vec![
        ("layer", Value::text(layer)),
        ("title", Value::text(data.title.clone())),
        ("generation", Value::count(snapshot.generation())),
        ("block_set", Value::text(data.block_set.name)),
        ("crs", Value::text(data.crs.to_string())),
        ("time_zone", Value::text(zone(snapshot))),
        ("sources", Value::List(data.sources.iter().map(|s| Value::text(s.name.clone())).collect())),
        ("period", period),
        ("data_period", data_period(snapshot)),
        ("complete_until", snapshot.complete_until().map_or(Value::Null, |day| Value::text(day.to_string()))),
        (
            WARNINGS,
            Value::List(
                unobserved(snapshot, tally)
                    .into_iter()
                    .chain(incomplete(snapshot, tally))
                    .map(Value::Text)
                    .collect(),
            ),
        ),
        ("linked", linked(snapshot)),
        (
            "category",
            if ask.query.categories.is_empty() { Value::text("all") } else { Value::List(categories) },
        ),
        ("counts", counts(tally)),
        ("assignment", Value::text(data.assigned.rule.clone())),
        ("assigned_by", assigned_by(snapshot)),
        ("intersections", on_streets(snapshot, Value::text(data.placing.intersections.word()))),
        ("geocode", on_streets(snapshot, Value::Bool(data.placing.geocode))),
        ("near_boundary", Value::count(data.assigned.near_boundary)),
        ("parameters", Value::Map(parameters)),
    ]
}

fn zone(snapshot: &Snapshot) -> String {
    let first = snapshot.dataset().sources.first();
    first.and_then(|s| s.zone.iana_name()).unwrap_or("UTC").to_owned()
}

/// First and last local date of all incidents, as a period.
fn data_period(snapshot: &Snapshot) -> Value {
    snapshot.dates().map_or(Value::Null, |(first, last)| Value::text(format!("{first}/{last}")))
}

/// How many of all incidents each rule assigned; nothing where blocks are no streets.
fn assigned_by(snapshot: &Snapshot) -> Value {
    let by = snapshot.dataset().assigned.by_rule.named();
    on_streets(snapshot, Value::Map(by.map(|(rule, n)| (rule, Value::count(n))).into()))
}

/// What is only said where blocks are streets.
fn on_streets(snapshot: &Snapshot, value: Value) -> Value {
    if snapshot.dataset().block_set.name == SEGMENTS { value } else { Value::Null }
}

/// Events of other feeds that were joined to a firmer one; null where there is one feed or no rule.
fn linked(snapshot: &Snapshot) -> Value {
    let data = snapshot.dataset();
    match &data.link_rule {
        Some(rule) if several_feeds(&data.sources) => {
            Value::Map(vec![("events", Value::count(data.linked)), ("rule", Value::text(rule.clone()))])
        }
        _ => Value::Null,
    }
}

fn counts(tally: &Tally) -> Value {
    let unlocated = tally.unlocated.iter().map(|(reason, &n)| (*reason, Value::count(n))).collect();
    Value::Map(vec![
        ("incidents", Value::count(tally.incidents)),
        ("reports", Value::count(tally.reports)),
        ("after_complete_until", Value::count(tally.after_complete)),
        ("before_observed", Value::count(tally.before_observed)),
        ("in_blocks", Value::count(tally.in_blocks)),
        ("unassigned", Value::count(tally.unassigned)),
        ("held", Value::count(tally.held)),
        ("geocoded", Value::count(tally.geocoded)),
        ("unlocated", Value::Map(unlocated)),
    ])
}
