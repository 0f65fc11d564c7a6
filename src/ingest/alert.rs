//! One event of a sensor, as `POST /alerts` takes it: JSON to a ledger of one report.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::crosswalk::{self, Crosswalk, CrosswalkError};
use crate::model::category::CategoryTree;
use crate::model::class::Classes;
use crate::model::period::{Interval, Precision};
use crate::model::report::{Feed, Origin, Place, Report, Source, Status, Unit};
use crate::model::reports::{Ledger, Reports};
use crate::space::coord::LonLat;

/// The source of an alert that names none.
pub const SOURCE: &str = "alerts";

/// How far a sensor's clock may be ahead.
const AHEAD_SECONDS: i64 = 300;

/// Rounds that an alert can tell of.
const MOST_ROUNDS: u32 = 1_000;

/// Radius beyond which a place says nothing of a block.
const MOST_METRES: f64 = 10_000.0;

/// Letters of an id or a source at most.
const MOST_LETTERS: usize = 200;

/// Weapons that a sensor can tell apart.
const WEAPONS: [&str; 4] = ["automatic", "handgun", "rifle", "shotgun"];

/// An alert, checked.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The source's name.
    pub source: String,
    /// Its id of the event.
    pub external_id: String,
    /// Grows when the source revises the event.
    pub revision: i64,
    /// How far it has been looked at.
    pub status: Status,
    /// The one report that it is.
    pub ledger: Ledger,
}

/// Why bytes are no alert.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// No JSON, an unknown or a missing field, or one of another type.
    #[error("the alert cannot be read")]
    Json(#[source] serde_json::Error),
    /// A value that cannot be used.
    #[error("`{field}` is {value}; {mend}")]
    Value {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        mend: String,
    },
    /// The table of types cannot be used.
    #[error(transparent)]
    Types(#[from] CrosswalkError),
}

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    source: Option<String>,
    external_id: String,
    #[serde(default)]
    revision: i64,
    status: String,
    occurred_at: String,
    #[serde(rename = "type")]
    kind: String,
    rounds: Option<u32>,
    weapon: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
    accuracy_m: Option<f64>,
}

/// Kinds of JSON values that fields hold.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Whole,
    Number,
}

/// Fields, what they hold, and whether they hold no null.
const FIELDS: [(&str, Form, bool); 11] = [
    ("external_id", Form::Text, true),
    ("revision", Form::Whole, true),
    ("status", Form::Text, true),
    ("occurred_at", Form::Text, true),
    ("type", Form::Text, true),
    ("source", Form::Text, false),
    ("rounds", Form::Whole, false),
    ("weapon", Form::Text, false),
    ("lon", Form::Number, false),
    ("lat", Form::Number, false),
    ("accuracy_m", Form::Number, false),
];

/// What is wrong with JSON that is no alert, by the name of its field where a value is of another kind.
fn mistyped(bytes: &[u8], error: serde_json::Error) -> AlertError {
    if !error.is_data() {
        return AlertError::Json(error);
    }
    let Ok(serde_json::Value::Object(sent)) = serde_json::from_slice(bytes) else {
        return AlertError::Json(error);
    };
    for (field, form, never_null) in FIELDS {
        let Some(value) = sent.get(field).filter(|value| never_null || !value.is_null()) else { continue };
        let (fits, mend) = match form {
            Form::Text => (value.is_string(), "give text in quotes"),
            Form::Whole => (value.is_i64() || value.is_u64(), "give a whole number without quotes"),
            Form::Number => (value.is_number(), "give a number without quotes"),
        };
        if !fits {
            return bad(field, value, mend);
        }
    }
    AlertError::Json(error)
}

impl AlertError {
    /// The field that it is about, where it is about one.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        match self {
            Self::Value { field, .. } => Some((*field).to_owned()),
            Self::Json(error) => {
                let text = error.to_string();
                let named = ["unknown field `", "missing field `", "duplicate field `"];
                let name = named.iter().find_map(|before| text.strip_prefix(before))?.split('`').next()?;
                Some(name.chars().filter(|c| !c.is_control()).take(80).collect())
            }
            Self::Types(_) => None,
        }
    }
}

