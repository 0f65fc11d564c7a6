//! What is kept of a batch: the digest of its key and bytes and what became of it, so that it is known when it comes again.

use hashbrown::HashMap;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::redo::{Redo, Table};
use super::state::{check, number, sum};
use crate::store::bytes::{Put, Take, Torn};
use crate::store::error::{StoreError, While};
use crate::store::row_key::digest;
use crate::store::{Batch, Receipt};

/// What tells a batch from others.
#[derive(Clone, Debug)]
pub(super) struct Told {
    name: String,
    digest: Option<[u8; 32]>,
    /// A digest of it, since it may hold an id.
    key: Option<[u8; 32]>,
    /// The sum of the keys of its reports.
    content: u128,
}

impl Told {
    pub(super) fn of(batch: &Batch, content: u128) -> Self {
        let key = batch.key.as_deref().map(|key| digest(key.as_bytes()));
        Self { name: batch.name.clone(), digest: batch.digest, key, content }
    }

    /// Whether anything can know it again.
    pub(super) fn lasting(&self) -> bool {
        self.key.is_some() || self.digest.is_some()
    }

    /// What became of the batch when it came before, in this call or in an earlier one.
    ///
    /// The same bytes under another layout or source are another batch.
    pub(super) fn before<'a>(
        &self,
        connection: &Connection,
        recent: [&'a Recent; 3],
    ) -> Result<Option<Receipt>, StoreError> {
        let again = |content: u128, name: &str, receipt: Receipt, by_key: bool| {
            let conflict = content != self.content;
            (by_key || !conflict).then(|| Receipt {
                repeated: !conflict,
                conflict,
                before: Some(name.to_owned()),
                accepted: Default::default(),
                ..if conflict {
                    Receipt { revision: receipt.revision, ..Receipt::default() }
                } else {
                    receipt
                }
            })
        };
        // A key first, wherever it is: one that came with other reports is a conflict.
        if let Some(key) = &self.key {
            if let Some((told, receipt)) = recent.iter().find_map(|recent| recent.of_key(key)) {
                return Ok(again(told.content, &told.name, receipt.without_reports(), true));
            }
            if let Some((content, name, receipt)) = find(connection, "key", key)?.into_iter().next() {
                return Ok(again(content, &name, receipt, true));
            }
        }
        if let Some(digest) = &self.digest {
            let of = |recent: &'a Recent| recent.of_digest(digest, self.content);
            if let Some((told, receipt)) = recent.into_iter().find_map(of) {
                return Ok(again(told.content, &told.name, receipt.without_reports(), false));
            }
            let all = find(connection, "digest", digest)?;
            let same = all.into_iter().find(|(content, ..)| *content == self.content);
            return Ok(same.and_then(|(content, name, receipt)| again(content, &name, receipt, false)));
        }
        Ok(None)
    }

    /// Keeps what became of it.
    pub(super) fn keep(&self, redo: &mut Redo, receipt: &Receipt) {
        let mut counts = Put::default();
        let Receipt { read, new, known, revised, superseded, withdrawn, expired, .. } = *receipt;
        for n in [read, new, known, revised, superseded, withdrawn, expired] {
            counts.i64(number(n));
        }
        let revision = number(receipt.revision);
        let sum = self.sum(revision, &counts.0);
        let digest = |digest: Option<[u8; 32]>| digest.map_or(Value::Null, |digest| digest.to_vec().into());
        let row = vec![
            revision.into(),
            self.name.clone().into(),
            digest(self.digest),
            digest(self.key),
            self.content.to_le_bytes().to_vec().into(),
            counts.0.into(),
            sum.to_le_bytes().to_vec().into(),
        ];
        redo.row(Table::Batch, row);
    }

    fn sum(&self, revision: i64, counts: &[u8]) -> u128 {
        let mut put = Put::default();
        put.text(&self.name);
        put.maybe(self.digest, |put, digest| digest.iter().for_each(|&byte| put.u8(byte)));
        put.maybe(self.key, |put, key| key.iter().for_each(|&byte| put.u8(byte)));
        put.u128(self.content);
        put.0.extend(counts);
        sum(&[revision], &put.0)
    }
}

/// Batches that are not in the file yet, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Recent {
    all: Vec<(Told, Receipt)>,
    by_key: HashMap<[u8; 32], usize>,
    by_digest: HashMap<[u8; 32], Vec<usize>>,
}

impl Recent {
    /// Remembers one; of its receipt the counts.
    pub(super) fn push(&mut self, told: Told, receipt: &Receipt) {
        let at = self.all.len();
        if let Some(key) = told.key {
            self.by_key.entry(key).or_insert(at);
        }
        if let Some(digest) = told.digest {
            self.by_digest.entry(digest).or_default().push(at);
        }
        self.all.push((told, receipt.without_reports()));
    }

    /// Adds what another has.
    pub(super) fn join(&mut self, other: Self) {
        other.all.into_iter().for_each(|(told, receipt)| self.push(told, &receipt));
    }

