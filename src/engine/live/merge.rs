//! Putting rows in order again beside the work that goes on: from a copy, with what came and went since added at the end.

use std::thread::{Builder, JoinHandle};

use super::rows::{Columns, NONE, Rows};
use crate::index::incidents::IncidentIndex;
use crate::model::block::Assignment;
use crate::model::incident::Incidents;

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

/// What a merge begins with: the state of a moment, most of it shared.
#[derive(Clone)]
struct Job {
    incidents: Incidents,
    assignment: Assignment,
    rows: Rows,
}

/// What it makes of it.
#[derive(Debug)]
struct Merged {
    incidents: Incidents,
    assignment: Assignment,
    index: IncidentIndex,
    rows: Rows,
    /// By the row before, the row after; [`NONE`] of those that were gone.
    to: Vec<u32>,
}

impl Job {
    fn run(self) -> Merged {
        let Self { incidents, assignment, rows } = self;
        let number = |at: usize| u32::try_from(at).expect("fewer than 2³² incidents");
        let order: Vec<u32> = incidents.standing().map(number).collect();
        let mut to = vec![NONE; incidents.len()];
        (0..).zip(&order).for_each(|(row, &before)| to[before as usize] = row);
        let merged = incidents.gather_rows(&order);
        Merged {
            index: IncidentIndex::build((0..merged.len()).map(|at| merged.local(at))),
            assignment: assignment.gather(&order),
            rows: rows.gather(&order),
            incidents: merged,
            to,
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
    /// Begins; `None` where there is no thread to be had, which is tried again after the next batch.
    pub(super) fn begin(columns: &Columns<'_>) -> Option<Self> {
        let job = Job {
            incidents: columns.data.incidents.clone(),
            assignment: columns.data.assignment.clone(),
            rows: columns.rows.clone(),
        };
        let thread = Builder::new().name("merge".to_owned()).spawn(move || job.run()).ok()?;
        Some(Self { thread, batches: 0 })
    }

    /// Whether it need not be waited for.
    pub(super) fn made(&self) -> bool {
        self.thread.is_finished()
    }

    /// Puts what was made in the place of the columns, with all that came and went since. Nobody is held there
    /// until that is decided anew.
    pub(super) fn finish(self, columns: &mut Columns<'_>) {
        let merged = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let Columns { data, index, rows } = columns;
        let before = std::mem::replace(&mut data.incidents, merged.incidents);
        let assignment = std::mem::replace(&mut data.assignment, merged.assignment);
        let earlier = std::mem::replace(*rows, merged.rows);
        **index = merged.index;
        for at in data.incidents.addresses().len()..before.addresses().len() {
            data.incidents.push_address(before.addresses().get(at));
        }
        rows.reserve(earlier.reports());
        data.held = vec![false; data.incidents.len()];
        let went = merged.to.iter().enumerate().filter(|(at, to)| **to != NONE && before.gone(*at));
        columns.remove(&went.map(|(_, &to)| to as usize).collect::<Vec<_>>());
        let came = (merged.to.len()..before.len()).filter(|&at| !before.gone(at));
        columns.push(&before, &assignment, came.map(|at| (at, before.address_number(at), earlier.lead(at))));
    }
}
