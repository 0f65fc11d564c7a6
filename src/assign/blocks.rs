//! Assigns incidents to blocks: by the street that the address names, else the nearest; or the polygon that contains them.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use geo::Geometry;
use rayon::prelude::*;

use super::found::{Found, Rule};
use crate::index::addresses::AddressIndex;
use crate::index::blocks::BlockIndex;
use crate::model::address::Address;
use crate::model::block::{Assignment, BlockId, BlockSet, Intersections, SEGMENTS};
use crate::model::dataset::{AssignmentReport, BOUNDARY, ByRule};
use crate::model::incident::{Incidents, Located};
use crate::space::coord::{Local, Metres};

/// The farthest that an incident may lie from its street.
///
/// The default of the R package hexseg; a house stands some 20 m from its street's middle, a large lot 60 m.
pub const REACH: Metres = Metres(75.0);

/// The farthest that an incident may lie from the street or intersection that its address names.
///
/// Twice [`REACH`]: the name says which street, so that only a false name must be kept out.
pub const NAMED_REACH: Metres = Metres(150.0);

/// How near an incident must lie to an intersection to have happened there.
///
/// Half the width of a large crossing; files put intersections exactly on the node.
pub const AT_NODE: Metres = Metres(15.0);

/// Assigns every located incident to one block or none, or shares it out.
///
/// With polygons: the one that contains it, of two with a shared edge the first of the file. With
/// segments the first of these that is found:
///
/// 1. the intersection that the address names, within [`NAMED_REACH`];
/// 2. if the address names any intersection, the nearest node within [`REACH`];
/// 3. the segment whose street and house numbers the address names, within [`NAMED_REACH`];
/// 4. the nearest node within [`AT_NODE`];
/// 5. the nearest segment of the street that the address names, within [`NAMED_REACH`];
/// 6. if an alley within [`REACH`] is nearer than any street, the segment that the alley belongs to;
/// 7. the nearest segment within [`REACH`].
///
/// `intersections` says what becomes of those at a node. Shares are whole except with
/// [`Intersections::Split`]. Time O(places log b): equal addresses at one place are looked up once.
///
/// Near a boundary is an incident within 10 m of a polygon's edge or, where the nearest segment has
/// it, one whose second nearest street is not 10 m further away: the others hang on no distance.
#[must_use]
pub fn assign(
    incidents: &Incidents,
    set: &BlockSet,
    index: &BlockIndex,
    addresses: &AddressIndex,
    intersections: Intersections,
) -> (Assignment, AssignmentReport) {
    let assigning = Assigning { set, index, addresses, intersections };
    assign_with(incidents, &assigning, Vec::new(), || legs(set))
}

/// What assigns one place: the set with its indexes, and what becomes of those at a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigning<'a> {
    pub(crate) set: &'a BlockSet,
    pub(crate) index: &'a BlockIndex,
    pub(crate) addresses: &'a AddressIndex,
    pub(crate) intersections: Intersections,
}

impl Assigning<'_> {
    fn polygons(&self) -> bool {
        self.set.name != SEGMENTS
    }

    /// The block of a place with what its report says of the address: nothing else enters.
    pub(crate) fn find(&self, place: Local, address: Option<&str>, at_intersection: bool) -> Found {
        if self.polygons() {
            let near = self.index.near_edge(place, BOUNDARY);
            return Found::new(self.index.containing(place), Rule::Polygon, near);
        }
        let found = on_street(address, at_intersection, place, self.index, self.addresses);
        at_node(found, place, self.index, self.intersections)
    }
}

