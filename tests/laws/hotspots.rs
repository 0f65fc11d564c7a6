//! What must hold for hot spots whatever the map: p-values keep their promise, scale and order change nothing.

use crate::cases;

use cases::cases;
use hotblocks::analysis::chance::Chance;
use hotblocks::analysis::hotspots::emerging::{EmergingParams, FEWEST_STEPS, Pattern, Side, emerging};
use hotblocks::analysis::hotspots::fdr::{Fdr, bin, q_values};
use hotblocks::analysis::hotspots::gistar::{gi_star, gi_star_exact, gi_star_permuted};
use hotblocks::analysis::hotspots::local_moran::{local_moran, local_moran_exact, local_moran_permuted};
use hotblocks::analysis::hotspots::moran::{Weighting, moran, moran_permuted};
use hotblocks::analysis::hotspots::permute::Permutations;
use hotblocks::analysis::hotspots::values::{HotSpotError, two_sided_p};
use hotblocks::analysis::hotspots::weights::{Contiguity, Neighbors};
use hotblocks::analysis::hotspots::window::{Lattice, Window, gi_star_on_grid};
use hotblocks::space::coord::{Local, Metres};
use proptest::prelude::*;
use rayon::prelude::*;

const MAPS: u64 = 2_000;

/// The p-value of one cell on each of 2,000 maps without any pattern, each with permutations of its own.
fn null_p(
    value: impl Fn(&mut Chance) -> f64 + Sync,
    p: impl Fn(&[f64], &Permutations) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let one = |map: u64| {
        let mut chance = Chance::new(31, map);
        let values: Vec<f64> = (0..36).map(|_| value(&mut chance)).collect();
        p(&values, &Permutations { count: 999, seed: map })[(map % 36) as usize]
    };
    (0..MAPS).into_par_iter().map(one).collect()
}

/// How often p ≤ a, less a, in Monte-Carlo errors.
fn excess(p: &[f64]) -> [f64; 3] {
    [0.01, 0.05, 0.1].map(|a| {
        let share = p.iter().filter(|&&p| p <= a).count() as f64 / p.len() as f64;
        (share - a) / (a * (1.0 - a) / p.len() as f64).sqrt()
    })
}

fn queen() -> Neighbors {
    Neighbors::on_grid(6, 6, None, Contiguity::Queen).expect("a grid")
}

#[test]
fn permuted_p_values_of_gi_star_keep_their_promise_on_maps_without_a_pattern() {
    let p = |values: &[f64], permutations: &Permutations| {
        gi_star_permuted(values, &queen(), permutations).expect("values that differ")
    };
    let continuous = excess(&null_p(|chance| -chance.unit().max(1e-9).ln(), p));
    assert!(continuous.iter().all(|excess| excess.abs() <= 3.0), "{continuous:?}");
    let counts = excess(&null_p(|chance| f64::from(chance.below(3) * chance.below(4)), p));
    assert!(counts.iter().all(|&excess| excess <= 3.0), "{counts:?}");
    let sparse = excess(&null_p(
        |chance| f64::from(u8::from(chance.below(6) == 0)),
        |values, permutations| {
            if values.iter().all(|value| *value == values[0]) {
                vec![1.0; 36]
            } else {
                p(values, permutations)
            }
        },
    ));
    assert!(sparse.iter().all(|&excess| excess <= 3.0), "{sparse:?}");
}

/// Maps of 225 cells on which so many incidents fall anywhere: the share of those on which any q is at most 5 %.
fn false_alarms(incidents: u64, p: impl Fn(&[f64], &Neighbors) -> Vec<f64> + Sync) -> f64 {
    let near = Neighbors::on_grid(15, 15, None, Contiguity::Queen).expect("a grid");
    let one = |map: u64| {
        let mut chance = Chance::new(57, map);
        let mut counts = vec![0.0; 225];
        (0..incidents).for_each(|_| counts[chance.below(225) as usize] += 1.0);
        let q = q_values(&p(&counts, &near), Fdr::BenjaminiHochberg).expect("p-values");
        q.iter().any(|q| *q <= 0.05)
    };
    let alarms = (0..MAPS).into_par_iter().filter(|&map| one(map)).count();
    alarms as f64 / MAPS as f64
}

