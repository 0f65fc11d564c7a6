//! What became of the rows of a file: read, kept, refused, and why.

use std::collections::BTreeMap;

use crate::model::report::Place;
use crate::space::crs::Crs;

/// A row that could not be used. Holds no other column of the row, hence nothing about persons.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// Its line, or its number among the features, from 1.
    pub line: u64,
    /// The column at fault.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why it cannot be used.
    pub reason: String,
}

/// What is odd about rows that were understood, as counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Coordinates that stand for 'no place': 0, 0 or those that the layout names.
    pub no_place: usize,
    /// Longitude and latitude look swapped: far from the file's middle, and near it the other way round.
    pub swapped: usize,
}

/// The account of one or several files: `read = kept + refused`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Rows that the files have.
    pub read: usize,
    /// Rows that were understood.
    pub kept: usize,
    /// Rows that were not.
    pub refused: Vec<Refused>,
    /// What is odd about rows that were understood.
    pub flags: Flags,
    /// By the source's own areas, how many reports have a place and how many have none.
    pub by_area: BTreeMap<String, (usize, usize)>,
    /// What was understood of the files and what a person should know, a sentence each.
    pub notes: Vec<String>,
}

impl Account {
    /// Notes a CRS that was given where the file, or its layout, says another.
    pub(super) fn crs_not_used(&mut self, name: &str, given: Option<&Crs>, by: &str, used: &Crs) {
        if let Some(given) = given.filter(|given| *given != used) {
            self.notes.push(format!("{name}: --crs {given} is not used: {by} says {used}"));
        }
    }

    /// Adds the account of another file.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.kept += other.kept;
        self.refused.extend(other.refused);
        self.flags.no_place += other.flags.no_place;
        self.flags.swapped += other.flags.swapped;
        for (area, (located, without)) in other.by_area {
            let sum = self.by_area.entry(area).or_default();
            *sum = (sum.0 + located, sum.1 + without);
        }
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Counts a report of one of the source's own areas.
    pub(super) fn located_in(&mut self, area: &str, place: Place) {
        if !self.by_area.contains_key(area) {
            self.by_area.insert(area.to_owned(), (0, 0));
        }
        if let Some(sum) = self.by_area.get_mut(area) {
            match place {
                Place::At(_) => sum.0 += 1,
                Place::Missing | Place::Withheld => sum.1 += 1,
            }
        }
    }

    /// Refused rows by reason, the commonest first.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in &self.refused {
            *counts.entry(row.reason.split(':').next().unwrap_or_default()).or_default() += 1;
        }
        let mut list: Vec<_> = counts.into_iter().map(|(r, n)| (r.to_owned(), n)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }

    /// The commonest reason, for the end of a message; nothing where no row was refused.
    pub(super) fn because(&self) -> String {
        let first = self.reasons().into_iter().next();
        first.map_or_else(String::new, |(reason, n)| format!(": {reason} ({n} times)"))
    }
}
