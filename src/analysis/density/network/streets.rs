//! Streets as a graph: lines that meet at their ends, and places along them.

use std::collections::HashMap;

use geo::LineString;
use rstar::primitives::{GeomWithData, Line};
use rstar::{PointDistance, RTree};

use crate::space::coord::{Local, Metres};

/// Lines between nodes; lines meet where they share an end.
#[derive(Clone, Debug, PartialEq)]
pub struct StreetNetwork {
    lines: Vec<LineString>,
    lengths: Vec<f64>,
    ends: Vec<[u32; 2]>,
    nodes: Vec<Local>,
    /// By node the lines that end there; a loop twice.
    leaving: Vec<Vec<u32>>,
}

/// A place on a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnStreet {
    /// Position of the line.
    pub line: usize,
    /// How far along it, from its first end.
    pub along: Metres,
}

/// Why there is no network, or a place is not on it.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreetsError {
    /// A line has no length, or a coordinate that is not a number.
    #[error("line {index} has no length or no finite coordinates")]
    Line {
        /// Position of the line, from 0.
        index: usize,
    },
    /// The tolerance is negative or not a number.
    #[error("a tolerance of {tolerance} cannot be used; give a length of at least 0 m")]
    Tolerance {
        /// What was given.
        tolerance: Metres,
    },
}

