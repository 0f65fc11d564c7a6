//! `/collections/{id}/queryables` and `/schema`: the fields of a layer as JSON Schema.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value as Json, json};

use super::base::base;
use super::collections::{name, operation};
use super::problem::Problem;
use super::state::AppState;
use crate::engine::params::table::Operation;
use crate::engine::snapshot::Snapshot;
use crate::layer::fields::{Field, FieldKind, GEOMETRY, ID, Shape, fields, shape, values};

/// Media type of both.
pub(super) const SCHEMA: &str = "application/schema+json";

/// Relation of the link to queryables.
pub(super) const QUERYABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/queryables";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/collections/{id}/queryables", get(queryables))
        .route("/collections/{id}/schema", get(schema))
}

async fn queryables(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let operation = operation(&name(id)?)?;
    Ok(document(&state.open(), &operation, &base(&request), "queryables"))
}

async fn schema(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let operation = operation(&name(id)?)?;
    Ok(document(&state.open(), &operation, &base(&request), "schema"))
}

/// JSON Schema 2020-12; its id is its address without a query, as OGC API Features, Part 3 wants it.
fn document(snapshot: &Snapshot, operation: &Operation, base: &str, which: &str) -> Response {
    let (data, layer) = (snapshot.dataset(), operation.collection);
    let asked = which == "queryables";
    let mut properties = Map::new();
    let mut of_id = property(&ID, Vec::new());
    if !asked {
        of_id["x-ogc-role"] = "id".into();
    }
    properties.insert(ID.name.to_owned(), of_id);
    for field in fields(layer, data) {
        if if asked { field.kind.is_plain() } else { field.shown } {
            properties.insert(field.name.to_owned(), property(&field, values(layer, &field, data)));
        }
    }
    let mut of_shape = json!({ "title": "Geometry", "format": format(shape(layer)) });
    if !asked {
        of_shape["x-ogc-role"] = "primary-geometry".into();
    }
    properties.insert(GEOMETRY.to_owned(), of_shape);
    let body = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{base}/collections/{layer}/{which}"),
        "type": "object",
        "title": format!("{}: {layer}", data.title),
        "description": operation.help,
        "properties": properties,
        "additionalProperties": false,
    });
    ([(header::CONTENT_TYPE, SCHEMA)], body.to_string()).into_response()
}

fn format(shape: Shape) -> &'static str {
    match shape {
        Shape::Point => "geometry-point",
        Shape::Polygons => "geometry-polygon-or-multipolygon",
        Shape::Any => "geometry-any",
    }
}

fn property(field: &Field, values: Vec<String>) -> Json {
    let mut told = json!({ "title": field.name, "description": field.help });
    match field.kind {
        FieldKind::Text => told["type"] = "string".into(),
        FieldKind::Integer => told["type"] = "integer".into(),
        FieldKind::Number => told["type"] = "number".into(),
        FieldKind::Boolean => told["type"] = "boolean".into(),
        FieldKind::Date | FieldKind::Time => {
            told["type"] = "string".into();
            told["format"] = if field.kind == FieldKind::Date { "date" } else { "date-time" }.into();
        }
        // Of what is only asked for, one is asked for.
        FieldKind::Texts if !field.shown => told["type"] = "string".into(),
        FieldKind::Texts => {
            told["type"] = "array".into();
            told["items"] = json!({ "type": "string" });
        }
        FieldKind::List => told["type"] = "array".into(),
        FieldKind::Map => told["type"] = "object".into(),
    }
    if !field.unit.is_empty() {
        told["x-ogc-unit"] = field.unit.into();
        told["x-ogc-unitLang"] = "UCUM".into();
    }
    match field.name {
        "from" if field.kind == FieldKind::Time => told["x-ogc-role"] = "primary-interval-start".into(),
        "to" if field.kind == FieldKind::Time => told["x-ogc-role"] = "primary-interval-end".into(),
        _ => {}
    }
    if !values.is_empty() {
        told["enum"] = values.into();
    }
    told
}
