//! What is kept for tiles: surfaces and layers made ready, and encoded tiles up to a number of bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::super::shelf::Shelf;
use super::encoded::Encoded;
use crate::encode::mvt::Tiled;
use crate::engine::View;
use crate::layer::density_tile::Shaded;
use crate::space::grid::MAX_CELLS;
use crate::space::tile::Tile;

/// How many surfaces are kept for pictures: as many dashboards with views of their own.
const MOST_SURFACES: usize = 8;

/// How many layers are kept ready: four dashboards with all layers.
const MOST_READY: usize = 32;

/// Bytes that layers which are ready may hold together.
const MOST_READY_BYTES: usize = 512 << 20;

/// Bytes of encoded tiles that are kept.
const MOST_ENCODED: u64 = 128 << 20;

/// What an entry takes beside its bytes, about.
const ENTRY: u64 = 256;

/// What one tile is known by: a tile of another snapshot, view or query is another tile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) generation: u64,
    pub(super) view: View,
    pub(super) layer: &'static str,
    pub(super) tile: Tile,
    /// As it came, but for the number of the snapshot.
    pub(super) query: Box<str>,
    pub(super) is_gzip: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes;

impl Weighter<Key, Encoded> for Bytes {
    fn weight(&self, key: &Key, tile: &Encoded) -> u64 {
        ENTRY + key.query.len() as u64 + tile.bytes.len() as u64
    }
}

/// What tiles are drawn from: as many at once as there are cores.
pub(in crate::http) struct Tiles {
    pub(super) turns: Arc<Semaphore>,
    pub(super) surfaces: Shelf<Shaded>,
    pub(super) ready: Shelf<Tiled>,
    pub(super) encoded: Cache<Key, Encoded, Bytes>,
    /// The generation that was asked for last.
    newest: AtomicU64,
}

impl Tiles {
    pub(in crate::http) fn new(cores: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            surfaces: Shelf::new(MOST_SURFACES, 2 * MAX_CELLS, Shaded::n_cells),
            ready: Shelf::new(MOST_READY, MOST_READY_BYTES, Tiled::weight),
            encoded: Cache::with_weighter(10_000, MOST_ENCODED, Bytes),
            newest: AtomicU64::new(0),
        }
    }

    /// Lets go of all that is of snapshots which cannot be opened any more, when a newer one is met: what was erased
    /// from the data is kept in no tile either.
    pub(super) fn tidy(&self, newest: u64, can_be_opened: impl Fn(u64) -> bool) {
        if self.newest.swap(newest, Ordering::Relaxed) == newest {
            return;
        }
        // Keys of shelves begin with the generation.
        let of = |key: &str| key.split(' ').next().and_then(|word| word.parse().ok());
        let keep = |key: &str| of(key).is_some_and(&can_be_opened);
        self.surfaces.retain(keep);
        self.ready.retain(keep);
        self.encoded.retain(|key, _| can_be_opened(key.generation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::mvt::Drawn;

    #[test]
    fn no_more_bytes_are_kept_than_the_bound() {
        let tiles = Tiles::new(1);
        for x in 0..600 {
            let key = Key {
                generation: 1,
                view: View::all(),
                layer: "blocks",
                tile: Tile::new(14, x, 0).expect("a tile"),
                query: "".into(),
                is_gzip: false,
            };
            let drawn = Drawn { bytes: vec![7; 500_000], cut: Vec::new() };
            tiles.encoded.insert(key.clone(), Encoded::of(drawn));
            assert!(tiles.encoded.weight() <= MOST_ENCODED);
        }
        assert!(tiles.encoded.weight() > MOST_ENCODED / 4, "{}", tiles.encoded.weight());
        tiles.tidy(2, |generation| generation == 2);
        assert_eq!(tiles.encoded.len(), 0, "the snapshot of all these is gone");
    }
}
