//! Deliveries: each webhook reads the events at its own pace, and what fails is tried again, later each time.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::feed::Feed;
use super::hub::Next;
use super::watch::{FIRED, Findings, data};
use super::webhook::Webhook;

/// Attempts at one event; with the usual first wait the last comes a day after the first.
const ATTEMPTS: u32 = 8;

/// The longest wait between two of them.
const LONGEST: Duration = Duration::from_secs(36_000);

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Events that are looked at together.
const PAGE: usize = 64;

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    /// Never again.
    Gone,
    /// Not now; perhaps after so long.
    Failed(Option<Duration>),
}

/// Sends a webhook all events that it wants, in order, until the service stops or the receiver is gone for good.
///
/// What rules found is kept, and with it what a receiver was sent: it is sent what it missed while the service was
/// down, or while it was behind.
pub(super) async fn run(hook: Webhook, feed: Arc<Feed>) {
    let mut wait = feed.hub.wait();
    let mut read = feed.hub.newest().number();
    if !findings(&hook, &feed).await {
        return;
    }
    loop {
        let seen = *wait.borrow_and_update();
        let events = match feed.hub.after(read, PAGE) {
            Next::Behind(newest) => {
                read = newest.number();
                let told = json!({ "from": feed.hub.named(read).to_string() });
                if !deliver(&hook, &feed, &newest.to_string(), ("gap", &told)).await
                    || !findings(&hook, &feed).await
                {
                    return;
                }
                continue;
            }
            Next::Events(events) => events,
        };
        for (id, event) in &events {
            read = id.number();
            let data = serde_json::from_str(&event.data).unwrap_or_default();
            let goes_on = match event.kind {
                FIRED => findings(&hook, &feed).await,
                kind if hook.wants(kind) => deliver(&hook, &feed, &id.to_string(), (kind, &data)).await,
                _ => true,
            };
            if !goes_on {
                return;
            }
        }
        if events.is_empty() && (seen.closed || wait.changed().await.is_err()) {
            return;
        }
    }
}

/// Delivers what rules found and the receiver was not sent; `false` where it wants no more of anything.
async fn findings(hook: &Webhook, feed: &Arc<Feed>) -> bool {
    if !hook.wants(FIRED) {
        return true;
    }
    let receiver = hook.mark();
    for finding in beside(feed, {
        let receiver = receiver.clone();
        move |all| all.unsent(&receiver)
    })
    .await
    {
        if !deliver(hook, feed, &finding.id(), (FIRED, &data(&finding))).await {
            return false;
        }
        let receiver = receiver.clone();
        beside(feed, move |all| all.send(&receiver, finding.number)).await;
    }
    true
}

/// Has something done that may write to the disk.
async fn beside<T: Send + Default + 'static>(
    feed: &Arc<Feed>,
    work: impl FnOnce(&Findings) -> T + Send + 'static,
) -> T {
    let feed = Arc::clone(feed);
    tokio::task::spawn_blocking(move || work(&feed.findings)).await.unwrap_or_default()
}

/// Delivers one event, with repetitions; `false` where the receiver wants no more of any.
async fn deliver(hook: &Webhook, feed: &Feed, id: &str, (kind, data): (&str, &Json)) -> bool {
    let at = Timestamp::now();
    let body = json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string();
    let mut wait = Duration::from_secs_f64(hook.first_retry_s);
    for attempt in 1..=ATTEMPTS {
        let tried = tokio::time::timeout(PATIENCE, attempt_once(hook, id, &body)).await;
        let outcome = match tried {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(why)) => {
                tracing::warn!(url = %hook.url, attempt, why, "a webhook could not be delivered");
                Outcome::Failed(None)
            }
            Err(_late) => Outcome::Failed(None),
        };
        match outcome {
            Outcome::Taken => return true,
            Outcome::Gone => {
                tracing::warn!(url = %hook.url, "the receiver of a webhook is gone; it is sent no more");
                return false;
            }
            Outcome::Failed(after) => {
                feed.metrics.webhook_failures.inc();
                if attempt < ATTEMPTS {
                    tokio::time::sleep(pause(jittered(wait, attempt), after)).await;
                    wait = (wait * 4).min(LONGEST);
                }
            }
        }
    }
    tracing::error!(url = %hook.url, id, "an event was not delivered");
    true
}

/// How long to wait before the next attempt: what the receiver asks for may make it longer, and never shorter, since all
/// attempts would else be over while it is started anew.
fn pause(wait: Duration, after: Option<Duration>) -> Duration {
    wait.max(after.unwrap_or_default()).min(LONGEST)
}

