//! From reports to incidents: corrections cancel what they take back, rows of one event become one.

use std::collections::HashMap;

use super::class::{ClassId, Classes};
use super::period::Precision;
use super::report::{Ledger, Place, Report, Sign, Unit};

/// One event, as its reports tell it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Position of the report that tells time and place: the first located one of the leading class.
    pub told_by: usize,
    /// Its classes, the most serious first, each once.
    pub classes: Vec<ClassId>,
    /// How many reports it has: offenses or victims, by the source's unit.
    pub reports: u32,
    /// Whether the source keeps back the place of any of its reports, and so of the event.
    pub withheld: bool,
}

/// What became of all reports. `reports = cancelled + corrections + unmatched + in events` always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Reports in the ledger.
    pub reports: usize,
    /// Reports that a correction took back.
    pub cancelled: usize,
    /// Corrections that found their report.
    pub corrections: usize,
    /// Corrections that found none, by position in the ledger: counted apart, never subtracted.
    pub unmatched: Vec<usize>,
    /// Reports that stand in an event together with an earlier one.
    pub merged: usize,
}

/// Resolves a ledger into events, in the order of their first reports.
///
/// A correction cancels one report of the same source, id and class; where the source has no ids,
/// one of the same time, class and address, or else of the same time and class if these all lie at
/// one place and house numbers do not differ. Reports of the same source and id are one event; without an id, those of the same
/// time, place and class are, unless the source's rows are incidents that tell no more than a day.
///
/// Time O(n). Source: `counting.md` 1 and 2 of the project's rules on counting.
#[must_use]
pub fn resolve(ledger: &Ledger) -> (Vec<Event>, Resolution) {
    let (cancelled, mut resolution) = cancel(&ledger.reports);
    let mut by_key: HashMap<Key<'_>, usize> = HashMap::new();
    let mut events: Vec<Event> = Vec::new();
    for (at, report) in ledger.reports.iter().enumerate() {
        if report.sign == Sign::TakesBack || cancelled[at] {
            continue;
        }
        let unit = ledger.sources[usize::from(report.source)].unit;
        let slot = match event_key(report, unit) {
            Some(key) => *by_key.entry(key).or_insert(events.len()),
            None => events.len(),
        };
        if slot == events.len() {
            let withheld = report.place == Place::Withheld;
            events.push(Event { told_by: at, classes: vec![report.class], reports: 1, withheld });
        } else {
            resolution.merged += 1;
            join(&mut events[slot], at, &ledger.reports, &ledger.classes);
        }
    }
    (events, resolution)
}

/// Adds a report to an event that has some already.
fn join(event: &mut Event, at: usize, reports: &[Report], classes: &Classes) {
    let order = |class: ClassId| (classes.seriousness(class), classes.get(class).code.as_str());
    let report = &reports[at];
    event.reports += 1;
    event.withheld |= report.place == Place::Withheld;
    if !event.classes.contains(&report.class) {
        event.classes.push(report.class);
        event.classes.sort_by(|&a, &b| order(a).cmp(&order(b)));
    }
    let rank = |at: usize| {
        let r = &reports[at];
        (!matches!(r.place, Place::At(_)), order(r.class), at)
    };
    if rank(at) < rank(event.told_by) {
        event.told_by = at;
    }
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

fn place_of(report: &Report) -> Where<'_> {
    match (report.place, &report.address) {
        (Place::At(at), _) => Where::At(at.lon().to_bits(), at.lat().to_bits()),
        (_, Some(address)) => Where::Address(address),
        (_, None) => Where::Nowhere,
    }
}

/// `None` where a report is an event of its own whatever else is there.
fn event_key(report: &Report, unit: Unit) -> Option<Key<'_>> {
    if let Some(id) = &report.id {
        return Some(Key::Id(report.source, id));
    }
    let place = place_of(report);
    let too_vague = unit == Unit::Incident && report.when.precision == Precision::Day;
    (!too_vague && place != Where::Nowhere).then_some(Key::Content {
        source: report.source,
        from: report.when.from,
        class: report.class,
        place,
    })
}

