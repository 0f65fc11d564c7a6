//! `POST /alerts`: one event of a sensor, its revision or its withdrawal, answered once it is on disk.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::body::{self, Packed};
use super::ingest::key;
use super::refusal::Refusal;
use super::writer::Taken;
use crate::http::problem::{Problem, chain};
use crate::http::state::AppState;
use crate::ingest::alert::{self, AlertError};
use crate::model::report::Place;
use crate::model::reports::Ledger;
use crate::space::coord::LonLat;
use crate::store::Batch;

/// Where alerts go.
pub(super) const ROUTE: &str = "/alerts";

/// Bytes of an alert at most.
pub(super) const MOST_BYTES: usize = 16 << 10;

/// What the body of an answer says.
#[derive(Serialize)]
struct Told<'a> {
    id: String,
    source: &'a str,
    external_id: &'a str,
    revision: i64,
    status: &'static str,
    outcome: &'static str,
    snapshot: String,
    notes: Vec<&'static str>,
}

pub(super) async fn alert(State(state): State<AppState>, request: Request) -> Result<Response, Refusal> {
    taken(&state, request).await
}

/// Takes an alert in; comes back once it is on disk.
pub(super) async fn taken(state: &AppState, request: Request) -> Result<Response, Refusal> {
    let feed = &state.feed;
    feed.open()?;
    body::json(request.headers())?;
    let key = key(request.headers())?;
    let packed = Packed::of(request.headers());
    let room = feed.room_for_alert()?;
    let bytes: Result<Bytes, BytesRejection> = Bytes::from_request(request, &()).await;
    let bytes = packed.unpacked(body::whole(bytes, MOST_BYTES)?, MOST_BYTES)?;
    let alert = alert::read(&bytes, Timestamp::now(), &zone(state)).map_err(refusal)?;
    let notes = outside(state, &alert.ledger);
    let batch = Batch {
        ledger: alert.ledger,
        key: key.map(|key| format!("alerts/{}/{key}", alert.source)),
        // The same alert again is known by its revision.
        digest: None,
        name: alert.source.clone(),
        strict: false,
    };
    let taken = feed.write(batch, bytes.len(), room).await?;
    if taken.expired > 0 {
        feed.metrics.took(&[("expired", 1)]);
        return Err(Refusal::expired().of("occurred_at"));
    }
    let outcome = outcome(&taken);
    // A repeated request is told what became of it then, and changes nothing now.
    feed.metrics.took(&[(if taken.repeated { "unchanged" } else { outcome }, 1)]);
    let status = if outcome == "inserted" { StatusCode::CREATED } else { StatusCode::OK };
    let told = Told {
        id: format!("{}:{}", alert.source, alert.external_id),
        source: &alert.source,
        external_id: &alert.external_id,
        revision: alert.revision,
        status: alert.status.word(),
        outcome,
        snapshot: feed.token(taken.revision),
        notes,
    };
    let body = serde_json::to_string(&told).map_err(Problem::inside)?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// What is to be said of an alert that lies outside the study area: it is kept, and no rule tells of it.
fn outside(state: &AppState, ledger: &Ledger) -> Vec<&'static str> {
    let Place::At(at) = ledger.reports.get(0).place else { return Vec::new() };
    let snapshot = state.open();
    let data = snapshot.dataset();
    note(at, |place| data.is_outside(place)).into_iter().collect()
}

fn note(at: LonLat, is_outside: impl Fn(LonLat) -> bool) -> Option<&'static str> {
    if !is_outside(at) {
        return None;
    }
    let swapped = at.swapped().is_some_and(|other| !is_outside(other));
    Some(if swapped { SWAPPED } else { OUTSIDE })
}

/// What is said of a place that is nowhere near the blocks.
const OUTSIDE: &str =
    "it lies outside the study area: it is kept, counted in no block, and no rule tells of it";

/// The same of one that would be near them the other way round.
const SWAPPED: &str = "it lies outside the study area, and inside it with lon and lat exchanged: they look swapped; it is kept, \
                       counted in no block, and no rule tells of it";

/// What became of the one report.
fn outcome(taken: &Taken) -> &'static str {
    match taken {
        Taken { new: 1, .. } => "inserted",
        Taken { revised: 1, .. } => "revised",
        Taken { withdrawn: 1, .. } => "withdrawn",
        Taken { superseded: 1, .. } => "superseded",
        _ => "unchanged",
    }
}

/// The zone of the data: that of the first source, as dates of the data set are.
fn zone(state: &AppState) -> TimeZone {
    state.open().dataset().sources.first().map_or(TimeZone::UTC, |source| source.zone.clone())
}

fn refusal(error: AlertError) -> Refusal {
    let refusal = match &error {
        AlertError::Value { .. } => Refusal::unusable(error.to_string()),
        AlertError::Json(_) => Refusal::unusable(chain(&error)),
        _ => return Problem::inside(error).into(),
    };
    match error.field() {
        Some(field) => refusal.of(&field),
        None => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_would_be_here_the_other_way_round_looks_swapped() {
        let here = LonLat::new(-72.9, 41.3).expect("on the globe");
        let outside = |place: LonLat| (place.lon() - here.lon()).hypot(place.lat() - here.lat()) > 0.2;
        let at = |lon, lat| LonLat::new(lon, lat).expect("on the globe");
        assert_eq!(note(here, outside), None);
        assert_eq!(note(at(41.3, -72.9), outside), Some(SWAPPED));
        assert_eq!(note(at(2.35, 48.86), outside), Some(OUTSIDE));
    }
}
