//! The values of each axis in a data set, and which of them an incident has.

use std::collections::HashMap;

use jiff::civil::Date;

use super::CountsError;
use super::axis::{Axis, Unit};
use super::window::Calendar;
use crate::engine::query::Selection;
use crate::model::areas::AreaKind;
use crate::model::category::UNKNOWN;
use crate::model::dataset::Dataset;
use crate::model::report::Origin;

/// One value of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A name.
    Name(String),
    /// A word of a closed list.
    Word(&'static str),
    /// An hour.
    Hour(i8),
    /// A unit of the calendar by its first day.
    Start(Unit, Date),
    /// No area: why.
    NoArea(NoArea),
    /// The source does not say.
    Unknown,
}

/// Why incidents are in no area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoArea {
    /// In a block that lies in none of this kind.
    Outside,
    /// They have a place and no block.
    Unassigned,
    /// They are at a held place.
    Held,
    /// They have no place.
    Unlocated,
    /// In some area, which a few protected incidents do not tell.
    Withheld,
}

impl NoArea {
    /// All of them, in the order of the rows.
    pub const ALL: [Self; 5] = [Self::Outside, Self::Unassigned, Self::Held, Self::Unlocated, Self::Withheld];

    /// As it stands in results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Unassigned => "unassigned",
            Self::Held => "held",
            Self::Unlocated => "unlocated",
            Self::Withheld => "withheld",
        }
    }
}

/// Days of a week as they stand in results.
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// How the key of an incident is found.
#[derive(Debug)]
pub(super) enum Find {
    /// By its block.
    Area(Vec<u32>),
    /// By its leading class among those that are selected.
    Category(Vec<u32>),
    Source,
    Origin,
    /// By the calendar of each window.
    Calendar,
    Weekday,
    Hour,
}

/// An axis over a data set.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) axis: Axis,
    pub(super) keys: Vec<Key>,
    pub(super) find: Find,
}

impl Keys {
    pub(super) fn of(
        axis: Axis,
        data: &Dataset,
        selection: &Selection,
        calendar: Option<&Calendar>,
    ) -> Result<Self, CountsError> {
        let (keys, find) = match axis {
            Axis::Area(kind) => areas(data, kind_of(data, kind)?),
            Axis::Category => categories(data, selection),
            Axis::Source => {
                let name = |source: &crate::model::report::Source| Key::Name(source.name.clone());
                (data.sources.iter().map(name).collect(), Find::Source)
            }
            Axis::Origin => (Origin::ALL.map(|origin| Key::Word(origin.word())).into(), Find::Origin),
            Axis::Calendar(unit) => {
                let units = calendar.into_iter().flat_map(|calendar| &calendar.units);
                let keys = units.map(|days| Key::Start(unit, days.first)).chain([Key::Unknown]);
                (keys.collect(), Find::Calendar)
            }
            Axis::Weekday => {
                (WEEKDAYS.map(Key::Word).into_iter().chain([Key::Unknown]).collect(), Find::Weekday)
            }
            Axis::Hour => ((0..24).map(Key::Hour).chain([Key::Unknown]).collect(), Find::Hour),
        };
        Ok(Self { axis, keys, find })
    }

    /// The key of what the axis does not tell: the last one.
    pub(super) fn unknown(&self) -> usize {
        self.keys.len() - 1
    }
}

/// The kind that is asked for, or the only one.
pub(super) fn kind_of(data: &Dataset, asked: Option<AreaKind>) -> Result<AreaKind, CountsError> {
    let kinds: Vec<AreaKind> = data.areas.iter().map(|layer| layer.kind).collect();
    let words = || kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    match asked {
        Some(kind) if kinds.contains(&kind) => Ok(kind),
        _ if kinds.is_empty() => Err(CountsError::NoAreas),
        Some(kind) => Err(CountsError::NoSuchKind { kind: kind.word(), there: words() }),
        None if kinds.len() == 1 => Ok(kinds[0]),
        None => Err(CountsError::WhichKind { there: words() }),
    }
}

/// The areas of a kind by name, each name once, then what is in none; and of each block the one with its largest share.
fn areas(data: &Dataset, kind: AreaKind) -> (Vec<Key>, Find) {
    let mut at_name: HashMap<&str, u32> = HashMap::new();
    let mut keys = Vec::new();
    for area in data.areas.iter().filter(|layer| layer.kind == kind).flat_map(|layer| &layer.areas) {
        let next = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        if *at_name.entry(&area.name).or_insert(next) == next {
            keys.push(Key::Name(area.name.clone()));
        }
    }
    let outside = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    let of_block = data.block_set.blocks.iter().map(|block| {
        let first = block.areas.get(&kind).and_then(|names| names.first());
        first.and_then(|name| at_name.get(name.as_str()).copied()).unwrap_or(outside)
    });
    let of_block = of_block.collect();
    keys.extend(NoArea::ALL.map(Key::NoArea));
    (keys, Find::Area(of_block))
}

/// The categories of all selected classes that the data have met, in the order of the tree; and that of each class.
fn categories(data: &Dataset, selection: &Selection) -> (Vec<Key>, Find) {
    let tree = data.classes.tree();
    let unknown = tree.position(UNKNOWN).unwrap_or(tree.rows().len());
    let row = |id| data.classes.get(id).category.unwrap_or(unknown);
    let mut rows: Vec<usize> = data.classes.ids().filter(|&id| selection.has_class(id)).map(row).collect();
    rows.sort_unstable();
    rows.dedup();
    let name = |&row: &usize| tree.rows().get(row).map_or(UNKNOWN, |row| row.name.as_str()).to_owned();
    let keys = rows.iter().map(|row| Key::Name(name(row))).collect();
    let at = |id| rows.binary_search(&row(id)).map_or(u32::MAX, |at| u32::try_from(at).unwrap_or(u32::MAX));
    (keys, Find::Category(data.classes.ids().map(at).collect()))
}
