//! Densities of the sample as they are asked for: rules, edges, decay, contours, change, streets.

use crate::common;

use std::collections::BTreeSet;

use common::answers::number;
use geo::{Contains, MultiPolygon, Point, Validation};
use hotblocks::analysis::density::bandwidth::Rule;
use hotblocks::analysis::density::edge::Edge;
use hotblocks::analysis::density::kde::KdeParams;
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::network::density::{NetworkParams, Split};
use hotblocks::engine::density_ask::{DensityAsk, DensityError, Outline, Width};
use hotblocks::engine::params::density::{
    BANDWIDTH_RULE, COMPARE_PERIOD, CONTOURS, EDGE, HALF_LIFE, KERNEL, LEVELS, MODE, NETWORK, OUT, UNIT,
};
use hotblocks::engine::params::table::{BANDWIDTH, CELL, DENSITY};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::{Layer, Page, Value};
use hotblocks::space::coord::{Local, Metres};

fn query(period: Option<&str>) -> Query {
    Query {
        period: period.map(|p| p.parse().expect("a period")),
        categories: vec!["person".into(), "property".into()],
        ..Query::default()
    }
}

fn ask() -> DensityAsk {
    DensityAsk::plain(KdeParams::quartic(Metres(300.0)), Metres(60.0))
}

fn inside(places: &[Local], shape: &MultiPolygon) -> usize {
    places.iter().filter(|p| shape.contains(&Point::new(p.x, p.y))).count()
}

fn values(given: &[(&hotblocks::engine::params::table::Param, &str)]) -> Values {
    let mut values = Values::default();
    for (param, text) in given {
        values.set_wire(param, text).unwrap_or_else(|error| panic!("{error}"));
    }
    values
}

fn layer(
    snapshot: &Snapshot,
    given: &[(&hotblocks::engine::params::table::Param, &str)],
) -> Result<Layer, AnswerError> {
    answer(snapshot, &DENSITY, &values(given), Page::ALL)
}

#[test]
fn contours_of_every_kind_are_nested_and_say_what_they_hold() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    let places = common::drawn(&snapshot, &selection);
    for outline in Outline::ALL {
        for edge in Edge::ALL {
            let levels = match outline {
                Outline::AreaKm2 => vec![3.0, 1.0, 0.5],
                other => other.levels().to_vec(),
            };
            let with = DensityAsk { outline, edge, levels: levels.clone(), ..ask() };
            let found = snapshot.density_with(&selection, None, &with).expect("a density");
            assert_eq!(found.contours.len(), 3, "{outline:?}");
            let mut outer = f64::INFINITY;
            for (contour, level) in found.contours.iter().zip(levels) {
                assert!(contour.shape.is_valid() && contour.area.0 > 0.0 && contour.area.0 <= outer);
                outer = contour.area.0;
                assert_eq!(contour.inside, inside(&places, &contour.shape), "{outline:?} {level}");
                let reached = match outline {
                    Outline::Share => contour.inside as f64 / found.incidents as f64,
                    Outline::AreaShare => contour.area_share,
                    Outline::AreaKm2 => contour.area.0,
                    Outline::Mean => continue,
                };
                // Incidents on one spot go in together, areas are used up to a millionth.
                let (under, over) =
                    if outline == Outline::Share { (0.0, 0.02) } else { (1e-6 * level, 1e-12) };
                assert!(
                    reached >= level - under && reached <= level + over,
                    "{outline:?}: {reached} for {level}"
                );
            }
        }
    }
}

#[test]
fn with_jones_diggle_the_surface_holds_every_incident_of_the_study_area() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    for kernel in [Kernel::Quartic, Kernel::Epanechnikov] {
        let with = DensityAsk { edge: Edge::JonesDiggle, kernel, ..ask() };
        let found = snapshot.density_with(&selection, None, &with).expect("a density");
        assert!((found.density.integral() / found.weight - 1.0).abs() < 1e-11);
        assert_eq!(found.weight, found.incidents as f64);
    }
}

#[test]
fn a_half_life_counts_from_the_end_of_the_period() {
    let (snapshot, ..) = common::new_haven();
    let of = |period: &str, half_life| {
        let query = query(Some(period));
        let selection = snapshot.select(&query).expect("known");
        let with = DensityAsk { half_life, ..ask() };
        snapshot.density_with(&selection, query.period, &with).expect("a density")
    };
    let period = "2014-09-01/2014-09-10";
    let all = of(period, None);
    assert_eq!(all.weight, all.incidents as f64);
    // Midnight after the last day: 11 September 2014, 00:00 in New York.
    let (data, end) = (snapshot.dataset(), 1_410_408_000);
    let protected =
        |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
    let drawn = |at: &usize| !data.held[*at] && !protected(*at) && data.incidents.local(*at).is_some();
    let selection = snapshot.select(&query(Some(period))).expect("known");
    let ages = snapshot.incidents(&selection, None).into_iter().filter(drawn);
    let expected: f64 = ages
        .map(|at| (end - data.incidents.when(at).from) as f64 / 86_400.0)
        .map(|days| 0.5f64.powf(days / 5.0))
        .sum();
    let found = of(period, Some(5.0)).weight;
    assert!((found - expected).abs() < 1e-9 && found < 0.7 * all.weight, "{found} is not {expected}");
}

