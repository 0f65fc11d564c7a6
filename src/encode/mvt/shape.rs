//! Shapes on the map of the world, and what is drawn of them in one tile.

use geo::{Geometry, LineString};

use super::pen::Pen;
use super::ring::Unit;
use super::window::{Window, unit};
use super::wire::Kind;
use crate::space::tile::on_map;

/// A place as parts of the world from its west and north edge, or in units of a tile.
pub(super) type At = [f64; 2];

/// A shape of one kind, on the map of the world.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    parts: Parts,
    /// The box around it: least and most along both axes.
    bounds: (At, At),
}

#[derive(Clone, Debug)]
enum Parts {
    /// Points.
    Points(Line),
    /// Lines.
    Lines(Vec<Line>),
    /// One outer ring, without its last point.
    Ring(Line),
    /// Rings, the outer ones marked, likewise.
    Polygons(Vec<(bool, Line)>),
}

/// Points one after the other: where they stand among those of all shapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    from: u32,
    to: u32,
    /// How long it is from the first to the last, along the axes.
    pub(super) length: f64,
}

/// The same with the points at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) points: &'a [At],
    pub(super) length: f64,
}

impl Line {
    /// Stores points behind the others.
    pub(super) fn store(points: &[At], places: &mut Vec<At>) -> Self {
        let end = |places: &[At]| u32::try_from(places.len()).expect("fewer than 2³² points");
        let step = |two: &[At]| (two[0][0] - two[1][0]).abs() + (two[0][1] - two[1][1]).abs();
        let from = end(places);
        places.extend_from_slice(points);
        Self { from, to: end(places), length: points.windows(2).map(step).sum() }
    }

    fn at(self, places: &[At]) -> Run<'_> {
        Run { points: &places[self.from as usize..self.to as usize], length: self.length }
    }
}

impl Shape {
    /// The shapes of a geometry, one for each kind that is in it; their points are put behind the others.
    pub(super) fn of(geometry: &Geometry, places: &mut Vec<At>) -> Vec<Self> {
        let (mut points, mut lines, mut rings) = (Vec::new(), Vec::new(), Vec::new());
        take(geometry, &mut points, &mut lines, &mut rings);
        let mut shapes = Vec::new();
        if !rings.is_empty() {
            let store = |(is_outer, ring): &(bool, Vec<At>)| (*is_outer, Line::store(ring, places));
            let rings: Vec<(bool, Line)> = rings.iter().map(store).collect();
            shapes.push(match rings[..] {
                [(true, ring)] => Parts::Ring(ring),
                _ => Parts::Polygons(rings),
            });
        }
        if !lines.is_empty() {
            shapes.push(Parts::Lines(lines.iter().map(|line| Line::store(line, places)).collect()));
        }
        if !points.is_empty() {
            shapes.push(Parts::Points(Line::store(&points, places)));
        }
        shapes.into_iter().map(|parts| Self { bounds: around(&parts, places), parts }).collect()
    }

    /// The same with its points behind others.
    pub(super) fn moved(&self, from: &[At], to: &mut Vec<At>) -> Self {
        let mut moved = |line: &Line| Line::store(line.at(from).points, to);
        let parts = match &self.parts {
            Parts::Points(points) => Parts::Points(moved(points)),
            Parts::Lines(lines) => Parts::Lines(lines.iter().map(moved).collect()),
            Parts::Ring(ring) => Parts::Ring(moved(ring)),
            Parts::Polygons(rings) => {
                Parts::Polygons(rings.iter().map(|(is_outer, ring)| (*is_outer, moved(ring))).collect())
            }
        };
        Self { parts, bounds: self.bounds }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.parts {
            Parts::Points(_) => Kind::Points,
            Parts::Lines(_) => Kind::Lines,
            Parts::Ring(_) | Parts::Polygons(_) => Kind::Polygons,
        }
    }

    /// The box around it: least and most along both axes.
    pub(super) fn bounds(&self) -> (At, At) {
        self.bounds
    }

    /// Whether it lies wholly in a tile, so that something is drawn of it.
    pub(super) fn is_within(&self, window: Window) -> bool {
        window.owns(window.place(self.bounds.0)) && window.owns(window.place(self.bounds.1))
    }

