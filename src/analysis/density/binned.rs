//! Binned density: incidents are counted in cells first, and each cell is smoothed as a whole, with a bound of the error.

use multiversion::multiversion;
use rayon::prelude::*;

use super::error_bound::{self, ErrorBound};
use super::input::{check_grid, check_places, check_weights, fits};
use super::kde::{Density, KdeError, KdeParams};
use super::kernel::Kernel;
use super::separable;
use super::transform::{Frame, Taps, convolve};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// Incidents per cell of a grid: what a surface needs to know of them, however many they are.
///
/// Counts are whole numbers, so those of months and categories can be kept, added and taken away without any rounding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    cells: Vec<u32>,
    n_cols: usize,
    n_rows: usize,
}

impl Counts {
    /// Counts incidents in the cells they lie in; those beyond the grid are in none. Time O(n + cells).
    #[must_use]
    pub fn of(points: &[Local], grid: &Grid) -> Self {
        Self::and_beyond(points, grid).0
    }

    /// The counts, and how many lie in no cell.
    fn and_beyond(points: &[Local], grid: &Grid) -> (Self, u32) {
        let none = grid.len() as u32;
        // One more cell, for what lies in none.
        let mut cells = vec![0_u32; grid.len() + 1];
        let mut keys = [0_u32; BATCH];
        for points in points.chunks(BATCH) {
            cells_of(points, grid, none, &mut keys);
            for &key in &keys[..points.len()] {
                let cell = &mut cells[key as usize];
                *cell = cell.saturating_add(1);
            }
        }
        let beyond = cells[grid.len()];
        cells.truncate(grid.len());
        (Self { cells, n_cols: grid.n_cols, n_rows: grid.n_rows }, beyond)
    }

    /// Incidents per cell, row by row from the south-west.
    #[must_use]
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// Adds the counts of the same grid, say those of another month. Of other sizes nothing is added, and `false` returned.
    pub fn add(&mut self, other: &Self) -> bool {
        let same = (self.n_cols, self.n_rows) == (other.n_cols, other.n_rows);
        if same {
            self.cells
                .iter_mut()
                .zip(&other.cells)
                .for_each(|(cell, more)| *cell = cell.saturating_add(*more));
        }
        same
    }

    /// Takes away counts that were added before; as [`Counts::add`].
    pub fn remove(&mut self, other: &Self) -> bool {
        let same = (self.n_cols, self.n_rows) == (other.n_cols, other.n_rows);
        if same {
            self.cells
                .iter_mut()
                .zip(&other.cells)
                .for_each(|(cell, less)| *cell = cell.saturating_sub(*less));
        }
        same
    }
}

/// A binned surface, and how far it may be from the exact one.
#[derive(Clone, Debug, PartialEq)]
pub struct Binned {
    /// The surface.
    pub density: Density,
    /// How far its values may be from those of [`kde`](super::kde::kde).
    pub error: ErrorBound,
}

/// How many incidents are looked up at once.
const BATCH: usize = 64;

/// Cells that places lie in, as [`cell_of`]; `none` for those beyond the grid. Written so that the compiler vectorises it.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn cells_of(points: &[Local], grid: &Grid, none: u32, keys: &mut [u32; BATCH]) {
    // Added to a number from 0 to 2³², this leaves it, rounded, in the low 32 bits.
    const ROUND: f64 = 4_503_599_627_370_496.0;
    let scale = 1.0 / grid.cell.0;
    let (n_cols, n_rows) = (grid.n_cols as f64, grid.n_rows as f64);
    let floor = |x: f64| {
        let near = (x + ROUND) - ROUND;
        if near > x { near - 1.0 } else { near }
    };
    for (key, p) in keys.iter_mut().zip(points) {
        let (col, row) = ((p.x - grid.origin.x) * scale, (p.y - grid.origin.y) * scale);
        let inside = (col >= 0.0) & (row >= 0.0) & (col < n_cols) & (row < n_rows);
        let cell = (floor(row) * n_cols + floor(col) + ROUND).to_bits() as u32;
        *key = if inside { cell } else { none };
    }
}

