//! Reports come back: every part is checked, and all of them together.

use rayon::prelude::*;
use rusqlite::Connection;

use super::parts::each;
use super::state::State;
use super::tables::Tables;
use crate::model::reports::{Ledger, Reports};
use crate::store::error::{StoreError, While};
use crate::store::index::Index;
use crate::store::segment::Segment;

/// Hands out the segments after a revision in order, checked; all of them together where none is left out.
pub(super) fn segments(
    connection: &Connection,
    state: &State,
    after: u64,
    mut take: impl FnMut(Segment) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut found = State { revision: state.revision, ..State::default() };
    each(connection, after, |parts| {
        let opened: Vec<(Segment, u128)> =
            parts.par_iter().map(super::parts::Part::open).collect::<Result<_, _>>()?;
        for (segment, sum) in opened {
            found.parts += 1;
            found.reports += segment.len();
            found.roll = found.roll.wrapping_add(sum);
            take(segment)?;
        }
        Ok(())
    })?;
    if after == 0 && found != *state {
        let what = format!(
            "{} reports in {} parts were written, {} in {} are there",
            state.reports, state.parts, found.reports, found.parts
        );
        return Err(StoreError::Damaged { what });
    }
    Ok(())
}

/// Runs a look at the file that sees one state of it, whoever writes meanwhile.
pub(super) fn at_one_time<T>(
    connection: &mut Connection,
    look: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction().during("reading it")?;
    look(&transaction)
}

/// As [`crate::store::Store::replay`].
pub(super) fn replay(
    connection: &Connection,
    after: u64,
    take: &mut dyn FnMut(Ledger),
) -> Result<u64, StoreError> {
    let state = State::read(connection)?;
    let tables = Tables::read(connection)?;
    let mut held = Reports::default();
    segments(connection, &state, after, |segment| {
        fits(&segment, &tables)?;
        held.join(segment.reports);
        if held.len() >= 1 << 20 {
            take(tables.ledger(std::mem::take(&mut held)));
        }
        Ok(())
    })?;
    if !held.is_empty() {
        take(tables.ledger(held));
    }
    Ok(state.revision)
}

/// Reports may point only to what the tables have.
pub(super) fn fits(segment: &Segment, tables: &Tables) -> Result<(), StoreError> {
    let (sources, classes) = (tables.sources.len(), tables.classes.rows().len());
    let fits = (0..segment.len()).all(|at| {
        usize::from(segment.reports.source(at)) < sources
            && usize::from(segment.reports.class(at).0) < classes
    });
    if fits {
        return Ok(());
    }
    Err(StoreError::Damaged { what: "a report names a source or a class that is not there".to_owned() })
}

/// What is known, for whoever writes.
pub(super) fn index(connection: &Connection, state: &State) -> Result<Index, StoreError> {
    let mut index = Index::default();
    segments(connection, state, 0, |segment| {
        index.load(&segment);
        Ok(())
    })?;
    Ok(index)
}

/// The keys of all reports.
pub(super) fn keys(connection: &Connection, state: &State) -> Result<Vec<u128>, StoreError> {
    let mut keys = Vec::with_capacity(state.reports);
    segments(connection, state, 0, |segment| {
        keys.extend(segment.keys);
        Ok(())
    })?;
    Ok(keys)
}
