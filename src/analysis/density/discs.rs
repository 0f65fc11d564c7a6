//! Direct sums of kernels whose radii may differ, on the cells of a grid.

use rayon::prelude::*;

use crate::space::grid::Grid;

/// A kernel over a place: its radius is the bandwidth, its weight the height of its center.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disc {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) bandwidth: f64,
    pub(super) height: f64,
}

/// Sorts discs so that sums are taken in one order, whatever the order of the input.
pub(super) fn sort(discs: &mut [Disc]) {
    discs.par_sort_unstable_by(|a, b| {
        let place = a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x));
        place.then(a.bandwidth.total_cmp(&b.bandwidth)).then(a.height.total_cmp(&b.height))
    });
}

/// At the middle of every cell the sum of `height · shape(r²)` over the discs, r in bandwidths up to `reach`.
///
/// `discs` are sorted by [`sort`]. Time O(Σ cells under each disc + rows · discs within the widest reach of a row).
pub(super) fn gather(discs: &[Disc], grid: &Grid, reach: f64, shape: impl Fn(f64) -> f64 + Sync) -> Vec<f64> {
    let mut out = vec![0.0; grid.len()];
    if out.is_empty() {
        return out;
    }
    let widest = discs.iter().map(|d| d.bandwidth).fold(0.0, f64::max) * reach;
    out.par_chunks_mut(grid.n_cols).enumerate().for_each(|(row, out)| {
        let y = grid.center(0, row).y;
        let from = discs.partition_point(|d| d.y <= y - widest);
        for disc in discs[from..].iter().take_while(|d| d.y < y + widest) {
            for col in columns(disc.x, disc.y - y, disc.bandwidth * reach, grid) {
                let (dx, dy) = (grid.center(col, row).x - disc.x, y - disc.y);
                let r2 = (dx * dx + dy * dy) / (disc.bandwidth * disc.bandwidth);
                out[col] += disc.height * shape(r2);
            }
        }
    });
    out
}

/// The columns whose centers a disc may reach on a row that lies `dy` away from its middle.
pub(super) fn columns(x: f64, dy: f64, radius: f64, grid: &Grid) -> std::ops::Range<usize> {
    let half = (radius * radius - dy * dy).max(0.0).sqrt();
    if dy.abs() >= radius {
        return 0..0;
    }
    let at = |x: f64| (x - grid.origin.x) / grid.cell.0 - 0.5;
    let from = at(x - half).ceil().max(0.0) as usize;
    let to = (at(x + half).floor() + 1.0).clamp(0.0, grid.n_cols as f64) as usize;
    from.min(to)..to
}
