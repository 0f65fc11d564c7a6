//! The store: what comes is kept once, revisions win whatever comes first, and nothing wrong is ever handed out.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::chain;
use common::lots::Lots;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::class::ClassId;
use hotblocks::model::cutoff::Cutoffs;
use hotblocks::model::ledger::resolve;
use hotblocks::model::report::{Place, Status};
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::store::error::StoreError;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access, SqliteStore, restore};
use hotblocks::store::watched::{Finding, Watched};
use hotblocks::store::{Batch, Receipt, Store, ledger};

const HEADER: &str = "incidentid,date,category,longitude,latitude";

/// Reports of a file of this text.
fn read(text: &str) -> Ledger {
    read_as(text, &Options::default())
}

fn read_as(text: &str, options: &Options) -> Ledger {
    let input = Input::of("crimes.csv", text.as_bytes().to_vec()).expect("a table");
    let (ledger, account) = incidents::read(&[input], options, &|| ()).expect("readable");
    assert_eq!(account.refused, []);
    ledger
}

fn batch(text: &str) -> Batch {
    Batch { ledger: read(text), name: "crimes.csv".to_owned(), ..Batch::default() }
}

fn store(folder: &Path) -> SqliteStore {
    SqliteStore::create(&folder.join("city.hotblocks"), &Setting::default()).expect("made")
}

fn append(store: &SqliteStore, batch: Batch) -> Receipt {
    store.append(vec![batch]).expect("taken").remove(0)
}

/// What follows from the reports of a store: id and what is told, of every event.
fn state(store: &dyn Store) -> BTreeMap<String, (Status, String, u32)> {
    let (ledger, _) = ledger(store).expect("whole");
    let (events, _) = resolve(&ledger);
    events
        .iter()
        .map(|event| {
            let told = ledger.reports.get(event.told_by);
            let class = &ledger.classes.get(event.classes[0]).code;
            (told.id.unwrap_or("-").to_owned(), (told.status, class.clone(), event.reports))
        })
        .collect()
}

#[test]
fn a_report_comes_back_as_it_went_in_from_a_store_that_was_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{HEADER}\na,2024-01-05 13:30,robbery,-90.2,38.6\nb,2024-01-06,burglary,,\n");
    let sent = read(&text);
    let first = store(folder.path());
    let receipt = append(&first, batch(&text));
    assert_eq!((receipt.read, receipt.new, receipt.revision), (2, 2, 1));
    drop(first);
    let again = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect("there");
    let (kept, revision) = ledger(&again).expect("whole");
    assert_eq!(revision, 1);
    assert_eq!((&kept.sources, &kept.files), (&sent.sources, &sent.files));
    let told = |ledger: &Ledger| {
        let each = |report: hotblocks::model::report::Report<'_>| {
            let class = format!("{:?}", ledger.classes.get(report.class));
            (format!("{:?}", hotblocks::model::report::Report { class: ClassId(0), ..report }), class)
        };
        ledger.reports.iter().map(each).collect::<Vec<_>>()
    };
    assert_eq!(told(&kept), told(&sent));
}

#[test]
fn what_is_known_is_told_apart_from_what_is_new_revised_superseded_and_withdrawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let head = "source,zone,id,revision,status,from,until,precision,classes,place,lon,lat";
    let counts = |receipt: &Receipt| {
        let Receipt { read, new, known, revised, superseded, withdrawn, .. } = receipt;
        assert_eq!(*read, new + known + revised + superseded + withdrawn);
        (*new, *known, *revised, *superseded, *withdrawn, receipt.accepted.reports.len())
    };
    let row = |id: &str, revision: u32, status: &str, class: &str| {
        let when = "2024-01-05T13:30:00+00:00,2024-01-05T13:31:00+00:00,minute";
        format!("lab,UTC,{id},{revision},{status},{when},{class}={class},located,-90.2,38.6\n")
    };
    let send = |rows: &[String]| append(&store, batch(&format!("{head}\n{}", rows.concat())));
    let a = row("a", 2, "confirmed", "robbery");
    assert_eq!(counts(&send(&[a.clone(), row("b", 1, "confirmed", "burglary")])), (2, 0, 0, 0, 0, 2));
    assert_eq!(counts(&send(&[a, row("c", 1, "confirmed", "burglary")])), (1, 1, 0, 0, 0, 1));
    let receipt = send(&[
        row("a", 1, "confirmed", "larceny"),
        row("b", 2, "confirmed", "robbery"),
        row("c", 2, "withdrawn", "burglary"),
    ]);
    assert_eq!(counts(&receipt), (0, 0, 1, 1, 1, 3));
    let left: Vec<_> = state(&store).into_iter().map(|(id, (_, class, _))| (id, class)).collect();
    assert_eq!(left, [("a".to_owned(), "robbery".to_owned()), ("b".to_owned(), "robbery".to_owned())]);
}

#[test]
fn the_same_bytes_under_another_name_and_the_same_key_are_known_and_a_key_for_something_else_is_a_conflict() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let text = format!("{HEADER}\na,2024-01-05 13:30,robbery,-90.2,38.6\n");
    let digest = Some([7; 32]);
    let first = append(&store, Batch { digest, name: "one.csv".to_owned(), ..batch(&text) });
    assert!(!first.repeated && first.new == 1);
    let again = append(&store, Batch { digest, name: "two.csv".to_owned(), ..batch(&text) });
    assert!(again.repeated && again.accepted.reports.is_empty());
    assert_eq!((again.before.as_deref(), again.new, again.revision), (Some("one.csv"), 1, first.revision));
    // Understood in another way it is another file.
    let options = Options { source: Some("other".to_owned()), ..Options::default() };
    let other = append(&store, Batch { digest, ledger: read_as(&text, &options), ..Batch::default() });
    assert!(!other.repeated && other.new == 1);
    let key = |word: &str, text: &str| Batch { key: Some(word.to_owned()), ..batch(text) };
    let more = format!("{HEADER}\nb,2024-01-05 13:30,robbery,-90.2,38.6\n");
    // Within one call as well as later.
    let both = store.append(vec![key("k", &more), key("k", &more)]).expect("taken");
    assert_eq!((both[0].new, both[1].repeated, both[1].new), (1, true, 1));
    assert!(append(&store, key("k", &more)).repeated);
    let conflict = append(&store, key("k", &text));
    assert!(conflict.conflict && !conflict.repeated && conflict.read == 0);
    assert_eq!(state(&store).len(), 2);
    // Also beside one of the same bytes, in one call.
    let with = |word: &str, n: u8, text: &str| Batch { digest: Some([n; 32]), ..key(word, text) };
    let all = store.append(vec![with("d", 8, &text), key("e", &more), with("e", 8, &text)]).expect("taken");
    assert!(all[2].conflict, "{all:?}");
}

