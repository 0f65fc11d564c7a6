//! The sample that ships, end to end: accounts, held headquarters, ranks, density, clusters.

mod common;

use std::collections::HashMap;

use common::answers::{get, values};
use geo::{Contains, Intersects, Validation};
use hotblocks::analysis::clusters::dbscan::DbscanParams;
use hotblocks::analysis::density::kde::KdeParams;
use hotblocks::encode;
use hotblocks::engine::clusters::Method;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{INCIDENTS, OPERATIONS};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::query::{Query, Tally};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::answer;
use hotblocks::layer::{Layer, Page, Value};
use hotblocks::space::coord::{Local, Metres};

fn query(period: Option<&str>, categories: &[&str]) -> Query {
    Query {
        period: period.map(|p| p.parse().expect("a period")),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
        ..Query::default()
    }
}

fn layer(
    snapshot: &Snapshot,
    operation: &hotblocks::engine::params::table::Operation,
    pairs: &[(&str, &str)],
    page: Page,
) -> Layer {
    answer(snapshot, operation, &values(operation, pairs), page).expect("an answer")
}

#[test]
fn every_row_of_the_sample_is_accounted_for() {
    let (snapshot, incidents, blocks) = common::new_haven();
    assert_eq!((incidents.read, incidents.kept, incidents.refused.len()), (3_293, 3_293, 0));
    assert_eq!((blocks.read, blocks.kept), (1_537, 1_537));
    let data = snapshot.dataset();
    // 46 rows repeat another to the letter.
    assert_eq!((data.incidents.len(), data.resolution.merged), (3_247, 46));
    assert_eq!(data.crs.to_string(), "EPSG:32618");
}

#[test]
fn counts_in_blocks_unassigned_held_and_unlocated_are_all() {
    let (snapshot, ..) = common::new_haven();
    for q in [
        query(None, &[]),
        query(None, &["person", "property"]),
        query(Some("2014-09-01/2014-09-10"), &["drugs"]),
    ] {
        let selection = snapshot.select(&q).expect("known categories");
        let tally: Tally = snapshot.tally(&selection);
        let ranked: u64 = snapshot.rank(&selection).iter().map(|r| r.count.incidents()).sum();
        assert_eq!(ranked, tally.in_blocks as u64, "{q:?}");
        let unlocated: usize = tally.unlocated.values().sum();
        assert_eq!(tally.in_blocks + tally.unassigned + tally.held + unlocated, tally.incidents, "{q:?}");
        assert!(tally.incidents > 0);
    }
}

#[test]
fn police_headquarters_is_held_and_so_is_nothing_else() {
    let (snapshot, ..) = common::new_haven();
    let places = &snapshot.dataset().held_places;
    let found: Vec<_> = places.iter().map(|p| (p.name.as_str(), p.incidents, p.reports)).collect();
    assert_eq!(found, [("1 UNION AVE", 128, 153)]);
    let all = snapshot.select(&query(None, &[])).expect("all");
    let first = snapshot.rank(&all)[0];
    assert_ne!(Some(first.block), places[0].block, "headquarters leads the list");
}

#[test]
fn over_polygons_headquarters_is_held_too_and_edges_are_reported() {
    let (snapshot, _, blocks) = common::new_haven_polygons();
    let data = snapshot.dataset();
    assert_eq!(blocks.read, 1_279, "the file holds this many polygons");
    assert_eq!(data.held_places[0].reports, 153);
    let located = data.assigned.in_blocks + data.assigned.unassigned;
    let share = data.assigned.in_blocks as f64 / located as f64;
    assert!((0.93..0.96).contains(&share), "94.4 % of the rows lie in a polygon, here {share}");
    assert!(
        data.assigned.near_boundary as f64 / located as f64 > 0.5,
        "most points lie near an edge: {}",
        data.assigned.near_boundary
    );
}

#[test]
fn an_incident_in_a_polygon_is_inside_it() {
    let (snapshot, ..) = common::new_haven_polygons();
    let data = snapshot.dataset();
    for at in 0..data.incidents.len() {
        let place = data.incidents.local(at).expect("all are located");
        let point = geo::Point::new(place.x, place.y);
        let inside = |b: usize| data.block_set.blocks[b].local.intersects(&point);
        match data.assignment.main(at) {
            Some(block) => assert!(inside(block.0 as usize)),
            None => assert!(!(0..data.block_set.blocks.len()).any(inside)),
        }
    }
}

