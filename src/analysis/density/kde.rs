//! Kernel density: how many incidents per square kilometre lie around a place.

use rayon::prelude::*;

use super::crowds::Crowds;
use super::input::{Place, check, check_grid, finite, places};
use super::kernel::Kernel;
use super::rims::rims;
use super::stamp::stamp;
use super::strips::{Lanes, Strips};
use super::sweep::{STRIP, inner, sweep};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// What a density is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KdeParams {
    /// How the influence fades.
    pub kernel: Kernel,
    /// Radius of the kernel: incidents at this distance and beyond do not count. Of the Gaussian see [`Kernel`].
    pub bandwidth: Metres,
}

impl KdeParams {
    /// The field's usual kernel with a bandwidth.
    #[must_use]
    pub const fn quartic(bandwidth: Metres) -> Self {
        Self { kernel: Kernel::Quartic, bandwidth }
    }
}

/// A density surface: one value for the middle of each cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// Where the cells lie.
    pub grid: Grid,
    /// Incidents per km² in the grid's order: row by row from the south-west.
    pub per_km2: Vec<f64>,
}

impl Density {
    /// The incidents under the surface: density × area of a cell, summed.
    ///
    /// Close to the sum of the weights when the grid reaches a bandwidth beyond every incident.
    #[must_use]
    pub fn integral(&self) -> f64 {
        self.per_km2.iter().sum::<f64>() * (self.grid.cell.0 / 1e3).powi(2)
    }

    /// The highest value, incidents per km²; 0 for a grid without cells.
    #[must_use]
    pub fn peak(&self) -> f64 {
        // Eight maxima side by side: one after the other would wait for each. What is no number is larger than any.
        let mut most = [0.0_f64; 8];
        for some in self.per_km2.chunks(8) {
            for (most, value) in most.iter_mut().zip(some) {
                *most = if *value <= *most { *most } else { value.min(f64::INFINITY) };
            }
        }
        most.into_iter().fold(0.0, f64::max)
    }
}

/// Why there is no density.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KdeError {
    /// The bandwidth is zero, negative or not a number.
    #[error("a bandwidth of {bandwidth} cannot be used; give a length above 0 m")]
    Bandwidth {
        /// What was given.
        bandwidth: Metres,
    },
    /// Weights and points are not pairs.
    #[error("{weights} weights were given for {points} points; give one for each, or none")]
    Length {
        /// How many points.
        points: usize,
        /// How many weights.
        weights: usize,
    },
    /// A weight is negative or not a number.
    #[error("weight {index} is {weight}; give a finite number of at least 0")]
    Weight {
        /// Position of the weight, from 0.
        index: usize,
        /// What was given.
        weight: f64,
    },
    /// A coordinate is not a number.
    #[error("point {index} has no finite coordinates")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// The grid's corner is not finite, or its cells have no side or are wider than the Earth.
    #[error("a grid with cells of {cell} cannot be used; lay it from a finite corner with a side above 0 m")]
    Grid {
        /// The side of its cells.
        cell: Metres,
    },
    /// Direct sums over so many kernels that reach so far would take minutes.
    #[error(
        "{kernels} kernels with a bandwidth of {bandwidth} are too many sums; give at most {most}, or larger cells"
    )]
    Work {
        /// The bandwidth.
        bandwidth: Metres,
        /// How many kernels: of distinct places, or of cells near a border.
        kernels: usize,
        /// The longest bandwidth that fits.
        most: Metres,
    },
    /// The cells around the grid, as far as a kernel reaches, would be too many.
    #[error(
        "a bandwidth of {bandwidth} asks for too many cells around the grid; give at most {most}, or larger cells"
    )]
    Margin {
        /// The bandwidth.
        bandwidth: Metres,
        /// The longest that fits.
        most: Metres,
    },
    /// Counts were made with another grid.
    #[error("counts of {} × {} cells do not fit a grid of {} × {}; count the incidents in that grid", .counts.0, .counts.1, .grid.0, .grid.1)]
    Counts {
        /// Columns and rows of the counts.
        counts: (usize, usize),
        /// Columns and rows of the grid.
        grid: (usize, usize),
    },
    /// A live surface has no such capacity.
    #[error("a capacity of {capacity} cannot be used; give a number from 4096, below 1e100")]
    Capacity {
        /// What was given.
        capacity: f64,
    },
    /// Weights cannot fade so.
    #[error("a decay of {tau} cannot be used; give a finite time above 0")]
    Decay {
        /// What was given.
        tau: f64,
    },
    /// An incident of a live surface has no time.
    #[error("an incident at the time {when} cannot be kept; give a finite time")]
    Time {
        /// What was given.
        when: f64,
    },
    /// A live surface is full.
    #[error(
        "a weight of {total} is more than the capacity of {capacity}; make the surface with a larger one"
    )]
    Full {
        /// What all incidents would weigh together.
        total: f64,
        /// What they may.
        capacity: f64,
    },
    /// Some densities would be too large to write down.
    #[error(
        "a weight of {total} within {bandwidth} is denser than a number can tell; give a longer bandwidth or smaller weights"
    )]
    Overflow {
        /// Sum of the weights.
        total: f64,
        /// The bandwidth.
        bandwidth: Metres,
    },
}