fn bad(field: &'static str, value: impl ToString, mend: impl Into<String>) -> AlertError {
    let shown: String = value.to_string().chars().filter(|c| !c.is_control()).take(80).collect();
    AlertError::Value { field, value: format!("`{shown}`"), mend: mend.into() }
}

/// Reads an alert. `now` is the service's clock, `zone` that of its data.
///
/// Rounds and weapon stand in the class, so that they are kept and told wherever the class is.
///
/// # Errors
///
/// [`AlertError`] for what cannot be used, by the name of its field.
pub fn read(bytes: &[u8], now: Timestamp, zone: &TimeZone) -> Result<Alert, AlertError> {
    let sent: Sent = serde_json::from_slice(bytes).map_err(|error| mistyped(bytes, error))?;
    let source = sent.source.unwrap_or_else(|| SOURCE.to_owned());
    if !is_source(&source) {
        return Err(bad("source", source, SOURCE_MEND));
    }
    let n = sent.external_id.chars().count();
    if n == 0 || n > MOST_LETTERS || sent.external_id.chars().any(char::is_control) {
        let mend = format!("give the sensor's own id of the event, of at most {MOST_LETTERS} letters");
        return Err(bad("external_id", sent.external_id, mend));
    }
    if sent.revision < 0 {
        return Err(bad("revision", sent.revision, "give a whole number from 0 that grows"));
    }
    let all = [Status::Unreviewed, Status::Confirmed, Status::Withdrawn];
    let status = all.into_iter().find(|status| status.word() == sent.status);
    let status =
        status.ok_or_else(|| bad("status", sent.status, "give unreviewed, confirmed or withdrawn"))?;
    let when = when(&sent.occurred_at, now)?;
    let place = place((sent.lon, sent.lat), sent.accuracy_m, status)?;
    let mut classes = Classes::over(types()?.0.clone());
    let class = class(&sent.kind, sent.rounds, sent.weapon.as_deref())?;
    let code = class.code.clone();
    let class = classes.intern(0, &code, || class).expect("the first class has room");
    let mut reports = Reports::default();
    reports.push(&Report {
        id: Some(&sent.external_id),
        revision: sent.revision,
        status,
        origin: Origin::Sensor,
        line: 1,
        ..Report::plain(class, when, place)
    });
    let feed = Source { feed: Feed::Alert, ..Source::new(&source, Unit::Incident, zone.clone()) };
    let files = vec![source.clone()];
    let ledger = Ledger { sources: vec![feed], files, classes, reports };
    Ok(Alert { source, external_id: sent.external_id, revision: sent.revision, status, ledger })
}

/// What a source is to be called.
pub const SOURCE_MEND: &str = "give one word of small letters, digits, `-` and `_`, of at most 60";

/// Whether a name can be that of a source: one word, as in `--source slmpd`.
#[must_use]
pub fn is_source(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=60).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|c: char| !c.is_ascii_alphanumeric())
}

fn when(text: &str, now: Timestamp) -> Result<Interval, AlertError> {
    let mend = "give a time with its offset, e.g. 2026-11-22T21:04:05Z";
    let at: Timestamp = text.parse().map_err(|_| bad("occurred_at", text, mend))?;
    if at.as_second() > now.as_second() + AHEAD_SECONDS {
        return Err(bad("occurred_at", text, format!("it lies ahead of this machine's clock, {now}")));
    }
    if at.as_second() < 0 {
        return Err(bad("occurred_at", text, "give a time after 1970"));
    }
    Ok(Interval { from: at.as_second(), seconds: 1, precision: Precision::Second })
}

