//! DBSCAN: clusters are where incidents lie close together, of any shape; the rest is noise.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::bounds::{Bounds, Radius};
use super::candidates::Candidates;
use super::cores::{Cores, NONE};
use super::neighborhood::{Cells, ROWS};
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
/// Distinct places are sorted into cells of side eps/√2. Counting stops when there are enough, whole cells are joined
/// by their closest core places, and no neighbor is stored: time O(n log n + n · min(min_points, neighbors)), below
/// 100 bytes a point.
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
    if let Some(index) = points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        return Err(DbscanError::Coordinates { index });
    }
    if points.is_empty() {
        return Ok(Clusters::default());
    }
    let cells = Cells::sorted(points, eps.0, weigh).ok_or(DbscanError::Extent { eps })?;
    let blocks = cells.blocks();
    let mut core = vec![false; cells.places.len()];
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut core));
    parts.for_each(|(block, core)| mark(&cells, radius, enough, block.clone(), core));

    let cores = Cores::joined(&cells, &core, radius);
    let mut of_core = vec![NONE; cells.places.len()];
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut of_core));
    parts.for_each(|(block, label)| cores.label(&cells, &core, block.clone(), label));
    let mut label = of_core.clone();
    let parts = blocks.par_iter().zip(cells.split(&blocks, &mut label));
    parts.for_each(|(block, label)| cores.reach(&cells, &of_core, radius, block.clone(), label));
    drop(of_core);

    let place = |at: &AtomicU32| at.load(Ordering::Relaxed) as usize;
    Ok(Clusters {
        label: cells.place_of.par_iter().map(|at| Some(label[place(at)]).filter(|&n| n != NONE)).collect(),
        core: cells.place_of.par_iter().map(|at| core[place(at)]).collect(),
        n_clusters: cores.n_clusters,
    })
}

/// Marks the places of some cells that have enough near them.
fn mark(cells: &Cells, radius: Radius, enough: u64, block: Range<usize>, core: &mut [bool]) {
    let before = cells.range(block.start).start;
    let mut candidates = Candidates::default();
    for cell in block {
        let own = cells.range(cell);
        let core = &mut core[own.start - before..own.end - before];
        let mut found = cells.total(cell..cell + 1);
        if found >= enough {
            core.fill(true);
            continue;
        }
        let around = ROWS.map(|row| cells.total(cells.beside(cell, row, -2, 2)));
        if around.iter().sum::<u64>() < enough {
            continue;
        }
        let inside = Bounds::around(&cells.places[own.clone()]);
        let weight = |place: usize| cells.weight[place];
        found += candidates.look((cells, cell, inside), radius, weight, (0, |a, b| a + b));
        if found >= enough {
            core.fill(true);
        } else if found + candidates.sum() >= enough {
            for (place, core) in own.zip(core) {
                *core = candidates.reach(cells.places[place], radius, enough - found);
            }
        }
    }
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

    #[test]
    fn nothing_has_no_clusters() {
        check(&[], 1.0, 1, &[]);
    }
}
