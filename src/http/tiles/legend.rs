//! `GET /collections/{id}/legend` and `/styles/{layer}.json`, `.qml`: the colors of a layer, said once for every map.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::super::accept::FORMS;
use super::super::base::Base;
use super::super::collections::{json_response, operation};
use super::super::problem::Problem;
use super::super::query::{self, marked};
use super::super::state::AppState;
use super::super::wanted::datetime;
use super::ready::Layers;
use super::vector::{opened, without_form};
use super::{Pairs, pairs_of};
use crate::encode::style::{self, Styled};
use crate::layer::Page;
use crate::layer::answer::answer;

/// Media type of styles of QGIS.
pub(in crate::http) const QML: &str = "application/xml";

pub(super) async fn legend(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id?;
    let operation = operation(&id)?;
    let mut pairs = pairs_of(pairs)?;
    if let Some(layers) = Layers::named(&id) {
        let (_, ready) = layers.asked(&state, pairs, &FORMS).await?;
        let found =
            ready.first().map(|tiled| style::legend(tiled.name, &tiled.legend, tiled.notice.as_deref()));
        return Ok(json_response(&found.unwrap_or_default()));
    }
    let (snapshot, _) = opened(&state, &mut pairs)?;
    without_form(&mut pairs, &FORMS)?;
    datetime(&mut pairs, &snapshot)?;
    let values = query::check_for_tiles(&operation, &pairs)?;
    query::bounded(&values, &state.defaults)?;
    let values = values.or(&state.defaults);
    query::complete(&operation, &values, &snapshot)?;
    let told = state.work(move || {
        let layer = answer(&snapshot, &operation, &values, Page { limit: 0, ..Page::ALL })?;
        Ok(style::legend(layer.name, &layer.legend, layer.notice.as_deref()))
    });
    Ok(json_response(&told.await?))
}

pub(super) async fn style(
    State(state): State<AppState>,
    base: Base,
    file: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(file) = file?;
    let (name, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    let layers = Layers::named(name)
        .filter(|layers| ending == "json" || (ending == "qml" && matches!(layers, Layers::One(_))));
    let layers = layers.ok_or_else(|| Problem::no_tiles(&file))?;
    let (snapshot, ready) =
        layers.asked(&state, pairs_of(pairs)?, if ending == "qml" { &["qml"] } else { &FORMS }).await?;
    let all: Vec<Styled<'_>> = ready.iter().map(|tiled| (tiled.name, &tiled.legend, tiled.kinds)).collect();
    if let ("qml", Some(one)) = (ending, all.first()) {
        return Ok(([(header::CONTENT_TYPE, QML)], style::qml(*one)).into_response());
    }
    let address = format!("{}/xyz/{}.json{}", base.0, layers.name(), marked(query.as_deref()));
    let title = format!("{}: {}", snapshot.dataset().title, layers.name());
    Ok(json_response(&style::maplibre(&title, &all, &address)))
}
