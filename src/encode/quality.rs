//! The quality of what was imported, as JSON and in one sentence.

use serde_json::{Map, Value as Json, json};

use crate::ingest::refused::Account;
use crate::model::class::{Class, ClassId, Classes};
use crate::model::dataset::Dataset;
use crate::model::ledger::Resolution;
use crate::model::report::{Day, Origin};
use crate::quality::places::PlaceQuality;
use crate::quality::reports::{STANDING, SourceQuality};
use crate::quality::share::{LEAST_LOCATED, Located};

/// The whole report: rows, what became of reports, each source, and the places where there are blocks.
#[must_use]
pub fn json(
    account: &Account,
    resolution: &Resolution,
    incidents: usize,
    sources: &[SourceQuality],
    classes: &Classes,
    places: Option<(&PlaceQuality, &Dataset)>,
) -> Json {
    let reasons: Map<String, Json> = account.reasons().into_iter().map(|(why, n)| (why, json!(n))).collect();
    json!({
        "rows": { "read": account.read, "kept": account.kept, "refused": account.refused.len(),
                  "refused_by_reason": reasons, "no_place_by_coordinates": account.flags.no_place,
                  "longitude_and_latitude_look_swapped": account.flags.swapped },
        "reports": { "all": resolution.reports, "superseded": resolution.superseded,
                     "withdrawn": resolution.withdrawn, "cancelled": resolution.cancelled,
                     "unmatched_corrections": resolution.unmatched.len(), "merged": resolution.merged },
        "incidents": incidents,
        "sources": sources.iter().map(|source| of_source(source, classes)).collect::<Vec<_>>(),
        "located_by_area": account.by_area.iter().map(|(area, &(located, without))| {
            json!({ "area": area, "reports": located + without, "located_share": share(located, located + without) })
        }).collect::<Vec<_>>(),
        "places": places.map(|(quality, data)| of_places(quality, data)),
        "notes": account.notes,
    })
}

/// What a person must know at once; `rejects` is the file in which the refused rows are.
#[must_use]
pub fn sentence(
    account: &Account,
    resolution: &Resolution,
    incidents: usize,
    sources: &[SourceQuality],
    classes: &Classes,
    places: Option<(&PlaceQuality, &Dataset)>,
    rejects: Option<&str>,
) -> String {
    let located: usize = sources.iter().map(|s| s.located.located).sum();
    let withheld: usize = sources.iter().map(|s| s.located.withheld).sum();
    let all: usize = sources.iter().map(|s| s.located.reports()).sum();
    let mut parts =
        vec![format!("{} read", thousands(account.read)), format!("{} incidents", thousands(incidents))];
    parts.push(format!("{} repeat or add to one", thousands(resolution.merged)));
    // Of nothing there is no share.
    if all > 0 {
        parts.push(format!(
            "{:.1} % located ({} withheld)",
            100.0 * share(located, all),
            thousands(withheld)
        ));
    }
    parts.push(format!("{} taken back", thousands(resolution.cancelled + resolution.withdrawn)));
    parts.push(format!("{} revised", thousands(resolution.superseded)));
    parts.push(format!("{} corrections match nothing", thousands(resolution.unmatched.len())));
    let unmapped: usize = sources.iter().map(|s| s.unmapped.len()).sum();
    if unmapped > 0 {
        parts.push(format!("{unmapped} classes in no category"));
    }
    let barred: Vec<&str> =
        sources.iter().flat_map(SourceQuality::barred).map(|c| label(c, classes)).collect();
    if !barred.is_empty() {
        parts.push(format!("{} classes located under {} %", barred.len(), 100.0 * LEAST_LOCATED));
    }
    let gaps: usize = sources.iter().map(|s| s.gaps.len()).sum();
    if gaps > 0 {
        parts.push(format!("{gaps} empty months"));
    }
    for source in sources {
        let piles = STANDING.iter().zip(source.standing).zip(source.time_piles());
        for (((_, time), n), _) in piles.filter(|(_, pile)| *pile) {
            parts.push(format!("{} at {time}, which may stand for unknown", thousands(n)));
        }
    }
    parts.extend(places.into_iter().flat_map(|(quality, data)| flags_of_place(quality, data)));
    for source in sources {
        if let Some(horizon) = source.horizon {
            parts.push(format!("{} complete until {}", source.source.name, date(horizon.complete_until())));
        }
    }
    parts.push(refused(account, rejects));
    parts.join(" · ")
}

/// How many rows were refused, where they are, and why: `66 refused (r.ndjson): 41 no location, 25 date unreadable`.
#[must_use]
pub fn refused(account: &Account, rejects: Option<&str>) -> String {
    let file = rejects.map_or_else(String::new, |file| format!(" ({file})"));
    let why: Vec<String> =
        account.reasons().iter().map(|(reason, n)| format!("{} {reason}", thousands(*n))).collect();
    let colon = if why.is_empty() { "" } else { ": " };
    format!("{} refused{file}{colon}{}", thousands(account.refused.len()), why.join(", "))
}

/// What is odd about places, a part of the sentence each; nothing where nothing is.
fn flags_of_place(quality: &PlaceQuality, data: &Dataset) -> Vec<String> {
    let held = data.held_places.iter().filter(|place| place.held > 0).count();
    let at_sentinels = quality.sentinels.iter().map(|(_, n)| n).sum();
    let counted = [
        (quality.outside, "outside the study area"),
        (quality.swapped, "inside it if longitude and latitude are swapped"),
        (at_sentinels, "at points outside it that may stand for unknown"),
        (held, "places held, to confirm or release"),
    ];
    let some = counted.into_iter().filter(|(n, _)| *n > 0);
    let mut parts: Vec<String> = some.map(|(n, what)| format!("{} {what}", thousands(n))).collect();
    if quality.block_midpoints() {
        parts.push("places are moved to the middle of their block".to_owned());
    }
    parts
}

