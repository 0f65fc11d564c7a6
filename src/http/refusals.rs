//! Refusals that need nothing but their words: of queries, bodies, jobs, files and tiles.

use axum::http::StatusCode;

use super::problem::{Problem, UNKNOWN_PARAMETER};
use crate::encode::format::Format;

impl Problem {
    /// A form that is not offered under `f`.
    pub(super) fn form(given: &str, offered: &[&'static str]) -> Self {
        let detail = format!("`f` is `{given}`; give one of {}", offered.join(", "));
        Self::unusable(StatusCode::BAD_REQUEST, "f", detail).among(offered.to_vec())
    }

    /// The client accepts none of the forms that there are.
    pub(super) fn not_acceptable(offered: &str) -> Self {
        let detail = format!("none of the accepted forms is offered; there are {offered}");
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable", detail)
    }

    /// ArcGIS puts its definition expression here.
    pub(super) fn query_of_arcgis(address: &str, allowed: Vec<&'static str>) -> Self {
        let advice = if allowed.contains(&"filter") {
            "; use filter= with CQL2 text, or a parameter for each property"
        } else {
            "; use a parameter for each property"
        };
        let detail = format!("`query` is not a parameter of {address}{advice}");
        Self::new(StatusCode::BAD_REQUEST, UNKNOWN_PARAMETER, "Unknown query parameter", detail)
            .about("query")
            .among(allowed)
    }

    /// Two names of one thing with different values.
    pub(super) fn not_both(name: &str, other: &str, value: &str) -> Self {
        let detail = format!("`{name}` is `{value}`, and `{other}` is another; they mean the same, give one");
        Self::unusable(StatusCode::UNPROCESSABLE_ENTITY, name, detail)
    }

    /// A page of another site wants to change something.
    pub(super) fn foreign_write() -> Self {
        let detail = "pages of other sites may not change anything here".to_owned();
        Self::new(StatusCode::FORBIDDEN, "origin", "Origin not permitted", detail)
    }

    /// An address that is too long.
    pub(super) fn address(bytes: usize, most: usize) -> Self {
        let detail = format!(
            "the address has {bytes} bytes, more than {most}; ask for less at once: fewer points in a shape, fewer values"
        );
        Self::of(StatusCode::URI_TOO_LONG, detail)
    }

    /// A body that is too long, or that did not come whole.
    pub(super) fn body(rejected: &axum::extract::rejection::BytesRejection, most: usize) -> Self {
        if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("the body is longer than {most} bytes; send a shorter one");
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Content too large", detail);
        }
        if super::connections::Late::caused(rejected) {
            let detail = "the body did not come in time".to_owned();
            return Self::new(StatusCode::REQUEST_TIMEOUT, "late", "The body did not come in time", detail);
        }
        Self::query(rejected.to_string())
    }

    /// A body of another kind than is taken.
    pub(super) fn media_type(given: &str, taken: &str) -> Self {
        let detail = format!("the body is `{given}`; send {taken} and say so in Content-Type");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type", detail)
    }

    /// Too many jobs wait already.
    pub(super) fn jobs_full(most: usize) -> Self {
        let detail =
            format!("{most} analyses wait or run already; come again when one is done, or dismiss one");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many jobs", detail)
    }

    /// Somebody dismissed the job.
    pub(super) fn dismissed() -> Self {
        let detail = "the job was dismissed; send the request again to have it made".to_owned();
        Self::new(StatusCode::GONE, "dismissed", "Dismissed", detail)
    }

    /// A result larger than what is kept.
    pub(super) fn too_large(bytes: usize) -> Self {
        let detail = format!("the result has {bytes} bytes, more than are kept; ask for fewer features");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "result-too-large", "Result too large", detail)
    }

    /// There is no such file of a collection.
    pub(super) fn no_file(path: &str, id: &str) -> Self {
        let endings = Format::ALL.iter().filter_map(|format| format.endings().first());
        let endings = endings.map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "there is nothing at `{path}`; there are /collections/{id}/items and /collections/{id}/{id} with {endings}"
        );
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// There are no tiles of this name or form.
    pub(super) fn no_tiles(name: &str) -> Self {
        let detail = format!(
            "there are no tiles `{name}`; vector tiles lie at /xyz/{{layer}}/{{z}}/{{x}}/{{y}}.mvt and are told of in \
             /xyz/{{layer}}.json, where a layer is incidents, blocks, density, hotspots, clusters, areas, targets or all; \
             pictures of a density lie at /xyz/density/{{z}}/{{x}}/{{y}}.png"
        );
        Self::new(StatusCode::NOT_FOUND, "no-tiles", "No such tiles", detail)
    }

    /// There is no such tile matrix set.
    pub(super) fn no_set(set: &str) -> Self {
        let detail = format!("there is no tile matrix set `{set}`; there is WebMercatorQuad");
        Self::new(StatusCode::NOT_FOUND, "no-set", "No such tile matrix set", detail)
    }
}
