//! What sources send: reports, kept as they came and in order.

use super::class::ClassId;
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

impl Unit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Incident, Self::Offense, Self::Victim];

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// As it stands in layouts and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Offense => "offense",
            Self::Victim => "victim",
        }
    }
}

/// What a source tells of, the firmest first: of linked feeds the firmest leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// Reports that an officer wrote.
    #[default]
    Report,
    /// Calls for service.
    Call,
    /// Alerts of sensors.
    Alert,
    /// Requests to the city: refuse, lights, trees.
    Request,
}

impl Feed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Report, Self::Call, Self::Alert, Self::Request];

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// As it stands in layouts and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Call => "call",
            Self::Alert => "alert",
            Self::Request => "request",
        }
    }
}

/// Who brought an incident up. Never citizen unless the source says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Someone called or came.
    Citizen,
    /// An officer came upon it.
    Officer,
    /// A sensor.
    Sensor,
    /// The source does not say.
    #[default]
    Unknown,
}

impl Origin {
    /// All of them, in the order of their words in the docs.
    pub const ALL: [Self; 4] = [Self::Citizen, Self::Officer, Self::Sensor, Self::Unknown];

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// As it stands in layouts, parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Officer => "officer",
            Self::Sensor => "sensor",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a report has been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It stands.
    #[default]
    Confirmed,
    /// Nobody has looked at it yet: in no rank, density or cluster unless asked for.
    Unreviewed,
    /// It was taken back.
    Withdrawn,
}

impl Status {
    /// Which of two statuses stands where a source tells both of one revision: what was taken back stays so, and what
    /// was confirmed is no longer unreviewed. So reports come to the same in any order.
    #[must_use]
    pub fn firmness(self) -> u8 {
        match self {
            Self::Unreviewed => 0,
            Self::Confirmed => 1,
            Self::Withdrawn => 2,
        }
    }

    /// As it stands in layouts, parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unreviewed => "unreviewed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A feed, and what holds for all its reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// One word, as in `--source slmpd`.
    pub name: String,
    /// What one row is.
    pub unit: Unit,
    /// What it tells of.
    pub feed: Feed,
    /// IANA zone in which its local times are meant.
    pub zone: jiff::tz::TimeZone,
    /// How it moves its places, where it says that it does.
    pub anonymised: Option<String>,
    /// Whether what a later file says of an event takes the place of what an earlier one said.
    pub revises: bool,
}

impl Source {
    /// A source of reports that moves no places.
    #[must_use]
    pub fn new(name: &str, unit: Unit, zone: jiff::tz::TimeZone) -> Self {
        Self { name: name.to_owned(), unit, feed: Feed::Report, zone, anonymised: None, revises: false }
    }
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

/// A day as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day as a date; `None` beyond the calendar.
    #[must_use]
    pub fn date(self) -> Option<jiff::civil::Date> {
        jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(self.0)).ok()
    }
}

/// One row of a source, understood; its texts lie in the file or in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Position in the ledger's sources.
    pub source: u16,
    /// Position of its file in the call.
    pub file: u16,
    /// Its line, or its number among the features, from 1.
    pub line: u32,
    /// The source's own id of the event, where it has one.
    pub id: Option<&'a str>,
    /// Grows when the source revises the event; the highest stands.
    pub revision: i64,
    /// How far it has been looked at.
    pub status: Status,
    /// Adds or takes back.
    pub sign: Sign,
    /// What happened.
    pub class: ClassId,
    /// Who brought it up.
    pub origin: Origin,
    /// When.
    pub when: Interval,
    /// By which day the source knew it; of a month its last day.
    pub recorded: Option<Day>,
    /// Where.
    pub place: Place,
    /// Address as text, one space between its words.
    pub address: Option<&'a str>,
    /// Whether the address names an intersection.
    pub intersection: bool,
}

impl Report<'_> {
    /// A report of the first source that stands and tells no more than it must.
    #[must_use]
    pub fn plain(class: ClassId, when: Interval, place: Place) -> Self {
        Self {
            source: 0,
            file: 0,
            line: 0,
            id: None,
            revision: 0,
            status: Status::Confirmed,
            sign: Sign::Adds,
            class,
            origin: Origin::Unknown,
            when,
            recorded: None,
            place,
            address: None,
            intersection: false,
        }
    }
}
