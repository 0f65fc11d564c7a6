//! Knox: pairs of incidents near in space and soon in time, beside what times without memory would give.

use super::bands::{BandsError, Metric, check_distances, check_incidents, check_times, shorter};
use super::pairs::Sorted;
use super::permuted::{Counts, Orders, counts, pairs_within};
use crate::space::coord::{Local, Metres};

/// The most permutations of one test: their p-values are exact to 1e-5.
pub const MOST_PERMUTATIONS: u32 = 99_999;

/// Pairs compared in all permutations at most: some minutes on one core.
const MOST_STEPS: f64 = 1e12;

/// Numbers in the lists of all cells and permutations at most: 128 MiB.
const MOST_COUNTS: usize = 1 << 24;

/// What a Knox test is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct KnoxParams {
    /// Upper edges of the bands of distance, ascending; the first band begins at 0, each at the edge before.
    pub distances: Vec<Metres>,
    /// Upper edges of the bands of time in seconds, ascending; the first band begins at 0.
    pub times: Vec<i64>,
    /// How distance is measured.
    pub metric: Metric,
    /// Whether pairs at the very same place are a band of their own, before the others.
    pub same_place: bool,
    /// How often the times are permuted, 1 to [`MOST_PERMUTATIONS`]; 999 is the custom.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
}

/// One band of distance and one of time.
#[derive(Clone, Debug, PartialEq)]
pub struct KnoxCell {
    /// Lower edge of the band of distance, included; 0 for the same place.
    pub from: Metres,
    /// Its upper edge, not included; 0 for the same place, where the distance is exactly 0.
    pub to: Metres,
    /// Lower edge of the band of time in seconds, included.
    pub after: i64,
    /// Its upper edge, not included.
    pub before: i64,
    /// Pairs that there are.
    pub observed: u64,
    /// Pairs to expect where place and time have nothing to do with each other: Nₛ · Nₜ / (n (n − 1) / 2).
    pub expected: f64,
    /// Mean of the permutations.
    pub mean: f64,
    /// Median of the permutations.
    pub median: f64,
    /// Observed pairs for each of the mean; `None` where no permutation has any.
    pub ratio: Option<f64>,
    /// Observed pairs for each of the median; `None` where the median is 0.
    pub ratio_median: Option<f64>,
    /// Permutations with as many pairs or more.
    pub as_many: u32,
    /// (as many + 1) / (permutations + 1).
    pub p: f64,
}

/// A Knox table.
#[derive(Clone, Debug, PartialEq)]
pub struct Knox {
    /// Band of distance after band of distance, in each the bands of time.
    pub cells: Vec<KnoxCell>,
    /// Incidents behind it.
    pub incidents: usize,
    /// Pairs in each band of distance, however far apart in time.
    pub near: Vec<u64>,
    /// Pairs in each band of time, however far apart in space.
    pub soon: Vec<u64>,
    /// The longest unit in seconds of which all times and edges are multiples.
    pub unit: i64,
    /// Permutations that were drawn.
    pub permutations: u32,
}

/// Why there is no Knox table.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KnoxError {
    /// The bands or incidents cannot be used.
    #[error(transparent)]
    Bands(#[from] BandsError),
    /// No permutation, or too many.
    #[error("{given} permutations were asked for; give 1 to {MOST_PERMUTATIONS}, by custom 999")]
    Permutations {
        /// How many.
        given: u32,
    },
    /// So many pairs that comparing them in all permutations would take very long.
    #[error(
        "at {distance} {steps:.1e} pairs are to be compared in all permutations, more than {MOST_STEPS:.0e}; try {least}, fewer permutations or a shorter period"
    )]
    Steps {
        /// The upper edge of the last band of distance.
        distance: Metres,
        /// What that makes.
        steps: f64,
        /// A distance that should be short enough.
        least: Metres,
    },
    /// A table of so many cells that their numbers would need very much memory.
    #[error(
        "{permutations} permutations of a table of {cells} cells need too much memory; give at most {most} or fewer bands"
    )]
    Table {
        /// Bands of distance times bands of time.
        cells: usize,
        /// How many permutations.
        permutations: usize,
        /// The most that can be used here.
        most: usize,
    },
    /// What is given as an order is none.
    #[error("order {index} does not name every incident once; give each position from 0 exactly once")]
    Order {
        /// Position of the order, from 0.
        index: usize,
    },
}

