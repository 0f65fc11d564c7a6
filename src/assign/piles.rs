//! Piles: places where incidents are booked rather than happen, held until someone confirms them.

use std::collections::{HashMap, HashSet};

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
    let mut held = vec![false; incidents.len()];
    let mut places = Vec::new();
    let (sizes, large) = by_place(incidents);
    let limit = size_limit(sizes);
    for group in large.iter().filter(|group| group.len() > limit) {
        let administrative = share_of(group, |at| group_of(classes, incidents.class(at)) == "administrative");
        let booked = share_of(group, |at| is_booked(classes, incidents.class(at)));
        if booked <= 0.5 || administrative < ADMINISTRATIVE {
            continue;
        }
        let Some(place) = describe(group, incidents, classes, assignment, limit, booked) else { continue };
        if released.contains(&place.name) || released.contains(&coordinates(place.at)) {
            continue;
        }
        let taken: Vec<usize> =
            group.iter().copied().filter(|&at| !protected(incidents, classes, at)).collect();
        for &at in &taken {
            held[at] = true;
        }
        places.push(HeldPlace { held: taken.len(), ..place });
    }
    join_geocoded(incidents, classes, &mut places, &mut held);
    places.sort_by(|a, b| b.incidents.cmp(&a.incidents).then_with(|| a.name.cmp(&b.name)));
    (held, places)
}

/// Incidents whose place was found from the address of a held place belong to it: the streets put them
/// elsewhere on its block, where they would bring it back into the ranks.
fn join_geocoded(incidents: &Incidents, classes: &Classes, places: &mut [HeldPlace], held: &mut [bool]) {
    let named: HashMap<String, usize> = places.iter().map(|place| place.name.clone()).zip(0..).collect();
    for at in (0..incidents.len()).filter(|&at| incidents.located(at) == Located::Geocoded) {
        let Some(&place) = incidents.address(at).and_then(|name| named.get(name)) else { continue };
        let place = &mut places[place];
        place.incidents += 1;
        place.reports += usize::from(incidents.reports(at));
        if !protected(incidents, classes, at) {
            place.held += 1;
            held[at] = true;
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
        if to - from == 1 {
            sizes.push(1);
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
fn size_limit(mut sizes: Vec<u32>) -> usize {
    if (sizes.len() as f64) < 1.0 / (1.0 - QUANTILE) {
        return 0;
    }
    let at = ((sizes.len() as f64 * QUANTILE).ceil() as usize).saturating_sub(1);
    *sizes.select_nth_unstable(at).1 as usize
}

fn coordinates(at: LonLat) -> String {
    format!("{:.6},{:.6}", at.lon(), at.lat())
}

fn share_of(group: &[usize], test: impl Fn(usize) -> bool) -> f64 {
    group.iter().filter(|&&at| test(at)).count() as f64 / group.len() as f64
}

fn describe(
    group: &[usize],
    incidents: &Incidents,
    classes: &Classes,
    assignment: &Assignment,
    limit: usize,
    booked: f64,
) -> Option<HeldPlace> {
    let at = incidents.lonlat(*group.first()?)?;
    let mut names: HashMap<&str, usize> = HashMap::new();
    // Not from a sensitive incident: its address may say more than the street.
    let open = group.iter().filter(|&&at| !classes.get(incidents.class(at)).flags.sensitive());
    for name in open.filter_map(|&at| incidents.address(at)) {
        *names.entry(name).or_default() += 1;
    }
    let commonest = names.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
    let reports: usize = group.iter().map(|&at| usize::from(incidents.reports(at))).sum();
    let classes: HashSet<_> = group.iter().map(|&at| incidents.class(at)).collect();
    Some(HeldPlace {
        name: commonest.map_or_else(|| coordinates(at), |(name, _)| name.to_owned()),
        at,
        block: assignment.main(group[0]),
        incidents: group.len(),
        reports,
        held: 0,
        reason: format!(
            "{} incidents ({reports} reports) of {} classes at one point, where 99.5 % of the places have at most {limit}; {:.0} % of them are administrative or booked there",
            group.len(),
            classes.len(),
            booked * 100.0
        ),
    })
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
        assert_eq!(size_limit(sizes), 995);
        assert_eq!(size_limit(vec![7; 199]), 0);
    }
}
