//! `GET /counts`: incidents by area, category, time and more, as JSON or CSV for dashboards.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::base::base;
use super::format::accepted;
use super::problem::Problem;
use super::query::{self, marked};
use super::state::AppState;
use crate::encode;
use crate::engine::params::counts::COUNTS;
use crate::engine::params::table::{Kind, Param};
use crate::engine::params::values::BadValue;
use crate::layer::Page;

/// The form of an answer.
pub(super) const COUNTS_FORM: Param = Param {
    flag: "",
    wire: "f",
    kind: Kind::Word(&["json", "csv", "html"]),
    default: "the ending of the address, else what the client accepts",
    help: "Form of the answer",
    example: "csv",
};

/// The forms of an answer: their word under `f` and as an ending of the address, and their media type.
const FORMS: [(&str, &str); 2] = [("json", "application/json"), ("csv", CSV)];

/// Media type of tables.
pub(super) const CSV: &str = "text/csv; charset=utf-8; header=present";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/counts", get(counts))
        .route("/counts.json", get(counts))
        .route("/counts.csv", get(counts))
}

async fn counts(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(mut pairs) = pairs?;
    let (word, media) = form(uri.path(), &mut pairs, &request)?;
    let values = query::check_counts(&COUNTS, &pairs)?.or(&state.defaults);
    let address = format!("{}/counts", base(&request));
    // The ending says the form.
    let asked = marked(uri.query());
    let csv = word == "csv";
    let body = state
        .layer(COUNTS, values, Page::ALL, move |layer| {
            if csv {
                return encode::csv::rows(layer);
            }
            let mut answer = encode::json::answer(layer);
            let link = |rel: &str, (word, media): (&str, &str)| {
                json!({ "rel": rel, "type": media, "href": format!("{address}.{word}{asked}") })
            };
            answer["links"] = json!([link("self", FORMS[0]), link("alternate", FORMS[1])]);
            answer.to_string()
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, media)], body).into_response())
}

/// The form that is asked for: by `f`, else by the ending of the address, else the one that the client likes best.
fn form(
    path: &str,
    pairs: &mut Vec<(String, String)>,
    request: &Request,
) -> Result<(&'static str, &'static str), Problem> {
    if let Some(at) = pairs.iter().position(|(name, _)| name == "f") {
        let (name, value) = pairs.remove(at);
        // A page is made of the JSON.
        let word = if value == "html" { "json" } else { &value };
        let known = FORMS.iter().find(|(known, _)| *known == word);
        let mend = "give json, csv or html".to_owned();
        return known.copied().ok_or_else(|| BadValue { name, value, mend }.into());
    }
    if let Some(form) = FORMS.iter().find(|(word, _)| path.ends_with(&format!(".{word}"))) {
        return Ok(*form);
    }
    let liked = accepted(request.headers(), &[&["application/json"], &["text/csv"]]);
    Ok(FORMS[liked.unwrap_or(0)])
}
