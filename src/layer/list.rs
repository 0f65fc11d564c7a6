//! The outreach list: priority blocks for support, each with its sheet.

use super::block_fields::{areas, shape};
use super::made::{made, on_page};
use super::ranking_told::origin_shares;
use super::sheet::{Sheet, sheets, status_in_words};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::areas::{blocks_within, named};
use crate::engine::outreach::scoring;
use crate::engine::query::Selection;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::plan::outreach::reason::reason;
use crate::plan::outreach::register::{Entry, Register, Rules, Version};
use crate::rank::score::{By, Gun};

/// The rule of order, as every answer states it.
pub const ORDER: &str =
    "P(top N), then score, latest incident, order of the blocks in their file; assigned blocks first";

/// What is said where nothing shows that blocks differ.
const NO_EVIDENCE: &str = "nothing shows that these blocks differ: the order is a matter of chance";

/// The last version of a list as a layer; a block of it is a feature, with what its sheet says.
///
/// # Errors
///
/// [`UnknownCategory`] if the data set does not have a category that the list was scored by.
pub fn list(snapshot: &Snapshot, ask: &Ask, list: &Register) -> Result<Layer, UnknownCategory> {
    let (sheets, asked, selection, version) = match opened(snapshot, list)? {
        Some(opened) => opened,
        None => {
            let selection = snapshot.select(&ask.query)?;
            return Ok(made("list", snapshot, ask, &selection, (0, Vec::new()), legend(), Vec::new()));
        }
    };
    let ask = Ask { query: asked, within: version.made.within.clone(), page: ask.page };
    let features = sheets.iter().map(|sheet| feature(snapshot, version, sheet)).collect();
    let mut layer = made(
        "list",
        snapshot,
        &ask,
        &selection,
        on_page(&ask, features),
        legend(),
        parameters(snapshot, list, (&ask, &selection, version)),
    );
    if version.made.no_evidence {
        let notice = layer.notice.take().map_or_else(String::new, |notice| format!("{notice}; "));
        layer.notice = Some(format!("{notice}{NO_EVIDENCE}"));
    }
    Ok(layer)
}

/// A list with its sheets, for paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Paper {
    /// Of the data set.
    pub title: String,
    /// What must be said with every answer.
    pub notice: Option<String>,
    /// The version that is shown.
    pub version: Version,
    /// How it differs from the one before, a sentence each.
    pub changes: Vec<String>,
    /// What it was scored by, a sentence.
    pub scored: String,
    /// The sheets.
    pub sheets: Vec<Sheet>,
    /// The sheets' blocks by name, with their status in words.
    pub names: Vec<(String, String)>,
    /// A piece of the map around each.
    pub sketches: Vec<super::sketch::Sketch>,
}

/// The last version of a list for paper; `None` without a version.
///
/// # Errors
///
/// As [`list`].
pub fn paper(snapshot: &Snapshot, list: &Register) -> Result<Option<Paper>, UnknownCategory> {
    let Some((sheets, _, _, version)) = opened(snapshot, list)? else { return Ok(None) };
    let data = snapshot.dataset();
    let name = |sheet: &Sheet| {
        (data.block_set.blocks[sheet.block.0 as usize].name.clone(), status_in_words(sheet, version.date))
    };
    let notice = match (&data.notice, version.made.no_evidence) {
        (Some(notice), true) => Some(format!("{notice}; {NO_EVIDENCE}")),
        (None, true) => Some(NO_EVIDENCE.to_owned()),
        (notice, false) => notice.clone(),
    };
    let mut changes: Vec<String> = version.left.iter().map(|entry| told(version, entry)).collect();
    let moved = version.entries.iter().filter(|entry| entry.change.group() != "stayed");
    changes.extend(moved.map(|entry| told(version, entry)));
    changes.extend(rules_changed(list, version));
    Ok(Some(Paper {
        title: data.title.clone(),
        notice,
        version: version.clone(),
        changes,
        scored: scored(version),
        names: sheets.iter().map(name).collect(),
        sketches: sheets
            .iter()
            .map(|sheet| super::sketch::sketch(&data.block_set.blocks, sheet.block))
            .collect(),
        sheets,
    }))
}

