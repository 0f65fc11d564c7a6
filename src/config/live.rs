//! The part of a configuration that is about the live feed: `[live]`.

/// Bounds of the live feed; the usual ones hold where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveConfig {
    /// Clients of `/events` at most.
    pub clients: Option<usize>,
    /// Seconds after which a client that hears nothing else is told that the line is alive.
    pub heartbeat_s: Option<f64>,
    /// MiB of a body at most, as it comes.
    pub body_mib: Option<usize>,
    /// MiB of a body at most, unpacked.
    pub unpacked_mib: Option<usize>,
    /// MiB of files that may be read, written and shown at a time.
    pub waiting_mib: Option<usize>,
    /// Alerts that may wait to be written and shown.
    pub waiting_alerts: Option<usize>,
}
