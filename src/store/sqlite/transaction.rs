//! A transaction whose words are prepared once: of single alerts SQLite would spend as much time reading them as on the rows.

use rusqlite::Connection;

use crate::store::error::{StoreError, While};

/// A transaction that writes; rolled back unless it is committed.
#[derive(Debug)]
pub(super) struct Begun<'a>(&'a Connection);

impl<'a> Begun<'a> {
    /// Begins at once, so that nothing that is read is old when it is written.
    pub(super) fn now(connection: &'a Connection, doing: &'static str) -> Result<Self, StoreError> {
        say(connection, "BEGIN IMMEDIATE").during(doing)?;
        Ok(Self(connection))
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.0
    }

    /// On the disk when this returns.
    pub(super) fn commit(self, doing: &'static str) -> Result<(), StoreError> {
        say(self.0, "COMMIT").during(doing)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        // After some errors SQLite has rolled back itself.
        if !self.0.is_autocommit() {
            let _undone = say(self.0, "ROLLBACK");
        }
    }
}

fn say(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_is_undone() {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch("CREATE TABLE t (a)").expect("made");
        let add =
            |connection: &Connection| connection.execute("INSERT INTO t VALUES (1)", []).expect("added");
        let begun = Begun::now(&connection, "testing").expect("begun");
        add(begun.connection());
        drop(begun);
        let begun = Begun::now(&connection, "testing").expect("begun");
        add(begun.connection());
        begun.commit("testing").expect("committed");
        let n: i64 = connection.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).expect("a number");
        assert_eq!((n, connection.is_autocommit()), (1, true));
    }
}
