//! A file to be read, from the disk or from the binary, with the files that belong to it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::shipped;
use crate::space::crs::{Crs, CrsError};

/// What a file is, by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma, semicolon, tab or bar separated text.
    Csv,
    /// RFC 7946, or older with a `crs`.
    GeoJson,
    /// `.shp` with `.dbf`, `.prj` beside it.
    Shapefile,
    /// OGC `GeoPackage`.
    GeoPackage,
    /// `GeoParquet` with WKB geometry.
    GeoParquet,
}

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The ending tells nothing.
    #[error("`{file}` has an ending that is not known here; {expected}")]
    Format {
        /// The file.
        file: String,
        /// What would be.
        expected: &'static str,
    },
    /// The disk refused.
    #[error("cannot read `{file}`")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A `.prj` that PROJ cannot make sense of.
    #[error(
        "`{file}` names a coordinate reference system that cannot be used; give the right one with --crs after removing the .prj"
    )]
    Prj {
        /// The file.
        file: String,
        /// Why.
        source: CrsError,
    },
}

/// A file by its name, whose bytes can be had.
#[derive(Clone, Debug)]
pub struct Input {
    /// As the user gave it.
    pub name: String,
    /// What it is.
    pub format: Format,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Disk(PathBuf),
    Shipped(String),
}

impl Input {
    /// A file on the disk.
    ///
    /// # Errors
    ///
    /// [`InputError::Format`] for an unknown ending; whether it can be read shows when it is.
    pub fn at(path: &Path) -> Result<Self, InputError> {
        let name = path.display().to_string();
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let format = match ending.as_deref() {
            Some("csv" | "tsv" | "txt") => Format::Csv,
            Some("geojson" | "json") => Format::GeoJson,
            Some("shp") => Format::Shapefile,
            Some("gpkg") => Format::GeoPackage,
            Some("parquet" | "geoparquet") => Format::GeoParquet,
            _ => {
                return Err(InputError::Format {
                    file: name,
                    expected: "incidents come as .csv, .tsv or .shp; blocks as .geojson, .shp, .gpkg or .parquet",
                });
            }
        };
        Ok(Self { name, format, place: Place::Disk(path.to_owned()) })
    }

    /// A file of the sample that the binary ships, by its path in `data/`.
    ///
    /// # Errors
    ///
    /// As [`Input::at`].
    pub fn shipped(path: &str) -> Result<Self, InputError> {
        let known = Self::at(Path::new(path))?;
        Ok(Self { place: Place::Shipped(path.to_owned()), ..known })
    }

    /// Its path, where it lies on the disk.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Disk(path) => Some(path),
            Place::Shipped(_) => None,
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    ///
    /// [`InputError::Read`] if the disk refuses.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, InputError> {
        let failed = |source| InputError::Read { file: self.name.clone(), source };
        match &self.place {
            Place::Disk(path) => std::fs::read(path).map(Cow::Owned).map_err(failed),
            Place::Shipped(path) => {
                shipped::file(path).ok_or_else(|| failed(std::io::Error::from(std::io::ErrorKind::NotFound)))
            }
        }
    }

    /// A file beside it that differs in its ending, in lower or upper case; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`InputError::Read`] if it is there and the disk refuses.
    pub fn beside(&self, ending: &str) -> Result<Option<Cow<'static, [u8]>>, InputError> {
        match &self.place {
            Place::Disk(path) => {
                for ending in [ending.to_owned(), ending.to_ascii_uppercase()] {
                    let sibling = path.with_extension(ending);
                    match std::fs::read(&sibling) {
                        Ok(bytes) => return Ok(Some(Cow::Owned(bytes))),
                        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                        Err(source) => {
                            return Err(InputError::Read { file: sibling.display().to_string(), source });
                        }
                    }
                }
                Ok(None)
            }
            Place::Shipped(path) => {
                Ok(shipped::file(&Path::new(path).with_extension(ending).to_string_lossy()))
            }
        }
    }

    /// The CRS that its `.prj` names.
    ///
    /// # Errors
    ///
    /// [`InputError::Prj`] if PROJ cannot use it.
    pub fn prj(&self) -> Result<Option<Crs>, InputError> {
        let Some(bytes) = self.beside("prj")? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        Crs::new(&text).map(Some).map_err(|source| InputError::Prj { file: self.name.clone(), source })
    }
}
