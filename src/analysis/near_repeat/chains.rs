//! Chains: incidents joined by steps that are short in space and in time.

use rayon::prelude::*;

use super::bands::{BandsError, MOST_PAIRS, Metric, check_distances, check_incidents, check_times, shorter};
use super::pairs::Sorted;
use crate::space::coord::{Local, Metres};

/// What chains are made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainsParams {
    /// A step is shorter than this.
    pub distance: Metres,
    /// And takes less than this, in seconds.
    pub time: i64,
    /// How distance is measured.
    pub metric: Metric,
}

/// One chain of two incidents or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its incidents by position, the earliest first; those of one instant by place.
    pub incidents: Vec<u32>,
    /// Pairs that are a step apart.
    pub links: u64,
    /// Instant of its first incident, in seconds.
    pub first: i64,
    /// Instant of its last.
    pub last: i64,
}

impl Chain {
    /// Seconds from its first incident to its last.
    #[must_use]
    pub fn duration(&self) -> i64 {
        self.last.saturating_sub(self.first)
    }
}

/// The chains of incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains {
    /// The longest first; equal ones by their first instant, then by place.
    pub chains: Vec<Chain>,
    /// For each incident the position of its chain in `chains`; `None` where it is in none.
    pub label: Vec<Option<u32>>,
}

/// Joins incidents that lie near each other in space and time into chains.
///
/// ```text
/// i ~ j  ⇔  d(i, j) < D  and  |tᵢ − tⱼ| < T;   chain = two incidents or more joined by such steps
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `times` | when they happened, one instant each | `n` | s |
/// | `params` | the longest step, not included, in space and time, and the metric | | m, s |
/// | returns | chains with their incidents, links and first and last instant; each incident's chain | | – |
///
/// Both bounds are strict, as in `near_strings` of R's ptools. Time O(n log n + pairs within D), memory O(n).
///
/// # Limits
///
/// A chain can be far longer than one step in either direction; in a dense city, long steps join everything. No test
/// against chance: ask [`knox`](super::knox::knox) first whether there are more near pairs than chance gives.
///
/// # Errors
///
/// [`BandsError`] for a distance or time not above 0, coordinates that are not finite, lists of different lengths, or a
/// distance with more than 5e10 pairs to compare.
///
/// # Examples
///
/// Two steps make a chain of three; the fourth incident is near, but a month later:
///
/// ```
/// use hotblocks::analysis::near_repeat::{bands::{DAY, Metric}, chains::{ChainsParams, chains}};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 90.0, 180.0, 180.0].map(|x| Local { x, y: 0.0 });
/// let params = ChainsParams { distance: Metres(100.0), time: 14 * DAY, metric: Metric::Euclidean };
/// let found = chains(&points, &[0, 10 * DAY, 20 * DAY, 50 * DAY], &params)?;
/// assert_eq!(found.label, [Some(0), Some(0), Some(0), None]);
/// assert_eq!((found.chains[0].links, found.chains[0].duration()), (2, 20 * DAY));
/// # Ok::<(), hotblocks::analysis::near_repeat::bands::BandsError>(())
/// ```
pub fn chains(points: &[Local], times: &[i64], params: &ChainsParams) -> Result<Chains, BandsError> {
    let ChainsParams { distance, time, metric } = *params;
    check_distances(&[distance])?;
    check_times(&[time])?;
    check_incidents(points, times)?;
    let sorted = Sorted::new(points, distance.0);
    let pairs = sorted.n_pairs() as f64;
    if pairs > MOST_PAIRS {
        return Err(BandsError::Pairs { distance, pairs, least: shorter(distance, (MOST_PAIRS, pairs)) });
    }
    let limit = metric.limit(distance);
    let when: Vec<i64> = sorted.order.iter().map(|&at| times[at as usize]).collect();
    let mut group: Vec<u32> = (0..points.len() as u32).collect();
    let mut links = vec![0_u64; points.len()];
    for cell in 0..sorted.n_cells() {
        let after = sorted.after(cell);
        for at in sorted.places(cell) {
            let (x, y, now) = (sorted.x[at], sorted.y[at], when[at]);
            for other in after.iter().flat_map(|range| range.start.max(at + 1)..range.end) {
                if when[other].abs_diff(now) < time.unsigned_abs()
                    && metric.size(sorted.x[other] - x, sorted.y[other] - y) < limit
                {
                    links[at] += 1;
                    let (a, b) = (root(&mut group, at as u32), root(&mut group, other as u32));
                    group[a.max(b) as usize] = a.min(b);
                }
            }
        }
    }
    Ok(told(points, times, &sorted, group, &links))
}

