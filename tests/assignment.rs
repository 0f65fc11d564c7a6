//! Which block an incident belongs to: the rule of the node, the reach, ties, the places near a boundary.

use hotblocks::assign::blocks::{AT_NODE, REACH, assign};
use hotblocks::index::blocks::BlockIndex;
use hotblocks::model::block::{BlockKind, BlockSet};
use hotblocks::model::class::ClassId;
use hotblocks::model::incident::{Incident, Incidents, Located};
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::streets::{Street, segments_and_nodes};
use hotblocks::space::coord::{Local, LonLat};
use hotblocks::space::crs::Crs;

const CENTER: Local = Local { x: 740_000.0, y: 4_280_000.0 };

fn crs() -> Crs {
    Crs::new("EPSG:32615").expect("UTM")
}

/// A place so many metres from the crossing.
fn at(x: f64, y: f64) -> LonLat {
    crs().from_local(Local { x: CENTER.x + x, y: CENTER.y + y }).expect("in the zone")
}

/// Two streets of 400 m that cross in their middles.
fn town() -> BlockSet {
    let street = |name: &str, line: [(f64, f64); 3]| Street {
        name: name.into(),
        line: line.iter().map(|&(x, y)| at(x, y)).collect(),
        ..Street::default()
    };
    let streets = [
        street("Main St", [(-200., 0.), (0., 0.), (200., 0.)]),
        street("Oak Ave", [(0., -200.), (0., 0.), (0., 200.)]),
    ];
    segments_and_nodes(&streets, &crs()).expect("near")
}

/// The block of an incident at a place, and whether it lies near a boundary.
fn block_of(x: f64, y: f64, intersection: bool) -> (Option<String>, usize) {
    let set = town();
    let place = at(x, y);
    let row = Incident {
        source: 0,
        id: "1".into(),
        when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
        classes: vec![ClassId(0)],
        reports: 1,
        located: Located::Yes,
        mercator: place.into(),
        local: crs().to_local(place).expect("in the zone"),
        address: None,
        intersection,
    };
    let incidents = Incidents::store(vec![row]);
    let (assignment, report) = assign(&incidents, &set, &BlockIndex::build(&set.blocks));
    assert_eq!(report.in_blocks + report.unassigned, 1);
    let block = assignment.main(0).map(|id| &set.blocks[id.0 as usize]);
    (block.map(|b| format!("{} {}", b.kind.word(), b.name)), report.near_boundary)
}

#[track_caller]
fn check(x: f64, y: f64, intersection: bool, expected: Option<&str>) {
    assert_eq!(block_of(x, y, intersection).0.as_deref(), expected, "{x}, {y}");
}

#[test]
fn an_incident_belongs_to_the_nearest_street_within_reach() {
    check(100., 20., false, Some("segment Main St, from Oak Ave"));
    check(-20., -100., false, Some("segment Oak Ave, from Main St"));
    check(100., REACH.0 - 0.1, false, Some("segment Main St, from Oak Ave"));
    check(100., REACH.0 + 0.1, false, None);
}

#[test]
fn at_a_corner_it_belongs_to_the_intersection_and_farther_off_only_if_its_address_says_so() {
    let node = Some("node Main St / Oak Ave");
    check(AT_NODE.0 - 0.1, 0., false, node);
    check(AT_NODE.0 + 0.1, 0., false, Some("segment Main St, from Oak Ave"));
    check(40., 5., false, Some("segment Main St, from Oak Ave"));
    check(40., 5., true, node);
    check(REACH.0 + 5., 5., true, Some("segment Main St, from Oak Ave"));
}

#[test]
fn where_another_street_is_nearly_as_near_the_incident_is_near_a_boundary() {
    assert_eq!(block_of(100., 20., false).1, 0);
    assert_eq!(block_of(20., 25., false).1, 1, "5 m decide");
    assert_eq!(block_of(5., 0., false).1, 0, "an intersection is a unit of its own");
}

#[test]
fn a_crossing_makes_four_segments_and_one_node_with_their_lengths() {
    let set = town();
    let lengths: Vec<f64> = set.blocks.iter().filter_map(|b| b.length).map(|l| l.0).collect();
    assert_eq!((set.blocks.len(), lengths.len()), (5, 4));
    assert!(lengths.iter().all(|l| (l - 200.0).abs() < 1e-3), "{lengths:?}");
    assert_eq!(set.blocks.iter().filter(|b| b.kind == BlockKind::Node).count(), 1);
}
