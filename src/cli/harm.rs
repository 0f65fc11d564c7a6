//! Tables of harm weights that flags, a configuration or a store name.

use std::path::Path;

use super::failure::Failure;
use crate::config::Config;
use crate::ingest;
use crate::ingest::harm::EQUAL;
use crate::model::dataset::Dataset;
use crate::model::harm::HarmTable;

/// The table of harm weights, where there is one.
fn read(table: Option<(&str, &[u8])>, dataset: &Dataset) -> Result<Option<HarmTable>, Failure> {
    Ok(match table {
        None => None,
        Some((EQUAL, _)) => Some(ingest::harm::equal(&dataset.classes)?),
        Some((name, bytes)) => Some(ingest::harm::read(name, bytes, &dataset.classes)?),
    })
}

/// Name and bytes of a table of harm weights.
pub(super) fn bytes(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| Failure::Read { file: file.clone(), source })?;
    Ok((path.file_name().map_or(file, |name| name.to_string_lossy().into_owned()), bytes))
}

/// The table of harm weights that a configuration names, else the one that a store keeps.
pub(super) fn of(
    config: &Config,
    kept: Option<(String, Vec<u8>)>,
    dataset: &Dataset,
) -> Result<Option<HarmTable>, Failure> {
    let given = match config.harm.as_deref() {
        None => kept,
        Some(path) if path.as_os_str() == EQUAL => Some((EQUAL.to_owned(), Vec::new())),
        Some(path) => Some(bytes(path)?),
    };
    read(given.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice())), dataset)
}
