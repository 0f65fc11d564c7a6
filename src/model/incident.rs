//! Incidents in columns: one entry an event, sorted along a space-filling curve.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::arrived::Arrived;
pub(crate) use super::arrived::Late;
use super::class::ClassId;
use super::column::{Column, SharedTexts};
use super::period::{Interval, Precision};
use super::report::{Origin, Status};
use super::several::More;
use super::texts::{Interned, Texts};
pub use super::told::{Incident, Located, Told};
pub use super::z_order::{z_order, z_sorted};
use crate::space::coord::{Local, LonLat, Mercator};

/// All incidents, column by column; an incident is known by its position.
///
/// The first lie in the order of their places. Those that came later stand behind them, and those that went leave
/// their row behind: `0..len()` are rows, [`Incidents::standing`] gives the incidents in their order.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    pub(super) source: Column<u16>,
    pub(super) ids: SharedTexts,
    pub(super) from: Column<i64>,
    pub(super) seconds: Column<u32>,
    pub(super) class: Column<ClassId>,
    pub(super) more: More,
    pub(super) reports: Column<u16>,
    pub(super) kind: Column<Kind>,
    pub(super) mercator: Column<Mercator>,
    pub(super) local: Column<Local>,
    pub(super) address: Column<u32>,
    pub(super) addresses: SharedTexts,
    pub(super) arrived: Arrived,
}

/// What fits in one byte each, together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) located: Located,
    precision: Precision,
    origin: Origin,
    status: Status,
    intersection: bool,
    pub(super) several: bool,
}

pub(super) const NO_ADDRESS: u32 = u32::MAX;

/// Parts made at a time for each thread: enough for all to be busy, few beside the columns and in the cache.
const PARTS: usize = 4;

/// Incidents that one thread makes at a time: what they are made of stays in its cache.
const PART: usize = 1 << 7;

impl Incidents {
    /// Stores incidents, sorted by place along a Z-order curve, then as they came.
    #[must_use]
    pub fn store(rows: Vec<Incident>) -> Self {
        let mut addresses = Interned::default();
        let numbers: Vec<Option<u32>> =
            rows.iter().map(|row| row.address.as_deref().map(|text| addresses.intern(text))).collect();
        let order = z_sorted(rows.len(), |at| (rows[at].located.has_place()).then_some(rows[at].mercator));
        let told = |&at: &u32| {
            let row = &rows[at as usize];
            Told {
                source: row.source,
                id: Cow::Borrowed(&row.id),
                when: row.when,
                classes: &row.classes,
                reports: row.reports,
                located: row.located,
                mercator: row.mercator,
                local: row.local,
                address: numbers[at as usize],
                intersection: row.intersection,
                origin: row.origin,
                status: row.status,
            }
        };
        let told = |part: &[u32], _: &[Local]| part.iter().map(told).collect();
        Self::gather(&order, Arc::new(addresses.into_texts()), Vec::new(), told)
    }

