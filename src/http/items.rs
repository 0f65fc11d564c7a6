//! `GET /collections/{id}/items`: query to features to the form that is asked for.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::base::base;
use super::collections::{name, operation};
use super::format;
use super::problem::Problem;
use super::query::{self, encoded};
use super::state::AppState;
use crate::encode::format::Format;
use crate::engine::params::outreach::{CAPACITY, LIST, REVIEW};
use crate::engine::params::table::{BOM, F, LIMIT, OFFSET, Operation};
use crate::layer::Page;
use crate::layer::outreach_answer::asks_review;

pub(super) async fn items(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked { operation: operation(&name(id)?)?, ending: None, whole: false };
    let Query(pairs) = pairs.map_err(|e| Problem::query(e.to_string()))?;
    answer(state, asked, Came::of(&request, uri.path()), pairs).await
}

/// What the path asks for.
pub(super) struct Asked {
    pub(super) operation: Operation,
    /// The format that the path ends in.
    pub(super) ending: Option<Format>,
    /// All features as a file, and no page of them.
    pub(super) whole: bool,
}

/// How a request came.
pub(super) struct Came {
    /// What absolute links begin with.
    base: String,
    path: String,
    headers: HeaderMap,
}

impl Came {
    pub(super) fn of(request: &Request, path: &str) -> Self {
        Self { base: base(request), path: path.to_owned(), headers: request.headers().clone() }
    }
}

/// Features in the form that is asked for.
pub(super) async fn answer(
    state: AppState,
    asked: Asked,
    came: Came,
    pairs: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let Asked { operation, ending, whole } = asked;
    let values =
        if whole { query::check_for_files(&operation, &pairs) } else { query::check(&operation, &pairs) }?;
    let form = format::asked(ending, &values, &came.headers)?;
    query::bounded(&values, &state.defaults)?;
    let page = if whole { Page { bbox: values.bbox, ..Page::ALL } } else { query::page(&values) };
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
    let plain = format!("{}/collections/{}/items", came.base, operation.collection);
    let address = format!("{}{}", came.base, came.path);
    let make = state.layer(operation, given, page, move |layer| {
        let links = links([&address, &plain], &pairs, page, layer.matched, form);
        format::answer(form, layer, links, whole)
    });
    make.await?
}

/// This page, and the next one where there is more: its `offset` stands in the address, as map clients want it.
fn links(
    [address, plain]: [&str; 2],
    pairs: &[(String, String)],
    page: Page,
    matched: usize,
    form: Format,
) -> serde_json::Value {
    let written = |address: &str, pairs: &[(&str, String)]| {
        let query: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{address}{mark}{}", query.join("&"))
    };
    let link = |rel: &str, offset: Option<(usize, usize)>| {
        let mut pairs: Vec<(&str, String)> = pairs.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        if let Some((offset, limit)) = offset {
            pairs.retain(|(name, _)| *name != OFFSET.wire && *name != LIMIT.wire);
            pairs.push((LIMIT.wire, limit.to_string()));
            pairs.push((OFFSET.wire, offset.to_string()));
        }
        json!({ "rel": rel, "type": form.media(), "href": written(address, &pairs) })
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
    links.extend(format::alternates(form, |word| {
        let same = pairs.iter().filter(|(name, _)| name != F.wire && name != BOM.wire);
        let mut pairs: Vec<(&str, String)> = same.map(|(n, v)| (n.as_str(), v.clone())).collect();
        pairs.push((F.wire, word.to_owned()));
        written(plain, &pairs)
    }));
    links.into()
}
