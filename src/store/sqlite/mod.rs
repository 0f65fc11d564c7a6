//! A store in one SQLite file.

mod append;
mod compact;
mod copy;
mod cutoffs;
mod expire;
mod forget;
mod lock;
mod numbers;
mod parts;
mod receipts;
mod replay;
mod schema;
mod setting;
mod state;
mod tables;
mod transaction;
mod verify;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use self::append::Known;
pub use self::copy::restore;
use self::lock::Lock;
pub use self::schema::Access;
use self::state::State;
use super::error::StoreError;
use super::row_key::content_hash;
use super::setting::Setting;
use super::watched::Watched;
use super::{Batch, Expired, Forgotten, Receipt, Store, Verified};
use crate::model::cutoff::Cutoffs;
use crate::model::reports::Ledger;

/// A store in one SQLite file, with its log beside it while it is open.
///
/// # Examples
///
/// ```
/// use hotblocks::store::sqlite::{Access, SqliteStore};
/// use hotblocks::store::{Batch, Store, setting::Setting};
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("city.hotblocks");
/// let store = SqliteStore::create(&file, &Setting::default())?;
/// let receipts = store.append(vec![Batch::default()])?;
/// assert_eq!((receipts[0].read, store.revision()?), (0, 0));
/// // One writes, others read.
/// assert!(SqliteStore::open(&file, Access::Write).is_err());
/// assert!(SqliteStore::open(&file, Access::Read).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    file: PathBuf,
    writer: Option<Mutex<Writer>>,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// Read when first needed.
    known: Option<Known>,
    /// An earlier write failed in a way after which nobody knows what is on the disk.
    stopped: bool,
    _lock: Lock,
}

impl Writer {
    /// Nothing more is written after an error that says so.
    fn ended<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.stopped = done.as_ref().is_err_and(StoreError::ends_writing);
        done
    }
}

impl SqliteStore {
    /// Makes a store in a new file, which nobody else may read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Present`] if a file is there; the disk's errors.
    pub fn create(file: &Path, setting: &Setting) -> Result<Self, StoreError> {
        let lock = Lock::take(file)?;
        if file.exists() {
            return Err(StoreError::Present { file: file.display().to_string() });
        }
        let made = (|| {
            drop(copy::fresh(file)?);
            let connection = schema::create(file)?;
            setting::write(&connection, setting)?;
            State::default().write(&connection)?;
            copy::sync_folder(file)?;
            Ok(connection)
        })();
        match made {
            Ok(connection) => {
                let writer = Writer { connection, known: None, stopped: false, _lock: lock };
                Ok(Self { file: file.to_owned(), writer: Some(Mutex::new(writer)) })
            }
            Err(error) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(lock::beside(file, end));
                }
                Err(error)
            }
        }
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Absent`], [`StoreError::Foreign`] or [`StoreError::Newer`] for what is no store of this program's;
    /// [`StoreError::InUse`] if it is to be written and another process writes to it, [`StoreError::Open`] if then others than
    /// its owner may read or write it.
    pub fn open(file: &Path, access: Access) -> Result<Self, StoreError> {
        if !file.is_file() {
            return Err(StoreError::Absent { file: file.display().to_string() });
        }
        if access != Access::Write {
            drop(schema::open(file, Access::Read)?);
            return Ok(Self { file: file.to_owned(), writer: None });
        }
        let lock = Lock::take(file)?;
        let mut connection = schema::open(file, Access::Write)?;
        // On a full disk it stays as it is.
        compact::compact(&mut connection)
            .or_else(|error| if error.disk_full() { Ok(()) } else { Err(error) })?;
        let writer = Writer { connection, known: None, stopped: false, _lock: lock };
        Ok(Self { file: file.to_owned(), writer: Some(Mutex::new(writer)) })
    }

    /// Reads what is known already, which the first [`Store::append`] would otherwise do.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where a checksum does not hold.
    pub fn warm(&self) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        if writer.known.is_none() {
            writer.known = Some(Known::read(&writer.connection)?);
        }
        Ok(())
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        // What a panic left half done was never committed, and what was known is read again.
        Ok(writer.lock().unwrap_or_else(|poisoned: PoisonError<MutexGuard<'_, Writer>>| {
            let mut writer = poisoned.into_inner();
            writer.known = None;
            writer
        }))
    }

    /// Writes, unless an error has ended the writing; this one may.
    fn writing<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.ready()?;
        let done = work(&mut writer);
        writer.ended(done)
    }

    /// Writes with what is known of the file, which is read where it is not.
    fn knowing<T>(
        &self,
        work: impl FnOnce(&mut Connection, &mut Known) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = self.ready()?;
        // Taken out, so that an error or a panic leaves nothing that the file does not have.
        let mut now = match writer.known.take() {
            Some(known) => known,
            None => Known::read(&writer.connection)?,
        };
        let done = work(&mut writer.connection, &mut now);
        if done.is_ok() {
            writer.known = Some(now);
        }
        writer.ended(done)
    }

    /// The writer, unless an error has ended the writing.
    fn ready(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = self.writer()?;
        if writer.stopped { Err(StoreError::Stopped) } else { Ok(writer) }
    }

    /// Looks at one state of the file on a connection of its own, so that writers go on.
    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = schema::open(&self.file, Access::Read)?;
        replay::at_one_time(&mut connection, look)
    }
}

impl Store for SqliteStore {
    fn append(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, StoreError> {
        self.knowing(|connection, known| append::append(connection, known, batches))
    }

    fn replay(&self, after: u64, take: &mut dyn FnMut(Ledger)) -> Result<u64, StoreError> {
        self.look(|connection| replay::replay(connection, after, take))
    }

    fn forget(&self, source: &str, external_id: &str) -> Result<Forgotten, StoreError> {
        let unknown =
            || StoreError::Unknown { source_name: source.to_owned(), external_id: external_id.to_owned() };
        self.writing(|Writer { connection, known, .. }| {
            *known = None;
            let forgotten = forget::forget(connection, source, external_id)?;
            // Also where nothing was found: an earlier one may have left the log to be emptied.
            forget::empty_log(connection)?;
            forgotten.ok_or_else(unknown)
        })
    }

    fn forget_before(&self, cutoffs: &Cutoffs, whole: bool) -> Result<Expired, StoreError> {
        self.knowing(|connection, known| {
            let mut expired = expire::expire(connection, known, cutoffs, whole)?;
            // Also where nothing went: an earlier one may have left the log to be emptied.
            match forget::empty_log_soon(connection) {
                Err(StoreError::Held) => expired.held = true,
                other => other?,
            }
            Ok(expired)
        })
    }

    fn keep_watched(&self, some: &Watched) -> Result<(), StoreError> {
        self.writing(|writer| watched::keep(&mut writer.connection, some))
    }

    fn watched(&self) -> Result<Watched, StoreError> {
        self.look(watched::read)
    }

    fn revision(&self) -> Result<u64, StoreError> {
        self.look(|connection| Ok(State::read(connection)?.revision))
    }

    fn setting(&self) -> Result<Setting, StoreError> {
        self.look(setting::read)
    }

    fn content_hash(&self) -> Result<[u8; 32], StoreError> {
        let keys = self.look(|connection| replay::keys(connection, &State::read(connection)?))?;
        Ok(content_hash(keys))
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        verify::verify(&mut schema::open(&self.file, Access::Read)?)
    }

    fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        copy::backup(&schema::open(&self.file, Access::Source)?, to)
    }
}
