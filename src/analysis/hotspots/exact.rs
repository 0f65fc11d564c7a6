//! All permutations at once: the whole law of a neighborhood's sum, where values are whole numbers.
//!
//! Where the values lie in any order on the units, what k units have together is the sum of k values that are drawn without
//! putting back: from all, or, where a unit's own value stays, from all others. Of whole numbers many are equal, so the
//! sets with a sum can be counted, value by value:
//!
//! ```text
//! Σ_{j,s} W(j, s) yʲ xˢ = Π_u (1 + y xᵘ)^{n(u)},   u the values above 0, n(u) units have it
//! P(sum of k = s) = Σ_j W(j, s) C(n(0), k − j) / C(N, k),   of the N that are drawn from n(0) have the value 0
//! ```
//!
//! One table W serves all units: a value u that stays is taken out by dividing by 1 + y xᵘ, and k comes in with the last line
//! alone. y is scaled by the largest k over N, so that no number grows beyond e to the mean number of values above 0.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::progress::checkpoint;

/// Sums above this are taken for as likely as this one: their p is told too high, never too low.
const MOST_SUM: usize = 1_000;

/// No p is told below this: there sums have lost their digits.
pub const LEAST_P: f64 = 1e-12;

/// What a unit and its neighbors are to have together in the mean, for a p of the normal law to be near the truth.
///
/// Below, that law finds hot spots on maps that have none: of 225 cells with their eight neighbors it calls some hot or cold at a q of
/// 5 % on 8 % of all maps of 610 incidents, 18 % of 60, 67 % of 5. This one does so on at most 5 %, which `tests/laws/hotspots.rs` holds.
pub const NORMAL_FROM: f64 = 100.0;

/// The most products that may be added: seconds.
const MOST_WORK: f64 = 4e9;

/// The largest value that is a whole number for sure, and sums of a billion of them.
const MOST_VALUE: f64 = 4_194_304.0;

/// What becomes of a unit's own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// It stays, and sums and sizes are those of the others around it.
    Stays,
    /// It is drawn like any other, and sums and sizes are with it.
    Drawn,
}

/// Two-sided p-values of the sums over so many units each: twice the smaller of P(as high or more so) and P(as low or more so),
/// at most 1. Where nothing is drawn p is 1.
///
/// `None` where a value is no whole number of at least 0, or the table would take too long.
pub(super) fn exact_p(
    values: &[f64],
    sums: &[f64],
    size: impl Fn(usize) -> usize,
    own: Own,
) -> Option<Vec<f64>> {
    let is_whole = |value: &f64| (0.0..=MOST_VALUE).contains(value) && value.fract() == 0.0;
    if values.len() < 2 || !values.iter().all(is_whole) {
        return None;
    }
    let sum_of = |unit: usize| (sums[unit].max(0.0) as usize).min(MOST_SUM);
    // Units of one value with equally many neighbors have one law.
    let mut alike: BTreeMap<(Option<usize>, usize), Vec<usize>> = BTreeMap::new();
    let mut met: BTreeMap<usize, usize> = BTreeMap::new();
    for (unit, &value) in values.iter().enumerate() {
        let stays = (own == Own::Stays).then_some(value as usize);
        alike.entry((stays, size(unit))).or_default().push(unit);
        *met.entry(value as usize).or_default() += 1;
    }
    let most = alike.keys().map(|(_, k)| *k).max().unwrap_or(0);
    let sums = (0..values.len()).map(sum_of).max().unwrap_or(0) + 1;
    let sets = Sets::of(&met, values.len(), most, sums)?;
    let tails = |((stays, k), units): (&(Option<usize>, usize), &Vec<usize>)| {
        checkpoint();
        let mut upto = 0.0;
        let sum_up = |p: f64| {
            upto += p;
            upto
        };
        let upto: Vec<f64> = sets.law(*stays, *k).into_iter().map(sum_up).collect();
        let p = |&unit: &usize| {
            let sum = sum_of(unit);
            let low = if sum == MOST_SUM { 1.0 } else { upto[sum] };
            let high = if sum == 0 { 1.0 } else { 1.0 - upto[sum - 1] };
            (unit, if *k == 0 { 1.0 } else { (2.0 * low.min(high)).clamp(LEAST_P, 1.0) })
        };
        units.iter().map(p).collect::<Vec<_>>()
    };
    let found: Vec<Vec<(usize, f64)>> = alike.par_iter().map(tails).collect();
    let mut all = vec![1.0; values.len()];
    found.into_iter().flatten().for_each(|(unit, p)| all[unit] = p);
    Some(all)
}

