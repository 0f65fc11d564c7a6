//! One step: what the groups of a batch came to before goes, what they come to now comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::part::{Part, Resolved};
use super::{Live, number};
use crate::model::reports::{Ledger, Reports};

impl Live {
    /// Has something made of some of the reports alone.
    fn of_reports<T>(&mut self, reports: &[u32], make: impl FnOnce(&Ledger) -> T) -> T {
        let some: Reports = reports.iter().map(|&at| self.ledger.reports.get(at as usize)).collect();
        let ledger = Ledger {
            sources: std::mem::take(&mut self.ledger.sources),
            classes: std::mem::take(&mut self.ledger.classes),
            files: Vec::new(),
            reports: some,
        };
        let made = make(&ledger);
        (self.ledger.sources, self.ledger.classes) = (ledger.sources, ledger.classes);
        made
    }

    pub(super) fn resolved(&mut self, reports: &[u32]) -> Resolved {
        let linked = self.links.is_some() || self.fixed.links(&self.ledger.sources);
        self.of_reports(reports, |ledger| Resolved::of(ledger, |at| reports[at], linked))
    }

    fn part(&mut self, resolved: Resolved, reports: &[u32]) -> Part {
        let fixed = Arc::clone(&self.fixed);
        self.of_reports(reports, |ledger| Part::of(resolved, ledger, |at| reports[at], &fixed))
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
            let (before, now) = self.halves(&fresh, &was, &is);
            let (old, new) = (self.resolved(&before), self.resolved(&now));
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
                return (self.part(old, &before), self.part(new, &now));
            }
            if fresh.is_empty() {
                break;
            }
        }
        let all: Vec<u32> = groups.into_iter().collect();
        let (before, now) = self.halves(&all, &was, &is);
        let (old, new) = (self.resolved(&before), self.resolved(&now));
        (self.part(old, &before), self.part(new, &now))
    }

    /// The reports of some groups that were there before, and those that are there now.
    fn halves(
        &self,
        groups: &[u32],
        was: impl Fn(u32) -> bool,
        is: impl Fn(u32) -> bool,
    ) -> (Vec<u32>, Vec<u32>) {
        let members = self.groups.members(groups.iter().copied());
        let before = members.iter().copied().filter(|&at| was(at)).collect();
        (before, members.into_iter().filter(|&at| is(at)).collect())
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
        for (&lead, _) in old.leads.iter().zip(stays).filter(|(_, stays)| !stays) {
            let row = self.rows.row(lead).expect("what an event came to has a row");
            let incidents = &self.data.incidents;
            self.places.remove(incidents, row, lead, &self.ledger.classes);
            self.times.remove(incidents.source(row), incidents.when(row), &self.ledger.sources);
            self.columns().remove(row);
        }
        for (at, &lead) in new.leads.iter().enumerate().filter(|(at, _)| comes[*at]) {
            let known = self.ledger.reports.addresses();
            let address = new.incidents.address(at).and_then(|text| known.find(text));
            let row = self.columns().push(&new.incidents, &new.assignment, at, address, lead);
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
