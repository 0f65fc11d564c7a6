//! Rankings over time, end to end: concentration, change between periods, trends; nothing past what is complete.

use crate::common;

use std::path::Path;

use assert_cmd::Command;
use common::answers::{self, get, number, parameter};
use hotblocks::encode;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::{Feature, Layer, Value};
use hotblocks::space::coord::Local;
use hotblocks::space::crs::Crs;
use jiff::ToSpan;
use jiff::civil::{Date, date};

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &RANK, pairs)
}

fn of(feature: &Feature, name: &str) -> f64 {
    number(get(&feature.properties, name))
}

const HALVES: [(&str, &str); 3] = [
    ("view", "change"),
    ("datetime", "2014-09-16/2014-09-30"),
    ("compare_datetime", "2014-09-01/2014-09-15"),
];

/// Ten years of robberies in twelve square blocks: the first rises from year to year, the second has thirty a year, the
/// others three. Each is recorded twenty days later, so that the last days of 2019 are not complete.
fn city(folder: &Path, turned: bool) -> Snapshot {
    let crs = Crs::new("EPSG:32615").expect("UTM");
    let degrees = |x: f64, y: f64| {
        let place = crs.from_local(Local { x: 740_000.0 + x, y: 4_279_000.0 + y }).expect("a place");
        (place.lon(), place.lat())
    };
    let square = |block: u32| {
        let x = 200.0 * f64::from(block);
        let corners = [(x, 0.), (x + 200.0, 0.), (x + 200.0, 200.), (x, 200.), (x, 0.)];
        let ring: Vec<String> = corners
            .iter()
            .map(|&(x, y)| {
                let (lon, lat) = degrees(x, y);
                format!("[{lon},{lat}]")
            })
            .collect();
        format!(
            r#"{{"type":"Feature","properties":{{"name":"Block {block}"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            ring.join(",")
        )
    };
    let squares: Vec<String> = (0..12).map(square).collect();
    let blocks = folder.join("blocks.geojson");
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, squares.join(","));
    std::fs::write(&blocks, text).expect("written");
    let mut rows = Vec::new();
    for year in 2010..2020i16 {
        for block in 0..12u32 {
            let n = match block {
                0 => 4 * (year - 2009),
                1 => 30,
                _ => 3,
            };
            for k in 0..n {
                // Spread over the whole year, so that each one is known from its first day.
                let day: Date =
                    date(year, 12, 31).saturating_sub((i64::from(k) * 364 / i64::from(n - 1)).days());
                let recorded = day.saturating_add(20.days());
                let (lon, lat) = degrees(200.0 * f64::from(block) + 100.0, 5.0 + f64::from(k));
                rows.push(format!(
                    "{year}-{block}-{k},{day}T12:00:00-06:00,,{recorded},Robbery,,,{lon},{lat},citizen,no,no,no"
                ));
            }
        }
    }
    if turned {
        rows.reverse();
    }
    let head = "case_id,date,until,recorded,category,house_number,address,longitude,latitude,origin,domestic,firearm,shooting";
    let incidents = folder.join("incidents.csv");
    std::fs::write(&incidents, format!("{head}\n{}\n", rows.join("\n"))).expect("written");
    common::load(&[incidents], &blocks).0
}

fn made(turned: bool) -> Snapshot {
    city(tempfile::tempdir().expect("a folder").path(), turned)
}

fn row<'a>(layer: &'a Layer, block: &str) -> &'a Feature {
    let named = |f: &&Feature| *get(&f.properties, "name") == Value::text(block);
    layer.features.iter().find(named).unwrap_or_else(|| panic!("no {block}"))
}

