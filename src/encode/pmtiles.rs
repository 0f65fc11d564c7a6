//! An archive of vector tiles in one file (PMTiles 3), for maps on a plain file server.

use std::io::{Seek, Write};

use pmtiles::{PmTilesWriter, PmtResult, TileCoord, TileId, TileType};
use rayon::prelude::*;
use serde_json::json;

use super::mvt::{Tiled, tile};
use super::tilejson::{bounds, description, vector_layers};
use crate::engine::snapshot::Snapshot;
use crate::space::bbox::LonLatBox;
use crate::space::tile::{Tile, on_map};

/// Tiles drawn at a time, on all cores, before they are written.
const BATCH: usize = 256;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Tiles that hold something.
    pub tiles: usize,
    /// Tiles from which something was left out, so that they stay below their bound.
    pub cut: usize,
}

/// Writes the tiles of some layers from zoom 0 to another.
///
/// # Errors
///
/// What the file system says.
pub fn pmtiles(
    snapshot: &Snapshot,
    layers: &[&Tiled],
    most_zoom: u8,
    to: impl Write + Seek,
) -> PmtResult<Archived> {
    let b = bounds(snapshot, layers);
    let metadata = json!({
        "name": snapshot.dataset().title,
        "description": description(snapshot, "vector tiles"),
        "type": "overlay",
        "format": "pbf",
        "generator": concat!("hotblocks ", env!("CARGO_PKG_VERSION")),
        "vector_layers": vector_layers(layers, most_zoom),
    });
    let (lon, lat) = ((b.west + b.east) / 2.0, (b.south + b.north) / 2.0);
    let writer = PmTilesWriter::new(TileType::Mvt)
        .min_zoom(0)
        .max_zoom(most_zoom)
        .bounds(b.west, b.south, b.east, b.north)
        .center(lon, lat)
        .center_zoom(most_zoom.min(11))
        .metadata(metadata.to_string());
    let mut writer = writer.create(to)?;
    let mut archived = Archived::default();
    for zoom in 0..=most_zoom {
        for batch in coords(b, zoom)?.chunks(BATCH) {
            let draw = |coord: &TileCoord| {
                let at = Tile::new(coord.z().into(), coord.x().into(), coord.y().into());
                at.map(|at| tile(layers, at)).unwrap_or_default()
            };
            let drawn: Vec<_> = batch.par_iter().map(draw).collect();
            for (coord, drawn) in batch.iter().zip(drawn).filter(|(_, drawn)| !drawn.bytes.is_empty()) {
                archived.tiles += 1;
                archived.cut += usize::from(!drawn.cut.is_empty());
                writer.add_tile(*coord, &drawn.bytes)?;
            }
        }
    }
    writer.finalize()?;
    Ok(archived)
}

/// The tiles of a zoom that a box touches, in the order of the archive.
fn coords(b: LonLatBox, zoom: u8) -> PmtResult<Vec<TileCoord>> {
    let most = (1_u32 << zoom) - 1;
    let cut = |part: f64| (part * f64::from(1_u32 << zoom)).floor().clamp(0.0, f64::from(most)) as u32;
    let ((west, north), (east, south)) = (on_map(b.west, b.north), on_map(b.east, b.south));
    // A tile more on each side: what lies on its edge may be drawn beyond it.
    let range = |from: f64, to: f64| cut(from).saturating_sub(1)..=cut(to).saturating_add(1).min(most);
    let all = range(west, east).flat_map(|x| range(north, south).map(move |y| (x, y)));
    let mut coords = all.map(|(x, y)| TileCoord::new(zoom, x, y)).collect::<PmtResult<Vec<_>>>()?;
    coords.sort_by_key(|coord| TileId::from(*coord).value());
    Ok(coords)
}
