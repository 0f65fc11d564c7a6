//! Linked feeds: an alert, a call and a report of one event, counted once.

use super::class::{ClassId, Classes};
use super::events::Events;
use super::period::Interval;
use super::report::{Feed, Place, Source, Status};
use super::reports::Ledger;
use crate::space::coord::{LonLat, Metres};

/// How near two events of different feeds must be to be one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkRule {
    /// Seconds between them at most.
    pub seconds: u32,
    /// Metres between them at most.
    pub distance: Metres,
}

impl Default for LinkRule {
    /// Half an hour and 150 m: a sensor hears a shot over some blocks, and a caller waits.
    fn default() -> Self {
        Self { seconds: 1_800, distance: Metres(150.0) }
    }
}

impl LinkRule {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "events of different feeds within {} min and {} m, both of the same category or both gunfire, are one, told by the firmest feed (report, call, alert)",
            self.seconds / 60,
            self.distance.0
        )
    }
}

/// What may be one event: the same category, or shots and what they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Gunfire,
    Category(usize),
}

/// An event that can be linked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Linkable {
    pub(crate) group: Group,
    pub(crate) from: i64,
    pub(crate) to: i64,
    at: LonLat,
    feed: Feed,
    pub(crate) event: usize,
}

/// No event that lasts longer can be linked, in seconds.
pub(crate) const LONGEST: i64 = 3_600;

impl LinkRule {
    /// Seconds between two events and metres, if they are of different feeds and near enough to be one.
    pub(crate) fn near(&self, one: &Linkable, other: &Linkable) -> Option<(i64, f64)> {
        let gap = (other.from - one.to).max(one.from - other.to).max(0);
        let far = distance(one.at, other.at);
        let may = one.group == other.group && one.feed != other.feed;
        (may && gap <= i64::from(self.seconds) && far <= self.distance.0).then_some((gap, far))
    }
}

/// Whether sources are of different feeds, so that there is something to link.
pub(crate) fn several_feeds(sources: &[Source]) -> bool {
    sources.iter().any(|source| source.feed != sources[0].feed)
}

/// The events of a ledger that can be linked, in no order that means anything.
pub(crate) fn linkables(events: &Events, ledger: &Ledger) -> Vec<Linkable> {
    (0..events.len()).filter_map(|event| linkable(event, events, ledger)).collect()
}

/// Joins events of different feeds into one; returns the events that remain and how many were joined.
///
/// An event goes to the firmest event within the rule, of these to the nearest in time, then in place, then
/// the first of the ledger. Those without a place, without a time to the hour, unmapped, or withdrawn stay
/// alone, and so do events of one feed. The ledger is not touched: without the rule all come back.
///
/// Time O(n log n + pairs in the window). Source: `counting.md` 11 of the project's rules on counting.
#[must_use]
pub fn link(events: Events, ledger: &Ledger, rule: LinkRule) -> (Events, usize) {
    if !several_feeds(&ledger.sources) {
        return (events, 0);
    }
    let mut all = linkables(&events, ledger);
    all.sort_by_key(|l| (l.group, l.from, l.event));
    // A long event may begin well before the window.
    let longest = all.iter().map(|l| l.to - l.from).max().unwrap_or(0);
    let mut leads: Vec<Option<usize>> = vec![None; all.len()];
    let mut firmest_first: Vec<usize> = (0..all.len()).collect();
    firmest_first.sort_by_key(|&at| (all[at].feed, at));
    for at in firmest_first {
        let one = &all[at];
        let reach = i64::from(rule.seconds);
        let begin = all.partition_point(|l| (l.group, l.from) < (one.group, one.from - reach - longest));
        let candidates = all[begin..].iter().take_while(|l| l.group == one.group && l.from <= one.to + reach);
        let near = candidates.zip(begin..).filter_map(|(other, place)| {
            let (gap, far) = rule.near(one, other).filter(|_| other.feed < one.feed)?;
            Some((other.feed, gap, far, other.event, place))
        });
        let best =
            near.min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3)));
        // A call that belongs to a report takes its alerts along.
        leads[at] = best.map(|(.., place)| leads[place].unwrap_or(place));
    }
    let mut events = events;
    let mut gone = vec![false; events.len()];
    for (at, lead) in leads.iter().enumerate() {
        if let Some(lead) = lead {
            events.absorb(all[*lead].event, all[at].event);
            gone[all[at].event] = true;
        }
    }
    let linked = gone.iter().filter(|gone| **gone).count();
    (if linked == 0 { events } else { events.without(&gone) }, linked)
}

