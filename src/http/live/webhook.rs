//! A webhook: where events are sent, how they are signed, and which addresses are never asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What a secret of Standard Webhooks begins with.
const PREFIX: &str = "whsec_";

/// Where events are sent.
#[derive(Clone)]
pub struct Webhook {
    pub(super) url: Uri,
    /// The newest first; during a change of secrets both sign.
    secrets: Vec<Vec<u8>>,
    /// Kinds of events; `rule.fired` alone where none is named.
    events: Vec<String>,
    /// Whether it may be on this machine, as in tests.
    allow_loopback: bool,
    /// Seconds before the first repetition; each later one waits four times as long.
    pub(super) first_retry_s: f64,
}

impl std::fmt::Debug for Webhook {
    /// Without its secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a webhook cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// No address that may be asked.
    #[error("webhook `{url}` cannot be used: {mend}")]
    Url {
        /// The address.
        url: String,
        /// What should stand there.
        mend: &'static str,
    },
    /// No secret.
    #[error("webhook `{url}` has a secret that is none; give whsec_ and 24 to 64 bytes in base64")]
    Secret {
        /// The address.
        url: String,
    },
}

impl Webhook {
    /// A webhook at an address, signed with these secrets.
    ///
    /// # Errors
    ///
    /// [`WebhookError`]; only `https` is asked, and `http` on this machine where loopback is allowed.
    pub fn new(
        url: &str,
        secrets: &[String],
        events: Vec<String>,
        allow_loopback: bool,
        first_retry_s: f64,
    ) -> Result<Self, WebhookError> {
        let refuse = |mend| WebhookError::Url { url: url.to_owned(), mend };
        let parsed: Uri =
            url.parse().map_err(|_| refuse("give an address such as https://example.org/hook"))?;
        let authority = parsed.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("names and passwords do not belong into an address"));
        }
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if allow_loopback && is_loopback(parsed.host().unwrap_or_default()) => {}
            Some("http") if allow_loopback => {
                return Err(refuse("without TLS only this machine is asked; give https"));
            }
            _ => return Err(refuse("only https is asked")),
        }
        let secret = |text: &String| {
            let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
            (24..=64).contains(&bytes.len()).then_some(bytes)
        };
        let secrets: Option<Vec<Vec<u8>>> = secrets.iter().map(secret).collect();
        let secrets = secrets.filter(|all| !all.is_empty());
        let secrets = secrets.ok_or_else(|| WebhookError::Secret { url: url.to_owned() })?;
        let first_retry_s = if first_retry_s.is_finite() { first_retry_s.clamp(0.01, 3_600.0) } else { 5.0 };
        Ok(Self { url: parsed, secrets, events, allow_loopback, first_retry_s })
    }

    /// What it is known by in a store: of its address only that it is the same, since addresses may hold secrets.
    pub(super) fn mark(&self) -> String {
        STANDARD.encode(Sha256::digest(self.url.to_string().as_bytes()))
    }

    /// Whether events of this kind are sent.
    pub(super) fn wants(&self, kind: &str) -> bool {
        kind == "gap"
            || if self.events.is_empty() {
                kind == "rule.fired"
            } else {
                self.events.iter().any(|e| e == kind)
            }
    }

    /// The host, for a look-up and for TLS.
    pub(super) fn host(&self) -> &str {
        self.url.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        let usual = if self.is_secure() { 443 } else { 80 };
        self.url.port_u16().unwrap_or(usual)
    }

    /// Whether it is asked over TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }

    /// The header of signatures, by Standard Webhooks: `v1,` and the HMAC of `id.timestamp.body`, one a secret.
    pub(super) fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let sign = |secret: &Vec<u8>| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        self.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }

    /// Whether an address may be connected to: never one that only this machine or its network reaches.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        (self.allow_loopback && address.is_loopback()) || (self.is_secure() && is_public(address))
    }
}

/// Whether a host is this machine by its name.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an address is one of the open network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(at: Ipv4Addr) -> bool {
    let [a, b, c, _] = at.octets();
    let special = at.is_private()
        || at.is_loopback()
        || at.is_link_local()
        || at.is_multicast()
        || at.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(at: Ipv6Addr) -> bool {
    let s = at.segments();
    // Addresses of the old network in the new one's clothes.
    let embedded = match s {
        [0, 0, 0, 0, 0, 0xffff | 0, hi, lo] | [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] => Some((hi, lo)),
        [0x2002, hi, lo, ..] => Some((hi, lo)),
        _ => None,
    };
    if let Some((hi, lo)) = embedded {
        let [a, b] = hi.to_be_bytes();
        let [c, d] = lo.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only what is given out for the open network, without tunnels and examples.
    (s[0] & 0xe000) == 0x2000 && !(s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(url: &str, allow_loopback: bool) -> Result<Webhook, WebhookError> {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        Webhook::new(url, &[secret], Vec::new(), allow_loopback, 5.0)
    }

    #[test]
    fn a_signature_is_that_of_the_standard_s_own_example() {
        let hook = hook("https://example.org/", false).expect("usable");
        let body = r#"{"test": 2432232314}"#;
        let signed = hook.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn addresses_of_this_machine_and_its_network_are_refused_in_every_writing() {
        let hook = hook("https://example.org/", false).expect("usable");
        for bad in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!hook.permits(bad.parse().expect(bad)), "{bad}");
        }
        for good in ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"] {
            assert!(hook.permits(good.parse().expect(good)), "{good}");
        }
    }

    #[test]
    fn loopback_is_allowed_only_where_the_agency_says_so_and_nothing_else_with_it() {
        let open = hook("http://127.0.0.1:1/x", true).expect("usable");
        assert!(open.permits("127.0.0.1".parse().expect("one")) && open.permits("::1".parse().expect("one")));
        assert!(!open.permits("10.0.0.1".parse().expect("one")));
        // Without TLS nothing leaves this machine, also where a name leads elsewhere.
        assert!(hook("http://localhost:1/x", true).is_ok() && hook("http://[::1]:1/x", true).is_ok());
        assert!(!open.permits("8.8.8.8".parse().expect("one")));
        for bad in ["http://example.org/", "http://8.8.8.8/", "http://127.0.0.1.example.org/"] {
            assert!(hook(bad, true).is_err(), "{bad}");
        }
        let secure = hook("https://example.org/", true).expect("usable");
        assert!(secure.permits("8.8.8.8".parse().expect("one")));
        for bad in ["http://example.org/", "ftp://example.org/", "https://u:p@example.org/", "/x", ""] {
            assert!(hook(bad, false).is_err(), "{bad}");
        }
        for bad in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let secrets = [bad.to_owned()];
            assert!(Webhook::new("https://a.example/", &secrets, Vec::new(), false, 5.0).is_err(), "{bad}");
        }
    }
}
