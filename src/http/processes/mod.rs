//! OGC API – Processes: the analyses with their inputs, run at once or as jobs.

mod catalog;
mod estimate;
mod execute;
mod inputs;
mod jobs;
mod status;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::{get, post};

pub(super) use self::catalog::{OUTPUT, PROCESSES};
pub(super) use self::inputs::plain_form;
pub(super) use self::jobs::Jobs;
pub(super) use self::status::LISTING;
use super::base::Base;
use super::collections::{json_response, name};
use super::problem::Problem;
use super::state::AppState;
use crate::engine::snapshot::Snapshot;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/processes", get(list))
        .route("/processes/{id}", get(describe))
        .route("/processes/{id}/execution", post(execute::execute))
        .route("/jobs", get(status::list))
        .route("/jobs/{id}", get(status::one).delete(status::dismiss))
        .route("/jobs/{id}/results", get(status::results))
        .layer(DefaultBodyLimit::max(execute::LONGEST))
}

async fn list(base: Base) -> Response {
    json_response(&catalog::list(&base.0))
}

async fn describe(
    State(state): State<AppState>,
    base: Base,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let process = catalog::process(&name(id)?)?;
    Ok(json_response(&catalog::describe(process, &state.open(), &state.defaults, &base.0)))
}

/// The identity of the newest snapshot that was asked about: finding it takes a pass over all data.
#[derive(Default)]
pub(super) struct Identity(Mutex<Option<(u64, Arc<str>)>>);

impl AppState {
    /// What the answers of a snapshot follow from.
    async fn identity(&self, snapshot: Arc<Snapshot>) -> Result<Arc<str>, Problem> {
        let generation = snapshot.generation();
        let known = self.identity.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, identity)) = known.filter(|(known, _)| *known == generation) {
            return Ok(identity);
        }
        let identity: Arc<str> = self.work(move || Ok(snapshot.identity())).await?.into();
        let mut newest = self.identity.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.as_ref().is_none_or(|(known, _)| *known < generation) {
            *newest = Some((generation, Arc::clone(&identity)));
        }
        Ok(identity)
    }
}
