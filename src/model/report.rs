//! What sources send: reports, kept as they came and in order.

use super::class::{ClassId, Classes};
use super::period::Interval;
use crate::space::coord::LonLat;

/// What one row of a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// One event at a place.
    #[default]
    Incident,
    /// One offense of an event.
    Offense,
    /// One victim of an event.
    Victim,
}

/// A feed, and what holds for all its reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// One word, as in `--source slmpd`.
    pub name: String,
    /// What one row is.
    pub unit: Unit,
    /// IANA zone in which its local times are meant.
    pub zone: jiff::tz::TimeZone,
}

/// Where a report says that it happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Coordinates.
    At(LonLat),
    /// None were given.
    Missing,
    /// The source keeps them back because of the class.
    Withheld,
}

/// Whether a report adds to the count or takes an earlier one back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    /// One more.
    #[default]
    Adds,
    /// An earlier report was wrong.
    TakesBack,
}

/// One row of a source, understood.
#[derive(Clone, Debug)]
pub struct Report {
    /// Position in the ledger's sources.
    pub source: u16,
    /// The source's own id of the event, where it has one.
    pub id: Option<Box<str>>,
    /// Adds or takes back.
    pub sign: Sign,
    /// What happened.
    pub class: ClassId,
    /// When.
    pub when: Interval,
    /// Where.
    pub place: Place,
    /// Address as text, one space between its words.
    pub address: Option<Box<str>>,
    /// Whether the address names an intersection.
    pub intersection: bool,
}

/// All reports in the order in which they came, with the tables that they point into.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The feeds.
    pub sources: Vec<Source>,
    /// The classes met so far.
    pub classes: Classes,
    /// The reports.
    pub reports: Vec<Report>,
}
