//! Polygons that several files have in common: a block on a border exists once.

use std::collections::HashMap;

use geo::{BoundingRect, Coord, CoordsIter};

use super::areas::Area;
use crate::space::coord::Metres;

/// Corners no farther apart than this are one: files in two state planes differ by what was rounded.
const SAME_PLACE: Metres = Metres(0.1);

/// Length of a degree of latitude.
const METRES_A_DEGREE: f64 = 111_200.0;

/// Side of the lattice in which equal polygons are sought, in degrees: more than 10 cm up to 84° north.
const CELL: f64 = 1e-5;

/// Drops every polygon that has the same corners as one before it; returns how many.
///
/// Corners are the same within 10 cm, in whatever direction and from whichever corner the rings go.
/// Polygons that were drawn twice by two people differ by more and stay two. An id or name that
/// only the later one has is not taken over. Time O(n) for n polygons of few corners.
///
/// Streets need none of this: a stretch that lies on another to the vertex is one segment.
#[must_use]
pub fn without_doubles(areas: Vec<Area>) -> (Vec<Area>, usize) {
    let before = areas.len();
    let mut kept: Vec<Area> = Vec::with_capacity(before);
    let mut lattice: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    for area in areas {
        let Some(r) = area.shape.bounding_rect() else { continue };
        let (middle, scale) = (r.center(), scale(r.center()));
        let cell = ((middle.x / CELL).floor() as i64, (middle.y / CELL).floor() as i64);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cell.0 + dx, cell.1 + dy)));
        let mut near = around.filter_map(|cell| lattice.get(&cell)).flatten();
        if near.any(|&at| same(&kept[at], &area, scale)) {
            continue;
        }
        lattice.entry(cell).or_default().push(kept.len());
        kept.push(area);
    }
    let doubles = before - kept.len();
    (kept, doubles)
}

/// Metres a degree, east and north.
fn scale(at: Coord) -> Coord {
    Coord { x: METRES_A_DEGREE * at.y.to_radians().cos(), y: METRES_A_DEGREE }
}

fn same(a: &Area, b: &Area, scale: Coord) -> bool {
    let rings = |area: &Area| area.shape.iter().map(|p| 1 + p.interiors().len()).sum::<usize>();
    let within = |from: &Area, to: &Area| {
        from.shape.coords_iter().all(|p| {
            to.shape
                .coords_iter()
                .any(|q| ((p.x - q.x) * scale.x).hypot((p.y - q.y) * scale.y) <= SAME_PLACE.0)
        })
    };
    rings(a) == rings(b) && within(a, b) && within(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{LineString, MultiPolygon, Polygon};

    fn area(corners: &[(f64, f64)]) -> Area {
        let ring: LineString = corners.iter().copied().collect();
        Area { shape: MultiPolygon(vec![Polygon::new(ring, Vec::new())]), ..Area::default() }
    }

    #[test]
    fn a_polygon_of_two_files_is_there_once_whatever_its_direction() {
        let one = area(&[(-90.2, 38.6), (-90.19, 38.6), (-90.19, 38.61), (-90.2, 38.61)]);
        let turned = area(&[(-90.19, 38.61), (-90.19, 38.6), (-90.2, 38.6), (-90.2, 38.61)]);
        let nudged = area(&[(-90.2, 38.600_000_5), (-90.19, 38.6), (-90.19, 38.61), (-90.2, 38.61)]);
        let moved = area(&[(-90.2, 38.600_002), (-90.19, 38.6), (-90.19, 38.61), (-90.2, 38.61)]);
        let (kept, doubles) = without_doubles(vec![one, turned, nudged, moved]);
        assert_eq!((kept.len(), doubles), (2, 2), "22 cm are another polygon");
    }
}
