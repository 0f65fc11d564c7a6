//! `GET /areas/{area}/feed.atom`: what rules found in an area, for any reader of feeds.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::engine::areas::named;
use crate::http::base::base;
use crate::http::collections::name;
use crate::http::problem::Problem;
use crate::http::query::encoded;
use crate::http::state::AppState;
use crate::store::watched::Finding;

/// Media type of a feed.
pub(in crate::http) const ATOM: &str = "application/atom+xml";

/// Entries of a feed.
const ENTRIES: usize = 100;

/// Stands for all areas and what lies in none, where no area has this name.
const EVERYWHERE: &str = "all";

pub(super) async fn digest(
    State(state): State<AppState>,
    area: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let area = name(area)?;
    let snapshot = state.open();
    let areas = match named(snapshot.dataset(), std::slice::from_ref(&area)) {
        Ok(areas) => areas,
        Err(_) if area == EVERYWHERE => Vec::new(),
        Err(error) => {
            let detail = format!("{error}; `{EVERYWHERE}` has what is found anywhere");
            return Err(Problem::new(StatusCode::NOT_FOUND, "no-area", "No such area", detail).about("area"));
        }
    };
    let areas: Vec<String> = areas.into_iter().map(|(kind, name)| format!("{kind}:{name}")).collect();
    let fired = state.feed.findings.of(&areas, ENTRIES);
    let address = format!("{}/areas/{}/feed.atom", base(&request), encoded(&area));
    let of = if areas.is_empty() { "everywhere".to_owned() } else { areas.join(", ") };
    let text = feed(&address, &snapshot.dataset().title, &of, &fired, state.feed.era());
    Ok(([(header::CONTENT_TYPE, ATOM)], text).into_response())
}

/// A feed by RFC 4287.
fn feed(address: &str, title: &str, area: &str, fired: &[Finding], era: u64) -> String {
    // A feed without entries was last changed when the service began.
    let begun = Timestamp::from_microsecond(i64::try_from(era).unwrap_or(0)).unwrap_or_default();
    let updated = fired.first().map_or(begun, |one| one.at);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <title>{}: {}</title>\n<id>{id}</id>\n<link rel=\"self\" type=\"{ATOM}\" href=\"{id}\"/>\n\
         <updated>{updated}</updated>\n<author><name>hotblocks</name></author>\n",
        escaped(title),
        escaped(area),
        id = escaped(address),
    );
    for one in fired {
        text.push_str(&format!(
            "<entry>\n<id>urn:hotblocks:finding:{}</id>\n<title>{}</title>\n<updated>{}</updated>\n\
             <content type=\"text\">{}</content>\n</entry>\n",
            one.id(),
            escaped(&one.rule),
            one.at,
            escaped(&words(one)),
        ));
    }
    text + "</feed>\n"
}

fn words(one: &Finding) -> String {
    let list = |title: &str, all: &[String]| {
        if all.is_empty() { String::new() } else { format!(" {title}: {}.", all.join(", ")) }
    };
    format!("{}.{}{}", one.sentence, list("Incidents", &one.incidents), list("Blocks", &one.blocks))
}

/// Text as it may stand in XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_a_feed() {
        let text = feed("http://h/a?b&c", "T\u{0}<b>", "ward:\"1\"", &[], 0);
        assert!(!text.contains("<b>") && !text.contains('\u{0}') && text.contains("b&amp;c"), "{text}");
        assert_eq!(text.matches("</feed>").count(), 1);
    }
}
