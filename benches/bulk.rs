//! Whole files into an empty store: rows a second that are on the disk, indexed and visible, and what a start over them costs.
//!
//! `cargo bench --bench bulk` brings ten million rows in batches of 100,000; run as a test it goes through once with a thousand.
//! `HOTBLOCKS_BULK_MAX` sets the number. Ends by itself; needs about 2 GiB of disk and 6 GiB of memory.

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use common::city;
use common::clock::{memory, timed};
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::live::Live;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::engine::{Engine, View};
use hotblocks::ingest::blocks::Shapes;
use hotblocks::model::report::Report;
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};

/// Rows of a batch.
const BATCH: usize = 100_000;

/// Rows of the city; later ones are of the same places and times under other ids.
const CITY: usize = 1_000_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--start") {
        return start(Path::new(&args[at + 1]));
    }
    let measuring = args.iter().any(|arg| arg == "--bench");
    let set = std::env::var("HOTBLOCKS_BULK_MAX").ok().and_then(|text| text.parse().ok());
    let n: usize = set.unwrap_or(if measuring { 10_000_000 } else { 1_000 });
    let folder = tempfile::tempdir().expect("a folder");
    for n in [n / 2, n] {
        let file = folder.path().join(format!("{n}.hotblocks"));
        bring(n, BATCH.min(n / 10).max(1), &file);
        let bytes = std::fs::metadata(&file).expect("there").len();
        println!("{} bytes of disk a row", bytes / n as u64);
        // In a process of its own, so that nothing of the above is in its memory.
        let this = std::env::current_exe().expect("it runs");
        let told = Command::new(this).arg("--start").arg(&file).output().expect("it starts");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        print!("{}", String::from_utf8_lossy(&told.stdout));
        std::fs::remove_file(&file).expect("there");
    }
}

/// Rows into an empty store, as the service takes them: one thread writes, one shows.
fn bring(n: usize, batch: usize, file: &Path) {
    let streets = city::streets();
    let setting = Setting { blocks: Some(Shapes::Streets(streets.clone())), ..Setting::default() };
    let store = SqliteStore::create(file, &setting).expect("made");
    let city = city::ledger(CITY.min(n));
    let mut live = Live::new(of(&city, 0..1), Ground::Streets(streets), About::default()).expect("streets");
    let engine = Engine::over(live.snapshot(0));
    let (send, accepted) = sync_channel::<(u64, Ledger)>(2);
    let (took, batches) = timed(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (revision, ledger) in accepted {
                    live.apply(&ledger).expect("known classes");
                    engine.publish(live.snapshot(revision), revision);
                }
            });
            let mut making = Duration::ZERO;
            for first in (0..n).step_by(batch) {
                let begun = Instant::now();
                let ledger = of(&city, first..(first + batch).min(n));
                making += begun.elapsed();
                let mut receipts =
                    store.append(vec![Batch { ledger, ..Batch::default() }]).expect("on the disk");
                let receipt = receipts.pop().expect("one");
                assert_eq!(receipt.new, (first + batch).min(n) - first, "every row is new");
                send.send((receipt.revision, receipt.accepted)).expect("somebody shows");
            }
            drop(send);
            making
        })
    });
    let snapshot = engine.open(&View::all());
    let shown = snapshot.dataset().incidents.len();
    assert!(shown > n / 2, "{shown} incidents of {n} rows are shown");
    let rate = n as f64 / took.as_secs_f64();
    println!(
        "{n} rows into an empty store in batches of {batch}: {rate:.0} rows a second on the disk, indexed and shown; making them took {:.1} of {:.1} s; {shown} incidents; {:.0} MiB resident",
        batches.as_secs_f64(),
        took.as_secs_f64(),
        memory("VmRSS:")
    );
}

/// Rows of the city under ids of their own.
fn of(city: &Ledger, rows: std::ops::Range<usize>) -> Ledger {
    let mut reports = Reports::default();
    for row in rows {
        let id = format!("row-{row}");
        reports.push(&Report { id: Some(&id), ..city.reports.get(row % city.reports.len()) });
    }
    Ledger {
        sources: city.sources.clone(),
        files: city.files.clone(),
        classes: city.classes.clone(),
        reports,
    }
}

/// From a closed store to blocks ranked by their incidents.
fn start(file: &Path) {
    let (took, (reports, ranked)) = timed(|| {
        let store = SqliteStore::open(file, Access::Read).expect("there");
        let Some(Shapes::Streets(streets)) = store.setting().expect("whole").blocks else {
            panic!("the city has streets")
        };
        let (ledger, _) = ledger(&store).expect("whole");
        let reports = ledger.reports.len();
        let dataset = build(ledger, &Ground::Streets(streets), About::default()).expect("a data set");
        let snapshot = Snapshot::new(dataset, 1);
        let selection = snapshot.select(&Query::default()).expect("known categories");
        (reports, snapshot.rank(&selection).len())
    });
    println!(
        "from the closed store of {reports} rows to {ranked} ranked blocks: {:.2} s, {:.0} MiB at most",
        took.as_secs_f64(),
        memory("VmHWM:")
    );
}
