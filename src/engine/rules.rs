//! Rules: what of a snapshot someone wants to be told at once, as pure functions of snapshot and clock.

use std::collections::{BTreeMap, BTreeSet};

use super::query::{Query, Selection};
use super::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::model::dataset::Dataset;
use crate::model::period::{Period, local_date};
use crate::model::report::Status;
use crate::space::coord::{Local, LonLat, Metres};

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

/// An incident of the last days.
#[derive(Clone, Copy, Debug)]
struct Recent {
    at: usize,
    place: Local,
    from: i64,
}

/// The incidents that a rule counts, in the order of their time.
fn recent(rule: &Rule, snapshot: &Snapshot, now: i64, days: f64) -> Result<Vec<Recent>, RuleError> {
    let data = snapshot.dataset();
    let (selection, since) = (selection(rule, snapshot, None)?, now - (days * DAY) as i64);
    let drawn = snapshot.drawn(&selection).filter(|&(at, _)| !data.sensitive(at) && counts(rule, data, at));
    let timed = drawn.map(|(at, place)| Recent { at, place, from: data.incidents.when(at).from });
    let mut recent: Vec<Recent> = timed.filter(|one| (since..=now).contains(&one.from)).collect();
    let id = |one: &Recent| (data.incidents.source(one.at), data.incidents.id(one.at));
    recent.sort_by(|a, b| (a.from, id(a)).cmp(&(b.from, id(b))));
    Ok(recent)
}

fn selection(rule: &Rule, snapshot: &Snapshot, period: Option<Period>) -> Result<Selection, UnknownCategory> {
    let categories = match &rule.counts {
        Counts::Categories(names) => names.clone(),
        Counts::Shootings | Counts::GunCrime => Vec::new(),
    };
    let statuses = if rule.unreviewed { vec![Status::Confirmed, Status::Unreviewed] } else { Vec::new() };
    snapshot.select(&Query { period, categories, statuses, ..Query::default() })
}

/// Whether an incident is of the kind that a rule counts, beside its category.
fn counts(rule: &Rule, data: &Dataset, at: usize) -> bool {
    match rule.counts {
        Counts::Shootings => data.shooting(at),
        Counts::GunCrime => data.incidents.classes(at).any(|class| data.classes.gun_crime(class)),
        Counts::Categories(_) => true,
    }
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

/// Groups of incidents of which one has enough others near it.
fn threshold(
    rule: &Rule,
    snapshot: &Snapshot,
    recent: &[Recent],
    (at_least, days, radius): (usize, f64, Metres),
) -> Vec<Found> {
    let near: Vec<Vec<usize>> = neighbors(recent, radius);
    let cores: Vec<usize> = (0..recent.len()).filter(|&one| near[one].len() >= at_least.max(1)).collect();
    let mut grouped = vec![false; recent.len()];
    let mut found = Vec::new();
    for &core in &cores {
        if grouped[core] {
            continue;
        }
        // Cores that are near each other are one group, with all that is near any of them.
        let (mut members, mut open) = (BTreeSet::<usize>::new(), vec![core]);
        while let Some(one) = open.pop() {
            members.extend(&near[one]);
            for &other in near[one].iter().filter(|&&other| near[other].len() >= at_least.max(1)) {
                if !std::mem::replace(&mut grouped[other], true) {
                    open.push(other);
                }
            }
        }
        let members: Vec<&Recent> = members.iter().map(|&one| &recent[one]).collect();
        let sentence = format!(
            "{}: {} {} in {days} days, {at_least} or more within {} m of one of them",
            rule.name,
            members.len(),
            noun(rule),
            radius.0
        );
        found.push(of_incidents(snapshot, &members, sentence));
    }
    found
}

/// Who is how near to whom, each to itself as well. `recent` may lie in any order.
fn neighbors(recent: &[Recent], radius: Metres) -> Vec<Vec<usize>> {
    let mut east: Vec<usize> = (0..recent.len()).collect();
    east.sort_by(|&a, &b| recent[a].place.x.total_cmp(&recent[b].place.x));
    let mut near = vec![Vec::new(); recent.len()];
    for (nth, &one) in east.iter().enumerate() {
        near[one].push(one);
        for &other in &east[nth + 1..] {
            if recent[other].place.x - recent[one].place.x > radius.0 {
                break;
            }
            if recent[one].place.distance(recent[other].place).0 <= radius.0 {
                near[one].push(other);
                near[other].push(one);
            }
        }
    }
    near
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
    let (lon, lat) = crate::space::bbox::LonLatBox::around(places)?.center();
    LonLat::new(lon, lat).ok()
}

/// Incidents that opened a zone of risk which is still open: those before them had left less than this there.
const LITTLE_RISK: f64 = 0.25;

/// The half-distance of Esri's prediction zones over their range, and the half-life over their duration.
const HALVES: (f64, f64) = (0.381_333, 6.0 / 21.0);

fn openings(snapshot: &Snapshot, recent: &[Recent], now: i64, (radius, days): (Metres, f64)) -> Vec<Found> {
    let (reach, halves) = (days * DAY, (radius.0 * HALVES.0, days * DAY * HALVES.1));
    let mut found = Vec::new();
    for (nth, one) in recent.iter().enumerate() {
        let risk: f64 = recent[..nth]
            .iter()
            .map(|before| {
                let (far, age) = (before.place.distance(one.place).0, (one.from - before.from) as f64);
                if far < radius.0 && age < reach {
                    (-far / halves.0).exp2() * (-age / halves.1).exp2()
                } else {
                    0.0
                }
            })
            .sum();
        if risk < LITTLE_RISK && ((now - one.from) as f64) < reach {
            let sentence = format!(
                "near-repeat zone opened: for {days} days another one is likelier within {} m",
                radius.0
            );
            found.push(of_incidents(snapshot, &[one], sentence));
        }
    }
    found
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

fn of_incidents(snapshot: &Snapshot, members: &[&Recent], sentence: String) -> Found {
    let data = snapshot.dataset();
    let name = |one: &&Recent| {
        let source = &data.sources[usize::from(data.incidents.source(one.at))].name;
        format!("{source}:{}", data.incidents.id(one.at))
    };
    let incidents: Vec<String> = members.iter().map(name).collect();
    let blocks: BTreeSet<usize> =
        members.iter().filter_map(|one| Some(data.assignment.main(one.at)?.0 as usize)).collect();
    let places = members.iter().filter_map(|one| data.incidents.lonlat(one.at));
    let around = crate::space::bbox::LonLatBox::around(places);
    Found {
        keys: incidents.iter().cloned().collect(),
        sentence,
        at: around.and_then(|area| LonLat::new(area.center().0, area.center().1).ok()),
        incidents,
        blocks: blocks.iter().map(|&block| data.block_set.blocks[block].id.clone()).collect(),
        areas: areas_of(data, blocks),
    }
}

fn areas_of(data: &Dataset, blocks: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    let areas = blocks.into_iter().flat_map(|block| &data.block_set.blocks[block].areas);
    areas.flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}:{name}"))).collect()
}
