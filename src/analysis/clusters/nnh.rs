//! Nearest-neighbor hierarchical clusters: groups of incidents nearer to one another than chance has it, and groups of groups.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::kd_tree::{KdTree, Search};
use super::places::distinct;
use crate::model::normal::normal_quantile;
use crate::space::coord::{Local, Metres, SquareKm};

/// Places met at most when neighbors are counted: a minute or so on one core.
pub(super) const MOST_MET: u64 = 20_000_000_000;

/// How near points of a cluster must be to its seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NnhThreshold {
    /// This near, in every order.
    Fixed(Metres),
    /// As near as the mean distance to the nearest of as many random points, less a bound of confidence; counted anew in
    /// every order, from its own number of points.
    Random {
        /// Where the points may lie.
        area: SquareKm,
        /// One-sided bound of confidence: how likely the mean distance to the nearest of as many random points is below
        /// the threshold (not how likely a pair is); 0.5 for the mean random distance itself, CrimeStat's default.
        probability: f64,
    },
}

/// What clusters are made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NnhParams {
    /// How near points of a cluster must be to its seed.
    pub threshold: NnhThreshold,
    /// The least number of points of a cluster, and of clusters of a cluster of the next order. CrimeStat takes 10.
    pub min_points: usize,
}

/// A cluster of points, or of clusters of the order below.
#[derive(Clone, Debug, PartialEq)]
pub struct NnhCluster {
    /// Positions of the points, or of the clusters in the order below, ascending.
    pub members: Vec<usize>,
    /// The mean of the members' places.
    pub center: Local,
}

/// The clusters of one order.
#[derive(Clone, Debug, PartialEq)]
pub struct NnhOrder {
    /// How near members had to be to their seed.
    pub threshold: Metres,
    /// In the order in which they were found: the most crowded first.
    pub clusters: Vec<NnhCluster>,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NnhError {
    /// A cluster of one point is none.
    #[error("min_points is {given}; give at least 2")]
    MinPoints {
        /// What was given.
        given: usize,
    },
    /// A distance or an area that is none.
    #[error(
        "the threshold needs a distance from 1e-6 to 1e9 m, or an area above 0 km² with a probability between 0 and 1"
    )]
    Threshold,
    /// So sure a bound that no distance is left.
    #[error("at a probability of {probability} no distance is left for {points} points; give a higher one")]
    NoDistance {
        /// What was given.
        probability: f64,
        /// How many points.
        points: usize,
    },
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// So many neighbors that counting them would take very long.
    #[error(
        "points have so many neighbors within {threshold} that counting them would take very long; try {least}, fewer points or fewer simulations"
    )]
    Crowded {
        /// How near they are.
        threshold: Metres,
        /// A distance to try: a quarter of the neighbors.
        least: Metres,
    },
    /// Random points have nowhere to go, or none is asked for, or too many.
    #[error("give 1 to 99999 simulations, and a box with a width and a height")]
    Simulations,
}

impl NnhThreshold {
    /// The distance for so many points.
    ///
    /// ```text
    /// d = ½ √(A/n) + Φ⁻¹(probability) · SE,   SE = √((4 − π) A / (4 π n²)) = 0.26136 / √(n²/A)
    /// ```
    ///
    /// Source: Clark & Evans (1954), *Ecology* 35(4), as in CrimeStat IV, ch. 7.
    ///
    /// # Errors
    ///
    /// [`NnhError::Threshold`] or [`NnhError::NoDistance`].
    ///
    /// # Examples
    ///
    /// A hundred points on a square kilometre:
    ///
    /// ```
    /// use hotblocks::analysis::clusters::nnh::NnhThreshold;
    /// use hotblocks::space::coord::SquareKm;
    ///
    /// let at = |probability| NnhThreshold::Random { area: SquareKm(1.0), probability }.distance(100);
    /// assert!((at(0.5)?.0 - 50.0).abs() < 1e-9);
    /// assert!((at(0.841_344_746)?.0 - 50.0 - 2.6136).abs() < 1e-4); // one SE more
    /// # Ok::<(), hotblocks::analysis::clusters::nnh::NnhError>(())
    /// ```
    pub fn distance(self, n: usize) -> Result<Metres, NnhError> {
        const NEAR: f64 = 1e-6;
        const FAR: f64 = 1e9;
        match self {
            Self::Fixed(distance) if (NEAR..=FAR).contains(&distance.0) => Ok(distance),
            Self::Random { area, probability }
                if area.0 > 0.0 && area.0 <= 1e9 && probability > 0.0 && probability < 1.0 =>
            {
                let (m2, n_points) = (area.0 * 1e6, n.max(1) as f64);
                let error =
                    ((4.0 - std::f64::consts::PI) * m2 / (4.0 * std::f64::consts::PI)).sqrt() / n_points;
                let distance = 0.5 * (m2 / n_points).sqrt() + normal_quantile(probability) * error;
                if distance >= NEAR {
                    Ok(Metres(distance))
                } else {
                    Err(NnhError::NoDistance { probability, points: n })
                }
            }
            _ => Err(NnhError::Threshold),
        }
    }
}