    /// Draws what lies in a tile and tells whether anything does.
    ///
    /// What is smaller than a unit is drawn a unit large, in the one tile that its first point lies in: nothing is lost.
    pub(super) fn draw(&self, window: Window, places: &[At], pen: &mut Pen) -> bool {
        pen.clear();
        match &self.parts {
            Parts::Points(points) => {
                let inside = points.at(places).points.iter().map(|&at| window.place(at));
                let inside: Vec<Unit> = inside.filter(|&at| window.owns(at)).map(unit).collect();
                if !inside.is_empty() {
                    pen.points(&inside);
                }
            }
            Parts::Lines(lines) => {
                let mut parts = Vec::new();
                lines.iter().for_each(|line| window.line(line.at(places), &mut parts));
                let first = lines.first().and_then(|line| window.first(line.at(places)));
                if let (true, Some(at)) = (parts.is_empty(), first) {
                    parts.push(vec![at, (at.0 + 1, at.1)]);
                }
                parts.iter().for_each(|part| pen.line(part));
            }
            Parts::Ring(ring) => {
                let ring = ring.at(places);
                if let Some(drawn) = window.quick_ring(ring, self.bounds, pen) {
                    return drawn;
                }
                window.rings(&[(true, ring)], pen);
            }
            Parts::Polygons(rings) => {
                let rings: Vec<(bool, Run<'_>)> =
                    rings.iter().map(|(is_outer, ring)| (*is_outer, ring.at(places))).collect();
                window.rings(&rings, pen);
            }
        }
        !pen.drawn().is_empty()
    }
}

/// The box around a shape.
fn around(parts: &Parts, places: &[At]) -> (At, At) {
    let mut bounds = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    let mut meet = |line: &Line| {
        for at in line.at(places).points {
            for (axis, &to) in at.iter().enumerate() {
                bounds.0[axis] = bounds.0[axis].min(to);
                bounds.1[axis] = bounds.1[axis].max(to);
            }
        }
    };
    match parts {
        Parts::Points(line) | Parts::Ring(line) => meet(line),
        Parts::Lines(lines) => lines.iter().for_each(meet),
        Parts::Polygons(rings) => rings.iter().for_each(|(_, ring)| meet(ring)),
    }
    bounds
}

fn take(
    geometry: &Geometry,
    points: &mut Vec<At>,
    lines: &mut Vec<Vec<At>>,
    rings: &mut Vec<(bool, Vec<At>)>,
) {
    let at = |coord: &geo::Coord| <[f64; 2]>::from(on_map(coord.x, coord.y));
    let all = |line: &LineString| line.0.iter().map(at).collect::<Vec<At>>();
    let mut polygon = |polygon: &geo::Polygon| {
        let outer = std::iter::once((true, polygon.exterior()));
        for (is_outer, ring) in outer.chain(polygon.interiors().iter().map(|ring| (false, ring))) {
            let mut ring = all(ring);
            ring.pop();
            if !ring.is_empty() {
                rings.push((is_outer, ring));
            }
        }
    };
    match geometry {
        Geometry::Point(point) => points.push(at(&point.0)),
        Geometry::MultiPoint(several) => points.extend(several.0.iter().map(|point| at(&point.0))),
        Geometry::Line(line) => lines.push(vec![at(&line.start), at(&line.end)]),
        Geometry::LineString(line) if line.0.is_empty() => {}
        Geometry::LineString(line) => lines.push(all(line)),
        Geometry::MultiLineString(several) => {
            lines.extend(several.0.iter().filter(|line| !line.0.is_empty()).map(all));
        }
        Geometry::Polygon(one) => polygon(one),
        Geometry::MultiPolygon(several) => several.0.iter().for_each(polygon),
        Geometry::Rect(rect) => polygon(&rect.to_polygon()),
        Geometry::Triangle(triangle) => polygon(&triangle.to_polygon()),
        Geometry::GeometryCollection(several) => {
            several.0.iter().for_each(|each| take(each, points, lines, rings));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::tests::{TILE, at, tile};
    use super::*;

    #[test]
    fn what_is_smaller_than_a_unit_is_drawn_in_one_tile() {
        let mut places = Vec::new();
        let small = Line::store(&[at(4095.9, 7.0), at(4096.2, 7.1)], &mut places);
        let ring = Line::store(&[at(4095.9, 7.0), at(4096.1, 7.0), at(4096.1, 7.1)], &mut places);
        let shape = |parts: Parts| Shape { bounds: around(&parts, &places), parts };
        let all = [
            shape(Parts::Lines(vec![small])),
            shape(Parts::Ring(ring)),
            shape(Parts::Polygons(vec![(true, ring)])),
        ];
        let mut pen = Pen::default();
        for shape in all {
            let (z, x, y) = TILE;
            let drawn = [x - 1, x, x + 1].map(|x| shape.draw(Window::of(tile((z, x, y))), &places, &mut pen));
            assert_eq!(drawn, [false, true, false]);
        }
    }

    #[test]
    fn a_geometry_gives_one_shape_for_each_kind() {
        let line: LineString = vec![(-90.0, 38.0), (-90.1, 38.1)].into();
        let several = geo::GeometryCollection(vec![
            geo::Point::new(-90.0, 38.0).into(),
            line.clone().into(),
            geo::Rect::new((-90.0, 38.0), (-89.0, 39.0)).into(),
        ]);
        let kinds: Vec<Kind> = Shape::of(&Geometry::GeometryCollection(several), &mut Vec::new())
            .iter()
            .map(Shape::kind)
            .collect();
        assert_eq!(kinds, [Kind::Polygons, Kind::Lines, Kind::Points]);
        assert!(Shape::of(&LineString(Vec::new()).into(), &mut Vec::new()).is_empty());
    }
}
