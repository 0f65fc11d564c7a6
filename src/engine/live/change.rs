//! What a batch of reports did to the incidents, for those who wait to be told.

use std::collections::BTreeMap;

use super::part::Part;
use crate::model::block::BlockSet;
use crate::model::report::Status;
use crate::model::reports::Ledger;
use crate::space::coord::LonLat;

/// What a batch did, an incident at most once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Incidents that were not there before.
    pub added: Vec<Changed>,
    /// Incidents that were there and are told otherwise now.
    pub revised: Vec<Changed>,
    /// Incidents that are there no more: withdrawn, taken back, or told by a firmer feed's incident from now on.
    pub withdrawn: Vec<Changed>,
}

impl Change {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.revised.is_empty() && self.withdrawn.is_empty()
    }
}

/// One incident of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its source.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// How far it has been looked at; [`Status::Withdrawn`] of what is there no more.
    pub status: Status,
    /// The revision that stands, or stood; 0 where the source counts none.
    pub revision: i64,
    /// What a layer of single incidents may tell of it; `None` where any of its classes is sensitive.
    pub shown: Option<Shown>,
}

/// What may be told of a single incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its category, by name.
    pub category: Option<String>,
    /// The id of its block.
    pub block: Option<String>,
    /// Where.
    pub at: Option<LonLat>,
}

/// What stands otherwise now than before, of incidents of one ledger over some blocks.
pub(super) fn difference(old: &Part, new: &Part, ledger: &Ledger, set: &BlockSet) -> Change {
    let told = Telling { ledger, set };
    let (before, now) = (told.by_id(old), told.by_id(new));
    let mut change = Change::default();
    for (key, &at) in &now {
        match before.get(key) {
            None => change.added.push(told.changed(new, at, new.incidents.status(at))),
            Some(&was)
                if old.revisions[was] != new.revisions[at]
                    || !old.incidents.says(was, &new.incidents, at) =>
            {
                change.revised.push(told.changed(new, at, new.incidents.status(at)));
            }
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(key, _)| !now.contains_key(*key));
    change.withdrawn = gone.map(|(_, &at)| told.changed(old, at, Status::Withdrawn)).collect();
    change
}

struct Telling<'a> {
    ledger: &'a Ledger,
    set: &'a BlockSet,
}

impl Telling<'_> {
    fn by_id<'p>(&self, part: &'p Part) -> BTreeMap<(&str, &'p str), usize> {
        let incidents = &part.incidents;
        (0..incidents.len()).map(|at| ((self.source(part, at), incidents.id(at)), at)).collect()
    }

    fn source(&self, part: &Part, at: usize) -> &str {
        &self.ledger.sources[usize::from(part.incidents.source(at))].name
    }

    fn changed(&self, part: &Part, at: usize, status: Status) -> Changed {
        let (source, id) = (self.source(part, at).to_owned(), part.incidents.id(at).to_owned());
        Changed { source, id, status, revision: part.revisions[at], shown: self.shown(part, at) }
    }

    fn shown(&self, part: &Part, at: usize) -> Option<Shown> {
        let (incidents, classes) = (&part.incidents, &self.ledger.classes);
        if incidents.classes(at).any(|class| classes.get(class).flags.sensitive()) {
            return None;
        }
        let category = classes.get(incidents.class(at)).category;
        Some(Shown {
            category: category.map(|row| classes.tree().rows()[row].name.clone()),
            block: part.assignment.main(at).map(|block| self.set.blocks[block.0 as usize].id.clone()),
            at: incidents.lonlat(at),
        })
    }
}
