//! Clusters of the selected incidents by any method, in one form.

use super::query::Selection;
use super::snapshot::Snapshot;
use super::weights::{Weighed, Weights, WeightsError};
use crate::analysis::clusters::dbscan::{
    Clusters, DbscanError, DbscanParams, WeightedDbscanParams, dbscan, dbscan_weighted,
};
use crate::analysis::clusters::hdbscan::{HdbscanError, HdbscanParams, hdbscan, hdbscan_weighted};
use crate::analysis::clusters::nnh::{NnhError, NnhParams, nnh};
use crate::analysis::clusters::nnh_test::{NnhTest, nnh_test};
use crate::analysis::clusters::space_time::{SpaceTimeError, SpaceTimeParams, space_time_dbscan};
use crate::analysis::clusters::stac::{StacError, StacParams, stac};
use crate::space::coord::{Local, Metres};

/// How clusters are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Dense by one radius.
    Dbscan(DbscanParams),
    /// Of any density.
    Hdbscan(HdbscanParams),
    /// Dense in space and time.
    SpaceTime(SpaceTimeParams),
    /// Nearest-neighbor hierarchy, with its test against chance.
    Nnh {
        /// Threshold and least number.
        params: NnhParams,
        /// How many sets of random points.
        simulations: usize,
        /// What chance follows from.
        seed: u64,
    },
    /// The best circles of a lattice over the study area.
    Stac(StacParams),
}

impl Method {
    /// Whether incidents can be weighed.
    #[must_use]
    pub const fn weighs(&self) -> bool {
        matches!(self, Self::Dbscan(_) | Self::Hdbscan(_))
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dbscan(_) => "DBSCAN",
            Self::Hdbscan(_) => "HDBSCAN",
            Self::SpaceTime(_) => "space-time DBSCAN",
            Self::Nnh { .. } => "Nnh",
            Self::Stac(_) => "STAC",
        }
    }
}

/// A cluster of incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// 1, or above for clusters of clusters.
    pub order: usize,
    /// Its incidents, by position.
    pub incidents: Vec<usize>,
    /// Where they lie, in the same order.
    pub places: Vec<Local>,
    /// Where its core incidents lie; none where the method knows none.
    pub core: Vec<Local>,
    /// What they weigh, where they were weighed.
    pub weight: Option<f64>,
}

/// Clusters of incidents, and what they were made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The largest first, or the heaviest where incidents weigh; of each order by itself.
    pub groups: Vec<Group>,
    /// How many incidents were looked at.
    pub incidents: usize,
    /// How many of them are in no cluster.
    pub noise: usize,
    /// The threshold of each order of [`Method::Nnh`].
    pub thresholds: Vec<Metres>,
    /// The test of [`Method::Nnh`] against chance.
    pub test: Option<NnhTest>,
    /// The rank of the neighbor that [`Method::Hdbscan`] truly took.
    pub rank: Option<usize>,
    /// What incidents were weighed by, if anything; `each` has no entries.
    pub weighed: Option<Weighed>,
    /// Clusters of fewer than [`FEWEST`] incidents, which are heavy enough but would tell where single ones lie: noise.
    pub too_few: usize,
}

/// A cluster of fewer incidents would be outlined around single ones.
pub const FEWEST: usize = 3;