/// Counts the pairs of incidents in bands of distance and time, and how often chance gives as many (Knox).
///
/// ```text
/// X = #{ i < j : a ≤ d(i, j) < b  and  s ≤ |tᵢ − tⱼ| < t },   E = Nₛ Nₜ / (n (n − 1) / 2)
/// p = (#{ permutations π of the times : X(π) ≥ X } + 1) / (R + 1)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie; several may share a place | `n` | m |
/// | `times` | when they happened, one instant each | `n` | s |
/// | `params` | upper edges of the bands, metric, permutations, seed | | m, s |
/// | returns | pairs, expectation, mean and median of the permutations, ratio and p, for each pair of bands | bands × bands | pairs |
///
/// Bands are half-open, [a, b). Null hypothesis: which incident has which time is chance. One-sided: small p where there
/// are more pairs than chance gives. Two equal times are 0 apart and count. An incident known only to lie between two
/// times takes part with the instant that is given for it.
///
/// Each permutation has a random stream of its own, so neither order of the input nor threads change a digit. Pairs are
/// found anew by a grid for every 16 to 256 permutations and never stored: memory is 128 MiB or 128 bytes an incident,
/// whichever is more, and 8 bytes for each cell of the table and permutation, at most 128 MiB more. Time O(n + pairs within the longest distance · permutations), with 32 permutations of a pair at once
/// where times fit 16 bits, as days or hours do, else 16. Source: Knox (1964), *Applied Statistics* 13(1); permutations
/// after Johnson et al. (2007), *J. Quantitative Criminology* 23.
///
/// # Limits
///
/// **A table of many cells has small p-values by chance**: with 20 cells one is below 0.05. Times permute over the whole
/// period, so a place where crime went up during it looks like near repeats; keep the period short. One offender's row of
/// three counts as three pairs.
///
/// # Errors
///
/// [`KnoxError`] for edges that do not ascend, more than 16 bands, a number of permutations out of bounds, coordinates that
/// are not finite, times too far apart to count, more than 1e12 pairs to compare in all permutations, or more than 2²⁴
/// numbers to keep.
///
/// # Examples
///
/// Four burglaries, two of them on one block within two days:
///
/// ```
/// use hotblocks::analysis::near_repeat::{bands::{DAY, Metric}, knox::{KnoxParams, knox}};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 50.0, 900.0, 2000.0].map(|x| Local { x, y: 0.0 });
/// let params = KnoxParams {
///     distances: vec![Metres(100.0)],
///     times: vec![7 * DAY],
///     metric: Metric::Euclidean,
///     same_place: false,
///     permutations: 999,
///     seed: 1,
/// };
/// let table = knox(&points, &[0, 2 * DAY, 100 * DAY, 200 * DAY], &params)?;
/// // One pair is near, one pair of six is soon: E = 1 · 1 / 6.
/// assert_eq!((table.cells[0].observed, table.cells[0].expected), (1, 1.0 / 6.0));
/// assert!((table.cells[0].p - 1.0 / 6.0).abs() < 0.04);
/// # Ok::<(), hotblocks::analysis::near_repeat::knox::KnoxError>(())
/// ```
pub fn knox(points: &[Local], times: &[i64], params: &KnoxParams) -> Result<Knox, KnoxError> {
    if !(1..=MOST_PERMUTATIONS).contains(&params.permutations) {
        return Err(KnoxError::Permutations { given: params.permutations });
    }
    table(points, times, params, &Orders::Drawn { seed: params.seed, n: params.permutations })
}

