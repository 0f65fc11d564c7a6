//! What must hold for every input: near repeats and scans against naive ways, against chance and against themselves.

use crate::cases;

use cases::cases;
use hotblocks::analysis::chance::Chance;
use hotblocks::analysis::near_repeat::bands::{DAY, Metric};
use hotblocks::analysis::near_repeat::chains::{ChainsParams, chains};
use hotblocks::analysis::near_repeat::knox::{Knox, KnoxParams, knox, knox_of_orders};
use hotblocks::analysis::near_repeat::zones::{ZonesParams, zones};
use hotblocks::analysis::scan::space_time::{SpaceTimeParams, SpaceTimeScan, space_time_scan};
use hotblocks::analysis::scan::spatial::{Scan, ScanParams, scan};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;
use proptest::prelude::*;
use rayon::prelude::*;

/// Incidents on whole metres, many at one place and many exactly on an edge, in seconds or on days.
fn incidents(n: std::ops::Range<usize>) -> impl Strategy<Value = (Vec<Local>, Vec<i64>)> {
    let one = (0..40_i32, 0..40_i32, 0..30_i64, 0..86_400_i64);
    (prop::collection::vec(one, n), any::<bool>()).prop_map(|(all, whole)| {
        let place = |&(x, y, ..): &(i32, i32, i64, i64)| Local { x: f64::from(x - 20), y: f64::from(y) };
        let time = |&(.., day, second): &(i32, i32, i64, i64)| day * DAY + if whole { 0 } else { second };
        (all.iter().map(place).collect(), all.iter().map(time).collect())
    })
}

fn bands() -> impl Strategy<Value = KnoxParams> {
    let distances = prop::collection::btree_set(1..30_u32, 1..5);
    let days = prop::collection::btree_set(1..20_i64, 1..7);
    (distances, days, any::<bool>(), any::<bool>(), any::<u64>()).prop_map(
        |(distances, days, manhattan, same_place, seed)| KnoxParams {
            distances: distances.into_iter().map(|metres| Metres(f64::from(metres))).collect(),
            times: days.into_iter().map(|day| day * DAY).collect(),
            metric: if manhattan { Metric::Manhattan } else { Metric::Euclidean },
            same_place,
            permutations: 19,
            seed,
        },
    )
}

/// Pairs in each cell, as the definition has it.
fn naive(points: &[Local], times: &[i64], params: &KnoxParams) -> Vec<u64> {
    let mut lower: Vec<f64> =
        std::iter::once(0.0).chain(params.distances.iter().map(|edge| edge.0)).collect();
    lower.pop();
    let mut found = Vec::new();
    let mut bands: Vec<(f64, f64)> =
        lower.into_iter().zip(params.distances.iter().map(|edge| edge.0)).collect();
    if params.same_place {
        bands.insert(0, (-1.0, -1.0));
    }
    for (from, to) in bands {
        let mut after = 0;
        for &before in &params.times {
            let mut pairs = 0;
            for i in 0..points.len() {
                for j in 0..i {
                    let (dx, dy) = ((points[i].x - points[j].x).abs(), (points[i].y - points[j].y).abs());
                    let d =
                        if params.metric == Metric::Manhattan { dx + dy } else { (dx * dx + dy * dy).sqrt() };
                    let here = if to < 0.0 { d == 0.0 } else { from <= d && d < to };
                    let elsewhere = params.same_place && to > 0.0 && d == 0.0;
                    let apart = (times[i] - times[j]).abs();
                    pairs += u64::from(here && !elsewhere && after <= apart && apart < before);
                }
            }
            found.push(pairs);
            after = before;
        }
    }
    found
}

fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut items = items.to_vec();
    Chance::new(seed, 77).shuffle(&mut items);
    items
}

fn with_threads<T: Send>(threads: usize, job: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(job)
}

fn moved(points: &[Local]) -> Vec<Local> {
    points.iter().map(|p| Local { x: p.x + 271_000.0, y: p.y + 4_277_000.0 }).collect()
}

