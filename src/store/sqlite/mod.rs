//! A store in one SQLite file.

mod append;
mod behind;
mod compact;
mod copy;
mod cutoffs;
mod expire;
mod flight;
mod forget;
mod lock;
mod log;
mod numbers;
mod parts;
mod places;
mod receipts;
mod redo;
mod replay;
mod schema;
mod setting;
mod state;
mod tables;
mod transaction;
mod verify;
mod watched;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use self::append::Keyed;
use self::behind::behind;
pub use self::copy::restore;
use self::flight::Shared;
use self::lock::Lock;
pub use self::schema::Access;
use self::state::State;
use self::writer::Writer;
use super::error::StoreError;
use super::row_key::content_hash;
use super::setting::Setting;
use super::watched::Watched;
use super::{Batch, Expired, Forgotten, PlacesKey, Receipt, Store, Verified};
use crate::model::cutoff::Cutoffs;
use crate::model::reports::{Ledger, Reports};

/// A store in one SQLite file, with its logs beside it while it is open.
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
    writer: Option<Shared>,
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
            // One that another store left under this name.
            log::remove(file)
                .map_err(|source| StoreError::File { file: file.display().to_string(), source })?;
            let connection = schema::create(file)?;
            setting::write(&connection, setting)?;
            State::default().write(&connection)?;
            copy::sync_folder(file)?;
            Ok(connection)
        })();
        match made {
            Ok(connection) => Ok(Self {
                file: file.to_owned(),
                writer: Some(Shared::new(Writer::new(file, connection, lock))),
            }),
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
        writer::bring_log(&connection, file)?;
        log::remove(file).map_err(|source| StoreError::File { file: file.display().to_string(), source })?;
        // On a full disk it stays as it is.
        compact::compact(&mut connection)
            .or_else(|error| if error.disk_full() { Ok(()) } else { Err(error) })?;
        Ok(Self { file: file.to_owned(), writer: Some(Shared::new(Writer::new(file, connection, lock))) })
    }

    /// Reads what is known already, which the first [`Store::append`] would otherwise do.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where a checksum does not hold.
    pub fn warm(&self) -> Result<(), StoreError> {
        self.shared()?.knowing().map(drop)
    }

    fn shared(&self) -> Result<&Shared, StoreError> {
        self.writer.as_ref().ok_or(StoreError::ReadOnly)
    }

    /// Brings what the log has into the file.
    fn settled(&self) -> Result<(), StoreError> {
        match self.shared().and_then(|shared| shared.settled(|_| Ok(()))) {
            // Of another process, or after an error.
            Err(StoreError::ReadOnly | StoreError::Stopped) if log::path(&self.file).exists() => {
                let connection = schema::open(&self.file, Access::Source)?;
                writer::bring_log(&connection, &self.file)
            }
            Err(StoreError::ReadOnly | StoreError::Stopped) => Ok(()),
            settled => settled,
        }
    }

    /// Looks at one state of the file on a connection of its own, so that writers go on.
    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.settled()?;
        let mut connection = schema::open(&self.file, Access::Read)?;
        replay::at_one_time(&mut connection, look)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Where this fails the log stays, and whoever opens the store next brings it into the file.
        let _left = self.shared().and_then(|shared| {
            shared.settled(|writer| {
                writer.let_log_go();
                Ok(())
            })
        });
    }
}

impl Store for SqliteStore {
    fn append(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, StoreError> {
        let shared = self.shared()?;
        // All that follows from them alone is made before anything is locked.
        shared.append(batches.into_iter().map(Keyed::of).collect())
    }

    fn replay(&self, after: u64, take: &mut dyn FnMut(Ledger)) -> Result<u64, StoreError> {
        self.look(|connection| replay::replay(connection, after, take))
    }

    fn forget(&self, source: &str, external_id: &str) -> Result<Forgotten, StoreError> {
        let unknown =
            || StoreError::Unknown { source_name: source.to_owned(), external_id: external_id.to_owned() };
        self.shared()?.settled(|writer| {
            writer.known = None;
            let forgotten = forget::forget(&mut writer.connection, source, external_id)?;
            // Also where nothing was found: an earlier one may have left the logs to be emptied.
            writer.wipe()?;
            forget::empty_log(&writer.connection)?;
            forgotten.ok_or_else(unknown)
        })
    }

    fn forget_before(&self, cutoffs: &Cutoffs, whole: bool) -> Result<Expired, StoreError> {
        self.shared()?.settled(|writer| {
            writer.know()?;
            let mut expired =
                writer.knowing(|connection, known| expire::expire(connection, known, cutoffs, whole))?;
            // Also where nothing went: an earlier one may have left the logs to be emptied.
            writer.wipe()?;
            match forget::empty_log_soon(&writer.connection) {
                Err(StoreError::Held) => expired.held = true,
                other => other?,
            }
            Ok(expired)
        })
    }

    fn keep_watched(&self, some: &Watched) -> Result<(), StoreError> {
        self.shared()?.settled(|writer| watched::keep(&mut writer.connection, some))
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
        self.settled()?;
        verify::verify(&mut schema::open(&self.file, Access::Read)?)
    }

    fn places(
        &self,
        key: &PlacesKey,
        revision: u64,
        take: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<Vec<String>, StoreError> {
        self.look(|connection| places::places(connection, key, revision, take))
    }

    fn keep_places(
        &self,
        key: &PlacesKey,
        after: u64,
        make: &mut (dyn FnMut(&Reports) -> Vec<u8> + Send),
    ) -> Result<Option<u64>, StoreError> {
        let shared = self.shared()?;
        // What lies in the log alone is in no segment yet: it is left there.
        let made = behind(|| {
            let mut connection = schema::open(&self.file, Access::Read)?;
            let after = state::number(after);
            let part = replay::at_one_time(&mut connection, |c| places::first_without(c, key, after))?;
            drop(connection);
            let Some(part) = part else { return Ok(None) };
            let (segment, _) = part.open()?;
            Ok::<_, StoreError>(Some((part, make(&segment.reports))))
        });
        let Some((part, body)) = made? else { return Ok(None) };
        // Not by a thread of low priority: others wait for the writer.
        let mut writer = shared.writer()?;
        match places::keep(&mut writer.connection, key, &part, &body) {
            // Nothing of it was written, and no report lies on those pages.
            Err(error @ StoreError::Damaged { .. }) => return Err(error),
            kept => writer.ended(kept)?,
        }
        Ok(Some(part.id.cast_unsigned()))
    }

    fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        self.settled()?;
        behind(|| copy::backup(&schema::open(&self.file, Access::Source)?, to))
    }
}
