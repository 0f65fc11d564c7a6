//! Street lines to blocks: cut at intersections, which are units of their own.

use std::collections::{BTreeSet, HashMap};

use geo::{Coord, Euclidean, Length, LineString};

use super::block::{Block, BlockKind, BlockSet};
use crate::space::coord::{Local, LonLat, Metres};
use crate::space::crs::{Crs, CrsError};

/// One line of a street file.
#[derive(Clone, Debug)]
pub struct Street {
    /// Name, in the file's own writing.
    pub name: String,
    /// Lowest house number above 0, where the file has address ranges.
    pub first_number: Option<u32>,
    /// The line in degrees.
    pub line: Vec<LonLat>,
}

/// Vertices closer than this are one place: 10 cm forgives what formats round.
const SAME_PLACE_M: f64 = 0.1;

type Vertex = (i64, i64);

fn vertex(at: Local) -> Vertex {
    ((at.x / SAME_PLACE_M).round() as i64, (at.y / SAME_PLACE_M).round() as i64)
}

/// Cuts streets where three or more of their legs meet; each piece is a segment, each meeting a node.
///
/// Lines meet where they share a vertex; lines that cross without one pass over each other.
/// A piece without length is dropped.
///
/// # Errors
///
/// [`CrsError::Outside`] for a street too far from the area of the local CRS.
pub fn segments_and_nodes(streets: &[Street], crs: &Crs) -> Result<BlockSet, CrsError> {
    let mut lines = Vec::with_capacity(streets.len());
    for street in streets {
        let local = street.line.iter().map(|&at| crs.to_local(at)).collect::<Result<Vec<_>, _>>()?;
        lines.push(without_repeats(&local, &street.line));
    }
    let meetings = meetings(streets, &lines);
    let mut blocks = Vec::new();
    for (street, line) in streets.iter().zip(&lines) {
        for piece in pieces(line, &meetings) {
            blocks.push(segment(street, piece, &meetings, blocks.len() + 1));
        }
    }
    let mut nodes: Vec<_> = meetings.into_values().filter(|m| m.legs >= 3).collect();
    nodes.sort_by_key(|m| m.order);
    for (n, meeting) in nodes.into_iter().enumerate() {
        blocks.push(node(&meeting, n + 1));
    }
    Ok(BlockSet { name: "segments", blocks })
}

type Line = Vec<(Local, LonLat)>;

fn without_repeats(local: &[Local], lonlat: &[LonLat]) -> Line {
    let mut line: Line = local.iter().copied().zip(lonlat.iter().copied()).collect();
    line.dedup_by_key(|(at, _)| vertex(*at));
    line
}

/// A vertex of the network: its legs and the streets that they belong to.
struct Meeting {
    order: usize,
    legs: u32,
    names: BTreeSet<String>,
    local: Local,
    lonlat: LonLat,
}

fn meetings(streets: &[Street], lines: &[Line]) -> HashMap<Vertex, Meeting> {
    let mut found: HashMap<Vertex, Meeting> = HashMap::new();
    for (street, line) in streets.iter().zip(lines).filter(|(_, line)| line.len() > 1) {
        for (at, &(local, lonlat)) in line.iter().enumerate() {
            let order = found.len();
            let meeting = found.entry(vertex(local)).or_insert_with(|| Meeting {
                order,
                legs: 0,
                names: BTreeSet::new(),
                local,
                lonlat,
            });
            meeting.legs += if at == 0 || at == line.len() - 1 { 1 } else { 2 };
            if !street.name.is_empty() {
                meeting.names.insert(in_words(&street.name));
            }
        }
    }
    found
}

fn pieces<'a>(line: &'a Line, meetings: &HashMap<Vertex, Meeting>) -> Vec<&'a [(Local, LonLat)]> {
    let mut cuts = vec![0];
    for (at, (local, _)) in line.iter().enumerate().skip(1) {
        let crossing = meetings.get(&vertex(*local)).is_some_and(|m| m.legs >= 3);
        if crossing || at == line.len() - 1 {
            cuts.push(at);
        }
    }
    cuts.windows(2).map(|ends| &line[ends[0]..=ends[1]]).collect()
}

fn segment(
    street: &Street,
    piece: &[(Local, LonLat)],
    meetings: &HashMap<Vertex, Meeting>,
    number: usize,
) -> Block {
    let local: LineString = piece.iter().map(|&(at, _)| Coord::from(at)).collect();
    let lonlat: LineString = piece.iter().map(|&(_, at)| Coord { x: at.lon(), y: at.lat() }).collect();
    let ends = [&piece[0], &piece[piece.len() - 1]].map(|(at, _)| cross_streets(street, *at, meetings));
    Block {
        id: format!("segment-{number}"),
        name: segment_name(street, &ends),
        kind: BlockKind::Segment,
        length: Some(Metres(Euclidean.length(&local))),
        area: None,
        lonlat: lonlat.into(),
        local: local.into(),
    }
}

/// The other streets at the end of a segment.
fn cross_streets(street: &Street, end: Local, meetings: &HashMap<Vertex, Meeting>) -> Option<String> {
    let own = in_words(&street.name);
    let meeting = meetings.get(&vertex(end))?;
    meeting.names.iter().find(|name| **name != own).cloned()
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

fn node(meeting: &Meeting, number: usize) -> Block {
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
        Street { name: name.into(), first_number: None, line: line.collect() }
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