#[test]
fn ranks_are_in_order_and_ties_are_told() {
    let (snapshot, ..) = common::new_haven();
    let ranked = snapshot.rank(&snapshot.select(&query(None, &["person", "property"])).expect("known"));
    assert_eq!(ranked.len(), snapshot.dataset().block_set.blocks.len(), "every block once");
    let mut by_score: HashMap<u64, u32> = HashMap::new();
    for row in &ranked {
        *by_score.entry(row.count.incidents()).or_default() += 1;
    }
    for pair in ranked.windows(2) {
        let key = |r: &hotblocks::rank::order::Ranked| (r.count.incidents(), r.count.latest);
        assert!(key(&pair[0]) >= key(&pair[1]));
    }
    for row in ranked.iter().filter(|r| r.rank.is_some()) {
        assert_eq!(row.tied_with + 1, by_score[&row.count.incidents()]);
    }
}

#[test]
fn a_contour_said_to_hold_a_share_holds_it() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None, &["person", "property"])).expect("known");
    let result =
        snapshot.density(&selection, &KdeParams::quartic(Metres(250.0)), Metres(50.0)).expect("a density");
    let places = common::drawn(&snapshot, &selection);
    assert_eq!(places.len(), result.incidents);
    let mut outer: Option<&geo::MultiPolygon> = None;
    for contour in &result.contours {
        assert!(contour.shape.is_valid(), "{} %", contour.level * 100.0);
        let inside = places.iter().filter(|p| contour.shape.contains(&geo::Point::new(p.x, p.y))).count();
        assert_eq!(inside, contour.inside, "{} %", contour.level * 100.0);
        let asked = (contour.level * places.len() as f64).ceil() as usize;
        // Coincident incidents go in together: at most the largest pile more.
        assert!((asked..asked + 12).contains(&inside), "{inside} of {asked}");
        let within_outer = |p: &&Local| outer.is_none_or(|o| o.contains(&geo::Point::new(p.x, p.y)));
        let here = places.iter().filter(|p| contour.shape.contains(&geo::Point::new(p.x, p.y)));
        assert!(here.clone().filter(within_outer).count() == here.count(), "contours are nested");
        outer = Some(&contour.shape);
    }
    let integral = result.density.integral();
    assert!(
        (integral / places.len() as f64 - 1.0).abs() < 2e-2,
        "cells of a fifth of the bandwidth: {integral}"
    );
}

#[test]
fn cluster_outlines_hold_their_incidents() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None, &["person", "property"])).expect("known");
    let method = Method::Dbscan(DbscanParams { eps: Metres(100.0), min_points: 5 });
    let result = snapshot.groups(&selection, &method, None).expect("clusters");
    assert!(result.groups.len() > 3);
    let made = layer(
        &snapshot,
        &CLUSTERS,
        &[("category", "person,property"), ("eps_m", "100"), ("min_points", "5")],
        Page::ALL,
    );
    assert_eq!(made.features.len(), result.groups.len());
    let told: i64 = made
        .features
        .iter()
        .map(|f| match get(&f.properties, "incidents") {
            Value::Int(n) => *n,
            v => panic!("{v:?}"),
        })
        .sum();
    assert_eq!(told as usize, result.incidents - result.noise);
}

/// Parameters with their values, in words.
type Pairs = &'static [(&'static str, &'static str)];

