//! Rows cut out of windows: where they stand if they have no quote, by `csv-core` if they have.

use std::io::Read;

use super::lines::{Lines, Regular};
use super::marks::Marks;
use super::text::{LONGEST, Text};
use crate::ingest::table::{Broken, Fields};

/// What is cut out of a window.
pub(super) enum Given<'a> {
    /// One row, or what is wrong with it.
    Row(Result<Cut<'a>, Broken>),
    /// Rows that are nothing but their fields, as many as the header has.
    Lines(Lines<'a>),
}

/// So many bytes are cut row by row where the next row is not a regular one, before several are tried again.
const ALONE: usize = 1 << 12;

/// A row cut into fields.
pub(super) struct Cut<'a> {
    pub(super) line: u64,
    pub(super) text: &'a str,
    pub(super) ends: &'a [u32],
}

impl<'a> Cut<'a> {
    /// Its fields.
    pub(super) fn fields(&self) -> Vec<&'a str> {
        let fields = Fields::Cut { text: self.text, from: 0, ends: self.ends };
        (0..self.ends.len()).map(|at| fields.get(at)).collect()
    }
}

/// Cuts rows out of windows.
pub(super) struct Cutter {
    delimiter: u8,
    line_end: u8,
    /// Lines that lie behind.
    pub(super) line: u64,
    /// Columns of the header; 0 before it is known.
    pub(super) columns: usize,
    regular: Regular,
    quoted: csv_core::Reader,
    /// Text and cuts of a row that has quotes, or that is not UTF-8.
    scratch: Vec<u8>,
    decoded: String,
    ends: Vec<u32>,
    long_ends: Vec<usize>,
    quoted_line: u64,
    /// First line and number of rows that are not UTF-8.
    foreign: Option<(u64, u64)>,
}

/// What became of a row with quotes.
enum Quoted {
    /// So many bytes were one row.
    Row(usize),
    /// The window ends in it.
    Unfinished,
    /// Its quote is not closed: it would swallow the lines up to this one.
    Open(u64),
}

impl Cutter {
    /// Cuts at a delimiter and a line end.
    pub(super) fn new(delimiter: u8, line_end: u8) -> Self {
        let quoted = csv_core::ReaderBuilder::new()
            .delimiter(delimiter)
            .terminator(csv_core::Terminator::Any(line_end))
            .build();
        Self {
            delimiter,
            line_end,
            line: 0,
            columns: 0,
            regular: Regular::default(),
            quoted,
            scratch: Vec::new(),
            decoded: String::new(),
            ends: Vec::new(),
            long_ends: Vec::new(),
            quoted_line: 0,
            foreign: None,
        }
    }

