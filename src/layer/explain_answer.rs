//! From values to the record of a block.

use super::answer::AnswerError;
use super::blocks_answer::unusable;
use super::explain::{Detail, ExplainLayerError, explain};
use super::problem_places::{ProblemPlacesLayerError, problem_places};
use super::{Ask, Layer};
use crate::engine::params::explain::BLOCK;
use crate::engine::params::ranking::{BY, DRAWS, VIEW};
use crate::engine::params::table::WITHIN;
use crate::engine::params::values::Values;
use crate::engine::problem_places::ProblemPlacesError;
use crate::engine::ranking::{Scoring, draws_unasked};
use crate::engine::snapshot::Snapshot;
use crate::rank::draws::DrawParams;

/// How blocks are ranked for a record: with draws where nothing else was asked for, since it says how sure a place is.
fn scoring(snapshot: &Snapshot, values: &Values) -> Scoring {
    let scoring = values.scoring();
    if values.count(&DRAWS).is_none() && draws_unasked(snapshot.dataset()) {
        Scoring { draws: Some(DrawParams::DRAWS), ..scoring }
    } else {
        scoring
    }
}

/// Answers with the record of the block that the values name.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub fn explain_answer(
    snapshot: &Snapshot,
    ask: &Ask,
    values: &Values,
    detail: Detail,
) -> Result<Layer, AnswerError> {
    let block = values.text(&BLOCK).ok_or(AnswerError::NotGiven(BLOCK))?;
    let scoring = scoring(snapshot, values);
    explain(snapshot, ask, &[block], &scoring, values.trend_by(), detail).map_err(|error| match error {
        ExplainLayerError::Category(e) => e.into(),
        ExplainLayerError::Within(e) => e.into(),
        ExplainLayerError::Block(e) => e.into(),
        ExplainLayerError::Ranking(e) => unusable(e),
        ExplainLayerError::Outside(e) => AnswerError::Unusable { parameter: WITHIN.wire, why: Box::new(e) },
        ExplainLayerError::Neighbors(e) => AnswerError::Inside { layer: "explain", source: Box::new(e) },
    })
}

/// Answers with ranked addresses: for the command line, never over HTTP.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub fn addresses_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    if values.word(&VIEW).is_some_and(|view| view != "list") {
        let why = "addresses have a list alone; leave view out, or rank blocks".into();
        return Err(AnswerError::Unusable { parameter: VIEW.wire, why });
    }
    problem_places(snapshot, ask, &scoring(snapshot, values)).map_err(|error| match error {
        ProblemPlacesLayerError::Category(e) => e.into(),
        ProblemPlacesLayerError::Within(e) => e.into(),
        ProblemPlacesLayerError::Ranking(ProblemPlacesError::Ranking(e)) => unusable(e),
        ProblemPlacesLayerError::Ranking(e @ ProblemPlacesError::Scoring) => {
            AnswerError::Unusable { parameter: BY.wire, why: Box::new(e) }
        }
        ProblemPlacesLayerError::Ranking(e) => {
            AnswerError::Unusable { parameter: DRAWS.wire, why: Box::new(e) }
        }
    })
}
