//! The one row of blocks, areas and configuration.

use rusqlite::{Connection, OptionalExtension, params};

use super::state::{check, sum};
use crate::store::error::{StoreError, While};
use crate::store::setting::Setting;

/// Writes it over what is there.
pub(super) fn write(connection: &Connection, setting: &Setting) -> Result<(), StoreError> {
    let body = setting.encode();
    let sum = sum(&[], &body).to_le_bytes();
    connection
        .execute("INSERT OR REPLACE INTO setting (one, sum, body) VALUES (1, ?1, ?2)", params![sum, body])
        .map(drop)
        .during("writing its blocks")
}

/// What is there, checked.
pub(super) fn read(connection: &Connection) -> Result<Setting, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = connection
        .query_row("SELECT sum, body FROM setting", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .during("reading its blocks")?;
    let damaged = |what: &str| StoreError::Damaged { what: what.to_owned() };
    let (found, body) = row.ok_or_else(|| damaged("its blocks are not there"))?;
    check(|| "what is kept of its blocks and areas".to_owned(), &found, sum(&[], &body))?;
    Setting::decode(&body).map_err(|_| damaged("what is kept of its blocks and areas cannot be read"))
}
