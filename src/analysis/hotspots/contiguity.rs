//! Who touches whom: polygons that share corners or edges, streets that share an end.

use geo::{Coord, CoordsIter, Geometry};
use rayon::prelude::*;
use rstar::primitives::{GeomWithData, Line};
use rstar::{AABB, RTree};

use super::shared::{Links, Shared, Units, key, link};
use super::weights::{Contiguity, Neighbors, NeighborsError};

/// Borders no farther apart than this touch: 1 cm forgives what projections round.
pub const SNAP_M: f64 = 0.01;

/// Polygons whose borders touch: with [`Contiguity::Queen`] in a point, with [`Contiguity::Rook`] along a length.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `shapes` | polygons or multipolygons, holes included; other shapes touch nothing | `n` | m |
/// | returns | mutual neighbors | `n` lists | – |
///
/// Corners and edges that are the same to the bit are found by hashing, never by comparing all with all. Edges that no
/// other polygon has (a border that one side cuts finer than the other, or writes a little differently) are then
/// compared by an R-tree: they touch where a corner of one lies within [`SNAP_M`] of the other.
/// Time O(corners), and O(u log u) for the u edges that have no equal.
///
/// # Limits
///
/// Polygons that overlap without a corner of one near the border of the other do not touch.
///
/// # Errors
///
/// [`NeighborsError::Coordinates`] for a shape with a coordinate that is no number, [`NeighborsError::Links`] if so
/// many touch that they do not fit, [`NeighborsError::Shared`] if far more share a corner.
pub fn of_polygons(shapes: &[&Geometry], contiguity: Contiguity) -> Result<Neighbors, NeighborsError> {
    check(shapes)?;
    let n_corners = shapes.par_iter().map(|shape| shape.coords_count()).sum();
    // Most corners have two polygons or more.
    let mut corners = Shared::with_room(n_corners, n_corners / 2);
    let (mut edges, mut ends) = (Vec::with_capacity(n_corners), Vec::with_capacity(shapes.len()));
    for shape in shapes {
        rings(shape, |ring| {
            let mut before: Option<(u32, Coord)> = None;
            for &at in ring {
                let corner = corners.push(key(at));
                if let Some((from, begin)) = before.filter(|&(from, _)| from != corner) {
                    edges.push(if from < corner {
                        Edge { ends: [from, corner], line: (begin, at) }
                    } else {
                        Edge { ends: [corner, from], line: (at, begin) }
                    });
                }
                before = Some((corner, at));
            }
        });
        corners.close();
        ends.push(edges.len() as u32);
    }
    let corners = corners.units();
    let (numbers, lines) = equal(edges, corners.n_things());
    let edges = Units::new(numbers, ends, lines.len());
    corners.check()?;
    edges.check()?;
    let loose = Loose::of(&edges, &lines);
    match contiguity {
        Contiguity::Queen => corners.neighbors(&loose.in_a_point(&corners)),
        Contiguity::Rook => edges.neighbors(&loose.along_a_length()),
    }
}

/// Streets and intersections that share an end: segments that meet, and the node where they do.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `shapes` | lines, with two ends each, and points | `n` | m |
/// | returns | mutual neighbors: who shares a place to the bit | `n` lists | – |
///
/// Streets that cross without an end there, as on a bridge, are no neighbors. Time O(n + links).
///
/// # Errors
///
/// As [`of_polygons`].
pub fn of_segments(shapes: &[&Geometry]) -> Result<Neighbors, NeighborsError> {
    check(shapes)?;
    let mut ends = Shared::default();
    for shape in shapes {
        match shape {
            Geometry::Point(at) => {
                ends.push(key(at.0));
            }
            Geometry::LineString(line) => push_ends(&mut ends, &line.0),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| push_ends(&mut ends, &line.0)),
            _ => {}
        }
        ends.close();
    }
    let ends = ends.units();
    ends.check()?;
    ends.neighbors(&Links::new())
}

fn push_ends(ends: &mut Shared, line: &[Coord]) {
    for &at in line.first().into_iter().chain(line.last()) {
        ends.push(key(at));
    }
}

