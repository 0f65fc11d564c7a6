//! Why a block stands where it stands: the record behind its rank, and one sentence.

use super::blocks::Among;
use super::explain_fields as fields;
use super::made::{made, on_page};
use super::{Ask, Feature, Layer, Legend, Value};
use crate::analysis::hotspots::weights::NeighborsError;
use crate::engine::areas::WithinError;
use crate::engine::explain::{ExplainError, Explained};
use crate::engine::named_block::NoBlock;
use crate::engine::over_time::{TrendBy, Trends};
use crate::engine::ranking::{RankingError, Scoring};
use crate::engine::snapshot::Snapshot;
use crate::model::block::{Block, BlockId};
use crate::model::class::UnknownCategory;
use crate::rank::score::Sharing;
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
pub(super) type Named = Vec<(&'static str, Value)>;

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
    trend_by: TrendBy,
    detail: Detail,
) -> Result<Layer, ExplainLayerError> {
    let data = snapshot.dataset();
    let ids: Vec<BlockId> =
        blocks.iter().map(|block| snapshot.block_named(block)).collect::<Result<_, _>>()?;
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let ranking = among.ranking(snapshot, &ask.query, &selection, scoring)?;
    let telling = snapshot.telling(&ask.query, &selection, &ranking, &among.names());
    let explained = snapshot.explain(&ask.query, &selection, &ranking, &telling, &ids)?;
    // A trend is of whole incidents, each counted alike; harm, rates and parts of incidents have none.
    let whole = Scoring { half_life: None, share: Sharing::None, ..*scoring };
    let trends = snapshot.trends(&ask.query, trend_by, &whole).ok();
    let feature = |told: &Explained| {
        let place = &data.block_set.blocks[told.standing.block.0 as usize];
        Feature {
            id: place.id.clone(),
            geometry: super::block_fields::shape(&place.lonlat),
            properties: record(snapshot, told, place, scoring, (trends.as_ref(), detail)),
        }
    };
    let page = on_page(ask, explained.iter().map(feature).collect());
    let mut parameters = super::ranking_told::told(snapshot, &ranking, snapshot.observed_days(&ask.query));
    parameters.extend(among.told());
    let legend = Legend {
        property: None,
        title: "The block".to_owned(),
        unit: "incidents",
        classes: Vec::new(),
        none: None,
    };
    Ok(made("explain", snapshot, ask, &selection, page, legend, parameters))
}

fn record(
    snapshot: &Snapshot,
    told: &Explained,
    place: &Block,
    scoring: &Scoring,
    (trends, detail): (Option<&Trends>, Detail),
) -> Named {
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
        ("incidents", Value::incidents(told.evidence.incidents, 3)),
        ("gun_crimes", Value::incidents(told.evidence.gun_crimes, 3)),
        ("known_shootings", fields::shootings(snapshot, &told.evidence)),
        ("score", Value::rounded(row.score, 6)),
        ("times_city", told.against.map_or(Value::Null, |against| Value::rounded(against.ratio, 4))),
        (
            "times_city_expected",
            told.against.map_or(Value::Null, |against| Value::rounded(against.expected, 4)),
        ),
        ("by_class", fields::by_class(snapshot, &told.evidence, detail)),
        ("by_origin", fields::by_origin(&told.evidence)),
        ("by_year", fields::by_year(&told.evidence)),
        ("peak_hours", told.evidence.week.peak.map_or(Value::Null, |peak| Value::text(peak.to_string()))),
        ("week", fields::week(&told.evidence.week)),
        ("addresses", fields::addresses(told)),
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
        ("shrinkage", fields::shrinkage(told, scoring)),
        ("trend", trends.map_or(Value::Null, |trends| fields::trend(trends, row.block))),
        ("neighbors", Value::List(told.neighbors.iter().map(|one| fields::beside(snapshot, one)).collect())),
        ("cut_off", fields::cut_off(snapshot, &told.cut_off)),
        (
            "data_quality",
            fields::quality(&told.evidence.quality, &told.evidence.week, told.evidence.incidents),
        ),
    ]
}
