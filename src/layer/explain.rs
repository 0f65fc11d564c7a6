//! Why a block stands where it stands: the record behind its rank, and one sentence.

use super::made::{made, on_page};
use super::{Ask, Feature, Layer, Legend, Value};
use crate::analysis::hotspots::weights::NeighborsError;
use crate::engine::areas::{WithinError, blocks_within, named};
use crate::engine::explain::{Beside, ExplainError, Explained};
use crate::engine::named_block::NoBlock;
use crate::engine::ranking::{RankingError, Scoring};
use crate::engine::snapshot::Snapshot;
use crate::model::block::{Block, BlockId};
use crate::model::class::UnknownCategory;
use crate::model::report::Origin;
use crate::rank::explain::{CutOff, Evidence, ONE_PLACE, Quality, Week};
use crate::rank::peak::day_name;
use crate::rank::sentence::public_sentence;

/// How much a reader may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// An analyst at the command line: incidents of protected classes by class.
    Analyst,
    /// Anyone over HTTP, while there are no roles: protected classes together.
    Public,
}

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// There is no such block here.
    #[error(transparent)]
    Block(#[from] NoBlock),
    /// The block is not ranked with these areas.
    #[error(transparent)]
    Outside(ExplainError),
    /// Blocks cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// Who touches whom cannot be found.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
}

impl From<ExplainError> for ExplainLayerError {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Ranking(error) => Self::Ranking(error),
            ExplainError::Neighbors(error) => Self::Neighbors(error),
            outside @ ExplainError::NotWithin { .. } => Self::Outside(outside),
        }
    }
}

/// Names and values of what is told.
type Named = Vec<(&'static str, Value)>;

/// The records of some blocks, named by their ids or names, in this order.
///
/// # Errors
///
/// [`ExplainLayerError`] for an unknown block, category or area, or a ranking that these data cannot give.
pub fn explain(
    snapshot: &Snapshot,
    ask: &Ask,
    blocks: &[&str],
    scoring: &Scoring,
    detail: Detail,
) -> Result<Layer, ExplainLayerError> {
    let data = snapshot.dataset();
    let ids: Vec<BlockId> =
        blocks.iter().map(|block| snapshot.block_named(block)).collect::<Result<_, _>>()?;
    let selection = snapshot.select(&ask.query)?;
    let areas = named(data, &ask.within)?;
    let among = (!areas.is_empty()).then(|| blocks_within(data, &areas));
    let names: Vec<String> = areas.iter().map(|(_, name)| name.clone()).collect();
    let ranking = snapshot.ranking(&ask.query, &selection, scoring, among.as_deref())?;
    let telling = snapshot.telling(&ask.query, &selection, &ranking, &names)?;
    let explained = snapshot.explain(&ask.query, &selection, &ranking, &telling, &ids)?;
    let feature = |told: &Explained| {
        let place = &data.block_set.blocks[told.standing.block.0 as usize];
        Feature {
            id: place.id.clone(),
            geometry: super::block_fields::shape(&place.lonlat),
            properties: record(snapshot, told, place, scoring, detail),
        }
    };
    let page = on_page(ask, explained.iter().map(feature).collect());
    let mut parameters = super::ranking_told::told(snapshot, &ranking, snapshot.observed_days(&ask.query));
    if !areas.is_empty() {
        let names = areas.iter().map(|(kind, name)| Value::text(format!("{kind}:{name}")));
        parameters.push(("within", Value::List(names.collect())));
    }
    let legend = Legend {
        property: None,
        title: "The block".to_owned(),
        unit: "incidents",
        classes: Vec::new(),
        none: None,
    };
    Ok(made("explain", snapshot, ask, &selection, page, legend, parameters))
}

fn record(snapshot: &Snapshot, told: &Explained, place: &Block, scoring: &Scoring, detail: Detail) -> Named {
    let row = &told.standing;
    let at = row.position.as_ref();
    let public = public_sentence(row.rank, scoring.top_n, at.map(|place| place.p_top_n));
    let size = |n: Option<f64>, decimals| n.map_or(Value::Null, |n| Value::rounded(n, decimals));
    vec![
        ("sentence", Value::text(told.sentence.clone())),
        ("public_sentence", Value::text(public)),
        ("name", Value::text(place.name.clone())),
        ("kind", Value::text(place.kind.word())),
        ("areas", super::block_fields::areas(&snapshot.dataset().areas, place)),
        ("rank", row.rank.map_or(Value::Null, Value::count)),
        ("rank_lo", at.map_or(Value::Null, |place| Value::count(place.lo))),
        ("rank_hi", at.map_or(Value::Null, |place| Value::count(place.hi))),
        ("rank_mean", at.map_or(Value::Null, |place| Value::rounded(place.mean, 1))),
        ("p_top_n", at.map_or(Value::Null, |place| Value::rounded(place.p_top_n, 3))),
        ("top", Value::count(scoring.top_n)),
        ("tied_with", Value::count(row.tied_with)),
        ("incidents", parts(told.evidence.incidents)),
        ("gun_crimes", parts(told.evidence.gun_crimes)),
        ("known_shootings", shootings(snapshot, &told.evidence)),
        ("score", Value::rounded(row.score, 6)),
        ("times_city", told.against.map_or(Value::Null, |against| Value::rounded(against.ratio, 4))),
        (
            "times_city_expected",
            told.against.map_or(Value::Null, |against| Value::rounded(against.expected, 4)),
        ),
        ("by_class", by_class(snapshot, &told.evidence, detail)),
        ("by_origin", by_origin(&told.evidence)),
        ("by_year", by_year(&told.evidence)),
        ("peak_hours", told.evidence.week.peak.map_or(Value::Null, |peak| Value::text(peak.to_string()))),
        ("week", week(&told.evidence.week)),
        ("addresses", addresses(told)),
        (
            "exposure",
            Value::Map(vec![
                ("observed_days", Value::rounded(told.exposure.days, 0)),
                ("length_m", size(told.exposure.length.map(|l| l.0), 1)),
                ("area_km2", size(told.exposure.area.map(|a| a.0), 6)),
                ("households", size(told.exposure.residents.households, 3)),
                ("population", size(told.exposure.residents.population, 3)),
            ]),
        ),
        ("shrinkage", shrinkage(told, scoring)),
        ("neighbors", Value::List(told.neighbors.iter().map(|one| beside(snapshot, one)).collect())),
        ("cut_off", cut_off(snapshot, &told.cut_off)),
        ("data_quality", quality(&told.evidence.quality, &told.evidence.week, told.evidence.incidents)),
    ]
}

/// Incidents with the parts of those that are split: whole where they are.
fn parts(n: f64) -> Value {
    if n.fract() == 0.0 { Value::count(n as u64) } else { Value::rounded(n, 3) }
}

/// Null where no class of the data says that someone was shot: then nobody knows.
fn shootings(snapshot: &Snapshot, evidence: &Evidence) -> Value {
    use crate::model::category::Flags;
    let known = snapshot.dataset().classes.rows().iter().any(|class| class.flags.has(Flags::SHOOTING));
    if known { Value::count(evidence.shootings) } else { Value::Null }
}

/// Each incident in its leading class. Unmapped classes are together: what a source writes there may name persons.
fn by_class(snapshot: &Snapshot, evidence: &Evidence, detail: Detail) -> Value {
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
            ("incidents", parts(n)),
        ])
    };
    Value::List(rows.into_iter().map(row).collect())
}

