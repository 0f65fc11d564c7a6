//! Target areas of the sample, end to end: budgets are kept, outlines are valid, what is told can be added up.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};

use common::answers::{self, get, number, parameter};
use geo::{Area, Validation};
use hotblocks::encode;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::params::targets::TARGETS;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::{Layer, Page, Value};
use hotblocks::model::block::BlockKind;

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &TARGETS, pairs)
}

fn texts(value: &Value) -> Vec<String> {
    let Value::List(list) = value else { panic!("{value:?} is no list") };
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    };
    list.iter().map(text).collect()
}

fn sum(layer: &Layer, name: &str) -> f64 {
    layer.features.iter().map(|target| number(get(&target.properties, name))).sum()
}

/// Checks what must hold of every answer.
fn check(snapshot: &Snapshot, layer: &Layer) {
    let set = &snapshot.dataset().block_set.blocks;
    let by_id: BTreeMap<&str, usize> = set.iter().enumerate().map(|(at, b)| (b.id.as_str(), at)).collect();
    let mut seen = BTreeSet::new();
    let mut before = f64::INFINITY;
    for target in &layer.features {
        let score = number(get(&target.properties, "expected"));
        assert!(score <= before, "the one with the greatest score comes first");
        before = score;
        let shape = target.geometry.as_ref().expect("an outline");
        assert!(shape.is_valid() && shape.unsigned_area() > 0.0, "{}", target.id);
        let ids = texts(get(&target.properties, "block_ids"));
        assert_eq!(ids.len() as f64, number(get(&target.properties, "blocks")));
        let joints = texts(get(&target.properties, "intersection_ids"));
        let blocks: Vec<usize> = ids.iter().map(|id| by_id[id.as_str()]).collect();
        assert!(blocks.iter().all(|&at| set[at].kind != BlockKind::Node && seen.insert(at)));
        assert!(joints.iter().all(|id| set[by_id[id.as_str()]].kind == BlockKind::Node));
        let length: f64 = blocks.iter().filter_map(|&at| set[at].length).map(|length| length.0).sum();
        if length > 0.0 {
            assert!((number(get(&target.properties, "length_m")) - length).abs() < 0.06);
        }
        let compact = number(get(&target.properties, "compactness"));
        assert!(compact > 0.0 && compact <= 1.0);
    }
    let (found, bound) = (number(parameter(layer, "expected")), number(parameter(layer, "upper_bound")));
    assert!((sum(layer, "expected") - found).abs() < 1e-4 && bound >= found);
    assert!((number(parameter(layer, "gap")) - (bound - found) / bound).abs() < 1e-5);
    assert!(number(parameter(layer, "greedy")) <= found + 1e-9);
}

/// Areas of the outlines in the local plane, in km².
fn outlined(snapshot: &Snapshot, layer: &Layer) -> f64 {
    use geo::MapCoords;
    let crs = &snapshot.dataset().crs;
    let local = |shape: &geo::Geometry| {
        shape.map_coords(|at| {
            let at = hotblocks::space::coord::LonLat::new(at.x, at.y).expect("on the globe");
            geo::Coord::from(crs.to_local(at).expect("in the zone"))
        })
    };
    layer.features.iter().map(|t| local(t.geometry.as_deref().expect("a shape")).unsigned_area() / 1e6).sum()
}

#[test]
fn a_square_mile_in_at_least_three_places_is_no_more_than_that_and_not_less_than_three() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("budget", "0.4mi2"), ("places", "3"), ("category", "person,property")])
        .expect("targets");
    check(&snapshot, &layer);
    assert!(layer.name == "targets" && layer.features.len() >= 3);
    let budget = 0.4 * 2.589_988_110_336;
    let area = sum(&layer, "area_km2");
    assert!(area <= budget && area > 0.95 * budget, "{area} of {budget}");
    // The outline is the ground that is told, but for the parts of cells and seven decimals of a degree.
    assert!((outlined(&snapshot, &layer) - area).abs() < 0.001 * area);
    for (name, told) in [("budget", "0.4mi2"), ("least_size", "0.013333mi2")] {
        assert_eq!(parameter(&layer, name), &Value::text(told));
    }
    assert_eq!(parameter(&layer, "places"), &Value::Int(3));
    // A thousand blocks, a month of counts, many small places allowed: the bound has them alone, without what joins them.
    assert!(number(parameter(&layer, "gap")) < 0.35);
    let again = ask(&snapshot, &[("budget", "0.4mi2"), ("places", "3"), ("category", "person,property")]);
    assert_eq!(again.expect("targets"), layer);
}

#[test]
fn each_unit_of_a_budget_is_kept_and_said() {
    let (snapshot, ..) = common::new_haven();
    for (budget, name, most) in
        [("5km", "length_m", 5000.0), ("12blocks", "blocks", 12.0), ("0.3km2", "area_km2", 0.3)]
    {
        let layer = ask(&snapshot, &[("budget", budget), ("most_places", "2"), ("category", "property")])
            .unwrap_or_else(|error| panic!("{budget}: {error}"));
        check(&snapshot, &layer);
        assert!(sum(&layer, name) <= most + 1e-6 && sum(&layer, name) > 0.9 * most, "{budget}");
        assert!(layer.features.len() <= 2);
    }
}

