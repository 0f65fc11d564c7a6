//! The OpenAPI 3.0 document, made from the table of routes and the one table of parameters.
//!
//! 3.0 and not 3.1: OGC's suite, GDAL, QGIS and ArcGIS take no other.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::super::collections::GEOJSON;
use super::super::files::endings;
use super::super::processes::{OUTPUT, PROCESSES, plain_form};
use super::super::query::lacks;
use super::super::tiles::TILED;
use super::parameters::{Names, WELL_KNOWN, of_fields, parameter, schema};
use super::route::{Asks, Route};
use super::schemas::schemas;
use super::table::routes;
use crate::engine::params::table::{OPERATIONS, Operation, Param};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// What may go wrong, with the words for it.
const FAILURES: [(&str, &str); 14] = [
    ("400", "What is asked cannot be read, or is not among what can be asked"),
    ("403", "Not from this place, or not for the asker to decide"),
    ("404", "There is no such thing"),
    ("405", "This method is not offered; `Allow` tells which are"),
    ("406", "None of the accepted forms is offered"),
    ("408", "The request did not come in time"),
    ("410", "The snapshot is no longer kept"),
    ("413", "The body is too long"),
    ("414", "The address is too long"),
    ("415", "The body is of another kind than is taken"),
    ("422", "Each value is well, but not with the others or not with these data"),
    ("429", "Too much is asked at once; `Retry-After` tells when to come back"),
    ("500", "Something went wrong here"),
    ("503", "Not now; the detail says why, and `Retry-After`, where it stands, when to come back"),
];

/// What may go wrong where a body is taken.
const BODY_FAILURES: [&str; 3] = ["408", "413", "415"];

/// The document of these data, for clients that know the service by this base.
pub(super) fn document(snapshot: &Snapshot, defaults: &Values, base: &str) -> Json {
    let data = snapshot.dataset();
    let mut made = Made {
        names: Names::of(snapshot),
        defaults,
        snapshot,
        inputs: Map::new(),
        shared: BTreeMap::new(),
        paths: Map::new(),
    };
    for param in WELL_KNOWN {
        made.share(param, false);
    }
    for route in routes() {
        let expanded: &[Operation] = match route.asks {
            Asks::Collection | Asks::Whole | Asks::Feature | Asks::Legend => &OPERATIONS,
            Asks::Layer => &TILED,
            Asks::Process => {
                PROCESSES.iter().for_each(|(id, operation)| made.add(route, Some((id, operation))));
                continue;
            }
            Asks::These(_) | Asks::Operation(_) | Asks::OperationAs(..) => {
                made.add(route, None);
                continue;
            }
        };
        expanded.iter().for_each(|operation| made.add(route, Some((operation.collection, operation))));
    }
    let failure = |(_, words): &(&str, &str)| {
        let content =
            json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } });
        json!({ "description": words, "content": content })
    };
    let responses: Map<String, Json> =
        FAILURES.iter().map(|one| (format!("Problem{}", one.0), failure(one))).collect();
    let mut schemas = schemas();
    made.inputs.into_iter().for_each(|(key, one)| schemas[key] = one);
    let parameters: Map<String, Json> = made.shared.into_iter().map(|(key, (_, one))| (key, one)).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": data.title,
            "description": data.notice.as_deref().unwrap_or("Incidents, ranked blocks, density and clusters of one data set"),
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": base }],
        "paths": made.paths,
        "components": { "parameters": parameters, "responses": responses, "schemas": schemas },
    })
}

struct Made<'a> {
    names: Names,
    defaults: &'a Values,
    snapshot: &'a Snapshot,
    /// Values of inputs by their key.
    inputs: Map<String, Json>,
    /// Parameters by their key, with what they were made from.
    shared: BTreeMap<String, (Param, Json)>,
    paths: Map<String, Json>,
}

