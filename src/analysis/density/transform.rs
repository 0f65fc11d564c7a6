//! Convolution of a raster with a kernel by Fourier transforms, in single precision.

use std::ops::Range;

use rayon::prelude::*;

use super::fourier::{LANES, Plan, Point, fast, multiply, turn};

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

/// Writes Σ counts × kernel × `scale` for the cells inside the margin; `counts` has the margin, `out` has not and is zeros.
///
/// Cells beyond the raster count as empty. The part that kernels reach is cut into tiles, and two of them are real and
/// imaginary part of one transform: the kernel is even, so its response is real and the two stay apart. Of an image of two
/// tiles columns are transformed, rows there and back, and columns back. Each task reads what all may read and writes its
/// own, so that the number of threads changes nothing. Time O(cells · log(tile)), memory O(tile).
pub(super) fn convolve<F: Fn(usize, usize) -> f64>(
    counts: &[f32],
    frame: Frame,
    taps: &Taps<F>,
    scale: f64,
    out: &mut [f64],
) {
    let Some(tiling) = Tiling::of(counts, frame, taps.radius) else { return };
    let (wide, high) = (Plan::new(tiling.x.len), Plan::new(tiling.y.len));
    let response = Response::new(taps, &tiling, (&wide, &high));
    let (len_x, len_y) = (wide.len(), high.len());
    let width = frame.n_cols - 2 * frame.margin;
    // Fresh pages take longer than a transform: all images use the same.
    let mut columns = vec![Point::ZERO; len_x / LANES * len_y];
    let mut rows = vec![Point::ZERO; len_x * len_y / LANES];
    for image in 0..tiling.n_images() {
        // Columns, in blocks: those of a block point by point, and then in squares, turned.
        columns.par_chunks_mut(len_y).enumerate().for_each(|(block, points)| {
            if tiling.gather(counts, frame, (image, block), points) {
                high.forward(points);
                for square in points.as_chunks_mut().0 {
                    let from: [Point; LANES] = *square;
                    turn(&from, square);
                }
            }
        });
        rows.par_chunks_mut(len_x).enumerate().for_each_init(Vec::new, |factors, (block, points)| {
            for (from, to) in columns.chunks_exact(len_y).zip(points.chunks_exact_mut(LANES)) {
                to.copy_from_slice(&from[block * LANES..][..LANES]);
            }
            wide.forward(points);
            response.of_rows(block, factors);
            multiply(points, &response.folded, factors);
            wide.backward(points);
        });
        columns.par_chunks_mut(len_y).enumerate().for_each(|(block, points)| {
            if tiling.is_asked(image, block) {
                for (rows, square) in rows.chunks_exact(len_x).zip(points.as_chunks_mut().0) {
                    turn(rows[block * LANES..].first_chunk().expect("a block of columns"), square);
                }
                high.backward(points);
            }
        });
        for (part, (x, y)) in tiling.tiles(image).enumerate() {
            let out = &mut out[(y.asked.start - frame.margin) * width..][..y.asked.len() * width];
            out.par_chunks_mut(width).zip(y.asked.clone()).for_each(|(out, row)| {
                let row = &columns[tiling.y.position(y, row)..];
                let mut col = x.asked.start;
                while col < x.asked.end {
                    let at = tiling.x.position(x, col);
                    let point = &row[at / LANES * len_y];
                    let lanes = if part == 0 { &point.re } else { &point.im };
                    let n = (LANES - at % LANES).min(x.asked.end - col);
                    for (out, &value) in out[col - frame.margin..][..n].iter_mut().zip(&lanes[at % LANES..]) {
                        *out = f64::from(value) * scale;
                    }
                    col += n;
                }
            });
        }
    }
}

/// A stretch of columns or rows: those that are asked for, and those that reach them. Counted in the frame.
struct Tile {
    asked: Range<usize>,
    data: Range<usize>,
}

/// Columns or rows cut into tiles.
struct Axis {
    tiles: Vec<Tile>,
    /// How far a kernel reaches, as far as there are data.
    radius: usize,
    /// Length of the transforms.
    len: usize,
}

