//! The sheet of a block on the outreach list: where it is, what it is known for, what is not known, what is near.

use jiff::civil::Date;

use super::bounds::Junctions;
use crate::engine::context::{NEARBY, NEAREST, Nearby};
use crate::engine::outreach::scoring;
use crate::engine::query::Selection;
use crate::engine::sheets::SheetFacts;
use crate::engine::snapshot::Snapshot;
use crate::model::block::{Block, BlockId, BlockKind};
use crate::plan::outreach::reason::reason;
use crate::plan::outreach::register::{Entry, Register, Status, Version, months_later};
use crate::plan::outreach::words::readable;
use crate::quality::share::LEAST_LOCATED;
use crate::rank::score::By;
use crate::space::coord::Metres;

/// Fewer incidents of a kind are not named: they would tell of one event.
pub const LEAST_NAMED: f64 = 3.0;

/// What a sheet calls its block.
pub const TITLE: &str = "priority block for support";

/// A block's sheet. No incident stands in it by itself, and no person.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Its place on the list, from 1.
    pub place: usize,
    /// Its block.
    pub block: BlockId,
    /// Its entry on the list.
    pub entry: Entry,
    /// Why it is there.
    pub reason: String,
    /// When it may leave, by the rules of the list.
    pub until: Date,
    /// What bounds it.
    pub bounds: String,
    /// The areas that it lies in, by the word for their kind.
    pub areas: Vec<(&'static str, Vec<String>)>,
    /// Incidents that count, with the parts of those that are split.
    pub incidents: f64,
    /// Of them those that the score counts; `None` where nobody knows any more.
    pub scored: Option<f64>,
    /// What the score counts, where that is a part, and kinds of incidents, a sentence each, the most frequent first.
    pub known_for: Vec<String>,
    /// When in the week; `None` where no hours stand out.
    pub peak_hours: Option<String>,
    /// What is not known, a sentence each.
    pub not_known: Vec<String>,
    /// What is near, a sentence a kind.
    pub nearby: Vec<String>,
    /// What was noted, the first note first.
    pub notes: Vec<String>,
}

/// The sheets of all blocks of a version, in its order.
pub(super) fn sheets(
    snapshot: &Snapshot,
    list: &Register,
    version: &Version,
    selection: &Selection,
) -> Vec<Sheet> {
    let data = snapshot.dataset();
    let ids: std::collections::HashMap<&str, BlockId> =
        (0u32..).zip(&data.block_set.blocks).map(|(at, block)| (block.id.as_str(), BlockId(at))).collect();
    let blocks: Vec<BlockId> =
        version.entries.iter().filter_map(|entry| ids.get(entry.block.as_str()).copied()).collect();
    // Without its table of weights, or its source of shootings, nobody knows any more what a score counted.
    let counted = snapshot.counts_for(selection, &scoring(&version.made)).ok();
    let of_score = |at: usize| counted.as_ref().is_some_and(|counted| counted(at));
    let facts = snapshot.sheet_facts(selection, of_score, &blocks);
    let junctions = Junctions::of(&data.block_set.blocks);
    let all = not_known_of_all(snapshot, version, selection);
    let sheet = |(place, ((entry, &at), facts)): (usize, ((&Entry, &BlockId), &SheetFacts))| {
        let block = &data.block_set.blocks[at.0 as usize];
        let peak_hours = peak_hours(facts);
        let mut not_known = not_known(block, &peak_hours);
        not_known.extend(all.iter().cloned());
        let (from, months) = match entry.aftercare {
            Some(from) => (from, version.rules.aftercare_months),
            None => (entry.since, version.rules.stay_months),
        };
        Sheet {
            place,
            block: at,
            entry: entry.clone(),
            reason: reason(version, entry),
            until: months_later(from, months),
            bounds: junctions.bounds(block),
            areas: data
                .areas
                .iter()
                .map(|layer| (layer.kind.word(), block.areas.get(&layer.kind).cloned().unwrap_or_default()))
                .collect(),
            incidents: facts.incidents,
            scored: counted.is_some().then_some(facts.scored),
            known_for: known_for(snapshot, version, facts),
            peak_hours,
            not_known,
            nearby: snapshot.nearby(at).iter().map(near_in_words).collect(),
            notes: list
                .notes_of(&entry.block)
                .map(|note| format!("{} {}", note.date, readable(note.word)))
                .collect(),
        }
    };
    // A snapshot with a list knows all its blocks.
    (1..).zip(version.entries.iter().zip(&blocks).zip(&facts)).map(sheet).collect()
}

/// A number of incidents: whole, or with a tenth where some are split.
pub(super) fn number(n: f64) -> String {
    if n.fract().abs() < 1e-9 { format!("{n:.0}") } else { format!("{n:.1}") }
}

