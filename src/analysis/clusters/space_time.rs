//! Clusters in space and time: incidents near each other in both.

use super::dbscan::Clusters;
use super::spanning::root;
use crate::space::coord::{Local, Metres};

/// What clusters are made with. None has a default: the three decide what a cluster is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpaceTimeParams {
    /// Points at this distance or nearer may be neighbors.
    pub eps: Metres,
    /// Points this many days apart or fewer may be neighbors; a part of a day can be asked for.
    pub days: f64,
    /// A point with this many neighbors, itself included, is a core point.
    pub min_points: usize,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceTimeError {
    /// The radius is zero, negative, or no number that can be squared.
    #[error("an eps of {eps} cannot be used; give a length above 0 m")]
    Eps {
        /// What was given.
        eps: Metres,
    },
    /// The span is negative or no number.
    #[error("a span of {days} days cannot be used; give a number from 0 to 36525")]
    Days {
        /// What was given.
        days: f64,
    },
    /// No neighbor at all is asked for.
    #[error("min_points is 0; give at least 1, for a point counts as its own neighbor")]
    MinPoints,
    /// There are more or fewer times than points.
    #[error("there are {times} times for {points} points; give one for each")]
    Length {
        /// How many times.
        times: usize,
        /// How many points.
        points: usize,
    },
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
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
}

/// Finds clusters that are dense in space and time: ST-DBSCAN, exact.
///
/// ```text
/// N(p) = { q : |p − q| ≤ eps and |t(p) − t(q)| ≤ days };   p is core ⇔ |N(p)| ≥ min_points
/// cluster = core points joined by steps to neighbors, and the neighbors of one of them
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `seconds` | when they happened, from any moment on | `n` | s |
/// | `params` | eps, the span in days, and the least number of points | | |
/// | returns | a cluster or noise for each point, in their order | `n` | – |
///
/// Both bounds are included, as in [`dbscan`](super::dbscan::dbscan); times are whole seconds, so a span of 7 days holds
/// exactly. Clusters are numbered from west to east by their first core point, of points at one place by the earliest;
/// a border point goes to the lowest number in reach. Time O(n log n + neighbors), memory O(n).
/// Source: Birant & Kut (2007), *Data & Knowledge Engineering* 60(1), with time as their second distance and without
/// their limit Δε on the difference of values.
///
/// # Limits
///
/// **Neighbors in both, not in the sum**: a point 1 m away is none on the eighth day of seven. A cluster that moves on
/// from day to day stays one cluster however long it lasts. No test against chance: see the Knox statistic for that.
///
/// # Errors
///
/// [`SpaceTimeError`] for bounds that cannot be used, lists that differ in length, coordinates that are none.
///
/// # Examples
///
/// Three incidents at a corner within a week, and one there a month later:
///
/// ```
/// use hotblocks::analysis::clusters::space_time::{SpaceTimeParams, space_time_dbscan};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0.0, 10.0, 20.0, 10.0].map(|x| Local { x, y: 0.0 });
/// let seconds = [0, 3, 7, 37].map(|day| day * 86_400);
/// let params = SpaceTimeParams { eps: Metres(10.0), days: 7.0, min_points: 3 };
/// let clusters = space_time_dbscan(&points, &seconds, &params)?;
/// assert_eq!(clusters.label, [Some(0), Some(0), Some(0), None]);
/// # Ok::<(), hotblocks::analysis::clusters::space_time::SpaceTimeError>(())
/// ```
pub fn space_time_dbscan(
    points: &[Local],
    seconds: &[i64],
    params: &SpaceTimeParams,
) -> Result<Clusters, SpaceTimeError> {
    const FAR: f64 = 1e9;
    let SpaceTimeParams { eps, days, min_points } = *params;
    if !(eps.0 > 0.0 && (eps.0 * eps.0).is_normal()) {
        return Err(SpaceTimeError::Eps { eps });
    }
    if !(0.0..=36_525.0).contains(&days) {
        return Err(SpaceTimeError::Days { days });
    }
    if min_points == 0 {
        return Err(SpaceTimeError::MinPoints);
    }
    if seconds.len() != points.len() {
        return Err(SpaceTimeError::Length { times: seconds.len(), points: points.len() });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(SpaceTimeError::Coordinates { index });
    }
    if 2.0 * FAR / eps.0 > 9e15 {
        return Err(SpaceTimeError::Extent { eps });
    }
    let sorted = Sorted::new(points, seconds, eps, (days * 86_400.0).floor() as i64);
    let n = points.len();
    let core: Vec<bool> = (0..n).map(|at| sorted.near(at).nth(min_points - 1).is_some()).collect();
    let mut group: Vec<u32> = (0..n as u32).collect();
    for at in (0..n).filter(|&at| core[at]) {
        for other in sorted.near(at).take_while(|&other| other < at).filter(|&other| core[other]) {
            let (a, b) = (root(&mut group, at as u32), root(&mut group, other as u32));
            group[a.max(b) as usize] = a.min(b);
        }
    }
    let mut by_place: Vec<usize> = (0..n).filter(|&at| core[at]).collect();
    by_place.sort_unstable_by(|&a, &b| {
        let ((p, s), (q, t)) = (sorted.points[a], sorted.points[b]);
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)).then(s.cmp(&t))
    });
    let mut number = vec![None; n];
    let mut n_clusters = 0;
    for at in by_place {
        let group = root(&mut group, at as u32) as usize;
        number[group].get_or_insert_with(|| {
            n_clusters += 1;
            n_clusters - 1
        });
    }
    let mut clusters =
        Clusters { label: vec![None; n], core: vec![false; n], n_clusters: n_clusters as usize };
    for at in 0..n {
        let mut of = |core: usize| number[root(&mut group, core as u32) as usize];
        let given = sorted.given[at] as usize;
        clusters.core[given] = core[at];
        clusters.label[given] =
            if core[at] { of(at) } else { sorted.near(at).filter(|&other| core[other]).filter_map(of).min() };
    }
    Ok(clusters)
}

