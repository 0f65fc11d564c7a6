//! Today's brief: what happened near the blocks of a list in the last days, as counts and bands, without a place.

use super::block_fields::shape;
use super::made::{made, on_page};
use super::ranking_told::shares;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::brief::{Brief, BriefAsk, BriefError, Of, Unit};
use crate::engine::query::Query;
use crate::engine::snapshot::Snapshot;
use crate::plan::outreach::brief::{DAYS, HALF, NEAR, NearBlock};

/// Why a brief has none of the protected ones.
pub const LEFT_OUT: &str =
    "domestic, child and sexual incidents, those of classes in no category yet, and those at held places";

/// What is said where the data do not know shootings.
pub const NOT_KNOWN: &str = "no class of these data says that someone was shot, so that shootings are not known here and nothing is counted in their stead; ask for gun crime by `of=gun` if that is meant";

/// Blocks of a list, and areas, with what happened within 400 feet of them in the last 3 and 14 days.
///
/// # Errors
///
/// [`BriefError`] without a list, an area or a day.
pub fn brief(snapshot: &Snapshot, ask: &Ask, what: &BriefAsk) -> Result<Layer, BriefError> {
    let brief = snapshot.brief(what)?;
    let features = brief.units.iter().map(|(unit, near)| feature(snapshot, &brief, unit, near)).collect();
    // Provenance counts what the brief chose from: everything that may be told.
    let everything = Ask { query: Query::default(), within: ask.within.clone(), page: ask.page };
    let selection = snapshot.select(&everything.query).expect("no category is named").without_sensitive();
    let page = on_page(ask, features);
    let mut layer = made(
        "brief",
        snapshot,
        &everything,
        &selection,
        page,
        legend(brief.of),
        parameters(snapshot, &brief),
    );
    let mut said: Vec<String> = layer.notice.take().into_iter().collect();
    if !brief.known {
        said.push(NOT_KNOWN.to_owned());
    }
    if let Some(until) = snapshot.complete_until().filter(|until| *until < brief.as_of) {
        said.push(format!(
            "the data are complete until {until}; what happened after it is not all known yet"
        ));
    }
    layer.notice = (!said.is_empty()).then(|| said.join("; "));
    Ok(layer)
}

fn word(of: Of) -> &'static str {
    match of {
        Of::Shootings => "shootings",
        Of::Gun => "gun crimes",
    }
}

fn parameters(snapshot: &Snapshot, brief: &Brief<'_>) -> Vec<(&'static str, Value)> {
    let within = brief.units.iter().filter_map(|(unit, _)| match unit {
        Unit::Area(kind, area) => Some(Value::text(format!("{kind}:{}", area.name))),
        Unit::Block(..) => None,
    });
    let days = |counts: [usize; 2]| {
        Value::Map(vec![("in_3_days", Value::count(counts[0])), ("in_14_days", Value::count(counts[1]))])
    };
    let until = snapshot.complete_until();
    let told = |of: [usize; 2]| if brief.known { days(of) } else { Value::Null };
    vec![
        ("of", Value::text(word(brief.of))),
        ("known", Value::Bool(brief.known)),
        ("as_of", Value::text(brief.as_of.to_string())),
        ("delay_hours", Value::rounded(brief.delay_hours, 3)),
        ("days", Value::List(DAYS.map(Value::count).into())),
        ("distance_m", Value::rounded(NEAR.0, 2)),
        ("half_distance_m", Value::rounded(HALF.0, 2)),
        ("counted", told(brief.counted)),
        ("without_a_place", told(brief.unplaced)),
        ("origin_shares", if brief.known { shares(brief.origins) } else { Value::Null }),
        ("list_version", brief.version.map_or(Value::Null, |version| Value::count(version.number))),
        ("list_as_of", brief.version.map_or(Value::Null, |version| Value::text(version.date.to_string()))),
        ("within", Value::List(within.collect())),
        ("status", Value::text("confirmed")),
        ("left_out", Value::text(LEFT_OUT)),
        ("incomplete", Value::Bool(until.is_some_and(|until| until < brief.as_of))),
    ]
}

fn feature(snapshot: &Snapshot, brief: &Brief<'_>, unit: &Unit<'_>, near: &NearBlock) -> Feature {
    let blocks = &snapshot.dataset().block_set.blocks;
    let (id, kind, name, shape) = match unit {
        Unit::Block(at, entry) => {
            let block = &blocks[at.0 as usize];
            (block.id.clone(), entry.status().word(), block.name.clone(), shape(&block.lonlat))
        }
        Unit::Area(kind, area) => {
            (format!("{kind}-{}", area.id), *kind, area.name.clone(), Some(area.lonlat.clone().into()))
        }
    };
    let (in_3, in_14) = match brief.of {
        Of::Shootings => ("shootings_3_days", "shootings_14_days"),
        Of::Gun => ("gun_crimes_3_days", "gun_crimes_14_days"),
    };
    let [on, half, far] = near.by_band;
    let place = |(band, block, counts): &(crate::plan::outreach::brief::Band, Option<u32>, [u32; 2])| {
        let where_ = match block {
            Some(at) => format!("{}, {}", blocks[*at as usize].name, band.word()),
            None => format!("on no block, {}", band.word()),
        };
        Value::text(format!("{where_}: {} in 14 days, {} in 3", counts[1], counts[0]))
    };
    Feature {
        id,
        geometry: shape,
        properties: vec![
            ("name", Value::text(name)),
            ("kind", Value::text(kind)),
            (in_3, Value::count(near.counts[0])),
            (in_14, Value::count(near.counts[1])),
            (
                "bands",
                Value::Map(vec![
                    ("on_block_3_days", Value::count(on[0])),
                    ("on_block_14_days", Value::count(on[1])),
                    ("up_to_200_ft_3_days", Value::count(half[0])),
                    ("up_to_200_ft_14_days", Value::count(half[1])),
                    ("from_200_to_400_ft_3_days", Value::count(far[0])),
                    ("from_200_to_400_ft_14_days", Value::count(far[1])),
                ]),
            ),
            ("where", Value::Map(vec![("blocks", Value::List(near.by_block.iter().map(place).collect()))])),
        ],
    }
}

fn legend(of: Of) -> Legend {
    let class = |from: f64, to, color, label: &str| LegendClass {
        from: Some(from),
        to,
        color,
        label: label.to_owned(),
    };
    Legend {
        property: Some(match of {
            Of::Shootings => "shootings_14_days",
            Of::Gun => "gun_crimes_14_days",
        }),
        title: format!("Confirmed {} of the last 14 days within 400 ft", word(of)),
        unit: word(of),
        classes: vec![class(1.0, Some(1.0), "#9ecae1", "1"), class(2.0, None, "#3182bd", "2 or more")],
        none: Some(LegendClass { from: None, to: None, color: "#c9ced6", label: "none".to_owned() }),
    }
}