impl Axis {
    fn new(data: &Range<usize>, asked: &Range<usize>, radius: usize, n: usize) -> Self {
        let each = asked.len().div_ceil(n);
        let tile = |start: usize| {
            let asked = start..asked.end.min(start + each);
            let from = data.start.max(asked.start.saturating_sub(radius));
            let to = data.end.min(asked.end + radius);
            let data = if from < to { from..to } else { asked.start..asked.start };
            Tile { asked, data }
        };
        let tiles: Vec<Tile> = asked.clone().step_by(each).map(tile).collect();
        // The farthest that any cell with data is from one that is asked for, on either side.
        let gaps = |tile: &Tile| {
            [tile.data.end.saturating_sub(tile.asked.start), tile.asked.end.saturating_sub(tile.data.start)]
        };
        let farthest = tiles.iter().flat_map(gaps).max().unwrap_or(0);
        let radius = radius.min(farthest.saturating_sub(1));
        // Around the edge of the transform a kernel comes back on the other side, where nobody looks.
        let longest = tiles.iter().map(|tile| tile.data.len().max(tile.asked.len())).max().unwrap_or(0);
        Self { tiles, radius, len: fast(longest.max(farthest + radius)) }
    }

    /// Position in a tile's transform of a column or row that is asked for.
    fn position(&self, tile: &Tile, asked: usize) -> usize {
        (asked + self.len - tile.data.start) % self.len
    }
}

/// How the frame is cut.
struct Tiling {
    x: Axis,
    y: Axis,
}

impl Tiling {
    /// The fastest for what kernels around the cells that hold something reach; `None` if that is nothing.
    fn of(counts: &[f32], frame: Frame, radius: usize) -> Option<Self> {
        let Frame { n_cols, n_rows, margin } = frame;
        let (cols, rows) = held(counts, n_cols)?;
        let asked = |data: &Range<usize>, n: usize| {
            let (from, to) =
                (data.start.saturating_sub(radius).max(margin), (data.end + radius).min(n - margin));
            (from < to).then_some(from..to)
        };
        let (asked_x, asked_y) = (asked(&cols, n_cols)?, asked(&rows, n_rows)?);
        let axes = |data: &Range<usize>, asked: &Range<usize>| -> Vec<Axis> {
            (1..=MOST_TILES.min(asked.len())).map(|n| Axis::new(data, asked, radius, n)).collect()
        };
        let (x, y) = (axes(&cols, &asked_x), axes(&rows, &asked_y));
        let pairs =
            x.iter().enumerate().flat_map(|(i, x)| y.iter().enumerate().map(move |(j, y)| (i, j, x, y)));
        let cost = |(.., x, y): &(usize, usize, &Axis, &Axis)| {
            let images = (x.tiles.len() * y.tiles.len()).div_ceil(2) as f64;
            let points = x.len as f64 * y.len as f64;
            points * (images * (points.log2() + OTHER) + FRESH) + images * EACH
        };
        let (i, j, ..) = pairs.min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
        Some(Self { x: x.into_iter().nth(i)?, y: y.into_iter().nth(j)? })
    }

    /// Images that are transformed; each holds two tiles.
    fn n_images(&self) -> usize {
        (self.x.tiles.len() * self.y.tiles.len()).div_ceil(2)
    }

    /// The tiles of an image, by their columns and rows of tiles.
    fn tiles(&self, image: usize) -> impl Iterator<Item = (&Tile, &Tile)> {
        let n = self.x.tiles.len();
        let tile = move |at: usize| Some((&self.x.tiles[at % n], self.y.tiles.get(at / n)?));
        [2 * image, 2 * image + 1].into_iter().filter_map(tile)
    }

    /// Puts the data of a block of columns of an image into points; whether there are any.
    fn gather(
        &self,
        counts: &[f32],
        frame: Frame,
        (image, block): (usize, usize),
        points: &mut [Point],
    ) -> bool {
        points.fill(Point::ZERO);
        let mut any = false;
        for (part, (x, y)) in self.tiles(image).enumerate() {
            let from = x.data.start + block * LANES;
            let n = x.data.end.saturating_sub(from).min(LANES);
            if n == 0 || y.data.is_empty() {
                continue;
            }
            any = true;
            for (point, row) in points.iter_mut().zip(y.data.clone()) {
                let to = if part == 0 { &mut point.re } else { &mut point.im };
                to[..n].copy_from_slice(&counts[row * frame.n_cols + from..][..n]);
            }
        }
        any
    }

    /// Whether a block of columns of an image is asked for.
    fn is_asked(&self, image: usize, block: usize) -> bool {
        let block = block * LANES..(block + 1) * LANES;
        self.tiles(image).any(|(x, _)| {
            // Around the edge of the transform.
            let first = self.x.position(x, x.asked.start);
            let end = first + x.asked.len();
            first < block.end && block.start < end || block.start + self.x.len < end
        })
    }
}

