//! From values to the layer of ranked blocks.

use super::answer::AnswerError;
use super::bias::bias;
use super::blocks::{BlocksLayerError, blocks};
use super::change::change;
use super::concentration::concentration;
use super::{Ask, Layer};
use crate::engine::params::density::HALF_LIFE;
use crate::engine::params::ranking::{BY, DRAWS, GUN, PER, SHARE, VIEW};
use crate::engine::params::values::Values;
use crate::engine::ranking::RankingError;
use crate::engine::snapshot::Snapshot;

/// Answers with the view of the ranking that the values ask for.
pub(super) fn blocks_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let scoring = values.scoring();
    match values.word(&VIEW) {
        Some("concentration") => return concentration(snapshot, ask, &scoring),
        Some("change") => return change(snapshot, ask, &scoring, values),
        _ => {}
    }
    let layer = match values.word(&VIEW) {
        Some("bias") => bias(snapshot, ask, &scoring),
        _ => blocks(snapshot, ask, &scoring),
    };
    layer.map_err(|error| match error {
        BlocksLayerError::Category(e) => e.into(),
        BlocksLayerError::Within(e) => e.into(),
        BlocksLayerError::Ranking(error) => unusable(error),
    })
}

/// The view of what has changed, under the name of comparing.
pub(super) fn change_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    change(snapshot, ask, &values.scoring(), values)
}

/// Which parameter is at fault where blocks cannot be ranked.
pub(super) fn unusable(error: RankingError) -> AnswerError {
    let parameter = match &error {
        RankingError::NoHarm | RankingError::NothingWeighs { .. } => BY.wire,
        RankingError::NoShootings => GUN.wire,
        RankingError::CountPer { .. } | RankingError::NoExposure { .. } => PER.wire,
        RankingError::NotObserved { .. } => "datetime",
        RankingError::Parts { of, .. } => of,
        RankingError::HalfLife { .. } => HALF_LIFE.wire,
        RankingError::OneClass { .. } | RankingError::ShareOfDiscounted => SHARE.wire,
        RankingError::Draws(_) => DRAWS.wire,
        RankingError::Fit(_)
        | RankingError::Borrow(_)
        | RankingError::Around(_)
        | RankingError::Neighbors(_) => {
            return AnswerError::Inside { layer: "blocks", source: Box::new(error) };
        }
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}
