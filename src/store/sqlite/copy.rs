//! Backup and restore: a copy made while others write, checked before it has its name.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rusqlite::Connection;

use super::forget::empty_log;
use super::lock::{Lock, beside, real};
use super::schema::{self, Access};
use super::verify::verify;
use super::writer::bring_log;
use crate::store::error::{StoreError, While};
use crate::store::{Verified, room};

/// Writes a copy of one state of the store to a new file.
pub(super) fn backup(from: &Connection, to: &Path) -> Result<u64, StoreError> {
    if to.exists() {
        return Err(StoreError::Present { file: to.display().to_string() });
    }
    let part = beside(to, ".part");
    // Held until it has its name: two backups to one file would write into each other.
    let _mine = claimed(&part, to)?;
    let done = (|| {
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
    let is_log = |end: &str| std::fs::metadata(beside(backup, end)).is_ok_and(|log| log.len() > 0);
    if is_log("-wal") || is_log("-log") {
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
        let verified = look(&part).map_err(|error| of_backup(error, backup))?;
        // An old log must never meet the new file. Emptied first, so that the old store is whole should this end half way.
        if let Ok(old) = schema::open(store, Access::Write) {
            let _whatever = bring_log(&old, store);
            let _whatever = empty_log(&old);
        }
        for end in ["-wal", "-shm", "-log"] {
            remove(&beside(store, end))?;
        }
        settle(&part, store)?;
        Ok(verified)
    })();
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
        if !store.exists() {
            // There is nothing that it could lock.
            let _ = std::fs::remove_file(beside(store, "-lock"));
        }
    }
    done
}

/// What is wrong with a copy, told of the backup that it was made of.
fn of_backup(error: StoreError, backup: &Path) -> StoreError {
    let file = backup.display().to_string();
    match error {
        StoreError::Foreign { .. } => StoreError::Foreign { file },
        StoreError::Newer { found, known, .. } => StoreError::Newer { file, found, known },
        StoreError::Damaged { what } => StoreError::BadBackup { file, what },
        other => other,
    }
}

/// The empty file that a backup to `to` is written into, for as long as it is held; another one that is being written is left.
fn claimed(part: &Path, to: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::File { file: part.display().to_string(), source };
    let mut options = OpenOptions::new();
    // Never what a link leads to: it is emptied.
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let options = options.create(true).truncate(false).write(true).mode(0o600).custom_flags(no_link);
    let mine = options.open(part).map_err(failed)?;
    match mine.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::BackupUnderWay { file: to.display().to_string() });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // Another may have ended since: then its file has its name by now, and this one holds what has none, or that one.
    let held = mine.metadata().map_err(failed)?.ino();
    let is_there = std::fs::metadata(part).is_ok_and(|there| there.ino() == held);
    if to.exists() {
        if is_there {
            let _ = std::fs::remove_file(part);
        }
        return Err(StoreError::Present { file: to.display().to_string() });
    }
    if !is_there {
        return Err(StoreError::BackupUnderWay { file: to.display().to_string() });
    }
    mine.set_len(0).map_err(failed)?;
    mine.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(mine)
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
    let folder = room::folder(file);
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
