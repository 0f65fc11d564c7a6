//! Direct sums on a raster: kernels that are no polynomial, and those that span a few cells only.

use multiversion::multiversion;
use rayon::prelude::*;

use super::kernel::Kernel;
use super::strips::{Place, Strips};
use super::sweep::rim;
use crate::progress::checkpoint;
use crate::space::coord::Metres;
use crate::space::grid::Grid;

/// Rows for which the Gaussian's factors along x are worked out once.
const ROWS: usize = 32;

/// Adds every kernel to the cells it reaches, row by row, in the order of the places; `strips` is a single strip.
pub(super) fn stamp(
    kernel: Kernel,
    strips: &Strips,
    grid: &Grid,
    bandwidth: Metres,
    height: f64,
    out: &mut [f64],
) {
    let h = bandwidth.0;
    let centers: Vec<f64> =
        (0..grid.n_cols).map(|col| (grid.center(col, 0).x - grid.origin.x) / h - strips.middle(0)).collect();
    let north = |row: usize| (grid.center(0, row).y - grid.origin.y) / h;
    let per_bandwidth = h / grid.cell.0;
    let west = strips.middle(0) * per_bandwidth;
    let span = |u: f64, half: f64| {
        let column = |x: f64| (x * per_bandwidth + west).round().clamp(0.0, grid.n_cols as f64) as usize;
        (column(u - half), column(u + half))
    };
    if kernel == Kernel::Gaussian {
        let reach = kernel.reach();
        let fresh = || vec![0.0; grid.n_cols];
        out.par_chunks_mut(ROWS * grid.n_cols).enumerate().for_each_init(fresh, |across, (band, out)| {
            checkpoint();
            let norths: Vec<f64> = (0..out.len() / grid.n_cols).map(|row| north(band * ROWS + row)).collect();
            let places = strips.between(0, norths[0] - reach, norths[norths.len() - 1] + reach);
            for place in places {
                let (from, to) = span(place.u, reach);
                if from < to {
                    bell(&centers[from..to], place.u, place.weight * height, &mut across[from..to]);
                    add_bells(place.v, &norths, &across[from..to], from, grid.n_cols, out);
                }
            }
        });
        return;
    }
    let inner = (1.0 - rim(grid, bandwidth)).max(0.0).powi(2);
    out.par_chunks_mut(grid.n_cols).enumerate().for_each(|(row, out)| {
        checkpoint();
        let v = north(row);
        for &Place { v: at, u, weight } in strips.between(0, v - 1.0, v + 1.0) {
            let square = (v - at) * (v - at);
            let (from, to) = span(u, (inner - square).max(0.0).sqrt());
            if from < to {
                add_shape(kernel, &centers[from..to], (u, square), weight * height, &mut out[from..to]);
            }
        }
    });
}

/// One kernel along a row whose distance from the place is the root of `square`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn add_shape(kernel: Kernel, centers: &[f64], (u, square): (f64, f64), weight: f64, out: &mut [f64]) {
    let r2 = |x: f64| (x - u) * (x - u) + square;
    let cells = out.iter_mut().zip(centers);
    match kernel {
        Kernel::Triangular => cells.for_each(|(out, &x)| *out += weight * (1.0 - r2(x).sqrt()).max(0.0)),
        _ => cells.for_each(|(out, &x)| *out += weight * kernel.shape(r2(x))),
    }
}

/// weight · exp(−4 (x − u)²) at evenly spaced centers, from the nearest one outwards.
///
/// From one center to the next the bell changes by a factor that itself changes by a fixed one: two products instead of
/// an exponential, and 1e-12 of a value that has faded by then.
pub(super) fn bell(centers: &[f64], u: f64, weight: f64, out: &mut [f64]) {
    let step = if centers.len() > 1 { centers[1] - centers[0] } else { 1.0 };
    let nearest = ((u - centers[0]) / step).round().clamp(0.0, (centers.len() - 1) as f64) as usize;
    let x = centers[nearest] - u;
    let top = weight * (-4.0 * x * x).exp();
    let fade = (-8.0 * step * step).exp();
    out[nearest] = top;
    let (mut value, mut factor) = (top, (-8.0 * x * step - 4.0 * step * step).exp());
    for out in &mut out[nearest + 1..] {
        value *= factor;
        factor *= fade;
        *out = value;
    }
    (value, factor) = (top, (8.0 * x * step - 4.0 * step * step).exp());
    for out in out[..nearest].iter_mut().rev() {
        value *= factor;
        factor *= fade;
        *out = value;
    }
}

/// Adds a bell's factors along x to each row of a band, times its factor along y.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn add_bells(v: f64, norths: &[f64], across: &[f64], from: usize, n_cols: usize, out: &mut [f64]) {
    let reach = Kernel::Gaussian.reach();
    for (out, north) in out.chunks_exact_mut(n_cols).zip(norths) {
        let y = north - v;
        if y.abs() < reach {
            let along = (-4.0 * y * y).exp();
            for (out, across) in out[from..][..across.len()].iter_mut().zip(across) {
                *out += along * across;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_by_factors_is_that_of_the_exponential() {
        for (step, u) in [(0.03, 1.37), (0.5, -2.0), (0.9, 40.0), (0.01, 0.0)] {
            let centers: Vec<f64> = (0..200).map(|i| (f64::from(i) - 30.0) * step).collect();
            let mut out = vec![0.0; 200];
            bell(&centers, u, 2.0, &mut out);
            for (out, x) in out.iter().zip(&centers) {
                let wanted = 2.0 * (-4.0 * (x - u) * (x - u)).exp();
                assert!((out - wanted).abs() < 1e-14 + 1e-11 * wanted, "{out} is not {wanted}");
            }
        }
    }
}
