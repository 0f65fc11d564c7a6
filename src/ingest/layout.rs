//! Layouts: which column of a source means what. Data, not code: one TOML each in `data/layouts/`.

use super::crosswalk::{Crosswalk, CrosswalkError};
use super::shipped;
use super::table::Header;
use crate::model::category::CategoryTree;
use crate::model::report::Unit;
use crate::space::crs::{Crs, CrsError};

/// What a layout file says. Unknown keys are errors.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    unit: String,
    time_zone: String,
    crs: Option<String>,
    crosswalk: Option<String>,
    required: Vec<String>,
    columns: Columns,
    #[serde(default)]
    formats: Formats,
    #[serde(default)]
    class: ClassRule,
    #[serde(default)]
    place: PlaceRule,
}

/// Columns by role, each `name|alternative` in lower-case letters and digits. No other column is read.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The source's id of the event.
    pub id: Option<String>,
    /// Date and time in one.
    pub occurred: Option<String>,
    /// Date, where the time stands apart.
    pub date: Option<String>,
    /// Time, where the date stands apart.
    pub time: Option<String>,
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
}

/// Forms of dates and times, as in `strftime`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Formats {
    /// Of `occurred`.
    pub occurred: Vec<String>,
    /// Of `date`.
    pub date: Vec<String>,
    /// Of `time`.
    pub time: Vec<String>,
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
}

/// The code of a row that names no class.
const UNCLASSIFIED: &str = "unclassified";

/// A layout, checked and ready.
#[derive(Clone, Debug)]
pub struct Layout {
    /// One word; the default name of the source.
    pub name: String,
    /// For people.
    pub title: String,
    /// What one row is.
    pub unit: Unit,
    /// Zone of its local times.
    pub zone: jiff::tz::TimeZone,
    /// CRS of its coordinates, where the layout fixes it.
    pub crs: Option<Crs>,
    /// Its classes.
    pub crosswalk: Crosswalk,
    /// Its columns.
    pub columns: Columns,
    /// Its dates and times.
    pub formats: Formats,
    required: Vec<String>,
    pad: usize,
    missing: Vec<[f64; 2]>,
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

impl Layout {
    /// Reads a layout from its TOML.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] for what cannot be used.
    pub fn parse(file: &str, text: &str, tree: &CategoryTree) -> Result<Self, LayoutError> {
        let name = || file.to_owned();
        let f: File =
            toml::from_str(text).map_err(|e| LayoutError::Read { file: name(), source: Box::new(e) })?;
        let unit = match f.unit.as_str() {
            "incident" => Unit::Incident,
            "offense" => Unit::Offense,
            "victim" => Unit::Victim,
            _ => {
                return Err(LayoutError::Value {
                    file: name(),
                    value: f.unit,
                    what: "unit: incident, offense, victim",
                });
            }
        };
        let zone = jiff::tz::TimeZone::get(&f.time_zone).map_err(|_| LayoutError::Value {
            file: name(),
            value: f.time_zone,
            what: "IANA time zone",
        })?;
        let crs = f.crs.as_deref().map(Crs::new).transpose();
        let crosswalk = f.crosswalk.as_deref().map(|c| Crosswalk::shipped(c, tree)).transpose();
        Ok(Self {
            crs: crs.map_err(|source| LayoutError::Crs { file: name(), source })?,
            crosswalk: crosswalk
                .map_err(|source| LayoutError::Crosswalk { file: name(), source })?
                .unwrap_or_default(),
            name: f.name,
            title: f.title,
            unit,
            zone,
            columns: f.columns,
            formats: f.formats,
            required: f.required,
            pad: f.class.pad.unwrap_or(0),
            missing: f.place.missing,
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

    /// Whether a pair of coordinates means 'no place': 0, 0 always does.
    #[must_use]
    pub fn means_no_place(&self, x: f64, y: f64) -> bool {
        (x == 0.0 && y == 0.0) || self.missing.iter().any(|&[mx, my]| x == mx && y == my)
    }
}

/// The layout that fits a header: the one that requires most, of equal ones the first by name.
#[must_use]
pub fn recognise<'a>(layouts: &'a [Layout], header: &Header) -> Option<&'a Layout> {
    layouts.iter().rev().filter(|layout| layout.fits(header)).max_by_key(|layout| layout.required.len())
}