/// Finds for every correction the report that it takes back.
fn cancel(reports: &[Report]) -> (Vec<bool>, Resolution) {
    let mut resolution = Resolution { reports: reports.len(), ..Resolution::default() };
    let mut cancelled = vec![false; reports.len()];
    let corrections: Vec<usize> =
        (0..reports.len()).filter(|&at| reports[at].sign == Sign::TakesBack).collect();
    if corrections.is_empty() {
        return (cancelled, resolution);
    }
    let mut with_id: HashMap<(u16, &str, ClassId), Vec<usize>> = HashMap::new();
    let mut without: HashMap<(u16, i64, ClassId), Vec<usize>> = HashMap::new();
    for (at, report) in reports.iter().enumerate().filter(|(_, r)| r.sign == Sign::Adds) {
        match &report.id {
            Some(id) => with_id.entry((report.source, id, report.class)).or_default().push(at),
            None => without.entry((report.source, report.when.from, report.class)).or_default().push(at),
        }
    }
    // First all that name their report exactly, so that the order of corrections changes nothing.
    let mut left = Vec::new();
    for at in corrections {
        let correction = &reports[at];
        let rows = match &correction.id {
            Some(id) => with_id.get_mut(&(correction.source, &**id, correction.class)),
            None => without.get_mut(&(correction.source, correction.when.from, correction.class)),
        };
        let exact = |&row: &usize| {
            correction.id.is_some()
                || (correction.address.is_some() && reports[row].address == correction.address)
        };
        let found = rows.and_then(|rows| rows.iter().position(exact).map(|index| rows.remove(index)));
        match found {
            Some(taken) => cancelled[taken] = true,
            None if correction.id.is_none() => left.push(at),
            None => resolution.unmatched.push(at),
        }
    }
    // Those that name a house before those that do not, for the same reason.
    left.sort_by_key(|&at| house_number(&reports[at]).is_none());
    for at in left {
        let correction = &reports[at];
        let rows = without.get_mut(&(correction.source, correction.when.from, correction.class));
        match rows.and_then(|rows| take_at_one_place(correction, rows, reports)) {
            Some(taken) => cancelled[taken] = true,
            None => resolution.unmatched.push(at),
        }
    }
    resolution.unmatched.sort_unstable();
    resolution.cancelled = cancelled.iter().filter(|&&taken| taken).count();
    resolution.corrections = resolution.cancelled;
    (cancelled, resolution)
}

/// Among reports of the same time and class one, if all lie at one place and no house number speaks
/// against it: streets are spelled in many ways, numbers are not.
fn take_at_one_place(correction: &Report, rows: &mut Vec<usize>, reports: &[Report]) -> Option<usize> {
    let first = *rows.first()?;
    let one_place = rows.iter().all(|&at| place_of(&reports[at]) == place_of(&reports[first]));
    let agree = |&at: &usize| {
        let numbers = (house_number(correction), house_number(&reports[at]));
        !matches!(numbers, (Some(a), Some(b)) if a != b)
    };
    let index = rows.iter().position(agree).filter(|_| one_place)?;
    Some(rows.remove(index))
}

