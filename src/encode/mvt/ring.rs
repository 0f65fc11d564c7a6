//! Rings in whole units of a tile: wound right, and never crossing themselves or each other.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

/// A place in units of a tile.
pub(super) type Unit = (i32, i32);

/// A ring with so few corners is looked at by itself, edge against edge; a larger one is laid out anew.
pub(super) const FEW: usize = 40;

/// Takes out what follows itself, the last point where it is the first, and points that lie on the way or on a way back.
pub(super) fn tidy(ring: &mut Vec<Unit>) {
    let mut out: Vec<Unit> = Vec::with_capacity(ring.len());
    tidy_into(ring, &mut out);
    *ring = out;
}

/// The same in room that is there: the ring is then in `out`.
pub(super) fn tidy_into(ring: &[Unit], out: &mut Vec<Unit>) {
    out.clear();
    for &at in ring {
        push(out, at);
    }
    // The seam, until nothing changes: its points lie on the way as well.
    loop {
        let n = out.len();
        if n < 3 {
            out.clear();
            break;
        }
        if out[0] == out[n - 1] || turn(out[n - 2], out[n - 1], out[0]) == 0 {
            out.pop();
        } else if turn(out[n - 1], out[0], out[1]) == 0 {
            out.remove(0);
        } else {
            break;
        }
    }
}

fn push(out: &mut Vec<Unit>, at: Unit) {
    while out.last() == Some(&at) || (out.len() > 1 && turn(out[out.len() - 2], out[out.len() - 1], at) == 0)
    {
        out.pop();
    }
    out.push(at);
}

/// Twice the area of a triangle, above 0 where it turns clockwise on the map.
fn turn(a: Unit, b: Unit, c: Unit) -> i64 {
    let d = |n: i32, m: i32| i64::from(n) - i64::from(m);
    d(b.0, a.0) * d(c.1, a.1) - d(b.1, a.1) * d(c.0, a.0)
}

