//! Distinct places: points that share one are collapsed.

use crate::space::coord::Local;

/// The distinct places from west to east, then from south to north, and the positions of the points at each.
pub(super) fn distinct(points: &[Local]) -> (Vec<Local>, Vec<Vec<u32>>) {
    // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
    let mut sorted: Vec<(Local, u32)> =
        points.iter().zip(0..).map(|(p, i)| (Local { x: p.x + 0.0, y: p.y + 0.0 }, i)).collect();
    sorted.sort_unstable_by(|(a, i), (b, j)| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)).then(i.cmp(j)));
    let same = sorted.chunk_by(|(a, _), (b, _)| a == b);
    same.map(|at| (at[0].0, at.iter().map(|(_, point)| *point).collect())).unzip()
}