#[test]
fn equal_rows_of_victims_count_once_a_file_however_often_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    // Two victims of one shooting look alike; NYPD's releases hold all years again.
    let head = "INCIDENT_KEY,OCCUR_DATE,OCCUR_TIME,BORO,PRECINCT,STATISTICAL_MURDER_FLAG,Latitude,Longitude";
    let row = "1,01/05/2024,13:30:00,BRONX,44,false,40.83,-73.92\n";
    let twice = format!("{head}\n{row}{row}");
    let ledger = read(&twice);
    assert_eq!((ledger.sources[0].name.as_str(), ledger.sources[0].revises), ("nypd-shootings", true));
    assert_eq!(append(&store, batch(&twice)).new, 2);
    assert_eq!(append(&store, batch(&twice)).known, 2);
    let victims = |store: &dyn Store| state(store)["1"].2;
    assert_eq!(victims(&store), 2);
    // A later release says that there were three: all its rows take the place of the two.
    let receipt = append(&store, batch(&format!("{head}\n{row}{row}{row}")));
    assert_eq!((receipt.revised, receipt.known, victims(&store)), (3, 0, 3));
    assert!(receipt.accepted.reports.iter().all(|report| report.revision == 2));
    assert_eq!(append(&store, batch(&format!("{head}\n{row}{row}{row}"))).known, 3);
    // And one after it that there were two.
    let fewer = format!("{head}\n{row}\n{row}");
    let receipt = append(&store, batch(&fewer));
    assert_eq!((receipt.revised, receipt.known, victims(&store)), (2, 0, 2));
    assert_eq!(append(&store, batch(&fewer)).known, 2);
}

#[test]
fn all_rows_of_an_incident_stand_or_go_together_whichever_file_comes_first() {
    let row = |class: &str, supplemented: &str| {
        format!("24-1,01/05/2024,13:30,{class},{supplemented},38.63,-90.2\n")
    };
    let head = "IncidentNum,IncidentDate,OccurredFromTime,NIBRS,LastSuppDate,Latitude,Longitude\n";
    // A monthly file dates the row that was supplemented, and not the other victims.
    let january = format!("{head}{}{}", row("09A", "02/10/2024"), row("13A", ""));
    let march = format!("{head}{}{}{}", row("09A", "03/05/2024"), row("13A", ""), row("120", ""));
    let told = [[&january, &march], [&march, &january]].map(|files| {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path());
        for file in files {
            append(&store, batch(file));
        }
        assert_eq!(state(&store)["24-1"].2, 3);
        assert_eq!(append(&store, batch(&january)).known, 2);
        (state(&store), store.verify().expect("whole").content)
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn what_is_forgotten_is_in_no_byte_of_the_store_its_log_or_a_new_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    let store = store(folder.path());
    let secret = "SECRET-4711";
    let rows: String = (0..500).map(|n| format!("{n},2024-01-05 13:30,robbery,-90.2,38.6\n")).collect();
    append(&store, batch(&format!("{HEADER}\n{rows}{secret},2024-01-06 13:30,burglary,-90.21,38.6\n")));
    let name = format!("export of {secret}.csv");
    let more = format!("{HEADER}\n{secret},2024-01-07 13:30,burglary,-90.21,38.6\n");
    append(&store, Batch { key: Some(secret.to_owned()), name, ..batch(&more) });
    let other = finding(1, "lonlat:other");
    let found =
        [other.clone(), finding(2, &format!("lonlat:{secret}")), finding(3, &format!("lonlat:{secret}-2"))];
    let keys = [format!("lonlat:{secret}"), "lonlat:other".to_owned()];
    let open = [("a rule".to_owned(), keys.into())].into();
    store.keep_watched(&Watched { findings: found.to_vec(), open, ..Watched::default() }).expect("kept");
    let holds = || {
        let files =
            std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("readable").path());
        let holds = |path: &std::path::PathBuf| {
            std::fs::read(path)
                .expect("readable")
                .windows(secret.len())
                .any(|bytes| bytes == secret.as_bytes())
        };
        files.filter(holds).count()
    };
    assert!(holds() > 0, "the test could not fail");
    let error = store.forget("another", secret).expect_err("another source");
    assert!(matches!(error, StoreError::Unknown { .. }) && holds() > 0);
    let forgotten = store.forget("lonlat", secret).expect("there");
    assert_eq!(forgotten.reports, 2);
    store.backup(&folder.path().join("backup")).expect("written");
    assert_eq!(holds(), 0);
    let left = store.watched().expect("whole");
    assert_eq!(left.findings, [other], "with the incident goes what was found of it, and nothing else");
    assert_eq!(left.open["a rule"], ["lonlat:other".to_owned()].into());
    assert_eq!((state(&store).len(), store.revision().expect("readable")), (500, forgotten.revision));
    assert!(store.forget("lonlat", secret).is_err());
    // The others are there and nothing else takes their place.
    assert_eq!(append(&store, batch(&format!("{HEADER}\n{rows}"))).known, 500);
    store.verify().expect("whole");
    drop(store);
    assert_eq!(holds(), 0);
    assert!(file.exists());
}

/// Whether any file of a folder holds any of some texts.
fn holds_any(folder: &Path, texts: &[String]) -> Option<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    entries.filter(|path| path.is_file()).find_map(|path| {
        let bytes = std::fs::read(&path).expect("readable");
        // Of a log of fixed size most is zeros.
        let bytes = &bytes[..bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)];
        let held = texts.iter().find(|text| bytes.windows(text.len()).any(|some| some == text.as_bytes()));
        held.map(|text| format!("{text} in {}", path.display()))
    })
}

fn before(day: &str) -> Cutoffs {
    Cutoffs::before(day.parse().expect("a date"), None)
}

/// Reports of which those named `OLD-…` or without an id are of incidents before 2020, and of which the others are to stay.
fn old_and_new() -> (Vec<String>, Vec<String>, Vec<String>) {
    let head = "source,zone,id,revision,status,from,until,precision,classes,place,lon,lat";
    let row = |id: &str, revision: u32, status: &str, year: u32, lat: &str| {
        let when = format!("{year}-01-05T13:30:00+00:00,{year}-01-05T13:31:00+00:00,minute");
        format!("lab,UTC,{id},{revision},{status},{when},robbery=robbery,located,-90.2,{lat}\n")
    };
    let file = |rows: Vec<String>| format!("{head}\n{}", rows.concat());
    let old = |n: u32| row(&format!("OLD-{n:05}"), 1, "confirmed", 2010 + n % 10, "38.6");
    let new = |n: u32| row(&format!("NEW-{n:05}"), 1, "confirmed", 2020 + n % 5, "38.6");
    let stays = vec![
        file((0..400).map(new).collect()),
        // Told of 2015 first, and of 2021 by the revision that stands.
        file(vec![
            row("NEW-MOVED", 1, "confirmed", 2015, "38.6"),
            row("NEW-MOVED", 2, "confirmed", 2021, "38.6"),
        ]),
    ];
    let goes = vec![
        file((0..400).map(old).collect()),
        file(vec![row("OLD-MOVED", 1, "confirmed", 2022, "38.61")]),
        file(vec![row("OLD-MOVED", 2, "confirmed", 2018, "38.61")]),
        file(vec![
            row("OLD-BACK", 1, "confirmed", 2018, "38.6"),
            row("OLD-BACK", 2, "withdrawn", 2018, "38.6"),
        ]),
        file((0..30).map(|n| row("", 0, "confirmed", 2012, &format!("38.6{n:02}"))).collect()),
    ];
    let ids = (0..400).map(|n| format!("OLD-{n:05}")).chain(["OLD-MOVED".to_owned(), "OLD-BACK".to_owned()]);
    (stays, goes, ids.collect())
}

