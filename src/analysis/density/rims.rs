//! Rims of crowds: cells near the rim of a crowd's discs, where its places are summed one by one.

use multiversion::multiversion;
use rayon::prelude::*;

use super::crowd::{Member, Spot};
use super::crowds::Crowds;
use crate::space::coord::Metres;
use crate::space::grid::Grid;

/// Rows of the raster that one thread works out.
const ROWS: usize = 64;

/// Cells of a rim that are worked out together.
const LANES: usize = 16;

/// The cells of a rim east of the crowd or in its column, row by row from the south; those west of it mirror them.
#[derive(Default)]
struct Rim {
    /// 1 − x² − y², x and y of each, in bandwidths from the middle of the crowd's cell.
    rest: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    /// Where it is in the buffer, and where its mirror image; from the corner of the square around the crowd.
    east: Vec<u32>,
    west: Vec<u32>,
    /// Where each row begins, and the end.
    starts: Vec<usize>,
    /// Rows from the crowd to the first.
    rows: i32,
}

/// The rows of the raster that are worked out, in memory that reaches as far east and west as any rim.
struct Buffer<'a> {
    first: i32,
    n_rows: i32,
    /// Cells from one row to the next.
    stride: usize,
    cells: &'a mut [f64],
}

impl Rim {
    fn new(crowds: &Crowds, cell: f64, stride: usize, pad: usize) -> Self {
        let rows = crowds.reach.rows as i32;
        let mut rim = Self { rows, ..Self::default() };
        for (up, dy) in (-rows..=rows).enumerate() {
            rim.starts.push(rim.x.len());
            let away = dy.unsigned_abs() as usize;
            for dx in crowds.reach.inside[away]..crowds.reach.outside[away] {
                let (x, y) = (dx as f64 * cell, f64::from(dy) * cell);
                rim.rest.push(1.0 - x * x - y * y);
                rim.x.push(x);
                rim.y.push(y);
                rim.east.push((up * stride + pad + dx) as u32);
                rim.west.push((up * stride + pad - dx) as u32);
            }
        }
        rim.starts.push(rim.x.len());
        // The last may be read together with some that are not there.
        for numbers in [&mut rim.rest, &mut rim.x, &mut rim.y] {
            numbers.resize(numbers.len() + LANES, 0.0);
        }
        rim
    }
}

/// Adds to `out` what the sweep leaves out of the crowds; `inner` is the square of the distance up to which a place counts, in
/// bandwidths.
pub(super) fn rims(
    crowds: &Crowds,
    grid: &Grid,
    bandwidth: Metres,
    inner: f64,
    height: f64,
    out: &mut [f64],
) {
    let reach = crowds.reach.rows;
    let pad = crowds.margin + reach + 1;
    // Rows an odd number of cache lines apart do not drive each other out of the cache.
    let stride = (grid.n_cols + 2 * pad).next_multiple_of(16) + 8;
    let rim = Rim::new(crowds, grid.cell.0 / bandwidth.0, stride, pad);
    let fresh = || vec![0.0_f64; ROWS * stride];
    out.par_chunks_mut(ROWS * grid.n_cols).enumerate().for_each_init(fresh, |cells, (chunk, out)| {
        let (first, n_rows) = ((chunk * ROWS) as i32, (out.len() / grid.n_cols) as i32);
        for band in crowds.bands_between((first - rim.rows, first + n_rows - 1 + rim.rows)) {
            let buffer = Buffer { first, n_rows, stride, cells };
            add(&band.spots, &band.members, &rim, 1.0 - inner, buffer);
        }
        for (out, sums) in out.chunks_exact_mut(grid.n_cols).zip(cells.chunks_exact_mut(stride)) {
            out.iter_mut().zip(&sums[pad..]).for_each(|(out, sum)| *out += sum * height);
            sums.fill(0.0);
        }
    });
}

/// Adds the rims of some crowds. None of the versions fuses a product with a sum, so that all give the same bytes.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+bmi1+bmi2",
    "x86_64+avx+avx2+bmi1+bmi2"
))]
fn add<'a>(spots: &[Spot], members: &[Member], rim: &Rim, least: f64, buffer: Buffer<'a>) {
    add_any(spots, members, rim, least, buffer);
}

