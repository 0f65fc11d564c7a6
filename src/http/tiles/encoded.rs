//! A tile as it is sent: its bytes, its tag, what was left out, and 304 for who has it already.

use axum::body::Bytes;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::encode::mvt::Drawn;

/// What was left out of a tile, layer by layer: `incidents=18000/104233`.
pub(super) const TRUNCATED: HeaderName = HeaderName::from_static("x-hotblocks-truncated");

/// The newest tile may change: clients ask whether theirs has.
pub(super) const CACHE_NEWEST: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A tile of one snapshot stays, but what is forgotten must leave every cache: no copy is good for longer than an hour.
pub(super) const CACHE_SNAPSHOT: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// A tile as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    /// Empty where nothing lies in the tile.
    pub(super) bytes: Bytes,
    pub(super) tag: HeaderValue,
    pub(super) cut: Option<HeaderValue>,
    pub(super) is_gzip: bool,
}

impl Encoded {
    pub(super) fn of(drawn: Drawn) -> Self {
        let cut = drawn.cut.iter().map(|cut| format!("{}={}/{}", cut.layer, cut.kept, cut.of));
        let cut = cut.collect::<Vec<_>>().join(", ");
        Self {
            tag: tag(twox_hash::XxHash3_64::oneshot(&drawn.bytes)),
            cut: HeaderValue::try_from(cut).ok().filter(|text| !text.is_empty()),
            bytes: drawn.bytes.into(),
            is_gzip: false,
        }
    }

    /// What a request is answered: 204 where nothing is to be seen, 304 where the client has it.
    pub(super) fn status(&self, asked: &HeaderMap) -> StatusCode {
        if self.bytes.is_empty() {
            StatusCode::NO_CONTENT
        } else if has(asked, &self.tag) {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        }
    }

    /// The answer to a request.
    pub(super) fn answer(self, media: HeaderValue, cache: HeaderValue, asked: &HeaderMap) -> Response {
        let status = self.status(asked);
        let body = if status == StatusCode::OK { self.bytes.clone() } else { Bytes::new() };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, cache);
        if status == StatusCode::NO_CONTENT {
            headers.remove(header::CONTENT_TYPE);
            return response;
        }
        headers.insert(header::CONTENT_TYPE, media);
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        self.tell(headers);
        response
    }

    /// Says of the tile what differs from one to the next.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(header::ETAG, self.tag);
        if self.is_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(cut) = self.cut {
            headers.insert(TRUNCATED, cut);
        }
    }
}

/// A tag that follows from the content: it is the same in a later snapshot, and after a new start, where nothing in the
/// tile has changed. Weak, since it does not tell packed bytes from plain ones.
pub(super) fn tag(content: u64) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{content:016x}\"")).expect("hexadecimal digits may stand in a header")
}

fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|one| one.trim().trim_start_matches("W/"));
    let tag = || tag.to_str().unwrap_or_default().trim_start_matches("W/");
    known.any(|one| one == "*" || one == tag())
}

/// Whether the client takes gzip.
pub(super) fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = || asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let weight = |one: &str, name: &str| {
        let (coding, more) = one.split_once(';').unwrap_or((one, ""));
        let q = more.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f64>().ok());
        coding.trim().eq_ignore_ascii_case(name).then_some(q.unwrap_or(0.0))
    };
    let of = |name: &str| lines().flat_map(|list| list.split(',')).find_map(|one| weight(one, name));
    of("gzip").or_else(|| of("*")).is_some_and(|q| q > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, text: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::try_from(text).expect("a header"))])
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (text, takes) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("identity", false),
            ("br", false),
            ("", false),
            ("GZIP ; q=1", true),
        ] {
            assert_eq!(takes_gzip(&asked(header::ACCEPT_ENCODING, text)), takes, "{text}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn who_has_the_tile_is_told_so_and_an_empty_one_has_no_tag() {
        let encoded = || Encoded::of(Drawn { bytes: vec![1, 2, 3], cut: Vec::new() });
        let tag = encoded().tag.to_str().expect("text").to_owned();
        for (known, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", {}", tag.trim_start_matches("W/")), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"other\"".to_owned(), StatusCode::OK),
        ] {
            let headers = asked(header::IF_NONE_MATCH, &known);
            let answer = encoded().answer(HeaderValue::from_static("a/b"), CACHE_NEWEST, &headers);
            assert_eq!(
                (answer.status(), answer.headers().contains_key(header::ETAG)),
                (status, true),
                "{known}"
            );
        }
        let empty = Encoded::of(Drawn::default()).answer(
            HeaderValue::from_static("a/b"),
            CACHE_NEWEST,
            &HeaderMap::new(),
        );
        assert_eq!(empty.status(), StatusCode::NO_CONTENT);
        assert!(!empty.headers().contains_key(header::ETAG));
    }
}
