//! Hot spots: blocks or cells that stand out with their neighbors.

use super::hotspots_said::warnings;
use super::made::{BOTH_WAYS, LEFT_OUT, made};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::hotspots::band::{BandChoice, BandRule, CellChoice};
use crate::analysis::hotspots::exact::NORMAL_FROM;
use crate::analysis::hotspots::moran::Moran;
use crate::engine::hotspots::{
    HotSpotParams, HotSpots, HotSpotsError, LEVEL, Near, QFrom, Statistic, Tested, Units,
};
use crate::engine::snapshot::Snapshot;
use crate::engine::units::BESIDE;
use crate::space::crs::CrsError;
use crate::space::shape::Shape;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HotSpotsLayerError {
    /// The parameters cannot be used, or the counts cannot be tested.
    #[error(transparent)]
    HotSpots(#[from] HotSpotsError),
    /// A corner of a cell could not be brought to degrees.
    #[error("a cell cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// All units that were tested, the hottest first.
///
/// # Errors
///
/// [`HotSpotsLayerError`] for parameters that cannot be used or counts that cannot be tested.
pub fn hotspots(snapshot: &Snapshot, ask: &Ask, params: &HotSpotParams) -> Result<Layer, HotSpotsLayerError> {
    let selection = snapshot.select(&ask.query).map_err(HotSpotsError::from)?;
    let found = snapshot.hotspots(&ask.query, params)?;
    let mut order: Vec<usize> = (0..found.tested.len()).collect();
    // Of equal ones the first in the order of the units: blocks as they came, cells from the south-west.
    order.sort_by(|&a, &b| found.tested[b].z.total_cmp(&found.tested[a].z).then(a.cmp(&b)));
    let places = Places::new(snapshot, &found.units);
    let mut matching = Vec::new();
    for unit in order {
        let touches = match ask.page.bbox {
            None => true,
            Some(_) => {
                let shape = places.shape(unit)?;
                ask.page.touches(&shape)
            }
        };
        if touches {
            matching.push(unit);
        }
    }
    let (matched, page) = ask.page.cut(matching);
    let features: Result<Vec<Feature>, CrsError> =
        page.into_iter().map(|unit| feature(&places, unit, &found.tested[unit])).collect();
    let parameters = told(&places, &found, params);
    let mut layer = made(
        "hotspots",
        snapshot,
        ask,
        &selection,
        (matched, features?),
        legend(params.statistic),
        parameters,
    );
    warnings(&found, params).into_iter().for_each(|warning| layer.warn(warning));
    Ok(layer)
}

/// Where the units are, and what they are called.
struct Places<'a> {
    snapshot: &'a Snapshot,
    units: &'a Units,
    /// The cell of each unit.
    cells: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(snapshot: &'a Snapshot, units: &'a Units) -> Self {
        let cells = match units {
            Units::Blocks(_) => Vec::new(),
            Units::Cells { mask, .. } => (0..mask.len()).filter(|&cell| mask[cell]).collect(),
        };
        Self { snapshot, units, cells }
    }

    fn id_and_name(&self, unit: usize) -> (String, String) {
        match self.units {
            Units::Blocks(blocks) => {
                let block = &self.snapshot.dataset().block_set.blocks[blocks[unit].0.0 as usize];
                (block.id.clone(), block.name.clone())
            }
            Units::Cells { grid, .. } => {
                let (col, row) = (self.cells[unit] % grid.n_cols, self.cells[unit] / grid.n_cols);
                let number = |from: f64, at: usize| (from / grid.cell.0).round() as i64 + at as i64;
                let (col, row) = (number(grid.origin.x, col), number(grid.origin.y, row));
                let id = format!("square-{}m_{col}_{row}", grid.cell.to_millimetres().0);
                (id.clone(), id)
            }
        }
    }

    fn shape(&self, unit: usize) -> Result<Shape, CrsError> {
        match self.units {
            Units::Blocks(blocks) => {
                Ok(self.snapshot.dataset().block_set.blocks[blocks[unit].0.0 as usize].lonlat.clone())
            }
            Units::Cells { grid, .. } => {
                let (col, row) = (self.cells[unit] % grid.n_cols, self.cells[unit] / grid.n_cols);
                Ok(self.snapshot.dataset().crs.shape_from_local(&grid.outline(col, row))?.into())
            }
        }
    }
}

fn feature(places: &Places<'_>, unit: usize, tested: &Tested) -> Result<Feature, CrsError> {
    let (id, name) = places.id_and_name(unit);
    let small = Value::probability;
    let by_step = |told: &dyn Fn((f64, f64)) -> Value| match &tested.by_step[..] {
        [] => Value::Null,
        steps => Value::List(steps.iter().map(|&step| told(step)).collect()),
    };
    Ok(Feature {
        id,
        geometry: Some(places.shape(unit)?),
        properties: vec![
            ("name", Value::text(name)),
            ("incidents", Value::rounded(tested.incidents, 3)),
            ("neighbors", Value::count(tested.neighbors)),
            ("z", Value::rounded(tested.z, 6)),
            ("p", small(tested.p)),
            ("p_permuted", tested.permuted.map_or(Value::Null, small)),
            ("p_exact", tested.exact.map_or(Value::Null, small)),
            ("q", small(tested.q)),
            ("bin", Value::Int(i64::from(tested.bin))),
            ("class", tested.class.clone().into()),
            ("trend_z", tested.trend.map_or(Value::Null, |trend| Value::rounded(trend.z, 6))),
            ("trend_p", tested.trend.map_or(Value::Null, |trend| small(trend.p))),
            ("z_by_step", by_step(&|(z, _)| Value::rounded(z, 6))),
            ("q_by_step", by_step(&|(_, q)| small(q))),
        ],
    })
}

/// The parameters that were truly used, and each step by which one was chosen.
fn told(places: &Places<'_>, found: &HotSpots, params: &HotSpotParams) -> Vec<(&'static str, Value)> {
    let (units, cell) = match &found.units {
        Units::Blocks(_) => ("blocks", Value::Null),
        Units::Cells { grid, .. } => ("cells", Value::rounded(grid.cell.0, 3)),
    };
    let (near, band, nearest) = match found.near {
        Near::Contiguity => ("contiguity", Value::Null, Value::Null),
        Near::Band(band) => ("band", Value::rounded(band.0, 3), Value::Null),
        Near::Nearest(k) => ("nearest", Value::Null, Value::count(k)),
    };
    let (statistic, steps) = match params.statistic {
        Statistic::GiStar => ("gi-star", None),
        Statistic::LocalMoran => ("local-moran", None),
        Statistic::Emerging { steps } => ("emerging", Some(steps)),
    };
    let dates = found.dates.map(|(first, last)| format!("{first}/{last}"));
    let islands = (0..found.tested.len()).filter(|&unit| found.tested[unit].neighbors == 0);
    let named: Vec<Value> =
        islands.clone().take(20).map(|unit| Value::text(places.id_and_name(unit).0)).collect();
    let permuted = |value: Value| if steps.is_some() { Value::Null } else { value };
    let q_from = match (steps, found.q_from) {
        (Some(_), QFrom::Exact) => {
            "exact p of every unit at every step, over all orders of the counts: too sparse for the normal law"
        }
        (Some(_), _) => "normal p of every unit at every step",
        (None, QFrom::Permuted) => "permuted p",
        (None, QFrom::Exact) => "exact p, over all orders of the counts: too sparse for the normal law",
        (None, QFrom::Normal) => "normal p: with so few permutations no single unit could pass",
    };
    vec![
        ("units", Value::text(units)),
        ("tested", Value::count(found.tested.len())),
        ("statistic", Value::text(statistic)),
        ("neighbors", Value::text(near)),
        ("band_m", band),
        ("nearest", nearest),
        ("cell_m", cell.clone()),
        ("permutations", permuted(Value::count(params.permutations.count))),
        ("seed", permuted(Value::count(params.permutations.seed))),
        ("fdr", Value::text(params.fdr.word())),
        ("level", Value::Float(LEVEL)),
        ("sides", Value::text("two")),
        ("q_from", Value::text(q_from)),
        ("expected_around_a_unit", Value::rounded(found.expected, 6)),
        ("normal_from", Value::Float(NORMAL_FROM)),
        ("steps", steps.map_or(Value::Null, Value::count)),
        ("steps_back", steps.map_or(Value::Null, |_| Value::Int(1))),
        ("step_dates", dates.into()),
        ("moran", found.moran.as_ref().map_or(Value::Null, moran)),
        ("islands", Value::count(islands.count())),
        ("island_ids", Value::List(named)),
        ("outside", Value::count(found.outside)),
        ("cell_steps", found.cell.as_ref().map_or(Value::Null, cell_steps)),
        ("band_steps", found.band.as_ref().map_or(Value::Null, band_steps)),
        ("study_area_m", if cell == Value::Null { Value::Null } else { Value::rounded(BESIDE.0, 0) }),
        ("left_out", left_out(&found.units)),
    ]
}

/// Global Moran's I of the counts: whether there is any pattern at all.
fn moran(found: &Moran) -> Value {
    Value::Map(vec![
        ("i", Value::rounded(found.i, 9)),
        ("expected", Value::rounded(found.expected, 9)),
        ("z", Value::rounded(found.z, 6)),
        ("p", Value::probability(found.p)),
        ("weights", Value::text("row-standardized")),
        ("null", Value::text("any order of the counts, two-sided")),
    ])
}

fn left_out(units: &Units) -> Value {
    match units {
        Units::Blocks(_) => Value::Null,
        Units::Cells { .. } => Value::text(LEFT_OUT),
    }
}

fn cell_steps(choice: &CellChoice) -> Value {
    let spacing = choice.spacing;
    Value::Map(vec![
        ("incidents", Value::count(spacing.given)),
        ("places", Value::count(spacing.places)),
        ("outliers", Value::count(spacing.outliers)),
        ("mean_nearest_m", Value::rounded(spacing.mean.0, 3)),
        ("median_nearest_m", Value::rounded(spacing.median.0, 3)),
        ("cell_m", Value::rounded(choice.cell.0, 3)),
    ])
}

fn band_steps(choice: &BandChoice) -> Value {
    let tried = choice.tried.iter().map(|tried| {
        Value::Map(vec![("band_m", Value::rounded(tried.band.0, 3)), ("moran_z", Value::rounded(tried.z, 6))])
    });
    let rule = match choice.rule {
        BandRule::Peak => "first peak of Moran's z".to_owned(),
        BandRule::Nearest { k, distance } => {
            format!("no peak: mean distance to {k} neighbors, {}", distance.to_millimetres())
        }
        BandRule::StandardDistance { k, distance } => {
            format!(
                "no peak, and {} to {k} neighbors is more than the standard distance",
                distance.to_millimetres()
            )
        }
    };
    Value::Map(vec![
        ("outliers", Value::count(choice.spacing.outliers)),
        ("mean_nearest_m", Value::rounded(choice.spacing.mean.0, 3)),
        ("largest_nearest_m", Value::rounded(choice.spacing.largest.0, 3)),
        ("standard_distance_m", Value::rounded(choice.standard_distance.0, 3)),
        ("tried", Value::List(tried.collect())),
        ("rule", Value::text(rule)),
        ("band_m", Value::rounded(choice.band.0, 3)),
    ])
}

fn legend(statistic: Statistic) -> Legend {
    let words = match statistic {
        Statistic::LocalMoran => [
            "low among low: a cold cluster",
            "",
            "low among high: an outlier",
            "",
            "high among low: an outlier",
            "",
            "high among high: a hot cluster",
        ],
        Statistic::GiStar | Statistic::Emerging { .. } => [
            "cold, q ≤ 1 %",
            "cold, q ≤ 5 %",
            "cold, q ≤ 10 %",
            "",
            "hot, q ≤ 10 %",
            "hot, q ≤ 5 %",
            "hot, q ≤ 1 %",
        ],
    };
    let class = |at: usize| LegendClass {
        from: Some(at as f64 - 3.0),
        to: Some(at as f64 - 3.0),
        color: BOTH_WAYS[at],
        label: words[at].to_owned(),
    };
    let unit = if matches!(statistic, Statistic::LocalMoran) {
        "quadrant where q ≤ 5 %"
    } else {
        "bin of z and q"
    };
    Legend {
        property: Some("bin"),
        title: "More or less than chance".to_owned(),
        unit,
        classes: (0..7).filter(|&at| !words[at].is_empty()).map(class).collect(),
        none: Some(LegendClass { from: None, to: None, color: BOTH_WAYS[3], label: "as chance".to_owned() }),
    }
}
