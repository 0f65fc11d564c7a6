//! The row sweep behind [`kde`](super::kde::kde): every kernel enters and leaves a raster row once.

use multiversion::multiversion;
use rayon::prelude::*;

use super::crowd::{Spot, Sum};
use super::crowds::Crowds;
use super::kernel::Kernel;
use super::polynomial::{Epanechnikov, Polynomial, Quartic, Triweight, Uniform};
use super::strips::{Place, Strips};
use crate::space::coord::Metres;
use crate::space::grid::Grid;

/// Kernels whose rim is this near a cell's center, in bandwidths, do not count there.
/// Without it a center exactly on the rim would get rounding noise instead of 0.
pub(super) const RIM: f64 = 1e-9;

/// Width of a strip in bandwidths. Rounding grows with its fourth power; narrower ones overlap more than they save.
pub(super) const STRIP: f64 = 4.0;

/// Rows that are swept together: what a place gives to all of them is worked out once.
const ROWS: usize = 4;

/// How many places are prepared before they are spread over the rows; the first loop is one the compiler vectorises.
const BATCH: usize = 64;

/// Added to a number from 0 to 2³², this leaves the number, rounded, in the low 32 bits.
const ROUND: f64 = 4_503_599_627_370_496.0;

/// What enters and leaves at a column: N numbers in a cache line of their own.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot<const N: usize>([f64; N]);

/// The columns that the places of a strip may reach. Lengths are in bandwidths.
struct Frame {
    first: usize,
    /// Centers of the columns from the strip's middle; with the rounding of [`Grid::center`], as everyone else sees it.
    centers: Vec<f64>,
    /// Columns from the first column's western border to the strip's middle.
    offset: f64,
}

impl Frame {
    fn new(grid: &Grid, bandwidth: f64, middle: f64, width: f64) -> Self {
        let cell = grid.cell.0 / bandwidth;
        let column = |x: f64| ((x / cell).max(0.0) as usize).min(grid.n_cols);
        let (first, end) = (column(middle - width / 2.0 - 1.0), column(middle + width / 2.0 + 1.0 + cell));
        let center = |col| (grid.center(col, 0).x - grid.origin.x) / bandwidth - middle;
        let centers = (first..end).map(center).collect();
        Self { first, centers, offset: middle / cell - first as f64 }
    }
}

/// What all rows of a sweep share.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// Columns per bandwidth.
    per_bandwidth: f64,
    /// Square of the distance up to which an incident counts, in bandwidths: the rim itself is beyond it.
    inner: f64,
    /// The kernel's height in the unit of the answer.
    height: f64,
}

/// One strip and up to [`ROWS`] rows: places and crowds that may reach them, north of each row, and where the sums go.
struct Piece<'a> {
    places: &'a [Place],
    crowds: Crowded<'a>,
    north: [f64; ROWS],
    frame: &'a Frame,
    scale: Scale,
    n_cols: usize,
    out: &'a mut [f64],
}

/// Crowds of a strip, those of a row of cells together; how far their kernels reach as one; the first row of the
/// piece, and how many it has.
#[derive(Clone, Copy)]
struct Crowded<'a> {
    rows: &'a [(&'a [Spot], &'a [Sum])],
    inside: &'a [usize],
    first: i32,
    n_rows: usize,
}

/// Adds the sums of a polynomial kernel over all places to the rows of `out`; `height` is a kernel's at its center.
///
/// In bandwidths, with u the place, v its distance from the row and A = 1 − v², a kernel of power p is, for |x − u| < √A,
///
/// ```text
/// (A − (x − u)²)ᵖ = Σⱼ binom(p, j) Aᵖ⁻ʲ (−1)ʲ (x − u)²ʲ,
/// ```
///
/// a polynomial in x: its coefficients are added where the kernel enters the row and taken away where it leaves it.
/// Crowds, which only the quartic has, enter and leave as one, at the columns between which all their kernels reach.
pub(super) fn sweep(
    kernel: Kernel,
    strips: &Strips,
    crowds: Option<&Crowds>,
    grid: &Grid,
    bandwidth: Metres,
    height: f64,
    out: &mut [f64],
) {
    match kernel {
        Kernel::Uniform => rows(uniform, strips, None, grid, bandwidth, height, out),
        Kernel::Epanechnikov => rows(epanechnikov, strips, None, grid, bandwidth, height, out),
        Kernel::Triweight => rows(triweight, strips, None, grid, bandwidth, height, out),
        _ => rows(quartic, strips, crowds, grid, bandwidth, height, out),
    }
}

