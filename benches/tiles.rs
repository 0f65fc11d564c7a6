//! Vector tiles: drawn cold over a million incidents, and from the cache beside a hello-world route of the same size; and pages
//! of a thousand features within a box.
//!
//! What is printed are seconds of processors; compare only figures of one run. `cargo bench --bench tiles`.

mod common;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use common::city;
use common::clock::{cpu_seconds, median};
use hotblocks::encode::mvt::{MEDIA, Tiled, tile};
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{INCIDENTS, Operation};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::engine::{Engine, View};
use hotblocks::space::tile::{Tile, tile_of};

/// Connections that ask one after the other.
const CONNECTIONS: usize = 8;
/// Rounds of each, in turn.
const ROUNDS: usize = 7;

fn main() {
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let n = if measuring { 1_000_000 } else { 1_000 };
    let dataset = build(city::ledger(n), &Ground::Streets(city::streets()), About::default());
    let dataset = dataset.expect("incidents lie on streets");
    let engine = Arc::new(Engine::new(dataset));
    let snapshot = engine.open(&View::all());
    println!("{n} incidents, {} blocks", snapshot.dataset().block_set.blocks.len());
    for zoom in [11, 14, 15, 16] {
        cold(&snapshot, &INCIDENTS, zoom);
    }
    cold(&snapshot, &RANK, 14);
    cached(&engine, &snapshot, if measuring { 40_000 } else { 80 });
    for layer in ["incidents", "blocks"] {
        pages(&engine, &snapshot, layer, if measuring { 1_000 } else { 8 });
    }
}

/// By the clock, how long a page of at most a thousand features takes in boxes of 2 km around incidents, none asked for before.
/// What is told of a block is found for the first box that shows it, and is known to the others; the ranking to all but one.
fn pages(engine: &Arc<Engine>, snapshot: &Snapshot, layer: &str, requests: usize) {
    const HALF_DEGREES: f64 = 0.01;
    let service = Server::start("pages", hotblocks::http::router(Arc::clone(engine), Values::default()));
    let mut client = Client::to(service.at);
    let incidents = &snapshot.dataset().incidents;
    let places = (0..incidents.len()).step_by((incidents.len() / requests).max(1));
    let (mut laps, mut bytes) = (Vec::new(), 0);
    for at in places.filter_map(|at| incidents.lonlat(at)).take(requests) {
        let (west, south) = (at.lon() - HALF_DEGREES, at.lat() - HALF_DEGREES);
        let (east, north) = (at.lon() + HALF_DEGREES, at.lat() + HALF_DEGREES);
        let path = format!("/collections/{layer}/items?bbox={west},{south},{east},{north}&limit=1000");
        let begun = Instant::now();
        bytes += client.ask(&path);
        laps.push(begun.elapsed().as_secs_f64());
    }
    let first = laps.first().copied().unwrap_or_default() * 1e3;
    laps.sort_by(f64::total_cmp);
    let part = |p: usize| laps[(laps.len() * p / 100).min(laps.len() - 1)] * 1e3;
    println!(
        "{layer} within a box, 1000 a page of {} bytes on average, {} boxes: the first {first:.2} ms, p50 {:.2} ms, p99 {:.2} ms",
        bytes / laps.len(),
        laps.len(),
        part(50),
        part(99)
    );
}

/// The tiles of a zoom in which incidents lie.
fn tiles(snapshot: &Snapshot, zoom: u8) -> BTreeSet<(u32, u32)> {
    let incidents = &snapshot.dataset().incidents;
    let places = (0..incidents.len()).filter_map(|at| incidents.lonlat(at));
    places.map(|at| tile_of(at, zoom)).map(|tile| (tile.x(), tile.y())).collect()
}

/// Draws every tile of a zoom once, as if none had been asked for before.
fn cold(snapshot: &Arc<Snapshot>, operation: &Operation, zoom: u8) {
    let before = cpu_seconds();
    let ready = Tiled::of(snapshot, operation, &Values::default()).expect("a layer");
    let ready_in = cpu_seconds() - before;
    let places = tiles(snapshot, zoom);
    let (mut bytes, mut cut, mut laps) = (0, 0, Vec::new());
    for _ in 0..3 {
        (bytes, cut) = (0, 0);
        let before = cpu_seconds();
        for &(x, y) in &places {
            let at = Tile::new(zoom.into(), x.into(), y.into()).expect("a tile");
            let drawn = black_box(tile(&[&ready], at));
            bytes += drawn.bytes.len();
            cut += drawn.cut.len();
        }
        laps.push(cpu_seconds() - before);
    }
    let (each, layer) = (median(&mut laps) / places.len() as f64, operation.collection);
    println!(
        "cold {layer} z{zoom}: {:.1} us a tile over {} tiles of {} bytes on average ({cut} truncated); made ready in {:.1} ms",
        each * 1e6,
        places.len(),
        bytes / places.len().max(1),
        ready_in * 1e3
    );
}

