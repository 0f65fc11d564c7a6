//! Polygons between the streets: the faces of a street network, named by the streets around them.

use std::collections::{HashMap, HashSet};

use geo::{
    Area, BoundingRect, Contains, Coord, InteriorPoint, Intersects, LineString, MultiPolygon, Polygon,
};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::noding::{Edge, Noded, node};
use crate::space::coord::{Local, Metres, SquareKm};

/// Places no farther apart than this are one, as for intersections.
pub const SAME_PLACE: Metres = Metres(0.1);

/// Smaller faces are gaps between drawn lines and traffic islands, not blocks: 100 m², a third of a house lot.
pub const SLIVER: SquareKm = SquareKm(100e-6);

/// A polygon between streets.
#[derive(Clone, Debug)]
pub struct Face {
    /// Its shape; counter-clockwise, holes clockwise.
    pub shape: Polygon,
    /// Length of its outer ring along each line, the longest first, and where that lies from its
    /// middle: an angle in degrees, clockwise from north.
    pub sides: Vec<(Side, Metres, f64)>,
}

/// What a polygon borders on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The line at this position.
    Line(usize),
    /// The outline of the place.
    Outline,
}

/// All faces, and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Faces {
    /// The polygons.
    pub faces: Vec<Face>,
    /// Faces smaller than [`SLIVER`], which are not among them.
    pub slivers: usize,
    /// Their area together.
    pub sliver_area: SquareKm,
    /// Pieces of lines with the same face on both sides: dead ends and what hangs on by one street.
    pub dangling: usize,
}

/// The planar faces of lines: what is enclosed by them without a line inside.
///
/// | | what | unit |
/// |---|---|---|
/// | `lines` | places along each street | m |
/// | `outline` | adds its rings as lines; faces outside of it are left out | m |
/// | `tolerance` | see [`node`]; [`SAME_PLACE`] for streets | m |
///
/// Lines are noded at every crossing, bridges too. Dead ends bound nothing and are dropped, as is a
/// bridge that is the only way to an island. An island of streets inside a face is a hole of it.
/// Faces do not overlap; with an outline they cover it but for slivers. The answer is that of
/// `shapely.polygonize(unary_union(lines))`; see `fixtures/polygonize`.
#[must_use]
pub fn polygonize(lines: &[Vec<Local>], outline: Option<&MultiPolygon>, tolerance: Metres) -> Faces {
    let mut all = lines.to_vec();
    for polygon in outline.into_iter().flatten() {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            all.push(ring.coords().map(|&at| Local::from(at)).collect());
        }
    }
    let noded = node(&all, tolerance);
    let graph = Graph::bounding(&noded);
    let mut answer = Faces { dangling: noded.edges.len() - graph.edges.len(), ..Faces::default() };
    let (shells, holes): (Vec<Ring>, Vec<Ring>) =
        graph.loops().into_iter().partition(|ring| ring.signed_area > 0.0);
    for (shell, holes) in owned(shells, holes, &noded.nodes) {
        let exterior = shell.line(&noded.nodes);
        let shape = Polygon::new(exterior, holes.iter().map(|hole| hole.line(&noded.nodes)).collect());
        let inside =
            |outline: &MultiPolygon| shape.interior_point().is_some_and(|point| outline.intersects(&point));
        if !outline.is_none_or(inside) {
            continue;
        }
        let area = SquareKm::from_square_metres(shape.unsigned_area());
        if area < SLIVER {
            answer.slivers += 1;
            answer.sliver_area.0 += area.0;
        } else {
            let sides = sides(&shell, &noded, &graph.edges, lines.len());
            answer.faces.push(Face { shape, sides });
        }
    }
    answer
}

