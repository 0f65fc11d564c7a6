//! Places for events without coordinates: from their addresses along the streets, never for what is sensitive.

use std::borrow::Borrow;
use std::collections::HashMap;

use rayon::prelude::*;

use crate::assign::geocode::{Geocoded, Geocoder};
use crate::model::events::{Event, Events};
use crate::model::report::Place;
use crate::model::reports::Ledger;

/// Events looked up at a time.
const BATCH: usize = 1 << 10;

/// Places of events, by position.
pub(super) type Found = HashMap<u32, Geocoded>;

/// Finds the places of the events that have an address and no coordinates.
///
/// None is found for an event that is [`kept_back`]. The streets are asked for where there is one to be found.
/// Time O(events + look-ups).
pub(super) fn geocode<G: Borrow<Geocoder> + Sync>(
    events: &Events,
    ledger: &Ledger,
    geocoder: impl FnOnce() -> G,
) -> Found {
    let open = |&at: &u32| {
        let event = events.get(at as usize);
        ledger.reports.place(event.told_by) == Place::Missing
            && ledger.reports.address(event.told_by).is_some()
            && !kept_back(&event, ledger)
    };
    let n = u32::try_from(events.len()).expect("fewer events than reports");
    let open: Vec<u32> = (0..n).into_par_iter().filter(open).collect();
    if open.is_empty() {
        return Found::new();
    }
    let geocoder = geocoder();
    let geocoder: &Geocoder = geocoder.borrow();
    let look_up = |batch: &[u32]| -> Vec<(u32, Geocoded)> {
        let address = |&at: &u32| {
            let told_by = events.get(at as usize).told_by;
            Some((at as usize, ledger.reports.addresses().get(ledger.reports.address(told_by)?)))
        };
        let sensitive = |at: usize| kept_back(&events.get(at), ledger);
        let found = geocoder.geocode(batch.iter().filter_map(address), sensitive);
        found.filter_map(|(at, place)| Some((u32::try_from(at).ok()?, place))).collect()
    };
    open.par_chunks(BATCH).flat_map_iter(look_up).collect()
}

/// Whether an event's place must not be found: its source keeps it back, or any of its classes is
/// sexual, domestic, against a child or not mapped (counting.md 6).
fn kept_back(event: &Event<'_>, ledger: &Ledger) -> bool {
    event.withheld || event.classes.iter().any(|&class| ledger.classes.get(class).flags.sensitive())
}