fn house_number(report: &Report) -> Option<&str> {
    let first = report.address.as_deref()?.split(' ').next()?;
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
        let source = Source { name: "s".into(), unit, zone: jiff::tz::TimeZone::UTC };
        Ledger { sources: vec![source], classes, reports: Vec::new() }
    }

    fn report(id: Option<&str>, sign: Sign, class: u16, from: i64, lon: f64) -> Report {
        Report {
            source: 0,
            id: id.map(Into::into),
            sign,
            class: ClassId(class),
            when: Interval { from, seconds: 60, precision: Precision::Minute },
            place: if lon == 0.0 {
                Place::Missing
            } else {
                Place::At(LonLat::new(lon, 1.0).expect("on the globe"))
            },
            address: None,
            intersection: false,
        }
    }

    #[test]
    fn rows_of_one_complaint_are_one_incident_led_by_its_most_serious_class() {
        let mut l = ledger(Unit::Victim);
        l.reports = vec![
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 0, 0, 6.0),
        ];
        let (events, resolution) = resolve(&l);
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].reports, events[0].told_by), (3, 2));
        assert_eq!(events[0].classes, [ClassId(0), ClassId(1)]);
        assert_eq!(resolution.merged, 2);
    }

    #[test]
    fn a_correction_takes_back_one_report_of_its_complaint_and_class() {
        let mut l = ledger(Unit::Victim);
        l.reports = vec![
            report(Some("a"), Sign::TakesBack, 1, 0, 0.0), // may come first, and at no place
            report(Some("a"), Sign::Adds, 1, 0, 5.0),
            report(Some("a"), Sign::Adds, 0, 0, 5.0),
            report(Some("b"), Sign::TakesBack, 1, 0, 5.0),
        ];
        let (events, resolution) = resolve(&l);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].classes, [ClassId(0)]);
        assert_eq!((resolution.cancelled, &resolution.unmatched[..]), (1, &[3][..]));
        let in_events: u32 = events.iter().map(|e| e.reports).sum();
        assert_eq!(
            resolution.reports,
            resolution.cancelled + resolution.corrections + resolution.unmatched.len() + in_events as usize
        );
    }

    #[test]
    fn without_ids_the_same_time_place_and_class_is_one_incident() {
        let mut l = ledger(Unit::Victim);
        l.reports = vec![
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 60, 5.0),
            report(None, Sign::Adds, 1, 0, 7.0),
        ];
        assert_eq!(resolve(&l).0.len(), 3);
    }

    #[test]
    fn a_correction_without_id_that_could_mean_two_places_cancels_neither() {
        let mut l = ledger(Unit::Victim);
        l.reports = vec![
            report(None, Sign::Adds, 1, 0, 5.0),
            report(None, Sign::Adds, 1, 0, 7.0),
            report(None, Sign::TakesBack, 1, 0, 0.0),
        ];
        let (events, resolution) = resolve(&l);
        assert_eq!((events.len(), resolution.unmatched.len()), (2, 1));
    }

    #[test]
    fn a_correction_without_id_cancels_no_report_at_another_house_whatever_the_order() {
        let at = |address: &str, sign, lon| {
            let mut r = report(None, sign, 1, 0, lon);
            r.address = (!address.is_empty()).then(|| address.into());
            r
        };
        let mut l = ledger(Unit::Victim);
        l.reports =
            vec![at("6650 MANCHESTER AVE", Sign::Adds, 5.0), at("2711 INDIANA", Sign::TakesBack, 0.0)];
        assert_eq!(resolve(&l).1.unmatched, [1]);
        l.reports = vec![at("10 RIVERVIEW BLVD", Sign::Adds, 5.0), at("10 RIVERVIEW", Sign::TakesBack, 0.0)];
        assert!(resolve(&l).1.unmatched.is_empty());
        let (a, b) = (at("1 A", Sign::Adds, 5.0), at("2 B", Sign::Adds, 7.0));
        let (vague, exact) = (at("", Sign::TakesBack, 0.0), at("1 A", Sign::TakesBack, 0.0));
        for corrections in [[vague.clone(), exact.clone()], [exact, vague]] {
            l.reports = [a.clone(), b.clone()].into_iter().chain(corrections).collect();
            assert_eq!(resolve(&l).1.cancelled, 2);
        }
    }

    #[test]
    fn a_place_kept_back_for_one_report_is_kept_back_for_the_event() {
        let mut l = ledger(Unit::Victim);
        let mut withheld = report(Some("a"), Sign::Adds, 0, 0, 0.0);
        withheld.place = Place::Withheld;
        l.reports = vec![report(Some("a"), Sign::Adds, 1, 0, 5.0), withheld];
        assert!(resolve(&l).0[0].withheld);
    }

    #[test]
    fn whole_rows_that_tell_only_a_day_stay_apart() {
        let mut l = ledger(Unit::Incident);
        let mut row = report(None, Sign::Adds, 1, 0, 5.0);
        row.when.precision = Precision::Day;
        l.reports = vec![row.clone(), row];
        assert_eq!(resolve(&l).0.len(), 2);
    }
}
