//! Assigns incidents to blocks: the nearest segment or node, or the polygon that contains them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::index::blocks::BlockIndex;
use crate::model::block::{Assignment, BlockId, BlockSet};
use crate::model::dataset::{AssignmentReport, BOUNDARY};
use crate::model::incident::Incidents;
use crate::space::coord::{Local, Metres};

/// The farthest that an incident may lie from its street.
///
/// The default of the R package hexseg; a house stands some 20 m from its street's middle, a large lot 60 m.
pub const REACH: Metres = Metres(75.0);

/// How near an incident must lie to an intersection to have happened there.
///
/// Half the width of a large crossing; files put intersections exactly on the node.
pub const AT_NODE: Metres = Metres(15.0);

/// Assigns every located incident to one block or none.
///
/// With segments: the nearest node if the address names an intersection and a node lies within
/// [`REACH`], or if it lies within [`AT_NODE`]; else the nearest segment within [`REACH`]. With
/// polygons: the one that contains it, of two with a shared edge the first of the file.
/// Shares are whole, so counts stay whole numbers. Time O(n log b).
///
/// Near a boundary is an incident within 10 m of a polygon's edge or, with segments, one whose
/// second nearest street is not 10 m further away than its own.
#[must_use]
pub fn assign(incidents: &Incidents, set: &BlockSet, index: &BlockIndex) -> (Assignment, AssignmentReport) {
    let polygons = set.name == "polygons";
    let found: Vec<Option<(Option<BlockId>, bool)>> = (0..incidents.len())
        .into_par_iter()
        .map(|at| {
            let place = incidents.local(at)?;
            Some(if polygons {
                in_polygon(place, index)
            } else {
                on_street(place, incidents.at_intersection(at), index)
            })
        })
        .collect();
    let report = AssignmentReport {
        rule: rule(polygons),
        in_blocks: found.iter().flatten().filter(|(block, _)| block.is_some()).count(),
        unassigned: found.iter().flatten().filter(|(block, _)| block.is_none()).count(),
        unlocated: unlocated(incidents),
        near_boundary: found.iter().flatten().filter(|(_, near)| *near).count(),
    };
    (Assignment::whole(found.into_iter().map(|f| f.and_then(|(block, _)| block))), report)
}

fn in_polygon(place: Local, index: &BlockIndex) -> (Option<BlockId>, bool) {
    (index.containing(place), index.near_edge(place, BOUNDARY))
}

fn on_street(place: Local, names_intersection: bool, index: &BlockIndex) -> (Option<BlockId>, bool) {
    let node_reach = if names_intersection { REACH } else { AT_NODE };
    if let Some((node, _)) = index.nearest_node(place).filter(|(_, far)| *far <= node_reach) {
        return (Some(node), false);
    }
    let Some((segment, far)) = index.nearest_segment(place).filter(|(_, far)| *far <= REACH) else {
        return (None, false);
    };
    let rival = index.rival_segment(place, segment, Metres(far.0 + BOUNDARY.0));
    (Some(segment), rival.is_some())
}

fn rule(polygons: bool) -> String {
    if polygons {
        "the polygon that contains the incident".to_owned()
    } else {
        format!(
            "the intersection if the address names one within {} m or it lies within {} m, else the nearest street segment within {} m",
            REACH.0, AT_NODE.0, REACH.0
        )
    }
}

fn unlocated(incidents: &Incidents) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for word in (0..incidents.len()).filter_map(|at| incidents.located(at).reason()) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}
