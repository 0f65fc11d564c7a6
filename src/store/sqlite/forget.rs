//! Forgetting: the reports of an id leave their parts, and the id leaves the file, its log and what rules found.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::parts::{each, replace};
use super::receipts::forget_names;
use super::schema::PATIENCE;
use super::state::State;
use super::tables::Tables;
use super::watched;
use crate::model::identity::made_id;
use crate::store::Forgotten;
use crate::store::error::{StoreError, While};
use crate::store::segment::Segment;

/// How long those who send wait for readers of the log.
const SOON: Duration = Duration::from_millis(50);

/// Forgets in one transaction, and empties the log. `None` where nothing has the id.
pub(super) fn forget(
    connection: &mut Connection,
    source: &str,
    external_id: &str,
) -> Result<Option<Forgotten>, StoreError> {
    let doing = "forgetting";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).during(doing)?;
    let mut state = State::read(&transaction)?;
    let mut tables = Tables::read(&transaction)?;
    let ours: Vec<bool> = tables.sources.iter().map(|known| known.name == source).collect();
    let before = state.reports;
    let ledger = tables.ledger(Default::default());
    let mut changed = Vec::new();
    each(&transaction, 0, |parts| {
        for part in parts {
            let (segment, _) = part.open()?;
            let goes = |at: usize| {
                let report = segment.reports.get(at);
                ours.get(usize::from(report.source)) == Some(&true)
                    && match report.id {
                        Some(id) => id == external_id,
                        None => made_id(&report, report.address, &ledger) == external_id,
                    }
            };
            let gone: Vec<bool> = (0..segment.len()).map(goes).collect();
            if gone.contains(&true) {
                let mut rest = Segment::default();
                for at in (0..segment.len()).filter(|&at| !gone[at]) {
                    rest.push(segment.keys[at], &segment.reports.get(at));
                }
                changed.push((part, rest));
            }
        }
        Ok(())
    })?;
    if changed.is_empty() {
        return Ok(None);
    }
    for (part, rest) in &changed {
        replace(&transaction, &mut state, std::slice::from_ref(part), rest)?;
    }
    state.revision += 1;
    state.write(&transaction)?;
    forget_names(&transaction, external_id)?;
    watched::forget(&transaction, source, external_id)?;
    tables.forget_names(&transaction, |name| name.contains(external_id))?;
    transaction.commit().during(doing)?;
    Ok(Some(Forgotten { reports: before - state.reports, revision: state.revision }))
}

/// Brings all of the log into the file and empties it: what was deleted lies in neither after that.
pub(super) fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .during("emptying its log")?;
    if busy == 0 { Ok(()) } else { Err(StoreError::Held) }
}

/// The same for a store that is served: batches wait meanwhile, so that it does not wait long for readers.
pub(super) fn empty_log_soon(connection: &Connection) -> Result<(), StoreError> {
    let doing = "emptying its log";
    connection.busy_timeout(SOON).during(doing)?;
    let done = empty_log(connection);
    connection.busy_timeout(PATIENCE).during(doing)?;
    done
}