/// Cell that a place lies in; the northern and eastern rims belong to the next.
fn cell_of(p: Local, grid: &Grid) -> Option<usize> {
    let scale = 1.0 / grid.cell.0;
    let (col, row) = ((p.x - grid.origin.x) * scale, (p.y - grid.origin.y) * scale);
    let inside = col >= 0.0 && row >= 0.0 && col < grid.n_cols as f64 && row < grid.n_rows as f64;
    inside.then_some(row as usize * grid.n_cols + col as usize)
}

/// Density of incidents that were counted in the cells of the grid before: the time does not depend on their number.
///
/// ```text
/// λ(u) ≈ Σ_c n_c K(|u − c|)   over the cells c, instead of Σᵢ K(|u − sᵢ|) over the incidents
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per cell of `grid` | `n_cols × n_rows` | incidents |
/// | `grid` | the cells | `n_cols × n_rows` | m |
/// | `params` | the kernel and its bandwidth | | m |
/// | returns | density in the grid's order, with a bound of its error | `n_cols × n_rows` | incidents per km² |
///
/// In single precision, the Gaussian by sums along y and x, in O(cells · bandwidth) at most, the others and a Gaussian
/// that spans hundreds of cells by Fourier transform, in O(cells · log cells). The Gaussian ends at six standard deviations.
/// The same to the last bit for any order of the input, any number of threads and on any x86-64 processor. Source: Silverman
/// (1982), *Applied Statistics* 31(1), AS 176; bound as in [`ErrorBound`].
///
/// # Limits
///
/// Incidents beyond the grid are absent; [`binned`] counts them too. Where the bandwidth spans few cells the bound is wide:
/// there the exact [`kde`](super::kde::kde) is faster as well.
///
/// # Errors
///
/// As [`kde`](super::kde::kde); [`KdeError::Counts`] for counts of another grid.
///
/// # Examples
///
/// Counts of two months, kept apart, are one surface:
///
/// ```
/// use hotblocks::analysis::density::binned::{Counts, smooth};
/// use hotblocks::analysis::density::kde::KdeParams;
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: -250.0, y: -250.0 }, cell: Metres(20.0), n_cols: 25, n_rows: 25 };
/// let mut counts = Counts::of(&[Local { x: 0.0, y: 0.0 }], &grid);
/// counts.add(&Counts::of(&[Local { x: 3.0, y: -4.0 }; 2], &grid));
/// let found = smooth(&counts, &grid, &KdeParams::quartic(Metres(200.0)))?;
/// assert!((found.density.peak() - 3.0 * 23.873_241).abs() < 1e-3); // three at the middle of their cell
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
pub fn smooth(counts: &Counts, grid: &Grid, params: &KdeParams) -> Result<Binned, KdeError> {
    check_grid(grid)?;
    let height = check_weights(0, None, *params)?;
    let sizes = [(counts.n_cols, counts.n_rows), (grid.n_cols, grid.n_rows)];
    if sizes[0] != sizes[1] {
        return Err(KdeError::Counts { counts: sizes[0], grid: sizes[1] });
    }
    let total = counts.cells.iter().map(|&n| f64::from(n)).sum();
    fits(total, height, params.bandwidth)?;
    let cells: Vec<f32> = counts.cells.par_iter().map(|&n| n as f32).collect();
    Ok(smoothed(&cells, 0, grid, *params, Scale { height, unit: 1.0, total }))
}