/// Twice the area of a ring by the surveyor's formula: above 0 where it runs clockwise on the map, as outer rings of a tile do.
pub(super) fn doubled_area(ring: &[Unit]) -> i64 {
    let last = ring.last().copied().unwrap_or_default();
    let steps = std::iter::once(last).chain(ring.iter().copied()).zip(ring);
    steps.map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

/// Polygons out of rings, each an outer ring (`true`) or a hole: every one with its outer ring first, all valid.
///
/// Time O(n²) for one small ring that is in order already, else O(n log n).
pub(super) fn polygons(rings: Vec<(bool, Vec<Unit>)>) -> Vec<Vec<Vec<Unit>>> {
    let mut rings: Vec<Vec<Unit>> = rings
        .into_iter()
        .filter_map(|(is_outer, mut ring)| {
            tidy(&mut ring);
            let area = doubled_area(&ring);
            if (area > 0) != is_outer {
                ring.reverse();
            }
            // One that crosses itself may have as much area on either side: it is no less there.
            (!ring.is_empty()).then_some(ring)
        })
        .collect();
    match &mut rings[..] {
        [] => Vec::new(),
        [one] if one.len() <= FEW && is_simple(one) => {
            if doubled_area(one) < 0 {
                one.reverse();
            }
            vec![rings]
        }
        _ => laid_out(&rings),
    }
}

fn laid_out(rings: &[Vec<Unit>]) -> Vec<Vec<Vec<Unit>>> {
    let options = IntOverlayOptions { ogc: true, ..IntOverlayOptions::default() };
    let mut overlay = Overlay::new_custom(rings.iter().map(Vec::len).sum(), options, Default::default());
    for ring in rings {
        overlay.add_path_iter(ring.iter().map(|&(x, y)| IntPoint::new(x, y)), ShapeType::Subject);
    }
    let shapes = overlay.overlay(OverlayRule::Subject, FillRule::NonZero);
    let unit = |ring: Vec<IntPoint>| ring.into_iter().map(|at| (at.x, at.y)).collect();
    shapes.into_iter().map(|shape| shape.into_iter().map(unit).collect()).collect()
}

/// Whether no edge of a tidy ring meets another but its neighbors at their common corner.
fn is_simple(ring: &[Unit]) -> bool {
    let n = ring.len();
    let edge = |at: usize| (ring[at], ring[(at + 1) % n]);
    (0..n).all(|i| {
        // The next edge shares a corner, and tidying left no way back; the last one is the first's neighbor.
        (i + 2..n - usize::from(i == 0)).all(|j| !meet(edge(i), edge(j)))
    })
}

/// Edges that are looked at together.
const LANES: usize = 8;

/// Boxes of edges along both axes, with room beyond the last.
type Boxes = [[i16; FEW + LANES]; 2];

/// Whether a ring of few corners is in order as it is: nothing to tidy, and no edge meets another but its neighbors. Then
/// tells twice its area.
///
/// All places lie within the reach of a tile. Time O(n²) comparisons of boxes, eight at a time.
pub(super) fn in_order(ring: &[Unit]) -> Option<i64> {
    let n = ring.len();
    if !(3..=FEW).contains(&n) {
        return None;
    }
    let seen = seen_from_amid(ring)?;
    if seen.around_once {
        return Some(seen.area.into());
    }
    // Beyond the last edge stand boxes that nothing reaches.
    const BEYOND: i16 = 1 << 13;
    let mut low = [[BEYOND; FEW + LANES]; 2];
    let mut high = [[BEYOND; FEW + LANES]; 2];
    let mut put = |edge: usize, (a, b): (Unit, Unit)| {
        low[0][edge] = a.0.min(b.0) as i16;
        high[0][edge] = a.0.max(b.0) as i16;
        low[1][edge] = a.1.min(b.1) as i16;
        high[1][edge] = a.1.max(b.1) as i16;
    };
    ring.windows(2).enumerate().for_each(|(at, two)| put(at, (two[0], two[1])));
    let seam = (ring[n - 1], ring[0]);
    let edge = |at: usize| (ring[at], ring[if at + 1 == n { 0 } else { at + 1 }]);
    let apart = |low: &Boxes, high: &Boxes, i: usize| {
        // Boxes are apart where a difference is below 0.
        let mut apart = [-1_i16; LANES];
        let mine = [high[0][i], low[0][i], high[1][i], low[1][i]];
        for from in (i + 2..n).step_by(LANES) {
            let part = |of: &[i16; FEW + LANES]| -> [i16; LANES] {
                *of[from..].first_chunk().expect("there is room beyond the last edge")
            };
            let (low_x, high_x) = (part(&low[0]), part(&high[0]));
            let (low_y, high_y) = (part(&low[1]), part(&high[1]));
            for lane in 0..LANES {
                apart[lane] &= mine[0].wrapping_sub(low_x[lane])
                    | high_x[lane].wrapping_sub(mine[1])
                    | mine[2].wrapping_sub(low_y[lane])
                    | high_y[lane].wrapping_sub(mine[3]);
            }
        }
        apart.iter().fold(-1, |all, one| all & one) < 0
    };
    // The last edge is the first's neighbor, so it comes when the first has been looked at.
    for i in 0..n - 2 {
        let end = n - usize::from(i == 0);
        if !apart(&low, &high, i) && (i + 2..end).any(|j| meet(edge(i), edge(j))) {
            return None;
        }
        if i == 0 {
            low[0][n - 1] = seam.0.0.min(seam.1.0) as i16;
            high[0][n - 1] = seam.0.0.max(seam.1.0) as i16;
            low[1][n - 1] = seam.0.1.min(seam.1.1) as i16;
            high[1][n - 1] = seam.0.1.max(seam.1.1) as i16;
        }
    }
    Some(seen.area.into())
}

/// What a ring looks like from a place amid its corners.
struct Seen {
    /// Twice its area.
    area: i32,
    /// Whether it runs around that place once and never back: then each edge fills an angle of its own, and meets none but its
    /// neighbors.
    around_once: bool,
}

/// Looks at a ring of at least three places in reach; `None` where one of them lies on the way between its neighbors, or on a
/// way back. Time O(n).
fn seen_from_amid(ring: &[Unit]) -> Option<Seen> {
    let n = ring.len();
    let few = [0, n / 4, n / 2, 3 * n / 4].map(|at| ring[at]);
    let sum = few.iter().fold((0_i32, 0_i32), |sum, at| (sum.0.wrapping_add(at.0), sum.1.wrapping_add(at.1)));
    let amid = (sum.0 >> 2, sum.1 >> 2);
    let off = |at: Unit| (at.0.wrapping_sub(amid.0), at.1.wrapping_sub(amid.1));
    // In reach, no product has more than 26 bits.
    let cross = |a: Unit, b: Unit| a.0.wrapping_mul(b.1).wrapping_sub(a.1.wrapping_mul(b.0));
    let (mut a, mut b) = (off(ring[n - 2]), off(ring[n - 1]));
    let mut before = cross(a, b);
    let (mut area, mut forth, mut back, mut times, mut flat) = (0_i32, true, true, 0_i32, false);
    for &at in ring {
        let c = off(at);
        let angle = cross(b, c);
        // Twice the area of the triangle of the three.
        flat |= before.wrapping_add(angle) == cross(a, c);
        area = area.wrapping_add(angle);
        forth &= angle > 0;
        back &= angle < 0;
        times = times.wrapping_add(i32::from(b.1 < 0 && c.1 >= 0));
        (a, b, before) = (b, c, angle);
    }
    (!flat).then_some(Seen { area, around_once: (forth || back) && times == 1 })
}

#[inline]
fn meet((a, b): (Unit, Unit), (c, d): (Unit, Unit)) -> bool {
    let apart = |a: i32, b: i32, c: i32, d: i32| a.max(b) < c.min(d) || c.max(d) < a.min(b);
    if apart(a.0, b.0, c.0, d.0) || apart(a.1, b.1, c.1, d.1) {
        return false;
    }
    let side = |a, b, c| turn(a, b, c).signum();
    side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ring: &[Unit]) -> Vec<Vec<Vec<Unit>>> {
        polygons(vec![(true, ring.to_vec())])
    }

    fn areas(polygons: &[Vec<Vec<Unit>>]) -> Vec<Vec<i64>> {
        polygons.iter().map(|rings| rings.iter().map(|ring| doubled_area(ring)).collect()).collect()
    }

    #[test]
    fn outer_rings_are_clockwise_on_the_map_and_holes_are_not() {
        let square = [(0, 0), (8, 0), (8, 8), (0, 8)];
        let other: Vec<Unit> = square.iter().rev().copied().collect();
        assert_eq!((areas(&one(&square)), areas(&one(&other))), (vec![vec![128]], vec![vec![128]]));
        for hole in [vec![(2, 2), (4, 2), (4, 4), (2, 4)], vec![(2, 4), (4, 4), (4, 2), (2, 2)]] {
            let with = polygons(vec![(true, square.to_vec()), (false, hole)]);
            assert_eq!(areas(&with), [[128, -8]]);
        }
    }

    #[test]
    fn points_on_the_way_ways_back_and_repeats_go() {
        let mut ring = vec![(0, 0), (0, 0), (4, 0), (8, 0), (12, 0), (8, 0), (8, 8), (0, 8), (0, 4), (0, 0)];
        tidy(&mut ring);
        assert_eq!(ring, [(0, 0), (8, 0), (8, 8), (0, 8)]);
        for nothing in [vec![], vec![(1, 1)], vec![(1, 1), (2, 2)], vec![(0, 0), (5, 5), (9, 9), (5, 5)]] {
            assert!(one(&nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_ring_that_crosses_or_touches_itself_becomes_valid_polygons() {
        let bow = one(&[(0, 0), (8, 8), (8, 0), (0, 8)]);
        assert_eq!(areas(&bow), [[32], [32]]);
        // Two squares that touch at a corner, and a ring that runs back along itself for a while.
        let corner = one(&[(0, 0), (4, 0), (4, 4), (8, 4), (8, 8), (4, 8), (4, 4), (0, 4)]);
        assert_eq!(areas(&corner).concat().iter().sum::<i64>(), 64);
        assert!(corner.iter().all(|rings| rings.iter().all(|ring| is_simple(ring))), "{corner:?}");
        let bridge = one(&[
            (0, 0),
            (4, 0),
            (4, 2),
            (8, 2),
            (8, 0),
            (12, 0),
            (12, 6),
            (8, 6),
            (8, 2),
            (4, 2),
            (4, 6),
            (0, 6),
        ]);
        assert_eq!(areas(&bridge).concat().iter().sum::<i64>(), 96);
    }

    #[test]
    fn a_polygon_inside_the_hole_of_another_is_one_of_its_own() {
        let square = |from: i32, to: i32| vec![(from, from), (to, from), (to, to), (from, to)];
        let nested = polygons(vec![(true, square(0, 20)), (false, square(2, 18)), (true, square(4, 6))]);
        let mut found = areas(&nested);
        found.sort();
        assert_eq!(found, [vec![8], vec![800, -512]]);
    }

    #[test]
    fn a_ring_that_is_in_order_is_known_without_looking_at_each_pair() {
        let square = [(0, 0), (8, 0), (8, 8), (0, 8)];
        assert_eq!(in_order(&square), Some(128));
        assert_eq!(in_order(&[(0, 0), (0, 8), (8, 8), (8, 0)]), Some(-128));
        for not in [
            &[(0, 0), (8, 8), (8, 0), (0, 8)][..],
            &[(0, 0), (4, 0), (8, 0), (8, 8)],
            &[(0, 0), (8, 0), (8, 8), (8, 0)],
            &[(0, 0), (8, 0), (8, 8), (4, 0), (0, 8)],
            &[(0, 0), (0, 0), (8, 0), (8, 8)],
            &[(0, 0), (8, 0)],
            &[],
        ] {
            assert_eq!(in_order(not), None, "{not:?}");
        }
        // A comb whose first and last edge cross far behind each other, at every length.
        for n in 5..FEW as i32 {
            let mut ring: Vec<Unit> = (0..n - 1).map(|k| (k * 100, (k % 2) * 50 + k)).collect();
            ring.push(((n - 2) * 50, 1_000));
            assert_eq!(in_order(&ring).is_some(), is_simple(&ring), "{n}");
            assert!(in_order(&ring).is_some(), "{n}");
            ring[1].1 = 2_000;
            assert_eq!(in_order(&ring).is_some(), is_simple(&ring), "{n}: crossed");
            assert!(in_order(&ring).is_none(), "{n}: crossed");
        }
    }
}
