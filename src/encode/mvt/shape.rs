//! From a shape on the globe to what is drawn of it in one tile: simplified by zoom, cut at the buffer, in whole units.

use geo::{Geometry, LineString, Simplify};

use super::ring::{Unit, polygons};
use super::wire::{Kind, Pen};
use super::{BUFFER, EXTENT};
use crate::space::tile::{Tile, on_map};

/// A place as parts of the world from its west and north edge, or in units of a tile.
type At = [f64; 2];

/// How far a simplified line may be off, in units of the tile: an eighth of a pixel where tiles are drawn 512 pixels wide.
const OFF: f64 = 1.0;

/// A line whose points stand closer together than this many units, on average, is simplified.
const CROWDED: f64 = 8.0;

/// A shape of one kind, on the map of the world.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Points.
    Points(Vec<At>),
    /// Lines.
    Lines(Vec<Vec<At>>),
    /// Rings, the outer ones marked, without their last point.
    Polygons(Vec<(bool, Vec<At>)>),
}

impl Shape {
    /// The shapes of a geometry, one for each kind that is in it.
    pub(super) fn of(geometry: &Geometry) -> Vec<Self> {
        let (mut points, mut lines, mut rings) = (Vec::new(), Vec::new(), Vec::new());
        take(geometry, &mut points, &mut lines, &mut rings);
        let mut shapes = Vec::new();
        if !rings.is_empty() {
            shapes.push(Self::Polygons(rings));
        }
        if !lines.is_empty() {
            shapes.push(Self::Lines(lines));
        }
        if !points.is_empty() {
            shapes.push(Self::Points(points));
        }
        shapes
    }

    pub(super) fn n_points(&self) -> usize {
        match self {
            Self::Points(points) => points.len(),
            Self::Lines(lines) => lines.iter().map(Vec::len).sum(),
            Self::Polygons(rings) => rings.iter().map(|(_, ring)| ring.len()).sum(),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Points(_) => Kind::Points,
            Self::Lines(_) => Kind::Lines,
            Self::Polygons(_) => Kind::Polygons,
        }
    }

    /// The box around it: least and most along both axes.
    pub(super) fn bounds(&self) -> (At, At) {
        let mut bounds = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let mut meet = |at: &At| {
            for (axis, &to) in at.iter().enumerate() {
                bounds.0[axis] = bounds.0[axis].min(to);
                bounds.1[axis] = bounds.1[axis].max(to);
            }
        };
        match self {
            Self::Points(points) => points.iter().for_each(&mut meet),
            Self::Lines(lines) => lines.iter().flatten().for_each(&mut meet),
            Self::Polygons(rings) => rings.iter().flat_map(|(_, ring)| ring).for_each(&mut meet),
        }
        bounds
    }

    /// Draws what lies in a tile and tells whether anything does.
    ///
    /// What is smaller than a unit is drawn a unit large, in the one tile that its first point lies in: nothing is lost.
    pub(super) fn draw(&self, window: Window, pen: &mut Pen) -> bool {
        pen.clear();
        match self {
            Self::Points(points) => {
                let inside = points.iter().map(|&at| window.place(at)).filter(|&at| window.owns(at));
                let inside: Vec<Unit> = inside.map(unit).collect();
                if !inside.is_empty() {
                    pen.points(&inside);
                }
            }
            Self::Lines(lines) => {
                let mut parts = Vec::new();
                lines.iter().for_each(|line| window.line(line, &mut parts));
                if let (true, Some(at)) = (parts.is_empty(), window.first(lines.first())) {
                    parts.push(vec![at, (at.0 + 1, at.1)]);
                }
                parts.iter().for_each(|part| pen.line(part));
            }
            Self::Polygons(rings) => {
                let parts = rings.iter().map(|(is_outer, ring)| (*is_outer, window.ring(ring)));
                let mut parts = polygons(parts.collect());
                if let (true, Some((x, y))) = (parts.is_empty(), window.first(rings.first().map(|r| &r.1))) {
                    parts.push(vec![vec![(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]]);
                }
                parts.iter().flatten().for_each(|ring| pen.ring(ring));
            }
        }
        !pen.drawn().is_empty()
    }
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

/// Where a tile lies in the world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Units along the world.
    scale: f64,
    /// The tile's north-west corner, in units.
    corner: At,
}

const SIDE: f64 = EXTENT as f64;
/// From where to where shapes reach along each axis.
const LOW: f64 = -(BUFFER as f64);
const HIGH: f64 = SIDE + BUFFER as f64;

impl Window {
    pub(super) fn of(tile: Tile) -> Self {
        let scale = SIDE * f64::from(1_u32 << tile.z());
        Self { scale, corner: [f64::from(tile.x()) * SIDE, f64::from(tile.y()) * SIDE] }
    }