fn assert_finite(table: &Knox) {
    for cell in &table.cells {
        for number in [cell.expected, cell.mean, cell.median, cell.p] {
            assert!(number.is_finite() && number >= 0.0, "{cell:?}");
        }
        assert!(
            cell.ratio.is_none_or(f64::is_finite) && cell.ratio_median.is_none_or(f64::is_finite),
            "{cell:?}"
        );
        assert!(cell.p > 0.0 && cell.p <= 1.0, "{cell:?}");
    }
}

proptest! {
    #![proptest_config(cases(120, 20_260_102))]

    #[test]
    fn a_knox_table_equals_all_pairs_counted(data in incidents(0..70), params in bands(), seed: u64) {
        let (points, times) = data;
        let table = knox(&points, &times, &params).expect("good input");
        assert_finite(&table);
        let observed: Vec<u64> = table.cells.iter().map(|cell| cell.observed).collect();
        prop_assert_eq!(observed, naive(&points, &times, &params));
        let order: Vec<u32> = shuffled(&(0..points.len() as u32).collect::<Vec<_>>(), seed);
        let permuted: Vec<i64> = order.iter().map(|&at| times[at as usize]).collect();
        let given = knox_of_orders(&points, &times, &[order], &params).expect("good input");
        let means: Vec<u64> = given.cells.iter().map(|cell| cell.mean as u64).collect();
        prop_assert_eq!(means, naive(&points, &permuted, &params));
    }

    #[test]
    fn expected_pairs_are_near_times_soon(data in incidents(2..70), params in bands()) {
        let (points, times) = data;
        let table = knox(&points, &times, &params).expect("good input");
        let pairs = (points.len() * (points.len() - 1) / 2) as f64;
        for (cells, near) in table.cells.chunks(params.times.len()).zip(&table.near) {
            for (cell, soon) in cells.iter().zip(&table.soon) {
                prop_assert!((cell.expected - *near as f64 * *soon as f64 / pairs).abs() < 1e-9);
            }
            prop_assert!(cells.iter().map(|cell| cell.observed).sum::<u64>() <= *near);
        }
    }

    #[test]
    fn neither_order_nor_threads_nor_a_translation_change_a_knox_table(
        data in incidents(2..60), params in bands(), seed: u64, threads in 1..4_usize,
    ) {
        let (points, times) = data;
        let table = knox(&points, &times, &params).expect("good input");
        let pairs: Vec<(Local, i64)> = points.iter().copied().zip(times.iter().copied()).collect();
        let (other_points, other_times): (Vec<Local>, Vec<i64>) = shuffled(&pairs, seed).into_iter().unzip();
        let other = with_threads(threads, || knox(&other_points, &other_times, &params));
        prop_assert_eq!(&other.expect("good input"), &table);
        let later: Vec<i64> = times.iter().map(|time| time + 1_400_000_000).collect();
        prop_assert_eq!(&knox(&moved(&points), &later, &params).expect("good input"), &table);
    }

    #[test]
    fn chains_are_the_components_of_near_pairs(data in incidents(0..60), days in 1..9_i64, metres in 1..9_u32, seed: u64) {
        let (points, times) = data;
        let params = ChainsParams { distance: Metres(f64::from(metres)), time: days * DAY, metric: Metric::Euclidean };
        let found = chains(&points, &times, &params).expect("good input");
        let near = |i: usize, j: usize| {
            let (dx, dy) = (points[i].x - points[j].x, points[i].y - points[j].y);
            dx * dx + dy * dy < params.distance.0 * params.distance.0 && (times[i] - times[j]).abs() < params.time
        };
        // Labels spread along near pairs until nothing changes.
        let mut label: Vec<usize> = (0..points.len()).collect();
        loop {
            let before = label.clone();
            for i in 0..points.len() {
                for j in (0..points.len()).filter(|&j| near(i, j)) {
                    label[i] = label[i].min(label[j]);
                }
            }
            if before == label {
                break;
            }
        }
        for i in 0..points.len() {
            for j in 0..i {
                let same = found.label[i].is_some() && found.label[i] == found.label[j];
                prop_assert_eq!(same, label[i] == label[j], "{} and {}", i, j);
            }
        }
        let links: u64 = found.chains.iter().map(|chain| chain.links).sum();
        let all = (0..points.len()).flat_map(|i| (0..i).map(move |j| (i, j))).filter(|&(i, j)| near(i, j)).count();
        prop_assert_eq!(links, all as u64);
        let pairs: Vec<(Local, i64)> = points.iter().copied().zip(times.iter().copied()).collect();
        let (other_points, other_times): (Vec<Local>, Vec<i64>) = shuffled(&pairs, seed).into_iter().unzip();
        let other = chains(&moved(&other_points), &other_times, &params).expect("good input");
        let shape = |found: &hotblocks::analysis::near_repeat::chains::Chains| {
            found.chains.iter().map(|c| (c.incidents.len(), c.links, c.first, c.last)).collect::<Vec<_>>()
        };
        prop_assert_eq!(shape(&other), shape(&found));
    }

    #[test]
    fn risk_is_finite_and_no_order_changes_it(data in incidents(0..40), now in 0..40_i64, seed: u64, cumulative: bool) {
        let (points, times) = data;
        let grid = Grid { origin: Local { x: -60.0, y: -40.0 }, cell: Metres(10.0), n_cols: 12, n_rows: 11 };
        let params = ZonesParams { range: Metres(25.0), half_distance: Metres(10.0), cumulative, ..ZonesParams::ESRI };
        let found = zones(&points, &times, now * DAY, &grid, &params).expect("good input");
        prop_assert!(found.risk.iter().all(|risk| risk.is_finite() && *risk >= 0.0));
        for (k, &risk) in found.risk.iter().enumerate() {
            let at = grid.center(k % grid.n_cols, k / grid.n_cols);
            let near = found.recent.iter().any(|&i| points[i as usize].distance(at).0 < 25.0);
            prop_assert_eq!(risk > 0.0, near);
        }
        let pairs: Vec<(Local, i64)> = points.iter().copied().zip(times.iter().copied()).collect();
        let (other_points, other_times): (Vec<Local>, Vec<i64>) = shuffled(&pairs, seed).into_iter().unzip();
        let other = zones(&other_points, &other_times, now * DAY, &grid, &params).expect("good input");
        prop_assert_eq!(other.risk, found.risk);
    }
}

