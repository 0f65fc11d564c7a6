//! Hot spots of the sample, as both edges give them: what is tested, what is told, what is refused.

use crate::common;

use common::answers;
use hotblocks::analysis::hotspots::mann_kendall::mann_kendall;
use hotblocks::engine::params::hotspots::HOTSPOTS;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::{Feature, Layer, Value};

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &HOTSPOTS, pairs)
}

fn get<'a>(pairs: &'a [(&'static str, Value)], name: &str) -> &'a Value {
    pairs.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, value)| value)
}

fn number(feature: &Feature, name: &str) -> f64 {
    match get(&feature.properties, name) {
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        other => panic!("{name} is {other:?}"),
    }
}

fn told<'a>(layer: &'a Layer, name: &str) -> &'a Value {
    let Value::Map(parameters) = get(&layer.provenance, "parameters") else { panic!("parameters") };
    get(parameters, name)
}

#[test]
fn blocks_are_tested_with_zeros_and_the_hottest_comes_first() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("category", "property")]).expect("hot spots");
    assert_eq!(layer.matched, snapshot.dataset().block_set.blocks.len());
    let z: Vec<f64> = layer.features.iter().map(|feature| number(feature, "z")).collect();
    assert!(z[0] > 3.0 && z.is_sorted_by(|a, b| a >= b));
    assert!(layer.features.iter().any(|feature| number(feature, "incidents") == 0.0));
    for feature in &layer.features {
        let (z, p, q, bin) =
            (number(feature, "z"), number(feature, "p"), number(feature, "q"), number(feature, "bin"));
        assert!(bin * z >= 0.0 && (0.0..=1.0).contains(&p), "{feature:?}");
        assert_eq!(bin.abs() >= 2.0, q <= 0.05, "{feature:?}");
        assert!(number(feature, "p_permuted") >= 0.002);
    }
    // 999 permutations cannot carry a false discovery rate over that many blocks, so all of them are gone through.
    assert!(format!("{:?}", told(&layer, "q_from")).contains("exact p"));
    assert!(layer.features.iter().all(|feature| number(feature, "q") >= number(feature, "p_exact") - 1e-6));
    assert_eq!(told(&layer, "units"), &Value::text("blocks"));
    assert_eq!(told(&layer, "neighbors"), &Value::text("contiguity"));
    assert_eq!((told(&layer, "permutations"), told(&layer, "seed")), (&Value::Int(999), &Value::Int(1)));
}

#[test]
fn where_nothing_is_hot_the_answer_says_what_to_do_and_where_something_is_it_does_not() {
    let (snapshot, ..) = common::new_haven();
    let hint = |pairs: &[(&str, &str)]| {
        let layer = ask(&snapshot, pairs).expect("hot spots");
        let hot = layer.features.iter().any(|feature| number(feature, "bin") > 0.0);
        let hints: Vec<String> = layer
            .warnings()
            .filter(|one| one.contains("hot at the usual levels"))
            .map(str::to_owned)
            .collect();
        // It comes last, where the page looks for it.
        assert!(hints.len() <= 1 && hints.iter().all(|hint| layer.warnings().last() == Some(hint.as_str())));
        (hot, hints.into_iter().next())
    };
    // What the page asks at first; and everything.
    assert_eq!(
        hint(&[("category", "person,property")]),
        (
            false,
            Some("no block is hot at the usual levels: choose more categories, a longer period or cells instead of blocks".to_owned())
        )
    );
    assert_eq!(hint(&[]), (true, None));
    let (hot, cells) = hint(&[("category", "person,property"), ("units", "cells"), ("cell_m", "60")]);
    assert!(
        hot || cells.is_some_and(|hint| hint.starts_with("no cell is hot") && hint.ends_with("larger cells"))
    );
    // Fewer than Esri would take at all have a reason of their own.
    let few =
        ask(&snapshot, &[("category", "robbery"), ("datetime", "2014-09-01/2014-09-05")]).expect("hot spots");
    let told: Vec<&str> = few.warnings().collect();
    assert!(
        told.iter().any(|one| one.contains("too few"))
            && !told.iter().any(|one| one.contains("usual levels")),
        "{told:?}"
    );
}

