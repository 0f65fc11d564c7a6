//! Layers as a table for a terminal.

use crate::layer::{Layer, Value};

/// Columns that say the same in every row and are told above the table instead.
const TOLD_ABOVE: [&str; 8] =
    ["score", "observed_days", "kernel", "bandwidth_m", "sigma_m", "cell_m", "eps_m", "min_points"];

/// What stands above a table: the notice, held places, warnings, what made it.
pub(super) fn head(layer: &Layer) -> String {
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
    let parameters = layer.provenance.iter().find(|(name, _)| *name == "parameters");
    if let Some((_, Value::Map(parameters))) = parameters
        && let Some((_, Value::List(warnings))) = parameters.iter().find(|(name, _)| *name == WARNINGS)
    {
        warnings.iter().for_each(|warning| out.push_str(&format!("! {}\n", super::csv::cell(warning))));
    }
    out + &made_of(layer)
}

/// A layer's features in aligned columns, with its notice, held places and making above.
#[must_use]
pub fn table(layer: &Layer) -> String {
    let mut out = head(layer);
    let rows: Vec<Vec<(&'static str, Value)>> =
        layer.features.iter().map(|feature| short(super::csv::flat(feature))).collect();
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

/// Whether a parameter fits a line: lists of records and what is told as warnings do not.
fn told_in_line(name: &str, value: &Value) -> bool {
    match value {
        Value::Map(members) => !members.is_empty(),
        // A curve is for a picture.
        Value::List(_) if name == "lorenz" => false,
        Value::List(list) => !list.is_empty() && name != WARNINGS && !matches!(list[0], Value::Map(_)),
        Value::Null => false,
        _ => true,
    }
}

/// Sentences that stand above a table.
const WARNINGS: &str = "warnings";

/// Columns of ranked blocks that only the other formats have: a line must fit a terminal.
const NOT_IN_TABLES: [&str; 16] = [
    "top_address_share",
    "sentence",
    "victims",
    "offenses",
    "rank_mean",
    "rate_per_km_year",
    "rate_mean",
    "rate_lo",
    "rate_hi",
    "reports",
    "length_m",
    "area_km2",
    "households",
    "population",
    "n_addresses",
    "observed_days",
];

/// Columns for people: both ends of a rank as one, `2–7`, and of ranked blocks what fits a line.
fn short(columns: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let Some(hi) = columns.iter().find(|(name, _)| *name == "rank_hi").map(|(_, value)| value.clone()) else {
        return columns;
    };
    let one = |(name, value): (&'static str, Value)| match (name, &value, &hi) {
        ("rank_lo", Value::Int(lo), Value::Int(hi)) if lo == hi => {
            Some(("likely", Value::Text(lo.to_string())))
        }
        ("rank_lo", Value::Int(lo), Value::Int(hi)) => Some(("likely", Value::Text(format!("{lo}–{hi}")))),
        ("rank_lo", ..) => Some(("likely", Value::Null)),
        ("rank_hi", ..) => None,
        _ if NOT_IN_TABLES.contains(&name) => None,
        _ => Some((name, value)),
    };
    columns.into_iter().filter_map(one).collect()
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
            .filter(|(name, v)| told_in_line(name, v))
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