/// What must not depend on the order of the input: everything but the positions.
fn told(found: &Scan) -> Vec<(u64, u64, u64, u64, u64)> {
    let bits = |c: &hotblocks::analysis::scan::spatial::ScanCluster| {
        (c.observed, c.expected.to_bits(), c.llr.to_bits(), c.p.to_bits(), c.radius.0.to_bits())
    };
    found.clusters.iter().map(bits).collect()
}

fn told_late(found: &SpaceTimeScan) -> Vec<(u64, i64, u64, u64, u64)> {
    let bits = |c: &hotblocks::analysis::scan::space_time::SpaceTimeCluster| {
        (c.observed, c.from, c.expected.to_bits(), c.llr.to_bits(), c.p.to_bits())
    };
    found.clusters.iter().map(bits).collect()
}

proptest! {
    #![proptest_config(cases(60, 20_260_102))]

    #[test]
    fn neither_order_nor_threads_nor_a_translation_change_a_scan(
        places in prop::collection::vec((0..30_i32, 0..30_i32, 0..6_u64, 1..20_u32), 1..50), seed: u64, threads in 1..4_usize,
    ) {
        let run = |places: &[(i32, i32, u64, u32)], dx: f64, threads: usize| {
            let points: Vec<Local> = places.iter().map(|p| Local { x: f64::from(p.0) + dx, y: f64::from(p.1) }).collect();
            let counts: Vec<u64> = places.iter().map(|p| p.2).collect();
            let exposure: Vec<f64> = places.iter().map(|p| f64::from(p.3)).collect();
            let params = ScanParams { share: 0.5, radius: None, least: 2, permutations: 39, seed: 5 };
            with_threads(threads, || scan(&points, &counts, &exposure, &params)).expect("good input")
        };
        let found = run(&places, 0.0, 1);
        for cluster in &found.clusters {
            prop_assert!(cluster.llr > 0.0 && cluster.llr.is_finite() && cluster.p > 0.0 && cluster.p <= 1.0);
            prop_assert!(cluster.observed as f64 > cluster.expected && cluster.expected > 0.0);
            prop_assert!(cluster.relative_risk.is_none_or(|risk| risk.is_finite() && risk > 1.0));
            let inside: u64 = cluster.members.iter().map(|&i| places[i as usize].2).sum();
            prop_assert_eq!(inside, cluster.observed);
        }
        let mut members: Vec<u32> = found.clusters.iter().flat_map(|c| c.members.clone()).collect();
        let all = members.len();
        members.sort_unstable();
        members.dedup();
        prop_assert_eq!(members.len(), all, "clusters share a place");
        prop_assert_eq!(told(&run(&shuffled(&places, seed), 0.0, threads)), told(&found));
        prop_assert_eq!(told(&run(&places, 271_000.0, threads)), told(&found));
    }

    #[test]
    fn neither_order_nor_threads_nor_a_translation_change_a_scan_of_space_and_time(
        data in incidents(2..60), seed: u64, threads in 1..4_usize,
    ) {
        let run = |data: &[(Local, i64)], threads: usize| {
            let (points, days): (Vec<Local>, Vec<i64>) = data.iter().map(|(at, time)| (*at, time / DAY)).unzip();
            let params = SpaceTimeParams {
                radius: Metres(15.0), share: 0.5, days: 7, least: 2, every: 1.0, permutations: 39, seed: 5,
            };
            with_threads(threads, || space_time_scan(&points, &days, (0, 30), &params)).expect("good input")
        };
        let data: Vec<(Local, i64)> = data.0.into_iter().zip(data.1).collect();
        let found = run(&data, 1);
        for cluster in &found.clusters {
            prop_assert!(cluster.llr > 0.0 && cluster.llr.is_finite() && cluster.p > 0.0 && cluster.p <= 1.0);
            prop_assert!((cluster.recurrence_days - 1.0 / cluster.p).abs() < 1e-9);
            prop_assert!(cluster.members.iter().all(|&i| data[i as usize].1 / DAY >= cluster.from));
        }
        prop_assert_eq!(told_late(&run(&shuffled(&data, seed), threads)), told_late(&found));
        let far: Vec<(Local, i64)> =
            data.iter().map(|(at, time)| (Local { x: at.x + 271_000.0, y: at.y - 4_000.0 }, *time)).collect();
        prop_assert_eq!(told_late(&run(&far, threads)), told_late(&found));
    }
}

