//! `POST /processes/{id}/execution`: at once where it is short, else as a job.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::super::base::Base;
use super::super::collections::{GEOJSON, json_response, name};
use super::super::problem::Problem;
use super::super::query;
use super::super::state::AppState;
use super::super::wanted;
use super::catalog::{OUTPUT, process};
use super::jobs::{Job, Opened, State as Of, Ticket};
use super::{estimate, inputs, status};
use crate::encode;
use crate::engine::identity::digest;
use crate::engine::params::outreach::LIST;
use crate::engine::params::table::Operation;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::layer::answer::{AnswerError, answer};
use crate::layer::{Page, Value};
use crate::progress::{self, Stopped};

/// The longest body of a request: shifts are its largest input.
pub(super) const LONGEST: usize = 256 << 10;

/// What an execution asks for.
struct Execution {
    inputs: Map<String, Json>,
    document: bool,
}

/// How the client prefers it.
#[derive(Clone, Copy, PartialEq)]
enum Prefer {
    Sync,
    Async,
    Nothing,
}

pub(super) async fn execute(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    base: Base,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let (id, operation) = process(&name(id)?)?;
    let body = body.map_err(|rejected| Problem::body(&rejected, LONGEST))?;
    let asked = read(&headers, &body)?;
    let given = inputs::values(id, operation, &asked.inputs)?;
    query::bounded(&given, &state.defaults)?;
    let snapshot = state.open();
    let values = wanted::with_configured(&state, operation, given, &snapshot)?;
    query::complete(operation, &values, &snapshot)?;
    if let Some(lacking) = values.lacking(&[operation]) {
        return Err(AnswerError::NotGiven(*lacking).into());
    }
    snapshot.select(&values.query()).map_err(AnswerError::from)?;
    let run = run(&state, id, operation, &values, Arc::clone(&snapshot)).await?;
    let long = estimate::seconds(operation, &values, &snapshot) > estimate::SHORT;
    let prefer = prefer(&headers);
    let job = match state.jobs.open(&run.id, id, asked.document, Timestamp::now()) {
        Opened::Full => return Ok(full()),
        Opened::Known(job) => job,
        Opened::New(job, ticket) => {
            // The client may go away: what has been begun is ended all the same, and kept.
            let work = Work { operation: *operation, values, snapshot, run, self_link: links(&base.0, &job) };
            tokio::spawn(begin(state.clone(), work, ticket, long));
            job
        }
    };
    if prefer == Prefer::Async || (prefer == Prefer::Nothing && long && !job.state.finished()) {
        let current = state.jobs.get(&job.id, Timestamp::now()).unwrap_or(job);
        return Ok(created(&current, &base.0, prefer));
    }
    let done = if job.state.finished() { Some(job) } else { state.jobs.wait(&job).await };
    let done = done.ok_or_else(Problem::dismissed)?;
    let mut response = result(&done, asked.document)?;
    let headers = response.headers_mut();
    if prefer == Prefer::Sync {
        headers.insert(APPLIED, HeaderValue::from_static("respond-sync"));
    }
    let location = format!("{}/jobs/{}", base.0, done.id);
    headers.extend(HeaderValue::from_str(&location).map(|location| (header::CONTENT_LOCATION, location)));
    Ok(response)
}

const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

fn prefer(headers: &HeaderMap) -> Prefer {
    let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let words = all.flat_map(|value| value.split([',', ';'])).map(|word| word.trim().to_ascii_lowercase());
    let words: Vec<String> = words.collect();
    let has = |word: &str| words.iter().any(|known| known == word);
    match (has("respond-async"), has("respond-sync")) {
        (true, _) => Prefer::Async,
        (_, true) => Prefer::Sync,
        _ => Prefer::Nothing,
    }
}

/// The body of a request. Only JSON is taken: then no page of another site can send one without being asked first.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Execution, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media != "application/json" {
        return Err(Problem::media_type(&media, "application/json"));
    }
    let bad = |detail: String| Problem::query(detail);
    let parsed: Json = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is no JSON: {error}; give {{\"inputs\": {{…}}}}")))?;
    let Json::Object(mut members) = parsed else {
        return Err(bad("the body is no JSON object; give {\"inputs\": {…}}".to_owned()));
    };
    let given = members.remove("inputs").unwrap_or_else(|| json!({}));
    let Json::Object(inputs) = given else {
        return Err(bad("`inputs` is no object; give each input by its name".to_owned()));
    };
    let document = match members.remove("response") {
        None => false,
        Some(Json::String(word)) if word == "raw" => false,
        Some(Json::String(word)) if word == "document" => true,
        Some(other) => return Err(bad(format!("`response` is {other}; give \"raw\" or \"document\""))),
    };
    if let Some(outputs) = members.remove("outputs") {
        let wanted = outputs.as_object().ok_or_else(|| bad("`outputs` is no object".to_owned()))?;
        for (name, how) in wanted {
            let given = if name == OUTPUT {
                as_it_is_given(how)
            } else {
                Err(format!("there is no output `{name}`"))
            };
            given.map_err(|why| bad(format!("{why}; there is `{OUTPUT}` as {GEOJSON} by value")))?;
        }
    }
    match members.keys().next() {
        None => Ok(Execution { inputs, document }),
        Some(name) => {
            Err(Problem::unknown_parameter(name, "an execution", vec!["inputs", "outputs", "response"]))
        }
    }
}

