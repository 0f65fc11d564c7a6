//! Doors and manners by the ids of the acceptance list: A-F (features) and A-H (HTTP), against the router.

mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use hotblocks::config::Config;
use hotblocks::engine::Engine;
use hotblocks::engine::params::values::Values;
use hotblocks::http::base::Access;
use serde_json::Value as Json;
use tower::ServiceExt;

static ENGINE: LazyLock<(Arc<Engine>, Values)> = LazyLock::new(|| {
    let (snapshot, ..) = common::new_haven();
    let config =
        Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("the demo's configuration");
    (Arc::new(Engine::new(snapshot.dataset().clone())), config.defaults().expect("usable"))
});

static ROUTER: LazyLock<Router> = LazyLock::new(|| behind(Access::default()));

fn behind(access: Access) -> Router {
    let (engine, values) = &*ENGINE;
    hotblocks::http::router_behind(access, Arc::clone(engine), values.clone())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

async fn ask_of(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 5000))));
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_of(&ROUTER, method, path, headers).await
}

async fn get(path: &str) -> Answer {
    let answer = ask(Method::GET, path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer
}

/// Every `href` of a document.
fn hrefs(json: &Json) -> Vec<String> {
    match json {
        Json::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(text) if name == "href" => vec![text.to_owned()],
                _ => hrefs(value),
            })
            .collect(),
        Json::Array(items) => items.iter().flat_map(hrefs).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_f1_the_landing_page_links_what_there_is_and_the_document_by_its_exact_type() {
    let landing = get("/").await.json();
    let links = landing["links"].as_array().expect("links");
    let find = |rel: &str| links.iter().find(|link| link["rel"] == rel).unwrap_or_else(|| panic!("{rel}"));
    let openapi = "application/vnd.oai.openapi+json;version=3.0";
    for (rel, media) in [
        ("self", "application/json"),
        ("alternate", "text/html"),
        ("service-desc", openapi),
        ("service-doc", "text/html"),
        ("conformance", "application/json"),
        ("data", "application/json"),
    ] {
        assert_eq!(find(rel)["type"], media, "{rel}");
    }
    for href in hrefs(&landing) {
        let path = href.strip_prefix("http://127.0.0.1:8080").expect("absolute");
        assert_eq!(get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(get("/api").await.header(header::CONTENT_TYPE), openapi);
}

#[tokio::test]
async fn a_f2_every_link_is_absolute_and_right_behind_a_trusted_proxy_and_nobody_else_s_word_counts() {
    let told = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "maps.example"),
        ("x-forwarded-prefix", "/hot"),
    ];
    let trusting = behind(Access::new(None, &["127.0.0.1".to_owned()], &[]).expect("usable"));
    let public = behind(Access::new(Some("https://public.example/x"), &[], &[]).expect("usable"));
    let paths = [
        "/",
        "/collections",
        "/collections/blocks",
        "/collections/blocks/items?limit=3&offset=3",
        "/collections/incidents/items?limit=1",
    ];
    for path in paths {
        for (router, base) in [
            (&*ROUTER, "http://127.0.0.1:8080/"),
            (&trusting, "https://maps.example/hot/"),
            (&public, "https://public.example/x/"),
        ] {
            let json = ask_of(router, Method::GET, path, &told).await.json();
            let hrefs = hrefs(&json);
            assert!(hrefs.len() > 1, "{path}");
            for href in hrefs {
                assert!(href.starts_with(base), "{path}: {href} does not begin with {base}");
            }
        }
    }
    let document = ask_of(&trusting, Method::GET, "/api", &told).await.json();
    assert_eq!(document["servers"][0]["url"], "https://maps.example/hot");
}

#[tokio::test]
async fn a_f2_the_public_name_may_stand_in_host_and_no_other() {
    let public = behind(Access::new(Some("https://public.example"), &[], &[]).expect("usable"));
    for (host, status) in [("public.example", 200), ("127.0.0.1:8080", 200), ("evil.example", 403)] {
        let request = Request::builder().uri("/conformance").header(header::HOST, host);
        let request = request.body(Body::empty()).expect("a request");
        let response = public.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{host}");
    }
}

/// The paths of the router as it shows itself; the files of the page are no interface.
fn routed() -> BTreeSet<String> {
    let (engine, values) = &*ENGINE;
    let shown = format!("{:?}", hotblocks::http::routes(Arc::clone(engine), values.clone()));
    let paths = shown.split('"').filter(|part| part.starts_with('/') && !part.starts_with("/page/"));
    // Fallbacks have paths of the router's own.
    paths.filter(|path| !path.contains("__private")).map(str::to_owned).collect()
}

/// A path with something in each of its places.
fn filled(path: &str) -> String {
    let values = [
        ("{id}", "blocks"),
        ("{layer}", "density"),
        ("{z}", "12"),
        ("{x}", "1233"),
        ("{y}.png", "1531.png"),
        ("{y}", "1531.png"),
    ];
    let path = values.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    let mut parts = path.split(['{', '}']);
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.enumerate().map(|(at, part)| if at % 2 == 0 { "1" } else { part }).collect::<String>()
}

#[tokio::test]
async fn a_f3_routes_and_document_are_the_same_paths_and_methods() {
    let document = get("/api").await.json();
    let paths = document["paths"].as_object().expect("paths");
    // A documented path belongs to the route that answers it: what is asked with another method tells which it is.
    let mut documented: std::collections::BTreeMap<String, BTreeSet<String>> = Default::default();
    for (path, methods) in paths {
        let allow = ask(Method::TRACE, &filled(path), &[]).await;
        assert_eq!(allow.status, StatusCode::METHOD_NOT_ALLOWED, "{path} is no route");
        let allowed: BTreeSet<String> =
            allow.header(header::ALLOW).split(',').map(|m| m.trim().to_lowercase()).collect();
        let told: BTreeSet<String> = methods.as_object().expect("methods").keys().cloned().collect();
        let offered: BTreeSet<String> = allowed.into_iter().filter(|method| method != "head").collect();
        assert_eq!(told, offered, "{path}");
        documented.insert(path.clone(), told);
    }
    let routed = routed();
    assert!(routed.len() > 5, "the router shows its paths: {routed:?}");
    for route in &routed {
        let is_told = documented.keys().any(|path| fits(route, path));
        assert!(is_told, "{route} is not in the document: it needs a row in src/http/api/table.rs");
    }
}

/// Whether a documented path is one of a route's.
fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let catches_all = route.last().is_some_and(|part| part.starts_with("{*"));
    let same = route.len() == path.len() || (catches_all && path.len() >= route.len());
    same && route.iter().zip(&path).all(|(a, b)| a == b || (a.contains('{') && !b.is_empty()))
}

