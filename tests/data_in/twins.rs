//! One file of incidents in every form that it can have is the same incidents.

use crate::common;

use std::collections::BTreeMap;

use common::repository;
use encoding_rs::WINDOWS_1252;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::ledger::resolve;
use hotblocks::model::report::{Place, Sign};

/// What is told of one report: id and sign, time, class, address, place.
type Told = ((String, bool), (i64, u32), String, String, Option<(f64, f64)>);

/// Reports and incidents of a file, in an order that no file gives.
#[derive(Debug)]
struct Read {
    reports: Vec<Told>,
    /// Id, classes and number of reports of each incident.
    incidents: BTreeMap<String, (Vec<String>, u32)>,
    cancelled: usize,
    unmatched: usize,
}

fn read(name: &str, input: Input) -> Read {
    let layout = std::fs::read_to_string(repository("fixtures/twins/layout.toml")).expect("committed");
    let options = Options { layout: Some(("layout.toml".to_owned(), layout)), ..Options::default() };
    let (ledger, account) =
        incidents::read(&[input], &options, &|| ()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!((account.read, account.kept), (200, 200), "{name}: {:?}", account.refused);
    let code = |class| ledger.classes.get(class).code.clone();
    let told = |at: usize| {
        let report = ledger.reports.get(at);
        let place = match report.place {
            Place::At(at) => Some((at.lon(), at.lat())),
            Place::Missing | Place::Withheld => None,
        };
        let id = (report.id.unwrap_or_default().to_owned(), report.sign == Sign::TakesBack);
        let address = report.address.unwrap_or_default().to_owned();
        (id, (report.when.from, report.when.seconds), code(report.class), address, place)
    };
    let mut reports: Vec<Told> = (0..ledger.reports.len()).map(told).collect();
    reports.sort_by(|a, b| a.0.cmp(&b.0));
    let (events, resolution) = resolve(&ledger);
    let event = |event: hotblocks::model::events::Event<'_>| {
        let classes = event.classes.iter().map(|&class| code(class)).collect();
        (ledger.reports.id(event.told_by).unwrap_or_default().to_owned(), (classes, event.reports))
    };
    let incidents = events.iter().map(event).collect();
    Read { reports, incidents, cancelled: resolution.cancelled, unmatched: resolution.unmatched.len() }
}

fn plain() -> String {
    std::fs::read_to_string(repository("fixtures/twins/twins.csv")).expect("committed")
}

fn expected() -> Read {
    let read = read("twins.csv", Input::of("twins.csv", plain().into_bytes()).expect("a table"));
    // Of 200 rows nine are taken back by nine, and one correction matches nothing.
    assert_eq!((read.incidents.len(), read.cancelled, read.unmatched), (181, 9, 1));
    assert!(read.reports.iter().any(|told| told.3 == "102 House of \"Señor\" O’Neil"), "{:?}", read.reports);
    assert_eq!(read.reports.iter().filter(|told| told.4.is_none()).count(), 17);
    read
}

/// A ten-millionth of a degree, 1 cm.
const NEAR: f64 = 1e-7;

fn check(name: &str, input: Input, expected: &Read) {
    let found = read(name, input);
    for (a, b) in found.reports.iter().zip(&expected.reports) {
        assert_eq!((&a.0, &a.1, &a.2, &a.3), (&b.0, &b.1, &b.2, &b.3), "{name}");
        let near = match (a.4, b.4) {
            (Some(a), Some(b)) => (a.0 - b.0).abs() <= NEAR && (a.1 - b.1).abs() <= NEAR,
            (a, b) => a == b,
        };
        assert!(near, "{name}: {a:?} is not {b:?}");
    }
    assert_eq!(found.incidents, expected.incidents, "{name}");
    assert_eq!((found.cancelled, found.unmatched), (expected.cancelled, expected.unmatched), "{name}");
}

/// The table anew: its columns in an order, with a delimiter and a line end.
fn table(columns: &[usize], delimiter: u8, end: csv::Terminator) -> Vec<u8> {
    let text = plain();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).terminator(end).from_writer(Vec::new());
    for row in rows.records() {
        let row = row.expect("a row");
        out.write_record(columns.iter().map(|&at| &row[at])).expect("written");
    }
    out.into_inner().expect("flushed")
}

const AS_IT_IS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const LF: csv::Terminator = csv::Terminator::Any(b'\n');

#[test]
fn line_ends_delimiters_and_the_order_of_columns_change_nothing() {
    let expected = expected();
    let of = |bytes: Vec<u8>| Input::of("twin.csv", bytes).expect("a table");
    check("CRLF", of(table(&AS_IT_IS, b',', csv::Terminator::CRLF)), &expected);
    check("CR", of(table(&AS_IT_IS, b',', csv::Terminator::Any(b'\r'))), &expected);
    for delimiter in *b",;\t|^~" {
        check(&format!("by {}", delimiter as char), of(table(&AS_IT_IS, delimiter, LF)), &expected);
    }
    for columns in [[7, 6, 5, 4, 3, 2, 1, 0], [3, 1, 4, 0, 5, 2, 6, 7]] {
        check(&format!("{columns:?}"), of(table(&columns, b',', LF)), &expected);
    }
    let mut said = b"sep=;\r\n".to_vec();
    said.extend(table(&AS_IT_IS, b';', csv::Terminator::CRLF));
    check("sep=;", of(said), &expected);
}

#[test]
fn encodings_change_nothing() {
    let expected = expected();
    let text = plain();
    let marked = |mark: &[u8], units: &dyn Fn(u16) -> [u8; 2]| {
        mark.iter().copied().chain(text.encode_utf16().flat_map(units)).collect::<Vec<u8>>()
    };
    let (windows, _, lossy) = WINDOWS_1252.encode(&text);
    assert!(!lossy, "Windows-1252 has all its letters");
    for (name, bytes) in [
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
        ("Windows-1252", windows.into_owned()),
        ("UTF-16LE", marked(b"\xff\xfe", &u16::to_le_bytes)),
        ("UTF-16BE", marked(b"\xfe\xff", &u16::to_be_bytes)),
    ] {
        check(name, Input::of("twin.csv", bytes).expect("a table"), &expected);
    }
}

#[test]
fn packed_twins_and_those_of_other_formats_are_the_same_incidents() {
    let expected = expected();
    let folder = std::fs::read_dir(repository("fixtures/twins")).expect("committed").flatten();
    let mut names: Vec<String> =
        folder.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("twins") && name != "twins.csv");
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        let input = Input::at(&repository("fixtures/twins").join(&name)).unwrap_or_else(|e| panic!("{e}"));
        check(&name, input, &expected);
    }
}