/// The same with the [`legs`] of the set from elsewhere, which are asked for where incidents are split, and what is
/// known of incidents already: of each by position, or of none.
pub(crate) fn assign_with<L: Borrow<Legs>>(
    incidents: &Incidents,
    assigning: &Assigning<'_>,
    known: Vec<Option<Found>>,
    legs: impl FnOnce() -> L,
) -> (Assignment, AssignmentReport) {
    let (polygons, intersections) = (assigning.polygons(), assigning.intersections);
    let mut found = known;
    found.resize(incidents.len(), None);
    look_up(incidents, &mut found, assigning);
    let all = || found.iter().flatten();
    let report = AssignmentReport {
        rule: rule(polygons, intersections),
        in_blocks: all().filter(|found| found.block().is_some()).count(),
        unassigned: all().filter(|found| found.block().is_none()).count(),
        geocoded: geocoded(incidents),
        unlocated: unlocated(incidents),
        near_boundary: all().filter(|found| found.near).count(),
        by_rule: by_rule(&found),
    };
    let blocks = found.iter().map(|found| found.and_then(Found::block));
    let near = found.iter().map(|found| found.is_some_and(|found| found.near));
    let assignment = Assignment::whole(blocks).near(near);
    let assignment = match intersections {
        Intersections::Split => assignment.split(legs().borrow()),
        _ => assignment,
    };
    (assignment, report)
}

/// The most incidents that are looked up at a time, and so many that are worth it.
const PART: usize = 1 << 12;
const LEAST: usize = 1 << 8;

/// More addresses than these at one place are looked up each time: a search of them would take as long.
const REMEMBERED: usize = 32;

/// Looks up the blocks of incidents that have a place and are not known, one look-up an address at a place.
fn look_up(incidents: &Incidents, found: &mut [Option<Found>], assigning: &Assigning<'_>) {
    let part = (found.len() / 64).clamp(LEAST, PART);
    found.par_chunks_mut(part).enumerate().for_each(|(nth, found)| {
        // They are stored by place, so that the same one often comes again.
        let mut last = None;
        let mut known: Vec<((Option<&str>, bool), Found)> = Vec::new();
        for (at, found) in (nth * part..).zip(found).filter(|(_, found)| found.is_none()) {
            let Some(place) = incidents.local(at) else { continue };
            if last.replace(place) != Some(place) {
                known.clear();
            }
            // In a polygon no address is asked for.
            let key = match assigning.polygons() {
                true => (None, false),
                false => (incidents.address(at), incidents.at_intersection(at)),
            };
            if let Some((_, before)) = known.iter().find(|(other, _)| same(*other, key)) {
                *found = Some(*before);
                continue;
            }
            let new = assigning.find(place, key.0, key.1);
            if known.len() < REMEMBERED {
                known.push((key, new));
            }
            *found = Some(new);
        }
    });
}

/// Equal texts are mostly one text in memory, which is seen without reading it.
fn same(a: (Option<&str>, bool), b: (Option<&str>, bool)) -> bool {
    let texts = match (a.0, b.0) {
        (Some(a), Some(b)) => std::ptr::eq(a, b) || a == b,
        (a, b) => a.is_none() && b.is_none(),
    };
    texts && a.1 == b.1
}

fn on_street(
    address: Option<&str>,
    at_intersection: bool,
    place: Local,
    index: &BlockIndex,
    addresses: &AddressIndex,
) -> Found {
    let address = address.and_then(|text| addresses.parse(text));
    let found = |rule: Rule, block: BlockId| Found::new(Some(block), rule, false);
    let named = match &address {
        Some(Address::Crossing(a, b)) => {
            addresses.node(a, b, place, NAMED_REACH).map(|node| found(Rule::NamedNode, node))
        }
        Some(Address::House(number, street)) => {
            addresses.house(*number, street, place, NAMED_REACH).map(|block| found(Rule::Numbers, block))
        }
        Some(Address::Hundred(number, street)) => {
            addresses.hundred(*number, street, place, NAMED_REACH).map(|block| found(Rule::Numbers, block))
        }
        Some(Address::Street(_)) | None => None,
    };
    let node = || {
        let reach = if at_intersection { REACH } else { AT_NODE };
        let (node, far) = index.nearest_node(place)?;
        (far <= reach).then(|| found(Rule::NearNode, node))
    };
    let street = || {
        let (Address::House(_, street) | Address::Hundred(_, street) | Address::Street(street)) =
            address.as_ref()?
        else {
            return None;
        };
        addresses.street(street, place, NAMED_REACH).map(|block| found(Rule::Name, block))
    };
    named.or_else(node).or_else(street).unwrap_or_else(|| by_distance(place, index, addresses))
}

