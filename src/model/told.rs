//! One incident on its own, before it is stored in columns.

use std::borrow::Cow;

use super::class::ClassId;
use super::period::Interval;
use super::report::{Origin, Status};
use crate::space::coord::{Local, Mercator};

/// What is known of an incident's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// It has coordinates.
    Yes,
    /// Its coordinates were found from its address.
    Geocoded,
    /// The source gave none.
    Missing,
    /// The source keeps them back because of the class.
    Withheld,
    /// It has coordinates, too far from the blocks to lie in their plane.
    Elsewhere,
}

impl Located {
    /// Whether there is a usable place.
    #[must_use]
    pub fn has_place(self) -> bool {
        matches!(self, Self::Yes | Self::Geocoded)
    }

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "located",
            Self::Geocoded => "geocoded",
            Self::Missing => "missing",
            Self::Withheld => "withheld",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Why there is no usable place, in a word; `None` where there is one.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Yes | Self::Geocoded => None,
            Self::Missing => Some("missing"),
            Self::Withheld => Some("withheld"),
            Self::Elsewhere => Some("elsewhere"),
        }
    }
}

/// One incident before it is stored in columns.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Position of its source.
    pub source: u16,
    /// The source's id, or one made from the content.
    pub id: String,
    /// When.
    pub when: Interval,
    /// Its classes, the most serious first.
    pub classes: Vec<ClassId>,
    /// Reports that tell of it: offenses or victims, by the source's unit.
    pub reports: u32,
    /// Whether it has a place, and if not, why.
    pub located: Located,
    /// The place on the globe; meaningless unless located.
    pub mercator: Mercator,
    /// The place in the local plane; meaningless unless located.
    pub local: Local,
    /// Address as text.
    pub address: Option<Box<str>>,
    /// Whether its address names an intersection.
    pub intersection: bool,
    /// Who brought it up.
    pub origin: Origin,
    /// How far it has been looked at.
    pub status: Status,
}

/// The same with its texts elsewhere.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// Position of its source.
    pub source: u16,
    /// The source's id, or one made from the content.
    pub id: Cow<'a, str>,
    /// When.
    pub when: Interval,
    /// Its classes, the most serious first.
    pub classes: &'a [ClassId],
    /// Reports that tell of it.
    pub reports: u32,
    /// Whether it has a place, and if not, why.
    pub located: Located,
    /// The place on the globe.
    pub mercator: Mercator,
    /// The place in the local plane.
    pub local: Local,
    /// Number of its address in the table of addresses.
    pub address: Option<u32>,
    /// Whether its address names an intersection.
    pub intersection: bool,
    /// Who brought it up.
    pub origin: Origin,
    /// How far it has been looked at.
    pub status: Status,
}
