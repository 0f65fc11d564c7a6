//! One row that says what the parts together must be, and the checksums of everything.

use rusqlite::{Connection, OptionalExtension, params};
use twox_hash::XxHash3_128;

use crate::store::bytes::Put;
use crate::store::error::{StoreError, While};

/// A checksum of numbers and bytes, as it lies in the file.
pub(super) fn sum(numbers: &[i64], bytes: &[u8]) -> u128 {
    let mut put = Put::default();
    numbers.iter().for_each(|&number| put.i64(number));
    put.u128(XxHash3_128::oneshot(bytes));
    XxHash3_128::oneshot(&put.0)
}

/// Holds a checksum against what was read.
pub(super) fn check(what: impl Fn() -> String, found: &[u8], expected: u128) -> Result<(), StoreError> {
    if found == expected.to_le_bytes() {
        return Ok(());
    }
    Err(StoreError::Damaged { what: format!("{} is not as it was written", what()) })
}

/// A number that cannot be negative, to SQLite.
pub(super) fn number(n: impl TryInto<i64>) -> i64 {
    n.try_into().ok().expect("below 2⁶³")
}

/// What all parts together are: a lost part is found as well as a changed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) revision: u64,
    pub(super) reports: usize,
    pub(super) parts: usize,
    /// The sum of the parts' checksums.
    pub(super) roll: u128,
}

impl State {
    /// What the file says.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let row = connection
            .prepare_cached("SELECT revision, reports, parts, roll, sum FROM state")
            .and_then(|mut state| {
                state
                    .query_row([], |row| {
                        let numbers = [row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?];
                        Ok((numbers, row.get::<_, Vec<u8>>(3)?, row.get::<_, Vec<u8>>(4)?))
                    })
                    .optional()
            })
            .during("reading its state")?;
        let lost = || StoreError::Damaged { what: "its state is not there".to_owned() };
        let (numbers, roll, found) = row.ok_or_else(lost)?;
        check(|| "its state".to_owned(), &found, sum(&numbers, &roll))?;
        let roll: [u8; 16] = roll.try_into().map_err(|_| lost())?;
        let [revision, reports, parts] = numbers.map(i64::cast_unsigned);
        Ok(Self {
            revision,
            reports: usize::try_from(reports).map_err(|_| lost())?,
            parts: usize::try_from(parts).map_err(|_| lost())?,
            roll: u128::from_le_bytes(roll),
        })
    }

    /// Writes it over what the file says.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let numbers = [number(self.revision), number(self.reports), number(self.parts)];
        let roll = self.roll.to_le_bytes();
        let sum = sum(&numbers, &roll).to_le_bytes();
        connection
            .prepare_cached("INSERT OR REPLACE INTO state (one, revision, reports, parts, roll, sum) VALUES (1, ?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut state| state.execute(params![numbers[0], numbers[1], numbers[2], roll, sum]))
            .during("writing its state")?;
        Ok(())
    }
}
