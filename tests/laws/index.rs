//! Laws of the indexes: the packed grid and the lookup grid answer as a scan would, whatever the data look like.

use crate::cases;

use crate::common;

use cases::cases;
use geo::{
    BoundingRect, Coord, Distance, Euclidean, Geometry, Intersects, LineString, MultiPolygon, Point, Polygon,
};
use hotblocks::index::blocks::BlockIndex;
use hotblocks::index::incidents::IncidentIndex;
use hotblocks::ingest::blocks::{Shapes, read};
use hotblocks::ingest::input::Input;
use hotblocks::model::areas::polygons as blocks_of;
use hotblocks::model::block::{Block, BlockId, BlockKind};
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::crs::Crs;
use proptest::prelude::*;

/// Whole metres, so that many places coincide and many lie exactly on an edge or a rim.
fn place() -> impl Strategy<Value = Local> {
    (0i32..60, 0i32..60).prop_map(|(x, y)| Local { x: f64::from(x), y: f64::from(y) })
}

/// Numbers without chance.
fn numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn squared(a: Local, b: Local) -> f64 {
    (a.x - b.x).powi(2) + (a.y - b.y).powi(2)
}

/// All questions about a circle and a box, by the index and by a scan of what is in it.
fn answers_as_a_scan(index: &IncidentIndex, there: &[(usize, Local)], center: Local, radius: f64) {
    let near: Vec<usize> =
        there.iter().filter(|(_, at)| squared(*at, center) <= radius * radius).map(|(id, _)| *id).collect();
    assert_eq!(index.within_radius(center, Metres(radius), |_| true), near, "{radius} m around {center:?}");
    let mut unordered = index.ids_within_radius(center, Metres(radius));
    unordered.sort_unstable();
    assert!(unordered.iter().map(|&id| id as usize).eq(near.iter().copied()));
    assert_eq!(index.count_within_radius(center, Metres(radius)), near.len());
    let odd = near.iter().filter(|&&id| id % 2 == 1).count();
    assert_eq!(index.count_within_radius_of(center, Metres(radius), |id| id % 2 == 1), odd);
    let area = LocalBox { min: center, max: center }.padded(Metres(radius));
    let inside: Vec<usize> = there.iter().filter(|(_, at)| area.contains(*at)).map(|(id, _)| *id).collect();
    assert_eq!(index.count_within_box(area), inside.len());
    assert_eq!(index.within_box(area, |_| true), inside);
    let mut nearest: Vec<(f64, usize)> = there.iter().map(|&(id, at)| (squared(at, center), id)).collect();
    nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let found: Vec<usize> = index.nearest(center, 7, |_| true).into_iter().map(|(id, _)| id).collect();
    assert!(found.into_iter().eq(nearest.into_iter().take(7).map(|(_, id)| id)), "around {center:?}");
}

