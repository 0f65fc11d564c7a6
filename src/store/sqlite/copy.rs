//! Backup and restore: a copy made while others write, checked before it has its name.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::forget::empty_log;
use super::lock::{Lock, beside, real};
use super::schema::{self, Access};
use super::verify::verify;
use crate::store::Verified;
use crate::store::error::{StoreError, While};

/// Writes a copy of one state of the store to a new file.
pub(super) fn backup(from: &Connection, to: &Path) -> Result<u64, StoreError> {
    if to.exists() {
        return Err(StoreError::Present { file: to.display().to_string() });
    }
    let part = beside(to, ".part");
    let done = (|| {
        fresh(&part)?;
        let name = part.to_string_lossy().into_owned();
        from.execute("VACUUM INTO ?1", [name]).during("copying it")?;
        let verified = look(&part)?;
        settle(&part, to)?;
        Ok(verified.revision)
    })();
    if done.is_err() {
        // What is not whole is of no use; if it cannot be removed either, the first error says more.
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// Puts a backup in the place of a store; one that is there is written over only where that is asked for.
///
/// # Errors
///
/// [`StoreError`] if the backup is none or is damaged: then what was there stays. [`StoreError::InUse`] while it is served, or
/// where the backup is a store whose log was not brought into it.
pub fn restore(backup: &Path, store: &Path, replace: bool) -> Result<Verified, StoreError> {
    if !backup.is_file() {
        return Err(StoreError::Absent { file: backup.display().to_string() });
    }
    // What lies in its log alone would be left behind.
    if std::fs::metadata(beside(backup, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(StoreError::InUse { file: backup.display().to_string() });
    }
    // What is put in its place must take that of the file, not of a link to it.
    let store = &real(store);
    let _lock = Lock::take(store)?;
    if store.exists() && !replace {
        return Err(StoreError::Present { file: store.display().to_string() });
    }
    let part = beside(store, ".part");
    let done = (|| {
        let mut copy = fresh(&part)?;
        let failed = |source| StoreError::File { file: backup.display().to_string(), source };
        io::copy(&mut File::open(backup).map_err(failed)?, &mut copy).map_err(failed)?;
        drop(copy);
        let verified = look(&part)?;
        // An old log must never meet the new file. Emptied first, so that the old store is whole should this end half way.
        if let Ok(old) = schema::open(store, Access::Write) {
            let _whatever = empty_log(&old);
        }
        for end in ["-wal", "-shm"] {
            remove(&beside(store, end))?;
        }
        settle(&part, store)?;
        Ok(verified)
    })();
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// A new, empty file that nobody else may read.
pub(super) fn fresh(file: &Path) -> Result<File, StoreError> {
    remove(file)?;
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(file)
        .map_err(|source| StoreError::File { file: file.display().to_string(), source })
}

/// Looks at a copy without writing to it.
fn look(file: &Path) -> Result<Verified, StoreError> {
    let mut connection = schema::open(file, Access::Copy)?;
    verify(&mut connection)
}

/// Gives a whole file its name, durably.
fn settle(part: &Path, name: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { file: name.display().to_string(), source };
    File::open(part).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(part, name).map_err(failed)?;
    sync_folder(name)
}

/// Makes a file's name durable.
pub(super) fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| StoreError::File { file: folder.display().to_string(), source })
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { file: file.display().to_string(), source })
        }
        _ => Ok(()),
    }
}
