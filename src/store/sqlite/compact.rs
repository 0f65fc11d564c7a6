//! Many small parts become few large ones: single alerts leave one each, and every part costs a look when the store is opened.

use rusqlite::{Connection, TransactionBehavior};

use super::parts::{between, merge};
use super::state::State;
use crate::store::error::{StoreError, While};
use crate::store::segment::MOST_ROWS;

/// Below this nobody notices.
pub(super) const MOST_SMALL: usize = 256;

/// A run of parts that fit into one: the first and the last number.
type Run = (i64, i64);

/// Merges neighboring small parts where there are many. Reports keep their order; what is merged has the newest revision of its parts.
///
/// Only when a store is opened to be written, so that nobody follows the revisions that go.
pub(super) fn compact(connection: &mut Connection) -> Result<(), StoreError> {
    let doing = "merging its parts";
    let small: usize = connection
        .query_row("SELECT COUNT(*) FROM part WHERE reports < ?1", [MOST_ROWS / 2], |row| row.get(0))
        .during(doing)?;
    if small <= MOST_SMALL {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).during(doing)?;
    let mut state = State::read(&transaction)?;
    for (first, last) in runs(&transaction)? {
        let parts = between(&transaction, first, last)?;
        merge(&transaction, &mut state, &parts)?;
    }
    state.write(&transaction)?;
    transaction.commit().during(doing)
}

/// Runs of at least two neighbors that fit into one part.
fn runs(connection: &Connection) -> Result<Vec<Run>, StoreError> {
    let doing = "merging its parts";
    let mut statement = connection.prepare("SELECT id, reports FROM part ORDER BY id").during(doing)?;
    let mut rows = statement.query([]).during(doing)?;
    let mut runs: Vec<Run> = Vec::new();
    let mut held = 0;
    while let Some(row) = rows.next().during(doing)? {
        let (id, reports): (i64, usize) = (row.get(0).during(doing)?, row.get(1).during(doing)?);
        match runs.last_mut() {
            Some(run) if held + reports <= MOST_ROWS => {
                run.1 = id;
                held += reports;
            }
            _ => {
                runs.push((id, id));
                held = reports;
            }
        }
    }
    runs.retain(|(first, last)| first != last);
    Ok(runs)
}
