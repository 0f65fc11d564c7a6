//! DBSCAN: clusters are where incidents lie close together, of any shape; the rest is noise.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rayon::prelude::*;

use super::bounds::Radius;
use super::cores::{Cores, NONE, reach};
use super::lanes::LANES;
use super::marks::mark;
use super::neighborhood::Cells;
use super::stripes::extent;
use crate::space::coord::{Local, Metres};

/// What clusters are made with. Neither has a default: the two decide what a cluster is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DbscanParams {
    /// Points at this distance or nearer are neighbors.
    pub eps: Metres,
    /// A point with this many neighbors, itself included, is a core point.
    pub min_points: usize,
}

/// What clusters of weighted points are made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedDbscanParams {
    /// Points at this distance or nearer are neighbors.
    pub eps: Metres,
    /// A point whose neighbors, itself included, weigh this much together is a core point.
    pub min_weight: f64,
}

/// The cluster of each point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters {
    /// In the order of the points: the cluster's number from 0, `None` for noise.
    pub label: Vec<Option<u32>>,
    /// In the order of the points: whether the point is a core point.
    pub core: Vec<bool>,
    /// How many clusters there are.
    pub n_clusters: usize,
}

/// What a point is in its clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In a dense place.
    Core,
    /// Within reach of a core point, in no dense place itself.
    Border,
    /// In no cluster.
    Noise,
}

