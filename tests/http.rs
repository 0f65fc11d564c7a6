//! The HTTP edge: layers over the router, every failure a problem document.

mod common;

use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use hotblocks::config::Config;
use hotblocks::engine::Engine;
use hotblocks::engine::areas::set_areas;
use hotblocks::ingest::blocks::{Purpose, Shapes, read_for};
use hotblocks::model::areas::AreaKind;
use serde_json::Value as Json;
use tower::ServiceExt;

/// One engine over the sample for all tests, configured as the demo is.
static ROUTER: LazyLock<axum::Router> = LazyLock::new(|| {
    let (snapshot, ..) = common::new_haven();
    let mut dataset = snapshot.dataset().clone();
    let polygons = common::repository("data/new-haven/derived_newhaven_blocks.geojson");
    let input = hotblocks::ingest::input::Input::at(&polygons).expect("a known ending");
    let beats = Purpose::Areas(AreaKind::Beat);
    let Shapes::Areas(areas) = read_for(&input, None, beats).expect("polygons").0 else { panic!("polygons") };
    let some = areas.into_iter().take(20).collect();
    set_areas(&mut dataset, vec![(AreaKind::Beat, some)]).expect("near");
    let config =
        Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("the demo's configuration");
    dataset.notice = config.notice.clone();
    hotblocks::http::router(Arc::new(Engine::new(dataset)), config.defaults().expect("usable"))
});

async fn ask(
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response =
        ROUTER.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    (parts.status, parts.headers, body.to_vec())
}

