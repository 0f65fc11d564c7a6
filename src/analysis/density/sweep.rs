//! The row sweep behind [`kde`](super::kde::kde): every kernel enters and leaves a raster row once.

use rayon::prelude::*;

use crate::space::coord::Metres;
use crate::space::grid::Grid;

/// One or more incidents with the same coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) weight: f64,
}

/// Five coefficients of a polynomial in x, and how many kernels it is the sum of.
///
/// The number is a sum of whole numbers, so it is exactly 0 where no kernel reaches, while the coefficients would keep
/// the rounding of all that came and went.
type Sum = [f64; 6];

/// Kernels whose rim is this near a cell's center, in bandwidths, do not count there: they would add less than 1e-17.
/// Without it a center exactly on the rim would get rounding noise instead of 0.
const RIM: f64 = 1e-9;

/// Width of a segment in bandwidths. Rounding grows with its fourth power; below 2, a kernel could span three.
const SEGMENT: f64 = 4.0;

/// How many kernels are prepared before they are spread over the row; the first loop is one the compiler vectorises.
const BATCH: usize = 64;

/// Added to a number from 0 to 2³², this leaves the number, rounded, in the low 32 bits.
const ROUND: f64 = 4_503_599_627_370_496.0;

/// The columns of a row, cut into segments. Lengths are in bandwidths.
///
/// Each segment is summed on its own, in polynomials about its middle. So no rounding is carried further than a
/// segment, where x⁴ would magnify it: one origin for a whole row loses eight digits over 80 bandwidths.
struct Frame {
    cell: f64,
    /// Columns per segment.
    columns: usize,
    per_column: Vec<Column>,
    n_slots: usize,
    rim: f64,
}

#[derive(Clone, Copy)]
struct Column {
    /// Where its sum is kept. A segment has one slot more than columns, for what leaves with the last column.
    slot: u32,
    segment: u32,
    /// Middle of its segment.
    middle: f64,
    /// Its center, from the middle of the segment; with the rounding of [`Grid::center`], as everyone else sees it.
    center: f64,
}

impl Frame {
    fn new(grid: &Grid, bandwidth: Metres) -> Self {
        let cell = grid.cell.0 / bandwidth.0;
        let columns = ((SEGMENT / cell) as usize).clamp(1, grid.n_cols);
        let per_column = (0..grid.n_cols)
            .map(|col| {
                let segment = col / columns;
                let middle = ((segment * columns) as f64 + columns as f64 / 2.0) * cell;
                let center = (grid.center(col, 0).x - grid.origin.x) / bandwidth.0 - middle;
                Column { slot: (col + segment) as u32, segment: segment as u32, middle, center }
            })
            .collect();
        let n_slots = grid.n_cols.div_ceil(columns) * (columns + 1);
        let reach =
            grid.origin.x.abs().max(grid.origin.y.abs()) + grid.cell.0 * grid.n_cols.max(grid.n_rows) as f64;
        let rim = RIM.max(8.0 * f64::EPSILON * reach / bandwidth.0);
        Self { cell, columns, per_column, n_slots, rim }
    }
}

/// Writes the sum of the quartic kernels of all places, sorted by y, to the rows of `out`; `height` is a kernel's at its center.
///
/// In bandwidths, with u the place and v its distance from the row, and B = 1 − v² − u², a kernel is, for |x − u| < √(1 − v²),
///
/// ```text
/// (1 − v² − (x − u)²)² = B² + 4uB·x + (4u² − 2B)·x² − 4u·x³ + x⁴
/// ```
pub(super) fn quartic(places: &[Place], grid: &Grid, bandwidth: Metres, height: f64, out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    let frame = Frame::new(grid, bandwidth);
    let h = bandwidth.0;
    let east: Vec<f64> = places.iter().map(|p| (p.x - grid.origin.x) / h).collect();
    let north: Vec<f64> = places.iter().map(|p| (p.y - grid.origin.y) / h).collect();
    let weight: Vec<f64> = places.iter().map(|p| p.weight).collect();
    let fresh = || vec![[0.0; 6]; frame.n_slots];
    out.par_chunks_mut(grid.n_cols).enumerate().for_each_init(fresh, |sums, (row, out)| {
        let v = (grid.center(0, row).y - grid.origin.y) / h;
        let from = north.partition_point(|&n| n <= v - 1.0);
        let to = from + north[from..].partition_point(|&n| n < v + 1.0);
        spread(&east[from..to], &north[from..to], &weight[from..to], v, &frame, sums);
        add_up(&frame, height, sums, out);
    });
}

