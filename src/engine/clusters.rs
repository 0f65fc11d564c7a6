//! Clusters of the selected incidents by any method, in one form.

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::analysis::clusters::dbscan::{Clusters, DbscanError, DbscanParams, dbscan};
use crate::analysis::clusters::hdbscan::{HdbscanError, HdbscanParams, hdbscan};
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
}

/// Clusters of incidents, and what they were made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The largest first, of each order by itself.
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
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
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
    /// Clusters of the selected incidents that may be drawn.
    ///
    /// # Errors
    ///
    /// [`GroupError`] for parameters that cannot be used.
    pub fn groups(&self, selection: &Selection, method: &Method) -> Result<Groups, GroupError> {
        let (incidents, places): (Vec<usize>, Vec<Local>) = self.drawn(selection).unzip();
        let mut found = Found { places: &places, members: Vec::new(), core: Vec::new() };
        let (mut thresholds, mut test, mut rank) = (Vec::new(), None, None);
        match *method {
            Method::Dbscan(params) => found.labeled(&dbscan(&places, &params)?),
            Method::Hdbscan(params) => {
                let clusters = hdbscan(&places, &params)?;
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
        let clustered: usize =
            found.members.iter().filter(|(order, _)| *order == 1).map(|(_, m)| m.len()).sum();
        let noise = places.len() - clustered;
        Ok(Groups {
            groups: found.groups(&incidents),
            incidents: incidents.len(),
            noise,
            thresholds,
            test,
            rank,
        })
    }
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

    fn groups(mut self, incidents: &[usize]) -> Vec<Group> {
        self.members.sort_by_key(|(order, members)| (*order, std::cmp::Reverse(members.len())));
        let is_core = |at: &&usize| self.core.get(**at).copied().unwrap_or(false);
        let group = |(order, members): &(usize, Vec<usize>)| Group {
            order: *order,
            incidents: members.iter().map(|&at| incidents[at]).collect(),
            places: members.iter().map(|&at| self.places[at]).collect(),
            core: members.iter().filter(is_core).map(|&at| self.places[at]).collect(),
        };
        self.members.iter().map(group).collect()
    }
}
