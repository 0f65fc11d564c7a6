//! A made-up town of four segments, with incidents as they are needed.

use std::path::Path;

use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::harm;

/// Four segments that meet in the middle of a made-up town.
pub(crate) fn town(folder: &Path) -> String {
    let street = |name: &str, a: (f64, f64), b: (f64, f64)| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{{"type":"LineString","coordinates":[[{},{}],[-90.2,38.6],[{},{}]]}}}}"#,
            a.0, a.1, b.0, b.1
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
        street("Main St", (-90.21, 38.6), (-90.19, 38.6)),
        street("Oak Ave", (-90.2, 38.59), (-90.2, 38.61)),
    );
    write(folder, "streets.geojson", &text)
}

/// Writes a file and tells its path.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("written");
    file.to_string_lossy().into_owned()
}

const HEADER: &str = "id,date,category,longitude,latitude,origin,firearm,shooting";

/// So many incidents of a kind in a month, on the west, east, south or north of the town, or without a place.
#[derive(Clone, Debug)]
pub(crate) struct Lot<'a>(pub(crate) usize, pub(crate) &'a str, pub(crate) Where, pub(crate) &'a str);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Where {
    West,
    East,
    South,
    North,
    Nowhere,
}

/// Incidents as a table: number, category, where, and `origin,firearm,shooting`.
pub(crate) fn table(some: &[Lot<'_>]) -> String {
    let mut text = HEADER.to_owned();
    let mut id = 0;
    for Lot(n, category, place, more) in some {
        let place = match place {
            Where::West => "-90.205,38.6",
            Where::East => "-90.195,38.6",
            Where::South => "-90.2,38.595",
            Where::North => "-90.2,38.605",
            Where::Nowhere => ",",
        };
        for _ in 0..*n {
            id += 1;
            // All January is covered.
            let day = 1 + id % 31;
            text.push_str(&format!("\n{id},2018-01-{day:02} 10:00,{category},{place},{more}"));
        }
    }
    text + "\n"
}

/// The town with some incidents and a table of weights.
pub(crate) fn town_with(some: &[Lot<'_>], weights: Option<&str>) -> Snapshot {
    town_of(&table(some), weights)
}

/// The town with a table of incidents and one of weights.
pub(crate) fn town_of(rows: &str, weights: Option<&str>) -> Snapshot {
    let folder = tempfile::tempdir().expect("a folder");
    let incidents = write(folder.path(), "incidents.csv", rows);
    let (snapshot, account, _) = super::load(&[incidents.into()], town(folder.path()).as_ref());
    assert!(account.refused.is_empty(), "{:?}", account.refused);
    let mut dataset = snapshot.dataset().clone();
    dataset.harm =
        weights.map(|text| harm::read("own.csv", text.as_bytes(), &dataset.classes).expect("a table"));
    Snapshot::new(dataset, 1)
}
