//! Separated text to rows: any delimiter, any line end, UTF-8 or Windows-1252, in one pass over the bytes.
//!
//! Rows without a quote, nearly all, are cut where they stand in the buffer; a row with one is given to `csv-core`.

mod cutter;
mod lines;
mod marks;
mod text;

use std::io::Read;

use cutter::{Cutter, Given};
pub use lines::Lines;
use text::Text;

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

/// What a table is read to.
#[derive(Debug)]
pub enum Rows<'a> {
    /// One row, or what is wrong with it.
    One(Result<Row<'a>, Broken>),
    /// Several that follow each other.
    Lines(Lines<'a>),
}

/// Reads a table row by row, as [`read_lines`] does.
///
/// # Errors
///
/// As [`read_lines`].
pub fn read<S, E: From<CsvError>>(
    file: &str,
    source: impl Read,
    form: Form<'_>,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<(S, Vec<String>), E> {
    read_lines(file, source, form, begin, |state, rows| match rows {
        Rows::One(row) => each(state, row),
        Rows::Lines(lines) => lines.rows().for_each(|row| each(state, Ok(row))),
    })
}

/// Reads a table. `begin` is given the header and returns what `each` works on.
///
/// Returns that state, and a note for everything that had to be decided.
///
/// # Errors
///
/// [`CsvError`] if there is no header or the bytes end in an error; `begin`'s own error if it cannot
/// use the header. Bad rows go to `each` as [`Broken`].
pub fn read_lines<S, E: From<CsvError>>(
    file: &str,
    source: impl Read,
    form: Form<'_>,
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Rows<'_>),
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
            let mut one = |given: Given<'_>| {
                let Given::Row(row) = given else { return true };
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
    let mut some = |given: Given<'_>| {
        let rows = match given {
            Given::Lines(lines) => Rows::Lines(lines),
            Given::Row(Ok(cut)) if cut.ends.len() == header.len() => {
                let fields = Fields::Cut { text: cut.text, from: 0, ends: cut.ends };
                Rows::One(Ok(Row { line: cut.line, fields, point: None }))
            }
            Given::Row(Ok(cut)) => {
                let (found, wanted) = (cut.ends.len(), header.len());
                let reason = format!("wrong number of fields: {found} where the header has {wanted}");
                Rows::One(Err(Broken { line: cut.line, reason, value: String::new() }))
            }
            Given::Row(Err(broken)) => Rows::One(Err(broken)),
        };
        each(&mut state, rows);
        true
    };
    let ended = cutter.run(&mut text, &mut some);
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

#[cfg(test)]
mod tests {
    use super::*;

    type Table = (Vec<Vec<String>>, Vec<String>, Vec<String>);

    fn rows_of(text: impl Read, form: Form<'_>) -> Result<Table, CsvError> {
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

    fn rows(text: &[u8]) -> Table {
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
    fn a_carriage_return_before_an_empty_last_field_is_text_of_the_field_before_it() {
        for (text, last) in
            [("\"q\",W\r,\n", ["W\r", ""]), ("\"q\",W\r,\r\n", ["W\r", ""]), ("\"q\",W,x\r\n", ["W", "x"])]
        {
            let (good, bad, _) = rows(format!("a,b,c\n{text}1,2,3\n").as_bytes());
            assert_eq!((good[0][1..].to_vec(), bad), (last.map(str::to_owned).to_vec(), vec![]));
            assert_eq!(good[1], ["1", "2", "3"]);
        }
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
    fn a_last_row_without_line_end_that_is_not_utf_8_is_read_whole() {
        for text in [&b"a,b\n1,x\n2,caf\xe9"[..], b"a,b\n1,x\n\xe92,caf\xe9", b"a,b\n1,x\n2,\xe9\xe9"] {
            let (good, bad, _) = rows(text);
            assert_eq!((good.len(), bad.len()), (2, 0), "{text:?}");
            let last = encoding_rs::WINDOWS_1252.decode(&text[8..]).0.into_owned();
            assert_eq!(good[1].join(","), last);
        }
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

    #[test]
    fn rows_that_are_cut_together_are_those_that_each_would_be() {
        // Two columns, some, and more than are cut together; with either line end, and odd rows among the others.
        for (columns, rows, end) in
            [(2, 40_000, "\n"), (3, 3_000, "\r\n"), (7, 9_000, "\n"), (9_000, 9, "\n")]
        {
            let name = |n: usize, at: usize| match n % 600 {
                3 => "5\" pipe",
                _ => ["", "a", "é", " b\r", "nine letters"][(n * 7 + at * 3) % 5],
            };
            let header: Vec<String> = (0..columns).map(|at| format!("c{at}")).collect();
            let mut text = header.join(",");
            let (mut good, mut bad, mut line) = (Vec::new(), Vec::new(), 1);
            for n in 0..rows {
                text.push_str(end);
                line += 1;
                let fields: Vec<String> = (0..columns).map(|at| format!("{n}{}", name(n, at))).collect();
                match n % 1_009 {
                    500 => {
                        text.push('1');
                        bad.push(format!("{line}: wrong number of fields: 1 where the header has {columns}"));
                    }
                    // A blank line, then one with a quoted line end.
                    700 => text.push_str("  "),
                    701 => {
                        text.push_str(&format!("\"x{end}y\"{}", ",".repeat(columns - 1)));
                        good.push((line, format!("x{end}y|")));
                        line += 1;
                    }
                    _ => {
                        text.push_str(&fields.join(","));
                        // A carriage return before the line end belongs to it.
                        let last = fields[columns - 1].strip_suffix('\r').filter(|_| end == "\n");
                        let last = last.unwrap_or(&fields[columns - 1]);
                        good.push((line, format!("{}|{last}", fields[0])));
                    }
                }
            }
            let (mut found, mut refused, mut together) = (Vec::new(), Vec::new(), 0);
            let mut take = |row: Row<'_>| {
                assert_eq!(row.fields.len(), columns);
                found.push((row.line, format!("{}|{}", row.fields.get(0), row.fields.get(columns - 1))));
            };
            read_lines::<(), CsvError>(
                "t",
                text.as_bytes(),
                Form::default(),
                |_| Ok(()),
                |(), rows| match rows {
                    Rows::One(Ok(row)) => take(row),
                    Rows::One(Err(b)) => refused.push(format!("{}: {}", b.line, b.reason)),
                    Rows::Lines(lines) => {
                        together += lines.len();
                        for at in [0, 1, columns - 1] {
                            let by_rows: Vec<&str> = lines.rows().map(|row| row.fields.get(at)).collect();
                            assert_eq!(lines.column(at).collect::<Vec<_>>(), by_rows);
                        }
                        lines.rows().for_each(&mut take);
                    }
                },
            )
            .expect("a header");
            let expected = if columns < 9_000 { rows / 2 } else { rows / 3 };
            assert!(together > expected, "{columns} columns: {together} of {rows}");
            assert!(found == good, "{columns} columns, {:?}", found.iter().zip(&good).find(|(a, b)| a != b));
            assert_eq!(refused, bad);
        }
    }
}
