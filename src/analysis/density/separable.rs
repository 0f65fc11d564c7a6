//! Convolution of a raster with a Gaussian in single precision: along y to every few rows, along x, and along y to all.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use multiversion::multiversion;
use rayon::prelude::*;

use super::kernel::Kernel;
use super::transform::Frame;

/// Columns that are summed at once: what they read of a band of rows stays in the nearest cache.
const BLOCK: usize = 256;

/// Rows that one thread works out, a block of columns after the other, so that what it reads stays near.
const BAND: usize = 64;

/// Where the Gaussian ends, in standard deviations.
const BELL: f64 = 6.0;

/// How far a kernel reaches in binned surfaces, in bandwidths.
pub(super) fn reach(kernel: Kernel) -> f64 {
    if kernel == Kernel::Gaussian { BELL / 8.0_f64.sqrt() } else { kernel.reach() }
}

/// What is left out beyond that of an incident at most, as a part of its height: once along x and once along y.
pub(super) fn left_out(kernel: Kernel) -> f64 {
    if kernel == Kernel::Gaussian { 2.0 * (-BELL * BELL / 2.0).exp() } else { 0.0 }
}

/// Beyond so many cells to either side a transform is faster.
pub(super) const MOST_TAPS: usize = 400;

/// The Gaussian, 1 at its center, as taps at 0, 1, 2 … cells.
///
/// A Gaussian is two of 1/√2 its width, one after the other, and what the first has smoothed need not be kept for every row.
/// With every D-th, the taps of a pair of rows are Σₜ g(y − t) g(t − s) over the kept rows t: by Poisson's formula that is the
/// Gaussian of y − s times √(π/2) σ/D, and off by at most 2 exp(−π²σ²/2D²) of itself.
pub(super) struct Taps {
    whole: Vec<f32>,
    /// Before and after rows are left out.
    before: Vec<f32>,
    after: Vec<f32>,
    /// Of so many rows one is kept.
    step: usize,
    /// What the sum over kept rows is too large by.
    surplus: f64,
}

/// Rows that are kept lie so many standard deviations apart at most: they change a value by 6e-7 of itself.
const APART: f64 = 0.57;

impl Taps {
    /// For a standard deviation in cells; `most` cells to either side at most.
    pub(super) fn new(sigma: f64, most: usize) -> Self {
        let bell = |sigma: f64| -> Vec<f32> {
            let reach = (BELL * sigma).ceil().min(most as f64) as usize;
            (0..=reach).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp() as f32).collect()
        };
        let (whole, step) = (bell(sigma), (APART * sigma) as usize);
        // Rows beyond the raster must be there as well.
        if step < 2 || BELL * sigma > most as f64 {
            return Self { before: vec![1.0], after: whole.clone(), whole, step: 1, surplus: 1.0 };
        }
        let half = bell(sigma * FRAC_1_SQRT_2);
        Self {
            whole,
            before: half.clone(),
            after: half,
            step,
            surplus: (PI / 2.0).sqrt() * sigma / step as f64,
        }
    }

    /// How far each value may be off, as a part of it: taps, their products with pairs of cells, their sums, and rows left out.
    pub(super) fn rounding(&self) -> f64 {
        let terms = self.whole.len() + self.before.len() + 2 * self.after.len().div_ceil(self.step) + 12;
        // Half an epsilon each; the thousandth is for what errors make of errors.
        let rows = if self.step > 1 { 2.0 * (-0.5 * (PI / APART).powi(2)).exp() } else { 0.0 };
        terms as f64 * f64::from(f32::EPSILON) / 2.0 * 1.001 + rows
    }
}

/// Writes Σ counts × Gaussian × `height` for the cells inside the margin; `counts` has the margin, `out` has not.
///
/// Cells beyond the raster count as empty. Terms are added in one order whatever the processor and the number of threads, and
/// none is negative: so each value is off by at most [`Taps::rounding`] of itself.
pub(super) fn convolve(counts: &[f32], frame: Frame, taps: &Taps, height: f64, out: &mut [f64]) {
    let Frame { n_cols, n_rows, margin } = frame;
    let (width, n_out) = (n_cols - 2 * margin, n_rows - 2 * margin);
    let (reach, after, step) = (taps.whole.len() - 1, taps.after.len() - 1, taps.step);
    // Kept rows from the first that reaches what is asked for, which begins in the row `after`.
    let n_kept = (n_out + 2 * after).div_ceil(step);
    let mut kept = vec![0.0_f32; n_kept * width];
    let fresh = || (vec![0.0_f32; n_cols], vec![0.0_f32; width + 2 * reach]);
    kept.par_chunks_mut(width).enumerate().for_each_init(fresh, |(sums, line), (at, out)| {
        gather(counts, (at * step + margin) as isize - after as isize, &taps.before, sums);
        // The line begins `reach` cells before the first that is asked for.
        let (skip, pad) = (margin.saturating_sub(reach), reach.saturating_sub(margin));
        let n = (n_cols - skip).min(line.len() - pad);
        line[pad..pad + n].copy_from_slice(&sums[skip..skip + n]);
        line[pad + n..].fill(0.0);
        along(line, &taps.whole, out);
    });
    let height = height / taps.surplus;
    out.par_chunks_mut(BAND * width).enumerate().for_each(|(band, out)| {
        spread(&kept, taps, (band * BAND, height), (out, width));
    });
}

