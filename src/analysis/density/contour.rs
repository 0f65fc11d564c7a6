//! Contours: the region where a density reaches a threshold, or that holds a share of the incidents.

use geo::MultiPolygon;

use super::kde::Density;
use super::marching::{self, Lattice};
use crate::space::coord::Local;

/// Values at points closer than this, relative to their size, count as equal: no threshold is laid between them,
/// because the rounding of a coordinate would decide on which side of the line a point falls.
const SAME: f64 = 1e-12;

/// The threshold whose region holds a wanted share of points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareContour {
    /// Density at the region's border, incidents per km². No point has exactly this value.
    pub threshold: f64,
    /// How many of the points lie in the region.
    pub inside: usize,
}

/// Why there is no contour.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContourError {
    /// The values do not belong to the grid.
    #[error("{values} values were given for {cells} cells; give one for each, of at most 1 billion")]
    Shape {
        /// How many cells the grid has.
        cells: usize,
        /// How many values there are.
        values: usize,
    },
    /// A density is negative or not a number, or the grid's cells are.
    #[error("the density of cell {index} is {value}; give a finite number of at least 0, on a finite grid")]
    Value {
        /// Position of the cell in the grid's order, from 0.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The threshold is not above 0: the region would be the whole plane.
    #[error("a threshold of {threshold} has no contour; give a density above 0")]
    Threshold {
        /// What was given.
        threshold: f64,
    },
    /// The share is not above 0 and at most 1.
    #[error("a share of {share} cannot be used; give a number above 0, up to 1")]
    Share {
        /// What was given.
        share: f64,
    },
    /// A share of no points was wanted.
    #[error("there are no points to hold a share of")]
    NoPoints,
    /// A coordinate is not a number.
    #[error("point {index} has no finite coordinates")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// Too many points lie where the density is 0, mostly off the grid.
    #[error(
        "{wanted} points cannot be held: only {reachable} lie where the density is above 0; widen the grid"
    )]
    Unreachable {
        /// How many points the share asks for.
        wanted: usize,
        /// How many lie where the density is above 0.
        reachable: usize,
    },
}

/// The density at any place, by linear interpolation over triangles between the cells' centers.
///
/// Every square of four neighboring centers is cut along its diagonal from south-west to north-east; on each of the
/// two triangles the field is the plane through its corners. With (x, y) from 0 to 1 within the square:
///
/// ```text
/// f = SW (1 − x) + SE (x − y) + NE y   for x ≥ y
/// f = SW (1 − y) + NW (y − x) + NE x   else
/// ```
///
/// Outside the grid all centers are 0, so the field falls to 0 within one cell and is continuous everywhere.
/// [`contour`] draws the level lines of exactly this field.
///
/// # Examples
///
/// Between two centers the value lies between theirs:
///
/// ```
/// use hotblocks::analysis::density::{contour::value_at, kde::Density};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 2, n_rows: 1 };
/// let density = Density { grid, per_km2: vec![4.0, 8.0] };
/// assert_eq!(value_at(&density, Local { x: 10.0, y: 5.0 }), 6.0);
/// assert_eq!(value_at(&density, Local { x: 30.0, y: 5.0 }), 0.0);
/// ```
#[must_use]
pub fn value_at(density: &Density, at: Local) -> f64 {
    let Density { grid, per_km2 } = density;
    // Squares are counted from the ring of zeros: center (col, row) is corner (col + 1, row + 1).
    let x = (at.x - grid.origin.x) / grid.cell.0 + 0.5;
    let y = (at.y - grid.origin.y) / grid.cell.0 + 0.5;
    let inside = |v: f64, n: usize| v >= 0.0 && v < (n + 1) as f64;
    if !(inside(x, grid.n_cols) && inside(y, grid.n_rows)) {
        return 0.0;
    }
    let (i, j) = (x as usize, y as usize);
    let (x, y) = (x - i as f64, y - j as f64);
    let corner = |i: usize, j: usize| match (i.checked_sub(1), j.checked_sub(1)) {
        (Some(col), Some(row)) if col < grid.n_cols => {
            per_km2.get(row * grid.n_cols + col).copied().unwrap_or(0.0)
        }
        _ => 0.0,
    };
    let (sw, ne) = (corner(i, j), corner(i + 1, j + 1));
    if x >= y {
        sw * (1.0 - x) + corner(i + 1, j) * (x - y) + ne * y
    } else {
        sw * (1.0 - y) + corner(i, j + 1) * (y - x) + ne * x
    }
}