/// How many sets of units above 0 there are by size and sum, each size scaled.
struct Sets {
    /// W(j, s) · `scale`ʲ, j after j.
    ways: Vec<f64>,
    rows: usize,
    sums: usize,
    scale: f64,
    units: usize,
    zeros: usize,
}

impl Sets {
    /// Of up to `most` units with a sum below `sums`; `None` where that takes too long.
    fn of(met: &BTreeMap<usize, usize>, units: usize, most: usize, sums: usize) -> Option<Self> {
        // Each of them adds at least 1.
        let rows = most.min(sums - 1) + 1;
        let steps = |(&value, &n): (&usize, &usize)| rows.min(n + 1).min(sums / value + 1) as f64;
        if rows as f64 * sums as f64 * met.range(1..).map(steps).sum::<f64>() > MOST_WORK {
            return None;
        }
        let scale = most.max(1) as f64 / units as f64;
        let mut ways = vec![0.0; rows * sums];
        ways[0] = 1.0;
        for (&value, &n) in met.range(1..) {
            checkpoint();
            // C(n, c) scaleᶜ
            let mut choices = vec![1.0];
            while choices.len() < rows.min(n + 1) && choices.len() * value < sums {
                let c = choices.len();
                choices.push(choices[c - 1] * scale * (n - c + 1) as f64 / c as f64);
            }
            // From the largest sets down, so that each row is read before it is changed.
            for j in (0..rows).rev() {
                let (below, from) = ways.split_at_mut(j * sums);
                let here = &mut from[..sums];
                for (c, choice) in choices.iter().enumerate().skip(1).take_while(|(c, _)| *c <= j) {
                    let row = &below[(j - c) * sums..(j - c + 1) * sums];
                    here[c * value..].iter_mut().zip(row).for_each(|(to, ways)| *to += ways * choice);
                }
            }
        }
        let zeros = met.get(&0).copied().unwrap_or(0);
        Some(Self { ways, rows, sums, scale, units, zeros })
    }

    /// P(sum = s) for each s of the table, of k values drawn from all, or from all but one that stays.
    fn law(&self, stays: Option<usize>, k: usize) -> Vec<f64> {
        let Self { rows, sums, scale, .. } = *self;
        let zeros = self.zeros - usize::from(stays == Some(0));
        let own = stays.unwrap_or(0);
        let mut law = vec![0.0; sums];
        // Without the unit, row by row; a unit of 0 is in none of them.
        let mut before = vec![0.0; sums];
        let mut part = self.first_part(k, self.units - usize::from(stays.is_some()), zeros);
        for j in 0..rows.min(k + 1) {
            let mut row = self.ways[j * sums..(j + 1) * sums].to_vec();
            if own > 0 && own < sums {
                let with = row[own..].iter_mut().zip(&before);
                with.for_each(|(row, before)| *row = (*row - scale * before).max(0.0));
            }
            if k - j <= zeros {
                law.iter_mut().zip(&row).for_each(|(law, ways)| *law += ways * part);
                part *= (k - j) as f64 / (scale * (zeros + j + 1 - k) as f64);
            }
            before = row;
        }
        law
    }

    /// C(n(0), k − j) / (C(N, k) scaleʲ) of the first j that leaves no more draws than there are zeros.
    fn first_part(&self, k: usize, all: usize, zeros: usize) -> f64 {
        let first = k.saturating_sub(zeros);
        let one = |i: usize| {
            // C(n(0), k) / C(N, k) factor by factor, or 1 / C(N, k) with as many scales as there are draws above 0.
            let of = (all - i) as f64;
            if first == 0 {
                (zeros - i) as f64 / of
            } else {
                (i + 1) as f64 / of / if i < first { self.scale } else { 1.0 }
            }
        };
        (0..k).map(one).product()
    }
}

#[cfg(test)]
mod tests {
    use super::super::gistar::{gi_star, gi_star_exact};
    use super::super::local_moran::{local_moran_exact, local_moran_permuted};
    use super::super::permute::Permutations;
    use super::super::values::two_sided_p;
    use super::super::weights::{Contiguity, Neighbors};
    use super::*;

    /// The two tails of every set of k others, one by one.
    fn brute(values: &[f64], unit: usize, k: usize, sum: f64) -> f64 {
        let others: Vec<f64> = (0..values.len()).filter(|&at| at != unit).map(|at| values[at]).collect();
        let sets = (0u32..1 << others.len()).filter(|set| set.count_ones() as usize == k);
        let of =
            |set: u32| (0..others.len()).filter(|at| set >> at & 1 == 1).map(|at| others[at]).sum::<f64>();
        let all: Vec<f64> = sets.map(of).collect();
        let part =
            |is: &dyn Fn(f64) -> bool| all.iter().filter(|s| is(**s)).count() as f64 / all.len() as f64;
        (2.0 * part(&|s| s >= sum).min(part(&|s| s <= sum))).min(1.0)
    }

