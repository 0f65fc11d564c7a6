//! A file to be read, from the disk, the binary, standard input or memory, unpacked, with the files that belong to it.

mod beside;
mod detect;
mod error;
mod unpack;
mod zip;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::Encoding;
use sha2::{Digest, Sha256};

pub use self::detect::Format;
use self::detect::Packed;
pub use self::error::InputError;
pub use self::unpack::UNPACKED_LIMIT;
use self::unpack::{Bounded, Decoded};
pub use self::zip::ZipError;
use super::shipped;
use crate::space::crs::Crs;

/// How much of a file is looked at to tell what it is.
const PREFIX: u64 = 4096;

const EXPECTED: &str = "incidents and blocks come as .csv, .tsv, .geojson, .geojsonl, .shp, .gpkg, .fgb or .parquet, also in a .gz or .zip";

/// A file by its name, whose bytes can be had.
#[derive(Clone, Debug)]
pub struct Input {
    /// As the user gave it.
    pub name: String,
    /// What it is.
    pub format: Format,
    place: Place,
    packing: Packing,
    encoding: Option<&'static Encoding>,
    layer: Option<String>,
    limit: u64,
    notes: Vec<String>,
}

#[derive(Clone, Debug)]
enum Place {
    Disk(PathBuf),
    Shipped(String),
    Memory(Arc<Vec<u8>>),
}

#[derive(Clone, Debug)]
enum Packing {
    Plain,
    Gzip,
    /// The entry to be read and all that lies in the archive.
    Zip(Box<zip::Entry>, Vec<zip::Entry>),
}

