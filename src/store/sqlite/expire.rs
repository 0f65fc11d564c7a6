//! What is too old goes: first it is found which incidents ended before their day, then their reports leave the parts.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use rayon::prelude::*;
use rusqlite::{Connection, TransactionBehavior};

use super::append::Known;
use super::parts::{Part, between, each, replace};
use super::receipts::forget_names;
use super::tables::Tables;
use super::{cutoffs, watched};
use crate::model::cutoff::{Cutoffs, Gone, ended};
use crate::model::identity::made_id;
use crate::model::report::Report;
use crate::store::Expired;
use crate::store::error::{StoreError, While};
use crate::store::segment::{MOST_ROWS, Segment};
use crate::store::watched::is;

const DOING: &str = "forgetting what is too old";

/// Reports whose parts are rewritten in one transaction at most, unless one part has more.
const AT_ONCE: usize = 2 * MOST_ROWS;

/// Ids shorter than this are taken out of the names of files only where they stand there as a word: a `7` is in every other name.
const SHORT: usize = 4;

/// As [`crate::store::Store::forget_before`], but for the log. After an error `known` is no longer what lies in the file.
pub(super) fn expire(
    connection: &mut Connection,
    known: &mut Known,
    raised: &Cutoffs,
    whole: bool,
) -> Result<Expired, StoreError> {
    // First, so that nothing that goes comes back between two transactions.
    if known.cutoffs.raise(raised, whole) {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).during(DOING)?;
        cutoffs::write(&transaction, &known.cutoffs)?;
        transaction.commit().during(DOING)?;
    }
    let before = known.state.reports;
    let plan = Plan::of(connection, &known.tables, &known.cutoffs)?;
    if !plan.parts.is_empty() {
        plan.forget_names(connection, known)?;
        // What later revisions replaced first: after a stop half way what stands still says that the rest is to go.
        if plan.history {
            plan.sweep(connection, known, |standing, report| standing.above(report))?;
        }
        plan.sweep(connection, known, |_, _| true)?;
    }
    Ok(Expired {
        reports: before - known.state.reports,
        incidents: plan.counts,
        gone: plan.gone,
        revision: known.state.revision,
        held: false,
    })
}

/// What stands of an event, as far as it has been read.
#[derive(Clone, Copy, Debug)]
struct Standing {
    revision: i64,
    firmness: u8,
    /// The last second of those reports that stand.
    to: i64,
    /// Whether others were replaced by them.
    history: bool,
}

impl Standing {
    fn of(report: &Report<'_>) -> Self {
        let (revision, firmness) = (report.revision, report.status.firmness());
        Self { revision, firmness, to: report.when.to(), history: false }
    }

    /// Whether a report was replaced by what stands.
    fn above(&self, report: &Report<'_>) -> bool {
        (self.revision, self.firmness) > (report.revision, report.status.firmness())
    }

    fn meet(&mut self, report: &Report<'_>) {
        let met = Self::of(report);
        match (met.revision, met.firmness).cmp(&(self.revision, self.firmness)) {
            std::cmp::Ordering::Greater => *self = Self { history: true, ..met },
            std::cmp::Ordering::Equal => self.to = self.to.max(met.to),
            std::cmp::Ordering::Less => self.history = true,
        }
    }
}

/// Events by id, a table for each source.
type Events = Vec<HashMap<Box<str>, Standing>>;

/// What is to go.
struct Plan {
    before: Vec<Option<i64>>,
    events: Events,
    /// Parts that have any of it, perhaps.
    parts: BTreeSet<i64>,
    /// Whether some of it was replaced by later revisions.
    history: bool,
    counts: BTreeMap<String, usize>,
    gone: Gone,
    /// Incidents that rules found, by source and id.
    found: Vec<(String, String)>,
}

