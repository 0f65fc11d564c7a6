//! STAC: the circles of a lattice that hold the most incidents, joined where they share some.

use super::kd_tree::KdTree;
use super::nnh::{Count, Free};
use super::places::distinct;
use super::spanning::root;
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

/// Rows and columns of the lattice.
pub const LATTICE: usize = 20;
/// Circles that are looked at.
pub const CIRCLES: usize = 25;

/// Where the circles stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lattice {
    /// Every other row is half a column to the east. CrimeStat's default.
    #[default]
    Triangular,
    /// All rows alike.
    Rectangular,
}

/// What clusters are made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StacParams {
    /// The search radius; circles are √2 times as wide, so that they overlap. CrimeStat takes half a mile.
    pub radius: Metres,
    /// The least number of points of a cluster. CrimeStat takes 5.
    pub min_points: usize,
    /// Where the circles stand.
    pub lattice: Lattice,
}

/// A cluster of circles that share points.
#[derive(Clone, Debug, PartialEq)]
pub struct StacCluster {
    /// Positions of the points, ascending.
    pub members: Vec<usize>,
    /// Middles of the circles, the one with the most points first.
    pub circles: Vec<Local>,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StacError {
    /// The radius is none.
    #[error("a radius of {radius} cannot be used; give a length above 0 and below 1e9 m")]
    Radius {
        /// What was given.
        radius: Metres,
    },
    /// A cluster of one point is none.
    #[error("min_points is {given}; give at least 2")]
    MinPoints {
        /// What was given.
        given: usize,
    },
    /// The lattice has no area.
    #[error("the area of the lattice has no width or height; give a box around the study area")]
    Area,
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
}

/// Clusters by Spatial and Temporal Analysis of Crime, as CrimeStat describes it.
///
/// 1. A lattice of 20 × 20 nodes is laid over the area, from edge to edge, with a circle of radius √2 · `radius` on each.
/// 2. Circles with at least 2 points are ranked by their points; the 25 best are kept.
/// 3. Circles that share a point are joined, until none do. Clusters below `min_points` are dropped.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `area` | the box that the lattice is laid over | | m |
/// | `params` | radius, least number of points, shape of the lattice | | |
/// | returns | clusters, the one with the most points first | | |
///
/// Circles with equally many points go from west to east, then from south to north. Time O(n log n + points in circles).
/// Source: Block (1995), in *Crime Analysis Through Computer Mapping*; Levine, *CrimeStat IV*, ch. 8.
///
/// # Limits
///
/// **The lattice follows the box**: another study area shifts the circles, and small radii leave gaps between them, where
/// no incident is ever in a cluster. Kept for comparison with older studies; DBSCAN has neither defect.
///
/// # Errors
///
/// [`StacError`] for a radius, least number, area or coordinates that cannot be used.
///
/// # Examples
///
/// By hand: a box of 190 m has nodes every 10 m. Around (50, 50) the circles of radius √2 · 5 = 7.07 m that hold the
/// three points are joined; the two points in the corner are too few.
///
/// ```
/// use hotblocks::analysis::clusters::stac::{Lattice, StacParams, stac};
/// use hotblocks::space::bbox::LocalBox;
/// use hotblocks::space::coord::{Local, Metres};
///
/// let area = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 190.0, y: 190.0 } };
/// let points = [(50.0, 50.0), (52.0, 50.0), (54.0, 50.0), (190.0, 190.0), (190.0, 190.0)];
/// let points = points.map(|(x, y)| Local { x, y });
/// let params = StacParams { radius: Metres(5.0), min_points: 3, lattice: Lattice::Rectangular };
/// let clusters = stac(&points, area, &params)?;
/// assert_eq!(clusters.len(), 1);
/// assert_eq!(clusters[0].members, [0, 1, 2]);
/// assert_eq!(clusters[0].circles[0], Local { x: 50.0, y: 50.0 });
/// # Ok::<(), hotblocks::analysis::clusters::stac::StacError>(())
/// ```
pub fn stac(points: &[Local], area: LocalBox, params: &StacParams) -> Result<Vec<StacCluster>, StacError> {
    const FAR: f64 = 1e9;
    let StacParams { radius, min_points, lattice } = *params;
    if !(radius.0 > 0.0 && radius.0 < FAR) {
        return Err(StacError::Radius { radius });
    }
    if min_points < 2 {
        return Err(StacError::MinPoints { given: min_points });
    }
    let (width, height) = (area.width().0, area.height().0);
    if !(width > 0.0
        && height > 0.0
        && [area.min, area.max].iter().all(|p| p.x.abs() <= FAR && p.y.abs() <= FAR))
    {
        return Err(StacError::Area);
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(StacError::Coordinates { index });
    }
    let (places, members) = distinct(points);
    let tree = KdTree::new(&places);
    let free = vec![false; places.len()];
    let last = (LATTICE - 1) as f64;
    let nodes =
        (0..LATTICE).flat_map(|row| (0..LATTICE).map(move |column| (row, column))).map(|(row, column)| {
            let half = if lattice == Lattice::Triangular && row % 2 == 1 { 0.5 } else { 0.0 };
            let (right, up) = ((column as f64 + half) / last, row as f64 / last);
            Local { x: area.min.x + right * width, y: area.min.y + up * height }
        });
    let d2 = 2.0 * radius.0 * radius.0;
    let n_at: Vec<usize> = tree.given.iter().map(|&place| members[place as usize].len()).collect();
    // All are counted; who lies in them is only asked of those that are kept.
    let count = |node: Local| {
        let mut search = Count { taken: &free, n_at: &n_at, d2, n: 0, met: 0 };
        tree.walk(node, &mut search);
        (search.n, node)
    };
    let mut counted: Vec<_> = nodes.map(count).filter(|(n, _)| *n >= 2).collect();
    counted.sort_by(|(n, a), (m, b)| m.cmp(n).then(a.x.total_cmp(&b.x)).then(a.y.total_cmp(&b.y)));
    counted.truncate(CIRCLES);
    let circle = |(n, node): (usize, Local)| {
        let mut search = Free { taken: &free, d2, found: Vec::new() };
        tree.walk(node, &mut search);
        (n, node, search.found)
    };
    let circles: Vec<_> = counted.into_iter().map(circle).collect();
    // Circles that share a place, by the first circle that holds it.
    let mut group: Vec<u32> = (0..circles.len() as u32).collect();
    let mut first = vec![None; places.len()];
    for ((_, _, found), circle) in circles.iter().zip(0..) {
        for &at in found {
            let other = *first[at as usize].get_or_insert(circle);
            let (a, b) = (root(&mut group, circle), root(&mut group, other));
            group[a.max(b) as usize] = a.min(b);
        }
    }
    let mut clusters: Vec<StacCluster> = Vec::new();
    for lowest in 0..circles.len() as u32 {
        let mine: Vec<usize> = (0..circles.len()).filter(|&c| root(&mut group, c as u32) == lowest).collect();
        let mut at: Vec<u32> = mine.iter().flat_map(|&circle| circles[circle].2.iter().copied()).collect();
        at.sort_unstable();
        at.dedup();
        let mut members: Vec<usize> = (at.iter())
            .flat_map(|&at| members[tree.given[at as usize] as usize].iter().map(|&point| point as usize))
            .collect();
        members.sort_unstable();
        if members.len() >= min_points {
            clusters.push(StacCluster { members, circles: mine.iter().map(|&c| circles[c].1).collect() });
        }
    }
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.members.len()));
    Ok(clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes every 10 m.
    const AREA: LocalBox = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 190.0, y: 190.0 } };

    fn found(at: &[(f64, f64)], radius: f64, lattice: Lattice) -> Vec<(Vec<usize>, usize)> {
        let points: Vec<Local> = at.iter().map(|&(x, y)| Local { x, y }).collect();
        let params = StacParams { radius: Metres(radius), min_points: 2, lattice };
        let found = stac(&points, AREA, &params).expect("good input");
        found.into_iter().map(|c| (c.members, c.circles.len())).collect()
    }

    #[test]
    fn circles_that_share_a_point_are_one_cluster() {
        // Circles of 10.2 m on nodes every 10 m: the pairs share none, until a point between them lies in a circle of both.
        let pairs = [(51.0, 50.0), (59.0, 50.0), (71.0, 50.0), (79.0, 50.0)];
        assert_eq!(found(&pairs, 7.2, Lattice::Rectangular).len(), 2);
        let tied = [&pairs[..], &[(65.0, 50.0)]].concat();
        assert_eq!(found(&tied, 7.2, Lattice::Rectangular).len(), 1);
        let apart = [(50.0, 50.0), (51.0, 50.0), (90.0, 50.0), (91.0, 50.0)];
        let clusters = found(&apart, 3.0, Lattice::Rectangular);
        assert_eq!(clusters, [(vec![0, 1], 1), (vec![2, 3], 1)]);
    }

    #[test]
    fn every_other_row_of_the_triangular_lattice_is_half_a_column_east() {
        // The node (55, 10) is there only in the triangular lattice; circles of 1.4 m.
        let at = [(55.0, 10.0), (55.5, 10.0)];
        assert_eq!(found(&at, 1.0, Lattice::Triangular), [(vec![0, 1], 1)]);
        assert_eq!(found(&at, 1.0, Lattice::Rectangular), []);
    }

    #[test]
    fn only_the_best_circles_count() {
        // Thirty nodes with two points each; one more with three.
        let mut at: Vec<(f64, f64)> = Vec::new();
        for k in 0..30 {
            at.extend([(f64::from(k % 15) * 10.0, f64::from(k / 15) * 20.0); 2]);
        }
        at.extend([(180.0, 180.0); 3]);
        let clusters = found(&at, 1.0, Lattice::Rectangular);
        assert_eq!((clusters.len(), clusters[0].0.clone()), (CIRCLES, vec![60, 61, 62]));
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let good = StacParams { radius: Metres(5.0), min_points: 2, lattice: Lattice::Triangular };
        let refused =
            |area, params, x| stac(&[Local { x, y: 0.0 }], area, &params).expect_err("was accepted");
        for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let params = StacParams { radius: Metres(radius), ..good };
            assert!(matches!(refused(AREA, params, 0.0), StacError::Radius { .. }));
        }
        assert_eq!(
            refused(AREA, StacParams { min_points: 1, ..good }, 0.0),
            StacError::MinPoints { given: 1 }
        );
        assert_eq!(refused(LocalBox { max: AREA.min, ..AREA }, good, 0.0), StacError::Area);
        assert_eq!(refused(AREA, good, f64::NAN), StacError::Coordinates { index: 0 });
    }
}
