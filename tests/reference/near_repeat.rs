//! The checks of near repeats and scans: brute force written a second time, since no package has them in this form.

use hotblocks::analysis::near_repeat::bands::{DAY, Metric};
use hotblocks::analysis::near_repeat::chains::{ChainsParams, chains};
use hotblocks::analysis::near_repeat::knox::{Knox, KnoxParams, knox, knox_of_orders};
use hotblocks::analysis::near_repeat::zones::{ZonesParams, rings, zones};
use hotblocks::analysis::scan::space_time::{SpaceTimeParams, space_time_scan};
use hotblocks::analysis::scan::spatial::{ScanParams, scan};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

use crate::rows::{Room, Row, column, number};
use crate::table::Check;

const ROOM: Room = Room("near_repeat");

fn of_set(name: &str, set: &str) -> Vec<Row> {
    ROOM.rows(name).into_iter().filter(|row| row["set"] == set).collect()
}

fn reference() -> String {
    format!("brute force ({})", ROOM.versions(&["numpy", "scipy"]))
}

fn places(name: &str) -> Vec<Local> {
    ROOM.rows(name).iter().map(|row| Local { x: number(row, "x"), y: number(row, "y") }).collect()
}

fn new_haven() -> (Vec<Local>, Vec<i64>) {
    (places("new_haven"), ROOM.rows("new_haven").iter().map(|row| number(row, "day") as i64 * DAY).collect())
}

fn small() -> (Vec<Local>, Vec<i64>) {
    (places("small"), ROOM.rows("small").iter().map(|row| number(row, "seconds") as i64).collect())
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The affine permutations of the script.
fn affine(n: usize, how_many: usize) -> Vec<Vec<u32>> {
    let steps = (2..).filter(|&a| gcd(a, n) == 1).take(how_many);
    steps.map(|a| (0..n).map(|i| ((a * i + 7 * a + 1) % n) as u32).collect()).collect()
}

/// All orders of so many.
fn every(n: usize) -> Vec<Vec<u32>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let insert = |shorter: Vec<u32>| {
        (0..n).map(move |at| {
            let mut order = shorter.clone();
            order.insert(at, n as u32 - 1);
            order
        })
    };
    every(n - 1).into_iter().flat_map(insert).collect()
}

fn params(distances: &[f64], days: &[i64], metric: &str, same_place: bool) -> KnoxParams {
    KnoxParams {
        distances: distances.iter().copied().map(Metres).collect(),
        times: days.iter().map(|day| day * DAY).collect(),
        metric: Metric::ALL.into_iter().find(|known| known.word() == metric).expect("a metric"),
        same_place,
        permutations: 1,
        seed: 0,
    }
}

/// All numbers of a table but p, each as the script has it.
fn numbers(table: &Knox) -> Vec<f64> {
    let one = |cell: &hotblocks::analysis::near_repeat::knox::KnoxCell| {
        [cell.observed as f64, cell.expected, cell.mean, cell.median, f64::from(cell.as_many), cell.p]
    };
    table.cells.iter().flat_map(one).collect()
}

fn theirs(rows: &[Row]) -> Vec<f64> {
    let names = ["observed", "expected", "mean", "median", "as_many", "p"];
    rows.iter().flat_map(|row| names.map(|name| number(row, name))).collect()
}

fn relative(value: f64) -> f64 {
    value.abs().max(1.0)
}

