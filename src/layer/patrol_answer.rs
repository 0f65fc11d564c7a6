//! From values to the layer of patrols.

use super::answer::{AnswerError, at_fault};
use super::blocks_answer::unusable;
use super::patrol::{PatrolAsk, PatrolLayerError, Sheet, patrol_plan};
use super::sites::{asks_sites, sites_answer};
use super::{Ask, Layer};
use crate::engine::params::patrol::{
    DEFAULT_DETOUR, DEFAULT_STOP, DETOUR, EVERY, FREE, HOURS, OFFICERS, PATROL, SHEET, SHIFTS, SPEED, STOP,
    WEEK_OF, WEEKDAYS,
};
use crate::engine::params::table::{DEFAULT_TOP, Param, TOP, WITHIN};
use crate::engine::params::values::Values;
use crate::engine::patrol::{PatrolGroundError, Patrolled};
use crate::engine::snapshot::Snapshot;
use crate::ingest::shifts::{MOST_OFFICERS, read_shifts};
use crate::model::shift::{Shift, parse_days, parse_hours};
use crate::plan::patrol::error::PatrolError;
use crate::plan::patrol::plan::PatrolParams;
use crate::plan::patrol::travel::parse_speed;

/// What the one shift is called that is given without a file.
const ONLY_SHIFT: &str = "patrol";

/// A parameter that contradicts another, or cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("shifts are given as a file and by officers and hours; give one of the two")]
    Both,
    #[error("`{text}` is no speed; give it with its unit, as 30km/h or 20mph")]
    Speed { text: String },
    #[error("{given} is given without {missing}; a shift needs both")]
    Half { given: &'static str, missing: &'static str },
}

/// Answers with the stops, areas or officers of the plan that the values ask for.
pub(super) fn patrol_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    if asks_sites(values)? {
        return sites_answer(snapshot, ask, values);
    }
    let top = values.count(&TOP).map_or(DEFAULT_TOP, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let speed = values.text(&SPEED).ok_or(AnswerError::NotGiven(SPEED))?;
    let speed =
        parse_speed(speed).ok_or_else(|| at_fault(SPEED, Unread::Speed { text: speed.to_owned() }))?;
    let every =
        values.word(&EVERY).and_then(|word| word.trim_end_matches('h').parse::<u32>().ok()).unwrap_or(2);
    let plan = PatrolAsk {
        shifts: shifts(values)?,
        scoring: values.scoring(),
        patrolled: if values.word(&PATROL) == Some("areas") {
            Patrolled::Areas
        } else {
            Patrolled::Blocks(top)
        },
        params: PatrolParams {
            stop: u32::try_from(values.count(&STOP).unwrap_or(DEFAULT_STOP)).unwrap_or(u32::MAX),
            every: every * 60,
            free: values.number(&FREE).ok_or(AnswerError::NotGiven(FREE))?,
            speed,
            detour: values.number(&DETOUR).unwrap_or(DEFAULT_DETOUR),
            seed: values.seed(),
            missing: Vec::new(),
        },
        week: values.other_period(&WEEK_OF).and_then(|period| period.first().or(period.last())),
        sheet: match values.word(&SHEET) {
            Some("areas") => Sheet::Areas,
            Some("officers") => Sheet::Officers,
            _ => Sheet::Stops,
        },
    };
    patrol_plan(snapshot, ask, &plan).map_err(|error| match error {
        PatrolLayerError::Category(unknown) => unknown.into(),
        PatrolLayerError::Within(unknown) => unknown.into(),
        PatrolLayerError::Ground(PatrolGroundError::Ranking(error)) => unusable(error),
        PatrolLayerError::Ground(PatrolGroundError::NoNames) => at_fault(WITHIN, error),
        PatrolLayerError::Ground(_) => at_fault(PATROL, error),
        PatrolLayerError::Week { .. } => at_fault(WEEK_OF, error),
        PatrolLayerError::Plan(ref plan) => at_fault(parameter_of(plan), error),
        PatrolLayerError::Beat(_) => at_fault(SHIFTS, error),
    })
}

/// Which parameter a plan is refused for.
fn parameter_of(error: &PatrolError) -> Param {
    match error {
        PatrolError::Stop { .. } | PatrolError::StopTooLong { .. } => STOP,
        PatrolError::Every { .. } => EVERY,
        PatrolError::Free { .. } | PatrolError::NothingFits { .. } => FREE,
        PatrolError::Speed { .. } => SPEED,
        PatrolError::Detour { .. } => DETOUR,
        PatrolError::Areas { .. } | PatrolError::TooLarge { .. } => TOP,
        PatrolError::Twice { .. } | PatrolError::Hours { .. } | PatrolError::NoHarm => PATROL,
        _ => SHIFTS,
    }
}

/// The shifts of a file, or the one that is given by its officers and hours.
fn shifts(values: &Values) -> Result<Vec<Shift>, AnswerError> {
    let (officers, hours) = (values.count(&OFFICERS), values.text(&HOURS));
    match (values.text(&SHIFTS), officers, hours) {
        (Some(_), Some(_), _) => Err(at_fault(OFFICERS, Unread::Both)),
        (Some(_), _, Some(_)) => Err(at_fault(HOURS, Unread::Both)),
        (Some(text), None, None) => read_shifts(text).map_err(|e| at_fault(SHIFTS, e)),
        (None, Some(officers), Some(hours)) => {
            let (from, to) = parse_hours(hours).map_err(|e| at_fault(HOURS, e))?;
            let days = values.text(&WEEKDAYS).map_or(Ok([true; 7]), parse_days);
            Ok(vec![Shift {
                name: ONLY_SHIFT.to_owned(),
                beat: None,
                days: days.map_err(|e| at_fault(WEEKDAYS, e))?,
                from,
                to,
                officers: u32::try_from(officers).unwrap_or(MOST_OFFICERS),
            }])
        }
        (None, Some(_), None) => {
            Err(at_fault(HOURS, Unread::Half { given: OFFICERS.wire, missing: HOURS.wire }))
        }
        (None, None, Some(_)) => {
            Err(at_fault(OFFICERS, Unread::Half { given: HOURS.wire, missing: OFFICERS.wire }))
        }
        (None, None, None) => Err(AnswerError::NotGiven(SHIFTS)),
    }
}