impl Plan {
    /// Reads all reports: once for events that anything old is told of, and once for what stands of these.
    fn of(connection: &Connection, tables: &Tables, cutoffs: &Cutoffs) -> Result<Self, StoreError> {
        let before: Vec<Option<i64>> = tables.sources.iter().map(|source| cutoffs.of(source)).collect();
        let mut plan = Self {
            events: vec![HashMap::new(); before.len()],
            before,
            parts: BTreeSet::new(),
            history: false,
            counts: BTreeMap::new(),
            gone: Gone::default(),
            found: Vec::new(),
        };
        if plan.before.iter().all(Option::is_none) {
            return Ok(plan);
        }
        // By source, how many without an id.
        let mut nameless = vec![0_usize; plan.before.len()];
        let mut made = BTreeSet::new();
        let told = Told::read(connection)?;
        let ledger = tables.ledger(Default::default());
        let mut old_parts = BTreeSet::new();
        parts(connection, |part, segment| {
            for report in segment.reports.iter() {
                let source = usize::from(report.source);
                if !ended(report.when, plan.before[source]) {
                    continue;
                }
                match report.id {
                    Some(id) => {
                        plan.events[source].entry_ref(id).or_insert_with(|| Standing::of(&report));
                    }
                    None => {
                        nameless[source] += 1;
                        old_parts.insert(part);
                        if told.any() {
                            made.insert((source, made_id(&report, report.address, &ledger)));
                        }
                    }
                }
            }
        })?;
        plan.parts = old_parts;
        if plan.events.iter().any(|events| !events.is_empty()) {
            parts(connection, |part, segment| {
                for report in segment.reports.iter() {
                    let id = report.id.unwrap_or_default();
                    if let Some(standing) = plan.events[usize::from(report.source)].get_mut(id) {
                        standing.meet(&report);
                        plan.parts.insert(part);
                    }
                }
            })?;
        }
        for (events, before) in plan.events.iter_mut().zip(&plan.before) {
            events.retain(|_, standing| before.is_some_and(|before| standing.to <= before));
            plan.history |= events.values().any(|standing| standing.history);
        }
        let sizes = plan.events.iter().map(HashMap::len).zip(nameless);
        for (source, (named, nameless)) in tables.sources.iter().zip(sizes) {
            if named + nameless > 0 {
                *plan.counts.entry(source.name.clone()).or_default() += named + nameless;
            }
        }
        if plan.counts.is_empty() {
            plan.parts.clear();
        }
        let ids = |events: &HashMap<Box<str>, Standing>| events.keys().cloned().collect();
        let ids = tables.sources.iter().cloned().zip(plan.events.iter().map(ids)).collect();
        plan.gone = Gone::new(cutoffs.clone(), ids);
        plan.found = told.of(tables, |source, id| {
            plan.events[source].contains_key(id) || made.contains(&(source, id.to_owned()))
        });
        Ok(plan)
    }

    fn is_old(&self, report: &Report<'_>) -> bool {
        ended(report.when, self.before[usize::from(report.source)])
    }

