//! Inputs of a process: from JSON to values of the table, and from values to the one form in which they are told.

use serde_json::{Map, Value as Json, json};

use super::super::problem::Problem;
use crate::engine::params::amount::Amount;
use crate::engine::params::table::{CATEGORY, Kind, Operation, PERIOD, Param};
use crate::engine::params::values::{ALL, BadValue, Values};
use crate::layer::Value;

/// Checks inputs against the table: unknown and unusable ones are refused.
pub(super) fn values(id: &str, operation: &Operation, inputs: &Map<String, Json>) -> Result<Values, Problem> {
    let mut values = Values::default();
    for (name, value) in inputs {
        let Some(param) = operation.params.iter().find(|param| param.wire == name) else {
            let allowed = operation.params.iter().map(|param| param.wire).collect();
            return Err(Problem::unknown_parameter(name, &format!("/processes/{id}"), allowed));
        };
        let texts = texts(param, value).ok_or_else(|| BadValue {
            name: name.clone(),
            value: value.to_string(),
            mend: format!("give {}; leave out what is not to be given", form(param)),
        })?;
        for text in texts {
            values.set_wire(param, &text)?;
        }
    }
    Ok(values)
}

/// What an input is in JSON.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Number,
    Text,
    /// Names that may be several.
    Texts,
    Numbers,
}

impl Form {
    fn of(param: &Param) -> Self {
        match param.kind {
            Kind::Length { .. } | Kind::Number { .. } | Kind::Count { .. } | Kind::Hours => Self::Number,
            Kind::Lengths { .. } | Kind::Numbers { .. } | Kind::BBox => Self::Numbers,
            Kind::Names | Kind::Areas | Kind::Words(_) => Self::Texts,
            Kind::Period | Kind::Date | Kind::Word(_) | Kind::Amount | Kind::Capacity | Kind::Text => {
                Self::Text
            }
        }
    }

    const fn is_several(self) -> bool {
        matches!(self, Self::Texts | Self::Numbers)
    }
}

/// The form of an input in words.
fn form(param: &Param) -> &'static str {
    match Form::of(param) {
        Form::Number => "a number",
        Form::Text => "a text",
        Form::Texts => "a list of texts, or one text without commas",
        Form::Numbers => "a list of numbers, or one number",
    }
}

/// What an input may be, by what its values are: several as a list, one of several also by itself. `texts` takes just that.
pub(in crate::http) fn plain_form(param: &Param, schema: Json) -> Json {
    match schema.get("items") {
        Some(one) if Form::of(param).is_several() => json!({ "anyOf": [schema, one] }),
        _ => schema,
    }
}

/// The texts of an input as they would stand in a query; `None` of what is of another form than the parameter's.
fn texts(param: &Param, value: &Json) -> Option<Vec<String>> {
    // OGC API – Processes, 8.4: a qualified value.
    let value = match value {
        Json::Object(members) if members.len() == 1 => members.get("value")?,
        value => value,
    };
    let form = Form::of(param);
    let one = |value: &Json| match (form, value) {
        // A comma would part a name in two.
        (Form::Texts, Json::String(text)) if param.kind != Kind::Areas && text.contains(',') => None,
        (Form::Text | Form::Texts, Json::String(text)) => Some(text.clone()),
        // 10.0 is a whole number in JSON.
        (Form::Number | Form::Numbers, Json::Number(n)) => Some(match n.as_f64() {
            Some(whole) if n.is_f64() && whole.fract() == 0.0 && whole.abs() < 1e15 => {
                (whole as i64).to_string()
            }
            _ => n.to_string(),
        }),
        _ => None,
    };
    match value {
        Json::Array(list) if list.is_empty() || !form.is_several() => None,
        Json::Array(list) => {
            let all: Vec<String> = list.iter().map(one).collect::<Option<_>>()?;
            // The name of an area may have a comma itself.
            if param.kind == Kind::Areas { Some(all) } else { Some(vec![all.join(",")]) }
        }
        value => one(value).map(|text| vec![text]),
    }
}

