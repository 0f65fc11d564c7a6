//! Snapshots that clients read on in, page by page: the last few of some minutes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::snapshot::Snapshot;

/// How many are kept at most.
const MOST: usize = 16;

/// How long a snapshot is kept after somebody last read in it.
const LONGEST: Duration = Duration::from_secs(600);

/// Snapshots of which a next page was offered, the one read last at the end.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<VecDeque<(Instant, Arc<Snapshot>)>>);

impl Walks {
    /// Keeps a snapshot and tells the name by which it is found again, in this run of the service.
    pub(super) fn keep(&self, stamp: u64, snapshot: &Arc<Snapshot>) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|(at, one)| {
            one.generation() != snapshot.generation() && now.duration_since(*at) <= LONGEST
        });
        kept.push_back((now, Arc::clone(snapshot)));
        let too_many = kept.len().saturating_sub(MOST);
        kept.drain(..too_many);
        format!("{stamp:x}-{}", snapshot.generation())
    }

    /// The snapshot of a name, if it is kept or is the newest.
    pub(super) fn find(&self, stamp: u64, name: &str, newest: Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        let (run, generation) = name.split_once('-')?;
        let generation: u64 = generation.parse().ok()?;
        if run != format!("{stamp:x}") {
            return None;
        }
        if newest.generation() == generation {
            return Some(newest);
        }
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(at, one)| one.generation() == generation && at.elapsed() <= LONGEST);
        found.map(|(_, snapshot)| Arc::clone(snapshot))
    }
}
