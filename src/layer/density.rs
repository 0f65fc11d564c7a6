//! Density as contours, the smallest areas that hold a share of the incidents, or as the cells of its surface.

use geo::{Coord, LineString, MapCoords, Polygon};

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::density::binned::Binned;
use crate::analysis::density::kde::Density;
use crate::engine::density::{DensityAsk, DensityContour, DensityError, DensityResult, SHARES};
use crate::engine::snapshot::Snapshot;
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

/// How a density is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Per square mile, not per square kilometre.
    pub per_mile: bool,
    /// The cells of the surface, not its contours.
    pub cells: bool,
}

/// Square kilometres in a square mile.
const MILE: f64 = 2.589_988_110_336;

impl Drawing {
    /// A density per km² in the unit that is told.
    fn scale(self, per_km2: f64) -> f64 {
        if self.per_mile { per_km2 * MILE } else { per_km2 }
    }

    /// The name of a property, by unit.
    fn name(self, names: [&'static str; 2]) -> &'static str {
        names[usize::from(self.per_mile)]
    }
}

/// A surface as a picture has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// The surface, per km².
    pub density: Density,
    /// What its values are multiplied by, for the unit that is told.
    pub scale: f64,
    /// What it is made of, in words.
    pub description: String,
}

/// The surface itself.
///
/// # Errors
///
/// As [`density`].
pub fn raster(
    snapshot: &Snapshot,
    ask: &Ask,
    made: &DensityAsk,
    drawing: Drawing,
) -> Result<Raster, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let (places, _, Binned { density, error }) = snapshot.surface(&selection, made)?;
    let DensityAsk { kde, cell, method, edge } = *made;
    let (unit, scale) = (drawing.name(["km2", "mi2"]), drawing.scale(1.0));
    let description = format!(
        "Density of {} incidents per {unit}; {} kernel, bandwidth {}, standard deviation {}, cells of {cell}; {}, off by at \
         most {:.1e}; edge correction: {}",
        places.len(),
        kde.kernel.name(),
        kde.bandwidth,
        Metres((kde.kernel.sigma(kde.bandwidth).0 * 1e3).round() / 1e3),
        method.name(),
        error.worst * scale,
        edge.word()
    );
    Ok(Raster { density, scale, description })
}

/// Contours by share of the incidents, the largest first, so that it is drawn below; or the cells above 0.
///
/// # Errors
///
/// [`DensityLayerError`] for an unknown category or parameters that cannot be used.
pub fn density(
    snapshot: &Snapshot,
    ask: &Ask,
    made: &DensityAsk,
    drawing: Drawing,
) -> Result<Layer, DensityLayerError> {
    let selection = snapshot.select(&ask.query)?;
    if drawing.cells {
        let (places, outside, Binned { density, error }) = snapshot.surface(&selection, made)?;
        let result = DensityResult { density, made: *made, error, places, outside, contours: Vec::new() };
        let above: Vec<usize> =
            (0..result.density.per_km2.len()).filter(|&at| result.density.per_km2[at] > 0.0).collect();
        // Shapes are made for the page alone: a surface may have millions of cells.
        let (matched, page) = match ask.page.bbox {
            None => ask.page.cut(above),
            Some(_) => {
                let mut touched = Vec::new();
                for at in above {
                    if ask.page.touches(&cell(snapshot, &result, at)?.into()) {
                        touched.push(at);
                    }
                }
                ask.page.cut(touched)
            }
        };
        let one = |at| cell_feature(snapshot, &result, at, drawing);
        let features = page.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let legend = cell_legend(&result, drawing);
        let parameters = parameters(&result, drawing);
        let provenance = provenance("density", snapshot, ask, &snapshot.tally(&selection), parameters);
        return Ok(layer(snapshot, (matched, features), legend, provenance));
    }
    let result = snapshot.density(&selection, made)?;
    let features = result
        .contours
        .iter()
        .map(|contour| feature(snapshot, contour, &result, drawing))
        .collect::<Result<Vec<_>, _>>()?;
    let matching = features.into_iter().filter(|f| f.geometry.as_ref().is_some_and(|g| ask.page.touches(g)));
    let page = ask.page.cut(matching.collect());
    let parameters = parameters(&result, drawing);
    let provenance = provenance("density", snapshot, ask, &snapshot.tally(&selection), parameters);
    Ok(layer(snapshot, page, legend(), provenance))
}

