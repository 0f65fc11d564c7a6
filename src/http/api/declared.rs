//! The check of a query against the table of routes.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::collections::operation;
use super::super::problem::Problem;
use super::super::query::{self, pairs};
use super::route::{Asks, STARTINDEX, is_extra};
use super::table::routes;
use crate::engine::params::table::{Kind, OFFSET, Param};
use crate::engine::params::values::Values;

/// Refuses parameters that the document does not have, before anything else is done.
///
/// OGC API Features, requirement 8: an unknown parameter is a 400. What clients add to every address is
/// taken away here, so that no handler meets it, and `startindex` becomes `offset`.
pub(in crate::http) async fn declared(mut request: Request, next: Next) -> Response {
    match checked(&request) {
        Ok(None) => {}
        Ok(Some(query)) => rewrite(&mut request, &query),
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

/// The query without what clients add; `None` where nothing changes.
fn checked(request: &Request) -> Result<Option<Vec<(String, String)>>, Problem> {
    let asked = pairs(request.uri());
    let at = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let method = if *request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let path = request.uri().path();
    let rows = || routes().filter(|route| route.at == at && route.method.eq_ignore_ascii_case(method));
    if asked.is_empty() || rows().next().is_none() {
        return Ok(None);
    }
    // An unknown collection is for the handler to say.
    // The layer of `/xyz/blocks.json` stands before the dot.
    let named = path.split('/').nth(2).and_then(|name| name.split('.').next());
    let collection = named.and_then(|id| operation(id).ok());
    let allowed: Vec<&'static str> =
        rows().flat_map(|route| route.params(collection.as_ref())).map(|param| param.wire).collect();
    for (name, _) in &asked {
        if collection.is_none()
            && rows().any(|route| matches!(route.asks, Asks::Collection | Asks::Whole | Asks::Feature))
        {
            break;
        }
        if name == "query" && !allowed.contains(&"query") {
            return Err(Problem::query_of_arcgis(path, allowed));
        }
        if !allowed.contains(&name.as_str()) {
            return Err(Problem::unknown_parameter(name, path, allowed));
        }
    }
    // What has no analysis behind it has nobody else to look at its words.
    let plain = rows()
        .filter(|route| matches!(route.asks, Asks::These(_) | Asks::Layer | Asks::Legend | Asks::Process));
    let words: Vec<&Param> = plain
        .flat_map(|route| route.params(collection.as_ref()))
        .filter(|param| matches!(param.kind, Kind::Word(_)))
        .collect();
    for (name, text) in &asked {
        let mut read = words
            .iter()
            .filter(|param| param.wire == name)
            .map(|param| Values::default().set_wire(param, text));
        if let Some(Err(bad)) = read.next().filter(|first| first.is_err() && !read.any(|other| other.is_ok()))
        {
            return Err(bad.into());
        }
    }
    let value = |wire: &str| asked.iter().find(|(name, _)| name == wire).map(|(_, value)| value);
    // It is checked by the name that the client knows, before it gets the other one.
    if let Some(index) = value(STARTINDEX.wire) {
        Values::default().set_wire(&STARTINDEX, index)?;
    }
    if let Some((index, _)) = value(STARTINDEX.wire).zip(value(OFFSET.wire)).filter(|(a, b)| a != b) {
        return Err(Problem::not_both(STARTINDEX.wire, OFFSET.wire, index));
    }
    if !asked.iter().any(|(name, _)| is_extra(name) || name == STARTINDEX.wire) {
        return Ok(None);
    }
    let both = value(OFFSET.wire).is_some();
    let goes = |name: &str| is_extra(name) || (both && name == STARTINDEX.wire);
    let rest = asked.iter().filter(|(name, _)| !goes(name));
    let rest = rest
        .cloned()
        .map(|(name, value)| (if name == STARTINDEX.wire { OFFSET.wire.to_owned() } else { name }, value));
    Ok(Some(rest.collect()))
}

fn rewrite(request: &mut Request, asked: &[(String, String)]) {
    let query = query::written(asked.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if let Ok(uri) = format!("{}{query}", request.uri().path()).parse() {
        *request.uri_mut() = uri;
    }
}
