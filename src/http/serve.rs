//! Listens on a loopback address until it is told to stop.

use std::future::Future;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use super::base::Access;
use super::connections::{self, Patience};
use super::live::feed::Feed;
use super::live::{Limits, Taking};
use super::state::AppState;
use crate::engine::Engine;
use crate::engine::params::values::Values;

/// Where the service listens unless it is told otherwise.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

/// How long requests in flight may take to finish after the service was told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long requests are still taken while the service says that it is not ready.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long what was taken may take to be shown after that. It is on disk, so that nothing is lost with what is not.
const LAST_SHOWN: Duration = Duration::from_secs(10);

/// How long what is still being computed after that may take.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Not an address with a port.
    #[error("`{address}` is no address to listen at; give one such as 127.0.0.1:8080")]
    Address {
        /// What was given.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// Other machines could reach it.
    #[error(
        "`{address}` can be reached from other machines; until roles decide who sees what, only loopback addresses such as 127.0.0.1:8080 are served"
    )]
    NotLoopback {
        /// What was given.
        address: String,
    },
    /// The port is taken, mostly.
    #[error(
        "cannot listen at {address}; is the port taken? Give another with --listen, port 0 takes a free one"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Told to stop twice.
    #[error("stopped at once, before requests in flight were answered")]
    Cut,
    /// The system refused.
    #[error("the service stopped")]
    Stopped(#[source] std::io::Error),
}

/// What is served, and where.
#[derive(Debug)]
pub struct Service {
    /// Where: a loopback address with a port.
    pub address: String,
    /// Where metrics are served; nowhere if `None`.
    pub metrics: Option<String>,
    /// What is asked.
    pub engine: Arc<Engine>,
    /// Values where a request gives none.
    pub defaults: Values,
    /// Under which names, and through which proxies.
    pub access: Access,
    /// What comes in and where it is kept; nothing comes in if `None`.
    pub taking: Option<Taking>,
    /// Bounds of the live feed.
    pub limits: Limits,
}

/// Serves until Ctrl-C or SIGTERM, then lets requests in flight finish; a second signal ends at once. `ready` is told the
/// address and that of metrics.
///
/// # Errors
///
/// [`ServeError`]; an address that is not loopback is refused before anything is bound.
pub fn serve(service: Service, ready: impl FnOnce(SocketAddr, Option<SocketAddr>)) -> Result<(), ServeError> {
    let Service { address, metrics, engine, defaults, access, taking, limits } = service;
    let place = loopback(&address)?;
    let metrics = metrics.as_deref().map(loopback).transpose()?;
    log();
    let feed = Feed::start(Arc::clone(&engine), taking, limits).map_err(ServeError::Stopped)?;
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::Stopped)?;
    let patience = Patience { head: feed.limits.head, body: feed.limits.request };
    let of_server = feed;
    let ended = runtime.block_on(async {
        let feed = of_server;
        let listener = listen(place).await?;
        let second = match metrics {
            Some(place) => Some(listen(place).await?),
            None => None,
        };
        let mut stop = Stop::new().map_err(ServeError::Stopped)?;
        let at = |listener: &TcpListener| listener.local_addr().map_err(ServeError::Stopped);
        ready(at(&listener)?, second.as_ref().map(at).transpose()?);
        if let Some(second) = second {
            let router = super::metrics::router(Arc::clone(&feed));
            tokio::spawn(connections::serve(second, router, patience, std::future::pending()));
        }
        feed.deliver();
        let service = super::service_of(access, AppState::new(engine, defaults, Arc::clone(&feed)));
        let no_more = Arc::new(Notify::new());
        let told = Arc::clone(&no_more);
        let server = connections::serve(listener, service, patience, async move { told.notified().await });
        let mut server = std::pin::pin!(server);
        tokio::select! {
            () = &mut server => return Ok(()),
            () = stop.next() => {}
        }
        feed.say_goodbye();
        let last = async {
            // Whoever sends requests here hears that it should not, before nobody answers any more.
            let soon = tokio::time::sleep(GOODBYE);
            let mut soon = std::pin::pin!(soon);
            tokio::select! {
                () = &mut server => return,
                () = &mut soon => no_more.notify_one(),
            }
            // A client that never finishes its request must not keep the process alive.
            let _late = tokio::time::timeout(PATIENCE, &mut server).await;
        };
        tokio::select! {
            () = last => {}
            () = stop.next() => return Err(ServeError::Cut),
        }
        settled(move || feed.finish(), LAST_SHOWN, stop.next()).await
    });
    if matches!(ended, Err(ServeError::Cut)) {
        runtime.shutdown_background();
        return ended;
    }
    // Work that nobody waits for any more does not keep the process alive either.
    runtime.shutdown_timeout(LAST_WORK);
    ended
}

