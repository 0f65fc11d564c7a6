//! `import incidents`: what is written is read back as it was, the report tells what a person must know.

use crate::common;

use std::path::Path;

use common::command::hotblocks;
use hotblocks::encode::incidents::{Form, write};
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::identity::Ids;
use hotblocks::model::ledger::resolve;
use hotblocks::model::reports::Ledger;
use serde_json::Value as Json;

fn read(inputs: &[Input]) -> Ledger {
    let (ledger, account) = incidents::read(inputs, &Options::default(), &|| ()).expect("readable");
    assert!(account.refused.is_empty(), "{:?}", account.refused);
    ledger
}

/// All that is known of each incident, by id.
fn told(ledger: &Ledger) -> Vec<String> {
    let (events, _) = resolve(ledger);
    let ids = Ids::of(&events, ledger);
    let mut all: Vec<String> = (0..events.len())
        .map(|at| {
            let event = events.get(at);
            let r = ledger.reports.get(event.told_by);
            let source = &ledger.sources[usize::from(r.source)];
            let place = if event.withheld { "withheld".to_owned() } else { format!("{:?}", r.place) };
            let classes: Vec<String> = event
                .classes
                .iter()
                .map(|class| {
                    let class = ledger.classes.get(*class);
                    format!("{} {:?} {:?} {:?}", class.code, class.category, class.flags, class.firearm)
                })
                .collect();
            format!(
                "{} {} {:?} {:?} {:?} {} {:?} {:?} {place} {:?} {:?} {:?} {:?} {} {classes:?}",
                source.name,
                source.zone.iana_name().unwrap_or_default(),
                source.feed,
                source.unit,
                source.anonymised,
                ids.get(at, &r, r.address, ledger),
                r.when,
                r.recorded,
                r.address,
                r.intersection,
                r.origin,
                r.status,
                event.reports,
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_written_is_read_back_as_it_was_in_every_form_and_from_every_source() {
    let folder = common::repository("fixtures/layouts");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("the fixtures").flatten() {
        let path = entry.path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.ends_with(".csv") || ["expected.csv", "xy.csv"].contains(&name.as_str()) {
            continue;
        }
        files += 1;
        let ledger = read(&[Input::at(&path).expect("a file")]);
        let (events, _) = resolve(&ledger);
        for (form, ending) in
            [(Form::Csv, "csv"), (Form::GeoJson, "geojson"), (Form::GeoJsonLines, "geojsonl")]
        {
            let text = write(&ledger, &events, form);
            let input = Input::of(&format!("checked.{ending}"), text.into_bytes()).expect("a known ending");
            assert_eq!(told(&read(&[input])), told(&ledger), "{name} as {ending}");
        }
    }
    assert!(files > 20, "{files}");
}

#[test]
fn a_dry_run_tells_columns_crs_and_ten_rows_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.csv");
    let done = hotblocks()
        .args(["import", "incidents", "fixtures/layouts/slmpd-20.csv", "--dry-run", "-o"])
        .arg(&out)
        .assert()
        .success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    for part in
        ["ESRI:102696", "America/Chicago", "id         Complaint", "not read", "line 2 ·", "7 rows read"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!out.exists());
}

#[test]
fn the_report_tells_places_times_classes_and_corrections() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("crimes.csv");
    std::fs::write(
        &file,
        "incident id,date,category,longitude,latitude\n\
         1,2018-01-03 12:00,robbery,-90.2,38.6\n2,2018-01-04 12:00,burglary,,\n\
         3,2018-03-04 10:00,puzzling,0,0\n4,2018-03-05 10:00,robbery,38.6,-90.2\n5,yesterday,robbery,-90.2,38.6\n",
    )
    .expect("written");
    let (quality, rejects) = (folder.path().join("q.json"), folder.path().join("r.ndjson"));
    let done = hotblocks()
        .args(["import", "incidents"])
        .arg(&file)
        .arg("--quality")
        .arg(&quality)
        .arg("--rejects")
        .arg(&rejects)
        .assert()
        .code(3);
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(said.contains("5 read · 3 incidents") && said.contains("2 refused"), "{said}");
    let json = |path: &Path| std::fs::read_to_string(path).expect("written");
    let q: Json = serde_json::from_str(&json(&quality)).expect("JSON");
    assert_eq!(q["rows"]["refused_by_reason"]["date unreadable"], 1);
    assert_eq!(q["rows"]["refused_by_reason"]["coordinates cannot be in their CRS"], 1);
    let s = &q["sources"][0];
    // What is in no category is sensitive: its blank is withheld.
    assert_eq!((&s["located"]["missing"], &s["located"]["withheld"]), (&1.into(), &1.into()));
    assert_eq!(s["origin_unknown_share"], 1.0);
    assert_eq!(s["empty_months"], serde_json::json!(["2018-02"]));
    assert_eq!(s["time_piles"]["12_00_stands_for_unknown"], true);
    assert_eq!(s["classes_in_no_category"]["most"][0]["class"], "puzzling");
    assert_eq!(s["horizon"], Json::Null);
    let rows: Vec<Json> =
        json(&rejects).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(rows[0]["reason"].as_str().is_some_and(|why| why.contains("look swapped")), "{rows:?}");
    assert_eq!((rows[1]["line"].as_u64(), rows[1]["column"].as_str()), (Some(6), Some("date")));
}

/// Two months of one source: the second file revises a row and withdraws another.
#[test]
fn a_later_file_revises_and_withdraws() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let layout = write(
        "mine.toml",
        "name='mine'\ntitle='t'\nunit='incident'\ntime_zone='America/Chicago'\ncrs='OGC:CRS84'\nrequired=['no','at']\n\
         [columns]\nid='no'\noccurred='at'\nclass='what'\nstatus='state'\nx='x'\ny='y'\n\
         [formats]\noccurred=['%Y-%m-%d %H:%M']\n[keys]\nlater_file='revises'\n\
         [values.status]\nwithdrawn=['gone']\nunreviewed=['new']\n[classes]\n'SHOTS'='weapon_discharge'\n",
    );
    let first = write(
        "1.csv",
        "no,at,what,state,x,y\na,2024-01-01 10:00,SHOTS,new,-90.2,38.6\nb,2024-01-01 11:00,SHOTS,new,-90.2,38.6\nc,2024-01-02 11:00,SHOTS,new,-90.2,38.6\n",
    );
    let second = write(
        "2.csv",
        "no,at,what,state,x,y\na,2024-01-01 10:05,robbery,ok,-90.3,38.6\nb,2024-01-01 11:00,SHOTS,gone,-90.2,38.6\n",
    );
    let out = folder.path().join("out.csv");
    let mut command = hotblocks();
    command
        .args(["import", "incidents"])
        .args([&first, &second])
        .arg("--layout")
        .arg(&layout)
        .arg("-o")
        .arg(&out);
    let done = command.assert().success();
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(said.contains("2 incidents") && said.contains("2 revised"), "{said}");
    let text = std::fs::read_to_string(&out).expect("written");
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .any(|row| row.contains(",a,2,confirmed,2024-01-01T10:05:00-06:00") && row.contains("=robbery")),
        "{text}"
    );
    assert!(rows.iter().any(|row| row.contains(",c,1,unreviewed,")), "{text}");
    // What nobody has looked at is in no rank unless asked for.
    let streets = write(
        "streets.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"A St"},"geometry":{"type":"LineString","coordinates":[[-90.2,38.5995],[-90.2,38.6005]]}},{"type":"Feature","properties":{"name":"B St"},"geometry":{"type":"LineString","coordinates":[[-90.3,38.5995],[-90.3,38.6005]]}}]}"#,
    );
    for (status, expected) in
        [(&[][..], 1), (&["--status", "confirmed,unreviewed"][..], 2), (&["--status", "unreviewed"][..], 1)]
    {
        let mut command = hotblocks();
        command.args(["rank", "--format", "geojson", "--top", "9", "--incidents"]).arg(&out);
        command.arg("--blocks").arg(&streets).args(status);
        let done = command.assert().success();
        let answer: Json = serde_json::from_slice(&done.get_output().stdout).expect("GeoJSON");
        assert_eq!(answer["provenance"]["counts"]["in_blocks"], expected, "{status:?}");
    }
}

