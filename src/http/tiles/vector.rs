//! A vector tile: from the cache, else drawn from layers that are ready, and packed once for those who take gzip.

use std::io::Write;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::problem::Problem;
use super::super::state::AppState;
use super::Pairs;
use super::encoded::{CACHE_NEWEST, CACHE_SNAPSHOT, Encoded, takes_gzip};
use super::kept::Key;
use super::ready::Layers;
use crate::encode::mvt;
use crate::engine::View;
use crate::engine::params::choosing::SNAPSHOT;
use crate::engine::params::table::{Kind, Param};
use crate::engine::snapshot::Snapshot;
use crate::space::tile::Tile;

/// The form of a tile, of which there is one.
pub(in crate::http) const FORM: Param = Param {
    flag: "",
    wire: "f",
    kind: Kind::Word(&["mvt"]),
    default: "mvt",
    help: "Form of the answer",
    example: "mvt",
};

/// Tiles smaller than this are not packed.
const SMALL: usize = 512;

/// The snapshot that a query asks for, taken out of it; the newest where it names none.
pub(super) fn opened(state: &AppState, pairs: &mut Pairs) -> Result<(Arc<Snapshot>, bool), Problem> {
    let asked = pairs.extract_if(.., |(name, _)| name == SNAPSHOT.wire).map(|(_, text)| text);
    match &asked.collect::<Vec<_>>()[..] {
        [] => Ok((state.open(), false)),
        [text] => Ok((state.opened(text, None)?, true)),
        _ => Err(Problem::repeated(SNAPSHOT.wire)),
    }
}

/// Takes the form out of a query; refuses one that is not offered.
pub(super) fn without_form(pairs: &mut Pairs, offered: &[&'static str]) -> Result<(), Problem> {
    let Some(at) = pairs.iter().position(|(name, _)| name == FORM.wire) else { return Ok(()) };
    let (_, text) = pairs.remove(at);
    if offered.contains(&text.trim()) { Ok(()) } else { Err(Problem::form(&text, offered)) }
}

/// An answer that is a tile of the newest snapshot, as a mark of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfNewest;

pub(super) async fn tile(
    state: AppState,
    layers: Layers,
    tile: Tile,
    query: Option<String>,
    mut pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (snapshot, is_held) = opened(&state, &mut pairs)?;
    let found = found((&state, snapshot, is_held), layers, tile, query, pairs, &headers).await?;
    let cache = if is_held { CACHE_SNAPSHOT } else { CACHE_NEWEST };
    let mut response = found.answer(HeaderValue::from_static(mvt::MEDIA), cache, &headers);
    if !is_held {
        response.extensions_mut().insert(OfNewest);
    }
    Ok(response)
}

/// The tile from the cache, else drawn and packed.
async fn found(
    (state, snapshot, is_held): (&AppState, Arc<Snapshot>, bool),
    layers: Layers,
    tile: Tile,
    query: Option<String>,
    mut pairs: Pairs,
    headers: &HeaderMap,
) -> Result<Encoded, Problem> {
    let key = Key {
        generation: snapshot.generation(),
        view: View::all(),
        layer: layers.name(),
        tile,
        query: if is_held { joined(&pairs).into() } else { query.unwrap_or_default().into() },
        is_gzip: takes_gzip(headers),
    };
    if let Some(found) = state.tiles.encoded.get(&key) {
        return Ok(found);
    }
    without_form(&mut pairs, &["mvt"])?;
    let values = layers.check(state, &snapshot, pairs)?;
    // The client may go away, as maps do when they move on: what has been begun is ended all the same, once.
    let turn = Arc::clone(&state.tiles.turns).acquire_owned().await.map_err(Problem::inside)?;
    let state = state.clone();
    let work = tokio::spawn(async move {
        let _turn = turn;
        if let Some(found) = state.tiles.encoded.get(&key) {
            return Ok::<_, Problem>(found);
        }
        let newest = state.open().generation();
        state.tiles.tidy(newest, |generation| state.keeps(generation));
        let plain = Key { is_gzip: false, ..key.clone() };
        let drawn = match state.tiles.encoded.get(&plain) {
            Some(drawn) => drawn,
            None => {
                let ready = layers.ready(&state, &snapshot, &values).await?;
                let draw = move || {
                    let ready: Vec<&mvt::Tiled> = ready.iter().map(Arc::as_ref).collect();
                    Encoded::of(mvt::tile(&ready, tile))
                };
                let drawn = tokio::task::spawn_blocking(draw).await.map_err(Problem::inside)?;
                state.tiles.encoded.insert(plain, drawn.clone());
                drawn
            }
        };
        if !key.is_gzip {
            return Ok(drawn);
        }
        let packed = tokio::task::spawn_blocking(move || packed(drawn));
        let packed = packed.await.map_err(Problem::inside)?.map_err(Problem::inside)?;
        state.tiles.encoded.insert(key, packed.clone());
        Ok(packed)
    });
    work.await.map_err(Problem::inside)?
}

fn joined(pairs: &Pairs) -> String {
    // No query as it came has these signs in it, so the two sorts of keys cannot be taken for each other.
    pairs.iter().map(|(name, text)| format!("{name}\u{1}{text}\u{2}")).collect()
}

/// The same bytes in gzip, where that is worth it.
fn packed(tile: Encoded) -> std::io::Result<Encoded> {
    if tile.bytes.len() < SMALL {
        return Ok(tile);
    }
    let mut out = GzEncoder::new(Vec::with_capacity(tile.bytes.len() / 2), Compression::fast());
    out.write_all(&tile.bytes)?;
    Ok(Encoded { bytes: out.finish()?.into(), is_gzip: true, ..tile })
}