#[test]
fn concentration_of_the_sample_follows_from_its_ranked_list() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("view", "concentration")]).expect("incidents");
    let list = ask(&snapshot, &[]).expect("incidents");
    let counts: Vec<f64> = list.features.iter().map(|f| of(f, "incidents")).collect();
    let total: f64 = counts.iter().sum();
    assert_eq!(number(parameter(&layer, "incidents_in_blocks")), total);
    assert_eq!(number(parameter(&layer, "blocks")), counts.len() as f64);
    assert_eq!(layer.features.len(), 3);
    for (held, level) in layer.features.iter().zip([0.25, 0.5, 0.8]) {
        let blocks = of(held, "blocks") as usize;
        // As many of the first blocks hold the level, and one fewer does not.
        assert!(counts[..blocks].iter().sum::<f64>() >= level * total - 1e-9);
        assert!(counts[..blocks - 1].iter().sum::<f64>() < level * total);
        assert!((of(held, "share_of_blocks") - blocks as f64 / counts.len() as f64).abs() < 1e-6);
        assert!(of(held, "marginal") > 0.0, "incidents gather more than by chance");
    }
    assert_eq!(get(&layer.features[1].properties, "law_lo"), &Value::Float(0.021));
    assert_eq!(get(&layer.features[2].properties, "law_lo"), &Value::Null);
    // Fewer incidents than blocks: Gini is high for that alone, the generalized one is not.
    let (gini, general) = (number(parameter(&layer, "gini")), number(parameter(&layer, "generalized_gini")));
    assert!(general < gini && number(parameter(&layer, "generalized_gini_by_chance")) < general);
    let Value::List(lorenz) = parameter(&layer, "lorenz") else { panic!("no curve") };
    assert_eq!(lorenz.len(), 101);
    assert!(!encode::table::table(&layer).contains("lorenz"), "a curve is for a picture");
}

#[test]
fn concentration_where_nothing_happened_is_refused_by_name() {
    let (snapshot, ..) = common::new_haven();
    let refused = ask(&snapshot, &[("view", "concentration"), ("datetime", "2001-01-01/2001-12-31")]);
    let error = refused.expect_err("no incidents");
    assert_eq!(error.parameter(), Some("datetime"));
    assert!(error.to_string().contains("longer period"), "{error}");
}

#[test]
fn halves_of_the_sample_differ_by_no_more_than_chance_almost_everywhere() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &HALVES).expect("two periods");
    for name in ["observed_days", "observed_days_before"] {
        assert_eq!(number(parameter(&layer, name)), 15.0, "{name}");
    }
    assert_eq!(parameter(&layer, "compare_period"), &Value::text("2014-09-01/2014-09-15"));
    let (mut with, mut told) = (0, 0);
    for block in &layer.features {
        let (now, before) = (of(block, "incidents"), of(block, "incidents_before"));
        if now + before == 0.0 {
            assert_eq!(get(&block.properties, "change_ratio"), &Value::Null);
            continue;
        }
        with += 1;
        let (lo, ratio, hi) = (of(block, "change_lo"), of(block, "change_ratio"), of(block, "change_hi"));
        assert!(0.0 < lo && lo < ratio && ratio < hi, "{block:?}");
        told += usize::from(get(&block.properties, "change") != &Value::text("cannot tell"));
        // Nothing to rise from is no infinite rise.
        assert!(ratio < 6.0 && ratio > 0.1, "{block:?}");
        assert_eq!(get(&block.properties, "trend"), &Value::text("cannot tell"));
    }
    assert!(with > 800 && told * 20 < with, "{told} of {with}");
    let Value::Text(why) = parameter(&layer, "trend") else { panic!("no word on trends") };
    assert!(why.contains("0 whole periods"), "{why}");
}

#[test]
fn the_ratio_of_a_block_lies_between_its_own_and_the_city_s() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &HALVES).expect("two periods");
    let city = number(parameter(&layer, "city_ratio"));
    for block in layer.features.iter().filter(|b| of(b, "incidents") + of(b, "incidents_before") >= 10.0) {
        let own = (of(block, "incidents") / of(block, "incidents_before").max(0.5)).max(1e-3);
        let (low, high) = (own.min(city) * 0.95, own.max(city) * 1.05);
        assert!((low..=high).contains(&of(block, "change_ratio")), "{city} {block:?}");
    }
}