proptest! {
    #![proptest_config(cases(60, 20_180_102))]

    #[test]
    fn an_index_with_inserts_and_removals_answers_as_a_scan_of_what_is_left(
        bulk in prop::collection::vec(prop::option::weighted(0.9, place()), 0..200),
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), place()), 0..60),
        center in place(), radius in 0u8..40,
    ) {
        let mut index = IncidentIndex::build(bulk.iter().copied());
        let mut places = bulk;
        for (adds, which, at) in steps {
            if adds || places.is_empty() {
                // What was taken out may come back elsewhere.
                let gone = places.iter().position(Option::is_none).unwrap_or(places.len());
                if gone == places.len() { places.push(None); }
                places[gone] = Some(at);
                index.insert(gone, at);
            } else {
                let id = which.index(places.len());
                prop_assert_eq!(index.remove(id, places[id].unwrap_or(at)), places[id].is_some());
                places[id] = None;
                prop_assert!(!index.remove(id, at));
            }
        }
        let there: Vec<(usize, Local)> = places.iter().enumerate().filter_map(|(id, at)| Some((id, (*at)?))).collect();
        prop_assert_eq!(index.len(), there.len());
        answers_as_a_scan(&index, &there, center, f64::from(radius));
    }

    #[test]
    fn a_polygon_is_found_as_a_scan_of_all_polygons_finds_it(
        shapes in prop::collection::vec(shape(), 1..25),
        asked in prop::collection::vec(place(), 1..40),
    ) {
        agrees(&shapes, &asked)?;
    }

    /// Corners off the whole metres: almost on a line, where plain doubles would guess.
    #[test]
    fn a_place_a_hair_from_an_edge_is_on_the_side_that_exact_arithmetic_says(
        shapes in prop::collection::vec(shape(), 1..8),
        asked in prop::collection::vec((any::<prop::sample::Index>(), 0.0..1.0f64, -2i8..3), 1..40),
    ) {
        let moved: Vec<Geometry> = shapes.iter().map(|s| geo::MapCoords::map_coords(s, |at| Coord { x: at.x / 3.0 + 738_000.1, y: at.y / 7.0 + 4_274_000.3 })).collect();
        let lines: Vec<geo::Line> = moved.iter().flat_map(lines).collect();
        let asked: Vec<Local> = asked.iter().map(|(which, along, ulps)| {
            let line = which.get(&lines);
            let (x, y) = (line.start.x + along * (line.end.x - line.start.x), line.start.y + along * (line.end.y - line.start.y));
            Local { x: (0..ulps.abs()).fold(x, |x, _| if *ulps < 0 { x.next_down() } else { x.next_up() }), y }
        }).collect();
        agrees(&moved, &asked)?;
    }
}

/// Stars of any size with or without a hole, slivers, pairs of rectangles, and rings that cross themselves.
fn shape() -> impl Strategy<Value = Geometry> {
    let corners = || prop::collection::vec(place(), 3..9);
    let star = corners().prop_map(|corners| Polygon::new(around_middle(corners), vec![]).into());
    let crossing = corners().prop_map(|corners| Polygon::new(ring(&corners), vec![]).into());
    let holed = (place(), 3u8..30).prop_map(|(at, size)| {
        let size = f64::from(size);
        Polygon::new(
            square(at, size),
            vec![square(at, size - 1.0), square(Local { x: at.x + 1.0, y: at.y }, size / 3.0)],
        )
        .into()
    });
    let sliver = (place(), place()).prop_map(|(a, b)| {
        Polygon::new(ring(&[a, b, Local { x: b.x, y: b.y + 1.0 }, Local { x: a.x, y: a.y + 1.0 }]), vec![])
            .into()
    });
    let pair = (place(), place()).prop_map(|(a, b)| {
        MultiPolygon(vec![
            Polygon::new(square(a, 4.0), vec![]),
            Polygon::new(square(b, 11.0), vec![square(b, 5.0)]),
        ])
        .into()
    });
    let street = (place(), place()).prop_map(|(a, b)| ring(&[a, b]).into());
    prop_oneof![4 => star, 2 => crossing, 2 => holed, 2 => sliver, 2 => pair, 1 => street]
}

fn ring(corners: &[Local]) -> LineString {
    corners.iter().map(|&at| Coord::from(at)).collect()
}

fn square(at: Local, half: f64) -> LineString {
    let corner = |x: f64, y: f64| Local { x: at.x + x * half, y: at.y + y * half };
    ring(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)])
}

fn around_middle(mut corners: Vec<Local>) -> LineString {
    let n = corners.len() as f64;
    let middle = corners.iter().fold((0.0, 0.0), |sum, at| (sum.0 + at.x / n, sum.1 + at.y / n));
    corners.sort_by(|a, b| {
        (a.y - middle.1).atan2(a.x - middle.0).total_cmp(&(b.y - middle.1).atan2(b.x - middle.0))
    });
    ring(&corners)
}

fn polygons(shape: &Geometry) -> Vec<&Polygon> {
    match shape {
        Geometry::Polygon(polygon) => vec![polygon],
        Geometry::MultiPolygon(many) => many.iter().collect(),
        _ => vec![],
    }
}

