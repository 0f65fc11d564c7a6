//! Batches come in: what is known is told apart from what is new.

use hashbrown::{HashMap, HashSet};
use rusqlite::Connection;

use super::numbers::Numbers;
use super::receipts::{Recent, Told};
use super::redo::Redo;
use super::state::State;
use super::tables::Tables;
use super::{cutoffs, replay};
use crate::model::cutoff::{Cutoffs, ended};
use crate::model::report::Report;
use crate::model::reports::{Ledger, Reports};
use crate::store::error::StoreError;
use crate::store::index::{Highest, Index, Standing};
use crate::store::row_key::{Keys, at_revision, source_number};
use crate::store::segment::{MOST_ROWS, Segment};
use crate::store::{Batch, Receipt};

/// What a writer keeps in memory of what lies in the file.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) index: Index,
    pub(super) tables: Tables,
    pub(super) state: State,
    /// What is too old to be taken.
    pub(super) cutoffs: Cutoffs,
}

impl Known {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let state = State::read(connection)?;
        let tables = Tables::read(connection)?;
        let cutoffs = cutoffs::read(connection)?;
        Ok(Self { index: replay::index(connection, &state)?, tables, state, cutoffs })
    }
}

/// What a call brings: rows and reports, what is to be remembered of its batches, and a receipt each.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) redo: Redo,
    pub(super) recent: Recent,
    pub(super) receipts: Vec<Receipt>,
}

/// Looks at batches and tells what is new, which the next revision will have; `waits` where others wait for it already.
/// `recent` are those that the file does not have yet. After an error `known` is of no use.
pub(super) fn take(
    connection: &Connection,
    known: &mut Known,
    recent: &[Recent; 2],
    waits: bool,
    batches: Vec<Keyed>,
) -> Result<Taken, StoreError> {
    let before = known.state.revision;
    let mut taking = Taking {
        connection,
        known,
        recent,
        segment: Segment::default(),
        receipts: Vec::with_capacity(batches.len()),
        kept: Recent::default(),
        redo: Redo::default(),
        any: false,
    };
    for batch in batches {
        taking.batch(batch)?;
    }
    taking.flush();
    let Taking { mut receipts, mut kept, any, mut redo, .. } = taking;
    let revision = before + u64::from(any || waits);
    for receipt in receipts.iter_mut().filter(|receipt| !receipt.repeated && !receipt.conflict) {
        receipt.revision = revision;
    }
    kept.each(|(told, receipt)| {
        receipt.revision = revision;
        told.keep(&mut redo, receipt);
    });
    Ok(Taken { redo, recent: kept, receipts })
}

/// A call under way.
struct Taking<'a> {
    connection: &'a Connection,
    known: &'a mut Known,
    recent: &'a [Recent; 2],
    segment: Segment,
    receipts: Vec<Receipt>,
    /// Batches of this call that are to be remembered.
    kept: Recent,
    redo: Redo,
    any: bool,
}