/// Adds `tap` × (left + right) to sums.
///
/// Over slices whose length is known when it runs alone: a loop that becomes vectors whatever the compiler does with arrays.
#[inline(always)]
fn add(sums: &mut [f32], tap: f32, left: &[f32], right: &[f32]) {
    for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
        *sum += tap * (left + right);
    }
}

/// Adds `tap` × cells.
#[inline(always)]
fn add_one(sums: &mut [f32], tap: f32, cells: &[f32]) {
    for (sum, cell) in sums.iter_mut().zip(cells) {
        *sum += tap * cell;
    }
}

/// The rows around one, which may lie beyond the raster.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn gather(counts: &[f32], middle: isize, taps: &[f32], sums: &mut [f32]) {
    let wide = sums.len();
    let row = |at: isize| counts.get(usize::try_from(at).ok()? * wide..)?.get(..wide);
    sums.fill(0.0);
    // The smallest first.
    for (k, &tap) in (0..taps.len() as isize).zip(taps).skip(1).rev() {
        match (row(middle - k), row(middle + k)) {
            (Some(south), Some(north)) => add(sums, tap, south, north),
            (Some(one), None) | (None, Some(one)) => add_one(sums, tap, one),
            (None, None) => {}
        }
    }
    if let Some(middle) = row(middle) {
        add_one(sums, taps[0], middle);
    }
}

/// One row, of which `line` has as many cells more on either side as there are taps beside the middle one.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn along(line: &[f32], taps: &[f32], out: &mut [f32]) {
    let (reach, wide) = (taps.len() - 1, out.len());
    out.fill(0.0);
    for k in (1..=reach).rev() {
        add(out, taps[k], &line[reach - k..][..wide], &line[reach + k..][..wide]);
    }
    add_one(out, taps[0], &line[reach..][..wide]);
}

/// A band of rows from those that were kept.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn spread(kept: &[f32], taps: &Taps, (first, height): (usize, f64), (out, width): (&mut [f64], usize)) {
    let Taps { after, step, .. } = taps;
    let mut sums = [0.0_f32; BLOCK];
    for from in (0..width).step_by(BLOCK) {
        let cells = BLOCK.min(width - from);
        let sums = &mut sums[..cells];
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let north = first + row;
            sums.fill(0.0);
            for at in north.div_ceil(*step)..=(north + 2 * (after.len() - 1)) / step {
                let tap = after[(north + after.len() - 1).abs_diff(at * step)];
                add_one(sums, tap, &kept[at * width + from..][..cells]);
            }
            for (out, sum) in out[from..from + cells].iter_mut().zip(&*sums) {
                *out = f64::from(*sum) * height;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_is_the_sum_over_all_cells() {
        for (n_cols, n_rows, margin, sigma) in [
            (20, 13, 2, 1.0),
            (90, 30, 4, 0.8),
            (7, 7, 0, 1.2),
            (1, 1, 0, 0.7),
            (150, 140, 6, 0.3),
            (70, 9, 3, 50.0),
            (66, 5, 0, 0.01),
            // Rows are left out: 1 of 2, 3 of 4 and 5 of 6.
            (40, 37, 3, 3.6),
            (70, 60, 11, 7.1),
            (12, 90, 0, 11.3),
            (149, 160, 70, 11.3),
        ] {
            let counts: Vec<f32> = (0..n_cols * n_rows).map(|i| (i * 7 % 11) as f32).collect();
            let taps = Taps::new(sigma, n_cols.max(n_rows));
            let frame = Frame { n_cols, n_rows, margin };
            let (inner_cols, inner_rows) = (n_cols - 2 * margin, n_rows - 2 * margin);
            let mut out = vec![0.0; inner_cols * inner_rows];
            convolve(&counts, frame, &taps, 2.5, &mut out);
            let tap = |d: usize| (-0.5 * (d as f64 / sigma).powi(2)).exp();
            let all = counts.iter().map(|&n| f64::from(n)).sum::<f64>() * 2.5;
            for (i, out) in out.iter().enumerate() {
                let (col, row) = (i % inner_cols + margin, i / inner_cols + margin);
                let term = |(j, c): (usize, &f32)| {
                    f64::from(*c) * tap(col.abs_diff(j % n_cols)) * tap(row.abs_diff(j / n_cols)) * 2.5
                };
                let sum: f64 = counts.iter().enumerate().map(term).sum();
                let (off, bound) =
                    ((out - sum).abs(), taps.rounding() * sum + left_out(Kernel::Gaussian) * all);
                assert!(off <= bound, "{n_cols} × {n_rows}, cell {i}: {out} is not {sum}");
            }
        }
    }
}
