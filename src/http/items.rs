//! `GET /collections/{id}/items`: query to features to the form that is asked for.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::base::base;
use super::collections::{name, operation};
use super::crs::Crs;
use super::problem::Problem;
use super::query;
use super::state::AppState;
use super::wanted::{self, Wanted};
use super::{format, html};
use crate::encode::format::Format;
use crate::engine::params::choosing::{CRS, SNAPSHOT};
use crate::engine::params::form::{BOM, F};
use crate::engine::params::table::{INCIDENTS, LIMIT, OFFSET, Operation};
use crate::layer::Page;
use crate::layer::choose::choose;

pub(super) async fn items(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked { operation: operation(&name(id)?)?, ending: None, whole: false };
    let Query(pairs) = pairs?;
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
    let address = format!("{}{}", came.base, came.path);
    let Wanted { given, values, page, choice, crs, snapshot } =
        wanted::wanted(&state, &operation, &pairs, whole, &address)?;
    query::complete(&operation, &values, &snapshot)?;
    let as_page = ending.is_none() && html::wanted_of_items(&came.headers, &given);
    let form = if as_page { Format::GeoJson } else { format::asked(ending, &given, &came.headers)? };
    if crs != Crs::Crs84 && !matches!(form, Format::GeoJson | Format::GeoJsonSeq | Format::NdJson) {
        let why = format!(
            "{} is had in longitude and latitude only; leave crs out or ask for GeoJSON",
            form.title()
        );
        return Err(Problem::not_together(CRS.wire, &why));
    }
    let keeper = state.clone();
    let make = state.work(move || {
        let mut layer = choose(&snapshot, &operation, &values, page, &choice)?;
        if let Some(time) = choice.during.filter(|time| time.has_clock())
            && let Some(days) = values.period.filter(|_| operation.collection != INCIDENTS.collection)
        {
            layer.warn(format!(
                "{} counts whole local days: of datetime {time} these are {days}; give these dates to say so, or ask incidents, which go by the second",
                operation.collection
            ));
        }
        crs.project(&mut layer)?;
        // Who reads on reads in the same state of the data.
        let more = page.offset.saturating_add(page.limit) < layer.matched;
        let pinned = pairs.iter().any(|(name, _)| name == SNAPSHOT.wire);
        let kept = (more || pinned).then(|| keeper.keep(&snapshot));
        let links =
            Links { base: &came.base, path: &came.path, pairs: &pairs, collection: operation.collection };
        let asked = query::of_one(&operation, &pairs, kept.as_deref());
        let links = links.of(page, layer.matched, form, kept);
        Ok(crs.told(if as_page {
            html::items(&came.base, &layer, &links, page.offset, &asked)
        } else {
            format::answer(form, &layer, links, whole)?
        }))
    });
    make.await
}

/// What links of an answer are made of.
struct Links<'a> {
    base: &'a str,
    path: &'a str,
    pairs: &'a [(String, String)],
    collection: &'a str,
}

impl Links<'_> {
    fn written(&self, path: &str, pairs: &[(&str, String)]) -> String {
        let query = query::written(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        format!("{}{path}{query}", self.base)
    }

    fn without(&self, names: &[&str]) -> Vec<(&str, String)> {
        let rest = self.pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        rest.map(|(name, value)| (name.as_str(), value.clone())).collect()
    }

    /// This page and those before and after it: `offset` stands in their addresses, as map clients want it, and the
    /// state of the data, so that all pages are of one; then the other forms, and the collection.
    fn of(&self, page: Page, matched: usize, form: Format, kept: Option<String>) -> serde_json::Value {
        let turn = |rel: &str, offset: usize, limit: usize| {
            let mut pairs = self.without(&[OFFSET.wire, LIMIT.wire, SNAPSHOT.wire]);
            pairs.push((LIMIT.wire, limit.to_string()));
            pairs.push((OFFSET.wire, offset.to_string()));
            pairs.extend(kept.clone().map(|kept| (SNAPSHOT.wire, kept)));
            json!({ "rel": rel, "type": form.media(), "href": self.written(self.path, &pairs) })
        };
        let own = self.written(self.path, &self.without(&[]));
        let mut links = vec![json!({ "rel": "self", "type": form.media(), "href": own })];
        let next = page.offset.saturating_add(page.limit);
        if next < matched {
            links.push(turn("next", next, page.limit));
        }
        if page.offset > 0 {
            let limit = page.limit.min(page.offset);
            links.push(turn("prev", page.offset - limit, limit));
        }
        let items = format!("/collections/{}/items", self.collection);
        let in_form = |word: &str| {
            let mut pairs = self.without(&[F.wire, BOM.wire]);
            pairs.push((F.wire, word.to_owned()));
            self.written(&items, &pairs)
        };
        links.extend(format::alternates(form, in_form));
        links.push(json!({ "rel": "alternate", "type": "text/html", "title": "A page", "href": in_form(html::HTML) }));
        let collection = format!("{}/collections/{}", self.base, self.collection);
        links.push(json!({ "rel": "collection", "type": "application/json", "href": collection }));
        links.into()
    }
}
