//! The tables, their versions, and how a connection is set up.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::store::error::{StoreError, While};

/// Marks the file as a store of hotblocks: `hotb`.
const APPLICATION: i64 = 0x686f_7462;

/// One step from each version to the next.
const STEPS: [&str; 5] = [
    "
    CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, reports INTEGER NOT NULL,
        parts INTEGER NOT NULL, roll BLOB NOT NULL, sum BLOB NOT NULL) STRICT;
    CREATE TABLE setting (one INTEGER PRIMARY KEY CHECK (one = 1), sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE source (id INTEGER PRIMARY KEY, sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE class (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source (id),
        sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE file (id INTEGER PRIMARY KEY, sum BLOB NOT NULL, name TEXT NOT NULL) STRICT;
    CREATE TABLE part (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, reports INTEGER NOT NULL,
        sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE batch (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB, key BLOB UNIQUE,
        content BLOB NOT NULL, counts BLOB NOT NULL, sum BLOB NOT NULL) STRICT;
    CREATE INDEX batch_by_digest ON batch (digest) WHERE digest IS NOT NULL;
    CREATE TABLE derived (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL, sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
",
    "
    CREATE TABLE finding (number INTEGER PRIMARY KEY, sum BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE watched (kind INTEGER NOT NULL, name TEXT NOT NULL, sum BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
    DROP TABLE IF EXISTS derived;
",
    "
    CREATE TABLE cutoff (source TEXT PRIMARY KEY, day TEXT NOT NULL, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;
",
    // The log beside it may have what the file has not: a program that does not know of it is not to open it.
    "",
    "
    CREATE TABLE place (part INTEGER PRIMARY KEY REFERENCES part (id) ON DELETE CASCADE, key BLOB NOT NULL, sum BLOB NOT NULL,
        body BLOB NOT NULL) STRICT;
",
];

/// How long one waits for another who writes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing will be written.
    Read,
    /// Batches will be: one process at a time.
    Write,
    /// A copy that lies there alone, to be looked at and not touched.
    Copy,
    /// Nothing will be written to it, but to a copy.
    Source,
}

/// Makes the tables in an empty file.
pub(super) fn create(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).during("making the store")?;
    connection.pragma_update(None, "page_size", 8192).during("making the store")?;
    connection.pragma_update(None, "application_id", APPLICATION).during("making the store")?;
    set_up(&connection)?;
    migrate(&connection, file)?;
    Ok(connection)
}

/// Opens a file that is there.
pub(super) fn open(file: &Path, access: Access) -> Result<Connection, StoreError> {
    // Even a reader of a log needs to write the index of that log beside it.
    let how = match access {
        Access::Copy => OpenFlags::SQLITE_OPEN_READ_ONLY,
        _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = how | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).during("opening it")?;
    connection.busy_timeout(PATIENCE).during("opening it")?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let foreign = || StoreError::Foreign { file: file.display().to_string() };
    match number("application_id") {
        Ok(APPLICATION) => {}
        Ok(_) => return Err(foreign()),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(foreign());
        }
        Err(error) => return Err(error).during("opening it"),
    }
    if access == Access::Write {
        closed(file)?;
    }
    if access != Access::Copy {
        set_up(&connection)?;
    }
    match access {
        Access::Write => migrate(&connection, file)?,
        Access::Read => {
            connection.pragma_update(None, "query_only", true).during("opening it")?;
            known(&connection, file)?;
        }
        Access::Copy | Access::Source => known(&connection, file).map(drop)?,
    }
    Ok(connection)
}

/// Refuses a store that others than its owner may read or write; its log would have the same permissions.
fn closed(file: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { file: file.display().to_string(), source };
    let mode = std::fs::metadata(file).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(StoreError::Open { file: file.display().to_string(), mode }) }
}

/// What every connection needs: all that is committed is on the disk, and what is deleted is overwritten.
fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(PATIENCE).during("opening it")?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .during("opening it")?;
    debug_assert_eq!(mode, "wal");
    connection.pragma_update(None, "synchronous", "FULL").during("opening it")?;
    connection.pragma_update(None, "secure_delete", true).during("opening it")?;
    connection.pragma_update(None, "foreign_keys", true).during("opening it")?;
    connection.pragma_update(None, "temp_store", "MEMORY").during("opening it")?;
    // Cells that do not fit their page are an error and not a crash or a wrong value.
    connection.pragma_update(None, "cell_size_check", true).during("opening it")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// The file's version, if this program knows it.
fn known(connection: &Connection, file: &Path) -> Result<usize, StoreError> {
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).during("opening it")?;
    let newest = i64::try_from(STEPS.len()).expect("few steps");
    match usize::try_from(found) {
        Ok(version) if version <= STEPS.len() => Ok(version),
        _ => Err(StoreError::Newer { file: file.display().to_string(), found, known: newest }),
    }
}

/// Brings the file to the newest version, a step at a time, each whole or not at all.
fn migrate(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    for (version, step) in (1_i64..).zip(STEPS).skip(known(connection, file)?) {
        let whole = format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; COMMIT;");
        connection.execute_batch(&whole).during("bringing it to a newer form")?;
    }
    Ok(())
}
