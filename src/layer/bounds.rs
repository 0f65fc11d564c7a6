//! What bounds a block, in words: its street between its cross streets.

use std::collections::{BTreeSet, HashMap};

use geo::{Coord, Geometry};

use crate::model::block::{Block, BlockKind};
use crate::model::streets::in_words;

/// Intersections by their place, to find those at the ends of a segment.
pub(super) struct Junctions<'a>(HashMap<(u64, u64), &'a Block>);

impl<'a> Junctions<'a> {
    /// Of a block set. Time O(blocks).
    pub(super) fn of(blocks: &'a [Block]) -> Self {
        let at = |block: &'a Block| match &block.local {
            Geometry::Point(point) => Some((key(point.0), block)),
            _ => None,
        };
        Self(blocks.iter().filter_map(at).collect())
    }

    /// What bounds a block, as `Elm St between Chapel St and George St, house numbers 100 to 198`.
    pub(super) fn bounds(&self, block: &Block) -> String {
        match block.kind {
            BlockKind::Segment => self.segment(block),
            BlockKind::Node => match &names(block, None)[..] {
                [] => "A place where unnamed streets meet".to_owned(),
                [only] => format!("A junction of {only}"),
                [first @ .., last] => format!("Where {} and {last} meet", first.join(", ")),
            },
            BlockKind::Polygon if block.name.starts_with("between ") || block.name.starts_with("within ") => {
                format!("The area {}", block.name)
            }
            BlockKind::Polygon => {
                format!("The area `{}`; its file names no streets, the map shows its outline", block.name)
            }
            BlockKind::HundredBlock => format!("{}, by its addresses", block.name),
        }
    }

    fn segment(&self, block: &Block) -> String {
        let own = block.streets.first().map(|street| street.name.as_str()).unwrap_or_default();
        let street = if own.is_empty() { "An unnamed street".to_owned() } else { in_words(own) };
        let ends = match &block.local {
            Geometry::LineString(line) => [line.0.first(), line.0.last()],
            _ => [None, None],
        };
        let cross = |end: Option<&Coord>| {
            let node = self.0.get(&key(*end?))?;
            match &names(node, Some(&street))[..] {
                [] => Some("a junction".to_owned()),
                names => Some(names.join(" / ")),
            }
        };
        let words = match ends.map(cross) {
            [Some(a), Some(b)] if a == b => format!("{street}, from and to {a}"),
            [Some(a), Some(b)] => format!("{street} between {a} and {b}"),
            [Some(a), None] | [None, Some(a)] => format!("{street} from {a} to its end"),
            [None, None] => format!("{street}, which meets no other street on the map"),
        };
        match house_numbers(block) {
            Some((low, high)) if low == high => format!("{words}, house number {low}"),
            Some((low, high)) => format!("{words}, house numbers {low} to {high}"),
            None => words,
        }
    }
}

fn key(at: Coord) -> (u64, u64) {
    (at.x.to_bits(), at.y.to_bits())
}

/// The streets of a block in words, each once, without one of them.
fn names(block: &Block, but: Option<&str>) -> Vec<String> {
    let all = block.streets.iter().map(|street| in_words(&street.name));
    let named: BTreeSet<String> = all.filter(|name| !name.is_empty() && Some(name.as_str()) != but).collect();
    named.into_iter().collect()
}

/// The lowest and the highest house number of both sides.
fn house_numbers(block: &Block) -> Option<(u32, u32)> {
    let numbers = block.streets.first()?.numbers;
    let sides = || [numbers.left, numbers.right].into_iter().flatten().flat_map(|side| [side.from, side.to]);
    Some((sides().min()?, sides().max()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::house_numbers::{Numbers, Sides};
    use crate::model::streets::{Street, segments_and_nodes};
    use crate::space::coord::LonLat;
    use crate::space::crs::Crs;

    fn street(name: &str, points: &[(f64, f64)]) -> Street {
        let line =
            points.iter().map(|&(x, y)| LonLat::new(-90.2 + x / 1e3, 38.6 + y / 1e3).expect("on the globe"));
        Street { name: name.into(), line: line.collect(), ..Street::default() }
    }

    #[test]
    fn a_segment_is_bounded_by_its_cross_streets() {
        let numbers = Sides { left: Some(Numbers::new(100, 398)), right: Some(Numbers::new(101, 399)) };
        let elm = Street { numbers, ..street("ELM ST", &[(0., 0.), (1., 0.), (2., 0.), (3., 0.)]) };
        let streets = [
            elm,
            street("CHAPEL ST", &[(1., -1.), (1., 0.), (1., 1.)]),
            street("GEORGE ST", &[(2., -1.), (2., 0.)]),
            street("HIGH ST", &[(2., 0.), (2., 1.)]),
            street("", &[(9., 9.), (9., 8.)]),
        ];
        let set = segments_and_nodes(&streets, &Crs::new("EPSG:32615").expect("UTM")).expect("near");
        let junctions = Junctions::of(&set.blocks);
        let bounds: Vec<String> = set.blocks.iter().map(|block| junctions.bounds(block)).collect();
        for expected in [
            "Elm St from Chapel St to its end, house numbers 100 to 199",
            "Elm St between Chapel St and George St / High St, house numbers 200 to 299",
            "Where Chapel St and Elm St meet",
            "Where Elm St, George St and High St meet",
            "An unnamed street, which meets no other street on the map",
        ] {
            assert!(bounds.iter().any(|found| found == expected), "{expected}: {bounds:?}");
        }
    }

    #[test]
    fn a_loop_and_a_polygon_are_told_as_they_are() {
        let streets = [
            street("RING ST", &[(0., 0.), (1., 1.), (2., 0.), (0., 0.)]),
            street("MAIN ST", &[(-1., 0.), (0., 0.)]),
        ];
        let set = segments_and_nodes(&streets, &Crs::new("EPSG:32615").expect("UTM")).expect("near");
        let junctions = Junctions::of(&set.blocks);
        assert_eq!(junctions.bounds(&set.blocks[0]), "Ring St, from and to Main St");
        let area = |name: &str| Block {
            name: name.to_owned(),
            kind: BlockKind::Polygon,
            streets: Vec::new(),
            ..set.blocks[0].clone()
        };
        assert_eq!(
            junctions.bounds(&area("between Elm St and Oak St")),
            "The area between Elm St and Oak St"
        );
        assert!(junctions.bounds(&area("Block 7")).contains("names no streets"));
    }
}
