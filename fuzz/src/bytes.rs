//! Bytes packed in the ways in which files come: gzip, zip, UTF-16.

use std::io::Write;

use flate2::{Compression, Crc, write::GzEncoder};

/// Stands between the parts of an input that is several files.
const BETWEEN: &[u8] = b"\n==\n";

/// The parts of an input that is several files.
pub fn parts(data: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some(at) = data[from..].windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        parts.push(&data[from..from + at]);
        from += at + BETWEEN.len();
    }
    parts.push(&data[from..]);
    parts
}

/// One member of gzip.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(data).expect("a vector takes all");
    packed.finish().expect("a vector takes all")
}

/// UTF-16, little end first, with its mark; bytes that are no UTF-8 become the replacement character.
pub fn utf16(data: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(data);
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// An archive of files that are stored as they are.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in files {
        let mut sum = Crc::new();
        sum.update(data);
        let (length, name_length) = (data.len() as u32, name.len() as u16);
        let mut common = [0; 26];
        common[0] = 20;
        common[10..14].copy_from_slice(&sum.sum().to_le_bytes());
        common[14..18].copy_from_slice(&length.to_le_bytes());
        common[18..22].copy_from_slice(&length.to_le_bytes());
        common[22..24].copy_from_slice(&name_length.to_le_bytes());
        let at = archive.len() as u32;
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(data);
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (at, size, count) = (archive.len() as u32, directory.len() as u32, files.len() as u16);
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for number in [count, count] {
        archive.extend_from_slice(&number.to_le_bytes());
    }
    for number in [size, at] {
        archive.extend_from_slice(&number.to_le_bytes());
    }
    archive.extend_from_slice(&[0; 2]);
    archive
}
