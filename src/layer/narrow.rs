//! The warning where a density is finer than the places that sources tell.

use super::{Layer, Value};
use crate::engine::snapshot::Snapshot;
use crate::space::coord::Metres;
use crate::space::middle::median;

/// Says in a density's warnings that its bandwidth is below the median length of the segments, where a source moves its incidents to
/// places that many share: peaks then lie where those places are.
///
/// Source: the rule on anonymized coordinates of the project's notes on methods, 2.1.
pub(super) fn warn_of_moved_places(snapshot: &Snapshot, mut layer: Layer) -> Layer {
    let data = snapshot.dataset();
    let moved: Vec<&str> = data
        .sources
        .iter()
        .filter(|source| source.anonymised.is_some())
        .map(|source| &*source.name)
        .collect();
    let mut lengths: Vec<f64> = if moved.is_empty() {
        Vec::new()
    } else {
        data.block_set.blocks.iter().filter_map(|block| block.length).map(|length| length.0).collect()
    };
    let (Some(bandwidth), Some(usual)) = (bandwidth(&layer), median(&mut lengths)) else { return layer };
    if bandwidth < usual {
        let warning = format!(
            "{} tells no places but moves them to points that many incidents share, and a bandwidth of {} is below the median length of a segment ({}): \
             peaks are where those points lie; rank segments instead, or give a bandwidth of at least that",
            moved.join(", "),
            Metres(bandwidth.round()),
            Metres(usual.round())
        );
        layer.warn(warning);
    }
    layer
}

/// The bandwidth that was used, in metres.
fn bandwidth(layer: &Layer) -> Option<f64> {
    let member = |members: &'_ [(&'static str, Value)], wanted: &str| {
        members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
    };
    let Some(Value::Map(parameters)) = member(&layer.provenance, "parameters") else { return None };
    match member(&parameters, "bandwidth_m") {
        Some(Value::Float(bandwidth)) => Some(bandwidth),
        Some(Value::Int(bandwidth)) => Some(bandwidth as f64),
        _ => None,
    }
}
