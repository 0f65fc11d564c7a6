//! Incidents without coordinates: those with an address get a place, what is sensitive never does; options of a data set.

use crate::cases;

use cases::cases;
use hotblocks::engine::build::{About, BuildError, Ground, build};
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::block::Intersections;
use hotblocks::model::category::{CategoryTree, Flags};
use hotblocks::model::class::{Class, ClassId, Classes, Firearm};
use hotblocks::model::dataset::{Dataset, Placing};
use hotblocks::model::house_numbers::{Numbers, Sides};
use hotblocks::model::incident::Located;
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::report::{Place, Report, Source, Unit};
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::model::streets::Street;
use hotblocks::space::coord::{Local, LonLat};
use hotblocks::space::crs::Crs;
use proptest::prelude::*;

/// The classes by their number: one that may be looked up, booked ones, and all that are sensitive.
const PLAIN: u16 = 0;
const BOOKED: u16 = 1;
const SENSITIVE: [u16; 4] = [2, 3, 4, 5];

fn at(x: f64, y: f64) -> LonLat {
    let crs = Crs::new("EPSG:32615").expect("UTM");
    crs.from_local(Local { x: 740_000.0 + x, y: 4_280_000.0 + y }).expect("in the zone")
}

/// Main St from 100 to 498 over 400 m, Oak Ave without numbers across its middle.
fn streets() -> Ground {
    let street = |name: &str, line: Vec<LonLat>, numbers| Street {
        name: name.into(),
        numbers,
        line,
        ..Street::default()
    };
    let numbers = Sides { left: Some(Numbers::new(100, 498)), right: Some(Numbers::new(101, 499)) };
    Ground::Streets(vec![
        street("MAIN ST", vec![at(-200., 0.), at(0., 0.), at(200., 0.)], numbers),
        street("OAK AVE", vec![at(0., -200.), at(0., 0.), at(0., 200.)], Sides::default()),
    ])
}

fn classes() -> Classes {
    let mut tree = CategoryTree::default();
    tree.add("property", "", None, Flags::NONE).expect("new");
    tree.add("administrative", "", None, Flags::NONE).expect("new");
    let mut classes = Classes::over(tree);
    let flags = [Flags::NONE, Flags::NONE, Flags::SEXUAL, Flags::DOMESTIC, Flags::CHILD, Flags::NONE];
    for (number, flags) in (0u16..).zip(flags) {
        let category = match number {
            BOOKED => Some(1),
            // Nobody has mapped the last.
            5 => None,
            _ => Some(0),
        };
        let code = number.to_string();
        let class = Class { code: code.clone(), label: code.clone(), category, flags, firearm: Firearm::No };
        classes.intern(0, &code, || class).expect("room");
    }
    classes
}

