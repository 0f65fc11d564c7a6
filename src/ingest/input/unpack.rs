//! Readers between the disk and the formats: a bound on what is unpacked, UTF-16 as UTF-8.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};

use super::{Input, Packing, Place};

/// What a packed file may unpack to, unless said otherwise: 4 GiB.
pub const UNPACKED_LIMIT: u64 = 4 << 30;

/// A reader that fails where a packed file gives more than its bound, so that a bomb does not fill the memory.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) left: u64,
    pub(super) limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let limit = self.limit;
            io::Error::other(format!(
                "it unpacks to more than {limit} bytes; unpack it yourself if it is sound"
            ))
        })?;
        Ok(read)
    }
}

/// The encoding that a byte-order mark names, where it is UTF-16.
pub(super) fn utf16(prefix: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(prefix).map(|(encoding, _)| encoding).filter(|e| *e != encoding_rs::UTF_8)
}

/// Text in another encoding, as UTF-8 without a byte-order mark.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, raw: vec![0; 1 << 14], text: Vec::new(), given: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let read = self.inner.read(&mut self.raw)?;
        self.ended = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * self.raw.len());
        self.text.resize(room.max(16), 0);
        let (result, _, written, _) =
            self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.ended);
        if matches!(result, CoderResult::OutputFull) {
            return Err(io::Error::other("text that cannot be decoded"));
        }
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.refill()?;
        }
        let rest = &self.text[self.given..];
        let given = rest.len().min(buffer.len());
        buffer[..given].copy_from_slice(&rest[..given]);
        self.given += given;
        Ok(given)
    }
}

impl Input {
    /// How many bytes it has, where that is known without reading it: a file on the disk that is not packed.
    pub(in crate::ingest) fn size(&self) -> Option<u64> {
        match (&self.packing, &self.place) {
            (Packing::Plain, Place::Disk(path)) => std::fs::metadata(path).ok().map(|about| about.len()),
            _ => None,
        }
    }
}
