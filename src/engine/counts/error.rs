//! Why incidents cannot be counted as asked.

use jiff::civil::Date;

use super::axis::Axis;
use super::window::Span;
use crate::engine::areas::WithinError;
use crate::model::class::UnknownCategory;

/// Why there are no counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountsError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// No areas at all.
    #[error("there are no areas here to count by; give them with --areas KIND=FILE")]
    NoAreas,
    /// None of this kind.
    #[error("there are no areas of the kind {kind} here; there are {there}")]
    NoSuchKind {
        /// What was asked for.
        kind: &'static str,
        /// What could be.
        there: String,
    },
    /// Several kinds.
    #[error("there are areas of several kinds here; say which: {there}")]
    WhichKind {
        /// What could be said.
        there: String,
    },
    /// Two axes that cut the same.
    #[error("{first} and {second} cannot both be counted by; give one of them")]
    Both {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// More cells than fit an answer.
    #[error("these are more than {most} cells; count by fewer things, or over a shorter period")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// No incident, and no period.
    #[error("there are no incidents to count; import some, or give a period")]
    NoIncidents,
    /// An open period and nothing that could close it, or one that lies past the data.
    #[error("the period {period} has no day between the first and the last incident; give one that has")]
    Outside {
        /// What was asked for.
        period: String,
    },
    /// A comparison without a period.
    #[error("what is compared with another period needs a period of its own; give two dates")]
    NoPeriod,
    /// Units of the calendar have no other period.
    #[error(
        "{unit}s are compared with the one before (previous) or that of a year ago (year-ago), not with other dates"
    )]
    OtherDates {
        /// The unit.
        unit: &'static str,
    },
    /// A period past what is complete.
    #[error("{span} begins after {until}, until when the data are complete; give dates up to then")]
    Incomplete {
        /// The dates.
        span: Span,
        /// The last complete date.
        until: Date,
    },
    /// Two periods that share days.
    #[error(
        "{now} and {before} share days, on which incidents would count on both sides; give two periods apart"
    )]
    Overlap {
        /// The later.
        now: Span,
        /// The earlier.
        before: Span,
    },
}

/// Refuses axes that cut the same.
pub(super) fn check(by: &[Axis]) -> Result<(), CountsError> {
    let sort = |axis: &Axis| std::mem::discriminant(axis);
    for (at, axis) in by.iter().enumerate() {
        if let Some(other) = by[..at].iter().find(|other| sort(other) == sort(axis)) {
            let word = |axis: &Axis| match axis {
                Axis::Area(Some(kind)) => kind.word(),
                axis => axis.word(),
            };
            return Err(CountsError::Both { first: word(other), second: word(axis) });
        }
    }
    Ok(())
}
