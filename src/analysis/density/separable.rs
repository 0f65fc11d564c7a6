//! Convolution of a raster with a Gaussian, along x and then along y, in single precision.

use multiversion::multiversion;
use rayon::prelude::*;

use super::kernel::Kernel;
use super::transform::Frame;

/// Columns that are summed at once: what they read of a band of rows stays in the nearest cache.
const BLOCK: usize = 512;

/// Rows that one thread works out, a block of columns after the other, so that what it reads stays near.
const BAND: usize = 64;

/// Where the Gaussian ends, in standard deviations.
const BELL: f64 = 6.0;

/// How far a kernel reaches in binned surfaces, in bandwidths.
pub(super) fn reach(kernel: Kernel) -> f64 {
    if kernel == Kernel::Gaussian { BELL / 8.0_f64.sqrt() } else { kernel.reach() }
}

/// What is left out beyond that of an incident at most, as a part of its height.
pub(super) fn left_out(kernel: Kernel) -> f64 {
    if kernel == Kernel::Gaussian { (-BELL * BELL / 2.0).exp() } else { 0.0 }
}

/// Beyond so many cells to either side a transform is faster.
pub(super) const MOST_TAPS: usize = 400;

/// Writes Σ counts × tap(|dx|) × tap(|dy|) × `height` for the cells inside the margin; `counts` has the margin, `out` has not.
///
/// `taps` are the Gaussian at 0, 1, 2 … cells, 1 at its center. Cells beyond the raster count as empty. Terms are added in
/// one order whatever the processor and the number of threads, and none is negative: so each value is off by at most
/// [`rounding`] of itself.
pub(super) fn convolve(counts: &[f32], frame: Frame, taps: &[f32], height: f64, out: &mut [f64]) {
    let Frame { n_cols, n_rows, margin } = frame;
    let reach = taps.len().saturating_sub(1);
    let (width, n_out) = (n_cols - 2 * margin, n_rows - 2 * margin);
    // Only rows that reach what is asked for; those beyond the raster stay empty.
    let above = reach.min(margin);
    let first = margin - above;
    let rows = n_out + 2 * above;
    let mut across = vec![0.0_f32; (n_out + 2 * reach) * width];
    let begin = (reach - above) * width;
    across[begin..begin + rows * width].par_chunks_mut(width).enumerate().for_each_init(
        || vec![0.0_f32; width + 2 * reach],
        |line, (row, out)| {
            // The line begins `reach` cells before the first that is asked for.
            let counts = &counts[(first + row) * n_cols..][..n_cols];
            let (skip, pad) = (margin.saturating_sub(reach), reach.saturating_sub(margin));
            let n = (n_cols - skip).min(line.len() - pad);
            line[pad..pad + n].copy_from_slice(&counts[skip..skip + n]);
            line[pad + n..].fill(0.0);
            along(line, taps, out);
        },
    );
    out.par_chunks_mut(BAND * width).enumerate().for_each(|(band, out)| {
        down(&across[band * BAND * width..], taps, height, (out, width));
    });
}

/// How far each value may be off by rounding, as a part of it: taps, their products with pairs of cells, and their sums.
pub(super) fn rounding(n_taps: usize) -> f64 {
    // Half an epsilon each; the thousandth is for what errors make of errors.
    (n_taps as f64 + 4.0) * f64::from(f32::EPSILON) * 1.001
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

/// Adds `tap` × the middle.
#[inline(always)]
fn add_middle(sums: &mut [f32], tap: f32, middle: &[f32]) {
    for (sum, middle) in sums.iter_mut().zip(middle) {
        *sum += tap * middle;
    }
}

/// One row, of which `line` has as many cells more on either side as there are taps beside the middle one.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn along(line: &[f32], taps: &[f32], out: &mut [f32]) {
    let (reach, wide) = (taps.len() - 1, out.len());
    out.fill(0.0);
    // The smallest first.
    for k in (1..=reach).rev() {
        add(out, taps[k], &line[reach - k..][..wide], &line[reach + k..][..wide]);
    }
    add_middle(out, taps[0], &line[reach..][..wide]);
}

/// A band of rows; `across` begins as many rows before the first as there are taps beside the middle one.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn down(across: &[f32], taps: &[f32], height: f64, (out, width): (&mut [f64], usize)) {
    let reach = taps.len() - 1;
    let mut sums = [0.0_f32; BLOCK];
    for from in (0..width).step_by(BLOCK) {
        let cells = BLOCK.min(width - from);
        let sums = &mut sums[..cells];
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let line = |at: usize| &across[at * width + from..][..cells];
            sums.fill(0.0);
            for k in (1..=reach).rev() {
                add(sums, taps[k], line(row + reach - k), line(row + reach + k));
            }
            add_middle(sums, taps[0], line(row + reach));
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
        for (n_cols, n_rows, margin, n_taps) in [
            (20, 13, 2, 6),
            (90, 30, 4, 5),
            (7, 7, 0, 7),
            (1, 1, 0, 4),
            (150, 140, 6, 3),
            (70, 9, 3, 12),
            (66, 5, 0, 1),
        ] {
            let counts: Vec<f32> = (0..n_cols * n_rows).map(|i| (i * 7 % 11) as f32).collect();
            let taps: Vec<f32> = (0..n_taps).map(|d| (-0.05 * (d * d) as f32).exp()).collect();
            let frame = Frame { n_cols, n_rows, margin };
            let (inner_cols, inner_rows) = (n_cols - 2 * margin, n_rows - 2 * margin);
            let mut out = vec![0.0; inner_cols * inner_rows];
            convolve(&counts, frame, &taps, 2.5, &mut out);
            let tap = |d: usize| taps.get(d).copied().map_or(0.0, f64::from);
            for (i, out) in out.iter().enumerate() {
                let (col, row) = (i % inner_cols + margin, i / inner_cols + margin);
                let term = |(j, c): (usize, &f32)| {
                    f64::from(*c) * tap(col.abs_diff(j % n_cols)) * tap(row.abs_diff(j / n_cols)) * 2.5
                };
                let sum: f64 = counts.iter().enumerate().map(term).sum();
                let off = (out - sum).abs();
                assert!(off <= rounding(n_taps) * sum, "{n_cols} × {n_rows}, cell {i}: {out} is not {sum}");
            }
        }
    }
}
