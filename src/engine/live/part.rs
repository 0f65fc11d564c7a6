//! What some of the reports come to, on their own: events first, then incidents in their blocks.

use std::sync::Arc;

use super::fixed::Fixed;
use crate::aggregate::categories::by_category;
use crate::engine::make::make;
use crate::engine::placed::Known;
use crate::engine::places::{Found, geocode};
use crate::model::block::Assignment;
use crate::model::dataset::AssignmentReport;
use crate::model::events::Events;
use crate::model::identity::Ids;
use crate::model::incident::Incidents;
use crate::model::ledger::{Resolution, resolve_all};
use crate::model::link::{Linkable, link, linkables};
use crate::model::reports::Ledger;

/// Events of some reports, before those of several feeds are linked.
pub(super) struct Resolved {
    events: Events,
    /// With positions among all reports.
    pub(super) resolution: Resolution,
    /// Those that can be linked, known by the position of their first report among all; none where nothing is linked.
    pub(super) linkables: Vec<Linkable>,
    /// Reports that a later revision replaced, by position among all.
    superseded: Vec<u32>,
}

impl Resolved {
    /// Resolves a ledger; `number` gives the position of a report among all, `linked` says whether links are kept.
    pub(super) fn of(ledger: &Ledger, number: impl Fn(usize) -> u32, linked: bool) -> Self {
        let (events, mut resolution, superseded) = resolve_all(ledger);
        let superseded = superseded.into_iter().map(&number).collect();
        let all = |at: usize| number(at) as usize;
        resolution.unmatched.iter_mut().for_each(|at| *at = all(*at));
        resolution.taken_back.iter_mut().for_each(|pair| *pair = (all(pair.0), all(pair.1)));
        let mut linkables = if linked { linkables(&events, ledger) } else { Vec::new() };
        linkables.iter_mut().for_each(|one| one.event = all(events.get(one.event).first));
        Self { events, resolution, linkables, superseded }
    }
}

/// Incidents of some reports, with all that is counted of them.
pub(super) struct Part {
    pub(super) incidents: Incidents,
    /// Of each incident the position of its event's first report, among all.
    pub(super) leads: Vec<u32>,
    /// The revision that stands.
    pub(super) revisions: Vec<i64>,
    pub(super) assignment: Assignment,
    pub(super) assigned: AssignmentReport,
    pub(super) categories: Vec<usize>,
    pub(super) resolution: Resolution,
    pub(super) linked: usize,
    pub(super) linkables: Vec<Linkable>,
    /// Reports that a later revision replaced, by position among all: history, of which nothing follows any more.
    pub(super) superseded: Vec<u32>,
}

impl Part {
    /// Makes incidents of events that `ledger` came to.
    pub(super) fn of(
        resolved: Resolved,
        ledger: &Ledger,
        number: impl Fn(usize) -> u32,
        fixed: &Fixed,
    ) -> Self {
        Self::known(resolved, ledger, number, fixed, |_, _| Known::default())
    }

    /// The same with what `known` tells of events in their order.
    pub(super) fn known(
        resolved: Resolved,
        ledger: &Ledger,
        number: impl Fn(usize) -> u32,
        fixed: &Fixed,
        known: impl FnOnce(&Events, &[u32]) -> Known,
    ) -> Self {
        let Resolved { events, resolution, linkables, superseded } = resolved;
        let (events, linked) = match fixed.link {
            Some(rule) => link(events, ledger, rule),
            None => (events, 0),
        };
        let found = match &fixed.geocoder {
            Some(geocoder) => geocode(&events, ledger, || geocoder),
            None => Found::default(),
        };
        let ids = Ids::of(&events, ledger);
        let addresses = Arc::new(ledger.reports.addresses().texts().clone());
        let known = |order: &[u32]| known(&events, order);
        let (incidents, order, known) = make(&events, &ids, ledger, &addresses, &fixed.crs, &found, known);
        let (assignment, assigned) = fixed.assign(&incidents, known);
        let event = |&at: &u32| events.get(at as usize);
        Self {
            leads: order.iter().map(|at| number(event(at).first)).collect(),
            revisions: order.iter().map(|at| ledger.reports.get(event(at).told_by).revision).collect(),
            categories: by_category(&incidents, &ledger.classes),
            incidents,
            assignment,
            assigned,
            resolution,
            linked,
            linkables,
            superseded,
        }
    }
}