fn check(shapes: &[&Geometry]) -> Result<(), NeighborsError> {
    let broken = |shape: &&Geometry| shape.coords_iter().any(|at| !(at.x.is_finite() && at.y.is_finite()));
    match shapes.par_iter().position_first(broken) {
        Some(index) => Err(NeighborsError::Coordinates { index }),
        None => Ok(()),
    }
}

fn rings(shape: &Geometry, mut each: impl FnMut(&[Coord])) {
    let mut of = |polygon: &geo::Polygon| {
        each(&polygon.exterior().0);
        polygon.interiors().iter().for_each(|ring| each(&ring.0));
    };
    match shape {
        Geometry::Polygon(polygon) => of(polygon),
        Geometry::MultiPolygon(several) => several.iter().for_each(of),
        _ => {}
    }
}

/// Numbers edges so that those with the same corners have the same number, and keeps one of each.
///
/// Edges are put into boxes by their lower corner, of which each has a few.
fn equal(edges: Vec<Edge>, n_corners: usize) -> (Vec<u32>, Vec<Edge>) {
    let mut start = vec![0u32; n_corners + 1];
    edges.iter().for_each(|edge| start[edge.ends[0] as usize + 1] += 1);
    (1..start.len()).for_each(|corner| start[corner] += start[corner - 1]);
    let mut free = start.clone();
    let mut boxes = vec![(0u32, 0u32); edges.len()];
    for (edge, at) in edges.iter().zip(0..) {
        let place = &mut free[edge.ends[0] as usize];
        boxes[*place as usize] = (edge.ends[1], at);
        *place += 1;
    }
    let (mut numbers, mut first) = (vec![0u32; edges.len()], Vec::new());
    for corner in 0..n_corners {
        let mine = &mut boxes[start[corner] as usize..start[corner + 1] as usize];
        mine.sort_unstable();
        for same in mine.chunk_by(|a, b| a.0 == b.0) {
            same.iter().for_each(|(_, at)| numbers[*at as usize] = first.len() as u32);
            first.push(edges[same[0].1 as usize]);
        }
    }
    (numbers, first)
}

/// An edge with the numbers of its corners, the lower first.
#[derive(Clone, Copy)]
struct Edge {
    ends: [u32; 2],
    line: (Coord, Coord),
}

/// The edges that one unit alone has, in a tree.
struct Loose<'a> {
    tree: RTree<GeomWithData<Line<[f64; 2]>, u32>>,
    edges: &'a Units,
    lines: &'a [Edge],
}

impl<'a> Loose<'a> {
    fn of(edges: &'a Units, lines: &'a [Edge]) -> Self {
        let alone = (0..lines.len() as u32).filter(|&edge| edges.is_alone(edge));
        let leaf = |edge: u32| {
            let (a, b) = lines[edge as usize].line;
            GeomWithData::new(Line::new([a.x, a.y], [b.x, b.y]), edge)
        };
        Self { tree: RTree::bulk_load(alone.map(leaf).collect()), edges, lines }
    }

    /// The edges near a line, each with its unit.
    fn near(&self, (a, b): (Coord, Coord)) -> impl Iterator<Item = (u32, &Edge, u32)> {
        let low = [a.x.min(b.x) - SNAP_M, a.y.min(b.y) - SNAP_M];
        let area = AABB::from_corners(low, [a.x.max(b.x) + SNAP_M, a.y.max(b.y) + SNAP_M]);
        let found = self.tree.locate_in_envelope_intersecting(&area);
        found.map(|leaf| (leaf.data, &self.lines[leaf.data as usize], self.edges.with(leaf.data)[0]))
    }

    /// Units with a corner on an edge of another. A corner on the inside of an edge ends a loose edge of its own: of
    /// those that meet in it, the one along that edge has no equal.
    fn in_a_point(&self, corners: &Units) -> Links {
        let mut links = Links::new();
        for leaf in &self.tree {
            let edge = &self.lines[leaf.data as usize];
            for (corner, at) in edge.ends.into_iter().zip([edge.line.0, edge.line.1]) {
                let on = self.near((at, at)).filter(|(_, other, _)| !other.ends.contains(&corner));
                for (_, _, theirs) in on.filter(|(_, other, _)| lies_on(at, other.line)) {
                    corners.with(corner).iter().for_each(|&unit| link(&mut links, unit, theirs));
                }
            }
        }
        links
    }

