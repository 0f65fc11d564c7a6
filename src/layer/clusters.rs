//! Clusters with their outlines.

use geo::{Area, Coord, MapCoords};

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::analysis::clusters::dbscan::{DbscanError, DbscanParams};
use crate::analysis::clusters::hull::{HullError, hull};
use crate::engine::snapshot::{ClusterResult, Snapshot};
use crate::model::class::UnknownCategory;
use crate::model::period::local_date;
use crate::space::coord::{Local, SquareKm};
use crate::space::crs::CrsError;

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClustersLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// The parameters cannot be used.
    #[error(transparent)]
    Dbscan(#[from] DbscanError),
    /// A cluster without an outline.
    #[error(transparent)]
    Hull(#[from] HullError),
    /// An outline could not be brought to degrees.
    #[error("an outline cannot be brought from local metres to degrees")]
    Crs(#[from] CrsError),
}

/// Clusters by their incidents, the largest first, each with the hull of its incidents.
///
/// # Errors
///
/// [`ClustersLayerError`] for an unknown category or parameters that cannot be used.
pub fn clusters(snapshot: &Snapshot, ask: &Ask, params: &DbscanParams) -> Result<Layer, ClustersLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let result = snapshot.clusters(&selection, params)?;
    let members = members(&result);
    let noise = result.clusters.label.iter().filter(|label| label.is_none()).count();
    let mut features = Vec::new();
    for (number, members) in (1..).zip(&members) {
        features.push(feature(snapshot, number, members, params)?);
    }
    let matching = features.into_iter().filter(|f| f.geometry.as_ref().is_some_and(|g| ask.page.touches(g)));
    let (matched, features) = ask.page.cut(matching.collect());
    let parameters = vec![
        ("method", Value::text("DBSCAN")),
        ("eps_m", Value::rounded(params.eps.0, 3)),
        ("min_points", Value::count(params.min_points)),
        ("clusters", Value::count(members.len())),
        (
            "left_out",
            Value::text("sexual, domestic and child offenses, which are drawn in no shape but their block"),
        ),
        ("clustered", Value::count(result.incidents.len() - noise)),
        ("noise", Value::count(noise)),
    ];
    Ok(Layer {
        name: "clusters",
        matched,
        features,
        legend: Legend {
            property: None,
            title: "Clusters".to_owned(),
            unit: "incidents",
            classes: vec![LegendClass {
                from: None,
                to: None,
                color: "#009e73",
                label: "cluster".to_owned(),
            }],
            none: None,
        },
        notice: snapshot.dataset().notice.clone(),
        held_places: Vec::new(),
        provenance: provenance("clusters", snapshot, ask, &snapshot.tally(&selection), parameters),
    })
}

/// Incidents of each cluster by position, the largest cluster first, equal ones as they were found.
fn members(result: &ClusterResult) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); result.clusters.n_clusters];
    for (&at, label) in result.incidents.iter().zip(&result.clusters.label) {
        if let Some(label) = label {
            members[*label as usize].push(at);
        }
    }
    members.sort_by_key(|cluster| std::cmp::Reverse(cluster.len()));
    members
}

fn feature(
    snapshot: &Snapshot,
    number: usize,
    members: &[usize],
    params: &DbscanParams,
) -> Result<Feature, ClustersLayerError> {
    let data = snapshot.dataset();
    let places: Vec<Local> = members.iter().filter_map(|&at| data.incidents.local(at)).collect();
    let outline = hull(&places)?;
    let area = SquareKm::from_square_metres(outline.polygon.unsigned_area());
    let shape = outline.polygon.try_map_coords(|at| {
        data.crs.from_local(Local::from(at)).map(|p| Coord { x: p.lon(), y: p.lat() })
    })?;
    let distinct: std::collections::HashSet<_> =
        places.iter().map(|p| (p.x.to_bits(), p.y.to_bits())).collect();
    let dates = members.iter().filter_map(|&at| {
        let source = &data.sources[usize::from(data.incidents.source(at))];
        local_date(data.incidents.when(at).from, &source.zone)
    });
    let dates: Vec<_> = dates.collect();
    let day = |day: Option<&jiff::civil::Date>| day.map_or(Value::Null, |d| Value::text(d.to_string()));
    Ok(Feature {
        id: format!("cluster-{number}"),
        geometry: Some(shape.into()),
        properties: vec![
            ("cluster", Value::count(number)),
            ("incidents", Value::count(members.len())),
            ("places", Value::count(distinct.len())),
            ("area_km2", Value::rounded(area.0, 6)),
            ("first", day(dates.iter().min())),
            ("last", day(dates.iter().max())),
            ("widened", Value::Bool(outline.widened)),
            ("eps_m", Value::rounded(params.eps.0, 3)),
            ("min_points", Value::count(params.min_points)),
        ],
    })
}
