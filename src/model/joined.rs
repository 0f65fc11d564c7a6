//! Ledgers joined: the reports of one at the end of another, with this one's numbers for source, file and class.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::class::{Class, ClassId, Classes};
use super::report::Report;
use super::reports::Ledger;

/// The table of classes is full.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "class `{code}` of source `{source_name}` would be more than the 65,535 that a data set can have; is its column the offense?"
)]
pub struct TooManyClasses {
    /// The class that found no room.
    pub code: String,
    /// Its source.
    pub source_name: String,
}

/// A file that is named again after so many others is taken for another.
const RECENT: usize = 64;

impl Ledger {
    /// Adds the reports of another ledger at the end, in their order.
    ///
    /// Sources that are equal are one, classes of one source with one code are one: the first that came says what
    /// they mean. Where the other's category tree differs, categories go by their names.
    ///
    /// # Errors
    ///
    /// [`TooManyClasses`] if there is no room; then nothing was added but classes and sources without reports.
    pub fn add(&mut self, other: &Self) -> Result<(), TooManyClasses> {
        if self.classes.rows().is_empty() && self.classes.tree().rows().is_empty() {
            self.classes = Classes::over(other.classes.tree().clone());
        }
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let mut sources = Vec::with_capacity(other.sources.len());
        for source in &other.sources {
            let known = self.sources.iter().position(|known| known == source);
            sources.push(number(known.unwrap_or_else(|| {
                self.sources.push(source.clone());
                self.sources.len() - 1
            })));
        }
        let mut files = Vec::with_capacity(other.files.len());
        for file in &other.files {
            // Not among all: a feed that goes on for long brings many.
            let recent = self.files.len().saturating_sub(RECENT);
            let known = self.files[recent..].iter().rposition(|known| known == file);
            files.push(number(match known {
                Some(at) => recent + at,
                None if self.files.len() >= usize::from(u16::MAX) => self.files.len(),
                None => {
                    self.files.push(file.clone());
                    self.files.len() - 1
                }
            }));
        }
        // Classes of the other by its source and its number, since they are entered as they are met.
        let mut classes: HashMap<(u16, ClassId), ClassId> = HashMap::new();
        for report in other.reports.iter() {
            let Entry::Vacant(room) = classes.entry((report.source, report.class)) else { continue };
            let source = sources[usize::from(report.source)];
            let class = other.classes.get(report.class);
            let name = class.category.map(|at| other.classes.tree().rows()[at].name.as_str());
            let category = name.and_then(|name| self.classes.tree().position(name));
            let id = self.classes.intern(source, &class.code, || Class { category, ..class.clone() });
            room.insert(id.ok_or_else(|| TooManyClasses {
                code: class.code.clone(),
                source_name: self.sources[usize::from(source)].name.clone(),
            })?);
        }
        for report in other.reports.iter() {
            self.reports.push(&Report {
                source: sources[usize::from(report.source)],
                file: files.get(usize::from(report.file)).copied().unwrap_or(u16::MAX),
                class: classes[&(report.source, report.class)],
                ..report
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::{CategoryTree, Flags};
    use crate::model::class::Firearm;
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Place, Source, Unit};

    /// One report of a class under a tree of these categories.
    fn ledger(source: &str, categories: &[&str], code: &str, category: &str) -> Ledger {
        let mut tree = CategoryTree::default();
        for name in categories {
            tree.add(name, "", None, Flags::NONE).expect("new");
        }
        let category = tree.position(category);
        let mut classes = Classes::over(tree);
        let class = Class {
            code: code.into(),
            label: String::new(),
            category,
            flags: Flags::NONE,
            firearm: Firearm::Unknown,
        };
        let id = classes.intern(0, code, || class).expect("room");
        let when = Interval { from: 0, seconds: 60, precision: Precision::Minute };
        let sources = vec![Source::new(source, Unit::Incident, jiff::tz::TimeZone::UTC)];
        let reports = [Report::plain(id, when, Place::Missing)].into_iter().collect();
        Ledger { sources, files: vec!["a file".into()], classes, reports }
    }

    #[test]
    fn equal_sources_and_codes_are_one_and_categories_go_by_name() {
        let mut all = Ledger::default();
        all.add(&ledger("s", &["theft", "assault"], "1", "assault")).expect("room");
        all.add(&ledger("s", &["assault"], "1", "assault")).expect("room");
        all.add(&ledger("t", &["assault"], "1", "assault")).expect("room");
        all.add(&ledger("t", &["arson"], "2", "arson")).expect("room");
        let of = |at: usize| (all.reports.source(at), all.reports.class(at).0);
        assert_eq!([0, 1, 2, 3].map(of), [(0, 0), (0, 0), (1, 1), (1, 2)]);
        assert_eq!((all.sources.len(), all.files.len()), (2, 1));
        let categories: Vec<_> = all.classes.rows().iter().map(|class| class.category).collect();
        assert_eq!(categories, [Some(1), Some(1), None], "what the tree does not have is in no category");
        assert!(all.classes.rows()[2].flags.sensitive());
    }
}
