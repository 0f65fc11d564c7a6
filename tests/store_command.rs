//! A store on the command line: made, filled, asked, copied, looked at, made to forget, with the documented exit codes.

mod common;

use std::path::Path;

use common::command::{SAMPLE, run};
use common::repository;
use common::town::{town, write};

/// A table of incidents beside the town's streets.
fn crimes(folder: &Path, name: &str, ids: std::ops::Range<u32>) -> String {
    let rows: String =
        ids.map(|n| format!("\n{n},2024-01-{:02} 13:30,robbery,-90.20{},38.6", 1 + n % 28, n % 10)).collect();
    write(folder, name, &format!("incidentid,date,category,longitude,latitude{rows}"))
}

fn init(folder: &Path) -> String {
    let store = folder.join("city.hotblocks").to_string_lossy().into_owned();
    let (code, out, err) = run(&["init", "--store", &store, "--blocks", &town(folder)]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("block set `segments`: 5 blocks"), "{err}");
    store
}

#[test]
fn every_answer_of_a_store_is_that_of_its_files_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("s").to_string_lossy().into_owned();
    let areas = ["--areas", "neighborhood=data/new-haven/derived_newhaven_blocks.geojson"];
    let config = write(
        folder.path(),
        "c.toml",
        "title = \"New Haven\"\nbandwidth_m = 300\ncell_m = 100\nreleased = [\"x\"]\n",
    );
    let (code, _, err) =
        run(&[&["init", "--store", &store, "--config", &config], &SAMPLE[2..], &areas[..]].concat());
    assert_eq!(code, 0, "{err}");
    // Of rows that are alike a file of incidents has one, with how many they were.
    let checked = folder.path().join("checked.geojsonl").to_string_lossy().into_owned();
    let (code, _, err) = run(&["import", "incidents", SAMPLE[1], "-o", &checked]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = run(&["import", "incidents", &checked, "--store", &store]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("3,247 read · 3,293 reports in them · 3,293 new"), "{err}");
    let files = ["--incidents", &checked, SAMPLE[2], SAMPLE[3]];
    for asked in [
        &["rank", "--format", "geojson", "--top", "50"][..],
        &["density"],
        &["areas"],
        &["clusters", "--eps", "100m", "--min-points", "10"],
    ] {
        let from_files = run(&[asked, &files, &areas[..], &["--config", &config]].concat());
        let from_store = run(&[asked, &["--store", &store]].concat());
        assert_eq!(from_files.0, 0, "{asked:?}: {}", from_files.2);
        assert_eq!(from_store.0, 0, "{asked:?}: {}", from_store.2);
        assert!(from_store.1.len() > 100 && from_store.1 == from_files.1, "{asked:?}");
    }
}

#[test]
fn an_import_says_what_became_of_every_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = init(folder.path());
    let import =
        |file: &str, more: &[&str]| run(&[&["import", "incidents", file, "--store", &store], more].concat());
    let first = crimes(folder.path(), "a.csv", 0..30);
    let (code, out, err) = import(&first, &[]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.ends_with("30 read · 30 new · 0 already known · 0 revised · 0 refused\n"), "{err}");
    let again = folder.path().join("b.csv");
    std::fs::copy(&first, &again).expect("copied");
    let (code, _, err) = import(&again.to_string_lossy(), &[]);
    assert_eq!(code, 0);
    assert!(err.contains("b.csv: the same bytes were taken before as") && err.contains("a.csv"), "{err}");
    assert!(err.ends_with("30 read · 0 new · 30 already known · 0 revised · 0 refused\n"), "{err}");
    let more = crimes(folder.path(), "c.csv", 20..40);
    let text = std::fs::read_to_string(&more).expect("readable") + "\n99,never,robbery,-90.2,38.6\n";
    std::fs::write(&more, text).expect("written");
    let rejects = folder.path().join("r.ndjson").to_string_lossy().into_owned();
    let (code, _, err) = import(&more, &["--rejects", &rejects]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("21 read · 10 new · 10 already known · 0 revised · 1 refused ("), "{err}");
    assert_eq!(std::fs::read_to_string(&rejects).expect("written").lines().count(), 1);
}