/// `12480` as `12,480`.
#[must_use]
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(",")
}

fn label(class: ClassId, classes: &Classes) -> &str {
    &classes.get(class).label
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { (part as f64 / all as f64 * 1e4).round() / 1e4 }
}

fn date(day: Day) -> String {
    day.date().map_or_else(String::new, |date| date.to_string())
}

fn of_source(q: &SourceQuality, classes: &Classes) -> Json {
    let by_class = q.by_class.iter().map(|(class, l)| {
        let mut row = located(l);
        row.insert("class".to_owned(), json!(shown(classes.get(*class))));
        row.insert(
            "label".to_owned(),
            json!(if classes.get(*class).category.is_some() { label(*class, classes) } else { "" }),
        );
        row.insert("barred_from_harm".to_owned(), json!(l.share() < LEAST_LOCATED));
        Json::Object(row)
    });
    let by_year = q.by_year.iter().map(|(year, l)| {
        let mut row = located(l);
        row.insert("year".to_owned(), json!(year));
        Json::Object(row)
    });
    let known = (q.located.reports() - q.origins[3]) as f64;
    let origin: Map<String, Json> =
        Origin::ALL.iter().zip(q.origins).map(|(origin, n)| (origin.word().to_owned(), json!(n))).collect();
    json!({
        "source": q.source.name, "feed": q.source.feed.word(), "unit": q.source.unit.word(),
        "time_zone": q.source.zone.iana_name(), "anonymised": q.source.anonymised,
        "reports": q.reports, "corrections": q.corrections,
        "unmatched_corrections": q.unmatched.iter().map(|(file, line)| json!({ "file": file, "line": line })).collect::<Vec<_>>(),
        "located": located(&q.located),
        "located_by_class": by_class.collect::<Vec<_>>(),
        "located_by_year": by_year.collect::<Vec<_>>(),
        "origin": origin,
        "origin_unknown_share": 1.0 - share(known as usize, q.located.reports()),
        "inferred_officer": { "reports": q.inferred_officer, "from": "the class of the offense: no one reports it" },
        "time_precision": q.precision,
        "time_piles": time_piles(q),
        "aoristic_hours_of_week": q.hours.iter().map(|n| (n * 10.0).round() / 10.0).collect::<Vec<_>>(),
        "empty_months": q.gaps.iter().map(|(year, month)| format!("{year}-{month:02}")).collect::<Vec<_>>(),
        "horizon": q.horizon.map(|h| json!({
            "as_of": date(h.as_of), "complete_until": date(h.complete_until()), "lag_days": h.lag_days,
            "reports": h.reports, "rule": "98 % of the incidents were recorded within lag_days" })),
        "happened_after_recorded": q.from_the_future,
        "classes_in_no_category": { "classes": q.unmapped.len(),
            "reports": q.unmapped.iter().map(|(_, n)| n).sum::<usize>(),
            "most": q.unmapped.iter().take(20).map(|(class, n)| json!({ "class": shown(classes.get(*class)), "reports": n })).collect::<Vec<_>>() },
    })
}

/// How many times tell the minute, and of these those at minutes that may stand for 'unknown'.
fn time_piles(q: &SourceQuality) -> Json {
    let mut piles = Map::from_iter([("to_the_minute".to_owned(), json!(q.to_the_minute))]);
    for (((_, time), n), stands) in STANDING.iter().zip(q.standing).zip(q.time_piles()) {
        let time = time.replace(':', "_");
        piles.insert(format!("at_{time}"), json!(n));
        piles.insert(format!("{time}_stands_for_unknown"), json!(stands));
    }
    Json::Object(piles)
}

/// The code of a class; one in no category that is long is free text, in which persons may be named.
fn shown(class: &Class) -> &str {
    let short = class.code.chars().count() <= 40 && class.code.split(' ').count() <= 4;
    if class.category.is_some() || short { &class.code } else { "(free text)" }
}

fn located(l: &Located) -> Map<String, Json> {
    let mut row = Map::new();
    row.insert("reports".to_owned(), json!(l.reports()));
    row.insert("located_share".to_owned(), json!(share(l.located, l.reports())));
    row.insert("missing".to_owned(), json!(l.missing));
    row.insert("withheld".to_owned(), json!(l.withheld));
    row
}

fn of_places(q: &PlaceQuality, data: &Dataset) -> Json {
    let held = data.held_places.iter().map(|place| {
        json!({ "name": place.name, "incidents": place.incidents, "reports": place.reports, "held": place.held,
                "lon": place.at.lon(), "lat": place.at.lat(), "reason": place.reason })
    });
    let sentinels =
        q.sentinels.iter().map(|(at, n)| json!({ "lon": at.lon(), "lat": at.lat(), "incidents": n }));
    json!({
        "located": q.located, "outside_study_area": q.outside, "inside_if_swapped": q.swapped,
        "points_that_stand_for_unknown": sentinels.collect::<Vec<_>>(),
        "at_segment_middles": q.at_middles, "block_midpoints": q.block_midpoints(),
        "held_places": held.collect::<Vec<_>>(),
        "assignment": { "rule": data.assigned.rule, "in_blocks": data.assigned.in_blocks,
                        "unassigned": data.assigned.unassigned, "unlocated": data.assigned.unlocated,
                        "near_boundary": data.assigned.near_boundary },
        "linked": data.linked, "link_rule": data.link_rule,
    })
}
