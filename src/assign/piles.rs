//! Piles: places where incidents are booked rather than happen, held until someone confirms them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::block::Assignment;
use crate::model::category::Flags;
use crate::model::class::{ClassId, Classes};
use crate::model::dataset::HeldPlace;
use crate::model::incident::{Incidents, Located};
use crate::space::coord::LonLat;

/// Fewer incidents than this are no pile, however the rest is spread.
pub const LEAST: usize = 30;

/// A pile must be larger than this share of the places, where there are enough of them to say.
pub const QUANTILE: f64 = 0.995;

/// At least this share of a pile must be administrative: wanted persons, warrants, found property.
pub const ADMINISTRATIVE: f64 = 0.25;

/// Finds the places whose incidents are mostly administrative or booked there.
///
/// A place (equal coordinates) is held if it has at least [`LEAST`] incidents and more than 99.5 %
/// of the places have, if more than half of them are administrative or proactive (no reporting
/// victim: booked where the arrested are brought; not traffic, which is noted where it happens),
/// and at least a quarter administrative. So a shop with many thefts, a motel with many robberies,
/// a corner with many crashes or drug arrests is not.
/// Homicide, robbery and gun crime are never held. Returns one flag an incident and the places,
/// largest first. Time O(n).
///
/// `released` names places (their name or `lon,lat`) that someone has looked at and let go.
#[must_use]
pub fn held_places(
    incidents: &Incidents,
    classes: &Classes,
    assignment: &Assignment,
    released: &[String],
) -> (Vec<bool>, Vec<HeldPlace>) {
    let (sizes, large) = by_place(incidents);
    let limit = size_limit(&mut sizes.into_iter());
    let judge = Judge { incidents, classes, assignment, released };
    let piles = large.into_iter().filter(|group| {
        let pile = Pile::of(incidents, classes, group);
        group.len() > limit && pile.suspect()
    });
    let geocoded = (0..incidents.len()).filter(|&at| incidents.located(at) == Located::Geocoded);
    let (rows, places) = judge.held(piles, limit, |_| geocoded.clone());
    let mut held = vec![false; incidents.len()];
    rows.into_iter().for_each(|at| held[at] = true);
    (held, places)
}

/// What the incidents at one place are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pile {
    /// How many there are.
    pub(crate) n: u32,
    administrative: u32,
    booked: u32,
}

impl Pile {
    fn of(incidents: &Incidents, classes: &Classes, group: &[usize]) -> Self {
        let mut pile = Self::default();
        group.iter().for_each(|&at| pile.count(classes, incidents.class(at), 1));
        pile
    }

    /// Adds (`sign` 1) an incident of a leading class, or takes it out (-1).
    pub(crate) fn count(&mut self, classes: &Classes, class: ClassId, sign: i32) {
        let add = |own: &mut u32, yes: bool| *own = own.wrapping_add_signed(if yes { sign } else { 0 });
        add(&mut self.n, true);
        add(&mut self.administrative, group_of(classes, class) == "administrative");
        add(&mut self.booked, is_booked(classes, class));
    }

    /// Whether its incidents are so many, and such, that it is held if most places have fewer.
    pub(crate) fn suspect(&self) -> bool {
        self.n as usize >= LEAST
            && share(self.booked, self.n) > 0.5
            && share(self.administrative, self.n) >= ADMINISTRATIVE
    }
}

fn share(part: u32, of: u32) -> f64 {
    f64::from(part) / f64::from(of)
}

/// What decides of piles.
pub(crate) struct Judge<'a> {
    pub(crate) incidents: &'a Incidents,
    pub(crate) classes: &'a Classes,
    pub(crate) assignment: &'a Assignment,
    pub(crate) released: &'a [String],
}

