//! Polygons between the streets are those of GEOS, and cells are a tiling of the plane.

use crate::cases;

use crate::common;

use cases::cases;
use geo::{Area, Centroid, Intersects, Validation};
use hotblocks::ingest::blocks::{Purpose, Shapes, read_for};
use hotblocks::ingest::input::Input;
use hotblocks::model::cells::{h3_cells, hexagon_cells, square_cells};
use hotblocks::model::polygonize::{SLIVER, polygonize};
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::crs::Crs;
use proptest::prelude::*;

/// The sample's streets in the plane in which the fixture has them.
fn streets() -> Vec<Vec<Local>> {
    let file = common::repository("data/new-haven/newhaven_nework.shp");
    let input = Input::at(&file).expect("a known ending");
    let (shapes, _) = read_for(&input, None, Purpose::Bounds { alleys: true }).expect("streets");
    let Shapes::Streets(streets) = shapes else { panic!("lines") };
    let crs = Crs::new("EPSG:32618").expect("UTM");
    let local = |street: &hotblocks::model::streets::Street| {
        street.line.iter().map(|&at| crs.to_local(at).expect("near")).collect()
    };
    streets.iter().map(local).collect()
}

#[test]
fn the_polygons_between_the_sample_s_streets_are_those_of_geos_one_by_one() {
    let text = std::fs::read_to_string(common::repository("fixtures/polygonize/new_haven.csv"))
        .expect("the fixture");
    let expected: Vec<[f64; 3]> = text
        .lines()
        .skip(1)
        .map(|line| {
            let numbers: Vec<f64> = line.split(',').map(|n| n.parse().expect("a number")).collect();
            [numbers[0], numbers[1], numbers[2]]
        })
        .collect();
    // The streets of the sample end on each other exactly, so no tolerance is needed.
    let found = polygonize(&streets(), None, Metres(1e-6));
    assert_eq!(found.faces.len() + found.slivers, expected.len());
    let blocks: Vec<&[f64; 3]> = expected.iter().filter(|row| row[0] / 1e6 >= SLIVER.0).collect();
    assert_eq!(found.faces.len(), blocks.len());
    for face in &found.faces {
        assert!(face.shape.check_validation().is_ok());
        let (area, middle) = (face.shape.unsigned_area(), face.shape.centroid().expect("a middle"));
        let same = |row: &&&[f64; 3]| {
            (row[0] - area).abs() <= 1e-6 * area + 1e-4
                && (row[1] - middle.x()).hypot(row[2] - middle.y()) < 1e-2
        };
        assert_eq!(blocks.iter().filter(same).count(), 1, "{area} m² at {middle:?}");
    }
}

#[test]
fn every_polygon_between_st_louis_streets_is_valid_and_none_overlaps_another() {
    let Some(folder) = common::st_louis() else { return };
    let input = Input::at(&folder.join("streets.parquet")).expect("parquet");
    let (shapes, _) = read_for(&input, None, Purpose::Bounds { alleys: false }).expect("streets");
    let Shapes::Streets(streets) = shapes else { panic!("lines") };
    let crs = Crs::new("EPSG:32615").expect("UTM");
    let lines: Vec<Vec<Local>> =
        streets.iter().map(|s| s.line.iter().map(|&at| crs.to_local(at).expect("near")).collect()).collect();
    let found = polygonize(&lines, None, hotblocks::model::polygonize::SAME_PLACE);
    assert!(found.faces.iter().all(|face| face.shape.check_validation().is_ok()));
    // No overlap: together they are as large as what they cover.
    let all = geo::algorithm::bool_ops::unary_union(found.faces.iter().map(|face| &face.shape));
    let sum: f64 = found.faces.iter().map(|face| face.shape.unsigned_area()).sum();
    assert!((all.unsigned_area() / sum - 1.0).abs() < 1e-6, "{} of {sum}", all.unsigned_area());
}

proptest! {
    #![proptest_config(cases(40, 20_180_101))]

    /// Every place of the mask lies in one cell; on a shared edge in those that share it.
    #[test]
    fn cells_tile_the_mask_without_gap_or_overlap(
        x in 0.0f64..1000.0, y in 0.0f64..1000.0, width in 300.0f64..2000.0, height in 300.0f64..2000.0,
        size in 90.0f64..400.0, at in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0), 60)
    ) {
        let crs = Crs::new("EPSG:32615").expect("UTM");
        let corner = geo::Coord { x: 740_000.0 + x, y: 4_279_000.0 + y };
        let rect = geo::Rect::new(corner, geo::Coord { x: corner.x + width, y: corner.y + height });
        let mask = geo::MultiPolygon(vec![rect.to_polygon()]);
        for set in [
            square_cells(&mask, Metres(size), &crs),
            hexagon_cells(&mask, Metres(size), &crs),
            h3_cells(&mask, 9, &crs),
        ] {
            let set = set.expect("cells");
            let ids: std::collections::HashSet<&str> = set.blocks.iter().map(|b| b.id.as_str()).collect();
            prop_assert_eq!(ids.len(), set.blocks.len());
            for &(u, v) in &at {
                let place = geo::Point::new(corner.x + u * width, corner.y + v * height);
                let around = set.blocks.iter().filter(|b| b.local.intersects(&place)).count();
                prop_assert_eq!(around, 1, "{:?} in {}", place, &set.blocks[0].id);
            }
            // What the cells have inside the mask is the mask.
            use geo::BooleanOps;
            let inside: f64 = set.blocks.iter().map(|b| match &b.local {
                geo::Geometry::Polygon(cell) => cell.intersection(&mask.0[0]).unsigned_area(),
                _ => 0.0,
            }).sum();
            prop_assert!((inside / (width * height) - 1.0).abs() < 1e-6, "{} of {}", inside, width * height);
        }
    }
}