    /// The box of the tile with its buffer, in parts of the world.
    pub(super) fn reach(self) -> (At, At) {
        let world = |by: f64| self.corner.map(|corner| (corner + by) / self.scale);
        (world(LOW), world(HIGH))
    }

    fn place(self, at: At) -> At {
        [at[0] * self.scale - self.corner[0], at[1] * self.scale - self.corner[1]]
    }

    /// Whether a place in units lies in this tile: each lies in one, which owns its northern and its western edge.
    fn owns(self, at: At) -> bool {
        let within = |axis: usize| {
            let beyond = if self.corner[axis] + SIDE >= self.scale { f64::INFINITY } else { SIDE };
            (0.0..beyond).contains(&at[axis])
        };
        within(0) && within(1)
    }

    /// The first point of a shape, if it lies in this tile; a unit beside it lies in reach as well.
    fn first(self, of: Option<&Vec<At>>) -> Option<Unit> {
        let at = self.place(*of?.first()?);
        self.owns(at).then(|| unit(at))
    }

    /// The points of a line in units, fewer where they crowd. It follows from zoom and shape alone, so tiles agree.
    fn thinned(self, line: &[At], is_ring: bool) -> Vec<At> {
        let places: Vec<At> = line.iter().map(|&at| self.place(at)).collect();
        let n = places.len();
        if n <= 4 {
            return places;
        }
        let length: f64 =
            line.windows(2).map(|two| (two[0][0] - two[1][0]).abs() + (two[0][1] - two[1][1]).abs()).sum();
        if length * self.scale >= CROWDED * n as f64 {
            return places;
        }
        let thin = |part: &[At]| {
            let line: LineString = part.iter().map(|at| geo::Coord { x: at[0], y: at[1] }).collect();
            line.simplify(OFF).0.into_iter().map(|at| [at.x, at.y]).collect::<Vec<At>>()
        };
        if !is_ring {
            return thin(&places);
        }
        // In two halves, so that a ring keeps its first point and the one across.
        let mut kept = thin(&places[..=n / 2]);
        kept.pop();
        let back: Vec<At> = places[n / 2..].iter().chain(&places[..1]).copied().collect();
        kept.extend(thin(&back));
        kept.pop();
        kept
    }

    /// A ring as far as the tile reaches, in whole units.
    fn ring(self, ring: &[At]) -> Vec<Unit> {
        let mut places = self.thinned(ring, true);
        for (axis, bound, sign) in [(0, LOW, 1.0), (0, HIGH, -1.0), (1, LOW, 1.0), (1, HIGH, -1.0)] {
            let beyond = |at: &At| (at[axis] - bound) * sign < 0.0;
            if !places.iter().any(beyond) {
                continue;
            }
            let mut kept = Vec::with_capacity(places.len() + 4);
            for (at, &to) in places.iter().enumerate() {
                let from = places[if at == 0 { places.len() - 1 } else { at - 1 }];
                if beyond(&from) != beyond(&to) {
                    kept.push(crossing(from, to, axis, bound));
                }
                if !beyond(&to) {
                    kept.push(to);
                }
            }
            places = kept;
        }
        places.into_iter().map(unit).collect()
    }

    /// The parts of a line that lie as far as the tile reaches, in whole units, each of two points or more.
    fn line(self, line: &[At], parts: &mut Vec<Vec<Unit>>) {
        let places = self.thinned(line, false);
        let mut part: Vec<Unit> = Vec::with_capacity(places.len());
        let mut last: Option<At> = None;
        let mut end = |part: &mut Vec<Unit>| {
            if part.len() > 1 {
                parts.push(std::mem::take(part));
            }
            part.clear();
        };
        for two in places.windows(2) {
            let Some((from, to)) = within(two[0], two[1]) else {
                end(&mut part);
                last = None;
                continue;
            };
            if last != Some(from) {
                end(&mut part);
                part.push(unit(from));
            }
            if part.last() != Some(&unit(to)) {
                part.push(unit(to));
            }
            last = Some(to);
        }
        end(&mut part);
    }
}

fn crossing(from: At, to: At, axis: usize, bound: f64) -> At {
    let part = (bound - from[axis]) / (to[axis] - from[axis]);
    let other = 1 - axis;
    let mut at = [bound; 2];
    at[other] = from[other] + part * (to[other] - from[other]);
    at
}

/// The part of a segment as far as a tile reaches (Liang and Barsky 1984).
fn within(from: At, to: At) -> Option<(At, At)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let step = to[axis] - from[axis];
        for (toward, room) in [(-step, from[axis] - LOW), (step, HIGH - from[axis])] {
            if toward == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if toward < 0.0 {
                enter = enter.max(room / toward);
            } else {
                leave = leave.min(room / toward);
            }
        }
    }
    let at = |part: f64| [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
    let end = |part: f64, whole: At| if part == 0.0 || part == 1.0 { whole } else { at(part) };
    (enter <= leave).then(|| (end(enter, from), end(leave, to)))
}