#[test]
fn what_is_too_old_is_in_no_byte_and_what_stays_is_as_if_it_had_never_been() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (stays, goes, ids) = old_and_new();
    let all = [&goes[0], &stays[0], &goes[1], &stays[1], &goes[2], &goes[3], &goes[4]];
    for (n, text) in all.into_iter().enumerate() {
        let name = format!("{}export {n}.csv", if n == 0 { "OLD-00007 " } else { "" });
        append(&store, Batch { name, key: Some(n.to_string()), ..batch(text) });
    }
    let keys = ["lab:OLD-00001".to_owned(), "lab:NEW-00001".to_owned()];
    let other = finding(1, "lab:NEW-00001");
    let found = vec![other.clone(), finding(2, "lab:OLD-00001")];
    let open = [("a rule".to_owned(), keys.into())].into();
    store.keep_watched(&Watched { findings: found, open, ..Watched::default() }).expect("kept");
    assert!(holds_any(folder.path(), &ids).is_some(), "the test could not fail");

    let expired = store.forget_before(&before("2020-01-01"), false).expect("gone");
    assert_eq!((expired.reports, expired.incidents["lab"], expired.held), (434, 432, false));
    assert_eq!(expired.revision, store.revision().expect("readable"));
    store.backup(&folder.path().join("backup")).expect("written");
    assert_eq!(holds_any(folder.path(), &ids), None);
    let left = store.watched().expect("whole");
    assert_eq!((left.findings, left.open["a rule"].len()), (vec![other], 1));
    // The reports of a store that never had the others.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let fresh = self::store(elsewhere.path());
    stays.iter().for_each(|text| drop(append(&fresh, batch(text))));
    assert_eq!(store.verify().expect("whole").content, fresh.content_hash().expect("readable"));
    assert_eq!(state(&store), state(&fresh));

    // Nothing of it comes again, in this run or the next, and every row is accounted for.
    let reject = |store: &SqliteStore| {
        for text in &goes {
            let sent = batch(text);
            let old = sent.ledger.reports.iter().filter(|one| one.when.from < 1_577_836_800).count();
            if old == 0 {
                continue;
            }
            let receipt = append(store, Batch { digest: Some([9; 32]), ..sent });
            assert_eq!((receipt.expired, receipt.new, receipt.read), (old, 0, old), "{text}");
            assert!(receipt.accepted.reports.is_empty());
        }
        for text in &stays {
            let receipt = append(store, batch(text));
            assert_eq!((receipt.known, receipt.expired), (receipt.read, 0));
        }
    };
    reject(&store);
    let again = store.forget_before(&before("2019-01-01"), false).expect("nothing");
    assert_eq!((again.reports, again.revision), (0, expired.revision), "no day becomes earlier");
    drop(store);
    let store = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Write).expect("there");
    reject(&store);
    assert_eq!(store.verify().expect("whole").content, fresh.content_hash().expect("readable"));
    assert_eq!(holds_any(folder.path(), &ids), None);
    // What comes later is taken, and a revision of what stands also where it makes it old: then that goes.
    let head = stays[0].lines().next().expect("a head").to_owned();
    let when = "2001-01-05T13:30:00+00:00,2001-01-05T13:31:00+00:00,minute";
    let moved = format!("{head}\nlab,UTC,NEW-00001,2,confirmed,{when},robbery=robbery,located,-90.2,38.6\n");
    assert_eq!(append(&store, batch(&moved)).revised, 1);
    assert_eq!(store.forget_before(&before("2020-01-01"), false).expect("gone").reports, 2);
    std::fs::remove_file(folder.path().join("backup")).expect("removed");
    assert_eq!(holds_any(folder.path(), &["NEW-00001".to_owned()]), None);
    assert_eq!(append(&store, batch(&moved)).expired, 1);
    // Of a batch that is to be taken whole or not at all nothing is, and it may come again otherwise.
    let other = format!(
        "{moved}lab,UTC,NEW-2,1,confirmed,{},robbery=robbery,located,-90.2,38.6\n",
        when.replace("2001", "2031")
    );
    let sent = || Batch { digest: Some([3; 32]), ..batch(&other) };
    let refused = append(&store, Batch { strict: true, ..sent() });
    assert_eq!((refused.read, refused.expired, refused.new, refused.accepted.reports.len()), (1, 1, 0, 0));
    let taken = append(&store, sent());
    assert_eq!((taken.repeated, taken.read, taken.expired, taken.new), (false, 2, 1, 1));
}

#[test]
fn a_day_of_one_source_is_nobody_else_s() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let text = format!("{HEADER}\na,2014-01-05 13:30,robbery,-90.2,38.6\n");
    for source in ["one", "two"] {
        let options = Options { source: Some(source.to_owned()), ..Options::default() };
        append(&store, Batch { ledger: read_as(&text, &options), ..Batch::default() });
    }
    let day = "2020-01-01".parse().expect("a date");
    let expired = store.forget_before(&Cutoffs::before(day, Some("one")), false).expect("gone");
    assert_eq!(expired.incidents, [("one".to_owned(), 1)].into());
    let (left, _) = ledger(&store).expect("whole");
    assert_eq!(left.sources[usize::from(left.reports.get(0).source)].name, "two");
    // The same request again does nothing twice, and a source that is new has no day.
    assert!(
        store.forget_before(&Cutoffs::before(day, Some("one")), false).expect("gone").incidents.is_empty()
    );
    assert_eq!(append(&store, batch(&text)).new, 1);
}

fn finding(number: u64, incident: &str) -> Finding {
    let place = hotblocks::space::coord::LonLat::new(-90.2, 38.6).ok();
    Finding {
        number,
        at: jiff::Timestamp::from_second(1_795_000_000).expect("a time"),
        rule: "a rule".to_owned(),
        sentence: "three".to_owned(),
        place,
        incidents: vec![incident.to_owned()],
        blocks: vec!["b".to_owned()],
        areas: ["ward:1".to_owned()].into(),
    }
}

