//! Shapes of answers, for the document.

use serde_json::{Value as Json, json};

/// All schemas by their names.
pub(super) fn schemas() -> Json {
    let text = json!({ "type": "string" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let links = json!({ "type": "array", "items": { "$ref": "#/components/schemas/link" } });
    json!({
        "any": { "type": "object" },
        "text": text,
        "bytes": { "type": "string", "format": "binary" },
        "link": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": { "href": text, "rel": text, "type": text, "title": text, "templated": { "type": "boolean" } },
        },
        "landing": {
            "type": "object",
            "required": ["title", "links"],
            "properties": { "title": text, "description": text, "links": links },
        },
        "conformance": {
            "type": "object",
            "required": ["conformsTo"],
            "properties": { "conformsTo": { "type": "array", "items": text } },
        },
        "collections": {
            "type": "object",
            "required": ["links", "collections"],
            "properties": {
                "title": text,
                "links": links,
                "collections": { "type": "array", "items": { "$ref": "#/components/schemas/collection" } },
                "dataset": { "type": "object" },
            },
        },
        "collection": {
            "type": "object",
            "required": ["id", "links"],
            "properties": {
                "id": { "type": "string", "pattern": "^[a-z][a-z0-9_-]*$" },
                "title": text,
                "description": text,
                "itemType": { "type": "string", "enum": ["feature"] },
                "extent": { "type": "object" },
                "crs": { "type": "array", "items": text },
                "links": links,
            },
        },
        "feature": {
            "type": "object",
            "required": ["type", "id", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "id": text,
                "geometry": { "type": "object", "nullable": true },
                "properties": { "type": "object", "nullable": true },
                "links": links,
            },
        },
        "features": {
            "type": "object",
            "required": ["type", "features", "links", "numberMatched", "numberReturned"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": { "type": "array", "items": { "$ref": "#/components/schemas/feature" } },
                "links": links,
                "numberMatched": count,
                "numberReturned": count,
                "legend": { "type": "object", "nullable": true },
                "notice": { "type": "string", "nullable": true },
                "provenance": { "type": "object" },
            },
        },
        "processes": {
            "type": "object",
            "required": ["processes", "links"],
            "properties": {
                "processes": { "type": "array", "items": { "$ref": "#/components/schemas/process" } },
                "links": links,
            },
        },
        "process": {
            "type": "object",
            "required": ["id", "version"],
            "properties": {
                "id": text,
                "title": text,
                "description": text,
                "version": text,
                "jobControlOptions": { "type": "array", "items": text },
                "outputTransmission": { "type": "array", "items": text },
                "inputs": { "type": "object" },
                "outputs": { "type": "object" },
                "links": links,
            },
        },
        "execution": { "type": "object" },
        "jobs": {
            "type": "object",
            "required": ["jobs", "links"],
            "properties": { "jobs": { "type": "array", "items": { "$ref": "#/components/schemas/job" } }, "links": links },
        },
        "job": {
            "type": "object",
            "required": ["jobID", "status", "type"],
            "properties": {
                "jobID": text,
                "processID": text,
                "type": { "type": "string", "enum": ["process"] },
                "status": { "type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"] },
                "message": text,
                "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
                "created": text,
                "started": text,
                "finished": text,
                "updated": text,
                "links": links,
            },
        },
        "problem": {
            "description": "A failure and how to mend it (RFC 9457)",
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text,
                "title": text,
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": text,
                "parameter": { "type": "string", "description": "The parameter at fault" },
                "nearest": { "type": "string", "description": "The parameter that may have been meant" },
                "allowed": { "type": "array", "items": text, "description": "What can be given instead" },
            },
        },
    })
}
