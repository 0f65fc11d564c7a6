//! Rules: what of a snapshot someone wants to be told at once, as pure functions of snapshot and clock.

mod near;

use std::collections::{BTreeMap, BTreeSet};

use super::query::{Query, Selection};
use super::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::model::dataset::Dataset;
use crate::model::period::{Period, local_date};
use crate::model::report::Status;
use crate::space::bbox::LonLatBox;
use crate::space::coord::{LonLat, Metres};
use near::{openings, recent, threshold};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// What incidents a rule counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Those of which the source says that someone was shot.
    Shootings,
    /// Homicide, robbery and assault by firearm.
    GunCrime,
    /// Those of the named categories; all where empty.
    Categories(Vec<String>),
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Looks {
    /// So many incidents within a distance of one of them, in the last days.
    Threshold {
        /// How many.
        at_least: usize,
        /// In how many days.
        days: f64,
        /// How near.
        radius: Metres,
    },
    /// A block that was not among the first ones by incidents of the last days.
    EntersTop {
        /// How many blocks.
        n: usize,
        /// In how many days.
        days: f64,
    },
    /// An incident where those before it had left little risk: from now on another one is likelier there.
    NearRepeat {
        /// No risk this far from an incident; half of it at 38 % of the way.
        radius: Metres,
        /// No risk so many days after an incident; half of it at 2/7 of the time.
        days: f64,
    },
    /// A source of which nothing has come for some hours.
    Silent {
        /// Which; any where `None`.
        source: Option<String>,
        /// Hours.
        hours: f64,
    },
}

/// A rule of an agency's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What the agency calls it.
    pub name: String,
    /// What is looked for.
    pub looks: Looks,
    /// Which incidents count.
    pub counts: Counts,
    /// Whether those that nobody has looked at yet count as well.
    pub unreviewed: bool,
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is known by: incidents, a block, a source. It is news if none of them was found before.
    pub keys: BTreeSet<String>,
    /// In a sentence.
    pub sentence: String,
    /// Where.
    pub at: Option<LonLat>,
    /// The incidents, by source and id; none of them is sensitive.
    pub incidents: Vec<String>,
    /// The blocks.
    pub blocks: Vec<String>,
    /// The areas in which the blocks lie, as `kind:name`.
    pub areas: BTreeSet<String>,
}

/// Why a rule cannot be used over a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
}

/// When a source was last heard of, in seconds of UTC.
pub type Heard = BTreeMap<String, i64>;

/// What a rule finds in a snapshot at an instant, in seconds of UTC.
///
/// Only confirmed incidents count, unless the rule asks for the others; sensitive ones and those at held places never do.
///
/// # Errors
///
/// [`RuleError`] for a category that the data set does not have.
pub fn look(rule: &Rule, snapshot: &Snapshot, now: i64, heard: &Heard) -> Result<Vec<Found>, RuleError> {
    match &rule.looks {
        Looks::Threshold { at_least, days, radius } => {
            let recent = recent(rule, snapshot, now, *days)?;
            Ok(threshold(rule, snapshot, &recent, (*at_least, *days, *radius)))
        }
        Looks::EntersTop { n, days } => top(rule, snapshot, now, (*n, *days)),
        Looks::NearRepeat { radius, days } => {
            // Twice as far back: what happened before decides whether an incident opened a zone.
            let recent = recent(rule, snapshot, now, 2.0 * days)?;
            Ok(openings(snapshot, &recent, now, (*radius, *days)))
        }
        Looks::Silent { source, hours } => Ok(silent(heard, source.as_deref(), now, *hours)),
    }
}

/// Of what was found what is news, and all keys that are known from now on.
#[must_use]
pub fn news(found: Vec<Found>, known: &BTreeSet<String>) -> (Vec<Found>, BTreeSet<String>) {
    let all = found.iter().flat_map(|one| one.keys.iter().cloned()).collect();
    let new = found.into_iter().filter(|one| one.keys.is_disjoint(known)).collect();
    (new, all)
}

