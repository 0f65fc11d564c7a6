//! The quality of places, counted by hand in a small town, and blocks that are written and read back as they were.

use crate::common;

use std::fmt::Write as _;

use hotblocks::encode::shapes;
use hotblocks::ingest::blocks::{self, Shapes};
use hotblocks::ingest::input::Input;
use hotblocks::model::block::BlockSet;
use hotblocks::model::streets::{Street, extent, segments_and_nodes};
use hotblocks::quality::places::{self, PlaceQuality};
use hotblocks::space::crs::Crs;

/// Two streets of 840 m, 220 m apart, in longitude and latitude that may be swapped.
const STREETS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"A St"},"geometry":{"type":"LineString","coordinates":[[-72.935,41.31],[-72.925,41.31]]}},
{"type":"Feature","properties":{"name":"B St"},"geometry":{"type":"LineString","coordinates":[[-72.935,41.312],[-72.925,41.312]]}}]}"#;

/// The quality of a town with so many incidents at each place.
fn quality(at: &[(usize, &str)]) -> PlaceQuality {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, streets) = (folder.path().join("rows.csv"), folder.path().join("streets.geojson"));
    let mut text = "incident id,date,category,longitude,latitude\n".to_owned();
    for (kind, (n, place)) in at.iter().enumerate() {
        for number in 0..*n {
            writeln!(text, "{kind}-{number},2018-01-03 10:00,robbery,{place}").expect("memory");
        }
    }
    std::fs::write(&rows, text).expect("written");
    std::fs::write(&streets, STREETS).expect("written");
    let (snapshot, ..) = common::load(&[rows], &streets);
    places::of(snapshot.dataset())
}

#[test]
fn each_flag_of_a_place_is_what_was_counted_by_hand() {
    let found = quality(&[
        (6, "-72.93,41.31"),   // at the middle of A St, as many as it takes
        (5, "-72.93,41.312"),  // at that of B St, one too few
        (7, "-72.934,41.31"),  // shared, and not at a middle
        (1, "-72.93,41.3131"), // 122 m beyond the streets, within the margin
        (3, "-72.93,41.3138"), // 200 m beyond them
        (2, "41.31,-72.93"),   // swapped
        (10, "-72.85,41.31"),  // 6 km away, as many as stand for 'unknown'
        (9, "-72.85,41.35"),   // one too few
        (11, "-100.0,40.0"),   // so far away that it has no local coordinates
        (4, ","),              // nowhere
    ]);
    assert_eq!((found.located, found.outside, found.swapped), (54, 35, 2));
    let sentinels: Vec<usize> = found.sentinels.iter().map(|(_, n)| *n).collect();
    assert_eq!(sentinels, [11, 10], "the most first");
    assert!(
        (found.sentinels[1].0.lon() + 72.85).abs() < 1e-6 && (found.sentinels[0].0.lat() - 40.0).abs() < 1e-6
    );
    assert_eq!((found.at_middles, found.block_midpoints()), (6, false));
    // 30 % at middles that six or more share: they were moved there.
    let moved = |elsewhere: usize| {
        let row: Vec<String> = (0..elsewhere).map(|n| format!("-72.93{n:02},41.3105")).collect();
        let mut at: Vec<(usize, &str)> = row.iter().map(|place| (1, place.as_str())).collect();
        at.push((6, "-72.93,41.31"));
        quality(&at).block_midpoints()
    };
    assert_eq!((moved(14), moved(15)), (true, false));
    let nothing = quality(&[(2, ",")]);
    assert_eq!((nothing.located, nothing.outside, nothing.block_midpoints()), (0, 0, false));
}

fn streets(input: &Input) -> Vec<Street> {
    match blocks::read(input, None).expect("streets").0 {
        Shapes::Streets(streets) => streets,
        Shapes::Areas(_) => panic!("{} holds streets", input.name),
    }
}

fn cut(streets: &[Street]) -> BlockSet {
    let local = Crs::local_for(extent(streets).expect("streets")).expect("UTM");
    segments_and_nodes(streets, &local).expect("in its zone")
}

#[track_caller]
fn check(input: &Input) {
    use geo::CoordsIter;
    let first = streets(input);
    let text = shapes::streets(&first);
    let again = streets(&Input::of("again.geojson", text.into_bytes()).expect("a known ending"));
    let (first, again) = (cut(&first), cut(&again));
    assert_eq!((first.blocks.len(), first.alleys.len()), (again.blocks.len(), again.alleys.len()));
    for (a, b) in first.blocks.iter().zip(&again.blocks) {
        assert_eq!((&a.id, &a.name, a.kind), (&b.id, &b.name, b.kind), "{}", input.name);
        assert_eq!(a.lonlat.coords_count(), b.lonlat.coords_count(), "{}", a.id);
        for (at, other) in a.lonlat.coords_iter().zip(b.lonlat.coords_iter()) {
            assert!((at.x - other.x).abs() < 1e-11 && (at.y - other.y).abs() < 1e-11, "{}: {at:?}", a.id);
        }
    }
}

#[test]
fn streets_that_are_written_are_cut_into_the_same_blocks_again() {
    check(&Input::at(&common::repository("data/new-haven/newhaven_nework.shp")).expect("shipped"));
    let Some(folder) = common::st_louis() else { return };
    check(&Input::at(&folder.join("streets.parquet")).expect("a known ending"));
}
