//! How far a binned density may be from the exact one.

use multiversion::multiversion;

use super::kernel::Kernel;

/// Differences between a surface and the true sums, in incidents per km².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorBound {
    /// No cell is further off than this, rounding included.
    ///
    /// Binning moves an incident by at most δ, half a cell's diagonal. So each is off by at most min(δ max|K′|, K(d − δ) −
    /// K(d + δ)) over the distances d it may have; the sum of that over the incidents is taken for every block of cells,
    /// with all distances between two blocks, and the largest is the bound.
    pub worst: f64,
    /// What is to be expected at the peak if incidents are spread evenly within their cells: the second-order term
    /// cell² ∇²K / 24, of the peak's height. 0 for kernels with a tip or a step, which have none.
    pub expected_of_peak: f64,
    /// The part of `worst` that single precision adds, and what is left out of the Gaussian and of values that are next to
    /// nothing.
    pub rounding: f64,
}

/// A kernel reaches so many blocks of cells, unless a cell is wider.
const BLOCKS: f64 = 5.0;

impl ErrorBound {
    /// What the exact methods promise: 1e-9 of the peak.
    #[must_use]
    pub fn exact(peak: f64) -> Self {
        Self { worst: 1e-9 * peak, expected_of_peak: 0.0, rounding: 1e-9 * peak }
    }
}

/// The bound of a surface from counts in rows of `n_cols`; `cell` in bandwidths, `height` of a kernel at its center, and
/// what rounding adds, or whatever else was left out.
pub(super) fn of(
    counts: &[f32],
    n_cols: usize,
    kernel: Kernel,
    cell: f64,
    (height, rounding): (f64, f64),
) -> ErrorBound {
    let side = ((kernel.reach() / (cell * BLOCKS)) as usize).max(1);
    let (blocks, across) = coarse(counts, n_cols, side);
    let down = blocks.len() / across.max(1);
    let block = side as f64 * cell;
    let slip = cell * std::f64::consts::FRAC_1_SQRT_2;
    // As far as there are blocks.
    let near = (((kernel.reach() + slip) / block).ceil() + 1.0).min(across.max(down) as f64) as usize;
    // What an incident of a block may be off at any cell of a block so many columns and rows away.
    let weights: Vec<f64> = (0..=near)
        .flat_map(|dy| (0..=near).map(move |dx| (dx, dy)))
        .map(|(dx, dy)| {
            let gap = |d: usize| d.saturating_sub(1) as f64 * block;
            let end = |d: usize| (d + 1) as f64 * block;
            slack(kernel, gap(dx).hypot(gap(dy)), end(dx).hypot(end(dy)), slip)
        })
        .collect();
    let mut worst = 0.0_f64;
    let mut line = vec![0.0; across];
    for row in 0..down {
        line.fill(0.0);
        for other in row.saturating_sub(near)..(row + near + 1).min(down) {
            let weights = &weights[row.abs_diff(other) * (near + 1)..][..near + 1];
            add_smeared(&blocks[other * across..][..across], weights, &mut line);
        }
        worst = line.iter().copied().fold(worst, f64::max);
    }
    let curvature = match kernel {
        Kernel::Quartic => 8.0,
        Kernel::Epanechnikov => 4.0,
        Kernel::Triweight => 12.0,
        Kernel::Gaussian => 16.0,
        Kernel::Uniform | Kernel::Triangular => 0.0,
    };
    ErrorBound {
        worst: worst * height + rounding,
        expected_of_peak: curvature * cell * cell / 24.0,
        rounding,
    }
}

/// Sums of counts in square blocks, and how many there are in a row.
fn coarse(counts: &[f32], n_cols: usize, side: usize) -> (Vec<f64>, usize) {
    let across = n_cols.div_ceil(side);
    let mut blocks = Vec::new();
    let mut sums = vec![0.0_f32; n_cols];
    for rows in counts.chunks(side.saturating_mul(n_cols.max(1))) {
        sums.fill(0.0);
        for row in rows.chunks_exact(n_cols) {
            sums.iter_mut().zip(row).for_each(|(sum, n)| *sum += n);
        }
        blocks.extend(sums.chunks(side).map(|some| some.iter().map(|n| f64::from(*n)).sum::<f64>()));
    }
    (blocks, across)
}

