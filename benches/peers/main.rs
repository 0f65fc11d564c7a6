//! Our side of `make bench-peers`: one job on the peers' data, timed on one thread, as a line of figures.
//!
//! `RAYON_NUM_THREADS=1 cargo bench --bench peers -- --job NAME FOLDER`; `benches/peers/run.py` calls it.

mod alerts;
#[path = "../common/clock.rs"]
#[allow(dead_code, reason = "the evidence uses the rest")]
mod clock;
mod clusters;
mod density;
mod hotspots;
mod near_repeat;
#[path = "../common/senders.rs"]
mod senders;
#[path = "../common/service.rs"]
mod service;
mod store;
mod tiles;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clock::{cpu_seconds, median, memory};
use geo::Geometry;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::index::incidents::IncidentIndex;
use hotblocks::ingest::blocks;
use hotblocks::ingest::incidents::{Options, read};
use hotblocks::ingest::input::Input;
use hotblocks::model::block::{Block, BlockKind};
use hotblocks::space::coord::{Local, Metres};

/// Radius of the questions.
const RADIUS: Metres = Metres(100.0);
/// Pairs of laps by which two threads are held beside one.
const PAIRS: usize = 15;
/// How many places are asked about.
const ASKED: usize = 10_000;
/// How the incidents of the peers' file are to be read.
const LAYOUT: &str = include_str!("layout.toml");
/// A job is done this often at least, and for so long.
const LAPS: usize = 5;
const SHORTEST: Duration = Duration::from_secs(1);

/// Does a job of a room, if it has it: seconds or another figure, and what was found.
type Room = fn(&str, &Path) -> Option<(f64, f64)>;

/// The jobs of the analysis, room by room.
const ROOMS: [Room; 7] =
    [alerts::run, clusters::run, density::run, hotspots::run, near_repeat::run, store::run, tiles::run];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(given) = args.iter().position(|arg| arg == "--job") else {
        // Run as a test, or without a job: the data are made by `make bench-peers`.
        return ExitCode::SUCCESS;
    };
    let (Some(job), Some(folder)) = (args.get(given + 1), args.get(given + 2)) else {
        eprintln!("give --job NAME FOLDER");
        return ExitCode::FAILURE;
    };
    let folder = Path::new(folder);
    let Some((seconds, found)) = run(job, folder) else {
        eprintln!("no job is called `{job}`");
        return ExitCode::FAILURE;
    };
    println!("{{\"cpu\": {seconds:e}, \"found\": {found}}}");
    ExitCode::SUCCESS
}

fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    Some(match job {
        "index-build" => {
            let places = places(folder);
            let build = || IncidentIndex::build(places.iter().copied().map(Some));
            time(build, |index| index.len() as f64)
        }
        "index-bytes" => {
            let places = places(folder);
            let index = IncidentIndex::build(places.iter().copied().map(Some));
            (index.bytes() as f64 / places.len() as f64, index.len() as f64)
        }
        "radius-ids" => ask(folder, |index, at| index.ids_within_radius(at, RADIUS).len()),
        "radius-ascending" => ask(folder, |index, at| index.within_radius(at, RADIUS, |_| true).len()),
        "radius-count" => ask(folder, |index, at| index.count_within_radius(at, RADIUS)),
        "nearest-10" => ask(folder, |index, at| index.nearest(at, 10, |_| true).len()),
        "join" => {
            let (places, blocks) = (places(folder), blocks(folder));
            let join = || {
                let index = BlockIndex::build(&blocks);
                index.containing_all(&places)
            };
            time(join, |found| found.iter().flatten().count() as f64)
        }
        "join-build" => {
            let blocks = blocks(folder);
            time(|| BlockIndex::build(&blocks), |_| blocks.len() as f64)
        }
        "join-and-edges" => {
            let (places, blocks) = (places(folder), blocks(folder));
            let join = || {
                let index = BlockIndex::build(&blocks);
                let one = |&at: &Local| (index.containing(at), index.near_edge(at, Metres(10.0)));
                places.iter().map(one).collect::<Vec<_>>()
            };
            time(join, |found| found.iter().filter(|(_, near)| *near).count() as f64)
        }
        "csv" => {
            let inputs = [Input::at(&folder.join("incidents.csv")).expect("a .csv")];
            time(
                || read(&inputs, &options(), &|| ()).expect("the layout fits"),
                |(ledger, _)| ledger.reports.len() as f64,
            )
        }
        "csv-to-assigned" => {
            let whole = || snapshot(folder);
            time(whole, |snapshot| snapshot.dataset().assigned.in_blocks as f64)
        }
        "memory" => {
            let before = memory("VmRSS:");
            let snapshot = snapshot(folder);
            let incidents = snapshot.dataset().incidents.len() as f64;
            ((memory("VmHWM:") - before) * 1024.0 * 1024.0 / incidents, incidents)
        }
        _ => return ROOMS.iter().find_map(|room| room(job, folder)),
    })
}

