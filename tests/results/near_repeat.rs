//! Near repeats and scans of the sample, end to end: what is asked is echoed, what may not be drawn is not.

use crate::common;

use common::answers::{self, get, number, parameter};
use common::command::{SAMPLE, hotblocks, told};
use hotblocks::analysis::scan::space_time::SpaceTimeParams;
use hotblocks::analysis::scan::spatial::ScanParams;
use hotblocks::encode;
use hotblocks::engine::params::near_repeat::{DRAWN, NEAR_REPEAT, SHOW, ZONES};
use hotblocks::engine::query::Query;
use hotblocks::engine::scan::Exposure;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::{Ask, Layer, Page, Value, scan};
use hotblocks::space::coord::Metres;

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &NEAR_REPEAT, pairs)
}

const BANDS: [(&str, &str); 2] = [("distances_m", "100,200,400"), ("days", "2,7")];

#[test]
fn the_table_of_the_sample_tells_what_made_it() {
    let (snapshot, ..) = common::new_haven();
    let layer =
        ask(&snapshot, &[&BANDS[..], &[("permutations", "99"), ("seed", "7")]].concat()).expect("a table");
    // The same place and three bands of distance, two of time.
    assert_eq!((layer.name, layer.features.len()), ("near-repeat", 8));
    assert!(layer.features.iter().all(|row| row.geometry.is_none()));
    for (name, told) in [("metric", "euclidean"), ("same_place", "apart")] {
        assert_eq!(parameter(&layer, name), &Value::text(told));
    }
    assert_eq!(parameter(&layer, "permutations"), &Value::Int(99));
    assert_eq!(parameter(&layer, "seed"), &Value::Int(7));
    assert_eq!(
        parameter(&layer, "distances_m"),
        &Value::List(vec![Value::Float(100.0), Value::Float(200.0), Value::Float(400.0)])
    );
    let same_place = &layer.features[0].properties;
    assert_eq!(get(same_place, "band"), &Value::text("same place"));
    let (observed, mean) = (number(get(same_place, "observed")), number(get(same_place, "mean")));
    assert!(observed > mean && number(get(same_place, "p")) <= 0.01, "addresses repeat soon: {same_place:?}");
    let rows = encode::json::rows(&layer);
    let answer: serde_json::Value = serde_json::from_str(&rows).expect("JSON");
    assert_eq!(answer["rows"].as_array().map(Vec::len), Some(8));
    assert_eq!(answer["provenance"]["parameters"]["seed"], 7);
    assert_eq!(encode::csv::rows(&layer).lines().count(), 9);
    assert!(encode::table::table(&layer).contains("same place"));
}

#[test]
fn the_table_is_the_same_again_and_with_the_same_place_in_the_first_band() {
    let (snapshot, ..) = common::new_haven();
    let few = [&BANDS[..], &[("permutations", "99")]].concat();
    let apart = ask(&snapshot, &few).expect("a table");
    assert_eq!(apart, ask(&snapshot, &few).expect("a table"));
    let within = ask(&snapshot, &[&few[..], &[("same_place", "with-near")]].concat()).expect("a table");
    assert_eq!(within.features.len(), 6);
    let observed = |layer: &Layer, row: usize| number(get(&layer.features[row].properties, "observed"));
    assert_eq!(observed(&within, 0), observed(&apart, 0) + observed(&apart, 2));
    let streets = ask(&snapshot, &[&few[..], &[("metric", "manhattan")]].concat()).expect("a table");
    assert_eq!(parameter(&streets, "metric"), &Value::text("manhattan"));
    assert!(observed(&streets, 6) < observed(&apart, 6), "the same edge reaches less far along streets");
}

#[test]
fn chains_of_the_sample_have_outlines_and_two_incidents_none() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("distances_m", "30"), ("days", "2"), ("show", "chains")]).expect("chains");
    assert!(!layer.features.is_empty());
    let mut before = f64::INFINITY;
    for chain in &layer.features {
        let incidents = number(get(&chain.properties, "incidents"));
        assert!(chain.geometry.is_some() && (3.0..=before).contains(&incidents), "{chain:?}");
        assert!(number(get(&chain.properties, "links")) >= incidents - 1.0);
        before = incidents;
    }
    assert!(number(parameter(&layer, "pairs_not_drawn")) > 0.0);
}