#[test]
fn files_of_two_sources_are_not_written_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = hotblocks();
    command.args(["import", "incidents", "fixtures/layouts/lapd.csv", "fixtures/layouts/chicago.csv", "-o"]);
    let done = command.arg(folder.path().join("x.csv")).assert().failure();
    assert!(String::from_utf8_lossy(&done.get_output().stderr).contains("several sources"));
}

/// Streets of a town whose longitude and latitude may be swapped and still be on the globe.
const STREETS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"A St"},"geometry":{"type":"LineString","coordinates":[[-72.935,41.31],[-72.925,41.31]]}},
{"type":"Feature","properties":{"name":"B St"},"geometry":{"type":"LineString","coordinates":[[-72.935,41.312],[-72.925,41.312]]}}]}"#;

/// What a command says on stderr and writes to stdout, with its exit code.
fn said(args: &[&str]) -> (String, String, i32) {
    let done = hotblocks().args(args).assert();
    let output = done.get_output();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stderr), text(&output.stdout), output.status.code().unwrap_or(-1))
}

fn a_town(folder: &Path) -> (String, String) {
    let (rows, streets) = (folder.join("town.csv"), folder.join("streets.geojson"));
    let mut text = "incident id,date,category,longitude,latitude\n".to_owned();
    for n in 0..1_200 {
        text += &format!("t{n},2018-01-03 10:{:02},robbery,-72.93{n:04},41.31\n", n % 60);
    }
    text += "s1,2018-01-04 10:00,robbery,41.31,-72.93\ns2,2018-01-04 10:00,robbery,41.31,-72.931\n";
    for n in 0..12 {
        text += &format!("u{n},2018-01-05 10:00,robbery,-72.8,41.4\n");
    }
    text += "x,someday,robbery,-72.93,41.31\n";
    std::fs::write(&rows, text).expect("written");
    std::fs::write(&streets, STREETS).expect("written");
    (rows.display().to_string(), streets.display().to_string())
}