#[test]
fn over_all_permutations_few_incidents_bring_no_more_false_alarms_than_the_rate_allows() {
    let most = 0.05 + 3.0 * (0.05 * 0.95 / MAPS as f64).sqrt();
    for incidents in [1, 5, 20, 60, 200, 610] {
        let found = false_alarms(incidents, |counts, near| {
            gi_star_exact(counts, near).expect("counts that differ").expect("whole numbers")
        });
        assert!(found <= most, "Gi*: {found} of maps of {incidents} incidents");
    }
    for incidents in [20, 200] {
        let found = false_alarms(incidents, |counts, near| {
            local_moran_exact(counts, near).expect("counts that differ").expect("whole numbers")
        });
        assert!(found <= most, "local Moran: {found} of maps of {incidents} incidents");
    }
    // The law can see what it is there for.
    let normal = |counts: &[f64], near: &Neighbors| {
        gi_star(counts, near).expect("counts that differ").into_iter().map(two_sided_p).collect()
    };
    assert!(false_alarms(5, normal) > 0.5 && false_alarms(60, normal) > 0.1);
}

#[test]
fn p_values_over_all_permutations_keep_their_promise_on_maps_without_a_pattern() {
    let count = |chance: &mut Chance| f64::from(chance.below(4) * chance.below(5));
    let gi_star = null_p(count, |values, _| {
        gi_star_exact(values, &queen()).expect("values that differ").expect("whole numbers")
    });
    let moran = null_p(count, |values, _| {
        local_moran_exact(values, &queen()).expect("values that differ").expect("whole numbers")
    });
    for p in [gi_star, moran] {
        let excess = excess(&p);
        assert!(excess.iter().all(|excess| *excess <= 3.0), "{excess:?}");
    }
}

#[test]
fn permuted_p_values_of_local_moran_keep_their_promise_on_maps_without_a_pattern() {
    let p = |values: &[f64], permutations: &Permutations| {
        local_moran_permuted(values, &queen(), permutations).expect("values that differ")
    };
    let continuous = excess(&null_p(Chance::unit, p));
    assert!(continuous.iter().all(|excess| excess.abs() <= 3.0), "{continuous:?}");
    let counts = excess(&null_p(|chance| f64::from(chance.below(3) * chance.below(4)), p));
    assert!(counts.iter().all(|&excess| excess <= 3.0), "{counts:?}");
}

#[test]
fn permuted_p_values_of_global_moran_keep_their_promise_on_maps_without_a_pattern() {
    let p = |values: &[f64], permutations: &Permutations| {
        let near = Neighbors::on_grid(4, 3, None, Contiguity::Queen).expect("a grid");
        let p = moran_permuted(&values[..12], &near, Weighting::RowStandardized, permutations);
        vec![p.expect("values that differ"); 36]
    };
    let continuous = excess(&null_p(Chance::unit, p));
    assert!(continuous.iter().all(|excess| excess.abs() <= 3.0), "{continuous:?}");
}

#[test]
fn a_false_discovery_rate_finds_nothing_on_most_maps_without_a_pattern() {
    // Under the null alone every discovery is false, so that at most 5 % of the maps may have one (binomial, 3 errors).
    let maps = 400;
    let with_some = (0..maps).filter(|&map| {
        let mut chance = Chance::new(8, map);
        let values: Vec<f64> = (0..100).map(|_| (0..12).map(|_| chance.unit()).sum()).collect();
        let near = Neighbors::on_grid(10, 10, None, Contiguity::Queen).expect("a grid");
        let p: Vec<f64> = gi_star(&values, &near).expect("z").into_iter().map(two_sided_p).collect();
        q_values(&p, Fdr::BenjaminiHochberg).expect("p").iter().any(|&q| q <= 0.05)
    });
    let share = with_some.count() as f64 / maps as f64;
    assert!(share <= 0.05 + 3.0 * (0.05 * 0.95 / maps as f64).sqrt(), "{share}");
}