impl Input {
    /// A file on the disk; `-` is standard input, which is read to its end; `city.gpkg:streets` is a layer of a file.
    ///
    /// # Errors
    ///
    /// [`InputError`] if it cannot be opened, or neither its first bytes nor its ending tell what it is.
    pub fn at(path: &Path) -> Result<Self, InputError> {
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            let name = "standard input".to_owned();
            return match read {
                Ok(_) => Self::of(&name, bytes),
                Err(source) => Err(InputError::Read { file: name, source }),
            };
        }
        let name = path.display().to_string();
        let layer = name.rsplit_once(':').filter(|(file, layer)| {
            !layer.is_empty() && !layer.contains(['/', '\\']) && !path.exists() && Path::new(file).is_file()
        });
        match layer {
            Some((file, layer)) => Self::look(file, Place::Disk(file.into()), Some(layer.to_owned())),
            None => Self::look(&name, Place::Disk(path.to_owned()), None),
        }
    }

    /// A file of the sample that the binary ships, by its path in `data/`.
    ///
    /// # Errors
    ///
    /// As [`Input::at`].
    pub fn shipped(path: &str) -> Result<Self, InputError> {
        Self::look(path, Place::Shipped(path.to_owned()), None)
    }

    /// Bytes that are at hand, under a name whose ending may say what they are.
    ///
    /// # Errors
    ///
    /// As [`Input::at`].
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::ingest::input::{Format, Input};
    /// let input = Input::of("upload", br#"{"type":"FeatureCollection","features":[]}"#.to_vec())?;
    /// assert_eq!(input.format, Format::GeoJson);
    /// # Ok::<(), hotblocks::ingest::input::InputError>(())
    /// ```
    pub fn of(name: &str, bytes: Vec<u8>) -> Result<Self, InputError> {
        Self::look(name, Place::Memory(Arc::new(bytes)), None)
    }

    /// The same file with another bound on what it may unpack to, in bytes.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    fn look(name: &str, place: Place, layer: Option<String>) -> Result<Self, InputError> {
        let mut input = Self {
            name: name.to_owned(),
            format: Format::Csv,
            place,
            packing: Packing::Plain,
            encoding: None,
            layer,
            limit: UNPACKED_LIMIT,
            notes: Vec::new(),
        };
        let mut inner = name.to_owned();
        let unknown = || InputError::Format { file: name.to_owned(), expected: EXPECTED };
        let first = match input.prefix() {
            // A file that is not there and could not be read if it were: its name is the mistake.
            Err(InputError::Read { source, .. })
                if source.kind() == io::ErrorKind::NotFound && detect::promises_nothing(name) =>
            {
                return Err(unknown());
            }
            first => first?,
        };
        match detect::packed(&first) {
            Packed::Plain => {}
            Packed::Gzip => {
                input.packing = Packing::Gzip;
                if detect::ending(name) == "gz" {
                    inner.truncate(name.len() - 3);
                }
            }
            Packed::Zip => {
                let zipped = |source| InputError::Zip { file: name.to_owned(), source };
                let all = zip::entries(input.raw()?).map_err(zipped)?;
                let entry = beside::the_one(name, &all)?.clone();
                inner.clone_from(&entry.name);
                input.packing = Packing::Zip(Box::new(entry), all);
            }
        }
        let prefix = input.prefix()?;
        let ending = detect::ending(&inner);
        input.format = detect::format(&prefix, &ending).ok_or_else(unknown)?;
        if detect::by_ending(&ending).is_some_and(|promised| promised != input.format) {
            input.notes.push(format!(
                "{name}: holds {} whatever its ending, and is read as that",
                input.format.name()
            ));
        }
        if input.format.is_text() {
            input.encoding = unpack::utf16(&prefix);
        }
        if let Some(encoding) = input.encoding {
            input.notes.push(format!("{name}: read as {}", encoding.name()));
        }
        Ok(input)
    }

    /// The first bytes, unpacked and in their own encoding.
    fn prefix(&self) -> Result<Vec<u8>, InputError> {
        let mut prefix = Vec::new();
        self.open()?.take(PREFIX).read_to_end(&mut prefix).map_err(|e| self.failed(e))?;
        Ok(prefix)
    }

    /// What a person should know about how it is read, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The layer that was asked for behind a colon.
    #[must_use]
    pub fn layer(&self) -> Option<&str> {
        self.layer.as_deref()
    }

    /// Its path, where it lies on the disk and is not packed.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match (&self.place, &self.packing) {
            (Place::Disk(path), Packing::Plain) => Some(path),
            _ => None,
        }
    }

    /// Its bytes as a stream, unpacked, UTF-16 as UTF-8.
    ///
    /// # Errors
    ///
    /// [`InputError::Read`] if the disk refuses, [`InputError::Zip`] for a damaged archive. The reader fails
    /// where a packed file gives more than [`UNPACKED_LIMIT`].
    pub fn open(&self) -> Result<Box<dyn Read + Send + '_>, InputError> {
        let bounded = |inner| Bounded { inner, left: self.limit, limit: self.limit };
        let unpacked: Box<dyn Read + Send + '_> = match (&self.packing, &self.place) {
            (Packing::Plain, Place::Memory(bytes)) => Box::new(bytes.as_slice()),
            (Packing::Plain, _) => self.raw()?,
            (Packing::Gzip, _) => {
                let inner: Box<dyn Read + Send> =
                    Box::new(flate2::bufread::MultiGzDecoder::new(io::BufReader::new(self.raw()?)));
                Box::new(bounded(inner))
            }
            (Packing::Zip(entry, _), _) => Box::new(bounded(self.unzip(entry)?)),
        };
        Ok(match self.encoding {
            Some(encoding) => Box::new(Decoded::new(unpacked, encoding)),
            None => unpacked,
        })
    }

    /// All its bytes, unpacked, UTF-16 as UTF-8; borrowed where they lie in memory as they are.
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn whole(&self) -> Result<Cow<'_, [u8]>, InputError> {
        match (&self.packing, self.encoding, &self.place) {
            (Packing::Plain, None, Place::Disk(path)) => {
                std::fs::read(path).map(Cow::Owned).map_err(|e| self.failed(e))
            }
            (Packing::Plain, None, Place::Shipped(path)) => shipped::file(path).ok_or_else(|| self.absent()),
            (Packing::Plain, None, Place::Memory(bytes)) => Ok(Cow::Borrowed(bytes)),
            _ => {
                let mut bytes = Vec::new();
                self.open()?.read_to_end(&mut bytes).map_err(|e| self.failed(e))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// SHA-256 of its bytes as they lie, packed.
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn digest(&self) -> Result<[u8; 32], InputError> {
        let mut hash = Sha256::new();
        let mut reader = self.raw()?;
        let mut part = vec![0; 1 << 16];
        loop {
            match reader.read(&mut part) {
                Ok(0) => return Ok(hash.finalize().into()),
                Ok(n) => hash.update(&part[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// All its bytes, as [`Input::whole`] gives them.
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, InputError> {
        self.whole()
    }

    /// A file beside it, or beside it in its archive, that differs in its ending, whatever its case; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`Input::open`], if it is there.
    pub fn beside(&self, ending: &str) -> Result<Option<Cow<'static, [u8]>>, InputError> {
        match (&self.packing, &self.place) {
            (Packing::Zip(entry, all), _) => {
                let wanted = format!("{}.{ending}", beside::stem(&entry.name));
                let Some(entry) = all.iter().find(|other| other.name.eq_ignore_ascii_case(&wanted)) else {
                    return Ok(None);
                };
                let mut bytes = Vec::new();
                let mut reader = Bounded { inner: self.unzip(entry)?, left: self.limit, limit: self.limit };
                reader.read_to_end(&mut bytes).map_err(|e| self.failed(e))?;
                Ok(Some(Cow::Owned(bytes)))
            }
            (_, Place::Disk(path)) => {
                let Some(sibling) = beside::sibling(path, ending) else { return Ok(None) };
                let failed = |source| InputError::Read { file: sibling.display().to_string(), source };
                std::fs::read(&sibling).map(|bytes| Some(Cow::Owned(bytes))).map_err(failed)
            }
            (_, Place::Shipped(path)) => {
                Ok(shipped::file(&Path::new(path).with_extension(ending).to_string_lossy()))
            }
            (_, Place::Memory(_)) => Ok(None),
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
        let text = text.trim_start_matches('\u{feff}');
        Crs::new(text).map(Some).map_err(|source| InputError::Prj { file: self.name.clone(), source })
    }

    /// The bytes as they lie, packed, at any place.
    fn raw(&self) -> Result<Box<dyn zip::Archive>, InputError> {
        Ok(match &self.place {
            Place::Disk(path) => Box::new(File::open(path).map_err(|e| self.failed(e))?),
            Place::Shipped(path) => Box::new(Cursor::new(shipped::file(path).ok_or_else(|| self.absent())?)),
            Place::Memory(bytes) => Box::new(Cursor::new(Shared(Arc::clone(bytes)))),
        })
    }

    fn unzip(&self, entry: &zip::Entry) -> Result<Box<dyn Read + Send>, InputError> {
        zip::open(self.raw()?, entry).map_err(|source| InputError::Zip { file: self.name.clone(), source })
    }

    fn failed(&self, source: io::Error) -> InputError {
        InputError::Read { file: self.name.clone(), source }
    }

    fn absent(&self) -> InputError {
        self.failed(io::Error::from(io::ErrorKind::NotFound))
    }
}

/// Bytes that several readers look at.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
