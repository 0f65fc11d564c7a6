//! Rules of incidents that are near each other: enough of them, or one where another is likelier from now on.

use std::collections::BTreeSet;

use super::{DAY, Found, Rule, RuleError, areas_of, counts, noun, selection};
use crate::engine::snapshot::Snapshot;
use crate::model::elementary::exp2;
use crate::space::bbox::LonLatBox;
use crate::space::coord::{Local, LonLat, Metres};

/// An incident of the last days.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent {
    at: usize,
    place: Local,
    from: i64,
}

/// The incidents that a rule counts, in the order of their time.
pub(super) fn recent(
    rule: &Rule,
    snapshot: &Snapshot,
    now: i64,
    days: f64,
) -> Result<Vec<Recent>, RuleError> {
    let data = snapshot.dataset();
    let (selection, since) = (selection(rule, snapshot, None)?, now - (days * DAY) as i64);
    let drawn = snapshot.drawn(&selection).filter(|&(at, _)| counts(rule, data, at));
    let timed = drawn.map(|(at, place)| Recent { at, place, from: data.incidents.when(at).from });
    let mut recent: Vec<Recent> = timed.filter(|one| (since..=now).contains(&one.from)).collect();
    let id = |one: &Recent| (data.incidents.source(one.at), data.incidents.id(one.at));
    recent.sort_by(|a, b| (a.from, id(a)).cmp(&(b.from, id(b))));
    Ok(recent)
}

/// Groups of incidents of which one has enough others near it.
pub(super) fn threshold(
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

/// Incidents that opened a zone of risk which is still open: those before them had left less than this there.
const LITTLE_RISK: f64 = 0.25;

/// The half-distance of Esri's prediction zones over their range, and the half-life over their duration.
const HALVES: (f64, f64) = (0.381_333, 6.0 / 21.0);

pub(super) fn openings(
    snapshot: &Snapshot,
    recent: &[Recent],
    now: i64,
    (radius, days): (Metres, f64),
) -> Vec<Found> {
    let (reach, halves) = (days * DAY, (radius.0 * HALVES.0, days * DAY * HALVES.1));
    let mut found = Vec::new();
    for (nth, one) in recent.iter().enumerate() {
        let risk: f64 = recent[..nth]
            .iter()
            .map(|before| {
                let (far, age) = (before.place.distance(one.place).0, (one.from - before.from) as f64);
                if far < radius.0 && age < reach {
                    exp2(-far / halves.0) * exp2(-age / halves.1)
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
    let around = LonLatBox::around(places);
    Found {
        keys: incidents.iter().cloned().collect(),
        sentence,
        at: around.and_then(|area| LonLat::new(area.center().0, area.center().1).ok()),
        incidents,
        blocks: blocks.iter().map(|&block| data.block_set.blocks[block].id.clone()).collect(),
        areas: areas_of(data, blocks),
    }
}
