//! Densities of the sample as they are asked for: rules, edges, decay, contours, change, streets.

use crate::common;

use std::collections::BTreeSet;

use common::answers::{get, number};
use geo::{Contains, MultiPolygon, Point, Validation};
use hotblocks::analysis::density::bandwidth::Rule;
use hotblocks::analysis::density::dual::Comparison;
use hotblocks::analysis::density::edge::Edge;
use hotblocks::analysis::density::kde::KdeParams;
use hotblocks::analysis::density::kde::kde;
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::method::Method;
use hotblocks::analysis::density::network::density::{NetworkParams, Split};
use hotblocks::engine::density_ask::{DensityAsk, DensityError, Outline, Width};
use hotblocks::engine::density_statistics::{DensityAnswer, Ground};
use hotblocks::engine::params::density::{
    AGAINST, BANDWIDTH_RULE, COMPARE_PERIOD, COMPARISON, CONTOURS, EDGE, HALF_LIFE, KERNEL, LEVELS, MODE,
    NETWORK, OUT, UNIT,
};
use hotblocks::engine::params::table::{BANDWIDTH, CATEGORY, CELL, DENSITY, WEIGHTS};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::engine::weights::Weights;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::{Layer, Page, Value};
use hotblocks::model::areas::{Area, AreaKind, AreaLayer};
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
    let there = snapshot.density_change((&b, n), (&a, m), Comparison::Ratio, &ask()).expect("a change");
    let back = snapshot.density_change((&a, m), (&b, n), Comparison::Ratio, &ask()).expect("a change");
    let [before, now] = [&a, &b].map(|selection| common::drawn(&snapshot, selection));
    assert!(!there.changes.is_empty());
    for change in &there.changes {
        assert!(change.shape.is_valid());
        assert_eq!(
            (change.now, change.before),
            (inside(&now, &change.shape), inside(&before, &change.shape))
        );
        let same = back.changes.iter().find(|other| other.up != change.up && other.level == change.level);
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
fn a_comparison_is_that_of_two_densities_made_one_by_one() {
    let (snapshot, ..) = common::new_haven();
    let [some, all] = [vec!["property".to_owned()], Vec::new()]
        .map(|categories| snapshot.select(&Query { categories, ..Query::default() }).expect("known"));
    let [cases, controls] = [&some, &all].map(|selection| common::drawn(&snapshot, selection));
    assert!(cases.len() > 50 && controls.len() > cases.len() + 50);
    let days = snapshot.observed_days(&Query::default());
    let params = KdeParams::quartic(Metres(300.0));
    let height = 3.0 / (std::f64::consts::PI * 0.09);
    for comparison in [Comparison::Ratio, Comparison::LogRelativeRisk, Comparison::Difference] {
        let found = snapshot.density_change((&some, days), (&all, days), comparison, &ask()).expect("fits");
        let [f, g] = [&cases, &controls].map(|places| kde(places, None, &found.grid, &params).expect("fits"));
        let (mut seen, mut high) = (0, 0);
        for (at, value) in found.values.iter().enumerate() {
            let (f, g) = (f.per_km2[at], g.per_km2[at]);
            let Some(value) = value else {
                assert!(f + g < 1e-6, "{f} {g}");
                continue;
            };
            let (n, m, d) = (cases.len() as f64, controls.len() as f64, days as f64);
            let expected = match comparison {
                Comparison::Ratio => (f / d + height / d) / (g / d + height / d),
                Comparison::Difference => (f - g) / d,
                _ => ((f / n + height / m) / (g / m + height / m)).ln(),
            };
            assert!((value - expected).abs() < 1e-6, "{comparison:?} {value} is not {expected}");
            seen += 1;
            high += usize::from(expected > 0.1);
        }
        assert!(seen > 1_000, "{seen}");
        assert!((comparison == Comparison::LogRelativeRisk) == (high > 0) || comparison == Comparison::Ratio);
    }
}

#[test]
fn one_class_beside_all_is_outlined_and_told_in_cells() {
    let (snapshot, ..) = common::new_haven();
    let of = |given: &[(&hotblocks::engine::params::table::Param, &str)]| {
        let plane = [(&BANDWIDTH, "300"), (&CELL, "60"), (&CATEGORY, "property"), (&AGAINST, "all")];
        layer(&snapshot, &[&plane[..], given].concat()).expect("a layer")
    };
    let risk = of(&[(&COMPARISON, "log-relative-risk")]);
    assert!(!risk.features.is_empty());
    for feature in &risk.features {
        let (factor, log) = (
            number(get(&feature.properties, "factor")),
            number(get(&feature.properties, "log_relative_risk")),
        );
        assert!((factor.ln() - log).abs() < 1e-5, "{factor} {log}");
    }
    let difference = of(&[(&COMPARISON, "difference")]);
    // All are never fewer than some of them.
    let levels: Vec<f64> =
        difference.features.iter().map(|f| number(get(&f.properties, "difference_per_km2_day"))).collect();
    assert!(!levels.is_empty() && levels.iter().all(|level| *level < 0.0), "{levels:?}");
    let cells = of(&[(&COMPARISON, "difference"), (&OUT, "cells")]);
    let lowest = cells
        .features
        .iter()
        .map(|f| number(get(&f.properties, "difference_per_km2_day")))
        .fold(0.0, f64::min);
    let deepest = levels.iter().copied().fold(0.0, f64::min);
    assert!((deepest - 0.75 * lowest).abs() < 1e-6, "{deepest} of {lowest}");
    assert_eq!(told(&risk, "against"), Value::text("all"));
    let refused = layer(&snapshot, &[(&BANDWIDTH, "300"), (&CELL, "60"), (&AGAINST, "no such")]);
    assert_eq!(refused.expect_err("accepted").parameter(), Some("against"));
}

#[test]
fn along_streets_every_incident_is_somewhere() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    let places = common::drawn(&snapshot, &selection).len();
    for split in Split::ALL {
        let params = NetworkParams { kernel: Kernel::Quartic, bandwidth: Metres(200.0), split, lixel: None };
        let found = snapshot.street_density(&selection, None, &params).expect("streets");
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
fn a_live_density_is_the_exact_one_within_the_bound_that_it_states() {
    let (snapshot, ..) = common::new_haven();
    for period in [None, Some("2014-09-01/2014-09-15")] {
        let selection = snapshot.select(&query(period)).expect("known");
        let period = period.map(|text| text.parse().expect("a period"));
        for half_life in [None, Some(2.5), Some(20.0)] {
            for weights in [None, Some(Weights::Reports)] {
                let of = |method| {
                    let with = DensityAsk { method, half_life, weights, ..ask() };
                    snapshot.density_with(&selection, period, &with).expect("a density")
                };
                let (exact, live) = (of(Method::Exact), of(Method::Live));
                let bound = live.error.worst;
                assert!(bound > 0.0 && bound < 1e-7 * exact.density.peak(), "{half_life:?}: {bound}");
                for (a, b) in live.density.per_km2.iter().zip(&exact.density.per_km2) {
                    assert!((a - b).abs() <= bound, "{period:?} {half_life:?} {weights:?}: {a}, not {b}");
                }
                let inside =
                    |of: &DensityAnswer| of.contours.iter().map(|one| one.inside).collect::<Vec<_>>();
                assert_eq!((live.incidents, inside(&live)), (exact.incidents, inside(&exact)));
                assert_eq!(live.weight, exact.weight);
            }
        }
    }
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
        (vec![(&BANDWIDTH, "250"), (&CELL, "50"), (&MODE, "live"), (&EDGE, "uniform")], "edge"),
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
fn the_cells_of_a_surface_hold_its_incidents_in_either_unit_and_by_every_method() {
    let (snapshot, ..) = common::new_haven();
    for kernel in ["quartic", "gaussian"] {
        for method in ["exact", "binned", "live"] {
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
                if method == "binned" { off > 1e-3 * peak } else { off <= 1e-8 * peak },
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

/// What incidents weigh by the reports behind them.
fn reports(snapshot: &Snapshot, selection: &hotblocks::engine::query::Selection) -> f64 {
    common::drawn_at(snapshot, selection)
        .into_iter()
        .map(|at| f64::from(snapshot.dataset().incidents.reports(at)))
        .sum()
}

#[test]
fn incidents_weigh_what_their_reports_or_their_harm_say_and_one_each_where_all_weigh_the_same() {
    let (plain, ..) = common::new_haven();
    let selection = plain.select(&Query::default()).expect("known");
    let of = |snapshot: &Snapshot, weights, edge| {
        let with = DensityAsk { weights, edge, ..ask() };
        snapshot.density_with(&selection, None, &with)
    };
    assert_eq!(
        of(&plain, Some(Weights::Reports), Edge::None).expect("a density").weight,
        reports(&plain, &selection)
    );
    let by_reports = of(&plain, Some(Weights::Reports), Edge::JonesDiggle).expect("a density");
    assert!((by_reports.density.integral() / by_reports.weight - 1.0).abs() < 1e-11);
    let refused = of(&plain, Some(Weights::Harm), Edge::None).expect_err("no table");
    assert!(refused.to_string().contains("--harm"), "{refused}");
    let with_table = |text: &str| {
        let mut dataset = plain.dataset().clone();
        let read = hotblocks::ingest::harm::read("own.csv", text.as_bytes(), &dataset.classes);
        dataset.harm = Some(read.expect("a table"));
        Snapshot::new(dataset, 1)
    };
    let head = "category,weight,source,note\n";
    let mixed = with_table(&format!("{head}property,2,ours,\nperson,7,ours,\n"));
    let harm = of(&mixed, Some(Weights::Harm), Edge::None).expect("a density");
    let categories = |name: &str| {
        let query = Query { categories: vec![name.to_owned()], ..Query::default() };
        let chosen = mixed.select(&query).expect("known");
        let with = DensityAsk { weights: Some(Weights::Harm), ..ask() };
        mixed.density_with(&chosen, None, &with).map(|found| (found.density, found.weight))
    };
    let ((goods, two), (persons, seven)) =
        (categories("property").expect("fits"), categories("person").expect("fits"));
    assert!(two > 50.0 && two % 2.0 == 0.0 && seven > 50.0 && seven % 7.0 == 0.0);
    assert_eq!(harm.weight, two + seven);
    for (at, whole) in harm.density.per_km2.iter().enumerate() {
        let parts = goods.per_km2[at] + persons.per_km2[at];
        assert!((whole - parts).abs() < 1e-6 * harm.density.peak(), "{whole} is not {parts}");
    }
    let told = harm.weighed.expect("weights");
    assert!(told.weightless > 0 && told.table.as_deref() == Some("own.csv"), "{told:?}");
    let layer = answer(
        &mixed,
        &DENSITY,
        &values(&[(&BANDWIDTH, "300"), (&CELL, "60"), (&WEIGHTS, "harm")]),
        Page::ALL,
    );
    let layer = layer.expect("a layer");
    let Value::Map(weights) = self::told(&layer, "weights") else { panic!("no weights") };
    assert_eq!(get(&weights, "by"), &Value::text("harm"));
    for feature in &layer.features {
        let share = number(get(&feature.properties, "weight_share_inside"));
        assert!(share > 0.0 && share <= 1.0);
    }
    // Along streets as well.
    let params = NetworkParams {
        kernel: Kernel::Quartic,
        bandwidth: Metres(200.0),
        split: Split::Continuous,
        lixel: None,
    };
    let streets = mixed.street_density(&selection, Some(Weights::Harm), &params).expect("streets");
    let held: f64 = streets.density.lixels.iter().map(|l| l.per_km * (l.to.0 - l.from.0) / 1e3).sum();
    let weight = streets.density.weight;
    assert!((held / weight - 1.0).abs() < 1e-9 && (weight - streets.incidents as f64).abs() > 10.0);
}

#[test]
fn a_level_that_nothing_reaches_has_no_outline_and_is_told() {
    let (snapshot, ..) = common::new_haven();
    let given = [(&BANDWIDTH, "300"), (&CELL, "60"), (&CONTOURS, "mean"), (&LEVELS, "2,1000")];
    let layer = layer(&snapshot, &given).expect("a layer");
    assert_eq!(layer.features.len(), 1);
    assert_eq!(get(&layer.features[0].properties, "times_mean"), &Value::Float(2.0));
    assert!(
        layer.warnings().any(|said| said.contains("level 1000")),
        "{:?}",
        layer.warnings().collect::<Vec<_>>()
    );
}

#[test]
fn a_binned_density_that_may_be_far_off_says_with_which_cells_it_is_not() {
    let (snapshot, ..) = common::new_haven();
    let of = |cell: &str| {
        let given = [(&BANDWIDTH, "1000"), (&CELL, cell), (&MODE, "binned")];
        let layer = layer(&snapshot, &given).expect("a layer");
        let [worst, peak] = ["error_at_most_per_km2", "peak_per_km2"].map(|name| number(&told(&layer, name)));
        let said = layer.warnings().find(|said| said.contains("% of the peak")).map(str::to_owned);
        (worst / peak, said)
    };
    let (part, said) = of("300");
    let said = said.expect("far off");
    assert!(part > 0.3, "{part}");
    let cell = said.split("cells of ").nth(2).and_then(|rest| rest.split(' ').next()).expect("a length");
    let (part, said) = of(cell);
    assert!(part < 0.3 && part > 0.1, "{cell} {part} {said:?}");
    let exact = layer(&snapshot, &[(&BANDWIDTH, "300"), (&CELL, "100")]).expect("a layer");
    assert!(!exact.warnings().any(|said| said.contains("% of the peak")));
}

#[test]
fn no_bandwidth_is_chosen_by_back_test_and_the_rules_are_named() {
    let refused = Values::default().set_wire(&BANDWIDTH_RULE, "back-test").expect_err("not there");
    let said = refused.to_string();
    assert!(said.contains("back-test") && said.contains("scott") && said.contains("likelihood"), "{said}");
}

#[test]
fn the_study_area_is_that_of_its_areas_else_what_lies_along_streets() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&query(None)).expect("known");
    let of = |snapshot: &Snapshot| {
        let with = DensityAsk { edge: Edge::JonesDiggle, ..ask() };
        snapshot.density_with(&selection, None, &with).expect("a density")
    };
    let streets = of(&snapshot);
    assert_eq!(streets.ground, Ground::Streets);
    let area = snapshot.dataset().study_area;
    assert!(streets.incidents + streets.outside >= common::drawn(&snapshot, &selection).len());
    let middle = f64::midpoint(area.min.x, area.max.x);
    let west = geo::Rect::new((area.min.x, area.min.y), (middle, area.max.y)).to_polygon();
    let mut dataset = snapshot.dataset().clone();
    let lonlat = dataset.crs.shape_from_local(&west).expect("near");
    let one = Area { shape: MultiPolygon(vec![lonlat]), ..Area::default() };
    let layer = AreaLayer::new(AreaKind::StudyArea, &[one], &dataset.crs).expect("near");
    dataset.areas = std::sync::Arc::new(vec![layer]);
    let half = Snapshot::new(dataset, 1);
    let found = of(&half);
    assert_eq!(found.ground, Ground::Areas);
    let places = common::drawn(&half, &selection);
    let inside = places.iter().filter(|at| at.x < middle).count();
    // Those just beyond the border are in cells of which a part lies in the area.
    assert!(
        found.incidents >= inside && found.incidents < inside + places.len() / 20,
        "{} {inside}",
        found.incidents
    );
    assert_eq!(found.incidents + found.outside, streets.incidents + streets.outside);
    assert!((found.density.integral() / found.weight - 1.0).abs() < 1e-11);
    let east = |at: usize| found.density.grid.center(at % found.density.grid.n_cols, 0).x > middle + 60.0;
    assert!((0..found.density.per_km2.len()).all(|at| !east(at) || found.density.per_km2[at] == 0.0));
}