/// The table of [`knox`] for orders of the times that are given instead of drawn: incident `i` has the time of
/// incident `order[i]`. So a table can be checked against one that others made with the same orders.
///
/// `permutations` and `seed` of the parameters are not used.
///
/// # Errors
///
/// As [`knox`], and [`KnoxError::Order`] for an order that does not name every incident once.
pub fn knox_of_orders(
    points: &[Local],
    times: &[i64],
    orders: &[Vec<u32>],
    params: &KnoxParams,
) -> Result<Knox, KnoxError> {
    let given = u32::try_from(orders.len()).unwrap_or(u32::MAX);
    if !(1..=MOST_PERMUTATIONS).contains(&given) {
        return Err(KnoxError::Permutations { given });
    }
    for (index, order) in orders.iter().enumerate() {
        let mut seen = vec![false; points.len()];
        let fresh = |&at: &u32| seen.get_mut(at as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        if order.len() != points.len() || !order.iter().all(fresh) {
            return Err(KnoxError::Order { index });
        }
    }
    table(points, times, params, &Orders::Given(orders))
}

fn table(
    points: &[Local],
    times: &[i64],
    params: &KnoxParams,
    orders: &Orders<'_>,
) -> Result<Knox, KnoxError> {
    check_distances(&params.distances)?;
    check_times(&params.times)?;
    check_incidents(points, times)?;
    let first = times.iter().copied().min().unwrap_or(0);
    let spread = |&time: &i64| (i128::from(time) - i128::from(first)) as u64;
    let unit = times.iter().map(spread).chain(params.times.iter().map(|&edge| edge as u64)).fold(0, gcd);
    let span = times.iter().map(spread).max().unwrap_or(0) / unit;
    if span >= u64::from(u32::MAX) {
        // An edge in seconds fits i64, and no unit is longer than an edge.
        return Err(BandsError::Span { span: i128::from(span), unit: unit as i64 }.into());
    }
    let units: Vec<u64> = times.iter().map(|time| spread(time) / unit).collect();
    let most: Vec<u64> = params.times.iter().map(|&edge| edge as u64 / unit - 1).collect();
    let mut limits: Vec<f64> = params.distances.iter().map(|&edge| params.metric.limit(edge)).collect();
    if params.same_place {
        limits.insert(0, f64::MIN_POSITIVE);
    }
    let sorted = Sorted::new(points, params.distances.last().map_or(1.0, |edge| edge.0));
    check_work(params, &sorted, orders.len(), limits.len() * most.len())?;
    let counts = if span < u64::from(u16::MAX) {
        counts::<u16, 32>(&sorted, &units, (&limits, &most), params.metric, orders)
    } else {
        counts::<u32, 16>(&sorted, &units, (&limits, &most), params.metric, orders)
    };
    Ok(told(params, &units, &most, counts, orders.len(), unit as i64))
}

/// Whether the table can be counted in a time and a memory that there is.
fn check_work(
    params: &KnoxParams,
    sorted: &Sorted,
    permutations: usize,
    cells: usize,
) -> Result<(), KnoxError> {
    // The fewest that are counted at once.
    const TOGETHER: usize = 16;
    if cells * (permutations + 1) > MOST_COUNTS {
        return Err(KnoxError::Table { cells, permutations, most: MOST_COUNTS / cells - 1 });
    }
    let steps = sorted.n_pairs() as f64 * (permutations + 1).next_multiple_of(TOGETHER) as f64;
    if steps > MOST_STEPS {
        let distance = params.distances.last().copied().unwrap_or_default();
        return Err(KnoxError::Steps { distance, steps, least: shorter(distance, (MOST_STEPS, steps)) });
    }
    Ok(())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn told(
    params: &KnoxParams,
    units: &[u64],
    most: &[u64],
    counts: Counts,
    permutations: usize,
    unit: i64,
) -> Knox {
    let n = units.len() as u64;
    let pairs = (n * n.saturating_sub(1) / 2) as f64;
    let up_to = pairs_within(units, most);
    let soon: Vec<u64> = (0..most.len()).map(|k| up_to[k] - if k == 0 { 0 } else { up_to[k - 1] }).collect();
    let mut distances = Vec::new();
    if params.same_place {
        distances.push((Metres(0.0), Metres(0.0)));
    }
    for (k, &to) in params.distances.iter().enumerate() {
        distances.push((if k == 0 { Metres(0.0) } else { params.distances[k - 1] }, to));
    }
    let mut cells = Vec::with_capacity(counts.lists.len());
    for ((lists, &(from, to)), &near) in counts.lists.chunks(most.len()).zip(&distances).zip(&counts.near) {
        for (k, &soon) in soon.iter().enumerate() {
            // Up to this band less up to the one before.
            let before = |at: usize| if k == 0 { 0 } else { lists[k - 1][at] };
            let mut counts: Vec<u64> = lists[k].iter().enumerate().map(|(at, &c)| c - before(at)).collect();
            let observed = counts.remove(0);
            counts.sort_unstable();
            let mean = counts.iter().sum::<u64>() as f64 / permutations as f64;
            let (low, high) = (counts[(permutations - 1) / 2], counts[permutations / 2]);
            let median = (low + high) as f64 / 2.0;
            let as_many = (permutations - counts.partition_point(|&c| c < observed)) as u32;
            let ratio = |of: f64| (of > 0.0).then(|| observed as f64 / of);
            cells.push(KnoxCell {
                from,
                to,
                after: if k == 0 { 0 } else { params.times[k - 1] },
                before: params.times[k],
                observed,
                expected: if pairs > 0.0 { near as f64 * soon as f64 / pairs } else { 0.0 },
                mean,
                median,
                ratio: ratio(mean),
                ratio_median: ratio(median),
                as_many,
                p: f64::from(as_many + 1) / (permutations + 1) as f64,
            });
        }
    }
    Knox { cells, incidents: units.len(), near: counts.near, soon, unit, permutations: permutations as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::near_repeat::bands::DAY;

    fn params(distances: &[f64], days: &[i64]) -> KnoxParams {
        KnoxParams {
            distances: distances.iter().copied().map(Metres).collect(),
            times: days.iter().map(|day| day * DAY).collect(),
            metric: Metric::Euclidean,
            same_place: false,
            permutations: 9,
            seed: 1,
        }
    }

    fn at(x: f64, y: f64) -> Local {
        Local { x, y }
    }

    fn observed(points: &[Local], days: &[i64], params: &KnoxParams) -> Vec<u64> {
        let times: Vec<i64> = days.iter().map(|day| day * DAY).collect();
        knox(points, &times, params).expect("good input").cells.iter().map(|cell| cell.observed).collect()
    }

    #[test]
    fn bands_hold_their_lower_edge_and_not_their_upper_one() {
        // 3-4-5 triangles: exactly 5 and 10 m, and a hand's breadth less.
        let far = [at(0.0, 0.0), at(3.0, 4.0)];
        let farther = [at(0.0, 0.0), at(6.0, 8.0)];
        let less = [at(0.0, 0.0), at(5.9, 8.0)];
        let bands = params(&[5.0, 10.0], &[7, 14]);
        assert_eq!(observed(&far, &[0, 0], &bands), [0, 0, 1, 0]);
        assert_eq!(observed(&far, &[0, 7], &bands), [0, 0, 0, 1]);
        assert_eq!(observed(&less, &[13, 0], &bands), [0, 0, 0, 1]);
        assert_eq!(observed(&farther, &[0, 0], &bands), [0; 4]);
        assert_eq!(observed(&far, &[14, 0], &bands), [0; 4]);
    }

    #[test]
    fn a_second_beside_an_edge_is_told_from_it() {
        let points = [at(0.0, 0.0), at(1.0, 0.0)];
        let cells = |apart: i64| -> Vec<u64> {
            let table = knox(&points, &[1_400_000_000, 1_400_000_000 + apart], &params(&[5.0], &[7, 14]));
            table.expect("good input").cells.iter().map(|cell| cell.observed).collect()
        };
        assert_eq!(cells(7 * DAY - 1), [1, 0]);
        assert_eq!(cells(7 * DAY), [0, 1]);
        assert_eq!(cells(14 * DAY - 1), [0, 1]);
        assert_eq!(cells(14 * DAY), [0, 0]);
    }

    #[test]
    fn the_same_place_is_a_band_of_its_own_where_asked_for() {
        let points = [at(2.0, 3.0), at(2.0, 3.0), at(2.0, 3.5), at(-0.0, 0.0), at(0.0, -0.0)];
        let days = [0, 1, 2, 3, 4];
        assert_eq!(observed(&points, &days, &params(&[1.0], &[7])), [4]);
        let table = KnoxParams { same_place: true, ..params(&[1.0], &[7]) };
        assert_eq!(observed(&points, &days, &table), [2, 2]);
    }

    #[test]
    fn manhattan_adds_both_directions() {
        let points = [at(0.0, 0.0), at(3.0, 4.0)];
        let table = KnoxParams { metric: Metric::Manhattan, ..params(&[6.9, 7.0, 7.1], &[7]) };
        assert_eq!(observed(&points, &[0, 0], &table), [0, 0, 1]);
    }

    #[test]
    fn a_pile_of_more_pairs_than_a_lane_counts_is_counted_whole() {
        // 501 incidents of one place have 125,250 pairs, more than 16 bits hold.
        let n = 501_u64;
        let mut points = vec![at(1.0, 1.0); n as usize];
        points.push(at(2.0, 1.0));
        let days: Vec<i64> = (0..=n as i64).map(|i| i % 2 * 10).collect();
        let table = KnoxParams { permutations: 1, ..params(&[0.5, 5.0], &[7, 14]) };
        let (even, odd) = (n.div_ceil(2), n / 2);
        // The one beside is on an odd day.
        let near = (even * (even - 1) + odd * (odd - 1)) / 2;
        assert_eq!(observed(&points, &days, &table), [near, even * odd, odd, even]);
    }

    #[test]
    fn times_that_need_more_than_16_bits_are_counted_the_same() {
        let points: Vec<Local> =
            (0..60).map(|i| at(f64::from(i * 37 % 50), f64::from(i * 11 % 50))).collect();
        let days: Vec<i64> = (0..60).map(|i| i * i % 97).collect();
        let orders: Vec<Vec<u32>> =
            (1..=20).map(|k| (0..60).map(|i| (i * (2 * k + 1) + k) % 60).collect()).collect();
        let orders: Vec<Vec<u32>> =
            orders.into_iter().filter(|order| (0..60).all(|i| order.contains(&i))).collect();
        let bands = params(&[5.0, 12.0, 30.0], &[3, 9, 20, 40, 80]);
        let table = |scale: i64, extra: i64| {
            let times: Vec<i64> = days.iter().map(|day| day * DAY * scale).collect();
            let edges = bands.times.iter().map(|edge| edge * scale + extra).collect();
            knox_of_orders(&points, &times, &orders, &KnoxParams { times: edges, ..bands.clone() })
                .expect("good input")
        };
        // A second more puts the unit at a second, and pairs at an edge into the band before it.
        let (short, long) = (table(1, 1), table(1, 1 - DAY));
        assert_eq!(short.unit, 1);
        assert_eq!(table(1, 0).unit, DAY);
        let numbers =
            |k: &Knox| k.cells.iter().map(|c| (c.observed, c.as_many, c.mean.to_bits())).collect::<Vec<_>>();
        let days_later =
            KnoxParams { times: bands.times.iter().map(|edge| edge + DAY).collect(), ..bands.clone() };
        let times: Vec<i64> = days.iter().map(|day| day * DAY).collect();
        let whole = knox_of_orders(&points, &times, &orders, &days_later).expect("good input");
        assert_eq!(numbers(&short), numbers(&whole));
        assert_ne!(numbers(&short), numbers(&long));
    }

    #[test]
    fn no_pair_is_no_reason_for_a_number_that_is_none() {
        for points in [vec![], vec![at(0.0, 0.0)], vec![at(0.0, 0.0), at(1e9, 0.0)]] {
            let table = knox(&points, &vec![5; points.len()], &params(&[1.0], &[1])).expect("good input");
            let cell = &table.cells[0];
            assert_eq!((cell.observed, cell.expected, cell.mean, cell.p), (0, 0.0, 0.0, 1.0));
            assert_eq!((cell.ratio, cell.ratio_median), (None, None));
        }
    }

    #[test]
    fn what_cannot_be_tested_is_refused() {
        let refused = |params: &KnoxParams| knox(&[], &[], params).expect_err("was accepted");
        let bands = |error| KnoxError::Bands(error);
        for distance in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e200] {
            let error = refused(&params(&[distance], &[1]));
            assert!(matches!(error, KnoxError::Bands(BandsError::Distance { .. })), "{distance}");
        }
        assert_eq!(
            refused(&params(&[1.0, 1.0], &[1])),
            bands(BandsError::Distance { distance: Metres(1.0) })
        );
        assert_eq!(refused(&params(&[1.0], &[2, 1])), bands(BandsError::Time { seconds: DAY }));
        assert_eq!(refused(&params(&[], &[1])), bands(BandsError::Number { of: "distance", given: 0 }));
        assert_eq!(refused(&params(&[1.0], &[])), bands(BandsError::Number { of: "time", given: 0 }));
        for given in [0, MOST_PERMUTATIONS + 1] {
            let table = KnoxParams { permutations: given, ..params(&[1.0], &[1]) };
            assert_eq!(refused(&table), KnoxError::Permutations { given });
        }
        let two = [at(0.0, 0.0), at(f64::NAN, 0.0)];
        let table = params(&[1.0], &[1]);
        assert_eq!(knox(&two, &[1, 2], &table), Err(bands(BandsError::Coordinates { index: 1 })));
        assert_eq!(knox(&two, &[1], &table), Err(bands(BandsError::Length { points: 2, times: 1 })));
        let ends = knox(&two[..1].repeat(2), &[i64::MIN, i64::MAX], &table);
        assert!(matches!(ends, Err(KnoxError::Bands(BandsError::Span { .. }))), "{ends:?}");
        for order in [vec![0], vec![0, 0], vec![0, 2]] {
            let given = knox_of_orders(&two[..1].repeat(2), &[1, 2], &[vec![1, 0], order], &table);
            assert_eq!(given, Err(KnoxError::Order { index: 1 }));
        }
    }

    #[test]
    fn what_would_take_hours_or_fill_the_memory_is_refused_with_what_would_not() {
        let heap = vec![at(0.0, 0.0); 100_000];
        let many = KnoxParams { permutations: 999, ..params(&[50.0, 100.0], &[7]) };
        let pairs = 100_000.0 * 99_999.0 / 2.0;
        let error = knox(&heap, &vec![0; heap.len()], &many);
        let (distance, least) = (Metres(100.0), Metres(44.0));
        assert_eq!(error, Err(KnoxError::Steps { distance, steps: pairs * 1008.0, least }));
        let edges: Vec<f64> = (1..=16).map(f64::from).collect();
        let days: Vec<i64> = (1..=16).collect();
        let wide = KnoxParams { permutations: 65_536, ..params(&edges, &days) };
        let refused = KnoxError::Table { cells: 256, permutations: 65_536, most: 65_535 };
        assert_eq!(knox(&heap[..2], &[0, 0], &wide), Err(refused));
        assert!(knox(&heap[..2], &[0, 0], &KnoxParams { permutations: 65_535, ..wide }).is_ok());
    }
}
