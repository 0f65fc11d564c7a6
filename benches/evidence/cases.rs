//! The cases that are timed, ours and the naive way, by name.

use std::path::{Path, PathBuf};

use hotblocks::analysis::clusters::dbscan::{DbscanParams, dbscan};
use hotblocks::analysis::density::kde::{Density, KdeParams, kde};
use hotblocks::assign::blocks::assign;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::query::{Query, Tally};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::index::incidents::IncidentIndex;
use hotblocks::ingest::incidents::{Options, read};
use hotblocks::ingest::input::Input;
use hotblocks::model::areas::polygons;
use hotblocks::model::block::{BlockSet, Intersections};
use hotblocks::model::reports::Ledger;
use hotblocks::rank::draws::{DrawParams, Drawing, positions};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

use crate::common::{box_around, city, classes, every, grid_of_cells, grid_of_side, naive, polygon_around};
use crate::measure::{Measured, time};

/// One thing that is timed.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) sizes: &'static [usize],
    /// Sizes at which the naive way ends.
    pub(crate) naive: &'static [usize],
}

/// Cases of one station.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    /// What its sizes count.
    pub(crate) sizes: &'static str,
    /// What the compared number of the answer is.
    pub(crate) found: &'static str,
    pub(crate) cases: &'static [Case],
}

const ALL: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
const TO_100_000: &[usize] = &[1_000, 10_000, 100_000];
const TO_10_000: &[usize] = &[1_000, 10_000];
const RANKED: &[usize] = &[1_000, 20_000];
const NEVER: &[usize] = &[];

/// Queries asked in one lap.
const ASKED: usize = 100;

pub(crate) const TABLES: &[Table] = &[
    Table {
        title: "Import",
        about: "A CSV file of 20 columns in US feet, read, checked, projected to degrees; `file to snapshot` goes on to the indexed data set with every incident in its block.",
        sizes: "incidents",
        found: "reports",
        cases: &[
            Case { name: "CSV to reports", sizes: ALL, naive: NEVER },
            Case { name: "file to snapshot", sizes: ALL, naive: NEVER },
        ],
    },
    Table {
        title: "Index",
        about: "Times of queries are for one, around incidents, in the index; naive: a scan of all incidents, for the nearest with a sort.",
        sizes: "incidents",
        found: "incidents per answer",
        cases: &[
            Case { name: "build", sizes: ALL, naive: NEVER },
            Case { name: "box of 200 m", sizes: ALL, naive: ALL },
            Case { name: "radius of 100 m", sizes: ALL, naive: ALL },
            Case { name: "nearest 10", sizes: ALL, naive: TO_100_000 },
            Case { name: "polygon of 12 corners, 100 m", sizes: ALL, naive: TO_100_000 },
        ],
    },
    Table {
        title: "Assignment",
        about: "Every incident to one of 9,940 segments and their nodes, with the search for a rival within 10 m; or to one of 10,000 polygons of 16 corners, with the distance to the nearest edge. Naive: a scan of all blocks, without rival or edge.",
        sizes: "incidents",
        found: "incidents with a block",
        cases: &[
            Case { name: "segments and nodes", sizes: ALL, naive: TO_10_000 },
            Case { name: "polygons", sizes: ALL, naive: TO_10_000 },
        ],
    },
    Table {
        title: "Density",
        about: "Exact quartic density; naive: every incident stamped on the cells around it.",
        sizes: "incidents",
        found: "integral, incidents",
        cases: &[
            Case { name: "h 250 m, cells of 50 m", sizes: ALL, naive: ALL },
            Case { name: "h 500 m, cells of 50 m", sizes: ALL, naive: ALL },
            Case { name: "h 500 m, 512 × 512 cells", sizes: ALL, naive: ALL },
            Case { name: "h 500 m, 1024 × 1024 cells", sizes: ALL, naive: ALL },
        ],
    },
    Table {
        title: "Clusters",
        about: "Exact DBSCAN; naive: every point compared with every other.",
        sizes: "incidents",
        found: "points in clusters",
        cases: &[
            Case { name: "eps 25 m, 20 points", sizes: ALL, naive: TO_10_000 },
            Case { name: "eps 100 m, 20 points", sizes: ALL, naive: TO_10_000 },
            Case { name: "eps 100 m, 200 points", sizes: ALL, naive: TO_10_000 },
        ],
    },
    Table {
        title: "Data set and filter",
        about: "`data set` resolves, projects, indexes, assigns and holds what was read. The filter is one year and two categories; naive rank: all incidents are assigned again, with the indexes of blocks and addresses but without what was stored.",
        sizes: "incidents",
        found: "incidents; blocks with any; incidents",
        cases: &[
            Case { name: "data set", sizes: ALL, naive: NEVER },
            Case { name: "rank after a filter change", sizes: ALL, naive: ALL },
            Case { name: "tally after a filter change", sizes: ALL, naive: NEVER },
        ],
    },
    Table {
        title: "Ranking with its uncertainty",
        about: "A made-up city of five classes from killings to thefts, by harm, with unequal exposure (`benches/common/classes.rs`): a fit of each class, then for every block P(top 20), its expected rank and interval from 10,000 draws. Asked for 20,000 blocks on two cores: under 10 s plainly, and under 2 s by the shortcut, with P(top 20) within 0.005 of the plain way.",
        sizes: "blocks",
        found: "the sum of P(top 20); by the shortcut the largest difference of a P(top 20) from the plain way",
        cases: &[
            Case { name: "fits and 10,000 draws, plainly", sizes: RANKED, naive: NEVER },
            Case { name: "fits and 10,000 draws, by the shortcut", sizes: RANKED, naive: NEVER },
        ],
    },
];

