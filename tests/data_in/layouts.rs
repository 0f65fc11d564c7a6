//! Every layout that ships reads a file of its source as someone else computed it (`fixtures/layouts/expected.csv`).

use crate::common;

use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::class::Firearm;
use hotblocks::model::ledger::resolve;
use hotblocks::model::report::Place;

#[derive(Debug, serde::Deserialize)]
struct Expected {
    file: String,
    layout: String,
    rows: usize,
    incidents: usize,
    first_id: String,
    first_from_utc: String,
    first_seconds: u32,
    first_category: String,
    first_firearm: String,
    first_place: String,
    lon: Option<f64>,
    lat: Option<f64>,
    unmapped_classes: usize,
}

#[track_caller]
fn check(e: &Expected) {
    let file = common::repository("fixtures/layouts").join(&e.file);
    let input = Input::at(&file).expect("a known ending");
    let (ledger, account) = incidents::read(&[input], &Options::default(), &|| ()).expect(&e.file);
    assert_eq!((account.read, account.refused.len()), (e.rows, 0), "{}: {:?}", e.file, account.refused);
    assert_eq!(ledger.sources[0].name, e.layout, "{}", e.file);
    assert_eq!(resolve(&ledger).0.len(), e.incidents, "{}", e.file);
    let first = ledger.reports.get(0);
    assert_eq!(first.id.unwrap_or_default(), e.first_id, "{}", e.file);
    let from: jiff::Timestamp = e.first_from_utc.parse().expect("RFC 3339");
    assert_eq!((first.when.from, first.when.seconds), (from.as_second(), e.first_seconds), "{}", e.file);
    let class = ledger.classes.get(first.class);
    let category = class.category.map(|at| ledger.classes.tree().rows()[at].name.as_str());
    assert_eq!(category.unwrap_or_default(), e.first_category, "{}", e.file);
    let firearm = match class.firearm {
        Firearm::Yes => "yes",
        Firearm::No => "no",
        Firearm::Unknown => "unknown",
    };
    assert_eq!(firearm, e.first_firearm, "{}", e.file);
    let (word, at) = match first.place {
        Place::At(at) => ("located", Some((at.lon(), at.lat()))),
        Place::Missing => ("missing", None),
        Place::Withheld => ("withheld", None),
    };
    assert_eq!(word, e.first_place, "{}", e.file);
    if let (Some((lon, lat)), Some(x), Some(y)) = (at, e.lon, e.lat) {
        assert!((lon - x).abs() < 2e-7 && (lat - y).abs() < 2e-7, "{}: {lon}, {lat}", e.file);
    }
    let unmapped = ledger.classes.rows().iter().filter(|class| class.category.is_none()).count();
    assert_eq!(unmapped, e.unmapped_classes, "{}", e.file);
}

#[test]
fn every_layout_reads_a_file_of_its_source_as_it_is_meant() {
    let path = common::repository("fixtures/layouts/expected.csv");
    let mut table = csv::Reader::from_path(path).expect("the table of expectations");
    let rows: Vec<Expected> = table.deserialize().map(|row| row.expect("a row of it")).collect();
    rows.iter().for_each(check);
    let layouts: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.layout.as_str()).collect();
    let shipped = std::fs::read_dir(common::repository("data/layouts")).expect("the layouts").flatten();
    let without: Vec<String> = shipped
        .map(|entry| entry.path().file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| !layouts.contains(name.as_str()) && !["xy", "new-haven"].contains(&name.as_str()))
        .collect();
    assert!(without.is_empty(), "layouts without a file here: {without:?}");
}

#[test]
fn a_point_in_district_0_of_st_louis_is_no_place() {
    let input = Input::at(&common::repository("fixtures/layouts/slmpd-nibrs.csv")).expect("a known ending");
    let (ledger, _) = incidents::read(&[input], &Options::default(), &|| ()).expect("readable");
    let missing = |id: &str| {
        let mut of_id = ledger.reports.iter().filter(|report| report.id == Some(id));
        of_id.next().map(|report| report.place == Place::Missing)
    };
    assert_eq!((missing("23-900006"), missing("23-900005")), (Some(true), Some(false)));
}
