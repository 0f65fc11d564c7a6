//! Which block an incident belongs to: its address before its distance, nodes, alleys, reach, ties, boundaries.

use hotblocks::aggregate::counts::count;
use hotblocks::assign::blocks::{AT_NODE, NAMED_REACH, REACH, assign};
use hotblocks::index::addresses::AddressIndex;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::ingest::shipped;
use hotblocks::model::block::{Assignment, BlockKind, BlockSet, Intersections, Share};
use hotblocks::model::class::ClassId;
use hotblocks::model::dataset::{AssignmentReport, ByRule};
use hotblocks::model::house_numbers::{Numbers, Sides};
use hotblocks::model::incident::{Incident, Incidents, Located};
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::report::{Origin, Status};
use hotblocks::model::street_words::Words;
use hotblocks::model::streets::{Street, StreetUse, segments_and_nodes};
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

fn street(name: &str, line: &[(f64, f64)]) -> Street {
    let line = line.iter().map(|&(x, y)| at(x, y)).collect();
    Street { name: name.into(), line, ..Street::default() }
}

/// Two streets of 400 m that cross in their middles.
fn town() -> Vec<Street> {
    vec![
        street("Main St", &[(-200., 0.), (0., 0.), (200., 0.)]),
        street("Oak Ave", &[(0., -200.), (0., 0.), (0., 200.)]),
    ]
}

/// Main St from 100 to 498 with its crossing at 300, Oak Ave without numbers, and parallel to Main St
/// 90 m north Elm St with an alley half way between that is a little nearer to Main St.
fn numbered_town() -> Vec<Street> {
    let numbers = Sides { left: Some(Numbers::new(100, 498)), right: Some(Numbers::new(101, 499)) };
    let mut streets = town();
    streets[0].numbers = numbers;
    streets.push(street("Elm St", &[(10., 90.), (200., 90.)]));
    streets.push(Street { used_as: StreetUse::Alley, ..street("", &[(20., 44.), (180., 44.)]) });
    streets.push(Street {
        used_as: StreetUse::Closed,
        ..street("Interstate 70", &[(-200., -60.), (-20., -60.)])
    });
    streets
}

fn row(x: f64, y: f64, address: Option<&str>) -> Incident {
    let place = at(x, y);
    Incident {
        source: 0,
        id: "1".into(),
        when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
        classes: vec![ClassId(0)],
        reports: 1,
        located: Located::Yes,
        mercator: place.into(),
        local: crs().to_local(place).expect("in the zone"),
        address: address.map(Into::into),
        intersection: address.is_some_and(|text| text.contains('/')),
        origin: Origin::Unknown,
        status: Status::Confirmed,
    }
}

fn assigned(
    streets: &[Street],
    rows: Vec<Incident>,
    intersections: Intersections,
) -> (BlockSet, Assignment, AssignmentReport) {
    let set = segments_and_nodes(streets, &crs()).expect("near");
    let index = BlockIndex::build(&set.blocks);
    let table = shipped::file("street_words.csv").expect("shipped");
    let words = Words::parse(std::str::from_utf8(&table).expect("UTF-8")).expect("a table");
    let addresses = AddressIndex::build(&set, &index, &words);
    let (assignment, report) = assign(&Incidents::store(rows), &set, &index, &addresses, intersections);
    (set, assignment, report)
}

/// The block of an incident at a place, and how it was found.
fn block_of(streets: &[Street], x: f64, y: f64, address: Option<&str>) -> (Option<String>, AssignmentReport) {
    let (set, assignment, report) = assigned(streets, vec![row(x, y, address)], Intersections::Node);
    let block = assignment.main(0).map(|id| &set.blocks[id.0 as usize]);
    (block.map(|b| format!("{} {}", b.kind.word(), b.name)), report)
}

#[track_caller]
fn check(x: f64, y: f64, address: Option<&str>, expected: Option<&str>) {
    assert_eq!(block_of(&town(), x, y, address).0.as_deref(), expected, "{x}, {y}, {address:?}");
}

/// The block in the town with numbers, and the rule that found it, of which there is exactly one.
#[track_caller]
fn check_numbered(x: f64, y: f64, address: &str, expected: &str, rule: fn(&ByRule) -> usize) {
    let (block, report) = block_of(&numbered_town(), x, y, (!address.is_empty()).then_some(address));
    assert_eq!(block.as_deref(), Some(expected), "{x}, {y}, {address:?}");
    assert_eq!(rule(&report.by_rule), 1, "{address:?}: {:?}", report.by_rule);
}

#[test]
fn an_incident_belongs_to_the_nearest_street_within_reach() {
    check(100., 20., None, Some("segment Main St, from Oak Ave"));
    check(-20., -100., None, Some("segment Oak Ave, from Main St"));
    check(100., REACH.0 - 0.1, None, Some("segment Main St, from Oak Ave"));
    check(100., REACH.0 + 0.1, None, None);
}

#[test]
fn at_a_corner_it_belongs_to_the_intersection_and_farther_off_only_if_its_address_says_so() {
    let node = Some("node Main St / Oak Ave");
    let unknown = Some("A / B");
    check(AT_NODE.0 - 0.1, 0., None, node);
    check(AT_NODE.0 + 0.1, 0., None, Some("segment Main St, from Oak Ave"));
    check(40., 5., None, Some("segment Main St, from Oak Ave"));
    check(40., 5., unknown, node);
    check(REACH.0 + 5., 5., unknown, Some("segment Main St, from Oak Ave"));
    check(REACH.0 + 5., 5., Some("OAK AVE / MAIN ST"), node);
    check(NAMED_REACH.0 - 1., 5., Some("MAIN ST & OAK"), node);
    check(NAMED_REACH.0 + 1., 5., Some("MAIN ST / OAK AVE"), Some("segment Main St, from Oak Ave"));
}