impl Taking<'_> {
    fn batch(&mut self, batch: Keyed) -> Result<(), StoreError> {
        let Keyed { batch, keys, implied, told } = batch;
        if told.lasting()
            && let Some(before) =
                told.before(self.connection, [&self.kept, &self.recent[0], &self.recent[1]])?
        {
            self.receipts.push(before);
            return Ok(());
        }
        let expired = self.expired(&batch.ledger, &keys);
        let n = expired.iter().filter(|expired| **expired).count();
        if batch.strict && n > 0 {
            self.receipts.push(Receipt { read: n, expired: n, ..Receipt::default() });
            return Ok(());
        }
        let receipt = self.reports(batch.ledger, keys, &implied, &expired)?;
        if told.lasting() {
            self.kept.push(told, &receipt);
        }
        self.receipts.push(receipt);
        Ok(())
    }

    fn reports(
        &mut self,
        ledger: Ledger,
        mut keys: Vec<u128>,
        implied: &[usize],
        expired: &[bool],
    ) -> Result<Receipt, StoreError> {
        let mut numbers = Numbers::of(&ledger);
        let is_expired = |at: usize| expired.get(at).is_some_and(|&expired| expired);
        let implied: Vec<usize> = implied.iter().copied().filter(|&at| !is_expired(at)).collect();
        let revisions = self.revise(&ledger, &mut keys, &implied, &mut numbers)?;
        let revision_of =
            |at: usize, report: &Report<'_>| revisions.get(&at).copied().unwrap_or(report.revision);
        let mut receipt = Receipt { read: ledger.reports.len(), ..Receipt::default() };
        self.known.index.begin();
        let mut accepted = Vec::new();
        for (at, (report, &key)) in ledger.reports.iter().zip(&keys).enumerate() {
            if is_expired(at) {
                receipt.expired += 1;
                continue;
            }
            let source = numbers.source(&mut self.redo, &mut self.known.tables, &ledger, report.source)?;
            let revision = revision_of(at, &report);
            let id = report.id.map(|id| (source, id));
            match self.known.index.enter(key, id, revision, report.status) {
                Standing::Known => {
                    receipt.known += 1;
                    continue;
                }
                Standing::New => receipt.new += 1,
                Standing::Revised => receipt.revised += 1,
                Standing::Superseded => receipt.superseded += 1,
                Standing::Withdrawn => receipt.withdrawn += 1,
            }
            accepted.push(at);
            let class =
                numbers.class(&mut self.redo, &mut self.known.tables, &ledger, source, report.class)?;
            let file = numbers.file(&mut self.redo, &mut self.known.tables, &ledger, report.file)?;
            self.segment.push(key, &Report { source, class, file, revision, ..report });
            if self.segment.len() >= MOST_ROWS {
                self.flush();
            }
        }
        receipt.accepted = if accepted.len() == ledger.reports.len() && revisions.is_empty() {
            ledger
        } else {
            let some = accepted.into_iter().map(|at| {
                let report = ledger.reports.get(at);
                Report { revision: revision_of(at, &report), ..report }
            });
            let reports: Reports = some.collect();
            Ledger { reports, ..ledger }
        };
        Ok(receipt)
    }

    /// Which reports are of incidents that are too old to be kept; none where nothing is.
    ///
    /// Of an event that stands nothing is: whatever revises it is taken, and where that makes it old, it goes with the next that go.
    /// Of one that is not known a batch has all its reports or none, in whatever order they lie.
    fn expired(&self, ledger: &Ledger, keys: &[u128]) -> Vec<bool> {
        if self.known.cutoffs.is_empty() {
            return Vec::new();
        }
        let known = &self.known;
        let before: Vec<Option<i64>> = ledger.sources.iter().map(|source| known.cutoffs.of(source)).collect();
        let numbers: Vec<Option<u16>> =
            ledger.sources.iter().map(|source| known.tables.known_source(source)).collect();
        let mut kept: HashSet<(u16, &str)> = HashSet::new();
        let mut expired = Vec::with_capacity(keys.len());
        for (at, &key) in keys.iter().enumerate() {
            let of = ledger.reports.source(at);
            let old = ended(ledger.reports.when(at), before[usize::from(of)]);
            let Some(id) = ledger.reports.id(at) else {
                expired.push(old && !known.index.has(key));
                continue;
            };
            // A source that is new has no event yet.
            let stands =
                || numbers[usize::from(of)].is_some_and(|source| known.index.highest(source, id).is_some());
            if !old || stands() {
                kept.insert((of, id));
            }
            expired.push(old);
        }
        for (at, expired) in expired.iter_mut().enumerate().filter(|(_, expired)| **expired) {
            *expired =
                ledger.reports.id(at).is_none_or(|id| !kept.contains(&(ledger.reports.source(at), id)));
        }
        expired
    }

    /// Gives revisions to the reports of sources whose later files replace what earlier ones said of an event, and keys to match.
    ///
    /// What stands already keeps its revision; an event of which anything is new or gone gets the next one, all its rows together.
    fn revise(
        &mut self,
        ledger: &Ledger,
        keys: &mut [u128],
        implied: &[usize],
        numbers: &mut Numbers,
    ) -> Result<HashMap<usize, i64>, StoreError> {
        let mut events: HashMap<(u16, &str), Vec<usize>> = HashMap::new();
        for &at in implied {
            let source = ledger.reports.source(at);
            let source = numbers.source(&mut self.redo, &mut self.known.tables, ledger, source)?;
            let id = ledger.reports.id(at).expect("only reports with an id get a revision");
            events.entry((source, id)).or_default().push(at);
        }
        let mut revisions = HashMap::with_capacity(implied.len());
        for ((source, id), rows) in events {
            let stands = self.known.index.highest(source, id);
            let there = |stands: Highest| {
                let mut all: Vec<u128> =
                    rows.iter().map(|&at| at_revision(keys[at], stands.revision)).collect();
                all.sort_unstable();
                all.dedup();
                all.len() == stands.reports && all.iter().all(|&key| self.known.index.has(key))
            };
            let revision = match stands {
                None => 1,
                Some(stands) if there(stands) => stands.revision,
                Some(stands) => stands.revision.saturating_add(1),
            };
            for at in rows {
                keys[at] = at_revision(keys[at], revision);
                revisions.insert(at, revision);
            }
        }
        Ok(revisions)
    }

    /// Puts what has been gathered together.
    fn flush(&mut self) {
        if self.segment.len() > 0 {
            self.any = true;
            self.redo.reports(std::mem::take(&mut self.segment));
        }
    }
}

