//! Tables of harm weights that flags, a configuration or a store name.

use std::path::Path;

use super::failure::Failure;
use crate::config::Config;
use crate::ingest;
use crate::ingest::crosswalk;
use crate::ingest::harm::EQUAL;
use crate::ingest::incidents::IncidentsError;
use crate::model::class::Classes;
use crate::model::dataset::Dataset;
use crate::model::harm::HarmTable;

/// The table of harm weights, where there is one.
fn read(table: Option<&(String, Vec<u8>)>, classes: &Classes) -> Result<Option<HarmTable>, Failure> {
    Ok(match table {
        None => None,
        Some((name, _)) if name == EQUAL => Some(ingest::harm::equal(classes)?),
        Some((name, bytes)) => Some(ingest::harm::read(name, bytes, classes)?),
    })
}

/// Name and bytes of a table of harm weights.
fn bytes(path: &Path) -> Result<(String, Vec<u8>), Failure> {
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
    read(given(config)?.or(kept).as_ref(), &dataset.classes)
}

/// Name and bytes of the table that a configuration names, once it can be used with the categories that ship.
pub(super) fn checked(config: &Config) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let table = given(config)?;
    let classes = Classes::over(crosswalk::tree().map_err(IncidentsError::from)?);
    read(table.as_ref(), &classes)?;
    Ok(table)
}

fn given(config: &Config) -> Result<Option<(String, Vec<u8>)>, Failure> {
    match config.harm.as_deref() {
        None => Ok(None),
        Some(path) if path.as_os_str() == EQUAL => Ok(Some((EQUAL.to_owned(), Vec::new()))),
        Some(path) => bytes(path).map(Some),
    }
}