fn place(
    given: (Option<f64>, Option<f64>),
    accuracy: Option<f64>,
    status: Status,
) -> Result<Place, AlertError> {
    if let Some(metres) = accuracy.filter(|m| !(0.0..=MOST_METRES).contains(m)) {
        return Err(bad("accuracy_m", metres, format!("give metres from 0 to {MOST_METRES}")));
    }
    match given {
        (Some(lon), Some(lat)) => {
            if (lon, lat) == (0.0, 0.0) {
                return Err(bad("lon", lon, "0, 0 stands for no place: send the alert once it has one"));
            }
            let mend = match LonLat::new(lat, lon) {
                Ok(_) => "give degrees on the globe; lon and lat look swapped",
                Err(_) => "give degrees on the globe",
            };
            LonLat::new(lon, lat).map(Place::At).map_err(|_| bad("lon", format!("{lon}, lat {lat}"), mend))
        }
        // What is taken back needs no place.
        (None, None) if status == Status::Withdrawn => Ok(Place::Missing),
        (None, _) => Err(bad("lon", "not given", "give the longitude in degrees")),
        (_, None) => Err(bad("lat", "not given", "give the latitude in degrees")),
    }
}

/// The categories, the table of types and its codes, read once.
fn types() -> Result<&'static (CategoryTree, Crosswalk, Vec<String>), CrosswalkError> {
    static TYPES: OnceLock<(CategoryTree, Crosswalk, Vec<String>)> = OnceLock::new();
    if let Some(known) = TYPES.get() {
        return Ok(known);
    }
    let tree = crosswalk::tree()?;
    let table = Crosswalk::shipped("alerts", &tree)?;
    let codes = table.codes();
    Ok(TYPES.get_or_init(|| (tree, table, codes)))
}