async fn get(path: &str) -> Json {
    let (status, _, body) = ask(Method::GET, path, &[]).await;
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn every_collection_has_items_that_say_what_made_them() {
    let all = get("/collections").await;
    let listed: Vec<&str> = all["collections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| c["id"].as_str().expect("an id"))
        .collect();
    // What needs a parameter that nobody has chosen is no layer to a map client, but has its address.
    assert_eq!(listed, ["incidents", "blocks", "density", "clusters", "hotspots", "near-repeat", "areas"]);
    let ids = [&listed[..], &["targets", "explain", "list", "brief", "plan"]].concat();
    let areas = get("/collections/areas/items").await;
    let beat = areas["features"][0]["properties"]["name"].as_str().expect("a name").replace(' ', "+");
    for id in ids {
        let one = get(&format!("/collections/{id}")).await;
        let items =
            one["links"].as_array().expect("links").iter().find(|l| l["rel"] == "items").expect("items");
        assert_eq!(items["type"], "application/geo+json");
        assert_eq!(items["href"], format!("http://127.0.0.1:8080/collections/{id}/items"));
        // What no list is kept for needs what it is to be made of.
        let needs = match id {
            "list" => "?capacity=5blocks&draws=200".to_owned(),
            "brief" => format!("?within=beat:{beat}&of=gun"),
            // One block is explained at a time.
            "explain" => "?block=segment-2018".to_owned(),
            "targets" => "?budget=20blocks".to_owned(),
            "plan" => "?officers=2&hours=18:00-02:00&free=0.4&speed=30km/h".to_owned(),
            _ => String::new(),
        };
        let (status, headers, body) = ask(Method::GET, &format!("/collections/{id}/items{needs}"), &[]).await;
        assert_eq!(status, StatusCode::OK, "{id}: {}", String::from_utf8_lossy(&body));
        assert_eq!(headers[header::CONTENT_TYPE], "application/geo+json");
        let json: Json = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(json["notice"], "one month, capped sample: not a statement about New Haven");
        assert_eq!(json["provenance"]["layer"], id);
        // A brief is of shootings, whatever else is configured.
        let categories =
            if id == "brief" { serde_json::json!("all") } else { serde_json::json!(["person", "property"]) };
        assert_eq!(json["provenance"]["category"], categories, "the configured default");
        assert_eq!(json["numberReturned"], json["features"].as_array().expect("features").len());
        assert!(json["numberMatched"].as_u64() >= json["numberReturned"].as_u64());
    }
}

#[tokio::test]
async fn a_map_gets_ranks_at_once_and_says_how_sure_they_are_where_draws_are_asked_for() {
    let plain = get("/collections/blocks/items?limit=3").await;
    let sure = get("/collections/blocks/items?limit=3&draws=200&top=5&seed=9").await;
    assert_eq!(plain["provenance"]["parameters"]["draws"], Json::Null);
    assert_eq!(sure["provenance"]["parameters"]["draws"], 200);
    assert_eq!(sure["provenance"]["parameters"]["top_n"], 5);
    for (a, b) in
        plain["features"].as_array().expect("a page").iter().zip(sure["features"].as_array().expect("a page"))
    {
        assert_eq!((&a["id"], &a["properties"]["rank"]), (&b["id"], &b["properties"]["rank"]));
        assert!(a["properties"]["p_top_n"].is_null() && b["properties"]["p_top_n"].is_number());
        assert!(a["properties"]["rate_lo"].is_number());
    }
    let gun = get("/collections/blocks/items?by=gun&limit=3").await;
    assert_eq!(gun["legend"]["title"], "Gun crimes per block");
    // 422: a value of the list that these data or the others do not go with; 400: none of the list.
    for (query, parameter, says, code) in [
        ("by=harm", "by", "harm =", 422),
        ("gun=shooting&by=gun", "gun", "gun crime", 422),
        ("draws=20", "draws", "100", 422),
        ("by=risk", "by", "count, rate, gun, harm", 400),
    ] {
        let (status, _, body) = ask(Method::GET, &format!("/collections/blocks/items?{query}"), &[]).await;
        let json: Json = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((status.as_u16(), &json["parameter"]), (code, &parameter.into()), "{json}");
        assert!(json["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{json}");
    }
}

#[tokio::test]
async fn blocks_within_an_area_are_ranked_among_themselves_and_the_area_is_a_feature() {
    let areas = get("/collections/areas/items?limit=20").await;
    let features = areas["features"].as_array().expect("features");
    assert_eq!(features.len(), 20);
    let most = features.iter().max_by_key(|f| f["properties"]["incidents"].as_u64()).expect("areas");
    let (name, n) = (&most["properties"]["name"], &most["properties"]["blocks"]);
    let name = name.as_str().expect("a name").replace(' ', "%20");
    let blocks = get(&format!("/collections/blocks/items?within=beat:{name}")).await;
    assert_eq!(&blocks["numberMatched"], n);
    assert_eq!(blocks["features"][0]["properties"]["rank"], 1);
    assert!(blocks["features"][0]["properties"]["areas"]["beat"].is_array());
}

#[tokio::test]
async fn a_walk_over_next_gives_every_block_once() {
    let mut path = "/collections/blocks/items?limit=997&category=all".to_owned();
    let (mut ids, mut matched) = (Vec::new(), 0);
    loop {
        let page = get(&path).await;
        matched = page["numberMatched"].as_u64().unwrap_or(matched);
        ids.extend(
            page["features"]
                .as_array()
                .expect("features")
                .iter()
                .map(|f| f["id"].as_str().expect("an id").to_owned()),
        );
        let next = page["links"].as_array().expect("links").iter().find(|l| l["rel"] == "next");
        let Some(next) = next else { break };
        let href = next["href"].as_str().expect("an address");
        assert!(
            href.starts_with("http://127.0.0.1:8080/")
                && href.contains("offset=")
                && href.contains("category=all"),
            "{href}"
        );
        path = href.trim_start_matches("http://127.0.0.1:8080").to_owned();
    }
    assert_eq!(ids.len() as u64, matched);
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_with_what_and_how_to_mend_it() {
    for (path, status, parameter, says) in [
        ("/collections/incidents/items?categry=robbery", 400, "categry", "did you mean `category`"),
        ("/collections/blocks/items?within=beat+99999", 400, "within", "there is no area `beat 99999`"),
        ("/collections/blocks/items?within=", 400, "within", "give the name of an area"),
        ("/collections/incidents/items?category=robery", 400, "category", "robbery"),
        ("/collections/blocks/items?datetime=yesterday", 400, "datetime", "2018-01-31"),
        ("/collections/blocks/items?datetime=2014-09-30/2014-09-01", 400, "datetime", "swap"),
        ("/collections/blocks/items?datetime=../..", 400, "datetime", "one side"),
        ("/collections/blocks/items?bbox=1,2,3", 400, "bbox", "west,south,east,north"),
        ("/collections/blocks/items?bbox=0,0,NaN,1", 400, "bbox", "±180"),
        ("/collections/blocks/items?limit=unlimited", 400, "limit", "from 1"),
        ("/collections/blocks/items?limit=0", 400, "limit", "from 1"),
        ("/collections/blocks/items?offset=-1", 400, "offset", "from 0"),
        ("/collections/blocks/items?limit=1&limit=2", 400, "limit", "twice"),
        ("/collections/blocks/items?category=", 400, "category", "at least one"),
        ("/collections/density/items?bandwidth_m=-50", 400, "bandwidth_m", "from 1 m"),
        ("/collections/density/items?cell_m=0.1", 422, "cell_m", "smallest side"),
        ("/collections/density/items?bandwidth_m=20&cell_m=50", 422, "cell_m", "half"),
        ("/collections/%ff/items", 400, "", "UTF-8"),
        ("/collections/%ff", 400, "", "UTF-8"),
        ("/collections/clusters/items?eps_m=NaN", 400, "eps_m", "from 1 m"),
        ("/collections/clusters/items?min_points=0", 400, "min_points", "from 3"),
        ("/collections/explain/items", 400, "block", "not given"),
        ("/collections/explain/items?block=segment-0", 422, "block", "nearest names"),
        ("/collections/blocks/items?unit=addresses", 400, "unit", "not a parameter"),
        ("/collections/plan/items?free=0.4&speed=30km/h", 422, "shifts", "not given"),
        (
            "/collections/plan/items?officers=1000&hours=00:00-23:59&free=1&speed=30km/h&top=1000",
            422,
            "top",
            "too many to choose from",
        ),
        ("/collections/blocks/items?draws=10001", 400, "draws", "10000 or fewer"),
        ("/collections/explain/items?block=segment-2018&draws=1000000", 400, "draws", "10000 or fewer"),
        (
            "/collections/list/items?capacity=5blocks&include_protected=yes",
            403,
            "include_protected",
            "agency",
        ),
        ("/collections/blocks/items?view=concentration&share=neighbors", 422, "share", "whole incidents"),
        (
            "/collections/plan/items?officers=2&hours=18:00-18:00&free=0.4&speed=30km/h",
            422,
            "hours",
            "no length",
        ),
        ("/collections/nothing/items", 404, "", "there are incidents, blocks"),
        ("/nothing", 404, "", "/collections"),
    ] {
        let (code, headers, body) = ask(Method::GET, path, &[]).await;
        assert_eq!(code.as_u16(), status, "{path}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        let problem: Json = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(problem["status"], status, "{path}");
        assert_eq!(problem["parameter"].as_str().unwrap_or_default(), parameter, "{path}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(says), "{path}: {detail}");
    }
}

#[tokio::test]
async fn a_limit_above_the_maximum_is_cut_and_boxes_of_every_kind_are_answered() {
    for path in [
        "/collections/blocks/items?limit=1000000000",
        "/collections/blocks/items?bbox=177,65,-177,70",
        "/collections/blocks/items?bbox=-72.9300000000000051%2C41.3%2C-72.92%2C41.31",
        "/collections/incidents/items?bbox=-72.93,41.3,0,-72.92,41.31,10",
        "/collections/incidents/items?bbox=-180,-90,180,90",
        "/collections/incidents/items?datetime=2014-09-05",
        "/collections/incidents/items?datetime=2014-09-05/..",
        "/collections/incidents/items?datetime=/2014-09-05",
    ] {
        get(path).await;
    }
    let none = get("/collections/blocks/items?bbox=177,65,-177,70").await;
    assert_eq!(none["numberMatched"], 0);
}

#[tokio::test]
async fn no_query_brings_a_sensitive_incident_to_light() {
    let mut seen = 0;
    for query in [
        "",
        "&category=disturbance",
        "&category=family_offense",
        "&category=child_offense",
        "&category=rape",
        "&bbox=-73,41,-72,42",
    ] {
        let body = get(&format!(
            "/collections/incidents/items?limit=10000{}",
            if query.is_empty() { "&category=all" } else { query }
        ))
        .await;
        for feature in body["features"].as_array().expect("features") {
            seen += 1;
            let label = feature["properties"]["label"].as_str().expect("a label").to_lowercase();
            assert!(
                !["family", "domestic", "child", "rape", "sexual"].iter().any(|w| label.contains(w)),
                "{label}"
            );
        }
    }
    assert!(seen > 3_000);
}

#[tokio::test]
async fn a_request_under_a_foreign_name_is_refused() {
    let request = Request::builder()
        .uri("/collections")
        .header(header::HOST, "evil.example")
        .body(Body::empty())
        .expect("a request");
    let response = ROUTER.clone().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
}

#[tokio::test]
async fn only_reading_is_offered_and_head_is_get_without_its_body() {
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let (status, headers, _) = ask(method, "/collections", &[]).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(
            headers.contains_key(header::ALLOW)
                && headers[header::CONTENT_TYPE] == "application/problem+json"
        );
    }
    let (status, _, body) = ask(Method::HEAD, "/collections/blocks/items", &[]).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    assert_eq!(ask(Method::GET, "/livez", &[]).await.2, b"ok\n");
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_take_it() {
    let plain = ask(Method::GET, "/collections/blocks/items", &[]).await.2;
    for encoding in ["gzip", "br"] {
        let (_, headers, body) =
            ask(Method::GET, "/collections/blocks/items", &[(header::ACCEPT_ENCODING, encoding)]).await;
        assert_eq!(headers[header::CONTENT_ENCODING], encoding);
        assert!(body.len() * 3 < plain.len(), "{} of {}", body.len(), plain.len());
    }
}

#[tokio::test]
async fn the_page_is_served_whole_from_the_binary_and_asks_nobody_else() {
    let (status, headers, body) = ask(Method::GET, "/", &[(header::ACCEPT, "text/html")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CONTENT_TYPE].to_str().expect("text").starts_with("text/html"));
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = String::from_utf8(body).expect("UTF-8");
    for part in html.split(['"', '\'']).filter(|p| p.contains("page/")) {
        let path = format!("/{}", part.trim_start_matches('/').trim_start_matches("./"));
        assert_eq!(ask(Method::GET, &path, &[]).await.0, StatusCode::OK, "{path}");
    }
    assert_eq!(ask(Method::GET, "/page/../Cargo.toml", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::GET, "/page/%2e%2e/mod.rs", &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_in_the_column_of_the_class_are_in_no_answer() {
    let nasty = |file: &str| common::repository("fixtures/nasty").join(file);
    let (snapshot, ..) = common::load(&[nasty("persons-as-classes.csv")], &nasty("streets.geojson"));
    let dataset = snapshot.dataset().clone();
    assert!(dataset.classes.rows().iter().any(|class| class.code.contains("Zzvictim")));
    let values = Config::parse("c.toml", "bandwidth_m = 200\ncell_m = 50\neps_m = 50\nmin_points = 3");
    let values = values.and_then(|config| config.defaults()).expect("usable");
    let router = hotblocks::http::router(Arc::new(Engine::new(dataset)), values);
    for path in
        ["/collections", "/collections/blocks", "/collections/blocks/items", "/collections/clusters/items"]
    {
        let request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
        let request = request.body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(!text.is_empty() && !text.contains("Zzvictim"), "{path}: {text}");
    }
}
