//! Who writes: what it knows of the file, what lies in the log alone, and the group that gathers.

use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use rusqlite::Connection;

use super::append::{self, Known, Taken};
use super::flight::{Flight, Flying, Next, Told};
use super::lock::Lock;
use super::log::{self, Log};
use super::receipts::Recent;
use super::redo::Redo;
use super::state::State;
use super::transaction::Begun;
use crate::store::error::StoreError;
use crate::store::{Batch, Receipt};

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
    pub(super) stopped: bool,
    /// Made when first needed.
    log: Option<Log>,
    /// Whether there may be one: a disk that has no room for it does without.
    logs: bool,
    /// The group that gathers, and its number.
    open: Redo,
    number: u64,
    /// The last group that went to the disk and was not refused.
    sent: u64,
    /// What lies in the log alone, with its revision.
    logged: Vec<(u64, Redo)>,
    /// Batches of the group that gathers, and those that lie in the log alone.
    recent: [Recent; 2],
    _lock: Lock,
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
            number: 1,
            sent: 0,
            logged: Vec::new(),
            recent: Default::default(),
            _lock: lock,
        }
    }

    /// Nothing more is written after an error that says so.
    pub(super) fn ended<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.stopped |= done.as_ref().is_err_and(StoreError::ends_writing);
        done
    }

    /// Reads what is known, where it is not.
    pub(super) fn know(&mut self, flight: &Flight) -> Result<(), StoreError> {
        if self.known.is_none() {
            self.settle(flight)?;
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

    /// Takes batches into the group that gathers, and tells its number; none where they are in the file or nothing of them is new.
    pub(super) fn take(
        &mut self,
        flight: &Flight,
        batches: Vec<Batch>,
    ) -> Result<(Vec<Receipt>, Option<u64>), StoreError> {
        let known = self.know(flight);
        self.ended(known)?;
        let recent = std::mem::take(&mut self.recent);
        let waits = !self.open.is_empty();
        let taken =
            self.knowing(|connection, known| append::take(connection, known, &recent, waits, batches));
        self.recent = recent;
        let Taken { redo, recent, receipts } = self.ended(taken)?;
        if redo.is_empty() {
            // What is known may be on its way: it is told when it is on the disk.
            let group = if self.open.is_empty() { self.sent } else { self.number };
            return Ok((receipts, Some(group)));
        }
        let large = redo.count() > MOST_REPORTS || redo.count() == 0 || !self.logs;
        flight.gather();
        self.open.join(redo);
        self.recent[0].join(recent);
        if large {
            self.settle(flight)?;
            return Ok((receipts, None));
        }
        Ok((receipts, Some(self.number)))
    }

    /// Takes the group that gathers on its way, unless another is; into the file at once where it has no place in the log.
    pub(super) fn depart<'a>(
        &mut self,
        flight: &'a Flight,
        group: u64,
    ) -> Result<Option<Flying<'a>>, StoreError> {
        // Others may have seen to it while nobody had the lock.
        if flight.next(group, false)? != Next::Depart {
            return Ok(None);
        }
        if self.open.is_empty() {
            return Err(StoreError::Stopped);
        }
        if self.log.is_none() && self.logs {
            self.log = Log::make(&self.file).ok();
            self.logs = self.log.is_some();
        }
        let (Some(log), Some(known)) = (&mut self.log, &mut self.known) else {
            return self.settle(flight).map(|()| None);
        };
        let record = log::record(known.state.revision + 1, known.state.reports, &self.open);
        if !log.fits(&record) {
            // With all that is in the log.
            return self.settle(flight).map(|()| None);
        }
        let Some(calls) = flight.begin() else { return Ok(None) };
        let redo = std::mem::take(&mut self.open);
        let [gathered, logged] = &mut self.recent;
        logged.join(std::mem::take(gathered));
        known.state.revision += 1;
        known.state.reports += redo.count();
        self.logged.push((known.state.revision, redo));
        (self.sent, self.number) = (self.number, self.number + 1);
        let place = log.next(&record);
        Ok(Some(Flying::new(flight, (group, calls), place, record)))
    }

    /// Brings all that lies in the log and the group that gathers into the file.
    pub(super) fn settle(&mut self, flight: &Flight) -> Result<(), StoreError> {
        let told = flight.landed()?;
        if self.logged.is_empty() && self.open.is_empty() {
            return Ok(());
        }
        let open = std::mem::take(&mut self.open);
        let gathered = !open.is_empty();
        // A panic leaves those who wait without an answer that it is there.
        let bringing = Bringing { flight, told: Some(told), group: gathered.then_some(self.number) };
        self.number += u64::from(gathered);
        let brought = self.bring(&open);
        bringing.end(&brought);
        match &brought {
            Ok(()) => {
                self.sent = if gathered { self.number - 1 } else { self.sent };
                self.logged.clear();
                self.recent = Default::default();
                if let Some(log) = &mut self.log {
                    log.rewind();
                }
            }
            // What was known has what is not there, and what gathered may come again.
            Err(_) => (self.known, self.recent[0]) = (None, Recent::default()),
        }
        self.ended(brought)
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

/// A group that is brought into the file, with all that lay in the log.
struct Bringing<'a> {
    flight: &'a Flight,
    told: Option<MutexGuard<'a, Told>>,
    group: Option<u64>,
}

impl Bringing<'_> {
    fn end(mut self, brought: &Result<(), StoreError>) {
        let how = match brought {
            Ok(()) => Ok(()),
            Err(StoreError::Sqlite { source: rusqlite::Error::SqliteFailure(why, _), .. }) => {
                Err(Some(why.extended_code))
            }
            Err(_) => Err(Some(rusqlite::ffi::SQLITE_ERROR)),
        };
        self.tell(how);
    }

    fn tell(&mut self, how: Result<(), Option<i32>>) {
        if let (Some(told), Some(group)) = (self.told.take(), self.group) {
            self.flight.brought(told, group, how);
        }
    }
}

impl Drop for Bringing<'_> {
    fn drop(&mut self) {
        self.tell(Err(None));
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
            let (writer, _) = store.writer().expect("it writes");
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