fn layer(
    snapshot: &Snapshot,
    (matched, features): (usize, Vec<Feature>),
    legend: Legend,
    provenance: Vec<(&'static str, Value)>,
) -> Layer {
    let notice = snapshot.dataset().notice.clone();
    Layer { name: "density", matched, features, legend, notice, held_places: Vec::new(), provenance }
}

/// What made the surface, and how far it may be off.
fn parameters(result: &DensityResult, drawing: Drawing) -> Vec<(&'static str, Value)> {
    let DensityAsk { kde, cell, method, edge } = result.made;
    let scaled = |per_km2: f64| drawing.scale(per_km2);
    let significant = |value: f64| {
        let digits = if value > 0.0 { 2 - value.log10().floor() as i32 } else { 0 };
        Value::rounded(value, digits.clamp(0, 300))
    };
    vec![
        ("kernel", Value::text(kde.kernel.name())),
        ("bandwidth_m", Value::rounded(kde.bandwidth.0, 3)),
        ("sigma_m", Value::rounded(kde.kernel.sigma(kde.bandwidth).0, 3)),
        ("cell_m", Value::rounded(cell.0, 3)),
        ("method", Value::text(method.name())),
        ("between_centers", Value::text("linear")),
        ("edge", Value::text(edge.word())),
        (
            drawing.name(["error_at_most_per_km2", "error_at_most_per_mi2"]),
            significant(scaled(result.error.worst)),
        ),
        (drawing.name(["peak_per_km2", "peak_per_mi2"]), Value::rounded(scaled(result.density.peak()), 3)),
        ("incidents", Value::count(result.places.len())),
        (
            "left_out",
            Value::text("sexual, domestic and child offenses, which are drawn in no shape but their block"),
        ),
        ("outside_study_area", Value::count(result.outside)),
    ]
}

fn feature(
    snapshot: &Snapshot,
    contour: &DensityContour,
    result: &DensityResult,
    drawing: Drawing,
) -> Result<Feature, CrsError> {
    let crs = &snapshot.dataset().crs;
    let shape = contour
        .shape
        .try_map_coords(|at| crs.from_local(Local::from(at)).map(|p| Coord { x: p.lon(), y: p.lat() }))?;
    let DensityAsk { kde, cell, .. } = result.made;
    let incidents = result.places.len();
    Ok(Feature {
        id: format!("density-{:.0}", contour.share * 100.0),
        geometry: Some(shape.into()),
        properties: vec![
            ("share", Value::Float(contour.share)),
            ("incidents_inside", Value::count(contour.inside)),
            ("incidents", Value::count(incidents)),
            ("share_inside", Value::rounded(contour.inside as f64 / incidents as f64, 6)),
            (drawing.name(DENSITY), Value::rounded(drawing.scale(contour.per_km2), 6)),
            ("area_km2", Value::rounded(contour.area.0, 6)),
            ("kernel", Value::text(kde.kernel.name())),
            ("bandwidth_m", Value::rounded(kde.bandwidth.0, 3)),
            ("sigma_m", Value::rounded(kde.kernel.sigma(kde.bandwidth).0, 3)),
            ("cell_m", Value::rounded(cell.0, 3)),
        ],
    })
}

const DENSITY: [&str; 2] = ["density_per_km2", "density_per_mi2"];

/// A cell's outline in degrees.
fn cell(snapshot: &Snapshot, result: &DensityResult, at: usize) -> Result<Polygon, CrsError> {
    let (grid, crs) = (result.density.grid, &snapshot.dataset().crs);
    let (middle, half) = (grid.center(at % grid.n_cols, at / grid.n_cols), grid.cell.0 / 2.0);
    let corner = |dx: f64, dy: f64| {
        let place = Local { x: middle.x + dx * half, y: middle.y + dy * half };
        crs.from_local(place).map(|p| Coord { x: p.lon(), y: p.lat() })
    };
    let ring = vec![corner(-1.0, -1.0)?, corner(1.0, -1.0)?, corner(1.0, 1.0)?, corner(-1.0, 1.0)?];
    Ok(Polygon::new(LineString::new(ring), Vec::new()))
}

fn cell_feature(
    snapshot: &Snapshot,
    result: &DensityResult,
    at: usize,
    drawing: Drawing,
) -> Result<Feature, CrsError> {
    let (col, row) = (at % result.density.grid.n_cols, at / result.density.grid.n_cols);
    Ok(Feature {
        id: format!("density-cell-{col}-{row}"),
        geometry: Some(cell(snapshot, result, at)?.into()),
        properties: vec![(
            drawing.name(DENSITY),
            Value::rounded(drawing.scale(result.density.per_km2[at]), 6),
        )],
    })
}

/// Thirds of the peak.
fn cell_legend(result: &DensityResult, drawing: Drawing) -> Legend {
    let peak = drawing.scale(result.density.peak());
    let unit = drawing.name(["incidents per km²", "incidents per square mile"]);
    let class = |(third, color): (usize, &'static str)| {
        let [from, to] = [third, third + 1].map(|n| peak * n as f64 / 3.0);
        LegendClass { from: Some(from), to: Some(to), color, label: format!("{from:.0} to {to:.0}") }
    };
    Legend {
        property: Some(drawing.name(DENSITY)),
        title: "Density of incidents".to_owned(),
        unit,
        classes: COLORS.into_iter().enumerate().map(class).collect(),
        none: None,
    }
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