fn rows<const N: usize>(
    piece: fn(Piece<'_>, &mut [Slot<N>]),
    strips: &Strips,
    crowds: Option<&Crowds>,
    grid: &Grid,
    bandwidth: Metres,
    height: f64,
    out: &mut [f64],
) {
    let h = bandwidth.0;
    let frames: Vec<Frame> =
        (0..strips.len()).map(|strip| Frame::new(grid, h, strips.middle(strip), strips.width())).collect();
    let most = frames.iter().map(|frame| frame.centers.len()).max().unwrap_or(0);
    let scale = Scale { per_bandwidth: h / grid.cell.0, inner: inner(grid, bandwidth), height };
    let fresh = || vec![Slot([0.0; N]); ROWS * (most + 1)];
    out.par_chunks_mut(ROWS * grid.n_cols).enumerate().for_each_init(fresh, |slots, (group, out)| {
        let n = out.len() / grid.n_cols;
        // A row that is not there is out of every kernel's reach, and not so far that a kernel is no number.
        let last = (grid.center(0, group * ROWS + n - 1).y - grid.origin.y) / h;
        let mut north = [last + 3.0; ROWS];
        for (row, north) in north[..n].iter_mut().enumerate() {
            *north = (grid.center(0, group * ROWS + row).y - grid.origin.y) / h;
        }
        for (strip, frame) in frames.iter().enumerate().filter(|(_, frame)| !frame.centers.is_empty()) {
            let places = strips.between(strip, north[0] - 1.0, north[n - 1] + 1.0);
            let first = (group * ROWS) as i32;
            let near = crowds.map_or_else(Vec::new, |crowds| {
                let reach = crowds.reach.rows as i32;
                crowds.between(strip, (first - reach, first + n as i32 - 1 + reach))
            });
            if !places.is_empty() || !near.is_empty() {
                let inside = crowds.map_or(&[][..], |crowds| &crowds.reach.inside);
                let crowds = Crowded { rows: &near, inside, first, n_rows: n };
                piece(Piece { places, crowds, north, frame, scale, n_cols: grid.n_cols, out }, slots);
            }
        }
    });
}

/// [`RIM`], or what rounding of coordinates makes of a rim where that is more; in bandwidths.
pub(super) fn rim(grid: &Grid, bandwidth: Metres) -> f64 {
    let reach =
        grid.origin.x.abs().max(grid.origin.y.abs()) + grid.cell.0 * grid.n_cols.max(grid.n_rows) as f64;
    RIM.max(8.0 * f64::EPSILON * reach / bandwidth.0)
}

/// Square of the distance up to which an incident counts, in bandwidths: the rim itself is beyond it.
pub(super) fn inner(grid: &Grid, bandwidth: Metres) -> f64 {
    (1.0 - rim(grid, bandwidth)).max(0.0).powi(2)
}

/// The versions of one loop for processors with and without wide registers, chosen when it first runs. None fuses a product
/// with a sum, so that all give the same bytes.
macro_rules! versions {
    ($name:ident, $polynomial:ty, $n:literal) => {
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+bmi1+bmi2",
            "x86_64+avx+avx2+bmi1+bmi2"
        ))]
        fn $name<'a>(piece: Piece<'a>, slots: &mut [Slot<$n>]) {
            work::<$n, $polynomial>(piece, slots);
        }
    };
}

versions!(uniform, Uniform, 2);
versions!(epanechnikov, Epanechnikov, 4);
versions!(quartic, Quartic, 8);
versions!(triweight, Triweight, 8);

#[inline(always)]
fn work<const N: usize, P: Polynomial<N>>(piece: Piece<'_>, slots: &mut [Slot<N>]) {
    let Piece { places, crowds, north, frame, scale, n_cols, out } = piece;
    let stride = frame.centers.len() + 1;
    let slots = &mut slots[..ROWS * stride];
    spread::<N, P>(places, &north, frame, scale, slots);
    spread_crowds(crowds, frame, 1.0 / scale.per_bandwidth, slots);
    let rows = out.chunks_exact_mut(n_cols).zip(slots.chunks_exact_mut(stride));
    for (out, slots) in rows {
        add_up::<N, P>(frame, scale.height, slots, &mut out[frame.first..][..stride - 1]);
    }
    // Rows of the next strip are of another length: what nobody looked at here would lie among theirs.
    slots.chunks_exact_mut(stride).for_each(|slots| slots[stride - 1] = Slot([0.0; N]));
}

