//! Marching triangles: level lines of a field that is linear between lattice points, put together into polygons.

use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::kde::Density;
use crate::space::coord::Local;

/// How near a line may come to a corner, as a share of the edge. Where a corner has exactly the threshold, six lines
/// would meet in it; so they stay 1 µm away in a cell of 10 m, and rings never touch.
const CLEARANCE: f64 = 1e-7;

const NONE: u32 = u32::MAX;

/// The middles of a grid's cells with a ring of zeros around them, so that every line closes.
///
/// Corners are numbered row by row; each has three edges: 0 to the east, 1 to the north, 2 to the north-east.
pub(super) struct Lattice {
    values: Vec<f64>,
    width: usize,
    /// Place of corner 0.
    origin: Local,
    cell: f64,
    clearance: f64,
}

impl Lattice {
    pub(super) fn padded(density: &Density) -> Self {
        let Density { grid, per_km2 } = density;
        let width = grid.n_cols + 2;
        let mut values = vec![0.0; width * (grid.n_rows + 2)];
        if !per_km2.is_empty() {
            let rows = values.chunks_mut(width).skip(1).zip(per_km2.chunks(grid.n_cols));
            rows.for_each(|(to, from)| to[1..=grid.n_cols].copy_from_slice(from));
        }
        let cell = grid.cell.0;
        let origin = Local { x: grid.origin.x - cell / 2.0, y: grid.origin.y - cell / 2.0 };
        // Coordinates far from the origin are coarse: keep lines and corners apart in them, too.
        let far = origin.x.abs().max(origin.y.abs()) + cell * width.max(grid.n_rows + 2) as f64;
        let clearance = CLEARANCE.max(16.0 * f64::EPSILON * far / cell).min(0.25);
        Self { values, width, origin, cell, clearance }
    }

    fn corner(&self, v: usize) -> Coord {
        let (i, j) = (v % self.width, v / self.width);
        Coord { x: self.origin.x + i as f64 * self.cell, y: self.origin.y + j as f64 * self.cell }
    }

    /// The corner at the other end of an edge.
    fn end(&self, edge: u32) -> (usize, usize) {
        let v = (edge / 3) as usize;
        (v, v + [1, self.width, self.width + 1][(edge % 3) as usize])
    }

    /// Where the field crosses the threshold on an edge with one end inside.
    fn crossing(&self, edge: u32, threshold: f64) -> Coord {
        let (a, b) = self.end(edge);
        let (inner, outer) = if self.values[a] >= threshold { (a, b) } else { (b, a) };
        let (high, low) = (self.values[inner], self.values[outer]);
        let along = ((high - threshold) / (high - low)).clamp(self.clearance, 1.0 - self.clearance);
        let (from, to) = (self.corner(inner), self.corner(outer));
        from + (to - from) * along
    }
}

/// The region at or above the threshold.
///
/// Each triangle that the line passes gives one piece of it, from the edge where a walk around the triangle leaves the
/// region to the edge where it enters, so the region lies to the left. An edge belongs to two triangles, it ends one
/// piece and begins another; following them closes the rings without comparing a coordinate.
///
/// A ring belongs to the connected corners it runs along. The lowest edge of these is on their outer ring, for nothing
/// of them lies below; so the first ring met is the exterior and all others are its holes.
pub(super) fn region(lattice: &Lattice, threshold: f64) -> MultiPolygon {
    let mut next = pieces(lattice, threshold);
    let mut group = groups(lattice, threshold);
    let mut polygons: Vec<(LineString, Vec<LineString>)> = Vec::new();
    let mut polygon_of = vec![NONE; lattice.values.len()];
    for first in 0..next.len() as u32 {
        if next[first as usize] == NONE {
            continue;
        }
        let mut ring = Vec::new();
        let mut edge = first;
        while next[edge as usize] != NONE {
            ring.push(lattice.crossing(edge, threshold));
            edge = std::mem::replace(&mut next[edge as usize], NONE);
        }
        ring.push(ring[0]);
        let (a, b) = lattice.end(first);
        let inner = if lattice.values[a] >= threshold { a } else { b };
        let polygon = &mut polygon_of[root(&mut group, inner as u32) as usize];
        if *polygon == NONE {
            *polygon = polygons.len() as u32;
            polygons.push((LineString(ring), Vec::new()));
        } else {
            polygons[*polygon as usize].1.push(LineString(ring));
        }
    }
    polygons.into_iter().map(|(exterior, holes)| Polygon::new(exterior, holes)).collect()
}

/// For each edge that the line crosses, the edge it crosses next.
fn pieces(lattice: &Lattice, threshold: f64) -> Vec<u32> {
    let Lattice { values, width, .. } = lattice;
    let mut next = vec![NONE; 3 * values.len()];
    for south in (0..values.len() - width).step_by(*width) {
        for sw in south..south + width - 1 {
            let (se, nw, ne) = (sw + 1, sw + width, sw + width + 1);
            let is = [sw, se, ne, nw].map(|v| values[v] >= threshold);
            if is == [is[0]; 4] {
                continue;
            }
            let (east, north, diagonal) = (3 * sw, 3 * sw + 1, 3 * sw + 2);
            let triangles = [
                [(is[0], east), (is[1], 3 * se + 1), (is[2], diagonal)],
                [(is[0], diagonal), (is[2], 3 * nw), (is[3], north)],
            ];
            for triangle in triangles {
                let (mut leaves, mut enters) = (None, 0);
                for k in 0..3 {
                    match (triangle[k].0, triangle[(k + 1) % 3].0) {
                        (true, false) => leaves = Some(triangle[k].1),
                        (false, true) => enters = triangle[k].1,
                        _ => {}
                    }
                }
                if let Some(leaves) = leaves {
                    next[leaves] = enters as u32;
                }
            }
        }
    }
    next
}

/// Union-find over the corners of the region that are joined by an edge.
fn groups(lattice: &Lattice, threshold: f64) -> Vec<u32> {
    let Lattice { values, width, .. } = lattice;
    let mut group: Vec<u32> = (0..values.len() as u32).collect();
    // The ring of zeros is never inside, so every corner inside has all three of these.
    for v in (0..values.len()).filter(|&v| values[v] >= threshold) {
        for before in [v - 1, v - width, v - width - 1] {
            if values[before] >= threshold {
                let (a, b) = (root(&mut group, v as u32), root(&mut group, before as u32));
                group[a.max(b) as usize] = a.min(b);
            }
        }
    }
    group
}

fn root(group: &mut [u32], mut v: u32) -> u32 {
    while group[v as usize] != v {
        let up = group[group[v as usize] as usize];
        group[v as usize] = up;
        v = up;
    }
    v
}
