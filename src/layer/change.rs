//! Ranked blocks over time: what has changed since another period, trends, and how steady the list is.

use super::answer::AnswerError;
use super::block_fields::{areas, shape};
use super::blocks::Among;
use super::blocks::layer;
use super::blocks_answer::unusable;
use super::ranking_told::origin_shares;
use super::touching::Touching;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::over_time::{Compared, LEVEL, OverTimeError, Trends, whole};
use crate::engine::params::density::COMPARE_PERIOD;
use crate::engine::params::ranking::BY;
use crate::engine::params::table::PERIOD;
use crate::engine::params::values::Values;
use crate::engine::query::Query;
use crate::engine::ranking::Scoring;
use crate::engine::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::rank::change::{How, Way};
use crate::rank::order::{Ranked, TIE_RULE, rank};
use crate::rank::stability::{PERSISTENCE, RESAMPLES, inclusion, jaccard, rbo};
use crate::rank::trend::{FEWEST_PERIODS, Q_AT_MOST};

/// Blocks in the order of their incidents with what has become of each since the other period.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub(super) fn change(
    snapshot: &Snapshot,
    ask: &Ask,
    scoring: &Scoring,
    values: &Values,
) -> Result<Layer, AnswerError> {
    let before = values.other_period(&COMPARE_PERIOD).ok_or(AnswerError::NotGiven(COMPARE_PERIOD))?;
    let by = values.trend_by();
    let among = Among::of(snapshot, ask)?;
    let every = || (0u32..).zip(&snapshot.dataset().block_set.blocks).map(|(at, _)| BlockId(at)).collect();
    let blocks: Vec<BlockId> = among.blocks.clone().unwrap_or_else(every);
    let compared = snapshot.compared(&ask.query, before, scoring).map_err(refusal)?;
    let trends = snapshot.trends(&ask.query, by, scoring).map_err(refusal)?;
    let top_n = usize::try_from(scoring.top_n).unwrap_or(usize::MAX);
    let list = List::of(&compared, &blocks, top_n, scoring.seed);
    let used = Ask { query: Query { period: Some(compared.now), ..ask.query.clone() }, ..ask.clone() };
    let selection = snapshot.select(&used.query)?;
    let touching = Touching::of(snapshot, ask.page);
    let (matched, rows) =
        ask.page.cut(list.rows.iter().copied().filter(|(row, _)| touching.has(row.block)).collect());
    let features =
        rows.iter().map(|(row, often)| feature(snapshot, row, *often, &compared, &trends)).collect();
    let mut parameters = told(&compared, &trends, &list, scoring);
    let shares = origin_shares(snapshot, &selection, scoring, among.blocks.as_deref());
    parameters.push(("origin_shares", shares.map_err(|error| refusal(error.into()))?));
    parameters.extend(among.told());
    Ok(layer(snapshot, &used, &selection, matched, features, legend(), parameters))
}

/// Which parameter is at fault where nothing can be said over time.
pub(super) fn refusal(error: OverTimeError) -> AnswerError {
    let parameter = match &error {
        OverTimeError::NoIncidents | OverTimeError::Period(_) | OverTimeError::Concentration(_) => {
            PERIOD.wire
        }
        OverTimeError::Score { .. } => BY.wire,
        OverTimeError::Lent { param } => param,
        _ => COMPARE_PERIOD.wire,
    };
    match error {
        OverTimeError::Category(error) => error.into(),
        OverTimeError::Ranking(error) => unusable(error),
        error => AnswerError::Unusable { parameter, why: Box::new(error) },
    }
}

/// The list now, how often chance alone would have each block on it, and how alike it is to the list before.
struct List {
    rows: Vec<(Ranked, f64)>,
    top_n: usize,
    jaccard: Option<f64>,
    rbo: Option<f64>,
}

impl List {
    fn of(compared: &Compared, among: &[BlockId], top_n: usize, seed: u64) -> Self {
        let order = |counts: &[crate::aggregate::counts::Count]| {
            let chosen: Vec<_> = among.iter().map(|block| counts[block.0 as usize]).collect();
            (rank(&chosen), chosen)
        };
        let ((now, counts), (before, _)) = (order(&compared.counts), order(&compared.counts_before));
        let first = |rows: &[Ranked]| -> Vec<u32> {
            rows.iter().take(top_n).take_while(|row| row.rank.is_some()).map(|row| row.block.0).collect()
        };
        let (a, b) = (first(&now), first(&before));
        let often = inclusion(&whole(&counts), top_n, RESAMPLES, seed).expect("a list has a place at least");
        let rows = now.iter().map(|row| {
            let place = row.block.0 as usize;
            (Ranked { block: among[place], ..*row }, often[place])
        });
        Self {
            rows: rows.collect(),
            top_n,
            jaccard: jaccard(&a, &b).expect("a rank names each block once"),
            rbo: rbo(&a, &b, PERSISTENCE).expect("a rank names each block once"),
        }
    }
}

