//! Which file of an archive is meant, and which files lie beside a file.

use std::path::{Path, PathBuf};

use super::error::InputError;
use super::{detect, zip};

/// The one file of an archive that can be read; text without an ending of its own counts only where nothing else does.
pub(super) fn the_one<'a>(file: &str, all: &'a [zip::Entry]) -> Result<&'a zip::Entry, InputError> {
    let kind = |entry: &zip::Entry| detect::by_ending(&detect::ending(&entry.name));
    let weak = |entry: &zip::Entry| ["txt", "json"].contains(&detect::ending(&entry.name).as_str());
    for usable in [
        all.iter().filter(|&e| kind(e).is_some() && !weak(e)).collect::<Vec<_>>(),
        all.iter().filter(|&e| kind(e).is_some()).collect(),
    ] {
        match usable[..] {
            [] => {}
            [one] => return Ok(one),
            _ => {
                let found = usable.iter().map(|entry| entry.name.clone()).collect();
                return Err(InputError::Several { file: file.to_owned(), found });
            }
        }
    }
    let found = all.iter().map(|entry| entry.name.clone()).take(10).collect();
    Err(InputError::NothingInside { file: file.to_owned(), found })
}

/// A name without its ending.
pub(super) fn stem(name: &str) -> &str {
    let at = name.rfind('.').filter(|&dot| !name[dot..].contains('/'));
    &name[..at.unwrap_or(name.len())]
}

/// The file beside a file that differs in its ending, whatever the case of its name.
pub(super) fn sibling(path: &Path, ending: &str) -> Option<PathBuf> {
    let plain = path.with_extension(ending);
    if plain.is_file() {
        return Some(plain);
    }
    let wanted = plain.file_name()?.to_string_lossy().into_owned();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    names
        .filter(|p| p.file_name().is_some_and(|name| name.to_string_lossy().eq_ignore_ascii_case(&wanted)))
        .min()
}
