//! Edge correction: a density that does not fall off where the study area ends.

use rayon::prelude::*;

use super::discs::columns;
use super::input::check;
use super::kde::{Density, KdeError, KdeParams, kde};
use super::mask::Mask;
use crate::space::coord::Local;

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
/// 1/e(u) = ∫_W K(v − u) dv = Σ_{cells v of W} K(v − u) · area of a cell
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
/// count to the last digits: `Within::weight`. Time: [`kde`], and O(cells under a kernel) for each distinct place
/// (Jones–Diggle) or each cell whose kernel leaves the area (uniform; for all others the part is one number, and from 12
/// cells in a bandwidth on the area's cells are swept like incidents).
/// Source: Diggle (1985), *Applied Statistics* 34; Jones (1993), *Statistics and Computing* 3; as spatstat's
/// `density.ppp(edge = TRUE, diggle = FALSE or TRUE)`.
///
/// # Limits
///
/// An incident belongs to the area if its cell or one of the eight around it does, so that those on a border street count.
/// The correction assumes that it goes on beyond the border as it does before it. Uniform does not conserve the count.
/// A cell of more than a fifth of the bandwidth makes the sum a poor integral, and both corrections with it.
///
/// # Errors
///
/// As [`kde`].
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
    check(points, weights, *params)?;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let parts: Vec<f64> = match edge {
        Edge::JonesDiggle => points
            .par_iter()
            .map(|&p| if mask.holds(p) { part_inside(p, mask, params) } else { 0.0 })
            .collect(),
        _ => points.iter().map(|&p| f64::from(u8::from(mask.holds(p)))).collect(),
    };
    let counted: Vec<usize> = (0..points.len()).filter(|&i| parts[i] > 0.0).collect();
    let inside: Vec<Local> = counted.iter().map(|&i| points[i]).collect();
    let raised: Vec<f64> = counted.iter().map(|&i| weight(i) / parts[i]).collect();
    let mut density = kde(&inside, Some(&raised), grid, params)?;
    let parts = if edge == Edge::Uniform { cells_inside(mask, params) } else { Vec::new() };
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

/// The part of the kernel over a place that lies in the area: the sum over the area's cells.
pub(super) fn part_inside(at: Local, mask: &Mask, params: &KdeParams) -> f64 {
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

/// For each cell of the area the part of the kernel over its middle that lies inside; 1 for the other cells.
pub(super) fn cells_inside(mask: &Mask, params: &KdeParams) -> Vec<f64> {
    let grid = mask.grid();
    let reach = (params.bandwidth.0 * params.kernel.reach() / grid.cell.0).floor() as usize;
    let summed = Summed::new(mask);
    // The part of a kernel with nothing but area around it.
    let side = 2 * reach.min(4000) + 1;
    let around = grid_of(grid, side);
    let whole = part_inside(around.center(side / 2, side / 2), &Mask::whole(&around), params);
    if params.bandwidth.0 >= WIDE * grid.cell.0 {
        return swept_inside(mask, params);
    }
    let mut parts = vec![1.0; grid.len()];
    parts.par_chunks_mut(grid.n_cols.max(1)).enumerate().for_each(|(row, parts)| {
        for (col, part) in parts.iter_mut().enumerate() {
            if mask.inside()[row * grid.n_cols + col] {
                let full = reach <= 4000 && summed.is_full(col, row, reach);
                *part = if full { whole } else { part_inside(grid.center(col, row), mask, params) };
            }
        }
    });
    parts
}

/// From so many cells in a bandwidth on, a sweep over the area's cells as if they were incidents is faster than direct sums.
const WIDE: f64 = 12.0;

/// The same by [`kde`] of the area's cells; their middles are finite, and a bandwidth that is none gives no part.
fn swept_inside(mask: &Mask, params: &KdeParams) -> Vec<f64> {
    let grid = mask.grid();
    let at = |i: usize| grid.center(i % grid.n_cols, i / grid.n_cols);
    let cells: Vec<Local> = (0..grid.len()).filter(|&i| mask.inside()[i]).map(at).collect();
    let area = (grid.cell.0 / 1e3).powi(2);
    let parts = kde(&cells, None, grid, params).map(|density| density.per_km2).unwrap_or_default();
    let part = |(i, part): (usize, f64)| if mask.inside()[i] { part * area } else { 1.0 };
    parts.into_iter().enumerate().map(part).collect()
}

fn grid_of(grid: &crate::space::grid::Grid, side: usize) -> crate::space::grid::Grid {
    crate::space::grid::Grid { origin: Local { x: 0.0, y: 0.0 }, n_cols: side, n_rows: side, ..*grid }
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