/// Tiles along one axis at most.
const MOST_TILES: usize = 8;

/// What is done with each point beside the transforms, in the time of so many of their steps by 2.
const OTHER: f64 = 8.0;

/// What a point's memory takes to come by, in the same.
const FRESH: f64 = 15.0;

/// What threads that wait for one another take with each image, in the same.
const EACH: f64 = 1e5;

/// Columns and rows with cells that hold something.
fn held(counts: &[f32], n_cols: usize) -> Option<(Range<usize>, Range<usize>)> {
    let mut any = vec![0_u32; n_cols];
    let mut rows: Option<Range<usize>> = None;
    for (at, row) in counts.chunks_exact(n_cols).enumerate() {
        let mut whole = 0;
        for (any, n) in any.iter_mut().zip(row) {
            let bits = n.to_bits();
            *any |= bits;
            whole |= bits;
        }
        if whole != 0 {
            rows = Some(rows.map_or(at, |rows| rows.start)..at + 1);
        }
    }
    let first = any.iter().position(|&any| any != 0)?;
    let last = any.iter().rposition(|&any| any != 0)?;
    Some((first..last + 1, rows?))
}

/// What frequencies are multiplied with: real, since the kernel is even, and the same for a frequency and its opposite.
struct Response {
    /// Blocks of columns of the spectrum for frequencies along x from 0 to half of all: those along y point by point, of as
    /// many frequencies along x as there are lanes in the real parts, and of as many more in the imaginary parts.
    columns: Vec<Point>,
    len_y: usize,
    /// For each position along x of a transform its frequency, or the opposite.
    folded: Vec<u32>,
}

impl Response {
    fn new<F: Fn(usize, usize) -> f64>(
        taps: &Taps<F>,
        tiling: &Tiling,
        (wide, high): (&Plan, &Plan),
    ) -> Self {
        let (len_x, len_y) = (wide.len(), high.len());
        let scale = 1.0 / (len_x as f64 * len_y as f64);
        let folded: Vec<u32> = wide.frequencies().iter().map(|&f| f.min(len_x - f) as u32).collect();
        // Rows of the kernel, along x: as many as there are lanes in the real parts, and as many in the imaginary parts.
        let mut rows = vec![[0.0_f32; 2 * LANES]; (tiling.y.radius / (2 * LANES) + 1) * (len_x / 2 + 1)];
        let mut points = vec![Point::ZERO; len_x];
        for (block, rows) in rows.chunks_exact_mut(len_x / 2 + 1).enumerate() {
            points.fill(Point::ZERO);
            for dx in 0..=tiling.x.radius {
                let mut point = Point::ZERO;
                for lane in 0..2 * LANES {
                    let dy = block * 2 * LANES + lane;
                    if dy <= tiling.y.radius {
                        *part(&mut point, lane) = ((taps.at)(dx, dy) * scale) as f32;
                    }
                }
                points[dx] = point;
                points[(len_x - dx) % len_x] = point;
            }
            wide.forward(&mut points);
            for (point, &at) in points.iter().zip(&folded) {
                rows[at as usize][..LANES].copy_from_slice(&point.re);
                rows[at as usize][LANES..].copy_from_slice(&point.im);
            }
        }
        let mut columns = vec![Point::ZERO; (len_x / 2 / (2 * LANES) + 1) * len_y];
        columns.par_chunks_mut(len_y).enumerate().for_each(|(block, points)| {
            for dy in 0..=tiling.y.radius {
                let rows = &rows[dy / (2 * LANES) * (len_x / 2 + 1)..][..len_x / 2 + 1];
                let mut point = Point::ZERO;
                for (lane, row) in rows[block * 2 * LANES..].iter().take(2 * LANES).enumerate() {
                    *part(&mut point, lane) = row[dy % (2 * LANES)];
                }
                points[dy] = point;
                points[(len_y - dy) % len_y] = point;
            }
            high.forward(points);
        });
        Self { columns, len_y, folded }
    }

    /// The factors for a block of frequencies along y, by the frequency along x.
    fn of_rows(&self, block: usize, factors: &mut Vec<[f32; LANES]>) {
        factors.clear();
        for columns in self.columns.chunks_exact(self.len_y) {
            let square = &columns[block * LANES..][..LANES];
            for lane in 0..LANES {
                factors.push(std::array::from_fn(|f| square[f].re[lane]));
            }
            for lane in 0..LANES {
                factors.push(std::array::from_fn(|f| square[f].im[lane]));
            }
        }
    }
}