    /// Units with edges that lie on one another along a length.
    fn along_a_length(&self) -> Links {
        let mut links = Links::new();
        for leaf in &self.tree {
            let (edge, unit) = (self.lines[leaf.data as usize].line, self.edges.with(leaf.data)[0]);
            for (_, other, theirs) in
                self.near(edge).filter(|&(number, _, theirs)| number > leaf.data && theirs != unit)
            {
                let ours = [edge.0, edge.1].into_iter().filter(|&at| lies_on(at, other.line));
                let yours = [other.line.0, other.line.1].into_iter().filter(|&at| lies_on(at, edge));
                let contacts: Vec<Coord> = ours.chain(yours).collect();
                let is_apart = |at: &Coord| (at.x - contacts[0].x).hypot(at.y - contacts[0].y) > 2.0 * SNAP_M;
                if contacts.iter().any(is_apart) {
                    link(&mut links, unit, theirs);
                }
            }
        }
        links
    }
}

/// Whether a place lies on a line.
fn lies_on(at: Coord, (a, b): (Coord, Coord)) -> bool {
    let (along, to) = (b - a, at - a);
    let part = (to.x * along.x + to.y * along.y) / (along.x * along.x + along.y * along.y);
    let beside = to - along * part.clamp(0.0, 1.0);
    beside.x * beside.x + beside.y * beside.y <= SNAP_M * SNAP_M
}

#[cfg(test)]
mod tests {
    use super::super::shared::AT_ONCE;
    use super::super::weights::MOST_LINKS;
    use super::*;
    use geo::{LineString, MultiPolygon, Point, Polygon, Rect, polygon};

    fn rect(west: f64, south: f64, east: f64, north: f64) -> Geometry {
        Geometry::Polygon(Rect::new((west, south), (east, north)).to_polygon())
    }

    fn lists(shapes: &[Geometry], contiguity: Contiguity) -> Vec<Vec<u32>> {
        let shapes: Vec<&Geometry> = shapes.iter().collect();
        let near = of_polygons(&shapes, contiguity).expect("usable");
        (0..shapes.len()).map(|unit| near.of(unit).to_vec()).collect()
    }

    #[test]
    fn squares_of_a_lattice_touch_as_cells_of_a_grid_do() {
        let squares: Vec<Geometry> = (0..12)
            .map(|cell| (f64::from(cell % 4), f64::from(cell / 4)))
            .map(|(x, y)| rect(x * 50.0, y * 50.0, (x + 1.0) * 50.0, (y + 1.0) * 50.0))
            .collect();
        for contiguity in [Contiguity::Queen, Contiguity::Rook] {
            let grid = Neighbors::on_grid(4, 3, None, contiguity).expect("usable");
            let expected: Vec<Vec<u32>> = (0..12).map(|unit| grid.of(unit).to_vec()).collect();
            assert_eq!(lists(&squares, contiguity), expected);
        }
    }

    #[test]
    fn borders_that_one_side_cuts_finer_touch_along_their_parts() {
        // A long block below two short ones, whose common corner lies inside its edge; a fourth touches in that way by
        // a hair, a fifth is 1 m away.
        let shapes = [
            rect(0.0, 0.0, 100.0, 50.0),
            rect(0.0, 50.0, 40.0, 90.0),
            rect(40.0, 50.0, 100.0, 90.0),
            rect(100.000_001, 20.0, 150.0, 30.0),
            rect(-60.0, 0.0, -1.0, 50.0),
        ];
        let expected = [vec![1, 2, 3], vec![0, 2], vec![0, 1], vec![0], vec![]];
        assert_eq!(lists(&shapes, Contiguity::Rook), expected);
        assert_eq!(lists(&shapes, Contiguity::Queen), expected);
    }

