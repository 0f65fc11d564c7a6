//! Density along streets: short pieces of street with their incidents per kilometre.

use super::density::DensityLayerError;
use super::made::{LEFT_OUT, made, on_page};
use super::weights::weights_told;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::network::density::{Lixel, NetworkParams};
use crate::engine::network_density::StreetDensity;
use crate::engine::snapshot::Snapshot;
use crate::engine::weights::Weights;
use crate::space::coord::Metres;
use crate::space::crs::CrsError;

/// Colors of parts of the peak, the lowest first.
const COLORS: [&str; 5] = ["#ffffb2", "#fecc5c", "#fc8438", "#ea2f1d", "#ae0026"];

/// The pieces of street near which something happened, the densest first.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category, parameters that cannot be used, or blocks that are no streets.
pub fn street_density(
    snapshot: &Snapshot,
    ask: &Ask,
    weights: Option<Weights>,
    params: &NetworkParams,
) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.street_density(&selection, weights, params)?;
    let mut lixels: Vec<&Lixel> = result.density.lixels.iter().filter(|lixel| lixel.per_km > 0.0).collect();
    // The sort is stable: pieces of equal density stay in the order of their streets.
    lixels.sort_by(|a, b| b.per_km.total_cmp(&a.per_km));
    let peak = lixels.first().map_or(0.0, |lixel| lixel.per_km);
    let mut features = Vec::with_capacity(lixels.len());
    for lixel in lixels {
        features.push(feature(snapshot, &result, lixel)?);
    }
    let page = on_page(ask, features);
    let parameters = vec![
        ("network", Value::text(params.split.word())),
        ("kernel", Value::text(params.kernel.name())),
        ("bandwidth_m", Value::rounded(params.bandwidth.0, 3)),
        ("lixel_m", Value::rounded(params.lixel.unwrap_or(Metres(params.bandwidth.0 / 10.0)).0, 3)),
        ("method", Value::text("equal split at junctions, mean of each piece of street")),
        ("peak_per_km", Value::rounded(peak, 3)),
        ("incidents", Value::count(result.incidents)),
        ("weights", weights_told(result.weighed.as_ref())),
        ("weight", Value::rounded(result.density.weight, 6)),
        ("left_out", Value::text(LEFT_OUT)),
        ("off_streets", Value::count(result.off_streets)),
        ("beyond_dead_ends", Value::rounded(result.density.lost, 3)),
    ];
    Ok(made("density", snapshot, ask, &selection, page, legend(peak), parameters))
}

fn feature(snapshot: &Snapshot, result: &StreetDensity, lixel: &Lixel) -> Result<Feature, CrsError> {
    let block = &snapshot.dataset().block_set.blocks[result.blocks[lixel.line].0 as usize];
    let part = result.net.part(lixel.line, lixel.from, lixel.to);
    let shape = snapshot.dataset().crs.shape_from_local(&part)?;
    Ok(Feature {
        id: format!("{}-{:.0}", block.id, lixel.from.0),
        geometry: Some(shape.into()),
        properties: vec![
            ("block", Value::text(block.id.clone())),
            ("name", Value::text(block.name.clone())),
            ("density_per_km", Value::rounded(lixel.per_km, 6)),
            ("from_m", Value::rounded(lixel.from.0, 3)),
            ("length_m", Value::rounded(lixel.to.0 - lixel.from.0, 3)),
        ],
    })
}

fn legend(peak: f64) -> Legend {
    let n = COLORS.len() as f64;
    let class = |(at, color): (usize, &&'static str)| {
        let (from, to) = (peak * at as f64 / n, peak * (at + 1) as f64 / n);
        LegendClass { from: Some(from), to: Some(to), color, label: format!("{from:.1}–{to:.1}") }
    };
    Legend {
        property: Some("density_per_km"),
        title: "Incidents per km of street".to_owned(),
        unit: "incidents per km",
        classes: COLORS.iter().enumerate().filter(|_| peak > 0.0).map(class).collect(),
        none: None,
    }
}