/// Whether an output is wanted in the one way in which there is one; else what is not.
fn as_it_is_given(how: &Json) -> Result<(), String> {
    let no_object = |name: &str| format!("`{name}` is no object");
    for (name, value) in how.as_object().ok_or_else(|| no_object(OUTPUT))? {
        match name.as_str() {
            "transmissionMode" if value == "value" => {}
            "format" => {
                let format = value.as_object().ok_or_else(|| no_object("format"))?;
                if let Some((name, value)) =
                    format.iter().find(|(name, value)| *name != "mediaType" || *value != GEOJSON)
                {
                    return Err(format!(
                        "the output `{OUTPUT}` is not had with `{name}` {value} in its format"
                    ));
                }
            }
            _ => return Err(format!("the output `{OUTPUT}` is not had with `{name}` {value}")),
        }
    }
    Ok(())
}

/// What makes a result what it is.
struct Run {
    id: String,
    /// The same for people, within the result.
    told: Value,
}

/// The run of these values on these data: the same for the same, whenever it is asked for.
async fn run(
    state: &AppState,
    id: &'static str,
    operation: &'static Operation,
    values: &Values,
    snapshot: Arc<Snapshot>,
) -> Result<Run, Problem> {
    // What a review is not given it has from the list that is kept, whatever the table says.
    let kept = operation.collection == LIST.collection && snapshot.outreach().is_some();
    let inputs = inputs::canonical(operation, values, !kept);
    let snapshot = state.identity(snapshot).await?;
    let told = |inputs| {
        vec![
            ("process", Value::text(id)),
            ("version", Value::text(env!("CARGO_PKG_VERSION"))),
            ("snapshot", Value::text(&*snapshot)),
            ("inputs", Value::Map(inputs)),
        ]
    };
    let made_of = told(inputs);
    let run = digest(&encode::geojson::json(&Value::Map(made_of.clone())).to_string());
    let mut all = vec![("id", Value::text(run.clone()))];
    all.extend(made_of);
    Ok(Run { id: run, told: Value::Map(all) })
}

/// All that a job needs, its own snapshot among it: what is imported meanwhile is for the next one.
struct Work {
    operation: Operation,
    values: Values,
    snapshot: Arc<Snapshot>,
    run: Run,
    self_link: Json,
}

/// Does a job in its turn.
async fn begin(state: AppState, work: Work, ticket: Ticket, long: bool) {
    let ticket = Arc::new(ticket);
    let (jobs, mine) = (Arc::clone(&state.jobs), Arc::clone(&ticket));
    let job = move || {
        if !mine.is_wanted() {
            return Err(Problem::dismissed());
        }
        jobs.begun(&mine, Timestamp::now());
        let made = || answer(&work.snapshot, &work.operation, &work.values, Page::ALL);
        let mut layer = progress::run(&mine.progress, made).map_err(|Stopped| Problem::dismissed())??;
        layer.provenance.push(("run", work.run.told));
        Ok(encode::geojson::collection(&layer, work.self_link))
    };
    // Long ones wait for each other, and nobody's map for them.
    let result = if long {
        match Arc::clone(&state.jobs.long).acquire_owned().await {
            Err(closed) => Err(Problem::inside(closed)),
            Ok(turn) => {
                let in_turn = move || {
                    let _turn = turn;
                    job()
                };
                tokio::task::spawn_blocking(in_turn).await.unwrap_or_else(|panic| Err(Problem::inside(panic)))
            }
        }
    } else {
        state.work(job).await
    };
    state.jobs.done(&ticket, result, Timestamp::now());
}

fn links(base: &str, job: &Job) -> Json {
    let at = format!("{base}/jobs/{}", job.id);
    json!([
        { "rel": "self", "type": GEOJSON, "href": format!("{at}/results") },
        { "rel": "monitor", "type": "application/json", "href": at },
    ])
}

/// The answer to a request whose result comes later.
fn created(job: &Job, base: &str, prefer: Prefer) -> Response {
    let at = format!("{base}/jobs/{}", job.id);
    let mut response = (StatusCode::CREATED, json_response(&status::told(job, base))).into_response();
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&at).map(|at| (header::LOCATION, at)));
    if prefer == Prefer::Async {
        headers.insert(APPLIED, HeaderValue::from_static("respond-async"));
    }
    response
}

/// Too many jobs wait: when to come again.
fn full() -> Response {
    let mut response = Problem::jobs_full(super::jobs::MOST_UNFINISHED).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// The result of a job, or why there is none.
pub(super) fn result(job: &Job, document: bool) -> Result<Response, Problem> {
    match &job.state {
        Of::Successful(text) => Ok(written(job, text, document)),
        Of::Failed(problem) => Err(problem.clone()),
        Of::Dismissed => Err(Problem::dismissed()),
        Of::Accepted | Of::Running => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready",
            "Result not ready",
            format!("the job `{}` is {}; ask for /jobs/{0} until it is successful", job.id, job.state.word()),
        )),
    }
}

fn written(job: &Job, text: &Arc<str>, document: bool) -> Response {
    // What follows from its id never changes.
    let tag = format!("\"{}{}\"", job.id, if document { "-document" } else { "" });
    let headers =
        [(header::ETAG, tag), (header::CACHE_CONTROL, "private, max-age=3600, immutable".to_owned())];
    if document {
        // The result is JSON already: it is put in as it is.
        let body = format!("{{\"{OUTPUT}\":{{\"mediaType\":\"{GEOJSON}\",\"value\":{text}}}}}");
        return (headers, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    (headers, [(header::CONTENT_TYPE, GEOJSON)], text.to_string()).into_response()
}