    /// Rewrites the parts that have what is to go, some in each transaction; of events what `goes` says.
    fn sweep(
        &self,
        connection: &mut Connection,
        known: &mut Known,
        goes: impl Fn(&Standing, &Report<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let is_gone = |report: &Report<'_>| match report.id {
            Some(id) => {
                self.events[usize::from(report.source)].get(id).is_some_and(|standing| goes(standing, report))
            }
            None => self.is_old(report),
        };
        let mut left = self.parts.iter().copied().peekable();
        while left.peek().is_some() {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).during(DOING)?;
            let (mut reports, mut removed) = (0, Vec::new());
            while let Some(id) = left.next_if(|_| reports < AT_ONCE) {
                for part in between(&transaction, id, id)? {
                    let (segment, _) = part.open()?;
                    reports += segment.len();
                    let gone: Vec<bool> = segment.reports.iter().map(|report| is_gone(&report)).collect();
                    if gone.contains(&true) {
                        let (rest, went) = parted(segment, &gone);
                        replace(&transaction, &mut known.state, &[part], &rest)?;
                        removed.push(went);
                    }
                }
            }
            if removed.is_empty() {
                continue;
            }
            known.state.revision += 1;
            known.state.write(&transaction)?;
            transaction.commit().during(DOING)?;
            for segment in &removed {
                for (&key, report) in segment.keys.iter().zip(segment.reports.iter()) {
                    let id = report.id.map(|id| (report.source, id));
                    known.index.leave(key, id, report.revision, report.status);
                }
            }
        }
        Ok(())
    }

    /// Takes the ids out of the names of files and batches, and out of what rules found.
    fn forget_names(&self, connection: &mut Connection, known: &mut Known) -> Result<(), StoreError> {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).during(DOING)?;
        let lengths: BTreeSet<usize> =
            self.events.iter().flat_map(|events| events.keys().map(|id| id.len())).collect();
        let holds = |name: &str| {
            lengths.iter().any(|&n| {
                (0..name.len()).filter_map(|at| Some((at, name.get(at..at + n)?))).any(|(at, id)| {
                    (n >= SHORT || is_word(name, at, n))
                        && self.events.iter().any(|events| events.contains_key(id))
                })
            })
        };
        known.tables.forget_names(&transaction, holds)?;
        let names: Vec<String> = transaction
            .prepare("SELECT DISTINCT name FROM batch")
            .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>())
            .during(DOING)?;
        for name in names.iter().filter(|name| holds(name)) {
            forget_names(&transaction, name)?;
        }
        for (source, id) in &self.found {
            watched::forget(&transaction, source, id)?;
        }
        transaction.commit().during(DOING)
    }
}

/// Whether `n` bytes of a name are a word: no letter or figure before or behind them.
fn is_word(name: &str, at: usize, n: usize) -> bool {
    let free = |beside: Option<char>| beside.is_none_or(|one| !one.is_alphanumeric());
    free(name[..at].chars().next_back()) && free(name[at + n..].chars().next())
}

/// Hands out all parts by number, opened and checked.
fn parts(connection: &Connection, mut take: impl FnMut(i64, Segment)) -> Result<(), StoreError> {
    each(connection, 0, |parts| {
        let opened: Vec<(Segment, u128)> = parts.par_iter().map(Part::open).collect::<Result<_, _>>()?;
        for (part, (segment, _)) in parts.iter().zip(opened) {
            take(part.id, segment);
        }
        Ok(())
    })
}

/// A part's reports that stay, and those that go.
fn parted(segment: Segment, gone: &[bool]) -> (Segment, Segment) {
    let (mut rest, mut went) = (Segment::default(), Segment::default());
    for (at, &gone) in gone.iter().enumerate() {
        let to = if gone { &mut went } else { &mut rest };
        to.push(segment.keys[at], &segment.reports.get(at));
    }
    (rest, went)
}

/// The incidents that rules tell of, as `source:id`.
struct Told(BTreeSet<String>);

impl Told {
    fn read(connection: &Connection) -> Result<Self, StoreError> {
        let all = watched::read(connection)?;
        let found = all.findings.into_iter().flat_map(|finding| finding.incidents);
        Ok(Self(found.chain(all.open.into_values().flatten()).collect()))
    }

    fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Those that go, by source and id.
    fn of(&self, tables: &Tables, goes: impl Fn(usize, &str) -> bool) -> Vec<(String, String)> {
        let mut all = BTreeSet::new();
        for name in &self.0 {
            for (at, source) in tables.sources.iter().enumerate() {
                let Some(id) = name.strip_prefix(&source.name).and_then(|rest| rest.strip_prefix(':')) else {
                    continue;
                };
                // The second of two that say the same has a number at its end.
                let first = id.rsplit_once('-').map(|(first, _)| first).filter(|first| is(id, first));
                for id in [Some(id), first].into_iter().flatten().filter(|id| goes(at, id)) {
                    all.insert((source.name.clone(), id.to_owned()));
                }
            }
        }
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::{Class, ClassId, Classes};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Place, Source, Unit};
    use crate::model::reports::Ledger;
    use crate::store::setting::Setting;
    use crate::store::sqlite::flight::Shared;
    use crate::store::sqlite::{Access, SqliteStore};
    use crate::store::{Batch, Store, ledger};

