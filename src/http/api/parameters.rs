//! Parameters of the one table as OpenAPI 3.0 describes them.

use serde_json::{Value as Json, json};

use super::super::crs::uris;
use super::super::query::MOST_DRAWS;
use super::super::walks::NAMES;
use crate::engine::params::choosing::{BBOX_CRS, CRS, FILTER_CRS, PROPERTIES, SNAPSHOT, SORTBY};
use crate::engine::params::ranking::DRAWS;
use crate::engine::params::table::{
    BBOX, DEFAULT_LIMIT, Kind, LIMIT, MOST_NUMBERS, OFFSET, Operation, PERIOD, Param,
};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::layer::cql2::MOST_SORTS;
use crate::layer::fields::{Field, FieldKind, ID, all, fields, values};
use crate::model::areas::AreaKind;

/// More names of areas than these are not listed one by one.
const MOST_NAMES: usize = 500;

/// A date that there is, leap years and all.
const DAY: &str = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

/// A time of day with where it is that time.
const CLOCK: &str = "[Tt]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?([Zz]|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)";

/// A number of years, months, weeks or days, or of what a day has.
const SOME: &str = "[1-9][0-9]{0,2}";

/// Whatever `datetime` takes in a query: a date or an instant, or an interval of them with open ends or a duration.
///
/// Hours go with an instant only, for a date has none to count from.
fn times() -> String {
    let day = |unit: &str| format!("{SOME}{unit}");
    let [years, months, weeks, days] = ["Y", "M", "W", "D"].map(day);
    let long =
        format!("{years}({months})?({weeks})?({days})?|{months}({weeks})?({days})?|{weeks}({days})?|{days}");
    let [hours, minutes, seconds] = ["H", "M", "S"].map(day);
    let short = format!("{hours}({minutes})?({seconds})?|{minutes}({seconds})?|{seconds}");
    let (end, instant) = (format!("{DAY}({CLOCK})?"), format!("{DAY}{CLOCK}"));
    let length = format!("P({long})?T({short})");
    format!(
        "{end}(/({end}|\\.\\.|P({long}))?)?|(\\.\\.|P({long}))?/{end}|{instant}/{length}|{length}/{instant}"
    )
}

/// Names of the data set that parameters take.
pub(in crate::http) struct Names {
    categories: Vec<String>,
    areas: Vec<String>,
    kinds: Vec<AreaKind>,
    crs: Vec<String>,
}

impl Names {
    pub(in crate::http) fn of(snapshot: &Snapshot) -> Self {
        let data = snapshot.dataset();
        let categories = data.classes.tree().rows().iter().map(|row| row.name.clone());
        let areas = data
            .areas
            .iter()
            .flat_map(|layer| layer.areas.iter().map(move |area| format!("{}:{}", layer.kind, area.name)));
        let kinds = data.areas.iter().map(|layer| layer.kind).collect();
        let mut areas: Vec<String> = areas.collect();
        areas.sort_unstable();
        areas.dedup();
        Self {
            categories: ["all".to_owned()].into_iter().chain(categories).collect(),
            areas,
            kinds,
            crs: uris(snapshot),
        }
    }

    /// Whether a parameter can be used at all with these data.
    ///
    /// A layer asks for areas of a kind by the name of the kind; another field of that name is what it is.
    pub(in crate::http) fn allow(&self, param: &Param, operation: Option<&Operation>) -> bool {
        let of_areas = |layer| all(layer).iter().any(|f| f.name == param.wire && f.kind == FieldKind::Texts);
        let kind = AreaKind::ALL.into_iter().find(|kind| kind.word() == param.wire);
        let kind = kind.filter(|_| operation.is_none_or(|operation| of_areas(operation.collection)));
        let is_there = kind.is_none_or(|kind| self.kinds.contains(&kind));
        is_there && (param.kind != Kind::Areas || !self.areas.is_empty())
    }
}

/// What a parameter takes that names fields of a layer; `None` of any other.
pub(super) fn of_fields(param: &Param, layer: &str, snapshot: &Snapshot) -> Option<Json> {
    let own = || [ID].into_iter().chain(fields(layer, snapshot.dataset()));
    let several = |names: Vec<String>| json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": names } });
    if *param == SORTBY {
        let sorts = |field: &Field| field.kind.is_plain() && field.kind != FieldKind::Texts;
        let both = |field: Field| [field.name.to_owned(), format!("-{}", field.name)];
        let mut told = several(own().filter(sorts).flat_map(both).collect());
        told["maxItems"] = MOST_SORTS.into();
        Some(told)
    } else if *param == PROPERTIES {
        Some(several(own().filter(|field| field.shown).map(|field| field.name.to_owned()).collect()))
    } else {
        let field = own().find(|field| field.name == param.wire && param.kind == Kind::Text)?;
        if field.kind == FieldKind::Time {
            // The instant that a field has, exactly; its seconds may be left out, which the format date-time forbids.
            return Some(json!({ "type": "string", "pattern": format!("^{DAY}{CLOCK}$") }));
        }
        // A field of few values takes no other.
        let known = values(layer, &field, snapshot.dataset());
        (!known.is_empty()).then(|| json!({ "type": "string", "enum": known }))
    }
}

