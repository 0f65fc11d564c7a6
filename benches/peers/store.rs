//! Single reports, each on the disk before the next one of its sender: one sender, and sixteen with a commit for all that wait.

use std::path::Path;
use std::time::{Duration, Instant};

use hotblocks::ingest::incidents::read;
use hotblocks::ingest::input::Input;
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::SqliteStore;
use hotblocks::store::{Batch, Store};

use super::senders::take_all;

/// How long reports are sent.
const LONG: Duration = Duration::from_secs(8);

/// Seconds of the clock for a report, and how many there were.
pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let senders = match job {
        "append-1" => 1,
        "append-16" => 16,
        _ => return None,
    };
    let inputs = [Input::at(&folder.join("incidents.csv")).expect("a .csv")];
    let (city, _) = read(&inputs, &super::options(), &|| ()).expect("the layout fits");
    let spot = tempfile::tempdir_in(folder).expect("a folder");
    let store = SqliteStore::create(&spot.path().join("city.hotblocks"), &Setting::default()).expect("made");
    store.append(vec![Batch { ledger: city.clone(), ..Batch::default() }]).expect("taken");
    let begun = Instant::now();
    let sender = |sender| {
        let sent = (0..).take_while(move |_| begun.elapsed() < LONG);
        let city = &city;
        sent.map(move |n| single(city, sender, n))
    };
    let taken = take_all(&store, (0..senders).map(sender));
    Some((begun.elapsed().as_secs_f64() / taken as f64, taken as f64))
}

/// A report of the city under an id that is new.
fn single(city: &Ledger, sender: usize, n: usize) -> Batch {
    let id = format!("new-{sender}-{n}");
    let at = (n * 7_919 + sender) % city.reports.len();
    let mut reports = Reports::default();
    reports.push(&hotblocks::model::report::Report { id: Some(&id), ..city.reports.get(at) });
    let ledger = Ledger {
        sources: city.sources.clone(),
        files: city.files.clone(),
        classes: city.classes.clone(),
        reports,
    };
    Batch { ledger, ..Batch::default() }
}
