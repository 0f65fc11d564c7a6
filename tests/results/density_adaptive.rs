//! Densities with a bandwidth for each incident, and standard errors: recomputed from the places, refused where they are none.

use crate::common;

use std::f64::consts::PI;

use common::answers::{density_of, get, number, parameter};
use hotblocks::engine::params::density::{
    ADAPTIVE, COMPARE_PERIOD, EDGE, HALF_LIFE, MODE, NETWORK, OUT, SAMPLE, SURFACE, UNIT,
};
use hotblocks::engine::params::table::{BANDWIDTH, CATEGORY, CELL, DENSITY, Param};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::{AnswerError, answer};
use hotblocks::layer::density_answer::surface;
use hotblocks::layer::{Layer, Page, Value};
use hotblocks::space::coord::Local;

fn values(given: &[(&Param, &str)]) -> Values {
    let mut values = Values::default();
    for (param, text) in given {
        values.set_wire(param, text).unwrap_or_else(|error| panic!("{error}"));
    }
    values
}

fn layer(snapshot: &Snapshot, given: &[(&Param, &str)]) -> Result<Layer, AnswerError> {
    answer(snapshot, &DENSITY, &values(given), Page::ALL)
}

/// Incidents of property against which sums are made, and their places.
fn places(snapshot: &Snapshot) -> Vec<Local> {
    let query = Query { categories: vec!["property".into()], ..Query::default() };
    common::drawn(snapshot, &snapshot.select(&query).expect("known"))
}

/// The quartic kernel per km².
fn quartic(at: Local, place: Local, h: f64) -> f64 {
    let r2 = ((at.x - place.x).powi(2) + (at.y - place.y).powi(2)) / (h * h);
    if r2 < 1.0 { 3.0 / PI * (1.0 - r2).powi(2) * 1e6 / (h * h) } else { 0.0 }
}

const PLAIN: [(&Param, &str); 3] = [(&CATEGORY, "property"), (&BANDWIDTH, "300"), (&CELL, "75")];

#[test]
fn under_every_kernel_of_a_minimum_sample_lie_so_many_incidents() {
    let (snapshot, ..) = common::new_haven();
    let places = places(&snapshot);
    let given = [&PLAIN[..], &[(&ADAPTIVE, "minimum-sample"), (&SAMPLE, "12")]].concat();
    let made = surface(&snapshot, &values(&given)).expect("a surface");
    let radius = |p: &Local| {
        let mut far: Vec<f64> = places.iter().map(|q| p.distance(*q).0).collect();
        far.sort_by(f64::total_cmp);
        far[11].max(300.0)
    };
    let radii: Vec<f64> = places.iter().map(radius).collect();
    assert!(radii.iter().filter(|h| **h > 300.0).count() > 10, "some must look further than 300 m");
    assert!(made.description.contains("minimum-sample"), "{}", made.description);
    let made = density_of(made);
    let (grid, peak) = (made.grid, made.peak());
    for at in (0..grid.len()).step_by(7) {
        let middle = grid.center(at % grid.n_cols, at / grid.n_cols);
        let sum: f64 = places.iter().zip(&radii).map(|(p, h)| quartic(middle, *p, *h)).sum();
        let found = made.per_km2[at];
        assert!((found - sum).abs() <= 1e-9 * peak, "cell {at}: {found} is not {sum}");
    }
}

#[test]
fn abramson_s_kernels_are_narrow_in_crowds_and_the_answer_tells_how_narrow_and_how_wide() {
    let (snapshot, ..) = common::new_haven();
    let cells = [&PLAIN[..], &[(&OUT, "cells")]].concat();
    let plain = layer(&snapshot, &cells).expect("cells");
    let made = layer(&snapshot, &[&cells[..], &[(&ADAPTIVE, "abramson")]].concat()).expect("cells");
    assert_eq!(parameter(&plain, "adaptive"), &Value::Null);
    assert_eq!(
        (parameter(&made, "adaptive"), parameter(&plain, "widths")),
        (&Value::text("abramson"), &Value::Null)
    );
    let Value::Map(widths) = parameter(&made, "widths") else { panic!("widths") };
    let [smallest, median, largest] =
        ["smallest_m", "median_m", "largest_m"].map(|name| number(get(widths, name)));
    assert!(smallest < median && median < largest, "{widths:?}");
    assert!((150.0..250.0).contains(&smallest) && largest > 400.0 && largest <= 1500.0, "{widths:?}");
    assert_eq!(number(get(widths, "trim")), 5.0);
    assert!(number(parameter(&made, "peak_per_km2")) > 1.1 * number(parameter(&plain, "peak_per_km2")));
    // Each kernel holds one incident; a few reach beyond the cells.
    let sum = |layer: &Layer| layer.features.iter().map(|f| number(&f.properties[0].1)).sum::<f64>();
    let held = sum(&made) * 0.075 * 0.075 / number(parameter(&made, "incidents"));
    assert!((0.97..1.01).contains(&held), "{held}");
}

#[test]
fn no_adaptive_kernel_is_narrower_than_two_cells() {
    let (snapshot, ..) = common::new_haven();
    let given = [(&BANDWIDTH, "300"), (&CELL, "150"), (&ADAPTIVE, "abramson"), (&OUT, "cells")];
    let made = layer(&snapshot, &given).expect("cells");
    let Value::Map(widths) = parameter(&made, "widths") else { panic!("widths") };
    assert_eq!(number(get(widths, "smallest_m")), 300.0);
    assert!(number(get(widths, "raised_to_two_cells")) > 100.0, "{widths:?}");
}

