//! `POST /ingest/{source}`: a file of incidents, answered once it is on disk.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::body::{self, Packed};
use super::feed::Feed;
use super::parameters::INGEST;
use super::refusal::Refusal;
use super::writer::Taken;
use crate::http::problem::{Problem, chain};
use crate::http::state::AppState;
use crate::ingest::alert::{SOURCE_MEND, is_source};
use crate::ingest::incidents::{self, IncidentsError, Options};
use crate::ingest::input::{Format, Input};
use crate::ingest::refused::{Account, Refused};
use crate::ingest::shipped;
use crate::model::reports::Ledger;
use crate::space::crs::Crs;
use crate::store::Batch;

/// Refused rows that stand in the answer itself.
const SHOWN: usize = 100;

/// Letters of an `Idempotency-Key` at most.
const MOST_KEY: usize = 200;

/// What a request asks for beside its body.
#[derive(Debug, Default)]
struct Asked {
    layout: Option<String>,
    crs: Option<Crs>,
    dry_run: bool,
    strict: bool,
}

pub(super) async fn ingest(
    State(state): State<AppState>,
    source: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let feed = Arc::clone(&state.feed);
    let headers = request.headers().clone();
    let options = feed.open()?.clone();
    let source = crate::http::collections::name(source)?;
    if !is_source(&source) {
        return Err(Refusal::parameter("source", format!("`source` is `{source}`; {SOURCE_MEND}")));
    }
    let Query(pairs) = pairs.map_err(Problem::from)?;
    let asked = asked(&pairs)?;
    let kind = body::kind(&headers)?;
    let key = key(&headers)?;
    // Room before the body is read, for all that it may become: a thousand clients at once do not fill the memory.
    let told =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let bytes = told.unwrap_or(feed.limits.body).min(feed.limits.body);
    let packed = headers.contains_key(header::CONTENT_ENCODING);
    let room = feed.room_for_file(if packed { bytes.saturating_mul(4) } else { bytes })?;
    let body: Result<Bytes, BytesRejection> = Bytes::from_request(request, &()).await;
    let body = body::whole(body, feed.limits.body)?;
    let (most, name, strict, dry_run) = (feed.limits.unpacked, source.clone(), asked.strict, asked.dry_run);
    let read = tokio::task::spawn_blocking(move || {
        let digest = digest(&name, &asked, &body);
        let bytes = Packed::of(&headers).unpacked(body, most)?.into();
        let (ledger, account) = read(&name, kind, bytes, &asked, options)?;
        Ok::<_, Refusal>((ledger, account, digest))
    });
    let (ledger, mut account, digest) = read.await.map_err(Problem::inside)??;
    let refused = std::mem::take(&mut account.refused);
    if strict && !refused.is_empty() {
        feed.metrics.took(&[("refused", refused.len())]);
        let (n, read) = (refused.len(), account.read);
        let id = feed.reports.keep(&source, refused, Instant::now());
        return Err(Refusal::unusable(format!(
            "{n} of {read} rows cannot be used, and `strict` wants all; nothing was stored; /ingest/reports/{id} tells which"
        )));
    }
    if dry_run {
        return Ok(answer(&feed, &source, &account, refused, json!({ "dry_run": true })));
    }
    let batch = Batch {
        ledger,
        key: key.map(|key| format!("ingest/{source}/{key}")),
        digest: Some(digest),
        name: source.clone(),
        strict,
    };
    let taken = feed.write(batch, bytes, room).await?;
    if strict && taken.expired > 0 {
        feed.metrics.took(&[("expired", taken.expired)]);
        return Err(Refusal::unusable(format!(
            "{} reports are too old to be kept (retention), and `strict` wants all; nothing was stored",
            taken.expired
        )));
    }
    let Taken { new, known, revised, superseded, withdrawn, expired, repeated, .. } = taken;
    // A repeated request is told what became of it then, and changes nothing now.
    let now = |n: usize| if repeated { 0 } else { n };
    let all = new + known + revised + superseded + withdrawn;
    feed.metrics.took(&[
        ("inserted", now(new)),
        ("unchanged", if repeated { all } else { known }),
        ("revised", now(revised)),
        ("superseded", now(superseded)),
        ("withdrawn", now(withdrawn)),
        ("expired", now(expired)),
        ("refused", refused.len()),
    ]);
    let stored = json!({
        "inserted": taken.new,
        "unchanged": taken.known,
        "revised": taken.revised,
        "superseded": taken.superseded,
        "withdrawn": taken.withdrawn,
        "expired": taken.expired,
        "repeated": taken.repeated,
        "snapshot": feed.token(taken.revision),
    });
    Ok(answer(&feed, &source, &account, refused, stored))
}

