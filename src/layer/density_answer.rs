//! Which of its densities a request asks for, and with what.

use super::answer::{AnswerError, length};
use super::density::{DensityLayerError, density};
use super::density_change::density_change;
use super::street_density::street_density;
use super::{Ask, Layer};
use crate::analysis::density::bandwidth::Rule;
use crate::analysis::density::edge::Edge;
use crate::analysis::density::kernel::Kernel;
use crate::analysis::density::network::density::{NetworkParams, Split};
use crate::engine::density_ask::{DensityAsk, DensityError, Outline, Width};
use crate::engine::params::density::{
    BANDWIDTH_RULE, COMPARE_PERIOD, CONTOURS, EDGE, HALF_LIFE, LEVELS, LIXEL, NETWORK,
};
use crate::engine::params::table::{BANDWIDTH, CELL};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// A density in the plane, one along streets, or where one has changed.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub(super) fn density_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let made = if let Some(word) = values.word(&NETWORK) {
        let split = named(Split::ALL, Split::word, word).unwrap_or_default();
        let (bandwidth, lixel) = (length(values, BANDWIDTH)?, values.length(&LIXEL));
        street_density(snapshot, ask, &NetworkParams { kernel: Kernel::Quartic, bandwidth, split, lixel })
    } else {
        let with = ask_of(values)?;
        match values.other_period(&COMPARE_PERIOD) {
            Some(before) => density_change(snapshot, ask, &with, before),
            None => density(snapshot, ask, &with),
        }
    };
    made.map_err(|error| match error {
        DensityLayerError::Category(error) => error.into(),
        DensityLayerError::Density(error) => {
            AnswerError::Unusable { parameter: at_fault(&error), why: Box::new(error) }
        }
        DensityLayerError::Crs(error) => AnswerError::Inside { layer: "density", source: Box::new(error) },
    })
}

fn ask_of(values: &Values) -> Result<DensityAsk, AnswerError> {
    let rule = values.word(&BANDWIDTH_RULE).and_then(|word| named(Rule::ALL, Rule::word, word));
    let width = match rule {
        Some(rule) => Width::Rule(rule),
        None => Width::Given(length(values, BANDWIDTH)?),
    };
    let outline =
        values.word(&CONTOURS).and_then(|word| named(Outline::ALL, Outline::word, word)).unwrap_or_default();
    let mut levels = values.numbers(&LEVELS).unwrap_or_else(|| outline.levels()).to_vec();
    if levels.is_empty() {
        return Err(AnswerError::NotGiven(LEVELS));
    }
    // The largest region first: a low multiple of the mean, a high share, a large area.
    levels.sort_by(|a, b| if outline == Outline::Mean { a.total_cmp(b) } else { b.total_cmp(a) });
    levels.dedup();
    Ok(DensityAsk {
        kernel: Kernel::Quartic,
        width,
        cell: length(values, CELL)?,
        edge: values.word(&EDGE).and_then(|word| named(Edge::ALL, Edge::word, word)).unwrap_or_default(),
        half_life: values.number(&HALF_LIFE),
        outline,
        levels,
    })
}

/// The one that has this word; the table of parameters lets no other through.
fn named<T: Copy, const N: usize>(all: [T; N], word_of: impl Fn(T) -> &'static str, word: &str) -> Option<T> {
    all.into_iter().find(|one| word_of(*one) == word)
}

/// The parameter that a density cannot be made with.
fn at_fault(error: &DensityError) -> &'static str {
    match error {
        DensityError::Rule(_) => BANDWIDTH_RULE.wire,
        DensityError::Level(_) | DensityError::Contour(_) => LEVELS.wire,
        DensityError::Decay(_) => HALF_LIFE.wire,
        DensityError::Network(_) | DensityError::Streets(_) | DensityError::NoStreets { .. } => NETWORK.wire,
        DensityError::Kde(_) => BANDWIDTH.wire,
        DensityError::Dual(_) => COMPARE_PERIOD.wire,
        DensityError::Grid(_) | DensityError::Coarse { .. } => CELL.wire,
    }
}
