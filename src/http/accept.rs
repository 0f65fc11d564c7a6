//! Which of two forms a client wants: a page for people, or JSON.

use axum::http::{HeaderMap, header};

use super::problem::Problem;

/// The forms of what people may also look at.
pub(super) const FORMS: [&str; 2] = ["html", "json"];

/// Whether a page is asked for: by `f`, else by what the client prefers. Who takes anything gets JSON.
pub(super) fn wants_page(headers: &HeaderMap, f: Option<&str>) -> Result<bool, Problem> {
    match f {
        Some("html") => return Ok(true),
        Some("json") => return Ok(false),
        Some(other) => return Err(Problem::form(other, &FORMS)),
        None => {}
    }
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f64)> = lines.flat_map(|line| line.split(',')).filter_map(range).collect();
    if ranges.is_empty() {
        return Ok(false);
    }
    let best = |fits: fn(&str) -> bool| {
        let among = ranges.iter().filter(|(media, _)| fits(media)).map(|(_, weight)| *weight);
        among.fold(0.0, f64::max)
    };
    let page = best(|media| matches!(media, "text/html" | "application/xhtml+xml" | "text/*"));
    // Plain text is what GDAL and R ask for when they mean any text.
    let json =
        best(|media| media.ends_with("json") || matches!(media, "*/*" | "application/*" | "text/plain"));
    if page == 0.0 && json == 0.0 {
        return Err(Problem::not_acceptable("text/html and application/json"));
    }
    Ok(page > 0.0 && page >= json)
}

/// Media type, without its parameters, and weight; `None` of what is no such thing.
fn range(text: &str) -> Option<(String, f64)> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| media.contains('/'))?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").map(|q| q.trim().parse().unwrap_or(1.0)));
    Some((media, weight.unwrap_or(1.0)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn wants(accept: Option<&str>, f: Option<&str>) -> Option<bool> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).expect("text"));
        }
        wants_page(&headers, f).ok()
    }

    #[test]
    fn a_h1_browsers_get_a_page_and_every_other_client_json() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, page) in [
            (Some(chromium), Some(true)),
            (Some("text/html"), Some(true)),
            (Some("application/geo+json, application/json"), Some(false)),
            (Some("text/plain, application/json"), Some(false)),
            (Some("application/vnd.oai.openapi+json;version=3.0"), Some(false)),
            (Some("text/html;q=0.5, application/json"), Some(false)),
            (Some("*/*"), Some(false)),
            (None, Some(false)),
            (Some("garbage"), Some(false)),
            (Some("image/png"), None),
            (Some("application/json;q=0"), None),
        ] {
            assert_eq!(wants(accept, None), page, "{accept:?}");
        }
    }

    #[test]
    fn f_wins_over_accept() {
        assert_eq!(wants(Some("text/html"), Some("json")), Some(false));
        assert_eq!(wants(None, Some("html")), Some(true));
        assert_eq!(wants(None, Some("pdf")), None);
    }
}
