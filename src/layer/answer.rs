//! From an operation and its values to a layer: what both edges do with a request.

use super::areas::{AreasLayerError, areas};
use super::blocks_answer::{blocks_answer, change_answer};
use super::clusters::{ClustersLayerError, clusters};
use super::counts::counts_answer;
use super::density_answer::density_answer;
use super::explain::Detail;
use super::explain_answer::explain_answer;
use super::hot_blocks::{hot_blocks_answer, is_hot_blocks};
use super::hotspots::hotspots;
use super::near_repeat_answer::near_repeat_answer;
use super::outreach_answer::{brief_answer, list_answer};
use super::patrol_answer::patrol_answer;
use super::scan_answer::{is_scan, scan_answer};
use super::targets_answer::targets_answer;
use super::{Ask, Layer, Page, ask_hotspots, incidents};
use crate::analysis::clusters::nnh::NnhError;
use crate::engine::areas::WithinError;
use crate::engine::clusters::GroupError;
use crate::engine::named_block::NoBlock;
use crate::engine::params::clusters::{OUTLINE, PROBABILITY};
use crate::engine::params::explain::BLOCK;
use crate::engine::params::table::{Operation, Param, WEIGHTS, WITHIN};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::Metres;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A parameter without a default was not given.
    #[error("`{}` is not given and not configured; {}, e.g. {}", .0.wire, .0.help, .0.example)]
    NotGiven(Param),
    /// There is no such category.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// There is no such block.
    #[error(transparent)]
    Block(#[from] NoBlock),
    /// A parameter cannot be used with these data or with the others.
    #[error("{why}")]
    Unusable {
        /// The parameter, by its name in a query.
        parameter: &'static str,
        /// What is wrong, with the mend.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something inside went wrong.
    #[error("the {layer} layer could not be made")]
    Inside {
        /// Which.
        layer: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl AnswerError {
    /// The parameter at fault, by its name in a query; `None` if none is.
    #[must_use]
    pub fn parameter(&self) -> Option<&'static str> {
        match self {
            Self::NotGiven(param) => Some(param.wire),
            Self::Category(_) => Some("category"),
            Self::Within(_) => Some(WITHIN.wire),
            Self::Block(_) => Some(BLOCK.wire),
            Self::Unusable { parameter, .. } => Some(parameter),
            Self::Inside { .. } => None,
        }
    }
}

/// Answers a request.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub fn answer(
    snapshot: &Snapshot,
    operation: &Operation,
    values: &Values,
    page: Page,
) -> Result<Layer, AnswerError> {
    let ask = Ask { query: values.query(), within: values.within.clone().unwrap_or_default(), page };
    let inside =
        |layer| move |source: Box<dyn std::error::Error + Send + Sync>| AnswerError::Inside { layer, source };
    match operation.collection {
        "incidents" => Ok(incidents::incidents(snapshot, &ask)?),
        "density" => density_answer(snapshot, &ask, values),
        "clusters" if is_scan(values) => scan_answer(snapshot, &ask, values).map(unweighted(values)),
        "clusters" if is_hot_blocks(values) => {
            hot_blocks_answer(snapshot, &ask, values).map(unweighted(values))
        }
        "clusters" => clusters(snapshot, &ask, values).map_err(|e| match e {
            ClustersLayerError::Category(e) => e.into(),
            ClustersLayerError::NotGiven(param) => AnswerError::NotGiven(param),
            ClustersLayerError::NoCore { .. } => {
                AnswerError::Unusable { parameter: OUTLINE.wire, why: Box::new(e) }
            }
            ClustersLayerError::Groups(GroupError::Weights(_) | GroupError::Whole { .. }) => {
                AnswerError::Unusable { parameter: WEIGHTS.wire, why: Box::new(e) }
            }
            ClustersLayerError::Groups(GroupError::Nnh(NnhError::NoDistance { .. })) => {
                AnswerError::Unusable { parameter: PROBABILITY.wire, why: Box::new(e) }
            }
            other => inside("clusters")(Box::new(other)),
        }),
        "list" => list_answer(snapshot, &ask, values),
        "brief" => brief_answer(snapshot, &ask, values),
        "near-repeat" => near_repeat_answer(snapshot, &ask, operation, values),
        "plan" => patrol_answer(snapshot, &ask, values),
        "counts" => counts_answer(snapshot, &ask, values),
        "compare" => change_answer(snapshot, &ask, values),
        "hotspots" => hotspots(snapshot, &ask, &ask_hotspots::params(values)).map_err(ask_hotspots::unusable),
        "targets" => targets_answer(snapshot, &ask, values),
        "explain" => explain_answer(snapshot, &ask, values, Detail::Public),
        "areas" => areas(snapshot, &ask).map_err(|e| match e {
            AreasLayerError::Category(e) => e.into(),
            AreasLayerError::Within(e) => e.into(),
        }),
        _ => blocks_answer(snapshot, &ask, values),
    }
}

/// Says of clusters that every incident counts as one, where weights were asked for.
pub(super) fn unweighted(values: &Values) -> impl Fn(Layer) -> Layer {
    let asked = values.has(&WEIGHTS);
    move |mut layer| {
        if asked {
            layer.warn(format!(
                "`{}` play no part in this method, for which every incident counts as one: give dbscan or hdbscan",
                WEIGHTS.wire
            ));
        }
        layer
    }
}

/// A parameter that cannot be used, and why.
pub(super) fn at_fault(param: Param, why: impl std::error::Error + Send + Sync + 'static) -> AnswerError {
    AnswerError::Unusable { parameter: param.wire, why: Box::new(why) }
}

pub(super) fn length(values: &Values, param: Param) -> Result<Metres, AnswerError> {
    values.length(&param).ok_or(AnswerError::NotGiven(param))
}
