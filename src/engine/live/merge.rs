//! Putting rows in order again beside the work that goes on: from a copy, with what came and went since added at the end.
//!
//! What is replaced is kept, and the next merge writes over it: there are always two of each column, and memory neither rises
//! nor falls. Only what a snapshot has still, or what is too small or far too large, is made anew.

use std::thread::{Builder, JoinHandle};

use super::rows::{Columns, Rows};
use crate::index::incidents::IncidentIndex;
use crate::model::block::Assignment;
use crate::model::column::Column;
use crate::model::incident::Incidents;
use crate::model::room::{emptied, too_large};

/// When rows are put in order again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merges {
    /// After how many rows that came or went.
    pub rows: usize,
    /// After how many further batches the merge takes effect, whether or not it must be waited for; `None`: as soon
    /// as it is made.
    pub batches: Option<usize>,
}

impl Default for Merges {
    fn default() -> Self {
        Self { rows: 20_000, batches: None }
    }
}

/// What a merge replaced: room, of which nothing is read.
#[derive(Debug, Default)]
pub(super) struct Spare {
    incidents: Incidents,
    assignment: Assignment,
    index: IncidentIndex,
    rows: Rows,
    order: Vec<u32>,
}

/// What a merge begins with: the state of a moment, most of it shared.
struct Job {
    incidents: Incidents,
    assignment: Assignment,
    /// By row, the first report of its event.
    leads: Column<u32>,
    reports: usize,
    spare: Spare,
}

/// What it makes of it.
#[derive(Debug)]
struct Merged {
    incidents: Incidents,
    assignment: Assignment,
    index: IncidentIndex,
    rows: Rows,
    /// Of each row the row before.
    order: Vec<u32>,
    /// What it began with.
    begun: Incidents,
}

impl Job {
    fn run(self) -> Merged {
        let Self { incidents, assignment, leads, reports, spare } = self;
        let number = |at: usize| u32::try_from(at).expect("fewer than 2³² incidents");
        let mut order = emptied(spare.order, incidents.count());
        order.extend(incidents.standing().map(number));
        let merged = incidents.gather_rows(&order, spare.incidents);
        Merged {
            index: spare.index.build_over((0..merged.len()).map(|at| merged.local(at))),
            assignment: assignment.gather(&order, spare.assignment),
            rows: Rows::gather(&leads, &order, reports, spare.rows),
            incidents: merged,
            order,
            begun: incidents,
        }
    }
}

/// A merge that is being made.
#[derive(Debug)]
pub(super) struct Merging {
    thread: JoinHandle<Merged>,
    /// Batches since it began.
    pub(super) batches: usize,
}

impl Merging {
    /// Begins, in the room of what an earlier one replaced; `None` where there is no thread to be had, which is tried again
    /// after the next batch.
    pub(super) fn begin(columns: &Columns<'_>, spare: Spare) -> Option<Self> {
        let job = Job {
            incidents: columns.data.incidents.clone(),
            assignment: columns.data.assignment.clone(),
            leads: columns.rows.leads(),
            reports: columns.rows.reports(),
            spare,
        };
        let thread = Builder::new().name("merge".to_owned()).spawn(move || job.run()).ok()?;
        Some(Self { thread, batches: 0 })
    }

    /// Whether it need not be waited for.
    pub(super) fn made(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for what nobody wants any more, so that no copy of it is left.
    pub(super) fn give_up(self) {
        drop(self.thread.join());
    }

    /// Puts what was made in the place of the columns, with all that came and went since. Nobody is held there
    /// until that is decided anew. Returns what was replaced.
    pub(super) fn finish(self, columns: &mut Columns<'_>) -> Spare {
        let merged = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let Merged { order, begun, .. } = merged;
        let Columns { data, index, rows } = columns;
        let before = std::mem::replace(&mut data.incidents, merged.incidents);
        let assignment = std::mem::replace(&mut data.assignment, merged.assignment);
        let earlier = std::mem::replace(*rows, merged.rows);
        let index = std::mem::replace(*index, merged.index);
        for at in data.incidents.addresses().len()..before.addresses().len() {
            data.incidents.push_address(before.addresses().get(at));
        }
        let went = (0..begun.len()).filter(|&at| before.gone(at) && !begun.gone(at));
        let row = |at| rows.row(earlier.lead(at)).expect("it stood when the merge began");
        let went: Vec<usize> = went.map(row).collect();
        rows.reserve(earlier.reports());
        data.held.clear();
        data.held.resize(data.incidents.len(), false);
        columns.remove(&went);
        let came = (begun.len()..before.len()).filter(|&at| !before.gone(at));
        columns.push(&before, &assignment, came.map(|at| (at, before.address_number(at), earlier.lead(at))));
        if too_large(before.room_len(), columns.data.incidents.len()) {
            return Spare::default();
        }
        Spare {
            incidents: before.room(),
            assignment: assignment.room(),
            index: index.room(),
            rows: earlier.room(),
            order,
        }
    }
}
