//! The rows of the columns as incidents come and go.

use std::ops::Range;

use super::history::Renumbered;
use crate::index::incidents::IncidentIndex;
use crate::index::squares::below;
use crate::model::block::Assignment;
use crate::model::column::Column;
use crate::model::dataset::Dataset;
use crate::model::incident::{Incidents, Late};
use crate::model::room::{emptied, with_more};

/// Stands for no row.
pub(super) const NONE: u32 = u32::MAX;

/// Which row each event has: events are known by their first reports, which never change their numbers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By report, the row of the event that it begins.
    of_lead: Vec<u32>,
    /// By row, the first report of its event.
    lead: Column<u32>,
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
        let mut lead = Column::of(leads);
        lead.share();
        Self { of_lead, lead }
    }

    /// Makes room for so many reports.
    pub(super) fn reserve(&mut self, reports: usize) {
        if reports > self.of_lead.capacity() {
            // Not twice as much: room that is far too large is not written over.
            self.of_lead.reserve_exact(with_more(reports) - self.of_lead.len());
        }
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

    /// By row, the first report of its event; shared.
    pub(super) fn leads(&self) -> Column<u32> {
        self.lead.clone()
    }

    /// The rows at some positions, in their order, of so many reports; in the room of spare ones.
    pub(super) fn gather(lead: &Column<u32>, order: &[u32], reports: usize, spare: Self) -> Self {
        let mut of_lead = emptied(spare.of_lead, reports);
        of_lead.resize(reports, NONE);
        (0..).zip(order).for_each(|(row, &at)| of_lead[lead.get(at as usize) as usize] = row);
        Self { of_lead, lead: lead.gather(order, spare.lead) }
    }

    /// Their room alone.
    pub(super) fn room(self) -> Self {
        Self { lead: self.lead.room(), ..self }
    }

    /// Follows reports to their new numbers; rows that are gone keep their place in the order.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        let mut at = 0;
        self.of_lead.retain(|_| {
            at += 1;
            renumbered.stays(at - 1)
        });
        self.lead.for_each_mut(|lead| *lead = renumbered.number(*lead));
    }

    /// The first report of a row's event.
    pub(super) fn lead(&self, row: usize) -> u32 {
        self.lead.get(row)
    }
}

impl Columns<'_> {
    fn key(&self, row: usize) -> (u64, u32) {
        (self.data.incidents.along(row), self.rows.lead(row))
    }

    /// The place of a key among the rows behind the sorted ones, not before another one.
    fn nth(&self, from: usize, key: (u64, u32)) -> usize {
        let incidents = &self.data.incidents;
        first_not(from, incidents.n_late(), |at| self.key(incidents.late_at(at)) < key)
    }

    /// Adds rows of another table behind all others: of each its position there, the number of its address here and the first
    /// report of its event. The first of them has the position that is returned, the others follow.
    pub(super) fn push(
        &mut self,
        incidents: &Incidents,
        assignment: &Assignment,
        rows: impl Iterator<Item = (usize, Option<u32>, u32)>,
    ) -> usize {
        let first = self.data.incidents.len();
        for (at, address, lead) in rows {
            let row = self.data.incidents.push(incidents, at, address);
            self.data.assignment.push(assignment, at);
            self.data.held.push(false);
            self.rows.lead.push(lead);
            self.rows.of_lead[lead as usize] = u32::try_from(row).expect("fewer than 2³² incidents");
        }
        self.stand(first..self.data.incidents.len());
        first
    }

    /// Gives rows behind the sorted ones their places in the order and on the map.
    fn stand(&mut self, rows: Range<usize>) {
        let mut keys: Vec<((u64, u32), usize)> = rows.map(|row| (self.key(row), row)).collect();
        keys.sort_unstable();
        let incidents = &self.data.incidents;
        let (mut nth, mut before) = (0, 0);
        let late: Vec<Late> = keys
            .into_iter()
            .map(|(key, row)| {
                nth = self.nth(nth, key);
                before = first_not(before, incidents.sorted(), |at| self.key(at) < key);
                Late { nth, before, row }
            })
            .collect();
        self.data.incidents.place(&late);
        for row in late.into_iter().map(|late| late.row) {
            if let Some(at) = self.data.incidents.local(row) {
                self.index.insert(row, at);
            }
        }
    }

    /// Takes incidents out.
    pub(super) fn remove(&mut self, rows: &[usize]) {
        let incidents = &self.data.incidents;
        let late = rows.iter().filter(|row| **row >= incidents.sorted());
        let mut keys: Vec<(u64, u32)> = late.map(|&row| self.key(row)).collect();
        keys.sort_unstable();
        let mut nth = 0;
        let late: Vec<usize> = keys
            .into_iter()
            .map(|key| {
                nth = self.nth(nth, key);
                nth
            })
            .collect();
        for &row in rows {
            if let Some(at) = self.data.incidents.local(row) {
                self.index.remove(row, at);
            }
            self.data.held[row] = false;
            let lead = self.rows.lead(row) as usize;
            self.rows.of_lead[lead] = NONE;
        }
        self.data.incidents.take_out(rows, &late);
    }
}

/// The first of some positions, ascending, of which something does not hold that holds of all before it. Time O(log) of how far
/// it is from the first: many that are looked for in order cost little more than their distances.
fn first_not(from: usize, to: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut step) = (from, 1);
    while from + step <= to && holds(from + step - 1) {
        from += step;
        step *= 2;
    }
    let to = to.min(from + step - 1);
    from + below(to - from, |further| holds(from + further))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_which_it_does_not_hold_is_found_from_anywhere_before_it() {
        for n in 0..70 {
            for wanted in 0..=n {
                for from in 0..=wanted {
                    assert_eq!(first_not(from, n, |at| at < wanted), wanted, "{from} {n}");
                }
            }
        }
    }
}
