//! Queries over collections by the ids of the acceptance list: paging, boxes, times, conditions, CRS, schemas, pages.

mod common;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use common::town::town_of;
use hotblocks::config::Config;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::engine::{Engine, View};
use hotblocks::ingest::blocks::{Purpose, Shapes, read_for};
use hotblocks::model::areas::AreaKind;
use hotblocks::model::dataset::Dataset;
use serde_json::Value as Json;
use tower::ServiceExt;

/// One engine over the sample for all tests, with some beats, configured as the demo is.
static ROUTER: LazyLock<axum::Router> = LazyLock::new(|| {
    let (snapshot, ..) = common::new_haven();
    let mut dataset = snapshot.dataset().clone();
    let polygons = common::repository("data/new-haven/derived_newhaven_blocks.geojson");
    let input = hotblocks::ingest::input::Input::at(&polygons).expect("a known ending");
    let beats = Purpose::Areas(AreaKind::Beat);
    let Shapes::Areas(areas) = read_for(&input, None, beats).expect("polygons").0 else { panic!("polygons") };
    set_areas(&mut dataset, vec![(AreaKind::Beat, areas.into_iter().take(60).collect())]).expect("near");
    let config =
        Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("the demo's configuration");
    hotblocks::http::router(Arc::new(Engine::new(dataset)), config.defaults().expect("usable"))
});

const BASE: &str = "http://127.0.0.1:8080";

