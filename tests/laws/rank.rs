//! What must hold for every ranking with uncertainty: against chance, against a plain way, and against itself.

use crate::cases;
use crate::cities;

use cases::cases;
use cities::{Truth, calibration};
use hotblocks::analysis::chance::Chance;
use hotblocks::rank::draws::{DrawParams, Drawing, Part, Position, positions};
use hotblocks::rank::gamma_poisson::{How, Posterior, fit, predictive_interval};
use proptest::prelude::*;

/// Counts with exposures, many of them equal.
fn counted() -> impl Strategy<Value = (Vec<u32>, Vec<f64>)> {
    let one = (prop_oneof![4 => Just(0), 4 => 0..6_u32, 1 => 6..60_u32], 1..5_u32);
    (prop::collection::vec(one, 1..50), any::<bool>()).prop_map(|(all, equal)| {
        let over = |exposure: u32| if equal { 1.5 } else { f64::from(exposure) * 0.7 };
        all.into_iter().map(|(count, exposure)| (count, over(exposure))).unzip()
    })
}

fn blocks(counts: &[u32], exposure: &[f64]) -> Vec<Vec<Part>> {
    let fit = fit(counts, exposure).expect("good input");
    let one = |(&y, &e)| vec![Part { weight: 1.0, posterior: fit.for_ranks(y, e) }];
    counts.iter().zip(exposure).map(one).collect()
}

fn drawn(blocks: &[Vec<Part>], top_n: u32, draws: u32, how: Drawing) -> Vec<Position> {
    positions(blocks, &DrawParams { top_n, draws, seed: 17, how }).expect("good input")
}

proptest! {
    #![proptest_config(cases(24, 41))]

    #[test]
    fn chances_add_up_to_the_places_and_nothing_is_out_of_range(
        (counts, exposure) in counted(), top_n in 1..60_u32, plain in any::<bool>()
    ) {
        let how = if plain { Drawing::Plain } else { Drawing::Pruned };
        let n = counts.len();
        let found = drawn(&blocks(&counts, &exposure), top_n, 1_200, how);
        let sum: f64 = found.iter().map(|one| one.p_top_n).sum();
        prop_assert!((sum - f64::from(top_n).min(n as f64)).abs() < 1e-9, "{sum}");
        let ranks: f64 = found.iter().map(|one| one.mean).sum();
        prop_assert!((ranks - (n * (n + 1)) as f64 / 2.0).abs() < 1e-6);
        for one in &found {
            prop_assert!((0.0..=1.0).contains(&one.p_top_n) && one.mean >= 1.0 && one.mean <= n as f64);
            prop_assert!(1 <= one.lo && one.lo <= one.hi && one.hi as usize <= n);
        }
    }

    #[test]
    fn the_order_of_blocks_changes_no_bit((counts, exposure) in counted(), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..counts.len()).collect();
        Chance::new(seed, 0).shuffle(&mut order);
        let turned: Vec<u32> = order.iter().map(|&at| counts[at]).collect();
        let over: Vec<f64> = order.iter().map(|&at| exposure[at]).collect();
        for how in [Drawing::Plain, Drawing::Pruned] {
            let one = drawn(&blocks(&counts, &exposure), 5, 1_100, how);
            let other = drawn(&blocks(&turned, &over), 5, 1_100, how);
            prop_assert!(order.iter().zip(&other).all(|(&at, other)| one[at] == *other));
        }
    }

    #[test]
    fn with_equal_exposure_more_incidents_are_never_less((mut counts, _) in counted()) {
        counts.sort_unstable();
        let exposure = vec![2.0; counts.len()];
        let found = drawn(&blocks(&counts, &exposure), 5, 2_000, Drawing::Plain);
        let fit = fit(&counts, &exposure).expect("good input");
        for (pair, counts) in found.windows(2).zip(counts.windows(2)) {
            let (below, above) = (fit.posterior(counts[0], 2.0), fit.posterior(counts[1], 2.0));
            prop_assert!(below.mean() <= above.mean() && below.interval(0.9).1 <= above.interval(0.9).1);
            if counts[0] == counts[1] {
                prop_assert_eq!(pair[0], pair[1]);
            }
            // Four standard errors of the difference of two chances of 2,000 draws.
            prop_assert!(pair[0].p_top_n <= pair[1].p_top_n + 0.063);
        }
    }

    #[test]
    fn a_fit_has_numbers_and_its_posteriors_lie_between_block_and_city((counts, exposure) in counted()) {
        let fit = fit(&counts, &exposure).expect("good input");
        prop_assert!(fit.alpha.is_finite() && fit.alpha > 0.0 && fit.beta.is_finite() && fit.beta > 0.0);
        for (&y, &e) in counts.iter().zip(&exposure) {
            let posterior = fit.posterior(y, e);
            let (low, high) = posterior.interval(0.9);
            prop_assert!(0.0 <= low && low <= posterior.mean() * 1.000_001 && low < high && high.is_finite());
            if fit.how == How::Likelihood {
                let (own, city) = (f64::from(y) / e, fit.alpha / fit.beta);
                let mean = posterior.mean();
                prop_assert!(mean >= own.min(city) * 0.999_999 && mean <= own.max(city) * 1.000_001);
            }
            let (low, high) = predictive_interval(&posterior, e, 0.9);
            prop_assert!(low <= high);
        }
    }

    #[test]
    fn the_shortcut_is_the_plain_way_for_those_it_looks_at((counts, exposure) in counted(), top_n in 1..9_u32) {
        let blocks = blocks(&counts, &exposure);
        let plain = drawn(&blocks, top_n, 3_000, Drawing::Plain);
        let pruned = drawn(&blocks, top_n, 3_000, Drawing::Pruned);
        let far = plain.iter().zip(&pruned).map(|(a, b)| (a.p_top_n - b.p_top_n).abs()).fold(0.0, f64::max);
        prop_assert!(far <= 0.003, "{far}");
    }
}

