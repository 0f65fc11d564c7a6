//! From parameters to a method of clusters, and what was truly used of them.

use super::Value;
use super::clusters::ClustersLayerError;
use super::weights::weights_told;
use crate::analysis::clusters::dbscan::DbscanParams;
use crate::analysis::clusters::hdbscan::HdbscanParams;
use crate::analysis::clusters::nnh::{NnhParams, NnhThreshold};
use crate::analysis::clusters::space_time::SpaceTimeParams;
use crate::analysis::clusters::stac::{Lattice, StacParams};
use crate::engine::clusters::{FEWEST, Groups, Method};
use crate::engine::params::clusters::{LATTICE, METHOD, MIN_SAMPLES, OUTLINE, PROBABILITY, SPAN};
use crate::engine::params::table::{EPS, MIN_POINTS, PERMUTATIONS, Param, SEED, WEIGHTS};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::engine::weights::Weights;
use crate::space::coord::{Metres, SquareKm};

/// What is drawn around clusters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outline {
    /// The convex hull.
    Hull,
    /// All within this of a core incident.
    Eps(Metres),
    /// The standard deviational ellipse.
    Ellipse,
}

/// A method with its outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) outline: Outline,
    pub(super) weights: Option<Weights>,
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The method and outline that the values ask for.
///
/// # Errors
///
/// [`ClustersLayerError::NotGiven`] and [`ClustersLayerError::NoCore`].
pub(super) fn asked(snapshot: &Snapshot, values: &Values) -> Result<Asked, ClustersLayerError> {
    let missing = |param: Param| ClustersLayerError::NotGiven(param);
    let eps = || values.length(&EPS).ok_or(missing(EPS));
    let min_points = whole(values.count(&MIN_POINTS).ok_or(missing(MIN_POINTS))?);
    let method = match values.word(&METHOD) {
        Some("hdbscan") => Method::Hdbscan(HdbscanParams {
            min_cluster_size: min_points,
            min_samples: values.count(&MIN_SAMPLES).map_or(min_points, whole),
        }),
        Some("space-time") => Method::SpaceTime(SpaceTimeParams {
            eps: eps()?,
            days: values.number(&SPAN).ok_or(missing(SPAN))?,
            min_points,
        }),
        Some("nnh") => {
            let area = snapshot.dataset().study_area;
            let area = SquareKm::from_square_metres(area.width().0 * area.height().0);
            let threshold = match values.number(&PROBABILITY) {
                Some(probability) => NnhThreshold::Random { area, probability },
                None => NnhThreshold::Fixed(eps()?),
            };
            Method::Nnh {
                params: NnhParams { threshold, min_points },
                simulations: values.permutations() as usize,
                seed: values.seed(),
            }
        }
        Some("stac") => {
            let lattice = match values.word(&LATTICE) {
                Some("rectangular") => Lattice::Rectangular,
                _ => Lattice::Triangular,
            };
            Method::Stac(StacParams { radius: eps()?, min_points, lattice })
        }
        _ => Method::Dbscan(DbscanParams { eps: eps()?, min_points }),
    };
    let outline = match (values.word(&OUTLINE), method) {
        (Some("ellipse"), _) => Outline::Ellipse,
        (
            Some("eps"),
            Method::Dbscan(DbscanParams { eps, .. }) | Method::SpaceTime(SpaceTimeParams { eps, .. }),
        ) => Outline::Eps(eps),
        (Some("eps"), _) => return Err(ClustersLayerError::NoCore { method: method.name() }),
        _ => Outline::Hull,
    };
    let weights = Weights::ALL.into_iter().find(|by| values.word(&WEIGHTS) == Some(by.word()));
    Ok(Asked { method, outline, weights })
}

impl Asked {
    /// Whether there are clusters of clusters.
    pub(super) fn has_orders(&self) -> bool {
        matches!(self.method, Method::Nnh { .. })
    }

    /// The parameters that the method has, as they were given.
    pub(super) fn given(&self) -> Vec<(&'static str, Value)> {
        let length = |param: &Param, length: Metres| (param.wire, Value::rounded(length.0, 3));
        let least = |n: usize| (MIN_POINTS.wire, Value::count(n));
        match self.method {
            Method::Dbscan(DbscanParams { eps, min_points }) => vec![length(&EPS, eps), least(min_points)],
            Method::Hdbscan(HdbscanParams { min_cluster_size, .. }) => vec![least(min_cluster_size)],
            Method::SpaceTime(SpaceTimeParams { eps, days, min_points }) => {
                vec![length(&EPS, eps), (SPAN.wire, Value::rounded(days, 6)), least(min_points)]
            }
            Method::Nnh { params: NnhParams { threshold, min_points }, .. } => match threshold {
                NnhThreshold::Fixed(eps) => vec![length(&EPS, eps), least(min_points)],
                NnhThreshold::Random { probability, .. } => {
                    vec![(PROBABILITY.wire, Value::rounded(probability, 6)), least(min_points)]
                }
            },
            Method::Stac(StacParams { radius, min_points, .. }) => {
                vec![length(&EPS, radius), least(min_points)]
            }
        }
    }
}

/// All that was truly used, for the provenance.
pub(super) fn used(asked: &Asked, found: &Groups) -> Vec<(&'static str, Value)> {
    let mut used = vec![("method", Value::text(asked.method.name()))];
    used.extend(asked.given());
    if let Some(rank) = found.rank {
        used.push((MIN_SAMPLES.wire, Value::count(rank)));
    }
    if let Method::Nnh { params, simulations, seed } = asked.method {
        if let NnhThreshold::Random { area, .. } = params.threshold {
            used.push(("area_km2", Value::rounded(area.0, 6)));
        }
        let thresholds = found.thresholds.iter().map(|threshold| Value::rounded(threshold.0, 3));
        used.push(("thresholds_m", Value::List(thresholds.collect())));
        used.push((PERMUTATIONS.wire, Value::count(simulations)));
        used.push((SEED.wire, Value::count(seed)));
        if let Some(test) = &found.test {
            let at =
                |share: f64| test.simulated[((test.simulated.len() - 1) as f64 * share).round() as usize];
            used.push(("p", Value::probability(test.p)));
            used.push(("random_clusters_median", Value::count(at(0.5))));
            used.push(("random_clusters_95_percent", Value::count(at(0.95))));
        }
    }
    if let Method::Stac(StacParams { lattice, .. }) = asked.method {
        let lattice = if lattice == Lattice::Triangular { "triangular" } else { "rectangular" };
        used.push((LATTICE.wire, Value::text(lattice)));
    }
    if found.weighed.is_some() {
        used.push((WEIGHTS.wire, weights_told(found.weighed.as_ref())));
        used.push(("fewest_incidents", Value::count(FEWEST)));
        used.push(("clusters_of_fewer", Value::count(found.too_few)));
    }
    let outline = match asked.outline {
        Outline::Hull => "hull",
        Outline::Eps(_) => "eps",
        Outline::Ellipse => "ellipse",
    };
    used.push((OUTLINE.wire, Value::text(outline)));
    used
}
