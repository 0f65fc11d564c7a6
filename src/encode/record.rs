//! One feature as a text for people: its properties below each other, lists as small tables.

use super::csv::cell;
use super::table::made_of;
use crate::layer::{Layer, Value};

/// A layer's features one after the other, with its notice and making above; shapes are left out.
#[must_use]
pub fn record(layer: &Layer) -> String {
    let mut out = layer.notice.as_ref().map_or_else(String::new, |notice| format!("! {notice}\n"));
    out.push_str(&made_of(layer));
    for feature in &layer.features {
        out.push_str(&format!("{}\n", feature.id));
        feature.properties.iter().for_each(|(name, value)| tell(&mut out, name, value, 0));
    }
    if layer.features.is_empty() {
        out.push_str("nothing found\n");
    }
    // A name from a file must not move the cursor or color the terminal.
    out.replace(|c: char| c.is_control() && c != '\n', " ")
}

fn tell(out: &mut String, name: &str, value: &Value, depth: usize) {
    let gap = "  ".repeat(depth);
    let label = name.replace('_', " ");
    match value {
        Value::Null => {}
        Value::Map(members) if members.is_empty() => {}
        Value::List(items) if items.is_empty() => {}
        Value::Map(members) => {
            out.push_str(&format!("{gap}{label}\n"));
            members.iter().for_each(|(name, value)| tell(out, name, value, depth + 1));
        }
        Value::List(items) if items.iter().all(|item| matches!(item, Value::Map(_))) => {
            out.push_str(&format!("{gap}{label}\n"));
            rows(out, items, depth + 1);
        }
        Value::List(items) if items.iter().all(|item| matches!(item, Value::Text(_))) => {
            out.push_str(&format!("{gap}{label}\n"));
            items.iter().for_each(|item| out.push_str(&format!("{gap}  {}\n", cell(item))));
        }
        Value::List(items) => {
            let numbers: Vec<String> = items.iter().map(|item| format!("{:>4}", cell(item))).collect();
            out.push_str(&format!("{gap}{label:<10}{}\n", numbers.join(" ")));
        }
        value => out.push_str(&format!("{gap}{label}: {}\n", cell(value))),
    }
}

/// Members of each map in aligned columns under their names.
fn rows(out: &mut String, items: &[Value], depth: usize) {
    let of = |item: &Value| -> Vec<String> {
        let Value::Map(members) = item else { return Vec::new() };
        members.iter().map(|(_, value)| cell(value)).collect()
    };
    let Some(Value::Map(first)) = items.first() else { return };
    let mut lines = vec![first.iter().map(|(name, _)| name.replace('_', " ")).collect::<Vec<_>>()];
    lines.extend(items.iter().map(of));
    let width =
        |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    for line in &lines {
        let cells = line.iter().enumerate().map(|(at, cell)| {
            let gap = " ".repeat(width(at).unwrap_or_default().saturating_sub(cell.chars().count()));
            let number = !matches!(first[at].1, Value::Text(_));
            if number { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str(&format!("{}{}\n", "  ".repeat(depth), line.trim_end()));
    }
}