    /// Gives rows to `each` until the text ends or `each` has enough.
    pub(super) fn run<R: Read>(
        &mut self,
        text: &mut Text<R>,
        each: &mut impl FnMut(Given<'_>) -> bool,
    ) -> std::io::Result<()> {
        loop {
            let (used, go_on) = self.cut_window(text.window(), text.ended, each);
            text.from += used;
            if !go_on || (text.ended && text.from == text.to) {
                return Ok(());
            }
            if !text.ended {
                text.more()?;
            }
        }
    }

    /// Cuts the whole rows of a window, at its end also the last one; returns the bytes that were used.
    fn cut_window(
        &mut self,
        window: &[u8],
        last: bool,
        each: &mut impl FnMut(Given<'_>) -> bool,
    ) -> (usize, bool) {
        let mut begin = 0;
        // Checked at once, since a row is too short for the check to get into its stride.
        let known = known_text(window);
        // From here on several rows may be cut at once.
        let mut together = 0;
        'rows: while begin < window.len() {
            if begin >= together {
                let marks = [self.delimiter, self.line_end, b'"'];
                if let Some((lines, used)) = self.regular.cut(marks, known, begin, self.columns, self.line) {
                    begin += used;
                    self.line += lines.len() as u64;
                    if !each(Given::Lines(lines)) {
                        return (begin, false);
                    }
                    continue 'rows;
                }
                together = begin + ALONE;
            }
            self.ends.clear();
            let row = &window[begin..];
            // One search finds delimiters, line ends and quotes of all rows up to the next quoted one.
            let mut from = 0;
            for at in Marks::of([self.delimiter, self.line_end, b'"'], row) {
                let byte = row[at];
                if byte == self.line_end {
                    let text = known.get(begin + from..begin + at);
                    let go_on = self.give(&row[from..at], text, each);
                    self.ends.clear();
                    from = at + 1;
                    if !go_on {
                        return (begin + from, false);
                    }
                    if begin + from >= together {
                        begin += from;
                        continue 'rows;
                    }
                } else if byte == self.delimiter {
                    self.ends.push((at - from) as u32);
                } else if self.ends.last().map_or(at == from, |&end| at == from + end as usize + 1) {
                    begin += from;
                    match self.cut_quoted(&window[begin..], last) {
                        Quoted::Row(used) => {
                            begin += used;
                            if !self.give_scratch(each) {
                                return (begin, false);
                            }
                        }
                        Quoted::Unfinished => return (begin, true),
                        Quoted::Open(until) => {
                            begin += self.refuse_open(&window[begin..], until, each);
                        }
                    }
                    continue 'rows;
                }
            }
            begin += from;
            if !last {
                if window.len() - begin > LONGEST {
                    begin += self.refuse_open(&window[begin..], self.line + 1, each);
                    continue 'rows;
                }
                return (begin, true);
            }
            // The last row has no line end.
            if begin < window.len() {
                let row = &window[begin..];
                // To the end of the window: what is known to be text may end before.
                self.give(row, known.get(begin..window.len()), each);
            }
            return (window.len(), true);
        }
        (begin, true)
    }

    /// Gives a row without quotes whose inner cuts are in `ends`, and its text where that is known to be UTF-8.
    fn give(&mut self, row: &[u8], text: Option<&str>, each: &mut impl FnMut(Given<'_>) -> bool) -> bool {
        self.line += 1;
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        if self.ends.is_empty() && row.trim_ascii().is_empty() {
            return true;
        }
        self.ends.push(row.len() as u32);
        let text = match text {
            Some(known) => Ok(known.strip_suffix('\r').unwrap_or(known)),
            None => std::str::from_utf8(row),
        };
        match text {
            Ok(text) => each(Given::Row(Ok(Cut { line: self.line, text, ends: &self.ends }))),
            Err(_) => {
                self.scratch.clear();
                self.scratch.extend_from_slice(row);
                self.give_decoded(self.line, each)
            }
        }
    }

    /// Gives the row that lies in `scratch` with its cuts in `ends`.
    fn give_scratch(&mut self, each: &mut impl FnMut(Given<'_>) -> bool) -> bool {
        let line = self.quoted_line;
        match std::str::from_utf8(&self.scratch) {
            Ok(text) => each(Given::Row(Ok(Cut { line, text, ends: &self.ends }))),
            Err(_) => self.give_decoded(line, each),
        }
    }

    /// The same for bytes that are not UTF-8: they are read as Windows-1252, field by field.
    fn give_decoded(&mut self, line: u64, each: &mut impl FnMut(Given<'_>) -> bool) -> bool {
        let (first, n) = self.foreign.unwrap_or((line, 0));
        self.foreign = Some((first, n + 1));
        self.decoded.clear();
        let mut from = 0;
        for end in &mut self.ends {
            let field = &self.scratch[from..*end as usize];
            from = *end as usize + 1;
            self.decoded.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(field).0);
            *end = self.decoded.len() as u32;
            self.decoded.push('\n');
        }
        each(Given::Row(Ok(Cut { line, text: &self.decoded, ends: &self.ends })))
    }

    /// Reads one row with quotes into `scratch` and `ends`, one byte between fields.
    fn cut_quoted(&mut self, rest: &[u8], last: bool) -> Quoted {
        self.quoted.reset();
        self.scratch.resize(rest.len().min(LONGEST) + 1, 0);
        self.long_ends.resize(self.long_ends.len().max(64), 0);
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            // At the very end an empty input tells csv-core that nothing follows.
            let input = &rest[read..];
            let (result, i, o, e) =
                self.quoted.read_record(input, &mut self.scratch[written..], &mut self.long_ends[ended..]);
            (read, written, ended) = (read + i, written + o, ended + e);
            match result {
                csv_core::ReadRecordResult::InputEmpty if last && !input.is_empty() => {}
                csv_core::ReadRecordResult::InputEmpty if rest.len() > LONGEST => {
                    return Quoted::Open(self.line + count(self.line_end, rest));
                }
                csv_core::ReadRecordResult::InputEmpty => return Quoted::Unfinished,
                csv_core::ReadRecordResult::OutputFull => {
                    if written > LONGEST {
                        return Quoted::Open(self.line + count(self.line_end, &rest[..read]));
                    }
                    self.scratch.resize(self.scratch.len() * 2, 0);
                }
                csv_core::ReadRecordResult::OutputEndsFull => {
                    self.long_ends.resize(self.long_ends.len() * 2, 0);
                }
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => break,
            }
        }
        // Of CRLF csv-core takes the first byte for text, of the last field: before an empty one it is text of another.
        let begin = ended.checked_sub(2).map_or(0, |before| self.long_ends[before]);
        if self.line_end == b'\n' && ended > 0 && self.scratch[begin..written].ends_with(b"\r") {
            written -= 1;
            self.long_ends[ended - 1] = written;
        }
        let lines = count(self.line_end, &rest[..read]).max(u64::from(last && read == rest.len()));
        if self.swallows_rows(ended) {
            return Quoted::Open(self.line + lines);
        }
        self.quoted_line = self.line + 1;
        self.line += lines;
        self.spread(ended, written);
        Quoted::Row(read)
    }

    /// A byte between fields, as in the rows that were cut where they stand.
    fn spread(&mut self, fields: usize, written: usize) {
        self.ends.clear();
        let mut spread = Vec::with_capacity(written + fields);
        let mut from = 0;
        for &end in &self.long_ends[..fields] {
            spread.extend_from_slice(&self.scratch[from..end]);
            self.ends.push(spread.len() as u32);
            spread.push(b'\n');
            from = end;
        }
        self.scratch = spread;
    }

    /// Whether a field holds a whole row of the table: its quote was not meant to be open.
    fn swallows_rows(&self, fields: usize) -> bool {
        let mut from = 0;
        self.columns > 1
            && self.long_ends[..fields].iter().any(|&end| {
                let field = &self.scratch[from..end];
                from = end;
                let lines = field.split(|&b| b == self.line_end).skip(1);
                lines.map(|line| count(self.delimiter, line) + 1).any(|n| n >= self.columns as u64)
            })
    }

    /// Refuses the line whose quote is open; the lines after it are read as rows again.
    fn refuse_open(&mut self, rest: &[u8], until: u64, each: &mut impl FnMut(Given<'_>) -> bool) -> usize {
        let end = memchr::memchr(self.line_end, rest).unwrap_or(rest.len());
        self.line += 1;
        let reason = if until > self.line {
            format!(
                "quote not closed: it would swallow the lines up to {until}, which are read by themselves"
            )
        } else {
            format!("longer than {} KiB", LONGEST >> 10)
        };
        // What stands there is not shown: persons may be named in any column of it.
        each(Given::Row(Err(Broken { line: self.line, reason, value: String::new() })));
        (end + 1).min(rest.len())
    }

    /// What had to be decided.
    pub(super) fn notes(&self, file: &str) -> Vec<String> {
        let note = |(first, n): (u64, u64)| {
            format!(
                "{file}: {n} rows are not UTF-8 (the first in line {first}) and were read as windows-1252"
            )
        };
        self.foreign.map(note).into_iter().collect()
    }
}

/// The part of a window before the first byte that is no UTF-8; its end may also cut a character in two.
fn known_text(window: &[u8]) -> &str {
    match std::str::from_utf8(window) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&window[..e.valid_up_to()]).unwrap_or_default(),
    }
}

fn count(byte: u8, text: &[u8]) -> u64 {
    memchr::memchr_iter(byte, text).count() as u64
}