#[test]
fn what_has_risen_in_one_direction_has_fallen_in_the_other() {
    let (snapshot, ..) = common::new_haven();
    let [one, two] = ["2014-09-01/2014-09-15", "2014-09-16/2014-09-30"].map(|period| query(Some(period)));
    let [a, b] = [&one, &two].map(|query| snapshot.select(query).expect("known"));
    let [m, n] = [&one, &two].map(|query| snapshot.observed_days(query));
    assert_eq!((m, n), (15, 15));
    let there = snapshot.density_change((&b, n), (&a, m), &ask()).expect("a change");
    let back = snapshot.density_change((&a, m), (&b, n), &ask()).expect("a change");
    let [before, now] = [&a, &b].map(|selection| common::drawn(&snapshot, selection));
    assert!(!there.changes.is_empty());
    for change in &there.changes {
        assert!(change.shape.is_valid());
        assert_eq!(
            (change.now, change.before),
            (inside(&now, &change.shape), inside(&before, &change.shape))
        );
        let same = back.changes.iter().find(|other| other.up != change.up && other.factor == change.factor);
        let same = same.expect("the other way around");
        assert!(
            (same.area.0 - change.area.0).abs() < 1e-6 * change.area.0,
            "{} {}",
            same.area.0,
            change.area.0
        );
        assert_eq!((same.now, same.before), (change.before, change.now));
    }
}

#[test]
fn along_streets_every_incident_is_somewhere() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    let places = common::drawn(&snapshot, &selection).len();
    for split in Split::ALL {
        let params = NetworkParams { kernel: Kernel::Quartic, bandwidth: Metres(200.0), split, lixel: None };
        let found = snapshot.street_density(&selection, &params).expect("streets");
        let held: f64 = found.density.lixels.iter().map(|l| l.per_km * (l.to.0 - l.from.0) / 1e3).sum();
        assert_eq!(found.incidents + found.off_streets, places);
        assert!((held + found.density.lost - found.incidents as f64).abs() < 1e-6);
        assert!(
            (split == Split::Discontinuous) == (found.density.lost > 1.0),
            "{split:?} {}",
            found.density.lost
        );
    }
}

#[test]
fn a_density_along_streets_is_drawn_as_lines() {
    let (snapshot, ..) = common::new_haven();
    let layer = layer(&snapshot, &[(&BANDWIDTH, "150"), (&NETWORK, "continuous")]).expect("a layer");
    let ids: BTreeSet<&str> = layer.features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(ids.len(), layer.features.len());
    let mut last = f64::INFINITY;
    for feature in &layer.features {
        assert!(matches!(feature.geometry.as_deref(), Some(geo::Geometry::LineString(_))));
        let density = feature.properties.iter().find(|(name, _)| *name == "density_per_km");
        let Some((_, Value::Float(density))) = density else { panic!("no density") };
        assert!(*density >= 0.0 && *density <= last);
        last = *density;
    }
}

#[test]
fn a_rule_says_what_it_chose_and_needs_no_bandwidth() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    for rule in Rule::ALL {
        let with = DensityAsk { width: Width::Rule(rule), cell: Metres(30.0), ..ask() };
        let found = match snapshot.density_with(&selection, None, &with) {
            Ok(found) => found,
            // Addresses with many incidents: the rule goes to the smallest bandwidth that it tries.
            Err(DensityError::Coarse { bandwidth, .. }) => {
                assert!(bandwidth.0 < 60.0, "{rule:?} {bandwidth}");
                continue;
            }
            Err(error) => panic!("{rule:?}: {error}"),
        };
        let chosen = found.chosen.expect("chosen by a rule");
        assert_eq!(chosen.rule, rule);
        assert!((found.params.bandwidth.0 / chosen.sigma.0 - 8f64.sqrt()).abs() < 1e-12);
    }
    let layer = layer(&snapshot, &[(&BANDWIDTH_RULE, "scott"), (&CELL, "100")]).expect("a layer");
    let parameters = layer.provenance.iter().find(|(name, _)| *name == "parameters");
    let Some((_, Value::Map(parameters))) = parameters else { panic!("no parameters") };
    assert!(parameters.contains(&("bandwidth_rule", Value::Text("scott".to_owned()))));
}