#[test]
fn a_diameter_and_a_least_size_hold_for_each_place() {
    let (snapshot, ..) = common::new_haven();
    let limits = [("budget", "6km"), ("places", "2"), ("diameter_m", "500"), ("least_size", "4blocks")];
    let layer = ask(&snapshot, &limits).expect("targets");
    check(&snapshot, &layer);
    for target in &layer.features {
        assert!(number(get(&target.properties, "diameter_m")) <= 500.0);
        assert!(number(get(&target.properties, "blocks")) >= 4.0);
    }
}

#[test]
fn polygons_are_chosen_and_dissolved_as_well() {
    let (snapshot, ..) = common::new_haven_polygons();
    let layer = ask(&snapshot, &[("budget", "1km2"), ("most_places", "3")]).expect("targets");
    check(&snapshot, &layer);
    assert!(sum(&layer, "area_km2") <= 1.0 && layer.features.len() <= 3);
    assert!(layer.features.iter().all(|t| get(&t.properties, "length_m") == &Value::Null));
    assert!((outlined(&snapshot, &layer) - sum(&layer, "area_km2")).abs() < 0.02);
    let refused = ask(&snapshot, &[("budget", "3km")]).expect_err("polygons have no length");
    assert_eq!(refused.parameter(), Some("budget"));
}

#[test]
fn within_some_areas_only_their_blocks_are_chosen() {
    // Two halves of the town, and what lies between them in both.
    let inputs =
        [Input::at(&common::repository("data/new-haven/new_haven_merged.shp")).expect("a known ending")];
    let (ledger, _) = incidents::read(&inputs, &Options::default(), &|| ()).expect("readable incidents");
    let streets =
        Input::at(&common::repository("data/new-haven/newhaven_nework.shp")).expect("a known ending");
    let blocks::Shapes::Streets(streets) = blocks::read(&streets, None).expect("readable").0 else {
        panic!("streets")
    };
    let mut dataset = build(ledger, &Ground::Streets(streets), About::default()).expect("a data set");
    let extent = dataset.extent;
    let middle = f64::midpoint(extent.west, extent.east);
    let half = |name: &str, west: f64, east: f64| {
        let ring = format!(
            "[[{west},{s}],[{east},{s}],[{east},{n}],[{west},{n}],[{west},{s}]]",
            s = extent.south - 0.01,
            n = extent.north + 0.01
        );
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"name\":\"{name}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}}}"
        )
    };
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{},{}]}}",
        half("West", extent.west - 0.01, middle),
        half("East Side", middle, extent.east + 0.01)
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("halves.geojson");
    std::fs::write(&file, text).expect("written");
    let shapes = blocks::read(&Input::at(&file).expect("a known ending"), None).expect("readable").0;
    let blocks::Shapes::Areas(areas) = shapes else { panic!("areas") };
    set_areas(&mut dataset, vec![(hotblocks::model::areas::AreaKind::Ward, areas)]).expect("near the blocks");
    let snapshot = Snapshot::new(dataset, 1);
    let all = ask(&snapshot, &[("budget", "20blocks")]).expect("targets");
    let west = ask(&snapshot, &[("budget", "20blocks"), ("within", "West")]).expect("targets");
    let both = ask(&snapshot, &[("budget", "20blocks"), ("within", "West,East Side")]).expect("targets");
    check(&snapshot, &west);
    let Value::List(within) = parameter(&west, "within") else { panic!("areas are told") };
    assert_eq!(within[..], [Value::text("ward:West")]);
    for target in &west.features {
        let Value::Map(kinds) = get(&target.properties, "areas") else { panic!("areas by kind") };
        assert_eq!(texts(&kinds[0].1), ["West"]);
    }
    let east = ask(&snapshot, &[("budget", "60blocks"), ("within", "east side")]).expect("targets");
    for target in &east.features {
        // Blocks on the border lie in both halves; a place speaks for the one that was asked for.
        let Value::Map(kinds) = get(&target.properties, "areas") else { panic!("areas by kind") };
        assert_eq!(texts(&kinds[0].1), ["East Side"]);
        let name = texts(&Value::List(vec![get(&target.properties, "name").clone()])).remove(0);
        assert!(name.ends_with(", East Side") || number(get(&target.properties, "blocks")) == 1.0, "{name}");
    }
    let score = |layer: &Layer| number(parameter(layer, "expected"));
    assert!(score(&west) < score(&all) && (score(&both) - score(&all)).abs() < 1e-9);
    assert_eq!(sum(&west, "blocks"), 20.0);
    let refused = ask(&snapshot, &[("budget", "20blocks"), ("within", "Nowhere")]).expect_err("no such area");
    assert_eq!(refused.parameter(), Some("within"));
    assert!(refused.to_string().ends_with("there are `East Side`, `West`"), "{refused}");
    let near = ask(&snapshot, &[("budget", "20blocks"), ("within", "wst")]).expect_err("no such area");
    assert!(near.to_string().ends_with("did you mean `West`?"), "{near}");
}

