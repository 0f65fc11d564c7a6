//! The columns of a layer: one name and one type each, the same in every format that is a table.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::csv::{cell, plain};
use crate::layer::fields::{FieldKind, tables};
use crate::layer::{Feature, Layer, Value};

/// What the formats themselves call a column; a property of that name gets a number behind it.
const TAKEN: [&str; 7] = ["id", "fid", "ogc_fid", "geom", "geometry", "bbox", "wkt"];

/// What all values of a column are, where there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Float,
    /// A local date, `2014-09-05`.
    Date,
    /// A time with its offset, `2014-09-05T10:30:00-04:00`.
    Time,
    Text,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// A number, whole or not.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(n) => Some(*n),
            _ => None,
        }
    }

    /// Its words; a number in a column of words becomes words.
    pub(super) fn words(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Bool(flag) => Some(flag.to_string().into()),
            Self::Int(n) => Some(n.to_string().into()),
            Self::Float(n) => Some(n.to_string().into()),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
    }

    /// Seconds since 1970-01-01 of a time with its offset.
    pub(super) fn second(&self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A local date.
    pub(super) fn date(&self) -> Option<Date> {
        match self {
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Text(text) => match text.as_bytes() {
                // The first signs tell almost all words apart from times, which are then read.
                [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _] if self.date().is_some() => Kind::Date,
                [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T', ..] if self.second().is_some() => {
                    Kind::Time
                }
                _ => Kind::Text,
            },
        })
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A layer as rows under columns; ids and shapes stay with the features.
pub(super) struct Columns<'a> {
    pub(super) columns: Vec<Column>,
    /// A row a feature, a cell a column.
    pub(super) rows: Vec<Vec<Cell<'a>>>,
}

impl<'a> Columns<'a> {
    /// Of a layer. A property with members is a column for each; a property that some features lack is null there.
    pub(super) fn of(layer: &'a Layer) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut found: HashMap<Key, usize> = HashMap::new();
        let mut known: HashSet<String> = TAKEN.map(str::to_owned).into();
        let mut kinds: Vec<Option<Kind>> = Vec::new();
        let mut rows = Vec::with_capacity(layer.features.len());
        for feature in &layer.features {
            let mut row = Vec::with_capacity(names.len());
            row.resize(names.len(), Cell::Null);
            each(feature, |key, value| {
                let at = *found.entry(key).or_insert_with(|| {
                    names.push(free(key, &mut known));
                    kinds.push(None);
                    row.push(Cell::Null);
                    names.len() - 1
                });
                kinds[at] = both(kinds[at], value.kind());
                row[at] = value;
            });
            rows.push(row);
        }
        rows.iter_mut().for_each(|row: &mut Vec<Cell<'a>>| row.resize(names.len(), Cell::Null));
        let mut keys: Vec<_> = found.into_iter().collect();
        keys.sort_unstable_by_key(|(_, at)| *at);
        // A column is what the layer says of it, the same on every page; and wider where its values are.
        let column = |((name, kind), (key, _)): ((String, Option<Kind>), (Key, usize))| Column {
            name,
            kind: both(declared(layer.name, key), kind).unwrap_or(Kind::Text),
        };
        let mut columns: Vec<Column> = names.into_iter().zip(kinds).zip(keys).map(column).collect();
        if layer.features.is_empty() {
            let usual = tables(layer.name).first().into_iter().copied().flatten();
            let usual = usual.filter(|field| field.shown);
            columns.extend(usual.filter_map(|field| {
                Some(Column { name: free((field.name, None), &mut known), kind: column_kind(field.kind)? })
            }));
        }
        Self { columns, rows }
    }
}

/// Where a property stands: its name, and that of the member.
type Key = (&'static str, Option<&'static str>);

/// What the layer says that a property is; nothing of what is made of several.
fn declared(layer: &str, (name, member): Key) -> Option<Kind> {
    let mut all = tables(layer).iter().copied().flatten();
    member
        .is_none()
        .then(|| all.find(|field| field.name == name))
        .flatten()
        .and_then(|field| column_kind(field.kind))
}

fn column_kind(kind: FieldKind) -> Option<Kind> {
    Some(match kind {
        FieldKind::Boolean => Kind::Bool,
        FieldKind::Integer => Kind::Int,
        FieldKind::Number => Kind::Float,
        FieldKind::Date => Kind::Date,
        FieldKind::Time => Kind::Time,
        FieldKind::Text | FieldKind::Texts | FieldKind::List => Kind::Text,
        FieldKind::Map => return None,
    })
}

/// The properties of a feature by where they stand.
fn each<'a>(feature: &'a Feature, mut take: impl FnMut(Key, Cell<'a>)) {
    for (name, value) in &feature.properties {
        match value {
            Value::Map(members) => {
                members.iter().for_each(|(member, value)| take((name, Some(member)), listed(value)));
            }
            value => take((name, None), one(value)),
        }
    }
}

fn one(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(flag) => Cell::Bool(*flag),
        Value::Int(n) => Cell::Int(*n),
        Value::Float(n) if n.is_finite() => Cell::Float(*n),
        Value::Float(_) => Cell::Null,
        Value::Text(text) => Cell::Text(Cow::Borrowed(text)),
        Value::List(_) | Value::Map(_) => Cell::Text(Cow::Owned(cell(value))),
    }
}