/// A map: size, counts with many zeros, and which cells are inside.
fn map() -> impl Strategy<Value = (usize, usize, Vec<u32>, Vec<bool>)> {
    (3..9_usize, 3..9_usize).prop_flat_map(|(cols, rows)| {
        let count = prop_oneof![3 => Just(0u32), 2 => 0..4u32, 1 => 0..400u32];
        let inside = prop_oneof![4 => Just(true), 1 => Just(false)];
        let n = cols * rows;
        (Just(cols), Just(rows), prop::collection::vec(count, n), prop::collection::vec(inside, n))
    })
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    Chance::new(seed, 0).shuffle(&mut order);
    order
}

proptest! {
    #![proptest_config(cases(96, 20_260_104))]

    #[test]
    fn scaling_and_shifting_counts_leaves_gi_star_alone((cols, rows, counts, _) in map(), by in 1..1000u32) {
        let near = Neighbors::on_grid(cols, rows, None, Contiguity::Rook).expect("a grid");
        let values: Vec<f64> = counts.iter().map(|&count| f64::from(count)).collect();
        let scaled: Vec<f64> = values.iter().map(|value| value * f64::from(by) * 0.1).collect();
        let shifted: Vec<f64> = values.iter().map(|value| value + f64::from(by)).collect();
        let permutations = Permutations { count: 999, seed: u64::from(by) };
        match gi_star(&values, &near) {
            Err(_) => prop_assert!(gi_star(&scaled, &near).is_err() && gi_star(&shifted, &near).is_err()),
            Ok(z) => {
                for other in [&scaled, &shifted] {
                    let found = gi_star(other, &near).expect("as many");
                    prop_assert!(z.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-9));
                    prop_assert_eq!(
                        gi_star_permuted(other, &near, &permutations),
                        gi_star_permuted(&values, &near, &permutations)
                    );
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_units_changes_no_unit((cols, rows, counts, _) in map(), seed in 0..1000u64) {
        let near = Neighbors::on_grid(cols, rows, None, Contiguity::Queen).expect("a grid");
        let values: Vec<f64> = counts.iter().map(|&count| f64::from(count)).collect();
        let order = shuffled(values.len(), seed);
        let mut place = vec![0u32; order.len()];
        order.iter().zip(0..).for_each(|(&unit, at)| place[unit] = at);
        let lists = order.iter().map(|&unit| near.of(unit).iter().map(|&to| place[to as usize]).collect());
        let turned_near = Neighbors::from_lists(lists.collect()).expect("the same");
        let turned: Vec<f64> = order.iter().map(|&unit| values[unit]).collect();
        let permutations = Permutations { count: 999, seed };
        let turn = |of: Vec<f64>| order.iter().map(|&unit| of[unit]).collect::<Vec<_>>();
        if let Ok(z) = gi_star(&values, &near) {
            prop_assert_eq!(gi_star(&turned, &turned_near), Ok(turn(z)));
            let p = gi_star_permuted(&values, &near, &permutations).expect("as z");
            prop_assert_eq!(gi_star_permuted(&turned, &turned_near, &permutations), Ok(turn(p)));
            let p = local_moran_permuted(&values, &near, &permutations).expect("as z");
            prop_assert_eq!(local_moran_permuted(&turned, &turned_near, &permutations), Ok(turn(p)));
            let (here, there) = (local_moran(&values, &near), local_moran(&turned, &turned_near));
            let (here, there) = (turn(here.expect("as z").z), there.expect("as z").z);
            prop_assert!(here.iter().zip(&there).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn every_number_that_is_given_is_finite((cols, rows, counts, inside) in map(), steps in 0..4usize, disc in 0.0..4.0f64) {
        let lattice = Lattice { n_cols: cols, n_rows: rows, mask: Some(&inside) };
        for window in [Window::Square { steps }, Window::Disc { steps: disc }] {
            if let Ok(z) = gi_star_on_grid(&counts, &lattice, window) {
                prop_assert_eq!(z.len(), inside.iter().filter(|&&inside| inside).count());
                prop_assert!(z.iter().all(|z| z.is_finite()));
                let p: Vec<f64> = z.iter().map(|&z| two_sided_p(z)).collect();
                for rule in Fdr::ALL {
                    let q = q_values(&p, rule).expect("p-values");
                    prop_assert!(q.iter().zip(&p).all(|(q, p)| q >= p && *q <= 1.0));
                    prop_assert!(z.iter().zip(&q).all(|(&z, &q)| f64::from(bin(z, q)) * z >= 0.0));
                }
            }
        }
        let near = Neighbors::on_grid(cols, rows, Some(&inside), Contiguity::Queen).expect("a grid");
        let values: Vec<f64> =
            counts.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(&count, _)| f64::from(count)).collect();
        if let Ok(found) = local_moran(&values, &near) {
            prop_assert!(found.i.iter().chain(&found.z).all(|number| number.is_finite()));
        }
        if let Ok(found) = moran(&values, &near, Weighting::RowStandardized) {
            let numbers = [found.i, found.variance, found.z, found.p, found.normal_variance, found.normal_z, found.normal_p];
            prop_assert!(numbers.iter().all(|number| number.is_finite()), "{found:?}");
        }
        let cube: Vec<Vec<f64>> = (0..11).map(|step| values.iter().map(|value| (value * f64::from(step)) % 7.0).collect()).collect();
        let params = EmergingParams { steps_back: 1, fdr: Fdr::BenjaminiYekutieli, q_at_most: 0.1, trend_p_at_most: 0.1, normal_from: 0.0 };
        if let Ok(found) = emerging(&cube, &near, &params) {
            prop_assert!(found.z.iter().chain(&found.q).flatten().all(|number| number.is_finite()));
            prop_assert!(found.trend.iter().all(|trend| trend.z.is_finite() && trend.p.is_finite()));
        }
    }

    #[test]
    fn the_same_counts_at_every_step_have_no_trend((cols, rows, counts, _) in map(), steps in 10..20usize, steps_back in 0..9usize) {
        let near = Neighbors::on_grid(cols, rows, None, Contiguity::Queen).expect("a grid");
        let step: Vec<f64> = counts.iter().map(|&count| f64::from(count)).collect();
        let params = EmergingParams { steps_back, fdr: Fdr::BenjaminiHochberg, q_at_most: 0.9, trend_p_at_most: 0.9, normal_from: 0.0 };
        match emerging(&vec![step; steps], &near, &params) {
            Ok(found) => {
                prop_assert!(steps >= steps_back + FEWEST_STEPS);
                let moves = |pattern: &Option<(Side, Pattern)>| matches!(pattern, Some((_, Pattern::Intensifying | Pattern::Diminishing)));
                prop_assert!(!found.pattern.iter().any(moves), "{:?}", found.pattern);
                prop_assert!(found.trend.iter().all(|trend| trend.s == 0));
            }
            Err(HotSpotError::Steps { least, .. }) => prop_assert!(steps < least && least == steps_back + FEWEST_STEPS),
            Err(_) => {}
        }
    }

    #[test]
    fn a_band_is_mutual_and_grows_with_its_length(
        at in prop::collection::vec((0..50i32, 0..50i32), 2..60), band in 1.0..30.0f64, more in 0.0..10.0f64
    ) {
        let at: Vec<Local> = at.into_iter().map(|(x, y)| Local { x: f64::from(x), y: f64::from(y) }).collect();
        let (near, far) =
            (Neighbors::within(&at, Metres(band)).expect("a band"), Neighbors::within(&at, Metres(band + more)).expect("a band"));
        for unit in 0..at.len() {
            prop_assert!(near.of(unit).iter().all(|&to| near.of(to as usize).contains(&(unit as u32))));
            prop_assert!(near.of(unit).iter().all(|to| far.of(unit).contains(to)));
        }
    }
}
