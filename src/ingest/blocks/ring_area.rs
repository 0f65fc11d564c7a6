//! The area that rings enclose by the even-odd rule, without any repair: what a repair is measured against.

use geo::{Coord, Line};

/// Area by the even-odd rule of all rings together, from horizontal strips between which nothing crosses.
///
/// Time O(n²) for n edges, hence for broken shapes only.
pub(super) fn even_odd(edges: &[Line]) -> f64 {
    let edges: Vec<Line> = edges.iter().copied().filter(|edge| edge.start.y != edge.end.y).collect();
    let mut levels: Vec<f64> = edges.iter().flat_map(|edge| [edge.start.y, edge.end.y]).collect();
    for (at, a) in edges.iter().enumerate() {
        levels.extend(edges[at + 1..].iter().filter_map(|b| crossing(a, b)));
    }
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    levels.windows(2).map(|strip| (strip[1] - strip[0]) * width(&edges, strip[0], strip[1])).sum()
}

/// How wide the inside is in the middle of a strip, which is its mean there.
fn width(edges: &[Line], low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    let spans = |edge: &&Line| edge.start.y.min(edge.end.y) <= low && edge.start.y.max(edge.end.y) >= high;
    let mut xs: Vec<f64> = edges.iter().filter(spans).map(|edge| at_level(edge, middle)).collect();
    xs.sort_by(f64::total_cmp);
    xs.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum()
}

fn at_level(edge: &Line, y: f64) -> f64 {
    edge.start.x + (edge.end.x - edge.start.x) * ((y - edge.start.y) / (edge.end.y - edge.start.y))
}

/// The level at which two edges cross, if they do.
fn crossing(a: &Line, b: &Line) -> Option<f64> {
    let (p, q) = (a.end - a.start, b.end - b.start);
    let cross = |u: Coord, v: Coord| u.x * v.y - u.y * v.x;
    let slope = cross(p, q);
    let (s, t) = (cross(b.start - a.start, q) / slope, cross(b.start - a.start, p) / slope);
    let within = |n: f64| (0.0..=1.0).contains(&n);
    (slope != 0.0 && within(s) && within(t)).then_some(a.start.y + s * p.y)
}