#[test]
fn limits_that_cannot_be_met_are_refused_and_what_is_offered_is_accepted() {
    let (snapshot, ..) = common::new_haven();
    let check = |pairs: &[(&str, &str)], parameter: &str, words: &str| {
        let refused = ask(&snapshot, pairs).expect_err(words);
        assert_eq!(refused.parameter(), Some(parameter), "{refused}");
        assert!(refused.to_string().contains(words), "{refused}");
    };
    check(&[("budget", "0.1m")], "budget", "give at least 0.27");
    check(&[("budget", "300households")], "budget", "no block here has a number of households");
    check(&[("budget", "5blocks"), ("places", "9")], "places", "give from 1 to 5");
    check(&[("budget", "5blocks"), ("places", "3"), ("most_places", "2")], "most_places", "contradict");
    check(&[("budget", "5blocks"), ("least_size", "6blocks")], "least_size", "give at most 5blocks");
    // The shortest piece of street is under a metre, the least that can be asked for.
    ask(&snapshot, &[("budget", "2blocks"), ("diameter_m", "1")]).expect("a stub");
    ask(&snapshot, &[("budget", "5blocks"), ("places", "5")]).expect("what is said to be accepted is");
    ask(&snapshot, &[("budget", "5blocks"), ("least_size", "5blocks")])
        .expect("what is said to be accepted is");
    let mut values = Values::default();
    let budget = TARGETS.params.iter().find(|p| p.wire == "budget").expect("a parameter");
    assert!(values.set_wire(budget, "7").expect_err("no unit").to_string().contains("with its unit"));
    let none = answer(&snapshot, &TARGETS, &Values::default(), Page::ALL).expect_err("no budget");
    assert_eq!(none.parameter(), Some("budget"));
}

#[test]
fn without_incidents_there_are_targets_of_no_score() {
    let (snapshot, ..) = common::new_haven();
    let layer =
        ask(&snapshot, &[("budget", "3blocks"), ("datetime", "1999-01-01/1999-12-31")]).expect("targets");
    assert_eq!(number(parameter(&layer, "expected")), 0.0);
    assert_eq!(parameter(&layer, "expected_share"), &Value::Null);
    assert!(!layer.features.is_empty());
    assert!(!encode::geojson::collection(&layer, serde_json::Value::Null).contains("NaN"));
}

#[test]
fn the_command_gives_targets_with_a_budget_and_named_areas_without() {
    let run = |more: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("hotblocks").expect("built");
        command
            .args(["areas", "--config"])
            .arg(common::repository("data/new-haven/hotblocks.toml"))
            .args(more);
        command.output().expect("runs")
    };
    let targets = run(&["--budget", "0.3 mi2", "--places", "2", "--format", "geojson"]);
    assert!(targets.status.success());
    let parsed: serde_json::Value = serde_json::from_slice(&targets.stdout).expect("JSON");
    assert_eq!(parsed["provenance"]["layer"], "targets");
    assert!(parsed["features"].as_array().is_some_and(|features| features.len() >= 2));
    let named = run(&["--format", "json"]);
    let parsed: serde_json::Value = serde_json::from_slice(&named.stdout).expect("JSON");
    assert_eq!(parsed["provenance"]["layer"], "areas");
    let lacking = run(&["--places", "3"]);
    assert_eq!(lacking.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&lacking.stderr).contains("--budget is not given"));
    let tiny = run(&["--budget", "0.1m"]);
    assert_eq!(tiny.status.code(), Some(2));
}

#[test]
fn a_street_that_bounds_several_sides_is_named_once_and_places_that_wind_are_told() {
    let (snapshot, ..) = crate::common::new_haven();
    let wide = ask(&snapshot, &[("budget", "2km2")]).expect("places");
    for target in &wide.features {
        let Value::Text(bounds) = get(&target.properties, "bounds") else { continue };
        let words: Vec<&str> = bounds.split(", ").collect();
        let street = |words: &str| {
            let name =
                words.split(' ').skip_while(|word| ["north", "east", "south", "west", "and"].contains(word));
            name.collect::<Vec<_>>().join(" ")
        };
        let streets: BTreeSet<String> = words.iter().map(|words| street(words)).collect();
        assert_eq!(streets.len(), words.len(), "{bounds}");
        assert!(
            ["north", "east", "south", "west"].iter().all(|side| bounds.matches(side).count() >= 1),
            "{bounds}"
        );
    }
    let least =
        wide.features.iter().map(|target| number(get(&target.properties, "compactness"))).fold(1.0, f64::min);
    let told = |layer: &Layer| format!("{:?}", parameter(layer, "warnings")).contains("wind along streets");
    assert!(least < 0.05 && told(&wide), "{least}");
    assert!(!told(&ask(&snapshot, &[("budget", "2km2"), ("diameter_m", "1000")]).expect("places")));
}
