//! The bias view: how the list moves without what police find where they look, and by who brought incidents up.

use super::block_fields::{areas, shape};
use super::blocks::{Among, BlocksLayerError, layer};
use super::ranking_told::{share, told};
use super::touching::Touching;
use super::{Ask, Feature, Layer, Legend, Value};
use crate::engine::query::Query;
use crate::engine::ranking::{Proactive, RankedBlock, Ranking, RankingError, Scoring};
use crate::engine::snapshot::Snapshot;
use crate::model::report::Origin;

/// Blocks in their order with all classes, each with its rank without proactive ones, without what officers came upon,
/// and by the incidents of each origin alone.
///
/// Police records say where police look as much as where crime is (Ensign et al. 2018, *Proceedings of Machine Learning Research* 81): a block that is high
/// only with proactive classes, or only by what officers came upon, is high because someone looked there.
/// `moved` is `rank_without − rank_with`: above 0 the block stands higher with proactive classes than without.
///
/// # Errors
///
/// [`BlocksLayerError`] as for the list.
pub fn bias(snapshot: &Snapshot, ask: &Ask, scoring: &Scoring) -> Result<Layer, BlocksLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let without_draws = Scoring { draws: None, ..*scoring };
    let ranked = |query: &Query, proactive| -> Result<Option<Ranking>, BlocksLayerError> {
        let selection = snapshot.select(query)?;
        let scoring = Scoring { proactive, ..without_draws };
        match snapshot.ranking(query, &selection, &scoring, among.blocks.as_deref()) {
            Ok(ranking) => Ok(Some(ranking)),
            // Of one origin there may be nothing that weighs.
            Err(RankingError::NothingWeighs { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    let of_origins = |origins: Vec<Origin>| Query { origins, ..ask.query.clone() };
    let chosen = |origin: &Origin| ask.query.origins.is_empty() || ask.query.origins.contains(origin);
    let every = Scoring { proactive: Proactive::Include, ..without_draws };
    let all = snapshot.ranking(&ask.query, &selection, &every, among.blocks.as_deref())?;
    let n = snapshot.dataset().block_set.blocks.len();
    let ranks = |ranking: Option<Ranking>| {
        let mut ranks = vec![(None, 0); n];
        for row in ranking.iter().flat_map(|ranking| &ranking.rows) {
            ranks[row.block.0 as usize] = (row.rank, row.count.incidents());
        }
        ranks
    };
    let without = ranks(ranked(&ask.query, Proactive::Exclude)?);
    let not_officer: Vec<Origin> =
        Origin::ALL.into_iter().filter(|origin| chosen(origin) && *origin != Origin::Officer).collect();
    let without_officer = match &not_officer[..] {
        [] => vec![(None, 0); n],
        _ => ranks(ranked(&of_origins(not_officer), Proactive::Include)?),
    };
    let mut by_origin = Vec::new();
    for origin in Origin::ALL {
        by_origin.push(if chosen(&origin) {
            ranks(ranked(&of_origins(vec![origin]), Proactive::Include)?)
        } else {
            vec![(None, 0); n]
        });
    }
    let days = snapshot.observed_days(&ask.query);
    let mut parameters = told(snapshot, &all, days);
    parameters.retain(|(name, _)| !["fit", "rate_unit", "draws", "proactive"].contains(name));
    let top = |rank: Option<u32>| rank.is_some_and(|rank| rank <= scoring.top_n);
    let listed = |test: &dyn Fn(&RankedBlock, Option<u32>) -> bool| {
        let rows = all.rows.iter().filter(|row| test(row, without[row.block.0 as usize].0));
        Value::count(rows.count())
    };
    parameters.extend([
        ("view", Value::text("bias")),
        ("top_n", Value::count(scoring.top_n)),
        ("leave_top_n_without_proactive", listed(&|row, without| top(row.rank) && !top(without))),
        ("enter_top_n_without_proactive", listed(&|row, without| !top(row.rank) && top(without))),
    ]);
    parameters.extend(among.told());
    let blocks = &snapshot.dataset().block_set.blocks;
    let touching = Touching::of(snapshot, ask.page);
    let (matched, page) =
        ask.page.cut(all.rows.iter().filter(|row| touching.has(row.block)).collect::<Vec<_>>());
    let feature = |row: &&RankedBlock| {
        let at = row.block.0 as usize;
        let block = &blocks[at];
        let rank = |rank: Option<u32>| rank.map_or(Value::Null, Value::count);
        let moved = row.rank.zip(without[at].0).map(|(with, without)| i64::from(without) - i64::from(with));
        let of = |origin: usize| share(by_origin[origin][at].1, row.count.incidents());
        Feature {
            id: block.id.clone(),
            geometry: shape(&block.lonlat),
            properties: vec![
                ("rank_with", rank(row.rank)),
                ("rank_without", rank(without[at].0)),
                ("moved", moved.map_or(Value::Null, Value::Int)),
                ("rank_without_officer", rank(without_officer[at].0)),
                ("rank_citizen", rank(by_origin[0][at].0)),
                ("rank_officer", rank(by_origin[1][at].0)),
                ("rank_sensor", rank(by_origin[2][at].0)),
                ("rank_unknown", rank(by_origin[3][at].0)),
                ("name", Value::text(block.name.clone())),
                ("areas", areas(&snapshot.dataset().areas, block)),
                ("incidents", Value::count(row.count.incidents())),
                ("incidents_without", Value::count(without[at].1)),
                ("citizen_share", of(0)),
                ("officer_share", of(1)),
                ("sensor_share", of(2)),
                ("unknown_share", of(3)),
            ],
        }
    };
    let features = page.iter().map(feature).collect();
    let legend = Legend {
        property: None,
        title: "Blocks, with and without proactive offenses".to_owned(),
        unit: "",
        classes: Vec::new(),
        none: None,
    };
    Ok(layer(snapshot, ask, &selection, matched, features, legend, parameters))
}
