//! Ranked blocks.

use std::collections::HashMap;

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::aggregate::addresses::Addresses;
use crate::engine::areas::{WithinError, blocks_within, named};
use crate::engine::snapshot::Snapshot;
use crate::model::areas::AreaLayer;
use crate::model::block::{Block, BlockId, Intersections, SEGMENTS};
use crate::model::class::UnknownCategory;
use crate::model::dataset::HeldPlace;
use crate::model::exposure::exposure;
use crate::model::period::local_date;
use crate::rank::order::{Ranked, TIE_RULE};

/// Colors from few to many: ColorBrewer YlOrRd, five classes, safe for the color-blind.
const COLORS: [&str; 5] = ["#ffffb2", "#fecc5c", "#fd8d3c", "#f03b20", "#bd0026"];

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlocksLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
}

/// Blocks in the order of their incidents; those without any come last, to draw the city.
///
/// With `within`, only the blocks of those areas, ranked among themselves.
///
/// # Errors
///
/// [`BlocksLayerError`] if there is no such category or area here.
pub fn blocks(snapshot: &Snapshot, ask: &Ask) -> Result<Layer, BlocksLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let within = named(snapshot.dataset(), &ask.within)?;
    let ranked = match &within[..] {
        [] => snapshot.rank(&selection),
        areas => snapshot.rank_among(&selection, &blocks_within(snapshot.dataset(), areas)),
    };
    let days = snapshot.observed_days(&ask.query);
    let legend = legend(&ranked);
    let all = &snapshot.dataset().block_set.blocks;
    let touches = |row: &Ranked| ask.page.touches(&all[row.block.0 as usize].lonlat);
    let matching = ranked.into_iter().filter(touches).collect();
    let (matched, page) = ask.page.cut(matching);
    let mut parameters = vec![
        ("score", Value::text(score(snapshot))),
        ("ties", Value::text(TIE_RULE)),
        ("observed_days", Value::count(days)),
    ];
    if !within.is_empty() {
        let names = within.iter().map(|(kind, name)| Value::text(format!("{kind}:{name}")));
        parameters.push(("within", Value::List(names.collect())));
    }
    let held = snapshot.held(&selection);
    let addresses =
        snapshot.addresses(&selection, &page.iter().map(|row: &Ranked| row.block).collect::<Vec<_>>());
    let held_places = &snapshot.dataset().held_places;
    Ok(Layer {
        name: "blocks",
        matched,
        features: page
            .iter()
            .zip(&addresses)
            .map(|(row, at)| feature(snapshot, row, at, &held, days))
            .collect(),
        legend,
        notice: snapshot.dataset().notice.clone(),
        held_places: (1..).zip(held_places).map(|(n, place)| held_place(snapshot, n, place)).collect(),
        provenance: provenance("blocks", snapshot, ask, &snapshot.tally(&selection), parameters),
    })
}

/// Whether incidents at intersections are shared out, so that scores have parts of incidents.
fn split(snapshot: &Snapshot) -> bool {
    let data = snapshot.dataset();
    data.block_set.name == SEGMENTS && data.placing.intersections == Intersections::Split
}

fn score(snapshot: &Snapshot) -> &'static str {
    if split(snapshot) {
        "incidents, those at intersections in equal parts to the segments that meet"
    } else {
        "incidents"
    }
}

fn feature(
    snapshot: &Snapshot,
    row: &Ranked,
    addresses: &Addresses,
    held: &HashMap<BlockId, usize>,
    days: i64,
) -> Feature {
    let data = snapshot.dataset();
    let block = &data.block_set.blocks[row.block.0 as usize];
    let zone = data.sources.first().map(|s| &s.zone);
    let latest = row.count.latest.zip(zone).and_then(|(second, zone)| local_date(second, zone));
    let exposure = exposure(block, days);
    let incidents = Value::count(row.count.incidents());
    let score = if split(snapshot) { Value::rounded(row.count.parts(), 3) } else { incidents.clone() };
    let number = |n: Option<f64>| n.map_or(Value::Null, |n| Value::rounded(n, 3));
    Feature {
        id: block.id.clone(),
        geometry: shape(&block.lonlat),
        properties: vec![
            ("rank", row.rank.map_or(Value::Null, Value::count)),
            ("tied_with", Value::count(row.tied_with)),
            ("name", Value::text(block.name.clone())),
            ("kind", Value::text(block.kind.word())),
            ("areas", areas(&data.areas, block)),
            ("incidents", incidents),
            ("score", score),
            ("reports", Value::count(row.count.reports)),
            ("latest", latest.map_or(Value::Null, |day| Value::text(day.to_string()))),
            ("top_address_share", number(addresses.top_address_share)),
            ("n_addresses", Value::count(addresses.n_addresses)),
            ("held", Value::count(held.get(&row.block).copied().unwrap_or(0))),
            ("observed_days", Value::rounded(exposure.days, 0)),
            ("length_m", exposure.length.map_or(Value::Null, |l| Value::rounded(l.0, 1))),
            ("area_km2", exposure.area.map_or(Value::Null, |a| Value::rounded(a.0, 6))),
            ("households", number(exposure.residents.households)),
            ("population", number(exposure.residents.population)),
        ],
    }
}

