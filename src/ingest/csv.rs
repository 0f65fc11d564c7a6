//! Separated text to rows: any of four delimiters, UTF-8 or Windows-1252, with or without a mark.

use std::borrow::Cow;

use super::table::{Broken, Header, Row};

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
    /// The header cannot be read.
    #[error("cannot read the header of `{file}`")]
    Header {
        /// The file.
        file: String,
        /// Why.
        source: csv::Error,
    },
}

/// Reads a table. `begin` is given the header and returns what `each` works on.
///
/// Returns that state, and a note where the text had to be taken as Windows-1252.
///
/// # Errors
///
/// [`CsvError`] if there is no header; `begin`'s own error if it cannot use the header. Bad rows
/// go to `each` as [`Broken`].
pub fn read<S, E: From<CsvError>>(
    file: &str,
    bytes: &[u8],
    begin: impl FnOnce(&Header) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<(S, Option<String>), E> {
    let (text, note) = decode(file, bytes);
    if text.trim().is_empty() {
        return Err(CsvError::Empty { file: file.to_owned() }.into());
    }
    let delimiter = delimiter(&text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|source| CsvError::Header { file: file.to_owned(), source })?;
    let header = Header::new(names.iter());
    let mut state = begin(&header)?;
    let mut record = csv::StringRecord::new();
    loop {
        let before = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(e) => {
                each(
                    &mut state,
                    Err(Broken {
                        line: before,
                        reason: format!("cannot be read: {e}"),
                        value: String::new(),
                    }),
                );
                continue;
            }
        }
        let line = record.position().map_or(before, csv::Position::line);
        if record.len() == 1 && record[0].trim().is_empty() {
            continue;
        }
        let next = reader.position().line();
        if let Some(broken) = swallowed(&record, &header, line, next, delimiter) {
            each(&mut state, Err(broken));
        } else if record.len() == header.len() {
            let fields: Vec<&str> = record.iter().collect();
            each(&mut state, Ok(Row { line, fields: &fields, point: None }));
        } else {
            each(&mut state, Err(wrong_length(&record, &header, line, next)));
        }
    }
    Ok((state, note))
}

/// A quoted field that holds a whole row of the table: its quote was not meant to be open.
fn swallowed(
    record: &csv::StringRecord,
    header: &Header,
    line: u64,
    next: u64,
    delimiter: u8,
) -> Option<Broken> {
    let whole_row = |text: &str| text.bytes().filter(|&b| b == delimiter).count() + 1 >= header.len();
    let column = record.iter().position(|field| field.lines().skip(1).any(whole_row))?;
    let value = record[column].lines().next().unwrap_or_default().chars().take(80).collect();
    let last = next.saturating_sub(1).max(line + record[column].lines().count() as u64 - 1);
    let reason = format!("quote not closed: it swallows the lines {} to {last}", line + 1);
    (header.len() > 1).then_some(Broken { line, reason, value })
}

fn wrong_length(record: &csv::StringRecord, header: &Header, line: u64, next: u64) -> Broken {
    let swallowed = if next > line + 1 {
        format!("; a quote that is not closed may have swallowed the lines up to {}", next - 1)
    } else {
        String::new()
    };
    Broken {
        line,
        reason: format!(
            "wrong number of fields: {} where the header has {}{swallowed}",
            record.len(),
            header.len()
        ),
        value: String::new(),
    }
}

/// The text without its byte-order mark; bytes that are not UTF-8 are read as Windows-1252.
fn decode<'a>(file: &str, bytes: &'a [u8]) -> (Cow<'a, str>, Option<String>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(e) => {
            let (text, encoding, _) = encoding_rs::WINDOWS_1252.decode(bytes);
            let note = format!("{file}: not UTF-8 at byte {}, read as {}", e.valid_up_to(), encoding.name());
            (text, Some(note))
        }
    }
}

/// The commonest of comma, semicolon, tab and bar in the first line, outside quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in text.bytes().take_while(|&b| b != b'\n' && b != b'\r') {
        quoted ^= byte == b'"';
        if let Some(count) = counts.iter_mut().find(|(d, _)| *d == byte && !quoted) {
            count.1 += 1;
        }
    }
    counts.iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(d, _)| *d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> (Vec<Vec<String>>, Vec<String>, Option<String>) {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let (_, note) = read::<(), CsvError>(
            "t",
            text,
            |_| Ok(()),
            |(), row| match row {
                Ok(row) => good.push(row.fields.iter().map(|&f| f.to_owned()).collect()),
                Err(b) => bad.push(format!("{}: {}", b.line, b.reason)),
            },
        )
        .expect("a header");
        (good, bad, note)
    }

    #[test]
    fn any_delimiter_line_end_and_encoding_gives_the_same_rows() {
        let expected = vec![vec!["1".to_owned(), "é, b".to_owned()]];
        for text in [
            "a,b\n1,\"é, b\"\n".as_bytes(),
            "\u{feff}a;b\r\n1;é, b\r\n".as_bytes(),
            "a\tb\r1\té, b\r".as_bytes(),
            b"a|b\n1|\xe9, b\n",
        ] {
            assert_eq!(rows(text).0, expected, "{}", String::from_utf8_lossy(text));
        }
        assert!(rows(b"a|b\n1|\xe9\n").2.expect("a note").contains("windows-1252"));
    }

    #[test]
    fn a_row_of_the_wrong_length_is_refused_with_its_line_and_the_next_is_read() {
        let (good, bad, _) = rows(b"a,b\n1,2,3\n4,5\n");
        assert_eq!(good, [["4", "5"]]);
        assert_eq!(bad, ["2: wrong number of fields: 3 where the header has 2"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_in_the_last_column_swallows_no_row_in_silence() {
        let (good, bad, _) = rows(b"a,b\n1,\"x\n3,4\n5,6\n");
        assert!(good.is_empty());
        assert!(bad[0].starts_with("2: quote not closed") && bad[0].contains("3 to 4"), "{bad:?}");
        // A second stray quote closes it again, in the wrong place.
        let (good, bad, _) = rows(b"a,b\n1,\"x\n3,4\n5,y\"\n7,8\n");
        assert_eq!((good, bad.len()), (vec![vec!["7".to_owned(), "8".to_owned()]], 1));
        // A line break that was meant stays.
        assert_eq!(rows(b"a,b\n1,\"x\ny\"\n").0, [["1", "x\ny"]]);
    }

    #[test]
    fn an_unclosed_quote_says_what_it_swallowed() {
        let (good, bad, _) = rows(b"a,b\n\"1,2\n3,4\n5,6\n");
        assert!(good.is_empty());
        assert!(bad[0].starts_with("2: ") && bad[0].contains("to 4"), "{bad:?}");
    }
}
