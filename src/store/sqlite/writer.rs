//! Who writes: what it knows of the file, what lies in the log alone, the groups on their way and the one that gathers.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;

use super::append::{self, Keyed, Known, Taken};
use super::flight::{Arrived, Group, Leading};
use super::lock::Lock;
use super::log::{self, Log, MOST_FLYING, Records};
use super::receipts::Recent;
use super::redo::Redo;
use super::state::State;
use super::transaction::Begun;
use crate::store::Receipt;
use crate::store::error::StoreError;

/// Calls of more reports go into the file at once: the log is for single alerts.
const MOST_REPORTS: usize = 1 << 10;
/// Taking, as errors say it.
const DOING: &str = "taking reports";

/// Who writes to a store.
#[derive(Debug)]
pub(super) struct Writer {
    file: PathBuf,
    pub(super) connection: Connection,
    /// Read when first needed.
    pub(super) known: Option<Known>,
    /// An earlier write failed in a way after which nobody knows what is on the disk.
    stopped: bool,
    /// Made when first needed.
    log: Option<Log>,
    /// Whether there may be one: a disk that has no room for it does without.
    logs: bool,
    /// What the group that gathers brings, who waits for it, and how many calls there are.
    open: Redo,
    group: Arc<Group>,
    calls: usize,
    /// Those on their way, in the order of their revisions.
    flying: VecDeque<Flown>,
    /// How many calls of those that have arrived are expected to come back, and until when.
    returning: Option<(usize, Instant)>,
    /// The last group that went to the disk and was not refused.
    last: Arc<Group>,
    /// What lies in the log alone, with its revision.
    logged: Vec<(u64, Redo)>,
    /// Batches of the group that gathers, and those that lie in the log alone.
    recent: [Recent; 2],
    _lock: Lock,
}

/// What a call has to do about its group.
#[derive(Debug)]
pub(super) enum Joined {
    /// To wait for it.
    Follows(Arc<Group>),
    /// To take it on its way: as the first, who looks after it, or as the last that was expected.
    Leads(Arc<Group>),
    /// To bring it into the file at once.
    Large(Arc<Group>),
}

/// A group on its way.
#[derive(Debug)]
struct Flown {
    group: Arc<Group>,
    revision: u64,
    calls: usize,
    /// Whether it is on the disk, perhaps before one that departed before it.
    arrived: bool,
}

/// When the group that gathers is to depart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    Now,
    /// After others, as many of which are on their way as may be.
    Flying,
    /// Others are expected until then.
    Expects(Instant),
}

/// A group that has its place in the log.
#[derive(Debug)]
pub(super) struct Departed {
    pub(super) place: (Arc<Records>, u64),
    pub(super) record: Vec<u8>,
    pub(super) revision: u64,
}

impl Writer {
    pub(super) fn new(file: &Path, connection: Connection, lock: Lock) -> Self {
        Self {
            file: file.to_owned(),
            connection,
            known: None,
            stopped: false,
            log: None,
            logs: true,
            open: Redo::default(),
            group: Arc::default(),
            calls: 0,
            flying: VecDeque::new(),
            returning: None,
            last: Group::durable().into(),
            logged: Vec::new(),
            recent: Default::default(),
            _lock: lock,
        }
    }

    /// Whether a group is the one that gathers.
    pub(super) fn gathers(&self, group: &Arc<Group>) -> bool {
        Arc::ptr_eq(&self.group, group)
    }

    /// Whether any group is on its way.
    pub(super) fn flies(&self) -> bool {
        !self.flying.is_empty()
    }

    /// When the group that gathers is to depart: with as many calls that each group on its way has about as many, where others are
    /// expected.
    pub(super) fn departure(&self) -> Departure {
        if self.flying.len() >= MOST_FLYING {
            return Departure::Flying;
        }
        let (returning, until) = match self.returning {
            Some((returning, until)) if returning > 0 && Instant::now() < until => (returning, until),
            _ => return Departure::Now,
        };
        let all = self.calls + returning + self.flying.iter().map(|flown| flown.calls).sum::<usize>();
        if self.calls >= all.div_ceil(MOST_FLYING) { Departure::Now } else { Departure::Expects(until) }
    }

