//! Layers as vector tiles (MVT 2.1): what a tile holds, how large it may be, and what it says of what was left out.

mod days;
mod drawing;
mod features;
mod incidents;
mod pen;
mod points;
mod ring;
mod shape;
mod window;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::engine::params::clusters::CLUSTERS;
use crate::engine::params::hotspots::HOTSPOTS;
use crate::engine::params::near_repeat::ZONES;
use crate::engine::params::ranking::RANK;
use crate::engine::params::table::{AREAS, DENSITY, INCIDENTS, Operation};
use crate::engine::params::targets::TARGETS;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::layer::answer::{AnswerError, answer};
use crate::layer::incidents::legend;
use crate::layer::{Legend, Page, Value};
use crate::model::datetime::Datetime;
use crate::space::bbox::LonLatBox;
use crate::space::tile::Tile;
use features::Features;
use incidents::Points;
use pen::Pen;
use wire::{Kind, LayerBytes};

/// Collections with tiles, as they lie upon each other.
pub const TILED: [Operation; 8] = [AREAS, TARGETS, CLUSTERS, HOTSPOTS, ZONES, RANK, DENSITY, INCIDENTS];

/// Units along an edge of a tile.
pub const EXTENT: u32 = 4096;

/// Units that lines and polygons reach beyond a tile's edges.
pub const BUFFER: u32 = 64;

/// Bytes that a tile may have.
pub const MOST_BYTES: usize = 500_000;

/// The layer of a tile that tells what was left out of it.
pub const TRUNCATED: &str = "_truncated";

/// Its properties.
pub const TRUNCATED_FIELDS: [(&str, &str); 4] =
    [("layer", "String"), ("kept", "Number"), ("of", "Number"), ("rule", "String")];

/// Media type of tiles.
pub const MEDIA: &str = "application/vnd.mapbox-vector-tile";

/// The number of a feature in tiles: it follows from its id alone, so it is the same in every tile and every version.
///
/// XXH3-64 of the id, its upper 53 bits, so that JavaScript can hold it.
#[must_use]
pub fn number_of(id: &str) -> u64 {
    XxHash3_64::oneshot(id.as_bytes()) >> 11
}

/// A layer ready to be drawn, tile by tile.
#[derive(Debug)]
pub struct Tiled {
    kind: Tiles,
    /// The collection.
    pub name: &'static str,
    /// What the colors mean.
    pub legend: Legend,
    /// What must be said with it.
    pub notice: Option<String>,
    /// Properties and what they hold: `String`, `Number` or `Boolean`.
    pub fields: BTreeMap<&'static str, &'static str>,
    /// Points, lines and polygons: which there are.
    pub kinds: [bool; 3],
}

#[derive(Debug)]
enum Tiles {
    Incidents(Points),
    Features(Features),
}

/// What was left out of a layer of a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The layer.
    pub layer: &'static str,
    /// Features that the tile holds.
    pub kept: usize,
    /// Features that lie in the tile.
    pub of: usize,
    /// Which were kept, in words.
    pub rule: &'static str,
}

/// A tile and what was left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The tile; empty where nothing lies in it.
    pub bytes: Vec<u8>,
    /// What was left out.
    pub cut: Vec<Cut>,
}

impl Tiled {
    /// Single incidents whose own interval reaches into a time, as the items of the layer have it.
    ///
    /// # Errors
    ///
    /// [`AnswerError`] as for the collection.
    pub fn incidents(
        snapshot: &Arc<Snapshot>,
        values: &Values,
        during: Option<Datetime>,
    ) -> Result<Self, AnswerError> {
        let plain = snapshot.select(&values.query())?;
        let selection = match during {
            Some(during) => plain.during(during, snapshot.dataset()),
            None => plain,
        };
        let points = Points::of(Arc::clone(snapshot), selection);
        Ok(Self {
            name: INCIDENTS.collection,
            legend: legend(),
            notice: snapshot.dataset().notice.clone(),
            fields: points.fields(),
            kinds: [true, false, false],
            kind: Tiles::Incidents(points),
        })
    }

