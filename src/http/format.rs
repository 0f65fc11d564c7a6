//! In which form an answer is given: by `f` or the ending of the path, else by what the client accepts.

use axum::http::HeaderMap;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::problem::Problem;
use crate::encode::format::Format;
use crate::encode::geojson;
use crate::engine::params::form::{BOM, F};
use crate::engine::params::values::Values;
use crate::layer::Layer;

/// Forms of the features of a collection; the first is for whoever takes anything.
pub(super) const ITEMS: [Format; 8] = Format::ALL;

/// What a form is known by when a client says what it accepts: its own media type and others in use for it.
pub(super) fn names(format: Format) -> &'static [&'static str] {
    match format {
        Format::GeoJson => &["application/geo+json", "application/json", "application/vnd.geo+json"],
        Format::GeoJsonSeq => &["application/geo+json-seq", "application/json-seq"],
        Format::NdJson => &["application/x-ndjson", "application/ndjson"],
        Format::Csv => &["text/csv"],
        // It is asked for by name.
        Format::CsvExcel => &[],
        Format::FlatGeobuf => &["application/flatgeobuf", "application/x-flatgeobuf"],
        Format::GeoPackage => &["application/geopackage+sqlite3", "application/x-gpkg"],
        Format::GeoParquet => &["application/vnd.apache.parquet", "application/x-parquet"],
    }
}

/// The place in a list of forms, each known by its media types, that suits a client best.
///
/// The weights of `Accept` decide, then the order in which the client names them, then ours. A client that says nothing, or
/// takes anything, gets the first; `None` only where nothing fits.
///
/// RFC 9110, 12.5.1: the most specific range that matches a type gives its weight.
pub(super) fn accepted(headers: &HeaderMap, offered: &[&[&str]]) -> Option<usize> {
    let given = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<Range<'_>> = given.flat_map(|value| value.split(',')).filter_map(Range::read).collect();
    if ranges.is_empty() {
        return Some(0);
    }
    let weight = |names: &[&str]| {
        let best = |name: &&str| {
            let matching = ranges.iter().enumerate().filter(|(_, range)| range.matches(name));
            let (at, range) = matching.max_by_key(|(at, range)| (range.exactness(), usize::MAX - at))?;
            (range.weight > 0).then_some((range.weight, usize::MAX - at))
        };
        names.iter().filter_map(best).max()
    };
    let weighed =
        offered.iter().enumerate().filter_map(|(at, names)| Some((weight(names)?, usize::MAX - at)));
    weighed.max().map(|(_, from_the_end)| usize::MAX - from_the_end)
}

/// One of what a client accepts.
struct Range<'a> {
    kind: &'a str,
    part: &'a str,
    /// Thousandths.
    weight: u32,
}

impl<'a> Range<'a> {
    /// `type/subtype;q=0.9`; `None` of what is no such thing.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, part) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight =
            weight.map_or(Some(1.0), |q| q.parse::<f64>().ok().filter(|q| (0.0..=1.0).contains(q)))?;
        (!kind.is_empty() && !part.is_empty()).then(|| Self {
            kind,
            part,
            weight: (weight * 1000.0).round() as u32,
        })
    }

    fn matches(&self, name: &str) -> bool {
        let (kind, part) = name.split_once('/').unwrap_or((name, ""));
        let fits = |range: &str, name: &str| range == "*" || range.eq_ignore_ascii_case(name);
        fits(self.kind, kind) && fits(self.part, part)
    }

    fn exactness(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.part != "*")
    }
}

/// The form in which features are asked for: by the ending of the path, by `f` and `bom`, else by `Accept`.
pub(super) fn asked(ending: Option<Format>, values: &Values, headers: &HeaderMap) -> Result<Format, Problem> {
    let word = values.word(&F);
    // The word `json` is for clients that know no other.
    let named =
        word.and_then(|word| ITEMS.into_iter().find(|f| f.word() == word || f.endings().contains(&word)));
    let form = match (ending, named) {
        (Some(ending), Some(named))
            if ending != named && (ending, named) != (Format::Csv, Format::CsvExcel) =>
        {
            let mend = format!(
                "it is {}, and the address ends as a {}; leave one of them out",
                word.unwrap_or_default(),
                ending.title()
            );
            return Err(Problem::not_together(F.wire, &mend));
        }
        (Some(ending), None) if word.is_some() => {
            let mend = format!(
                "a page has no ending, and the address ends as a {}; leave one of them out",
                ending.title()
            );
            return Err(Problem::not_together(F.wire, &mend));
        }
        (_, Some(named)) => named,
        (Some(ending), None) => ending,
        (None, None) => {
            let offered = ITEMS.map(names);
            ITEMS[accepted(headers, &offered).ok_or_else(|| not_acceptable(&offered))?]
        }
    };
    match (values.word(&BOM), form) {
        (None, form) => Ok(form),
        (Some("true"), Format::Csv | Format::CsvExcel) => Ok(Format::CsvExcel),
        (Some(_), Format::Csv | Format::CsvExcel) => Ok(Format::Csv),
        (Some(word), _) => {
            let mend = format!("{word} is for CSV, only CSV can have one; give f=csv too, or leave it out");
            Err(Problem::not_together(BOM.wire, &mend))
        }
    }
}

