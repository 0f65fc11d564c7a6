//! What must hold for every input: edges, errors, adaptive kernels, comparisons, bandwidth rules, levels, streets.

use crate::cases;

use cases::cases;
use geo::{Area, BooleanOps, LineString, Validation, line_string};
use hotblocks::analysis::density::adaptive::{abramson, kde_adaptive, minimum_sample};
use hotblocks::analysis::density::bandwidth::{Rule, bandwidth};
use hotblocks::analysis::density::contour::contour;
use hotblocks::analysis::density::dual::{Comparison, compare};
use hotblocks::analysis::density::edge::{Edge, Within, kde_within};
use hotblocks::analysis::density::kde::{Density, KdeParams, kde};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::levels::{level_of_area, level_of_area_share, level_of_mean};
use hotblocks::analysis::density::mask::Mask;
use hotblocks::analysis::density::network::density::{
    NetworkParams, Split, network_density, network_density_at,
};
use hotblocks::analysis::density::network::streets::{OnStreet, StreetNetwork};
use hotblocks::analysis::density::standard_error::standard_error;
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres, SquareKm};
use hotblocks::space::grid::Grid;
use proptest::prelude::*;

const GRID: Grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 40, n_rows: 30 };

/// Clumped points in and around the grid, half of the sets on whole tens of metres, where many share a place.
fn points(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Local>> {
    let point = (0..4_u32, -1.0..1.0, -1.0..1.0).prop_map(|(clump, x, y): (u32, f64, f64)| {
        let (middle, width) = [(100.0, 90.0), (150.0, 20.0), (250.0, 170.0), (200.0, 300.0)][clump as usize];
        (middle + width * x * x * x, middle * 0.7 + width * y)
    });
    (prop::collection::vec(point, n), any::<bool>()).prop_map(|(points, whole)| {
        let round = |v: f64| if whole { (v / 10.0).round() * 10.0 } else { v };
        points.into_iter().map(|(x, y)| Local { x: round(x), y: round(y) }).collect()
    })
}

/// Study areas of whole cells: most cells inside, some holes.
fn mask() -> impl Strategy<Value = Mask> {
    prop::collection::vec(0..9_u8, GRID.len()).prop_map(|cells| {
        Mask::of_cells(&GRID, cells.iter().map(|c| *c > 1).collect()).expect("one for each")
    })
}

fn kernel() -> impl Strategy<Value = Kernel> {
    prop::sample::select(Kernel::ALL.to_vec())
}

fn weights(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.5 + (i % 3) as f64).collect()
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| {
        (i as u64 + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    });
    order
}

fn reordered<T: Copy>(items: &[T], order: &[usize]) -> Vec<T> {
    order.iter().map(|&i| items[i]).collect()
}

fn in_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads").install(work)
}

