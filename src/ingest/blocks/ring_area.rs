//! The area that rings enclose by the even-odd rule, without any repair: what a repair is measured against.

use geo::{Coord, Line};

/// More edges are not compared with each other.
const EDGES: usize = 5_000;

/// Edges times levels: some seconds.
const STEPS: usize = 500_000_000;

/// Area by the even-odd rule of all rings together, from horizontal strips between which nothing crosses.
///
/// Time O(n (n + k)) for n edges that cross k times, hence for broken shapes only; `None` if that takes too long.
pub(super) fn even_odd(edges: &[Line]) -> Option<f64> {
    if edges.len() > EDGES {
        return None;
    }
    let edges: Vec<Line> = edges.iter().copied().filter(|edge| edge.start.y != edge.end.y).collect();
    let mut levels: Vec<f64> = edges.iter().flat_map(|edge| [edge.start.y, edge.end.y]).collect();
    for (at, a) in edges.iter().enumerate() {
        levels.extend(edges[at + 1..].iter().filter_map(|b| crossing(a, b)));
        if levels.len() * edges.len() > STEPS {
            return None;
        }
    }
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    Some(levels.windows(2).map(|strip| (strip[1] - strip[0]) * width(&edges, strip[0], strip[1])).sum())
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

#[cfg(test)]
mod tests {
    use geo::{LineString, LinesIter};

    use super::*;

    fn area(ring: &[(f64, f64)]) -> Option<f64> {
        even_odd(&LineString::from(ring.to_vec()).lines_iter().collect::<Vec<_>>())
    }

    /// Areas by shapely: `make_valid(Polygon(...)).area`.
    #[test]
    fn crossing_rings_have_the_area_that_is_drawn() {
        assert_eq!(area(&[(0., 0.), (4., 0.), (4., 4.), (0., 4.), (0., 0.)]), Some(16.0));
        assert_eq!(area(&[(0., 0.), (4., 4.), (4., 0.), (0., 4.), (0., 0.)]), Some(8.0));
        assert_eq!(area(&[(0., 0.), (6., 0.), (0., 3.), (6., 5.), (0., 0.)]), Some(11.25));
        assert_eq!(area(&[]), Some(0.0));
    }

    #[test]
    fn a_ring_that_crosses_itself_too_often_is_not_measured() {
        let zigzag: Vec<(f64, f64)> =
            (0..3000).map(|n| (f64::from(n * 7919 % 3001), f64::from(n * 104_729 % 2999))).collect();
        assert_eq!(area(&zigzag), None);
        assert_eq!(area(&[(0.0, 0.0), (1.0, 1.0)].repeat(4000)), None);
    }
}
