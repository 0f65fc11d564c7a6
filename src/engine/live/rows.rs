//! The rows of the columns as incidents come and go.

use super::history::Renumbered;
use crate::index::incidents::IncidentIndex;
use crate::model::block::Assignment;
use crate::model::dataset::Dataset;
use crate::model::incident::Incidents;

/// Stands for no row.
pub(super) const NONE: u32 = u32::MAX;

/// Which row each event has: events are known by their first reports, which never change their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// By report, the row of the event that it begins.
    of_lead: Vec<u32>,
    /// By row, the first report of its event.
    lead: Vec<u32>,
}

/// Everything about a row that one place must not forget.
pub(super) struct Columns<'a> {
    pub(super) data: &'a mut Dataset,
    pub(super) index: &'a mut IncidentIndex,
    pub(super) rows: &'a mut Rows,
}

impl Rows {
    /// The rows of a part that is everything there is, of so many reports.
    pub(super) fn of(leads: Vec<u32>, reports: usize) -> Self {
        let mut of_lead = vec![NONE; reports];
        (0..).zip(&leads).for_each(|(row, &lead)| of_lead[lead as usize] = row);
        Self { of_lead, lead: leads }
    }

    /// Makes room for so many reports.
    pub(super) fn reserve(&mut self, reports: usize) {
        self.of_lead.resize(reports, NONE);
    }

    /// The row of the event that a report begins.
    pub(super) fn row(&self, lead: u32) -> Option<usize> {
        Some(self.of_lead[lead as usize]).filter(|&row| row != NONE).map(|row| row as usize)
    }

    /// For how many reports there is room.
    pub(super) fn reports(&self) -> usize {
        self.of_lead.len()
    }

    /// The rows at some positions, in their order.
    pub(super) fn gather(&self, order: &[u32]) -> Self {
        Self::of(order.iter().map(|&at| self.lead[at as usize]).collect(), self.of_lead.len())
    }

    /// Follows reports to their new numbers; rows that are gone keep their place in the order.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        let mut at = 0;
        self.of_lead.retain(|_| {
            at += 1;
            renumbered.stays(at - 1)
        });
        self.lead.iter_mut().for_each(|lead| *lead = renumbered.number(*lead));
    }

    /// The first report of a row's event.
    pub(super) fn lead(&self, row: usize) -> u32 {
        self.lead[row]
    }
}

impl Columns<'_> {
    fn key(&self, row: usize) -> (u64, u32) {
        (self.data.incidents.along(row), self.rows.lead[row])
    }

    /// The place of a key among the rows behind the sorted ones.
    fn nth(&self, key: (u64, u32)) -> usize {
        let incidents = &self.data.incidents;
        let (mut from, mut to) = (0, incidents.n_late());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.key(incidents.late_at(middle)) < key {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// Adds the row of another table behind all others; `address` is the number of its address here, `lead` the
    /// first report of its event.
    pub(super) fn push(
        &mut self,
        incidents: &Incidents,
        assignment: &Assignment,
        at: usize,
        address: Option<u32>,
        lead: u32,
    ) -> usize {
        let row = self.data.incidents.push(incidents, at, address);
        self.data.assignment.push(assignment, at);
        self.data.held.push(false);
        self.rows.lead.push(lead);
        self.rows.of_lead[lead as usize] = u32::try_from(row).expect("fewer than 2³² incidents");
        self.stand(row);
        row
    }

    /// Gives a row behind the sorted ones its place in the order and on the map.
    fn stand(&mut self, row: usize) {
        let key = self.key(row);
        let (mut from, mut to) = (0, self.data.incidents.sorted());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.key(middle) < key {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        let nth = self.nth(key);
        self.data.incidents.place(nth, from, row);
        if let Some(at) = self.data.incidents.local(row) {
            self.index.insert(row, at);
        }
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, row: usize) {
        if let Some(at) = self.data.incidents.local(row) {
            self.index.remove(row, at);
        }
        let late = row >= self.data.incidents.sorted();
        let nth = late.then(|| self.nth(self.key(row)));
        self.data.incidents.take_out(row, nth);
        self.data.held[row] = false;
        let lead = self.rows.lead[row] as usize;
        self.rows.of_lead[lead] = NONE;
    }
}