#[test]
fn protected_offenses_count_in_their_block_and_in_no_cell() {
    let (snapshot, ..) = common::new_haven();
    let incidents = |pairs: &[(&str, &str)]| {
        let layer = ask(&snapshot, pairs).expect("hot spots");
        layer.features.iter().map(|feature| number(feature, "incidents")).sum::<f64>()
    };
    let query = hotblocks::engine::query::Query::default();
    let selection = snapshot.select(&query).expect("all");
    let ranked: u64 = snapshot.rank(&selection).iter().map(|row| row.count.incidents()).sum();
    assert_eq!(incidents(&[]), ranked as f64);
    let cells = ask(&snapshot, &[("units", "cells"), ("cell_m", "250")]).expect("hot spots");
    let Value::Int(outside) = told(&cells, "outside") else { panic!("a count") };
    let inside = incidents(&[("units", "cells"), ("cell_m", "250")]);
    let drawn: usize = {
        let data = snapshot.dataset();
        let protected =
            |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
        let located = |at: &usize| data.incidents.local(*at).is_some();
        (0..data.incidents.len())
            .filter(|&at| !data.held[at] && selection.has(data, at) && !protected(at))
            .filter(located)
            .count()
    };
    assert_eq!(inside + *outside as f64, drawn as f64);
    assert!(inside > 0.95 * drawn as f64);
    assert!(format!("{:?}", told(&cells, "left_out")).contains("sexual"));
}

#[test]
fn cells_and_band_follow_esri_s_steps_where_none_are_given_and_every_step_is_told() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("units", "cells"), ("neighbors", "band")]).expect("hot spots");
    let Value::Map(cell) = told(&layer, "cell_steps") else { panic!("the steps of the cell") };
    let Value::Map(band) = told(&layer, "band_steps") else { panic!("the steps of the band") };
    let Value::List(tried) = get(band, "tried") else { panic!("the bands") };
    assert_eq!(tried.len(), 10);
    assert_eq!(get(cell, "cell_m"), told(&layer, "cell_m"));
    assert_eq!(get(band, "band_m"), told(&layer, "band_m"));
    let given =
        ask(&snapshot, &[("units", "cells"), ("cell_m", "200"), ("neighbors", "band"), ("band_m", "400")]);
    let given = given.expect("hot spots");
    assert_eq!(
        (told(&given, "cell_m"), told(&given, "band_m")),
        (&Value::Float(200.0), &Value::Float(400.0))
    );
    assert_eq!((told(&given, "cell_steps"), told(&given, "band_steps")), (&Value::Null, &Value::Null));
    assert!(given.features[0].id.starts_with("square-200m_"));
}

#[test]
fn enough_permutations_carry_the_false_discovery_rate_and_the_seed_repeats_them() {
    let (snapshot, ..) = common::new_haven();
    let cells = [("units", "cells"), ("cell_m", "500"), ("permutations", "99999"), ("seed", "7")];
    let layer = ask(&snapshot, &cells).expect("hot spots");
    assert_eq!(told(&layer, "q_from"), &Value::text("permuted p"));
    assert_eq!(layer, ask(&snapshot, &cells).expect("again"));
    let mut other = cells;
    other[3].1 = "8";
    assert_ne!(layer, ask(&snapshot, &other).expect("another seed"));
}

#[test]
fn local_moran_tells_quadrants_and_emerging_tells_patterns() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(
        &snapshot,
        &[("statistic", "local-moran"), ("neighbors", "nearest"), ("nearest", "6"), ("fdr", "by")],
    );
    let layer = layer.expect("local Moran");
    assert_eq!((told(&layer, "nearest"), told(&layer, "fdr")), (&Value::Int(6), &Value::text("by")));
    let words = ["high-high", "low-low", "high-low", "low-high"];
    for feature in &layer.features {
        match get(&feature.properties, "class") {
            Value::Text(class) => assert!(words.contains(&class.as_str()) && number(feature, "q") <= 0.05),
            _ => assert!(number(feature, "q") > 0.05 || number(feature, "neighbors") == 0.0),
        }
    }
    let days = ("datetime", "2014-09-01/2014-09-30");
    let layer = ask(&snapshot, &[days, ("statistic", "emerging"), ("units", "cells"), ("cell_m", "500")]);
    let layer = layer.expect("emerging hot spots");
    assert_eq!((told(&layer, "steps"), told(&layer, "permutations")), (&Value::Int(11), &Value::Null));
    assert_eq!(told(&layer, "step_dates"), &Value::text("2014-09-01/2014-09-30"));
    assert!(layer.features.iter().all(|feature| number(feature, "trend_p") <= 1.0));
    // The last of the steps is what the map shows, and Mann-Kendall's trend is that of all but the first.
    for feature in &layer.features {
        let list = |name: &str| match get(&feature.properties, name) {
            Value::List(list) => list.iter().map(answers::number).collect::<Vec<f64>>(),
            other => panic!("{name} is {other:?}"),
        };
        let (z, q) = (list("z_by_step"), list("q_by_step"));
        assert_eq!((z.len(), q.len()), (11, 11));
        assert_eq!((z[10], q[10]), (number(feature, "z"), number(feature, "q")));
        let trend = mann_kendall(&z[1..]).expect("ten steps");
        assert!((trend.z - number(feature, "trend_z")).abs() < 1e-6, "{} {z:?}", trend.z);
    }
    assert!(layer.features.iter().any(|feature| get(&feature.properties, "class") != &Value::Null));
}

