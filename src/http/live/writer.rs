//! The thread that writes: what waits goes to the store in one transaction and is acknowledged once that is on disk.

use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::feed::Feed;
use super::refusal::Refusal;
use crate::http::problem::chain;
use crate::model::cutoff::{Cutoffs, Gone};
use crate::model::reports::Ledger;
use crate::store::error::StoreError;
use crate::store::gather::Gather;
use crate::store::{Batch, Expired, Receipt, Store, ledger};

/// Bytes beyond which no more batches are put into one transaction: an alert does not wait for a city's files.
const GROUP: usize = 4 << 20;

/// Batches of one transaction at most.
const MOST: usize = 1_024;

/// What waits for the thread that writes.
#[derive(Debug)]
pub(super) enum Task {
    /// A batch that is to be written; in a box, since the other is small.
    Write(Box<Job>),
    /// What is too old by now is to go; told whether readers kept the log from being emptied.
    Expire(Cutoffs, Sender<bool>),
}

impl Task {
    fn bytes(&self) -> usize {
        match self {
            Self::Write(job) => job.bytes,
            Self::Expire(..) => 0,
        }
    }
}

/// A batch that waits to be written.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) batch: Batch,
    /// How large it came.
    pub(super) bytes: usize,
    /// Given back once it is shown.
    pub(super) room: OwnedSemaphorePermit,
    pub(super) answer: oneshot::Sender<Result<Taken, Refusal>>,
}

/// What the store made of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The store's revision after it: the batch is in every snapshot of this generation or a later one.
    pub(super) revision: u64,
    pub(super) new: usize,
    pub(super) known: usize,
    pub(super) revised: usize,
    pub(super) superseded: usize,
    pub(super) withdrawn: usize,
    /// Too old to be kept, and refused.
    pub(super) expired: usize,
    /// Whether the store had the very same request before.
    pub(super) repeated: bool,
}

/// Reports that are on disk and not shown yet, or incidents that are gone from it and shown still.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    pub(super) revision: u64,
    pub(super) ledgers: Vec<Ledger>,
    /// With all reports that are left: of those that later revisions replaced the engine keeps the numbers alone.
    pub(super) gone: Option<(Gone, Ledger)>,
    /// Given back once they are shown.
    pub(super) rooms: Vec<OwnedSemaphorePermit>,
}

/// Writes until nobody can send any more, or the store refuses.
pub(super) fn run(store: &dyn Store, mut gather: Gather<Task>, accepted: &Sender<Accepted>, feed: &Feed) {
    let guard = FailIfLost(feed);
    while let Some(group) = gather.next(MOST, GROUP, Task::bytes) {
        let (mut jobs, mut cutoffs) = (Vec::with_capacity(group.len()), Vec::new());
        for task in group {
            match task {
                Task::Write(job) => jobs.push(*job),
                Task::Expire(before, answer) => cutoffs.push((before, answer)),
            }
        }
        let written = jobs.is_empty() || write(store, jobs, accepted, feed);
        if !written || !cutoffs.into_iter().all(|one| expire(store, one, accepted, feed)) {
            feed.fail();
            break;
        }
    }
    // What still waits was not written, and whoever sent it is told so.
    for task in gather.rest() {
        if let Task::Write(job) = task {
            refuse(job.answer, Refusal::stopped());
        }
    }
    std::mem::forget(guard);
}

/// A thread that ends by a panic must not leave the service accepting.
pub(super) struct FailIfLost<'a>(pub(super) &'a Feed);

impl Drop for FailIfLost<'_> {
    fn drop(&mut self) {
        self.0.fail();
    }
}

