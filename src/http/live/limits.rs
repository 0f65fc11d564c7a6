//! Bounds of the live feed: how many may listen and send, how long a request may take, how long incidents are kept.

use std::time::Duration;

use crate::model::cutoff::Retention;

/// Bounds of the live feed.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Clients of `/events` at most.
    pub clients: usize,
    /// Of these from one address at most.
    pub each: usize,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long its body may take; a second more for every MiB.
    pub request: Duration,
    /// How often a client that hears nothing else is told that the line is alive.
    pub heartbeat: Duration,
    /// Bytes of a body at most, as it comes.
    pub body: usize,
    /// Bytes of a body at most, unpacked.
    pub unpacked: usize,
    /// Bytes of files that may be read, written and shown at a time; what is more is told to come again.
    pub files: usize,
    /// Alerts that may wait to be written and shown; likewise.
    pub alerts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 200,
            each: 8,
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            body: 64 << 20,
            unpacked: 512 << 20,
            files: 256 << 20,
            alerts: 4_096,
        }
    }
}

/// How long incidents are kept while the service runs.
#[derive(Clone, Debug)]
pub struct Retaining {
    /// Days by source; for good where none is named.
    pub kept: Retention,
    /// Between two times at which what is too old goes.
    pub every: Duration,
}

impl Default for Retaining {
    fn default() -> Self {
        Self { kept: Retention::default(), every: Duration::from_secs(86_400) }
    }
}
