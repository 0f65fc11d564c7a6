//! Assigns incidents to blocks: by the street that the address names, else the nearest; or the polygon that contains them.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use geo::Geometry;
use rayon::prelude::*;

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
    assign_with(incidents, set, index, addresses, intersections, || legs(set))
}

/// The same with the [`legs`] of the set from elsewhere, which are asked for where incidents are split.
pub(crate) fn assign_with<L: Borrow<Legs>>(
    incidents: &Incidents,
    set: &BlockSet,
    index: &BlockIndex,
    addresses: &AddressIndex,
    intersections: Intersections,
    legs: impl FnOnce() -> L,
) -> (Assignment, AssignmentReport) {
    let polygons = set.name != SEGMENTS;
    let found = if polygons {
        in_polygons(incidents, index)
    } else {
        let one = |at: usize, place: Local| {
            at_intersection(on_street(incidents, at, place, index, addresses), place, index, intersections)
        };
        runs(incidents)
            .into_par_iter()
            .flat_map_iter(|(begin, end)| run(incidents, begin, end, &one))
            .collect()
    };
    let report = AssignmentReport {
        rule: rule(polygons, intersections),
        in_blocks: found.iter().flatten().filter(|found| found.block.is_some()).count(),
        unassigned: found.iter().flatten().filter(|found| found.block.is_none()).count(),
        geocoded: geocoded(incidents),
        unlocated: unlocated(incidents),
        near_boundary: found.iter().flatten().filter(|found| found.near).count(),
        by_rule: by_rule(&found),
    };
    let blocks = found.iter().map(|found| found.and_then(|found| found.block));
    let near = found.iter().map(|found| found.is_some_and(|found| found.near));
    let assignment = Assignment::whole(blocks).near(near);
    let assignment = match intersections {
        Intersections::Split => assignment.split(legs().borrow()),
        _ => assignment,
    };
    (assignment, report)
}

/// Incidents looked up at a time.
const PART: usize = 1 << 12;

/// The polygon of every incident with a place.
fn in_polygons(incidents: &Incidents, index: &BlockIndex) -> Vec<Option<Found>> {
    let mut found = vec![None; incidents.len()];
    found.par_chunks_mut(PART).enumerate().for_each(|(part, found)| {
        // They are stored by place, so that the same one often comes again, and the next one is not far.
        let mut last: Option<(Local, Found)> = None;
        for (at, found) in (part * PART..).zip(found) {
            let Some(place) = incidents.local(at) else { continue };
            let known = last.filter(|(other, _)| *other == place);
            let look_up = || {
                let (block, near) = (index.containing(place), index.near_edge(place, BOUNDARY));
                (place, Found { block, rule: Rule::Polygon, near })
            };
            *found = Some(last.insert(known.unwrap_or_else(look_up)).1);
        }
    });
    found
}

#[derive(Clone, Copy)]
struct Found {
    block: Option<BlockId>,
    rule: Rule,
    near: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Polygon,
    NamedNode,
    NearNode,
    Numbers,
    Name,
    Alley,
    Nearest,
    Excluded,
    None,
}

/// Begin and end of incidents that follow each other at one place; they are stored by place.
fn runs(incidents: &Incidents) -> Vec<(usize, usize)> {
    let place = |at: usize| incidents.local(at).map(|at| (at.x.to_bits(), at.y.to_bits()));
    let starts: Vec<usize> =
        (0..incidents.len()).filter(|&at| at == 0 || place(at) != place(at - 1)).collect();
    let ends = starts.iter().skip(1).copied().chain([incidents.len()]);
    starts.iter().copied().zip(ends).collect()
}

/// More addresses than these at one place are looked up each time: a search of them would take as long.
const REMEMBERED: usize = 32;

/// The blocks of incidents at one place, one look-up an address.
fn run<'a>(
    incidents: &'a Incidents,
    begin: usize,
    end: usize,
    one: &'a impl Fn(usize, Local) -> Found,
) -> impl Iterator<Item = Option<Found>> + 'a {
    let mut known: Vec<((Option<&str>, bool), Found)> = Vec::new();
    (begin..end).map(move |at| {
        let place = incidents.local(at)?;
        let key = (incidents.address(at), incidents.at_intersection(at));
        if let Some((_, found)) = known.iter().find(|(other, _)| same(*other, key)) {
            return Some(*found);
        }
        let found = one(at, place);
        if known.len() < REMEMBERED {
            known.push((key, found));
        }
        Some(found)
    })
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
    incidents: &Incidents,
    at: usize,
    place: Local,
    index: &BlockIndex,
    addresses: &AddressIndex,
) -> Found {
    let address = incidents.address(at).and_then(|text| addresses.parse(text));
    let found = |rule: Rule, block: BlockId| Found { block: Some(block), rule, near: false };
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
        let reach = if incidents.at_intersection(at) { REACH } else { AT_NODE };
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
        return Found { block: Some(parent), rule: Rule::Alley, near: false };
    }
    match nearest.filter(|(_, far)| *far <= REACH) {
        Some((segment, far)) => {
            let near = index.rival_segment(place, segment, Metres(far.0 + BOUNDARY.0)).is_some();
            Found { block: Some(segment), rule: Rule::Nearest, near }
        }
        None => Found { block: None, rule: Rule::None, near: false },
    }
}

/// What becomes of an incident at a node.
fn at_intersection(found: Found, place: Local, index: &BlockIndex, intersections: Intersections) -> Found {
    if !matches!(found.rule, Rule::NamedNode | Rule::NearNode) {
        return found;
    }
    match intersections {
        Intersections::Node | Intersections::Split => found,
        Intersections::First => Found { block: index.nearest_segment(place).map(|f| f.0), ..found },
        Intersections::Exclude => Found { block: None, rule: Rule::Excluded, near: false },
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
