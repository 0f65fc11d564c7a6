//! From events to incidents in columns: projected, in the order of their places, with their ids.

use std::sync::Arc;

use rayon::prelude::*;

use super::places::Found;
use crate::assign::geocode::Geocoded;
use crate::model::events::{Event, Events};
use crate::model::identity::Ids;
use crate::model::incident::{Incidents, Located, Told, z_sorted};
use crate::model::report::{Place, Report};
use crate::model::reports::Ledger;
use crate::model::texts::Texts;
use crate::space::coord::{Local, LonLat, Mercator};
use crate::space::crs::{Crs, CrsError};

/// Makes incidents of events; `found` has the places that were found from addresses, `addresses` those of the
/// ledger by number. With the position of the event of each incident.
pub(super) fn make(
    events: &Events,
    ids: &Ids,
    ledger: &Ledger,
    addresses: &Arc<Texts>,
    crs: &Crs,
    found: &Found,
) -> (Incidents, Vec<u32>) {
    let place = |at: usize| {
        let event = events.get(at);
        match ledger.reports.place(event.told_by) {
            Place::At(at) if !event.withheld => Some(Mercator::from(at)),
            _ => geocoded(at, found).map(|place| place.lonlat.into()),
        }
    };
    // Apart, since together they would take a third more.
    let (mercators, placed): (Vec<Mercator>, Vec<bool>) = (0..events.len())
        .into_par_iter()
        .map(|at| place(at).map_or((Mercator { x: 0, y: 0 }, false), |mercator| (mercator, true)))
        .unzip();
    let order = z_sorted(events.len(), |event| placed[event].then_some(mercators[event]));
    drop(placed);
    let making = Making { ids, ledger, addresses, crs, found };
    let incidents = Incidents::gather(&order, Arc::clone(addresses), |part| {
        // What lies far apart is fetched first, one kind at a time, so that no projection waits for memory.
        let some: Vec<Event> = events.get_all(part);
        let told_by: Vec<usize> = some.iter().map(|event| event.told_by).collect();
        let reports: Vec<Report> = ledger.reports.get_all(&told_by);
        let places: Vec<Mercator> = part.iter().map(|&at| mercators[at as usize]).collect();
        let mut last = None;
        let told =
            |(((&at, event), report), mercator)| told((at, event), &report, mercator, &making, &mut last);
        part.iter().zip(some).zip(reports).zip(places).map(told).collect()
    });
    (incidents, order)
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
    crs: &'a Crs,
    found: &'a Found,
}

fn told<'a>(
    (at, event): (u32, Event<'a>),
    report: &Report<'a>,
    mercator: Mercator,
    making: &Making<'_>,
    last: &mut Option<(LonLat, Result<Local, CrsError>)>,
) -> Told<'a> {
    let address = making.ledger.reports.address(event.told_by);
    let text = address.map(|number| making.addresses.get(number as usize));
    let place = if event.withheld { Place::Withheld } else { report.place };
    let (located, local) = match place {
        Place::At(at) => {
            // In the order of places the same one often comes again.
            let known = last.take().filter(|(place, _)| *place == at);
            let (_, local) = last.insert(known.unwrap_or_else(|| (at, making.crs.to_local(at))));
            local.as_ref().map_or((Located::Elsewhere, Local::default()), |&local| (Located::Yes, local))
        }
        Place::Missing => match geocoded(at as usize, making.found) {
            Some(place) => (Located::Geocoded, place.at),
            None => (Located::Missing, Local::default()),
        },
        Place::Withheld => (Located::Withheld, Local::default()),
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
