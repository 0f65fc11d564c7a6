//! Which incidents are meant: a period and categories, and what became of them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::model::class::{ClassId, ClassSet, UnknownCategory};
use crate::model::dataset::Dataset;
use crate::model::datetime::Datetime;
use crate::model::incident::Located;
use crate::model::period::Period;
use crate::model::report::{Origin, Status};

/// A choice of incidents, in the user's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Local dates; all time where absent.
    pub period: Option<Period>,
    /// Names of categories; all where empty.
    pub categories: Vec<String>,
    /// Who brought them up; anyone where empty.
    pub origins: Vec<Origin>,
    /// How far they have been looked at; only what stands where empty.
    pub statuses: Vec<Status>,
}

/// A query made ready for one data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    windows: Vec<(i64, i64)>,
    classes: Option<ClassSet>,
    origins: Vec<Origin>,
    statuses: Vec<Status>,
    without_sensitive: bool,
    /// Whether incidents that begin before the period and reach into it are meant too.
    reaching: bool,
}

impl Selection {
    /// Makes a query ready.
    ///
    /// # Errors
    ///
    /// [`UnknownCategory`] if the data set does not have one of the categories.
    pub fn of(query: &Query, dataset: &Dataset) -> Result<Self, UnknownCategory> {
        let window = |zone| query.period.map_or((i64::MIN, i64::MAX), |p| p.seconds_in(zone));
        let classes = match &query.categories[..] {
            [] => None,
            names => Some(dataset.classes.select(names)?),
        };
        let statuses =
            if query.statuses.is_empty() { vec![Status::Confirmed] } else { query.statuses.clone() };
        Ok(Self {
            windows: dataset.sources.iter().map(|s| window(&s.zone)).collect(),
            classes,
            origins: query.origins.clone(),
            statuses,
            without_sensitive: false,
            reaching: false,
        })
    }

    /// The same without incidents of which any class is sexual, domestic, against a child or in no category.
    #[must_use]
    pub fn without_sensitive(self) -> Self {
        Self { without_sensitive: true, ..self }
    }

    /// The same for incidents whose own interval a time intersects, wherever they begin.
    #[must_use]
    pub fn during(self, time: Datetime, dataset: &Dataset) -> Self {
        let windows = dataset.sources.iter().map(|source| time.seconds_in(&source.zone)).collect();
        Self { windows, reaching: true, ..self }
    }

    /// Whether an incident is meant but for its classes: it begins in the period, its origin and
    /// status are chosen, and it is not left out as sensitive.
    #[inline]
    pub(super) fn has_apart_from_class(&self, dataset: &Dataset, at: usize) -> bool {
        let incidents = &dataset.incidents;
        let (from, to) = self.windows[usize::from(incidents.source(at))];
        let when = incidents.when(at);
        let reaches = when.from >= from || (self.reaching && when.to() > from);
        (reaches && when.from < to)
            && self.statuses.contains(&incidents.status(at))
            && (self.origins.is_empty() || self.origins.contains(&incidents.origin(at)))
            && !(self.without_sensitive && dataset.sensitive(at))
            && !incidents.gone(at)
    }

    /// Whether only what sensors brought up is meant.
    pub(super) fn of_sensors_alone(&self) -> bool {
        !self.origins.is_empty() && self.origins.iter().all(|&origin| origin == Origin::Sensor)
    }

    /// Whether incidents of a class are meant.
    pub(super) fn has_class(&self, class: ClassId) -> bool {
        self.classes.as_ref().is_none_or(|set| set.has(class))
    }

    /// Whether it asks for sexual, domestic or child offenses alone: then small numbers tell of single victims.
    #[must_use]
    pub fn protected_alone(&self, dataset: &Dataset) -> bool {
        let classes = &dataset.classes;
        self.classes.as_ref().is_some_and(|chosen| {
            let mut of_it = classes.ids().filter(|&class| chosen.has(class)).peekable();
            of_it.peek().is_some() && of_it.all(|class| classes.get(class).flags.protected())
        })
    }

    /// What an incident is told as: the most serious of its classes that is chosen, so that whoever asks for burglaries is told
    /// of burglaries.
    #[must_use]
    #[inline]
    pub fn class_of(&self, dataset: &Dataset, at: usize) -> ClassId {
        let incidents = &dataset.incidents;
        match &self.classes {
            Some(chosen) if incidents.only_class(at).is_none() => {
                incidents.classes(at).find(|&class| chosen.has(class)).unwrap_or_else(|| incidents.class(at))
            }
            _ => incidents.class(at),
        }
    }

    /// Whether an incident is meant: it begins in the period, one of its classes is chosen, and so are its
    /// origin and status.
    #[must_use]
    #[inline]
    pub fn has(&self, dataset: &Dataset, at: usize) -> bool {
        self.has_apart_from_class(dataset, at)
            && self
                .classes
                .as_ref()
                .is_none_or(|set| dataset.incidents.classes(at).any(|class| set.has(class)))
    }
}

/// What became of the selected incidents: `incidents = in_blocks + unassigned + held + unlocated`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Selected incidents.
    pub incidents: usize,
    /// Reports behind them: offenses or victims, by the source's unit.
    pub reports: u64,
    /// Those of them that happened after the day until which their data are complete: some of their like are yet to come.
    pub after_complete: usize,
    /// Those that happened before the day on which the data begin: no observed day stands for them.
    pub before_observed: usize,
    /// In a block and ranked.
    pub in_blocks: usize,
    /// With a place but without a block.
    pub unassigned: usize,
    /// At held places: out of ranks, density and clusters.
    pub held: usize,
    /// With a place that was found from the address; they are among those in blocks, unassigned or held.
    pub geocoded: usize,
    /// Without a usable place, by reason.
    pub unlocated: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// Counts what became of the selected incidents; the data begin with a day, and are complete until one where their
    /// sources tell it.
    #[must_use]
    pub fn of(
        selection: &Selection,
        dataset: &Dataset,
        observed_from: Option<Date>,
        complete_until: Option<Date>,
    ) -> Self {
        let period = |first: Option<Date>, last: Option<Date>| Period::new(first, last).ok();
        let from = observed_from.and_then(|first| period(Some(first), None));
        let until = complete_until.and_then(|last| period(None, Some(last)));
        let ends = |zone| {
            (
                from.map_or(i64::MIN, |p| p.seconds_in(zone).0),
                until.map_or(i64::MAX, |p| p.seconds_in(zone).1),
            )
        };
        let ends: Vec<(i64, i64)> = dataset.sources.iter().map(|source| ends(&source.zone)).collect();
        let mut tally = Self::default();
        for at in (0..dataset.incidents.len()).filter(|&at| selection.has(dataset, at)) {
            tally.incidents += 1;
            tally.reports += u64::from(dataset.incidents.reports(at));
            let (begin, end) = ends[usize::from(dataset.incidents.source(at))];
            let from = dataset.incidents.when(at).from;
            tally.after_complete += usize::from(from >= end);
            tally.before_observed += usize::from(from < begin);
            let located = dataset.incidents.located(at);
            tally.geocoded += usize::from(located == Located::Geocoded);
            if dataset.held[at] {
                tally.held += 1;
            } else if dataset.assignment.main(at).is_some() {
                // Over hundred-blocks the address is enough.
                tally.in_blocks += 1;
            } else if let Some(reason) = located.reason() {
                *tally.unlocated.entry(reason).or_default() += 1;
            } else {
                tally.unassigned += 1;
            }
        }
        tally
    }
}
