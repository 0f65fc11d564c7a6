//! `GET /events`: what happens, as it happens, by server-sent events.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::feed::Feed;
use super::hub::{Event, EventId, Filter, Newest, Next};
use super::parameters::EVENTS;
use super::refusal::Refusal;
use crate::engine::params::table::BBOX;
use crate::engine::params::values::Values;
use crate::http::base::Client;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Media type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";

/// Events that a client is handed at a time.
const PAGE: usize = 64;

pub(super) async fn events(
    State(state): State<AppState>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let Query(pairs) = pairs.map_err(|e| Problem::query(e.to_string()).into_response())?;
    let filter = filter(&pairs).map_err(Problem::into_response)?;
    let feed = Arc::clone(&state.feed);
    let slot = Arc::clone(&feed.clients).try_acquire_owned();
    let slot = slot.map_err(|_| Refusal::clients(feed.limits.clients).into_response())?;
    let place = Place::take(&feed, client.network())
        .ok_or_else(|| Refusal::clients_of_one(feed.limits.each).into_response())?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let client = Listener::new(feed, (slot, place), filter, last);
    let body = futures_util::stream::unfold(client, |mut client| async move {
        let frame = client.frame().await?;
        Some((Ok::<Bytes, Infallible>(frame.into()), client))
    });
    let mut response = Body::from_stream(body).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, "private, no-cache"),
        // A proxy that gathers what it passes on would keep an alert back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// What a client asks for; anything else is refused.
fn filter(pairs: &[(String, String)]) -> Result<Filter, Problem> {
    let (mut filter, mut values) = (Filter::default(), Values::default());
    for (at, (name, text)) in pairs.iter().enumerate() {
        if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::repeated(name));
        }
        match name.as_str() {
            "collections" => {
                values.set_wire(&EVENTS[0], text)?;
                filter.collections = values.words(&EVENTS[0]).iter().map(|word| (*word).to_owned()).collect();
            }
            "bbox" => {
                values.set_wire(&BBOX, text)?;
                filter.bbox = values.bbox;
            }
            _ => {
                return Err(Problem::unknown_parameter(
                    name,
                    "/events",
                    EVENTS.map(|param| param.wire).to_vec(),
                ));
            }
        }
    }
    Ok(filter)
}

/// A place among the clients of one address.
struct Place {
    feed: Arc<Feed>,
    address: IpAddr,
}

impl Place {
    /// `None` where the address has as many as it may.
    fn take(feed: &Arc<Feed>, address: IpAddr) -> Option<Self> {
        let mut all = feed.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.entry(address).or_default();
        if *taken >= feed.limits.each {
            return None;
        }
        *taken += 1;
        drop(all);
        Some(Self { feed: Arc::clone(feed), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.feed.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut taken) = all.entry(self.address) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

/// One client: how far it has read, and what it is to be told next.
struct Listener {
    feed: Arc<Feed>,
    wait: watch::Receiver<Newest>,
    filter: Filter,
    /// Number of the last event that it was handed, or that its filter left out.
    read: u64,
    frames: VecDeque<String>,
    ended: bool,
    _slots: (OwnedSemaphorePermit, Place),
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.feed.metrics.clients.dec();
    }
}

impl Listener {
    fn new(
        feed: Arc<Feed>,
        slots: (OwnedSemaphorePermit, Place),
        filter: Filter,
        last: Option<&str>,
    ) -> Self {
        feed.metrics.clients.inc();
        let wait = feed.hub.wait();
        let newest = feed.hub.newest();
        let mut frames = VecDeque::from(["retry: 3000\n\n".to_owned()]);
        let read = match last.filter(|last| !last.is_empty()) {
            None => newest.number(),
            Some(last) => feed.hub.resume(last).unwrap_or_else(|| {
                frames.push_back(gap(last, newest));
                newest.number()
            }),
        };
        // Its first id, so that it can resume even if nothing happened before the line broke.
        frames.push_back(format!("id: {}\n: here\n\n", feed.hub.named(read)));
        Self { feed, wait, filter, read, frames, ended: false, _slots: slots }
    }

    /// The next thing to be told; `None` ends the stream.
    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            let seen = *self.wait.borrow_and_update();
            match self.feed.hub.after(self.read, PAGE) {
                Next::Behind(newest) => {
                    // It reads slower than things happen: told, and cut off. It comes back by itself.
                    self.frames.push_back(gap(&self.feed.hub.named(self.read).to_string(), newest));
                    self.ended = true;
                }
                Next::Events(events) if !events.is_empty() => {
                    for (id, event) in events {
                        self.read = id.number();
                        if self.filter.has(&event) {
                            self.frames.push_back(told(id, &event));
                        }
                    }
                }
                Next::Events(_) if seen.closed => {
                    self.frames.push_back("event: bye\ndata: {\"retry_ms\":3000}\n\n".to_owned());
                    self.ended = true;
                }
                Next::Events(_) => {
                    let waited = tokio::time::timeout(self.feed.limits.heartbeat, self.wait.changed()).await;
                    match waited {
                        Err(_) => return Some(": alive\n\n".to_owned()),
                        Ok(Err(_gone)) => self.ended = true,
                        Ok(Ok(())) => {}
                    }
                }
            }
        }
    }
}

/// An event as a frame.
fn told(id: EventId, event: &Event) -> String {
    format!("id: {id}\nevent: {}\ndata: {}\n\n", event.kind, event.data)
}

/// What happened after an event cannot be told any more: the client loads everything anew.
fn gap(from: &str, newest: EventId) -> String {
    let from: String = from.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("id: {newest}\nevent: gap\ndata: {}\n\n", json!({ "from": from }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_collections_that_there_are_and_boxes_of_the_globe_can_be_asked_for() {
        let good = filter(&pairs(&[("collections", "incidents, rules"), ("bbox", "-91,38,-90,39")]));
        let good = good.expect("usable");
        assert_eq!(good.collections, ["incidents", "rules"]);
        assert!(good.bbox.is_some());
        for bad in [
            &[("collections", "incidnts")][..],
            &[("collections", "")],
            &[("bbox", "1,2,3")],
            &[("ticket", "x")],
            &[("bbox", "0,0,1,1"), ("bbox", "0,0,1,1")],
        ] {
            assert!(filter(&pairs(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_a_client_sends_as_its_last_id_breaks_no_frame() {
        let hub = crate::http::live::hub::Hub::new(1);
        let frame = gap("x\n\nevent: incident.added\ndata: {}", hub.newest());
        assert_eq!(frame.matches("\n\n").count(), 1, "{frame}");
        assert_eq!(frame.lines().filter(|line| line.starts_with("event:")).count(), 1, "{frame}");
    }
}
