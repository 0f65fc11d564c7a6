//! How concentrated incidents are: a row for each share of them, beside chance and beside other cities.

use super::answer::AnswerError;
use super::blocks::Among;
use super::blocks::layer;
use super::change::refusal;
use super::ranking_told::origin_shares;
use super::{Ask, Feature, Layer, Legend, Value};
use crate::engine::ranking::Scoring;
use crate::engine::snapshot::Snapshot;
use crate::rank::concentration::{Concentration, DRAWS, Holding, LAW, Reallocation};

/// The concentration report.
///
/// # Errors
///
/// [`AnswerError`] for an unknown category or area, or where there are no incidents.
pub(super) fn concentration(snapshot: &Snapshot, ask: &Ask, scoring: &Scoring) -> Result<Layer, AnswerError> {
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let chance = Reallocation { draws: DRAWS, seed: scoring.seed };
    let found =
        snapshot.concentration(&selection, scoring, among.blocks.as_deref(), chance).map_err(refusal)?;
    let features: Vec<Feature> = found.holding.iter().map(row).collect();
    let (matched, features) = ask.page.cut(features);
    let mut parameters = told(&found, scoring, chance);
    let shares = origin_shares(snapshot, &selection, scoring, among.blocks.as_deref());
    parameters.push(("origin_shares", shares.map_err(|error| refusal(error.into()))?));
    parameters.extend(among.told());
    let legend = Legend {
        property: None,
        title: "Concentration of incidents".to_owned(),
        unit: "share of blocks",
        classes: Vec::new(),
        none: None,
    };
    Ok(layer(snapshot, ask, &selection, matched, features, legend, parameters))
}

fn row(held: &Holding) -> Feature {
    let law = LAW.iter().find(|(level, ..)| *level == held.level);
    let of_law = |end: Option<f64>| end.map_or(Value::Null, |share| Value::rounded(share, 4));
    Feature {
        id: format!("share-{}", held.level * 100.0),
        geometry: None,
        properties: vec![
            ("share_of_incidents", Value::rounded(held.level, 4)),
            ("blocks", Value::count(held.blocks)),
            ("share_of_blocks", Value::rounded(held.share, 6)),
            ("share_of_blocks_by_chance", Value::rounded(held.by_chance, 6)),
            ("marginal", Value::rounded(held.marginal, 6)),
            ("law_lo", of_law(law.map(|law| law.1))),
            ("law_hi", of_law(law.map(|law| law.2))),
        ],
    }
}

fn told(found: &Concentration, scoring: &Scoring, chance: Reallocation) -> Vec<(&'static str, Value)> {
    let point = |(x, y): &(f64, f64)| Value::List(vec![Value::rounded(*x, 6), Value::rounded(*y, 6)]);
    vec![
        ("view", Value::text("concentration")),
        ("by", Value::text(scoring.by.word())),
        ("blocks", Value::count(found.blocks)),
        ("blocks_with_incidents", Value::count(found.with_incidents)),
        ("incidents_in_blocks", Value::count(found.incidents)),
        ("gini", Value::rounded(found.gini, 6)),
        ("generalized_gini", Value::rounded(found.generalized_gini, 6)),
        ("generalized_gini_by_chance", Value::rounded(found.generalized_gini_by_chance, 6)),
        (
            "chance",
            Value::text(
                "every incident thrown anew, each block equally likely; marginal: share of blocks by chance less share of blocks",
            ),
        ),
        ("draws", Value::count(chance.draws)),
        ("seed", Value::count(chance.seed)),
        (
            "law",
            Value::text(
                "law_lo to law_hi: street segments that held as much in the cities of Weisburd (2015), for comparison",
            ),
        ),
        ("lorenz", Value::List(found.lorenz.iter().map(point).collect())),
    ]
}
