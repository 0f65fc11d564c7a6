//! Separated text of any bytes, packed or not, by the layouts that ship and by others.

use std::io::Read;

use hotblocks::ingest::csv::{self, CsvError, Form};
use hotblocks::ingest::incidents::Options;
use hotblocks::ingest::input::Input;
use hotblocks::ingest::table::{Broken, Row};
use hotblocks::space::crs::Crs;

use super::{bytes, incidents, speaks};

/// Layouts that fit more headers than those that ship, with every rule that a layout can have.
const LAYOUTS: [&str; 3] =
    [include_str!("layouts/any.toml"), include_str!("layouts/bare.toml"), include_str!("layouts/parts.toml")];

/// What a reader takes in at a time: `csv::read` looks at the first window as a whole.
const WINDOW: usize = 1 << 18;

/// The first byte says how the text is packed, the second how it is to be read.
pub fn check(data: &[u8]) {
    let [packing, reading, text @ ..] = data else { return };
    let name = ["a.csv", "a.tsv", "a", "a.csv.gz", "a.txt", "a.zip"][usize::from(packing % 6)];
    let packed = match packing / 6 % 8 {
        1 => bytes::gzip(text),
        2 => bytes::utf16(text),
        3 => bytes::zip(&[("inside.csv", text)]),
        _ => text.to_vec(),
    };
    let layout = match reading % 8 {
        at @ 0..3 => Some(("own.toml".to_owned(), LAYOUTS[usize::from(at)].to_owned())),
        _ => None,
    };
    let crs = match reading / 8 % 4 {
        0 => None,
        1 => Some("ESRI:102696"),
        2 => Some("EPSG:26996"),
        _ => Some("EPSG:27700"),
    };
    let crs = crs.map(|code| Crs::new(code).expect("PROJ knows it"));
    match Input::of(name, packed) {
        Ok(input) => drop(incidents::check(&input, &Options { source: None, crs, layout })),
        Err(error) => speaks(&error),
    }
    rows_stay(text, *reading);
}

/// The rows are the same whether the bytes come at once or in drops, and wherever a window ends.
fn rows_stay(text: &[u8], reading: u8) {
    // A reader that gives drops is asked again and again for what lies beyond the first window.
    if text.len() > WINDOW {
        return;
    }
    let whole = rows(text, None);
    let drops = rows(Drops { text, step: usize::from(reading % 7) + 1 }, None);
    assert_eq!(whole, drops, "rows in drops");
    if reading < 0xe0 {
        return;
    }
    let end = if text.contains(&b'\n') || !text.contains(&b'\r') { b'\n' } else { b'\r' };
    let delimiter = Some([b',', b';', b'\t', b'|'][usize::from(reading % 4)]);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut late = vec![b' '; WINDOW - 1 - text.len().min(WINDOW / 2) * usize::from(reading % 16) / 16];
    late.push(end);
    late.extend_from_slice(text);
    let mut moved = rows(&late[..], delimiter);
    if let Ok(rows) = &mut moved {
        rows.iter_mut().skip(1).for_each(|row| row.0 -= 1);
    }
    assert_eq!(rows(text, delimiter), moved, "rows where a window ends in them");
}

type Cells = Result<Vec<String>, String>;

/// Line by line the fields, the header without a line among them, or why they cannot be read.
fn rows(text: impl Read, delimiter: Option<u8>) -> Result<Vec<(u64, Cells)>, String> {
    let form = Form { delimiter, names: None };
    let read = csv::read(
        "a.csv",
        text,
        form,
        |header| Ok::<_, CsvError>(vec![(1, Ok(vec![header.all()]))]),
        |rows: &mut Vec<(u64, Cells)>, row: Result<Row<'_>, Broken>| {
            rows.push(match row {
                Ok(row) => {
                    let fields = (0..row.fields.len()).map(|at| row.fields.get(at).to_owned());
                    (row.line, Ok(fields.collect()))
                }
                // The reason may name a line.
                Err(broken) => (broken.line, Err(broken.value)),
            });
        },
    );
    match read {
        Ok((rows, _)) => {
            let lines: Vec<u64> = rows.iter().skip(1).map(|row| row.0).collect();
            assert!(lines.is_sorted_by(|a, b| a < b), "every row has a line of its own: {lines:?}");
            Ok(rows)
        }
        Err(error) => {
            speaks(&error);
            Err(error.to_string())
        }
    }
}

/// Bytes that come a few at a time.
struct Drops<'a> {
    text: &'a [u8],
    step: usize,
}

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.step.min(self.text.len()).min(buffer.len());
        let (now, rest) = self.text.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.text = rest;
        Ok(length)
    }
}