/// Server seconds for each request of a tile that is kept, beside a route that only says so many bytes.
fn cached(engine: &Arc<Engine>, snapshot: &Arc<Snapshot>, requests: usize) {
    let service = Server::start("tiles", hotblocks::http::router(Arc::clone(engine), Values::default()));
    for (layer, wanted) in
        [("incidents", 2_000), ("incidents", 12_000), ("incidents", 60_000), ("blocks", 12_000)]
    {
        let Some((path, size)) = tile_of_size(snapshot, &service, layer, wanted) else { continue };
        let body = Bytes::from(vec![7_u8; size]);
        let hello = get(move || async move { ([(header::CONTENT_TYPE, MEDIA)], body) });
        let hello = Server::start("hello", Router::new().route("/", hello));
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floor.push(hello.seconds_each("/", requests));
            ours.push(service.seconds_each(&path, requests));
        }
        let (ours, floor) = (median(&mut ours), median(&mut floor));
        println!(
            "cached {layer} tile of {size} bytes: {:.2} us a request, hello world of the same size {:.2} us: {:.2} times",
            ours * 1e6,
            floor * 1e6,
            ours / floor
        );
    }
}

/// The address of a tile of about a size, and its size.
fn tile_of_size(
    snapshot: &Snapshot,
    service: &Server,
    layer: &str,
    wanted: usize,
) -> Option<(String, usize)> {
    let mut best: Option<(String, usize)> = None;
    for zoom in [14, 15, 16, 17] {
        let places: Vec<(u32, u32)> = tiles(snapshot, zoom).into_iter().collect();
        for (x, y) in places.iter().step_by((places.len() / 40).max(1)) {
            let path = format!("/xyz/{layer}/{zoom}/{x}/{y}.mvt");
            let size = Client::to(service.at).ask(&path);
            let is_nearer = |(_, known): &(String, usize)| size.abs_diff(wanted) < known.abs_diff(wanted);
            if size > 0 && best.as_ref().is_none_or(is_nearer) {
                best = Some((path, size));
            }
        }
    }
    best
}

/// A service on loopback with one worker whose seconds are counted.
struct Server {
    name: &'static str,
    at: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    fn start(name: &'static str, router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let at = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { name, at, runtime: Some(runtime) }
    }

    /// Seconds that the threads of this service have run.
    fn seconds(&self) -> f64 {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return f64::NAN };
        let own = threads.flatten().filter(|thread| {
            std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim() == self.name)
        });
        let nanoseconds = own.filter_map(|thread| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        });
        nanoseconds.sum::<f64>() / 1e9
    }

    fn seconds_each(&self, path: &str, requests: usize) -> f64 {
        let before = self.seconds();
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut client = Client::to(self.at);
                    for _ in 0..requests / CONNECTIONS {
                        client.ask(path);
                    }
                });
            }
        });
        // The kernel brings a thread's figure up to date when it sleeps.
        std::thread::sleep(std::time::Duration::from_millis(10));
        (self.seconds() - before) / requests as f64
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One connection that is kept.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn to(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("a socket");
        Self { stream, buffer: vec![0; 1 << 20] }
    }

    /// Asks and tells how long the body is.
    fn ask(&mut self, path: &str) -> usize {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.stream.write_all(request.as_bytes()).expect("sent");
        let mut have = 0;
        let (head, length) = loop {
            have += self.more(have, path);
            let text = &self.buffer[..have];
            let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            break (end + 4, length.and_then(|text| text.trim().parse().ok()).unwrap_or(0));
        };
        while have < head + length {
            have += self.more(have, path);
        }
        length
    }

    fn more(&mut self, have: usize, path: &str) -> usize {
        if have == self.buffer.len() {
            self.buffer.resize(2 * have, 0);
        }
        let n = self.stream.read(&mut self.buffer[have..]).expect("an answer");
        assert!(n > 0, "{path}: the service closed");
        n
    }
}