#[test]
fn every_method_of_clusters_answers_and_says_what_it_truly_used() {
    let (snapshot, ..) = common::new_haven();
    let given = |made: &hotblocks::layer::Layer, name: &str| match get(&made.provenance, "parameters") {
        Value::Map(parameters) => parameters.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()),
        v => panic!("{v:?}"),
    };
    let base = [("category", "person,property"), ("min_points", "5")];
    // The method with what it takes, and what its answer says beside that.
    let cases: [(Pairs, Pairs, bool); 6] = [
        (
            &[("method", "dbscan"), ("eps_m", "100"), ("outline", "eps")],
            &[("method", "DBSCAN"), ("outline", "eps")],
            true,
        ),
        (
            &[("method", "hdbscan"), ("min_samples", "4")],
            &[("method", "HDBSCAN"), ("outline", "hull")],
            false,
        ),
        (
            &[("method", "space-time"), ("eps_m", "250"), ("span_days", "7"), ("outline", "ellipse")],
            &[("method", "space-time DBSCAN"), ("outline", "ellipse")],
            true,
        ),
        (
            &[("method", "nnh"), ("eps_m", "100"), ("permutations", "99"), ("seed", "3")],
            &[("method", "Nnh"), ("seed", "3")],
            true,
        ),
        (
            &[("method", "nnh"), ("probability", "0.5"), ("permutations", "99")],
            &[("method", "Nnh"), ("seed", "1")],
            false,
        ),
        (&[("method", "stac"), ("eps_m", "400")], &[("method", "STAC"), ("lattice", "triangular")], true),
    ];
    for (asked, said, has_eps) in cases {
        let made = layer(&snapshot, &CLUSTERS, &[&base[..], asked].concat(), Page::ALL);
        assert!(made.features.len() > 2, "{asked:?}: {}", made.features.len());
        for (name, text) in said {
            // A seed is a number, as everywhere.
            let value = text.parse().map_or_else(|_| Value::text(*text), Value::Int);
            assert_eq!(given(&made, name), Some(value), "{asked:?}");
        }
        assert_eq!(given(&made, "eps_m").is_some(), has_eps, "{asked:?}");
        assert_eq!(given(&made, "min_points"), Some(Value::count(5)));
        assert_eq!(given(&made, "span_days").is_some(), asked.iter().any(|(name, _)| *name == "span_days"));
        for feature in &made.features {
            use geo::Validation;
            assert!(
                feature.geometry.as_deref().is_some_and(Validation::is_valid),
                "{asked:?}: {}",
                feature.id
            );
        }
    }
}

#[test]
fn scans_are_clusters_by_another_method_and_say_what_they_truly_used() {
    let (snapshot, ..) = common::new_haven();
    let base = [("category", "person,property"), ("min_points", "5"), ("permutations", "99")];
    let cases: [(Pairs, &str, &str); 3] = [
        (&[("method", "scan")], "spatial scan", "length"),
        (&[("method", "scan"), ("exposure", "even"), ("eps_m", "500")], "spatial scan", "even"),
        (&[("method", "space-time-scan"), ("eps_m", "500"), ("span_days", "7")], "prospective", ""),
    ];
    for (asked, method, exposure) in cases {
        let made = layer(&snapshot, &CLUSTERS, &[&base[..], asked].concat(), Page::ALL);
        let Value::Map(parameters) = get(&made.provenance, "parameters") else { panic!("no parameters") };
        let text = |name: &str| match parameters.iter().find(|(n, _)| *n == name) {
            Some((_, Value::Text(text))) => text.clone(),
            _ => String::new(),
        };
        assert!(text("method").contains(method) && text("exposure") == exposure, "{asked:?}: {parameters:?}");
        assert!(parameters.contains(&("permutations", Value::count(99))), "{parameters:?}");
        assert!(!made.features.is_empty() && made.name == "clusters", "{asked:?}");
        for feature in &made.features {
            use geo::Validation;
            assert!(
                feature.geometry.as_deref().is_some_and(Validation::is_valid),
                "{asked:?}: {}",
                feature.id
            );
        }
    }
}

#[test]
fn clusters_without_what_their_method_needs_name_the_parameter() {
    let (snapshot, ..) = common::new_haven();
    for (asked, parameter) in [
        (&[("min_points", "5")][..], "eps_m"),
        (&[("eps_m", "100")], "min_points"),
        (&[("eps_m", "100"), ("min_points", "5"), ("method", "space-time")], "span_days"),
        (&[("eps_m", "100"), ("min_points", "5"), ("method", "space-time-scan")], "span_days"),
        (&[("method", "scan")], "min_points"),
        (&[("method", "hot-blocks"), ("min_points", "5")], "least"),
        (&[("method", "hot-blocks"), ("least", "5")], "min_points"),
        (&[("min_points", "5"), ("method", "hdbscan"), ("outline", "eps")], "outline"),
    ] {
        let mut values = Values::default();
        for (name, text) in asked {
            let param = CLUSTERS.params.iter().find(|p| p.wire == *name).expect("a parameter");
            values.set_wire(param, text).expect("within bounds");
        }
        let refused = answer(&snapshot, &CLUSTERS, &values, Page::ALL).expect_err("was answered");
        assert_eq!(refused.parameter(), Some(parameter), "{refused}");
    }
}