#[test]
fn polygons_touch_along_their_borders() {
    let (snapshot, ..) = common::new_haven_polygons();
    let layer = ask(&snapshot, &[]).expect("hot spots");
    let mean =
        layer.features.iter().map(|feature| number(feature, "neighbors")).sum::<f64>() / layer.matched as f64;
    assert!((5.0..8.0).contains(&mean), "{mean} neighbors");
}

#[test]
fn what_cannot_be_tested_names_the_parameter_that_mends_it() {
    let (snapshot, ..) = common::new_haven();
    let refused = |pairs: &[(&str, &str)]| {
        let Err(error) = ask(&snapshot, pairs) else { panic!("hot spots of {pairs:?}") };
        (error.parameter(), common::chain(&error))
    };
    let (parameter, why) = refused(&[("permutations", "99")]);
    assert!(parameter == Some("permutations") && why.contains("from 999 to 99999"), "{why}");
    let (parameter, why) = refused(&[("neighbors", "band"), ("band_m", "100000")]);
    assert!(parameter == Some("neighbors") || parameter == Some("band_m"), "{why}");
    let (parameter, why) =
        refused(&[("units", "cells"), ("cell_m", "500"), ("neighbors", "band"), ("band_m", "100")]);
    assert!(parameter == Some("neighbors") && why.contains("longer band"), "{why}");
    let (parameter, why) = refused(&[("datetime", "2014-09-01/2014-09-05"), ("statistic", "emerging")]);
    assert!(parameter == Some("steps") && why.contains("5 days"), "{why}");
    let (parameter, why) = refused(&[("datetime", "1999-01-01/1999-01-31")]);
    assert!(parameter == Some("units") && why.contains("at least one must differ"), "{why}");
    let (parameter, _) = refused(&[("category", "nothing")]);
    assert_eq!(parameter, Some("category"));
    let (parameter, why) = refused(&[("units", "cells"), ("cell_m", "0.5")]);
    assert!(parameter == Some("cell_m") && why.contains("smallest side"), "{why}");
}

#[test]
fn global_moran_goes_with_every_answer_by_lists_and_by_windows() {
    let (snapshot, ..) = common::new_haven_polygons();
    let moran = |layer: &Layer| {
        let Value::Map(moran) = told(layer, "moran") else { panic!("Moran") };
        assert_eq!(get(moran, "weights"), &Value::text("row-standardized"));
        ["i", "expected", "z", "p"].map(|name| match get(moran, name) {
            Value::Float(number) => *number,
            other => panic!("{name} is {other:?}"),
        })
    };
    let blocks = moran(&ask(&snapshot, &[]).expect("hot spots"));
    let n = snapshot.dataset().block_set.blocks.len() as f64;
    assert!((blocks[1] + 1.0 / (n - 1.0)).abs() < 1e-9);
    assert!(blocks[0] > 0.05 && blocks[2] > 5.0 && blocks[3] > 0.0 && blocks[3] < 1e-6, "{blocks:?}");
    let same = moran(&ask(&snapshot, &[("statistic", "local-moran")]).expect("local Moran"));
    assert_eq!(blocks, same);
    // Gi* on cells sums over windows, local Moran over lists.
    for near in [&[("neighbors", "contiguity")][..], &[("neighbors", "band"), ("band_m", "1000")]] {
        let cells = [&[("units", "cells"), ("cell_m", "400")][..], near].concat();
        let windows = moran(&ask(&snapshot, &cells).expect("hot spots"));
        let lists = [&cells[..], &[("statistic", "local-moran")]].concat();
        let lists = moran(&ask(&snapshot, &lists).expect("local Moran"));
        for (a, b) in windows.iter().zip(lists).take(3) {
            assert!((a - b).abs() < 2e-6, "{near:?}: {windows:?} is not {lists:?}");
        }
    }
}