/// Density of incidents that are counted in the grid's cells, and in cells of the same size around it, first.
///
/// As [`smooth`], with incidents beyond the grid and with weights: their sums are taken in whole multiples of 2⁻⁴⁰ of the
/// largest power of two in them, so that the order of the input changes nothing.
///
/// # Limits
///
/// As [`smooth`].
///
/// # Errors
///
/// As [`kde`](super::kde::kde); [`KdeError::Margin`] for a bandwidth that asks for too many cells around the grid.
pub fn binned(
    points: &[Local],
    weights: Option<&[f64]>,
    grid: &Grid,
    params: &KdeParams,
) -> Result<Binned, KdeError> {
    check_grid(grid)?;
    let height = check_weights(points.len(), weights, *params)?;
    let margin = margin(grid, params)?;
    let side = margin as f64 * grid.cell.0;
    let wide = Grid {
        origin: Local { x: grid.origin.x - side, y: grid.origin.y - side },
        n_cols: grid.n_cols + 2 * margin,
        n_rows: grid.n_rows + 2 * margin,
        ..*grid
    };
    let (cells, unit): (Vec<f32>, f64) = match weights {
        None => {
            let (counts, beyond) = Counts::and_beyond(points, &wide);
            // What lies in a cell is a number.
            if beyond > 0 {
                check_places(points)?;
            }
            // In the same memory: fresh pages take longer than numbers.
            (counts.cells.into_iter().map(|n| n as f32).collect(), 1.0)
        }
        Some(weights) => {
            check_places(points)?;
            weigh(points, weights, &wide)
        }
    };
    let total = weights.map_or(points.len() as f64, |weights| weights.iter().sum());
    Ok(smoothed(&cells, margin, grid, *params, Scale { height, unit, total }))
}

/// The most cells of a grid with the cells around it: a gigabyte with what the transform needs.
const MOST_CELLS: f64 = 67_108_864.0;

/// How many cells around the grid have incidents that reach it.
fn margin(grid: &Grid, params: &KdeParams) -> Result<usize, KdeError> {
    let per_cell = separable::reach(params.kernel) / grid.cell.0;
    let margin = (params.bandwidth.0 * per_cell).ceil() + 1.0;
    let (n_cols, n_rows) = (grid.n_cols as f64, grid.n_rows as f64);
    if (n_cols + 2.0 * margin) * (n_rows + 2.0 * margin) <= MOST_CELLS {
        return Ok(margin as usize);
    }
    let root = ((n_cols - n_rows).powi(2) + 4.0 * MOST_CELLS).sqrt();
    let widest = ((root - n_cols - n_rows) / 4.0).floor();
    Err(KdeError::Margin { bandwidth: params.bandwidth, most: Metres(((widest - 1.0) / per_cell).max(0.0)) })
}

/// Sums of weights per cell, in whole multiples of a 2⁻⁴⁰ of the unit that is returned with them.
fn weigh(points: &[Local], weights: &[f64], grid: &Grid) -> (Vec<f32>, f64) {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return (vec![0.0; grid.len()], 1.0);
    }
    // A power of two, so that it changes no digit; below the least, weights are nothing.
    let unit = 2.0_f64.powi(largest.log2().ceil().max(-900.0) as i32);
    let parts = 2.0_f64.powi(40);
    let mut sums = vec![0_i64; grid.len()];
    for (&p, weight) in points.iter().zip(weights) {
        if let Some(cell) = cell_of(p, grid) {
            sums[cell] = sums[cell].saturating_add((weight / unit * parts).round() as i64);
        }
    }
    (sums.par_iter().map(|&sum| (sum as f64 / parts) as f32).collect(), unit)
}

/// What the cells are told in.
#[derive(Clone, Copy)]
struct Scale {
    /// Height of the kernel of one incident, per km².
    height: f64,
    /// Weight of 1 in a cell.
    unit: f64,
    /// Weight of all incidents, those in no cell too.
    total: f64,
}

