//! Batches come in: what is known is told apart from what is new, and all of one call is one transaction.

use hashbrown::HashMap;
use rusqlite::{Connection, TransactionBehavior};

use super::receipts::Told;
use super::state::State;
use super::tables::Tables;
use super::{parts, replay};
use crate::model::class::ClassId;
use crate::model::report::Report;
use crate::model::reports::{Ledger, Reports};
use crate::store::error::{StoreError, While};
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
}

impl Known {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let state = State::read(connection)?;
        let tables = Tables::read(connection)?;
        Ok(Self { index: replay::index(connection, &state)?, tables, state })
    }
}

/// Takes batches in one transaction. After an error `known` is no longer what lies in the file.
pub(super) fn append(
    connection: &mut Connection,
    known: &mut Known,
    batches: Vec<Batch>,
) -> Result<Vec<Receipt>, StoreError> {
    let doing = "taking reports";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).during(doing)?;
    let before = known.state.revision;
    let mut taking = Taking {
        connection: &transaction,
        known,
        segment: Segment::default(),
        receipts: Vec::with_capacity(batches.len()),
        kept: Vec::new(),
        next: before + 1,
        any: false,
    };
    for batch in batches {
        taking.batch(batch)?;
    }
    taking.flush()?;
    let Taking { mut receipts, kept, any, next, .. } = taking;
    let revision = if any { next } else { before };
    for receipt in receipts.iter_mut().filter(|receipt| !receipt.repeated && !receipt.conflict) {
        receipt.revision = revision;
    }
    for (told, at) in &kept {
        told.keep(&transaction, &receipts[*at])?;
    }
    if any {
        known.state.revision = revision;
        known.state.write(&transaction)?;
    }
    transaction.commit().during(doing)?;
    Ok(receipts)
}

/// A call under way.
struct Taking<'a> {
    connection: &'a Connection,
    known: &'a mut Known,
    segment: Segment,
    receipts: Vec<Receipt>,
    /// Batches to be remembered, and where their receipts are.
    kept: Vec<(Told, usize)>,
    /// The revision that is being made.
    next: u64,
    any: bool,
}

impl Taking<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), StoreError> {
        let (keys, implied) = keys(&batch.ledger);
        let content = keys.iter().fold(0_u128, |sum, key| sum.wrapping_add(*key));
        let told = Told::of(&batch, content);
        if told.lasting()
            && let Some(before) = told.before(self.connection, &self.kept, &self.receipts)?
        {
            self.receipts.push(before);
            return Ok(());
        }
        let receipt = self.reports(batch.ledger, keys, &implied)?;
        if told.lasting() {
            self.kept.push((told, self.receipts.len()));
        }
        self.receipts.push(receipt);
        Ok(())
    }

    fn reports(
        &mut self,
        ledger: Ledger,
        mut keys: Vec<u128>,
        implied: &[usize],
    ) -> Result<Receipt, StoreError> {
        let mut numbers = Numbers::default();
        let revisions = self.revise(&ledger, &mut keys, implied, &mut numbers)?;
        let revision_of =
            |at: usize, report: &Report<'_>| revisions.get(&at).copied().unwrap_or(report.revision);
        let mut receipt = Receipt { read: ledger.reports.len(), ..Receipt::default() };
        self.known.index.begin();
        let mut accepted = Vec::new();
        for (at, (report, &key)) in ledger.reports.iter().zip(&keys).enumerate() {
            let source = numbers.source(self.connection, &mut self.known.tables, &ledger, report.source)?;
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
                numbers.class(self.connection, &mut self.known.tables, &ledger, source, report.class)?;
            let file = numbers.file(self.connection, &mut self.known.tables, &ledger, report.file)?;
            self.segment.push(key, &Report { source, class, file, revision, ..report });
            if self.segment.len() >= MOST_ROWS {
                self.flush()?;
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
            let source = numbers.source(self.connection, &mut self.known.tables, ledger, source)?;
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

    /// Writes what has been gathered.
    fn flush(&mut self) -> Result<(), StoreError> {
        if self.segment.len() > 0 {
            self.any = true;
            let segment = std::mem::take(&mut self.segment);
            parts::add(self.connection, &mut self.known.state, self.next, &segment)?;
        }
        Ok(())
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

/// The store's numbers for those of one ledger, made when first needed.
#[derive(Debug, Default)]
struct Numbers {
    sources: HashMap<u16, u16>,
    classes: HashMap<(u16, ClassId), ClassId>,
    files: HashMap<u16, u16>,
}

impl Numbers {
    fn source(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        ledger: &Ledger,
        of: u16,
    ) -> Result<u16, StoreError> {
        if let Some(&known) = self.sources.get(&of) {
            return Ok(known);
        }
        let number = tables.source(connection, &ledger.sources[usize::from(of)])?;
        self.sources.insert(of, number);
        Ok(number)
    }

    fn class(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        ledger: &Ledger,
        source: u16,
        of: ClassId,
    ) -> Result<ClassId, StoreError> {
        if let Some(&known) = self.classes.get(&(source, of)) {
            return Ok(known);
        }
        let mut class = ledger.classes.get(of).clone();
        // Its category by name, since the batch may have been read with another tree.
        let name = class.category.map(|at| ledger.classes.tree().rows()[at].name.as_str());
        class.category = name.and_then(|name| tables.classes.tree().position(name));
        let number = tables.class(connection, source, &class)?;
        self.classes.insert((source, of), number);
        Ok(number)
    }

    fn file(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        ledger: &Ledger,
        of: u16,
    ) -> Result<u16, StoreError> {
        if let Some(&known) = self.files.get(&of) {
            return Ok(known);
        }
        let number = match ledger.files.get(usize::from(of)) {
            Some(name) => tables.file(connection, name)?,
            None => u16::MAX,
        };
        self.files.insert(of, number);
        Ok(number)
    }
}
