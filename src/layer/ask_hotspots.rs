//! What a request asks of hot spots, and which parameter mends what cannot be answered.

use super::answer::AnswerError;
use super::hotspots::HotSpotsLayerError;
use crate::analysis::hotspots::fdr::Fdr;
use crate::analysis::hotspots::permute::Permutations;
use crate::analysis::hotspots::values::HotSpotError;
use crate::analysis::hotspots::weights::NeighborsError;
use crate::engine::hotspots::{HotSpotParams, HotSpotsError, Near, Statistic};
use crate::engine::params::hotspots::{
    BAND, DEFAULT_NEAREST, DEFAULT_STEPS, FDR, NEAREST, NEIGHBORS, STATISTIC, STEPS, UNITS,
};
use crate::engine::params::table::{CELL, PERMUTATIONS, Param};
use crate::engine::params::values::Values;

/// What the values ask of hot spots; all have a default.
pub(super) fn params(values: &Values) -> HotSpotParams {
    let count = |param: &Param, usual: u64| values.count(param).unwrap_or(usual);
    let near = match values.word(&NEIGHBORS) {
        Some("band") => values.length(&BAND).map(Near::Band),
        Some("nearest") => Some(Near::Nearest(count(&NEAREST, DEFAULT_NEAREST) as usize)),
        _ => Some(Near::Contiguity),
    };
    let statistic = match values.word(&STATISTIC) {
        Some("local-moran") => Statistic::LocalMoran,
        Some("emerging") => Statistic::Emerging { steps: count(&STEPS, DEFAULT_STEPS) as usize },
        _ => Statistic::GiStar,
    };
    HotSpotParams {
        cells: (values.word(&UNITS) == Some("cells")).then(|| values.length(&CELL)),
        statistic,
        near,
        permutations: Permutations { count: values.permutations(), seed: values.seed() },
        fdr: values.word(&FDR).and_then(Fdr::from_word).unwrap_or(Fdr::BenjaminiHochberg),
    }
}

/// The parameter that mends what hot spots cannot be made of.
pub(super) fn unusable(error: HotSpotsLayerError) -> AnswerError {
    let parameter = match &error {
        HotSpotsLayerError::HotSpots(HotSpotsError::Category(unknown)) => return unknown.clone().into(),
        HotSpotsLayerError::HotSpots(HotSpotsError::Grid(_)) => CELL.wire,
        HotSpotsLayerError::HotSpots(HotSpotsError::Band(_)) => BAND.wire,
        HotSpotsLayerError::HotSpots(HotSpotsError::Neighbors(NeighborsError::K { .. })) => NEAREST.wire,
        HotSpotsLayerError::HotSpots(HotSpotsError::Neighbors(_)) => BAND.wire,
        HotSpotsLayerError::HotSpots(HotSpotsError::Days { .. }) => STEPS.wire,
        HotSpotsLayerError::HotSpots(HotSpotsError::Values(why)) => match why {
            HotSpotError::Permutations { .. } | HotSpotError::Draws { .. } => PERMUTATIONS.wire,
            HotSpotError::Islands { .. } | HotSpotError::Everyone { .. } => NEIGHBORS.wire,
            HotSpotError::Band { .. } => BAND.wire,
            _ => UNITS.wire,
        },
        HotSpotsLayerError::Crs(_) => {
            return AnswerError::Inside { layer: "hotspots", source: Box::new(error) };
        }
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}
