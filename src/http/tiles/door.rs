//! Tiles that are kept, answered before anything else is done: maps ask for the same ones by the hundred.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use futures_util::future::Either;
use tower::{Layer, Service};

use super::super::base::Access;
use super::super::guard::is_known;
use super::super::metrics::Answers;
use super::super::state::AppState;
use super::encoded::{Encoded, TRUNCATED, takes_gzip};
use super::kept::Key;
use super::ready::Layers;
use super::vector::OfNewest;
use super::{ROUTES, ogc, place};
use crate::engine::View;
use crate::space::tile::Tile;

/// What tiles are answered with.
const STATUSES: [StatusCode; 3] = [StatusCode::OK, StatusCode::NOT_MODIFIED, StatusCode::NO_CONTENT];

/// Puts the tiles that are kept before all that routes do.
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

/// A route, with the tiles that are kept before it.
///
/// A tile of the newest snapshot that is in the cache is answered from there, where nothing else of the request changes the
/// answer; everything else goes on to the routes. What is said with every such tile is taken from the first that came
/// through the routes, so that it is said in one place: this one adds what differs from tile to tile.
#[derive(Clone)]
pub(in crate::http) struct Door<S> {
    desk: Arc<Desk>,
    route: S,
}

/// What all requests share.
struct Desk {
    access: Arc<Access>,
    state: AppState,
    /// By status: what is said with every tile.
    heads: [OnceLock<HeaderMap>; STATUSES.len()],
    /// By route and status: what counts the answers.
    answers: [[OnceLock<Answers>; STATUSES.len()]; ROUTES.len()],
}

/// A tile that is asked for by an address.
struct Asked<'a> {
    /// Which of the routes it is.
    route: usize,
    layers: Layers,
    tile: Tile,
    query: &'a str,
}

impl Doors {
    /// For the requests that come to a service.
    pub(in crate::http) fn to(access: Arc<Access>, state: AppState) -> Self {
        let desk = Desk { access, state, heads: Default::default(), answers: Default::default() };
        Self { desk: Arc::new(desk) }
    }
}

type Answered<T> = Result<T, Infallible>;
type Noted = Pin<Box<dyn Future<Output = Answered<Response>> + Send>>;

impl<S> Service<Request> for Door<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Answered<Response>>, Either<S::Future, Noted>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Answered<()>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let begun = Instant::now();
        let Some(asked) = self.desk.asked(&request) else {
            return Either::Right(Either::Left(self.route.call(request)));
        };
        if let Some(answer) = self.desk.answer(&asked, request.headers(), begun) {
            return Either::Left(ready(Ok(answer)));
        }
        let (desk, answer) = (Arc::clone(&self.desk), self.route.call(request));
        Either::Right(Either::Right(Box::pin(async move {
            let answer = answer.await?;
            desk.note(&answer);
            Ok(answer)
        })))
    }
}

impl Desk {
    /// The tile that a request asks for, if it is one that can be answered here: a plain question, under a name of ours, from
    /// no page of another site.
    fn asked<'a>(&self, request: &'a Request) -> Option<Asked<'a>> {
        if request.method() != Method::GET || request.headers().contains_key(header::ORIGIN) {
            return None;
        }
        let asked = asked(request.uri().path(), request.uri().query().unwrap_or_default())?;
        is_known(&self.access, request).then_some(asked)
    }

    /// The answer, where the tile is kept and it is known what is said with such.
    fn answer(&self, asked: &Asked<'_>, headers: &HeaderMap, begun: Instant) -> Option<Response> {
        let key = Key {
            generation: self.state.engine.generation(),
            view: View::all(),
            layer: asked.layers.name(),
            tile: asked.tile,
            query: asked.query.into(),
            is_gzip: takes_gzip(headers),
        };
        let found = self.state.tiles.encoded.get(&key)?;
        let status = found.status(headers);
        let nth = STATUSES.iter().position(|known| *known == status)?;
        let head = self.heads[nth].get()?;
        let answer = dressed(found, status, head.clone());
        let answers = self.answers[asked.route][nth]
            .get_or_init(|| self.state.feed.metrics.answers("GET", ROUTES[asked.route], status.as_u16()));
        answers.count(begun);
        Some(answer)
    }

    /// Keeps what is said with a tile, if this is one of the newest snapshot and the first of its status.
    fn note(&self, answer: &Response) {
        let nth = STATUSES.iter().position(|known| *known == answer.status());
        let Some(nth) = nth.filter(|_| answer.extensions().get::<OfNewest>().is_some()) else { return };
        self.heads[nth].get_or_init(|| {
            let mut head = answer.headers().clone();
            // The tag and the length stay as places for those of others; these are not there for all.
            head.remove(header::CONTENT_ENCODING);
            head.remove(TRUNCATED);
            head
        });
    }
}

/// A tile with what is said of all and of itself.
fn dressed(tile: Encoded, status: StatusCode, mut headers: HeaderMap) -> Response {
    let body = if status == StatusCode::OK {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(tile.bytes.len()));
        Body::from(tile.bytes.clone())
    } else {
        Body::empty()
    };
    if status != StatusCode::NO_CONTENT {
        tile.tell(&mut headers);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The tile of an address in its plain form: without signs that stand for others.
fn asked<'a>(path: &str, query: &'a str) -> Option<Asked<'a>> {
    let mut words = path.strip_prefix('/')?.split('/');
    let mut next = || words.next();
    let (route, layers, tile) = match next()? {
        "xyz" => {
            let (layers, z, x, y) = (Layers::named(next()?)?, next()?, next()?, next()?);
            let y = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf"))?;
            (0, layers, place(z, "x", x, "y", y))
        }
        "tiles" => {
            ogc::known(next()?).ok()?;
            let (z, row, col) = (next()?, next()?, next()?);
            (1, Layers::All, place(z, "tileCol", col, "tileRow", row))
        }
        "collections" => {
            let (layers, tiles) = (next()?, next()?);
            let layers = Layers::named(layers).filter(|layers| tiles == "tiles" && !layers.are_all())?;
            ogc::known(next()?).ok()?;
            let (z, row, col) = (next()?, next()?, next()?);
            (2, layers, place(z, "tileCol", col, "tileRow", row))
        }
        _ => return None,
    };
    next().is_none().then_some(())?;
    Some(Asked { route, layers, tile: tile.ok()?, query })
}
