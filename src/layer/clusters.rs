//! Clusters with their outlines.

use geo::{Area, Geometry};

use super::answer::unweighted;
use super::cluster_method::{Asked, Outline, asked, used};
use super::made::{LEFT_OUT, made, on_page};
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::clusters::ellipse::{Ellipse, EllipseError, standard_ellipse};
use crate::analysis::clusters::hull::{HullError, hull};
use crate::analysis::clusters::outline::{OutlineError, eps_outline};
use crate::engine::clusters::{Group, GroupError};
use crate::engine::params::table::Param;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::space::coord::SquareKm;
use crate::space::crs::CrsError;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClustersLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// A parameter that the method needs was not given.
    #[error("`{}` is not given and not configured; {}", .0.wire, .0.help)]
    NotGiven(Param),
    /// An outline that the method has no core incidents for.
    #[error(
        "`outline` is `eps`, but {method} knows no core incidents; give hull or ellipse, or the method dbscan"
    )]
    NoCore {
        /// The method.
        method: &'static str,
    },
    /// The parameters cannot be used.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// A cluster without a hull.
    #[error(transparent)]
    Hull(#[from] HullError),
    /// A cluster without an outline.
    #[error(transparent)]
    Outline(#[from] OutlineError),
    /// A cluster without an ellipse.
    #[error(transparent)]
    Ellipse(#[from] EllipseError),
    /// An outline could not be brought to degrees.
    #[error("an outline cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Clusters by their incidents, the largest first, each with its outline.
///
/// # Errors
///
/// [`ClustersLayerError`] for an unknown category or parameters that are missing or cannot be used.
pub fn clusters(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, ClustersLayerError> {
    let asked = asked(snapshot, values)?;
    let selection = snapshot.select(&ask.query)?;
    let found = snapshot.groups(&selection, &asked.method, asked.weights)?;
    let mut features = Vec::new();
    for (number, group) in (1..).zip(&found.groups) {
        features.push(feature(snapshot, number, group, &asked)?);
    }
    let page = on_page(ask, features);
    let mut parameters = used(&asked, &found);
    parameters.extend([
        ("clusters", Value::count(found.groups.len())),
        ("left_out", Value::text(LEFT_OUT)),
        ("clustered", Value::count(found.incidents - found.noise)),
        ("noise", Value::count(found.noise)),
    ]);
    let layer = made("clusters", snapshot, ask, &selection, page, legend(), parameters);
    Ok(if asked.method.weighs() { layer } else { unweighted(values)(layer) })
}

/// All clusters look alike.
pub(super) fn legend() -> Legend {
    Legend {
        property: None,
        title: "Clusters".to_owned(),
        unit: "incidents",
        classes: vec![LegendClass { from: None, to: None, color: "#009e73", label: "cluster".to_owned() }],
        none: None,
    }
}

/// The shape around a cluster in local metres, whether it was widened, and its ellipse if it is one.
fn shape(group: &Group, asked: &Asked) -> Result<(Geometry, bool, Option<Ellipse>), ClustersLayerError> {
    Ok(match asked.outline {
        Outline::Hull => {
            let hull = hull(&group.places)?;
            (hull.polygon.into(), hull.widened, None)
        }
        Outline::Eps(eps) => (eps_outline(&group.core, eps)?.into(), false, None),
        Outline::Ellipse => {
            let ellipse = standard_ellipse(&group.places, None)?;
            let widened = ellipse.minor < crate::analysis::clusters::hull::WIDEN;
            (ellipse.polygon().into(), widened, Some(ellipse))
        }
    })
}

fn feature(
    snapshot: &Snapshot,
    number: usize,
    group: &Group,
    asked: &Asked,
) -> Result<Feature, ClustersLayerError> {
    let data = snapshot.dataset();
    let (outline, widened, ellipse) = shape(group, asked)?;
    let area = SquareKm::from_square_metres(outline.unsigned_area());
    let shape = data.crs.shape_from_local(&outline)?;
    let distinct: std::collections::HashSet<_> =
        group.places.iter().map(|p| (p.x.to_bits(), p.y.to_bits())).collect();
    let dates: Vec<_> = group.incidents.iter().filter_map(|&at| data.local_date(at)).collect();
    let day = |day: Option<&jiff::civil::Date>| day.map_or(Value::Null, |d| Value::text(d.to_string()));
    let mut properties = vec![
        ("cluster", Value::count(number)),
        ("incidents", Value::count(group.incidents.len())),
        ("places", Value::count(distinct.len())),
        ("area_km2", Value::rounded(area.0, 6)),
        ("first", day(dates.iter().min())),
        ("last", day(dates.iter().max())),
        ("widened", Value::Bool(widened)),
    ];
    if let Some(weight) = group.weight {
        properties.push(("weight", Value::rounded(weight, 6)));
    }
    if asked.has_orders() {
        properties.push(("order", Value::count(group.order)));
    }
    if let Some(Ellipse { major, minor, angle, .. }) = ellipse {
        properties.push(("half_axis_long_m", Value::rounded(major.0, 3)));
        properties.push(("half_axis_short_m", Value::rounded(minor.0, 3)));
        properties.push(("degrees_from_east", Value::rounded(angle.to_degrees(), 3)));
    }
    properties.extend(asked.given());
    Ok(Feature { id: format!("cluster-{number}"), geometry: Some(shape.into()), properties })
}