#[inline(always)]
fn add_any(spots: &[Spot], members: &[Member], rim: &Rim, least: f64, buffer: Buffer<'_>) {
    let Buffer { first, n_rows, stride, cells } = buffer;
    for spot in spots {
        let south = spot.row - rim.rows - first;
        let rows = [-south, n_rows - south].map(|row| row.clamp(0, 2 * rim.rows + 1) as usize);
        let (mut at, end) = (rim.starts[rows[0]], rim.starts[rows[1]]);
        // The corner may lie outside the buffer, but no cell of these rows does.
        let corner = (south as isize * stride as isize + spot.col as isize) as usize;
        let members = &members[spot.from as usize..spot.to as usize];
        while at < end {
            let (Some(rest), Some(x), Some(y)) = (
                rim.rest[at..].first_chunk::<LANES>(),
                rim.x[at..].first_chunk::<LANES>(),
                rim.y[at..].first_chunk::<LANES>(),
            ) else {
                break;
            };
            let (mut east, mut west) = ([0.0; LANES], [0.0; LANES]);
            for m in members {
                for k in 0..LANES {
                    let both = rest[k] + m.rest + y[k] * m.north;
                    let side = x[k] * m.east;
                    let (a, b) = (both + side, both - side);
                    let (more_east, more_west) = (east[k] + a * a * m.weight, west[k] + b * b * m.weight);
                    east[k] = if a > least { more_east } else { east[k] };
                    west[k] = if b > least { more_west } else { west[k] };
                }
            }
            let next = end.min(at + LANES);
            for (&to, sum) in rim.east[at..next].iter().zip(east) {
                cells[corner.wrapping_add(to as usize)] += sum;
            }
            // The crowd's own column is its own mirror image; most rims have none of it.
            if x.iter().fold(false, |own, x| own | (*x == 0.0)) {
                for (sum, x) in west.iter_mut().zip(x) {
                    *sum = if *x == 0.0 { 0.0 } else { *sum };
                }
            }
            for (&to, sum) in rim.west[at..next].iter().zip(west) {
                cells[corner.wrapping_add(to as usize)] += sum;
            }
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kde::{KdeParams, kde, kde_at};
    use super::super::kernel::Kernel;
    use super::super::strips::Lanes;
    use super::*;
    use crate::space::coord::Local;

    const GRID: Grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 90, n_rows: 70 };

    /// Clumps and strays, some beyond the grid, some on borders and middles of cells, some coincident.
    fn points() -> Vec<Local> {
        let one = |i: u32| {
            let (a, b) = (f64::from(i * 7919 % 1009), f64::from(i * 104_729 % 997));
            match i % 4 {
                0 => Local { x: 300.0 + a / 20.0, y: 200.0 + b / 25.0 },
                1 => Local { x: (a / 5.0).floor() * 5.0, y: (b / 9.0).floor() * 5.0 },
                _ => Local { x: a * 1.1 - 100.0, y: b * 0.9 - 100.0 },
            }
        };
        (0..16_000).map(one).collect()
    }

    #[test]
    fn crowds_are_what_direct_sums_are() {
        let points = points();
        let weights: Vec<f64> = (0..points.len()).map(|i| [1.0, 2.5, 0.125, 0.0, 1.0][i % 5]).collect();
        let at: Vec<Local> = (0..GRID.len()).map(|i| GRID.center(i % 90, i / 90)).collect();
        for (h, weights) in [(41.3, None), (100.0, None), (123.4, Some(&weights[..])), (301.2, None)] {
            let params = KdeParams::quartic(Metres(h));
            let lanes = Lanes::new(&GRID, (h, 1.0), Some(4.0));
            let crowds =
                Crowds::new(&points, weights, &GRID, Metres(h), lanes).map(|(crowds, _)| crowds.bands);
            assert!(
                crowds.is_some_and(|bands| bands.iter().map(|band| band.spots.len()).sum::<usize>() > 300)
            );
            let found = kde(&points, weights, &GRID, &params).expect("good input").per_km2;
            let direct = kde_at(&points, weights, &at, &params).expect("good input");
            let total = weights.map_or(points.len() as f64, |weights| weights.iter().sum());
            let most = Kernel::Quartic.constant() * 1e6 / (h * h) * total;
            for (i, (found, direct)) in found.iter().zip(&direct).enumerate() {
                let off = (found - direct).abs() / most;
                assert!(off <= 1e-13, "{h} m, cell {i}: {found} for {direct}, {off:e} of the height");
                assert_eq!(*found == 0.0, *direct <= 1e-16 * most, "{h} m, cell {i}: {found} for {direct}");
            }
        }
    }

    #[test]
    fn neither_the_order_of_incidents_nor_threads_change_a_bit() {
        let (points, params) = (points(), KdeParams::quartic(Metres(123.4)));
        let weights: Vec<f64> = (0..points.len()).map(|i| 1.0 / (1 + i % 7) as f64).collect();
        let of = |points: &[Local], weights: &[f64], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| kde(points, Some(weights), &GRID, &params).expect("good input"))
        };
        let one = of(&points, &weights, 1);
        assert_eq!(one, of(&points, &weights, 3));
        // 7 and 16,000 have no factor in common.
        let turned = |i: usize| i * 7 % 16_000;
        let other: Vec<Local> = (0..16_000).map(|i| points[turned(i)]).collect();
        let weighed: Vec<f64> = (0..16_000).map(|i| weights[turned(i)]).collect();
        assert_eq!(one, of(&other, &weighed, 2));
    }

    #[test]
    fn a_center_exactly_on_the_rim_of_a_crowd_is_zero() {
        // The other place of the crowd lies east of the first, so that it reaches less far to the west.
        let middle = GRID.center(40, 30);
        let mut points = vec![middle; 12_000];
        points[5000].x += 2.0;
        let density = kde(&points, None, &GRID, &KdeParams::quartic(Metres(50.0))).expect("good input");
        for row in 20..40 {
            for col in 30..=40 {
                let (dx, dy) = (col as i32 - 40, row as i32 - 30);
                let value = density.per_km2[row * 90 + col];
                assert_eq!(value > 0.0, dx * dx + dy * dy < 25, "column {col}, row {row}: {value}");
            }
        }
    }

    #[test]
    fn every_version_of_the_loop_gives_the_same_bytes() {
        let h = Metres(123.4);
        let (crowds, _) = Crowds::new(&points(), None, &GRID, h, Lanes::new(&GRID, (h.0, 1.0), Some(4.0)))
            .expect("many incidents");
        let pad = crowds.margin + crowds.reach.rows + 1;
        let stride = GRID.n_cols + 2 * pad;
        let rim = Rim::new(&crowds, GRID.cell.0 / h.0, stride, pad);
        let of = |add: fn(&[Spot], &[Member], &Rim, f64, Buffer<'_>)| {
            let mut cells = vec![0.0; 30 * stride];
            for band in &crowds.bands {
                let buffer = Buffer { first: 7, n_rows: 30, stride, cells: &mut cells };
                add(&band.spots, &band.members, &rim, 1e-9, buffer);
            }
            cells
        };
        let (ours, plain) = (of(add), of(add_any));
        assert!(ours.iter().any(|v| *v > 0.1));
        assert!(ours.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