#[test]
fn flags_of_place_stand_in_the_last_sentence_and_missing_blocks_are_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, streets) = a_town(folder.path());
    let (err, _, code) = said(&["import", "incidents", &rows, "--blocks", "nonexistent.shp"]);
    assert_eq!(code, 4, "{err}");
    let (err, _, code) = said(&["import", "incidents", &rows, "--blocks", &streets]);
    assert_eq!(code, 3, "{err}");
    let last = err.lines().last().expect("a sentence").to_owned();
    for part in [
        "1,215 read · 1,214 incidents",
        "14 outside the study area",
        "2 inside it if longitude and latitude are swapped",
        "12 at points outside it that may stand for unknown",
        " · 1 refused: 1 date unreadable",
    ] {
        assert!(last.contains(part), "{part} is not in\n{last}");
    }
    // Without blocks the middle of the file tells which are swapped.
    let (err, out, code) = said(&["import", "incidents", &rows, "--quality", "-"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("of 2 rows longitude and latitude look swapped"), "{err}");
    let report: Json = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!(report["rows"]["longitude_and_latitude_look_swapped"], 2);
    assert!(!err.contains("outside the study area"), "{err}");
}

#[test]
fn an_import_into_a_store_writes_the_same_report_of_quality() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, streets) = a_town(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (store, with, without) = (path("city.hotblocks"), path("with.json"), path("without.json"));
    let (err, _, code) = said(&["init", "--store", &store, "--blocks", &streets]);
    assert_eq!(code, 0, "{err}");
    let import = ["import", "incidents", &rows, "--blocks", &streets, "--quality"];
    let (err, _, code) = said(&[&import[..], &[&with, "--store", &store]].concat());
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("14 outside the study area") && err.contains("1,214 new"), "{err}");
    said(&[&import[..], &[&without]].concat());
    let read = |file: &str| std::fs::read_to_string(file).expect("written");
    assert_eq!(read(&with), read(&without));
    assert!(read(&with).contains("\"outside_study_area\": 14"));
}