type Opened<'a> = (Vec<Sheet>, crate::engine::query::Query, crate::engine::query::Selection, &'a Version);

fn opened<'a>(snapshot: &Snapshot, list: &'a Register) -> Result<Option<Opened<'a>>, UnknownCategory> {
    let Some(version) = list.last() else { return Ok(None) };
    let (query, selection) = snapshot.outreach_selection(&version.made)?;
    Ok(Some((sheets(snapshot, list, version, &selection), query, selection, version)))
}

fn told(version: &Version, entry: &Entry) -> String {
    format!("{}: {}", entry.name, reason(version, entry))
}

/// What the list was scored by, in a sentence.
fn scored(version: &Version) -> String {
    let made = &version.made;
    let what = match (made.by, made.gun) {
        (By::Gun, Gun::Crime) => "gun crime",
        (By::Gun, Gun::Shooting) => "shootings",
        (By::Harm, _) => "harm",
        (By::Rate, _) => "the rate of incidents",
        (By::Count, _) => "incidents",
    };
    let of = if made.categories.is_empty() {
        String::new()
    } else {
        format!(" of {}", made.categories.join(", "))
    };
    let within =
        if made.within.is_empty() { String::new() } else { format!(" within {}", made.within.join(", ")) };
    format!(
        "Scored by {what}{of}{within} in {}: the chance of each block to be among the {} highest-scored, from {} draws with seed {}.",
        made.period, made.top_n, made.draws, made.seed
    )
}

/// What of the rules and the score is not as in the version before.
fn rules_changed(list: &Register, version: &Version) -> Vec<String> {
    let before = list.versions.iter().rev().find(|other| other.number + 1 == version.number);
    let Some(before) = before else { return Vec::new() };
    let (a, b) = (&before.rules, &version.rules);
    let (was, is) = (&before.made, &version.made);
    let rules = |rules: &Rules| {
        [
            ("capacity", rules.capacity.to_string()),
            ("bonus for staying", rules.bonus.to_string()),
            ("months between reviews", rules.review_months.to_string()),
            ("least months as assigned", rules.stay_months.to_string()),
            ("least months in aftercare", rules.aftercare_months.to_string()),
        ]
    };
    let all = |names: &[String]| if names.is_empty() { "all".to_owned() } else { names.join(", ") };
    let score = |made: &crate::plan::outreach::register::Made| {
        [
            ("score", made.by.word().to_owned()),
            ("what counts as gun crime", made.gun.word().to_owned()),
            ("proactive incidents", made.proactive.word().to_owned()),
            ("categories", all(&made.categories)),
            ("areas", all(&made.within)),
            ("protected incidents", if made.protected { "counted" } else { "left out" }.to_owned()),
        ]
    };
    let pairs = rules(a).into_iter().chain(score(was)).zip(rules(b).into_iter().chain(score(is)));
    let changed = pairs.filter(|((_, was), (_, is))| was != is);
    changed.map(|((what, was), (_, is))| format!("Changed rule: {what} is {is}, and was {was}.")).collect()
}