/// A polygon's name by its up to four longest streets, clockwise from the north: `between Maple Ave, …`.
///
/// `name` gives the name of a line, empty where it has none.
#[must_use]
pub fn between(face: &Face, name: impl Fn(usize) -> String) -> String {
    let mut named: Vec<(String, f64, f64)> = Vec::new();
    for &(side, length, angle) in &face.sides {
        let word = match side {
            Side::Line(at) => name(at),
            Side::Outline => "the outline".to_owned(),
        };
        match named.iter_mut().find(|(known, ..)| *known == word) {
            _ if word.is_empty() => {}
            Some(known) => known.1 += length.0,
            None => named.push((word, length.0, angle)),
        }
    }
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    named.truncate(4);
    // The north side begins in the north-west.
    let from_northwest = |angle: f64| (angle + 45.0).rem_euclid(360.0);
    named.sort_by(|a, b| from_northwest(a.2).total_cmp(&from_northwest(b.2)));
    let words: Vec<String> = named.into_iter().map(|(word, ..)| word).collect();
    match &words[..] {
        [] => "between unnamed streets".to_owned(),
        [only] => format!("within {only}"),
        [first @ .., last] => format!("between {} and {last}", first.join(", ")),
    }
}

/// Half-edges around nodes: edge `e` is half-edge `2e` from `from` to `to` and `2e + 1` back.
struct Graph {
    edges: Vec<Edge>,
    next: Vec<usize>,
    places: Vec<Local>,
}

impl Graph {
    /// The edges with different faces on their sides.
    fn bounding(noded: &Noded) -> Self {
        let mut edges = noded.edges.clone();
        loop {
            edges = without_dead_ends(edges);
            let graph = Self::over(edges, &noded.nodes);
            let face = graph.walks();
            let bounds = |at: &usize| face[2 * at] != face[2 * at + 1];
            let kept: Vec<Edge> = (0..graph.edges.len()).filter(bounds).map(|at| graph.edges[at]).collect();
            if kept.len() == graph.edges.len() {
                return graph;
            }
            edges = kept;
        }
    }

    fn over(edges: Vec<Edge>, nodes: &[Local]) -> Self {
        let mut leaving: HashMap<usize, Vec<(f64, usize)>> = HashMap::new();
        for (at, edge) in edges.iter().enumerate() {
            for (from, to, half) in [(edge.from, edge.to, 2 * at), (edge.to, edge.from, 2 * at + 1)] {
                let (a, b) = (nodes[from], nodes[to]);
                leaving.entry(from).or_default().push(((b.y - a.y).atan2(b.x - a.x), half));
            }
        }
        // The face on the left goes on with the way that is next clockwise from the way back.
        let mut next = vec![0; 2 * edges.len()];
        for ways in leaving.values_mut() {
            ways.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (at, &(_, half)) in ways.iter().enumerate() {
                next[half ^ 1] = ways[(at + ways.len() - 1) % ways.len()].1;
            }
        }
        Self { edges, next, places: nodes.to_vec() }
    }

    fn origin(&self, half: usize) -> usize {
        let edge = &self.edges[half / 2];
        if half.is_multiple_of(2) { edge.from } else { edge.to }
    }

    /// The number of the walk that each half-edge is on.
    fn walks(&self) -> Vec<usize> {
        let mut walk = vec![usize::MAX; self.next.len()];
        for start in 0..self.next.len() {
            let mut half = start;
            while walk[half] == usize::MAX {
                walk[half] = start;
                half = self.next[half];
            }
        }
        walk
    }

    /// The walks around faces, split where they come to a node again.
    fn loops(&self) -> Vec<Ring> {
        let mut rings = Vec::new();
        let mut seen = vec![false; self.next.len()];
        for start in 0..self.next.len() {
            let (mut path, mut on_path): (Vec<usize>, HashMap<usize, usize>) = Default::default();
            let mut half = start;
            while !seen[half] {
                seen[half] = true;
                on_path.insert(self.origin(half), path.len());
                path.push(half);
                half = self.next[half];
                if let Some(&from) = on_path.get(&self.origin(half)) {
                    let ring = path.split_off(from);
                    for &part in &ring {
                        on_path.remove(&self.origin(part));
                    }
                    rings.push(Ring::new(ring, self));
                }
            }
        }
        rings
    }
}