    #[test]
    fn a_corner_on_an_edge_is_a_touch_for_a_queen_alone() {
        let spike = Geometry::Polygon(
            polygon![(x: 30., y: 50.), (x: 60., y: 90.), (x: 0., y: 90.), (x: 30., y: 50.)],
        );
        let shapes = [rect(0.0, 0.0, 100.0, 50.0), spike];
        assert_eq!(lists(&shapes, Contiguity::Queen), [vec![1], vec![0]]);
        assert_eq!(lists(&shapes, Contiguity::Rook), vec![Vec::<u32>::new(); 2]);
    }

    #[test]
    fn a_spike_between_two_that_close_it_in_touches_what_it_points_at() {
        // All edges of the spike are shared with the two beside it; only their edges below are loose.
        let at = |points: &[(f64, f64)]| {
            Geometry::Polygon(Polygon::new(LineString::from(points.to_vec()), vec![]))
        };
        let shapes = [
            rect(0.0, 0.0, 100.0, 50.0),
            at(&[(30., 50.), (60., 90.), (0., 90.), (30., 50.)]),
            at(&[(0., 50.), (30., 50.), (0., 90.), (0., 50.)]),
            at(&[(30., 50.), (100., 50.), (60., 90.), (30., 50.)]),
        ];
        assert_eq!(lists(&shapes, Contiguity::Queen)[1], [0, 2, 3]);
        assert_eq!(lists(&shapes, Contiguity::Rook)[1], [2, 3]);
    }

    #[test]
    fn a_hole_touches_what_fills_it() {
        let ring = LineString::from(vec![(20., 20.), (30., 20.), (30., 30.), (20., 30.), (20., 20.)]);
        let outer = LineString::from(vec![(0., 0.), (50., 0.), (50., 50.), (0., 50.), (0., 0.)]);
        let block = MultiPolygon(vec![Polygon::new(outer, vec![ring])]);
        let shapes = [Geometry::MultiPolygon(block), rect(20., 20., 30., 30.), rect(22., 22., 28., 28.)];
        assert_eq!(lists(&shapes, Contiguity::Rook), [vec![1], vec![0], vec![]]);
    }

    #[test]
    fn segments_and_their_node_are_neighbors_and_a_bridge_is_none() {
        let line = |points: &[(f64, f64)]| Geometry::LineString(LineString::from(points.to_vec()));
        let shapes = [
            line(&[(0., 0.), (50., 0.)]),
            line(&[(50., 0.), (100., 0.)]),
            line(&[(50., 0.), (50., 80.)]),
            Geometry::Point(Point::new(50., 0.)),
            line(&[(20., -10.), (20., 10.)]),
        ];
        let near = of_segments(&shapes.iter().collect::<Vec<_>>()).expect("usable");
        assert_eq!((near.of(0), near.of(3), near.islands()), (&[1, 2, 3][..], &[0, 1, 2][..], vec![4]));
    }

    #[test]
    fn too_many_that_meet_in_one_place_are_refused_before_they_are_compared() {
        let crowd = vec![Geometry::Point(Point::new(5.0, 5.0)); 40_000];
        let refused = of_segments(&crowd.iter().collect::<Vec<_>>());
        assert_eq!(refused, Err(NeighborsError::Shared { shared: 1_600_000_000, most: 8 * MOST_LINKS }));
        // Not so many that they could not be compared, but too many links.
        let crowd = &crowd[..20_000];
        let Err(NeighborsError::Links { links }) = of_segments(&crowd.iter().collect::<Vec<_>>()) else {
            panic!("a crowd was taken")
        };
        assert!((MOST_LINKS..2 * MOST_LINKS + 20_000 * AT_ONCE as u64).contains(&links));
    }

    #[test]
    fn a_shape_with_a_coordinate_that_is_no_number_is_refused() {
        let broken = rect(0.0, 0.0, f64::NAN, 1.0);
        let shapes = [&rect(0.0, 0.0, 1.0, 1.0), &broken];
        assert_eq!(of_polygons(&shapes, Contiguity::Queen), Err(NeighborsError::Coordinates { index: 1 }));
    }
}