    const YEAR: i64 = 31_556_952;

    /// A report of an id, its revision and the year that it tells.
    fn report(id: &str, revision: i64, year: i64) -> Batch {
        let mut classes = Classes::over(crate::ingest::crosswalk::tree().expect("shipped"));
        classes.intern(0, "R", || Class {
            code: "R".to_owned(),
            label: String::new(),
            category: None,
            flags: Default::default(),
            firearm: Default::default(),
        });
        let when =
            Interval { from: (year - 1970) * YEAR + YEAR / 2, seconds: 60, precision: Precision::Minute };
        let plain = Report::plain(ClassId(0), when, Place::Missing);
        let sources = vec![Source::new("s", Unit::Incident, jiff::tz::TimeZone::UTC)];
        let reports = [Report { id: Some(id), revision, ..plain }].into_iter().collect();
        Batch { ledger: Ledger { sources, files: Vec::new(), classes, reports }, ..Batch::default() }
    }

    fn stands(store: &SqliteStore) -> Vec<(String, i64)> {
        let (all, _) = ledger(store).expect("whole");
        all.reports.iter().map(|one| (one.id.unwrap_or_default().to_owned(), one.revision)).collect()
    }

    /// An event of which an earlier revision told a later year: should the later revision go first, the earlier would stand.
    #[test]
    fn after_a_stop_between_two_transactions_the_rest_goes_the_next_time_and_nothing_stands_up_again() {
        let day = "2020-01-01".parse().expect("a date");
        let cutoffs = Cutoffs::before(day, None);
        for stop in 0..=4 {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("s");
            let store = SqliteStore::create(&file, &Setting::default()).expect("made");
            for batch in [
                report("e", 2, 2018),
                report("new", 1, 2022),
                report("old", 1, 2010),
                report("e", 1, 2022),
                report("older", 1, 2000),
            ] {
                store.append(vec![batch]).expect("taken");
            }
            store.settled().expect("in the file");
            let mut writer = store.shared().and_then(Shared::writer).expect("it writes");
            let mut known = Known::read(&writer.connection).expect("whole");
            known.cutoffs.raise(&cutoffs, false);
            cutoffs::write(&writer.connection, &known.cutoffs).expect("written");
            let mut plan = Plan::of(&writer.connection, &known.tables, &known.cutoffs).expect("whole");
            assert_eq!(plan.counts["s"], 3);
            if stop > 0 {
                let above = |standing: &Standing, report: &Report<'_>| standing.above(report);
                plan.sweep(&mut writer.connection, &mut known, above).expect("gone");
                plan.parts = plan.parts.into_iter().take(stop).collect();
                plan.sweep(&mut writer.connection, &mut known, |_, _| true).expect("gone");
            }
            drop(writer);
            drop(store);
            let store = SqliteStore::open(&file, Access::Write).expect("there");
            let left = stands(&store);
            assert!(stop == 0 || !left.contains(&("e".to_owned(), 1)), "{stop}: {left:?}");
            let expired = store.forget_before(&cutoffs, false).expect("gone");
            assert_eq!(expired.reports, left.len() - 1, "{stop}");
            assert_eq!(stands(&store), [("new".to_owned(), 1)], "{stop}");
            store.verify().expect("whole");
            assert_eq!(store.append(vec![report("old", 1, 2010)]).expect("refused")[0].expired, 1);
        }
    }

    #[test]
    fn a_short_id_in_a_name_is_one_only_where_it_is_a_word() {
        assert!(is_word("export 7.csv", 7, 1) && is_word("7", 0, 1) && is_word("a_7_b", 2, 1));
        assert!(!is_word("crimes2017.csv", 9, 1) && !is_word("7th", 0, 1));
    }
}