#[test]
fn what_rules_found_is_kept_the_newest_thousand_of_it_and_backups_carry_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let file = folder.path().join("city.hotblocks");
    assert_eq!(store.watched().expect("none"), Watched::default());
    let some = |from: u64, to: u64| Watched {
        findings: (from..to).map(|n| finding(n, "s:a")).collect(),
        open: [("r".to_owned(), [format!("s:{to}")].into())].into(),
        heard: [(format!("source {to}"), -5)].into(),
        sent: [("w".to_owned(), to)].into(),
        gone: Vec::new(),
    };
    store.keep_watched(&some(1, 11)).expect("kept");
    store.keep_watched(&some(11, 1_006)).expect("kept");
    let expected = Watched {
        findings: (6..1_006).map(|n| finding(n, "s:a")).collect(),
        heard: [("source 11".to_owned(), -5), ("source 1006".to_owned(), -5)].into(),
        ..some(0, 1_006)
    };
    assert_eq!(store.watched().expect("whole"), expected);
    store.keep_watched(&Watched { gone: vec![6, 7], ..Watched::default() }).expect("let go");
    let expected = Watched { findings: expected.findings[2..].to_vec(), ..expected };
    assert_eq!(store.watched().expect("whole"), expected);
    // It is no report: the store's content and revision are what they were.
    assert_eq!(store.revision().expect("readable"), 0);
    let backup = folder.path().join("backup");
    store.backup(&backup).expect("written");
    drop(store);
    restore(&backup, &file, true).expect("restored");
    assert_eq!(
        SqliteStore::open(&file, Access::Read).and_then(|store| store.watched()).expect("whole"),
        expected
    );
    for damage in [
        "UPDATE finding SET body = CAST(body || x'00' AS BLOB) WHERE number = 77",
        "UPDATE finding SET number = 2000 WHERE number = 77",
        "UPDATE watched SET name = 'another' WHERE kind = 0",
        "INSERT INTO cutoff VALUES ('another', '2020-01-01', x'00')",
    ] {
        std::fs::copy(&backup, &file).expect("copied");
        rusqlite::Connection::open(&file).and_then(|c| c.execute_batch(damage)).expect("damaged");
        let store = SqliteStore::open(&file, Access::Read).expect("a store");
        assert!(
            damage.contains("cutoff") || matches!(store.watched(), Err(StoreError::Damaged { .. })),
            "{damage}"
        );
        assert!(matches!(store.verify(), Err(StoreError::Damaged { .. })), "{damage}");
    }
}

#[test]
fn a_store_of_the_first_form_is_read_as_it_is_and_written_in_the_newer_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    append(&store, batch(&format!("{HEADER}\na,2024-01-05 13:30,robbery,-90.2,38.6\n")));
    let content = store.content_hash().expect("readable");
    drop(store);
    let file = folder.path().join("city.hotblocks");
    let back = "DROP TABLE finding; DROP TABLE watched; DROP TABLE cutoff; DROP TABLE place; PRAGMA user_version = 1";
    rusqlite::Connection::open(&file).and_then(|c| c.execute_batch(back)).expect("set back");
    let old = SqliteStore::open(&file, Access::Read).expect("a store");
    assert_eq!(old.verify().expect("whole").content, content);
    assert_eq!(old.watched().expect("none"), Watched::default());
    assert_eq!(kept(&old, 1), (Vec::new(), Vec::new()), "none of a form that has no places");
    let backup = folder.path().join("backup");
    old.backup(&backup).expect("written");
    let new = SqliteStore::open(&file, Access::Write).expect("brought to the newer form");
    new.keep_watched(&Watched { findings: vec![finding(1, "s:a")], ..Watched::default() }).expect("kept");
    assert_eq!((keep(&new, 1, "first"), kept(&new, 1).0.len()), (vec![1], 1));
    assert_eq!(new.verify().expect("whole").content, content);
    drop(new);
    restore(&backup, &file, true).expect("restored");
    let new = SqliteStore::open(&file, Access::Write).expect("brought to the newer form");
    assert_eq!(
        (new.content_hash().expect("readable"), new.watched().expect("none")),
        (content, Watched::default())
    );
}

/// What is kept of places under a key at the store's revision, a segment each; and what is named as damaged.
fn kept(store: &SqliteStore, key: u8) -> (Vec<(usize, Option<String>)>, Vec<String>) {
    let mut all = Vec::new();
    let revision = store.revision().expect("readable");
    let damaged = store.places(&[key; 32], revision, &mut |n, bytes| {
        all.push((n, bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())));
    });
    (all, damaged.expect("readable"))
}

/// Keeps something for every segment that has nothing; tells for which.
fn keep(store: &SqliteStore, key: u8, what: &str) -> Vec<u64> {
    let mut parts = Vec::new();
    let make = &mut |reports: &Reports| format!("{what} of {}", reports.id(0).expect("named")).into_bytes();
    while let Some(part) =
        store.keep_places(&[key; 32], parts.last().copied().unwrap_or(0), make).expect("kept")
    {
        parts.push(part);
    }
    parts
}

/// Three segments of two reports each, of 2020, 2021 and 2022.
fn three_segments(folder: &Path) -> SqliteStore {
    let store = store(folder);
    for (name, year) in [("a", 2020), ("b", 2021), ("c", 2022)] {
        let row = |n: usize| format!("{name}{n},{year}-01-05 13:30,robbery,-90.2,38.{n}\n");
        append(&store, batch(&format!("{HEADER}\n{}{}", row(1), row(2))));
        store.revision().expect("brought into the file");
    }
    store
}

/// Whether a word lies in any file of a store.
fn lies(folder: &Path, word: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("a folder");
    files.flatten().any(|file| {
        let bytes = std::fs::read(file.path()).expect("readable");
        bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes())
    })
}

#[test]
fn places_are_kept_beside_their_segment_and_enter_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    let store = three_segments(folder.path());
    let before = (store.content_hash().expect("readable"), store.verify().expect("whole"));
    assert_eq!(kept(&store, 1).0, [(2, None), (2, None), (2, None)]);
    assert_eq!(keep(&store, 1, "first"), [1, 2, 3]);
    assert_eq!(keep(&store, 1, "again"), [0; 0], "it is there");
    let word = |what: &str, id: &str| Some(format!("{what} of {id}"));
    let first = ["a1", "b1", "c1"].map(|id| (2, word("first", id)));
    assert_eq!(kept(&store, 1), (first.to_vec(), Vec::new()));
    assert_eq!((store.content_hash().expect("readable"), store.verify().expect("whole")), before);
    // Of another revision nothing is told at all.
    let mut told = 0;
    store.places(&[1; 32], 2, &mut |_, _| told += 1).expect("readable");
    assert_eq!(told, 0);
    // One who reads has them, and keeps none.
    let reader = SqliteStore::open(&file, Access::Read).expect("there");
    assert_eq!(kept(&reader, 1).0, first);
    let refused = reader.keep_places(&[2; 32], 0, &mut |_| Vec::new());
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    // A backup has them too.
    let backup = folder.path().join("backup");
    store.backup(&backup).expect("written");
    assert_eq!(kept(&SqliteStore::open(&backup, Access::Read).expect("there"), 1).0, first);
    std::fs::remove_file(&backup).expect("there");
    // Under another key there is nothing; what is kept under it takes their room.
    assert_eq!(kept(&store, 2).0, [(2, None), (2, None), (2, None)]);
    assert_eq!(keep(&store, 2, "other"), [1, 2, 3]);
    assert_eq!(kept(&store, 1).0, [(2, None), (2, None), (2, None)]);
    let other = ["a1", "b1", "c1"].map(|id| (2, word("other", id)));
    assert_eq!(kept(&store, 2).0, other);
    // What comes later has nothing yet, and the others keep theirs when the store is opened again.
    append(&store, batch(&format!("{HEADER}\nd,2023-01-05 13:30,robbery,-90.2,38.6\n")));
    assert_eq!(kept(&store, 2).0, [&other[..], &[(1, None)]].concat());
    drop((store, reader));
    let again = SqliteStore::open(&file, Access::Write).expect("there");
    assert_eq!(keep(&again, 2, "later"), [4]);
    assert_eq!(kept(&again, 2).0, [&other[..], &[(1, word("later", "d"))]].concat());
}