/// Density of incidents at the middle of every cell, by exact sums over all incidents.
///
/// ```text
/// λ(u) = Σᵢ wᵢ K(|u − sᵢ|),   K of [`Kernel`]: the quartic is 3/(π h²) (1 − d²/h²)²  for d < h
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `weights` | how much each counts; `None`: 1 each | `n` | incidents |
/// | `grid` | the cells | `n_cols × n_rows` | m |
/// | `params` | the kernel and its bandwidth h, a radius | | m |
/// | returns | density in the grid's order | `n_cols × n_rows` | incidents per km² |
///
/// Uniform, Epanechnikov, quartic and triweight kernels are polynomials: each raster row is swept once with difference
/// arrays of their coefficients, so the time is O(n log n + n · 2h/cell + cells), however many columns the kernel spans.
/// With tens of thousands of incidents, quartic kernels of places in the same cell are swept as one wherever all of them
/// reach, by sums of powers of their coordinates, and one by one only in cells that some reach and others do not.
/// It agrees with direct sums to 1e-12 (triweight: 1e-11) of the height the surface would have if all incidents lay on one
/// spot, mostly far better. Triangular and Gaussian kernels, and those of less than 4 cells, are summed directly in O(n · (h/cell)²); the
/// Gaussian to 8.6 standard deviations, where it is below 1e-16 of its height. A cell without an incident nearer than the
/// radius is exactly 0; within a billionth of h of that rim it may be 0 as well. The answer is the same to the last bit for
/// any order of the input and any number of threads, and on any x86-64 processor (the Gaussian to 1e-15, as exponentials are).
/// Source: Silverman (1986), *Density Estimation*, eq. 4.5; sweep after Chan et al. (2022), SIGMOD, "SLAM".
///
/// # Limits
///
/// No edge correction: near the rim of the data the density is too low. The bandwidth decides the picture, the cell
/// hardly; there is no default. **Coordinates that were moved to block centers do not support a density finer than a
/// block.**
///
/// # Errors
///
/// [`KdeError`] for a bandwidth or cell not above 0, weights that are negative, not finite or not one per point, and
/// coordinates that are not finite. No points at all give zeros.
///
/// # Examples
///
/// One incident spreads over a disc, and the surface holds one incident:
///
/// ```
/// use hotblocks::analysis::density::kde::{KdeParams, kde};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: -250.0, y: -250.0 }, cell: Metres(20.0), n_cols: 25, n_rows: 25 };
/// let density = kde(&[Local { x: 0.0, y: 0.0 }], None, &grid, &KdeParams::quartic(Metres(200.0)))?;
/// assert!((density.peak() - 23.873_241).abs() < 1e-6); // 3 / (π 0.2²) per km²
/// assert!((density.integral() - 1.0).abs() < 1e-3);
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
pub fn kde(
    points: &[Local],
    weights: Option<&[f64]>,
    grid: &Grid,
    params: &KdeParams,
) -> Result<Density, KdeError> {
    check_grid(grid)?;
    let height = check(points, weights, *params)?;
    let KdeParams { kernel, bandwidth } = *params;
    let mut density = Density { grid: *grid, per_km2: vec![0.0; grid.len()] };
    if grid.is_empty() {
        return Ok(density);
    }
    let polynomial = !matches!(kernel, Kernel::Triangular | Kernel::Gaussian);
    let swept = polynomial && bandwidth.0 >= NARROW * grid.cell.0;
    let (width, reach) = (swept.then_some(STRIP), (bandwidth.0, kernel.reach()));
    let lanes = Lanes::new(grid, reach, width);
    let crowds = (swept && kernel == Kernel::Quartic)
        .then(|| Crowds::new(points, weights, grid, bandwidth, lanes))
        .flatten();
    let out = &mut density.per_km2;
    if let Some((crowds, (alone, weights))) = crowds {
        let strips = Strips::new(&alone, Some(&weights), grid, reach, width);
        sweep(kernel, &strips, Some(&crowds), grid, bandwidth, height, out);
        rims(&crowds, grid, bandwidth, inner(grid, bandwidth), height, out);
        return Ok(density);
    }
    let strips = Strips::new(points, weights, grid, reach, width);
    if strips.is_empty() {
        return Ok(density);
    }
    if swept {
        sweep(kernel, &strips, None, grid, bandwidth, height, out);
    } else {
        stamp(kernel, &strips, grid, bandwidth, height, out);
    }
    Ok(density)
}