impl Made<'_> {
    /// Puts a parameter among the shared ones; two of one name and different kinds have two keys.
    fn share(&mut self, param: &Param, required: bool) -> Json {
        let told = parameter(param, required, &self.names, self.defaults);
        let mut key = if param.wire == "_" { "cache".to_owned() } else { param.wire.to_owned() };
        while self.shared.get(&key).is_some_and(|(_, other)| *other != told) {
            key.push_str(if required { "-required" } else { "-too" });
        }
        let address = format!("#/components/parameters/{key}");
        self.shared.entry(key).or_insert((*param, told));
        json!({ "$ref": address })
    }

    fn add(&mut self, route: &Route, named: Option<(&str, &Operation)>) {
        let collection = named.map(|(_, operation)| operation);
        let path = named
            .map_or(route.path.to_owned(), |(id, _)| route.path.replace("{id}", id).replace("{layer}", id));
        let mut parameters: Vec<Json> = Vec::new();
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            parameters.push(in_path(name));
        }
        for param in route.params(collection) {
            if !self.names.allow(param, collection) {
                continue;
            }
            let must = collection
                .is_some_and(|op| lacks(op, self.defaults, self.snapshot).any(|one| one.wire == param.wire));
            if let Some(schema) = collection.and_then(|op| of_fields(param, op.collection, self.snapshot)) {
                let mut own = parameter(param, must, &self.names, self.defaults);
                own["schema"] = schema;
                parameters.push(own);
                continue;
            }
            let reference = self.share(param, must);
            parameters.push(reference);
        }
        let mut responses = Map::new();
        for (status, media, schema) in route.gives {
            let content: Map<String, Json> = media
                .iter()
                .map(|media| {
                    let schema = schema_of(media, schema);
                    let reference = format!("#/components/schemas/{schema}");
                    ((*media).to_owned(), json!({ "schema": { "$ref": reference } }))
                })
                .collect();
            let mut response = json!({ "description": route.help });
            if !content.is_empty() {
                response["content"] = content.into();
            }
            responses.insert(status.to_string(), response);
        }
        if route.method == "get" {
            responses.insert("304".to_owned(), json!({ "description": "The client has the newest answer" }));
        }
        for (status, _) in FAILURES.iter().filter(|(status, _)| !BODY_FAILURES.contains(status)) {
            responses.insert(
                (*status).to_owned(),
                json!({ "$ref": format!("#/components/responses/Problem{status}") }),
            );
        }
        let id = match named {
            Some((id, _)) => format!("{}Of{}", route.id, capital(id)),
            None => route.id.to_owned(),
        };
        let summary = collection.map_or(route.help.to_owned(), |op| format!("{}: {}", route.help, op.help));
        let mut told = json!({ "operationId": id, "summary": summary, "parameters": parameters, "responses": responses });
        if let Some((media, schema)) = route.takes {
            let reference = format!("#/components/schemas/{schema}");
            // A process has inputs of its own.
            let body = match (route.asks, collection) {
                (Asks::Process, Some(operation)) => self.execution(operation),
                _ => json!({ "$ref": reference }),
            };
            let content: Map<String, Json> =
                media.iter().map(|media| ((*media).to_owned(), json!({ "schema": body }))).collect();
            told["requestBody"] = json!({ "required": true, "content": content });
        }
        if route.takes.is_some() {
            for status in BODY_FAILURES {
                told["responses"][status] =
                    json!({ "$ref": format!("#/components/responses/Problem{status}") });
            }
        }
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[route.method] = told;
    }
}

/// The schema of a form: only JSON has the shape that the route names.
fn schema_of<'a>(media: &str, schema: &'a str) -> &'a str {
    let plain = media.split(';').next().unwrap_or_default();
    match plain {
        _ if plain.ends_with("/json") || plain.ends_with("+json") => schema,
        "application/flatgeobuf" | "application/geopackage+sqlite3" | "application/vnd.apache.parquet" => {
            "bytes"
        }
        _ if plain.starts_with("image/") || plain.contains("mapbox") => "bytes",
        _ => "text",
    }
}

impl Made<'_> {
    /// Puts what an input may be among the shared schemas: its values, by themselves or qualified.
    fn share_input(&mut self, param: &Param) -> Json {
        let value = plain_form(param, schema(param, &self.names));
        let mut key = format!("value-{}", param.wire);
        while self.inputs.get(&key).is_some_and(|other| *other != value) {
            key.push_str("-too");
        }
        let value_at = json!({ "$ref": format!("#/components/schemas/{key}") });
        let qualified = json!({
            "type": "object",
            "required": ["value"],
            "properties": { "value": value_at },
            "additionalProperties": false,
        });
        self.inputs.insert(key, value);
        json!({ "anyOf": [value_at, qualified] })
    }

    /// The body of a request to run an analysis.
    fn execution(&mut self, operation: &Operation) -> Json {
        let mut inputs = Map::new();
        for param in operation.params {
            if self.names.allow(param, Some(operation)) {
                inputs.insert(param.wire.to_owned(), self.share_input(param));
            }
        }
        // What cannot be given with these data is not asked for: there is no answer then.
        let needed = lacks(operation, self.defaults, self.snapshot)
            .filter(|param| self.names.allow(param, Some(operation)));
        let required: Vec<&str> = needed.map(|param| param.wire).collect();
        let mut given = json!({ "type": "object", "properties": inputs, "additionalProperties": false });
        if !required.is_empty() {
            given["required"] = required.clone().into();
        }
        let mut output = Map::new();
        let format = json!({
            "type": "object",
            "properties": { "mediaType": { "type": "string", "enum": [GEOJSON] } },
            "additionalProperties": false,
        });
        let how = json!({
            "type": "object",
            "properties": { "format": format, "transmissionMode": { "type": "string", "enum": ["value"] } },
            "additionalProperties": false,
        });
        output.insert(OUTPUT.to_owned(), how);
        let mut body = json!({
            "type": "object",
            "properties": {
                "inputs": given,
                "outputs": { "type": "object", "properties": output, "additionalProperties": false },
                "response": { "type": "string", "enum": ["raw", "document"], "default": "raw" },
            },
            "additionalProperties": false,
        });
        if !required.is_empty() {
            body["required"] = json!(["inputs"]);
        }
        body
    }
}

/// A parameter of a path.
fn in_path(name: &str) -> Json {
    let schema = match name {
        "id" => json!({ "type": "string", "enum": OPERATIONS.map(|operation| operation.collection) }),
        "z" | "tileMatrix" => {
            json!({ "type": "integer", "minimum": 0, "maximum": crate::space::tile::MAX_ZOOM })
        }
        "x" | "y" | "tileRow" | "tileCol" => json!({ "type": "integer", "minimum": 0 }),
        "format" => json!({ "type": "string", "enum": endings() }),
        _ => json!({ "type": "string", "minLength": 1 }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
