//! What must hold for clusters of every input: no order, no thread and no shift of the map changes them, clusters are
//! connected, outlines are valid, and no number is none.

use crate::cases;

use cases::cases;
use geo::{Area, Contains, Coord, Intersects, Validation};
use hotblocks::analysis::clusters::dbscan::{
    Clusters, DbscanParams, WeightedDbscanParams, dbscan, dbscan_weighted,
};
use hotblocks::analysis::clusters::ellipse::standard_ellipse;
use hotblocks::analysis::clusters::hdbscan::{HdbscanParams, hdbscan, hdbscan_weighted};
use hotblocks::analysis::clusters::hot_blocks::{HotBlocksParams, hot_blocks};
use hotblocks::analysis::clusters::nnh::{NnhParams, NnhThreshold, nnh};
use hotblocks::analysis::clusters::outline::eps_outline;
use hotblocks::analysis::clusters::space_time::{SpaceTimeParams, space_time_dbscan};
use hotblocks::analysis::clusters::stac::{Lattice, StacParams, stac};
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use proptest::prelude::*;

/// Clumped points on whole metres, so that many share a place and many lie exactly at eps.
fn points(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Local>> {
    let point = (0..4_u32, -1.0..1.0, -1.0..1.0).prop_map(|(clump, x, y): (u32, f64, f64)| {
        let (middle, width) = [(40.0, 12.0), (100.0, 4.0), (160.0, 30.0), (100.0, 100.0)][clump as usize];
        Local { x: (middle + width * x * x * x).round(), y: (middle * 0.7 + width * y).round() }
    });
    prop::collection::vec(point, n)
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| {
        (i as u64 + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    });
    order
}

/// Weights of 0 to 3 in tenths, that go with the place.
fn weights(points: &[Local]) -> Vec<f64> {
    points.iter().map(|p| ((p.x * 7.0 + p.y * 3.0).rem_euclid(31.0)) / 10.0).collect()
}

/// Times that go with the place, over some weeks.
fn seconds(points: &[Local]) -> Vec<i64> {
    points.iter().map(|p| ((p.x * 13.0 + p.y * 29.0).rem_euclid(40.0)) as i64 * 43_200).collect()
}

/// What each method says of each point: numbers that must not depend on order, threads or the map's origin.
fn answers(points: &[Local]) -> Vec<Vec<f64>> {
    let label = |label: Vec<Option<u32>>| label.into_iter().map(|l| l.map_or(-1.0, f64::from)).collect();
    let groups = |groups: Vec<Vec<usize>>| {
        let mut label = vec![-1.0; points.len()];
        for (members, k) in groups.iter().zip(0..) {
            members.iter().for_each(|&i| label[i] = f64::from(k));
        }
        label
    };
    let plain = dbscan(points, &DbscanParams { eps: Metres(10.0), min_points: 5 }).expect("good input");
    let params = WeightedDbscanParams { eps: Metres(10.0), min_weight: 6.3 };
    let weighted = dbscan_weighted(points, &weights(points), &params).expect("good input");
    let params = SpaceTimeParams { eps: Metres(20.0), days: 5.0, min_points: 3 };
    let in_time = space_time_dbscan(points, &seconds(points), &params).expect("good input");
    let params = HdbscanParams { min_cluster_size: 4, min_samples: 3 };
    let tree = hdbscan(points, &params).expect("good input");
    let params = NnhParams { threshold: NnhThreshold::Fixed(Metres(10.0)), min_points: 3 };
    let orders = nnh(points, &params).expect("good input");
    let first =
        orders.first().map_or_else(Vec::new, |o| o.clusters.iter().map(|c| c.members.clone()).collect());
    let area = LocalBox::around(points.iter().copied()).expect("points").padded(Metres(10.0));
    let params = StacParams { radius: Metres(8.0), min_points: 3, lattice: Lattice::Triangular };
    let circles = stac(points, area, &params).expect("good input");
    let core = plain.core.iter().map(|&core| f64::from(u8::from(core))).collect();
    vec![
        core,
        label(plain.label),
        label(weighted.label),
        label(in_time.label),
        label(tree.label),
        tree.probability,
        groups(first),
        groups(circles.into_iter().map(|c| c.members).collect()),
    ]
}

fn check_connected(points: &[Local], clusters: &Clusters, near: impl Fn(usize, usize) -> bool) {
    for k in 0..clusters.n_clusters as u32 {
        let members: Vec<usize> = (0..points.len()).filter(|&i| clusters.label[i] == Some(k)).collect();
        let first = members.iter().copied().find(|&i| clusters.core[i]).expect("a core point");
        let (mut reached, mut open) = (vec![false; points.len()], vec![first]);
        reached[first] = true;
        while let Some(from) = open.pop() {
            for &to in members.iter().filter(|&&to| clusters.core[from] && near(from, to)) {
                if !std::mem::replace(&mut reached[to], true) {
                    open.push(to);
                }
            }
        }
        assert!(members.iter().all(|&i| reached[i]), "cluster {k} falls apart");
    }
}

proptest! {
    #![proptest_config(cases(300, 20_260_101))]

    #[test]
    fn no_order_of_the_points_and_no_number_of_threads_changes_an_answer(
        points in points(1..160), seed: u64, threads in 1..5_usize,
    ) {
        let order = shuffled(points.len(), seed);
        let other: Vec<Local> = order.iter().map(|&i| points[i]).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let (one, two) = (answers(&points), pool.install(|| answers(&other)));
        for (method, (one, two)) in one.iter().zip(&two).enumerate() {
            for (now, &before) in order.iter().enumerate() {
                prop_assert_eq!(one[before], two[now], "answer {}", method);
            }
        }
    }

    #[test]
    fn moving_the_map_moves_the_answer(points in points(1..120), east in -3000..3000_i32, north in -3000..3000_i32) {
        // By multiples of 1024, so that no coordinate is rounded.
        let by = |p: &Local| Local { x: p.x + f64::from(east) * 1024.0, y: p.y + f64::from(north) * 1024.0 };
        let moved: Vec<Local> = points.iter().map(by).collect();
        let times = seconds(&points);
        let params = SpaceTimeParams { eps: Metres(20.0), days: 5.0, min_points: 3 };
        prop_assert_eq!(space_time_dbscan(&points, &times, &params), space_time_dbscan(&moved, &times, &params));
        let params = HdbscanParams { min_cluster_size: 4, min_samples: 3 };
        prop_assert_eq!(hdbscan(&points, &params), hdbscan(&moved, &params));
        let params = DbscanParams { eps: Metres(10.0), min_points: 5 };
        prop_assert_eq!(dbscan(&points, &params), dbscan(&moved, &params));
        let params = NnhParams { threshold: NnhThreshold::Fixed(Metres(10.0)), min_points: 3 };
        let centers = |points| -> Vec<Local> {
            let orders = nnh(points, &params).expect("good input");
            orders.into_iter().flat_map(|o| o.clusters).map(|c| c.center).collect()
        };
        for (one, two) in centers(&points).iter().zip(centers(&moved)) {
            prop_assert!(by(one).distance(two).0 < 1e-6);
        }
        if let (Ok(one), Ok(two)) = (standard_ellipse(&points, None), standard_ellipse(&moved, None)) {
            prop_assert!(by(&one.center).distance(two.center).0 < 1e-6 && (one.major.0 - two.major.0).abs() < 1e-6);
        }
        let (one, two) = (eps_outline(&points, Metres(10.0)), eps_outline(&moved, Metres(10.0)));
        let (one, two) = (one.expect("points").unsigned_area(), two.expect("points").unsigned_area());
        prop_assert!((one / two - 1.0).abs() < 1e-6, "{} {}", one, two);
    }

    #[test]
    fn equal_weights_are_numbers_of_points(points in points(1..160), least in 1..9_usize, weight in 1..50_u32) {
        let plain = dbscan(&points, &DbscanParams { eps: Metres(10.0), min_points: least });
        let each = f64::from(weight) / 10.0;
        let params = WeightedDbscanParams { eps: Metres(10.0), min_weight: each * least as f64 };
        prop_assert_eq!(plain, dbscan_weighted(&points, &vec![each; points.len()], &params));
    }

    #[test]
    fn a_whole_weight_is_so_many_points_at_one_place(
        weighty in proptest::collection::vec((0..30_i32, 0..30_i32, 0..5_u32), 1..90),
        size in 2..12_usize,
        samples in 1..9_usize,
    ) {
        let at = |&(x, y, _): &(i32, i32, u32)| Local { x: f64::from(x * x), y: f64::from(y * 3) };
        let points: Vec<Local> = weighty.iter().map(at).collect();
        let weights: Vec<u32> = weighty.iter().map(|(_, _, weight)| *weight).collect();
        let several: Vec<usize> = (0..points.len()).flat_map(|i| vec![i; weights[i] as usize]).collect();
        let repeated: Vec<Local> = several.iter().map(|&i| points[i]).collect();
        let params = HdbscanParams { min_cluster_size: size, min_samples: samples };
        let found = hdbscan_weighted(&points, &weights, &params).expect("good input");
        let plain = hdbscan(&repeated, &params).expect("good input");
        prop_assert_eq!((found.n_clusters, found.rank), (plain.n_clusters, plain.rank));
        for (&i, (label, probability)) in several.iter().zip(plain.label.iter().zip(&plain.probability)) {
            prop_assert_eq!((found.label[i], found.probability[i]), (*label, *probability));
        }
        for i in (0..points.len()).filter(|&i| weights[i] == 0) {
            prop_assert_eq!((found.label[i], found.probability[i]), (None, 0.0));
        }
        let density = DbscanParams { eps: Metres(40.0), min_points: size };
        let weighted = WeightedDbscanParams { eps: Metres(40.0), min_weight: size as f64 };
        let each: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
        let found = dbscan_weighted(&points, &each, &weighted).expect("good input");
        let plain = dbscan(&repeated, &density).expect("good input");
        // A point that weighs nothing may still have neighbors enough to be core, and joins what lies around it.
        if weights.iter().all(|weight| *weight > 0) {
            for (&i, (label, core)) in several.iter().zip(plain.label.iter().zip(&plain.core)) {
                prop_assert_eq!((found.label[i], found.core[i]), (*label, *core));
            }
        }
    }

    #[test]
    fn clusters_are_connected(points in points(1..140)) {
        let near = |i: usize, j: usize, eps: f64| {
            (points[i].x - points[j].x).powi(2) + (points[i].y - points[j].y).powi(2) <= eps * eps
        };
        let plain = dbscan(&points, &DbscanParams { eps: Metres(10.0), min_points: 5 }).expect("good input");
        check_connected(&points, &plain, |i, j| near(i, j, 10.0));
        let times = seconds(&points);
        let params = SpaceTimeParams { eps: Metres(20.0), days: 5.0, min_points: 3 };
        let in_time = space_time_dbscan(&points, &times, &params).expect("good input");
        check_connected(&points, &in_time, |i, j| near(i, j, 20.0) && times[i].abs_diff(times[j]) <= 5 * 86_400);
    }

    #[test]
    fn an_unbounded_span_is_plain_dbscan(points in points(0..140), min_points in 1..9_usize) {
        let params = SpaceTimeParams { eps: Metres(13.0), days: 36_525.0, min_points };
        let in_time = space_time_dbscan(&points, &seconds(&points), &params).expect("good input");
        prop_assert_eq!(dbscan(&points, &DbscanParams { eps: Metres(13.0), min_points }), Ok(in_time));
    }

    #[test]
    fn hierarchical_clusters_are_large_enough_and_sure_between_none_and_one(
        points in points(0..140), size in 2..12_usize, samples in 1..9_usize,
    ) {
        let found = hdbscan(&points, &HdbscanParams { min_cluster_size: size, min_samples: samples }).expect("good input");
        for k in 0..found.n_clusters as u32 {
            prop_assert!(found.label.iter().filter(|l| **l == Some(k)).count() >= size);
        }
        for (label, p) in found.label.iter().zip(&found.probability) {
            prop_assert!((0.0..=1.0).contains(p) && (label.is_some() || *p == 0.0));
        }
    }

    #[test]
    fn an_outline_is_valid_and_holds_its_points(points in points(1..60), eps in prop_oneof![Just(10.0), 1.0..40.0_f64]) {
        let outline = eps_outline(&points, Metres(eps)).expect("points");
        prop_assert!(outline.is_valid(), "{:?}", outline.validation_errors());
        prop_assert!(points.iter().all(|&p| outline.intersects(&Coord::from(p))));
        let whole = 4.0 * std::f64::consts::FRAC_PI_4 * eps * eps * points.len() as f64;
        prop_assert!(outline.unsigned_area() <= whole);
    }

    #[test]
    fn an_ellipse_has_its_longer_axis_first_and_lies_around_its_center(points in points(3..60)) {
        let ellipse = standard_ellipse(&points, None).expect("three points");
        prop_assert!(ellipse.major >= ellipse.minor && ellipse.minor.0 >= 0.0 && ellipse.major.0.is_finite());
        prop_assert!(ellipse.angle > -std::f64::consts::FRAC_PI_2 - 1e-12 && ellipse.angle <= std::f64::consts::FRAC_PI_2);
        let polygon = ellipse.polygon();
        prop_assert!(polygon.is_valid() && polygon.contains(&Coord::from(ellipse.center)));
    }

    #[test]
    fn hot_blocks_are_in_one_cluster_at_most_and_touch(
        values in prop::collection::vec(0..9_u32, 1..80), columns in 1..9_usize, most in prop::option::of(1..7_usize), seed: u64,
    ) {
        let n = values.len();
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let beside = |i: usize, j: usize| (i / columns == j / columns && i.abs_diff(j) == 1) || i.abs_diff(j) == columns;
        let neighbors: Vec<Vec<u32>> =
            (0..n).map(|i| (0..n).filter(|&j| beside(i, j)).map(|j| j as u32).collect()).collect();
        let at: Vec<Local> = (0..n).map(|i| Local { x: (i % columns) as f64, y: (i / columns) as f64 }).collect();
        let params = HotBlocksParams { least: 4.0, max_blocks: most, min_total: 6.0 };
        let clusters = hot_blocks(&values, &neighbors, &at, &params).expect("good input");
        let mut seen = vec![false; n];
        for cluster in &clusters {
            prop_assert!(cluster.blocks.len() <= most.unwrap_or(n) && cluster.total >= 6.0);
            for (k, &block) in cluster.blocks.iter().enumerate() {
                prop_assert!(!std::mem::replace(&mut seen[block], true), "block {} twice", block);
                prop_assert!(values[block] >= 4.0);
                prop_assert!(k == 0 || cluster.blocks[..k].iter().any(|&other| beside(block, other)));
            }
        }
        // In another order of the blocks the same clusters.
        let order = shuffled(n, seed);
        let mut now = vec![0; n];
        order.iter().enumerate().for_each(|(new, &old)| now[old] = new);
        let moved = |list: &Vec<u32>| list.iter().map(|&j| now[j as usize] as u32).collect::<Vec<_>>();
        let other = hot_blocks(
            &order.iter().map(|&i| values[i]).collect::<Vec<_>>(),
            &order.iter().map(|&i| moved(&neighbors[i])).collect::<Vec<_>>(),
            &order.iter().map(|&i| at[i]).collect::<Vec<_>>(),
            &params,
        );
        let one: Vec<Vec<usize>> = clusters.into_iter().map(|c| c.blocks).collect();
        let two = other.expect("good input").into_iter().map(|c| c.blocks.into_iter().map(|b| order[b]).collect());
        prop_assert_eq!(one, two.collect::<Vec<Vec<usize>>>());
    }
}
