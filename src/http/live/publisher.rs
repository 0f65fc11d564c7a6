//! The thread that shows: what is on disk is applied together, published at most ten times a second, and told.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::feed::Feed;
use super::told;
use super::writer::{Accepted, FailIfLost};
use crate::engine::View;
use crate::engine::live::{Change, Live};
use crate::http::problem::chain;
use crate::model::reports::Ledger;

/// The least time between two snapshots.
const PACE: Duration = Duration::from_millis(100);

/// Reports that wait to be applied together at most: what comes with more costs no less each.
const MOST_WAITING: usize = 1_024;

/// How often old snapshots are dropped and rules of time are looked at while nothing comes.
const IDLE: Duration = Duration::from_secs(10);

/// What shows.
pub(super) struct Publisher {
    feed: Arc<Feed>,
    live: Live,
    /// What is on disk and not applied yet.
    waiting: Vec<Accepted>,
    /// What the next snapshot will show, beside the last one.
    changes: Vec<Change>,
    /// Whether something was forgotten that the snapshots before it still have.
    alone: bool,
    revision: u64,
    begun: Instant,
    last: Option<Instant>,
}

impl Publisher {
    pub(super) fn new(feed: Arc<Feed>, live: Live) -> Self {
        let revision = feed.engine().open(&View::all()).generation();
        Self {
            feed,
            live,
            waiting: Vec::new(),
            changes: Vec::new(),
            alone: false,
            revision,
            begun: Instant::now(),
            last: None,
        }
    }

    /// Shows what comes until nobody can send any more, or the service is at its end: what is then on disk and not shown, the
    /// next start shows.
    pub(super) fn run(mut self, to_show: &Receiver<Accepted>) {
        let feed = Arc::clone(&self.feed);
        let guard = FailIfLost(&feed);
        self.live.expect_feeds();
        loop {
            let next = if self.is_idle() { IDLE } else { self.due() };
            match to_show.recv_timeout(next) {
                Ok(_on_disk) if self.feed.is_ending() => {}
                Ok(accepted) => self.waiting.push(accepted),
                Err(RecvTimeoutError::Timeout) => self.feed.engine().expire(self.now()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Those that wait already need not wait once more; at the end none is shown that came after one that is not.
            if !self.feed.is_ending() {
                self.waiting.extend(to_show.try_iter().take(MOST_WAITING));
            }
            let due = !self.is_idle() && self.due().is_zero();
            if (due || self.waits() > MOST_WAITING) && !self.apply() {
                return;
            }
            if due && !self.changes.is_empty() {
                self.publish();
            }
        }
        if !self.apply() {
            return;
        }
        if !self.changes.is_empty() {
            self.publish();
        }
        std::mem::forget(guard);
    }

    /// Whether there is nothing to show.
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.changes.is_empty()
    }

    /// How many reports wait, and how much else.
    fn waits(&self) -> usize {
        let reports = self.waiting.iter().flat_map(|one| &one.ledgers).map(|ledger| ledger.reports.len());
        self.waiting.len() + reports.sum::<usize>()
    }

    /// How long until the next snapshot may be published.
    fn due(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| PACE.saturating_sub(last.elapsed()))
    }

    /// Seconds of a clock that never goes back.
    fn now(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    /// Takes in all that waits; `false` where it cannot be shown.
    fn apply(&mut self) -> bool {
        let mut ledgers = Vec::new();
        // Given back when all is applied.
        let mut rooms = Vec::new();
        for accepted in std::mem::take(&mut self.waiting) {
            self.revision = self.revision.max(accepted.revision);
            ledgers.extend(accepted.ledgers);
            rooms.extend(accepted.rooms);
            if let Some((gone, rest)) = accepted.gone {
                if !self.apply_all(&std::mem::take(&mut ledgers)) {
                    return false;
                }
                self.changes.push(self.live.forget_gone(&gone, rest));
                self.live.expect_feeds();
                self.alone = true;
            }
        }
        self.apply_all(&ledgers)
    }

    fn apply_all(&mut self, ledgers: &[Ledger]) -> bool {
        if ledgers.is_empty() {
            return true;
        }
        let now = jiff::Timestamp::now().as_second();
        let sources = ledgers.iter().flat_map(|ledger| &ledger.sources);
        sources.for_each(|source| self.feed.findings.hear(&source.name, now));
        match self.live.apply_all(ledgers) {
            Ok(change) => {
                self.changes.push(change);
                true
            }
            Err(error) => {
                let chain = chain(&error);
                tracing::error!(chain, "what was written cannot be shown; nothing more is taken in");
                false
            }
        }
    }

    fn publish(&mut self) {
        let snapshot = self.live.snapshot(self.revision);
        let extent = snapshot.dataset().extent;
        let alone = std::mem::take(&mut self.alone);
        if alone {
            self.feed.engine().publish_alone(snapshot);
        } else {
            self.feed.engine().publish(snapshot, self.now());
        }
        self.feed.published();
        self.last = Some(Instant::now());
        let changes = std::mem::take(&mut self.changes);
        let token = self.feed.token(self.revision);
        // After the snapshot, so that nobody finds them in an older one and is not noticed.
        if alone {
            self.feed.findings.hide_withdrawn(&changes);
            // Events name incidents that are gone: clients that come back for them load all again, and so do those that listen.
            self.feed.hub.let_go();
            self.feed.hub.tell([told::snapshot(&token, extent, false)]);
        } else {
            self.feed.findings.hide_changed(&changes);
            self.feed.hub.tell(told::events(&changes, &token, extent));
        }
    }
}
