//! HDBSCAN: clusters of different density, without an eps.

use super::condensed::choose;
use super::kd_tree::KdTree;
use super::spanning::{Near, spanning_tree};
use crate::space::coord::Local;

/// What clusters are made with. Neither has a default: the two decide what a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HdbscanParams {
    /// A cluster has at least this many points.
    pub min_cluster_size: usize,
    /// A point's core distance is that to this many other points.
    pub min_samples: usize,
}

/// The cluster of each point, and how firmly it belongs there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hierarchical {
    /// In the order of the points: the cluster's number from 0, `None` for noise.
    pub label: Vec<Option<u32>>,
    /// In the order of the points: from 0 for noise to 1 in the densest part of the cluster. Beside a place that
    /// is infinitely dense other members of its cluster have 0 too.
    pub probability: Vec<f64>,
    /// How many clusters there are.
    pub n_clusters: usize,
    /// The rank of the neighbor that core distances were taken to: `min_samples`, or all other points if there are fewer.
    pub rank: usize,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HdbscanError {
    /// A cluster of one point is none.
    #[error("min_cluster_size is {given}; give at least 2")]
    MinClusterSize {
        /// What was given.
        given: usize,
    },
    /// No neighbor at all is asked for.
    #[error("min_samples is 0; give at least 1")]
    MinSamples,
    /// A coordinate is not a number, or too large to be squared.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// There are more or fewer weights than points.
    #[error("there are {weights} weights for {points} points; give one for each")]
    Length {
        /// How many weights.
        weights: usize,
        /// How many points.
        points: usize,
    },
    /// More points than 31 bits can count.
    #[error("{points} points are more than can be clustered at once; give at most 2,147,483,647")]
    TooMany {
        /// How many points.
        points: usize,
    },
}

/// Finds clusters of any density: HDBSCAN, exact.
///
/// ```text
/// core(p)  = distance to the min_samples-th other point
/// reach(p, q) = max(core(p), core(q), |p − q|),   λ = 1 / reach
/// S(C) = Σ { λ(p leaves C) − λ(C comes off) : p in C };   C stands where S(C) ≥ Σ S of the best parts below it
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie; several may share a place | `n` | m |
/// | `params` | the least size of a cluster, and the rank of the neighbor that tells density | | |
/// | returns | a cluster or noise for each point, and how firmly it belongs there, in their order | `n` | – |
///
/// Conventions are those of the Python package hdbscan: a point is not its own neighbor, excess of mass chooses, and
/// the whole is never one cluster. (R's `dbscan::hdbscan(minPts = k)` is `min_samples = k − 1` with
/// `min_cluster_size = k`.) Clusters are numbered from west to east by their westernmost point.
///
/// Points at one place are collapsed, which changes nothing: they are linked before their place is linked to others.
/// The shortest spanning tree comes from Borůvka's rounds over a static kd-tree. Links of equal mutual reachability are
/// joined in the order of their distance, then of their places, so that the answer does not depend on the order of the
/// points. Time about O(n log² n), 160 bytes a point; a `min_samples` k above some
/// hundreds adds O(n k²), since the k nearest of a point are kept in order as they come.
/// Source: Campello, Moulavi & Sander (2013), PAKDD, *LNCS* 7819; McInnes & Healy (2017), ICDM workshops.
///
/// # Limits
///
/// **Where two clusters grow together over a point that is the farthest of its neighbors, that point has two links of
/// one length**; which cluster it goes to is a rule of ours, and chance in other programs. A place with more than
/// `min_samples` points is infinitely dense: with at least `min_cluster_size` it can be a cluster, whose other members
/// then have probability 0; it is none where it is the only one, since the whole never is, so 50 incidents at one address
/// and 5 scattered around it are all noise, as in hdbscan. No test against
/// chance.
///
/// # Errors
///
/// [`HdbscanError`] for sizes that are too small, coordinates that are none, or too many points.
///
/// # Examples
///
/// A dense row, a sparse row, and one far away, which no single eps tells apart:
///
/// ```
/// use hotblocks::analysis::clusters::hdbscan::{HdbscanParams, hdbscan};
/// use hotblocks::space::coord::Local;
///
/// let x = [0.0, 1.0, 2.0, 3.0, 50.0, 60.0, 71.0, 82.0, 9000.0];
/// let points = x.map(|x| Local { x, y: 0.0 });
/// let found = hdbscan(&points, &HdbscanParams { min_cluster_size: 3, min_samples: 1 })?;
/// let label: Vec<i64> = found.label.iter().map(|l| l.map_or(-1, i64::from)).collect();
/// assert_eq!(label, [0, 0, 0, 0, 1, 1, 1, 1, -1]); // as hdbscan 0.8.44 says
/// # Ok::<(), hotblocks::analysis::clusters::hdbscan::HdbscanError>(())
/// ```
pub fn hdbscan(points: &[Local], params: &HdbscanParams) -> Result<Hierarchical, HdbscanError> {
    check(points, params)?;
    Ok(run(points, |_| 1, params))
}

fn check(points: &[Local], params: &HdbscanParams) -> Result<(), HdbscanError> {
    const FAR: f64 = 1e9;
    let HdbscanParams { min_cluster_size, min_samples } = *params;
    if min_cluster_size < 2 {
        return Err(HdbscanError::MinClusterSize { given: min_cluster_size });
    }
    if min_samples == 0 {
        return Err(HdbscanError::MinSamples);
    }
    if points.len() > i32::MAX as usize {
        return Err(HdbscanError::TooMany { points: points.len() });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(HdbscanError::Coordinates { index });
    }
    Ok(())
}

