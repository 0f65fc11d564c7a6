//! `/jobs`, `/jobs/{id}`, `/jobs/{id}/results`: what became of analyses that were asked for.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::super::base::Base;
use super::super::collections::{GEOJSON, json_response, name};
use super::super::problem::Problem;
use super::super::query;
use super::super::state::AppState;
use super::jobs::{Job, State as Of};
use super::{catalog, execute};
use crate::engine::params::table::{Kind, Param};

const RESULTS: &str = "http://www.opengis.net/def/rel/ogc/1.0/results";

/// Jobs in a list where no `limit` is given: all there can be.
const MOST_LISTED: usize = super::jobs::MOST_KEPT + super::jobs::MOST_UNFINISHED;

/// What is told of a job, as OGC API – Processes has it.
pub(super) fn told(job: &Job, base: &str) -> Json {
    let at = format!("{base}/jobs/{}", job.id);
    let time = |at: Option<Timestamp>| at.map_or(Json::Null, |at| at.to_string().into());
    let message = match &job.state {
        Of::Accepted => "it waits for its turn".to_owned(),
        Of::Running => "it is under way".to_owned(),
        Of::Successful(_) => format!("its result is kept for {} minutes", super::jobs::KEPT_MINUTES),
        Of::Failed(problem) => problem.detail().to_owned(),
        Of::Dismissed => "nothing of it is kept".to_owned(),
    };
    let mut told = json!({
        "jobID": job.id,
        "processID": job.process,
        "type": "process",
        "status": job.state.word(),
        "message": message,
        "progress": job.percent(),
        "created": job.created.to_string(),
        "started": time(job.started),
        "finished": time(job.finished),
        "updated": time(job.finished.or(job.started).or(Some(job.created))),
        "links": [{ "rel": "self", "type": "application/json", "href": at }],
    });
    if let Json::Object(members) = &mut told {
        members.retain(|_, value| !value.is_null());
    }
    if matches!(job.state, Of::Successful(_))
        && let Some(links) = told["links"].as_array_mut()
    {
        links.push(json!({ "rel": RESULTS, "type": GEOJSON, "href": format!("{at}/results") }));
    }
    told
}

/// What a list of jobs can be narrowed by.
pub(in crate::http) const LISTING: [Param; 3] = [
    Param {
        flag: "",
        wire: "limit",
        kind: Kind::Count { least: 1, most: MOST_LISTED as u64 },
        default: "all",
        help: "Jobs in the list at most",
        example: "10",
    },
    Param {
        flag: "",
        wire: "status",
        kind: Kind::Word(&STATUSES),
        default: "any",
        help: "Only jobs that are so far",
        example: "running",
    },
    Param {
        flag: "",
        wire: "processID",
        kind: Kind::Word(&PROCESS_IDS),
        default: "any",
        help: "Only jobs of this process",
        example: "rank",
    },
];

/// The ids of all processes.
const PROCESS_IDS: [&str; catalog::PROCESSES.len()] = {
    let mut ids = [""; catalog::PROCESSES.len()];
    let mut at = 0;
    while at < ids.len() {
        ids[at] = catalog::PROCESSES[at].0;
        at += 1;
    }
    ids
};

pub(super) async fn list(
    State(state): State<AppState>,
    base: Base,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(mut pairs) = pairs?;
    // The form is for who makes a page of the list.
    pairs.retain(|(name, _)| name != "f");
    let values = query::check_among(&LISTING.iter().collect::<Vec<_>>(), "/jobs", &pairs)?;
    let [limit, status, process] = &LISTING;
    let limit = values.count(limit).map_or(MOST_LISTED, |n| usize::try_from(n).unwrap_or(MOST_LISTED));
    let (status, process) = (values.word(status), values.word(process));
    let wanted = |job: &&Job| {
        status.is_none_or(|word| word == job.state.word()) && process.is_none_or(|id| id == job.process)
    };
    let all = state.jobs.all(Timestamp::now());
    let jobs: Vec<Json> = all.iter().filter(wanted).take(limit).map(|job| told(job, &base.0)).collect();
    let href = format!("{}/jobs", base.0);
    let links = json!([{ "rel": "self", "type": "application/json", "href": href }]);
    Ok(json_response(&json!({ "jobs": jobs, "links": links })))
}

const STATUSES: [&str; 5] = ["accepted", "running", "successful", "failed", "dismissed"];

pub(super) async fn one(
    State(state): State<AppState>,
    base: Base,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = name(id)?;
    let job = state.jobs.get(&id, Timestamp::now()).ok_or_else(|| none(&id))?;
    Ok(json_response(&told(&job, &base.0)))
}

pub(super) async fn results(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = name(id)?;
    let job = state.jobs.get(&id, Timestamp::now()).ok_or_else(|| none(&id))?;
    execute::result(&job, job.document)
}

/// Dismisses a job. One that waits is never begun, an analysis under way ends at its next step; nothing of it is kept.
pub(super) async fn dismiss(
    State(state): State<AppState>,
    base: Base,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = name(id)?;
    let job = state.jobs.dismiss(&id, Timestamp::now()).ok_or_else(|| none(&id))?;
    Ok(json_response(&told(&job, &base.0)))
}

fn none(id: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job",
        "No such job",
        format!(
            "there is no job `{id}`; results are kept for {} minutes, and the same request makes it anew",
            super::jobs::KEPT_MINUTES
        ),
    )
}
