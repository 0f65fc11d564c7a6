//! Entity tags and cache rules: a client that has the newest answer is told so before anything is computed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::route::is_extra;
use super::base::base;
use super::query::pairs;
use super::state::AppState;

/// Paths whose answers follow from the snapshot and the address alone; also what lies below them.
const OF_SNAPSHOT: [&str; 12] = [
    "/api",
    "/collections",
    "/conformance",
    "/counts",
    "/counts.csv",
    "/counts.json",
    "/docs",
    "/processes",
    "/styles",
    "/tileMatrixSets",
    "/tiles",
    "/xyz",
];

/// The parameter that holds an answer to one snapshot.
const SNAPSHOT: &str = "snapshot";

/// What the newest snapshot says today, it may not say tomorrow.
const NEWEST: HeaderValue = HeaderValue::from_static("private, no-cache");

/// What one snapshot says never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// Single incidents may have to be forgotten: no copy of them is good for longer than this.
const AN_HOUR: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// A number for one run of the service over its data: the same generation of other data, or of another program,
/// has another one. It is taken from the clock once, so that no content has to be read for it.
pub(super) fn stamp() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut hash = DefaultHasher::new();
    (since.as_nanos(), std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed)).hash(&mut hash);
    hash.finish()
}

/// Answers 304 where the client has the answer already, else tags what is answered.
///
/// The tag follows from the run, the generation of the snapshot and the address in one standard form, never from
/// the body: a conditional request costs no analysis. It is taken before the snapshot is opened, so that an answer
/// can be newer than its tag and is then asked for once more, but never older.
pub(super) async fn revalidate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = asked(&request);
    if !reads {
        return next.run(request).await;
    }
    let known = known(request.headers());
    let tag = is_of_snapshot(request.uri().path()).then(|| tag(&state, &request, &asked));
    let cache = cache(request.uri().path(), &asked);
    // What was erased is confirmed to nobody: a state answers by its tag alone as long as it can be opened.
    let pinned = asked.iter().find(|(name, _)| name == SNAPSHOT).map(|(_, value)| value.trim());
    let is_there = || pinned.is_none_or(|name| state.kept(name).is_some());
    if let Some(tag) = tag.as_ref().filter(|tag| has(&known, tag) && is_there()) {
        return unchanged(tag, cache);
    }
    let mut response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    // A handler that knows more than the generation, as of one tile, has its own tag.
    let own = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(tag) = own.or(tag) else { return response };
    let cache = response.headers().get(header::CACHE_CONTROL).cloned().unwrap_or(cache);
    if has(&known, &tag) || known.iter().any(|one| one == "*") {
        return unchanged(&tag, cache);
    }
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, cache);
    response
}

/// Name and value of what is asked for, in the order of the names, without what changes nothing.
fn asked(request: &Request) -> Vec<(String, String)> {
    let mut asked = pairs(request.uri());
    asked.retain(|(name, _)| !is_extra(name));
    asked.sort_by(|a, b| a.0.cmp(&b.0));
    asked
}

fn is_of_snapshot(path: &str) -> bool {
    let below =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path == "/" || OF_SNAPSHOT.iter().any(|root| below(root))
}

fn is_pinned(asked: &[(String, String)]) -> bool {
    asked.iter().any(|(name, _)| name == SNAPSHOT)
}

fn tag(state: &AppState, request: &Request, asked: &[(String, String)]) -> String {
    let mut hash = DefaultHasher::new();
    // What one snapshot says does not change when a newer one comes.
    let generation = if is_pinned(asked) { 0 } else { state.open().generation() };
    (state.feed.stamp, generation, base(request), request.uri().path(), asked).hash(&mut hash);
    let accept = request.headers().get_all(header::ACCEPT).iter().map(HeaderValue::as_bytes);
    accept.collect::<Vec<_>>().hash(&mut hash);
    format!("W/\"{:016x}\"", hash.finish())
}

fn cache(path: &str, asked: &[(String, String)]) -> HeaderValue {
    let single = path.split('/').any(|part| part == "incidents" || part == "all" || part == "tiles");
    // What goes with tiles lasts as long as they do.
    let of_tiles = path.starts_with("/xyz/") || path.starts_with("/styles/") || path.ends_with("/legend");
    match is_pinned(asked) {
        false => NEWEST,
        true if single || of_tiles => AN_HOUR,
        true => FOREVER,
    }
}

/// The tags that the client has.
fn known(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|one| one.trim().to_owned()).collect()
}

/// Whether a tag is among them, by the weak comparison of RFC 9110 8.8.3.2.
fn has(known: &[String], tag: &str) -> bool {
    let bare = |tag: &str| tag.trim_start_matches("W/").to_owned();
    known.iter().any(|one| bare(one) == bare(tag))
}

fn unchanged(tag: &str, cache: HeaderValue) -> Response {
    let mut response = (StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, cache)]).into_response();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn only_one_snapshot_s_answers_are_kept_and_single_incidents_for_an_hour() {
        let pinned = [pair("snapshot", "1f-7")];
        assert_eq!(cache("/collections/blocks/items", &[]), NEWEST);
        assert_eq!(cache("/collections/blocks/items", &pinned), FOREVER);
        for path in [
            "/collections/incidents/items",
            "/xyz/incidents/1/0/0.mvt",
            "/xyz/all/1/0/0.mvt",
            "/xyz/blocks.json",
            "/styles/blocks.json",
            "/collections/blocks/legend",
            "/tiles/x",
        ] {
            assert_eq!(cache(path, &pinned), AN_HOUR, "{path}");
            assert_eq!(cache(path, &[]), NEWEST, "{path}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        let known = [pair("W/\"a\"", "").0, "\"b\"".to_owned()];
        assert!(has(&known, "\"a\"") && has(&known, "W/\"b\"") && !has(&known, "\"c\""));
    }

    #[test]
    fn what_does_not_follow_from_the_snapshot_has_no_tag() {
        for path in ["/", "/collections", "/collections/x/items", "/xyz/a/1/2/3", "/api"] {
            assert!(is_of_snapshot(path), "{path}");
        }
        for path in ["/events", "/jobs", "/livez", "/collectionsx", "/page/app.js"] {
            assert!(!is_of_snapshot(path), "{path}");
        }
    }

    #[test]
    fn each_run_has_its_own_stamp() {
        assert_ne!(stamp(), stamp());
    }
}
