//! Layouts: which column of a source means what. Data, not code: one TOML each in `data/layouts/`.

use std::collections::BTreeMap;

use super::crosswalk::{Crosswalk, CrosswalkError};
use super::shipped;
use super::table::Header;
use crate::model::category::CategoryTree;
use crate::model::report::{Feed, Origin, Status, Unit};
use crate::space::crs::{Crs, CrsError};

/// What a layout file says. Unknown keys are errors.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    feed: Option<String>,
    unit: String,
    time_zone: String,
    crs: Option<String>,
    #[serde(default)]
    origin: Option<String>,
    crosswalk: Option<String>,
    required: Vec<String>,
    #[serde(default)]
    header: Vec<String>,
    delimiter: Option<char>,
    columns: Columns,
    #[serde(default)]
    formats: Formats,
    #[serde(default)]
    keys: Keys,
    #[serde(default)]
    class: ClassRule,
    #[serde(default)]
    classes: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    place: PlaceRule,
    #[serde(default)]
    time: TimeRule,
}

/// Columns by role, each `name|alternative` in lower-case letters and digits. No other column is read.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
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
struct Keys {
    later_file: Option<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClassRule {
    pad: Option<usize>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlaceRule {
    missing: Vec<[f64; 2]>,
    withheld: Vec<[f64; 2]>,
    anonymised: Option<String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TimeRule {
    placeholder: Vec<String>,
}

/// The code of a row that names no class.
const UNCLASSIFIED: &str = "unclassified";

/// What a pair of coordinates says that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// None is known.
    Missing,
    /// The source keeps it back.
    Withheld,
}

/// A layout, checked and ready.
#[derive(Clone, Debug)]
pub struct Layout {
    /// One word; the default name of the source.
    pub name: String,
    /// For people.
    pub title: String,
    /// What the source tells of.
    pub feed: Feed,
    /// What one row is.
    pub unit: Unit,
    /// Zone of its local times.
    pub zone: jiff::tz::TimeZone,
    /// CRS of its coordinates, where the layout fixes it.
    pub crs: Option<Crs>,
    /// Who brought up every row, where that is so.
    pub origin: Origin,
    /// Its classes.
    pub crosswalk: Crosswalk,
    /// Names of the columns, where its files have no line for them.
    pub header: Vec<String>,
    /// What separates fields, where it is not to be found out.
    pub delimiter: Option<u8>,
    /// Its columns.
    pub columns: Columns,
    /// Its dates and times.
    pub formats: Formats,
    /// Whether a later file's row of an id replaces an earlier file's.
    pub later_file_revises: bool,
    /// How the source moves its places, where it says that it does.
    pub anonymised: Option<String>,
    /// Local times that stand for 'unknown'.
    pub placeholders: Vec<String>,
    required: Vec<String>,
    pad: usize,
    values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    missing: Vec<[f64; 2]>,
    withheld: Vec<[f64; 2]>,
}

/// Why a layout cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// Not TOML, or an unknown key.
    #[error("layout `{file}` cannot be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A value that means nothing.
    #[error("layout `{file}`: `{value}` is no {what}")]
    Value {
        /// The file.
        file: String,
        /// What stands there.
        value: String,
        /// What should.
        what: &'static str,
    },
    /// Its CRS is unknown.
    #[error("layout `{file}` names a CRS that cannot be used")]
    Crs {
        /// The file.
        file: String,
        /// Why.
        source: CrsError,
    },
    /// Its crosswalk cannot be used.
    #[error("layout `{file}` has no usable crosswalk")]
    Crosswalk {
        /// The file.
        file: String,
        /// Why.
        source: CrosswalkError,
    },
}

/// Meanings that a column with a closed vocabulary can have.
const MEANINGS: [(&str, &[&str]); 6] = [
    ("firearm", &["yes", "no"]),
    ("domestic", &["yes"]),
    ("shooting", &["yes"]),
    ("child", &["yes"]),
    ("status", &["unreviewed", "confirmed", "withdrawn"]),
    ("origin", &["citizen", "officer", "sensor"]),
];

impl Layout {
    /// Reads a layout from its TOML.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] for what cannot be used.
    pub fn parse(file: &str, text: &str, tree: &CategoryTree) -> Result<Self, LayoutError> {
        let name = || file.to_owned();
        let value = |value: &str, what| LayoutError::Value { file: name(), value: value.to_owned(), what };
        let f: File =
            toml::from_str(text).map_err(|e| LayoutError::Read { file: name(), source: Box::new(e) })?;
        let unit = match f.unit.as_str() {
            "incident" => Unit::Incident,
            "offense" => Unit::Offense,
            "victim" => Unit::Victim,
            other => return Err(value(other, "unit: incident, offense, victim")),
        };
        let feed = match f.feed.as_deref() {
            None | Some("report") => Feed::Report,
            Some("call") => Feed::Call,
            Some("alert") => Feed::Alert,
            Some("request") => Feed::Request,
            Some(other) => return Err(value(other, "feed: report, call, alert, request")),
        };
        let origin = f.origin.as_deref().unwrap_or("unknown");
        let origin = Origin::ALL
            .into_iter()
            .find(|known| known.word() == origin)
            .ok_or_else(|| value(origin, "origin: citizen, officer, sensor, unknown"))?;
        let zone =
            jiff::tz::TimeZone::get(&f.time_zone).map_err(|_| value(&f.time_zone, "IANA time zone"))?;
        let later_file_revises = match f.keys.later_file.as_deref() {
            None => false,
            Some("revises") => true,
            Some("adds") => false,
            Some(other) => return Err(value(other, "rule for a later file: revises, adds")),
        };
        for (role, meanings) in &f.values {
            let known = MEANINGS.iter().find(|(known, _)| known == role);
            let (_, words) = known.ok_or_else(|| {
                value(
                    role,
                    "column with a closed vocabulary: firearm, domestic, shooting, child, status, origin",
                )
            })?;
            if let Some(odd) = meanings.keys().find(|meaning| !words.contains(&meaning.as_str())) {
                return Err(value(odd, "meaning of that column"));
            }
        }
        let delimiter = match f.delimiter {
            Some(c) if c.is_ascii() && c != '"' && c != '\n' && c != '\r' => Some(c as u8),
            Some(c) => return Err(value(&c.to_string(), "delimiter: one ASCII character")),
            None => None,
        };
        let crs = f.crs.as_deref().map(Crs::new).transpose();
        let crosswalk = f.crosswalk.as_deref().map(|c| Crosswalk::shipped(c, tree)).transpose();
        let crosswalk = crosswalk
            .and_then(|crosswalk| crosswalk.unwrap_or_default().with(file, &f.classes, tree))
            .map_err(|source| LayoutError::Crosswalk { file: name(), source })?;
        Ok(Self {
            crs: crs.map_err(|source| LayoutError::Crs { file: name(), source })?,
            crosswalk,
            name: f.name,
            title: f.title,
            feed,
            unit,
            zone,
            origin,
            header: f.header,
            delimiter,
            columns: f.columns,
            formats: f.formats,
            later_file_revises,
            anonymised: f.place.anonymised,
            placeholders: f.time.placeholder,
            required: f.required,
            pad: f.class.pad.unwrap_or(0),
            values: f.values,
            missing: f.place.missing,
            withheld: f.place.withheld,
        })
    }