/// Clusters by nearest neighbors, order by order: CrimeStat's Nnh.
///
/// The point with the most others within the threshold takes them and is a cluster with them, if it has `min_points` so;
/// then the same with the points that are left. The mean centers are the points of the next order, until there is none.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie; several may share a place | `n` | m |
/// | `params` | the threshold and the least number of points | | |
/// | returns | the orders that have clusters, the first one first | | |
///
/// Of points with equally many others the westernmost, then the southernmost goes first, so the answer does not depend
/// on the order of the points. Time about O(neighbors log n), no distance is stored.
/// Source: Levine, *CrimeStat IV*, ch. 7.
///
/// # Limits
///
/// A cluster is at most two thresholds wide, whatever the shape of the street. **Incidents at one place are a cluster
/// at any threshold**, which random points never are: see [`nnh_test`](super::nnh_test::nnh_test). A threshold from n depends on how long incidents
/// were collected.
///
/// # Errors
///
/// [`NnhError`] for a threshold, a least number or coordinates that cannot be used, or more neighbors than can be counted.
///
/// # Examples
///
/// By hand: of five points in a row the middle one has the most within 10 m and takes its two neighbors; those left are
/// each alone.
///
/// ```
/// use hotblocks::analysis::clusters::nnh::{NnhParams, NnhThreshold, nnh};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 10.0, 19.0, 28.0, 38.0].map(|x| Local { x, y: 0.0 });
/// let params = NnhParams { threshold: NnhThreshold::Fixed(Metres(9.5)), min_points: 2 };
/// let orders = nnh(&points, &params)?;
/// assert_eq!(orders.len(), 1);
/// assert_eq!(orders[0].clusters[0].members, [1, 2, 3]);
/// assert!((orders[0].clusters[0].center.x - 19.0).abs() < 1e-12);
/// # Ok::<(), hotblocks::analysis::clusters::nnh::NnhError>(())
/// ```
pub fn nnh(points: &[Local], params: &NnhParams) -> Result<Vec<NnhOrder>, NnhError> {
    const FAR: f64 = 1e9;
    if params.min_points < 2 {
        return Err(NnhError::MinPoints { given: params.min_points });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(NnhError::Coordinates { index });
    }
    params.threshold.distance(points.len())?;
    let mut orders: Vec<NnhOrder> = Vec::new();
    let mut at = points.to_vec();
    while at.len() >= params.min_points {
        let threshold = match params.threshold.distance(at.len()) {
            // So few centers that none is near enough for sure.
            Err(NnhError::NoDistance { .. }) if !orders.is_empty() => break,
            threshold => threshold?,
        };
        let clusters = one_order(&at, threshold, params.min_points, MOST_MET)?;
        if clusters.is_empty() {
            break;
        }
        at = clusters.iter().map(|cluster| cluster.center).collect();
        orders.push(NnhOrder { threshold, clusters });
    }
    Ok(orders)
}

/// Places within a radius that are not taken.
pub(super) struct Free<'a> {
    pub(super) taken: &'a [bool],
    pub(super) d2: f64,
    pub(super) found: Vec<u32>,
}

impl Search for Free<'_> {
    fn skips(&self, _: usize, d2: f64) -> bool {
        d2 > self.d2
    }

    fn take(&mut self, place: usize, d2: f64) {
        if d2 <= self.d2 && !self.taken[place] {
            self.found.push(place as u32);
        }
    }
}

/// Counts the points at places within a radius that are not taken.
pub(super) struct Count<'a> {
    pub(super) taken: &'a [bool],
    /// Points at each place of the tree.
    pub(super) n_at: &'a [usize],
    pub(super) d2: f64,
    pub(super) n: usize,
    /// Places that were met, near or not.
    pub(super) met: u64,
}

impl Search for Count<'_> {
    fn skips(&self, _: usize, d2: f64) -> bool {
        d2 > self.d2
    }

    fn take(&mut self, place: usize, d2: f64) {
        self.met += 1;
        if d2 <= self.d2 && !self.taken[place] {
            self.n += self.n_at[place];
        }
    }
}

