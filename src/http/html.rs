//! Layers and features as plain pages for people: the table first, no script, every text made harmless by the templates.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value as Json;

use super::accept::wants_page;
use super::format::{self, ITEMS};
use super::item::address;
use super::problem::Problem;
use crate::engine::params::form::F;
use crate::engine::params::values::Values;
use crate::layer::{Feature, Layer, Value};

/// The word of a page under `f`.
pub(super) const HTML: &str = "html";

/// What pages are known by.
const NAMES: &[&str] = &["text/html", "application/xhtml+xml"];

/// Whether features are wanted as a page: by `f`, else by what the client would rather have.
pub(super) fn wanted_of_items(headers: &HeaderMap, given: &Values) -> bool {
    if let Some(form) = given.word(&F) {
        return form == HTML;
    }
    let mut offered: Vec<&[&str]> = ITEMS.map(format::names).to_vec();
    offered.push(NAMES);
    format::accepted(headers, &offered) == Some(ITEMS.len())
}

/// The same for one feature, which is a page or GeoJSON.
pub(super) fn wanted_of_one(headers: &HeaderMap, given: &Values) -> Result<bool, Problem> {
    match given.word(&F) {
        Some("geojson") => Ok(false),
        form => wants_page(headers, form),
    }
}

/// A whole page.
fn page(base: &str, title: &str, path: &[(String, &str)], body: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(format!("{base}/page/docs.css"));
            }
            body {
                main {
                    nav aria-label="Where you are" {
                        a href=(format!("{base}/")) { "Map" }
                        @for (href, name) in path { " › " a href=(href) { (name) } }
                    }
                    h1 { (title) }
                    (body)
                }
            }
        }
    };
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], markup.into_string()).into_response()
}

/// `/collections`.
pub(super) fn collections(base: &str, told: &Json) -> Response {
    let rows = told["collections"].as_array().into_iter().flatten();
    let body = html! {
        @if let Some(notice) = told["dataset"]["notice"].as_str() { p { strong { (notice) } } }
        div class="wide" role="region" aria-label="Layers" tabindex="0" {
            table {
                thead { tr { th scope="col" { "Layer" } th scope="col" { "What it holds" } th scope="col" { "Features" } } }
                tbody {
                    @for one in rows {
                        @let id = text(&one["id"]);
                        tr {
                            th scope="row" { a href=(format!("{base}/collections/{id}?f=html")) { (id) } }
                            td { (text(&one["description"])) }
                            td { a href=(format!("{base}/collections/{id}/items?f=html")) { "table of " (id) } }
                        }
                    }
                }
            }
        }
    };
    page(base, text(&told["title"]), &[], &body)
}

/// `/collections/{id}`.
pub(super) fn collection(base: &str, told: &Json) -> Response {
    let links = told["links"].as_array().into_iter().flatten();
    let parameters = told["parameters"].as_array().into_iter().flatten();
    let body = html! {
        @if let Some(notice) = told["notice"].as_str() { p { strong { (notice) } } }
        p { (text(&told["description"])) }
        p { a href=(format!("{base}/collections/{}/items?f=html", text(&told["id"]))) { "Its features as a table" } }
        h2 { "Links" }
        ul {
            @for link in links {
                @let href = text(&link["href"]);
                @let words = link["title"].as_str().unwrap_or_else(|| text(&link["rel"]));
                @if link["templated"] != true { li { a href=(href) { (words) } " " code { (text(&link["type"])) } } }
            }
        }
        h2 { "Parameters" }
        div class="wide" role="region" aria-label="Parameters" tabindex="0" {
            table {
                thead { tr { th scope="col" { "Parameter" } th scope="col" { "What it does" } th scope="col" { "Default" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            th scope="row" { code { (text(&parameter["name"])) } }
                            td { (text(&parameter["description"])) }
                            td { (text(&parameter["default"])) }
                        }
                    }
                }
            }
        }
    };
    page(base, text(&told["title"]), &[(format!("{base}/collections?f=html"), "Layers")], &body)
}

/// A page of features; `asked` is the query of what made them, with its mark, which makes their own pages too.
pub(super) fn items(base: &str, layer: &Layer, links: &Json, offset: usize, asked: &str) -> Response {
    let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |rel: &str| links.iter().find(|link| link["rel"] == rel).map(|link| text(&link["href"]));
    let first = layer.features.first();
    let names: Vec<&str> =
        first.into_iter().flat_map(|f| f.properties.iter().map(|(name, _)| *name)).collect();
    let begin = if layer.features.is_empty() { offset } else { offset + 1 };
    let told = format!("{begin} to {} of {}", offset + layer.features.len(), layer.matched);
    let turn = html! {
        nav aria-label="Pages" {
            @if let Some(href) = of("prev") { a rel="prev" href=(href) { "← previous" } " · " }
            (told)
            @if let Some(href) = of("next") { " · " a rel="next" href=(href) { "next →" } }
        }
    };
    let alternates = links.iter().filter(|link| link["rel"] == "alternate" && link["type"] != "text/html");
    let body = html! {
        @if let Some(notice) = &layer.notice { p { strong { (notice) } } }
        (turn)
        div class="wide" role="region" aria-label="Features" tabindex="0" {
            table {
                thead { tr { th scope="col" { "id" } @for name in &names { th scope="col" { (name) } } } }
                tbody { @for feature in &layer.features { (row(&address(base, layer.name, &feature.id), asked, feature, &names)) } }
            }
        }
        p {
            "The same as "
            @for link in alternates { a href=(text(&link["href"])) { (text(&link["title"])) } " · " }
            a href=(format!("{base}/collections/{}?f=html", layer.name)) { "what can be asked" }
        }
    };
    page(base, layer.name, &[(format!("{base}/collections?f=html"), "Layers")], &body)
}