fn knox_checks() -> Vec<Check> {
    let mut checks = Vec::new();
    let one = |method,
               set: &str,
               (points, times): &(Vec<Local>, Vec<i64>),
               orders: &[Vec<u32>],
               tables: &[KnoxParams]| {
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for params in tables {
            let table = knox_of_orders(points, times, orders, params).expect("good input");
            ours.extend(numbers(&table));
            let name = if set == "tiny" { "knox_exact" } else { "knox" };
            let same = of_set(name, set).into_iter().filter(|row| row["metric"] == params.metric.word());
            others.extend(theirs(&same.collect::<Vec<_>>()));
        }
        Check::new(method, reference(), (&ours, &others), relative, (1e-14, "relative"))
    };
    let few = small();
    let tables = [
        params(&[5.0, 10.0, 20.0], &[3, 7, 14, 28, 60], "euclidean", true),
        params(&[4.0, 12.0], &[7, 14], "manhattan", false),
    ];
    checks.push(one("Knox, 62 incidents, 99 given orders", "small", &few, &affine(62, 99), &tables));
    let many = new_haven();
    let tables = [
        params(&[100.0, 200.0, 400.0, 800.0], &[1, 2, 4, 7, 14], "euclidean", true),
        params(&[150.0, 300.0, 600.0], &[1, 3, 7], "manhattan", false),
    ];
    let orders = affine(many.0.len(), 199);
    checks.push(one("Knox, New Haven, 199 given orders", "new_haven", &many, &orders, &tables));
    let tiny = (few.0[..7].to_vec(), few.1[..7].to_vec());
    let tables =
        ["euclidean", "manhattan"].map(|metric| params(&[8.0, 20.0, 90.0], &[10, 20, 40], metric, false));
    checks.push(one("Knox, all orders of 7 incidents", "tiny", &tiny, &every(7), &tables));
    // What is drawn must come near what all orders give: three standard errors of 9,999 draws are 0.015.
    let drawn = |params: &KnoxParams| {
        let params = KnoxParams { permutations: 9_999, seed: 7, ..params.clone() };
        knox(&tiny.0, &tiny.1, &params).expect("good input")
    };
    let p: Vec<f64> = tables.iter().flat_map(|params| drawn(params).cells).map(|cell| cell.p).collect();
    let exact = column(&ROOM.rows("knox_exact"), "p");
    let method = "Knox, 9,999 drawn orders beside all of them";
    checks.push(Check::new(method, reference(), (&p, &exact), |_| 1.0, (0.015, "p")));
    checks
}

fn chain_checks() -> Check {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for (set, (points, times), distance, days) in
        [("small", small(), 10.0, 7), ("new_haven", new_haven(), 60.0, 2)]
    {
        let params = ChainsParams { distance: Metres(distance), time: days * DAY, metric: Metric::Euclidean };
        let found = chains(&points, &times, &params).expect("good input");
        for (at, label) in (0..).zip(&found.label) {
            let chain = label.map(|label| &found.chains[label as usize]);
            let first = chain.and_then(|chain| chain.incidents.iter().copied().min()).unwrap_or(at);
            ours.extend([f64::from(first), chain.map_or(0.0, |chain| chain.links as f64)]);
        }
        others.extend(
            of_set("chains", set).iter().flat_map(|row| [number(row, "first"), number(row, "links")]),
        );
    }
    let method = "chains, 62 incidents and New Haven";
    Check::new(method, reference(), (&ours, &others), |_| 1.0, (0.0, "labels and links"))
}

fn zone_checks() -> [Check; 2] {
    let (points, times) = small();
    let now = times.iter().max().expect("incidents") - 5 * DAY;
    let origin = Local { x: -200.0, y: -150.0 };
    let grid = Grid { origin, cell: Metres(25.0), n_cols: 30, n_rows: 24 };
    let risk = |cumulative| {
        let params =
            ZonesParams { range: Metres(ZonesParams::ESRI.range.0 / 3.0), cumulative, ..ZonesParams::ESRI };
        zones(&points, &times, now, &grid, &params).expect("good input").risk
    };
    let ours = [risk(true), risk(false)].concat();
    let risks = Check::new(
        "prediction zones, added up and highest",
        reference(),
        (&ours, &column(&ROOM.rows("zones"), "risk")),
        relative,
        (1e-13, "relative"),
    );
    let around = [1, 2, 3].map(|k| (Metres(20.0 * f64::from(k)), 7 * i64::from(k) * DAY));
    let middles: Vec<Local> =
        (0..grid.len()).map(|k| grid.center(k % grid.n_cols, k / grid.n_cols)).collect();
    let found = rings(&points, &times, now, &middles, &around).expect("good input");
    let ours: Vec<f64> = found.iter().map(|ring| ring.map_or(9.0, f64::from)).collect();
    let theirs = column(&ROOM.rows("rings"), "ring");
    [risks, Check::new("rings around incidents", reference(), (&ours, &theirs), |_| 1.0, (0.0, "labels"))]
}

