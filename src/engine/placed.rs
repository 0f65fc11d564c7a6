//! Places that are kept between two starts: what follows from one report and the ground alone, a segment of reports at a time.
//!
//! That is where the coordinates of a report lie in the plane, and the block that this place and the report's address have. What hangs
//! on other reports of an event is made anew each time: which of them tells its place, whether that is kept back, whether a place is
//! sought for an address.

use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use crate::assign::blocks::Assigning;
use crate::assign::found::Found;
use crate::model::block::{Block, BlockSet};
use crate::model::dataset::Placing;
use crate::model::events::Events;
use crate::model::report::Place;
use crate::model::reports::Reports;
use crate::space::coord::{Local, LonLat};
use crate::space::crs::Crs;

/// To be raised whenever a report may come to another place or block than before, or the bytes have another form.
const VERSION: u32 = 1;

/// Says what kept places follow from: of two grounds or settings that differ in anything that enters, the keys differ.
pub type Key = [u8; 32];

/// Hands out what is kept under a key, of each segment of reports in their order.
pub type HandOut<'a> = &'a mut dyn FnMut(&Key, &mut Taking<'_>);

/// Takes what is kept of the next segment: how many reports it has, and the bytes.
pub type Taking<'a> = dyn FnMut(usize, Option<&[u8]>) + 'a;

/// The key of a ground and how incidents come to it. Time O(corners of the blocks).
pub(super) fn key(crs: &Crs, set: &BlockSet, words: &str, placing: Placing) -> Key {
    let mut hash = Hash(Sha256::new());
    hash.number(u64::from(VERSION));
    hash.text(env!("CARGO_PKG_VERSION"));
    // The last digits of a sine are not everywhere the same.
    hash.text(std::env::consts::ARCH);
    hash.text(std::env::consts::OS);
    hash.text(&crs.to_string());
    hash.text(placing.intersections.word());
    hash.number(u64::from(placing.geocode));
    hash.text(words);
    hash.text(set.name);
    hash.number(set.blocks.len() as u64);
    set.blocks.iter().for_each(|block| hash.block(block));
    hash.number(set.alleys.len() as u64);
    for alley in &set.alleys {
        hash.text(&alley.name);
        hash.corners(&alley.local.0);
    }
    hash.0.finalize().into()
}

struct Hash(Sha256);

impl Hash {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn block(&mut self, block: &Block) {
        self.text(&block.id);
        self.text(block.kind.word());
        self.shape(&block.local);
        self.number(block.streets.len() as u64);
        for street in &block.streets {
            self.text(&street.name);
            for side in [street.numbers.left, street.numbers.right] {
                let Some(numbers) = side else {
                    self.number(0);
                    continue;
                };
                self.number(1 + u64::from(numbers.mixed));
                self.number(u64::from(numbers.from) << 32 | u64::from(numbers.to));
            }
        }
    }

    /// A shape in the plane; since it was brought there as incidents are, it tells this way from others too.
    fn shape(&mut self, shape: &geo::Geometry) {
        use geo::Geometry::{LineString, MultiPolygon, Point, Polygon};
        let polygons = match shape {
            Point(point) => return self.corners(&[point.0]),
            LineString(line) => return self.corners(&line.0),
            Polygon(polygon) => std::slice::from_ref(polygon),
            MultiPolygon(polygons) => &polygons.0,
            // There is no other among blocks; should there be one, its text says all of it.
            other => return self.text(&format!("{other:?}")),
        };
        self.number(polygons.len() as u64);
        for polygon in polygons {
            self.number(polygon.interiors().len() as u64);
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).for_each(|r| self.corners(&r.0));
        }
    }

    fn corners(&mut self, corners: &[geo::Coord]) {
        self.number(corners.len() as u64);
        corners.iter().for_each(|at| {
            self.number(at.x.to_bits());
            self.number(at.y.to_bits());
        });
    }
}

/// Bytes of an entry: where it lies, its block and by which rule.
const ENTRY: usize = 8 + 8 + 4 + 1;
/// Stands for no entry.
const NONE: u16 = u16::MAX;
/// The place of what has coordinates and lies too far away to have any in the plane.
const ELSEWHERE: Local = Local { x: f64::INFINITY, y: f64::INFINITY };
/// The place of what is not known.
const UNKNOWN: Local = Local { x: f64::NAN, y: f64::NAN };

/// The places of the reports of one segment as bytes: of each the number of its entry, then the entries, of what is equal one.
/// Nothing for more reports than a segment has.
pub(super) fn places(reports: &Reports, crs: &Crs, assigning: &Assigning<'_>) -> Vec<u8> {
    type What = ((u64, u64), Option<u32>, bool);
    if reports.len() >= usize::from(NONE) {
        return Vec::new();
    }
    let mut entries: HashMap<What, u16> = HashMap::new();
    let (mut numbers, mut firsts, mut at) = (Vec::with_capacity(reports.len()), Vec::new(), Vec::new());
    for (nth, report) in reports.iter().enumerate() {
        let Place::At(place) = report.place else {
            numbers.push(NONE);
            continue;
        };
        let bits = (place.lon().to_bits(), place.lat().to_bits());
        let what = (bits, reports.address(nth), report.intersection);
        numbers.push(*entries.entry(what).or_insert_with(|| {
            firsts.push(nth);
            at.push(place);
            u16::try_from(firsts.len() - 1).expect("fewer than reports")
        }));
    }
    let mut bytes = Vec::with_capacity(8 + 2 * numbers.len() + ENTRY * at.len());
    for n in [numbers.len(), at.len()] {
        bytes.extend(u32::try_from(n).expect("fewer than 2¹⁶").to_le_bytes());
    }
    numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    for (local, first) in crs.to_local_all(&at).into_iter().zip(firsts) {
        let report = reports.get(first);
        let found = |local| assigning.find(local, reports.address_text(first), report.intersection);
        let (block, how) = local.map_or((u32::MAX, 0), |local| found(local).code());
        let local = local.unwrap_or(ELSEWHERE);
        bytes.extend(local.x.to_bits().to_le_bytes());
        bytes.extend(local.y.to_bits().to_le_bytes());
        bytes.extend(block.to_le_bytes());
        bytes.push(how);
    }
    bytes
}

