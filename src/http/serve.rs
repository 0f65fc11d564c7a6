//! Listens on a loopback address until it is told to stop.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::base::Access;
use crate::engine::Engine;
use crate::engine::params::values::Values;

/// Where the service listens unless it is told otherwise.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

/// How long requests in flight may take to finish after the service was told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// The system refused.
    #[error("the service stopped")]
    Stopped(#[source] std::io::Error),
}

/// Serves until Ctrl-C or SIGTERM, then lets requests in flight finish. `ready` is told the address.
///
/// # Errors
///
/// [`ServeError`]; an address that is not loopback is refused before anything is bound.
pub fn serve(
    address: &str,
    engine: Arc<Engine>,
    defaults: Values,
    access: Access,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let place = loopback(address)?;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(
        tracing_subscriber::EnvFilter::try_from_env("HOTBLOCKS_LOG").unwrap_or_else(|_| "warn".into()),
    );
    // A second server in one process keeps the first one's log.
    let _already_set = subscriber.try_init();
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::Stopped)?;
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(place)
            .await
            .map_err(|source| ServeError::Listen { address: place, source })?;
        let stop = stop().map_err(ServeError::Stopped)?;
        ready(listener.local_addr().map_err(ServeError::Stopped)?);
        let told = Arc::new(Notify::new());
        let tell = Arc::clone(&told);
        let router = super::router_behind(access, engine, defaults);
        // Who is at the other end decides whether its word about the address counts.
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            stop.await;
            tell.notify_one();
        });
        tokio::select! {
            ended = server.into_future() => ended.map_err(ServeError::Stopped),
            // A client that never finishes its request must not keep the process alive.
            () = async { told.notified().await; tokio::time::sleep(PATIENCE).await } => Ok(()),
        }
    });
    // Work that nobody waits for any more does not keep the process alive either.
    runtime.shutdown_timeout(LAST_WORK);
    ended
}

fn loopback(address: &str) -> Result<SocketAddr, ServeError> {
    let unusable = |source| ServeError::Address { address: address.to_owned(), source };
    let all: Vec<SocketAddr> = address.to_socket_addrs().map_err(unusable)?.collect();
    if all.iter().any(|a| !a.ip().is_loopback()) {
        return Err(ServeError::NotLoopback { address: address.to_owned() });
    }
    all.first().copied().ok_or_else(|| unusable(std::io::ErrorKind::InvalidInput.into()))
}

/// Ends when the process is told to stop. The signals are caught from the call on, not from the first poll.
fn stop() -> Result<impl Future<Output = ()>, std::io::Error> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
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
}