/// The region where the density reaches a threshold, as polygons in local metres.
///
/// ```text
/// { u : f(u) ≥ threshold },   f = value_at
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `density` | the surface | `n_cols × n_rows` | incidents per km² |
/// | `threshold` | density at the border | | incidents per km² |
/// | returns | disjoint polygons, exteriors counter-clockwise, holes clockwise | | m |
///
/// Marching triangles: the field is linear on each triangle, so the lines are exact, no saddle is ambiguous, and no two
/// rings touch. Regions of rising thresholds are nested. A center that has exactly the threshold belongs to the
/// region; lines keep a ten-millionth of a cell away from every center, so that they never meet in one.
/// Time O(cells). Source: Doi & Koide (1991), *IEICE Transactions* E74(1), in two dimensions.
///
/// # Limits
///
/// The lines bend at every triangle: they are as smooth as the cells are small. Below the threshold at all centers,
/// a hot spot smaller than a cell is missed.
///
/// # Errors
///
/// [`ContourError::Shape`] and [`ContourError::Value`] for a density that is none, [`ContourError::Threshold`] unless
/// it is above 0.
///
/// # Examples
///
/// A peak of 2 in a plain of 0 is cut at half its height by a hexagon:
///
/// ```
/// use geo::Area;
/// use hotblocks::analysis::density::{contour::contour, kde::Density};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 1, n_rows: 1 };
/// let region = contour(&Density { grid, per_km2: vec![2.0] }, 1.0)?;
/// assert_eq!(region.0[0].exterior().coords().count(), 7); // the first point is also the last
/// assert!((region.signed_area() - 75.0).abs() < 1e-9); // ¾ of a cell
/// # Ok::<(), hotblocks::analysis::density::contour::ContourError>(())
/// ```
pub fn contour(density: &Density, threshold: f64) -> Result<MultiPolygon, ContourError> {
    check(density)?;
    if !(threshold > 0.0 && threshold.is_finite()) {
        return Err(ContourError::Threshold { threshold });
    }
    Ok(marching::region(&Lattice::padded(density), threshold))
}

/// The highest threshold whose region holds at least a share of the points.
///
/// ```text
/// k = ⌈share · n⌉;   threshold = midpoint of the k-th highest value at a point and the next lower one, or 0
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `density` | the surface | `n_cols × n_rows` | incidents per km² |
/// | `points` | mostly the incidents that made it | `n` | m |
/// | `share` | above 0, up to 1 | | – |
/// | returns | the threshold, and how many points its region holds | | incidents per km² |
///
/// Exact to one point: `inside` is k, unless several points have the k-th value (to 12 digits), which go in together.
/// The threshold lies halfway between two values that occur, so no rounding moves a point across the line, and
/// [`contour`] at this threshold holds exactly `inside` points.
/// Time O(n log n + cells).
///
/// # Limits
///
/// **A share of past incidents**: the region was fitted to them, and will hold fewer of the next ones.
///
/// # Errors
///
/// As [`contour`], and [`ContourError::Share`], [`ContourError::NoPoints`], [`ContourError::Coordinates`];
/// [`ContourError::Unreachable`] if the k-th point lies where the density is 0.
///
/// # Examples
///
/// The smallest region that holds half of four incidents leaves the two that lie alone outside:
///
/// ```
/// use hotblocks::analysis::density::contour::threshold_for_share;
/// use hotblocks::analysis::density::kde::{KdeParams, kde};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let points = [(210.0, 200.0), (225.0, 215.0), (500.0, 480.0), (700.0, 130.0)].map(|(x, y)| Local { x, y });
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(20.0), n_cols: 45, n_rows: 35 };
/// let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(100.0)))?;
/// assert_eq!(threshold_for_share(&density, &points, 0.5)?.inside, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn threshold_for_share(
    density: &Density,
    points: &[Local],
    share: f64,
) -> Result<ShareContour, ContourError> {
    check(density)?;
    if !(share > 0.0 && share <= 1.0) {
        return Err(ContourError::Share { share });
    }
    if points.is_empty() {
        return Err(ContourError::NoPoints);
    }
    if let Some(index) = points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        return Err(ContourError::Coordinates { index });
    }
    let mut values: Vec<f64> = points.iter().map(|&p| value_at(density, p)).collect();
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    let wanted = wanted(share, values.len());
    let mut inside = wanted;
    while inside < values.len() && values[inside - 1] - values[inside] <= SAME * values[inside - 1] {
        inside += 1;
    }
    let next = values.get(inside).copied().unwrap_or(0.0);
    let threshold = f64::midpoint(values[inside - 1], next);
    if threshold <= next {
        let reachable = values.partition_point(|&v| v > 0.0);
        return Err(ContourError::Unreachable { wanted, reachable });
    }
    Ok(ShareContour { threshold, inside })
}

