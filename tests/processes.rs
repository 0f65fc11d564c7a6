//! Processes and jobs over HTTP: what collections answer, at once or later, under an id that follows from inputs and data.

mod common;

use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use common::answers::values;
use hotblocks::config::Config;
use hotblocks::encode;
use hotblocks::engine::Engine;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::counts::{CHANGE, COUNTS};
use hotblocks::engine::params::explain::EXPLAIN;
use hotblocks::engine::params::hotspots::HOTSPOTS;
use hotblocks::engine::params::near_repeat::NEAR_REPEAT;
use hotblocks::engine::params::outreach::{BRIEF, DELAY, LIST};
use hotblocks::engine::params::patrol::PLAN;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{AREAS, DENSITY, Kind, OPERATIONS, Operation};
use hotblocks::engine::params::targets::TARGETS;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks::{Purpose, Shapes, read_for};
use hotblocks::ingest::input::Input;
use hotblocks::layer::Page;
use hotblocks::layer::answer::answer;
use hotblocks::layer::outreach_answer::list_ask;
use hotblocks::model::areas::AreaKind;
use hotblocks::model::dataset::Dataset;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

/// The sample with some areas.
fn sample() -> Dataset {
    let mut dataset = common::new_haven().0.dataset().clone();
    let polygons = common::repository("data/new-haven/derived_newhaven_blocks.geojson");
    let input = Input::at(&polygons).expect("a known ending");
    let beats = Purpose::Areas(AreaKind::Beat);
    let Shapes::Areas(areas) = read_for(&input, None, beats).expect("polygons").0 else { panic!("polygons") };
    let some = areas.into_iter().take(20).collect();
    set_areas(&mut dataset, vec![(AreaKind::Beat, some)]).expect("near");
    dataset
}

fn defaults() -> Values {
    let config = common::repository("data/new-haven/hotblocks.toml");
    Config::open(&config).and_then(|config| config.defaults()).expect("the demo's configuration")
}

static DATASET: LazyLock<Dataset> = LazyLock::new(sample);

