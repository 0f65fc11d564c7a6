//! Separated text to rows: any delimiter, any line end, UTF-8 or Windows-1252, in one pass over the bytes.
//!
//! Rows without a quote, nearly all, are cut where they stand in the buffer; a row with one is given to `csv-core`.

use std::io::Read;

use super::table::{Broken, Fields, Header, Row};

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// Nothing in it.
    #[error("`{file}` is empty; a header line is needed")]
    Empty {
        /// The file.
        file: String,
    },
    /// The first row cannot be read.
    #[error("the header of `{file}` cannot be read: {reason}")]
    Header {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The disk refused, or the file is compressed and broken.
    #[error("cannot read `{file}` beyond line {line}")]
    Read {
        /// The file.
        file: String,
        /// The last line that was read.
        line: u64,
        /// Why.
        source: std::io::Error,
    },
}

/// What a layout says of a file's form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<'a> {
    /// What separates the fields; found in the first line where it is not given.
    pub delimiter: Option<u8>,
    /// Names of the columns, where the file has no line for them.
    pub names: Option<&'a [String]>,
}

/// Reads a table. `begin` is given the header and returns what `each` works on.
///
/// Returns that state, and a note for everything that had to be decided.
///
/// # Errors
///
/// [`CsvError`] if there is no header or the bytes end in an error; `begin`'s own error if it cannot
/// use the header. Bad rows go to `each` as [`Broken`].
pub fn read<S, E: From<CsvError>>(
    file: &str,
    source: impl Read,
    form: Form<'_>,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<(S, Vec<String>), E> {
    let failed = |line| move |source| CsvError::Read { file: file.to_owned(), line, source };
    let mut text = Text::open(source).map_err(failed(0))?;
    let delimiter = match form.delimiter {
        Some(given) => given,
        None => text.delimiter(),
    };
    let mut cutter = Cutter::new(delimiter, text.line_end());
    let mut first = None;
    let header = match form.names {
        Some(names) => Header::new(names.iter().map(String::as_str)),
        None => {
            let mut one = |row: Result<Cut<'_>, Broken>| {
                first = Some(row.map(|cut| cut.fields().iter().map(|f| (*f).to_owned()).collect::<Vec<_>>()));
                false
            };
            cutter.run(&mut text, &mut one).map_err(failed(0))?;
            match first {
                None => return Err(CsvError::Empty { file: file.to_owned() }.into()),
                Some(Err(b)) => {
                    return Err(CsvError::Header { file: file.to_owned(), reason: b.reason }.into());
                }
                Some(Ok(names)) => Header::new(names.iter().map(String::as_str)),
            }
        }
    };
    cutter.columns = header.len();
    let mut state = begin(&header)?;
    let mut one = |row: Result<Cut<'_>, Broken>| {
        match row {
            Ok(cut) if cut.ends.len() == header.len() => {
                let fields = Fields::Cut { text: cut.text, ends: cut.ends };
                each(&mut state, Ok(Row { line: cut.line, fields, point: None }));
            }
            Ok(cut) => {
                let (found, wanted) = (cut.ends.len(), header.len());
                let reason = format!("wrong number of fields: {found} where the header has {wanted}");
                each(&mut state, Err(Broken { line: cut.line, reason, value: String::new() }));
            }
            Err(broken) => each(&mut state, Err(broken)),
        }
        true
    };
    let ended = cutter.run(&mut text, &mut one);
    ended.map_err(|source| failed(cutter.line)(source))?;
    let mut notes = cutter.notes(file);
    let doubled = header.doubled();
    if !doubled.is_empty() {
        notes.push(format!(
            "{file}: columns of the same name, of which the first counts: {}",
            doubled.join(", ")
        ));
    }
    Ok((state, notes))
}

/// A row cut into fields.
struct Cut<'a> {
    line: u64,
    text: &'a str,
    ends: &'a [u32],
}

impl<'a> Cut<'a> {
    fn fields(&self) -> Vec<&'a str> {
        let fields = Fields::Cut { text: self.text, ends: self.ends };
        (0..self.ends.len()).map(|at| fields.get(at)).collect()
    }
}

/// The bytes of a file, a window at a time.
struct Text<R> {
    source: R,
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
}

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 18;

/// No row is longer: beyond this a quote was left open.
const LONGEST: usize = 1 << 20;

impl<R: Read> Text<R> {
    fn open(source: R) -> std::io::Result<Self> {
        let mut text = Self { source, bytes: vec![0; WINDOW], from: 0, to: 0, ended: false };
        while text.to < WINDOW && !text.ended {
            text.more()?;
        }
        if text.bytes.starts_with(b"\xef\xbb\xbf") {
            text.from = 3;
        }
        Ok(text)
    }

    fn window(&self) -> &[u8] {
        &self.bytes[self.from..self.to]
    }