#[test]
fn a_damaged_place_is_named_handed_out_never_and_kept_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    let store = three_segments(folder.path());
    keep(&store, 1, "first");
    let content = store.content_hash().expect("readable");
    drop(store);
    for damage in [
        "UPDATE place SET body = CAST('girst of b1' AS BLOB) WHERE part = 2",
        "UPDATE place SET body = CAST('first of b' AS BLOB) WHERE part = 2",
        "UPDATE place SET sum = zeroblob(16) WHERE part = 2",
        // Those of another part, which is no less whole.
        "UPDATE place SET (sum, body) = (SELECT sum, body FROM place WHERE part = 1) WHERE part = 2",
        // Of another key.
        "UPDATE place SET key = zeroblob(32) WHERE part = 2",
    ] {
        rusqlite::Connection::open(&file).and_then(|c| c.execute_batch(damage)).expect("damaged");
        let store = SqliteStore::open(&file, Access::Write).expect("a store");
        let verified = store.verify().expect("nothing is lost");
        assert_eq!(
            (verified.content, verified.damaged_places),
            (content, vec![NAMED.to_owned()]),
            "{damage}"
        );
        store.backup(&folder.path().join("backup")).expect("the reports are whole");
        std::fs::remove_file(folder.path().join("backup")).expect("there");
        let (all, named) = kept(&store, 1);
        assert_eq!(all[1], (2, None), "{damage}");
        assert!(all[0].1.is_some() && all[2].1.is_some(), "{damage}");
        assert_eq!(named.is_empty(), damage.contains("key"), "{damage}");
        assert_eq!(keep(&store, 1, "first"), [2]);
        assert_eq!(kept(&store, 1).0[1], (2, Some("first of b1".to_owned())));
        assert_eq!(store.verify().expect("whole").damaged_places, [""; 0]);
    }
    const NAMED: &str = "the kept places of part 2";
}

#[test]
fn a_page_of_places_that_is_none_any_more_ends_no_writing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    let store = three_segments(folder.path());
    // Longer than a page, so that some of it lies on pages of its own.
    let long = "x".repeat(20_000);
    keep(&store, 1, &long);
    drop(store);
    let mut bytes = std::fs::read(&file).expect("readable");
    let is_own = |page: &[u8]| page[4..].iter().all(|byte| *byte == b'x');
    let at = bytes.chunks_exact(4096).position(is_own).expect("a page of places alone") * 4096;
    bytes[at..at + 4].fill(0xff);
    std::fs::write(&file, bytes).expect("damaged");
    let store = SqliteStore::open(&file, Access::Write).expect("a store");
    let kept: Vec<_> = (0..3).map(|after| store.keep_places(&[2; 32], after, &mut |_| vec![7])).collect();
    assert!(kept.iter().any(|kept| matches!(kept, Err(StoreError::Damaged { .. }))), "{kept:?}");
    append(&store, batch(&format!("{HEADER}\nd,2023-01-05 13:30,robbery,-90.2,38.6\n")));
    assert_eq!(ledger(&store).expect("whole").0.reports.len(), 7);
}

#[test]
fn what_is_forgotten_leaves_no_place_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = three_segments(folder.path());
    keep(&store, 1, "trace");
    assert!(["trace of a1", "trace of b1", "trace of c1"].iter().all(|word| lies(folder.path(), word)));
    store.forget(&ledger(&store).expect("whole").0.sources[0].name, "b2").expect("there");
    assert!(!lies(folder.path(), "trace of b1"), "its segment was written anew");
    assert_eq!(
        kept(&store, 1).0.iter().map(|one| (one.0, one.1.is_some())).collect::<Vec<_>>(),
        [(2, true), (1, false), (2, true)]
    );
    let day = jiff::civil::date(2021, 1, 1);
    store.forget_before(&Cutoffs::before(day, None), true).expect("gone");
    assert!(!lies(folder.path(), "trace of a1"));
    assert_eq!(kept(&store, 1).0.len(), 2);
    // The number of a segment that went may come again.
    store.forget(&ledger(&store).expect("whole").0.sources[0].name, "c1").expect("there");
    store.forget(&ledger(&store).expect("whole").0.sources[0].name, "c2").expect("there");
    append(&store, batch(&format!("{HEADER}\nd1,2023-01-05 13:30,robbery,-90.2,38.6\n")));
    assert!(kept(&store, 1).0.iter().all(|one| one.1.is_none()));
    assert!(!lies(folder.path(), "trace of"));
    // What was made of a segment that changed meanwhile is not kept, whether anything of it is left or not.
    append(
        &store,
        batch(&format!("{HEADER}\ne1,2023-01-05 13:30,robbery,-90.2,38.6\ne2,2023-01-05,robbery,,\n")),
    );
    store.revision().expect("brought into the file");
    for (after, left) in [(1, false), (3, true)] {
        let made = store.keep_places(&[1; 32], after, &mut |reports| {
            let id = reports.id(0).expect("named").to_owned();
            store.forget(&ledger(&store).expect("whole").0.sources[0].name, &id).expect("there");
            assert_eq!(reports.len() > 1, left);
            b"late".to_vec()
        });
        assert_eq!((made.expect("looked at"), lies(folder.path(), "late")), (Some(after + 1), false));
    }
}

#[test]
fn a_report_without_an_id_is_forgotten_by_the_one_that_layers_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    append(
        &store,
        batch(
            "date,category,longitude,latitude\n2024-01-05 13:30,robbery,-90.2,38.6\n2024-01-05 13:30,robbery,-90.2,38.7\n",
        ),
    );
    let (all, _) = ledger(&store).expect("whole");
    let first = all.reports.get(0);
    let id = hotblocks::model::identity::made_id(&first, first.address, &all);
    assert_eq!(store.forget(&all.sources[0].name, &id).expect("there").reports, 1);
    let (left, _) = ledger(&store).expect("whole");
    assert!(left.reports.iter().all(|report| matches!(report.place, Place::At(at) if at.lat() == 38.7)));
    assert_eq!(left.reports.len(), 1);
}

