//! Noding: lines cut wherever they meet or cross, so that they have nothing in common but their ends.

use std::collections::{HashMap, HashSet};

use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Coord, Line};
use rstar::primitives::{GeomWithData, Line as TreeLine};
use rstar::{AABB, RTree};

use crate::space::coord::{Local, Metres};

/// A piece between two nodes, and the line that it is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Node at one end.
    pub from: usize,
    /// Node at the other.
    pub to: usize,
    /// Position of its line; of several that lie on each other the first.
    pub line: usize,
}

/// Nodes and the edges between them; no edge is there twice.
#[derive(Clone, Debug, Default)]
pub struct Noded {
    /// Where the nodes are.
    pub nodes: Vec<Local>,
    /// The edges, in the order of their lines.
    pub edges: Vec<Edge>,
}

/// A crossing moves lines by up to the tolerance, which can make another one; it seldom does so twice.
const ROUNDS: usize = 8;

/// Cuts lines at all their meetings and crossings.
///
/// | | what | unit |
/// |---|---|---|
/// | `lines` | places along each line; a line of fewer than two is passed over | m |
/// | `tolerance` | places no farther apart are one, and a place no farther from a line lies on it | m |
/// | returns | nodes and edges | m |
///
/// Bridges are cut too: on the map a polygon ends where its outline is crossed. Lines that lie on
/// each other are there once. Time O(n log n) for n pieces with few crossings each.
#[must_use]
pub fn node(lines: &[Vec<Local>], tolerance: Metres) -> Noded {
    let mut work = Work { tolerance: tolerance.0.max(1e-9), ..Work::default() };
    let mut pieces = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let ends: Vec<usize> = line.iter().map(|&place| work.node(place)).collect();
        pieces.extend(ends.windows(2).map(|w| Edge { from: w[0], to: w[1], line: at }));
    }
    let mut edges = once(pieces);
    for _ in 0..ROUNDS {
        let cuts = work.cuts(&edges);
        if cuts.is_empty() {
            break;
        }
        edges = once(work.cut(&edges, cuts));
    }
    Noded { nodes: work.nodes, edges }
}

/// Each edge once, whatever its direction, without those from a node to itself.
fn once(edges: Vec<Edge>) -> Vec<Edge> {
    let mut seen = HashSet::with_capacity(edges.len());
    let new =
        |edge: &Edge| edge.from != edge.to && seen.insert((edge.from.min(edge.to), edge.from.max(edge.to)));
    edges.into_iter().filter(new).collect()
}

#[derive(Default)]
struct Work {
    tolerance: f64,
    nodes: Vec<Local>,
    lattice: HashMap<(i64, i64), Vec<usize>>,
}

