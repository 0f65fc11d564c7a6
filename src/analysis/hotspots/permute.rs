//! Conditional permutation: how often chance alone brings a unit's neighbors as high or as low.
//!
//! With weights of 1, chance knows a unit by three things only: its own value, which stays, how many neighbors it has,
//! and the values that these are drawn from: those of all other units. So one permutation serves all units. Each draws,
//! without putting back, one value more than the most neighbors that any unit has; the sum of the first k of them is a
//! draw for every unit with k neighbors. Where that draw holds the unit's own value, the spare one after the first k
//! takes its place, which makes it a draw from the others, all sets of k equally likely.
//!
//! So for each unit the null is that of the full conditional permutation, not near to it. What differs: units share
//! their draws, hence the noise in their p-values goes up and down together, as in PySAL's `esda`, which draws one set
//! of permutations for all as well. The full way costs n · R · k draws, this one R · (k + 1).
//!
//! Values are drawn by their rank, and of equal values any one may stand for the unit's own: so a p-value follows from
//! the values, the sum and k, whatever the order of the units.

use rayon::prelude::*;

use super::values::{HotSpotError, Moments};
use crate::analysis::chance::Chance;
use crate::progress::checkpoint;

/// How many permutations, and the seed that makes them repeatable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutations {
    /// How many, from [`FEWEST`] to [`MOST`].
    pub count: u32,
    /// The same seed gives the same p-values; each permutation has a lane of its own.
    pub seed: u64,
}

/// With fewer, a p of 0.01 has an error of a third and more.
pub const FEWEST: u32 = 999;
/// With more, the error of a p of 0.01 is a thirtieth; nothing is gained.
pub const MOST: u32 = 99_999;
/// Draws that fit in a gigabyte with their index.
const MOST_DRAWS: usize = 1 << 26;

impl Permutations {
    pub(super) fn check(&self, neighbors: usize) -> Result<(), HotSpotError> {
        let permutations = self.count;
        if !(FEWEST..=MOST).contains(&permutations) {
            return Err(HotSpotError::Permutations { permutations, least: FEWEST, most: MOST });
        }
        if permutations as usize * (neighbors + 1) > MOST_DRAWS {
            let most = (MOST_DRAWS / (neighbors + 1)) as u32;
            if most < FEWEST {
                let most = MOST_DRAWS / FEWEST as usize - 1;
                return Err(HotSpotError::Neighbors { least: FEWEST, neighbors, most });
            }
            return Err(HotSpotError::Draws { permutations, neighbors, most });
        }
        Ok(())
    }
}

/// Two-sided p-values of the sums over the neighbors of each unit, itself left out.
///
/// No unit may have all others as neighbors: then there is no spare one, and nothing to draw.
pub(super) fn permuted_p(
    values: &[f64],
    moments: &Moments,
    sums: &[f64],
    size: impl Fn(usize) -> usize + Sync,
    permutations: &Permutations,
) -> Result<Vec<f64>, HotSpotError> {
    let sizes: Vec<u32> = (0..values.len()).map(|unit| size(unit) as u32).collect();
    let most = sizes.iter().max().map_or(0, |&most| most as usize);
    permutations.check(most)?;
    let (ranked, own) = ranked(values);
    let drawn = Drawn::new(values.len(), most + 1, permutations);
    let by_size = Rows::sorted(&sizes, most + 1);
    let mut p = vec![1.0; values.len()];
    let mut running = vec![0.0; permutations.count as usize];
    let mut done = 0;
    for k in (1..=most).filter(|&k| !by_size.of(k).is_empty()) {
        for (sum, lane) in running.iter_mut().zip(drawn.ranks.chunks_exact(most + 1)) {
            *sum += lane[done..k].iter().map(|&rank| ranked[rank as usize]).sum::<f64>();
        }
        done = k;
        let null = Null::new(&ranked, &drawn, &running, k, moments.slack(k));
        let units = by_size.of(k);
        let one = |&unit: &u32| null.p(own[unit as usize], sums[unit as usize]);
        let found: Vec<f64> = units.par_iter().with_min_len(1024).map(one).collect();
        units.iter().zip(found).for_each(|(&unit, found)| p[unit as usize] = found);
    }
    Ok(p)
}

/// The values from the least to the greatest, and the first rank of each unit's value.
fn ranked(values: &[f64]) -> (Vec<f64>, Vec<u32>) {
    let mut order: Vec<(f64, u32)> = values.iter().map(|value| value + 0.0).zip(0..).collect();
    order.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut own = vec![0; values.len()];
    let mut rank = 0;
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        equal.iter().for_each(|(_, unit)| own[*unit as usize] = rank);
        rank += equal.len() as u32;
    }
    (order.into_iter().map(|(value, _)| value).collect(), own)
}

/// Numbers of 32 bits by row.
struct Rows {
    start: Vec<u32>,
    list: Vec<u32>,
}

