//! Target areas: the dissolved ground of contiguous sets of blocks, with what is expected there and how good the choice is.

use std::collections::BTreeMap;

use geo::{Area, BoundingRect, Euclidean, Length, MultiPolygon};

use super::blocks::Among;
use super::made::{made, on_page};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value, ranking_told};
use crate::aggregate::counts::Count;
use crate::engine::areas::{WithinError, named};
use crate::engine::snapshot::Snapshot;
use crate::engine::targets::{Chosen, SnapshotTargetsError, TargetsAsk};
use crate::model::areas::AreaKind;
use crate::model::block::{BlockId, Share};
use crate::model::class::UnknownCategory;
use crate::model::streets::in_words;
use crate::plan::own_ground::REACH;
use crate::plan::targets::{How, Place};
use crate::space::crs::CrsError;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// The limits cannot be met.
    #[error(transparent)]
    Targets(#[from] SnapshotTargetsError),
    /// An outline could not be brought to degrees.
    #[error("an outline cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Target areas, the one with the greatest expected score first.
///
/// # Errors
///
/// [`TargetsLayerError`] for a name that no area has, or limits that cannot be met.
pub fn targets(snapshot: &Snapshot, ask: &Ask, asked: &TargetsAsk) -> Result<Layer, TargetsLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let among = Among::of(snapshot, ask)?;
    let chosen = snapshot.targets(&ask.query, &selection, asked, among.blocks.as_deref())?;
    let mut counts = vec![Count::default(); snapshot.dataset().block_set.blocks.len()];
    chosen.ranking.rows.iter().for_each(|row| counts[row.block.0 as usize] = row.count);
    let city: f64 = chosen.worth.iter().sum();
    let within = named(snapshot.dataset(), &ask.within)?;
    let features = (1..)
        .zip(&chosen.targets.places)
        .map(|(rank, place)| feature(snapshot, &chosen, place, rank, (&counts, city), &within))
        .collect::<Result<Vec<_>, _>>()?;
    let days = snapshot.observed_days(&ask.query);
    let mut parameters = ranking_told::told(snapshot, &chosen.ranking, days);
    parameters.retain(|(name, _)| *name != "draws" && *name != "ties");
    parameters.extend(told(&chosen, asked, city));
    if asked.diameter.is_none() {
        warn_of_long_ones(&features, &mut parameters);
    }
    parameters.push(among.told().unwrap_or(("within", Value::Null)));
    let page = on_page(ask, features);
    Ok(made("targets", snapshot, ask, &selection, page, legend(), parameters))
}

/// Below this part of a circle of the same outline a place is a net of streets and no area to patrol or to canvass.
const LEAST_COMPACT: f64 = 0.05;

