//! Street lines to blocks: cut at intersections, which are units of their own.

use std::collections::{BTreeSet, HashMap, HashSet};

use geo::{Coord, Euclidean, Length, LineString};

use super::block::{Alley, Block, BlockKind, BlockSet, OnStreet, SEGMENTS};
use super::house_numbers::Sides;
use crate::space::bbox::LonLatBox;
use crate::space::coord::{Local, LonLat, Metres};
use crate::space::crs::{Crs, CrsError};

/// What a line of a street file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreetUse {
    /// A street: its segments are blocks.
    #[default]
    Open,
    /// An alley: no block, the street that it belongs to takes its incidents.
    Alley,
    /// Limited access or a ramp: takes no incidents, but an address may name its crossings.
    Closed,
}

impl StreetUse {
    /// As it stands in files that hotblocks writes.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Alley => "alley",
            Self::Closed => "closed",
        }
    }
}

/// The box around the streets that become blocks; `None` without any.
#[must_use]
pub fn extent(streets: &[Street]) -> Option<LonLatBox> {
    let open = streets.iter().filter(|street| street.used_as == StreetUse::Open);
    LonLatBox::around(open.flat_map(|street| street.line.iter().copied()))
}

/// One line of a street file.
#[derive(Clone, Debug, Default)]
pub struct Street {
    /// Name, in the file's own writing.
    pub name: String,
    /// What it is for.
    pub used_as: StreetUse,
    /// Whether the name is a route's number (`State Hwy 63`) beside the one that people use.
    pub by_number: bool,
    /// House numbers along the line, where the file has them.
    pub numbers: Sides,
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
/// House numbers are shared out by length, and each piece is named by its own lowest hundred; pieces
/// of one hundred are told apart by their cross streets. Closed lines give nothing, alleys are kept
/// beside the blocks.
///
/// # Errors
///
/// [`CrsError::Outside`] for a street too far from the area of the local CRS.
pub fn segments_and_nodes(streets: &[Street], crs: &Crs) -> Result<BlockSet, CrsError> {
    let mut order: Vec<&Street> = streets.iter().filter(|s| s.used_as == StreetUse::Open).collect();
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
    network.tell_apart(&mut blocks);
    let meetings = network.vertices.iter().filter(|vertex| vertex.is_meeting());
    for (number, meeting) in (1..).zip(meetings) {
        blocks.push(node(meeting, number));
    }
    let alleys = streets.iter().filter(|s| s.used_as == StreetUse::Alley).map(|s| alley(s, crs));
    Ok(BlockSet { name: SEGMENTS, blocks, alleys: alleys.collect::<Result<_, _>>()? })
}

fn alley(street: &Street, crs: &Crs) -> Result<Alley, CrsError> {
    let line = street.line.iter().map(|&at| crs.to_local(at).map(Coord::from));
    Ok(Alley { name: street.name.clone(), local: LineString(line.collect::<Result<_, _>>()?) })
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

/// A vertex on a street, and how far along the street it lies, from 0 to 1.
type Step = (usize, f64);

/// Vertices that follow each other along one street.
struct Stretch(Vec<Step>);

impl Stretch {
    /// Its parts between cuts; neighbors share the vertex of the cut.
    fn chunk_by_cut(&self, is_cut: impl Fn(usize) -> bool) -> Vec<&[Step]> {
        let last = self.0.len() - 1;
        let inner = (1..last).filter(|&at| is_cut(self.0[at].0));
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
        let mut line: Vec<Step> = Vec::with_capacity(street.line.len());
        let (mut length, mut before) = (0.0, None);
        for &lonlat in &street.line {
            let local = crs.to_local(lonlat)?;
            length += before.map_or(0.0, |before: Local| before.distance(local).0);
            before = Some(local);
            line.push((self.vertex(local, lonlat), length));
        }
        line.dedup_by_key(|step| step.0);
        let along = |(vertex, far): Step| (vertex, if length > 0.0 { far / length } else { 0.0 });
        let mut stretch: Vec<Step> = Vec::new();
        for way in line.windows(2) {
            let (a, b) = (way[0].0, way[1].0);
            if self.taken.insert((a.min(b), a.max(b))) {
                if stretch.is_empty() {
                    stretch.push(along(way[0]));
                }
                stretch.push(along(way[1]));
                self.vertices[a].ways.insert(b);
                self.vertices[b].ways.insert(a);
                for end in [a, b] {
                    if !street.name.is_empty() {
                        self.vertices[end].names.insert(street.name.clone());
                    }
                }
            } else {
                self.finish(street, &mut stretch);
            }
        }
        self.finish(street, &mut stretch);
        Ok(())
    }

    fn finish(&mut self, street: &'a Street, stretch: &mut Vec<Step>) {
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

    fn segment(&self, street: &Street, piece: &[Step], number: usize) -> Block {
        let at = |step: &Step| &self.vertices[step.0];
        let local: LineString = piece.iter().map(|v| Coord::from(at(v).local)).collect();
        let lonlat: LineString =
            piece.iter().map(|v| Coord { x: at(v).lonlat.lon(), y: at(v).lonlat.lat() }).collect();
        let numbers = street.numbers.part(piece[0].1, piece[piece.len() - 1].1);
        let own = if street.name.is_empty() { "Unnamed street".to_owned() } else { in_words(&street.name) };
        let name = match numbers.lowest().map(|number| number / 100 * 100) {
            None => bounded(&own, &self.ends(&street.name, piece)),
            Some(0) => format!("Unit block of {own}"),
            Some(hundred) => format!("{hundred} block of {own}"),
        };
        Block {
            id: format!("segment-{number}"),
            name,
            kind: BlockKind::Segment,
            length: Some(Metres(Euclidean.length(&local))),
            area: None,
            residents: Default::default(),
            areas: Default::default(),
            lonlat: lonlat.into(),
            local: local.into(),
            streets: vec![OnStreet { name: street.name.clone(), numbers }],
        }
    }

    /// The first other street at either end of a piece.
    fn ends(&self, own: &str, piece: &[Step]) -> [Option<String>; 2] {
        let own = in_words(own);
        [piece[0], piece[piece.len() - 1]].map(|(vertex, _)| {
            self.vertices[vertex].names.iter().map(|name| in_words(name)).find(|name| *name != own)
        })
    }

    /// Adds the cross streets to the names of segments that have the same name.
    fn tell_apart(&self, segments: &mut [Block]) {
        let mut times: HashMap<String, usize> = HashMap::new();
        for block in &*segments {
            *times.entry(block.name.clone()).or_default() += 1;
        }
        let pieces = self.stretches.iter().flat_map(|(street, stretch)| {
            let cut = stretch.chunk_by_cut(|vertex| self.vertices[vertex].is_meeting());
            cut.into_iter().map(|piece| (&street.name, piece))
        });
        for (block, (name, piece)) in segments.iter_mut().zip(pieces) {
            if times[&block.name] > 1 && block.streets[0].numbers.lowest().is_some() {
                block.name = bounded(&block.name, &self.ends(name, piece));
            }
        }
    }
}

/// A name with the streets at both ends.
fn bounded(name: &str, ends: &[Option<String>; 2]) -> String {
    match ends {
        [Some(a), Some(b)] if a == b => format!("{name} at {a}"),
        [Some(a), Some(b)] => format!("{name}, {a} to {b}"),
        [Some(a), None] | [None, Some(a)] => format!("{name}, from {a}"),
        [None, None] => name.to_owned(),
    }
}

fn node(meeting: &Vertex, number: usize) -> Block {
    let names: BTreeSet<String> = meeting.names.iter().map(|name| in_words(name)).collect();
    let name = match names.len() {
        0 => "Intersection of unnamed streets".to_owned(),
        1 => format!("{}, a junction", names.into_iter().collect::<String>()),
        _ => names.into_iter().collect::<Vec<_>>().join(" / "),
    };
    let on = |name: &String| OnStreet { name: name.clone(), ..OnStreet::default() };
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
        streets: meeting.names.iter().map(on).collect(),
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
    use crate::model::house_numbers::Numbers;

    fn street(name: &str, points: &[(f64, f64)]) -> Street {
        let line =
            points.iter().map(|&(x, y)| LonLat::new(-90.2 + x / 1e3, 38.6 + y / 1e3).expect("on the globe"));
        Street { name: name.into(), line: line.collect(), ..Street::default() }
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

    fn numbered(name: &str, points: &[(f64, f64)], from: u32, to: u32) -> Street {
        let numbers =
            Sides { left: Some(Numbers::new(from, to)), right: Some(Numbers::new(from + 1, to + 1)) };
        Street { numbers, ..street(name, points) }
    }

    #[test]
    fn an_address_range_names_the_hundred_block() {
        let minerva = numbered("MINERVA AVE", &[(0., 0.), (1., 0.)], 5903, 5997);
        assert_eq!(cut(&[minerva]).blocks[0].name, "5900 block of Minerva Ave");
        let first = numbered("MINERVA AVE", &[(0., 0.), (1., 0.)], 12, 98);
        assert_eq!(cut(&[first]).blocks[0].name, "Unit block of Minerva Ave");
        assert_eq!(in_words("N 9TH ST"), "N 9th St");
    }

    #[test]
    fn a_cut_street_shares_its_numbers_out_and_each_piece_is_named_by_its_own_hundred() {
        let set = cut(&[
            numbered("MINERVA AVE", &[(0., 0.), (1., 0.), (2., 0.), (4., 0.)], 5800, 6198),
            street("OAK AVE", &[(1., -1.), (1., 0.), (1., 1.)]),
            street("ELM AVE", &[(2., -1.), (2., 0.), (2., 1.)]),
        ]);
        let names: Vec<&str> = set.blocks.iter().take(3).map(|b| b.name.as_str()).collect();
        let hundreds =
            ["5800 block of Minerva Ave", "5900 block of Minerva Ave", "6000 block of Minerva Ave"];
        assert_eq!(names, hundreds);
        assert_eq!(set.blocks[1].streets[0].numbers.left, Some(Numbers::new(5900, 5998)));
    }

    #[test]
    fn pieces_of_one_hundred_are_told_apart_by_their_cross_streets() {
        let set = cut(&[
            numbered("MINERVA AVE", &[(0., 0.), (1., 0.), (2., 0.)], 5900, 5998),
            street("OAK AVE", &[(1., -1.), (1., 0.)]),
            street("ELM AVE", &[(2., -1.), (2., 0.), (2., 1.)]),
        ]);
        assert_eq!(set.blocks[0].name, "5900 block of Minerva Ave, from Oak Ave");
        assert_eq!(set.blocks[1].name, "5900 block of Minerva Ave, Oak Ave to Elm Ave");
    }

    #[test]
    fn alleys_and_closed_lines_are_no_blocks_and_cut_none() {
        let cross = |used_as| Street { used_as, ..street("X", &[(0., -1.), (0., 0.), (0., 1.)]) };
        let main = street("MAIN ST", &[(-1., 0.), (0., 0.), (1., 0.)]);
        let set = cut(&[main, cross(StreetUse::Alley), cross(StreetUse::Closed)]);
        assert_eq!((set.blocks.len(), set.alleys.len()), (1, 1));
    }
}
