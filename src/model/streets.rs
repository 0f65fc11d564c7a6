//! Street lines to blocks: cut at intersections, which are units of their own.

use std::collections::{BTreeSet, HashMap, HashSet};

use geo::{Coord, Euclidean, Length, LineString};

use super::block::{Block, BlockKind, BlockSet};
use crate::space::coord::{Local, LonLat, Metres};
use crate::space::crs::{Crs, CrsError};

/// One line of a street file.
#[derive(Clone, Debug)]
pub struct Street {
    /// Name, in the file's own writing.
    pub name: String,
    /// Whether the name is a route's number (`State Hwy 63`) beside the one that people use.
    pub by_number: bool,
    /// Lowest house number above 0, where the file has address ranges.
    pub first_number: Option<u32>,
    /// The line in degrees.
    pub line: Vec<LonLat>,
}

/// Vertices no farther apart than this are one place: 10 cm forgives what formats round.
const SAME_PLACE: Metres = Metres(0.1);

/// Cuts streets where they meet; each piece is a segment, each meeting a node.
///
/// Streets meet where three or more ways leave a vertex that they share; lines that cross without
/// one pass over each other. Some files give a road once for each of its names: a stretch that lies
/// on another to the vertex counts once, under the name that people use, else the first of the file.
///
/// # Errors
///
/// [`CrsError::Outside`] for a street too far from the area of the local CRS.
pub fn segments_and_nodes(streets: &[Street], crs: &Crs) -> Result<BlockSet, CrsError> {
    let mut order: Vec<&Street> = streets.iter().collect();
    order.sort_by_key(|street| street.by_number);
    let mut network = Network::default();
    for street in order {
        network.add(street, crs)?;
    }
    let mut blocks = Vec::new();
    for (street, stretch) in &network.stretches {
        for piece in stretch.chunk_by_cut(|vertex| network.vertices[vertex].is_meeting()) {
            blocks.push(network.segment(street, piece, blocks.len() + 1));
        }
    }
    let meetings = network.vertices.iter().filter(|vertex| vertex.is_meeting());
    for (number, meeting) in (1..).zip(meetings) {
        blocks.push(node(meeting, number));
    }
    Ok(BlockSet { name: "segments", blocks })
}

/// A vertex of the network: the ways that leave it and the streets that they belong to.
struct Vertex {
    ways: BTreeSet<usize>,
    names: BTreeSet<String>,
    local: Local,
    lonlat: LonLat,
}

impl Vertex {
    fn is_meeting(&self) -> bool {
        self.ways.len() >= 3
    }
}

/// Vertices that follow each other along one street.
struct Stretch(Vec<usize>);

impl Stretch {
    /// Its parts between cuts; neighbors share the vertex of the cut.
    fn chunk_by_cut(&self, is_cut: impl Fn(usize) -> bool) -> Vec<&[usize]> {
        let last = self.0.len() - 1;
        let inner = (1..last).filter(|&at| is_cut(self.0[at]));
        let cuts: Vec<usize> = std::iter::once(0).chain(inner).chain([last]).collect();
        cuts.windows(2).map(|ends| &self.0[ends[0]..=ends[1]]).collect()
    }
}

/// All streets as a graph in which every way between two vertices is there once.
#[derive(Default)]
struct Network<'a> {
    vertices: Vec<Vertex>,
    lattice: HashMap<(i64, i64), Vec<usize>>,
    taken: HashSet<(usize, usize)>,
    stretches: Vec<(&'a Street, Stretch)>,
}

impl<'a> Network<'a> {
    /// Adds the stretches of a street that no street before it has.
    fn add(&mut self, street: &'a Street, crs: &Crs) -> Result<(), CrsError> {
        let mut line = Vec::with_capacity(street.line.len());
        for &lonlat in &street.line {
            line.push(self.vertex(crs.to_local(lonlat)?, lonlat));
        }
        line.dedup();
        let mut stretch: Vec<usize> = Vec::new();
        for way in line.windows(2) {
            let (a, b) = (way[0], way[1]);
            if self.taken.insert((a.min(b), a.max(b))) {
                if stretch.is_empty() {
                    stretch.push(a);
                }
                stretch.push(b);
                self.vertices[a].ways.insert(b);
                self.vertices[b].ways.insert(a);
                for end in [a, b] {
                    if !street.name.is_empty() {
                        self.vertices[end].names.insert(in_words(&street.name));
                    }
                }
            } else {
                self.finish(street, &mut stretch);
            }
        }
        self.finish(street, &mut stretch);
        Ok(())
    }