    /// The group of a revision is on the disk, and its calls are expected back until then; or it is not, and nothing more is
    /// taken. Hands out whoever can be told now: a group arrives after all before it.
    pub(super) fn land(&mut self, revision: u64, until: Option<Instant>) -> Vec<(Arc<Group>, Arrived)> {
        let Some(until) = until else {
            self.stopped = true;
            let from = self.flying.partition_point(|flown| flown.revision < revision);
            let lost = self.flying.drain(from..).map(|flown| (flown.group, Arrived::Unknown));
            return lost.collect();
        };
        if let Some(flown) = self.flying.iter_mut().find(|flown| flown.revision == revision) {
            flown.arrived = true;
        }
        let n = self.flying.iter().take_while(|flown| flown.arrived).count();
        let arrived: Vec<Flown> = self.flying.drain(..n).collect();
        let calls: usize = arrived.iter().map(|flown| flown.calls).sum();
        if calls > 0 {
            let left =
                self.returning.filter(|(_, until)| Instant::now() < *until).map_or(0, |(left, _)| left);
            self.returning = Some((left + calls, until));
        }
        arrived.into_iter().map(|flown| (flown.group, Arrived::Durable)).collect()
    }

    /// Whether an error has ended the writing.
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Nothing more is written after an error that says so.
    pub(super) fn ended<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.stopped |= done.as_ref().is_err_and(StoreError::ends_writing);
        done
    }

    /// After a panic: what it left half done was never committed, and what was known is read again.
    pub(super) fn mend(&mut self) {
        self.known = None;
    }

    /// Reads what is known, where it is not; the file has all there is.
    pub(super) fn know(&mut self) -> Result<(), StoreError> {
        if self.known.is_none() {
            self.known = Some(Known::read(&self.connection)?);
        }
        Ok(())
    }

    /// Works with what is known; an error or a panic leaves nothing that the file does not have.
    pub(super) fn knowing<T>(
        &mut self,
        work: impl FnOnce(&mut Connection, &mut Known) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut now = match self.known.take() {
            Some(known) => known,
            None => Known::read(&self.connection)?,
        };
        let done = work(&mut self.connection, &mut now);
        if done.is_ok() {
            self.known = Some(now);
        }
        done
    }

    /// Takes batches into the group that gathers.
    pub(super) fn take(&mut self, batches: Vec<Keyed>) -> Result<(Vec<Receipt>, Joined), StoreError> {
        let recent = std::mem::take(&mut self.recent);
        let first = self.open.is_empty();
        let taken =
            self.knowing(|connection, known| append::take(connection, known, &recent, !first, batches));
        self.recent = recent;
        let Taken { redo, recent, receipts } = self.ended(taken)?;
        if redo.is_empty() {
            // What is known may be on its way: it is told when it is on the disk.
            let group = if first { &self.last } else { &self.group };
            return Ok((receipts, Joined::Follows(Arc::clone(group))));
        }
        let large = redo.count() > MOST_REPORTS || redo.count() == 0;
        self.calls += 1;
        if let Some((returning, _)) = &mut self.returning {
            *returning = returning.saturating_sub(1);
        }
        self.open.join(redo);
        self.recent[0].join(recent);
        let group = Arc::clone(&self.group);
        Ok((
            receipts,
            match () {
                () if large => Joined::Large(group),
                () if first || self.departure() == Departure::Now => Joined::Leads(group),
                () => Joined::Follows(group),
            },
        ))
    }

    /// Takes the group that gathers on its way; `None` where it has no place in the log.
    pub(super) fn depart(&mut self) -> Option<Departed> {
        if self.log.is_none() && self.logs {
            self.log = Log::make(&self.file).ok();
            self.logs = self.log.is_some();
        }
        let (Some(log), Some(known)) = (&mut self.log, &mut self.known) else {
            return None;
        };
        let revision = known.state.revision + 1;
        let record = log::record(revision, known.state.reports, self.flying.len(), &self.open);
        let place = log.next(&record)?;
        let (redo, calls) = (std::mem::take(&mut self.open), std::mem::take(&mut self.calls));
        let [gathered, logged] = &mut self.recent;
        logged.join(std::mem::take(gathered));
        known.state.revision = revision;
        known.state.reports += redo.count();
        self.logged.push((revision, redo));
        self.last = std::mem::take(&mut self.group);
        self.flying.push_back(Flown { group: Arc::clone(&self.last), revision, calls, arrived: false });
        Some(Departed { place, record, revision })
    }

    /// Brings all that lies in the log and the group that gathers into the file; nothing is on its way.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        if self.logged.is_empty() && self.open.is_empty() {
            return Ok(());
        }
        let (open, group) = (std::mem::take(&mut self.open), std::mem::take(&mut self.group));
        let leading = Leading(&group);
        self.calls = 0;
        // As it is to be after a panic: nobody knows what of the group is there.
        self.stopped = true;
        let brought = self.bring(&open);
        self.stopped = brought.as_ref().is_err_and(StoreError::ends_writing);
        match &brought {
            Ok(()) => {
                self.logged.clear();
                self.recent = Default::default();
                if let Some(log) = &mut self.log {
                    log.rewind();
                }
            }
            // What was known has what is not there, and what gathered may come again.
            Err(_) => (self.known, self.recent[0]) = (None, Recent::default()),
        }
        leading.tell(Arrived::of(&brought));
        drop(leading);
        if brought.is_ok() {
            self.last = group;
        }
        brought
    }

    fn bring(&mut self, open: &Redo) -> Result<(), StoreError> {
        let transaction = Begun::now(&self.connection, DOING)?;
        let connection = transaction.connection();
        let mut last = None;
        // Readers may have brought some of it.
        let mut state = State::read(connection)?;
        let left = self.logged.iter().filter(|(revision, _)| *revision > state.revision);
        let left: Vec<_> = left.collect();
        for (revision, redo) in left {
            redo.apply(connection, &mut state, &mut last, *revision)?;
        }
        let next = state.revision + 1;
        open.apply(connection, &mut state, &mut last, next)?;
        transaction.commit(DOING)?;
        if let Some(known) = &mut self.known {
            known.state = state;
        }
        Ok(())
    }

    /// Overwrites what the log ever held.
    pub(super) fn wipe(&mut self) -> Result<(), StoreError> {
        self.log.as_mut().map_or(Ok(()), Log::wipe)
    }

    /// Takes the log away, which has nothing that the file does not have.
    pub(super) fn let_log_go(&mut self) {
        if self.log.take().is_some() {
            // One that stays is done with.
            let _whatever = log::remove(&self.file);
        }
    }
}

