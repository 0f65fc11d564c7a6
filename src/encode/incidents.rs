//! Checked incidents to a file that hotblocks reads back as they are (`data/layouts/hotblocks.toml`).

use serde_json::{Map, Value as Json, json};

use super::csv::safe;
use crate::model::class::{Class, Classes, Firearm};
use crate::model::events::Events;
use crate::model::identity::Ids;
use crate::model::period::local_time;
use crate::model::report::Place;
use crate::model::reports::Ledger;

/// How they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table.
    Csv,
    /// One collection.
    GeoJson,
    /// A feature a line.
    GeoJsonLines,
}

/// Names of the columns, in order.
const COLUMNS: [&str; 19] = [
    "source",
    "zone",
    "feed",
    "unit",
    "anonymised",
    "id",
    "revision",
    "status",
    "from",
    "until",
    "precision",
    "recorded",
    "classes",
    "origin",
    "reports",
    "place",
    "lon",
    "lat",
    "address",
];

/// Writes all events of a ledger.
///
/// The time is that of the source's zone with its offset; `classes` has for each class its code, its category
/// and what is known of it, as `031111=robbery+firearm`. Nothing about persons is there, since none was read.
#[must_use]
pub fn write(ledger: &Ledger, events: &Events, form: Form) -> String {
    let ids = Ids::of(events, ledger);
    let mut text = String::new();
    match form {
        Form::Csv => {
            let mut out = csv::Writer::from_writer(Vec::new());
            out.write_record(COLUMNS).expect("memory takes all");
            for event in 0..events.len() {
                let row = row(ledger, events, &ids, event);
                let fields = COLUMNS.iter().map(|name| match &row[*name] {
                    Json::Null => String::new(),
                    Json::String(text) => safe(text),
                    other => other.to_string(),
                });
                out.write_record(fields).expect("memory takes all");
            }
            text = String::from_utf8(out.into_inner().expect("memory takes all")).expect("written as UTF-8");
        }
        Form::GeoJsonLines => {
            for event in 0..events.len() {
                text.push_str(&feature(row(ledger, events, &ids, event)).to_string());
                text.push('\n');
            }
        }
        Form::GeoJson => {
            text.push_str("{\"type\":\"FeatureCollection\",\"features\":[");
            for event in 0..events.len() {
                text.push_str(if event == 0 { "\n" } else { ",\n" });
                text.push_str(&feature(row(ledger, events, &ids, event)).to_string());
            }
            text.push_str("\n]}\n");
        }
    }
    text
}

fn row(ledger: &Ledger, events: &Events, ids: &Ids, at: usize) -> Map<String, Json> {
    let event = events.get(at);
    let report = ledger.reports.get(event.told_by);
    let source = &ledger.sources[usize::from(report.source)];
    let place = if event.withheld { Place::Withheld } else { report.place };
    let (word, point) = match place {
        Place::At(at) => ("located", Some(at)),
        Place::Missing => ("missing", None),
        Place::Withheld => ("withheld", None),
    };
    let classes: Vec<String> =
        event.classes.iter().map(|class| expression(ledger.classes.get(*class), &ledger.classes)).collect();
    let known = [
        json!(source.name),
        json!(source.zone.iana_name().unwrap_or("UTC")),
        json!(source.feed.word()),
        json!(source.unit.word()),
        json!(source.anonymised),
        json!(ids.get(at, &report, report.address, ledger)),
        json!(Some(report.revision).filter(|revision| *revision != 0)),
        json!(report.status.word()),
        json!(local_time(report.when.from, &source.zone)),
        json!(local_time(report.when.to(), &source.zone)),
        json!(report.when.precision.word()),
        json!(report.recorded.and_then(|day| day.date()).map(|date| date.to_string())),
        json!(classes.join(";")),
        json!(report.origin.word()),
        json!(event.reports),
        json!(word),
        json!(point.map(|at| at.lon())),
        json!(point.map(|at| at.lat())),
        json!(report.address),
    ];
    COLUMNS.iter().map(|name| (*name).to_owned()).zip(known).collect()
}

/// `031111=robbery+firearm`: code, category, what is known beside it.
fn expression(class: &Class, classes: &Classes) -> String {
    let tidy = |text: &str| text.replace([';', '=', '+'], " ");
    let category = class.category.map_or("", |at| classes.tree().rows()[at].name.as_str());
    let mut text = format!("{}={category}", tidy(&class.code));
    for word in class.flags.words() {
        text.push('+');
        text.push_str(word);
    }
    text.push_str(match class.firearm {
        Firearm::Yes => "+firearm",
        Firearm::No => "+no_firearm",
        Firearm::Unknown => "",
    });
    text
}

fn feature(mut row: Map<String, Json>) -> Json {
    let at = (row.remove("lon").unwrap_or_default(), row.remove("lat").unwrap_or_default());
    let geometry = match &at {
        (Json::Number(lon), Json::Number(lat)) => json!({ "type": "Point", "coordinates": [lon, lat] }),
        _ => Json::Null,
    };
    json!({ "type": "Feature", "geometry": geometry, "properties": row })
}