fn lines(shape: &Geometry) -> Vec<geo::Line> {
    let rings = |p: &Polygon| {
        std::iter::once(p.exterior()).chain(p.interiors()).flat_map(|r| r.lines()).collect::<Vec<_>>()
    };
    match shape {
        Geometry::LineString(line) => line.lines().collect(),
        _ => polygons(shape).into_iter().flat_map(rings).collect(),
    }
}

fn blocks(shapes: &[Geometry]) -> Vec<Block> {
    let block = |local: &Geometry| Block {
        id: String::new(),
        name: String::new(),
        kind: BlockKind::Polygon,
        lonlat: local.clone().into(),
        local: local.clone(),
        length: None,
        area: None,
        residents: Default::default(),
        areas: Default::default(),
        streets: Vec::new(),
    };
    shapes.iter().map(block).collect()
}

/// The lookup grid against geo's own test on every polygon in turn.
fn agrees(shapes: &[Geometry], asked: &[Local]) -> Result<(), TestCaseError> {
    let index = BlockIndex::build(&blocks(shapes));
    let together = index.containing_all(asked);
    for (&at, together) in asked.iter().zip(together) {
        prop_assert_eq!(together, index.containing(at));
        let point = Point::new(at.x, at.y);
        let first = (0..).zip(shapes).find(|(_, s)| !polygons(s).is_empty() && s.intersects(&point));
        prop_assert_eq!(index.containing(at), first.map(|(id, _)| BlockId(id)), "{:?}", at);
        let edges = shapes.iter().filter(|s| !polygons(s).is_empty()).flat_map(lines);
        let far = edges.map(|line| Euclidean.distance(&point, &line)).fold(f64::INFINITY, f64::min);
        for within in [1.0, 10.0, 37.5] {
            if (far - within).abs() > 1e-9 {
                prop_assert_eq!(index.near_edge(at, Metres(within)), far < within, "{:?} {}", at, within);
            }
        }
    }
    Ok(())
}

/// Thousands of places all in one spot; in two cities far apart; in one, with a stray one beyond the sea.
#[test]
fn skewed_places_take_neither_more_memory_nor_wrong_answers() {
    let mut number = numbers(7);
    let n = 4_000;
    let mut city = |x: f64, y: f64| Local { x: x + 9_000.0 * number(), y: y + 9_000.0 * number() };
    let one_spot = vec![Local { x: 738_000.0, y: 4_274_000.0 }; n];
    let two_cities =
        (0..n).map(|k| city(if k % 3 == 0 { 438_000.0 } else { 738_000.0 }, 4_274_000.0)).collect();
    let mut stray: Vec<Local> = (0..n).map(|_| city(738_000.0, 4_274_000.0)).collect();
    stray[77] = Local { x: -1.2e7, y: 9.0e6 };
    // Each a thousandth as far from a corner as the one before: a grid in a grid in a grid.
    let nested = (0..n)
        .map(|_| city(0.0, 0.0))
        .zip(0..)
        .map(|(at, k)| {
            let scale = 1e-3_f64.powi(k % 5);
            Local { x: at.x * scale, y: at.y * scale }
        })
        .collect();
    let line = (0..n).map(|k| Local { x: 738_000.0 + k as f64, y: 4_274_000.0 }).collect();
    for places in [one_spot, two_cities, stray, nested, line] {
        let places: Vec<Local> = places;
        let index = IncidentIndex::build(places.iter().copied().map(Some));
        assert!(index.bytes() <= 26 * n, "{} bytes each", index.bytes() / n);
        let there: Vec<(usize, Local)> = places.iter().copied().enumerate().collect();
        for center in
            [places[5], places[77], Local { x: 738_000.0, y: 4_274_000.0 }, Local { x: 0.0, y: 0.0 }]
        {
            for radius in [0.0, 3.0, 100.0, 4_000.0, 1e6] {
                answers_as_a_scan(&index, &there, center, radius);
            }
        }
    }
}

