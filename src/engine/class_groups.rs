//! Which classes of incidents a score counts, what they weigh, and which it leaves out and why.

use std::collections::{BTreeMap, BTreeSet};

use super::grouped::NO_GROUP;
use super::query::Selection;
use super::ranking::{Barred, RankingError, Scoring};
use super::snapshot::Snapshot;
use crate::model::category::{Flags, UNKNOWN};
use crate::model::class::{ClassId, Firearm};
use crate::model::dataset::Dataset;
use crate::model::harm::HarmTable;
use crate::model::incident::Incidents;
use crate::quality::share::LEAST_LOCATED;
use crate::rank::score::{By, Gun, Sharing};

/// Classes that have one weight and share one distribution over blocks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassGroup {
    /// What they are, for people.
    pub name: String,
    /// What one incident weighs.
    pub weight: f64,
    /// Where the weight comes from.
    pub source: Option<String>,
    /// How it was mapped.
    pub note: Option<String>,
}

/// The groups of a score.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ClassGroups {
    /// For each class its group.
    pub of: Vec<u16>,
    /// The groups, the weightiest first: an incident of several classes is in the first of theirs.
    pub groups: Vec<ClassGroup>,
    /// Classes of which too few have a place.
    pub barred: Vec<Barred>,
    /// Categories that the table gives no weight.
    pub without_weight: Vec<String>,
    /// What must be said.
    pub warnings: Vec<String>,
}

impl ClassGroups {
    /// The groups that a scoring asks for.
    pub(super) fn of(
        snapshot: &Snapshot,
        selection: &Selection,
        scoring: &Scoring,
    ) -> Result<Self, RankingError> {
        let data = snapshot.dataset();
        match scoring.by {
            By::Count | By::Rate => {
                Ok(Self::one("incidents", data, selection, |id| scoring.counts(&data.classes.get(id).flags)))
            }
            By::Gun => Self::gun(data, selection, scoring),
            By::Harm => {
                let table = data.harm.as_ref().ok_or(RankingError::NoHarm)?;
                Self::harm(snapshot, selection, scoring, table)
            }
        }
    }

    /// The group that an incident counts in, the weightiest of those of its classes; `None` where it does not count.
    pub(super) fn of_incident(&self, incidents: &Incidents, at: usize) -> Option<&ClassGroup> {
        let group = incidents.classes(at).filter_map(|class| self.of.get(usize::from(class.0))).min()?;
        self.groups.get(usize::from(*group))
    }

    fn one(name: &str, data: &Dataset, selection: &Selection, has: impl Fn(ClassId) -> bool) -> Self {
        let group = |id| if selection.has_class(id) && has(id) { 0 } else { NO_GROUP };
        let only = ClassGroup { name: name.to_owned(), weight: 1.0, source: None, note: None };
        Self { of: data.classes.ids().map(group).collect(), groups: vec![only], ..Self::default() }
    }

    fn gun(data: &Dataset, selection: &Selection, scoring: &Scoring) -> Result<Self, RankingError> {
        let shooting = |id| data.classes.get(id).flags.has(Flags::SHOOTING);
        match scoring.gun {
            Gun::Shooting if !data.classes.tell_shootings() => Err(RankingError::NoShootings),
            Gun::Shooting => Ok(Self::one("shootings", data, selection, shooting)),
            Gun::Crime => {
                let mut one = Self::one("gun crimes", data, selection, |id| data.classes.gun_crime(id));
                let named = |id: ClassId| data.classes.get(id).firearm == Firearm::Yes;
                if !data.classes.ids().any(|id| data.classes.gun_crime(id) && named(id)) {
                    one.warnings.push(
                        "no class of these data names a firearm, so that only homicide counts as gun crime"
                            .to_owned(),
                    );
                }
                if scoring.share == Sharing::Classes {
                    one.by_category(data);
                }
                Ok(one)
            }
        }
    }

    /// Tells the only group apart by category, the most serious first.
    fn by_category(&mut self, data: &Dataset) {
        let mut rows: Vec<usize> = data
            .classes
            .ids()
            .filter(|id| self.of[usize::from(id.0)] != NO_GROUP)
            .filter_map(|id| data.classes.get(id).category)
            .collect();
        rows.sort_unstable();
        rows.dedup();
        if rows.is_empty() {
            return;
        }
        let name = |&row: &usize| data.classes.tree().rows()[row].name.clone();
        self.groups =
            rows.iter().map(|row| ClassGroup { name: name(row), ..self.groups[0].clone() }).collect();
        for id in data.classes.ids().filter(|id| self.of[usize::from(id.0)] != NO_GROUP).collect::<Vec<_>>() {
            let at = data.classes.get(id).category.and_then(|row| rows.binary_search(&row).ok());
            self.of[usize::from(id.0)] = at.and_then(|at| u16::try_from(at).ok()).unwrap_or(NO_GROUP);
        }
    }

    fn harm(
        snapshot: &Snapshot,
        selection: &Selection,
        scoring: &Scoring,
        table: &HarmTable,
    ) -> Result<Self, RankingError> {
        let data = snapshot.dataset();
        let places = places(data, selection);
        let mut weighing: BTreeMap<usize, Vec<ClassId>> = BTreeMap::new();
        let mut all = Self { of: vec![NO_GROUP; places.len()], ..Self::default() };
        let mut without_weight = BTreeSet::new();
        for (id, &(placed, met)) in data.classes.ids().zip(&places).filter(|(_, (_, met))| *met > 0) {
            let class = data.classes.get(id);
            if !scoring.counts(&class.flags) {
                continue;
            }
            let Some(row) = table.row_of(&data.classes, id) else {
                let name = class.category.map_or(UNKNOWN, |at| data.classes.tree().rows()[at].name.as_str());
                without_weight.insert(name.to_owned());
                continue;
            };
            if table.rows()[row].weight == 0.0 {
                continue;
            }
            if (placed as f64) < LEAST_LOCATED * met as f64 {
                let category = table.rows()[row].category.clone();
                let (code, label) = (class.code.clone(), class.label.clone());
                all.barred.push(Barred { code, label, category, incidents: met, located: placed });
                continue;
            }
            weighing.entry(row).or_default().push(id);
        }
        all.without_weight = without_weight.into_iter().collect();
        let mut rows: Vec<usize> = weighing.keys().copied().collect();
        rows.sort_by(|&a, &b| table.rows()[b].weight.total_cmp(&table.rows()[a].weight).then(a.cmp(&b)));
        for (group, row) in (0u16..).zip(rows) {
            for id in &weighing[&row] {
                all.of[usize::from(id.0)] = group;
            }
            let row = &table.rows()[row];
            all.groups.push(ClassGroup {
                name: row.class.clone().unwrap_or_else(|| row.category.clone()),
                weight: row.weight,
                source: Some(row.source.clone()),
                note: Some(row.note.clone()).filter(|note| !note.is_empty()),
            });
        }
        Ok(all)
    }
}

/// Of each selected class, how many of its selected incidents have a place or a block, and how many there are.
///
/// A held place is a place: what is booked at headquarters is known to have been booked there.
fn places(data: &Dataset, selection: &Selection) -> Vec<(usize, usize)> {
    let mut places = vec![(0, 0); data.classes.rows().len()];
    for at in (0..data.incidents.len()).filter(|&at| selection.has_apart_from_class(data, at)) {
        let placed = data.placed(at);
        for class in data.incidents.classes(at).filter(|&class| selection.has_class(class)) {
            let of = &mut places[usize::from(class.0)];
            *of = (of.0 + usize::from(placed), of.1 + 1);
        }
    }
    places
}
