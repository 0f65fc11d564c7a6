//! Which of its densities a request asks for, and with what.

use super::answer::{AnswerError, length};
use super::density::{DensityLayerError, Drawing, density, raster};
use super::density_cells::density_cells;
use super::density_change::{Against, density_change};
use super::density_change_raster::change_raster;
use super::narrow::warn_of_moved_places;
use super::raster::Raster;
use super::street_density::street_density;
use super::{Ask, Layer, Page};
use crate::analysis::density::adaptive::AdaptiveError;
use crate::analysis::density::bandwidth::Rule;
use crate::analysis::density::dual::Comparison;
use crate::analysis::density::edge::Edge;
use crate::analysis::density::kernel::Kernel;
use crate::analysis::density::method::Method;
use crate::analysis::density::network::density::{NetworkParams, Split};
use crate::engine::density_adaptive::Adaptive;
use crate::engine::density_ask::{DensityAsk, DensityError, Outline, Width};
use crate::engine::params::density::{
    ADAPTIVE, AGAINST, BANDWIDTH_RULE, COMPARE_PERIOD, COMPARISON, CONTOURS, EDGE, HALF_LIFE, KERNEL, LEVELS,
    LIXEL, MODE, NETWORK, OUT, SAMPLE, SURFACE, UNIT,
};
use crate::engine::params::table::{BANDWIDTH, CELL, Param, WEIGHTS};
use crate::engine::params::values::{ALL, Values};
use crate::engine::snapshot::Snapshot;
use crate::engine::weights::Weights;

/// A density in the plane, one along streets, or where one has changed.
///
/// # Errors
///
/// [`AnswerError`], which names the parameter at fault.
pub(super) fn density_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let made = if let Some(word) = values.word(&NETWORK) {
        if values.word(&ADAPTIVE).is_some() || standard_error(values) {
            let param = if standard_error(values) { SURFACE.wire } else { ADAPTIVE.wire };
            let what = "a density along streets";
            let error = DensityError::Apart { param, what, without: "leave one of them out" };
            return Err(refusal(error.into()));
        }
        let split = named(Split::ALL, Split::word, word).unwrap_or_default();
        let (bandwidth, lixel) = (length(values, BANDWIDTH)?, values.length(&LIXEL));
        street_density(
            snapshot,
            ask,
            weights(values),
            &NetworkParams { kernel: kernel(values), bandwidth, split, lixel },
        )
    } else {
        let (with, drawing) = (ask_of(values)?, Drawing { per_mile: values.word(&UNIT) == Some("mi2") });
        match against(values) {
            Some(against) => density_change(snapshot, ask, &with, &against),
            None if values.word(&OUT) == Some("cells") => density_cells(snapshot, ask, &with, drawing),
            None => density(snapshot, ask, &with, drawing),
        }
    };
    let mut layer = made.map(|layer| warn_of_moved_places(snapshot, layer)).map_err(refusal)?;
    warn_of_unused(&mut layer, values);
    Ok(layer)
}

/// What the density is compared with, where it is.
fn against(values: &Values) -> Option<Against> {
    if !compares(values) {
        return None;
    }
    let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let categories = values.text(&AGAINST).map(names).map(|mut names| {
        names.retain(|name| !name.is_empty());
        if names.iter().any(|name| name == ALL) { Vec::new() } else { names }
    });
    let comparison = values.word(&COMPARISON).and_then(|word| named(Comparison::ALL, Comparison::word, word));
    Some(Against {
        period: values.other_period(&COMPARE_PERIOD),
        categories,
        comparison: comparison.unwrap_or(Comparison::Ratio),
        cells: values.word(&OUT) == Some("cells"),
    })
}

/// Whether two densities are asked for.
fn compares(values: &Values) -> bool {
    values.has(&COMPARE_PERIOD) || values.has(&AGAINST)
}

/// Says which of the values that are there play no part in what was asked for.
fn warn_of_unused(layer: &mut Layer, values: &Values) {
    let unused: &[(&str, &[Param])] = &if values.has(&NETWORK) {
        [("a density along streets", &NOT_ALONG_STREETS[..])]
    } else if compares(values) {
        [("a comparison of two densities", &NOT_IN_A_CHANGE[..])]
    } else {
        [("a density in the plane", &[LIXEL, COMPARISON][..])]
    };
    let adaptive = if values.has(&ADAPTIVE) { &[][..] } else { &[SAMPLE][..] };
    for (what, params) in unused.iter().chain(&[("a density with one bandwidth", adaptive)]) {
        // The usual comparison changes nothing, whether it is given or not.
        let is_given = |param: &&Param| values.has(param) && values.word(param) != Some("ratio");
        for param in params.iter().filter(is_given) {
            layer.warn(format!("`{}` plays no part in {what}: leave it out", param.wire));
        }
    }
}