impl Judge<'_> {
    /// Of places that are [`Pile::suspect`] and larger than the limit: those that are held, largest first, and what of
    /// their incidents is. Places and the incidents of each come in the order of incidents; `geocoded` gives incidents
    /// whose place was found from their address, among them all that have one of the places' names for it.
    pub(crate) fn held<G: Iterator<Item = usize>>(
        &self,
        piles: impl Iterator<Item = Vec<usize>>,
        limit: usize,
        geocoded: impl FnOnce(&[HeldPlace]) -> G,
    ) -> (Vec<usize>, Vec<HeldPlace>) {
        let (mut held, mut places) = (Vec::new(), Vec::new());
        for group in piles {
            let Some(place) = self.describe(&group, limit) else { continue };
            if self.released.contains(&place.name) || self.released.contains(&coordinates(place.at)) {
                continue;
            }
            let before = held.len();
            held.extend(group.into_iter().filter(|&at| !protected(self.incidents, self.classes, at)));
            places.push(HeldPlace { held: held.len() - before, ..place });
        }
        let geocoded = geocoded(&places);
        self.join_geocoded(geocoded, &mut places, &mut held);
        places.sort_by(|a, b| b.incidents.cmp(&a.incidents).then_with(|| a.name.cmp(&b.name)));
        (held, places)
    }

    /// Incidents whose place was found from the address of a held place belong to it: the streets put them
    /// elsewhere on its block, where they would bring it back into the ranks.
    fn join_geocoded(
        &self,
        geocoded: impl Iterator<Item = usize>,
        places: &mut [HeldPlace],
        held: &mut Vec<usize>,
    ) {
        let named: HashMap<String, usize> = places.iter().map(|place| place.name.clone()).zip(0..).collect();
        for at in geocoded {
            let name = self.incidents.address(at);
            let Some(&place) = name.and_then(|name| named.get(name)) else { continue };
            let place = &mut places[place];
            place.incidents += 1;
            place.reports += usize::from(self.incidents.reports(at));
            if !protected(self.incidents, self.classes, at) {
                place.held += 1;
                held.push(at);
            }
        }
    }
}

/// The top of a class's branch in the tree.
fn group_of(classes: &Classes, class: ClassId) -> &str {
    let top = classes.get(class).category.and_then(|at| classes.tree().upward(at).last());
    top.map_or("unknown", |at| &classes.tree().rows()[at].name)
}

/// Whether incidents of this class are written down where the arrested are brought.
fn is_booked(classes: &Classes, class: ClassId) -> bool {
    match group_of(classes, class) {
        "administrative" => true,
        "traffic" => false,
        _ => classes.get(class).flags.has(Flags::PROACTIVE),
    }
}

/// Whether an incident counts wherever it lies: homicide, robbery, gun crime.
fn protected(incidents: &Incidents, classes: &Classes, at: usize) -> bool {
    incidents
        .classes(at)
        .any(|class| classes.get(class).flags.has(Flags::NEVER_HELD) || classes.gun_crime(class))
}

/// How many incidents each place has, and those of the places that have at least [`LEAST`].
///
/// Incidents are stored along a curve, those of one unit of [`Mercator`] side by side: only among these are equal
/// coordinates to be looked for.
///
/// [`Mercator`]: crate::space::coord::Mercator
fn by_place(incidents: &Incidents) -> (Vec<u32>, Vec<Vec<usize>>) {
    let (mut sizes, mut large) = (Vec::new(), Vec::new());
    let bits = |at: usize| incidents.local(at).map(|place| (place.x.to_bits(), place.y.to_bits()));
    let mut from = 0;
    while let Some(unit) = (from < incidents.len()).then(|| incidents.mercator(from)).flatten() {
        let beyond = (from + 1..incidents.len()).find(|&at| incidents.mercator(at) != Some(unit));
        let to = beyond.unwrap_or(incidents.len());
        // Nearly all of one unit lie at one place.
        if (from + 1..to).all(|at| bits(at) == bits(from)) {
            sizes.push(u32::try_from(to - from).unwrap_or(u32::MAX));
            if to - from >= LEAST {
                large.push((from..to).collect());
            }
        } else {
            let mut here: Vec<usize> = (from..to).collect();
            here.sort_by_key(|&at| bits(at));
            let mut groups: Vec<&[usize]> = here.chunk_by(|&a, &b| bits(a) == bits(b)).collect();
            groups.sort_by_key(|group| group[0]);
            sizes.extend(groups.iter().map(|group| u32::try_from(group.len()).unwrap_or(u32::MAX)));
            large.extend(groups.into_iter().filter(|group| group.len() >= LEAST).map(<[usize]>::to_vec));
        }
        from = to;
    }
    (sizes, large)
}