/// Smooths cells that surround the grid by `margin`, in units of weight.
fn smoothed(cells: &[f32], margin: usize, grid: &Grid, params: KdeParams, scale: Scale) -> Binned {
    let Scale { height, unit, total } = scale;
    // Single precision has no numbers beyond 1e38: powers of two are left out of the transform, and change no digit.
    let power = 2.0_f64.powi(height.log2().floor().clamp(-1000.0, 1000.0) as i32);
    let KdeParams { kernel, bandwidth } = params;
    let mut per_km2 = vec![0.0; grid.len()];
    let (n_cols, n_rows) = (grid.n_cols + 2 * margin, grid.n_rows + 2 * margin);
    let cell = grid.cell.0 / bandwidth.0;
    // Farther than the frame is wide nothing is reached.
    let radius = (separable::reach(kernel) / cell).ceil().min(n_cols.max(n_rows) as f64) as usize;
    let sigma = kernel.sigma(bandwidth).0 / grid.cell.0;
    let by_sums = (kernel == Kernel::Gaussian && radius <= separable::MOST_TAPS)
        .then(|| separable::Taps::new(sigma, n_cols.max(n_rows)));
    if !grid.is_empty() && cells.iter().any(|n| *n > 0.0) {
        let frame = Frame { n_cols, n_rows, margin };
        if let Some(taps) = &by_sums {
            separable::convolve(cells, frame, taps, height * unit, &mut per_km2);
        } else {
            let at = |dx: usize, dy: usize| {
                let (x, y) = (dx as f64 * cell, dy as f64 * cell);
                height / power * kernel.shape(x * x + y * y)
            };
            convolve(cells, frame, &Taps { radius, at }, power * unit, &mut per_km2);
        }
    }
    let mut density = Density { grid: *grid, per_km2 };
    let peak = density.peak();
    let floor = FLOOR * peak;
    density.per_km2.par_iter_mut().for_each(|value| *value = if *value < floor { 0.0 } else { *value });
    let rounding = match by_sums {
        Some(taps) => taps.rounding() * peak,
        None => error_bound::of_transform(cells, kernel, cell) * height * unit,
    };
    let left_out = separable::left_out(kernel) * total * height;
    let error = error_bound::of(cells, n_cols, kernel, cell, (height * unit, rounding + left_out + floor));
    Binned { density, error }
}

