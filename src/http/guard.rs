//! What holds for every answer: who may ask, and headers that keep the page to itself.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::base::Access;
use super::cross_origin::is_foreign_write;
use super::problem::Problem;

/// No request of the page leaves this origin, and no other site may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Bytes of an address at most. From 65,535 on the HTTP library refuses by itself, without a word.
const LONGEST: usize = 60_000;

/// Refuses requests under a foreign name and dresses the answer.
///
/// Until roles exist, whoever reaches the port may read: a page of another site must not, which
/// could otherwise point its own name at this address and ask from the visitor's browser.
pub(super) async fn guard(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut response = if is_known(&access, &request) {
        let base = access.base_of(&request);
        let client = access.client_of(&request);
        request.extensions_mut().insert(base);
        request.extensions_mut().insert(client);
        let long = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
        if is_foreign_write(&request) && !access.may_run(&request) {
            Problem::foreign_write().into_response()
        } else if long > LONGEST {
            Problem::address(long, LONGEST).into_response()
        } else {
            next.run(request).await
        }
    } else {
        Problem::foreign_host(host(&request)).into_response()
    };
    if is_head && response.status() == StatusCode::NO_CONTENT {
        // The length of a body that is known to be empty would be told, and 204 has none: RFC 9110, 8.6.
        let nothing = futures_util::stream::empty::<Result<Bytes, Infallible>>();
        *response.body_mut() = Body::from_stream(nothing);
    }
    // Whose pages may show pictures of here, such as tiles: those that may read.
    let resources = if access.is_open() { "cross-origin" } else { "same-site" };
    let headers = response.headers_mut();
    vary(headers);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), resources),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

/// Says what an answer depends on beside its address, in one line.
fn vary(headers: &mut HeaderMap) {
    let told = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
    let mut all = vec!["accept", "accept-encoding", "authorization"];
    let told: Vec<String> =
        told.flat_map(|line| line.split(',')).map(|one| one.trim().to_lowercase()).collect();
    for one in &told {
        if !all.contains(&one.as_str()) {
            all.push(one);
        }
    }
    if let Ok(all) = HeaderValue::from_str(&all.join(", ")) {
        headers.insert(header::VARY, all);
    }
}

/// Whether a request came under a name of ours.
pub(super) fn is_known(access: &Access, request: &Request) -> bool {
    let host = host(request);
    is_loopback(host) || access.is_public_name(host)
}

/// The name under which the request came.
pub(super) fn host(request: &Request) -> &str {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    named.or_else(|| request.uri().authority().map(|a| a.as_str())).unwrap_or("127.0.0.1")
}

/// Whether a name, with or without a port, is one of the loopback address.
pub(super) fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or_default(),
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok());
    let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    has_port && (is_loopback || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_the_loopback_address_are_answered() {
        for good in ["127.0.0.1:8080", "localhost", "localhost:1", "[::1]:8080", "[::1]", "127.0.0.1"] {
            assert!(is_loopback(good), "{good}");
        }
        let spoofed =
            ["[::1]evil.com", "localhost:80@evil", "127.0.0.1:1/evil?", "localhost:", "127.0.0.1:99999"];
        let foreign = ["evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1:80", "", "localhost.evil:80"];
        for bad in spoofed.into_iter().chain(foreign) {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