#[tokio::test]
async fn a_f3_the_document_is_openapi_3_0_and_all_its_references_resolve() {
    let document = get("/api").await.json();
    assert_eq!(document["openapi"], "3.0.3");
    let mut references = Vec::new();
    collect(&document, "$ref", &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let at = reference.strip_prefix('#').expect("inside the document");
        assert!(document.pointer(at).is_some(), "{reference} leads nowhere");
    }
    let mut ids = Vec::new();
    collect(&document, "operationId", &mut ids);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "each operation has a name of its own");
    // What 3.1 has and 3.0 does not.
    let text = document.to_string();
    assert!(!text.contains("\"const\"") && !text.contains("\"prefixItems\"") && !text.contains("\"type\":["));
}

fn collect(json: &Json, name: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(text) if key == name => found.push(text.to_owned()),
                    _ => collect(value, name, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_f4_conformance_is_claimed_in_version_1_0() {
    let classes = get("/conformance").await.json();
    let classes = classes["conformsTo"].as_array().expect("classes");
    assert!(classes.len() >= 4);
    for class in classes {
        let class = class.as_str().expect("text");
        assert!(class.starts_with("http://www.opengis.net/spec/") && class.contains("/1.0/conf/"), "{class}");
    }
}

#[tokio::test]
async fn a_f4_core_collections_items_and_one_feature_are_where_the_standard_has_them() {
    let all = get("/collections").await.json();
    for collection in all["collections"].as_array().expect("collections") {
        let id = collection["id"].as_str().expect("an id");
        let one = get(&format!("/collections/{id}")).await.json();
        assert_eq!(&one, collection);
        for member in ["title", "description", "itemType", "extent", "links"] {
            assert!(!one[member].is_null(), "{id} has no {member}");
        }
        let items = one["links"].as_array().expect("links").iter().find(|link| link["rel"] == "items");
        assert_eq!(items.expect("items")["type"], "application/geo+json", "{id}");
        assert_eq!(one["extent"]["spatial"]["bbox"][0].as_array().map(Vec::len), Some(4), "{id}");
    }
}

#[tokio::test]
async fn a_f4_features_are_geojson_with_ids_and_links() {
    let page = get("/collections/blocks/items?limit=5").await;
    assert_eq!(page.header(header::CONTENT_TYPE), "application/geo+json");
    let page = page.json();
    assert_eq!((&page["type"], page["numberReturned"].as_u64()), (&"FeatureCollection".into(), Some(5)));
    for feature in page["features"].as_array().expect("features") {
        assert!(feature["type"] == "Feature" && feature["id"].is_string() && feature["geometry"].is_object());
    }
    assert!(page.get("crs").is_none() && page.get("timeStamp").is_none());
}

#[tokio::test]
async fn a_f5_limit_bbox_and_datetime_are_defined_as_clients_look_for_them() {
    let document = get("/api").await.json();
    let shared = &document["components"]["parameters"];
    let limit = &shared["limit"]["schema"];
    assert_eq!((&limit["type"], limit["minimum"].as_u64()), (&"integer".into(), Some(1)));
    assert_eq!((limit["maximum"].as_u64(), limit["default"].as_u64()), (Some(10_000), Some(1_000)));
    let bbox = &shared["bbox"]["schema"];
    assert_eq!((bbox["minItems"].as_u64(), bbox["maxItems"].as_u64()), (Some(4), Some(6)));
    assert_eq!(bbox["items"], serde_json::json!({ "type": "number" }));
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !path.ends_with("/items") {
            continue;
        }
        let parameters = methods["get"]["parameters"].as_array().expect("parameters");
        for name in ["limit", "bbox", "datetime"] {
            let reference = format!("#/components/parameters/{name}");
            // A plan and a list have periods of their own, by other names.
            let is_needed =
                name != "datetime" || !["plan", "list", "brief"].iter().any(|id| path.contains(id));
            let is_there = parameters.iter().any(|one| one["$ref"] == reference.as_str());
            assert!(is_there || !is_needed, "{path} has no {name}");
        }
    }
    for name in ["limit", "bbox", "datetime"] {
        let one = &shared[name];
        assert_eq!((&one["in"], &one["required"]), (&"query".into(), &false.into()), "{name}");
        assert_eq!((&one["style"], &one["explode"]), (&"form".into(), &false.into()), "{name}");
    }
}

/// What a reference of the document points to.
fn resolved<'a>(document: &'a Json, one: &'a Json) -> &'a Json {
    let pointer = one["$ref"].as_str().and_then(|address| address.strip_prefix('#'));
    pointer.map_or(one, |pointer| document.pointer(pointer).expect("it points somewhere"))
}

/// Path, method and parameters of every operation of a document.
fn operations(document: &Json) -> Vec<(String, String, Vec<&Json>)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().expect("methods").iter().map(move |(method, told)| (path, method, told))
    });
    methods
        .map(|(path, method, told)| {
            let parameters = told["parameters"].as_array().expect("parameters");
            let parameters = parameters.iter().map(|one| resolved(document, one)).collect();
            (path.clone(), method.clone(), parameters)
        })
        .collect()
}

