//! Density along the streets of a data set whose blocks are street segments.

use geo::LineString;

use super::density_ask::DensityError;
use super::query::Selection;
use super::snapshot::Snapshot;
use super::weights::{Weighed, Weights};
use crate::analysis::density::network::density::{NetworkDensity, NetworkParams, network_density};
use crate::analysis::density::network::streets::{OnStreet, StreetNetwork};
use crate::assign::blocks::REACH;
use crate::model::block::{BlockId, BlockKind};
use crate::space::coord::{Local, Metres};

/// A density along streets.
#[derive(Clone, Debug)]
pub struct StreetDensity {
    /// The streets.
    pub net: StreetNetwork,
    /// The block of each line.
    pub blocks: Vec<BlockId>,
    /// The density.
    pub density: NetworkDensity,
    /// What the incidents were weighed by, if anything; `each` has no entries.
    pub weighed: Option<Weighed>,
    /// Incidents behind it.
    pub incidents: usize,
    /// Selected incidents with a place but farther than [`REACH`] from any street.
    pub off_streets: usize,
}

/// Segments were cut where they meet, so their ends are the same to the last digits but for rounding.
const SAME_PLACE: Metres = Metres(0.1);

impl Snapshot {
    /// Kernel density along street segments; each incident is moved to the nearest place on a street.
    ///
    /// # Errors
    ///
    /// [`DensityError::NoStreets`] where blocks are areas; [`DensityError::Network`] for parameters that cannot be used.
    pub fn street_density(
        &self,
        selection: &Selection,
        weights: Option<Weights>,
        params: &NetworkParams,
    ) -> Result<StreetDensity, DensityError> {
        let set = &self.dataset().block_set;
        let (mut blocks, mut lines) = (Vec::new(), Vec::<LineString>::new());
        for (id, block) in (0..).map(BlockId).zip(&set.blocks).filter(|(_, b)| b.kind == BlockKind::Segment) {
            if let geo::Geometry::LineString(line) = &block.local {
                blocks.push(id);
                lines.push(line.clone());
            }
        }
        if lines.is_empty() {
            return Err(DensityError::NoStreets { blocks: set.name });
        }
        let net = StreetNetwork::new(&lines, SAME_PLACE)?;
        let (numbers, places): (Vec<usize>, Vec<Local>) = self.drawn(selection).unzip();
        let mut weighed = self.weighed(selection, weights, &numbers)?;
        let each = weighed.as_mut().map(|weighed| std::mem::take(&mut weighed.each));
        let located = net.locate(&places, REACH);
        let each: Option<Vec<f64>> = each.map(|each| {
            each.into_iter().zip(&located).filter_map(|(weight, at)| at.is_some().then_some(weight)).collect()
        });
        let on: Vec<OnStreet> = located.into_iter().flatten().collect();
        let density = network_density(&net, &on, each.as_deref(), params)?;
        let (incidents, off_streets) = (on.len(), places.len() - on.len());
        Ok(StreetDensity { net, blocks, density, weighed, incidents, off_streets })
    }
}
