//! From values to the layer of a scan, where clusters are asked for by one.

use super::answer::AnswerError;
use super::scan::{ScanLayerError, scan, space_time_scan};
use super::{Ask, Layer};
use crate::analysis::scan::space_time::SpaceTimeParams;
use crate::analysis::scan::spatial::ScanParams;
use crate::engine::params::clusters::{EXPOSURE, METHOD, SCAN, SPACE_TIME_SCAN, SPAN};
use crate::engine::params::table::{EPS, MIN_POINTS};
use crate::engine::params::values::Values;
use crate::engine::scan::Exposure;
use crate::engine::snapshot::Snapshot;
use crate::model::block::SEGMENTS;

/// Share of all exposure, or of all incidents, that a circle holds at most: the custom.
const SHARE: f64 = 0.5;

/// Days between two analyses, for the recurrence interval: a crime analyst looks daily.
const EVERY: f64 = 1.0;

/// Whether clusters are asked for by a scan.
pub(super) fn is_scan(values: &Values) -> bool {
    matches!(values.word(&METHOD), Some(SCAN | SPACE_TIME_SCAN))
}

/// Answers by the scan that is asked for.
pub(super) fn scan_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    if values.word(&METHOD) == Some(SCAN) {
        of_blocks(snapshot, ask, values)
    } else {
        of_days(snapshot, ask, values)
    }
}

fn of_blocks(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let params = ScanParams {
        share: SHARE,
        radius: values.length(&EPS),
        least: least(values)?,
        permutations: values.permutations(),
        seed: values.seed(),
    };
    let named = Exposure::ALL.into_iter().find(|known| values.word(&EXPOSURE) == Some(known.word()));
    let streets = snapshot.dataset().block_set.name == SEGMENTS;
    let exposure = named.unwrap_or(if streets { Exposure::Length } else { Exposure::Area });
    scan(snapshot, ask, exposure, &params).map_err(refused)
}

fn of_days(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let params = SpaceTimeParams {
        radius: values.length(&EPS).ok_or(AnswerError::NotGiven(EPS))?,
        share: SHARE,
        days: values.number(&SPAN).ok_or(AnswerError::NotGiven(SPAN))?.floor() as usize,
        least: least(values)?,
        every: EVERY,
        permutations: values.permutations(),
        seed: values.seed(),
    };
    space_time_scan(snapshot, ask, &params).map_err(refused)
}

fn least(values: &Values) -> Result<u64, AnswerError> {
    values.count(&MIN_POINTS).ok_or(AnswerError::NotGiven(MIN_POINTS))
}

fn refused(error: ScanLayerError) -> AnswerError {
    match error {
        ScanLayerError::Category(unknown) => unknown.into(),
        error @ ScanLayerError::SpaceTime(_) => {
            AnswerError::Unusable { parameter: SPAN.wire, why: Box::new(error) }
        }
        error @ ScanLayerError::Scan(_) => {
            AnswerError::Unusable { parameter: EXPOSURE.wire, why: Box::new(error) }
        }
        other => AnswerError::Inside { layer: "clusters", source: Box::new(other) },
    }
}
