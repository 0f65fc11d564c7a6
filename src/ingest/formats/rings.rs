//! Rings to polygons, for formats that do not say which hole belongs to which outline.

use geo::{BoundingRect, Contains, Coord, Geometry, LineString, MultiPolygon, Point, Polygon, Rect};

/// Polygons of rings of which the outer ones run clockwise; a hole belongs to the smallest outline around it.
///
/// A hole in no outline becomes an outline itself, so that no ring is lost.
pub(super) fn polygons(rings: Vec<LineString>) -> Geometry {
    let (mut outer, mut holes): (Vec<LineString>, Vec<LineString>) = (Vec::new(), Vec::new());
    for ring in rings {
        if signed(&ring) > 0.0 { holes.push(ring) } else { outer.push(ring) }
    }
    if outer.is_empty() {
        std::mem::swap(&mut outer, &mut holes);
    }
    let mut polygons: Vec<Polygon> = outer.into_iter().map(|ring| Polygon::new(ring, Vec::new())).collect();
    if polygons.len() == 1 {
        holes.into_iter().for_each(|hole| polygons[0].interiors_push(hole));
    } else if !holes.is_empty() {
        let around: Vec<(Option<Rect>, f64, Polygon)> =
            polygons.iter().map(|p| (p.bounding_rect(), signed(p.exterior()).abs(), p.clone())).collect();
        let mut stray = Vec::new();
        for hole in holes {
            match smallest_around(&around, &hole) {
                Some(at) => polygons[at].interiors_push(hole),
                None => stray.push(Polygon::new(hole, Vec::new())),
            }
        }
        polygons.extend(stray);
    }
    match polygons.len() {
        1 => polygons.remove(0).into(),
        _ => MultiPolygon(polygons).into(),
    }
}

fn smallest_around(outlines: &[(Option<Rect>, f64, Polygon)], hole: &LineString) -> Option<usize> {
    let inside = *hole.0.first()?;
    let bounds = hole.bounding_rect()?;
    let holds = |at: &usize| {
        let (rect, _, polygon) = &outlines[*at];
        rect.is_some_and(|rect| rect.contains(&bounds) || rect == bounds)
            && (polygon.contains(&Point(inside)) || hole.coords().any(|&c| polygon.contains(&Point(c))))
    };
    (0..outlines.len()).filter(holds).min_by(|&a, &b| outlines[a].1.total_cmp(&outlines[b].1))
}

/// Twice the area within a ring, positive if it runs counter-clockwise; from its first place, against rounding.
fn signed(ring: &LineString) -> f64 {
    let Some(&Coord { x, y }) = ring.0.first() else { return 0.0 };
    ring.lines().map(|l| (l.start.x - x) * (l.end.y - y) - (l.end.x - x) * (l.start.y - y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(from: f64, to: f64, clockwise: bool) -> LineString {
        let mut ring = vec![(from, from), (from, to), (to, to), (to, from), (from, from)];
        if !clockwise {
            ring.reverse();
        }
        ring.into()
    }

    #[test]
    fn a_hole_goes_to_the_smallest_outline_around_it() {
        use geo::Area;
        let rings = vec![
            square(0.0, 10.0, true),
            square(20.0, 30.0, true),
            square(22.0, 24.0, false),
            square(1.0, 2.0, false),
        ];
        let Geometry::MultiPolygon(many) = polygons(rings) else { panic!("two outlines") };
        assert_eq!(many.0.iter().map(|p| p.interiors().len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(many.unsigned_area(), 99.0 + 96.0);
    }

    #[test]
    fn a_lone_ring_is_an_outline_whichever_way_it_runs() {
        assert!(matches!(polygons(vec![square(0.0, 1.0, false)]), Geometry::Polygon(_)));
    }
}
