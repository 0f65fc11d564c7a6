//! Answers that are kept for those who ask again: page by page, box by box, of the same state.

use std::sync::{Arc, Mutex, PoisonError};

use super::block_facts::{BlockFacts, FactsAsked};
use super::density_kept::KeptDensities;
use super::query::{Query, Selection, Tally};
use super::ranking::{Ranking, Scoring};
use crate::model::block::BlockId;

/// What the snapshots of one engine keep together, so that many of them do not keep much.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) densities: KeptDensities,
    /// What became of the incidents of a selection.
    pub(super) tallies: Memo<Selection, Tally, 16>,
    /// Rankings: some megabytes each for a large city.
    pub(super) rankings: Memo<RankingAsked, Ranking, 4>,
    /// What was told of their blocks.
    pub(super) facts: Memo<FactsAsked, BlockFacts, 4>,
}

/// What a ranking follows from, beside the snapshot.
pub(super) type RankingAsked = (Query, Scoring, Option<Vec<BlockId>>);

/// A thing and what it was made from: a snapshot, and what was asked of it.
type Made<K, V> = ((u64, K), Arc<V>);

/// Up to `MOST` things by what they were made from.
#[derive(Debug)]
pub(super) struct Memo<K, V, const MOST: usize> {
    /// The one asked for last at the end.
    things: Mutex<Vec<Made<K, V>>>,
}

impl<K, V, const MOST: usize> Default for Memo<K, V, MOST> {
    fn default() -> Self {
        Self { things: Mutex::default() }
    }
}

impl<K: PartialEq, V, const MOST: usize> Memo<K, V, MOST> {
    /// The thing that a snapshot, by its own number, has for what is asked; made if it is not kept.
    ///
    /// Two who ask at once may both make it. What could not be made is not kept.
    pub(super) fn get<E>(
        &self,
        snapshot: u64,
        asked: K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        let key = (snapshot, asked);
        let lock = || self.things.lock().unwrap_or_else(PoisonError::into_inner);
        let mut things = lock();
        if let Some(at) = things.iter().position(|(known, _)| *known == key) {
            let found = things.remove(at);
            let thing = Arc::clone(&found.1);
            things.push(found);
            return Ok(thing);
        }
        drop(things);
        let thing = Arc::new(make()?);
        let mut things = lock();
        things.retain(|(known, _)| *known != key);
        things.push((key, Arc::clone(&thing)));
        let over = things.len().saturating_sub(MOST);
        things.drain(..over);
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn what_is_kept_is_made_once_for_each_snapshot_and_the_oldest_goes() {
        let memo: Memo<&str, usize, 2> = Memo::default();
        let made = Cell::new(0);
        let ask = |snapshot: u64, asked: &'static str| {
            let make = || {
                made.set(made.get() + 1);
                Ok::<_, Infallible>(made.get())
            };
            memo.get(snapshot, asked, make).map(|thing| *thing)
        };
        assert_eq!([ask(1, "a"), ask(1, "a"), ask(2, "a"), ask(1, "a")], [Ok(1), Ok(1), Ok(2), Ok(1)]);
        assert_eq!(ask(1, "b"), Ok(3), "a third drives out the one asked for longest ago");
        assert_eq!([ask(1, "a"), ask(2, "a")], [Ok(1), Ok(4)]);
        let memo: Memo<&str, usize, 2> = Memo::default();
        assert_eq!(memo.get(1, "a", || Err("no")).map(|thing| *thing), Err("no"));
        assert_eq!(memo.get(1, "a", || Ok::<_, &str>(7)).map(|thing| *thing), Ok(7));
    }
}
