//! The live feed over a socket: what is taken in is on disk when it is acknowledged, is shown, and is told.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use common::command::{run, signal};
use common::town;
use common::wire::{Answer, Events, begin, finish, get, send, told_to_go_on};
use hotblocks::engine::Engine;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::build::{About, Ground};
use hotblocks::engine::live::Live;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::rules::{Counts, Looks, Rule};
use hotblocks::http::base::Access;
use hotblocks::http::live::{Limits, Retaining, Taking, Webhook};
use hotblocks::http::serve::{Service, serve};
use hotblocks::ingest::blocks::{self, Shapes};
use hotblocks::ingest::incidents::Options;
use hotblocks::ingest::input::Input;
use hotblocks::model::areas::{Area, AreaKind};
use hotblocks::model::cutoff::{Cutoffs, Retention};
use hotblocks::model::link::LinkRule;
use hotblocks::model::reports::{Ledger, Reports};
use hotblocks::space::coord::Metres;
use hotblocks::store::error::StoreError;
use hotblocks::store::setting::Setting;
use hotblocks::store::sqlite::{Access as Opening, SqliteStore};
use hotblocks::store::watched::Watched;
use hotblocks::store::{Batch, Expired, Forgotten, PlacesKey, Receipt, Store, Verified, ledger};
use serde_json::{Value as Json, json};

