//! Edge correction: a density that does not fall off where the study area ends.

use std::f64::consts::PI;

use rayon::prelude::*;

use super::discs::columns;
use super::input::{check, check_grid};
use super::kde::{Density, KdeError, KdeParams, kde};
use super::kernel::Kernel;
use super::mask::Mask;
use crate::progress::steps;
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// What is done about the part of each kernel that lies outside the study area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// Nothing: the density is too low along the border.
    #[default]
    None,
    /// The density at u is divided by the part of a kernel over u that lies inside (Diggle 1985; Berman & Diggle 1989).
    Uniform,
    /// Each incident is divided by the part of its own kernel that lies inside, so that none is lost (Jones 1993).
    JonesDiggle,
}

impl Edge {
    /// All corrections.
    pub const ALL: [Self; 3] = [Self::None, Self::Uniform, Self::JonesDiggle];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Uniform => "uniform",
            Self::JonesDiggle => "jones-diggle",
        }
    }
}

/// A density within a study area.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// The surface; 0 outside the area, where there is no density.
    pub density: Density,
    /// How many of the points were left out: outside the area, or with a kernel that reaches no cell of it.
    pub left_out: usize,
    /// Sum of the weights of those that counted.
    pub weight: f64,
}

/// Density of incidents within a study area, with an edge correction.
///
/// ```text
/// 1/e(u) = ∫_W K(v − u) dv ≈ Σ_{cells v of W} K(v − u) · area of a cell
/// none          λ(u) = Σᵢ wᵢ K(u − sᵢ)
/// uniform       λ(u) = e(u) Σᵢ wᵢ K(u − sᵢ)
/// Jones–Diggle  λ(u) = Σᵢ wᵢ e(sᵢ) K(u − sᵢ)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie; those outside the area do not count | `n` | m |
/// | `weights` | how much each counts; `None`: 1 each | `n` | incidents |
/// | `mask` | the study area W as cells | `n_cols × n_rows` | m |
/// | `params` | kernel and bandwidth | | m |
/// | returns | density, 0 outside the area | `n_cols × n_rows` | incidents per km² |
///
/// The integral is the sum over the area's cells, as in spatstat, so with Jones–Diggle density × area of the cells is the
/// count to the last digits: `Within::weight`. Uniform takes that sum as a part of the sum over a kernel with nothing but area
/// around it, which is not quite 1, so that far from the border nothing is changed; spatstat does not.
/// Time: [`kde`], and with Jones–Diggle O(cells under a kernel) for each distinct place. Uniform: the same for each cell
/// whose kernel leaves the area, and where that is much, but for the triangular kernel, O(cells · 2h/cell).
/// Source: Diggle (1985), *Applied Statistics* 34; Jones (1993), *Statistics and Computing* 3; as spatstat's
/// `density.ppp(edge = TRUE, diggle = FALSE or TRUE)`.
///
/// # Limits
///
/// An incident belongs to the area if [`Mask::holds`] it, so that those on a border street count.
/// The correction assumes that it goes on beyond the border as it does before it. Uniform does not conserve the count.
/// A cell of more than a fifth of the bandwidth makes the sum a poor integral, and both corrections with it.
///
/// # Errors
///
/// As [`kde`]; [`KdeError::Work`] for so many kernels that reach so far that their sums would take minutes.
///
/// # Examples
///
/// An incident on the border of the area loses half of itself, and Jones–Diggle gives it back:
///
/// ```
/// use hotblocks::analysis::density::edge::{Edge, kde_within};
/// use hotblocks::analysis::density::{kde::KdeParams, mask::Mask};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 60 };
/// let params = KdeParams::quartic(Metres(100.0));
/// let integral = |edge| kde_within(&[Local { x: 0.0, y: 300.0 }], None, &Mask::whole(&grid), &params, edge)
///     .map(|within| within.density.integral());
/// assert!((integral(Edge::None)? - 0.5).abs() < 1e-3);
/// assert!((integral(Edge::JonesDiggle)? - 1.0).abs() < 1e-12);
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
pub fn kde_within(
    points: &[Local],
    weights: Option<&[f64]>,
    mask: &Mask,
    params: &KdeParams,
    edge: Edge,
) -> Result<Within, KdeError> {
    let grid = mask.grid();
    // Checks the input as a whole, before anything is left out of it.
    check_grid(grid)?;
    check(points, weights, *params)?;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let parts: Vec<f64> = match edge {
        Edge::JonesDiggle => points_inside(points, mask, params)?,
        _ => points.iter().map(|&p| f64::from(u8::from(mask.holds(p)))).collect(),
    };
    let counted: Vec<usize> = (0..points.len()).filter(|&i| parts[i].is_normal()).collect();
    let inside: Vec<Local> = counted.iter().map(|&i| points[i]).collect();
    let raised: Vec<f64> = counted.iter().map(|&i| weight(i) / parts[i]).collect();
    let mut density = kde(&inside, Some(&raised), grid, params)?;
    let parts = if edge == Edge::Uniform { cells_inside(mask, params)? } else { Vec::new() };
    for (i, value) in density.per_km2.iter_mut().enumerate() {
        match parts.get(i) {
            _ if !mask.inside()[i] => *value = 0.0,
            Some(part) => *value /= part,
            None => {}
        }
    }
    let mut kept: Vec<f64> = counted.iter().map(|&i| weight(i)).collect();
    kept.sort_unstable_by(f64::total_cmp);
    Ok(Within { density, left_out: points.len() - counted.len(), weight: kept.iter().sum() })
}