/// A parameter of a query.
pub(super) fn parameter(param: &Param, required: bool, names: &Names, defaults: &Values) -> Json {
    let described = match param.default {
        "" => param.help.to_owned(),
        default => format!("{}. Default: {default}.", param.help),
    };
    let mut schema = schema(param, names);
    if *param == SNAPSHOT {
        schema = json!({ "type": "string", "pattern": NAMES });
    }
    if param.kind == Kind::Period && param.wire == PERIOD.wire {
        schema["pattern"] = format!("^({})$", times()).into();
    }
    if let Some(default) = default(param, defaults) {
        schema["default"] = default;
    }
    json!({
        "name": param.wire,
        "in": "query",
        "description": described,
        "required": required,
        "style": "form",
        "explode": false,
        "schema": schema,
    })
}

/// What a value looks like.
pub(in crate::http) fn schema(param: &Param, names: &Names) -> Json {
    let several = |items: Json| json!({ "type": "array", "minItems": 1, "items": items });
    let pattern =
        |pattern: String| json!({ "type": "string", "minLength": 1, "pattern": format!("^({pattern})$") });
    match param.kind {
        Kind::Period => pattern(format!("{DAY}|{DAY}/{DAY}|{DAY}/(\\.\\.)?|(\\.\\.)?/{DAY}")),
        Kind::Date => pattern(DAY.to_owned()),
        Kind::Names => several(json!({ "type": "string", "enum": names.categories })),
        Kind::Areas if names.areas.len() <= MOST_NAMES => {
            several(json!({ "type": "string", "enum": names.areas }))
        }
        Kind::Areas => several(json!({ "type": "string", "minLength": 1 })),
        Kind::Words(words) => several(json!({ "type": "string", "enum": words })),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Length { least, most } | Kind::Number { least, most } => number(least, most),
        Kind::Lengths { least, most } | Kind::Numbers { least, most } => {
            let mut ascending = several(number(least, most));
            ascending["uniqueItems"] = true.into();
            ascending["maxItems"] = MOST_NUMBERS.into();
            ascending
        }
        Kind::Hours => number(0.0, 8_760.0),
        Kind::Count { least, .. } if param.wire == DRAWS.wire => {
            json!({ "type": "integer", "minimum": least, "maximum": MOST_DRAWS })
        }
        Kind::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Amount => pattern(
            "([1-9][0-9]{0,5}(\\.[0-9]{1,3})?|0\\.[0-9]{0,5}[1-9])(km2|mi2|km|mi|ft|m|blocks|households)"
                .to_owned(),
        ),
        Kind::Capacity => pattern("[1-9][0-9]{0,5}(blocks|households)".to_owned()),
        Kind::Text if [CRS.wire, BBOX_CRS.wire, FILTER_CRS.wire].contains(&param.wire) => {
            json!({ "type": "string", "enum": names.crs })
        }
        // An empty value of what clients add to every address is as good as any.
        Kind::Text if param.flag.is_empty() => json!({ "type": "string" }),
        Kind::Text => json!({ "type": "string", "minLength": 1, "pattern": "[^ \\t\\r\\n]" }),
        // Both ways of saying four or six: OGC's suite reads the first, clients that check the second.
        Kind::BBox => json!({
            "type": "array",
            "minItems": 4,
            "maxItems": 6,
            "items": { "type": "number" },
            "oneOf": [{ "minItems": 4, "maxItems": 4 }, { "minItems": 6, "maxItems": 6 }],
        }),
    }
}

fn number(least: f64, most: f64) -> Json {
    json!({ "type": "number", "minimum": least, "maximum": most })
}

/// What holds where nothing is given, if it is one value.
fn default(param: &Param, defaults: &Values) -> Option<Json> {
    match param.kind {
        Kind::Length { .. } => defaults.length(param).map(|length| length.0.into()),
        Kind::Number { .. } | Kind::Hours => defaults.number(param).map(Json::from),
        Kind::Word(words) => {
            let word = defaults.word(param).or_else(|| words.iter().find(|w| **w == param.default).copied());
            word.map(Json::from)
        }
        Kind::Count { .. } if *param == LIMIT => Some(DEFAULT_LIMIT.into()),
        // A list that is as long as it can be where no `limit` is given.
        Kind::Count { most, .. } if param.wire == LIMIT.wire => Some(most.into()),
        Kind::Count { .. } => defaults.count(param).or_else(|| param.default.parse().ok()).map(Json::from),
        _ => None,
    }
}

/// Parameters that every client looks for by these names.
pub(super) const WELL_KNOWN: [&Param; 3] = [&BBOX, &LIMIT, &OFFSET];