/// A lane of the real parts, or, from so many on, of the imaginary parts.
fn part(point: &mut Point, lane: usize) -> &mut f32 {
    if lane < LANES { &mut point.re[lane] } else { &mut point.im[lane - LANES] }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn at(dx: usize, dy: usize) -> f64 {
        1.0 / (1.0 + dx as f64 + 3.0 * dy as f64)
    }

    /// Checks every cell, and returns how many images there were.
    fn check(counts: &[f32], frame: Frame, radius: usize) -> usize {
        let Frame { n_cols, n_rows, margin } = frame;
        let (inner_cols, inner_rows) = (n_cols - 2 * margin, n_rows - 2 * margin);
        let mut out = vec![0.0; inner_cols * inner_rows];
        convolve(counts, frame, &Taps { radius, at }, 0.5, &mut out);
        for (i, out) in out.iter().enumerate() {
            let (col, row) = (i % inner_cols + margin, i / inner_cols + margin);
            let mut sum = 0.0;
            for y in row.saturating_sub(radius)..(row + radius + 1).min(n_rows) {
                for x in col.saturating_sub(radius)..(col + radius + 1).min(n_cols) {
                    sum += 0.5 * f64::from(counts[y * n_cols + x]) * at(col.abs_diff(x), row.abs_diff(y));
                }
            }
            assert!((out - sum).abs() < 1e-4, "{n_cols} × {n_rows}, {radius}, cell {i}: {out} is not {sum}");
        }
        Tiling::of(counts, frame, radius).map_or(0, |tiling| tiling.n_images())
    }

    #[test]
    fn a_convolution_is_the_sum_over_all_cells() {
        for (n_cols, n_rows, margin, radius) in [
            (20, 13, 2, 5),
            (9, 30, 4, 4),
            (7, 7, 0, 6),
            (1, 1, 0, 3),
            (1, 1, 0, 0),
            (40, 33, 3, 2),
            (3, 90, 0, 90),
            (90, 2, 0, 50),
            (65, 64, 8, 9),
        ] {
            let counts: Vec<f32> = (0..n_cols * n_rows).map(|i| (i * 7 % 11) as f32).collect();
            check(&counts, Frame { n_cols, n_rows, margin }, radius);
        }
    }

    #[test]
    fn tiles_of_one_image_and_of_several_meet_without_a_seam() {
        let mut images = Vec::new();
        for (n_cols, n_rows, margin, radius) in
            [(500, 500, 3, 2), (420, 130, 9, 8), (130, 420, 0, 5), (40, 33, 3, 2), (700, 40, 1, 1)]
        {
            let counts: Vec<f32> = (0..n_cols * n_rows).map(|i| (i * 7 % 11) as f32).collect();
            images.push(check(&counts, Frame { n_cols, n_rows, margin }, radius));
        }
        assert!(images.contains(&1) && images.iter().any(|&n| n > 1), "{images:?}");
    }

    #[test]
    fn what_no_kernel_reaches_is_left_out_and_stays_zero() {
        let frame = Frame { n_cols: 200, n_rows: 150, margin: 10 };
        // Far apart, at rims, and where nothing in the frame is reached.
        for cells in
            [&[(3, 4)][..], &[(60, 70), (190, 140)], &[(0, 0), (199, 149)], &[(9, 50)], &[(10, 139)], &[]]
        {
            let mut counts = vec![0.0; 200 * 150];
            for &(x, y) in cells {
                counts[y * 200 + x] = 3.0;
            }
            for radius in [4, 9, 10, 30] {
                check(&counts, frame, radius);
            }
        }
        let mut counts = vec![0.0; 200 * 150];
        counts[70 * 200 + 60] = 3.0;
        let mut out = vec![0.0; 180 * 130];
        convolve(&counts, frame, &Taps { radius: 5, at }, 1.0, &mut out);
        assert_eq!(out.iter().filter(|value| **value != 0.0).count(), 11 * 11);
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bytes() {
        let counts: Vec<f32> = (0..500 * 500).map(|i| (i * 7 % 11) as f32).collect();
        let frame = Frame { n_cols: 500, n_rows: 500, margin: 3 };
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let mut out = vec![0.0; 494 * 494];
            pool.install(|| convolve(&counts, frame, &Taps { radius: 2, at }, 1.0, &mut out));
            out
        };
        assert_eq!(of(1), of(3));
    }
}
