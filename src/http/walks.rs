//! Snapshots that clients read on in, page by page: the last few of some minutes.
//!
//! The engine keeps its last ones too, but a live feed makes new ones faster than anybody turns pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::problem::Problem;
use super::state::AppState;
use crate::engine::View;
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
    pub(super) fn keep(&self, snapshot: &Arc<Snapshot>) -> String {
        self.walks.keep(snapshot, self.engine.whole_since());
        self.feed.token(snapshot.generation())
    }

    /// The snapshot of a name, if it is kept: here for who reads on, or by the engine.
    pub(super) fn kept(&self, name: &str) -> Option<Arc<Snapshot>> {
        let generation = generation(name.trim())?;
        self.feed.token(generation).eq(name.trim()).then_some(())?;
        let newest = self.engine.opened(&View::all(), generation);
        newest.or_else(|| self.walks.find(generation, self.engine.whole_since()))
    }

    /// The same, for answers that say what is wrong: 400 for what is no name of a state, 410 for one that is not kept.
    /// `anew` is where the newest is had.
    pub(super) fn opened(&self, name: &str, anew: Option<&str>) -> Result<Arc<Snapshot>, Problem> {
        if generation(name.trim()).is_none() {
            return Err(Problem::no_snapshot(name, &self.feed.token(self.open().generation())));
        }
        self.kept(name).ok_or_else(|| match anew {
            Some(anew) => Problem::walk_gone(name, anew.to_owned()),
            None => Problem::gone(name),
        })
    }
}

/// What names of states look like: a run of the service and a generation in it.
pub(super) const NAMES: &str = "^[0-9a-f]{1,16}-[0-9]{1,20}$";

/// The generation in a name; `None` of what is no name, and of a generation that there cannot be.
fn generation(name: &str) -> Option<u64> {
    let (run, generation) = name.split_once('-')?;
    let is_run = (1..=16).contains(&run.len()) && run.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_number = (1..=20).contains(&generation.len()) && generation.bytes().all(|b| b.is_ascii_digit());
    // More digits than fit name a generation as well, only not one that there is.
    (is_run && is_number).then(|| generation.parse().unwrap_or(u64::MAX))
}