/// Brings what a log has into the file, of which this process has nothing in memory; another may write meanwhile.
pub(super) fn bring_log(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let doing = "bringing its log into it";
    let state = State::read(connection)?;
    if log::after(&log::read(file)?, state.revision).is_ok_and(|records| records.is_empty()) {
        return Ok(());
    }
    // From here on nobody else brings anything into the file.
    let transaction = Begun::now(connection, doing)?;
    let mut state = State::read(connection)?;
    let mut last = None;
    for record in log::steady(|| log::read(file), state.revision)? {
        if record.reports != state.reports as u64 {
            let what = format!("its log tells of {} reports, the store of {}", record.reports, state.reports);
            return Err(StoreError::Damaged { what });
        }
        record.redo.apply(connection, &mut state, &mut last, record.revision)?;
    }
    transaction.commit(doing)
}

#[cfg(test)]
mod tests {
    use crate::ingest::incidents::{self, Options};
    use crate::ingest::input::Input;
    use crate::store::setting::Setting;
    use crate::store::sqlite::SqliteStore;
    use crate::store::sqlite::flight::Shared;
    use crate::store::{Batch, Store};

    /// Reports from one number to another, under a key.
    fn batch(from: usize, to: usize) -> Batch {
        let rows: String = (from..to).map(|n| format!("{n},2024-01-05 13:30,robbery,-90.2,38.6\n")).collect();
        let text = format!("incidentid,date,category,longitude,latitude\n{rows}");
        let input = Input::of("crimes.csv", text.into_bytes()).expect("a table");
        let (ledger, _) = incidents::read(&[input], &Options::default(), &|| ()).expect("readable");
        Batch { ledger, key: Some(format!("{from}-{to}")), ..Batch::default() }
    }

    #[test]
    fn what_a_full_disk_refused_is_new_when_it_comes_again_and_what_was_logged_before_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::create(&folder.path().join("s"), &Setting::default()).expect("made");
        let pages = |most: i64| {
            let writer = store.shared().and_then(Shared::writer).expect("it writes");
            // One that is below what there is becomes that.
            let set = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            writer.connection.pragma_update_and_check(None, "max_page_count", most, set).expect("set");
        };
        assert_eq!(store.append(vec![batch(0, 1)]).expect("taken")[0].new, 1);
        pages(1);
        let error = store.append(vec![batch(1, 5_000)]).expect_err("full");
        assert!(error.disk_full() && !error.ends_writing(), "{error:?}");
        assert!(store.append(vec![batch(1, 5_000)]).expect_err("full").disk_full());
        pages(1 << 30);
        assert!(store.append(vec![batch(0, 1)]).expect("it is there").remove(0).repeated);
        let receipts = store.append(vec![batch(1, 5_000), batch(0, 1)]).expect("there is room");
        assert_eq!((receipts[0].new, receipts[0].repeated, receipts[0].revision), (4_999, false, 2));
        assert!(receipts[1].repeated);
        assert_eq!(store.verify().expect("whole").reports, 5_000);
    }
}
