//! The document as a page for people: plain HTML without scripts, all of it from here.

use std::fmt::Write;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use crate::encode::sheets::escaped;

/// The page of a document.
pub(super) fn page(document: &Json) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html(document)).into_response()
}

fn html(document: &Json) -> String {
    let base = text(&document["servers"][0]["url"]);
    let title = text(&document["info"]["title"]);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Interface of {title}</title>\n\
         <link rel=\"stylesheet\" href=\"{base}/page/docs.css\">\n</head>\n<body>\n<main>\n\
         <h1>Interface of {title}</h1>\n<p>{}</p>\n\
         <p><a href=\"{base}/api?f=json\">The same as OpenAPI 3.0</a> · <a href=\"{base}/\">Map</a> · \
         <a href=\"{base}/collections\">Layers</a></p>\n",
        text(&document["info"]["description"])
    );
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, methods) in paths {
        for (method, told) in methods.as_object().into_iter().flatten() {
            section(&mut page, document, path, method, told);
        }
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn section(page: &mut String, document: &Json, path: &str, method: &str, told: &Json) {
    let id = text(&told["operationId"]);
    // Writing to a string cannot fail.
    _ = write!(
        page,
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\"><code>{} {}</code></h2>\n<p>{}</p>\n",
        method.to_uppercase(),
        escaped(path),
        text(&told["summary"])
    );
    let parameters = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str("<table>\n<thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">Takes</th><th scope=\"col\">What it does</th></tr></thead>\n<tbody>\n");
        for parameter in parameters {
            let parameter = resolved(document, parameter);
            let must = if parameter["required"] == true { " (required)" } else { "" };
            _ = writeln!(
                page,
                "<tr><th scope=\"row\"><code>{}</code>{must}</th><td>{}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                takes(&parameter["schema"]),
                text(&parameter["description"])
            );
        }
        page.push_str("</tbody>\n</table>\n");
    }
    page.push_str("</section>\n");
}

/// What a reference points to.
fn resolved<'a>(document: &'a Json, one: &'a Json) -> &'a Json {
    let address = one["$ref"].as_str().and_then(|address| address.strip_prefix('#'));
    address.and_then(|address| document.pointer(address)).unwrap_or(one)
}

/// A schema in words.
fn takes(schema: &Json) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(text).collect();
        return words.join(", ");
    }
    if schema["type"] == "array" {
        return format!("several of: {}", takes(&schema["items"]));
    }
    let bounds = match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        (Some(least), Some(most)) if most < 1e15 => format!(", {least} to {most}"),
        (Some(least), _) => format!(", from {least}"),
        _ => String::new(),
    };
    format!("{}{bounds}", text(&schema["type"]))
}

/// A text, made harmless.
fn text(value: &Json) -> String {
    escaped(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_data_set_is_called_is_text_and_no_markup() {
        let document = json!({
            "servers": [{ "url": "http://127.0.0.1" }],
            "info": { "title": "<script>x</script>", "description": "\"a\" & b" },
            "paths": { "/a": { "get": { "operationId": "getA", "summary": "<b>", "parameters": [
                { "$ref": "#/components/parameters/limit" },
            ] } } },
            "components": { "parameters": { "limit": {
                "name": "limit", "description": "how many", "required": true,
                "schema": { "type": "integer", "minimum": 1, "maximum": 10 },
            } } },
        });
        let page = html(&document);
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert!(
            page.contains("<code>limit</code> (required)") && page.contains("integer, 1 to 10"),
            "{page}"
        );
    }
}
