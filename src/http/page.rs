//! The page and the files that it is made of, from inside the binary.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::collections::name;
use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "src/http/page"]
struct Files;

pub(super) fn index() -> Result<Response, Problem> {
    serve("index.html")
}

pub(super) async fn file(path: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    serve(&name(path)?)
}

fn serve(name: &str) -> Result<Response, Problem> {
    let file = Files::get(name).ok_or_else(|| Problem::not_found(&format!("/page/{name}")))?;
    let media = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(([(header::CONTENT_TYPE, media), (header::ETAG, &format!("W/\"{tag}\""))], file.data).into_response())
}
