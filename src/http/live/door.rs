//! Alerts that are taken before anything else is done: a city's sensors send them by the thousand.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Either;
use tower::{Layer, Service};
use tracing::{Level, enabled};

use super::alerts::{MOST_BYTES, ROUTE, taken};
use crate::http::base::Access;
use crate::http::guard::is_known;
use crate::http::metrics::Answers;
use crate::http::problem;
use crate::http::state::AppState;

/// What an alert that is taken is answered with.
const STATUSES: [StatusCode; 2] = [StatusCode::CREATED, StatusCode::OK];

/// What makes a request one for the routes: a page that sends it, who it says it is, a length that the one told is not.
const ELSEWHERE: [HeaderName; 4] =
    [header::ORIGIN, header::AUTHORIZATION, HeaderName::from_static("x-api-key"), header::TRANSFER_ENCODING];

/// What is said alike with every answer.
const ALIKE: [HeaderName; 8] = [
    header::VARY,
    header::CACHE_CONTROL,
    header::CONTENT_SECURITY_POLICY,
    header::X_CONTENT_TYPE_OPTIONS,
    header::REFERRER_POLICY,
    HeaderName::from_static("cross-origin-resource-policy"),
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
];

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
    /// Whether a request is an alert as sensors send them: under a name of ours, from no page of a site, in no other role than
    /// everybody's, of a size that is told and not too large, and while nobody wants a trace of requests.
    fn takes(&self, request: &Request) -> bool {
        let headers = request.headers();
        let length = || headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok();
        request.method() == Method::POST
            && request.uri().path() == ROUTE
            && request.uri().query().is_none()
            && !ELSEWHERE.iter().any(|name| headers.contains_key(name))
            && length().is_some_and(|length| length <= MOST_BYTES)
            && is_known(&self.access, request)
            && !(enabled!(target: "tower_http::trace::make_span", Level::DEBUG)
                || enabled!(target: "tower_http::trace::on_request", Level::DEBUG)
                || enabled!(target: "tower_http::trace::on_response", Level::DEBUG))
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
            let said = answer.headers().iter().filter(|(name, _)| ALIKE.contains(name));
            let mut head = HeaderMap::new();
            for (name, value) in said {
                head.append(name, value.clone());
            }
            head
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::http::HeaderValue;
    use tower::service_fn;

    use super::*;
    use crate::engine::Engine;
    use crate::engine::build::{About, Ground, build};
    use crate::http::live::feed::Feed;
    use crate::model::areas::Area;
    use crate::model::reports::Ledger;

    fn state() -> AppState {
        let ring = geo::LineString::from(vec![(-90.0, 38.0), (-90.0, 38.1), (-90.1, 38.1), (-90.0, 38.0)]);
        let shape = geo::MultiPolygon(vec![geo::Polygon::new(ring, Vec::new())]);
        let ground = Ground::Areas(vec![Area { shape, ..Area::default() }]);
        let dataset = build(Ledger::default(), &ground, About::default()).expect("a data set");
        let engine = Arc::new(Engine::new(dataset));
        let feed = Feed::reading(Arc::clone(&engine));
        AppState::new(engine, Default::default(), feed)
    }

    fn request(headers: &[(&'static str, &'static str)]) -> Request {
        let request = Request::post(ROUTE).header("host", "127.0.0.1").header("content-length", "2");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(Body::from("{}")).expect("a request")
    }

    /// The state takes nothing in, which the handler says before the routes; these say that they took it.
    #[tokio::test]
    async fn once_one_has_come_through_the_routes_plain_alerts_do_not_and_all_others_do() {
        let came = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&came);
        let routes = service_fn(move |_request: Request| {
            counts.fetch_add(1, Ordering::Relaxed);
            let mut answer = StatusCode::CREATED.into_response();
            for (name, value) in [("vary", "accept"), ("cache-control", "no-store"), ("set-cookie", "mine")] {
                answer.headers_mut().append(name, HeaderValue::from_static(value));
            }
            std::future::ready(Ok::<_, Infallible>(answer))
        });
        let mut door = Doors::to(Arc::new(Access::default()), state()).layer(routes);
        for (nth, headers) in [
            [].as_slice(),
            &[("origin", "http://127.0.0.1")],
            &[("authorization", "Basic eDp5")],
            &[("x-api-key", "x")],
            &[("transfer-encoding", "chunked")],
        ]
        .into_iter()
        .enumerate()
        {
            let answer = door.call(request(headers)).await.expect("answered");
            assert_eq!((answer.status(), came.load(Ordering::Relaxed)), (StatusCode::CREATED, nth + 1));
        }
        let answer = door.call(request(&[])).await.expect("answered");
        assert_eq!((answer.status(), came.load(Ordering::Relaxed)), (StatusCode::NOT_FOUND, 5));
        let said = |name: &str| answer.headers().get_all(name).iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            (said("vary"), said("cache-control")),
            (vec!["accept".parse().expect("one")], vec!["no-store".parse().expect("one")])
        );
        assert!(said("set-cookie").is_empty(), "what was said to one is said to no other");
    }
}
