//! Events of several feeds by kind and time, so that those that a new one may be linked to are found.

use std::collections::BTreeMap;

use super::history::Renumbered;
use super::number;
use crate::model::link::{Group, LONGEST, LinkRule, Linkable};

/// All events that can be linked, as they were before the batch that is being applied.
#[derive(Debug, Default)]
pub(super) struct Links {
    all: BTreeMap<(Group, i64, usize), Linkable>,
}

fn key(one: &Linkable) -> (Group, i64, usize) {
    (one.group, one.from, one.event)
}

impl Links {
    /// Adds events.
    pub(super) fn add(&mut self, some: &[Linkable]) {
        self.all.extend(some.iter().map(|one| (key(one), *one)));
    }

    /// Takes events out.
    pub(super) fn remove(&mut self, some: &[Linkable]) {
        for one in some {
            self.all.remove(&key(one));
        }
    }

    /// Follows reports to their new numbers.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        let all = std::mem::take(&mut self.all).into_values();
        let moved = all.map(|mut one| {
            one.event = renumbered.number(number(one.event)) as usize;
            (key(&one), one)
        });
        self.all = moved.collect();
    }

    /// The first reports of events that the rule may make one with this.
    pub(super) fn near(&self, one: &Linkable, rule: &LinkRule) -> impl Iterator<Item = usize> {
        let reach = i64::from(rule.seconds);
        let from = (one.group, one.from - reach - LONGEST, 0);
        let to = (one.group, one.to + reach, usize::MAX);
        let window = self.all.range(from..=to).map(|(_, other)| other);
        window.filter(|other| rule.near(one, other).is_some()).map(|other| other.event)
    }
}
