//! What is told of single blocks beside their rank: found once for all pages and boxes of one list that show them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::evidence::Profile;
use super::query::Selection;
use super::ranking::Ranking;
use super::snapshot::Snapshot;
use crate::aggregate::addresses::Addresses;
use crate::model::block::BlockId;

/// What facts follow from, beside the snapshot: the incidents that are selected, and the classes that count.
pub(super) type FactsAsked = (Selection, Vec<bool>);

/// Facts of blocks, each found when a block is first told of: 32 bytes a block, and more for those that have a sentence.
#[derive(Debug)]
pub(super) struct BlockFacts {
    /// By block.
    addresses: Vec<OnceLock<Addresses>>,
    profiles: Mutex<HashMap<BlockId, Profile>>,
    held: OnceLock<Arc<HashMap<BlockId, usize>>>,
}

impl BlockFacts {
    fn of(n_blocks: usize) -> Self {
        let addresses = std::iter::repeat_with(OnceLock::new).take(n_blocks).collect();
        Self { addresses, profiles: Mutex::default(), held: OnceLock::new() }
    }
}

impl Snapshot {
    fn facts(&self, selection: &Selection, ranking: &Ranking) -> Arc<BlockFacts> {
        let asked = (selection.clone(), ranking.counted.clone());
        let n_blocks = self.dataset().block_set.blocks.len();
        let kept = self.kept.facts.get(self.number, asked, || Ok::<_, Infallible>(BlockFacts::of(n_blocks)));
        kept.unwrap_or_else(|never| match never {})
    }

    /// How many addresses the incidents that a ranking counted have in each of these blocks, and the share of the first.
    ///
    /// Time O(blocks), and O(m log m) where they were not asked for before, m the incidents in those.
    #[must_use]
    pub fn scored_addresses(
        &self,
        selection: &Selection,
        ranking: &Ranking,
        blocks: &[BlockId],
    ) -> Vec<Addresses> {
        let facts = self.facts(selection, ranking);
        let fact = |block: &BlockId| &facts.addresses[block.0 as usize];
        let new: Vec<BlockId> = blocks.iter().copied().filter(|block| fact(block).get().is_none()).collect();
        if !new.is_empty() {
            let counted = self.counted_by(ranking);
            let found = self.addresses_of(|at| selection.has(self.dataset(), at) && counted(at), &new);
            // Whoever else found them meanwhile found the same.
            new.iter().zip(found).for_each(|(block, found)| _ = fact(block).set(found));
        }
        blocks.iter().map(|block| fact(block).get().copied().unwrap_or_default()).collect()
    }

    /// What sentences tell of the incidents that a ranking counted in each of these blocks.
    ///
    /// Time O(blocks), and O(m) where they were not asked for before, m the incidents in those.
    #[must_use]
    pub fn scored_profiles(
        &self,
        selection: &Selection,
        ranking: &Ranking,
        blocks: &[BlockId],
    ) -> Vec<Profile> {
        let facts = self.facts(selection, ranking);
        let lock = || facts.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock();
        let new: Vec<BlockId> = blocks.iter().copied().filter(|block| !known.contains_key(block)).collect();
        drop(known);
        let gathered = self.gather(selection, self.counted_by(ranking), &new);
        let found = self.profiles(&gathered);
        let mut known = lock();
        known.extend(new.into_iter().zip(found));
        blocks.iter().filter_map(|block| known.get(block).copied()).collect()
    }

    /// As [`Snapshot::held`], counted once for all who ask for the list.
    #[must_use]
    pub fn held_kept(&self, selection: &Selection, ranking: &Ranking) -> Arc<HashMap<BlockId, usize>> {
        let facts = self.facts(selection, ranking);
        Arc::clone(facts.held.get_or_init(|| Arc::new(self.held(selection))))
    }
}
