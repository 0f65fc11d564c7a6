//! What pages of other sites may do: read, and run analyses, where the agency names them; never write data, never with
//! credentials.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::base::{Access, base};
use super::guard::{host, is_loopback};

/// Any origin.
const ANY: &str = "*";

/// What a page may read beside the body.
const EXPOSED: [HeaderName; 12] = [
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    header::CONTENT_DISPOSITION,
    HeaderName::from_static("content-crs"),
    HeaderName::from_static("ogc-numbermatched"),
    HeaderName::from_static("ogc-numberreturned"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("x-hotblocks-truncated"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// What a page may send.
const SENT: [HeaderName; 7] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::IF_NONE_MATCH,
    header::CONTENT_TYPE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("last-event-id"),
];

/// How long a browser keeps what it was told.
const KEPT: Duration = Duration::from_secs(3600);

impl Access {
    /// Whether pages of any site may read.
    pub(super) fn is_open(&self) -> bool {
        self.origins.iter().any(|origin| origin == ANY)
    }

    /// Whether pages of this origin may read. Those of this machine may: whoever runs them could ask without a page.
    fn may_read(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let of_here = origin.parse::<Uri>().is_ok_and(|uri| {
            let web = matches!(uri.scheme_str(), Some("http" | "https"));
            web && uri.authority().is_some_and(|authority| is_loopback(authority.as_str()))
        });
        of_here || self.is_open() || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }

    /// Whether the agency names this origin itself: `*` names none.
    fn names(&self, origin: &str) -> bool {
        origin != ANY && self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }

    /// Whether a page of another site runs or dismisses an analysis, and is of an origin that the agency names. It
    /// changes no data: what comes in by other ways is never let in from pages.
    pub(super) fn may_run(&self, request: &Request) -> bool {
        let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let runs = match *request.method() {
            Method::POST => matches!(path[..], ["processes", _, "execution"]),
            Method::DELETE => matches!(path[..], ["jobs", _]),
            _ => false,
        };
        runs && origin.is_some_and(|origin| self.names(origin))
    }
}

/// Tells browsers which pages may read. Credentials are never among what they send.
pub(super) fn layer(access: Arc<Access>) -> CorsLayer {
    let mut methods = vec![Method::GET, Method::HEAD];
    if access.origins.iter().any(|origin| origin != ANY) {
        // Where they are let in is for the guard.
        methods.extend([Method::POST, Method::DELETE]);
    }
    let origins = if access.is_open() {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin, _| access.may_read(origin))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(SENT)
        .expose_headers(EXPOSED)
        .max_age(KEPT)
}

/// Whether a page of another site wants to change something here. A browser sends such a request without
/// asking first where its body is a plain form or text, so CORS alone does not keep it away.
pub(super) fn is_foreign_write(request: &Request) -> bool {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return false };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let origin = origin.to_str().unwrap_or_default();
    let base = base(request);
    let own = base.split('/').take(3).collect::<Vec<_>>().join("/");
    let here = format!("http://{}", host(request));
    !reads && ![own, here].iter().any(|known| known.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_h5_pages_of_this_machine_and_of_listed_origins_may_read_and_no_other() {
        let access = Access::new(None, &[], &["https://maps.example.org".to_owned()]).expect("usable");
        let may =
            |access: &Access, origin: &str| access.may_read(&HeaderValue::from_str(origin).expect("text"));
        for good in
            ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "https://maps.example.org"]
        {
            assert!(may(&access, good), "{good}");
        }
        for bad in [
            "https://evil.example",
            "null",
            "https://localhost.evil.example",
            "file://",
            "",
            "http://127.0.0.1.evil",
        ] {
            assert!(!may(&access, bad), "{bad}");
        }
        let open = Access::new(None, &[], &["*".to_owned()]).expect("usable");
        assert!(open.is_open() && may(&open, "https://evil.example"));
    }
}
