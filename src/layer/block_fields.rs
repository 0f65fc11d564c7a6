//! What a ranked block is told by: its place, its score with what is known of it, its size.

use std::collections::HashMap;

use super::{Feature, Value, significant};
use crate::aggregate::addresses::Addresses;
use crate::engine::counts::small::FEWEST;
use crate::engine::ranking::{RankedBlock, split};
use crate::engine::snapshot::Snapshot;
use crate::model::areas::AreaLayer;
use crate::model::block::{Block, BlockId};
use crate::model::dataset::HeldPlace;
use crate::model::exposure::{Exposure, exposure};
use crate::model::period::local_date;
use crate::model::report::Unit;
use crate::space::shape::Shape;

/// Digits of scores and rates.
const DIGITS: i32 = 6;

pub(super) fn feature(
    snapshot: &Snapshot,
    row: &RankedBlock,
    addresses: &Addresses,
    held: &HashMap<BlockId, usize>,
    (days, divided, protected): (i64, bool, bool),
) -> Feature {
    let data = snapshot.dataset();
    let block = &data.block_set.blocks[row.block.0 as usize];
    let zone = data.sources.first().map(|s| &s.zone);
    // The day of one of a few protected offenses tells of a victim.
    let few = protected && row.count.incidents() < u64::from(FEWEST);
    let latest =
        row.count.latest.filter(|_| !few).zip(zone).and_then(|(second, zone)| local_date(second, zone));
    let exposure = exposure(block, days);
    let incidents = Value::count(row.count.incidents());
    let number = |n: Option<f64>| n.map_or(Value::Null, |n| Value::rounded(n, 3));
    let place = row.position.as_ref();
    let rate = |rate: f64| if row.exposure.is_some() { digits(rate) } else { Value::Null };
    Feature {
        id: block.id.clone(),
        geometry: shape(&block.lonlat),
        properties: vec![
            ("rank", row.rank.map_or(Value::Null, Value::count)),
            ("rank_lo", place.map_or(Value::Null, |place| Value::count(place.lo))),
            ("rank_hi", place.map_or(Value::Null, |place| Value::count(place.hi))),
            ("rank_mean", place.map_or(Value::Null, |place| Value::rounded(place.mean, 1))),
            ("p_top_n", place.map_or(Value::Null, |place| Value::rounded(place.p_top_n, 3))),
            ("tied_with", Value::count(row.tied_with)),
            ("group", row.group.map_or(Value::Null, Value::count)),
            ("name", Value::text(block.name.clone())),
            ("kind", Value::text(block.kind.word())),
            ("areas", areas(&data.areas, block)),
            ("incidents", incidents.clone()),
            ("victims", reports_of(Unit::Victim, snapshot, row)),
            ("offenses", reports_of(Unit::Offense, snapshot, row)),
            ("score", score(snapshot, row, divided)),
            ("rate_per_km_year", per_km_year(row, &exposure)),
            ("rate_mean", rate(row.expected)),
            ("rate_lo", rate(row.lo)),
            ("rate_hi", rate(row.hi)),
            ("reports", Value::count(row.count.reports)),
            ("latest", latest.map_or(Value::Null, |day| Value::text(day.to_string()))),
            ("top_address_share", number(addresses.top_address_share)),
            ("n_addresses", Value::count(addresses.n_addresses)),
            ("held", Value::count(held.get(&row.block).copied().unwrap_or(0))),
            ("observed_days", Value::rounded(exposure.days, 0)),
            ("length_m", exposure.length.map_or(Value::Null, |l| Value::rounded(l.0, 1))),
            ("area_km2", exposure.area.map_or(Value::Null, |a| Value::rounded(a.0, 6))),
            ("households", number(exposure.residents.households)),
            ("population", number(exposure.residents.population)),
        ],
    }
}

/// A number of six digits.
pub(super) fn digits(number: f64) -> Value {
    if number.is_finite() { Value::Float(significant(number, DIGITS)) } else { Value::Null }
}

/// What decides: whole where incidents are, with parts where they are split, else a number.
fn score(snapshot: &Snapshot, row: &RankedBlock, divided: bool) -> Value {
    match (divided, split(snapshot.dataset())) {
        (true, _) if row.exposure.is_none() => Value::Null,
        (true, _) => digits(row.score),
        (false, true) => Value::rounded(row.score, 3),
        (false, false) => Value::count(row.count.incidents()),
    }
}

/// Reports of a block's incidents, where all sources count victims or all count offenses; null where one counts something else.
fn reports_of(unit: Unit, snapshot: &Snapshot, row: &RankedBlock) -> Value {
    let sources = &snapshot.dataset().sources;
    let all = !sources.is_empty() && sources.iter().all(|source| source.unit == unit);
    if all { Value::count(row.count.reports) } else { Value::Null }
}

/// Incidents a km of street and year, as observed; null without length or time.
fn per_km_year(row: &RankedBlock, exposure: &Exposure) -> Value {
    let km_years = exposure.length.map(|length| length.0 / 1_000.0 * exposure.years());
    km_years.filter(|of| *of > 0.0).map_or(Value::Null, |of| digits(row.count.parts() / of))
}

/// A shape, where there is one: a block known from addresses alone may have none.
pub(super) fn shape(of: &Shape) -> Option<Shape> {
    use geo::CoordsIter;
    (of.coords_count() > 0).then(|| of.clone())
}

/// The names of the areas that a block lies in, by kind; a kind without any has an empty list.
pub(super) fn areas(layers: &[AreaLayer], block: &Block) -> Value {
    let of = |layer: &AreaLayer| {
        let names = block.areas.get(&layer.kind).into_iter().flatten();
        (layer.kind.word(), Value::List(names.cloned().map(Value::Text).collect()))
    };
    Value::Map(layers.iter().map(of).collect())
}

pub(super) fn held_place(snapshot: &Snapshot, number: usize, place: &HeldPlace) -> Value {
    let block = place.block.map(|b| snapshot.dataset().block_set.blocks[b.0 as usize].id.clone());
    Value::Map(vec![
        ("id", Value::text(format!("place-{number}"))),
        ("name", Value::text(place.name.clone())),
        ("incidents", Value::count(place.incidents)),
        ("reports", Value::count(place.reports)),
        ("held", Value::count(place.held)),
        ("reason", Value::text(place.reason.clone())),
        ("lon", Value::rounded(place.at.lon(), 7)),
        ("lat", Value::rounded(place.at.lat(), 7)),
        ("block", block.into()),
    ])
}
