//! From events to incidents in columns: projected, in the order of their places, with their ids.

use std::sync::Arc;

use super::placed::{Known, to_local};
use super::places::Found;
use crate::assign::found::Found as InBlock;
use crate::assign::geocode::Geocoded;
use crate::model::events::{Event, Events, ToldBy};
use crate::model::identity::Ids;
use crate::model::incident::{Incidents, Located, Told, z_sorted};
use crate::model::report::{Place, Report};
use crate::model::reports::Ledger;
use crate::model::texts::Texts;
use crate::space::coord::{Local, LonLat, Mercator};
use crate::space::crs::Crs;
use crate::space::mercators::Mercators;

/// Makes incidents of events; `found` has the places that were found from addresses, `addresses` those of the
/// ledger by number, `known` gives what is known of events in their order. With the position of the event of each incident, and what
/// is known of their blocks.
pub(super) fn make(
    events: &Events,
    ids: &Ids,
    ledger: &Ledger,
    addresses: &Arc<Texts>,
    crs: &Crs,
    found: &Found,
    known: impl FnOnce(&[u32]) -> Known,
) -> (Incidents, Vec<u32>, Vec<Option<InBlock>>) {
    let place = |at: usize| match ledger.reports.place(events.get(at).told_by) {
        Place::At(place) if !events.get(at).withheld => Some(place),
        _ => geocoded(at, found).map(|place| place.lonlat),
    };
    // Nearly all lie around any one of them.
    let mercators = (0..events.len()).find_map(place).map(Mercators::near);
    let mercator = |at: LonLat| mercators.as_ref().map_or_else(|| at.into(), |near| near.of(at));
    let order = z_sorted(events.len(), |event| place(event).map(mercator));
    let making = Making { ids, ledger, addresses, found };
    let Known { locals, found: in_blocks } = known(&order);
    let incidents = Incidents::gather(&order, Arc::clone(addresses), locals, |part, known| {
        // What lies far apart is fetched first, one kind at a time, so that no projection waits for memory.
        let some = events.told_all(part, &ledger.reports);
        let spots = Spots::of(&some, crs, &mercator, known);
        let each = part.iter().zip(spots.iter()).enumerate();
        each.map(|(which, (&at, spot))| {
            let (event, report) = some.get(which);
            told((at, event), &report, &making, spot)
        })
        .collect()
    });
    (incidents, order, in_blocks)
}

/// The place of an event that was found from its address.
fn geocoded(at: usize, found: &Found) -> Option<&Geocoded> {
    if found.is_empty() { None } else { found.get(&u32::try_from(at).ok()?) }
}

/// What incidents are made with.
struct Making<'a> {
    ids: &'a Ids,
    ledger: &'a Ledger,
    addresses: &'a Texts,
    found: &'a Found,
}

/// Where some events lie that follow each other in the order of places: each place is brought to the plane once, and all together.
struct Spots {
    known: Vec<(Mercator, Option<Local>)>,
    /// Of each event how many places are known with its own; 0 where it has none before the first.
    upto: Vec<u32>,
}

impl Spots {
    /// `known` are the local places of some of them, as far as they are known; of each or of none.
    fn of(told: &ToldBy<'_>, crs: &Crs, mercator: &impl Fn(LonLat) -> Mercator, known: &[Local]) -> Self {
        let (mut places, mut locals) = (Vec::new(), Vec::new());
        let mut upto = Vec::with_capacity(told.len());
        for which in 0..told.len() {
            if let Place::At(at) = told.place(which)
                && places.last() != Some(&at)
            {
                places.push(at);
                locals.extend(known.get(which));
            }
            upto.push(places.len() as u32);
        }
        let known = places.iter().map(|&at| mercator(at)).zip(to_local(crs, &places, &locals)).collect();
        Self { known, upto }
    }

    /// The place of each event, if it has one: else that of another.
    fn iter(&self) -> impl Iterator<Item = Option<(Mercator, Option<Local>)>> {
        self.upto.iter().map(|&upto| self.known.get((upto as usize).checked_sub(1)?).copied())
    }
}

fn told<'a>(
    (at, event): (u32, Event<'a>),
    report: &Report<'a>,
    making: &Making<'_>,
    spot: Option<(Mercator, Option<Local>)>,
) -> Told<'a> {
    let address = making.ledger.reports.address(event.told_by);
    let text = address.map(|number| making.addresses.get(number as usize));
    let nowhere = (Mercator { x: 0, y: 0 }, Local::default());
    let (located, (mercator, local)) = match if event.withheld { Place::Withheld } else { report.place } {
        Place::At(_) => match spot {
            Some((mercator, Some(local))) => (Located::Yes, (mercator, local)),
            Some((mercator, None)) => (Located::Elsewhere, (mercator, Local::default())),
            None => (Located::Missing, nowhere),
        },
        Place::Missing => match geocoded(at as usize, making.found) {
            Some(place) => (Located::Geocoded, (place.lonlat.into(), place.at)),
            None => (Located::Missing, nowhere),
        },
        Place::Withheld => (Located::Withheld, nowhere),
    };
    Told {
        source: report.source,
        id: making.ids.get(at as usize, report, text, making.ledger),
        when: report.when,
        classes: event.classes,
        reports: event.reports,
        located,
        mercator,
        local,
        address,
        intersection: report.intersection,
        origin: report.origin,
        status: report.status,
    }
}
