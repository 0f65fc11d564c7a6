//! From reports to incidents: revisions replace, corrections cancel, rows of one event become one.

use std::hash::{BuildHasher, Hash};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::class::{ClassId, Classes};
use super::events::Events;
use super::period::Precision;
use super::report::{Place, Report, Sign, Status, Unit};
use super::reports::{Ledger, Reports};

/// What became of all reports:
/// `reports = superseded + withdrawn + 2 cancelled + unmatched + in events` always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Reports in the ledger.
    pub reports: usize,
    /// Reports that a later revision of the same id replaced.
    pub superseded: usize,
    /// Reports that their source took back as a whole.
    pub withdrawn: usize,
    /// Reports that a correction took back, each by one correction.
    pub cancelled: usize,
    /// Each of them with its correction, by positions in the ledger: they may stand in different months and years.
    pub taken_back: Vec<(usize, usize)>,
    /// Corrections that found none, by position in the ledger: counted apart, never subtracted.
    pub unmatched: Vec<usize>,
    /// Reports that stand in an event together with an earlier one.
    pub merged: usize,
}

impl Resolution {
    /// Adds (`sign` 1) or takes back (-1) the numbers of some reports, not the lists of single ones.
    pub(crate) fn count(&mut self, other: &Self, sign: isize) {
        let add = |own: &mut usize, n: usize| *own = own.wrapping_add_signed(sign * n.cast_signed());
        add(&mut self.reports, other.reports);
        add(&mut self.superseded, other.superseded);
        add(&mut self.withdrawn, other.withdrawn);
        add(&mut self.cancelled, other.cancelled);
        add(&mut self.merged, other.merged);
    }
}

/// What a report is for, once revisions and corrections are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stands,
    Superseded,
    Withdrawn,
    Cancelled,
    Correction,
}

/// Resolves a ledger into events, in the order of their first reports.
///
/// Of the reports of one source and id those of the highest revision stand, of one revision those of the firmest status
/// ([`Status::firmness`]); what is withdrawn there goes.
/// A correction cancels one report of the same source, id and class; where the source has no ids,
/// one of the same time, class and address, or else of the same time and class if these all lie at
/// one place and house numbers do not differ. Reports of the same source and id are one event; without an id, those of the same
/// time, place and class are, unless they tell no more than a day and the source's rows are no victims.
///
/// Time O(n). Source: `counting.md` 1 and 2 of the project's rules on counting.
#[must_use]
pub fn resolve(ledger: &Ledger) -> (Events, Resolution) {
    let (events, resolution, _) = resolve_all(ledger);
    (events, resolution)
}

/// The same, with the positions of the reports that a later revision replaced: whatever comes, none of them counts again.
pub(crate) fn resolve_all(ledger: &Ledger) -> (Events, Resolution, Vec<usize>) {
    let reports = &ledger.reports;
    let (fates, mut resolution) = decided(reports);
    let superseded = match resolution.superseded {
        0 => Vec::new(),
        _ => (0..reports.len()).filter(|&at| fates[at] == Fate::Superseded).collect(),
    };
    let order = class_order(&ledger.classes);
    let unit_of = |at: usize| ledger.sources[usize::from(reports.source(at))].unit;
    let key_of = |at: usize| event_key(reports, at, unit_of(at));
    let standing = |at: usize| fates[at] == Fate::Stands;
    let mut first = first_in_order(reports, standing)
        .unwrap_or_else(|| first_of_key(reports.len(), |at| if standing(at) { key_of(at) } else { None }));
    let mut events = Events::default();
    for at in (0..reports.len()).filter(|&at| standing(at)) {
        let lead = first[at] as usize;
        if lead == at {
            // From here on its event stands there, for those that come after it.
            first[at] = u32::try_from(events.len()).expect("fewer events than reports");
            events.begin(at, reports);
        } else {
            resolution.merged += 1;
            events.join(first[lead] as usize, at, reports, &order);
        }
    }
    events.end(reports);
    (events, resolution, superseded)
}

