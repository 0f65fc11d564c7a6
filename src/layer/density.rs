//! Density as contours: the smallest areas that hold a share of the incidents.

use geo::{Coord, MapCoords};

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::kde::KdeParams;

use crate::engine::snapshot::{DensityContour, DensityError, DensityResult, SHARES, Snapshot};
use crate::model::class::UnknownCategory;
use crate::space::coord::{Local, Metres};
use crate::space::crs::CrsError;

/// Colors of the shares, in the order of [`SHARES`]; pale, so that blocks stay readable above them.
const COLORS: [&str; 3] = ["#e7e1f2", "#cfc1de", "#c294c1"];

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DensityLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The parameters cannot be used.
    #[error(transparent)]
    Density(#[from] DensityError),
    /// A contour could not be brought to degrees.
    #[error("a contour cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Contours by share of the incidents, the largest first, so that it is drawn below.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub fn density(
    snapshot: &Snapshot,
    ask: &Ask,
    params: &KdeParams,
    cell: Metres,
) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.density(&selection, params, cell)?;
    let features = result
        .contours
        .iter()
        .map(|contour| feature(snapshot, contour, &result, params, cell))
        .collect::<Result<Vec<_>, _>>()?;
    let matching = features.into_iter().filter(|f| f.geometry.as_ref().is_some_and(|g| ask.page.touches(g)));
    let (matched, features) = ask.page.cut(matching.collect());
    let parameters = vec![
        ("kernel", Value::text(params.kernel.name())),
        ("bandwidth_m", Value::rounded(params.bandwidth.0, 3)),
        ("sigma_m", Value::rounded(params.kernel.sigma(params.bandwidth).0, 3)),
        ("cell_m", Value::rounded(cell.0, 3)),
        ("method", Value::text("exact at the middle of each cell, linear between")),
        ("peak_per_km2", Value::rounded(result.density.peak(), 3)),
        ("incidents", Value::count(result.incidents)),
        (
            "left_out",
            Value::text("sexual, domestic and child offenses, which are drawn in no shape but their block"),
        ),
        ("outside_study_area", Value::count(result.outside)),
    ];
    Ok(Layer {
        name: "density",
        matched,
        features,
        legend: legend(),
        notice: snapshot.dataset().notice.clone(),
        held_places: Vec::new(),
        provenance: provenance("density", snapshot, ask, &snapshot.tally(&selection), parameters),
    })
}

fn feature(
    snapshot: &Snapshot,
    contour: &DensityContour,
    result: &DensityResult,
    params: &KdeParams,
    cell: Metres,
) -> Result<Feature, CrsError> {
    let crs = &snapshot.dataset().crs;
    let shape = contour
        .shape
        .try_map_coords(|at| crs.from_local(Local::from(at)).map(|p| Coord { x: p.lon(), y: p.lat() }))?;
    Ok(Feature {
        id: format!("density-{:.0}", contour.share * 100.0),
        geometry: Some(shape.into()),
        properties: vec![
            ("share", Value::Float(contour.share)),
            ("incidents_inside", Value::count(contour.inside)),
            ("incidents", Value::count(result.incidents)),
            ("share_inside", Value::rounded(contour.inside as f64 / result.incidents as f64, 6)),
            ("density_per_km2", Value::rounded(contour.per_km2, 6)),
            ("area_km2", Value::rounded(contour.area.0, 6)),
            ("kernel", Value::text(params.kernel.name())),
            ("bandwidth_m", Value::rounded(params.bandwidth.0, 3)),
            ("sigma_m", Value::rounded(params.kernel.sigma(params.bandwidth).0, 3)),
            ("cell_m", Value::rounded(cell.0, 3)),
        ],
    })
}

fn legend() -> Legend {
    let class = |(share, color): (&f64, &'static str)| LegendClass {
        from: Some(*share),
        to: Some(*share),
        color,
        label: format!("{:.0} % of the incidents", share * 100.0),
    };
    Legend {
        property: Some("share"),
        title: "Smallest area that holds".to_owned(),
        unit: "share of incidents",
        classes: SHARES.iter().zip(COLORS).map(class).collect(),
        none: None,
    }
}