/// A member, of which a list is joined by `; `.
fn listed(value: &Value) -> Cell<'_> {
    match value {
        Value::List(list) if list.is_empty() => Cell::Null,
        Value::List(list) => Cell::Text(Cow::Owned(list.iter().map(plain).collect::<Vec<_>>().join("; "))),
        value => one(value),
    }
}

/// A name that no column has yet, in whatever case.
fn free((name, member): Key, known: &mut HashSet<String>) -> String {
    let longer = member.map(|member| format!("{name}_{member}"));
    let plain = member.unwrap_or(name).to_owned();
    let numbered = (2..).map(|n| format!("{plain}_{n}"));
    let mut tries = std::iter::once(plain.clone()).chain(longer).chain(numbered);
    let free = tries.find(|name| known.insert(name.to_lowercase()));
    free.expect("there is always a further number")
}

/// What two kinds are together: numbers are numbers, and whatever else differs is words.
fn both(a: Option<Kind>, b: Option<Kind>) -> Option<Kind> {
    match (a, b) {
        (None, other) | (other, None) => other,
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(Kind::Int | Kind::Float), Some(Kind::Int | Kind::Float)) => Some(Kind::Float),
        _ => Some(Kind::Text),
    }
}

/// Days since 1970-01-01.
pub(super) fn days(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::layer::Legend;

    /// Id, shape and properties of a feature.
    pub(in crate::encode) type Told<'a> = (&'a str, Option<geo::Geometry>, Vec<(&'static str, Value)>);

    /// A layer with a feature for each list of properties.
    pub(in crate::encode) fn layer(features: Vec<Told<'_>>) -> Layer {
        let feature = |(id, geometry, properties): Told<'_>| {
            let geometry = geometry.map(Into::into);
            Feature { id: id.to_owned(), geometry, properties }
        };
        Layer {
            name: "blocks",
            matched: features.len(),
            features: features.into_iter().map(feature).collect(),
            legend: Legend {
                property: None,
                title: String::new(),
                unit: "",
                classes: Vec::new(),
                none: None,
            },
            notice: Some("a sample".to_owned()),
            held_places: Vec::new(),
            provenance: vec![("crs", Value::text("EPSG:32618")), ("category", Value::text("all"))],
        }
    }

    #[test]
    fn a_column_has_the_one_type_that_all_its_values_have() {
        let some = |values: Vec<Value>| values.into_iter().map(|v| ("a", None, vec![("x", v)])).collect();
        let kind = |values: Vec<Value>| Columns::of(&layer(some(values))).columns[0].kind;
        let (int, float, null) = (Value::Int(1), Value::Float(0.5), Value::Null);
        let (day, time) = (Value::text("2014-09-05"), Value::text("2014-09-05T10:30:00-04:00"));
        assert_eq!(kind(vec![null.clone(), int.clone()]), Kind::Int);
        assert_eq!(kind(vec![int.clone(), float, null.clone()]), Kind::Float);
        assert_eq!(kind(vec![null.clone(), null.clone()]), Kind::Text);
        assert_eq!(kind(vec![Value::Bool(true), int]), Kind::Text);
        assert_eq!(kind(vec![day.clone(), null.clone()]), Kind::Date);
        assert_eq!(kind(vec![time.clone(), time.clone()]), Kind::Time);
        assert_eq!(kind(vec![day, time]), Kind::Text);
        for words in ["2014-02-30", "2014-09-05T99:00", "0123456789", "9 Elm-St-5"] {
            assert_eq!(kind(vec![Value::text(words)]), Kind::Text, "{words}");
        }
    }

    #[test]
    fn a_column_without_a_value_has_the_type_that_the_layer_says() {
        let properties = vec![("rank", Value::Null), ("rate_mean", Value::Int(2)), ("latest", Value::Null)];
        let kinds = |layer: &Layer| -> Vec<(String, Kind)> {
            Columns::of(layer).columns.into_iter().map(|column| (column.name, column.kind)).collect()
        };
        let found = kinds(&layer(vec![("a", None, properties)]));
        assert_eq!(found.iter().map(|one| one.1).collect::<Vec<_>>(), [Kind::Int, Kind::Float, Kind::Date]);
        let empty = kinds(&layer(Vec::new()));
        assert!(
            found.iter().all(|one| empty.contains(one)) && !empty.iter().any(|(name, _)| name == "areas")
        );
    }

    #[test]
    fn names_are_unlike_each_other_in_any_case_and_unlike_those_of_the_formats() {
        let map = Value::Map(vec![
            ("rank", Value::Int(2)),
            ("beat", Value::List(vec![Value::text("7"), Value::text("8")])),
        ]);
        let properties =
            vec![("rank", Value::Int(1)), ("Rank", Value::Int(3)), ("areas", map), ("id", Value::Int(4))];
        let layer = layer(vec![("a", None, properties), ("b", None, vec![("late", Value::Bool(true))])]);
        let columns = Columns::of(&layer);
        let names: Vec<&str> = columns.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["rank", "Rank_2", "areas_rank", "beat", "id_2", "late"]);
        assert_eq!(columns.rows[0][3], Cell::Text("7; 8".into()));
        assert_eq!(columns.rows[0][5], Cell::Null);
        assert_eq!(
            columns.rows[1],
            [Cell::Null, Cell::Null, Cell::Null, Cell::Null, Cell::Null, Cell::Bool(true)]
        );
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!([days(Date::constant(1970, 1, 1)), days(Date::constant(2014, 9, 5))], [0, 16_318]);
    }
}
