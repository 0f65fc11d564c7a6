//! The flags of each command, made from the table of parameters.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{
    blocks_command, explain_command, formats, import_command, import_incidents, outreach_command,
    store_command, tiles_command,
};
use crate::engine::params::clusters::CLUSTERS;
use crate::engine::params::counts::{CHANGE, COUNTS};
use crate::engine::params::explain::{BLOCK, RANKED_UNIT};
use crate::engine::params::hotspots::HOTSPOTS;
use crate::engine::params::near_repeat::NEAR_REPEAT;
use crate::engine::params::patrol::PLAN;
use crate::engine::params::ranking::RANK;
use crate::engine::params::table::{AREAS, DENSITY, Kind, OPERATIONS, Operation, Param};
use crate::engine::params::targets::TARGETS;
use crate::engine::params::values::{BadValue, Values};
use crate::http::serve::DEFAULT_ADDRESS;
use crate::model::block::Intersections;

/// In what files incidents come.
pub(super) const INCIDENT_FILES: &str = "Files of incidents: .csv, .tsv, .geojson, .geojsonl, .ndjson, .shp, .gpkg, .fgb, .parquet, also as .gz or .zip; - is stdin";

/// The whole command line.
pub(super) fn command() -> Command {
    Command::new("hotblocks")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Finds and ranks crime hot spots: incidents in, ranked blocks, density and clusters out")
        .after_help("Examples:\n  hotblocks demo\n  hotblocks rank --incidents crimes.csv --blocks streets.shp --top 20\n  hotblocks density --incidents crimes.csv --blocks streets.shp --bandwidth 250m --cell 50m --format geojson -o density.geojson\n\nExit codes: 0 done, 1 failed, 2 usage, 3 done but some rows refused, 4 not found, 5 not permitted")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(demo())
        .subcommand(analysis(&RANK, "table").arg(arg(&RANKED_UNIT)))
        .subcommand(analysis(&DENSITY, "geojson"))
        .subcommand(analysis(&CLUSTERS, "geojson"))
        .subcommand(analysis(&NEAR_REPEAT, "table"))
        .subcommand(analysis(&HOTSPOTS, "geojson"))
        .subcommand(analysis(&CHANGE, "table"))
        .subcommand(analysis(&COUNTS, "table"))
        .subcommand(areas())
        .subcommand(explain_command::command())
        .subcommands(outreach_command::commands())
        .subcommand(analysis(&PLAN, "table"))
        .subcommand(blocks_command::command())
        .subcommand(import())
        .subcommand(export())
        .subcommand(serve())
        .subcommands(store_command::commands())
}

/// Named areas; with a budget, target areas.
fn areas() -> Command {
    let command = analysis(&AREAS, "table")
        .about("Areas (neighborhoods, wards, districts and their like) with their blocks and incidents; with --budget, target areas: contiguous sets of blocks with the most expected harm")
        .after_help("Examples:\n  hotblocks areas --incidents crimes.csv --blocks streets.shp --budget 7mi2 --places 3\n  hotblocks areas --incidents crimes.csv --blocks streets.shp --areas neighborhood=hoods.geojson --within Penrose \"Hamilton Heights\" Academy --budget 20blocks");
    with_params(command.next_help_heading("Target areas"), targets_only())
}

/// The parameters that named areas do not have.
pub(super) fn targets_only() -> impl Iterator<Item = &'static Param> {
    TARGETS.params.iter().filter(|param| !AREAS.params.contains(param))
}

fn import() -> Command {
    Command::new("import")
        .about("Say what is understood of a file, and write it anew in one form")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(import_incidents::command())
        .subcommands(import_command::commands())
}

/// A file that a command takes by its place.
pub(super) fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).help(help)
}

/// Adds where a file is written to and the CRS of one that is read.
pub(super) fn writes(command: Command) -> Command {
    command.arg(output("File to write to; - is stdout")).arg(crs())
}

/// `-o`.
pub(super) fn output(help: &'static str) -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(help)
}