/// Up to so many cells that are looked at, direct sums take no longer than a sweep, and have more digits.
const QUICK: f64 = 1e8;

/// The most cells that may be looked at, over all kernels: some minutes.
const MOST_LOOKS: f64 = 4e10;

/// Refuses direct sums of so many kernels that they would take too long.
pub(super) fn bounded(kernels: usize, grid: &Grid, params: &KdeParams) -> Result<(), KdeError> {
    if looks(kernels, grid, params) <= MOST_LOOKS {
        return Ok(());
    }
    let radius = (MOST_LOOKS / (PI * kernels as f64)).sqrt();
    let most = Metres(radius * grid.cell.0 / params.kernel.reach());
    Err(KdeError::Work { bandwidth: params.bandwidth, kernels, most })
}

/// How many cells are looked at under so many kernels.
fn looks(kernels: usize, grid: &Grid, params: &KdeParams) -> f64 {
    let radius = params.bandwidth.0 * params.kernel.reach() / grid.cell.0;
    kernels as f64 * (PI * radius * radius).min(grid.len() as f64)
}

/// For each point the part of the kernel over it that lies in the area; 0 for those beyond. Each distinct place is worked
/// out once.
pub(super) fn points_inside(points: &[Local], mask: &Mask, params: &KdeParams) -> Result<Vec<f64>, KdeError> {
    let place = |i: usize| (points[i].x + 0.0, points[i].y + 0.0);
    let mut order: Vec<usize> = (0..points.len()).filter(|&i| mask.holds(points[i])).collect();
    order.par_sort_unstable_by(|&a, &b| {
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        ay.total_cmp(&by).then(ax.total_cmp(&bx))
    });
    let piles: Vec<&[usize]> = order.chunk_by(|&a, &b| place(a) == place(b)).collect();
    bounded(piles.len(), mask.grid(), params)?;
    let done = steps(piles.len());
    let part = |pile: &&[usize]| {
        done.done(1);
        part_inside(points[pile[0]], mask, params)
    };
    let found: Vec<f64> = piles.par_iter().map(part).collect();
    let mut parts = vec![0.0; points.len()];
    for (pile, part) in piles.iter().zip(found) {
        pile.iter().for_each(|&i| parts[i] = part);
    }
    Ok(parts)
}