    /// Stores incidents in an order that [`z_sorted`] gave; `told` makes those of a part of it, on any thread.
    ///
    /// `known` is what the caller knows of their local places, one each or none; `told` gets those of its part, and the places
    /// that it tells take their room.
    pub fn gather<'a>(
        order: &[u32],
        addresses: Arc<Texts>,
        known: Vec<Local>,
        told: impl Fn(&[u32], &[Local]) -> Vec<Told<'a>> + Sync,
    ) -> Self {
        debug_assert!(known.is_empty() || known.len() == order.len(), "of each or of none");
        let mut columns = Self { addresses: addresses.into(), local: Column::of(known), ..Self::default() };
        columns.reserve(order.len());
        if order.len() <= PART {
            // Few are made here: to wake another thread takes longer.
            columns.extend(&told(order, columns.local.fresh()));
        } else {
            // On a thread of the pool, so that none is woken for each batch.
            rayon::scope(|_| {
                let known = columns.local.len() > 0;
                for batch in order.chunks(PART * PARTS * rayon::current_num_threads()) {
                    let local = columns.local.fresh();
                    let of = |nth: usize, part: &[u32]| {
                        let first = columns.len() + nth * PART;
                        if known { &local[first..first + part.len()] } else { &[] }
                    };
                    let parts = batch.par_chunks(PART).enumerate();
                    let parts: Vec<Vec<Told<'a>>> =
                        parts.map(|(nth, part)| told(part, of(nth, part))).collect();
                    parts.iter().for_each(|rows| columns.extend(rows));
                }
            });
        }
        columns.ids.shrink();
        columns.arrived = Arrived::after(order.len());
        columns
    }

    fn reserve(&mut self, n: usize) {
        self.source.reserve(n);
        self.from.reserve(n);
        self.seconds.reserve(n);
        self.class.reserve(n);
        self.reports.reserve(n);
        self.kind.reserve(n);
        self.mercator.reserve(n);
        self.local.reserve(n - self.local.len());
        self.address.reserve(n);
    }

    /// Adds some, a column at a time.
    fn extend(&mut self, rows: &[Told<'_>]) {
        let first = self.len();
        for (at, row) in (first..).zip(rows).filter(|(_, row)| row.classes.len() > 1) {
            self.more.insert(at, &row.classes[1..]);
        }
        rows.iter().for_each(|row| self.ids.push(&row.id));
        self.source.extend(rows.iter().map(|row| row.source));
        self.from.extend(rows.iter().map(|row| row.when.from));
        self.seconds.extend(rows.iter().map(|row| row.when.seconds));
        self.class.extend(rows.iter().map(|row| *row.classes.first().expect("an event has a class")));
        self.reports.extend(rows.iter().map(|row| u16::try_from(row.reports).unwrap_or(u16::MAX)));
        self.kind.extend(rows.iter().map(|row| Kind {
            located: row.located,
            precision: row.when.precision,
            origin: row.origin,
            status: row.status,
            intersection: row.intersection,
            several: row.classes.len() > 1,
        }));
        self.mercator.extend(rows.iter().map(|row| row.mercator));
        self.local.put(first, rows.iter().map(|row| row.local));
        self.address.extend(rows.iter().map(|row| row.address.unwrap_or(NO_ADDRESS)));
    }

    /// How many rows there are; where incidents come and go there are fewer [`Incidents::count`].
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.class.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Position of its source.
    #[must_use]
    #[inline]
    pub fn source(&self, at: usize) -> u16 {
        self.source.get(at)
    }

    /// The source's id, or one made from the content.
    #[must_use]
    #[inline]
    pub fn id(&self, at: usize) -> &str {
        self.ids.get(at)
    }

    /// When it happened.
    #[must_use]
    #[inline]
    pub fn when(&self, at: usize) -> Interval {
        let precision = self.kind.get(at).precision;
        Interval { from: self.from.get(at), seconds: self.seconds.get(at), precision }
    }

    /// Its most serious class.
    #[must_use]
    #[inline]
    pub fn class(&self, at: usize) -> ClassId {
        self.class.get(at)
    }

    /// Its class, if it has no other.
    #[must_use]
    #[inline]
    pub fn only_class(&self, at: usize) -> Option<ClassId> {
        (!self.kind.get(at).several).then(|| self.class.get(at))
    }

    /// All its classes, the most serious first.
    pub fn classes(&self, at: usize) -> impl Iterator<Item = ClassId> + '_ {
        let others = if self.kind.get(at).several { self.more.of(at) } else { &[] };
        std::iter::once(self.class.get(at)).chain(others.iter().copied())
    }

    /// Reports that tell of it, at most 65,535.
    #[must_use]
    #[inline]
    pub fn reports(&self, at: usize) -> u16 {
        self.reports.get(at)
    }

    /// Whether it has a place.
    #[must_use]
    #[inline]
    pub fn located(&self, at: usize) -> Located {
        self.kind.get(at).located
    }

    /// Its place in the local plane, where it has one.
    #[must_use]
    #[inline]
    pub fn local(&self, at: usize) -> Option<Local> {
        (self.kind.get(at).located.has_place()).then(|| self.local.get(at))
    }

    /// Its place in whole units of Web Mercator, where it has one; incidents of one unit follow each other.
    #[must_use]
    #[inline]
    pub fn mercator(&self, at: usize) -> Option<Mercator> {
        (self.kind.get(at).located.has_place()).then(|| self.mercator.get(at))
    }

    /// Its place on the globe to the centimetre, where it has one.
    #[must_use]
    #[inline]
    pub fn lonlat(&self, at: usize) -> Option<LonLat> {
        (self.kind.get(at).located.has_place()).then(|| self.mercator.get(at).into())
    }

    /// Its place on the globe, if that is too far from the blocks to lie in their plane.
    #[must_use]
    pub fn elsewhere(&self, at: usize) -> Option<Mercator> {
        (self.kind.get(at).located == Located::Elsewhere).then(|| self.mercator.get(at))
    }

    /// Its address as text.
    #[must_use]
    #[inline]
    pub fn address(&self, at: usize) -> Option<&str> {
        Some(self.address.get(at)).filter(|&n| n != NO_ADDRESS).map(|n| self.addresses.get(n as usize))
    }

    /// Number of its address: equal texts have equal numbers.
    #[must_use]
    #[inline]
    pub fn address_number(&self, at: usize) -> Option<u32> {
        Some(self.address.get(at)).filter(|&n| n != NO_ADDRESS)
    }

    /// All addresses, by number; some may be those of reports that stand in no incident.
    #[must_use]
    pub fn addresses(&self) -> &SharedTexts {
        &self.addresses
    }

    /// Who brought it up.
    #[inline]
    pub fn origin(&self, at: usize) -> Origin {
        self.kind.get(at).origin
    }

    /// How far it has been looked at.
    #[inline]
    pub fn status(&self, at: usize) -> Status {
        self.kind.get(at).status
    }

    /// Whether its address names an intersection.
    #[must_use]
    #[inline]
    pub fn at_intersection(&self, at: usize) -> bool {
        self.kind.get(at).intersection
    }

    /// Bytes that the columns hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Taken apart whole, so that a new column cannot be forgotten here.
        let Self {
            source,
            ids,
            from,
            seconds,
            class,
            more,
            reports,
            kind,
            mercator,
            local,
            address,
            addresses,
            arrived,
        } = self;
        source.bytes()
            + ids.bytes()
            + from.bytes()
            + seconds.bytes()
            + class.bytes()
            + more.bytes()
            + reports.bytes()
            + kind.bytes()
            + mercator.bytes()
            + local.bytes()
            + address.bytes()
            + addresses.bytes()
            + arrived.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(id: &str, x: i32, classes: &[u16]) -> Incident {
        Incident {
            source: 0,
            id: id.into(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: classes.iter().map(|&c| ClassId(c)).collect(),
            reports: 1,
            located: if x == 0 { Located::Missing } else { Located::Yes },
            mercator: Mercator { x, y: 0 },
            local: Local { x: f64::from(x), y: 0.0 },
            address: Some("1 A ST".into()),
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        }
    }

    #[test]
    fn neighbors_on_the_map_are_neighbors_in_memory_and_the_placeless_come_last() {
        let rows = [incident("far", 900, &[1]), incident("none", 0, &[1]), incident("near", -900, &[2, 3])];
        let stored = Incidents::store(rows.to_vec());
        assert_eq!((0..3).map(|at| stored.id(at)).collect::<Vec<_>>(), ["near", "far", "none"]);
        assert_eq!(stored.classes(0).map(|c| c.0).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(stored.classes(1).count(), 1);
        assert_eq!((stored.local(2), stored.address(2)), (None, Some("1 A ST")));
    }

    /// More than are made at a time, and a part that is not whole.
    const MANY: usize = (1 << 15) + PART + 7;

    #[test]
    fn incidents_made_in_parts_are_those_that_came() {
        let n = i32::try_from(MANY).expect("small");
        let classes = |x: i32| if x % 13 == 0 { vec![1, 2] } else { vec![3] };
        let rows = (1..=n).rev().map(|x| incident(&x.to_string(), x, &classes(x)));
        let stored = Incidents::store(rows.collect());
        assert_eq!(stored.len(), MANY);
        for (at, x) in (0..).zip(1..=n) {
            assert_eq!((stored.id(at), stored.local(at).map(|l| l.x)), (&*x.to_string(), Some(f64::from(x))));
            assert_eq!(stored.classes(at).map(|c| c.0).collect::<Vec<_>>(), classes(x));
        }
    }

    #[test]
    fn an_incident_takes_at_most_120_bytes() {
        let rows = (1..=1000).map(|n| incident(&format!("18-{n:06}"), n, &[1]));
        let stored = Incidents::store(rows.collect());
        // Beside the columns: its block, whether it is held, its place in the R-tree.
        let beside = 4 + 1 + 24;
        assert!(stored.bytes() / 1000 + beside <= 120, "{} bytes", stored.bytes() / 1000 + beside);
    }
}