impl StreetNetwork {
    /// Lines whose ends no farther apart than the tolerance are one node; lines that cross elsewhere do not meet.
    ///
    /// An end joins the nearest node that is there already, in an order that depends on the coordinates alone. Time O(n log n).
    ///
    /// # Errors
    ///
    /// [`StreetsError`].
    pub fn new(lines: &[LineString], tolerance: Metres) -> Result<Self, StreetsError> {
        if !(tolerance.0 >= 0.0 && tolerance.0.is_finite()) {
            return Err(StreetsError::Tolerance { tolerance });
        }
        let lengths: Vec<f64> = lines.iter().map(length).collect();
        if let Some(index) = lengths.iter().position(|l| !(*l > 0.0 && l.is_finite())) {
            return Err(StreetsError::Line { index });
        }
        let end = |line: &LineString| [line.0[0].into(), line.0[line.0.len() - 1].into()];
        let mut places: Vec<Local> = lines.iter().flat_map(end).collect();
        places.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let mut nodes = Nodes { side: tolerance.0.max(1e-9), ..Nodes::default() };
        for &place in &places {
            nodes.find_or_add(place, tolerance.0);
        }
        let mut leaving = vec![Vec::new(); nodes.places.len()];
        let mut ends = Vec::with_capacity(lines.len());
        for (at, line) in (0..).zip(lines) {
            let pair = end(line).map(|place: Local| nodes.find_or_add(place, tolerance.0));
            pair.iter().for_each(|&node| leaving[node as usize].push(at));
            ends.push(pair);
        }
        Ok(Self { lines: lines.to_vec(), lengths, ends, nodes: nodes.places, leaving })
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Length of a line.
    #[must_use]
    pub fn length(&self, line: usize) -> Metres {
        Metres(self.lengths[line])
    }

    /// The nodes at the first and last place of a line.
    #[must_use]
    pub fn ends(&self, line: usize) -> [usize; 2] {
        self.ends[line].map(|node| node as usize)
    }

    /// The lines that end at a node; a loop is there twice.
    #[must_use]
    pub fn leaving(&self, node: usize) -> &[u32] {
        &self.leaving[node]
    }

    /// The nearest place on the network for each point, if one lies no farther than `within`; of equally near lines the first.
    #[must_use]
    pub fn locate(&self, points: &[Local], within: Metres) -> Vec<Option<OnStreet>> {
        let pieces = self.lines.iter().enumerate().flat_map(|(line, string)| {
            let mut along = 0.0;
            string.lines().map(move |piece| {
                let from = along;
                along += (piece.end.x - piece.start.x).hypot(piece.end.y - piece.start.y);
                let ends = [[piece.start.x, piece.start.y], [piece.end.x, piece.end.y]];
                GeomWithData::new(Line::new(ends[0], ends[1]), (line, from))
            })
        });
        let tree = RTree::bulk_load(pieces.collect());
        let nearest = |p: &Local| {
            if !(p.x.is_finite() && p.y.is_finite()) {
                return None;
            }
            let place = [p.x, p.y];
            let mut found = tree.nearest_neighbor_iter(&place);
            let first = found.next()?;
            let far = first.distance_2(&place);
            if far > within.0 * within.0 {
                return None;
            }
            let equal = found.take_while(|piece| piece.distance_2(&place) <= far * (1.0 + 1e-12));
            let piece = equal
                .chain([first])
                .min_by(|a, b| a.data.0.cmp(&b.data.0).then(a.data.1.total_cmp(&b.data.1)))?;
            let (line, from) = piece.data;
            let ([ax, ay], [bx, by]) = (piece.geom().from, piece.geom().to);
            let (dx, dy) = (bx - ax, by - ay);
            let size = dx * dx + dy * dy;
            let part =
                if size > 0.0 { (((p.x - ax) * dx + (p.y - ay) * dy) / size).clamp(0.0, 1.0) } else { 0.0 };
            Some(OnStreet { line, along: Metres((from + part * size.sqrt()).min(self.lengths[line])) })
        };
        points.iter().map(nearest).collect()
    }

    /// The part of a line between two lengths along it.
    #[must_use]
    pub fn part(&self, line: usize, from: Metres, to: Metres) -> LineString {
        let mut coords = vec![self.place(line, from)];
        let mut along = 0.0;
        for piece in self.lines[line].lines() {
            along += (piece.end.x - piece.start.x).hypot(piece.end.y - piece.start.y);
            if along > from.0 && along < to.0 {
                coords.push(piece.end);
            }
        }
        coords.push(self.place(line, to));
        coords.dedup();
        LineString(coords)
    }

    fn place(&self, line: usize, at: Metres) -> geo::Coord {
        let mut along = 0.0;
        for piece in self.lines[line].lines() {
            let length = (piece.end.x - piece.start.x).hypot(piece.end.y - piece.start.y);
            if along + length >= at.0 && length > 0.0 {
                return piece.start + (piece.end - piece.start) * ((at.0 - along) / length).clamp(0.0, 1.0);
            }
            along += length;
        }
        self.lines[line].0[self.lines[line].0.len() - 1]
    }
}

fn length(line: &LineString) -> f64 {
    line.lines().map(|piece| (piece.end.x - piece.start.x).hypot(piece.end.y - piece.start.y)).sum()
}

#[derive(Default)]
struct Nodes {
    side: f64,
    places: Vec<Local>,
    lattice: HashMap<(i64, i64), Vec<u32>>,
}

impl Nodes {
    fn find_or_add(&mut self, place: Local, tolerance: f64) -> u32 {
        let cell = ((place.x / self.side).floor() as i64, (place.y / self.side).floor() as i64);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cell.0 + dx, cell.1 + dy)));
        let near = around.filter_map(|cell| self.lattice.get(&cell)).flatten();
        let nearest = near
            .map(|&at| (self.places[at as usize].distance(place).0, at))
            .filter(|(far, _)| *far <= tolerance)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, at)) = nearest {
            return at;
        }
        let at = self.places.len() as u32;
        self.places.push(place);
        self.lattice.entry(cell).or_default().push(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use geo::line_string;

    use super::*;

    fn cross() -> StreetNetwork {
        let lines = [
            line_string![(x: 0.0, y: 0.0), (x: 30.0, y: 0.0), (x: 30.0, y: 40.0)],
            line_string![(x: 30.05, y: 40.0), (x: 100.0, y: 40.0)],
            line_string![(x: 50.0, y: 0.0), (x: 50.0, y: 90.0)],
        ];
        StreetNetwork::new(&lines, Metres(0.1)).expect("good lines")
    }

    #[test]
    fn lines_meet_at_ends_within_the_tolerance_and_do_not_where_they_cross() {
        let net = cross();
        assert_eq!((net.len(), net.n_nodes()), (3, 5));
        assert_eq!(net.ends(0)[1], net.ends(1)[0]);
        assert_eq!(net.leaving(net.ends(0)[1]), [0, 1]);
    }

    #[test]
    fn a_point_is_moved_to_the_nearest_place_if_that_is_near_enough() {
        let net = cross();
        let points = [(28.0, 20.0), (-5.0, 3.0), (70.0, 41.0), (70.0, 61.0), (f64::NAN, 0.0)];
        let found = net.locate(&points.map(|(x, y)| Local { x, y }), Metres(10.0));
        let near = |i: usize, line, along: f64| {
            let at = found[i].expect("near");
            assert!(at.line == line && (at.along.0 - along).abs() < 1e-9, "{at:?}");
        };
        near(0, 0, 50.0);
        near(1, 0, 0.0);
        near(2, 1, 39.95);
        assert_eq!(&found[3..], [None, None]);
    }

    #[test]
    fn a_part_of_a_line_keeps_its_bends() {
        let part = cross().part(0, Metres(20.0), Metres(50.0));
        assert_eq!(part, line_string![(x: 20.0, y: 0.0), (x: 30.0, y: 0.0), (x: 30.0, y: 20.0)]);
    }

    #[test]
    fn lines_without_length_are_refused() {
        let spot = line_string![(x: 1.0, y: 1.0), (x: 1.0, y: 1.0)];
        let nowhere = line_string![(x: 1.0, y: f64::NAN), (x: 1.0, y: 1.0)];
        for line in [spot, nowhere, LineString(Vec::new())] {
            assert_eq!(StreetNetwork::new(&[line], Metres(0.1)), Err(StreetsError::Line { index: 0 }));
        }
        assert!(matches!(StreetNetwork::new(&[], Metres(-1.0)), Err(StreetsError::Tolerance { .. })));
    }
}