#[test]
fn a_backup_is_a_state_that_was_and_restores_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let row = |id: u32| batch(&format!("{HEADER}\n{id},2024-01-05 13:30,robbery,-90.2,38.6\n"));
    append(&store, row(1));
    let was = store.content_hash().expect("readable");
    let backup = folder.path().join("backup");
    assert_eq!(store.backup(&backup).expect("written"), 1);
    assert!(matches!(store.backup(&backup), Err(StoreError::Present { .. })));
    append(&store, row(2));
    let file = folder.path().join("city.hotblocks");
    assert!(matches!(restore(&backup, &file, true), Err(StoreError::InUse { .. })), "it is open");
    drop(store);
    assert!(matches!(restore(&backup, &file, false), Err(StoreError::Present { .. })));
    assert_eq!(restore(&backup, &file, true).expect("restored").content, was);
    let again = SqliteStore::open(&file, Access::Write).expect("there");
    assert_eq!((again.content_hash().expect("readable"), state(&again).len()), (was, 1));
    assert_eq!(append(&again, row(2)).new, 1);
    // What is no backup takes the place of nothing.
    std::fs::write(&backup, b"nonsense").expect("written");
    drop(again);
    assert!(matches!(restore(&backup, &file, true), Err(StoreError::Foreign { .. })));
    assert_eq!(state(&SqliteStore::open(&file, Access::Read).expect("there")).len(), 2);
}

#[test]
fn only_its_owner_reads_the_files_and_only_one_process_writes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    append(&store, batch(&format!("{HEADER}\n1,2024-01-05 13:30,robbery,-90.2,38.6\n")));
    store.backup(&folder.path().join("backup")).expect("written");
    let mut n = 0;
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let entry = entry.expect("readable");
        let mode = entry.metadata().expect("readable").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        n += 1;
    }
    assert!(n >= 4, "store, log, lock and backup");
    let file = folder.path().join("city.hotblocks");
    let error = SqliteStore::open(&file, Access::Write).expect_err("two writers");
    assert!(matches!(error, StoreError::InUse { .. }), "{}", chain(&error));
    let reader = SqliteStore::open(&file, Access::Read).expect("a reader");
    assert!(matches!(reader.append(Vec::new()), Err(StoreError::ReadOnly)));
}

#[test]
fn what_is_no_store_or_a_newer_one_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x");
    let open = || SqliteStore::open(&file, Access::Write).map(drop).expect_err("no store").to_string();
    assert!(open().contains("hotblocks init"));
    std::fs::write(&file, "id,date\n".repeat(1000)).expect("written");
    assert!(open().contains("no store of hotblocks"));
    std::fs::remove_file(&file).expect("removed");
    rusqlite::Connection::open(&file).and_then(|c| c.execute_batch("CREATE TABLE t (a)")).expect("made");
    assert!(open().contains("no store of hotblocks"));
    std::fs::remove_file(&file).expect("removed");
    drop(SqliteStore::create(&file, &Setting::default()).expect("made"));
    rusqlite::Connection::open(&file).and_then(|c| c.execute_batch("PRAGMA user_version = 99")).expect("set");
    assert!(open().contains("form 99"));
}

#[test]
fn single_reports_of_many_commits_are_merged_when_the_store_is_opened_and_stay_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    for n in 0..300 {
        append(&store, batch(&format!("{HEADER}\n{n},2024-01-05 13:30,robbery,-90.2,38.6\n")));
    }
    let ids = |store: &dyn Store| {
        let (ledger, revision) = ledger(store).expect("whole");
        let ids: Vec<String> = ledger.reports.iter().filter_map(|r| r.id.map(str::to_owned)).collect();
        (ids, revision)
    };
    let before = (ids(&store), store.verify().expect("whole"));
    assert_eq!((before.0.0.len(), before.1.parts), (300, 300));
    drop(store);
    let again = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Write).expect("there");
    let after = (ids(&again), again.verify().expect("whole"));
    assert_eq!(after.0, before.0);
    assert_eq!((after.1.parts, after.1.content, after.1.revision), (1, before.1.content, 300));
    let more = batch(&format!("{HEADER}\n7,2024-01-05 13:30,robbery,-90.2,38.6\nx,2024-01-05,robbery,,\n"));
    let receipt = append(&again, more);
    assert_eq!((receipt.known, receipt.new, receipt.revision), (1, 1, 301));
}

/// A byte changed on the disk is found, or lies where nothing is kept: never does anything wrong come out.
#[test]
fn a_flipped_byte_is_found_and_named_and_never_gives_wrong_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    {
        let store = store(folder.path());
        let rows: String =
            (0..4_000).map(|n| format!("{n},2024-01-05 13:30,robbery,-90.{n:04},38.6\n")).collect();
        append(&store, Batch { digest: Some([1; 32]), ..batch(&format!("{HEADER}\n{rows}")) });
        append(&store, batch(&format!("{HEADER}\nlast,2024-01-05 13:30,burglary,-90.2,38.6\n")));
    }
    let whole = std::fs::read(&file).expect("readable");
    let right = {
        let store = SqliteStore::open(&file, Access::Read).expect("there");
        (store.content_hash().expect("readable"), format!("{:?}", state(&store)))
    };
    let (mut found, mut named) = (0, 0);
    let mut lots = Lots::new(0x5707E);
    let n = 120;
    for _ in 0..n {
        let at = lots.below(whole.len());
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << lots.below(8);
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        std::fs::write(&file, &bytes).expect("written");
        let told = SqliteStore::open(&file, Access::Read).and_then(|store| {
            let all = ledger(&store)?;
            drop(all);
            Ok((store.content_hash()?, format!("{:?}", state(&store)), store.verify().map(drop)))
        });
        match told {
            Ok((content, events, verified)) => {
                assert_eq!((content, events), right.clone(), "byte {at}");
                found += usize::from(verified.is_err());
            }
            Err(error) => {
                found += 1;
                let text = chain(&error);
                named += usize::from(text.contains("part "));
                assert!(!text.contains("panic"), "{text}");
            }
        }
    }
    // Most of the file are reports.
    assert!(found > n / 2 && named > n / 4, "{found} found, {named} of them in a part, of {n}");
}

#[test]
fn a_link_to_a_store_is_that_store_to_whoever_would_write_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = store(folder.path());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("city.hotblocks"), &link).expect("linked");
    assert!(matches!(SqliteStore::open(&link, Access::Write), Err(StoreError::InUse { .. })));
    // Its log is that of the file.
    append(&held, batch(&format!("{HEADER}\n1,2024-01-05 13:30,robbery,-90.2,38.6\n")));
    let copy = folder.path().join("copy");
    assert!(matches!(restore(&link, &copy, false), Err(StoreError::InUse { .. })));
    drop(held);
    assert!(SqliteStore::open(&link, Access::Write).is_ok());
    // What is put back takes the place of the file, and the link leads there.
    restore(&link, &copy, false).expect("whole");
    restore(&copy, &link, true).expect("whole");
    assert!(link.is_symlink());
    assert_eq!(
        state(&SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect("there")).len(),
        1
    );
}

