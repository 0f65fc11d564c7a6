//! A parameter of the table as JSON Schema: types, units, bounds, words, defaults.

use serde_json::{Value as Json, json};

use crate::engine::params::table::{Kind, Param};
use crate::engine::params::values::Values;

/// What a parameter takes as an input.
pub(super) fn schema(param: &Param) -> Json {
    let several = |items: Json| json!({ "type": "array", "items": items, "minItems": 1 });
    let number = |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let text = || json!({ "type": "string" });
    let mut schema = match param.kind {
        Kind::Period => json!({ "type": "string", "pattern": PERIOD }),
        // One name may also stand as a text.
        Kind::Names | Kind::Areas => json!({ "oneOf": [text(), several(text())] }),
        Kind::Length { least, most } | Kind::Number { least, most } => number(least, most),
        Kind::Lengths { least, most } | Kind::Numbers { least, most } => {
            let mut ascending = several(number(least, most));
            ascending["uniqueItems"] = true.into();
            json!({ "oneOf": [number(least, most), ascending] })
        }
        Kind::Count { least, most: u64::MAX } => json!({ "type": "integer", "minimum": least }),
        Kind::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Words(words) => {
            let word = json!({ "type": "string", "enum": words });
            json!({ "oneOf": [word, several(word.clone())] })
        }
        Kind::BBox => json!({ "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 6 }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Hours => number(0.0, 8_760.0),
        Kind::Amount | Kind::Capacity | Kind::Text => text(),
    };
    if let Some(unit) = unit(param) {
        schema["x-unit"] = unit.into();
    }
    if !matches!(param.kind, Kind::Length { .. } | Kind::Lengths { .. } | Kind::Hours) {
        schema["x-example"] = param.example.into();
    }
    schema
}

const PERIOD: &str = "^(\\.\\.|[0-9]{4}-[0-9]{2}-[0-9]{2})?(/(\\.\\.|[0-9]{4}-[0-9]{2}-[0-9]{2})?)?$";

/// The unit that the name of a parameter ends in.
fn unit(param: &Param) -> Option<&'static str> {
    const UNITS: [(&str, &str); 5] =
        [("_m", "m"), ("_days", "d"), ("_hours", "h"), ("_minutes", "min"), ("_months", "mo")];
    if param.wire == "days" {
        return Some("d");
    }
    UNITS.into_iter().find(|(end, _)| param.wire.ends_with(end)).map(|(_, unit)| unit)
}

/// What holds where an input is not given, if that is one value.
pub(super) fn default(param: &Param, defaults: &Values) -> Option<Json> {
    let told = super::inputs::told(param, defaults).or_else(|| super::inputs::usual(param))?;
    Some(crate::encode::geojson::json(&told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::params::density::KERNEL;
    use crate::engine::params::near_repeat::DISTANCES;
    use crate::engine::params::ranking::DRAWS;
    use crate::engine::params::table::{BANDWIDTH, SEED};

    #[test]
    fn bounds_words_units_and_defaults_are_those_of_the_table() {
        let none = Values::default();
        let bandwidth = schema(&BANDWIDTH);
        assert_eq!((&bandwidth["minimum"], &bandwidth["maximum"]), (&json!(1.0), &json!(100_000.0)));
        assert_eq!((&bandwidth["x-unit"], default(&BANDWIDTH, &none)), (&json!("m"), None));
        let mut configured = Values::default();
        configured.set_wire(&BANDWIDTH, "250").expect("within bounds");
        assert_eq!(default(&BANDWIDTH, &configured), Some(json!(250.0)));
        assert_eq!(schema(&KERNEL)["enum"][3], "quartic");
        assert_eq!(default(&KERNEL, &none), Some(json!("quartic")));
        assert_eq!((default(&SEED, &none), schema(&SEED).get("maximum")), (Some(json!(1)), None));
        assert_eq!(default(&DRAWS, &none), None, "words are no default");
        assert_eq!(schema(&DISTANCES)["oneOf"][1]["items"]["minimum"], 1.0);
    }
}
