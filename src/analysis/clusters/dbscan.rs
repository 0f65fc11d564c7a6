//! DBSCAN: clusters are where incidents lie close together, of any shape; the rest is noise.

use rayon::prelude::*;

use super::neighborhood::{Bounds, Cells, squared};
use crate::space::coord::{Local, Metres};

/// What clusters are made with. Neither has a default: the two decide what a cluster is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DbscanParams {
    /// Points at this distance or nearer are neighbors.
    pub eps: Metres,
    /// A point with this many neighbors, itself included, is a core point.
    pub min_points: usize,
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
    #[error("{points} points are more than can be clustered at once")]
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
/// numbered by their first core point. A border point in reach of several clusters goes to the lowest number, so its
/// cluster depends on the order of the points; core points, noise and who shares a cluster's core never do.
/// Time O(n log n + n · min(min_points, neighbors)), no neighbor is stored.
/// Source: Ester et al. (1996), KDD-96; cells after Gunawan (2013), *A faster algorithm for DBSCAN*.
///
/// # Limits
///
/// One eps for all: a town and its outskirts need two runs. **Incidents moved to one address form a cluster of their
/// own** once there are `min_points` of them. No test against chance.
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
    let radius = Radius { squared: eps.0 * eps.0 };
    if !(eps.0 > 0.0 && radius.squared.is_normal()) {
        return Err(DbscanError::Eps { eps });
    }
    if min_points == 0 {
        return Err(DbscanError::MinPoints);
    }
    if u32::try_from(points.len()).is_err() {
        return Err(DbscanError::TooMany { points: points.len() });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        return Err(DbscanError::Coordinates { index });
    }
    if points.is_empty() {
        return Ok(Clusters::default());
    }
    let cells = Cells::sorted(points, eps.0).ok_or(DbscanError::Extent { eps })?;
    let core: Vec<bool> = (0..cells.places.len())
        .into_par_iter()
        .map(|place| radius.is_core(&cells, place, min_points as u64))
        .collect();
    let cores = Cores::of(&cells, &core);
    let (number, n_clusters) = cores.numbers(&cells, cores.join(&cells, radius));
    let label: Vec<Option<u32>> = (0..cells.places.len())
        .into_par_iter()
        .map(|place| {
            if core[place] {
                number[cells.cell_of[place] as usize]
            } else {
                cores.reached(&cells, place, &number, radius)
            }
        })
        .collect();
    Ok(Clusters {
        label: cells.place_of.iter().map(|&place| label[place as usize]).collect(),
        core: cells.place_of.iter().map(|&place| core[place as usize]).collect(),
        n_clusters,
    })
}

#[derive(Clone, Copy)]
struct Radius {
    squared: f64,
}

impl Radius {
    fn holds(self, a: Local, b: Local) -> bool {
        squared(a, b) <= self.squared
    }

    /// Whether enough points are near; counts whole cells where it can, and stops when there are enough.
    fn is_core(self, cells: &Cells, place: usize, enough: u64) -> bool {
        let (at, cell) = (cells.places[place], cells.cell_of[place] as usize);
        let mut count = cells.total[cell];
        if count >= enough {
            return true;
        }
        for other in cells.near(cell) {
            let (here, there) = (Bounds::at(at), cells.bounds[other]);
            if here.nearest(there) > self.squared {
                continue;
            }
            if here.farthest(there) <= self.squared {
                count += cells.total[other];
            } else {
                let range = cells.range(other);
                let near = cells.places[range.clone()].iter().zip(&cells.weight[range]);
                count += near.map(|(&q, &w)| if self.holds(at, q) { u64::from(w) } else { 0 }).sum::<u64>();
            }
            if count >= enough {
                return true;
            }
        }
        false
    }

    /// Whether a place of one set is within the radius of one of the other: halves the larger until a bound decides.
    fn joins(self, a: &mut [Local], b: &mut [Local]) -> bool {
        const FEW: usize = 256;
        let (around_a, around_b) = (Bounds::around(a), Bounds::around(b));
        if a.is_empty() || b.is_empty() || around_a.nearest(around_b) > self.squared {
            return false;
        }
        if around_a.farthest(around_b) <= self.squared {
            return true;
        }
        if a.len() * b.len() <= FEW {
            return a.iter().any(|&p| b.iter().any(|&q| self.holds(p, q)));
        }
        let (large, around, small) = if a.len() < b.len() { (b, around_b, a) } else { (a, around_a, b) };
        let middle = large.len() / 2;
        if around.is_wide() {
            large.select_nth_unstable_by(middle, |p, q| p.x.total_cmp(&q.x));
        } else {
            large.select_nth_unstable_by(middle, |p, q| p.y.total_cmp(&q.y));
        }
        let (left, right) = large.split_at_mut(middle);
        self.joins(left, small) || self.joins(right, small)
    }
}

/// The core places alone, cell by cell.
struct Cores {
    places: Vec<Local>,
    start: Vec<u32>,
    bounds: Vec<Bounds>,
}

