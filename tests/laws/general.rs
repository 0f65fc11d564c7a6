//! Laws that hold for any input: the index answers as a scan would, order and chance change nothing.

use crate::cases;

use cases::cases;
use geo::Intersects;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::index::incidents::IncidentIndex;
use hotblocks::model::block::{Assignment, Block, BlockId, BlockKind};
use hotblocks::model::category::{CategoryTree, Flags};
use hotblocks::model::class::{Class, ClassId, Classes, Firearm};
use hotblocks::model::ledger::resolve;
use hotblocks::model::period::{Interval, Precision};
use hotblocks::model::report::{Place, Report, Sign, Source, Unit};
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::rank::order::rank;
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, LonLat, Metres};
use proptest::prelude::*;

/// Whole metres, so that many places coincide and many lie exactly on an edge.
fn place() -> impl Strategy<Value = Local> {
    (0i32..60, 0i32..60).prop_map(|(x, y)| Local { x: f64::from(x), y: f64::from(y) })
}

fn places() -> impl Strategy<Value = Vec<Option<Local>>> {
    prop::collection::vec(prop::option::weighted(0.9, place()), 0..300)
}

proptest! {
    #![proptest_config(cases(300, 20_180_101))]

    #[test]
    fn the_index_answers_a_box_as_a_scan_does(places in places(), a in place(), b in place()) {
        let area = LocalBox::around([a, b]).expect("two places");
        let index = IncidentIndex::build(places.iter().copied());
        let even = |at: usize| at.is_multiple_of(2);
        let scan: Vec<usize> = (0..places.len()).filter(|&at| even(at) && places[at].is_some_and(|p| area.contains(p))).collect();
        prop_assert_eq!(index.within_box(area, even), scan);
        prop_assert_eq!(index.len(), places.iter().flatten().count());
    }

    #[test]
    fn the_index_answers_a_radius_as_a_scan_does(places in places(), center in place(), radius in 0i32..40) {
        let radius = Metres(f64::from(radius));
        let index = IncidentIndex::build(places.iter().copied());
        let near = |at: &usize| places[*at].is_some_and(|p| (p.x - center.x).powi(2) + (p.y - center.y).powi(2) <= radius.0 * radius.0);
        let scan: Vec<usize> = (0..places.len()).filter(near).collect();
        prop_assert_eq!(index.within_radius(center, radius, |_| true), scan);
    }

    #[test]
    fn the_index_answers_a_polygon_as_a_scan_does(places in places(), corners in prop::collection::vec(place(), 3..7)) {
        // A star around the middle of its corners never crosses itself.
        let n = corners.len() as f64;
        let middle = Local { x: corners.iter().map(|p| p.x).sum::<f64>() / n, y: corners.iter().map(|p| p.y).sum::<f64>() / n };
        let mut corners = corners;
        corners.sort_by(|a, b| (a.y - middle.y).atan2(a.x - middle.x).total_cmp(&(b.y - middle.y).atan2(b.x - middle.x)));
        let area = geo::Polygon::new(corners.iter().map(|&p| geo::Coord::from(p)).collect(), vec![]);
        let index = IncidentIndex::build(places.iter().copied());
        let inside = |at: &usize| places[*at].is_some_and(|p| area.intersects(&geo::Point::new(p.x, p.y)));
        let scan: Vec<usize> = (0..places.len()).filter(inside).collect();
        prop_assert_eq!(index.within_polygon(&area, |_| true), scan);
    }

    #[test]
    fn the_index_finds_the_nearest_as_a_scan_does(places in places(), to in place(), k in 0usize..20) {
        let index = IncidentIndex::build(places.iter().copied());
        let keep = |at: usize| !at.is_multiple_of(3);
        let mut scan: Vec<(f64, usize)> = (0..places.len())
            .filter(|&at| keep(at))
            .filter_map(|at| places[at].map(|p| ((p.x - to.x).powi(2) + (p.y - to.y).powi(2), at)))
            .collect();
        scan.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        scan.truncate(k);
        let found = index.nearest(to, k, keep);
        prop_assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), scan.iter().map(|s| s.1).collect::<Vec<_>>());
        for (f, s) in found.iter().zip(&scan) {
            prop_assert!((f.1.0 - s.0.sqrt()).abs() < 1e-9);
        }
    }

    #[test]
    fn the_nearest_segment_is_the_nearest_of_all(lines in prop::collection::vec((place(), place()), 1..40), at in place()) {
        use geo::{Distance, Euclidean};
        let blocks: Vec<Block> = lines.iter().map(|&(a, b)| segment(a, b)).collect();
        let index = BlockIndex::build(&blocks);
        let point = geo::Point::new(at.x, at.y);
        let far = |b: &Block| match &b.local { geo::Geometry::LineString(l) => Euclidean.distance(&point, l), _ => f64::INFINITY };
        let least = blocks.iter().map(far).fold(f64::INFINITY, f64::min);
        let (found, distance) = index.nearest_segment(at).expect("there are segments");
        prop_assert!((distance.0 - least).abs() < 1e-9);
        prop_assert!((far(&blocks[found.0 as usize]) - least).abs() < 1e-9);
    }

    #[test]
    fn segments_within_a_radius_are_those_that_a_scan_finds_nearest_first(
        lines in prop::collection::vec(prop::collection::vec(place(), 2..5), 1..40), at in place(), radius in 0i32..40
    ) {
        use geo::{Distance, Euclidean};
        let line = |corners: &Vec<Local>| -> geo::LineString { corners.iter().map(|&p| geo::Coord::from(p)).collect() };
        let blocks: Vec<Block> = lines.iter().map(|corners| Block { local: line(corners).into(), ..segment(at, at) }).collect();
        let point = geo::Point::new(at.x, at.y);
        let found: Vec<(BlockId, Metres)> = BlockIndex::build(&blocks).segments_within(at, Metres(f64::from(radius))).collect();
        let mut scan: Vec<(BlockId, f64)> = (0..).zip(&lines)
            .map(|(k, corners)| (BlockId(k), Euclidean.distance(&point, &line(corners))))
            .filter(|(_, far)| *far <= f64::from(radius) + 1e-9)
            .collect();
        prop_assert_eq!(found.len(), scan.len());
        prop_assert!(found.is_sorted_by(|a, b| a.1.0 <= b.1.0));
        scan.sort_by_key(|s| s.0);
        let mut by_block = found;
        by_block.sort_by_key(|f| f.0);
        for (f, s) in by_block.iter().zip(&scan) {
            prop_assert_eq!(f.0, s.0);
            prop_assert!((f.1.0 - s.1).abs() < 1e-9);
        }
    }

    #[test]
    fn ranks_hold_every_block_once_and_every_incident_of_a_block(blocks in prop::collection::vec(prop::option::of(0u32..12), 0..200)) {
        let assignment = Assignment::whole(blocks.iter().map(|b| b.map(BlockId)));
        let rows = blocks.iter().enumerate().map(|(at, _)| (at, at as i64 % 7, 1));
        let ranked = rank(&hotblocks::aggregate::counts::count(rows, &assignment, 12));
        let total: u64 = ranked.iter().map(|r| r.count.incidents()).sum();
        prop_assert_eq!(total, blocks.iter().flatten().count() as u64);
        let mut seen: Vec<u32> = ranked.iter().map(|r| r.block.0).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..12).collect::<Vec<_>>());
    }

    /// Whatever the order of the files, the same reports are cancelled and as many incidents remain.
    #[test]
    fn the_order_of_reports_changes_no_count(rows in prop::collection::vec((0u8..6, any::<bool>(), 0u8..4, 0u16..3), 0..60), seed in any::<u64>()) {
        let ordered = ledger(&rows);
        let mut shuffled = rows.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        let (a, b) = (resolve(&ordered), resolve(&ledger(&shuffled)));
        prop_assert_eq!(a.0.len(), b.0.len());
        prop_assert_eq!((a.1.cancelled, a.1.unmatched.len(), a.1.merged), (b.1.cancelled, b.1.unmatched.len(), b.1.merged));
        let in_events: u32 = a.0.iter().map(|e| e.reports).sum();
        prop_assert_eq!(a.1.reports, 2 * a.1.cancelled + a.1.unmatched.len() + in_events as usize);
    }
}

