//! The bytes of a separated text, a window at a time; what its first line tells of its form.

use std::io::Read;

/// The bytes of a file, a window at a time.
pub(super) struct Text<R> {
    source: R,
    bytes: Vec<u8>,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) ended: bool,
}

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 18;

/// No row is longer: beyond this a quote was left open.
pub(super) const LONGEST: usize = 1 << 20;

impl<R: Read> Text<R> {
    /// Reads the first window.
    pub(super) fn open(source: R) -> std::io::Result<Self> {
        let mut text = Self { source, bytes: vec![0; WINDOW], from: 0, to: 0, ended: false };
        while text.to < WINDOW && !text.ended {
            text.more()?;
        }
        if text.bytes.starts_with(b"\xef\xbb\xbf") {
            text.from = 3;
        }
        Ok(text)
    }

    /// What is read and not used yet.
    pub(super) fn window(&self) -> &[u8] {
        &self.bytes[self.from..self.to]
    }

    /// Reads on; what is not used yet stays.
    pub(super) fn more(&mut self) -> std::io::Result<()> {
        if self.from > 0 {
            self.bytes.copy_within(self.from..self.to, 0);
            (self.to, self.from) = (self.to - self.from, 0);
        }
        if self.to == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.bytes[self.to..]) {
                Ok(n) => {
                    self.to += n;
                    self.ended = n == 0;
                    return Ok(());
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// A carriage return where no line feed is to be seen.
    pub(super) fn line_end(&self) -> u8 {
        let has = |end| memchr::memchr(end, self.window()).is_some();
        if !has(b'\n') && has(b'\r') { b'\r' } else { b'\n' }
    }

    /// What separates the fields of the first line: what a line `sep=;` says, else the commonest candidate outside quotes.
    pub(super) fn delimiter(&mut self) -> u8 {
        if let [b's', b'e', b'p', b'=', delimiter, b'\r' | b'\n', ..] = *self.window() {
            let line = self.window().iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(0);
            self.from += line + 1;
            return delimiter;
        }
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0), (b'^', 0), (b'~', 0)];
        let mut quoted = false;
        for &byte in self.window().iter().take_while(|&&b| b != b'\n' && b != b'\r') {
            quoted ^= byte == b'"';
            if let Some(count) = counts.iter_mut().find(|(d, _)| *d == byte && !quoted) {
                count.1 += 1;
            }
        }
        counts.iter().rev().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > 0).map_or(b',', |(d, _)| *d)
    }
}