/// Classes from rare and heavy to common and light, of unequal exposure.
fn large_city(n: usize, seed: u64) -> Vec<Vec<Part>> {
    let mut chance = Chance::new(seed, 0);
    let block = |_| {
        let over = 0.3 + 2.0 * chance.unit();
        let mut part = |weight, shape: f64, rate: f64, most: u32| {
            // Few blocks have many.
            let count = (f64::from(most + 1) * chance.unit().powi(6)) as u32;
            Part { weight, posterior: Posterior { shape: shape + f64::from(count), rate: rate + over } }
        };
        vec![part(5475.0, 0.1, 8.0, 2), part(365.0, 0.4, 0.8, 9), part(20.0, 1.1, 0.4, 40)]
    };
    (0..n).map(block).collect()
}

#[test]
fn the_shortcut_is_within_five_thousandths_of_the_plain_way_in_several_cities() {
    for (seed, n, top_n) in [(1, 1_000, 20), (2, 500, 80), (3, 1_500, 5)] {
        let blocks = large_city(n, seed);
        let plain = drawn(&blocks, top_n, 4_000, Drawing::Plain);
        let pruned = drawn(&blocks, top_n, 4_000, Drawing::Pruned);
        let far = plain.iter().zip(&pruned).map(|(a, b)| (a.p_top_n - b.p_top_n).abs()).fold(0.0, f64::max);
        assert!(far <= 0.005, "city {seed}: {far}");
        assert!(plain.iter().any(|one| one.p_top_n > 0.2 && one.p_top_n < 0.8));
    }
}

#[test]
fn threads_change_no_bit() {
    let blocks = large_city(300, 9);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| [Drawing::Plain, Drawing::Pruned].map(|how| drawn(&blocks, 10, 1_300, how)))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn draws_of_a_seed_are_the_same_for_ever() {
    let bits = |how| {
        let found = drawn(&large_city(60, 4), 7, 1_500, how);
        found.iter().fold(0_u64, |all, one| {
            all.rotate_left(7) ^ one.p_top_n.to_bits() ^ one.mean.to_bits().rotate_left(3) ^ u64::from(one.lo)
        })
    };
    assert_eq!([bits(Drawing::Plain), bits(Drawing::Pruned)], FOR_EVER);
}

/// Found once; a processor or a platform that gives other bits is a defect.
const FOR_EVER: [u64; 2] = [1_889_117_704_833_545_232, 2_031_863_874_464_810_941];

#[test]
fn chances_that_are_stated_come_true_in_cities_of_the_model() {
    for how in [Drawing::Plain, Drawing::Pruned] {
        let tenths = calibration(Truth::Model, 200, how);
        let held: Vec<f64> = tenths.iter().filter_map(|tenth| tenth.off()).collect();
        assert!(held.len() >= 9, "{tenths:?}");
        assert!(held.iter().all(|off| off.abs() <= 0.05), "{held:?}");
    }
}

#[test]
fn cities_that_the_model_does_not_assume_are_off_but_not_wild() {
    for truth in Truth::ALL {
        let tenths = calibration(truth, 40, Drawing::Plain);
        let worst =
            tenths.iter().filter_map(|tenth| tenth.off()).fold(0.0, |worst: f64, off| worst.max(off.abs()));
        assert!(worst < 0.3, "{truth:?}: {worst} {tenths:?}");
        let stated: f64 = tenths.iter().map(|tenth| tenth.stated).sum();
        let truly: u32 = tenths.iter().map(|tenth| tenth.truly).sum();
        assert!((stated / f64::from(truly) - 1.0).abs() < 1e-6, "{}", truth.told());
    }
}