fn linkable(event: usize, events: &Events, ledger: &Ledger) -> Option<Linkable> {
    let told = events.get(event);
    let report = ledger.reports.get(told.told_by);
    let Interval { from, seconds, .. } = report.when;
    let Place::At(at) = report.place else { return None };
    let usable = !told.withheld && i64::from(seconds) <= LONGEST && report.status != Status::Withdrawn;
    Some(Linkable {
        group: group(told.classes[0], &ledger.classes)?,
        from,
        to: from + i64::from(seconds),
        at,
        feed: ledger.sources[usize::from(report.source)].feed,
        event,
    })
    .filter(|_| usable)
}

fn group(class: ClassId, classes: &Classes) -> Option<Group> {
    let category = classes.get(class).category?;
    let shots = classes.tree().rows()[category].name == "weapon_discharge";
    Some(if shots || classes.gun_crime(class) { Group::Gunfire } else { Group::Category(category) })
}

/// Metres between two places that are near each other.
fn distance(a: LonLat, b: LonLat) -> f64 {
    const METRES_A_DEGREE: f64 = 111_195.0;
    let east = (a.lon() - b.lon()) * ((a.lat() + b.lat()) / 2.0).to_radians().cos();
    east.hypot(a.lat() - b.lat()) * METRES_A_DEGREE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::{CategoryTree, Flags};
    use crate::model::class::{Class, Firearm};
    use crate::model::ledger::resolve;
    use crate::model::period::Precision;
    use crate::model::report::{Report, Unit};
    use crate::model::reports::Reports;

    /// (source: 0 report, 1 call, 2 alert; minute; metres east; category: 0 shots, 1 robbery by firearm, 2 burglary)
    type Row = (u16, i64, f64, u16);

    fn linked(rows: &[Row], rule: LinkRule) -> (Vec<(usize, u32)>, usize) {
        let mut tree = CategoryTree::default();
        for name in ["robbery", "burglary", "weapon_discharge"] {
            tree.add(name, "", None, Flags::NONE).expect("new");
        }
        let mut classes = Classes::over(tree);
        for (code, category, firearm) in
            [("s", 2, Firearm::Yes), ("r", 0, Firearm::Yes), ("b", 1, Firearm::No)]
        {
            let (category, flags) = (Some(category), Flags::NONE);
            let class = Class { code: code.into(), label: code.into(), category, flags, firearm };
            classes.intern(0, code, || class).expect("room");
        }
        let source =
            |name: &str, feed| Source { feed, ..Source::new(name, Unit::Incident, jiff::tz::TimeZone::UTC) };
        let sources = vec![source("r", Feed::Report), source("c", Feed::Call), source("a", Feed::Alert)];
        let mut reports = Reports::default();
        for (n, &(source, minute, metres, class)) in rows.iter().enumerate() {
            let when = Interval { from: minute * 60, seconds: 60, precision: Precision::Minute };
            let at = LonLat::new(-90.0 + metres / (111_195.0 * 38f64.to_radians().cos()), 38.0);
            let id = n.to_string();
            let place = Place::At(at.expect("on the globe"));
            reports.push(&Report { source, id: Some(&id), ..Report::plain(ClassId(class), when, place) });
        }
        let ledger = Ledger { sources, classes, reports, ..Ledger::default() };
        let (events, n) = link(resolve(&ledger).0, &ledger, rule);
        (events.iter().map(|event| (event.told_by, event.reports)).collect(), n)
    }

    #[test]
    fn an_alert_a_call_and_a_report_of_one_shooting_are_one_incident_told_by_the_report() {
        let rows = [(2, 0, 0.0, 0), (1, 3, 60.0, 0), (0, 20, 100.0, 1)];
        assert_eq!(linked(&rows, LinkRule::default()), (vec![(2, 3)], 2));
        // Whatever comes first.
        let rows = [(0, 20, 100.0, 1), (2, 0, 0.0, 0), (1, 3, 60.0, 0)];
        assert_eq!(linked(&rows, LinkRule::default()), (vec![(0, 3)], 2));
    }

    #[test]
    fn too_far_too_late_or_something_else_stays_apart() {
        for row in [(2, 32, 0.0, 0), (2, 0, 151.0, 0), (2, 0, 0.0, 2), (0, 0, 0.0, 1)] {
            let (events, n) = linked(&[(0, 0, 0.0, 1), row], LinkRule::default());
            assert_eq!((events.len(), n), (2, 0), "{row:?}");
        }
        assert_eq!(linked(&[(0, 0, 0.0, 1), (2, 30, 149.0, 0)], LinkRule::default()).1, 1);
    }

    #[test]
    fn two_alerts_go_to_the_nearest_of_two_reports_and_no_report_is_lost() {
        let rows = [(0, 0, 0.0, 1), (0, 10, 0.0, 1), (2, 1, 0.0, 0), (2, 9, 0.0, 0)];
        assert_eq!(linked(&rows, LinkRule::default()), (vec![(0, 2), (1, 2)], 2));
    }
}