#[tokio::test]
async fn a_f3_no_operation_has_a_parameter_twice_and_every_default_can_be_given() {
    let document = get("/api").await.json();
    for (path, method, parameters) in operations(&document) {
        let mut names = BTreeSet::new();
        for one in parameters {
            let name = one["name"].as_str().expect("a name");
            assert!(names.insert((name, one["in"].to_string())), "{method} {path} has {name} twice");
            let schema = &one["schema"];
            let [default, least, most] = ["default", "minimum", "maximum"].map(|key| schema[key].as_f64());
            if let Some(default) = default {
                assert!(least.is_none_or(|least| least <= default), "{path}: {name} {schema}");
                assert!(most.is_none_or(|most| default <= most), "{path}: {name} {schema}");
            }
        }
    }
    // As the document says.
    let limit = operations(&document).into_iter().find(|(path, ..)| path == "/jobs").expect("jobs").2;
    let limit = &limit.iter().find(|one| one["name"] == "limit").expect("a limit")["schema"];
    get(&format!("/jobs?limit={}", limit["default"])).await;
    get(&format!("/jobs?limit={}", limit["maximum"])).await;
    let more = limit["maximum"].as_u64().expect("a number") + 1;
    assert_eq!(ask(Method::GET, &format!("/jobs?limit={more}"), &[]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_f5_the_pattern_of_a_time_covers_what_is_taken() {
    let document = get("/api").await.json();
    let all = operations(&document);
    for (path, taken) in [("/collections/incidents/items", true), ("/xyz/blocks.json", true)] {
        let (.., parameters) = all.iter().find(|(one, ..)| one == path).expect("a path");
        let one = parameters.iter().find(|one| one["name"] == "datetime").expect("a time");
        let pattern = one["schema"]["pattern"].as_str().expect("a pattern");
        let pattern =
            regex_lite::RegexBuilder::new(pattern).size_limit(100_000_000).build().expect("a pattern");
        for time in [
            "2014-09-05T12:00:00Z",
            "2014-09-05T12:00Z",
            "2014-09-05t12:00:00z",
            "2014-09-05T12:00:00.123456789%2B14:00",
            "2014-09-05T12:00:00.000Z",
            "2014-09-05T12:00:00-05:00/..",
            "2014-09-05T12:00:00Z/2014-09-06T00:00:00Z",
            "2014-09-05T12:00:00Z/2014-09-06",
            "2014-09-05T12:00:00Z/PT6H",
            "2014-09-05T12:00:00Z/P1DT6H30M",
            "PT6H/2014-09-05T12:00:00Z",
            "2014-09-05/P2D",
            "2014-09-05/P1M2D",
            "P1W/2014-09-05",
            "2014-09-05",
            "2014-09-05/2014-09-07",
            "2014-09-05/..",
            "/2014-09-05",
            "../2014-09-05T12:00:00Z",
        ] {
            assert_eq!(pattern.is_match(&time.replace("%2B", "+")), taken, "{path}: {time}");
            let asked = format!("{path}?datetime={time}");
            assert_eq!(ask(Method::GET, &asked, &[]).await.status, StatusCode::OK, "{asked}");
        }
        for time in [
            "yesterday",
            "2014-13-01",
            "2014-09-05T25:00:00Z",
            "2014-09-05T12:00:00",
            "../..",
            "",
            "/",
            "2014-09-05/PT6H",
            "2014-09-05/P",
            "2014-09-05T12:00:00Z/PT",
            "P1D/P1D",
            "2014-09-05/2014-09-06/2014-09-07",
        ] {
            assert!(!pattern.is_match(time), "{path}: {time}");
            let asked = format!("{path}?datetime={time}");
            assert_eq!(ask(Method::GET, &asked, &[]).await.status, StatusCode::BAD_REQUEST, "{asked}");
        }
    }
}

#[tokio::test]
async fn a_f9_every_queryable_is_a_parameter_of_items_that_is_taken() {
    let document = get("/api").await.json();
    let all = operations(&document);
    for collection in
        ["incidents", "blocks", "density", "clusters", "hotspots", "near-repeat", "areas", "plan", "list"]
    {
        let queryables = get(&format!("/collections/{collection}/queryables")).await.json();
        let path = format!("/collections/{collection}/items");
        let (.., parameters) = all.iter().find(|(one, ..)| *one == path).expect("a path");
        for name in queryables["properties"].as_object().expect("properties").keys() {
            let is_there = parameters.iter().any(|one| one["name"] == name.as_str());
            assert!(is_there || name == "geometry", "{collection}: {name} is no parameter");
        }
    }
    // The instants of incidents, as features have them.
    let page = get("/collections/incidents/items?limit=1&category=all").await.json();
    let first = &page["features"][0];
    for name in ["from", "to"] {
        let at = first["properties"][name].as_str().expect("an instant").replace('+', "%2B");
        let same =
            get(&format!("/collections/incidents/items?limit=10000&category=all&{name}={at}")).await.json();
        let same = same["features"].as_array().expect("features");
        assert!(same.iter().any(|one| one["id"] == first["id"]), "{name}");
        assert!(same.iter().all(|one| one["properties"][name] == first["properties"][name]), "{name}");
        let bad = ask(Method::GET, &format!("/collections/incidents/items?{name}=yesterday"), &[]).await;
        assert_eq!((bad.status, &bad.json()["parameter"]), (StatusCode::BAD_REQUEST, &name.into()));
    }
}

#[tokio::test]
async fn a_h1_what_is_json_is_also_a_page_and_its_form_can_be_named() {
    let document = get("/api").await.json();
    let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let mut asked = 0;
    for (path, method, parameters) in operations(&document) {
        let gives = &document["paths"][&path][&method]["responses"]["200"]["content"];
        let media: Vec<&String> = gives.as_object().into_iter().flatten().map(|(media, _)| media).collect();
        let is_json = media.iter().any(|one| one.ends_with("/json") || one.ends_with("+json"));
        if method != "get" || !is_json {
            continue;
        }
        let forms =
            parameters.iter().find(|one| one["name"] == "f").unwrap_or_else(|| panic!("{path} has no f"));
        // Files are of the form that their name ends in.
        if ["items.{format}", ".{format}"].iter().any(|end| path.ends_with(end)) {
            continue;
        }
        assert!(media.iter().any(|one| *one == "text/html"), "{path} is no page");
        let words: Vec<&str> =
            forms["schema"]["enum"].as_array().expect("words").iter().filter_map(Json::as_str).collect();
        assert!(words.contains(&"html"), "{path}: {words:?}");
        let needs = parameters.iter().any(|one| one["required"] == true && one["in"] == "query");
        if needs || path.contains("/list") || path.contains("/brief") || path.contains("/plan") {
            continue;
        }
        let path = path.replace("{id}", "blocks");
        // There is no report yet, nor a job.
        if path.contains("{") || path.starts_with("/ingest/") {
            continue;
        }
        let page = get(&format!("{path}?f=html")).await;
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        let text = String::from_utf8_lossy(&page.body).into_owned();
        assert!(text.starts_with("<!DOCTYPE html>") || text.starts_with("<!doctype html>"), "{path}");
        if words.contains(&"json") {
            let told = get(&format!("{path}?f=json")).await;
            assert!(told.header(header::CONTENT_TYPE).contains("json"), "{path}");
            told.json();
        }
        // A browser gets the page without asking; an address that ends in its form is what it says.
        let browsed = ask(Method::GET, &path, &[("accept", chromium)]).await;
        let is_page = browsed.header(header::CONTENT_TYPE).starts_with("text/html");
        assert_eq!(is_page, !path.ends_with(".json") && !path.ends_with(".csv"), "{path}");
        let bad = ask(Method::GET, &format!("{path}?f=pdf"), &[]).await;
        assert_eq!((bad.status, &bad.json()["parameter"]), (StatusCode::BAD_REQUEST, &"f".into()), "{path}");
        asked += 1;
    }
    assert!(asked > 40, "{asked}");
    let page = get("/conformance?f=html").await;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(text.contains("ogcapi-features-1/1.0/conf/html") && !text.contains("<script"), "{text}");
    assert_eq!(get("/docs?f=html").await.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    // Two forms of one address have two tags.
    let [a, b] = ["html", "json"].map(|form| format!("/conformance?f={form}"));
    assert_ne!(get(&a).await.header(header::ETAG), get(&b).await.header(header::ETAG));
    // What is no media range is no wish.
    for path in ["/", "/collections", "/conformance"] {
        let answer = ask(Method::GET, path, &[("accept", "garbage")]).await;
        assert_eq!(
            (answer.status, answer.header(header::CONTENT_TYPE)),
            (StatusCode::OK, "application/json")
        );
    }
}

#[tokio::test]
async fn a_f13_a_name_that_means_the_same_elsewhere_is_named() {
    for (path, nearest) in [
        ("/collections/blocks/items?period=2014-09-05", "datetime"),
        ("/collections/incidents/items?period=2014-09-05", "datetime"),
        ("/collections/blocks/items?compare_period=2014-09-05", "compare_datetime"),
        ("/collections/density/items?bandwidth=250", "bandwidth_m"),
        ("/xyz/blocks/3/0/0.mvt?period=2014-09-05", "datetime"),
        ("/counts?datetime=2014-09-05", "period"),
    ] {
        let answer = ask(Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let problem = answer.json();
        assert_eq!(problem["nearest"], nearest, "{path}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains(nearest)), "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_f14_an_address_that_is_too_long_is_a_problem_and_a_long_one_is_none() {
    let asked = |n: usize| format!("/collections/blocks/items?limit=1&_={}", "7".repeat(n));
    get(&asked(50_000)).await;
    let answer = ask(Method::GET, &asked(62_000), &[]).await;
    assert_eq!(answer.status, StatusCode::URI_TOO_LONG);
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
    assert!(answer.json()["detail"].as_str().is_some_and(|text| text.contains("60000")));
}

#[tokio::test]
async fn a_f8_pages_of_geojson_name_their_neighbors_in_the_head_too() {
    let page = get("/collections/blocks/items?limit=5&offset=5").await;
    let lines: Vec<&str> =
        page.headers.get_all(header::LINK).iter().filter_map(|l| l.to_str().ok()).collect();
    for rel in ["next", "prev"] {
        let told =
            page.json()["links"].as_array().expect("links").iter().find(|one| one["rel"] == rel).cloned();
        let href = told.expect("a link")["href"].as_str().expect("an address").to_owned();
        let line = format!("<{href}>; rel=\"{rel}\"; type=\"application/geo+json\"");
        assert!(lines.contains(&line.as_str()), "{lines:?}");
    }
    assert!(
        !get("/collections/blocks/items?limit=10000&category=all").await.headers.contains_key(header::LINK)
    );
}

#[tokio::test]
async fn a_h4_head_of_what_is_empty_tells_no_length() {
    for path in ["/xyz/blocks/3/0/0.mvt", "/xyz/density/3/0/0.png"] {
        let head = ask(Method::HEAD, path, &[]).await;
        assert_eq!(head.status, StatusCode::NO_CONTENT, "{path}");
        assert!(!head.headers.contains_key(header::CONTENT_LENGTH), "{path}: {:?}", head.headers);
    }
    let head = ask(Method::HEAD, "/collections/blocks/items?limit=1", &[]).await;
    assert!(head.headers.contains_key(header::CONTENT_LENGTH), "what is not empty tells it");
}

#[tokio::test]
async fn a_f6_ids_of_collections_are_plain_words() {
    for collection in get("/collections").await.json()["collections"].as_array().expect("collections") {
        let id = collection["id"].as_str().expect("an id");
        let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        assert!(plain && id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
    }
}

#[tokio::test]
async fn a_f13_an_unknown_parameter_is_refused_with_its_name_the_nearest_and_the_list() {
    for (path, parameter, nearest) in [
        ("/collections/incidents/items?categry=robbery", "categry", "category"),
        ("/collections/blocks/items?limt=5", "limt", "limit"),
        ("/?fomat=json&ff=json", "fomat", ""),
        ("/api?ff=json", "ff", "f"),
        ("/conformance?x=1", "x", ""),
        ("/collections?colection=1", "colection", ""),
        ("/collections/blocks?limit=1", "limit", ""),
        ("/xyz/density/1/0/0.png?limit=1", "limit", ""),
        ("/livez?verbose=1", "verbose", ""),
    ] {
        let answer = ask(Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["parameter"], parameter, "{path}");
        assert!(problem["allowed"].is_array(), "{path}");
        if !nearest.is_empty() {
            assert_eq!(problem["nearest"], nearest, "{path}");
            assert!(
                problem["allowed"].as_array().expect("names").iter().any(|name| name == nearest),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_schema_forbids_is_refused_and_what_it_allows_is_taken() {
    let document = get("/api").await.json();
    let parameters = document["paths"]["/collections/incidents/items"]["get"]["parameters"].clone();
    let to = parameters.as_array().expect("parameters").iter().find(|param| param["name"] == "to");
    let schema = &to.expect("incidents end")["schema"];
    // Seconds may be left out, as in ISO 8601; RFC 3339, which the format date-time is, has them always.
    assert!(schema["pattern"].is_string() && schema.get("format").is_none(), "{schema}");
    get("/collections/incidents/items?to=2014-09-03T10:15Z").await;
    for (path, parameter) in [
        ("/collections/blocks/items?properties=,", "properties"),
        ("/collections/blocks/items?properties=name,", "properties"),
        ("/collections/blocks/items?category=person,", "category"),
        ("/collections/incidents/items?to=2014-09-03", "to"),
    ] {
        let answer = ask(Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["parameter"], parameter, "{path}");
    }
    // Too much for the budget, and not for the schema: it is told what fits.
    let path = "/collections/targets/items?budget=300m&least_size=887661mi&limit=1";
    let answer = ask(Method::GET, path, &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.json());
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("give at most")), "{path}");
}

#[tokio::test]
async fn a_f13_what_clients_add_to_every_address_is_taken_and_arcgis_is_told_of_filters() {
    for path in [
        "/?api_key=a&token=b&_=17",
        "/api?token=x",
        "/collections?api_key=",
        "/collections/blocks?_=1",
        "/collections/blocks/items?limit=1&api_key=k&token=t&_=99",
    ] {
        get(path).await;
    }
    let by_offset = get("/collections/blocks/items?limit=5&offset=5").await.json();
    let by_index = get("/collections/blocks/items?limit=5&startindex=5&_=1").await.json();
    assert_eq!(by_offset["features"], by_index["features"]);
    assert!(!by_index["links"].to_string().contains("_=1"), "{}", by_index["links"]);
    let both = ask(Method::GET, "/collections/blocks/items?offset=1&startindex=2", &[]).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
    get("/collections/blocks/items?limit=1&offset=1&startindex=1").await;
    let query = ask(Method::GET, "/collections/blocks/items?query=rank%3C5", &[]).await;
    assert_eq!((query.status, &query.json()["parameter"]), (StatusCode::BAD_REQUEST, &"query".into()));
    assert!(query.json()["detail"].as_str().is_some_and(|detail| detail.contains("use ")));
}

#[tokio::test]
async fn a_f14_every_failure_is_a_problem_document() {
    let long = format!("/collections/{}", "x".repeat(5_000));
    for (method, path, headers, status) in [
        (Method::GET, "/nothing", &[][..], 404),
        (Method::GET, "/collections/nothing", &[], 404),
        (Method::GET, "/collections/nothing/items?a=b", &[], 404),
        (Method::GET, long.as_str(), &[], 404),
        (Method::GET, "/page/nothing.js", &[], 404),
        (Method::GET, "/collections/blocks/items?limit=0", &[], 400),
        (Method::GET, "/collections/explain/items", &[], 400),
        (Method::GET, "/collections/explain/items?block=nowhere", &[], 422),
        (Method::GET, "/collections/density/items?bandwidth_m=20&cell_m=50", &[], 422),
        (Method::GET, "/?f=pdf", &[], 400),
        (Method::GET, "/tileMatrixSets?f=pdf", &[], 400),
        (Method::GET, "/", &[("accept", "image/png")], 406),
        (Method::PUT, "/collections", &[], 405),
        (Method::TRACE, "/", &[], 405),
        (Method::DELETE, "/collections/blocks/items", &[], 405),
        (Method::POST, "/api", &[], 405),
    ] {
        let answer = ask(method.clone(), path, headers).await;
        let place = format!("{method} {}", path.chars().take(60).collect::<String>());
        assert_eq!(answer.status.as_u16(), status, "{place}");
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{place}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{place}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{place}: {member}");
        }
        if status == 405 {
            assert!(answer.header(header::ALLOW).contains("GET"), "{place}: {:?}", answer.headers);
        }
        assert!(!answer.headers.contains_key(header::ETAG), "{place}: a failure is no answer to keep");
    }
}

#[tokio::test]
async fn a_h1_each_client_gets_the_form_that_it_wants() {
    let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (accept, media) in [
        ("application/geo+json, application/json", "application/json"),
        ("text/plain, application/json", "application/json"),
        ("*/*", "application/json"),
        (chromium, "text/html; charset=utf-8"),
    ] {
        let answer = ask(Method::GET, "/", &[("accept", accept)]).await;
        assert_eq!(answer.header(header::CONTENT_TYPE), media, "{accept}");
        assert!(answer.header(header::VARY).contains("accept"), "{accept}");
    }
    assert_eq!(get("/").await.header(header::CONTENT_TYPE), "application/json", "no Accept at all");
    for (f, media) in [("html", "text/html; charset=utf-8"), ("json", "application/json")] {
        let answer = ask(Method::GET, &format!("/?f={f}"), &[("accept", "image/png")]).await;
        assert_eq!(answer.header(header::CONTENT_TYPE), media, "{f}");
    }
    for accept in ["application/geo+json, application/json", "text/plain, application/json", "*/*"] {
        let answer = ask(Method::GET, "/collections/blocks/items?limit=1", &[("accept", accept)]).await;
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/geo+json", "{accept}");
    }
    let qgis = "application/vnd.oai.openapi+json;version=3.0, application/openapi+json;version=3.0, application/json";
    let document = ask(Method::GET, "/api", &[("accept", qgis)]).await;
    assert!(document.header(header::CONTENT_TYPE).ends_with("version=3.0"));
    let docs = ask(Method::GET, "/api", &[("accept", chromium)]).await;
    assert!(docs.header(header::CONTENT_TYPE).starts_with("text/html"));
}

#[tokio::test]
async fn a_h2_tags_are_stable_follow_the_question_and_change_with_the_data() {
    let path = "/collections/blocks/items?limit=3&category=all";
    let tag = |answer: &Answer| answer.header(header::ETAG).to_owned();
    let first = tag(&get(path).await);
    assert!(first.starts_with("W/\"") && first == tag(&get(path).await));
    assert_eq!(first, tag(&get("/collections/blocks/items?category=all&limit=3").await), "in any order");
    assert_eq!(first, tag(&get("/collections/blocks/items?category=all&limit=3&_=5").await), "past caches");
    assert_ne!(first, tag(&get("/collections/blocks/items?limit=4&category=all").await));
    assert_ne!(first, tag(&get("/collections/areas/items?limit=3&category=all").await));
    let same = ask(Method::GET, path, &[("if-none-match", &format!("\"x\", {first}"))]).await;
    assert_eq!((same.status, same.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!((tag(&same), same.header(header::CACHE_CONTROL)), (first.clone(), "private, no-cache"));
    assert!(!same.header(header::VARY).is_empty());
    assert_eq!(ask(Method::GET, path, &[("if-none-match", "*")]).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(ask(Method::HEAD, path, &[("if-none-match", &first)]).await.status, StatusCode::NOT_MODIFIED);

    let (engine, values) = &*ENGINE;
    let dataset = || engine.open(&hotblocks::engine::View::all()).dataset().clone();
    let own = Arc::new(Engine::new(dataset()));
    let router = hotblocks::http::router(Arc::clone(&own), values.clone());
    let before = tag(&ask_of(&router, Method::GET, path, &[]).await);
    assert_ne!(before, first, "the same generation after a new start may be of other data");
    let next = hotblocks::engine::snapshot::Snapshot::new(dataset(), 2);
    own.publish(Arc::new(next), 0);
    let after = ask_of(&router, Method::GET, path, &[("if-none-match", &before)]).await;
    assert_eq!(after.status, StatusCode::OK);
    assert_ne!(tag(&after), before);
}

#[tokio::test]
async fn a_h2_a_conditional_request_costs_no_analysis() {
    // A plan of many minutes, were it made: the tag alone answers.
    let path = "/collections/explain/items?block=nowhere";
    let tag = get("/collections").await.header(header::ETAG).to_owned();
    assert_eq!(
        ask(Method::GET, path, &[("if-none-match", &tag)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let answer = get("/collections/blocks/items?draws=1000").await;
    let tag = answer.header(header::ETAG).to_owned();
    // The handler would refuse this; that it is never asked is what a tag saves.
    let same = ask(Method::GET, "/collections/blocks/items?draws=1000", &[("if-none-match", &tag)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_h2_files_of_the_page_have_tags_too() {
    let first = get("/page/app.js").await;
    let tag = first.header(header::ETAG).to_owned();
    assert!(!tag.is_empty());
    let same = ask(Method::GET, "/page/app.js", &[("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.body.len()), (StatusCode::NOT_MODIFIED, 0));
}

#[tokio::test]
async fn a_h3_compressed_or_not_it_is_the_same_and_small_answers_are_not() {
    let path = "/collections/blocks/items?limit=200";
    let plain = get(path).await;
    for encoding in ["gzip", "br"] {
        let packed = ask(Method::GET, path, &[("accept-encoding", encoding)]).await;
        assert_eq!(packed.header(header::CONTENT_ENCODING), encoding);
        assert_eq!(packed.header(header::ETAG), plain.header(header::ETAG));
        let unpacked = match encoding {
            "gzip" => {
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut text)
                    .expect("gzip");
                text
            }
            // That it is smaller and named so is all that can be seen here without a reader of it.
            _ => plain.body.clone(),
        };
        assert_eq!(unpacked, plain.body, "{encoding}");
        assert!(packed.body.len() * 3 < plain.body.len());
    }
    let small = ask(Method::GET, "/livez", &[("accept-encoding", "gzip, br")]).await;
    assert!(small.body.len() < 1024 && !small.headers.contains_key(header::CONTENT_ENCODING));
}

#[tokio::test]
async fn a_h4_ranges_are_ignored_and_head_is_get_without_its_body() {
    let path = "/collections/blocks/items?limit=5";
    let whole = get(path).await;
    let part = ask(Method::GET, path, &[("range", "bytes=0-1")]).await;
    assert_eq!((part.status, &part.body), (StatusCode::OK, &whole.body));
    for path in
        [path, "/", "/api", "/conformance", "/docs", "/collections", "/livez", "/xyz/density/11/609/765.png"]
    {
        let (get, head) = (get(path).await, ask(Method::HEAD, path, &[]).await);
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{path}");
        for name in [header::CONTENT_TYPE, header::ETAG, header::CACHE_CONTROL, header::VARY] {
            assert_eq!(head.headers.get(&name), get.headers.get(&name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_h5_pages_may_read_where_they_are_let_and_never_with_credentials() {
    let open = behind(Access::new(None, &[], &["*".to_owned()]).expect("usable"));
    let listed = behind(Access::new(None, &[], &["https://maps.example".to_owned()]).expect("usable"));
    let allowed = |answer: &Answer| answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN).to_owned();
    for (router, origin, expected) in [
        (&open, "https://evil.example", "*"),
        (&listed, "https://maps.example", "https://maps.example"),
        (&listed, "https://evil.example", ""),
        (&*ROUTER, "http://localhost:3000", "http://localhost:3000"),
        (&*ROUTER, "https://evil.example", ""),
    ] {
        let read =
            ask_of(router, Method::GET, "/collections/blocks/items?limit=1", &[("origin", origin)]).await;
        assert_eq!((read.status, allowed(&read).as_str()), (StatusCode::OK, expected), "{origin}");
        let before = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "if-none-match"),
        ];
        let preflight = ask_of(router, Method::OPTIONS, "/collections/blocks/items", &before).await;
        assert!(preflight.status.is_success());
        assert_eq!(allowed(&preflight), expected, "{origin}");
        let sent = preflight.header(header::ACCESS_CONTROL_ALLOW_HEADERS).to_lowercase();
        for name in ["authorization", "x-api-key", "if-none-match", "last-event-id"] {
            assert!(sent.contains(name), "{name}");
        }
        let methods = preflight.header(header::ACCESS_CONTROL_ALLOW_METHODS);
        // Where an agency names origins, their pages may also run analyses.
        let runs = std::ptr::eq(router, &raw const listed);
        assert!(methods.contains("GET") && methods.contains("POST") == runs, "{methods}");
        let exposed = read.header(header::ACCESS_CONTROL_EXPOSE_HEADERS).to_lowercase();
        for name in [
            "etag",
            "link",
            "ogc-numbermatched",
            "content-crs",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
        ] {
            assert!(exposed.contains(name), "{name}");
        }
        for answer in [&read, &preflight] {
            assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
    }
    // Where the answer depends on who asks, caches are told.
    let read = ask_of(&listed, Method::GET, "/collections", &[("origin", "https://maps.example")]).await;
    assert!(read.header(header::VARY).contains("origin"));
}

#[tokio::test]
async fn a_h5_pages_of_other_sites_change_nothing() {
    for (origin, status) in [("https://evil.example", 403), ("null", 403), ("http://127.0.0.1:8080", 405)] {
        for router in [&*ROUTER, &behind(Access::new(None, &[], &["*".to_owned()]).expect("usable"))] {
            let write = ask_of(router, Method::POST, "/collections", &[("origin", origin)]).await;
            assert_eq!(write.status.as_u16(), status, "{origin}");
        }
    }
    assert_eq!(ask(Method::POST, "/collections", &[]).await.status.as_u16(), 405, "no browser");
}

#[tokio::test]
async fn a_h5_pages_that_the_agency_names_run_and_dismiss_analyses_and_change_nothing_else() {
    let of = |origins: &[&str]| {
        let origins: Vec<String> = origins.iter().map(|one| (*one).to_owned()).collect();
        behind(Access::new(None, &[], &origins).expect("usable"))
    };
    let (listed, open, both) =
        (of(&["https://maps.example"]), of(&["*"]), of(&["*", "https://maps.example"]));
    let named = [("origin", "https://maps.example")];
    for (router, headers, lets) in [
        (&listed, named, true),
        (&both, named, true),
        (&open, named, false),
        (&*ROUTER, named, false),
        (&listed, [("origin", "https://evil.example")], false),
        (&both, [("origin", "https://evil.example")], false),
        (&open, [("origin", "*")], false),
        (&listed, [("origin", "http://localhost:3000")], false),
    ] {
        // What is let in is told that its body is none, or that there is no such job.
        for (method, path, status) in
            [(Method::POST, "/processes/rank/execution", 415), (Method::DELETE, "/jobs/none", 404)]
        {
            let answer = ask_of(router, method, path, &headers).await;
            let expected = if lets { status } else { 403 };
            assert_eq!(answer.status.as_u16(), expected, "{headers:?} {path}: {}", answer.json());
        }
        for (method, path) in [
            (Method::POST, "/alerts"),
            (Method::POST, "/ingest/police"),
            (Method::POST, "/jobs/none"),
            (Method::DELETE, "/processes/rank/execution"),
            (Method::POST, "/processes/rank/execution/more"),
        ] {
            assert_eq!(ask_of(router, method, path, &headers).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let before = [
        named[0],
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, prefer"),
    ];
    let preflight = ask_of(&listed, Method::OPTIONS, "/processes/rank/execution", &before).await;
    assert_eq!(preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "https://maps.example");
    let methods = preflight.header(header::ACCESS_CONTROL_ALLOW_METHODS);
    assert!(methods.contains("POST") && methods.contains("DELETE"), "{methods}");
    assert!(preflight.header(header::ACCESS_CONTROL_ALLOW_HEADERS).contains("prefer"));
}

#[tokio::test]
async fn a_h6_no_answer_names_a_version_of_the_server() {
    for path in ["/", "/collections", "/nothing", "/livez"] {
        let answer = ask(Method::GET, path, &[]).await;
        assert!(
            !answer.headers.contains_key(header::SERVER) && !answer.headers.contains_key("x-powered-by"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_document_for_people_needs_nobody_else_and_runs_no_script() {
    let page = get("/docs").await;
    assert!(page.header(header::CONTENT_TYPE).starts_with("text/html"));
    let html = String::from_utf8(page.body).expect("UTF-8");
    assert!(
        !html.contains("<script")
            && html.contains("bandwidth_m")
            && html.contains("/collections/blocks/items")
    );
    for href in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let path =
            href.strip_prefix("http://127.0.0.1:8080").unwrap_or_else(|| panic!("{href} is elsewhere"));
        assert_eq!(get(path).await.status, StatusCode::OK, "{path}");
    }
}
