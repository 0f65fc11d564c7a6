//! In which form an answer is written: by `--format`, else by the ending of `-o`, else the command's own.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use super::failure::Failure;
use super::load;
use crate::encode;
use crate::encode::format::Format;
use crate::layer::Layer;

/// Forms that only the command line has: columns for a terminal, rows without shapes.
pub(super) const TABLE: &str = "table";
const ROWS: &str = "json";

/// `--format`.
pub(super) fn arg(default: &'static str) -> Arg {
    let words = Format::ALL.map(Format::word).into_iter().chain([TABLE, ROWS]);
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(words.collect::<Vec<_>>())
        .default_value(default)
        .help_heading("Options")
        .help("How to write the answer; where it is not given the ending of -o says it")
}

/// The word of the form that holds.
pub(super) fn word(matches: &ArgMatches) -> String {
    let given = load::text(matches, "format").unwrap_or_else(|| TABLE.to_owned());
    if matches.value_source("format") == Some(ValueSource::CommandLine) {
        return given;
    }
    let ending = load::path(matches, "output")
        .and_then(|path| Some(path.extension()?.to_str()?.to_ascii_lowercase()))
        .unwrap_or_default();
    match Format::by_ending(&ending) {
        // What has no shapes where nothing else is asked for has none here.
        Some(Format::GeoJson) if ending == ROWS && given == TABLE => ROWS.to_owned(),
        Some(format) => format.word().to_owned(),
        None => given,
    }
}

/// A layer in the form that holds. Separated text has no shapes here: it is for people.
pub(super) fn written(matches: &ArgMatches, layer: &Layer) -> Result<Vec<u8>, Failure> {
    let word = word(matches);
    Ok(match Format::ALL.into_iter().find(|format| format.word() == word) {
        Some(Format::Csv) => encode::csv::rows(layer).into_bytes(),
        Some(format) => format.write(layer)?,
        None if word == ROWS => encode::json::rows(layer).into_bytes(),
        None => encode::table::table(layer).into_bytes(),
    })
}
