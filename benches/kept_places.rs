//! A start from a closed store with kept places and without, in turn: of a city whose incidents return to the same addresses, and of
//! one where no two lie at one place.
//!
//! `cargo bench --bench kept_places` takes a million rows; run as a test it goes through once with a thousand. `HOTBLOCKS_KEPT_MAX` sets
//! the number.

mod common;

use std::path::Path;
use std::process::Command;

use common::city;
use common::clock::{cpu_seconds, median, memory, timed};
use hotblocks::engine::build::{About, Ground};
use hotblocks::engine::live::Live;
use hotblocks::engine::placed::HandOut;
use hotblocks::engine::query::Query;
use hotblocks::ingest::blocks::Shapes;
use hotblocks::model::report::{Place, Report};
use hotblocks::model::reports::Ledger;
use hotblocks::space::coord::LonLat;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};

/// Times that each start is made.
const LAPS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--start") {
        start(Path::new(&args[at + 1]), args[at + 2] == "with");
        return println!("{:.0} MiB at most {} kept places", memory("VmHWM:"), args[at + 2]);
    }
    let measuring = args.iter().any(|arg| arg == "--bench");
    let set = std::env::var("HOTBLOCKS_KEPT_MAX").ok().and_then(|text| text.parse().ok());
    let n: usize = set.unwrap_or(if measuring { 1_000_000 } else { 1_000 });
    let folder = tempfile::tempdir().expect("a folder");
    for (name, apart) in [("the same addresses", false), ("places of their own", true)] {
        let file = folder.path().join(format!("{apart}.hotblocks"));
        let before = bring(city(n, apart), &file);
        let (took, parts) = timed(|| keep(&file));
        let bytes = std::fs::metadata(&file).expect("there").len() - before;
        println!(
            "{n} rows at {name}: places of {parts} segments kept in {:.2} s, {:.1} bytes a row",
            took.as_secs_f64(),
            bytes as f64 / n as f64
        );
        let mut figures: [[Vec<f64>; 2]; 2] = Default::default();
        for _ in 0..LAPS {
            for (with, figures) in figures.iter_mut().enumerate() {
                let begun = cpu_seconds();
                figures[0].push(timed(|| start(&file, with == 1)).0.as_secs_f64());
                figures[1].push(cpu_seconds() - begun);
            }
        }
        for (figures, how) in figures.iter_mut().zip(["without", "with"]) {
            let [clock, cpu] = figures.each_mut().map(|of| (median(of), of[0]));
            println!(
                "  {how} them {:.2} s by the clock ({:.2} at least), {:.2} s of processors ({:.2} at least)",
                clock.0, clock.1, cpu.0, cpu.1
            );
            let this = std::env::current_exe().expect("it runs");
            let told = Command::new(this).arg("--start").arg(&file).arg(how).output().expect("it starts");
            assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
            print!("  {}", String::from_utf8_lossy(&told.stdout));
        }
        std::fs::remove_file(&file).expect("there");
    }
}

/// Rows of the city, or the same each moved by less than a metre to a place of its own.
fn city(n: usize, apart: bool) -> Ledger {
    let mut city = city::ledger(n);
    if apart {
        let place = |at: usize, place: Place| {
            let Place::At(at_first) = place else { return place };
            let off = at as f64 * 1e-5 / n as f64;
            Place::At(LonLat::new(at_first.lon() + off, at_first.lat() + off).expect("as near"))
        };
        let moved = city.reports.iter().enumerate();
        city.reports = moved.map(|(at, one)| Report { place: place(at, one.place), ..one }).collect();
    }
    city
}

/// Brings rows into a new store; tells how large it is.
fn bring(ledger: Ledger, file: &Path) -> u64 {
    let setting = Setting { blocks: Some(Shapes::Streets(city::streets())), ..Setting::default() };
    let store = SqliteStore::create(file, &setting).expect("made");
    store.append(vec![Batch { ledger, ..Batch::default() }]).expect("taken");
    drop(store);
    std::fs::metadata(file).expect("there").len()
}

/// Keeps the places of all segments, as a service does beside its answers.
fn keep(file: &Path) -> usize {
    let store = SqliteStore::open(file, Access::Write).expect("there");
    let live = Live::new(Ledger::default(), Ground::Streets(city::streets()), About::default());
    let placer = live.expect("streets").placer();
    let (mut after, mut parts) = (0, 0);
    while let Some(kept) =
        store.keep_places(placer.key(), after, &mut |reports| placer.places(reports)).expect("on the disk")
    {
        (after, parts) = (kept, parts + 1);
    }
    parts
}

/// From the closed store to blocks ranked by their incidents.
fn start(file: &Path, with: bool) -> usize {
    let store = SqliteStore::open(file, Access::Read).expect("there");
    let Some(Shapes::Streets(streets)) = store.setting().expect("whole").blocks else {
        panic!("the city has streets")
    };
    let (ledger, revision) = ledger(&store).expect("whole");
    let places: HandOut<'_> = &mut |key, take| drop(store.places(key, revision, take).expect("readable"));
    let places = with.then_some(places);
    let live = Live::placed(ledger, Ground::Streets(streets), About::default(), places);
    let mut live = live.expect("a data set");
    let snapshot = live.snapshot(revision);
    let selection = snapshot.select(&Query::default()).expect("known categories");
    snapshot.rank(&selection).len()
}
