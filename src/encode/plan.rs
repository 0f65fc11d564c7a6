//! Patrol plans on paper: one table a shift and day, that can be cut off and handed out.

use crate::layer::{Feature, Layer, Value};

/// The columns of a table of stops.
const COLUMNS: [&str; 6] = ["start", "end", "officer", "name", "minutes", "travel_minutes"];

/// A plan's stops as one table for each shift and day, below what made it; other sheets as one table.
#[must_use]
pub fn sheets(layer: &Layer) -> String {
    let stops = layer.features.iter().all(|feature| get(feature, "start") != Value::Null);
    if layer.features.is_empty() || !stops {
        return super::table::table(layer);
    }
    let mut out = super::table::head(layer);
    let shift =
        |feature: &Feature| ["shift", "beat", "date", "begins", "ends"].map(|name| get(feature, name));
    for sheet in layer.features.chunk_by(|a, b| shift(a) == shift(b)) {
        let [name, beat, date, begins, ends] = shift(&sheet[0]).map(|value| super::csv::cell(&value));
        let told =
            [name, beat, date].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        out.push_str(&format!("{told}: {begins} to {ends}\n"));
        let mut lines = vec![COLUMNS.map(str::to_owned)];
        lines.extend(sheet.iter().map(|stop| COLUMNS.map(|name| super::csv::cell(&get(stop, name)))));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            out.push_str(&format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end()));
        }
        out.push('\n');
    }
    out.replace(|c: char| c.is_control() && c != '\n', " ")
}

fn get(feature: &Feature, name: &str) -> Value {
    feature.properties.iter().find(|(n, _)| *n == name).map_or(Value::Null, |(_, value)| value.clone())
}