/// Which reports stand: none that was revised, withdrawn or taken back, and no correction. Time O(n).
#[must_use]
pub fn standing(ledger: &Ledger) -> Vec<bool> {
    decided(&ledger.reports).0.into_iter().map(|fate| fate == Fate::Stands).collect()
}

fn decided(reports: &Reports) -> (Vec<Fate>, Resolution) {
    let mut fates = vec![Fate::Stands; reports.len()];
    let mut resolution = Resolution { reports: reports.len(), ..Resolution::default() };
    revise(reports, &mut fates, &mut resolution);
    cancel(reports, &mut fates, &mut resolution);
    (fates, resolution)
}

/// For every position the first one of the same event, where ids of each source stand in ascending order, shorter ones
/// first, as many files have them: those of one event follow each other. `None` where they do not. Time O(n).
fn first_in_order(reports: &Reports, standing: impl Fn(usize) -> bool) -> Option<Vec<u32>> {
    let mut first: Vec<u32> = Vec::with_capacity(reports.len());
    let mut last: Option<((u16, usize, &str), u32)> = None;
    for (at, position) in (0..reports.len()).zip(0..) {
        let mut lead = position;
        if standing(at) {
            let id = reports.id(at)?;
            let key = (reports.source(at), id.len(), id);
            match last {
                Some((before, _)) if before > key => return None,
                Some((before, known)) if before == key => lead = known,
                _ => {}
            }
            last = Some((key, lead));
        }
        first.push(lead);
    }
    Some(first)
}

/// For every position the first one with the same key; itself where it has none.
///
/// One table for all would wait for memory at every look-up. So positions are dealt by their hashes into parts whose
/// tables stay in the cache.
fn first_of_key<K: PartialEq + Hash>(n: usize, key_of: impl Fn(usize) -> Option<K>) -> Vec<u32> {
    const PART: usize = 1 << 13;
    let position = |at: usize| u32::try_from(at).expect("fewer than 2³² reports");
    let mut first: Vec<u32> = (0..n).map(position).collect();
    let hasher = DefaultHashBuilder::default();
    let parts = (n / PART).next_power_of_two().min(1 << 16);
    // The table itself looks at the highest and lowest bits.
    let part_of = |hash: u32| (hash >> 7) as usize & (parts - 1);
    let mut hashes = vec![0u32; n];
    let mut ends = vec![0usize; parts + 1];
    let mut has_key = vec![false; n];
    for at in 0..n {
        if let Some(key) = key_of(at) {
            hashes[at] = (hasher.hash_one(&key) >> 16) as u32;
            has_key[at] = true;
            ends[part_of(hashes[at]) + 1] += 1;
        }
    }
    for part in 0..parts {
        ends[part + 1] += ends[part];
    }
    let mut dealt = vec![0u32; ends[parts]];
    let mut next = ends.clone();
    for at in (0..n).filter(|&at| has_key[at]) {
        let to = &mut next[part_of(hashes[at])];
        dealt[*to] = position(at);
        *to += 1;
    }
    let spread = |at: u32| u64::from(hashes[at as usize]).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut table: HashTable<u32> = HashTable::with_capacity(2 * PART);
    for part in ends.windows(2) {
        table.clear();
        for &at in &dealt[part[0]..part[1]] {
            let same = |&there: &u32| {
                hashes[there as usize] == hashes[at as usize] && key_of(there as usize) == key_of(at as usize)
            };
            match table.entry(spread(at), same, |&at| spread(at)) {
                Entry::Occupied(known) => first[at as usize] = *known.get(),
                Entry::Vacant(room) => drop(room.insert(at)),
            }
        }
    }
    first
}