/// The part of the kernel over a place that lies in the area: the sum over the area's cells.
fn part_inside(at: Local, mask: &Mask, params: &KdeParams) -> f64 {
    let (grid, h) = (mask.grid(), params.bandwidth.0);
    let radius = h * params.kernel.reach();
    let row = |y: f64| (y - grid.origin.y) / grid.cell.0 - 0.5;
    let from = row(at.y - radius).ceil().max(0.0) as usize;
    let to = (row(at.y + radius).floor() + 1.0).clamp(0.0, grid.n_rows as f64) as usize;
    let mut sum = 0.0;
    for row in from..to {
        let dy = grid.center(0, row).y - at.y;
        let inside = &mask.inside()[row * grid.n_cols..][..grid.n_cols];
        for col in columns(at.x, dy, radius, grid) {
            if inside[col] {
                let dx = grid.center(col, row).x - at.x;
                sum += params.kernel.shape((dx * dx + dy * dy) / (h * h));
            }
        }
    }
    sum * params.kernel.constant() * (grid.cell.0 / h).powi(2)
}

/// For each cell of the area the part of the kernel over its middle that lies inside, of what the same sum gives where
/// there is nothing but area around; 1 for the other cells, and where a kernel is too flat for any part to be told.
pub(super) fn cells_inside(mask: &Mask, params: &KdeParams) -> Result<Vec<f64>, KdeError> {
    let grid = mask.grid();
    if grid.is_empty() {
        return Ok(Vec::new());
    }
    let whole = whole(grid, params)?;
    let leaves = leaves(mask, params);
    let found = match params.kernel {
        Kernel::Gaussian => of_bells(mask, params),
        // A cone is neither a polynomial nor a product.
        Kernel::Triangular => bounded(leaves.len(), grid, params).map(|()| direct(&leaves, mask, params))?,
        _ if looks(leaves.len(), grid, params) <= QUICK => direct(&leaves, mask, params),
        _ => swept(mask, params)?,
    };
    let mut parts = vec![1.0; grid.len()];
    for at in leaves.into_iter().filter(|&at| found[at].is_normal()) {
        parts[at] = found[at] / whole;
    }
    Ok(parts)
}

/// A kernel that reaches more cells than this has a sum over cells that is its integral, 1.
const FINE: usize = 1000;

/// The sum over the cells of a kernel with nothing but area around it.
fn whole(grid: &Grid, params: &KdeParams) -> Result<f64, KdeError> {
    let reach = (params.bandwidth.0 * params.kernel.reach() / grid.cell.0).ceil();
    if reach > FINE as f64 {
        return Ok(1.0);
    }
    let side = 2 * reach as usize + 1;
    let around = Grid { origin: Local { x: 0.0, y: 0.0 }, n_cols: side, n_rows: side, ..*grid };
    let middle = around.center(side / 2, side / 2);
    let whole = kde(&[middle], None, &around, params)?.integral();
    // A kernel of less than a cell has all of itself in one.
    Ok(if whole.is_normal() { whole } else { 1.0 })
}

/// By [`kde`] of the area's cells as if they were incidents.
fn swept(mask: &Mask, params: &KdeParams) -> Result<Vec<f64>, KdeError> {
    let grid = mask.grid();
    let at = |i: usize| grid.center(i % grid.n_cols, i / grid.n_cols);
    let cells: Vec<Local> = (0..grid.len()).filter(|&i| mask.inside()[i]).map(at).collect();
    let area = (grid.cell.0 / 1e3).powi(2);
    let mut parts = kde(&cells, None, grid, params)?.per_km2;
    parts.iter_mut().for_each(|part| *part *= area);
    Ok(parts)
}

/// A bell is the product of one along x and one along y: sums along the rows, then of these along the columns.
fn of_bells(mask: &Mask, params: &KdeParams) -> Vec<f64> {
    let grid = mask.grid();
    let (n_cols, n_rows) = (grid.n_cols, grid.n_rows);
    let ratio = grid.cell.0 / params.bandwidth.0;
    let last = ((params.kernel.reach() / ratio) as usize).min(n_cols.max(n_rows));
    let bell: Vec<f64> = (0..=last).map(|k| params.kernel.shape((k as f64 * ratio).powi(2))).collect();
    let around = |at: usize, n: usize| at.saturating_sub(last)..(at + last + 1).min(n);
    let mut rows = vec![0.0; grid.len()];
    rows.par_chunks_mut(n_cols).zip(mask.inside().par_chunks(n_cols)).for_each(|(out, inside)| {
        for (col, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
            for to in around(col, n_cols) {
                out[to] += bell[to.abs_diff(col)];
            }
        }
    });
    let height = params.kernel.constant() * ratio * ratio;
    let mut parts = vec![0.0; grid.len()];
    parts.par_chunks_mut(n_cols).enumerate().for_each(|(row, out)| {
        for from in around(row, n_rows) {
            let factor = bell[from.abs_diff(row)] * height;
            out.iter_mut().zip(&rows[from * n_cols..]).for_each(|(to, sum)| *to += factor * sum);
        }
    });
    parts
}