    /// Makes a layer ready: its features once, or incidents from the snapshot on demand.
    ///
    /// # Errors
    ///
    /// [`AnswerError`] as for the collection.
    pub fn of(snapshot: &Arc<Snapshot>, operation: &Operation, values: &Values) -> Result<Self, AnswerError> {
        if operation.collection == INCIDENTS.collection {
            return Self::incidents(snapshot, values, values.period.map(Into::into));
        }
        let layer = answer(snapshot, operation, values, Page::ALL)?;
        let features = Features::of(operation.collection, &layer);
        Ok(Self {
            name: operation.collection,
            fields: features.fields(),
            kinds: features.kinds(),
            legend: layer.legend,
            notice: layer.notice,
            kind: Tiles::Features(features),
        })
    }

    /// Bytes that it holds in memory beside the snapshot, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.kind {
            // A snapshot of its own may be held by it: that is the engine's to bound.
            Tiles::Incidents(_) => 1 << 20,
            Tiles::Features(features) => features.weight(),
        }
    }

    /// The box around all features, in degrees; `None` where there is none.
    #[must_use]
    pub fn bounds(&self) -> Option<LonLatBox> {
        match &self.kind {
            Tiles::Incidents(points) => points.bounds(),
            Tiles::Features(features) => features.bounds(),
        }
    }

    fn draw(&self, tile: Tile, room: usize) -> (LayerBytes, Option<Cut>) {
        match &self.kind {
            Tiles::Incidents(points) => points.draw(tile, room),
            Tiles::Features(features) => features.draw(tile, room),
        }
    }
}

/// Bytes kept free for what is told of features that were left out, for each layer.
const TOLD: usize = 400;

/// A tile of some layers: it has [`MOST_BYTES`] at most, the rest is left out and told in a layer [`TRUNCATED`].
///
/// Where all do not fit, the room is shared equally, and what a layer does not need goes to the others.
#[must_use]
pub fn tile(layers: &[&Tiled], tile: Tile) -> Drawn {
    let mut parts: Vec<(LayerBytes, Option<Cut>)> =
        layers.iter().map(|layer| layer.draw(tile, MOST_BYTES - TOLD)).collect();
    let n_filled = parts.iter().filter(|(part, _)| part.n_features() > 0).count();
    let room = MOST_BYTES.saturating_sub(TOLD * n_filled);
    if parts.iter().map(|(part, _)| part.len()).sum::<usize>() > room {
        let mut smallest_first: Vec<usize> = (0..parts.len()).collect();
        smallest_first.sort_by_key(|&at| (parts[at].0.len(), at));
        let mut left = room;
        for (shares, at) in (1..=parts.len()).rev().zip(smallest_first) {
            if parts[at].0.len() > left / shares {
                parts[at] = layers[at].draw(tile, left / shares);
            }
            left = left.saturating_sub(parts[at].0.len());
        }
    }
    let mut drawn = Drawn::default();
    for (part, cut) in parts {
        drawn.cut.extend(cut);
        if part.n_features() == 0 {
            continue;
        }
        if drawn.bytes.is_empty() {
            drawn.bytes = part.into_tile();
        } else {
            part.write(&mut drawn.bytes);
        }
    }
    if !drawn.cut.is_empty() {
        told(&drawn.cut).write(&mut drawn.bytes);
    }
    drawn
}

/// What was left out, as points in the middle of the tile.
fn told(cuts: &[Cut]) -> LayerBytes {
    let mut layer = LayerBytes::new(TRUNCATED, TRUNCATED_FIELDS.map(|(name, _)| name).to_vec());
    let mut pen = Pen::default();
    let middle = (EXTENT / 2).cast_signed();
    pen.points(&[(middle, middle)]);
    for cut in cuts {
        let values =
            [Value::text(cut.layer), Value::count(cut.kept), Value::count(cut.of), Value::text(cut.rule)];
        let mut tags = Vec::new();
        for (key, value) in (0..).zip(values) {
            if let Some(ready) = wire::value(&value) {
                wire::varint(&mut tags, key);
                wire::varint(&mut tags, layer.value(&ready).into());
            }
        }
        layer.feature(number_of(cut.layer), &tags, Kind::Points, pen.drawn());
    }
    layer
}
