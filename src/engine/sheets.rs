//! What the sheets of some blocks rest on: what happened there, when in the week, and what could not be placed.

use std::collections::BTreeMap;

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::aggregate::aoristic::HOURS;
use crate::model::block::{BlockId, Share};
use crate::model::period::{Precision, clock_seconds};

/// What is known of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetFacts {
    /// Incidents, with the parts of those that are split.
    pub incidents: f64,
    /// By the category of their leading class, the most frequent first; `None` for what is in no category.
    pub by_category: Vec<(Option<usize>, f64)>,
    /// Incidents of which the hour is known, by hour of the local week, Monday's first hour first.
    pub began: [u32; HOURS],
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

/// A share of all times at 00:00 or 12:00 above which that minute stands for 'unknown'.
const PILE: f64 = 0.01;

const HOUR: i64 = 3_600;

impl Snapshot {
    /// What the selected incidents tell of some blocks, in their order; held ones do not count. Time O(n).
    #[must_use]
    pub fn sheet_facts(&self, selection: &Selection, blocks: &[BlockId]) -> Vec<SheetFacts> {
        let data = self.dataset();
        let slots: BTreeMap<BlockId, usize> = (0..).zip(blocks).map(|(slot, &block)| (block, slot)).collect();
        let mut shares: Vec<BTreeMap<Option<usize>, u64>> = vec![BTreeMap::new(); blocks.len()];
        let mut began = vec![[0; HOURS]; blocks.len()];
        let piles = self.piles(selection);
        for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
            for (block, share) in data.assignment.shares(at) {
                let Some(&slot) = slots.get(&block) else { continue };
                let category = data.classes.get(data.incidents.class(at)).category;
                *shares[slot].entry(category).or_default() += u64::from(share.0);
                if let Some(hour) = self.hour(at, piles) {
                    began[slot][hour] += 1;
                }
            }
        }
        let parts = |shares: u64| shares as f64 / f64::from(Share::WHOLE.0);
        let facts = |(shares, began): (BTreeMap<Option<usize>, u64>, [u32; HOURS])| {
            let mut by: Vec<(Option<usize>, u64)> = shares.into_iter().collect();
            by.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            SheetFacts {
                incidents: parts(by.iter().map(|(_, n)| n).sum()),
                by_category: by.into_iter().map(|(category, n)| (category, parts(n))).collect(),
                began,
            }
        };
        shares.into_iter().zip(began).map(facts).collect()
    }

    /// How many of the selected incidents have a place, by the category of their leading class. Time O(n).
    #[must_use]
    pub fn placed(&self, selection: &Selection) -> BTreeMap<Option<usize>, Placed> {
        let data = self.dataset();
        let mut by: BTreeMap<Option<usize>, Placed> = BTreeMap::new();
        for at in (0..data.incidents.len()).filter(|&at| selection.has(data, at)) {
            let of = by.entry(data.classes.get(data.incidents.class(at)).category).or_default();
            of.incidents += 1;
            let placed = data.incidents.located(at).has_place() || data.assignment.main(at).is_some();
            of.placed += usize::from(placed);
        }
        by
    }

    /// Whether 00:00 and 12:00 stand for 'unknown' among the selected incidents.
    fn piles(&self, selection: &Selection) -> [bool; 2] {
        let data = self.dataset();
        let (mut all, mut at_pile) = (0_usize, [0_usize; 2]);
        for at in (0..data.incidents.len()).filter(|&at| selection.has(data, at)) {
            if let Some(second) = self.clock(at) {
                all += 1;
                at_pile[0] += usize::from(second.rem_euclid(24 * HOUR) == 0);
                at_pile[1] += usize::from(second.rem_euclid(24 * HOUR) == 12 * HOUR);
            }
        }
        at_pile.map(|n| n as f64 > PILE * all as f64)
    }

    /// The second by the source's clock at which an incident began, where the source tells the hour.
    fn clock(&self, at: usize) -> Option<i64> {
        let data = self.dataset();
        let when = data.incidents.when(at);
        let told = matches!(when.precision, Precision::Second | Precision::Minute | Precision::Hour);
        let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
        if told && i64::from(when.seconds) <= HOUR { clock_seconds(when.from, zone) } else { None }
    }

    fn hour(&self, at: usize, piles: [bool; 2]) -> Option<usize> {
        let second = self.clock(at)?;
        let of_day = second.rem_euclid(24 * HOUR);
        if piles[0] && of_day == 0 || piles[1] && of_day == 12 * HOUR {
            return None;
        }
        // The first of January 1970 was a Thursday.
        usize::try_from((second.div_euclid(HOUR) + 3 * 24).rem_euclid(HOURS as i64)).ok()
    }
}