    /// Reads on; what is not used yet stays.
    fn more(&mut self) -> std::io::Result<()> {
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
    fn line_end(&self) -> u8 {
        let has = |end| memchr::memchr(end, self.window()).is_some();
        if !has(b'\n') && has(b'\r') { b'\r' } else { b'\n' }
    }

    /// What separates the fields of the first line: what a line `sep=;` says, else the commonest candidate outside quotes.
    fn delimiter(&mut self) -> u8 {
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

/// Cuts rows out of windows.
struct Cutter {
    delimiter: u8,
    line_end: u8,
    /// Lines that lie behind.
    line: u64,
    columns: usize,
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
    fn new(delimiter: u8, line_end: u8) -> Self {
        let quoted = csv_core::ReaderBuilder::new()
            .delimiter(delimiter)
            .terminator(csv_core::Terminator::Any(line_end))
            .build();
        Self {
            delimiter,
            line_end,
            line: 0,
            columns: 0,
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
    fn run<R: Read>(
        &mut self,
        text: &mut Text<R>,
        each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool,
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
        each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool,
    ) -> (usize, bool) {
        let mut begin = 0;
        'rows: while begin < window.len() {
            self.ends.clear();
            let row = &window[begin..];
            // One search finds delimiters, line ends and quotes of all rows up to the next quoted one.
            let mut from = 0;
            for at in memchr::memchr3_iter(self.delimiter, self.line_end, b'"', row) {
                let byte = row[at];
                if byte == self.line_end {
                    let go_on = self.give(&row[from..at], each);
                    self.ends.clear();
                    from = at + 1;
                    if !go_on {
                        return (begin + from, false);
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
                self.give(row, each);
            }
            return (window.len(), true);
        }
        (begin, true)
    }

    /// Gives a row without quotes whose inner cuts are in `ends`.
    fn give(&mut self, row: &[u8], each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool) -> bool {
        self.line += 1;
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        if self.ends.is_empty() && row.trim_ascii().is_empty() {
            return true;
        }
        self.ends.push(row.len() as u32);
        match std::str::from_utf8(row) {
            Ok(text) => each(Ok(Cut { line: self.line, text, ends: &self.ends })),
            Err(_) => {
                self.scratch.clear();
                self.scratch.extend_from_slice(row);
                self.give_decoded(self.line, each)
            }
        }
    }

    /// Gives the row that lies in `scratch` with its cuts in `ends`.
    fn give_scratch(&mut self, each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool) -> bool {
        let line = self.quoted_line;
        match std::str::from_utf8(&self.scratch) {
            Ok(text) => each(Ok(Cut { line, text, ends: &self.ends })),
            Err(_) => self.give_decoded(line, each),
        }
    }

    /// The same for bytes that are not UTF-8: they are read as Windows-1252, field by field.
    fn give_decoded(&mut self, line: u64, each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool) -> bool {
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
        each(Ok(Cut { line, text: &self.decoded, ends: &self.ends }))
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
        // Of CRLF csv-core takes the first byte for text.
        if self.line_end == b'\n' && ended > 0 && self.scratch[..written].ends_with(b"\r") {
            written -= 1;
            self.long_ends[ended - 1] = self.long_ends[ended - 1].min(written);
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
    fn refuse_open(
        &mut self,
        rest: &[u8],
        until: u64,
        each: &mut impl FnMut(Result<Cut<'_>, Broken>) -> bool,
    ) -> usize {
        let end = memchr::memchr(self.line_end, rest).unwrap_or(rest.len());
        self.line += 1;
        let value: String = String::from_utf8_lossy(&rest[..end.min(400)]).chars().take(80).collect();
        let reason = if until > self.line {
            format!(
                "quote not closed: it would swallow the lines up to {until}, which are read by themselves"
            )
        } else {
            format!("longer than {} KiB", LONGEST >> 10)
        };
        each(Err(Broken { line: self.line, reason, value }));
        (end + 1).min(rest.len())
    }

    fn notes(&self, file: &str) -> Vec<String> {
        let note = |(first, n): (u64, u64)| {
            format!(
                "{file}: {n} rows are not UTF-8 (the first in line {first}) and were read as windows-1252"
            )
        };
        self.foreign.map(note).into_iter().collect()
    }
}

fn count(byte: u8, text: &[u8]) -> u64 {
    memchr::memchr_iter(byte, text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = (Vec<Vec<String>>, Vec<String>, Vec<String>);

    fn rows_of(text: impl Read, form: Form<'_>) -> Result<Rows, CsvError> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let (_, notes) = read::<(), CsvError>(
            "t",
            text,
            form,
            |_| Ok(()),
            |(), row| match row {
                Ok(row) => {
                    good.push((0..row.fields.len()).map(|at| row.fields.get(at).to_owned()).collect());
                }
                Err(b) => bad.push(format!("{}: {}", b.line, b.reason)),
            },
        )?;
        Ok((good, bad, notes))
    }

    fn rows(text: &[u8]) -> Rows {
        rows_of(text, Form::default()).expect("a header")
    }

    /// Gives one byte at a time, so that every row lies across a border.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(1).min(to.len());
            to[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn any_delimiter_line_end_and_encoding_gives_the_same_rows() {
        let expected = vec![vec!["1".to_owned(), "é, b".to_owned()]];
        for text in [
            "a,b\n1,\"é, b\"\n".as_bytes(),
            "a,b\n\n1,\"é, b\"".as_bytes(),
            "\u{feff}a;b\r\n1;é, b\r\n".as_bytes(),
            "a\tb\r1\té, b\r".as_bytes(),
            "a\tb\r1\t\"é, b\"".as_bytes(),
            "sep=^\na^b\n1^é, b\n".as_bytes(),
            b"a|b\n1|\xe9, b\n",
            b"a,b\n1,\"\xe9, b\"\n",
        ] {
            assert_eq!(rows(text).0, expected, "{}", String::from_utf8_lossy(text));
        }
        assert!(rows(b"a|b\n1|\xe9\n").2[0].contains("windows-1252"));
        assert!(rows(b"a,a\n1,2\n").2[0].contains("the first counts: a"));
    }

    #[test]
    fn a_row_of_the_wrong_length_is_refused_with_its_line_and_the_next_is_read() {
        let (good, bad, _) = rows(b"a,b\n1,2,3\n\n4,5\n6\n");
        assert_eq!(good, [["4", "5"]]);
        assert_eq!(bad[0], "2: wrong number of fields: 3 where the header has 2");
        assert!(bad[1].starts_with("5: "), "{bad:?}");
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_line_and_no_other() {
        let (good, bad, _) = rows(b"a,b\n1,\"x\n3,4\n5,6\n");
        assert_eq!(good, [["3", "4"], ["5", "6"]]);
        assert!(
            bad.len() == 1 && bad[0].starts_with("2: quote not closed") && bad[0].contains("up to 4"),
            "{bad:?}"
        );
        // A second stray quote closes it again, in the wrong place.
        let (good, bad, _) = rows(b"a,b\n1,\"x\n3,4\n5,y\"\n7,8\n");
        assert_eq!(good, [["3", "4"], ["5", "y\""], ["7", "8"]]);
        assert_eq!(bad.len(), 1);
        // A field of two lines that is meant so stays.
        assert_eq!(rows(b"a,b\n1,\"x\ny\"\n2,z\n").0, [["1", "x\ny"], ["2", "z"]]);
        // In the middle of a field a quote is a letter: 5" is five inches.
        assert_eq!(
            rows(b"a,b\n1,5\" pipe\n2,\"say \"\"no\"\"\"\n").0,
            [["1", "5\" pipe"], ["2", "say \"no\""]]
        );
    }

    #[test]
    fn rows_are_the_same_however_the_bytes_arrive() {
        let text = "a,b,c\n1,\"é, \"\"b\"\"\",\n2,x,\"multi\nline\"\r\n\r\n3,\"\",last";
        let whole = rows(text.as_bytes());
        assert_eq!(whole.0, [["1", "é, \"b\"", ""], ["2", "x", "multi\nline"], ["3", "", "last"]]);
        assert_eq!(rows_of(Drops(text.as_bytes()), Form::default()).expect("a header"), whole);
        let mut long = "a,b,c\n".to_owned();
        (0..60_000).for_each(|n| long.push_str(&format!("{n},\"two, words\",{n}\n{n},plain,x\n")));
        let (good, bad, _) = rows(long.as_bytes());
        assert_eq!((good.len(), bad.len(), &good[119_999][0][..]), (120_000, 0, "59999"));
    }

    #[test]
    fn lines_are_counted_through_quotes_and_blanks() {
        let (_, bad, _) = rows(b"a,b\n1,\"x\ny\"\n\n4\n");
        assert_eq!(bad, ["5: wrong number of fields: 1 where the header has 2"]);
    }

    #[test]
    fn a_file_without_a_header_line_takes_its_names_from_the_layout() {
        let names = ["id".to_owned(), "x".to_owned()];
        let form = Form { names: Some(&names), delimiter: Some(b':') };
        assert_eq!(rows_of(&b"1:2\n3:4"[..], form).expect("names given").0, [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn an_empty_file_is_an_error_and_a_line_without_end_is_refused() {
        for text in [&b""[..], b"\n\n", b"\xef\xbb\xbf"] {
            assert!(matches!(rows_of(text, Form::default()), Err(CsvError::Empty { .. })), "{text:?}");
        }
        let mut text = b"a,b\n1,".to_vec();
        text.resize(3 << 20, b'x');
        text.extend(b"\n2,3\n");
        let (good, bad, _) = rows(&text);
        assert_eq!(good, [["2", "3"]]);
        assert!(bad[0].contains("longer than 1024 KiB"), "{bad:?}");
    }
}
