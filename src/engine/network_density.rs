//! Density along the streets of a data set whose blocks are street segments.

use geo::LineString;

use super::density_ask::DensityError;
use super::query::Selection;
use super::snapshot::Snapshot;
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
        let places: Vec<Local> = self.drawn(selection).map(|(_, at)| at).collect();
        let on: Vec<OnStreet> = net.locate(&places, REACH).into_iter().flatten().collect();
        let density = network_density(&net, &on, None, params)?;
        let (incidents, off_streets) = (on.len(), places.len() - on.len());
        Ok(StreetDensity { net, blocks, density, incidents, off_streets })
    }
}