/// What [`places`] wrote.
struct Segment<'a> {
    numbers: &'a [[u8; 2]],
    entries: &'a [[u8; ENTRY]],
}

impl<'a> Segment<'a> {
    /// `None` where the bytes are not those of so many reports.
    fn of(bytes: &'a [u8], reports: usize) -> Option<Self> {
        let length = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
        let (n, rest) = bytes.split_first_chunk()?;
        let (entries, rest) = rest.split_first_chunk()?;
        let (n, m) = (length(n), length(entries));
        let (numbers, entries) = rest.split_at_checked(n.checked_mul(2)?)?;
        let (numbers, entries) = (numbers.as_chunks().0, entries.as_chunks());
        (n == reports && entries.0.len() == m && entries.1.is_empty())
            .then_some(Self { numbers, entries: entries.0 })
    }

    fn number(&self, at: usize) -> Option<usize> {
        let number = usize::from(u16::from_le_bytes(self.numbers[at]));
        (number < self.entries.len()).then_some(number)
    }

    fn local(&self, entry: usize) -> Local {
        let (x, rest) = self.entries[entry].split_first_chunk().expect("longer");
        let (y, _) = rest.split_first_chunk().expect("longer");
        let number = |bits| f64::from_bits(u64::from_le_bytes(bits));
        Local { x: number(*x), y: number(*y) }
    }

    /// The block; `None` for what is elsewhere, and for one that cannot be.
    fn found(&self, entry: usize, blocks: usize) -> Option<Found> {
        let (block, how) = self.entries[entry][16..].split_first_chunk().expect("longer");
        let found = Found::of_code((u32::from_le_bytes(*block), how[0]), blocks)?;
        is_known(self.local(entry))?.map(|_| found)
    }
}

/// What is known of a place: that it lies elsewhere, or where it lies.
fn is_known(local: Local) -> Option<Option<Local>> {
    if local.x.is_finite() && local.y.is_finite() {
        return Some(Some(local));
    }
    (local == ELSEWHERE).then_some(None)
}

/// What is known of incidents before they are made, by position: of all or of none of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) locals: Vec<Local>,
    pub(super) found: Vec<Option<Found>>,
}

impl Known {
    /// What is kept of events that stand in this order of places; `reports` are those that they are events of, all of a store.
    /// Nothing where what is handed out is not of as many. Time O(events + reports), besides what is handed out.
    pub(super) fn of(
        events: &Events,
        order: &[u32],
        reports: &Reports,
        blocks: usize,
        hand_out: impl FnOnce(&mut Taking<'_>),
    ) -> Self {
        let mut known = Self::default();
        let mut rows: Vec<u32> = Vec::new();
        let (mut begin, mut event) = (0_usize, 0);
        hand_out(&mut |n, bytes| {
            let end = begin.saturating_add(n);
            let segment = bytes.and_then(|bytes| Segment::of(bytes, n)).filter(|_| end <= reports.len());
            if segment.is_some() && rows.is_empty() {
                rows = inverse(order);
                known.locals = vec![UNKNOWN; order.len()];
                known.found = vec![None; order.len()];
            }
            let mut some: Vec<(u32, u16)> = Vec::new();
            while event < events.len() && events.get(event).first < end {
                let one = events.get(event);
                let at = one.told_by.checked_sub(begin).filter(|at| *at < n && !one.withheld);
                if let (Some(segment), Some(at)) = (&segment, at)
                    && let Some(entry) = segment.number(at)
                {
                    some.push((rows[event], u16::try_from(entry).expect("its number has two bytes")));
                }
                event += 1;
            }
            if let Some(segment) = segment {
                let Self { locals, found } = &mut known;
                let all = || some.iter().map(|&(row, entry)| (row as usize, usize::from(entry)));
                // They lie all over the place: two wait for memory at the same time.
                rayon::join(
                    || all().for_each(|(row, entry)| locals[row] = segment.local(entry)),
                    || all().for_each(|(row, entry)| found[row] = segment.found(entry, blocks)),
                );
            }
            begin = end;
        });
        if begin == reports.len() { known } else { Self::default() }
    }
}

/// By event, its position in the order.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut rows = vec![0; order.len()];
    (0..).zip(order).for_each(|(row, &event)| rows[event as usize] = row);
    rows
}

/// Brings places to the plane, but those that are known already, of which `known` has one each or nothing.
pub(super) fn to_local(crs: &Crs, places: &[LonLat], known: &[Local]) -> Vec<Option<Local>> {
    if known.is_empty() {
        return crs.to_local_all(places);
    }
    let unknown = places.iter().zip(known).filter(|(_, known)| is_known(**known).is_none());
    let unknown: Vec<LonLat> = unknown.map(|(&place, _)| place).collect();
    let mut made = crs.to_local_all(&unknown).into_iter();
    known.iter().map(|&known| is_known(known).unwrap_or_else(|| made.next().flatten())).collect()
}
