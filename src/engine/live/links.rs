//! Events of several feeds by kind, feed, time and place, so that those that a new one may be linked to are found.

use std::collections::BTreeMap;

use super::history::Renumbered;
use super::number;
use crate::model::link::{LinkRule, Linkable};
use crate::model::link_grid::{FEW, Grid, Key};
use crate::model::report::Feed;

/// All events that can be linked, as they were before the batch that is being applied.
#[derive(Debug)]
pub(super) struct Links {
    rule: LinkRule,
    grid: Grid,
    all: BTreeMap<Key, Linkable>,
    /// How many there are of each feed.
    feeds: BTreeMap<Feed, usize>,
}

impl Links {
    /// None yet.
    pub(super) fn new(rule: LinkRule) -> Self {
        Self { rule, grid: Grid::new(&rule), all: BTreeMap::new(), feeds: BTreeMap::new() }
    }

    /// Adds events. Time O(n log n); many at the beginning are put in order once.
    pub(super) fn add(&mut self, some: &[Linkable]) {
        if self.all.is_empty() {
            self.all = some.iter().map(|one| (self.grid.key(one), *one)).collect();
            self.all.values().for_each(|one| *self.feeds.entry(one.feed).or_default() += 1);
            return;
        }
        for one in some {
            if self.all.insert(self.grid.key(one), *one).is_none() {
                *self.feeds.entry(one.feed).or_default() += 1;
            }
        }
    }

    /// Takes events out.
    pub(super) fn remove(&mut self, some: &[Linkable]) {
        for one in some {
            if self.all.remove(&self.grid.key(one)).is_some()
                && let Some(left) = self.feeds.get_mut(&one.feed)
            {
                *left -= 1;
            }
        }
    }

    /// Follows reports to their new numbers.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        let (grid, all) = (self.grid, std::mem::take(&mut self.all).into_values());
        let moved = all.map(|mut one| {
            one.event = renumbered.number(number(one.event)) as usize;
            (grid.key(&one), one)
        });
        self.all = moved.collect();
    }

    /// Hands over the first reports of events that the rule may make one with this: only of other feeds.
    ///
    /// Time O(log n + events near in time and place).
    pub(super) fn near(&self, one: &Linkable, mut found: impl FnMut(usize)) {
        self.candidates(one, |other| {
            if self.rule.near(one, other).is_some() {
                found(other.event);
            }
        });
    }

    /// Hands over events of other feeds, all that may be near in time and place among them.
    fn candidates(&self, one: &Linkable, mut found: impl FnMut(&Linkable)) {
        let mut look = |(from, to): (Key, Key)| self.all.range(from..=to).for_each(|(_, other)| found(other));
        for (&feed, _) in self.feeds.iter().filter(|(feed, n)| **feed != one.feed && **n > 0) {
            for span in self.grid.spans(one, feed) {
                if self.all.range(span.0..=span.1).nth(FEW).is_none() {
                    look(span);
                } else {
                    self.grid.rows(one, span.0).for_each(&mut look);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::link::Group;
    use crate::space::coord::LonLat;

    fn event(event: usize, feed: Feed) -> Linkable {
        // A place of its own each, 100 m apart, all at one time.
        let (row, column) = (event / 200, event % 200);
        let at = LonLat::new(-90.0 + column as f64 * 0.001, 38.0 + row as f64 * 0.001);
        Linkable { group: Group::Category(1), from: 0, to: 60, at: at.expect("on the globe"), feed, event }
    }

    #[test]
    fn a_batch_at_one_time_looks_only_at_other_feeds_and_only_nearby() {
        let mut links = Links::new(LinkRule::default());
        links.add(&(0..10_000).map(|n| event(n, Feed::Report)).collect::<Vec<_>>());
        let looked = |feed| {
            let mut n = 0;
            (0..10_000).for_each(|at| links.candidates(&event(at, feed), |_| n += 1));
            n
        };
        assert_eq!(looked(Feed::Report), 0);
        let calls = looked(Feed::Call);
        assert!((10_000..500_000).contains(&calls), "{calls}");
        let mut near = Vec::new();
        links.near(&event(2_050, Feed::Call), |found| near.push(found));
        near.sort_unstable();
        assert_eq!(near, [1_849, 1_850, 1_851, 2_049, 2_050, 2_051, 2_249, 2_250, 2_251]);
        links.remove(&[event(2_050, Feed::Report)]);
        let mut near = Vec::new();
        links.near(&event(2_050, Feed::Call), |found| near.push(found));
        assert_eq!(near.len(), 8);
    }
}
