//! A look at everything that the file holds: SQLite's own checks, and a checksum for every row.

use rusqlite::Connection;

use super::state::State;
use super::tables::Tables;
use super::{cutoffs, places, receipts, replay, setting, watched};
use crate::store::Verified;
use crate::store::error::{StoreError, While};
use crate::store::row_key::content_hash;

/// Looks at everything in one state of the file.
pub(super) fn verify(connection: &mut Connection) -> Result<Verified, StoreError> {
    replay::at_one_time(connection, |connection| {
        // Ours first: they say which part is at fault.
        let state = State::read(connection)?;
        setting::read(connection)?;
        let tables = Tables::read(connection)?;
        receipts::verify(connection)?;
        watched::read(connection)?;
        cutoffs::read(connection)?;
        let mut keys = Vec::with_capacity(state.reports);
        replay::segments(connection, &state, 0, |segment| {
            replay::fits(&segment, &tables)?;
            keys.extend(segment.keys);
            Ok(())
        })?;
        let content = content_hash(keys);
        structure(connection)?;
        let damaged_places = places::verify(connection)?;
        Ok(Verified {
            revision: state.revision,
            reports: state.reports,
            parts: state.parts,
            content,
            damaged_places,
        })
    })
}

/// SQLite's own look at pages, indexes and references.
fn structure(connection: &Connection) -> Result<(), StoreError> {
    let doing = "looking at its pages";
    let said: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).during(doing)?;
    if said != "ok" {
        return Err(StoreError::Damaged { what: format!("SQLite says: {said}") });
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check").during(doing)?;
    if statement.exists([]).during(doing)? {
        return Err(StoreError::Damaged { what: "a row names another one that is not there".to_owned() });
    }
    Ok(())
}