#[test]
fn days_that_are_not_complete_are_cut_or_refused_and_said_so() {
    let snapshot = made(false);
    let until = snapshot.complete_until().expect("records tell");
    assert_eq!(until, date(2019, 12, 31), "the day that ten records reach, less the lag");
    let layer = ask(
        &snapshot,
        &[
            ("view", "change"),
            ("datetime", "2019-01-01/2020-06-30"),
            ("compare_datetime", "2018-01-01/2018-12-31"),
        ],
    )
    .expect("two periods");
    assert_eq!(
        parameter(&layer, "not_complete"),
        &Value::List(vec![Value::text(format!("{}/2020-06-30", until.tomorrow().expect("a day")))])
    );
    assert_eq!(get(&layer.provenance, "period"), &Value::text(format!("2019-01-01/{until}")));
    for (now, before) in [
        ("2020-01-15/2020-12-31", "2018-01-01/2018-12-31"),
        ("2018-01-01/2018-12-31", "2020-01-15/2020-12-31"),
    ] {
        let refused = ask(&snapshot, &[("view", "change"), ("datetime", now), ("compare_datetime", before)]);
        let error = refused.expect_err("not complete");
        assert!(error.to_string().contains("2019-12-31"), "{error}");
    }
}

#[test]
fn periods_that_share_days_or_are_not_given_are_refused_with_the_parameter() {
    let snapshot = made(false);
    for (now, before) in [
        ("2018-01-01/2018-12-31", "2018-12-31/2019-06-01"),
        ("2012-01-01/2018-12-31", "2013-01-01/2013-12-31"),
    ] {
        let refused = ask(&snapshot, &[("view", "change"), ("datetime", now), ("compare_datetime", before)]);
        let error = refused.expect_err("shared days");
        assert_eq!(error.parameter(), Some("compare_datetime"), "{error}");
        assert!(error.to_string().contains("apart"), "{error}");
    }
    let error = ask(&snapshot, &[("view", "change")]).expect_err("nothing to compare with");
    assert_eq!(error.parameter(), Some("compare_datetime"), "{error}");
}

#[test]
fn a_longer_period_is_compared_by_the_day() {
    let snapshot = made(false);
    let layer = ask(
        &snapshot,
        &[
            ("view", "change"),
            ("datetime", "2018-01-01/2018-12-31"),
            ("compare_datetime", "2015-01-01/2017-12-31"),
        ],
    )
    .expect("two periods");
    let steady = row(&layer, "Block 1");
    assert_eq!((of(steady, "incidents"), of(steady, "incidents_before")), (30.0, 90.0));
    let ratio = of(steady, "change_ratio");
    assert!((ratio - 1.0).abs() < 0.12, "{ratio}");
    assert_eq!(get(&steady.properties, "change"), &Value::text("cannot tell"));
}

#[test]
fn a_trend_takes_eight_whole_periods_and_cannot_tell_is_the_ordinary_answer() {
    let snapshot = made(false);
    let change = |end: &str, by: &str| {
        let period = format!("2016-01-01/{end}");
        let pairs = [
            ("view", "change"),
            ("datetime", &period),
            ("compare_datetime", "2014-01-01/2014-12-31"),
            ("trend_by", by),
        ];
        ask(&snapshot, &pairs).expect("two periods")
    };
    let ten = change("2019-12-31", "year");
    assert_eq!(number(parameter(&ten, "trend_periods")), 10.0);
    assert_eq!(parameter(&ten, "trend_span"), &Value::text("2010-01-01/2019-12-31"));
    let words: Vec<&Value> = ten.features.iter().map(|b| get(&b.properties, "trend")).collect();
    assert_eq!(words.iter().filter(|word| **word == &Value::text("up")).count(), 1);
    assert_eq!(get(&row(&ten, "Block 0").properties, "trend"), &Value::text("up"));
    assert_eq!(get(&row(&ten, "Block 1").properties, "trend"), &Value::text("cannot tell"));
    // The year that the period ends in is not whole: seven are left, and seven are too few.
    let seven = change("2017-06-30", "year");
    assert_eq!(number(parameter(&seven, "trend_periods")), 7.0);
    assert!(seven.features.iter().all(|b| get(&b.properties, "trend") == &Value::text("cannot tell")));
    assert!(seven.features.iter().all(|b| get(&b.properties, "trend_q") == &Value::Null));
    let quarters = change("2019-12-31", "quarter");
    assert_eq!(number(parameter(&quarters, "trend_periods")), 40.0);
    assert_eq!(get(&row(&quarters, "Block 0").properties, "trend"), &Value::text("up"));
    // One of twelve blocks is the first twentieth: of ten years block 0 leads from its eighth, with 32, on.
    assert_eq!(of(row(&ten, "Block 0"), "persistent"), 0.3);
    assert_eq!(of(row(&ten, "Block 1"), "persistent"), 0.7);
    assert_eq!(of(row(&ten, "Block 5"), "persistent"), 0.0);
}