#[test]
fn a_standard_error_is_the_root_of_the_sum_of_squared_kernels() {
    let (snapshot, ..) = common::new_haven();
    let places = places(&snapshot);
    let given = [&PLAIN[..], &[(&SURFACE, "standard-error")]].concat();
    let made = surface(&snapshot, &values(&given)).expect("a surface");
    assert!(made.description.starts_with("Standard error"), "{}", made.description);
    let made = density_of(made);
    let (grid, peak) = (made.grid, made.peak());
    for at in (0..grid.len()).step_by(7) {
        let middle = grid.center(at % grid.n_cols, at / grid.n_cols);
        let sum: f64 = places.iter().map(|p| quartic(middle, *p, 300.0).powi(2)).sum();
        let found = made.per_km2[at];
        assert!((found - sum.sqrt()).abs() <= 1e-9 * peak, "cell {at}: {found}");
    }
    // As cells it stands beside the density, in the unit asked for.
    let cells = layer(&snapshot, &[&given[..], &[(&OUT, "cells")]].concat()).expect("cells");
    let both = |name| cells.features.iter().map(move |cell| number(get(&cell.properties, name)));
    let shown = both("standard_error_per_km2").fold(0.0, f64::max);
    assert!((shown - peak).abs() < 1e-5 && cells.legend.property == Some("standard_error_per_km2"));
    let plain = layer(&snapshot, &[&PLAIN[..], &[(&OUT, "cells")]].concat()).expect("cells");
    let density: Vec<f64> = plain.features.iter().map(|cell| number(&cell.properties[0].1)).collect();
    assert!(both("density_per_km2").eq(density.iter().copied()));
    let miles = [&given[..], &[(&OUT, "cells"), (&UNIT, "mi2")]].concat();
    let miles = layer(&snapshot, &miles).expect("cells");
    let first = number(get(&miles.features[0].properties, "standard_error_per_mi2"));
    let metric = number(get(&cells.features[0].properties, "standard_error_per_km2"));
    assert!((first - metric * 2.589_988).abs() < 1e-5 * (1.0 + first));
}

/// What is given, the parameter at fault and the mend.
type Refusal<'a> = (&'a [(&'a Param, &'a str)], &'a str, &'a str);

#[test]
fn what_does_not_go_with_an_adaptive_bandwidth_or_a_standard_error_is_refused_with_the_mend() {
    let (snapshot, ..) = common::new_haven();
    let cells: [(&Param, &str); 3] = [(&BANDWIDTH, "300"), (&CELL, "75"), (&OUT, "cells")];
    let error = (&SURFACE, "standard-error");
    let cases: [Refusal<'_>; 11] = [
        (&[error, (&MODE, "binned")], "mode", "give the mode `exact`"),
        (&[error, (&ADAPTIVE, "abramson")], "adaptive", "leave `adaptive` out"),
        (&[error, (&OUT, "contours")], "surface", "give the out `cells`"),
        (&[error, (&COMPARE_PERIOD, "2014-09-01/2014-09-15")], "surface", "leave one of them out"),
        (&[error, (&NETWORK, "continuous")], "surface", "leave one of them out"),
        (&[(&ADAPTIVE, "abramson"), (&MODE, "binned")], "mode", "give the mode `exact`"),
        (&[(&ADAPTIVE, "abramson"), (&EDGE, "uniform")], "edge", "give the edge `none`"),
        (&[(&ADAPTIVE, "abramson"), (&NETWORK, "continuous")], "adaptive", "leave one of them out"),
        (
            &[(&ADAPTIVE, "abramson"), (&COMPARE_PERIOD, "2014-09-01/2014-09-15")],
            "adaptive",
            "leave one of them out",
        ),
        (&[(&ADAPTIVE, "minimum-sample")], "sample", "not given"),
        (&[(&ADAPTIVE, "minimum-sample"), (&SAMPLE, "9000")], "sample", "give a number from 1 to"),
    ];
    for (given, parameter, mend) in cases {
        let refused = layer(&snapshot, &[&cells[..], given].concat()).expect_err("was answered");
        assert_eq!(refused.parameter(), Some(parameter), "{given:?}: {refused}");
        assert!(refused.to_string().contains(mend), "{given:?}: {refused}");
    }
}

#[test]
fn without_incidents_there_is_an_empty_surface_and_no_number_that_is_none() {
    let (snapshot, ..) = common::new_haven();
    let never = (&hotblocks::engine::params::table::PERIOD, "1990-01-01/1990-01-02");
    for given in [
        &[(&ADAPTIVE, "abramson")][..],
        &[(&ADAPTIVE, "minimum-sample"), (&SAMPLE, "5")],
        &[(&SURFACE, "standard-error")],
        &[(&SURFACE, "standard-error"), (&EDGE, "jones-diggle"), (&HALF_LIFE, "30")],
    ] {
        let made = surface(&snapshot, &values(&[&PLAIN[..], &[never], given].concat())).expect("empty");
        assert!(density_of(made).per_km2.iter().all(|value| *value == 0.0), "{given:?}");
    }
}
