//! What a call changes, before it is in the file: rows and reports, that can lie in the log and be brought into the file later.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::parts;
use super::state::State;
use crate::store::bytes::{Put, Take, Torn};
use crate::store::error::{StoreError, While};
use crate::store::segment::{MOST_ROWS, Segment};

/// So many batches that have a key alone are remembered.
const MOST_KEYS: i64 = 1_000_000;

/// A table that rows are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Source,
    Class,
    File,
    Batch,
}

impl Table {
    const ALL: [Self; 4] = [Self::Source, Self::Class, Self::File, Self::Batch];

    fn sql(self) -> &'static str {
        match self {
            Self::Source => "INSERT INTO source (id, sum, body) VALUES (?1, ?2, ?3)",
            Self::Class => "INSERT INTO class (id, sum, body, source) VALUES (?1, ?2, ?3, ?4)",
            Self::File => "INSERT INTO file (id, sum, name) VALUES (?1, ?2, ?3)",
            Self::Batch => {
                "INSERT INTO batch (revision, name, digest, key, content, counts, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            }
        }
    }
}

/// Rows and reports that come into the file together or not at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Redo {
    rows: Vec<(Table, Vec<Value>)>,
    segments: Vec<Segment>,
}

impl Redo {
    /// Adds a row.
    pub(super) fn row(&mut self, table: Table, values: Vec<Value>) {
        self.rows.push((table, values));
    }

    /// Adds reports.
    pub(super) fn reports(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.segments.is_empty()
    }

    /// How many reports there are.
    pub(super) fn count(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Adds what another has after it; its reports go into the same part where they fit.
    pub(super) fn join(&mut self, other: Self) {
        self.rows.extend(other.rows);
        for segment in other.segments {
            match self.segments.last_mut() {
                Some(last) if last.len() + segment.len() <= MOST_ROWS => {
                    last.keys.extend(segment.keys);
                    last.reports.join(segment.reports);
                }
                _ => self.segments.push(segment),
            }
        }
    }

    /// Writes it into the file; reports get the revision.
    pub(super) fn apply(
        &self,
        connection: &Connection,
        state: &mut State,
        last_part: &mut Option<i64>,
        revision: u64,
    ) -> Result<(), StoreError> {
        let doing = "taking reports";
        for (table, values) in &self.rows {
            connection
                .prepare_cached(table.sql())
                .and_then(|mut row| row.execute(params_from_iter(values)))
                .during(doing)?;
            let id = connection.last_insert_rowid();
            if *table == Table::Batch && id % 4096 == 0 {
                connection
                    .execute("DELETE FROM batch WHERE id <= ?1 AND digest IS NULL", [id - MOST_KEYS])
                    .during(doing)?;
            }
        }
        for segment in &self.segments {
            parts::add(connection, state, last_part, revision, segment)?;
        }
        if !self.segments.is_empty() {
            state.revision = revision;
            state.write(connection)?;
        }
        Ok(())
    }

    /// As bytes for the log.
    pub(super) fn put(&self, put: &mut Put) {
        put.list(&self.rows, |put, (table, values)| {
            put.u8(*table as u8);
            put.list(values, put_value);
        });
        put.list(&self.segments, |put, segment| {
            let body = segment.encode();
            put.len(body.len());
            put.0.extend(body);
        });
    }

    /// Back from bytes of the log.
    pub(super) fn take(take: &mut Take<'_>) -> Result<Self, Torn> {
        let mut redo = Self::default();
        for _ in 0..take.len()? {
            let table = *Table::ALL.get(usize::from(take.u8()?)).ok_or(Torn)?;
            let values = (0..take.len()?).map(|_| take_value(take)).collect::<Result<_, _>>()?;
            redo.rows.push((table, values));
        }
        for _ in 0..take.len()? {
            let n = take.len()?;
            redo.segments.push(Segment::decode(take.bytes(n)?).map_err(|_| Torn)?);
        }
        Ok(redo)
    }
}

fn put_value(put: &mut Put, value: &Value) {
    match value {
        Value::Integer(number) => {
            put.u8(1);
            put.i64(*number);
        }
        Value::Text(text) => {
            put.u8(2);
            put.text(text);
        }
        Value::Blob(bytes) => {
            put.u8(3);
            put.len(bytes.len());
            put.0.extend(bytes);
        }
        // No row has numbers with a fraction.
        Value::Null | Value::Real(_) => put.u8(0),
    }
}

fn take_value(take: &mut Take<'_>) -> Result<Value, Torn> {
    Ok(match take.u8()? {
        0 => Value::Null,
        1 => Value::Integer(take.i64()?),
        2 => Value::Text(take.text()?.to_owned()),
        3 => {
            let n = take.len()?;
            Value::Blob(take.bytes(n)?.to_vec())
        }
        _ => return Err(Torn),
    })
}
