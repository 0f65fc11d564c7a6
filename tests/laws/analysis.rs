//! What must hold for every input: density, contours, clusters and hulls against naive ways and against themselves.

use crate::cases;

use cases::cases;
use geo::{Area, BooleanOps, Contains, Coord, Intersects, Orient, Validation, orient::Direction};
use hotblocks::analysis::clusters::dbscan::{Clusters, DbscanParams, dbscan};
use hotblocks::analysis::clusters::hull::hull;
use hotblocks::analysis::density::binned::binned;
use hotblocks::analysis::density::contour::{contour, threshold_for_share, value_at};
use hotblocks::analysis::density::kde::{Density, KdeParams, kde, kde_at};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::live::{Live, LiveParams};
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;
use proptest::prelude::*;

/// Clumped points, half of the sets on whole metres with many at one place, near the origin or as far from it as in UTM.
fn points(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Local>> {
    let offsets = prop_oneof![Just((0.0, 0.0)), Just((271_000.0, 4_277_000.0)), Just((-500.0, -300.0))];
    let point = (0..5_u32, -1.0..1.0, -1.0..1.0).prop_map(|(clump, x, y): (u32, f64, f64)| {
        let (middle, width) =
            [(50.0, 30.0), (150.0, 10.0), (300.0, 60.0), (200.0, 200.0), (10.0, 4.0)][clump as usize];
        (middle + width * x * x * x, middle * 0.7 + width * y)
    });
    (prop::collection::vec(point, n), any::<bool>(), offsets).prop_map(|(mut points, whole, (dx, dy))| {
        for (x, y) in &mut points {
            *x += dx;
            *y += dy;
            if whole {
                (*x, *y) = (x.round(), y.round());
            }
        }
        points.into_iter().map(|(x, y)| Local { x, y }).collect()
    })
}

/// A field on a small lattice with few different values, so that plateaus, saddles, holes and ties are common.
fn field() -> impl Strategy<Value = Density> {
    (1..9_usize, 1..9_usize, any::<bool>()).prop_flat_map(|(n_cols, n_rows, far)| {
        let value = prop_oneof![Just(0.0), Just(1.0), Just(2.0), Just(3.0), 0.0..4.0_f64];
        prop::collection::vec(value, n_cols * n_rows).prop_map(move |per_km2| {
            let origin =
                if far { Local { x: 271_000.3, y: 4_277_000.7 } } else { Local { x: -30.0, y: -20.0 } };
            Density { grid: Grid { origin, cell: Metres(10.0), n_cols, n_rows }, per_km2 }
        })
    })
}

fn grid_around(points: &[Local], bandwidth: f64, cell: f64) -> Grid {
    let area = LocalBox::around(points.iter().copied()).expect("points").padded(Metres(bandwidth));
    Grid::over(area, Metres(cell)).expect("a small grid")
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| {
        (i as u64 + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    });
    order
}

fn is_near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

/// The kernel as the books write it.
fn naive_density(points: &[Local], weights: &[f64], at: Local, h: f64) -> f64 {
    let kernel = |d: f64| {
        if d < h { 3.0 / (std::f64::consts::PI * h * h) * (1.0 - d * d / (h * h)).powi(2) } else { 0.0 }
    };
    points.iter().zip(weights).map(|(p, w)| 1e6 * w * kernel(p.distance(at).0)).sum()
}

proptest! {
    #![proptest_config(cases(150, 20_260_101))]

    #[test]
    fn the_sweep_equals_the_sum_over_all_points(
        points in points(1..120), weigh in 0..3_u32, h in 5.0..200.0_f64, cells in 0.05..3.0_f64,
    ) {
        let weights: Vec<f64> = (0..points.len()).map(|i| [1.0, (i % 4) as f64, 0.1 + i as f64 / 7.0][weigh as usize]).collect();
        let cell = (h * cells).max(5.0);
        let grid = grid_around(&points, h * 1.3, cell);
        let density = kde(&points, Some(&weights), &grid, &KdeParams::quartic(Metres(h))).expect("good input");
        let centers: Vec<Local> = (0..grid.len()).map(|i| grid.center(i % grid.n_cols, i / grid.n_cols)).collect();
        let direct = kde_at(&points, Some(&weights), &centers, &KdeParams::quartic(Metres(h))).expect("good input");
        let most = 1e6 * weights.iter().sum::<f64>() * 3.0 / (std::f64::consts::PI * h * h);
        for ((&at, &swept), direct) in centers.iter().zip(&density.per_km2).zip(direct) {
            let naive = naive_density(&points, &weights, at, h);
            prop_assert!(is_near(swept, naive, 1e-12 * most), "{swept} for {naive}");
            prop_assert!(is_near(swept, naive, 1e-9 * density.peak() + 1e-15 * most), "{swept} for {naive}");
            prop_assert!(is_near(direct, naive, 1e-12 * naive + 1e-15 * most), "{direct} for {naive}");
            let reached = points.iter().zip(&weights).any(|(p, &w)| w > 0.0 && p.distance(at).0 < h);
            prop_assert!(reached || swept == 0.0, "{swept} where no point is near");
        }
    }

    #[test]
    fn a_density_integrates_to_the_weights(points in points(1..80), h in 20.0..100.0_f64) {
        let weights: Vec<f64> = (0..points.len()).map(|i| 0.5 + (i % 3) as f64).collect();
        let grid = grid_around(&points, h, h / 10.0);
        let density = kde(&points, Some(&weights), &grid, &KdeParams::quartic(Metres(h))).expect("good input");
        prop_assert!((density.integral() / weights.iter().sum::<f64>() - 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_density_depends_neither_on_order_nor_on_threads(points in points(1..80), seed: u64, threads in 1..5_usize) {
        let weights: Vec<f64> = (0..points.len()).map(|i| 0.1 + (i % 7) as f64 / 3.0).collect();
        let grid = grid_around(&points, 50.0, 10.0);
        let params = KdeParams::quartic(Metres(50.0));
        let order = shuffled(points.len(), seed);
        let other: Vec<Local> = order.iter().map(|&i| points[i]).collect();
        let other_weights: Vec<f64> = order.iter().map(|&i| weights[i]).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let one = kde(&points, Some(&weights), &grid, &params).expect("good input");
        let two = pool.install(|| kde(&other, Some(&other_weights), &grid, &params)).expect("good input");
        prop_assert_eq!(one, two);
        let one = kde_at(&points, Some(&weights), &points, &params).expect("good input");
        let two = pool.install(|| kde_at(&other, Some(&other_weights), &points, &params)).expect("good input");
        prop_assert_eq!(one, two);
    }

    #[test]
    fn a_density_follows_the_scale_of_coordinates_and_weights(points in points(1..60), doublings in -3..4_i32) {
        let scale = 2.0_f64.powi(doublings);
        let grid = grid_around(&points, 60.0, 12.0);
        let large: Vec<Local> = points.iter().map(|p| Local { x: p.x * scale, y: p.y * scale }).collect();
        let origin = Local { x: grid.origin.x * scale, y: grid.origin.y * scale };
        let large_grid = Grid { origin, cell: Metres(grid.cell.0 * scale), ..grid };
        let weights = vec![scale; points.len()];
        let one = kde(&points, None, &grid, &KdeParams::quartic(Metres(60.0))).expect("good input");
        let two = kde(&large, Some(&weights), &large_grid, &KdeParams::quartic(Metres(60.0 * scale))).expect("good input");
        for (one, two) in one.per_km2.iter().zip(&two.per_km2) {
            prop_assert!(is_near(*one, two * scale, 1e-12 * one));
        }
    }
}

/// Any of the kernels.
fn kernel() -> impl Strategy<Value = Kernel> {
    prop::sample::select(Kernel::ALL.to_vec())
}

/// The largest difference of two surfaces.
fn difference(one: &Density, two: &Density) -> f64 {
    let worse = |a: f64, b: f64| if b.is_nan() { f64::INFINITY } else { a.max(b) };
    one.per_km2.iter().zip(&two.per_km2).map(|(a, b)| (a - b).abs()).fold(0.0, worse)
}

proptest! {
    #![proptest_config(cases(120, 20_260_101))]

    #[test]
    fn every_kernels_surface_is_the_sum_over_all_points_in_any_order_and_on_any_threads(
        points in points(1..100), kernel in kernel(), h in 5.0..150.0_f64, cells in 0.05..0.8_f64,
        seed: u64, threads in 1..4_usize,
    ) {
        let params = KdeParams { kernel, bandwidth: Metres(h) };
        let weights: Vec<f64> = (0..points.len()).map(|i| 0.1 + (i % 7) as f64 / 3.0).collect();
        let grid = grid_around(&points, h * 0.6, (h * cells).max(4.0));
        let found = kde(&points, Some(&weights), &grid, &params).expect("good input");
        let peak = found.peak();
        for i in (0..grid.len()).step_by(7) {
            let at = grid.center(i % grid.n_cols, i / grid.n_cols);
            let r = |p: &Local| p.distance(at).0 / h;
            // A step is on the rim, where rounding decides.
            if kernel == Kernel::Uniform && points.iter().any(|p| (r(p) - 1.0).abs() < 2e-9) {
                continue;
            }
            let height = 1e6 * kernel.constant() / (h * h);
            let naive: f64 = points.iter().zip(&weights).map(|(p, w)| height * w * kernel.shape(r(p).powi(2))).sum();
            let most = height * weights.iter().sum::<f64>();
            prop_assert!(is_near(found.per_km2[i], naive, 1e-9 * peak + 1e-14 * most), "{} for {naive}", found.per_km2[i]);
        }
        let order = shuffled(points.len(), seed);
        let other: Vec<Local> = order.iter().map(|&i| points[i]).collect();
        let other_weights: Vec<f64> = order.iter().map(|&i| weights[i]).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let again = pool.install(|| kde(&other, Some(&other_weights), &grid, &params));
        prop_assert_eq!(Ok(found), again);
    }

    #[test]
    fn moving_everything_moves_the_surface(points in points(1..60), kernel in kernel(), steps in (-50..50_i32, -50..50_i32)) {
        let params = KdeParams { kernel, bandwidth: Metres(64.0) };
        // Whole metres and a cell that is a power of two, so that moving rounds nothing.
        let points: Vec<Local> = points.iter().map(|p| Local { x: p.x.round(), y: p.y.round() }).collect();
        let grid = grid_around(&points, 64.0, 8.0);
        let grid = Grid { origin: Local { x: grid.origin.x.round() + 0.5, y: grid.origin.y.round() + 0.5 }, ..grid };
        let (dx, dy) = (f64::from(steps.0) * 32.0, f64::from(steps.1) * 16.0);
        let moved: Vec<Local> = points.iter().map(|p| Local { x: p.x + dx, y: p.y + dy }).collect();
        let there = Grid { origin: Local { x: grid.origin.x + dx, y: grid.origin.y + dy }, ..grid };
        let one = kde(&points, None, &grid, &params).expect("good input");
        let two = kde(&moved, None, &there, &params).expect("good input");
        prop_assert!(difference(&one, &two) <= 1e-12 * one.peak());
    }

    #[test]
    fn a_binned_surface_is_within_its_bound_in_any_order(
        points in points(1..100), kernel in kernel(), h in 20.0..150.0_f64, seed: u64, weigh: bool,
    ) {
        let params = KdeParams { kernel, bandwidth: Metres(h) };
        let grid = grid_around(&points, h * 0.3, (h * 0.11).max(4.0));
        let weights: Vec<f64> = (0..points.len()).map(|i| 0.1 + (i % 5) as f64).collect();
        let weights = weigh.then_some(weights);
        let exact = kde(&points, weights.as_deref(), &grid, &params).expect("good input");
        let found = binned(&points, weights.as_deref(), &grid, &params).expect("good input");
        prop_assert!(difference(&exact, &found.density) <= found.error.worst, "{:?}", found.error);
        prop_assert!(found.density.per_km2.iter().all(|v| *v >= 0.0 && v.is_finite()));
        let order = shuffled(points.len(), seed);
        let other: Vec<Local> = order.iter().map(|&i| points[i]).collect();
        let other_weights: Option<Vec<f64>> = weights.as_ref().map(|w| order.iter().map(|&i| w[i]).collect());
        prop_assert_eq!(Ok(found), binned(&other, other_weights.as_deref(), &grid, &params));
    }

    #[test]
    fn a_live_surface_equals_a_fresh_one(points in points(2..80), kernel in kernel(), fading: bool) {
        let params = KdeParams { kernel, bandwidth: Metres(60.0) };
        let grid = grid_around(&points, 30.0, 10.0);
        let decay = fading.then_some(7.0);
        let mut live = Live::new(grid, LiveParams { kde: params, capacity: 1e5, decay }).expect("good input");
        let (mut left, mut weights) = (Vec::new(), Vec::new());
        let end = points.len() as f64;
        for (i, &at) in points.iter().enumerate() {
            let (weight, when) = (1.0 + (i % 3) as f64, i as f64);
            live.insert(at, weight, when).expect("room");
            // Some go at once, some later.
            if i % 4 == 1 {
                live.remove(at, weight, when).expect("was there");
            } else if i % 4 == 3 {
                live.remove(points[i - 1], 1.0 + ((i - 1) % 3) as f64, when - 1.0).expect("was there");
                left.pop();
                weights.pop();
                left.push(at);
                weights.push(weight * decay.map_or(1.0, |tau| ((when - end) / tau).exp()));
            } else {
                left.push(at);
                weights.push(weight * decay.map_or(1.0, |tau| ((when - end) / tau).exp()));
            }
        }
        live.advance(end);
        let fresh = kde(&left, Some(&weights), &grid, &params).expect("good input");
        prop_assert!(difference(&fresh, &live.density()) <= 1e-9 * fresh.peak());
    }
}

proptest! {
    #![proptest_config(cases(1000, 20_260_101))]

    #[test]
    fn a_contour_is_valid_and_holds_what_lies_above(
        density in field(), level in prop_oneof![Just(1.0), Just(2.0), Just(3.0), 0.01..4.0_f64],
        at in prop::collection::vec((-0.2..1.2, -0.2..1.2), 60),
    ) {
        let region = contour(&density, level).expect("a good threshold");
        prop_assert!(region.is_valid(), "{:?}", region.validation_errors());
        prop_assert_eq!(&region, &region.orient(Direction::Default), "wrong winding");
        for polygon in &region {
            prop_assert!(polygon.unsigned_area() > 0.0 && polygon.exterior().is_closed());
        }
        let grid = density.grid;
        let side = |n: usize| grid.cell.0 * n as f64;
        for (x, y) in at {
            let at = Local { x: grid.origin.x + side(grid.n_cols) * x, y: grid.origin.y + side(grid.n_rows) * y };
            let value = value_at(&density, at);
            if (value - level).abs() > 1e-5 {
                prop_assert_eq!(region.contains(&Coord::from(at)), value > level, "{:?} has {}", at, value);
            }
        }
        for (i, &value) in density.per_km2.iter().enumerate() {
            let center = Coord::from(grid.center(i % grid.n_cols, i / grid.n_cols));
            prop_assert_eq!(region.intersects(&center), value >= level, "center {} has {}", i, value);
        }
    }

    #[test]
    fn contours_of_rising_thresholds_are_nested(density in field(), low in 0.05..3.9_f64, more in 0.0..1.0_f64) {
        let (low, high) = (low, low + more);
        let outer = contour(&density, low).expect("a good threshold");
        let inner = contour(&density, high).expect("a good threshold");
        prop_assert!(inner.unsigned_area() <= outer.unsigned_area() + 1e-6);
        prop_assert!(inner.difference(&outer).unsigned_area() < 1e-3);
    }

    #[test]
    fn a_share_contour_holds_exactly_what_it_says(points in points(1..150), share in 0.01..1.0_f64, h in 30.0..120.0_f64) {
        let grid = grid_around(&points, h, h / 5.0);
        let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(h))).expect("good input");
        let found = threshold_for_share(&density, &points, share).expect("all on the grid");
        let region = contour(&density, found.threshold).expect("a good threshold");
        let held = points.iter().filter(|&&p| region.contains(&Coord::from(p))).count();
        let touched = points.iter().filter(|&&p| region.intersects(&Coord::from(p))).count();
        prop_assert_eq!((held, touched), (found.inside, found.inside));
        let wanted = (share * points.len() as f64).ceil() as usize;
        prop_assert!(held >= wanted);
        // The least dense of the points inside come in together when they lie on one spot, else one by one.
        let last = points.iter().map(|&p| value_at(&density, p)).filter(|&v| v >= found.threshold).fold(f64::MAX, f64::min);
        let pile = points.iter().filter(|&&p| is_near(value_at(&density, p), last, 1e-11 * last)).count();
        prop_assert!(held < wanted + pile, "{held} held, {wanted} wanted, {pile} in a pile");
    }
}

/// DBSCAN as the paper writes it, by comparing all pairs; border points as we say.
fn naive_dbscan(points: &[Local], eps: f64, min_points: usize) -> Clusters {
    let near = |i: usize, j: usize| {
        (points[i].x - points[j].x).powi(2) + (points[i].y - points[j].y).powi(2) <= eps * eps
    };
    let n = points.len();
    let core: Vec<bool> = (0..n).map(|i| (0..n).filter(|&j| near(i, j)).count() >= min_points).collect();
    let mut label = vec![None; n];
    let mut n_clusters = 0;
    let mut west_to_east: Vec<usize> = (0..n).collect();
    west_to_east.sort_by(|&i, &j| {
        let (a, b) = (points[i], points[j]);
        (a.x, a.y).partial_cmp(&(b.x, b.y)).expect("finite")
    });
    for seed in west_to_east {
        if !core[seed] || label[seed].is_some() {
            continue;
        }
        let mut open = vec![seed];
        while let Some(i) = open.pop() {
            label[i] = Some(n_clusters as u32);
            open.extend((0..n).filter(|&j| core[j] && label[j].is_none() && near(i, j)));
        }
        n_clusters += 1;
    }
    for i in (0..n).filter(|&i| !core[i]) {
        label[i] = (0..n).filter(|&j| core[j] && near(i, j)).filter_map(|j| label[j]).min();
    }
    Clusters { label, core, n_clusters }
}

proptest! {
    #![proptest_config(cases(600, 20_260_101))]

    #[test]
    fn dbscan_equals_the_comparison_of_all_pairs(
        points in points(0..160), eps in prop_oneof![Just(5.0), Just(13.0), Just(25.0), 1.0..60.0_f64], min_points in 1..20_usize,
    ) {
        let ours = dbscan(&points, &DbscanParams { eps: Metres(eps), min_points }).expect("good input");
        prop_assert_eq!(ours, naive_dbscan(&points, eps, min_points));
    }

    #[test]
    fn clusters_do_not_depend_on_order_or_threads(points in points(1..160), seed: u64, threads in 1..5_usize) {
        let params = DbscanParams { eps: Metres(13.0), min_points: 5 };
        let order = shuffled(points.len(), seed);
        let other: Vec<Local> = order.iter().map(|&i| points[i]).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let one = dbscan(&points, &params).expect("good input");
        let two = pool.install(|| dbscan(&other, &params)).expect("good input");
        for (now, &before) in order.iter().enumerate() {
            prop_assert_eq!(one.core[before], two.core[now]);
            prop_assert_eq!(one.label[before], two.label[now]);
        }
    }

    #[test]
    fn clusters_do_not_depend_on_the_unit_of_length(points in points(1..160), doublings in -8..9_i32) {
        let scale = 2.0_f64.powi(doublings);
        let scaled: Vec<Local> = points.iter().map(|p| Local { x: p.x * scale, y: p.y * scale }).collect();
        let one = dbscan(&points, &DbscanParams { eps: Metres(13.0), min_points: 4 });
        let two = dbscan(&scaled, &DbscanParams { eps: Metres(13.0 * scale), min_points: 4 });
        prop_assert_eq!(one, two);
    }

    #[test]
    fn a_hull_has_an_area_holds_its_points_and_forgets_their_order(points in points(1..40), line: bool, seed: u64) {
        let points: Vec<Local> =
            if line { points.iter().map(|p| Local { x: p.x, y: 3.0 * p.x }).collect() } else { points };
        let one = hull(&points).expect("points");
        prop_assert!(one.polygon.is_valid() && one.polygon.signed_area() > 0.0);
        prop_assert!(one.widened || !line);
        for &p in &points {
            prop_assert!(one.polygon.intersects(&Coord::from(p)));
        }
        let other: Vec<Local> = shuffled(points.len(), seed).into_iter().map(|i| points[i]).collect();
        prop_assert_eq!(one, hull(&other).expect("points"));
    }
}

#[test]
fn many_places_in_one_cell_join_or_not_by_their_nearest_pair() {
    // Two dense columns of 400 places; the gap between them is just at eps, or just beyond.
    for (gap, n_clusters) in [(10.0, 1), (10.001, 2)] {
        let column = |x: f64| (0..400).map(move |k| Local { x, y: f64::from(k) * 0.017 });
        // Slanted away from each other, so that only the lowest pair decides.
        let left = column(0.0).map(|p| Local { x: p.x - p.y * 0.1, y: p.y });
        let right = column(gap).map(|p| Local { x: p.x + p.y * 0.1, y: p.y });
        let points: Vec<Local> = left.chain(right).collect();
        let clusters =
            dbscan(&points, &DbscanParams { eps: Metres(10.0), min_points: 50 }).expect("good input");
        assert_eq!(clusters.n_clusters, n_clusters, "gap {gap}");
        assert_eq!(clusters, naive_dbscan(&points, 10.0, 50));
    }
}