/// A service of its own, so that no test meets the jobs of another.
fn service() -> axum::Router {
    hotblocks::http::router(Arc::new(Engine::new(DATASET.clone())), defaults())
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

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

async fn send(
    router: &axum::Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response =
        router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(router: &axum::Router, path: &str) -> Answer {
    send(router, Method::GET, path, &[], Vec::new()).await
}

async fn execute(router: &axum::Router, id: &str, prefer: &str, body: &Json) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend((!prefer.is_empty()).then_some(("prefer", prefer)));
    let path = format!("/processes/{id}/execution");
    send(router, Method::POST, &path, &headers, body.to_string().into_bytes()).await
}

/// Every process with inputs that the sample has an answer to.
fn processes() -> [(&'static str, &'static Operation, Json); 13] {
    let beat = DATASET.areas[0].areas[0].name.clone();
    [
        ("rank", &RANK, json!({"draws": 200, "top": 5, "seed": 9})),
        ("density", &DENSITY, json!({"contours": "mean"})),
        ("clusters", &CLUSTERS, json!({"category": ["property"]})),
        ("hotspots", &HOTSPOTS, json!({"statistic": "gi-star"})),
        (
            "compare",
            &CHANGE,
            json!({"datetime": "2014-09-16/2014-09-30", "compare_datetime": "2014-09-01/2014-09-15"}),
        ),
        (
            "near-repeat",
            &NEAR_REPEAT,
            json!({"distances_m": [100, 200], "days": [7, 14], "permutations": 99}),
        ),
        ("areas", &AREAS, json!({})),
        ("targets", &TARGETS, json!({"budget": "20blocks"})),
        ("explain", &EXPLAIN, json!({"block": "segment-2018"})),
        ("list", &LIST, json!({"capacity": "5blocks", "draws": 100})),
        ("brief", &BRIEF, json!({"within": [format!("beat:{beat}")], "of": "gun"})),
        ("plan", &PLAN, json!({"officers": 2, "hours": "18:00-02:00", "free": 0.4, "speed": "30km/h"})),
        ("counts", &COUNTS, json!({"by": ["week", "category"], "period": "2014-09-01/2014-09-30"})),
    ]
}

/// Inputs as they stand in a query.
fn texts(inputs: &Json) -> Vec<(String, String)> {
    let one = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = |value: &Json| match value {
        Json::Array(list) => list.iter().map(one).collect::<Vec<_>>().join(","),
        value => one(value),
    };
    inputs.as_object().expect("inputs").iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What the layer itself answers.
fn expected(operation: &Operation, inputs: &Json) -> Json {
    let pairs = texts(inputs);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let values = values(operation, &pairs).or(&defaults());
    let layer = answer(&Snapshot::new(DATASET.clone(), 1), operation, &values, Page::ALL).expect("an answer");
    serde_json::from_str(&encode::geojson::collection(&layer, Json::Null)).expect("JSON")
}

/// A result without what tells where it came from.
fn bare(mut result: Json) -> Json {
    let members = result.as_object_mut().expect("an object");
    members.remove("links");
    members.get_mut("provenance").and_then(Json::as_object_mut).expect("provenance").remove("run");
    result
}

#[tokio::test]
async fn every_process_gives_at_once_and_as_a_job_what_its_collection_gives() {
    let router = service();
    for (id, operation, inputs) in processes() {
        let expected = expected(operation, &inputs);
        let body = json!({ "inputs": inputs });
        let at_once = execute(&router, id, "respond-sync", &body).await;
        assert_eq!(at_once.status, StatusCode::OK, "{id}: {}", String::from_utf8_lossy(&at_once.body));
        assert_eq!(at_once.header("content-type"), "application/geo+json", "{id}");
        assert_eq!(bare(at_once.json()), expected, "{id}");
        let run = at_once.json()["provenance"]["run"].clone();
        assert_eq!((&run["process"], &run["id"].as_str().expect("an id").len()), (&json!(id), &32));
        for param in operation.params {
            assert!(run["inputs"].get(param.wire).is_some(), "{id} does not tell {}", param.wire);
        }
        // As a job on a service of its own, which has no result yet.
        let fresh = service();
        let job = execute(&fresh, id, "respond-async", &body).await;
        assert_eq!(job.status, StatusCode::CREATED, "{id}");
        assert_eq!(job.header("preference-applied"), "respond-async");
        let at = job.header("location").strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned();
        assert_eq!(at, format!("/jobs/{}", run["id"].as_str().expect("an id")), "{id}: the same run");
        // Whoever asks for the same waits for the same job.
        let waited = execute(&fresh, id, "respond-sync", &body).await;
        assert_eq!(bare(waited.json()), expected, "{id}");
        let status = get(&fresh, &at).await.json();
        assert_eq!(
            (&status["status"], &status["progress"], &status["processID"]),
            (&json!("successful"), &json!(100), &json!(id))
        );
        let results = get(&fresh, &format!("{at}/results")).await;
        assert_eq!(results.body, waited.body, "{id}");
        assert!(results.header("cache-control").contains("immutable") && !results.header("etag").is_empty());
        // Of near repeats the collection gives what has shapes, from parameters of its own.
        let same =
            |known: &Operation| known.collection == operation.collection && known.params == operation.params;
        if OPERATIONS.iter().any(same) {
            let query: Vec<String> = texts(&inputs)
                .iter()
                .map(|(name, text)| format!("{name}={}", text.replace(' ', "+").replace('/', "%2F")))
                .collect();
            let path = format!("/collections/{}/items?limit=10000&{}", operation.collection, query.join("&"));
            let items = get(&router, &path).await.json();
            assert_eq!(items["features"], expected["features"], "{id}");
            assert_eq!(items["provenance"], expected["provenance"], "{id}");
        }
    }
}

#[tokio::test]
async fn the_process_of_near_repeats_gives_the_table_unless_asked_for_what_the_collection_shows() {
    let router = service();
    for show in ["zones", "chains"] {
        let made = execute(&router, "near-repeat", "respond-sync", &json!({"inputs": {"show": show}})).await;
        let items = get(&router, &format!("/collections/near-repeat/items?limit=10000&show={show}")).await;
        assert_eq!((made.status, items.status), (StatusCode::OK, StatusCode::OK), "{show}");
        assert_eq!(made.json()["features"], items.json()["features"], "{show}");
        assert!(made.json()["features"].as_array().is_some_and(|all| !all.is_empty()), "{show}");
    }
    let table =
        execute(&router, "near-repeat", "respond-sync", &json!({"inputs": {"permutations": 99}})).await;
    assert_eq!(table.json()["provenance"]["run"]["inputs"]["show"], "pairs");
    assert!(table.json()["features"][0]["properties"]["observed"].is_u64());
}

#[tokio::test]
async fn every_process_is_described_from_the_table_of_parameters() {
    let router = service();
    let all = get(&router, "/processes").await.json();
    let listed: Vec<&str> = all["processes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| p["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(listed, processes().map(|(id, ..)| id));
    for (id, operation, inputs) in processes() {
        let told = get(&router, &format!("/processes/{id}")).await.json();
        assert_eq!(told["jobControlOptions"], json!(["sync-execute", "async-execute", "dismiss"]));
        assert!(told["outputs"]["result"]["schema"].is_object());
        for link in told["links"].as_array().expect("links") {
            assert!(
                link["href"]
                    .as_str()
                    .is_some_and(|href| href.starts_with("http://127.0.0.1:8080/processes/"))
            );
        }
        let members = told["inputs"].as_object().expect("inputs");
        assert_eq!(members.len(), operation.params.len(), "{id}");
        for param in operation.params {
            let schema = &members[param.wire]["schema"];
            let says = |name: &str| schema[name].as_f64();
            match param.kind {
                Kind::Length { least, most } | Kind::Number { least, most } => {
                    assert_eq!(
                        (says("minimum"), says("maximum")),
                        (Some(least), Some(most)),
                        "{id} {}",
                        param.wire
                    );
                }
                Kind::Count { least, .. } => {
                    assert_eq!(says("minimum"), Some(least as f64), "{id} {}", param.wire)
                }
                Kind::Word(words) => assert_eq!(schema["enum"], json!(words), "{id} {}", param.wire),
                _ => {}
            }
            assert!(
                members[param.wire]["description"].as_str().is_some_and(|text| text.starts_with(param.help))
            );
            // What must be given, these inputs give; what has a default takes it.
            let given = inputs.get(param.wire).is_some();
            assert!(given || members[param.wire]["minOccurs"] == 0, "{id} {}", param.wire);
            if let Some(default) = schema.get("default") {
                let text = texts(&json!({ param.wire: default }));
                Values::default().set_wire(param, &text[0].1).unwrap_or_else(|error| panic!("{id}: {error}"));
            }
        }
    }
    let density = get(&router, "/processes/density").await.json();
    assert_eq!(density["inputs"]["bandwidth_m"]["schema"]["default"], 250.0, "as it is configured");
}

#[tokio::test]
async fn the_same_inputs_on_the_same_data_are_the_same_run_and_are_kept() {
    let router = service();
    let id_of = async |router: &axum::Router, inputs: Json| {
        let answer = execute(router, "clusters", "", &json!({ "inputs": inputs })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        (answer.json()["provenance"]["run"]["id"].as_str().expect("an id").to_owned(), answer.body)
    };
    let (first, body) = id_of(&router, json!({"category": ["robbery", "burglary"], "eps_m": 200})).await;
    for same in [
        json!({"eps_m": {"value": 200}, "category": ["burglary", "robbery"]}),
        json!({"eps_m": 200.0, "category": ["burglary", "robbery"], "method": "dbscan", "seed": 1}),
    ] {
        assert_eq!(id_of(&router, same).await, (first.clone(), body.clone()));
    }
    let jobs = get(&router, "/jobs").await.json();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "one run, one job");
    let (other, _) = id_of(&router, json!({"category": ["robbery", "burglary"], "eps_m": 201})).await;
    assert_ne!(other, first);
    // Another run of the service over the same data is the same run; other data are another.
    let again = hotblocks::http::router(Arc::new(Engine::new(DATASET.clone())), defaults());
    assert_eq!(id_of(&again, json!({"category": ["robbery", "burglary"], "eps_m": 200})).await.0, first);
    let mut dataset = DATASET.clone();
    let at = dataset.held.iter().position(|held| !held).expect("most are not held");
    dataset.held[at] = true;
    let engine = Arc::new(Engine::new(DATASET.clone()));
    let live = hotblocks::http::router(Arc::clone(&engine), defaults());
    let inputs = || json!({"category": ["robbery", "burglary"], "eps_m": 200});
    assert_eq!(id_of(&live, inputs()).await.0, first);
    engine.publish(Arc::new(Snapshot::new(DATASET.clone(), 2)), 0);
    assert_eq!(id_of(&live, inputs()).await.0, first, "a generation is no data");
    engine.publish(Arc::new(Snapshot::new(dataset, 3)), 0);
    assert_ne!(id_of(&live, inputs()).await.0, first);
}

#[tokio::test]
async fn what_a_review_is_not_given_it_has_from_the_kept_list_so_it_is_another_run() {
    let first = values(&LIST, &[("capacity", "5blocks"), ("as_of", "2014-09-20"), ("bonus", "0")]);
    let snapshot = Snapshot::new(DATASET.clone(), 1);
    let kept = snapshot.review(None, &list_ask(&first.or(&defaults()))).expect("a list");
    let engine = Arc::new(Engine::new(DATASET.clone()));
    engine.publish(Arc::new(Snapshot::new(DATASET.clone(), 2).with_outreach(kept).expect("over them")), 0);
    let router = hotblocks::http::router(engine, Values::default());
    let mut runs = std::collections::BTreeSet::new();
    let asked =
        [json!({}), json!({"bonus": 0.25}), json!({"include_protected": "no"}), json!({"category": "all"})];
    for more in asked {
        let mut inputs = json!({"review": "spring", "as_of": "2014-09-28"});
        inputs.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = execute(&router, "list", "respond-sync", &json!({ "inputs": inputs })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        let run = &answer.json()["provenance"]["run"];
        assert_eq!(run["inputs"]["bonus"], more["bonus"], "what is not given is not told as given");
        assert!(runs.insert(run["id"].to_string()), "{more}");
    }
}

#[tokio::test]
async fn a_day_that_is_not_over_does_not_undo_the_delay() {
    let mut delayed = defaults();
    delayed.set_wire(&DELAY, "24").expect("hours");
    let router = hotblocks::http::router(Arc::new(Engine::new(DATASET.clone())), delayed);
    let beat = &DATASET.areas[0].areas[0].name;
    let zone = DATASET.sources[0].zone.clone();
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    for (day, status) in [
        (today.tomorrow().expect("a date"), StatusCode::FORBIDDEN),
        (today, StatusCode::FORBIDDEN),
        (today.yesterday().and_then(jiff::civil::Date::yesterday).expect("a date"), StatusCode::OK),
    ] {
        let path =
            format!("/collections/brief/items?of=gun&within=beat:{}&as_of={day}", beat.replace(' ', "%20"));
        let answer = get(&router, &path).await;
        assert_eq!(answer.status, status, "{day}: {}", String::from_utf8_lossy(&answer.body));
        let inputs = json!({"of": "gun", "within": [format!("beat:{beat}")], "as_of": day.to_string()});
        let answer = execute(&router, "brief", "respond-sync", &json!({ "inputs": inputs })).await;
        assert_eq!(answer.status, status, "{day}: {}", String::from_utf8_lossy(&answer.body));
        if status != StatusCode::OK {
            assert_eq!(answer.json()["parameter"], "as_of");
        }
    }
}

#[test]
fn the_identity_of_data_follows_from_each_part_of_them() {
    type Change = (&'static str, fn(&mut Dataset));
    let plain = Snapshot::new(DATASET.clone(), 1).identity();
    assert_eq!(plain, Snapshot::new(DATASET.clone(), 7).identity(), "not from its generation");
    let changes: [Change; 8] = [
        ("title", |d| d.title.push('x')),
        ("notice", |d| d.notice = Some("other".to_owned())),
        ("held", |d| d.held[0] = !d.held[0]),
        ("block", |d| Arc::make_mut(&mut d.block_set).blocks[0].name.push('x')),
        ("area", |d| Arc::make_mut(&mut d.areas)[0].areas[0].name.push('x')),
        ("zone", |d| d.sources[0].zone = jiff::tz::TimeZone::UTC),
        ("horizon", |d| d.horizons = vec![None; 3]),
        ("areas", |d| Arc::make_mut(&mut d.areas).clear()),
    ];
    for (name, change) in changes {
        let mut dataset = DATASET.clone();
        change(&mut dataset);
        assert_ne!(Snapshot::new(dataset, 1).identity(), plain, "{name}");
    }
}

#[test]
fn a_usual_value_that_is_given_changes_no_answer() {
    // Runs take a usual value for the same whether it is given or not: so it must be what holds where nothing is given.
    let snapshot = Snapshot::new(DATASET.clone(), 1);
    let ask = |operation: &Operation, values: &Values| {
        answer(&snapshot, operation, values, Page::ALL)
            .map(|layer| encode::geojson::collection(&layer, Json::Null))
    };
    let mut tried = 0;
    for (id, operation, inputs) in processes() {
        let pairs = texts(&inputs);
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let given = values(operation, &pairs);
        let plain = ask(operation, &given.or(&defaults())).expect("an answer");
        let mut left_out = Vec::new();
        // All at once; what cannot be given beside the others is left out, for then it is never the same run.
        loop {
            let mut values = given.clone();
            let mut set = 0;
            for param in operation.params.iter().filter(|p| !given.has(p) && !left_out.contains(&p.wire)) {
                let names_a_value = matches!(
                    param.kind,
                    Kind::Word(_) | Kind::Words(_) | Kind::Count { .. } | Kind::Number { .. }
                );
                set += usize::from(names_a_value && values.set_wire(param, param.default).is_ok());
            }
            match ask(operation, &values.or(&defaults())) {
                Ok(answer) => {
                    assert_eq!(answer, plain, "{id}");
                    tried += set;
                    break;
                }
                Err(error) => left_out.push(error.parameter().unwrap_or_else(|| panic!("{id}: {error}"))),
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn a_document_holds_the_result_by_its_name() {
    let router = service();
    let body = |response: &str| json!({ "inputs": {}, "response": response, "outputs": {"result": {}} });
    let raw = execute(&router, "areas", "", &body("raw")).await;
    let document = execute(&router, "areas", "", &body("document")).await;
    assert_eq!(document.header("content-type"), "application/json");
    let told = document.json();
    assert_eq!(told["result"]["mediaType"], "application/geo+json");
    assert_eq!(told["result"]["value"], raw.json());
    assert_ne!(raw.header("etag"), document.header("etag"));
    let at = document
        .header("content-location")
        .strip_prefix("http://127.0.0.1:8080")
        .expect("absolute")
        .to_owned();
    assert_eq!(get(&router, &format!("{at}/results")).await.json(), told, "as it was asked for last");
}

#[tokio::test]
async fn the_document_tells_every_form_of_an_input_and_no_other() {
    let router = service();
    let document = get(&router, "/api").await.json();
    for (id, operation, inputs) in processes() {
        let media =
            &document["paths"][format!("/processes/{id}/execution")]["post"]["requestBody"]["content"];
        let body = &media["application/json"]["schema"];
        assert_eq!(body["additionalProperties"], false, "{id}");
        let told = &body["properties"]["inputs"];
        for param in operation.params {
            let value = |of: &Json| {
                let at =
                    of["$ref"].as_str().expect("a reference").strip_prefix('#').expect("of the document");
                document.pointer(at).expect("a schema").clone()
            };
            let [plain, qualified] =
                &told["properties"][param.wire]["anyOf"].as_array().expect("two forms")[..]
            else {
                panic!("{id} {}: two forms", param.wire)
            };
            assert_eq!(value(&qualified["properties"]["value"]), value(plain), "{id} {}", param.wire);
            // Several are a list, and one of them stands by itself as well.
            let several = matches!(
                param.kind,
                Kind::Names | Kind::Areas | Kind::Words(_) | Kind::Lengths { .. } | Kind::Numbers { .. }
            );
            assert_eq!(value(plain)["anyOf"][0]["type"] == "array", several, "{id} {}", param.wire);
        }
        let qualified: Json = inputs
            .as_object()
            .expect("inputs")
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "value": value })))
            .collect();
        let how = json!({ "format": { "mediaType": "application/geo+json" }, "transmissionMode": "value" });
        let outputs = json!({ "result": how });
        let (one, other) = (json!({ "inputs": inputs }), json!({ "inputs": qualified, "outputs": outputs }));
        let (one, other) = (
            execute(&router, id, "respond-sync", &one).await,
            execute(&router, id, "respond-sync", &other).await,
        );
        assert_eq!((one.status, one.json()), (StatusCode::OK, other.json()), "{id}");
    }
}

#[tokio::test]
async fn a_brief_of_data_without_areas_or_list_is_told_to_have_nothing_to_be_of() {
    let dataset = Dataset { areas: Arc::default(), ..DATASET.clone() };
    let router = hotblocks::http::router(Arc::new(Engine::new(dataset)), defaults());
    let document = get(&router, "/api").await.json();
    let body = &document["paths"]["/processes/brief/execution"]["post"]["requestBody"]["content"];
    let inputs = &body["application/json"]["schema"]["properties"]["inputs"];
    assert!(inputs["properties"].get("within").is_none() && inputs.get("required").is_none(), "{inputs}");
    for path in ["/collections/brief/items", "/collections/brief/items/0", "/collections/brief/brief.csv"] {
        let refused = get(&router, path).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["parameter"]),
            (422, &json!("within")),
            "{path}"
        );
        assert!(
            refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("no areas")),
            "{path}"
        );
    }
    let refused = execute(&router, "brief", "respond-sync", &json!({})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Where there are areas, one can be given: that none is, is the asker's to mend.
    let refused = get(&service(), "/collections/brief/items").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_what_and_how_to_mend_it() {
    let router = service();
    for (id, inputs, parameter, says) in [
        ("rank", json!({"tops": 5}), "tops", "did you mean `top`"),
        ("rank", json!({"period": "2014-09-05"}), "period", "did you mean `datetime`"),
        (
            "compare",
            json!({"compare_period": "2014-09-05"}),
            "compare_period",
            "did you mean `compare_datetime`",
        ),
        ("counts", json!({"datetime": "2014-09-05"}), "datetime", "did you mean `period`"),
        ("rank", json!({"top": 0}), "top", "from 1"),
        ("rank", json!({"top": 2.5}), "top", "whole number"),
        ("rank", json!({"top": null}), "top", "leave out"),
        ("rank", json!({"top": "5"}), "top", "a number"),
        ("rank", json!({"top": [5]}), "top", "a number"),
        ("rank", json!({"category": "robbery,burglary"}), "category", "a list of texts"),
        ("near-repeat", json!({"distances_m": "100,200", "days": 7}), "distances_m", "a list of numbers"),
        (
            "near-repeat",
            json!({"distances_m": 100, "days": (1..=21).collect::<Vec<_>>()}),
            "days",
            "up to 20",
        ),
        ("list", json!({}), "capacity", "not given"),
        ("explain", json!({}), "block", "not given"),
        ("rank", json!({"draws": 10001}), "draws", "10000 or fewer"),
        ("rank", json!({"category": "robery"}), "category", "robbery"),
        ("rank", json!({"within": "Nowhere"}), "within", "no area"),
        ("rank", json!({"bbox": [1, 2, 3, 4]}), "bbox", "not a parameter"),
        ("near-repeat", json!({"distances_m": [200, 100], "days": 7}), "distances_m", "the shorter first"),
        ("compare", json!({"datetime": "2014-09-16/2014-09-30"}), "compare_datetime", "not given"),
        ("explain", json!({"block": "segment-0"}), "block", "nearest names"),
        ("density", json!({"bandwidth_m": -1}), "bandwidth_m", "from 1 m"),
        ("list", json!({"capacity": "5blocks", "include_protected": "yes"}), "include_protected", "agency"),
        ("counts", json!({"by": "block"}), "by", "neighborhood"),
    ] {
        for prefer in ["respond-sync", ""] {
            let refused = execute(&router, id, prefer, &json!({ "inputs": inputs })).await;
            let problem = refused.json();
            let statuses: &[u16] = if says == "agency" { &[403] } else { &[400, 422] };
            assert!(statuses.contains(&refused.status.as_u16()), "{id} {inputs}: {problem}");
            assert_eq!(refused.header("content-type"), "application/problem+json");
            assert_eq!(problem["parameter"], parameter, "{id} {inputs}: {problem}");
            assert!(
                problem["detail"].as_str().is_some_and(|detail| detail.contains(says)),
                "{id} {inputs}: {problem}"
            );
        }
    }
    // What the sample's configuration gives is lacking without one.
    let bare = hotblocks::http::router(Arc::new(Engine::new(DATASET.clone())), Values::default());
    for (inputs, parameter) in [(json!({}), "distances_m"), (json!({"distances_m": [100]}), "days")] {
        let refused = execute(&bare, "near-repeat", "", &json!({ "inputs": inputs })).await;
        let problem = refused.json();
        assert_eq!((refused.status, &problem["parameter"]), (StatusCode::BAD_REQUEST, &json!(parameter)));
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("not given")), "{problem}");
    }
    let exception =
        |name: &str| format!("http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/{name}");
    let none = execute(&router, "ranks", "", &json!({})).await;
    assert_eq!(
        (none.status, &none.json()["type"]),
        (StatusCode::NOT_FOUND, &json!(exception("no-such-process")))
    );
    for path in ["/jobs/none", "/jobs/none/results"] {
        let none = get(&router, path).await;
        assert_eq!(
            (none.status, &none.json()["type"]),
            (StatusCode::NOT_FOUND, &json!(exception("no-such-job")))
        );
    }
    let none = send(&router, Method::DELETE, "/jobs/none", &[], Vec::new()).await;
    assert_eq!(none.json()["type"], exception("no-such-job"));
    let json_type = ("content-type", "application/json");
    let rank = "/processes/rank/execution";
    for (headers, body, status) in [
        (vec![json_type], b"{".to_vec(), 400),
        (vec![json_type], b"[]".to_vec(), 400),
        (vec![json_type], br#"{"inputs": []}"#.to_vec(), 400),
        (vec![json_type], br#"{"input": {}}"#.to_vec(), 400),
        (vec![json_type], br#"{"response": "html"}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"map": {}}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": {"transmissionMode": "reference"}}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": {"mode": "value"}}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": "value"}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": {"format": "application/geo+json"}}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": {"format": {"mediaType": "text/csv"}}}}"#.to_vec(), 400),
        (vec![json_type], br#"{"outputs": {"result": {"format": {"encoding": "base64"}}}}"#.to_vec(), 400),
        (vec![json_type], vec![b' '; 300_000], 413),
        // A page of another site can send this without being asked first.
        (vec![("content-type", "text/plain")], b"{}".to_vec(), 415),
        (Vec::new(), b"{}".to_vec(), 415),
    ] {
        let refused = send(&router, Method::POST, rank, &headers, body.clone()).await;
        assert_eq!(
            refused.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(50)])
        );
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    for path in [
        "/jobs?limit=0",
        "/jobs?limit=117",
        "/jobs?limit=10001",
        "/jobs?status=done",
        "/jobs?page=2",
        "/jobs?limit=1&limit=2",
    ] {
        assert_eq!(get(&router, path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(get(&router, rank).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        get(&router, "/jobs").await.json()["jobs"].as_array().map(Vec::len),
        Some(2),
        "what failed later is told"
    );
}

/// Near repeats that take long enough to be a job, and each another one.
fn long(seed: u64) -> Json {
    json!({"inputs": {"distances_m": [100, 200], "days": [7, 14], "permutations": 30_000, "seed": seed, "category": "all"}})
}

#[tokio::test]
async fn too_many_jobs_are_refused_and_a_dismissed_one_makes_room_and_is_gone() {
    let router = service();
    let mut at = Vec::new();
    for seed in 0..16 {
        let job = execute(&router, "near-repeat", "", &long(seed)).await;
        assert_eq!(job.status, StatusCode::CREATED, "it is estimated to take long");
        assert!(["accepted", "running"].contains(&job.json()["status"].as_str().expect("a word")));
        at.push(job.header("location").strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned());
    }
    let full = execute(&router, "near-repeat", "", &long(99)).await;
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS, "{}", String::from_utf8_lossy(&full.body));
    assert!(full.header("retry-after").parse::<u32>().is_ok());
    let same = execute(&router, "near-repeat", "respond-async", &long(15)).await;
    assert_eq!(
        same.header("location"),
        format!("http://127.0.0.1:8080{}", at[15]),
        "what is there is no new one"
    );
    let results = get(&router, &format!("{}/results", at[15])).await;
    assert_eq!(results.status, StatusCode::NOT_FOUND);
    assert!(results.json()["type"].as_str().is_some_and(|kind| kind.ends_with("/result-not-ready")));
    for path in &at {
        let gone = send(&router, Method::DELETE, path, &[], Vec::new()).await;
        assert_eq!((gone.status, &gone.json()["status"]), (StatusCode::OK, &json!("dismissed")));
        assert_eq!(get(&router, path).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(get(&router, "/jobs").await.json()["jobs"], json!([]));
    let room = execute(&router, "rank", "respond-sync", &json!({})).await;
    assert_eq!((room.status, room.header("preference-applied")), (StatusCode::OK, "respond-sync"));
    let listed = get(&router, "/jobs?status=successful&processID=rank&limit=1&f=json").await.json();
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(1));
    // Those who browse see the same.
    let id = listed["jobs"][0]["jobID"].as_str().expect("an id");
    let plain = get(&router, &format!("/jobs/{id}/results")).await;
    for path in ["/jobs?limit=1".to_owned(), format!("/jobs/{id}?"), format!("/jobs/{id}/results?")] {
        let page = get(&router, &format!("{path}&f=html")).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(String::from_utf8_lossy(&page.body).contains("</table>"), "{path}");
        assert_ne!(page.header("etag"), plain.header("etag"), "{path}");
    }
}

/// Where a job is told.
async fn started(router: &axum::Router, process: &str, inputs: &Json) -> String {
    let job = execute(router, process, "respond-async", inputs).await;
    assert_eq!(job.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&job.body));
    job.header("location").strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned()
}

/// Looks at a job until what it tells is so.
async fn until(router: &axum::Router, path: &str, so: impl Fn(&Json) -> bool) -> Json {
    for _ in 0..6_000 {
        let told = get(router, path).await.json();
        if so(&told) {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{path} never came so far: {}", get(router, path).await.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_job_tells_how_far_it_is_and_ends_when_it_is_dismissed() {
    let router = service();
    // Hours of work, on as many turns as there are.
    let turns = std::thread::available_parallelism().map_or(1, usize::from) / 2;
    let mut at = Vec::new();
    for seed in 0..turns.clamp(1, 15) {
        let inputs =
            json!({"inputs": {"method": "scan", "permutations": 99_999, "seed": seed, "category": "all"}});
        at.push(started(&router, "clusters", &inputs).await);
    }
    for path in &at {
        let early = until(&router, path, |told| told["progress"].as_u64().is_some_and(|n| n > 0)).await;
        assert_eq!(early["status"], "running");
        let percent = early["progress"].as_u64().expect("a number");
        assert!(percent < 100);
        let later = until(&router, path, |told| told["progress"].as_u64() > Some(percent)).await;
        assert_eq!(later["status"], "running");
    }
    // One that waits behind them gets a turn, since theirs end and do not run on.
    let waits = started(&router, "near-repeat", &long(0)).await;
    for path in &at {
        assert_eq!(send(&router, Method::DELETE, path, &[], Vec::new()).await.json()["status"], "dismissed");
    }
    let done = until(&router, &waits, |told| told["status"] == "successful").await;
    assert_eq!(done["progress"], 100);
}