impl Cores {
    fn of(cells: &Cells, core: &[bool]) -> Self {
        let mut cores = Self { places: Vec::new(), start: vec![0], bounds: Vec::new() };
        for cell in 0..cells.len() {
            let from = cores.places.len();
            let range = cells.range(cell);
            let mine = cells.places[range.clone()].iter().zip(&core[range]);
            cores.places.extend(mine.filter(|(_, core)| **core).map(|(at, _)| *at));
            cores.bounds.push(Bounds::around(&cores.places[from..]));
            cores.start.push(cores.places.len() as u32);
        }
        cores
    }

    fn in_cell(&self, cell: usize) -> &[Local] {
        &self.places[self.start[cell] as usize..self.start[cell + 1] as usize]
    }

    /// Union-find over the cells: the core places of one cell are always together.
    fn join(&self, cells: &Cells, radius: Radius) -> Vec<u32> {
        let mut group: Vec<u32> = (0..cells.len() as u32).collect();
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for cell in (0..cells.len()).filter(|&c| !self.in_cell(c).is_empty()) {
            let here = self.bounds[cell];
            for other in cells.near(cell).filter(|&o| o > cell && !self.in_cell(o).is_empty()) {
                let there = self.bounds[other];
                let (a, b) = (root(&mut group, cell as u32), root(&mut group, other as u32));
                if a == b || here.nearest(there) > radius.squared {
                    continue;
                }
                let close = |at: &&Local, to: Bounds| Bounds::at(**at).nearest(to) <= radius.squared;
                mine.clear();
                mine.extend(self.in_cell(cell).iter().filter(|at| close(at, there)));
                theirs.clear();
                theirs.extend(self.in_cell(other).iter().filter(|at| close(at, here)));
                if radius.joins(&mut mine, &mut theirs) {
                    group[a.max(b) as usize] = a.min(b);
                }
            }
        }
        (0..cells.len() as u32).map(|cell| root(&mut group, cell)).collect()
    }

    /// The cluster's number for each cell with a core place: clusters in the order of their first core point.
    fn numbers(&self, cells: &Cells, group: Vec<u32>) -> (Vec<Option<u32>>, usize) {
        let has_core = |cell: usize| !self.in_cell(cell).is_empty();
        let mut first = vec![u32::MAX; cells.len()];
        for cell in (0..cells.len()).filter(|&c| has_core(c)) {
            let mut core = self.in_cell(cell).iter().peekable();
            for place in cells.range(cell) {
                if core.next_if(|at| **at == cells.places[place]).is_some() {
                    let first = &mut first[group[cell] as usize];
                    *first = cells.first[place].min(*first);
                }
            }
        }
        let mut order: Vec<u32> =
            (0..cells.len() as u32).filter(|&c| group[c as usize] == c && has_core(c as usize)).collect();
        order.sort_unstable_by_key(|&c| first[c as usize]);
        let mut number = vec![None; cells.len()];
        for (n, &group) in order.iter().enumerate() {
            number[group as usize] = Some(n as u32);
        }
        let of_cell = (0..cells.len())
            .map(|cell| if has_core(cell) { number[group[cell] as usize] } else { None })
            .collect();
        (of_cell, order.len())
    }

    /// The lowest cluster with a core place within the radius of a place that is none.
    fn reached(&self, cells: &Cells, place: usize, number: &[Option<u32>], radius: Radius) -> Option<u32> {
        let (at, home) = (cells.places[place], cells.cell_of[place] as usize);
        let mut lowest = number[home];
        for cell in cells.near(home) {
            let better = match (number[cell], lowest) {
                (Some(n), Some(lowest)) => n < lowest,
                (n, None) => n.is_some(),
                (None, _) => false,
            };
            if better
                && Bounds::at(at).nearest(self.bounds[cell]) <= radius.squared
                && self.in_cell(cell).iter().any(|&q| radius.holds(at, q))
            {
                lowest = number[cell];
            }
        }
        lowest
    }
}

fn root(group: &mut [u32], mut v: u32) -> u32 {
    while group[v as usize] != v {
        let up = group[group[v as usize] as usize];
        group[v as usize] = up;
        v = up;
    }
    v
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
    fn clusters_are_numbered_by_their_first_core_point() {
        // The first point is on the border of the second cluster; the second point opens the first one.
        check(&[90.0, 9.0, 100.0, 110.0, 0.0, 18.0], 10.0, 3, &[1, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_border_point_between_two_clusters_goes_to_the_lower_number() {
        let (low, high) = ([0.0, 1.0, 2.0, 3.0], [13.0, 14.0, 15.0, 16.0]);
        let between = [8.0];
        check(&[&between[..], &low, &high].concat(), 5.0, 4, &[0, 0, 0, 0, 0, 1, 1, 1, 1]);
        check(&[&between[..], &high, &low].concat(), 5.0, 4, &[0, 0, 0, 0, 0, 1, 1, 1, 1]);
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

    #[test]
    fn nothing_has_no_clusters() {
        check(&[], 1.0, 1, &[]);
    }
}