/// Shares of p-values no larger than 0.01, 0.05 and 0.1 must not exceed these by more than three standard errors.
fn assert_valid(p: &[f64]) {
    for level in [0.01, 0.05, 0.1] {
        let share = p.iter().filter(|&&p| p <= level).count() as f64 / p.len() as f64;
        let error = (level * (1.0 - level) / p.len() as f64).sqrt();
        assert!(share <= level + 3.0 * error, "{share} of {} null data sets have p <= {level}", p.len());
        assert!(share > 0.0, "no null data set has p <= {level}, so the test cannot find anything");
    }
}

/// Incidents without memory: places and days have nothing to do with each other.
fn null(lane: u64, n: usize) -> (Vec<Local>, Vec<i64>) {
    let mut chance = Chance::new(2_000, lane);
    let mut place = || Local { x: chance.unit() * 300.0, y: chance.unit() * 300.0 };
    let points = (0..n).map(|_| place()).collect();
    let mut chance = Chance::new(2_001, lane);
    (points, (0..n).map(|_| i64::from(chance.below(60)) * DAY).collect())
}

#[test]
fn knox_calls_no_more_null_data_significant_than_it_says() {
    let params = KnoxParams {
        distances: vec![Metres(60.0)],
        times: vec![10 * DAY],
        metric: Metric::Euclidean,
        same_place: false,
        permutations: 99,
        seed: 9,
    };
    let p = |lane| {
        let (points, times) = null(lane, 40);
        knox(&points, &times, &KnoxParams { seed: lane, ..params.clone() }).expect("good input").cells[0].p
    };
    assert_valid(&(0..2_000).into_par_iter().map(p).collect::<Vec<_>>());
}