fn class(
    kind: &str,
    rounds: Option<u32>,
    weapon: Option<&str>,
) -> Result<crate::model::class::Class, AlertError> {
    let (tree, table, codes) = types()?;
    if !codes.iter().any(|code| code == kind) {
        return Err(bad("type", kind, format!("give one of {}", codes.join(", "))));
    }
    let mut class = table.class(kind, tree);
    let mut more = Vec::new();
    if let Some(n) = rounds {
        if n == 0 || n > MOST_ROUNDS {
            return Err(bad("rounds", n, format!("give a whole number from 1 to {MOST_ROUNDS}")));
        }
        more.push(if n == 1 { "1 round".to_owned() } else { format!("{n} rounds") });
    }
    if let Some(weapon) = weapon {
        if !WEAPONS.contains(&weapon) {
            let mend = format!("give one of {}, or leave it out", WEAPONS.join(", "));
            return Err(bad("weapon", weapon, mend));
        }
        more.push(weapon.to_owned());
    }
    if !more.is_empty() {
        let more = more.join("; ");
        class.code = format!("{} ({more})", class.code);
        class.label = format!("{} ({more})", class.label);
    }
    Ok(class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::Flags;
    use crate::model::class::Firearm;

    const NOW: i64 = 1_795_000_000;

    fn take(text: &str) -> Result<Alert, AlertError> {
        read(text.as_bytes(), Timestamp::from_second(NOW).expect("a time"), &TimeZone::UTC)
    }

    fn with(changes: &[(&str, serde_json::Value)]) -> String {
        let mut alert = serde_json::json!({
            "external_id": "ss-771", "revision": 2, "status": "unreviewed",
            "occurred_at": "2026-11-17T21:04:05-06:00", "type": "gunfire", "rounds": 4, "weapon": "rifle",
            "lon": -90.2, "lat": 38.6, "accuracy_m": 25,
        });
        for (name, value) in changes {
            alert[*name] = value.clone();
        }
        alert.to_string()
    }

    #[test]
    fn an_alert_is_one_report_of_a_sensor_with_its_rounds_and_weapon() {
        let alert = take(&with(&[])).expect("an alert");
        let report = alert.ledger.reports.get(0);
        assert_eq!((alert.source.as_str(), report.id, report.revision), (SOURCE, Some("ss-771"), 2));
        assert_eq!((report.status, report.origin), (Status::Unreviewed, Origin::Sensor));
        assert_eq!(report.when.from, 1_794_971_045);
        assert_eq!(alert.ledger.sources[0].feed, Feed::Alert);
        let class = alert.ledger.classes.get(report.class);
        assert_eq!((class.label.as_str(), class.firearm), ("Gunfire (4 rounds; rifle)", Firearm::Yes));
        let category = &alert.ledger.classes.tree().rows()[class.category.expect("mapped")].name;
        assert_eq!(category, "weapon_discharge");
        assert!(!class.flags.sensitive());
    }

    #[test]
    fn only_a_type_that_says_so_is_a_shooting() {
        for (kind, shooting) in [("gunfire", false), ("probable_gunfire", false), ("person_shot", true)] {
            let alert = take(&with(&[("type", kind.into())])).expect("an alert");
            let class = alert.ledger.classes.get(alert.ledger.reports.get(0).class);
            assert_eq!(class.flags.has(Flags::SHOOTING), shooting, "{kind}");
        }
    }

    #[test]
    fn what_is_withdrawn_needs_no_place_and_everything_else_does() {
        let none = [("lon", serde_json::Value::Null), ("lat", serde_json::Value::Null)];
        assert!(take(&with(&none)).is_err());
        let mut withdrawn = none.to_vec();
        withdrawn.push(("status", "withdrawn".into()));
        assert_eq!(take(&with(&withdrawn)).expect("an alert").status, Status::Withdrawn);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_the_name_of_its_field() {
        for (field, value) in [
            ("source", "Shot Spotter".into()),
            ("source", "../x".into()),
            ("external_id", "".into()),
            ("external_id", "a\nb".into()),
            ("revision", (-1).into()),
            ("status", "open".into()),
            ("occurred_at", "yesterday".into()),
            ("occurred_at", "2026-11-17T21:04:05".into()),
            ("occurred_at", "2036-11-17T21:04:05Z".into()),
            ("occurred_at", "1936-11-17T21:04:05Z".into()),
            ("type", "burglary".into()),
            ("type", "".into()),
            ("rounds", 0.into()),
            ("rounds", 1_001.into()),
            ("weapon", "John's gun".into()),
            ("lon", 0.into()),
            ("lon", 181.into()),
            ("lat", serde_json::Value::Null),
            ("accuracy_m", (-1).into()),
        ] {
            let changes = if (field, &value) == ("lon", &0.into()) {
                vec![("lon", 0.into()), ("lat", 0.into())]
            } else {
                vec![(field, value.clone())]
            };
            let error = take(&with(&changes)).expect_err(field);
            let named = match &error {
                AlertError::Value { field, .. } => *field,
                other => panic!("{field}: {other:?}"),
            };
            assert!(named == field || (field, named) == ("lat", "lon"), "{field} {value}: {error}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused_by_the_name_of_its_field() {
        for (field, value) in [
            ("rounds", "7".into()),
            ("rounds", 1.5.into()),
            ("lon", "east".into()),
            ("lat", true.into()),
            ("external_id", 5.into()),
            ("revision", serde_json::Value::Null),
            ("weapon", 5.into()),
            ("accuracy_m", "near".into()),
        ] {
            let error = take(&with(&[(field, value)])).expect_err(field);
            assert!(matches!(&error, AlertError::Value { field: named, .. } if *named == field), "{error:?}");
        }
        for (text, named) in [
            (with(&[("victim", "x".into())]), Some("victim")),
            ("{}".to_owned(), Some("external_id")),
            ("{\"external_id\":\"a\",\"external_id\":\"b\"}".to_owned(), Some("external_id")),
            ("{\"lon\": NaN}".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(take(&text).expect_err("no alert").field().as_deref(), named, "{text}");
        }
    }

    #[test]
    fn unknown_twice_given_and_missing_fields_are_named() {
        for (text, named) in [
            (with(&[("victim", "x".into())]), "unknown field `victim`"),
            ("{\"external_id\":\"a\",\"external_id\":\"b\"}".to_owned(), "duplicate field `external_id`"),
            ("{}".to_owned(), "missing field"),
            ("[]".to_owned(), "missing field"),
            ("{\"lon\": NaN}".to_owned(), "expected value"),
            (String::new(), "EOF"),
        ] {
            let error = take(&text).expect_err(named);
            let AlertError::Json(source) = &error else { panic!("{error:?}") };
            let told = source.to_string();
            assert!(told.contains(named) || text == "[]", "{named}: {told}");
        }
    }
}
