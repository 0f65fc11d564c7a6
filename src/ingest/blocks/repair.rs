//! Broken polygons: repaired where it is plain what is meant, refused where it is not.

use geo::algorithm::bool_ops::{BooleanOps, FillRule, OpType, unary_union};
use geo::{
    Area, BoundingRect, Coord, CoordsIter, LineString, LinesIter, MapCoords, MultiPolygon, Polygon, Rect,
    Validation,
};

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

/// Pairs of rings that are compared at most: a second's work.
const PAIRS: usize = 30_000;

/// Whether more pairs of rings than that have boxes that meet; in sound shapes those are few, since rings lie apart.
fn too_many_pairs(shape: &MultiPolygon) -> bool {
    let rings = shape.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
    let mut boxes: Vec<Rect> = rings.filter_map(BoundingRect::bounding_rect).collect();
    boxes.sort_by(|a, b| a.min().x.total_cmp(&b.min().x));
    let mut pairs = 0;
    boxes.iter().enumerate().any(|(at, ring)| {
        let beside = boxes[at + 1..].iter().take_while(|other| other.min().x <= ring.max().x);
        // A polygon's own outer ring meets every hole of it, once.
        pairs +=
            beside.filter(|other| other.min().y <= ring.max().y && other.max().y >= ring.min().y).count();
        pairs > PAIRS
    })
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
    if too_many_pairs(shape) {
        return Outcome::Refused("polygon with too many rings that meet to be checked; split it".to_owned());
    }
    let fault = match shape.check_validation() {
        Ok(()) if shape.unsigned_area() > 0.0 => return Outcome::Sound,
        Ok(()) => return Outcome::Refused("polygon without area".to_owned()),
        Err(fault) => fault,
    };
    let refused = |why: &str| Outcome::Refused(format!("broken polygon: {fault}; {why}"));
    let clean = clean(shape);
    if !clean.0.is_empty() && clean.check_validation().is_ok() && clean.unsigned_area() > 0.0 {
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
    let whole =
        if clean.0.len() > 1 && overlap_in_part(&clean) { unary_union(&each_filled(&clean)) } else { filled };
    match whole.check_validation() {
        Ok(()) => Outcome::Repaired(whole),
        Err(_) => refused("it stays broken when filled"),
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
fn overlap_in_part(shape: &MultiPolygon) -> bool {
    let parts = each_filled(shape);
    parts.iter().enumerate().any(|(at, a)| {
        parts[at + 1..].iter().any(|b| {
            let shared = a.intersection(b).unsigned_area();
            let less = a.unsigned_area().min(b.unsigned_area());
            shared > TOLERANCE * less && shared < (1.0 - TOLERANCE) * less
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(ring: &[(f64, f64)]) -> MultiPolygon {
        MultiPolygon(vec![Polygon::new(LineString::from(ring.to_vec()), Vec::new())])
    }

    /// The areas of more shapes stand in `fixtures/formats/broken.tsv`, see `tests/formats.rs`.
    #[test]
    fn a_bow_tie_becomes_its_two_lobes_and_a_sound_ring_stays() {
        let bow_tie = polygon(&[(0., 0.), (4., 4.), (4., 0.), (0., 4.)]);
        let Outcome::Repaired(lobes) = repair(&bow_tie) else { panic!("a bow-tie") };
        assert_eq!((lobes.0.len(), lobes.unsigned_area()), (2, 8.0));
        assert_eq!(repair(&polygon(&[(0., 0.), (4., 0.), (4., 4.)])), Outcome::Sound);
    }

    #[test]
    fn rings_in_a_heap_are_refused_and_as_many_beside_each_other_are_not() {
        let square = |x: f64, y: f64, side: f64| {
            LineString::from(vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
        };
        let holes = |step: f64| (0..900).map(|n| square(1.0 + step * f64::from(n), 1.0, 0.5)).collect();
        let of = |step| MultiPolygon(vec![Polygon::new(square(0.0, 0.0, 1000.0), holes(step))]);
        assert_eq!(repair(&of(1.0)), Outcome::Sound);
        assert!(matches!(repair(&of(0.000_1)), Outcome::Refused(why) if why.contains("split it")));
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
