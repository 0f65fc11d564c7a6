//! What has happened last: a bounded ring of events that every client reads at its own pace.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::space::bbox::LonLatBox;
use crate::space::coord::LonLat;

/// How many events are kept for clients that come back.
pub(super) const MOST_EVENTS: usize = 4_096;

/// How many bytes they hold together at most.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// Where an event matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scope {
    /// Everywhere.
    Everywhere,
    /// At one place.
    At(LonLat),
    /// Within a box.
    Within(LonLatBox),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// Its kind, as `incident.added`.
    pub(super) kind: &'static str,
    /// The collections that it changes.
    pub(super) collections: &'static [&'static str],
    /// Where it matters.
    pub(super) scope: Scope,
    /// What is told of it: JSON in one line.
    pub(super) data: String,
}

/// What a client asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// Collections; all where empty.
    pub(super) collections: Vec<String>,
    /// A box of degrees.
    pub(super) bbox: Option<LonLatBox>,
}

impl Filter {
    /// Whether an event is meant. What matters everywhere is meant by every box.
    pub(super) fn has(&self, event: &Event) -> bool {
        let named = self.collections.is_empty()
            || event.collections.iter().any(|changed| self.collections.iter().any(|name| name == changed));
        named
            && match (self.bbox, event.scope) {
                (None, _) | (_, Scope::Everywhere) => true,
                (Some(wanted), Scope::At(at)) => wanted.contains(at),
                (Some(wanted), Scope::Within(area)) => meet(wanted, area),
            }
    }
}

/// Whether two boxes have a place in common.
pub(super) fn meet(a: LonLatBox, b: LonLatBox) -> bool {
    let one = |a: LonLatBox, b: LonLatBox| {
        a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
    };
    a.parts().into_iter().any(|a| b.parts().into_iter().any(|b| one(a, b)))
}

/// The name of an event, told as the `id` of its frame: which run of the service, and the how-manyth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventId {
    era: u64,
    number: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.era, self.number)
    }
}

/// What a client gets when it asks for what came after a number.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// These came, each with its id; there may be none.
    Events(Vec<(EventId, Arc<Event>)>),
    /// Some of them are gone already; the newest is this.
    Behind(EventId),
}

/// The ring and those who wait for it.
#[derive(Debug)]
pub(super) struct Hub {
    era: u64,
    ring: Mutex<Ring>,
    newest: watch::Sender<Newest>,
}

/// The state that clients wait on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Newest {
    /// Events so far.
    pub(super) number: u64,
    /// Whether there will be no more.
    pub(super) closed: bool,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Number of the newest event.
    newest: u64,
}

impl Ring {
    fn oldest(&self) -> u64 {
        self.newest + 1 - self.events.len() as u64
    }
}

