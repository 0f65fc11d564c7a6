//! The warnings where a result counts days before the data begin, or of which incidents are still to come.

use crate::engine::query::Tally;
use crate::engine::snapshot::Snapshot;

/// That incidents after the horizon are counted, in a sentence that names the period without them; `None` where none is.
///
/// Source: `counting.md` 7 of the project's rules on counting.
pub(super) fn incomplete(snapshot: &Snapshot, tally: &Tally) -> Option<String> {
    let (until, (first, _)) = (snapshot.complete_until()?, snapshot.dates()?);
    // Nor from before the data begin: the other warning says that such incidents are too many for their days.
    let first = snapshot.observed_from().map_or(first, |begin| first.max(begin));
    let period = if first <= until {
        format!("--period {first}/{until} leaves them out")
    } else {
        "all of them are".to_owned()
    };
    (tally.after_complete > 0).then(|| {
        format!(
            "{} of {} incidents are from after {until}, until when the data are complete: of those days more are still to come, so they are no fall; {period}",
            tally.after_complete, tally.incidents
        )
    })
}

/// That incidents are counted from before the data begin, so that rates are too high; `None` where none is.
///
/// Source: `counting.md` 7 of the project's rules on counting.
pub(super) fn unobserved(snapshot: &Snapshot, tally: &Tally) -> Option<String> {
    let first = snapshot.observed_from()?;
    (tally.before_observed > 0).then(|| {
        format!(
            "{} of {} incidents are from before {first}, when the data begin: they count, and no observed day stands for them; --period {first}/.. leaves them out",
            tally.before_observed, tally.incidents
        )
    })
}