proptest! {
    #![proptest_config(cases(60, 20_260_102))]

    #[test]
    fn jones_diggle_gives_every_incident_back(points in points(1..80), mask in mask(), kernel in kernel(), h in 35.0..150.0_f64) {
        let weights = weights(points.len());
        let params = KdeParams { kernel, bandwidth: Metres(h) };
        let Within { density, left_out, weight } = kde_within(&points, Some(&weights), &mask, &params, Edge::JonesDiggle).expect("good input");
        prop_assert!((density.integral() - weight).abs() <= 1e-10 * weight, "{} of {weight}", density.integral());
        prop_assert_eq!(left_out, points.iter().filter(|p| !mask.holds(**p)).count());
        let counted: f64 = points.iter().zip(&weights).filter(|(p, _)| mask.holds(**p)).map(|(_, w)| w).sum();
        prop_assert!((weight - counted).abs() < 1e-9);
    }

    #[test]
    fn the_uniform_correction_raises_the_border_and_leaves_no_hole(points in points(1..80), mask in mask(), kernel in kernel(), h in 35.0..150.0_f64) {
        let params = KdeParams { kernel, bandwidth: Metres(h) };
        let of = |edge| kde_within(&points, None, &mask, &params, edge).expect("good input").density;
        let (raw, raised) = (of(Edge::None), of(Edge::Uniform));
        let part = |i: usize| {
            let at = GRID.center(i % GRID.n_cols, i / GRID.n_cols);
            let cells = (0..GRID.len()).filter(|&j| mask.inside()[j]);
            let sum: f64 = cells.map(|j| kernel.shape((at.distance(GRID.center(j % GRID.n_cols, j / GRID.n_cols)).0 / h).powi(2))).sum();
            sum * kernel.constant() * 100.0 / (h * h)
        };
        // The same sum with nothing but area around.
        let far = (kernel.reach() * h / 10.0).ceil() as i32;
        let around = (-far..=far).flat_map(|dx| (-far..=far).map(move |dy| f64::from(dx * dx + dy * dy)));
        let whole: f64 = around.map(|d2| kernel.shape(d2 * 100.0 / (h * h))).sum::<f64>() * kernel.constant() * 100.0 / (h * h);
        for i in (0..GRID.len()).step_by(37) {
            let expected = if mask.inside()[i] { raw.per_km2[i] * whole / part(i) } else { 0.0 };
            prop_assert!((raised.per_km2[i] - expected).abs() <= 1e-10 * raised.peak(), "{} is not {expected}", raised.per_km2[i]);
        }
    }

    #[test]
    fn order_and_threads_change_nothing(points in points(2..60), mask in mask(), kernel in kernel(), seed: u64, threads in 1..5_usize) {
        let order = shuffled(points.len(), seed);
        let (other, weights) = (reordered(&points, &order), weights(points.len()));
        let other_weights = reordered(&weights, &order);
        let params = KdeParams { kernel, bandwidth: Metres(60.0) };
        for edge in Edge::ALL {
            let one = kde_within(&points, Some(&weights), &mask, &params, edge);
            let two = in_threads(threads, || kde_within(&other, Some(&other_weights), &mask, &params, edge));
            prop_assert_eq!(one, two);
            let one = standard_error(&points, Some(&weights), &mask, &params, edge);
            let two = in_threads(threads, || standard_error(&other, Some(&other_weights), &mask, &params, edge));
            prop_assert_eq!(one, two);
        }
        let one = abramson(&points, Some(&weights), &params, Metres(50.0), 5.0).expect("good input");
        let two = in_threads(threads, || abramson(&other, Some(&other_weights), &params, Metres(50.0), 5.0)).expect("good input");
        prop_assert_eq!(&reordered(&one, &order), &two);
        let one = kde_adaptive(&points, Some(&weights), &one, &GRID, kernel);
        let two = in_threads(threads, || kde_adaptive(&other, Some(&other_weights), &two, &GRID, kernel));
        prop_assert_eq!(one, two);
        let one = minimum_sample(&points, 2, Metres(1.0)).expect("good input");
        prop_assert_eq!(reordered(&one, &order), minimum_sample(&other, 2, Metres(1.0)).expect("good input"));
        let window = LocalBox { min: Local { x: -400.0, y: -400.0 }, max: Local { x: 600.0, y: 600.0 } };
        for rule in Rule::ALL {
            let one = bandwidth(&points, window, rule);
            let two = in_threads(threads, || bandwidth(&other, window, rule));
            prop_assert_eq!(one, two);
        }
    }

    #[test]
    fn a_standard_error_of_single_kernels_is_their_sum_of_squares(points in points(1..40), kernel in kernel(), h in 35.0..150.0_f64) {
        let weights = weights(points.len());
        let mask = Mask::whole(&GRID);
        let found = standard_error(&points, Some(&weights), &mask, &KdeParams { kernel, bandwidth: Metres(h) }, Edge::None).expect("good input");
        for i in (0..GRID.len()).step_by(41) {
            let at = GRID.center(i % GRID.n_cols, i / GRID.n_cols);
            let one = |p: &Local, w: f64| w * 1e6 * kernel.constant() / (h * h) * kernel.shape((p.distance(at).0 / h).powi(2));
            let held = points.iter().zip(&weights).filter(|(p, _)| mask.holds(**p));
            let sum: f64 = held.map(|(p, w)| one(p, *w).powi(2)).sum();
            prop_assert!((found.per_km2[i] - sum.sqrt()).abs() <= 1e-7 * found.peak() + 1e-12);
        }
    }

    #[test]
    fn the_least_radius_holds_the_sample_and_no_less_would(points in points(3..60), n in 1..4_usize) {
        let least = 2.0;
        let radii = minimum_sample(&points, n, Metres(least)).expect("good input");
        for (p, r) in points.iter().zip(radii) {
            let within = |r: f64| points.iter().filter(|q| p.distance(**q).0 <= r).count();
            prop_assert!(within(r.0) >= n);
            prop_assert!(r.0 == least || within(r.0 * (1.0 - 1e-12)) < n);
        }
    }

    #[test]
    fn adaptive_kernels_hold_their_incidents(points in points(3..50), kernel in kernel()) {
        prop_assume!(kernel != Kernel::Gaussian);
        let pilot = KdeParams { kernel, bandwidth: Metres(80.0) };
        let radii = abramson(&points, None, &pilot, Metres(60.0), 1e9).expect("good input");
        let mean = radii.iter().map(|h| h.0.ln()).sum::<f64>() / radii.len() as f64;
        prop_assert!((mean.exp() - 60.0).abs() < 1e-9, "the geometric mean is {}", mean.exp());
        let radii = minimum_sample(&points, 3, Metres(60.0)).expect("good input");
        let widest = radii.iter().map(|h| h.0).fold(0.0, f64::max);
        let area = LocalBox::around(points.iter().copied()).expect("points").padded(Metres(widest));
        let grid = Grid::over(area, Metres(8.0)).expect("a small grid");
        let density = kde_adaptive(&points, None, &radii, &grid, kernel).expect("good input");
        prop_assert!((density.integral() / points.len() as f64 - 1.0).abs() < 0.03, "{}", density.integral());
    }

    #[test]
    fn comparisons_are_finite_turn_around_and_forget_what_they_should(
        f in prop::collection::vec(prop_oneof![Just(0.0), 0.0..9.0_f64], 12), g in prop::collection::vec(prop_oneof![Just(0.0), 0.0..9.0_f64], 12), floor in prop_oneof![Just(0.0), 0.001..0.1_f64],
    ) {
        let grid = Grid { n_cols: 4, n_rows: 3, ..GRID };
        let of = |per_km2: &[f64]| Density { grid, per_km2: per_km2.to_vec() };
        let (f, g) = (of(&f), of(&g));
        for comparison in Comparison::ALL {
            let there = compare(&f, &g, None, comparison, floor).expect("good input");
            prop_assert!(there.iter().flatten().all(|v| v.is_finite()));
        }
        let turned = |comparison, sign: f64| {
            let (there, back) = (compare(&f, &g, None, comparison, 0.0).expect("good input"), compare(&g, &f, None, comparison, 0.0).expect("good input"));
            there.iter().zip(&back).all(|(a, b)| match (a, b) {
                (Some(a), Some(b)) => (a - sign * b).abs() < 1e-12,
                (a, b) => a.is_none() && b.is_none(),
            })
        };
        for comparison in [Comparison::LogRatio, Comparison::LogRelativeRisk, Comparison::Difference, Comparison::RelativeDifference] {
            prop_assert!(turned(comparison, -1.0), "{comparison:?}");
        }
        let twice = of(&f.per_km2.iter().map(|v| 2.0 * v).collect::<Vec<f64>>());
        let (one, two) = (compare(&f, &g, None, Comparison::LogRelativeRisk, floor), compare(&twice, &g, None, Comparison::LogRelativeRisk, floor));
        for (one, two) in one.expect("good input").iter().zip(two.expect("good input")) {
            prop_assert!(one.is_some() == two.is_some() && (one.unwrap_or(0.0) - two.unwrap_or(0.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_rule_follows_the_points_that_move_grow_or_turn(points in points(4..60), doublings in -3..4_i32) {
        let scale = 2.0_f64.powi(doublings);
        let window = LocalBox { min: Local { x: -400.0, y: -400.0 }, max: Local { x: 600.0, y: 600.0 } };
        let moved: Vec<Local> = points.iter().map(|p| Local { x: p.x * scale + 1024.0, y: p.y * scale }).collect();
        let moved_window = LocalBox {
            min: Local { x: window.min.x * scale + 1024.0, y: window.min.y * scale },
            max: Local { x: window.max.x * scale + 1024.0, y: window.max.y * scale },
        };
        // A quarter turn about the window's middle.
        let turned: Vec<Local> = points.iter().map(|p| Local { x: 200.0 - p.y, y: p.x }).collect();
        for rule in Rule::ALL {
            let Ok(one) = bandwidth(&points, window, rule) else { continue };
            let two = bandwidth(&moved, moved_window, rule).expect("as good as the first");
            let three = bandwidth(&turned, window, rule).expect("as good as the first");
            // A search may find the neighboring step where two are equal to the last digits.
            let near = |s: f64| (s / one.sigma.0 - 1.0).abs() < 1e-9;
            prop_assert!(near(two.sigma.0 / scale) && near(three.sigma.0), "{one:?} {two:?} {three:?}");
            prop_assert!(one.sigma.0 > 0.0 && one.sigma.0.is_finite());
        }
    }

    #[test]
    fn levels_are_nested_valid_and_within_their_budgets(points in points(3..60), h in 40.0..120.0_f64, less in 0.1..0.9_f64, share in 0.05..0.9_f64) {
        let mask = Mask::whole(&GRID);
        let density = kde(&points, None, &GRID, &KdeParams::quartic(Metres(h))).expect("good input");
        prop_assume!(density.peak() > 0.0);
        let outer = level_of_area_share(&density, &mask, share).expect("a good share");
        let inner = level_of_area(&density, &mask, SquareKm(share * less * mask.area().0)).expect("a good budget");
        prop_assert!(outer.share <= share && inner.area.0 <= share * less * mask.area().0 && inner.threshold >= outer.threshold);
        let [outside, inside] = [&outer, &inner].map(|level| contour(&density, level.threshold).expect("a good threshold"));
        prop_assert!(outside.is_valid() && inside.is_valid());
        prop_assert!((outside.unsigned_area() / 1e6 - outer.area.0).abs() < 1e-12);
        prop_assert!(inside.difference(&outside).unsigned_area() < 1e-3);
        let mean = level_of_mean(&density, &mask, 1.0).expect("a good multiple").threshold;
        let sum: f64 = density.per_km2.iter().sum();
        prop_assert!((mean * GRID.len() as f64 - sum).abs() <= 1e-12 * sum);
    }
}

/// Streets between places of a small lattice, some missing, with all kinds of lengths; many dead ends.
fn town() -> impl Strategy<Value = StreetNetwork> {
    let places = prop::collection::vec((0.0..30.0_f64, 0.0..30.0_f64), 16);
    (places, prop::collection::vec(0..4_u8, 24)).prop_map(|(off, there)| {
        let at = |i: usize| ((i % 4) as f64 * 80.0 + off[i].0, (i / 4) as f64 * 80.0 + off[i].1);
        let east = (0..16).filter(|i| i % 4 < 3).map(|i| (i, i + 1));
        let pairs = east.chain((0..12).map(|i| (i, i + 4)));
        let lines = pairs.zip(there).filter(|(_, there)| *there > 0).map(|((a, b), _)| {
            let ((ax, ay), (bx, by)) = (at(a), at(b));
            line_string![(x: ax, y: ay), (x: bx, y: by)]
        });
        let lines: Vec<LineString> =
            lines.chain([line_string![(x: 900.0, y: 900.0), (x: 950.0, y: 900.0)]]).collect();
        StreetNetwork::new(&lines, Metres(0.1)).expect("good lines")
    })
}

fn on(net: &StreetNetwork, places: &[(usize, f64)]) -> Vec<OnStreet> {
    let place = |&(line, part): &(usize, f64)| {
        let line = line % net.len();
        OnStreet { line, along: Metres(part * net.length(line).0) }
    };
    places.iter().map(place).collect()
}

/// The density at a place as the paper has it: way by way, each to its end.
fn naive(net: &StreetNetwork, from: OnStreet, to: OnStreet, h: f64, split: Split) -> f64 {
    struct Way {
        line: usize,
        end: usize,
        far: f64,
        weight: f64,
    }
    let k = |d: f64| if d < h { 0.75 * (1.0 - d * d / (h * h)) / h * 1e3 } else { 0.0 };
    let mut sum = if from.line == to.line { k((from.along.0 - to.along.0).abs()) } else { 0.0 };
    let length = net.length(from.line).0;
    let mut open = vec![
        Way { line: from.line, end: 0, far: from.along.0, weight: 1.0 },
        Way { line: from.line, end: 1, far: length - from.along.0, weight: 1.0 },
    ];
    while let Some(way) = open.pop() {
        if way.far >= h || way.weight.abs() < 1e-9 {
            continue;
        }
        let node = net.ends(way.line)[way.end];
        let leaving = net.leaving(node);
        for &next in leaving {
            let next = next as usize;
            let back = next == way.line;
            let weight = way.weight
                * match split {
                    Split::Discontinuous if back => continue,
                    Split::Discontinuous => 1.0 / (leaving.len() - 1) as f64,
                    Split::Continuous => 2.0 / leaving.len() as f64 - f64::from(u8::from(back)),
                };
            let end = usize::from(net.ends(next)[0] != node);
            let length = net.length(next).0;
            if next == to.line {
                let along = if end == 0 { to.along.0 } else { length - to.along.0 };
                sum += weight * k(way.far + along);
            }
            open.push(Way { line: next, end: 1 - end, far: way.far + length, weight });
        }
    }
    sum
}

proptest! {
    #![proptest_config(cases(60, 20_260_102))]

    #[test]
    fn along_streets_nothing_is_made_and_what_is_lost_is_told(
        net in town(), places in prop::collection::vec((0..99_usize, 0.0..1.0_f64), 1..20), kernel in kernel(), h in 30.0..200.0_f64, lixel in 3.0..90.0_f64,
    ) {
        let at = on(&net, &places);
        let weights = weights(at.len());
        let total: f64 = weights.iter().sum();
        for split in Split::ALL {
            let params = NetworkParams { kernel, bandwidth: Metres(h), split, lixel: Some(Metres(lixel)) };
            let found = network_density(&net, &at, Some(&weights), &params).expect("good input");
            let held: f64 = found.lixels.iter().map(|l| l.per_km * (l.to.0 - l.from.0) / 1e3).sum();
            prop_assert!((held + found.lost - total).abs() < 1e-9 * total, "{held} and {} of {total}", found.lost);
            prop_assert!(split == Split::Discontinuous || found.lost < 1e-4, "{} lost", found.lost);
            prop_assert!(found.lixels.iter().all(|l| l.per_km >= 0.0 && l.per_km.is_finite() && l.to.0 - l.from.0 <= lixel * (1.0 + 1e-6)));
            let length: f64 = found.lixels.iter().map(|l| l.to.0 - l.from.0).sum();
            prop_assert!((length - (0..net.len()).map(|l| net.length(l).0).sum::<f64>()).abs() < 1e-6);
        }
    }

    #[test]
    fn along_streets_the_sum_is_that_over_all_ways(
        net in town(), places in prop::collection::vec((0..99_usize, 0.01..0.99_f64), 2..8), h in 30.0..170.0_f64,
    ) {
        let at = on(&net, &places);
        for split in Split::ALL {
            let params = NetworkParams { kernel: Kernel::Epanechnikov, bandwidth: Metres(h), split, lixel: None };
            let found = network_density_at(&net, &at, None, &at, &params).expect("good input");
            for (place, found) in at.iter().zip(found) {
                let expected: f64 = at.iter().map(|&from| naive(&net, from, *place, h, split)).sum();
                prop_assert!((found - expected).abs() < 1e-5 * (1.0 + expected), "{split:?}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn a_lixel_has_the_mean_of_its_places(net in town(), places in prop::collection::vec((0..99_usize, 0.0..1.0_f64), 1..8)) {
        let at = on(&net, &places);
        for split in Split::ALL {
            let params = NetworkParams { kernel: Kernel::Quartic, bandwidth: Metres(120.0), split, lixel: Some(Metres(40.0)) };
            let found = network_density(&net, &at, None, &params).expect("good input");
            let n = 400;
            for lixel in found.lixels.iter().step_by(7) {
                let size = (lixel.to.0 - lixel.from.0) / f64::from(n);
                let middles: Vec<OnStreet> = (0..n).map(|k| OnStreet { line: lixel.line, along: Metres(lixel.from.0 + (f64::from(k) + 0.5) * size) }).collect();
                let mean = network_density_at(&net, &at, None, &middles, &params).expect("good input").iter().sum::<f64>() / f64::from(n);
                prop_assert!((mean - lixel.per_km).abs() < 2e-3 * (1.0 + mean), "{mean} is not {}", lixel.per_km);
            }
        }
    }

    #[test]
    fn along_streets_order_and_threads_change_nothing(
        net in town(), places in prop::collection::vec((0..99_usize, 0.0..1.0_f64), 1..30), seed: u64, threads in 1..5_usize,
    ) {
        let at = on(&net, &places);
        let order = shuffled(at.len(), seed);
        let (weights, other) = (weights(at.len()), reordered(&at, &order));
        let other_weights = reordered(&weights, &order);
        for split in Split::ALL {
            let params = NetworkParams { kernel: Kernel::Quartic, bandwidth: Metres(150.0), split, lixel: None };
            let one = network_density(&net, &at, Some(&weights), &params);
            let two = in_threads(threads, || network_density(&net, &other, Some(&other_weights), &params));
            prop_assert_eq!(one, two);
        }
    }
}