/// Notes where each kernel enters the rows and where it has left them.
#[inline(always)]
fn spread<const N: usize, P: Polynomial<N>>(
    places: &[Place],
    north: &[f64; ROWS],
    frame: &Frame,
    scale: Scale,
    slots: &mut [Slot<N>],
) {
    let stride = frame.centers.len() + 1;
    let n_cols = frame.centers.len() as f64;
    let beyond = frame.centers.len() as u32;
    // Column c has its center at c + ½, so rounding a border gives the first column beyond it.
    let column = |x: f64| (x.max(0.0).min(n_cols) + ROUND).to_bits() as u32;
    let mut rows = slots.chunks_exact_mut(stride);
    let mut rows: [&mut [Slot<N>]; ROWS] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    let (mut u, mut v) = ([0.0; BATCH], [0.0; BATCH]);
    let mut parts = [P::part(0.0, 0.0); BATCH];
    let (mut enters, mut leaves) = ([[0_u32; BATCH]; ROWS], [[0_u32; BATCH]; ROWS]);
    let mut rests = [[0.0; BATCH]; ROWS];
    for places in places.chunks(BATCH) {
        let n = places.len();
        for (k, place) in places.iter().enumerate() {
            u[k] = place.u * scale.per_bandwidth + frame.offset;
            v[k] = place.v;
            parts[k] = P::part(place.u, place.weight);
        }
        for row in 0..ROWS {
            let (enters, leaves, rests) = (&mut enters[row], &mut leaves[row], &mut rests[row]);
            for k in 0..BATCH {
                let square = (v[k] - north[row]) * (v[k] - north[row]);
                let rest = 1.0 - square;
                let half = (scale.inner - square).max(0.0).sqrt() * scale.per_bandwidth;
                let (enter, leave) = (column(u[k] - half), column(u[k] + half));
                // What reaches no center goes where nobody looks: a branch would be guessed wrong too often.
                let reaches = enter < leave;
                enters[k] = if reaches { enter } else { beyond };
                leaves[k] = if reaches { leave } else { beyond };
                rests[k] = rest;
            }
        }
        for (k, part) in parts[..n].iter().enumerate() {
            for (row, slots) in rows.iter_mut().enumerate() {
                let (enter, leave) = (enters[row][k] as usize, leaves[row][k] as usize);
                let kernel = P::kernel(part, rests[row][k]);
                for (to, c) in slots[enter].0.iter_mut().zip(kernel) {
                    *to += c;
                }
                for (to, c) in slots[leave].0.iter_mut().zip(kernel) {
                    *to -= c;
                }
            }
        }
    }
}

/// Notes where each crowd enters the rows and where it has left them; `cell` in bandwidths.
#[inline(always)]
fn spread_crowds<const N: usize>(crowds: Crowded<'_>, frame: &Frame, cell: f64, slots: &mut [Slot<N>]) {
    if N < 8 {
        return;
    }
    let (n_cols, stride) = (frame.centers.len() as i32, frame.centers.len() + 1);
    let mut rows = slots.chunks_exact_mut(stride);
    let mut rows: [&mut [Slot<N>]; ROWS] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    for (spots, sums) in crowds.rows {
        // All of one row of cells, so that what depends on it is worked out once.
        let away: [i32; ROWS] = std::array::from_fn(|row| crowds.first + row as i32 - spots[0].row);
        // A row that is not there is out of reach: nobody would empty its slots.
        let half: [i32; ROWS] = std::array::from_fn(|row| {
            let inside = crowds.inside.get(away[row].unsigned_abs() as usize);
            if row < crowds.n_rows { inside.map_or(0, |&n| n as i32) } else { 0 }
        });
        let (west, east) = (half.map(|half| 1 - half), half);
        let powers = away.map(|away| powers(f64::from(away) * cell));
        for (spot, sum) in spots.iter().zip(*sums) {
            let col = spot.col - frame.first as i32;
            for (row, slots) in rows.iter_mut().enumerate() {
                let (enter, leave) = ((col + west[row]).max(0), (col + east[row]).min(n_cols));
                // As with places: nobody looks beyond the last column.
                let reaches = enter < leave;
                let (enter, leave) = if reaches { (enter, leave) } else { (n_cols, n_cols) };
                let (outer, within) = &powers[row];
                let kernel: [f64; N] =
                    std::array::from_fn(|i| (sum.two[i] * within[i] + sum.one[i]) * outer[i] + sum.zero[i]);
                for (to, c) in slots[enter as usize].0.iter_mut().zip(kernel) {
                    *to += c;
                }
                for (to, c) in slots[leave as usize].0.iter_mut().zip(kernel) {
                    *to -= c;
                }
            }
        }
    }
}