/// Values below this part of the peak are rounding: where no incident is near, the surface is 0.
const FLOOR: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::super::kde::kde;
    use super::super::kernel::Kernel;
    use super::*;

    const GRID: Grid =
        Grid { origin: Local { x: -100.0, y: 50.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 41 };

    /// The larger; what is no number is worse than any.
    fn worse(a: f64, b: f64) -> f64 {
        if b.is_nan() { f64::INFINITY } else { a.max(b) }
    }

    #[test]
    fn a_place_that_is_no_number_is_refused_though_it_lies_in_no_cell() {
        let params = KdeParams::quartic(Metres(100.0));
        for (x, y) in [(f64::NAN, 60.0), (0.0, f64::NAN), (f64::INFINITY, 60.0)] {
            let points = [Local { x: 0.0, y: 60.0 }, Local { x: 1e9, y: 0.0 }, Local { x, y }];
            for weights in [None, Some(&[1.0; 3][..])] {
                let refused = binned(&points, weights, &GRID, &params);
                assert_eq!(refused, Err(KdeError::Coordinates { index: 2 }));
            }
        }
    }

    /// Clumps, and some beyond the grid.
    fn points() -> Vec<Local> {
        let one = |i: i32| {
            let (a, b) = (f64::from(i * 7919 % 1009), f64::from(i * 104_729 % 997));
            if i % 3 == 0 {
                Local { x: 100.0 + a / 40.0, y: 200.0 + b / 30.0 }
            } else {
                Local { x: a * 0.8 - 200.0, y: b * 0.6 }
            }
        };
        (0..700).map(one).collect()
    }

    #[test]
    fn the_error_is_within_its_bound_for_every_kernel() {
        for kernel in Kernel::ALL {
            for h in [45.0, 100.0, 300.0] {
                let params = KdeParams { kernel, bandwidth: Metres(h) };
                let exact = kde(&points(), None, &GRID, &params).expect("good input");
                let binned = binned(&points(), None, &GRID, &params).expect("good input");
                let pairs = exact.per_km2.iter().zip(&binned.density.per_km2);
                let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, worse);
                assert!(error <= binned.error.worst, "{kernel:?}, {h} m: {error} of {:?}", binned.error);
                assert!(
                    error > 0.0 && binned.error.worst < 6.0 * exact.peak(),
                    "{kernel:?}, {h} m: {:?}",
                    binned.error
                );
            }
        }
    }

    #[test]
    fn incidents_in_the_middle_of_their_cells_are_where_they_lie() {
        let points: Vec<Local> = (0..40).map(|i| GRID.center(i * 17 % 60, i * 11 % 41)).collect();
        let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 4) / 3.0).collect();
        for kernel in Kernel::ALL {
            // At 95 m no center lies on a rim, where the uniform kernel would fall on either side.
            let params = KdeParams { kernel, bandwidth: Metres(95.0) };
            let exact = kde(&points, Some(&weights), &GRID, &params).expect("good input");
            let binned = binned(&points, Some(&weights), &GRID, &params).expect("good input");
            let pairs = exact.per_km2.iter().zip(&binned.density.per_km2);
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, worse);
            assert!(error < 2e-6 * exact.peak() && error <= binned.error.rounding, "{kernel:?}: {error}");
        }
    }

    #[test]
    fn one_incident_in_the_corner_of_its_cell_is_off_by_most_of_the_bound() {
        // The corner between two cells, which it is put half a diagonal away from.
        let corner = Local { x: 200.0 - 1e-6, y: 250.0 - 1e-6 };
        for kernel in
            [Kernel::Triangular, Kernel::Epanechnikov, Kernel::Quartic, Kernel::Triweight, Kernel::Gaussian]
        {
            let params = KdeParams { kernel, bandwidth: Metres(150.0) };
            let exact = kde(&[corner], None, &GRID, &params).expect("good input");
            let found = binned(&[corner], None, &GRID, &params).expect("good input");
            let pairs = exact.per_km2.iter().zip(&found.density.per_km2);
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let part = error / found.error.worst;
            assert!((0.75..1.0).contains(&part), "{kernel:?}: {part}");
        }
    }

    #[test]
    fn incidents_on_borders_of_cells_are_counted_in_the_next_and_beyond_the_grid_nowhere() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(2.0), n_cols: 3, n_rows: 2 };
        let at = |x: f64, y: f64| Counts::of(&[Local { x, y }; 3], &grid).cells;
        for (x, y, cell) in [(0.0, 0.0, 0), (2.0, 0.0, 1), (1.999, 2.0, 3), (5.999, 3.999, 5), (3.0, 1.0, 1)]
        {
            let mut wanted = vec![0; 6];
            wanted[cell] = 3;
            assert_eq!(at(x, y), wanted, "{x}, {y}");
            assert_eq!(cell_of(Local { x, y }, &grid), Some(cell));
        }
        for (x, y) in [(-1e-9, 0.0), (6.0, 0.0), (0.0, 4.0), (1e300, 1.0), (1.0, -1e300)] {
            assert_eq!(at(x, y), [0; 6], "{x}, {y}");
            assert_eq!(cell_of(Local { x, y }, &grid), None);
        }
    }

    #[test]
    fn counts_that_are_added_and_taken_away_leave_nothing() {
        let (all, grid) = (points(), GRID);
        let mut counts = Counts::of(&all[..300], &grid);
        let before = counts.clone();
        let more = Counts::of(&all[300..], &grid);
        assert!(counts.add(&more));
        assert_eq!(counts, Counts::of(&all, &grid));
        assert!(counts.remove(&more));
        assert_eq!(counts, before);
        assert!(!counts.add(&Counts::of(&all, &Grid { n_cols: 5, ..grid })));
    }

    #[test]
    fn the_order_of_weights_changes_nothing() {
        let points = points();
        let weights: Vec<f64> = (0..700).map(|i| 1.0 / (1.0 + f64::from(i))).collect();
        let params = KdeParams::quartic(Metres(80.0));
        let one = binned(&points, Some(&weights), &GRID, &params);
        let turned: Vec<Local> = points.iter().rev().copied().collect();
        let weights: Vec<f64> = weights.into_iter().rev().collect();
        assert_eq!(one, binned(&turned, Some(&weights), &GRID, &params));
    }

    #[test]
    fn nothing_gives_zeros_and_wrong_counts_are_refused() {
        let params = KdeParams::quartic(Metres(80.0));
        let nothing = binned(&[], None, &GRID, &params).expect("good input");
        assert!(nothing.density.per_km2.iter().all(|v| *v == 0.0) && nothing.error.worst == 0.0);
        let counts = Counts::of(&[], &Grid { n_rows: 3, ..GRID });
        assert_eq!(
            smooth(&counts, &GRID, &params),
            Err(KdeError::Counts { counts: (60, 3), grid: (60, 41) })
        );
    }

    #[test]
    fn the_unit_of_weights_and_bandwidths_changes_nothing() {
        let points = points();
        let weights: Vec<f64> = (0..700).map(|i| f64::from(1 + i % 5)).collect();
        let params = KdeParams::quartic(Metres(80.0));
        let plain = binned(&points, Some(&weights), &GRID, &params).expect("good input");
        for size in [2.0_f64.powi(140), 2.0_f64.powi(-200)] {
            let large: Vec<f64> = weights.iter().map(|weight| weight * size).collect();
            let found = binned(&points, Some(&large), &GRID, &params).expect("good input");
            let same = |(a, b): (&f64, &f64)| (a / size).to_bits() == b.to_bits();
            assert!(found.density.per_km2.iter().zip(&plain.density.per_km2).all(same), "{size:e}");
            assert!(found.error.worst.is_finite());
        }
        // A town the size of an atom: the heights of its kernels are beyond single precision.
        let small = 2.0_f64.powi(-100);
        let shrunk: Vec<Local> = points.iter().map(|p| Local { x: p.x * small, y: p.y * small }).collect();
        let origin = Local { x: GRID.origin.x * small, y: GRID.origin.y * small };
        let grid = Grid { origin, cell: Metres(GRID.cell.0 * small), ..GRID };
        let found =
            binned(&shrunk, None, &grid, &KdeParams::quartic(Metres(80.0 * small))).expect("good input");
        let plain = binned(&points, None, &GRID, &params).expect("good input");
        let same = |(a, b): (&f64, &f64)| (a * small * small - b).abs() <= 1e-9 * plain.density.peak();
        assert!(found.density.per_km2.iter().zip(&plain.density.per_km2).all(same));
    }

    #[test]
    fn a_bandwidth_beyond_all_grids_is_refused_with_what_fits_or_clipped() {
        for kernel in [Kernel::Quartic, Kernel::Gaussian] {
            for h in [1e6, 1e12, 1e300] {
                let of = |h| margin(&GRID, &KdeParams { kernel, bandwidth: Metres(h) });
                let Err(KdeError::Margin { most, .. }) = of(h) else { panic!("{h} m was taken") };
                assert!(
                    of(most.0 * (1.0 - 1e-9)).is_ok() && of(most.0 + 2.0 * GRID.cell.0).is_err(),
                    "{most}"
                );
            }
        }
        let params = KdeParams::quartic(Metres(1e6));
        assert!(matches!(binned(&points(), None, &GRID, &params), Err(KdeError::Margin { .. })));
        // Counts have no margin: the kernel is as good as flat.
        let counts = Counts::of(&[GRID.center(3, 4)], &GRID);
        let found = smooth(&counts, &GRID, &params).expect("good input").density;
        assert!(found.per_km2.iter().all(|v| (v / found.peak() - 1.0).abs() < 1e-5));
        for h in [1e12, 1e100, 1e300] {
            let found = smooth(&counts, &GRID, &KdeParams::quartic(Metres(h))).expect("good input");
            assert!(found.density.per_km2.iter().all(|v| v.is_finite()) && found.error.worst.is_finite());
        }
        let tiny = KdeParams::quartic(Metres(1e-160));
        assert!(matches!(smooth(&counts, &GRID, &tiny), Err(KdeError::Overflow { .. })));
    }
}