/// A batch with all that follows from it alone: made before anything is locked.
#[derive(Debug)]
pub(super) struct Keyed {
    batch: Batch,
    keys: Vec<u128>,
    /// Places of reports whose keys have no revision yet.
    implied: Vec<usize>,
    told: Told,
}

impl Keyed {
    pub(super) fn of(batch: Batch) -> Self {
        let (keys, implied) = keys(&batch.ledger);
        let content = keys.iter().fold(0_u128, |sum, key| sum.wrapping_add(*key));
        let told = Told::of(&batch, content);
        Self { batch, keys, implied, told }
    }
}

/// The keys of a batch's reports; those at the places that come beside have no revision yet.
fn keys(ledger: &Ledger) -> (Vec<u128>, Vec<usize>) {
    let sources: Vec<u128> = ledger.sources.iter().map(source_number).collect();
    let mut keys = Keys::default();
    let mut implied = Vec::new();
    let all = ledger.reports.iter().enumerate().map(|(at, report)| {
        let source = usize::from(report.source);
        let code = &ledger.classes.get(report.class).code;
        let unit = ledger.sources[source].unit;
        // Readers number the files of a call from 1; a revision of the source's own is a time or a higher number.
        let by_file = ledger.sources[source].revises
            && report.id.is_some()
            && (0..=i64::from(u16::MAX)).contains(&report.revision);
        if by_file {
            implied.push(at);
            return keys.next(sources[source], unit, code, &Report { revision: 0, ..report });
        }
        keys.next(sources[source], unit, code, &report)
    });
    let all = all.collect();
    (all, implied)
}

/// A batch of one report.
#[cfg(test)]
pub(super) fn one_report(id: &str) -> Batch {
    use crate::ingest::incidents::{self, Options};
    use crate::ingest::input::Input;
    let text =
        format!("incidentid,date,category,longitude,latitude\n{id},2024-01-05 13:30,robbery,-90.2,38.6\n");
    let input = Input::of("crimes.csv", text.into_bytes()).expect("a table");
    let (ledger, _) = incidents::read(&[input], &Options::default(), &|| ()).expect("readable");
    Batch { ledger, ..Batch::default() }
}