/// Why there are no clusters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// Incidents cannot be weighed.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A weight that is not whole.
    #[error(
        "an incident weighs {weight}, and HDBSCAN counts whole weights up to {}; give whole ones, or the method dbscan",
        u32::MAX
    )]
    Whole {
        /// The first that is none.
        weight: f64,
    },
    /// DBSCAN cannot use its parameters.
    #[error(transparent)]
    Dbscan(#[from] DbscanError),
    /// HDBSCAN cannot use its parameters.
    #[error(transparent)]
    Hdbscan(#[from] HdbscanError),
    /// Space-time clusters cannot be made with the parameters.
    #[error(transparent)]
    SpaceTime(#[from] SpaceTimeError),
    /// Nnh cannot use its parameters.
    #[error(transparent)]
    Nnh(#[from] NnhError),
    /// STAC cannot use its parameters.
    #[error(transparent)]
    Stac(#[from] StacError),
}

impl Snapshot {
    /// Clusters of the selected incidents that may be drawn; with weights where the method [weighs](Method::weighs).
    ///
    /// # Errors
    ///
    /// [`GroupError`] for parameters that cannot be used.
    pub fn groups(
        &self,
        selection: &Selection,
        method: &Method,
        weights: Option<Weights>,
    ) -> Result<Groups, GroupError> {
        let (incidents, places): (Vec<usize>, Vec<Local>) = self.drawn(selection).unzip();
        let weights = weights.filter(|_| method.weighs());
        let mut weighed = self.weighed(selection, weights, &incidents)?;
        let each = weighed.as_mut().map(|weighed| std::mem::take(&mut weighed.each));
        let all = incidents.len();
        // What weighs nothing is noise: it would join others without adding to them.
        let weighs = |at: usize| each.as_ref().is_none_or(|each| each[at] > 0.0);
        let (incidents, places): (Vec<usize>, Vec<Local>) =
            (0..all).filter(|&at| weighs(at)).map(|at| (incidents[at], places[at])).unzip();
        let each = each.map(|each| each.into_iter().filter(|weight| *weight > 0.0).collect::<Vec<_>>());
        let mut found = Found { places: &places, members: Vec::new(), core: Vec::new() };
        let (mut thresholds, mut test, mut rank) = (Vec::new(), None, None);
        match *method {
            Method::Dbscan(params) => found.labeled(&match &each {
                None => dbscan(&places, &params)?,
                Some(each) => {
                    let DbscanParams { eps, min_points } = params;
                    let params = WeightedDbscanParams { eps, min_weight: min_points as f64 };
                    dbscan_weighted(&places, each, &params)?
                }
            }),
            Method::Hdbscan(params) => {
                let clusters = match &each {
                    None => hdbscan(&places, &params)?,
                    Some(each) => hdbscan_weighted(&places, &whole(each)?, &params)?,
                };
                rank = Some(clusters.rank);
                found.labeled(&Clusters {
                    label: clusters.label,
                    core: Vec::new(),
                    n_clusters: clusters.n_clusters,
                });
            }
            Method::SpaceTime(params) => {
                let seconds: Vec<i64> =
                    incidents.iter().map(|&at| self.dataset().incidents.when(at).from).collect();
                found.labeled(&space_time_dbscan(&places, &seconds, &params)?);
            }
            Method::Nnh { params, simulations, seed } => {
                let orders = nnh(&places, &params)?;
                let first = orders.first().map_or(0, |order| order.clusters.len());
                test = Some(nnh_test(
                    first,
                    places.len(),
                    self.dataset().study_area,
                    &params,
                    simulations,
                    seed,
                )?);
                let mut below: Vec<Vec<usize>> = Vec::new();
                for (order, number) in orders.into_iter().zip(1..) {
                    let mine = order.clusters.into_iter().map(|cluster| match number {
                        1 => cluster.members,
                        _ => cluster.members.iter().flat_map(|&c| below[c].iter().copied()).collect(),
                    });
                    let mine: Vec<Vec<usize>> = mine.collect();
                    found.members.extend(mine.iter().map(|members| (number, members.clone())));
                    thresholds.push(order.threshold);
                    below = mine;
                }
            }
            Method::Stac(params) => {
                let clusters = stac(&places, self.dataset().study_area, &params)?;
                found.members.extend(clusters.into_iter().map(|cluster| (1, cluster.members)));
            }
        }
        let before = found.members.len();
        if each.is_some() {
            found.members.retain(|(_, members)| members.len() >= FEWEST);
        }
        let too_few = before - found.members.len();
        let clustered: usize =
            found.members.iter().filter(|(order, _)| *order == 1).map(|(_, m)| m.len()).sum();
        let noise = all - clustered;
        Ok(Groups {
            groups: found.groups(&incidents, each.as_deref()),
            incidents: all,
            noise,
            thresholds,
            test,
            rank,
            weighed,
            too_few,
        })
    }
}

/// Weights that count as so many incidents.
fn whole(each: &[f64]) -> Result<Vec<u32>, GroupError> {
    let whole = |&weight: &f64| {
        let is_whole = weight.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&weight);
        if is_whole { Ok(weight as u32) } else { Err(GroupError::Whole { weight }) }
    };
    each.iter().map(whole).collect()
}

/// Members of clusters by their position among the places.
struct Found<'a> {
    places: &'a [Local],
    members: Vec<(usize, Vec<usize>)>,
    core: Vec<bool>,
}

impl Found<'_> {
    fn labeled(&mut self, clusters: &Clusters) {
        self.members = vec![(1, Vec::new()); clusters.n_clusters];
        for (at, label) in clusters.label.iter().enumerate() {
            if let Some(label) = label {
                self.members[*label as usize].1.push(at);
            }
        }
        self.core.clone_from(&clusters.core);
    }

    fn groups(mut self, incidents: &[usize], each: Option<&[f64]>) -> Vec<Group> {
        let weight = |members: &[usize]| each.map(|each| members.iter().map(|&at| each[at]).sum::<f64>());
        self.members.sort_by(|(order, members), (other, others)| {
            let heavier = weight(others).unwrap_or(0.0).total_cmp(&weight(members).unwrap_or(0.0));
            order.cmp(other).then(heavier).then(others.len().cmp(&members.len()))
        });
        let is_core = |at: &&usize| self.core.get(**at).copied().unwrap_or(false);
        let group = |(order, members): &(usize, Vec<usize>)| Group {
            order: *order,
            incidents: members.iter().map(|&at| incidents[at]).collect(),
            places: members.iter().map(|&at| self.places[at]).collect(),
            core: members.iter().filter(is_core).map(|&at| self.places[at]).collect(),
            weight: weight(members),
        };
        self.members.iter().map(group).collect()
    }
}