/// Place of every class when the most serious comes first.
fn class_order(classes: &Classes) -> Vec<usize> {
    let id = |at: usize| ClassId(u16::try_from(at).expect("class numbers are u16"));
    let mut by_order: Vec<usize> = (0..classes.rows().len()).collect();
    by_order.sort_by_key(|&at| (classes.seriousness(id(at)), &classes.rows()[at].code));
    let mut order = vec![0; by_order.len()];
    by_order.iter().enumerate().for_each(|(place, &at)| order[at] = place);
    order
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Id(u16, &'a str),
    Content { source: u16, from: i64, class: ClassId, place: Where<'a> },
}

#[derive(PartialEq, Eq, Hash, Clone, Copy)]
enum Where<'a> {
    At(u64, u64),
    Address(&'a str),
    Nowhere,
}

fn place_of(reports: &Reports, at: usize) -> Where<'_> {
    match reports.place(at) {
        Place::At(at) => Where::At(at.lon().to_bits(), at.lat().to_bits()),
        Place::Missing | Place::Withheld => reports.address_text(at).map_or(Where::Nowhere, Where::Address),
    }
}

/// `None` where a report is an event of its own whatever else is there.
fn event_key(reports: &Reports, at: usize, unit: Unit) -> Option<Key<'_>> {
    let source = reports.source(at);
    if let Some(id) = reports.id(at) {
        return Some(Key::Id(source, id));
    }
    let (place, when) = (place_of(reports, at), reports.when(at));
    let vague = matches!(when.precision, Precision::Day | Precision::Month | Precision::Range);
    // Two rows of one evening at a map's point are two events; two victims of one day at one house are mostly of one.
    (!(vague && unit != Unit::Victim) && place != Where::Nowhere).then_some(Key::Content {
        source,
        from: when.from,
        class: reports.class(at),
        place,
    })
}

/// Lets the highest revision of every id stand, of one revision the firmest status, and what it withdraws go.
fn revise(reports: &Reports, fates: &mut [Fate], resolution: &mut Resolution) {
    if reports.revised() || reports.unconfirmed() {
        let standing = |report: &Report<'_>| (report.revision, report.status.firmness());
        let mut highest: HashMap<(u16, &str), (i64, u8)> = HashMap::new();
        for report in reports.iter() {
            if let Some(id) = report.id {
                let known = highest.entry((report.source, id)).or_insert(standing(&report));
                *known = (*known).max(standing(&report));
            }
        }
        for (report, fate) in reports.iter().zip(&mut *fates) {
            let newer = report.id.and_then(|id| highest.get(&(report.source, id)));
            if newer.is_some_and(|&newer| newer > standing(&report)) {
                *fate = Fate::Superseded;
                resolution.superseded += 1;
            }
        }
    }
    let searched = if reports.unconfirmed() { &mut *fates } else { &mut [] };
    for (at, fate) in searched.iter_mut().enumerate() {
        if *fate == Fate::Stands && reports.status(at) == Status::Withdrawn {
            *fate = Fate::Withdrawn;
            resolution.withdrawn += 1;
        }
    }
}

/// Finds for every correction the report that it takes back.
fn cancel(reports: &Reports, fates: &mut [Fate], resolution: &mut Resolution) {
    if !reports.taking_back() {
        return;
    }
    let standing = |at: &usize, sign: Sign| fates[*at] == Fate::Stands && reports.sign(*at) == sign;
    let corrections: Vec<usize> = (0..reports.len()).filter(|at| standing(at, Sign::TakesBack)).collect();
    let mut with_id: HashMap<(u16, &str, ClassId), Vec<usize>> = HashMap::new();
    let mut without: HashMap<(u16, i64, ClassId), Vec<usize>> = HashMap::new();
    for correction in corrections.iter().map(|&at| reports.get(at)) {
        match correction.id {
            Some(id) => drop(with_id.entry((correction.source, id, correction.class)).or_default()),
            None => {
                without.entry((correction.source, correction.when.from, correction.class)).or_default();
            }
        }
    }
    let adding = if corrections.is_empty() { 0 } else { reports.len() };
    for at in (0..adding).filter(|at| standing(at, Sign::Adds)) {
        let (source, class) = (reports.source(at), reports.class(at));
        let rows = match reports.id(at) {
            Some(id) => with_id.get_mut(&(source, id, class)),
            None => without.get_mut(&(source, reports.when(at).from, class)),
        };
        rows.into_iter().for_each(|rows| rows.push(at));
    }
    for &at in &corrections {
        fates[at] = Fate::Correction;
    }
    // First all that name their report exactly, so that the order of corrections changes nothing.
    let mut left = Vec::new();
    for at in corrections {
        let correction = reports.get(at);
        let rows = match correction.id {
            Some(id) => with_id.get_mut(&(correction.source, id, correction.class)),
            None => without.get_mut(&(correction.source, correction.when.from, correction.class)),
        };
        let exact = |&row: &usize| {
            correction.id.is_some()
                || (correction.address.is_some() && reports.address_text(row) == correction.address)
        };
        match rows.and_then(|rows| rows.iter().position(exact).map(|index| rows.remove(index))) {
            Some(taken) => resolution.taken_back.push((taken, at)),
            None if correction.id.is_none() => left.push(at),
            None => resolution.unmatched.push(at),
        }
    }
    // Those that name a house before those that do not, for the same reason.
    left.sort_by_key(|&at| house_number(&reports.get(at)).is_none());
    for at in left {
        let correction = reports.get(at);
        let rows = without.get_mut(&(correction.source, correction.when.from, correction.class));
        match rows.and_then(|rows| take_at_one_place(&correction, rows, reports)) {
            Some(taken) => resolution.taken_back.push((taken, at)),
            None => resolution.unmatched.push(at),
        }
    }
    resolution.unmatched.sort_unstable();
    resolution.taken_back.sort_unstable();
    resolution.taken_back.iter().for_each(|&(taken, _)| fates[taken] = Fate::Cancelled);
    resolution.cancelled = resolution.taken_back.len();
}