/// A shape, where there is one: a block known from addresses alone may have none.
pub(super) fn shape(of: &geo::Geometry) -> Option<geo::Geometry> {
    use geo::CoordsIter;
    (of.coords_count() > 0).then(|| of.clone())
}

/// The names of the areas that a block lies in, by kind; a kind without any has an empty list.
pub(super) fn areas(layers: &[AreaLayer], block: &Block) -> Value {
    let of = |layer: &AreaLayer| {
        let names = block.areas.get(&layer.kind).into_iter().flatten();
        (layer.kind.word(), Value::List(names.cloned().map(Value::Text).collect()))
    };
    Value::Map(layers.iter().map(of).collect())
}

fn held_place(snapshot: &Snapshot, number: usize, place: &HeldPlace) -> Value {
    let block = place.block.map(|b| snapshot.dataset().block_set.blocks[b.0 as usize].id.clone());
    Value::Map(vec![
        ("id", Value::text(format!("place-{number}"))),
        ("name", Value::text(place.name.clone())),
        ("incidents", Value::count(place.incidents)),
        ("reports", Value::count(place.reports)),
        ("held", Value::count(place.held)),
        ("reason", Value::text(place.reason.clone())),
        ("lon", Value::rounded(place.at.lon(), 7)),
        ("lat", Value::rounded(place.at.lat(), 7)),
        ("block", block.into()),
    ])
}

/// Up to five classes in geometric steps up to the largest count, since few blocks have many
/// incidents and many have few: of 1 to 9 incidents 1, 2, 3, 4–5, 6–9.
fn legend(ranked: &[Ranked]) -> Legend {
    let most = ranked.first().map_or(0, |r| r.count.incidents());
    let mut bounds: Vec<u64> = Vec::new();
    for step in 1..=COLORS.len() {
        let bound = (most as f64).powf(step as f64 / COLORS.len() as f64).floor() as u64;
        let next = bounds.last().map_or(1, |last| last + 1);
        if next <= most {
            bounds.push(if step == COLORS.len() { most } else { bound.clamp(next, most) });
        }
    }
    let n = bounds.len();
    let classes = bounds.iter().enumerate().map(|(at, &to)| {
        let from = if at == 0 { 1 } else { bounds[at - 1] + 1 };
        LegendClass {
            from: Some(from as f64),
            to: Some(to as f64),
            // Fewer classes are spread over the same colors; the hottest is always the darkest.
            color: COLORS[if n == 1 { 2 } else { at * (COLORS.len() - 1) / (n - 1) }],
            label: if from == to { from.to_string() } else { format!("{from}–{to}") },
        }
    });
    Legend {
        property: Some("incidents"),
        title: "Incidents per block".to_owned(),
        unit: "incidents",
        classes: classes.collect(),
        none: Some(LegendClass { from: None, to: None, color: "#c9ced6", label: "0".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::counts::count;
    use crate::model::block::{Assignment, BlockId};
    use crate::rank::order::rank;

    fn legend_of(blocks: &[u32]) -> Vec<(f64, f64)> {
        let incidents: Vec<Option<BlockId>> = (0u32..)
            .zip(blocks)
            .flat_map(|(b, &n)| std::iter::repeat_n(Some(BlockId(b)), n as usize))
            .collect();
        let n = incidents.len();
        let counts = count((0..n).map(|at| (at, 0, 1)), &Assignment::whole(incidents), blocks.len());
        legend(&rank(&counts)).classes.iter().map(|c| (c.from.unwrap_or(-1.), c.to.unwrap_or(-1.))).collect()
    }

    #[test]
    fn classes_cover_every_count_once_from_few_to_many() {
        assert_eq!(legend_of(&[9, 3, 1]), [(1., 1.), (2., 2.), (3., 3.), (4., 5.), (6., 9.)]);
        for blocks in
            [&[14, 9, 9, 5, 3, 2, 2, 1, 1, 1, 1, 0][..], &[100, 1, 1, 1], &[1, 1], &[7, 6, 5, 4, 3, 2, 1]]
        {
            let classes = legend_of(blocks);
            assert!(classes.len() <= 5 && classes.windows(2).all(|w| w[0].1 < w[1].0), "{classes:?}");
            for &n in blocks.iter().filter(|&&n| n > 0) {
                let n = f64::from(n);
                assert_eq!(
                    classes.iter().filter(|(from, to)| (*from..=*to).contains(&n)).count(),
                    1,
                    "{n} in {classes:?}"
                );
            }
        }
    }

    #[test]
    fn without_incidents_there_is_no_class() {
        assert!(legend_of(&[0, 0]).is_empty());
    }
}