#[test]
fn views_over_time_count_gun_crime_where_they_are_asked_to_and_refuse_rates_and_harm() {
    let (snapshot, ..) = common::new_haven();
    let gun = ask(&snapshot, &[("view", "concentration"), ("by", "gun")]).expect("robberies by firearm");
    let list = ask(&snapshot, &[("by", "gun")]).expect("a list");
    let total: f64 = list.features.iter().map(|f| of(f, "score")).sum();
    assert_eq!(
        (number(parameter(&gun, "incidents_in_blocks")), parameter(&gun, "by")),
        (total, &Value::text("gun"))
    );
    let all = ask(&snapshot, &[("view", "concentration")]).expect("incidents");
    assert!(total > 0.0 && total < number(parameter(&all, "incidents_in_blocks")));
    let change = ask(&snapshot, &[&HALVES[..], &[("by", "gun")]].concat()).expect("two periods");
    let sum = |name: &str| change.features.iter().map(|f| of(f, name)).sum::<f64>();
    assert_eq!(sum("incidents") + sum("incidents_before"), total);
    for (name, word) in [("by", "rate"), ("by", "harm")] {
        for view in [&HALVES[..], &[("view", "concentration")]] {
            let error =
                ask(&snapshot, &[view, &[(name, word)]].concat()).expect_err("no number of incidents");
            assert!(error.parameter() == Some("by") && error.to_string().contains("by=count"), "{error}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_order_of_the_input() {
    let ask_of = |snapshot: &Snapshot, seed: &str| {
        let change = ask(
            snapshot,
            &[
                ("view", "change"),
                ("datetime", "2016-01-01/2018-12-31"),
                ("compare_datetime", "2013-01-01/2015-12-31"),
                ("seed", seed),
            ],
        );
        let concentration = ask(snapshot, &[("view", "concentration"), ("seed", seed)]);
        [change, concentration].map(|layer| encode::json::rows(&layer.expect("an answer")))
    };
    let first = ask_of(&made(false), "7");
    assert_eq!(first, ask_of(&made(true), "7"));
    let other = ask_of(&made(false), "8");
    assert!(first[0] != other[0] && first[1] != other[1], "another seed draws other incidents");
}

#[test]
fn the_command_line_says_what_is_missing_and_writes_both_views() {
    let run = |args: &[&str]| {
        let sample = [
            "rank",
            "--incidents",
            "data/new-haven/new_haven_merged.shp",
            "--blocks",
            "data/new-haven/newhaven_nework.shp",
        ];
        let mut command = Command::cargo_bin("hotblocks").expect("the binary");
        command.current_dir(common::repository("")).args(sample).args(args).output().expect("it runs")
    };
    let held = run(&["--view", "concentration", "--format", "csv"]);
    assert!(held.status.success());
    assert_eq!(String::from_utf8_lossy(&held.stdout).lines().count(), 4);
    let change = run(&[
        "--view",
        "change",
        "--period",
        "2014-09-16/2014-09-30",
        "--compare-period",
        "2014-09-01/2014-09-15",
        "--top",
        "5",
    ]);
    let text = String::from_utf8_lossy(&change.stdout);
    assert!(change.status.success() && text.contains("change_ratio") && text.contains("top 5,"), "{text}");
    let missing = run(&["--view", "change"]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("compare"), "{missing:?}");
}
