//! What every layer has around its features: the page, the notice, what made it.

use super::provenance::provenance;
use super::{Ask, Feature, Layer, Legend, Value};
use crate::engine::query::Selection;
use crate::engine::snapshot::Snapshot;

/// Why protected offenses are not in a layer of shapes.
pub(super) const LEFT_OUT: &str =
    "sexual, domestic and child offenses, which are drawn in no shape but their block";

/// Colors of what lies below, at and above the usual, three steps each way: ColorBrewer RdBu, with a gray and a pale blue that those
/// who see no red or no green can tell from each other (`tests/colors.rs`).
pub(super) const BOTH_WAYS: [&str; 7] =
    ["#2166ac", "#67a9cf", "#cbe8f6", "#b4b8be", "#fddbc7", "#ef8a62", "#b2182b"];

/// How many features touch the box that is asked for, and those of them that are on the page.
pub(super) fn on_page(ask: &Ask, features: Vec<Feature>) -> (usize, Vec<Feature>) {
    let touches = |f: &Feature| f.geometry.as_ref().is_none_or(|shape| ask.page.touches(shape));
    ask.page.cut(features.into_iter().filter(touches).collect())
}

/// A layer of features of a page, with the parameters that were truly used.
pub(super) fn made(
    name: &'static str,
    snapshot: &Snapshot,
    ask: &Ask,
    selection: &Selection,
    (matched, features): (usize, Vec<Feature>),
    legend: Legend,
    parameters: Vec<(&'static str, Value)>,
) -> Layer {
    Layer {
        name,
        matched,
        features,
        legend,
        notice: snapshot.dataset().notice.clone(),
        held_places: Vec::new(),
        provenance: provenance(name, snapshot, ask, &snapshot.tally(selection), parameters),
    }
}