impl Rows {
    /// The positions of each key below `n_keys`, ascending.
    fn sorted(keys: &[u32], n_keys: usize) -> Self {
        let mut start = vec![0u32; n_keys + 1];
        keys.iter().for_each(|&key| start[key as usize + 1] += 1);
        (1..=n_keys).for_each(|key| start[key] += start[key - 1]);
        let mut free = start.clone();
        let mut list = vec![0; keys.len()];
        for (&key, at) in keys.iter().zip(0..) {
            list[free[key as usize] as usize] = at;
            free[key as usize] += 1;
        }
        Self { start, list }
    }

    fn of(&self, row: usize) -> &[u32] {
        &self.list[self.start[row] as usize..self.start[row + 1] as usize]
    }
}

/// The ranks that the permutations drew, lane by lane, and where each rank was drawn.
struct Drawn {
    ranks: Vec<u32>,
    width: usize,
    places: Rows,
}

impl Drawn {
    fn new(n: usize, width: usize, permutations: &Permutations) -> Self {
        let mut ranks = vec![0u32; permutations.count as usize * width];
        let order = || (0..n as u32).collect::<Vec<_>>();
        ranks.par_chunks_mut(width).enumerate().for_each_init(order, |order, (lane, drawn)| {
            checkpoint();
            let mut chance = Chance::new(permutations.seed, lane as u64);
            let swaps: Vec<usize> =
                (0..width.min(n)).map(|at| at + chance.below((n - at) as u32) as usize).collect();
            for (at, &other) in swaps.iter().enumerate() {
                order.swap(at, other);
                drawn[at] = order[at];
            }
            // Undone, so that each lane begins alike, on whatever thread.
            for (at, &other) in swaps.iter().enumerate().rev() {
                order.swap(at, other);
            }
        });
        let places = Rows::sorted(&ranks, n);
        Self { ranks, width, places }
    }
}

/// The null of all units with `k` neighbors.
struct Null<'a> {
    ranked: &'a [f64],
    drawn: &'a Drawn,
    /// The sum of the first `k` drawn, by lane.
    by_lane: &'a [f64],
    sorted: Vec<f64>,
    k: usize,
    slack: f64,
}

impl<'a> Null<'a> {
    fn new(ranked: &'a [f64], drawn: &'a Drawn, by_lane: &'a [f64], k: usize, slack: f64) -> Self {
        let mut sorted = by_lane.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { ranked, drawn, by_lane, sorted, k, slack }
    }

