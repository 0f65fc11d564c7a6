//! `GET /collections/{id}/items`: query to features to GeoJSON.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::base::base;
use super::collections::{GEOJSON, name, operation};
use super::problem::Problem;
use super::query::{self, encoded};
use super::state::AppState;
use crate::encode;
use crate::engine::params::outreach::{CAPACITY, LIST, REVIEW};
use crate::engine::params::table::{LIMIT, OFFSET};
use crate::layer::Page;
use crate::layer::outreach_answer::asks_review;

pub(super) async fn items(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let operation = operation(&name(id)?)?;
    let Query(pairs) = pairs.map_err(|e| Problem::query(e.to_string()))?;
    let values = query::check(&operation, &pairs)?;
    query::bounded(&values, &state.defaults)?;
    let page = query::page(&values);
    // A list that is kept is shown as it is, whatever capacity is configured for the first one.
    let kept =
        operation.collection == LIST.collection && !asks_review(&values) && state.open().outreach().is_some();
    let given = if kept {
        values.or(&state.defaults.without(&[CAPACITY, REVIEW]))
    } else {
        values.or(&state.defaults)
    };
    if let Some(param) = query::lacks(&operation, &given, &state.open()).next() {
        return Err(Problem::not_given(param));
    }
    let address = format!("{}{}", base(&request), uri.path());
    let body = state
        .layer(operation, given, page, move |layer| {
            encode::geojson::collection(layer, links(&address, &pairs, page, layer.matched))
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, GEOJSON)], body).into_response())
}

/// This page, and the next one where there is more: its `offset` stands in the address, as map clients want it.
fn links(address: &str, pairs: &[(String, String)], page: Page, matched: usize) -> serde_json::Value {
    let link = |rel: &str, offset: Option<(usize, usize)>| {
        let mut pairs: Vec<(&str, String)> = pairs.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        if let Some((offset, limit)) = offset {
            pairs.retain(|(name, _)| *name != OFFSET.wire && *name != LIMIT.wire);
            pairs.push((LIMIT.wire, limit.to_string()));
            pairs.push((OFFSET.wire, offset.to_string()));
        }
        let query: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        json!({ "rel": rel, "type": GEOJSON, "href": format!("{address}{mark}{}", query.join("&")) })
    };
    let mut links = vec![link("self", None)];
    let next = page.offset.saturating_add(page.limit);
    if next < matched {
        links.push(link("next", Some((next, page.limit))));
    }
    if page.offset > 0 {
        let limit = page.limit.min(page.offset);
        links.push(link("prev", Some((page.offset - limit, limit))));
    }
    links.into()
}