#[test]
fn no_layer_of_incidents_shows_a_sensitive_offense() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    let shown = layer(&snapshot, &INCIDENTS, &[], Page::ALL);
    let hidden = (0..data.incidents.len())
        .filter(|&at| data.incidents.classes(at).any(|c| data.classes.get(c).flags.sensitive()))
        .count();
    assert!(hidden >= 50, "the sample has family disputes: {hidden}");
    assert_eq!(shown.matched + hidden, data.incidents.len());
    let text = encode::geojson::collection(&shown, serde_json::Value::Null).to_lowercase();
    for word in ["family", "domestic", "abuse", "custodial"] {
        assert!(!text.contains(&format!("\"label\":\"{word}")), "{word} is shown");
    }
    // Nor by asking for them by name.
    let asked = layer(&snapshot, &INCIDENTS, &[("category", "disturbance")], Page::ALL);
    let texts: Vec<_> = asked.features.iter().map(|f| get(&f.properties, "label").clone()).collect();
    assert!(texts.iter().all(|t| !format!("{t:?}").to_lowercase().contains("family")), "{texts:?}");
}

#[test]
fn every_layer_says_what_made_it_and_is_valid_geojson() {
    let (snapshot, ..) = common::new_haven();
    // A brief is of a list or of areas, and has tests of its own (tests/results/outreach.rs).
    for operation in OPERATIONS.into_iter().filter(|operation| operation.collection != "brief") {
        let mut pairs = vec![("datetime", "2014-09-01/2014-09-20"), ("category", "person,property")];
        pairs.extend(operation.params.iter().filter_map(|p| match p.wire {
            "bandwidth_m" => Some(("bandwidth_m", "250")),
            "cell_m" => Some(("cell_m", "50")),
            "eps_m" => Some(("eps_m", "100")),
            "min_points" => Some(("min_points", "5")),
            "distances_m" => Some(("distances_m", "100,200")),
            "days" => Some(("days", "7,14")),
            "budget" => Some(("budget", "20blocks")),
            "capacity" => Some(("capacity", "5blocks")),
            "block" => Some(("block", "segment-2018")),
            "officers" => Some(("officers", "2")),
            "hours" => Some(("hours", "18:00-02:00")),
            "free" => Some(("free", "0.4")),
            "speed" => Some(("speed", "30km/h")),
            _ => None,
        }));
        let made = layer(&snapshot, &operation, &pairs, Page::ALL);
        let parsed: serde_json::Value =
            serde_json::from_str(&encode::geojson::collection(&made, serde_json::Value::Null)).expect("JSON");
        let made_of = &parsed["provenance"];
        assert_eq!(made_of["period"], "2014-09-01/2014-09-20", "{}", operation.collection);
        assert_eq!(made_of["crs"], "EPSG:32618");
        assert!(made_of["counts"]["incidents"].as_i64().expect("a count") > 100);
        assert_eq!(parsed["numberMatched"], made.features.len());
        for feature in parsed["features"].as_array().expect("features") {
            assert!(feature["id"].is_string());
            check_coordinates(&feature["geometry"]["coordinates"]);
        }
        for feature in &made.features {
            let shape = feature.geometry.as_ref().expect("every feature has a shape");
            assert!(shape.is_valid(), "{} {}", operation.collection, feature.id);
        }
        assert!(!parsed.to_string().contains("NaN"));
    }
}

/// Longitude and latitude with at most seven decimals.
fn check_coordinates(json: &serde_json::Value) {
    match json {
        serde_json::Value::Array(pair) if pair.len() == 2 && pair[0].is_number() => {
            let lon = pair[0].as_f64().expect("a number");
            let lat = pair[1].as_f64().expect("a number");
            assert!((-73.2..-72.7).contains(&lon) && (41.1..41.5).contains(&lat), "{lon}, {lat}");
            assert!(
                pair.iter().all(|v| v.to_string().split('.').nth(1).is_none_or(|d| d.len() <= 7)),
                "{json}"
            );
        }
        serde_json::Value::Array(many) => many.iter().for_each(check_coordinates),
        other => panic!("{other} among coordinates"),
    }
}

