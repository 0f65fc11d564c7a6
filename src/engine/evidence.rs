//! What a block's incidents are: by class, origin, year and hour of the week, and how good the data behind them are.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::query::{Query, Selection};
use super::snapshot::Snapshot;
use crate::aggregate::aoristic;
use crate::model::block::{BlockId, Share};
use crate::model::incident::Located;
use crate::model::period::Period;
use crate::model::report::Origin;
use crate::rank::explain::{Evidence, OfClass, OfYear, Quality, Week, most_first};
use crate::rank::peak::{Peak, peak};

/// What a sentence needs of a block beside its rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// When in the week its incidents peak.
    pub peak: Option<Peak>,
    /// Incidents of which the source says that someone was shot, whole ones.
    pub shootings: u64,
}

/// The incidents of some blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// By block, in the order that was asked for: incidents that count, with the part that the block has of each.
    of: Vec<Vec<(usize, f64)>>,
    /// By block, those that are held.
    held: Vec<u32>,
}

impl Snapshot {
    /// Finds the incidents of some blocks among those that are selected and that `counted` holds for. Time O(incidents of
    /// these blocks).
    #[must_use]
    pub fn gather(
        &self,
        selection: &Selection,
        counted: impl Fn(usize) -> bool,
        blocks: &[BlockId],
    ) -> Gathered {
        let data = self.dataset();
        let mut found = Gathered { of: vec![Vec::new(); blocks.len()], held: vec![0; blocks.len()] };
        for (slot, &block) in blocks.iter().enumerate() {
            for at in self.by_block().rows(block).filter(|&at| selection.has(data, at) && counted(at)) {
                if !data.held[at] {
                    let own = data.assignment.shares(at).filter(|(of, _)| *of == block);
                    let part = |share: Share| f64::from(share.0) / f64::from(Share::WHOLE.0);
                    found.of[slot].extend(own.map(|(_, share)| (at, part(share))));
                } else if data.assignment.main(at) == Some(block) {
                    found.held[slot] += 1;
                }
            }
        }
        found
    }

    /// By leading class, the incidents that are selected and that `counted` holds for, and those of them without a
    /// usable place. Time O(n).
    #[must_use]
    pub fn unlocated(&self, selection: &Selection, counted: impl Fn(usize) -> bool) -> Vec<(u32, u32)> {
        let data = self.dataset();
        let mut classes = vec![(0, 0); data.classes.rows().len()];
        for at in (0..data.incidents.len()).filter(|&at| selection.has(data, at) && counted(at)) {
            let nowhere = data.assignment.main(at).is_none() && data.incidents.located(at).reason().is_some();
            let class: &mut (u32, u32) = &mut classes[usize::from(data.incidents.class(at).0)];
            *class = (class.0 + 1, class.1 + u32::from(nowhere));
        }
        classes
    }

    /// What the incidents of a block are, by its place among those that were gathered; `classes` as
    /// [`Snapshot::unlocated`] gives them.
    #[must_use]
    pub fn evidence(
        &self,
        query: &Query,
        gathered: &Gathered,
        classes: &[(u32, u32)],
        slot: usize,
    ) -> Evidence {
        let data = self.dataset();
        let mine = &gathered.of[slot];
        let mut quality = Quality { held: gathered.held[slot], ..Quality::default() };
        let complete = self.complete_until();
        for &(at, _) in mine {
            let after = data.local_date(at).zip(complete).is_some_and(|(day, last)| day > last);
            quality.after_horizon += u32::from(after);
            if !data.sensitive(at) && data.incidents.located(at).has_place() {
                quality.placed += 1;
                quality.near_boundary += u32::from(data.assignment.near_boundary(at));
                quality.geocoded += u32::from(data.incidents.located(at) == Located::Geocoded);
            }
        }
        let by_class = most_first(mine.iter().map(|&(at, part)| (data.incidents.class(at), part)));
        for (class, _) in &by_class {
            let (all, unlocated) = classes[usize::from(class.0)];
            quality.of_classes += all;
            quality.unlocated += unlocated;
        }
        let sum = |of: &dyn Fn(usize) -> bool| {
            mine.iter().filter(|(at, _)| of(*at)).map(|(_, part)| part).sum::<f64>()
        };
        let gun = |at: usize| data.gun_crime(at);
        Evidence {
            incidents: sum(&|_| true),
            gun_crimes: sum(&gun),
            shootings: self.shootings(mine),
            by_class: by_class.into_iter().map(|(class, incidents)| OfClass { class, incidents }).collect(),
            by_origin: Origin::ALL.map(|origin| sum(&|at| data.incidents.origin(at) == origin)),
            by_year: self.years(query, mine),
            week: self.week(mine),
            quality,
        }
    }