#[test]
fn what_cannot_be_used_is_named() {
    let (snapshot, ..) = common::new_haven();
    for (given, at_fault) in [
        (vec![(&BANDWIDTH, "250"), (&CELL, "50"), (&CONTOURS, "area-km2")], "levels"),
        (vec![(&BANDWIDTH, "250"), (&CELL, "50"), (&LEVELS, "2")], "levels"),
        (vec![(&CELL, "50")], "bandwidth_m"),
        (vec![(&BANDWIDTH_RULE, "diggle"), (&CELL, "5000")], "cell_m"),
        (vec![(&NETWORK, "continuous")], "bandwidth_m"),
        (vec![(&BANDWIDTH, "250"), (&CELL, "50"), (&MODE, "binned"), (&EDGE, "uniform")], "edge"),
    ] {
        let refused = layer(&snapshot, &given).expect_err("was accepted");
        assert_eq!(refused.parameter(), Some(at_fault), "{refused}");
    }
    for (param, text) in [(&HALF_LIFE, "0"), (&COMPARE_PERIOD, "2014"), (&CONTOURS, "count"), (&LEVELS, "0")]
    {
        let refused = Values::default().set_wire(param, text).expect_err(text);
        assert!(refused.to_string().contains("give"), "{refused}");
    }
}

/// A parameter of a layer.
fn told(layer: &Layer, name: &str) -> Value {
    let parameters = layer.provenance.iter().find(|(name, _)| *name == "parameters");
    let Some((_, Value::Map(parameters))) = parameters else { panic!("no parameters") };
    let found = parameters.iter().find(|(other, _)| *other == name);
    found.unwrap_or_else(|| panic!("no {name}")).1.clone()
}

#[test]
fn the_cells_of_a_surface_hold_its_incidents_in_either_unit_and_by_either_method() {
    let (snapshot, ..) = common::new_haven();
    for kernel in ["quartic", "gaussian"] {
        for method in ["exact", "binned"] {
            let of = |unit: &str| {
                let given = [
                    (&BANDWIDTH, "300"),
                    (&CELL, "100"),
                    (&OUT, "cells"),
                    (&KERNEL, kernel),
                    (&MODE, method),
                    (&UNIT, unit),
                ];
                layer(&snapshot, &given).expect("a layer")
            };
            let [metric, miles] = ["km2", "mi2"].map(of);
            let sum = |layer: &Layer| layer.features.iter().map(|f| number(&f.properties[0].1)).sum::<f64>();
            let incidents = number(&told(&metric, "incidents"));
            // A cell is a hundredth of a km².
            assert!(
                (sum(&metric) / 100.0 / incidents - 1.0).abs() < 0.01,
                "{kernel} {method}: {}",
                sum(&metric)
            );
            assert!((sum(&miles) / sum(&metric) - 2.589_988).abs() < 1e-5);
            let [peak, off] =
                ["peak_per_km2", "error_at_most_per_km2"].map(|name| number(&told(&metric, name)));
            assert!(
                if method == "exact" { off <= 1e-8 * peak } else { off > 1e-3 * peak },
                "{off} of {peak}"
            );
        }
    }
}

#[test]
fn a_bandwidth_below_the_segments_is_warned_of_where_a_source_moves_its_places() {
    let (snapshot, ..) = common::new_haven();
    let about_places = |snapshot: &Snapshot, bandwidth: &str| -> Vec<String> {
        let values = values(&[(&BANDWIDTH, bandwidth), (&CELL, "20")]);
        let layer = answer(snapshot, &DENSITY, &values, Page::ALL).expect("a density");
        layer.warnings().filter(|text| text.contains("moves them")).map(str::to_owned).collect()
    };
    assert_eq!(about_places(&snapshot, "40"), [""; 0], "its places are its own");
    let mut lengths: Vec<f64> =
        snapshot.dataset().block_set.blocks.iter().filter_map(|block| Some(block.length?.0)).collect();
    lengths.sort_by(f64::total_cmp);
    let usual = lengths[lengths.len() / 2];
    assert!((41.0..400.0).contains(&usual), "{usual}");
    let mut data = snapshot.dataset().clone();
    data.sources[0].anonymised = Some("points of a list".to_owned());
    let moved = Snapshot::new(data, 1);
    let told = about_places(&moved, "40");
    assert_eq!(told.len(), 1);
    for word in [&moved.dataset().sources[0].name, "40 m", &format!("({usual:.0} m)")] {
        assert!(told[0].contains(word), "{word} is not in: {}", told[0]);
    }
    assert_eq!(about_places(&moved, &format!("{:.2}", usual + 0.01)), [""; 0]);
    assert_eq!(about_places(&moved, &format!("{:.2}", usual - 0.01)).len(), 1);
}
