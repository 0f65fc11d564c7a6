//! Broken polygons: repaired where it is plain what is meant, refused where it is not.

use std::cell::OnceCell;

use geo::algorithm::bool_ops::{BooleanOps, FillRule, OpType, unary_union};
use geo::algorithm::validation::{GeometryIndex, InvalidMultiPolygon, InvalidPolygon, RingRole};
use geo::coordinate_position::CoordPos;
use geo::dimensions::Dimensions;
use geo::{
    Area, BoundingRect, Coord, CoordsIter, Intersects, Line, LineString, LinesIter, MapCoords, MultiPolygon,
    Polygon, PreparedGeometry, Rect, Relate, RemoveRepeatedPoints,
};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{Envelope, RTree, RTreeObject};

use super::ring_area;

/// What became of a polygon.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Nothing is wrong with it.
    Sound,
    /// It was broken and is whole.
    Repaired(MultiPolygon),
    /// It cannot be used, with the reason.
    Refused(String),
}

/// A repair may change the area that is drawn by this part of it at most.
const TOLERANCE: f64 = 1e-6;

/// No CRS in use has a coordinate beyond this; squares of it are still numbers.
const FARTHEST: f64 = 1e9;

/// Nearer to 0 than this nothing is measured: squares of it would vanish, and with them on which side a place lies.
const NEAREST: f64 = 1e-100;

/// Coordinates too near to 0 are 0.
fn without_tiny(shape: &MultiPolygon) -> Option<MultiPolygon> {
    let tiny = |value: f64| value != 0.0 && value.abs() < NEAREST;
    let flat = |value: f64| if tiny(value) { 0.0 } else { value };
    let any = shape.coords_iter().any(|at| tiny(at.x) || tiny(at.y));
    any.then(|| shape.map_coords(|at| Coord { x: flat(at.x), y: flat(at.y) }))
}

/// Pairs of rings whose boxes meet, and are compared, at most; in sound shapes those are few, since rings lie apart.
const PAIRS: usize = 100_000;

/// Corners of all pairs of rings that are compared at most.
const CORNERS: usize = 300_000_000;

/// Pairs of edges of its rings whose boxes meet, and are compared, at most. With each of the three bounds a check takes
/// about ten seconds at most.
const EDGES: usize = 100_000_000;

/// There is more to compare than that.
#[derive(Debug, PartialEq)]
struct TooMany;

/// What may still be compared of a shape.
struct Left {
    corners: usize,
    edges: usize,
}

fn take(left: &mut usize, some: usize) -> Result<(), TooMany> {
    *left = left.checked_sub(some).ok_or(TooMany)?;
    Ok(())
}

/// Pairs of boxes that meet, by position, ascending.
fn meeting(boxes: impl Iterator<Item = Option<Rect>>) -> Result<Vec<(usize, usize)>, TooMany> {
    let corners = |of: Rect| Rectangle::from_corners([of.min().x, of.min().y], [of.max().x, of.max().y]);
    let boxed = |(at, of): (usize, Option<Rect>)| of.map(|of| GeomWithData::new(corners(of), at));
    let all: Vec<_> = boxes.enumerate().filter_map(boxed).collect();
    let tree = RTree::bulk_load(all.clone());
    let mut pairs = Vec::new();
    for one in &all {
        let near = tree.locate_in_envelope_intersecting(&one.envelope());
        pairs.extend(near.filter(|other| other.data > one.data).map(|other| (one.data, other.data)));
        if pairs.len() > PAIRS {
            return Err(TooMany);
        }
    }
    pairs.sort_unstable();
    Ok(pairs)
}