/// Says that places wind through the city where nothing keeps them together.
fn warn_of_long_ones(features: &[Feature], parameters: &mut [(&'static str, Value)]) {
    let winding = |feature: &&Feature| {
        let compactness = feature.properties.iter().find(|(name, _)| *name == "compactness");
        matches!(compactness, Some((_, Value::Float(part))) if *part < LEAST_COMPACT)
    };
    let n = features.iter().filter(winding).count();
    let warnings = parameters.iter_mut().find(|(name, _)| *name == "warnings");
    if let (true, Some((_, Value::List(warnings)))) = (n > 0, warnings) {
        warnings.push(Value::Text(format!(
            "{n} of {} places wind along streets through others (compactness below {LEAST_COMPACT}); a greatest diameter, e.g. of 1 km, keeps them together",
            features.len()
        )));
    }
}

/// What was asked for, what was found and how good it is.
fn told(chosen: &Chosen, asked: &TargetsAsk, city: f64) -> Vec<(&'static str, Value)> {
    let found = &chosen.targets;
    let method = match found.how {
        How::Optimum => "the optimum: no choice within the limits is worth more",
        How::Search => {
            "greedy and Lagrangian search, improved by local search; the best may be up to `gap` better"
        }
    };
    let share = |part: f64| if city > 0.0 { Value::rounded(part / city, 6) } else { Value::Null };
    vec![
        ("budget", Value::text(asked.budget.to_string())),
        ("spent", Value::text(asked.budget.of(found.cost).to_string())),
        ("places", Value::count(asked.places)),
        ("most_places", asked.most_places.map_or(Value::Null, Value::count)),
        ("least_size", Value::text(chosen.least_size.to_string())),
        ("diameter_m", asked.diameter.map_or(Value::Null, |d| Value::rounded(d.0, 3))),
        ("seed", Value::count(asked.seed)),
        ("method", Value::text(method)),
        ("found", Value::text(found.how.word())),
        ("expected", Value::rounded(found.value, 6)),
        ("expected_share", share(found.value)),
        ("upper_bound", Value::rounded(found.bound, 6)),
        ("gap", Value::rounded(found.gap(), 6)),
        ("greedy", found.greedy.map_or(Value::Null, |value| Value::rounded(value, 6))),
        ("blocks_to_choose_from", Value::count(chosen.blocks.len())),
        ("blocks_without_cost", Value::count(chosen.without_cost)),
        (
            "ground",
            chosen.cell().map_or(Value::text("areas of the polygons"), |cell| {
                Value::text(format!(
                    "what lies nearer to the street than to any other, up to {REACH}, in cells of {cell}"
                ))
            }),
        ),
        ("intersections_cost", Value::text("nothing; they come with their legs")),
    ]
}

fn feature(
    snapshot: &Snapshot,
    chosen: &Chosen,
    place: &Place,
    rank: usize,
    (counts, city): (&[Count], f64),
    within: &[(AreaKind, String)],
) -> Result<Feature, TargetsLayerError> {
    let data = snapshot.dataset();
    let ids = |of: &[BlockId], at: &[u32]| at.iter().map(|&at| of[at as usize]).collect::<Vec<BlockId>>();
    let blocks = ids(&chosen.blocks, &place.blocks);
    let joints = ids(&chosen.joints, &place.joints);
    let outline = snapshot.outline(chosen, &blocks);
    let block = |id: &BlockId| &data.block_set.blocks[id.0 as usize];
    let sum = |of: &dyn Fn(&BlockId) -> Option<f64>| {
        let known: Vec<f64> = blocks.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>())
    };
    let number = |n: Option<f64>, decimals| n.map_or(Value::Null, |n| Value::rounded(n, decimals));
    let whole = blocks.iter().chain(&joints).map(|id| counts[id.0 as usize].shares()).sum::<u64>();
    let list =
        |ids: &[BlockId]| Value::List(ids.iter().map(|id| Value::text(block(id).id.clone())).collect());
    let shape = data.crs.shape_from_local(&outline)?;
    Ok(Feature {
        id: format!("target-{rank}"),
        geometry: Some(shape.into()),
        properties: vec![
            ("rank", Value::count(rank)),
            ("name", Value::text(name(snapshot, &blocks, rank, within))),
            ("areas", areas(snapshot, &blocks, within)),
            ("bounds", bounds(snapshot, &blocks).map_or(Value::Null, Value::Text)),
            ("expected", Value::rounded(place.value, 6)),
            ("expected_share", if city > 0.0 { Value::rounded(place.value / city, 6) } else { Value::Null }),
            ("incidents", Value::incidents(whole as f64 / f64::from(Share::WHOLE.0), 4)),
            ("blocks", Value::count(blocks.len())),
            ("intersections", Value::count(joints.len())),
            ("length_m", number(sum(&|id| block(id).length.map(|length| length.0)), 1)),
            ("area_km2", number(sum(&|id| chosen.area(snapshot, *id)), 6)),
            ("households", number(sum(&|id| block(id).residents.households), 3)),
            ("diameter_m", Value::rounded(place.diameter.0, 1)),
            ("compactness", number(compactness(&outline), 3)),
            ("block_ids", list(&blocks)),
            ("intersection_ids", list(&joints)),
        ],
    })
}

/// Polsby and Popper (1991): 4π area / perimeter², 1 for a disc; holes count to the perimeter.
fn compactness(outline: &MultiPolygon) -> Option<f64> {
    let rings = outline.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let around: f64 = rings.map(|ring| Euclidean.length(ring)).sum();
    (around > 0.0).then(|| 4.0 * std::f64::consts::PI * outline.unsigned_area() / (around * around))
}

/// The areas of the blocks by kind, the one with most of them first.
fn areas(snapshot: &Snapshot, blocks: &[BlockId], within: &[(AreaKind, String)]) -> Value {
    let data = snapshot.dataset();
    let of = |layer: &crate::model::areas::AreaLayer| {
        (
            layer.kind.word(),
            Value::List(most(snapshot, blocks, layer.kind, within).into_iter().map(Value::Text).collect()),
        )
    };
    Value::Map(data.areas.iter().map(of).collect())
}

/// Names of one kind by how many blocks they have. A block on a border lies in both; it speaks for its own, and where
/// areas were asked for, for the first of those.
fn most(
    snapshot: &Snapshot,
    blocks: &[BlockId],
    kind: AreaKind,
    within: &[(AreaKind, String)],
) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for id in blocks {
        let names =
            || snapshot.dataset().block_set.blocks[id.0 as usize].areas.get(&kind).into_iter().flatten();
        let asked = |name: &&String| within.iter().any(|(of, asked)| *of == kind && asked == *name);
        let name = names().find(asked).or_else(|| names().next());
        name.into_iter().for_each(|name| *seen.entry(name).or_default() += 1);
    }
    let mut names: Vec<(&str, usize)> = seen.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// A block's own name, or the area that most blocks lie in, or a number.
fn name(snapshot: &Snapshot, blocks: &[BlockId], rank: usize, within: &[(AreaKind, String)]) -> String {
    let data = snapshot.dataset();
    if let [one] = blocks {
        return data.block_set.blocks[one.0 as usize].name.clone();
    }
    let asked = |kind: AreaKind| within.iter().any(|(of, _)| *of == kind);
    let layer = data.areas.iter().find(|layer| asked(layer.kind)).or(data.areas.first());
    let first = layer.and_then(|layer| most(snapshot, blocks, layer.kind, within).into_iter().next());
    first.map_or_else(|| format!("Target {rank}"), |area| format!("Target {rank}, {area}"))
}

/// The streets farthest out on each side, in words; nothing where blocks are no streets.
fn bounds(snapshot: &Snapshot, blocks: &[BlockId]) -> Option<String> {
    let all = &snapshot.dataset().block_set.blocks;
    let mut sides: Vec<(&str, f64, &str)> = vec![
        ("north", f64::MIN, ""),
        ("east", f64::MIN, ""),
        ("south", f64::MIN, ""),
        ("west", f64::MIN, ""),
    ];
    for id in blocks {
        let block = &all[id.0 as usize];
        let Some(street) = block.streets.first().map(|s| s.name.as_str()).filter(|s| !s.is_empty()) else {
            continue;
        };
        let Some(around) = block.local.bounding_rect() else { continue };
        let out = [around.min().y, around.min().x, -around.max().y, -around.max().x];
        // A street that runs along a side bounds it: its nearer end decides.
        for (side, out) in sides.iter_mut().zip(out) {
            if out > side.1 {
                (side.1, side.2) = (out, street);
            }
        }
    }
    // A single street bounds nothing: its name says all.
    if sides.iter().all(|side| side.2 == sides[0].2) {
        return None;
    }
    // One that bounds several sides is named once.
    let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
    for (side, _, street) in sides.iter().filter(|side| !side.2.is_empty()) {
        match named.iter_mut().find(|(known, _)| known == street) {
            Some((_, of)) => of.push(side),
            None => named.push((street, vec![side])),
        }
    }
    let words: Vec<String> =
        named.iter().map(|(street, of)| format!("{} {}", of.join(" and "), in_words(street))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn legend() -> Legend {
    Legend {
        property: None,
        title: "Target areas".to_owned(),
        unit: "",
        classes: vec![LegendClass {
            from: None,
            to: None,
            color: "#0072b2",
            label: "target area".to_owned(),
        }],
        none: None,
    }
}