#[test]
fn scans_call_no_more_null_data_significant_than_they_say() {
    let p = |lane| {
        let (points, _) = null(lane, 12);
        let mut counts = vec![0; points.len()];
        let mut chance = Chance::new(2_002, lane);
        (0..40).for_each(|_| counts[chance.below(12) as usize] += 1);
        let params = ScanParams { share: 0.5, radius: None, least: 2, permutations: 99, seed: lane };
        let found = scan(&points, &counts, &[1.0; 12], &params).expect("good input");
        found.clusters.first().map_or(1.0, |cluster| cluster.p)
    };
    assert_valid(&(0..2_000).into_par_iter().map(p).collect::<Vec<_>>());
    let p = |lane| {
        let (points, times) = null(lane, 40);
        let days: Vec<i64> = times.iter().map(|time| time / DAY).collect();
        let params = SpaceTimeParams {
            radius: Metres(60.0),
            share: 0.5,
            days: 10,
            least: 2,
            every: 1.0,
            permutations: 99,
            seed: lane,
        };
        let found = space_time_scan(&points, &days, (0, 59), &params).expect("good input");
        found.clusters.first().map_or(1.0, |cluster| cluster.p)
    };
    assert_valid(&(0..2_000).into_par_iter().map(p).collect::<Vec<_>>());
}

#[test]
fn a_planted_pair_is_found() {
    let (mut points, mut times) = null(1, 60);
    let params = KnoxParams {
        distances: vec![Metres(1.0)],
        times: vec![2 * DAY],
        metric: Metric::Euclidean,
        same_place: false,
        permutations: 99,
        seed: 1,
    };
    assert_eq!(knox(&points, &times, &params).expect("good input").cells[0].observed, 0);
    points.push(Local { x: points[7].x + 0.9, y: points[7].y });
    times.push(times[7] - DAY);
    assert_eq!(knox(&points, &times, &params).expect("good input").cells[0].observed, 1);
    let step = ChainsParams { distance: Metres(1.0), time: 2 * DAY, metric: Metric::Euclidean };
    let found = chains(&points, &times, &step).expect("good input");
    assert_eq!((found.chains.len(), found.label[7], found.label[60]), (1, Some(0), Some(0)));
}

#[test]
fn clustered_data_are_detected() {
    // Every second incident is followed by another one 10 m away within three days.
    let (mut points, mut times) = null(3, 60);
    for at in (0..60).step_by(2) {
        points.push(Local { x: points[at].x + 10.0, y: points[at].y });
        times.push(times[at] + DAY * (1 + (at as i64 / 2) % 3));
    }
    let params = KnoxParams {
        distances: vec![Metres(20.0), Metres(100.0)],
        times: vec![4 * DAY, 14 * DAY],
        metric: Metric::Euclidean,
        same_place: false,
        permutations: 999,
        seed: 1,
    };
    let table = knox(&points, &times, &params).expect("good input");
    assert_eq!(table.cells[0].as_many, 0, "{:?}", table.cells[0]);
    assert!(table.cells[0].ratio.is_some_and(|ratio| ratio > 3.0) && table.cells[3].p > 0.01, "{table:?}");

    // Eight more in the last three days around one place.
    let (mut points, times) = null(5, 150);
    let mut days: Vec<i64> = times.iter().map(|time| time / DAY).collect();
    for k in 0..8 {
        points.push(Local { x: 150.0 + f64::from(k), y: 150.0 });
        days.push(57 + i64::from(k) % 3);
    }
    let late = SpaceTimeParams {
        radius: Metres(100.0),
        share: 0.5,
        days: 7,
        least: 2,
        every: 1.0,
        permutations: 999,
        seed: 1,
    };
    let found = space_time_scan(&points, &days, (0, 59), &late).expect("good input");
    let first = &found.clusters[0];
    assert!((1..8).all(|k| first.members.contains(&(150 + k))), "{first:?}");
    assert!(first.p <= 0.002 && first.recurrence_days >= 500.0, "{first:?}");
    assert!(first.gumbel_p.is_some_and(|p| p < 0.01 && p > 0.0), "{first:?}");

    let counts: Vec<u64> = points.iter().map(|_| 1).collect();
    let exposure: Vec<f64> = (0..points.len()).map(|at| if at < 150 { 10.0 } else { 1.0 }).collect();
    let params = ScanParams { share: 0.5, radius: None, least: 2, permutations: 999, seed: 1 };
    let found = scan(&points, &counts, &exposure, &params).expect("good input");
    assert!(
        found.clusters[0].p <= 0.005 && found.clusters[0].members.contains(&150),
        "{:?}",
        found.clusters[0]
    );
}