fn segment(a: Local, b: Local) -> Block {
    let line: geo::LineString = [a, b].into_iter().map(geo::Coord::from).collect();
    Block {
        id: String::new(),
        name: String::new(),
        kind: BlockKind::Segment,
        lonlat: line.clone().into(),
        local: line.into(),
        length: None,
        area: None,
        residents: Default::default(),
        areas: Default::default(),
        streets: Vec::new(),
    }
}

/// Reports of (complaint, takes back, minute, class).
fn ledger(rows: &[(u8, bool, u8, u16)]) -> Ledger {
    let mut tree = CategoryTree::default();
    let mut classes = {
        tree.add("a", "", None, Flags::NONE).expect("new");
        Classes::over(tree)
    };
    for code in ["0", "1", "2"] {
        let class = Class {
            code: code.into(),
            label: String::new(),
            category: Some(0),
            flags: Flags::NONE,
            firearm: Firearm::Unknown,
        };
        classes.intern(0, code, || class).expect("room");
    }
    let text = |id: u8| if id > 2 { Some(format!("{id} MAIN ST")) } else { None };
    let mut reports = Reports::default();
    for &(id, back, minute, class) in rows {
        let when = Interval { from: i64::from(minute) * 60, seconds: 60, precision: Precision::Minute };
        let place = Place::At(LonLat::new(f64::from(minute), 1.0).expect("on the globe"));
        let number = id.to_string();
        reports.push(&Report {
            // Half of them without an id, as the older files are.
            id: id.is_multiple_of(2).then_some(number.as_str()),
            sign: if back { Sign::TakesBack } else { Sign::Adds },
            address: text(id).as_deref(),
            ..Report::plain(ClassId(class), when, place)
        });
    }
    let source = Source::new("s", Unit::Victim, jiff::tz::TimeZone::UTC);
    Ledger { sources: vec![source], classes, reports, ..Ledger::default() }
}
