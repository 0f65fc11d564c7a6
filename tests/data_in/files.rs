//! Files as they should not be: what is bad is refused with what, where and how to mend it, and nothing is lost.

use crate::common;

use std::path::{Path, PathBuf};

use common::repository;
use hotblocks::analysis::clusters::dbscan::DbscanParams;
use hotblocks::engine::clusters::Method;
use hotblocks::engine::query::Query;
use hotblocks::ingest::blocks::{self, BlocksError, Shapes};
use hotblocks::ingest::incidents::{self, IncidentsError, Options};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::model::incident::Located;
use hotblocks::space::coord::Metres;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

/// The sample's points under another name, with its `.shp` and `.dbf` changed.
fn sample(folder: &Path, change: impl Fn(&mut Vec<u8>, &mut Vec<u8>)) -> PathBuf {
    let read = |ending| {
        std::fs::read(repository(&format!("data/new-haven/new_haven_merged.{ending}"))).expect("shipped")
    };
    let (mut shp, mut dbf) = (read("shp"), read("dbf"));
    change(&mut shp, &mut dbf);
    write(folder, "sample.dbf", &dbf);
    write(folder, "sample.shp", &shp)
}

fn read_incidents(path: &Path) -> Result<Account, IncidentsError> {
    let input = Input::at(path).expect("a known ending");
    incidents::read(&[input], &Options::default(), &|| ()).map(|(_, account)| account)
}

#[test]
fn a_shapefile_that_ends_early_is_refused_and_does_not_go_on_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = sample(folder.path(), |shp, _| shp.truncate(shp.len() - 14));
    let text = common::chain(&read_incidents(&cut).expect_err("cut"));
    assert!(text.contains("beyond shape 3292") && text.contains("export it again"), "{text}");
    let cut = sample(folder.path(), |_, dbf| dbf.truncate(dbf.len() - 1000));
    let text = common::chain(&read_incidents(&cut).expect_err("cut"));
    assert!(text.contains("of 3293 rows"), "{text}");
}

#[test]
fn shapes_and_attributes_that_differ_in_number_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let fewer = sample(folder.path(), |_, dbf| dbf[4..8].copy_from_slice(&3000u32.to_le_bytes()));
    let text = common::chain(&read_incidents(&fewer).expect_err("293 shapes without attributes"));
    assert!(text.contains("3293 shapes but 3000 rows"), "{text}");
}

#[test]
fn a_deleted_row_is_refused_and_its_neighbors_keep_their_own_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = sample(folder.path(), |_, _| ());
    let options = Options::default();
    let read = |path: &Path| {
        let input = Input::at(path).expect("a known ending");
        incidents::read(&[input], &options, &|| ()).expect("readable")
    };
    let (all, _) = read(&whole);
    let deleted = sample(folder.path(), |_, dbf| {
        let first = usize::from(u16::from_le_bytes([dbf[8], dbf[9]]));
        let width = usize::from(u16::from_le_bytes([dbf[10], dbf[11]]));
        dbf[first + 10 * width] = b'*';
    });
    let (rest, account) = read(&deleted);
    assert_eq!((account.read, account.kept, account.refused.len()), (3293, 3292, 1));
    assert_eq!((account.refused[0].line, account.refused[0].reason.as_str()), (11, "marked as deleted"));
    for at in 0..3292 {
        let twin = if at < 10 { at } else { at + 1 };
        assert_eq!(
            (rest.reports.get(at).place, rest.reports.get(at).when),
            (all.reports.get(twin).place, all.reports.get(twin).when)
        );
    }
}

#[test]
fn one_bad_feature_of_a_geojson_is_one_refused_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = r#"{"type":"Feature","properties":{"name":"A"},"geometry":{"type":"LineString","coordinates":[[-90.2,38.6],[-90.19,38.6]]}}"#;
    let bad = [
        r#"{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[1],[2]]}}"#,
        r#"{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":null}}"#,
        r#"{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[["a","b"],["c","d"]]}}"#,
        r#"{"type":"Feature","properties":{},"geometry":{"type":"Blob","coordinates":[[1,2],[3,4]]}}"#,
        r#"{"type":"Feature","properties":{},"geometry":null}"#,
        r#"{"type":"Feature","properties":{},"geometry":{}}"#,
        r#"{"type":"Feature","properties":{},"geometry":{"type":"MultiLineString","coordinates":[]}}"#,
        r#"{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[-90.2,38.6],[-90.2,38.6]]}}"#,
        r#"{"type":"Feature","properties":{"name":"far"},"geometry":{"type":"LineString","coordinates":[[0,0],[0,0.01]]}}"#,
    ];
    let text = format!(r#"{{"type":"FeatureCollection","features":[{good},{},{good}]}}"#, bad.join(","));
    let file = write(folder.path(), "streets.geojson", text.as_bytes());
    let (shapes, account) = blocks::read(&Input::at(&file).expect("known"), None).expect("two good streets");
    assert!(matches!(shapes, Shapes::Streets(streets) if streets.len() == 2));
    assert_eq!((account.read, account.kept, account.refused.len()), (11, 2, 9), "{:?}", account.reasons());
    assert!(
        account.refused.iter().any(|r| r.reason.contains("300 km") && r.line == 10),
        "{:?}",
        account.refused
    );
}