impl Work {
    /// The node at a place: the nearest known one within the tolerance, else a new one.
    fn node(&mut self, place: Local) -> usize {
        let cell = ((place.x / self.tolerance).floor() as i64, (place.y / self.tolerance).floor() as i64);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cell.0 + dx, cell.1 + dy)));
        let near = around.filter_map(|cell| self.lattice.get(&cell)).flatten();
        let nearest = near
            .map(|&at| (self.nodes[at].distance(place).0, at))
            .filter(|(far, _)| *far <= self.tolerance)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, at)) = nearest {
            return at;
        }
        self.nodes.push(place);
        self.lattice.entry(cell).or_default().push(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn line(&self, edge: &Edge) -> Line {
        Line::new(Coord::from(self.nodes[edge.from]), Coord::from(self.nodes[edge.to]))
    }

    /// By edge the nodes at which it is to be cut: those that lie on it, and those of its crossings.
    fn cuts(&mut self, edges: &[Edge]) -> HashMap<usize, Vec<usize>> {
        let mut cuts: HashMap<usize, Vec<usize>> = HashMap::new();
        let tree = RTree::bulk_load(
            edges
                .iter()
                .enumerate()
                .map(|(at, edge)| {
                    let l = self.line(edge);
                    GeomWithData::new(TreeLine::new([l.start.x, l.start.y], [l.end.x, l.end.y]), at)
                })
                .collect(),
        );
        for node in 0..self.nodes.len() {
            let (at, t) = (self.nodes[node], self.tolerance);
            let around = AABB::from_corners([at.x - t, at.y - t], [at.x + t, at.y + t]);
            for found in tree.locate_in_envelope_intersecting(&around) {
                let edge = &edges[found.data];
                if edge.from != node && edge.to != node && off(self.line(edge), at) <= t {
                    cuts.entry(found.data).or_default().push(node);
                }
            }
        }
        let mut crossings = Vec::new();
        for (a, edge) in edges.iter().enumerate() {
            let line = self.line(edge);
            let box_of = rstar::RTreeObject::envelope(&TreeLine::new(
                [line.start.x, line.start.y],
                [line.end.x, line.end.y],
            ));
            for found in tree.locate_in_envelope_intersecting(&box_of).filter(|found| found.data > a) {
                let other = &edges[found.data];
                let meet = [edge.from, edge.to].iter().any(|end| *end == other.from || *end == other.to);
                if meet {
                    continue;
                }
                if let Some(LineIntersection::SinglePoint { intersection, .. }) =
                    line_intersection(line, self.line(other))
                {
                    crossings.push((a, found.data, Local::from(intersection)));
                }
            }
        }
        // In the order of the lines, so that nodes have the same numbers in every run.
        crossings.sort_by_key(|&(a, b, _)| (a, b));
        for (a, b, place) in crossings {
            let node = self.node(place);
            for at in [a, b] {
                if edges[at].from != node && edges[at].to != node {
                    cuts.entry(at).or_default().push(node);
                }
            }
        }
        cuts
    }

    fn cut(&self, edges: &[Edge], mut cuts: HashMap<usize, Vec<usize>>) -> Vec<Edge> {
        let mut pieces = Vec::with_capacity(edges.len() + cuts.len());
        for (at, edge) in edges.iter().enumerate() {
            let Some(mut nodes) = cuts.remove(&at) else {
                pieces.push(*edge);
                continue;
            };
            let begin = self.nodes[edge.from];
            nodes.sort_by(|&a, &b| {
                let far = |node: usize| self.nodes[node].distance(begin).0;
                far(a).total_cmp(&far(b)).then(a.cmp(&b))
            });
            nodes.dedup();
            nodes.insert(0, edge.from);
            nodes.push(edge.to);
            pieces.extend(nodes.windows(2).map(|w| Edge { from: w[0], to: w[1], line: edge.line }));
        }
        pieces
    }
}

/// How far a place lies from a line.
fn off(line: Line, at: Local) -> f64 {
    use geo::{Distance, Euclidean};
    Euclidean.distance(&line, &geo::Point::new(at.x, at.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[(f64, f64)]) -> Vec<Local> {
        places.iter().map(|&(x, y)| Local { x, y }).collect()
    }

    #[test]
    fn lines_that_cross_are_cut_where_they_cross() {
        let noded = node(&[line(&[(-10., 0.), (10., 0.)]), line(&[(0., -10.), (0., 10.)])], Metres(0.1));
        assert_eq!((noded.nodes.len(), noded.edges.len()), (5, 4));
        assert!(noded.nodes.contains(&Local { x: 0.0, y: 0.0 }));
    }

    #[test]
    fn an_end_that_misses_its_street_by_a_hand_meets_it() {
        for short in [0.0, 0.05, -0.05] {
            let noded = node(&[line(&[(-10., 0.), (10., 0.)]), line(&[(0., short), (0., 10.)])], Metres(0.1));
            assert_eq!(noded.edges.len(), 3, "{short}");
        }
        let apart = node(&[line(&[(-10., 0.), (10., 0.)]), line(&[(0., 0.5), (0., 10.)])], Metres(0.1));
        assert_eq!(apart.edges.len(), 2);
    }

    #[test]
    fn lines_that_lie_on_each_other_are_there_once() {
        let noded = node(&[line(&[(0., 0.), (10., 0.)]), line(&[(15., 0.), (5., 0.)])], Metres(0.1));
        assert_eq!(noded.edges.len(), 3);
        assert_eq!(noded.edges.iter().filter(|e| e.line == 0).count(), 2);
    }
}