/// What the coefficients of a [`Sum`] are multiplied with: those of q¹ and q² by the first, those of q² by the second too.
#[inline(always)]
fn powers(q: f64) -> ([f64; 8], [f64; 8]) {
    ([q, q, q, 0.0, 0.0, 0.0, q * q * q, 0.0], [q, q, q, 0.0, 0.0, 0.0, q, 0.0])
}

/// Runs along the columns, adding up what enters and leaves, and empties the slots for the next rows.
#[inline(always)]
fn add_up<const N: usize, P: Polynomial<N>>(
    frame: &Frame,
    height: f64,
    slots: &mut [Slot<N>],
    out: &mut [f64],
) {
    let mut alive = [0.0; N];
    for ((value, slot), &x) in out.iter_mut().zip(slots.iter()).zip(&frame.centers) {
        for (sum, c) in alive.iter_mut().zip(slot.0) {
            *sum += c;
        }
        if alive[P::COUNT] == 0.0 {
            alive = [0.0; N];
        }
        *value += P::value(&alive, x).max(0.0) * height;
    }
    slots.fill(Slot([0.0; N]));
}

#[cfg(test)]
mod tests {
    use super::super::strips::Lanes;
    use super::*;
    use crate::space::coord::Local;

    #[test]
    fn every_version_of_the_loop_gives_the_same_bytes() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 90, n_rows: 30 };
        let points: Vec<Local> = (0..4000)
            .map(|i| Local { x: f64::from(i * 37 % 9001) / 10.0, y: f64::from(i * 91 % 3001) / 10.0 })
            .collect();
        let h = Metres(120.0);
        let strips = Strips::new(&points, None, &grid, (h.0, 1.0), Some(STRIP));
        fn compare<const N: usize, P: Polynomial<N>>(
            dispatched: fn(Piece<'_>, &mut [Slot<N>]),
            (strips, grid, h): (&Strips, &Grid, Metres),
        ) {
            let [mut ours, mut plain] = [(); 2].map(|()| vec![0.0; grid.len()]);
            rows(dispatched, strips, None, grid, h, 1.0, &mut ours);
            rows(work::<N, P>, strips, None, grid, h, 1.0, &mut plain);
            assert!(ours.iter().any(|v| *v > 1.0));
            assert!(ours.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        let to = (&strips, &grid, h);
        compare::<2, Uniform>(uniform, to);
        compare::<4, Epanechnikov>(epanechnikov, to);
        compare::<8, Quartic>(quartic, to);
        compare::<8, Triweight>(triweight, to);
        // With crowds.
        let many: Vec<Local> = (0..3).flat_map(|_| points.iter().copied()).collect();
        let lanes = Lanes::new(&grid, (h.0, 1.0), Some(STRIP));
        let (crowds, _) = Crowds::new(&many, None, &grid, h, lanes).expect("many incidents");
        let of = |piece: fn(Piece<'_>, &mut [Slot<8>])| {
            let mut out = vec![0.0; grid.len()];
            rows(piece, &strips, Some(&crowds), &grid, h, 1.0, &mut out);
            out
        };
        let (ours, plain) = (of(quartic), of(work::<8, Quartic>));
        assert!(ours.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits()));
        let mut without = vec![0.0; grid.len()];
        rows(quartic, &strips, None, &grid, h, 1.0, &mut without);
        assert_ne!(ours, without);
    }
}
