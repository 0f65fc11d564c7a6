//! The store: single reports from many threads with one commit for all that wait, large batches, and the way from a closed
//! store to a first answer.

mod common;

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use common::senders::take_all;
use common::{city, sizes, up_to};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks::Shapes;
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};

/// Who send single reports at the same time.
const THREADS: usize = 16;

fn main() {
    divan::main();
}

fn made(folder: &Path) -> SqliteStore {
    let setting = Setting { blocks: Some(Shapes::Streets(city::streets())), ..Setting::default() };
    SqliteStore::create(&folder.join("city.hotblocks"), &setting).expect("made")
}

/// A ledger of some reports of a city, each with an id of its own.
fn some(city: &Ledger, part: std::ops::Range<usize>) -> Ledger {
    let mut reports = Reports::default();
    for at in part {
        let id = format!("n{at}");
        reports.push(&hotblocks::model::report::Report { id: Some(&id), ..city.reports.get(at) });
    }
    Ledger {
        sources: city.sources.clone(),
        files: city.files.clone(),
        classes: city.classes.clone(),
        reports,
    }
}

/// Reports in ready batches of one, a list for each thread.
fn singles(n: usize) -> Vec<Vec<Batch>> {
    let city = city::ledger(n);
    let mut all: Vec<Vec<Batch>> = vec![Vec::new(); THREADS];
    for at in 0..n {
        all[at % THREADS].push(Batch { ledger: some(&city, at..at + 1), ..Batch::default() });
    }
    all
}

/// Each thread waits until its report is on the disk before it sends the next.
#[divan::bench(args = up_to(10_000), sample_count = 3, sample_size = 1, max_time = 20)]
fn one_report_at_a_time_from_16_threads(bencher: Bencher, n: usize) {
    bencher
        .counter(ItemsCount::new(n))
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let store = made(folder.path());
            (folder, store, singles(n))
        })
        .bench_values(|(folder, store, all)| {
            take_all(&store, all.into_iter().map(Vec::into_iter));
            (folder, store)
        });
}

/// The same with a commit for each report: what grouping spares.
#[divan::bench(args = up_to(1_000), sample_count = 3, sample_size = 1, max_time = 20)]
fn one_report_at_a_time_a_commit_each(bencher: Bencher, n: usize) {
    bencher
        .counter(ItemsCount::new(n))
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let store = made(folder.path());
            (folder, store, singles(n))
        })
        .bench_values(|(folder, store, all)| {
            for batch in all.into_iter().flatten() {
                store.append(vec![batch]).expect("taken");
            }
            (folder, store)
        });
}

/// The disk alone: a page appended and synced for each report.
#[divan::bench(args = up_to(1_000), sample_count = 3, sample_size = 1, max_time = 20)]
fn a_bare_page_synced_each(bencher: Bencher, n: usize) {
    use std::io::Write;
    bencher.counter(ItemsCount::new(n)).with_inputs(|| tempfile::tempfile().expect("a file")).bench_values(
        |mut file| {
            for _ in 0..n {
                file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("written");
            }
            file
        },
    );
}

/// Batches of 100,000 rows into an empty store.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 20)]
fn batches_of_100_000(bencher: Bencher, n: usize) {
    let city = city::ledger(n);
    bencher
        .counter(ItemsCount::new(n))
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let store = made(folder.path());
            let ends = (0..n).step_by(100_000).map(|from| from..n.min(from + 100_000));
            let batches: Vec<Batch> =
                ends.map(|part| Batch { ledger: some(&city, part), ..Batch::default() }).collect();
            (folder, store, batches)
        })
        .bench_values(|(folder, store, batches)| {
            for batch in batches {
                store.append(vec![batch]).expect("taken");
            }
            (folder, store)
        });
}

/// A closed store of so many reports, made once.
fn closed(n: usize) -> Arc<tempfile::TempDir> {
    type Made = Vec<(usize, Arc<tempfile::TempDir>)>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("no bench panicked");
    if let Some((_, folder)) = made.iter().find(|(size, _)| *size == n) {
        return Arc::clone(folder);
    }
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let city = city::ledger(n);
    let ledger = some(&city, 0..n);
    self::made(folder.path()).append(vec![Batch { ledger, ..Batch::default() }]).expect("taken");
    made.push((n, Arc::clone(&folder)));
    folder
}

/// All reports checked and back in memory.
#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 10)]
fn replay(bencher: Bencher, n: usize) {
    let folder = closed(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let file = folder.path().join("city.hotblocks");
        let store = SqliteStore::open(&file, Access::Read).expect("there");
        ledger(&store).expect("whole").0.reports.len()
    });
}

/// From a closed store to blocks ranked by count.
#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 20)]
fn from_a_closed_store_to_a_ranked_answer(bencher: Bencher, n: usize) {
    let folder = closed(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let file = folder.path().join("city.hotblocks");
        let store = SqliteStore::open(&file, Access::Write).expect("there");
        let Some(Shapes::Streets(streets)) = store.setting().expect("whole").blocks else {
            panic!("the city has streets")
        };
        let (ledger, _) = ledger(&store).expect("whole");
        let dataset = build(ledger, &Ground::Streets(streets), About::default()).expect("a data set");
        let snapshot = Snapshot::new(dataset, 1);
        let selection = snapshot.select(&Query::default()).expect("known categories");
        snapshot.rank(&selection).len()
    });
}

/// What a writer reads before its first batch.
#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 10)]
fn what_is_known(bencher: Bencher, n: usize) {
    let folder = closed(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let file = folder.path().join("city.hotblocks");
        SqliteStore::open(&file, Access::Write).and_then(|store| store.warm()).expect("whole");
    });
}

/// A copy with every checksum looked at.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 10)]
fn backup(bencher: Bencher, n: usize) {
    let folder = closed(n);
    let store = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect("there");
    bencher.counter(ItemsCount::new(n)).with_inputs(|| tempfile::tempdir().expect("a folder")).bench_values(
        |to| {
            store.backup(&to.path().join("backup")).expect("written");
            to
        },
    );
}
