//! The one thing that both edges ask: an engine that opens snapshots.

mod addressed;
pub mod areas;
mod block_facts;
pub mod brief;
pub mod build;
mod by_block;
mod class_groups;
pub mod clusters;
pub mod concentration;
pub mod context;
pub mod counts;
pub mod density_adaptive;
pub mod density_ask;
pub mod density_dual;
mod density_ground;
mod density_kept;
pub mod density_statistics;
pub mod evidence;
pub mod explain;
pub mod extents;
mod found;
mod grouped;
pub mod hot_blocks;
pub mod hotspots;
mod hotspots_made;
pub mod hours;
pub mod identity;
pub mod live;
mod make;
mod memo;
pub mod named_block;
pub mod near_repeat;
pub mod network_density;
pub mod outreach;
pub mod over_time;
pub mod params;
pub mod patrol;
pub mod placed;
mod places;
pub mod problem_places;
pub mod query;
pub mod ranking;
mod ranking_check;
mod ranking_made;
mod ranking_shared;
pub mod rules;
pub mod scan;
mod sensors;
pub mod sheets;
pub mod sites;
pub mod snapshot;
pub mod targets;
pub mod units;
pub mod weights;

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

/// Snapshots that are kept beside the newest, for those who read on page by page.
pub const KEPT: usize = 16;

/// Seconds for which they are kept.
pub const KEPT_SECONDS: u64 = 600;

/// Holds the newest snapshot; readers keep theirs while a newer one is published.
#[derive(Debug)]
pub struct Engine {
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    newest: Arc<Snapshot>,
    /// Those before it, the oldest first.
    earlier: VecDeque<Earlier>,
    /// The first generation from which nothing has been erased since.
    whole_since: u64,
}

/// A snapshot that is not the newest any more.
#[derive(Debug)]
struct Earlier {
    snapshot: Arc<Snapshot>,
    /// When it ceased to be.
    since: u64,
}

impl Engine {
    /// An engine over a first data set.
    #[must_use]
    pub fn new(dataset: Dataset) -> Self {
        Self::of(Snapshot::new(dataset, 1))
    }

    /// An engine over a snapshot that is ready, as with an outreach list.
    #[must_use]
    pub fn of(snapshot: Snapshot) -> Self {
        Self::over(Arc::new(snapshot))
    }

    /// The same over a snapshot that is shared already.
    #[must_use]
    pub fn over(snapshot: Arc<Snapshot>) -> Self {
        Self { state: RwLock::new(State { newest: snapshot, earlier: VecDeque::new(), whole_since: 0 }) }
    }

    /// The newest snapshot, as far as the view reaches.
    #[must_use]
    pub fn open(&self, _view: &View) -> Arc<Snapshot> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).newest)
    }

    /// The generation of the newest snapshot.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).newest.generation()
    }

    /// The snapshot of a generation: the newest, or one of the last [`KEPT`] that was the newest at most
    /// [`KEPT_SECONDS`] ago; `None` if it is kept no more, or never was.
    #[must_use]
    pub fn opened(&self, _view: &View, generation: u64) -> Option<Arc<Snapshot>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let earlier = state.earlier.iter().map(|earlier| &earlier.snapshot);
        let mut all = std::iter::once(&state.newest).chain(earlier);
        all.find(|snapshot| snapshot.generation() == generation).map(Arc::clone)
    }

    /// Swaps in a newer snapshot whole. `now` are seconds of a clock that never goes back.
    ///
    /// One that is not newer than the newest is dropped: two who publish cannot take the state back.
    pub fn publish(&self, snapshot: Arc<Snapshot>, now: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if snapshot.generation() <= state.newest.generation() {
            return;
        }
        let before = std::mem::replace(&mut state.newest, snapshot);
        state.earlier.push_back(Earlier { snapshot: before, since: now });
        state.drop_old(now);
    }

    /// Drops the snapshots that are kept too long by now, where nothing is published.
    pub fn expire(&self, now: u64) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).drop_old(now);
    }

    /// The same as [`Engine::publish`], and drops all snapshots before it: what was erased is in none that can be opened.
    pub fn publish_alone(&self, snapshot: Arc<Snapshot>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if snapshot.generation() > state.newest.generation() {
            state.newest = snapshot;
        }
        state.whole_since = state.newest.generation();
        state.earlier.clear();
    }

    /// The first generation from which nothing has been erased since: whoever keeps a snapshot of an earlier one must
    /// let it go.
    #[must_use]
    pub fn whole_since(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).whole_since
    }
}

impl State {
    fn drop_old(&mut self, now: u64) {
        let too_many = self.earlier.len().saturating_sub(KEPT);
        self.earlier.drain(..too_many);
        self.earlier.retain(|earlier| now.saturating_sub(earlier.since) <= KEPT_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::build::{About, Ground, build};
    use crate::model::areas::Area;
    use crate::model::reports::Ledger;

    fn snapshot(generation: u64) -> Arc<Snapshot> {
        let ring = geo::LineString::from(vec![(-90.0, 38.0), (-90.0, 38.1), (-90.1, 38.1), (-90.0, 38.0)]);
        let shape = geo::MultiPolygon(vec![geo::Polygon::new(ring, Vec::new())]);
        let ground = Ground::Areas(vec![Area { shape, ..Area::default() }]);
        let dataset =
            build(Ledger::default(), &ground, About::default()).expect("a data set without incidents");
        Arc::new(Snapshot::new(dataset, generation))
    }

    #[test]
    fn the_last_sixteen_of_ten_minutes_can_be_opened_again_and_no_other() {
        let engine = Engine::over(snapshot(1));
        let opened = |generation| engine.opened(&View::all(), generation).map(|found| found.generation());
        for generation in 2..=18 {
            engine.publish(snapshot(generation), generation);
        }
        assert_eq!([1, 2, 17, 18, 19].map(opened), [None, Some(2), Some(17), Some(18), None]);
        // 17 ceased to be the newest in second 18.
        engine.expire(618);
        assert_eq!([2, 16, 17, 18].map(opened), [None, None, Some(17), Some(18)]);
        engine.publish(snapshot(18), 700);
        engine.publish(snapshot(3), 700);
        assert_eq!(engine.open(&View::all()).generation(), 18);
        engine.publish_alone(snapshot(19));
        assert_eq!([17, 18, 19].map(opened), [None, None, Some(19)]);
        assert_eq!(engine.whole_since(), 19);
    }
}