fn parameters(
    snapshot: &Snapshot,
    list: &Register,
    (ask, selection, version): (&Ask, &Selection, &Version),
) -> Vec<(&'static str, Value)> {
    let (rules, made) = (&version.rules, &version.made);
    let entries = || version.entries.iter().chain(&version.left);
    let n = |group: &str| Value::count(entries().filter(|entry| entry.change.group() == group).count());
    let left = version.left.iter().map(|entry| {
        Value::Map(vec![
            ("id", Value::text(entry.block.clone())),
            ("name", Value::text(entry.name.clone())),
            ("reason", Value::text(reason(version, entry))),
        ])
    });
    vec![
        ("version", Value::count(version.number)),
        ("as_of", Value::text(version.date.to_string())),
        ("review", Value::text(version.review)),
        ("next_review", Value::text(version.next_review().to_string())),
        ("capacity", Value::text(rules.capacity.to_string())),
        ("taken", Value::count(version.taken())),
        ("passed_over", Value::count(version.passed_over)),
        ("without_households", Value::count(version.unweighed)),
        ("order", Value::text(ORDER)),
        ("bonus", Value::Float(rules.bonus)),
        ("review_months", Value::count(rules.review_months)),
        ("stay_months", Value::count(rules.stay_months)),
        ("aftercare_months", Value::count(rules.aftercare_months)),
        ("by", Value::text(made.by.word())),
        ("gun", if made.by == By::Gun { Value::text(made.gun.word()) } else { Value::Null }),
        ("proactive", Value::text(made.proactive.word())),
        ("top", Value::count(made.top_n)),
        ("seed", Value::count(made.seed)),
        ("draws", Value::count(made.draws)),
        ("scored", Value::text(scored(version))),
        ("observed_days", Value::count(snapshot.observed_days(&ask.query))),
        ("origin_shares", origins(snapshot, selection, version)),
        ("no_evidence", Value::Bool(made.no_evidence)),
        ("include_protected", Value::text(if made.protected { "yes" } else { "no" })),
        (
            "left_out",
            if made.protected {
                Value::Null
            } else {
                Value::text("domestic, child and sexual incidents, and those of classes in no category yet")
            },
        ),
        ("entered", n("entered")),
        ("stayed", n("stayed")),
        ("aftercare", n("aftercare")),
        ("left", Value::List(left.collect())),
        ("changed_rules", Value::List(rules_changed(list, version).into_iter().map(Value::Text).collect())),
    ]
}

/// The part of what was counted that each origin brought up; null where nobody knows any more what that was.
fn origins(snapshot: &Snapshot, selection: &Selection, version: &Version) -> Value {
    let data = snapshot.dataset();
    let found = named(data, &version.made.within).ok().and_then(|within| {
        let among = (!within.is_empty()).then(|| blocks_within(data, &within));
        origin_shares(snapshot, selection, &scoring(&version.made), among.as_deref()).ok()
    });
    found.unwrap_or(Value::Null)
}

fn feature(snapshot: &Snapshot, version: &Version, sheet: &Sheet) -> Feature {
    let data = snapshot.dataset();
    let block = &data.block_set.blocks[sheet.block.0 as usize];
    let entry = &sheet.entry;
    let texts = |texts: &[String]| Value::List(texts.iter().cloned().map(Value::Text).collect());
    Feature {
        id: block.id.clone(),
        geometry: shape(&block.lonlat),
        properties: vec![
            ("place", Value::count(sheet.place)),
            ("status", Value::text(entry.status().word())),
            ("name", Value::text(block.name.clone())),
            ("p_top_n", entry.p.map_or(Value::Null, |p| Value::rounded(p, 4))),
            ("incidents", Value::incidents(sheet.incidents, 3)),
            ("scored", sheet.scored.map_or(Value::Null, |n| Value::incidents(n, 3))),
            ("change", Value::text(entry.change.word())),
            ("since", Value::text(entry.since.to_string())),
            ("aftercare_since", entry.aftercare.map(|day| day.to_string()).into()),
            ("at_least_until", Value::text(sheet.until.to_string())),
            ("takes", Value::count(entry.takes)),
            ("reason", Value::text(reason(version, entry))),
            ("areas", areas(&data.areas, block)),
            (
                "sheet",
                Value::Map(vec![
                    ("bounds", Value::text(sheet.bounds.clone())),
                    ("known_for", texts(&sheet.known_for)),
                    ("peak_hours", sheet.peak_hours.clone().into()),
                    ("not_known", texts(&sheet.not_known)),
                    ("nearby", texts(&sheet.nearby)),
                    ("notes", texts(&sheet.notes)),
                ]),
            ),
        ],
    }
}

fn legend() -> Legend {
    let class = |color, label: &str| LegendClass { from: None, to: None, color, label: label.to_owned() };
    Legend {
        property: Some("status"),
        title: "Priority blocks for support".to_owned(),
        unit: "",
        classes: vec![class("#1b6ca8", "assigned"), class("#8fbcdb", "aftercare")],
        none: None,
    }
}
