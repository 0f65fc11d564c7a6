//! Groups on their way to the disk: one at a time, while the next one gathers.
//!
//! Whoever is told that its reports are on the disk mostly comes back at once, and whoever came meanwhile waits already. To go on
//! without the former would be to go on in halves. So a group gathers as many calls as were on their way and came meanwhile, for at
//! most half as long as the way took and no longer than a millisecond; the last of them takes it on its way. A caller alone never
//! waits.

use std::fs::File;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::log;
use crate::store::error::StoreError;

/// The longest that a group gathers after the one before it has arrived.
const LONGEST: Duration = Duration::from_millis(1);

/// A way as short as this: others are not woken much sooner, and two groups in turns are faster than one that waits for all.
const QUICK: Duration = Duration::from_micros(300);

/// What is on the disk, and whether something is on its way.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The last group that is on the disk, or of which nothing was taken.
    done: AtomicU64,
    /// Calls that gather.
    gathered: AtomicUsize,
    told: Mutex<Told>,
    /// Told when a group arrives, for who wants all of them there.
    come: Condvar,
}

/// What whoever waits is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whether one is on its way.
    flying: bool,
    /// One failed, and nobody knows what of it is there.
    failed: bool,
    /// Groups of which nothing was taken, with SQLite's word for why.
    lost: HashMap<u64, i32>,
    /// Who waits, and for which group.
    waiting: Vec<(u64, Thread)>,
    /// How many calls the group that gathers waits for, and until when.
    expected: usize,
    until: Option<Instant>,
}

/// What is to be done about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is on the disk.
    Done,
    /// It is to be taken on its way.
    Depart,
    /// Others are expected until then; without a time somebody else sees to it.
    Wait(Option<Instant>),
}

impl Flight {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.told().failed
    }

    /// Counts a call into the group that gathers.
    pub(super) fn gather(&self) {
        self.gathered.fetch_add(1, Ordering::AcqRel);
    }

    /// What is to be done about a group; whoever waits is woken when that changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it never will be on the disk.
    pub(super) fn next(&self, group: u64, waits: bool) -> Result<Next, StoreError> {
        let mut told = self.told();
        if let Some(&code) = told.lost.get(&group) {
            let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            return Err(StoreError::Sqlite { doing: "taking reports", source });
        }
        if self.done.load(Ordering::Acquire) >= group {
            return Ok(Next::Done);
        }
        if told.failed {
            return Err(StoreError::Stopped);
        }
        let gathered = self.gathered.load(Ordering::Acquire);
        let until = told.until.filter(|until| gathered < told.expected && Instant::now() < *until);
        if !told.flying && until.is_none() {
            return Ok(Next::Depart);
        }
        if waits {
            told.waiting.push((group, thread::current()));
        }
        Ok(Next::Wait(until.filter(|_| !told.flying)))
    }

    /// Waits until a group is on the disk, or somebody has to take it there.
    pub(super) fn wait(&self, group: u64, until: Option<Instant>) {
        if self.done.load(Ordering::Acquire) >= group {
            return;
        }
        match until {
            Some(until) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
            None => thread::park(),
        }
    }

    /// Waits until nothing is on its way, and keeps it so.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] where what was did not arrive.
    pub(super) fn landed(&self) -> Result<MutexGuard<'_, Told>, StoreError> {
        let waited = self.come.wait_while(self.told(), |told| told.flying);
        let told = waited.unwrap_or_else(PoisonError::into_inner);
        if told.failed { Err(StoreError::Stopped) } else { Ok(told) }
    }

    /// Begins the way of the group that gathered, unless another is on its way or the writing has ended.
    pub(super) fn begin(&self) -> Option<usize> {
        let mut told = self.told();
        if told.flying || told.failed {
            return None;
        }
        told.flying = true;
        Some(self.gathered.swap(0, Ordering::AcqRel))
    }

    /// As [`Flight::arrived`], of a group that did not take the way over the log.
    pub(super) fn brought(&self, told: MutexGuard<'_, Told>, group: u64, how: Result<(), Option<i32>>) {
        self.gathered.store(0, Ordering::Release);
        self.arrived(told, group, how);
    }

    /// Says that all groups to one are on the disk (`Ok`), that nothing of it was taken, or that nobody knows (`Err(None)`).
    fn arrived(&self, mut told: MutexGuard<'_, Told>, group: u64, how: Result<(), Option<i32>>) {
        match how {
            Err(None) => told.failed = true,
            Err(Some(code)) => drop(told.lost.insert(group, code)),
            Ok(()) => {}
        }
        if how != Err(None) {
            self.done.store(group, Ordering::Release);
        }
        let failed = told.failed;
        let waiting = std::mem::take(&mut told.waiting);
        let (wake, mut rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(wanted, _)| failed || *wanted <= group);
        // One of those who gather takes them on their way, or looks after the time. It is woken last: then more have come.
        let first = rest.pop();
        told.waiting = rest;
        drop(told);
        self.come.notify_all();
        wake.into_iter().chain(first).for_each(|(_, thread)| thread.unpark());
    }
}

/// A group on its way; where it does not arrive, nothing more is taken.
#[derive(Debug)]
pub(super) struct Flying<'a> {
    flight: &'a Flight,
    group: u64,
    calls: usize,
    file: Arc<File>,
    at: u64,
    record: Vec<u8>,
    took: Option<Duration>,
}

impl<'a> Flying<'a> {
    /// Of a group of so many calls whose record has its place in the log.
    pub(super) fn new(
        flight: &'a Flight,
        (group, calls): (u64, usize),
        (file, at): (Arc<File>, u64),
        record: Vec<u8>,
    ) -> Self {
        Self { flight, group, calls, file, at, record, took: None }
    }

    /// Writes it; on the disk when this returns.
    pub(super) fn go(mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        log::write(&self.file, self.at, &self.record)?;
        self.took = Some(begun.elapsed());
        Ok(())
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        let mut told = self.flight.told();
        told.flying = false;
        told.expected = self.calls + self.flight.gathered.load(Ordering::Acquire);
        let slow = self.took.filter(|took| *took >= QUICK);
        told.until = slow.map(|took| Instant::now() + (took / 2).min(LONGEST));
        let how = if self.took.is_some() { Ok(()) } else { Err(None) };
        self.flight.arrived(told, self.group, how);
    }
}