/// Notes where each kernel enters the row and where it has left it.
fn spread(east: &[f64], north: &[f64], weight: &[f64], v: f64, frame: &Frame, sums: &mut [Sum]) {
    let n_cols = frame.per_column.len() as f64;
    let per_cell = 1.0 / frame.cell;
    // Column c has its center at c + ½, so rounding a border gives the first column beyond it.
    let column = |x: f64| ((x * per_cell).max(0.0).min(n_cols) + ROUND).to_bits() as u32;
    let mut enters = [0_u32; BATCH];
    let mut leaves = [0_u32; BATCH];
    let mut rests = [0.0; BATCH];
    let batches = east.chunks(BATCH).zip(north.chunks(BATCH)).zip(weight.chunks(BATCH));
    for ((east, north), weight) in batches {
        let n = east.len();
        let (enters, leaves, rests) = (&mut enters[..n], &mut leaves[..n], &mut rests[..n]);
        for k in 0..n {
            let rest = 1.0 - (north[k] - v) * (north[k] - v);
            let half = rest.max(0.0).sqrt() - frame.rim;
            enters[k] = column(east[k] - half);
            leaves[k] = column(east[k] + half);
            rests[k] = rest;
        }
        for k in 0..n {
            if enters[k] >= leaves[k] {
                continue;
            }
            let first = frame.per_column[enters[k] as usize];
            let last = frame.per_column[leaves[k] as usize - 1];
            let mut kernel = polynomial(east[k] - first.middle, rests[k], weight[k]);
            add(&mut sums[first.slot as usize], kernel);
            if last.segment != first.segment {
                kernel = polynomial(east[k] - last.middle, rests[k], weight[k]);
                add(&mut sums[last.segment as usize * (frame.columns + 1)], kernel);
            }
            add(&mut sums[last.slot as usize + 1], kernel.map(|c| -c));
        }
    }
}

fn polynomial(u: f64, rest: f64, w: f64) -> Sum {
    let b = rest - u * u;
    let wu = w * 4.0 * u;
    [w * b * b, wu * b, wu * u - 2.0 * w * b, -wu, w, 1.0]
}

fn add(to: &mut Sum, kernel: Sum) {
    for (to, c) in to.iter_mut().zip(kernel) {
        *to += c;
    }
}

/// Runs along each segment, adding up what enters and leaves, and empties the sums for the next row.
fn add_up(frame: &Frame, height: f64, sums: &mut [Sum], out: &mut [f64]) {
    let columns = frame.per_column.chunks(frame.columns);
    let segments = out.chunks_mut(frame.columns).zip(sums.chunks_mut(frame.columns + 1));
    for ((out, sums), columns) in segments.zip(columns) {
        let mut alive: Sum = [0.0; 6];
        for ((value, sum), column) in out.iter_mut().zip(sums.iter()).zip(columns) {
            add(&mut alive, *sum);
            if alive[5] == 0.0 {
                alive = [0.0; 6];
            }
            let x = column.center;
            let [c0, c1, c2, c3, c4, _] = alive;
            let sum = (((c4 * x + c3) * x + c2) * x + c1) * x + c0;
            *value = sum.max(0.0) * height;
        }
        sums.fill([0.0; 6]);
    }
}