fn row(address: &str, asked: &str, feature: &Feature, names: &[&str]) -> Markup {
    let value =
        |name: &str| feature.properties.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    html! {
        tr {
            th scope="row" { a href=(format!("{address}{asked}")) { (feature.id) } }
            @for name in names { td { @if let Some(value) = value(name) { (cell(value)) } } }
        }
    }
}

/// One feature; `asked` is the query of what made it, with its mark, which makes the others of its layer too.
pub(super) fn item(base: &str, layer: &Layer, links: &Json, asked: &str) -> Response {
    let Some(feature) = layer.features.first() else { return Problem::not_found(layer.name).into_response() };
    let others = links.as_array().into_iter().flatten().filter(|link| link["type"] != "text/html");
    let body = html! {
        @if let Some(notice) = &layer.notice { p { strong { (notice) } } }
        table {
            tbody {
                @for (name, value) in &feature.properties {
                    tr { th scope="row" { (name) } td { (cell(value)) } }
                }
            }
        }
        p {
            @for link in others {
                @let href = text(&link["href"]).replace("f=html", "f=geojson");
                a href=(href) { (text(&link["rel"])) } " "
            }
        }
    };
    let path = [
        (format!("{base}/collections?f=html"), "Layers"),
        (format!("{base}/collections/{}/items{asked}", layer.name), layer.name),
    ];
    page(base, &feature.id, &path, &body)
}

/// A document that is JSON by itself, member by member.
pub(super) fn document(base: &str, title: &str, told: &Json) -> Response {
    page(
        base,
        title,
        &[],
        &html! { div class="wide" role="region" aria-label="Document" tabindex="0" { (member(told)) } },
    )
}

/// A value of JSON: what has names as a table, what has several as a list, addresses as links.
fn member(value: &Json) -> Markup {
    match value {
        Json::Object(named) if named.is_empty() => html! {},
        Json::Object(named) => html! {
            table { tbody { @for (name, value) in named {
                tr { th scope="row" { (name) } td { (member(value)) } }
            } } }
        },
        Json::Array(all) if all.iter().any(|one| one.is_object() || one.is_array()) && !is_place(all) => {
            html! {
                ol { @for one in all { li { (member(one)) } } }
            }
        }
        Json::Array(all) if is_place(all) => html! { code { (value.to_string()) } },
        Json::Array(all) => html! {
            @for (at, one) in all.iter().enumerate() { @if at > 0 { ", " } (member(one)) }
        },
        Json::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            html! { @if text.contains('{') { code { (text) } } @else { a href=(text) { (text) } } }
        }
        Json::String(text) => html! { (text) },
        Json::Null => html! {},
        other => html! { (other.to_string()) },
    }
}

/// Whether a list is numbers within lists, as places and shapes are.
fn is_place(all: &[Json]) -> bool {
    !all.is_empty()
        && all.iter().all(|one| match one {
            Json::Array(inner) => is_place(inner),
            other => other.is_number(),
        })
}

/// A value in a table.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(all) => all.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Map(named) => {
            let told =
                named.iter().map(|(name, value)| (name, cell(value))).filter(|(_, told)| !told.is_empty());
            told.map(|(name, told)| format!("{name}: {told}")).collect::<Vec<_>>().join("; ")
        }
    }
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn what_a_file_says_is_text_and_no_markup() {
        let evil = "<script>alert(1)</script>\" onload=\"x";
        let feature = Feature {
            id: format!("a:{evil}"),
            geometry: None,
            properties: vec![("name", Value::text(evil)), ("list", Value::List(vec![Value::text(evil)]))],
        };
        let layer = Layer::of_one("blocks", feature, Some(evil.to_owned()));
        let links = serde_json::json!([{ "rel": "next", "type": "application/geo+json", "href": format!("http://h/?q={evil}") }]);
        let told = serde_json::json!({ "title": evil, "collections": [{ "id": evil, "description": evil }], "description": evil });
        for response in [
            items("http://h", &layer, &links, 0, &format!("?q={evil}")),
            item("http://h", &layer, &links, &format!("?q={evil}")),
            collections("http://h", &told),
            collection("http://h", &told),
            document("http://h", evil, &told),
        ] {
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("<script") && !text.contains("\" onload"), "{text}");
            assert!(text.contains("&lt;script&gt;"), "{text}");
        }
    }
}