/// Whether two ways found the same.
pub(crate) fn same(ours: &Measured, naive: &Measured) -> bool {
    (ours.found - naive.found).abs() <= 1e-9 * ours.found.abs().max(1.0)
}

/// Writes the city's log where `run` looks for it.
pub(crate) fn write_csv(n: usize, folder: &Path) {
    std::fs::write(csv_file(n, folder), city::csv(n)).expect("the folder can be written to");
}

fn csv_file(n: usize, folder: &Path) -> PathBuf {
    folder.join(format!("city-{n}.csv"))
}

/// Times one case at one size.
pub(crate) fn run(case: &str, naively: bool, n: usize, folder: &Path) -> Measured {
    match case {
        "CSV to reports" => {
            let file = csv_file(n, folder);
            time(|| (), |()| imported(&file), |ledger| ledger.reports.len() as f64)
        }
        "file to snapshot" => {
            let (file, ground) = (csv_file(n, folder), ground());
            time(
                || (),
                |()| snapshot(imported(&file), &ground),
                |made| made.dataset().resolution.reports as f64,
            )
        }
        "build" => {
            let places = city::places(n);
            time(|| (), |()| index(&places), |index| index.len() as f64)
        }
        "box of 200 m" => queries(
            naively,
            n,
            |index, at| index.within_box(box_around(at, Metres(200.0)), |_| true).len(),
            |places, at| naive::within_box(places, box_around(at, Metres(200.0))).len(),
        ),
        "radius of 100 m" => queries(
            naively,
            n,
            |index, at| index.within_radius(at, Metres(100.0), |_| true).len(),
            |places, at| naive::within_radius(places, at, Metres(100.0)).len(),
        ),
        "nearest 10" => queries(
            naively,
            n,
            |index, at| index.nearest(at, 10, |_| true).len(),
            |places, at| naive::nearest(places, at, 10).len(),
        ),
        "polygon of 12 corners, 100 m" => queries(
            naively,
            n,
            |index, at| index.within_polygon(&polygon_around(at, Metres(100.0)), |_| true).len(),
            |places, at| naive::within_polygon(places, &polygon_around(at, Metres(100.0))).len(),
        ),
        "segments and nodes" => segments(naively, n),
        "polygons" => in_polygons(naively, n),
        "h 250 m, cells of 50 m" => density(naively, n, 250.0, |p, h| grid_of_cells(p, h, Metres(50.0))),
        "h 500 m, cells of 50 m" => density(naively, n, 500.0, |p, h| grid_of_cells(p, h, Metres(50.0))),
        "h 500 m, 512 × 512 cells" => density(naively, n, 500.0, |p, h| grid_of_side(p, h, 512)),
        "h 500 m, 1024 × 1024 cells" => density(naively, n, 500.0, |p, h| grid_of_side(p, h, 1024)),
        "eps 25 m, 20 points" => clusters(naively, n, 25.0, 20),
        "eps 100 m, 20 points" => clusters(naively, n, 100.0, 20),
        "eps 100 m, 200 points" => clusters(naively, n, 100.0, 200),
        "data set" => {
            let (ledger, ground) = (city::ledger(n), ground());
            time(
                || ledger.clone(),
                |ledger| snapshot(ledger, &ground),
                |made| made.dataset().incidents.len() as f64,
            )
        }
        "rank after a filter change" => ranked(naively, n),
        "tally after a filter change" => {
            let made = snapshot(city::ledger(n), &ground());
            // Not as a snapshot gives it, which keeps the last ones.
            let tally = |()| {
                let selection = made.select(&query()).expect("known categories");
                Tally::of(&selection, made.dataset(), made.observed_from(), made.complete_until())
            };
            time(|| (), tally, |tally| tally.incidents as f64)
        }
        "fits and 10,000 draws, plainly" => {
            let city = classes::city(n, true);
            time(|| (), |()| drawn(&city, Drawing::Plain), |found| found.iter().sum())
        }
        "fits and 10,000 draws, by the shortcut" => {
            let city = classes::city(n, true);
            let plain = drawn(&city, Drawing::Plain);
            let far =
                |found: &Vec<f64>| found.iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            time(|| (), |()| drawn(&city, Drawing::Pruned), far)
        }
        other => panic!("`{other}` is no case"),
    }
}

fn ground() -> Ground {
    Ground::Streets(city::streets())
}