#[test]
fn backup_restore_verify_and_forget_end_as_the_documents_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let store = init(folder.path());
    assert_eq!(run(&["init", "--store", &store, "--blocks", &at("streets.geojson")]).0, 2, "it is there");
    assert_eq!(run(&["import", "incidents", &crimes(folder.path(), "a.csv", 0..30), "--store", &store]).0, 0);
    let (code, before, _) = run(&["verify", "--store", &store]);
    assert_eq!(code, 0);
    assert!(
        before.starts_with("revision 1, 30 reports in 1 parts, every checksum holds, content "),
        "{before}"
    );
    assert_eq!(run(&["backup", "--store", &store, "-o", &at("b")]).0, 0);
    assert_eq!(run(&["backup", "--store", &store, "-o", &at("b")]).0, 2, "it is there");
    let forget = |id: &str| run(&["forget", "--store", &store, "--source", "lonlat", "--external-id", id]);
    assert_eq!(forget("7").0, 0);
    let (code, _, err) = forget("7");
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("`7`") && err.contains("`lonlat`"), "{err}");
    assert!(run(&["verify", "--store", &store]).1.starts_with("revision 2, 29 reports"));
    let (code, _, err) = run(&["restore", &at("b"), "--store", &store]);
    assert_eq!(code, 2, "{err}");
    assert_eq!(run(&["restore", &at("b"), "--store", &store, "--replace"]).0, 0);
    assert_eq!(run(&["verify", "--store", &store]).1, before);
    assert_eq!(run(&["restore", &at("b"), "--store", &at("elsewhere")]).0, 0);
    assert_eq!(run(&["verify", "--store", &at("elsewhere")]).1, before);
    assert_eq!(run(&["verify", "--store", &at("nowhere")]).0, 4);
    assert_eq!(run(&["rank", "--store", &store, "--incidents", &at("a.csv")]).0, 2);
    // A byte in the middle, where reports lie.
    let mut bytes = std::fs::read(at("elsewhere")).expect("readable");
    let place = bytes.windows(6).position(|some| some == b"lonlat").expect("its source");
    bytes[place] ^= 1;
    std::fs::write(at("elsewhere"), bytes).expect("written");
    let (code, _, err) = run(&["verify", "--store", &at("elsewhere")]);
    assert_eq!(code, 1);
    assert!(err.contains("the store is damaged: row 0 of its table `source`"), "{err}");
    assert_eq!(run(&["rank", "--store", &at("elsewhere")]).0, 1);
}

#[test]
fn incidents_before_a_day_are_forgotten_and_refused_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = init(folder.path());
    let file = crimes(folder.path(), "a.csv", 0..30);
    assert_eq!(run(&["import", "incidents", &file, "--store", &store]).0, 0);
    let forget = |more: &[&str]| run(&[&["forget", "--store", &store], more].concat());
    // Those of the first to the fourteenth of January; the 29th report is of the first again.
    let (code, _, err) = forget(&["--before", "2024-01-15"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.ends_with("16 incidents before 2024-01-15 are forgotten, with 16 reports · lonlat 16\n"),
        "{err}"
    );
    assert!(run(&["verify", "--store", &store]).1.contains(", 14 reports in 1 parts"));
    let (code, _, err) = run(&["import", "incidents", &file, "--store", &store]);
    assert!(err.contains("the same bytes were taken before"), "{code} {err}");
    let more = crimes(folder.path(), "b.csv", 0..31);
    let (code, _, err) = run(&["import", "incidents", &more, "--store", &store]);
    assert_eq!(code, 3, "{err}");
    assert!(
        err.ends_with(
            "31 read · 0 new · 14 already known · 0 revised · 17 too old to be kept and refused · 0 refused\n"
        ),
        "{err}"
    );
    let (code, _, err) = forget(&["--before", "2024-01-15", "--source", "lonlat"]);
    assert_eq!((code, err.contains("0 incidents before")), (0, true), "{err}");
    for wrong in [
        &["--before", "2999-01-01"][..],
        &["--before", "January"],
        &["--before", "2024-01-15", "--external-id", "7", "--source", "lonlat"],
        &["--external-id", "7"],
        &["--source", "lonlat"],
        &[],
    ] {
        let (code, _, err) = forget(wrong);
        assert_eq!(code, 2, "{wrong:?}: {err}");
    }
}