    fn finish(&mut self, street: &'a Street, stretch: &mut Vec<usize>) {
        if stretch.len() > 1 {
            self.stretches.push((street, Stretch(std::mem::take(stretch))));
        }
        stretch.clear();
    }

    /// The vertex at a place: a known one within [`SAME_PLACE`], else a new one.
    fn vertex(&mut self, local: Local, lonlat: LonLat) -> usize {
        let cell = ((local.x / SAME_PLACE.0).floor() as i64, (local.y / SAME_PLACE.0).floor() as i64);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cell.0 + dx, cell.1 + dy)));
        let near = around.filter_map(|cell| self.lattice.get(&cell)).flatten();
        let nearest = near
            .map(|&at| (self.vertices[at].local.distance(local).0, at))
            .filter(|(far, _)| *far <= SAME_PLACE.0)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.map_or_else(
            || {
                self.vertices.push(Vertex { ways: BTreeSet::new(), names: BTreeSet::new(), local, lonlat });
                let at = self.vertices.len() - 1;
                self.lattice.entry(cell).or_default().push(at);
                at
            },
            |(_, at)| at,
        )
    }

    fn segment(&self, street: &Street, piece: &[usize], number: usize) -> Block {
        let at = |vertex: &usize| &self.vertices[*vertex];
        let local: LineString = piece.iter().map(|v| Coord::from(at(v).local)).collect();
        let lonlat: LineString =
            piece.iter().map(|v| Coord { x: at(v).lonlat.lon(), y: at(v).lonlat.lat() }).collect();
        let own = in_words(&street.name);
        let cross = |vertex: usize| self.vertices[vertex].names.iter().find(|name| **name != own).cloned();
        Block {
            id: format!("segment-{number}"),
            name: segment_name(street, &[cross(piece[0]), cross(piece[piece.len() - 1])]),
            kind: BlockKind::Segment,
            length: Some(Metres(Euclidean.length(&local))),
            area: None,
            residents: Default::default(),
            areas: Default::default(),
            lonlat: lonlat.into(),
            local: local.into(),
        }
    }
}

fn segment_name(street: &Street, ends: &[Option<String>; 2]) -> String {
    let own = if street.name.is_empty() { "Unnamed street".to_owned() } else { in_words(&street.name) };
    if let Some(number) = street.first_number {
        return match number / 100 * 100 {
            0 => format!("Unit block of {own}"),
            hundred => format!("{hundred} block of {own}"),
        };
    }
    match ends {
        [Some(a), Some(b)] if a == b => format!("{own} at {a}"),
        [Some(a), Some(b)] => format!("{own}, {a} to {b}"),
        [Some(a), None] | [None, Some(a)] => format!("{own}, from {a}"),
        [None, None] => own,
    }
}

fn node(meeting: &Vertex, number: usize) -> Block {
    let names: Vec<&str> = meeting.names.iter().map(String::as_str).collect();
    let name = match names[..] {
        [] => "Intersection of unnamed streets".to_owned(),
        [only] => format!("{only}, a junction"),
        _ => names.join(" / "),
    };
    Block {
        id: format!("node-{number}"),
        name,
        kind: BlockKind::Node,
        lonlat: geo::Point::new(meeting.lonlat.lon(), meeting.lonlat.lat()).into(),
        local: geo::Point::from(Coord::from(meeting.local)).into(),
        length: None,
        area: None,
        residents: Default::default(),
        areas: Default::default(),
    }
}