fn imported(file: &Path) -> Ledger {
    let inputs = [Input::at(file).expect("a .csv")];
    read(&inputs, &Options::default(), &|| ()).expect("the layout fits").0
}

fn snapshot(ledger: Ledger, ground: &Ground) -> Snapshot {
    Snapshot::new(build(ledger, ground, About::default()).expect("incidents lie on streets"), 1)
}

fn query() -> Query {
    let period = "2015-01-01/2015-12-31".parse().expect("a period");
    Query {
        period: Some(period),
        categories: vec!["burglary".to_owned(), "larceny".to_owned()],
        ..Query::default()
    }
}

fn index(places: &[Local]) -> IncidentIndex {
    IncidentIndex::build(places.iter().copied().map(Some))
}

fn queries(
    naively: bool,
    n: usize,
    ours: impl Fn(&IncidentIndex, Local) -> usize,
    scan: impl Fn(&[Local], Local) -> usize,
) -> Measured {
    let places = city::places(n);
    let asked = every(&places, ASKED);
    let hits = |sum: &usize| *sum as f64;
    let all = if naively {
        time(|| (), |()| asked.iter().map(|&at| scan(&places, at)).sum::<usize>(), hits)
    } else {
        let index = index(&places);
        time(|| (), |()| asked.iter().map(|&at| ours(&index, at)).sum::<usize>(), hits)
    };
    all.per(asked.len())
}

fn segments(naively: bool, n: usize) -> Measured {
    let (incidents, set) = (city::incidents(n), city::blocks());
    if naively {
        let lists = naive::Lists::of(&set.blocks);
        let one = |at: usize| {
            lists.block(incidents.local(at).expect("all have a place"), incidents.at_intersection(at))
        };
        return time(|| (), |()| (0..n).filter_map(one).count(), |&found| found as f64);
    }
    let index = BlockIndex::build(&set.blocks);
    let streets = city::addresses(&set, &index);
    time(
        || (),
        |()| assign(&incidents, &set, &index, &streets, Intersections::Node),
        |(_, report)| report.in_blocks as f64,
    )
}

fn in_polygons(naively: bool, n: usize) -> Measured {
    let set: BlockSet = polygons(&city::areas(), &city::crs()).expect("the city lies in its zone");
    if naively {
        let places = city::places(n);
        let count = |()| places.iter().filter_map(|&at| naive::containing(&set.blocks, at)).count();
        return time(|| (), count, |&found| found as f64);
    }
    let (incidents, index) = (city::incidents(n), BlockIndex::build(&set.blocks));
    let streets = city::addresses(&set, &index);
    time(
        || (),
        |()| assign(&incidents, &set, &index, &streets, Intersections::Node),
        |(_, report)| report.in_blocks as f64,
    )
}

fn density(naively: bool, n: usize, h: f64, grid: impl Fn(&[Local], Metres) -> Grid) -> Measured {
    let places = city::places(n);
    let grid = grid(&places, Metres(h));
    if naively {
        let stamped = |()| Density { grid, per_km2: naive::stamp(&places, &grid, Metres(h)) };
        return time(|| (), stamped, Density::integral);
    }
    time(
        || (),
        |()| kde(&places, None, &grid, &KdeParams::quartic(Metres(h))).expect("good input"),
        Density::integral,
    )
}

fn clusters(naively: bool, n: usize, eps: f64, min_points: usize) -> Measured {
    let (places, eps) = (city::places(n), Metres(eps));
    let clustered = |label: &[Option<u32>]| label.iter().flatten().count() as f64;
    if naively {
        return time(|| (), |()| naive::dbscan(&places, eps, min_points), |label| clustered(label));
    }
    let params = DbscanParams { eps, min_points };
    time(|| (), |()| dbscan(&places, &params).expect("good input"), |found| clustered(&found.label))
}

/// P(top 20) of each block, from the counts.
fn drawn(city: &[(Vec<u32>, Vec<f64>)], how: Drawing) -> Vec<f64> {
    let params = DrawParams { top_n: 20, draws: 10_000, seed: 1, how };
    let found = positions(&classes::fitted(city), &params).expect("good input");
    found.iter().map(|one| one.p_top_n).collect()
}

fn ranked(naively: bool, n: usize) -> Measured {
    let made = snapshot(city::ledger(n), &ground());
    if !naively {
        let rank = |()| made.rank(&made.select(&query()).expect("known categories"));
        return time(|| (), rank, |ranked| ranked.iter().filter(|row| row.rank.is_some()).count() as f64);
    }
    let data = made.dataset();
    let index = BlockIndex::build(&data.block_set.blocks);
    let addresses = city::addresses(&data.block_set, &index);
    let rank = |()| {
        let selection = made.select(&query()).expect("known categories");
        let chosen = (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at));
        let (assigned, _) =
            assign(&data.incidents, &data.block_set, &index, &addresses, data.placing.intersections);
        naive::rank(chosen.map(|at| assigned.main(at).map(|block| block.0)))
    };
    time(|| (), rank, |ranked| ranked.len() as f64)
}