/// `-o` of a command that writes a file and nothing else.
pub(super) fn written_file() -> Arg {
    output("File to write to")
}

/// `-o` of a command that answers.
pub(super) fn answer_file() -> Arg {
    output("File to write to instead of stdout; - is stdout")
}

fn crs() -> Arg {
    Arg::new("crs")
        .long("crs")
        .value_name("CODE")
        .help("CRS of files that do not name one, nor does their layout: an EPSG or ESRI code [example: ESRI:102696]")
}

fn demo() -> Command {
    Command::new("demo")
        .about("Load the sample that ships, print its ten first blocks and serve its map")
        .arg(listen())
}

fn serve() -> Command {
    let command = Command::new("serve")
        .about("Serve layers and the map over HTTP")
        .arg(listen())
        .arg(metrics_listen())
        .arg(public_url())
        .arg(outreach_command::list_file());
    inputs(with_params(command, all_params().into_iter()))
}

fn export() -> Command {
    let command = Command::new("export")
        .about("Write every layer as GeoJSON and the ranked list as CSV into a folder, and print the list")
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FOLDER")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Folder to write to; it is made if it is not there"),
        )
        .subcommand(tiles_command::command())
        .subcommand_negates_reqs(true)
        .args_conflicts_with_subcommands(true);
    inputs(with_params(command, all_params().into_iter()))
}

/// An analysis with its formats, of which one is written where none is asked for.
pub(super) fn analysis(asked: &Operation, format: &'static str) -> Command {
    operation(asked).arg(formats::arg(format))
}

/// The command of an operation with its parameters, its data and where it writes to.
pub(super) fn operation(operation: &Operation) -> Command {
    let command = Command::new(operation.command).about(operation.help).arg(answer_file());
    inputs(with_params(command, operation.params.iter()))
}

/// Adds the flags of parameters.
pub(super) fn with_params<'a>(command: Command, params: impl Iterator<Item = &'a Param>) -> Command {
    params.fold(command, |command, param| command.arg(arg(param)))
}

/// The parameters of all operations, each once; a block is named for one answer alone.
pub(super) fn all_params() -> Vec<&'static Param> {
    let mut all: Vec<&Param> = Vec::new();
    for param in OPERATIONS.iter().flat_map(|op| op.params) {
        if !all.contains(&param) && *param != BLOCK {
            all.push(param);
        }
    }
    all
}

fn arg(param: &Param) -> Arg {
    let value = match param.kind {
        Kind::Period => "FROM/TO",
        Kind::Names => "NAME",
        Kind::Words(_) | Kind::Word(_) => "WORD",
        Kind::Areas => "AREA",
        Kind::Length { .. } => "LENGTH",
        Kind::Lengths { .. } => "LENGTH,LENGTH",
        Kind::Count { .. } | Kind::Number { .. } => "N",
        Kind::Numbers { .. } => "N,N",
        Kind::Amount => "AMOUNT",
        Kind::BBox => "W,S,E,N",
        Kind::Text => "NAME",
        Kind::Date => "DATE",
        Kind::Hours => "TIME",
        Kind::Capacity => "CAPACITY",
    };
    let help = format!("{} [default: {}] [example: {}]", param.help, param.default, param.example);
    let arg = Arg::new(param.flag)
        .long(param.flag)
        .value_name(value)
        .help(help)
        .value_parser(NonEmptyStringValueParser::new())
        .allow_hyphen_values(true);
    match param.kind {
        Kind::Word(["yes", "no"]) => {
            arg.num_args(0..=1).default_missing_value("yes").allow_hyphen_values(false)
        }
        Kind::Names | Kind::Areas | Kind::Words(_) => {
            arg.num_args(1..).action(ArgAction::Append).allow_hyphen_values(false)
        }
        _ => arg,
    }
}

fn listen() -> Arg {
    Arg::new("listen").long("listen").value_name("ADDRESS").help(format!(
        "Address and port to serve at, loopback only; port 0 takes a free one [default: {DEFAULT_ADDRESS}]"
    ))
}

