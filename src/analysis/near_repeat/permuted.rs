//! Pairs in bands as observed and in each permutation of the times.

use rayon::prelude::*;

use super::bands::Metric;
use super::lanes::{Lanes, Line, Tick};
use super::pairs::Sorted;
use crate::analysis::chance::Chance;
use crate::progress::steps;

/// Memory for the times of the permutations that are counted at once, unless one line an incident needs more.
const ROWS_BYTES: usize = 64 << 20;
/// Lines of one incident at most: a pair's distance is then computed anew once for 256 or 128 permutations.
const MOST_LINES: usize = 8;

/// Where the permutations come from.
pub(super) enum Orders<'a> {
    /// Drawn, each from a stream of its own.
    Drawn { seed: u64, n: u32 },
    /// Given: incident `i` has the time of incident `order[i]`.
    Given(&'a [Vec<u32>]),
}

impl Orders<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Drawn { n, .. } => *n as usize,
            Self::Given(orders) => orders.len(),
        }
    }
}

/// What was counted.
pub(super) struct Counts {
    /// For each band of distance and, up to it, each of time: pairs as observed, then in each permutation.
    pub(super) lists: Vec<Vec<u64>>,
    /// Pairs in each band of distance, however far apart in time.
    pub(super) near: Vec<u64>,
}

/// Counts the pairs of all permutations, as many at once as the memory allows.
pub(super) fn counts<T: Tick, const L: usize>(
    sorted: &Sorted,
    units: &[u64],
    (limits, most): (&[f64], &[u64]),
    metric: Metric,
    orders: &Orders<'_>,
) -> Counts {
    let n = units.len();
    let all = orders.len() + 1;
    let line = std::mem::size_of::<Line<T, L>>();
    let lines = (ROWS_BYTES / (line * n.max(1))).clamp(1, MOST_LINES).min(all.div_ceil(L));
    let longest: Vec<T> = most.iter().map(|&units| T::from_units(units)).collect();
    let mut ascending = units.to_vec();
    ascending.sort_unstable();
    let ascending: Vec<T> = ascending.into_iter().map(T::from_units).collect();
    let rows = vec![Line::<T, L>::zero(); n * lines];
    let mut lanes = Lanes { sorted, metric, limits, most: &longest, rows, lines };
    let width = lanes.width();
    let mut told =
        Counts { lists: vec![Vec::with_capacity(all); limits.len() * most.len()], near: Vec::new() };
    let permutations = steps(all);
    for begin in (0..all).step_by(width) {
        let drawn: Vec<Vec<T>> = (begin..all.min(begin + width))
            .into_par_iter()
            .map(|number| times_of(number, sorted, units, &ascending, orders))
            .collect();
        lanes.fill(&drawn);
        let (counted, near) = lanes.count();
        for (list, counted) in told.lists.iter_mut().zip(counted.chunks(width)) {
            list.extend_from_slice(&counted[..drawn.len()]);
        }
        told.near = near;
        permutations.done(drawn.len());
    }
    told
}

/// The time of each place: number 0 as it was observed, the others as their order has it.
fn times_of<T: Tick>(
    number: usize,
    sorted: &Sorted,
    units: &[u64],
    ascending: &[T],
    orders: &Orders<'_>,
) -> Vec<T> {
    let of = |at: u32| T::from_units(units[at as usize]);
    match (number, orders) {
        (0, _) => sorted.order.iter().map(|&at| of(at)).collect(),
        (_, Orders::Given(orders)) => {
            sorted.order.iter().map(|&at| of(orders[number - 1][at as usize])).collect()
        }
        (_, Orders::Drawn { seed, .. }) => {
            // From ascending times, so that the order of the input plays no part.
            let mut times = ascending.to_vec();
            Chance::new(*seed, number as u64).shuffle(&mut times);
            times
        }
    }
}

/// Pairs of times no further apart than so many units, for times in any order.
pub(super) fn pairs_within(units: &[u64], most: &[u64]) -> Vec<u64> {
    let mut ascending = units.to_vec();
    ascending.sort_unstable();
    let within = |&most: &u64| {
        let mut first = 0;
        let mut pairs = 0;
        for (at, &time) in ascending.iter().enumerate() {
            while time - ascending[first] > most {
                first += 1;
            }
            pairs += (at - first) as u64;
        }
        pairs
    };
    most.iter().map(within).collect()
}
