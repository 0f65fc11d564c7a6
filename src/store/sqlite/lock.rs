//! One writer at a time: a lock beside the file, which the system lets go when its holder ends in whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a store.
    ///
    /// It lies on a file of its own: closing any other handle of the database would let go of SQLite's locks.
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = beside(store, "-lock");
        let failed = |source| StoreError::File { file: path.display().to_string(), source };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { file: store.display().to_string() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// A file that belongs to a store: its name with more at the end; of a link that to which it leads, as SQLite has it.
pub(super) fn beside(store: &Path, end: &str) -> PathBuf {
    let mut name = real(store).into_os_string();
    name.push(end);
    name.into()
}

/// The file itself where its name is a link; the name where there is none yet.
pub(super) fn real(store: &Path) -> PathBuf {
    std::fs::canonicalize(store).unwrap_or_else(|_| store.to_owned())
}