/// All parameters of an operation in the order of the table, with what was given, configured, or else is usual.
///
/// Two requests that mean the same have the same: names are sorted, and a usual value that is given is one that is not;
/// but where `as_usual` is false, what is not given is not what the table says.
pub(super) fn canonical(
    operation: &Operation,
    values: &Values,
    as_usual: bool,
) -> Vec<(&'static str, Value)> {
    let usual = |param: &Param| if as_usual { usual(param) } else { None };
    let value = |param: &Param| told(param, values).or_else(|| usual(param)).unwrap_or(Value::Null);
    operation.params.iter().map(|param| (param.wire, value(param))).collect()
}

/// What a parameter's value is, if it has one.
pub(super) fn told(param: &Param, values: &Values) -> Option<Value> {
    let number =
        |n: f64| if n.fract() == 0.0 && n.abs() < 1e15 { Value::Int(n as i64) } else { Value::Float(n) };
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        Value::List(names.into_iter().map(Value::Text).collect())
    };
    match param.kind {
        Kind::Period if param.flag == PERIOD.flag => values.period.map(|p| Value::text(p.to_string())),
        Kind::Period => values.other_period(param).map(|p| Value::text(p.to_string())),
        Kind::Names if param.wire == CATEGORY.wire => {
            values.categories.as_ref()?;
            let names = values.query().categories;
            Some(if names.is_empty() { Value::text(ALL) } else { sorted(&names) })
        }
        Kind::Names => None,
        Kind::Areas => values.within.as_deref().map(sorted),
        Kind::Length { .. } => values.length(param).map(|length| Value::Float(length.0)),
        Kind::Lengths { .. } => {
            let lengths = values.lengths(param)?;
            Some(Value::List(lengths.iter().map(|length| Value::Float(length.0)).collect()))
        }
        Kind::Number { .. } | Kind::Hours => values.number(param).map(number),
        Kind::Numbers { .. } => {
            Some(Value::List(values.numbers(param)?.iter().copied().map(number).collect()))
        }
        // A seed may be larger than any number of JSON that all clients read.
        Kind::Count { .. } => values
            .count(param)
            .map(|n| i64::try_from(n).map_or_else(|_| Value::text(n.to_string()), Value::Int)),
        Kind::Word(_) => values.word(param).map(Value::text),
        Kind::Words(_) => {
            let words = values.words(param);
            (!words.is_empty()).then(|| Value::List(words.iter().copied().map(Value::text).collect()))
        }
        Kind::Amount => values.amount(param).map(|amount| {
            // For people it is rounded; here nothing may be.
            let text = amount.to_string();
            let exact = Amount::parse(&text) == Some(amount);
            Value::text(if exact { text } else { format!("{text} = {:?}", amount.base) })
        }),
        Kind::Capacity => values.capacity(param).map(|capacity| Value::text(capacity.to_string())),
        Kind::Text => values.text(param).map(Value::text),
        Kind::Date => values.date(param).map(|date| Value::text(date.to_string())),
        Kind::BBox => values.bbox.map(|b| Value::List([b.west, b.south, b.east, b.north].map(number).into())),
    }
}