fn not_acceptable(offered: &[&[&'static str]]) -> Problem {
    let offered: Vec<&str> = offered.iter().filter_map(|names| names.first().copied()).collect();
    Problem::not_acceptable(&offered.join(", "))
}

/// A layer in a form, with its links: within the text where GeoJSON has them, else in the head of the answer; those to
/// other pages always also there.
pub(super) fn answer(form: Format, layer: &Layer, links: Json, whole: bool) -> Result<Response, Problem> {
    let head = [
        (HeaderName::from_static("ogc-numbermatched"), HeaderValue::from(layer.matched)),
        (HeaderName::from_static("ogc-numberreturned"), HeaderValue::from(layer.features.len())),
    ];
    let mut response = match form {
        Format::GeoJson => {
            let turns = |link: &&Json| link["rel"] == "next" || link["rel"] == "prev";
            let turns = links.as_array().into_iter().flatten().filter(turns).filter_map(in_head);
            let turns: Vec<HeaderValue> = turns.collect();
            let mut response = (head, geojson::collection_bytes(layer, links)).into_response();
            for link in turns {
                response.headers_mut().append(header::LINK, link);
            }
            response
        }
        form => {
            let body = form.write(layer).map_err(Problem::inside)?;
            let mut response = (head, body).into_response();
            for link in links.as_array().into_iter().flatten().filter_map(in_head) {
                response.headers_mut().append(header::LINK, link);
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media()));
    // Which form it is may have been decided by this.
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    if whole || !matches!(form, Format::GeoJson | Format::GeoJsonSeq | Format::NdJson) {
        let excel = if form == Format::CsvExcel { "-excel" } else { "" };
        let file = format!("attachment; filename=\"{}{excel}.{}\"", layer.name, form.ending());
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&file).map_err(Problem::inside)?);
    }
    Ok(response)
}

/// A link as a line of the head.
fn in_head(link: &Json) -> Option<HeaderValue> {
    let text = |name: &str| link[name].as_str();
    let line = format!("<{}>; rel=\"{}\"; type=\"{}\"", text("href")?, text("rel")?, text("type")?);
    HeaderValue::from_str(&line).ok()
}

/// Links to the same features in the other forms; `href` makes the address of one from its word.
pub(super) fn alternates(form: Format, href: impl Fn(&'static str) -> String) -> Vec<Json> {
    let others = ITEMS.into_iter().filter(|other| *other != form);
    let link = |other: Format| json!({ "rel": "alternate", "type": other.media(), "title": other.title(), "href": href(other.word()) });
    others.map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &[&str], offered: &[&[&str]]) -> Option<usize> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_str(value).expect("a value"));
        }
        accepted(&headers, offered)
    }

    /// What clients send, conventions 1.4.
    #[test]
    fn every_client_gets_the_form_that_it_can_read() {
        let items = ITEMS.map(names);
        for geojson in [
            "",
            "*/*",
            "application/geo+json, application/json",
            "text/plain, application/json",
            "application/json",
            "application/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
            "garbage",
            "application/vnd.google-earth.kml+xml, application/geo+json;q=0.1",
        ] {
            assert_eq!(of(&[geojson], &items), Some(0), "{geojson}");
        }
        assert_eq!(of(&[], &items), Some(0));
        let place = |format| ITEMS.iter().position(|f| *f == format);
        assert_eq!(of(&["text/csv"], &items), place(Format::Csv));
        assert_eq!(of(&["text/*, application/json;q=0.5"], &items), place(Format::Csv));
        assert_eq!(
            of(&["application/flatgeobuf, application/geo+json;q=0.9"], &items),
            place(Format::FlatGeobuf)
        );
        assert_eq!(
            of(&["text/html", "Application/GeoPackage+SQLite3;Q=0.2"], &items),
            place(Format::GeoPackage)
        );
        assert_eq!(
            of(
                &["*/*, application/geo+json;q=0, application/json;q=0, application/vnd.geo+json;q=0"],
                &items
            ),
            Some(1)
        );
        for nothing in ["text/html", "image/png, video/*", "*/*;q=0", "text/csv;q=0"] {
            assert_eq!(of(&[nothing], &items), None, "{nothing}");
        }
    }

    #[test]
    fn a_page_goes_to_browsers_and_json_to_all_others() {
        let both: [&[&str]; 2] = [&["application/json"], &["text/html"]];
        assert_eq!(of(&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], &both), Some(1));
        assert_eq!(of(&["*/*"], &both), Some(0));
        assert_eq!(of(&["text/html, application/json"], &both), Some(1));
        assert_eq!(of(&["application/json, text/html"], &both), Some(0));
        assert_eq!(of(&["text/plain, application/json"], &both), Some(0));
    }
}
