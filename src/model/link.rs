//! Linked feeds: an alert, a call and a report of one event, counted once.

use super::class::{ClassId, Classes};
use super::events::Events;
use super::link_grid::{FEW, Grid, Key};
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
    pub(crate) at: LonLat,
    pub(crate) feed: Feed,
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
/// Time O(n log n + pairs near each other in time and place). Source: `counting.md` 11 of the project's rules on
/// counting.
#[must_use]
pub fn link(events: Events, ledger: &Ledger, rule: LinkRule) -> (Events, usize) {
    if !several_feeds(&ledger.sources) {
        return (events, 0);
    }
    let mut all = linkables(&events, ledger);
    all.sort_by_key(|l| (l.group, l.from, l.event));
    let near = Near::of(&all, &rule);
    let mut leads: Vec<Option<usize>> = vec![None; all.len()];
    let mut firmest_first: Vec<usize> = (0..all.len()).collect();
    firmest_first.sort_by_key(|&at| (all[at].feed, at));
    for at in firmest_first {
        // A call that belongs to a report takes its alerts along.
        leads[at] = near.best(at).map(|place| leads[place].unwrap_or(place));
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

/// Events in the order of a grid, to be asked for the best one to go to.
struct Near<'a> {
    all: &'a [Linkable],
    rule: &'a LinkRule,
    grid: Grid,
    /// The feeds that there are, the firmest first.
    feeds: Vec<Feed>,
    /// Of each event its key and its place in `all`, ascending.
    keys: Vec<(Key, usize)>,
}

impl<'a> Near<'a> {
    fn of(all: &'a [Linkable], rule: &'a LinkRule) -> Self {
        let grid = Grid::new(rule);
        let mut keys: Vec<(Key, usize)> = all.iter().map(|one| grid.key(one)).zip(0..).collect();
        keys.sort_unstable();
        let mut feeds: Vec<Feed> = all.iter().map(|one| one.feed).collect();
        feeds.sort_unstable();
        feeds.dedup();
        Self { all, rule, grid, feeds, keys }
    }

    /// The place of the event that one goes to.
    fn best(&self, at: usize) -> Option<usize> {
        let one = &self.all[at];
        let mut best: Option<(Feed, i64, f64, usize, usize)> = None;
        self.candidates(one, |place| {
            let other = &self.all[place];
            let Some((gap, far)) = self.rule.near(one, other) else { return };
            let this = (other.feed, gap, far, other.event, place);
            let comes_before = |best: &(Feed, i64, f64, usize, usize)| {
                let order = (this.0, this.1).cmp(&(best.0, best.1)).then(this.2.total_cmp(&best.2));
                order.then(this.3.cmp(&best.3)).is_lt()
            };
            if best.as_ref().is_none_or(comes_before) {
                best = Some(this);
            }
        });
        best.map(|(.., place)| place)
    }

    /// Hands over the places of events of firmer feeds, all that may be near in time and place among them.
    fn candidates(&self, one: &Linkable, mut found: impl FnMut(usize)) {
        let mut look = |keys: &[(Key, usize)]| keys.iter().for_each(|&(_, place)| found(place));
        for &feed in self.feeds.iter().take_while(|feed| **feed < one.feed) {
            for (from, to) in self.grid.spans(one, feed) {
                let span = between(&self.keys, from, to);
                if span.len() <= FEW {
                    look(span);
                } else {
                    self.grid.rows(one, from).for_each(|(from, to)| look(between(span, from, to)));
                }
            }
        }
    }
}

/// The part of sorted keys from one to another.
fn between(keys: &[(Key, usize)], from: Key, to: Key) -> &[(Key, usize)] {
    let begin = keys.partition_point(|(key, _)| *key < from);
    let length = keys[begin..].partition_point(|(key, _)| *key <= to);
    &keys[begin..begin + length]
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

/// Metres of a degree of latitude.
pub(crate) const METRES_A_DEGREE: f64 = 111_195.0;

/// Metres between two places that are near each other.
fn distance(a: LonLat, b: LonLat) -> f64 {
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

    /// Events strewn over some kilometres and hours, most of them at one time, as files with a default time have them.
    fn strewn(n: u64, lat: f64) -> Vec<Linkable> {
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        (0..n)
            .map(|event| {
                let from = if next(4) == 0 { next(40_000) as i64 - 20_000 } else { 0 };
                let at = LonLat::new(-0.01 + next(40_000) as f64 * 1e-6, lat + next(20_000) as f64 * 1e-6);
                Linkable {
                    group: if next(5) == 0 { Group::Gunfire } else { Group::Category(1) },
                    from,
                    to: from + next(3_600) as i64,
                    at: at.expect("on the globe"),
                    feed: [Feed::Report, Feed::Call, Feed::Alert][next(3) as usize],
                    event: event as usize,
                }
            })
            .collect()
    }

    #[test]
    fn the_grid_finds_what_a_look_at_every_pair_finds() {
        for lat in [0.0, -0.01, 38.6, -62.0, 84.0, 89.97] {
            for (seconds, metres) in [(1_800, 150.0), (0, 0.0), (60, 3_000.0), (100_000, 40.0)] {
                let rule = LinkRule { seconds, distance: Metres(metres) };
                let all = strewn(600, lat);
                let near = Near::of(&all, &rule);
                let mut pairs = 0;
                for (at, one) in all.iter().enumerate() {
                    let others = all.iter().enumerate().filter(|(_, other)| other.feed < one.feed);
                    let slow = others.filter_map(|(place, other)| {
                        let (gap, far) = rule.near(one, other)?;
                        Some((other.feed, gap, far, other.event, place))
                    });
                    let slow = slow.min_by(|a, b| {
                        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3))
                    });
                    pairs += usize::from(slow.is_some());
                    assert_eq!(near.best(at), slow.map(|(.., place)| place), "{lat} {rule:?} {one:?}");
                }
                assert!(pairs > 20 || metres == 0.0, "{lat} {rule:?}: {pairs}");
            }
        }
    }

    #[test]
    fn events_of_one_time_are_looked_at_only_where_they_are() {
        let (all, rule) = (strewn(20_000, 38.6), LinkRule { distance: Metres(50.0), ..LinkRule::default() });
        let near = Near::of(&all, &rule);
        let mut looked = 0;
        all.iter().for_each(|one| near.candidates(one, |_| looked += 1));
        // Each of 13,000 with each of 6,000 would be 80 million.
        assert!(looked < 100 * all.len(), "{looked} pairs");
    }
}
