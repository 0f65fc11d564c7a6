//! The parts of a block's record, one after the other.

use super::Value;
use super::explain::{Detail, Named};
use crate::engine::explain::{Beside, Explained};
use crate::engine::over_time::Trends;
use crate::engine::ranking::Scoring;
use crate::engine::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::report::Origin;
use crate::rank::change::Way;
use crate::rank::explain::{CutOff, Evidence, ONE_PLACE, Quality, Week};
use crate::rank::peak::day_name;
use crate::rank::trend::FEWEST_PERIODS;

/// Null where no class of the data says that someone was shot: then nobody knows.
pub(super) fn shootings(snapshot: &Snapshot, evidence: &Evidence) -> Value {
    if snapshot.dataset().classes.tell_shootings() { Value::count(evidence.shootings) } else { Value::Null }
}

/// Each incident in its leading class. Unmapped classes are together: what a source writes there may name persons.
pub(super) fn by_class(snapshot: &Snapshot, evidence: &Evidence, detail: Detail) -> Value {
    let classes = &snapshot.dataset().classes;
    let (mut rows, mut protected, mut unmapped) = (Vec::new(), 0.0, 0.0);
    for of in &evidence.by_class {
        let class = classes.get(of.class);
        let category = class.category.map(|at| classes.tree().rows()[at].name.clone());
        match category {
            None => unmapped += of.incidents,
            Some(_) if class.flags.protected() && detail == Detail::Public => protected += of.incidents,
            Some(category) => rows.push((category, class.label.clone(), of.incidents)),
        }
    }
    if protected > 0.0 {
        let label = "Sexual, domestic and child offenses, together".to_owned();
        rows.push(("protected".to_owned(), label, protected));
    }
    if unmapped > 0.0 {
        let label = "Classes that are in no category yet".to_owned();
        rows.push((crate::model::category::UNKNOWN.to_owned(), label, unmapped));
    }
    let row = |(category, label, n): (String, String, f64)| {
        Value::Map(vec![
            ("category", Value::Text(category)),
            ("label", Value::Text(label)),
            ("incidents", Value::incidents(n, 3)),
        ])
    };
    Value::List(rows.into_iter().map(row).collect())
}

pub(super) fn by_origin(evidence: &Evidence) -> Value {
    let of = Origin::ALL.iter().zip(evidence.by_origin);
    Value::Map(of.map(|(origin, n)| (origin.word(), Value::incidents(n, 3))).collect())
}

pub(super) fn by_year(evidence: &Evidence) -> Value {
    let row = |of: &crate::rank::explain::OfYear| {
        Value::Map(vec![
            ("year", Value::Int(of.year.into())),
            ("incidents", Value::incidents(of.incidents, 3)),
            ("observed_days", Value::count(of.observed_days)),
        ])
    };
    Value::List(evidence.by_year.iter().map(row).collect())
}

pub(super) fn week(week: &Week) -> Value {
    let hours = |day: usize| {
        let hours = week.hours[day * 24..(day + 1) * 24].iter();
        (day_name(day), Value::List(hours.map(|&n| Value::rounded(n, 2)).collect()))
    };
    let mut told: Named = (0..7).map(hours).collect();
    told.extend([
        ("incidents", Value::count(week.incidents)),
        ("imprecise", Value::count(week.imprecise)),
        ("left_out", Value::count(week.left_out)),
        ("peak_p", week.peak.map_or(Value::Null, |peak| Value::rounded(peak.p, 6))),
        ("peak_incidents", week.peak.map_or(Value::Null, |peak| Value::count(peak.incidents))),
    ]);
    Value::Map(told)
}

pub(super) fn addresses(told: &Explained) -> Value {
    let share = told.addresses.top_address_share;
    Value::Map(vec![
        ("n_addresses", Value::count(told.addresses.n_addresses)),
        ("top_address_share", share.map_or(Value::Null, |share| Value::rounded(share, 3))),
        ("one_problem_place", Value::Bool(told.one_problem_place)),
        ("threshold", Value::Float(ONE_PLACE)),
    ])
}

pub(super) fn shrinkage(told: &Explained, scoring: &Scoring) -> Value {
    let Some(of) = told.shrinkage else { return Value::Null };
    Value::Map(vec![
        ("unit", Value::text(scoring.per.unit())),
        ("raw_rate", Value::rounded(of.raw, 6)),
        ("city_mean", Value::rounded(of.city, 6)),
        ("rate_mean", Value::rounded(of.mean, 6)),
        ("rate_lo", Value::rounded(told.standing.lo, 6)),
        ("rate_hi", Value::rounded(told.standing.hi, 6)),
        ("own_weight", of.weight.map_or(Value::Null, |weight| Value::rounded(weight, 4))),
    ])
}

