//! Rows of the table of routes: counts, analyses that are run with inputs of one's own, and the jobs that they become.

use super::super::counts::{COUNTS_FORM, CSV};
use super::super::processes::LISTING;
use super::route::{Asks, F, Route};
use super::table::{JSON, JSON_OR_PAGE, get};
use crate::engine::params::counts::COUNTS;

const COUNTS_ROUTE: Route = Route {
    asks: Asks::OperationAs(&COUNTS, &COUNTS_FORM),
    gives: &[(200, &["application/json", CSV, "text/html"], "any")],
    ..get("/counts", "getCounts", "Incidents by area, category, time and more, as a table")
};

/// All of them.
pub(super) const PROCESS_ROUTES: &[Route] = &[
    COUNTS_ROUTE,
    Route { at: "/counts.json", path: "/counts.json", id: "getCountsJson", ..COUNTS_ROUTE },
    Route { at: "/counts.csv", path: "/counts.csv", id: "getCountsCsv", ..COUNTS_ROUTE },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "processes")],
        ..get("/processes", "getProcesses", "Analyses that can be run with inputs of one's own")
    },
    Route {
        asks: Asks::Process,
        gives: &[(200, JSON_OR_PAGE, "process")],
        ..get("/processes/{id}", "getProcess", "What an analysis takes and gives")
    },
    Route {
        method: "post",
        asks: Asks::Process,
        gives: &[(200, &["application/geo+json", "application/json"], "any"), (201, JSON, "job")],
        takes: Some((JSON, "execution")),
        ..get(
            "/processes/{id}/execution",
            "execute",
            "Runs an analysis, at once where it is short, else as a job",
        )
    },
    Route {
        asks: Asks::These(&[LISTING[0], LISTING[1], LISTING[2], F]),
        gives: &[(200, JSON_OR_PAGE, "jobs")],
        ..get("/jobs", "getJobs", "Analyses that were asked for, the newest first")
    },
    Route {
        path: "/jobs/{jobId}",
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "job")],
        ..get("/jobs/{id}", "getJob", "How far an analysis is")
    },
    Route {
        method: "delete",
        path: "/jobs/{jobId}",
        gives: &[(200, JSON, "job")],
        ..get("/jobs/{id}", "dismissJob", "Dismisses an analysis: it is not begun, or nothing of it is kept")
    },
    Route {
        path: "/jobs/{jobId}/results",
        asks: Asks::These(&[F]),
        gives: &[(200, &["application/geo+json", "application/json", "text/html"], "any")],
        ..get("/jobs/{id}/results", "getResults", "What came of an analysis")
    },
];