fn unit(at: At) -> Unit {
    // Nothing is left that lies further out than the buffer, or than the first point of a shape in the tile.
    (at[0].round() as i32, at[1].round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: (u64, u64, u64) = (14, 4082, 6278);

    fn tile((z, x, y): (u64, u64, u64)) -> Tile {
        Tile::new(z, x, y).expect("a tile")
    }

    /// A place in units of the tile, as parts of the world.
    fn at(x: f64, y: f64) -> At {
        let Window { scale, corner } = Window::of(tile(TILE));
        [(x + corner[0]) / scale, (y + corner[1]) / scale]
    }

    fn lines(line: &[(f64, f64)]) -> Vec<Vec<Unit>> {
        let mut parts = Vec::new();
        let line: Vec<At> = line.iter().map(|&(x, y)| at(x, y)).collect();
        Window::of(tile(TILE)).line(&line, &mut parts);
        parts
    }

    #[test]
    fn a_line_is_cut_at_the_buffer_and_comes_back_as_a_part_of_its_own() {
        let parts = lines(&[(100.0, 100.0), (5000.0, 100.0), (5000.0, 300.0), (100.0, 300.0)]);
        assert_eq!(parts, [vec![(100, 100), (4160, 100)], vec![(4160, 300), (100, 300)]]);
        assert_eq!(lines(&[(-500.0, 10.0), (5000.0, 10.0)]), [[(-64, 10), (4160, 10)]]);
        assert!(lines(&[(-500.0, -500.0), (5000.0, -65.0)]).is_empty());
        assert!(lines(&[(7.1, 7.1), (7.3, 7.2)]).is_empty(), "less than a unit");
    }

    #[test]
    fn a_ring_around_the_tile_becomes_its_frame() {
        let ring = [(-9e3, -9e3), (9e3, -9e3), (9e3, 9e3), (-9e3, 9e3)].map(|(x, y)| at(x, y));
        let mut cut = Window::of(tile(TILE)).ring(&ring);
        super::super::ring::tidy(&mut cut);
        cut.sort_unstable();
        assert_eq!(cut, [(-64, -64), (-64, 4160), (4160, -64), (4160, 4160)]);
    }

    #[test]
    fn what_is_smaller_than_a_unit_is_drawn_in_one_tile() {
        let small = Shape::Lines(vec![vec![at(4095.9, 7.0), at(4096.2, 7.1)]]);
        let ring = vec![at(4095.9, 7.0), at(4096.1, 7.0), at(4096.1, 7.1)];
        let tiny = Shape::Polygons(vec![(true, ring)]);
        let mut pen = Pen::default();
        for shape in [small, tiny] {
            let (z, x, y) = TILE;
            let drawn = [x - 1, x, x + 1].map(|x| shape.draw(Window::of(tile((z, x, y))), &mut pen));
            assert_eq!(drawn, [false, true, false]);
        }
    }

    #[test]
    fn crowded_points_go_and_corners_stay() {
        let circle = |n: usize| -> Vec<At> {
            let turn = |k: usize| k as f64 / n as f64 * std::f64::consts::TAU;
            (0..n).map(|k| at(1000.0 + 30.0 * turn(k).cos(), 1000.0 + 30.0 * turn(k).sin())).collect()
        };
        let window = Window::of(tile(TILE));
        let thin = window.thinned(&circle(2000), true);
        assert!((8..60).contains(&thin.len()), "{} points", thin.len());
        for at in thin {
            let off = ((at[0] - 1000.0).hypot(at[1] - 1000.0) - 30.0).abs();
            assert!(off < 1e-3, "kept points are points of the ring: {off}");
        }
        assert_eq!(window.thinned(&circle(12), true).len(), 12, "these stand far apart");
    }

    #[test]
    fn a_geometry_gives_one_shape_for_each_kind() {
        let line: LineString = vec![(-90.0, 38.0), (-90.1, 38.1)].into();
        let several = geo::GeometryCollection(vec![
            geo::Point::new(-90.0, 38.0).into(),
            line.clone().into(),
            geo::Rect::new((-90.0, 38.0), (-89.0, 39.0)).into(),
        ]);
        let kinds: Vec<Kind> =
            Shape::of(&Geometry::GeometryCollection(several)).iter().map(Shape::kind).collect();
        assert_eq!(kinds, [Kind::Polygons, Kind::Lines, Kind::Points]);
        assert!(Shape::of(&LineString(Vec::new()).into()).is_empty());
    }
}