/// ⌈share · n⌉, where 10 % of 30 is 3 although 0.1 · 30 is a little more in binary.
fn wanted(share: f64, n: usize) -> usize {
    let exact = share * n as f64;
    ((exact * (1.0 - 4.0 * f64::EPSILON)).ceil() as usize).clamp(1, n)
}

fn check(density: &Density) -> Result<(), ContourError> {
    let Density { grid, per_km2 } = density;
    let values = per_km2.len();
    let cells = grid.n_cols.saturating_mul(grid.n_rows);
    // Edges of the triangles are numbered in 32 bits, three to a corner.
    let corners = grid.n_cols.saturating_add(2).saturating_mul(grid.n_rows.saturating_add(2));
    if cells != values || corners > (u32::MAX / 4) as usize {
        return Err(ContourError::Shape { cells, values });
    }
    let good = |v: &f64| *v >= 0.0 && v.is_finite();
    if let Some(index) = per_km2.iter().position(|v| !good(v)) {
        return Err(ContourError::Value { index, value: per_km2[index] });
    }
    let (Local { x, y }, cell) = (grid.origin, grid.cell.0);
    if x.is_finite() && y.is_finite() && cell > 0.0 && cell.is_finite() {
        Ok(())
    } else {
        Err(ContourError::Value { index: 0, value: per_km2.first().copied().unwrap_or(0.0) })
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area, Validation};

    use super::*;
    use crate::space::coord::Metres;
    use crate::space::grid::Grid;

    fn density(rows: &[&[f64]]) -> Density {
        let grid = Grid {
            origin: Local { x: 0.0, y: 0.0 },
            cell: Metres(10.0),
            n_cols: rows[0].len(),
            n_rows: rows.len(),
        };
        Density { grid, per_km2: rows.concat() }
    }

    /// Per polygon: its area in cells and how many holes it has.
    fn check(rows: &[&[f64]], threshold: f64, expected: &[(f64, usize)]) {
        let region = contour(&density(rows), threshold).expect("a good threshold");
        assert!(region.is_valid(), "{:?}", region.validation_errors());
        let found: Vec<_> = region.iter().map(|p| (p.signed_area() / 100.0, p.interiors().len())).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found.0 - expected.0).abs() < 1e-5 && found.1 == expected.1,
                "{found:?} is not {expected:?}"
            );
        }
    }

    #[test]
    fn holes_belong_to_the_polygon_around_them() {
        let (o, i) = (0.0, 2.0);
        // A hole, a hole with an island, and an island in the bay on the west; row 0 is the southern one.
        // The line is half a cell from the centers: a triangle with 1, 2, 3 of them inside adds 1/8, 3/8, 1/2 cell.
        check(
            &[
                &[i, i, i, i, i, i, i],
                &[i, o, i, o, o, o, i],
                &[i, i, i, o, i, o, i],
                &[o, o, i, o, o, o, i],
                &[i, o, i, i, i, i, i],
            ],
            1.0,
            &[(21.25, 2), (0.75, 0), (0.75, 0)],
        );
    }

    #[test]
    fn corners_that_meet_across_the_diagonal_are_told_apart() {
        // The diagonal runs from south-west to north-east: those two join, the other two do not.
        check(&[&[2.0, 0.0], &[0.0, 2.0]], 1.0, &[(1.75, 0)]);
        check(&[&[0.0, 2.0], &[2.0, 0.0]], 1.0, &[(0.75, 0), (0.75, 0)]);
    }

    #[test]
    fn a_threshold_that_centers_have_exactly_is_drawn_around_them() {
        check(&[&[1.0]], 1.0, &[(0.0, 0)]);
        check(&[&[1.0, 1.0, 1.0], &[1.0, 0.0, 1.0], &[1.0, 1.0, 1.0]], 1.0, &[(1.0, 1)]);
        check(&[&[1.0, 2.0, 1.0], &[0.0, 1.0, 0.0]], 1.0, &[(1.625, 0)]);
    }

    #[test]
    fn above_the_peak_and_over_nothing_there_is_no_region() {
        check(&[&[1.0, 2.0]], 2.5, &[]);
        let grid = Grid { n_cols: 0, n_rows: 0, ..density(&[&[1.0]]).grid };
        let nothing = Density { grid, per_km2: Vec::new() };
        assert_eq!(contour(&nothing, 1.0).map(|region| region.0.len()), Ok(0));
    }

    #[test]
    fn what_has_no_contour_is_refused() {
        let good = density(&[&[1.0, 2.0]]);
        for threshold in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(contour(&good, threshold), Err(ContourError::Threshold { .. })));
        }
        let short = Density { per_km2: vec![1.0], ..good.clone() };
        assert_eq!(contour(&short, 1.0), Err(ContourError::Shape { cells: 2, values: 1 }));
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            let bad = Density { per_km2: vec![1.0, value], ..good.clone() };
            assert!(matches!(contour(&bad, 1.0), Err(ContourError::Value { index: 1, .. })));
        }
        let at = [Local { x: 5.0, y: 5.0 }, Local { x: 500.0, y: 5.0 }];
        for share in [0.0, -0.5, 1.5, f64::NAN] {
            assert!(matches!(threshold_for_share(&good, &at, share), Err(ContourError::Share { .. })));
        }
        assert_eq!(threshold_for_share(&good, &[], 0.5), Err(ContourError::NoPoints));
        let unreachable = ContourError::Unreachable { wanted: 2, reachable: 1 };
        assert_eq!(threshold_for_share(&good, &at, 0.9), Err(unreachable));
        let nowhere = [Local { x: f64::NAN, y: 0.0 }];
        assert_eq!(threshold_for_share(&good, &nowhere, 0.5), Err(ContourError::Coordinates { index: 0 }));
    }

    #[test]
    fn a_tenth_of_thirty_is_three() {
        assert_eq!((wanted(0.1, 30), wanted(0.5, 3), wanted(1.0, 7), wanted(1e-9, 7)), (3, 2, 7, 1));
    }

    #[test]
    fn points_on_one_spot_go_in_together() {
        let spots = [Local { x: 5.0, y: 5.0 }, Local { x: 15.0, y: 5.0 }];
        let at = [spots[0], spots[1], spots[0], spots[0]];
        let density = density(&[&[1.0, 2.0]]);
        let one = threshold_for_share(&density, &at, 0.25);
        assert_eq!(one, Ok(ShareContour { threshold: 1.5, inside: 1 }));
        let all = threshold_for_share(&density, &at, 0.3);
        assert_eq!(all, Ok(ShareContour { threshold: 0.5, inside: 4 }));
    }
}