/// Lets go what is too old; `false` where nothing more can be written.
fn expire(
    store: &dyn Store,
    (cutoffs, answer): (Cutoffs, Sender<bool>),
    accepted: &Sender<Accepted>,
    feed: &Feed,
) -> bool {
    let expired = match store.forget_before(&cutoffs, false) {
        Ok(expired) => expired,
        Err(error) => {
            let chain = chain(&error);
            tracing::error!(chain, "what is too old is not gone from the store");
            return !(error.ends_writing() || matches!(error, StoreError::Stopped));
        }
    };
    let Expired { reports, incidents, gone, revision, held } = expired;
    for (source, &incidents) in &incidents {
        let before = cutoffs.named(source).map(|day| day.to_string());
        tracing::info!(source, incidents, before, "incidents are too old to be kept and are forgotten");
        feed.metrics.expired(source, incidents);
    }
    if held {
        tracing::warn!("readers hold old pages of the store's log; what is forgotten leaves them later");
    }
    let _gone = answer.send(held);
    if reports == 0 {
        return true;
    }
    // Read here, since nobody else writes: it is the state of this revision and no later one.
    let rest = match ledger(store) {
        Ok((rest, _)) => rest,
        Err(error) => {
            let chain = chain(&error);
            tracing::error!(chain, "what is forgotten is shown still; nothing more is taken in");
            return false;
        }
    };
    let show = Accepted { revision, gone: Some((gone, rest)), ..Accepted::default() };
    if accepted.send(show).is_err() {
        tracing::error!("what is forgotten is shown still; nothing more is taken in");
        return false;
    }
    true
}

fn refuse(answer: oneshot::Sender<Result<Taken, Refusal>>, why: Refusal) {
    // A client that has gone away hears nothing.
    let _gone = answer.send(Err(why));
}

/// Writes a group in one transaction; `false` where nothing more can be written.
fn write(store: &dyn Store, group: Vec<Job>, accepted: &Sender<Accepted>, feed: &Feed) -> bool {
    let alone = group.len() == 1;
    let copies: Vec<Batch> =
        if alone { Vec::new() } else { group.iter().map(|job| job.batch.clone()).collect() };
    let (mut batches, mut answers) = (Vec::new(), Vec::new());
    for job in group {
        batches.push(job.batch);
        answers.push((job.answer, job.room, job.bytes));
    }
    let begun = Instant::now();
    let receipts = match store.append(batches) {
        Ok(receipts) => receipts,
        Err(error) if error.ends_writing() || matches!(error, StoreError::Stopped) => {
            // Which of them are on disk nobody knows after a failed fsync: nothing is acknowledged, nothing more is taken.
            let chain = chain(&error);
            tracing::error!(chain, "the store cannot be written to; nothing more is taken in");
            answers.into_iter().for_each(|(answer, ..)| refuse(answer, Refusal::stopped()));
            return false;
        }
        Err(error) if alone => {
            let chain = chain(&error);
            tracing::error!(chain, "the store took nothing of a batch");
            let why =
                || if error.disk_full() { Refusal::full() } else { Refusal::unusable(error.to_string()) };
            answers.into_iter().for_each(|(answer, ..)| refuse(answer, why()));
            return true;
        }
        Err(_) => {
            // One of them is at fault, perhaps; the others are not to suffer for it.
            let jobs = answers.into_iter().zip(copies);
            return jobs
                .map(|((answer, room, bytes), batch)| Job { batch, bytes, room, answer })
                .all(|job| write(store, vec![job], accepted, feed));
        }
    };
    feed.metrics.commits.observe(begun.elapsed().as_secs_f64());
    let mut show = Accepted::default();
    for (receipt, (answer, room, _)) in receipts.into_iter().zip(answers) {
        let Receipt {
            revision,
            new,
            known,
            revised,
            superseded,
            withdrawn,
            expired,
            repeated,
            conflict,
            accepted,
            ..
        } = receipt;
        if conflict {
            refuse(answer, Refusal::key());
            continue;
        }
        let taken = Taken { revision, new, known, revised, superseded, withdrawn, expired, repeated };
        // On disk: now, and not before, the client hears of it.
        let _gone = answer.send(Ok(taken));
        if !accepted.reports.is_empty() {
            show.revision = show.revision.max(revision);
            show.ledgers.push(accepted);
            show.rooms.push(room);
        }
    }
    if !show.ledgers.is_empty() && accepted.send(show).is_err() {
        tracing::error!("what was written cannot be shown; nothing more is taken in");
        return false;
    }
    true
}
