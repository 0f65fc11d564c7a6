//! Places that are kept beside the parts of reports that they follow from. They are made anew where they are not whole, go with
//! their part, and enter neither the content hash nor the state.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::parts::{Part, between};
use super::state::{State, sum};
use crate::store::PlacesKey;
use crate::store::error::{StoreError, While};

const DOING: &str = "reading kept places";

/// Before the number of every part.
const BEFORE_ALL: i64 = i64::MIN;

/// The first version of the tables that has these.
const SINCE: i64 = 5;

/// Parts after a number with what each has under a key, as [`Kept::of`] reads it.
const UNDER_A_KEY: &str = "SELECT id, reports, part.sum, key, place.sum, place.body
    FROM part LEFT JOIN place ON place.part = id AND key = ?1 WHERE id > ?2 ORDER BY id";

/// Kept places as they lie in the file, beside the checksum of their part.
struct Kept {
    part: i64,
    reports: i64,
    of: Vec<u8>,
    key: Vec<u8>,
    sum: Vec<u8>,
    body: Vec<u8>,
}

impl Kept {
    /// From the columns `id, reports, part.sum, key, place.sum, place.body`.
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            part: row.get(0)?,
            reports: row.get(1)?,
            of: row.get(2)?,
            key: row.get(3)?,
            sum: row.get(4)?,
            body: row.get(5)?,
        })
    }

    /// The same where nothing may be kept.
    fn of(row: &Row<'_>) -> Result<Option<Self>, rusqlite::Error> {
        if row.get_ref(5)? == ValueRef::Null { Ok(None) } else { Self::read(row).map(Some) }
    }

    /// Whether they are as they were written, for this part and no other.
    fn holds(&self) -> bool {
        self.sum == place_sum(self.part, self.reports, &self.of, &self.key, &self.body)
    }
}

/// The checksum of kept places: of what they are, and of the part that they follow from.
fn place_sum(part: i64, reports: i64, of: &[u8], key: &[u8], body: &[u8]) -> [u8; 16] {
    let bytes = [of, key].concat();
    let whose = sum(&[part, reports], &bytes).to_le_bytes();
    let (low, high) = (i64::from_le_bytes(half(&whose, 0)), i64::from_le_bytes(half(&whose, 8)));
    sum(&[low, high], body).to_le_bytes()
}

fn half(bytes: &[u8; 16], from: usize) -> [u8; 8] {
    std::array::from_fn(|at| bytes[from + at])
}

/// Whether the file has the table.
fn has_table(connection: &Connection) -> Result<bool, StoreError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).during(DOING)?;
    Ok(version >= SINCE)
}

/// As [`crate::store::Store::places`].
pub(super) fn places(
    connection: &Connection,
    key: &PlacesKey,
    revision: u64,
    take: &mut dyn FnMut(usize, Option<&[u8]>),
) -> Result<Vec<String>, StoreError> {
    let mut damaged = Vec::new();
    if State::read(connection)?.revision != revision || !has_table(connection)? {
        return Ok(damaged);
    }
    let mut statement = connection.prepare(UNDER_A_KEY).during(DOING)?;
    let mut rows = statement.query(params![&key[..], BEFORE_ALL]).during(DOING)?;
    while let Some(row) = rows.next().during(DOING)? {
        let reports: i64 = row.get(1).during(DOING)?;
        let kept = Kept::of(row).during(DOING)?;
        let whole = kept.as_ref().filter(|kept| kept.holds());
        if let (Some(kept), None) = (&kept, whole) {
            damaged.push(named(kept.part));
        }
        take(usize::try_from(reports).unwrap_or_default(), whole.map(|kept| &kept.body[..]));
    }
    Ok(damaged)
}

/// Kept places, as a person is told of them.
fn named(part: i64) -> String {
    format!("the kept places of part {part}")
}

/// Those of the first part after a number that have nothing whole under a key.
pub(super) fn first_without(
    connection: &Connection,
    key: &PlacesKey,
    after: i64,
) -> Result<Option<Part>, StoreError> {
    let mut statement = connection.prepare(UNDER_A_KEY).during(DOING)?;
    let mut rows = statement.query(params![&key[..], after]).during(DOING)?;
    while let Some(row) = rows.next().during(DOING)? {
        if !Kept::of(row).during(DOING)?.is_some_and(|kept| kept.holds()) {
            let id: i64 = row.get(0).during(DOING)?;
            return Ok(between(connection, id, id)?.pop());
        }
    }
    Ok(None)
}

/// Keeps the places of a part under a key, in the place of those under any other, unless the part has changed since.
pub(super) fn keep(
    connection: &mut Connection,
    key: &PlacesKey,
    part: &Part,
    body: &[u8],
) -> Result<(), StoreError> {
    let doing = "keeping places";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).during(doing)?;
    let found: Option<(i64, Vec<u8>)> = transaction
        .query_row("SELECT reports, sum FROM part WHERE id = ?1", [part.id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .during(doing)?;
    let Some((reports, of)) = found.filter(|(_, of)| *of == part.sum) else { return Ok(()) };
    let sum = place_sum(part.id, reports, &of, key, body);
    transaction
        .execute(
            "INSERT OR REPLACE INTO place (part, key, sum, body) VALUES (?1, ?2, ?3, ?4)",
            params![part.id, &key[..], sum, body],
        )
        .during(doing)?;
    transaction.commit().during(doing)?;
    // Whoever writes next is not to find the pages of many segments to be brought into the file; readers may keep some of them.
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).during(doing)
}

/// Looks at all of them; the damaged ones by name.
pub(super) fn verify(connection: &Connection) -> Result<Vec<String>, StoreError> {
    if !has_table(connection)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, reports, part.sum, key, place.sum, place.body FROM part JOIN place ON place.part = id ORDER BY id";
    let mut statement = connection.prepare(sql).during(DOING)?;
    let mut rows = statement.query([]).during(DOING)?;
    let mut damaged = Vec::new();
    while let Some(row) = rows.next().during(DOING)? {
        let kept = Kept::read(row).during(DOING)?;
        if !kept.holds() {
            damaged.push(named(kept.part));
        }
    }
    Ok(damaged)
}