/// The cells of the area whose kernel leaves it.
fn leaves(mask: &Mask, params: &KdeParams) -> Vec<usize> {
    let grid = mask.grid();
    let reach = params.bandwidth.0 * params.kernel.reach() / grid.cell.0;
    let summed = Summed::new(mask);
    let is_full = |at: usize| summed.is_full(at % grid.n_cols, at / grid.n_cols, reach as usize);
    (0..grid.len()).filter(|&at| mask.inside()[at] && !(reach <= FINE as f64 && is_full(at))).collect()
}

/// By a sum for each of some cells.
fn direct(cells: &[usize], mask: &Mask, params: &KdeParams) -> Vec<f64> {
    let grid = mask.grid();
    let done = steps(cells.len());
    let part = |&at: &usize| {
        done.done(1);
        part_inside(grid.center(at % grid.n_cols, at / grid.n_cols), mask, params)
    };
    let found: Vec<f64> = cells.par_iter().map(part).collect();
    let mut parts = vec![0.0; grid.len()];
    cells.iter().zip(found).for_each(|(&at, part)| parts[at] = part);
    parts
}

/// How many cells of the area lie south-west of each corner.
struct Summed {
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Summed {
    fn new(mask: &Mask) -> Self {
        let (n_cols, n_rows) = (mask.grid().n_cols, mask.grid().n_rows);
        let width = n_cols + 1;
        let mut sums = vec![0; width * (n_rows + 1)];
        for row in 0..n_rows {
            let mut so_far = 0;
            for col in 0..n_cols {
                so_far += u32::from(mask.inside()[row * n_cols + col]);
                sums[(row + 1) * width + col + 1] = sums[row * width + col + 1] + so_far;
            }
        }
        Self { width, height: n_rows, sums }
    }

    /// Whether all cells up to `reach` columns and rows away lie in the grid and in the area.
    fn is_full(&self, col: usize, row: usize, reach: usize) -> bool {
        if col < reach || row < reach || col + reach + 1 >= self.width || row + reach >= self.height {
            return false;
        }
        let at = |col: usize, row: usize| self.sums[row * self.width + col];
        let (west, east, south, north) = (col - reach, col + reach + 1, row - reach, row + reach + 1);
        let cells = (2 * reach + 1) * (2 * reach + 1);
        (at(east, north) + at(west, south) - at(west, north) - at(east, south)) as usize == cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(50.0), n_cols: 40, n_rows: 30 };

    /// Most of the cells, with a bay and a hole.
    fn mask(grid: &Grid) -> Mask {
        let inside = |i: usize| {
            let (col, row) = (i % grid.n_cols, i / grid.n_cols);
            !(col < 9 && row > 20 || (col == 30 && row == 12))
        };
        Mask::of_cells(grid, (0..grid.len()).map(inside).collect()).expect("one for each")
    }

    #[test]
    fn parts_of_cells_are_those_of_direct_sums() {
        let mask = mask(&GRID);
        for kernel in Kernel::ALL {
            for h in [20.0, 140.0, 252.0, 730.0, 4000.0] {
                let params = KdeParams { kernel, bandwidth: Metres(h) };
                let (parts, whole) =
                    (cells_inside(&mask, &params).expect("fits"), whole(&GRID, &params).expect("fits"));
                let swept = swept(&mask, &params).expect("fits");
                for i in (0..GRID.len()).step_by(13).filter(|&i| mask.inside()[i]) {
                    let direct = part_inside(GRID.center(i % 40, i / 40), &mask, &params);
                    assert!(
                        (swept[i] - direct).abs() < 1e-8,
                        "{kernel:?} {h} m, swept: {}, {direct}",
                        swept[i]
                    );
                    assert!(
                        (parts[i] * whole - direct).abs() < 1e-11,
                        "{kernel:?} {h} m: {} of {whole}, {direct}",
                        parts[i]
                    );
                }
            }
        }
    }

    #[test]
    fn where_no_border_is_near_nothing_is_changed() {
        let mask = Mask::whole(&Grid { n_cols: 60, n_rows: 50, ..GRID });
        let points: Vec<Local> = (0..90)
            .map(|i| Local { x: f64::from(i * 37 % 300) * 10.0, y: f64::from(i * 71 % 250) * 10.0 })
            .collect();
        for kernel in Kernel::ALL {
            let params = KdeParams { kernel, bandwidth: Metres(250.0) };
            let [raw, raised] = [Edge::None, Edge::Uniform]
                .map(|edge| kde_within(&points, None, &mask, &params, edge).expect("good input").density);
            let near = (5.0 * kernel.reach()).ceil() as usize;
            for at in (near..50 - near).flat_map(|row| (near..60 - near).map(move |col| row * 60 + col)) {
                let (raw, raised) = (raw.per_km2[at], raised.per_km2[at]);
                assert!((raised - raw).abs() <= 1e-12 * raw, "{kernel:?}: {raised} is not {raw}");
            }
            // In the corner nearly three quarters of a kernel are missing.
            assert!(raised.per_km2[0] > 2.0 * raw.per_km2[0]);
        }
    }

    #[test]
    fn incidents_on_one_place_are_one_sum_and_too_many_places_are_refused() {
        let grid = Grid { n_cols: 400, n_rows: 400, ..GRID };
        let mask = Mask::whole(&grid);
        let params = KdeParams { kernel: Kernel::Quartic, bandwidth: Metres(40_000.0) };
        let pile = vec![Local { x: 9000.0, y: 9000.0 }; 300_000];
        let within = kde_within(&pile, None, &mask, &params, Edge::JonesDiggle).expect("one place");
        assert!((within.density.integral() / 300_000.0 - 1.0).abs() < 1e-9);
        let apart: Vec<Local> = (0..300_000)
            .map(|i| Local { x: f64::from(i % 600) * 30.0, y: f64::from(i / 600) * 30.0 })
            .collect();
        let refused = kde_within(&apart, None, &mask, &params, Edge::JonesDiggle);
        let Err(KdeError::Work { most, kernels: 300_000, .. }) = refused else { panic!("{refused:?}") };
        let with = |bandwidth| bounded(300_000, &grid, &KdeParams { bandwidth, ..params });
        assert!(with(Metres(most.0 * 0.999)).is_ok() && with(Metres(most.0 * 1.001)).is_err());
        let cone = KdeParams { kernel: Kernel::Triangular, bandwidth: Metres(40_000.0) };
        let large = Mask::whole(&Grid { n_cols: 500, n_rows: 500, ..GRID });
        let refused = kde_within(&pile[..1], None, &large, &cone, Edge::Uniform);
        assert!(matches!(refused, Err(KdeError::Work { kernels: 250_000, .. })), "{refused:?}");
    }

    #[test]
    fn a_kernel_too_flat_for_numbers_leaves_no_hole() {
        let mask = mask(&GRID);
        for edge in Edge::ALL {
            for h in [1e100, 1e164, 1e300] {
                let params = KdeParams { kernel: Kernel::Uniform, bandwidth: Metres(h) };
                let found = kde_within(&[GRID.center(5, 5)], None, &mask, &params, edge);
                let finite = |within: Within| within.density.per_km2.iter().all(|v| v.is_finite());
                assert!(found.map_or(true, finite), "{edge:?} {h}");
                let found = super::super::standard_error::standard_error(
                    &[GRID.center(5, 5)],
                    None,
                    &mask,
                    &params,
                    edge,
                );
                assert!(
                    found.map_or(true, |error| error.per_km2.iter().all(|v| v.is_finite())),
                    "{edge:?} {h}"
                );
            }
        }
    }
}
