//! Conditional permutation: how often chance alone brings a unit's neighbors as high or as low.
//!
//! With weights of 1, chance knows a unit by three things only: its own value, which stays, how many neighbors it has,
//! and who they are drawn from: all other units. So one permutation serves all units. Each draws, without putting
//! back, one unit more than the most neighbors that any unit has; the sum over the first k of them is a draw for every
//! unit with k neighbors. Where that draw holds the unit itself, the spare one after the first k takes its place, which
//! makes it a draw from the others, all sets of k equally likely.
//!
//! So for each unit the null is that of the full conditional permutation, not near to it. What differs: units share
//! their draws, hence the noise in their p-values goes up and down together, as in PySAL's `esda`, which draws one set
//! of permutations for all as well. The full way costs n · R · k draws, this one R · (k + 1).

use rayon::prelude::*;

use super::values::{HotSpotError, Moments};
use crate::analysis::chance::Chance;

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
    fn check(&self, neighbors: usize) -> Result<(), HotSpotError> {
        let permutations = self.count;
        if !(FEWEST..=MOST).contains(&permutations) {
            return Err(HotSpotError::Permutations { permutations, least: FEWEST, most: MOST });
        }
        if permutations as usize * (neighbors + 1) > MOST_DRAWS {
            let most = (MOST_DRAWS / (neighbors + 1)) as u32;
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
    let drawn = Drawn::new(values.len(), most + 1, permutations);
    let by_size = Rows::sorted(&sizes, most + 1);
    let mut p = vec![1.0; values.len()];
    let mut running = vec![0.0; permutations.count as usize];
    let mut done = 0;
    for k in (1..=most).filter(|&k| !by_size.of(k).is_empty()) {
        for (sum, lane) in running.iter_mut().zip(drawn.units.chunks_exact(most + 1)) {
            *sum += lane[done..k].iter().map(|&unit| values[unit as usize]).sum::<f64>();
        }
        done = k;
        let null = Null::new(values, &drawn, &running, k, moments.slack(k));
        let units = by_size.of(k);
        let found: Vec<f64> =
            units.par_iter().with_min_len(1024).map(|&unit| null.p(unit, sums[unit as usize])).collect();
        units.iter().zip(found).for_each(|(&unit, found)| p[unit as usize] = found);
    }
    Ok(p)
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

/// What the permutations drew, lane by lane, and where each unit was drawn.
struct Drawn {
    units: Vec<u32>,
    width: usize,
    places: Rows,
}

impl Drawn {
    fn new(n: usize, width: usize, permutations: &Permutations) -> Self {
        let mut units = vec![0u32; permutations.count as usize * width];
        let order = || (0..n as u32).collect::<Vec<_>>();
        units.par_chunks_mut(width).enumerate().for_each_init(order, |order, (lane, drawn)| {
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
        let places = Rows::sorted(&units, n);
        Self { units, width, places }
    }
}

/// The null of all units with `k` neighbors.
struct Null<'a> {
    values: &'a [f64],
    drawn: &'a Drawn,
    /// The sum of the first `k` drawn, by lane.
    by_lane: &'a [f64],
    sorted: Vec<f64>,
    k: usize,
    slack: f64,
}

impl<'a> Null<'a> {
    fn new(values: &'a [f64], drawn: &'a Drawn, by_lane: &'a [f64], k: usize, slack: f64) -> Self {
        let mut sorted = by_lane.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { values, drawn, by_lane, sorted, k, slack }
    }

    fn p(&self, unit: u32, sum: f64) -> f64 {
        let (low, high) = (sum - self.slack, sum + self.slack);
        let n = self.sorted.len();
        let mut as_high = n - self.sorted.partition_point(|&null| null < low);
        let mut as_low = self.sorted.partition_point(|&null| null <= high);
        for &place in self.drawn.places.of(unit as usize) {
            let (lane, at) = (place as usize / self.drawn.width, place as usize % self.drawn.width);
            if at < self.k {
                let with = self.by_lane[lane];
                let spare = self.drawn.units[lane * self.drawn.width + self.k] as usize;
                let without = with - self.values[unit as usize] + self.values[spare];
                as_high = as_high + usize::from(without >= low) - usize::from(with >= low);
                as_low = as_low + usize::from(without <= high) - usize::from(with <= high);
            }
        }
        (2.0 * (as_high.min(as_low) + 1) as f64 / (n + 1) as f64).min(1.0)
    }
}