/// What the table says to hold where nothing is given, if it says a value and not only words.
pub(super) fn usual(param: &Param) -> Option<Value> {
    if param.wire == CATEGORY.wire {
        return Some(Value::text(ALL));
    }
    let names_a_value =
        matches!(param.kind, Kind::Word(_) | Kind::Words(_) | Kind::Count { .. } | Kind::Number { .. });
    let mut values = Values::default();
    if !names_a_value || values.set_wire(param, param.default).is_err() {
        return None;
    }
    told(param, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::params::clusters::CLUSTERS;
    use crate::engine::params::ranking::RANK;
    use crate::engine::params::table::DENSITY;

    fn read(operation: &Operation, inputs: &Json) -> Result<Values, Problem> {
        values("x", operation, inputs.as_object().expect("inputs"))
    }

    #[test]
    fn inputs_that_mean_the_same_have_one_form() {
        let form = |operation: &Operation, inputs: Json| {
            canonical(operation, &read(operation, &inputs).expect("usable"), true)
        };
        for (operation, a, b) in [
            (
                &DENSITY,
                json!({"bandwidth_m": 250}),
                json!({"bandwidth_m": {"value": 250.0}, "kernel": "quartic"}),
            ),
            (
                &RANK,
                json!({"category": ["robbery", "burglary"]}),
                json!({"category": ["burglary", "robbery", "robbery"]}),
            ),
            (&RANK, json!({}), json!({"category": "all", "top": 10.0, "by": {"value": "count"}, "seed": 1})),
            (&RANK, json!({"within": ["A", "B"]}), json!({"within": ["B", "A"]})),
        ] {
            assert_eq!(form(operation, a), form(operation, b));
        }
        for (operation, a, b) in [
            (&DENSITY, json!({"bandwidth_m": 250}), json!({"bandwidth_m": 251})),
            (&RANK, json!({}), json!({"seed": 2})),
            (&RANK, json!({"datetime": "2018-01-01"}), json!({"compare_datetime": "2018-01-01"})),
            (&RANK, json!({"within": ["A", "B"]}), json!({"within": ["A,B"]})),
        ] {
            assert_ne!(form(operation, a), form(operation, b));
        }
    }

    #[test]
    fn every_parameter_that_is_given_is_in_the_one_form() {
        let inputs = json!({"datetime": "2018-01-01/..", "eps_m": 100, "min_points": 10, "method": "nnh", "probability": 0.25});
        let told = canonical(&CLUSTERS, &read(&CLUSTERS, &inputs).expect("usable"), true);
        let get = |name: &str| &told.iter().find(|(known, _)| *known == name).expect("of the table").1;
        assert_eq!((get("datetime"), get("eps_m")), (&Value::text("2018-01-01/.."), &Value::Float(100.0)));
        assert_eq!((get("min_points"), get("method")), (&Value::Int(10), &Value::text("nnh")));
        assert_eq!((get("probability"), get("permutations")), (&Value::Float(0.25), &Value::Int(999)));
        assert_eq!(get("span_days"), &Value::Null);
        assert_eq!(told.len(), CLUSTERS.params.len());
    }

    #[test]
    fn what_is_no_input_is_refused() {
        for bad in [
            json!({"eps": 100}),
            json!({"eps_m": null}),
            json!({"eps_m": []}),
            json!({"eps_m": [1, [2]]}),
            json!({"eps_m": {"href": "http://other.example"}}),
            json!({"eps_m": 0}),
            json!({"min_points": 10.5}),
            json!({"method": "other"}),
            // Of another form than the document says.
            json!({"eps_m": "100"}),
            json!({"eps_m": [100]}),
            json!({"eps_m": true}),
            json!({"eps_m": {"value": {"value": 100}}}),
            json!({"eps_m": {"value": 100, "unit": "m"}}),
            json!({"method": ["dbscan"]}),
            json!({"method": 1}),
            json!({"datetime": ["2018-01-01"]}),
            json!({"category": "robbery,burglary"}),
            json!({"category": [7]}),
            json!({"origin": ["citizen,officer"]}),
        ] {
            assert!(read(&CLUSTERS, &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_of_several_may_stand_by_itself() {
        for (alone, listed) in [
            (json!({"category": "robbery"}), json!({"category": ["robbery"]})),
            (json!({"origin": {"value": "citizen"}}), json!({"origin": ["citizen"]})),
        ] {
            assert_eq!(read(&CLUSTERS, &alone).expect("usable"), read(&CLUSTERS, &listed).expect("usable"));
        }
        for param in CLUSTERS.params {
            let told = plain_form(param, json!({"type": "array", "items": {"type": "string"}}));
            assert_eq!(told.get("anyOf").is_some(), Form::of(param).is_several(), "{}", param.wire);
        }
    }
}
