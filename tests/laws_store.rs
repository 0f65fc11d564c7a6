//! Laws of the store: the order, the cut and the repetition of what comes change nothing.

mod common;

use common::lots::Lots;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::ledger::resolve;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore};
use hotblocks::store::{Batch, Store, ledger};

const HEAD: &str =
    "source,zone,id,revision,status,from,until,precision,classes,reports,place,address,lon,lat";

/// Rows of few ids in several revisions, withdrawals and reports without an id, with repetitions.
fn rows(lots: &mut Lots, n: usize) -> Vec<String> {
    let mut rows: Vec<String> = (0..n)
        .map(|_| {
            let id = match lots.below(4) {
                0 => String::new(),
                _ => format!("e{}", lots.below(12)),
            };
            let revision = lots.below(4);
            let status = ["confirmed", "confirmed", "unreviewed", "withdrawn"][lots.below(4)];
            let class = ["robbery", "burglary", "weapon_discharge"][lots.below(3)];
            let minute = lots.below(30);
            let when =
                format!("2024-01-05T13:{minute:02}:00+00:00,2024-01-05T13:{minute:02}:59+00:00,minute");
            let place =
                ["located,1 A ST,-90.2,38.6", "located,,-90.21,38.6", "missing,2 B ST,,"][lots.below(3)];
            format!("lab,UTC,{id},{revision},{status},{when},{class}={class},{},{place}", 1 + lots.below(2))
        })
        .collect();
    // A row that stands twice is there once, by the rules of its source.
    let again = rows[lots.below(rows.len())].clone();
    rows.push(again);
    rows
}

fn batch<'a>(rows: impl IntoIterator<Item = &'a String>) -> Batch {
    let text: String = rows.into_iter().flat_map(|row| ["\n", row.as_str()]).collect();
    let input = Input::of("part.csv", format!("{HEAD}{text}").into_bytes()).expect("a table");
    let (ledger, account) = incidents::read(&[input], &Options::default(), &|| ()).expect("readable");
    assert_eq!(account.refused, []);
    Batch { ledger, ..Batch::default() }
}

/// The hash, and what follows from the reports.
fn outcome(store: &dyn Store) -> ([u8; 32], Vec<String>) {
    let (ledger, _) = ledger(store).expect("whole");
    let (events, resolution) = resolve(&ledger);
    let mut all: Vec<String> = events
        .iter()
        .map(|event| {
            let classes: Vec<&str> =
                event.classes.iter().map(|&class| ledger.classes.get(class).code.as_str()).collect();
            let told = ledger.reports.get(event.told_by);
            let (when, place) = (told.when.from, told.place);
            format!(
                "{:?} {classes:?} {} {when} {place:?} {:?} {:?}",
                told.id, event.reports, told.address, told.status
            )
        })
        .collect();
    all.push(format!("{} {} {}", resolution.reports, resolution.superseded, resolution.withdrawn));
    all.sort();
    (store.content_hash().expect("readable"), all)
}

#[test]
fn shuffled_split_repeated_interleaved_or_interrupted_a_file_leaves_the_same_state() {
    let mut lots = Lots::new(42);
    let mut different = std::collections::BTreeSet::new();
    for round in 0..40 {
        let folder = tempfile::tempdir().expect("a folder");
        let store =
            |name: &str| SqliteStore::create(&folder.path().join(name), &Setting::default()).expect("made");
        let n = 5 + lots.below(60);
        let rows = rows(&mut lots, n);
        let whole = store("whole");
        whole.append(vec![batch(&rows)]).expect("taken");
        let expected = outcome(&whole);
        different.insert(expected.0);

        let mut mixed = rows.clone();
        lots.shuffle(&mut mixed);
        let other = store("other");
        let mut other = Some(other);
        let mut at = 0;
        while at < mixed.len() {
            let to = mixed.len().min(at + 1 + lots.below(12));
            // Sometimes a part that was there before comes again with it, sometimes several parts in one call.
            let from = if lots.below(3) == 0 { lots.below(at + 1) } else { at };
            let mut parts = vec![batch(&mixed[from..to])];
            if lots.below(3) == 0 {
                parts.push(batch(&mixed[..to]));
            }
            let open = other.as_ref().expect("open");
            let receipts = open.append(parts).expect("taken");
            for receipt in &receipts {
                let sum =
                    receipt.new + receipt.known + receipt.revised + receipt.superseded + receipt.withdrawn;
                assert_eq!(receipt.read, sum);
                assert_eq!(receipt.accepted.reports.len(), sum - receipt.known);
            }
            at = to;
            if lots.below(4) == 0 {
                drop(other.take());
                let again = SqliteStore::open(&folder.path().join("other"), Access::Write);
                other = Some(again.expect("there"));
            }
        }
        let other = other.expect("open");
        assert_eq!(outcome(&other), expected, "round {round}");
        // And all of it again.
        let again = other.append(vec![batch(&rows)]).expect("taken").remove(0);
        assert_eq!((again.known, again.accepted.reports.len()), (again.read, 0));
        assert_eq!(other.content_hash().expect("readable"), expected.0);
        assert_eq!(other.verify().expect("whole").content, expected.0);
    }
    assert_eq!(different.len(), 40, "each round has another state");
}

#[test]
fn what_was_accepted_in_all_receipts_is_what_a_replay_gives_in_the_same_order() {
    let mut lots = Lots::new(7);
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::create(&folder.path().join("s"), &Setting::default()).expect("made");
    let told = |ledger: &hotblocks::model::reports::Ledger| {
        let each = |report: hotblocks::model::report::Report<'_>| {
            let class = &ledger.classes.get(report.class).code;
            let source = &ledger.sources[usize::from(report.source)].name;
            format!(
                "{source} {class} {:?} {} {:?} {:?}",
                report.id, report.revision, report.status, report.place
            )
        };
        ledger.reports.iter().map(each).collect::<Vec<_>>()
    };
    let mut accepted = Vec::new();
    let (mut revisions, mut taken) = (vec![0], Vec::new());
    for _ in 0..30 {
        let rows = rows(&mut lots, 20);
        let (a, b) = rows.split_at(7);
        for receipt in store.append(vec![batch(a), batch(b)]).expect("taken") {
            accepted.extend(told(&receipt.accepted));
            revisions.push(receipt.revision);
            taken.push((receipt.revision, accepted.len()));
        }
    }
    assert!(revisions.is_sorted());
    let (all, newest) = ledger(&store).expect("whole");
    assert_eq!(told(&all), accepted);
    assert_eq!(Some(&newest), revisions.last());
    // From any revision on the rest comes, and nothing else.
    let middle = revisions[revisions.len() / 2];
    let count = |after: u64| {
        let mut n = 0;
        store.replay(after, &mut |part| n += part.reports.len()).expect("whole");
        n
    };
    let early = taken.iter().rfind(|(revision, _)| *revision <= middle).map_or(0, |(_, n)| *n);
    assert!(early > 0 && early < accepted.len());
    let mut rest = Vec::new();
    store.replay(middle, &mut |part| rest.extend(told(&part))).expect("whole");
    assert_eq!(rest, accepted[early..]);
    assert_eq!(count(newest), 0);
}
