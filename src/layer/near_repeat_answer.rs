//! From values to the layer of near repeats.

use super::answer::AnswerError;
use super::near_repeat::{NearRepeatLayerError, NearRepeatParams, Show, near_repeat};
use super::{Ask, Layer};
use crate::analysis::near_repeat::bands::{BandsError, Metric};
use crate::analysis::near_repeat::knox::KnoxError;
use crate::engine::params::near_repeat::{DAYS, DISTANCES, METRIC, SAME_PLACE, SHOW};
use crate::engine::params::table::{Kind, Operation};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// Answers with the table, the chains or the zones that the values ask for; else with what the operation usually gives.
pub(super) fn near_repeat_answer(
    snapshot: &Snapshot,
    ask: &Ask,
    operation: &Operation,
    values: &Values,
) -> Result<Layer, AnswerError> {
    let shown = operation.params.iter().find(|param| param.wire == SHOW.wire).unwrap_or(&SHOW);
    // What is configured for the command need not be among what a layer shows.
    let offered = |word: &&str| matches!(shown.kind, Kind::Word(words) if words.contains(word));
    let params = NearRepeatParams {
        distances: values.lengths(&DISTANCES).ok_or(AnswerError::NotGiven(DISTANCES))?.to_vec(),
        days: values.numbers(&DAYS).ok_or(AnswerError::NotGiven(DAYS))?.to_vec(),
        metric: if values.word(&METRIC) == Some(Metric::Manhattan.word()) {
            Metric::Manhattan
        } else {
            Metric::Euclidean
        },
        same_place: values.word(&SAME_PLACE) != Some("with-near"),
        show: match values.word(&SHOW).filter(offered).unwrap_or(shown.default) {
            "chains" => Show::Chains,
            "zones" => Show::Zones,
            _ => Show::Pairs,
        },
        permutations: values.permutations(),
        seed: values.seed(),
    };
    near_repeat(snapshot, ask, &params).map_err(|error| match error {
        NearRepeatLayerError::Category(unknown) => unknown.into(),
        error @ NearRepeatLayerError::Knox(KnoxError::Bands(
            BandsError::Time { .. } | BandsError::Span { .. } | BandsError::Number { of: "time", .. },
        )) => AnswerError::Unusable { parameter: DAYS.wire, why: Box::new(error) },
        error @ (NearRepeatLayerError::Knox(_) | NearRepeatLayerError::Grid(_)) => {
            AnswerError::Unusable { parameter: DISTANCES.wire, why: Box::new(error) }
        }
        other => AnswerError::Inside { layer: "near-repeat", source: Box::new(other) },
    })
}