/// Among reports of the same time and class one, if all lie at one place and no house number speaks
/// against it: streets are spelled in many ways, numbers are not.
fn take_at_one_place(correction: &Report<'_>, rows: &mut Vec<usize>, reports: &Reports) -> Option<usize> {
    let first = *rows.first()?;
    let one_place = rows.iter().all(|&at| place_of(reports, at) == place_of(reports, first));
    let agree = |&at: &usize| {
        let other = reports.get(at);
        !matches!((house_number(correction), house_number(&other)), (Some(a), Some(b)) if a != b)
    };
    let index = rows.iter().position(agree).filter(|_| one_place)?;
    Some(rows.remove(index))
}

fn house_number<'a>(report: &Report<'a>) -> Option<&'a str> {
    let first = report.address?.split(' ').next()?;
    first.starts_with(|c: char| c.is_ascii_digit()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::{CategoryTree, Flags};
    use crate::model::class::{Class, Firearm};
    use crate::model::period::Interval;
    use crate::model::report::Source;
    use crate::space::coord::LonLat;

    fn ledger(unit: Unit) -> Ledger {
        let mut tree = CategoryTree::default();
        tree.add("homicide", "", None, Flags::NONE).expect("new");
        tree.add("assault", "", None, Flags::NONE).expect("new");
        let mut classes = Classes::over(tree);
        for (code, category) in [("01", 0), ("04", 1)] {
            let class = Class {
                code: code.into(),
                label: String::new(),
                category: Some(category),
                flags: Flags::NONE,
                firearm: Firearm::Unknown,
            };
            classes.intern(0, code, || class).expect("room");
        }
        Ledger {
            sources: vec![Source::new("s", unit, jiff::tz::TimeZone::UTC)],
            classes,
            ..Ledger::default()
        }
    }

    fn report(id: Option<&'static str>, sign: Sign, class: u16, from: i64, lon: f64) -> Report<'static> {
        let when = Interval { from, seconds: 60, precision: Precision::Minute };
        let place = match lon {
            0.0 => Place::Missing,
            _ => Place::At(LonLat::new(lon, 1.0).expect("on the globe")),
        };
        Report { id, sign, ..Report::plain(ClassId(class), when, place) }
    }

    fn reports<const N: usize>(rows: [Report<'static>; N]) -> Reports {
        rows.into_iter().collect()
    }

    #[test]
    fn dealt_into_parts_every_position_finds_the_first_of_its_key() {
        for n in [0usize, 1, 8_192, 100_000] {
            // Some alone, some in pairs far apart, one key again and again, some without.
            let key = |at: usize| match at % 5 {
                0 => None,
                1 => Some(7),
                2 => Some(10 + at),
                _ => Some(10 + at % (n / 3 + 1)),
            };
            let mut known = std::collections::HashMap::new();
            let plainly = |at: usize| match key(at) {
                Some(key) => *known.entry(key).or_insert(at),
                None => at,
            };
            let expected: Vec<usize> = (0..n).map(plainly).collect();
            let found: Vec<usize> = first_of_key(n, key).into_iter().map(|at| at as usize).collect();
            assert!(found == expected, "{n}");
        }
    }

    #[test]
    fn where_ids_ascend_the_first_of_each_is_found_as_anywhere() {
        let row = |source: u16, id: &'static str| Report {
            source,
            ..report(Some(id).filter(|id| !id.is_empty()), Sign::Adds, 1, 0, 5.0)
        };
        let stands = |at: usize| at % 4 != 1;
        let lists: [(&[(u16, &str)], bool); 9] = [
            (&[], true),
            (&[(0, "9"), (0, "10"), (0, "10"), (0, "10"), (0, "11"), (0, "11")], true),
            (&[(0, "b"), (1, "a"), (1, "a"), (2, "a")], true),
            (&[(0, "b"), (0, "b"), (0, "a"), (0, "b")], false),
            (&[(0, "b"), (0, "b"), (0, "cc"), (0, "b")], false),
            (&[(1, "b"), (1, "b"), (0, "c")], false),
            (&[(0, "b"), (0, ""), (0, "b")], true),
            (&[(0, "b"), (0, "c"), (0, "")], false),
            // What does not stand breaks no order.
            (&[(0, "b"), (0, "a"), (0, "b"), (0, "c")], true),
        ];
        for (list, ascends) in lists {
            let all: Reports = list.iter().map(|&(source, id)| row(source, id)).collect();
            let key = |at: usize| event_key(&all, at, Unit::Incident).filter(|_| stands(at));
            let found = first_in_order(&all, stands);
            assert_eq!(found.is_some(), ascends, "{list:?}");
            assert_eq!(found.unwrap_or_else(|| first_of_key(all.len(), key)), first_of_key(all.len(), key));
        }
    }

    #[test]
    fn events_that_lie_far_apart_come_as_each_by_itself() {
        let mut l = ledger(Unit::Victim);
        l.reports = reports([
            report(Some("b"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 0, 0, 6.0),
            report(Some("c"), Sign::Adds, 0, 0, 0.0),
        ]);
        let (events, _) = resolve(&l);
        for at in [&[][..], &[2, 1, 0, 1]] {
            let single: Vec<_> = at.iter().map(|&at: &u32| events.get(at as usize)).collect();
            assert_eq!(events.get_all(at), single);
            let told = events.told_all(at, &l.reports);
            assert_eq!((0..at.len()).map(|which| told.get(which).0).collect::<Vec<_>>(), single);
        }
        assert_eq!(events.get_all(&[1])[0].classes, [ClassId(0), ClassId(1)]);
    }

    #[test]
    fn events_that_are_each_a_report_are_told_by_it_and_others_by_what_they_became() {
        let withheld = Report { place: Place::Withheld, ..report(Some("c"), Sign::Adds, 0, 7, 5.0) };
        let (a, b) = (report(Some("a"), Sign::Adds, 1, 0, 5.0), report(Some("b"), Sign::Adds, 0, 60, 6.0));
        let gone = Report { status: Status::Withdrawn, ..report(Some("d"), Sign::Adds, 0, 7, 5.0) };
        for rows in [vec![a, b, withheld], vec![a, b, a, withheld], vec![gone, a, b, withheld], vec![]] {
            let mut l = ledger(Unit::Incident);
            l.reports = rows.iter().copied().collect();
            let (events, _) = resolve(&l);
            let order: Vec<u32> = (0..events.len() as u32).rev().collect();
            let told = events.told_all(&order, &l.reports);
            assert_eq!(told.len(), rows.len().min(3));
            for (which, &at) in order.iter().enumerate() {
                let (event, report) = told.get(which);
                let place = if event.withheld { Place::Withheld } else { report.place };
                assert_eq!(told.place(which), place);
                assert_eq!(event, events.get(at as usize));
                let own = l.reports.get(event.told_by);
                assert_eq!((report.id, report.when, report.place), (own.id, own.when, own.place));
            }
        }
    }

    #[test]
    fn the_highest_revision_of_an_id_stands_whatever_the_order() {
        let of = |revision, class| Report { revision, ..report(Some("a"), Sign::Adds, class, 0, 5.0) };
        let other = report(Some("b"), Sign::Adds, 1, 0, 5.0);
        for rows in [[of(1, 0), of(2, 1), other], [of(2, 1), other, of(1, 0)]] {
            let mut l = ledger(Unit::Incident);
            l.reports = reports(rows);
            let (events, resolution) = resolve(&l);
            assert_eq!((events.len(), resolution.superseded, resolution.merged), (2, 1, 0));
            assert!(events.iter().all(|event| event.classes == [ClassId(1)]));
        }
    }

    #[test]
    fn of_one_revision_the_firmest_status_stands_and_the_order_tells_nothing() {
        let of = |status, from, lon| Report { status, ..report(Some("a"), Sign::Adds, 1, from, lon) };
        let rows = [
            of(Status::Confirmed, 60, 5.0),
            of(Status::Confirmed, 60, 6.0),
            of(Status::Confirmed, 0, 7.0),
            of(Status::Unreviewed, 0, 4.0),
        ];
        let told = |rows: &[Report<'static>]| {
            let mut l = ledger(Unit::Incident);
            l.reports = rows.iter().copied().collect();
            let (events, r) = resolve(&l);
            let one = events
                .iter()
                .map(|event| (l.reports.when(event.told_by).from, l.reports.place(event.told_by)));
            (one.collect::<Vec<_>>(), r.superseded, r.merged, r.withdrawn)
        };
        let expected = (vec![(0, rows[2].place)], 1, 2, 0);
        // All orders, each next to the last by a swap.
        let mut rows = rows;
        for swap in [0, 1, 2].into_iter().cycle().take(24) {
            assert_eq!(told(&rows), expected);
            rows.swap(swap, swap + 1);
        }
        let gone = of(Status::Withdrawn, 0, 0.0);
        for rows in [[rows[0], gone], [gone, rows[0]]] {
            assert_eq!(told(&rows), (Vec::new(), 1, 0, 1));
        }
    }

    #[test]
    fn a_withdrawal_takes_its_event_away_unless_a_later_revision_brings_it_back() {
        let of = |revision, status| Report { revision, status, ..report(Some("a"), Sign::Adds, 1, 0, 5.0) };
        let count = |rows: &[Report<'static>]| {
            let mut l = ledger(Unit::Incident);
            l.reports = rows.iter().copied().collect();
            let (events, r) = resolve(&l);
            let in_events: u32 = events.iter().map(|event| event.reports).sum();
            assert_eq!(
                r.reports,
                r.superseded + r.withdrawn + 2 * r.cancelled + r.unmatched.len() + in_events as usize
            );
            (events.len(), r.withdrawn)
        };
        let (first, gone, back) =
            (of(1, Status::Unreviewed), of(2, Status::Withdrawn), of(3, Status::Confirmed));
        assert_eq!(count(&[first, gone]), (0, 1));
        assert_eq!(count(&[gone, first]), (0, 1));
        assert_eq!(count(&[back, gone, first]), (1, 0));
    }

    #[test]
    fn rows_of_one_complaint_are_one_incident_led_by_its_most_serious_class() {
        let mut l = ledger(Unit::Victim);
        l.reports = reports([
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 0, 0, 6.0),
        ]);
        let (events, resolution) = resolve(&l);
        assert_eq!(events.len(), 1);
        assert_eq!((events.get(0).reports, events.get(0).told_by), (3, 2));
        assert_eq!(events.get(0).classes, [ClassId(0), ClassId(1)]);
        assert_eq!(resolution.merged, 2);
    }

    #[test]
    fn a_correction_takes_back_one_report_of_its_complaint_and_class() {
        let mut l = ledger(Unit::Victim);
        l.reports = reports([
            report(Some("a"), Sign::TakesBack, 1, 0, 0.0), // may come first, and at no place
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 0, 0, 5.0),
            report(Some("b"), Sign::TakesBack, 1, 0, 5.0),
        ]);
        let (events, resolution) = resolve(&l);
        assert_eq!(events.len(), 1);
        assert_eq!(events.get(0).classes, [ClassId(0)]);
        assert_eq!((resolution.cancelled, &resolution.unmatched[..]), (1, &[3][..]));
        let in_events: u32 = events.iter().map(|e| e.reports).sum();
        assert_eq!(
            resolution.reports,
            2 * resolution.cancelled + resolution.unmatched.len() + in_events as usize
        );
    }

    #[test]
    fn without_ids_the_same_time_place_and_class_is_one_incident() {
        let mut l = ledger(Unit::Victim);
        l.reports = reports([
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 60, 5.0),
            report(None, Sign::Adds, 1, 0, 7.0),
        ]);
        assert_eq!(resolve(&l).0.len(), 3);
    }

    #[test]
    fn a_correction_without_id_that_could_mean_two_places_cancels_neither() {
        let mut l = ledger(Unit::Victim);
        l.reports = reports([
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 0, 7.0),
            report(None, Sign::TakesBack, 1, 0, 0.0),
        ]);
        let (events, resolution) = resolve(&l);
        assert_eq!((events.len(), resolution.unmatched.len()), (2, 1));
    }

    #[test]
    fn a_correction_without_id_cancels_no_report_at_another_house_whatever_the_order() {
        let at = |address: &'static str, sign, lon| {
            let address = Some(address).filter(|text| !text.is_empty());
            Report { address, ..report(None, sign, 1, 0, lon) }
        };
        let mut l = ledger(Unit::Victim);
        l.reports =
            reports([at("6650 MANCHESTER AVE", Sign::Adds, 5.0), at("2711 INDIANA", Sign::TakesBack, 0.0)]);
        assert_eq!(resolve(&l).1.unmatched, [1]);
        l.reports =
            reports([at("10 RIVERVIEW BLVD", Sign::Adds, 5.0), at("10 RIVERVIEW", Sign::TakesBack, 0.0)]);
        assert!(resolve(&l).1.unmatched.is_empty());
        let (a, b) = (at("1 A", Sign::Adds, 5.0), at("2 B", Sign::Adds, 7.0));
        let (vague, exact) = (at("", Sign::TakesBack, 0.0), at("1 A", Sign::TakesBack, 0.0));
        for corrections in [[vague, exact], [exact, vague]] {
            l.reports = [a, b].into_iter().chain(corrections).collect();
            assert_eq!(resolve(&l).1.cancelled, 2);
        }
    }

    #[test]
    fn a_place_kept_back_for_one_report_is_kept_back_for_the_event() {
        let mut l = ledger(Unit::Victim);
        let mut withheld = report(Some("a"), Sign::Adds, 0, 0, 0.0);
        withheld.place = Place::Withheld;
        l.reports = reports([report(Some("a"), Sign::Adds, 1, 0, 5.0), withheld]);
        assert!(resolve(&l).0.get(0).withheld);
    }

    #[test]
    fn incidents_and_offenses_that_tell_only_a_day_or_month_stay_apart_and_victims_do_not() {
        for (unit, precision, expected) in [
            (Unit::Incident, Precision::Day, 2),
            (Unit::Incident, Precision::Month, 2),
            (Unit::Offense, Precision::Day, 2),
            (Unit::Offense, Precision::Month, 2),
            (Unit::Offense, Precision::Minute, 1),
            (Unit::Victim, Precision::Day, 1),
        ] {
            let mut l = ledger(unit);
            let mut row = report(None, Sign::Adds, 1, 0, 5.0);
            row.when.precision = precision;
            l.reports = reports([row, row]);
            let (events, resolution) = resolve(&l);
            assert_eq!((events.len(), resolution.merged), (expected, 2 - expected), "{unit:?} {precision:?}");
        }
    }
}