/// A service over a store, and the line that it says once it listens.
fn serve(store: &str) -> (std::process::Child, String) {
    use std::io::{BufRead, BufReader};
    let mut served = std::process::Command::new(assert_cmd::cargo::cargo_bin("hotblocks"))
        .current_dir(repository(""))
        .args(["serve", "--store", store, "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("serves");
    let mut line = String::new();
    BufReader::new(served.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    (served, line)
}

#[test]
fn what_a_store_keeps_for_some_days_only_is_gone_before_it_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("s").to_string_lossy().into_owned();
    let config = write(folder.path(), "c.toml", "[retention_days]\n\"*\" = 90\n");
    let made = run(&["init", "--store", &store, "--blocks", &town(folder.path()), "--config", &config]);
    assert_eq!(made.0, 0, "{}", made.2);
    assert_eq!(run(&["import", "incidents", &crimes(folder.path(), "a.csv", 0..30), "--store", &store]).0, 0);
    let (mut served, _) = serve(&store);
    served.kill().expect("it runs");
    let out = served.wait_with_output().expect("it ended");
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(
        err.contains("30 incidents too old to be kept are forgotten, with 30 reports · lonlat 30"),
        "{err}"
    );
    assert!(run(&["verify", "--store", &store]).1.contains(", 0 reports in 0 parts"));
}

#[test]
fn a_store_is_served_by_one_process_and_read_by_others() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().expect("a folder");
    let store = init(folder.path());
    assert_eq!(run(&["import", "incidents", &crimes(folder.path(), "a.csv", 0..30), "--store", &store]).0, 0);
    let (mut served, line) = serve(&store);
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
    let mut stream = std::net::TcpStream::connect(address).expect("connects");
    let ask = "GET /collections/incidents/items?limit=1 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
    stream.write_all(ask.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let held = run(&["import", "incidents", &crimes(folder.path(), "b.csv", 40..50), "--store", &store]);
    let forgot = run(&["forget", "--store", &store, "--source", "lonlat", "--external-id", "7"]);
    let ranked = run(&["rank", "--store", &store]);
    let copied = run(&["backup", "--store", &store, "-o", &folder.path().join("b").to_string_lossy()]);
    served.kill().expect("it runs");
    served.wait().expect("it ended");
    assert!(answer.contains("\"numberMatched\":30"), "{answer}");
    assert_eq!((held.0, ranked.0, copied.0), (1, 0, 0), "{} {}", held.2, copied.2);
    assert!(held.2.contains("another hotblocks serves or writes"), "{}", held.2);
    // There is no forgetting over HTTP.
    assert_eq!(forgot.0, 1, "{}", forgot.2);
    assert!(forgot.2.contains("stop it, do this, and start it again"), "{}", forgot.2);
    assert_eq!(run(&["forget", "--store", &store, "--source", "lonlat", "--external-id", "7"]).0, 0);
    assert_eq!(run(&["verify", "--store", &store]).0, 0);
}

#[test]
fn a_served_store_keeps_places_and_damaged_ones_are_named_and_change_no_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = init(folder.path());
    assert_eq!(run(&["import", "incidents", &crimes(folder.path(), "a.csv", 0..30), "--store", &store]).0, 0);
    let ask = |sql: &str| {
        let connection = rusqlite::Connection::open(&store).expect("there");
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number")
    };
    let rank = ["rank", "--store", &store, "--format", "geojson"];
    let plain = run(&rank);
    assert_eq!((plain.0, ask("SELECT COUNT(*) FROM place")), (0, 0), "who reads keeps nothing");
    let (mut served, _) = serve(&store);
    let begun = std::time::Instant::now();
    while ask("SELECT (SELECT COUNT(*) FROM part) - COUNT(*) FROM place") > 0 {
        assert!(begun.elapsed() < common::wire::PATIENCE, "places are kept");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    served.kill().expect("it runs");
    served.wait().expect("it ended");
    assert_eq!(run(&rank), plain);
    assert_eq!(run(&["verify", "--store", &store]).2, "");
    let damage = "UPDATE place SET body = CAST(body || x'00' AS BLOB)";
    rusqlite::Connection::open(&store).and_then(|file| file.execute_batch(damage)).expect("damaged");
    let named = "not as they were written: the kept places of part 1; nothing is lost, they are made anew\n";
    let (code, out, err) = run(&["verify", "--store", &store]);
    assert_eq!((code, err.as_str()), (0, named));
    assert!(out.contains("30 reports in 1 parts, every checksum but those of kept places holds"), "{out}");
    let (code, out, err) = run(&rank);
    assert_eq!((code, out), (0, plain.1));
    assert!(err.contains(named), "{err}");
}