#[test]
fn zones_are_for_the_day_after_the_period_and_lie_within_each_other() {
    let (snapshot, ..) = common::new_haven();
    let shown = [("distances_m", "457.2"), ("days", "21"), ("show", "zones"), ("category", "burglary")];
    let layer =
        ask(&snapshot, &[&shown[..], &[("datetime", "2014-09-01/2014-09-20")]].concat()).expect("zones");
    assert_eq!(parameter(&layer, "from"), &Value::text("2014-09-21"));
    for (name, esri) in [("range_m", 457.2), ("half_distance_m", 174.346), ("half_life_days", 6.0)] {
        assert_eq!(parameter(&layer, name), &Value::Float(esri), "{name}");
    }
    let area: Vec<f64> =
        layer.features.iter().map(|zone| number(get(&zone.properties, "area_km2"))).collect();
    assert!(
        area.len() > 1 && area.is_sorted_by(|a, b| a > b),
        "the lowest risk is the largest zone: {area:?}"
    );
}

#[test]
fn what_may_not_be_drawn_is_in_no_table_chain_or_zone() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&Query::default()).expect("all");
    let data = snapshot.dataset();
    let timed = snapshot.timed(&selection);
    assert!(!timed.incidents.is_empty());
    for &at in &timed.incidents {
        let hidden = data.incidents.classes(at).any(|class| data.classes.get(class).flags.sensitive());
        assert!(!hidden && !data.held[at], "{}", data.incidents.id(at));
    }
    let left_out = (0..data.incidents.len())
        .filter(|&at| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected()))
        .count();
    assert!(left_out > 0 && timed.incidents.len() < data.incidents.len() - left_out);
}

#[test]
fn the_layer_shows_zones_or_chains_as_the_command_does_and_whatever_is_configured_for_that_no_table() {
    let (snapshot, ..) = common::new_haven();
    let bands = [("distances_m", "100,200"), ("days", "7,14"), ("category", "person,property")];
    let drawn = |more: &[(&str, &str)]| {
        answers::ask(&snapshot, &ZONES, &[&bands[..], more].concat()).expect("a layer")
    };
    let shown = |word| ask(&snapshot, &[&bands[..], &[("show", word)]].concat()).expect("a layer");
    assert_eq!(drawn(&[]), shown("zones"));
    assert_eq!(drawn(&[]), drawn(&[("show", "zones")]));
    assert_eq!(drawn(&[("show", "chains")]), shown("chains"));
    assert!(drawn(&[]).features.len() > 1 && drawn(&[("show", "chains")]).features.len() > 1);
    assert_ne!(drawn(&[]), ask(&snapshot, &bands).expect("a table"));
    let mut configured = answers::values(&NEAR_REPEAT, &[&bands[..], &[("show", "pairs")]].concat());
    let asked = |values: &_| answer(&snapshot, &ZONES, values, Page::ALL).expect("a layer");
    assert_eq!(asked(&configured), drawn(&[]));
    configured.set_wire(&SHOW, "chains").expect("a word");
    assert_eq!(asked(&configured), drawn(&[("show", "chains")]));
    assert!(configured.set_wire(&DRAWN, "pairs").is_err());
}

#[test]
fn edges_are_not_guessed() {
    let (snapshot, ..) = common::new_haven();
    let missing = ask(&snapshot, &[("days", "7")]).expect_err("was answered");
    assert_eq!(missing.parameter(), Some("distances_m"));
    let missing = ask(&snapshot, &[("distances_m", "100")]).expect_err("was answered");
    assert_eq!(missing.parameter(), Some("days"));
    let many: Vec<String> = (1..=17).map(|day| day.to_string()).collect();
    let refused =
        ask(&snapshot, &[("distances_m", "100"), ("days", &many.join(","))]).expect_err("was answered");
    assert!(refused.parameter() == Some("days") && refused.to_string().contains("1 to 16"), "{refused}");
}

