//! From values to the layer of target areas.

use super::answer::AnswerError;
use super::targets::{TargetsLayerError, targets};
use super::{Ask, Layer, blocks_answer};
use crate::engine::params::table::WITHIN;
use crate::engine::params::targets::{BUDGET, DEFAULT_PLACES, DIAMETER, LEAST_SIZE, MOST_PLACES, PLACES};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::engine::targets::{SnapshotTargetsError, TargetsAsk};
use crate::plan::targets::error::TargetsError;

/// Answers with the target areas that the values ask for.
pub(super) fn targets_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let asked = TargetsAsk {
        budget: values.amount(&BUDGET).ok_or(AnswerError::NotGiven(BUDGET))?,
        places: count(values.count(&PLACES).unwrap_or(DEFAULT_PLACES)),
        most_places: values.count(&MOST_PLACES).map(count),
        least_size: values.amount(&LEAST_SIZE),
        diameter: values.length(&DIAMETER),
        seed: values.seed(),
        scoring: values.scoring(),
    };
    targets(snapshot, ask, &asked).map_err(unusable)
}

/// The parameter that mends what cannot be chosen.
fn unusable(error: TargetsLayerError) -> AnswerError {
    let error = match error {
        TargetsLayerError::Targets(SnapshotTargetsError::Ranking(why)) => {
            return blocks_answer::unusable(why);
        }
        other => other,
    };
    let parameter = match &error {
        TargetsLayerError::Category(unknown) => return unknown.clone().into(),
        TargetsLayerError::Within(unknown) => return unknown.clone().into(),
        TargetsLayerError::Targets(why) => match why {
            SnapshotTargetsError::Budget { .. } | SnapshotTargetsError::NoMeasure { of_budget: true, .. } => {
                BUDGET.wire
            }
            SnapshotTargetsError::NoMeasure { .. } | SnapshotTargetsError::LeastSize { .. } => {
                LEAST_SIZE.wire
            }
            SnapshotTargetsError::NoShapes => BUDGET.wire,
            SnapshotTargetsError::Targets(why) => match why {
                TargetsError::Places { .. } => PLACES.wire,
                TargetsError::MostPlaces { .. } => MOST_PLACES.wire,
                TargetsError::Diameter { .. } => DIAMETER.wire,
                TargetsError::NoBlocks => WITHIN.wire,
                _ => BUDGET.wire,
            },
            _ => return AnswerError::Inside { layer: "targets", source: Box::new(error) },
        },
        TargetsLayerError::Crs(_) => {
            return AnswerError::Inside { layer: "targets", source: Box::new(error) };
        }
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}
