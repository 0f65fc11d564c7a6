//! `GET /collections/{id}/legend` and `/styles/{layer}.json`, `.qml`: the colors of a layer, said once for every map.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::super::base::Base;
use super::super::collections::operation;
use super::super::problem::Problem;
use super::super::query;
use super::super::state::AppState;
use super::ready::Layers;
use super::tilejson::marked;
use super::vector::{opened, without_form};
use super::{Pairs, json, pairs_of};
use crate::encode::style::{self, Styled};
use crate::layer::Page;

/// Media type of styles of QGIS.
const QML: &str = "application/xml";

pub(super) async fn legend(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|e| Problem::query(e.to_string()))?;
    let operation = operation(&id)?;
    let mut pairs = pairs_of(pairs)?;
    let (snapshot, _) = opened(&state, &mut pairs)?;
    without_form(&mut pairs, "json");
    if let Some(layers) = Layers::named(&id) {
        let values = layers.check(&state, &pairs)?;
        let ready = layers.ready(&state, &snapshot, &values).await?;
        let found =
            ready.first().map(|tiled| style::legend(tiled.name, &tiled.legend, tiled.notice.as_deref()));
        return Ok(json(&found.unwrap_or_default()));
    }
    let values = query::check_for_tiles(&operation, &pairs)?;
    query::bounded(&values, &state.defaults)?;
    let page = Page { limit: 0, ..Page::ALL };
    let body = state.layer(operation, values.or(&state.defaults), page, |layer| {
        style::legend(layer.name, &layer.legend, layer.notice.as_deref()).to_string()
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], body.await?).into_response())
}

pub(super) async fn style(
    State(state): State<AppState>,
    base: Base,
    file: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(file) = file.map_err(|e| Problem::query(e.to_string()))?;
    let (name, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    let layers = Layers::named(name)
        .filter(|layers| ending == "json" || (ending == "qml" && matches!(layers, Layers::One(_))));
    let layers = layers.ok_or_else(|| Problem::no_tiles(&file))?;
    let mut pairs = pairs_of(pairs)?;
    let (snapshot, _) = opened(&state, &mut pairs)?;
    without_form(&mut pairs, "json");
    let values = layers.check(&state, &pairs)?;
    let ready = layers.ready(&state, &snapshot, &values).await?;
    let all: Vec<Styled<'_>> = ready.iter().map(|tiled| (tiled.name, &tiled.legend, tiled.kinds)).collect();
    if let ("qml", Some(one)) = (ending, all.first()) {
        return Ok(([(header::CONTENT_TYPE, QML)], style::qml(*one)).into_response());
    }
    let address = format!("{}/xyz/{}.json{}", base.0, layers.name(), marked(query.as_deref()));
    let title = format!("{}: {}", snapshot.dataset().title, layers.name());
    Ok(json(&style::maplibre(&title, &all, &address)))
}