#[test]
fn a_copy_without_its_log_is_no_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = store(folder.path());
    append(&open, batch(&format!("{HEADER}\n1,2024-01-05 13:30,robbery,-90.2,38.6\n")));
    // It is written to: what was acknowledged lies in its log.
    let (file, to) = (folder.path().join("city.hotblocks"), folder.path().join("copy"));
    assert!(matches!(restore(&file, &to, false), Err(StoreError::InUse { .. })));
    assert!(!to.exists());
    drop(open);
    assert_eq!(restore(&file, &to, false).expect("whole").reports, 1);
}

#[test]
fn a_damaged_store_ends_the_writing() {
    let damaged = StoreError::Damaged { what: "part 1".to_owned() };
    assert!(damaged.ends_writing() && !damaged.disk_full());
    assert!(!StoreError::Stopped.ends_writing());
}

#[test]
fn a_store_that_others_may_read_or_write_is_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    drop(store(folder.path()));
    let file = folder.path().join("city.hotblocks");
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
    for loose in [0o666, 0o604, 0o640, 0o610] {
        mode(loose);
        let error = SqliteStore::open(&file, Access::Write).expect_err("others could read it").to_string();
        assert!(error.contains(&format!("mode {loose:04o}")) && error.contains("chmod 600"), "{error}");
        assert!(!folder.path().join("city.hotblocks-wal").exists(), "nothing was made beside it");
    }
    mode(0o600);
    assert!(SqliteStore::open(&file, Access::Write).is_ok());
}

#[test]
fn of_several_backups_to_one_file_one_is_made_and_the_others_say_why_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let rows: String = (0..20_000).map(|id| format!("{id},2024-01-05 13:30,robbery,-90.2,38.6\n")).collect();
    append(&store, batch(&format!("{HEADER}\n{rows}")));
    let to = folder.path().join("backup");
    for _ in 0..5 {
        let all: Vec<_> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| store.backup(&to));
            let begun: Vec<_> = (0..4).map(|_| one()).collect();
            begun.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1, "{all:?}");
        for error in all.iter().filter_map(|one| one.as_ref().err()) {
            let known = matches!(error, StoreError::Present { .. } | StoreError::BackupUnderWay { .. });
            assert!(known, "{}", chain(error));
        }
        assert!(!folder.path().join("backup.part").exists());
        assert_eq!(restore(&to, &folder.path().join("copy"), true).expect("whole").reports, 20_000);
        std::fs::remove_file(&to).expect("removed");
    }
    // What a power cut left of an earlier one is written over.
    std::fs::write(folder.path().join("backup.part"), vec![1; 5_000]).expect("written");
    assert_eq!(store.backup(&to).expect("written"), 1);
}

#[test]
fn a_backup_that_cannot_be_restored_is_named_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let store = store(folder.path());
    let rows: String = (0..2_000).map(|id| format!("{id},2024-01-05 13:30,robbery,-90.2,38.6\n")).collect();
    append(&store, batch(&format!("{HEADER}\n{rows}")));
    store.backup(&path("good")).expect("written");
    let bytes = std::fs::read(path("good")).expect("readable");
    std::fs::write(path("cut"), &bytes[..bytes.len() / 2]).expect("written");
    std::fs::write(path("foreign"), b"id,date\n".repeat(1_000)).expect("written");
    std::fs::copy(path("good"), path("newer")).expect("copied");
    let newer = rusqlite::Connection::open(path("newer")).expect("opened");
    newer.execute_batch("PRAGMA user_version = 99").expect("set");
    drop(newer);
    for (name, says) in [("foreign", "no store"), ("newer", "form 99"), ("cut", "restore an older one")] {
        let error = restore(&path(name), &path("new.hot"), false).expect_err("no backup");
        let told = error.to_string();
        let names = told.contains(&format!("`{}`", path(name).display())) && !told.contains("new.hot");
        assert!(names && told.contains(says), "{told}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
        let left = left.iter().filter(|one| one.file_name().to_string_lossy().starts_with("new.hot"));
        assert_eq!(left.count(), 0, "{name}");
    }
}

#[test]
fn a_store_where_nothing_can_be_written_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(store(folder.path()));
    // As on a medium that can only be read: the index of the log cannot be made.
    std::fs::create_dir(folder.path().join("city.hotblocks-wal")).expect("made");
    let error = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect_err("no log");
    let told = chain(&error);
    assert!(told.contains("folder that can be written") && told.contains("copy it"), "{told}");
}

/// A batch of one report that is known again by its key.
fn single(id: &str) -> Batch {
    Batch {
        key: Some(id.to_owned()),
        name: String::new(),
        ..batch(&format!("{HEADER}\n{id},2024-01-05 13:30,robbery,-90.2,38.6\n"))
    }
}

/// The files of a store as a kill leaves them at this moment, in a folder of their own.
fn as_killed(from: &Path, to: &Path, ends: &[&str]) -> std::path::PathBuf {
    for end in ["", "-wal", "-log", "-shm"] {
        let _ = std::fs::remove_file(to.join(format!("city.hotblocks{end}")));
    }
    for end in ends {
        let name = format!("city.hotblocks{end}");
        std::fs::copy(from.join(&name), to.join(&name)).expect("copied");
    }
    to.join("city.hotblocks")
}

#[test]
fn what_lies_in_the_log_alone_is_there_for_readers_and_for_who_writes_next() {
    let (folder, spot) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = store(folder.path());
    for n in 0..20 {
        let receipt = append(&store, single(&n.to_string()));
        assert_eq!((receipt.new, receipt.revision), (1, n + 1));
    }
    // Known also while they lie in the log.
    assert!(append(&store, single("7")).repeated);
    assert!(append(&store, Batch { key: Some("8".to_owned()), ..single("9") }).conflict);
    assert_eq!(append(&store, Batch { key: None, ..single("9") }).known, 1);
    let all = ["", "-wal", "-log"];
    let file = as_killed(folder.path(), spot.path(), &all[..2]);
    let without = SqliteStore::open(&file, Access::Read).expect("there");
    assert_eq!(state(&without).len(), 0, "the test could not fail");
    let file = as_killed(folder.path(), spot.path(), &all);
    let reader = SqliteStore::open(&file, Access::Read).expect("there");
    assert_eq!((state(&reader).len(), reader.revision().expect("readable")), (20, 20));
    assert_eq!(reader.verify().expect("whole").reports, 20);
    let mut n = 0;
    assert_eq!(reader.replay(15, &mut |part| n += part.reports.len()).expect("whole"), 20);
    assert_eq!(n, 5);
    let backup = spot.path().join("backup");
    assert_eq!(reader.backup(&backup).expect("written"), 20);
    assert!(matches!(restore(&file, &spot.path().join("x"), false), Err(StoreError::InUse { .. })));
    let writer = SqliteStore::open(&file, Access::Write).expect("there");
    assert!(append(&writer, single("7")).repeated);
    assert_eq!(append(&writer, single("20")).revision, 21);
    assert_eq!(writer.verify().expect("whole").reports, 21);
    drop(writer);
    assert!(!spot.path().join("city.hotblocks-log").exists(), "nothing is left in it");
    // The first one goes on meanwhile, and its reader has what was acknowledged.
    let beside = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect("there");
    for n in 20..40 {
        assert_eq!(append(&store, single(&n.to_string())).revision, n + 1);
        assert_eq!(beside.revision().expect("readable"), n + 1);
    }
    assert_eq!(store.verify().expect("whole"), beside.verify().expect("whole"));
}

