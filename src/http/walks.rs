//! Snapshots that clients read on in, page by page: the last few of some minutes.
//!
//! The engine keeps its last ones too, but a live feed makes new ones faster than anybody turns pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::state::AppState;
use crate::engine::snapshot::Snapshot;

/// How many are kept at most.
const MOST: usize = 16;

/// How long a snapshot is kept after somebody last read in it.
const LONGEST: Duration = Duration::from_secs(600);

/// Snapshots of which a next page was offered, the one read last at the end.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<VecDeque<(Instant, Arc<Snapshot>)>>);

impl Walks {
    /// Keeps one more, and lets go those from which something has been erased: those before the generation `whole`.
    fn keep(&self, snapshot: &Arc<Snapshot>, whole: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|(at, one)| {
            one.generation() != snapshot.generation()
                && one.generation() >= whole
                && now.duration_since(*at) <= LONGEST
        });
        kept.push_back((now, Arc::clone(snapshot)));
        let too_many = kept.len().saturating_sub(MOST);
        kept.drain(..too_many);
    }

    /// The one of a generation, if nothing has been erased since the generation `whole`: what was goes for good.
    fn find(&self, generation: u64, whole: u64) -> Option<Arc<Snapshot>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(at, one)| one.generation() >= whole && at.elapsed() <= LONGEST);
        kept.iter().find(|(_, one)| one.generation() == generation).map(|(_, snapshot)| Arc::clone(snapshot))
    }
}

impl AppState {
    /// Keeps a snapshot for who reads on, and tells the name by which it is found again in this run of the service.
    ///
    /// A generation alone is no name: after a new start it may be one of other data.
    pub(super) fn keep(&self, snapshot: &Arc<Snapshot>) -> String {
        self.walks.keep(snapshot, self.engine.whole_since());
        format!("{:x}-{}", self.stamp, snapshot.generation())
    }

    /// The snapshot of a name, if it is kept.
    pub(super) fn kept(&self, name: &str) -> Option<Arc<Snapshot>> {
        let (run, generation) = name.split_once('-')?;
        let generation = generation.parse().ok().filter(|_| run == format!("{:x}", self.stamp))?;
        let newest = Some(self.open()).filter(|newest| newest.generation() == generation);
        newest.or_else(|| self.walks.find(generation, self.engine.whole_since()))
    }
}