#[test]
fn near_a_place_in_a_period_and_category_the_index_answers_as_a_scan_does() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    let selection = snapshot.select(&query(Some("2014-09-05/2014-09-20"), &["property"])).expect("known");
    let headquarters = data.held_places[0].at;
    let center = data.crs.to_local(headquarters).expect("in the zone");
    let mut scan: Vec<(f64, usize)> = (0..data.incidents.len())
        .filter(|&at| selection.has(data, at))
        .filter_map(|at| data.incidents.local(at).map(|p| (p.distance(center).0, at)))
        .collect();
    scan.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let nearest: Vec<usize> =
        snapshot.nearest(&selection, center, 25).into_iter().map(|(at, _)| at).collect();
    assert_eq!(nearest, scan[..25].iter().map(|s| s.1).collect::<Vec<_>>());
    let mut near: Vec<usize> = scan.iter().filter(|s| s.0 <= 800.0).map(|s| s.1).collect();
    near.sort_unstable();
    assert_eq!(snapshot.within_radius(&selection, center, Metres(800.0)), near);
    assert!(near.len() > 10);
    let diamond = geo::Polygon::new(
        [(900., 0.), (0., 900.), (-900., 0.), (0., -900.)]
            .iter()
            .map(|(x, y)| geo::coord! { x: center.x + x, y: center.y + y })
            .collect(),
        vec![],
    );
    let inside = snapshot.within_polygon(&selection, &diamond);
    let mut scan: Vec<usize> = scan
        .iter()
        .filter(|&&(_, at)| {
            data.incidents.local(at).is_some_and(|p| (p.x - center.x).abs() + (p.y - center.y).abs() <= 900.0)
        })
        .map(|s| s.1)
        .collect();
    scan.sort_unstable();
    assert_eq!(inside, scan);
}

#[test]
fn the_first_blocks_of_the_sample_stay_as_they_are() {
    let (snapshot, ..) = common::new_haven();
    let made = layer(&snapshot, &RANK, &[("category", "person,property")], Page { limit: 10, ..Page::ALL });
    insta::assert_snapshot!(encode::csv::rows(&made));
}

#[test]
fn a_page_of_a_box_is_cut_from_what_touches_the_box() {
    let (snapshot, ..) = common::new_haven();
    let area = hotblocks::space::bbox::LonLatBox { west: -72.93, south: 41.30, east: -72.92, north: 41.31 };
    let all = layer(&snapshot, &INCIDENTS, &[], Page { bbox: Some(area), ..Page::ALL });
    let naive = layer(&snapshot, &INCIDENTS, &[], Page::ALL).features.into_iter().filter(|f| {
        let Some(geo::Geometry::Point(p)) = f.geometry.as_deref() else { panic!("no point") };
        (area.west..=area.east).contains(&p.x()) && (area.south..=area.north).contains(&p.y())
    });
    let naive: Vec<String> = naive.map(|f| f.id).collect();
    assert_eq!(all.features.iter().map(|f| f.id.clone()).collect::<Vec<_>>(), naive);
    assert!(!naive.is_empty());
    let page = layer(&snapshot, &INCIDENTS, &[], Page { bbox: Some(area), offset: 3, limit: 4 });
    assert_eq!(page.matched, naive.len());
    assert_eq!(
        page.features.iter().map(|f| &f.id).collect::<Vec<_>>(),
        naive[3..7].iter().collect::<Vec<_>>()
    );
    // Across the whole world, and across the antimeridian.
    let world = hotblocks::space::bbox::LonLatBox { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
    assert_eq!(
        layer(&snapshot, &INCIDENTS, &[], Page { bbox: Some(world), ..Page::ALL }).matched,
        layer(&snapshot, &INCIDENTS, &[], Page::ALL).matched
    );
    let other_side =
        hotblocks::space::bbox::LonLatBox { west: 177.0, south: 40.0, east: -72.925, north: 42.0 };
    let some = layer(&snapshot, &INCIDENTS, &[], Page { bbox: Some(other_side), ..Page::ALL }).matched;
    assert!(some > 0 && some < naive.len() + 3_000);
}
