//! The days before which nothing is taken: a row for each source that has one.

use rusqlite::{Connection, params};

use super::state::{check, sum};
use crate::model::cutoff::Cutoffs;
use crate::store::bytes::Put;
use crate::store::error::{StoreError, While};

/// The first version of the tables that has these.
const SINCE: i64 = 3;

/// Writes all of them over what is there.
pub(super) fn write(connection: &Connection, cutoffs: &Cutoffs) -> Result<(), StoreError> {
    for (source, day) in cutoffs.iter() {
        let day = day.to_string();
        connection
            .prepare_cached("INSERT OR REPLACE INTO cutoff (source, day, sum) VALUES (?1, ?2, ?3)")
            .and_then(|mut row| row.execute(params![source, day, row_sum(source, &day).to_le_bytes()]))
            .during("writing what is too old")?;
    }
    Ok(())
}

fn row_sum(source: &str, day: &str) -> u128 {
    let mut put = Put::default();
    put.text(source);
    put.text(day);
    sum(&[], &put.0)
}

/// All of them, each row checked; none of a file that has no such table yet.
pub(super) fn read(connection: &Connection) -> Result<Cutoffs, StoreError> {
    let doing = "reading what is too old";
    let mut all = Cutoffs::default();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).during(doing)?;
    if version < SINCE {
        return Ok(all);
    }
    let mut statement =
        connection.prepare("SELECT source, day, sum FROM cutoff ORDER BY source").during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    while let Some(row) = rows.next().during(doing)? {
        let (source, day): (String, String) = (row.get(0).during(doing)?, row.get(1).during(doing)?);
        let found: Vec<u8> = row.get(2).during(doing)?;
        let what = || format!("the day before which nothing of `{source}` is kept");
        check(what, &found, row_sum(&source, &day))?;
        let read =
            day.parse().map_err(|_| StoreError::Damaged { what: format!("{} cannot be read", what()) })?;
        all.put(&source, read);
    }
    Ok(all)
}