#[test]
fn places_that_are_no_numbers_are_left_out_and_nothing_is_found_around_them() {
    let nowhere = Local { x: f64::NAN, y: 0.0 };
    let index = IncidentIndex::build([None, Some(nowhere), Some(Local { x: 1.0, y: 1.0 })].into_iter());
    assert_eq!(index.len(), 1);
    assert!(index.within_radius(nowhere, Metres(5.0), |_| true).is_empty());
    assert!(index.within_radius(Local { x: 1.0, y: 1.0 }, Metres(f64::NAN), |_| true).is_empty());
    assert!(IncidentIndex::build(std::iter::empty()).nearest(nowhere, 3, |_| true).is_empty());
}

/// One polygon hundreds of kilometres away, and one around them all: the others are found as before.
#[test]
fn a_stray_and_a_vast_polygon_change_no_answer() {
    let mut number = numbers(3);
    let mut shapes: Vec<Geometry> = Vec::new();
    for k in 0..900 {
        let at =
            Local { x: 738_000.0 + f64::from(k % 30) * 100.0, y: 4_274_000.0 + f64::from(k / 30) * 100.0 };
        shapes.push(Polygon::new(square(at, 50.0), vec![]).into());
    }
    shapes.push(Polygon::new(square(Local { x: 438_000.0, y: 4_174_000.0 }, 70.0), vec![]).into());
    shapes.push(Polygon::new(square(Local { x: 738_000.0, y: 4_274_000.0 }, 9e5), vec![]).into());
    let asked: Vec<Local> = (0..300)
        .map(|_| Local { x: 737_900.0 + 3_200.0 * number(), y: 4_273_900.0 + 3_200.0 * number() })
        .chain([
            Local { x: 438_070.0, y: 4_174_000.0 },
            Local { x: 0.0, y: 0.0 },
            Local { x: 738_050.0, y: 4_274_050.0 },
        ])
        .collect();
    agrees(&shapes, &asked).expect("as a scan");
}

/// A ring of many corners that winds through few cells, as a river does.
#[test]
fn a_polygon_of_many_corners_is_found_as_a_scan_finds_it() {
    let wave = |k: u32, y: f64| Coord { x: f64::from(k), y: y + 40.0 * (f64::from(k) / 9.0).sin() };
    let corners = (0..1_000).map(|k| wave(k, 0.0)).chain((0..1_000).rev().map(|k| wave(k, 60.0)));
    let river: Geometry = Polygon::new(corners.collect(), vec![]).into();
    let mut number = numbers(11);
    let bounds = river.bounding_rect().expect("it has corners");
    let asked: Vec<Local> = (0..400)
        .map(|_| Local { x: bounds.width() * number(), y: bounds.min().y + bounds.height() * number() })
        .chain((0..50).map(|k| wave(k * 17, 60.0).into()))
        .collect();
    agrees(&[river], &asked).expect("as a scan");
}

/// The blocks of New Haven and of St. Louis: places on corners, on edges and anywhere among them.
#[test]
fn real_blocks_are_found_as_a_scan_finds_them() {
    let new_haven = (common::repository("data/new-haven/derived_newhaven_blocks.geojson"), "EPSG:32618");
    let st_louis = common::st_louis().map(|folder| (folder.join("blocks_derived.gpkg"), "EPSG:32615"));
    for (path, crs) in std::iter::once(new_haven).chain(st_louis) {
        let (shapes, _) = read(&Input::at(&path).expect("a known ending"), None).expect("blocks");
        let Shapes::Areas(areas) = shapes else { panic!("{} holds no polygons", path.display()) };
        let set = blocks_of(&areas, &Crs::new(crs).expect("UTM")).expect("in their zone");
        let shapes: Vec<Geometry> = set.blocks.into_iter().map(|block| block.local).collect();
        let lines: Vec<geo::Line> = shapes.iter().flat_map(lines).collect();
        let asked: Vec<Local> = (lines.iter().step_by(lines.len() / 30))
            .flat_map(|line| {
                let middle = (line.start + line.end) / 2.0;
                [line.start, middle, Coord { x: middle.x + 9.0, y: middle.y - 30.0 }].map(Local::from)
            })
            .collect();
        agrees(&shapes, &asked).expect("as a scan");
    }
}