fn selection(rule: &Rule, snapshot: &Snapshot, period: Option<Period>) -> Result<Selection, UnknownCategory> {
    let categories = match &rule.counts {
        Counts::Categories(names) => names.clone(),
        Counts::Shootings | Counts::GunCrime => Vec::new(),
    };
    let statuses = if rule.unreviewed { vec![Status::Confirmed, Status::Unreviewed] } else { Vec::new() };
    snapshot.select(&Query { period, categories, statuses, ..Query::default() })
}

/// Whether an incident is of the kind that a rule counts, beside its category; no sensitive one is.
fn counts(rule: &Rule, data: &Dataset, at: usize) -> bool {
    let meant = match rule.counts {
        Counts::Shootings => data.shooting(at),
        Counts::GunCrime => data.gun_crime(at),
        Counts::Categories(_) => true,
    };
    // What lies far from every block is a wrong place, or not this agency's.
    let here = data.incidents.lonlat(at).is_none_or(|place| !data.is_outside(place));
    meant && here && !data.sensitive(at)
}

/// What a rule counts, for a sentence.
fn noun(rule: &Rule) -> String {
    match &rule.counts {
        Counts::Shootings => "shootings".to_owned(),
        Counts::GunCrime => "gun crimes".to_owned(),
        Counts::Categories(names) if names.is_empty() => "incidents".to_owned(),
        Counts::Categories(names) => format!("incidents ({})", names.join(", ")),
    }
}

/// The first blocks by incidents of the last days.
fn top(rule: &Rule, snapshot: &Snapshot, now: i64, (n, days): (usize, f64)) -> Result<Vec<Found>, RuleError> {
    let data = snapshot.dataset();
    let Some(zone) = data.sources.first().map(|source| &source.zone) else { return Ok(Vec::new()) };
    let first = local_date(now - (days * DAY) as i64, zone);
    let period = Period::new(first, local_date(now, zone)).ok();
    let counted = snapshot.counts(&selection(rule, snapshot, period)?, |at| counts(rule, data, at));
    let ranked = crate::rank::order::rank(&counted);
    let first = ranked.iter().filter(|one| one.rank.is_some_and(|rank| rank as usize <= n));
    Ok(first
        .map(|one| {
            let block = &data.block_set.blocks[one.block.0 as usize];
            let place = one.rank.unwrap_or_default();
            Found {
                keys: BTreeSet::from([block.id.clone()]),
                sentence: format!(
                    "{}: {} is number {place} of all blocks by {} of the last {days} days",
                    rule.name,
                    block.name,
                    noun(rule)
                ),
                at: middle(data, one.block.0 as usize),
                incidents: Vec::new(),
                blocks: vec![block.id.clone()],
                areas: areas_of(data, [one.block.0 as usize]),
            }
        })
        .collect())
}

/// The middle of a block's box, in degrees.
fn middle(data: &Dataset, block: usize) -> Option<LonLat> {
    use geo::CoordsIter;
    let coords = data.block_set.blocks[block].lonlat.coords_iter();
    let places = coords.filter_map(|at| LonLat::new(at.x, at.y).ok());
    let (lon, lat) = LonLatBox::around(places)?.center();
    LonLat::new(lon, lat).ok()
}

fn silent(heard: &Heard, wanted: Option<&str>, now: i64, hours: f64) -> Vec<Found> {
    let chosen = heard.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name.as_str()));
    chosen
        .filter(|(_, last)| (now - **last) as f64 >= hours * 3_600.0)
        .map(|(name, _)| Found {
            keys: BTreeSet::from([name.clone()]),
            sentence: format!("source `{name}` has been silent for {hours} h"),
            at: None,
            incidents: Vec::new(),
            blocks: Vec::new(),
            areas: BTreeSet::new(),
        })
        .collect()
}