pub(super) fn one_order(
    points: &[Local],
    threshold: Metres,
    min_points: usize,
    most_met: u64,
) -> Result<Vec<NnhCluster>, NnhError> {
    let (places, members) = distinct(points);
    let tree = KdTree::new(&places);
    let n_at: Vec<usize> = tree.given.iter().map(|&place| members[place as usize].len()).collect();
    let d2 = threshold.0 * threshold.0;
    let mut taken = vec![false; places.len()];
    let mut met = 0;
    let mut count = |at: usize, taken: &[bool]| {
        let mut search = Count { taken, n_at: &n_at, d2, n: 0, met: 0 };
        tree.walk(tree.at[at], &mut search);
        met += search.met;
        let least = Metres(threshold.0 / 2.0);
        if met > most_met { Err(NnhError::Crowded { threshold, least }) } else { Ok(search.n) }
    };
    let mut first = Vec::new();
    for at in 0..places.len() {
        let n = count(at, &taken)?;
        if n >= min_points {
            first.push((n, Reverse(tree.given[at]), at));
        }
    }
    let mut open = BinaryHeap::from(first);
    let mut clusters = Vec::new();
    while let Some((n, rank, at)) = open.pop() {
        if taken[at] {
            continue;
        }
        // Others may have been taken since it was counted.
        let left = count(at, &taken)?;
        if left < n {
            if left >= min_points {
                open.push((left, rank, at));
            }
            continue;
        }
        let mut search = Free { taken: &taken, d2, found: Vec::new() };
        tree.walk(tree.at[at], &mut search);
        let mut near = search.found;
        near.sort_unstable_by_key(|&at| tree.given[at as usize]);
        near.iter().for_each(|&at| taken[at as usize] = true);
        let seed = tree.at[at];
        let mean = |of: fn(Local) -> f64| {
            let sum = near
                .iter()
                .map(|&at| n_at[at as usize] as f64 * (of(tree.at[at as usize]) - of(seed)))
                .sum::<f64>();
            of(seed) + sum / n as f64
        };
        let center = Local { x: mean(|p| p.x), y: mean(|p| p.y) };
        let of_place = |&at: &u32| members[tree.given[at as usize] as usize].iter().map(|&m| m as usize);
        let mut members: Vec<usize> = near.iter().flat_map(of_place).collect();
        members.sort_unstable();
        clusters.push(NnhCluster { members, center });
    }
    Ok(clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x: &[f64]) -> Vec<Local> {
        x.iter().map(|&x| Local { x, y: 0.0 }).collect()
    }

    fn fixed(distance: f64, min_points: usize) -> NnhParams {
        NnhParams { threshold: NnhThreshold::Fixed(Metres(distance)), min_points }
    }

    fn members(x: &[f64], distance: f64, min_points: usize) -> Vec<Vec<Vec<usize>>> {
        let orders = nnh(&line(x), &fixed(distance, min_points)).expect("good input");
        orders.into_iter().map(|o| o.clusters.into_iter().map(|c| c.members).collect()).collect()
    }

    #[test]
    fn the_most_crowded_point_takes_its_neighbors_from_the_others() {
        // 20 has 4 within 10, 30 has 3, but 30 is taken first.
        assert_eq!(members(&[10.0, 20.0, 25.0, 30.0, 40.0, 41.0], 10.0, 2), [[vec![0, 1, 2, 3], vec![4, 5]]]);
        // Of equals the westernmost.
        assert_eq!(members(&[3.0, 2.0, 1.0, 0.0], 1.0, 3), [[vec![1, 2, 3]]]);
        assert_eq!(members(&[0.0, 100.0], 1.0, 2), Vec::<Vec<Vec<usize>>>::new());
    }

    #[test]
    fn points_at_one_place_are_neighbors_and_the_threshold_is_included() {
        assert_eq!(members(&[7.0, 7.0, 7.0, 17.0], 10.0, 4), [[vec![0, 1, 2, 3]]]);
        assert_eq!(members(&[7.0, 7.0, 7.0, 17.0], 9.999, 3), [[vec![0, 1, 2]]]);
    }

    #[test]
    fn centers_are_clustered_again_until_nothing_is_near_enough() {
        // Pairs 2 m wide with centers 8 m apart; pairs of pairs 16 m apart are too far.
        let x = [0.0, 2.0, 8.0, 10.0, 16.0, 18.0, 24.0, 26.0];
        let orders = nnh(&line(&x), &fixed(3.0, 2)).expect("good input");
        assert_eq!(orders.iter().map(|o| o.clusters.len()).collect::<Vec<_>>(), [4]);
        let orders = nnh(&line(&[0.0, 2.0, 4.0, 6.0, 100.0, 102.0]), &fixed(4.0, 2)).expect("good input");
        let found: Vec<_> = orders.iter().map(|o| o.clusters.len()).collect();
        assert_eq!(found, [2]);
        // By hand: {0, 1}, {4, 5} and {8, 9} with centers 0.5, 4.5 and 8.5; then all three of them around the middle one.
        let orders = nnh(&line(&[0.0, 1.0, 4.0, 5.0, 8.0, 9.0]), &fixed(4.0, 2)).expect("good input");
        let centers: Vec<Vec<f64>> =
            orders.iter().map(|o| o.clusters.iter().map(|c| c.center.x).collect()).collect();
        assert_eq!(centers, [vec![3.6, 9.0][..1].to_vec()]);
    }

    #[test]
    fn the_threshold_is_counted_anew_for_every_order() {
        let threshold = NnhThreshold::Random { area: SquareKm(1.0), probability: 0.5 };
        let blob = |x: f64, y: f64| (0..10).map(move |k| Local { x: x + f64::from(k), y });
        let points: Vec<Local> = [(0.0, 0.0), (100.0, 0.0), (200.0, 0.0), (900.0, 900.0)]
            .into_iter()
            .flat_map(|(x, y)| blob(x, y))
            .collect();
        let orders = nnh(&points, &NnhParams { threshold, min_points: 3 }).expect("good input");
        assert!((orders[0].threshold.0 - 0.5 * (1e6 / 40.0_f64).sqrt()).abs() < 1e-9);
        assert!((orders[1].threshold.0 - 250.0).abs() < 1e-9);
        assert_eq!((orders[0].clusters.len(), orders[1].clusters[0].members.len(), orders.len()), (4, 3, 2));
    }

    #[test]
    fn clusters_of_clusters_are_worked_out_by_hand() {
        // Within 10 m: 0 has the three at -4.5 and the three at 6, so 7 with itself; 6 has 0 and the two at 10.5, so 6; -4.5
        // has 4, 10.5 has 5. 0 takes its seven: the mean is 4.5 / 7. The two at 10.5 are left.
        let x = [-4.5, -4.5, -4.5, 0.0, 6.0, 6.0, 6.0, 10.5, 10.5];
        let first = vec![vec![0, 1, 2, 3, 4, 5, 6], vec![7, 8]];
        // Order 2: the means are 9.86 m apart. Each counts once, however many points it has.
        assert_eq!(members(&x, 10.0, 2), [first, vec![vec![0, 1]]]);
        let orders = nnh(&line(&x), &fixed(10.0, 2)).expect("good input");
        assert!((orders[1].clusters[0].center.x - (4.5 / 7.0 + 10.5) / 2.0).abs() < 1e-12);
        // 1 and 10 have all four; the western one takes them, and one mean is no order.
        assert_eq!(members(&[0.0, 1.0, 10.0, 11.0], 10.0, 2), [[vec![0, 1, 2, 3]]]);
    }

    #[test]
    fn neighbors_that_are_too_many_to_be_counted_are_refused() {
        let points: Vec<Local> = (0..100).map(|i| Local { x: f64::from(i), y: 0.0 }).collect();
        let crowded = NnhError::Crowded { threshold: Metres(200.0), least: Metres(100.0) };
        assert_eq!(one_order(&points, Metres(200.0), 2, 9_999), Err(crowded));
        // Each of the hundred meets all, and the first of them once more.
        let found = one_order(&points, Metres(200.0), 2, 10_100).expect("few enough");
        assert_eq!(found[0].members.len(), 100);
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let refused = |params| nnh(&line(&[0.0, 1.0]), &params).expect_err("was accepted");
        assert_eq!(refused(fixed(1.0, 1)), NnhError::MinPoints { given: 1 });
        for distance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(fixed(distance, 2)), NnhError::Threshold);
        }
        for (area, probability) in [(0.0, 0.5), (f64::NAN, 0.5), (1.0, 0.0), (1.0, 1.0), (1.0, f64::NAN)] {
            let threshold = NnhThreshold::Random { area: SquareKm(area), probability };
            assert_eq!(refused(NnhParams { threshold, min_points: 2 }), NnhError::Threshold);
        }
        let threshold = NnhThreshold::Random { area: SquareKm(1.0), probability: 1e-9 };
        assert!(matches!(
            refused(NnhParams { threshold, min_points: 2 }),
            NnhError::NoDistance { points: 2, .. }
        ));
        assert_eq!(nnh(&line(&[f64::NAN]), &fixed(1.0, 2)), Err(NnhError::Coordinates { index: 0 }));
    }
}
