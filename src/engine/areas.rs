//! Areas of a data set: every block is told the areas that it lies in, and a name finds its blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::params::nearest::nearest;
use crate::index::areas::AreaIndex;
use crate::model::areas::{Area, AreaKind, AreaLayer};
use crate::model::block::BlockId;
use crate::model::dataset::Dataset;
use crate::model::doubles::without_doubles;
use crate::space::crs::CrsError;

/// Gives a data set its areas and each block their names.
///
/// Files of one kind make one layer: a region's may come in two state planes, and an area that two
/// of them have is there once. The blocks' own CRS and study area stay as they are.
///
/// # Errors
///
/// [`CrsError`] for an area too far from the blocks.
pub fn set_areas(dataset: &mut Dataset, files: Vec<(AreaKind, Vec<Area>)>) -> Result<(), CrsError> {
    let mut kinds: BTreeMap<AreaKind, Vec<Area>> = BTreeMap::new();
    for (kind, areas) in files {
        kinds.entry(kind).or_default().extend(areas);
    }
    let layers: Vec<AreaLayer> = kinds
        .into_iter()
        .map(|(kind, areas)| AreaLayer::new(kind, &without_doubles(areas).0, &dataset.crs))
        .collect::<Result<_, _>>()?;
    dataset.areas = Arc::new(layers);
    let indexes: Vec<(AreaKind, AreaIndex<'_>)> =
        dataset.areas.iter().map(|layer| (layer.kind, AreaIndex::build(layer))).collect();
    Arc::make_mut(&mut dataset.block_set).blocks.par_iter_mut().for_each(|block| {
        block.areas = indexes.iter().map(|(kind, index)| (*kind, index.names_of(block))).collect();
    });
    Ok(())
}

/// Why a name finds no blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WithinError {
    /// There are no areas at all.
    #[error("there is no area `{name}`, since there are no areas here; give them with --areas KIND=FILE")]
    NoAreas {
        /// What was asked for.
        name: String,
    },
    /// There is no such one.
    #[error("there is no area `{name}`; {}", .nearest.as_ref().map_or_else(|| there_are(.known), |n| format!("did you mean `{n}`?")))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What is near, with its kind.
        nearest: Option<String>,
        /// The names that there are, by the alphabet.
        known: Vec<String>,
    },
    /// Areas of several kinds have the name.
    #[error("`{name}` is the name of several areas; say which: {}", .which.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What can be said instead.
        which: Vec<String>,
    },
}

/// Names told where none is near.
const TOLD: usize = 8;

fn there_are(known: &[String]) -> String {
    let told =
        known[..known.len().min(TOLD)].iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match known.len().saturating_sub(TOLD) {
        0 => format!("there are {told}"),
        more => format!("there are {told} and {more} more, which `hotblocks areas` lists"),
    }
}

/// The areas that texts name, as kind and name.
///
/// A text is `Penrose`, `neighborhood:Penrose`, or several of them separated by commas; capitals do
/// not matter. A name that has a comma itself is found as a whole.
///
/// # Errors
///
/// [`WithinError`] for a name that no area has, or that areas of several kinds have.
pub fn named(dataset: &Dataset, texts: &[String]) -> Result<Vec<(AreaKind, String)>, WithinError> {
    let mut found = Vec::new();
    for text in texts {
        match one(dataset, text) {
            Err(WithinError::Unknown { .. }) if text.contains(',') => {
                for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    found.push(one(dataset, part)?);
                }
            }
            other => found.push(other?),
        }
    }
    Ok(found)
}

/// Blocks that lie in any of the areas, by their place in the block set.
#[must_use]
pub fn blocks_within(dataset: &Dataset, areas: &[(AreaKind, String)]) -> Vec<BlockId> {
    let lies_in = |block: &crate::model::block::Block| {
        areas.iter().any(|(kind, name)| block.areas.get(kind).is_some_and(|names| names.contains(name)))
    };
    let blocks = (0u32..).zip(&dataset.block_set.blocks);
    blocks.filter(|(_, block)| lies_in(block)).map(|(at, _)| BlockId(at)).collect()
}

fn one(dataset: &Dataset, text: &str) -> Result<(AreaKind, String), WithinError> {
    let all: Vec<(AreaKind, &str)> = dataset
        .areas
        .iter()
        .flat_map(|layer| layer.areas.iter().map(|area| (layer.kind, area.name.as_str())))
        .collect();
    if all.is_empty() {
        return Err(WithinError::NoAreas { name: text.to_owned() });
    }
    let split = text.split_once(':').and_then(|(kind, name)| Some((kind.parse::<AreaKind>().ok()?, name)));
    let (kind, name) = split.map_or((None, text), |(kind, name)| (Some(kind), name));
    let plain = name.trim().to_lowercase();
    let mut matching: Vec<(AreaKind, &str)> = all
        .iter()
        .copied()
        .filter(|(of, known)| kind.is_none_or(|kind| kind == *of) && known.trim().to_lowercase() == plain)
        .collect();
    matching.sort_unstable();
    matching.dedup();
    let kinds: std::collections::BTreeSet<AreaKind> = matching.iter().map(|(kind, _)| *kind).collect();
    match matching[..] {
        [] => {
            let words: Vec<String> = all.iter().map(|(_, known)| known.to_lowercase()).collect();
            let near = nearest(&plain, words.iter().map(String::as_str));
            let near = near.and_then(|near| all.iter().find(|(_, known)| known.to_lowercase() == near));
            let nearest = near.map(|(_, known)| (*known).to_owned());
            let known: std::collections::BTreeSet<&str> = all.iter().map(|(_, known)| *known).collect();
            let known = known.into_iter().map(str::to_owned).collect();
            Err(WithinError::Unknown { name: text.to_owned(), nearest, known })
        }
        [(kind, name), ..] if kinds.len() == 1 => Ok((kind, name.to_owned())),
        _ => {
            let which = matching.iter().map(|(kind, name)| format!("{kind}:{name}")).collect();
            Err(WithinError::Ambiguous { name: text.to_owned(), which })
        }
    }
}
