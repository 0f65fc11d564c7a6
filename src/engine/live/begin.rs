//! The state of all reports at once, and what only grows with them.

use std::sync::Arc;

use super::fixed::Fixed;
use super::groups::Groups;
use super::links::Links;
use super::merge::{Merges, Spare};
use super::part::{Part, Resolved};
use super::places::Places;
use super::rows::Rows;
use super::times::Times;
use super::{Live, number};
use crate::engine::placed::{HandOut, Known};
use crate::index::incidents::IncidentIndex;
use crate::model::dataset::Dataset;
use crate::model::horizon;
use crate::model::reports::Ledger;

impl Live {
    /// Builds everything of a ledger; `data` has what does not come from it, `places` what is kept of its reports.
    pub(super) fn over(
        ledger: Ledger,
        fixed: Arc<Fixed>,
        data: Dataset,
        places: Option<HandOut<'_>>,
    ) -> Self {
        let resolved = Resolved::of(&ledger, number, fixed.links(&ledger.sources));
        let mut part = Part::known(resolved, &ledger, number, &fixed, |events, order| {
            places.map_or_else(Known::default, |places| {
                Known::of(events, order, &ledger.reports, fixed.block_set.blocks.len(), |take| {
                    places(&fixed.key(), take);
                })
            })
        });
        part.incidents.share();
        part.assignment.share();
        let mut live = Self {
            history: part.superseded.into_iter().collect(),
            groups: Groups::default(),
            links: None,
            index: IncidentIndex::default(),
            rows: Rows::of(part.leads, ledger.reports.len()),
            places: Places::default(),
            times: Times::default(),
            known: Vec::new(),
            categories: part.categories,
            unmatched: part.resolution.unmatched.iter().copied().collect(),
            taken_back: part.resolution.taken_back.iter().copied().collect(),
            dates: None,
            coverage: Vec::new(),
            stale: true,
            merges: Merges::default(),
            merging: None,
            spare: Spare::default(),
            forms: Arc::default(),
            kept: Arc::default(),
            outreach: None,
            data: Dataset {
                held: vec![false; part.incidents.len()],
                incidents: part.incidents,
                assignment: part.assignment,
                assigned: part.assigned,
                resolution: part.resolution,
                linked: part.linked,
                ..data
            },
            fixed,
            ledger,
        };
        live.take_in(0);
        if let Some(links) = &mut live.links {
            links.add(&part.linkables);
        }
        let incidents = &live.data.incidents;
        live.index = IncidentIndex::build((0..incidents.len()).map(|at| incidents.local(at)));
        let times = (0..incidents.len()).map(|at| (incidents.source(at), incidents.when(at)));
        live.times = Times::of(times, &live.ledger.sources);
        for at in 0..incidents.len() {
            live.places.add(incidents, at, live.rows.lead(at), &live.ledger.classes);
        }
        live.let_history_go();
        live
    }

    /// Brings all that only grows up to the reports that came since `before`.
    pub(super) fn take_in(&mut self, before: u32) {
        let ledger = &self.ledger;
        self.groups.extend(ledger);
        self.rows.reserve(ledger.reports.len());
        if self.data.sources.len() != ledger.sources.len() {
            self.data.sources = ledger.sources.clone();
        }
        if self.data.classes.rows().len() != ledger.classes.rows().len()
            || self.data.classes.tree() != ledger.classes.tree()
        {
            self.data.classes = ledger.classes.clone();
            self.categories.resize(ledger.classes.tree().rows().len(), 0);
        }
        let addresses = ledger.reports.addresses();
        for at in self.data.incidents.addresses().len()..addresses.len() {
            self.data.incidents.push_address(addresses.get(number(at)));
        }
        self.known.resize_with(ledger.sources.len(), horizon::Known::default);
        for at in before as usize..ledger.reports.len() {
            let report = ledger.reports.get(at);
            self.known[usize::from(report.source)].add(&report);
        }
        if self.links.is_none() && self.fixed.links(&ledger.sources) {
            self.keep_links(before);
        }
    }

    /// Makes ready for reports of a feed that is new: to find what they may be linked to, all that is there has to be looked
    /// at once, for which the first alert would have to wait.
    pub fn expect_feeds(&mut self) {
        if self.links.is_none() && self.fixed.link.is_some() {
            self.keep_links(number(self.ledger.reports.len()));
        }
    }

    /// Keeps links from now on, those of the reports before `before` among them.
    fn keep_links(&mut self, before: u32) {
        let Some(rule) = self.fixed.link else { return };
        self.links = Some(Links::new(rule));
        if before == 0 {
            return;
        }
        let earlier: Vec<u32> = (0..before).collect();
        let linkables = self.resolved(earlier).linkables;
        if let Some(links) = &mut self.links {
            links.add(&linkables);
        }
    }
}
