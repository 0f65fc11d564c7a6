//! What the sheets of some blocks rest on: what happened there, when in the week, and what could not be placed.

use std::collections::BTreeMap;

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::model::block::{BlockId, Share};
use crate::rank::explain::Week;

/// What is known of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetFacts {
    /// Incidents, with the parts of those that are split.
    pub incidents: f64,
    /// Of them those that the score counts.
    pub scored: f64,
    /// By the category of their leading class, the most frequent first; `None` for what is in no category.
    pub by_category: Vec<(Option<usize>, f64)>,
    /// When in the week.
    pub week: Week,
}

/// How many incidents of a category there are, and how many of them have a block or a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// All of them.
    pub incidents: usize,
    /// Those with a place, or with a block by their address.
    pub placed: usize,
}

impl Placed {
    /// The placed part; 1 without incidents.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.incidents == 0 { 1.0 } else { self.placed as f64 / self.incidents as f64 }
    }
}

impl Snapshot {
    /// What the selected incidents tell of some blocks, in their order, and how many of them are `scored`; held ones do
    /// not count. Time O(n).
    #[must_use]
    pub fn sheet_facts(
        &self,
        selection: &Selection,
        scored: impl Fn(usize) -> bool,
        blocks: &[BlockId],
    ) -> Vec<SheetFacts> {
        let data = self.dataset();
        let slots: BTreeMap<BlockId, usize> = (0..).zip(blocks).map(|(slot, &block)| (block, slot)).collect();
        let mut shares: Vec<BTreeMap<Option<usize>, u64>> = vec![BTreeMap::new(); blocks.len()];
        let mut of_score = vec![0u64; blocks.len()];
        for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
            for (block, share) in data.assignment.shares(at) {
                let Some(&slot) = slots.get(&block) else { continue };
                let category = data.classes.get(data.incidents.class(at)).category;
                *shares[slot].entry(category).or_default() += u64::from(share.0);
                of_score[slot] += if scored(at) { u64::from(share.0) } else { 0 };
            }
        }
        let parts = |shares: u64| shares as f64 / f64::from(Share::WHOLE.0);
        let weeks = self.weeks(&self.gather(selection, |_| true, blocks));
        let facts = |((shares, scored), week): ((BTreeMap<Option<usize>, u64>, u64), Week)| {
            let mut by: Vec<(Option<usize>, u64)> = shares.into_iter().collect();
            by.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            SheetFacts {
                incidents: parts(by.iter().map(|(_, n)| n).sum()),
                scored: parts(scored),
                by_category: by.into_iter().map(|(category, n)| (category, parts(n))).collect(),
                week,
            }
        };
        shares.into_iter().zip(of_score).zip(weeks).map(facts).collect()
    }

    /// How many of the selected incidents have a place, by the category of their leading class. Time O(n).
    #[must_use]
    pub fn placed(&self, selection: &Selection) -> BTreeMap<Option<usize>, Placed> {
        let data = self.dataset();
        let mut by: BTreeMap<Option<usize>, Placed> = BTreeMap::new();
        for at in (0..data.incidents.len()).filter(|&at| selection.has(data, at)) {
            let of = by.entry(data.classes.get(data.incidents.class(at)).category).or_default();
            of.incidents += 1;
            of.placed += usize::from(data.placed(at));
        }
        by
    }
}