fn asked(pairs: &[(String, String)]) -> Result<Asked, Refusal> {
    let mut asked = Asked::default();
    for (at, (name, text)) in pairs.iter().enumerate() {
        if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::repeated(name).into());
        }
        let yes = || match text.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::parameter(name, format!("`{name}` is `{text}`; give true or false"))),
        };
        match name.as_str() {
            "dry_run" => asked.dry_run = yes()?,
            "strict" => asked.strict = yes()?,
            "layout" => asked.layout = Some(layout(text)?),
            "crs" => {
                let crs = Crs::new(text);
                asked.crs =
                    Some(crs.map_err(|e| Refusal::parameter("crs", format!("`crs` is `{text}`: {e}")))?);
            }
            _ => {
                let address = "/ingest/{source}";
                return Err(Problem::unknown_parameter(
                    name,
                    address,
                    INGEST.map(|param| param.wire).to_vec(),
                )
                .into());
            }
        }
    }
    Ok(asked)
}

/// The name of a layout that ships.
fn layout(name: &str) -> Result<String, Refusal> {
    let all = shipped::under("layouts/");
    let name_of = |path: &str| path.trim_start_matches("layouts/").trim_end_matches(".toml").to_owned();
    let known: Vec<String> =
        all.iter().filter(|path| path.ends_with(".toml")).map(|path| name_of(path)).collect();
    known.iter().find(|known| *known == name).cloned().ok_or_else(|| {
        let detail = format!("there is no layout `{name}`; there are {}", known.join(", "));
        Refusal::parameter("layout", detail)
    })
}

/// The key by which a client knows its request again.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > MOST_KEY {
        let detail =
            format!("`Idempotency-Key` is empty, too long or no plain text; give 1 to {MOST_KEY} letters");
        return Err(Refusal::parameter("Idempotency-Key", detail));
    }
    Ok(Some(key.to_owned()))
}

/// What tells a request from any other: the bytes as they came, and what decides how they are read.
fn digest(source: &str, asked: &Asked, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let crs = asked.crs.as_ref().map(ToString::to_string).unwrap_or_default();
    for part in [source, asked.layout.as_deref().unwrap_or_default(), &crs] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}

fn read(
    source: &str,
    (format, ending): (Format, &str),
    bytes: Vec<u8>,
    asked: &Asked,
    configured: Options,
) -> Result<(Ledger, Account), Refusal> {
    let input = Input::of(&format!("{source}.{ending}"), bytes);
    let input = input.map_err(|error| Refusal::unusable(error.to_string()))?;
    let lines = [Format::GeoJson, Format::GeoJsonLines];
    if input.format != format && !(lines.contains(&input.format) && lines.contains(&format)) {
        let detail = format!("it is said to be {} and is {}", format.name(), input.format.name());
        return Err(Refusal::media(detail).of("Content-Type"));
    }
    let own = asked.layout.as_ref().map(|name| {
        let path = format!("layouts/{name}.toml");
        (format!("data/{path}"), shipped::text(&path))
    });
    let options = Options {
        source: Some(source.to_owned()),
        crs: asked.crs.clone().or(configured.crs),
        layout: own.or(configured.layout),
    };
    incidents::read(&[input], &options, &|| ()).map_err(|error| unusable(&error))
}

fn unusable(error: &IncidentsError) -> Refusal {
    Refusal::unusable(chain(error))
}

/// The account of a request, with the first refused rows; all of them are kept for a while.
fn answer(feed: &Feed, source: &str, account: &Account, refused: Vec<Refused>, stored: Json) -> Response {
    let first: Vec<Json> = refused.iter().take(SHOWN).map(row).collect();
    let n = refused.len();
    let report = (n > 0).then(|| {
        let id = feed.reports.keep(source, refused, Instant::now());
        format!("/ingest/reports/{id}")
    });
    let mut body = json!({ "source": source, "read": account.read, "refused": n });
    for (name, value) in stored.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body["rejects"] = first.into();
    body["report"] = report.into();
    body["notes"] = account.notes.clone().into();
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn row(refused: &Refused) -> Json {
    let Refused { line, column, value, reason, .. } = refused;
    json!({ "line": line, "column": column, "value": value, "reason": reason })
}

/// `GET /ingest/reports/{id}`: all rows of a request that were refused, as long as they are kept.
pub(super) async fn report(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = crate::http::collections::name(id)?;
    let report = state.feed.reports.get(&id, Instant::now()).ok_or_else(|| Refusal::no_report(&id))?;
    let rows: Vec<Json> = report.rows.iter().map(row).collect();
    let body = json!({
        "source": report.source,
        "refused": report.refused,
        "whole": report.refused == rows.len(),
        "rejects": rows,
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}