    /// The p of a unit by the rank of its own value and the sum of its neighbors.
    fn p(&self, own: u32, sum: f64) -> f64 {
        let (low, high) = (sum - self.slack, sum + self.slack);
        let n = self.sorted.len();
        let mut as_high = n - self.sorted.partition_point(|&null| null < low);
        let mut as_low = self.sorted.partition_point(|&null| null <= high);
        for &place in self.drawn.places.of(own as usize) {
            let (lane, at) = (place as usize / self.drawn.width, place as usize % self.drawn.width);
            if at < self.k {
                let with = self.by_lane[lane];
                let spare = self.drawn.ranks[lane * self.drawn.width + self.k] as usize;
                let without = with - self.ranked[own as usize] + self.ranked[spare];
                as_high = as_high + usize::from(without >= low) - usize::from(with >= low);
                as_low = as_low + usize::from(without <= high) - usize::from(with <= high);
            }
        }
        (2.0 * (as_high.min(as_low) + 1) as f64 / (n + 1) as f64).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::gistar::gi_star_permuted;
    use super::super::weights::{Contiguity, Neighbors};
    use super::*;

    const PERMUTATIONS: Permutations = Permutations { count: 9_999, seed: 11 };

    fn skewed(n: usize) -> Vec<f64> {
        let mut chance = Chance::new(2, 5);
        (0..n).map(|_| f64::from(chance.below(3) * chance.below(4) * chance.below(4))).collect()
    }

    /// Every unit permutes all others, `R` times, with chance of its own: the definition.
    fn in_full(values: &[f64], near: &Neighbors, count: u64) -> Vec<f64> {
        let one = |unit: usize| {
            let sum: f64 = near.of(unit).iter().map(|&to| values[to as usize]).sum();
            let (mut as_high, mut as_low) = (0, 0);
            for lane in 0..count {
                let mut others: Vec<f64> = values.to_vec();
                others.remove(unit);
                Chance::new(77, lane * values.len() as u64 + unit as u64).shuffle(&mut others);
                let null: f64 = others[..near.of(unit).len()].iter().sum();
                as_high += u32::from(null >= sum);
                as_low += u32::from(null <= sum);
            }
            (2.0 * f64::from(as_high.min(as_low) + 1) / (count + 1) as f64).min(1.0)
        };
        (0..values.len()).into_par_iter().map(one).collect()
    }

    /// Largest difference in standard errors of the two; a p of twice a tail has twice its error.
    fn apart(a: &[f64], b: &[f64], (draws_a, draws_b): (f64, f64)) -> f64 {
        let one = |(a, b): (&f64, &f64)| {
            let tail: f64 = f64::midpoint(*a, *b) / 2.0;
            let error = 2.0 * (tail * (1.0 - tail) * (1.0 / draws_a + 1.0 / draws_b)).sqrt();
            (a - b).abs() / error.max(2.0 / draws_a)
        };
        a.iter().zip(b).map(one).fold(0.0, f64::max)
    }

    #[test]
    fn shared_draws_have_the_null_of_the_full_conditional_permutation() {
        // Few units, so that leaving the own value in would show: 12 of them with 2 to 5 neighbors.
        let near = Neighbors::on_grid(4, 3, None, Contiguity::Queen).expect("usable");
        let mut values = skewed(12);
        values[5] = 40.0;
        let shared =
            gi_star_permuted(&values, &near, &Permutations { count: 99_999, seed: 3 }).expect("usable");
        let full = in_full(&values, &near, 9_999);
        assert!(apart(&shared, &full, (99_999.0, 9_999.0)) < 4.0, "{shared:?}\n{full:?}");
    }

    #[test]
    fn a_map_with_many_units_agrees_with_the_full_way_too() {
        let near = Neighbors::on_grid(15, 15, None, Contiguity::Queen).expect("usable");
        let values = skewed(225);
        let shared = gi_star_permuted(&values, &near, &PERMUTATIONS).expect("usable");
        let full = in_full(&values, &near, 999);
        assert!(apart(&shared, &full, (9_999.0, 999.0)) < 4.5);
    }

    #[test]
    fn p_values_do_not_depend_on_the_order_of_the_units() {
        let near = Neighbors::on_grid(6, 5, None, Contiguity::Rook).expect("usable");
        let values = skewed(30);
        let turned: Vec<f64> = values.iter().rev().copied().collect();
        let turn = |unit: u32| 29 - unit;
        let lists = (0..30).map(|unit| near.of(29 - unit).iter().map(|&to| turn(to)).collect());
        let turned_near = Neighbors::from_lists(lists.collect()).expect("usable");
        let there = gi_star_permuted(&values, &near, &PERMUTATIONS).expect("usable");
        let back = gi_star_permuted(&turned, &turned_near, &PERMUTATIONS).expect("usable");
        assert_eq!(there, back.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn any_number_of_threads_gives_the_same_p_values_and_another_seed_others() {
        let near = Neighbors::on_grid(20, 20, None, Contiguity::Queen).expect("usable");
        let values = skewed(400);
        let with = |threads, permutations: Permutations| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("usable");
            pool.install(|| gi_star_permuted(&values, &near, &permutations).expect("usable"))
        };
        let one = with(1, PERMUTATIONS);
        assert_eq!(one, with(3, PERMUTATIONS));
        assert_ne!(one, with(1, Permutations { seed: 12, ..PERMUTATIONS }));
    }

    #[test]
    fn too_few_or_too_many_permutations_are_refused_with_the_bound() {
        let near = Neighbors::on_grid(4, 4, None, Contiguity::Queen).expect("usable");
        for count in [0, 998, 100_000] {
            let refused = HotSpotError::Permutations { permutations: count, least: 999, most: 99_999 };
            let found = gi_star_permuted(&skewed(16), &near, &Permutations { count, seed: 0 });
            assert_eq!(found, Err(refused));
        }
        let check = |count, neighbors| Permutations { count, seed: 0 }.check(neighbors);
        let Err(HotSpotError::Draws { most, .. }) = check(99_999, 60_000) else {
            panic!("too many draws were taken")
        };
        assert!(check(most, 60_000).is_ok() && check(most + 1, 60_000).is_err());
        // Fewer permutations than are allowed are no way out.
        let Err(HotSpotError::Neighbors { most, .. }) = check(99_999, 1_000_000) else {
            panic!("too many were taken")
        };
        assert!(check(FEWEST, most).is_ok() && check(FEWEST, most + 1).is_err());
    }

    #[test]
    fn no_p_value_is_below_two_in_all_orders_counted() {
        // A corner far above the rest: no draw reaches its sum, but the order that is there is one of them.
        let near = Neighbors::on_grid(20, 20, None, Contiguity::Queen).expect("usable");
        let mut values = skewed(400);
        for unit in [0, 1, 20, 21] {
            values[unit] = 1e4;
        }
        let p = gi_star_permuted(&values, &near, &PERMUTATIONS).expect("usable");
        assert_eq!(p[0], 2.0 / 10_000.0);
        assert!(p.iter().all(|&p| (2.0 / 10_000.0..=1.0).contains(&p)));
    }

    #[test]
    fn an_island_has_nothing_to_permute() {
        let near = Neighbors::from_lists(vec![vec![1], vec![0], vec![], vec![1]]).expect("usable");
        let p = gi_star_permuted(&[5.0, 1.0, 30.0, 2.0], &near, &PERMUTATIONS).expect("usable");
        assert_eq!(p[2], 1.0);
    }
}