/// The first fault that geo's `check_validation` finds. That compares every edge of a ring with every other one, and so
/// holes and parts; here those are compared whose boxes meet.
fn fault(shape: &MultiPolygon) -> Result<Option<InvalidMultiPolygon>, TooMany> {
    let mut left = Left { corners: CORNERS, edges: EDGES };
    let pairs = meeting(shape.iter().map(BoundingRect::bounding_rect))?;
    let prepared: Vec<OnceCell<_>> = shape.iter().map(|_| OnceCell::new()).collect();
    let prepare = |at: usize| prepared[at].get_or_init(|| PreparedGeometry::from(&shape.0[at]));
    for (at, part) in shape.iter().enumerate() {
        if let Some(fault) = fault_of_part(part, &mut left)? {
            return Ok(Some(InvalidMultiPolygon::InvalidPolygon(GeometryIndex(at), fault)));
        }
        let from = pairs.partition_point(|pair| pair.0 < at);
        for &(_, other) in pairs[from..].iter().take_while(|pair| pair.0 == at) {
            let corners = part.coords_count() + shape.0[other].coords_count();
            take(&mut left.corners, corners)?;
            let both = prepare(at).relate(prepare(other));
            let (at, other) = (GeometryIndex(at), GeometryIndex(other));
            if both.get(CoordPos::Inside, CoordPos::Inside) == Dimensions::TwoDimensional {
                return Ok(Some(InvalidMultiPolygon::ElementsOverlaps(at, other)));
            }
            if both.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
                return Ok(Some(InvalidMultiPolygon::ElementsTouchOnALine(at, other)));
            }
        }
    }
    Ok(None)
}

/// The first fault of one part.
fn fault_of_part(part: &Polygon, left: &mut Left) -> Result<Option<InvalidPolygon>, TooMany> {
    if part.exterior().0.is_empty() {
        return Ok(None);
    }
    let role = |at: usize| if at == 0 { RingRole::Exterior } else { RingRole::Interior(at - 1) };
    let rings = || std::iter::once(part.exterior()).chain(part.interiors());
    for (at, ring) in rings().enumerate().filter(|(_, ring)| !ring.0.is_empty()) {
        if ring.remove_repeated_points().0.len() < 4 {
            return Ok(Some(InvalidPolygon::TooFewPointsInRing(role(at))));
        }
        if crosses_itself(ring, &mut left.edges)? {
            return Ok(Some(InvalidPolygon::SelfIntersection(role(at))));
        }
    }
    let filled: Vec<Polygon> = rings().map(|ring| Polygon::new(ring.clone(), Vec::new())).collect();
    let prepared: Vec<OnceCell<_>> = filled.iter().map(|_| OnceCell::new()).collect();
    let prepare = |at: usize| prepared[at].get_or_init(|| PreparedGeometry::from(&filled[at]));
    let mut both = |a: usize, b: usize| {
        let corners = filled[a].coords_count() + filled[b].coords_count();
        take(&mut left.corners, corners)?;
        Ok(prepare(a).relate(prepare(b)))
    };
    // Holes by themselves: all of them meet the outer ring.
    let holes = meeting(part.interiors().iter().map(BoundingRect::bounding_rect))?;
    let mut holes = holes.into_iter().map(|(a, b)| (a + 1, b + 1)).peekable();
    for hole in (1..filled.len()).filter(|&hole| !filled[hole].exterior().0.is_empty()) {
        let inside = both(0, hole)?;
        if !inside.is_contains() {
            return Ok(Some(InvalidPolygon::InteriorRingNotContainedInExteriorRing(role(hole))));
        }
        if inside.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
            return Ok(Some(InvalidPolygon::IntersectingRingsOnALine(role(0), role(hole))));
        }
        while let Some((a, b)) = holes.next_if(|pair| pair.0 == hole) {
            let both = both(a, b)?;
            if both.get(CoordPos::Inside, CoordPos::Inside) == Dimensions::TwoDimensional {
                return Ok(Some(InvalidPolygon::IntersectingRingsOnAnArea(role(a), role(b))));
            }
            if both.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
                return Ok(Some(InvalidPolygon::IntersectingRingsOnALine(role(a), role(b))));
            }
        }
    }
    Ok(None)
}

/// Of a ring of no more edges all boxes are compared, which takes less time than a tree of them.
const FEW: usize = 32;

/// Whether two edges of a ring meet that do not follow each other.
fn crosses_itself(ring: &LineString, left: &mut usize) -> Result<bool, TooMany> {
    let edges: Vec<_> = ring.lines().zip(0_usize..).map(|(edge, at)| GeomWithData::new(edge, at)).collect();
    if edges.len() <= FEW {
        let boxes: Vec<_> = edges.iter().map(RTreeObject::envelope).collect();
        let near = |edge: &GeomWithData<Line, usize>| {
            let own = boxes[edge.data];
            edges.iter().filter(|other| own.intersects(&boxes[other.data])).collect::<Vec<_>>()
        };
        return crossing(&edges, near, left);
    }
    let tree = RTree::bulk_load(edges.clone());
    crossing(&edges, |edge| tree.locate_in_envelope_intersecting(&edge.envelope()), left)
}

