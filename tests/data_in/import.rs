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
                "{} {} {} {:?} {:?} {place} {:?} {:?} {:?} {:?} {} {classes:?}",
                source.name,
                source.zone.iana_name().unwrap_or_default(),
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
