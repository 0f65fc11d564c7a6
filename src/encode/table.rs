//! Layers as a table for a terminal.

use crate::layer::{Layer, Value};

/// Columns that say the same in every row and are told above the table instead.
const TOLD_ABOVE: [&str; 8] =
    ["score", "observed_days", "kernel", "bandwidth_m", "sigma_m", "cell_m", "eps_m", "min_points"];

/// A layer's features in aligned columns, with its notice, held places and making above.
#[must_use]
pub fn table(layer: &Layer) -> String {
    let mut out = String::new();
    if let Some(notice) = &layer.notice {
        out.push_str(&format!("! {notice}\n"));
    }
    for place in &layer.held_places {
        if let Value::Map(members) = place {
            let get = |name| {
                members.iter().find(|(n, _)| *n == name).map_or(String::new(), |(_, v)| super::csv::cell(v))
            };
            out.push_str(&format!("confirm or release: {} - {}\n", get("name"), get("reason")));
        }
    }
    out.push_str(&made_of(layer));
    let rows: Vec<Vec<(&'static str, Value)>> = layer.features.iter().map(super::csv::flat).collect();
    let Some(first) = rows.first() else {
        out.push_str("nothing found\n");
        return out;
    };
    // Only a score with parts of incidents says more than their number.
    let parts =
        rows.iter().flatten().any(|(name, value)| *name == "score" && matches!(value, Value::Float(_)));
    let shown = |name: &str| {
        let empty =
            |row: &Vec<(&'static str, Value)>| row.iter().any(|(n, v)| *n == name && *v == Value::Null);
        (!TOLD_ABOVE.contains(&name) || name == "score" && parts) && !rows.iter().all(empty)
    };
    let columns: Vec<usize> = (0..first.len()).filter(|&at| shown(first[at].0)).collect();
    let mut lines = vec![columns.iter().map(|&at| first[at].0.to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|&at| super::csv::cell(&row[at].1)).collect()));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let number = |at: usize| matches!(first[columns[at]].1, Value::Int(_) | Value::Float(_));
    for line in &lines {
        let cells = line.iter().enumerate().map(|(at, cell)| {
            let gap = " ".repeat(widths[at] - cell.chars().count());
            if number(at) { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    // A name from a file must not move the cursor or color the terminal.
    out.replace(|c: char| c.is_control() && c != '\n', " ")
}

/// Three lines: period and categories, counts, CRS and parameters.
pub(super) fn made_of(layer: &Layer) -> String {
    let get = |name: &str| layer.provenance.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
    let words = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "all time".to_owned(),
        Some(Value::List(names)) => names.iter().map(super::csv::cell).collect::<Vec<_>>().join(", "),
        Some(value) => super::csv::cell(value),
    };
    let pairs = |value: Option<&Value>| match value {
        Some(Value::Map(members)) => members
            .iter()
            .filter(|(_, v)| !matches!(v, Value::Map(m) if m.is_empty()))
            .map(|(name, v)| format!("{name} {}", super::csv::cell(v)))
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    };
    format!(
        "{}: {}; category {}\n{}\n{} in {}; {}\n\n",
        words(get("title")),
        words(get("period")),
        words(get("category")),
        pairs(get("counts")),
        words(get("block_set")),
        words(get("crs")),
        pairs(get("parameters")),
    )
}