    /// Goes over all of them; a receipt may be changed.
    pub(super) fn each(&mut self, each: impl FnMut(&mut (Told, Receipt))) {
        self.all.iter_mut().for_each(each);
    }

    fn of_key(&self, key: &[u8; 32]) -> Option<(&Told, &Receipt)> {
        self.by_key.get(key).map(|&at| (&self.all[at].0, &self.all[at].1))
    }

    fn of_digest(&self, digest: &[u8; 32], content: u128) -> Option<(&Told, &Receipt)> {
        let all = self.by_digest.get(digest)?.iter().map(|&at| &self.all[at]);
        all.filter(|(told, _)| told.content == content).map(|(told, receipt)| (told, receipt)).next()
    }
}

impl Receipt {
    fn without_reports(&self) -> Self {
        Self {
            accepted: Default::default(),
            before: None,
            revision: self.revision,
            read: self.read,
            new: self.new,
            known: self.known,
            revised: self.revised,
            superseded: self.superseded,
            withdrawn: self.withdrawn,
            expired: self.expired,
            repeated: self.repeated,
            conflict: self.conflict,
        }
    }
}

/// The batches with a key or a digest: content, name and what became of them.
fn find(
    connection: &Connection,
    column: &'static str,
    value: &[u8; 32],
) -> Result<Vec<(u128, String, Receipt)>, StoreError> {
    let sql = if column == "key" {
        "SELECT revision, name, digest, key, content, counts, sum, id FROM batch WHERE key = ?1"
    } else {
        "SELECT revision, name, digest, key, content, counts, sum, id FROM batch WHERE digest = ?1 ORDER BY id"
    };
    let doing = "looking for what became of a batch";
    let mut statement = connection.prepare_cached(sql).during(doing)?;
    let mut rows = statement.query([value]).during(doing)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().during(doing)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A row, once its checksum holds.
fn read(row: &rusqlite::Row<'_>) -> Result<(u128, String, Receipt), StoreError> {
    let doing = "looking for what became of a batch";
    let revision: i64 = row.get(0).during(doing)?;
    let id: i64 = row.get(7).during(doing)?;
    let what = || format!("what became of batch {id}");
    let torn = || StoreError::Damaged { what: format!("{} cannot be read", what()) };
    let content: Vec<u8> = row.get(4).during(doing)?;
    let told = Told {
        name: row.get(1).during(doing)?,
        digest: row.get(2).during(doing)?,
        key: row.get(3).during(doing)?,
        content: u128::from_le_bytes(content.try_into().map_err(|_| torn())?),
    };
    let counts: Vec<u8> = row.get(5).during(doing)?;
    let found: Vec<u8> = row.get(6).during(doing)?;
    check(what, &found, told.sum(revision, &counts))?;
    let mut take = Take(&counts);
    let mut next = || take.i64().and_then(|n| usize::try_from(n).map_err(|_| Torn));
    let mut receipt = || {
        Ok::<_, Torn>(Receipt {
            revision: revision.cast_unsigned(),
            read: next()?,
            new: next()?,
            known: next()?,
            revised: next()?,
            superseded: next()?,
            withdrawn: next()?,
            // Earlier forms of this program counted none.
            expired: next().unwrap_or(0),
            ..Receipt::default()
        })
    };
    let receipt = receipt().map_err(|_| torn())?;
    Ok((told.content, told.name, receipt))
}

/// Looks at all of them.
pub(super) fn verify(connection: &Connection) -> Result<(), StoreError> {
    let doing = "looking for what became of a batch";
    let sql = "SELECT revision, name, digest, key, content, counts, sum, id FROM batch ORDER BY id";
    let mut statement = connection.prepare(sql).during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    while let Some(row) = rows.next().during(doing)? {
        read(row)?;
    }
    Ok(())
}

/// Takes the names away that hold an id.
pub(super) fn forget_names(connection: &Connection, id: &str) -> Result<(), StoreError> {
    let doing = "forgetting names";
    let sql =
        "SELECT revision, name, digest, key, content, counts, sum, id FROM batch WHERE instr(name, ?1) > 0";
    let mut statement = connection.prepare(sql).during(doing)?;
    let mut rows = statement.query([id]).during(doing)?;
    while let Some(row) = rows.next().during(doing)? {
        read(row)?;
        let (revision, at): (i64, i64) = (row.get(0).during(doing)?, row.get(7).during(doing)?);
        let counts: Vec<u8> = row.get(5).during(doing)?;
        let content: [u8; 16] = row.get(4).during(doing)?;
        let told = Told {
            name: String::new(),
            digest: row.get(2).during(doing)?,
            key: row.get(3).during(doing)?,
            content: u128::from_le_bytes(content),
        };
        let sum = told.sum(revision, &counts).to_le_bytes();
        connection
            .execute("UPDATE batch SET name = '', sum = ?2 WHERE id = ?1", params![at, sum])
            .during(doing)?;
    }
    Ok(())
}