/// Has the last work done on a thread of its own; waits for it no longer than `patience`, nor once it is told to stop again.
async fn settled(
    work: impl FnOnce() + Send + 'static,
    patience: Duration,
    again: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (tell, done) = oneshot::channel();
    let work = move || {
        work();
        let _nobody_waits = tell.send(());
    };
    std::thread::Builder::new()
        .name("hotblocks-finish".to_owned())
        .spawn(work)
        .map_err(ServeError::Stopped)?;
    tokio::select! {
        done = tokio::time::timeout(patience, done) => {
            if done.is_err() {
                tracing::warn!("not all that was taken is shown at the end; it is on disk, and shown at the next start");
            }
            Ok(())
        }
        () = again => Err(ServeError::Cut),
    }
}

/// Ends the process well where it is told to stop before it listens: nothing is in flight then, and what is on disk is whole.
#[derive(Debug)]
pub struct Early {
    over: Arc<AtomicBool>,
}

impl Early {
    /// Watches from now on, until it is let go.
    ///
    /// # Errors
    ///
    /// The system's, if signals cannot be caught.
    pub fn watch() -> Result<Self, ServeError> {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.map_err(ServeError::Stopped)?;
        let mut stop = {
            let _entered = runtime.enter();
            Stop::new().map_err(ServeError::Stopped)?
        };
        let wait = move || {
            runtime.block_on(stop.next());
            if !seen.load(Ordering::SeqCst) {
                std::process::exit(0);
            }
        };
        std::thread::Builder::new()
            .name("hotblocks-early".to_owned())
            .spawn(wait)
            .map_err(ServeError::Stopped)?;
        Ok(Self { over })
    }

    /// From now on the service itself hears of it.
    pub fn over(&self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

async fn listen(place: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(place).await.map_err(|source| ServeError::Listen { address: place, source })
}

/// Sends the log to stderr, as JSON where `HOTBLOCKS_LOG_FORMAT=json`.
fn log() {
    let level =
        tracing_subscriber::EnvFilter::try_from_env("HOTBLOCKS_LOG").unwrap_or_else(|_| "warn".into());
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(level);
    // A second server in one process keeps the first one's log.
    let _already_set = match std::env::var("HOTBLOCKS_LOG_FORMAT").as_deref() {
        Ok("json") => log.json().flatten_event(true).try_init(),
        _ => log.try_init(),
    };
}

fn loopback(address: &str) -> Result<SocketAddr, ServeError> {
    let unusable = |source| ServeError::Address { address: address.to_owned(), source };
    let all: Vec<SocketAddr> = address.to_socket_addrs().map_err(unusable)?.collect();
    if all.iter().any(|a| !a.ip().is_loopback()) {
        return Err(ServeError::NotLoopback { address: address.to_owned() });
    }
    all.first().copied().ok_or_else(|| unusable(std::io::ErrorKind::InvalidInput.into()))
}

/// The signals that tell the process to stop. They are caught from here on, not from the first wait.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn new() -> Result<Self, std::io::Error> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Ends with the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_served() {
        for good in ["127.0.0.1:0", "[::1]:8080", "127.3.2.1:1"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:8080", "[::]:80", "192.168.1.5:80"] {
            assert!(matches!(loopback(bad), Err(ServeError::NotLoopback { .. })), "{bad}");
        }
        for bad in ["127.0.0.1", "nonsense", ""] {
            assert!(matches!(loopback(bad), Err(ServeError::Address { .. })), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_last_work_is_waited_for_within_bounds_and_a_second_signal_ends_that_too() {
        let never = std::future::pending::<()>;
        let (work, done) = std::sync::mpsc::channel();
        let long = Duration::from_secs(600);
        assert!(settled(move || work.send(()).expect("heard"), long, never()).await.is_ok());
        done.recv().expect("it was done");
        // Work that ends with the test alone.
        let stuck = || {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            (hold, move || assert!(held.recv().is_err(), "nobody sends"))
        };
        let (_hold, work) = stuck();
        assert!(settled(work, Duration::from_millis(10), never()).await.is_ok());
        let (_hold, work) = stuck();
        assert!(matches!(settled(work, long, std::future::ready(())).await, Err(ServeError::Cut)));
    }
}