impl Clusters {
    /// Core, border or noise, by the point's position.
    #[must_use]
    pub fn role(&self, point: usize) -> Role {
        match (self.core[point], self.label[point]) {
            (true, _) => Role::Core,
            (false, Some(_)) => Role::Border,
            (false, None) => Role::Noise,
        }
    }
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DbscanError {
    /// The radius is zero, negative, or no number that can be squared.
    #[error("an eps of {eps} cannot be used; give a length above 0 m")]
    Eps {
        /// What was given.
        eps: Metres,
    },
    /// No neighbor at all is asked for.
    #[error("min_points is 0; give at least 1, for a point counts as its own neighbor")]
    MinPoints,
    /// The least weight is no weight that can be counted in millionths.
    #[error("a min_weight of {min_weight} cannot be used; give a number from 0.000001 to 1,000,000,000")]
    MinWeight {
        /// What was given.
        min_weight: f64,
    },
    /// A weight is negative, no number, or too large.
    #[error("point {index} weighs {weight}; give a number from 0 to 1,000,000,000")]
    PointWeight {
        /// Position of the point, from 0.
        index: usize,
        /// Its weight.
        weight: f64,
    },
    /// All weights together are more than can be added without rounding.
    #[error("all weights together are {total}; divide them and min_weight so that it is at most 9e12")]
    Total {
        /// Their sum.
        total: f64,
    },
    /// There are more or fewer weights than points.
    #[error("there are {weights} weights for {points} points; give one for each")]
    Length {
        /// How many weights.
        weights: usize,
        /// How many points.
        points: usize,
    },
    /// A coordinate is not a number.
    #[error("point {index} has no finite coordinates")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// The points lie more than a billion radii apart.
    #[error("an eps of {eps} is too small for points this far apart; give a longer one or drop far outliers")]
    Extent {
        /// What was given.
        eps: Metres,
    },
    /// More points than 32 bits can count.
    #[error("{points} points are more than can be clustered at once; give at most 4,294,967,294")]
    TooMany {
        /// How many points.
        points: usize,
    },
}

/// Finds clusters by density: DBSCAN, exact.
///
/// ```text
/// N(p) = { q : |p − q| ≤ eps },  p itself included;   p is core ⇔ |N(p)| ≥ min_points
/// cluster = core points joined by steps of at most eps, and the points within eps of one of them
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie; several may share a place | `n` | m |
/// | `params` | eps, in metres, and the least number of points | | |
/// | returns | a cluster or noise for each point, in their order | `n` | – |
///
/// The rule is scikit-learn's: a point counts as its own neighbor, and so do all others at its place. Clusters are
/// numbered from west to east by their westernmost core point, and from south to north where those are level. A border
/// point in reach of several clusters goes to the lowest number. So the answer does not depend on the order of the
/// points, and is scikit-learn's and R's to the number for points that are sorted so.
///
/// Points are sorted into cells of side eps/√2, and those at one place become one. A cell that weighs enough is core as
/// a whole; else places are counted eight at once, row by row of cells, until there are enough. Whole cells are joined
/// by their closest core places, and no neighbor is stored: time O(n log n + n · min(min_points, neighbors)), below
/// 100 bytes a point. All of it goes in parallel, and the answer is the same on any number of threads.
/// Source: Ester et al. (1996), KDD-96; cells after Gunawan (2013), *A faster algorithm for DBSCAN*.
///
/// # Limits
///
/// One eps for all: a town and its outskirts need two runs, or [`hdbscan`](super::hdbscan::hdbscan). **Incidents moved
/// to one address form a cluster of their own** once there are `min_points` of them. No test against chance.
///
/// # Errors
///
/// [`DbscanError`] for an eps or `min_points` not above 0, coordinates that are not finite, points more than a billion
/// eps apart, or more points than 32 bits count.
///
/// # Examples
///
/// Three incidents in a row of 10 m steps, and one far away:
///
/// ```
/// use hotblocks::analysis::clusters::dbscan::{DbscanParams, dbscan};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 500.0, 10.0, 20.0].map(|x| Local { x, y: 0.0 });
/// let clusters = dbscan(&points, &DbscanParams { eps: Metres(10.0), min_points: 3 })?;
/// assert_eq!(clusters.label, [Some(0), None, Some(0), Some(0)]);
/// assert_eq!(clusters.core, [false, false, true, false]);
/// # Ok::<(), hotblocks::analysis::clusters::dbscan::DbscanError>(())
/// ```
pub fn dbscan(points: &[Local], params: &DbscanParams) -> Result<Clusters, DbscanError> {
    let DbscanParams { eps, min_points } = *params;
    if min_points == 0 {
        return Err(DbscanError::MinPoints);
    }
    run(points, eps, min_points as u64, |_| 1)
}

/// Finds clusters of points that weigh differently, such as by the cost of a crime: weighted DBSCAN, exact.
///
/// ```text
/// p is core ⇔ Σ { w(q) : |p − q| ≤ eps } ≥ min_weight,  p itself included
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `weights` | what each counts, from 0 to a billion; taken in millionths | `n` | any |
/// | `params` | eps, in metres, and the least weight | | |
/// | returns | a cluster or noise for each point, in their order | `n` | – |
///
/// All else is as in [`dbscan`], which this is where all weights are 1. Weights are added as whole millionths, so ten
/// times 0.1 reach 1, and no order of adding changes the answer.
/// Source: Wheeler & Reuter (2021), *Police Quarterly* 24(2), weights of the cost of crime.
///
/// # Limits
///
/// Those of [`dbscan`]. **A single point of `min_weight` is a cluster**; weights below a millionth count as 0.
///
/// # Errors
///
/// [`DbscanError`], also for weights that are negative, not finite, or not as many as the points.
///
/// # Examples
///
/// Two incidents that count 2 each reach 4 together; two that count 1 do not:
///
/// ```
/// use hotblocks::analysis::clusters::dbscan::{WeightedDbscanParams, dbscan_weighted};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 10.0, 500.0, 510.0].map(|x| Local { x, y: 0.0 });
/// let params = WeightedDbscanParams { eps: Metres(10.0), min_weight: 4.0 };
/// let clusters = dbscan_weighted(&points, &[2.0, 2.0, 1.0, 1.0], &params)?;
/// assert_eq!(clusters.label, [Some(0), Some(0), None, None]);
/// # Ok::<(), hotblocks::analysis::clusters::dbscan::DbscanError>(())
/// ```
pub fn dbscan_weighted(
    points: &[Local],
    weights: &[f64],
    params: &WeightedDbscanParams,
) -> Result<Clusters, DbscanError> {
    const MOST: f64 = 1e9;
    // In millionths and 64 bits.
    const MOST_IN_ALL: f64 = 9e12;
    let WeightedDbscanParams { eps, min_weight } = *params;
    let millionths = |weight: f64| (weight * 1e6).round() as u64;
    if !(min_weight <= MOST && millionths(min_weight) > 0) {
        return Err(DbscanError::MinWeight { min_weight });
    }
    if weights.len() != points.len() {
        return Err(DbscanError::Length { weights: weights.len(), points: points.len() });
    }
    if let Some(index) = weights.iter().position(|w| !(0.0..=MOST).contains(w)) {
        return Err(DbscanError::PointWeight { index, weight: weights[index] });
    }
    let total = weights.iter().sum::<f64>();
    if total > MOST_IN_ALL {
        return Err(DbscanError::Total { total });
    }
    run(points, eps, millionths(min_weight), |at| millionths(weights[at]))
}

fn run(
    points: &[Local],
    eps: Metres,
    enough: u64,
    weigh: impl Fn(usize) -> u64 + Sync,
) -> Result<Clusters, DbscanError> {
    let radius = Radius { squared: eps.0 * eps.0 };
    if !(eps.0 > 0.0 && radius.squared.is_normal()) {
        return Err(DbscanError::Eps { eps });
    }
    if points.len() >= u32::MAX as usize {
        return Err(DbscanError::TooMany { points: points.len() });
    }
    let extent = extent(points).map_err(|index| DbscanError::Coordinates { index })?;
    if points.is_empty() {
        return Ok(Clusters::default());
    }
    let cells = Cells::sorted(points, extent, eps.0, weigh).ok_or(DbscanError::Extent { eps })?;
    let blocks = cells.blocks();
    // As many more than there are places as are looked at together.
    let mut core = vec![false; cells.n_places() + LANES];
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut core));
    parts.for_each(|(block, core)| mark(&cells, radius, enough, block.clone(), core));

    let cores = Cores::joined(&cells, &core, radius);
    let mut of_core = vec![0; cells.n_places() + LANES];
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut of_core));
    parts.for_each(|(block, label)| cores.label(&cells, &core, block.clone(), label));
    let mut label = vec![0; cells.n_places()];
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut label));
    parts.for_each(|(block, label)| reach(&cores, &cells, &of_core, radius, block.clone(), label));
    drop(of_core);

    // Each point is told once, by whichever thread has its place.
    let told: Vec<AtomicU32> = points.par_iter().map(|_| AtomicU32::new(NONE)).collect();
    let is_core: Vec<AtomicBool> = points.par_iter().map(|_| AtomicBool::new(false)).collect();
    cells.tell(|place, point| {
        told[point].store(label[place], Ordering::Relaxed);
        is_core[point].store(core[place], Ordering::Relaxed);
    });
    let n_clusters = cores.n_clusters;
    drop((cells, cores, core, label));
    Ok(Clusters {
        label: told.into_par_iter().map(|at| Some(at.into_inner()).filter(|&n| n != NONE)).collect(),
        core: is_core.into_iter().map(AtomicBool::into_inner).collect(),
        n_clusters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x: &[f64]) -> Vec<Local> {
        x.iter().map(|&x| Local { x, y: 0.0 }).collect()
    }

    fn check(x: &[f64], eps: f64, min_points: usize, expected: &[i64]) {
        let clusters = dbscan(&line(x), &DbscanParams { eps: Metres(eps), min_points }).expect("good input");
        let label: Vec<i64> = clusters.label.iter().map(|l| l.map_or(-1, i64::from)).collect();
        assert_eq!(label, expected);
    }

    #[test]
    fn a_neighbor_exactly_at_eps_counts_and_so_does_the_point_itself() {
        check(&[0.0, 10.0], 10.0, 2, &[0, 0]);
        check(&[0.0, 10.0], 9.999, 2, &[-1, -1]);
        check(&[0.0], 1.0, 1, &[0]);
        // 15² + 20² = 25²
        let points = [Local { x: 271_000.0, y: 4_277_000.0 }, Local { x: 271_015.0, y: 4_277_020.0 }];
        let clusters = dbscan(&points, &DbscanParams { eps: Metres(25.0), min_points: 2 });
        assert_eq!(clusters.map(|c| c.n_clusters), Ok(1));
    }

    #[test]
    fn points_at_one_place_are_each_others_neighbors() {
        check(&[5.0, 5.0, 5.0, 50.0], 1.0, 3, &[0, 0, 0, -1]);
        check(&[0.0, -0.0, 3.0], 1.0, 2, &[0, 0, -1]);
    }

    #[test]
    fn clusters_are_numbered_from_west_to_east() {
        check(&[90.0, 9.0, 100.0, 110.0, 0.0, 18.0], 10.0, 3, &[1, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_border_point_between_two_clusters_goes_to_the_lower_number() {
        let (low, high) = ([0.0, 1.0, 2.0, 3.0], [13.0, 14.0, 15.0, 16.0]);
        let between = [8.0];
        check(&[&between[..], &low, &high].concat(), 5.0, 4, &[0, 0, 0, 0, 0, 1, 1, 1, 1]);
        check(&[&between[..], &high, &low].concat(), 5.0, 4, &[0, 1, 1, 1, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let refused = |points: &[Local], eps, min_points| {
            dbscan(points, &DbscanParams { eps: Metres(eps), min_points }).expect_err("was accepted")
        };
        for eps in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-170, 1e170] {
            assert!(matches!(refused(&[], eps, 3), DbscanError::Eps { .. }));
        }
        assert_eq!(refused(&[], 1.0, 0), DbscanError::MinPoints);
        assert_eq!(refused(&line(&[0.0, f64::NAN]), 1.0, 3), DbscanError::Coordinates { index: 1 });
        for far in [1e10, 1e300] {
            assert!(matches!(refused(&line(&[0.0, far]), 1.0, 3), DbscanError::Extent { .. }));
        }
        assert!(matches!(refused(&line(&[-1.7e308, 1.7e308]), 1.0, 3), DbscanError::Extent { .. }));
    }

    fn weighted(x: &[f64], weights: &[f64], min_weight: f64) -> Result<Vec<Option<u32>>, DbscanError> {
        let params = WeightedDbscanParams { eps: Metres(10.0), min_weight };
        dbscan_weighted(&line(x), weights, &params).map(|clusters| clusters.label)
    }

    #[test]
    fn weights_are_added_without_rounding() {
        // 0.1 + 0.2 is above 0.3 in binary, and ten times 0.1 below 1.
        assert_eq!(weighted(&[0.0, 5.0], &[0.1, 0.2], 0.300_001), Ok(vec![None, None]));
        assert_eq!(weighted(&[0.0; 10], &[0.1; 10], 1.0), Ok(vec![Some(0); 10]));
        assert_eq!(weighted(&[0.0; 9], &[0.1; 9], 1.0), Ok(vec![None; 9]));
    }

    #[test]
    fn a_heavy_point_makes_core_points_of_its_neighbors() {
        assert_eq!(weighted(&[0.0, 10.0, 20.0], &[5.0, 0.0, 0.0], 5.0), Ok(vec![Some(0); 3]));
        let heavy = weighted(&[0.0, 10.0, 30.0], &[1e9, 1e9, 1e9 - 1.0], 1e9);
        assert_eq!(heavy, Ok(vec![Some(0), Some(0), None]));
    }

    #[test]
    fn weights_that_cannot_be_used_are_refused() {
        for weight in [-1.0, f64::NAN, f64::INFINITY, 2e9] {
            let refused = weighted(&[0.0, 1.0], &[1.0, weight], 1.0);
            assert!(matches!(refused, Err(DbscanError::PointWeight { index: 1, .. })));
        }
        for least in [0.0, -1.0, 1e-9, f64::NAN, 1e10] {
            assert!(matches!(weighted(&[0.0], &[1.0], least), Err(DbscanError::MinWeight { .. })));
        }
        assert_eq!(weighted(&[0.0], &[], 1.0), Err(DbscanError::Length { weights: 0, points: 1 }));
        let heavy = weighted(&[0.0; 10_000], &[1e9; 10_000], 1.0);
        assert_eq!(heavy, Err(DbscanError::Total { total: 1e13 }));
    }

    #[test]
    fn every_point_is_core_border_or_noise() {
        let points = line(&[0.0, 10.0, 20.0, 90.0]);
        let clusters =
            dbscan(&points, &DbscanParams { eps: Metres(10.0), min_points: 3 }).expect("good input");
        let roles: Vec<Role> = (0..4).map(|point| clusters.role(point)).collect();
        assert_eq!(roles, [Role::Border, Role::Core, Role::Border, Role::Noise]);
    }

    /// Whether each point is core, and its cluster, by comparing all with all.
    fn plainly(points: &[Local], eps: f64, min_points: usize) -> (Vec<bool>, Vec<Option<u32>>) {
        let near = |a: Local, b: Local| (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y) <= eps * eps;
        let core: Vec<bool> =
            (points.iter()).map(|&a| points.iter().filter(|&&b| near(a, b)).count() >= min_points).collect();
        let mut order: Vec<usize> = (0..points.len()).filter(|&i| core[i]).collect();
        let by_place = |a: Local, b: Local| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y));
        order.sort_by(|&a, &b| by_place(points[a], points[b]));
        let (mut label, mut n) = (vec![None; points.len()], 0);
        for &first in &order {
            if label[first].is_some() {
                continue;
            }
            label[first] = Some(n);
            let mut open = vec![first];
            while let Some(from) = open.pop() {
                for to in 0..points.len() {
                    // What a lower number reached already stays its own.
                    if core[from] && label[to].is_none() && near(points[from], points[to]) {
                        label[to] = Some(n);
                        open.push(to);
                    }
                }
            }
            n += 1;
        }
        (core, label)
    }

    /// Clumps of different width, on eighths of a metre so that some share a place and none is rounded when moved, and some points anywhere.
    fn clumped(n: usize, seed: u64) -> Vec<Local> {
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let middles: Vec<(f64, f64)> = (0..9).map(|_| (uniform() * 150.0, uniform() * 150.0)).collect();
        let mut point = |i: usize| {
            let ((x, y), (u, v)) = (middles[i % 9], (uniform() - 0.5, uniform() - 0.5));
            let width = [8.0, 60.0, 300.0][i % 3];
            Local {
                x: ((x + width * u) * 8.0).round() / 8.0,
                y: ((y + width * v * v * v) * 8.0).round() / 8.0,
            }
        };
        (0..n).map(&mut point).collect()
    }

    #[test]
    fn the_answer_is_that_of_comparing_all_with_all() {
        // From cells that hold hundreds of places, to be told apart first, to lone ones.
        let settings = [(1.0, 3), (5.0, 4), (5.0, 20), (20.0, 10), (20.0, 60), (60.0, 200), (60.0, 420)];
        for (seed, (eps, min_points)) in (1..).zip(settings) {
            let points = clumped(900, seed);
            let (core, label) = plainly(&points, eps, min_points);
            let clusters =
                dbscan(&points, &DbscanParams { eps: Metres(eps), min_points }).expect("good input");
            assert!(core.contains(&true) && core.contains(&false), "{eps} {min_points}");
            assert_eq!(clusters.core, core, "{eps} {min_points}");
            assert_eq!(clusters.label, label, "{eps} {min_points}");
        }
    }

    #[test]
    fn many_points_in_many_stripes_are_clustered_as_each_part_by_itself() {
        let (part, copies, eps, min_points) = (clumped(900, 5), 80, 5.0, 8);
        let (core, label) = plainly(&part, eps, min_points);
        let n_clusters = label.iter().flatten().max().expect("clusters") + 1;
        // One beside the other, so that stripes go through all, close and then far off, with many more cells than points.
        for (apart, rise) in [(512.0, 0.0), (512.0, 512.0), (1_048_576.0, 0.0), (1_048_576.0, 65_536.0)] {
            let copy = |k: usize| {
                let by = Local { x: k as f64 * apart, y: k as f64 * rise };
                part.iter().map(move |p| Local { x: p.x + by.x, y: p.y + by.y })
            };
            let points: Vec<Local> = (0..copies).flat_map(copy).collect();
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let params = DbscanParams { eps: Metres(eps), min_points };
                let clusters = pool.install(|| dbscan(&points, &params)).expect("good input");
                assert_eq!(clusters.n_clusters, n_clusters as usize * copies);
                for k in 0..copies {
                    let own = k * core.len()..(k + 1) * core.len();
                    let moved = |l: &Option<u32>| l.map(|l| l + k as u32 * n_clusters);
                    assert!(clusters.core[own.clone()] == core, "{apart} {rise} {k}");
                    assert!(
                        clusters.label[own].iter().copied().eq(label.iter().map(moved)),
                        "{apart} {rise} {k}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_long_line_of_points_with_few_rows_and_many_columns_is_clustered() {
        // Each stripe is one row, and most cells hold nothing.
        let x: Vec<f64> = (0..70_000).map(|i| f64::from(i / 2) * 1000.0 + f64::from(i % 2)).collect();
        let clusters =
            dbscan(&line(&x), &DbscanParams { eps: Metres(1.0), min_points: 2 }).expect("good input");
        assert_eq!(clusters.n_clusters, 35_000);
        assert!(clusters.label.iter().zip(0..).all(|(&label, i)| label == Some(i / 2)));
    }

    #[test]
    fn nothing_has_no_clusters() {
        check(&[], 1.0, 1, &[]);
    }
}
