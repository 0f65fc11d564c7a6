//! dBASE tables as they lie beside shapefiles, as text and by position.
//!
//! The readers at hand parse every column and pass over deleted rows without a word: a malformed age would refuse a
//! row that nobody asks the age of, and after a deleted row every shape would get the attributes of its neighbor.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// A table: names of the columns and, by position, rows that may be deleted.
#[derive(Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    columns: Vec<Column>,
    first: usize,
    width: usize,
    rows: usize,
    encoding: &'static Encoding,
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: u8,
    from: usize,
    width: usize,
}

/// Why bytes are no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbfError {
    /// The header does not hold together.
    #[error("its header is broken")]
    Header,
    /// Fewer bytes than the header announces.
    #[error("it ends after {there} of {announced} rows")]
    Truncated {
        /// Rows that are there.
        there: usize,
        /// Rows that the header announces.
        announced: usize,
    },
}

impl<'a> Table<'a> {
    /// Reads the header; rows are read when they are asked for. The encoding is for text that is not UTF-8.
    pub(super) fn open(bytes: &'a [u8], encoding: &'static Encoding) -> Result<Self, DbfError> {
        let u16_at =
            |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
        let rows = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let (Some(rows), Some(first), Some(width)) = (rows, u16_at(8), u16_at(10)) else {
            return Err(DbfError::Header);
        };
        let mut columns = Vec::new();
        let (mut at, mut from) = (32, 1);
        while bytes.get(at).is_some_and(|&b| b != 0x0d) {
            let field = bytes.get(at..at + 32).ok_or(DbfError::Header)?;
            let name = field[..11].split(|&b| b == 0).next().unwrap_or_default();
            let column = Column {
                name: text(name, encoding).trim().to_owned(),
                kind: field[11],
                from,
                width: usize::from(field[16]),
            };
            from += column.width;
            // A column of no width holds nothing, and thousands of them would make much of a row of one byte.
            if column.width > 0 {
                columns.push(column);
            }
            at += 32;
        }
        if columns.is_empty() || width != from || first <= at {
            return Err(DbfError::Header);
        }
        let there = bytes.len().saturating_sub(first) / width;
        let announced = rows as usize;
        if there < announced {
            return Err(DbfError::Truncated { there, announced });
        }
        Ok(Self { bytes, columns, first, width, rows: announced, encoding })
    }

    /// How many rows there are, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The values of a row as text; `None` if it is deleted.
    pub(super) fn row(&self, at: usize) -> Option<Vec<Cow<'a, str>>> {
        let begin = self.first + at * self.width;
        let row = &self.bytes[begin..begin + self.width];
        let value = |column: &Column| {
            let raw = &row[column.from..column.from + column.width];
            match (column.kind, raw.try_into()) {
                (b'I', Ok(number)) => Cow::Owned(i32::from_le_bytes(number).to_string()),
                // Zeros for a day and stars for a number say that there is none.
                (b'D', _) if raw.iter().all(|&b| b == b'0') => Cow::Borrowed(""),
                (b'D', _) if raw.len() == 8 && raw.iter().all(u8::is_ascii_digit) => {
                    let date = text(raw, self.encoding);
                    Cow::Owned(format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))
                }
                (b'N' | b'F', _) if raw.iter().all(|&b| b == b'*') => Cow::Borrowed(""),
                (b'N' | b'F', _) => text(raw.trim_ascii_start(), self.encoding),
                _ => text(raw, self.encoding),
            }
        };
        (row[0] != b'*').then(|| self.columns.iter().map(value).collect())
    }
}

/// The encoding that a `.cpg` names (`UTF-8`, `ISO-8859-2`, `ANSI 1250`, `1252`); Windows-1252 if it names none.
pub(super) fn encoding(cpg: &[u8]) -> &'static Encoding {
    let text = String::from_utf8_lossy(cpg);
    let name = text.trim();
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let pages = [name.to_owned(), format!("windows-{digits}")];
    pages.iter().find_map(|label| Encoding::for_label(label.as_bytes())).unwrap_or(encoding_rs::WINDOWS_1252)
}

/// UTF-8, or else the encoding that is named: files seldom say, and say it wrongly.
fn text<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    let bytes = bytes.trim_ascii_end();
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text.trim_end_matches('\0')),
        Err(_) => encoding.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    /// Two columns, `NAME` of 5 characters and a date, and so many rows.
    fn table(rows: &[&[u8; 14]]) -> Vec<u8> {
        let mut bytes = vec![3, 26, 1, 1];
        bytes.extend((rows.len() as u32).to_le_bytes());
        bytes.extend((32 + 64 + 1u16).to_le_bytes());
        bytes.extend(14u16.to_le_bytes());
        bytes.resize(32, 0);
        for (name, kind, width) in [("NAME", b'C', 5), ("DAY", b'D', 8)] {
            let mut field = [0u8; 32];
            field[..name.len()].copy_from_slice(name.as_bytes());
            (field[11], field[16]) = (kind, width);
            bytes.extend(field);
        }
        bytes.push(0x0d);
        rows.iter().for_each(|row| bytes.extend(*row));
        bytes
    }

    #[test]
    fn a_deleted_row_keeps_its_position() {
        let bytes = table(&[b" first20180102", b"*gone 20180102", b" caf\xe9 20180103"]);
        let table = Table::open(&bytes, WINDOWS_1252).expect("a table");
        assert_eq!(table.names().collect::<Vec<_>>(), ["NAME", "DAY"]);
        assert_eq!(table.len(), 3);
        assert_eq!(table.row(1), None);
        assert_eq!(table.row(2).expect("there"), ["café", "2018-01-03"]);
    }

    #[test]
    fn a_column_without_width_is_none() {
        let mut bytes = table(&[b" first20180102"]);
        let mut empty = [0u8; 32];
        empty[..4].copy_from_slice(b"NONE");
        bytes.splice(32..32, empty);
        bytes[8..10].copy_from_slice(&(32 + 96 + 1u16).to_le_bytes());
        let table = Table::open(&bytes, WINDOWS_1252).expect("a table");
        assert_eq!(table.names().collect::<Vec<_>>(), ["NAME", "DAY"]);
        assert_eq!(table.row(0).expect("there"), ["first", "2018-01-02"]);
    }

    #[test]
    fn a_table_that_ends_early_says_so() {
        let whole = table(&[b" first20180102", b" next 20180102"]);
        let error = Table::open(&whole[..whole.len() - 3], WINDOWS_1252).expect_err("cut");
        assert_eq!(error, DbfError::Truncated { there: 1, announced: 2 });
        assert_eq!(Table::open(&whole[..20], WINDOWS_1252).expect_err("cut"), DbfError::Header);
        assert_eq!(Table::open(b"", WINDOWS_1252).expect_err("empty"), DbfError::Header);
    }

    #[test]
    fn text_that_is_not_utf8_is_in_the_encoding_that_the_cpg_names() {
        for (cpg, expected) in
            [("", "Å"), ("1250\n", "Ĺ"), ("ANSI 1251", "Е"), ("ISO-8859-2", "Ĺ"), ("nonsense", "Å")]
        {
            assert_eq!(text(b"\xc5", encoding(cpg.as_bytes())), expected, "{cpg}");
        }
        assert_eq!(text("é".as_bytes(), encoding(b"1250")), "é");
    }
}
