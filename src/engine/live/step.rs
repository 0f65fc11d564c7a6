//! One step: what the groups of a batch came to before goes, what they come to now comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::part::{Part, Resolved};
use super::{Live, number};
use crate::model::reports::{Ledger, Reports};

/// Some of the reports, copied, with their numbers among all.
struct Copied {
    numbers: Vec<u32>,
    reports: Reports,
}

impl Live {
    fn copied(&self, numbers: Vec<u32>) -> Copied {
        let reports = numbers.iter().map(|&at| self.ledger.reports.get(at as usize)).collect();
        Copied { numbers, reports }
    }

    /// Has something made of some of the reports alone.
    fn of_some<T>(&mut self, some: &mut Copied, make: impl FnOnce(&Ledger, &[u32]) -> T) -> T {
        let ledger = Ledger {
            sources: std::mem::take(&mut self.ledger.sources),
            classes: std::mem::take(&mut self.ledger.classes),
            files: Vec::new(),
            reports: std::mem::take(&mut some.reports),
        };
        let made = make(&ledger, &some.numbers);
        (self.ledger.sources, self.ledger.classes) = (ledger.sources, ledger.classes);
        some.reports = ledger.reports;
        made
    }

    fn resolved_of(&mut self, some: &mut Copied) -> Resolved {
        let linked = self.links.is_some() || self.fixed.links(&self.ledger.sources);
        self.of_some(some, |ledger, numbers| Resolved::of(ledger, |at| numbers[at], linked))
    }

    pub(super) fn resolved(&mut self, reports: Vec<u32>) -> Resolved {
        let mut some = self.copied(reports);
        self.resolved_of(&mut some)
    }

    fn part(&mut self, resolved: Resolved, mut some: Copied) -> Part {
        let fixed = Arc::clone(&self.fixed);
        self.of_some(&mut some, |ledger, numbers| Part::of(resolved, ledger, |at| numbers[at], &fixed))
    }

    /// What the groups of some reports came to before and come to now, with all groups whose events linking may join
    /// to theirs: alone they come to the same as among all.
    pub(super) fn outcomes(
        &mut self,
        dirty: Vec<u32>,
        was: impl Fn(u32) -> bool,
        is: impl Fn(u32) -> bool,
    ) -> (Part, Part) {
        let mut groups: BTreeSet<u32> =
            dirty.into_iter().map(|at| self.groups.group(&self.ledger, at)).collect();
        // Of each round only the groups that came in the one before are looked at: a chain of links costs its length.
        let mut fresh: Vec<u32> = groups.iter().copied().collect();
        let mut rounds = 0;
        loop {
            let (mut before, mut now) = self.halves(&fresh, &was, &is);
            let (old, new) = (self.resolved_of(&mut before), self.resolved_of(&mut now));
            let mut joined = BTreeSet::new();
            if let Some(links) = &self.links {
                for one in old.linkables.iter().chain(&new.linkables) {
                    links.near(one, |first| {
                        joined.insert(self.groups.group(&self.ledger, number(first)));
                    });
                }
            }
            fresh = joined.into_iter().filter(|group| groups.insert(*group)).collect();
            rounds += 1;
            if fresh.is_empty() && rounds == 1 {
                return (self.part(old, before), self.part(new, now));
            }
            if fresh.is_empty() {
                break;
            }
        }
        let all: Vec<u32> = groups.into_iter().collect();
        let (mut before, mut now) = self.halves(&all, &was, &is);
        let (old, new) = (self.resolved_of(&mut before), self.resolved_of(&mut now));
        (self.part(old, before), self.part(new, now))
    }

    /// The reports of some groups that were there before, and those that are there now.
    fn halves(
        &self,
        groups: &[u32],
        was: impl Fn(u32) -> bool,
        is: impl Fn(u32) -> bool,
    ) -> (Copied, Copied) {
        let members = self.groups.members(groups.iter().copied());
        let before = members.iter().copied().filter(|&at| was(at)).collect();
        (self.copied(before), self.copied(members.into_iter().filter(|&at| is(at)).collect()))
    }

    /// Takes out what some groups came to before, and puts in what they come to now.
    pub(super) fn replace(&mut self, old: &Part, new: &Part) {
        self.stale = true;
        let before: HashMap<u32, usize> = old.leads.iter().copied().zip(0..).collect();
        let mut stays = vec![false; old.leads.len()];
        let mut comes = vec![true; new.leads.len()];
        for (at, lead) in new.leads.iter().enumerate() {
            if let Some(&was) = before.get(lead) {
                stays[was] = old.incidents.says(was, &new.incidents, at);
                comes[at] = !stays[was];
            }
        }
        let mut rows = Vec::new();
        for (&lead, _) in old.leads.iter().zip(stays).filter(|(_, stays)| !stays) {
            let row = self.rows.row(lead).expect("what an event came to has a row");
            let incidents = &self.data.incidents;
            self.places.remove(incidents, row, lead, &self.ledger.classes);
            self.times.remove(incidents.source(row), incidents.when(row), &self.ledger.sources);
            rows.push(row);
        }
        self.columns().remove(&rows);
        let known = self.ledger.reports.addresses();
        let address = |at: usize| new.incidents.address(at).and_then(|text| known.find(text));
        let came = new.leads.iter().enumerate().filter(|(at, _)| comes[*at]);
        let came: Vec<_> = came.map(|(at, &lead)| (at, address(at), lead)).collect();
        let first = self.columns().push(&new.incidents, &new.assignment, came.iter().copied());
        for (row, (_, _, lead)) in (first..).zip(came) {
            let incidents = &self.data.incidents;
            self.places.add(incidents, row, lead, &self.ledger.classes);
            self.times.add(incidents.source(row), incidents.when(row), &self.ledger.sources);
        }
        for (all, (old, new)) in self.categories.iter_mut().zip(old.categories.iter().zip(&new.categories)) {
            *all = *all + new - old;
        }
        let data = &mut self.data;
        data.linked = data.linked + new.linked - old.linked;
        for (part, sign) in [(new, 1), (old, -1)] {
            data.assigned.count(&part.assigned, sign);
            data.resolution.count(&part.resolution, sign);
        }
        for at in &old.resolution.unmatched {
            self.unmatched.remove(at);
        }
        for pair in &old.resolution.taken_back {
            self.taken_back.remove(pair);
        }
        self.unmatched.extend(&new.resolution.unmatched);
        self.taken_back.extend(&new.resolution.taken_back);
        if let Some(links) = &mut self.links {
            links.remove(&old.linkables);
            links.add(&new.linkables);
        }
    }
}
