//! Rows of what rules found: findings by number, and what is known by kind and name.

use rusqlite::{Connection, TransactionBehavior, params};

use super::state::{check, number, sum};
use crate::store::bytes::{Put, Take, Torn};
use crate::store::error::{StoreError, While};
use crate::store::watched::{Finding, KEPT, Watched, decode_names, encode_names, is};

/// The first version of the tables that has these.
const SINCE: i64 = 2;

/// What is known of a rule, of a source and of a receiver.
const RULE: i64 = 0;
const SOURCE: i64 = 1;
const RECEIVER: i64 = 2;

/// Adds findings and writes the rest over what is known by the same names, in one transaction.
pub(super) fn keep(connection: &mut Connection, some: &Watched) -> Result<(), StoreError> {
    let doing = "writing what rules found";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).during(doing)?;
    for finding in &some.findings {
        let (at, body) = (number(finding.number), finding.encode());
        let sum = sum(&[at], &body).to_le_bytes();
        transaction
            .prepare_cached("INSERT OR REPLACE INTO finding (number, sum, body) VALUES (?1, ?2, ?3)")
            .and_then(|mut finding| finding.execute(params![at, sum, body]))
            .during(doing)?;
    }
    if let Some(last) = some.findings.last() {
        transaction
            .execute("DELETE FROM finding WHERE number <= ?1", [number(last.number.saturating_sub(KEPT))])
            .during(doing)?;
    }
    for &gone in &some.gone {
        let_go(&transaction, gone)?;
    }
    for (name, keys) in &some.open {
        write(&transaction, (RULE, name), &encode_names(keys))?;
    }
    for (name, &at) in &some.heard {
        write(&transaction, (SOURCE, name), &at.to_le_bytes())?;
    }
    for (name, &last) in &some.sent {
        write(&transaction, (RECEIVER, name), &number(last).to_le_bytes())?;
    }
    transaction.commit().during(doing)
}

fn let_go(connection: &Connection, finding: u64) -> Result<(), StoreError> {
    connection
        .execute("DELETE FROM finding WHERE number = ?1", [number(finding)])
        .map(drop)
        .during("letting go of what rules found")
}

fn write(connection: &Connection, (kind, name): (i64, &str), body: &[u8]) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO watched (kind, name, sum, body) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut row| row.execute(params![kind, name, row_sum(kind, name, body), body]))
        .map(drop)
        .during("writing what rules found")
}

fn row_sum(kind: i64, name: &str, body: &[u8]) -> [u8; 16] {
    let mut put = Put::default();
    put.text(name);
    put.0.extend(body);
    sum(&[kind], &put.0).to_le_bytes()
}

/// All that is kept, each row checked; nothing of a file that has no such tables yet.
pub(super) fn read(connection: &Connection) -> Result<Watched, StoreError> {
    let doing = "reading what rules found";
    let mut all = Watched::default();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).during(doing)?;
    if version < SINCE {
        return Ok(all);
    }
    let mut statement =
        connection.prepare("SELECT number, sum, body FROM finding ORDER BY number").during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    while let Some(row) = rows.next().during(doing)? {
        let (at, found): (i64, Vec<u8>) = (row.get(0).during(doing)?, row.get(1).during(doing)?);
        let body: Vec<u8> = row.get(2).during(doing)?;
        let what = || format!("finding {at}");
        check(what, &found, sum(&[at], &body))?;
        let torn = |_| StoreError::Damaged { what: format!("{} cannot be read", what()) };
        all.findings.push(Finding::decode(at.cast_unsigned(), &body).map_err(torn)?);
    }
    let mut statement =
        connection.prepare("SELECT kind, name, sum, body FROM watched ORDER BY kind, name").during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    while let Some(row) = rows.next().during(doing)? {
        let (kind, name): (i64, String) = (row.get(0).during(doing)?, row.get(1).during(doing)?);
        let (found, body): (Vec<u8>, Vec<u8>) = (row.get(2).during(doing)?, row.get(3).during(doing)?);
        let what = || format!("what is known of `{name}`");
        check(what, &found, u128::from_le_bytes(row_sum(kind, &name, &body)))?;
        let torn = |_| StoreError::Damaged { what: format!("{} cannot be read", what()) };
        let count = || Take(&body).i64().map_err(torn);
        match kind {
            RULE => drop(all.open.insert(name.clone(), decode_names(&body).map_err(torn)?)),
            SOURCE => drop(all.heard.insert(name.clone(), count()?)),
            RECEIVER => drop(all.sent.insert(name.clone(), count()?.cast_unsigned())),
            _ => return Err(torn(Torn)),
        }
    }
    Ok(all)
}

/// Takes an incident out: findings that tell of it go whole, since their sentence and place are of it; rules no longer know it.
pub(super) fn forget(connection: &Connection, source: &str, external_id: &str) -> Result<(), StoreError> {
    let incident = format!("{source}:{external_id}");
    let all = read(connection)?;
    for finding in all.findings.iter().filter(|finding| finding.names(&incident)) {
        let_go(connection, finding.number)?;
    }
    for (name, mut keys) in all.open {
        let before = keys.len();
        keys.retain(|key| !is(key, &incident));
        if keys.len() < before {
            write(connection, (RULE, &name), &encode_names(&keys))?;
        }
    }
    Ok(())
}