fn by_distance(place: Local, index: &BlockIndex, addresses: &AddressIndex) -> Found {
    let nearest = index.nearest_segment(place);
    let far = nearest.map_or(Metres(f64::INFINITY), |(_, far)| far);
    if let Some((parent, _)) = addresses.alley(place).filter(|(_, alley)| *alley <= REACH && *alley < far) {
        return Found::new(Some(parent), Rule::Alley, false);
    }
    match nearest.filter(|(_, far)| *far <= REACH) {
        Some((segment, far)) => {
            let near = index.rival_segment(place, segment, Metres(far.0 + BOUNDARY.0)).is_some();
            Found::new(Some(segment), Rule::Nearest, near)
        }
        None => Found::new(None, Rule::None, false),
    }
}

/// What becomes of an incident at a node.
fn at_node(found: Found, place: Local, index: &BlockIndex, intersections: Intersections) -> Found {
    if !matches!(found.rule, Rule::NamedNode | Rule::NearNode) {
        return found;
    }
    match intersections {
        Intersections::Node | Intersections::Split => found,
        Intersections::First => Found::new(index.nearest_segment(place).map(|f| f.0), found.rule, found.near),
        Intersections::Exclude => Found::new(None, Rule::Excluded, false),
    }
}

/// The segments that end at each node.
pub(crate) type Legs = BTreeMap<BlockId, Vec<BlockId>>;

/// The segments that end at each node, in the order of the set.
pub(crate) fn legs(set: &BlockSet) -> Legs {
    let bits = |at: geo::Coord| (at.x.to_bits(), at.y.to_bits());
    let numbered = || set.blocks.iter().zip(0..).map(|(block, at)| (&block.local, BlockId(at)));
    let nodes: BTreeMap<(u64, u64), BlockId> = numbered()
        .filter_map(|(shape, id)| match shape {
            Geometry::Point(point) => Some((bits(point.0), id)),
            _ => None,
        })
        .collect();
    let mut legs = Legs::new();
    for (shape, id) in numbered() {
        let Geometry::LineString(line) = shape else { continue };
        for end in [line.0.first(), line.0.last()].into_iter().flatten() {
            let Some(&node) = nodes.get(&bits(*end)) else { continue };
            let legs = legs.entry(node).or_default();
            // A loop comes back to its node, and is one leg.
            if legs.last() != Some(&id) {
                legs.push(id);
            }
        }
    }
    legs
}

fn by_rule(found: &[Option<Found>]) -> ByRule {
    let mut by = ByRule::default();
    for found in found.iter().flatten() {
        match found.rule {
            Rule::NamedNode => by.node_by_name += 1,
            Rule::NearNode => by.node_by_distance += 1,
            Rule::Numbers => by.name_and_number += 1,
            Rule::Name => by.name += 1,
            Rule::Alley => by.alley += 1,
            Rule::Nearest => by.nearest += 1,
            Rule::Excluded => by.excluded += 1,
            Rule::Polygon | Rule::None => {}
        }
    }
    by
}

fn rule(polygons: bool, intersections: Intersections) -> String {
    if polygons {
        return "the polygon that contains the incident".to_owned();
    }
    let (named, reach, at_node) = (NAMED_REACH.0, REACH.0, AT_NODE.0);
    let option = match intersections {
        Intersections::Node => "",
        Intersections::Split => "; those at intersections are split equally among the segments that meet",
        Intersections::First => "; those at intersections go to the nearest segment",
        Intersections::Exclude => "; those at intersections are left out",
    };
    format!(
        "the intersection or segment that the address names within {named} m, else an intersection within {at_node} m ({reach} m if the address names one), else the street that the address names within {named} m, else the street of the nearest alley or the nearest segment within {reach} m{option}"
    )
}

/// Incidents whose place was found from their address.
fn geocoded(incidents: &Incidents) -> usize {
    (0..incidents.len()).filter(|&at| incidents.located(at) == Located::Geocoded).count()
}

fn unlocated(incidents: &Incidents) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for word in (0..incidents.len()).filter_map(|at| incidents.located(at).reason()) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}
