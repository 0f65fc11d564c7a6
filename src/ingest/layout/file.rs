//! What a layout file says, before it is checked.

use std::collections::BTreeMap;

/// What a layout file says. Unknown keys are errors.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) feed: Option<String>,
    pub(super) unit: String,
    pub(super) time_zone: String,
    pub(super) crs: Option<String>,
    #[serde(default)]
    pub(super) origin: Option<String>,
    pub(super) crosswalk: Option<String>,
    pub(super) required: Vec<String>,
    #[serde(default)]
    pub(super) header: Vec<String>,
    pub(super) delimiter: Option<char>,
    pub(super) columns: Columns,
    #[serde(default)]
    pub(super) formats: Formats,
    #[serde(default)]
    pub(super) keys: Keys,
    #[serde(default)]
    pub(super) class: ClassRule,
    #[serde(default)]
    pub(super) classes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    pub(super) place: PlaceRule,
    #[serde(default)]
    pub(super) time: TimeRule,
}

/// Columns by role, each `name|alternative` in lower-case letters and digits. No other column is read.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Name of the source, the same in all rows.
    pub source: Option<String>,
    /// Its IANA time zone, the same in all rows.
    pub zone: Option<String>,
    /// What the source tells of, the same in all rows; the layout's feed where it is blank.
    pub feed: Option<String>,
    /// What one row of the source was, the same in all rows; the layout's unit where it is blank.
    pub unit: Option<String>,
    /// How the source moves its places, the same in all rows.
    pub anonymised: Option<String>,
    /// The source's id of the event.
    pub id: Option<String>,
    /// Grows when the source revises an event.
    pub revision: Option<String>,
    /// How far the report has been looked at.
    pub status: Option<String>,
    /// Date and time in one.
    pub occurred: Option<String>,
    /// Date, where the time stands apart.
    pub date: Option<String>,
    /// Time, where the date stands apart.
    pub time: Option<String>,
    /// Month, where nothing finer is told.
    pub month: Option<String>,
    /// How exactly `occurred` to `until` tells the time; without it the two are a range.
    pub precision: Option<String>,
    /// End of the range in which it happened: date and time in one.
    pub until: Option<String>,
    /// Its date, where the time stands apart.
    pub until_date: Option<String>,
    /// Its time.
    pub until_time: Option<String>,
    /// Day or month by which the source knew it.
    pub recorded: Option<String>,
    /// Code or word of the offense.
    pub class: Option<String>,
    /// Several classes in hotblocks' own writing.
    pub classes: Option<String>,
    /// How many reports the incident has.
    pub reports: Option<String>,
    /// Whether the place is kept back, or cannot be trusted.
    pub place: Option<String>,
    /// 1 adds, -1 takes an earlier report back.
    pub count: Option<String>,
    /// House number.
    pub number: Option<String>,
    /// Street, or the whole address.
    pub street: Option<String>,
    /// Cross street.
    pub cross: Option<String>,
    /// Name of the place.
    pub place_name: Option<String>,
    /// The source's own name of the area: neighborhood, beat, ward.
    pub area: Option<String>,
    /// Longitude, or metres or feet east.
    pub x: Option<String>,
    /// Latitude, or metres or feet north.
    pub y: Option<String>,
    /// Who brought it up.
    pub origin: Option<String>,
    /// Whether it was domestic.
    pub domestic: Option<String>,
    /// Whether a firearm was used.
    pub firearm: Option<String>,
    /// Whether someone was shot.
    pub shooting: Option<String>,
    /// Whether the victim was a child.
    pub child: Option<String>,
}

/// Forms of dates and times, as in `strptime`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Formats {
    /// Of `occurred`.
    pub occurred: Vec<String>,
    /// Of `date`, also of `until_date`.
    pub date: Vec<String>,
    /// Of `time`, also of `until_time`.
    pub time: Vec<String>,
    /// Of `month`.
    pub month: Vec<String>,
    /// Of `until`; those of `occurred` where it has none.
    pub until: Vec<String>,
    /// Of `recorded`.
    pub recorded: Vec<String>,
    /// Of `revision`, where it is a time and no number.
    pub revision: Vec<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    pub(super) later_file: Option<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClassRule {
    pub(super) pad: Option<usize>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PlaceRule {
    pub(super) missing: Vec<[f64; 2]>,
    pub(super) withheld: Vec<[f64; 2]>,
    pub(super) anonymised: Option<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TimeRule {
    pub(super) placeholder: Vec<String>,
}