#[test]
fn name_and_number_win_over_distance() {
    let numbers: fn(&ByRule) -> usize = |by| by.name_and_number;
    check_numbered(40., 80., "350 MAIN ST", "segment 300 block of Main St", numbers);
    check_numbered(-5., 12., "351 Main Street", "segment 300 block of Main St", numbers);
    check_numbered(5., -100., "220 MAIN", "segment 100 block of Main St", numbers);
    check_numbered(40., 10., "2XX MAIN ST", "segment 100 block of Main St", numbers);
}

#[test]
fn a_name_without_its_number_wins_over_distance_and_loses_to_the_corner() {
    let name: fn(&ByRule) -> usize = |by| by.name;
    let elm = "segment Elm St";
    check_numbered(100., 5., "12 ELM ST", elm, name);
    check_numbered(100., 5., "ELM ST", elm, name);
    check_numbered(60., 5., "9999 OAK AVE", "segment Oak Ave, from Main St", name);
    check_numbered(5., 5., "9999 OAK AVE", "node Main St / Oak Ave", |by| by.node_by_distance);
    check_numbered(100., -70., "12 ELM ST", "segment 300 block of Main St", |by| by.nearest);
}

#[test]
fn an_alley_takes_to_the_street_that_the_address_names_or_to_the_one_beside_it() {
    let beside = "segment 300 block of Main St";
    check_numbered(100., 45., "", beside, |by| by.alley);
    // The alley's end lies 20 m from Oak Ave, the incident 28 m: the alley is nearer.
    check_numbered(28., 46., "", beside, |by| by.alley);
    check_numbered(100., 46., "7 ELM ST", "segment Elm St", |by| by.name);
    check_numbered(100., 70., "", "segment Elm St", |by| by.nearest);
}

#[test]
fn a_closed_road_takes_nothing() {
    let (block, _) = block_of(&numbered_town(), -150., -60., Some("I 70 EASTBOUND"));
    assert_eq!(block.as_deref(), Some("segment 100 block of Main St"));
    assert_eq!(block_of(&numbered_town(), -150., -90., Some("I 70 EASTBOUND")).0, None);
}

#[test]
fn where_another_street_is_nearly_as_near_the_incident_is_near_a_boundary() {
    let near = |x, y, address| block_of(&town(), x, y, address).1.near_boundary;
    assert_eq!(near(100., 20., None), 0);
    assert_eq!(near(20., 25., None), 1, "5 m decide");
    assert_eq!(near(20., 25., Some("12 OAK AVE")), 0, "the name decides");
    assert_eq!(near(5., 0., None), 0, "an intersection is a unit of its own");
}

#[test]
fn equal_places_with_other_addresses_are_told_apart() {
    let rows = (0..100).map(|n| row(40., 44., Some(&format!("{} {}", n, ["ELM ST", "OAK AVE"][n % 2]))));
    let (set, assignment, report) = assigned(&numbered_town(), rows.collect(), Intersections::Node);
    let on = |street: &str| {
        (0..100)
            .filter_map(|at| assignment.main(at))
            .filter(|id| set.blocks[id.0 as usize].name.starts_with(street))
            .count()
    };
    assert_eq!((on("Elm St"), on("Oak Ave"), report.by_rule.name), (50, 50, 100));
}

#[test]
fn intersections_are_units_or_split_or_left_out_by_the_option() {
    let rows = || vec![row(3., 1., None), row(100., 20., None)];
    let shares = |option: Intersections| {
        let (set, assignment, report) = assigned(&town(), rows(), option);
        let corner = (0..2).find(|&at| {
            assignment.shares(at).count() != 1 || {
                let id = assignment.main(at).expect("a block");
                set.blocks[id.0 as usize].kind == BlockKind::Node || report.by_rule.nearest == 2
            }
        });
        let counts = count([(0, 0, 1), (1, 0, 1)].into_iter(), &assignment, set.blocks.len());
        let parts: f64 = counts.iter().map(|c| c.parts()).sum();
        (corner.map(|at| assignment.shares(at).map(|(_, share)| share).collect::<Vec<_>>()), parts, report)
    };
    let (node, total, _) = shares(Intersections::Node);
    assert_eq!((node, total), (Some(vec![Share::WHOLE]), 2.0));
    let (split, total, report) = shares(Intersections::Split);
    assert_eq!((split, total), (Some(vec![Share(1260); 4]), 2.0));
    assert!(report.rule.contains("split"), "{}", report.rule);
    let (_, total, report) = shares(Intersections::First);
    assert_eq!((total, report.in_blocks), (2.0, 2));
    let (excluded, total, report) = shares(Intersections::Exclude);
    assert_eq!((excluded, total), (Some(vec![]), 1.0));
    assert_eq!((report.in_blocks, report.unassigned, report.by_rule.excluded), (1, 1, 1));
}

#[test]
fn a_crossing_makes_four_segments_and_one_node_with_their_lengths() {
    let set = segments_and_nodes(&town(), &crs()).expect("near");
    let lengths: Vec<f64> = set.blocks.iter().filter_map(|b| b.length).map(|l| l.0).collect();
    assert_eq!((set.blocks.len(), lengths.len()), (5, 4));
    assert!(lengths.iter().all(|l| (l - 200.0).abs() < 1e-3), "{lengths:?}");
    assert_eq!(set.blocks.iter().filter(|b| b.kind == BlockKind::Node).count(), 1);
}