/// The size that 99.5 % of the places do not exceed; 0 where there are too few places to say.
fn size_limit(sizes: &mut dyn Iterator<Item = u32>) -> usize {
    let mut counts = BTreeMap::new();
    sizes.for_each(|size| *counts.entry(size).or_default() += 1);
    limit(&counts)
}

/// The same from how many places there are of each size.
pub(crate) fn limit(counts: &BTreeMap<u32, usize>) -> usize {
    let n: usize = counts.values().sum();
    if (n as f64) < 1.0 / (1.0 - QUANTILE) {
        return 0;
    }
    let at = ((n as f64 * QUANTILE).ceil() as usize).saturating_sub(1);
    let mut upto = 0;
    let found = counts.iter().find(|(_, n)| {
        upto += **n;
        at < upto
    });
    found.map_or(0, |(size, _)| *size as usize)
}

fn coordinates(at: LonLat) -> String {
    format!("{:.6},{:.6}", at.lon(), at.lat())
}

impl Judge<'_> {
    fn describe(&self, group: &[usize], limit: usize) -> Option<HeldPlace> {
        let (incidents, classes) = (self.incidents, self.classes);
        let at = incidents.lonlat(*group.first()?)?;
        let mut names: HashMap<&str, usize> = HashMap::new();
        // Not from a sensitive incident: its address may say more than the street.
        let open = group.iter().filter(|&&at| !classes.get(incidents.class(at)).flags.sensitive());
        for name in open.filter_map(|&at| incidents.address(at)) {
            *names.entry(name).or_default() += 1;
        }
        let commonest = names.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
        let reports: usize = group.iter().map(|&at| usize::from(incidents.reports(at))).sum();
        let pile = Pile::of(incidents, classes, group);
        let classes: HashSet<_> = group.iter().map(|&at| incidents.class(at)).collect();
        Some(HeldPlace {
            name: commonest.map_or_else(|| coordinates(at), |(name, _)| name.to_owned()),
            at,
            block: self.assignment.main(group[0]),
            incidents: group.len(),
            reports,
            held: 0,
            reason: format!(
                "{} incidents ({reports} reports) of {} classes at one point, where 99.5 % of the places have at most {limit}; {:.0} % of them are administrative or booked there",
                group.len(),
                classes.len(),
                share(pile.booked, pile.n) * 100.0
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Origin, Status};
    use crate::space::coord::{Local, Mercator};

    fn incident(n: usize) -> Incident {
        // Few places; some share a unit of the Mercator grid and differ by less; some incidents have none.
        let (unit, within) = (i32::try_from(n * 7 % 41).expect("small"), n * 11 % 3);
        Incident {
            source: 0,
            id: n.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0)],
            reports: 1,
            located: if n.is_multiple_of(17) { Located::Missing } else { Located::Yes },
            mercator: Mercator { x: unit % 5, y: unit },
            local: Local { x: f64::from(unit), y: within as f64 * 1e-3 },
            address: None,
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        }
    }

    #[test]
    fn places_are_those_that_a_map_by_coordinates_finds() {
        let incidents = Incidents::store((0..4000).map(incident).collect());
        let mut plain: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
        for at in 0..incidents.len() {
            if let Some(place) = incidents.local(at) {
                plain.entry((place.x.to_bits(), place.y.to_bits())).or_default().push(at);
            }
        }
        let (mut sizes, large) = by_place(&incidents);
        sizes.sort_unstable();
        let mut expected: Vec<u32> = plain.values().map(|group| group.len() as u32).collect();
        expected.sort_unstable();
        assert_eq!(sizes, expected);
        let mut expected: Vec<Vec<usize>> =
            plain.into_values().filter(|group| group.len() >= LEAST).collect();
        expected.sort_by_key(|group| group[0]);
        let mut found = large.clone();
        found.sort_by_key(|group| group[0]);
        assert!(found.len() > 10 && found == expected);
    }

    #[test]
    fn the_size_limit_is_that_of_the_sorted_sizes() {
        let sizes: Vec<u32> = (0..1000).map(|n| n * 37 % 1000 + 1).collect();
        assert_eq!(size_limit(&mut sizes.into_iter()), 995);
        assert_eq!(size_limit(&mut vec![7; 199].into_iter()), 0);
    }
}