#[test]
fn the_local_crs_comes_from_the_middle_of_the_blocks_and_not_from_a_stray_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut features: Vec<String> = (0..5)
        .map(|n| format!(r#"{{"type":"Feature","properties":{{"name":"S{n}"}},"geometry":{{"type":"LineString","coordinates":[[-90.2,{}],[-90.19,{}]]}}}}"#, 38.6 + 0.001 * f64::from(n), 38.6 + 0.001 * f64::from(n)))
        .collect();
    features.push(r#"{"type":"Feature","properties":{"name":"stray"},"geometry":{"type":"LineString","coordinates":[[100,10],[100.1,10]]}}"#.to_owned());
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let streets = write(folder.path(), "streets.geojson", text.as_bytes());
    let points =
        write(folder.path(), "points.csv", b"date,category,lon,lat\n2018-01-01 10:00,robbery,-90.195,38.6\n");
    let (snapshot, _, account) = common::load(&[points], &streets);
    assert_eq!(snapshot.dataset().crs.to_string(), "EPSG:32615");
    assert_eq!(account.refused.len(), 1);
}

#[test]
fn the_nasty_files_beside_the_repository_are_read_or_refused_with_a_reason() {
    let folder = repository("../shared/data/nasty");
    if !folder.exists() {
        eprintln!("SKIPPED: the nasty files are not beside the repository");
        return;
    }
    for file in ["slmpd_december2013.csv", "slmpd_may2013.csv", "slmpd_may2017.csv"] {
        let account = read_incidents(&folder.join(file)).expect(file);
        assert!(account.kept > 3000 && account.refused.is_empty(), "{file}: {:?}", account.reasons());
    }
    let shapes = |file: &str| blocks::read(&Input::at(&folder.join(file)).expect("known"), None);
    assert!(matches!(shapes("noprj_feet_Chicago77.shp"), Err(BlocksError::NoCrs { .. })));
    let (_, account) = shapes("geojson_nullgeom_neighborhoods.geojson").expect("the rest can be used");
    assert!(account.refused.iter().any(|r| r.reason == "no geometry"), "{:?}", account.reasons());
}

#[test]
fn sensitive_offenses_are_drawn_in_no_outline_and_a_withheld_place_stays_withheld() {
    let folder = tempfile::tempdir().expect("a folder");
    let street = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"A"},"geometry":{"type":"LineString","coordinates":[[-90.2,38.6],[-90.19,38.6]]}}]}"#;
    let streets = write(folder.path(), "streets.geojson", street.as_bytes());
    let mut rows = String::from("incidentid,date,category,lon,lat\n");
    for n in 0..5 {
        rows.push_str(&format!("r{n},2018-01-0{} 10:00,rape,-90.195,38.6\n", n + 1));
        rows.push_str(&format!("b{n},2018-01-0{} 10:00,burglary,-90.193,38.6\n", n + 1));
    }
    // One event: its rape has no place, its robbery has one.
    rows.push_str("both,2018-01-09 10:00,rape,0,0\nboth,2018-01-09 10:00,robbery,-90.191,38.6\n");
    // One event: a robbery leads, a domestic offense is among its reports.
    rows.push_str(
        "two,2018-01-10 10:00,robbery,-90.197,38.6\ntwo,2018-01-10 10:00,family_offense,-90.197,38.6\n",
    );
    // Groups and the unknown map nothing.
    rows.push_str("u1,2018-02-01 10:00,Person,-90.191,38.6\nu2,2018-02-02 10:00,unknown,-90.191,38.6\n");
    let points = write(folder.path(), "points.csv", rows.as_bytes());
    let (snapshot, account, _) = common::load(&[points], &streets);
    assert_eq!((account.read, account.kept), (16, 16));
    let data = snapshot.dataset();
    let withheld =
        (0..data.incidents.len()).filter(|&at| data.incidents.located(at) == Located::Withheld).count();
    assert_eq!(withheld, 1, "the place of the event is that of its rape: none");
    let all = snapshot.select(&Query::default()).expect("all");
    let params = DbscanParams { eps: Metres(10.0), min_points: 3 };
    let drawn = snapshot.groups(&all, &Method::Dbscan(params), None).expect("clusters");
    assert_eq!((drawn.groups.len(), drawn.incidents), (1, 7), "five burglaries and two unmapped");
    // They count in their block all the same.
    assert_eq!(snapshot.rank(&all)[0].count.incidents(), 13);
    let ask = hotblocks::layer::Ask {
        query: Query::default(),
        within: Vec::new(),
        page: hotblocks::layer::Page::ALL,
    };
    let shown = hotblocks::layer::incidents::incidents(&snapshot, &ask).expect("a layer");
    assert_eq!(shown.matched, 5, "only the burglaries");
}
