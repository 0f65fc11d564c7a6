//! Alerts over HTTP: how long until one is on disk and acknowledged, and until fifty clients of events have heard of it;
//! and how long readers wait while a backup is made.
//!
//! `cargo bench --bench alerts` measures over a million incidents; run as a test it goes through once over a thousand.
//! `HOTBLOCKS_BENCH_MAX` sets the number, `HOTBLOCKS_LIVE_SECONDS` how long alerts come. Ends by itself.

mod common;
#[path = "../tests/common/wire.rs"]
mod wire;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::clock::timed;
use common::service::{Sent, alert, send_at_once, served};
use common::{city, sizes};
use hotblocks::ingest::blocks::Shapes;
use hotblocks::store::Store;
use wire::{Events, send};

/// Clients that listen.
const CLIENTS: usize = 50;

/// Alerts a second in the first part.
const RATE: u32 = 20;

/// Senders at once in the second part.
const SENDERS: usize = 16;

/// The middle of the city, longitude and latitude.
const MIDDLE: (f64, f64) = (-90.2, 38.63);

fn main() {
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let n = sizes().last().copied().unwrap_or(1_000);
    let set = std::env::var("HOTBLOCKS_LIVE_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds: u32 = set.unwrap_or(if measuring { 20 } else { 1 });
    let folder = tempfile::tempdir().expect("a folder");
    let (at, store) = served(folder.path(), Shapes::Streets(city::streets()), city::ledger(n), CLIENTS + 1);
    let alerts = seconds * RATE;
    println!("{n} incidents, {alerts} alerts at {RATE} a second, {CLIENTS} clients of events");
    let events = Events::listen(at, "/events?collections=incidents", &[]);
    events.next().expect("a frame");
    let first = timed(|| {
        post(at, "first");
        events.of("incident.added")
    });
    println!(
        "the first alert of all, from the start of the service: heard after {:.1} ms",
        first.0.as_secs_f64() * 1e3
    );
    let (acknowledged, heard) = steady(at, alerts);
    tell("alert to durable acknowledgement", acknowledged);
    tell("alert to every one of the clients", heard);
    let each = if measuring { 250 } else { 5 };
    let Sent { a_second, cpu_each, cpu_sending, times } =
        send_at_once(at, SENDERS, MIDDLE, |sent, _| sent < each);
    println!(
        "{SENDERS} senders at once, a connection each: {a_second:.0} alerts a second, each on disk before its answer; {:.0} us of processors an alert in the service, {:.0} us in its sender",
        1e6 * cpu_each,
        1e6 * cpu_sending
    );
    tell("alert to durable acknowledgement, all senders at once", times);
    beside_backups(at, &*store, folder.path(), Duration::from_secs(if measuring { 15 } else { 1 }));
}

/// How long reads take alone, and while one backup is made after the other.
fn beside_backups(at: SocketAddr, store: &dyn Store, folder: &std::path::Path, long: Duration) {
    let read = || {
        let answer = wire::get(at, "/collections/incidents/items?bbox=-90.21,38.62,-90.2,38.63&limit=100");
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let reads = |until: &dyn Fn() -> bool| {
        let mut times = Vec::new();
        while !until() {
            times.push(timed(read).0);
            std::thread::sleep(Duration::from_millis(5));
        }
        times
    };
    let begun = Instant::now();
    let alone = reads(&|| begun.elapsed() >= long);
    let ended = AtomicBool::new(false);
    let (beside, made) = std::thread::scope(|scope| {
        let backups = scope.spawn(|| {
            let (begun, mut made) = (Instant::now(), 0);
            while made == 0 || begun.elapsed() < long {
                made += 1;
                store.backup(&folder.join(format!("backup-{made}"))).expect("written");
            }
            ended.store(true, Ordering::Relaxed);
            made
        });
        (reads(&|| ended.load(Ordering::Relaxed)), backups.join().expect("made"))
    });
    let ratio = at_share(&beside, 0.99) / at_share(&alone, 0.99);
    tell("reads alone", alone);
    tell(&format!("reads while {made} backups are made"), beside);
    println!("p99 of reads while backups are made / alone: {ratio:.2}");
}

/// The time that a share of all stays below, in milliseconds.
fn at_share(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}

fn tell(what: &str, times: Vec<Duration>) {
    let at = |share: f64| at_share(&times, share);
    println!(
        "{what}: p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms, n {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// Sends an alert in the middle of the city; comes back with its acknowledgement.
fn post(at: SocketAddr, id: &str) {
    let body = alert(id, MIDDLE);
    let answer = send(at, "POST", "/alerts", &[("Content-Type", "application/json")], body.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Alerts at a steady rate: how long each took to be acknowledged, and to be heard by each of the clients.
fn steady(at: SocketAddr, alerts: u32) -> (Vec<Duration>, Vec<Duration>) {
    let (tell, heard) = channel();
    for _ in 0..CLIENTS {
        let (events, tell) = (Events::listen(at, "/events?collections=incidents", &[]), tell.clone());
        // It is there once it has heard where it stands.
        events.next().expect("a frame");
        std::thread::spawn(move || {
            for _ in 0..alerts {
                let told = events.of("incident.added").json();
                let nth: usize =
                    told["external_id"].as_str().and_then(|id| id.parse().ok()).expect("a number");
                tell.send((nth, Instant::now())).expect("waited for");
            }
        });
    }
    let (mut acknowledged, mut begun) = (Vec::new(), Vec::new());
    let first = Instant::now();
    for nth in 0..alerts {
        // An alert that is late makes the next one no later.
        std::thread::sleep(
            (first + Duration::from_secs(1) / RATE * nth).saturating_duration_since(Instant::now()),
        );
        begun.push(Instant::now());
        acknowledged.push(timed(|| post(at, &nth.to_string())).0);
    }
    let all = alerts as usize * CLIENTS;
    let told = (0..all).map(|_| heard.recv_timeout(wire::PATIENCE).expect("every client hears every alert"));
    (acknowledged, told.map(|(nth, at)| at - begun[nth]).collect())
}
