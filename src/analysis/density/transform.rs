//! Convolution of a raster with a kernel by real Fourier transforms, in single precision.

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

type Number = Complex<f32>;

/// Columns of the spectrum that are transformed together: a cache line of a row.
const BLOCK: usize = 8;

/// A kernel that is even in x and y, by its values at whole cells from its center: `at(dx, dy)`, zero beyond `radius`.
pub(super) struct Taps<F> {
    pub(super) radius: usize,
    pub(super) at: F,
}

/// A raster with a rim of `margin` cells around what is asked for.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) n_cols: usize,
    pub(super) n_rows: usize,
    pub(super) margin: usize,
}

/// Writes Σ counts × kernel for the cells inside the margin; `counts` has the margin, `out` has not.
///
/// Cells beyond the raster count as empty. Rows are transformed, then columns in blocks: each task reads what all may read
/// and writes its own, so that the number of threads changes nothing.
pub(super) fn convolve<F: Fn(usize, usize) -> f64>(
    counts: &[f32],
    frame: Frame,
    taps: &Taps<F>,
    out: &mut [f64],
) {
    let Frame { n_cols, n_rows, margin } = frame;
    // Around the edge of the transform a kernel comes back on the other side, where nobody looks.
    let beyond = taps.radius.saturating_sub(margin);
    let (width, height) = (fast(n_cols + beyond), fast(n_rows + beyond));
    let n_freq = width / 2 + 1;
    let n_blocks = n_freq.div_ceil(BLOCK);
    let mut reals = RealFftPlanner::<f32>::new();
    let (forward, backward) = (reals.plan_fft_forward(width), reals.plan_fft_inverse(width));
    let (down, up) = (reals.plan_fft_forward(height), reals.plan_fft_inverse(height));
    let zero = Number::new(0.0, 0.0);

    let mut rows = vec![zero; n_rows * n_freq];
    let fresh = || (forward.make_input_vec(), forward.make_scratch_vec());
    rows.par_chunks_mut(n_freq).zip(counts.par_chunks(n_cols)).for_each_init(
        fresh,
        |(row, scratch), (spectrum, counts)| {
            row[..n_cols].copy_from_slice(counts);
            row[n_cols..].fill(0.0);
            forward.process_with_scratch(row, spectrum, scratch).expect("lengths are those of the plan");
        },
    );

    let kernel = KernelRows::new(taps, width, &*forward);
    let mut columns = vec![zero; n_blocks * BLOCK * height];
    let fresh = || Column::new(&*down, &*up);
    columns.par_chunks_mut(BLOCK * height).enumerate().for_each_init(
        fresh,
        |(lanes, column), (block, out)| {
            let from = block * BLOCK;
            let n = BLOCK.min(n_freq - from);
            for (row, spectrum) in rows.chunks_exact(n_freq).enumerate() {
                for (lane, value) in spectrum[from..from + n].iter().enumerate() {
                    lanes[2 * lane * height + row] = value.re;
                    lanes[(2 * lane + 1) * height + row] = value.im;
                }
            }
            for (lane, pair) in lanes[..2 * n * height].chunks_exact_mut(2 * height).enumerate() {
                let (re, im) = pair.split_at_mut(height);
                column.respond(&kernel, from + lane);
                column.filter(n_rows, re);
                column.filter(n_rows, im);
            }
            for (row, out) in out.chunks_exact_mut(BLOCK).enumerate() {
                for (lane, out) in out[..n].iter_mut().enumerate() {
                    let at = 2 * lane * height + row;
                    *out = Number::new(lanes[at], lanes[at + height]);
                }
            }
        },
    );

    let fresh = || (backward.make_input_vec(), backward.make_output_vec(), backward.make_scratch_vec());
    out.par_chunks_mut(n_cols - 2 * margin).enumerate().for_each_init(
        fresh,
        |(spectrum, row, scratch), (at, out)| {
            for (block, spectrum) in spectrum.chunks_mut(BLOCK).enumerate() {
                let from = (block * height + at + margin) * BLOCK;
                spectrum.copy_from_slice(&columns[from..from + spectrum.len()]);
            }
            // What rounding left there; a real signal has none.
            spectrum[0].im = 0.0;
            if width % 2 == 0 {
                spectrum[n_freq - 1].im = 0.0;
            }
            backward.process_with_scratch(spectrum, row, scratch).expect("lengths are those of the plan");
            for (out, &value) in out.iter_mut().zip(&row[margin..]) {
                *out = f64::from(value);
            }
        },
    );
}

/// The kernel's rows, transformed along x: real, since the kernel is even.
struct KernelRows {
    /// For each distance of 0 to `radius` rows, a value for each frequency.
    rows: Vec<f32>,
    n_freq: usize,
}

