//! Layouts: which column of a source means what. Data, not code: one TOML each in `data/layouts/`.

mod file;

use std::collections::BTreeMap;

use file::File;
pub use file::{Columns, Formats};

use super::crosswalk::{Crosswalk, CrosswalkError};
use super::shipped;
use super::table::Header;
use crate::model::category::CategoryTree;
use crate::model::report::{Feed, Origin, Status, Unit};
use crate::space::crs::{Crs, CrsError};

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
const MEANINGS: [(&str, &[&str]); 7] = [
    ("firearm", &["yes", "no"]),
    ("domestic", &["yes", "no"]),
    ("shooting", &["yes", "no"]),
    ("child", &["yes", "no"]),
    ("status", &["unreviewed", "confirmed", "withdrawn"]),
    ("origin", &["citizen", "officer", "sensor"]),
    ("place", &["missing", "withheld"]),
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
        let unit = Unit::of_word(&f.unit).ok_or_else(|| value(&f.unit, "unit: incident, offense, victim"))?;
        let feed = f.feed.as_deref().unwrap_or("report");
        let feed = Feed::of_word(feed).ok_or_else(|| value(feed, "feed: report, call, alert, request"))?;
        let origin = f.origin.as_deref().unwrap_or("unknown");
        let origin = Origin::of_word(origin)
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
                    "column with a closed vocabulary: firearm, domestic, shooting, child, status, origin, place",
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

    /// Whether a file with this header has all that this layout requires.
    ///
    /// In one `with_geometry` the columns of coordinates may be missing: each row has a point.
    #[must_use]
    pub fn fits(&self, header: &Header, with_geometry: bool) -> bool {
        self.lacking(header, with_geometry).is_empty()
    }

    /// What is required and the file does not have.
    #[must_use]
    pub fn lacking(&self, header: &Header, with_geometry: bool) -> Vec<&str> {
        let names = self.required.iter().map(String::as_str);
        let coordinates = [self.columns.x.as_deref(), self.columns.y.as_deref()];
        let given =
            |name: &str| header.find(name).is_some() || (with_geometry && coordinates.contains(&Some(name)));
        names.filter(|name| !given(name)).collect()
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
        self.meaning("origin", text).and_then(Origin::of_word).unwrap_or(self.origin)
    }

    /// Whether a pair of coordinates means that there is no place, being as near as this to one that does: 0, 0 always does.
    #[must_use]
    pub fn no_place(&self, (x, y): (f64, f64), near: f64) -> Option<NoPlace> {
        let at = |&[mx, my]: &[f64; 2]| (x - mx).abs() <= near && (y - my).abs() <= near;
        let is = |list: &[[f64; 2]]| list.iter().any(at);
        if is(&self.withheld) {
            Some(NoPlace::Withheld)
        } else if at(&[0.0, 0.0]) || is(&self.missing) {
            Some(NoPlace::Missing)
        } else {
            None
        }
    }
}

/// The layout that fits a header: the one that requires most, of equal ones the first by name.
///
/// Geometry that names no CRS may be in any, so that of equal layouts one that fixes none comes first.
#[must_use]
pub fn recognise<'a>(layouts: &'a [Layout], header: &Header, geometry: Geometry) -> Option<&'a Layout> {
    let fitting = layouts.iter().rev().filter(|layout| layout.fits(header, geometry != Geometry::None));
    fitting.max_by_key(|layout| {
        (layout.required.len(), geometry == Geometry::WithoutCrs && layout.crs.is_none())
    })
}

/// Whether the rows of a file have points beside their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geometry {
    /// They have none: a table.
    None,
    /// In a CRS that the file names.
    WithCrs,
    /// In one that it does not name.
    WithoutCrs,
}