/// A report of (id, class, place, address).
type Row = (u8, u16, Place, Option<&'static str>);

fn dataset(rows: &[Row], placing: Placing) -> Dataset {
    // One that lies in a block, so that there is a data set at all.
    let located = (255, PLAIN, Place::At(at(150., 5.)), None);
    try_dataset(&[rows, &[located]].concat(), placing).expect("a data set")
}

fn try_dataset(rows: &[Row], placing: Placing) -> Result<Dataset, BuildError> {
    let mut reports = Reports::default();
    for &(id, class, place, address) in rows {
        let when = Interval { from: i64::from(id) * 60, seconds: 60, precision: Precision::Minute };
        let id = format!("r{id}");
        reports.push(&Report { id: Some(&id), address, ..Report::plain(ClassId(class), when, place) });
    }
    let sources = vec![Source::new("s", Unit::Victim, jiff::tz::TimeZone::UTC)];
    let ledger = Ledger { sources, classes: classes(), reports, ..Ledger::default() };
    build(ledger, &streets(), About { placing, ..About::default() })
}

/// What is known of the place of an incident, and its block.
fn placed(data: &Dataset, id: u8) -> (Located, Option<String>) {
    let at = (0..data.incidents.len()).find(|&at| data.incidents.id(at) == format!("r{id}")).expect("there");
    let name = |block: hotblocks::model::block::BlockId| data.block_set.blocks[block.0 as usize].name.clone();
    (data.incidents.located(at), data.assignment.main(at).map(name))
}

#[test]
fn an_address_gives_a_place_and_its_block_unless_it_is_switched_off() {
    let rows = [
        (1, PLAIN, Place::Missing, Some("120 MAIN ST")),
        (2, PLAIN, Place::Missing, Some("MAIN ST / OAK AVE")),
        (3, PLAIN, Place::Missing, Some("120 NOWHERE ST")),
        (4, PLAIN, Place::Withheld, Some("120 MAIN ST")),
    ];
    let data = dataset(&rows, Placing::default());
    assert_eq!(placed(&data, 1), (Located::Geocoded, Some("100 block of Main St".to_owned())));
    assert_eq!(placed(&data, 2), (Located::Geocoded, Some("Main St / Oak Ave".to_owned())));
    assert_eq!(placed(&data, 3), (Located::Missing, None));
    assert_eq!(placed(&data, 4), (Located::Withheld, None));
    assert_eq!((data.assigned.geocoded, data.assigned.in_blocks), (2, 3));
    // Sorted by the place that was found: those without one are last.
    let places: Vec<bool> = (0..data.incidents.len()).map(|at| data.incidents.local(at).is_some()).collect();
    assert_eq!(places, [true, true, true, false, false]);
    let off = dataset(&rows, Placing { geocode: false, ..Placing::default() });
    assert_eq!(placed(&off, 1), (Located::Missing, None));
    assert_eq!((off.assigned.geocoded, off.assigned.in_blocks), (0, 1));
}

#[test]
fn geocoding_hides_no_wrong_crs() {
    let far = (1, PLAIN, Place::At(at(100., 9_000.)), None);
    let geocoded = (2, PLAIN, Place::Missing, Some("120 MAIN ST"));
    let error =
        try_dataset(&[far, geocoded], Placing::default()).expect_err("nothing that has coordinates is near");
    assert!(error.to_string().contains("none of the 1 located incidents"), "{error}");
    try_dataset(&[geocoded], Placing::default()).expect("there is no other");
}

#[test]
fn an_event_is_as_sensitive_as_any_of_its_reports() {
    for class in SENSITIVE {
        let address = Some("120 MAIN ST");
        let data = dataset(
            &[(1, PLAIN, Place::Missing, address), (1, class, Place::Missing, address)],
            Placing::default(),
        );
        assert_eq!(placed(&data, 1), (Located::Missing, None), "class {class}");
    }
}

#[test]
fn what_is_geocoded_from_the_address_of_a_held_place_is_held() {
    let mut rows: Vec<Row> =
        (0..40).map(|id| (id, BOOKED, Place::At(at(180., 30.)), Some("480 MAIN ST"))).collect();
    rows.push((100, PLAIN, Place::Missing, Some("480 MAIN ST")));
    rows.push((101, PLAIN, Place::Missing, Some("482 MAIN ST")));
    let data = dataset(&rows, Placing::default());
    let held = |id: &str| {
        data.held[(0..data.incidents.len()).find(|&at| data.incidents.id(at) == id).expect("there")]
    };
    assert_eq!((held("r0"), held("r100"), held("r101")), (true, true, false));
    assert_eq!((data.held_places[0].incidents, data.held_places[0].held), (41, 41));
}

#[test]
fn parts_of_split_incidents_add_up_and_their_blocks_have_a_rank() {
    let rows = [(1, PLAIN, Place::Missing, Some("MAIN ST / OAK AVE"))];
    let placing = Placing { intersections: Intersections::Split, ..Placing::default() };
    let snapshot = Snapshot::new(dataset(&rows, placing), 1);
    let ranked = snapshot.rank(&snapshot.select(&Query::default()).expect("all"));
    let parts: Vec<(Option<u32>, u32, f64)> =
        ranked.iter().map(|row| (row.rank, row.tied_with, row.count.parts())).collect();
    let quarter = |rank| (Some(rank), 2, 0.25);
    assert_eq!(parts, [(Some(1), 0, 1.25), quarter(2), quarter(3), quarter(4), (None, 0, 0.0)]);
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let place = prop_oneof![
        3 => Just(Place::Missing),
        1 => Just(Place::Withheld),
        1 => Just(Place::At(at(100., 10.))),
        1 => Just(Place::At(at(100., 9_000.)))
    ];
    let address = prop::sample::select(vec![
        None,
        Some("120 MAIN ST"),
        Some("4XX MAIN ST"),
        Some("MAIN ST / OAK AVE"),
        Some("9 NOWHERE ST"),
    ]);
    prop::collection::vec((0u8..12, 0u16..6, place, address), 0..40)
}

proptest! {
    #![proptest_config(cases(60, 6))]

    #[test]
    fn a_sensitive_event_is_never_geocoded_and_every_incident_is_accounted_for(rows in rows()) {
        let data = dataset(&rows, Placing::default());
        for at in 0..data.incidents.len() {
            let sensitive = data.incidents.classes(at).any(|class| SENSITIVE.contains(&class.0));
            prop_assert!(!(sensitive && data.incidents.located(at) == Located::Geocoded));
            let told = |row: &&Row| format!("r{}", row.0) == data.incidents.id(at);
            let kept_back = rows.iter().filter(told).any(|row| row.2 == Place::Withheld);
            prop_assert!(!(kept_back && data.incidents.located(at).has_place()));
        }
        let assigned = &data.assigned;
        let unlocated: usize = assigned.unlocated.values().sum();
        prop_assert_eq!(assigned.in_blocks + assigned.unassigned + unlocated, data.incidents.len());
        let geocoded = (0..data.incidents.len()).filter(|&at| data.incidents.located(at) == Located::Geocoded);
        prop_assert_eq!(geocoded.count(), assigned.geocoded);
        let snapshot = Snapshot::new(data, 1);
        let tally = snapshot.tally(&snapshot.select(&Query::default()).expect("all"));
        let unlocated: usize = tally.unlocated.values().sum();
        prop_assert_eq!(tally.in_blocks + tally.unassigned + tally.held + unlocated, tally.incidents);
    }
}
