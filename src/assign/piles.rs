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
    let groups = by_place(incidents);
    let limit = size_limit(groups.iter().map(Vec::len).collect());
    for group in groups.iter().filter(|group| group.len() >= LEAST && group.len() > limit) {
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

/// Incidents by equal coordinates; neighbors in memory are not enough, since a curve may part them.
fn by_place(incidents: &Incidents) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<(u64, u64), usize> = HashMap::new();
    for at in 0..incidents.len() {
        let Some(place) = incidents.local(at) else { continue };
        let slot = *known.entry((place.x.to_bits(), place.y.to_bits())).or_insert(groups.len());
        if slot == groups.len() {
            groups.push(Vec::new());
        }
        groups[slot].push(at);
    }
    groups
}

/// The size that 99.5 % of the places do not exceed; 0 where there are too few places to say.
fn size_limit(mut sizes: Vec<usize>) -> usize {
    if (sizes.len() as f64) < 1.0 / (1.0 - QUANTILE) {
        return 0;
    }
    sizes.sort_unstable();
    let at = (sizes.len() as f64 * QUANTILE).ceil() as usize;
    sizes.get(at.saturating_sub(1)).copied().unwrap_or(0)
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
