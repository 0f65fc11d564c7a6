//! What the features of each layer tell, field by field: schema, queryables, filters and their errors come from here.

mod blocks;
mod others;

use super::filter::Cell;
use crate::model::areas::AreaKind;
use crate::model::dataset::Dataset;
use crate::model::report::Origin;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Words.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A local date.
    Date,
    /// An instant, told in local time with its offset.
    Time,
    /// Several words; a comparison holds where it holds for any of them.
    Texts,
    /// A list of other things.
    List,
    /// Named members.
    Map,
}

impl FieldKind {
    /// Whether features can be chosen and sorted by it.
    #[must_use]
    pub fn is_plain(self) -> bool {
        !matches!(self, Self::List | Self::Map)
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text | Self::Texts => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Map => "an object",
        }
    }
}

/// What of a feature its shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A place.
    Point,
    /// One or more polygons.
    Polygons,
    /// Whatever the data are.
    Any,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in features, filters and queries.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Its unit by UCUM; empty where it has none.
    pub unit: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Whether it stands in features by this name; others can only be asked for.
    pub shown: bool,
}

/// The id of every feature.
pub const ID: Field = text("id", "Stable id of the feature in its layer");

/// The shape of every feature, as filters name it.
pub const GEOMETRY: &str = "geometry";

const fn field(name: &'static str, kind: FieldKind, unit: &'static str, help: &'static str) -> Field {
    Field { name, kind, unit, help, shown: true }
}

const fn text(name: &'static str, help: &'static str) -> Field {
    field(name, FieldKind::Text, "", help)
}

const fn integer(name: &'static str, help: &'static str) -> Field {
    field(name, FieldKind::Integer, "", help)
}

const fn number(name: &'static str, help: &'static str) -> Field {
    field(name, FieldKind::Number, "", help)
}

const fn measure(name: &'static str, unit: &'static str, help: &'static str) -> Field {
    field(name, FieldKind::Number, unit, help)
}

const fn of(kind: FieldKind, name: &'static str, help: &'static str) -> Field {
    field(name, kind, "", help)
}

/// Names of the areas that a thing lies in, by kind.
const AREAS: Field = of(FieldKind::Map, "areas", "Names of the areas that it lies in, by kind");

/// The fields of a layer over a data set, in the order of its features, in whatever view; empty for a layer that is not.
///
/// Areas can be asked for by kind (`neighborhood`, `district` …), as far as the data have that kind.
#[must_use]
pub fn fields(layer: &str, data: &Dataset) -> Vec<Field> {
    let there = |field: &Field| {
        let kind = AreaKind::ALL
            .into_iter()
            .find(|kind| field.kind == FieldKind::Texts && kind.word() == field.name);
        kind.is_none_or(|kind| data.areas.iter().any(|layer| layer.kind == kind))
    };
    all(layer).into_iter().filter(there).collect()
}

/// The fields of a layer over any data set.
#[must_use]
pub fn all(layer: &str) -> Vec<Field> {
    let mut all: Vec<Field> = tables(layer).concat();
    if all.iter().any(|field| field.name == AREAS.name) {
        all.extend(AreaKind::ALL.map(|kind| Field {
            shown: false,
            ..of(FieldKind::Texts, kind.word(), "Name of an area of this kind that it lies in")
        }));
    }
    all
}

/// The fields of a layer by its views, the usual one first.
pub(crate) fn tables(layer: &str) -> &'static [&'static [Field]] {
    match layer {
        "incidents" => &[others::INCIDENTS],
        "blocks" => &[blocks::LIST, blocks::BIAS, blocks::CONCENTRATION, blocks::CHANGE],
        "density" => &[others::DENSITY],
        "clusters" => &[others::CLUSTERS],
        "hotspots" => &[others::HOTSPOTS],
        "near-repeat" => &[others::NEAR_REPEAT],
        "areas" => &[others::AREA],
        "targets" => &[others::TARGETS],
        "explain" => &[blocks::EXPLAIN],
        "list" => &[others::LIST],
        "brief" => &[others::BRIEF],
        "plan" => &[others::PLAN, others::SITES],
        _ => &[],
    }
}

/// What the features of a layer are on the map.
#[must_use]
pub fn shape(layer: &str) -> Shape {
    match layer {
        "incidents" => Shape::Point,
        "areas" | "clusters" | "near-repeat" => Shape::Polygons,
        _ => Shape::Any,
    }
}

/// Values that a text field can have, where they are few and the same for all features.
#[must_use]
pub fn values(layer: &str, field: &Field, data: &Dataset) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match (layer, field.name) {
        ("incidents", "origin") => Origin::ALL.iter().map(|origin| origin.word().to_owned()).collect(),
        ("incidents", "status") => words(&["confirmed", "unreviewed"]),
        ("incidents", "located") => words(&["located", "geocoded"]),
        ("incidents", "source") => data.sources.iter().map(|source| source.name.clone()).collect(),
        ("blocks", "kind") => words(&["segment", "node", "polygon", "hundred-block"]),
        ("incidents", "category") => {
            let rows = data.classes.tree().rows();
            let mut found: Vec<usize> =
                data.classes.rows().iter().filter_map(|class| class.category).collect();
            found.sort_unstable();
            found.dedup();
            found.into_iter().map(|at| rows[at].name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// A value of a kind as filters see it, from what stands in a feature.
pub(super) fn cell(kind: FieldKind, value: &super::Value) -> Cell<'_> {
    use super::Value;
    match (kind, value) {
        (FieldKind::Date, Value::Text(text)) => text.parse().map_or(Cell::Null, Cell::Date),
        (FieldKind::Time, Value::Text(text)) => text.parse().map_or(Cell::Null, Cell::Time),
        (_, Value::Text(text)) => Cell::Text(text.into()),
        (_, Value::Bool(flag)) => Cell::Bool(*flag),
        (_, Value::Int(n)) => Cell::Number(*n as f64),
        (_, Value::Float(n)) => Cell::Number(*n),
        (FieldKind::Texts, Value::List(list)) => {
            let texts = list.iter().filter_map(|one| match one {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            });
            Cell::Texts(texts.collect())
        }
        _ => Cell::Null,
    }
}