    /// When the incidents of the blocks that were gathered peak, and how many are shootings, in their order.
    #[must_use]
    pub fn profiles(&self, gathered: &Gathered) -> Vec<Profile> {
        let profile = |mine: &Vec<(usize, f64)>| Profile {
            peak: self.week(mine).peak,
            shootings: self.shootings(mine),
        };
        gathered.of.iter().map(profile).collect()
    }

    /// The weeks of the blocks that were gathered, in their order.
    #[must_use]
    pub fn weeks(&self, gathered: &Gathered) -> Vec<Week> {
        gathered.of.iter().map(|mine| self.week(mine)).collect()
    }

    fn shootings(&self, mine: &[(usize, f64)]) -> u64 {
        mine.iter().filter(|(at, _)| self.dataset().shooting(*at)).count() as u64
    }

    /// Whether every selected incident that `counted` holds for is known to be a shooting, and there is one.
    #[must_use]
    pub fn all_shootings(&self, selection: &Selection, counted: impl Fn(usize) -> bool) -> bool {
        let data = self.dataset();
        let mut chosen =
            (0..data.incidents.len()).filter(|&at| selection.has(data, at) && counted(at)).peekable();
        chosen.peek().is_some() && chosen.all(|at| data.shooting(at))
    }

    fn week(&self, mine: &[(usize, f64)]) -> Week {
        let (data, piles) = (self.dataset(), self.time_piles());
        let (mut week, mut began) = (Week::default(), Vec::new());
        for &(at, _) in mine {
            let Some(when) = piles.clocked(data, at).filter(|_| !data.sensitive(at)) else {
                week.left_out += 1;
                continue;
            };
            week.incidents += 1;
            aoristic::add(&mut week.hours, when.begin, when.seconds);
            if when.precise {
                began.push(when.begin);
            } else {
                week.imprecise += 1;
            }
        }
        week.peak = peak(&began);
        week
    }

    fn years(&self, query: &Query, mine: &[(usize, f64)]) -> Vec<OfYear> {
        let mut years: BTreeMap<i16, f64> = BTreeMap::new();
        if let Some((first, last)) = self.observed_dates(query) {
            years.extend((first.year()..=last.year()).map(|year| (year, 0.0)));
        }
        for &(at, part) in mine {
            if let Some(day) = self.dataset().local_date(at) {
                *years.entry(day.year()).or_default() += part;
            }
        }
        let days = |year: i16| {
            let (from, to) = (date(year, 1, 1), date(year, 12, 31));
            let first = query.period.and_then(Period::first).map_or(from, |first| first.max(from));
            let last = query.period.and_then(Period::last).map_or(to, |last| last.min(to));
            let period = Period::new(Some(first), Some(last)).ok();
            period.map_or(0, |period| self.observed_days(&Query { period: Some(period), ..Query::default() }))
        };
        years
            .into_iter()
            .map(|(year, incidents)| OfYear { year, incidents, observed_days: days(year) })
            .collect()
    }

    /// The first and last day of the period on which a source had data.
    #[must_use]
    pub fn observed_dates(&self, query: &Query) -> Option<(Date, Date)> {
        let first = query.period.and_then(Period::first).unwrap_or(Date::MIN);
        let last = query.period.and_then(Period::last).unwrap_or(Date::MAX);
        let seen = self.coverage().iter().map(|(from, to)| ((*from).max(first), (*to).min(last)));
        let seen: Vec<(Date, Date)> = seen.filter(|(from, to)| from <= to).collect();
        Some((seen.iter().map(|days| days.0).min()?, seen.iter().map(|days| days.1).max()?))
    }
}