/// Drops edges that end at a node where nothing goes on, and then those that ended at them.
fn without_dead_ends(mut edges: Vec<Edge>) -> Vec<Edge> {
    loop {
        let mut ways: HashMap<usize, usize> = HashMap::new();
        for end in edges.iter().flat_map(|edge| [edge.from, edge.to]) {
            *ways.entry(end).or_default() += 1;
        }
        let before = edges.len();
        edges.retain(|edge| ways[&edge.from] > 1 && ways[&edge.to] > 1);
        if edges.len() == before {
            return edges;
        }
    }
}

/// A closed walk that comes to no node twice.
struct Ring {
    halves: Vec<usize>,
    nodes: Vec<usize>,
    signed_area: f64,
}

impl Ring {
    fn new(halves: Vec<usize>, graph: &Graph) -> Self {
        let nodes: Vec<usize> = halves.iter().map(|&half| graph.origin(half)).collect();
        let places = |at: usize| graph.places[nodes[at % nodes.len()]];
        let first = places(0);
        let twice: f64 = (0..nodes.len())
            .map(|at| {
                let (a, b) = (places(at), places(at + 1));
                (a.x - first.x) * (b.y - first.y) - (b.x - first.x) * (a.y - first.y)
            })
            .sum();
        Self { halves, nodes, signed_area: twice / 2.0 }
    }

    fn line(&self, nodes: &[Local]) -> LineString {
        let closed = self.nodes.iter().chain(self.nodes.first());
        closed.map(|&at| Coord::from(nodes[at])).collect()
    }
}

/// Gives every hole to the smallest shell around it; what lies in none is the outside.
fn owned(shells: Vec<Ring>, holes: Vec<Ring>, nodes: &[Local]) -> Vec<(Ring, Vec<Ring>)> {
    let shapes: Vec<Polygon> = shells.iter().map(|ring| Polygon::new(ring.line(nodes), Vec::new())).collect();
    let tree = RTree::bulk_load(
        shapes
            .iter()
            .enumerate()
            .filter_map(|(at, shape)| {
                let r = shape.bounding_rect()?;
                let corners = Rectangle::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]);
                Some(GeomWithData::new(corners, at))
            })
            .collect(),
    );
    let mut owned: Vec<(Ring, Vec<Ring>)> = shells.into_iter().map(|shell| (shell, Vec::new())).collect();
    for hole in holes {
        let place = nodes[hole.nodes[0]];
        let mut around: Vec<usize> = tree
            .locate_in_envelope_intersecting(&AABB::from_point([place.x, place.y]))
            .map(|entry| entry.data)
            .collect();
        around.sort_by(|&a, &b| owned[a].0.signed_area.total_cmp(&owned[b].0.signed_area).then(a.cmp(&b)));
        let owner = around.into_iter().find(|&at| {
            let own: HashSet<usize> = owned[at].0.nodes.iter().copied().collect();
            let inner = hole.nodes.iter().find(|node| !own.contains(node));
            inner.is_some_and(|&node| shapes[at].contains(&geo::Point::from(Coord::from(nodes[node]))))
        });
        if let Some(at) = owner {
            owned[at].1.push(hole);
        }
    }
    owned
}