fn scan_checks() -> Check {
    let (points, table) = (places("blocks"), ROOM.rows("blocks"));
    let counts: Vec<u64> = column(&table, "count").iter().map(|&count| count as u64).collect();
    let area = column(&table, "area");
    let even = vec![1.0; area.len()];
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for (set, exposure, share, radius) in
        [("half", &area, 0.5, None), ("short", &area, 0.1, Some(300.0)), ("even", &even, 0.02, Some(500.0))]
    {
        let params = ScanParams { share, radius: radius.map(Metres), least: 2, permutations: 1, seed: 1 };
        let found = scan(&points, &counts, exposure, &params).expect("good input");
        for cluster in &found.clusters {
            let risk = cluster.relative_risk.expect("incidents outside");
            let numbers = [cluster.llr, cluster.radius.0, cluster.observed as f64, cluster.expected, risk];
            ours.extend(numbers);
            ours.push(cluster.members.len() as f64);
        }
        let names = ["llr", "radius", "observed", "expected", "relative_risk", "places"];
        others.extend(of_set("scan", set).iter().flat_map(|row| names.map(|name| number(row, name))));
    }
    let method = "spatial scan, blocks of New Haven: clusters of three settings";
    Check::new(method, reference(), (&ours, &others), relative, (1e-11, "relative"))
}

fn cylinder_checks() -> Check {
    let (points, times) = new_haven();
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for (set, last, radius, days) in [("week", 30, 400.0, 7), ("two", 20, 150.0, 3)] {
        let chosen: Vec<usize> = (0..times.len()).filter(|&at| times[at] <= last * DAY).collect();
        let points: Vec<Local> = chosen.iter().map(|&at| points[at]).collect();
        let of_day: Vec<i64> = chosen.iter().map(|&at| times[at] / DAY).collect();
        let params = SpaceTimeParams {
            radius: Metres(radius),
            share: 0.5,
            days,
            least: 2,
            every: 1.0,
            permutations: 1,
            seed: 1,
        };
        let found = space_time_scan(&points, &of_day, (1, last), &params).expect("good input");
        for cluster in &found.clusters {
            let numbers = [cluster.radius.0, cluster.from as f64, cluster.observed as f64, cluster.expected];
            ours.push(cluster.llr);
            ours.extend(numbers);
        }
        let names = ["llr", "radius", "from", "observed", "expected"];
        others.extend(of_set("cylinders", set).iter().flat_map(|row| names.map(|name| number(row, name))));
    }
    let method = "prospective space-time scan, New Haven: clusters of two settings";
    Check::new(method, reference(), (&ours, &others), relative, (1e-11, "relative"))
}

/// p of the tiny sets whose outcomes the script enumerates.
fn exact_checks() -> Check {
    let on_line = |x: &[f64]| -> Vec<Local> { x.iter().map(|&x| Local { x, y: 0.0 }).collect() };
    let even = ScanParams { share: 0.5, radius: None, least: 2, permutations: 19_999, seed: 3 };
    let found = scan(&on_line(&[0.0, 10.0, 25.0, 100.0]), &[4, 1, 0, 1], &[1.0, 2.0, 3.0, 4.0], &even);
    let (circle, days) = (found.expect("good input").clusters.remove(0), [9, 10, 10, 3, 4, 8, 1]);
    let late = SpaceTimeParams {
        radius: Metres(60.0),
        share: 0.5,
        days: 3,
        least: 2,
        every: 1.0,
        permutations: 19_999,
        seed: 3,
    };
    let points = on_line(&[0.0, 0.0, 0.0, 50.0, 90.0, 90.0, 200.0]);
    let found = space_time_scan(&points, &days, (1, 10), &late);
    let cylinder = found.expect("good input").clusters.remove(0);
    let ours = [circle.llr, circle.p, cylinder.llr, cylinder.p];
    let theirs: Vec<f64> =
        ROOM.rows("exact_p").iter().flat_map(|row| [number(row, "llr"), number(row, "p")]).collect();
    let method = "scans, 19,999 simulations beside all outcomes of tiny sets";
    Check::new(method, reference(), (&ours, &theirs), |_| 1.0, (0.007, "ratio and p"))
}

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = knox_checks();
    checks.push(chain_checks());
    checks.extend(zone_checks());
    checks.extend([scan_checks(), cylinder_checks(), exact_checks()]);
    checks
}