/// Adds to each block what those left and right of it may be off.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn add_smeared(blocks: &[f64], weights: &[f64], line: &mut [f64]) {
    for (d, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        // A kernel may reach more blocks than there are.
        let Some(n) = blocks.len().checked_sub(d) else { continue };
        line[..n].iter_mut().zip(&blocks[d..]).for_each(|(sum, n)| *sum += weight * n);
        if d > 0 {
            line[d..].iter_mut().zip(&blocks[..n]).for_each(|(sum, n)| *sum += weight * n);
        }
    }
}

/// The most that K changes if a distance between `least` and `most` changes by `slip`; all in bandwidths, K(0) = 1.
fn slack(kernel: Kernel, least: f64, most: f64, slip: f64) -> f64 {
    let (from, to) = ((least - slip).max(0.0), most + slip);
    let drop = kernel.shape(from * from) - kernel.shape(to * to);
    // −K′ and where it is steepest.
    let slope: fn(f64) -> f64 = match kernel {
        Kernel::Uniform => return drop,
        Kernel::Triangular => |r| if r < 1.0 { 1.0 } else { 0.0 },
        Kernel::Epanechnikov => |r| if r < 1.0 { 2.0 * r } else { 0.0 },
        Kernel::Quartic => |r| 4.0 * r * (1.0 - r * r).max(0.0),
        Kernel::Triweight => |r| 6.0 * r * (1.0 - r * r).max(0.0).powi(2),
        Kernel::Gaussian => |r| 8.0 * r * (-4.0 * r * r).exp(),
    };
    let steepest = match kernel {
        Kernel::Epanechnikov => 1.0 - f64::EPSILON,
        Kernel::Quartic => 1.0 / 3.0_f64.sqrt(),
        Kernel::Triweight => 1.0 / 5.0_f64.sqrt(),
        _ => 1.0 / 8.0_f64.sqrt(),
    };
    let steep = slope(from).max(slope(to)).max(slope(steepest.clamp(from, to)));
    drop.min(slip * steep)
}

/// What transforms in single precision may add, for a kernel with K(0) = 1.
///
/// A transform of N values is off by at most η = 4 ε log₂ N of its root mean square; so a convolution, by Cauchy and
/// Schwarz, by η (2 ‖n‖ ‖K‖ + ‖n ∗ K‖), and ‖n ∗ K‖ ≤ ‖n‖ ΣK. A cell may be in both tiles of an image: ‖n‖ times √2. No
/// image has more than 16 times as many points as there are cells, but for the least.
pub(super) fn of_transform(counts: &[f32], kernel: Kernel, cell: f64) -> f64 {
    let n = counts.len().max(2) as f64;
    let (mut squares, mut all) = (0.0, 0.0);
    for row in counts.chunks(1024) {
        // Sixteen sums side by side: one after the other would wait for each.
        let (mut square, mut sum) = ([0.0_f32; 16], [0.0_f32; 16]);
        for some in row.chunks(16) {
            for (i, n) in some.iter().enumerate() {
                square[i] += n * n;
                sum[i] += n;
            }
        }
        squares += f64::from(square.iter().sum::<f32>());
        all += f64::from(sum.iter().sum::<f32>());
    }
    // The sum of a kernel's values, of which there are no more than the frame is wide.
    let sum = (1.0 / (kernel.constant() * cell * cell)).min((2.0 * n + 1.0).powi(2));
    // K ≤ 1, so ΣK² ≤ ΣK; the value itself is at most that of all incidents on one spot.
    let eta = 4.0 * f64::from(f32::EPSILON) * (n.log2().max(4.0) + 4.0);
    let smooth = (squares.sqrt() * sum.max(1.0)).min(all * sum.max(1.0).sqrt());
    std::f64::consts::SQRT_2 * eta * (2.0 * squares.sqrt() * sum.max(1.0).sqrt() + smooth)
}