/// The lines along an outer ring, the longest first, each with its length and direction from the middle.
fn sides(shell: &Ring, noded: &Noded, edges: &[Edge], n_lines: usize) -> Vec<(Side, Metres, f64)> {
    let n = shell.nodes.len() as f64;
    let sum = shell
        .nodes
        .iter()
        .fold((0.0, 0.0), |sum, &at| (sum.0 + noded.nodes[at].x, sum.1 + noded.nodes[at].y));
    let middle = Local { x: sum.0 / n, y: sum.1 / n };
    let mut along: HashMap<Side, (f64, f64, f64)> = HashMap::new();
    for &half in &shell.halves {
        let edge = &edges[half / 2];
        let (a, b) = (noded.nodes[edge.from], noded.nodes[edge.to]);
        let length = a.distance(b).0;
        let side = if edge.line < n_lines { Side::Line(edge.line) } else { Side::Outline };
        let so_far = along.entry(side).or_default();
        so_far.0 += length;
        so_far.1 += length * (f64::midpoint(a.x, b.x) - middle.x);
        so_far.2 += length * (f64::midpoint(a.y, b.y) - middle.y);
    }
    let mut sides: Vec<(Side, Metres, f64)> = along
        .into_iter()
        .map(|(side, (length, x, y))| (side, Metres(length), x.atan2(y).to_degrees().rem_euclid(360.0)))
        .collect();
    sides.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.0.cmp(&b.0)));
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[(f64, f64)]) -> Vec<Local> {
        places.iter().map(|&(x, y)| Local { x, y }).collect()
    }

    /// Two streets by two, 100 m apart.
    fn ladder() -> Vec<Vec<Local>> {
        vec![
            line(&[(-10., 100.), (210., 100.)]),
            line(&[(0., -10.), (0., 110.)]),
            line(&[(100., -10.), (100., 110.)]),
            line(&[(200., -10.), (200., 110.)]),
            line(&[(-10., 0.), (210., 0.)]),
        ]
    }

    fn areas(faces: &Faces) -> Vec<f64> {
        faces.faces.iter().map(|face| face.shape.unsigned_area()).collect()
    }

    #[test]
    fn crossing_streets_enclose_blocks_and_dead_ends_do_not() {
        let faces = polygonize(&ladder(), None, SAME_PLACE);
        assert_eq!(areas(&faces), [10_000.0, 10_000.0]);
        assert_eq!(faces.dangling, 10);
    }

    #[test]
    fn a_block_is_named_by_its_streets_clockwise_from_the_north() {
        let faces = polygonize(&ladder(), None, SAME_PLACE);
        let names = ["Maple Ave", "Goodfellow Blvd", "Hodiamont Ave", "", "Minerva Ave"];
        let words: Vec<String> = faces.faces.iter().map(|f| between(f, |at| names[at].to_owned())).collect();
        assert!(
            words.contains(&"between Maple Ave, Hodiamont Ave, Minerva Ave and Goodfellow Blvd".to_owned()),
            "{words:?}"
        );
        assert!(words.contains(&"between Maple Ave, Minerva Ave and Hodiamont Ave".to_owned()), "{words:?}");
        assert_eq!(between(&faces.faces[0], |_| String::new()), "between unnamed streets");
    }

    #[test]
    fn an_island_of_streets_is_a_hole_of_the_block_around_it_and_a_block_of_its_own() {
        let mut lines = ladder();
        lines.push(line(&[(20., 20.), (60., 20.), (60., 60.), (20., 60.), (20., 20.)]));
        // The only way to it bounds nothing.
        lines.push(line(&[(0., 50.), (20., 50.)]));
        let mut found = areas(&polygonize(&lines, None, SAME_PLACE));
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [1_600.0, 8_400.0, 10_000.0]);
    }

    #[test]
    fn blocks_that_touch_in_a_corner_stay_two() {
        let lines = [
            line(&[(0., 0.), (50., 0.), (50., 50.), (0., 50.), (0., 0.)]),
            line(&[(50., 50.), (90., 50.), (90., 90.), (50., 90.), (50., 50.)]),
            line(&[(-10., -10.), (200., -10.), (200., 200.), (-10., 200.), (-10., -10.)]),
        ];
        let mut found = areas(&polygonize(&lines, None, SAME_PLACE));
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [1_600.0, 2_500.0, 44_100.0 - 4_100.0]);
    }

    #[test]
    fn an_outline_closes_what_the_streets_leave_open_and_leaves_out_what_lies_outside() {
        let ring: LineString = [(-5., -5.), (150., -5.), (150., 105.), (-5., 105.)].into_iter().collect();
        let outline = MultiPolygon(vec![Polygon::new(ring, Vec::new())]);
        let faces = polygonize(&ladder(), Some(&outline), SAME_PLACE);
        let total: f64 = areas(&faces).iter().sum::<f64>() + faces.sliver_area.0 * 1e6;
        assert!((total - 155.0 * 110.0).abs() < 1e-6, "{total}");
        assert!(faces.slivers >= 2, "the corners of 5 m by 5 m");
    }
}