fn areas_of(data: &Dataset, blocks: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    let areas = blocks.into_iter().flat_map(|block| &data.block_set.blocks[block].areas);
    areas.flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}:{name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::build::{About, Ground, build};
    use crate::ingest::alert;
    use crate::model::category::Flags;
    use crate::model::class::{Class, Classes};
    use crate::model::reports::Ledger;
    use crate::model::streets::{Street, StreetUse};

    const NOW: i64 = 1_795_000_000;

    /// (days ago, degrees east, type, status)
    type Row = (f64, f64, &'static str, &'static str);

    fn snapshot(rows: &[Row]) -> Snapshot {
        let mut all = Ledger::default();
        for (nth, (days, east, kind, status)) in rows.iter().enumerate() {
            let at = jiff::Timestamp::from_second(NOW - (days * DAY) as i64).expect("a time");
            let sent = format!(
                r#"{{"external_id":"a{nth}","status":"{status}","occurred_at":"{at}","type":"{kind}","lon":{},"lat":38.6}}"#,
                -90.2 + east
            );
            let now = jiff::Timestamp::from_second(NOW).expect("a time");
            let alert = alert::read(sent.as_bytes(), now, &jiff::tz::TimeZone::UTC).expect("an alert");
            all.add(&alert.ledger).expect("room");
        }
        let at = |lon: f64| LonLat::new(lon, 38.6).expect("on the globe");
        let street = |name: &str, west: f64, east: f64| Street {
            name: name.to_owned(),
            line: vec![at(west), at(east)],
            used_as: StreetUse::Open,
            by_number: false,
            numbers: Default::default(),
        };
        let streets = vec![street("Main St", -90.21, -90.2), street("Main St", -90.2, -90.19)];
        let data = build(all, &Ground::Streets(streets), About::default()).expect("a data set");
        Snapshot::new(data, 1)
    }

    fn rule(looks: Looks) -> Rule {
        Rule { name: "r".to_owned(), looks, counts: Counts::Categories(Vec::new()), unreviewed: false }
    }

    fn found(rule: &Rule, rows: &[Row]) -> Vec<Vec<String>> {
        let found = look(rule, &snapshot(rows), NOW, &Heard::new()).expect("usable");
        found.into_iter().map(|one| one.incidents).collect()
    }

    const THREE: Looks = Looks::Threshold { at_least: 3, days: 7.0, radius: Metres(300.0) };
    /// About 87 m each.
    const STEP: f64 = 0.001;

    #[test]
    fn three_in_seven_days_within_300_m_are_found_and_nothing_less() {
        let shot = |days, steps: f64| (days, steps * STEP, "person_shot", "confirmed");
        let near = [shot(1.0, 0.0), shot(2.0, 1.0), shot(6.9, 3.0)];
        let all = ["alerts:a2", "alerts:a1", "alerts:a0"].map(str::to_owned).to_vec();
        assert_eq!(found(&rule(THREE), &near), std::slice::from_ref(&all));
        for other in [
            shot(7.1, 3.0),                          // too old
            shot(-0.001, 3.0),                       // not yet
            shot(3.0, 8.0),                          // too far
            (3.0, 0.0, "person_shot", "unreviewed"), // nobody has looked at it
            (3.0, 0.0, "person_shot", "withdrawn"),
        ] {
            let rows = [near[0], near[1], other];
            assert!(found(&rule(THREE), &rows).is_empty(), "{other:?}");
        }
        let asked = Rule { unreviewed: true, ..rule(THREE) };
        assert_eq!(found(&asked, &[near[0], near[1], (3.0, 0.0, "person_shot", "unreviewed")]).len(), 1);
        // Only those count that the rule names.
        let shootings = Rule { counts: Counts::Shootings, ..rule(THREE) };
        assert_eq!(found(&shootings, &near), [all]);
        assert!(found(&shootings, &[near[0], near[1], (3.0, 0.0, "gunfire", "confirmed")]).is_empty());
        let robberies = Rule { counts: Counts::Categories(vec!["robbery".to_owned()]), ..rule(THREE) };
        assert!(found(&robberies, &near).is_empty());
        let none = Rule { counts: Counts::Categories(vec!["robery".to_owned()]), ..rule(THREE) };
        assert!(look(&none, &snapshot(&near), NOW, &Heard::new()).is_err());
    }

    #[test]
    fn two_groups_far_apart_are_told_apart_and_a_group_is_news_once() {
        let shot = |days, steps: f64| (days, steps * STEP, "gunfire", "confirmed");
        let west = [shot(1.0, -8.0), shot(2.0, -8.5), shot(3.0, -9.0)];
        let east = [shot(1.0, 8.0), shot(2.0, 8.5), shot(3.0, 9.0)];
        let both: Vec<Row> = west.into_iter().chain(east).collect();
        let look = |rows: &[Row]| look(&rule(THREE), &snapshot(rows), NOW, &Heard::new()).expect("usable");
        let (new, known) = news(look(&west), &BTreeSet::new());
        assert_eq!(new.len(), 1);
        let (new, known) = news(look(&both), &known);
        assert_eq!(new.len(), 1, "the eastern one alone");
        assert!(new[0].at.is_some_and(|at| at.lon() > -90.2));
        assert!(news(look(&both), &known).0.is_empty());
        // One that is gone and comes back is news again.
        let (_, known) = news(look(&west), &known);
        assert_eq!(news(look(&both), &known).0.len(), 1);
    }

    #[test]
    fn a_block_that_comes_among_the_first_is_named() {
        let rule = rule(Looks::EntersTop { n: 1, days: 30.0 });
        let shot = |east| (1.0, east, "person_shot", "confirmed");
        let (west, east) = (shot(-0.005), shot(0.005));
        let first = |rows: &[Row]| {
            let found = look(&rule, &snapshot(rows), NOW, &Heard::new()).expect("usable");
            assert_eq!(found.len(), 1);
            found[0].blocks.clone()
        };
        assert_ne!(first(&[west, west, east]), first(&[west, east, east]));
        let old = (40.0, 0.005, "person_shot", "confirmed");
        assert_eq!(first(&[west, old, old]), first(&[west]));
    }

    #[test]
    fn a_sensitive_incident_brings_no_block_among_the_first() {
        let rule = rule(Looks::EntersTop { n: 1, days: 30.0 });
        let shown = snapshot(&[(1.0, 0.005, "person_shot", "confirmed")]);
        let found = |snapshot: &Snapshot| look(&rule, snapshot, NOW, &Heard::new()).expect("usable").len();
        assert_eq!(found(&shown), 1);
        let mut data = shown.dataset().clone();
        let mut classes = Classes::over(data.classes.tree().clone());
        for row in data.classes.rows() {
            let sexual = || Class { flags: Flags::SEXUAL, ..row.clone() };
            classes.intern(0, &row.code, sexual).expect("room");
        }
        data.classes = classes;
        assert_eq!(found(&Snapshot::new(data, 2)), 0);
    }

    #[test]
    fn a_zone_opens_at_an_incident_and_not_again_while_it_is_open() {
        let rule = rule(Looks::NearRepeat { radius: Metres(400.0), days: 14.0 });
        let fired = |days, steps: f64| (days, steps * STEP, "gunfire", "confirmed");
        // The second lies in the zone of the first, the third beside it.
        let rows = [fired(13.0, 0.0), fired(12.5, 0.2), fired(1.0, 8.0)];
        assert_eq!(found(&rule, &rows), [["alerts:a0"], ["alerts:a2"]]);
        assert_eq!(found(&rule, &[fired(15.0, 0.0)]), Vec::<Vec<String>>::new(), "it is over");
    }

    #[test]
    fn what_lies_outside_the_study_area_fires_no_rule() {
        let zone = rule(Looks::NearRepeat { radius: Metres(400.0), days: 14.0 });
        let fired = |steps: f64| (1.0, steps * STEP, "gunfire", "confirmed");
        // The blocks end 870 m from the middle; a little beside them is still here.
        let old = (40.0, 0.0, "gunfire", "confirmed");
        assert_eq!(found(&zone, &[old, fired(12.0)]).len(), 1);
        assert!(found(&zone, &[old, fired(200.0)]).is_empty());
        assert!(found(&rule(THREE), &[old, fired(200.0), fired(200.0), fired(200.0)]).is_empty());
    }

    #[test]
    fn a_source_is_silent_from_the_hour_on() {
        let rule =
            |source: Option<&str>| rule(Looks::Silent { source: source.map(str::to_owned), hours: 24.0 });
        let heard = Heard::from([("a".to_owned(), NOW - 86_400), ("b".to_owned(), NOW - 86_399)]);
        let names = |rule: &Rule| {
            let found = look(rule, &snapshot(&[]), NOW, &heard).expect("usable");
            found.into_iter().flat_map(|one| one.keys).collect::<Vec<_>>()
        };
        assert_eq!(names(&rule(None)), ["a"]);
        assert!(names(&rule(Some("b"))).is_empty());
    }
}