/// What a density along streets has no use for.
const NOT_ALONG_STREETS: [Param; 11] =
    [HALF_LIFE, UNIT, EDGE, BANDWIDTH_RULE, OUT, COMPARE_PERIOD, AGAINST, COMPARISON, CONTOURS, LEVELS, MODE];

/// What a comparison has no use for: its outlines stand at levels of its own.
const NOT_IN_A_CHANGE: [Param; 5] = [HALF_LIFE, UNIT, CONTOURS, LEVELS, LIXEL];

/// A density in the plane, as it is asked for.
pub(super) struct Plane {
    pub(super) ask: Ask,
    pub(super) with: DensityAsk,
    pub(super) drawing: Drawing,
    /// What it is compared with, where it is.
    pub(super) against: Option<Against>,
}

/// What the values ask of a surface.
///
/// # Errors
///
/// [`AnswerError`] for what has no surface.
pub(super) fn plane(values: &Values) -> Result<Plane, AnswerError> {
    if values.has(&NETWORK) {
        let why = Box::new(DensityError::NoSurface { param: NETWORK.wire });
        return Err(AnswerError::Unusable { parameter: NETWORK.wire, why });
    }
    let ask = Ask { query: values.query(), within: Vec::new(), page: Page::ALL };
    let drawing = Drawing { per_mile: values.word(&UNIT) == Some("mi2") };
    Ok(Plane { ask, with: ask_of(values)?, drawing, against: against(values) })
}

/// Answers a request for a density, or for a comparison of two, with the surface itself.
///
/// # Errors
///
/// As [`answer`](super::answer::answer).
pub fn surface(snapshot: &Snapshot, values: &Values) -> Result<Raster, AnswerError> {
    let Plane { ask, with, drawing, against } = plane(values)?;
    match against {
        Some(against) => change_raster(snapshot, &ask, &with, &against),
        None => raster(snapshot, &ask, &with, drawing),
    }
    .map_err(refusal)
}

pub(super) fn refusal(error: DensityLayerError) -> AnswerError {
    match error {
        DensityLayerError::Category(error) => error.into(),
        DensityLayerError::Against(error) => {
            AnswerError::Unusable { parameter: AGAINST.wire, why: Box::new(error) }
        }
        DensityLayerError::Density(error) => {
            AnswerError::Unusable { parameter: at_fault(&error), why: Box::new(error) }
        }
        DensityLayerError::Crs(error) => AnswerError::Inside { layer: "density", source: Box::new(error) },
    }
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
    let adaptive = match values.word(&ADAPTIVE) {
        None => None,
        Some("abramson") => Some(Adaptive::Abramson),
        Some(_) => {
            let sample = values.count(&SAMPLE).ok_or(AnswerError::NotGiven(SAMPLE))?;
            Some(Adaptive::MinimumSample(usize::try_from(sample).unwrap_or(usize::MAX)))
        }
    };
    Ok(DensityAsk {
        kernel: kernel(values),
        width,
        cell: length(values, CELL)?,
        method: values
            .word(&MODE)
            .and_then(|word| named(Method::ALL, Method::name, word))
            .unwrap_or_default(),
        edge: values.word(&EDGE).and_then(|word| named(Edge::ALL, Edge::word, word)).unwrap_or_default(),
        half_life: values.number(&HALF_LIFE),
        weights: weights(values),
        adaptive,
        standard_error: standard_error(values),
        outline,
        levels,
    })
}

fn weights(values: &Values) -> Option<Weights> {
    values.word(&WEIGHTS).and_then(|word| named(Weights::ALL, Weights::word, word))
}

fn standard_error(values: &Values) -> bool {
    values.word(&SURFACE) == Some("standard-error")
}

fn kernel(values: &Values) -> Kernel {
    values.word(&KERNEL).and_then(Kernel::named).unwrap_or_default()
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
        DensityError::Weights(_) => WEIGHTS.wire,
        DensityError::Decay(_) => HALF_LIFE.wire,
        DensityError::Network(_) | DensityError::Streets(_) | DensityError::NoStreets { .. } => NETWORK.wire,
        DensityError::Kde(_) => BANDWIDTH.wire,
        DensityError::Edge => EDGE.wire,
        DensityError::NoSurface { param } | DensityError::Apart { param, .. } => param,
        DensityError::NoOutlines => SURFACE.wire,
        DensityError::Adaptive(AdaptiveError::Sample { .. } | AdaptiveError::Work { .. }) => SAMPLE.wire,
        DensityError::Adaptive(_) => BANDWIDTH.wire,
        DensityError::Dual(_) | DensityError::Nobody { .. } => COMPARISON.wire,
        DensityError::Grid(_) | DensityError::Coarse { .. } => CELL.wire,
    }
}
