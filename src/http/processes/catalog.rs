//! Which analyses are processes, described from the one table of parameters.

use serde_json::{Map, Value as Json, json};

use super::super::api::parameters::{Names, schema};
use super::super::collections::GEOJSON;
use super::super::problem::Problem;
use super::super::query::lacks;
use super::inputs;
use crate::engine::params::clusters::CLUSTERS;
use crate::engine::params::counts::{CHANGE, COUNTS};
use crate::engine::params::explain::EXPLAIN;
use crate::engine::params::hotspots::HOTSPOTS;
use crate::engine::params::near_repeat::NEAR_REPEAT;
use crate::engine::params::nearest::nearest;
use crate::engine::params::outreach::{BRIEF, LIST};
use crate::engine::params::patrol::PLAN;
use crate::engine::params::ranking::RANK;
use crate::engine::params::table::{AREAS, DENSITY, Operation, Param};
use crate::engine::params::targets::TARGETS;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// Every process with its id: the command's name where that is one analysis alone.
pub(in crate::http) const PROCESSES: [(&str, &Operation); 13] = [
    ("rank", &RANK),
    ("density", &DENSITY),
    ("clusters", &CLUSTERS),
    ("hotspots", &HOTSPOTS),
    ("compare", &CHANGE),
    ("near-repeat", &NEAR_REPEAT),
    ("areas", &AREAS),
    ("targets", &TARGETS),
    ("explain", &EXPLAIN),
    ("list", &LIST),
    ("brief", &BRIEF),
    ("plan", &PLAN),
    ("counts", &COUNTS),
];

/// The name of the only output of each.
pub(in crate::http) const OUTPUT: &str = "result";

/// The process of an id.
pub(super) fn process(id: &str) -> Result<(&'static str, &'static Operation), Problem> {
    let known = PROCESSES.map(|(id, _)| id);
    PROCESSES.into_iter().find(|(known, _)| *known == id).ok_or_else(|| {
        let near = nearest(id, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        Problem::new(
            axum::http::StatusCode::NOT_FOUND,
            "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process",
            "No such process",
            format!("there is no process `{id}`{near}; there are {}", known.join(", ")),
        )
    })
}

/// All of them in short.
pub(super) fn list(base: &str) -> Json {
    let processes: Vec<Json> =
        PROCESSES.iter().map(|(id, operation)| Json::Object(summary(id, operation, base))).collect();
    json!({
        "processes": processes,
        "links": [
            { "rel": "self", "type": "application/json", "href": format!("{base}/processes") },
            { "rel": JOB_LIST, "type": "application/json", "href": format!("{base}/jobs") },
        ],
    })
}

const EXECUTE: &str = "http://www.opengis.net/def/rel/ogc/1.0/execute";
const JOB_LIST: &str = "http://www.opengis.net/def/rel/ogc/1.0/job-list";

fn summary(id: &str, operation: &Operation, base: &str) -> Map<String, Json> {
    let told = json!({
        "id": id,
        "title": format!("hotblocks {id}"),
        "description": operation.help,
        "version": env!("CARGO_PKG_VERSION"),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            { "rel": "self", "type": "application/json", "href": format!("{base}/processes/{id}") },
            { "rel": EXECUTE, "type": "application/json", "href": format!("{base}/processes/{id}/execution") },
        ],
    });
    if let Json::Object(members) = told { members } else { Map::new() }
}

/// One of them with its inputs and its output.
pub(super) fn describe(
    (id, operation): (&str, &Operation),
    snapshot: &Snapshot,
    defaults: &Values,
    base: &str,
) -> Json {
    let mut told = summary(id, operation, base);
    let names = Names::of(snapshot);
    let needed: Vec<&str> = lacks(operation, defaults, snapshot).map(|param| param.wire).collect();
    let inputs: Map<String, Json> = operation
        .params
        .iter()
        .map(|param| {
            let mut schema = if names.allow(param, Some(operation)) {
                schema(param, &names)
            } else {
                json!({ "type": "string" })
            };
            // What else says what a value is: its unit, and what is usual.
            let usual = inputs::told(param, defaults).or_else(|| inputs::usual(param));
            let more = [
                ("x-unit", unit(param).map(Json::from)),
                ("default", usual.map(|value| crate::encode::geojson::json(&value))),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    schema[name] = value;
                }
            }
            let input = json!({
                "title": param.flag.replace('-', " "),
                "description": format!("{} [default: {}]", param.help, param.default),
                "schema": schema,
                "minOccurs": u8::from(needed.contains(&param.wire)),
                "maxOccurs": 1,
            });
            (param.wire.to_owned(), input)
        })
        .collect();
    told.insert("inputs".to_owned(), Json::Object(inputs));
    let output = json!({
        "title": "Features with what made them",
        "description": "A GeoJSON feature collection, as /collections/{id}/items gives it; `provenance.run` names the inputs with every default, and the data",
        "schema": {
            "type": "object",
            "contentMediaType": GEOJSON,
            "allOf": [
                { "format": "geojson-feature-collection" },
                { "$ref": "https://geojson.org/schema/FeatureCollection.json" },
            ],
        },
    });
    told.insert("outputs".to_owned(), json!({ OUTPUT: output }));
    Json::Object(told)
}

/// The unit that the name of a parameter ends in.
fn unit(param: &Param) -> Option<&'static str> {
    const UNITS: [(&str, &str); 5] =
        [("_m", "m"), ("_days", "d"), ("_hours", "h"), ("_minutes", "min"), ("_months", "mo")];
    let ends = |end: &str| param.wire.ends_with(end) || param.wire == &end[1..];
    UNITS.into_iter().find(|(end, _)| ends(end)).map(|(_, unit)| unit)
}