fn known_for(snapshot: &Snapshot, version: &Version, facts: &SheetFacts) -> Vec<String> {
    let tree = snapshot.dataset().classes.tree().rows();
    let gun = (version.made.by == By::Gun).then_some((version.made.gun.title(), facts.scored));
    let kinds = facts.by_category.iter().filter_map(|(at, n)| Some((tree[(*at)?].title.as_str(), *n)));
    gun.into_iter()
        .chain(kinds)
        .filter(|(_, n)| *n >= LEAST_NAMED)
        .map(|(title, n)| format!("{title}: {} of {} incidents", number(n), number(facts.incidents)))
        .collect()
}

/// The hours of the week that stand out, with how many incidents say so.
fn peak_hours(facts: &SheetFacts) -> Option<String> {
    let peak = facts.week.peak?;
    Some(format!("{peak} ({} of {} incidents whose hour is known)", peak.incidents, peak.of))
}

/// What is not known of one block.
fn not_known(block: &Block, peak_hours: &Option<String>) -> Vec<String> {
    let mut told = Vec::new();
    if peak_hours.is_none() {
        told.push("When in the week: no hours stand out among the incidents whose hour is known.".to_owned());
    }
    let missing: Vec<&str> = [
        ("households", block.residents.households.is_none()),
        ("residents", block.residents.population.is_none()),
        ("its length", block.kind == BlockKind::Segment && block.length.is_none()),
        ("its area", block.kind == BlockKind::Polygon && block.area.is_none()),
    ]
    .into_iter()
    .filter_map(|(what, missing)| missing.then_some(what))
    .collect();
    if !missing.is_empty() {
        told.push(format!("How many people it stands for: no file tells {}.", missing.join(" and ")));
    }
    told
}

/// What is not known of any block of a list.
fn not_known_of_all(snapshot: &Snapshot, version: &Version, selection: &Selection) -> Vec<String> {
    let mut told = Vec::new();
    let placed = snapshot.placed(selection);
    let (all, with): (usize, usize) =
        placed.values().fold((0, 0), |(all, with), of| (all + of.incidents, with + of.placed));
    if all > with {
        told.push(format!(
            "Where {} of all {all} incidents that count happened ({:.1} %): they have no place and are on no sheet.",
            all - with,
            100.0 * (all - with) as f64 / all as f64
        ));
    }
    let tree = snapshot.dataset().classes.tree().rows();
    for (category, of) in placed.iter().filter(|(_, of)| of.share() < LEAST_LOCATED) {
        let title = category.map_or("Of what is in no category", |row| tree[row].title.as_str());
        told.push(format!(
            "{title}: only {} of {} have a place, too few to compare blocks by.",
            of.placed, of.incidents
        ));
    }
    match snapshot.complete_until() {
        Some(until) if until < version.date => told.push(format!(
            "What happened after {until}, until when the data are complete; the list is of {}.",
            version.date
        )),
        Some(_) => {}
        None => told.push("Until when the data are complete.".to_owned()),
    }
    told.push(if version.made.protected {
        "Domestic, child and sexual incidents are counted here, as the agency asked; most are never reported."
            .to_owned()
    } else {
        "Domestic, child and sexual incidents, and those of classes in no category yet: they are left out."
            .to_owned()
    });
    told
}

/// How many places a sheet names of one kind.
const NAMED: usize = 6;

/// `vacant lots: 4 within 300 m; nearest 12 Elm St (15 m), …`.
fn near_in_words(nearby: &Nearby<'_>) -> String {
    let place = |(name, far): &(Option<&str>, Metres)| match name {
        Some(name) => format!("{name} ({:.0} m)", far.0),
        None => format!("one without a name ({:.0} m)", far.0),
    };
    let named: Vec<String> = nearby.places.iter().take(NAMED).map(place).collect();
    let more = nearby.places.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let within = match nearby.within {
        0 => format!("none within {:.0} m", NEARBY.0),
        n => format!("{n} within {:.0} m", NEARBY.0),
    };
    let word = if nearby.within < NEAREST { "; nearest" } else { ":" };
    match named.len() {
        0 => format!("{}: none in the file", nearby.kind.title()),
        _ => format!("{}: {within}{word} {}{more}", nearby.kind.title(), named.join(", ")),
    }
}

/// What the block is to the team, in words.
pub(super) fn status_in_words(sheet: &Sheet, review: Date) -> String {
    let words = match sheet.entry.status() {
        Status::Assigned => format!("assigned since {}", sheet.entry.since),
        Status::Aftercare => {
            format!("in aftercare since {}", sheet.entry.aftercare.unwrap_or(sheet.entry.since))
        }
    };
    if sheet.until > review { format!("{words}, at least until {}", sheet.until) } else { words }
}