#[test]
fn a_flipped_byte_of_the_log_is_found_unless_it_is_of_the_last_that_was_taken_and_never_gives_wrong_numbers()
{
    let (folder, spot) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = store(folder.path());
    let n = 12;
    (0..n).for_each(|n| drop(append(&store, single(&n.to_string()))));
    as_killed(folder.path(), spot.path(), &["", "-wal", "-log"]);
    let log = std::fs::read(folder.path().join("city.hotblocks-log")).expect("readable");
    let used = log.iter().rposition(|&byte| byte != 0).expect("records") + 1;
    let mut lots = Lots::new(0x106);
    let (mut found, mut short) = (0, 0);
    for _ in 0..150 {
        let at = lots.below(used);
        let file = as_killed(folder.path(), spot.path(), &["", "-wal"]);
        let mut bytes = log.clone();
        bytes[at] ^= 1 << lots.below(8);
        std::fs::write(spot.path().join("city.hotblocks-log"), &bytes).expect("written");
        match SqliteStore::open(&file, Access::Read).and_then(|store| store.verify()) {
            Ok(verified) if verified.reports == n => {}
            Ok(verified) => {
                assert_eq!(verified.reports, n - 1, "byte {at}");
                short += 1;
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Damaged { .. }), "{}", chain(&error));
                assert!(chain(&error).contains("in its log"), "{}", chain(&error));
                // Nor does anybody write to it.
                assert!(matches!(SqliteStore::open(&file, Access::Write), Err(StoreError::Damaged { .. })));
                found += 1;
            }
        }
    }
    assert!(found > 60 && short < 40, "{found} found, {short} taken for one cut off");
}

#[test]
fn the_log_of_another_store_is_not_taken_for_its_own() {
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let [one, other] = [0, 1].map(|n: usize| store(folders[n].path()));
    append(&one, batch(&format!("{HEADER}\na,2024-01-05,robbery,,\nb,2024-01-05,robbery,,\n")));
    append(&other, single("c"));
    drop(other);
    assert_eq!(one.revision().expect("readable"), 1);
    append(&one, single("d"));
    let log = |n: usize| folders[n].path().join("city.hotblocks-log");
    std::fs::copy(log(0), log(1)).expect("copied");
    let file = folders[1].path().join("city.hotblocks");
    let error = SqliteStore::open(&file, Access::Write).expect_err("another's");
    assert!(matches!(error, StoreError::Damaged { .. }), "{}", chain(&error));
    // A new store of that name begins without it.
    std::fs::remove_file(&file).expect("removed");
    let new = self::store(folders[1].path());
    assert_eq!((state(&new).len(), log(1).exists()), (0, false));
}

#[test]
fn a_log_that_is_full_goes_into_the_file_and_large_batches_go_past_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.hotblocks");
    let store = store(folder.path());
    let rows = |from: usize, to: usize| -> Batch {
        let rows: String = (from..to).map(|n| format!("{n},2024-01-05 13:30,robbery,-90.2,38.6\n")).collect();
        batch(&format!("{HEADER}\n{rows}"))
    };
    let mut there = 0;
    // Of 2 MiB, which about 20,000 reports fill.
    for (at, n) in [900; 60].into_iter().chain([3_000, 1, 1, 2_000, 1]).enumerate() {
        let receipt = append(&store, rows(there, there + n));
        assert_eq!((receipt.new, receipt.revision), (n, at as u64 + 1));
        there += n;
    }
    let size = std::fs::metadata(folder.path().join("city.hotblocks-log")).expect("there").len();
    assert_eq!(size, 2 << 20, "it does not grow");
    let mut n = 0;
    assert_eq!(store.replay(60, &mut |part| n += part.reports.len()).expect("whole"), 65);
    assert_eq!(n, 5_003);
    assert_eq!(append(&store, rows(0, there)).known, there);
    let before = store.verify().expect("whole");
    drop(store);
    let again = SqliteStore::open(&file, Access::Write).expect("there");
    let after = again.verify().expect("whole");
    assert_eq!((after.reports, after.content, after.revision), (there, before.content, 65));
}

#[test]
fn sixteen_who_append_at_once_are_each_told_once_that_theirs_is_there() {
    const SENDERS: usize = 16;
    const ROUNDS: usize = 50;
    let (folder, spot) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = store(folder.path());
    let sending = std::sync::atomic::AtomicBool::new(true);
    let receipts: Vec<Receipt> = std::thread::scope(|scope| {
        // As another process does: it never sees less than before, nor half of anything.
        scope.spawn(|| {
            let beside =
                SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Read).expect("there");
            let mut before = 0;
            while sending.load(std::sync::atomic::Ordering::Relaxed) {
                let (ledger, revision) = ledger(&beside).expect("whole");
                assert!(
                    revision >= before && ledger.reports.len() as u64 >= revision,
                    "{revision} after {before}"
                );
                before = revision;
            }
        });
        let send = |sender: usize| {
            let store = &store;
            // Each sends what its neighbor sends as well, under one key.
            let each = move |n: usize| append(store, single(&format!("{}-{n}", sender / 2)));
            scope.spawn(move || (0..ROUNDS).map(each).collect::<Vec<_>>())
        };
        let all: Vec<_> = (0..SENDERS).map(send).collect();
        let all: Vec<_> = all.into_iter().map(|sender| sender.join()).collect();
        sending.store(false, std::sync::atomic::Ordering::Relaxed);
        all.into_iter().flat_map(|sender| sender.expect("no panic")).collect()
    });
    let n = SENDERS / 2 * ROUNDS;
    assert_eq!(receipts.iter().filter(|receipt| receipt.repeated).count(), n);
    assert_eq!(receipts.iter().map(|receipt| receipt.accepted.reports.len()).sum::<usize>(), n);
    let revisions: std::collections::BTreeSet<u64> =
        receipts.iter().map(|receipt| receipt.revision).collect();
    // As a kill leaves it now, everything that was acknowledged is there.
    let file = as_killed(folder.path(), spot.path(), &["", "-wal", "-log"]);
    let killed = SqliteStore::open(&file, Access::Read).expect("there");
    assert_eq!((state(&killed).len(), revisions.len() as u64), (n, killed.revision().expect("readable")));
    assert!(revisions.len() < n, "some share a revision and a sync");
    assert_eq!(killed.content_hash().expect("readable"), store.content_hash().expect("readable"));
    drop(store);
    let again = SqliteStore::open(&folder.path().join("city.hotblocks"), Access::Write).expect("there");
    assert_eq!(again.verify().expect("whole").reports, n);
}
