//! How many incidents lie at each place, kept as they come and go, so that piles are known without counting all again.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::history::Renumbered;
use crate::assign::piles::{Judge, Pile, limit};
use crate::index::incidents::IncidentIndex;
use crate::model::class::Classes;
use crate::model::dataset::{Dataset, HeldPlace};
use crate::model::incident::{Incidents, Located};
use crate::space::bbox::LocalBox;
use crate::space::coord::Local;

/// Equal coordinates: the unit of Mercator, and the bits of the local place.
type Key = (i32, i32, u64, u64);

/// All places with what lies there.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: HashMap<Key, Pile>,
    /// How many places have so many incidents.
    sizes: BTreeMap<u32, usize>,
    /// Those that are held if most places are smaller.
    suspects: BTreeSet<Key>,
    /// By the number of the address that told the place of incidents, these, by their first reports.
    geocoded: HashMap<u32, BTreeSet<u32>>,
}

fn key(incidents: &Incidents, at: usize) -> Option<Key> {
    let (unit, place) = (incidents.mercator(at)?, incidents.local(at)?);
    Some((unit.x, unit.y, place.x.to_bits(), place.y.to_bits()))
}

impl Places {
    /// Adds an incident of which `lead` is the first report.
    pub(super) fn add(&mut self, incidents: &Incidents, at: usize, lead: u32, classes: &Classes) {
        self.count(incidents, at, classes, 1);
        if let Some(address) = geocoded(incidents, at) {
            self.geocoded.entry(address).or_default().insert(lead);
        }
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, incidents: &Incidents, at: usize, lead: u32, classes: &Classes) {
        self.count(incidents, at, classes, -1);
        if let Some(address) = geocoded(incidents, at)
            && let Some(there) = self.geocoded.get_mut(&address)
        {
            there.remove(&lead);
            if there.is_empty() {
                self.geocoded.remove(&address);
            }
        }
    }

    /// Follows first reports to their new numbers.
    pub(super) fn renumber(&mut self, renumbered: &Renumbered) {
        for there in self.geocoded.values_mut() {
            *there = there.iter().map(|&lead| renumbered.number(lead)).collect();
        }
    }

    fn count(&mut self, incidents: &Incidents, at: usize, classes: &Classes, sign: i32) {
        let Some(key) = key(incidents, at) else { return };
        let pile = self.all.entry(key).or_default();
        let before = pile.n;
        pile.count(classes, incidents.class(at), sign);
        let (after, suspect) = (pile.n, pile.suspect());
        if let Some(places) = self.sizes.get_mut(&before) {
            *places -= 1;
            if *places == 0 {
                self.sizes.remove(&before);
            }
        }
        if after == 0 {
            self.all.remove(&key);
        } else {
            *self.sizes.entry(after).or_default() += 1;
        }
        if suspect {
            self.suspects.insert(key);
        } else {
            self.suspects.remove(&key);
        }
    }

    /// The held places and what of their incidents is, as [`held_places`] finds them; `row` gives the position of the
    /// incident of a first report, `address` the number of an address.
    ///
    /// [`held_places`]: crate::assign::piles::held_places
    pub(super) fn held(
        &self,
        data: &Dataset,
        index: &IncidentIndex,
        released: &[String],
        row: impl Fn(u32) -> usize,
        address: impl Fn(&str) -> Option<u32>,
    ) -> (Vec<usize>, Vec<HeldPlace>) {
        let limit = limit(&self.sizes);
        let incidents = &data.incidents;
        let large = self.suspects.iter().filter(|key| self.all[*key].n as usize > limit);
        let mut piles: Vec<Vec<usize>> = large
            .map(|wanted| {
                let at = Local { x: f64::from_bits(wanted.2), y: f64::from_bits(wanted.3) };
                let same = |at: usize| key(incidents, at) == Some(*wanted);
                let mut here = index.within_box(LocalBox { min: at, max: at }, same);
                incidents.sort(&mut here);
                here
            })
            .collect();
        let rank = incidents.ranks();
        piles.sort_by_key(|pile| pile.first().map(|&at| rank(at)));
        let (classes, assignment) = (&data.classes, &data.assignment);
        let judge = Judge { incidents, classes, assignment, released };
        judge.held(piles.into_iter(), limit, |places| {
            let names: BTreeSet<u32> = places.iter().filter_map(|place| address(&place.name)).collect();
            let leads = names.into_iter().filter_map(|number| self.geocoded.get(&number)).flatten();
            leads.map(|&lead| row(lead)).collect::<Vec<_>>().into_iter()
        })
    }
}

fn geocoded(incidents: &Incidents, at: usize) -> Option<u32> {
    incidents.address_number(at).filter(|_| incidents.located(at) == Located::Geocoded)
}
