//! Whether two snapshots say the same.

use std::fmt::Debug;

use hotblocks::encode::geojson::collection;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::near_repeat::{NEAR_REPEAT, ZONES};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{DENSITY, INCIDENTS, Operation};
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::Page;
use hotblocks::layer::answer::answer;
use hotblocks::layer::density_answer::surface;
use hotblocks::model::dataset::Dataset;
use hotblocks::model::ledger::Resolution;
use hotblocks::model::report::Status;
use hotblocks::space::bbox::LonLatBox;
use hotblocks::space::coord::Metres;

use crate::common::answers::{density_of, values};

fn equal<T: PartialEq + Debug>(what: &str, live: &T, fresh: &T) {
    assert_eq!(live, fresh, "{what}, live and fresh");
}

/// Counts, ranks, items, tallies, held places and what is said of the data are equal.
pub(crate) fn same(live: &Snapshot, fresh: &Snapshot) {
    let (a, b) = (live.dataset(), fresh.dataset());
    equal("sources", &a.sources, &b.sources);
    let became = |of: &Dataset| {
        // Single reports by their numbers: a live engine that has let history go has others.
        let (pairs, alone) = (of.resolution.taken_back.len(), of.resolution.unmatched.len());
        let counts = Resolution { taken_back: Vec::new(), unmatched: Vec::new(), ..of.resolution.clone() };
        (counts, pairs, alone)
    };
    equal("what became of reports", &became(a), &became(b));
    equal("linked", &a.linked, &b.linked);
    equal("incidents", &incidents(live), &incidents(fresh));
    equal("count", &a.incidents.count(), &b.incidents.count());
    equal("assigned", &a.assigned, &b.assigned);
    equal("held places", &a.held_places, &b.held_places);
    equal("horizons", &a.horizons, &b.horizons);
    equal("dates", &live.dates(), &fresh.dates());
    equal("complete until", &live.complete_until(), &fresh.complete_until());
    equal("categories", &live.categories(), &fresh.categories());
    for query in queries() {
        let (x, y) = (live.select(&query).expect("known"), fresh.select(&query).expect("known"));
        equal("observed days", &live.observed_days(&query), &fresh.observed_days(&query));
        equal("tally", &live.tally(&x), &fresh.tally(&y));
        equal("ranks", &live.rank(&x), &fresh.rank(&y));
        equal("held of blocks", &live.held(&x), &fresh.held(&y));
        let ids = |of: &Snapshot, found: Vec<usize>| -> Vec<String> {
            found.into_iter().map(|at| of.dataset().incidents.id(at).to_owned()).collect()
        };
        for within in [None, Some(LonLatBox { west: -90.21, south: 38.599, east: -90.199, north: 38.602 })] {
            let (p, q) = (live.incidents(&x, within), fresh.incidents(&y, within));
            equal("incidents in a box", &ids(live, p), &ids(fresh, q));
        }
        let middle = a.study_area.min;
        let near = |of: &Snapshot, found: Vec<(usize, Metres)>| -> Vec<String> {
            found.into_iter().map(|(at, far)| format!("{} {far:?}", of.dataset().incidents.id(at))).collect()
        };
        let (p, q) = (live.nearest(&x, middle, 5), fresh.nearest(&y, middle, 5));
        equal("nearest incidents", &near(live, p), &near(fresh, q));
    }
}

/// What takes longer to make: layers as bytes, a surface within a billionth of its peak.
pub(crate) fn same_layers(live: &Snapshot, fresh: &Snapshot) {
    let (query, scoring) = (Query::default(), Scoring::default());
    let ranking = |of: &Snapshot| {
        let selection = of.select(&query).expect("all");
        of.ranking(&query, &selection, &scoring, None).map(|ranking| format!("{:?}", ranking.rows)).ok()
    };
    equal("ranking", &ranking(live), &ranking(fresh));
    let text = |of: &Snapshot, operation: &Operation, pairs: &[(&str, &str)]| {
        let layer = answer(of, operation, &values(operation, pairs), Page::ALL);
        layer.map(|layer| collection(&layer, serde_json::Value::Null)).map_err(|error| error.to_string())
    };
    let asked: [(&Operation, &[(&str, &str)]); 5] = [
        (&INCIDENTS, &[]),
        (&RANK, &[("draws", "200")]),
        (&CLUSTERS, &[("eps_m", "120"), ("min_points", "3")]),
        (&NEAR_REPEAT, &[("permutations", "99"), ("distances_m", "100,400"), ("days", "2,7")]),
        (&ZONES, &[("distances_m", "400"), ("days", "7")]),
    ];
    for (operation, pairs) in asked {
        equal(operation.collection, &text(live, operation, pairs), &text(fresh, operation, pairs));
    }
    // What is kept from snapshot to snapshot has the bytes of what is made anew, also as it fades.
    let live_mode = [("bandwidth_m", "250"), ("cell_m", "100"), ("mode", "live")];
    for more in [&[][..], &[("half_life_days", "3")], &[("category", "robbery")]] {
        let pairs = [&live_mode[..], more].concat();
        let values = values(&DENSITY, &pairs);
        let cells = |of: &Snapshot| {
            let made = surface(of, &values).map(|raster| (raster.cells, raster.description));
            made.map_err(|error| error.to_string())
        };
        equal("live density", &cells(live), &cells(fresh));
        equal("live density", &text(live, &DENSITY, &pairs), &text(fresh, &DENSITY, &pairs));
    }
    let values = values(&DENSITY, &[("bandwidth_m", "250"), ("cell_m", "100")]);
    let (a, b) = (surface(live, &values), surface(fresh, &values));
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (density_of(a), density_of(b)),
        (a, b) => return assert_eq!(a.is_ok(), b.is_ok(), "a surface of both or of none"),
    };
    assert_eq!(a.grid, b.grid);
    let peak = b.per_km2.iter().copied().fold(0.0, f64::max);
    let off = a.per_km2.iter().zip(&b.per_km2).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off <= 1e-9 * peak, "the surfaces differ by {off} of {peak}");
}

fn queries() -> Vec<Query> {
    let of = |period: &str, categories: &[&str], statuses: &[Status]| Query {
        period: Some(period).filter(|text| !text.is_empty()).map(|text| text.parse().expect("a period")),
        categories: categories.iter().map(|&name| name.to_owned()).collect(),
        origins: Vec::new(),
        statuses: statuses.to_vec(),
    };
    vec![
        of("", &[], &[]),
        of("2018-03-01/2018-03-10", &[], &[]),
        of("2018-02-28/2018-02-28", &[], &[Status::Unreviewed, Status::Confirmed]),
        of("", &["robbery"], &[]),
        of("2018-03-01/2018-12-31", &["person", "larceny"], &[]),
    ]
}

/// Every incident in the order of the data set, with all that is known of it.
fn incidents(of: &Snapshot) -> Vec<String> {
    let data = of.dataset();
    let all = &data.incidents;
    let one = |at: usize| {
        let class = |id| (data.classes.get(id).code.clone(), data.classes.get(id).category);
        format!(
            "{} {} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?} {:?} near {} held {}",
            all.source(at),
            all.id(at),
            all.when(at),
            all.classes(at).map(class).collect::<Vec<_>>(),
            all.reports(at),
            all.located(at),
            all.mercator(at),
            all.elsewhere(at),
            all.local(at),
            all.address(at),
            all.at_intersection(at),
            all.origin(at),
            all.status(at),
            data.assignment.shares(at).collect::<Vec<_>>(),
            data.assignment.near_boundary(at),
            data.held[at],
        )
    };
    all.standing().map(one).collect()
}