#[test]
fn a_small_probability_is_never_told_as_0() {
    use hotblocks::encode::{csv, geojson, table};
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[]).expect("hot spots");
    let of = |name: &str| layer.features.iter().map(|f| number(f, name)).fold(f64::INFINITY, f64::min);
    let (p, q) = (of("p"), of("q"));
    assert!(p > 0.0 && p < 1e-6 && q > 0.0 && q < 0.05, "{p} {q}");
    let column = |text: &str, name: &str, cut: fn(&str) -> Vec<String>| {
        let mut lines = text.lines().skip_while(|line| !cut(line).contains(&name.to_owned()));
        let at = cut(lines.next().expect("a header")).iter().position(|one| one == name).expect("a column");
        lines.map(|line| cut(line)[at].clone()).collect::<Vec<_>>()
    };
    let commas = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let told = column(&csv::rows(&layer), "q", commas);
    assert!(told.iter().all(|cell| cell.parse::<f64>().is_ok_and(|q| q > 0.0 && q <= 1.0)), "{told:?}");
    let text = table::table(&layer);
    assert!(text.contains(&format!("{p:e}")), "{}", text.lines().take(8).collect::<Vec<_>>().join("\n"));
    assert!(!text.contains("0.0000000"), "written out");
    let json: serde_json::Value =
        serde_json::from_str(&geojson::collection(&layer, serde_json::Value::Null)).expect("JSON");
    assert!(
        json["features"].as_array().expect("some").iter().all(|f| f["properties"]["q"].as_f64() > Some(0.0))
    );
    for (p, told) in [(1.0, 1.0), (0.001, 0.001), (0.000_099_94, 9.99e-5), (3.217e-9, 3.22e-9), (0.0, 1e-300)]
    {
        assert_eq!(Value::probability(p), Value::Float(told), "{p}");
    }
    assert_eq!(Value::probability(f64::NAN), Value::Null);
}

#[test]
fn local_moran_draws_high_clusters_hot_low_ones_cold_and_outliers_as_outliers() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("statistic", "local-moran"), ("units", "cells"), ("cell_m", "400")])
        .expect("tested");
    let mut met = std::collections::BTreeSet::new();
    for feature in &layer.features {
        let bin = number(feature, "bin") as i64;
        let expected = match get(&feature.properties, "class") {
            Value::Text(class) => {
                met.insert(class.clone());
                match class.as_str() {
                    "high-high" => 3,
                    "high-low" => 1,
                    "low-high" => -1,
                    _ => -3,
                }
            }
            _ => 0,
        };
        assert_eq!(bin, expected, "{}", feature.id);
    }
    assert!(met.contains("high-high"), "{met:?}");
    let labels: Vec<&str> = layer.legend.classes.iter().map(|class| class.label.as_str()).collect();
    assert_eq!(labels.len(), 4);
    let hot = layer.legend.classes.iter().find(|class| class.from == Some(3.0)).expect("a class");
    assert!(hot.label.contains("high among high"));
}

#[test]
fn few_incidents_are_warned_of_and_tested_over_all_permutations() {
    let (snapshot, ..) = common::new_haven();
    let near = [("neighbors", "nearest"), ("nearest", "4")];
    let few = ask(&snapshot, &[&[("category", "robbery")][..], &near].concat()).expect("tested");
    assert!(few.warnings().any(|text| text.contains("too few")), "{:?}", few.warnings().collect::<Vec<_>>());
    assert!(!few.warnings().any(|text| text.contains("far from normal")));
    assert!(format!("{:?}", told(&few, "q_from")).contains("exact p"));
    assert!(
        answers::number(told(&few, "expected_around_a_unit")) < answers::number(told(&few, "normal_from"))
    );
    // Robberies lie apart on the sample: a normal p would call blocks hot for a single one.
    let alone = few.features.iter().filter(|f| number(f, "incidents") <= 1.0 && number(f, "bin") > 1.0);
    assert_eq!(alone.count(), 0);
}

#[test]
fn a_stray_date_is_no_step_of_emerging_hot_spots() {
    let header = "incidentid,date,category,longitude,latitude,origin,firearm,shooting\n";
    let mut rows = String::from("stray,1990-06-01 10:00,robbery,-90.205,38.6,,,\n");
    for id in 0..120 {
        let (month, day) = (1 + id % 6, 1 + id % 28);
        let place = ["-90.205,38.6", "-90.195,38.6", "-90.2,38.595", "-90.205,38.6"][id % 4];
        rows += &format!("{id},2018-{month:02}-{day:02} 10:00,robbery,{place},,,\n");
    }
    let town = common::town::town_of(&format!("{header}{rows}"), None);
    assert_eq!(town.dates().map(|(first, _)| first.year()), Some(1990));
    assert_eq!(town.observed().map(|(first, _)| first.to_string()), Some("2018-01-01".to_owned()));
    let layer =
        ask(&town, &[("statistic", "emerging"), ("neighbors", "nearest"), ("nearest", "2"), ("steps", "12")])
            .expect("tested");
    let Value::Text(dates) = told(&layer, "step_dates") else { panic!("dates are told") };
    assert!(dates.starts_with("2018-01-01/2018-0"), "{dates}");
    let counted: f64 = layer.features.iter().map(|feature| number(feature, "incidents")).sum();
    assert_eq!(counted, 120.0, "the stray is in no step and is not counted");
}
