//! Problem places: ranked addresses, for analysts at the command line alone; no collection over HTTP has them.

use super::blocks::Among;
use super::made::made;
use super::{Ask, Feature, Layer, Legend, Value};
use crate::engine::areas::WithinError;
use crate::engine::problem_places::{ProblemPlaces, ProblemPlacesError, RankedPlace};
use crate::engine::ranking::Scoring;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::model::period::local_date;
use crate::rank::score::By;

/// The rule of ties, as every answer states it.
const TIES: &str =
    "the score, then the latest incident first, then the order of the blocks in their file, then the address";

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemPlacesLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// Addresses cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] ProblemPlacesError),
}

/// Addresses with incidents, the first first.
///
/// # Errors
///
/// [`ProblemPlacesLayerError`] for an unknown category or area, or a scoring that addresses do not have.
pub fn problem_places(
    snapshot: &Snapshot,
    ask: &Ask,
    scoring: &Scoring,
) -> Result<Layer, ProblemPlacesLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let ranked = snapshot.problem_places(&ask.query, &selection, scoring, among.blocks.as_deref())?;
    let (matched, page) = ask.page.cut(ranked.rows.iter().collect::<Vec<_>>());
    let features = page.into_iter().map(|row| feature(snapshot, row)).collect();
    let mut parameters = told(&ranked, scoring);
    if scoring.by == By::Harm {
        let table = snapshot.dataset().harm.as_ref().map(|table| table.name().to_owned());
        parameters.extend(super::ranking_told::harm(table, &ranked.barred, &ranked.without_weight));
    }
    parameters.extend(among.told());
    let legend = Legend {
        property: None,
        title: "Addresses".to_owned(),
        unit: "incidents",
        classes: Vec::new(),
        none: None,
    };
    Ok(made("addresses", snapshot, ask, &selection, (matched, features), legend, parameters))
}

fn told(ranked: &ProblemPlaces, scoring: &Scoring) -> Vec<(&'static str, Value)> {
    let differ = match ranked.fit {
        None if scoring.by == By::Harm => {
            "not estimated: how many addresses had none of a class is not known, so that no place is drawn"
        }
        None => "nothing to estimate from",
        Some(fit) if fit.differ => {
            "gamma, fitted to counts from 1 on: how many addresses had none is not known"
        }
        Some(_) => "no evidence that addresses differ: their order is chance",
    };
    vec![
        ("by", Value::text(scoring.by.word())),
        ("top", Value::count(scoring.top_n)),
        ("ties", Value::text(TIES)),
        ("rates", Value::text(differ)),
        ("draws", scoring.draws.filter(|_| ranked.fit.is_some()).map_or(Value::Null, Value::count)),
        ("seed", Value::count(scoring.seed)),
        ("addresses", Value::count(ranked.rows.len())),
        ("incidents", Value::count(ranked.incidents)),
        (
            "left_out",
            Value::Map(vec![
                ("sexual_domestic_child_unmapped", Value::count(ranked.sensitive)),
                ("no_house_number", Value::count(ranked.no_house)),
                ("places_moved_by_the_source", Value::count(ranked.moved)),
            ]),
        ),
    ]
}

fn feature(snapshot: &Snapshot, row: &RankedPlace) -> Feature {
    let data = snapshot.dataset();
    let (place, at) = (&row.place, row.position.as_ref());
    let block = &data.block_set.blocks[place.block.0 as usize];
    let point = data.incidents.lonlat(place.example);
    let name = data.incidents.address(place.example).filter(|_| place.house).map(str::to_owned);
    let name = name.or_else(|| point.map(|at| format!("{:.5}, {:.5}", at.lon(), at.lat())));
    let zone = &data.sources[usize::from(data.incidents.source(place.example))].zone;
    let latest = local_date(place.latest, zone);
    Feature {
        id: format!("address-{}", row.rank),
        geometry: point.map(|at| geo::Point::new(at.lon(), at.lat()).into()),
        properties: vec![
            ("rank", Value::count(row.rank)),
            ("rank_lo", at.map_or(Value::Null, |place| Value::count(place.lo))),
            ("rank_hi", at.map_or(Value::Null, |place| Value::count(place.hi))),
            ("p_top_n", at.map_or(Value::Null, |place| Value::rounded(place.p_top_n, 3))),
            ("tied_with", Value::count(row.tied_with)),
            ("name", name.into()),
            ("block", Value::text(block.id.clone())),
            ("block_name", Value::text(block.name.clone())),
            ("incidents", Value::count(place.incidents)),
            ("score", Value::rounded(row.score, 6)),
            ("share_of_block", Value::rounded(row.share_of_block, 3)),
            ("latest", latest.map_or(Value::Null, |day| Value::text(day.to_string()))),
        ],
    }
}