impl KernelRows {
    fn new<F: Fn(usize, usize) -> f64>(
        taps: &Taps<F>,
        width: usize,
        forward: &dyn RealToComplex<f32>,
    ) -> Self {
        let n_freq = width / 2 + 1;
        let scale = 1.0 / width as f64;
        let (mut row, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        let mut rows = Vec::with_capacity((taps.radius + 1) * n_freq);
        for dy in 0..=taps.radius {
            row.fill(0.0);
            for dx in 0..=taps.radius {
                let value = ((taps.at)(dx, dy) * scale) as f32;
                row[dx] = value;
                row[(width - dx) % width] = value;
            }
            forward.process(&mut row, &mut spectrum).expect("lengths are those of the plan");
            rows.extend(spectrum.iter().map(|value| value.re));
        }
        Self { rows, n_freq }
    }
}

/// The filter of one column. The kernel's response is real, so real and imaginary part are filtered apart.
struct Column<'a> {
    down: &'a dyn RealToComplex<f32>,
    up: &'a dyn ComplexToReal<f32>,
    line: Vec<f32>,
    spectrum: Vec<Number>,
    response: Vec<f32>,
    scratch: Vec<Number>,
}

impl<'a> Column<'a> {
    fn new(down: &'a dyn RealToComplex<f32>, up: &'a dyn ComplexToReal<f32>) -> (Vec<f32>, Self) {
        let zero = Number::new(0.0, 0.0);
        let spectrum = down.make_output_vec();
        let response = vec![0.0; spectrum.len()];
        let scratch = vec![zero; down.get_scratch_len().max(up.get_scratch_len())];
        let lanes = vec![0.0; 2 * BLOCK * down.len()];
        (lanes, Self { down, up, line: down.make_input_vec(), spectrum, response, scratch })
    }

    /// Works out the response for a frequency along x.
    fn respond(&mut self, kernel: &KernelRows, frequency: usize) {
        let (height, scale) = (self.line.len(), 1.0 / self.line.len() as f32);
        self.line.fill(0.0);
        for (dy, row) in kernel.rows.chunks_exact(kernel.n_freq).enumerate() {
            self.line[dy] = row[frequency] * scale;
            self.line[(height - dy) % height] = row[frequency] * scale;
        }
        let done = self.down.process_with_scratch(&mut self.line, &mut self.spectrum, &mut self.scratch);
        done.expect("lengths are those of the plan");
        self.response.iter_mut().zip(&self.spectrum).for_each(|(response, value)| *response = value.re);
    }

    /// Filters a column whose cells from `n_rows` on are none.
    fn filter(&mut self, n_rows: usize, column: &mut [f32]) {
        column[n_rows..].fill(0.0);
        let done = self.down.process_with_scratch(column, &mut self.spectrum, &mut self.scratch);
        done.expect("lengths are those of the plan");
        self.spectrum.iter_mut().zip(&self.response).for_each(|(value, &response)| *value *= response);
        // What rounding left there; a real signal has none.
        self.spectrum[0].im = 0.0;
        if let (true, Some(last)) = (column.len().is_multiple_of(2), self.spectrum.last_mut()) {
            last.im = 0.0;
        }
        let done = self.up.process_with_scratch(&mut self.spectrum, column, &mut self.scratch);
        done.expect("lengths are those of the plan");
    }
}

/// The smallest length from n on with no prime factor above 7, and even.
fn fast(n: usize) -> usize {
    let smooth = |mut n: usize| {
        for p in [2, 3, 5, 7] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    (n.max(2).next_multiple_of(2)..).step_by(2).find(|&n| smooth(n)).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_is_the_sum_over_all_cells() {
        for (n_cols, n_rows, margin, radius) in [(20, 13, 2, 5), (9, 30, 4, 4), (7, 7, 0, 6), (1, 1, 0, 3)] {
            let counts: Vec<f32> = (0..n_cols * n_rows).map(|i| (i * 7 % 11) as f32).collect();
            let at = |dx: usize, dy: usize| {
                if dx.max(dy) > radius { 0.0 } else { 1.0 / (1.0 + dx as f64 + 3.0 * dy as f64) }
            };
            let frame = Frame { n_cols, n_rows, margin };
            let (inner_cols, inner_rows) = (n_cols - 2 * margin, n_rows - 2 * margin);
            let mut out = vec![0.0; inner_cols * inner_rows];
            convolve(&counts, frame, &Taps { radius, at }, &mut out);
            for (i, out) in out.iter().enumerate() {
                let (col, row) = (i % inner_cols + margin, i / inner_cols + margin);
                let sum: f64 = (counts.iter().enumerate())
                    .map(|(j, c)| f64::from(*c) * at(col.abs_diff(j % n_cols), row.abs_diff(j / n_cols)))
                    .sum();
                assert!((out - sum).abs() < 1e-4, "{n_cols} × {n_rows}, cell {i}: {out} is not {sum}");
            }
        }
    }

    #[test]
    fn lengths_are_even_and_smooth() {
        assert_eq!([1, 1024, 1056, 1087].map(fast), [2, 1024, 1080, 1120]);
    }
}
