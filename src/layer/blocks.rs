//! Ranked blocks.

use std::sync::Arc;

use super::block_fields::{feature, held_place};
use super::blocks_legend::legend;
use super::made::made;
use super::ranking_told::told;
use super::touching::Touching;
use super::{Ask, Feature, Layer, Legend, Value, block_words};
use crate::engine::areas::{WithinError, blocks_within, named};
use crate::engine::query::{Query, Selection};
use crate::engine::ranking::{Ranking, RankingError, Scoring};
use crate::engine::snapshot::Snapshot;
use crate::model::areas::AreaKind;
use crate::model::block::BlockId;
use crate::model::class::UnknownCategory;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlocksLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// They cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
}

/// Blocks in their order; those without a scored incident come last, to draw the city.
///
/// With `within`, only the blocks of those areas, ranked among themselves.
///
/// # Errors
///
/// [`BlocksLayerError`] if there is no such category or area here, or no such score.
pub fn blocks(snapshot: &Snapshot, ask: &Ask, scoring: &Scoring) -> Result<Layer, BlocksLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let ranking = among.ranking(snapshot, &ask.query, &selection, scoring)?;
    let days = snapshot.observed_days(&ask.query);
    // A score that is no count is told with its digits.
    let protected = selection.protected_alone(snapshot.dataset());
    let told_as = (days, scoring.divided() || scoring.half_life.is_some(), protected);
    let legend = legend(&ranking);
    let mut parameters = told(snapshot, &ranking, days);
    parameters.extend(among.told());
    let touching = Touching::of(snapshot, ask.page);
    let (matched, page) =
        ask.page.cut(ranking.rows.iter().filter(|row| touching.has(row.block)).collect::<Vec<_>>());
    let held = snapshot.held_kept(&selection, &ranking);
    let listed: Vec<BlockId> = page.iter().map(|row| row.block).collect();
    let addresses = snapshot.scored_addresses(&selection, &ranking, &listed);
    let mut features: Vec<Feature> =
        page.iter().zip(&addresses).map(|(row, at)| feature(snapshot, row, at, &held, told_as)).collect();
    block_words::tell(snapshot, ask, &selection, &ranking, &among.names(), &page, &mut features);
    Ok(layer(snapshot, ask, &selection, matched, features, legend, parameters))
}

/// A layer of blocks around its features.
pub(super) fn layer(
    snapshot: &Snapshot,
    ask: &Ask,
    selection: &Selection,
    matched: usize,
    features: Vec<Feature>,
    legend: Legend,
    parameters: Vec<(&'static str, Value)>,
) -> Layer {
    let held = (1..).zip(&snapshot.dataset().held_places);
    let held_places = held.map(|(n, place)| held_place(snapshot, n, place)).collect();
    Layer { held_places, ..made("blocks", snapshot, ask, selection, (matched, features), legend, parameters) }
}

/// The blocks that are ranked: all, or those of some areas.
pub(super) struct Among {
    areas: Vec<(AreaKind, String)>,
    pub(super) blocks: Option<Vec<BlockId>>,
}

impl Among {
    /// Those that a request asks for.
    pub(super) fn of(snapshot: &Snapshot, ask: &Ask) -> Result<Self, WithinError> {
        let areas = named(snapshot.dataset(), &ask.within)?;
        let blocks = (!areas.is_empty()).then(|| blocks_within(snapshot.dataset(), &areas));
        Ok(Self { areas, blocks })
    }

    /// Their ranking, made once for all pages of a list.
    pub(super) fn ranking(
        &self,
        snapshot: &Snapshot,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
    ) -> Result<Arc<Ranking>, RankingError> {
        snapshot.ranking_kept(query, selection, scoring, self.blocks.as_deref())
    }

    /// The names of the areas.
    pub(super) fn names(&self) -> Vec<String> {
        self.areas.iter().map(|(_, name)| name.clone()).collect()
    }

    /// The areas, where some are meant.
    pub(super) fn told(&self) -> Option<(&'static str, Value)> {
        let names = self.areas.iter().map(|(kind, name)| Value::text(format!("{kind}:{name}")));
        (!self.areas.is_empty()).then(|| ("within", Value::List(names.collect())))
    }
}