fn feature(snapshot: &Snapshot, row: &Ranked, often: f64, compared: &Compared, trends: &Trends) -> Feature {
    let (data, at) = (snapshot.dataset(), row.block.0 as usize);
    let block = &data.block_set.blocks[at];
    let ratio = compared.changes.blocks[at];
    let number = |n: Option<f64>, decimals| n.map_or(Value::Null, |n| Value::rounded(n, decimals));
    let trend = trends.blocks.as_ref().map(|blocks| blocks[at]);
    let emerging = trends.emerging.as_ref().and_then(|patterns| patterns[at].clone());
    Feature {
        id: block.id.clone(),
        geometry: shape(&block.lonlat),
        properties: vec![
            ("rank", row.rank.map_or(Value::Null, Value::count)),
            ("tied_with", Value::count(row.tied_with)),
            ("name", Value::text(block.name.clone())),
            ("kind", Value::text(block.kind.word())),
            ("areas", areas(&data.areas, block)),
            ("incidents", Value::count(row.count.incidents())),
            ("incidents_before", Value::count(compared.counts_before[at].incidents())),
            ("change_ratio", number(ratio.map(|r| r.ratio), 4)),
            ("change_lo", number(ratio.map(|r| r.lo), 4)),
            ("change_hi", number(ratio.map(|r| r.hi), 4)),
            ("change", Value::text(ratio.map_or(Way::CannotTell, |ratio| ratio.way()).word())),
            ("trend", Value::text(trend.map_or(Way::CannotTell, |trend| trend.way).word())),
            ("trend_q", number(trend.map(|trend| trend.q), 6)),
            ("persistent", number(trends.persistent.as_ref().map(|shares| shares[at]), 4)),
            ("emerging", emerging.into()),
            ("inclusion", Value::rounded(often, 4)),
        ],
    }
}

fn told(compared: &Compared, trends: &Trends, list: &List, scoring: &Scoring) -> Vec<(&'static str, Value)> {
    let number = |n: Option<f64>| n.map_or(Value::Null, |n| Value::rounded(n, 6));
    let changes = &compared.changes;
    let left_out = compared.left_out.iter().map(|period| Value::text(period.to_string()));
    let span = trends.periods.first().zip(trends.periods.last()).map(|(first, last)| {
        let ends = (first.first(), last.last());
        Value::text(format!("{}/{}", text(ends.0), text(ends.1)))
    });
    let told_of_trend = match &trends.blocks {
        Some(_) => format!("Mann–Kendall within seasons, Benjamini–Hochberg q at most {Q_AT_MOST}"),
        None => {
            format!("not told: {} whole periods, and a trend takes {FEWEST_PERIODS}", trends.periods.len())
        }
    };
    vec![
        ("view", Value::text("change")),
        ("by", Value::text(scoring.by.word())),
        ("compare_period", Value::text(compared.before.to_string())),
        ("observed_days", Value::count(compared.days.1)),
        ("observed_days_before", Value::count(compared.days.0)),
        ("not_complete", Value::List(left_out.collect())),
        (
            "change",
            Value::text(match changes.how {
                How::Likelihood => {
                    "ratio of incidents per observed day, shrunk towards the city's by a beta–binomial prior"
                }
                How::NoEvidence => {
                    "no evidence that blocks changed differently: each has the city's ratio of incidents per observed day"
                }
            }),
        ),
        ("interval", Value::rounded(LEVEL, 3)),
        ("city_ratio", Value::rounded(changes.city.ratio, 6)),
        ("city_lo", Value::rounded(changes.city.lo, 6)),
        ("city_hi", Value::rounded(changes.city.hi, 6)),
        ("prior_a", number(changes.prior.map(|prior| prior.0))),
        ("prior_b", number(changes.prior.map(|prior| prior.1))),
        ("trend", Value::text(told_of_trend)),
        ("emerging", Value::text(EMERGING)),
        ("trend_by", Value::text(trends.by.word())),
        ("trend_periods", Value::count(trends.periods.len())),
        ("trend_span", span.unwrap_or(Value::Null)),
        ("persistent", Value::text("share of whole years among the first 5 % of all blocks")),
        ("years", Value::count(trends.years)),
        ("top", Value::count(list.top_n)),
        ("jaccard", number(list.jaccard)),
        ("rbo", number(list.rbo)),
        ("rbo_p", Value::rounded(PERSISTENCE, 3)),
        ("inclusion", Value::text("share of resamples of the incidents in which the block is among the top")),
        ("resamples", Value::count(RESAMPLES)),
        ("seed", Value::count(scoring.seed)),
        ("ties", Value::text(TIE_RULE)),
    ]
}

/// What patterns of emerging hot spots are worth: unlike trends they are not held to a false discovery rate.
const EMERGING: &str = "pattern of each block by itself, p at most 0.05: of many blocks without any change one in twenty has a trend so";

fn text(day: Option<jiff::civil::Date>) -> String {
    day.map_or_else(|| "..".to_owned(), |day| day.to_string())
}

/// Ratios in five classes, as wide below 1 as above.
fn legend() -> Legend {
    let class = |from, to, color, label: &str| LegendClass { from, to, color, label: label.to_owned() };
    Legend {
        property: Some("change_ratio"),
        title: "Incidents a day beside the other period".to_owned(),
        unit: "times as many",
        classes: vec![
            class(None, Some(0.5), "#0571b0", "half or fewer"),
            class(Some(0.5), Some(0.8), "#92c5de", "0.5–0.8"),
            class(Some(0.8), Some(1.25), "#f7f7f7", "0.8–1.25"),
            class(Some(1.25), Some(2.0), "#f4a582", "1.25–2"),
            class(Some(2.0), None, "#ca0020", "twice or more"),
        ],
        none: None,
    }
}
