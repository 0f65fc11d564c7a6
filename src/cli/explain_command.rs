//! `hotblocks explain BLOCK`: why a block stands where it stands; and the addresses of `hotblocks rank --unit addresses`.

use clap::{Arg, ArgMatches, Command};
use serde_json::Value as Json;

use super::commands::Opened;
use super::failure::Failure;
use super::{flags, formats, load};
use crate::encode;
use crate::engine::View;
use crate::engine::params::explain::{BLOCK, EXPLAIN};
use crate::engine::params::table::Param;
use crate::layer::explain::Detail;
use crate::layer::explain_answer::{addresses_answer, explain_answer};
use crate::layer::{Ask, Page};

/// The command with its flags.
pub(super) fn command() -> Command {
    let block = Arg::new(BLOCK.flag)
        .value_name("BLOCK")
        .required(true)
        .help(format!("The block by its id or its name [example: {}]", BLOCK.example));
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(["table", "json", "geojson"])
        .default_value("table")
        .help("How to write the record: for people, or as data");
    let command = Command::new(EXPLAIN.command).about(EXPLAIN.help).arg(block).arg(format);
    flags::inputs(flags::with_params(command.arg(flags::answer_file()), params()))
}

fn params() -> impl Iterator<Item = &'static Param> {
    EXPLAIN.params.iter().filter(|param| **param != BLOCK)
}

/// Explains a block.
pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let mut given = flags::values(matches, params())?;
    given.set_flag(&BLOCK, &load::text(matches, BLOCK.flag).unwrap_or_default())?;
    let opened = Opened::new(matches, &given, &[&EXPLAIN])?;
    let values = opened.values();
    let layer = explain_answer(
        &opened.engine().open(&View::all()),
        &ask(&opened, Page::ALL),
        values,
        Detail::Analyst,
    )?;
    let text = match load::text(matches, "format").as_deref() {
        Some("geojson") => encode::geojson::collection(&layer, Json::Null) + "\n",
        Some("json") => encode::json::rows(&layer),
        _ => encode::record::record(&layer),
    };
    load::write_text(matches, &text)?;
    Ok(opened.code())
}

/// Ranks the addresses of the blocks.
pub(super) fn addresses(matches: &ArgMatches, opened: &Opened, page: Page) -> Result<u8, Failure> {
    let layer = addresses_answer(&opened.engine().open(&View::all()), &ask(opened, page), opened.values())?;
    load::write_answer(matches, &formats::written(matches, &layer)?)?;
    Ok(opened.code())
}

fn ask(opened: &Opened, page: Page) -> Ask {
    let values = opened.values();
    Ask { query: values.query(), within: values.within.clone().unwrap_or_default(), page }
}