fn metrics_listen() -> Arg {
    Arg::new("metrics-listen").long("metrics-listen").value_name("ADDRESS").help(
        "Address and port of a second listener that tells Prometheus /metrics, loopback only [default: none] [example: 127.0.0.1:9090]",
    )
}

fn public_url() -> Arg {
    Arg::new("public-url").long("public-url").value_name("URL").help(
        "Address that clients use, where a proxy stands before the service; all links begin with it [example: https://maps.example.org/hotblocks]",
    )
}

/// A flag that takes a file.
pub(super) fn path(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

/// `--store`.
pub(super) fn store() -> Arg {
    path("store", "File of a store, as `hotblocks init` makes it")
}

/// Adds the data that a command reads.
pub(super) fn inputs(command: Command) -> Command {
    let others = ["incidents", "blocks", "areas", "context", "layout", "source", "crs"];
    let command = command
        .next_help_heading("Data")
        .arg(store().conflicts_with_all(others))
        .arg(path("incidents", INCIDENT_FILES).num_args(1..).action(ArgAction::Append));
    setting(command).arg(source()).arg(layout())
}

/// Adds what incidents are laid on.
pub(super) fn setting(command: Command) -> Command {
    command
        .next_help_heading("Data")
        .arg(
            path(
                "blocks",
                "Files of blocks, street lines (the default unit) or polygons: .geojson, .shp, .gpkg, .fgb, .parquet; or the word `addresses`: hundred-blocks made from the incidents' addresses",
            )
            .num_args(1..)
            .action(ArgAction::Append),
        )
        .arg(
            Arg::new("areas")
                .long("areas")
                .value_name("KIND=FILE")
                .num_args(1..)
                .action(ArgAction::Append)
                .help("Files of named areas with their kind; one that `import areas` wrote needs none [example: neighborhood=hoods.geojson]"),
        )
        .arg(
            Arg::new("context")
                .long("context")
                .value_name("KIND=FILE")
                .num_args(1..)
                .action(ArgAction::Append)
                .help("Files of places around blocks, for the sheets of an outreach list, with a word for what they are [example: vacant-lots=lots.geojson]"),
        )
        .arg(crs())
        .arg(
            Arg::new("geocode")
                .long("geocode")
                .value_name("ON|OFF")
                .value_parser(["on", "off"])
                .help("Whether incidents without coordinates get a place from their address and the streets; sexual, domestic, child and unmapped offenses never do [default: on]"),
        )
        .arg(
            Arg::new("intersections")
                .long("intersections")
                .value_name("OPTION")
                .value_parser(Intersections::ALL.map(Intersections::word))
                .help("Incidents at an intersection belong to it (node), in equal parts to the segments that meet (split), to the nearest segment (first), or to none (exclude) [default: node]"),
        )
        .arg(path(
            "harm",
            "Table of harm weights for --by harm, CSV with the columns category,weight,source,note; or the word `equal`: every class weighs the same",
        ))
        .arg(path("config", "Configuration file that names data and defaults; flags win over it"))
        .arg(rejects())
}

/// `--source`.
pub(super) fn source() -> Arg {
    Arg::new("source").long("source").value_name("NAME").help("Name of the source [default: its layout's]")
}

/// `--layout`.
pub(super) fn layout() -> Arg {
    path("layout", "A layout of one's own for the incident files (see docs/layouts.md)")
}

/// `--rejects`.
pub(super) fn rejects() -> Arg {
    path("rejects", "Write refused rows to this file, one JSON object a line; - is stdout")
}

/// The values given for an operation's parameters.
///
/// # Errors
///
/// The first that cannot be used.
pub(super) fn values<'a>(
    matches: &ArgMatches,
    params: impl Iterator<Item = &'a Param>,
) -> Result<Values, BadValue> {
    let mut values = Values::default();
    for param in params {
        if let Ok(Some(given)) = matches.try_get_many::<String>(param.flag) {
            for text in given {
                values.set_flag(param, text)?;
            }
        }
    }
    Ok(values)
}