/// Median CPU seconds of a job, and a number of its answer.
fn time<T>(mut job: impl FnMut() -> T, found: impl Fn(&T) -> f64) -> (f64, f64) {
    let (mut laps, begin) = (Vec::new(), Instant::now());
    loop {
        let before = cpu_seconds();
        let answer = black_box(job());
        laps.push(cpu_seconds() - before);
        if laps.len() >= LAPS && begin.elapsed() >= SHORTEST {
            return (median(&mut laps), found(&answer));
        }
    }
}

/// How many times as fast two threads are as one, by the clock, and the seconds of one. The two are asked in turn and each time in
/// the other order, and the median of the pairs is told: what others do on the machine meets both alike.
fn two_threads<T: Send>(job: impl Fn() -> T + Sync) -> (f64, f64) {
    let pools =
        [1, 2].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads can start"));
    let lap = |pool: &rayon::ThreadPool| {
        let begin = Instant::now();
        black_box(pool.install(&job));
        begin.elapsed().as_secs_f64()
    };
    let pair = |n: usize| {
        let mut seconds = [0.0; 2];
        for which in if n.is_multiple_of(2) { [0, 1] } else { [1, 0] } {
            seconds[which] = lap(&pools[which]);
        }
        seconds
    };
    let pairs: Vec<[f64; 2]> = (0..PAIRS).map(pair).collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|[one, two]| one / two).collect();
    let mut alone: Vec<f64> = pairs.iter().map(|[one, _]| *one).collect();
    (median(&mut ratios), median(&mut alone))
}

/// Seconds for all places that are asked about.
fn ask(folder: &Path, one: impl Fn(&IncidentIndex, Local) -> usize) -> (f64, f64) {
    let places = places(folder);
    let index = IncidentIndex::build(places.iter().copied().map(Some));
    let asked: Vec<Local> = places.iter().copied().step_by(places.len() / ASKED).take(ASKED).collect();
    time(|| asked.iter().map(|&at| one(&index, at)).sum::<usize>(), |&hits| hits as f64)
}

fn places(folder: &Path) -> Vec<Local> {
    let bytes = std::fs::read(folder.join("xy.f64")).expect("make_data.py writes it");
    let number = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
    bytes.chunks_exact(16).map(|at| Local { x: number(&at[..8]), y: number(&at[8..]) }).collect()
}

/// Blocks in metres.
fn blocks(folder: &Path) -> Vec<Block> {
    let text = std::fs::read_to_string(folder.join("blocks_xy.geojson")).expect("make_data.py writes it");
    let collection: geojson::FeatureCollection = text.parse().expect("GeoJSON");
    let block = |feature: geojson::Feature| {
        let shape: Geometry = feature.geometry.expect("a shape").try_into().expect("a shape geo knows");
        Block {
            id: String::new(),
            name: String::new(),
            kind: BlockKind::Polygon,
            lonlat: shape.clone().into(),
            local: shape,
            length: None,
            area: None,
            residents: Default::default(),
            areas: Default::default(),
            streets: Vec::new(),
        }
    };
    collection.features.into_iter().map(block).collect()
}

fn options() -> Options {
    Options { layout: Some(("layout.toml".to_owned(), LAYOUT.to_owned())), ..Options::default() }
}

/// From the files to incidents that are projected, assigned to blocks and indexed.
fn snapshot(folder: &Path) -> Snapshot {
    let areas = Input::at(&folder.join("blocks.geojson")).expect("a .geojson");
    let (shapes, _) = blocks::read(&areas, None).expect("blocks that can be read");
    let ground = Ground::from(shapes);
    let inputs = [Input::at(&folder.join("incidents.csv")).expect("a .csv")];
    let (ledger, _) = read(&inputs, &options(), &|| ()).expect("the layout fits");
    Snapshot::new(build(ledger, &ground, About::default()).expect("incidents lie in blocks"), 1)
}
