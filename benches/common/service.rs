//! A service over a store, and senders of alerts that keep their connection, as the hub of a sensor does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use hotblocks::engine::Engine;
use hotblocks::engine::build::{About, Ground};
use hotblocks::engine::live::Live;
use hotblocks::engine::params::values::Values;
use hotblocks::http::base::Access;
use hotblocks::http::live::{Limits, Retaining, Taking};
use hotblocks::http::serve::{Service, serve};
use hotblocks::ingest::blocks::Shapes;
use hotblocks::ingest::incidents::Options;
use hotblocks::model::link::LinkRule;
use hotblocks::model::reports::Ledger;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::SqliteStore;
use hotblocks::store::{Batch, Store};

use super::clock::{cpu_seconds, thread_seconds};

/// A service over a store of these reports on this ground; `each` streams of events at most for one client.
pub(crate) fn served(
    folder: &Path,
    blocks: Shapes,
    reports: Ledger,
    each: usize,
) -> (SocketAddr, Arc<dyn Store>) {
    let setting = Setting { blocks: Some(blocks.clone()), ..Setting::default() };
    let file = folder.join("city.hotblocks");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::create(&file, &setting).expect("made"));
    let batch = Batch { ledger: reports.clone(), ..Batch::default() };
    let revision = store.append(vec![batch]).expect("stored")[0].revision;
    let about = About { link: Some(LinkRule::default()), ..About::default() };
    let mut live = Live::new(reports, Ground::from(blocks), about).expect("a data set");
    let engine = Arc::new(Engine::over(live.snapshot(revision)));
    let taking = Taking {
        store: Arc::clone(&store),
        file,
        live,
        options: Options::default(),
        rules: Vec::new(),
        webhooks: Vec::new(),
        retention: Retaining::default(),
    };
    let service = Service {
        address: "127.0.0.1:0".to_owned(),
        metrics: None,
        engine,
        defaults: Values::default(),
        access: Access::default(),
        taking: Some(taking),
        limits: Limits { each, ..Limits::default() },
    };
    let (tell, told) = channel();
    std::thread::spawn(move || serve(service, |at, _| tell.send(at).expect("waited for")).expect("served"));
    (told.recv().expect("served"), store)
}

/// What an alert says, under an id.
pub(crate) fn alert(id: &str, (lon, lat): (f64, f64)) -> String {
    let now = jiff::Timestamp::now();
    format!(
        r#"{{"external_id":"{id}","revision":1,"status":"confirmed","occurred_at":"{now}","type":"gunfire","lon":{lon},"lat":{lat}}}"#
    )
}

/// A connection that stays.
struct Connection {
    stream: TcpStream,
    at: SocketAddr,
    /// What came of an answer.
    came: Vec<u8>,
}

impl Connection {
    fn to(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).expect("it listens");
        stream.set_nodelay(true).expect("set");
        Self { stream, at, came: Vec::new() }
    }

    /// Sends an alert until it is acknowledged: where more waits to be shown than the service takes, as it is told to, a little
    /// later again.
    fn post(&mut self, body: &str) {
        let request = format!(
            "POST /alerts HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.at,
            body.len()
        );
        loop {
            match self.answer(&request) {
                201 => return,
                429 => std::thread::sleep(Duration::from_millis(5)),
                other => panic!("{other}: {}", String::from_utf8_lossy(&self.came)),
            }
        }
    }

    /// The status that a request is answered with, once all of the answer has come.
    fn answer(&mut self, request: &str) -> u16 {
        self.stream.write_all(request.as_bytes()).expect("sent");
        self.came.clear();
        loop {
            let before = self.came.len();
            self.came.resize(before + 2_048, 0);
            let n = self.stream.read(&mut self.came[before..]).expect("an answer");
            assert!(n > 0, "the service has gone");
            self.came.truncate(before + n);
            let Some(end) = self.came.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.came[..end]).expect("a head");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
            if self.came.len() == end + 4 + length {
                return head[9..12].parse().expect("a status");
            }
        }
    }
}

/// Sends an alert, and waits until it is shown: what a service does once, before it shows the first, is done then.
pub(crate) fn warm(at: SocketAddr, place: (f64, f64)) {
    let mut connection = Connection::to(at);
    connection.post(&alert("warm", place));
    let asked = format!("GET /collections/incidents/items/alerts:warm HTTP/1.1\r\nHost: {at}\r\n\r\n");
    while connection.answer(&asked) != 200 {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A place within five kilometers or so of another, by a number.
fn around((lon, lat): (f64, f64), number: usize) -> (f64, f64) {
    let off = |step: usize| ((number * step % 1_000) as f64 - 500.0) * 1e-4;
    (lon + off(7_919), lat + off(104_729))
}

/// What came of several senders at once.
pub(crate) struct Sent {
    /// Alerts, by the clock.
    pub(crate) a_second: f64,
    /// Seconds of processors for each in the service.
    pub(crate) cpu_each: f64,
    /// The same in the senders, which are of this process too.
    pub(crate) cpu_sending: f64,
    /// How long each took to be acknowledged.
    pub(crate) times: Vec<Duration>,
}

/// Alerts around a place from several senders at once, each on the disk before its sender sends the next, while `more` holds for their numbers.
pub(crate) fn send_at_once(
    at: SocketAddr,
    senders: usize,
    place: (f64, f64),
    more: impl Fn(usize, Duration) -> bool + Sync,
) -> Sent {
    let ready = Barrier::new(senders + 1);
    let (ready, more) = (&ready, &more);
    std::thread::scope(|scope| {
        let one = |sender: usize| {
            let mut connection = Connection::to(at);
            ready.wait();
            let (begun, before) = (Instant::now(), thread_seconds());
            let mut times = Vec::new();
            while more(times.len(), begun.elapsed()) {
                let place = around(place, sender * 62_501 + times.len());
                let body = alert(&format!("s{sender}-{}", times.len()), place);
                let sent = Instant::now();
                connection.post(&body);
                times.push(sent.elapsed());
            }
            (times, thread_seconds() - before)
        };
        let handles: Vec<_> = (0..senders).map(|sender| scope.spawn(move || one(sender))).collect();
        // Read while the senders wait: once they send, it would be late.
        let before = cpu_seconds();
        ready.wait();
        let begun = Instant::now();
        let (mut times, mut sending) = (Vec::new(), 0.0);
        for handle in handles {
            let (of_one, seconds) = handle.join().expect("sent");
            times.extend(of_one);
            sending += seconds;
        }
        let n = times.len() as f64;
        Sent {
            a_second: n / begun.elapsed().as_secs_f64(),
            cpu_each: (cpu_seconds() - before - sending) / n,
            cpu_sending: sending / n,
            times,
        }
    })
}
