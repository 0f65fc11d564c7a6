//! The one thing that both edges ask: an engine that opens snapshots.

mod addressed;
pub mod areas;
pub mod brief;
pub mod build;
mod class_groups;
pub mod clusters;
pub mod concentration;
pub mod context;
pub mod counts;
pub mod density_adaptive;
pub mod density_ask;
pub mod density_statistics;
pub mod evidence;
pub mod explain;
mod grouped;
pub mod hot_blocks;
pub mod hotspots;
pub mod hours;
pub mod identity;
mod make;
pub mod named_block;
pub mod near_repeat;
pub mod network_density;
pub mod outreach;
pub mod over_time;
pub mod params;
pub mod patrol;
mod places;
pub mod problem_places;
pub mod query;
pub mod ranking;
mod ranking_check;
mod ranking_made;
mod ranking_shared;
pub mod scan;
pub mod sheets;
pub mod sites;
pub mod snapshot;
pub mod targets;
pub mod units;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::dataset::Dataset;
use snapshot::Snapshot;

/// What a reader may see. Everything, until roles exist; every read names it all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View(());

impl View {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self(())
    }
}

/// Holds the newest snapshot; readers keep theirs while a newer one is published.
#[derive(Debug)]
pub struct Engine {
    newest: RwLock<Arc<Snapshot>>,
    /// Those before it, the oldest first.
    earlier: RwLock<VecDeque<Arc<Snapshot>>>,
}

/// Snapshots that are kept, the newest among them.
pub const KEPT: usize = 16;

impl Engine {
    /// An engine over a first data set.
    #[must_use]
    pub fn new(dataset: Dataset) -> Self {
        Self::of(Snapshot::new(dataset, 1))
    }

    /// An engine over a snapshot that is ready, as with an outreach list.
    #[must_use]
    pub fn of(snapshot: Snapshot) -> Self {
        Self { newest: RwLock::new(Arc::new(snapshot)), earlier: RwLock::default() }
    }

    /// The newest snapshot, as far as the view reaches.
    #[must_use]
    pub fn open(&self, _view: &View) -> Arc<Snapshot> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The snapshot of this generation, as long as it is kept.
    #[must_use]
    pub fn opened(&self, view: &View, generation: u64) -> Option<Arc<Snapshot>> {
        let newest = self.open(view);
        if newest.generation() == generation {
            return Some(newest);
        }
        let earlier = self.earlier.read().unwrap_or_else(PoisonError::into_inner);
        earlier.iter().find(|snapshot| snapshot.generation() == generation).map(Arc::clone)
    }

    /// Swaps in a new data set whole, under the next generation number.
    pub fn publish(&self, dataset: Dataset) {
        let next = Snapshot::new(dataset, 0);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(next.numbered(newest.generation() + 1));
        let mut earlier = self.earlier.write().unwrap_or_else(PoisonError::into_inner);
        earlier.push_back(std::mem::replace(&mut newest, next));
        while earlier.len() >= KEPT {
            earlier.pop_front();
        }
    }
}