/// Kernels with a radius of fewer cells are stamped: a sweep would do more work than that.
const NARROW: f64 = 4.0;

/// Density of incidents at given places, by direct sums: the same λ as [`kde`], without a grid.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `weights` | how much each counts; `None`: 1 each | `n` | incidents |
/// | `at` | where the density is asked | `m` | m |
/// | returns | density in the order of `at` | `m` | incidents per km² |
///
/// Time O(n log n + m · incidents within h north and south). Source: as [`kde`].
///
/// # Limits
///
/// **An incident counts at its own place**: asked at the incidents themselves, every density is at least 3/(π h²).
///
/// # Errors
///
/// As [`kde`]; [`KdeError::Coordinates`] also for a place of `at`.
///
/// # Examples
///
/// Half a bandwidth away the quartic kernel has fallen to (1 − ¼)² = 9/16 of its height:
///
/// ```
/// use hotblocks::analysis::density::kde::{KdeParams, kde_at};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let at = [0.0, 100.0, 200.0].map(|x| Local { x, y: 0.0 });
/// let density = kde_at(&at[..1], None, &at, &KdeParams::quartic(Metres(200.0)))?;
/// assert!((density[1] / density[0] - 0.5625).abs() < 1e-12 && density[2] == 0.0);
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
pub fn kde_at(
    points: &[Local],
    weights: Option<&[f64]>,
    at: &[Local],
    params: &KdeParams,
) -> Result<Vec<f64>, KdeError> {
    if let Some(index) = at.iter().position(|&p| !finite(p)) {
        return Err(KdeError::Coordinates { index });
    }
    let (places, height) = places(points, weights, *params)?;
    let (h, kernel) = (params.bandwidth.0, params.kernel);
    let reach = kernel.reach() * h;
    let sum = |q: &Local| {
        let from = places.partition_point(|p| p.y <= q.y - reach);
        let near = places[from..].iter().take_while(|p| p.y < q.y + reach);
        let one = |p: &Place| {
            let (dx, dy) = ((p.x - q.x) / h, (p.y - q.y) / h);
            p.weight * kernel.shape(dx * dx + dy * dy)
        };
        near.map(one).sum::<f64>() * height
    };
    Ok(at.par_iter().map(sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 20, n_rows: 15 };
    const POINT: Local = Local { x: 95.0, y: 75.0 };

    fn refused(points: &[Local], weights: Option<&[f64]>, grid: &Grid, bandwidth: f64) -> KdeError {
        let params = KdeParams::quartic(Metres(bandwidth));
        kde(points, weights, grid, &params).expect_err("was accepted")
    }

    #[test]
    fn what_cannot_be_a_density_is_refused() {
        for h in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(refused(&[], None, &GRID, h), KdeError::Bandwidth { .. }));
        }
        let length = refused(&[POINT], Some(&[]), &GRID, 1.0);
        assert_eq!(length, KdeError::Length { points: 1, weights: 0 });
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            let error = refused(&[POINT; 2], Some(&[1.0, weight]), &GRID, 1.0);
            assert!(matches!(error, KdeError::Weight { index: 1, .. }));
        }
        let nowhere = Local { x: 0.0, y: f64::NAN };
        assert_eq!(refused(&[POINT, nowhere], None, &GRID, 1.0), KdeError::Coordinates { index: 1 });
        for cell in [0.0, -1.0, f64::NAN, 1e9] {
            let grid = Grid { cell: Metres(cell), ..GRID };
            assert!(matches!(refused(&[POINT], None, &grid, 1.0), KdeError::Grid { .. }));
        }
        assert!(matches!(refused(&[POINT], None, &GRID, 1e-160), KdeError::Overflow { .. }));
        assert!(matches!(refused(&[POINT; 2], Some(&[1e308; 2]), &GRID, 1.0), KdeError::Overflow { .. }));
        let params = KdeParams::quartic(Metres(1.0));
        assert_eq!(kde_at(&[], None, &[nowhere], &params), Err(KdeError::Coordinates { index: 0 }));
    }

    #[test]
    fn no_points_and_weightless_points_give_zeros() {
        let params = KdeParams::quartic(Metres(100.0));
        let nothing = kde(&[], None, &GRID, &params).expect("good input");
        assert_eq!(nothing.per_km2, vec![0.0; 300]);
        assert_eq!((nothing.peak(), nothing.integral()), (0.0, 0.0));
        assert_eq!(kde(&[POINT], Some(&[0.0]), &GRID, &params), Ok(nothing));
        assert_eq!(kde_at(&[], None, &[POINT], &params), Ok(vec![0.0]));
    }

    #[test]
    fn a_center_exactly_on_the_rim_is_zero() {
        // 95 ± 50 and 75 ± 50 are centers of cells, and so are (95 ± 30, 75 ± 40).
        let density = kde(&[POINT], None, &GRID, &KdeParams::quartic(Metres(50.0))).expect("good input");
        for row in 0..15 {
            for col in 0..20 {
                let (dx, dy) = (col as i32 - 9, row as i32 - 7);
                let value = density.per_km2[row * 20 + col];
                assert_eq!(value > 0.0, dx * dx + dy * dy < 25, "column {col}, row {row}: {value}");
            }
        }
    }

    #[test]
    fn a_sweep_agrees_with_direct_sums_as_far_as_is_said_of_its_kernel() {
        // An incident in every cell: the sums of a row never come back to nothing.
        let grid = Grid { n_cols: 60, n_rows: 50, ..GRID };
        let at: Vec<Local> = (0..grid.len()).map(|i| grid.center(i % 60, i / 60)).collect();
        for (kernel, bound) in [
            (Kernel::Uniform, 1e-12),
            (Kernel::Epanechnikov, 1e-12),
            (Kernel::Quartic, 1e-12),
            (Kernel::Triweight, 1e-11),
        ] {
            for h in [41.3, 57.7, 123.4, 301.2] {
                let params = KdeParams { kernel, bandwidth: Metres(h) };
                let swept = kde(&at, None, &grid, &params).expect("good input").per_km2;
                let direct = kde_at(&at, None, &at, &params).expect("good input");
                let most = kernel.constant() * 1e6 / (h * h) * at.len() as f64;
                for (swept, direct) in swept.iter().zip(&direct) {
                    let off = (swept - direct).abs() / most;
                    assert!(off <= bound, "{kernel:?}, {h} m: {swept} for {direct}, {off:e} of the height");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_is_not_hidden_by_a_peak() {
        let mut density = Density { grid: GRID, per_km2: vec![1.0; 300] };
        density.per_km2[7] = f64::NAN;
        assert_eq!(density.peak(), f64::INFINITY);
    }

    #[test]
    fn a_far_outlier_changes_nothing() {
        let params = KdeParams::quartic(Metres(50.0));
        let near = kde(&[POINT], None, &GRID, &params).expect("good input");
        let far = [POINT, Local { x: 1e300, y: POINT.y }, Local { x: -1e300, y: -1e300 }];
        assert_eq!(kde(&far, None, &GRID, &params), Ok(near));
    }

    #[test]
    fn a_pile_next_to_a_single_incident_leaves_it_its_digits() {
        let pile = Local { x: 5.0, y: 75.0 };
        let params = KdeParams::quartic(Metres(40.0));
        let both = kde(&[pile, POINT], Some(&[1e6, 1.0]), &GRID, &params).expect("good input");
        let alone = kde(&[POINT], None, &GRID, &params).expect("good input");
        let at = 7 * 20 + 9;
        assert!((both.per_km2[at] - alone.per_km2[at]).abs() < 1e-12 * both.peak());
    }
}