pub(super) fn trend(trends: &Trends, block: BlockId) -> Value {
    let at = block.0 as usize;
    let found = trends.blocks.as_ref().map(|blocks| blocks[at]);
    let persistent = trends.persistent.as_ref().map(|shares| shares[at]);
    let emerging = trends.emerging.as_ref().and_then(|patterns| patterns[at].clone());
    Value::Map(vec![
        ("trend", Value::text(found.map_or(Way::CannotTell, |found| found.way).word())),
        ("trend_q", found.map_or(Value::Null, |found| Value::rounded(found.q, 6))),
        ("trend_by", Value::text(trends.by.word())),
        ("whole_periods", Value::count(trends.periods.len())),
        ("least_periods", Value::count(FEWEST_PERIODS)),
        ("persistent", persistent.map_or(Value::Null, |share| Value::rounded(share, 4))),
        ("emerging", emerging.into()),
    ])
}

fn name(snapshot: &Snapshot, block: BlockId) -> [(&'static str, Value); 2] {
    let block = &snapshot.dataset().block_set.blocks[block.0 as usize];
    [("block", Value::text(block.id.clone())), ("name", Value::text(block.name.clone()))]
}

pub(super) fn beside(snapshot: &Snapshot, one: &Beside) -> Value {
    let mut told = vec![("rank", one.rank.map_or(Value::Null, Value::count))];
    told.extend(name(snapshot, one.block));
    told.push(("incidents", Value::incidents(one.incidents, 3)));
    Value::Map(told)
}

pub(super) fn cut_off(snapshot: &Snapshot, cut: &CutOff) -> Value {
    let near = |near: &crate::rank::explain::Near| {
        let mut told = vec![("rank", Value::count(near.rank))];
        told.extend(name(snapshot, near.block));
        told.extend([
            ("score", Value::rounded(near.score, 6)),
            ("p_top_n", near.p_top_n.map_or(Value::Null, |p| Value::rounded(p, 3))),
            ("tied", Value::Bool(near.tied)),
        ]);
        Value::Map(told)
    };
    Value::Map(vec![
        ("top", Value::count(cut.top_n)),
        ("tied_in", Value::count(cut.tied_in)),
        ("tied_out", Value::count(cut.tied_out)),
        ("blocks", Value::List(cut.blocks.iter().map(near).collect())),
    ])
}

/// Shares from which on a flag is said aloud.
const MUCH: f64 = 0.2;

pub(super) fn quality(quality: &Quality, week: &Week, incidents: f64) -> Value {
    let share = |n: u32, of: u32| if of == 0 { None } else { Some(f64::from(n) / f64::from(of)) };
    let near = share(quality.near_boundary, quality.placed);
    let geocoded = share(quality.geocoded, quality.placed);
    let unlocated = share(quality.unlocated, quality.of_classes);
    let imprecise = share(week.imprecise, week.incidents);
    let percent = |share: Option<f64>| format!("{:.0} %", 100.0 * share.unwrap_or_default());
    let much = |share: Option<f64>| share.is_some_and(|share| share >= MUCH);
    let flags = [
        (
            incidents > 0.0 && incidents < 5.0,
            "fewer than five incidents: its place is mostly chance".to_owned(),
        ),
        (
            much(near),
            format!("{} within 10 m of a boundary: a nudge would move them to another block", percent(near)),
        ),
        (much(geocoded), format!("{} were put here by their address, not by coordinates", percent(geocoded))),
        (
            quality.held > 0,
            format!("{} at a held place, not counted until someone confirms them", quality.held),
        ),
        (
            unlocated.is_some_and(|share| share > 1.0 - crate::quality::share::LEAST_LOCATED),
            format!(
                "{} of all incidents of its classes have no place, so that counts are too low somewhere",
                percent(unlocated)
            ),
        ),
        (
            quality.after_horizon > 0,
            format!(
                "{} after the day until which the data are complete: the last weeks will grow",
                quality.after_horizon
            ),
        ),
        (much(imprecise), format!("{} have a day but no hour", percent(imprecise))),
        (
            week.left_out > 0,
            format!(
                "{} sexual, domestic, child or unmapped offenses are counted but left out of the hours",
                week.left_out
            ),
        ),
    ];
    let number = |share: Option<f64>| share.map_or(Value::Null, |share| Value::rounded(share, 3));
    Value::Map(vec![
        (
            "flags",
            Value::List(flags.into_iter().filter(|(is, _)| *is).map(|(_, said)| Value::Text(said)).collect()),
        ),
        ("near_boundary_share", number(near)),
        ("geocoded_share", number(geocoded)),
        ("held", Value::count(quality.held)),
        ("located_share", number(unlocated.map(|share| 1.0 - share))),
        ("after_horizon", Value::count(quality.after_horizon)),
        ("imprecise_share", number(imprecise)),
    ])
}