    #[test]
    fn the_law_is_that_of_all_sets_of_others() {
        for values in [
            [0., 1., 0., 2., 1., 1., 3., 2., 0., 0., 0., 4.],
            [0., 0., 0., 0., 0., 0., 0., 0., 0., 1., 0., 0.],
            [5., 5., 5., 5., 5., 5., 5., 5., 5., 5., 5., 4.],
            [7., 1., 9., 2., 8., 3., 11., 2., 6., 7., 5., 4.],
        ] {
            for k in 0..=11 {
                // Sums as they may come, among them some that no set has.
                let sums: Vec<f64> = (0..12).map(|at| f64::from((at * 7 + k) % 40)).collect();
                let found = exact_p(&values, &sums, |_| k as usize, Own::Stays).expect("whole numbers");
                for unit in 0..12 {
                    let expected = if k == 0 { 1.0 } else { brute(&values, unit, k as usize, sums[unit]) };
                    let expected = expected.max(LEAST_P);
                    assert!(
                        (found[unit] - expected).abs() < 1e-9,
                        "{values:?} {k} {unit}: {} is not {expected}",
                        found[unit]
                    );
                }
            }
        }
    }

    #[test]
    fn drawn_with_its_own_value_a_unit_is_as_likely_as_any_set() {
        for values in
            [[0., 1., 0., 2., 1., 1., 3., 2., 0., 0., 4.], [5., 5., 5., 5., 5., 5., 5., 5., 5., 5., 4.]]
        {
            let more = [&values[..], &[0.0]].concat();
            for k in 1..=11 {
                let sums: Vec<f64> = (0..11).map(|at| f64::from((at * 5 + k) % 33)).collect();
                let found = exact_p(&values, &sums, |_| k as usize, Own::Drawn).expect("whole numbers");
                for unit in 0..11 {
                    // All but the last of these are what is drawn from.
                    let expected = brute(&more, 11, k as usize, sums[unit]).max(LEAST_P);
                    assert!(
                        (found[unit] - expected).abs() < 1e-9,
                        "{k} {unit}: {} is not {expected}",
                        found[unit]
                    );
                }
            }
        }
    }

    #[test]
    fn many_permutations_come_near_to_it() {
        let queen = Neighbors::on_grid(8, 7, None, Contiguity::Queen).expect("usable");
        // A high corner on top of counts here and there.
        let corner = |at: i32| if at % 8 < 3 && at < 24 { 2 } else { 0 };
        let values: Vec<f64> =
            (0..56).map(|at| f64::from(at * 37 % 11 / 7 * (at % 5) + corner(at))).collect();
        let many = Permutations { count: 99_999, seed: 3 };
        let exact = local_moran_exact(&values, &queen).expect("usable").expect("whole");
        let permuted = local_moran_permuted(&values, &queen, &many).expect("usable");
        for (exact, permuted) in exact.iter().zip(&permuted) {
            let error = (exact * (1.0 - exact / 2.0).max(0.0) * 2.0 / 1e5).sqrt();
            assert!((exact - permuted).abs() < 5.0 * error + 1e-4, "{exact} {permuted}");
        }
        assert!(exact.iter().any(|p| *p < 0.05) && exact.iter().any(|p| *p > 0.5));
    }

    #[test]
    fn of_large_counts_it_is_that_of_the_normal_law() {
        let queen = Neighbors::on_grid(20, 20, None, Contiguity::Queen).expect("usable");
        let values: Vec<f64> = (0..400).map(|at| f64::from(at * 7919 % 41)).collect();
        let z = gi_star(&values, &queen).expect("usable");
        let exact = gi_star_exact(&values, &queen).expect("usable").expect("whole");
        for (z, exact) in z.iter().zip(&exact) {
            assert!((two_sided_p(*z) - exact).abs() < 0.03, "{z} {exact}");
        }
    }

    #[test]
    fn what_is_not_whole_or_takes_too_long_has_no_law() {
        assert_eq!(exact_p(&[0.5, 1.0, 2.0], &[1.0; 3], |_| 1, Own::Stays), None);
        assert_eq!(exact_p(&[-1.0, 1.0, 2.0], &[1.0; 3], |_| 1, Own::Stays), None);
        let values: Vec<f64> = (0..5_000).map(f64::from).collect();
        assert_eq!(exact_p(&values, &vec![1e6; 5_000], |_| 900, Own::Stays), None);
    }
}