/// Points by cell, row after row, and by time within a cell.
struct Sorted {
    points: Vec<(Local, i64)>,
    given: Vec<u32>,
    /// Row and column of each cell that holds a point, and where its points begin.
    cells: Vec<((i64, i64), u32)>,
    cell_of: Vec<u32>,
    eps2: f64,
    span: i64,
}

impl Sorted {
    fn new(points: &[Local], seconds: &[i64], eps: Metres, span: i64) -> Self {
        // A little wider than eps: rounding must not put neighbors two cells apart.
        let side = eps.0 * (1.0 + 1e-6);
        let key = |p: &Local| ((p.y / side).floor() as i64, (p.x / side).floor() as i64);
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            let (p, q) = (points[a as usize], points[b as usize]);
            let by_time = || seconds[a as usize].cmp(&seconds[b as usize]);
            let by_place = || p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)).then(a.cmp(&b));
            key(&p).cmp(&key(&q)).then_with(by_time).then_with(by_place)
        });
        let mut sorted = Self {
            points: order.iter().map(|&i| (points[i as usize], seconds[i as usize])).collect(),
            given: order,
            cells: Vec::new(),
            cell_of: Vec::new(),
            eps2: eps.0 * eps.0,
            span,
        };
        for (at, (place, _)) in (0..).zip(&sorted.points) {
            if sorted.cells.last().is_none_or(|(last, _)| *last != key(place)) {
                sorted.cells.push((key(place), at));
            }
            sorted.cell_of.push(sorted.cells.len() as u32 - 1);
        }
        sorted
    }

    /// The neighbors of a point in the order of the sorted points, itself included.
    fn near(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let (place, time) = self.points[at];
        let (row, column) = self.cells[self.cell_of[at] as usize].0;
        (-1..=1).flat_map(move |up| {
            let from = self.cells.partition_point(|(key, _)| *key < (row + up, column - 1));
            let cells = self.cells[from..].iter().take_while(move |(key, _)| *key <= (row + up, column + 1));
            cells.enumerate().flat_map(move |(i, &(_, begin))| {
                let end = self.cells.get(from + i + 1).map_or(self.points.len(), |next| next.1 as usize);
                let cell = &self.points[begin as usize..end];
                let first = cell.partition_point(|(_, t)| *t < time.saturating_sub(self.span));
                let within =
                    cell[first..].iter().take_while(move |(_, t)| *t <= time.saturating_add(self.span));
                within.enumerate().filter_map(move |(i, &(q, _))| {
                    let (dx, dy) = (place.x - q.x, place.y - q.y);
                    (dx * dx + dy * dy <= self.eps2).then_some(begin as usize + first + i)
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn check(at: &[(f64, i64)], params: (f64, f64, usize), expected: &[i64]) {
        let points: Vec<Local> = at.iter().map(|&(x, _)| Local { x, y: -3.0 }).collect();
        let seconds: Vec<i64> = at.iter().map(|&(_, t)| t).collect();
        let params = SpaceTimeParams { eps: Metres(params.0), days: params.1, min_points: params.2 };
        let found = space_time_dbscan(&points, &seconds, &params).expect("good input");
        let label: Vec<i64> = found.label.iter().map(|l| l.map_or(-1, i64::from)).collect();
        assert_eq!(label, expected);
    }

    #[test]
    fn both_bounds_are_included_and_both_must_hold() {
        check(&[(0.0, 0), (10.0, 7 * DAY)], (10.0, 7.0, 2), &[0, 0]);
        check(&[(0.0, 0), (10.0, 7 * DAY + 1)], (10.0, 7.0, 2), &[-1, -1]);
        check(&[(0.0, 0), (10.01, 7 * DAY)], (10.0, 7.0, 2), &[-1, -1]);
        check(&[(0.0, 5), (0.0, 5)], (10.0, 0.0, 2), &[0, 0]);
        check(&[(0.0, 0), (0.0, DAY / 2)], (10.0, 0.5, 2), &[0, 0]);
        check(&[], (10.0, 0.5, 2), &[]);
    }

    #[test]
    fn a_cluster_may_move_on_from_day_to_day() {
        let at: Vec<(f64, i64)> = (0..20).map(|k| (f64::from(k) * 9.0, i64::from(k) * DAY)).collect();
        check(&at, (10.0, 1.0, 2), &[0; 20]);
    }

    #[test]
    fn a_place_that_is_hot_twice_gives_two_clusters_the_earlier_first() {
        let at = [(0.0, 90 * DAY), (0.0, 91 * DAY), (0.0, 0), (0.0, DAY), (-1e6, 0)];
        check(&at, (10.0, 7.0, 2), &[1, 1, 0, 0, -1]);
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let refused = |eps, days, min_points, seconds: &[i64]| {
            let params = SpaceTimeParams { eps: Metres(eps), days, min_points };
            space_time_dbscan(&[Local::default()], seconds, &params).expect_err("was accepted")
        };
        for eps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(refused(eps, 1.0, 1, &[0]), SpaceTimeError::Eps { .. }));
        }
        for days in [-1.0, f64::NAN, 1e9] {
            assert!(matches!(refused(1.0, days, 1, &[0]), SpaceTimeError::Days { .. }));
        }
        assert_eq!(refused(1.0, 1.0, 0, &[0]), SpaceTimeError::MinPoints);
        assert_eq!(refused(1.0, 1.0, 1, &[]), SpaceTimeError::Length { times: 0, points: 1 });
        assert!(matches!(refused(1e-7, 1.0, 1, &[0]), SpaceTimeError::Extent { .. }));
    }
}
