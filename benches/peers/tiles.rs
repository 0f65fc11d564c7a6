//! Vector tiles of all places where incidents lie, drawn cold: incidents and blocks.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use hotblocks::encode::csv::cell;
use hotblocks::encode::geojson::collection_bytes;
use hotblocks::encode::mvt::{Tiled, tile};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{INCIDENTS, Operation};
use hotblocks::engine::params::values::Values;
use hotblocks::layer::Page;
use hotblocks::layer::answer::answer;
use hotblocks::layer::choose::{Choice, choose};
use hotblocks::space::tile::{Tile, tile_of};

/// Seconds for the text of all blocks, from their ranks: with all that is told of them, or with these fields alone.
fn geojson(folder: &Path, fields: Option<&str>) -> (f64, f64) {
    let snapshot = super::snapshot(folder);
    let mut choice = Choice::all(&RANK, snapshot.dataset());
    if let Some(fields) = fields {
        choice.properties(fields).expect("fields of blocks");
    }
    let layer = choose(&snapshot, &RANK, &Values::default(), Page::ALL, &choice).expect("ranked blocks");
    super::time(|| collection_bytes(&layer, serde_json::Value::Null), |text| text.len() as f64)
}

/// Writes what tiles tell of each block as a table, so that peers can tell the same; nothing of it is timed.
fn fields(folder: &Path) -> (f64, f64) {
    let snapshot = Arc::new(super::snapshot(folder));
    let names = Tiled::of(&snapshot, &RANK, &Values::default()).expect("a layer").fields;
    let layer = answer(&snapshot, &RANK, &Values::default(), Page::ALL).expect("ranked blocks");
    let quoted =
        |text: String| if text.is_empty() { text } else { format!("\"{}\"", text.replace('"', "\"\"")) };
    let mut text = names.keys().copied().collect::<Vec<_>>().join(",") + "\n";
    for feature in &layer.features {
        let of = |name: &str| match feature.properties.iter().find(|(key, _)| *key == name) {
            _ if name == "id" => feature.id.clone(),
            Some((_, value)) => cell(value),
            None => String::new(),
        };
        text.push_str(&names.keys().map(|name| quoted(of(name))).collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    std::fs::write(folder.join("blocks_fields.csv"), text).expect("the folder of the data can be written to");
    (0.0, layer.features.len() as f64)
}

/// Seconds for all tiles of a zoom, and how many there are.
pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let (operation, zoom): (&Operation, u8) = match job {
        "mvt-incidents-14" => (&INCIDENTS, 14),
        "mvt-incidents-15" => (&INCIDENTS, 15),
        "mvt-incidents-16" => (&INCIDENTS, 16),
        "mvt-blocks-14" => (&RANK, 14),
        "blocks-fields" => return Some(fields(folder)),
        "geojson-blocks" => return Some(geojson(folder, None)),
        "geojson-blocks-same" => return Some(geojson(folder, Some("rank"))),
        _ => return None,
    };
    let snapshot = Arc::new(super::snapshot(folder));
    let layer = Tiled::of(&snapshot, operation, &Values::default()).expect("a layer");
    let incidents = &snapshot.dataset().incidents;
    let places = (0..incidents.len()).filter_map(|at| incidents.lonlat(at));
    let tiles: BTreeSet<(u32, u32)> =
        places.map(|at| tile_of(at, zoom)).map(|tile| (tile.x(), tile.y())).collect();
    let draw = || {
        let drawn = tiles.iter().map(|&(x, y)| {
            let at = Tile::new(zoom.into(), x.into(), y.into()).expect("a tile");
            std::hint::black_box(tile(&[&layer], at)).bytes.len()
        });
        drawn.filter(|&bytes| bytes > 0).count()
    };
    Some(super::time(draw, |&tiles| tiles as f64))
}