/// `MINERVA AVE` as `Minerva Ave`; what is not all capitals stays as it is.
#[must_use]
pub fn in_words(name: &str) -> String {
    let tidy = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if tidy.chars().any(char::is_lowercase) {
        return tidy;
    }
    let word = |word: &str| {
        let numbered = word.starts_with(|c: char| c.is_ascii_digit());
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if numbered => format!("{first}{}", letters.as_str().to_lowercase()),
            Some(first) => format!("{}{}", first.to_uppercase(), letters.as_str().to_lowercase()),
            None => String::new(),
        }
    };
    tidy.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn street(name: &str, points: &[(f64, f64)]) -> Street {
        let line =
            points.iter().map(|&(x, y)| LonLat::new(-90.2 + x / 1e3, 38.6 + y / 1e3).expect("on the globe"));
        Street { name: name.into(), by_number: false, first_number: None, line: line.collect() }
    }

    fn cut(streets: &[Street]) -> BlockSet {
        segments_and_nodes(streets, &Crs::new("EPSG:32615").expect("UTM")).expect("near")
    }

    #[test]
    fn two_crossing_streets_are_four_segments_and_one_node() {
        let set = cut(&[
            street("MAIN ST", &[(-1., 0.), (0., 0.), (1., 0.)]),
            street("OAK AVE", &[(0., -1.), (0., 0.), (0., 1.)]),
        ]);
        let kinds: Vec<_> = set.blocks.iter().map(|b| b.kind.word()).collect();
        assert_eq!(kinds, ["segment", "segment", "segment", "segment", "node"]);
        assert_eq!(set.blocks[4].name, "Main St / Oak Ave");
        assert_eq!(set.blocks[0].name, "Main St, from Oak Ave");
    }

    #[test]
    fn a_bridge_without_a_shared_vertex_is_no_intersection() {
        let set = cut(&[street("A", &[(-1., 0.), (1., 0.)]), street("B", &[(0., -1.), (0., 1.)])]);
        assert_eq!(set.blocks.len(), 2);
    }

    #[test]
    fn the_pieces_of_a_street_are_together_as_long_as_it() {
        let whole = cut(&[street("A", &[(-1., 0.), (0., 0.), (1., 0.5)])]);
        let parts =
            cut(&[street("A", &[(-1., 0.), (0., 0.), (1., 0.5)]), street("B", &[(0., 0.), (0., 1.)])]);
        let length = |set: &BlockSet| -> f64 {
            set.blocks.iter().filter(|b| b.name.starts_with('A')).filter_map(|b| b.length).map(|m| m.0).sum()
        };
        assert!((length(&whole) - length(&parts)).abs() < 1e-9);
        assert_eq!(parts.blocks.len(), 4);
    }

    #[test]
    fn a_road_that_stands_twice_under_two_names_counts_once_under_the_one_that_people_use() {
        let bends = [(-1., 0.), (-0.5, 0.1), (0., 0.), (0.5, 0.1), (1., 0.)];
        let oak = street("Oak Ave", &[(0., -1.), (0., 0.), (0., 1.)]);
        let mut route = street("State Hwy 63", &bends);
        route.by_number = true;
        let single = cut(&[street("Main St", &bends), oak.clone()]);
        let doubled = cut(&[route.clone(), street("Main St", &bends), oak]);
        let names = |set: &BlockSet| set.blocks.iter().map(|b| b.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&doubled), names(&single));
        assert_eq!(doubled.blocks.iter().filter(|b| b.kind == BlockKind::Node).count(), 1);
        // Where only a part is doubled, the rest of the longer line stays.
        let longer = cut(&[street("Main St", &bends[..3]), route]);
        assert_eq!(names(&longer), ["Main St, from State Hwy 63", "State Hwy 63, from Main St"]);
    }

    #[test]
    fn vertices_within_ten_centimetres_meet_wherever_they_lie() {
        for step in 0..40 {
            // One centimetre of noise, at every place of a lattice.
            let (x, noise) = (f64::from(step) * 3e-5, 1e-4);
            let set = cut(&[
                street("A", &[(-1., 0.), (x, 0.), (1., 0.)]),
                street("B", &[(x + noise, 0.), (x, 1.)]),
            ]);
            let nodes = set.blocks.iter().filter(|b| b.kind == BlockKind::Node).count();
            assert_eq!(nodes, 1, "step {step}");
        }
    }

    #[test]
    fn vertices_that_a_format_rounded_still_meet() {
        let set = cut(&[
            street("A", &[(-1., 0.), (0.000_000_1, 0.), (1., 0.)]),
            street("B", &[(0., 0.), (0., 1.)]),
        ]);
        assert_eq!(set.blocks.iter().filter(|b| b.kind == BlockKind::Node).count(), 1);
    }

    #[test]
    fn an_address_range_names_the_hundred_block() {
        let mut minerva = street("MINERVA AVE", &[(0., 0.), (1., 0.)]);
        minerva.first_number = Some(5903);
        assert_eq!(cut(&[minerva]).blocks[0].name, "5900 block of Minerva Ave");
        let mut first = street("MINERVA AVE", &[(0., 0.), (1., 0.)]);
        first.first_number = Some(12);
        assert_eq!(cut(&[first]).blocks[0].name, "Unit block of Minerva Ave");
        assert_eq!(in_words("N 9TH ST"), "N 9th St");
    }
}
