//! From values to the outreach list and the brief.

use super::answer::AnswerError;
use super::blocks_answer::unusable;
use super::brief::brief;
use super::list::list;
use super::{Ask, Layer};
use crate::engine::brief::{BriefAsk, BriefError, Of};
use crate::engine::outreach::{ListAsk, OutreachError};
use crate::engine::params::outreach::{
    AFTERCARE_MONTHS, AS_OF, BONUS, CAPACITY, DELAY, OF, PROTECTED, REVIEW, REVIEW_MONTHS, STAY_MONTHS,
};
use crate::engine::params::ranking::{BY, DRAWS, GUN, PROACTIVE};
use crate::engine::params::table::{CATEGORY, PERIOD, TOP, WITHIN};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::plan::outreach::review::ReviewError;

/// What a review is asked for.
#[must_use]
pub fn list_ask(values: &Values) -> ListAsk {
    let scoring = values.scoring();
    let count = |param| values.count(param).and_then(|n| u32::try_from(n).ok());
    ListAsk {
        capacity: values.capacity(&CAPACITY),
        as_of: values.date(&AS_OF),
        review: values.word(&REVIEW),
        bonus: values.number(&BONUS),
        review_months: count(&REVIEW_MONTHS),
        stay_months: count(&STAY_MONTHS),
        aftercare_months: count(&AFTERCARE_MONTHS),
        period: values.period,
        by: values.word(&BY).map(|_| scoring.by),
        gun: values.word(&GUN).map(|_| scoring.gun),
        proactive: values.word(&PROACTIVE).map(|_| scoring.proactive),
        categories: values.categories.is_some().then(|| values.query().categories),
        within: values.within.clone(),
        top_n: count(&TOP),
        seed: values.seed(),
        draws: count(&DRAWS),
        protected: values.word(&PROTECTED).map(|word| word == "yes"),
    }
}

/// Whether a review is asked for, and not the list as it is.
#[must_use]
pub fn asks_review(values: &Values) -> bool {
    values.capacity(&CAPACITY).is_some() || values.word(&REVIEW).is_some()
}

/// An error of a review with the parameter at fault.
#[must_use]
pub fn review_error(error: OutreachError) -> AnswerError {
    let parameter = match &error {
        OutreachError::NoCapacity => return AnswerError::NotGiven(CAPACITY),
        OutreachError::NoDate => return AnswerError::NotGiven(AS_OF),
        OutreachError::Category(_) => CATEGORY.wire,
        OutreachError::Within(_) => WITHIN.wire,
        OutreachError::Period { .. } => PERIOD.wire,
        OutreachError::Review(ReviewError::NotDue { .. }) => REVIEW.wire,
        OutreachError::Review(ReviewError::NotLater { .. }) => AS_OF.wire,
        OutreachError::Review(ReviewError::Capacity { .. } | ReviewError::NoHouseholds) => CAPACITY.wire,
        OutreachError::Ranking(_) => {
            let OutreachError::Ranking(ranking) = error else { unreachable!("matched just now") };
            return unusable(ranking);
        }
        OutreachError::Review(_) => return AnswerError::Inside { layer: "list", source: Box::new(error) },
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}

/// Answers with the list that is kept, or with what a review would make of it; nothing is kept of that.
pub(super) fn list_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let kept = snapshot.outreach();
    match kept {
        Some(kept) if !asks_review(values) => Ok(list(snapshot, ask, kept)?),
        kept => {
            let next = snapshot.review(kept, &list_ask(values)).map_err(review_error)?;
            Ok(list(snapshot, ask, &next)?)
        }
    }
}

/// Answers with the brief.
pub(super) fn brief_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let what = BriefAsk {
        as_of: values.date(&AS_OF),
        delay_hours: values.number(&DELAY).unwrap_or(0.0),
        of: if values.word(&OF) == Some("gun") { Of::Gun } else { Of::Shootings },
        within: ask.within.clone(),
    };
    brief(snapshot, ask, &what).map_err(|error| match error {
        BriefError::Within(unknown) => unknown.into(),
        BriefError::NoDate => AnswerError::NotGiven(AS_OF),
        BriefError::NoUnits => AnswerError::Unusable { parameter: WITHIN.wire, why: Box::new(error) },
        BriefError::Delay { .. } => AnswerError::Unusable { parameter: DELAY.wire, why: Box::new(error) },
    })
}
