//! What the service tells Prometheus of itself: one registry, one middleware, one page of text.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::base::Access;
use super::live::feed::Feed;
use super::problem::Problem;

const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds up to which requests and commits are sorted.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    /// The template, never the address: that would be a series for every tile.
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    source: String,
}

/// All that is counted and measured.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Routed, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    rows: Family<Outcome, Counter>,
    expired: Family<Of, Counter>,
    /// Seconds that the store took for a transaction, its fsync included.
    pub(super) commits: Histogram,
    /// Clients of the live feed.
    pub(super) clients: Gauge,
    /// Webhook deliveries that failed.
    pub(super) webhook_failures: Counter,
    generation: Gauge,
    age: Gauge,
    store_bytes: Gauge,
    queued_bytes: Gauge,
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS.iter().copied())
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("hotblocks"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            in_flight: Gauge::default(),
            rows: Family::default(),
            expired: Family::default(),
            commits: histogram(),
            clients: Gauge::default(),
            webhook_failures: Counter::default(),
            generation: Gauge::default(),
            age: Gauge::default(),
            store_bytes: Gauge::default(),
            queued_bytes: Gauge::default(),
        };
        let all = &mut metrics.registry;
        all.register("requests", "Requests by method, route and status", metrics.requests.clone());
        all.register_with_unit(
            "request_duration",
            "Seconds until the head of an answer",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        all.register("requests_in_flight", "Requests that are being answered", metrics.in_flight.clone());
        all.register("ingest_rows", "Rows taken in, by what became of them", metrics.rows.clone());
        all.register(
            "expired_incidents",
            "Incidents that became too old to be kept and were forgotten, by source",
            metrics.expired.clone(),
        );
        all.register_with_unit(
            "store_commit",
            "Seconds of a transaction of the store, its fsync included",
            Unit::Seconds,
            metrics.commits.clone(),
        );
        all.register("event_clients", "Clients of /events", metrics.clients.clone());
        all.register(
            "webhook_failures",
            "Deliveries of webhooks that failed",
            metrics.webhook_failures.clone(),
        );
        all.register("snapshot_generation", "Number of the newest snapshot", metrics.generation.clone());
        all.register_with_unit(
            "snapshot_age",
            "Seconds since the newest snapshot was published",
            Unit::Seconds,
            metrics.age.clone(),
        );
        all.register_with_unit(
            "store_size",
            "Bytes of the store's files",
            Unit::Bytes,
            metrics.store_bytes.clone(),
        );
        all.register_with_unit(
            "ingest_queue",
            "Bytes that wait to be written and shown",
            Unit::Bytes,
            metrics.queued_bytes.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// Counts rows by what became of them.
    pub(super) fn took(&self, outcomes: &[(&'static str, usize)]) {
        for &(outcome, n) in outcomes.iter().filter(|(_, n)| *n > 0) {
            self.rows.get_or_create(&Outcome { outcome }).inc_by(n as u64);
        }
    }

    /// What counts the answers of a route that have a status.
    pub(super) fn answers(&self, method: &'static str, route: &str, status: u16) -> Answers {
        let route = route.to_owned();
        Answers {
            seconds: self.seconds.get_or_create(&Routed { route: route.clone() }).clone(),
            requests: self.requests.get_or_create(&Answered { method, route, status }).clone(),
        }
    }

    /// Counts a request among those in flight for as long as it lives.
    pub(super) fn flies(&self) -> Flying {
        Flying::begin(self.in_flight.clone())
    }

    /// Counts incidents of a source that became too old to be kept.
    pub(super) fn expired(&self, source: &str, incidents: usize) {
        self.expired.get_or_create(&Of { source: source.to_owned() }).inc_by(incidents as u64);
    }

    /// All of it as text.
    fn text(&self, feed: &Feed) -> Result<String, std::fmt::Error> {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.generation.set(whole(feed.newest().0));
        self.age.set(whole(feed.newest().1.elapsed().as_secs()));
        self.store_bytes.set(whole(feed.store_bytes()));
        self.queued_bytes.set(whole(feed.queued_bytes()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counts answers that are alike.
#[derive(Debug)]
pub(super) struct Answers {
    requests: Counter,
    seconds: Histogram,
}

impl Answers {
    /// Counts one that was begun then.
    pub(super) fn count(&self, begun: Instant) {
        self.seconds.observe(begun.elapsed().as_secs_f64());
        self.requests.inc();
    }
}

/// Counts a request, and how long it takes.
pub(super) async fn measure(State(feed): State<Arc<Feed>>, request: Request, next: Next) -> Response {
    let metrics = &feed.metrics;
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let (begun, _flying) = (Instant::now(), metrics.flies());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    metrics.answers(method, &route, status).count(begun);
    response
}

/// A request in flight; also one whose client goes away ends.
pub(super) struct Flying(Gauge);

impl Flying {
    fn begin(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The routes of the second listener.
pub(super) fn router(feed: Arc<Feed>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .fallback(async || (StatusCode::NOT_FOUND, "there is only /metrics here\n"))
        .layer(axum::middleware::from_fn_with_state(Arc::new(Access::default()), super::guard::guard))
        .with_state(feed)
}

async fn metrics(State(feed): State<Arc<Feed>>) -> Result<Response, Problem> {
    let text = feed.metrics.text(&feed).map_err(Problem::inside)?;
    Ok(([(header::CONTENT_TYPE, MEDIA)], text).into_response())
}