fn by_origin(evidence: &Evidence) -> Value {
    let of = Origin::ALL.iter().zip(evidence.by_origin);
    Value::Map(of.map(|(origin, n)| (origin.word(), parts(n))).collect())
}

fn by_year(evidence: &Evidence) -> Value {
    let row = |of: &crate::rank::explain::OfYear| {
        Value::Map(vec![
            ("year", Value::Int(of.year.into())),
            ("incidents", parts(of.incidents)),
            ("observed_days", Value::count(of.observed_days)),
        ])
    };
    Value::List(evidence.by_year.iter().map(row).collect())
}

fn week(week: &Week) -> Value {
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

fn addresses(told: &Explained) -> Value {
    let share = told.addresses.top_address_share;
    Value::Map(vec![
        ("n_addresses", Value::count(told.addresses.n_addresses)),
        ("top_address_share", share.map_or(Value::Null, |share| Value::rounded(share, 3))),
        ("one_problem_place", Value::Bool(told.one_problem_place)),
        ("threshold", Value::Float(ONE_PLACE)),
    ])
}

fn shrinkage(told: &Explained, scoring: &Scoring) -> Value {
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

fn name(snapshot: &Snapshot, block: BlockId) -> [(&'static str, Value); 2] {
    let block = &snapshot.dataset().block_set.blocks[block.0 as usize];
    [("block", Value::text(block.id.clone())), ("name", Value::text(block.name.clone()))]
}

fn beside(snapshot: &Snapshot, one: &Beside) -> Value {
    let mut told = vec![("rank", one.rank.map_or(Value::Null, Value::count))];
    told.extend(name(snapshot, one.block));
    told.push(("incidents", parts(one.incidents)));
    Value::Map(told)
}

fn cut_off(snapshot: &Snapshot, cut: &CutOff) -> Value {
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

fn quality(quality: &Quality, week: &Week, incidents: f64) -> Value {
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
