//! Bodies: what kind they are, how they are packed, and a bound on what they unpack to.

use std::io::Read;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;

use super::refusal::Refusal;
use crate::http::connections::Late;
use crate::ingest::input::Format;

/// How many times its size a body may unpack to: repeats pack 295 to 1, files of incidents 5 to 15.
const MOST_RATIO: usize = 100;

/// What is unpacked whatever the ratio: a small file of one line many times is no bomb.
const ALWAYS: usize = 1 << 20;

/// Media types of files of incidents, with the format and the ending that goes with it.
const KINDS: [(&str, Format, &str); 8] = [
    ("text/csv", Format::Csv, "csv"),
    ("application/csv", Format::Csv, "csv"),
    ("application/geo+json", Format::GeoJson, "geojson"),
    ("application/json", Format::GeoJson, "geojson"),
    ("application/geo+json-seq", Format::GeoJsonLines, "geojsonseq"),
    ("application/x-ndjson", Format::GeoJsonLines, "ndjson"),
    ("application/ndjson", Format::GeoJsonLines, "ndjson"),
    ("application/jsonl", Format::GeoJsonLines, "ndjson"),
];

/// The media types of files of incidents.
pub(in crate::http) const FILES: &[&str] =
    &[KINDS[0].0, KINDS[1].0, KINDS[2].0, KINDS[3].0, KINDS[4].0, KINDS[5].0, KINDS[6].0, KINDS[7].0];

/// The media type of a body without its parameters; in small letters.
fn media(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What kind of file a body is said to be, and the ending that goes with it.
pub(super) fn kind(headers: &HeaderMap) -> Result<(Format, &'static str), Refusal> {
    let media = media(headers);
    let known = KINDS.iter().find(|(name, ..)| *name == media);
    known.map(|(_, format, ending)| (*format, *ending)).ok_or_else(|| {
        Refusal::media(format!("Content-Type is `{media}`; send one of {}", FILES.join(", ")))
            .of("Content-Type")
    })
}

/// Refuses a body that is not said to be JSON.
pub(super) fn json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media = media(headers);
    if media == "application/json" {
        return Ok(());
    }
    Err(Refusal::media(format!("Content-Type is `{media}`; send application/json")).of("Content-Type"))
}

/// The bytes of a body, if they came whole and in their bound.
pub(super) fn whole(body: Result<Bytes, BytesRejection>, most: usize) -> Result<Bytes, Refusal> {
    let large = || Refusal::large(format!("it has more than {most} bytes; send it in parts"));
    let bytes = body.map_err(|rejection| match rejection.status() {
        _ if Late::caused(&rejection) => Refusal::late(),
        StatusCode::PAYLOAD_TOO_LARGE => large(),
        _ => Refusal::unusable("it broke off before its end; send it again".to_owned()),
    })?;
    if bytes.len() > most { Err(large()) } else { Ok(bytes) }
}

/// How a body is packed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packed {
    Not,
    Gzip,
    /// In a way that is not taken.
    Otherwise(String),
}

impl Packed {
    /// As `Content-Encoding` says.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
        match encoding.map(str::trim) {
            None | Some("identity" | "") => Self::Not,
            Some("gzip" | "x-gzip") => Self::Gzip,
            Some(other) => Self::Otherwise(other.to_owned()),
        }
    }

    /// The bytes unpacked; never more than `most`, nor than 100 times what came.
    pub(super) fn unpacked(self, bytes: Bytes, most: usize) -> Result<Bytes, Refusal> {
        match self {
            Self::Not => {
                let packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK\x03\x04");
                if packed {
                    let detail = "it is packed and does not say so; send gzip with Content-Encoding: gzip";
                    return Err(Refusal::media(detail.to_owned()).of("Content-Encoding"));
                }
                Ok(bytes)
            }
            Self::Gzip => gunzip(&bytes, most).map(Bytes::from),
            Self::Otherwise(other) => {
                let detail = format!("Content-Encoding is `{other}`; send gzip, or nothing packed");
                Err(Refusal::media(detail).of("Content-Encoding"))
            }
        }
    }
}

fn gunzip(bytes: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let bound = most.min(bytes.len().saturating_mul(MOST_RATIO).max(ALWAYS));
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(bound as u64 + 1).read_to_end(&mut out);
    read.map_err(|error| Refusal::unusable(format!("it cannot be unpacked: {error}")))?;
    if out.len() > bound {
        return Err(Refusal::large(format!(
            "it unpacks to more than {bound} bytes: at most {most}, and {MOST_RATIO} times what was sent"
        )));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::response::IntoResponse;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed").into()
    }

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    fn status<T>(refused: Result<T, Refusal>) -> u16 {
        refused.map_or_else(|refusal| refusal.into_response().status().as_u16(), |_| 200)
    }

    #[test]
    fn what_is_packed_is_unpacked_within_its_bound_and_a_bomb_is_not() {
        let packed = headers(header::CONTENT_ENCODING, "gzip");
        let text = b"id,lon,lat\n1,2,3\n".repeat(40);
        assert_eq!(Packed::of(&packed).unpacked(gzip(&text), 1 << 20).expect("small"), text);
        assert_eq!(status(Packed::of(&packed).unpacked(gzip(&text), 100)), 413, "over the bound");
        let bomb = gzip(&vec![b'x'; 64 << 20]);
        assert_eq!(status(Packed::of(&packed).unpacked(bomb, 512 << 20)), 413, "over the ratio");
        let cut = gzip(&text).slice(0..20);
        assert_eq!(status(Packed::of(&packed).unpacked(cut, 1 << 20)), 422);
    }

    #[test]
    fn packing_that_is_not_said_and_packing_that_is_unknown_are_refused() {
        assert_eq!(status(Packed::of(&HeaderMap::new()).unpacked(gzip(b"a"), 1 << 20)), 415);
        let brotli = headers(header::CONTENT_ENCODING, "br");
        assert_eq!(status(Packed::of(&brotli).unpacked(Bytes::from_static(b"a"), 1 << 20)), 415);
        assert_eq!(status(Packed::of(&HeaderMap::new()).unpacked(Bytes::from_static(b"a"), 1 << 20)), 200);
    }

    #[test]
    fn a_body_is_what_its_media_type_says_and_nothing_that_a_form_of_a_browser_sends() {
        for (media, ok) in [
            ("text/csv; charset=utf-8", true),
            ("Application/GEO+JSON", true),
            ("application/geo+json-seq", true),
            ("text/plain", false),
            ("multipart/form-data; boundary=x", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            assert_eq!(kind(&headers(header::CONTENT_TYPE, media)).is_ok(), ok, "{media}");
        }
        assert!(kind(&HeaderMap::new()).is_err());
    }
}