#[test]
fn the_command_answers_in_each_format_and_wants_its_edges() {
    let run = |args: &[&str]| told(hotblocks().arg("near-repeat").args(SAMPLE).args(args));
    let bands = ["--distances", "100m,400m", "--days", "7,14", "--permutations", "99"];
    let (code, table, _) = run(&bands);
    assert!(code == 0 && table.contains("same place") && table.contains("permutations 99"), "{table}");
    let (_, json, _) = run(&[&bands[..], &["--format", "json"]].concat());
    let answer: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(answer["rows"].as_array().map(Vec::len), Some(6));
    let (_, zones, _) = run(&[&bands[..], &["--show", "zones", "--format", "geojson"]].concat());
    let answer: serde_json::Value = serde_json::from_str(&zones).expect("GeoJSON");
    assert_eq!(answer["features"][0]["geometry"]["type"], "MultiPolygon");
    for (args, says) in [
        (&["--days", "7"][..], "--distances"),
        (&["--distances", "400m,100m", "--days", "7"][..], "the shorter first"),
        (&["--distances", "100", "--days", "7"][..], "unit"),
    ] {
        let (code, out, err) = run(args);
        assert!(code == 2 && out.is_empty() && err.contains(says), "{code} {err}");
    }
}

fn everything() -> Ask {
    Ask { query: Query::default(), within: Vec::new(), page: Page::ALL }
}

#[test]
fn the_scan_of_blocks_circles_what_its_members_hold() {
    let (snapshot, ..) = common::new_haven_polygons();
    let params = ScanParams { share: 0.05, radius: Some(Metres(300.0)), least: 3, permutations: 99, seed: 1 };
    let layer = scan::scan(&snapshot, &everything(), Exposure::Area, &params).expect("a scan");
    let first = &layer.features[0];
    assert!(first.geometry.is_some() && number(get(&first.properties, "p")) <= 0.01, "{first:?}");
    assert_eq!(parameter(&layer, "exposure"), &Value::text("area"));
    let selection = snapshot.select(&Query::default()).expect("all");
    let result = snapshot.scan(&selection, Exposure::Area, &params).expect("a scan");
    let blocks = &snapshot.dataset().block_set.blocks;
    for cluster in &result.scan.clusters {
        let area: f64 = cluster
            .members
            .iter()
            .map(|&i| blocks[result.blocks[i as usize].0 as usize].area.expect("polygons have one").0)
            .sum();
        let expected = result.scan.incidents as f64 * area / result.scan.exposure;
        assert!((cluster.expected / expected - 1.0).abs() < 1e-9 && cluster.observed >= 3);
    }
}

#[test]
fn intersections_have_no_length_and_are_told() {
    let (snapshot, ..) = common::new_haven();
    let params = ScanParams { share: 0.01, radius: Some(Metres(100.0)), least: 3, permutations: 99, seed: 1 };
    let layer = scan::scan(&snapshot, &everything(), Exposure::Length, &params).expect("a scan");
    let (scanned, left) =
        (number(parameter(&layer, "incidents")), number(parameter(&layer, "without_exposure")));
    let even = scan::scan(&snapshot, &everything(), Exposure::Even, &params).expect("a scan");
    assert_eq!(number(parameter(&even, "incidents")), scanned + left);
    assert!(left > 0.0 && number(parameter(&even, "without_exposure")) == 0.0);
}

#[test]
fn the_scan_of_the_last_days_tells_days_and_recurrence() {
    let (snapshot, ..) = common::new_haven();
    let params = SpaceTimeParams {
        radius: Metres(300.0),
        share: 0.5,
        days: 7,
        least: 3,
        every: 1.0,
        permutations: 99,
        seed: 1,
    };
    let mut question = everything();
    question.query.period = Some("2014-09-01/2014-09-20".parse().expect("a period"));
    let layer = scan::space_time_scan(&snapshot, &question, &params).expect("a scan");
    assert_eq!(parameter(&layer, "from"), &Value::text("2014-09-01"));
    let first = &layer.features[0].properties;
    assert_eq!(get(first, "last"), &Value::text("2014-09-20"));
    let (p, recurrence) = (number(get(first, "p")), number(get(first, "recurrence_days")));
    assert!((recurrence * p - 1.0).abs() < 1e-3 && number(get(first, "incidents")) >= 3.0, "{first:?}");
}