/// The same of edges with their places in the ring, from those whose boxes meet that of an edge.
fn crossing<'a, I: IntoIterator<Item = &'a GeomWithData<Line, usize>>>(
    edges: &'a [GeomWithData<Line, usize>],
    near: impl Fn(&'a GeomWithData<Line, usize>) -> I,
    left: &mut usize,
) -> Result<bool, TooMany> {
    for edge in edges {
        let one = edge.geom();
        for other in near(edge) {
            take(left, 1)?;
            let (next, other) = (other.data > edge.data, other.geom());
            if next && one.start != other.end && one.end != other.start && one.intersects(other) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Repairs a polygon whose rings cross themselves or each other, double back, or repeat a place.
///
/// Its rings are filled by the even-odd rule, as a GIS draws them; so a bow-tie becomes its two lobes, a hole that
/// juts out is cut off where it crosses. Parts that overlap in part are joined, a part within another is a hole
/// in it. The repair holds if it has the area of that fill, measured by itself, to 1 in 10⁶.
pub(super) fn repair(shape: &MultiPolygon) -> Outcome {
    if !shape.coords_iter().all(|at| at.x.abs() <= FARTHEST && at.y.abs() <= FARTHEST) {
        return Outcome::Refused("polygon with a coordinate that is no place".to_owned());
    }
    if let Some(shape) = without_tiny(shape) {
        return match repair(&shape) {
            Outcome::Sound => Outcome::Repaired(shape),
            other => other,
        };
    }
    if shape.exterior_coords_iter().next().is_none() || shape.iter().all(|p| p.exterior().0.len() < 4) {
        return Outcome::Refused("polygon of fewer than four positions".to_owned());
    }
    let too_many = || Outcome::Refused("polygon with too many rings or corners; split it".to_owned());
    let found = match fault(shape) {
        Ok(None) if shape.unsigned_area() > 0.0 => return Outcome::Sound,
        Ok(None) => return Outcome::Refused("polygon without area".to_owned()),
        Ok(Some(found)) => found,
        Err(TooMany) => return too_many(),
    };
    let refused = |why: &str| Outcome::Refused(format!("broken polygon: {found}; {why}"));
    let clean = clean(shape);
    if !clean.0.is_empty() && fault(&clean) == Ok(None) && clean.unsigned_area() > 0.0 {
        return Outcome::Repaired(clean);
    }
    let edges: Vec<_> = clean.lines_iter().collect();
    let Some(drawn) = ring_area::even_odd(&edges) else { return refused("too large to be repaired") };
    let filled = fill(&clean);
    let area = filled.unsigned_area();
    if area == 0.0 || drawn == 0.0 {
        return Outcome::Refused("polygon without area".to_owned());
    }
    if (area - drawn).abs() > TOLERANCE * drawn || !drawn.is_finite() {
        return refused("no repair keeps its area");
    }
    let Ok(overlap) = overlap_in_part(&clean) else { return too_many() };
    let whole = if overlap { unary_union(&each_filled(&clean)) } else { filled };
    match fault(&whole) {
        Ok(None) => Outcome::Repaired(whole),
        Ok(Some(_)) => refused("it stays broken when filled"),
        Err(TooMany) => too_many(),
    }
}

/// Without places that are repeated, and without rings that enclose nothing.
fn clean(shape: &MultiPolygon) -> MultiPolygon {
    let ring = |ring: &LineString| {
        let mut ring = ring.clone();
        ring.0.dedup();
        ring
    };
    let polygon = |polygon: &Polygon| {
        let outer = ring(polygon.exterior());
        let inner = polygon.interiors().iter().map(ring).filter(|ring| ring.0.len() >= 4).collect();
        (outer.0.len() >= 4).then(|| Polygon::new(outer, inner))
    };
    MultiPolygon(shape.iter().filter_map(polygon).collect())
}

/// All rings together by the even-odd rule.
fn fill(shape: &MultiPolygon) -> MultiPolygon {
    shape.boolean_op_with_fill_rule(&MultiPolygon(Vec::new()), OpType::Union, FillRule::EvenOdd)
}

/// Each part by the even-odd rule, for itself.
fn each_filled(shape: &MultiPolygon) -> Vec<MultiPolygon> {
    shape.iter().map(|part| fill(&MultiPolygon(vec![part.clone()]))).collect()
}

/// Whether two parts share a place and neither lies within the other.
fn overlap_in_part(shape: &MultiPolygon) -> Result<bool, TooMany> {
    if shape.0.len() < 2 {
        return Ok(false);
    }
    let parts = each_filled(shape);
    let pairs = meeting(parts.iter().map(BoundingRect::bounding_rect))?;
    Ok(pairs.into_iter().any(|(a, b)| {
        let shared = parts[a].intersection(&parts[b]).unsigned_area();
        let less = parts[a].unsigned_area().min(parts[b].unsigned_area());
        shared > TOLERANCE * less && shared < (1.0 - TOLERANCE) * less
    }))
}

#[cfg(test)]
mod tests {
    use geo::Validation;

    use super::*;

    fn polygon(ring: &[(f64, f64)]) -> MultiPolygon {
        MultiPolygon(vec![Polygon::new(LineString::from(ring.to_vec()), Vec::new())])
    }

    #[test]
    fn a_ring_of_few_edges_crosses_itself_where_one_of_many_does() {
        // Corners of a star, one by one or every second or third: those rings cross themselves.
        for (corners, every, crosses) in
            [(5, 1, false), (5, 2, true), (7, 3, true), (31, 1, false), (31, 2, true)]
        {
            let corner = |at: usize| {
                let angle = (at * every) as f64 / corners as f64 * std::f64::consts::TAU;
                Coord { x: angle.cos(), y: angle.sin() }
            };
            let few: LineString = (0..=corners).map(|at| corner(at % corners)).collect();
            // The same ring with further corners on its edges.
            let steps = |pair: &[Coord]| {
                let (from, to) = (pair[0], pair[1]);
                (0..8).map(move |n| from + (to - from) * (f64::from(n) / 8.0))
            };
            let many: LineString = few.0.windows(2).flat_map(steps).chain(few.0.last().copied()).collect();
            assert!(few.0.len() <= FEW + 1 && many.0.len() > FEW + 1);
            for ring in [&few, &many] {
                let mut left = EDGES;
                assert_eq!(crosses_itself(ring, &mut left), Ok(crosses), "{corners} {every}");
                assert!(left < EDGES && (crosses || crosses_itself(ring, &mut 3) == Err(TooMany)));
            }
        }
    }

    /// The areas of more shapes stand in `fixtures/formats/broken.tsv`, see `tests/data_in/formats.rs`.
    #[test]
    fn a_bow_tie_becomes_its_two_lobes_and_a_sound_ring_stays() {
        let bow_tie = polygon(&[(0., 0.), (4., 4.), (4., 0.), (0., 4.)]);
        let Outcome::Repaired(lobes) = repair(&bow_tie) else { panic!("a bow-tie") };
        assert_eq!((lobes.0.len(), lobes.unsigned_area()), (2, 8.0));
        assert_eq!(repair(&polygon(&[(0., 0.), (4., 0.), (4., 4.)])), Outcome::Sound);
    }

    #[test]
    fn rings_in_a_heap_are_refused_and_as_many_beside_each_other_are_not() {
        let holes = |step: f64| (0..900).map(|n| square(1.0 + step * f64::from(n), 1.0, 0.5)).collect();
        let of = |step| MultiPolygon(vec![Polygon::new(square(0.0, 0.0, 1000.0), holes(step))]);
        assert_eq!(repair(&of(1.0)), Outcome::Sound);
        assert!(matches!(repair(&of(0.000_1)), Outcome::Refused(why) if why.contains("split it")));
    }

    fn square(x: f64, y: f64, side: f64) -> LineString {
        LineString::from(vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
    }

    #[test]
    fn many_rings_and_corners_that_lie_apart_are_sound_and_soon_checked() {
        // Each with each they would be billions of pairs.
        let part =
            |n: u32| Polygon::new(square(2.0 * f64::from(n % 200), f64::from(n / 200), 0.5), Vec::new());
        assert_eq!(repair(&MultiPolygon((0..40_000).map(part).collect())), Outcome::Sound);
        let column = |n: u32| Polygon::new(square(0.0, f64::from(n), 0.5), Vec::new());
        assert_eq!(repair(&MultiPolygon((0..40_000).map(column).collect())), Outcome::Sound);
        let holes = (0..40_000_u32).map(|n| square(1.0 + f64::from(n), 1.0, 0.5)).collect();
        let holed = Polygon::new(square(0.0, 0.0, 50_000.0), holes);
        assert_eq!(repair(&MultiPolygon(vec![holed])), Outcome::Sound);
        let angle = |n: u32| f64::from(n) * std::f64::consts::TAU / 40_000.0;
        let round: Vec<(f64, f64)> =
            (0..40_000).map(|n| (1e3 * angle(n).cos(), 1e3 * angle(n).sin())).collect();
        assert_eq!(repair(&polygon(&round)), Outcome::Sound);
    }

    #[test]
    fn edges_that_nearly_all_meet_are_counted_over_all_rings() {
        // Slanted edges side by side: no two cross, and the boxes of all overlap.
        let slanted = |n: u32| (f64::from(n % 2) * 100.0 + f64::from(n) * 1e-3, f64::from(n % 2) * 100.0);
        let edges: Vec<(f64, f64)> = (0..200).map(slanted).collect();
        let around = [(200.0, 100.0), (200.0, -1.0), (-1.0, -1.0), (0.0, 0.0)];
        let ring = LineString::from([&edges[..], &around].concat());
        let mut left = 100_000;
        let first = crosses_itself(&ring, &mut left);
        assert!(first == Ok(false) && left < 65_000, "{first:?} {left}");
        left = 500;
        assert_eq!(crosses_itself(&ring, &mut left), Err(TooMany));
    }

    #[test]
    fn a_fault_is_the_one_that_geo_finds() {
        let mut state = 1_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let (mut sound, mut faults) = (0, std::collections::HashSet::new());
        for _ in 0..4_000 {
            let mut part = || {
                let mut ring = |side: u64| {
                    let (x, y, side) = (below(9) as f64, below(9) as f64, 1.0 + below(side) as f64);
                    let mut ring = square(x, y, side);
                    if below(6) == 0 {
                        ring.0[2] = Coord { x: below(9) as f64, y: below(9) as f64 };
                    }
                    ring
                };
                let outer = ring(9);
                let holes = (0..2).map(|_| ring(3)).collect::<Vec<_>>();
                let n_holes = below(3) as usize;
                Polygon::new(outer, holes[..n_holes].to_vec())
            };
            let parts = [part(), part(), part()];
            let shape = MultiPolygon(parts[..1 + below(3) as usize].to_vec());
            let theirs = shape.check_validation().err();
            assert_eq!(fault(&shape), Ok(theirs.clone()), "{shape:?}");
            match theirs {
                None => sound += 1,
                Some(fault) => _ = faults.insert(fault.to_string()),
            }
        }
        assert!(sound > 100 && faults.len() > 20, "{sound} {faults:?}");
    }

    #[test]
    fn a_coordinate_that_is_all_but_zero_is_zero() {
        let tiny = polygon(&[(5e-315, 1e-320), (4., 0.), (4., 4.), (0., 4.)]);
        let Outcome::Repaired(square) = repair(&tiny) else { panic!("a square") };
        assert_eq!(square, polygon(&[(0., 0.), (4., 0.), (4., 4.), (0., 4.)]));
    }

    #[test]
    fn what_has_no_area_or_no_place_is_refused() {
        for ring in [
            &[(0., 0.), (1., 1.), (2., 2.)][..],
            &[(0., 0.), (1., 1.)],
            &[],
            &[(f64::NAN, 0.), (1., 1.), (2., 0.)],
            &[(f64::INFINITY, 0.), (1., 1.), (2., 0.)],
            &[(1e200, 0.), (1., 1e200), (2., 0.)],
        ] {
            assert!(matches!(repair(&polygon(ring)), Outcome::Refused(_)), "{ring:?}");
        }
        assert!(matches!(repair(&MultiPolygon(Vec::new())), Outcome::Refused(_)));
    }
}