/// Finds clusters of points that count several times: each as so many points at its place, exact.
///
/// All else is as in [`hdbscan`], which this is where all weights are 1; sizes and samples of `params` are weights. A point that weighs
/// nothing is noise and nobody's neighbor. Time and memory are those of the points alone, whatever they weigh.
///
/// # Limits
///
/// Those of [`hdbscan`]. **A single point of `min_cluster_size` can be a cluster.**
///
/// # Errors
///
/// As [`hdbscan`], and [`HdbscanError::Length`] for weights that are not as many as the points.
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::clusters::hdbscan::{HdbscanParams, hdbscan, hdbscan_weighted};
/// use hotblocks::space::coord::Local;
///
/// let at = |x: f64| Local { x, y: 0.0 };
/// let params = HdbscanParams { min_cluster_size: 3, min_samples: 1 };
/// let several = [0.0, 0.0, 2.0, 50.0, 60.0, 60.0, 71.0, 9000.0].map(at);
/// let once = [0.0, 2.0, 50.0, 60.0, 71.0, 9000.0].map(at);
/// let weighted = hdbscan_weighted(&once, &[2, 1, 1, 2, 1, 1], &params)?;
/// assert_eq!(weighted.n_clusters, hdbscan(&several, &params)?.n_clusters);
/// # Ok::<(), hotblocks::analysis::clusters::hdbscan::HdbscanError>(())
/// ```
pub fn hdbscan_weighted(
    points: &[Local],
    weights: &[u32],
    params: &HdbscanParams,
) -> Result<Hierarchical, HdbscanError> {
    check(points, params)?;
    if weights.len() != points.len() {
        return Err(HdbscanError::Length { weights: weights.len(), points: points.len() });
    }
    let weighty: Vec<usize> = (0..points.len()).filter(|&at| weights[at] > 0).collect();
    let places: Vec<Local> = weighty.iter().map(|&at| points[at]).collect();
    let found = run(&places, |at| u64::from(weights[weighty[at]]), params);
    let mut all = Hierarchical {
        label: vec![None; points.len()],
        probability: vec![0.0; points.len()],
        n_clusters: found.n_clusters,
        rank: found.rank,
    };
    for ((at, label), probability) in weighty.into_iter().zip(found.label).zip(found.probability) {
        (all.label[at], all.probability[at]) = (label, probability);
    }
    Ok(all)
}

fn run(points: &[Local], weigh: impl Fn(usize) -> u64, params: &HdbscanParams) -> Hierarchical {
    let HdbscanParams { min_cluster_size, min_samples } = *params;
    let (places, place_of, n_at) = distinct(points, weigh);
    let all: u64 = n_at.iter().sum();
    let rank = (min_samples as u64).min(all.saturating_sub(1)) as usize;
    let tree = KdTree::new(&places);
    let weight: Vec<u64> = tree.given.iter().map(|&place| n_at[place as usize]).collect();
    let near = Near::of(&tree, &weight, rank as u64);
    let links = spanning_tree(&tree, &near);
    let chosen = choose(&links, &weight, &near.core2, min_cluster_size as u64);
    // From the order of the tree to that of the places, which goes from west to east.
    let mut position = vec![0; places.len()];
    tree.given.iter().zip(0..).for_each(|(&place, at): (_, u32)| position[place as usize] = at);
    let mut number = vec![None; chosen.n_clusters];
    let mut numbers = 0..;
    let label: Vec<Option<u32>> = position
        .iter()
        .map(|&at| {
            chosen.label[at as usize].and_then(|l| *number[l as usize].get_or_insert_with(|| numbers.next()))
        })
        .collect();
    Hierarchical {
        label: place_of.iter().map(|&place| label[place as usize]).collect(),
        probability: place_of.iter().map(|&p| chosen.probability[position[p as usize] as usize]).collect(),
        n_clusters: chosen.n_clusters,
        rank,
    }
}

/// The distinct places from west to east, the place of each point, and what the points at each place weigh.
fn distinct(points: &[Local], weigh: impl Fn(usize) -> u64) -> (Vec<Local>, Vec<u32>, Vec<u64>) {
    // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
    let mut sorted: Vec<(Local, u32)> =
        points.iter().zip(0..).map(|(p, i)| (Local { x: p.x + 0.0, y: p.y + 0.0 }, i)).collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let (mut places, mut place_of, mut n_at) = (Vec::new(), vec![0; points.len()], Vec::new());
    for (at, point) in sorted {
        if places.last() != Some(&at) {
            places.push(at);
            n_at.push(0);
        }
        place_of[point as usize] = places.len() as u32 - 1;
        n_at[places.len() - 1] += weigh(point as usize);
    }
    (places, place_of, n_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pile_is_a_cluster_only_beside_another_and_then_its_other_members_have_probability_0() {
        let scattered = [-200.0, -90.0, 110.0, 230.0, 370.0].map(|x| Local { x, y: 0.0 });
        let params = HdbscanParams { min_cluster_size: 10, min_samples: 5 };
        let one = [&[Local::default(); 50][..], &scattered].concat();
        let found = hdbscan(&one, &params).expect("good input");
        assert!(found.n_clusters == 0 && found.label.iter().all(Option::is_none), "{found:?}");
        let far = (0..30).map(|i| Local { x: 90_000.0 + f64::from(i * i), y: 0.0 });
        let two: Vec<Local> = one.iter().copied().chain(far).collect();
        let found = hdbscan(&two, &params).expect("good input");
        assert_eq!((found.n_clusters, found.label[0], found.probability[0]), (2, Some(0), 1.0));
        assert!((50..55).all(|i| found.label[i] == Some(0) && found.probability[i] == 0.0), "{found:?}");
    }
}