    /// All layouts that ship.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] if one cannot be used; a test holds that all can.
    pub fn shipped(tree: &CategoryTree) -> Result<Vec<Self>, LayoutError> {
        let read = |path: String| Self::parse(&format!("data/{path}"), &shipped::text(&path), tree);
        shipped::under("layouts/").into_iter().filter(|path| path.ends_with(".toml")).map(read).collect()
    }

    /// Whether the header has all that this layout requires.
    #[must_use]
    pub fn fits(&self, header: &Header) -> bool {
        self.required.iter().all(|alternatives| header.find(alternatives).is_some())
    }

    /// What is required and not in the header.
    #[must_use]
    pub fn lacking(&self, header: &Header) -> Vec<&str> {
        self.required.iter().map(String::as_str).filter(|name| header.find(name).is_none()).collect()
    }

    /// A class code as the crosswalk has it: padded, at most 60 characters, without the commas that
    /// separate names in a list; `unclassified` where there is none.
    #[must_use]
    pub fn code(&self, text: &str) -> String {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control() || c == ',');
        let tidy = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let tidy: String =
            if tidy.is_empty() { UNCLASSIFIED.to_owned() } else { tidy.chars().take(60).collect() };
        format!("{tidy:0>width$}", width = self.pad)
    }

    /// What a value of a column with a closed vocabulary means here, e.g. `yes`; `None` where it means nothing.
    #[must_use]
    pub fn meaning(&self, role: &str, text: &str) -> Option<&str> {
        let text = text.trim();
        let meanings = self.values.get(role)?;
        let has = |values: &[String]| values.iter().any(|value| value.eq_ignore_ascii_case(text));
        meanings.iter().find(|(_, values)| has(values)).map(|(meaning, _)| meaning.as_str())
    }

    /// The status that a value of its column means; `None` where it means none.
    #[must_use]
    pub fn status(&self, text: &str) -> Option<Status> {
        let all = [Status::Confirmed, Status::Unreviewed, Status::Withdrawn];
        let meaning = self.meaning("status", text)?;
        all.into_iter().find(|status| status.word() == meaning)
    }

    /// Who brought a row up, by the value of its column, else as the layout says of all.
    #[must_use]
    pub fn origin_of(&self, text: &str) -> Origin {
        let meaning = self.meaning("origin", text);
        Origin::ALL.into_iter().find(|origin| Some(origin.word()) == meaning).unwrap_or(self.origin)
    }

    /// Whether a pair of coordinates means that there is no place: 0, 0 always does.
    #[must_use]
    pub fn no_place(&self, x: f64, y: f64) -> Option<NoPlace> {
        let is = |list: &[[f64; 2]]| list.iter().any(|&[mx, my]| x == mx && y == my);
        if is(&self.withheld) {
            Some(NoPlace::Withheld)
        } else if (x == 0.0 && y == 0.0) || is(&self.missing) {
            Some(NoPlace::Missing)
        } else {
            None
        }
    }
}

/// The layout that fits a header: the one that requires most, of equal ones the first by name.
#[must_use]
pub fn recognise<'a>(layouts: &'a [Layout], header: &Header) -> Option<&'a Layout> {
    layouts.iter().rev().filter(|layout| layout.fits(header)).max_by_key(|layout| layout.required.len())
}
