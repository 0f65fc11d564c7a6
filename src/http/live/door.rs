//! Alerts that are taken before anything else is done: a city's sensors send them by the thousand.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Either;
use tower::{Layer, Service};

use super::alerts::{MOST_BYTES, ROUTE, taken};
use crate::http::base::Access;
use crate::http::guard::is_known;
use crate::http::metrics::Answers;
use crate::http::problem;
use crate::http::state::AppState;

/// What an alert that is taken is answered with.
const STATUSES: [StatusCode; 2] = [StatusCode::CREATED, StatusCode::OK];

/// Puts alerts before all that routes do.
#[derive(Clone)]
pub(in crate::http) struct Doors {
    desk: Arc<Desk>,
}

impl<S> Layer<S> for Doors {
    type Service = Door<S>;

    fn layer(&self, route: S) -> Door<S> {
        Door { desk: Arc::clone(&self.desk), route }
    }
}

/// A route, with alerts before it.
///
/// A plain alert is handed to its handler at once, and everything else goes on to the routes. What is said with every answer is
/// taken from the first that came through the routes, so that it is said in one place.
#[derive(Clone)]
pub(in crate::http) struct Door<S> {
    desk: Arc<Desk>,
    route: S,
}

/// What all requests share.
struct Desk {
    access: Arc<Access>,
    state: AppState,
    /// What is said with every answer.
    head: OnceLock<HeaderMap>,
    /// By status: what counts the answers.
    answers: [OnceLock<Answers>; STATUSES.len()],
}

impl Doors {
    /// For the requests that come to a service.
    pub(in crate::http) fn to(access: Arc<Access>, state: AppState) -> Self {
        let desk = Desk { access, state, head: OnceLock::new(), answers: Default::default() };
        Self { desk: Arc::new(desk) }
    }
}

type Answered = Result<Response, Infallible>;
type Taken = Pin<Box<dyn Future<Output = Answered> + Send>>;

impl<S> Service<Request> for Door<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Taken>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !self.desk.takes(&request) {
            return Either::Left(self.route.call(request));
        }
        let desk = Arc::clone(&self.desk);
        if desk.head.get().is_some() {
            return Either::Right(Box::pin(async move { Ok(desk.answer(request).await) }));
        }
        let answer = self.route.call(request);
        Either::Right(Box::pin(async move {
            let answer = answer.await?;
            desk.note(&answer);
            Ok(answer)
        }))
    }
}

impl Desk {
    /// Whether a request is an alert as sensors send them: under a name of ours, from no page of a site, of a size that is told and
    /// not too large, and while nobody wants a trace of every request.
    fn takes(&self, request: &Request) -> bool {
        let headers = request.headers();
        let length = || headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok();
        request.method() == Method::POST
            && request.uri().path() == ROUTE
            && request.uri().query().is_none()
            && !headers.contains_key(header::ORIGIN)
            && length().is_some_and(|length| length <= MOST_BYTES)
            && is_known(&self.access, request)
            && !tracing::enabled!(target: "tower_http::trace", tracing::Level::DEBUG)
    }

    async fn answer(&self, request: Request) -> Response {
        let begun = Instant::now();
        let metrics = &self.state.feed.metrics;
        let _flying = metrics.flies();
        let answer = AssertUnwindSafe(taken(&self.state, request)).catch_unwind().await;
        let mut answer = match answer {
            Ok(Ok(taken)) => taken,
            Ok(Err(refusal)) => refusal.into_response(),
            Err(cause) => problem::panicked(cause),
        };
        let headers = answer.headers_mut();
        let said = std::mem::replace(headers, self.head.get().cloned().unwrap_or_default());
        headers.extend(said);
        self.count(answer.status(), begun);
        answer
    }

    fn count(&self, status: StatusCode, begun: Instant) {
        let made = || self.state.feed.metrics.answers("POST", ROUTE, status.as_u16());
        match STATUSES.iter().position(|known| *known == status) {
            Some(nth) => self.answers[nth].get_or_init(made).count(begun),
            None => made().count(begun),
        }
    }

    /// Keeps what is said with an alert, if this is the first that was taken.
    fn note(&self, answer: &Response) {
        if !STATUSES.contains(&answer.status()) {
            return;
        }
        self.head.get_or_init(|| {
            let mut head = answer.headers().clone();
            for own in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
                head.remove(own);
            }
            head
        });
    }
}