/// A wait between four fifths and six fifths of its length, so that receivers are not asked all at once.
fn jittered(wait: Duration, attempt: u32) -> Duration {
    let part = RandomState::new().hash_one(attempt) as f64 / u64::MAX as f64;
    wait.mul_f64(0.8 + 0.4 * part)
}

async fn attempt_once(hook: &Webhook, id: &str, body: &str) -> Result<Outcome, String> {
    let stream = connect(hook).await?;
    if !hook.is_secure() {
        return send(hook, stream, id, body).await;
    }
    let name = rustls::pki_types::ServerName::try_from(hook.host().to_owned()).map_err(|e| e.to_string())?;
    let stream = tls()?.connect(name, stream).await.map_err(|e| format!("TLS: {e}"))?;
    send(hook, stream, id, body).await
}

/// Looks the host up and connects to what was found, if it may be: what is checked is what is connected to, so that a
/// name that changes its mind in between gains nothing.
async fn connect(hook: &Webhook) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((hook.host(), hook.port())).await.map_err(|e| e.to_string())?;
    let mut permitted = found.filter(|at| hook.permits(at.ip())).peekable();
    if permitted.peek().is_none() {
        return Err("its name leads to no address of the open network; such are never asked".to_owned());
    }
    let mut why = String::new();
    for at in permitted {
        match TcpStream::connect(at).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// TLS with the certificates of this machine.
fn tls() -> Result<TlsConnector, String> {
    static CONFIG: OnceLock<Result<Arc<rustls::ClientConfig>, String>> = OnceLock::new();
    let make = || {
        let mut roots = rustls::RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(config))
    };
    CONFIG.get_or_init(make).clone().map(TlsConnector::from)
}

async fn send(
    hook: &Webhook,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    id: &str,
    body: &str,
) -> Result<Outcome, String> {
    let timestamp = Timestamp::now().as_second();
    let path = hook.url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(header::HOST, hook.url.authority().map_or("", |a| a.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "hotblocks")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", hook.signature(id, timestamp, body))
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    // It ends with the sender; of what the receiver says only the head is read.
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|e| e.to_string());
    connection.abort();
    let answer = answer?;
    let after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Ok(judge(answer.status(), after, Timestamp::now()))
}

/// What an answer means. A redirection is a failure: another address was never agreed on.
fn judge(status: StatusCode, retry_after: Option<&str>, now: Timestamp) -> Outcome {
    if status.is_success() {
        return Outcome::Taken;
    }
    if status == StatusCode::GONE {
        return Outcome::Gone;
    }
    let after = retry_after.and_then(|text| match text.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Some(Duration::from_secs(u64::try_from(at.as_second() - now.as_second()).unwrap_or(0)))
        }
    });
    Outcome::Failed(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_taken_410_ends_it_and_everything_else_comes_again_when_it_is_told_to() {
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().expect("a time");
        let seconds = |n| Outcome::Failed(Some(Duration::from_secs(n)));
        for (status, after, expected) in [
            (200, None, Outcome::Taken),
            (204, None, Outcome::Taken),
            (410, None, Outcome::Gone),
            (302, None, Outcome::Failed(None)),
            (400, None, Outcome::Failed(None)),
            (500, None, Outcome::Failed(None)),
            (429, Some("7"), seconds(7)),
            (503, Some("Sun, 22 Nov 2026 20:01:00 GMT"), seconds(60)),
            (503, Some("Sun, 22 Nov 2026 19:00:00 GMT"), seconds(0)),
            (503, Some("soon"), Outcome::Failed(None)),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(judge(status, after, now), expected, "{status} {after:?}");
        }
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_wait_and_for_no_shorter_one() {
        let seconds = Duration::from_secs;
        assert_eq!(pause(seconds(20), None), seconds(20));
        for (wait, after, expected) in [(20, 0, 20), (20, 1, 20), (20, 300, 300), (5, 1 << 40, 36_000)] {
            assert_eq!(pause(seconds(wait), Some(seconds(after))), seconds(expected), "{wait} {after}");
        }
    }

    #[test]
    fn waits_differ_by_a_fifth_at_most() {
        for attempt in 1..100 {
            let wait = jittered(Duration::from_secs(100), attempt).as_secs_f64();
            assert!((80.0..=120.0).contains(&wait), "{wait}");
        }
    }
}
