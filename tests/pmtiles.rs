//! `export tiles --pmtiles`: the archive read back by its specification holds the very tiles that the service gives.

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use common::command::run;
use hotblocks::config::Config;
use hotblocks::engine::Engine;
use pmtiles::{TileCoord, TileId};
use serde_json::Value as Json;
use tower::ServiceExt;

const SAMPLE: &str = "data/new-haven/hotblocks.toml";

/// An archive by the specification of PMTiles, version 3.
struct Archive {
    bytes: Vec<u8>,
    tiles: BTreeMap<u64, Vec<u8>>,
    metadata: Json,
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("gzip");
    out
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut n = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number");
        *bytes = rest;
        n |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    n
}

impl Archive {
    fn read(bytes: Vec<u8>) -> Self {
        assert_eq!((&bytes[..7], bytes[7]), (&b"PMTiles"[..], 3));
        let number =
            |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
        let part = |at: usize| bytes[number(at)..number(at) + number(at + 8)].to_vec();
        let metadata = serde_json::from_slice(&unpacked(&part(24))).expect("JSON");
        let (clustered, internal, of_tiles, kind) = (bytes[96], bytes[97], bytes[98], bytes[99]);
        assert_eq!((clustered, internal, of_tiles, kind), (1, 2, 2, 1), "clustered, gzip, gzip, MVT");
        let (leaves, data) = (part(40), part(56));
        let mut tiles = BTreeMap::new();
        Self::directory(&part(8), &leaves, &data, &mut tiles);
        assert_eq!(tiles.len(), number(72), "addressed tiles");
        Self { tiles, metadata, bytes }
    }

    fn directory(packed: &[u8], leaves: &[u8], data: &[u8], tiles: &mut BTreeMap<u64, Vec<u8>>) {
        let plain = unpacked(packed);
        let mut rest = &plain[..];
        let n = varint(&mut rest) as usize;
        let mut column = || (0..n).map(|_| varint(&mut rest)).collect::<Vec<u64>>();
        let (steps, runs, lengths, offsets) = (column(), column(), column(), column());
        let (mut id, mut end) = (0, 0);
        for at in 0..n {
            id += steps[at];
            let from = if offsets[at] == 0 && at > 0 { end } else { offsets[at] as usize - 1 };
            end = from + lengths[at] as usize;
            if runs[at] == 0 {
                Self::directory(&leaves[from..end], leaves, data, tiles);
            }
            for id in id..id + runs[at] {
                assert!(tiles.insert(id, unpacked(&data[from..end])).is_none(), "tile {id} is there twice");
            }
        }
    }
}

#[tokio::test]
async fn the_archive_holds_the_tiles_that_the_service_gives_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tiles.pmtiles");
    let path = file.to_string_lossy().into_owned();
    let args = ["export", "tiles", "--pmtiles", "--config", SAMPLE, "--max-zoom", "13", "-o", &path];
    let (code, out, err) = run(&args);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(
        err.contains("tiles of areas, clusters, hotspots, near-repeat, blocks, density, incidents"),
        "{err}"
    );
    let archive = Archive::read(std::fs::read(&file).expect("written"));
    let number = |at: usize| {
        f64::from(i32::from_le_bytes(archive.bytes[at..at + 4].try_into().expect("four bytes"))) / 1e7
    };
    let [west, south, east, north] = [102, 106, 110, 114].map(number);
    assert!(-73.1 < west && west < east && east < -72.7 && 41.2 < south && south < north && north < 41.4);
    assert_eq!((archive.bytes[100], archive.bytes[101]), (0, 13), "zooms");
    let layers = archive.metadata["vector_layers"].as_array().expect("layers");
    let names: Vec<&str> = layers.iter().filter_map(|layer| layer["id"].as_str()).collect();
    assert!(["blocks", "incidents", "hotspots"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(
        archive.metadata["description"].as_str().expect("words").contains("not a statement about New Haven")
    );

    let (snapshot, ..) = common::new_haven();
    let mut dataset = snapshot.dataset().clone();
    let config = Config::open(&common::repository(SAMPLE)).expect("usable");
    dataset.notice = config.notice.clone();
    let router = hotblocks::http::router(Arc::new(Engine::new(dataset)), config.defaults().expect("usable"));
    let mut seen = 0;
    for (&id, tile) in &archive.tiles {
        let at = TileCoord::from(TileId::new(id).expect("a tile"));
        let path = format!("/xyz/all/{}/{}/{}.mvt", at.z(), at.x(), at.y());
        let (status, body) = ask(&router, &path).await;
        assert_eq!((status, &body), (StatusCode::OK, tile), "{path}");
        seen += 1;
    }
    assert!(seen > 20, "{seen} tiles");
    // Tiles beside those of the deepest zoom are empty.
    let deepest: Vec<TileCoord> = archive
        .tiles
        .keys()
        .map(|&id| TileCoord::from(TileId::new(id).expect("a tile")))
        .filter(|at| at.z() == 13)
        .collect();
    for at in &deepest {
        for (x, y) in [(at.x() + 1, at.y()), (at.x() - 1, at.y()), (at.x(), at.y() + 1), (at.x(), at.y() - 1)]
        {
            if deepest.iter().all(|known| (known.x(), known.y()) != (x, y)) {
                assert_eq!(ask(&router, &format!("/xyz/all/13/{x}/{y}.mvt")).await.0, StatusCode::NO_CONTENT);
            }
        }
    }
}

async fn ask(router: &axum::Router, path: &str) -> (StatusCode, Vec<u8>) {
    let request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080").body(Body::empty());
    let answer = router.clone().oneshot(request.expect("a request")).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    (parts.status, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

#[test]
fn without_the_form_or_the_file_nothing_is_written() {
    for (args, says) in [
        (&["export", "tiles", "--config", SAMPLE, "-o", "x.pmtiles"][..], "--pmtiles"),
        (&["export", "tiles", "--pmtiles", "--config", SAMPLE], "--output"),
        (&["export", "tiles", "--pmtiles", "--config", SAMPLE, "-o", "x", "--max-zoom", "30"], "max-zoom"),
    ] {
        let (code, _, err) = run(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(says), "{err}");
    }
    let (code, _, err) =
        run(&["export", "tiles", "--pmtiles", "--config", SAMPLE, "-o", "no/such/folder/x.pmtiles"]);
    assert!(code != 0 && err.contains("no/such/folder"), "{err}");
}
