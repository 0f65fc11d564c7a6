//! Layers as CSV: the properties, one row a feature; what made it and what must be said in last columns.

use crate::layer::{Feature, Layer, Value};

/// A layer's features as comma-separated rows under a header, UTF-8, lines ended by LF.
#[must_use]
pub fn rows(layer: &Layer) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let Some(first) = layer.features.first() else { return "id\n".to_owned() };
    let made_of = made_of(layer);
    let first = flat(first);
    let names = first.iter().map(|(name, _)| *name);
    let header = std::iter::once("id").chain(names).chain(made_of.iter().map(|(name, _)| *name));
    out.write_record(header).expect("memory takes all");
    for feature in &layer.features {
        let flat = flat(feature);
        let values = flat.iter().map(|(_, value)| cell(value));
        let same = made_of.iter().map(|(_, value)| value.clone());
        let row = std::iter::once(safe(&feature.id)).chain(values).chain(same);
        out.write_record(row).expect("memory takes all");
    }
    String::from_utf8(out.into_inner().expect("memory takes all")).expect("written as UTF-8")
}

/// Properties as columns: one with members is a column for each, in which lists are joined by `; `.
#[must_use]
pub fn flat(feature: &Feature) -> Vec<(&'static str, Value)> {
    let mut columns = Vec::with_capacity(feature.properties.len());
    for (name, value) in &feature.properties {
        match value {
            Value::Map(members) => columns.extend(members.iter().map(|(name, value)| {
                let value = match value {
                    Value::List(list) if list.is_empty() => Value::Null,
                    Value::List(list) => Value::Text(list.iter().map(plain).collect::<Vec<_>>().join("; ")),
                    value => value.clone(),
                };
                (*name, value)
            })),
            value => columns.push((*name, value.clone())),
        }
    }
    columns
}

/// A value within a list, without what guards a cell.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        value => cell(value),
    }
}

/// Columns that are the same in every row: period, category, CRS, and what must be said.
fn made_of(layer: &Layer) -> Vec<(&'static str, String)> {
    let told = ["period", "category", "crs"].into_iter().filter_map(|name| {
        let (_, value) = layer.provenance.iter().find(|(n, _)| *n == name)?;
        Some((
            name,
            match value {
                Value::Null => "all".to_owned(),
                Value::List(names) => names.iter().map(cell).collect::<Vec<_>>().join(" "),
                value => cell(value),
            },
        ))
    });
    let told = told.filter(|(name, _)| !layer.features[0].properties.iter().any(|(n, _)| n == name));
    told.chain(layer.notice.iter().map(|notice| ("notice", safe(notice)))).collect()
}

/// A value as it stands in a cell.
#[must_use]
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(n) => n.to_string(),
        // Thirty zeros after the point are no number that anybody reads.
        Value::Float(n) if *n != 0.0 && n.abs() < 1e-6 => format!("{n:e}"),
        Value::Float(n) => n.to_string(),
        Value::Text(text) => safe(text),
        Value::List(_) | Value::Map(_) => super::geojson::json(value).to_string(),
    }
}

/// Text that a spreadsheet would run as a formula gets an apostrophe in front.
pub(super) fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
