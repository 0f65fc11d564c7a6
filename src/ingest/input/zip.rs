//! Zip archives: what is in them and the unpacked bytes of one entry, without writing anything to the disk.

use std::io::{self, Read, Seek, SeekFrom};

/// A file in an archive, by its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the archive; never used as a path on the disk.
    pub(super) name: String,
    method: u16,
    encrypted: bool,
    crc: u32,
    packed: u64,
    at: u64,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// Its directory does not hold together.
    #[error("its directory is broken or cut off; fetch or pack it again")]
    Directory,
    /// A password is needed.
    #[error("`{entry}` in it is encrypted; unpack it yourself")]
    Encrypted {
        /// The file in the archive.
        entry: String,
    },
    /// A method other than stored and deflate.
    #[error("`{entry}` in it is packed by method {method}; only stored and deflated files are read")]
    Method {
        /// The file in the archive.
        entry: String,
        /// The number of the method.
        method: u16,
    },
    /// The disk refused.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
}

/// An archive that can be read at any place.
pub(super) trait Archive: Read + Seek + Send {}

impl<T: Read + Seek + Send> Archive for T {}

/// Where the end of the directory stands at the latest: its 22 bytes and a comment of 65,535.
const TAIL: u64 = 22 + 65_535;

/// The files of an archive: no folders, nothing hidden, no resource forks of a Mac.
pub(super) fn entries(mut archive: impl Archive) -> Result<Vec<Entry>, ZipError> {
    let length = archive.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(TAIL);
    let tail = bytes(&mut archive, from, length - from)?;
    let end = (0..tail.len()).rev().find(|&at| tail[at..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or(ZipError::Directory)?;
    let (mut size, mut offset) = (u64::from(u32_at(&tail, end + 12)?), u64::from(u32_at(&tail, end + 16)?));
    if offset == u64::from(u32::MAX) || size == u64::from(u32::MAX) {
        let locator = end.checked_sub(20).ok_or(ZipError::Directory)?;
        let record = bytes(&mut archive, u64_at(&tail, locator + 8)?, 56)?;
        if !tail[locator..].starts_with(b"PK\x06\x07") || !record.starts_with(b"PK\x06\x06") {
            return Err(ZipError::Directory);
        }
        (size, offset) = (u64_at(&record, 40)?, u64_at(&record, 48)?);
    }
    if offset.checked_add(size).is_none_or(|end| end > length) {
        return Err(ZipError::Directory);
    }
    let directory = bytes(&mut archive, offset, size)?;
    let (mut found, mut at) = (Vec::new(), 0);
    while directory.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
        let (entry, next) = entry(&directory, at)?;
        let file = entry.name.rsplit('/').next().unwrap_or_default();
        if !file.is_empty() && !file.starts_with('.') && !entry.name.starts_with("__MACOSX/") {
            found.push(entry);
        }
        at = next;
    }
    Ok(found)
}

fn entry(directory: &[u8], at: usize) -> Result<(Entry, usize), ZipError> {
    let long = |from: usize| u32_at(directory, at + from).map(u64::from);
    let (name_len, extra_len) = (u16_at(directory, at + 28)?, u16_at(directory, at + 30)?);
    let comment_len = u16_at(directory, at + 32)?;
    let name = directory.get(at + 46..at + 46 + name_len).ok_or(ZipError::Directory)?;
    let from = at + 46 + name_len;
    let extra = directory.get(from..from + extra_len).ok_or(ZipError::Directory)?;
    let (mut packed, unpacked, mut offset) = (long(20)?, long(24)?, long(42)?);
    // Zip64: the long values stand in the extra field, in this order, where the short ones are full.
    let mut wide = wide(extra);
    let full = u64::from(u32::MAX);
    let mut take =
        |short: u64| if short == full { wide.next().ok_or(ZipError::Directory) } else { Ok(short) };
    take(unpacked)?;
    packed = take(packed)?;
    offset = take(offset)?;
    let entry = Entry {
        name: String::from_utf8_lossy(name).replace('\\', "/"),
        method: u16_at(directory, at + 10)? as u16,
        encrypted: u16_at(directory, at + 8)? & 1 == 1,
        crc: u32_at(directory, at + 16)?,
        packed,
        at: offset,
    };
    Ok((entry, from + extra_len + comment_len))
}

/// The long values of the Zip64 extra field.
fn wide(extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut at = 0;
    let mut values = Vec::new();
    while let (Ok(id), Ok(length)) = (u16_at(extra, at), u16_at(extra, at + 2)) {
        if id == 1 {
            let field = extra.get(at + 4..at + 4 + length).unwrap_or_default();
            values.extend(field.chunks_exact(8).filter_map(|v| u64_at(v, 0).ok()));
        }
        at += 4 + length;
    }
    values.into_iter()
}

/// The unpacked bytes of an entry, checked against its sum at their end.
pub(super) fn open(
    mut archive: impl Archive + 'static,
    entry: &Entry,
) -> Result<Box<dyn Read + Send>, ZipError> {
    if entry.encrypted {
        return Err(ZipError::Encrypted { entry: entry.name.clone() });
    }
    let header = bytes(&mut archive, entry.at, 30)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(ZipError::Directory);
    }
    let skip = (u16_at(&header, 26)? + u16_at(&header, 28)?) as u64;
    archive.seek(SeekFrom::Start(entry.at.checked_add(30 + skip).ok_or(ZipError::Directory)?))?;
    let packed = archive.take(entry.packed);
    let sum = entry.crc;
    match entry.method {
        0 => Ok(Box::new(Summed { inner: flate2::CrcReader::new(packed), sum })),
        8 => {
            let inner = flate2::read::DeflateDecoder::new(packed);
            Ok(Box::new(Summed { inner: flate2::CrcReader::new(inner), sum }))
        }
        method => Err(ZipError::Method { entry: entry.name.clone(), method }),
    }
}

/// A reader whose end is an error if the sum of its bytes is not what was promised.
struct Summed<R> {
    inner: flate2::CrcReader<R>,
    sum: u32,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.inner.crc().sum() != self.sum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong: it is damaged"));
        }
        Ok(read)
    }
}

/// So many bytes from a place; the space grows with what is there.
fn bytes(archive: &mut impl Archive, from: u64, length: u64) -> Result<Vec<u8>, ZipError> {
    archive.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    archive.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length { Err(ZipError::Directory) } else { Ok(bytes) }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<usize, ZipError> {
    let two = bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).ok_or(ZipError::Directory)?;
    Ok(usize::from(u16::from_le_bytes(two)))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, ZipError> {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(ZipError::Directory)?;
    Ok(u32::from_le_bytes(four))
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, ZipError> {
    let eight = bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).ok_or(ZipError::Directory)?;
    Ok(u64::from_le_bytes(eight))
}
