//! Areas: neighborhoods, wards, districts and their like, each with the blocks that lie in it.

use std::collections::HashMap;

use super::made::{made, on_page};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::areas::{WithinError, named};
use crate::engine::counts::small::FEWEST;
use crate::engine::snapshot::Snapshot;
use crate::model::areas::{AreaKind, NamedArea};
use crate::model::block::Share;
use crate::model::class::UnknownCategory;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AreasLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
}

/// All areas, kind by kind in the order of their files, or those that `within` names.
///
/// `blocks` are those that lie in the area; one on a border lies in two. `incidents` are those of
/// the blocks that have their largest share here (on a border the first of the file), so that of the
/// areas of one kind each incident is counted in one at most; null for fewer than [`FEWEST`] where nothing but protected
/// offenses is asked for.
///
/// # Errors
///
/// [`AreasLayerError`] for a name that no area has.
pub fn areas(snapshot: &Snapshot, ask: &Ask) -> Result<Layer, AreasLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let data = snapshot.dataset();
    let wanted = named(data, &ask.within)?;
    let mut totals: HashMap<(AreaKind, &str), (usize, u64)> = HashMap::new();
    for row in snapshot.rank(&selection) {
        for (kind, names) in &data.block_set.blocks[row.block.0 as usize].areas {
            for (at, name) in names.iter().enumerate() {
                let total = totals.entry((*kind, name)).or_default();
                total.0 += 1;
                total.1 += if at == 0 { row.count.shares() } else { 0 };
            }
        }
    }
    let protected = selection.protected_alone(data);
    let mut features = Vec::new();
    for layer in data.areas.iter() {
        let chosen = |area: &&NamedArea| {
            wanted.is_empty() || wanted.iter().any(|(kind, name)| *kind == layer.kind && *name == area.name)
        };
        for area in layer.areas.iter().filter(chosen) {
            let total = totals.get(&(layer.kind, area.name.as_str())).copied().unwrap_or_default();
            // Shares of split incidents are added up before they are counted as whole ones.
            let total = (total.0, total.1 / u64::from(Share::WHOLE.0));
            // As in counts: a few are told of no area by themselves.
            let few = protected && (1..u64::from(FEWEST)).contains(&total.1);
            features.push(feature(layer.kind, area, total.0, (!few).then_some(total.1)));
        }
    }
    let page = on_page(ask, features);
    let legend = Legend {
        property: None,
        title: "Areas".to_owned(),
        unit: "",
        classes: vec![LegendClass { from: None, to: None, color: "#5b6b82", label: "area".to_owned() }],
        none: None,
    };
    Ok(made("areas", snapshot, ask, &selection, page, legend, Vec::new()))
}

fn feature(kind: AreaKind, area: &NamedArea, blocks: usize, incidents: Option<u64>) -> Feature {
    Feature {
        id: format!("{kind}-{}", area.id),
        geometry: Some(area.lonlat.clone().into()),
        properties: vec![
            ("kind", Value::text(kind.word())),
            ("name", Value::text(area.name.clone())),
            ("blocks", Value::count(blocks)),
            ("incidents", incidents.map_or(Value::Null, Value::count)),
            ("area_km2", Value::rounded(area.area.0, 6)),
            ("households", area.residents.households.map_or(Value::Null, |n| Value::rounded(n, 3))),
            ("population", area.residents.population.map_or(Value::Null, |n| Value::rounded(n, 3))),
        ],
    }
}
