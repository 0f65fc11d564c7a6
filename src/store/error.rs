//! Why the store did not do what was asked, and what to do about it.

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error(
        "there is no store at `{file}`; make one with hotblocks init --store {file} --blocks streets.shp"
    )]
    Absent {
        /// Where it should be.
        file: String,
    },
    /// A file lies where a new one should be made.
    #[error("`{file}` is there already and is not written over")]
    Present {
        /// The file.
        file: String,
    },
    /// The file is something else.
    #[error("`{file}` is no store of hotblocks")]
    Foreign {
        /// The file.
        file: String,
    },
    /// The file was written by a later version.
    #[error("`{file}` has the form {found}, this hotblocks knows forms up to {known}; use a newer hotblocks")]
    Newer {
        /// The file.
        file: String,
        /// Its form.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Another process writes to it.
    #[error(
        "another hotblocks serves or writes `{file}`; stop it, do this, and start it again; only new reports can be sent to it while it serves"
    )]
    InUse {
        /// The file.
        file: String,
    },
    /// Another backup is being written to the same file.
    #[error("another backup to `{file}` is being written; nothing was done; give this one another name")]
    BackupUnderWay {
        /// The file.
        file: String,
    },
    /// What was to be restored is damaged.
    #[error("the backup `{file}` is damaged: {what}; nothing was changed; restore an older one")]
    BadBackup {
        /// The backup.
        file: String,
        /// What is damaged, and where.
        what: String,
    },
    /// Others may read or write the store.
    #[error(
        "`{file}` can be read or written by others (mode {mode:04o}), which a store must not be; chmod 600 {file}"
    )]
    Open {
        /// The file.
        file: String,
        /// Its permissions.
        mode: u32,
    },
    /// The store's log cannot be made beside it.
    #[error(
        "the store's file cannot be opened while {doing}; also to be read it needs a folder that can be written, since its logs lie beside it: copy it to one, with its -wal and its -log if they are there"
    )]
    NoLog {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// It was opened to be read.
    #[error("the store was opened to be read, not to be written")]
    ReadOnly,
    /// What lies in the file is not what was written.
    #[error(
        "the store is damaged: {what}; restore a backup with hotblocks restore BACKUP --store FILE --replace"
    )]
    Damaged {
        /// What, and where.
        what: String,
    },
    /// Nothing has the id.
    #[error("source `{source_name}` has no report `{external_id}` here")]
    Unknown {
        /// The source.
        source_name: String,
        /// The id.
        external_id: String,
    },
    /// More sources, classes or the like than fit.
    #[error("the store has {most} {what}, and no room for more")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many fit.
        most: usize,
    },
    /// An earlier write failed, so that nobody knows what the disk holds.
    #[error(
        "an earlier write failed, so nothing more is taken; start again, and what was acknowledged is there"
    )]
    Stopped,
    /// Readers kept the log from being emptied.
    #[error("it is gone from the store, but readers hold old pages of its log; ask again when they are done")]
    Held,
    /// SQLite or the disk refused.
    #[error("the store's file cannot be used while {doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// The disk refused what was to be logged: nobody knows whether it is there.
    #[error("the store's log cannot be used while {doing}")]
    Log {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The disk refused.
    #[error("cannot use `{file}`")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whether the disk failed, or holds what was never written: then nothing more may be acknowledged.
    #[must_use]
    pub fn ends_writing(&self) -> bool {
        let Self::Sqlite { source, .. } = self else {
            return matches!(self, Self::Damaged { .. } | Self::Log { .. });
        };
        matches!(
            source.sqlite_error_code(),
            Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::NotADatabase)
        )
    }

    /// Whether the disk is full: it may be asked again when there is room.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        let Self::Sqlite { source, .. } = self else { return false };
        source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }
}

/// Says what was being done when SQLite refused.
pub(super) trait While<T> {
    /// The same with a [`StoreError`]; a file whose structure is broken is a damaged store.
    fn during(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> While<T> for Result<T, rusqlite::Error> {
    fn during(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
                StoreError::Damaged { what: format!("while {doing}: {source}") }
            }
            Some(rusqlite::ErrorCode::CannotOpen) => StoreError::NoLog { doing, source },
            _ => StoreError::Sqlite { doing, source },
        })
    }
}
