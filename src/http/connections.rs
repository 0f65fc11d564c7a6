//! Connections: how long a client may take to say what it wants, and an end that answers what was asked.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::header;
use axum::response::Response;
use axum::serve::Listener;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tower::{Service, ServiceExt};

/// How long what is sent may wait for a client that takes nothing, before it is cut off.
const TAKES_NOTHING_MS: u32 = 30_000;

/// Bytes of a body that earn its client a further second.
const A_SECOND: u64 = 1 << 20;

/// Bytes of a body that nobody reads which are taken all the same, so that its client comes to read the refusal.
const DRAINED: usize = 16 << 20;

/// For how long they are taken.
const DRAINING: Duration = Duration::from_secs(5);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the head of a request, the wait before it included.
    pub(super) head: Duration,
    /// For its body; a second more for every MiB that came.
    pub(super) body: Duration,
}

/// A body came too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
pub(super) struct Late;

impl Late {
    /// Whether it lies at the ground of an error.
    pub(super) fn caused(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// What answers requests.
pub(super) trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Answers until it is told to stop; then takes no more connections, and comes back once all are at their end.
pub(super) async fn serve<S: Answers>(
    mut listener: TcpListener,
    service: S,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let (stopping, told) = watch::channel(false);
    let mut all = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            (stream, peer) = Listener::accept(&mut listener) => {
                all.spawn(connection((stream, peer), service.clone(), patience, told.clone()));
            }
            Some(_ended) = all.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while all.join_next().await.is_some() {}
}

async fn connection<S: Answers>(
    (stream, peer): (TcpStream, SocketAddr),
    service: S,
    patience: Patience,
    mut told: watch::Receiver<bool>,
) {
    // Without it a client that takes nothing would hold its place as long as it likes.
    if let Err(why) = rustix::net::sockopt::set_tcp_user_timeout(&stream, TAKES_NOTHING_MS) {
        tracing::warn!(%why, "a connection has no bound on how long its client takes nothing");
    }
    let service = service.map_request(move |request: hyper::Request<Incoming>| {
        let expects = request.headers().contains_key(header::EXPECT);
        let mut request: Request = request
            .map(|body| if body.is_end_stream() { Body::empty() } else { bounded(body, patience, expects) });
        // Who is at the other end decides whether its word about the address counts.
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    tokio::select! {
        _ended = &mut connection => return,
        _told = told.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

fn bounded(body: Incoming, patience: Patience, expects: bool) -> Body {
    Body::new(Bounded {
        body: Some(body),
        patience: patience.body,
        since: None,
        came: 0,
        alarm: None,
        expects,
    })
}

/// A body that has to come in time, and of which some is taken also where nobody reads it.
struct Bounded {
    /// `None` once it is at its end.
    body: Option<Incoming>,
    patience: Duration,
    /// When it was first asked for.
    since: Option<Instant>,
    came: u64,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether its client waits for a word before it sends.
    expects: bool,
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let since = *this.since.get_or_insert_with(Instant::now);
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.came += frame.data_ref().map_or(0, |data| data.len() as u64);
                this.alarm = None;
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(end) => {
                this.body = None;
                return Poll::Ready(end.map(|end| end.map_err(BoxError::from)));
            }
            Poll::Pending => {}
        }
        let until = since + this.patience + Duration::from_secs(this.came / A_SECOND);
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(alarm.as_mut().poll(context));
        this.body = None;
        Poll::Ready(Some(Err(Box::new(Late))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Bounded {
    /// A client that is refused before its body was read is often still sending: cut off, it would see a broken pipe, and no
    /// answer. One that waits for a word is not asked to send.
    fn drop(&mut self) {
        let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if self.expects && self.since.is_none() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAINING, async move {
                let mut taken = 0;
                while let Some(Ok(frame)) = body.frame().await {
                    taken += frame.data_ref().map_or(0, Bytes::len);
                    if taken > DRAINED {
                        break;
                    }
                }
            }));
        }
    }
}