#[test]
fn two_documents_never_share_stdout_and_a_dash_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, streets) = a_town(folder.path());
    let import = ["import", "incidents", &rows];
    let (err, out, code) = said(&[&import[..], &["--rejects", "-"]].concat());
    assert_eq!(code, 3, "{err}");
    let row: Json = serde_json::from_str(&out).expect("one refused row");
    assert_eq!(row["reason"], "date unreadable");
    assert!(!common::repository("-").exists());
    for two in [["-o", "--quality"], ["-o", "--rejects"], ["--quality", "--rejects"]] {
        let (err, out, code) = said(&[&import[..], &[two[0], "-", two[1], "-"]].concat());
        assert!(code == 2 && out.is_empty() && err.contains("cannot both go to stdout"), "{two:?}: {err}");
    }
    let rank = ["rank", "--incidents", &rows, "--blocks", &streets, "--rejects", "-"];
    let (err, out, code) = said(&rank);
    assert!(code == 2 && out.is_empty() && err.contains("cannot both go to stdout"), "{err}");
    let answer = folder.path().join("answer.csv").display().to_string();
    let (err, out, code) = said(&[&rank[..], &["-o", &answer]].concat());
    assert!(code == 3 && out.lines().count() == 1, "{err}\n{out}");
}

#[test]
fn a_crs_that_is_not_used_is_told_and_one_that_is_none_is_named_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, streets) = a_town(folder.path());
    let unused = "--crs EPSG:26996 is not used: the ";
    for (args, by) in [
        (["import", "incidents", &rows], "layout says OGC:CRS84"),
        (["import", "blocks", &streets], "file says OGC:CRS84"),
    ] {
        let (err, ..) = said(&[&args[..], &["--crs", "EPSG:26996"]].concat());
        assert!(err.contains(&format!("{unused}{by}")), "{err}");
        let (err, ..) = said(&[&args[..], &["--crs", "EPSG:4326"]].concat());
        assert!(!err.contains("is not used"), "{err}");
    }
    let (err, _, code) = said(&["import", "incidents", &rows, "--crs", "nonsense"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.starts_with("error: ") && !err.contains("proj_create"), "{err}");
}

#[test]
fn a_month_without_incidents_is_an_empty_file_and_no_share_is_told_of_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, _) = a_town(folder.path());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let none = write("june.geojson", r#"{"type":"FeatureCollection","features":[]}"#);
    let header = write("july.csv", "incident id,date,category,longitude,latitude\n");
    let (err, _, code) = said(&["import", "incidents", &none]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("june.geojson: holds no incident") && err.contains("0 read · 0 incidents"), "{err}");
    assert!(!err.contains('%'), "{err}");
    let (err, _, code) = said(&["import", "incidents", &header]);
    assert!(code == 0 && !err.contains('%'), "{err}");
    let (err, _, code) = said(&["import", "incidents", &none, &rows]);
    assert!(code == 3 && err.contains("1,215 read") && err.contains("100.0 % located"), "{err}");
    // A feature without properties is a row that no layout knows.
    let bare =
        r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[-72.93,41.31]}}"#;
    let bare = write("bare.geojson", &format!(r#"{{"type":"FeatureCollection","features":[{bare}]}}"#));
    let (err, _, code) = said(&["import", "incidents", &bare]);
    assert!(code == 1 && err.contains("no layout fits"), "{err}");
    // Areas name the flag that their own command has.
    let ring = r#"{"type":"Polygon","coordinates":[[[-72.9,41.3],[-72.8,41.3],[-72.8,41.4],[-72.9,41.3]]]}"#;
    let area = format!(r#"{{"type":"Feature","properties":{{"name":"x"}},"geometry":{ring}}}"#);
    let (err, _, code) = said(&["import", "areas", &write("area.geojson", &area)]);
    assert!(code == 2 && err.contains("--kind neighborhood") && !err.contains("--areas"), "{err}");
}
