//! The parts in which reports lie: written, read and held against their checksums.

use rusqlite::{Connection, params};

use super::state::{State, check, number, sum};
use crate::store::error::{StoreError, While};
use crate::store::segment::Segment;

/// A part as it lies in the file.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: i64,
    pub(super) revision: i64,
    reports: i64,
    pub(super) sum: Vec<u8>,
    body: Vec<u8>,
}

impl Part {
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            revision: row.get(1)?,
            reports: row.get(2)?,
            sum: row.get(3)?,
            body: row.get(4)?,
        })
    }

    /// The reports, once the checksum holds.
    pub(super) fn open(&self) -> Result<(Segment, u128), StoreError> {
        let what = || format!("part {} with {} reports", self.id, self.reports);
        let expected = sum(&[self.id, self.revision, self.reports], &self.body);
        check(what, &self.sum, expected)?;
        let segment = Segment::decode(&self.body)
            .map_err(|_| StoreError::Damaged { what: format!("{} cannot be read", what()) })?;
        Ok((segment, expected))
    }
}

/// Adds a part at the end; `last` is the number of the one before it, once it was looked for.
pub(super) fn add(
    connection: &Connection,
    state: &mut State,
    last: &mut Option<i64>,
    revision: u64,
    segment: &Segment,
) -> Result<(), StoreError> {
    let before = match *last {
        Some(before) => before,
        None => connection
            .query_row("SELECT COALESCE(MAX(id), 0) FROM part", [], |row| row.get(0))
            .during("writing reports")?,
    };
    let id = before + 1;
    insert(connection, state, (id, number(revision)), segment)?;
    *last = Some(id);
    Ok(())
}

fn insert(
    connection: &Connection,
    state: &mut State,
    (id, revision): (i64, i64),
    segment: &Segment,
) -> Result<(), StoreError> {
    let body = segment.encode();
    let numbers = [id, revision, number(segment.len())];
    let sum = sum(&numbers, &body);
    connection
        .prepare_cached("INSERT INTO part (id, revision, reports, sum, body) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut part| {
            part.execute(params![numbers[0], numbers[1], numbers[2], sum.to_le_bytes(), body])
        })
        .during("writing reports")?;
    state.parts += 1;
    state.reports += segment.len();
    state.roll = state.roll.wrapping_add(sum);
    Ok(())
}

/// Puts other reports in the place of neighbors, under the first one's number and the last one's revision; nothing where none
/// are left.
pub(super) fn replace(
    connection: &Connection,
    state: &mut State,
    parts: &[Part],
    segment: &Segment,
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
    for part in parts {
        state.parts -= 1;
        state.reports -= usize::try_from(part.reports).unwrap_or_default();
        state.roll = state.roll.wrapping_sub(sum(&[part.id, part.revision, part.reports], &part.body));
    }
    connection
        .execute("DELETE FROM part WHERE id BETWEEN ?1 AND ?2", [first.id, last.id])
        .during("writing reports anew")?;
    if segment.len() == 0 {
        return Ok(());
    }
    insert(connection, state, (first.id, last.revision), segment)
}

/// Puts one part in the place of several neighbors.
pub(super) fn merge(connection: &Connection, state: &mut State, parts: &[Part]) -> Result<(), StoreError> {
    let mut whole = Segment::default();
    for part in parts {
        let (segment, _) = part.open()?;
        whole.keys.extend(segment.keys);
        whole.reports.join(segment.reports);
    }
    replace(connection, state, parts, &whole)
}

/// The parts from one number to another.
pub(super) fn between(connection: &Connection, first: i64, last: i64) -> Result<Vec<Part>, StoreError> {
    let doing = "merging its parts";
    let sql = "SELECT id, revision, reports, sum, body FROM part WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
    let mut statement = connection.prepare_cached(sql).during(doing)?;
    let parts = statement.query_map([first, last], Part::read).during(doing)?;
    parts.collect::<Result<_, _>>().during(doing)
}

/// How many parts are read before they are looked at, at the same time.
const AT_ONCE: usize = 16;

/// Reads the parts after a revision in order, some at once.
pub(super) fn each(
    connection: &Connection,
    after: u64,
    mut take: impl FnMut(Vec<Part>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let doing = "reading reports";
    let mut statement = connection
        .prepare("SELECT id, revision, reports, sum, body FROM part WHERE revision > ?1 ORDER BY id")
        .during(doing)?;
    let mut rows = statement.query([number(after)]).during(doing)?;
    let (mut some, mut reports) = (Vec::new(), 0);
    while let Some(row) = rows.next().during(doing)? {
        let part = Part::read(row).during(doing)?;
        reports += usize::try_from(part.reports).unwrap_or_default();
        some.push(part);
        // Many small ones of single alerts go together as well as a few of large files.
        if reports >= AT_ONCE * crate::store::segment::MOST_ROWS {
            reports = 0;
            take(std::mem::take(&mut some))?;
        }
    }
    take(some)
}
