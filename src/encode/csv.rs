//! Layers as CSV: the properties, one row a feature; what must be said stands in a last column.

use crate::layer::{Layer, Value};

/// A layer's features as comma-separated rows under a header, UTF-8, lines ended by LF.
#[must_use]
pub fn rows(layer: &Layer) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let Some(first) = layer.features.first() else { return "id\n".to_owned() };
    let notice = layer.notice.as_deref();
    let names = first.properties.iter().map(|(name, _)| *name);
    let header = std::iter::once("id").chain(names).chain(notice.map(|_| "notice"));
    out.write_record(header).expect("memory takes all");
    for feature in &layer.features {
        let values = feature.properties.iter().map(|(_, value)| cell(value));
        let row = std::iter::once(safe(&feature.id)).chain(values).chain(notice.map(safe));
        out.write_record(row).expect("memory takes all");
    }
    String::from_utf8(out.into_inner().expect("memory takes all")).expect("written as UTF-8")
}

/// A value as it stands in a cell.
#[must_use]
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Text(text) => safe(text),
        Value::List(_) | Value::Map(_) => super::geojson::json(value).to_string(),
    }
}

/// Text that a spreadsheet would run as a formula gets an apostrophe in front.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