fn root(group: &mut [u32], mut v: u32) -> u32 {
    while group[v as usize] != v {
        let up = group[group[v as usize] as usize];
        group[v as usize] = up;
        v = up;
    }
    v
}

/// Groups of two or more, in their order.
fn told(points: &[Local], times: &[i64], sorted: &Sorted, mut group: Vec<u32>, links: &[u64]) -> Chains {
    let n = points.len();
    let mut found: Vec<Option<Chain>> = vec![None; n];
    for at in 0..n as u32 {
        let of = root(&mut group, at) as usize;
        let chain = found[of].get_or_insert(Chain { incidents: Vec::new(), links: 0, first: 0, last: 0 });
        chain.incidents.push(sorted.order[at as usize]);
        chain.links += links[at as usize];
    }
    let place = |at: u32| points[at as usize];
    let before = |&a: &u32, &b: &u32| {
        let (p, q) = (place(a), place(b));
        let by_place = p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y));
        times[a as usize].cmp(&times[b as usize]).then(by_place).then(a.cmp(&b))
    };
    let mut chains: Vec<Chain> = found.into_iter().flatten().filter(|c| c.incidents.len() > 1).collect();
    chains.par_iter_mut().for_each(|chain| {
        chain.incidents.sort_unstable_by(before);
        chain.first = times[chain.incidents[0] as usize];
        chain.last = times[chain.incidents[chain.incidents.len() - 1] as usize];
    });
    chains.sort_by(|a, b| {
        let longer = b.incidents.len().cmp(&a.incidents.len());
        longer.then_with(|| before(&a.incidents[0], &b.incidents[0]))
    });
    let mut label = vec![None; n];
    for (number, chain) in (0..).zip(&chains) {
        for &at in &chain.incidents {
            label[at as usize] = Some(number);
        }
    }
    Chains { chains, label }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::near_repeat::bands::DAY;

    fn check(x: &[f64], days: &[i64], expected: &[i64]) {
        let points: Vec<Local> = x.iter().map(|&x| Local { x, y: 0.0 }).collect();
        let times: Vec<i64> = days.iter().map(|day| day * DAY).collect();
        let params = ChainsParams { distance: Metres(10.0), time: 7 * DAY, metric: Metric::Euclidean };
        let found = chains(&points, &times, &params).expect("good input");
        let label: Vec<i64> = found.label.iter().map(|l| l.map_or(-1, i64::from)).collect();
        assert_eq!(label, expected);
    }

    #[test]
    fn a_step_is_shorter_than_both_bounds() {
        check(&[0.0, 9.999], &[0, 6], &[0, 0]);
        check(&[0.0, 10.0], &[0, 6], &[-1, -1]);
        check(&[0.0, 9.999], &[0, 7], &[-1, -1]);
        check(&[0.0, 0.0, 0.0], &[6, 0, 12], &[0, 0, 0]);
    }

    #[test]
    fn the_longest_chain_comes_first_and_of_equal_ones_the_earliest() {
        check(&[0.0, 1.0, 50.0, 51.0, 52.0, 90.0, 91.0], &[5, 5, 0, 1, 2, 4, 6], &[2, 2, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn what_cannot_be_chained_is_refused() {
        let params =
            |distance, time| ChainsParams { distance: Metres(distance), time, metric: Metric::Euclidean };
        for distance in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e200] {
            assert!(matches!(chains(&[], &[], &params(distance, 1)), Err(BandsError::Distance { .. })));
        }
        assert_eq!(chains(&[], &[], &params(1.0, 0)), Err(BandsError::Time { seconds: 0 }));
        assert!(matches!(chains(&[], &[1], &params(1.0, 1)), Err(BandsError::Length { .. })));
        let heap = vec![Local::default(); 400_000];
        let found = chains(&heap, &vec![0; heap.len()], &params(10.0, 1));
        let Err(BandsError::Pairs { pairs, least, .. }) = found else { panic!("was accepted") };
        assert_eq!((pairs, least), (400_000.0 * 399_999.0 / 2.0, Metres(7.0)));
        let nowhere = [Local { x: f64::NAN, y: 0.0 }];
        assert_eq!(chains(&nowhere, &[1], &params(1.0, 1)), Err(BandsError::Coordinates { index: 0 }));
        assert_eq!(chains(&[], &[], &params(1.0, 1)), Ok(Chains::default()));
    }
}