impl Hub {
    /// A ring of a run of the service; ids of another `era` are of events that are gone.
    pub(super) fn new(era: u64) -> Self {
        Self { era, ring: Mutex::default(), newest: watch::Sender::new(Newest::default()) }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells events, in order.
    pub(super) fn tell(&self, events: impl IntoIterator<Item = Event>) {
        let mut ring = self.ring();
        for event in events {
            ring.bytes += event.data.len();
            ring.newest += 1;
            ring.events.push_back(Arc::new(event));
            while ring.events.len() > MOST_EVENTS || ring.bytes > MOST_BYTES {
                let Some(gone) = ring.events.pop_front() else { break };
                ring.bytes -= gone.data.len();
            }
        }
        let number = ring.newest;
        drop(ring);
        self.newest.send_modify(|newest| newest.number = newest.number.max(number));
    }

    /// Lets all events go: whoever has not read them is told of a gap.
    pub(super) fn let_go(&self) {
        let mut ring = self.ring();
        ring.events.clear();
        ring.bytes = 0;
    }

    /// Tells all clients that nothing more will come.
    pub(super) fn close(&self) {
        self.newest.send_modify(|newest| newest.closed = true);
    }

    /// A client's way to wait for what is new.
    pub(super) fn wait(&self) -> watch::Receiver<Newest> {
        self.newest.subscribe()
    }

    /// The newest event's id.
    pub(super) fn newest(&self) -> EventId {
        EventId { era: self.era, number: self.ring().newest }
    }

    /// The id of an event of this run by its number.
    pub(super) fn named(&self, number: u64) -> EventId {
        EventId { era: self.era, number }
    }

    /// What came after an event that a client names; `None` where it is not of this run, or gone.
    pub(super) fn resume(&self, last: &str) -> Option<u64> {
        let (era, number) = last.trim().split_once('-')?;
        let (era, number) = (u64::from_str_radix(era, 16).ok()?, number.parse::<u64>().ok()?);
        let ring = self.ring();
        (era == self.era && number <= ring.newest && number + 1 >= ring.oldest()).then_some(number)
    }

    /// The events after a number, at most `most` of them.
    pub(super) fn after(&self, number: u64, most: usize) -> Next {
        let ring = self.ring();
        let oldest = ring.oldest();
        if number + 1 < oldest {
            return Next::Behind(EventId { era: self.era, number: ring.newest });
        }
        let skipped = usize::try_from(number + 1 - oldest).unwrap_or(usize::MAX);
        let events = ring.events.iter().zip(oldest..).skip(skipped).take(most);
        let named =
            events.map(|(event, number)| (EventId { era: self.era, number }, Arc::clone(event))).collect();
        Next::Events(named)
    }
}

impl EventId {
    /// Its place among the events of its run.
    pub(super) fn number(self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event {
        Event {
            kind: "incident.added",
            collections: &["incidents"],
            scope: Scope::Everywhere,
            data: data.to_owned(),
        }
    }

    fn data(next: Next) -> Vec<String> {
        let Next::Events(events) = next else { panic!("behind") };
        events.into_iter().map(|(_, event)| event.data.clone()).collect()
    }

    #[test]
    fn a_client_that_comes_back_gets_what_it_missed_each_once() {
        let hub = Hub::new(0xabc);
        hub.tell(["a", "b", "c"].map(event));
        assert_eq!(hub.newest().to_string(), "abc-3");
        let from = hub.resume("abc-1").expect("of this run");
        assert_eq!(data(hub.after(from, 100)), ["b", "c"]);
        assert_eq!(data(hub.after(from, 1)), ["b"], "a page at a time");
        assert!(data(hub.after(3, 100)).is_empty());
    }

    #[test]
    fn ids_of_another_run_of_the_future_and_of_nothing_are_not_resumed() {
        let hub = Hub::new(1);
        hub.tell([event("a")]);
        for bad in ["2-1", "1-2", "1-", "-1", "", "x", "1-1-1", "1-18446744073709551615"] {
            assert_eq!(hub.resume(bad), None, "{bad}");
        }
        assert_eq!(hub.resume("1-0"), Some(0), "before the first");
        assert_eq!(hub.resume(" 1-1 "), Some(1));
    }

    #[test]
    fn what_was_let_go_is_a_gap_and_what_comes_after_it_is_not() {
        let hub = Hub::new(1);
        hub.tell(["a", "b"].map(event));
        hub.let_go();
        assert_eq!(hub.after(1, 10), Next::Behind(hub.newest()));
        assert_eq!((hub.resume("1-1"), hub.resume("1-2")), (None, Some(2)));
        hub.tell([event("c")]);
        assert_eq!(data(hub.after(2, 10)), ["c"]);
    }

    #[test]
    fn what_has_left_the_ring_is_a_gap_and_never_an_empty_answer() {
        let hub = Hub::new(1);
        hub.tell((0..=MOST_EVENTS).map(|n| event(&n.to_string())));
        assert_eq!(hub.resume("1-0"), None);
        assert_eq!(hub.after(0, 10), Next::Behind(hub.newest()));
        assert_eq!(data(hub.after(1, MOST_EVENTS)).len(), MOST_EVENTS);
        // A few large ones fill it as well.
        hub.tell((0..5).map(|_| event(&"x".repeat(1 << 20))));
        let from = hub.newest().number() - 4;
        assert_eq!(data(hub.after(from, 10)).len(), 4);
        assert_eq!(hub.after(from - 1, 10), Next::Behind(hub.newest()));
    }

    #[test]
    fn a_filter_lets_through_what_its_collections_and_its_box_mean() {
        let at = |lon, lat| Scope::At(LonLat::new(lon, lat).expect("on the globe"));
        let boxed = |west, south, east, north| LonLatBox { west, south, east, north };
        let filter = |collections: &[&str], bbox| Filter {
            collections: collections.iter().map(|&name| name.to_owned()).collect(),
            bbox,
        };
        let here = Event { scope: at(-90.0, 38.0), ..event("") };
        let around = Event { scope: Scope::Within(boxed(-91.0, 37.0, -89.0, 39.0)), ..event("") };
        let (near, far) = (boxed(-90.5, 37.5, -89.5, 38.5), boxed(10.0, 10.0, 11.0, 11.0));
        for (filter, event, expected) in [
            (filter(&[], None), &here, true),
            (filter(&["incidents"], None), &here, true),
            (filter(&["blocks"], None), &here, false),
            (filter(&["blocks", "incidents"], Some(near)), &here, true),
            (filter(&[], Some(far)), &here, false),
            (filter(&[], Some(near)), &around, true),
            (filter(&[], Some(far)), &around, false),
            (filter(&[], Some(far)), &event(""), true),
            // Across the 180th meridian.
            (filter(&[], Some(boxed(170.0, 0.0, -80.0, 50.0))), &around, true),
        ] {
            assert_eq!(filter.has(event), expected, "{filter:?} {event:?}");
        }
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_events_and_of_the_end() {
        let hub = Hub::new(1);
        let mut wait = hub.wait();
        hub.tell([event("a")]);
        wait.changed().await.expect("the hub is there");
        assert_eq!(*wait.borrow_and_update(), Newest { number: 1, closed: false });
        hub.close();
        wait.changed().await.expect("the hub is there");
        assert!(wait.borrow_and_update().closed);
    }
}