/// A service over a store in a folder of its own.
struct Town {
    at: SocketAddr,
    metrics: SocketAddr,
    store: Arc<dyn Store>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Town {
    fn serve(limits: Limits) -> Self {
        Self::telling(limits, (Vec::new(), Vec::new()))
    }

    /// The same with rules, and webhooks that tell what they find.
    fn telling(limits: Limits, notify: (Vec<Rule>, Vec<Webhook>)) -> Self {
        Self::over(limits, notify, |store| store)
    }

    /// The same over a store that is not what it seems.
    fn over(
        limits: Limits,
        notify: (Vec<Rule>, Vec<Webhook>),
        instead: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::under(Access::default(), limits, notify, instead)
    }

    /// The same where incidents are kept for some days, by source.
    fn keeping(days: &[(&str, u32)], notify: (Vec<Rule>, Vec<Webhook>)) -> Self {
        let kept = Retention(days.iter().map(|&(source, days)| (source.to_owned(), days)).collect());
        Self::made(Access::default(), Limits::default(), notify, kept, |store| store)
    }

    /// The same under other names, or behind proxies.
    fn under(
        access: Access,
        limits: Limits,
        notify: (Vec<Rule>, Vec<Webhook>),
        instead: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::made(access, limits, notify, Retention::default(), instead)
    }

    fn made(
        access: Access,
        limits: Limits,
        notify: (Vec<Rule>, Vec<Webhook>),
        kept: Retention,
        instead: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let streets = Input::at(town::town(folder.path()).as_ref()).expect("streets");
        let shapes = blocks::read(&streets, None).expect("readable").0;
        let Shapes::Streets(streets) = shapes.clone() else { panic!("streets") };
        let file = folder.path().join("town.hotblocks");
        let setting = Setting { blocks: Some(shapes), ..Setting::default() };
        let store = instead(Arc::new(SqliteStore::create(&file, &setting).expect("made")));
        let (all, revision) = ledger(&*store).expect("empty");
        let about = About { link: Some(LinkRule::default()), ..About::default() };
        let mut live = Live::new(all, Ground::Streets(streets), about).expect("a data set");
        // West of the middle lies a ward.
        let ring =
            geo::LineString::from(vec![(-90.22, 38.59), (-90.2, 38.59), (-90.2, 38.61), (-90.22, 38.61)]);
        let shape = geo::MultiPolygon(vec![geo::Polygon::new(ring, Vec::new())]);
        let ward = Area { name: Some("West & Co".to_owned()), shape, ..Area::default() };
        live.dress(|data| set_areas(data, vec![(AreaKind::Ward, vec![ward])])).expect("near");
        let engine = Arc::new(Engine::over(live.snapshot(revision)));
        let options = Options::default();
        let (rules, webhooks) = notify;
        let taking = Taking {
            store: Arc::clone(&store),
            file: file.clone(),
            live,
            options,
            rules,
            webhooks,
            retention: Retaining { every: Duration::from_millis(300), kept },
        };
        let service = Service {
            address: "127.0.0.1:0".to_owned(),
            metrics: Some("127.0.0.1:0".to_owned()),
            engine,
            defaults: Values::default(),
            access,
            taking: Some(taking),
            limits,
        };
        let (tell, told) = channel();
        std::thread::spawn(move || {
            serve(service, |at, metrics| tell.send((at, metrics)).expect("waited for")).expect("served");
        });
        let (at, metrics) = told.recv().expect("served");
        Self { at, metrics: metrics.expect("a second listener"), store, file, _folder: folder }
    }

    fn ingest(&self, path: &str, media: &str, body: &[u8]) -> Answer {
        send(self.at, "POST", path, &[("Content-Type", media)], body)
    }

    fn alert(&self, changes: Json) -> Answer {
        let body = alert(changes).to_string();
        send(self.at, "POST", "/alerts", &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// How many incidents a map sees.
    fn shown(&self, query: &str) -> u64 {
        let items = get(self.at, &format!("/collections/incidents/items?category=all{query}"));
        assert_eq!(items.status, 200, "{}", items.text());
        items.json()["numberMatched"].as_u64().expect("a number")
    }
}

fn alert(changes: Json) -> Json {
    let now = jiff::Timestamp::now().to_string();
    let mut alert = json!({
        "external_id": "ss-1", "revision": 1, "status": "confirmed", "occurred_at": now,
        "type": "gunfire", "rounds": 4, "lon": -90.205, "lat": 38.6, "accuracy_m": 25,
    });
    for (name, value) in changes.as_object().expect("an object") {
        alert[name] = value.clone();
    }
    alert
}

/// Waits until the snapshot of an answer is shown.
fn wait(at: SocketAddr, answer: &Answer) {
    // The run, and how many states there were before.
    let state = |told: &Json| {
        let name = told["snapshot"].as_str().expect("a snapshot").to_owned();
        let (run, generation) = name.split_once('-').expect("a run and a number");
        (run.to_owned(), generation.parse::<u64>().expect("a number"))
    };
    let (run, wanted) = state(&answer.json());
    for _ in 0..3_000 {
        let ready = get(at, "/readyz").json();
        let (of, shown) = state(&ready);
        assert_eq!(of, run, "one run has one name");
        if shown >= wanted {
            // The same name opens the state, of features and of tiles.
            let name = ready["snapshot"].as_str().expect("a snapshot");
            for path in
                ["/collections/blocks/items?limit=1&", "/xyz/blocks/0/0/0.mvt?", "/styles/blocks.json?"]
            {
                let status = get(at, &format!("{path}snapshot={name}")).status;
                assert!(matches!(status, 200 | 204), "{path}: {status}");
            }
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("snapshot {wanted} was never shown");
}

/// Whether a service is ready, but for the room on this machine's disk, which is not the test's to say.
fn is_ready(answer: &Answer) -> bool {
    let told = answer.json();
    let all = told["checks"].as_object().expect("checks");
    let ready = all.values().all(|ok| ok.as_bool() == Some(true));
    all.iter().all(|(name, ok)| name == "disk" || ok.as_bool() == Some(true))
        && told["ready"].as_bool() == Some(ready)
        && answer.status == if ready { 200 } else { 503 }
}

const CSV: &str = "incidentid,date,category,longitude,latitude\n\
    a-1,2024-01-03T10:00:00Z,robbery,-90.205,38.6\n\
    a-2,2024-01-04T10:00:00Z,robbery,-90.195,38.6\n\
    a-3,never,robbery,-90.195,38.6\n\
    a-4,2024-01-05T10:00:00Z,rape,-90.195,38.6\n";

/// One service for the tests that do not mind each other.
static SHARED: LazyLock<Town> = LazyLock::new(|| Town::serve(Limits::default()));

#[test]
fn a_file_sent_twice_is_stored_once_and_every_row_is_accounted_for() {
    let town = Town::serve(Limits::default());
    let first = town.ingest("/ingest/police", "text/csv", CSV.as_bytes());
    assert_eq!(first.status, 200, "{}", first.text());
    let told = first.json();
    assert_eq!(
        (&told["read"], &told["inserted"], &told["unchanged"], &told["refused"]),
        (&json!(4), &json!(3), &json!(0), &json!(1)),
        "{told}"
    );
    let rejects = json!([{
        "line": 4, "column": "date", "value": "never", "reason": "date unreadable"
    }]);
    assert_eq!(told["rejects"], rejects);
    let report = get(town.at, told["report"].as_str().expect("an address"));
    assert_eq!((report.status, &report.json()["rejects"]), (200, &rejects));
    assert_eq!(get(town.at, "/ingest/reports/0-1").status, 404);
    wait(town.at, &first);
    assert_eq!(town.shown(""), 2, "what is protected is in no layer of single incidents");

    // The same bytes, and the same rows in another order.
    let again = town.ingest("/ingest/police", "text/csv", CSV.as_bytes()).json();
    assert_eq!((&again["repeated"], &again["snapshot"]), (&json!(true), &told["snapshot"]), "{again}");
    let lines: Vec<&str> = CSV.lines().collect();
    let shuffled = [lines[0], lines[3], lines[2], lines[4], lines[1]].join("\n");
    let shuffled = town.ingest("/ingest/police", "text/csv", shuffled.as_bytes()).json();
    assert_eq!((&shuffled["inserted"], &shuffled["unchanged"]), (&json!(0), &json!(3)), "{shuffled}");
    // And the same incidents in every other form.
    let feature = r#"{"type":"Feature","properties":{"incidentid":"a-1","date":"2024-01-03T10:00:00Z","category":"robbery","longitude":-90.205,"latitude":38.6},"geometry":{"type":"Point","coordinates":[-90.205,38.6]}}"#;
    let collection = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
    let plain = r#"{"incidentid":"a-1","date":"2024-01-03T10:00:00Z","category":"robbery","longitude":-90.205,"latitude":38.6}"#;
    for (media, body) in [
        ("application/geo+json", collection.clone()),
        ("application/geo+json-seq", format!("\u{1e}{feature}\n")),
        ("application/x-ndjson", format!("{plain}\n{plain}\n")),
    ] {
        let told = town.ingest("/ingest/police", media, body.as_bytes());
        assert_eq!(told.status, 200, "{media}: {}", told.text());
        let told = told.json();
        assert_eq!(told["inserted"], 0, "{media}: {told}");
        assert!(told["unchanged"].as_u64() >= Some(1), "{media}: {told}");
    }
    assert_eq!(ledger(&*town.store).expect("whole").0.reports.len(), 3);
}

#[test]
fn what_becomes_too_old_leaves_every_layer_event_and_rule_and_does_not_come_again() {
    let town = Town::keeping(&[("police", 30)], (Vec::new(), Vec::new()));
    let now = jiff::Timestamp::now();
    let row = |id: &str, days: i64, lon: &str| {
        format!("{id},{},robbery,{lon},38.6\n", now - jiff::SignedDuration::from_hours(24 * days))
    };
    let rows = |rows: &[String]| format!("incidentid,date,category,longitude,latitude\n{}", rows.concat());
    let kept = town.ingest("/ingest/calls", "text/csv", rows(&[row("c-1", 400, "-90.2051")]).as_bytes());
    wait(town.at, &kept);
    let old = rows(&[row("p-new", 3, "-90.205"), row("p-old", 200, "-90.195")]);
    let first = town.ingest("/ingest/police", "text/csv", old.as_bytes()).json();
    let taken = first["inserted"].as_u64().expect("a number");
    // Before the first look at what is too old both are taken, after it one.
    assert!(taken == 2 || first["expired"] == 1, "{first}");
    let shown = |id: &str| {
        let all = get(town.at, "/collections/incidents/items?category=all").text();
        let tile = get(town.at, "/collections/incidents/tiles/WebMercatorQuad/0/0/0?category=all");
        let tiled = tile.body.windows(id.len()).any(|some| some == id.as_bytes());
        (all.contains(&format!("police:{id}")), tiled)
    };
    // The new one is looked for first: both were taken in one request, so once it is there the old one was.
    for _ in 0..500 {
        if shown("p-new").0 && shown("p-old") == (false, false) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!((shown("p-old"), shown("p-new").0), ((false, false), true));
    assert_eq!(town.shown(""), 2, "those of other sources stay");
    let left = |id: &str| ledger(&*town.store).expect("whole").0.reports.iter().any(|one| one.id == Some(id));
    assert!(!left("p-old") && left("p-new") && left("c-1"));
    // Once it is too old, it is refused, and the answer says so.
    for _ in 0..500 {
        let again =
            town.ingest("/ingest/police", "text/csv", rows(&[row("p-older", 300, "-90.195")]).as_bytes());
        if again.json()["expired"] == 1 {
            assert_eq!((again.status, &again.json()["inserted"]), (200, &json!(0)), "{}", again.text());
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let strict = rows(&[row("p-9", 300, "-90.195"), row("p-8", 1, "-90.195")]);
    let strict = town.ingest("/ingest/police?strict=true", "text/csv", strict.as_bytes());
    assert_eq!(strict.status, 422, "{}", strict.text());
    assert!(!left("p-8"), "nothing of it was stored");
    let metrics = get(town.metrics, "/metrics").text();
    assert!(metrics.contains("hotblocks_expired_incidents_total{source=\"police\"}"), "{metrics}");
    assert!(metrics.contains("hotblocks_ingest_rows_total{outcome=\"expired\"}"), "{metrics}");
}

#[test]
fn an_alert_that_is_too_old_is_refused_with_a_reason() {
    let town = Town::keeping(&[("*", 30)], (Vec::new(), Vec::new()));
    let then = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 200)).to_string();
    let mut refused = None;
    for n in 0..500 {
        let answer = town.alert(json!({ "external_id": format!("ss-{n}"), "occurred_at": then }));
        if answer.status == 422 {
            refused = Some(answer);
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let refused = refused.expect("after the first look");
    assert!(refused.text().contains("too old to be kept"), "{}", refused.text());
    assert_eq!(town.alert(json!({})).status, 201, "one of today is taken");
}

#[test]
fn a_dry_run_and_a_strict_request_with_a_bad_row_store_nothing() {
    let town = Town::serve(Limits::default());
    let dry = town.ingest("/ingest/police?dry_run=true", "text/csv", CSV.as_bytes());
    assert_eq!((dry.status, &dry.json()["read"], &dry.json()["refused"]), (200, &json!(4), &json!(1)));
    let strict = town.ingest("/ingest/police?strict=true", "text/csv", CSV.as_bytes());
    let problem = strict.json();
    let detail = problem["detail"].as_str().expect("a detail");
    let report = detail.split(' ').find(|word| word.starts_with("/ingest/reports/")).expect("an address");
    assert_eq!((strict.status, get(town.at, report).json()["rejects"][0]["line"].as_u64()), (422, Some(4)));
    assert_eq!(strict.header("content-type"), Some("application/problem+json"));
    assert_eq!(ledger(&*town.store).expect("whole").1, 0, "nothing was written");
    let packed = {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(CSV.as_bytes()).expect("packed");
        gzip.finish().expect("packed")
    };
    let headers = [("Content-Type", "text/csv"), ("Content-Encoding", "gzip"), ("Idempotency-Key", "k1")];
    let taken = send(town.at, "POST", "/ingest/police?layout=lonlat", &headers, &packed);
    assert_eq!((taken.status, &taken.json()["inserted"]), (200, &json!(3)), "{}", taken.text());
    // The same key with another body is no repetition.
    let other = send(town.at, "POST", "/ingest/police", &headers[..1], CSV.replace("a-2", "a-9").as_bytes());
    assert_eq!(other.json()["inserted"], 1, "{}", other.text());
    let reused = [headers[0], headers[2]];
    let reused = send(town.at, "POST", "/ingest/police", &reused, CSV.replace("a-2", "a-8").as_bytes());
    assert_eq!((reused.status, &reused.json()["parameter"]), (422, &json!("Idempotency-Key")));
}

#[test]
fn an_alert_is_revised_superseded_withdrawn_and_told_each_time() {
    let town = Town::serve(Limits::default());
    let events = Events::listen(town.at, "/events?collections=incidents&bbox=-90.3,38.5,-90.1,38.7", &[]);
    assert_eq!(events.next().expect("the first frame").retry, "3000");
    events.next().expect("where it stands");
    // Of one second, whatever time passes between the two.
    let alert = json!({ "occurred_at": jiff::Timestamp::now().to_string() });
    let first = town.alert(alert.clone());
    assert_eq!((first.status, &first.json()["outcome"]), (201, &json!("inserted")), "{}", first.text());
    let added = events.of("incident.added");
    assert_eq!(added.json()["id"], "alerts:ss-1");
    assert_eq!(added.json()["category"], "weapon_discharge");
    assert_eq!(added.json()["status"], "confirmed");
    assert!(events.of("snapshot.published").json()["changed"].as_array().is_some());
    assert_eq!(town.shown(""), 1, "what is told can be asked for");
    let again = town.alert(alert);
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("unchanged")));
    let revised = town.alert(json!({ "revision": 3, "lon": -90.195, "type": "person_shot" }));
    assert_eq!((revised.status, &revised.json()["outcome"]), (200, &json!("revised")));
    let told = events.of("incident.revised").json();
    assert_eq!((&told["category"], &told["revision"]), (&json!("aggravated_assault"), &json!(3)), "{told}");
    let late = town.alert(json!({ "revision": 2 }));
    assert_eq!((late.status, &late.json()["outcome"]), (200, &json!("superseded")));
    let gone = town.alert(json!({ "revision": 4, "status": "withdrawn", "lon": null, "lat": null }));
    assert_eq!((gone.status, &gone.json()["outcome"]), (200, &json!("withdrawn")), "{}", gone.text());
    let told = events.of("incident.withdrawn").json();
    assert_eq!((&told["id"], told.get("lon")), (&json!("alerts:ss-1"), None), "{told}");
    events.of("snapshot.published");
    assert_eq!(town.shown(""), 0);
    // Nobody has looked at it yet: in no rank unless asked for.
    let unreviewed = town.alert(json!({ "external_id": "ss-2", "status": "unreviewed" }));
    wait(town.at, &unreviewed);
    assert_eq!(town.shown(""), 0);
    assert_eq!(town.shown("&status=unreviewed"), 1);
    let ranked = |query: &str| {
        get(town.at, &format!("/collections/blocks/items?category=all{query}")).json()["features"][0]
            ["properties"]["incidents"]
            .clone()
    };
    assert_eq!((ranked(""), ranked("&status=unreviewed")), (json!(0), json!(1)));
    // Elsewhere nothing was heard.
    assert_eq!(events.of("incident.added").json()["status"], "unreviewed");
}

#[test]
fn a_client_that_comes_back_hears_what_it_missed_and_one_that_was_away_too_long_hears_of_a_gap() {
    let town = Town::serve(Limits::default());
    let events = Events::listen(town.at, "/events?collections=incidents", &[]);
    let here = events.until(|frame| frame.comment == "here").id;
    town.alert(json!({}));
    let first = events.of("incident.added");
    events.of("snapshot.published");
    events.close();
    for n in 2..5 {
        wait(town.at, &town.alert(json!({ "external_id": format!("ss-{n}") })));
    }
    // From where it stood, and from before anything happened.
    for (last, from) in [(&first.id, 2), (&here, 1)] {
        let again = Events::listen(town.at, "/events?collections=incidents", &[("Last-Event-ID", last)]);
        for n in from..5 {
            assert_eq!(again.of("incident.added").json()["external_id"], format!("ss-{n}"));
        }
    }
    let long = Events::listen(town.at, "/events", &[("Last-Event-ID", "1f-7")]);
    let gap = long.event();
    assert_eq!((gap.event.as_str(), &gap.json()["from"]), ("gap", &json!("1f-7")));
    town.alert(json!({ "external_id": "ss-9" }));
    let next = long.event();
    assert_eq!((next.event.as_str(), &next.json()["external_id"]), ("incident.added", &json!("ss-9")));
    // Where nothing of it lies nothing is heard of it.
    let far = Events::listen(town.at, "/events?bbox=10,10,11,11", &[("Last-Event-ID", &here)]);
    let near = Events::listen(town.at, "/events?bbox=-91,38,-90,39", &[("Last-Event-ID", &here)]);
    assert_eq!(near.event().event, "incident.added");
    town.alert(json!({ "external_id": "ss-10" }));
    near.of("incident.added");
    far.close();
}

#[test]
fn what_is_protected_is_told_only_as_a_new_snapshot() {
    let town = Town::serve(Limits::default());
    let events = Events::listen(town.at, "/events", &[]);
    events.next().expect("it is there");
    let csv =
        "incidentid,date,category,longitude,latitude\nsecret-1,2024-01-03T10:00:00Z,rape,-90.2049,38.6\n";
    town.ingest("/ingest/police", "text/csv", csv.as_bytes());
    let told = events.event();
    assert_eq!(told.event, "snapshot.published");
    assert!(!told.data.contains("secret") && !told.data.contains("90.2049"), "{}", told.data);
    let bbox = told.json()["bbox"].clone();
    assert_eq!(bbox, json!([-90.21, 38.59, -90.19, 38.61]), "the box of all, not of the one");
}

#[test]
fn a_silent_line_is_kept_alive_and_clients_are_bounded() {
    let heartbeat = std::time::Duration::from_millis(50);
    let town = Town::serve(Limits { heartbeat, clients: 2, ..Limits::default() });
    let first = Events::listen(town.at, "/events", &[]);
    first.next().expect("it is there");
    let second = Events::listen(town.at, "/events", &[]);
    second.next().expect("it is there");
    first.until(|frame| frame.comment == "alive");
    let third = get(town.at, "/events");
    assert_eq!((third.status, third.header("retry-after")), (503, Some("5")), "{}", third.head);
    first.close();
    // Its place is free again as soon as the service sees that it has gone.
    for _ in 0..3_000 {
        let stream = begin(town.at, "GET", "/events", &[], 0);
        let mut first_bytes = [0; 12];
        std::io::Read::read_exact(&mut &stream, &mut first_bytes).expect("answered");
        if &first_bytes == b"HTTP/1.1 200" {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("a client that has gone keeps its place");
}

#[test]
fn more_than_is_taken_at_a_time_is_told_to_come_again_and_nothing_is_dropped() {
    let limits = Limits { body: 1 << 20, files: 1 << 20, ..Limits::default() };
    let town = Town::serve(limits);
    // A slow client holds all the room there is once it is told to go on.
    let media = [("Content-Type", "text/csv"), ("Expect", "100-continue")];
    let filled = CSV.to_owned() + &"\n".repeat((1 << 20) - CSV.len());
    let mut slow = begin(town.at, "POST", "/ingest/police", &media, filled.len());
    told_to_go_on(&mut slow);
    let busy = town.ingest("/ingest/fire", "text/csv", CSV.as_bytes());
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("1")), "{}", busy.text());
    assert_eq!(town.alert(json!({})).status, 201, "an alert has room of its own");
    std::io::Write::write_all(&mut slow, filled.as_bytes()).expect("sent");
    let answer = finish(slow);
    assert_eq!((answer.status, &answer.json()["inserted"]), (200, &json!(3)), "{}", answer.text());
    for _ in 0..3_000 {
        if town.ingest("/ingest/fire", "text/csv", CSV.as_bytes()).status == 200 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the room was not given back");
}

#[test]
fn a_client_that_does_not_send_what_it_announced_is_cut_off_and_its_room_is_given_back() {
    let limits = Limits {
        body: 1 << 20,
        files: 1 << 20,
        head: Duration::from_millis(300),
        request: Duration::from_millis(300),
        ..Limits::default()
    };
    let town = Town::serve(limits);
    // Half a head.
    let mut half = std::net::TcpStream::connect(town.at).expect("it listens");
    half.set_read_timeout(Some(common::wire::PATIENCE)).expect("set");
    std::io::Write::write_all(&mut half, b"GET /livez HTTP/1.1\r\nHost: a").expect("sent");
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut half, &mut rest).expect("cut off, not waited for");
    // Bodies of which half comes, or nothing.
    for (path, media, length, sent) in [
        ("/ingest/police", "text/csv", 1 << 20, 1_000),
        ("/ingest/police", "text/csv", 1 << 20, 0),
        ("/alerts", "application/json", 100, 50),
        ("/processes/rank/execution", "application/json", 100, 50),
    ] {
        let mut slow = begin(town.at, "POST", path, &[("Content-Type", media)], length);
        std::io::Write::write_all(&mut slow, &vec![b' '; sent]).expect("sent");
        let answer = finish(slow);
        assert_eq!(answer.status, 408, "{path} {sent}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    let after = town.ingest("/ingest/police", "text/csv", CSV.as_bytes());
    assert_eq!(after.status, 200, "{}", after.text());
}

#[test]
fn who_is_refused_before_its_body_was_read_can_send_it_and_read_why() {
    let limits = Limits { body: 1 << 20, files: 1 << 20, ..Limits::default() };
    let town = Town::serve(limits);
    let media = [("Content-Type", "text/csv"), ("Expect", "100-continue")];
    let mut slow = begin(town.at, "POST", "/ingest/police", &media, 1 << 20);
    told_to_go_on(&mut slow);
    // More than lies in the buffers between.
    let body = vec![b'x'; 14 << 20];
    let mut large = begin(town.at, "POST", "/ingest/fire", &[("Content-Type", "text/csv")], body.len());
    std::io::Write::write_all(&mut large, &body).expect("taken to its end");
    let busy = finish(large);
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("1")), "{}", busy.text());
    // One that waits for a word is not asked to send.
    let waits = begin(town.at, "POST", "/ingest/fire", &media, 1 << 20);
    assert_eq!(finish(waits).status, 429);
}

#[test]
fn clients_of_one_address_have_their_share_and_those_behind_a_proxy_their_own() {
    let access = Access::new(None, &["127.0.0.1".to_owned()], &[]).expect("usable");
    let town =
        Town::under(access, Limits { each: 2, ..Limits::default() }, (Vec::new(), Vec::new()), |store| store);
    let by = |name: &str| [("Forwarded", format!("for={name}"))];
    let listen = |name: &str| {
        let by = by(name);
        let events = Events::listen(town.at, "/events", &[(by[0].0, by[0].1.as_str())]);
        events.next().expect("it is there");
        events
    };
    let (first, _second) = (listen("192.0.2.1"), listen("192.0.2.1"));
    let ask = |name: &str| {
        let by = by(name);
        begin(town.at, "GET", "/events", &[(by[0].0, by[0].1.as_str())], 0)
    };
    let third = finish(ask("192.0.2.1"));
    assert_eq!((third.status, third.header("retry-after")), (429, Some("5")), "{}", third.text());
    assert!(third.text().contains("trusted_proxies"), "{}", third.text());
    let _other = listen("192.0.2.2");
    first.close();
    for _ in 0..3_000 {
        let mut first_bytes = [0; 12];
        std::io::Read::read_exact(&mut &ask("192.0.2.1"), &mut first_bytes).expect("answered");
        if &first_bytes == b"HTTP/1.1 200" {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("a client that has gone keeps its place");
}

#[test]
fn an_alert_outside_the_study_area_is_kept_and_its_sender_told() {
    let town = Town::serve(Limits::default());
    let notes = |changes: Json| {
        let answer = town.alert(changes);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["notes"].to_string()
    };
    assert_eq!(notes(json!({ "external_id": "here" })), "[]");
    let paris = notes(json!({ "external_id": "paris", "lon": 2.35, "lat": 48.86 }));
    assert!(paris.contains("outside the study area") && !paris.contains("swapped"), "{paris}");
    // Exchanged, this city is off the globe: refused, and told why.
    let turned = town.alert(json!({ "external_id": "turned", "lon": 38.6, "lat": -90.205 }));
    assert_eq!((turned.status, &turned.json()["parameter"]), (422, &json!("lon")), "{}", turned.text());
    assert!(turned.text().contains("lon and lat look swapped"), "{}", turned.text());
}

#[test]
fn a_source_that_was_silent_before_or_never_heard_is_told_of_in_every_digest() {
    let (at, told) = receiver(vec!["200 OK", "200 OK"]);
    let secret = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    let hook = Webhook::new(&format!("http://{at}/hook"), &secret, Vec::new(), true, 0.05).expect("usable");
    let silent = |source: &str| Rule {
        name: format!("{source} silent"),
        looks: Looks::Silent { source: Some(source.to_owned()), hours: 0.0 },
        counts: Counts::Categories(Vec::new()),
        unreviewed: false,
    };
    let rules = vec![silent("never"), silent("police")];
    // A file that tells of a time to come.
    let with_future = |store: Arc<dyn Store>| {
        let text =
            "incidentid,date,category,longitude,latitude\na-1,2099-01-03T10:00:00Z,robbery,-90.205,38.6\n";
        let input = Input::of("police.csv", text.as_bytes().to_vec()).expect("a file");
        let options = Options { source: Some("police".to_owned()), ..Options::default() };
        let read = hotblocks::ingest::incidents::read(&[input], &options, &|| ()).expect("readable");
        let batch = Batch { ledger: read.0, ..Batch::default() };
        store.append(vec![batch]).expect("written");
        store
    };
    let town = Town::over(Limits::default(), (rules, vec![hook]), with_future);
    let both: Vec<String> =
        (0..2).map(|_| told.recv_timeout(common::wire::PATIENCE).expect("told")).collect();
    for source in ["never", "police"] {
        assert!(both.iter().any(|one| one.contains(&format!("`{source}` has been silent"))), "{both:?}");
    }
    for area in ["ward:West%20&%20Co", "all"] {
        let feed = get(town.at, &format!("/areas/{area}/feed.atom"));
        assert_eq!(
            (feed.status, feed.text().matches("<entry>").count()),
            (200, 2),
            "{area}: {}",
            feed.text()
        );
    }
}

#[test]
fn what_cannot_be_used_is_a_problem_that_names_what_and_how_to_mend_it() {
    let town = &*SHARED;
    let csv = CSV.as_bytes();
    for (path, media, body, status, parameter, says) in [
        ("/ingest/police", "text/plain", csv, 415, "Content-Type", "text/csv"),
        ("/ingest/police", "", csv, 415, "Content-Type", "text/csv"),
        ("/ingest/police", "application/geo+json", csv, 422, "", "GeoJSON"),
        ("/ingest/police", "text/csv", b"PAR1", 415, "Content-Type", "Parquet"),
        ("/ingest/police", "text/csv", b"\x1f\x8b\x08", 415, "Content-Encoding", "gzip"),
        ("/ingest/police", "text/csv", b"a,b\n1,2\n", 422, "", "no layout fits"),
        ("/ingest/police", "text/csv", b"", 422, "", "empty"),
        ("/ingest/Police!", "text/csv", csv, 400, "source", "one word"),
        ("/ingest/police?layout=nothing", "text/csv", csv, 400, "layout", "lonlat"),
        ("/ingest/police?layout=../categories", "text/csv", csv, 400, "layout", "lonlat"),
        ("/ingest/police?layout=slmpd", "text/csv", csv, 422, "", "lacks the columns"),
        ("/ingest/police?crs=EPSG:0", "text/csv", csv, 400, "crs", "EPSG:0"),
        ("/ingest/police?dry_run=yes", "text/csv", csv, 400, "dry_run", "true, false"),
        ("/ingest/police?dryrun=true", "text/csv", csv, 400, "dryrun", "did you mean `dry_run`"),
        ("/ingest/police?strict=true&strict=true", "text/csv", csv, 400, "strict", "twice"),
        ("/alerts", "text/plain", b"{}", 415, "Content-Type", "application/json"),
        ("/alerts", "application/json", b"{}", 422, "external_id", "missing field"),
        ("/alerts", "application/json", b"{\"victim\":1}", 422, "victim", "unknown field `victim`"),
        ("/alerts", "application/json", b"", 422, "", "EOF"),
        ("/alerts?x=1", "application/json", b"{}", 400, "x", "not a parameter"),
    ] {
        let answer = town.ingest(path, media, body);
        let told = format!("{path} {media}: {}", answer.text());
        assert_eq!(answer.status, status, "{told}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{told}");
        let problem = answer.json();
        assert_eq!(problem["parameter"].as_str().unwrap_or_default(), parameter, "{told}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{told}");
    }
    let large = town.ingest("/alerts", "application/json", &vec![b' '; 32 << 10]);
    assert_eq!(large.status, 413, "{}", large.text());
    let wrong = town.alert(json!({ "type": "burglary" }));
    assert_eq!((wrong.status, &wrong.json()["parameter"]), (422, &json!("type")));
    for (field, value) in [("rounds", json!("7")), ("lat", json!("38.6")), ("external_id", json!(7))] {
        let wrong = town.alert(json!({ field: value }));
        assert_eq!((wrong.status, &wrong.json()["parameter"]), (422, &json!(field)), "{}", wrong.text());
    }
    for headers in [("Origin", "https://evil.example"), ("Idempotency-Key", "")] {
        let all = [("Content-Type", "application/json"), headers];
        let answer = send(town.at, "POST", "/alerts", &all, alert(json!({})).to_string().as_bytes());
        assert!([400, 403].contains(&answer.status), "{headers:?}: {}", answer.text());
    }
    for (method, path) in [("GET", "/alerts"), ("GET", "/ingest/police"), ("POST", "/events")] {
        let answer = send(town.at, method, path, &[], b"");
        assert_eq!((answer.status, answer.header("allow").is_some()), (405, true), "{method} {path}");
    }
    for path in [
        "/events?collections=x",
        "/events?collections=",
        "/events?collections=all",
        "/events?bbox=1",
        "/events?x=1",
    ] {
        assert_eq!(get(town.at, path).status, 400, "{path}");
    }
    // What can be heard is what the document says.
    let document = get(town.at, "/api").json();
    let collections = document["components"]["parameters"]["collections"]["schema"]["items"]["enum"].clone();
    let all: Vec<&str> = collections.as_array().expect("a list").iter().filter_map(Json::as_str).collect();
    assert!(all.contains(&"rules") && all.contains(&"incidents"), "{all:?}");
    drop(Events::listen(town.at, &format!("/events?collections={}", all.join(",")), &[]));
}

#[test]
fn metrics_are_told_on_the_second_listener_alone_by_template() {
    let town = &*SHARED;
    assert_eq!(town.ingest("/ingest/counted", "text/csv", CSV.as_bytes()).status, 200);
    assert_eq!(get(town.at, "/metrics").status, 404);
    let text = get(town.metrics, "/metrics").text();
    for line in [
        "hotblocks_requests_total{method=\"POST\",route=\"/ingest/{source}\",status=\"200\"}",
        "hotblocks_request_duration_seconds_bucket{le=\"0.001\",route=",
        "hotblocks_requests_in_flight",
        "hotblocks_ingest_rows_total{outcome=\"refused\"}",
        "hotblocks_store_commit_seconds_count",
        "hotblocks_snapshot_generation",
        "hotblocks_snapshot_age_seconds",
        "hotblocks_store_size_bytes",
        "hotblocks_event_clients",
        "hotblocks_webhook_failures_total",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("counted"), "an address is no template");
    assert_eq!(get(town.metrics, "/collections").status, 404);
}

/// Headers, a body, and the status of the answer.
type Tried<'a> = (&'a [(&'a str, &'a str)], Vec<u8>, u16);

/// A plain alert is taken before the routes; with an empty query the same one goes through them.
#[test]
fn an_alert_is_answered_alike_before_the_routes_and_through_them() {
    let town = Town::serve(Limits::default());
    let json = ("Content-Type", "application/json");
    let head = |answer: &Answer| -> Vec<String> {
        let mut lines: Vec<String> = answer.head.lines().map(str::to_ascii_lowercase).collect();
        // A snapshot has a longer name than the one before.
        lines.retain(|line| !line.starts_with("date:") && !line.starts_with("content-length:"));
        lines.sort();
        lines
    };
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).expect("packed");
        encoder.finish().expect("packed")
    };
    let one = |id: &str, revision: u32, status: &str| {
        alert(json!({ "external_id": id, "revision": revision, "status": status })).to_string()
    };
    let away = alert(json!({ "external_id": "a-far", "lon": 10.0 })).to_string();
    let gzip = ("Content-Encoding", "gzip");
    // Of those that are taken each way has ids of its own, of the same length.
    let all: [Tried<'_>; 14] = [
        (&[json], one("a-0", 1, "confirmed").into(), 201),
        (&[json], one("a-1", 1, "confirmed").into(), 201),
        (&[json], one("a-1", 2, "unreviewed").into(), 200),
        (&[json], one("a-1", 2, "unreviewed").into(), 200),
        (&[json], one("a-1", 3, "withdrawn").into(), 200),
        (&[json], away.into(), 201),
        (&[json, gzip], packed(&one("a-2", 1, "confirmed")), 201),
        (&[json, ("Idempotency-Key", "a-k")], one("a-3", 1, "confirmed").into(), 201),
        (&[json, ("Idempotency-Key", "a-k")], one("a-4", 1, "confirmed").into(), 422),
        (&[json, ("Idempotency-Key", "")], one("a-5", 1, "confirmed").into(), 400),
        (&[json], one("a-6", 1, "perhaps").into(), 422),
        (&[("Content-Type", "text/plain")], one("a-7", 1, "confirmed").into(), 415),
        (&[json, ("Content-Encoding", "br")], one("a-8", 1, "confirmed").into(), 415),
        (&[json], vec![b' '; 32 << 10], 413),
    ];
    let ways = [("/alerts?", "b-"), ("/alerts", "a-")].map(|(path, named)| {
        let answers = all.iter().map(|(headers, body, status)| {
            let body = match String::from_utf8(body.clone()) {
                Ok(text) => text.replace("a-", named).into_bytes(),
                // What is packed has its id inside.
                Err(_) if named == "b-" => packed(&one("b-2", 1, "confirmed")),
                Err(_) => body.clone(),
            };
            let key: Vec<(&str, &str)> = headers
                .iter()
                .map(|&(name, value)| (name, if value == "a-k" { named } else { value }))
                .collect();
            let answer = send(town.at, "POST", path, &key, &body);
            assert_eq!(answer.status, *status, "{path}: {}", answer.text());
            answer
        });
        answers.collect::<Vec<_>>()
    });
    let [through, before] = ways;
    for (through, before) in through.iter().zip(&before) {
        assert_eq!(head(through), head(before));
        let (mut one, mut other) = (through.json(), before.json());
        for told in [&mut one, &mut other] {
            let told = told.as_object_mut().expect("an object");
            for name in ["id", "external_id", "snapshot"] {
                told.insert(name.to_owned(), json!(""));
            }
        }
        assert_eq!(one, other);
    }
    let metrics = get(town.metrics, "/metrics").text();
    for (status, n) in [(201, 10), (200, 6), (422, 4), (415, 4), (413, 2), (400, 2)] {
        let of = format!(
            "hotblocks_requests_total{{method=\"POST\",route=\"/alerts\",status=\"{status}\"}} {n}\n"
        );
        assert!(metrics.contains(&of), "{of} is not in\n{metrics}");
    }
    assert!(metrics.contains("hotblocks_requests_in_flight 0\n"), "{metrics}");
    // What only the routes look at is looked at still.
    let whole = |host: &str, more: &str, path: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(town.at).expect("it listens");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n{more}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        finish(stream)
    };
    let here = town.at.to_string();
    let body = one("c-0", 1, "confirmed");
    let length = format!("Content-Length: {}\r\n", body.len());
    for (host, more, path, status) in [
        ("evil.example", "", "/alerts", 403),
        (here.as_str(), "Origin: https://evil.example\r\n", "/alerts", 403),
        (here.as_str(), "", "/alerts?x=1", 400),
        (here.as_str(), "", "/alerts/", 404),
    ] {
        let answer = whole(host, &format!("{length}{more}"), path, &body);
        assert_eq!(answer.status, status, "{host} {more} {path}: {}", answer.text());
    }
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let answer = whole(&here, "Transfer-Encoding: chunked\r\n", "/alerts", &chunked);
    assert_eq!(answer.status, 201, "of all these the first that is taken: {}", answer.text());
    let answer = whole(&here, &format!("{length}Origin: http://{here}\r\n"), "/alerts", &body);
    assert_eq!((answer.status, answer.header("access-control-allow-origin").is_some()), (200, true));
}

#[test]
fn a_service_that_takes_in_is_ready_and_says_why_where_it_is_not() {
    let town = &*SHARED;
    assert_eq!(get(town.at, "/livez").text(), "ok\n");
    let ready = get(town.at, "/readyz");
    assert!(is_ready(&ready), "{}", ready.text());
    assert!(town.file.exists());
}

/// The first address that a program tells.
fn address(lines: &mut impl Iterator<Item = String>) -> SocketAddr {
    let of = |line: String| line.split_once("http://")?.1.split(['/', ' ']).next()?.parse().ok();
    lines.find_map(of).expect("it says its address")
}

/// The binary over a store of its own.
struct Binary {
    child: Child,
    at: SocketAddr,
    metrics: SocketAddr,
    folder: tempfile::TempDir,
    /// What it logged so far.
    logged: Arc<Mutex<Vec<String>>>,
    logs: Option<JoinHandle<()>>,
}

impl Binary {
    fn serve(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (streets, store) = (town::town(folder.path()), path("town.hotblocks"));
        let incidents = town::write(folder.path(), "incidents.csv", CSV);
        let (code, _, err) = run(&["init", "--store", &store, "--blocks", &streets]);
        assert_eq!(code, 0, "{err}");
        let (code, _, err) = run(&["import", "incidents", &incidents, "--store", &store]);
        assert_eq!(code, 3, "some rows are refused: {err}");
        Self::over(folder, environment, &[])
    }

    /// Over the store of a folder that is there.
    fn over(folder: tempfile::TempDir, environment: &[(&str, &str)], more: &[&str]) -> Self {
        let store = folder.path().join("town.hotblocks");
        let mut child = Process::new(assert_cmd::cargo::cargo_bin("hotblocks"))
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .args(more)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let err = BufReader::new(child.stderr.take().expect("piped"));
        let mut err = err.lines().map_while(Result::ok);
        let metrics = address(&mut err);
        // What it logs is read, so that it never waits for a reader.
        let logged = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&logged);
        let logs = std::thread::spawn(move || {
            err.for_each(|line| {
                eprintln!("{line}");
                log.lock().expect("no panic").push(line);
            });
        });
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let at = address(&mut out.lines().map_while(Result::ok));
        Self { child, at, metrics, folder, logged, logs: Some(logs) }
    }

    /// Ends it as a power cut does; gives back what it leaves behind.
    fn killed(mut self) -> tempfile::TempDir {
        self.child.kill().expect("it runs");
        self.child.wait().expect("ended");
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    /// All that it logged, once it has ended.
    fn log(&mut self) -> Vec<String> {
        self.logs.take().expect("asked once").join().expect("no panic");
        self.logged.lock().expect("no panic").clone()
    }

    fn signal(&self, name: &str) {
        assert!(signal(name, self.child.id()));
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

#[test]
fn told_to_stop_it_is_not_ready_answers_what_is_in_flight_says_goodbye_and_ends_with_0() {
    let mut service = Binary::serve(&[("HOTBLOCKS_LOG_FORMAT", "json")]);
    assert!(is_ready(&get(service.at, "/readyz")));
    assert!(get(service.metrics, "/metrics").text().contains("hotblocks_store_size_bytes"));
    let shown = get(service.at, "/collections/incidents/items?category=all").json();
    assert_eq!(shown["numberMatched"], 2, "what was imported before is there");
    let events = Events::listen(service.at, "/events", &[]);
    events.next().expect("it is there");
    // A request whose body is still on its way.
    let body = CSV.replace("a-", "b-");
    let mut slow = begin(service.at, "POST", "/ingest/late", &[("Content-Type", "text/csv")], body.len());
    std::io::Write::write_all(&mut slow, &body.as_bytes()[..20]).expect("sent");
    // Begun before the signal, so that it is answered however late this machine lets us go on.
    let mut asking = std::net::TcpStream::connect(service.at).expect("it listens");
    asking.set_read_timeout(Some(common::wire::PATIENCE)).expect("set");
    std::io::Write::write_all(&mut asking, b"GET /readyz HTTP/1.1\r\n").expect("sent");
    let told = std::time::Instant::now();
    service.signal("TERM");
    assert_eq!(events.of("bye").event, "bye");
    let open = std::net::TcpStream::connect(service.at).is_ok();
    assert!(open || told.elapsed() >= std::time::Duration::from_millis(500), "it still listens");
    let rest = format!("Host: {}\r\nConnection: close\r\n\r\n", service.at);
    std::io::Write::write_all(&mut asking, rest.as_bytes()).expect("sent");
    let ready = finish(asking);
    assert_eq!((ready.status, &ready.json()["checks"]["running"]), (503, &json!(false)));
    std::io::Write::write_all(&mut slow, &body.as_bytes()[20..]).expect("sent");
    let answer = finish(slow);
    assert_eq!((answer.status, &answer.json()["inserted"]), (200, &json!(3)), "{}", answer.text());
    assert_eq!(service.child.wait().expect("ended").code(), Some(0));
    // That it is not ready is no failure of its own.
    let log = service.log();
    assert!(log.iter().all(|line| !line.contains("\"ERROR\"")), "{log:?}");
}

#[test]
fn told_to_stop_before_it_listens_it_ends_with_0() {
    let folder = tempfile::tempdir().expect("a folder");
    // Reading the list waits for someone who writes it.
    let list = folder.path().join("list.csv");
    let made = Process::new("mkfifo").arg(&list).status().expect("the system has it");
    assert!(made.success());
    let mut child = Process::new(assert_cmd::cargo::cargo_bin("hotblocks"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(folder.path().join("none"))
        .arg("--list")
        .arg(&list)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    // Opened once the other end is.
    let held = std::fs::OpenOptions::new().write(true).open(&list).expect("opened");
    assert!(signal("TERM", child.id()));
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    drop(held);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut service = Binary::serve(&[]);
    // It would wait for this one.
    let _slow = begin(service.at, "POST", "/ingest/late", &[("Content-Type", "text/csv")], 1_000);
    let events = Events::listen(service.at, "/events", &[]);
    events.next().expect("it is there");
    service.signal("TERM");
    events.of("bye");
    service.signal("TERM");
    assert_eq!(service.child.wait().expect("ended").code(), Some(1));
}

/// Answers one request after the other as it is told to, and tells what came.
fn receiver(answers: Vec<&'static str>) -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("asked");
            let (mut text, mut part) = (String::new(), [0; 4096]);
            while !text.contains("}}") {
                let n = stream.read(&mut part).expect("sent");
                text.push_str(&String::from_utf8_lossy(&part[..n]));
                assert!(n > 0, "{text}");
            }
            stream
                .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .expect("sent");
            tell.send(text).expect("waited for");
        }
    });
    (at, told)
}

#[test]
fn three_shots_near_each_other_are_told_on_events_by_webhook_and_in_the_area_s_feed_once() {
    let (at, told) = receiver(vec!["503 Busy\r\nRetry-After: 0", "200 OK", "410 Gone"]);
    let secret = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    let hook = Webhook::new(&format!("http://{at}/hook"), &secret, Vec::new(), true, 0.05).expect("usable");
    let rule = Rule {
        name: "three <shots>".to_owned(),
        looks: Looks::Threshold { at_least: 3, days: 7.0, radius: Metres(300.0) },
        counts: Counts::Categories(vec!["weapon_discharge".to_owned()]),
        unreviewed: false,
    };
    let town = Town::telling(Limits::default(), (vec![rule], vec![hook]));
    let events = Events::listen(town.at, "/events?collections=rules", &[]);
    events.next().expect("it is there");
    for n in 1..=5 {
        wait(town.at, &town.alert(json!({ "external_id": format!("ss-{n}") })));
    }
    let fired = events.event();
    assert_eq!((fired.event.as_str(), &fired.json()["rule"]), ("rule.fired", &json!("three <shots>")));
    assert!(fired.json()["incidents"].as_array().is_some_and(|all| all.len() >= 3), "{}", fired.data);
    assert_eq!(fired.json()["areas"], json!(["ward:West & Co"]));
    // The same message under the same name, signed, until it is taken.
    let first = told.recv_timeout(common::wire::PATIENCE).expect("delivered");
    let second = told.recv_timeout(common::wire::PATIENCE).expect("delivered again");
    assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
    assert!(header(&second, "webhook-signature").starts_with("v1,"));
    assert!(second.contains("\"type\":\"rule.fired\"") && second.contains("three <shots>"), "{second}");
    // Elsewhere three more: news, and the receiver says that it is gone.
    for n in 6..=8 {
        wait(town.at, &town.alert(json!({ "external_id": format!("ss-{n}"), "lon": -90.192 })));
    }
    assert_eq!(events.event().event, "rule.fired");
    told.recv_timeout(common::wire::PATIENCE).expect("delivered");
    let feed = get(town.at, "/areas/ward:West%20&%20Co/feed.atom");
    assert_eq!(feed.status, 200, "{}", feed.text());
    assert!(feed.header("content-type").is_some_and(|media| media.starts_with("application/atom+xml")));
    let text = feed.text();
    assert_eq!(text.matches("<entry>").count(), 1, "{text}");
    assert!(text.contains("three &lt;shots&gt;") && text.contains("West &amp; Co"), "{text}");
    assert_eq!(get(town.at, "/areas/ward:Nowhere/feed.atom").status, 404);
    let metrics = get(town.metrics, "/metrics").text();
    assert!(metrics.contains("hotblocks_webhook_failures_total 1"), "{metrics}");
}

/// The head of a message that has a name.
fn header(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.split_once(": ").expect("a value").1.to_owned()
}

#[test]
fn after_a_restart_findings_stand_open_rules_are_not_told_again_and_what_was_not_delivered_is() {
    use common::wire::PATIENCE;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (streets, store) = (town::town(folder.path()), path("town.hotblocks"));
    let ring = "[[[-90.22,38.59],[-90.18,38.59],[-90.18,38.61],[-90.22,38.61],[-90.22,38.59]]]";
    let ward = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"name":"All"}},"geometry":{{"type":"Polygon","coordinates":{ring}}}}}]}}"#
    );
    let ward = format!("ward={}", town::write(folder.path(), "ward.geojson", &ward));
    let (code, _, err) = run(&["init", "--store", &store, "--blocks", &streets, "--areas", &ward]);
    assert_eq!(code, 0, "{err}");
    // The receiver is busy once, and after that its next turn would be in half an hour.
    let (receives, told) = receiver(vec!["503 Busy", "200 OK", "200 OK", "200 OK", "200 OK"]);
    let config = format!(
        "[[live.rules]]\nname = \"three shots\"\nlooks_for = \"threshold\"\nat_least = 3\ndays = 7\nradius_m = 300\n\
         [[live.webhooks]]\nurl = \"http://{receives}/hook\"\nsecret_env = [\"HOOK\"]\nallow_loopback = true\nfirst_retry_s = 1800\n"
    );
    let config = town::write(folder.path(), "live.toml", &config);
    let environment = [("HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let more = ["--config", config.as_str()];
    let shoot = |at: SocketAddr, ids: std::ops::Range<usize>, lon: f64| {
        for n in ids {
            let body = alert(json!({ "external_id": format!("ss-{n}"), "lon": lon })).to_string();
            let sent = send(at, "POST", "/alerts", &[("Content-Type", "application/json")], body.as_bytes());
            wait(at, &sent);
        }
    };
    let feed = |at: SocketAddr| get(at, "/areas/ward:All/feed.atom").text();
    let entries = |text: &str| -> Vec<String> {
        text.split("<entry>")
            .skip(1)
            .map(|entry| entry.split("</entry>").next().expect("one").to_owned())
            .collect()
    };
    let next = || told.recv_timeout(PATIENCE).expect("delivered");

    let first = Binary::over(folder, &environment, &more);
    shoot(first.at, 0..3, -90.205);
    let busy = next();
    let before = entries(&feed(first.at));
    assert_eq!(before.len(), 1);
    let folder = first.killed();

    // While it is down three more come, elsewhere.
    let now = jiff::Timestamp::now();
    let rows: String = (0..3).map(|n| format!("late-{n},{now},weapon_discharge,-90.199,38.6\n")).collect();
    let late = format!("incidentid,date,category,longitude,latitude\n{rows}");
    let late = town::write(folder.path(), "late.csv", &late);
    let (code, _, err) = run(&["import", "incidents", &late, "--store", &store]);
    assert_eq!(code, 0, "{err}");

    let second = Binary::over(folder, &environment, &more);
    // The same message under the same name; then what nobody was told of yet.
    let again = next();
    assert_eq!(header(&busy, "webhook-id"), header(&again, "webhook-id"));
    let meanwhile = next();
    assert!(meanwhile.contains("late-0") && !meanwhile.contains("ss-0"), "{meanwhile}");
    let after = entries(&feed(second.at));
    assert_eq!((after.len(), &after[1..]), (2, &before[..]), "the entry is what it was");
    let events = Events::listen(second.at, "/events?collections=rules", &[]);
    events.next().expect("it is there");
    // One more where there are three is no news; three in a third place are.
    shoot(second.at, 3..4, -90.205);
    shoot(second.at, 4..7, -90.192);
    assert!(events.event().json()["incidents"].to_string().contains("ss-4"));
    let third = next();
    assert!(third.contains("ss-4") && !third.contains("ss-0"), "{third}");
    // Begun anew with nothing to tell, once it is written down that the third was taken.
    let reader = SqliteStore::open(store.as_ref(), Opening::Read).expect("a store");
    let taken = || reader.watched().expect("whole").sent.values().any(|&last| last == 3);
    assert!((0..1_000).any(|_| taken() || {
        std::thread::sleep(std::time::Duration::from_millis(10));
        false
    }));
    let sent = entries(&feed(second.at));
    let third = Binary::over(second.killed(), &environment, &more);
    assert_eq!(entries(&feed(third.at)), sent);
    shoot(third.at, 7..8, -90.192);
    assert!(told.recv_timeout(std::time::Duration::from_secs(2)).is_err(), "it was told before");
}

#[test]
fn what_was_found_of_an_incident_that_turns_out_to_be_protected_is_told_no_more() {
    let rule = Rule {
        name: "two".to_owned(),
        looks: Looks::Threshold { at_least: 2, days: 36_500.0, radius: Metres(300.0) },
        counts: Counts::Categories(vec!["robbery".to_owned()]),
        unreviewed: false,
    };
    let (at, told) = receiver(vec!["200 OK", "200 OK"]);
    let secret = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    let hook = Webhook::new(&format!("http://{at}/hook"), &secret, Vec::new(), true, 0.05).expect("usable");
    let town = Town::telling(Limits::default(), (vec![rule], vec![hook]));
    let events = Events::listen(town.at, "/events?collections=rules", &[]);
    events.next().expect("it is there");
    let rows = |ids: [&str; 2], category: &str, lon: f64| {
        let row = |id: &str| format!("{id},2024-01-03T10:00:00Z,{category},{lon},38.6\n");
        format!("incidentid,date,category,longitude,latitude\n{}{}", row(ids[0]), row(ids[1]))
    };
    let take = |text: &str| wait(town.at, &town.ingest("/ingest/police", "text/csv", text.as_bytes()));
    take(&rows(["a-1", "a-2"], "robbery", -90.205));
    assert_eq!(events.event().event, "rule.fired");
    let feed = || get(town.at, "/areas/ward:West%20&%20Co/feed.atom").text();
    let found = || town.store.watched().expect("whole").findings.len();
    assert!(feed().contains("police:a-2") && found() == 1, "{}", feed());
    told.recv_timeout(common::wire::PATIENCE).expect("delivered");
    take(&rows(["a-2", "a-9"], "rape", -90.205));
    for _ in 0..500 {
        if found() == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!feed().contains("<entry>") && found() == 0, "{}", feed());
    // What is found after it is not taken for what the receiver was sent.
    take(&rows(["a-10", "a-11"], "robbery", -90.192));
    assert!(told.recv_timeout(common::wire::PATIENCE).expect("delivered").contains("a-11"));
}

/// A store whose disk fails when it is told to.
struct Failing {
    store: Arc<dyn Store>,
    /// The code with which SQLite fails; none where it does not.
    code: Arc<std::sync::atomic::AtomicI32>,
}

impl Store for Failing {
    fn append(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, StoreError> {
        match self.code.load(std::sync::atomic::Ordering::SeqCst) {
            0 => self.store.append(batches),
            code => {
                let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
                Err(StoreError::Sqlite { doing: "committing", source })
            }
        }
    }

    fn replay(&self, after: u64, take: &mut dyn FnMut(Ledger)) -> Result<u64, StoreError> {
        self.store.replay(after, take)
    }

    fn forget(&self, source: &str, external_id: &str) -> Result<Forgotten, StoreError> {
        self.store.forget(source, external_id)
    }

    fn forget_before(&self, cutoffs: &Cutoffs, whole: bool) -> Result<Expired, StoreError> {
        self.store.forget_before(cutoffs, whole)
    }

    fn keep_watched(&self, some: &Watched) -> Result<(), StoreError> {
        self.store.keep_watched(some)
    }

    fn watched(&self) -> Result<Watched, StoreError> {
        self.store.watched()
    }

    fn revision(&self) -> Result<u64, StoreError> {
        self.store.revision()
    }

    fn setting(&self) -> Result<Setting, StoreError> {
        self.store.setting()
    }

    fn content_hash(&self) -> Result<[u8; 32], StoreError> {
        self.store.content_hash()
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        self.store.verify()
    }

    fn places(
        &self,
        key: &PlacesKey,
        revision: u64,
        take: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<Vec<String>, StoreError> {
        self.store.places(key, revision, take)
    }

    fn keep_places(
        &self,
        key: &PlacesKey,
        after: u64,
        make: &mut (dyn FnMut(&Reports) -> Vec<u8> + Send),
    ) -> Result<Option<u64>, StoreError> {
        self.store.keep_places(key, after, make)
    }

    fn backup(&self, to: &std::path::Path) -> Result<u64, StoreError> {
        self.store.backup(to)
    }
}

#[test]
fn what_the_disk_refuses_is_never_acknowledged_and_reading_goes_on() {
    let code = Arc::new(std::sync::atomic::AtomicI32::new(0));
    let set = |to: i32| code.store(to, std::sync::atomic::Ordering::SeqCst);
    let town = Town::over(Limits::default(), (Vec::new(), Vec::new()), |store| {
        Arc::new(Failing { store, code: Arc::clone(&code) })
    });
    wait(town.at, &town.alert(json!({})));
    // A full disk may have room again.
    set(rusqlite::ffi::SQLITE_FULL);
    let full = town.alert(json!({ "external_id": "ss-2" }));
    assert_eq!((full.status, full.header("retry-after")), (503, Some("60")), "{}", full.text());
    assert!(is_ready(&get(town.at, "/readyz")));
    set(0);
    let taken = town.alert(json!({ "external_id": "ss-2" }));
    assert_eq!(taken.status, 201);
    // After a failed fsync nobody knows what is on the disk.
    set(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let failed = town.alert(json!({ "external_id": "ss-3" }));
    assert_eq!(failed.status, 503, "{}", failed.text());
    assert!(failed.text().contains("cannot be written to"), "{}", failed.text());
    set(0);
    assert_eq!(town.alert(json!({ "external_id": "ss-4" })).status, 503, "not even once the disk is well");
    assert_eq!(town.ingest("/ingest/police", "text/csv", CSV.as_bytes()).status, 503);
    let ready = get(town.at, "/readyz");
    assert_eq!((ready.status, &ready.json()["checks"]["store"]), (503, &json!(false)), "{}", ready.text());
    wait(town.at, &taken);
    assert_eq!(town.shown(""), 2, "what was acknowledged is shown");
    assert_eq!(ledger(&*town.store).expect("whole").0.reports.len(), 2);
}