async fn ask_of(router: &axum::Router, path: &str, accept: Option<&str>) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
    if let Some(accept) = accept {
        request = request.header(header::ACCEPT, accept);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

async fn ask(path: &str) -> (StatusCode, HeaderMap, String) {
    ask_of(&ROUTER, path, None).await
}

async fn get(path: &str) -> Json {
    let (status, _, body) = ask(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// A refused request: its status, the parameter at fault, and what it says.
async fn refused(path: &str, parameter: &str, says: &str) {
    let (status, headers, body) = ask(path).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
    let problem: Json = serde_json::from_str(&body).expect("JSON");
    assert_eq!(problem["parameter"], parameter, "{path}: {body}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{path}: {body}");
}

fn features(body: &Json) -> &Vec<Json> {
    body["features"].as_array().expect("features")
}

fn ids(body: &Json) -> Vec<String> {
    features(body).iter().map(|feature| feature["id"].as_str().expect("an id").to_owned()).collect()
}

fn link<'a>(body: &'a Json, rel: &str) -> Option<&'a str> {
    let links = body["links"].as_array().expect("links");
    links.iter().find(|link| link["rel"] == rel).and_then(|link| link["href"].as_str())
}

/// Asks for what a link says.
async fn follow(router: &axum::Router, href: &str) -> Json {
    let path = href.strip_prefix(BASE).expect("an absolute link of here");
    let (status, _, body) = ask_of(router, path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// What may stand in a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

async fn filtered(collection: &str, filter: &str) -> Json {
    get(&format!("/collections/{collection}/items?limit=10000&category=all&filter={}", encoded(filter))).await
}

/// Every collection with what it cannot do without, in its views.
const COLLECTIONS: [(&str, &str); 27] = [
    ("plan", "?sites=3&"),
    ("incidents", "?"),
    ("blocks", "?draws=200&"),
    ("blocks", "?view=bias&"),
    ("blocks", "?view=concentration&draws=200&"),
    ("blocks", "?view=change&datetime=2014-09-16/2014-09-30&compare_datetime=2014-09-01/2014-09-15&"),
    ("density", "?"),
    ("density", "?contours=mean&"),
    ("density", "?out=cells&surface=standard-error&unit=mi2&"),
    ("density", "?datetime=2014-09-16/2014-09-30&compare_datetime=2014-09-01/2014-09-15&"),
    ("density", "?network=continuous&lixel_m=200&"),
    ("clusters", "?"),
    ("clusters", "?method=nnh&outline=ellipse&"),
    ("clusters", "?method=space-time&span_days=7&"),
    ("clusters", "?method=hot-blocks&least=2&"),
    ("clusters", "?method=scan&permutations=99&"),
    ("hotspots", "?"),
    ("hotspots", "?statistic=emerging&steps=12&"),
    ("near-repeat", "?"),
    ("near-repeat", "?show=chains&distances_m=50&days=7&"),
    ("areas", "?"),
    ("targets", "?budget=20blocks&"),
    ("explain", "?block=segment-2018&"),
    ("list", "?capacity=5blocks&draws=200&"),
    ("plan", "?officers=2&hours=18:00-02:00&free=0.4&speed=30km/h&"),
    ("plan", "?officers=2&hours=18:00-02:00&free=0.4&speed=30km/h&sheet=areas&"),
    ("plan", "?officers=2&hours=18:00-02:00&free=0.4&speed=30km/h&sheet=officers&"),
];

#[tokio::test]
async fn a_f7_a_walk_over_next_gives_each_id_once_and_as_many_as_matched() {
    let mut page = get("/collections/incidents/items?limit=997&category=all").await;
    let matched = page["numberMatched"].as_u64().expect("a number");
    let mut seen = ids(&page);
    while let Some(next) = link(&page, "next") {
        assert!(
            next.contains("limit=997") && next.contains("offset=") && next.contains("category=all"),
            "{next}"
        );
        page = follow(&ROUTER, next).await;
        assert_eq!(page["numberMatched"].as_u64(), Some(matched));
        seen.extend(ids(&page));
    }
    assert_eq!((seen.len() as u64, seen.iter().collect::<HashSet<_>>().len() as u64), (matched, matched));
    let filter = "filter=source%20IS%20NOT%20NULL%20AND%20held%20%3D%20FALSE&sortby=-from,id";
    let mut page = get(&format!("/collections/incidents/items?limit=500&category=all&{filter}")).await;
    let mut seen = ids(&page);
    while let Some(next) = link(&page, "next") {
        page = follow(&ROUTER, next).await;
        seen.extend(ids(&page));
    }
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    assert_eq!(page["numberMatched"].as_u64(), Some(seen.len() as u64));
}

/// A town with so many robberies on its west and burglaries on its east, each with an id and a time of its own.
fn town(robberies: usize, burglaries: usize) -> Dataset {
    let mut rows = String::from("incidentid,date,category,longitude,latitude\n");
    for n in 0..robberies + burglaries {
        let (day, hour, minute) = (1 + n % 31, n / 31 % 24, n / 744 % 60);
        let (category, lon) = if n < robberies { ("robbery", -90.205) } else { ("burglary", -90.195) };
        rows.push_str(&format!(
            "{category}-{n},2018-01-{day:02} {hour:02}:{minute:02},{category},{lon},38.6\n"
        ));
    }
    town_of(&rows, None).dataset().clone()
}

fn publish(engine: &Engine, dataset: Dataset) {
    let next = engine.open(&View::all()).generation() + 1;
    engine.publish(Arc::new(Snapshot::new(dataset, next)), next);
}

#[tokio::test]
async fn a_f7_a_walk_stays_in_one_state_while_what_it_walks_over_comes_and_goes() {
    let engine = Arc::new(Engine::new(town(400, 100)));
    let router = hotblocks::http::router(Arc::clone(&engine), Values::default());
    let path = "/collections/incidents/items?limit=30&filter=category%20%3D%20%27robbery%27";
    let mut page = follow(&router, &format!("{BASE}{path}")).await;
    let mut seen = ids(&page);
    // Each new state has withdrawn most of what is walked over, or put more into the very same filter.
    let states = [town(40, 900), town(900, 0), town(0, 100)];
    let mut turn = 0;
    while let Some(next) = link(&page, "next") {
        assert!(next.contains("snapshot="), "{next}");
        publish(&engine, states[turn % states.len()].clone());
        turn += 1;
        page = follow(&router, next).await;
        assert_eq!(page["numberMatched"], 400);
        seen.extend(ids(&page));
    }
    assert!(turn > 10);
    assert_eq!((seen.len(), seen.iter().collect::<HashSet<_>>().len()), (400, 400));
    // Who begins anew sees the newest.
    let anew = follow(&router, &format!("{BASE}{path}")).await;
    assert_ne!(anew["numberMatched"], 400);
}

#[tokio::test]
async fn a_f7_a_state_that_is_no_longer_kept_is_gone_and_the_newest_is_named() {
    for name in ["1-1", "0-99999999999999999999", "0-1"] {
        let (status, headers, body) =
            ask(&format!("/collections/blocks/items?limit=5&snapshot={name}")).await;
        assert_eq!(status, StatusCode::GONE, "{body}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        let problem: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(problem["links"][0]["href"], format!("{BASE}/collections/blocks/items"));
    }
    // What names no state is said to, with the name of one that does; so are the bare numbers of former versions.
    for name in ["nonsense", "1", "", "-1", "1f-", "1F-1"] {
        for path in ["/collections/blocks/items", "/xyz/blocks/0/0/0.mvt", "/styles/blocks.json", "/tiles"] {
            refused(&format!("{path}?snapshot={name}"), "snapshot", "the newest").await;
        }
    }
    let engine = Arc::new(Engine::new(town(100, 0)));
    let router = hotblocks::http::router(Arc::clone(&engine), Values::default());
    let page = follow(&router, &format!("{BASE}/collections/incidents/items?limit=10")).await;
    let next = link(&page, "next").expect("more").to_owned();
    for n in 0..20 {
        publish(&engine, town(50 + n, 0));
        follow(&router, &format!("{BASE}/collections/incidents/items?limit=10")).await;
    }
    let (status, ..) = ask_of(&router, next.strip_prefix(BASE).expect("a path"), None).await;
    assert_eq!(status, StatusCode::GONE, "16 are kept");
    // However many states come while nobody begins anew, who reads on may; until something is erased from all.
    let page = follow(&router, &format!("{BASE}/collections/incidents/items?limit=10")).await;
    let next = link(&page, "next").expect("more").to_owned();
    for n in 0..40 {
        publish(&engine, town(30 + n % 3, 0));
    }
    follow(&router, &next).await;
    let path = next.strip_prefix(BASE).expect("a path");
    let tag = ask_of(&router, path, None).await.1[header::ETAG].clone();
    let known = || {
        let request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
        let request =
            request.header(header::IF_NONE_MATCH, tag.clone()).body(Body::empty()).expect("a request");
        router.clone().oneshot(request)
    };
    assert_eq!(known().await.expect("an answer").status(), StatusCode::NOT_MODIFIED);
    let generation = engine.open(&View::all()).generation() + 1;
    engine.publish_alone(Arc::new(Snapshot::new(town(99, 0), generation)));
    let (status, ..) = ask_of(&router, path, None).await;
    assert_eq!(status, StatusCode::GONE, "what was erased is in no state that can be opened");
    assert_eq!(known().await.expect("an answer").status(), StatusCode::GONE, "nor is a copy of it confirmed");
}

#[tokio::test]
async fn a_f8_next_has_offset_and_startindex_is_its_other_name() {
    let page = get("/collections/blocks/items?limit=5").await;
    let next = link(&page, "next").expect("more");
    assert!(next.contains("limit=5") && next.contains("offset=5"), "{next}");
    let second = follow(&ROUTER, next).await;
    let same = get("/collections/blocks/items?limit=5&startindex=5").await;
    assert_eq!(ids(&second), ids(&same));
    assert!(link(&same, "next").expect("more").contains("offset=10"));
    assert!(link(&same, "prev").expect("before").contains("offset=0"));
    let (status, ..) = ask("/collections/blocks/items?startindex=5&offset=6").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_f9_a_limit_is_a_whole_number_from_1_and_cut_to_its_maximum() {
    for bad in ["unlimited", "0", "-1", "1.5", ""] {
        refused(&format!("/collections/blocks/items?limit={bad}"), "limit", "from 1").await;
    }
    let all = get("/collections/incidents/items?limit=1000000000").await;
    assert_eq!(all["numberReturned"], all["numberMatched"]);
}

#[tokio::test]
async fn a_f10_boxes_of_every_kind_are_answered_and_what_is_none_is_refused() {
    for good in [
        "-72.93,41.3,0,-72.92,41.31,10",
        "177,65,-177,70",
        "-180,-90,180,90",
        "-180,89,180,90",
        "-72.9300000000000051%2C41.3%2C-72.92%2C41.31",
        "0,-1,0,1",
    ] {
        for collection in ["incidents", "blocks"] {
            get(&format!("/collections/{collection}/items?limit=1&bbox={good}")).await;
        }
    }
    for bad in
        ["1,2,3", "1,2,3,4,5", "a,b,c,d", "", "0,0,NaN,1", "-181,0,0,1", "0,0,181,1", "0,10,1,5", "0,-91,1,1"]
    {
        refused(&format!("/collections/incidents/items?bbox={bad}"), "bbox", "").await;
    }
    // Both halves of a box across 180° are the whole but what lies between.
    let east = get("/collections/incidents/items?limit=10000&bbox=-72.93,-90,180,90").await;
    let across = get("/collections/incidents/items?limit=10000&bbox=-72.93,-90,-180,90").await;
    assert_eq!(ids(&east), ids(&across));
}

/// The first corner of a shape as a filter's numbers.
fn corner(feature: &Json) -> String {
    let (x, y) = corners(&feature["geometry"])[0];
    format!("{x} {y}")
}

#[tokio::test]
async fn a_f10_a_feature_is_found_at_the_place_that_is_printed_of_it() {
    // One analysis a request for blocks: they are asked for a few times.
    for (collection, n) in [("incidents", 40), ("blocks", 3), ("areas", 5)] {
        let page = format!("/collections/{collection}/items?category=all");
        for crs in ["OGC:CRS84", "EPSG:4326", "EPSG:3857", "EPSG:32618"] {
            let all = get(&format!("{page}&limit=600&crs={crs}")).await;
            let each = features(&all);
            for feature in each.iter().step_by(each.len() / n) {
                let (place, id) = (corner(feature), feature["id"].as_str().expect("an id").to_owned());
                let filter = encoded(&format!("S_INTERSECTS(geometry,POINT({place}))"));
                let point = place.replace(' ', ",");
                for asked in [
                    format!("filter={filter}&filter-crs={crs}"),
                    format!("bbox={point},{point}&bbox-crs={crs}"),
                ] {
                    let found = get(&format!("{page}&limit=1000&{asked}")).await;
                    assert!(ids(&found).contains(&id), "{collection} {id} {asked}");
                }
            }
        }
    }
    // A box around all that is printed holds it, and one that ends a unit of the last digit before does not.
    let all = get("/collections/incidents/items?limit=10000&category=all").await;
    let (lons, lats): (Vec<f64>, Vec<f64>) =
        features(&all).iter().flat_map(|feature| corners(&feature["geometry"])).unzip();
    let ends = |of: &[f64]| {
        (of.iter().copied().fold(f64::MAX, f64::min), of.iter().copied().fold(f64::MIN, f64::max))
    };
    let ((west, east), (south, north)) = (ends(&lons), ends(&lats));
    let of = async |west: f64, south: f64, east: f64, north: f64| {
        let at =
            format!("/collections/incidents/items?limit=1&category=all&bbox={west},{south},{east},{north}");
        get(&at).await["numberMatched"].as_u64().expect("a number")
    };
    let n = features(&all).len() as u64;
    assert_eq!(of(west, south, east, north).await, n);
    for (west, south, east, north) in [
        (west + 1e-7, south, east, north),
        (west, south + 1e-7, east, north),
        (west, south, east - 1e-7, north),
        (west, south, east, north - 1e-7),
    ] {
        assert!(of(west, south, east, north).await < n, "{west},{south},{east},{north}");
    }
}

#[tokio::test]
async fn a_collection_tells_the_box_around_its_own_features_and_the_times_of_the_data() {
    let listed = get("/collections").await;
    let mut boxes = Vec::new();
    for collection in listed["collections"].as_array().expect("collections") {
        let id = collection["id"].as_str().expect("an id");
        let own = &get(&format!("/collections/{id}")).await["extent"];
        assert_eq!(*own, collection["extent"], "{id}");
        let told: Vec<f64> =
            own["spatial"]["bbox"][0].as_array().expect("a box").iter().filter_map(Json::as_f64).collect();
        let all = get(&format!("/collections/{id}/items?limit=10000&category=all")).await;
        let places: Vec<(f64, f64)> = features(&all)
            .iter()
            .filter(|feature| !feature["geometry"].is_null())
            .flat_map(|feature| corners(&feature["geometry"]))
            .collect();
        let outside =
            places.iter().find(|(x, y)| !(told[0]..=told[2]).contains(x) || !(told[1]..=told[3]).contains(y));
        assert_eq!(outside, None, "{id}: {told:?}");
        if ["incidents", "blocks", "areas"].contains(&id) {
            let least = |axis: fn(&(f64, f64)) -> f64| places.iter().map(axis).fold(f64::MAX, f64::min);
            let most = |axis: fn(&(f64, f64)) -> f64| places.iter().map(axis).fold(f64::MIN, f64::max);
            let x: fn(&(f64, f64)) -> f64 = |at| at.0;
            let y: fn(&(f64, f64)) -> f64 = |at| at.1;
            assert_eq!(told, [least(x), least(y), most(x), most(y)], "{id}: the box is tight");
        }
        boxes.push(told);
        for end in own["temporal"]["interval"][0].as_array().expect("an interval") {
            let end = end.as_str().expect("a time");
            assert!(end.parse::<jiff::Timestamp>().is_ok(), "{end}");
        }
        let [first, last] = [0, 1].map(|at| own["temporal"]["interval"][0][at].as_str().expect("a time"));
        let during = format!("/collections/incidents/items?limit=1&category=all&datetime={first}/{last}");
        let plain = get("/collections/incidents/items?limit=1&category=all").await;
        assert_eq!(get(&during).await["numberMatched"], plain["numberMatched"], "{first}/{last}");
    }
    boxes.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    boxes.dedup();
    assert!(boxes.len() > 2, "each has its own: {boxes:?}");
}

#[tokio::test]
async fn a_f11_times_of_every_form_are_answered_and_what_is_none_is_refused_with_the_mend() {
    for good in [
        "2014-09-05T12:00:00Z",
        "2014-09-05T12:00:00.000Z/2014-09-06T00:00:00.000Z",
        "2014-09-05T07:00:00-05:00/..",
        "2014-09-05T14:00:00%2B02:00",
        "2014-09-05",
        "2014-09-05/2014-09-07",
        "2014-09-05/P2D",
        "2014-09-05/..",
        "../2014-09-05",
        "2014-09-05/",
        "/2014-09-05",
    ] {
        for collection in ["incidents", "blocks", "areas"] {
            get(&format!("/collections/{collection}/items?limit=1&datetime={good}")).await;
        }
    }
    for (bad, says) in [
        ("yesterday", "2018-01-31"),
        ("2014-13-01", "2018-01-31"),
        ("2014-09-30/2014-09-01", "swap"),
        ("2014-09-30T00:00:00Z/2014-09-01T00:00:00Z", "swap"),
        ("../..", "one side"),
        ("2014-09-05T12:00:00", "offset"),
        ("", "2018"),
    ] {
        for collection in ["incidents", "blocks"] {
            refused(&format!("/collections/{collection}/items?datetime={bad}"), "datetime", says).await;
        }
    }
    let two = get("/collections/incidents/items?limit=10000&datetime=2014-09-05/P2D").await;
    let same = get("/collections/incidents/items?limit=10000&datetime=2014-09-05/2014-09-06").await;
    assert_eq!(ids(&two), ids(&same));
    assert!(features(&two).len() > 10);
    // Blocks are ranked over the local dates that the time touches.
    let blocks =
        get("/collections/blocks/items?limit=1&datetime=2014-09-05T00:00:00Z/2014-09-06T12:00:00Z").await;
    assert_eq!(blocks["provenance"]["period"], "2014-09-04/2014-09-06");
}

#[tokio::test]
async fn a_f11_an_incident_is_of_a_time_that_its_own_interval_reaches_into() {
    // A burglary that was found when the people came home, days after they left.
    let rows = "incidentid,date,until,category,longitude,latitude\n\
                1,2018-01-03 10:00,2018-01-10 18:00,burglary,-90.205,38.6\n\
                2,2018-01-05 10:00,,burglary,-90.205,38.6\n\
                3,2018-01-31 10:00,,burglary,-90.205,38.6\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = common::town::write(folder.path(), "incidents.csv", rows);
    let (snapshot, ..) = common::load(&[file.into()], common::town::town(folder.path()).as_ref());
    let lasts = (0..3).any(|at| snapshot.dataset().incidents.when(at).seconds > 86_400);
    let router =
        hotblocks::http::router(Arc::new(Engine::new(snapshot.dataset().clone())), Values::default());
    let found = async |time: &str| {
        let page = follow(&router, &format!("{BASE}/collections/incidents/items?datetime={time}")).await;
        ids(&page)
            .iter()
            .map(|id| id.rsplit(':').next().unwrap_or_default().to_owned())
            .collect::<HashSet<_>>()
    };
    let set = |all: &[&str]| all.iter().map(|&id| id.to_owned()).collect::<HashSet<_>>();
    assert!(lasts, "the table's end is read");
    assert_eq!(found("2018-01-05").await, set(&["1", "2"]));
    assert_eq!(found("2018-01-08").await, set(&["1"]));
    assert_eq!(found("2018-01-04T12:00:00Z").await, set(&["1"]));
    assert_eq!(found("2018-01-11/..").await, set(&["3"]));
    assert_eq!(found("../2018-01-03").await, set(&["1"]));
}

#[tokio::test]
async fn a_f12_what_has_no_shape_is_in_every_box_and_what_has_no_time_at_every_time() {
    let plan = "officers=2&hours=18:00-02:00&free=0.4&speed=30km/h&sheet=officers";
    let everywhere = get(&format!("/collections/plan/items?{plan}")).await;
    let elsewhere = get(&format!("/collections/plan/items?{plan}&bbox=0,0,1,1")).await;
    assert!(
        !features(&everywhere).is_empty() && features(&everywhere).iter().all(|f| f["geometry"].is_null())
    );
    assert_eq!(ids(&everywhere), ids(&elsewhere));
    let crs = "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857";
    let elsewhere = get(&format!("/collections/plan/items?{plan}&bbox=0,0,1,1&{crs}")).await;
    assert_eq!(ids(&everywhere), ids(&elsewhere));
    let areas = get("/collections/areas/items?limit=1").await;
    let beat = encoded(features(&areas)[0]["properties"]["name"].as_str().expect("a name"));
    let always = get(&format!("/collections/brief/items?within=beat:{beat}&of=gun")).await;
    let then = get(&format!("/collections/brief/items?within=beat:{beat}&of=gun&datetime=1999-01-01")).await;
    assert_eq!(ids(&always), ids(&then));
}

#[tokio::test]
async fn a_f15_the_first_five_features_of_a_collection_hold_a_shape() {
    for (collection, query) in COLLECTIONS {
        if query.contains("view=concentration") || query.contains("sheet=officers") {
            continue;
        }
        let page = get(&format!("/collections/{collection}/items{query}limit=5")).await;
        let some = features(&page).iter().any(|feature| !feature["geometry"].is_null());
        assert!(features(&page).is_empty() || some, "{collection}{query}");
    }
}

/// Whether a value is of the type of a schema.
fn fits(value: &Json, of: &Json) -> bool {
    match of["type"].as_str() {
        Some("string") => value.as_str().is_some_and(|text| match of["format"].as_str() {
            Some("date") => text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            _ => of["enum"].as_array().is_none_or(|words| words.contains(value)),
        }),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}

#[tokio::test]
async fn the_schema_names_every_field_of_every_view_with_its_type() {
    for (collection, query) in COLLECTIONS {
        let (_, headers, body) = ask(&format!("/collections/{collection}/schema")).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/schema+json");
        let schema: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["$id"], format!("{BASE}/collections/{collection}/schema"));
        assert_eq!(schema["additionalProperties"], false);
        assert!(
            schema["properties"]["geometry"]["format"].as_str().is_some_and(|f| f.starts_with("geometry-"))
        );
        assert!(schema["properties"]["geometry"].get("type").is_none());
        let page = get(&format!("/collections/{collection}/items{query}limit=10000")).await;
        assert!(!features(&page).is_empty(), "{collection}{query}");
        for feature in features(&page) {
            for (name, value) in feature["properties"].as_object().expect("properties") {
                let of = &schema["properties"][name];
                assert!(of.is_object(), "{collection}{query} has `{name}`, its schema has not");
                assert!(value.is_null() || fits(value, of), "{collection}{query} {name}: {value} is no {of}");
            }
        }
    }
}

#[tokio::test]
async fn whatever_queryables_list_can_be_asked_for_in_a_filter_and_nothing_else() {
    for (collection, query) in COLLECTIONS {
        let (_, headers, body) = ask(&format!("/collections/{collection}/queryables")).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/schema+json");
        let listed: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(listed["$id"], format!("{BASE}/collections/{collection}/queryables"));
        assert_eq!(listed["additionalProperties"], false);
        let names = listed["properties"].as_object().expect("properties").keys();
        let condition: Vec<String> = names.map(|name| format!("\"{name}\" IS NULL")).collect();
        let path = format!(
            "/collections/{collection}/items{query}limit=1&filter={}",
            encoded(&condition.join(" OR "))
        );
        get(&path).await;
        let unknown = encoded("surname = 'Smith'");
        refused(
            &format!("/collections/{collection}/items{query}filter={unknown}"),
            "filter",
            "is no property of",
        )
        .await;
    }
    let listed = get("/collections/incidents/queryables").await;
    for name in ["id", "category", "source", "origin", "status", "from", "beat", "geometry"] {
        assert!(listed["properties"][name].is_object(), "{name}");
    }
    assert!(listed["properties"]["neighborhood"].is_null(), "there are no neighborhoods in these data");
    refused("/collections/incidents/items?neighborhood=Downtown", "neighborhood", "beat").await;
}

#[tokio::test]
async fn every_queryable_with_one_value_is_a_parameter() {
    let page = get("/collections/blocks/items?limit=50&category=all").await;
    let block = &features(&page)[7];
    let name = block["properties"]["name"].as_str().expect("a name");
    let named = get(&format!("/collections/blocks/items?category=all&name={}", encoded(name))).await;
    assert!(ids(&named).contains(&block["id"].as_str().expect("an id").to_owned()));
    assert!(features(&named).iter().all(|f| f["properties"]["name"] == name));
    let rank = block["properties"]["rank"].as_u64().expect("a rank");
    let ranked = get(&format!("/collections/blocks/items?category=all&rank={rank}")).await;
    assert!(
        !features(&ranked).is_empty() && features(&ranked).iter().all(|f| f["properties"]["rank"] == rank)
    );
    let segments = get("/collections/blocks/items?category=all&kind=segment&limit=3").await;
    let same = filtered("blocks", "kind = 'segment'").await;
    assert_eq!(segments["numberMatched"], same["numberMatched"]);
    let beats = get("/collections/areas/items?limit=60").await;
    let most = features(&beats).iter().max_by_key(|f| f["properties"]["incidents"].as_u64()).expect("beats");
    let beat = most["properties"]["name"].as_str().expect("a name");
    let own =
        get(&format!("/collections/incidents/items?limit=10000&category=all&beat={}", encoded(beat))).await;
    let same = filtered("incidents", &format!("beat = '{}'", beat.replace('\'', "''"))).await;
    assert!(!features(&own).is_empty());
    assert_eq!(ids(&own), ids(&same));
    let within = get(&format!("/collections/blocks/items?category=all&within=beat:{}", encoded(beat))).await;
    let blocks: HashSet<String> = ids(&within).into_iter().collect();
    assert!(
        features(&own).iter().all(|f| f["properties"]["block"].as_str().is_some_and(|b| blocks.contains(b)))
    );
    let held = get("/collections/incidents/items?category=all&held=true&limit=10000").await;
    assert!(features(&held).iter().all(|f| f["properties"]["held"] == true));
    refused("/collections/blocks/items?rank=first", "rank", "number").await;
    refused("/collections/incidents/items?held=maybe", "held", "true").await;
    refused("/collections/blocks/items?nme=x", "nme", "did you mean `name`").await;
    // What queryables list as the values of a field is what it can be asked for.
    for (collection, name) in [("incidents", "located"), ("incidents", "source"), ("blocks", "kind")] {
        let listed = get(&format!("/collections/{collection}/queryables")).await;
        let values = listed["properties"][name]["enum"].as_array().expect("values");
        for value in values.iter().filter_map(Json::as_str) {
            get(&format!("/collections/{collection}/items?limit=1&{name}={}", encoded(value))).await;
            refused(&format!("/collections/{collection}/items?{name}=maybe"), name, value).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_where_and_the_nearest_name() {
    // Only what can be asked for is named.
    for (query, offered, not) in [
        ("sortby=nope", "rank", "beat"),
        ("filter=nope%20%3D%201", "beat", "areas"),
        ("filter=nope%20%3D%201", "geometry", "sheet"),
    ] {
        let (_, _, body) = ask(&format!("/collections/blocks/items?{query}")).await;
        let problem: Json = serde_json::from_str(&body).expect("JSON");
        let detail = problem["detail"].as_str().expect("a detail");
        let named = |name: &str| detail.split([' ', ',', ';']).any(|word| word == name);
        assert!(named(offered) && !named(not), "{query}: {detail}");
    }
    refused("/collections/incidents/items?startindex=x", "startindex", "whole number").await;
    refused("/collections/incidents/items?datetime=2014-09-05T12:00:00%2B25:00", "datetime", "offset").await;
    let hour = encoded("from > TIMESTAMP('2014-09-05T12:00:00+25:00')");
    refused(&format!("/collections/incidents/items?filter={hour}"), "filter", "not a time").await;
    for (query, parameter, says) in [
        ("filter=rnk%20%3D%201", "filter", "did you mean `rank`"),
        ("filter=rank%20%3D", "filter", "character 7"),
        ("filter=rank%20%3D%201&filter-lang=cql2-json", "filter-lang", "cql2-text"),
        ("filter=rank%20%3D%201&filter-crs=EPSG:9999", "filter-crs", "EPSG/0/3857"),
        ("filter=", "filter", "name"),
        ("sortby=rnk", "sortby", "did you mean `rank`"),
        ("sortby=areas", "sortby", "no property"),
        ("sortby=%2Brank,-", "sortby", "no property"),
        (&format!("sortby=rank{}", ",-rank".repeat(20)), "sortby", "20 or fewer"),
        ("properties=nme", "properties", "did you mean `name`"),
        ("crs=http://www.opengis.net/def/crs/EPSG/0/9999", "crs", "OGC/1.3/CRS84"),
        ("bbox=0,0,1,1&bbox-crs=nonsense", "bbox-crs", "CRS84"),
        ("bbox=91,0,92,1&bbox-crs=EPSG:4326", "bbox", "no place"),
        ("bbox=0,0,NaN,1&bbox-crs=EPSG:3857", "bbox", "four numbers"),
    ] {
        refused(&format!("/collections/blocks/items?{query}"), parameter, says).await;
    }
    let (status, _, body) = ask("/collections/blocks/items?crs=EPSG:3857&f=gpkg").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert!(body.contains("longitude and latitude"), "{body}");
    let deep = encoded(&format!("{}rank = 1{}", "(".repeat(500), ")".repeat(500)));
    refused(&format!("/collections/blocks/items?filter={deep}"), "filter", "deep").await;
}

#[tokio::test]
async fn no_filter_brings_a_sensitive_incident_to_light() {
    let plain = get("/collections/incidents/items?limit=10000&category=all").await;
    let shown: HashSet<String> = ids(&plain).into_iter().collect();
    for filter in [
        "TRUE",
        "category IS NULL OR category IS NOT NULL",
        "NOT (category = 'robbery') OR category = 'robbery'",
        "category IN ('rape', 'child_offense', 'family_offense')",
        "label LIKE '%' OR label IS NULL",
        "geometry IS NULL",
        "S_INTERSECTS(geometry, BBOX(-180,-90,180,90))",
    ] {
        let found = filtered("incidents", filter).await;
        assert!(ids(&found).iter().all(|id| shown.contains(id)), "{filter}");
    }
    assert_eq!(filtered("incidents", "TRUE").await["numberMatched"], plain["numberMatched"]);
    assert_eq!(filtered("incidents", "geometry IS NULL").await["numberMatched"], 0);
}

#[tokio::test]
async fn a_filter_of_each_class_that_is_claimed_chooses_as_it_should() {
    let page = get("/collections/blocks/items?limit=10000&category=all").await;
    let number = |feature: &Json, name: &str| feature["properties"][name].as_f64();
    let name = |feature: &Json| feature["properties"]["name"].as_str().expect("a name").to_owned();
    let first = name(&features(&page)[0]);
    let expect = |chosen: &dyn Fn(&Json) -> bool| -> Vec<String> {
        let chosen = features(&page).iter().filter(|feature| chosen(feature));
        chosen.map(|feature| feature["id"].as_str().expect("an id").to_owned()).collect()
    };
    let incidents = |f: &Json| number(f, "incidents").expect("a number");
    let in_box = |f: &Json| {
        let corners = corners(&f["geometry"]);
        corners.iter().any(|(x, y)| (-72.935..=-72.925).contains(x) && (41.305..=41.315).contains(y))
    };
    // Basic CQL2.
    let quoted = first.replace('\'', "''");
    for (filter, ids_of) in [
        (format!("name = '{quoted}'"), expect(&|f| name(f) == first)),
        (
            "incidents >= 3 AND NOT (incidents > 5)".to_owned(),
            expect(&|f| (3.0..=5.0).contains(&incidents(f))),
        ),
        (
            "rank IS NULL OR rank <= 4".to_owned(),
            expect(&|f| number(f, "rank").is_none_or(|rank| rank <= 4.0)),
        ),
        (
            "latest > DATE('2014-09-25')".to_owned(),
            expect(&|f| f["properties"]["latest"].as_str().is_some_and(|day| day > "2014-09-25")),
        ),
        // Advanced comparisons.
        ("incidents BETWEEN 3 AND 5".to_owned(), expect(&|f| (3.0..=5.0).contains(&incidents(f)))),
        ("incidents IN (2, 4)".to_owned(), expect(&|f| [2.0, 4.0].contains(&incidents(f)))),
        (
            "name LIKE '%ST%' AND name NOT LIKE 'A%'".to_owned(),
            expect(&|f| name(f).contains("ST") && !name(f).starts_with('A')),
        ),
        ("CASEI(name) LIKE casei('%st%')".to_owned(), expect(&|f| name(f).to_lowercase().contains("st"))),
    ] {
        let found = filtered("blocks", &filter).await;
        assert_eq!(ids(&found), ids_of, "{filter}");
        assert!(!filter.contains("IN") || !ids_of.is_empty(), "{filter}");
    }
    // Basic spatial functions: every block with a corner in the box, and only blocks near it.
    let found = filtered("blocks", "S_INTERSECTS(geometry, BBOX(-72.935,41.305,-72.925,41.315))").await;
    let found: HashSet<String> = ids(&found).into_iter().collect();
    let inside = expect(&in_box);
    assert!(!inside.is_empty() && inside.iter().all(|id| found.contains(id)));
    assert!(found.len() < features(&page).len());
}

#[tokio::test]
async fn one_feature_is_had_by_its_id_with_its_links() {
    for (collection, query) in
        [("incidents", ""), ("blocks", ""), ("areas", ""), ("clusters", ""), ("density", "")]
    {
        let page = get(&format!("/collections/{collection}/items?limit=3{query}")).await;
        let listed = &features(&page)[2];
        let id = listed["id"].as_str().expect("an id");
        let path = format!("/collections/{collection}/items/{}", encoded(id));
        let (status, headers, body) = ask(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/geo+json");
        assert_eq!(headers["content-crs"], "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
        let one: Json = serde_json::from_str(&body).expect("JSON");
        for part in ["type", "id", "geometry"] {
            assert_eq!(one[part], listed[part], "{path}");
        }
        assert_eq!(one["properties"]["name"], listed["properties"]["name"]);
        assert_eq!(link(&one, "collection"), Some(format!("{BASE}/collections/{collection}").as_str()));
        let own = follow(&ROUTER, link(&one, "self").expect("itself")).await;
        assert_eq!(own["id"], one["id"]);
        assert!(one["links"].as_array().expect("links").iter().all(|link| link["type"].is_string()));
        let (status, headers, _) = ask(&format!("/collections/{collection}/items/there-is-none")).await;
        assert_eq!(
            (status, &headers[header::CONTENT_TYPE]),
            (StatusCode::NOT_FOUND, &header::HeaderValue::from_static("application/problem+json"))
        );
    }
    let (status, ..) = ask("/collections/nothing/items/1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ids_of_any_letters_stand_in_an_address_and_sensitive_ones_are_not_there() {
    let rows = "incidentid,date,category,longitude,latitude\n\
                a/b?c#d%2F é,2018-01-03 10:00,burglary,-90.205,38.6\n\
                hidden,2018-01-05 10:00,rape,-90.205,38.6\n";
    let router = hotblocks::http::router(
        Arc::new(Engine::new(town_of(rows, None).dataset().clone())),
        Values::default(),
    );
    let page = follow(&router, &format!("{BASE}/collections/incidents/items")).await;
    let id = ids(&page)[0].clone();
    assert!(id.ends_with(":a/b?c#d%2F é"), "{id}");
    let one = follow(&router, &format!("{BASE}/collections/incidents/items/{}", encoded(&id))).await;
    assert_eq!(one["id"], id);
    assert_eq!(follow(&router, link(&one, "self").expect("itself")).await["id"], id);
    let source = id.split(':').next().expect("a source");
    let (status, _, hidden) =
        ask_of(&router, &format!("/collections/incidents/items/{source}:hidden"), None).await;
    let (_, _, absent) =
        ask_of(&router, &format!("/collections/incidents/items/{source}:absent"), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(hidden.replace("hidden", "absent"), absent, "nothing tells one from the other");
}

fn corners(geometry: &Json) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    let mut rest = vec![&geometry["coordinates"]];
    while let Some(one) = rest.pop() {
        let list = one.as_array().expect("coordinates");
        match (list.first().and_then(Json::as_f64), list.get(1).and_then(Json::as_f64)) {
            (Some(x), Some(y)) => found.push((x, y)),
            _ => rest.extend(list),
        }
    }
    found
}

#[tokio::test]
async fn shapes_come_and_boxes_go_in_the_crs_that_is_named() {
    let listed = get("/collections/blocks").await;
    let uris: Vec<&str> = listed["crs"].as_array().expect("a list").iter().filter_map(Json::as_str).collect();
    assert_eq!(listed["storageCrs"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    assert_eq!(uris[0], listed["storageCrs"]);
    assert!(uris.contains(&"http://www.opengis.net/def/crs/EPSG/0/32618"), "{uris:?}");
    let plain = get("/collections/blocks/items?limit=20").await;
    for uri in &uris {
        let (_, headers, body) =
            ask(&format!("/collections/blocks/items?limit=20&crs={}", encoded(uri))).await;
        assert_eq!(headers["content-crs"], format!("<{uri}>"));
        let there: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(ids(&there), ids(&plain));
        let crs = hotblocks::space::crs::Crs::new(uri).expect("known to PROJ");
        for (a, b) in features(&plain).iter().zip(features(&there)) {
            for ((lon, lat), (x, y)) in corners(&a["geometry"]).into_iter().zip(corners(&b["geometry"])) {
                let back = match *uri {
                    "http://www.opengis.net/def/crs/EPSG/0/4326" => (y, x),
                    _ => crs.to_lonlat(x, y).map(|at| (at.lon(), at.lat())).expect("a place"),
                };
                assert!(
                    (back.0 - lon).abs() < 3e-7 && (back.1 - lat).abs() < 3e-7,
                    "{uri}: {back:?} {lon} {lat}"
                );
            }
        }
    }
    let all = get("/collections/incidents/items?limit=10000&category=all").await;
    let middle = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        (of[of.len() / 4], of[of.len() * 3 / 4])
    };
    let places = |body: &Json| {
        features(body).iter().flat_map(|f| corners(&f["geometry"])).unzip::<f64, f64, Vec<f64>, Vec<f64>>()
    };
    let (lons, lats) = places(&all);
    // Between two places that are far from each other, so that the last digit decides nothing.
    let between = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        let gap = |from: usize| {
            let mut pairs = of[from..].windows(2).filter(|pair| pair[1] - pair[0] > 4e-7);
            pairs.next().map(|pair| f64::midpoint(pair[0], pair[1])).expect("a gap")
        };
        (gap(of.len() / 4), gap(of.len() * 3 / 4))
    };
    let ((west, east), (south, north)) = (between(lons), between(lats));
    let of_box = |numbers: [f64; 4], crs: &str| {
        let numbers = numbers.map(|n| n.to_string()).join(",");
        format!(
            "/collections/incidents/items?limit=10000&category=all&bbox={numbers}{}",
            if crs.is_empty() { String::new() } else { format!("&bbox-crs={}", encoded(crs)) }
        )
    };
    let plain = get(&of_box([west, south, east, north], "")).await;
    assert!(features(&plain).len() > 100);
    let mercator =
        |lon: f64, lat: f64| (6_378_137.0 * lon.to_radians(), 6_378_137.0 * lat.to_radians().tan().asinh());
    let ((x0, y0), (x1, y1)) = (mercator(west, south), mercator(east, north));
    let of_epsg =
        get(&of_box([south, west, north, east], "http://www.opengis.net/def/crs/EPSG/0/4326")).await;
    let of_mercator = get(&of_box([x0, y0, x1, y1], "EPSG:3857")).await;
    assert_eq!((ids(&of_epsg), ids(&of_mercator)), (ids(&plain), ids(&plain)));
    // A box of the local plane is exactly that, and not the box of degrees around it.
    let local = get("/collections/incidents/items?limit=10000&category=all&crs=EPSG:32618").await;
    let (xs, ys) = places(&local);
    let ((x0, x1), (y0, y1)) = (middle(xs), middle(ys));
    let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(|edge| edge.floor() + 0.49);
    let inside: HashSet<String> = features(&local)
        .iter()
        .filter(|f| {
            corners(&f["geometry"]).iter().all(|(x, y)| (x0..=x1).contains(x) && (y0..=y1).contains(y))
        })
        .map(|f| f["id"].as_str().expect("an id").to_owned())
        .collect();
    let asked = get(&format!(
        "/collections/incidents/items?limit=10000&category=all&bbox={x0},{y0},{x1},{y1}&bbox-crs=EPSG:32618"
    ))
    .await;
    assert!(inside.len() > 100, "{}", inside.len());
    assert_eq!(ids(&asked).into_iter().collect::<HashSet<_>>(), inside);
    let in_filter = encoded(&format!("S_INTERSECTS(geometry, BBOX({x0},{y0},{x1},{y1}))"));
    let same = get(&format!(
        "/collections/incidents/items?limit=10000&category=all&filter={in_filter}&filter-crs=EPSG:32618"
    ))
    .await;
    assert_eq!(ids(&same), ids(&asked));
}

#[tokio::test]
async fn the_page_of_a_feature_shows_the_one_that_its_link_stands_beside() {
    for (collection, query, asked) in [
        ("clusters", "eps_m=200&min_points=30&category=all", "eps_m=200"),
        (
            "blocks",
            "category=burglary&datetime=2014-09-05T12:00:00Z/2014-09-20T00:00:00Z&sortby=-rank",
            "burglary",
        ),
        ("incidents", "limit=5&category=all&sortby=-from", "category=all"),
    ] {
        let path = format!("/collections/{collection}/items?{query}&limit=2&f=html").replace("limit=5&", "");
        let (status, _, body) = ask(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        let json = get(&path.replace("f=html", "f=geojson")).await;
        let one = features(&json).last().expect("a feature");
        let mut id = encoded(one["id"].as_str().expect("an id"));
        for (code, plain) in [("%2D", "-"), ("%3A", ":"), ("%5F", "_"), ("%2E", "."), ("%7E", "~")] {
            id = id.replace(code, plain);
        }
        let links: Vec<String> = body
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(|href| href.replace("&amp;", "&"))
            .filter(|href| href.contains(&format!("/items/{id}?")))
            .collect();
        let [link] = &links[..] else { panic!("{path}: {links:?} of {id}") };
        let path = link.strip_prefix(BASE).expect("an absolute link");
        assert!(path.contains(asked) && path.contains("f=html") && !path.contains("sortby"), "{path}");
        let found = get(&path.replace("f=html", "f=geojson")).await;
        assert_eq!(found["properties"], one["properties"], "{path}");
        // From there back to its layer as it was made.
        let (_, _, page) = ask(path).await;
        let back = page.replace("&amp;", "&");
        let back =
            back.split("href=\"").find(|href| href.contains(&format!("/{collection}/items?"))).expect("back");
        assert!(back.split('"').next().is_some_and(|href| href.contains(asked)), "{back}");
    }
}

#[tokio::test]
async fn collections_items_and_a_feature_are_pages_for_those_who_browse() {
    let browser = Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    let page = get("/collections/blocks/items?limit=1").await;
    let id = ids(&page)[0].clone();
    for path in [
        "/collections".to_owned(),
        "/collections/blocks".to_owned(),
        "/collections/blocks/items?limit=20&offset=20".to_owned(),
        "/collections/incidents/items?limit=20".to_owned(),
        format!("/collections/blocks/items/{id}"),
    ] {
        let mark = if path.contains('?') { '&' } else { '?' };
        let (status, headers, body) = ask_of(&ROUTER, &path, browser).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert!(!body.contains("<script") && !body.contains("style=") && !body.contains("<style"), "{path}");
        assert!(body.contains("<table") && body.contains("<h1") && body.contains("lang=\"en\""), "{path}");
        let asked = ask(&format!("{path}{mark}f=html")).await.2;
        assert!(asked.contains("<table"), "{path}");
        for href in body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let href = href.replace("&amp;", "&");
            let path = href.strip_prefix(BASE).unwrap_or_else(|| panic!("{href} is no absolute link"));
            if path.contains(".gpkg")
                || path.contains("f=gpkg")
                || path.contains("parquet")
                || path.contains("fgb")
                || path.contains("csv")
            {
                continue;
            }
            let (status, _, answer) = ask_of(&ROUTER, path, browser).await;
            let needs =
                ["/explain/", "/targets/", "/list/", "/brief/", "/plan/"].iter().any(|id| path.contains(id));
            assert!(status == StatusCode::OK || needs, "{href}: {answer}");
        }
        let (_, headers, _) = ask_of(&ROUTER, &path, Some("application/geo+json, application/json")).await;
        assert!(headers[header::CONTENT_TYPE].to_str().expect("text").contains("json"), "{path}");
    }
    let body = ask("/collections/blocks/items?limit=20&offset=20&f=html").await.2;
    assert!(
        body.contains("rel=\"next\"") && body.contains("rel=\"prev\"") && body.contains("21 to 40 of"),
        "{body}"
    );
}
