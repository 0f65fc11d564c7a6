//! The thread that has what is too old let go: once a day, in the writer's order.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::feed::Feed;
use super::limits::Retaining;

/// How soon it is asked again where readers held old pages of the store's log.
const AGAIN: Duration = Duration::from_secs(600);

/// Asks until nobody can say that it should end. The service has let go what was too old when it started.
pub(super) fn run(feed: &Feed, retaining: &Retaining, end: &Receiver<()>) {
    let mut next = retaining.every;
    while end.recv_timeout(next) == Err(RecvTimeoutError::Timeout) {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        // An error is told by who writes, and the next day asks again.
        let held = feed.expire(retaining.kept.cutoffs(today)).unwrap_or(false);
        next = if held { retaining.every.min(AGAIN) } else { retaining.every };
    }
}
